package alarm

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

const wish = "/v1/me/home-safe"

// Who asked for it is asked whether they came home; then the desk calls, then it is an SOS.
func TestHomeSafeIsAskedFor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard")
		ravi := h.As("ravi")
		at := func(d time.Duration) string { return harness.Monday.Add(d).Format(time.RFC3339) }
		is := func(want string) {
			h.Helper()
			if got := ravi.Send("GET", wish, nil, 200)["status"]; got != want {
				h.Errorf("it is %v, want %s", got, want)
			}
		}
		ravi.Send("GET", wish, nil, 404)
		ravi.Send("POST", wish+"/done", nil, 404)
		ravi.Send("PUT", wish, object{"by": at(-time.Minute)}, 422)
		ravi.Send("PUT", wish, object{"by": at(25 * time.Hour)}, 422)
		h.As("kiran").Send("PUT", wish, object{"by": at(time.Hour)}, 403)
		ravi.Send("PUT", wish, object{"by": at(time.Hour)}, 200)

		// Home before the time: nobody is asked.
		ravi.Send("POST", wish+"/done", nil, 200)
		is("ended")
		ravi.Send("POST", wish+"/done", nil, 409)
		h.Advance(2 * time.Hour)
		h.NoMorePushes()

		// Asked, answered late: said offline, it counts by its time.
		ravi.Send("PUT", wish, object{"by": at(3 * time.Hour)}, 200)
		h.Advance(time.Hour + time.Second)
		h.Expect("ravi", "Are you home?")
		is("pinged")
		h.Clock.Set(harness.Monday.Add(3*time.Hour + 5*time.Minute))
		got := ravi.Send("POST", wish+"/done", object{"occurred_at": at(2*time.Hour + 50*time.Minute)}, 200)
		if got["status"] != "ended" || got["ended_at"] != at(2*time.Hour+50*time.Minute) {
			t.Errorf("said offline: %v", got)
		}
		// What was said before a new wish does not end that.
		ravi.Send("PUT", wish, object{"by": at(4 * time.Hour)}, 200)
		ravi.Send("POST", wish+"/done", object{"occurred_at": at(3 * time.Hour)}, 409)
		is("asked")

		// Nobody answers: the desk, then an SOS.
		h.Clock.Set(harness.Monday.Add(4 * time.Hour))
		h.Advance(time.Second)
		h.Expect("ravi", "Are you home?")
		h.Advance(9 * time.Minute)
		if n := len(h.Titles("kiran")) + len(h.Titles("asha")); n != 0 {
			t.Errorf("the desk heard of it too early: %v %v", h.Titles("kiran"), h.Titles("asha"))
		}
		h.Advance(time.Minute)
		is("desk_asked")
		h.Expect("kiran", "Please call your technician")
		h.Expect("asha", "Please call your technician")
		for _, n := range items(h.As("kiran").Send("GET", "/v1/inbox", nil, 200)) {
			if call, _ := n["call"].(object); n["kind"] == "home_safe.call" && (call == nil || call["user_id"] != ravi.ID.String()) {
				t.Errorf("whom to call: %v", n)
			}
		}
		if open := items(h.As("root").Send("GET", "/v1/sos?status=open", nil, 200)); len(open) != 0 {
			t.Errorf("an alarm too early: %v", open)
		}
		h.Advance(10*time.Minute + time.Second)
		is("alarmed")
		open := items(h.As("root").Send("GET", "/v1/sos?status=open", nil, 200))
		if len(open) != 1 || open[0]["source"] != "timer" || open[0]["raiser_id"] != ravi.ID.String() || h.Alarms("asha") == 0 {
			t.Errorf("the alarm: %v, asha rung %d times", open, h.Alarms("asha"))
		}
		ravi.Send("POST", wish+"/done", nil, 409) // it ends no SOS
	})
}

// When nobody of the desk is on duty the proprietor is asked, at any hour.
func TestHomeSafeAtNightAsksTheProprietor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		ravi := h.As("ravi")
		h.Clock.Set(harness.Monday.Add(13 * time.Hour)) // 22:00
		ravi.Send("PUT", wish, object{"by": "2027-03-01T23:00"}, 200)
		h.Advance(time.Hour + time.Second)
		h.Expect("ravi", "Are you home?")
		h.Advance(10 * time.Minute)
		h.Expect("asha", "Please call your technician")
		if n := h.Titles("kiran"); len(n) != 0 {
			t.Errorf("a coordinator off duty was rung: %v", n)
		}
		ravi.Send("POST", wish+"/done", nil, 200)
		h.Advance(time.Hour)
	})
}

// "Not OK" raises at once; the duress code ends it as the other does, and calls in silence.
func TestHomeSafeCallsForHelp(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard")
		ravi, asha := h.As("ravi"), h.As("asha")
		by := object{"by": harness.Monday.Add(time.Hour).Format(time.RFC3339)}
		ravi.Send("PUT", wish, by, 200)
		x := ravi.Send("POST", wish+"/not-ok", "{broken", 201, "Idempotency-Key", "")
		if got := ravi.Send("GET", wish, nil, 200)["status"]; x["status"] != "raised" || got != "alarmed" {
			t.Errorf("not OK: %v, %v", x, got)
		}
		h.As("meena").Send("POST", wish+"/not-ok", nil, 201) // who never asked is heard, too
		silent := func() (n int) {
			for _, x := range items(asha.Send("GET", "/v1/sos?status=open", nil, 200)) {
				if x["source"] == "duress" {
					n++
				}
			}
			return n
		}
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1111", "duress_code": "2222"}, 200)
		ravi.Send("PUT", wish, by, 422)
		by["code"] = "1111"
		ravi.Send("PUT", wish, by, 200)
		ravi.Send("POST", wish+"/done", object{"code": "3333"}, 422)
		plain := ravi.Send("POST", wish+"/done", object{"code": "1111"}, 200)
		if plain["status"] != "ended" || silent() != 0 {
			t.Errorf("the code: %v, %d silent", plain, silent())
		}
		ravi.Send("PUT", wish, by, 200)
		duress := ravi.Send("POST", wish+"/done", object{"code": "2222"}, 200)
		if duress["status"] != plain["status"] || silent() != 1 {
			t.Errorf("the duress code: %v, %d silent", duress, silent())
		}
	})
}

// The desk that was asked to call says that it spoke with them: they are asked again.
func TestTheDeskSpokeWithSomebodyWhoGoesHome(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("home_safe.call")
		ravi, kiran := h.As("ravi"), h.As("kiran")
		spoken := "/v1/users/" + ravi.ID.String() + "/home-safe/spoken"
		kiran.Send("POST", spoken, nil, 409)
		ravi.Send("PUT", wish, object{"by": harness.Monday.Add(time.Hour).Format(time.RFC3339)}, 200)
		h.Advance(time.Hour + time.Second)
		h.Expect("ravi", "Are you home?")
		kiran.Send("POST", spoken, nil, 409)
		h.Advance(10 * time.Minute)
		board := func() (out []object) {
			t.Helper()
			for _, a := range kiran.Send("GET", "/v1/centres/"+h.Centre.String()+"/board", nil, 200)["alarms"].([]any) {
				out = append(out, a.(object))
			}
			return out
		}
		if a := board(); len(a) != 1 || a[0]["kind"] != "home_safe" || a[0]["moves"].([]any)[0].(object)["to"] != spoken {
			t.Errorf("the board asks %v", a)
		}
		ravi.Send("POST", spoken, nil, 403)
		h.As("kiran2").Send("POST", spoken, nil, 404)
		if got := kiran.Send("POST", spoken, nil, 200); got["status"] != "asked" || len(got["actions"].([]any)) != 0 {
			t.Errorf("spoken with: %v", got)
		}
		if a := board(); len(a) != 0 {
			t.Errorf("the board still asks %v", a)
		}
		h.Advance(29 * time.Minute)
		h.NoMorePushes()
		h.Advance(time.Minute + time.Second)
		h.Expect("ravi", "Are you home?")
		ravi.Send("POST", wish+"/done", nil, 200)
		kiran.Send("POST", spoken, nil, 409)
	})
}
