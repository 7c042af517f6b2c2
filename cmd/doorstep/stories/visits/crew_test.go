package visits

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// Who goes to a home with somebody hears it when that somebody changes.
func TestWhoStaysInACrewHearsOfAChange(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk := h.As("kiran")
		home, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi", "meena")
		crew := func(logins ...string) {
			ids := []any{}
			for _, l := range logins {
				ids = append(ids, h.People[l].ID)
			}
			desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": ids}, 200)
		}
		h.Advance(2 * time.Minute)
		const changed = "Your team changed"
		h.Told(changed, map[string]int{"ravi": 0, "meena": 0})
		crew("ravi")
		h.Told(changed, map[string]int{"ravi": 1, "meena": 0})
		h.Told("Visit removed", map[string]int{"ravi": 0, "meena": 1})
		h.Advance(2 * time.Minute)
		crew("ravi") // the same
		h.Told(changed, map[string]int{"ravi": 1, "meena": 0})
		crew("ravi", "meena")
		h.Told(changed, map[string]int{"ravi": 2, "meena": 0})
		h.Advance(2 * time.Minute)
		crew("meena", "ravi") // the same two
		h.Told(changed, map[string]int{"ravi": 2, "meena": 0})
		// Somebody who is kept from the home is taken out: the other hears of it,
		// and not why.
		second := desk.Send("POST", "/v1/jobs", object{"customer_id": home["id"], "category": "refrigerator", "fault": "noisy"}, 201)
		other := h.Visit(desk, second, harness.Monday.Add(6*time.Hour), "meena")
		h.As("meena").EnRoute(other)
		h.CustomerPage(second).Submit("report", 303, "what", "threatened", "who", h.People["meena"].ID.String(), "note", "canary-narrative")
		h.Told(changed, map[string]int{"ravi": 3, "meena": 0})
		for _, said := range h.InboxBodies("ravi", changed) {
			if strings.Contains(said, "canary") {
				t.Errorf("he is told %q", said)
			}
		}
	})
}
