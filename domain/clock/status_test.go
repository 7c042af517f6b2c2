package clock

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"

	"doorstep/domain"
)

// module is the whole product as go/types reads it, without its tests.
type module struct {
	fset  *token.FileSet
	pkgs  []*packages.Package
	calls map[types.Object][]call // of each function
}

type call struct {
	args []ast.Expr
	in   *scope
}

// scope is a function in which an expression stands.
type scope struct {
	pkg  *packages.Package
	decl *ast.FuncDecl
}

var product = sync.OnceValues(load)

func load() (*module, error) {
	m := &module{fset: token.NewFileSet(), calls: map[types.Object][]call{}}
	var err error
	m.pkgs, err = packages.Load(&packages.Config{Fset: m.fset, Dir: "../..", Mode: packages.LoadSyntax}, "./domain/...", "./api/...",
		"./repo/...",
		"./notifications/...", "./cmd/...")
	if err == nil && len(m.pkgs) < 5 {
		err = fmt.Errorf("%d packages only", len(m.pkgs))
	}
	if err != nil {
		return nil, err
	}
	m.each(func(s *scope, n ast.Node) {
		if c, ok := n.(*ast.CallExpr); ok {
			if f := callee(s.pkg.TypesInfo, c); f != nil {
				m.calls[f] = append(m.calls[f], call{c.Args, s})
			}
		}
	})
	return m, nil
}

func (m *module) each(do func(*scope, ast.Node)) {
	for _, p := range m.pkgs {
		if strings.HasSuffix(p.PkgPath, "/repotest") { // it writes rows of any state, to read them back
			continue
		}
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				s := &scope{pkg: p}
				s.decl, _ = d.(*ast.FuncDecl)
				ast.Inspect(d, func(n ast.Node) bool {
					if n != nil {
						do(s, n)
					}
					return true
				})
			}
		}
	}
}

func callee(info *types.Info, c *ast.CallExpr) types.Object {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return info.Uses[f]
	case *ast.SelectorExpr:
		return info.Uses[f.Sel]
	}
	return nil
}

// key names a field the same in every package that go/packages read.
func (m *module) key(o types.Object) string { return m.fset.Position(o.Pos()).String() }

// TestAStatusIsWrittenByItsTableAlone: no assignment, literal, address, or range
// of the whole product writes a state but the become methods, which Apply alone
// calls.
func TestAStatusIsWrittenByItsTableAlone(t *testing.T) {
	m, err := product()
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	m.each(func(s *scope, n ast.Node) {
		a, ok := n.(*ast.AssignStmt)
		if !ok || s.decl == nil || s.decl.Name.Name != "become" {
			return
		}
		for _, l := range a.Lhs {
			if sel, ok := l.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Status" || sel.Sel.Name == "LiftedAt") {
				f := s.pkg.TypesInfo.Uses[sel.Sel]
				states[m.key(f)] = fmt.Sprintf("%s.%s", s.pkg.TypesInfo.TypeOf(sel.X), f.Name())
			}
		}
	})
	if len(states) != 20 {
		t.Fatalf("%d states have a table: %v", len(states), states)
	}
	state := func(s *scope, e ast.Expr) string {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			if o := s.pkg.TypesInfo.Uses[x.Sel]; o != nil {
				return states[m.key(o)]
			}
		case *ast.Ident:
			if o, ok := s.pkg.TypesInfo.Uses[x].(*types.Var); ok && o.IsField() {
				return states[m.key(o)]
			}
		}
		return ""
	}
	m.each(func(s *scope, n ast.Node) {
		if s.decl != nil && s.decl.Name.Name == "become" {
			return
		}
		bad := func(n ast.Node, what string, e ast.Expr) {
			if name := state(s, e); name != "" {
				t.Errorf("%s: %s of %s outside Apply", m.fset.Position(n.Pos()), what, name)
			}
		}
		switch x := n.(type) {
		case *ast.AssignStmt:
			for _, l := range x.Lhs {
				bad(x, "an assignment", l)
			}
		case *ast.IncDecStmt:
			bad(x, "an assignment", x.X)
		case *ast.RangeStmt:
			if x.Key != nil {
				bad(x, "a range", x.Key)
			}
			if x.Value != nil {
				bad(x, "a range", x.Value)
			}
		case *ast.UnaryExpr:
			if x.Op == token.AND {
				bad(x, "an address", x.X)
			}
		case *ast.KeyValueExpr:
			bad(x, "a literal", x.Key)
		case *ast.CallExpr:
			if f := callee(s.pkg.TypesInfo, x); f != nil && f.Name() == "become" && (s.decl == nil || s.decl.Name.Name != "Apply") {
				t.Errorf("%s: become is called outside Apply", m.fset.Position(x.Pos()))
			}
		}
	})
}

// words are the constants that an expression can be: itself, what a variable is
// set to in its function, what callers pass for a parameter.
func (m *module) words(s *scope, e ast.Expr, seen map[types.Object]bool) []string {
	info := s.pkg.TypesInfo
	if v := info.Types[e].Value; v != nil && v.Kind() == constant.String {
		return []string{constant.StringVal(v)}
	}
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok || s.decl == nil {
		return nil
	}
	v := info.Uses[id]
	if v == nil || seen[v] {
		return nil
	}
	seen[v] = true
	var out []string
	ast.Inspect(s.decl, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok {
			l, isIdent := r.Value.(*ast.Ident)
			list, isLit := r.X.(*ast.CompositeLit)
			if isIdent && isLit && info.Defs[l] == v {
				for _, e := range list.Elts {
					out = append(out, m.words(s, e, seen)...)
				}
			}
		}
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i, l := range a.Lhs {
			if l, ok := l.(*ast.Ident); ok && (info.Defs[l] == v || info.Uses[l] == v) {
				out = append(out, m.words(s, a.Rhs[i], seen)...)
			}
		}
		return true
	})
	n := 0
	for _, f := range s.decl.Type.Params.List {
		for _, name := range f.Names {
			if info.Defs[name] == v {
				for fn, calls := range m.calls {
					if m.key(fn) != m.key(info.Defs[s.decl.Name]) {
						continue
					}
					for _, c := range calls {
						if n < len(c.args) {
							out = append(out, m.words(c.in, c.args[n], seen)...)
						}
					}
				}
			}
			n++
		}
	}
	return out
}

// TestEveryRowIsReached: each action of a table that leads to another state is
// made by somebody, each that stays is asked for by its name, and no row begins
// at a state to which nothing leads.
func TestEveryRowIsReached(t *testing.T) {
	m, err := product()
	if err != nil {
		t.Fatal(err)
	}
	made, named := map[string][]string{}, map[string]bool{}
	m.each(func(s *scope, n ast.Node) {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		f, ok := callee(s.pkg.TypesInfo, c).(*types.Func)
		if !ok {
			return
		}
		sig := f.Signature()
		for i := range min(sig.Params().Len(), len(c.Args)) {
			if !strings.HasPrefix(sig.Params().At(i).Name(), "action") {
				continue
			}
			words := m.words(s, c.Args[i], map[types.Object]bool{})
			if i == sig.Params().Len()-1 && sig.Variadic() {
				for _, a := range c.Args[i:] {
					words = append(words, m.words(s, a, map[types.Object]bool{})...)
				}
			}
			for _, w := range words {
				named[w] = true
			}
			if f.Name() != "Apply" && (f.Name() != "apply" || i == 0) {
				continue
			}
			p, ok := s.pkg.TypesInfo.TypeOf(c.Args[0]).(*types.Pointer)
			if !ok {
				continue
			}
			subject := p.Elem().(*types.Named).Obj().Name()
			made[subject] = append(made[subject], words...)
		}
	})
	table := func(subject string, rows []row) {
		reached := []string{""}
		for _, r := range rows {
			reached = append(reached, r.to...)
		}
		for _, r := range rows {
			if len(r.to) > 0 && !slices.Contains(made[subject], r.action) {
				t.Errorf("%s: nobody makes the move %s", subject, r.action)
			}
			if !named[r.action] {
				t.Errorf("%s: nobody names the move %s", subject, r.action)
			}
			for _, from := range r.from {
				if !slices.Contains(reached, from) {
					t.Errorf("%s: %s begins at %s, to which nothing leads", subject, r.action, from)
				}
			}
		}
	}
	table("Visit", rowsOf(domain.VisitMoves, func(m domain.VisitMove) row {
		return row{m.Action, domain.Texts(m.From), domain.Texts(slices.DeleteFunc([]domain.VisitStatus{m.To},
			func(s domain.VisitStatus) bool { return s == "" }))}
	}))
	table("Job", rowsOf(domain.JobMoves, func(m domain.JobMove) row { return row{m.Action, domain.Texts(m.From), domain.Texts(m.To)} }))
	table("Flag", rowsOf(domain.FlagMoves, func(m domain.FlagMove) row { return row{m.Action, domain.Texts(m.From), domain.Texts(m.To)} }))
	table("Advisory", rowsOf(domain.AdvisoryMoves, func(m domain.AdvisoryMove) row {
		return row{m.Action, domain.Texts(m.From),
			domain.Texts(m.To)}
	}))
	for subject, l := range map[string]*domain.Lifecycle{"Hold": &domain.HoldMoves, "Replacement": &domain.ReplacementMoves,
		"SOS": &domain.SOSMoves, "Timer": &domain.TimerMoves, "HomeSafe": &domain.HomeSafeMoves, "Drill": &domain.DrillMoves,
		"Dispute": &domain.DisputeMoves, "LinkRequest": &domain.LinkRequestMoves,
		"HouseholdQuestion": &domain.HouseholdQuestionMoves, "Promise": &domain.PromiseMoves,
		"DoneCheck": &domain.CheckMoves, "Claim": &domain.ClaimMoves, "Thanks": &domain.ThanksMoves,
		"Aftercare": &domain.AftercareMoves,
		"Leave":     &domain.LeaveMoves, "Maintenance": &domain.MaintenanceMoves} {
		table(subject, rowsOf(l.Moves, func(m domain.Move) row { return row{m.Action, m.From, m.To} }))
	}
}

type row struct {
	action   string
	from, to []string
}

func rowsOf[M any](moves []M, as func(M) row) []row {
	out := make([]row, len(moves))
	for i, m := range moves {
		out[i] = as(m)
	}
	return out
}
