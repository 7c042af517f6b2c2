package domain

import (
	"slices"
	"time"
)

// BookedCapacity is a visit in a centre's day that has not fallen through; one with two
// people stands twice. A time that is kept for a household counts as one, under
// its job.
type BookedCapacity struct {
	VisitID      ID
	TechnicianID *ID
	PlannedStart time.Time
}

// Days are the local days that hold [from, to).
func (c *Centre) Days(from, to time.Time) (first, end time.Time) {
	loc := c.Location()
	y, m, d := from.In(loc).Date()
	first = time.Date(y, m, d, 0, 0, 0, 0, loc).UTC()
	y, m, d = to.In(loc).Date()
	return first, time.Date(y, m, d+1, 0, 0, 0, 0, loc).UTC()
}

// IsOf reports whether a row of a day is the visit itself or what it follows: its
// place is free for it.
func (t *BookedCapacity) IsOf(v *Visit) bool {
	return t.VisitID == v.ID || v.PredecessorID != nil && t.VisitID == *v.PredecessorID
}

// DiaryReach is how far around a visit others can matter for the way.
const DiaryReach = 12 * time.Hour

// DayAround is what a day's plan needs to know of its visits and technicians
// besides themselves.
type DayAround struct {
	Jobs     []Job
	Sites    []Site
	Leaves   []Leave        // of the technicians, in the time asked for, as all that follows
	Busy     []Busy         // unfinished visits of the technicians, in any centre
	Reserved []SlotHold     // times of the technicians kept for households that are choosing
	Excluded []Exclusion    // in force, of the visits' households
	KeptAway []StandDown    // in force, of the technicians
	Known    []FamiliarCrew // who completed visits at the households, latest first
}

// FamiliarCrew is a crew that a household knows.
type FamiliarCrew struct {
	CustomerID ID
	Crew       JSONList[ID]
}

// SlotHold keeps a time of one technician for a household that has chosen it
// and not taken it yet. To all others they are busy then, until it expires.
type SlotHold struct {
	ID           ID
	JobID        ID
	TechnicianID ID
	WindowStart  time.Time
	WindowEnd    time.Time
	StartsAt     time.Time
	EndsAt       time.Time
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// Diary is what the rules of assignment need to know of technicians.
type Diary struct {
	Technicians []User
	Leaves      []Leave // approved, overlapping the time asked for
	Busy        []Busy
	Taken       []BookedCapacity // where somebody takes a number of visits a day
	Reserved    []SlotHold       // not expired
	Known       []ID             // of ReadDiary: who was with the customer before
	Excluded    []Exclusion      // in force between anybody and the customer
	KeptAway    []StandDown      // in force, of the technicians, from every home
}

// Apart reports whether a technician is kept from the customer.
func (d *Diary) Apart(id ID) bool {
	return slices.ContainsFunc(d.Excluded, func(x Exclusion) bool { return x.UserID == id }) ||
		slices.ContainsFunc(d.KeptAway, func(k StandDown) bool { return k.UserID == id })
}

// Busy is an unfinished visit that occupies a technician in the time asked
// for, and where it is, when known.
type Busy struct {
	TechnicianID     ID
	VisitID          ID
	StartsAt, EndsAt time.Time
	Lat, Lon         *float64
}

// LeavesOf are the leaves of one technician.
func (d *Diary) LeavesOf(id ID) []Leave {
	var out []Leave
	for _, l := range d.Leaves {
		if l.TechnicianID == id {
			out = append(out, l)
		}
	}
	return out
}
