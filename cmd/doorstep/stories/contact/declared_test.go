package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestWhatStaffSayThatItSaidIsAskedOfTheHousehold: a hold at its request and an agreement by a contact without receipt are told to the
// household in words, and one tap undoes them; its own link is no such thing.
func TestWhatStaffSayThatItSaidIsAskedOfTheHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.confirmed", "dispute.opened", "dispute.desk", "promise.yours")
		desk := h.As("kiran")
		said := object{"direction": "outbound", "channel": "phone", "outcome": "reached"}
		_, job := h.Household(desk, nil)
		page := h.CustomerPage(job)
		page.RegisterDevice("their-phone")
		held := desk.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "customer_request", "contact": said,
			"due_at": "2027-03-20T10:00:00Z"}, 200)
		hold := held["holds"].([]any)[0].(object)
		if hold["declared"] != true {
			h.Errorf("a contact that the desk tells of makes %v", hold)
		}
		h.ExpectOn("their-phone", "We understood that you want to wait")
		if text := page.Read(); !strings.Contains(text, "We understood that you asked us to wait until") || !strings.Contains(text, "/go-on") {
			h.Errorf("its page says %s", text)
		}
		h.Clock.Advance(5 * time.Hour)
		h.ReadPage(desk, job).Submit("go-on", 303) // by any live link: it speaks against us
		h.Told("A household did not ask to wait", map[string]int{"kiran": 1, "asha": 1, "maya": 0})
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); len(got["holds"].([]any)) != 0 {
			h.Errorf("denied, it stands: %v", got["holds"])
		}
		clock := desk.Send("GET", path("/v1/jobs/%s/clock", job), nil, 200)
		if strings.Contains(fmt.Sprint(clock), "request") {
			h.Errorf("what it denies is its time: %v", clock)
		}
		page.Submit("go-on", 409)
		// Asked for by its own link it is its word.
		h.Clock.Advance(time.Hour)
		page.Submit("call-me", 303)
		var own string
		for _, a := range items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)) {
			if a["grade"] == "proven" && strings.HasPrefix(a["note"].(string), "call-me") {
				own = harness.String(a["id"])
			}
		}
		held = desk.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "customer_request", "attempt_id": own}, 200)
		if held["holds"].([]any)[0].(object)["declared"] != false {
			h.Errorf("its own word makes %v", held["holds"])
		}
		h.ExpectOn("their-phone", "We understood that you want to wait")

		// An agreement.
		_, second := h.Household(desk, nil)
		page = h.CustomerPage(second)
		page.RegisterDevice("other-phone")
		visit := h.Visit(desk, second, h.Clock.Now().Add(20*time.Hour), "ravi")
		h.ExpectOn("other-phone", "Your repair visit")
		h.Clock.Advance(time.Minute)
		desk.Send("POST", path("/v1/visits/%s/confirm", visit), object{"contact": said}, 200)
		h.ExpectOn("other-phone", "We understood that you agreed")
		if text := page.Read(); !strings.Contains(text, "We understood that you agreed to this time") ||
			!strings.Contains(text, `name="claim" value="not_agreed"`) {
			h.Errorf("its page says %s", text)
		}
		page.Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "not_agreed")
		if v := desk.Visit(visit); v.Confirmation != bodies.VisitConfirmation("declined") {
			h.Errorf("denied, it is %s", v.Confirmation)
		}
		// Booked and moved with a call that staff tell of, it is asked likewise, and one tap by any link ends it at once.
		_, booked := h.Household(desk, nil)
		page = h.CustomerPage(booked)
		page.RegisterDevice("third-phone")
		at := func(after time.Duration) object {
			from := h.Clock.Now().Add(after)
			return object{"window_start": from.Format(time.RFC3339), "window_end": from.Add(2 * time.Hour).Format(time.RFC3339), "contact": said}
		}
		visit = desk.Send("POST", path("/v1/jobs/%s/visits", booked), at(44*time.Hour), 201)
		h.ExpectOn("third-phone", "We understood that you agreed")
		h.Clock.Advance(2 * time.Minute)
		visit = desk.Send("POST", path("/v1/visits/%s/reschedule", visit), at(47*time.Hour), 201)
		h.ExpectOn("third-phone", "We understood that you agreed")
		h.ReadPage(desk, booked).Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "not_agreed")
		if v := desk.Visit(visit); v.Confirmation != bodies.VisitConfirmation("declined") {
			h.Errorf("denied by a link that staff have read, it is %s", v.Confirmation)
		}
		_, third := h.Household(desk, nil)
		page = h.CustomerPage(third)
		h.Visit(desk, third, h.Clock.Now().Add(23*time.Hour), "ravi")
		page.Submit("confirm", 303)
		if text := page.Read(); strings.Contains(text, "We understood") {
			h.Errorf("of its own word its page asks %s", text)
		}
	})
}
