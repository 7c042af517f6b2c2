package safety

import (
	"context"
	"slices"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// cameAnyway keeps the arrival of a technician who is no longer in the crew, once;
// whoever decides a report of that home about them learns of it at once.
func cameAnyway(ctx context.Context, s *casework.Service, call *casework.Call, id domain.ID,
	in casework.MoveInput) (domain.VisitView, error) {
	return casework.Run(ctx, s, call, func(tx *casework.Work) (domain.VisitView, error) {
		m, err := casework.OpenVisit(tx, id)
		if err != nil {
			return domain.VisitView{}, err
		}
		a, c, v := call.Actor, m.Case, m.Visit
		if a.Role != domain.RoleTechnician || !a.WasInCrew(v) || a.CentreID != v.CentreID {
			return domain.VisitView{}, domain.NotFound("visit")
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.VisitView{}, err
		}
		before, err := tx.EntriesOfKind(m.Job.ID, "visit.arrived_anyway")
		if err != nil {
			return domain.VisitView{}, err
		}
		if !slices.ContainsFunc(before, func(e domain.Entry) bool {
			return domain.Same(e.VisitID, &v.ID) && domain.Same(e.ActorID, &a.UserID)
		}) {
			c.Entry(a, "visit.arrived_anyway", &v.ID, map[string]any{"crew": v.Crew, "note": in.Note})
		}
		reports, err := tx.FlagsOfCustomer(c.Customer.ID)
		if err != nil {
			return domain.VisitView{}, err
		}
		for i := range reports {
			if f := &reports[i]; !f.Status.Open() || !f.About(a.UserID) || f.CameAt != nil {
				continue
			}
			f, err := tx.LockFlag(reports[i].ID)
			if err != nil {
				return domain.VisitView{}, err
			}
			f.CameAt = &c.Said.Occurred
			f.ChangedAt(tx.Now)
			if err := tx.SaveFlag(f); err != nil {
				return domain.VisitView{}, err
			}
			if err := notifyHandlers(tx, f, "flag.triage"); err != nil {
				return domain.VisitView{}, err
			}
		}
		return c.View(a, v).To(a), nil
	})
}

// StopInput is all that stop may say; everything is optional and what cannot
// be read is ignored.
type StopInput struct {
	OccurredAt string
	Note       string
	Kind       string
	Level      *int
}

// Stopped is the answer to stop: the visit, and the provisional flag that the
// reporter completes when safe.
type Stopped struct {
	domain.VisitView
	FlagID domain.ID `json:"flag_id"`
}

// Stop ends a visit as unsafe. Whoever was ever in the crew, whatever their role
// and centre are by now; no guard at all: on an ended visit the status stays but
// entry, report and hold are recorded. Who holds the job keeps nobody waiting for
// longer than StopWait: then the stop is received and carried out later. Errors:
// CodeNotFound, and CodeUnavailable where the database takes no writes.
func (s *Service) Stop(ctx context.Context, call *casework.Call, id domain.ID, in StopInput) (Stopped, error) {
	report := s.NewID()
	soon, cancel := context.WithTimeout(ctx, s.StopWait)
	defer cancel()
	out, err := casework.Run(soon, s.Service, call, func(tx *casework.Work) (Stopped, error) {
		m, err := casework.OpenVisit(tx, id)
		if err != nil {
			return Stopped{}, err
		}
		if !domain.VisitMoveOf("stop").MayMove(call.Actor, m.Visit) {
			return Stopped{}, domain.NotFound("visit")
		}
		if err := m.Stamp(call, in.OccurredAt); err != nil {
			m.Said = casework.At(tx.Now)
		}
		flag, err := stop(m, call.Actor, report, in)
		if err != nil {
			return Stopped{}, err
		}
		return Stopped{m.View(call.Actor, m.Visit).To(call.Actor), flag}, nil
	})
	if domain.IsCode(err, domain.CodeUnavailable) && ctx.Err() == nil && !call.DryRun {
		return s.receiveStop(ctx, call, id, report, in)
	}
	return out, err
}

// stop is what a stop does under the job's lock; it gives the report that it
// became, or was before.
func stop(m *casework.VisitCase, a domain.Actor, report domain.ID, in StopInput) (domain.ID, error) {
	c, v, tx := m.Case, m.Visit, m.Tx
	flags, err := tx.FlagsOfVisit(v.ID)
	if err != nil {
		return report, err
	}
	held := slices.ContainsFunc(c.Holds, func(h domain.Hold) bool {
		return h.Kind == domain.HoldSafety && h.LiftedAt == nil && !h.Pending() // which waits for this very stop
	})
	for i := range flags {
		f := &flags[i]
		// The same tap again: everything that it asks for stands, and what it
		// tells beyond the first is added.
		if held && f.Provisional && f.ReportedBy(a.UserID) && f.Status.Open() {
			return f.ID, notifyOfMoreWords(c, v, f.ID, in)
		}
	}
	was := v.Status
	if was != domain.VisitMissed || v.Overturnable(c.Now) { // else that it was missed stands
		if err := tx.Apply(v, "stop"); err != nil {
			return report, err
		}
	}
	if v.Status != was {
		if was == domain.VisitMissed {
			if err := tx.WithdrawNotices(v.ID, "visit.missed", "visit.missed_desk"); err != nil {
				return report, err
			}
			v.EndReason = domain.StoppedAfterMissed
		} else if v.EndReason = ""; c.Said.Occurred.Before(v.DayOpens(c.Site.Location())) {
			v.EndReason = domain.StoppedAhead
		} else if was == domain.VisitScheduled && !v.SetOut() {
			v.EndReason = domain.StoppedAtHome
		}
		if was != domain.VisitMissed || !c.Said.Occurred.After(v.WindowEnd.Add(domain.MissedAfter)) { // else nobody came in time
			v.CountsAgainst = "nobody"
		}
		v.EndedAt, v.ProvisionalTo = domain.Ptr(c.Said.Occurred), nil
		tx.Disarm(domain.DueMissed, v.ID)
		tx.Disarm(domain.DueHeldCancel, v.ID)
	}
	// The entry names the crew, not who pressed (docs/product.md section 5).
	crew := a
	crew.Role = domain.RoleSystem
	c.EntryAt(c.Said, crew, "visit.stopped", &v.ID, map[string]any{"crew": v.EverCrew})
	if err := casework.SaveVisit(m); err != nil {
		return report, err
	}
	f := &domain.Flag{Meta: domain.Meta{ID: report}, Kind: in.kind(), Level: 2, Note: in.Note, Provisional: true}
	if in.Level != nil && *in.Level > 2 && *in.Level <= 4 {
		f.Level = *in.Level
	}
	if err := raise(tx, a, c, v, f, c.Said); err != nil {
		return report, err
	}
	// The hold was placed in this very transaction; actions must show it.
	c.Holds, err = tx.HoldsOver(c.Job, true)
	return report, err
}

// kind is what the tap says it was, where that can be read.
func (in *StopInput) kind() string {
	if in.Kind == domain.WrongWordKind || validFlagKind(in.Kind) {
		return in.Kind
	}
	return "other"
}

// receiveStop commits a stop without the job's lock: what was said, and a hold
// over the household. The rest waits for the lock, nobody else does; SQLite has one
// writer, and there this waits for it too.
func (s *Service) receiveStop(ctx context.Context, call *casework.Call, id, report domain.ID, in StopInput) (Stopped, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (Stopped, error) {
		a := call.Actor
		v, err := tx.Visit(id)
		if err != nil {
			return Stopped{}, err
		}
		if !domain.VisitMoveOf("stop").MayMove(a, v) {
			return Stopped{}, domain.NotFound("visit")
		}
		j, err := tx.Job(v.JobID)
		if err != nil {
			return Stopped{}, err
		}
		c, err := casework.OpenCase(tx, j) // to read from; nothing of it is saved
		if err != nil {
			return Stopped{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			c.Said = casework.At(tx.Now)
		}
		r := &domain.ReceivedStop{ID: tx.NewID(), FlagID: report, VisitID: v.ID, JobID: j.ID, UserID: a.UserID, Kind: in.kind(), Note: in.Note,
			OccurredAt: c.Said.Occurred, ClaimedAt: c.Said.Claimed, ReceivedAt: tx.Now}
		if in.Level != nil {
			r.Level = *in.Level
		}
		stands, err := earlierStop(c, r)
		if err != nil {
			return Stopped{}, err
		}
		if err := tx.InsertReceivedStop(r); err != nil {
			return Stopped{}, err
		}
		tx.SetDeadline(domain.DueStop, r.ID, &j.ID, tx.Now)
		if !stands {
			h := safetyHold(c, r.Kind, a.UserID)
			h.ID, h.StoppedVisitID = r.FlagID, &v.ID
			if err := tx.Apply(h, "place"); err != nil {
				return Stopped{}, err
			}
			if err := tx.InsertHold(h); err != nil {
				return Stopped{}, err
			}
			c.Holds = append(c.Holds, *h)
		}
		return Stopped{c.View(a, v).To(a), r.FlagID}, nil
	})
}

// earlierStop gives a stop the report of an earlier one of the same person, if
// there is one whose hold stands; after a release it is a report of its own.
func earlierStop(c *casework.Case, r *domain.ReceivedStop) (stands bool, err error) {
	if c.Held == nil {
		return false, nil
	}
	tx := c.Tx
	flags, err := tx.FlagsOfVisit(r.VisitID)
	if err != nil {
		return false, err
	}
	for i := range flags {
		if f := &flags[i]; f.Provisional && f.ReportedBy(r.UserID) && f.Status.Open() {
			r.FlagID = f.ID
			return true, nil
		}
	}
	received, err := tx.ReceivedStops(r.VisitID)
	for i := range received {
		if received[i].UserID == r.UserID {
			r.FlagID = received[i].FlagID
			return true, err
		}
	}
	return false, err
}

// StopDue carries out a stop that was received, unless somebody was faster.
func StopDue(tx *casework.Work, id domain.ID) error {
	r, err := tx.ReceivedStop(id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	m, err := casework.OpenVisit(tx, r.VisitID)
	if err != nil {
		return err
	}
	_, err = stopReceived(m.Case, r.VisitID) // what came while a report of it stood has no hold of its own
	return err
}

// stopReceived carries out what was received as stops of a visit, in the order in
// which it came, and reports whether it is a visit of the case.
func stopReceived(c *casework.Case, visit domain.ID) (bool, error) {
	received, err := c.Tx.ReceivedStops(visit)
	if err != nil || len(received) == 0 || received[0].JobID != c.Job.ID {
		return false, err
	}
	v, err := c.Tx.Visit(visit)
	if err != nil {
		return false, err
	}
	said := c.Said
	defer func() { c.Said = said }()
	for i := range received {
		r := &received[i]
		u, err := c.Tx.User(r.UserID)
		if err != nil {
			return false, err
		}
		if err := c.Tx.DeleteReceivedStop(r.ID); err != nil {
			return false, err
		}
		c.Said = casework.EntryTime{Occurred: r.OccurredAt, Claimed: r.ClaimedAt, Recorded: r.ReceivedAt}
		in := StopInput{Note: r.Note, Kind: r.Kind, Level: &r.Level}
		report, err := stop(c.On(v), domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role}, r.FlagID, in)
		if err != nil {
			return false, err
		}
		if err := adopt(c, r.FlagID, report); err != nil {
			return false, err
		}
	}
	return true, nil
}

// adopt gives the hold of a received stop to the report that the stop was already:
// the try that was given up had come through all the same.
func adopt(c *casework.Case, hold, report domain.ID) error {
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.ID != hold || !h.Pending() {
			continue
		}
		h.StoppedVisitID, h.FlagID = nil, &report
		c.Tx.SetDeadline(domain.DueHold, h.ID, &c.Job.ID, *h.DueAt)
		return c.Tx.SaveHold(h)
	}
	return nil
}

// notifyOfMoreWords adds to the provisional flag of a stop what a further tap tells:
// words, what it was, a higher level, which its handlers hear of; never a
// lower one.
func notifyOfMoreWords(c *casework.Case, v *domain.Visit, flag domain.ID, in StopInput) error {
	f, err := c.Tx.LockFlag(flag)
	if err != nil {
		return err
	}
	named := domain.Has([]string{"other", domain.WrongWordKind}, f.Kind) && in.Kind != f.Kind && validFlagKind(in.Kind)
	words := in.Note != "" && !strings.Contains(f.Note, in.Note)
	worse := in.Level != nil && *in.Level > f.Level && *in.Level <= 4
	if !f.Provisional || !f.Status.Open() || !named && !words && !worse {
		return nil
	}
	if named {
		f.Kind = in.Kind
	}
	if words {
		f.Note = domain.BoundNote(strings.TrimSpace(f.Note + "\n" + in.Note))
	}
	if worse {
		f.Level = *in.Level
		if f.Status == domain.FlagReported {
			f.TriageDueAt = earlier(f.TriageDueAt, c.Now.Add(triageTime(f.Level)))
			f.DueAt = domain.Ptr(f.TriageDueAt)
			armFlag(c.Tx, f)
		}
		if err := notifyHandlers(c.Tx, f, "flag.triage"); err != nil {
			return err
		}
	}
	if err := askReporter(c.Tx, f); err != nil {
		return err
	}
	f.ChangedAt(c.Now)
	if err := c.Tx.SaveFlag(f); err != nil {
		return err
	}
	return consequences(c, v, f)
}
