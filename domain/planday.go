package domain

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"doorstep/domain/dayplan"
	"doorstep/domain/slots"
)

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
	taken       []BookedCapacity // where a technician takes a number of visits a day
	only        map[ID]bool      // visits to place; nil: all that want somebody
}

// The numbers of a plan beyond those of the search.
const newFace = 10.0 // minutes of travel that a face the household knows is worth

const fairLoad = 0.5 // minutes of travel for each squared hour of work on one person

const ownTime = 12 * 60.0

const looksEvery = 15.0 // minutes between the times at which a refusal is looked for

const twoEvery = 5.0 // minutes between the times that are tried for two people

// minute is an instant as the planner counts: minutes since local midnight.
func (p *planDay) minute(t time.Time) float64 { return t.Sub(p.from).Minutes() }

// instant is a minute of the day as an instant.
func (p *planDay) instant(minute float64) time.Time {
	return p.from.Add(time.Duration(minute) * time.Minute)
}

// draft is a day with what stands on it and what the plan has placed so far.
type draft struct {
	day  *planDay
	busy []Busy
}

// diary gives of a draft what Tx.LockDiary reads for a visit, so that a plan
// refuses by the very rules and in the very words of an assignment.
func (t *draft) diary(ids []ID, customer ID, from, to time.Time) *Diary {
	from, to = from.Add(-DiaryReach), to.Add(DiaryReach)
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
		if has(ids, b.TechnicianID) && b.StartsAt.Before(to) && from.Before(b.EndsAt) {
			out.Busy = append(out.Busy, b)
		}
	}
	for _, h := range t.day.around.Reserved {
		if has(ids, h.TechnicianID) && h.StartsAt.Before(to) && from.Before(h.EndsAt) {
			out.Reserved = append(out.Reserved, h)
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
	return out
}

// shifts gives when a technician may be at work on the day, in minutes, in
// order, as the rules of slots read their hours.
func (p *planDay) shifts(u *User) [][2]float64 {
	c := slots.Centre{Location: p.centre.Location(), Holidays: p.centre.Holidays, WorkingDays: p.centre.WorkingDays}
	var out [][2]float64
	for _, s := range c.Shifts(&slots.Technician{Weekly: shiftsOf(u), Dates: datesOf(u)}, p.from) {
		out = append(out, [2]float64{p.minute(s.From), p.minute(s.To)})
	}
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
	away := func(from, to time.Time) {
		g := [2]float64{math.Max(math.Floor(p.minute(from)), v.From), math.Min(math.Ceil(p.minute(to)), v.To)}
		if g[0] < g[1] {
			gaps = append(gaps, g)
		}
	}
	for _, l := range p.around.Leaves {
		if l.TechnicianID == u.ID {
			away(l.StartsAt, l.EndsAt)
		}
	}
	for _, h := range p.around.Reserved {
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
	visit    *Visit
	d        *Case
	from, to float64 // when it may begin
	place    int
	pair     bool // the plan asks for two people
	choosing bool // its household has a time kept and has not taken it yet
}

// open reports whether there is anything to propose.
func (c *candidate) open() bool { return c.from <= c.to && !c.choosing }

// wants reports whether a visit needs somebody: it has nobody, or only one of
// the two whom its safe-visit plan asks for.
func (p *planDay) wants(v *Visit) bool {
	return v.Status == VisitScheduled && (len(v.Crew) == 0 || len(v.Crew) == 1 && has(p.plans[v.ID], "two_people"))
}

// window narrows when a visit may begin: inside its window, from now on, and
// in daylight where the safe-visit plan asks for it. Who has one of two keeps
// their time.
func (p *planDay) window(c *candidate) {
	v := c.visit
	c.from = math.Max(math.Ceil(p.minute(v.WindowStart)), math.Ceil(p.minute(p.now)))
	c.to = math.Floor(p.minute(v.WindowEnd))
	if has(c.d.plan, "daylight") {
		from, to, _ := c.d.site.light(v.WindowStart)
		c.from, c.to = math.Max(c.from, math.Ceil(p.minute(from))), math.Min(c.to, math.Floor(p.minute(to))-float64(v.PlannedMinutes))
	}
	if len(v.Crew) > 0 {
		c.from, c.to = math.Max(c.from, math.Floor(p.minute(v.PlannedStart))), math.Min(c.to, math.Floor(p.minute(v.PlannedStart)))
	}
}

// crewRefusal asks the rules of assignment for a crew; nil: they permit it.
func crewRefusal(t *draft, c *candidate, begin time.Time, crew ...ID) *Error {
	v := *c.visit
	v.PlannedStart = begin
	if c.d.held != nil && visitMoveOf("assign").Holds.refuses(HoldSafety) {
		var e *Error
		errors.As(c.d.refuseHeld(), &e)
		return e
	}
	err := c.d.crewFits(&v, crew)
	if err == nil {
		// The centre's number does not bind: the visits of a day stand on it already.
		rules, diary := rulesFor(c.d, &v, crew), t.diary(crew, c.d.customer.ID, v.PlannedStart, v.PlannedEnd())
		rules.Centre.Load.Most = 0
		if anyBounded(diary.Technicians) {
			diary.Taken = t.taken()
			c.d.load(rules, diary.Taken, &v)
		}
		err = c.d.judgeCrew(rules, diary, &v, crew)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		e = Fail(CodeInternal, "It could not be judged.").Because(err)
	}
	return e
}

// alone is crewRefusal for one of two, as if one were enough.
func alone(t *draft, c *candidate, begin time.Time, technician ID) *Error {
	if !c.pair {
		return crewRefusal(t, c, begin, technician)
	}
	one, d, j := *c, *c.d, *c.d.job
	j.SkillLevel = min(j.SkillLevel, slots.Helper) // which the other one has
	d.job = &j
	d.plan = slices.DeleteFunc(slices.Clone(d.plan), func(p string) bool { return p == "two_people" })
	one.d = &d
	return crewRefusal(t, &one, begin, technician)
}

// byTheTime are refusals that another time of the day may not meet.
func byTheTime(code Code) bool {
	return code == CodeHours || code == CodeOverlap || code == CodeTooFar
}

// atlas numbers the places of a day: the technicians' homes in their order,
// then the doors.
type atlas struct {
	places []Point
	of     map[ID]int // by job
}

// atlas numbers the places of the day.
func (p *planDay) atlas(jobs map[ID]*Job, sites map[ID]*Site) *atlas {
	m := &atlas{of: map[ID]int{}}
	for i := range p.technicians {
		m.places = append(m.places, Point{p.technicians[i].HomeLat, p.technicians[i].HomeLon})
	}
	at := map[ID]int{}
	for i := range p.visits {
		j := jobs[p.visits[i].JobID]
		if j == nil {
			continue
		}
		n, ok := at[j.SiteID]
		if !ok {
			n, at[j.SiteID] = len(m.places), len(m.places)
			where := Point{}
			if x := sites[j.SiteID]; x != nil {
				where = Point{x.Lat, x.Lon}
			}
			m.places = append(m.places, where)
		}
		m.of[j.ID] = n
	}
	return m
}

// propose makes the plan of a day. It decides nothing and touches nothing; the
// same day, places and rounds give the same plan.
func (s *Service) propose(p *planDay, progress func(stops int) func(int) float64) *DayPlan {
	out := &DayPlan{CentreID: p.centre.ID, AreaID: p.centre.AreaID, Date: p.from.In(p.centre.Location()).Format("2006-01-02"),
		Travel: JSON[TravelBasis]{s.travelBasis()}}
	jobs, sites, visits := p.byID()
	knows := map[ID]JSONList[ID]{}
	for _, f := range p.around.Known {
		knows[f.CustomerID] = append(knows[f.CustomerID], f.Crew...)
	}
	number := map[ID]int{}
	for i := range p.technicians {
		number[p.technicians[i].ID] = i
	}
	atlas := p.atlas(jobs, sites)
	problem := &dayplan.Problem{Fair: fairLoad}
	for i := range p.technicians {
		problem.Vehicles = append(problem.Vehicles, p.vehicle(&p.technicians[i], i))
	}
	// What stands: visits that have their crew, here and in other centres.
	t := &draft{day: p, busy: slices.Clone(p.around.Busy)}
	standing := map[ID]bool{}
	for i := range p.around.Busy {
		b := &p.around.Busy[i]
		n, ok := number[b.TechnicianID]
		if !ok || !b.EndsAt.After(p.from) || !b.StartsAt.Before(p.to) {
			continue
		}
		v, end := visits[b.VisitID], b.EndsAt
		var where int
		if v != nil && jobs[v.JobID] != nil {
			where = atlas.of[v.JobID]
			standing[v.ID] = true
		} else {
			where, atlas.places = len(atlas.places), append(atlas.places, Point{b.Lat, b.Lon})
		}
		if v != nil && v.Status.UnderWay() {
			end = later(end, p.now)
		}
		begin := math.Floor(p.minute(b.StartsAt))
		problem.Stops = append(problem.Stops, dayplan.Stop{Place: where, Minutes: math.Ceil(p.minute(end)) - begin, From: begin, To: begin,
			Fixed: ptr(n)})
	}
	fixed := len(problem.Stops)
	problem.Travel = s.travelTable(atlas.places)

	var free []*candidate
	for i := range p.visits {
		v := &p.visits[i]
		if !p.wants(v) || v.WindowStart.Before(p.from) || p.only != nil && !p.only[v.ID] || jobs[v.JobID] == nil {
			continue
		}
		d := &Case{job: jobs[v.JobID], customer: &Customer{Meta: Meta{ID: v.CustomerID}}, site: sites[jobs[v.JobID].SiteID], centre: p.centre,
			now: p.now, roads: s.Roads,
			holds: p.open[v.ID], plan: p.plans[v.ID]}
		if d.site == nil {
			d.site = &Site{Zone: p.centre.Zone}
		}
		d.held = refusing(SafetyRefuses, d.holds)
		c := &candidate{visit: v, d: d, place: atlas.of[v.JobID], pair: has(d.plan, "two_people")}
		c.choosing = slices.ContainsFunc(p.around.Reserved, func(h SlotHold) bool { return h.JobID == v.JobID })
		p.window(c)
		free = append(free, c)
	}
	of, placed, crews := map[int]*candidate{}, map[ID]bool{}, map[ID]JSONList[ID]{}
	for _, c := range byWeight(free) {
		crew, begin, ok := s.couple(p, t, c, problem, knows[c.visit.CustomerID])
		if !ok {
			continue
		}
		crews[c.visit.ID], placed[c.visit.ID] = crew, true
		for _, id := range crew {
			if has(c.visit.Crew, id) {
				continue
			}
			of[len(problem.Stops)] = c
			problem.Stops = append(problem.Stops, dayplan.Stop{Place: c.place, Minutes: float64(c.visit.PlannedMinutes), From: begin, To: begin,
				Fixed: ptr(number[id])})
			t.busy = append(t.busy, c.busy(id, p.instant(begin)))
		}
	}
	searched := false
	for _, c := range free {
		if c.pair || !c.open() {
			continue
		}
		stop := dayplan.Stop{Place: c.place, Minutes: float64(c.visit.PlannedMinutes), From: c.from, To: c.to, Weight: weights[c.d.job.Priority]}
		possible := false
		for i := range p.technicians {
			id, cost := p.technicians[i].ID, 0.0
			if e := crewRefusal(&draft{day: p}, c, p.instant(c.from), id); e != nil && !byTheTime(e.Code) {
				cost = math.Inf(1)
			} else if faces := knows[c.visit.CustomerID]; len(faces) > 0 && !has(faces, id) {
				cost = newFace
			}
			possible = possible || !math.IsInf(cost, 1)
			stop.Costs = append(stop.Costs, cost)
		}
		if possible {
			of[len(problem.Stops)], searched = c, true
			problem.Stops = append(problem.Stops, stop)
		}
	}
	over := func(int) float64 { return 1 }
	before := dayplan.Solve(&dayplan.Problem{Stops: problem.Stops[:fixed], Vehicles: problem.Vehicles, Travel: problem.Travel},
		dayplan.Options{Progress: over})
	p.bound(problem)
	how := over
	if searched {
		how = progress(len(problem.Stops))
	}
	plan := dayplan.Solve(problem, dayplan.Options{Seed: 1, Progress: how})
	for n, route := range plan.Routes {
		u := &p.technicians[n]
		from := n
		for k, x := range route {
			stop := &problem.Stops[x.Stop]
			way := problem.Travel[from][stop.Place]
			known := from == stop.Place || atlas.places[from].known() && atlas.places[stop.Place].known()
			from = stop.Place
			c := of[x.Stop]
			if c == nil {
				continue
			}
			begin := p.instant(math.Ceil(x.Start - 1e-6))
			crew := JSONList[ID]{u.ID}
			if c.pair {
				crew = crews[c.visit.ID]
			} else {
				if crewRefusal(t, c, begin, u.ID) != nil {
					continue // the rules have the last word; refusals say why
				}
				t.busy = append(t.busy, c.busy(u.ID, begin))
				placed[c.visit.ID] = true
			}
			arrival := begin
			if k > 0 {
				arrival = p.instant(math.Min(math.Ceil(x.Arrive-1e-6), math.Ceil(x.Start-1e-6)))
			}
			out.Visits = append(out.Visits, PlannedVisit{VisitID: c.visit.ID, JobID: c.visit.JobID, TechnicianID: u.ID, Crew: crew,
				PlannedStart: begin, PlannedMinutes: c.visit.PlannedMinutes,
				Arrival: arrival, TravelMinutes: int(way), TravelKnown: known, Continuity: has(knows[c.visit.CustomerID], u.ID)})
		}
	}
	for _, c := range free {
		if !placed[c.visit.ID] {
			out.Unplaced = append(out.Unplaced, s.explain(p, t, c))
		}
	}
	out.Before.V = PlanTotals{Visits: len(standing), Unassigned: len(free), TravelMinutes: int(math.Round(before.Travel)),
		Technicians: before.Used}
	for id := range placed {
		standing[id] = true
	}
	out.After.V = PlanTotals{Visits: len(standing), Unassigned: len(out.Unplaced), TravelMinutes: int(math.Round(plan.Travel)),
		Technicians: plan.Used}
	return out
}

// byID finds jobs, sites and visits of the day.
func (p *planDay) byID() (jobs map[ID]*Job, sites map[ID]*Site, visits map[ID]*Visit) {
	jobs, sites, visits = map[ID]*Job{}, map[ID]*Site{}, map[ID]*Visit{}
	for i := range p.around.Jobs {
		jobs[p.around.Jobs[i].ID] = &p.around.Jobs[i]
	}
	for i := range p.around.Sites {
		sites[p.around.Sites[i].ID] = &p.around.Sites[i]
	}
	for i := range p.visits {
		visits[p.visits[i].ID] = &p.visits[i]
	}
	return jobs, sites, visits
}

// busy is what the visit takes of a technician once it is planned.
func (c *candidate) busy(technician ID, begin time.Time) Busy {
	return Busy{TechnicianID: technician, VisitID: c.visit.ID, StartsAt: begin,
		EndsAt: begin.Add(time.Duration(c.visit.PlannedMinutes) * time.Minute), Lat: c.d.site.Lat, Lon: c.d.site.Lon}
}

// weights say what stays out last.
var weights = map[string]float64{"urgent": 4, "high": 2, "normal": 1, "low": 0.5}

// byWeight lists the visits for two that may begin, the weightiest first, then
// as they come.
func byWeight(free []*candidate) []*candidate {
	var out []*candidate
	for _, c := range free {
		if c.pair && c.open() {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *candidate) int {
		return cmp.Compare(weights[b.d.job.Priority], weights[a.d.job.Priority])
	})
	return out
}

// couple finds the two for a visit whose plan asks for two people, and when it
// begins: of all times the one at which the two cheapest of those who can come
// cost least. Such visits go before the search for all others, since few times
// suit two, and stand still in it. Who stays from a crew is one of the two.
func (s *Service) couple(p *planDay, t *draft, c *candidate, problem *dayplan.Problem,
	faces JSONList[ID]) (crew JSONList[ID], begin float64, ok bool) {
	type comer struct {
		technician ID
		price      float64
	}
	best := math.Inf(1)
	var able []int // whom no other time would help
	for i := range p.technicians {
		if e := alone(&draft{day: p}, c, p.instant(c.from), p.technicians[i].ID); e == nil || byTheTime(e.Code) {
			able = append(able, i)
		}
	}
	for at := c.from; at <= c.to; at += twoEvery {
		var who []comer
		for _, i := range able {
			id := p.technicians[i].ID
			if has(c.visit.Crew, id) {
				who = append(who, comer{id, math.Inf(-1)})
				continue
			}
			price, fits := detour(problem, i, c, at)
			if !fits || alone(t, c, p.instant(at), id) != nil {
				continue
			}
			if len(faces) > 0 && !has(faces, id) {
				price += newFace
			}
			who = append(who, comer{id, price})
		}
		if len(who) < 2 {
			continue
		}
		slices.SortStableFunc(who, func(a, b comer) int { return cmp.Compare(a.price, b.price) })
		if len(c.visit.Crew) > 0 && !has(c.visit.Crew, who[0].technician) {
			continue // who stays cannot come themselves
		}
		for n, second := range who[1:] {
			for _, first := range who[:n+1] {
				price := second.price
				if len(c.visit.Crew) == 0 {
					price += first.price
				} else if !has(c.visit.Crew, first.technician) {
					break
				}
				two := JSONList[ID]{first.technician, second.technician}
				if price < best && p.skilled(c.d.job, two) && crewRefusal(t, c, p.instant(at), two...) == nil {
					best, crew, begin, ok = price, two, at, true
				}
			}
		}
	}
	return crew, begin, ok
}

// skilled reports whether one of a crew has the level that the job asks for;
// that each has the skill is judged of each alone.
func (p *planDay) skilled(j *Job, crew []ID) bool {
	return j.SkillLevel <= slots.Helper || slices.ContainsFunc(p.technicians, func(u User) bool {
		return has(crew, u.ID) && u.AllLevels()[j.Category] >= j.SkillLevel
	})
}

// detour prices a visit at a fixed time between what stands in a technician's
// day, in minutes of travel; false when there is no time for the ways.
func detour(problem *dayplan.Problem, technician int, c *candidate, at float64) (float64, bool) {
	car := &problem.Vehicles[technician]
	from, leaves := car.Start, math.Inf(-1)
	to, begins := car.End, math.Inf(1)
	work, idle := 0.0, true
	for i := range problem.Stops {
		o := &problem.Stops[i]
		if o.Fixed == nil || *o.Fixed != technician {
			continue
		}
		end := o.From + o.Minutes
		work, idle = work+o.Minutes, false
		switch {
		case end <= at:
			if end > leaves {
				from, leaves = o.Place, end
			}
		case o.From >= at+float64(c.visit.PlannedMinutes):
			if o.From < begins {
				to, begins = o.Place, o.From
			}
		default:
			return 0, false
		}
	}
	there, on := problem.Travel[from][c.place], problem.Travel[c.place][to]
	end := at + float64(c.visit.PlannedMinutes)
	if leaves+there > at || end+on > begins {
		return 0, false
	}
	price := there + on - problem.Travel[from][to]
	if idle {
		price = there + on
	}
	after := work + float64(c.visit.PlannedMinutes)
	return price + problem.Fair*(after*after-work*work)/3600, true
}

// later is the later one of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// explain says why a visit has no place: what the rules answer for each
// technician, at all the times at which it could begin.
func (s *Service) explain(p *planDay, t *draft, c *candidate) UnplacedVisit {
	out := UnplacedVisit{VisitID: c.visit.ID, JobID: c.visit.JobID, Refusals: JSONList[Refusal]{}}
	say := func(code Code, reason string, technician ID) {
		for i := range out.Refusals {
			if r := &out.Refusals[i]; r.Reason == reason {
				r.TechnicianIDs = append(r.TechnicianIDs, technician)
				return
			}
		}
		out.Refusals = append(out.Refusals, Refusal{Code: string(code), Reason: reason, TechnicianIDs: JSONList[ID]{technician}})
	}
	if c.choosing {
		out.Code, out.Reason = string(CodePreconditionMissing), "The household is choosing another time just now."
		return out
	}
	var could []string // come alone, where two are wanted
	for i := range p.technicians {
		u := &p.technicians[i]
		if c.from > c.to {
			if e := alone(t, c, c.visit.PlannedStart, u.ID); e != nil {
				say(e.Code, e.Message, u.ID)
			}
			continue
		}
		var worst *Error
		for at := c.from; at <= c.to; at += looksEvery {
			e := alone(t, c, p.instant(at), u.ID)
			if e == nil {
				worst = nil
				break
			}
			if worst == nil || e.Code == CodeOverlap { // they work then, and have no time
				worst = e
			}
			if !byTheTime(e.Code) {
				break
			}
		}
		if worst == nil && c.pair {
			could = append(could, u.FirstName())
			continue
		}
		if worst == nil {
			worst = Fail(CodeOverlap, "%s cannot be there in time between other visits.", u.FirstName())
		}
		say(worst.Code, worst.Message, u.ID)
	}
	switch {
	case len(could) == 1:
		out.Code, out.Reason = string(CodePlan), "The plan of this household asks for two people, and only "+could[0]+" could come."
	case len(could) > 1:
		out.Code, out.Reason = string(CodePlan), "The plan of this household asks for two people, and no two can come at the same time."
	case len(out.Refusals) == 1:
		out.Code, out.Reason = out.Refusals[0].Code, out.Refusals[0].Reason
	case len(out.Refusals) == 0 && len(p.technicians) > 0:
		out.Code, out.Reason = string(CodeState), "The window of this visit is over."
	case len(p.technicians) == 0:
		out.Code, out.Reason = string(CodePreconditionMissing), "The centre has no technician."
	default:
		out.Code, out.Reason = string(CodePreconditionMissing), "Nobody is free for it in its window."
	}
	return out
}
