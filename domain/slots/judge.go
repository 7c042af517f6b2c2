package slots

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"doorstep/domain/geo"
)

// ID names a technician.
type ID = [16]byte

// Place is a point on the earth, in degrees. Where one is not known, a nil
// pointer stands, and rules about the way say nothing.
type Place struct{ Lat, Lon float64 }

// Span is a stretch of real time, To not included.
type Span struct{ From, To time.Time }

func (s Span) holds(o Span) bool    { return !o.From.Before(s.From) && !o.To.After(s.To) }
func (s Span) overlaps(o Span) bool { return s.From.Before(o.To) && o.From.Before(s.To) }

// Shift is one stretch of work on a weekday, local "HH:MM"; To may be "24:00".
// What lies between two shifts of a day is a break.
type Shift struct {
	Weekday  time.Weekday
	From, To string
}

// Booking is what occupies a technician: a visit, or a time that is kept for
// another household while it decides.
type Booking struct {
	Span
	Place *Place
	Kept  bool
}

// Technician is somebody who might go.
type Technician struct {
	ID     ID
	Name   string // the first one, for the sentences
	Skills []string
	Levels map[string]int     // of skills, where it is not Able
	Weekly []Shift            // none: the centre's working days
	Dates  map[string][]Shift // other hours on a local date, YYYY-MM-DD; none: off. The weekday says nothing
	Away   []Span             // leave
	Home   *Place
	Apart  bool      // kept from this household, for whatever reason
	Knows  bool      // was there before
	Diary  []Booking // by From
	Load   Load      // of their own
}

// The levels of a skill: who helps, who does it alone, whom others ask.
const (
	Helper = 1
	Able   = 2
	Expert = 3
)

// level is that of a skill which the technician has.
func (t *Technician) level(skill string) int {
	if l, ok := t.Levels[skill]; ok {
		return l
	}
	return Able
}

// Load is how many visits somebody takes a day, and how many there are
// already: the one that is looked for not counted.
type Load struct {
	Most int            // 0: no bound
	Days map[string]int // by local date, YYYY-MM-DD
}

// full reports whether a day takes no more.
func (l *Load) full(local time.Time) bool {
	return l.Most > 0 && l.Days[local.Format(time.DateOnly)] >= l.Most
}

// Centre is where the technicians belong.
type Centre struct {
	Location    *time.Location
	Holidays    []string // local dates, YYYY-MM-DD
	WorkingDays []int    // 0 Sunday … 6 Saturday; none: every day
	Load        Load     // of the whole centre
	// Stands is the local date on which the visit that is looked for stands
	// already: there it takes no more room of the centre.
	Stands string
}

// full reports whether the centre takes no more visits on the day of an instant.
func (c *Centre) full(at time.Time) bool {
	local := at.In(c.Location)
	return c.Load.full(local) && local.Format(time.DateOnly) != c.Stands
}

// Job is what a visit needs.
type Job struct {
	Skill   string // empty asks for none
	Level   int    // of the skill that one of the crew has; Helper or less: any
	Minutes int
	Place   *Place
	Two     bool // a plan asks for two people
	// Light gives the daylight of an instant's day, where a plan asks for it.
	Light func(time.Time) Span
}

// Travel tells the minutes of the way between two places.
type Travel func(from, to Place) float64

// Reason is why a technician cannot come at a time; empty: they can.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	Plan         Reason = "plan"          // not what the safe-visit plan asks for
	NotAvailable Reason = "not_available" // and nothing more
	Skill        Reason = "skill"
	Holiday      Reason = "holiday"
	Leave        Reason = "leave"
	Hours        Reason = "hours"
	Capacity     Reason = "capacity" // the centre or the technician takes no more visits that day
	Overlap      Reason = "overlap"
	Kept         Reason = "kept" // for another household that is choosing
	Way          Reason = "travel"
)

// Judge holds the hard rules for one job. It is not changed once it is in use.
type Judge struct {
	Job    Job
	Centre Centre
	Travel Travel
}

// Of judges whether a technician can begin a visit at an instant. Nothing
// about the way is refused where a place is unknown.
func (j *Judge) Of(t *Technician, start time.Time) Reason {
	v := Span{start, start.Add(time.Duration(j.Job.Minutes) * time.Minute)}
	if j.Job.Light != nil && !j.Job.Light(start).holds(v) {
		return Plan
	}
	if r := j.unfit(t); r != "" {
		return r
	}
	if r := j.Centre.offDuty(t, v); r != "" {
		return r
	}
	if j.Full(start) || t.Load.full(start.In(j.Centre.Location)) {
		return Capacity
	}
	before, after, hit := around(t.Diary, v)
	switch {
	case hit != nil && hit.Kept:
		return Kept
	case hit != nil:
		return Overlap
	case j.late(before, after, v) > leeway:
		return Way
	}
	return ""
}

// Full reports whether the centre takes no more visits on a day, whoever would
// go.
func (j *Judge) Full(start time.Time) bool { return j.Centre.full(start) }

// leeway is how much later than planned a visit may begin because of the way
// before it: planned lengths are estimates, and what a household was told is
// the window. More than that is refused.
const leeway = 30 * time.Minute

// late is by how much the ways before and after a visit are too long.
func (j *Judge) late(before, after *Booking, v Span) time.Duration {
	var most time.Duration
	if before != nil {
		most = before.To.Add(j.way(before.Place, j.Job.Place)).Sub(v.From)
	}
	if after != nil {
		most = max(most, v.To.Add(j.way(j.Job.Place, after.Place)).Sub(after.From))
	}
	return max(most, 0)
}

// onTime reports whether nothing of the leeway is needed.
func (j *Judge) onTime(t *Technician, start time.Time) bool {
	v := Span{start, start.Add(time.Duration(j.Job.Minutes) * time.Minute)}
	before, after, _ := around(t.Diary, v)
	return j.late(before, after, v) == 0
}

// unfit is what no other time mends. Of two people one has to have the level:
// that is Skilled's to judge.
func (j *Judge) unfit(t *Technician) Reason {
	switch {
	case t.Apart:
		return NotAvailable
	case j.Job.Skill != "" && !slices.Contains(t.Skills, j.Job.Skill), !j.Job.Two && !j.Skilled(t):
		return Skill
	}
	return ""
}

// Skilled reports whether one of some people has the skill at the level that the
// job asks for.
func (j *Judge) Skilled(crew ...*Technician) bool {
	if j.Job.Skill == "" || j.Job.Level <= Helper {
		return true
	}
	return slices.ContainsFunc(crew, func(t *Technician) bool {
		return slices.Contains(t.Skills, j.Job.Skill) && t.level(j.Job.Skill) >= j.Job.Level
	})
}

// way is the time between two places; none where one is unknown.
func (j *Judge) way(a, b *Place) time.Duration {
	if a == nil || b == nil {
		return 0
	}
	return time.Duration(math.Ceil(j.Travel(*a, *b))) * time.Minute
}

// around finds what a diary holds next to a span: the last booking that ends
// before it, the first that begins after it, and one that meets it.
func around(diary []Booking, v Span) (before, after, hit *Booking) {
	i := sort.Search(len(diary), func(i int) bool { return !diary[i].From.Before(v.To) })
	if i < len(diary) {
		after = &diary[i]
	}
	for k := i - 1; k >= 0; k-- {
		b := &diary[k]
		if b.overlaps(v) {
			return nil, nil, b
		}
		if before == nil || b.To.After(before.To) {
			before = b
		}
		if v.From.Sub(b.From) > 24*time.Hour { // no booking is longer
			break
		}
	}
	return before, after, nil
}

// offDuty judges the week, the leave and the holidays. A visit lies inside one
// shift: nobody works through their break or through the night.
func (c *Centre) offDuty(t *Technician, v Span) Reason {
	local := v.From.In(c.Location)
	if len(c.Holidays) > 0 && slices.Contains(c.Holidays, local.Format(time.DateOnly)) {
		return Holiday
	}
	for _, away := range t.Away {
		if away.overlaps(v) {
			return Leave
		}
	}
	said, dated := t.said(local)
	if len(said) == 0 && !dated {
		if len(c.WorkingDays) > 0 && !slices.Contains(c.WorkingDays, int(local.Weekday())) {
			return Hours
		}
		return ""
	}
	y, m, d := local.Date()
	for _, s := range said {
		if (dated || s.Weekday == local.Weekday()) && s.on(y, m, d, c.Location).holds(v) {
			return ""
		}
	}
	return Hours
}

// said is the week, or what was said of a date instead: then any weekday is
// meant.
func (t *Technician) said(local time.Time) (shifts []Shift, dated bool) {
	if len(t.Dates) > 0 {
		if on, ok := t.Dates[local.Format(time.DateOnly)]; ok {
			return on, true
		}
	}
	return t.Weekly, false
}

// shifts are those of a local day; set is false where nobody said any.
func (t *Technician) shifts(local time.Time) (out []Shift, set bool) {
	said, dated := t.said(local)
	for _, s := range said {
		if dated || s.Weekday == local.Weekday() {
			out = append(out, s)
		}
	}
	return out, dated || len(said) > 0
}

func (s Shift) on(y int, m time.Month, d int, loc *time.Location) Span {
	return Span{wall(y, m, d, clock(s.From), loc, false), wall(y, m, d, clock(s.To), loc, true)}
}

// clock reads "HH:MM" as minutes of the day.
func clock(s string) int {
	if len(s) != 5 {
		return 0
	}
	return (int(s[0]-'0')*10+int(s[1]-'0'))*60 + int(s[3]-'0')*10 + int(s[4]-'0')
}

// wall is the instant at which a clock in loc shows minutes of a day. Of a
// time that exists twice it gives the first, or with late the second; for one
// that does not exist, the instant at which the clocks are put forward.
func wall(y int, m time.Month, d, minutes int, loc *time.Location, late bool) time.Time {
	at := time.Date(y, m, d, 0, minutes, 0, 0, time.UTC)
	_, was := at.Add(-24 * time.Hour).In(loc).Zone()
	_, is := at.Add(24 * time.Hour).In(loc).Zone()
	first, second := at.Add(-time.Duration(was)*time.Second), at.Add(-time.Duration(is)*time.Second)
	if was == is {
		return first
	}
	shows := func(t time.Time) bool {
		_, offset := t.In(loc).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(at)
	}
	a, b := shows(first), shows(second)
	switch {
	case a && b && late == second.After(first):
		return second
	case a:
		return first
	case b:
		return second
	}
	from, _ := first.In(loc).ZoneBounds()
	return from.UTC()
}

// Words says a reason in a sentence, as of the same technician and instant.
// What a plan asks for is its keeper's to say.
func (j *Judge) Words(t *Technician, start time.Time, r Reason) string {
	loc := j.Centre.Location
	local := start.In(loc)
	v := Span{start, start.Add(time.Duration(j.Job.Minutes) * time.Minute)}
	switch r {
	case Plan:
	case NotAvailable:
		return t.Name + " is not available for this visit."
	case Skill:
		if slices.Contains(t.Skills, j.Job.Skill) {
			return fmt.Sprintf("%s has %s at level %d; this job asks for %d.", t.Name, j.Job.Skill, t.level(j.Job.Skill), j.Job.Level)
		}
		return fmt.Sprintf("%s does not have the skill %s.", t.Name, j.Job.Skill)
	case Holiday:
		return fmt.Sprintf("%s is a holiday of the centre.", local.Format(time.DateOnly))
	case Leave:
		return t.Name + " is on leave then."
	case Hours:
		return j.Centre.hoursWords(t, v)
	case Capacity:
		if j.Full(start) {
			return j.Centre.Load.words("The centre", local)
		}
		return t.Load.words(t.Name, local)
	case Overlap:
		return t.Name + " has another visit in this time."
	case Kept:
		return t.Name + " is kept for another household that is choosing a time."
	case Way:
		before, after, _ := around(t.Diary, v)
		if before != nil {
			if w := j.way(before.Place, j.Job.Place); before.To.Add(w).Sub(v.From) > leeway {
				return fmt.Sprintf("%s needs %d min on the way from a visit that ends at %s.", t.Name, int(w.Minutes()), before.To.In(loc).
					Format("15:04"))
			}
		}
		if after != nil {
			return fmt.Sprintf("%s needs %d min on the way to a visit at %s.", t.Name, int(j.way(j.Job.Place, after.Place).Minutes()),
				after.From.In(loc).Format("15:04"))
		}
	}
	return ""
}

func (l *Load) words(who string, local time.Time) string {
	day, visits := local.Format(time.DateOnly), "visits"
	if l.Most == 1 {
		visits = "visit"
	}
	return fmt.Sprintf("%s takes %d %s on %s and has %d.", who, l.Most, visits, day, l.Days[day])
}

func (c *Centre) hoursWords(t *Technician, v Span) string {
	local, end := v.From.In(c.Location), v.To.In(c.Location).Add(-time.Nanosecond)
	shifts, set := t.shifts(local)
	if !set {
		return fmt.Sprintf("%s is not a working day of the centre.", local.Weekday())
	}
	day := local.Weekday().String()
	if _, other := t.Dates[local.Format(time.DateOnly)]; other {
		day = local.Format(time.DateOnly)
	}
	if len(shifts) == 0 {
		return fmt.Sprintf("%s does not work on %s.", t.Name, day)
	}
	if local.Format(time.DateOnly) != end.Format(time.DateOnly) {
		return t.Name + " does not work through the night."
	}
	var that []string
	for _, s := range shifts {
		that = append(that, s.From+"-"+s.To)
	}
	return fmt.Sprintf("%s works %s on %s.", t.Name, strings.Join(that, " and "), day)
}

// OffDuty judges hours, leave and holidays alone; the sentence says why not.
func (j *Judge) OffDuty(t *Technician, v Span) (Reason, string) {
	r := j.Centre.offDuty(t, v)
	k := *j
	k.Job.Minutes = int(v.To.Sub(v.From).Minutes())
	return r, k.Words(t, v.From, r)
}

// GreatCircle is the way over the earth's surface, 1.4 times as long for the
// streets, at a speed in km/h.
func GreatCircle(kmh float64) Travel {
	const streets = 1.4
	return func(a, b Place) float64 {
		return geo.Metres(a.Lat, a.Lon, b.Lat, b.Lon) / 1000 * streets / kmh * 60
	}
}

// DefaultSpeed in km/h, through a town with its traffic.
const DefaultSpeed = 25
