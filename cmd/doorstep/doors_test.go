package main

import (
	"fmt"
	"testing"
	"time"
)

// No invented hazard, no wrong clock and nobody who is involved opens a door
// that an area manager has closed.
func TestNothingWeakensAPlan(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.live_overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.released", "visit.assigned",
			"visit.wait")
		desk, ravi, maya, noor := h.as("kiran"), h.as("ravi"), h.as("maya"), h.as("noor")
		release := func(p *person, job obj, plan []string, want int) {
			t.Helper()
			p.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": plan, "reason": "spoken", "confirmed_by": "the desk"}, want)
		}
		_, job := h.household(desk, nil)
		h.as("gita").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "sexual_harassment", "level": 3}, 201)
		release(maya, job, []string{"no_visit"}, 200)
		desk.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "hazard", "level": 2}, 201)
		release(desk, job, []string{"hazard_removed"}, 403) // who reported it does not settle it
		release(h.as("asha"), job, []string{"hazard_removed"}, 200)
		at := obj{"window_start": monday.Add(26 * time.Hour).Format(time.RFC3339), "window_end": monday.Add(28 * time.Hour).Format(time.RFC3339),
			"crew": []string{h.as("meena").id.String()}}
		desk.send("POST", path("/v1/jobs/%s/visits", job), at, 409)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); offers(got, "schedule") {
			t.Errorf("after an invented hazard the job offers %v under the plan %v", got["actions"], got["plan"])
		}
		// A plan is revised by nobody who is involved.
		_, other := h.household(desk, nil)
		maya.send("POST", "/v1/flags", obj{"job_id": other["id"], "kind": "threat", "level": 3}, 201)
		release(maya, other, []string{"phone_first"}, 403)
		release(noor, other, []string{"two_people", "daylight"}, 200)
		release(maya, other, []string{"phone_first"}, 403)
		release(noor, other, []string{"phone_first"}, 200)
		release(maya, other, []string{"daylight"}, 403)

		// A claim from before the visit was planned is no late fact.
		h.clock.Advance(time.Hour)
		_, third := h.household(desk, nil)
		h.clock.Advance(10 * time.Minute)
		visit := h.visit(desk, third, h.clock.Now().Add(30*time.Minute), "ravi")
		h.clock.Advance(10 * time.Minute)
		before := h.clock.Now().Add(-time.Minute)
		maya.send("POST", "/v1/flags", obj{"job_id": third["id"], "kind": "threat", "level": 3}, 201)
		h.clock.Advance(time.Minute)
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), nil, 409)
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), obj{"occurred_at": third["created_at"]}, 409)
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), obj{"occurred_at": before.Format(time.RFC3339)}, 200) // an offline phone
	})
}

// Nobody silences who reported him, and the refusal tells him nothing.
func TestTheAccusedCannotDisableTheReporter(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage")
		ravi, maya, noor := h.as("ravi"), h.as("maya"), h.as("noor")
		ravi.send("POST", "/v1/flags", obj{"phone": "+919800000042", "kind": "sexual_harassment", "level": 2, "subject_id": maya.id}, 201)
		user := noor.send("GET", "/v1/users/"+ravi.id.String(), nil, 200)
		version := []string{"If-Match", fmt.Sprintf(`"%v"`, user["version"])}
		out := maya.send("PATCH", path("/v1/users/%s", user), obj{"disabled": true}, 403, version...)
		if out["detail"] != "You cannot change this account for now. Ask the area manager, or another one, or an admin." {
			t.Errorf("the refusal says %v", out["detail"])
		}
		h.as("root").send("PATCH", path("/v1/users/%s", user), obj{"disabled": true}, 403, version...)
		noor.send("PATCH", path("/v1/users/%s", user), obj{"disabled": true}, 200, version...)
	})
}

// A triage that was wrong is corrected, and what follows from it follows.
func TestTriageIsCorrected(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.reviewed", "flag.triage", "flag.triaged", "hold.area")
		desk, maya := h.as("kiran"), h.as("maya")
		_, job := h.household(desk, nil)
		flag := desk.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "verbal_abuse", "level": 1}, 201)
		maya.send("POST", path("/v1/flags/%s/triage", flag), obj{"level": 1}, 200)
		if held := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(held) != 0 {
			t.Fatalf("held at level 1: %v", held)
		}
		maya.send("POST", path("/v1/flags/%s/triage", flag), obj{"level": 3}, 200)
		maya.send("POST", path("/v1/flags/%s/triage", flag), obj{"level": 3}, 200)
		if held := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(held) != 1 {
			t.Errorf("corrected to level 3: %d holds", len(held))
		}
		maya.send("POST", path("/v1/flags/%s/review", flag), nil, 200)
		maya.send("POST", path("/v1/flags/%s/triage", flag), obj{"level": 1}, 409)
	})
}
