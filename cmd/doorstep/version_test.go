package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestVersionIsTheNewestRelease: what the program says of itself stands in the
// changelog and in the folders of migrations.
func TestVersionIsTheNewestRelease(t *testing.T) {
	changes, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(string(changes), -1)
	released := regexp.MustCompile(`^([0-9]+\.[0-9]+\.[0-9]+) - [0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	if len(sections) < 2 || sections[0][1] != "Unreleased" {
		t.Fatalf("the changelog begins with %q, not with Unreleased and a release", sections)
	}
	for i, s := range sections[1:] {
		switch m := released.FindStringSubmatch(s[1]); {
		case m == nil:
			t.Errorf("%q is no release with its date", s[1])
		case i == 0 && m[1] != version:
			t.Errorf("the newest release is %s, the program says %s", m[1], version)
		}
	}
	code, out, errs := command("version")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || errs != "" || len(lines) != 3 || lines[0] != "doorstep "+version || len(lines[1]) <= len("commit ") {
		t.Fatalf("exit %d, %q, %q", code, out, errs)
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob("../../repo/migrations/" + engine + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		newest := 0
		for _, f := range files {
			number, _, _ := strings.Cut(filepath.Base(f), "_")
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			newest = max(newest, n)
		}
		if lines[2] != "schema "+strconv.Itoa(newest) {
			t.Errorf("%q, but the newest migration of %s is %d", lines[2], engine, newest)
		}
	}
}
