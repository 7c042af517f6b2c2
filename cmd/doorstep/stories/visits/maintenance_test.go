package visits

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// londonHousehold is a household of the London centre.
func londonHousehold(h *harness.Harness) (desk *harness.Client, customer, appliance object) {
	h.Helper()
	desk = h.As("kiran2")
	customer, _ = h.Household(desk, object{"sites": []object{{"address": "1 Borough Street", "postal_code": "SE1", "zone": "Europe/London"}}})
	appliance = desk.Send("POST", "/v1/appliances", object{"customer_id": customer["id"], "category": "refrigerator"}, 201)
	return desk, customer, appliance
}

func whens(m object) (out []string) {
	for _, j := range harness.List(m, "jobs") {
		out = append(out, j["at"].(string))
	}
	return out
}

func TestMaintenanceKeepsTheTimeOfDayAcrossAChangeOfClocks(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, _, fridge := londonHousehold(h)
		weekly := desk.Send("POST", "/v1/maintenance", object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY;BYDAY=SU",
			"dtstart": "2027-03-14T09:30", "fault": "clean the coils", "planned_minutes": 45}, 201)
		// At 01:30 of 28 March there is no such time in London.
		night := desk.Send("POST", "/v1/maintenance", object{"appliance_id": fridge["id"], "rrule": "FREQ=DAILY;COUNT=3",
			"dtstart": "2027-03-27T01:30", "fault": "cold store"}, 201)
		h.Settle()
		read := func(m object) object { return desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200) }
		if got, want := whens(read(weekly)), []string{"2027-03-14T09:30:00Z", "2027-03-21T09:30:00Z", "2027-03-28T08:30:00Z"}; !slices.Equal(got,
			want) {
			t.Errorf("weekly at %v, want %v", got, want)
		}
		ended := read(night)
		if got, want := whens(ended), []string{"2027-03-27T01:30:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"}; !slices.Equal(got,
			want) || ended["status"] != "ended" {
			t.Errorf("nightly at %v, want %v; %v", got, want, ended["status"])
		}
		job := harness.List(read(weekly), "jobs")[2]
		visits := items(desk.Send("GET", "/v1/visits?job_id="+job["job_id"].(string), nil, 200))
		if len(visits) != 1 || visits[0]["window_start"] != "2027-03-28T08:30:00Z" || visits[0]["planned_minutes"] != 45.0 ||
			len(visits[0]["crew"].([]any)) != 0 {
			t.Errorf("the visits of the third date: %v", visits)
		}
		if got := desk.Send("GET", "/v1/jobs/"+job["job_id"].(string), nil, 200); got["fault"] != "clean the coils" ||
			got["category"] != "refrigerator" || got["appliance_id"] != fridge["id"] {
			t.Errorf("its job: %v", got)
		}
		// A week on there is one more, and each date has one job.
		h.Advance(7 * 24 * time.Hour)
		got := read(weekly)
		if want := []string{"2027-03-14T09:30:00Z", "2027-03-21T09:30:00Z", "2027-03-28T08:30:00Z",
			"2027-04-04T08:30:00Z"}; !slices.Equal(whens(got), want) {
			t.Errorf("a week later at %v, want %v", whens(got), want)
		}
	})
}

func TestMaintenanceChangesAndEnds(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.missed_desk")
		desk, customer, fridge := londonHousehold(h)
		base := object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-10T10:00", "fault": "service"}
		with := func(more object) object {
			out := object{}
			for k, v := range base {
				out[k] = v
			}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		for _, bad := range []object{{"rrule": "FREQ=HOURLY"}, {"rrule": "FREQ=DAILY;BYHOUR=1,2,3"}, {"rrule": "every week"},
			{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, {"rrule": "FREQ=DAILY;UNTIL=20200101T000000Z"}, {"dtstart": "2027-02-30T10:00"},
			{"dtstart": "2030-02-20T10:00"}, {"fault": "  "}} {
			desk.Send("POST", "/v1/maintenance", with(bad), 422)
		}
		h.As("kiran").Send("POST", "/v1/maintenance", base, 422) // another centre's household
		h.As("ravi2").Send("POST", "/v1/maintenance", base, 403)
		m := desk.Send("POST", "/v1/maintenance", base, 201)
		h.Settle()
		m = desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
		if len(whens(m)) != 3 { // 10, 17, 24 March; the 31st is further than 30 days
			t.Fatalf("jobs: %v", m["jobs"])
		}
		h.As("kiran").Send("GET", path("/v1/maintenance/%s", m), nil, 404)
		if list := items(h.As("kiran").Send("GET", "/v1/maintenance", nil, 200)); len(list) != 0 {
			t.Errorf("another centre sees %v", list)
		}
		if list := items(h.As("maya2").Send("GET", "/v1/maintenance?status=active&customer_id="+customer["id"].(string), nil,
			200)); len(list) != 1 {
			t.Errorf("the area manager sees %v", list)
		}
		desk.Send("PATCH", path("/v1/maintenance/%s", m), object{"rrule": "FREQ=DAILY"}, 412, "If-Match", `"1"`)
		m = desk.Send("PATCH", path("/v1/maintenance/%s", m), object{"rrule": "FREQ=WEEKLY;INTERVAL=2", "dtstart": "2027-03-25T15:00"}, 200,
			"If-Match", fmt.Sprintf(`"%v"`, m["version"]))
		h.Settle()
		m = desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
		if got := whens(m); len(got) != 4 || got[3] != "2027-03-25T15:00:00Z" {
			t.Errorf("changed: %v", got)
		}
		// The household has had enough.
		h.Advance(10 * 24 * time.Hour) // the first is over
		m = desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
		desk.Send("POST", path("/v1/maintenance/%s/end", m), object{"reason": "they move house"}, 200)
		jobs := harness.List(m, "jobs")
		for i, want := range []string{"open", "cancelled", "cancelled", "cancelled", "cancelled"} {
			if got := desk.Send("GET", "/v1/jobs/"+jobs[i]["job_id"].(string), nil, 200); got["status"] != want {
				t.Errorf("job %d is %v, want %s", i, got["status"], want)
			}
		}
		desk.Send("POST", path("/v1/maintenance/%s/end", m), object{"reason": "again"}, 409)
		h.Advance(60 * 24 * time.Hour)
		if got := items(desk.Send("GET", "/v1/jobs?customer_id="+customer["id"].(string), nil, 200)); len(got) != len(jobs)+
			1 { // and the first one
			t.Errorf("%d jobs after the end", len(got))
		}
	})
}

// A household that cancels one visit of a series keeps the others; on its page
// and by a call it can stop them all.
func TestAHouseholdStopsRegularVisits(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("link.wrong_person", "maintenance.stopped", "visit.cancelled_by_customer", "visit.missed_desk")
		desk := h.As("kiran")
		series := func() (m object, jobs []object) {
			t.Helper()
			customer, _ := h.Household(desk, nil)
			m = desk.Send("POST", "/v1/maintenance", object{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
				"fault": "clean the coils", "category": "refrigerator"}, 201)
			h.Settle()
			m = desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)
			for _, j := range harness.List(m, "jobs") {
				jobs = append(jobs, object{"id": j["job_id"]})
			}
			if len(jobs) != 4 {
				t.Fatalf("jobs: %v", m["jobs"])
			}
			return m, jobs
		}
		status := func(m object, jobs []object) (out []string) {
			t.Helper()
			out = []string{harness.String(desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200)["status"])}
			for _, j := range jobs {
				out = append(out, harness.String(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200)["status"]))
			}
			return out
		}
		is := func(what string, got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		_, lone := h.Household(desk, nil)
		h.Visit(desk, lone, harness.Monday.Add(48*time.Hour))
		if page := h.CustomerPage(lone).Read(); strings.Contains(page, "stop-visits") {
			t.Error("a visit of no series is offered to be stopped")
		}
		h.CustomerPage(lone).Submit("stop-visits", 409)

		m, jobs := series()
		home := h.CustomerPage(jobs[0])
		home.Submit("cancel", 303)
		is("one is cancelled", status(m, jobs), "active", "open", "scheduled", "scheduled", "scheduled")
		home = h.CustomerPage(jobs[1])
		if page := home.Read(); !strings.Contains(page, "Stop these regular visits") {
			t.Error("the page does not offer to stop them")
		}
		if body, _ := h.Anonymous().Raw("GET", home.Link+"?lang=hi", nil); !strings.Contains(string(body), "ये नियमित विज़िटें बंद करें") {
			t.Error("nor does it in Hindi")
		}
		home.Submit("stop-visits", 303)
		is("stopped by the link", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		if page := home.Read(); strings.Contains(page, "stop-visits") {
			t.Error("it is offered again")
		}
		home.Submit("stop-visits", 409)
		h.Settle()
		h.Told("Customer stopped regular visits", map[string]int{"kiran": 1})
		facts, _ := desk.Raw("GET", path("/v1/jobs/%s/timeline", jobs[1]), nil)
		if strings.Count(string(facts), `"maintenance.stopped"`) != 1 {
			t.Errorf("the timeline: %s", facts)
		}
		h.Advance(40 * 24 * time.Hour)
		if got := len(harness.List(desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200), "jobs")); got != 4 {
			t.Errorf("%d dates after the end", got)
		}
		h.Clock.Set(harness.Monday)

		// It was not the household: all goes on as it was.
		m, jobs = series()
		stranger := h.CustomerPage(jobs[2])
		stranger.Submit("stop-visits", 303)
		is("stopped by a stranger", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		stranger.Submit("wrong-person", 200)
		is("taken back", status(m, jobs), "active", "scheduled", "scheduled", "scheduled", "scheduled")
		h.Advance(8 * 24 * time.Hour)
		if got := len(harness.List(desk.Send("GET", path("/v1/maintenance/%s", m), nil, 200), "jobs")); got != 6 {
			t.Errorf("%d dates a week later", got)
		}
		h.Clock.Set(harness.Monday)

		// By a call, and by the desk itself.
		m, jobs = series()
		h.As("gita").Send("POST", path("/v1/jobs/%s/voice", jobs[0]), object{"action": "stop-visits"}, 200)
		is("stopped by a call", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		m, jobs = series()
		desk.Send("POST", path("/v1/maintenance/%s/end", m), object{"reason": "they called"}, 200)
		is("ended by the desk", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		desk.Send("POST", path("/v1/jobs/%s/voice", jobs[0]), object{"action": "stop-visits"}, 409)
	})
}
