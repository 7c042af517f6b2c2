package alarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// A phone tells how it is: its owner reads how to mend it, the desk before the shift that it will not ring.
func TestAPhoneThatWillNotRing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.missed_desk")
		ravi, kiran := h.As("ravi"), h.As("kiran")
		devices := func(p *harness.Client) []harness.Object { return items(p.Send("GET", "/v1/me/devices", nil, 200)) }
		mine := devices(ravi)
		if len(mine) != 1 || mine[0]["rings"] != true || mine[0]["health"] != nil || len(mine[0]["faults"].([]any)) != 0 {
			t.Fatalf("a phone that told nothing: %v", mine)
		}
		health := "/v1/devices/" + mine[0]["installation_id"].(string) + "/health"
		h.As("meena").Send("PUT", health, object{"battery": 50}, 404)
		ravi.Send("PUT", health, object{"battery": 101}, 400)
		ravi.Send("PUT", health, object{"notifications": "maybe"}, 400)
		ravi.Send("PUT", health, object{"queue_length": -1}, 400)
		phones := func() object {
			for _, p := range items(kiran.Send("GET", "/v1/centres/"+h.Centre.String()+"/phones", nil, 200)) {
				if p["user_id"] == ravi.ID.String() {
					return p
				}
			}
			return nil
		}
		good := object{"battery": 80, "notifications": "allowed", "alarms": "allowed", "background": "free", "sound": "normal",
			"app_version": "1.2"}
		if got := ravi.Send("PUT", health, good, 200); got["rings"] != true || len(got["faults"].([]any)) != 0 {
			t.Errorf("a good phone: %v", got)
		}
		if p := phones(); p["rings"] != true || p["known"] != true || p["battery"] != 80.0 || p["app_version"] != "1.2" {
			t.Errorf("the desk reads %v", p)
		}
		h.As("ravi").Send("GET", "/v1/centres/"+h.Centre.String()+"/phones", nil, 403)
		h.As("kiran2").Send("GET", "/v1/centres/"+h.Centre.String()+"/phones", nil, 404)

		// A visit in three hours; the notifications are blocked. The desk and its owner hear of it an hour before, once.
		_, job := h.Household(kiran, nil)
		h.Visit(kiran, job, harness.Monday.Add(3*time.Hour), "ravi")
		bad := object{"battery": 9, "notifications": "blocked", "background": "restricted", "queue_length": 3,
			"queue_oldest": harness.Monday.Add(-3 * time.Hour).Format(time.RFC3339)}
		got := ravi.Send("PUT", health, bad, 200)
		codes := ""
		for _, f := range got["faults"].([]any) {
			codes += fmt.Sprint(f.(object)["code"], " ")
			if f.(object)["mend"] == "" {
				t.Errorf("how is %v mended?", f)
			}
		}
		if codes != "no_notifications battery_low restricted queue_waits " || got["rings"] != false {
			t.Errorf("a bad phone: %v", got)
		}
		first := items(kiran.Send("GET", "/v1/centres/"+h.Centre.String()+"/phones", nil, 200))[0]
		if first["user_id"] != ravi.ID.String() || first["rings"] != false || first["queue_length"] != 3.0 {
			t.Errorf("first of the list is %v", first)
		}
		told := func(login, kind string) (n int) {
			for _, i := range items(h.As(login).Send("GET", "/v1/inbox?limit=100", nil, 200)) {
				if i["kind"] == kind {
					n++
				}
			}
			return n
		}
		h.Advance(110 * time.Minute)
		if told("kiran", "phone.will_not_ring") != 0 {
			t.Error("told too early")
		}
		h.Advance(11 * time.Minute)
		ravi.Send("PUT", health, bad, 200) // still; once a day is enough
		h.Advance(30 * time.Second)
		h.Settle()
		if k, a, r := told("kiran", "phone.will_not_ring"), told("asha", "phone.will_not_ring"), told("ravi", "phone.mend"); k != 1 || a != 1 ||
			r != 1 {
			t.Errorf("the desk was told %d times, the proprietor %d, its owner %d", k, a, r)
		}
		h.Expect("kiran", "A technician's phone will not ring")
		h.Expect("asha", "A technician's phone will not ring")
		h.Expect("ravi", "Your phone may not ring")

		// It is mended, then says nothing for a day: the next visit is told of again.
		ravi.Send("PUT", health, good, 200)
		_, next := h.Household(kiran, nil)
		h.Visit(kiran, next, harness.Monday.Add(30*time.Hour), "ravi")
		h.Advance(harness.Monday.Add(29*time.Hour + time.Minute).Sub(h.Clock.Now()))
		h.Settle()
		if p := phones(); p["rings"] != false || fmt.Sprint(p["faults"]) != "[out_of_touch]" {
			t.Errorf("after a day of silence %v", p)
		}
		if n := told("kiran", "phone.will_not_ring"); n != 2 {
			t.Errorf("the desk was told %d times in two days", n)
		}
		h.MayIgnore("phone.will_not_ring", "phone.mend")

		// Who takes the phone over takes nothing of what it said for its former owner.
		h.As("meena").Send("PUT", strings.TrimSuffix(health, "/health"), object{"token": "phone:handed over", "platform": "android"}, 200)
		if d := find(devices(h.As("meena")), strings.Split(health, "/")[3]); d["health"] != nil || d["health_at"] != nil {
			t.Errorf("the new owner of the phone reads %v", d)
		}
	})
}

// find is the device of an installation; nil: it is not among them.
func find(devices []harness.Object, installation string) harness.Object {
	for _, d := range devices {
		if d["installation_id"] == installation {
			return d
		}
	}
	return nil
}
