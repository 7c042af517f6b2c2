package planning

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

func TestOffDutyIsOffDuty(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha, ravi := h.As("kiran"), h.As("asha"), h.As("ravi")
		// Ravi works 08:00 to 20:00; the desk 09:00 to 18:00, on weekdays.
		hours := []object{}
		for d := 1; d <= 5; d++ {
			hours = append(hours, object{"weekday": d, "from": "09:00", "to": "18:00"})
		}
		asha.Send("PUT", "/v1/users/"+desk.ID.String()+"/roster", object{"hours": hours}, 200)
		h.As("meena").Send("PUT", "/v1/users/"+desk.ID.String()+"/roster", object{"hours": hours}, 404)
		desk.Send("PUT", "/v1/users/"+desk.ID.String()+"/roster", object{"hours": hours}, 403)
		h.Clock.Set(harness.Kolkata(1, 21, 0)) // Monday night
		_, first := h.Household(desk, nil)
		h.Visit(desk, first, harness.Kolkata(2, 10, 0), "ravi")
		_, second := h.Household(desk, nil)
		h.Visit(desk, second, harness.Kolkata(2, 14, 0), "ravi")
		h.Settle()
		if n := len(h.Phones.MessagesFor("phone:ravi")); n != 0 {
			t.Fatalf("%d pushes at night", n)
		}
		if n := len(items(ravi.Send("GET", "/v1/inbox", nil, 200))); n != 2 {
			t.Errorf("%d in the inbox, want 2 for who looks by himself", n)
		}
		h.Advance(10*time.Hour + 59*time.Minute) // 07:59
		h.Advance(time.Minute)
		h.Expect("ravi", "2 new visits")
		// One that waited comes as itself.
		h.Clock.Set(harness.Kolkata(2, 20, 30))
		_, third := h.Household(desk, nil)
		h.Visit(desk, third, harness.Kolkata(3, 10, 0), "ravi")
		h.Advance(12 * time.Hour)
		h.Expect("ravi", "New visit")
		// A visit before the next duty does not wait.
		_, fourth := h.Household(desk, nil)
		h.Clock.Set(harness.Kolkata(3, 7, 30))
		ravi.Send("PUT", "/v1/me/quiet", object{"quiet_from": "07:00", "quiet_to": "12:00"}, 200)
		h.Visit(desk, fourth, harness.Kolkata(3, 8, 15), "ravi")
		h.Expect("ravi", "New visit")
		// What concerns the desk rings who is on duty: Saturday nobody of it is.
		h.Clock.Set(harness.Kolkata(6, 11, 0))
		h.CustomerPage(first).Submit("another-time", 303, "date", "2027-03-10", "part", "any")
		h.Settle()
		h.ExpectOnly("asha", "digest", "visit.missed_desk")
		before := len(h.Phones.MessagesFor("phone:kiran"))
		h.Advance(44 * time.Hour) // Monday 07:00
		if n := len(h.Phones.MessagesFor("phone:kiran")); n != before {
			t.Fatalf("%d pushes to the desk at the weekend", n-before)
		}
		h.Advance(2*time.Hour + time.Minute)
		if n := len(h.Phones.MessagesFor("phone:kiran")); n != before+1 {
			t.Errorf("%d pushes when the desk's week begins, want one", n-before)
		}
		h.ExpectOnly("kiran", "digest")
		desk.Send("PUT", "/v1/me/quiet", object{"quiet_from": "25:00", "quiet_to": "06:00"}, 422)
	})
}

func TestLeaveIsNotRung(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, meena := h.As("kiran"), h.As("meena")
		meena.Send("POST", "/v1/users/"+meena.ID.String()+"/leave", object{"starts_at": "2027-03-01T08:00", "ends_at": "2027-03-03T12:00",
			"kind": "sick"}, 201)
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Kolkata(4, 10, 0), "meena")
		desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{h.People["ravi"].ID.String()}})
		h.Expect("ravi", "New visit")
		h.Advance(27 * time.Hour)
		if n := len(h.Phones.MessagesFor("phone:meena")); n != 0 {
			t.Fatalf("%d pushes on sick leave", n)
		}
		h.Advance(24 * time.Hour) // Wednesday 12:00, her leave is over
		h.Expect("meena", "2 things waited for you")
	})
}

// A duty that begins on the night of the clocks begins when the wall says so.
func TestDutyOnTheNightOfTheClocks(t *testing.T) {
	for _, c := range []struct{ before, begins string }{
		{"2027-03-27T20:00:00Z", "2027-03-28T07:00:00Z"}, // 08:00 BST
		{"2026-10-24T19:30:00Z", "2026-10-25T08:00:00Z"}, // 08:00 GMT
	} {
		stories2 := func(h *harness.Harness) {
			before, _ := time.Parse(time.RFC3339, c.before)
			begins, _ := time.Parse(time.RFC3339, c.begins)
			h.Clock.Set(before)
			desk := h.As("kiran2")
			_, job := h.Household(desk, object{"sites": []object{{"address": "1 Example Row", "postal_code": "SE1", "zone": "Europe/London"}}})
			h.Visit(desk, job, begins.Add(4*time.Hour), "ravi2")
			h.Advance(begins.Sub(before) - time.Second)
			if n := len(h.Phones.MessagesFor("phone:ravi2")); n != 0 {
				h.Fatalf("%d pushes before duty", n)
			}
			h.Advance(2 * time.Second)
			h.Expect("ravi2", "New visit")
		}
		t.Run(c.begins, func(t *testing.T) { harness.OnEachEngine(t, stories2) })
	}
}

// TestWhoHasNoRosterHasTheCentresQuietHours: outside the hours in which the centre may
// call its people without hours of their own are not rung about what can wait.
func TestWhoHasNoRosterHasTheCentresQuietHours(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		kiran := h.As("kiran")
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
			u, err := tx.User(h.People["meena"].ID)
			if err == nil {
				u.Hours = nil
				u.ChangedAt(h.Clock.Now())
				err = tx.SaveUser(u)
			}
			return err
		}))
		h.Clock.Set(harness.Kolkata(1, 19, 30)) // the centre may call until 19:00
		_, later := h.Household(kiran, nil)
		h.Visit(kiran, later, harness.Kolkata(2, 14, 0), "meena")
		h.Settle()
		if n := h.Pushes("meena", "New visit"); n != 0 {
			h.Errorf("rung %d times at half past seven in the evening", n)
		}
		h.Clock.Set(harness.Kolkata(2, 7, 59))
		h.Settle()
		if n := h.Pushes("meena", "New visit"); n != 0 {
			h.Errorf("rung %d times before eight", n)
		}
		h.Clock.Set(harness.Kolkata(2, 8, 0))
		h.Expect("meena", "New visit")
	})
}
