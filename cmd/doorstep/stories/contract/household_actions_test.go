package contract

import (
	"strings"
	"testing"

	"doorstep/cmd/doorstep/app"
	"doorstep/domain"
	"doorstep/domain/customers"
)

// TestEveryHouseholdActionSpeaksForSomebody: each operation of the customer's page that
// does something, and each wish that is carried out, has a row in the table that says
// what it does by a link which staff have read; no row is of nothing.
func TestEveryHouseholdActionSpeaksForSomebody(t *testing.T) {
	contract, err := app.LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, op := range contract.Operations() {
		name, of := strings.CutPrefix(op.Path, "/c/{token}/")
		if !of || op.Method == "GET" {
			continue
		}
		if name == "devices/{installation_id}" {
			name = "device"
		}
		found[name] = true
	}
	for name := range customers.RequestHandlers {
		if !found[name] {
			t.Errorf("%s is carried out and in no contract", name)
		}
	}
	for name := range found {
		rule, ok := domain.HouseholdActions[name]
		if !ok {
			t.Errorf("%s speaks for nobody knows whom: domain.HouseholdActions", name)
		}
		if (rule.Side == domain.ForUs) != (rule.Unanswered != "") || rule.Counts && rule.Side != domain.ForUs {
			t.Errorf("%s: what happens when nobody verifies it? %+v", name, rule)
		}
		want := map[domain.Side]domain.LinkEffect{domain.AgainstUs: domain.EffectActs, domain.ForUs: domain.EffectKept,
			domain.ForNobody: domain.EffectMarked, domain.ProvesSelf: domain.EffectNeedCode, domain.OwnDevice: domain.EffectUnproven}[rule.Side]
		if rule.ByLink(false) != domain.EffectActs || rule.ByLink(true) != want {
			t.Errorf("%s: delivered %s, read %s", name, rule.ByLink(false), rule.ByLink(true))
		}
	}
	for name := range domain.HouseholdActions {
		if !found[name] {
			t.Errorf("%s is no operation", name)
		}
	}
}
