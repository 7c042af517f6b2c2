package domain

import "testing"

// Whoever may know of it calls nobody openly; the raiser, and whom it must not
// reach, are shown what they would be shown without it.
func TestSilences(t *testing.T) {
	raiser, other, avoided := ID{1}, ID{2}, ID{3}
	open := []SOS{{RaiserID: raiser, Source: "duress", Status: "raised", Avoid: JSONList[ID]{avoided}},
		{RaiserID: other, Source: "tap", Status: "raised"}}
	for who, want := range map[ID]bool{raiser: false, other: true, avoided: false} {
		got := silences(open, Actor{UserID: who, Role: RoleAdmin})
		if got[raiser] != want || got[other] {
			t.Errorf("%v: %v", who, got)
		}
	}
	for status, want := range map[string]bool{"raised": true, "acknowledged": true, "resolved": false} {
		x := SOS{RaiserID: raiser, Source: "duress", Status: status}
		if x.View(Actor{UserID: other, Role: RoleAdmin}).Silent != want || x.View(Actor{UserID: raiser, Role: RoleAdmin}).Silent {
			t.Errorf("%s: shown otherwise", status)
		}
	}
}
