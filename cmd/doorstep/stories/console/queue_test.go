package console

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/chromedp/chromedp"
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

// TestTheQueueInABrowser signs in as a tired manager does, on a phone, and
// sees an SOS come in.
func TestTheQueueInABrowser(t *testing.T) {
	ctx := browser(t)
	h := harness.New(t, "sqlite")
	h.Ignores("flag.triage", "flag.triaged", "hold.area", "sos.raised", "sos.taken", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	desk, ravi := h.As("kiran"), h.As("ravi")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
	ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 2, Note: "shouted <b>loud</b>"})
	until := func(what, js string) {
		t.Helper()
		for end := time.Now().Add(harness.Patience); ; time.Sleep(50 * time.Millisecond) {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js))
			if err == nil && ok {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %v\n%s", what, err, evaluate[string](t, ctx, "document.body.innerText"))
			}
		}
	}
	says := func(words string) {
		t.Helper()
		until(words, "document.body.innerText.includes("+strconv.Quote(words)+")")
	}
	h.Must(chromedp.Do(ctx, chromedp.Navigate(h.URL+"/queue")))
	says("Sign in")
	fill := func(sel, v string) {
		evaluate[bool](t, ctx, "(document.querySelector("+strconv.Quote(sel)+").value = "+strconv.Quote(v)+", true)")
	}
	press := func(within, button string) {
		t.Helper()
		evaluate[bool](t, ctx, `([...document.querySelector(`+strconv.Quote(within)+
			`).querySelectorAll('button')].find(b => b.textContent.includes(`+strconv.Quote(button)+`)).click(), true)`)
	}
	fill("#user", "maya")
	fill("#pass", "wrong password 1")
	press("#login", "Sign in")
	until("the refusal", "document.getElementById('wrong').textContent.length > 0")
	fill("#pass", harness.Password)
	press("#login", "Sign in")
	says("Report of level 2: triage")
	says("shouted <b>loud</b>") // as text
	judge := func(state string) {
		if os.Getenv("DOORSTEP_AXE") == "" {
			return
		}
		a := &auditor{T: t, ctx: ctx}
		source, err := os.ReadFile(os.Getenv("DOORSTEP_AXE"))
		h.Must(err)
		a.source = string(source)
		a.judge(state, "")
	}
	judge("queue")
	// What is being written is not replaced by what comes in.
	press("#items>li", "Triage")
	fill("#items select", "3")
	// Without TLS there is no randomUUID; an item that cannot be shown takes no
	// other with it; the bell's time is shortened.
	evaluate[bool](t, ctx,
		`(delete Crypto.prototype.randomUUID, window.setInterval = ((f) => (fn, ms) => f(fn, ms === 20000 ? 50 : ms))(window.setInterval),
		window.fetch = ((f) => async (...a) => {
			const r = await f(...a);
			if (a[0] !== '/v1/queue' || r.status !== 200) return r;
			const q = await r.json();
			q.items.push({ kind: 'broken', id: 'x', title: 'A broken one' });
			return new Response(JSON.stringify(q), { status: 200, headers: { ETag: r.headers.get('ETag') } });
		})(window.fetch), true)`)
	ravi.RaiseSOS(bodies.SOSRaise{Note: "help me"})
	says("help me")
	says("A broken one")
	says("This cannot be shown whole here")
	until("it rings on", "Number(document.getElementById('alarm').dataset.rung) > 3 && !document.body.innerText.includes('No connection')")
	until("SOS on top", "document.querySelector('#items>li').classList.contains('sos') && document.title.startsWith('SOS')")
	until("the form stays", "document.querySelector('#items>li:not(.sos) select').value === '3'")
	judge("queue with SOS")
	if out := os.Getenv("DOORSTEP_SCREENSHOTS"); out != "" {
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		h.Must(err)
		h.Must(os.WriteFile(out+"/queue.png", shot, 0o600))
	}
	press("#items>li.sos", "I am on it")
	says("SOS, somebody is on it")
	rung := evaluate[string](t, ctx, "document.getElementById('alarm').dataset.rung")
	press("#items>li.sos", "Resolve")
	ravi.RaiseSOS(bodies.SOSRaise{Note: "he is back"})
	says("he is back")
	says("This has changed while the form was open")
	until("the SOS form stays and it rings anew",
		"!!document.querySelector('#items>li.sos form textarea') && Number(document.getElementById('alarm').dataset.rung) > "+rung)
	press("#items>li.sos", "Resolve")
	says("I am on it")
	press("#items>li.sos", "I am on it")
	says("SOS, somebody is on it")
	evaluate[bool](t, ctx, "(document.querySelector('#items>li:not(.sos) select').form.requestSubmit(), true)")
	says("Report of level 3: decide")
	// A reload keeps the session; signing out ends it.
	h.Must(chromedp.Do(ctx, chromedp.Navigate(h.URL+"/queue")))
	says("SOS, somebody is on it")
	press("header", "Sign out")
	says("Password")
	until("the session is kept after signing out",
		signedOut)
}
