package safety

import (
	"context"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// cameAnyway keeps the arrival of a technician who is no longer in the crew;
// whoever decides a report of that home about them learns of it at once.
func cameAnyway(ctx context.Context, s *casework.Service, call *casework.Call, id domain.ID, occurredAt string) (domain.VisitView, error) {
	return casework.Run(ctx, s, call, func(tx *casework.Work) (domain.VisitView, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return domain.VisitView{}, err
		}
		a := call.Actor
		if a.Role != domain.RoleTechnician || !a.WasInCrew(v) || a.CentreID != v.CentreID {
			return domain.VisitView{}, domain.NotFound("visit")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return domain.VisitView{}, err
		}
		if err := c.Stamp(call, occurredAt); err != nil {
			return domain.VisitView{}, err
		}
		c.Entry(a, "visit.arrived_anyway", &v.ID, map[string]any{"crew": v.Crew})
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
		return c.View(a, v), nil
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
// and centre are by now; no guard at all:
// on an ended visit the status stays but fact, flag and hold are recorded.
// Errors: CodeNotFound only.
func (s *Service) Stop(ctx context.Context, call *casework.Call, id domain.ID, in StopInput) (Stopped, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (Stopped, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return Stopped{}, err
		}
		if !domain.VisitMoveOf("stop").MayMove(call.Actor, v) {
			return Stopped{}, domain.NotFound("visit")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return Stopped{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			c.Said = casework.At(tx.Now)
		}
		m := c.On(v)
		flags, err := tx.FlagsOfVisit(v.ID)
		if err != nil {
			return Stopped{}, err
		}
		for i := range flags {
			f := &flags[i]
			// The same tap again: everything that it asks for stands, and what it
			// tells beyond the first is added.
			if c.Held != nil && f.Provisional && f.ReportedBy(call.Actor.UserID) && f.Status.Open() {
				if err := notifyOfMoreWords(c, v, f.ID, in); err != nil {
					return Stopped{}, err
				}
				return Stopped{c.View(call.Actor, v), f.ID}, nil
			}
		}
		was := v.Status
		if err := tx.Apply(v, "stop"); err != nil {
			return Stopped{}, err
		}
		if v.Status != was {
			if was == domain.VisitMissed {
				if err := tx.WithdrawNotices(v.ID, "visit.missed", "visit.missed_desk"); err != nil {
					return Stopped{}, err
				}
			}
			v.EndedAt, v.EndReason, v.CountsAgainst, v.ProvisionalTo = domain.Ptr(c.Said.Occurred), "", "nobody", nil
			tx.Disarm(domain.DueMissed, v.ID)
			tx.Disarm(domain.DueHeldCancel, v.ID)
		}
		// The fact names the crew, not who pressed (docs/product.md section 5).
		crew := call.Actor
		crew.Role = domain.RoleSystem
		c.EntryAt(c.Said, crew, "visit.stopped", &v.ID, map[string]any{"crew": v.EverCrew})
		if err := casework.SaveVisit(m); err != nil {
			return Stopped{}, err
		}
		f := &domain.Flag{Kind: "other", Level: 2, Note: in.Note, Provisional: true}
		if in.Kind != "" && validFlagKind(in.Kind) {
			f.Kind = in.Kind
		}
		if in.Level != nil && *in.Level > 2 && *in.Level <= 4 {
			f.Level = *in.Level
		}
		if err := raise(tx, call.Actor, c, v, f, c.Said); err != nil {
			return Stopped{}, err
		}
		// The hold was placed in this very transaction; actions must show it.
		if c.Holds, err = tx.HoldsOver(j, true); err != nil {
			return Stopped{}, err
		}
		return Stopped{domain.VisitView{Visit: *v, Plan: c.Plan, Actions: domain.VisitActions(call.Actor, v, c.Holds, c.Plan, tx.Now)}, f.ID}, nil
	})
}

// notifyOfMoreWords adds to the provisional flag of a stop what a further tap tells:
// words, what it was, a higher level, which its handlers hear of; never a
// lower one.
func notifyOfMoreWords(c *casework.Case, v *domain.Visit, flag domain.ID, in StopInput) error {
	f, err := c.Tx.LockFlag(flag)
	if err != nil {
		return err
	}
	named := f.Kind == "other" && in.Kind != f.Kind && validFlagKind(in.Kind)
	words := in.Note != "" && !strings.Contains(f.Note, in.Note)
	worse := in.Level != nil && *in.Level > f.Level && *in.Level <= 4
	if !f.Provisional || !f.Status.Open() || !named && !words && !worse {
		return nil
	}
	if named {
		f.Kind = in.Kind
	}
	if words {
		f.Note = BoundNote(strings.TrimSpace(f.Note + "\n" + in.Note))
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
	f.ChangedAt(c.Now)
	if err := c.Tx.SaveFlag(f); err != nil {
		return err
	}
	return consequences(c, v, f)
}
