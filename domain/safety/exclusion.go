package safety

import (
	"context"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// ExclusionView is an exclusion as answered: neither kind nor words of the
// report.
type ExclusionView struct {
	ID          domain.ID               `json:"id"`
	Version     int64                   `json:"version"`
	UserID      domain.ID               `json:"user_id"`
	CustomerID  domain.ID               `json:"customer_id"`
	FlagID      domain.ID               `json:"flag_id"`
	Since       time.Time               `json:"since"`
	ConsentedAt *time.Time              `json:"consented_at"`
	LiftedAt    *time.Time              `json:"lifted_at"`
	LiftReason  string                  `json:"lift_reason"`
	Actions     domain.JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag.
func (v ExclusionView) Head() (domain.ID, int64) { return v.ID, v.Version }

// ExclusionMoves are consent, the reporter's alone, and lift, an area
// manager's who is not involved.
var ExclusionMoves = []string{"consent", "lift"}

// NewExclusionView shows an exclusion with what the actor may do. Its version
// is the number of things that were said about it.
func NewExclusionView(a domain.Actor, x *domain.ExclusionWithFlag) ExclusionView {
	v := ExclusionView{ID: x.ID, Version: 1, UserID: x.UserID, CustomerID: x.CustomerID, FlagID: x.FlagID, Since: x.Since,
		ConsentedAt: x.ConsentedAt, LiftedAt: x.LiftedAt, LiftReason: x.LiftReason, Actions: domain.JSONList[string]{}}
	if a.Role != domain.RoleAreaManager { // words of others, maybe of the household
		v.LiftReason = ""
	}
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

// checkExclusion refuses a move to who may see the exclusion.
func checkExclusion(a domain.Actor, action string, x *domain.ExclusionWithFlag) error {
	switch {
	case action == "consent" && !x.Flag.ReportedBy(a.UserID):
		return domain.Fail(domain.CodeForbidden, "Only the reporter consents.")
	case action == "lift" && a.Role != domain.RoleAreaManager:
		return domain.Fail(domain.CodeForbidden, "Only the area manager lifts it.")
	case action == "lift" && x.Flag.Involves(a.UserID):
		return domain.Fail(domain.CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case x.LiftedAt != nil:
		return domain.Fail(domain.CodeState, "It has been lifted already.")
	case action == "lift" && x.ConsentedAt == nil && !x.Flag.ByCustomer:
		return domain.Fail(domain.CodePreconditionMissing, "The reporter has not consented; without that nobody lifts it.")
	}
	return nil
}

// MoveExclusion consents or lifts. consent: the reporter themselves, told of it
// or not; lift: an area manager who is not involved, once the reporter has
// consented. Errors: CodeNotFound, CodeForbidden, CodeState, CodePreconditionMissing.
func (s *Service) MoveExclusion(ctx context.Context, call *casework.Call, id domain.ID, action string,
	in casework.ReasonInput) (ExclusionView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (ExclusionView, error) {
		a := call.Actor
		e, err := tx.LockExclusion(id)
		if err != nil {
			return ExclusionView{}, err
		}
		f, err := tx.Flag(e.FlagID)
		if err != nil {
			return ExclusionView{}, err
		}
		x := &domain.ExclusionWithFlag{Exclusion: *e, Flag: *f}
		if !a.SeesExclusion(f) {
			return ExclusionView{}, domain.NotFound("exclusion")
		}
		if err := checkExclusion(a, action, x); err != nil {
			return ExclusionView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return ExclusionView{}, err
		}
		switch {
		case action == "lift" && f.ByCustomer && strings.TrimSpace(in.Reason) == "":
			return ExclusionView{}, domain.Fail(domain.CodeUnprocessable, "Say why it is lifted.").At("/reason", "a few words")
		case action == "lift":
			x.LiftedAt, x.LiftedByID, x.LiftReason = &st.Occurred, &a.UserID, in.Reason
			if err := notifyReporter(tx, f, "flag.moved"); err != nil {
				return ExclusionView{}, err
			}
		case x.ConsentedAt == nil:
			x.ConsentedAt = &st.Occurred
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
