package casework

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// Works reports whether a technician's week covers [from, to) in the zone of
// their centre; the sentence says why not. A technician without recorded hours
// works on the centre's working days.
func Works(u *domain.User, c *domain.Centre, leaves []domain.Leave, from, to time.Time) (bool, string) {
	j := &slots.Judge{Centre: slots.Centre{Location: c.Location(), Holidays: c.Holidays, WorkingDays: c.WorkingDays}}
	r, why := j.OffDuty(&slots.Technician{Name: u.FirstName(), Weekly: ShiftsOf(u), Dates: DatesOf(u), Away: awayOf(leaves)},
		slots.Span{From: from, To: to})
	return r == "", why
}

// View is a visit as an actor is shown it.
func (c *Case) View(a domain.Actor, v *domain.Visit) domain.VisitView {
	shown := v.Shown(c.Holds)
	actions := c.planFacts().Withhold(&shown, c.Plan, domain.VisitActions(a, &shown, c.Holds, c.Plan, c.Site.Location(), c.Now), c.Now)
	return domain.VisitView{Visit: shown, Plan: c.Plan, Actions: actions}
}

// OnVisit loads and locks job and visit, checks scope, role and state, and
// gives the move a stamped time; fn does the rest. The answer is m.Visit, which a reschedule sets to the successor.
func (s *Service) OnVisit(ctx context.Context, call *Call, id domain.ID, action, occurredAt string,
	fn func(*VisitCase) error) (domain.VisitView, error) {
	return onVisitTo(ctx, s, call, id, nil, action, occurredAt, fn)
}

// onVisitTo is OnVisit for a reschedule whose client named the successor.
func onVisitTo(ctx context.Context, s *Service, call *Call, id domain.ID, successor *domain.ID, action, occurredAt string,
	fn func(*VisitCase) error) (domain.VisitView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.VisitView, error) {
		m, err := OpenVisit(tx, id)
		if err != nil {
			return domain.VisitView{}, err
		}
		c, v := m.Case, m.Visit
		if !call.Actor.Sees(v) {
			return domain.VisitView{}, domain.NotFound("visit")
		}
		if action == "reschedule" && successor != nil && v.SuccessorID != nil && *v.SuccessorID == *successor {
			next, err := tx.Visit(*successor) // the retry of a move that was made
			if err != nil {
				return domain.VisitView{}, err
			}
			return c.View(call.Actor, next), nil
		}
		if err := domain.CheckVisit(call.Actor, action, v); err != nil {
			return domain.VisitView{}, err
		}
		if err := c.Stamp(call, occurredAt); err != nil {
			return domain.VisitView{}, err
		}
		if c.Held != nil && domain.VisitMoveOf(action).Holds.Refuses(domain.HoldSafety) && !m.before(c.Held.Since) {
			return domain.VisitView{}, c.RefuseHeld()
		}
		if err := fn(m); err != nil {
			return domain.VisitView{}, err
		}
		return c.View(call.Actor, m.Visit), nil
	})
}

// SaveVisit stores the visit and derives the job's status from all of its
// visits (docs/product.md section 3).
func SaveVisit(m *VisitCase) error {
	m.Visit.ChangedAt(m.Now)
	if err := m.Tx.SaveVisit(m.Visit); err != nil {
		return err
	}
	if err := each(VisitSaved, m); err != nil {
		return err
	}
	dayFollows(m.Tx, m.Visit)
	if err := derive(m.Tx, m.Job, m.Visit); err != nil {
		return err
	}
	if m.Visit.EndedAt != nil || m.Job.SilentSince != nil {
		watchSilence(m.Tx, m.Job.ID)
	}
	return visitMoved(m.Case, m.Visit)
}

// Tell sends the notices that a row of the table names.
func Tell(m *VisitCase, action string) error {
	row := domain.VisitMoveOf(action)
	if row.Customer != "" {
		NotifyCustomer(m.Case, m.Visit, row.Customer)
	}
	if row.Desk == "" {
		return nil
	}
	return NotifyStaff(m.Case, m.Visit, row.Desk, row.DeskRoles...)
}

// derive recomputes the job's status; changed, when given, stands in for its
// stored row.
func derive(tx *Work, j *domain.Job, changed *domain.Visit) error {
	if j.Status.Ended() {
		return nil
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if changed != nil && visits[i].ID == changed.ID {
			visits[i] = *changed
		}
	}
	was := j.Status
	if err := tx.Apply(j, "follow", string(DeriveJobStatus(j, visits))); err != nil {
		return err
	}
	switch {
	case j.Status == domain.JobResolved && was != domain.JobResolved:
		j.ResolvedAt = domain.Ptr(tx.Now)
		tx.SetDeadline(domain.DueCloseResolved, j.ID, &j.ID, tx.Now.Add(domain.CloseResolvedAfter))
	case was == domain.JobResolved && j.Status != domain.JobResolved:
		j.ResolvedAt = nil
		tx.Disarm(domain.DueCloseResolved, j.ID)
	}
	return nil
}

// DeriveJobStatus is the rule of docs/product.md section 3: one under way, else
// one scheduled, else completed since the last (re)opening, else open.
func DeriveJobStatus(j *domain.Job, visits []domain.Visit) domain.JobStatus {
	if j.Status.Ended() {
		return j.Status
	}
	opened := j.OpenedAt
	if j.ReopenedAt != nil {
		opened = *j.ReopenedAt
	}
	out := domain.JobOpen
	for i := range visits {
		v := &visits[i]
		switch {
		case v.Status.UnderWay():
			return domain.JobInProgress
		case v.Status == domain.VisitScheduled:
			out = domain.JobScheduled
		case v.Status == domain.VisitCompleted && !v.Disputed && v.EndedAt != nil && !v.EndedAt.Before(opened) && out == domain.JobOpen:
			out = domain.JobResolved
		}
	}
	return out
}

// ReasonInput carries a reason, and for decline which of the four.
type ReasonInput struct {
	Reason     string `json:"reason"`
	Note       string `json:"note"`
	OccurredAt string `json:"occurred_at"`
}
