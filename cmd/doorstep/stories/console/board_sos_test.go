package console

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// The proprietor on a phone answers an SOS, calls, and says how it ended; the
// desk reads whom to call for a timer. All of it by what stands on the page.
func TestTheBoardAnswersAnSOSInABrowser(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("account.changed", "sos.raised", "sos.taken", "timer.no_signal", "timer.ping", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	h.SetPhone("ravi", "+919811100001")
	visit := h.ArrivedVisit()
	h.As("ravi").RaiseSOS(bodies.SOSRaise{Note: "second floor, <b>at the back</b>", Lat: 18.52, Lon: 73.85})
	d := openBoard(t, h, "asha", 390, 844)
	alarms := func(what, js string) {
		t.Helper()
		d.until(what, "(a => "+js+")(document.getElementById('alarms'))")
	}
	press := func(within, label string) {
		t.Helper()
		d.js("([...document.querySelectorAll('#alarms " + within + "')].find(b => b.textContent.startsWith('" + label + "')).click(), true)")
	}
	alarms("who, how and where",
		`a.innerText.includes('Ravi Surname, technician') && a.querySelector('a[href="tel:+919811100001"]') !== null && a.querySelector('a[href^="geo:"]') !== null
		&& a.innerText.includes('12 Example Lane') && a.innerText.includes('<b>at the back</b>')`)
	// Over the page stands what the desk shows, and its tap leads to the alarm's screen.
	d.until("the banner", "document.querySelector('#along .alarm a[href^=\"/#/sos/\"]')?.innerText.includes('nobody is on it')")
	// A column a technician; what is to come stands in sight.
	d.until("the columns", "document.querySelector('#calendar .column > [data-visit=\""+harness.String(visit["id"])+"\"]') !== null")
	d.shot("sos-390")
	d.judge("an SOS on a phone")
	press("button", "I am on it")
	alarms("hers, with the number and its end",
		`a.innerText.includes('somebody is on it') && a.querySelector('a[href="tel:+919811100001"]') !== null && [...a.querySelectorAll('button')].some(b => b.textContent.startsWith('Resolve'))`)
	press("button", "Resolve")
	alarms("the form", "a.querySelector('form textarea') !== null && document.activeElement.closest('#alarms form') !== null")
	d.shot("sos-end-390")
	d.judge("ending an SOS on a phone")
	if wide := evaluate[int](t, d.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		t.Errorf("the page is %d px too wide for a phone", wide)
	}
	// What comes in does not take away what is being written.
	d.js("(document.querySelector('#alarms textarea').value = 'He is in the car with me.', document.querySelector('#alarms select').value = 'real', true)")
	h.As("ravi").RaiseSOS(bodies.SOSRaise{ID: uuid.New().String(), Note: "now in the yard"})
	h.As("asha").Send("POST", "/v1/sos/"+harness.String(items(h.As("asha").Send("GET", "/v1/sos?status=open", nil, 200))[0]["id"])+
		"/acknowledge",
		nil, 200)
	alarms("the newest words beside what is written",
		"a.innerText.includes('now in the yard') && a.querySelector('textarea').value === 'He is in the car with me.'")
	d.js("(document.querySelector('#alarms form').requestSubmit(), true)")
	alarms("it is over", "a.children.length === 0")
	if got := items(h.As("asha").Send("GET", "/v1/sos", nil, 200))[0]; got["status"] != "resolved" ||
		got["words"] != "He is in the car with me." {
		t.Errorf("ended as %v, %v", got["status"], got["words"])
	}
	// The timer runs out: the desk reads whom to call, and says that it did.
	d.size(1280, 900)
	for _, step := range []time.Duration{70, 2} {
		h.Advance(step * time.Minute)
	}
	alarms("whom to call", `a.innerText.includes('Please call Ravi Surname') && a.querySelector('a[href="tel:+919811100001"]') !== null`)
	d.shot("timer-1280")
	d.judge("a timer that asks")
	press("button", "I spoke with them")
	alarms("it is answered", "a.children.length === 0")
	if got := items(h.As("kiran").Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0]; got["status"] != "armed" {
		t.Errorf("the timer is %v", got["status"])
	}
	d.noFaults()
	// The import has the same.
	h.As("ravi").RaiseSOS(bodies.SOSRaise{ID: uuid.New().String(), Note: "again"})
	h.Must(chromedp.Do(d.ctx, chromedp.Navigate(h.URL+"/import")))
	d.until("the banner there", "document.querySelector('#along .alarm a[href^=\"/#/sos/\"]') !== null")
	d.judge("an SOS over the import")
	d.js("(document.querySelector('#along .alarm a').click(), true)")
	d.until("the alarm's screen", "document.querySelector('.sosbox')?.innerText.includes('Ravi Surname')")
}
