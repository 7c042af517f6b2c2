package planning

import (
	"context"
	"errors"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

const (
	dayPlanLife = time.Hour
	planSeconds = 3         // of a processor at most, about
	planWork    = 2_000_000 // stops looked at in such a second; fixed, so that the same request gives the same plan
	planRounds  = 50_000    // of the search in such a second, at most
	planMost    = 1000      // visits of a day
)

// PlanInput asks for a plan of a day.
type PlanInput struct {
	Date    string `json:"date"`    // in the centre's zone
	Seconds int    `json:"seconds"` // how long to search, 1 to 3; default 1
}

// PlanDay proposes technicians and order for the visits of a day that have
// nobody, or one of the two whom their plan asks for; visits with their crew
// stay as they are, and a planned start moves only inside its window, which is
// what a household agreed to. Coordinator,
// proprietor, area manager. Errors: CodeUnprocessable.
func (s *Service) PlanDay(ctx context.Context, call *casework.Call, centre domain.ID, in PlanInput) (domain.DayPlan, error) {
	if found, err := s.Replay(ctx, call); found || err != nil {
		return domain.DayPlan{}, err
	}
	plan, err := s.planOf(ctx, call.Actor, centre, in, nil)
	if err != nil {
		return domain.DayPlan{}, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.DayPlan, error) {
		return *plan, keepPlan(tx, plan, call.Actor)
	})
}

func keepPlan(tx *casework.Work, plan *domain.DayPlan, a domain.Actor) error {
	plan.Meta, plan.ExpiresAt, plan.CreatedBy = domain.NewMeta(tx.NewID(), tx.Now), tx.Now.Add(dayPlanLife), a.UserID
	return tx.InsertDayPlan(plan)
}

// planOf reads a day and solves it, outside of any transaction; only, when
// given, names the visits to place.
func (s *Service) planOf(ctx context.Context, a domain.Actor, centre domain.ID, in PlanInput,
	only map[domain.ID]bool) (*domain.DayPlan, error) {
	c, err := s.Read.Centre(ctx, a.Scope(), centre)
	if err != nil {
		return nil, err
	}
	if only == nil && !a.Is(domain.Desk...) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not plan a centre's day.", domain.RoleWords(a.Role))
	}
	now := s.Instant()
	from, to, err := c.Day(in.Date, now)
	if err != nil {
		return nil, err
	}
	if in.Seconds == 0 {
		in.Seconds = 1
	}
	if in.Seconds < 1 || in.Seconds > planSeconds {
		return nil, domain.Fail(domain.CodeUnprocessable, "The search lasts 1 to 3 seconds.").At("/seconds", "1 to 3")
	}
	p, err := s.readDay(ctx, c, from, to, now)
	if err != nil {
		return nil, err
	}
	p.Only = only
	learnDay(ctx, s.Service, p)
	s.searching.Lock()
	defer s.searching.Unlock()
	plan := s.propose(p, func(stops int) func(int) float64 {
		rounds := float64(in.Seconds * min(planRounds, planWork/(stops+10)))
		return func(round int) float64 {
			if ctx.Err() != nil {
				return 1
			}
			return float64(round) / rounds
		}
	})
	if ctx.Err() != nil {
		return nil, domain.Fail(domain.CodeUnavailable, "The search was not finished in time.")
	}
	return plan, nil
}

// readDay reads what a plan of a centre's day is made of.
func (s *Service) readDay(ctx context.Context, c *domain.Centre, from, to, now time.Time) (*planDay, error) {
	p := &planDay{Centre: c, From: from, To: to, Now: now}
	scope := domain.Scope{CentreID: c.ID}
	early := from.Add(-12 * time.Hour) // a window is that long at most
	f := domain.VisitFilter{CentreID: &c.ID, From: &early, To: &to, Status: []domain.VisitStatus{domain.VisitScheduled, domain.VisitEnRoute,
		domain.VisitArrived,
		domain.VisitInProgress}}
	var err error
	if p.Visits, err = s.Read.Visits(ctx, scope, f, domain.Page{Limit: planMost}); err != nil {
		return nil, err
	}
	people, err := s.Read.Users(ctx, scope, domain.UserFilter{Role: domain.RoleTechnician, CentreID: &c.ID}, domain.Page{Limit: planMost})
	if err != nil {
		return nil, err
	}
	ids := []domain.ID{}
	for i := range people {
		if !people[i].Disabled {
			p.Technicians, ids = append(p.Technicians, people[i]), append(ids, people[i].ID)
		}
	}
	if p.Open, p.Plans, err = s.Read.HoldsOfVisits(ctx, p.Visits); err != nil {
		return nil, err
	}
	if casework.AnyBounded(p.Technicians) {
		if p.Taken, err = s.Read.Taken(ctx, scope, c.ID, from, to, now); err != nil {
			return nil, err
		}
	}
	p.Around, err = s.Read.DayAround(ctx, scope, p.Visits, ids, from.Add(-domain.DiaryReach), to.Add(domain.DiaryReach), now)
	return p, err
}

// AcceptInput names the visits of a plan to accept; all when absent.
type AcceptInput struct {
	VisitIDs *[]domain.ID `json:"visit_ids"`
}

// AcceptedPlan tells what became of each visit.
type AcceptedPlan struct {
	PlanID   domain.ID                     `json:"plan_id"`
	Accepted domain.JSONList[domain.ID]    `json:"accepted"`
	Refused  domain.JSONList[RefusedVisit] `json:"refused"`
}

// RefusedVisit is a visit whose world has changed since the plan was made.
type RefusedVisit struct {
	VisitID domain.ID `json:"visit_id"`
	Code    string    `json:"code"`
	Reason  string    `json:"reason"`
}

// DayPlan reads a plan. Coordinator, proprietor, area manager.
func (s *Service) DayPlan(ctx context.Context, a domain.Actor, id domain.ID) (domain.DayPlan, error) {
	if !a.Is(domain.Desk...) {
		return domain.DayPlan{}, domain.NotFound("plan")
	}
	p, err := s.Read.DayPlan(ctx, a.Scope(), id)
	if err != nil {
		return domain.DayPlan{}, err
	}
	return *p, nil
}

// AcceptPlan assigns as a plan proposed, whole or in part, each visit by the
// rules of an assignment and in a transaction of its own: what the world has
// overtaken is answered as refused with its reason. Coordinator, proprietor,
// area manager. Errors: CodeState when the plan is older than an hour,
// CodeUnprocessable.
func (s *Service) AcceptPlan(ctx context.Context, call *casework.Call, id domain.ID, in AcceptInput) (AcceptedPlan, error) {
	if found, err := s.Replay(ctx, call); found || err != nil {
		return AcceptedPlan{}, err
	}
	out := AcceptedPlan{PlanID: id, Accepted: domain.JSONList[domain.ID]{}, Refused: domain.JSONList[RefusedVisit]{}}
	var plan *domain.DayPlan
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if plan, err = tx.LockDayPlan(id); err != nil {
			return err
		}
		if err := call.Actor.SeesPlan(plan); err != nil {
			return err
		}
		if !s.Instant().Before(plan.ExpiresAt) {
			return domain.Fail(domain.CodeState, "This plan is older than an hour; ask for a new one.")
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	if in.VisitIDs != nil {
		for _, want := range *in.VisitIDs {
			if !slices.ContainsFunc(plan.Visits, func(v domain.PlannedVisit) bool { return v.VisitID == want }) {
				return out, domain.Fail(domain.CodeUnprocessable, "The plan does not propose anybody for this visit.").
					At("/visit_ids", "visits of the plan")
			}
		}
	}
	asked := map[domain.ID]bool{}
	for i := range plan.Visits {
		v := &plan.Visits[i]
		if asked[v.VisitID] || in.VisitIDs != nil && !domain.Has(*in.VisitIDs, v.VisitID) {
			continue
		}
		asked[v.VisitID] = true
		if len(v.Crew) == 0 { // a row of a version that did not name it
			v.Crew = domain.JSONList[domain.ID]{v.TechnicianID}
		}
		err := s.assignPlanned(ctx, call.Actor, v, domain.Has(plan.Accepted, v.VisitID))
		var e *domain.Error
		switch {
		case err == nil:
			out.Accepted = append(out.Accepted, v.VisitID)
		case errors.As(err, &e) && (e.Kind == domain.KindConflict || e.Kind == domain.KindUnprocessable || e.Kind == domain.KindForbidden ||
			e.Kind == domain.KindNotFound):
			out.Refused = append(out.Refused, RefusedVisit{v.VisitID, string(e.Code), e.Message})
		default:
			return out, err
		}
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (AcceptedPlan, error) {
		plan, err := tx.LockDayPlan(id)
		if err != nil {
			return out, err
		}
		for _, v := range out.Accepted {
			if !domain.Has(plan.Accepted, v) {
				plan.Accepted = append(plan.Accepted, v)
			}
		}
		plan.ChangedAt(tx.Now)
		return out, tx.SaveDayPlan(plan)
	})
}

// assignPlanned makes one proposed assignment; what was made already stands.
func (s *Service) assignPlanned(ctx context.Context, a domain.Actor, p *domain.PlannedVisit, accepted bool) error {
	_, err := s.OnVisit(ctx, &casework.Call{Actor: a, Bulk: true}, p.VisitID, "assign", "", func(m *casework.VisitCase) error {
		if casework.SameCrew(m.Visit.Crew, p.Crew) && m.Visit.PlannedStart.Equal(p.PlannedStart) {
			return nil
		}
		if slices.ContainsFunc(m.Visit.Crew, func(id domain.ID) bool { return !domain.Has(p.Crew, id) }) || len(m.Visit.Crew) >= len(p.Crew) {
			return domain.Fail(domain.CodeState, "Somebody has been assigned to it meanwhile.")
		}
		if accepted {
			return domain.Fail(domain.CodeState, "This was accepted before, and the visit has been changed since.")
		}
		return casework.AssignAt(m, a, p.Crew, p.PlannedStart, "plan of the day")
	})
	return err
}
