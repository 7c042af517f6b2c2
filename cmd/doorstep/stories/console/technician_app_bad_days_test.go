package console

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// wire stands between the app and the server and does what networks do.
type wire struct {
	*httptest.Server
	lies   atomic.Bool  // it answers with a page of its own, as a hotel's does
	loses  atomic.Int32 // so many answers to POST /v1/sync get lost on the way
	passed atomic.Int32 // requests to POST /v1/sync that arrived

	newer   atomic.Bool                   // the server has a newer version of the app
	refuses atomic.Int32                  // the status with which the next chunk of a file is refused
	slow    atomic.Pointer[chan struct{}] // chunks of files wait for it
	slowed  atomic.Int32                  // so many did
}

func newWire(t *testing.T, server string) *wire {
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		sync := in.Method == http.MethodPost && in.URL.Path == "/v1/sync"
		switch {
		case w.lies.Load() && strings.HasPrefix(in.URL.Path, "/v1/"):
			out.Header().Set("Content-Type", "text/html")
			_, _ = out.Write([]byte("<h1>Welcome to the hotel</h1>"))
		case sync && w.loses.Add(-1) >= 0:
			w.passed.Add(1)
			proxy.ServeHTTP(httptest.NewRecorder(), in)
			panic(http.ErrAbortHandler) // the server has it, the phone does not know
		case in.Method == http.MethodPatch && w.refuses.Load() != 0:
			status := int(w.refuses.Swap(0))
			out.Header().Set("Content-Type", "application/problem+json")
			out.Header().Set("X-Request-Id", "x")
			out.Header().Set("Upload-Offset", "0")
			out.WriteHeader(status)
			_, _ = out.Write([]byte(`{"type": "x", "title": "x", "detail": "x", "status": ` + strconv.Itoa(status) + `, "code": "wrong_offset"}`))
		default:
			if sync {
				w.passed.Add(1)
			}
			if hold := w.slow.Load(); hold != nil && in.Method == http.MethodPatch {
				w.slowed.Add(1)
				<-*hold
			}
			if in.URL.Path == "/app/sw.js" && w.newer.Load() {
				in.Header.Del("If-None-Match")
				in.Header.Del("Accept-Encoding")
				proxy.ServeHTTP(out, in)
				_, _ = out.Write([]byte("// newer"))
				return
			}
			proxy.ServeHTTP(out, in)
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// stored is all that the phone keeps, as text.
const stored = `(async () => {
	const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
	let all = '';
	for (const s of db.objectStoreNames) {
		const rows = db.transaction(s).objectStore(s).getAll();
		all += JSON.stringify(await new Promise((done) => { rows.onsuccess = () => done(rows.result); }));
	}
	db.close();
	return all; })()`

// Bad networks, a wrong clock, refused permissions, full storage, a second tab, a visit that is given away: nothing is lost, nothing done
// twice, nothing of a home stays, and the app says what is so.
func TestBadDaysInTheApp(t *testing.T) {
	h := harness.New(t, "sqlite")
	w := newWire(t, h.URL)
	a := &technician{T: t, ctx: browser(t), url: w.URL}
	h.Ignores("visit.assigned", "visit.unassigned")
	h.MayIgnore("visit.changed", "visit.given_away", "visit.reassigned", "crew.changed", "note.moved")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
	h.As("ravi")
	other, otherJob := h.Household(desk, object{"name": "Dastur family"})
	given := h.Visit(desk, otherJob, harness.Monday.Add(5*time.Hour), "ravi")
	name := harness.String(other["name"])
	// The phone's clock is three days behind, whatever the server's says.
	a.cdp("Page.enable", nil)
	a.cdp("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": `{ const now = Date.now, D = Date; Date = class extends D {
		constructor(...a) { super(...(a.length ? a : [now() - 259200000])); } }; Date.now = () => now() - 259200000; }`})
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	at := "#/visit/" + harness.String(visit["id"])

	// A hotel's page is no answer.
	w.lies.Store(true)
	a.taps("I am on my way")
	a.sees("wants you to sign in")
	a.sees("1 thing waits to be sent")
	w.lies.Store(false)
	// And an answer that got lost is asked for again.
	w.loses.Store(2)
	a.open("?a#/waiting")
	a.sees("All sent")
	if w.passed.Load() < 3 {
		t.Errorf("%d batches arrived: no answer got lost", w.passed.Load())
	}
	moves := 0
	for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
		if e["kind"] == "visit.en_route" {
			moves++
		}
	}
	if got := desk.Visit(visit); got.Status != "en_route" || moves != 1 {
		t.Errorf("the visit is %s after %d moves", got.Status, moves)
	} else if off := h.Clock.Now().Sub(got.EnRouteAt); off < -time.Minute || off > 10*time.Minute {
		t.Errorf("a clock that is three days wrong tells %v", got.EnRouteAt)
	}

	// Without leave to know the place the try at the door counts for what it is.
	a.cdp("Browser.setPermission", map[string]any{"permission": map[string]any{"name": "geolocation"}, "setting": "denied"})
	a.open("?b" + at + "/noaccess")
	a.taps("I knocked, nobody came")
	a.sees("Noted")
	a.open("?c#/waiting")
	a.sees("All sent")
	tries := items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))
	if len(tries) != 1 || tries[0]["channel"] != "doorstep" || tries[0]["grade"] != "declared" || tries[0]["place_reason"] == "" {
		t.Errorf("at the door: %v", tries)
	}

	// Storage that is full is said, and nothing is said to be done.
	a.open("?d" + at)
	a.until("the big button", "document.querySelector('.bar .btn.primary')")
	evaluate[bool](t, a.ctx,
		`(window.put = IDBObjectStore.prototype.put, IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }, true)`)
	a.taps("Work begins")
	a.sees("NOT kept")
	evaluate[bool](t, a.ctx, `(IDBObjectStore.prototype.put = window.put, true)`)
	if got := desk.Visit(visit).Status; got != "arrived" {
		t.Errorf("storage was full, and the visit is %s", got)
	}

	// What is typed survives an app that is killed.
	a.open("?e" + at)
	a.taps("Work begins")
	a.until("it has begun", "!document.body.innerText.includes('Work begins')")
	a.open("?f" + at + "/done")
	a.types("work", "Valve replaced")
	a.until("the draft", stored+`.then((x) => x.includes('Valve replaced'))`)
	a.open("?g" + at + "/done")
	a.until("what was typed", "document.getElementById('work')?.value === 'Valve replaced'")

	// A visit that is over for this crew leaves the phone, with all that it says of a home.
	h.Settle()
	a.until("the household on the phone", stored+`.then((x) => x.includes(`+strconv.Quote(name)+`))`)
	desk.Send("POST", path("/v1/visits/%s/assign", given), object{"crew": []any{h.As("meena").ID.String()}}, 200)
	a.open("?h#/waiting")
	a.until("it is gone", stored+`.then((x) => !x.includes(`+strconv.Quote(name)+`))`)

	// Three days of use without a sync: what is of homes is hidden, what was not sent is not.
	w.lies.Store(true)
	a.puts("synced", "Date.now() - 73 * 3600000")
	a.puts("age", "{ ms: 72.5 * 3600000, wall: Date.now() - 1800000 }")
	a.open("?i")
	a.sees("has not synced for three days")
	if strings.Contains(a.text(), "Kapoor") {
		t.Errorf("a locked phone shows a household:\n%s", a.text())
	}
	w.lies.Store(false)
	a.taps("SOS") // which is there all the same
	a.sees("Call 112")

	// Who signs out leaves nothing.
	a.open("?j#/me")
	a.taps("Sign out")
	a.sees("I have a code")
	a.until("nothing is left", stored+`.then((x) => !x.includes('Kapoor') && !x.includes('Ravi'))`)
}

// What was done at a door that others got meanwhile arrives whole, as claims; what is refused goes back into its form; a stop waits for no
// session and no photo; a report that waits is read by nobody who has the phone.
func TestWhatWasDoneIsNeverDroppedByTheApp(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned", "visit.unassigned", "visit.claimed")
	h.MayIgnore("visit.stopped", "flag.triage", "flag.live", "hold.area", "call.manager", "note.moved", "claim.waiting", "visit.needs_someone",
		"visit.changed", "visit.stopped_household", "job.nobody_left")
	desk := h.As("kiran")
	_, first := h.Household(desk, nil)
	given := h.Visit(desk, first, harness.Monday.Add(15*time.Minute), "ravi")
	_, second := h.Household(desk, object{"name": "Dastur family"})
	stopped := h.Visit(desk, second, harness.Monday.Add(4*time.Hour), "ravi")
	h.As("ravi")
	h.Advance(10 * time.Minute) // so that what is done lies after the booking
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	a.until("the service worker", "navigator.serviceWorker.getRegistration('/app').then((r) => r?.active?.state === 'activated')")
	a.until("the device's credential", stored+`.then((x) => x.includes('"told"'))`)

	a.offline(true)
	a.open("?1#/visit/" + harness.String(given["id"]))
	for _, words := range []string{"I am on my way", "I have arrived", "Work begins", "Done"} {
		a.taps(words)
	}
	a.types("findings", "The relay sticks")
	a.types("work", "Relay replaced")
	a.types("tested", "4 °C after an hour")
	a.taps("Finish the visit")
	a.sees("4 things wait")
	a.open("?2#/visit/" + harness.String(stopped["id"]) + "/report")
	a.taps("Threat")
	a.taps("Insult")
	a.types("reportnote", "he held my arm")
	a.taps("Send the report")
	a.sees("as soon as there is network")
	a.until("nobody reads it", stored+`.then((x) => x.includes('/flags') && !x.includes('held my arm') && !x.includes('"level"'))`)

	desk.Send("POST", path("/v1/visits/%s/assign", given), object{"crew": []any{h.As("meena").ID.String()}}, 200)
	a.offline(false)
	a.open("?3#/waiting")
	a.sees("All sent")
	told := ""
	for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", first), nil, 200)) {
		if e["kind"] == "visit.claimed" {
			told += harness.String(e["payload"].(object)["work_done"])
		}
	}
	if !strings.Contains(told, "Relay replaced") {
		t.Errorf("of what was done the server knows %q", told)
	}
	a.sees("Kept as told")

	// The session has ended; whoever leaves an unsafe home is not asked to sign in first.
	evaluate[bool](t, a.ctx, "fetch('/v1/session', { method: 'DELETE', headers: { 'Doorstep-Session': 'cookie' } }).then(() => true) && true")
	a.open("?4#/visit/" + harness.String(stopped["id"]) + "/cannot")
	a.taps("Stop and leave")
	for end := time.Now().Add(harness.Patience); desk.Visit(stopped).Status != "stopped_unsafe"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the visit is %s", desk.Visit(stopped).Status)
		}
	}
}
