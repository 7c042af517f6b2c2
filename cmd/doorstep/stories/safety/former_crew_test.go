package safety

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// Who is not in the crew any more may still say that they came, and stop; the answer tells them nothing of what others did there since.
func TestAFormerCrewIsToldNothingOfTheVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned")
		h.MayIgnore("hold.area", "flag.triage", "visit.stopped", "flag.live", "call.manager", "visit.needs_someone", "visit.stopped_household",
			"job.nobody_left", "visit.completed_home", "visit.held_cancelled", "note.moved")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Advance(time.Minute)
		desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []any{h.People["meena"].ID.String()}}, 200)
		ravi, meena := h.As("ravi"), h.As("meena")
		meena.Send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		for what, answer := range map[string]func() object{
			"an arrival": func() object { return ravi.Send("POST", path("/v1/visits/%s/arrive", visit), nil, 200) },
			"a stop":     func() object { return ravi.Send("POST", path("/v1/visits/%s/stop", visit), nil, 200) },
		} {
			got := answer()
			if got["id"] != visit["id"] || got["en_route_at"] != nil || len(got["crew"].([]any)) != 0 || len(got["actions"].([]any)) != 0 {
				t.Errorf("%s is answered with %v", what, got)
			}
			for k, v := range got {
				if strings.Contains(harness.String(v), h.People["meena"].ID.String()) {
					t.Errorf("%s tells in %s who comes now", what, k)
				}
			}
		}
	})
}
