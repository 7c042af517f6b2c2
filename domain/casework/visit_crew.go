package casework

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// CrewFits refuses a crew by its number and by the safe-visit plan.
func (c *Case) CrewFits(v *domain.Visit, crew []domain.ID) error {
	for i, id := range crew {
		if domain.Has(crew[:i], id) {
			return domain.Fail(domain.CodeUnprocessable, "A technician stands twice in the crew.").At(fmt.Sprintf("/crew/%d", i), "each once")
		}
	}
	if len(crew) > 4 {
		return domain.Fail(domain.CodeUnprocessable, "A crew has at most four technicians.").At("/crew", "0 to 4")
	}
	return c.PlanPermits(v, crew)
}

// RulesFor are the rules by which a crew for a visit is judged, as a search for
// slots does.
func RulesFor(c *Case, v *domain.Visit, crew []domain.ID) *slots.Judge {
	rules := rules(c, v.PlannedMinutes)
	rules.Job.Two = rules.Job.Two || len(crew) > 1
	return rules
}

// CheckCrew holds the hard rules of assignment: the plan, the centre's number
// of visits a day, and what JudgeCrew judges. It locks the technicians, so that
// two bookers of one technician wait for each other, and before them the centre,
// where it takes a number of visits a day.
func CheckCrew(c *Case, v *domain.Visit, crew []domain.ID) error {
	if err := c.CrewFits(v, crew); err != nil {
		return err
	}
	rules := RulesFor(c, v, crew)
	if c.disrupted {
		rules.Centre.Load.Most = 0
	} else if c.Centre.MaxVisitsPerDay != nil {
		centre, err := c.Tx.LockCentre(c.Job.CentreID)
		if err != nil {
			return err
		}
		rules.Centre.Load.Most = dailyMost(centre.MaxVisitsPerDay)
	}
	taken := func() ([]domain.BookedCapacity, error) {
		from, to := c.Centre.Days(v.PlannedStart, v.PlannedStart)
		var also domain.ID
		if v.PredecessorID != nil {
			also = *v.PredecessorID
		}
		return c.Tx.Taken(c.Job.CentreID, also, from, to, c.Now)
	}
	if len(crew) == 0 {
		if rules.Centre.Load.Most == 0 {
			return nil
		}
		all, err := taken()
		if err != nil {
			return err
		}
		if c.Load(rules, all, v); rules.Full(v.PlannedStart) {
			return c.refuses(rules, &slots.Technician{}, v.PlannedStart, slots.Capacity)
		}
		return nil
	}
	sorted := slices.Clone(crew)
	slices.SortFunc(sorted, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
	diary, err := c.Tx.LockDiary(sorted, c.Customer.ID, v.PlannedStart, v.PlannedEnd(), c.Now)
	if err != nil {
		return err
	}
	users := diary.Technicians
	c.leaves = diary.Leaves
	for i := range users {
		if c.crew == nil {
			c.crew = map[domain.ID]*domain.User{}
		}
		c.crew[users[i].ID] = &users[i]
	}
	if rules.Centre.Load.Most > 0 || AnyBounded(users) {
		if diary.Taken, err = taken(); err != nil {
			return err
		}
		c.Load(rules, diary.Taken, v)
	}
	return c.JudgeCrew(rules, diary, v, crew)
}

// JudgeCrew judges each of a crew, and their skills together, by what a diary
// says of them.
func (c *Case) JudgeCrew(rules *slots.Judge, diary *domain.Diary, v *domain.Visit, crew []domain.ID) error {
	users := diary.Technicians
	var team []*slots.Technician
	for i := range users {
		team = append(team, &slots.Technician{Skills: users[i].Skills, Levels: users[i].SkillLevels.V})
	}
	for i, id := range crew {
		at := fmt.Sprintf("/crew/%d", i)
		k := slices.IndexFunc(users, func(u domain.User) bool { return u.ID == id })
		if k < 0 || users[k].Disabled || users[k].Role != domain.RoleTechnician || users[k].CentreID == nil ||
			*users[k].CentreID != c.Job.CentreID {
			return domain.Fail(domain.CodeUnprocessable, "There is no such technician in the centre of the job.").
				At(at, "an enabled technician of the job's centre")
		}
		t := c.candidate(diary, &users[k], v)
		why := rules.Of(&t, v.PlannedStart)
		if why == "" && !rules.Skilled(team...) {
			why = slots.Skill
		}
		if why != "" {
			e := c.refuses(rules, &t, v.PlannedStart, why)
			for n := range e.Fields {
				e.Fields[n].Pointer = at
			}
			return e
		}
	}
	return nil
}

// CrewInput assigns a visit; an empty crew unassigns it.
type CrewInput struct {
	Crew         []domain.ID `json:"crew"`
	PlannedStart string      `json:"planned_start"` // inside the visit's window; empty: as it stands
	Reason       string      `json:"reason"`
	OccurredAt   string      `json:"occurred_at"`
}

// Assign sets the crew of a visit. Coordinator, proprietor, area manager.
// Errors as Schedule.
func (s *Service) Assign(ctx context.Context, call *Call, id domain.ID, in CrewInput) (domain.VisitView, error) {
	out, err := s.OnVisit(ctx, call, id, "assign", in.OccurredAt, func(m *VisitCase) error {
		if in.PlannedStart == "" {
			return AssignCrew(m, call.Actor, in.Crew, in.Reason)
		}
		start, err := domain.ParseInstant(in.PlannedStart, m.Site.Location(), "/planned_start")
		if err != nil {
			return err
		}
		return AssignAt(m, call.Actor, in.Crew, start, in.Reason)
	})
	return out, withSlotsFor(ctx, s, call.Actor, id, err)
}

// AssignCrew sets the crew of a visit and tells who came and who went.
func AssignCrew(m *VisitCase, a domain.Actor, crew []domain.ID, reason string) error {
	if err := CheckCrew(m.Case, m.Visit, crew); err != nil {
		return err
	}
	before := slices.Clone(m.Visit.Crew)
	m.SetCrew(crew)
	m.Entry(a, "visit.assigned", &m.Visit.ID, map[string]any{"crew": m.Visit.Crew, "was": before, "reason": reason})
	if err := SaveVisit(m); err != nil {
		return err
	}
	return NotifyCrewChange(m, before)
}

// AssignAt is assign with another beginning inside the window, which is what
// the household was promised.
func AssignAt(m *VisitCase, a domain.Actor, crew []domain.ID, start time.Time, reason string) error {
	was := m.Visit.PlannedStart
	switch {
	case start.Equal(was):
	case start.Before(m.Now):
		return domain.Fail(domain.CodeUnprocessable, "The planned start is over.").At("/planned_start", "a time to come")
	case start.Before(m.Visit.WindowStart) || start.After(m.Visit.WindowEnd):
		return domain.Fail(domain.CodeUnprocessable, "The planned start lies outside the window.").
			At("/planned_start", "inside the window, or reschedule")
	}
	m.Visit.PlannedStart = start
	if err := AssignCrew(m, a, crew, reason); err != nil || start.Equal(was) {
		return err
	}
	m.Entry(a, "visit.planned", &m.Visit.ID, map[string]any{"planned_start": start, "was": was})
	dayFollows(m.Tx, m.Visit)
	return nil
}

// SetCrew sets who goes, and forgets who of the others had seen the plan.
func (m *VisitCase) SetCrew(crew []domain.ID) {
	m.Visit.Crew = append(domain.JSONList[domain.ID]{}, crew...)
	for _, id := range crew {
		if !domain.Has(m.Visit.EverCrew, id) {
			m.Visit.EverCrew = append(m.Visit.EverCrew, id)
		}
	}
	seen := domain.JSONList[domain.ID]{}
	for _, id := range m.Visit.PlanSeen {
		if domain.Has(crew, id) {
			seen = append(seen, id)
		}
	}
	m.Visit.PlanSeen = seen
}

// Decline gives a visit back. The assigned technician; reason unsafe, sick,
// conflict or other. Their figures are untouched.
func (s *Service) Decline(ctx context.Context, call *Call, id domain.ID, in ReasonInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, "decline", in.OccurredAt, func(m *VisitCase) error {
		if !domain.Has([]string{"unsafe", "sick", "conflict", "other"}, in.Reason) {
			return domain.Fail(domain.CodeUnprocessable, "Say why: unsafe, sick, conflict or other.").
				At("/reason", "unsafe, sick, conflict or other")
		}
		m.SetCrew(domain.Without(m.Visit.Crew, call.Actor.UserID))
		if err := WaitForCompany(m); err != nil {
			return err
		}
		// An unsafe decline is a safety word: it reaches proprietor and area
		// manager by notice, not the timeline.
		said := in.Reason
		if said == "unsafe" {
			said = "other"
		}
		m.Entry(call.Actor, "visit.declined", &m.Visit.ID, map[string]any{"reason": said})
		if err := SaveVisit(m); err != nil {
			return err
		}
		roles := []domain.Role{domain.RoleProprietor, domain.RoleCoordinator}
		if err := NotifyStaff(m.Case, m.Visit, "visit.needs_someone", roles...); err != nil {
			return err
		}
		if in.Reason == "unsafe" {
			return NotifyStaff(m.Case, m.Visit, "visit.declined_unsafe", domain.RoleAreaManager)
		}
		return nil
	})
}

// PlanSeen records that a crew member accepts the safe-visit plan. Errors:
// CodePreconditionMissing without a plan.
func (s *Service) PlanSeen(ctx context.Context, call *Call, id domain.ID, in ReasonInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, "plan-seen", in.OccurredAt, func(m *VisitCase) error {
		if len(m.Plan) == 0 {
			return domain.Fail(domain.CodePreconditionMissing, "No plan is in force for this household.")
		}
		if domain.Has(m.Visit.PlanSeen, call.Actor.UserID) {
			return nil
		}
		m.Visit.PlanSeen = append(m.Visit.PlanSeen, call.Actor.UserID)
		m.Entry(call.Actor, "visit.plan_seen", &m.Visit.ID, nil)
		m.Visit.ChangedAt(m.Now)
		return m.Tx.SaveVisit(m.Visit)
	})
}

// SameCrew reports whether two crews are the same people, in any order.
func SameCrew(a, b []domain.ID) bool {
	if len(a) != len(b) {
		return false
	}
	for _, id := range a {
		if !domain.Has(b, id) {
			return false
		}
	}
	return true
}
