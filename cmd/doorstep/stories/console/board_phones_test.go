package console

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// The desk reads before the shift whose phone will not ring, and takes a drill back.
func TestTheBoardSaysWhosePhoneWillNotRing(t *testing.T) {
	h := harness.New(t, "sqlite")
	ravi, asha := h.As("ravi"), h.As("asha")
	mine := items(ravi.Send("GET", "/v1/me/devices", nil, 200))
	ravi.Send("PUT", "/v1/devices/"+mine[0]["installation_id"].(string)+"/health", object{"battery": 9, "notifications": "blocked"}, 200)
	drills := "/v1/centres/" + h.Centre.String() + "/drills"
	for _, after := range []time.Duration{26 * time.Hour, 50 * time.Hour} {
		asha.Send("POST", drills, object{"at": harness.Monday.Add(after).Format(time.RFC3339)}, 201)
	}
	d := openBoard(t, h, "asha", 390, 844)
	d.until("whose phone, and why",
		`(p => p !== null && p.innerText.includes('One phone will not ring') && p.innerText.includes('Ravi Surname')
		&& p.innerText.includes('notifications are off') && p.innerText.includes('battery 9 %'))(document.getElementById('p-phones'))`)
	d.until("the drills", "document.querySelectorAll('#p-drills li').length === 2")
	d.shot("phones-390")
	d.judge("phones that will not ring")
	if wide := evaluate[int](t, d.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		t.Errorf("the page is %d px too wide for a phone", wide)
	}
	d.size(1366, 768)
	d.shot("phones-1366")
	d.js("(document.querySelector('#p-drills button').click(), true)")
	d.until("one is taken back", "document.querySelectorAll('#p-drills li').length === 1")
	if got := items(asha.Send("GET", drills, nil, 200)); got[0]["status"] != "planned" || got[1]["status"] != "cancelled" {
		t.Errorf("the drills are %v", got)
	}
	d.noFaults()
	// A coordinator reads of the phones, and nothing of drills.
	k := openBoard(t, h, "kiran", 1366, 768)
	k.until("the phones", "document.getElementById('p-phones') !== null")
	if evaluate[bool](t, k.ctx, "document.getElementById('p-drills') !== null") {
		t.Error("a coordinator is shown drills")
	}
	k.noFaults()
}

// Whom the desk is asked to call about coming home stands there with one move.
func TestTheBoardAsksWhetherSomebodyCameHome(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("home_safe.call", "home_safe.ping")
	h.SetPhone("ravi", "+919811100001")
	h.MayIgnore("account.changed")
	h.As("ravi").Send("PUT", "/v1/me/home-safe", object{"by": harness.Monday.Add(time.Hour).Format(time.RFC3339)}, 200)
	d := openBoard(t, h, "kiran", 390, 844)
	for _, step := range []time.Duration{time.Hour + time.Second, 10 * time.Minute} {
		h.Advance(step)
	}
	d.until("whom to call",
		`(a => a.innerText.includes('Please call Ravi Surname') && a.querySelector('a[href="tel:+919811100001"]') !== null)(document.getElementById('alarms'))`)
	d.shot("home-390")
	d.judge("somebody who did not say that they are home")
	d.size(1366, 768)
	d.shot("home-1366")
	d.js("([...document.querySelectorAll('#alarms button')].find(b => b.textContent.startsWith('I spoke with them')).click(), true)")
	d.until("it is answered", "document.getElementById('alarms').children.length === 0")
	if got := h.As("ravi").Send("GET", "/v1/me/home-safe", nil, 200); got["status"] != "asked" {
		t.Errorf("it is %v", got)
	}
	d.noFaults()
}

// Whoever was rung reads in the queue where the phone was last, and how often it told.
func TestTheQueueShowsWhereAPhoneWasLast(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("sos.raised", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	h.ArrivedVisit()
	ravi := h.As("ravi")
	x := ravi.RaiseSOS(bodies.SOSRaise{Note: "help", Lat: 18.52, Lon: 73.85})
	h.Clock.Advance(20 * time.Second)
	at := func(d time.Duration) string { return h.Clock.Now().Add(d).Format(time.RFC3339) }
	ravi.Send("POST", "/v1/sos/"+x.ID+"/trail", object{"points": []object{{"at": at(-10 * time.Second), "battery": 13, "sound": "silent"},
		{"at": at(0), "lat": 18.52111, "lon": 73.85222, "accuracy_m": 80, "battery": 12, "sound": "vibrate"}}}, 200)
	m := newMember(t, h)
	m.signsIn("maya")
	m.size(390)
	m.until("where it was last", `[...document.querySelectorAll('.decision .known a')].some((a) => a.href === 'geo:18.52111,73.85222' &&
		['`+h.Clock.Now().In(time.FixedZone("IST", 19800)).Format("15:04")+`', '80 m', '12 %'].every((w) => a.innerText.includes(w)))`)
	m.until("how often", "/2 times/.test(document.querySelector('.decision').innerText)")
	m.fits("decisions with where a phone was last", "2 times")
}
