package domain

import (
	"context"
	"slices"
	"strings"
	"time"
)

// SickInput frees a technician's day.
type SickInput struct {
	Date string `json:"date"` // in the centre's zone; default: today
	Note string `json:"note"`
}

// FreedDay is what came of it.
type FreedDay struct {
	Leave LeaveView    `json:"leave"`
	Freed JSONList[ID] `json:"freed"` // visits that need somebody now
	Plan  *DayPlan     `json:"plan"`  // who could take them; nil for the technician themselves, whose desk gets it
}

// Head gives id and version of the leave for Location and ETag.
func (f FreedDay) Head() (ID, int64) { return f.Leave.Head() }

// Sick frees the day of a technician who fell ill in one move: leave until
// the day's end, every visit of it that is not at the door yet without them,
// the crew told, and a proposal who could go instead (docs/product.md section 6).
// Their figures are untouched. Himself, coordinator, proprietor, area manager.
// It commits visit by visit; a repeat goes on where it stopped. Errors:
// CodeUnprocessable.
func (s *Service) Sick(ctx context.Context, call *Call, technician ID, in SickInput) (FreedDay, error) {
	a := call.Actor
	if found, err := s.replay(ctx, call); found || err != nil {
		return FreedDay{}, err
	}
	var out FreedDay
	var c *Centre
	var from, to time.Time
	var day []Visit
	err := s.inWork(ctx, nil, func(tx *Work) error {
		now := tx.Now
		u, err := authorizeUser(tx, a, technician)
		if err != nil || u.Role != RoleTechnician || u.CentreID == nil {
			return NotFound("technician")
		}
		if !a.Is(RoleTechnician, RoleCoordinator, RoleProprietor, RoleAreaManager) {
			return Fail(CodeForbidden, "As %s you may not free a technician's day.", roleWords(a.Role))
		}
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return err
		}
		if from, to, err = c.day(in.Date, now); err != nil {
			return err
		}
		if day, err = tx.DayOf(technician, from, to); err != nil {
			return err
		}
		begins := later(from, now)
		leaves, err := tx.LeavesOf(technician, begins, to)
		if err != nil {
			return err
		}
		for _, l := range leaves {
			if !l.StartsAt.After(begins) && !l.EndsAt.Before(to) {
				out.Leave = l.View(a, now) // said before
				return nil
			}
		}
		l := Leave{Meta: newMeta(s.NewID(), now), TechnicianID: technician, StartsAt: begins, EndsAt: to, Kind: LeaveSick,
			Note: strings.TrimSpace(in.Note), RecordedBy: &a.UserID}
		if err := tx.apply(&l, "record"); err != nil {
			return err
		}
		out.Leave = l.View(a, now)
		return tx.InsertLeave(&l)
	})
	if err != nil {
		return out, err
	}
	for i := range day {
		if !has(notYetThere, day[i].Status) || !day[i].PlannedEnd().After(out.Leave.StartsAt) {
			continue
		}
		if err := s.free(ctx, a, day[i].ID, technician); err != nil && !IsCode(err, CodeState) {
			return out, err
		}
	}
	p, err := s.readDay(ctx, c, from, to, s.instant())
	if err != nil {
		return out, err
	}
	only := map[ID]bool{}
	for i := range p.visits {
		if v := &p.visits[i]; p.wants(v) && has(v.EverCrew, technician) && !has(v.Crew, technician) && !v.WindowStart.Before(from) {
			only[v.ID] = true
			out.Freed = append(out.Freed, v.ID)
		}
	}
	plan, err := s.planOf(ctx, Actor{Role: RoleSystem}, c.ID, PlanInput{Date: from.In(c.Location()).Format("2006-01-02")}, only)
	if err != nil {
		return out, err
	}
	return run(ctx, s, call, func(tx *Work) (FreedDay, error) {
		if err := keepPlan(tx, plan, a); err != nil {
			return out, err
		}
		if a.Is(desk...) {
			out.Plan = plan
		}
		return out, notifyOfFreedDay(tx, a, c, plan, len(out.Freed))
	})
}

// free takes one technician out of a visit's crew.
func (s *Service) free(ctx context.Context, a Actor, visit, technician ID) error {
	_, err := s.onVisit(ctx, &Call{Actor: System}, visit, "free", "", func(m *VisitCase) error {
		if !has(m.visit.Crew, technician) {
			return nil
		}
		before := slices.Clone(m.visit.Crew)
		m.setCrew(without(m.visit.Crew, technician))
		if err := waitForCompany(m); err != nil {
			return err
		}
		// Why they do not come is nobody's business in a household's timeline.
		m.entry(a, "visit.freed", &m.visit.ID, map[string]any{"crew": m.visit.Crew, "was": before})
		if err := saveVisit(m); err != nil {
			return err
		}
		return notifyCrewChange(m, before)
	})
	return err
}

// notifyOfFreedDay tells the desk how many visits need somebody, once and not visit
// by visit; whoever freed the day knows it.
func notifyOfFreedDay(tx *Work, a Actor, c *Centre, plan *DayPlan, n int) error {
	if n == 0 {
		return nil
	}
	for _, role := range []Role{RoleProprietor, RoleCoordinator} {
		users, err := tx.UsersWith(role, &c.ID, nil)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(users, func(u User) bool { return u.ID == a.UserID })
		err = notifyOnDuty(tx, users, c, func(u *User) Notice {
			return tx.svc.notice("day.freed", u.Language, tx.Now, tx.Now.Add(24*time.Hour), toUser(u.ID), func(o *Notice) {
				o.Title, o.Body = say("day.freed", u.Language, "")
				o.Title = strings.ReplaceAll(o.Title, "{n}", itoa(n))
				o.Data.V = map[string]string{"plan_id": plan.ID.String(), "date": plan.Date}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
