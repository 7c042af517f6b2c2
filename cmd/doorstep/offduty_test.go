package main

import (
	"testing"
	"time"
)

// local is an instant in the centre's zone, 2027-03-dd hh:mm.
func local(day, hour, minute int) time.Time {
	return time.Date(2027, 3, day, hour, minute, 0, 0, time.FixedZone("IST", 19800))
}

func TestOffDutyIsOffDuty(t *testing.T) {
	stories(t, func(h *harness) {
		desk, asha, ravi := h.as("kiran"), h.as("asha"), h.as("ravi")
		// Ravi works 08:00 to 20:00; the desk 09:00 to 18:00, on weekdays.
		hours := []obj{}
		for d := 1; d <= 5; d++ {
			hours = append(hours, obj{"weekday": d, "from": "09:00", "to": "18:00"})
		}
		asha.send("PUT", "/v1/users/"+desk.id.String()+"/roster", obj{"hours": hours}, 200)
		h.as("meena").send("PUT", "/v1/users/"+desk.id.String()+"/roster", obj{"hours": hours}, 404)
		desk.send("PUT", "/v1/users/"+desk.id.String()+"/roster", obj{"hours": hours}, 403)
		h.clock.Set(local(1, 21, 0)) // Monday night
		_, first := h.household(desk, nil)
		h.visit(desk, first, local(2, 10, 0), "ravi")
		_, second := h.household(desk, nil)
		h.visit(desk, second, local(2, 14, 0), "ravi")
		h.settle()
		if n := len(h.phones.MessagesFor("phone:ravi")); n != 0 {
			t.Fatalf("%d pushes at night", n)
		}
		if n := len(items(ravi.send("GET", "/v1/inbox", nil, 200))); n != 2 {
			t.Errorf("%d in the inbox, want 2 for who looks by himself", n)
		}
		h.advance(10*time.Hour + 59*time.Minute) // 07:59
		h.advance(time.Minute)
		h.expect("ravi", "2 things waited for you")
		// One that waited comes as itself.
		h.clock.Set(local(2, 20, 30))
		_, third := h.household(desk, nil)
		h.visit(desk, third, local(3, 10, 0), "ravi")
		h.advance(12 * time.Hour)
		h.expect("ravi", "New visit")
		// A visit before the next duty does not wait.
		_, fourth := h.household(desk, nil)
		h.clock.Set(local(3, 7, 30))
		ravi.send("PUT", "/v1/me/quiet", obj{"quiet_from": "07:00", "quiet_to": "12:00"}, 200)
		h.visit(desk, fourth, local(3, 8, 15), "ravi")
		h.expect("ravi", "New visit")
		// What concerns the desk rings who is on duty: Saturday nobody of it is.
		h.clock.Set(local(6, 11, 0))
		h.home(desk, first).taps("another-time", 303, "date", "2027-03-10", "part", "any")
		h.settle()
		h.expectOnly("asha", "visit.missed_desk")
		before := len(h.phones.MessagesFor("phone:kiran"))
		h.advance(44 * time.Hour) // Monday 07:00
		if n := len(h.phones.MessagesFor("phone:kiran")); n != before {
			t.Fatalf("%d pushes to the desk at the weekend", n-before)
		}
		h.advance(2*time.Hour + time.Minute)
		if n := len(h.phones.MessagesFor("phone:kiran")); n != before+1 {
			t.Errorf("%d pushes when the desk's week begins, want one", n-before)
		}
		h.expectOnly("kiran", "digest")
		desk.send("PUT", "/v1/me/quiet", obj{"quiet_from": "25:00", "quiet_to": "06:00"}, 422)
	})
}

func TestLeaveIsNotRung(t *testing.T) {
	stories(t, func(h *harness) {
		desk, meena := h.as("kiran"), h.as("meena")
		meena.send("POST", "/v1/users/"+meena.id.String()+"/leave", obj{"starts_at": "2027-03-01T08:00", "ends_at": "2027-03-03T12:00",
			"kind": "sick"}, 201)
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, local(4, 10, 0), "meena")
		desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []string{h.people["ravi"].id.String()}}, 200)
		h.expect("ravi", "New visit")
		h.advance(27 * time.Hour)
		if n := len(h.phones.MessagesFor("phone:meena")); n != 0 {
			t.Fatalf("%d pushes on sick leave", n)
		}
		h.advance(24 * time.Hour) // Wednesday 12:00, her leave is over
		h.expect("meena", "2 things waited for you")
	})
}

// A duty that begins on the night of the clocks begins when the wall says so.
func TestDutyOnTheNightOfTheClocks(t *testing.T) {
	for _, c := range []struct{ before, begins string }{
		{"2027-03-27T20:00:00Z", "2027-03-28T07:00:00Z"}, // 08:00 BST
		{"2026-10-24T19:30:00Z", "2026-10-25T08:00:00Z"}, // 08:00 GMT
	} {
		stories2 := func(h *harness) {
			before, _ := time.Parse(time.RFC3339, c.before)
			begins, _ := time.Parse(time.RFC3339, c.begins)
			h.clock.Set(before)
			desk := h.as("kiran2")
			_, job := h.household(desk, obj{"sites": []obj{{"address": "1 Example Row", "postal_code": "SE1", "zone": "Europe/London"}}})
			h.visit(desk, job, begins.Add(4*time.Hour), "ravi2")
			h.advance(begins.Sub(before) - time.Second)
			if n := len(h.phones.MessagesFor("phone:ravi2")); n != 0 {
				h.Fatalf("%d pushes before duty", n)
			}
			h.advance(2 * time.Second)
			h.expect("ravi2", "New visit")
		}
		t.Run(c.begins, func(t *testing.T) { stories(t, stories2) })
	}
}
