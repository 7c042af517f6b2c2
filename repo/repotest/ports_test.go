package repotest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the interfaces of domain that repo does not implement.
var elsewhere = map[string]string{
	"Subject":       "what has a lifecycle",
	"EvidenceFiles": "repo/files has a suite of its own, run on a folder and on S3",
}

// TestEveryPortIsPut: the suite calls every method of every port that domain declares, so that a new one cannot come without a test
// on both engines.
func TestEveryPortIsPut(t *testing.T) {
	ports, called := portsAndCalls(t)
	methods := 0
	var missing []string
	for name, port := range ports {
		if elsewhere[name] != "" {
			continue
		}
		for i := range port.NumExplicitMethods() {
			methods++
			if m := port.ExplicitMethod(i); !called[m] {
				missing = append(missing, name+"."+m.Name())
			}
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("repotest calls %d of %d methods; not\n  %s", methods-len(missing), methods, strings.Join(missing, "\n  "))
	}
	if methods < 200 {
		t.Errorf("only %d methods were looked at", methods)
	}
	for name := range elsewhere {
		if ports[name] == nil {
			t.Errorf("domain has no port %s", name)
		}
	}
}

// portsAndCalls gives the exported interfaces of domain by name, and which of their methods this package calls.
func portsAndCalls(t *testing.T) (ports map[string]*types.Interface, called map[*types.Func]bool) {
	t.Helper()
	exports, files := listed(t)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var parsed []*ast.File
	for _, file := range files {
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	if _, err := (&types.Config{Importer: imports}).Check("doorstep/repo/repotest", fset, parsed, info); err != nil {
		t.Fatal(err)
	}
	domain, err := imports.Import("doorstep/domain")
	if err != nil {
		t.Fatal(err)
	}
	ports = map[string]*types.Interface{}
	for _, name := range domain.Scope().Names() {
		if obj, ok := domain.Scope().Lookup(name).(*types.TypeName); ok && obj.Exported() {
			if port, ok := obj.Type().Underlying().(*types.Interface); ok {
				ports[name] = port
			}
		}
	}
	called = map[*types.Func]bool{}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || info.Selections[sel] == nil {
				return true
			}
			if m, ok := info.Selections[sel].Obj().(*types.Func); ok {
				called[m] = true
			}
			for _, port := range ports { // what is called on the database itself
				if recv := info.Selections[sel].Recv(); !types.IsInterface(recv) && types.Implements(recv, port) {
					for i := range port.NumMethods() {
						if m := port.Method(i); m.Name() == sel.Sel.Name {
							called[m] = true
						}
					}
				}
			}
			return true
		})
	}
	return ports, called
}

// listed gives the compiled packages on which this one stands, by path, and the files of this one.
func listed(t *testing.T) (exports map[string]string, files []string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Export,Dir,GoFiles", "doorstep/repo/repotest").Output()
	if err != nil {
		t.Fatal(err)
	}
	exports = map[string]string{}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
		}
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return exports, files
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ImportPath == "doorstep/repo/repotest" {
			for _, name := range p.GoFiles {
				files = append(files, filepath.Join(p.Dir, name))
			}
		}
	}
}
