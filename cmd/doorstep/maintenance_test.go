package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// londonHousehold is a household of the London centre.
func (h *Harness) londonHousehold() (desk *Client, customer, appliance Object) {
	h.Helper()
	desk = h.As("kiran2")
	customer, _ = h.Household(desk, Object{"sites": []Object{{"address": "1 Borough Street", "postal_code": "SE1", "zone": "Europe/London"}}})
	appliance = desk.Send("POST", "/v1/appliances", Object{"customer_id": customer["id"], "category": "refrigerator"}, 201)
	return desk, customer, appliance
}

func whens(m Object) (out []string) {
	for _, j := range List(m, "jobs") {
		out = append(out, j["at"].(string))
	}
	return out
}

func TestMaintenanceKeepsTheTimeOfDayAcrossAChangeOfClocks(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		desk, _, fridge := h.londonHousehold()
		weekly := desk.Send("POST", "/v1/maintenance", Object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY;BYDAY=SU",
			"dtstart": "2027-03-14T09:30", "fault": "clean the coils", "planned_minutes": 45}, 201)
		// At 01:30 of 28 March there is no such time in London.
		night := desk.Send("POST", "/v1/maintenance", Object{"appliance_id": fridge["id"], "rrule": "FREQ=DAILY;COUNT=3",
			"dtstart": "2027-03-27T01:30", "fault": "cold store"}, 201)
		h.Settle()
		read := func(m Object) Object { return desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200) }
		if got, want := whens(read(weekly)), []string{"2027-03-14T09:30:00Z", "2027-03-21T09:30:00Z", "2027-03-28T08:30:00Z"}; !slices.Equal(got,
			want) {
			t.Errorf("weekly at %v, want %v", got, want)
		}
		ended := read(night)
		if got, want := whens(ended), []string{"2027-03-27T01:30:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"}; !slices.Equal(got,
			want) || ended["status"] != "ended" {
			t.Errorf("nightly at %v, want %v; %v", got, want, ended["status"])
		}
		job := List(read(weekly), "jobs")[2]
		visits := Items(desk.Send("GET", "/v1/visits?job_id="+job["job_id"].(string), nil, 200))
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
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("visit.missed_desk")
		desk, customer, fridge := h.londonHousehold()
		base := Object{"appliance_id": fridge["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-10T10:00", "fault": "service"}
		with := func(more Object) Object {
			out := Object{}
			for k, v := range base {
				out[k] = v
			}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		for _, bad := range []Object{{"rrule": "FREQ=HOURLY"}, {"rrule": "FREQ=DAILY;BYHOUR=1,2,3"}, {"rrule": "every week"},
			{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, {"rrule": "FREQ=DAILY;UNTIL=20200101T000000Z"}, {"dtstart": "2027-02-30T10:00"},
			{"dtstart": "2030-02-20T10:00"}, {"fault": "  "}} {
			desk.Send("POST", "/v1/maintenance", with(bad), 422)
		}
		h.As("kiran").Send("POST", "/v1/maintenance", base, 422) // another centre's household
		h.As("ravi2").Send("POST", "/v1/maintenance", base, 403)
		m := desk.Send("POST", "/v1/maintenance", base, 201)
		h.Settle()
		m = desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200)
		if len(whens(m)) != 3 { // 10, 17, 24 March; the 31st is further than 30 days
			t.Fatalf("jobs: %v", m["jobs"])
		}
		h.As("kiran").Send("GET", Path("/v1/maintenance/%s", m), nil, 404)
		if list := Items(h.As("kiran").Send("GET", "/v1/maintenance", nil, 200)); len(list) != 0 {
			t.Errorf("another centre sees %v", list)
		}
		if list := Items(h.As("maya2").Send("GET", "/v1/maintenance?status=active&customer_id="+customer["id"].(string), nil,
			200)); len(list) != 1 {
			t.Errorf("the area manager sees %v", list)
		}
		desk.Send("PATCH", Path("/v1/maintenance/%s", m), Object{"rrule": "FREQ=DAILY"}, 412, "If-Match", `"1"`)
		m = desk.Send("PATCH", Path("/v1/maintenance/%s", m), Object{"rrule": "FREQ=WEEKLY;INTERVAL=2", "dtstart": "2027-03-25T15:00"}, 200,
			"If-Match", fmt.Sprintf(`"%v"`, m["version"]))
		h.Settle()
		m = desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200)
		if got := whens(m); len(got) != 4 || got[3] != "2027-03-25T15:00:00Z" {
			t.Errorf("changed: %v", got)
		}
		// The household has had enough.
		h.Advance(10 * 24 * time.Hour) // the first is over
		m = desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200)
		desk.Send("POST", Path("/v1/maintenance/%s/end", m), Object{"reason": "they move house"}, 200)
		jobs := List(m, "jobs")
		for i, want := range []string{"open", "cancelled", "cancelled", "cancelled", "cancelled"} {
			if got := desk.Send("GET", "/v1/jobs/"+jobs[i]["job_id"].(string), nil, 200); got["status"] != want {
				t.Errorf("job %d is %v, want %s", i, got["status"], want)
			}
		}
		desk.Send("POST", Path("/v1/maintenance/%s/end", m), Object{"reason": "again"}, 409)
		h.Advance(60 * 24 * time.Hour)
		if got := Items(desk.Send("GET", "/v1/jobs?customer_id="+customer["id"].(string), nil, 200)); len(got) != len(jobs)+
			1 { // and the first one
			t.Errorf("%d jobs after the end", len(got))
		}
	})
}

// A household that cancels one visit of a series keeps the others; on its page
// and by a call it can stop them all.
func TestAHouseholdStopsRegularVisits(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("link.wrong_person", "maintenance.stopped", "visit.cancelled_by_customer", "visit.missed_desk")
		desk := h.As("kiran")
		series := func() (m Object, jobs []Object) {
			t.Helper()
			customer, _ := h.Household(desk, nil)
			m = desk.Send("POST", "/v1/maintenance", Object{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
				"fault": "clean the coils", "category": "refrigerator"}, 201)
			h.Settle()
			m = desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200)
			for _, j := range List(m, "jobs") {
				jobs = append(jobs, Object{"id": j["job_id"]})
			}
			if len(jobs) != 4 {
				t.Fatalf("jobs: %v", m["jobs"])
			}
			return m, jobs
		}
		status := func(m Object, jobs []Object) (out []string) {
			t.Helper()
			out = []string{String(desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200)["status"])}
			for _, j := range jobs {
				out = append(out, String(desk.Send("GET", Path("/v1/jobs/%s", j), nil, 200)["status"]))
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
		h.Visit(desk, lone, Monday.Add(48*time.Hour))
		if page := h.CustomerPage(desk, lone).Read(); strings.Contains(page, "stop-visits") {
			t.Error("a visit of no series is offered to be stopped")
		}
		h.CustomerPage(desk, lone).Submit("stop-visits", 409)

		m, jobs := series()
		home := h.CustomerPage(desk, jobs[0])
		home.Submit("cancel", 303)
		is("one is cancelled", status(m, jobs), "active", "open", "scheduled", "scheduled", "scheduled")
		home = h.CustomerPage(desk, jobs[1])
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
		facts, _ := desk.Raw("GET", Path("/v1/jobs/%s/timeline", jobs[1]), nil)
		if strings.Count(string(facts), `"maintenance.stopped"`) != 1 {
			t.Errorf("the timeline: %s", facts)
		}
		h.Advance(40 * 24 * time.Hour)
		if got := len(List(desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200), "jobs")); got != 4 {
			t.Errorf("%d dates after the end", got)
		}
		h.Clock.Set(Monday)

		// It was not the household: all goes on as it was.
		m, jobs = series()
		stranger := h.CustomerPage(desk, jobs[2])
		stranger.Submit("stop-visits", 303)
		is("stopped by a stranger", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		stranger.Submit("wrong-person", 200)
		is("taken back", status(m, jobs), "active", "scheduled", "scheduled", "scheduled", "scheduled")
		h.Advance(8 * 24 * time.Hour)
		if got := len(List(desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200), "jobs")); got != 6 {
			t.Errorf("%d dates a week later", got)
		}
		h.Clock.Set(Monday)

		// By a call, and by the desk itself.
		m, jobs = series()
		h.As("gita").Send("POST", Path("/v1/jobs/%s/voice", jobs[0]), Object{"action": "stop-visits"}, 200)
		is("stopped by a call", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		m, jobs = series()
		desk.Send("POST", Path("/v1/maintenance/%s/end", m), Object{"reason": "they called"}, 200)
		is("ended by the desk", status(m, jobs), "ended", "cancelled", "cancelled", "cancelled", "cancelled")
		desk.Send("POST", Path("/v1/jobs/%s/voice", jobs[0]), Object{"action": "stop-visits"}, 409)
	})
}

// The page of a visit that is one of a series, before and after it was
// stopped, in both languages.
func TestThePageOfARegularVisitIsAccessible(t *testing.T) {
	a := newAuditor(t)
	h := New(t, "sqlite")
	h.Ignores("maintenance.stopped", "visit.cancelled_by_customer")
	desk := h.As("kiran")
	customer, _ := h.Household(desk, nil)
	m := desk.Send("POST", "/v1/maintenance", Object{"customer_id": customer["id"], "rrule": "FREQ=WEEKLY", "dtstart": "2027-03-03T10:00",
		"fault": "clean the coils", "category": "refrigerator"}, 201)
	h.Settle()
	job := List(desk.Send("GET", Path("/v1/maintenance/%s", m), nil, 200), "jobs")[0]["job_id"]
	link := desk.Send("GET", fmt.Sprintf("/v1/jobs/%v/link", job), nil, 200)["share_url"].(string)
	d := &desktop{t, h, a.ctx}
	d.size(390, 844)
	for lang, words := range map[string]string{"en": "Yes, stop these visits", "hi": "हाँ, ये विज़िटें बंद करें"} {
		a.open(link + "?lang=" + lang)
		evaluate[bool](t, a.ctx, "document.querySelectorAll('details').forEach(d => { d.open = true }); true")
		a.judge("a regular visit, "+lang, words)
		d.shot("regular-" + lang)
	}
	a.open(link)
	a.submit("stop-visits")
	a.judge("stopped", "These visits are stopped.")
	d.shot("regular-stopped")
}
