package planning

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/dayplan"
	"doorstep/domain/slots"
)

// The numbers of a plan beyond those of the search.
const (
	newFace    = 10.0 // minutes of travel that a face the household knows is worth
	fairLoad   = 0.5  // minutes of travel for each squared hour of work on one person
	looksEvery = 15.0 // minutes between the times at which a refusal is looked for
	twoEvery   = 5.0  // minutes between the times that are tried for two people
)

// draft is a day with what stands on it and what the plan has placed so far.
type draft struct {
	day  *planDay
	busy []domain.Busy
}

// diary gives of a draft what Tx.LockDiary reads for a visit, so that a plan
// refuses by the very rules and in the very words of an assignment.
func (t *draft) diary(ids []domain.ID, customer domain.ID, from, to time.Time) *domain.Diary {
	from, to = from.Add(-domain.DiaryReach), to.Add(domain.DiaryReach)
	out := &domain.Diary{}
	for _, u := range t.day.Technicians {
		if domain.Has(ids, u.ID) {
			out.Technicians = append(out.Technicians, u)
		}
	}
	for _, l := range t.day.Around.Leaves {
		if domain.Has(ids, l.TechnicianID) && l.StartsAt.Before(to) && from.Before(l.EndsAt) {
			out.Leaves = append(out.Leaves, l)
		}
	}
	for _, b := range t.busy {
		if domain.Has(ids, b.TechnicianID) && b.StartsAt.Before(to) && from.Before(b.EndsAt) {
			out.Busy = append(out.Busy, b)
		}
	}
	for _, h := range t.day.Around.Reserved {
		if domain.Has(ids, h.TechnicianID) && h.StartsAt.Before(to) && from.Before(h.EndsAt) {
			out.Reserved = append(out.Reserved, h)
		}
	}
	for _, x := range t.day.Around.Excluded {
		if x.CustomerID == customer {
			out.Excluded = append(out.Excluded, x)
		}
	}
	for _, k := range t.day.Around.KeptAway {
		if domain.Has(ids, k.UserID) {
			out.KeptAway = append(out.KeptAway, k)
		}
	}
	return out
}

// crewRefusal asks the rules of assignment for a crew; nil: they permit it.
func crewRefusal(t *draft, c *candidate, begin time.Time, crew ...domain.ID) *domain.Error {
	v := *c.Visit
	v.PlannedStart = begin
	if c.Case.Held != nil && domain.VisitMoveOf("assign").Holds.Refuses(domain.HoldSafety) {
		var e *domain.Error
		errors.As(c.Case.RefuseHeld(), &e)
		return e
	}
	err := c.Case.CrewFits(&v, crew)
	if err == nil {
		// The centre's number does not bind: the visits of a day stand on it already.
		rules, diary := casework.RulesFor(c.Case, &v, crew), t.diary(crew, c.Case.Customer.ID, v.PlannedStart, v.PlannedEnd())
		rules.Centre.Load.Most = 0
		if casework.AnyBounded(diary.Technicians) {
			diary.Taken = t.taken()
			c.Case.Load(rules, diary.Taken, &v)
		}
		err = c.Case.JudgeCrew(rules, diary, &v, crew)
	}
	var e *domain.Error
	if err != nil && !errors.As(err, &e) {
		e = domain.Fail(domain.CodeInternal, "It could not be judged.").Because(err)
	}
	return e
}

// alone is crewRefusal for one of two, as if one were enough.
func alone(t *draft, c *candidate, begin time.Time, technician domain.ID) *domain.Error {
	if !c.Pair {
		return crewRefusal(t, c, begin, technician)
	}
	one, d, j := *c, *c.Case, *c.Case.Job
	j.SkillLevel = min(j.SkillLevel, slots.Helper) // which the other one has
	d.Job = &j
	d.Plan = slices.DeleteFunc(slices.Clone(d.Plan), func(p string) bool { return p == "two_people" })
	one.Case = &d
	return crewRefusal(t, &one, begin, technician)
}

// byTheTime are refusals that another time of the day may not meet.
func byTheTime(code domain.Code) bool {
	return code == domain.CodeHours || code == domain.CodeOverlap || code == domain.CodeTooFar
}

// proposal is a day's plan while it is made.
type proposal struct {
	*planDay
	draft    *draft
	problem  *dayplan.Problem
	jobs     map[domain.ID]*domain.Job
	sites    map[domain.ID]*domain.Site
	visits   map[domain.ID]*domain.Visit
	number   map[domain.ID]int                        // of a technician, in the plan's order
	knows    map[domain.ID]domain.JSONList[domain.ID] // the faces that a household knows
	places   []domain.Point
	placeOf  map[domain.ID]int                        // by job
	standing map[domain.ID]bool                       // visits that have their crew
	free     []*candidate                             // visits that want somebody
	of       map[int]*candidate                       // by the stop that stands for it
	placed   map[domain.ID]bool                       // visits
	crews    map[domain.ID]domain.JSONList[domain.ID] // of two, by visit
}

func newProposal(p *planDay) *proposal {
	m := &proposal{planDay: p, draft: &draft{day: p, busy: slices.Clone(p.Around.Busy)}, problem: &dayplan.Problem{Fair: fairLoad},
		number: map[domain.ID]int{}, knows: map[domain.ID]domain.JSONList[domain.ID]{}, standing: map[domain.ID]bool{},
		of: map[int]*candidate{}, placed: map[domain.ID]bool{}, crews: map[domain.ID]domain.JSONList[domain.ID]{}}
	m.jobs, m.sites, m.visits = p.byID()
	for _, f := range p.Around.Known {
		m.knows[f.CustomerID] = append(m.knows[f.CustomerID], f.Crew...)
	}
	for i := range p.Technicians {
		m.number[p.Technicians[i].ID] = i
		m.problem.Vehicles = append(m.problem.Vehicles, p.vehicle(&p.Technicians[i], i))
	}
	atlas := p.atlas(m.jobs, m.sites)
	m.places, m.placeOf = atlas.Places, atlas.Of
	return m
}

// propose makes the plan of a day. It decides nothing and touches nothing; the
// same day, places and rounds give the same plan.
func (s *Service) propose(p *planDay, progress func(stops int) func(int) float64) *domain.DayPlan {
	out := &domain.DayPlan{CentreID: p.Centre.ID, AreaID: p.Centre.AreaID, Date: p.From.In(p.Centre.Location()).Format("2006-01-02"),
		Travel: domain.JSON[domain.TravelBasis]{V: casework.TravelBasis(s.Service)}}
	m := newProposal(p)
	m.keepWhatStands()
	fixed := len(m.problem.Stops)
	m.problem.Travel = travelTable(s.Service, m.places)
	s.findFree(m)
	s.placePairs(m)
	searched := m.offerTheOthers()

	over := func(int) float64 { return 1 }
	before := dayplan.Solve(&dayplan.Problem{Stops: m.problem.Stops[:fixed], Vehicles: m.problem.Vehicles, Travel: m.problem.Travel},
		dayplan.Options{Progress: over})
	p.bound(m.problem)
	how := over
	if searched {
		how = progress(len(m.problem.Stops))
	}
	plan := dayplan.Solve(m.problem, dayplan.Options{Seed: 1, Progress: how})
	for n, route := range plan.Routes {
		out.Visits = append(out.Visits, m.visitsOn(n, route)...)
	}
	for _, c := range m.free {
		if !m.placed[c.Visit.ID] {
			out.Unplaced = append(out.Unplaced, s.explain(p, m.draft, c))
		}
	}
	out.Before.V = domain.PlanTotals{Visits: len(m.standing), Unassigned: len(m.free), TravelMinutes: int(math.Round(before.Travel)),
		Technicians: before.Used}
	for id := range m.placed {
		m.standing[id] = true
	}
	out.After.V = domain.PlanTotals{Visits: len(m.standing), Unassigned: len(out.Unplaced), TravelMinutes: int(math.Round(plan.Travel)),
		Technicians: plan.Used}
	return out
}

// keepWhatStands fixes the visits that have their crew, here and in other
// centres.
func (m *proposal) keepWhatStands() {
	for i := range m.Around.Busy {
		b := &m.Around.Busy[i]
		n, ok := m.number[b.TechnicianID]
		if !ok || !b.EndsAt.After(m.From) || !b.StartsAt.Before(m.To) {
			continue
		}
		v, end := m.visits[b.VisitID], b.EndsAt
		var where int
		if v != nil && m.jobs[v.JobID] != nil {
			where = m.placeOf[v.JobID]
			m.standing[v.ID] = true
		} else {
			where, m.places = len(m.places), append(m.places, domain.Point{Lat: b.Lat, Lon: b.Lon})
		}
		if v != nil && v.Status.UnderWay() {
			end = casework.Later(end, m.Now)
		}
		begin := math.Floor(m.minute(b.StartsAt))
		m.problem.Stops = append(m.problem.Stops, dayplan.Stop{Place: where, Minutes: math.Ceil(m.minute(end)) - begin, From: begin, To: begin,
			Fixed: domain.Ptr(n)})
	}
}

// findFree lists the visits of the day that want somebody.
func (s *Service) findFree(m *proposal) {
	for i := range m.Visits {
		v := &m.Visits[i]
		j := m.jobs[v.JobID]
		if !m.wants(v) || v.WindowStart.Before(m.From) || m.Only != nil && !m.Only[v.ID] || j == nil {
			continue
		}
		d := &casework.Case{Job: j, Customer: &domain.Customer{Meta: domain.Meta{ID: v.CustomerID}},
			Site: m.sites[j.SiteID], Centre: m.Centre,
			Now: m.Now, Roads: s.Roads,
			Holds: m.Open[v.ID], Plan: m.Plans[v.ID]}
		if d.Site == nil {
			d.Site = &domain.Site{Zone: m.Centre.Zone}
		}
		d.Held = domain.Refusing(domain.SafetyRefuses, d.Holds)
		c := &candidate{Visit: v, Case: d, Place: m.placeOf[v.JobID], Pair: domain.Has(d.Plan, "two_people")}
		c.Choosing = slices.ContainsFunc(m.Around.Reserved, func(h domain.SlotHold) bool { return h.JobID == v.JobID })
		m.window(c)
		m.free = append(m.free, c)
	}
}

// placePairs gives visits for two their people, before the search.
func (s *Service) placePairs(m *proposal) {
	for _, c := range byWeight(m.free) {
		crew, begin, ok := s.couple(m.planDay, m.draft, c, m.problem, m.knows[c.Visit.CustomerID])
		if !ok {
			continue
		}
		m.crews[c.Visit.ID], m.placed[c.Visit.ID] = crew, true
		for _, id := range crew {
			if domain.Has(c.Visit.Crew, id) {
				continue
			}
			m.of[len(m.problem.Stops)] = c
			m.problem.Stops = append(m.problem.Stops, dayplan.Stop{Place: c.Place, Minutes: float64(c.Visit.PlannedMinutes), From: begin, To: begin,
				Fixed: domain.Ptr(m.number[id])})
			m.draft.busy = append(m.draft.busy, c.busy(id, m.instant(begin)))
		}
	}
}

// offerTheOthers puts the visits for one person to the search, and reports
// whether there are any that somebody could do.
func (m *proposal) offerTheOthers() (searched bool) {
	for _, c := range m.free {
		if c.Pair || !c.open() {
			continue
		}
		stop := dayplan.Stop{Place: c.Place, Minutes: float64(c.Visit.PlannedMinutes), From: c.From, To: c.To,
			Weight: weights[c.Case.Job.Priority]}
		possible := false
		for i := range m.Technicians {
			id, cost := m.Technicians[i].ID, 0.0
			if e := crewRefusal(&draft{day: m.planDay}, c, m.instant(c.From), id); e != nil && !byTheTime(e.Code) {
				cost = math.Inf(1)
			} else if faces := m.knows[c.Visit.CustomerID]; len(faces) > 0 && !domain.Has(faces, id) {
				cost = newFace
			}
			possible = possible || !math.IsInf(cost, 1)
			stop.Costs = append(stop.Costs, cost)
		}
		if possible {
			m.of[len(m.problem.Stops)], searched = c, true
			m.problem.Stops = append(m.problem.Stops, stop)
		}
	}
	return searched
}

// visitsOn takes from the route of the nth technician what the plan adds to
// their day.
func (m *proposal) visitsOn(n int, route []dayplan.Visit) (out []domain.PlannedVisit) {
	u := &m.Technicians[n]
	from := n
	for k, x := range route {
		stop := &m.problem.Stops[x.Stop]
		way := m.problem.Travel[from][stop.Place]
		known := from == stop.Place || m.places[from].Known() && m.places[stop.Place].Known()
		from = stop.Place
		c := m.of[x.Stop]
		if c == nil {
			continue
		}
		begin := m.instant(math.Ceil(x.Start - 1e-6))
		crew := domain.JSONList[domain.ID]{u.ID}
		if c.Pair {
			crew = m.crews[c.Visit.ID]
		} else {
			if crewRefusal(m.draft, c, begin, u.ID) != nil {
				continue // the rules have the last word; refusals say why
			}
			m.draft.busy = append(m.draft.busy, c.busy(u.ID, begin))
			m.placed[c.Visit.ID] = true
		}
		arrival := begin
		if k > 0 {
			arrival = m.instant(math.Min(math.Ceil(x.Arrive-1e-6), math.Ceil(x.Start-1e-6)))
		}
		out = append(out, domain.PlannedVisit{VisitID: c.Visit.ID, JobID: c.Visit.JobID, TechnicianID: u.ID, Crew: crew,
			PlannedStart: begin, PlannedMinutes: c.Visit.PlannedMinutes,
			Arrival: arrival, TravelMinutes: int(way), TravelKnown: known, Continuity: domain.Has(m.knows[c.Visit.CustomerID], u.ID)})
	}
	return out
}

// weights say what stays out last.
var weights = map[string]float64{"urgent": 4, "high": 2, "normal": 1, "low": 0.5}

// byWeight lists the visits for two that may begin, the weightiest first, then
// as they come.
func byWeight(free []*candidate) []*candidate {
	var out []*candidate
	for _, c := range free {
		if c.Pair && c.open() {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *candidate) int {
		return cmp.Compare(weights[b.Case.Job.Priority], weights[a.Case.Job.Priority])
	})
	return out
}

// couple finds the two for a visit whose plan asks for two people, and when it
// begins: of all times the one at which the two cheapest of those who can come
// cost least. Such visits go before the search for all others, since few times
// suit two, and stand still in it. Who stays from a crew is one of the two.
func (s *Service) couple(p *planDay, t *draft, c *candidate, problem *dayplan.Problem,
	faces domain.JSONList[domain.ID]) (crew domain.JSONList[domain.ID], begin float64, ok bool) {
	type comer struct {
		technician domain.ID
		price      float64
	}
	best := math.Inf(1)
	var able []int // whom no other time would help
	for i := range p.Technicians {
		if e := alone(&draft{day: p}, c, p.instant(c.From), p.Technicians[i].ID); e == nil || byTheTime(e.Code) {
			able = append(able, i)
		}
	}
	for at := c.From; at <= c.To; at += twoEvery {
		var who []comer
		for _, i := range able {
			id := p.Technicians[i].ID
			if domain.Has(c.Visit.Crew, id) {
				who = append(who, comer{id, math.Inf(-1)})
				continue
			}
			price, fits := detour(problem, i, c, at)
			if !fits || alone(t, c, p.instant(at), id) != nil {
				continue
			}
			if len(faces) > 0 && !domain.Has(faces, id) {
				price += newFace
			}
			who = append(who, comer{id, price})
		}
		if len(who) < 2 {
			continue
		}
		slices.SortStableFunc(who, func(a, b comer) int { return cmp.Compare(a.price, b.price) })
		if len(c.Visit.Crew) > 0 && !domain.Has(c.Visit.Crew, who[0].technician) {
			continue // who stays cannot come themselves
		}
		for n, second := range who[1:] {
			for _, first := range who[:n+1] {
				price := second.price
				if len(c.Visit.Crew) == 0 {
					price += first.price
				} else if !domain.Has(c.Visit.Crew, first.technician) {
					break
				}
				two := domain.JSONList[domain.ID]{first.technician, second.technician}
				if price < best && p.skilled(c.Case.Job, two) && crewRefusal(t, c, p.instant(at), two...) == nil {
					best, crew, begin, ok = price, two, at, true
				}
			}
		}
	}
	return crew, begin, ok
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
		case o.From >= at+float64(c.Visit.PlannedMinutes):
			if o.From < begins {
				to, begins = o.Place, o.From
			}
		default:
			return 0, false
		}
	}
	there, on := problem.Travel[from][c.Place], problem.Travel[c.Place][to]
	end := at + float64(c.Visit.PlannedMinutes)
	if leaves+there > at || end+on > begins {
		return 0, false
	}
	price := there + on - problem.Travel[from][to]
	if idle {
		price = there + on
	}
	after := work + float64(c.Visit.PlannedMinutes)
	return price + problem.Fair*(after*after-work*work)/3600, true
}

// explain says why a visit has no place: what the rules answer for each
// technician, at all the times at which it could begin.
func (s *Service) explain(p *planDay, t *draft, c *candidate) domain.UnplacedVisit {
	out := domain.UnplacedVisit{VisitID: c.Visit.ID, JobID: c.Visit.JobID, Refusals: domain.JSONList[domain.Refusal]{}}
	say := func(code domain.Code, reason string, technician domain.ID) {
		for i := range out.Refusals {
			if r := &out.Refusals[i]; r.Reason == reason {
				r.TechnicianIDs = append(r.TechnicianIDs, technician)
				return
			}
		}
		out.Refusals = append(out.Refusals, domain.Refusal{Code: string(code), Reason: reason,
			TechnicianIDs: domain.JSONList[domain.ID]{technician}})
	}
	if c.Choosing {
		out.Code, out.Reason = string(domain.CodePreconditionMissing), "The household is choosing another time just now."
		return out
	}
	var could []string // come alone, where two are wanted
	for i := range p.Technicians {
		u := &p.Technicians[i]
		if c.From > c.To {
			if e := alone(t, c, c.Visit.PlannedStart, u.ID); e != nil {
				say(e.Code, e.Message, u.ID)
			}
			continue
		}
		var worst *domain.Error
		for at := c.From; at <= c.To; at += looksEvery {
			e := alone(t, c, p.instant(at), u.ID)
			if e == nil {
				worst = nil
				break
			}
			if worst == nil || e.Code == domain.CodeOverlap { // they work then, and have no time
				worst = e
			}
			if !byTheTime(e.Code) {
				break
			}
		}
		if worst == nil && c.Pair {
			could = append(could, u.FirstName())
			continue
		}
		if worst == nil {
			worst = domain.Fail(domain.CodeOverlap, "%s cannot be there in time between other visits.", u.FirstName())
		}
		say(worst.Code, worst.Message, u.ID)
	}
	switch {
	case len(could) == 1:
		out.Code, out.Reason = string(domain.CodePlan), "The plan of this household asks for two people, and only "+could[0]+" could come."
	case len(could) > 1:
		out.Code, out.Reason = string(domain.CodePlan), "The plan of this household asks for two people, and no two can come at the same time."
	case len(out.Refusals) == 1:
		out.Code, out.Reason = out.Refusals[0].Code, out.Refusals[0].Reason
	case len(out.Refusals) == 0 && len(p.Technicians) > 0:
		out.Code, out.Reason = string(domain.CodeState), "The window of this visit is over."
	case len(p.Technicians) == 0:
		out.Code, out.Reason = string(domain.CodePreconditionMissing), "The centre has no technician."
	default:
		out.Code, out.Reason = string(domain.CodePreconditionMissing), "Nobody is free for it in its window."
	}
	return out
}

// taken gives what technicians have that day: what was read, and what the plan
// has placed by now.
func (t *draft) taken() []domain.BookedCapacity {
	var out []domain.BookedCapacity
	for i := range t.busy {
		b := &t.busy[i]
		out = append(out, domain.BookedCapacity{VisitID: b.VisitID, TechnicianID: &b.TechnicianID, PlannedStart: b.StartsAt})
	}
	for _, x := range t.day.Taken {
		if x.TechnicianID != nil && !slices.ContainsFunc(t.busy, func(b domain.Busy) bool {
			return b.VisitID == x.VisitID &&
				b.TechnicianID == *x.TechnicianID
		}) {
			out = append(out, x)
		}
	}
	return out
}
