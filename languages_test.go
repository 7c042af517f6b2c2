package doorstep

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"doorstep/domain"
)

// TestLanguages: whoever has a language has one of those that the server speaks.
func TestLanguages(t *testing.T) {
	enums := regexp.MustCompile(`enum: \[(en(?:, [a-z]{2})+)\]`).FindAllStringSubmatch(string(OpenAPI), -1)
	if len(enums) < 4 {
		t.Errorf("%d enums of languages", len(enums))
	}
	for _, e := range enums {
		if e[1] != strings.Join(domain.Languages, ", ") {
			t.Errorf("the contract has the languages %s, the server speaks %v", e[1], domain.Languages)
		}
	}
}

// developers are codes whose details only a developer reads: what has not the shape of the contract, or is a defect.
var developers = []string{"CodeMalformed", "CodeMedia", "CodeInternal", "CodeIdempotencyKey", "CodeIfMatch", "CodeUnprocessable"}

// notATechnician are places whose refusals no technician gets: their operations are of other roles (x-roles), of households or of
// providers.
var notATechnician = []string{"domain/advisory.go", "domain/day_plan.go", "domain/accounts/invitation.go", "domain/accounts/staff.go",
	"domain/customers/compliments.go", "domain/customers/customer_requests.go", "domain/customers/done_checks.go",
	"domain/customers/link_requests.go", "domain/customers/maintenance_stop.go", "domain/customers/photos.go", "domain/customers/slothold.go",
	"domain/safety/advisories.go", "domain/safety/conduct.go", "domain/safety/exclusion.go", "domain/safety/merge_households.go",
	"domain/safety/patterns.go", "domain/safety/release.go", "domain/safety/same_household.go", "domain/casework/job_moves.go",
	"domain/casework/maintenance.go", "domain/planning/", "domain/intake/", "domain/reporting/", "domain/decisions/",
	"domain/proof/", "domain/privacy/", "api/disputes.go", "api/link_requests.go", "api/maintenance.go", "api/leave.go", "api/sos.go",
	"api/session.go", "api/sheet/", "api/demo.go", "api/desk.go",
	"api/technician_app.go", "api/web/problem_pages.go", "cmd/", "repo/repotest/"}

// TestDetailsAreSpoken: what a technician can read of a refusal, they read in their language.
func TestDetailsAreSpoken(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			if d != nil && d.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return err
		}
		path = filepath.ToSlash(path)
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			slices.ContainsFunc(notATechnician, func(p string) bool { return strings.HasPrefix(path, p) }) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			name := func(e ast.Expr) string {
				switch e := e.(type) {
				case *ast.Ident:
					return e.Name
				case *ast.SelectorExpr:
					return e.Sel.Name
				}
				return ""
			}
			format, literal := call.Args[1].(*ast.BasicLit)
			if name(call.Fun) != "Fail" || !literal || slices.Contains(developers, name(call.Args[0])) {
				return true
			}
			words, err := strconv.Unquote(format.Value)
			if err != nil || words == "%s" { // made elsewhere
				return true
			}
			seen++
			for _, language := range domain.Languages {
				text := strings.NewReplacer("%s", "x", "%d", "7").Replace(words)
				if _, all := domain.InLanguage(text, language); !all {
					t.Errorf("%s: %s does not say %q", path, language, words)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || seen < 100 {
		t.Errorf("%d details (%v)", seen, err)
	}
}
