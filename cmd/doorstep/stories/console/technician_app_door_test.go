package console

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// atWidth is a small phone.
func (a *technician) atWidth(px int) {
	a.Helper()
	a.cdp("Emulation.setDeviceMetricsOverride", map[string]any{"width": px, "height": 740, "deviceScaleFactor": 1, "mobile": true})
}

// puts writes one thing into what the phone keeps, while the app is closed: a page of its words has no script that writes at the same time.
func (a *technician) puts(key, js string) {
	a.Helper()
	if err := chromedp.Do(a.ctx, chromedp.Navigate(a.url+"/app/text.hi.json")); err != nil {
		a.Fatal(err)
	}
	a.until(key+" is written", `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
		const tx = db.transaction('kv', 'readwrite'); tx.objectStore('kv').put(`+js+`, `+strconv.Quote(key)+`);
		await new Promise((done) => { tx.oncomplete = done; }); db.close(); return true; })()`)
}

// TestBothSidesOfADoorReadTheirWords: the app and the household's page say the same, each from its own side; the app without network too.
// After navigating there is one question with one answer. A word that was wrong lets the crew leave.
func TestBothSidesOfADoorReadTheirWords(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "visit.word_wrong", "visit.call_desk", "flag.triage", "hold.area")
	h.MayIgnore("promise.yours")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
	h.As("ravi")
	h.Advance(10 * time.Minute)
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	link := h.DeliveredLink(job)
	if err := chromedp.Do(a.ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	a.sees("At your door today")
	audit.judge("the household's page with its words", "At your door today")
	page := evaluate[string](t, a.ctx, "[...document.querySelectorAll('[aria-labelledby=door] b')].map((e) => e.textContent).join(' ')")

	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	a.until("the service worker", "navigator.serviceWorker.getRegistration('/app').then((r) => r?.active?.state === 'activated')")
	at := "#/visit/" + harness.String(visit["id"])
	a.offline(true)
	a.open("?1" + at)
	a.sees("They answer")
	audit.judge("the door's words", "They answer")
	read := `[...document.querySelectorAll('.door b')].map((e) => e.textContent).join(' ')`
	if app := evaluate[string](t, a.ctx, read); app != page || len(strings.Fields(app)) != 2 {
		t.Errorf("the app says %q, the page %q", app, page)
	}
	for _, zoom := range []string{"1", "2"} {
		if wide := evaluate[int](t, a.ctx, "(document.documentElement.style.fontSize = '"+zoom+
			"00%', document.documentElement.scrollWidth - document.documentElement.clientWidth)"); wide > 0 {
			t.Errorf("at %s00 %% it is %d px too wide", zoom, wide)
		}
	}
	evaluate[bool](t, a.ctx, "(document.documentElement.style.fontSize = '', true)")
	a.puts("settings", `{ language: 'hi' }`)
	a.open("?2" + at)
	a.until("the words in Devanagari", `/^[\u0900-\u097f]+ [\u0900-\u097f]+$/.test(`+read+`)`)
	a.puts("settings", `{}`)
	a.open("?3" + at)
	a.sees("They answer")

	// On return from the map there is one question, while the move is open.
	if strings.Contains(a.text(), "Are you on your way") {
		t.Error("it asks before anybody navigated")
	}
	evaluate[bool](t, a.ctx, "(addEventListener('click', (e) => { if (e.target.closest('a[href^=geo]')) e.preventDefault(); }, true), true)")
	a.taps("Navigate")
	a.sees("Are you on your way to Kapoor household?")
	audit.judge("on return from the map", "Are you on your way")
	a.open("?4")
	a.sees("Are you on your way to Kapoor household?")
	a.taps("Yes, on my way")
	a.sees("1 thing waits to be sent")
	a.until("the question is gone", "!document.body.innerText.includes('Are you on your way')")

	// Each thing that waits says how it stands, and can be tried by itself.
	a.open("?5" + at)
	a.taps("I have arrived")
	a.sees("2 things wait to be sent")
	a.open("?6#/waiting")
	a.sees("It waits for network.")
	a.sees("It waits for the one before it.")
	audit.judge("what waits", "Try now")
	a.taps("Try now")
	a.sees("It waits for network.")
	a.offline(false)
	a.sees("All sent")
	if got := desk.Visit(visit).Status; got != "arrived" {
		t.Errorf("the visit is %s", got)
	}

	// The household did not hear its word, and says so; then the crew leaves, which counts against nobody.
	if err := chromedp.Do(a.ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	a.taps("They did not know the word")
	a.sees("You need not open the door")
	a.open("?7" + at)
	a.taps("The word was wrong")
	a.sees("counts against nobody")
	audit.judge("leaving by a wrong word", "counts against nobody")
	a.taps("Leave now")
	for end := time.Now().Add(harness.Patience); desk.Visit(visit).Status != "stopped_unsafe"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the visit is %s", desk.Visit(visit).Status)
		}
	}
	if got := desk.Visit(visit); got.CountsAgainst != "nobody" {
		t.Errorf("it counts against %s", got.CountsAgainst)
	}
}

// TestAClockAloneLocksNobodyOut: a phone whose clock jumps three days ahead without network still shows its day and makes its moves; three
// days that it was seen on do lock it.
func TestAClockAloneLocksNobodyOut(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
	h.As("ravi")
	h.Advance(10 * time.Minute)
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	a.until("the service worker", "navigator.serviceWorker.getRegistration('/app').then((r) => r?.active?.state === 'activated')")
	a.offline(true)
	at := "#/visit/" + harness.String(visit["id"])
	a.open("?1" + at)
	a.sees("I am on my way")
	jump := `{ const D = Date, now = D.now.bind(D), by = 73 * 3600000;
		Date = class extends D { constructor(...a) { super(...(a.length ? a : [now() + by])); } }; Date.now = () => now() + by; }`
	evaluate[bool](t, a.ctx, "(() => { "+jump+" dispatchEvent(new Event('online')); return true; })()") // in sight: it is no time that passed
	a.until("the app has looked at the clock", stored+`.then((x) => /"wall":/.test(x))`)
	a.taps("I am on my way")
	a.sees("1 thing waits to be sent")
	if strings.Contains(a.text(), "three days") {
		t.Errorf("a clock locks the app:\n%s", a.text())
	}
	// And with the app closed while it jumps: it is no day of work, but nobody is locked out.
	a.cdp("Page.enable", nil)
	a.cdp("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": jump})
	a.open("?2" + at)
	a.sees("Kapoor household")
	if strings.Contains(a.text(), "three days") {
		t.Errorf("after a restart a clock locks the app:\n%s", a.text())
	}
	// Days on which it was seen count.
	for i := range 3 {
		a.until("the age", stored+`.then((x) => /"wall":/.test(x))`)
		a.puts("age", `{ ms: `+strconv.Itoa(24*(i+1))+` * 3600000 + 60000, wall: Date.now() }`)
		a.open("?3" + strconv.Itoa(i) + at)
	}
	a.sees("has not synced for three days")
	if strings.Contains(a.text(), "Kapoor") {
		t.Errorf("a locked phone shows a household:\n%s", a.text())
	}
}
