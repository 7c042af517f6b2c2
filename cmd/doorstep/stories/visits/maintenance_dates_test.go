package visits

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// nextDates are the dates ahead of an answer, with where they moved from.
func nextDates(m object) (out []string) {
	for _, d := range harness.List(m, "next") {
		s := d["date"].(string)
		if from, ok := d["moved_from"].(string); ok {
			s += " from " + from[:len("2006-01-02")]
		}
		out = append(out, s)
	}
	return out
}

func warnings(m object) string { return fmt.Sprint(m["warnings"]) }

func TestMaintenanceShowsItsNextDatesBeforeItIsSaved(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, customer, fridge := londonHousehold(h)
		preview := func(rule, start string) object {
			t.Helper()
			return desk.Send("POST", "/v1/maintenance/preview", object{"appliance_id": fridge["id"], "rrule": rule, "dtstart": start,
				"fault": "service"}, 200)
		}
		for _, c := range []struct {
			rule, start string
			first       []string
			warned      []string // each in the warnings; none: nothing is warned of
		}{
			{"FREQ=MONTHLY", "2027-03-31T10:00", []string{"2027-03-31T10:00", "2027-05-31T10:00", "2027-07-31T10:00"},
				[]string{"no 31st in April 2027, June 2027, September 2027, November 2027, February 2028", "BYMONTHDAY=-1"}},
			{"FREQ=MONTHLY;INTERVAL=6", "2027-03-31T10:00", []string{"2027-03-31T10:00", "2028-03-31T10:00", "2029-03-31T10:00"},
				[]string{"no 31st in September 2027, September 2028"}},
			{"FREQ=YEARLY", "2028-02-29T10:00", []string{"2028-02-29T10:00"}, []string{"no 29th in February 2029, February 2030"}},
			{"FREQ=MONTHLY;BYMONTHDAY=30", "2027-03-30T10:00", []string{"2027-03-30T10:00", "2027-04-30T10:00"},
				[]string{"no 30th in February 2028"}},
			{"FREQ=MONTHLY;BYDAY=5FR", "2027-03-05T10:00", []string{"2027-04-30T10:00", "2027-07-30T10:00"}, []string{"(5FR) in"}},
			{"FREQ=MONTHLY;BYMONTHDAY=-1", "2027-03-31T10:00", []string{"2027-03-31T10:00", "2027-04-30T10:00"}, nil},
			{"FREQ=MONTHLY", "2027-03-15T10:00", []string{"2027-03-15T10:00", "2027-04-15T10:00"}, nil},
			{"FREQ=MONTHLY;COUNT=2", "2027-07-31T10:00", []string{"2027-07-31T10:00", "2027-08-31T10:00"}, nil},
			{"FREQ=WEEKLY;INTERVAL=2", "2027-03-04T10:00", []string{"2027-03-04T10:00", "2027-03-18T10:00"}, nil},
			// The clocks are put forward at 01:00 of 28 March.
			{"FREQ=WEEKLY", "2027-03-21T01:30", []string{"2027-03-21T01:30", "2027-03-28T01:30"},
				[]string{"2027-03-28T01:30 does not exist on the clocks in Europe/London; the visit is at 02:30"}},
		} {
			if start, _ := time.Parse("2006-01-02T15:04", c.start); start.After(h.Clock.Now().AddDate(1, 0, 0)) {
				t.Fatalf("%s begins too late", c.rule)
			}
			m := preview(c.rule, c.start)
			if got := nextDates(m); len(got) < len(c.first) || !slices.Equal(got[:len(c.first)], c.first) {
				t.Errorf("%s from %s: next %v, want %v", c.rule, c.start, got, c.first)
			}
			for _, w := range c.warned {
				if !strings.Contains(warnings(m), w) {
					t.Errorf("%s from %s warns %s, want %q", c.rule, c.start, warnings(m), w)
				}
			}
			if c.warned == nil && warnings(m) != "[]" {
				t.Errorf("%s from %s warns %s", c.rule, c.start, warnings(m))
			}
		}
		desk.Send("POST", "/v1/maintenance/preview", object{"appliance_id": fridge["id"], "rrule": "FREQ=HOURLY", "dtstart": "2027-03-10T10:00",
			"fault": "x"}, 422)
		h.As("kiran").Send("POST", "/v1/maintenance/preview", object{"appliance_id": fridge["id"], "rrule": "FREQ=DAILY",
			"dtstart": "2027-03-10T10:00", "fault": "x"}, 422)
		h.Settle()
		if list := items(desk.Send("GET", "/v1/maintenance?customer_id="+customer["id"].(string), nil, 200)); len(list) != 0 {
			t.Errorf("a preview kept %v", list)
		}
		// Every answer says the same.
		m := desk.Send("POST", "/v1/maintenance", object{"appliance_id": fridge["id"], "rrule": "FREQ=MONTHLY", "dtstart": "2027-03-31T10:00",
			"fault": "service"}, 201)
		read := desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
		listed := items(desk.Send("GET", "/v1/maintenance", nil, 200))[0]
		changed := desk.Send("PATCH", path("/v1/maintenance/%s", m), object{"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1"}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, read["version"]))
		for _, o := range []object{m, read, listed} {
			if nextDates(o)[1] != "2027-05-31T10:00" || !strings.Contains(warnings(o), "April 2027") {
				t.Errorf("an answer says %v, %s", nextDates(o), warnings(o))
			}
		}
		if nextDates(changed)[1] != "2027-04-30T10:00" || warnings(changed) != "[]" {
			t.Errorf("the change says %v, %s", nextDates(changed), warnings(changed))
		}
		ended := desk.Send("POST", path("/v1/maintenance/%s/end", m), object{"reason": "moved away"}, 200)
		if len(nextDates(ended)) != 0 {
			t.Errorf("an ended one comes again: %v", nextDates(ended))
		}
	})
}

func TestMaintenanceMovesOffHolidaysAndTellsTheHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, _, fridge := londonHousehold(h)
		root := h.As("root")
		centre := root.Send("GET", "/v1/centres/"+h.OtherCentre.String(), nil, 200)
		root.Send("PATCH", path("/v1/centres/%s", centre), object{"working_days": []int{1, 2, 3, 4, 5},
			"holidays": []string{"2027-03-26", "2027-03-29"}}, 200, "If-Match", fmt.Sprintf(`"%v"`, centre["version"]))
		// Good Friday, a weekend on which the clocks change, Easter Monday.
		m := desk.Send("POST", "/v1/maintenance", object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY;BYDAY=FR",
			"dtstart": "2027-03-19T09:30", "fault": "service"}, 201)
		if got, want := nextDates(m)[:3], []string{"2027-03-19T09:30", "2027-03-30T09:30 from 2027-03-26",
			"2027-04-02T09:30"}; !slices.Equal(got, want) {
			t.Fatalf("next %v, want %v", got, want)
		}
		if why := harness.List(m, "next")[1]["why"]; why != "2027-03-26 is a holiday of the centre" {
			t.Errorf("it moves because %v", why)
		}
		h.Settle()
		m = desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
		jobs := harness.List(m, "jobs")
		if len(jobs) < 2 || jobs[1]["at"] != "2027-03-30T08:30:00Z" {
			t.Fatalf("jobs %v", jobs)
		}
		for i, want := range []int{0, 1} {
			n := h.Column(fmt.Sprintf("SELECT count(*) FROM notices WHERE kind = 'maintenance.moved' AND job_id = '%s'", jobs[i]["job_id"]))
			if n[0] != fmt.Sprint(want) {
				t.Errorf("date %d: the household is told %s times that it moved, want %d", i, n[0], want)
			}
		}
		visits := items(desk.Send("GET", "/v1/visits?job_id="+jobs[1]["job_id"].(string), nil, 200))
		if len(visits) != 1 || visits[0]["window_start"] != "2027-03-30T08:30:00Z" {
			t.Errorf("its visit: %v", visits)
		}
		// Two dates that would come on one day are one.
		daily := desk.Send("POST", "/v1/maintenance/preview", object{"appliance_id": fridge["id"], "rrule": "FREQ=DAILY",
			"dtstart": "2027-03-25T10:00", "fault": "service"}, 200)
		if got, want := nextDates(daily)[:2], []string{"2027-03-25T10:00", "2027-03-30T10:00"}; !slices.Equal(got, want) ||
			strings.Count(warnings(daily), "is left out") != 4 {
			t.Errorf("daily: next %v, %s", nextDates(daily), warnings(daily))
		}
		weekend := desk.Send("POST", "/v1/maintenance/preview", object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY;BYDAY=SA,SU",
			"dtstart": "2027-03-13T10:00", "fault": "service"}, 200)
		if got, want := nextDates(weekend)[:2], []string{"2027-03-15T10:00 from 2027-03-13",
			"2027-03-22T10:00 from 2027-03-20"}; !slices.Equal(got, want) {
			t.Errorf("of a weekend: next %v, want %v", got, want)
		}
	})
}
