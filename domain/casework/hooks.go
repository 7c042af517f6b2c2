package casework

import (
	"context"

	"doorstep/domain"
)

// Hooks are what follows a move in rooms that know more than the case. They add
// themselves when the program starts; none may be missing (TestHooksAreSet).

// VisitSaved follows each saved change of a visit: its timers.
var VisitSaved []func(*VisitCase) error

// BackFromWay follows when a visit is under way no longer and has not ended,
// before it is saved: its timers end.
var BackFromWay []func(*VisitCase) error

// VisitEnded follows the end of a visit: compliments that waited for it.
var VisitEnded []func(*VisitCase) error

// StopReceived carries out what was received as stops of a visit, and reports
// whether it is one of the case's.
var StopReceived func(c *Case, visit domain.ID) (bool, error)

// ArrivedAnyway keeps the arrival of somebody who is no longer in the crew.
var ArrivedAnyway func(ctx context.Context, s *Service, call *Call, visit domain.ID, in MoveInput) (domain.VisitView, error)

// HouseholdKept follows when a household comes in or changes, whichever way: what lies over
// other rows of it.
var HouseholdKept func(*Work, *domain.Customer) error

// JobRegistered follows a new job of a household: what may lie over it.
var JobRegistered func(*Work, *domain.Customer, *domain.Job) error

func each[T any](hooks []func(T) error, x T) error {
	for _, do := range hooks {
		if err := do(x); err != nil {
			return err
		}
	}
	return nil
}
