package alarm

import (
	"encoding/json"
	"flag"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"pgregory.net/rapid"
)

// TestAlarmsInAnyOrder drives taps, answers, timers and holds in any order
// under the clock, and holds what the phones got against what the rules say.
// Each run is a world of its own and takes a second: few are enough on every
// day; -rapid.checks asks for more.
func TestAlarmsInAnyOrder(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = flag.Set("rapid.checks", "6")
	}
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue",
			"queue.morning", "sos.call_yourself", "sos.open", "sos.raised", "sos.taken", "sos.unheard", "visit.assigned", "visit.call_desk")
		rapid.Check(t, func(rt *rapid.T) { alarmsInAnyOrder(h, rt) })
	})
}

// alarmModel is what should be so.
type alarmModel struct {
	sos      string    // the open alarm; empty: none
	raised   time.Time // when
	owner    string    // login; empty: it rings
	answered time.Time
	due      time.Time // of the timer's next step
	extended int       // minutes, eight hours in all
	timer    string    // armed, pinged, desk_asked, alarmed, ended
	held     bool
	started  map[string]int // rings of each phone when the alarm began
}

// tiers of the default ladder: who is rung from when on.
var tierOf = map[string]time.Duration{"asha": 0, "maya": time.Minute, "noor": time.Minute, "maya2": 2 * time.Minute,
	"kiran": 4 * time.Minute, "root": 4 * time.Minute}

func alarmsInAnyOrder(h *harness.Harness, rt *rapid.T) {
	r := newAlarmRun(h, rt)
	rt.Repeat(map[string]func(*rapid.T){
		"time passes":      r.timePasses,
		"a tap":            r.tap,
		"somebody answers": r.answer,
		"resolved":         r.resolve,
		"fine":             r.fine,
		"extended":         r.extend,
		"a hold":           r.hold,
		"":                 func(*rapid.T) { r.check() },
	})
	// Nobody is left hanging for the next run.
	if r.m.sos != "" {
		if r.m.owner == "" {
			r.want(r.maya, "/v1/sos/"+r.m.sos+"/acknowledge", nil, true)
		}
		r.want(r.maya, "/v1/sos/"+r.m.sos+"/resolve", object{"words": "the end"}, true)
	}
	r.ravi.StopVisit(r.visit)
	for _, x := range items(r.maya.Send("GET", "/v1/sos?status=open", nil, 200)) {
		rt.Fatalf("an alarm is left: %v", x)
	}
}

// alarmRun is one run: who is in it, and what should be so.
type alarmRun struct {
	h                *harness.Harness
	rt               *rapid.T
	m                *alarmModel
	ravi, maya, desk *harness.Client
	job, visit       object
}

func newAlarmRun(h *harness.Harness, rt *rapid.T) *alarmRun {
	ravi, maya, desk := h.As("ravi"), h.As("maya"), h.As("kiran")
	h.Clock.Set(harness.Monday.Add(time.Duration(rapid.IntRange(0, 1).Draw(rt, "hour"))*time.Hour).
		AddDate(0, 0, int(h.Clock.Now().Sub(harness.Monday)/(24*time.Hour))+7))
	for _, x := range items(maya.Send("GET", "/v1/sos?status=open", nil, 200)) { // of a run that failed
		maya.Raw("POST", path("/v1/sos/%s/acknowledge", x), nil)
		maya.ResolveSOS(x, bodies.SOSResolve{Words: "left over"})
	}
	h.Settle()
	h.NoMorePushes()
	h.Phones.Reset() // each phone keeps so many messages only
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, h.Clock.Now().Add(time.Minute), "ravi")
	h.Clock.Advance(time.Minute)
	ravi.Arrive(visit)
	r := &alarmRun{h: h, rt: rt, ravi: ravi, maya: maya, desk: desk, job: job, visit: visit}
	r.m = &alarmModel{timer: "armed", due: h.Clock.Now().Add(70 * time.Minute), started: r.rings()}
	return r
}

// rings counts what each phone rang so far.
func (r *alarmRun) rings() map[string]int {
	r.h.Settle()
	out := map[string]int{}
	for login := range tierOf {
		out[login] = r.h.Alarms(login)
	}
	out["ravi"] = r.h.Alarms("ravi")
	return out
}

func (r *alarmRun) begin() {
	list := items(r.maya.Send("GET", "/v1/sos?status=open", nil, 200))
	if len(list) != 1 {
		r.rt.Fatalf("%d open alarms, want one", len(list))
	}
	r.m.sos, r.m.raised, r.m.owner = harness.String(list[0]["id"]), r.h.Clock.Now(), ""
}

func (r *alarmRun) check() {
	now := r.rings()
	for login, n := range now {
		from, known := tierOf[login]
		late := r.m.sos != "" && r.m.owner == "" && known && !r.h.Clock.Now().Before(r.m.raised.Add(from))
		switch {
		case login == "ravi" && n != r.m.started[login]:
			r.rt.Fatalf("the raiser's phone rang")
		case late && n == r.m.started[login]:
			r.rt.Fatalf("%s was not rung %v after the tap", login, r.h.Clock.Now().Sub(r.m.raised))
		case r.m.sos != "" && known && r.m.owner == "" && r.h.Clock.Now().Before(r.m.raised.Add(from)) && n != r.m.started[login]:
			r.rt.Fatalf("%s was rung before the time of the tier", login)
		}
	}
	got := items(r.ravi.Send("GET", path("/v1/visits/%s/timer", r.visit), nil, 200))
	if got[0]["status"] != r.m.timer {
		r.rt.Fatalf("the timer is %v, want %s", got[0]["status"], r.m.timer)
	}
}

func (r *alarmRun) want(p *harness.Client, to string, body any, open bool) {
	out, res := p.Raw("POST", to, body)
	if ok := res.StatusCode < 300; ok != open {
		r.rt.Fatalf("POST %s: %d, want done %v: %s", to, res.StatusCode, open, out)
	}
}

// runs reports whether the timer can still be answered.
func (r *alarmRun) runs() bool {
	return r.m.timer == "armed" || r.m.timer == "pinged" || r.m.timer == "desk_asked"
}

func (r *alarmRun) timePasses(rt *rapid.T) {
	for left := time.Duration(rapid.IntRange(1, 1200).Draw(rt, "seconds")) * time.Second; left > 0; {
		step := min(left, 30*time.Second)
		before := r.rings()
		r.h.Advance(step)
		left -= step
		alarmed := r.m.timer == "desk_asked" && !r.h.Clock.Now().Before(r.m.due)
		if r.m.owner != "" && !alarmed {
			for login, n := range r.rings() {
				if n != before[login] {
					rt.Fatalf("%s is rung after somebody answered", login)
				}
			}
		}
		r.timerFallsDue(before)
	}
}

// timerFallsDue takes the timer's steps that are due; before are the rings
// before they were.
func (r *alarmRun) timerFallsDue(before map[string]int) {
	for !r.h.Clock.Now().Before(r.m.due) && r.runs() {
		switch r.m.timer {
		case "armed":
			r.m.timer, r.m.due = "pinged", r.h.Clock.Now().Add(2*time.Minute)
		case "pinged":
			r.m.timer, r.m.due = "desk_asked", r.h.Clock.Now().Add(3*time.Minute)
		case "desk_asked":
			r.m.timer = "alarmed"
			switch {
			case r.m.sos == "" || r.m.owner != "" && r.h.Clock.Now().Sub(r.m.answered) >= time.Hour:
				if r.m.sos != "" {
					r.want(r.maya, "/v1/sos/"+r.m.sos+"/resolve", object{"words": "long over"}, true)
				}
				r.m.started = before
				r.begin()
			case r.m.owner != "": // one cause, one alarm: it rings on
				r.m.owner = ""
			}
		}
	}
}

func (r *alarmRun) tap(rt *rapid.T) {
	before := r.rings()
	r.ravi.RaiseSOS()
	switch {
	case r.m.sos == "" || r.m.owner != "" && r.h.Clock.Now().Sub(r.m.answered) >= time.Hour:
		for _, x := range items(r.maya.Send("GET", "/v1/sos?status=open", nil, 200)) { // the old one is seen to
			if harness.String(x["id"]) == r.m.sos {
				r.want(r.maya, "/v1/sos/"+r.m.sos+"/resolve", object{"words": "long over"}, true)
			}
		}
		r.m.started = before
		r.begin()
	case r.m.owner != "": // it rings on
		r.m.owner = ""
		if r.rings()["asha"] != before["asha"]+1 {
			rt.Fatal("a tap after the answer rings nobody")
		}
	}
}

func (r *alarmRun) answer(rt *rapid.T) {
	if r.m.sos == "" || r.m.owner != "" {
		rt.Skip("nothing to answer")
	}
	r.want(r.ravi, "/v1/sos/"+r.m.sos+"/acknowledge", nil, false)
	r.m.owner, r.m.answered = "maya", r.h.Clock.Now()
	r.want(r.maya, "/v1/sos/"+r.m.sos+"/acknowledge", nil, true)
}

func (r *alarmRun) resolve(rt *rapid.T) {
	if r.m.sos == "" {
		rt.Skip("nothing to resolve")
	}
	r.want(r.maya, "/v1/sos/"+r.m.sos+"/resolve", object{"words": "seen to"}, r.m.owner != "")
	if r.m.owner != "" {
		r.m.sos, r.m.owner = "", ""
		r.m.started = r.rings()
	}
}

func (r *alarmRun) fine(rt *rapid.T) {
	r.want(r.ravi, path("/v1/visits/%s/timer/fine", r.visit), nil, r.runs())
	if r.runs() {
		r.m.timer = "armed"
		plan := r.h.Clock.Now().Add(15 * time.Minute)
		got := harness.Instant(r.h.T, items(r.ravi.Send("GET", path("/v1/visits/%s/timer", r.visit), nil, 200))[0]["due_at"])
		if got.Before(plan) {
			rt.Fatalf("after fine it is due %v, sooner than in 15 minutes", got)
		}
		r.m.due = got
	}
}

func (r *alarmRun) extend(rt *rapid.T) {
	n := rapid.IntRange(1, 240).Draw(rt, "minutes")
	r.want(r.ravi, path("/v1/visits/%s/timer/extend", r.visit), object{"minutes": n}, r.runs() && r.m.extended+n <= 480)
	if r.runs() && r.m.extended+n <= 480 {
		r.m.timer = "armed"
		r.m.extended += n
		r.m.due = harness.Instant(r.h.T, items(r.ravi.Send("GET", path("/v1/visits/%s/timer", r.visit), nil, 200))[0]["due_at"])
		if r.m.due.Before(r.h.Clock.Now().Add(time.Duration(n) * time.Minute)) {
			rt.Fatalf("extended by %d min it is due %v", n, r.m.due)
		}
	}
}

func (r *alarmRun) hold(rt *rapid.T) {
	if !r.m.held {
		r.h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(r.job["id"]), Kind: "animal", Level: 2})
		r.m.held = true
	}
	out, res := r.desk.Raw("POST", path("/v1/jobs/%s/visits", r.job), object{"window_start": r.h.Clock.Now().Add(26 * time.Hour),
		"window_end": r.h.Clock.Now().Add(28 * time.Hour)})
	var p object
	if json.Unmarshal(out, &p) != nil || res.StatusCode != 409 || p["code"] != "held" {
		rt.Fatalf("under a hold a visit is scheduled: %d %s", res.StatusCode, out)
	}
}
