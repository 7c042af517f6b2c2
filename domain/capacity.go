package domain

import (
	"math"
	"slices"
	"time"

	"doorstep/domain/dayplan"
	"doorstep/domain/slots"
)

// visitsADay bounds what can be set as a number of visits a day.
const visitsADay = 10000

// BookedCapacity is a visit in a centre's day that has not fallen through; one with two
// people stands twice. A time that is kept for a household counts as one, under
// its job.
type BookedCapacity struct {
	VisitID      ID
	TechnicianID *ID
	PlannedStart time.Time
}

// setMost sets how many visits a day somebody takes; 0 takes the bound away.
func setMost(dst **int, most *int) error {
	switch {
	case most == nil:
	case *most < 0 || *most > visitsADay:
		return Fail(CodeUnprocessable, "A number of visits a day is 1 to %d, or 0 for no bound.", visitsADay).
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

// anyBounded reports whether any of some technicians takes a number of visits a day.
func anyBounded(people []User) bool {
	return slices.ContainsFunc(people, func(u User) bool { return u.MaxVisitsPerDay != nil })
}

// days are the local days that hold [from, to).
func (c *Centre) days(from, to time.Time) (first, end time.Time) {
	loc := c.Location()
	y, m, d := from.In(loc).Date()
	first = time.Date(y, m, d, 0, 0, 0, 0, loc).UTC()
	y, m, d = to.In(loc).Date()
	return first, time.Date(y, m, d+1, 0, 0, 0, 0, loc).UTC()
}

// isOf reports whether a row of a day is the visit itself or what it follows: its
// place is free for it.
func (t *BookedCapacity) isOf(v *Visit) bool {
	return t.VisitID == v.ID || v.PredecessorID != nil && t.VisitID == *v.PredecessorID
}

// load tells the rules how full the centre's days are for a visit on this job.
func (d *Case) load(j *slots.Judge, taken []BookedCapacity, v *Visit) {
	if j.Centre.Load.Most == 0 {
		return
	}
	seen := map[ID]bool{}
	j.Centre.Load.Days = map[string]int{}
	for i := range taken {
		t := &taken[i]
		day := t.PlannedStart.In(j.Centre.Location).Format(time.DateOnly)
		switch {
		case t.isOf(v):
			j.Centre.Stands = day
		case t.VisitID != d.job.ID && !seen[t.VisitID]:
			seen[t.VisitID] = true
			j.Centre.Load.Days[day]++
		}
	}
}

// loadOf is how full a technician's days are for a visit on this job.
func (d *Case) loadOf(u *User, taken []BookedCapacity, v *Visit) slots.Load {
	out := slots.Load{Most: dailyMost(u.MaxVisitsPerDay)}
	if out.Most == 0 {
		return out
	}
	out.Days = map[string]int{}
	loc := d.centre.Location()
	for i := range taken {
		if t := &taken[i]; t.TechnicianID != nil && *t.TechnicianID == u.ID && !t.isOf(v) && t.VisitID != d.job.ID {
			out.Days[t.PlannedStart.In(loc).Format(time.DateOnly)]++
		}
	}
	return out
}

// taken gives what technicians have that day: what was read, and what the plan
// has placed by now.
func (t *draft) taken() []BookedCapacity {
	var out []BookedCapacity
	for i := range t.busy {
		b := &t.busy[i]
		out = append(out, BookedCapacity{b.VisitID, &b.TechnicianID, b.StartsAt})
	}
	for _, x := range t.day.taken {
		if x.TechnicianID != nil && !slices.ContainsFunc(t.busy, func(b Busy) bool {
			return b.VisitID == x.VisitID &&
				b.TechnicianID == *x.TechnicianID
		}) {
			out = append(out, x)
		}
	}
	return out
}

// bound tells the search how many visits technicians may get: what they take
// a day without what is over, or kept for a household. Visits that stand count
// among those that it places.
func (p *planDay) bound(problem *dayplan.Problem) {
	if !anyBounded(p.technicians) {
		return
	}
	for i := range problem.Stops {
		if s := &problem.Stops[i]; s.From >= 0 { // not of the evening before
			s.Demand = 1
		}
	}
	for n := range p.technicians {
		u := &p.technicians[n]
		if u.MaxVisitsPerDay == nil {
			continue
		}
		left := *u.MaxVisitsPerDay
		for _, t := range p.taken {
			if t.TechnicianID != nil && *t.TechnicianID == u.ID && !slices.ContainsFunc(p.around.Busy,
				func(b Busy) bool { return b.VisitID == t.VisitID && b.TechnicianID == u.ID }) {
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
