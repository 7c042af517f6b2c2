package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// household is a family at its page.
type household struct {
	h    *harness
	link string
}

func (h *harness) home(desk *person, job obj) *household {
	h.Helper()
	share := desk.send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
	return &household{h, strings.TrimPrefix(share, h.base)}
}

func (m *household) page() string {
	m.h.Helper()
	body, res := m.h.anonymous().raw("GET", m.link, nil)
	if res.StatusCode != 200 {
		m.h.Fatalf("the page: %d", res.StatusCode)
	}
	return string(body)
}

// taps sends a form of the page as it stands now.
func (m *household) taps(action string, want int, fields ...string) string {
	m.h.Helper()
	key := formKey.FindStringSubmatch(m.page())
	if key == nil {
		m.h.Fatal("no form key on the page")
	}
	return m.sends(action, key[1], want, fields...)
}

func (m *household) sends(action, key string, want int, fields ...string) string {
	m.h.Helper()
	form := url.Values{"form_key": {key}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	body, res := m.h.anonymous().raw("POST", m.link+"/"+action, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if res.StatusCode != want {
		m.h.Fatalf("%s: %d, want %d:\n%s", action, res.StatusCode, want, body)
	}
	if res.StatusCode == http.StatusSeeOther {
		body, _ = m.h.anonymous().raw("GET", res.Header.Get("Location"), nil)
	}
	return string(body)
}

// phone gives the household a device, so that it is told of things by push.
func (m *household) phone(token string) {
	m.h.Helper()
	m.h.anonymous().send("PUT", m.link+"/devices/"+uuid.NewString(), obj{"token": token, "platform": "web"}, 200)
}

func TestADisputedAttemptStopsCountingUntilSomebodyDecides(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.decided", "dispute.opened")
		desk, maya := h.as("kiran"), h.as("maya")
		_, job := h.household(desk, nil)
		first := desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30})
		h.clock.Advance(3 * time.Hour)
		second := maya.attempt(job, "phone", "switched_off", nil)
		m := h.home(desk, job)
		page := m.page()
		for _, words := range []string{"We tried to reach you 2 times", "no answer", "phone switched off", "written down by hand"} {
			if !strings.Contains(page, words) {
				t.Errorf("the page does not say %q", words)
			}
		}
		if strings.Contains(page, "Surname") || strings.Contains(page, "Maya") {
			t.Error("the page names who tried")
		}
		m.taps("dispute", 422, "attempt_id", toString(second["id"]))                                // without saying what
		m.taps("dispute", 422, "attempt_id", uuid.NewString(), "claim", "phone_was_on")             // of nobody
		m.taps("dispute", 303, "attempt_id", toString(second["id"]), "claim", "phone_was_on")       // once
		m.taps("dispute", 409, "attempt_id", toString(second["id"]), "claim", "phone_was_on")       // is enough
		desk.send("POST", path("/v1/attempts/%s/dispute", second), obj{"reason": "it was on"}, 409) // by any way
		list := items(desk.send("GET", "/v1/disputes?status=open", nil, 200))
		if len(list) != 1 || list[0]["default"] != "strike" || list[0]["subject"] != "attempt" || len(list[0]["actions"].([]any)) != 0 {
			t.Fatalf("open disputes: %v", list)
		}
		if !strings.Contains(m.page(), "It does not count until it is decided") {
			t.Error("the page does not say that it is looked at")
		}
		why := ""
		for _, x := range desk.verdict(job)["does_not_count"].([]any) {
			if x.(obj)["id"] == second["id"] {
				why = x.(obj)["why"].(string)
			}
		}
		if !strings.Contains(why, "disputed") {
			t.Errorf("the disputed attempt does not count because %q", why)
		}
		// Who may decide: the area manager, not about her own; another one does.
		desk.send("POST", path("/v1/attempts/%s/decide", second), obj{"decision": "strike", "reasons": "x"}, 403)
		maya.send("POST", path("/v1/attempts/%s/decide", second), obj{"decision": "strike", "reasons": "x"}, 403)
		h.as("maya2").send("POST", path("/v1/attempts/%s/decide", second), obj{"decision": "strike", "reasons": "x"}, 404)
		noor := h.as("noor")
		noor.send("POST", path("/v1/attempts/%s/decide", first), obj{"decision": "strike", "reasons": "x"}, 409)
		noor.send("POST", path("/v1/attempts/%s/decide", second), obj{"decision": "maybe", "reasons": "x"}, 400)
		got := noor.send("POST", path("/v1/attempts/%s/decide", second), obj{"decision": "strike", "reasons": "The operator shows the phone on."},
			200)
		if got["status"] != "struck" || got["by_default"] != false {
			t.Fatalf("decided: %v", got)
		}
		noor.send("POST", path("/v1/disputes/%s/decide", got), obj{"decision": "uphold", "reasons": "x"}, 409)
		if !strings.Contains(m.page(), "The operator shows the phone on.") {
			t.Error("the household does not read the reasons")
		}
	})
}

func TestADisputeEndsByItsDefaultAndInTime(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.decided", "dispute.opened", "queue.morning")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		proven := desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30, "grade": "proven", "evidence_digest": strings.Repeat("ab", 32)})
		said := desk.attempt(job, "phone", "switched_off", nil)
		late := desk.attempt(job, "sms", "delivered", nil)
		m := h.home(desk, job)
		m.taps("dispute", 303, "attempt_id", toString(proven["id"]), "claim", "phone_was_on")
		m.taps("dispute", 303, "attempt_id", toString(said["id"]), "claim", "phone_was_on")
		// Having had the page before it, the household was told of all of them.
		h.clock.Advance(24*time.Hour + time.Second)
		m.taps("dispute", 409, "attempt_id", toString(late["id"]), "claim", "other", "reason", "too late")
		h.advance(48 * time.Hour)
		for _, f := range items(desk.send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)) {
			want := map[any]string{proven["id"]: "upheld", said["id"]: "struck"}[f["attempt_id"]]
			if f["status"] != want || f["by_default"] != true || f["reasons"] == "" {
				t.Errorf("a dispute of %v ended %v by default %v, want %s", f["attempt_id"], f["status"], f["by_default"], want)
			}
		}
	})
}

// throughTo walks a visit to its end.
func (h *harness) throughTo(login string, visit obj, end string, body obj) obj {
	h.Helper()
	p := h.as(login)
	for _, action := range []string{"en-route", "arrive", "start"} {
		p.send("POST", path("/v1/visits/%s/", visit)+action, nil, 200)
		h.clock.Advance(5 * time.Minute)
	}
	if body == nil {
		body = obj{}
	}
	return p.send("POST", path("/v1/visits/%s/", visit)+end, body, 200)
}

func TestDoneIsAClaim(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.decided", "dispute.decided_home", "dispute.desk", "dispute.opened", "queue.morning", "visit.arrived",
			"visit.assigned", "visit.completed", "visit.en_route", "visit.offered")
		desk, noor := h.as("kiran"), h.as("noor")
		opened := ""
		nobodyCame := func() (job, visit obj, m *household) {
			_, job = h.household(desk, nil)
			opened = job["opened_at"].(string)
			visit = h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
			m = h.home(desk, job)
			m.phone("home:" + toString(job["id"]))
			h.throughTo("ravi", visit, "complete", obj{"work_done": "relay"})
			h.settle()
			m.taps("dispute", 303, "visit_id", toString(visit["id"]), "claim", "nobody_came")
			if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" || got["opened_at"] != opened {
				t.Fatalf("the job is %v since %v, want open since %v", got["status"], got["opened_at"], opened)
			}
			return job, visit, m
		}
		job, visit, m := nobodyCame()
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["disputed"] != true || got["told_at"] == nil {
			t.Errorf("disputed %v, told at %v", got["disputed"], got["told_at"])
		}
		f := items(noor.send("GET", path("/v1/disputes?job_id=%s", job), nil, 200))[0]
		noor.send("POST", path("/v1/disputes/%s/decide", f), obj{"decision": "uphold", "reasons": "the relay is in"}, 200)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "resolved" {
			t.Errorf("an upheld completion leaves the job %v", got["status"])
		}
		m.taps("dispute", 409, "visit_id", toString(visit["id"]), "claim", "nobody_came")
		// Struck, by default: nobody decided in time and there is no receipt.
		h.clock.Advance(24 * time.Hour)
		job, visit, _ = nobodyCame()
		h.advance(72*time.Hour + time.Minute)
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["status"] != "missed" || got["counts_against"] != "brand" {
			t.Errorf("a struck completion is %v, counted against %v", got["status"], got["counts_against"])
		}
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" {
			t.Errorf("the job is %v", got["status"])
		}
		// A job that closed by itself comes back too, for it was never told of.
		_, job = h.household(desk, nil)
		visit = h.visit(desk, job, h.clock.Now().Add(time.Hour), "meena")
		h.throughTo("meena", visit, "complete", nil)
		h.advance(73 * time.Hour)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "closed" {
			t.Fatalf("the job is %v", got["status"])
		}
		h.home(desk, job).taps("dispute", 303, "visit_id", toString(visit["id"]), "claim", "not_done")
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" {
			t.Errorf("after the objection the job is %v", got["status"])
		}
	})
}

var endCode = regexp.MustCompile(`<b>(\d{6})</b>`)

func TestEndCodeConfirmsAndNeverStandsInTheWay(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		atWork := func() (visit obj, code string, m *household) {
			_, job := h.household(desk, nil)
			visit = h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
			m = h.home(desk, job)
			if endCode.MatchString(m.page()) {
				t.Error("the end code is shown before arrival")
			}
			ravi.send("POST", path("/v1/visits/%s/start", visit), nil, 200)
			found := endCode.FindStringSubmatch(m.page())
			if found == nil {
				t.Fatal("no end code after arrival")
			}
			return visit, found[1], m
		}
		visit, code, _ := atWork()
		out := ravi.send("POST", path("/v1/visits/%s/complete", visit), obj{"end_code": code}, 200)
		if out["done_confirmed_how"] != "code" {
			t.Errorf("confirmed by %q", out["done_confirmed_how"])
		}
		h.clock.Advance(4 * time.Hour)
		visit, code, m := atWork()
		out = ravi.send("POST", path("/v1/visits/%s/complete", visit), obj{"end_code": "1" + code}, 200)
		if out["status"] != "completed" || out["done_confirmed_at"] != nil {
			t.Errorf("with a wrong code the visit is %v, confirmed at %v", out["status"], out["done_confirmed_at"])
		}
		for range 4 {
			ravi.send("POST", path("/v1/visits/%s/confirm-done", visit), obj{"end_code": "x"}, 422)
		}
		ravi.send("POST", path("/v1/visits/%s/confirm-done", visit), obj{"end_code": code}, 409) // too many tries
		desk.send("POST", path("/v1/visits/%s/confirm-done", visit), nil, 409)                   // without a contact
		m.taps("done", 303)
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["done_confirmed_how"] != "link" {
			t.Errorf("confirmed by %q", got["done_confirmed_how"])
		}
		if strings.Contains(m.page(), "it is not done") {
			t.Error("what the household confirmed itself is offered for dispute")
		}
		h.clock.Advance(20 * time.Hour)
		visit, _, _ = atWork()
		ravi.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
		out = desk.send("POST", path("/v1/visits/%s/confirm-done", visit),
			obj{"contact": obj{"direction": "inbound", "channel": "phone", "outcome": "reached"}}, 200)
		if out["done_confirmed_how"] != "desk" {
			t.Errorf("confirmed by %q", out["done_confirmed_how"])
		}
	})
}

func TestUnconfirmedCompletionsAreSampledByTheBrand(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.desk", "dispute.opened", "visit.assigned")
		desk, gita := h.as("kiran"), h.as("gita")
		complete := func(code string) obj { // a wrong code is always asked about
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
			h.as("ravi").send("POST", path("/v1/visits/%s/complete", visit), obj{"end_code": code}, 200)
			h.clock.Advance(2 * time.Hour)
			return visit
		}
		asked, denied := complete("000"), complete("000")
		h.advance(25 * time.Hour)
		desk.send("GET", "/v1/completion-checks", nil, 403)
		checks := map[any]obj{}
		for _, c := range items(gita.send("GET", "/v1/completion-checks?status=open", nil, 200)) {
			checks[c["visit_id"]] = c
			if !offers(c, "answer") {
				t.Errorf("whose question it is may do %v", c["actions"])
			}
		}
		if len(checks) != 2 {
			t.Fatalf("%d completions are asked about, want 2", len(checks))
		}
		call := obj{"channel": "phone", "outcome": "reached"}
		gita.send("POST", path("/v1/completion-checks/%s/answer", checks[asked["id"]]), obj{"result": "confirmed"}, 409) // nobody was reached
		gita.send("POST", path("/v1/completion-checks/%s/answer", checks[asked["id"]]), obj{"result": "confirmed", "contact": call}, 200)
		gita.send("POST", path("/v1/completion-checks/%s/answer", checks[denied["id"]]),
			obj{"result": "not_done", "contact": call, "note": "he never came"}, 200)
		gita.send("POST", path("/v1/completion-checks/%s/answer", checks[denied["id"]]), obj{"result": "confirmed", "contact": call}, 409)
		if got := desk.send("GET", path("/v1/visits/%s", asked), nil, 200); got["done_confirmed_how"] != "desk" {
			t.Errorf("confirmed by %q", got["done_confirmed_how"])
		}
		if got := desk.send("GET", path("/v1/visits/%s", denied), nil, 200); got["disputed"] != true {
			t.Error("what the household denied to the brand is not disputed")
		}
	})
}

func TestNotAgreed(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.desk", "dispute.opened", "visit.assigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		h.visit(desk, job, monday.Add(2*time.Hour), "ravi") // the job is his to see
		from := monday.Add(28 * time.Hour)
		visit := ravi.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": from.Format(time.RFC3339),
			"window_end": from.Add(2 * time.Hour).Format(time.RFC3339),
			"contact":    obj{"channel": "phone", "outcome": "reached"}}, 201)
		if visit["confirmation"] != "confirmed" || visit["agreed_attempt_id"] == nil {
			t.Fatalf("the visit is %v by %v", visit["confirmation"], visit["agreed_attempt_id"])
		}
		m := h.home(desk, job)
		m.taps("dispute", 303, "visit_id", toString(visit["id"]), "claim", "not_agreed")
		got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)
		if got["confirmation"] != "declined" {
			t.Errorf("the visit is %v", got["confirmation"])
		}
		for _, a := range items(desk.send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)) {
			if a["id"] == visit["agreed_attempt_id"] && a["discounted"] == "" {
				t.Error("the contact that the household denies counts")
			}
		}
	})
}

func TestADeskDoesForACallerWhatTheLinkDoes(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("job.reached", "visit.another_time", "visit.assigned", "visit.cancelled", "visit.cancelled_by_customer",
			"visit.confirmed")
		desk := h.as("kiran")
		job := unreachableHousehold(h)
		voice := func(body obj, want int) obj { return desk.send("POST", path("/v1/jobs/%s/voice", job), body, want) }
		voice(obj{"action": "another-time", "date": h.clock.Now().AddDate(0, 0, 2).Format("2006-01-02"), "part": "morning"}, 200)
		if v := desk.verdict(job); v["verdict"] != "reached" {
			t.Fatalf("after the call the verdict is %v", v["verdict"])
		}
		visit := h.visit(desk, job, h.clock.Now().Add(24*time.Hour), "ravi")
		voice(obj{"action": "confirm"}, 200)
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["confirmation"] != "confirmed" || got["confirmed_how"] != "call" {
			t.Errorf("the visit is %v by %v", got["confirmation"], got["confirmed_how"])
		}
		voice(obj{"action": "call-me", "note": "after six"}, 200)
		out := voice(obj{"action": "cancel", "contact": obj{"direction": "inbound", "channel": "whatsapp", "outcome": "reached"}}, 200)
		if out["contact_attempt_id"] == nil || out["job"].(obj)["status"] != "open" {
			t.Errorf("cancelled by voice: %v", out)
		}
		voice(obj{"action": "fly"}, 400)
		voice(obj{"action": "cancel"}, 409)
		h.as("meena").send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "call-me"}, 404)
		// The facts are the household's, and name who wrote them down.
		named := false
		for _, f := range items(desk.send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			named = named || f["kind"] == "visit.cancelled" && f["by_role"] == "customer" && f["by_id"] == desk.id.String()
		}
		if !named {
			t.Error("the cancellation by voice is not the household's, written down by the desk")
		}
	})
}

func TestAStrangersWordsAreUndone(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("dispute.opened", "link.wrong_person", "visit.assigned", "visit.cancelled", "visit.cancelled_by_customer",
			"visit.confirmed", "visit.offered")
		desk := h.as("kiran")
		customer, job := h.household(desk, nil)
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		tried := desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30})
		desk.attempt(job, "sms", "sent", obj{"address": number})
		visit := h.visit(desk, job, monday.Add(30*time.Hour), "ravi")
		m := h.home(desk, job)
		m.phone("home:stranger")
		m.taps("confirm", 303)
		m.taps("dispute", 303, "attempt_id", toString(tried["id"]), "claim", "phone_was_on")
		m.taps("cancel", 303)
		if v := desk.verdict(job); v["verdict"] != "reached" {
			t.Fatalf("the stranger's taps leave the verdict %v", v["verdict"])
		}
		m.taps("wrong-person", 200)
		got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)
		if got["status"] != "scheduled" || got["confirmation"] != "awaiting" || len(got["crew"].([]any)) != 1 {
			t.Errorf("the visit is %v, %v, crew %v", got["status"], got["confirmation"], got["crew"])
		}
		if v := desk.verdict(job); v["verdict"] != "trying" || v["last_contact_at"] != nil {
			t.Errorf("without the stranger the verdict is %v, last contact %v", v["verdict"], v["last_contact_at"])
		}
		c := desk.send("GET", path("/v1/customers/%s", customer), nil, 200)["contacts"].([]any)[0].(obj)
		if len(c["phones"].([]any)) != 0 || c["struck_phones"].([]any)[0] != number {
			t.Errorf("phones %v, struck %v", c["phones"], c["struck_phones"])
		}
		if f := items(desk.send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)); f[0]["status"] != "withdrawn" {
			t.Errorf("the stranger's dispute is %v", f[0]["status"])
		}
		_, res := h.anonymous().raw("GET", m.link, nil)
		if res.StatusCode != 404 {
			t.Errorf("his link answers %d", res.StatusCode)
		}
		h.advance(20 * time.Hour)
		h.home(desk, job).taps("confirm", 303) // the right person has a new one
	})
}

func TestAClosedJobIsReopenedByLink(t *testing.T) {
	stories(t, func(h *harness) {
		job := unreachableHousehold(h)
		h.ignores("job.reopened")
		desk := h.as("kiran")
		desk.send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		h.advance(7 * 24 * time.Hour)
		desk.send("POST", path("/v1/jobs/%s/close", job), nil, 200)
		m := h.home(desk, job)
		if !strings.Contains(m.page(), "Go on with this repair") {
			t.Fatal("the page of a closed job offers no way back")
		}
		h.advance(29 * 24 * time.Hour)
		m.taps("reopen", 303)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" || got["opened_at"] != job["opened_at"] {
			t.Errorf("the job is %v since %v", got["status"], got["opened_at"])
		}
	})
}
