package casework

import (
	"time"

	"doorstep/domain"
)

// planFacts reads what the plan in force asks for.
func (c *Case) planFacts() domain.PlanFacts { return domain.PlanFacts{Site: c.Site, Spoken: c.spoken} }

// readPlan notes what the plan in force is judged by.
func (c *Case) readPlan() error {
	c.Plan = domain.PlanInForce(c.Holds)
	for _, h := range c.Holds {
		if h.Kind == domain.HoldSafety && h.LiftedAt != nil && len(h.Plan) > 0 && (c.planSince.IsZero() || h.Since.Before(c.planSince)) {
			c.planSince = h.Since
		}
	}
	if !domain.Has(c.Plan, "phone_first") {
		return nil
	}
	attempts, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return err
	}
	for i := range attempts {
		if attempts[i].Spoke() {
			c.spoken = append(c.spoken, attempts[i].OccurredAt)
		}
	}
	return nil
}

// PlanPermits checks what a safe-visit plan demands of a booking. A crew may
// still be empty: then nobody goes.
func (c *Case) PlanPermits(v *domain.Visit, crew []domain.ID) error {
	if p := domain.PlanPermits.Unmet(c.Plan, crew, nil); p != "" {
		return c.noVisit(p)
	}
	if domain.Has(c.Plan, "two_people") && len(crew) == 1 {
		return domain.Fail(domain.CodePlan, "The plan of this household asks for two people.").With("plan", c.Plan).At("/crew", "two technicians")
	}
	if domain.Has(c.Plan, "daylight") {
		return c.Site.InDaylight(v, c.Plan)
	}
	return nil
}

// planKept refuses a forward move while the plan is not kept. What happened
// before there was one is a late fact, and not refused.
func (m *VisitCase) planKept(action string) error {
	v, plan := m.Visit, m.Plan
	if len(plan) == 0 || m.before(m.planSince) {
		return nil
	}
	switch p := domain.VisitMoveOf(action).PlanUnmet(plan, v); p {
	case "":
	case "plan-seen":
		return domain.Fail(domain.CodePlan, "The whole crew accepts the safe-visit plan first (plan-seen).").With("plan", plan)
	case "two_people":
		return domain.Fail(domain.CodePlan, "The plan of this household asks for two people.").With("plan", plan).At("/crew", "two technicians")
	case "carry_in":
		return domain.Fail(domain.CodePlan,
			"The plan of this household is carry-in: the appliance is handed over at the door and repaired at the centre.").
			With("plan", plan)
	default:
		return m.noVisit(p)
	}
	if !v.SetOut() {
		return m.planFacts().SetsOut(v, plan, m.Said.Occurred)
	}
	return nil
}

// before reports whether a move is a late fact from before an instant. It is not
// when it claims a time before the visit was planned, or long before its
// window: no clock that is wrong, and no wish, opens a door that is held.
func (m *VisitCase) before(since time.Time) bool {
	at := m.Said.Occurred
	return at.Before(since) && !at.Before(m.Visit.CreatedAt) && !at.Before(m.Visit.WindowStart.Add(-WorkingDay))
}

// WaitForCompany takes a visit back from its way when the plan is no longer
// kept without who just left it: it waits for somebody to go with who stays.
func WaitForCompany(m *VisitCase) error {
	v := m.Visit
	if len(v.Crew) > 0 && (!domain.Has(m.Plan, "two_people") || len(v.Crew) > 1) || !v.Status.UnderWay() {
		return nil
	}
	if err := m.Tx.Apply(v, "wait"); err != nil {
		return err
	}
	v.EnRouteAt = nil
	if err := each(BackFromWay, m); err != nil {
		return err
	}
	NotifyCrew(m.Case, v, v.Crew, "visit.wait")
	return nil
}

// ForbidAhead lets the visits of a household fall away at once when the plan
// with which a hold was released permits none.
func ForbidAhead(c *Case, visits []domain.Visit) {
	if domain.PlanPermits.Unmet(c.Plan, nil, nil) == "" {
		return
	}
	for i := range visits {
		if v := &visits[i]; v.Status == domain.VisitScheduled {
			c.Tx.SetDeadline(domain.DueHeldCancel, v.ID, &v.JobID, c.Now)
		}
	}
}
