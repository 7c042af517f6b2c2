package clock

import (
	"go/ast"
	"go/constant"
	"strings"
	"testing"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// TestEveryDeadlineIsCarriedOut: each kind has a handler, and one that nobody
// knows is an error, so that its row stays due.
func TestEveryDeadlineIsCarriedOut(t *testing.T) {
	m, err := product()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[domain.DeadlineKind]bool{}
	m.each(func(s *scope, n ast.Node) {
		v, ok := n.(*ast.ValueSpec)
		if !ok || s.pkg.Name != "domain" {
			return
		}
		for _, name := range v.Names {
			o := s.pkg.TypesInfo.Defs[name]
			if o == nil || !strings.HasSuffix(o.Type().String(), ".DeadlineKind") || s.pkg.TypesInfo.Types[v.Values[0]].Value == nil {
				continue
			}
			kinds[domain.DeadlineKind(constant.StringVal(s.pkg.TypesInfo.Types[v.Values[0]].Value))] = true
		}
	})
	if len(kinds) < 20 {
		t.Fatalf("%d kinds only", len(kinds))
	}
	for kind := range kinds {
		if dueHandlers[kind] == nil {
			t.Errorf("nobody carries out %s", kind)
		}
	}
	if len(dueHandlers) != len(kinds) {
		t.Errorf("%d handlers for %d kinds", len(dueHandlers), len(kinds))
	}
	if err := due(t.Context(), &casework.Work{}, domain.Deadline{Kind: "gone"}); err == nil || !strings.Contains(err.Error(), `"gone"`) {
		t.Errorf("a kind that nobody knows: %v", err)
	}
}
