package contact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/domain/casework"
)

// numbersOf are the numbers of a job's household, as its desk reads them.
func numbersOf(h *harness.Harness, job object) string {
	h.Helper()
	c := h.As("kiran").Send("GET", path("/v1/customers/%s", object{"id": job["customer_id"]}), nil, 200)
	return fmt.Sprint(c["contacts"].([]any)[0].(object)["phones"])
}

// TestTheLastNumberIsStruck: the accused technician says that the household's only number is wrong. The household is asked by what it
// has, or the area manager is; it comes back at the household's own word, at a decision, and by a call from it that somebody
// else takes.
func TestTheLastNumberIsStruck(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "number.verify", "number.refused", "dispute.opened", "dispute.decided")
		h.MayIgnore("visit.offered", "dispute.decided_home", "silence.desk", "job.silent", "promise.yours", "jobs.silent", "visit.unconfirmed",
			"visit.call_desk", "queue.morning", "promise.late", "visit.missed_desk", "visit.missed")
		desk, ravi, maya, noor := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("noor")
		n := 0
		struck := func(device bool) (job, attempt object, number string, page *harness.CustomerPage) {
			h.Helper()
			n++
			number = fmt.Sprintf("+9198123800%02d", n)
			_, job = h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{number}}}})
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Duration(n)*70*time.Minute), "ravi")
			page = h.CustomerPage(job)
			if device {
				page.RegisterDevice("home:" + number)
			}
			attempt = ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "wrong_number",
				"address": number, "ring_seconds": 3}, 201)
			if got := numbersOf(h, job); got != "[]" {
				t.Fatalf("struck, it has %s", got)
			}
			if device {
				h.ExpectOn("home:"+number, "Your number was changed")
			}
			return job, attempt, number, page
		}
		asked := func(by *harness.Client, job object, status string) (out []object) {
			h.Helper()
			for _, r := range items(by.Send("GET", "/v1/link-requests?limit=100&status="+status, nil, 200)) {
				if r["job_id"] == job["id"] {
					out = append(out, r)
				}
			}
			return out
		}
		back := func(what string, job object, number string) {
			h.Helper()
			if got := numbersOf(h, job); got != "["+number+"]" {
				t.Errorf("%s: the numbers are %s", what, got)
			}
			if left := asked(maya, job, "pending"); len(left) != 0 {
				t.Errorf("%s: it is still asked %v", what, left)
			}
		}
		// By its own link, at once; and it proves what it proved.
		job, _, number, page := struck(true)
		page.Submit("undo", 303)
		back("the household says no", job, number)
		start := h.Clock.Now().UTC().Truncate(time.Second)
		h.Clock.Advance(time.Minute)
		a := desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "reached", "address": number,
			"call_seconds": 30, "occurred_at": start.Format(time.RFC3339), "evidence_digest": casework.CallDigest(number, start, 30)}, 201)
		if a["grade"] != "recorded" {
			t.Errorf("a call to it is %v: %v", a["grade"], a["grade_why"])
		}
		// Its word that the strike is right.
		job, _, _, page = struck(true)
		page.Submit("verify", 303)
		if got := numbersOf(h, job); got != "[]" || len(asked(maya, job, "pending")) != 0 {
			t.Errorf("the household says that it is not its number: %s", got)
		}
		// Nobody can be told: the area manager, in two days, and never who struck it.
		job, _, number, _ = struck(false)
		list := asked(maya, job, "pending")
		if len(list) != 1 || list[0]["default"] != "The number proves nothing." ||
			!harness.Instant(t, list[0]["due_at"]).Equal(h.Clock.Now().Add(domain.LinkRequestDue).Truncate(time.Millisecond)) {
			t.Fatalf("whoever vouches is asked %v", list)
		}
		maya.Send("POST", path("/v1/link-requests/%s/decide", list[0]), object{"decision": "accept", "reasons": "met them at the door"}, 200)
		back("the area manager vouches", job, number)
		maya.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "wrong_number", "address": number}, 201)
		list = asked(noor, job, "pending")
		maya.Send("POST", path("/v1/link-requests/%s/decide", list[0]), object{"decision": "accept", "reasons": "I struck it myself"}, 403)
		noor.Send("POST", path("/v1/link-requests/%s/decide", list[0]), object{"decision": "refuse", "reasons": "a stranger answers"}, 200)
		if got := numbersOf(h, job); got != "[]" {
			t.Errorf("refused, it has %s", got)
		}
		// What takes the attempt back gives the number back: the own link at once, a caller's word with the decision.
		var attempt object
		job, attempt, number, page = struck(true)
		page.Submit("dispute", 303, "attempt_id", harness.String(attempt["id"]), "claim", "other", "reason", "it is my number")
		back("it is disputed by its own link", job, number)
		f := items(noor.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200))[0]
		noor.Send("POST", path("/v1/disputes/%s/decide", f), object{"decision": "uphold", "reasons": "I rang: a stranger"}, 200)
		if got := numbersOf(h, job); got != "[]" {
			t.Errorf("upheld, it has %s", got)
		}
		job, attempt, number, _ = struck(false)
		desk.Send("POST", path("/v1/attempts/%s/dispute", attempt), object{"claim": "other", "reason": "it is theirs",
			"contact": object{"channel": "phone", "outcome": "reached", "direction": "inbound"}}, 201)
		if got := numbersOf(h, job); got != "[]" {
			t.Errorf("a caller's word gave back %s", got)
		}
		h.Advance(72*time.Hour + time.Minute)
		back("nobody decided", job, number)
		// A call from it that somebody else takes is heard: contact, a call back, and the number lives.
		job, _, number, _ = struck(false)
		ravi.Send("POST", "/v1/contacts", object{"phone": number, "note": "never mind, they say"}, 202)
		h.Settle()
		if got := numbersOf(h, job); got != "[]" || desk.Verdict(job)["verdict"] == "reached" {
			t.Errorf("who struck it gave it back: %s, %v", got, desk.Verdict(job)["verdict"])
		}
		h.As("gita").Send("POST", "/v1/contacts", object{"phone": number, "direction": "inbound", "outcome": "wrong_number"}, 202)
		h.Settle()
		if got := numbersOf(h, job); got != "[]" {
			t.Errorf("a stranger who calls gave it back: %s", got)
		}
		h.As("gita").Send("POST", "/v1/contacts", object{"phone": number, "note": "please call me back, where is he"}, 202)
		h.Settle()
		back("it called", job, number)
		if got := desk.Verdict(job)["verdict"]; got != "reached" {
			t.Errorf("it called, and the verdict is %v", got)
		}
		if list := items(desk.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200)); !slices.ContainsFunc(list, func(p object) bool {
			return p["what"] == "please call me back, where is he"
		}) {
			t.Errorf("nobody calls it back: %v", list)
		}
		h.Expect("kiran", "Please call back")
	})
}
