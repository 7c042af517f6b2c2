package domain

import (
	"context"
	"errors"
	"slices"
	"time"
)

// DayPlan proposes who goes to which visit of a centre's day in which order
// (docs/product.md section 6). It changes nothing until it is accepted, and is
// good for an hour.
type DayPlan struct {
	Meta
	CentreID  ID                      `json:"centre_id"`
	AreaID    ID                      `json:"-"`
	Date      string                  `json:"date"` // in the centre's zone
	ExpiresAt time.Time               `json:"expires_at"`
	Visits    JSONList[PlannedVisit]  `json:"visits"` // by technician, in the order of the way
	Unplaced  JSONList[UnplacedVisit] `json:"unplaced"`
	Before    JSON[PlanTotals]        `json:"before"`
	After     JSON[PlanTotals]        `json:"after"`
	Travel    JSON[TravelBasis]       `json:"travel"`
	Accepted  JSONList[ID]            `json:"accepted"` // visits
	CreatedBy ID                      `json:"-"`
}

// PlannedVisit is one technician's part in a proposed assignment. Where the
// safe-visit plan asks for two people, the visit stands here for each who is
// to join it, and is accepted as a whole.
type PlannedVisit struct {
	VisitID        ID           `json:"visit_id"`
	JobID          ID           `json:"job_id"`
	TechnicianID   ID           `json:"technician_id"`
	Crew           JSONList[ID] `json:"crew"` // all who go
	PlannedStart   time.Time    `json:"planned_start"`
	PlannedMinutes int          `json:"planned_minutes"`
	Arrival        time.Time    `json:"arrival"`        // of who does not linger; the rest is waiting
	TravelMinutes  int          `json:"travel_minutes"` // from the visit before, or from home
	TravelKnown    bool         `json:"travel_known"`   // false: coordinates are missing, the minutes are the stated default
	Continuity     bool         `json:"continuity"`     // the household knows the technician
}

// UnplacedVisit is a visit that the plan leaves without anybody, and why, in
// the words in which an assignment is refused.
type UnplacedVisit struct {
	VisitID  ID                `json:"visit_id"`
	JobID    ID                `json:"job_id"`
	Code     string            `json:"code"`
	Reason   string            `json:"reason"`
	Refusals JSONList[Refusal] `json:"refusals"`
}

// Refusal is why technicians cannot take a visit.
type Refusal struct {
	Code          string       `json:"code"`
	Reason        string       `json:"reason"`
	TechnicianIDs JSONList[ID] `json:"technician_ids"`
}

// PlanTotals sums up a day. Visits are those with a crew, unassigned those that
// want somebody, travel is of all technicians, ways from and to their homes
// included.
type PlanTotals struct {
	Visits        int `json:"visits"`
	Unassigned    int `json:"unassigned"`
	TravelMinutes int `json:"travel_minutes"`
	Technicians   int `json:"technicians"`
}

// TravelBasis says how ways were reckoned.
type TravelBasis struct {
	DetourFactor   float64 `json:"detour_factor"` // times the great circle
	SpeedKmh       float64 `json:"speed_kmh"`
	UnknownMinutes float64 `json:"unknown_minutes"` // where coordinates are unknown
	RoadEngine     bool    `json:"road_engine"`     // asked first; the great circle where it did not answer in time
}

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
func (s *Service) PlanDay(ctx context.Context, call *Call, centre ID, in PlanInput) (DayPlan, error) {
	if found, err := s.replay(ctx, call); found || err != nil {
		return DayPlan{}, err
	}
	plan, err := s.planOf(ctx, call.Actor, centre, in, nil)
	if err != nil {
		return DayPlan{}, err
	}
	return run(ctx, s, call, func(tx *Work) (DayPlan, error) {
		return *plan, keepPlan(tx, plan, call.Actor)
	})
}

func keepPlan(tx *Work, plan *DayPlan, a Actor) error {
	plan.Meta, plan.ExpiresAt, plan.CreatedBy = newMeta(tx.NewID(), tx.Now), tx.Now.Add(dayPlanLife), a.UserID
	return tx.InsertDayPlan(plan)
}

// planOf reads a day and solves it, outside of any transaction; only, when
// given, names the visits to place.
func (s *Service) planOf(ctx context.Context, a Actor, centre ID, in PlanInput, only map[ID]bool) (*DayPlan, error) {
	c, err := s.Read.Centre(ctx, a.Scope(), centre)
	if err != nil {
		return nil, err
	}
	if only == nil && !a.Is(desk...) {
		return nil, Fail(CodeForbidden, "As %s you may not plan a centre's day.", roleWords(a.Role))
	}
	now := s.instant()
	from, to, err := c.day(in.Date, now)
	if err != nil {
		return nil, err
	}
	if in.Seconds == 0 {
		in.Seconds = 1
	}
	if in.Seconds < 1 || in.Seconds > planSeconds {
		return nil, Fail(CodeUnprocessable, "The search lasts 1 to 3 seconds.").At("/seconds", "1 to 3")
	}
	p, err := s.readDay(ctx, c, from, to, now)
	if err != nil {
		return nil, err
	}
	p.only = only
	s.learnDay(ctx, p)
	s.planning.Lock() // one search at a time: it takes a whole processor
	defer s.planning.Unlock()
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
		return nil, Fail(CodeUnavailable, "The search was not finished in time.")
	}
	return plan, nil
}

// day reads a date of the centre that is not over; empty: today.
func (c *Centre) day(date string, now time.Time) (from, to time.Time, err error) {
	loc := c.Location()
	if date == "" {
		date = now.In(loc).Format("2006-01-02")
	}
	from, err = time.ParseInLocation("2006-01-02", date, loc)
	if err != nil {
		return from, to, Fail(CodeUnprocessable, "Say which day.").At("/date", "YYYY-MM-DD")
	}
	to = from.AddDate(0, 0, 1)
	if !to.After(now) {
		return from, to, Fail(CodeUnprocessable, "This day is over.").At("/date", "today or later")
	}
	if from.After(now.AddDate(1, 0, 0)) {
		return from, to, Fail(CodeUnprocessable, "This day is more than a year ahead.").At("/date", "within a year")
	}
	return from.UTC(), to.UTC(), nil
}

// readDay reads what a plan of a centre's day is made of.
func (s *Service) readDay(ctx context.Context, c *Centre, from, to, now time.Time) (*planDay, error) {
	p := &planDay{centre: c, from: from, to: to, now: now}
	scope := Scope{CentreID: c.ID}
	early := from.Add(-12 * time.Hour) // a window is that long at most
	f := VisitFilter{CentreID: &c.ID, From: &early, To: &to, Status: []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived,
		VisitInProgress}}
	var err error
	if p.visits, err = s.Read.Visits(ctx, scope, f, Page{Limit: planMost}); err != nil {
		return nil, err
	}
	people, err := s.Read.Users(ctx, scope, UserFilter{Role: RoleTechnician, CentreID: &c.ID}, Page{Limit: planMost})
	if err != nil {
		return nil, err
	}
	ids := []ID{}
	for i := range people {
		if !people[i].Disabled {
			p.technicians, ids = append(p.technicians, people[i]), append(ids, people[i].ID)
		}
	}
	if p.open, p.plans, err = s.Read.HoldsOfVisits(ctx, p.visits); err != nil {
		return nil, err
	}
	if anyBounded(p.technicians) {
		if p.taken, err = s.Read.Taken(ctx, scope, c.ID, from, to, now); err != nil {
			return nil, err
		}
	}
	p.around, err = s.Read.DayAround(ctx, scope, p.visits, ids, from.Add(-DiaryReach), to.Add(DiaryReach), now)
	return p, err
}

// AcceptInput names the visits of a plan to accept; all when absent.
type AcceptInput struct {
	VisitIDs *[]ID `json:"visit_ids"`
}

// AcceptedPlan tells what became of each visit.
type AcceptedPlan struct {
	PlanID   ID                     `json:"plan_id"`
	Accepted JSONList[ID]           `json:"accepted"`
	Refused  JSONList[RefusedVisit] `json:"refused"`
}

// RefusedVisit is a visit whose world has changed since the plan was made.
type RefusedVisit struct {
	VisitID ID     `json:"visit_id"`
	Code    string `json:"code"`
	Reason  string `json:"reason"`
}

// reachPlan loads a plan that the actor may see.
func (a Actor) seesPlan(p *DayPlan) error {
	if !a.reaches(p.CentreID, p.AreaID) {
		return NotFound("plan")
	}
	if !a.Is(desk...) {
		return Fail(CodeForbidden, "As %s you may not plan a centre's day.", roleWords(a.Role))
	}
	return nil
}

// DayPlan reads a plan. Coordinator, proprietor, area manager.
func (s *Service) DayPlan(ctx context.Context, a Actor, id ID) (DayPlan, error) {
	if !a.Is(desk...) {
		return DayPlan{}, NotFound("plan")
	}
	p, err := s.Read.DayPlan(ctx, a.Scope(), id)
	if err != nil {
		return DayPlan{}, err
	}
	return *p, nil
}

// AcceptPlan assigns as a plan proposed, whole or in part, each visit by the
// rules of an assignment and in a transaction of its own: what the world has
// overtaken is answered as refused with its reason. Coordinator, proprietor,
// area manager. Errors: CodeState when the plan is older than an hour,
// CodeUnprocessable.
func (s *Service) AcceptPlan(ctx context.Context, call *Call, id ID, in AcceptInput) (AcceptedPlan, error) {
	if found, err := s.replay(ctx, call); found || err != nil {
		return AcceptedPlan{}, err
	}
	out := AcceptedPlan{PlanID: id, Accepted: JSONList[ID]{}, Refused: JSONList[RefusedVisit]{}}
	var plan *DayPlan
	err := s.inWork(ctx, nil, func(tx *Work) (err error) {
		if plan, err = tx.LockDayPlan(id); err != nil {
			return err
		}
		if err := call.Actor.seesPlan(plan); err != nil {
			return err
		}
		if !s.instant().Before(plan.ExpiresAt) {
			return Fail(CodeState, "This plan is older than an hour; ask for a new one.")
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	if in.VisitIDs != nil {
		for _, want := range *in.VisitIDs {
			if !slices.ContainsFunc(plan.Visits, func(v PlannedVisit) bool { return v.VisitID == want }) {
				return out, Fail(CodeUnprocessable, "The plan does not propose anybody for this visit.").At("/visit_ids", "visits of the plan")
			}
		}
	}
	asked := map[ID]bool{}
	for i := range plan.Visits {
		v := &plan.Visits[i]
		if asked[v.VisitID] || in.VisitIDs != nil && !has(*in.VisitIDs, v.VisitID) {
			continue
		}
		asked[v.VisitID] = true
		if len(v.Crew) == 0 { // a row of a version that did not name it
			v.Crew = JSONList[ID]{v.TechnicianID}
		}
		err := s.assignPlanned(ctx, call.Actor, v, has(plan.Accepted, v.VisitID))
		var e *Error
		switch {
		case err == nil:
			out.Accepted = append(out.Accepted, v.VisitID)
		case errors.As(err, &e) && (e.Kind == KindConflict || e.Kind == KindUnprocessable || e.Kind == KindForbidden || e.Kind == KindNotFound):
			out.Refused = append(out.Refused, RefusedVisit{v.VisitID, string(e.Code), e.Message})
		default:
			return out, err
		}
	}
	return run(ctx, s, call, func(tx *Work) (AcceptedPlan, error) {
		plan, err := tx.LockDayPlan(id)
		if err != nil {
			return out, err
		}
		for _, v := range out.Accepted {
			if !has(plan.Accepted, v) {
				plan.Accepted = append(plan.Accepted, v)
			}
		}
		plan.changedAt(tx.Now)
		return out, tx.SaveDayPlan(plan)
	})
}

// assignPlanned makes one proposed assignment; what was made already stands.
func (s *Service) assignPlanned(ctx context.Context, a Actor, p *PlannedVisit, accepted bool) error {
	_, err := s.onVisit(ctx, &Call{Actor: a}, p.VisitID, "assign", "", func(m *VisitCase) error {
		if sameCrew(m.visit.Crew, p.Crew) && m.visit.PlannedStart.Equal(p.PlannedStart) {
			return nil
		}
		if slices.ContainsFunc(m.visit.Crew, func(id ID) bool { return !has(p.Crew, id) }) || len(m.visit.Crew) >= len(p.Crew) {
			return Fail(CodeState, "Somebody has been assigned to it meanwhile.")
		}
		if accepted {
			return Fail(CodeState, "This was accepted before, and the visit has been changed since.")
		}
		return assignAt(m, a, p.Crew, p.PlannedStart, "plan of the day")
	})
	return err
}
