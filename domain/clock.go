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
var urgentKinds = []string{"sos", "timer", "timer_plan", "flag.live"}

// TickUrgent does what of the alarms is due; a ticker of its own calls it.
func (s *Service) TickUrgent(ctx context.Context) (int, error) { return s.tick(ctx, urgentKinds...) }

func (s *Service) tick(ctx context.Context, kinds ...string) (int, error) {
	done := 0
	var failed error
	for {
		// Each deadline is claimed and carried out in one transaction: a crash
		// in between leaves it due.
		var one *Deadline
		err := s.inWork(ctx, nil, func(tx *Work) error {
			one = nil
			due, err := tx.ClaimDue(s.now(), 1, kinds...)
			if err != nil || len(due) == 0 {
				return err
			}
			one = &due[0]
			return s.oneDue(ctx, tx, *one)
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

// oneDue does what a deadline stands for. One that panics fails alone: the
// clock also drives alarms, and a row that is due would end each replica anew.
func (s *Service) oneDue(ctx context.Context, tx *Work, dl Deadline) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	if dl.Kind == "morning" {
		return s.morning(ctx, tx, dl.SubjectID, dl.DueAt)
	}
	return s.due(tx, dl)
}

// postpone lets a deadline that failed be tried again later; alarms soon.
func (s *Service) postpone(ctx context.Context, dl Deadline) error {
	return s.inWork(ctx, nil, func(tx *Work) error {
		again := time.Minute
		if has(urgentKinds, dl.Kind) {
			again = time.Second
		}
		tx.Arm(Deadline{ID: s.NewID(), Kind: dl.Kind, SubjectID: dl.SubjectID, JobID: dl.JobID, DueAt: s.now().Add(again)})
		return nil
	})
}

// due carries out one deadline. What the world has overtaken does nothing.
func (s *Service) due(tx *Work, dl Deadline) error {
	switch dl.Kind {
	case "missed", "held_cancel", "crew_told", "jeopardy":
		j, v, err := tx.LockVisit(dl.SubjectID)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		d, err := s.openCase(tx, j)
		if err != nil {
			return err
		}
		m := d.on(v)
		if v.Status != VisitScheduled {
			return nil
		}
		switch {
		case dl.Kind == "crew_told":
			return s.settleCrew(m)
		case dl.Kind == "jeopardy":
			err = s.jeopardyDue(m)
		case d.held != nil && !tx.Now.Before(v.WindowStart), PlanPermits.unmet(d.plan, nil, nil) != "":
			err = s.heldCancel(m)
		case dl.Kind == "missed" && d.held == nil:
			err = s.miss(m)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		return nil
	case "last_notice", "close_resolved":
		j, err := tx.LockJob(dl.SubjectID)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		d, err := s.openCase(tx, j)
		if err != nil {
			return err
		}
		if dl.Kind == "last_notice" {
			err = s.reassess(d)
		} else if j.Status == JobResolved {
			err = s.endJob(d, System, "close", "resolved, no objection in 72 h")
		}
		if err != nil {
			return err
		}
		return nil
	case "timer":
		return s.timerDue(tx, dl.SubjectID)
	case "timer_plan":
		return s.timerFromPlan(tx, dl.SubjectID)
	case "flag.live":
		return s.liveDue(tx, dl.SubjectID)
	case "sos":
		return s.sosDue(tx, dl.SubjectID)
	case "duty":
		return s.dutyBegins(tx, dl.SubjectID)
	case "promise":
		return s.promiseLate(tx, dl.SubjectID)
	case "dispute":
		return s.disputeOverdue(tx, dl.SubjectID)
	case "sample":
		j, v, err := tx.LockVisit(dl.SubjectID)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		d, err := s.openCase(tx, j)
		if err != nil {
			return err
		}
		if err := s.sample(d.on(v)); err != nil {
			return err
		}
		return nil
	case "thanks":
		return s.thanksDue(tx, dl.SubjectID)
	case "advisory":
		return s.advisoryDue(tx, dl.SubjectID)
	case "appeal":
		return s.appealOverdue(tx, dl.SubjectID)
	case "aftercare":
		return s.aftercareDue(tx, dl.SubjectID)
	case "cool_off":
		return s.coolOffDue(tx, dl.SubjectID)
	case "triage":
		return s.flagOverdue(tx, dl.SubjectID)
	case "maintenance":
		return s.maintain(tx, dl.SubjectID)
	case "day":
		return s.recomputeETAs(tx, dl.SubjectID)
	case "hold":
		return s.holdOverdue(tx, dl.SubjectID)
	case "slot_hold":
		return s.slotHoldDue(tx, dl.SubjectID)
	}
	return nil
}

// miss calls a visit missed: nobody moved until 15 minutes after its window.
// Counted against us; the household gets an apology and the first choice.
func (s *Service) miss(m *VisitCase) error {
	v := m.v
	if err := m.tx.apply(v, "missed"); err != nil {
		return err
	}
	v.EndedAt, v.EndReason = ptr(v.WindowEnd.Add(missedAfter)), "nobody came"
	v.CountsAgainst, v.ProvisionalTo = "brand", ptr(m.now.Add(provisionalFor))
	m.entryAt(EntryTime{occurred: *v.EndedAt, recorded: m.now}, System, "visit.missed", &v.ID,
		map[string]any{"window_end": v.WindowEnd})
	if err := s.saveVisit(m); err != nil {
		return err
	}
	if err := m.tx.WithdrawNotices(v.ID, "visit.offered"); err != nil {
		return err
	}
	return s.tell(m, "missed")
}

// heldCancel ends a visit whose hold was not released until its window.
// Counted for nobody.
func (s *Service) heldCancel(m *VisitCase) error {
	m.v.ProvisionalTo = ptr(m.now.Add(provisionalFor))
	if err := s.cancelVisit(m, System, "held", "nobody"); err != nil {
		return err
	}
	return s.notifyStaff(m.Case, m.v, "visit.held_cancelled", RoleCoordinator, RoleProprietor)
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
