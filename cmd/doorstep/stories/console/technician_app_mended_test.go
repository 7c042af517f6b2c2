package console

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// hears gives the browser a microphone, or refuses it.
func (a *technician) hears(allowed bool) {
	a.Helper()
	js := `navigator.mediaDevices.getUserMedia = async () => {
		const c = new AudioContext(), o = c.createOscillator(), d = c.createMediaStreamDestination();
		o.connect(d); o.start(); c.resume(); return d.stream; }`
	if !allowed {
		js = `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }`
	}
	evaluate[bool](a.T, a.ctx, "("+js+", true)")
	for _, kind := range []string{"mousePressed", "mouseReleased"} { // a browser makes no sound before somebody touched the page
		a.cdp("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": 2, "y": 300, "button": "left", "clickCount": 1})
	}
}

// ready is a technician who has signed in, with one visit at hand.
func ready(t *testing.T, h *harness.Harness, a *technician, more object) (job, visit object, at string) {
	t.Helper()
	desk := h.As("kiran")
	_, job = h.Household(desk, more)
	visit = h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
	h.As("ravi")
	h.Advance(10 * time.Minute)
	a.signsIn("ravi")
	a.until("the visit", "document.querySelector('.next .big')")
	a.until("the service worker", "navigator.serviceWorker.getRegistration('/app').then((r) => r?.active?.state === 'activated')")
	return job, visit, "#/visit/" + harness.String(visit["id"])
}

// TestEndingAnAlarmLooksAlikeWithEitherCode: the screen of an alarm is ended by a code; with the duress code the phone shows the very same,
// and help is called in silence.
func TestEndingAnAlarmLooksAlikeWithEitherCode(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open", "sos.taken")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	ready(t, h, a, nil)
	ravi, asha := h.As("ravi"), h.As("asha")
	ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
	var shown []string
	for i, code := range []string{"1234", "4321"} {
		a.open("?" + strconv.Itoa(i))
		a.taps("SOS")
		a.taps("Tap again")
		a.until("the alarm", "/Sent\\.|Their phones ring/.test(document.body.innerText)")
		a.taps("I am safe")
		audit.judge("to say that one is safe", "Your code")
		a.types("safecode", "9999")
		a.taps("Say so")
		a.sees("not your code")
		told := len(items(ravi.Send("GET", "/v1/inbox", nil, 200)))
		a.types("safecode", code)
		a.taps("Say so")
		a.sees("You said that you are safe")
		audit.judge("an alarm that was ended here", "You said that you are safe")
		numbers := regexp.MustCompile(`\d\d:\d\d|(?m)^\d+$`) // when, and how many messages there are
		text := numbers.ReplaceAllString(a.text(), "")
		a.open("?again" + strconv.Itoa(i))
		a.until("today", "document.querySelector('.next .big')")
		shown = append(shown, text+numbers.ReplaceAllString(a.text(), ""))
		if now := len(items(ravi.Send("GET", "/v1/inbox", nil, 200))); now != told {
			t.Errorf("the code %s is followed by %d messages", code, now-told)
		}
		silent := 0
		for _, x := range items(asha.Send("GET", "/v1/sos", nil, 200)) {
			if x["source"] == "duress" {
				silent++
			}
			if x["status"] == "raised" && code == "1234" {
				asha.Send("POST", "/v1/sos/"+harness.String(x["id"])+"/acknowledge", nil, 200)
				asha.Send("POST", "/v1/sos/"+harness.String(x["id"])+"/resolve", object{"words": "spoke with them"}, 200)
			}
		}
		if silent != i {
			t.Errorf("after the code %s %d alarms are open in silence", code, silent)
		}
		if code == "1234" {
			a.open("?over#/sos")
			a.taps("Close")
		}
	}
	if shown[0] != shown[1] {
		t.Errorf("the codes show otherwise:\n%s\n---\n%s", shown[0], shown[1])
	}
}

// TestWhoEndsAVisitUnderAPingIsStillAsked: with a code set no move answers for them; the app asks on its first screen until they do.
func TestWhoEndsAVisitUnderAPingIsStillAsked(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "timer.ping")
	h.MayIgnore("sync.changed", "job.done_check")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, visit, at := ready(t, h, a, nil)
	ravi := h.As("ravi")
	ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
	h.Advance(55 * time.Minute)
	ravi.Arrive(visit)
	h.Advance(70 * time.Minute)
	ravi.CompleteVisit(visit)
	a.open("?asked")
	a.sees("Are you all right?")
	audit.judge("somebody who is asked", "Are you all right?")
	a.open("?asked" + at)
	a.taps("I have set a code")
	a.types("code"+harness.String(visit["id"]), "1234")
	a.taps("I am fine")
	a.until("the answer", "!document.body.innerText.includes('Are you all right?')")
	h.Advance(time.Minute)
	a.until("that it came", "!/wait/.test(document.body.innerText)")
	timer := harness.List(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200), "items")
	if len(timer) != 1 || timer[0]["status"] != "ended" {
		t.Errorf("the timer: %v", timer)
	}
}

// TestWhoLosesAVisitUnderAPingAnswersInTheInbox: the desk took it back and gave it to somebody else; what was asked is still asked.
func TestWhoLosesAVisitUnderAPingAnswersInTheInbox(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "timer.ping", "visit.move_undone")
	h.MayIgnore("visit.unassigned", "visit.reassigned", "visit.crew_changed", "visit.taken_back")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, visit, _ := ready(t, h, a, nil)
	desk, ravi := h.As("kiran"), h.As("ravi")
	ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
	h.Advance(55 * time.Minute)
	ravi.Arrive(visit)
	h.Advance(70 * time.Minute)
	desk.Send("POST", path("/v1/visits/%s/take-back", visit), object{"reason": "another visit"}, 200)
	desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 200)
	a.open("?lost#/inbox")
	a.sees("Are you all right?")
	audit.judge("a question about a visit that is another's", "I am fine")
	a.types("code"+harness.String(visit["id"]), "1234")
	a.taps("I am fine")
	a.until("that it was sent", "document.querySelector('.card.done')")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		got := h.Column("SELECT status FROM timers WHERE visit_id = '" + harness.String(visit["id"]) +
			"' AND user_id = '" + ravi.ID.String() + "'")
		if got[0] == "ended" || got[0] == "armed" {
			return
		} else if time.Now().After(end) {
			t.Fatalf("the timer is %s", got[0])
		}
	}
}

// TestAnAnswerToAPingThatWaitsIsNotTaken: without network the question stands and says that the answer waits; where the server does not
// take it that is said on every screen that asks, and the code is asked again only then.
func TestAnAnswerToAPingThatWaitsIsNotTaken(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "timer.ping")
	h.MayIgnore("sync.changed")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, visit, at := ready(t, h, a, nil)
	ravi, code := h.As("ravi"), "code"+harness.String(visit["id"])
	ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
	h.Advance(55 * time.Minute)
	ravi.Arrive(visit)
	h.Advance(70 * time.Minute)
	a.open("?1" + at)
	a.sees("Are you all right?")
	a.offline(true)
	a.taps("I have set a code")
	a.types(code, "9999")
	a.taps("I am fine")
	a.sees("“I am fine” waits to be sent")
	if evaluate[bool](t, a.ctx, "!!document.getElementById("+strconv.Quote(code)+")") {
		t.Error("the code is asked a second time")
	}
	a.sees("Not OK: call for help")
	audit.judge("an answer that waits", "waits to be sent")
	if !evaluate[bool](t, a.ctx, "document.querySelector('main .card').textContent.includes('Are you all right?')") {
		t.Error("the question is not the first thing at its visit")
	}
	for i, hash := range []string{"#/", at} {
		a.open("?2" + strconv.Itoa(i) + hash)
		a.sees("Are you all right?")
		a.sees("“I am fine” waits to be sent")
	}
	a.open("?3#/")
	a.sees("“I am fine” waits to be sent")
	if !evaluate[bool](t, a.ctx, "document.querySelector('a.card.warn').getClientRects().length === 1") {
		t.Error("the card on the first screen is broken over its lines")
	}
	a.offline(false)
	a.sees("This is not your code")
	audit.judge("an answer that was not taken", "Are you all right?")
	a.open("?4" + at)
	a.sees("This is not your code")
	a.types(code, "1234")
	a.taps("I am fine")
	a.until("the answer", "!document.body.innerText.includes('Are you all right?')")
	a.open("?5#/")
	a.sees("All sent")
	if strings.Contains(a.text(), "not your code") || strings.Contains(a.text(), "Are you all right?") {
		t.Errorf("it was answered, and the app says\n%s", a.text())
	}
}

// TestAColleagueAnswersAnAlarmInTheApp: whoever is rung reads of it, calls, says that they are on it, and ends it.
func TestAColleagueAnswersAnAlarmInTheApp(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open", "sos.taken", "visit.assigned")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	ready(t, h, a, nil)
	h.As("meena").Send("PUT", "/v1/me/colleague", object{"colleague_id": h.People["ravi"].ID.String()}, 200)
	sos := h.As("meena").Send("POST", "/v1/sos", object{"lat": 18.52, "lon": 73.85}, 201)
	h.Advance(3 * time.Minute)
	a.open("?rung")
	a.sees("called for help")
	audit.judge("today, while a colleague needs help", "called for help")
	a.open("?inbox#/inbox")
	a.until("the ring", "[...document.querySelectorAll('a.btn.danger')].some((x) => x.hash.startsWith('#/sos/') && (x.click(), true))")
	a.sees("Nobody is on it yet")
	a.sees("Meena")
	audit.judge("somebody else's alarm", "Where they are")
	a.taps("I am on it")
	a.sees("You are on it")
	if got := h.As("meena").Send("GET", path("/v1/sos/%s", sos), nil, 200); got["owner_id"] != h.People["ravi"].ID.String() {
		t.Errorf("on it is %v", got["owner_id"])
	}
	audit.judge("an alarm that one is on", "End the alarm")
	a.open("?mine")
	a.sees("You are on it")
	a.taps("called for help")
	a.types("rungwords", "She is well, a dog")
	a.taps("End the alarm")
	a.sees("It is over")
	a.open("?over")
	a.until("nothing stands over the day", "document.querySelector('.next .big') && !document.body.innerText.includes('called for help')")
}

// TestNoticesLeadToWhatTheySpeakOf: who is on a colleague's alarm, how it stands with a report. A message to a household is one tap, and
// does not begin with a call.
func TestNoticesLeadToWhatTheySpeakOf(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("sos.raised", "sos.taken", "visit.assigned", "flag.triage", "flag.triaged")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open", "flag.live", "visit.wait", "call.manager", "visit.call_desk")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, visit, at := ready(t, h, a, nil)
	h.As("meena").Send("PUT", "/v1/me/colleague", object{"colleague_id": h.People["ravi"].ID.String()}, 200)
	sos := h.As("meena").Send("POST", "/v1/sos", object{}, 201)
	h.Advance(3 * time.Minute)
	h.As("asha").Send("POST", path("/v1/sos/%s/acknowledge", sos), nil, 200)
	flag := h.As("ravi").Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "verbal_abuse", "level": 1, "note": "shouted"}, 201)
	h.As("maya").Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 1}, 200)
	a.open("?1#/inbox")
	open := func(title string) {
		t.Helper()
		a.until(title, `(() => { const card = [...document.querySelectorAll('article')].find((x) => x.textContent.includes(`+strconv.Quote(title)+`));
			const link = card && [...card.querySelectorAll('a')].find((x) => x.textContent === 'Open'); link?.click(); return !!link; })()`)
	}
	open("Somebody is on it")
	a.sees("Asha Surname is on it")
	a.open("?2#/inbox")
	open("Your report has moved on")
	a.sees("somebody looks into it")
	audit.judge("how it stands with a report", "Your report")
	a.until("nothing of it is kept", stored+`.then((x) => !x.includes('shouted'))`)
	a.open("?3" + at)
	a.taps("Message")
	a.sees("Send them a message")
	a.until("messages alone", "document.querySelector('a[href^=\"sms:\"]') && !document.querySelector('a[href^=\"tel:\"]')")
	audit.judge("a message", "Send them a message")
}

// TestAReportCanBeSpoken: it goes with its report to whoever triages and stays nowhere here; a microphone that is refused is said.
func TestAReportCanBeSpoken(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "flag.triage", "hold.area")
	h.MayIgnore("flag.live", "visit.wait", "call.manager", "visit.call_desk")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, _, at := ready(t, h, a, nil)
	a.open("?1" + at + "/report")
	a.sees("Speak instead")
	a.hears(false)
	a.taps("Speak instead")
	a.sees("The microphone may not be used")
	audit.judge("a refused microphone", "The microphone may not be used")
	a.hears(true)
	a.taps("Speak instead")
	a.sees("Stop · 1 / 120 s")
	audit.judge("recording", "120 s")
	a.taps("■ Stop")
	a.sees("spoken")
	audit.judge("what was spoken", "spoken")
	a.offline(true)
	a.taps("Threat")
	a.taps("Meant for me, or dangerous")
	a.taps("Send the report")
	a.sees("as soon as there is network")
	a.until("nobody hears it on the phone", `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
		const rows = db.transaction('files').objectStore('files').getAll(); await new Promise((done) => { rows.onsuccess = done; }); db.close();
		return rows.result.length === 1 && !rows.result[0].blob && !!rows.result[0].sealed; })()`)
	a.offline(false)
	a.open("?2#/waiting")
	a.sees("All sent")
	flags := items(h.As("maya").Send("GET", "/v1/flags", nil, 200))
	if len(flags) != 1 {
		t.Fatalf("reports: %v", flags)
	}
	there := items(h.As("maya").Send("GET", "/v1/flags/"+harness.String(flags[0]["id"])+"/evidence", nil, 200))
	if len(there) != 1 || !strings.HasPrefix(harness.String(there[0]["media_type"]), "audio/") {
		t.Errorf("with the report there is %v; the app says\n%s", there, a.text())
	}
	a.until("nothing is left", stored+`.then((x) => !x.includes('sealed'))`)
}

// TestANewVersionOfTheAppLosesNoQueue: it waits until its user takes it, and what was done before is sent by the new one, once.
func TestANewVersionOfTheAppLosesNoQueue(t *testing.T) {
	h := harness.New(t, "sqlite")
	w := newWire(t, h.URL)
	a := &technician{T: t, ctx: browser(t), url: w.URL}
	h.Ignores("visit.assigned")
	job, visit, at := ready(t, h, a, nil)
	w.lies.Store(true)
	a.open("?1" + at)
	a.taps("I am on my way")
	a.taps("I have arrived")
	a.taps("Work begins")
	a.sees("3 things wait")
	w.newer.Store(true)
	a.until("a new version", "navigator.serviceWorker.getRegistration('/app').then((r) => r.update()).then(() => true)")
	a.sees("A new version is ready")
	if moved := evaluate[bool](t, a.ctx, "document.body.innerText.includes('3 things wait')"); !moved {
		t.Errorf("it did not wait for its user:\n%s", a.text())
	}
	a.taps("Use it")
	a.until("the new version", "navigator.serviceWorker.getRegistration('/app').then((r) => !r.waiting && r.active?.state === 'activated')")
	a.sees("3 things wait")
	w.lies.Store(false)
	a.open("?2#/waiting")
	a.sees("All sent")
	if got := h.As("kiran").Visit(visit).Status; got != "in_progress" {
		t.Errorf("the visit is %s", got)
	}
	once(t, h, job, "visit.en_route", "visit.arrived", "visit.started")
}

// once holds that a timeline has each of some kinds, one time.
func once(t *testing.T, h *harness.Harness, job object, kinds ...string) {
	t.Helper()
	n := map[string]int{}
	for _, k := range h.EntryKinds(job) {
		n[k]++
	}
	for _, k := range kinds {
		if n[k] != 1 {
			t.Errorf("%s stands %d times in the timeline", k, n[k])
		}
	}
}

// TestTwoTabsAreOneApp: what one does the other shows, and nothing goes twice.
func TestTwoTabsAreOneApp(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned")
	job, visit, at := ready(t, h, a, nil)
	ctx, cancel := chromedp.NewContext(a.ctx)
	t.Cleanup(cancel)
	b := &technician{T: t, ctx: ctx, url: h.URL}
	a.open("?1" + at)
	b.open("?2" + at)
	b.sees("Kapoor household")
	a.offline(true)
	b.offline(true)
	a.taps("I am on my way")
	b.sees("1 thing waits")
	b.taps("I have arrived")
	a.sees("2 things wait")
	a.offline(false)
	b.offline(false)
	a.sees("All sent")
	b.sees("All sent")
	if got := h.As("kiran").Visit(visit).Status; got != "arrived" {
		t.Errorf("the visit is %s", got)
	}
	once(t, h, job, "visit.en_route", "visit.arrived")
}

// photographs keeps the nth picture as the app does.
func (a *technician) photographs(visit object, nth int) {
	a.Helper()
	a.until("a photo is kept", `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
		const c = document.createElement('canvas'); c.width = c.height = 400;
		const g = c.getContext('2d');
		for (let i = 0; i < 400; i++) {
			g.fillStyle = 'hsl(' + i * 37 % 360 + ',80%,`+strconv.Itoa(30+10*nth)+`%)';
			g.fillRect(i, i * 7 % 400, 30, 30);
		}
		const blob = await new Promise((done) => c.toBlob(done, 'image/jpeg', 1));
		const tx = db.transaction('files', 'readwrite');
		tx.objectStore('files').add({ id: crypto.randomUUID(), visit: '`+harness.String(visit["id"])+`', kind: 'photo_after',
			blob, asked: true, agreed: true, at: Date.now() });
		await new Promise((done) => { tx.oncomplete = done; }); db.close(); return true; })()`)
}

// TestAStopWaitsForNoPhoto: a photo that goes slowly holds up nobody who leaves; one that is refused on the way is sent anew, and is there
// once.
func TestAStopWaitsForNoPhoto(t *testing.T) {
	h := harness.New(t, "sqlite")
	w := newWire(t, h.URL)
	a := &technician{T: t, ctx: browser(t), url: w.URL}
	h.Ignores("visit.assigned", "flag.triage", "hold.area")
	_, visit, at := ready(t, h, a, nil)
	a.open("?1" + at)
	a.taps("I am on my way")
	a.taps("I have arrived")
	a.sees("All sent")
	h.Settle()

	w.refuses.Store(http.StatusConflict) // the first chunk: go on from where the server is
	a.photographs(visit, 0)
	a.open("?2#/waiting")
	desk := h.As("kiran")
	files := func() (kept int) {
		for _, f := range items(desk.Send("GET", path("/v1/visits/%s/files", visit), nil, 200)) {
			if f["state"] == "kept" {
				kept++
			}
		}
		return kept
	}
	waits := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(harness.Patience); !ok(); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s never came; the app says:\n%s", what, a.text())
			}
			evaluate[bool](t, a.ctx, "(dispatchEvent(new Event('online')), true)")
		}
	}
	waits("a photo after a 409", func() bool { return files() == 1 })
	w.refuses.Store(http.StatusUnprocessableEntity)
	a.photographs(visit, 1)
	a.open("?3#/waiting")
	waits("a photo after a 422", func() bool { return files() == 2 })
	a.sees("All sent")

	hold := make(chan struct{})
	w.slow.Store(&hold)
	a.photographs(visit, 2)
	a.open("?4" + at + "/cannot")
	waits("the photo under way", func() bool { return w.slowed.Load() > 0 })
	a.taps("Stop and leave")
	for end := time.Now().Add(10 * time.Second); desk.Visit(visit).Status != "stopped_unsafe"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("behind a photo the visit is %s", desk.Visit(visit).Status)
		}
	}
	if files() != 2 {
		t.Error("the photo was not slow")
	}
	w.slow.Store(nil)
	close(hold)
}

// TestSickIsAskedOnce: a second tap of somebody who is ill asks for no second leave.
func TestSickIsAskedOnce(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned", "leave.sick")
	h.MayIgnore("leave.asked", "day.freed", "visit.needs_someone", "visit.unassigned", "leave.approved")
	ready(t, h, a, nil)
	a.open("?1#/me/leave")
	a.taps("I am ill today")
	evaluate[bool](t, a.ctx, `(() => {
		const find = () => [...document.querySelectorAll('button.danger')].find((e) => !e.className.includes('sos'));
		const again = setInterval(() => {
			const e = find();
			if (!e) return;
			clearInterval(again);
			e.click();
			e.click();
			setTimeout(() => find()?.click(), 50);
		}, 20);
		return true; })()`)
	a.sees("Asked.")
	a.open("?2#/waiting")
	a.sees("All sent")
	if leave := items(h.As("kiran").Send("GET", "/v1/technicians/"+h.People["ravi"].ID.String()+"/leave", nil, 200)); len(leave) != 1 {
		t.Errorf("leave: %v", leave)
	}
}

// TestARefusalIsSaidAtTheVisit: what the server did not take is no green line, and stands at the visit with what to do until it was read.
// A stop goes also where nothing can be kept, and is not said to be lost.
func TestARefusalIsSaidAtTheVisit(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "flag.triage")
	h.MayIgnore("visit.stopped", "flag.live", "hold.area", "call.manager", "visit.stopped_household", "job.nobody_left")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	_, visit, at := ready(t, h, a, nil)
	a.open("?1" + at)
	a.taps("I am on my way")
	a.taps("I have arrived")
	a.sees("All sent")
	a.open("?2" + at + "/noaccess")
	a.taps("Record that nobody opened")
	a.sees("1 answer to read")
	a.until("no green line", "document.querySelector('.sent.warn')")
	a.open("?3" + at)
	a.sees("Not taken: Nobody opened")
	audit.judge("a refusal at its visit", "Not taken")
	a.taps("I have read it")
	a.until("it was read", "!/Not taken|answer to read/.test(document.body.innerText)")
	a.open("?4" + at + "/cannot")
	a.sees("Stop and leave")
	evaluate[bool](t, a.ctx, `(IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }, true)`)
	a.taps("Stop and leave")
	for end := time.Now().Add(harness.Patience); h.As("kiran").Visit(visit).Status != "stopped_unsafe"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the visit is %s", h.As("kiran").Visit(visit).Status)
		}
	}
	a.until("nothing is said to be lost", "!document.body.innerText.includes('NOT kept')")
}

// TestNamesThatDoNotBreak: sixty letters without a gap, in Latin and in Devanagari, at 360 px and twice the size of text.
func TestNamesThatDoNotBreak(t *testing.T) {
	for _, name := range []string{strings.Repeat("Vishwanathan", 5), strings.Repeat("श्रीनिवासन", 6)} {
		h := harness.New(t, "sqlite")
		a := &technician{T: t, ctx: browser(t), url: h.URL}
		h.Ignores("visit.assigned")
		a.atWidth(360)
		_, _, at := ready(t, h, a, object{"name": name})
		a.open("?go" + at)
		a.taps("I am on my way")
		for i, hash := range []string{"#/", at, at + "/reach", at + "/done", at + "/noaccess", at + "/cannot", at + "/report", at + "/more",
			"#/waiting", "#/inbox", "#/me"} {
			a.open("?" + strconv.Itoa(i) + hash)
			a.until(hash, "document.querySelector('main .top')")
			if hash == at {
				a.sees(name)
			}
			if wide := evaluate[int](t, a.ctx,
				"(document.documentElement.style.fontSize = '200%', document.documentElement.scrollWidth - document.documentElement.clientWidth)",
			); wide > 0 {
				t.Errorf("%s at 200 %%: %d px too wide for %s", hash, wide, name)
			}
		}
	}
}

// brokenWords are those of buttons that stand on two lines or reach out of their button.
const brokenWords = `(() => {
	const out = [];
	for (const e of document.querySelectorAll('.bar a, nav.foot a, .acts .btn')) {
		const all = document.createTreeWalker(e, NodeFilter.SHOW_TEXT), box = e.getBoundingClientRect();
		for (let n = all.nextNode(); n; n = all.nextNode()) {
			for (const m of n.data.matchAll(/\S+/g)) {
				const r = document.createRange();
				r.setStart(n, m.index);
				r.setEnd(n, m.index + m[0].length);
				const b = r.getBoundingClientRect();
				if (r.getClientRects().length > 1 || b.left < box.left || b.right > box.right || b.bottom > box.bottom + 2) out.push(m[0]);
			}
		}
	}
	return out.join(' '); })()`

// TestTheBarsAreOneRow: at 360 px the bar below takes one row in each language, and no word of a button is broken or cut off, at twice the
// size of text either. A report is two screens at most, with what sends it in reach.
func TestTheBarsAreOneRow(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned")
	a.atWidth(360)
	_, _, at := ready(t, h, a, nil)
	for i, language := range []string{"English", "हिन्दी", "मराठी"} {
		a.open("?" + strconv.Itoa(i) + "#/me")
		a.taps(language)
		a.until("it", "document.querySelector('.acts .btn.primary').textContent === "+strconv.Quote(language))
		for _, hash := range []string{"#/", at, at + "/reach"} {
			a.open("?" + strconv.Itoa(i) + hash)
			a.until("the screen", "document.querySelector('.acts')")
			if rows := evaluate[int](t, a.ctx,
				"new Set([...document.querySelectorAll('.bar .small, nav.foot a')].map((x) => x.getBoundingClientRect().bottom)).size"); rows > 1 {
				t.Errorf("%s, %s: the bar has %d rows", language, hash, rows)
			}
			for _, size := range []string{"200%", "100%"} {
				evaluate[bool](t, a.ctx, "(document.documentElement.style.fontSize = '"+size+"', true)")
				if words := evaluate[string](t, a.ctx, brokenWords); words != "" {
					t.Errorf("%s, %s at %s: %s", language, hash, size, words)
				}
			}
		}
		a.open("?" + strconv.Itoa(i) + at + "/report")
		a.until("the kinds", "document.querySelectorAll('input[name=kind]').length > 5")
		if px := evaluate[int](t, a.ctx, "document.documentElement.scrollHeight"); px > 2*740 {
			t.Errorf("%s: a report is %d px long", language, px)
		}
		if !evaluate[bool](t, a.ctx, "document.querySelector('.bar .primary')?.getBoundingClientRect().bottom <= innerHeight") {
			t.Errorf("%s: to send a report one has to scroll", language)
		}
	}
}

// hidesAndCounts puts an hour of emulated time into a page: timers run when the test says so, and the app believes that nobody looks at it.
const hidesAndCounts = `{
	const wait = new Map(), woke = [], real = setTimeout.bind(window), ask = fetch.bind(window);
	let now = 0, last = 0, n = 0, hidden = false, asked = 0;
	const run = (id) => { const t = wait.get(id); if (t) { wait.delete(id); t.f(); } };
	const put = (id, f, ms) => { wait.set(id, { f, ms, at: now + Math.max(0, ms) }); if (!hidden) real(() => run(id), ms); return id; };
	const set = (f, ms) => put(++n, f, ms || 0);
	window.setTimeout = (f, ms, ...a) => set(() => f(...a), ms);
	window.setInterval = (f, ms) => { const id = set(function again() { put(id, again, ms); f(); }, ms); return id; };
	window.clearTimeout = window.clearInterval = (id) => { wait.delete(id); };
	window.requestAnimationFrame = (f) => real(() => f(performance.now()), 1);
	window.fetch = async (...a) => { asked++; try { return await ask(...a); } finally { real(() => asked--, 50); } };
	Object.defineProperty(document, 'hidden', { get: () => hidden });
	Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
	window.hour = async () => {
		hidden = true;
		document.dispatchEvent(new Event('visibilitychange'));
		const begun = now, end = now + 3600000;
		for (;;) {
			do await new Promise((done) => real(done, 30)); while (asked > 0); // what is asked of the network is waited for
			const next = [...wait.entries()].sort((a, b) => a[1].at - b[1].at)[0];
			if (!next || next[1].at > end) break;
			now = Math.max(now, next[1].at);
			if (now - begun > 5000 && now - last > 1000) woke.push(next[1].ms); // what was under way ends first; a screen is drawn in one go
			last = now;
			run(next[0]);
		}
		return woke;
	};
}`

// TestInTheBackgroundTheAppWakesOnceAMinuteAtMost: over an hour that nobody looks at it, with network and without, with things that wait
// and an alarm that stands.
func TestInTheBackgroundTheAppWakesOnceAMinuteAtMost(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned")
	h.MayIgnore("sos.raised", "sos.call_yourself", "sos.unheard")
	_, _, at := ready(t, h, a, nil)
	a.cdp("Page.enable", nil)
	a.cdp("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": hidesAndCounts})
	for i, day := range []struct {
		what string
		do   func()
	}{
		{"with all sent", func() {}},
		{"without network, with things that wait", func() { a.offline(true); a.taps("I am on my way") }},
		{"with an alarm that could not be sent", func() { a.taps("SOS"); a.taps("Tap again"); a.sees("Call 112") }},
	} {
		a.open("?" + strconv.Itoa(i) + at)
		a.sees("Kapoor household")
		day.do()
		time.Sleep(300 * time.Millisecond) // what is under way in the foreground
		a.until("an hour", "(hour().then((woke) => { window.woke = woke; return true; }))")
		fastest := evaluate[int](t, a.ctx, "Math.round(Math.min(...woke, 3600000))")
		n := evaluate[int](t, a.ctx, "woke.length")
		if fastest < 60_000 || n > 2*60 { // the queue and an alarm have a clock each
			t.Errorf("%s it wakes %d times in an hour, by a timer of %d ms", day.what, n, fastest)
		}
		if i > 0 && n == 0 {
			t.Errorf("%s it never tries again", day.what)
		}
	}
}

// TestTheLanguageOfTheAppBecomesTheAccounts: its own words are in it at once, also without network; lists and notices, those of before
// too, come in it as soon as there is some.
func TestTheLanguageOfTheAppBecomesTheAccounts(t *testing.T) {
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: browser(t), url: h.URL}
	h.Ignores("visit.assigned")
	_, _, at := ready(t, h, a, nil)
	goes := func(hash string) { evaluate[bool](t, a.ctx, "(location.hash = "+strconv.Quote(hash)+", true)") } // and nothing is opened anew
	a.open("?1#/me")
	a.offline(true)
	a.taps("हिन्दी")
	a.sees("भाषा")
	goes("#/inbox")
	a.sees("New visit")
	a.offline(false)
	a.sees("नई विज़िट")
	goes(at + "/report")
	a.sees("गाली-गलौज")
	if strings.Contains(a.text(), "Shouting") {
		t.Errorf("it says both:\n%s", a.text())
	}
	if got := h.As("ravi").Send("GET", "/v1/me", nil, 200)["user"].(object)["language"]; got != "hi" {
		t.Errorf("the account's language is %v", got)
	}
	goes("#/me")
	a.taps("मराठी")
	goes("#/inbox")
	a.until("the notices in Marathi within seconds", "document.body.innerText.includes('नवी भेट')")
}
