package visits

import (
	"context"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/recur"
	"doorstep/cmd/doorstep/stories/harness"
)

// A deadline that panics stands in nobody's way.
func TestAPanicAtADeadlineEndsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.missed_desk")
		desk := h.As("kiran")
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Server.Service.Recur = func(string, *time.Location, time.Time, time.Time, time.Time, int) ([]time.Time, error) {
			return []time.Time{time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)}, nil
		}
		desk.Send("POST", "/v1/maintenance", object{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
			"fault": "x", "category": "refrigerator"}, 201)
		h.Server.Service.Recur = func(string, *time.Location, time.Time, time.Time, time.Time, int) ([]time.Time, error) {
			panic("poison")
		}
		h.Clock.Advance(4 * time.Hour)
		if _, err := h.Server.Service.Clock.Tick(context.Background()); err == nil || !strings.Contains(err.Error(), "poison") {
			t.Errorf("the tick says %v", err)
		}
		h.Server.Service.Recur = recur.Dates
		h.Settle()
		if got := desk.Visit(visit); got.Status != "missed" {
			t.Errorf("the visit is %v", got.Status)
		}
	})
}
