package domain

import (
	"os/exec"
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
