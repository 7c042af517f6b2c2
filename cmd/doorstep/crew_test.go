package main

import (
	"strings"
	"testing"
	"time"
)

// Who goes to a home with somebody hears it when that somebody changes.
func TestWhoStaysInACrewHearsOfAChange(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk := h.as("kiran")
		home, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(3*time.Hour), "ravi", "meena")
		crew := func(logins ...string) {
			ids := []any{}
			for _, l := range logins {
				ids = append(ids, h.people[l].id)
			}
			desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": ids}, 200)
		}
		h.advance(2 * time.Minute)
		const changed = "Your team changed"
		h.told(changed, map[string]int{"ravi": 0, "meena": 0})
		crew("ravi")
		h.told(changed, map[string]int{"ravi": 1, "meena": 0})
		h.told("Visit removed", map[string]int{"ravi": 0, "meena": 1})
		h.advance(2 * time.Minute)
		crew("ravi") // the same
		h.told(changed, map[string]int{"ravi": 1, "meena": 0})
		crew("ravi", "meena")
		h.told(changed, map[string]int{"ravi": 2, "meena": 0})
		h.advance(2 * time.Minute)
		crew("meena", "ravi") // the same two
		h.told(changed, map[string]int{"ravi": 2, "meena": 0})
		// Somebody who is kept from the home is taken out: the other hears of it,
		// and not why.
		second := desk.send("POST", "/v1/jobs", obj{"customer_id": home["id"], "category": "refrigerator", "fault": "noisy"}, 201)
		other := h.visit(desk, second, monday.Add(6*time.Hour), "meena")
		h.as("meena").send("POST", path("/v1/visits/%s/en-route", other), nil, 200)
		h.home(desk, second).taps("report", 303, "what", "threatened", "who", h.people["meena"].id.String(), "note", "canary-narrative")
		h.told(changed, map[string]int{"ravi": 3, "meena": 0})
		for _, said := range h.says("ravi", changed) {
			if strings.Contains(said, "canary") {
				t.Errorf("he is told %q", said)
			}
		}
	})
}
