package visits

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// lateEnd has ravi tell of an end of a visit only after it was missed, so that it is
// kept, and gives the claim.
func lateEnd(h *harness.Harness, visit object, action string, header ...string) object {
	h.Helper()
	body := object{"occurred_at": h.Clock.Now().Add(-30 * time.Minute).Format(time.RFC3339)}
	if action == "complete" {
		body["work_done"] = "relay replaced"
	}
	out := h.As("ravi").Send("POST", path("/v1/visits/%s/", visit)+action, body, 409, header...)
	if out["code"] != "claim_kept" {
		h.Fatalf("%s: %v", action, out)
	}
	return object{"id": out["claim_id"]}
}

func claimOf(p *harness.Client, id any) object {
	p.Harness.Helper()
	for _, c := range items(p.Send("GET", "/v1/claims", nil, 200)) {
		if c["id"] == id {
			return c
		}
	}
	return nil
}

// TestClaimsAreDecidedBySomebodyElse: never by their maker, a closed door outside the
// centre; taking meets the guard or names a witness; the pay waits meanwhile.
func TestClaimsAreDecidedBySomebodyElse(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled", "visit.claimed")
		h.MayIgnore("visit.no_access_desk", "visit.missed_desk")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		start := func() (job, visit object) {
			_, job = h.Household(desk, nil)
			visit = h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			h.Clock.Advance(100 * time.Minute)
			return job, visit
		}
		why := func(visit object) string {
			for _, r := range items(ravi.Send("GET", "/v1/technicians/"+ravi.ID.String()+"/payable?from=2027-03-01&to=2027-03-01", nil, 200)) {
				if r["visit_id"] == visit["id"] {
					return fmt.Sprint(r["payable"], " ", r["why"])
				}
			}
			return "no row"
		}
		yes := func(witness string) object {
			return object{"decision": "take", "reasons": "the neighbour confirms it", "witness": witness}
		}
		job, visit := start()
		at := path("/v1/claims/%s/decide", lateEnd(h, visit, "complete"))
		open := claimOf(ravi, strings.Split(at, "/")[3])
		if open["status"] != "open" || open["cause"] != "guard_not_met" || open["default"] == "" || open["due_at"] == nil ||
			len(open["actions"].([]any)) != 0 {
			h.Errorf("its maker reads %v", open)
		}
		if due := open["due_at"].(string); due != "2027-03-02T12:30:00Z" {
			h.Errorf("due %s, not the end of the next working day", due)
		}
		if got := why(visit); !strings.HasPrefix(got, "false waiting") {
			h.Errorf("meanwhile the pay says %q", got)
		}
		ravi.Send("POST", at, yes("me"), 403)
		h.As("asha2").Send("POST", at, yes("me"), 404)
		if out := desk.Send("POST", at, yes(""), 409); out["code"] != "guard_not_met" {
			h.Errorf("without a witness: %v", out)
		}
		desk.Send("POST", at, object{"decision": "take", "reasons": " "}, 422)
		desk.Send("POST", at, yes("."), 400)
		for _, nobody := range []string{"a neighbour", "Ravi Surname"} {
			desk.Send("POST", at, yes(nobody), 422)
		}
		out := desk.Send("POST", at, yes("Mrs Kapoor"), 200)
		if out["status"] != "taken" || out["moved"] != true || out["witness"] != "Mrs Kapoor" {
			h.Errorf("taken: %v", out)
		}
		h.Expect("ravi", "Decided: what you told later")
		if v := desk.Visit(visit); v.Status != "completed" || desk.Job(job).Status != "resolved" {
			h.Errorf("the visit is %s, the job %s", v.Status, desk.Job(job).Status)
		}
		desk.Send("POST", at, yes("Mrs Kapoor"), 409)
		// A closed door is not the centre's to decide, and never counts by a witness alone.
		_, visit = start()
		at = path("/v1/claims/%s/decide", lateEnd(h, visit, "no-access"))
		for _, login := range []string{"kiran", "asha"} {
			h.As(login).Send("POST", at, yes("the guard"), 403)
		}
		maya.Send("POST", at, yes("mrs kapoor"), 200)
		h.Expect("ravi", "Decided: what you told later")
		if v := desk.Visit(visit); v.Status != "no_access" || v.CountsAgainst != "nobody" {
			h.Errorf("the visit is %s against %s", v.Status, v.CountsAgainst)
		}
		// What cannot be moved any more stands as a fact, and is paid.
		_, visit = start()
		desk.Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "not needed"}, 200)
		h.Clock.Advance(time.Minute)
		at = path("/v1/claims/%s/decide", lateEnd(h, visit, "partial"))
		desk.Send("POST", at, yes(""), 409)
		if out := desk.Send("POST", at, yes("Mrs Kapoor"), 200); out["moved"] != false {
			h.Errorf("a cancelled visit was moved: %v", out)
		}
		h.Expect("ravi", "Decided: what you told later")
		if got := why(visit); !strings.HasPrefix(got, "true") {
			h.Errorf("of what was taken the pay says %q", got)
		}
		// Told again with all that was missing: nothing is left to decide.
		_, visit = start()
		kept := lateEnd(h, visit, "complete")
		ravi.CompleteVisit(visit)
		if c := claimOf(desk, kept["id"]); c["status"] != "settled" {
			h.Errorf("after it was done all the same: %v", c)
		}
	})
}

// TestNobodyDecidesAClaim: it is declined at the end of the next working day, and
// nothing counts against the household.
func TestNobodyDecidesAClaim(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("queue.morning", "visit.assigned", "visit.claimed", "visit.missed_desk")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
		h.Clock.Advance(100 * time.Minute)
		kept := lateEnd(h, visit, "no-access")
		h.Advance(40 * time.Hour)
		h.Expect("ravi", "Decided: what you told later")
		c := claimOf(desk, kept["id"])
		if c["status"] != "declined" || c["by_default"] != true || c["reasons"] == "" {
			h.Errorf("nobody decided: %v", c)
		}
		if v := desk.Visit(visit); v.CountsAgainst == "customer" {
			h.Errorf("it counts against %s", v.CountsAgainst)
		}
	})
}

// TestOneCauseIsOneDecision: what one phone told with its clock off waits as one item,
// and is decided by one call.
func TestOneCauseIsOneDecision(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.claimed")
		h.MayIgnore("visit.missed_desk")
		desk, maya := h.As("kiran"), h.As("maya")
		var visits []object
		for range 3 {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			visits = append(visits, visit)
			h.Clock.Advance(100 * time.Minute)
			sent := h.Clock.Now().Add(-3 * 24 * time.Hour)
			out := h.As("ravi").Send("POST", path("/v1/visits/%s/complete", visit), object{"work_done": "relay replaced",
				"occurred_at": sent.Add(-30 * time.Minute).Format(time.RFC3339)}, 409, "Doorstep-Sent-At", sent.Format(time.RFC3339))
			if out["code"] != "claim_kept" {
				h.Fatalf("kept: %v", out)
			}
		}
		it := harness.Queue(maya)["claim"]
		if it == nil || !strings.HasSuffix(it["title"].(string), ", 3 claims: phone clock 3 days off") || it["default"] == "" {
			h.Fatalf("the queue has %v", it)
		}
		maya.MoveQueued(it, 0, object{"decision": "take", "reasons": "his phone was wrong", "witness": "Mrs Kapoor", "alike": true}, 200)
		h.Expect("ravi", "Decided: what you told later")
		for _, v := range visits {
			if got := desk.Visit(v).Status; got != "completed" {
				h.Errorf("a visit is %s", got)
			}
		}
		if harness.Queue(maya)["claim"] != nil {
			h.Error("the queue still has claims")
		}
	})
}
