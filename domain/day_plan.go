package domain

import (
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

// Day reads a date of the centre that is not over; empty: today.
func (c *Centre) Day(date string, now time.Time) (from, to time.Time, err error) {
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

// SeesPlan refuses a plan that the actor may not see (CodeNotFound), or not use
// (CodeForbidden).
func (a Actor) SeesPlan(p *DayPlan) error {
	if !a.Reaches(p.CentreID, p.AreaID) {
		return NotFound("plan")
	}
	if !a.Is(Desk...) {
		return Fail(CodeForbidden, "As %s you may not plan a centre's day.", RoleWords(a.Role))
	}
	return nil
}
