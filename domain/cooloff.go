package domain

import (
	"context"
	"slices"
	"time"
)

const coolOffWithin = 72 * time.Hour // after the report

const coolOffAhead = 24 * time.Hour // the next visit in this time is given away

const coolOffSettle = 2 * time.Hour // before the window: then nobody else is found

const coolOffDays = 7 // ahead, in which another time is looked for

// CoolOff is the answer of somebody who was harmed to a pause that they were
// offered. It counts against nobody and stays payable (docs/product.md section 5).
type CoolOff struct {
	Meta
	FlagID   ID     `json:"flag_id"`
	UserID   ID     `json:"user_id"`
	Accepted bool   `json:"accepted"`
	VisitID  *ID    `json:"visit_id"` // the one that is not theirs now
	Outcome  string `json:"outcome"`  // declined, nothing_ahead, offered, moved, taken
}

// CoolOffInput answers the offer.
type CoolOffInput struct {
	Accept     *bool  `json:"accept"`
	OccurredAt string `json:"occurred_at"`
}

// offerBreak puts the offer into the technician's inbox; it rings nobody.
func offerBreak(tx *Work, f *Flag, u *User) error {
	if u.Role == RoleTechnician {
		tx.Enqueue(tx.svc.notice("break.offered", u.Language, tx.Now, f.RecordedAt.Add(coolOffWithin), toUser(u.ID),
			func(n *Notice) { n.State = "done" }))
	}
	return nil
}

// checkCoolOff refuses the pause to whom it is not offered.
func (a Actor) checkCoolOff(f *Flag, now time.Time) error {
	switch {
	case !f.reportedBy(a.UserID) || a.Role != RoleTechnician:
		return Fail(CodeForbidden, "The pause is offered to the technician who reported.")
	case f.Level < aftercareLevel || !now.Before(f.RecordedAt.Add(coolOffWithin)):
		return Fail(CodeState, "No pause is offered for this report now.")
	}
	return nil
}

// coolOffTaken reports whether the pause of a report was taken, where that
// matters to the actor.
func coolOffTaken(tx SafetyTx, a Actor, f *Flag) (bool, error) {
	if !f.reportedBy(a.UserID) {
		return false, nil
	}
	c, err := tx.CoolOffOf(f.ID)
	if notFound(err) {
		return false, nil
	}
	return err == nil && c.Accepted, err
}

// ShowFlags shows reports to an actor who sees all of them, with what they may
// do.
func (s *Service) ShowFlags(ctx context.Context, a Actor, flags ...*Flag) ([]FlagView, error) {
	var ids []ID
	for _, f := range flags {
		if f.reportedBy(a.UserID) {
			ids = append(ids, f.ID)
		}
	}
	taken, err := s.Read.CoolOffsTaken(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]FlagView, len(flags))
	for i, f := range flags {
		out[i] = NewFlagView(a, f, s.instant(), has(taken, f.ID))
	}
	return out, nil
}

// AnswerCoolOff takes the pause, or not. The technician who reported at level
// 2 and above, within three days. Their next visit of the day ahead is offered
// to others, or moved with an honest message where nobody else can come.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) AnswerCoolOff(ctx context.Context, call *Call, flag ID, in CoolOffInput) (CoolOff, error) {
	return run(ctx, s, call, func(tx *Work) (CoolOff, error) {
		a := call.Actor
		f, err := tx.LockFlag(flag)
		if err != nil {
			return CoolOff{}, err
		}
		all, brief := a.SeesFlag(f)
		if !all && !brief {
			return CoolOff{}, NotFound("flag")
		}
		if err := a.checkCoolOff(f, tx.Now); err != nil {
			return CoolOff{}, err
		}
		if in.Accept == nil {
			return CoolOff{}, Fail(CodeUnprocessable, "Take the pause, or not.").At("/accept", "true or false")
		}
		c, err := tx.CoolOffOf(f.ID)
		fresh := notFound(err)
		switch {
		case fresh:
			c = &CoolOff{Meta: newMeta(s.NewID(), tx.Now), FlagID: f.ID, UserID: a.UserID, Outcome: "declined"}
		case err != nil:
			return CoolOff{}, err
		case c.Accepted:
			if *in.Accept {
				return *c, nil
			}
			return CoolOff{}, Fail(CodeState, "You have taken the pause already; your desk can give the visit back to you.")
		}
		if *in.Accept {
			c.Accepted = true
			if err := freeNext(tx, a.UserID, c); err != nil {
				return CoolOff{}, err
			}
		}
		if fresh {
			return *c, tx.InsertCoolOff(c)
		}
		c.changedAt(tx.Now)
		return *c, tx.SaveCoolOff(c)
	})
}

// freeNext takes a technician's next visit out of their diary.
func freeNext(tx *Work, user ID, c *CoolOff) error {
	c.Outcome = "nothing_ahead"
	diary, err := tx.BusyBetween(user, tx.Now, tx.Now.Add(coolOffAhead))
	if err != nil {
		return err
	}
	next := slices.IndexFunc(diary, func(v Visit) bool { return v.Status == VisitScheduled })
	if next < 0 {
		return nil
	}
	j, v, err := tx.LockVisit(diary[next].ID)
	if err != nil {
		return err
	}
	if v.Status != VisitScheduled || !has(v.Crew, user) {
		return nil
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	m := d.on(v)
	was := slices.Clone(v.Crew)
	m.setCrew(without(v.Crew, user))
	// The fact is the clock's: it names neither who gave it away nor why.
	d.entry(System, "visit.assigned", &v.ID, map[string]any{"crew": v.Crew, "was": was, "reason": ""})
	if err := saveVisit(m); err != nil {
		return err
	}
	c.VisitID = &v.ID
	found, err := othersFor(m, user)
	if err != nil {
		return err
	}
	if found {
		c.Outcome = "offered"
		due := v.WindowStart.Add(-coolOffSettle)
		if !due.After(tx.Now) {
			due = tx.Now.Add(v.WindowStart.Sub(tx.Now) / 2)
		}
		tx.setDeadline(DueCoolOff, v.ID, &v.JobID, due)
		if err := notifyStaff(d, v, "visit.needs_someone", RoleCoordinator, RoleProprietor); err != nil {
			return err
		}
	} else {
		c.Outcome = "moved"
		if err := moveHonestly(m, user); err != nil {
			return err
		}
	}
	return nil
}

// othersFor reports whether anybody else of the centre can take the place.
func othersFor(m *VisitCase, user ID) (bool, error) {
	users, err := m.tx.UsersWith(RoleTechnician, &m.job.CentreID, nil)
	if err != nil {
		return false, err
	}
	slices.SortFunc(users, func(a, b User) int { return slices.Compare(a.ID[:], b.ID[:]) }) // the order of locks
	for i := range users {
		if users[i].ID == user || has(m.visit.Crew, users[i].ID) {
			continue
		}
		err := checkCrew(m.Case, m.visit, append(slices.Clone(m.visit.Crew), users[i].ID))
		if err == nil {
			return true, nil
		}
		if !refusal(err) {
			return false, err
		}
	}
	return false, nil
}

// refusal reports whether an error is a rule's no, and not a defect.
func refusal(err error) bool {
	for _, c := range []Code{CodeUnprocessable, CodeExcluded, CodeSkill, CodeHours, CodeOverlap, CodeTooFar, CodeCapacity, CodePlan,
		CodeOnHold} {
		if IsCode(err, c) {
			return true
		}
	}
	return false
}

// moveHonestly moves a visit to which nobody can come to the same hours of one
// of the next days, or ends it; the household is told that our technician
// cannot come, and nothing of why.
func moveHonestly(m *VisitCase, user ID) error {
	const words = "our technician cannot come at that time"
	v, loc := m.visit, m.site.Location()
	crew := append(slices.Clone([]ID(v.Crew)), user)
	notifyCustomer(m.Case, v, "visit.moved_ours")
	if m.mayBook(false) == nil {
		for day := 1; day <= coolOffDays; day++ {
			shift := func(t time.Time) string { return t.In(loc).AddDate(0, 0, day).Format(time.RFC3339) }
			in := ScheduleInput{WindowStart: shift(v.WindowStart), WindowEnd: shift(v.WindowEnd), PlannedStart: shift(v.PlannedStart),
				PlannedMinutes: v.PlannedMinutes, Crew: &crew, Reason: words}
			next := &Visit{Meta: newMeta(m.tx.NewID(), m.now), PredecessorID: &v.ID, Sequence: v.Sequence + 1, JobID: v.JobID,
				CustomerID: v.CustomerID}
			if err := in.times(next, loc, m.now); err != nil {
				continue
			}
			if err := checkCrew(m.Case, next, crew); err == nil {
				return succeed(m, &Call{Actor: System}, next, in)
			} else if !refusal(err) {
				return err
			}
		}
	}
	if err := cancelVisit(m, System, words, "nobody"); err != nil {
		return err
	}
	return notifyStaff(m.Case, v, "visit.needs_someone", RoleCoordinator)
}

// coolOffDue moves a visit that nobody else has taken.
func coolOffDue(tx *Work, visit ID) error {
	c, err := tx.CoolOffOfVisit(visit)
	if notFound(err) || err == nil && c.Outcome != "offered" {
		return nil
	} else if err != nil {
		return err
	}
	j, v, err := tx.LockVisit(visit)
	if err != nil {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	c.Outcome = "taken"
	if v.Status == VisitScheduled && (len(v.Crew) == 0 || d.planPermits(v, v.Crew) != nil) {
		c.Outcome = "moved"
		if err := moveHonestly(d.on(v), c.UserID); err != nil {
			return err
		}
	}
	c.changedAt(tx.Now)
	return tx.SaveCoolOff(c)
}
