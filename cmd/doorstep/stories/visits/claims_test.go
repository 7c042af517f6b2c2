package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// claimed reads what was kept on a job's timeline.
func claimed(h *harness.Harness, job object) (out []object) {
	h.Helper()
	for _, e := range h.As("kiran").Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any) {
		if f := e.(object); f["kind"] == "visit.claimed" {
			out = append(out, f["payload"].(object))
		}
	}
	return out
}

// TestWhatWasDoneBeforeTheVisitChangedIsKept: the phone was offline; the visit was
// given to somebody else, cancelled, or moved meanwhile. Nothing moves, nothing is lost.
func TestWhatWasDoneBeforeTheVisitChangedIsKept(t *testing.T) {
	changes := map[string]func(h *harness.Harness, visit object){
		"reassigned": func(h *harness.Harness, visit object) {
			h.As("kiran").Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{h.People["meena"].ID.String()}}, 200)
		},
		"cancelled": func(h *harness.Harness, visit object) {
			h.As("kiran").Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "not needed"}, 200)
		},
	}
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled", "visit.claimed", "visit.unassigned")
		for name, change := range changes {
			for _, action := range []string{"en-route", "start", "complete", "partial"} {
				desk, ravi := h.As("kiran"), h.As("ravi")
				_, job := h.Household(desk, nil)
				visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
				h.Clock.Advance(20 * time.Minute)
				did := h.Clock.Now()
				h.Clock.Advance(10 * time.Minute)
				change(h, visit)
				h.Clock.Advance(10 * time.Minute)
				body := object{"occurred_at": did.Format(time.RFC3339)}
				if action == "complete" {
					body["work_done"] = "pump replaced"
				}
				key := "claim-" + name + action
				at := path("/v1/visits/%s/", visit) + action
				out := ravi.Send("POST", at, body, 409, "Idempotency-Key", key)
				again := ravi.Send("POST", at, body, 409, "Idempotency-Key", key)
				if out["code"] != "claim_kept" || out["claim_id"] == nil || again["claim_id"] != out["claim_id"] {
					h.Errorf("%s, %s: %v and %v", name, action, out, again)
				}
				if want := map[string]string{"reassigned": "scheduled", "cancelled": "cancelled"}[name]; out["visit_status"] != want {
					h.Errorf("%s, %s: the visit is said to be %v", name, action, out["visit_status"])
				}
				kept := claimed(h, job)
				if len(kept) != 1 || kept[0]["action"] != action || kept[0]["claim_id"] != out["claim_id"] ||
					action == "complete" && kept[0]["work_done"] != "pump replaced" {
					h.Errorf("%s, %s: kept %v", name, action, kept)
				}
				if v := desk.Visit(visit); v.EnRouteAt != (time.Time{}) || v.Status == "completed" {
					h.Errorf("%s, %s: it moved the visit to %v", name, action, v.Status)
				}
				if told := h.Column("SELECT kind FROM notices WHERE kind = 'visit.claimed' AND visit_id = '" + harness.String(visit["id"]) +
					"' AND user_id = '" + h.People["kiran"].ID.String() + "'"); len(told) != 1 {
					h.Errorf("%s, %s: the desk was told %d times", name, action, len(told))
				}
				if name == "reassigned" {
					desk.Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "the next one"}, 200)
				}
				h.Clock.Advance(20 * time.Minute)
			}
		}
	})
}

// TestOnlyWhoWasThereClaims: not who was never in the crew, not of a time before they
// were or after they left it, not without a time.
func TestOnlyWhoWasThereClaims(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.claimed", "visit.unassigned")
		desk, meena := h.As("kiran"), h.As("meena")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		at := func(d time.Duration) object { return object{"occurred_at": harness.Monday.Add(d).Format(time.RFC3339)} }
		give := func(to string) {
			desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{h.People[to].ID.String()}}, 200)
		}
		h.Clock.Advance(20 * time.Minute)
		give("meena")
		h.Clock.Advance(20 * time.Minute)
		give("ravi")
		h.Clock.Advance(20 * time.Minute)
		to := path("/v1/visits/%s/complete", visit)
		meena.Send("POST", to, at(10*time.Minute), 404) // it was ravi's
		meena.Send("POST", to, at(50*time.Minute), 404) // again
		meena.Send("POST", to, nil, 404)                // says no time
		meena.Send("POST", to, at(-100*time.Hour), 404) // before there was a visit
		h.As("ravi2").Send("POST", to, at(30*time.Minute), 404)
		if out := meena.Send("POST", to, at(30*time.Minute), 409); out["code"] != "claim_kept" {
			h.Errorf("in between it was meena's: %v", out["code"])
		}
		if kept := claimed(h, job); len(kept) != 1 {
			h.Errorf("kept %v", kept)
		}
	})
}
