package doorstep

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// enough files that a stranger needs an index: a package with more has one.
const enough = 5

var indexLine = regexp.MustCompile(`(?m)^//\t(\S+\.go) +\S`)

// TestPackagesHaveAnIndex: doc.go names every file of its package, and none that the package has not. Small packages may do
// without; tests are in no index.
func TestPackagesHaveAnIndex(t *testing.T) {
	files := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case e.IsDir() && name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata"):
			return fs.SkipDir
		case !e.IsDir() && strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go"):
			files[filepath.Dir(name)] = append(files[filepath.Dir(name)], base)
		}
		return nil
	})
	if err != nil || len(files) < 30 {
		t.Fatalf("%d packages (%v)", len(files), err)
	}
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		are := slices.DeleteFunc(files[dir], func(name string) bool { return name == "doc.go" })
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		if os.IsNotExist(err) && len(are) <= enough {
			continue
		}
		if err != nil {
			t.Errorf("%s has %d files and no doc.go that names them (%v)", dir, len(are), err)
			continue
		}
		var named []string
		for _, m := range indexLine.FindAllStringSubmatch(string(text), -1) {
			named = append(named, m[1])
		}
		slices.Sort(named)
		slices.Sort(are)
		if !slices.Equal(named, are) {
			t.Errorf("doc.go of %s names %v, there are %v", dir, named, are)
		}
	}
}
