package casework

import "doorstep/domain"

// MissedDue calls a visit missed, or lets it fall away where a hold or its plan
// permits none; one that was held until now waits for its release.
func MissedDue(m *VisitCase) error {
	switch {
	case m.Visit.Status == domain.VisitEnRoute && m.Held == nil:
		return miss(m)
	case m.Visit.Status != domain.VisitScheduled:
		return nil
	case m.Held != nil && !m.Now.Before(m.Visit.WindowStart), domain.PlanPermits.Unmet(m.Plan, nil, nil) != "":
		return heldCancel(m)
	case m.Held == nil:
		return miss(m)
	}
	return nil
}

// HeldCancelDue lets a visit fall away that is held at the beginning of its
// window, or whose household's plan permits none.
func HeldCancelDue(m *VisitCase) error {
	if m.Visit.Status != domain.VisitScheduled || (m.Held == nil || m.Now.Before(m.Visit.WindowStart)) &&
		domain.PlanPermits.Unmet(m.Plan, nil, nil) == "" {
		return nil
	}
	return heldCancel(m)
}

// CrewToldDue tells those whose place in a crew changed in the minute before.
func CrewToldDue(m *VisitCase) error {
	if m.Visit.Status != domain.VisitScheduled {
		return nil
	}
	return SettleCrew(m)
}

// miss calls a visit missed: nobody moved until 15 minutes after its window, or who set out had not arrived two hours after it.
// Counted against us; the household gets an apology and the first choice.
func miss(m *VisitCase) error { return missBy(m, "missed") }

// MissedAfterAll calls a visit missed that somebody else than the household had cancelled or moved in its name, now that its time is over
// and the household says so. It reports whether it did: not under a hold, under which nobody could have come.
func MissedAfterAll(m *VisitCase) (bool, error) {
	if m.Held != nil || domain.PlanPermits.Unmet(m.Plan, nil, nil) != "" || !domain.Has(domain.VisitMoveOf("not-ended").From, m.Visit.Status) {
		return false, nil
	}
	return true, missBy(m, "not-ended")
}

func missBy(m *VisitCase, action string) error {
	v := m.Visit
	if err := m.Tx.Apply(v, action); err != nil {
		return err
	}
	v.EndedAt, v.EndReason = domain.Ptr(v.WindowEnd.Add(domain.MissedAfter)), "nobody came"
	if v.EndedAt.After(m.Now) {
		v.EndedAt = domain.Ptr(m.Now)
	}
	v.CountsAgainst, v.ProvisionalTo = "brand", domain.Ptr(m.Now.Add(domain.ProvisionalFor))
	m.EntryAt(EntryTime{Occurred: *v.EndedAt, Recorded: m.Now}, domain.System, "visit.missed", &v.ID,
		map[string]any{"window_end": v.WindowEnd})
	if err := SaveVisit(m); err != nil {
		return err
	}
	if err := m.Tx.WithdrawNotices(v.ID, "visit.offered"); err != nil {
		return err
	}
	return Tell(m, action)
}

// heldCancel ends a visit whose hold was not released until its window.
// Counted for nobody.
func heldCancel(m *VisitCase) error {
	m.Visit.ProvisionalTo = domain.Ptr(m.Now.Add(domain.ProvisionalFor))
	if err := CancelVisit(m, domain.System, "held", "nobody"); err != nil {
		return err
	}
	return NotifyStaff(m.Case, m.Visit, "visit.held_cancelled", domain.RoleCoordinator, domain.RoleProprietor)
}
