package visits

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestNoAccessCountsWhereItsGuardIsMet: not long before anybody had to be there, and
// with a reason in place of what is missing against nobody, also once it was
// disputed and stands.
func TestNoAccessCountsWhereItsGuardIsMet(t *testing.T) {
	for name, tc := range map[string]struct {
		arrived, waited, called bool
		reason                  string
		want                    int
		against                 string
	}{
		"all of it":               {true, true, true, "", 200, "customer"},
		"all of it, with words":   {true, true, true, "other", 200, "customer"},
		"no arrival":              {false, true, true, "", 409, ""},
		"no arrival, a reason":    {false, true, true, "phone_broken", 200, "nobody"},
		"not waited":              {true, false, true, "", 409, ""},
		"not waited, a reason":    {true, false, true, "way_blocked", 200, "nobody"},
		"nobody called":           {true, true, false, "", 409, ""},
		"nobody called, a reason": {true, true, false, "network_down", 200, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("visit.assigned")
				h.MayIgnore("dispute.opened", "dispute.decided", "dispute.desk", "visit.no_access_desk")
				desk, ravi := h.As("kiran"), h.As("ravi")
				_, job := h.Household(desk, nil)
				visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
				to := path("/v1/visits/%s/no-access", visit)
				ravi.Send("POST", to, object{"reason": "gate_refused"}, 409) // three hours before its window
				ravi.Send("POST", to, object{"reason": "."}, 400)
				h.Clock.Advance(3 * time.Hour)
				if tc.arrived {
					ravi.Arrive(visit)
				}
				if tc.waited {
					h.Clock.Advance(10 * time.Minute)
				}
				if tc.called {
					for _, a := range []object{{"channel": "phone", "outcome": "no_answer", "ring_seconds": 40}, {"channel": "sms", "outcome": "sent"}} {
						ravi.Send("POST", path("/v1/visits/%s/attempts", visit), a, 201)
					}
				}
				out := ravi.Send("POST", to, object{"reason": tc.reason, "note": "the bell works"}, tc.want)
				if tc.want != 200 {
					if out["code"] != "guard_not_met" {
						h.Errorf("refused as %v", out["code"])
					}
					return
				}
				if out["counts_against"] != tc.against {
					h.Errorf("it counts against %v", out["counts_against"])
				}
				if page := h.CustomerPage(job).Read(); strings.Contains(page, "What our technician noted") != (tc.against == "nobody") {
					h.Errorf("the household reads %s", page)
				}
				d := desk.Send("POST", path("/v1/visits/%s/dispute", visit), object{"claim": "was_home",
					"contact": object{"channel": "phone", "outcome": "reached", "direction": "inbound"}}, 201)
				h.As("maya").Send("POST", "/v1/disputes/"+harness.String(d["id"])+"/decide", object{"decision": "uphold", "reasons": "the crew waited"},
					200)
				if v := desk.Visit(visit); string(v.CountsAgainst) != tc.against {
					h.Errorf("after a dispute that was turned down it counts against %s", v.CountsAgainst)
				}
			})
		})
	}
}
