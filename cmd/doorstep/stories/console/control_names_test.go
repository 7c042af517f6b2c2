package console

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// sameNames lists the controls within a part of the open page that are called as
// another is, or whose name does not begin with what is seen (WCAG 2.5.3).
const sameNames = `(within => {
	const text = e => e.textContent.trim().replace(/\s+/g, ' ');
	const seen = e => { // a label's own words, where its control stands in it
		if (!e.labels || !e.labels.length) return text(e);
		const l = e.labels[0].cloneNode(true);
		l.querySelectorAll('select, textarea, input').forEach(c => c.remove());
		return text(l);
	};
	const all = [...document.querySelectorAll(within)]
		.flatMap(r => [...r.querySelectorAll('button, a[href], summary, select, textarea, input:not([type=hidden])')])
		.filter(e => e.checkVisibility());
	const names = all.map(e => e.getAttribute('aria-label') || seen(e)), wrong = [];
	names.forEach((n, i) => {
		if (names.indexOf(n) !== i) wrong.push('twice: ' + n);
		if (!n || !n.startsWith(seen(all[i]))) wrong.push('not ' + seen(all[i]) + ': ' + n);
	});
	return JSON.stringify({n: all.length, wrong});
})`

// alarmed are two open alarms of one raiser, one of them silent, at one moment,
// with a home that two panels show.
//
// REQUIRES: withNumber.
func alarmed(h *harness.Harness) {
	h.Helper()
	ravi := h.As("ravi")
	ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
	visit := h.ArrivedVisit()
	ravi.RaiseSOS(bodies.SOSRaise{Note: "help"})
	h.As("meena").RaiseSOS(bodies.SOSRaise{Note: "help"})
	ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
}

// withNumber gives Ravi a number that cards can offer; who has an open report
// keeps the one they have.
func withNumber(h *harness.Harness) {
	h.Helper()
	h.As("root").Send("PATCH", "/v1/users/"+h.As("ravi").ID.String(), object{"phone": "+919811100001"}, 200, "If-Match",
		fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
}

// Whoever hears the page instead of seeing it tells every control of the queue
// from every other, opened forms included.
func TestNoTwoControlsOfTheQueueShareAName(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("account.changed", "dispute.opened", "flag.live", "flag.triage", "hold.area", "sos.raised", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	withNumber(h)
	desk, ravi := h.As("kiran"), h.As("ravi")
	for i := range 7 {
		ravi.CreateFlag(bodies.FlagCreate{Phone: fmt.Sprintf("+9198000001%02d", i), Kind: "verbal_abuse", Level: 2})
	}
	h.Settle()
	for i := range 5 {
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Duration(24+2*i)*time.Hour), "ravi")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3})
		tried := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		h.CustomerPage(job).Submit("dispute", 303, "attempt_id", tried.ID, "claim", "phone_was_on", "reason",
			"It lay before me.")
	}
	alarmed(h)
	m := newMember(t, h)
	d := &desktop{t, h, m.technician.ctx}
	m.signsIn("maya")
	d.until("the items", "document.querySelectorAll('.decision').length >= 20")
	d.apart("the decisions", "main", 20)
	d.js("([...document.querySelectorAll('.decision [aria-expanded=false]')].forEach(b => b.click()), true)")
	d.until("the forms", "document.querySelectorAll('.decision select, .decision textarea').length > 20")
	d.apart("the decisions with their forms open", "main", 50)
	m.judge("the decisions with their forms open", "If nobody decides")
	if evaluate[int](t, d.ctx, "document.querySelectorAll('.decision.danger a[href^=\"tel:+919811100001\"]').length") != 0 {
		t.Error("a card of a silent alarm calls openly")
	}
}

func TestNoTwoControlsOfTheBoardShareAName(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("account.changed", "leave.asked", "sos.raised", "sos.taken", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	desk := h.As("kiran")
	for i := range 3 {
		_, job := h.Household(desk, object{"name": "Rao"})
		h.Visit(desk, job, h.Clock.Now().Add(3*time.Hour)) // nobody goes
		desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "a call", "due_at": h.Clock.Now().Add(time.Hour).
			Format(time.RFC3339)}, 201)
		_, waiting := h.Household(desk, object{"name": "Rao"})
		desk.Attempt(waiting, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		h.As("meena").AskLeave(fmt.Sprintf("2027-03-%02dT08:00", 4+i), fmt.Sprintf("2027-03-%02dT20:00", 4+i), 201)
	}
	withNumber(h)
	alarmed(h)
	d := openBoard(t, h, "maya", 1200, 900)
	d.until("the alarms", "document.querySelectorAll('#alarms>ul>li').length === 3 && document.querySelectorAll('#side li').length >= 12")
	d.js("([...document.querySelectorAll('#alarms [aria-expanded=false]')].forEach(b => b.click()), true)")
	d.apart("the board", "#alarms, #side", 14)
	d.judge("the board with alarms")
	d.js("([...document.querySelectorAll('#alarms form button')].filter(b => b.textContent === 'I am on it').forEach(b => b.click()), true)")
	d.until("all taken", "document.querySelectorAll('#alarms li [aria-expanded]').length >= 6")
	d.js("([...document.querySelectorAll('#alarms [aria-expanded=false]')].forEach(b => b.click()), true)")
	d.until("the forms", "document.querySelectorAll('#alarms textarea').length === 3")
	d.apart("the board with its forms open", "#alarms, #side", 25)
	d.noFaults()
}

func (d *desktop) apart(state, within string, least int) {
	d.Helper()
	got := evaluate[string](d.T, d.ctx, sameNames+"("+strconv.Quote(within)+")")
	n, _ := strconv.Atoi(strings.TrimPrefix(strings.SplitN(got, ",", 2)[0], `{"n":`))
	if n < least || !strings.HasSuffix(got, `"wrong":[]}`) {
		d.Errorf("%s, of at least %d: %s", state, least, got)
	}
}
