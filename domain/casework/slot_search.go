package casework

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

const (
	slotDays    = 14 // searched when nobody says how far
	slotDaysMax = 31 // at most
	slotOffers  = 5  // technicians of a window, unless all are explained
	freshSlots  = 5  // beside a refusal
)

// Roads tells how long the way is. A nil one is the great circle at 25 km/h.
type Roads interface {
	// Minutes of a way, from what is known by now; it never waits.
	Minutes(from, to slots.Place) float64
	// Learn finds out the ways between a place and others, as far as there is
	// time. It may use the network: never call it inside a transaction.
	Learn(ctx context.Context, place slots.Place, others []slots.Place)
	// LearnAll is Learn for the ways of all the places among each other.
	LearnAll(ctx context.Context, places []slots.Place)
	// Basis tells the speed of a way over the great circle, in km/h, and
	// whether an engine is asked first.
	Basis() (kmh float64, engine bool)
}

// SlotQuery asks for arrival windows. Times without an offset are read in the
// site's zone.
type SlotQuery struct {
	From, To string     // default: from now, 14 days
	Explain  bool       // also what is refused, and why
	VisitID  *domain.ID // the visit that would be moved
	Minutes  int        // default: the visit's, else 60
}

// SlotAnswer is the arrival windows of a job.
type SlotAnswer struct {
	JobID          domain.ID                   `json:"job_id"`
	VisitID        *domain.ID                  `json:"visit_id"`
	From           time.Time                   `json:"from"`
	To             time.Time                   `json:"to"`
	Zone           string                      `json:"zone"` // of the centre, on whose wall clock the windows stand
	PlannedMinutes int                         `json:"planned_minutes"`
	CrewSize       int                         `json:"crew_size"`
	Refused        *SlotRefusal                `json:"refused"` // nobody may be sent at all
	Items          domain.JSONList[SlotWindow] `json:"items"`
}

// SlotWindow is one arrival window with who can come, best first.
type SlotWindow struct {
	WindowStart time.Time                    `json:"window_start"`
	WindowEnd   time.Time                    `json:"window_end"`
	Score       int                          `json:"score"`
	Offers      domain.JSONList[SlotOffer]   `json:"offers"`
	Refused     domain.JSONList[SlotRefusal] `json:"refused"` // with explain
}

// SlotOffer is a crew that can come; more points are better, 100 at most.
type SlotOffer struct {
	Crew          domain.JSONList[domain.ID] `json:"crew"`
	PlannedStart  time.Time                  `json:"planned_start"`
	Score         int                        `json:"score"`
	Parts         slots.Parts                `json:"parts"`
	TravelMinutes *int                       `json:"travel_minutes"` // that the way of the day grows by; null: unknown
}

// SlotRefusal says why not, in the words and with the code that scheduling
// would refuse with.
type SlotRefusal struct {
	TechnicianID *domain.ID  `json:"technician_id"`
	Code         domain.Code `json:"code"`
	Reason       string      `json:"reason"`
	Detail       string      `json:"detail"`
}

// rules are the hard rules of a visit on this job: the one judge of who
// searches and of who books.
func rules(c *Case, minutes int) *slots.Judge {
	j := &slots.Judge{Travel: slots.GreatCircle(slots.DefaultSpeed),
		Centre: slots.Centre{Location: c.Centre.Location(), Holidays: c.Centre.Holidays, WorkingDays: c.Centre.WorkingDays,
			Load: slots.Load{Most: dailyMost(c.Centre.MaxVisitsPerDay)}},
		Job: slots.Job{Skill: c.Job.Category, Level: c.Job.SkillLevel, Minutes: minutes, Place: placeOf(c.Site.Lat, c.Site.Lon),
			Two: domain.Has(c.Plan, "two_people")}}
	if c.Roads != nil {
		j.Travel = c.Roads.Minutes
	}
	if domain.Has(c.Plan, "daylight") {
		loc, days := c.Site.Location(), map[string]slots.Span{}
		j.Job.Light = func(at time.Time) slots.Span {
			day := at.In(loc).Format(time.DateOnly)
			light, ok := days[day]
			if !ok {
				light.From, light.To, _ = c.Site.Light(at)
				days[day] = light
			}
			return light
		}
	}
	return j
}

func placeOf(lat, lon *float64) *slots.Place {
	if lat == nil || lon == nil {
		return nil
	}
	return &slots.Place{Lat: *lat, Lon: *lon}
}

// ShiftsOf are the weekly hours of a technician.
func ShiftsOf(u *domain.User) []slots.Shift {
	out := make([]slots.Shift, len(u.Hours))
	for i, h := range u.Hours {
		out[i] = slots.Shift{Weekday: time.Weekday(h.Weekday), From: h.From, To: h.To}
	}
	return out
}

// DatesOf are their other hours on some dates.
func DatesOf(u *domain.User) map[string][]slots.Shift {
	if len(u.Exceptions) == 0 {
		return nil
	}
	out := map[string][]slots.Shift{}
	for _, day := range u.Exceptions {
		shifts := []slots.Shift{}
		for _, h := range day.Hours {
			shifts = append(shifts, slots.Shift{From: h.From, To: h.To})
		}
		out[day.Date] = shifts
	}
	return out
}

func awayOf(leaves []domain.Leave) []slots.Span {
	out := make([]slots.Span, len(leaves))
	for i, l := range leaves {
		out[i] = slots.Span{From: l.StartsAt, To: l.EndsAt}
	}
	return out
}

// candidate is a technician of a diary as the rules see them. What the visit
// itself takes, or the one that it follows, or its household has reserved, is
// free for it.
func (c *Case) candidate(diary *domain.Diary, u *domain.User, v *domain.Visit) slots.Technician {
	t := slots.Technician{ID: u.ID, Name: u.FirstName(), Skills: u.Skills, Levels: u.SkillLevels.V, Weekly: ShiftsOf(u), Dates: DatesOf(u),
		Away: awayOf(diary.LeavesOf(u.ID)), Home: placeOf(u.HomeLat, u.HomeLon),
		Apart: diary.Apart(u.ID), Knows: domain.Has(diary.Known, u.ID), Load: c.loadOf(u, diary.Taken, v)}
	for i := range diary.Busy {
		if b := &diary.Busy[i]; b.TechnicianID == u.ID && b.VisitID != v.ID && (v.PredecessorID == nil || b.VisitID != *v.PredecessorID) {
			t.Diary = append(t.Diary, slots.Booking{Span: slots.Span{From: b.StartsAt, To: b.EndsAt}, Place: placeOf(b.Lat, b.Lon)})
		}
	}
	for i := range diary.Reserved {
		if h := &diary.Reserved[i]; h.TechnicianID == u.ID && h.JobID != c.Job.ID {
			t.Diary = append(t.Diary, slots.Booking{Span: slots.Span{From: h.StartsAt, To: h.EndsAt}, Kept: true})
		}
	}
	slices.SortStableFunc(t.Diary, func(a, b slots.Booking) int { return a.From.Compare(b.From) })
	return t
}

// refuses turns a reason of the rules into the error of whoever books.
func (c *Case) refuses(j *slots.Judge, t *slots.Technician, start time.Time, r slots.Reason) *domain.Error {
	if r == slots.Plan {
		v, crew := &domain.Visit{PlannedStart: start, PlannedMinutes: j.Job.Minutes}, []domain.ID{t.ID}
		if j.Of(t, start) == r { // not for want of a second one
			crew = nil
		}
		if e := new(domain.Error); errors.As(c.PlanPermits(v, crew), &e) {
			return e.With("reason", r)
		}
	}
	code, mend := domain.CodeHours, "a time inside the hours, or another technician"
	switch r {
	case slots.NotAvailable:
		code, mend = domain.CodeExcluded, "choose somebody else"
	case slots.Skill:
		code, mend = domain.CodeSkill, "a technician with the skill "+j.Job.Skill
		if j.Job.Level > slots.Helper {
			mend += " at level " + strconv.Itoa(j.Job.Level)
		}
	case slots.Capacity:
		code, mend = domain.CodeCapacity, "another day, or another technician where it is their number"
	case slots.Overlap, slots.Kept:
		code, mend = domain.CodeOverlap, "another time or another technician"
	case slots.Way:
		code, mend = domain.CodeTooFar, "another time or another technician"
	default: // they are said with the code alone
	}
	e := domain.Fail(code, "%s", j.Words(t, start, r)).With("reason", r)
	e.Fields = []domain.FieldError{{Detail: mend}}
	return e
}

// Slots lists arrival windows with who can come, and with explain why the
// others cannot. Whoever may schedule the job: staff of the centre, agent,
// area manager; a technician of the job for themselves. Errors: CodeNotFound,
// CodeForbidden, CodeUnprocessable.
func (s *Service) Slots(ctx context.Context, a domain.Actor, job domain.ID, q SlotQuery) (SlotAnswer, error) {
	if _, err := s.Read.Job(ctx, a.Scope(), job); err != nil {
		return SlotAnswer{}, err
	}
	if !domain.Has(domain.JobMoveOf("schedule").Roles, a.Role) {
		return SlotAnswer{}, domain.Fail(domain.CodeForbidden, "As %s you may not schedule visits.", domain.RoleWords(a.Role))
	}
	var look *search
	if err := s.InWork(ctx, nil, func(tx *Work) (err error) {
		look, err = searchFor(tx, a, job, q)
		return err
	}); err != nil {
		return SlotAnswer{}, err
	}
	learnRoads(ctx, s, look)
	return look.answer(q.Explain, slotOffers), nil
}

// search is a question with all that answers it.
type search struct {
	d       *Case
	diary   *domain.Diary
	judge   *slots.Judge
	people  []slots.Technician
	windows []slots.Span
	Out     SlotAnswer
}

func searchFor(tx *Work, a domain.Actor, job domain.ID, q SlotQuery) (*search, error) {
	j, err := tx.Job(job)
	if err != nil {
		return nil, err
	}
	c, err := OpenCase(tx, j)
	if err != nil {
		return nil, err
	}
	var moved *domain.Visit
	if q.VisitID != nil {
		if moved, err = tx.Visit(*q.VisitID); err != nil || moved.JobID != j.ID {
			return nil, domain.Fail(domain.CodeUnprocessable, "The job has no such visit.").At("/visit_id", "a visit of the job")
		}
	}
	from, to := tx.Now, tx.Now.AddDate(0, 0, slotDays)
	if q.From != "" {
		if from, err = domain.ParseInstant(q.From, c.Site.Location(), "/from"); err != nil {
			return nil, err
		}
		to = from.AddDate(0, 0, slotDays)
	}
	if q.To != "" {
		if to, err = domain.ParseInstant(q.To, c.Site.Location(), "/to"); err != nil {
			return nil, err
		}
	}
	switch {
	case !to.After(from):
		return nil, domain.Fail(domain.CodeUnprocessable, "The search ends before it begins.").At("/to", "after from")
	case to.Sub(from) > slotDaysMax*24*time.Hour:
		return nil, domain.Fail(domain.CodeUnprocessable, "At most %d days are searched at once.", slotDaysMax).
			At("/to", "at most 31 days after from")
	case from.After(tx.Now.AddDate(1, 0, 0)):
		return nil, domain.Fail(domain.CodeUnprocessable, "The search begins more than a year ahead.").At("/from", "within a year")
	}
	if from.Before(tx.Now) {
		if from = tx.Now; !to.After(tx.Now) {
			return nil, domain.Fail(domain.CodeUnprocessable, "This time is over.").At("/to", "a time to come")
		}
	}
	look, err := SearchIn(c, moved, q.Minutes, from, to)
	if err != nil {
		return nil, err
	}
	refused := domain.CheckJob(a, "schedule", j)
	if moved != nil {
		refused = domain.CheckVisit(a, "reschedule", moved)
	}
	if refused == nil {
		refused = c.MayBook(false)
	}
	if e := new(domain.Error); errors.As(refused, &e) {
		look.Out.Refused = &SlotRefusal{Code: e.Code, Reason: map[domain.Code]string{domain.CodeOnHold: "hold", domain.CodePlan: "plan"}[e.Code],
			Detail: e.Message}
		if look.Out.Refused.Reason == "" {
			look.Out.Refused.Reason = "state"
		}
		look.windows = nil
	} else if refused != nil {
		return nil, refused
	}
	if a.Role == domain.RoleTechnician {
		look.people = slices.DeleteFunc(look.people, func(t slots.Technician) bool { return t.ID != a.UserID })
	}
	return look, nil
}

// SearchIn reads what a search between two instants needs.
func SearchIn(c *Case, moved *domain.Visit, minutes int, from, to time.Time) (*search, error) {
	if minutes == 0 {
		minutes = 60
		if moved != nil {
			minutes = moved.PlannedMinutes
		}
	}
	look := &search{d: c, judge: rules(c, minutes), windows: grid(c.Tx.Svc).Windows(c.Centre.Location(), from, to)}
	look.Out = SlotAnswer{JobID: c.Job.ID, From: from, To: to, Zone: c.Centre.Zone, PlannedMinutes: minutes, CrewSize: 1}
	if look.judge.Job.Two {
		look.Out.CrewSize = 2
	}
	v := &domain.Visit{}
	if moved != nil {
		v.PredecessorID, look.Out.VisitID = &moved.ID, &moved.ID
	}
	var err error
	if look.diary, err = c.Tx.ReadDiary(c.Job.CentreID, c.Customer.ID, from.Add(-domain.DiaryReach), to.Add(domain.DiaryReach),
		c.Now); err != nil {
		return nil, err
	}
	if look.judge.Centre.Load.Most > 0 || AnyBounded(look.diary.Technicians) {
		first, end := c.Centre.Days(from, to.AddDate(0, 0, 1)) // a window is less than a day
		if look.diary.Taken, err = c.Tx.Taken(c.Job.CentreID, domain.ID{}, first, end, c.Now); err != nil {
			return nil, err
		}
		c.Load(look.judge, look.diary.Taken, v)
	}
	for i := range look.diary.Technicians {
		look.people = append(look.people, c.candidate(look.diary, &look.diary.Technicians[i], v))
	}
	return look, nil
}

func grid(s *Service) slots.Grid {
	if s.Windows.Minutes == 0 {
		return slots.DefaultGrid
	}
	return s.Windows
}

// learnRoads asks for the ways of a search, outside any transaction.
func learnRoads(ctx context.Context, s *Service, look *search) {
	site := look.judge.Job.Place
	if s.Roads == nil || site == nil || len(look.windows) == 0 {
		return
	}
	var others []slots.Place
	seen := map[slots.Place]bool{*site: true}
	for i := range look.people {
		places := []*slots.Place{look.people[i].Home}
		for k := range look.people[i].Diary {
			places = append(places, look.people[i].Diary[k].Place)
		}
		for _, p := range places {
			if p != nil && !seen[*p] {
				seen[*p] = true
				others = append(others, *p)
			}
		}
	}
	s.Roads.Learn(ctx, *site, others)
}

// Found are the windows of a search as they are offered.
func (l *search) Found(o slots.Options) []slots.Window {
	o.From, o.To = l.Out.From, l.Out.To
	return l.judge.Search(l.windows, l.people, o)
}

// answer says what was found.
func (l *search) answer(explain bool, most int) SlotAnswer {
	o := slots.Options{Explain: explain, Most: most}
	if explain {
		o.Most = 0
	}
	l.Out.Items = domain.JSONList[SlotWindow]{}
	for _, w := range l.Found(o) {
		item := SlotWindow{WindowStart: w.From.UTC(), WindowEnd: w.To.UTC(), Score: w.Score, Offers: domain.JSONList[SlotOffer]{},
			Refused: domain.JSONList[SlotRefusal]{}}
		for _, f := range w.Offers {
			item.Offers = append(item.Offers, SlotOffer{Crew: l.Crew(f), PlannedStart: f.Start.UTC(), Score: f.Score, Parts: f.Parts,
				TravelMinutes: f.Minutes})
		}
		for _, r := range w.Refused {
			t := &l.people[r.Technician]
			e := l.d.refuses(l.judge, t, w.From, r.Reason)
			item.Refused = append(item.Refused, SlotRefusal{TechnicianID: domain.Ptr(domain.ID(t.ID)), Code: e.Code, Reason: string(r.Reason),
				Detail: e.Message})
		}
		l.Out.Items = append(l.Out.Items, item)
	}
	return l.Out
}

// Crew are the technicians of an offer.
func (l *search) Crew(f slots.Offer) domain.JSONList[domain.ID] {
	out := domain.JSONList[domain.ID]{}
	for _, i := range f.Crew {
		out = append(out, domain.ID(l.people[i].ID))
	}
	return out
}

// otherTimes are refusals that another time does not meet.
var otherTimes = []domain.Code{domain.CodeOverlap, domain.CodeTooFar, domain.CodeCapacity}

// withSlots adds to the refusal of a time what is free instead: whoever lost a
// race for it need not ask again. Nothing else is touched.
func withSlots(ctx context.Context, s *Service, a domain.Actor, job domain.ID, q SlotQuery, err error) error {
	e := new(domain.Error)
	if !errors.As(err, &e) || !domain.Has(otherTimes, e.Code) {
		return err
	}
	var look *search
	if s.InWork(ctx, nil, func(tx *Work) (err error) {
		look, err = searchFor(tx, a, job, q)
		return err
	}) != nil {
		return err
	}
	items := look.answer(false, 3).Items
	return e.With("slots", items[:min(freshSlots, len(items))])
}

// withSlotsFor is withSlots for a move of a visit.
func withSlotsFor(ctx context.Context, s *Service, a domain.Actor, visit domain.ID, err error) error {
	if !slices.ContainsFunc(otherTimes, func(c domain.Code) bool { return domain.IsCode(err, c) }) {
		return err
	}
	v, gone := s.Read.Visit(ctx, a.Scope(), visit)
	if gone != nil {
		return err
	}
	return withSlots(ctx, s, a, v.JobID, SlotQuery{VisitID: &v.ID}, err)
}
