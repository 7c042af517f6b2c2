package visits

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// paid is what a technician reads of the pay for a visit.
func paid(p *harness.Client, visit object) string {
	p.Harness.Helper()
	return paidTo(p, p, visit)
}

// paidTo is the row of a technician's visit as somebody reads it.
func paidTo(by, of *harness.Client, visit object) string {
	by.Harness.Helper()
	for _, r := range items(by.Send("GET", "/v1/technicians/"+of.ID.String()+"/payable?from=2027-03-01&to=2027-03-31&limit=200", nil, 200)) {
		if r["visit_id"] == visit["id"] {
			return fmt.Sprint(r["payable"], " ", r["why"])
		}
	}
	return "no row"
}

// TestNobodyIsPaidByTheirOwnWordAlone walks every end of a visit with every reason in place of an arrival: told before the
// window or after the visit was missed it ends nothing; inside the window the pay waits until somebody else has decided or the
// household was asked.
func TestNobodyIsPaidByTheirOwnWordAlone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.claimed", "visit.missed_desk", "claim.decided")
		h.MayIgnore("visit.no_access_desk", "queue.morning", "job.jeopardy", "visit.late", "silence.desk", "silence.owner", "silence.manager")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		n := 0
		booked := func() (object, time.Time) {
			_, job := h.Household(desk, nil)
			at := harness.Monday.Add(time.Duration(n/4)*24*time.Hour + time.Duration(n%4)*2*time.Hour)
			n++
			return h.Visit(desk, job, at, "ravi"), at
		}
		said := func(why domain.WhyNot, at time.Time) object {
			return object{"reason": why.Code, "note": "the bell works", "occurred_at": at.Format(time.RFC3339)}
		}
		for _, action := range []string{"no-access", "partial"} {
			for i, why := range domain.WhysNot {
				h.Clock.Set(harness.Monday.Add(-3 * time.Hour).Add(time.Duration((n+3)/4) * 24 * time.Hour))
				n = (n + 3) / 4 * 4
				visit, at := booked()
				to := path("/v1/visits/%s/", visit) + action
				h.Clock.Set(at.Add(-30 * time.Minute))
				if out := ravi.Send("POST", to, said(why, h.Clock.Now()), 409); out["code"] != "guard_not_met" {
					h.Errorf("%s, %s before the window: %v", action, why.Code, out)
				}
				h.Clock.Set(at.Add(5 * time.Minute))
				out := ravi.Send("POST", to, said(why, h.Clock.Now()), 200)
				if out["counts_against"] == "customer" || !strings.HasPrefix(paid(ravi, visit), "false waiting") {
					h.Errorf("%s, %s inside the window: against %v, paid %s", action, why.Code, out["counts_against"], paid(ravi, visit))
				}
				var claim object
				for _, c := range items(maya.Send("GET", "/v1/claims?status=open", nil, 200)) {
					if c["visit_id"] == visit["id"] {
						claim = c
					}
				}
				if claim == nil || claim["cause"] != "own_word" {
					h.Fatalf("%s, %s: nobody is asked: %v", action, why.Code, claim)
				}
				decide := path("/v1/claims/%s/decide", claim)
				ravi.Send("POST", decide, object{"decision": "take", "reasons": "I was there"}, 403)
				if action == "no-access" {
					desk.Send("POST", decide, object{"decision": "take", "reasons": "it was so"}, 403)
				}
				if i%2 == 0 {
					maya.Send("POST", decide, object{"decision": "take", "reasons": "the desk called him away"}, 200)
				} else {
					maya.Send("POST", decide, object{"decision": "decline", "reasons": "nobody called him away"}, 200)
				}
				against := fmt.Sprint(desk.Visit(visit).CountsAgainst)
				if got := paid(ravi, visit); strings.HasPrefix(got, "true") != (i%2 == 0) || action == "no-access" &&
					(against == "brand") != (i%2 == 1) {
					h.Errorf("%s, %s decided %d: paid %s, against %s", action, why.Code, i%2, got, against)
				}
				// Missed, a reason alone undoes nothing.
				visit, at = booked()
				h.Advance(at.Add(2*time.Hour + 16*time.Minute).Sub(h.Clock.Now()))
				to = path("/v1/visits/%s/", visit) + action
				if out := ravi.Send("POST", to, said(why, at.Add(time.Minute)), 409); out["code"] != "claim_kept" {
					h.Errorf("%s, %s of a missed visit: %v", action, why.Code, out)
				}
				if v := desk.Visit(visit); v.Status != "missed" || v.CountsAgainst != "brand" || !strings.HasPrefix(paid(ravi, visit), "false") {
					h.Errorf("%s, %s: the missed visit is %s against %s, paid %s", action, why.Code, v.Status, v.CountsAgainst, paid(ravi, visit))
				}
			}
		}
	})
}

// TestWhoDecidesAboutAnOwnWordIsTold: they are told once by the day that it is due, and it stands in the manager's list; then it
// climbs, and only a working day later the default stands, never against the household.
func TestWhoDecidesAboutAnOwnWordIsTold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.no_access_desk", "queue.morning")
		h.MayIgnore("silence.desk", "silence.owner", "silence.manager", "job.jeopardy", "visit.late", "digest")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		h.As("root").Send("PATCH", "/v1/users/"+maya.ID.String(), object{"deputy_id": h.People["noor"].ID}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("maya")))
		var visits [2]object
		for i, action := range []string{"partial", "no-access"} {
			_, job := h.Household(desk, nil)
			at := harness.Monday.Add(time.Duration(2+2*i) * time.Hour)
			visits[i] = h.Visit(desk, job, at, "ravi")
			h.Clock.Set(at.Add(5 * time.Minute))
			ravi.Send("POST", path("/v1/visits/%s/", visits[i])+action, object{"reason": "phone_broken", "note": "no power",
				"occurred_at": h.Clock.Now().Format(time.RFC3339)}, 200)
		}
		const waits, overdue = "Please decide today", "Nobody decided in time"
		told := func(when string, atDesk, manager, above int) {
			t.Helper()
			h.Told(waits, map[string]int{"kiran": atDesk, "asha": atDesk, "maya": manager, "noor": manager, "kiran2": 0, "maya2": 0})
			h.Told(overdue, map[string]int{"kiran": 0, "asha": 0, "maya": above, "noor": above, "maya2": 0})
			if t.Failed() {
				t.Fatal(when)
			}
		}
		h.Advance(harness.Kolkata(2, 8, 0).Add(time.Minute).Sub(h.Clock.Now())) // the list of the morning
		if got := fmt.Sprint(maya.Send("GET", "/v1/queue", nil, 200)); !strings.Contains(got, "stands on their word alone") {
			t.Errorf("the manager's list: %s", got)
		}
		if n := h.Pushes("maya", "1 decisions wait for you"); n != 1 {
			t.Errorf("the morning told of it %d times", n)
		}
		h.Advance(harness.Kolkata(2, 13, 59).Sub(h.Clock.Now()))
		told("before", 0, 0, 0)
		h.Advance(2 * time.Minute)
		told("due today", 1, 1, 0)
		h.Advance(harness.Kolkata(2, 18, 1).Sub(h.Clock.Now()))
		for _, v := range visits {
			if got := paid(ravi, v); !strings.HasPrefix(got, "false waiting") {
				t.Errorf("when it is due: %s", got)
			}
		}
		h.Advance(harness.Kolkata(3, 9, 1).Sub(h.Clock.Now())) // at the latest as their duty begins
		told("climbed", 1, 1, 2)
		h.Advance(harness.Kolkata(3, 18, 1).Sub(h.Clock.Now()))
		for _, v := range visits {
			if got, against := paid(ravi, v), desk.Visit(v).CountsAgainst; !strings.HasPrefix(got, "true") || against == "customer" {
				t.Errorf("by default: paid %s, against %v", got, against)
			}
		}
		told("for good", 1, 1, 2)
		h.MayIgnore("claim.waiting", "claim.overdue")
	})
}

// TestAMissedVisitIsNotStoppedAway: a stop is taken at any time, and after 72 h that the visit was missed stands; before that its pay waits
// for the report.
func TestAMissedVisitIsNotStoppedAway(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.missed_desk", "flag.triage", "hold.area", "aftercare.late", "hold.overdue")
		h.MayIgnore("queue.morning", "job.jeopardy", "silence.desk", "silence.owner", "silence.manager", "visit.late", "aftercare.due", "digest")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, after := range []time.Duration{80 * time.Hour, 2 * time.Hour} {
			_, job := h.Household(desk, nil)
			h.Clock.Set(harness.Monday.Add(map[bool]time.Duration{true: 0, false: 7 * 24 * time.Hour}[after > 72*time.Hour]))
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
			h.Advance(3*time.Hour + 20*time.Minute)
			h.Advance(after)
			stop := ravi.StopVisit(visit)
			v := desk.Visit(visit)
			if v.CountsAgainst != "brand" || string(v.Status) != map[bool]string{true: "missed", false: "stopped_unsafe"}[after > 72*time.Hour] ||
				!strings.HasPrefix(paid(ravi, visit), "false") {
				h.Errorf("stopped %v after it was missed: %s against %s, paid %s", after, v.Status, v.CountsAgainst, paid(ravi, visit))
			}
			if len(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)) != 1 {
				h.Error("the hold was not placed")
			}
			h.Decide("maya", stop.FlagID, "upheld")
			if got := paid(ravi, visit); strings.HasPrefix(got, "true") != (after < 72*time.Hour) {
				h.Errorf("decided: %s", got)
			}
		}
	})
}

// TestAJobStaysOpenWhileItsHouseholdIsAsked: neither time nor the desk closes it.
func TestAJobStaysOpenWhileItsHouseholdIsAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("check.late")
		desk, ravi, gita := h.As("kiran"), h.As("ravi"), h.As("gita")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(70 * time.Minute)
		ravi.Send("POST", path("/v1/visits/%s/complete", visit), object{"reason": "phone_broken", "work_done": "relay", "tested": "cold"}, 200)
		if got := paid(ravi, visit); !strings.HasPrefix(got, "false waiting") {
			h.Errorf("before the household was asked: %s", got)
		}
		h.Advance(25 * time.Hour)
		h.Advance(60 * time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		if got := desk.Job(job); got.Status != "resolved" {
			h.Fatalf("while its household is asked the job is %s", got.Status)
		}
		check := items(gita.Send("GET", "/v1/completion-checks", nil, 200))[0]
		gita.Send("POST", path("/v1/completion-checks/%s/answer", check), object{"result": "confirmed",
			"contact": object{"direction": "outbound", "channel": "phone", "outcome": "reached"}}, 200)
		h.Advance(25 * time.Hour)
		if got, pay := desk.Job(job), paid(ravi, visit); got.Status != "closed" || !strings.HasPrefix(pay, "true") {
			h.Errorf("answered, the job is %s, paid %s", got.Status, pay)
		}
	})
}

// TestACheckThatNobodyAnswersEnds: asked in vain for three days, the household has confirmed nothing and loses nothing; the job
// closes, its pay says so, and the household may reopen it.
func TestACheckThatNobodyAnswersEnds(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "job.reopened")
		desk, ravi, gita := h.As("kiran"), h.As("ravi"), h.As("gita")
		var jobs, visits [2]object
		for i := range jobs {
			_, jobs[i] = h.Household(desk, nil)
			visits[i] = h.Visit(desk, jobs[i], harness.Monday.Add(time.Duration(1+2*i)*time.Hour), "ravi")
			h.Clock.Set(harness.Monday.Add(time.Duration(1+2*i)*time.Hour + 10*time.Minute))
			ravi.Send("POST", path("/v1/visits/%s/complete", visits[i]), object{"reason": "phone_broken", "work_done": "relay", "tested": "cold"},
				200)
		}
		pages := [2]*harness.CustomerPage{h.CustomerPage(jobs[0]), h.CustomerPage(jobs[1])}
		h.Advance(30 * time.Hour)
		pages[1].Submit("reopen", 303) // nor does a job that is open again wait for ever
		h.Advance(60 * time.Hour)
		for i := range visits {
			if got := paid(ravi, visits[i]); !strings.HasPrefix(got, "false waiting") {
				h.Errorf("asked: %s", got)
			}
		}
		h.Advance(13 * time.Hour)
		checks := items(gita.Send("GET", "/v1/completion-checks?status=not_answered", nil, 200))
		if len(checks) != 2 || harness.Offers(checks[0], "answer") {
			h.Fatalf("in vain: %v", checks)
		}
		gita.Send("POST", path("/v1/completion-checks/%s/answer", checks[0]), object{"result": "not_reached"}, 409)
		for i := range visits {
			if got := paid(ravi, visits[i]); got != "true not confirmed: the household was asked whether it is done and did not answer" {
				h.Errorf("asked in vain: %s", got)
			}
			if v := desk.Visit(visits[i]); !v.DoneConfirmedAt.IsZero() {
				h.Errorf("confirmed by nobody: %v", v.DoneConfirmedAt)
			}
			if n := strings.Count(strings.Join(h.EntryKinds(jobs[i]), " "), "visit.not_answered"); n != 1 {
				h.Errorf("the timeline says it %d times", n)
			}
		}
		h.Advance(25 * time.Hour)
		if got := []string{string(desk.Job(jobs[0]).Status), string(desk.Job(jobs[1]).Status)}; got[0] != "closed" || got[1] != "open" {
			h.Errorf("the jobs are %v", got)
		}
		if ended := fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/timeline", jobs[0]), nil, 200)); !strings.Contains(ended,
			"the household did not answer") {
			h.Errorf("closed without saying that nobody answered: %s", ended)
		}
		pages[0].Submit("reopen", 303)
		if got := desk.Job(jobs[0]); got.Status != "open" {
			h.Errorf("reopened it is %s", got.Status)
		}
	})
}

// TestADoorIsProvenByThePlaceAlone: neither a call that its maker tells of nor an arrival said to have been earlier proves
// that somebody stood at a closed door, and by such an arrival nothing counts against a household.
func TestADoorIsProvenByThePlaceAlone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.no_access_desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for i, tc := range []struct {
			backdated, atDoor bool
			against           string
		}{{true, false, "nobody"}, {true, true, "nobody"}, {false, false, "customer"}, {false, true, "customer"}} {
			_, job := h.Household(desk, nil)
			at := harness.Monday.Add(time.Duration(i)*2*time.Hour + 2*time.Hour)
			visit := h.Visit(desk, job, at, "ravi")
			if tc.backdated {
				h.Clock.Set(at.Add(25 * time.Minute))
				ravi.Arrive(visit, bodies.Move{OccurredAt: at.Format(time.RFC3339)})
			} else {
				h.Clock.Set(at)
				ravi.Arrive(visit)
				h.Clock.Set(at.Add(25 * time.Minute))
			}
			to := path("/v1/visits/%s/attempts", visit)
			ravi.Send("POST", to, h.CallRecord(job, bodies.AttemptCreate{Outcome: "no_answer", RingSeconds: 30}), 201)
			ravi.Send("POST", to, object{"channel": "sms", "outcome": "sent"}, 201)
			if tc.atDoor {
				ravi.Send("POST", to, h.AtTheDoor(job), 201)
			}
			if out := ravi.Send("POST", path("/v1/visits/%s/no-access", visit), nil, 200); out["counts_against"] != tc.against {
				h.Errorf("%+v counts against %v", tc, out["counts_against"])
			}
			if got := paid(ravi, visit); strings.Contains(got, "proven") != tc.atDoor {
				h.Errorf("%+v: paid %s", tc, got)
			}
		}
	})
}

// TestAStopBeforeAnybodySetOutIsNoPayYet: a stop is taken at any time, and the home is held. Weeks ahead of the window, or on the day
// before anybody set out, it pays nothing before somebody has decided the report, whichever way, or a claim that they had set out, and
// nothing once that is taken back; from the way or the door it is paid at once.
func TestAStopBeforeAnybodySetOutIsNoPayYet(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "flag.triage", "hold.area")
		h.MayIgnore("flag.next_person", "aftercare.offer", "aftercare.due", "flag.decided", "visit.offered", "queue.morning", "flag.late",
			"flag.withdrawn", "aftercare.check",
			"visit.claimed", "claim.decided", "flag.outcome", "hold.late", "silence.desk", "hold.due", "flag.pressure", "visit.stopped_crew")
		desk, ravi := h.As("kiran"), h.As("ravi")
		stop := func(ahead time.Duration, pay string, first ...func(object)) (object, any) {
			h.Helper()
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(ahead), "ravi")
			for _, do := range first {
				do(visit)
			}
			out := ravi.StopVisit(visit)
			if got := paid(ravi, visit); !strings.HasPrefix(got, pay) || got != paidTo(h.As("asha"), ravi, visit) {
				h.Errorf("stopped %v ahead: paid %s, the centre reads %s", ahead, got, paidTo(h.As("asha"), ravi, visit))
			}
			return visit, out.FlagID
		}
		h.Clock.Advance(time.Minute)
		stop(time.Hour, "true ", func(v object) { ravi.EnRoute(v) })
		stop(2*time.Hour+10*time.Minute, "true ", func(v object) { ravi.Arrive(v) })
		atHome, report := stop(3*time.Hour+20*time.Minute, "false waiting")
		for _, kind := range []string{"wrong_word", "animal", "threat"} { // whatever it was, and the home is held at once
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(4*time.Hour+30*time.Minute), "ravi")
			ravi.StopVisit(visit, bodies.Stop{Kind: kind})
			if got := paid(ravi, visit); !strings.HasPrefix(got, "false waiting") || got != paidTo(h.As("asha"), ravi, visit) {
				h.Errorf("stopped at home (%s): paid %s, the centre reads %s", kind, got, paidTo(h.As("asha"), ravi, visit))
			}
			if v := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); len(v["holds"].([]any)) != 1 {
				h.Errorf("stopped at home (%s): no hold", kind)
			}
		}
		h.Decide("maya", report, "unclear")
		if got := paid(ravi, atHome); !strings.HasPrefix(got, "true ") {
			h.Errorf("once it was decided: %s", got)
		}
		stop(10*24*time.Hour, "false waiting")
		decided, report := stop(11*24*time.Hour, "false waiting")
		h.Decide("maya", report, "not_upheld")
		if got := paid(ravi, decided); !strings.HasPrefix(got, "true ") {
			h.Errorf("once it was decided: %s", got)
		}
		back, report := stop(12*24*time.Hour, "false waiting")
		ravi.MoveFlag(report, "withdraw", object{"pressure": false}, 200)
		if got := paid(ravi, back); !strings.HasPrefix(got, "false waiting") {
			h.Errorf("taken back: %s", got)
		}
	})
}
