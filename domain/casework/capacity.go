package casework

import (
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

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
