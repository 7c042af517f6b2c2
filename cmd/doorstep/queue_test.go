package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func queued(p *person) map[string]obj {
	p.h.Helper()
	out := map[string]obj{}
	for _, it := range items(p.send("GET", "/v1/queue", nil, 200)) {
		out[it["kind"].(string)] = it
	}
	return out
}

func labels(it obj) string {
	out := []string{}
	for _, m := range it["moves"].([]any) {
		out = append(out, m.(obj)["label"].(string))
	}
	return strings.Join(out, ", ")
}

// posts carries out a move of an item as its form would.
func (p *person) posts(it obj, n int, body obj, want int) {
	p.h.Helper()
	p.send("POST", it["moves"].([]any)[n].(obj)["to"].(string), body, want)
}

func TestTheQueueHoldsWhatWaitsForAManager(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "dispute.decided", "dispute.opened", "flag.decided", "flag.live", "flag.triaged",
			"hold.area", "hold.released", "promise.late", "queue.morning", "sos.raised", "sos.taken", "visit.assigned",
			"visit.missed_desk", "visit.needs_someone")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		if got := queued(maya); len(got) != 0 {
			t.Fatalf("before anything happened: %v", got)
		}
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
		tried := desk.attempt(job, "phone", "switched_off", nil)
		h.home(desk, job).taps("dispute", 303, "attempt_id", toString(tried["id"]), "claim", "phone_was_on", "reason", "It lay before me.")
		ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "threat", "level": 3, "note": "canary-words"}, 201)
		ravi.send("POST", "/v1/sos", obj{"note": "help"}, 201)
		got := queued(maya)
		for kind, want := range map[string]string{"sos": "I am on it", "hold": "Release with a plan", "triage": "Triage", "dispute": "Decide"} {
			if got[kind] == nil || labels(got[kind]) != want || got[kind]["default"] == "" {
				t.Errorf("%s: %v", kind, got[kind])
			}
		}
		list := items(maya.send("GET", "/v1/queue", nil, 200))
		if list[0]["kind"] != "sos" || list[1]["kind"] != "triage" { // due in 30 min, before a day and three
			t.Errorf("the order is %v, %v", list[0]["kind"], list[1]["kind"])
		}
		if known := toString(got["triage"]["known"].([]any)[1]); !strings.Contains(known, "canary-words") {
			t.Errorf("known of the report: %v", got["triage"]["known"])
		}
		// The deputy and the other manager of the area see it, another area does not, a desk never.
		if other := queued(h.as("maya2")); len(other) != 0 {
			t.Errorf("another area sees %v", other)
		}
		for _, login := range []string{"kiran", "asha", "ravi", "gita"} {
			h.as(login).send("GET", "/v1/queue", nil, 403)
		}
		// Each form does what it says; refusals explain.
		maya.posts(got["sos"], 0, obj{}, 200)
		maya.posts(got["triage"], 0, obj{"level": 3}, 200)
		maya.posts(got["dispute"], 0, obj{"decision": "strike", "reasons": "The operator shows it on."}, 200)
		maya.posts(got["hold"], 0, obj{"plan": []string{}, "reason": "x"}, 422)
		maya.posts(got["hold"], 0, obj{"plan": []string{"two_people"}, "reason": "Spoken with the son."}, 200)
		got = queued(maya)
		if got["dispute"] != nil || got["hold"] != nil || labels(got["review"]) != "Triage, Take it into review, Decide" ||
			labels(got["sos"]) != "Resolve, Hand it over" {
			t.Errorf("afterwards: %v", got)
		}
		// Unchanged, the answer is short.
		_, res := maya.raw("GET", "/v1/queue", nil)
		if _, again := maya.raw("GET", "/v1/queue", nil, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("unchanged it is %d", again.StatusCode)
		}
		maya.posts(got["review"], 2, obj{"outcome": "upheld", "reasons": "Two witnesses."}, 200)
		maya.posts(got["sos"], 0, obj{"outcome": "real", "words": "He is home."}, 200)
		if got := queued(maya); len(got) != 0 {
			t.Errorf("in the end there is %v", got)
		}
		// A late promise comes last, and can be taken over with one tap.
		desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"what": "the price", "due_at": h.clock.Now().Add(time.Hour).
			Format(time.RFC3339)}, 201)
		h.advance(30 * time.Hour)
		late := queued(maya)["promise"]
		if late == nil || late["late"] != true {
			t.Fatalf("the late promise: %v", late)
		}
		maya.posts(late, 0, obj{"owner_id": maya.id}, 200)
	})
}

func TestAdvisoriesAndAppealsWaitInTheQueue(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("note.moved", "note.waiting")
		desk, maya, root := h.as("kiran"), h.as("maya"), h.as("root")
		_, job := h.household(desk, nil)
		x := maya.send("POST", "/v1/advisories", obj{"job_id": job["id"], "subject": "person", "precautions": "Go by twos.",
			"behaviour":  "canary-behaviour",
			"expires_on": h.clock.Now().AddDate(0, 3, 0).Format("2006-01-02")}, 201)
		if queued(maya)["advisory"] != nil {
			t.Error("who proposed it is asked to approve it")
		}
		it := queued(root)["advisory"]
		if it == nil || labels(it) != "Approve, Refuse" || it["read"] != path("/v1/advisories/%s", x) {
			t.Fatalf("the admin's queue: %v", it)
		}
		raw, _ := root.raw("GET", "/v1/queue", nil)
		if strings.Contains(string(raw), "canary") {
			t.Error("the queue shows what is noted when it is read")
		}
		root.posts(it, 0, obj{"told": false}, 422)
		root.posts(it, 0, obj{"told": true}, 200)
		if got := queued(root)["advisory"]; got != nil {
			t.Errorf("approved, and it waits: %v", got)
		}
		maya.send("POST", path("/v1/advisories/%s/appeal", x), obj{"words": "That was my brother, who has moved."}, 200)
		for _, login := range []string{"maya", "root"} { // they had a part in it
			if got := queued(h.as(login))["appeal"]; got != nil {
				t.Errorf("%s is asked to decide: %v", login, got)
			}
		}
		appeal := queued(h.as("noor"))["appeal"]
		if appeal == nil || !strings.Contains(toString(appeal["known"].([]any)[0]), "my brother") {
			t.Fatalf("the new one's queue: %v", appeal)
		}
		h.as("noor").posts(appeal, 0, obj{"outcome": "end", "reasons": "He has moved."}, 200)
		if got := queued(h.as("noor"))["appeal"]; got != nil {
			t.Errorf("decided, and it waits: %v", got)
		}
	})
}

// TestTheQueueInABrowser signs in as a tired manager does, on a phone, and
// sees an SOS come in.
func TestTheQueueInABrowser(t *testing.T) {
	ctx := browser(t)
	h := newHarness(t, "sqlite")
	h.ignores("flag.triage", "flag.triaged", "hold.area", "sos.raised", "sos.taken", "visit.assigned", "visit.needs_someone")
	desk, ravi := h.as("kiran"), h.as("ravi")
	_, job := h.household(desk, nil)
	visit := h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")
	ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "verbal_abuse", "level": 2, "note": "shouted <b>loud</b>"}, 201)
	until := func(what, js string) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
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
	h.must(chromedp.Do(ctx, chromedp.Navigate(h.base+"/queue")))
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
	fill("#pass", password)
	press("#login", "Sign in")
	says("Report of level 2: triage")
	says("shouted <b>loud</b>") // as text
	judge := func(state string) {
		if os.Getenv("DOORSTEP_AXE") == "" {
			return
		}
		a := &auditor{T: t, ctx: ctx}
		source, err := os.ReadFile(os.Getenv("DOORSTEP_AXE"))
		h.must(err)
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
	ravi.send("POST", "/v1/sos", obj{"note": "help me"}, 201)
	says("help me")
	says("A broken one")
	says("This cannot be shown whole here")
	until("it rings on", "Number(document.getElementById('alarm').dataset.rung) > 3 && !document.body.innerText.includes('No connection')")
	until("SOS on top", "document.querySelector('#items>li').classList.contains('sos') && document.title.startsWith('SOS')")
	until("the form stays", "document.querySelector('#items>li:not(.sos) select').value === '3'")
	judge("queue with SOS")
	if out := os.Getenv("DOORSTEP_SCREENSHOTS"); out != "" {
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		h.must(err)
		h.must(os.WriteFile(out+"/queue.png", shot, 0o600))
	}
	press("#items>li.sos", "I am on it")
	says("SOS, somebody is on it")
	rung := evaluate[string](t, ctx, "document.getElementById('alarm').dataset.rung")
	press("#items>li.sos", "Resolve")
	ravi.send("POST", "/v1/sos", obj{"note": "he is back"}, 201)
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
	h.must(chromedp.Do(ctx, chromedp.Navigate(h.base+"/queue")))
	says("SOS, somebody is on it")
	press("header", "Sign out")
	says("Password")
	if left := evaluate[string](t, ctx, "sessionStorage.getItem('refresh') || ''"); left != "" {
		t.Error("the session is kept after signing out")
	}
}
