package casework

import (
	"math"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/dayplan"
	"doorstep/domain/slots"
)

// visitsADay bounds what can be set as a number of visits a day.
const visitsADay = 10000

// SetMost sets how many visits a day somebody takes; 0 takes the bound away.
func SetMost(dst **int, most *int) error {
	switch {
	case most == nil:
	case *most < 0 || *most > visitsADay:
		return domain.Fail(domain.CodeUnprocessable, "A number of visits a day is 1 to %d, or 0 for no bound.", visitsADay).
			At("/max_visits_per_day", "0 to 10000")
	case *most == 0:
		*dst = nil
	default:
		*dst = most
	}
	return nil
}

// dailyMost is a number of visits as the rules know it: 0 for none.
func dailyMost(most *int) int {
	if most == nil {
		return 0
	}
	return *most
}

// AnyBounded reports whether any of some technicians takes a number of visits a day.
func AnyBounded(people []domain.User) bool {
	return slices.ContainsFunc(people, func(u domain.User) bool { return u.MaxVisitsPerDay != nil })
}

// Load tells the rules how full the centre's days are for a visit on this job.
func (c *Case) Load(j *slots.Judge, taken []domain.BookedCapacity, v *domain.Visit) {
	if j.Centre.Load.Most == 0 {
		return
	}
	seen := map[domain.ID]bool{}
	j.Centre.Load.Days = map[string]int{}
	for i := range taken {
		t := &taken[i]
		day := t.PlannedStart.In(j.Centre.Location).Format(time.DateOnly)
		switch {
		case t.IsOf(v):
			j.Centre.Stands = day
		case t.VisitID != c.Job.ID && !seen[t.VisitID]:
			seen[t.VisitID] = true
			j.Centre.Load.Days[day]++
		}
	}
}

// loadOf is how full a technician's days are for a visit on this job.
func (c *Case) loadOf(u *domain.User, taken []domain.BookedCapacity, v *domain.Visit) slots.Load {
	out := slots.Load{Most: dailyMost(u.MaxVisitsPerDay)}
	if out.Most == 0 {
		return out
	}
	out.Days = map[string]int{}
	loc := c.Centre.Location()
	for i := range taken {
		if t := &taken[i]; t.TechnicianID != nil && *t.TechnicianID == u.ID && !t.IsOf(v) && t.VisitID != c.Job.ID {
			out.Days[t.PlannedStart.In(loc).Format(time.DateOnly)]++
		}
	}
	return out
}

// Bound tells the search how many visits technicians may get: what they take
// a day without what is over, or kept for a household. Visits that stand count
// among those that it places.
func (p *PlanDay) Bound(problem *dayplan.Problem) {
	if !AnyBounded(p.Technicians) {
		return
	}
	for i := range problem.Stops {
		if s := &problem.Stops[i]; s.From >= 0 { // not of the evening before
			s.Demand = 1
		}
	}
	for n := range p.Technicians {
		u := &p.Technicians[n]
		if u.MaxVisitsPerDay == nil {
			continue
		}
		left := *u.MaxVisitsPerDay
		for _, t := range p.Taken {
			if t.TechnicianID != nil && *t.TechnicianID == u.ID && !slices.ContainsFunc(p.Around.Busy,
				func(b domain.Busy) bool { return b.VisitID == t.VisitID && b.TechnicianID == u.ID }) {
				left--
			}
		}
		stand := 0 // also when there are more than the number that was set since
		for i := range problem.Stops {
			if f := problem.Stops[i].Fixed; f != nil && *f == n {
				stand += int(problem.Stops[i].Demand)
			}
		}
		left = max(left, stand)
		problem.Vehicles[n].Capacity = math.Max(float64(left), 0.5) // 0 would be without bound
	}
}
