package console

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/chromedp/chromedp"
)

// axeVersion is the judge of docs/product.md section 9 (WCAG 2.2 AA).
const axeVersion = "4.14.1"

// auditor opens pages as a household does and lets axe-core judge them.
type auditor struct {
	*testing.T
	ctx    context.Context
	source string
	judged int
}

// newAuditor reads axe-core from the file that DOORSTEP_AXE names. Without it
// the test is passed over, unless browsers are required.
func newAuditor(t *testing.T) *auditor {
	t.Helper()
	path := os.Getenv("DOORSTEP_AXE")
	if path == "" {
		const how = "DOORSTEP_AXE names no axe.min.js; `npm pack axe-core@" + axeVersion + "` has one in package/"
		if os.Getenv("DOORSTEP_TEST_REQUIRE_BROWSER") != "" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &auditor{T: t, ctx: browser(t), source: string(source)}
}

func (a *auditor) open(url string) {
	a.Helper()
	if err := chromedp.Do(a.ctx, chromedp.Navigate(url)); err != nil {
		a.Fatalf("%s: %v", url, err)
	}
}

// judge demands that the open page has the words and, light and dark, no
// serious fault: no violation of serious or critical impact. Folded parts are
// opened first.
func (a *auditor) judge(state, words string) {
	a.Helper()
	if text := evaluate[string](a.T, a.ctx, "document.body.innerText"); !strings.Contains(text, words) {
		a.Errorf("%s: the page does not say %q:\n%s", state, words, text)
	}
	evaluate[bool](a.T, a.ctx, a.source+"\n;true")
	if v := evaluate[string](a.T, a.ctx, "axe.version"); v != axeVersion {
		a.Fatalf("axe-core %s, want %s", v, axeVersion)
	}
	evaluate[bool](a.T, a.ctx, "document.querySelectorAll('details').forEach(d => { d.open = true }); true")
	for _, scheme := range []string{"light", "dark"} {
		for _, f := range a.faults(scheme) {
			if f.serious() {
				a.Errorf("%s (%s): %s", state, scheme, f.What)
			} else {
				a.Logf("%s (%s), %s: %s", state, scheme, f.Impact, f.What)
			}
		}
	}
	a.judged++
}

type fault struct{ Impact, What string }

func (f fault) serious() bool { return f.Impact == "serious" || f.Impact == "critical" }

// faults lets axe-core look at the open page in a colour scheme.
func (a *auditor) faults(scheme string) []fault {
	a.Helper()
	media := map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}
	if err := chromedp.Do(a.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		return t.Call(ctx, "Emulation.setEmulatedMedia", media, nil)
	})); err != nil {
		a.Fatal(err)
	}
	if !evaluate[bool](a.T, a.ctx, "matchMedia('(prefers-color-scheme: "+scheme+")').matches") {
		a.Fatalf("the page is not shown %s", scheme)
	}
	found, err := chromedp.Run(a.ctx,
		chromedp.Evaluate[[]fault](`axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => ({Impact: v.impact,
		What: v.id + ': ' + v.help + ': ' + v.nodes.map(n => n.html.slice(0, 200) + ' ' + (n.any.concat(n.all)[0] || {message: ''}).message).join(' | ')})))`, chromedp.EvalAwaitPromise))
	if err != nil {
		a.Fatal(err)
	}
	return found
}

// submit sends a form of the open page as it is and waits for what comes.
func (a *auditor) submit(action string) {
	a.Helper()
	evaluate[bool](a.T, a.ctx, `(window.before = true, document.querySelector('form[action$="/`+action+`"]').submit(), true)`)
	for end := time.Now().Add(harness.Patience); ; time.Sleep(50 * time.Millisecond) {
		gone, err := chromedp.Run(a.ctx, chromedp.Evaluate[bool]("!window.before && document.readyState === 'complete'"))
		if err == nil && gone {
			return
		}
		if time.Now().After(end) {
			a.Fatalf("nothing came of %s: %v", action, err)
		}
	}
}

// TestTheHouseholdsPageIsAccessible walks the customer's page through its
// states, the forms' answers and the other pages of the server.
func TestTheHouseholdsPageIsAccessible(t *testing.T) {
	a := newAuditor(t)
	h := harness.New(t, "sqlite")
	desk, ravi := h.As("kiran"), h.As("ravi")
	link := func(job object) string {
		return h.DeliveredLink(job)
	}
	see := func(job object, state, words string) {
		t.Helper()
		a.open(link(job))
		a.judge(state, words)
	}
	silent := harness.UnreachableHousehold(h)
	h.Ignores("flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "link.wrong_person", "promise.yours", "visit.another_time",
		"visit.assigned", "visit.confirmed", "visit.held_cancelled", "visit.missed_desk", "visit.no_access_desk")
	see(silent, "unreachable", "We could not reach you")
	h.Clock.Advance(17 * time.Hour) // Thursday 09:00

	hours := 0
	job := func() object { _, j := h.Household(desk, nil); return j }
	visit := func(j object, crew ...string) object { // each an hour of its own
		hours++
		return h.Visit(desk, j, h.Clock.Now().Add(time.Duration(24*(hours/8)+hours%8)*time.Hour), crew...)
	}
	move := func(v object, action string, body any) {
		ravi.Send("POST", path("/v1/visits/%s/", v)+action, body, 200)
	}

	none := job()
	see(none, "none", "No visit is planned yet")
	evaluate[bool](t, a.ctx, `(document.querySelector('[name=date]').value = '', true)`)
	a.submit("another-time")
	a.judge("another time refused", "day")

	first := job()
	confirmed := visit(first)
	see(first, "awaiting", "Does this time suit you?")
	a.open(link(first) + "?lang=hi")
	a.judge("awaiting, Hindi", "क्या यह समय आपके लिए ठीक है?")
	a.open(link(first))
	desk.AssignVisit(confirmed, bodies.CrewInput{Crew: []string{ravi.ID.String()}})
	a.submit("confirm")
	a.judge("stale", "out of date")
	a.open(link(first))
	a.submit("confirm")
	a.judge("confirmed", "Your visit is confirmed")
	a.open(link(first))
	a.submit("call-me")
	a.judge("call me", "call you")
	move(confirmed, "en-route", nil)
	see(first, "en route", "On the way to you")
	move(confirmed, "arrive", nil)
	see(first, "arrived", "At your door")
	move(confirmed, "start", nil)
	see(first, "in progress", "The repair is under way")
	move(confirmed, "complete", object{"work_done": "relay", "tested": "cools"})
	see(first, "completed", "The repair is done")
	desk.Send("POST", path("/v1/visits/%s/confirm-done", confirmed), object{"contact": object{"channel": "phone", "outcome": "reached"}}, 200)
	desk.Send("POST", path("/v1/jobs/%s/close", first), nil, 200)
	see(first, "closed", "This repair is closed")

	declined := job()
	h.Visit(desk, declined, h.Clock.Now().Add(48*time.Hour))
	h.CustomerPage(declined).Submit("another-time", 303, "date", h.Clock.Now().Add(72*time.Hour).Format("2006-01-02"), "part", "any")
	see(declined, "declined", "You asked for another time")

	partial := job()
	begun := visit(partial, "ravi")
	move(begun, "arrive", nil)
	move(begun, "start", nil)
	move(begun, "partial", object{"findings": "a part is needed"})
	see(partial, "partial", "The repair is not finished yet")
	closed := job()
	soon := h.Visit(desk, closed, h.Clock.Now(), "meena")
	h.As("meena").Arrive(soon)
	h.As("meena").Send("POST", path("/v1/visits/%s/no-access", soon), object{"reason": "gate_refused"}, 200)
	see(closed, "no access", "We were at your door")
	stopped := job()
	move(visit(stopped, "ravi"), "stop", nil)
	see(stopped, "stopped", "The visit ended early")
	held := job()
	visit(held)
	h.As("maya").CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2})
	see(held, "waiting", "Your visit is being arranged")
	called := job()
	desk.CancelVisit(visit(called), bodies.CancelVisit{Reason: "no parts"})
	see(called, "cancelled", "The visit is cancelled")
	desk.Send("POST", path("/v1/jobs/%s/cancel", called), object{"reason": "bought new"}, 200)
	see(called, "job cancelled", "This repair is cancelled")
	missed := job()
	v := visit(missed)
	end, err := time.Parse(time.RFC3339, v["window_end"].(string))
	h.Must(err)
	h.Clock.Advance(end.Sub(h.Clock.Now()) + time.Minute)
	see(missed, "late", "Your visit is late")
	h.Advance(time.Hour)
	see(missed, "missed", "We are sorry")
	a.open(link(missed))
	a.submit("wrong-person")
	a.judge("link revoked", "")
	a.open(h.URL + "/c/" + strings.Repeat("A", 43))
	a.judge("no such link", "")

	for _, page := range []string{"/docs", "/problems", "/problems/held"} {
		a.open(h.URL + page)
		a.judge(page, "")
	}
	if a.judged < 25 {
		t.Errorf("only %d pages were judged", a.judged)
	}
	// The judge itself: what is planted is found.
	evaluate[bool](t, a.ctx, `(document.body.insertAdjacentHTML('beforeend', '<p id="faint">faint</p><input>'),
		Object.assign(document.getElementById('faint').style, {color: '#777', background: '#888'}), true)`)
	serious := ""
	for _, f := range a.faults("light") {
		if f.serious() {
			serious += f.What + "\n"
		}
	}
	if !strings.Contains(serious, "color-contrast") || !strings.Contains(serious, "label") {
		t.Errorf("of two planted faults these were found:\n%s", serious)
	}
}

// TestTheDemosPageIsAccessible judges the page of the real demo, before and
// after its clock moved.
func TestTheDemosPageIsAccessible(t *testing.T) {
	a := newAuditor(t)
	demo := exec.Command(harness.Program(t), "demo", "--json", "--listen", "127.0.0.1:0")
	demo.Env = append(os.Environ(), "DATABASE_URL=")
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = demo.Process.Signal(os.Interrupt)
		if err := demo.Wait(); err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	var said struct {
		DemoPage     string `json:"demo_page"`
		CustomerLink string `json:"customer_link"`
	}
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&said); err != nil {
		t.Fatal(err)
	}
	a.open(said.DemoPage)
	a.judge("demo", "What to try")
	evaluate[bool](t, a.ctx, `(document.querySelector('[data-advance="26h"]').click(), true)`)
	for end := time.Now().Add(harness.Patience); evaluate[string](t, a.ctx,
		"document.getElementById('say').innerText") == ""; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the clock does not say that it moved")
		}
	}
	a.judge("demo, a day later", "What to try")
	sees := func(what, js string) {
		t.Helper()
		for end := time.Now().Add(harness.Patience); !evaluate[bool](t, a.ctx, js); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %s", what, evaluate[string](t, a.ctx, "document.body.innerText"))
			}
		}
	}
	// Two taps raise an SOS; the proprietor's phone rings and answers.
	evaluate[bool](t, a.ctx, `(document.querySelector('[data-sos]').click(), true)`)
	sees("the first tap raises nothing", `document.querySelector('[data-sos]').textContent.startsWith('Tap again')`)
	evaluate[bool](t, a.ctx, `(document.querySelector('[data-sos]').click(), true)`)
	sees("it is raised", `document.getElementById('say').textContent.startsWith('SOS raised')`)
	const ringing = `[...document.querySelectorAll('.phone')].find(p => p.querySelector('small') && p.querySelector('small').textContent.includes('proprietor') && p.querySelector('li button'))`
	sees("it rings", "!!"+ringing)
	a.judge("demo, an SOS rings", "What to try")
	evaluate[bool](t, a.ctx, "("+ringing+".querySelector('li button').click(), true)")
	sees("it is answered", `document.getElementById('say').textContent.includes('is on it')`)
	a.playsTheStories(said.DemoPage)
	a.open(said.CustomerLink)
	a.judge("the demo's customer", "")
}

// The page of a visit that is one of a series, before and after it was
// stopped, in both languages.
func TestThePageOfARegularVisitIsAccessible(t *testing.T) {
	a := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("maintenance.stopped", "visit.cancelled_by_customer")
	desk := h.As("kiran")
	customer, _ := h.Household(desk, nil)
	m := desk.Send("POST", "/v1/maintenance", object{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
		"fault": "clean the coils", "category": "refrigerator"}, 201)
	h.Settle()
	job := harness.List(desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200), "jobs")[0]["job_id"]
	link := h.DeliveredLink(object{"id": job})
	d := &desktop{t, h, a.ctx}
	d.size(390, 844)
	for lang, words := range map[string]string{"en": "Yes, stop these visits", "hi": "हाँ, ये विज़िटें बंद करें"} {
		a.open(link + "?lang=" + lang)
		evaluate[bool](t, a.ctx, "document.querySelectorAll('details').forEach(d => { d.open = true }); true")
		a.judge("a regular visit, "+lang, words)
		d.shot("regular-" + lang)
	}
	a.open(link)
	a.submit("stop-visits")
	a.judge("stopped", "These visits are stopped.")
	d.shot("regular-stopped")
}
