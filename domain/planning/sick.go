package planning

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// SickInput frees a technician's day.
type SickInput struct {
	Date string `json:"date"` // in the centre's zone; default: today
	Note string `json:"note"`
}

// FreedDay is what came of it.
type FreedDay struct {
	Leave domain.LeaveView           `json:"leave"`
	Freed domain.JSONList[domain.ID] `json:"freed"` // visits that need somebody now
	Plan  *domain.DayPlan            `json:"plan"`  // who could take them; nil for the technician themselves, whose desk gets it
}

// Head gives id and version of the leave for Location and ETag.
func (f FreedDay) Head() (domain.ID, int64) { return f.Leave.Head() }

// Sick frees the day of a technician who fell ill in one move: leave until
// the day's end, every visit of it that is not at the door yet without them,
// the crew told, and a proposal who could go instead (docs/product.md section 6).
// Their figures are untouched. By themselves, or by coordinator, proprietor, area manager.
// It commits visit by visit; a repeat goes on where it stopped. Errors:
// CodeUnprocessable.
func (s *Service) Sick(ctx context.Context, call *casework.Call, technician domain.ID, in SickInput) (FreedDay, error) {
	a := call.Actor
	if found, err := s.Replay(ctx, call); found || err != nil {
		return FreedDay{}, err
	}
	var out FreedDay
	var c *domain.Centre
	var from, to time.Time
	var day []domain.Visit
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		now := tx.Now
		u, err := casework.AuthorizeUser(tx, a, technician)
		if err != nil || u.Role != domain.RoleTechnician || u.CentreID == nil {
			return domain.NotFound("technician")
		}
		if !a.Is(domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not free a technician's day.", domain.RoleWords(a.Role))
		}
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return err
		}
		if from, to, err = c.Day(in.Date, now); err != nil {
			return err
		}
		if day, err = tx.DayOf(technician, from, to); err != nil {
			return err
		}
		begins := casework.Later(from, now)
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
		l := domain.Leave{Meta: domain.NewMeta(s.NewID(), now), TechnicianID: technician, StartsAt: begins, EndsAt: to, Kind: domain.LeaveSick,
			Note: strings.TrimSpace(in.Note), RecordedBy: &a.UserID}
		if err := tx.Apply(&l, "record"); err != nil {
			return err
		}
		out.Leave = l.View(a, now)
		return tx.InsertLeave(&l)
	})
	if err != nil {
		return out, err
	}
	for i := range day {
		if !domain.Has(domain.NotYetThere, day[i].Status) || !day[i].PlannedEnd().After(out.Leave.StartsAt) {
			continue
		}
		if err := s.free(ctx, a, day[i].ID, technician); err != nil && !domain.IsCode(err, domain.CodeState) {
			return out, err
		}
	}
	p, err := s.readDay(ctx, c, from, to, s.Instant())
	if err != nil {
		return out, err
	}
	only := map[domain.ID]bool{}
	for i := range p.Visits {
		if v := &p.Visits[i]; p.wants(v) && domain.Has(v.EverCrew, technician) && !domain.Has(v.Crew, technician) && !v.WindowStart.Before(from) {
			only[v.ID] = true
			out.Freed = append(out.Freed, v.ID)
		}
	}
	plan, err := s.planOf(ctx, domain.Actor{Role: domain.RoleSystem}, c.ID, PlanInput{Date: from.In(c.Location()).Format("2006-01-02")}, only)
	if err != nil {
		return out, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (FreedDay, error) {
		if err := keepPlan(tx, plan, a); err != nil {
			return out, err
		}
		if a.Is(domain.Desk...) {
			out.Plan = plan
		}
		return out, notifyOfFreedDay(tx, a, c, plan, len(out.Freed))
	})
}

// free takes one technician out of a visit's crew.
func (s *Service) free(ctx context.Context, a domain.Actor, visit, technician domain.ID) error {
	_, err := s.OnVisit(ctx, &casework.Call{Actor: domain.System, Bulk: true}, visit, "free", "", func(m *casework.VisitCase) error {
		if !domain.Has(m.Visit.Crew, technician) {
			return nil
		}
		before := slices.Clone(m.Visit.Crew)
		m.SetCrew(domain.Without(m.Visit.Crew, technician))
		if err := casework.WaitForCompany(m); err != nil {
			return err
		}
		// Why they do not come is nobody's business in a household's timeline.
		m.Entry(a, "visit.freed", &m.Visit.ID, map[string]any{"crew": m.Visit.Crew, "was": before})
		if err := casework.SaveVisit(m); err != nil {
			return err
		}
		return casework.NotifyCrewChange(m, before)
	})
	return err
}

// notifyOfFreedDay tells the desk how many visits need somebody, once and not visit
// by visit; whoever freed the day knows it.
func notifyOfFreedDay(tx *casework.Work, a domain.Actor, c *domain.Centre, plan *domain.DayPlan, n int) error {
	if n == 0 {
		return nil
	}
	for _, role := range []domain.Role{domain.RoleProprietor, domain.RoleCoordinator} {
		users, err := tx.UsersWith(role, &c.ID, nil)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(users, func(u domain.User) bool { return u.ID == a.UserID })
		err = casework.NotifyOnDuty(tx, users, c, func(u *domain.User) domain.Notice {
			return casework.NewNotice(tx.Svc, "day.freed", u.Language, tx.Now, tx.Now.Add(24*time.Hour), casework.ToUser(u.ID),
				func(o *domain.Notice) {
					o.Title, o.Body = domain.Say("day.freed", u.Language, "")
					o.Title = strings.ReplaceAll(o.Title, "{n}", strconv.Itoa(n))
					o.Data.V = map[string]string{"plan_id": plan.ID.String(), "date": plan.Date}
				})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
