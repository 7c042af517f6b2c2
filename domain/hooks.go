package domain

import "context"

// Hooks are what follows a move in rooms that know more than the case. They add
// themselves when the program starts; none may be missing (TestHooksAreSet).
// visitSaved follows each saved change of a visit: its timers.
var visitSaved []func(*VisitCase) error

// crewLeft follows when a visit waits for company, before it is saved.
var crewLeft []func(*VisitCase) error

// visitEnded follows the end of a visit: compliments that waited for it.
var visitEnded []func(*VisitCase) error

// arrivedAnyway keeps the arrival of somebody who is no longer in the crew.
var arrivedAnyway func(ctx context.Context, s *Service, call *Call, visit ID, occurredAt string) (VisitView, error)

// linkUndone takes back what was said by a link that had reached somebody else.
var linkUndone []func(k *request, contacts []Attempt) error

func each[T any](hooks []func(T) error, x T) error {
	for _, do := range hooks {
		if err := do(x); err != nil {
			return err
		}
	}
	return nil
}
