package doorstep

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// citation is a path of the repository within backquotes: `api/web/rate.go`.
var citation = regexp.MustCompile("`((?:\\.ci|api|cmd|deploy|docs|domain|notifications|repo)/[A-Za-z0-9_./*-]+)`")

// cited is a name of the code with the file or folder in which it is said to be:
// `Case.Entry` in `domain/casework/case.go`.
var cited = regexp.MustCompile("`([A-Za-z][A-Za-z0-9_.]*)`(?: in|,| \\()? ?`((?:api|cmd|domain|notifications|repo)/[A-Za-z0-9_./-]+)`")

// TestDocsCiteWhatIsThere: a file or folder that a document names exists, and has
// the name that it is cited for.
func TestDocsCiteWhatIsThere(t *testing.T) {
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir("docs", func(name string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".md") {
			documents = append(documents, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	paths, names := 0, 0
	for _, d := range documents {
		text, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, m := range citation.FindAllSubmatch(line, -1) {
				paths++
				if there, err := filepath.Glob(string(m[1])); err != nil || len(there) == 0 {
					t.Errorf("%s:%d names %s, which is not there", d, i+1, m[1])
				}
			}
			for _, m := range cited.FindAllSubmatch(line, -1) {
				names++
				name := m[1][bytes.LastIndexByte(m[1], '.')+1:]
				if !contains(string(m[2]), name) {
					t.Errorf("%s:%d cites %s for %s, which is not in it", d, i+1, m[2], m[1])
				}
			}
		}
	}
	if paths < 100 || names < 50 {
		t.Errorf("only %d paths and %d names were found", paths, names)
	}
}

// contains reports whether a name is declared in a Go file, or in one of a folder;
// in other files it stands anywhere.
func contains(path string, name []byte) bool {
	quoted := regexp.QuoteMeta(string(name))
	declared := regexp.MustCompile(`(?m)^(?:func (?:\([^)]*\) )?|type |var |const |\t)` + quoted + `\b`)
	word := regexp.MustCompile(`\b` + quoted + `\b`)
	there := false
	_ = filepath.WalkDir(path, func(f string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			text, _ := os.ReadFile(f)
			if filepath.Ext(f) == ".go" {
				there = there || declared.Match(text)
			} else {
				there = there || word.Match(text)
			}
		}
		return err
	})
	return there
}
