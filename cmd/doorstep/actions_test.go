package main

import (
	"slices"
	"testing"
	"time"
)

// offers reports whether an answer's actions list a move.
func offers(o obj, action string) bool {
	return slices.Contains(o["actions"].([]any), any(action))
}

// TestActionsSayWhatTheMoveWouldDo: what a hold refuses is not offered, in
// single answers, lists and the answers of moves alike (docs/product.md section 3).
func TestActionsSayWhatTheMoveWouldDo(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.read_plan", "visit.unassigned", "visit.wait")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(26*time.Hour), "ravi")
		window := obj{"window_start": monday.Add(50 * time.Hour), "window_end": monday.Add(52 * time.Hour)}
		see := func(want bool) {
			t.Helper()
			one := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)
			list := desk.send("GET", path("/v1/visits?job_id=%s", job), nil, 200)["items"].([]any)
			if offers(one, "reschedule") != want || offers(list[0].(obj), "reschedule") != want || !offers(one, "cancel") || !offers(one, "assign") {
				t.Errorf("offered %v, in the list %v; reschedule is to be there: %v", one["actions"], list[0].(obj)["actions"], want)
			}
			if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); offers(got, "schedule") != want {
				t.Errorf("the job offers %v; schedule is to be there: %v", got["actions"], want)
			}
		}
		see(true)
		for _, kind := range []string{"parts", "customer_request"} {
			desk.send("POST", path("/v1/jobs/%s/hold", job), obj{"kind": kind}, 200)
			see(false)
			for _, move := range []string{path("/v1/visits/%s/reschedule", visit), path("/v1/jobs/%s/visits", job)} {
				if out := desk.send("POST", move, window, 409); out["code"] != "held" {
					t.Errorf("%s is refused as %v", move, out["code"])
				}
			}
			if out := desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []string{h.people["meena"].id.String()}}, 200); offers(out,
				"reschedule") {
				t.Errorf("the answer of a move offers %v", out["actions"])
			}
			desk.send("POST", path("/v1/jobs/%s/release", job), obj{"kind": kind}, 200)
			see(true)
		}
		// A plan that permits no visit refuses to book as a hold does.
		maya := h.as("maya")
		desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": monday.Add(60 * time.Hour),
			"window_end": monday.Add(62 * time.Hour)}, 201)
		h.as("noor").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
		if got := maya.send("GET", path("/v1/visits/%s", visit), nil, 200); offers(got, "reschedule") || offers(got, "assign") ||
			!offers(got, "cancel") {
			t.Errorf("under a safety hold %v is offered", got["actions"])
		}
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"remote_only"}}, 200)
		if got := maya.send("GET", path("/v1/visits/%s", visit), nil, 200); offers(got, "reschedule") || offers(got, "assign") {
			t.Errorf("under the plan remote_only %v is offered", got["actions"])
		}
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"daylight"}}, 200)
		meena := h.as("meena")
		if got := meena.send("GET", path("/v1/visits/%s", visit), nil, 200); offers(got, "en-route") || !offers(got, "plan-seen") {
			t.Errorf("before the plan was seen %v is offered", got["actions"])
		}
		if got := meena.send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200); !offers(got, "en-route") || offers(got, "plan-seen") {
			t.Errorf("after the plan was seen %v is offered", got["actions"])
		}
	})
}

// TestUnreachableRefusesUsAndNotTheHousehold: staff cannot book while the hold
// stands; the household's own wish by link lifts it first.
func TestUnreachableRefusesUsAndNotTheHousehold(t *testing.T) {
	stories(t, func(h *harness) {
		job := unreachableHousehold(h)
		h.ignores("job.reached", "visit.another_time", "visit.assigned")
		desk := h.as("kiran")
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); offers(got, "schedule") {
			t.Errorf("offered %v", got["actions"])
		}
		day := h.clock.Now().Add(48 * time.Hour).Format("2006-01-02")
		h.home(desk, job).taps("another-time", 303, "date", day, "part", "morning")
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); !offers(got, "schedule") || len(got["holds"].([]any)) != 0 {
			t.Errorf("after the household's wish %v is offered, holds %v", got["actions"], got["holds"])
		}
		h.visit(desk, job, h.clock.Now().Add(24*time.Hour), "ravi")
	})
}
