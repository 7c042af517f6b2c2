package alarm

import (
	"testing"

	"doorstep/domain"
)

// Whoever may know of it calls nobody openly; the raiser, and whom it must not
// reach, are shown what they would be shown without it.
func TestSilences(t *testing.T) {
	raiser, other, avoided := domain.ID{1}, domain.ID{2}, domain.ID{3}
	open := []domain.SOS{{RaiserID: raiser, Source: "duress", Status: "raised", Avoid: domain.JSONList[domain.ID]{avoided}},
		{RaiserID: other, Source: "tap", Status: "raised"}}
	for who, want := range map[domain.ID]bool{raiser: false, other: true, avoided: false} {
		got := silences(open, domain.Actor{UserID: who, Role: domain.RoleAdmin})
		if got[raiser] != want || got[other] {
			t.Errorf("%v: %v", who, got)
		}
	}
	for status, want := range map[string]bool{"raised": true, "acknowledged": true, "resolved": false} {
		x := domain.SOS{RaiserID: raiser, Source: "duress", Status: status}
		if x.View(domain.Actor{UserID: other, Role: domain.RoleAdmin}).Silent != want ||
			x.View(domain.Actor{UserID: raiser, Role: domain.RoleAdmin}).Silent {
			t.Errorf("%s: shown otherwise", status)
		}
	}
}
