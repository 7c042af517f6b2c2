package main

import (
	"strings"
	"testing"
	"time"
)

func TestAPromiseIsKeptOrBreaksAndClimbs(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		m := h.home(desk, job)
		m.taps("call-me", 303, "note", "after six")
		h.expect("kiran", "Please call back")
		p := items(desk.send("GET", path("/v1/jobs/%s/promises", job), nil, 200))[0]
		due := instant(t, p["due_at"])
		if p["owner_id"] != desk.id.String() || p["source"] != "call_me" || !due.Equal(monday.Add(2*time.Hour)) {
			t.Fatalf("promised: %v", p)
		}
		if page := m.page(); !strings.Contains(page, "Kiran will call you, at the latest: Today") || strings.Contains(page, "Surname") {
			t.Errorf("the page does not say who calls: %s", page)
		}
		// Trying in vain does not keep it, and asking again is the same promise.
		desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30})
		m.taps("could-not-reach", 303)
		h.expect("kiran", "Asked once more")
		h.advance(2 * time.Hour)
		h.expect("kiran", "A promise is late")
		h.advance(time.Hour)
		h.expect("asha", "A promise is late")
		got := desk.send("GET", path("/v1/promises/%s", p), nil, 200)
		if got["status"] != "broken" || got["contacts"] != 2.0 || got["step"] != 2.0 {
			t.Fatalf("after its due time: %v", got)
		}
		if !strings.Contains(m.page(), "should have called you") {
			t.Error("the page does not admit that the call is late")
		}
		// The call that reaches them keeps it, late, and stops the ladder.
		desk.attempt(job, "phone", "reached", nil)
		got = desk.send("GET", path("/v1/promises/%s", p), nil, 200)
		if got["status"] != "kept_late" || got["kept_attempt_id"] == nil {
			t.Errorf("after the call: %v", got)
		}
		h.advance(24 * time.Hour)
		desk.send("POST", path("/v1/promises/%s/keep", p), obj{}, 409)
	})
}

func TestPromisesByStaff(t *testing.T) {
	stories(t, func(h *harness) {
		desk, asha, gita := h.as("kiran"), h.as("asha"), h.as("gita")
		_, job := h.household(desk, nil)
		// At night: the due time moves to the beginning of the next duty.
		night := time.Date(2027, 3, 2, 22, 0, 0, 0, time.FixedZone("IST", 19800))
		p := desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"kind": "part", "what": "the relay", "due_at": night.Format(time.RFC3339)},
			201)
		if due := instant(t, p["due_at"]); !due.Equal(time.Date(2027, 3, 3, 2, 30, 0, 0, time.UTC)) {
			t.Errorf("due at %v, want 08:00 in Pune", due)
		}
		desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"kind": "moon"}, 400)
		desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"due_at": "2020-01-01T00:00:00Z"}, 422)
		desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"owner_id": h.people["kiran2"].id}, 422)
		h.as("ravi").send("POST", path("/v1/jobs/%s/promises", job), obj{}, 404)
		// A hand-over is a move; the new owner is told.
		got := desk.send("POST", path("/v1/promises/%s/hand-over", p), obj{"owner_id": asha.id, "reason": "I am away"}, 200)
		if got["owner_id"] != asha.id.String() {
			t.Errorf("owned by %v", got["owner_id"])
		}
		h.expect("asha", "Please call back")
		gita.send("POST", path("/v1/promises/%s/keep", p), obj{}, 409)
		gita.send("POST", path("/v1/promises/%s/keep", p), obj{"contact": obj{"channel": "phone", "outcome": "no_answer"}}, 422)
		got = gita.send("POST", path("/v1/promises/%s/keep", p), obj{"contact": obj{"channel": "phone", "outcome": "reached"}, "note": "told"},
			200)
		if got["status"] != "kept" || got["note"] != "told" {
			t.Errorf("kept: %v", got)
		}
		h.as("maya2").send("GET", path("/v1/promises/%s", p), nil, 404)
		if list := items(desk.send("GET", "/v1/promises?status=kept", nil, 200)); len(list) != 1 {
			t.Errorf("%d kept promises", len(list))
		}
	})
}

func TestManyCallsAreOneCase(t *testing.T) {
	stories(t, func(h *harness) {
		desk, gita := h.as("kiran"), h.as("gita")
		customer, job := h.household(desk, nil)
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		h.home(desk, job).phone("home:phone")
		call := func() {
			gita.send("POST", "/v1/contacts", obj{"phone": number}, 202)
			h.clock.Advance(5 * time.Minute)
		}
		for range 4 {
			call()
		}
		if list := items(desk.send("GET", "/v1/promises", nil, 200)); len(list) != 0 {
			t.Fatalf("four calls made %v", list)
		}
		call()
		h.expect("kiran", "Please call back")
		p := items(desk.send("GET", "/v1/promises", nil, 200))[0]
		if p["source"] != "case" || p["contacts"] != 5.0 || p["owner_id"] != desk.id.String() {
			t.Fatalf("the fifth made %v", p)
		}
		h.expectOn("home:phone", "Kiran will call you")
		// Later ones are added; nobody else is rung, by whatever way they come.
		call()
		h.expect("kiran", "Asked once more")
		h.home(desk, job).taps("another-time", 303, "date", h.clock.Now().AddDate(0, 0, 3).Format("2006-01-02"), "part", "any")
		h.expect("kiran", "Asked once more")
		if got := desk.send("GET", path("/v1/promises/%s", p), nil, 200); got["contacts"] != 7.0 {
			t.Errorf("%v contacts in the case, want 7", got["contacts"])
		}
		desk.attempt(job, "phone", "reached", nil)
		if got := desk.send("GET", path("/v1/promises/%s", p), nil, 200); got["status"] != "kept" {
			t.Errorf("after the call the case is %v", got["status"])
		}
		h.advance(10 * time.Hour)
	})
}
