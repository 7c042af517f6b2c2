package main

import (
	"strings"
	"testing"
	"time"
)

// SafePlan puts a household under a safe-visit plan: a report that directs no
// person, and its release.
func (h *Harness) SafePlan(job Object, plan ...string) {
	h.Helper()
	maya := h.As("maya")
	h.As("noor").Send("POST", "/v1/flags", Object{"job_id": job["id"], "kind": "unsafe_premises", "level": 2}, 201)
	h.ReleaseHold(maya, job, plan...)
}

func (h *Harness) ReleaseHold(by *Client, job Object, plan ...string) {
	h.Helper()
	by.Send("POST", Path("/v1/jobs/%s/safety-release", job), Object{"plan": plan, "reason": "talked it over", "confirmed_by": "the owner"},
		200)
}

// moveAsOffered demands that a move is offered and taken, or neither.
func (p *Client) moveAsOffered(visit Object, action string, want int, body Object) Object {
	p.Harness.Helper()
	got := p.Send("GET", Path("/v1/visits/%s", visit), nil, 200)
	list := Items(p.Send("GET", "/v1/visits?job_id="+String(got["job_id"]), nil, 200))
	for _, v := range list {
		if v["id"] == visit["id"] && Offers(v, action) != Offers(got, action) {
			p.Harness.Errorf("%s: the list offers %v, the visit %v", action, v["actions"], got["actions"])
		}
	}
	if Offers(got, action) != (want == 200) {
		p.Harness.Errorf("%s by %s is answered %d and the visit offers %v", action, p.Login, want, got["actions"])
	}
	if body == nil {
		body = Object{}
	}
	out := p.Send("POST", Path("/v1/visits/%s/"+action, visit), body, want)
	if want == 200 && out["actions"] != nil && Offers(out, "en-route") != Offers(p.Send("GET", Path("/v1/visits/%s", visit), nil, 200),
		"en-route") {
		p.Harness.Errorf("after %s its answer and the visit differ", action)
	}
	if want == 409 && out["code"] != "plan_not_met" {
		p.Harness.Errorf("%s is refused as %v", action, out["code"])
	}
	return out
}

func TestTwoPeopleAreReallyTwo(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visit.read_plan", "visit.wait")
		desk, ravi, meena := h.As("kiran"), h.As("ravi"), h.As("meena")
		_, job := h.Household(desk, nil)
		alone := h.Visit(desk, job, Monday.Add(26*time.Hour), "ravi") // from before there was a plan
		h.SafePlan(job, "two_people")
		ids := func(logins ...string) []string {
			out := []string{}
			for _, l := range logins {
				out = append(out, h.People[l].ID.String())
			}
			return out
		}
		ravi.Send("POST", Path("/v1/visits/%s/plan-seen", alone), nil, 200)
		ravi.moveAsOffered(alone, "en-route", 409, nil)
		ravi.moveAsOffered(alone, "arrive", 409, nil)
		window := func(after time.Duration, crew ...string) Object {
			return Object{"window_start": Monday.Add(after), "window_end": Monday.Add(after + 2*time.Hour), "crew": ids(crew...)}
		}
		for what, out := range map[string]Object{
			"schedule":   desk.Send("POST", Path("/v1/jobs/%s/visits", job), window(50*time.Hour, "meena"), 409),
			"assign":     desk.Send("POST", Path("/v1/visits/%s/assign", alone), Object{"crew": ids("meena")}, 409),
			"reschedule": desk.Send("POST", Path("/v1/visits/%s/reschedule", alone), window(50*time.Hour, "meena"), 409),
			// Also without a word of the crew, which stays as it was.
			"reschedule as it was": desk.Send("POST", Path("/v1/visits/%s/reschedule", alone), Object{"window_start": Monday.Add(50 * time.Hour),
				"window_end": Monday.Add(52 * time.Hour)}, 409),
		} {
			if out["code"] != "plan_not_met" {
				t.Errorf("%s with one: %v", what, out["code"])
			}
		}
		desk.Send("POST", Path("/v1/visits/%s/assign", alone), Object{"crew": ids("ravi", "meena")}, 200)
		ravi.moveAsOffered(alone, "en-route", 409, nil) // she has not seen the plan
		meena.Send("POST", Path("/v1/visits/%s/plan-seen", alone), nil, 200)
		h.Clock.Set(Monday.Add(25*time.Hour + 50*time.Minute))
		ravi.moveAsOffered(alone, "en-route", 200, nil)
		// One gives it back on the way: the other waits, and no timer runs for him.
		meena.Send("POST", Path("/v1/visits/%s/decline", alone), Object{"reason": "sick"}, 200)
		got := ravi.Send("GET", Path("/v1/visits/%s", alone), nil, 200)
		if got["status"] != "scheduled" || got["en_route_at"] != nil {
			t.Fatalf("alone on the way: %v since %v", got["status"], got["en_route_at"])
		}
		for _, x := range Items(ravi.Send("GET", Path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] != "ended" {
				t.Errorf("a timer is %v", x["status"])
			}
		}
		ravi.moveAsOffered(alone, "en-route", 409, nil)
		ravi.moveAsOffered(alone, "arrive", 409, nil)
		desk.Send("POST", Path("/v1/visits/%s/assign", alone), Object{"crew": ids("ravi", "meena")}, 200)
		meena.Send("POST", Path("/v1/visits/%s/plan-seen", alone), nil, 200)
		ravi.moveAsOffered(alone, "en-route", 200, nil)
		armed := 0
		for _, x := range Items(h.As("kiran").Send("GET", Path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] == "armed" {
				armed++
			}
		}
		if armed != 2 {
			t.Errorf("%d timers run for two people who set out anew", armed)
		}
		ravi.moveAsOffered(alone, "arrive", 200, nil)
		ravi.moveAsOffered(alone, "start", 200, nil)
		ravi.moveAsOffered(alone, "complete", 200, nil)
	})
}

// A plan of two people that is made while one alone is on his way holds at the
// door.
func TestAPlanReachesWhoIsOnHisWay(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.call_desk", "visit.read_plan")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, Monday.Add(time.Hour), "ravi")
		h.Clock.Set(Monday.Add(50 * time.Minute))
		ravi.Send("POST", Path("/v1/visits/%s/en-route", visit), nil, 200)
		h.Clock.Advance(time.Minute)
		h.SafePlan(job, "two_people")
		h.Clock.Advance(time.Minute)
		ravi.moveAsOffered(visit, "arrive", 409, nil)
		// What happened before anybody knew is a late fact.
		ravi.Send("POST", Path("/v1/visits/%s/arrive", visit), Object{"occurred_at": Monday.Add(50*time.Minute + 30*time.Second).
			Format(time.RFC3339)}, 200)
	})
}

// TestWorkIsNotBegunUnderAPlanNobodyHasSeen: an arrival that an offline phone
// claims late, from before the plan, lets nobody begin under it unread.
func TestWorkIsNotBegunUnderAPlanNobodyHasSeen(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.read_plan", "visit.wait")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(2 * time.Hour)
		arrived := h.Clock.Now()
		h.Clock.Advance(5 * time.Minute)
		maya.Send("POST", "/v1/flags", Object{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
		h.Clock.Advance(5 * time.Minute)
		h.As("noor").Send("POST", Path("/v1/jobs/%s/safety-release", job), Object{"plan": []string{"daylight"}, "reason": "spoken with the son"},
			200)
		late := ravi.Send("POST", Path("/v1/visits/%s/arrive", visit), Object{"occurred_at": arrived.Format(time.RFC3339)}, 200)
		if Offers(late, "start") || !Offers(late, "plan-seen") || !Offers(late, "stop") {
			t.Errorf("arrived before the plan, he is offered %v", late["actions"])
		}
		if out := ravi.Send("POST", Path("/v1/visits/%s/start", visit), nil, 409); out["code"] != "plan_not_met" {
			t.Errorf("the start is refused as %v", out["code"])
		}
		if got := ravi.Send("POST", Path("/v1/visits/%s/plan-seen", visit), nil, 200); !Offers(got, "start") {
			t.Errorf("with the plan seen he is offered %v", got["actions"])
		}
		ravi.Send("POST", Path("/v1/visits/%s/start", visit), nil, 200)
		// Work that had begun goes on, whatever plan comes.
		h.As("noor").Send("POST", Path("/v1/jobs/%s/safety-release", job), Object{"plan": []string{"phone_first"}}, 200)
		ravi.Send("POST", Path("/v1/visits/%s/complete", visit), nil, 200)
	})
}

func TestDaylightIsThatOfThePlace(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"visit.assigned")
		desk := h.As("kiran")
		long := func(job Object) {
			h.Helper()
			h.SafePlan(job, "daylight")
		}
		book := func(job Object, clock string, want int) Object {
			h.Helper()
			from, err := time.Parse("15:04", clock)
			h.Must(err)
			return desk.Send("POST", Path("/v1/jobs/%s/visits", job), Object{"window_start": "2027-03-03T" + clock, "window_end": "2027-03-03T" +
				from.Add(2*time.Hour).Format("15:04"), "planned_minutes": 60}, want)
		}
		// Pune, 3 March: the sun sets at 18:42.
		_, pune := h.Household(desk, nil)
		long(pune)
		if out := book(pune, "17:50", 409); !strings.Contains(out["detail"].(string), "from 06:5") ||
			!strings.Contains(out["detail"].(string), "to 18:4") {
			t.Errorf("after sunset: %v", out["detail"])
		}
		book(pune, "06:30", 409)
		book(pune, "17:35", 201) // the fixed hours would say no
		// London in winter is dark at half past four.
		_, london := h.Household(desk, Object{"sites": []Object{{"address": "1 Lane", "postal_code": "411001", "zone": "Europe/London",
			"lat": 51.5,
			"lon": -0.12}}})
		long(london)
		desk.Send("POST", Path("/v1/jobs/%s/visits", london), Object{"window_start": "2027-01-11T15:30", "window_end": "2027-01-11T17:30",
			"planned_minutes": 60}, 422) // over
		out := desk.Send("POST", Path("/v1/jobs/%s/visits", london), Object{"window_start": "2027-12-13T15:10", "window_end": "2027-12-13T17:30",
			"planned_minutes": 60}, 409)
		if !strings.Contains(out["detail"].(string), "to 15:5") {
			t.Errorf("London in December: %v", out["detail"])
		}
		// Where nobody knows the place, fixed hours stand in and say so.
		_, unknown := h.Household(desk, Object{"sites": []Object{{"address": "1 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}}})
		long(unknown)
		if out := book(unknown, "17:30", 409); !strings.Contains(out["detail"].(string), "not known") ||
			!strings.Contains(out["detail"].(string), "07:00 to 18:00") {
			t.Errorf("an unknown place: %v", out["detail"])
		}
		visit := book(unknown, "16:30", 201)
		ravi := h.As("ravi")
		desk.Send("POST", Path("/v1/visits/%s/assign", visit), Object{"crew": []string{ravi.ID.String()}}, 200)
		ravi.Send("POST", Path("/v1/visits/%s/plan-seen", visit), nil, 200)
		h.Clock.Set(time.Date(2027, 3, 3, 12, 45, 0, 0, time.UTC)) // 18:15 there
		ravi.moveAsOffered(visit, "en-route", 409, nil)
		h.Clock.Set(time.Date(2027, 3, 3, 10, 45, 0, 0, time.UTC)) // 16:15
		ravi.moveAsOffered(visit, "en-route", 200, nil)
	})
}

func TestPhoneFirstIsACallOnTheDay(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.confirmed")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "phone_first")
		visit := h.Visit(desk, job, Monday.Add(26*time.Hour), "ravi")
		ravi.Send("POST", Path("/v1/visits/%s/plan-seen", visit), nil, 200)
		desk.Attempt(job, "phone", "reached", nil) // the day before
		h.Clock.Set(Monday.Add(25 * time.Hour))
		ravi.moveAsOffered(visit, "en-route", 409, nil)
		desk.Attempt(job, "phone", "no_answer", nil)
		desk.Attempt(job, "sms", "delivered", nil)
		h.CustomerPage(desk, job).Submit("confirm", 303) // contact, and no conversation
		ravi.moveAsOffered(visit, "en-route", 409, nil)
		ravi.Attempt(job, "phone", "reached", Object{"direction": "inbound"})
		ravi.moveAsOffered(visit, "en-route", 200, nil)
	})
}

// Carry-in: the appliance is handed over at the door; nobody works in the home.
func TestCarryInStopsAtTheDoor(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "carry_in")
		visit := h.Visit(desk, job, Monday.Add(time.Hour), "ravi")
		ravi.Send("POST", Path("/v1/visits/%s/plan-seen", visit), nil, 200)
		ravi.moveAsOffered(visit, "start", 409, nil)
		h.Clock.Advance(50 * time.Minute)
		ravi.moveAsOffered(visit, "en-route", 200, nil)
		ravi.moveAsOffered(visit, "start", 409, nil)
		ravi.moveAsOffered(visit, "arrive", 200, nil)
		if out := ravi.moveAsOffered(visit, "start", 409, nil); !strings.Contains(out["detail"].(string), "at the door") {
			t.Errorf("start: %v", out["detail"])
		}
		out := ravi.moveAsOffered(visit, "partial", 200, Object{"findings": "collected"})
		if n := len(out["not_recorded"].([]any)); n != 0 {
			t.Errorf("%v is said to be missing", out["not_recorded"])
		}
	})
}

// A plan that permits no visit lets those ahead fall away at once, for nobody,
// and the household is told.
func TestAPlanThatPermitsNoVisit(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled", "visit.held_cancelled",
			"visit.read_plan", "visit.wait")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, plan := range []string{"remote_only", "no_visit"} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, Monday.Add(50*time.Hour), "ravi")
			h.SafePlan(job, plan)
			ravi.moveAsOffered(visit, "en-route", 409, nil)
			desk.moveAsOffered(visit, "reschedule", 409, Object{"window_start": Monday.Add(80 * time.Hour),
				"window_end": Monday.Add(82 * time.Hour)})
			desk.moveAsOffered(visit, "assign", 409, Object{"crew": []string{}})
			h.Settle()
			got := desk.Send("GET", Path("/v1/visits/%s", visit), nil, 200)
			if got["status"] != "cancelled" || got["end_reason"] != "held" || got["counts_against"] != "nobody" {
				t.Errorf("%s: the visit ahead is %v (%v)", plan, got["status"], got["end_reason"])
			}
			if out := desk.Send("POST", Path("/v1/jobs/%s/visits", job), Object{"window_start": Monday.Add(80 * time.Hour),
				"window_end": Monday.Add(82 * time.Hour)}, 409); out["code"] != "plan_not_met" {
				t.Errorf("%s: %v", plan, out["code"])
			}
			h.ReleaseHold(h.As("maya"), job, "phone_first") // revised
			h.Visit(desk, job, Monday.Add(80*time.Hour), "ravi")
			desk.Send("POST", Path("/v1/jobs/%s/cancel", job), Object{"reason": "next"}, 200)
		}
	})
}

// hazard_removed says who confirmed it, and that stands on record.
func TestAHazardIsRemovedBySomebody(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		h.As("noor").Send("POST", "/v1/flags", Object{"job_id": job["id"], "kind": "animal", "level": 2}, 201)
		release := Path("/v1/jobs/%s/safety-release", job)
		desk.Send("POST", release, Object{"plan": []string{"hazard_removed"}, "confirmed_by": " "}, 422)
		desk.Send("POST", release, Object{"plan": []string{"hazard_removed", "daylight"}, "confirmed_by": "the neighbour"}, 403)
		desk.Send("POST", release, Object{"plan": []string{"hazard_removed"}, "confirmed_by": "the neighbour"}, 200)
		found := false
		for _, f := range Items(desk.Send("GET", Path("/v1/jobs/%s/timeline", job), nil, 200)) {
			p, _ := f["payload"].(Object)
			found = found || f["kind"] == "hold.released" && p["confirmed_by"] == "the neighbour"
		}
		if !found {
			t.Error("nobody is named who confirmed it")
		}
		// Of something directed by a person the desk settles nothing.
		_, second := h.Household(desk, nil)
		h.As("noor").Send("POST", "/v1/flags", Object{"job_id": second["id"], "kind": "threat", "level": 2}, 201)
		desk.Send("POST", Path("/v1/jobs/%s/safety-release", second), Object{"plan": []string{"hazard_removed"}, "confirmed_by": "him"}, 403)
	})
}
