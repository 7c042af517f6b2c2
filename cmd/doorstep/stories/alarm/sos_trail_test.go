package alarm

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// While an alarm stands the phone tells where it is; whoever was rung sees it, nobody else.
func TestAnAlarmHasATrail(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, asha := h.As("ravi"), h.As("asha")
		x := ravi.RaiseSOS()
		trail := "/v1/sos/" + x.ID + "/trail"
		at := func(d time.Duration) string { return h.Clock.Now().Add(d).Format(time.RFC3339Nano) }
		h.Clock.Set(harness.Monday.Add(time.Minute))
		got := ravi.Send("POST", trail, object{"points": []any{
			object{"at": at(-40 * time.Second), "lat": 18.52, "lon": 73.85, "accuracy_m": 12, "battery": 41, "sound": "silent"},
			object{"at": at(-30 * time.Second), "battery": 40},
			object{"at": at(-20 * time.Second), "lat": 18.53},                   // half a place
			object{"at": at(-20 * time.Second), "lat": 200, "lon": 73},          // no place
			object{"at": at(-20 * time.Second), "battery": 400},                 // no battery
			object{"at": at(-20 * time.Second), "battery": 40, "sound": "loud"}, // no profile
			object{"at": at(-20 * time.Second)},                                 // nothing
			object{"at": at(-2 * time.Hour), "battery": 40},                     // of before
			object{"at": "soon", "battery": 40}}}, 400)
		if got["code"] != "invalid_request" && got["code"] == nil {
			t.Errorf("an instant that is none: %v", got)
		}
		ok := object{"points": []any{
			object{"at": at(-40 * time.Second), "lat": 18.52, "lon": 73.85, "accuracy_m": 12, "battery": 41, "sound": "silent"},
			object{"at": at(-30 * time.Second), "battery": 40},
			object{"at": at(-20 * time.Second), "lat": 18.53},
			object{"at": at(-20 * time.Second), "lat": 200, "lon": 73},
			object{"at": at(-20 * time.Second), "battery": 400},
			object{"at": at(-20 * time.Second), "battery": 40, "sound": "loud"},
			object{"at": at(-20 * time.Second)},
			object{"at": at(-2 * time.Hour), "battery": 40}}}
		for range 2 { // sent again it changes nothing
			got = ravi.Send("POST", trail, ok, 200)
			if got["kept"] != 2.0 || got["left_out"] != 6.0 || got["again_seconds"] != 10.0 || got["status"] != "raised" {
				t.Errorf("receipt %v", got)
			}
		}
		list := items(asha.Send("GET", trail, nil, 200))
		if len(list) != 2 || list[0]["battery"] != 40.0 || list[1]["sound"] != "silent" || list[1]["lat"] != 18.52 {
			t.Errorf("trail %v", list)
		}
		seen := func() object { s, _ := asha.Send("GET", "/v1/sos/"+x.ID, nil, 200)["last_seen"].(object); return s }
		if s := seen(); s == nil || s["battery"] != 40.0 {
			t.Errorf("last seen %v", s)
		}
		// What comes late is kept, and is not the last.
		ravi.Send("POST", trail, object{"points": []any{object{"at": at(-50 * time.Second), "battery": 44}}}, 200)
		if s := seen(); s["battery"] != 40.0 {
			t.Errorf("last seen after a late one %v", s)
		}
		// A clock that is three days off is set right.
		wrong := h.Clock.Now().Add(72 * time.Hour)
		ravi.Send("POST", trail, object{"points": []any{object{"at": wrong.Add(-5 * time.Second).Format(time.RFC3339Nano), "battery": 39}}}, 200,
			"Doorstep-Sent-At", wrong.Format(time.RFC3339Nano))
		if s := seen(); s["battery"] != 39.0 || s["at"] != at(-5*time.Second) {
			t.Errorf("last seen by a wrong clock %v", s)
		}
		// Nobody else tells of it, and who was not rung does not see it.
		asha.Send("POST", trail, ok, 404)
		h.As("meena").Send("GET", trail, nil, 404)
		h.As("asha2").Send("GET", trail, nil, 404)
		asha.AcknowledgeSOS(x)
		if got := ravi.Send("POST", trail, object{"points": []any{object{"at": at(0), "battery": 38}}}, 200); got["status"] != "acknowledged" {
			t.Errorf("after the answer %v", got)
		}
		asha.ResolveSOS(x, bodies.SOSResolve{Words: "He is out.", Outcome: "real"})
		h.Clock.Set(harness.Monday.Add(2 * time.Minute))
		got = ravi.Send("POST", trail, object{"points": []any{object{"at": at(0), "battery": 37},
			object{"at": at(-70 * time.Second), "battery": 43}}}, 200)
		if got["again_seconds"] != nil || got["kept"] != 1.0 || got["left_out"] != 1.0 {
			t.Errorf("after the end %v", got)
		}
		// Precise places are kept 30 days.
		h.Clock.Set(harness.Monday.Add(31 * 24 * time.Hour))
		_, err := h.Server.Service.Clock.Retention(t.Context())
		h.Must(err)
		if list := items(h.As("root").Send("GET", trail, nil, 200)); len(list) != 0 || h.As("root").
			Send("GET", "/v1/sos/"+x.ID, nil, 200)["last_seen"] != nil {
			t.Errorf("after 31 days %v", list)
		}
	})
}

// An alarm that was raised in silence has no trail: to its phone there is none.
func TestASilentAlarmHasNoTrail(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned")
		h.MayIgnore("sos.unheard")
		ravi := h.As("ravi")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1111", "duress_code": "2222"}, 200)
		_, job := h.Household(h.As("kiran"), nil)
		visit := h.Visit(h.As("kiran"), job, harness.Monday.Add(10*time.Minute), "ravi")
		h.Clock.Set(harness.Monday.Add(12 * time.Minute))
		ravi.Arrive(visit)
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "2222"}, 200)
		x := items(h.As("asha").Send("GET", "/v1/sos", nil, 200))[0]
		if x["source"] != "duress" {
			t.Fatalf("the alarm: %v", x)
		}
		point := object{"points": []any{object{"at": h.Clock.Now().Format(time.RFC3339Nano), "battery": 40}}}
		unknown := ravi.Send("POST", "/v1/sos/0192f0c8-7b1e-7c11-9d5e-0123456789ab/trail", point, 404)
		known := ravi.Send("POST", path("/v1/sos/%s/trail", x), point, 404)
		unknown["instance"], known["instance"] = nil, nil
		if fmt.Sprint(unknown) != fmt.Sprint(known) {
			t.Errorf("to the raiser's phone %v differs from %v", known, unknown)
		}
	})
}

// "Not OK" answers a ping: the alarm is raised at once, without the timer's steps.
func TestNotOKAnswersAPing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned", "timer.ping")
		h.MayIgnore("sos.call_yourself", "sos.unheard")
		ravi, asha := h.As("ravi"), h.As("asha")
		_, job := h.Household(h.As("kiran"), nil)
		visit := h.Visit(h.As("kiran"), job, harness.Monday.Add(10*time.Minute), "ravi")
		h.Clock.Set(harness.Monday.Add(12 * time.Minute))
		ravi.Arrive(visit)
		timer := func() object { return items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		due, err := time.Parse(time.RFC3339, timer()["due_at"].(string))
		h.Must(err)
		h.Advance(due.Sub(h.Clock.Now()) + time.Second)
		if s := timer()["status"]; s != "pinged" {
			t.Fatalf("the timer is %v", s)
		}
		x := ravi.Send("POST", path("/v1/visits/%s/timer/not-ok", visit), "{broken", 201, "Idempotency-Key", "")
		if x["status"] != "raised" || x["visit_id"] != visit["id"] || timer()["status"] != "alarmed" {
			t.Errorf("raised %v, the timer %v", x, timer())
		}
		h.Settle()
		if n := h.Alarms("asha"); n != 1 {
			t.Errorf("asha was rung %d times", n)
		}
		// The same again, and the timer's own steps, are the same alarm.
		again := ravi.Send("POST", path("/v1/visits/%s/timer/not-ok", visit), object{"note": "third floor"}, 201)
		if again["id"] != x["id"] || again["note"] != "third floor" {
			t.Errorf("again %v", again)
		}
		h.Advance(20 * time.Second)
		if open := items(asha.Send("GET", "/v1/sos?status=open", nil, 200)); len(open) != 1 {
			t.Errorf("%d alarms", len(open))
		}
		h.As("meena").Send("POST", path("/v1/visits/%s/timer/not-ok", visit), nil, 404) // not her visit; POST /v1/sos is anybody's
	})
}
