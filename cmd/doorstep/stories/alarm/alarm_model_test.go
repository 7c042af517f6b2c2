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
	rings := func() map[string]int {
		h.Settle()
		out := map[string]int{}
		for login := range tierOf {
			out[login] = h.Alarms(login)
		}
		out["ravi"] = h.Alarms("ravi")
		return out
	}
	m := &alarmModel{timer: "armed", due: h.Clock.Now().Add(70 * time.Minute), started: rings()}
	begin := func() {
		list := items(maya.Send("GET", "/v1/sos?status=open", nil, 200))
		if len(list) != 1 {
			rt.Fatalf("%d open alarms, want one", len(list))
		}
		m.sos, m.raised, m.owner = harness.String(list[0]["id"]), h.Clock.Now(), ""
	}
	check := func() {
		now := rings()
		for login, n := range now {
			from, known := tierOf[login]
			late := m.sos != "" && m.owner == "" && known && !h.Clock.Now().Before(m.raised.Add(from))
			switch {
			case login == "ravi" && n != m.started[login]:
				rt.Fatalf("the raiser's phone rang")
			case late && n == m.started[login]:
				rt.Fatalf("%s was not rung %v after the tap", login, h.Clock.Now().Sub(m.raised))
			case m.sos != "" && known && m.owner == "" && h.Clock.Now().Before(m.raised.Add(from)) && n != m.started[login]:
				rt.Fatalf("%s was rung before the time of the tier", login)
			}
		}
		got := items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))
		if got[0]["status"] != m.timer {
			rt.Fatalf("the timer is %v, want %s", got[0]["status"], m.timer)
		}
	}
	want := func(p *harness.Client, to string, body any, open bool) {
		out, res := p.Raw("POST", to, body)
		if ok := res.StatusCode < 300; ok != open {
			rt.Fatalf("POST %s: %d, want done %v: %s", to, res.StatusCode, open, out)
		}
	}
	advance := func(rt *rapid.T) {
		for left := time.Duration(rapid.IntRange(1, 1200).Draw(rt, "seconds")) * time.Second; left > 0; {
			step := min(left, 30*time.Second)
			before := rings()
			h.Advance(step)
			left -= step
			alarmed := m.timer == "desk_asked" && !h.Clock.Now().Before(m.due)
			if m.owner != "" && !alarmed {
				for login, n := range rings() {
					if n != before[login] {
						rt.Fatalf("%s is rung after somebody answered", login)
					}
				}
			}
			for !h.Clock.Now().Before(m.due) && (m.timer == "armed" || m.timer == "pinged" || m.timer == "desk_asked") {
				switch m.timer {
				case "armed":
					m.timer, m.due = "pinged", h.Clock.Now().Add(2*time.Minute)
				case "pinged":
					m.timer, m.due = "desk_asked", h.Clock.Now().Add(3*time.Minute)
				case "desk_asked":
					m.timer = "alarmed"
					switch {
					case m.sos == "" || m.owner != "" && h.Clock.Now().Sub(m.answered) >= time.Hour:
						if m.sos != "" {
							want(maya, "/v1/sos/"+m.sos+"/resolve", object{"words": "long over"}, true)
						}
						m.started = before
						begin()
					case m.owner != "": // one cause, one alarm: it rings on
						m.owner = ""
					}
				}
			}
		}
	}
	runs := func() bool { return m.timer == "armed" || m.timer == "pinged" || m.timer == "desk_asked" }
	rt.Repeat(map[string]func(*rapid.T){
		"time passes": advance,
		"a tap": func(rt *rapid.T) {
			before := rings()
			ravi.RaiseSOS()
			switch {
			case m.sos == "" || m.owner != "" && h.Clock.Now().Sub(m.answered) >= time.Hour:
				for _, x := range items(maya.Send("GET", "/v1/sos?status=open", nil, 200)) { // the old one is seen to
					if harness.String(x["id"]) == m.sos {
						want(maya, "/v1/sos/"+m.sos+"/resolve", object{"words": "long over"}, true)
					}
				}
				m.started = before
				begin()
			case m.owner != "": // it rings on
				m.owner = ""
				if rings()["asha"] != before["asha"]+1 {
					rt.Fatal("a tap after the answer rings nobody")
				}
			}
		},
		"somebody answers": func(rt *rapid.T) {
			if m.sos == "" || m.owner != "" {
				rt.Skip("nothing to answer")
			}
			want(ravi, "/v1/sos/"+m.sos+"/acknowledge", nil, false)
			m.owner, m.answered = "maya", h.Clock.Now()
			want(maya, "/v1/sos/"+m.sos+"/acknowledge", nil, true)
		},
		"resolved": func(rt *rapid.T) {
			if m.sos == "" {
				rt.Skip("nothing to resolve")
			}
			want(maya, "/v1/sos/"+m.sos+"/resolve", object{"words": "seen to"}, m.owner != "")
			if m.owner != "" {
				m.sos, m.owner = "", ""
				m.started = rings()
			}
		},
		"fine": func(rt *rapid.T) {
			want(ravi, path("/v1/visits/%s/timer/fine", visit), nil, runs())
			if runs() {
				m.timer = "armed"
				plan := h.Clock.Now().Add(15 * time.Minute)
				got := harness.Instant(h.T, items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0]["due_at"])
				if got.Before(plan) {
					rt.Fatalf("after fine it is due %v, sooner than in 15 minutes", got)
				}
				m.due = got
			}
		},
		"extended": func(rt *rapid.T) {
			n := rapid.IntRange(1, 240).Draw(rt, "minutes")
			want(ravi, path("/v1/visits/%s/timer/extend", visit), object{"minutes": n}, runs() && m.extended+n <= 480)
			if runs() && m.extended+n <= 480 {
				m.timer = "armed"
				m.extended += n
				m.due = harness.Instant(h.T, items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0]["due_at"])
				if m.due.Before(h.Clock.Now().Add(time.Duration(n) * time.Minute)) {
					rt.Fatalf("extended by %d min it is due %v", n, m.due)
				}
			}
		},
		"a hold": func(*rapid.T) {
			if !m.held {
				h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "animal", Level: 2})
				m.held = true
			}
			out, res := desk.Raw("POST", path("/v1/jobs/%s/visits", job), object{"window_start": h.Clock.Now().Add(26 * time.Hour),
				"window_end": h.Clock.Now().Add(28 * time.Hour)})
			var p object
			if json.Unmarshal(out, &p) != nil || res.StatusCode != 409 || p["code"] != "held" {
				rt.Fatalf("under a hold a visit is scheduled: %d %s", res.StatusCode, out)
			}
		},
		"": func(*rapid.T) { check() },
	})
	// Nobody is left hanging for the next run.
	if m.sos != "" {
		if m.owner == "" {
			want(maya, "/v1/sos/"+m.sos+"/acknowledge", nil, true)
		}
		want(maya, "/v1/sos/"+m.sos+"/resolve", object{"words": "the end"}, true)
	}
	ravi.StopVisit(visit)
	for _, x := range items(maya.Send("GET", "/v1/sos?status=open", nil, 200)) {
		rt.Fatalf("an alarm is left: %v", x)
	}
}
