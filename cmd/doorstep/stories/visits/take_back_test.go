package visits

import (
	"slices"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// wronglyTapped is a visit of this afternoon on which somebody tapped a move in the morning.
func wronglyTapped(h *harness.Harness, action string) (job, visit object) {
	h.Helper()
	desk := h.As("kiran")
	_, job = h.Household(desk, nil)
	visit = h.Visit(desk, job, harness.Monday.Add(6*time.Hour), "ravi")
	h.Expect("ravi", "New visit")
	h.As("ravi").Send("POST", path("/v1/visits/%s/", visit)+action, nil, 200)
	return job, visit
}

// TestAWrongTapIsTakenBack: by the crew within minutes, whatever the move was; the
// visit is as it was planned, nobody is timed, the household is told.
func TestAWrongTapIsTakenBack(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		for _, action := range []string{"en-route", "arrive", "start"} {
			job, visit := wronglyTapped(h, action)
			ravi := h.As("ravi")
			if !harness.Offers(ravi.Send("GET", path("/v1/visits/%s", visit), nil, 200), "take-back") {
				h.Errorf("%s: not offered to the crew", action)
			}
			h.As("meena").Send("POST", path("/v1/visits/%s/take-back", visit), nil, 404)
			h.Clock.Advance(9 * time.Minute)
			out := ravi.Send("POST", path("/v1/visits/%s/take-back", visit), nil, 200)
			if out["status"] != "scheduled" || out["en_route_at"] != nil || out["arrived_at"] != nil || out["started_at"] != nil ||
				len(out["not_recorded"].([]any)) != 0 {
				h.Errorf("%s: afterwards it is %v", action, out)
			}
			ravi.Send("POST", path("/v1/visits/%s/take-back", visit), nil, 409)
			if got := h.As("kiran").Job(job); got.Status != "scheduled" {
				h.Errorf("%s: the job is %s", action, got.Status)
			}
			entries := h.As("kiran").Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any)
			if last := entries[len(entries)-1].(object); last["kind"] != "visit.taken_back" {
				h.Errorf("%s: the last entry is %v", action, last["kind"])
			}
			told := h.Column("SELECT kind FROM notices WHERE kind = 'visit.taken_back' AND job_id = '" + harness.String(job["id"]) + "'")
			running := h.Column("SELECT status FROM timers WHERE status <> 'ended'")
			if len(told) != 1 || len(running) != 0 {
				h.Errorf("%s: told %d times, timers %v", action, len(told), running)
			}
			h.As("kiran").Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "tapped by mistake"}, 200)
			h.Expect("ravi", "Visit cancelled")
		}
	})
}

// TestADeskTakesAWrongTapBackLater: the crew has ten minutes; then its desk says
// why. What nobody did afterwards is missed as ever.
func TestADeskTakesAWrongTapBackLater(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.missed_desk")
		job, visit := wronglyTapped(h, "arrive")
		ravi, desk := h.As("ravi"), h.As("kiran")
		h.Clock.Advance(10*time.Minute + time.Second)
		if out := ravi.Send("POST", path("/v1/visits/%s/take-back", visit), nil, 403); out["code"] != "forbidden" {
			h.Errorf("ten minutes later: %v", out["code"])
		}
		if harness.Offers(ravi.Send("GET", path("/v1/visits/%s", visit), nil, 200), "take-back") {
			h.Errorf("it is offered to the crew all the same")
		}
		for _, body := range []any{nil, object{"reason": " "}} {
			desk.Send("POST", path("/v1/visits/%s/take-back", visit), body, 422)
		}
		h.As("kiran2").Send("POST", path("/v1/visits/%s/take-back", visit), object{"reason": "as asked"}, 404)
		h.As("gita").Send("POST", path("/v1/visits/%s/take-back", visit), object{"reason": "as asked"}, 403)
		in := object{"reason": "the visit next door was meant"}
		desk.Send("POST", path("/v1/visits/%s/take-back", visit), in, 200)
		h.Expect("ravi", "Your visit was set back")
		desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{h.People["meena"].ID.String()}}, 200)
		h.Advance(2 * time.Minute)
		h.Expect("ravi", "Visit removed")
		h.Expect("meena", "New visit")
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{}, 200) // never was inside
		h.Advance(30 * time.Hour)
		if v := desk.Visit(visit); v.Status != "missed" {
			h.Errorf("nobody went there, and it is %s", v.Status)
		}
		kinds := []string{}
		for _, e := range desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any) {
			kinds = append(kinds, harness.String(e.(object)["kind"]))
		}
		if !slices.Contains(kinds, "visit.arrived") || !slices.Contains(kinds, "visit.taken_back") {
			h.Errorf("the timeline: %v", kinds)
		}
	})
}
