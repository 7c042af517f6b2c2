package visits

import (
	"fmt"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// Nobody is assigned yet, and the household is sent the time all the same: it is
// one at which somebody of the centre works.
func TestAVisitWithoutACrewKeepsTheCentresHours(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "visit.another_time")
		desk, root := h.As("kiran2"), h.As("root")
		patch := func(change object) {
			t.Helper()
			c := root.Send("GET", "/v1/centres/"+h.OtherCentre.String(), nil, 200)
			root.Send("PATCH", path("/v1/centres/%s", c), change, 200, "If-Match", fmt.Sprintf(`"%v"`, c["version"]))
		}
		hours := func(login string, weekly, dates []object) {
			t.Helper()
			desk.Send("PUT", "/v1/technicians/"+h.People[login].ID.String()+"/hours", object{"hours": append([]object{}, weekly...),
				"exceptions": append([]object{}, dates...)}, 200)
		}
		week := func(from, to string, days ...int) (out []object) {
			for _, d := range days {
				out = append(out, object{"weekday": d, "from": from, "to": to})
			}
			return out
		}
		book := func(from, to string, want int) object {
			t.Helper()
			_, job := h.Household(desk, object{"sites": []object{{"address": "1 Borough Street", "postal_code": "SE1", "zone": "Europe/London"}}})
			return desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": from, "window_end": to}, want)
		}
		// Ravi works 08:00 to 20:00 all week, Meena in the nights of weekends. The
		// clocks are put forward at 01:00 of Sunday 28 March, and back at 02:00 of 31 October.
		hours("meena2", week("00:00", "04:00", 6, 0), nil)
		for _, c := range []struct {
			from, to string
			want     int
		}{
			{"2027-03-24T10:00", "2027-03-24T12:00", 201},
			{"2027-03-24T02:00", "2027-03-24T04:00", 422},
			{"2027-03-24T20:30", "2027-03-24T22:00", 422},
			{"2027-03-24T06:00", "2027-03-24T10:00", 201}, // somebody can come inside the window
			{"2027-03-24T22:00", "2027-03-25T05:00", 422},
			{"2027-03-28T02:00", "2027-03-28T02:45", 201}, // of a night that is an hour short
			{"2027-03-28T03:30", "2027-03-28T04:00", 422}, // an hour does not fit any more
			{"2027-03-28T00:30", "2027-03-28T00:45", 201},
			{"2027-10-31T02:00", "2027-10-31T03:00", 201}, // of a night that is an hour longer
			{"2027-10-31T04:30", "2027-10-31T05:30", 422},
			{"2027-10-31T01:00:00+01:00", "2027-10-31T01:00:00Z", 201},
		} {
			out := book(c.from, c.to, c.want)
			if c.want == 422 && out["code"] != "outside_hours" {
				t.Errorf("%s-%s: refused as %v", c.from, c.to, out["code"])
			}
		}
		// A visit with a crew keeps the hours of its crew, as before.
		_, job := h.Household(desk, nil)
		desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": "2027-03-27T01:00:00Z", "window_end": "2027-03-27T03:00:00Z",
			"crew": []string{h.People["meena2"].ID.String()}}, 201)
		// A visit that moves keeps them too, and by the household's own choice.
		v := book("2027-03-25T10:00", "2027-03-25T12:00", 201)
		desk.Send("POST", path("/v1/visits/%s/reschedule", v), object{"window_start": "2027-03-26T02:00", "window_end": "2027-03-26T04:00"}, 422)
		desk.Send("POST", path("/v1/visits/%s/reschedule", v), object{"window_start": "2027-03-26T14:00", "window_end": "2027-03-26T16:00"}, 201)
		// A day on which nobody works, and other hours on a date.
		hours("ravi2", week("08:00", "20:00", 1, 2, 3, 4, 5), []object{{"date": "2027-03-23", "hours": []object{}}})
		hours("meena2", week("00:00", "04:00", 6), nil)
		book("2027-04-04T10:00", "2027-04-04T12:00", 422)
		book("2027-03-23T10:00", "2027-03-23T12:00", 422)
		// Nobody has hours: those of the centre for calls, on its working days.
		hours("ravi2", nil, nil)
		hours("meena2", nil, nil)
		patch(object{"working_days": []int{1, 2, 3, 4, 5}, "holidays": []string{"2027-03-29"}})
		book("2027-04-07T18:00", "2027-04-07T19:00", 201)
		book("2027-04-07T06:00", "2027-04-07T07:00", 422)
		book("2027-04-10T10:00", "2027-04-10T12:00", 422) // Saturday
		book("2027-03-29T10:00", "2027-03-29T12:00", 422)
		// A series says so.
		fridge, _ := h.Household(desk, object{"sites": []object{{"address": "1 Borough Street", "postal_code": "SE1", "zone": "Europe/London"}}})
		m := desk.Send("POST", "/v1/maintenance/preview", object{"customer_id": fridge["id"], "rrule": "FREQ=WEEKLY",
			"dtstart": "2027-03-10T03:00",
			"fault":   "x"}, 200)
		if warnings(m) != "[Nobody of the centre works at that time: its jobs come without a visit.]" {
			t.Errorf("a series in the night warns %s", warnings(m))
		}
	})
}
