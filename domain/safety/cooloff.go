package safety

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

const (
	coolOffAhead  = 24 * time.Hour // the next visit in this time is given away
	coolOffSettle = 2 * time.Hour  // before the window: then nobody else is found
	coolOffDays   = 7              // ahead, in which another time is looked for
)

// CoolOffInput answers the offer.
type CoolOffInput struct {
	Accept     *bool  `json:"accept"`
	OccurredAt string `json:"occurred_at"`
}

// offerBreak puts the offer into somebody's inbox; it rings nobody.
func offerBreak(tx *casework.Work, u *domain.User, until time.Time, of map[string]string) {
	tx.Enqueue(casework.NewNotice(tx.Svc, "break.offered", u.Language, tx.Now, until, casework.ToUser(u.ID),
		func(n *domain.Notice) { n.State, n.Data.V = "done", of }))
}

// coolOffTaken reports whether the pause of a report was taken, where that
// matters to the actor.
func coolOffTaken(tx domain.SafetyTx, a domain.Actor, f *domain.Flag) (bool, error) {
	if !f.ReportedBy(a.UserID) {
		return false, nil
	}
	c, err := tx.CoolOffOf(f.ID)
	if casework.NotFound(err) {
		return false, nil
	}
	return err == nil && c.Accepted, err
}

// ShowFlags shows reports to an actor who sees all of them, with what they may
// do.
func (s *Service) ShowFlags(ctx context.Context, a domain.Actor, flags ...*domain.Flag) ([]domain.FlagView, error) {
	var ids []domain.ID
	for _, f := range flags {
		if f.ReportedBy(a.UserID) {
			ids = append(ids, f.ID)
		}
	}
	taken, err := s.Read.CoolOffsTaken(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]domain.FlagView, len(flags))
	for i, f := range flags {
		out[i] = NewFlagView(a, f, s.Instant(), domain.Has(taken, f.ID))
	}
	if len(flags) == 1 {
		out[0].OurFailures, err = OwnFailures(ctx, s.Service, a, flags[0])
	}
	return out, err
}

// AnswerCoolOff takes the pause, or not. Whoever reported at level 2 and above, within
// three days. A technician's next visit of the day ahead is offered to others, or moved
// with an honest message where nobody else can come; for whoever goes to no homes, the
// manager who looks after them is asked to give to others what is theirs today.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) AnswerCoolOff(ctx context.Context, call *casework.Call, flag domain.ID, in CoolOffInput) (domain.CoolOff, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.CoolOff, error) {
		a := call.Actor
		f, err := tx.LockFlag(flag)
		if err != nil {
			return domain.CoolOff{}, err
		}
		all, brief := a.SeesFlag(f)
		if !all && !brief {
			return domain.CoolOff{}, domain.NotFound("flag")
		}
		if err := a.CheckCoolOff(f, tx.Now); err != nil {
			return domain.CoolOff{}, err
		}
		return answerPause(tx, a, domain.CoolOff{FlagID: &f.ID}, in)
	})
}

// answerPause takes the pause that was offered after a report or an abusive call, or not.
func answerPause(tx *casework.Work, a domain.Actor, offered domain.CoolOff, in CoolOffInput) (domain.CoolOff, error) {
	if in.Accept == nil {
		return domain.CoolOff{}, domain.Fail(domain.CodeUnprocessable, "Take the pause, or not.").At("/accept", "true or false")
	}
	of := offered.FlagID
	if of == nil {
		of = offered.AttemptID
	}
	if of == nil {
		of = offered.ContactID
	}
	c, err := tx.CoolOffOf(*of)
	fresh := casework.NotFound(err)
	switch {
	case fresh:
		c = &offered
		c.Meta, c.UserID, c.Outcome = domain.NewMeta(tx.NewID(), tx.Now), a.UserID, "declined"
	case err != nil:
		return domain.CoolOff{}, err
	case c.Accepted:
		if *in.Accept {
			return *c, nil
		}
		return domain.CoolOff{}, domain.Fail(domain.CodeState, "You have taken the pause already; your desk can give the visit back to you.")
	}
	if *in.Accept {
		c.Accepted = true
		free := freeNext
		if a.Role != domain.RoleTechnician {
			free = askCover
		}
		if err := free(tx, a.UserID, c); err != nil {
			return domain.CoolOff{}, err
		}
	}
	if fresh {
		return *c, tx.InsertCoolOff(c)
	}
	c.ChangedAt(tx.Now)
	return *c, tx.SaveCoolOff(c)
}

// askCover asks whoever looks after somebody to have others do what is theirs today:
// after a report whoever owes its conversations, after an abusive call their manager.
func askCover(tx *casework.Work, user domain.ID, pause *domain.CoolOff) error {
	pause.Outcome = "nothing_ahead"
	if pause.FlagID != nil {
		care, err := tx.AftercareOf(*pause.FlagID)
		if err != nil || len(care) == 0 {
			return err
		}
		return casework.NotifyUser(tx, care[0].OwnerID, "break.taken")
	}
	person, err := tx.User(user)
	if err != nil {
		return err
	}
	area, err := areaOf(tx, person)
	if err != nil {
		return err
	}
	manager, err := careOwner(tx, &domain.Flag{ReporterID: &user}, area)
	if err != nil || manager == nil {
		return err
	}
	return casework.NotifyUser(tx, manager.ID, "break.taken")
}

// freeNext takes a technician's next visit out of their diary.
func freeNext(tx *casework.Work, user domain.ID, pause *domain.CoolOff) error {
	pause.Outcome = "nothing_ahead"
	diary, err := tx.BusyBetween(user, tx.Now, tx.Now.Add(coolOffAhead))
	if err != nil {
		return err
	}
	next := slices.IndexFunc(diary, func(v domain.Visit) bool { return v.Status == domain.VisitScheduled })
	if next < 0 {
		return nil
	}
	j, v, err := tx.LockVisit(diary[next].ID)
	if err != nil {
		return err
	}
	if v.Status != domain.VisitScheduled || !domain.Has(v.Crew, user) {
		return nil
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	m := c.On(v)
	was := slices.Clone(v.Crew)
	m.SetCrew(domain.Without(v.Crew, user))
	// The fact is the clock's: it names neither who gave it away nor why.
	c.Entry(domain.System, "visit.assigned", &v.ID, map[string]any{"crew": v.Crew, "was": was, "reason": ""})
	if err := casework.SaveVisit(m); err != nil {
		return err
	}
	pause.VisitID = &v.ID
	found, err := othersFor(m, user)
	if err != nil {
		return err
	}
	if found {
		pause.Outcome = "offered"
		due := v.WindowStart.Add(-coolOffSettle)
		if !due.After(tx.Now) {
			due = tx.Now.Add(v.WindowStart.Sub(tx.Now) / 2)
		}
		tx.SetDeadline(domain.DueCoolOff, v.ID, &v.JobID, due)
		if err := casework.NotifyStaff(c, v, "visit.needs_someone", domain.RoleCoordinator, domain.RoleProprietor); err != nil {
			return err
		}
	} else {
		pause.Outcome = "moved"
		if err := moveHonestly(m, user); err != nil {
			return err
		}
	}
	return nil
}

// othersFor reports whether anybody else of the centre can take the place.
func othersFor(m *casework.VisitCase, user domain.ID) (bool, error) {
	users, err := m.Tx.UsersWith(domain.RoleTechnician, &m.Job.CentreID, nil)
	if err != nil {
		return false, err
	}
	slices.SortFunc(users, func(a, b domain.User) int { return slices.Compare(a.ID[:], b.ID[:]) }) // the order of locks
	for i := range users {
		if users[i].ID == user || domain.Has(m.Visit.Crew, users[i].ID) {
			continue
		}
		err := casework.CheckCrew(m.Case, m.Visit, append(slices.Clone(m.Visit.Crew), users[i].ID))
		if err == nil {
			return true, nil
		}
		if !customers.Refusal(err) {
			return false, err
		}
	}
	return false, nil
}

// moveHonestly moves a visit to which nobody can come to the same hours of one
// of the next days, or ends it; the household is told that our technician
// cannot come, and nothing of why.
func moveHonestly(m *casework.VisitCase, user domain.ID) error {
	const words = "our technician cannot come at that time"
	v, loc := m.Visit, m.Site.Location()
	crew := append(slices.Clone([]domain.ID(v.Crew)), user)
	casework.NotifyCustomer(m.Case, v, "visit.moved_ours")
	if m.MayBook(false) == nil {
		for day := 1; day <= coolOffDays; day++ {
			shift := func(t time.Time) string { return t.In(loc).AddDate(0, 0, day).Format(time.RFC3339) }
			in := casework.ScheduleInput{WindowStart: shift(v.WindowStart), WindowEnd: shift(v.WindowEnd), PlannedStart: shift(v.PlannedStart),
				PlannedMinutes: v.PlannedMinutes, Crew: &crew, Reason: words}
			next := &domain.Visit{Meta: domain.NewMeta(m.Tx.NewID(), m.Now), PredecessorID: &v.ID, Sequence: v.Sequence + 1, JobID: v.JobID,
				CustomerID: v.CustomerID}
			if err := in.Times(next, loc, m.Now); err != nil {
				continue
			}
			if err := casework.CheckCrew(m.Case, next, crew); err == nil {
				return casework.Succeed(m, &casework.Call{Actor: domain.System}, next, in)
			} else if !customers.Refusal(err) {
				return err
			}
		}
	}
	if err := casework.CancelVisit(m, domain.System, words, "nobody"); err != nil {
		return err
	}
	return casework.NotifyStaff(m.Case, v, "visit.needs_someone", domain.RoleCoordinator)
}

// CoolOffDue moves a visit that nobody else has taken.
func CoolOffDue(tx *casework.Work, visit domain.ID) error {
	pause, err := tx.CoolOffOfVisit(visit)
	if casework.NotFound(err) || err == nil && pause.Outcome != "offered" {
		return nil
	} else if err != nil {
		return err
	}
	j, v, err := tx.LockVisit(visit)
	if err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	pause.Outcome = "taken"
	if v.Status == domain.VisitScheduled && (len(v.Crew) == 0 || c.PlanPermits(v, v.Crew) != nil) {
		pause.Outcome = "moved"
		if err := moveHonestly(c.On(v), pause.UserID); err != nil {
			return err
		}
	}
	pause.ChangedAt(tx.Now)
	return tx.SaveCoolOff(pause)
}
