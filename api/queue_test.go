package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"doorstep"
	"doorstep/api/web"
)

// TestOperationsOfTheDomain: every operation that domain names is one of openapi.yaml, called for one object by POST, or read by GET;
// its address is what pages and phones know.
func TestOperationsOfTheDomain(t *testing.T) {
	addresses := map[string]string{
		"acknowledgeSOS":          "/v1/sos/ID/acknowledge",
		"approveAdvisory":         "/v1/advisories/ID/approve",
		"approveLeave":            "/v1/leave/ID/approve",
		"assignVisit":             "/v1/visits/ID/assign",
		"decideAdvisoryAppeal":    "/v1/advisories/ID/decide-appeal",
		"declineLeave":            "/v1/leave/ID/decline",
		"decideClaim":             "/v1/claims/ID/decide",
		"decideDispute":           "/v1/disputes/ID/decide",
		"decideFlag":              "/v1/flags/ID/decide",
		"decideHouseholdQuestion": "/v1/household-questions/ID/decide",
		"decideLinkRequest":       "/v1/link-requests/ID/decide",
		"doneAftercare":           "/v1/aftercare/ID/done",
		"getAdvisory":             "/v1/advisories/ID",
		"handOverPromise":         "/v1/promises/ID/hand-over",
		"handOverSOS":             "/v1/sos/ID/hand-over",
		"liftExclusion":           "/v1/exclusions/ID/lift",
		"liftKeepAway":            "/v1/keep-aways/ID/lift",
		"refuseAdvisory":          "/v1/advisories/ID/refuse",
		"resolveSOS":              "/v1/sos/ID/resolve",
		"reviewFlag":              "/v1/flags/ID/review",
		"safetyRelease":           "/v1/jobs/ID/safety-release",
		"scheduleVisit":           "/v1/jobs/ID/visits",
		"spokenHomeSafe":          "/v1/users/ID/home-safe/spoken",
		"spokenTimer":             "/v1/visits/ID/timer/spoken",
		"triageFlag":              "/v1/flags/ID/triage",
	}
	contract, err := web.LoadContract(doorstep.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.MustParse("0190b0f4-7f3a-7cc1-8b0e-1f2d3c4b5a69")
	named := operationsNamedIn(t, "../domain/*.go", "../domain/*/*.go")
	if want := slices.Sorted(maps.Keys(addresses)); !slices.Equal(named, want) {
		t.Errorf("domain names\n  %v\nwant\n  %v", named, want)
	}
	for _, name := range named {
		i := slices.IndexFunc(contract.Operations(), func(o *web.Operation) bool { return o.ID == name })
		if i < 0 {
			t.Errorf("openapi.yaml has no operation %s", name)
			continue
		}
		o := contract.Operations()[i]
		if method := map[bool]string{true: "GET", false: "POST"}[strings.HasPrefix(name, "get")]; o.Method != method {
			t.Errorf("%s is called by %s", name, o.Method)
		}
		// What rings is answered at once; what else a decision would do can be asked first.
		if at := []string{"acknowledgeSOS", "handOverSOS", "resolveSOS", "spokenHomeSafe", "spokenTimer", "doneAftercare"}; o.Method == "POST" &&
			o.Asked == slices.Contains(at, name) {
			t.Errorf("%s can be asked first: %t", name, o.Asked)
		}
		if want := strings.Replace(addresses[name], "ID", id.String(), 1); contract.PathOf(name, id) != want {
			t.Errorf("%s is at %s, not at %s", name, contract.PathOf(name, id), want)
		}
	}
}

// operationsNamedIn lists the first field of every Operation that sources make, which has to be written out there.
func operationsNamedIn(t *testing.T, patterns ...string) []string {
	t.Helper()
	names := map[string]bool{}
	fset := token.NewFileSet()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				made, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				if typ, named := made.Type.(*ast.Ident); !named || typ.Name != "Operation" {
					if typ, named := made.Type.(*ast.SelectorExpr); !named || typ.Sel.Name != "Operation" {
						return true
					}
				}
				if len(made.Elts) == 2 {
					first := made.Elts[0]
					if keyed, ok := first.(*ast.KeyValueExpr); ok {
						first = keyed.Value
					}
					if name, ok := first.(*ast.BasicLit); ok && name.Kind == token.STRING {
						text, _ := strconv.Unquote(name.Value)
						names[text] = true
						return true
					}
				}
				t.Errorf("%s: the operation is not written out", fset.Position(made.Pos()))
				return true
			})
		}
	}
	return slices.Sorted(maps.Keys(names))
}
