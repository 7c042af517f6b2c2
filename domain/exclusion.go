package domain

import (
	"context"
	"strings"
	"time"
)

// Exclusion keeps one member of staff and one household apart: the reporter
// of something directed by a person, or whom a report is about. It is lifted
// only with the reporter's consent; what came of a household's own report, by
// the area manager with reasons (docs/product.md section 5).
type Exclusion struct {
	ID          ID
	UserID      ID
	CustomerID  ID
	FlagID      ID
	Since       time.Time
	Visits      JSONList[ID] // that they lost by it; they stay payable
	TurnedBack  JSONList[ID] // of these, to which the person of the report was on their way
	ConsentedAt *time.Time
	LiftedAt    *time.Time
	LiftedByID  *ID
	LiftReason  string
}

// ExcludedFor is an exclusion with the report that it came of, which says who
// may see it and is not shown.
type ExcludedFor struct {
	Exclusion
	Flag Flag
}

// ExclusionView is an exclusion as answered: neither kind nor words of the
// report.
type ExclusionView struct {
	ID          ID               `json:"id"`
	Version     int64            `json:"version"`
	UserID      ID               `json:"user_id"`
	CustomerID  ID               `json:"customer_id"`
	FlagID      ID               `json:"flag_id"`
	Since       time.Time        `json:"since"`
	ConsentedAt *time.Time       `json:"consented_at"`
	LiftedAt    *time.Time       `json:"lifted_at"`
	LiftReason  string           `json:"lift_reason"`
	Actions     JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag.
func (v ExclusionView) Head() (ID, int64) { return v.ID, v.Version }

// ExclusionMoves are consent, the reporter's alone, and lift, an area
// manager's who is not involved.
var ExclusionMoves = []string{"consent", "lift"}

// NewExclusionView shows an exclusion with what the actor may do. Its version
// is the number of things that were said about it.
func NewExclusionView(a Actor, x *ExcludedFor) ExclusionView {
	v := ExclusionView{ID: x.ID, Version: 1, UserID: x.UserID, CustomerID: x.CustomerID, FlagID: x.FlagID, Since: x.Since,
		ConsentedAt: x.ConsentedAt, LiftedAt: x.LiftedAt, LiftReason: x.LiftReason, Actions: JSONList[string]{}}
	for _, at := range []*time.Time{x.ConsentedAt, x.LiftedAt} {
		if at != nil {
			v.Version++
		}
	}
	for _, action := range ExclusionMoves {
		if checkExclusion(a, action, x) == nil && (action != "consent" || x.ConsentedAt == nil) {
			v.Actions = append(v.Actions, action)
		}
	}
	return v
}

// SeesExclusion reports whether the actor sees who is kept apart: the reporter sees what came of their report, the area manager
// what came of those they triage; the desk and the person whom a report is
// about see nothing.
func (a Actor) SeesExclusion(f *Flag) bool {
	all, _ := a.SeesFlag(f)
	return all && (f.reportedBy(a.UserID) || a.Role == RoleAreaManager)
}

// checkExclusion refuses a move to who may see the exclusion.
func checkExclusion(a Actor, action string, x *ExcludedFor) error {
	switch {
	case action == "consent" && !x.Flag.reportedBy(a.UserID):
		return Fail(CodeForbidden, "Only the reporter consents.")
	case action == "lift" && a.Role != RoleAreaManager:
		return Fail(CodeForbidden, "Only the area manager lifts it.")
	case action == "lift" && x.Flag.involves(a.UserID):
		return Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case x.LiftedAt != nil:
		return Fail(CodeState, "It has been lifted already.")
	case action == "lift" && x.ConsentedAt == nil && !x.Flag.ByCustomer:
		return Fail(CodePreconditionMissing, "The reporter has not consented; without that nobody lifts it.")
	}
	return nil
}

// MoveExclusion consents or lifts. consent: the reporter themselves, told of it
// or not; lift: an area manager who is not involved, once the reporter has
// consented. Errors: CodeNotFound, CodeForbidden, CodeState, CodePreconditionMissing.
func (s *Service) MoveExclusion(ctx context.Context, call *Call, id ID, action string, in ReasonInput) (ExclusionView, error) {
	return run(ctx, s, call, func(tx *Work) (ExclusionView, error) {
		a := call.Actor
		e, err := tx.LockExclusion(id)
		if err != nil {
			return ExclusionView{}, err
		}
		f, err := tx.Flag(e.FlagID)
		if err != nil {
			return ExclusionView{}, err
		}
		x := &ExcludedFor{*e, *f}
		if !a.SeesExclusion(f) {
			return ExclusionView{}, NotFound("exclusion")
		}
		if err := checkExclusion(a, action, x); err != nil {
			return ExclusionView{}, err
		}
		st, err := stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return ExclusionView{}, err
		}
		switch {
		case action == "lift" && f.ByCustomer && strings.TrimSpace(in.Reason) == "":
			return ExclusionView{}, Fail(CodeUnprocessable, "Say why it is lifted.").At("/reason", "a few words")
		case action == "lift":
			x.LiftedAt, x.LiftedByID, x.LiftReason = &st.occurred, &a.UserID, in.Reason
			if err := notifyReporter(tx, f, "flag.moved"); err != nil {
				return ExclusionView{}, err
			}
		case x.ConsentedAt == nil:
			x.ConsentedAt = &st.occurred
			if err := notifyHandlers(tx, f, "flag.triage"); err != nil {
				return ExclusionView{}, err
			}
		default: // said before
			return NewExclusionView(a, x), nil
		}
		err = tx.SaveExclusion(&x.Exclusion)
		return NewExclusionView(a, x), err
	})
}
