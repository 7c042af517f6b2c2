package contact

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

func TestAPromiseIsKeptOrBreaksAndClimbs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		m := h.CustomerPage(job)
		m.Submit("call-me", 303, "note", "after six")
		h.Expect("kiran", "Please call back")
		p := items(desk.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200))[0]
		due := harness.Instant(t, p["due_at"])
		if p["owner_id"] != desk.ID.String() || p["source"] != "call_me" || !due.Equal(harness.Monday.Add(2*time.Hour)) {
			t.Fatalf("promised: %v", p)
		}
		if page := m.Read(); !strings.Contains(page, "Kiran will call you, at the latest: Today") || strings.Contains(page, "Surname") {
			t.Errorf("the page does not say who calls: %s", page)
		}
		// Trying in vain does not keep it, and asking again is the same promise.
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		m.Submit("could-not-reach", 303)
		h.Advance(2 * time.Hour)
		h.Expect("kiran", "A promise is late")
		h.Advance(time.Hour)
		h.Expect("asha", "A promise is late")
		got := desk.Send("GET", path("/v1/promises/%s", p), nil, 200)
		if got["status"] != "broken" || got["contacts"] != 2.0 || got["step"] != 2.0 {
			t.Fatalf("after its due time: %v", got)
		}
		if !strings.Contains(m.Read(), "should have called you") {
			t.Error("the page does not admit that the call is late")
		}
		// The call that reaches them keeps it, late, and stops the ladder.
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached"})
		got = desk.Send("GET", path("/v1/promises/%s", p), nil, 200)
		if got["status"] != "kept_late" || got["kept_attempt_id"] == nil {
			t.Errorf("after the call: %v", got)
		}
		h.Advance(24 * time.Hour)
		desk.Send("POST", path("/v1/promises/%s/keep", p), object{}, 409)
	})
}

func TestPromisesByStaff(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha, gita := h.As("kiran"), h.As("asha"), h.As("gita")
		_, job := h.Household(desk, nil)
		// At night: the due time moves to the beginning of the next duty.
		night := time.Date(2027, 3, 2, 22, 0, 0, 0, time.FixedZone("IST", 19800))
		p := desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "part", "what": "the relay",
			"due_at": night.Format(time.RFC3339)},
			201)
		if due := harness.Instant(t, p["due_at"]); !due.Equal(time.Date(2027, 3, 3, 2, 30, 0, 0, time.UTC)) {
			t.Errorf("due at %v, want 08:00 in Pune", due)
		}
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "moon"}, 400)
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"due_at": "2020-01-01T00:00:00Z"}, 422)
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"owner_id": h.People["kiran2"].ID}, 422)
		h.As("ravi").Send("POST", path("/v1/jobs/%s/promises", job), object{}, 404)
		// A hand-over is a move; the new owner is told.
		got := desk.Send("POST", path("/v1/promises/%s/hand-over", p), object{"owner_id": asha.ID, "reason": "I am away"}, 200)
		if got["owner_id"] != asha.ID.String() {
			t.Errorf("owned by %v", got["owner_id"])
		}
		h.Expect("asha", "Please call back")
		gita.Send("POST", path("/v1/promises/%s/keep", p), object{}, 409)
		gita.Send("POST", path("/v1/promises/%s/keep", p), object{"contact": object{"channel": "phone", "outcome": "no_answer"}}, 422)
		got = gita.Send("POST", path("/v1/promises/%s/keep", p), object{"contact": object{"channel": "phone", "outcome": "reached"},
			"note": "told"},
			200)
		if got["status"] != "kept" || got["note"] != "told" {
			t.Errorf("kept: %v", got)
		}
		h.As("maya2").Send("GET", path("/v1/promises/%s", p), nil, 404)
		if list := items(desk.Send("GET", "/v1/promises?status=kept", nil, 200)); len(list) != 1 {
			t.Errorf("%d kept promises", len(list))
		}
	})
}

// TestDangerBreaksTheFold: of fifteen calls the owner hears once, and again when
// somebody speaks of a danger of which nothing was said before: at any hour, and once
// for each. On a safety-critical job every call rings.
func TestDangerBreaksTheFold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("case.opened_home", "promise.late")
		desk, gita := h.As("kiran"), h.As("gita")
		customer, job := h.Household(desk, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		call := func(note string) {
			gita.Send("POST", "/v1/contacts", object{"phone": number, "note": note}, 202)
			h.Settle()
			h.Clock.Advance(time.Minute)
		}
		for range 15 {
			call("where is he?")
		}
		h.Expect("kiran", "Please call back")
		h.Clock.Set(harness.Monday.Add(15 * time.Hour)) // midnight
		call("where is he?")
		h.Settle()
		if n := h.Pushes("kiran", "Please read and call now"); n != 0 {
			h.Errorf("rung %d times for nothing new", n)
		}
		call("it smells of gas")
		h.Expect("kiran", "Please read and call now")
		call("The gas is still there")
		call("now there is smoke")
		h.Expect("kiran", "Please read and call now")
		p := items(desk.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200))[0]
		if p["contacts"] != 19.0 || p["what"] != "where is he?\nit smells of gas\nThe gas is still there\nnow there is smoke" {
			h.Errorf("the case says %v", p)
		}
		other, _ := h.Household(desk, nil)
		critical := desk.Send("POST", "/v1/jobs", object{"customer_id": other["id"], "fault": "a leak", "category": "gas_hob",
			"safety_critical": true}, 201)
		page := h.CustomerPage(critical)
		page.Submit("call-me", 303, "note", "please")
		h.Expect("kiran", "Please read and call now")
		page.Submit("call-me", 303, "note", "please")
		h.Expect("kiran", "Please read and call now")
	})
}

func TestManyCallsAreOneCase(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, gita := h.As("kiran"), h.As("gita")
		customer, job := h.Household(desk, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		h.CustomerPage(job).RegisterDevice("home:phone")
		call := func() {
			gita.Send("POST", "/v1/contacts", object{"phone": number}, 202)
			h.Settle()
			h.Clock.Advance(5 * time.Minute)
		}
		for range 4 {
			call()
		}
		h.Expect("kiran", "Please call back") // once
		h.ExpectOn("home:phone", "Kiran will call you")
		list := items(desk.Send("GET", "/v1/promises", nil, 200))
		if len(list) != 1 || list[0]["source"] != "call_me" || list[0]["contacts"] != 4.0 || list[0]["made_by"] != gita.ID.String() {
			t.Fatalf("four calls made %v", list)
		}
		call()
		p := items(desk.Send("GET", "/v1/promises", nil, 200))[0]
		if p["id"] != list[0]["id"] || p["source"] != "case" || p["contacts"] != 5.0 || p["owner_id"] != desk.ID.String() {
			t.Fatalf("the fifth made %v", p)
		}
		// Later ones are added; nobody is rung again, by whatever way they come.
		call()
		h.CustomerPage(job).Submit("another-time", 303, "date", h.Clock.Now().AddDate(0, 0, 3).Format("2006-01-02"), "part", "any")
		if got := desk.Send("GET", path("/v1/promises/%s", p), nil, 200); got["contacts"] != 7.0 {
			t.Errorf("%v contacts in the case, want 7", got["contacts"])
		}
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached"})
		if got := desk.Send("GET", path("/v1/promises/%s", p), nil, 200); got["status"] != "kept" {
			t.Errorf("after the call the case is %v", got["status"])
		}
		h.Advance(10 * time.Hour)
	})
}
