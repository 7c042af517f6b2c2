package planning

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/dayplan"
	"doorstep/domain/slots"
)

// bound tells the search how many visits technicians may get: what they take
// a day without what is over, or kept for a household. Visits that stand count
// among those that it places.
func (p *planDay) bound(problem *dayplan.Problem) {
	if !casework.AnyBounded(p.Technicians) {
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

// planDay is one centre's day as read: everything that a plan is made of.
type planDay struct {
	Centre      *domain.Centre
	From, To    time.Time // local midnights
	Now         time.Time
	Visits      []domain.Visit // unfinished ones, by (window_start, id), also from the hours before
	Open        map[domain.ID][]domain.Hold
	Plans       map[domain.ID][]string // safe-visit plans by visit
	Technicians []domain.User          // enabled ones of the centre, by (created_at, id)
	Around      domain.DayAround
	Taken       []domain.BookedCapacity // where a technician takes a number of visits a day
	Only        map[domain.ID]bool      // visits to place; nil: all that want somebody
}

const ownTime = 12 * 60.0

// minute is an instant as the planner counts: minutes since local midnight.
func (p *planDay) minute(t time.Time) float64 { return t.Sub(p.From).Minutes() }

// instant is a minute of the day as an instant.
func (p *planDay) instant(minute float64) time.Time {
	return p.From.Add(time.Duration(minute) * time.Minute)
}

// shifts gives when a technician may be at work on the day, in minutes, in
// order, as the rules of slots read their hours.
func (p *planDay) shifts(u *domain.User) [][2]float64 {
	c := slots.Centre{Location: p.Centre.Location(), Holidays: p.Centre.Holidays, WorkingDays: p.Centre.WorkingDays}
	var out [][2]float64
	for _, s := range c.Shifts(&slots.Technician{Weekly: casework.ShiftsOf(u), Dates: casework.DatesOf(u)}, p.From) {
		out = append(out, [2]float64{p.minute(s.From), p.minute(s.To)})
	}
	return out
}

// vehicle is a technician's shift for the search. The ways to the first and
// from the last visit cost as travel and lie in the own time: hours bound
// visits, as they do when one is assigned.
func (p *planDay) vehicle(u *domain.User, home int) dayplan.Vehicle {
	shifts := p.shifts(u)
	if len(shifts) == 0 {
		return dayplan.Vehicle{Start: home, End: home, From: -1, To: -1}
	}
	v := dayplan.Vehicle{Start: home, End: home, From: shifts[0][0] - ownTime, To: shifts[len(shifts)-1][1] + ownTime}
	gaps := [][2]float64{{v.From, math.Max(shifts[0][0], math.Ceil(p.minute(p.Now)))}}
	for i := 1; i < len(shifts); i++ { // also where one ends as the next begins: no visit lies in both
		gaps = append(gaps, [2]float64{shifts[i-1][1], shifts[i][0]})
	}
	away := func(from, to time.Time) {
		g := [2]float64{math.Max(math.Floor(p.minute(from)), v.From), math.Min(math.Ceil(p.minute(to)), v.To)}
		if g[0] < g[1] {
			gaps = append(gaps, g)
		}
	}
	for _, l := range p.Around.Leaves {
		if l.TechnicianID == u.ID {
			away(l.StartsAt, l.EndsAt)
		}
	}
	for _, h := range p.Around.Reserved {
		if h.TechnicianID == u.ID {
			away(h.StartsAt, h.EndsAt)
		}
	}
	gaps = append(gaps, [2]float64{shifts[len(shifts)-1][1], v.To})
	slices.SortFunc(gaps, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	for _, g := range gaps {
		if n := len(v.Breaks); n > 0 && g[0] < v.Breaks[n-1][1] {
			v.Breaks[n-1][1] = math.Max(v.Breaks[n-1][1], g[1])
			continue
		}
		v.Breaks = append(v.Breaks, g)
	}
	return v
}

// candidate is a visit to place, with what judges it.
type candidate struct {
	Visit    *domain.Visit
	Case     *casework.Case
	From, To float64 // when it may begin
	Place    int
	Pair     bool // the plan asks for two people
	Choosing bool // its household has a time kept and has not taken it yet
}

// open reports whether there is anything to propose.
func (c *candidate) open() bool { return c.From <= c.To && !c.Choosing }

// wants reports whether a visit needs somebody: it has nobody, or only one of
// the two whom its safe-visit plan asks for.
func (p *planDay) wants(v *domain.Visit) bool {
	return v.Status == domain.VisitScheduled && (len(v.Crew) == 0 || len(v.Crew) == 1 && domain.Has(p.Plans[v.ID], "two_people"))
}

// window narrows when a visit may begin: inside its window, from now on, and
// in daylight where the safe-visit plan asks for it. Who has one of two keeps
// their time.
func (p *planDay) window(c *candidate) {
	v := c.Visit
	c.From = math.Max(math.Ceil(p.minute(v.WindowStart)), math.Ceil(p.minute(p.Now)))
	c.To = math.Floor(p.minute(v.WindowEnd))
	if domain.Has(c.Case.Plan, "daylight") {
		from, to, _ := c.Case.Site.Light(v.WindowStart)
		c.From, c.To = math.Max(c.From, math.Ceil(p.minute(from))), math.Min(c.To, math.Floor(p.minute(to))-float64(v.PlannedMinutes))
	}
	if len(v.Crew) > 0 {
		c.From, c.To = math.Max(c.From, math.Floor(p.minute(v.PlannedStart))), math.Min(c.To, math.Floor(p.minute(v.PlannedStart)))
	}
}

// atlas numbers the places of a day: the technicians' homes in their order,
// then the doors.
type atlas struct {
	Places []domain.Point
	Of     map[domain.ID]int // by job
}

// atlas numbers the places of the day.
func (p *planDay) atlas(jobs map[domain.ID]*domain.Job, sites map[domain.ID]*domain.Site) *atlas {
	m := &atlas{Of: map[domain.ID]int{}}
	for i := range p.Technicians {
		m.Places = append(m.Places, domain.Point{Lat: p.Technicians[i].HomeLat, Lon: p.Technicians[i].HomeLon})
	}
	at := map[domain.ID]int{}
	for i := range p.Visits {
		j := jobs[p.Visits[i].JobID]
		if j == nil {
			continue
		}
		n, ok := at[j.SiteID]
		if !ok {
			n, at[j.SiteID] = len(m.Places), len(m.Places)
			where := domain.Point{}
			if x := sites[j.SiteID]; x != nil {
				where = domain.Point{Lat: x.Lat, Lon: x.Lon}
			}
			m.Places = append(m.Places, where)
		}
		m.Of[j.ID] = n
	}
	return m
}

// byID finds jobs, sites and visits of the day.
func (p *planDay) byID() (jobs map[domain.ID]*domain.Job, sites map[domain.ID]*domain.Site, visits map[domain.ID]*domain.Visit) {
	jobs, sites, visits = map[domain.ID]*domain.Job{}, map[domain.ID]*domain.Site{}, map[domain.ID]*domain.Visit{}
	for i := range p.Around.Jobs {
		jobs[p.Around.Jobs[i].ID] = &p.Around.Jobs[i]
	}
	for i := range p.Around.Sites {
		sites[p.Around.Sites[i].ID] = &p.Around.Sites[i]
	}
	for i := range p.Visits {
		visits[p.Visits[i].ID] = &p.Visits[i]
	}
	return jobs, sites, visits
}

// busy is what the visit takes of a technician once it is planned.
func (c *candidate) busy(technician domain.ID, begin time.Time) domain.Busy {
	return domain.Busy{TechnicianID: technician, VisitID: c.Visit.ID, StartsAt: begin,
		EndsAt: begin.Add(time.Duration(c.Visit.PlannedMinutes) * time.Minute), Lat: c.Case.Site.Lat, Lon: c.Case.Site.Lon}
}

// skilled reports whether one of a crew has the level that the job asks for;
// that each has the skill is judged of each alone.
func (p *planDay) skilled(j *domain.Job, crew []domain.ID) bool {
	return j.SkillLevel <= slots.Helper || slices.ContainsFunc(p.Technicians, func(u domain.User) bool {
		return domain.Has(crew, u.ID) && u.AllLevels()[j.Category] >= j.SkillLevel
	})
}

// travelTable gives the minutes from each place to each other one; who stays
// does not travel.
func travelTable(s *casework.Service, places []domain.Point) [][]float64 {
	table := make([][]float64, len(places))
	for i := range places {
		table[i] = make([]float64, len(places))
		for j := range places {
			if i != j {
				table[i][j] = casework.Way(s, places[i], places[j])
			}
		}
	}
	return table
}

// learnDay asks for the ways between the places of a day, outside any
// transaction; what is not learned in time goes over the great circle.
func learnDay(ctx context.Context, s *casework.Service, p *planDay) {
	if s.Roads == nil {
		return
	}
	jobs, sites, _ := p.byID()
	points := p.atlas(jobs, sites).Places
	for i := range p.Around.Busy {
		points = append(points, domain.Point{Lat: p.Around.Busy[i].Lat, Lon: p.Around.Busy[i].Lon})
	}
	var places []slots.Place
	seen := map[slots.Place]bool{}
	for _, at := range points {
		if !at.Known() {
			continue
		}
		if x := (slots.Place{Lat: *at.Lat, Lon: *at.Lon}); !seen[x] {
			seen[x] = true
			places = append(places, x)
		}
	}
	s.Roads.LearnAll(ctx, places)
}
