package safety

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/repo"
)

// lockedJob holds a job as somebody does whose transaction does not come to an end,
// until release is closed; done gives how it ended.
func lockedJob(h *harness.Harness, job object, release <-chan struct{}) (done <-chan error) {
	held, ended := make(chan struct{}), make(chan error, 1)
	var once sync.Once // a transaction may run again
	id := uuid.MustParse(harness.String(job["id"]))
	go func() {
		ended <- h.DB.InTx(context.Background(), func(tx domain.Tx) error {
			_, err := tx.LockJob(id)
			if err == nil { // something is written: before that SQLite's writer is free
				err = tx.DeleteReceivedStop(id)
			}
			if err == nil {
				_, err = tx.Job(id)
			}
			once.Do(func() { close(held) })
			<-release
			return err
		})
	}()
	<-held
	return ended
}

// stuck is a visit under way whose job somebody may hold. Meanwhile a stop waits for
// a tenth of what it does else; on SQLite the writer is let go after five times that,
// on PostgreSQL once the stop was answered. With nobody in its way it is never given
// up, however slow the machine.
func stuck(h *harness.Harness) (job, visit object, whileHeld func(do func())) {
	desk := h.As("kiran")
	_, job = h.Household(desk, nil)
	visit = h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
	h.Expect("ravi", "New visit")
	h.Expect("meena", "New visit")
	h.Clock.Advance(time.Hour)
	h.As("ravi").Arrive(visit)
	wait := &h.Server.Service.Safety.StopWait
	*wait = time.Minute
	return job, visit, func(do func()) {
		*wait = domain.StopWait / 10
		defer func() { *wait = time.Minute }()
		release := make(chan struct{})
		done := lockedJob(h, job, release)
		if h.DB.Kind() == repo.SQLite { // which has one writer
			time.AfterFunc(domain.StopWait/2, func() { close(release) })
			do()
		} else {
			do()
			close(release)
		}
		h.Must(<-done)
	}
}

// TestAStopIsReceivedWhileTheJobIsHeld: it is answered, shown and held at once, and
// what follows is done as soon as the job is free.
func TestAStopIsReceivedWhileTheJobIsHeld(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("job.nobody_left") // both of the crew are kept apart
		job, visit, whileHeld := stuck(h)
		ravi, desk := h.As("ravi"), h.As("kiran")
		var report string
		whileHeld(func() {
			before := time.Now()
			out := ravi.StopVisit(visit, bodies.Stop{Kind: "threat", Level: 3, Note: "canary words"})
			if took := time.Since(before); took > harness.Slowness*domain.StopWait {
				h.Errorf("the stop took %v", took)
			}
			report = out.FlagID
			again := ravi.StopVisit(visit, bodies.Stop{Note: "the dog too"})
			if again.FlagID != report {
				h.Errorf("the second tap is another report: %v", again.FlagID)
			}
			for _, v := range []bodies.Visit{desk.Visit(visit), ravi.Visit(visit)} {
				if v.Status != "stopped_unsafe" {
					h.Errorf("it is shown as %v", v.Status)
				}
			}
			if holds := desk.Job(job).Holds; len(holds) != 1 || holds[0].Kind != "safety" {
				h.Errorf("holds: %v", holds)
			}
		})
		// Nobody gets in between, though nothing was carried out yet.
		if out := h.As("meena").Send("POST", path("/v1/visits/%s/complete", visit), object{"findings": "f", "work_done": "as asked",
			"tested": "ok"},
			409); out["code"] != "wrong_state" {
			h.Errorf("completed meanwhile: %v", out)
		}
		h.Settle()
		h.Expect("asha", "Area hold")
		h.Expect("maya", harness.TitleLiveReport)
		h.Expect("noor", harness.TitleLiveReport)
		if v := desk.Visit(visit); v.Status != "stopped_unsafe" {
			h.Errorf("then it is %v", v.Status)
		}
		if holds := desk.Job(job).Holds; len(holds) != 1 || holds[0].ID != report {
			h.Errorf("then the holds are %v", holds)
		}
		flag := h.As("maya").Send("GET", "/v1/flags/"+report, nil, 200)
		if flag["kind"] != "threat" || flag["note"] != "canary words\nthe dog too" || flag["level"] != 3.0 {
			h.Errorf("the report: %v", flag)
		}
		stops := 0
		for _, f := range desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any) {
			if f.(object)["kind"] == "visit.stopped" {
				stops++
			}
		}
		if left := h.Column("SELECT id FROM received_stops"); stops != 1 || len(left) != 0 {
			h.Errorf("stopped %d times, %d are left", stops, len(left))
		}
		h.ReleaseHold(h.As("maya"), job, "two_people")
		h.Expect("asha", "Hold released")
		h.Expect("kiran", "Hold released")
	})
}

// TestAReceivedStopIsCarriedOutByWhoComesNext: the next who opens the case needs no
// clock for it.
func TestAReceivedStopIsCarriedOutByWhoComesNext(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("flag.triage", "hold.area", "visit.cancelled")
		job, visit, whileHeld := stuck(h)
		whileHeld(func() { h.As("ravi").StopVisit(visit) })
		desk := h.As("kiran")
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"direction": "inbound", "channel": "phone", "outcome": "reached"}, 201)
		if left := h.Column("SELECT id FROM received_stops"); len(left) != 0 {
			h.Errorf("%d are left", len(left))
		}
		if got := h.Column("SELECT status FROM visits"); len(got) != 1 || got[0] != "stopped_unsafe" {
			h.Errorf("visits: %v", got)
		}
		h.Settle()
	})
}

// TestAStopAfterAReleaseIsAReportOfItsOwn: the report of an earlier stop is still
// without words, and its hold was released.
func TestAStopAfterAReleaseIsAReportOfItsOwn(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("job.nobody_left") // both of the crew are kept apart
		h.Ignores("flag.triage", "hold.area", "hold.released")
		h.MayIgnore("visit.read_plan")
		job, visit, whileHeld := stuck(h)
		ravi, desk := h.As("ravi"), h.As("kiran")
		first := ravi.StopVisit(visit)
		h.ReleaseHold(h.As("maya"), job, "two_people")
		var second bodies.StoppedVisit
		whileHeld(func() { second = ravi.StopVisit(visit) })
		h.Settle()
		if second.FlagID == first.FlagID {
			h.Errorf("it is the report whose hold was released")
		}
		flags, held := h.Column("SELECT id FROM flags"), desk.Job(job).Holds
		if left := h.Column("SELECT id FROM received_stops"); len(left) != 0 || len(flags) != 2 || len(held) != 1 {
			h.Errorf("%d stops are left, %d reports, holds %v", len(left), len(flags), held)
		}
	})
}

// TestAStopThatWasGivenUpAndCameThrough: its try was committed after all, so that it
// is a report and a received stop at once. One report comes of it, and its holds are
// released like any other.
func TestAStopThatWasGivenUpAndCameThrough(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("job.nobody_left") // both of the crew are kept apart
		h.Ignores("flag.triage", "hold.area", "hold.released")
		h.MayIgnore("visit.read_plan")
		job, visit, _ := stuck(h)
		desk := h.As("kiran")
		report := uuid.MustParse(h.As("ravi").StopVisit(visit).FlagID)
		id, customer := uuid.MustParse(harness.String(visit["id"])), uuid.MustParse(harness.String(job["customer_id"]))
		now := h.Clock.Now()
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
			due := now.Add(domain.SafetyHoldDue)
			hold := &domain.Hold{ID: report, Kind: domain.HoldSafety, CustomerID: &customer, Since: now, Reason: "area hold", By: "staff",
				DueAt:          &due,
				StoppedVisitID: &id}
			r := &domain.ReceivedStop{ID: uuid.New(), FlagID: report, VisitID: id, JobID: uuid.MustParse(harness.String(job["id"])),
				UserID: h.People["ravi"].ID, Kind: "other", OccurredAt: now, ReceivedAt: now}
			tx.Arm(domain.Deadline{ID: uuid.New(), Kind: domain.DueStop, SubjectID: r.ID, JobID: &r.JobID, DueAt: now})
			if err := tx.InsertHold(hold); err != nil {
				return err
			}
			return tx.InsertReceivedStop(r)
		}))
		h.Settle()
		pending, flags := h.Column("SELECT id FROM holds WHERE stopped_visit_id IS NOT NULL OR flag_id IS NULL"), h.Column("SELECT id FROM flags")
		if left := h.Column("SELECT id FROM received_stops"); len(left) != 0 || len(pending) != 0 || len(flags) != 1 {
			h.Errorf("%d stops are left, %d holds are nobody's, %d reports", len(left), len(pending), len(flags))
		}
		h.ReleaseHold(h.As("maya"), job, "two_people")
		if holds := desk.Job(job).Holds; len(holds) != 0 {
			h.Errorf("after the release: %v", holds)
		}
	})
}
