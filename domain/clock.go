package domain

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Tick does everything that is due by the injected clock and returns how much
// it did. A 1 s ticker on each replica calls it; a due row is claimed once
// (docs/product.md section 8).
func (s *Service) Tick(ctx context.Context) (int, error) { return s.tick(ctx) }

// urgentKinds are deadlines that never wait behind others.
var urgentKinds = []DeadlineKind{DueSOS, DueTimer, DueTimerPlan, DueLiveReport}

// TickUrgent does what of the alarms is due; a ticker of its own calls it.
func (s *Service) TickUrgent(ctx context.Context) (int, error) { return s.tick(ctx, urgentKinds...) }

func (s *Service) tick(ctx context.Context, kinds ...DeadlineKind) (int, error) {
	done := 0
	var failed error
	for {
		// Each deadline is claimed and carried out in one transaction: a crash
		// in between leaves it due.
		var one *Deadline
		err := s.inWork(ctx, nil, func(tx *Work) error {
			one = nil
			claimed, err := tx.ClaimDue(tx.Now, 1, kinds...)
			if err != nil || len(claimed) == 0 {
				return err
			}
			one = &claimed[0]
			return due(ctx, tx, *one)
		})
		switch {
		case err == nil && one == nil:
			return done, failed
		case err == nil:
			done++
		case one == nil || ctx.Err() != nil || IsCode(err, CodeUnavailable):
			return done, err
		default:
			// What cannot be carried out must not stand before what can.
			failed = fmt.Errorf("deadline %s of %s: %w", one.Kind, one.SubjectID, err)
			if err := s.postpone(ctx, *one); err != nil {
				return done, err
			}
		}
	}
}

// dueHandlers carry out what is due, by its kind.
var dueHandlers map[DeadlineKind]func(context.Context, *Work, Deadline) error

func init() { // not a literal: some of them arm what others carry out
	dueHandlers = map[DeadlineKind]func(context.Context, *Work, Deadline) error{
		DueMissed:        ofVisit(missedDue),
		DueHeldCancel:    ofVisit(heldCancelDue),
		DueCrewTold:      ofVisit(crewToldDue),
		DueJeopardy:      ofVisit(jeopardyDue),
		DueSample:        ofVisit(sample),
		DueLastNotice:    ofJob(reassess),
		DueCloseResolved: ofJob(closeResolvedDue),
		DueCoolOff:       of(coolOffDue),
		DueTimer:         of(timerDue),
		DueTimerPlan:     of(timerFromPlan),
		DueSlotHold:      of(slotHoldDue),
		DueSOS:           of(sosDue),
		DueTriage:        of(flagOverdue),
		DueLiveReport:    of(liveDue),
		DueHold:          of(holdOverdue),
		DueAdvisory:      of(advisoryDue),
		DueAppeal:        of(appealOverdue),
		DueAftercare:     of(aftercareDue),
		DuePromise:       of(promiseLate),
		DueDispute:       of(disputeOverdue),
		DueThanks:        of(thanksDue),
		DueMaintenance:   of(maintain),
		DueDuty:          of(dutyBegins),
		DueDay:           of(recomputeETAs),
		DueMorning: func(ctx context.Context, tx *Work, dl Deadline) error {
			return morning(ctx, tx, dl.SubjectID, dl.DueAt)
		},
	}
}

func of(do func(*Work, ID) error) func(context.Context, *Work, Deadline) error {
	return func(_ context.Context, tx *Work, dl Deadline) error { return do(tx, dl.SubjectID) }
}

// ofVisit opens the case of a visit; one that is gone asks for nothing.
func ofVisit(do func(*VisitCase) error) func(context.Context, *Work, Deadline) error {
	return of(func(tx *Work, id ID) error {
		j, v, err := tx.LockVisit(id)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		c, err := openCase(tx, j)
		if err != nil {
			return err
		}
		return do(c.on(v))
	})
}

// ofJob opens the case of a job; one that is gone asks for nothing.
func ofJob(do func(*Case) error) func(context.Context, *Work, Deadline) error {
	return of(func(tx *Work, id ID) error {
		j, err := tx.LockJob(id)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		c, err := openCase(tx, j)
		if err != nil {
			return err
		}
		return do(c)
	})
}

// due carries out one deadline. What the world has overtaken does nothing; a
// kind that nobody knows is an error, so that it stays due and is seen. One that
// panics fails alone: the clock also drives alarms, and a row that is due would
// end each replica anew.
func due(ctx context.Context, tx *Work, dl Deadline) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	do, ok := dueHandlers[dl.Kind]
	if !ok {
		return fmt.Errorf("no handler for deadlines of the kind %q", dl.Kind)
	}
	return do(ctx, tx, dl)
}

// postpone lets a deadline that failed be tried again later; alarms soon.
func (s *Service) postpone(ctx context.Context, dl Deadline) error {
	return s.inWork(ctx, nil, func(tx *Work) error {
		again := time.Minute
		if has(urgentKinds, dl.Kind) {
			again = time.Second
		}
		tx.setDeadline(dl.Kind, dl.SubjectID, dl.JobID, tx.Now.Add(again))
		return nil
	})
}

// missedDue calls a visit missed, or lets it fall away where a hold or its plan
// permits none; one that was held until now waits for its release.
func missedDue(m *VisitCase) error {
	switch {
	case m.visit.Status != VisitScheduled:
		return nil
	case m.held != nil && !m.now.Before(m.visit.WindowStart), PlanPermits.unmet(m.plan, nil, nil) != "":
		return heldCancel(m)
	case m.held == nil:
		return miss(m)
	}
	return nil
}

// heldCancelDue lets a visit fall away that is held at the beginning of its
// window, or whose household's plan permits none.
func heldCancelDue(m *VisitCase) error {
	if m.visit.Status != VisitScheduled || (m.held == nil || m.now.Before(m.visit.WindowStart)) && PlanPermits.unmet(m.plan, nil, nil) == "" {
		return nil
	}
	return heldCancel(m)
}

func crewToldDue(m *VisitCase) error {
	if m.visit.Status != VisitScheduled {
		return nil
	}
	return settleCrew(m)
}

func closeResolvedDue(c *Case) error {
	if c.job.Status != JobResolved {
		return nil
	}
	return endJob(c, System, "close", "resolved, no objection in 72 h")
}

// miss calls a visit missed: nobody moved until 15 minutes after its window.
// Counted against us; the household gets an apology and the first choice.
func miss(m *VisitCase) error {
	v := m.visit
	if err := m.tx.apply(v, "missed"); err != nil {
		return err
	}
	v.EndedAt, v.EndReason = ptr(v.WindowEnd.Add(missedAfter)), "nobody came"
	v.CountsAgainst, v.ProvisionalTo = "brand", ptr(m.now.Add(provisionalFor))
	m.entryAt(EntryTime{occurred: *v.EndedAt, recorded: m.now}, System, "visit.missed", &v.ID,
		map[string]any{"window_end": v.WindowEnd})
	if err := saveVisit(m); err != nil {
		return err
	}
	if err := m.tx.WithdrawNotices(v.ID, "visit.offered"); err != nil {
		return err
	}
	return tell(m, "missed")
}

// heldCancel ends a visit whose hold was not released until its window.
// Counted for nobody.
func heldCancel(m *VisitCase) error {
	m.visit.ProvisionalTo = ptr(m.now.Add(provisionalFor))
	if err := cancelVisit(m, System, "held", "nobody"); err != nil {
		return err
	}
	return notifyStaff(m.Case, m.visit, "visit.held_cancelled", RoleCoordinator, RoleProprietor)
}

// Verify proves the hash chains of all jobs and names the first bad row of
// each broken one; progress is called after each page of jobs.
func (s *Service) Verify(ctx context.Context, progress func(jobs, facts int)) ([]ChainFault, error) {
	faults := []ChainFault{}
	var after *ID
	jobs, facts := 0, 0
	for {
		page, err := s.Read.JobsToVerify(ctx, after, 500)
		if err != nil {
			return nil, err
		}
		for i := range page {
			rows, err := s.Read.FactsOf(ctx, page[i].ID)
			if err != nil {
				f, err := s.unreadable(ctx, page[i].ID, err)
				if err != nil {
					return nil, err
				}
				faults, jobs = append(faults, f), jobs+1
				continue
			}
			f := VerifyChain(&page[i], rows)
			if f != nil {
				// A server may have appended between the two reads: only what is
				// still wrong when read again is broken.
				j, err := s.Read.Job(ctx, Scope{All: true}, page[i].ID)
				if err != nil {
					return nil, err
				}
				if rows, err = s.Read.FactsOf(ctx, j.ID); err != nil {
					return nil, err
				}
				if j.Seq < int64(len(rows)) && j.Seq > page[i].Seq {
					rows = rows[:j.Seq]
				}
				f = VerifyChain(j, rows)
			}
			if f != nil {
				faults = append(faults, *f)
			}
			jobs, facts = jobs+1, facts+len(rows)
		}
		if progress != nil {
			progress(jobs, facts)
		}
		if len(page) < 500 {
			return faults, nil
		}
		after = &page[len(page)-1].ID
	}
}

// unreadable finds the first row of a job that cannot be read at all; a
// database that is gone stays an error.
func (s *Service) unreadable(ctx context.Context, job ID, why error) (ChainFault, error) {
	var e *Error
	if errors.As(why, &e) && e.Kind == KindUnavailable {
		return ChainFault{}, why
	}
	for seq := int64(0); ; seq++ {
		rows, err := s.Read.Timeline(ctx, Scope{All: true}, job, seq, 1)
		if err != nil {
			return ChainFault{job, seq + 1, "it cannot be read"}, nil
		}
		if len(rows) == 0 {
			return ChainFault{}, why
		}
	}
}
