package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/recur"
)

// A deadline that panics stands in nobody's way.
func TestAPanicAtADeadlineEndsNothing(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned", "visit.missed_desk")
		desk := h.as("kiran")
		customer, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.house.Service.Recur = func(string, *time.Location, time.Time, time.Time, time.Time, int) ([]time.Time, error) {
			return []time.Time{time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)}, nil
		}
		desk.send("POST", "/v1/maintenance", obj{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
			"fault": "x", "category": "refrigerator"}, 201)
		h.house.Service.Recur = func(string, *time.Location, time.Time, time.Time, time.Time, int) ([]time.Time, error) {
			panic("poison")
		}
		h.clock.Advance(4 * time.Hour)
		if _, err := h.house.Service.Tick(context.Background()); err == nil || !strings.Contains(err.Error(), "poison") {
			t.Errorf("the tick says %v", err)
		}
		h.house.Service.Recur = recur.Dates
		h.settle()
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["status"] != "missed" {
			t.Errorf("the visit is %v", got["status"])
		}
	})
}
