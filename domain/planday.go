package domain

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"doorstep/domain/dayplan"
)

// DayAround is what a day's plan needs to know of its visits and technicians
// besides themselves.
type DayAround struct {
	Jobs     []Job
	Sites    []Site
	Leaves   []Leave     // of the technicians, overlapping the day
	Excluded []Exclusion // in force, of the visits' households
	KeptAway []KeepAway  // in force, of the technicians
	Known    []Face      // who completed visits at the households, latest first
}

// Face is a crew that a household knows.
type Face struct {
	CustomerID ID
	Crew       List[ID]
}

// planDay is one centre's day as read: everything that a plan is made of.
type planDay struct {
	centre      *Centre
	from, to    time.Time // local midnights
	now         time.Time
	visits      []Visit // unfinished ones, by (window_start, id), also from the hours before
	open        map[ID][]Hold
	plans       map[ID][]string // safe-visit plans by visit
	technicians []User          // enabled ones of the centre, by (created_at, id)
	around      DayAround
	taken       []Taken     // where a technician takes a number of visits a day
	only        map[ID]bool // visits to place; nil: all that have nobody
}

// The numbers of a plan beyond those of the search.
const (
	newFace    = 10.0 // minutes of travel that a face the household knows is worth
	fairLoad   = 0.5  // minutes of travel for each squared hour of work on one person
	ownTime    = 12 * 60.0
	looksEvery = 15.0 // minutes between the times at which a refusal is looked for
)

// minute is an instant as the planner counts: minutes since local midnight.
func (p *planDay) minute(t time.Time) float64 { return t.Sub(p.from).Minutes() }

func (p *planDay) instant(minute float64) time.Time {
	return p.from.Add(time.Duration(minute) * time.Minute)
}

// diaryTx answers checkCrew from what was read before, so that a plan refuses
// by the very rules and in the very words of an assignment. It can nothing
// else.
type diaryTx struct {
	Tx
	day  *planDay
	busy []spell
}

// spell is when a visit occupies a technician.
type spell struct {
	technician, visit ID
	from, to          time.Time
}

// LockDiary gives what Tx.LockDiary would; nothing is locked.
func (t *diaryTx) LockDiary(ids []ID, customer ID, from, to, _ time.Time) (*Diary, error) {
	out := &Diary{}
	for _, u := range t.day.technicians {
		if has(ids, u.ID) {
			out.Technicians = append(out.Technicians, u)
		}
	}
	for _, l := range t.day.around.Leaves {
		if has(ids, l.TechnicianID) && l.StartsAt.Before(to) && from.Before(l.EndsAt) {
			out.Leaves = append(out.Leaves, l)
		}
	}
	for _, b := range t.busy {
		if has(ids, b.technician) && b.from.Before(to) && from.Before(b.to) {
			out.Busy = append(out.Busy, Busy{TechnicianID: b.technician, VisitID: b.visit, StartsAt: b.from, EndsAt: b.to})
		}
	}
	for _, x := range t.day.around.Excluded {
		if x.CustomerID == customer {
			out.Excluded = append(out.Excluded, x)
		}
	}
	for _, k := range t.day.around.KeptAway {
		if has(ids, k.UserID) {
			out.KeptAway = append(out.KeptAway, k)
		}
	}
	return out, nil
}

// shifts gives when a technician may be at work on the day, in minutes, in
// order: the weekly hours of the weekday; for one without hours the whole of a
// working day. Works judges each time in the end.
func (p *planDay) shifts(u *User) [][2]float64 {
	local := p.from.In(p.centre.Location())
	if has(p.centre.Holidays, local.Format("2006-01-02")) {
		return nil
	}
	if len(u.Hours) == 0 {
		if len(p.centre.WorkingDays) > 0 && !has(p.centre.WorkingDays, int(local.Weekday())) {
			return nil
		}
		return [][2]float64{{0, p.minute(p.to)}}
	}
	at := func(clock string) float64 {
		var h, m int
		_, _ = fmt.Sscanf(clock, "%d:%d", &h, &m)
		return p.minute(time.Date(local.Year(), local.Month(), local.Day(), h, m, 0, 0, local.Location()))
	}
	var out [][2]float64
	for _, h := range u.Hours {
		if h.Weekday == int(local.Weekday()) {
			out = append(out, [2]float64{at(h.From), at(h.To)})
		}
	}
	slices.SortFunc(out, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	return out
}

// vehicle is a technician's shift for the search. The ways to the first and
// from the last visit cost as travel and lie in the own time: hours bound
// visits, as they do when one is assigned.
func (p *planDay) vehicle(u *User, home int) dayplan.Vehicle {
	shifts := p.shifts(u)
	if len(shifts) == 0 {
		return dayplan.Vehicle{Start: home, End: home, From: -1, To: -1}
	}
	v := dayplan.Vehicle{Start: home, End: home, From: shifts[0][0] - ownTime, To: shifts[len(shifts)-1][1] + ownTime}
	gaps := [][2]float64{{v.From, math.Max(shifts[0][0], math.Ceil(p.minute(p.now)))}}
	for i := 1; i < len(shifts); i++ { // also where one ends as the next begins: no visit lies in both
		gaps = append(gaps, [2]float64{shifts[i-1][1], shifts[i][0]})
	}
	for _, l := range p.around.Leaves {
		if l.TechnicianID == u.ID {
			gaps = append(gaps, [2]float64{math.Max(math.Floor(p.minute(l.StartsAt)), v.From), math.Min(math.Ceil(p.minute(l.EndsAt)), v.To)})
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
	visit    *Visit
	d        *dossier
	from, to float64 // when it may begin
	stop     int
}

// window narrows when a visit may begin: inside its window, from now on, and
// in daylight where the safe-visit plan asks for it.
func (p *planDay) window(c *candidate) {
	v := c.visit
	c.from = math.Max(math.Ceil(p.minute(v.WindowStart)), math.Ceil(p.minute(p.now)))
	c.to = math.Floor(p.minute(v.WindowEnd))
	if has(c.d.plan, "daylight") {
		from, to, _ := c.d.site.light(v.WindowStart)
		c.from, c.to = math.Max(c.from, math.Ceil(p.minute(from))), math.Min(c.to, math.Floor(p.minute(to))-float64(v.PlannedMinutes))
	}
}

// refusal asks the rules of assignment; nil: they permit it.
func (s *Service) refusal(tx *diaryTx, c *candidate, technician ID, begin time.Time) *Error {
	v := *c.visit
	v.PlannedStart = begin
	if c.d.held != nil && visitMove("assign").Holds.refuses(HoldSafety) {
		var e *Error
		errors.As(c.d.refuseHeld(), &e)
		return e
	}
	err := s.checkCrew(tx, c.d, &v, []ID{technician}, tx.day.now)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		e = Fail(CodeInternal, "It could not be judged.").Because(err)
	}
	return e
}

// byTheTime are refusals that another time of the day may not meet.
func byTheTime(code Code) bool { return code == CodeHours || code == CodeOverlap }

// propose makes the plan of a day. It decides nothing and touches nothing; the
// same day, places and rounds give the same plan.
func (s *Service) propose(p *planDay, travel func([]Point) [][]float64, progress func(stops int) func(int) float64) *DayPlan {
	out := &DayPlan{CentreID: p.centre.ID, AreaID: p.centre.AreaID, Date: p.from.In(p.centre.Location()).Format("2006-01-02"),
		Travel: Doc[TravelBasis]{TravelBasis{DetourFactor: travelDetour, SpeedKmh: travelSpeed, UnknownMinutes: unknownTravel}}}
	jobs, sites := map[ID]*Job{}, map[ID]*Site{}
	for i := range p.around.Jobs {
		jobs[p.around.Jobs[i].ID] = &p.around.Jobs[i]
	}
	for i := range p.around.Sites {
		sites[p.around.Sites[i].ID] = &p.around.Sites[i]
	}
	knows := map[ID]List[ID]{}
	for _, f := range p.around.Known {
		knows[f.CustomerID] = append(knows[f.CustomerID], f.Crew...)
	}
	// Places: homes, then the sites of the day.
	var places []Point
	number := map[ID]int{}
	for i := range p.technicians {
		number[p.technicians[i].ID] = i
		places = append(places, Point{p.technicians[i].HomeLat, p.technicians[i].HomeLon})
	}
	at := map[ID]int{}
	place := func(v *Visit) int {
		j := jobs[v.JobID]
		if j == nil {
			places = append(places, Point{})
			return len(places) - 1
		}
		i, ok := at[j.SiteID]
		if !ok {
			i, at[j.SiteID] = len(places), len(places)
			where := Point{}
			if x := sites[j.SiteID]; x != nil {
				where = Point{x.Lat, x.Lon}
			}
			places = append(places, where)
		}
		return i
	}
	problem := &dayplan.Problem{Fair: fairLoad}
	tx := &diaryTx{day: p}
	var free []*candidate
	stands := map[int]*Visit{}
	for i := range p.visits {
		v := &p.visits[i]
		if len(v.Crew) > 0 {
			for _, id := range v.Crew {
				from, to := v.PlannedStart, v.PlannedEnd()
				tx.busy = append(tx.busy, spell{id, v.ID, from, to})
				n, ok := number[id]
				if !ok || !to.After(p.from) {
					continue
				}
				if v.Status.UnderWay() {
					to = later(to, p.now)
				}
				begin := math.Floor(p.minute(from))
				stands[len(problem.Stops)] = v
				problem.Stops = append(problem.Stops, dayplan.Stop{Place: place(v), Minutes: math.Ceil(p.minute(to)) - begin, From: begin, To: begin, Fixed: ptr(n)})
			}
			continue
		}
		if v.Status != VisitScheduled || v.WindowStart.Before(p.from) || p.only != nil && !p.only[v.ID] || jobs[v.JobID] == nil {
			continue
		}
		d := &dossier{job: jobs[v.JobID], customer: &Customer{Meta: Meta{ID: v.CustomerID}}, site: sites[jobs[v.JobID].SiteID], centre: p.centre, holds: p.open[v.ID], plan: p.plans[v.ID]}
		if d.site == nil {
			d.site = &Site{Zone: p.centre.Zone}
		}
		d.held = refusing(SafetyRefuses, d.holds)
		free = append(free, &candidate{visit: v, d: d})
	}
	for i := range p.technicians {
		problem.Vehicles = append(problem.Vehicles, p.vehicle(&p.technicians[i], i))
	}
	fixed := len(problem.Stops)
	var asked []*candidate
	for _, c := range free {
		p.window(c)
		if c.from > c.to {
			continue
		}
		stop := dayplan.Stop{Place: place(c.visit), Minutes: float64(c.visit.PlannedMinutes), From: c.from, To: c.to, Weight: weights[c.d.job.Priority]}
		possible := false
		for i := range p.technicians {
			id, cost := p.technicians[i].ID, 0.0
			if e := s.refusal(&diaryTx{day: p}, c, id, p.instant(c.from)); e != nil && !byTheTime(e.Code) {
				cost = math.Inf(1)
			} else if faces := knows[c.visit.CustomerID]; len(faces) > 0 && !has(faces, id) {
				cost = newFace
			}
			possible = possible || !math.IsInf(cost, 1)
			stop.Costs = append(stop.Costs, cost)
		}
		if possible {
			c.stop = len(problem.Stops)
			problem.Stops = append(problem.Stops, stop)
			asked = append(asked, c)
		}
	}
	problem.Travel = travel(places)
	over := func(int) float64 { return 1 }
	before := dayplan.Solve(&dayplan.Problem{Stops: problem.Stops[:fixed], Vehicles: problem.Vehicles, Travel: problem.Travel}, dayplan.Options{Progress: over})
	plan := before
	if len(asked) > 0 {
		p.bound(problem)
		plan = dayplan.Solve(problem, dayplan.Options{Seed: 1, Progress: progress(len(problem.Stops))})
	}
	of := map[int]*candidate{}
	for _, c := range asked {
		of[c.stop] = c
	}
	placed := map[ID]bool{}
	for n, route := range plan.Routes {
		u := &p.technicians[n]
		from := n
		for k, x := range route {
			stop := &problem.Stops[x.Stop]
			way := problem.Travel[from][stop.Place]
			known := from == stop.Place || places[from].known() && places[stop.Place].known()
			from = stop.Place
			c := of[x.Stop]
			if c == nil {
				continue
			}
			begin := p.instant(math.Ceil(x.Start - 1e-6))
			if s.refusal(tx, c, u.ID, begin) != nil {
				continue // the rules have the last word; refusals say why
			}
			arrival := begin
			if k > 0 {
				arrival = p.instant(math.Min(math.Ceil(x.Arrive-1e-6), math.Ceil(x.Start-1e-6)))
			}
			tx.busy = append(tx.busy, spell{u.ID, c.visit.ID, begin, begin.Add(time.Duration(c.visit.PlannedMinutes) * time.Minute)})
			placed[c.visit.ID] = true
			out.Visits = append(out.Visits, PlannedVisit{VisitID: c.visit.ID, JobID: c.visit.JobID, TechnicianID: u.ID, PlannedStart: begin, PlannedMinutes: c.visit.PlannedMinutes,
				Arrival: arrival, TravelMinutes: int(way), TravelKnown: known, Continuity: has(knows[c.visit.CustomerID], u.ID)})
		}
	}
	for _, c := range free {
		if !placed[c.visit.ID] {
			out.Unplaced = append(out.Unplaced, s.explain(p, tx, c))
		}
	}
	standing := map[ID]bool{}
	for _, v := range stands {
		standing[v.ID] = true
	}
	out.Before.V = PlanTotals{Visits: len(standing), Unassigned: len(free), TravelMinutes: int(math.Round(before.Travel)), Technicians: before.Used}
	out.After.V = PlanTotals{Visits: len(standing) + len(out.Visits), Unassigned: len(out.Unplaced), TravelMinutes: int(math.Round(plan.Travel)), Technicians: plan.Used}
	return out
}

// weights say what stays out last.
var weights = map[string]float64{"urgent": 4, "high": 2, "normal": 1, "low": 0.5}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// explain says why a visit has no place: what the rules answer for each
// technician, at all the times at which it could begin.
func (s *Service) explain(p *planDay, tx *diaryTx, c *candidate) UnplacedVisit {
	out := UnplacedVisit{VisitID: c.visit.ID, JobID: c.visit.JobID, Refusals: List[Refusal]{}}
	say := func(code Code, reason string, technician ID) {
		for i := range out.Refusals {
			if r := &out.Refusals[i]; r.Reason == reason {
				r.TechnicianIDs = append(r.TechnicianIDs, technician)
				return
			}
		}
		out.Refusals = append(out.Refusals, Refusal{Code: string(code), Reason: reason, TechnicianIDs: List[ID]{technician}})
	}
	for i := range p.technicians {
		u := &p.technicians[i]
		if c.from > c.to {
			if e := s.refusal(tx, c, u.ID, c.visit.PlannedStart); e != nil {
				say(e.Code, e.Message, u.ID)
			}
			continue
		}
		var worst *Error
		for at := c.from; at <= c.to; at += looksEvery {
			e := s.refusal(tx, c, u.ID, p.instant(at))
			if e == nil {
				worst = nil
				break
			}
			if worst == nil || e.Code == CodeOverlap { // he works then, and has no time
				worst = e
			}
			if !byTheTime(e.Code) {
				break
			}
		}
		if worst == nil {
			worst = Fail(CodeOverlap, "%s cannot be there in time between other visits.", u.FirstName())
		}
		say(worst.Code, worst.Message, u.ID)
	}
	switch {
	case len(out.Refusals) == 1:
		out.Code, out.Reason = out.Refusals[0].Code, out.Refusals[0].Reason
	case len(out.Refusals) == 0 && len(p.technicians) > 0:
		out.Code, out.Reason = string(CodeState), "The window of this visit is over."
	case len(p.technicians) == 0:
		out.Code, out.Reason = string(CodeGuard), "The centre has no technician."
	default:
		out.Code, out.Reason = string(CodeGuard), "Nobody is free for it in its window; refusals say why."
	}
	return out
}
