package clock

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
	"doorstep/domain/decisions"
	"doorstep/domain/safety"
)

// Tick does everything that is due by the injected clock and returns how much
// it did. A 1 s ticker on each replica calls it; a due row is claimed once
// (docs/product.md section 8).
func (s *Service) Tick(ctx context.Context) (int, error) { return s.tick(ctx) }

// urgentKinds are deadlines that never wait behind others.
var urgentKinds = []domain.DeadlineKind{domain.DueSOS, domain.DueTimer, domain.DueTimerPlan, domain.DueHomeSafe, domain.DueLiveReport}

// TickUrgent does what of the alarms is due; a ticker of its own calls it.
func (s *Service) TickUrgent(ctx context.Context) (int, error) { return s.tick(ctx, urgentKinds...) }

// TickStops carries out stops that were received while somebody held their job,
// however much else is due; a ticker of its own calls it, for it may wait for the
// job.
func (s *Service) TickStops(ctx context.Context) (int, error) { return s.tick(ctx, domain.DueStop) }

// SyncPushes gives the phones that are to sync without a word, at most once within every on all replicas together; a ticker of
// its own calls it, and sends. What is lost in between comes with the next sync of the app.
func (s *Service) SyncPushes(ctx context.Context, every time.Duration) (out []domain.Device, err error) {
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		out, err = casework.SyncPushes(tx, every)
		return err
	})
	return out, err
}

func (s *Service) tick(ctx context.Context, kinds ...domain.DeadlineKind) (int, error) {
	done := 0
	var failed error
	for {
		// Each deadline is claimed and carried out in one transaction: a crash
		// in between leaves it due.
		var one *domain.Deadline
		err := s.InWork(ctx, nil, func(tx *casework.Work) error {
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
		case one == nil || ctx.Err() != nil:
			return done, err
		default:
			// What cannot be carried out must not stand before what can.
			failed = fmt.Errorf("deadline %s of %s: %w", one.Kind, one.SubjectID, err)
			if err := s.postpone(ctx, *one, domain.IsCode(err, domain.CodeUnavailable)); err != nil {
				return done, err
			}
		}
	}
}

// dueHandlers carry out what is due, by its kind.
var dueHandlers = map[domain.DeadlineKind]func(context.Context, *casework.Work, domain.Deadline) error{
	domain.DueStop:          of(safety.StopDue),
	domain.DueMissed:        ofVisit(casework.MissedDue),
	domain.DueHeldCancel:    ofVisit(casework.HeldCancelDue),
	domain.DueCrewTold:      ofVisit(casework.CrewToldDue),
	domain.DueGiveBack:      ofVisit(casework.GiveBackDue),
	domain.DueJeopardy:      ofVisit(casework.JeopardyDue),
	domain.DueSample:        ofVisit(casework.AskDoneCheck),
	domain.DueLastNotice:    ofJob(casework.Reassess),
	domain.DueSilence:       ofJob(casework.SilenceDue),
	domain.DueCloseResolved: ofJob(casework.CloseResolvedDue),
	domain.DueCoolOff:       of(safety.CoolOffDue),
	domain.DueTimer:         of(alarm.TimerDue),
	domain.DueTimerPlan:     of(alarm.TimerFromPlan),
	domain.DueDrill:         of(alarm.DrillDue),
	domain.DueHomeSafe:      of(alarm.HomeSafeDue),
	domain.DueSlotHold:      of(customers.SlotHoldDue),
	domain.DueSOS:           of(alarm.SOSDue),
	domain.DueTriage:        of(safety.FlagOverdue),
	domain.DueLiveReport:    of(safety.LiveDue),
	domain.DueHold:          of(safety.HoldOverdue),
	domain.DueHeldHome:      of(safety.HeldHomeDue),
	domain.DueAdvisory:      of(safety.AdvisoryDue),
	domain.DueAppeal:        of(safety.AppealOverdue),
	domain.DueAftercare:     of(safety.AftercareDue),
	domain.DuePromise:       of(casework.PromiseLate),
	domain.DueLinkRequest:   of(customers.LinkRequestDue),
	domain.DueHousehold:     of(safety.HouseholdOverdue),
	domain.DuePromiseOwner:  of(casework.PromiseOwnerLeft),
	domain.DueDispute:       of(customers.DisputeOverdue),
	domain.DueClaim:         of(casework.ClaimOverdue),
	domain.DueCheck:         of(casework.CheckOverdue),
	domain.DueThanks:        of(customers.ThanksDue),
	domain.DueMaintenance:   of(casework.Maintain),
	domain.DuePhone:         of(accounts.PhoneDue),
	domain.DueDuty:          of(casework.DutyBegins),
	domain.DueHour:          of(casework.DutyBegins),
	domain.DueHome:          of(casework.HomeWakes),
	domain.DueDay:           of(casework.RecomputeETAs),
	domain.DueContact: func(ctx context.Context, tx *casework.Work, dl domain.Deadline) error {
		return safety.ContactDue(ctx, tx, dl.SubjectID)
	},
	domain.DueFlagByPhone: func(ctx context.Context, tx *casework.Work, dl domain.Deadline) error {
		return safety.FlagByPhoneDue(ctx, tx, dl.SubjectID)
	},
	domain.DueMorning: func(ctx context.Context, tx *casework.Work, dl domain.Deadline) error {
		return decisions.Morning(ctx, tx, dl.SubjectID, dl.DueAt)
	},
}

func of(do func(*casework.Work, domain.ID) error) func(context.Context, *casework.Work, domain.Deadline) error {
	return func(_ context.Context, tx *casework.Work, dl domain.Deadline) error { return do(tx, dl.SubjectID) }
}

// ofVisit opens the case of a visit; one that is gone asks for nothing.
func ofVisit(do func(*casework.VisitCase) error) func(context.Context, *casework.Work, domain.Deadline) error {
	return of(func(tx *casework.Work, id domain.ID) error {
		m, err := casework.OpenVisit(tx, id)
		if casework.NotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		return do(m)
	})
}

// ofJob opens the case of a job; one that is gone asks for nothing.
func ofJob(do func(*casework.Case) error) func(context.Context, *casework.Work, domain.Deadline) error {
	return of(func(tx *casework.Work, id domain.ID) error {
		j, err := tx.LockJob(id)
		if casework.NotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		c, err := casework.OpenCase(tx, j)
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
func due(ctx context.Context, tx *casework.Work, dl domain.Deadline) (err error) {
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

// postpone lets a deadline that failed be tried again later; alarms, stops, and
// what only had to wait for a row, soon.
func (s *Service) postpone(ctx context.Context, dl domain.Deadline, waited bool) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		again := time.Minute
		if waited || dl.Kind == domain.DueStop || domain.Has(urgentKinds, dl.Kind) {
			again = time.Second
		}
		tx.SetDeadline(dl.Kind, dl.SubjectID, dl.JobID, tx.Now.Add(again))
		return nil
	})
}
