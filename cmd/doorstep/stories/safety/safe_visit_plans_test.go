package safety

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// moveAsOffered demands that a move is offered and taken, or neither.
func moveAsOffered(p *harness.Client, visit object, action string, want int, body object) object {
	p.Harness.Helper()
	got := p.Send("GET", path("/v1/visits/%s", visit), nil, 200)
	list := items(p.Send("GET", "/v1/visits?job_id="+harness.String(got["job_id"]), nil, 200))
	for _, v := range list {
		if v["id"] == visit["id"] && harness.Offers(v, action) != harness.Offers(got, action) {
			p.Harness.Errorf("%s: the list offers %v, the visit %v", action, v["actions"], got["actions"])
		}
	}
	if harness.Offers(got, action) != (want == 200) {
		p.Harness.Errorf("%s by %s is answered %d and the visit offers %v", action, p.Login, want, got["actions"])
	}
	if body == nil {
		body = object{}
	}
	out := p.Send("POST", path("/v1/visits/%s/"+action, visit), body, want)
	if want == 200 && out["actions"] != nil && harness.Offers(out, "en-route") != harness.Offers(p.Send("GET", path("/v1/visits/%s", visit),
		nil, 200),
		"en-route") {
		p.Harness.Errorf("after %s its answer and the visit differ", action)
	}
	if want == 409 && out["code"] != "plan_not_met" {
		p.Harness.Errorf("%s is refused as %v", action, out["code"])
	}
	return out
}

func TestTwoPeopleAreReallyTwo(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visit.read_plan", "visit.wait")
		desk, ravi, meena := h.As("kiran"), h.As("ravi"), h.As("meena")
		_, job := h.Household(desk, nil)
		alone := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi") // from before there was a plan
		h.SafePlan(job, "two_people")
		ids := func(logins ...string) []string {
			out := []string{}
			for _, l := range logins {
				out = append(out, h.People[l].ID.String())
			}
			return out
		}
		ravi.Send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		moveAsOffered(ravi, alone, "en-route", 409, nil)
		moveAsOffered(ravi, alone, "arrive", 409, nil)
		window := func(after time.Duration, crew ...string) object {
			return object{"window_start": harness.Monday.Add(after), "window_end": harness.Monday.Add(after + 2*time.Hour), "crew": ids(crew...)}
		}
		for what, out := range map[string]object{
			"schedule":   desk.Send("POST", path("/v1/jobs/%s/visits", job), window(50*time.Hour, "meena"), 409),
			"assign":     desk.Send("POST", path("/v1/visits/%s/assign", alone), object{"crew": ids("meena")}, 409),
			"reschedule": desk.Send("POST", path("/v1/visits/%s/reschedule", alone), window(50*time.Hour, "meena"), 409),
			// Also without a word of the crew, which stays as it was.
			"reschedule as it was": desk.Send("POST", path("/v1/visits/%s/reschedule", alone),
				object{"window_start": harness.Monday.Add(50 * time.Hour),
					"window_end": harness.Monday.Add(52 * time.Hour)}, 409),
		} {
			if out["code"] != "plan_not_met" {
				t.Errorf("%s with one: %v", what, out["code"])
			}
		}
		desk.AssignVisit(alone, bodies.CrewInput{Crew: ids("ravi", "meena")})
		moveAsOffered(ravi, alone, "en-route", 409, nil) // she has not seen the plan
		meena.Send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		h.Clock.Set(harness.Monday.Add(25*time.Hour + 50*time.Minute))
		moveAsOffered(ravi, alone, "en-route", 200, nil)
		// One gives it back on the way: the other waits, and no timer runs for him.
		meena.Send("POST", path("/v1/visits/%s/decline", alone), object{"reason": "sick"}, 200)
		got := ravi.Send("GET", path("/v1/visits/%s", alone), nil, 200)
		if got["status"] != "scheduled" || got["en_route_at"] != nil {
			t.Fatalf("alone on the way: %v since %v", got["status"], got["en_route_at"])
		}
		for _, x := range items(ravi.Send("GET", path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] != "ended" {
				t.Errorf("a timer is %v", x["status"])
			}
		}
		moveAsOffered(ravi, alone, "en-route", 409, nil)
		moveAsOffered(ravi, alone, "arrive", 409, nil)
		desk.AssignVisit(alone, bodies.CrewInput{Crew: ids("ravi", "meena")})
		meena.Send("POST", path("/v1/visits/%s/plan-seen", alone), nil, 200)
		moveAsOffered(ravi, alone, "en-route", 200, nil)
		armed := 0
		for _, x := range items(h.As("kiran").Send("GET", path("/v1/visits/%s/timer", alone), nil, 200)) {
			if x["status"] == "armed" {
				armed++
			}
		}
		if armed != 2 {
			t.Errorf("%d timers run for two people who set out anew", armed)
		}
		moveAsOffered(ravi, alone, "arrive", 200, nil)
		moveAsOffered(ravi, alone, "start", 200, nil)
		moveAsOffered(ravi, alone, "complete", 200, object{"work_done": "relay", "tested": "cools"})
	})
}

// A plan of two people that is made while one alone is on his way holds at the
// door.
func TestAPlanReachesWhoIsOnHisWay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.call_desk", "visit.read_plan")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Set(harness.Monday.Add(50 * time.Minute))
		ravi.EnRoute(visit)
		h.Clock.Advance(time.Minute)
		h.SafePlan(job, "two_people")
		h.Clock.Advance(time.Minute)
		moveAsOffered(ravi, visit, "arrive", 409, nil)
		// What happened before anybody knew is a late fact.
		ravi.Arrive(visit, bodies.Move{OccurredAt: harness.Monday.Add(50*time.Minute + 30*time.Second).
			Format(time.RFC3339)})
	})
}

// TestWorkIsNotBegunUnderAPlanNobodyHasSeen: an arrival that an offline phone
// claims late, from before the plan, lets nobody begin under it unread.
func TestWorkIsNotBegunUnderAPlanNobodyHasSeen(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.read_plan", "visit.wait")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(2 * time.Hour)
		arrived := h.Clock.Now()
		h.Clock.Advance(5 * time.Minute)
		maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2})
		h.Clock.Advance(5 * time.Minute)
		h.ReleaseHold(h.As("noor"), job, "daylight")
		late := ravi.Send("POST", path("/v1/visits/%s/arrive", visit), object{"occurred_at": arrived.Format(time.RFC3339)}, 200)
		if harness.Offers(late, "start") || !harness.Offers(late, "plan-seen") || !harness.Offers(late, "stop") {
			t.Errorf("arrived before the plan, he is offered %v", late["actions"])
		}
		if out := ravi.Send("POST", path("/v1/visits/%s/start", visit), nil, 409); out["code"] != "plan_not_met" {
			t.Errorf("the start is refused as %v", out["code"])
		}
		if got := ravi.Send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200); !harness.Offers(got, "start") {
			t.Errorf("with the plan seen he is offered %v", got["actions"])
		}
		ravi.StartVisit(visit)
		// Work that had begun goes on, whatever plan comes.
		h.ReleaseHold(h.As("noor"), job, "phone_first")
		ravi.CompleteVisit(visit)
	})
}

func TestDaylightIsThatOfThePlace(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"visit.assigned")
		desk := h.As("kiran")
		long := func(job object) {
			h.Helper()
			h.SafePlan(job, "daylight")
		}
		book := func(job object, clock string, want int) object {
			h.Helper()
			from, err := time.Parse("15:04", clock)
			h.Must(err)
			return desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": "2027-03-03T" + clock, "window_end": "2027-03-03T" +
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
		_, london := h.Household(desk, object{"sites": []object{{"address": "1 Lane", "postal_code": "411001", "zone": "Europe/London",
			"lat": 51.5,
			"lon": -0.12}}})
		long(london)
		desk.Send("POST", path("/v1/jobs/%s/visits", london), object{"window_start": "2027-01-11T15:30", "window_end": "2027-01-11T17:30",
			"planned_minutes": 60}, 422) // over
		out := desk.Send("POST", path("/v1/jobs/%s/visits", london), object{"window_start": "2027-12-13T15:10", "window_end": "2027-12-13T17:30",
			"planned_minutes": 60}, 409)
		if !strings.Contains(out["detail"].(string), "to 15:5") {
			t.Errorf("London in December: %v", out["detail"])
		}
		// Where nobody knows the place, fixed hours stand in and say so.
		_, unknown := h.Household(desk, object{"sites": []object{{"address": "1 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}}})
		long(unknown)
		if out := book(unknown, "17:30", 409); !strings.Contains(out["detail"].(string), "not known") ||
			!strings.Contains(out["detail"].(string), "07:00 to 18:00") {
			t.Errorf("an unknown place: %v", out["detail"])
		}
		visit := book(unknown, "16:30", 201)
		ravi := h.As("ravi")
		desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{ravi.ID.String()}})
		ravi.Send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		h.Clock.Set(time.Date(2027, 3, 3, 12, 45, 0, 0, time.UTC)) // 18:15 there
		moveAsOffered(ravi, visit, "en-route", 409, nil)
		h.Clock.Set(time.Date(2027, 3, 3, 10, 45, 0, 0, time.UTC)) // 16:15
		moveAsOffered(ravi, visit, "en-route", 200, nil)
	})
}

func TestPhoneFirstIsACallOnTheDay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released",
			"queue.morning", "visit.assigned", "visit.confirmed")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "phone_first")
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		ravi.Send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}) // the day before
		h.Clock.Set(harness.Monday.Add(25 * time.Hour))
		moveAsOffered(ravi, visit, "en-route", 409, nil)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer"})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		h.CustomerPage(job).Submit("confirm", 303) // contact, and no conversation
		moveAsOffered(ravi, visit, "en-route", 409, nil)
		ravi.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached", Direction: "inbound"})
		moveAsOffered(ravi, visit, "en-route", 200, nil)
	})
}

// Carry-in: the appliance is handed over at the door; nobody works in the home.
func TestCarryInStopsAtTheDoor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "carry_in")
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi.Send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200)
		moveAsOffered(ravi, visit, "start", 409, nil)
		h.Clock.Advance(50 * time.Minute)
		moveAsOffered(ravi, visit, "en-route", 200, nil)
		moveAsOffered(ravi, visit, "start", 409, nil)
		moveAsOffered(ravi, visit, "arrive", 200, nil)
		if out := moveAsOffered(ravi, visit, "start", 409, nil); !strings.Contains(out["detail"].(string), "at the door") {
			t.Errorf("start: %v", out["detail"])
		}
		out := moveAsOffered(ravi, visit, "partial", 200, object{"findings": "collected"})
		if n := len(out["not_recorded"].([]any)); n != 0 {
			t.Errorf("%v is said to be missing", out["not_recorded"])
		}
	})
}

// A plan that permits no visit lets those ahead fall away at once, for nobody,
// and the household is told.
func TestAPlanThatPermitsNoVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled", "visit.held_cancelled",
			"visit.read_plan", "visit.wait")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, plan := range []string{"remote_only", "no_visit"} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(50*time.Hour), "ravi")
			h.SafePlan(job, plan)
			moveAsOffered(ravi, visit, "en-route", 409, nil)
			moveAsOffered(desk, visit, "reschedule", 409, object{"window_start": harness.Monday.Add(80 * time.Hour),
				"window_end": harness.Monday.Add(82 * time.Hour)})
			moveAsOffered(desk, visit, "assign", 409, object{"crew": []string{}})
			h.Settle()
			got := desk.Visit(visit)
			if got.Status != "cancelled" || got.EndReason != "held" || got.CountsAgainst != "nobody" {
				t.Errorf("%s: the visit ahead is %v (%v)", plan, got.Status, got.EndReason)
			}
			if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": harness.Monday.Add(80 * time.Hour),
				"window_end": harness.Monday.Add(82 * time.Hour)}, 409); out["code"] != "plan_not_met" {
				t.Errorf("%s: %v", plan, out["code"])
			}
			h.ReleaseHold(h.As("maya"), job, "phone_first") // revised
			h.Visit(desk, job, harness.Monday.Add(80*time.Hour), "ravi")
			desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "next"}, 200)
		}
	})
}

// hazard_removed says who confirmed it, and that stands on record.
func TestAHazardIsRemovedBySomebody(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "hold.settled")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "animal", Level: 2})
		release := path("/v1/jobs/%s/safety-release", job)
		desk.Send("POST", release, object{"plan": []string{"hazard_removed"}, "confirmed_by": " "}, 422)
		desk.Send("POST", release, object{"plan": []string{"hazard_removed", "daylight"}, "confirmed_by": "the neighbour"}, 403)
		desk.Send("POST", release, object{"plan": []string{"hazard_removed"}, "confirmed_by": "the neighbour"}, 200)
		h.ReadyToRelease(h.As("maya"), job)
		h.As("maya").Send("POST", release, object{"plan": []string{"hazard_removed"}, "confirmed_by": "the neighbour", "reason": "seen"}, 200)
		found := false
		for _, f := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			p, _ := f["payload"].(object)
			found = found || f["kind"] == "hold.released" && p["confirmed_by"] == "the neighbour"
		}
		if !found {
			t.Error("nobody is named who confirmed it")
		}
	})
}
