package reporting

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"doorstep/domain"
)

// TestTheShieldTakesNothingAway: whatever was reported, stopped or disputed
// never costs the technician, and the centre reads of it no more than an area
// hold.
func TestTheShieldTakesNothingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := domain.PayableVisit{Proven: rapid.Bool().Draw(t, "proven"), FlaggedSelf: rapid.Bool().Draw(t, "flagged"), AreaHold: rapid.Bool().
			Draw(t, "hold"), Pause: rapid.Bool().Draw(t, "pause")}
		p.Status, p.Disputed = rapid.SampledFrom(domain.VisitStatuses).Draw(t, "status"), rapid.Bool().Draw(t, "disputed")
		plain := p
		plain.FlaggedSelf, plain.AreaHold, plain.Pause = false, false, false
		was, _, _ := plain.Shield(true)
		paid, counted, why := p.Shield(true)
		if was && !paid {
			t.Fatalf("what happened to him costs him the pay: %+v", p)
		}
		if counted && (p.FlaggedSelf || p.AreaHold || p.Pause || p.Disputed || p.Status == domain.VisitStopped ||
			p.Status == domain.VisitNoAccess &&
				p.Proven) {
			t.Fatalf("it counts: %+v", p)
		}
		if !counted && why == "" {
			t.Fatalf("nobody says why: %+v", p)
		}
		paidThere, countedThere, whyThere := p.Shield(false)
		if paidThere != paid {
			t.Fatal("the centre pays something else than he reads")
		}
		for _, word := range []string{"report", "pause", "flag"} {
			if strings.Contains(whyThere, word) {
				t.Fatalf("the centre reads %q", whyThere)
			}
		}
		if !p.AreaHold && !p.Pause { // a report without an area hold changes nothing that the centre reads
			_, c, w := plain.Shield(false)
			if c != countedThere || w != whyThere {
				t.Fatalf("the centre learns of a report: %v %q", countedThere, whyThere)
			}
		}
	})
}
