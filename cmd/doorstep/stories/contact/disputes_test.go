package contact

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/google/uuid"
)

func TestADisputedAttemptStopsCountingUntilSomebodyDecides(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.decided", "dispute.opened")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		first := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		h.Clock.Advance(3 * time.Hour)
		second := maya.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		m := h.CustomerPage(job)
		page := m.Read()
		for _, words := range []string{"We tried to reach you 2 times", "no answer", "phone switched off", "written down by hand"} {
			if !strings.Contains(page, words) {
				t.Errorf("the page does not say %q", words)
			}
		}
		if strings.Contains(page, "Surname") || strings.Contains(page, "Maya") {
			t.Error("the page names who tried")
		}
		m.Submit("dispute", 422, "attempt_id", second.ID)                                              // without saying what
		m.Submit("dispute", 422, "attempt_id", uuid.NewString(), "claim", "phone_was_on")              // of nobody
		m.Submit("dispute", 303, "attempt_id", second.ID, "claim", "phone_was_on")                     // once
		m.Submit("dispute", 409, "attempt_id", second.ID, "claim", "phone_was_on")                     // is enough
		desk.Send("POST", path("/v1/attempts/%s/dispute", second), object{"reason": "it was on"}, 409) // by any way
		list := items(desk.Send("GET", "/v1/disputes?status=open", nil, 200))
		if len(list) != 1 || list[0]["default"] != "strike" || list[0]["subject"] != "attempt" || len(list[0]["actions"].([]any)) != 0 {
			t.Fatalf("open disputes: %v", list)
		}
		if !strings.Contains(m.Read(), "It does not count until it is decided") {
			t.Error("the page does not say that it is looked at")
		}
		why := ""
		for _, x := range desk.Verdict(job)["does_not_count"].([]any) {
			if x.(object)["id"] == second.ID {
				why = x.(object)["why"].(string)
			}
		}
		if !strings.Contains(why, "disputed") {
			t.Errorf("the disputed attempt does not count because %q", why)
		}
		// Who may decide: the area manager, not about her own; another one does.
		desk.Send("POST", path("/v1/attempts/%s/decide", second), object{"decision": "strike", "reasons": "as asked"}, 403)
		maya.Send("POST", path("/v1/attempts/%s/decide", second), object{"decision": "strike", "reasons": "as asked"}, 403)
		h.As("maya2").Send("POST", path("/v1/attempts/%s/decide", second), object{"decision": "strike", "reasons": "as asked"}, 404)
		noor := h.As("noor")
		noor.Send("POST", path("/v1/attempts/%s/decide", first), object{"decision": "strike", "reasons": "as asked"}, 409)
		noor.Send("POST", path("/v1/attempts/%s/decide", second), object{"decision": "maybe", "reasons": "as asked"}, 400)
		got := noor.Send("POST", path("/v1/attempts/%s/decide", second),
			object{"decision": "strike", "reasons": "The operator shows the phone on."},
			200)
		if got["status"] != "struck" || got["by_default"] != false {
			t.Fatalf("decided: %v", got)
		}
		noor.Send("POST", path("/v1/disputes/%s/decide", got), object{"decision": "uphold", "reasons": "as asked"}, 409)
		if !strings.Contains(m.Read(), "The operator shows the phone on.") {
			t.Error("the household does not read the reasons")
		}
	})
}

func TestADisputeEndsByItsDefaultAndInTime(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.decided", "dispute.opened", "queue.morning")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		proven := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		_, err := h.DB.SQL().ExecContext(h.Context(), "UPDATE attempts SET grade = 'proven'") // as from a provider's receipt
		h.Must(err)
		said := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		late := desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		m := h.CustomerPage(job)
		m.Submit("dispute", 303, "attempt_id", proven.ID, "claim", "phone_was_on")
		m.Submit("dispute", 303, "attempt_id", said.ID, "claim", "phone_was_on")
		// Having had the page before it, the household was told of all of them.
		h.Clock.Advance(24*time.Hour + time.Second)
		m.Submit("dispute", 409, "attempt_id", late.ID, "claim", "other", "reason", "too late")
		h.Advance(48 * time.Hour)
		for _, f := range items(desk.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)) {
			want := map[any]string{proven.ID: "upheld", said.ID: "struck"}[f["attempt_id"]]
			if f["status"] != want || f["by_default"] != true || f["reasons"] == "" {
				t.Errorf("a dispute of %v ended %v by default %v, want %s", f["attempt_id"], f["status"], f["by_default"], want)
			}
		}
	})
}

func TestDoneIsAClaim(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.decided", "dispute.decided_home", "dispute.desk", "dispute.opened", "queue.morning", "visit.arrived",
			"visit.assigned", "visit.completed", "visit.en_route", "visit.offered")
		desk, noor := h.As("kiran"), h.As("noor")
		opened := ""
		nobodyCame := func() (job, visit object, m *harness.CustomerPage) {
			_, job = h.Household(desk, nil)
			opened = job["opened_at"].(string)
			visit = h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			m = h.CustomerPage(job)
			m.RegisterDevice("home:" + harness.String(job["id"]))
			h.WorkUntil("ravi", visit, "complete", object{"work_done": "relay"})
			h.Settle()
			m.Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "nobody_came")
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" || got["opened_at"] != opened {
				t.Fatalf("the job is %v since %v, want open since %v", got["status"], got["opened_at"], opened)
			}
			return job, visit, m
		}
		job, visit, m := nobodyCame()
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); got["disputed"] != true || got["told_at"] == nil {
			t.Errorf("disputed %v, told at %v", got["disputed"], got["told_at"])
		}
		f := items(noor.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200))[0]
		noor.Send("POST", path("/v1/disputes/%s/decide", f), object{"decision": "uphold", "reasons": "the relay is in"}, 200)
		if got := desk.Job(job); got.Status != "resolved" {
			t.Errorf("an upheld completion leaves the job %v", got.Status)
		}
		m.Submit("dispute", 409, "visit_id", harness.String(visit["id"]), "claim", "nobody_came")
		// InvalidPhones, by default: nobody decided in time and there is no receipt.
		h.Clock.Advance(24 * time.Hour)
		job, visit, _ = nobodyCame()
		h.Advance(72*time.Hour + time.Minute)
		if got := desk.Visit(visit); got.Status != "missed" || got.CountsAgainst != "brand" {
			t.Errorf("a struck completion is %v, counted against %v", got.Status, got.CountsAgainst)
		}
		if got := desk.Job(job); got.Status != "open" {
			t.Errorf("the job is %v", got.Status)
		}
		// A job that closed by itself comes back too, for it was never told of.
		_, job = h.Household(desk, nil)
		visit = h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena")
		h.WorkUntil("meena", visit, "complete", nil)
		h.UntilClosed()
		if got := desk.Job(job); got.Status != "closed" {
			t.Fatalf("the job is %v", got.Status)
		}
		h.CustomerPage(job).Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "not_done")
		if got := desk.Job(job); got.Status != "open" {
			t.Errorf("after the objection the job is %v", got.Status)
		}
	})
}

var endCode = regexp.MustCompile(`<b>(\d{6})</b>`)

func TestEndCodeConfirmsAndNeverStandsInTheWay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		atWork := func() (visit object, code string, m *harness.CustomerPage) {
			_, job := h.Household(desk, nil)
			visit = h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			m = h.CustomerPage(job)
			if endCode.MatchString(m.Read()) {
				t.Error("the end code is shown before arrival")
			}
			ravi.StartVisit(visit)
			found := endCode.FindStringSubmatch(m.Read())
			if found == nil {
				t.Fatal("no end code after arrival")
			}
			return visit, found[1], m
		}
		visit, code, _ := atWork()
		out := ravi.Send("POST", path("/v1/visits/%s/complete", visit), object{"work_done": "relay", "tested": "cools", "end_code": code}, 200)
		if out["done_confirmed_how"] != "code" {
			t.Errorf("confirmed by %q", out["done_confirmed_how"])
		}
		h.Clock.Advance(4 * time.Hour)
		visit, code, m := atWork()
		out = ravi.Send("POST", path("/v1/visits/%s/complete", visit), object{"work_done": "relay", "tested": "cools", "end_code": "1" + code},
			200)
		if out["status"] != "completed" || out["done_confirmed_at"] != nil {
			t.Errorf("with a wrong code the visit is %v, confirmed at %v", out["status"], out["done_confirmed_at"])
		}
		for range 4 {
			ravi.Send("POST", path("/v1/visits/%s/confirm-done", visit), object{"end_code": "x"}, 422)
		}
		ravi.Send("POST", path("/v1/visits/%s/confirm-done", visit), object{"end_code": code}, 409) // too many tries
		desk.Send("POST", path("/v1/visits/%s/confirm-done", visit), nil, 409)                      // without a contact
		m.Submit("done", 303)
		if got := desk.Visit(visit); got.DoneConfirmedHow != "link" {
			t.Errorf("confirmed by %q", got.DoneConfirmedHow)
		}
		if strings.Contains(m.Read(), "it is not done") {
			t.Error("what the household confirmed itself is offered for dispute")
		}
		h.Clock.Advance(20 * time.Hour)
		visit, _, _ = atWork()
		ravi.CompleteVisit(visit)
		out = desk.Send("POST", path("/v1/visits/%s/confirm-done", visit),
			object{"contact": object{"direction": "inbound", "channel": "phone", "outcome": "reached"}}, 200)
		if out["done_confirmed_how"] != "desk" {
			t.Errorf("confirmed by %q", out["done_confirmed_how"])
		}
	})
}

func TestUnconfirmedCompletionsAreSampledByTheBrand(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.desk", "dispute.opened", "visit.assigned")
		desk, gita := h.As("kiran"), h.As("gita")
		complete := func(code string) object { // a wrong code is always asked about
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			h.As("ravi").CompleteVisit(visit, bodies.Finish{EndCode: code})
			h.Clock.Advance(2 * time.Hour)
			return visit
		}
		asked, denied := complete("000"), complete("000")
		h.Advance(25 * time.Hour)
		desk.Send("GET", "/v1/completion-checks", nil, 403)
		checks := map[any]object{}
		for _, c := range items(gita.Send("GET", "/v1/completion-checks?status=open", nil, 200)) {
			checks[c["visit_id"]] = c
			if !harness.Offers(c, "answer") {
				t.Errorf("whose question it is may do %v", c["actions"])
			}
		}
		if len(checks) != 2 {
			t.Fatalf("%d completions are asked about, want 2", len(checks))
		}
		call := object{"channel": "phone", "outcome": "reached"}
		gita.Send("POST", path("/v1/completion-checks/%s/answer", checks[asked["id"]]), object{"result": "confirmed"}, 409) // nobody was reached
		gita.Send("POST", path("/v1/completion-checks/%s/answer", checks[asked["id"]]), object{"result": "confirmed", "contact": call}, 200)
		gita.Send("POST", path("/v1/completion-checks/%s/answer", checks[denied["id"]]),
			object{"result": "not_done", "contact": call, "note": "he never came"}, 200)
		gita.Send("POST", path("/v1/completion-checks/%s/answer", checks[denied["id"]]), object{"result": "confirmed", "contact": call}, 409)
		if got := desk.Visit(asked); got.DoneConfirmedHow != "desk" {
			t.Errorf("confirmed by %q", got.DoneConfirmedHow)
		}
		if got := desk.Visit(denied); got.Disputed != true {
			t.Error("what the household denied to the brand is not disputed")
		}
	})
}

func TestNotAgreed(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.desk", "dispute.opened", "visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi") // the job is his to see
		from := harness.Monday.Add(28 * time.Hour)
		visit := ravi.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": from.Format(time.RFC3339),
			"window_end": from.Add(2 * time.Hour).Format(time.RFC3339),
			"contact":    object{"channel": "phone", "outcome": "reached"}}, 201)
		if visit["confirmation"] != "confirmed" || visit["agreed_attempt_id"] == nil {
			t.Fatalf("the visit is %v by %v", visit["confirmation"], visit["agreed_attempt_id"])
		}
		m := h.CustomerPage(job)
		m.Submit("dispute", 303, "visit_id", harness.String(visit["id"]), "claim", "not_agreed")
		got := desk.Visit(visit)
		if got.Confirmation != "declined" {
			t.Errorf("the visit is %v", got.Confirmation)
		}
		for _, a := range items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)) {
			if a["id"] == visit["agreed_attempt_id"] && a["discounted"] == "" {
				t.Error("the contact that the household denies counts")
			}
		}
	})
}

func TestADeskDoesForACallerWhatTheLinkDoes(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.reached", "visit.another_time", "visit.assigned", "visit.cancelled", "visit.cancelled_by_customer",
			"visit.confirmed")
		desk := h.As("kiran")
		job := harness.UnreachableHousehold(h)
		voice := func(body object, want int) object {
			return desk.Send("POST", path("/v1/jobs/%s/voice", job), body, want)
		}
		voice(object{"action": "another-time", "date": h.Clock.Now().AddDate(0, 0, 2).Format("2006-01-02"), "part": "morning"}, 200)
		if v := desk.Verdict(job); v["verdict"] != "reached" {
			t.Fatalf("after the call the verdict is %v", v["verdict"])
		}
		visit := h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour), "ravi")
		voice(object{"action": "confirm"}, 200)
		if got := desk.Visit(visit); got.Confirmation != "confirmed" || got.ConfirmedHow != "call" {
			t.Errorf("the visit is %v by %v", got.Confirmation, got.ConfirmedHow)
		}
		voice(object{"action": "call-me", "note": "after six"}, 200)
		out := voice(object{"action": "cancel", "contact": object{"direction": "inbound", "channel": "whatsapp", "outcome": "reached"}}, 200)
		if out["contact_attempt_id"] == nil || out["job"].(object)["status"] != "open" {
			t.Errorf("cancelled by voice: %v", out)
		}
		voice(object{"action": "fly"}, 400)
		voice(object{"action": "cancel"}, 409)
		h.As("meena").Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "call-me"}, 404)
		// The facts are the household's, and name who wrote them down.
		named := false
		for _, f := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			named = named || f["kind"] == "visit.cancelled" && f["by_role"] == "customer" && f["by_id"] == desk.ID.String()
		}
		if !named {
			t.Error("the cancellation by voice is not the household's, written down by the desk")
		}
	})
}

func TestAStrangersWordsAreUndone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "link.wrong_person", "visit.assigned", "visit.cancelled", "visit.cancelled_by_customer",
			"visit.confirmed", "visit.offered")
		desk := h.As("kiran")
		customer, job := h.Household(desk, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		tried := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", Address: harness.String(number)})
		visit := h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		m := h.CustomerPage(job)
		m.RegisterDevice("home:stranger")
		m.Submit("confirm", 303)
		m.Submit("dispute", 303, "attempt_id", tried.ID, "claim", "phone_was_on")
		m.Submit("cancel", 303)
		if v := desk.Verdict(job); v["verdict"] != "reached" {
			t.Fatalf("the stranger's taps leave the verdict %v", v["verdict"])
		}
		m.Submit("wrong-person", 200)
		got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)
		if got["status"] != "scheduled" || got["confirmation"] != "awaiting" || len(got["crew"].([]any)) != 1 {
			t.Errorf("the visit is %v, %v, crew %v", got["status"], got["confirmation"], got["crew"])
		}
		if v := desk.Verdict(job); v["verdict"] != "trying" || v["last_contact_at"] != nil {
			t.Errorf("without the stranger the verdict is %v, last contact %v", v["verdict"], v["last_contact_at"])
		}
		c := desk.Send("GET", path("/v1/customers/%s", customer), nil, 200)["contacts"].([]any)[0].(object)
		if len(c["phones"].([]any)) != 0 || c["struck_phones"].([]any)[0] != number {
			t.Errorf("phones %v, struck %v", c["phones"], c["struck_phones"])
		}
		if f := items(desk.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)); f[0]["status"] != "withdrawn" {
			t.Errorf("the stranger's dispute is %v", f[0]["status"])
		}
		_, res := h.Anonymous().Raw("GET", m.Link, nil)
		if res.StatusCode != 404 {
			t.Errorf("his link answers %d", res.StatusCode)
		}
		h.Advance(20 * time.Hour)
		h.CustomerPage(job).Submit("confirm", 303) // the right person has a new one
	})
}

func TestAClosedJobIsReopenedByLink(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		job := harness.UnreachableHousehold(h)
		h.Ignores("job.reopened")
		desk := h.As("kiran")
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		h.Advance(7 * 24 * time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 200)
		m := h.CustomerPage(job)
		if !strings.Contains(m.Read(), "Go on with this repair") {
			t.Fatal("the page of a closed job offers no way back")
		}
		h.Advance(29 * 24 * time.Hour)
		m.Submit("reopen", 303)
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "open" || got["opened_at"] != job["opened_at"] {
			t.Errorf("the job is %v since %v", got["status"], got["opened_at"])
		}
	})
}
