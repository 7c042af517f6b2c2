package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

func TestTheQueueHoldsWhatWaitsForAManager(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "dispute.decided", "dispute.opened", "flag.decided", "flag.live", "flag.triaged",
			"hold.area", "hold.released", "hold.second", "promise.late", "queue.morning", "sos.raised", "sos.taken", "visit.assigned",
			"visit.missed_desk", "visit.needs_someone")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		if got := harness.Queue(maya); len(got) != 0 {
			t.Fatalf("before anything happened: %v", got)
		}
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
		tried := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		h.CustomerPage(job).Submit("dispute", 303, "attempt_id", tried.ID, "claim", "phone_was_on", "reason",
			"It lay before me.")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "canary-words"})
		ravi.RaiseSOS(bodies.SOSRaise{Note: "help"})
		got := harness.Queue(maya)
		for kind, want := range map[string]string{"sos": "I am on it", "hold": "", "triage": "Triage", "dispute": "Decide"} {
			if got[kind] == nil || harness.MoveLabels(got[kind]) != want || got[kind]["default"] == "" {
				t.Errorf("%s: %v", kind, got[kind])
			}
		}
		list := items(maya.Send("GET", "/v1/queue", nil, 200))
		if list[0]["kind"] != "sos" || list[1]["kind"] != "triage" { // due in 30 min, before a day and three
			t.Errorf("the order is %v, %v", list[0]["kind"], list[1]["kind"])
		}
		if known := harness.String(got["triage"]["known"].([]any)[1]); !strings.Contains(known, "canary-words") {
			t.Errorf("known of the report: %v", got["triage"]["known"])
		}
		// The deputy and the other manager of the area see it, another area does not, a desk never.
		if other := harness.Queue(h.As("maya2")); len(other) != 0 {
			t.Errorf("another area sees %v", other)
		}
		for _, login := range []string{"kiran", "ravi", "gita"} {
			h.As(login).Send("GET", "/v1/queue", nil, 403)
		}
		// Each form does what it says; refusals explain.
		maya.MoveQueued(got["sos"], 0, object{}, 200)
		maya.MoveQueued(got["triage"], 0, object{"level": 3}, 200)
		maya.MoveQueued(got["dispute"], 0, object{"decision": "strike", "reasons": "The operator shows it on."}, 200)
		h.ReadyToRelease(maya, job)
		hold := harness.Queue(maya)["hold"]
		if harness.MoveLabels(hold) != "Release with a plan" {
			t.Errorf("triaged and asked, the hold offers %v", hold)
		}
		maya.MoveQueued(hold, 0, object{"plan": []string{}, "reason": "as asked"}, 422)
		maya.MoveQueued(hold, 0, object{"plan": []string{"two_people"}, "reason": "Spoken with the son."}, 200)
		if hold = harness.Queue(maya)["hold"]; harness.MoveLabels(hold) != "" {
			t.Errorf("to the first of two the hold offers %v", hold)
		}
		h.As("noor").MoveQueued(harness.Queue(h.As("noor"))["hold"], 0, object{"plan": []string{"two_people"}, "reason": "So do I."}, 200)
		got = harness.Queue(maya)
		if got["dispute"] != nil || got["hold"] != nil || harness.MoveLabels(got["review"]) != "Triage, Take it into review, Decide" ||
			harness.MoveLabels(got["sos"]) != "Resolve, Hand it over" {
			t.Errorf("afterwards: %v", got)
		}
		// Unchanged, the answer is short.
		_, res := maya.Raw("GET", "/v1/queue", nil)
		if _, again := maya.Raw("GET", "/v1/queue", nil, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("unchanged it is %d", again.StatusCode)
		}
		maya.MoveQueued(got["review"], 2, object{"outcome": "upheld", "reasons": "Two witnesses."}, 200)
		maya.MoveQueued(got["sos"], 0, object{"outcome": "real", "words": "He is home."}, 200)
		if got := harness.Queue(maya); len(got) != 0 {
			t.Errorf("in the end there is %v", got)
		}
		// A late promise comes last, and can be taken over with one tap.
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "the price", "due_at": h.Clock.Now().Add(time.Hour).
			Format(time.RFC3339)}, 201)
		h.Advance(30 * time.Hour)
		late := harness.Queue(maya)["promise"]
		if late == nil || late["late"] != true {
			t.Fatalf("the late promise: %v", late)
		}
		maya.MoveQueued(late, 0, object{"owner_id": maya.ID}, 200)
	})
}

// A card names who reported, whom to call and where, and what was with that home before; the centre, whose queue has what a
// proprietor decides, reads nothing of it.
func TestACardNamesWhoAndWhere(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "hold.area", "leave.asked", "leave.declined", "sos.raised", "visit.assigned", "flag.triage")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "visit.completed", "completion.ask", "queue.morning", "aftercare.due")
		desk, ravi, maya, asha := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("asha")
		h.SetPhone("ravi", "+919811100009")
		customer, job := h.Household(desk, nil)
		first := h.Visit(desk, job, h.Clock.Now().Add(time.Minute), "ravi")
		h.Advance(time.Minute)
		h.WorkUntil("ravi", first, "partial", object{"findings": "a part is missing"})
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "animal", Level: 2, Note: "canary-before"})
		h.Advance(time.Minute)
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "canary-words"})
		ravi.AskLeave("2027-04-05T08:00", "2027-04-05T20:00", 201)

		worst := items(maya.Send("GET", "/v1/queue", nil, 200))[0]
		who, home := worst["who"].(object), worst["home"].(object)
		if worst["level"] != 3.0 || who["name"] != "Ravi Surname" || who["phone"] != "+919811100009" || who["openly"] != true ||
			worst["about"] != nil {
			t.Errorf("who: %v", worst)
		}
		if home["customer_id"] != customer["id"] || home["phone"] == "" ||
			!strings.Contains(harness.String(home["address"]), "12 Example Lane") ||
			home["visits"] != 1.0 || home["reports"] != 1.0 {
			t.Errorf("home: %v", home)
		}
		hold := harness.Queue(maya)["hold"]
		if !strings.Contains(fmt.Sprint(hold["facts"]), "canary-") || hold["who"] == nil || hold["home"] == nil {
			t.Errorf("the hold says not why: %v", hold)
		}
		ravi.RaiseSOS(bodies.SOSRaise{Note: "help"})
		raw, _ := asha.Raw("GET", "/v1/queue", nil)
		kinds := harness.Queue(asha)
		if kinds["leave"] == nil || kinds["sos"] == nil || len(kinds) != 2 || harness.MoveLabels(kinds["leave"]) != "Approve, Decline" {
			t.Errorf("a proprietor decides %s", raw)
		}
		if strings.Contains(string(raw), "canary") || strings.Contains(string(raw), `"reports":1`) {
			t.Errorf("a proprietor reads %s", raw)
		}
		if raw, _ := h.As("asha2").Raw("GET", "/v1/queue", nil); !strings.Contains(string(raw), `"items":[]`) {
			t.Errorf("another centre's reads %s", raw)
		}
		asha.MoveQueued(kinds["leave"], 1, object{"reason": "Two are away already."}, 200)
	})
}

func TestAdvisoriesAndAppealsWaitInTheQueue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("note.moved", "note.waiting")
		desk, maya, root := h.As("kiran"), h.As("maya"), h.As("root")
		_, job := h.Household(desk, nil)
		x := maya.Send("POST", "/v1/advisories", object{"job_id": job["id"], "subject": "person", "precautions": "Go by twos.",
			"behaviour":  "canary-behaviour",
			"expires_on": h.Clock.Now().AddDate(0, 3, 0).Format("2006-01-02")}, 201)
		if harness.Queue(maya)["advisory"] != nil {
			t.Error("who proposed it is asked to approve it")
		}
		it := harness.Queue(root)["advisory"]
		if it == nil || harness.MoveLabels(it) != "Approve, Refuse" || it["read"] != path("/v1/advisories/%s", x) {
			t.Fatalf("the admin's queue: %v", it)
		}
		raw, _ := root.Raw("GET", "/v1/queue", nil)
		if strings.Contains(string(raw), "canary") {
			t.Error("the queue shows what is noted when it is read")
		}
		root.MoveQueued(it, 0, object{"told": false}, 422)
		root.MoveQueued(it, 0, object{"told": true}, 200)
		if got := harness.Queue(root)["advisory"]; got != nil {
			t.Errorf("approved, and it waits: %v", got)
		}
		maya.Send("POST", path("/v1/advisories/%s/appeal", x), object{"words": "That was my brother, who has moved."}, 200)
		for _, login := range []string{"maya", "root"} { // they had a part in it
			if got := harness.Queue(h.As(login))["appeal"]; got != nil {
				t.Errorf("%s is asked to decide: %v", login, got)
			}
		}
		appeal := harness.Queue(h.As("noor"))["appeal"]
		if appeal == nil || !strings.Contains(harness.String(appeal["known"].([]any)[0]), "my brother") {
			t.Fatalf("the new one's queue: %v", appeal)
		}
		h.As("noor").MoveQueued(appeal, 0, object{"outcome": "end", "reasons": "He has moved."}, 200)
		if got := harness.Queue(h.As("noor"))["appeal"]; got != nil {
			t.Errorf("decided, and it waits: %v", got)
		}
	})
}

// TestDecisionsInABrowser: a tired manager, on a phone, writes a decision while an SOS comes in.
func TestDecisionsInABrowser(t *testing.T) {
	h := harness.New(t, "sqlite")
	m := newMember(t, h)
	h.Ignores("flag.triage", "flag.triaged", "hold.area", "sos.raised", "sos.taken", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	desk, ravi := h.As("kiran"), h.As("ravi")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
	ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 2, Note: "shouted <b>loud</b>"})
	m.at("queue") // as older notices lead there
	m.sees("Sign in")
	m.fills("Login", "maya")
	m.fills("Password", "wrong password 1")
	m.taps("Sign in")
	m.until("the refusal", "[...document.querySelectorAll('[role=alert]')].some((e) => e.innerText.length > 3)")
	m.fills("Password", harness.Password)
	m.taps("Sign in")
	m.size(390)
	m.sees("Report of level 2: to triage")
	m.sees("shouted <b>loud</b>") // as text
	m.taps("Triage …")
	m.fills("Level", "3")
	// An item that cannot be shown takes no other with it.
	m.until("the hook", `(window.fetch = ((f) => async (...a) => {
		const r = await f(...a);
		if (String(a[0]) !== '/v1/queue' || r.status !== 200) return r;
		const q = await r.json();
		q.items.push({ kind: 'broken', id: 'x', title: 'A broken one' });
		return new Response(JSON.stringify(q), { status: 200, headers: { 'Content-Type': 'application/json' } });
	})(window.fetch), true)`)
	ravi.RaiseSOS(bodies.SOSRaise{Note: "help me"})
	m.sees("nobody is on it")
	m.sees("A broken one")
	m.sees("This cannot be shown whole here")
	m.until("the SOS on top", "document.querySelector('.decision').classList.contains('danger') && document.title.startsWith('SOS')")
	m.until("what was being written", "[...document.querySelectorAll('.decision select')].some((s) => s.value === '3')")
	m.fits("decisions with an SOS", "A broken one")
	m.size(390)
	m.taps("I am on it")
	m.sees("somebody is on it")
	m.taps("Triage")
	m.sees("Yes: Triage")
	m.taps("Yes: Triage")
	m.sees("Report of level 3: to decide")
	// A reload keeps the session; signing out ends it.
	m.reloads()
	m.sees("Report of level 3: to decide")
	m.signsOut()
}
