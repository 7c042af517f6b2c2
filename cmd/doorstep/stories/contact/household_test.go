package contact

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// What a household was promised ends with its job; what was broken before
// stays broken in the figures.
func TestPromisesEndWithTheJob(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late", "promise.yours", "queue.morning")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		h.CustomerPage(desk, job).Submit("call-me", 303)
		late := items(desk.Send("GET", "/v1/promises?job_id="+harness.String(job["id"]), nil, 200))[0]
		h.Advance(3 * 24 * time.Hour)
		open := desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "the part's price", "kind": "other"}, 201)
		desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "customer"}, 200)
		for id, want := range map[string]string{harness.String(late["id"]): "broken", harness.String(open["id"]): "void"} {
			if got := desk.Send("GET", "/v1/promises/"+id, nil, 200); got["status"] != want {
				t.Errorf("after the job it is %v, want %s", got["status"], want)
			}
		}
		desk.Send("POST", path("/v1/promises/%s/keep", open), object{"contact": object{"channel": "phone", "outcome": "reached"}}, 409)
		before := len(h.Titles("asha"))
		h.Advance(24 * time.Hour)
		if len(h.Titles("asha")) != before {
			t.Errorf("it climbs on after the job: %v", h.Titles("asha"))
		}
	})
}

// Whoever is told of a late promise reads by when it was due.
func TestSuperiorsReadWhenAPromiseWasDue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		due := h.Clock.Now().Add(2 * time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "call", "due_at": due.Format(time.RFC3339)}, 201)
		for range 7 { // an hour after its due time the proprietor, after four the area manager
			h.Advance(time.Hour)
		}
		kolkata, _ := time.LoadLocation("Asia/Kolkata")
		for _, login := range []string{"asha", "maya"} {
			read := false
			for _, n := range items(h.As(login).Send("GET", "/v1/inbox", nil, 200)) {
				read = read || n["title"] == "A promise is late" && strings.Contains(n["body"].(string), due.In(kolkata).Format("15:04"))
			}
			if !read {
				t.Errorf("%s does not read %s", login, due.In(kolkata).Format("15:04"))
			}
		}
	})
}

// An agreement that is upheld counts again, as if nobody had denied it.
func TestAnUpheldAgreementIsConfirmedAgain(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.decided", "dispute.desk", "dispute.opened", "visit.assigned", "visit.confirmed")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(48*time.Hour), "ravi")
		desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
		m := h.CustomerPage(desk, job)
		m.Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "not_agreed")
		if got := desk.Visit(visit); got.Confirmation != "declined" {
			t.Fatalf("denied, it is %v", got.Confirmation)
		}
		dispute := items(desk.Send("GET", "/v1/disputes?status=open", nil, 200))[0]
		h.As("maya").Send("POST", path("/v1/disputes/%s/decide", dispute), object{"decision": "uphold", "reasons": "The call was recorded."}, 200)
		if got := desk.Visit(visit); got.Confirmation != "confirmed" {
			t.Errorf("upheld, it is %v", got.Confirmation)
		}
		if !strings.Contains(m.Read(), "The call was recorded.") {
			t.Error("the household does not read why")
		}
	})
}

// The reasons that the clock gives are read in the household's language.
func TestTheDefaultIsExplainedInTheReadersLanguage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.decided", "dispute.opened", "queue.morning")
		desk := h.As("kiran")
		_, job := h.Household(desk, object{"language": "hi"})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		tried := items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))[0]
		m := h.CustomerPage(desk, job)
		m.Submit("dispute", 303, "attempt_id", harness.String(tried["id"]), "claim", "phone_was_on")
		h.Advance(80 * time.Hour)
		body, _ := h.Anonymous().Raw("GET", m.Link, nil, "Accept-Language", "hi")
		if page := string(body); strings.Contains(page, "Nobody decided") || !strings.Contains(page, "आप सही थे") {
			t.Error("the page speaks English of the default, or does not speak of it")
		}
	})
}

// To a household that cannot read, a message is no notice: it takes a spoken
// try and one at the second contact (docs/product.md section 4, "last notice").
func TestAMessageIsNoNoticeToWhoCannotRead(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.call_once_more", "job.unreachable")
		desk, asha := h.As("kiran"), h.As("asha")
		customer, job := h.Household(desk, object{"contacts": []object{{"name": "Dadi", "phones": []string{"+919811100001"}, "voice_only": true},
			{"name": "Son", "relation": "son", "phones": []string{"+919811100002"}, "voice_only": true}}})
		contacts := customer["contacts"].([]any)
		dadi, son := harness.String(contacts[0].(object)["id"]), harness.String(contacts[1].(object)["id"])
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded", ContactID: dadi})
		h.Clock.Advance(4 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "doorstep", Outcome: "nobody_home", PlaceReason: "the map has the lane wrong",
			ContactID: dadi})
		h.Clock.Advance(27 * time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off", ContactID: son})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true, ContactID: son})
		h.Advance(30 * time.Hour)
		v := desk.Verdict(job)
		if v["verdict"] != "trying" {
			t.Fatalf("a message became a last notice: %v, missing %v", v["verdict"], v["missing"])
		}
		// Tuesday 16:00 + 30 h is Wednesday 22:00; on Thursday both are called.
		h.Advance(13 * time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, ContactID: dadi})
		asha.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, ContactID: son})
		if v := desk.Verdict(job); v["verdict"] != "last_notice" {
			t.Fatalf("after the spoken notice: %v, missing %v", v["verdict"], v["missing"])
		}
		h.Advance(24*time.Hour + time.Minute)
		if v := desk.Verdict(job); v["verdict"] != "unreachable" {
			t.Errorf("a day later: %v, missing %v", v["verdict"], v["missing"])
		}
	})
}

// Several wishes of one call are one contact; the next call is another one.
func TestOneCallIsOneContact(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		wish := func(action string) object {
			return desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": action}, 200)
		}
		one := wish("call-me")["contact_attempt_id"]
		if two := wish("could-not-reach")["contact_attempt_id"]; two != one {
			t.Error("the second wish of a call is another contact")
		}
		h.Clock.Advance(2 * time.Hour)
		if next := wish("could-not-reach")["contact_attempt_id"]; next == one {
			t.Error("the call two hours later is the same contact")
		}
	})
}

// The page says by when to answer, and from when the job may be closed.
func TestThePageNamesItsDays(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		job := harness.UnreachableHousehold(h)
		desk := h.As("kiran")
		kolkata, _ := time.LoadLocation("Asia/Kolkata")
		closes := h.Clock.Now().Add(7 * 24 * time.Hour).In(kolkata)
		if page := h.CustomerPage(desk, job).Read(); !strings.Contains(page, "It may be closed after this time") ||
			!strings.Contains(page, closes.Format("2 January")) {
			t.Errorf("the page does not name %s", closes.Format("2 January"))
		}
		text := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)["text"].(string)
		for _, private := range []string{"Kapoor", "cool", "Lane"} {
			if strings.Contains(text, private) {
				t.Errorf("the ready text names %q: %s", private, text)
			}
		}
	})
}

// On a safety-critical job the days until it may be closed run from the area
// manager's word.
func TestClosingASafetyCriticalJobCountsFromTheManagersWord(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.unreachable")
		desk, asha, maya := h.As("kiran"), h.As("asha"), h.As("maya")
		customer, _ := h.Household(desk, nil)
		job := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "smells of gas", "category": "refrigerator",
			"safety_critical": true}, 201)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"})
		h.Clock.Advance(4 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		h.Clock.Advance(27 * time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
		h.Advance(6 * 24 * time.Hour)
		maya.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "unreachable", "reason": "neighbours say they are away"}, 200)
		h.Advance(2 * 24 * time.Hour)
		maya.Send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		h.Advance(5*24*time.Hour + time.Minute)
		maya.Send("POST", path("/v1/jobs/%s/close", job), nil, 200)
	})
}

// What lies between a completion that the household confirmed and its return
// is nobody's waiting; a completion that it denies is the centre's time.
func TestTheClockAfterAReturn(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.desk", "dispute.opened", "job.reopened", "visit.assigned")
		desk := h.As("kiran")
		for _, confirmed := range []bool{true, false} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			h.WorkUntil("ravi", visit, "complete", nil)
			m := h.CustomerPage(desk, job)
			if confirmed {
				m.Submit("done", 303)
			}
			h.Advance(10 * time.Hour)
			if confirmed {
				m.Submit("reopen", 303)
			} else {
				m.Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "nobody_came")
			}
			h.Advance(12 * time.Hour) // the next morning
			got := desk.Send("GET", path("/v1/jobs/%s/clock", job), nil, 200)["seconds"].(object)
			if c := got["customer"].(float64); confirmed && c < 9.9*3600 || !confirmed && c != 0 {
				t.Errorf("confirmed %v: the customer's time is %v s", confirmed, c)
			}
		}
	})
}
