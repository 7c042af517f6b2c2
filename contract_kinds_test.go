package doorstep

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"doorstep/domain"

	"github.com/getkin/kin-openapi/openapi3"
)

func schemas(t *testing.T) openapi3.Schemas {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

// words are an enum, or a list of an extension.
func words(list []any) (out []string) {
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// sameWords compares without order.
func sameWords(t *testing.T, what string, contract, code []string) {
	t.Helper()
	slices.Sort(contract)
	slices.Sort(code)
	if !slices.Equal(contract, slices.Compact(code)) {
		t.Errorf("%s: the contract has %v, the code has %v", what, contract, code)
	}
}

// TestKindsAreTheTables: kinds of entries and notices, with the keys that each carries, are in the
// contract as in the tables of domain, and nothing else is.
func TestKindsAreTheTables(t *testing.T) {
	all := schemas(t)
	entries, notices := map[string]string{}, map[string]string{}
	for _, k := range domain.EntryKinds {
		entries[k.Kind] = k.Keys
	}
	for _, p := range domain.PushKinds {
		if p.To != "household" && p.Kind != domain.PushSync { // what stands in no inbox
			notices[p.Kind] = p.Data
		}
	}
	for schema, table := range map[string]map[string]string{"Fact": entries, "Notice": notices} {
		kind := all[schema+"Kind"].Value
		sameWords(t, schema+"Kind", words(kind.Enum), slices.Collect(maps.Keys(table)))
		keys, _ := kind.Extensions["x-keys"].(map[string]any)
		sameWords(t, "x-keys of "+schema+"Kind", slices.Collect(maps.Keys(keys)), slices.Collect(maps.Keys(table)))
		typed := map[string]bool{}
		for name, want := range table {
			list, _ := keys[name].([]any)
			sameWords(t, "x-keys of "+name, words(list), strings.Fields(want))
			for _, key := range strings.Fields(want) {
				typed[key] = true
			}
		}
		body := all[map[string]string{"Fact": "FactPayload", "Notice": "NoticeData"}[schema]].Value
		if schema == "Notice" {
			for _, any := range []string{"kind", "notice_id", "job_id", "visit_id"} {
				typed[any] = true
			}
		}
		sameWords(t, "keys of "+schema, slices.Collect(maps.Keys(body.Properties)), slices.Collect(maps.Keys(typed)))
	}
}

// TestEntryKindsAreWritten: each kind of entry is written by the code, and the code writes no other. Where
// the payload stands there in full, its keys are those that are declared.
func TestEntryKindsAreWritten(t *testing.T) {
	named := map[string]bool{"contact." + domain.FromCallMe: true, "contact." + domain.FromCouldNotReach: true}
	keys, open := map[string]map[string]bool{}, map[string]bool{}
	for i := range domain.VisitMoves {
		named[domain.VisitMoves[i].Entry] = true
	}
	for i := range domain.JobMoves {
		named[domain.JobMoves[i].Entry] = true
	}
	delete(named, "")
	entry := func(call *ast.CallExpr) {
		kind := ""
		for _, arg := range call.Args {
			if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				kind, _ = strconv.Unquote(lit.Value)
			}
		}
		if kind == "" {
			return
		}
		named[kind] = true
		switch payload := call.Args[len(call.Args)-1].(type) {
		case *ast.CompositeLit:
			if keys[kind] == nil {
				keys[kind] = map[string]bool{}
			}
			for _, e := range payload.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					if lit, ok := pair.Key.(*ast.BasicLit); ok {
						key, _ := strconv.Unquote(lit.Value)
						keys[kind][key] = true
					}
				}
			}
		case *ast.Ident:
			open[kind] = open[kind] || payload.Name != "nil"
		default:
			open[kind] = true
		}
	}
	literals := map[string]bool{}
	files := token.NewFileSet()
	err := filepath.WalkDir("domain", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || e.Name() == "entry_kinds.go" {
			return err
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if word, err := strconv.Unquote(n.Value); err == nil {
					literals[word] = true
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && (called.Sel.Name == "Entry" || called.Sel.Name == "EntryAt") {
					entry(n)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(named) < 60 {
		t.Fatalf("%d kinds: %v", len(named), err)
	}
	for kind := range named {
		if domain.EntryKindOf(kind) == nil {
			t.Errorf("%s is written and is missing in domain.EntryKinds", kind)
		}
	}
	for _, k := range domain.EntryKinds {
		if !named[k.Kind] && !literals[k.Kind] {
			t.Errorf("%s stands in domain.EntryKinds and nothing writes it", k.Kind)
		}
		declared := strings.Fields(k.Keys)
		for key := range keys[k.Kind] {
			if !slices.Contains(declared, key) {
				t.Errorf("%s is written with %s, which domain.EntryKinds does not name", k.Kind, key)
			}
		}
		if keys[k.Kind] == nil || open[k.Kind] {
			continue
		}
		for _, key := range declared {
			if !keys[k.Kind][key] {
				t.Errorf("%s has no key %s, which domain.EntryKinds names", k.Kind, key)
			}
		}
	}
}

// TestQueueKinds: what waits for a decision has the kinds that the sources of the queue give it.
func TestQueueKinds(t *testing.T) {
	written := []string{}
	files := token.NewFileSet()
	names, _ := filepath.Glob("domain/decisions/*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		kind := func(name, value ast.Expr) {
			if lit, ok := value.(*ast.BasicLit); ok {
				word, _ := strconv.Unquote(lit.Value)
				written = append(written, word)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if typ, ok := n.Type.(*ast.Ident); ok && typ.Name == "QueueItem" {
					for _, e := range n.Elts {
						if pair, ok := e.(*ast.KeyValueExpr); ok {
							if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Kind" {
								kind(pair.Key, pair.Value)
							}
						}
					}
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if sel, ok := l.(*ast.SelectorExpr); ok && sel.Sel.Name == "Kind" && i < len(n.Rhs) {
						kind(sel, n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	sameWords(t, "QueueItem.kind", words(schemas(t)["QueueItem"].Value.Properties["kind"].Value.Enum), written)
}

// TestQueueFactsAreWorded: the desk has words for every code that a card may say and for every decision that it offers.
func TestQueueFactsAreWorded(t *testing.T) {
	raw, err := os.ReadFile("api/pages/desk/text.en.json")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]any{}
	if err := json.Unmarshal(raw, &said); err != nil {
		t.Fatal(err)
	}
	for schema, prefix := range map[string]string{"QueueFact": "fact.", "QueueMove": "move."} {
		for _, code := range words(schemas(t)[schema].Value.Properties["code"].Value.Enum) {
			if said[prefix+code] == nil {
				t.Errorf("the desk has no words for %s%s", prefix, code)
			}
		}
	}
	for _, kind := range words(schemas(t)["QueueItem"].Value.Properties["kind"].Value.Enum) {
		if said["kind."+kind] == nil {
			t.Errorf("the desk has no words for the kind %s", kind)
		}
	}
}

// TestActionsAreMoves: what `actions` may hold is what the tables let somebody do; stories hold it against what
// is answered.
func TestActionsAreMoves(t *testing.T) {
	all := schemas(t)
	offered := func(schema string) []string {
		p := all[schema].Value.Properties["actions"]
		if p == nil {
			t.Fatalf("%s has no actions", schema)
		}
		return words(p.Value.Items.Value.Enum)
	}
	for name, s := range all {
		if p := s.Value.Properties["actions"]; p != nil && len(offered(name)) == 0 {
			t.Errorf("the actions of %s are any words", name)
		}
	}
	var visit, job, report, warning []string
	byPeople := func(roles []domain.Role) bool { return !slices.Equal(roles, []domain.Role{domain.RoleSystem}) }
	for i := range domain.VisitMoves {
		if m := &domain.VisitMoves[i]; len(m.From) > 0 && byPeople(m.Roles) {
			visit = append(visit, m.Action)
		}
	}
	for i := range domain.JobMoves {
		if m := &domain.JobMoves[i]; len(m.From) > 0 && byPeople(m.Roles) {
			job = append(job, m.Action)
		}
	}
	for i := range domain.FlagMoves {
		if m := &domain.FlagMoves[i]; len(m.From) > 0 && !m.System {
			report = append(report, m.Action)
		}
	}
	for i := range domain.AdvisoryMoves {
		if m := &domain.AdvisoryMoves[i]; len(m.From) > 0 && len(m.Roles) > 0 && byPeople(m.Roles) {
			warning = append(warning, m.Action)
		}
	}
	sameWords(t, "VisitAction", words(all["VisitAction"].Value.Enum), visit)
	sameWords(t, "JobAction", words(all["JobAction"].Value.Enum), job)
	sameWords(t, "actions of Flag", offered("Flag"), append(report, "evidence", "cool-off"))
	sameWords(t, "actions of Advisory", offered("Advisory"), warning)
	for schema, moves := range map[string]domain.Lifecycle{"Thanks": domain.ThanksMoves, "Claim": domain.ClaimMoves,
		"Dispute": domain.DisputeMoves, "LinkRequest": domain.LinkRequestMoves, "HouseholdQuestion": domain.HouseholdQuestionMoves,
		"CompletionCheck": domain.CheckMoves, "Promise": domain.PromiseMoves, "SOS": domain.SOSMoves, "HomeSafe": domain.HomeSafeMoves,
		"Timer": domain.TimerMoves, "Aftercare": domain.AftercareMoves, "Leave": domain.LeaveMoves} {
		for _, action := range offered(schema) {
			if !slices.ContainsFunc(moves.Moves, func(m domain.Move) bool { return m.Action == action && m.From != nil && m.Who != "system" }) {
				t.Errorf("%s offers %s, which nobody may do", schema, action)
			}
		}
	}
}

// TestRequestsDoNotGrow: what an app sends is strict, so that no enum of a request is one that grows.
func TestRequestsDoNotGrow(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	grows := 0
	for _, s := range doc.Components.Schemas {
		if s.Value.Extensions["x-grows"] == true {
			grows++
		}
	}
	if grows < 4 {
		t.Fatalf("only %d schemas grow", grows)
	}
	var walk func(what string, s *openapi3.SchemaRef, seen map[*openapi3.Schema]bool)
	walk = func(what string, s *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
		if s == nil || seen[s.Value] {
			return
		}
		seen[s.Value] = true
		if s.Value.Extensions["x-grows"] != nil {
			t.Errorf("%s asks for one of an enum that grows", what)
		}
		for _, p := range s.Value.Properties {
			walk(what, p, seen)
		}
		walk(what, s.Value.Items, seen)
		walk(what, s.Value.AdditionalProperties.Schema, seen)
		for _, p := range slices.Concat(s.Value.OneOf, s.Value.AllOf, s.Value.AnyOf) {
			walk(what, p, seen)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			what := method + " " + path
			for _, p := range op.Parameters {
				walk(what, p.Value.Schema, map[*openapi3.Schema]bool{})
			}
			if op.RequestBody != nil {
				for _, m := range op.RequestBody.Value.Content {
					walk(what, m.Schema, map[*openapi3.Schema]bool{})
				}
			}
		}
	}
}
