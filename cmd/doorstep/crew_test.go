package main

import (
	"testing"
	"time"
)

// Who goes to a home with somebody hears it when that somebody changes.
func TestWhoStaysInACrewHearsOfAChange(t *testing.T) {
	stories(t, func(h *harness) {
		h.anyPush = true
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
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
	})
}
