package domain

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRoomsHaveAnIndex: doc.go of domain and of each package below names every file that it has, and none that it has not.
func TestRoomsHaveAnIndex(t *testing.T) {
	docs, err := filepath.Glob("*/doc.go")
	docs = append(docs, "doc.go")
	if err != nil || len(docs) < 10 {
		t.Fatalf("%d packages have a doc.go (%v)", len(docs), err)
	}
	for _, doc := range docs {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		var named, are []string
		for _, m := range regexp.MustCompile(`(?m)^//\t(\S+\.go) `).FindAllStringSubmatch(string(text), -1) {
			named = append(named, m[1])
		}
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(doc), "*.go"))
		for _, f := range files {
			if name := filepath.Base(f); name != "doc.go" && !strings.HasSuffix(name, "_test.go") {
				are = append(are, name)
			}
		}
		slices.Sort(named)
		slices.Sort(are)
		if !slices.Equal(named, are) {
			t.Errorf("%s names %v, there are %v", doc, named, are)
		}
	}
}
