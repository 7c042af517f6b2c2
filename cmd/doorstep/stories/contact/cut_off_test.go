package contact

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestALineThatWentDead: the same person calls back in ten minutes with half of the
// story written down. It is contact, so nobody is unreachable by it, but it ends nothing:
// what was promised before is still owed.
func TestALineThatWentDead(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late")
		kiran, gita := h.As("kiran"), h.As("gita")
		_, job := h.Household(kiran, nil)
		h.CustomerPage(job).RegisterDevice("home:phone")
		owed := h.As("maya").Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "the price", "due_at": h.Clock.Now().
			Add(5 * time.Hour).
			Format(time.RFC3339)}, 201)
		h.ExpectOn("home:phone", "We promised you something")
		gita.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "cut_off", "direction": "inbound",
			"note": "it stopped on Friday, then"}, 201)
		h.ExpectOn("home:phone", "Gita will call you")
		var back object
		for _, p := range items(kiran.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200)) {
			if p["id"] != owed["id"] {
				back = p
			}
		}
		if back["owner_id"] != h.People["gita"].ID.String() || back["what"] != "it stopped on Friday, then" || back["kind"] != "call_back" ||
			!harness.Instant(t, back["due_at"]).Equal(h.Clock.Now().Add(10*time.Minute)) {
			h.Errorf("the call back: %v", back)
		}
		if got := kiran.Send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)["verdict"]; got != "reached" {
			h.Errorf("the verdict is %v", got)
		}
		status := func(p object) any { return kiran.Send("GET", path("/v1/promises/%s", p), nil, 200)["status"] }
		gita.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "cut_off", "note": "again"}, 201)
		h.ExpectOn("home:phone", "Gita will call you")
		if a, b := status(owed), status(back); a != "open" || b != "open" {
			h.Errorf("after a line that went dead again: %v, %v", a, b)
		}
		gita.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "reached"}, 201)
		if a, b := status(owed), status(back); a != "kept" || b != "kept" {
			h.Errorf("after the call: %v, %v", a, b)
		}
		gita.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "sms", "outcome": "cut_off"}, 422)
		// Nobody calls back on the day: it climbs like any other promise.
		kiran.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "cut_off"}, 201)
		h.ExpectOn("home:phone", "Kiran will call you")
		h.Advance(11 * time.Minute)
		late := items(kiran.Send("GET", path("/v1/promises?status=broken&job_id=%s", job), nil, 200))
		if len(late) != 1 || late[0]["owner_id"] != kiran.ID.String() {
			h.Errorf("late: %v", late)
		}
	})
}
