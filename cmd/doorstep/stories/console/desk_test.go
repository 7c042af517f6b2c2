package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/notifications"
)

// member is somebody of the staff at the desk's pages.
type member struct {
	*technician
	*auditor
}

func (m *member) Helper() { m.technician.Helper() }

func newMember(t *testing.T, h *harness.Harness) *member {
	t.Helper()
	a := newAuditor(t)
	m := &member{&technician{T: t, ctx: a.ctx, url: h.URL}, a}
	m.size(1280)
	return m
}

// at opens a place of the desk.
func (m *member) at(place string) {
	m.Helper()
	if err := chromedp.Do(m.technician.ctx, chromedp.Navigate(m.url+"/"+place)); err != nil {
		m.technician.Fatal(err)
	}
}

func (m *member) reloads() {
	m.Helper()
	m.cdp("Page.reload", map[string]any{})
	m.until("the pages again", "document.querySelector('nav.side')")
}

func (m *member) size(width int) {
	m.Helper()
	m.cdp("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
}

// fills writes into the field that begins with these words.
func (m *member) fills(label, text string) {
	m.Helper()
	m.until("the field "+label, `(() => {
		const says = (l) => l.checkVisibility() && l.innerText.trim().startsWith(`+strconv.Quote(label)+`);
		const f = [...document.querySelectorAll('label.field')].find(says)?.querySelector('input,textarea,select');
		if (!f) return false;
		f.value = `+strconv.Quote(text)+`;
		f.dispatchEvent(new Event(f.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
		return true; })()`)
}

func (m *member) signsIn(login string) {
	m.Helper()
	m.at("")
	m.sees("Sign in")
	m.fills("Login", login)
	m.fills("Password", harness.Password)
	m.taps("Sign in")
	m.until("the pages", "document.querySelector('nav.side')")
}

func (m *member) signsOut() {
	m.Helper()
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.taps("Sign out")
	m.sees("Password")
}

// presses is a key alone.
func (m *member) presses(keys string) {
	m.Helper()
	if err := chromedp.Do(m.technician.ctx, chromedp.KeyEvent(keys)); err != nil {
		m.technician.Fatal(err)
	}
}

// fits demands that nothing is wider than a phone, and that axe finds nothing serious, in both themes.
func (m *member) fits(state, words string) {
	m.Helper()
	m.sees(words)
	for _, width := range []int{390, 1280} {
		m.size(width)
		if wide := evaluate[int](m.technician.T, m.technician.ctx,
			"document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			m.technician.Errorf("%s is %d px too wide at %d", state, wide, width)
		}
		m.judge(state+" at "+strconv.Itoa(width), words)
	}
}

// withTexts gives the server a gateway that takes every message.
func withTexts(t *testing.T) func(*app.Config) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(gateway.Close)
	return func(c *app.Config) {
		var err error
		if c.Text, err = notifications.NewWebhook(gateway.URL, "whsec_"+strings.Repeat("c2VjcmV0", 4), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A call becomes a job with a sent link; the desk sees what comes of it without a reload, up to the thanks.
func TestACallBecomesAJobWithASentLink(t *testing.T) {
	h := harness.New(t, "sqlite", withTexts(t))
	m := newMember(t, h)
	h.Ignores("visit.assigned", "visit.confirmed")
	h.MayIgnore("completion.ask", "visit.completed", "visit.offered", "thanks.waiting", "thanks.passed")
	m.at("")
	m.fits("sign-in", "I forgot my password")
	m.fills("Login", "kiran")
	m.fills("Password", "not the one")
	m.taps("Sign in")
	m.until("the refusal", "document.querySelector('.failed')?.innerText.length > 10")
	m.signsIn("kiran")
	m.fits("an empty worklist", "Nothing waits")
	m.taps("Desk")
	m.sees("Households")

	m.count = 0
	m.presses("n")
	m.fills("Phone", "+91 98123 00077")
	m.sees("Nobody has this number")
	m.fills("Name", "Leela Menon")
	m.fills("Address", "7 Lake View Road")
	m.fills("Postal code", "411001")
	m.fills("What is wrong", "It hums but nothing gets cold")
	m.fills("Tried already", "Unplugged it for an hour")
	m.fills("What matters", "Insulin in the fridge")
	m.fits("new job", "New job")
	m.reloads() // what is being written survives it, in this tab alone
	m.until("the draft", `[...document.querySelectorAll('label.field input')].some((i) => i.value === '7 Lake View Road')`)
	m.until("nothing of it is kept beyond the tab", `!Object.values(localStorage).some((v) => /Lake View|00077/.test(v))`)
	m.sees("Nobody has this number")
	m.taps("Find times")
	m.sees("Registered: ")
	m.until("the address of the job", `/^#\/household\/[0-9a-f-]+\?job=[0-9a-f-]+/.test(location.hash)`)
	m.sees("The household is asked")
	m.fits("times", "Book and send the link")
	m.taps("Book and send the link")
	m.sees("The visit is booked. Sent by message")
	if m.count > 8 {
		t.Errorf("%d taps from the call to the link", m.count)
	}
	m.sees("Leela Menon")
	m.sees("Insulin in the fridge")
	m.sees("Not confirmed")
	m.sees("Visit booked")
	m.fits("a household", "What happened")

	// What others do shows by itself.
	job := h.As("kiran").Send("GET", "/v1/jobs?limit=1", nil, 200)["items"].([]any)[0].(object)
	page := h.CustomerPage(job)
	page.Submit("confirm", 303)
	m.sees("Confirmed")
	visit := h.As("kiran").Send("GET", path("/v1/visits?job_id=%s", job), nil, 200)["items"].([]any)[0].(object)
	login := ""
	for who, p := range h.People {
		if strings.Contains(fmt.Sprint(visit["crew"]), p.ID.String()) {
			login = who
		}
	}
	start := harness.Instant(t, visit["window_start"])
	h.Clock.Advance(start.Sub(h.Clock.Now()))
	h.WorkUntil(login, visit, "complete", object{"work_done": "Thawed the drain", "tested": "It cools"})
	m.sees("Done")
	h.Settle()
	page = h.CustomerPage(job)
	page.Submit("done", 303)
	page.Submit("thanks", 303, "text", "You were kind and quick")
	h.Settle()

	// The search finds the household by any part of what is known.
	for _, words := range []string{"leela", "00077", "lake view"} {
		m.at("#/desk?q=" + strings.ReplaceAll(words, " ", "%20"))
		m.until(words, "document.querySelector('.rows')?.innerText.includes('Leela Menon')")
	}
	m.at("#/desk?q=nobody%20at%20all")
	m.fits("a search without a result", "Nobody is found")
	m.at("#/thanks")
	m.fits("thanks", "You were kind and quick")
	// What is one tap and cannot be taken back is kept back for ten seconds: a reload does not lose it, and undone it was never said.
	shift := func(by string) {
		m.until("another time", `(localStorage.setItem('doorstep-held', JSON.stringify(JSON.parse(localStorage.getItem('doorstep-held'))
			.map((h) => ({ ...h, at: h.at + `+by+` })))), true)`)
	}
	m.taps("Pass it on")
	m.sees("Nobody is told yet")
	shift("300_000") // however long the judge looks
	m.fits("a move that is held", "Nobody is told yet")
	m.at("livez")
	m.at("#/thanks")
	m.sees("Nobody is told yet")
	m.taps("Undo")
	m.sees("You were kind and quick")
	if waiting := items(h.As("kiran").Send("GET", "/v1/thanks?status=waiting", nil, 200)); len(waiting) != 1 {
		t.Errorf("undone, %d thanks wait", len(waiting))
	}
	m.taps("Pass it on")
	m.sees("Nobody is told yet")
	shift("-10_000")
	m.sees("No thanks wait")
	if waiting := items(h.As("kiran").Send("GET", "/v1/thanks?status=waiting", nil, 200)); len(waiting) != 0 {
		t.Errorf("after ten seconds %d thanks wait", len(waiting))
	}
	m.signsOut()
}

// A household wants another time: the desk sees day, part and words, looks at that day first, or says on the phone that the time stays.
func TestTheDeskAnswersAWish(t *testing.T) {
	h := harness.New(t, "sqlite", withTexts(t))
	m := newMember(t, h)
	h.Ignores("visit.another_time", "visit.assigned")
	h.MayIgnore("visit.offered", "visit.confirmed", "visit.understood", "visit.unassigned", "visit.changed", "visit.rescheduled")
	desk := h.As("kiran")
	customer, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
	page := h.CustomerPage(job)
	wished := harness.Monday.AddDate(0, 0, 3)
	page.Submit("another-time", 303, "date", wished.Format("2006-01-02"), "part", "afternoon", "note", "after my mother's doctor")
	h.Settle()
	m.signsIn("kiran")
	m.at("#/household/" + customer["id"].(string))
	m.sees("They ask for another time: Thu 4 Mar, Afternoon")
	m.sees("after my mother's doctor")
	m.fits("a wish", "It cannot be: the time stays")
	m.taps("It cannot be: the time stays")
	m.fills("What was said", "We are full, and he may come")
	m.reloads()
	m.taps("It cannot be: the time stays")
	m.until("the draft", `document.querySelector('.wish textarea').value === 'We are full, and he may come'`)
	m.taps("They agreed on the phone")
	m.sees("The time stays; they are told what was agreed.")
	if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); got["confirmation"] != "confirmed" {
		t.Errorf("kept: %v", got["confirmation"])
	}
	page.Submit("another-time", 303, "date", wished.Format("2006-01-02"), "part", "afternoon")
	h.Settle()
	m.sees("They ask for another time")
	m.taps("Find a time then")
	m.sees("Move and tell them")
	m.until("that day and part first", `document.querySelector('.drawer select').value === '`+wished.Format("2006-01-02")+`'
		&& [...document.querySelectorAll('.drawer .slots .label')].every((p) => /When|Afternoon/.test(p.innerText))
		&& document.querySelectorAll('.drawer .slot').length > 0`)
	m.fits("times of a day", "Move and tell them")
	m.taps("Move and tell them")
	m.sees("The visit is booked.")
	moved := desk.Send("GET", path("/v1/visits?job_id=%s", job), nil, 200)["items"].([]any)
	if got := moved[len(moved)-1].(object); !strings.HasPrefix(got["window_start"].(string), wished.Format("2006-01-02")) {
		t.Errorf("moved to %v", got["window_start"])
	}
	m.until("the wish is answered", "!document.querySelector('.wish')")
}

// An agent's worklist is that of all centres; several households are asked again at once, and the page says before how many.
func TestAnAgentWorksForAllCentres(t *testing.T) {
	h := harness.New(t, "sqlite", withTexts(t))
	m := newMember(t, h)
	h.Ignores("visit.assigned")
	h.MayIgnore("visit.offered", "promise.yours", "job.share")
	var jobs []object
	for n, login := range []string{"kiran", "kiran", "kiran2"} {
		_, job := h.Household(h.As(login), object{"name": "Home " + strconv.Itoa(n+1)})
		jobs = append(jobs, job)
		crew := "ravi"
		if login == "kiran2" {
			crew = "ravi2"
		}
		h.Visit(h.As(login), job, harness.Monday.Add(time.Duration(25+3*n)*time.Hour), crew)
	}
	promised := h.As("kiran").Send("POST", path("/v1/jobs/%s/promises", jobs[0]), object{"what": "the price",
		"due_at": h.Clock.Now().Add(2 * time.Hour)}, 201)
	h.Settle()
	m.signsIn("gita")
	m.sees("Home 1")
	m.sees("Home 3")
	m.fits("an agent's worklist", "All centres")
	picks := func(names ...string) {
		for _, name := range names {
			m.until("select "+name, `(() => {
				const box = [...document.querySelectorAll('.pick input')].find((i) => i.ariaLabel.includes('`+name+`'));
				if (box && !box.checked) box.click(); return !!box?.checked; })()`)
		}
	}
	picks("Home 1", "Home 2", "Home 3")
	m.taps("Ask the households again …")
	m.sees("3 households will be asked again")
	m.fits("several at once", "3 selected")
	for _, job := range jobs {
		if got := timesSent(h, job); got != 0 {
			t.Errorf("asked first, the link went %d times", got)
		}
	}
	m.taps("Ask 3 households again")
	m.sees("3 households were asked again.")
	for _, job := range jobs {
		if got := timesSent(h, job); got != 1 {
			t.Errorf("the link went %d times", got)
		}
	}
	picks("Home 1")
	m.fills("Hand 1 promise over to", h.People["asha"].ID.String())
	m.taps("Hand over")
	m.sees("1 promise is handed over.")
	if got := h.As("asha").Send("GET", path("/v1/promises/%s", promised), nil, 200)["owner_id"]; got != h.People["asha"].ID.String() {
		t.Errorf("the promise is of %v", got)
	}
	// Opened again the tab shows its rows before anything is answered, says of when they are, and forgets them with the session.
	m.until("the rows are kept", "(sessionStorage['doorstep-shown'] || '').includes('Home 2')")
	m.until("neither a number nor an address", "!/Example Lane|\\+9198/.test(sessionStorage['doorstep-shown'])")
	m.cdp("Network.enable", map[string]any{})
	m.cdp("Network.setBlockedURLs", map[string]any{"urls": []string{"*/v1/*"}})
	m.reloads()
	m.sees("Home 2")
	m.sees("as of")
	m.cdp("Network.setBlockedURLs", map[string]any{"urls": []string{}})
	m.until("the answers", "!document.querySelector('.head').innerText.includes('as of')")
	m.signsOut()
	m.until("nothing is left in the tab", "!Object.keys(sessionStorage).some((k) => k.startsWith('doorstep-'))")
}

// timesSent is how often a job's link was delivered.
func timesSent(h *harness.Harness, job object) (n int) {
	for _, e := range items(h.As("gita").Send("GET", path("/v1/jobs/%s/timeline?limit=100", job), nil, 200)) {
		if e["kind"] == "link.sent" {
			n++
		}
	}
	return n
}

// An abusive call in the evening: recorded in two taps, ended in one, and who calls by when. What waits for a manager names it.
func TestTheDeskEndsAnAbusiveCall(t *testing.T) {
	h := harness.New(t, "sqlite")
	m := newMember(t, h)
	h.Ignores("promise.yours")
	h.MayIgnore("flag.triage", "queue.morning", "aftercare.owed", "visit.assigned", "break.taken", "break.offered")
	desk := h.As("kiran")
	customer, job := h.Household(desk, nil)
	h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
	h.Expect("ravi", "New visit")
	m.signsIn("kiran")
	m.at("#/household/" + customer["id"].(string))
	m.sees("does not cool")
	m.count = 0
	m.taps("Record a contact")
	m.fits("a contact", "what came of it?")
	m.taps("No answer")
	m.sees("The contact is on record")
	if m.count != 2 {
		t.Errorf("%d taps record a contact", m.count)
	}
	m.sees("Trying")
	if got := desk.Verdict(job)["verdict"]; got != "trying" {
		t.Errorf("the verdict is %v", got)
	}
	m.presses("v")
	m.fits("somebody on the line", "What is known")
	m.taps("Wants a call back")
	m.fills("A note", "after six")
	m.until("their button", "[...document.querySelectorAll('.drawer form .btn')].some((b) => (b.click(), true))")
	m.sees("Tell the caller")
	m.taps("Close")
	m.sees("Promised by")
	// At the end of a shift what was promised goes to a colleague.
	m.at("#/worklist")
	m.taps("Promise")
	m.fills("My 1 promise goes to", h.People["asha"].ID.String())
	m.fits("a hand-over", "Hand over")
	m.taps("Hand over")
	m.sees("1 promise is handed over.")
	m.at("#/household/" + customer["id"].(string))
	m.sees("does not cool")
	m.presses("c")
	m.taps("End an abusive call")
	m.fits("ending a call", "Read this out first")
	m.taps("I end the call")
	m.sees("On record.")
	m.sees("calls them by")
	m.fits("after an ended call", "Pause me now")
	m.taps("Pause me now")
	m.sees("You have a pause.")
	// Where no job is open the number is enough, and nothing shows whose it is.
	m.at("#/end")
	m.fits("ending a call by number", "Read this out first")
	for _, number := range []string{"+919810000001", "+91 98200 00099"} {
		m.at("#/desk?q=nobody%20at%20all")
		m.taps("End an abusive call")
		m.fills("Number of the caller", number)
		m.taps("I end the call")
		m.sees("On record. Whoever answers for this number is told within seconds.")
		m.taps("Pause me now")
		m.sees("You have a pause.")
	}
	// In Hindi the pages are the same pages.
	m.at("#/worklist")
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.taps("हिन्दी")
	m.fits("a worklist in Hindi", "कार्य सूची")
	speaks := func() any { return h.As("kiran").Send("GET", "/v1/me", nil, 200)["user"].(object)["language"] }
	for end := time.Now().Add(harness.Patience); speaks() != "hi"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the account's language is as before")
		}
	}
	m.until("English again", "(document.querySelector('.me').open = true)")
	m.taps("English")
	m.offline(true)
	for end, js := time.Now().Add(noticed), "!!document.querySelector('.offline')"; !evaluate[bool](t, m.technician.ctx, js); {
		if time.Now().After(end) {
			t.Fatal("for 3 s nothing says that there is no connection")
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.offline(false)
	m.until("the connection is back", "!document.querySelector('.offline')")
	// Another tab is signed in and out with this one.
	m.at("queue")
	m.sees("no decisions waiting")
	m.at("")
	m.signsOut()
	m.at("board")
	m.until("signed out there too", "!document.getElementById('login').hidden")
}

// An SOS stands over every page, says who and where, and is answered, handed over and ended on one screen. The manager's decisions
// stand worst first.
func TestAnSOSOnTheDesk(t *testing.T) {
	h := harness.New(t, "sqlite")
	m := newMember(t, h)
	h.Ignores("sos.raised", "visit.assigned", "flag.live", "day.freed", "visit.unassigned", "leave.asked", "leave.approved")
	h.MayIgnore("visit.held_cancelled", "visit.needs_someone", "visit.missed", "visit.missed_desk", "flag.overdue", "flag.live_overdue")
	h.MayIgnore("flag.passed_on", "sos.call_yourself", "sos.unheard", "sos.open", "sos.taken", "queue.morning", "flag.triage", "hold.area",
		"visit.wait")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, h.Clock.Now().Add(30*time.Minute), "ravi")
	m.signsIn("asha")
	m.sees("Worklist")
	ravi := h.As("ravi")
	sos := ravi.Send("POST", "/v1/sos", object{"visit_id": visit["id"], "lat": 18.5204, "lon": 73.8567}, 201)
	m.sees("nobody is on it")
	m.until("the banner", "(document.querySelector('.alarm a').click(), true)")
	m.sees("Ravi Surname")
	m.sees("12 Example Lane")
	m.fits("an SOS", "I am on it")
	m.taps("I am on it")
	m.sees("Somebody is on it")
	m.sees("Asha Surname")
	m.fits("an SOS that somebody is on", "How it ended")
	m.fills("What happened", "He is out and safe")
	m.taps("End the SOS")
	m.sees("Ended")
	if got := ravi.Send("GET", path("/v1/sos/%s", sos), nil, 200); got["status"] != "resolved" || got["words"] != "He is out and safe" {
		t.Errorf("the alarm is %v", got["status"])
	}
	// Whoever is ill gives a day back, and the page asks first.
	m.taps("Team")
	m.fits("the team", "Ill today")
	m.until("Ravi's", "[...document.querySelectorAll('button')].some((b) => b.ariaLabel === 'Ill today …: Ravi Surname' && (b.click(), true))")
	m.fits("what illness would free", "1 visit loses its technician")
	m.taps("Free 1 visit")
	m.sees("1 visit needs somebody now.")
	if crew := desk.Visit(visit).Crew; len(crew) != 0 {
		t.Errorf("the crew is %v", crew)
	}
	// Leave that is approved says first whom that would cost a visit.
	h.As("meena").AskLeave("2027-03-04T08:00", "2027-03-04T20:00", 201)
	m.at("#/worklist")
	m.taps("Approve")
	m.sees("No visit ahead changes")
	m.taps("Yes: Approve")
	m.until("it is approved", "!document.body.innerText.includes('Yes: Approve')")
	if left := items(h.As("asha").Send("GET", "/v1/leave?status=requested", nil, 200)); len(left) != 0 {
		t.Errorf("%d requests wait", len(left))
	}
	m.signsOut()

	ravi.AskLeave("2027-04-05T08:00", "2027-04-05T20:00", 201)
	h.SetPhone("ravi", "+919811100009")
	ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "animal", "level": 2, "note": "A dog"}, 201)
	h.Advance(2 * time.Hour)
	ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "threat", "level": 3, "note": "He came after me with a stick"}, 201)
	h.Settle()
	m.signsIn("maya")
	m.fits("decisions", "If nobody decides")
	m.taps("All")
	// At 23:00, on a phone: the worst card is whole on the first screen, with who, where, whom to call, and what was before.
	m.until("the menu is closed", "(document.querySelector('.me').open = false, true)")
	m.size(390)
	m.until("the worst card first", `(() => {
		const card = document.querySelector('.decision'), says = card?.innerText || '', whom = card?.querySelector('.whom');
		return ['level 3', 'He came after me with a stick', 'Ravi Surname', '12 Example Lane', 'Kapoor household'].every((w) => says.includes(w))
			&& !!card.querySelector('a[href="tel:+919811100009"]') && card.querySelectorAll('a[href^="tel:"]').length === 2
			&& /1 other report/.test(says) && card.getBoundingClientRect().top < 400 && whom.getBoundingClientRect().bottom < 844; })()`)
	m.size(1280)
	// A decision of one tap says first what it does, and is left as easily as it is made.
	dog := func() object {
		reports := items(h.As("maya").Send("GET", "/v1/flags", nil, 200))
		return reports[slices.IndexFunc(reports, func(f object) bool { return f["kind"] == "animal" })]
	}
	status := func() any { return dog()["status"] }
	h.As("maya").MoveFlag(dog()["id"], "triage", object{}, 200)
	m.at("#/decisions")
	m.until("the mild report, triaged", `[...document.querySelectorAll('.decision')].some((c) => c.innerText.includes('A dog') &&
		[...c.querySelectorAll('button')].some((b) => b.innerText.trim() === 'Take it into review' && (b.click(), true)))`)
	m.sees("Yes: Take it into review")
	m.taps("No")
	if got := status(); got == "under_review" {
		t.Error("asking took it into review")
	}
	m.until("asked again", `[...document.querySelectorAll('.decision')].some((c) => c.innerText.includes('A dog') &&
		[...c.querySelectorAll('button')].some((b) => b.innerText.trim() === 'Take it into review' && (b.click(), true)))`)
	m.taps("Yes: Take it into review")
	m.sees("Done: Take it into review")
	if got := status(); got != "under_review" {
		t.Errorf("the report is %v", got)
	}
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.taps("हिन्दी")
	m.sees("स्तर 3 की रिपोर्ट")
	m.sees("कारण: धमकी")
	m.until("all of it in Hindi", `!/Report of level|Because of|It escalates|Triage/.test(document.querySelector('.decisions').innerText)`)
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.taps("English")
	m.taps("Team")
	m.taps("From a lost phone …")
	m.fits("what a lost phone told", "Nothing came that is about no visit.")
	m.signsOut()

	// A proprietor decides what is a proprietor's, and reads nothing of the reports.
	m.signsIn("asha")
	m.taps("Decisions")
	m.fits("a proprietor's decisions", "Somebody asks for leave")
	m.until("nothing of a report", "!/stick|level|Report/.test(document.querySelector('main').innerText)")
	m.until("a decision", "[...document.querySelectorAll('.decision .btn')]."+
		"some((b) => b.innerText.trim() === 'Approve' && (b.click(), true))")
	m.fits("a decision that is asked first", "The technician is told.")
	m.taps("Yes: Approve")
	m.sees("Done: Approve")
	m.sees("Nothing waits for you.")
	m.signsOut()
}

// What a household or a colleague feels says first what it does, or waits ten seconds in which it is undone.
func TestWhatOthersFeelIsAskedFirstOrUndone(t *testing.T) {
	h := harness.New(t, "sqlite", withTexts(t))
	m := newMember(t, h)
	h.Ignores("replacement.proposed", "promise.yours", "visit.assigned", "visit.cancelled")
	h.MayIgnore("visit.cancelled_home", "visit.offered", "visit.completed", "visit.en_route", "visit.arrived", "visit.needs_someone",
		"link.acted", "visit.cancelled_by_customer", "visit.understood", "visit.confirmed", "job.nobody_left")
	desk := h.As("kiran")
	customer, _ := h.Household(desk, nil)
	steps := []object{}
	for i, what := range []string{"Switched it off and on", "Thermostat turned down", "Door seal cleaned"} {
		steps = append(steps, object{"what": what, "at": harness.Monday.Add(-24 * time.Hour), "result": "no better",
			"watched_by": map[bool]string{true: "household_professional", false: "nobody"}[i == 2]})
	}
	job := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "warm", "category": "refrigerator",
		"tried_steps": steps}, 201)
	replacement := func() any {
		r, _ := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["replacement"].(object)
		return r["status"]
	}
	at := "#/household/" + harness.String(customer["id"]) + "?job=" + harness.String(job["id"])
	m.signsIn("asha")
	m.at(at)
	m.taps("Accept the replacement")
	m.sees("Nobody is told yet")
	m.reloads()
	m.taps("Undo")
	m.until("it waits again", "[...document.querySelectorAll('button')].some((b) => b.innerText.trim() === 'Accept the replacement')")
	if got := replacement(); got != "proposed" {
		t.Errorf("undone, it is %v", got)
	}
	m.taps("Accept the replacement")
	m.until("ten seconds later", `(localStorage.setItem('doorstep-held', JSON.stringify(JSON.parse(localStorage.getItem('doorstep-held'))
		.map((x) => ({ ...x, at: x.at - 10_000 })))), true)`)
	m.until("it was sent", "!document.querySelector('.held')")
	if got := replacement(); got != "accepted" {
		t.Errorf("ten seconds later it is %v", got)
	}
	m.signsOut()

	// A caller cancels: the page says whom that tells before it is done.
	caller, called := h.Household(desk, nil)
	visit := h.Visit(desk, called, harness.Monday.Add(26*time.Hour), "ravi")
	m.signsIn("kiran")
	m.at("#/household/" + harness.String(caller["id"]))
	m.taps("On the line")
	m.taps("Cancels the visit")
	m.until("whom it tells", `(() => { const told = [...document.querySelectorAll('.drawer .known li')].map((l) => l.innerText);
		return told.length > 0 && told.some((x) => /1 colleague is told\./.test(x)); })()`)
	m.fits("a caller who cancels", "Cancels the visit")
	if got := desk.Visit(visit).Status; got != "scheduled" {
		t.Errorf("asked, it is %s", got)
	}
	m.until("done", `(document.querySelector('.drawer form button.primary').click(), true)`)
	m.sees("Tell the caller")
	if got := desk.Visit(visit).Status; got != "cancelled" {
		t.Errorf("the visit is %s", got)
	}

	// Somebody else next time: nobody asks why, and only the area manager ends it.
	home, done := h.Household(desk, nil)
	h.WorkUntil("ravi", h.Visit(desk, done, h.Clock.Now().Add(30*time.Minute), "ravi"), "complete",
		object{"work_done": "pump", "tested": "works"})
	m.at("#/household/" + harness.String(home["id"]))
	m.sees("pump · works")
	h.Settle()
	m.taps("Somebody else next time")
	m.fits("somebody else next time", "Only the area manager, who asks the household, ends it.")
	m.taps("They do not come again")
	m.sees("Ravi Surname does not go there again.")
	refused := desk.Send("POST", path("/v1/jobs/%s/visits", done), object{"window_start": h.Clock.Now().Add(48 * time.Hour),
		"window_end": h.Clock.Now().Add(50 * time.Hour), "crew": []any{h.People["ravi"].ID}}, 409)
	if refused["code"] != "not_available" {
		t.Errorf("ravi is refused by %v", refused["code"])
	}
	m.signsOut()
	m.signsIn("kiran")
	m.until("the menu is closed", "!document.querySelector('.me').open")
	m.signsOut()
}
