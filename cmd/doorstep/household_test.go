package main

import (
	"strings"
	"testing"
	"time"
)

// What a household was promised ends with its job; what was broken before
// stays broken in the figures.
func TestPromisesEndWithTheJob(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("promise.late", "promise.yours", "queue.morning")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		h.home(desk, job).taps("call-me", 303)
		late := items(desk.send("GET", "/v1/promises?job_id="+toString(job["id"]), nil, 200))[0]
		h.advance(3 * 24 * time.Hour)
		open := desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"what": "the part's price", "kind": "other"}, 201)
		desk.send("POST", path("/v1/jobs/%s/cancel", job), obj{"reason": "customer"}, 200)
		for id, want := range map[string]string{toString(late["id"]): "broken", toString(open["id"]): "void"} {
			if got := desk.send("GET", "/v1/promises/"+id, nil, 200); got["status"] != want {
				t.Errorf("after the job it is %v, want %s", got["status"], want)
			}
		}
		desk.send("POST", path("/v1/promises/%s/keep", open), obj{"contact": obj{"channel": "phone", "outcome": "reached"}}, 409)
		before := len(h.titles("asha"))
		h.advance(24 * time.Hour)
		if len(h.titles("asha")) != before {
			t.Errorf("it climbs on after the job: %v", h.titles("asha"))
		}
	})
}

// Whoever is told of a late promise reads by when it was due.
func TestSuperiorsReadWhenAPromiseWasDue(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("promise.late")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		due := h.clock.Now().Add(2 * time.Hour)
		desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"what": "call", "due_at": due.Format(time.RFC3339)}, 201)
		for range 7 { // an hour after its due time the proprietor, after four the area manager
			h.advance(time.Hour)
		}
		kolkata, _ := time.LoadLocation("Asia/Kolkata")
		for _, login := range []string{"asha", "maya"} {
			read := false
			for _, n := range items(h.as(login).send("GET", "/v1/inbox", nil, 200)) {
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
	stories(t, func(h *harness) {
		h.ignores("dispute.decided", "dispute.desk", "dispute.opened", "visit.assigned", "visit.confirmed")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(48*time.Hour), "ravi")
		desk.send("POST", path("/v1/visits/%s/confirm", visit), obj{"contact": obj{"channel": "phone", "outcome": "reached"}}, 200)
		m := h.home(desk, job)
		m.taps("dispute", 303, "visit_id", toString(visit["id"]), "claim", "not_agreed")
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["confirmation"] != "declined" {
			t.Fatalf("denied, it is %v", got["confirmation"])
		}
		dispute := items(desk.send("GET", "/v1/disputes?status=open", nil, 200))[0]
		h.as("maya").send("POST", path("/v1/disputes/%s/decide", dispute), obj{"decision": "uphold", "reasons": "The call was recorded."}, 200)
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["confirmation"] != "confirmed" {
			t.Errorf("upheld, it is %v", got["confirmation"])
		}
		if !strings.Contains(m.page(), "The call was recorded.") {
			t.Error("the household does not read why")
		}
	})
}

// The reasons that the clock gives are read in the household's language.
func TestTheDefaultIsExplainedInTheReadersLanguage(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.decided", "dispute.opened", "queue.morning")
		desk := h.as("kiran")
		_, job := h.household(desk, obj{"language": "hi"})
		desk.attempt(job, "phone", "switched_off", nil)
		tried := items(desk.send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))[0]
		m := h.home(desk, job)
		m.taps("dispute", 303, "attempt_id", toString(tried["id"]), "claim", "phone_was_on")
		h.advance(80 * time.Hour)
		body, _ := h.anonymous().raw("GET", m.link, nil, "Accept-Language", "hi")
		if page := string(body); strings.Contains(page, "Nobody decided") || !strings.Contains(page, "आप सही थे") {
			t.Error("the page speaks English of the default, or does not speak of it")
		}
	})
}

// To a household that cannot read, a message is no notice: it takes a spoken
// try and one at the second contact (docs/product.md section 4, "last notice").
func TestAMessageIsNoNoticeToWhoCannotRead(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("job.call_once_more", "job.unreachable")
		desk, asha := h.as("kiran"), h.as("asha")
		customer, job := h.household(desk, obj{"contacts": []obj{{"name": "Dadi", "phones": []string{"+919811100001"}, "voice_only": true},
			{"name": "Son", "relation": "son", "phones": []string{"+919811100002"}, "voice_only": true}}})
		contacts := customer["contacts"].([]any)
		son := contacts[1].(obj)["id"]
		try := func(by *person, channel, outcome string, more obj) { by.attempt(job, channel, outcome, more) }
		try(desk, "phone", "no_answer", obj{"ring_seconds": 30, "grade": "recorded", "contact_id": contacts[0].(obj)["id"]})
		h.clock.Advance(4 * time.Hour)
		try(asha, "doorstep", "nobody_home", obj{"place_reason": "the map has the lane wrong", "contact_id": contacts[0].(obj)["id"]})
		h.clock.Advance(27 * time.Hour)
		try(desk, "phone", "switched_off", obj{"contact_id": son})
		try(desk, "sms", "sent", obj{"last_notice": true, "contact_id": son})
		h.advance(30 * time.Hour)
		v := desk.verdict(job)
		if v["verdict"] != "trying" {
			t.Fatalf("a message became a last notice: %v, missing %v", v["verdict"], v["missing"])
		}
		// Tuesday 16:00 + 30 h is Wednesday 22:00; on Thursday both are called.
		h.advance(13 * time.Hour)
		try(desk, "phone", "no_answer", obj{"ring_seconds": 30, "contact_id": contacts[0].(obj)["id"]})
		try(asha, "phone", "no_answer", obj{"ring_seconds": 30, "contact_id": son})
		if v := desk.verdict(job); v["verdict"] != "last_notice" {
			t.Fatalf("after the spoken notice: %v, missing %v", v["verdict"], v["missing"])
		}
		h.advance(24*time.Hour + time.Minute)
		if v := desk.verdict(job); v["verdict"] != "unreachable" {
			t.Errorf("a day later: %v, missing %v", v["verdict"], v["missing"])
		}
	})
}

// Several wishes of one call are one contact; the next call is another one.
func TestOneCallIsOneContact(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("promise.again", "promise.late")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		wish := func(action string) obj {
			return desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": action}, 200)
		}
		one := wish("call-me")["contact_attempt_id"]
		if two := wish("could-not-reach")["contact_attempt_id"]; two != one {
			t.Error("the second wish of a call is another contact")
		}
		h.clock.Advance(2 * time.Hour)
		if next := wish("could-not-reach")["contact_attempt_id"]; next == one {
			t.Error("the call two hours later is the same contact")
		}
	})
}

// The page says by when to answer, and from when the job may be closed.
func TestThePageNamesItsDays(t *testing.T) {
	stories(t, func(h *harness) {
		job := unreachableHousehold(h)
		desk := h.as("kiran")
		kolkata, _ := time.LoadLocation("Asia/Kolkata")
		closes := h.clock.Now().Add(7 * 24 * time.Hour).In(kolkata)
		if page := h.home(desk, job).page(); !strings.Contains(page, "It may be closed after this time") ||
			!strings.Contains(page, closes.Format("2 January")) {
			t.Errorf("the page does not name %s", closes.Format("2 January"))
		}
		text := desk.send("GET", path("/v1/jobs/%s/link", job), nil, 200)["text"].(string)
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
	stories(t, func(h *harness) {
		h.ignores("job.notice_ready", "job.unreachable")
		desk, asha, maya := h.as("kiran"), h.as("asha"), h.as("maya")
		customer, _ := h.household(desk, nil)
		job := desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "smells of gas", "category": "refrigerator",
			"safety_critical": true}, 201)
		desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30, "grade": "recorded"})
		h.clock.Advance(4 * time.Hour)
		asha.attempt(job, "sms", "delivered", nil)
		h.clock.Advance(27 * time.Hour)
		desk.attempt(job, "phone", "switched_off", nil)
		desk.attempt(job, "sms", "sent", obj{"last_notice": true})
		h.advance(6 * 24 * time.Hour)
		maya.send("POST", path("/v1/jobs/%s/hold", job), obj{"kind": "unreachable", "reason": "neighbours say they are away"}, 200)
		h.advance(2 * 24 * time.Hour)
		maya.send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		h.advance(5*24*time.Hour + time.Minute)
		maya.send("POST", path("/v1/jobs/%s/close", job), nil, 200)
	})
}

// What lies between a completion that the household confirmed and its return
// is nobody's waiting; a completion that it denies is the centre's time.
func TestTheClockAfterAReturn(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.desk", "dispute.opened", "job.reopened", "visit.assigned")
		desk := h.as("kiran")
		for _, confirmed := range []bool{true, false} {
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
			h.throughTo("ravi", visit, "complete", nil)
			m := h.home(desk, job)
			if confirmed {
				m.taps("done", 303)
			}
			h.advance(10 * time.Hour)
			if confirmed {
				m.taps("reopen", 303)
			} else {
				m.taps("dispute", 303, "visit_id", toString(visit["id"]), "claim", "nobody_came")
			}
			h.advance(12 * time.Hour) // the next morning
			got := desk.send("GET", path("/v1/jobs/%s/clock", job), nil, 200)["seconds"].(obj)
			if c := got["customer"].(float64); confirmed && c < 9.9*3600 || !confirmed && c != 0 {
				t.Errorf("confirmed %v: the customer's time is %v s", confirmed, c)
			}
		}
	})
}
