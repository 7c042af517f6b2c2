package main

import (
	"strings"
	"testing"
	"time"
)

// planned puts a household under a safe-visit plan: a report that directs no
// person, and its release.
func (h *harness) planned(job obj, plan ...string) {
	h.Helper()
	maya := h.as("maya")
	h.as("noor").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "unsafe_premises", "level": 2}, 201)
	h.release(maya, job, plan...)
}

func (h *harness) release(by *person, job obj, plan ...string) {
	h.Helper()
	by.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": plan, "reason": "talked it over", "confirmed_by": "the owner"}, 200)
}

// agreeing demands that a move is offered and taken, or neither.
func (p *person) agreeing(visit obj, action string, want int, body obj) obj {
	p.h.Helper()
	got := p.send("GET", path("/v1/visits/%s", visit), nil, 200)
	list := items(p.send("GET", "/v1/visits?job_id="+toString(got["job_id"]), nil, 200))
	for _, v := range list {
		if v["id"] == visit["id"] && offers(v, action) != offers(got, action) {
			p.h.Errorf("%s: the list offers %v, the visit %v", action, v["actions"], got["actions"])
		}
	}
	if offers(got, action) != (want == 200) {
		p.h.Errorf("%s by %s is answered %d and the visit offers %v", action, p.login, want, got["actions"])
	}
	if body == nil {
		body = obj{}
	}
	out := p.send("POST", path("/v1/visits/%s/"+action, visit), body, want)
	if want == 200 && out["actions"] != nil && offers(out, "en-route") != offers(p.send("GET", path("/v1/visits/%s", visit), nil, 200),
		"en-route") {
		p.h.Errorf("after %s its answer and the visit differ", action)
	}
	if want == 409 && out["code"] != "plan_not_met" {
		p.h.Errorf("%s is refused as %v", action, out["code"])
	}
	return out
}

func TestTwoPeopleAreReallyTwo(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visit.read_plan", "visit.wait")
		desk, ravi, meena := h.as("kiran"), h.as("ravi"), h.as("meena")
		_, job := h.household(desk, nil)
		alone := h.visit(desk, job, monday.Add(26*time.Hour), "ravi") // from before there was a plan
		h.planned(job, "two_people")
		ids := func(logins ...string) []string {
			out := []string{}
			for _, l := range logins {
				out = append(out, h.people[l].id.String())
			}
			return out
		}
		ravi.send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		ravi.agreeing(alone, "en-route", 409, nil)
		ravi.agreeing(alone, "arrive", 409, nil)
		window := func(after time.Duration, crew ...string) obj {
			return obj{"window_start": monday.Add(after), "window_end": monday.Add(after + 2*time.Hour), "crew": ids(crew...)}
		}
		for what, out := range map[string]obj{
			"schedule":   desk.send("POST", path("/v1/jobs/%s/visits", job), window(50*time.Hour, "meena"), 409),
			"assign":     desk.send("POST", path("/v1/visits/%s/assign", alone), obj{"crew": ids("meena")}, 409),
			"reschedule": desk.send("POST", path("/v1/visits/%s/reschedule", alone), window(50*time.Hour, "meena"), 409),
			// Also without a word of the crew, which stays as it was.
			"reschedule as it was": desk.send("POST", path("/v1/visits/%s/reschedule", alone), obj{"window_start": monday.Add(50 * time.Hour),
				"window_end": monday.Add(52 * time.Hour)}, 409),
		} {
			if out["code"] != "plan_not_met" {
				t.Errorf("%s with one: %v", what, out["code"])
			}
		}
		desk.send("POST", path("/v1/visits/%s/assign", alone), obj{"crew": ids("ravi", "meena")}, 200)
		ravi.agreeing(alone, "en-route", 409, nil) // she has not seen the plan
		meena.send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		h.clock.Set(monday.Add(25*time.Hour + 50*time.Minute))
		ravi.agreeing(alone, "en-route", 200, nil)
		// One gives it back on the way: the other waits, and no timer runs for him.
		meena.send("POST", path("/v1/visits/%s/decline", alone), obj{"reason": "sick"}, 200)
		got := ravi.send("GET", path("/v1/visits/%s", alone), nil, 200)
		if got["status"] != "scheduled" || got["en_route_at"] != nil {
			t.Fatalf("alone on the way: %v since %v", got["status"], got["en_route_at"])
		}
		for _, x := range items(ravi.send("GET", path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] != "ended" {
				t.Errorf("a timer is %v", x["status"])
			}
		}
		ravi.agreeing(alone, "en-route", 409, nil)
		ravi.agreeing(alone, "arrive", 409, nil)
		desk.send("POST", path("/v1/visits/%s/assign", alone), obj{"crew": ids("ravi", "meena")}, 200)
		meena.send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		ravi.agreeing(alone, "en-route", 200, nil)
		armed := 0
		for _, x := range items(h.as("kiran").send("GET", path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] == "armed" {
				armed++
			}
		}
		if armed != 2 {
			t.Errorf("%d timers run for two people who set out anew", armed)
		}
		ravi.agreeing(alone, "arrive", 200, nil)
		ravi.agreeing(alone, "start", 200, nil)
		ravi.agreeing(alone, "complete", 200, nil)
	})
}

// A plan of two people that is made while one alone is on his way holds at the
// door.
func TestAPlanReachesWhoIsOnHisWay(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.call_desk", "visit.read_plan")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.clock.Set(monday.Add(50 * time.Minute))
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		h.clock.Advance(time.Minute)
		h.planned(job, "two_people")
		h.clock.Advance(time.Minute)
		ravi.agreeing(visit, "arrive", 409, nil)
		// What happened before anybody knew is a late fact.
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), obj{"occurred_at": monday.Add(50*time.Minute + 30*time.Second).
			Format(time.RFC3339)}, 200)
	})
}

// TestWorkIsNotBegunUnderAPlanNobodyHasSeen: an arrival that an offline phone
// claims late, from before the plan, lets nobody begin under it unread.
func TestWorkIsNotBegunUnderAPlanNobodyHasSeen(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.read_plan", "visit.wait")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.clock.Advance(2 * time.Hour)
		arrived := h.clock.Now()
		h.clock.Advance(5 * time.Minute)
		maya.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
		h.clock.Advance(5 * time.Minute)
		h.as("noor").send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"daylight"}, "reason": "spoken with the son"},
			200)
		late := ravi.send("POST", path("/v1/visits/%s/arrive", visit), obj{"occurred_at": arrived.Format(time.RFC3339)}, 200)
		if offers(late, "start") || !offers(late, "plan-seen") || !offers(late, "stop") {
			t.Errorf("arrived before the plan, he is offered %v", late["actions"])
		}
		if out := ravi.send("POST", path("/v1/visits/%s/start", visit), nil, 409); out["code"] != "plan_not_met" {
			t.Errorf("the start is refused as %v", out["code"])
		}
		if got := ravi.send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200); !offers(got, "start") {
			t.Errorf("with the plan seen he is offered %v", got["actions"])
		}
		ravi.send("POST", path("/v1/visits/%s/start", visit), nil, 200)
		// Work that had begun goes on, whatever plan comes.
		h.as("noor").send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"phone_first"}}, 200)
		ravi.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
	})
}

func TestDaylightIsThatOfThePlace(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"visit.assigned")
		desk := h.as("kiran")
		long := func(job obj) {
			h.Helper()
			h.planned(job, "daylight")
		}
		book := func(job obj, clock string, want int) obj {
			h.Helper()
			from, err := time.Parse("15:04", clock)
			h.must(err)
			return desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": "2027-03-03T" + clock, "window_end": "2027-03-03T" +
				from.Add(2*time.Hour).Format("15:04"), "planned_minutes": 60}, want)
		}
		// Pune, 3 March: the sun sets at 18:42.
		_, pune := h.household(desk, nil)
		long(pune)
		if out := book(pune, "17:50", 409); !strings.Contains(out["detail"].(string), "from 06:5") ||
			!strings.Contains(out["detail"].(string), "to 18:4") {
			t.Errorf("after sunset: %v", out["detail"])
		}
		book(pune, "06:30", 409)
		book(pune, "17:35", 201) // the fixed hours would say no
		// London in winter is dark at half past four.
		_, london := h.household(desk, obj{"sites": []obj{{"address": "1 Lane", "postal_code": "411001", "zone": "Europe/London", "lat": 51.5,
			"lon": -0.12}}})
		long(london)
		desk.send("POST", path("/v1/jobs/%s/visits", london), obj{"window_start": "2027-01-11T15:30", "window_end": "2027-01-11T17:30",
			"planned_minutes": 60}, 422) // over
		out := desk.send("POST", path("/v1/jobs/%s/visits", london), obj{"window_start": "2027-12-13T15:10", "window_end": "2027-12-13T17:30",
			"planned_minutes": 60}, 409)
		if !strings.Contains(out["detail"].(string), "to 15:5") {
			t.Errorf("London in December: %v", out["detail"])
		}
		// Where nobody knows the place, fixed hours stand in and say so.
		_, unknown := h.household(desk, obj{"sites": []obj{{"address": "1 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}}})
		long(unknown)
		if out := book(unknown, "17:30", 409); !strings.Contains(out["detail"].(string), "not known") ||
			!strings.Contains(out["detail"].(string), "07:00 to 18:00") {
			t.Errorf("an unknown place: %v", out["detail"])
		}
		visit := book(unknown, "16:30", 201)
		ravi := h.as("ravi")
		desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []string{ravi.id.String()}}, 200)
		ravi.send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		h.clock.Set(time.Date(2027, 3, 3, 12, 45, 0, 0, time.UTC)) // 18:15 there
		ravi.agreeing(visit, "en-route", 409, nil)
		h.clock.Set(time.Date(2027, 3, 3, 10, 45, 0, 0, time.UTC)) // 16:15
		ravi.agreeing(visit, "en-route", 200, nil)
	})
}

func TestPhoneFirstIsACallOnTheDay(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.confirmed")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		h.planned(job, "phone_first")
		visit := h.visit(desk, job, monday.Add(26*time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		desk.attempt(job, "phone", "reached", nil) // the day before
		h.clock.Set(monday.Add(25 * time.Hour))
		ravi.agreeing(visit, "en-route", 409, nil)
		desk.attempt(job, "phone", "no_answer", nil)
		desk.attempt(job, "sms", "delivered", nil)
		h.home(desk, job).taps("confirm", 303) // contact, and no conversation
		ravi.agreeing(visit, "en-route", 409, nil)
		ravi.attempt(job, "phone", "reached", obj{"direction": "inbound"})
		ravi.agreeing(visit, "en-route", 200, nil)
	})
}

// Carry-in: the appliance is handed over at the door; nobody works in the home.
func TestCarryInStopsAtTheDoor(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		h.planned(job, "carry_in")
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		ravi.agreeing(visit, "start", 409, nil)
		h.clock.Advance(50 * time.Minute)
		ravi.agreeing(visit, "en-route", 200, nil)
		ravi.agreeing(visit, "start", 409, nil)
		ravi.agreeing(visit, "arrive", 200, nil)
		if out := ravi.agreeing(visit, "start", 409, nil); !strings.Contains(out["detail"].(string), "at the door") {
			t.Errorf("start: %v", out["detail"])
		}
		out := ravi.agreeing(visit, "partial", 200, obj{"findings": "collected"})
		if n := len(out["not_recorded"].([]any)); n != 0 {
			t.Errorf("%v is said to be missing", out["not_recorded"])
		}
	})
}

// A plan that permits no visit lets those ahead fall away at once, for nobody,
// and the household is told.
func TestAPlanThatPermitsNoVisit(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled", "visit.held_cancelled",
			"visit.read_plan", "visit.wait")
		desk, ravi := h.as("kiran"), h.as("ravi")
		for _, plan := range []string{"remote_only", "no_visit"} {
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, monday.Add(50*time.Hour), "ravi")
			h.planned(job, plan)
			ravi.agreeing(visit, "en-route", 409, nil)
			desk.agreeing(visit, "reschedule", 409, obj{"window_start": monday.Add(80 * time.Hour), "window_end": monday.Add(82 * time.Hour)})
			desk.agreeing(visit, "assign", 409, obj{"crew": []string{}})
			h.settle()
			got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)
			if got["status"] != "cancelled" || got["end_reason"] != "held" || got["counts_against"] != "nobody" {
				t.Errorf("%s: the visit ahead is %v (%v)", plan, got["status"], got["end_reason"])
			}
			if out := desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": monday.Add(80 * time.Hour),
				"window_end": monday.Add(82 * time.Hour)}, 409); out["code"] != "plan_not_met" {
				t.Errorf("%s: %v", plan, out["code"])
			}
			h.release(h.as("maya"), job, "phone_first") // revised
			h.visit(desk, job, monday.Add(80*time.Hour), "ravi")
			desk.send("POST", path("/v1/jobs/%s/cancel", job), obj{"reason": "next"}, 200)
		}
	})
}

// hazard_removed says who confirmed it, and that stands on record.
func TestAHazardIsRemovedBySomebody(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		h.as("noor").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "animal", "level": 2}, 201)
		release := path("/v1/jobs/%s/safety-release", job)
		desk.send("POST", release, obj{"plan": []string{"hazard_removed"}, "confirmed_by": " "}, 422)
		desk.send("POST", release, obj{"plan": []string{"hazard_removed", "daylight"}, "confirmed_by": "the neighbour"}, 403)
		desk.send("POST", release, obj{"plan": []string{"hazard_removed"}, "confirmed_by": "the neighbour"}, 200)
		found := false
		for _, f := range items(desk.send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			p, _ := f["payload"].(obj)
			found = found || f["kind"] == "hold.released" && p["confirmed_by"] == "the neighbour"
		}
		if !found {
			t.Error("nobody is named who confirmed it")
		}
		// Of something directed by a person the desk settles nothing.
		_, second := h.household(desk, nil)
		h.as("noor").send("POST", "/v1/flags", obj{"job_id": second["id"], "kind": "threat", "level": 2}, 201)
		desk.send("POST", path("/v1/jobs/%s/safety-release", second), obj{"plan": []string{"hazard_removed"}, "confirmed_by": "him"}, 403)
	})
}
