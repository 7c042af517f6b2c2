package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestWhoSetsOutAndDoesNotComeMissesTheVisit: a tap on "on my way" keeps nobody from being told that nobody came, and one who comes
// after all takes the miss back.
func TestWhoSetsOutAndDoesNotComeMissesTheVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.missed_desk", "timer.ping", "timer.no_signal", "sos.raised") // nobody hears of them
		h.MayIgnore("timer.no_answer", "sos.unheard", "sos.open", "sos.call_yourself", "sos.late")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		late := h.Visit(desk, job, h.Clock.Now().Add(30*time.Minute), "ravi") // to 11:30
		ravi.EnRoute(late)
		h.Advance(3*time.Hour + 30*time.Minute) // a technician in traffic is not called missing at once
		if got := desk.Visit(late); got.Status != "en_route" || got.CountsAgainst != "nobody" {
			t.Errorf("an hour after its window: %s, counts against %s", got.Status, got.CountsAgainst)
		}
		h.Advance(90 * time.Minute)
		if got := desk.Visit(late); got.Status != "missed" || got.CountsAgainst != "brand" {
			t.Errorf("two hours after its window: %s, counts against %s", got.Status, got.CountsAgainst)
		}
		// Told later that they were there in time: the miss is withdrawn.
		ravi.Send("POST", path("/v1/visits/%s/arrive", late), object{"occurred_at": "2027-03-01T11:00:00+05:30"}, 200)
		if got := desk.Visit(late); got.Status != "arrived" {
			t.Errorf("who was there after all: %s", got.Status)
		}
		// Staff who move it after its window moved a visit to which nobody came.
		_, other := h.Household(desk, nil)
		visit := h.Visit(desk, other, h.Clock.Now().Add(30*time.Minute), "meena")
		h.As("meena").EnRoute(visit)
		h.Advance(3 * time.Hour)
		at := h.Clock.Now().Add(20 * time.Hour)
		desk.Send("POST", path("/v1/visits/%s/reschedule", visit), object{"window_start": at.Format(time.RFC3339),
			"window_end": at.Add(2 * time.Hour).Format(time.RFC3339), "reason": "she is not there yet"}, 201)
		if got := desk.Visit(visit); got.CountsAgainst != "brand" {
			t.Errorf("moved after its window, %s: counts against %s", got.Status, got.CountsAgainst)
		}
	})
}
