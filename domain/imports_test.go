package domain

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRoomsKeepTheirDoors holds the directions of the house: domain knows the
// standard library, google/uuid and its own small packages only; api, repo,
// notifications and files never import each other.
func TestRoomsKeepTheirDoors(t *testing.T) {
	imports := func(pattern string) map[string][]string {
		out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", pattern).Output()
		if err != nil {
			t.Fatal(err)
		}
		m := map[string][]string{}
		for line := range strings.Lines(string(out)) {
			f := strings.Fields(line)
			m[f[0]] = f[1:]
		}
		return m
	}
	for pkg, list := range imports("doorstep/domain/...") {
		for _, dep := range list {
			first, _, _ := strings.Cut(dep, "/")
			if strings.Contains(first, ".") && dep != "github.com/google/uuid" || first == "doorstep" && !strings.HasPrefix(dep, "doorstep/domain") {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
	for _, room := range []string{"api", "repo", "notifications", "files"} {
		for pkg, list := range imports("doorstep/" + room + "/...") {
			for _, dep := range list {
				for _, other := range []string{"api", "repo", "notifications", "files", "cmd"} {
					if other != room && (dep == "doorstep/"+other || strings.HasPrefix(dep, "doorstep/"+other+"/")) {
						t.Errorf("%s imports %s", pkg, dep)
					}
				}
			}
		}
	}
}

// TestRoomsHaveAnIndex: doc.go of each small package names every file that it has, and none that it has not.
func TestRoomsHaveAnIndex(t *testing.T) {
	docs, err := filepath.Glob("*/doc.go")
	if err != nil || len(docs) < 9 {
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
		if !slices.Equal(named, are) {
			t.Errorf("%s names %v, there are %v", doc, named, are)
		}
	}
}
