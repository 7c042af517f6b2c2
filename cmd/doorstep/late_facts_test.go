package main

import (
	"testing"
	"time"
)

// verdictOnBoth demands that what is kept of the verdict is what a fresh
// computation from all facts says.
func (h *Harness) verdictOnBoth(job Object, want string) Object {
	h.Helper()
	desk := h.As("kiran")
	kept := desk.Send("GET", Path("/v1/jobs/%s", job), nil, 200)
	fresh := desk.Verdict(job)
	if fresh["verdict"] != want || kept["reachability"] != want {
		h.Errorf("kept %v, fresh %v (%v), want %s", kept["reachability"], fresh["verdict"], fresh["explanation"], want)
	}
	standing := 0
	for _, x := range kept["holds"].([]any) {
		if x.(Object)["kind"] == "unreachable" {
			standing++
		}
	}
	if (want == "unreachable") != (standing == 1) {
		h.Errorf("%s with %d holds for it", want, standing)
	}
	return fresh
}

// silentBeforeAVisit is a household that confirmed a visit on Wednesday 17:00
// to 19:00 and then went silent: the last notice runs out on Wednesday 16:00.
func silentBeforeAVisit(h *Harness) (job, visit Object) {
	desk, asha := h.As("kiran"), h.As("asha")
	_, job = h.Household(desk, nil)
	visit = h.Visit(desk, job, Monday.Add(56*time.Hour), "ravi")
	desk.Send("POST", Path("/v1/visits/%s/confirm", visit), Object{"contact": Object{"channel": "phone", "outcome": "reached"}}, 200)
	h.Clock.Advance(time.Hour)
	desk.Attempt(job, "phone", "no_answer", Object{"ring_seconds": 30, "grade": "recorded"}) // Mon 10:00
	h.Clock.Advance(3 * time.Hour)
	asha.Attempt(job, "sms", "delivered", nil) // 13:00
	h.Clock.Advance(27 * time.Hour)
	desk.Attempt(job, "phone", "switched_off", nil) // Tue 16:00
	desk.Attempt(job, "sms", "sent", Object{"last_notice": true})
	h.verdictOnBoth(job, "last_notice")
	h.Advance(25 * time.Hour) // Wed 17:00
	h.verdictOnBoth(job, "last_notice")
	h.Advance(4 * time.Hour) // 21:00
	if got := desk.Send("GET", Path("/v1/visits/%s", visit), nil, 200); got["status"] != "missed" {
		h.Fatalf("the visit is %v", got["status"])
	}
	h.verdictOnBoth(job, "unreachable")
	return job, visit
}

// TestLateArrivalOverturnsMissedAndTheVerdictIsComputedAfresh: an offline
// phone proves that the crew was there; missed is withdrawn, and whether and
// since when the household is unreachable follows from all facts anew.
func TestLateArrivalOverturnsMissedAndTheVerdictIsComputedAfresh(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("job.notice_ready", "job.unreachable", "job.unreachable_withdrawn", "timer.ping", "visit.assigned", "visit.confirmed",
			"visit.missed_desk", "visit.no_access_desk")
		job, visit := silentBeforeAVisit(h)
		ravi := h.As("ravi")
		due := h.verdictOnBoth(job, "unreachable")["unreachable_since"]
		inbox := func() (n int) {
			for _, x := range h.As("asha").Send("GET", "/v1/inbox", nil, 200)["items"].([]any) {
				if x.(Object)["kind"] == "job.unreachable" {
					n++
				}
			}
			return n
		}
		if inbox() != 1 {
			t.Errorf("the proprietor has %d notices", inbox())
		}
		// While somebody is at the door, the confirmed visit is not over.
		out := ravi.Send("POST", Path("/v1/visits/%s/arrive", visit), Object{"occurred_at": Monday.Add(57 * time.Hour).Format(time.RFC3339)}, 200)
		if out["status"] != "arrived" || out["counts_against"] != "nobody" {
			t.Fatalf("after the late fact the visit is %v, against %v", out["status"], out["counts_against"])
		}
		h.Settle()
		h.verdictOnBoth(job, "last_notice")
		if inbox() != 0 {
			t.Error("the notice of the overturned verdict is still in the inbox")
		}
		// Nobody opened: unreachable since the same instant, not since now.
		ravi.Send("POST", Path("/v1/visits/%s/no-access", visit), Object{"reason": "no signal in the lane",
			"occurred_at": Monday.Add(57*time.Hour + 20*time.Minute).Format(time.RFC3339)}, 200)
		h.Settle()
		v := h.verdictOnBoth(job, "unreachable")
		if v["unreachable_since"] != due {
			t.Errorf("unreachable since %v, want %v", v["unreachable_since"], due)
		}
		hold := h.As("kiran").Send("GET", Path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)[0].(Object)
		if hold["since"] != due {
			t.Errorf("the hold stands since %v, want %v", hold["since"], due)
		}
	})
}

// TestLateCompletionIsContact: who let the crew in is not unreachable.
func TestLateCompletionIsContact(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("job.notice_ready", "job.reached", "job.unreachable", "visit.assigned", "visit.confirmed", "visit.missed_desk")
		job, visit := silentBeforeAVisit(h)
		out := h.As("ravi").Send("POST", Path("/v1/visits/%s/complete", visit), Object{"occurred_at": Monday.Add(57 * time.Hour).
			Format(time.RFC3339), "work_done": "fixed offline"}, 200)
		if out["status"] != "completed" {
			t.Fatalf("the visit is %v", out["status"])
		}
		v := h.verdictOnBoth(job, "reached")
		if n := len(v["does_not_count"].([]any)); n != 5 {
			t.Errorf("%d attempts are explained, want the 5 that were made", n)
		}
		if got := h.As("kiran").Send("GET", Path("/v1/jobs/%s", job), nil, 200); got["status"] != "resolved" ||
			got["last_contact_at"] != Monday.Add(57*time.Hour).Format(time.RFC3339) {
			t.Errorf("the job is %v, last contact %v", got["status"], got["last_contact_at"])
		}
	})
}

// TestACancelledConfirmedVisitDelaysNoVerdict: when the confirmed visit that
// kept the household from being unreachable is gone, the verdict falls at
// once and not at the end of its window.
func TestACancelledConfirmedVisitDelaysNoVerdict(t *testing.T) {
	OnEachEngine(t, func(h *Harness) {
		h.Ignores("job.notice_ready", "job.unreachable", "visit.assigned", "visit.cancelled", "visit.confirmed")
		desk, asha := h.As("kiran"), h.As("asha")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, Monday.Add(74*time.Hour), "ravi") // Thu 11:00
		desk.Send("POST", Path("/v1/visits/%s/confirm", visit), Object{"contact": Object{"channel": "phone", "outcome": "reached"}}, 200)
		h.Clock.Advance(time.Hour)
		desk.Attempt(job, "phone", "no_answer", Object{"ring_seconds": 30, "grade": "recorded"})
		h.Clock.Advance(3 * time.Hour)
		asha.Attempt(job, "sms", "delivered", nil)
		h.Clock.Advance(27 * time.Hour)
		desk.Attempt(job, "phone", "switched_off", nil)
		desk.Attempt(job, "sms", "sent", Object{"last_notice": true})
		h.Advance(25 * time.Hour)
		h.verdictOnBoth(job, "last_notice")
		desk.Send("POST", Path("/v1/visits/%s/cancel", visit), Object{"reason": "no parts"}, 200)
		h.Settle()
		h.verdictOnBoth(job, "unreachable")
	})
}
