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

// TestDocsCiteWhatIsThere: a file or folder that a document names exists.
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
	cited := 0
	for _, d := range documents {
		text, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, m := range citation.FindAllSubmatch(line, -1) {
				cited++
				if there, err := filepath.Glob(string(m[1])); err != nil || len(there) == 0 {
					t.Errorf("%s:%d names %s, which is not there", d, i+1, m[1])
				}
			}
		}
	}
	if cited < 100 {
		t.Errorf("only %d paths were found", cited)
	}
}
