package console

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// technician drives /app as whoever has the phone in their hand.
type technician struct {
	*testing.T
	ctx   context.Context
	url   string
	count int // of taps
}

// cdp sends a command of the DevTools protocol.
func (a *technician) cdp(method string, params map[string]any) {
	a.Helper()
	if err := chromedp.Do(a.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		return t.Call(ctx, method, params,
			nil)
	})); err != nil {
		a.Fatalf("%s: %v", method, err)
	}
}

func (a *technician) offline(off bool) {
	a.Helper()
	a.cdp("Network.enable", map[string]any{})
	a.cdp("Network.emulateNetworkConditions", map[string]any{"offline": off, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
}

func (a *technician) open(hash string) {
	a.Helper()
	if err := chromedp.Do(a.ctx, chromedp.Navigate(a.url+"/app"+hash)); err != nil {
		a.Fatal(err)
	}
}

// until waits for an expression to be true.
func (a *technician) until(what, js string) {
	a.Helper()
	for end := time.Now().Add(harness.Patience); ; time.Sleep(50 * time.Millisecond) {
		if ok, err := chromedp.Run(a.ctx, chromedp.Evaluate[bool]("(async () => !!(await ("+js+")))()", chromedp.EvalAwaitPromise)); err == nil &&
			ok {
			return
		}
		if time.Now().After(end) {
			a.Fatalf("%s never came; the page says:\n%s", what, a.text())
		}
	}
}

func (a *technician) text() string {
	text, _ := chromedp.Run(a.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	return text
}

func (a *technician) sees(words string) {
	a.Helper()
	a.until(words, "document.body.innerText.includes("+strconv.Quote(words)+")")
}

// taps presses what says the words, once it is there.
func (a *technician) taps(words string) {
	a.Helper()
	a.count++
	a.until("a button "+words, `(() => {
		const all = [...document.querySelectorAll('button,a,label,summary')].filter((e) => e.checkVisibility() && !e.disabled);
		const e = all.find((e) => e.textContent.trim() === `+strconv.Quote(words)+`) || all.find((e) => e.textContent.includes(`+
		strconv.Quote(words)+`));
		if (e) e.click();
		return !!e; })()`)
}

func (a *technician) types(id, text string) {
	a.Helper()
	a.until("#"+id, `(() => { const e = document.getElementById(`+strconv.Quote(id)+`); if (!e) return false;
		e.value = `+strconv.Quote(text)+`; e.dispatchEvent(new Event('input', { bubbles: true })); return true; })()`)
}

func (a *technician) signsIn(login string) {
	a.Helper()
	a.open("")
	a.types("login", login)
	a.types("password", harness.Password)
	a.taps("Sign in")
}

// A technician's visit, from the first tap without network to the end of the day with it: nothing is lost, and said honestly.
func TestAVisitWithoutNetworkInTheApp(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned", "sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "flag.triage")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
	h.As("ravi")

	a.open("")
	a.types("login", "ravi")
	a.types("password", "wrong wrong wrong")
	a.taps("Sign in")
	a.sees("password")
	a.signsIn("ravi")
	a.sees("All sent")
	a.until("the visit", "document.querySelector('.next .big')")
	a.until("the service worker", "navigator.serviceWorker.getRegistration('/app').then((r) => r?.active?.state === 'activated')")
	if scripts := evaluate[bool](t, a.ctx, "document.cookie === ''"); !scripts {
		t.Error("a script reads a cookie")
	}

	a.offline(true)
	a.open("?again=1") // from the store of the service worker
	a.sees("no network")
	a.taps("I am on my way")
	a.sees("1 thing waits to be sent")
	a.until("the visit's own page", "(document.querySelector('.next a.whole').click(), true)")
	a.taps("I have arrived")
	a.taps("Work begins")
	a.sees("3 things wait to be sent")
	if got := desk.Visit(visit).Status; got != "scheduled" {
		t.Fatalf("without network it is %s", got)
	}
	a.open("?again=2#/waiting") // the app was killed meanwhile
	a.sees("Work began")

	a.offline(false) // which the phone notices by itself
	a.sees("All sent")
	if got := desk.Visit(visit).Status; got != "in_progress" {
		t.Errorf("with it, %s", got)
	}

	// A report leaves nothing on the phone that can be read, and says so.
	a.open("?again=3#/visit/" + harness.String(visit["id"]) + "/report")
	a.taps("Shouting or insults")
	a.taps("Insult")
	a.types("reportnote", "words that nobody else reads")
	a.taps("Send the report")
	a.sees("No copy that can be read stays on this phone")
	a.until("nothing of it", `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
		let all = '';
		for (const s of db.objectStoreNames) {
			const rows = db.transaction(s).objectStore(s).getAll();
			all += JSON.stringify(await new Promise((done) => { rows.onsuccess = () => done(rows.result); }));
		}
		db.close();
		return all.includes('visit') && !all.includes('nobody else reads') && !all.includes('"level"') && !document.body.innerText.includes('nobody else reads');
	})()`)

	// Two taps call for help, also when the session has ended.
	evaluate[bool](t, a.ctx, "fetch('/v1/session', { method: 'DELETE', headers: { 'Doorstep-Session': 'cookie' } }).then(() => true) && true")
	a.open("?again=4")
	a.taps("SOS")
	a.taps("Tap again")
	a.sees("Call 112")
	a.until("the alarm", "/Sent\\.|Their phones ring/.test(document.body.innerText)")
	if raised := items(h.As("ravi").Send("GET", "/v1/sos", nil, 200)); len(raised) != 1 ||
		raised[0]["raiser_id"] != h.People["ravi"].ID.String() {
		t.Errorf("raised: %v", raised)
	}
}

// What is done most is done in few taps, from the visit's own screen.
func TestTheMainJobsOfTheAppTakeFewTaps(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned", "sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "visit.no_access_desk", "visit.missed_desk", "flag.triage", "flag.live", "hold.area")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
	h.As("ravi")
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	a.cdp("Browser.setPermission", map[string]any{"permission": map[string]any{"name": "geolocation"}, "setting": "denied"})
	for i, job := range []struct {
		what  string
		most  int
		taps  []string
		until string
	}{
		{"the next move", 1, []string{"I am on my way"}, "I have arrived"},
		{"nobody opens, with proof", 4, []string{"Nobody opens", "I knocked, nobody came", "Record that nobody opened"}, "Good morning"},
		{"a report", 4, []string{"Report", "Threat", "Insult", "Send the report"}, "on its way"},
		{"an SOS", 2, []string{"SOS", "Tap again"}, "Call 112"},
	} {
		if job.what == "a report" {
			a.open("?r#/visit/" + harness.String(visit["id"]) + "/more")
		} else {
			a.open("?" + strconv.Itoa(i) + "#/visit/" + harness.String(visit["id"]))
		}
		before := a.count
		for _, words := range job.taps {
			a.taps(words)
		}
		a.sees(job.until)
		if n := a.count - before; n > job.most {
			t.Errorf("%s takes %d taps", job.what, n)
		}
	}
	a.until("the alarm", "/Sent\\.|Their phones ring/.test(document.body.innerText)")
}

// Every screen of the app, light and dark, on a small phone and at twice the size of text.
func TestTheAppIsAccessible(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned")
	h.MayIgnore("sos.raised", "sos.call_yourself", "sos.unheard")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
	h.As("ravi")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.cdp("Emulation.setDeviceMetricsOverride", map[string]any{"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true})
	a.open("")
	a.sees("Sign in")
	audit.judge("sign-in", "Sign in")
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	at := "#/visit/" + harness.String(visit["id"])
	warning := desk.Send("GET", path("/v1/jobs/%s/end-call", job), nil, 200)
	for i, s := range []struct{ hash, words string }{{"#/", "I am on my way"}, {at, "Nobody opens"}, {at + "/reach", "Reach them"},
		{at + "/done", "What was done"},
		{at + "/noaccess", "At the door"}, {at + "/cannot", "Stop and leave"}, {at + "/report", "How bad?"},
		{at + "/endcall", "End an abusive call"},
		{at + "/more", "Not to this home again"},
		{at + "/signature", "Ask the household"}, {"#/waiting", "All sent"}, {"#/inbox", "New visit"}, {"#/me", "Language"},
		{"#/me/leave", "Ill today?"}, {"#/me/quiet", "Only an SOS"},
		{"#/me/codes", "silent help"}, {"#/me/phones", "this one"}, {"#/me/pay", "not yet"}, {"#/me/thanks", "noticed"},
		{"#/me/home", "Home by"}, {"#/me/contact", "this phone alone"},
		{"#/sos", "Call for help"}} {
		a.open("?" + strconv.Itoa(i) + s.hash)
		a.sees(s.words)
		if strings.HasSuffix(s.hash, "/endcall") {
			a.sees(harness.String(warning["warning"].(object)["en"]))
		}
		audit.judge(s.hash, s.words)
		for _, zoom := range []string{"1", "2"} {
			wide := evaluate[int](t, a.ctx, "(document.documentElement.style.fontSize = '"+zoom+
				"00%', document.documentElement.scrollWidth - document.documentElement.clientWidth)")
			if wide > 0 {
				t.Errorf("%s at %s00 %%: %d px too wide", s.hash, zoom, wide)
			}
		}
		if small := evaluate[string](t, a.ctx,
			`[...document.querySelectorAll('button, summary, a, select, input:not([type=checkbox]):not([type=radio])')]
			.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 48)
			.map((e) => e.outerHTML.slice(0, 80)).join(' | ')`); small != "" {
			t.Errorf("%s: targets under 48 px: %s", s.hash, small)
		}
		if strings.Contains(a.text(), "undefined") || strings.Contains(a.text(), "[object") {
			t.Errorf("%s shows what nobody understands:\n%s", s.hash, a.text())
		}
	}
}
