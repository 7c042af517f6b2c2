package contact

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestWhatADeskCancelsIsToldToTheHousehold: a whole job, with a visit or without one, and a visit that a desk cancels for a caller. After a
// job its page offers to go on, and it does.
func TestWhatADeskCancelsIsToldToTheHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.offered", "job.reopened")
		h.MayIgnore("visit.cancelled", "visit.cancelled_by_customer")
		desk := h.As("kiran")
		for _, booked := range []bool{false, true} {
			for _, whole := range []bool{true, false} {
				if !booked && !whole {
					continue
				}
				_, job := h.Household(desk, nil)
				page := h.CustomerPage(job)
				token := "family of " + job["id"].(string)
				page.RegisterDevice(token)
				if booked {
					h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
				}
				told := "Visit cancelled"
				if !booked {
					told = "Your repair is cancelled"
				}
				if !whole {
					desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "cancel"}, 200)
					h.ExpectOn(token, told)
					continue
				}
				desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "they do not want it"}, 200)
				h.ExpectOn(token, told)
				if text := page.Read(); !strings.Contains(text, "/reopen") || !strings.Contains(text, "Tap below and we go on") {
					t.Errorf("booked %v: the page of a job that was cancelled: %s", booked, text)
				}
				page.Submit("reopen", 303)
				if got := desk.Job(job); got.Status != "open" {
					t.Errorf("booked %v: reopened by its household it is %s", booked, got.Status)
				}
			}
		}
	})
}
