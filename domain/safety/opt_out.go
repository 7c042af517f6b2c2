package safety

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// OptOutInput says who is not to meet again; a technician says it of themselves.
type OptOutInput struct {
	UserID     *domain.ID `json:"user_id"` // of a household's wish: which of our people, who has been there
	Again      bool       `json:"again"`   // the wish is over
	OccurredAt string     `json:"occurred_at"`
}

// OptOutView is the answer, alike whoever asked.
type OptOutView struct {
	VisitID domain.ID `json:"visit_id"`
	UserID  domain.ID `json:"user_id"`
	Again   bool      `json:"again"`
}

// Head gives id and version for Location and ETag.
func (v OptOutView) Head() (domain.ID, int64) { return v.VisitID, 1 }

// OptOut keeps a technician and a household apart without a reason, or ends that: a
// technician who is or was in the crew of a visit there, for themselves; the desk for a
// household that asks for it, about somebody who has been there. A household's ends by the area manager alone, who has asked
// it: whoever else says so is answered alike, and nothing comes of it. The centre reads of both
// what it reads of a report: not available. Errors: CodeNotFound, CodeForbidden,
// CodeUnprocessable.
func (s *Service) OptOut(ctx context.Context, call *casework.Call, visit domain.ID, in OptOutInput) (OptOutView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (OptOutView, error) {
		m, err := casework.OpenVisit(tx, visit)
		if err != nil {
			return OptOutView{}, err
		}
		a, c, v := call.Actor, m.Case, m.Visit
		if !a.Sees(v) && !a.WasInCrew(v) {
			return OptOutView{}, domain.NotFound("visit")
		}
		out := OptOutView{VisitID: v.ID, UserID: a.UserID, Again: in.Again}
		own := in.UserID == nil && a.WasInCrew(v)
		switch {
		case own:
		case a.Role == domain.RoleTechnician, a.Role == domain.RoleAdmin, in.UserID != nil && *in.UserID == a.UserID:
			return OptOutView{},
				domain.Fail(domain.CodeForbidden, "Nobody writes down for a household what is about themselves or a colleague of the crew.")
		case in.UserID == nil, v.ArrivedAt == nil, !domain.Has(v.EverCrew, *in.UserID):
			return OptOutView{}, domain.Fail(domain.CodeUnprocessable, "Say which of our people the household means, who has been there.").
				At("/user_id", "somebody of the crew that came")
		default:
			out.UserID = *in.UserID
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return OptOutView{}, err
		}
		there, err := tx.Exclusions(c.Customer.ID)
		if err != nil {
			return OptOutView{}, err
		}
		for i := range there {
			x := &there[i]
			f, err := tx.Flag(x.FlagID)
			if err != nil {
				return OptOutView{}, err
			}
			if x.UserID != out.UserID || f.Level > 0 || f.ByCustomer == own { // a private note is their own to end
				continue
			}
			if !in.Again {
				return out, nil
			}
			if !own && a.Role != domain.RoleAreaManager { // the desk may be whom the household does not want to meet again
				continue
			}
			x.LiftedAt, x.LiftedByID = &st.Occurred, &a.UserID
			if err := tx.SaveExclusion(x); err != nil {
				return OptOutView{}, err
			}
		}
		if in.Again {
			return out, nil
		}
		f := &domain.Flag{Meta: domain.NewMeta(tx.NewID(), tx.Now), Kind: domain.OptOutKind, CustomerID: &c.Customer.ID,
			CentreID: &c.Job.CentreID,
			AreaID:   &c.Job.AreaID, OccurredAt: st.Occurred, RecordedAt: tx.Now, TriageDueAt: tx.Now}
		if own {
			f.ReporterID = &a.UserID
		} else {
			f.ByCustomer, f.RecordedBy = true, &a.UserID
		}
		if err := tx.Apply(f, "report"); err != nil {
			return OptOutView{}, err
		}
		if err := tx.InsertFlag(f); err != nil {
			return OptOutView{}, err
		}
		return out, exclude(out.UserID, c, f)
	})
}

// nobodyLeft alarms whoever triages once nobody of the centre may go to a household
// any more, so that they transfer its jobs.
func nobodyLeft(c *casework.Case) error {
	users, err := c.Tx.UsersWith(domain.RoleTechnician, &c.Job.CentreID, nil)
	if err != nil {
		return err
	}
	apart, err := c.Tx.Exclusions(c.Customer.ID)
	if err != nil {
		return err
	}
	away := map[domain.ID]bool{}
	for i := range apart {
		away[apart[i].UserID] = true
	}
	for i := range users {
		if !users[i].Disabled && !away[users[i].ID] {
			return nil
		}
	}
	return casework.NotifyStaff(c, nil, "job.nobody_left", domain.RoleAreaManager)
}
