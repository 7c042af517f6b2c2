package safety

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// No invented hazard, no wrong clock and nobody who is involved opens a door
// that an area manager has closed.
func TestNothingWeakensAPlan(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "hold.released", "hold.second", "hold.settled", "visit.assigned",
			"visit.wait")
		desk, ravi, maya, noor := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("noor")
		release := func(p *harness.Client, job object, plan []string, want int) {
			t.Helper()
			p.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": plan, "reason": "spoken", "confirmed_by": "the desk"}, want)
		}
		_, job := h.Household(desk, nil)
		h.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "sexual_harassment", Level: 3})
		h.ReleaseHold(maya, job, "no_visit")
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "hazard", Level: 2})
		release(desk, job, []string{"hazard_removed"}, 200) // kept, and settles nothing
		h.ReleaseHold(maya, job, "hazard_removed")
		at := object{"window_start": harness.Monday.Add(26 * time.Hour).Format(time.RFC3339), "window_end": harness.Monday.Add(28 * time.Hour).
			Format(time.RFC3339),
			"crew": []string{h.As("meena").ID.String()}}
		desk.Send("POST", path("/v1/jobs/%s/visits", job), at, 409)
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); harness.Offers(got, "schedule") {
			t.Errorf("after an invented hazard the job offers %v under the plan %v", got["actions"], got["plan"])
		}
		// A plan is revised by nobody who is involved.
		_, other := h.Household(desk, nil)
		maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(other["id"]), Kind: "threat", Level: 3})
		release(maya, other, []string{"phone_first"}, 403)
		h.ReadyToRelease(noor, other)
		release(noor, other, []string{"two_people", "daylight"}, 200)
		release(maya, other, []string{"phone_first"}, 403)
		release(noor, other, []string{"phone_first"}, 409)                  // a second person decides
		for _, p := range []*harness.Client{h.As("maya2"), h.As("noor2")} { // one of them was asked
			if _, res := p.Raw("GET", path("/v1/jobs/%s", other), nil); res.StatusCode == 404 {
				p.Raw("POST", path("/v1/jobs/%s/safety-release", other), object{"plan": []string{"phone_first"}, "reason": "spoken"})
			}
		}
		if got := desk.Send("GET", path("/v1/jobs/%s", other), nil, 200); len(got["plan"].([]any)) != 3 || len(got["holds"].([]any)) != 0 {
			t.Errorf("what two people asked for adds up to %v", got["plan"])
		}
		release(maya, other, []string{"daylight"}, 403)

		// A claim from before the visit was planned is no late fact.
		h.Clock.Advance(time.Hour)
		_, third := h.Household(desk, nil)
		h.Clock.Advance(10 * time.Minute)
		visit := h.Visit(desk, third, h.Clock.Now().Add(30*time.Minute), "ravi")
		h.Clock.Advance(10 * time.Minute)
		before := h.Clock.Now().Add(-time.Minute)
		maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(third["id"]), Kind: "threat", Level: 3})
		h.Clock.Advance(time.Minute)
		ravi.Send("POST", path("/v1/visits/%s/en-route", visit), nil, 409)
		ravi.Send("POST", path("/v1/visits/%s/en-route", visit), object{"occurred_at": third["created_at"]}, 409)
		ravi.EnRoute(visit, bodies.Move{OccurredAt: before.Format(time.RFC3339)}) // an offline phone
	})
}

// Nobody silences who reported him, and the refusal tells him nothing.
func TestTheAccusedCannotDisableTheReporter(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage")
		ravi, maya, noor := h.As("ravi"), h.As("maya"), h.As("noor")
		ravi.CreateFlag(bodies.FlagCreate{Phone: "+919800000042", Kind: "sexual_harassment", Level: 2, SubjectID: maya.ID.String()})
		user := noor.Send("GET", "/v1/users/"+ravi.ID.String(), nil, 200)
		version := []string{"If-Match", fmt.Sprintf(`"%v"`, user["version"])}
		out := maya.Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 403, version...)
		if out["detail"] != "You cannot change this account for now. Ask the area manager, or another one, or an admin." {
			t.Errorf("the refusal says %v", out["detail"])
		}
		h.As("root").Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 403, version...)
		h.Settle()
		// Nor does whoever decides, before it is decided.
		noor.Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 403, version...)
		h.Decide("noor", items(noor.Send("GET", "/v1/flags", nil, 200))[0]["id"], "not_upheld")
		noor.Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 200, version...)
	})
}

// A triage that was wrong is corrected, and what follows from it follows.
func TestTriageIsCorrected(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.reviewed", "flag.triage", "flag.triaged", "hold.area")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		flag := desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "verbal_abuse", Level: 1})
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 1}, 200)
		if held := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(held) != 0 {
			t.Fatalf("held at level 1: %v", held)
		}
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 3}, 200)
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 3}, 200)
		if held := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(held) != 1 {
			t.Errorf("corrected to level 3: %d holds", len(held))
		}
		maya.Send("POST", path("/v1/flags/%s/review", flag), nil, 200)
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 1}, 409)
	})
}
