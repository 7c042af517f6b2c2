package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestWhatCountsNeedsItsGuard: no end of a visit counts for its crew without having
// been there, near the window, and a completion says what was done and tested. Told at
// once it is refused in words; told later it is kept, and nothing moved.
func TestWhatCountsNeedsItsGuard(t *testing.T) {
	work := object{"work_done": "relay replaced", "tested": "4 degrees"}
	plus := func(a, b object) object {
		out := object{}
		for _, o := range []object{a, b} {
			for k, v := range o {
				out[k] = v
			}
		}
		return out
	}
	for _, tc := range []struct {
		name, action string
		arrived      bool
		body         object
		code         string // empty: it is taken
		at           string
	}{
		{"nothing", "complete", false, object{}, "guard_not_met", "/work_done"},
		{"no work", "complete", true, object{"tested": "4 degrees", "reason": "phone_broken"}, "guard_not_met", "/work_done"},
		{"blank work", "complete", true, object{"work_done": " ", "tested": "4 degrees"}, "guard_not_met", "/work_done"},
		{"no test", "complete", true, object{"work_done": "relay replaced"}, "guard_not_met", "/tested"},
		{"no arrival", "complete", false, work, "guard_not_met", "/reason"},
		{"no arrival, a reason without words", "complete", false, plus(work, object{"reason": "other"}), "unprocessable", "/note"},
		{"no arrival, a reason", "complete", false, plus(work, object{"reason": "phone_broken"}), "", ""},
		{"all of it", "complete", true, work, "", ""},
		{"not there", "partial", false, object{"findings": "relay"}, "guard_not_met", "/reason"},
		{"not there, a reason", "partial", false, object{"reason": "network_down"}, "", ""},
		{"there", "partial", true, object{}, "", ""},
		{"not there", "no-access", false, object{}, "guard_not_met", "/reason"},
	} {
		t.Run(tc.action+", "+tc.name, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("visit.assigned")
				h.MayIgnore("visit.claimed")
				desk, ravi := h.As("kiran"), h.As("ravi")
				_, job := h.Household(desk, nil)
				visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
				to := path("/v1/visits/%s/", visit) + tc.action
				full := plus(work, object{"reason": "phone_broken"})
				if tc.action == "no-access" {
					full = object{"reason": "phone_broken"}
				} else if tc.action == "partial" {
					delete(full, "tested")
				}
				if out := ravi.Send("POST", to, full, 409); out["code"] != "guard_not_met" { // three hours before
					h.Errorf("far from the window: %v", out["code"])
				}
				h.Clock.Advance(3 * time.Hour)
				if tc.arrived {
					ravi.Arrive(visit)
				}
				if tc.code == "" {
					out := ravi.Send("POST", to, tc.body, 200)
					if want := tc.body["reason"]; want != nil && out["end_reason"] != want || want == nil && out["end_reason"] != "" {
						h.Errorf("the reason is %v", out["end_reason"])
					}
					return
				}
				raw, res := ravi.Raw("POST", to, tc.body)
				out := harness.Parsed(h, raw)
				if res.StatusCode == 200 || out["code"] != tc.code || out["errors"].([]any)[0].(object)["pointer"] != tc.at {
					h.Errorf("%d %v", res.StatusCode, out)
				}
				did := h.Clock.Now()
				h.Clock.Advance(11 * time.Minute)
				late := plus(tc.body, object{"occurred_at": did.Format(time.RFC3339)})
				if tc.code != "unprocessable" {
					if out := ravi.Send("POST", to, late, 409); out["code"] != "claim_kept" || len(claimed(h, job)) != 1 {
						h.Errorf("told later: %v, kept %v", out, claimed(h, job))
					}
					h.As("meena").Send("POST", to, late, 404)
				}
				if got := desk.Job(job).Status; got == "resolved" || got == "closed" {
					h.Errorf("the job is %s", got)
				}
			})
		})
	}
}

// TestAVisitAMonthAheadEndsByNobody: neither as done nor as a closed door, also not as
// something told later.
func TestAVisitAMonthAheadEndsByNobody(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("sos.raised", "sos.unheard", "timer.desk", "timer.ping")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(30*24*time.Hour), "ravi")
		h.Clock.Advance(time.Hour)
		for _, action := range []string{"complete", "partial", "no-access"} {
			body := object{"reason": "network_down", "occurred_at": harness.Monday.Add(30 * time.Minute).Format(time.RFC3339)}
			if action == "complete" {
				body["work_done"], body["tested"] = "relay replaced", "cools"
			}
			if out := ravi.Send("POST", path("/v1/visits/%s/", visit)+action, body, 409); out["code"] != "guard_not_met" {
				h.Errorf("%s a month ahead: %v", action, out["code"])
			}
		}
		if got := desk.Visit(visit).Status; got != "scheduled" {
			h.Errorf("the visit is %s", got)
		}
		ravi.Send("POST", path("/v1/visits/%s/arrive", visit), nil, 409)
		h.Clock.Set(harness.Monday.Add(30*24*time.Hour - 3*time.Hour))
		ravi.Arrive(visit) // long before, which is no arrival when its window comes
		h.Clock.Set(harness.Monday.Add(30 * 24 * time.Hour))
		for _, action := range []string{"complete", "partial", "no-access"} {
			body := object{"work_done": "relay", "tested": "cools"}
			if action == "no-access" {
				body = object{}
			}
			out := ravi.Send("POST", path("/v1/visits/%s/", visit)+action, body, 409)
			if out["errors"].([]any)[0].(object)["pointer"] != "/reason" {
				h.Errorf("%s with an arrival hours before: %v", action, out)
			}
		}
	})
}

// TestAReasonOfOursStaysPayable and leaves the technician's figures.
func TestAReasonOfOursStaysPayable(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.no_access_desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, reason := range []string{"network_down", "gate_refused"} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			h.Clock.Advance(time.Hour)
			ravi.Arrive(visit)
			ravi.Send("POST", path("/v1/visits/%s/no-access", visit), object{"reason": reason}, 200)
			for _, r := range items(ravi.Send("GET", "/v1/technicians/"+ravi.ID.String()+"/payable?from=2027-03-01&to=2027-03-02", nil, 200)) {
				if r["visit_id"] == visit["id"] && (r["payable"] != true || r["counted"] != (reason == "gate_refused")) {
					h.Errorf("%s: %v", reason, r)
				}
			}
		}
	})
}
