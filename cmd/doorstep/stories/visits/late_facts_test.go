package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// verdictOnBoth demands that what is kept of the verdict is what a fresh
// computation from all facts says.
func verdictOnBoth(h *harness.Harness, job object, want string) object {
	h.Helper()
	desk := h.As("kiran")
	kept := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
	fresh := desk.Verdict(job)
	if fresh["verdict"] != want || kept["reachability"] != want {
		h.Errorf("kept %v, fresh %v (%v), want %s", kept["reachability"], fresh["verdict"], fresh["explanation"], want)
	}
	standing := 0
	for _, x := range kept["holds"].([]any) {
		if x.(object)["kind"] == "unreachable" {
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
func silentBeforeAVisit(h *harness.Harness) (job, visit object) {
	desk, asha := h.As("kiran"), h.As("asha")
	_, job = h.Household(desk, nil)
	visit = h.Visit(desk, job, harness.Monday.Add(56*time.Hour), "ravi")
	desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
	h.Clock.Advance(time.Hour)
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"}) // Mon 10:00
	h.Clock.Advance(3 * time.Hour)
	asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"}) // 13:00
	h.Clock.Advance(27 * time.Hour)
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"}) // Tue 16:00
	desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
	verdictOnBoth(h, job, "last_notice")
	h.Advance(25 * time.Hour) // Wed 17:00
	verdictOnBoth(h, job, "last_notice")
	h.Advance(4 * time.Hour) // 21:00
	if got := desk.Visit(visit); got.Status != "missed" {
		h.Fatalf("the visit is %v", got.Status)
	}
	verdictOnBoth(h, job, "unreachable")
	return job, visit
}

// TestLateArrivalOverturnsMissedAndTheVerdictIsComputedAfresh: an offline
// phone proves that the crew was there; missed is withdrawn, and whether and
// since when the household is unreachable follows from all facts anew.
func TestLateArrivalOverturnsMissedAndTheVerdictIsComputedAfresh(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.unreachable", "job.unreachable_withdrawn", "timer.ping", "visit.assigned", "visit.confirmed",
			"visit.missed_desk", "visit.no_access_desk")
		job, visit := silentBeforeAVisit(h)
		ravi := h.As("ravi")
		due := verdictOnBoth(h, job, "unreachable")["unreachable_since"]
		inbox := func() (n int) {
			for _, x := range h.As("asha").Send("GET", "/v1/inbox", nil, 200)["items"].([]any) {
				if x.(object)["kind"] == "job.unreachable" {
					n++
				}
			}
			return n
		}
		if inbox() != 1 {
			t.Errorf("the proprietor has %d notices", inbox())
		}
		// While somebody is at the door, the confirmed visit is not over.
		out := ravi.Arrive(visit, bodies.Move{OccurredAt: harness.Monday.Add(57 * time.Hour).
			Format(time.RFC3339)})
		if out.Status != "arrived" || out.CountsAgainst != "nobody" {
			t.Fatalf("after the late fact the visit is %v, against %v", out.Status, out.CountsAgainst)
		}
		h.Settle()
		verdictOnBoth(h, job, "last_notice")
		if inbox() != 0 {
			t.Error("the notice of the overturned verdict is still in the inbox")
		}
		// Nobody opened: unreachable since the same instant, not since now.
		ravi.Send("POST", path("/v1/visits/%s/no-access", visit), object{"reason": "network_down",
			"occurred_at": harness.Monday.Add(57*time.Hour + 20*time.Minute).Format(time.RFC3339)}, 200)
		h.Settle()
		v := verdictOnBoth(h, job, "unreachable")
		if v["unreachable_since"] != due {
			t.Errorf("unreachable since %v, want %v", v["unreachable_since"], due)
		}
		hold := h.As("kiran").Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)[0].(object)
		if hold["since"] != due {
			t.Errorf("the hold stands since %v, want %v", hold["since"], due)
		}
	})
}

// TestLateCompletionIsContact: who let the crew in is not unreachable.
func TestLateCompletionIsContact(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.reached", "job.unreachable", "visit.assigned", "visit.confirmed", "visit.missed_desk")
		job, visit := silentBeforeAVisit(h)
		out := h.As("ravi").CompleteVisit(visit, bodies.Finish{OccurredAt: harness.Monday.Add(57 * time.Hour).
			Format(time.RFC3339), WorkDone: "fixed offline"})
		if out.Status != "completed" {
			t.Fatalf("the visit is %v", out.Status)
		}
		v := verdictOnBoth(h, job, "reached")
		if n := len(v["does_not_count"].([]any)); n != 5 {
			t.Errorf("%d attempts are explained, want the 5 that were made", n)
		}
		if got := h.As("kiran").Send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "resolved" ||
			got["last_contact_at"] != harness.Monday.Add(57*time.Hour).Format(time.RFC3339) {
			t.Errorf("the job is %v, last contact %v", got["status"], got["last_contact_at"])
		}
	})
}

// TestACancelledConfirmedVisitDelaysNoVerdict: when the confirmed visit that
// kept the household from being unreachable is gone, the verdict falls at
// once and not at the end of its window.
func TestACancelledConfirmedVisitDelaysNoVerdict(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.unreachable", "visit.assigned", "visit.cancelled", "visit.confirmed")
		desk, asha := h.As("kiran"), h.As("asha")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(74*time.Hour), "ravi") // Thu 11:00
		desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
		h.Clock.Advance(time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"})
		h.Clock.Advance(3 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		h.Clock.Advance(27 * time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
		h.Advance(25 * time.Hour)
		verdictOnBoth(h, job, "last_notice")
		desk.CancelVisit(visit, bodies.CancelVisit{Reason: "no parts"})
		h.Settle()
		verdictOnBoth(h, job, "unreachable")
	})
}
