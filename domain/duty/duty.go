package duty

import (
	"slices"
	"time"
)

// Shift is one stretch of duty on a weekday, local "HH:MM"; To may be "24:00".
type Shift struct {
	Weekday  time.Weekday
	From, To string
}

// Span is a stretch of real time, To not included.
type Span struct{ From, To time.Time }

// Roster is when one person or one desk is on duty.
type Roster struct {
	// Location is where the wall clock hangs; nil reads as UTC.
	Location *time.Location
	// Shifts repeat each week. None means that nobody said when: then every
	// hour of every day that is no holiday is duty.
	Shifts []Shift
	// Dates are other shifts on a local date, as "2026-11-22", of which the
	// weekday says nothing; none: off duty.
	Dates map[string][]Shift
	// Holidays are local dates as "2026-11-22".
	Holidays map[string]bool
	// Away is leave.
	Away []Span
	// QuietFrom and QuietTo ("HH:MM") bound the hours of each day in which
	// only an SOS may ring; they may run over midnight. Empty for none.
	QuietFrom, QuietTo string
}

// horizon bounds every search, so that a roster without duty gets an answer.
const horizon = 60

// On reports whether it is duty at an instant.
func (r *Roster) On(at time.Time) bool {
	for _, s := range r.around(at, 1) {
		if !at.Before(s.From) && at.Before(s.To) {
			return true
		}
	}
	return false
}

// Next is the first instant of duty from at on; false when there is none
// within 60 days.
func (r *Roster) Next(at time.Time) (time.Time, bool) {
	for _, days := range []int{1, horizon} { // it is nearly always near
		for _, s := range r.around(at, days) {
			switch {
			case !at.Before(s.To):
			case at.Before(s.From):
				return s.From, true
			default:
				return at, true
			}
		}
	}
	return time.Time{}, false
}

// Add is when so much duty has passed since from; without duty in sight it is
// plain time.
func (r *Roster) Add(from time.Time, d time.Duration) time.Time {
	for seen := true; seen; {
		seen = false
		for _, s := range r.around(from, horizon) {
			if !from.Before(s.To) {
				continue
			}
			start := s.From
			if start.Before(from) {
				start = from
			}
			if rest := s.To.Sub(start); rest >= d {
				return start.Add(d)
			}
			d -= s.To.Sub(start)
			from, seen = s.To, true
		}
	}
	return from.Add(d)
}

// around lists the stretches of duty from the day before an instant on, in
// order, joined where they touch.
func (r *Roster) around(at time.Time, days int) []Span {
	loc := r.Location
	if loc == nil {
		loc = time.UTC
	}
	local := at.In(loc)
	var out []Span
	for i := -1; i <= days; i++ {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 12, 0, 0, 0, loc)
		if r.Holidays[day.Format("2006-01-02")] {
			continue
		}
		said, dated := r.Dates[day.Format("2006-01-02")]
		for _, s := range said {
			out = append(out, Span{clock(day, s.From), clock(day, s.To)})
		}
		if dated {
			continue
		}
		if len(r.Shifts) == 0 {
			out = append(out, Span{clock(day, "00:00"), clock(day, "24:00")})
		}
		for _, s := range r.Shifts {
			if s.Weekday == day.Weekday() {
				out = append(out, Span{clock(day, s.From), clock(day, s.To)})
			}
		}
	}
	if r.QuietFrom != "" && r.QuietTo != "" && r.QuietFrom != r.QuietTo {
		for i := -2; i <= days; i++ {
			day := time.Date(local.Year(), local.Month(), local.Day()+i, 12, 0, 0, 0, loc)
			to := day
			if r.QuietTo < r.QuietFrom { // over midnight
				to = time.Date(local.Year(), local.Month(), local.Day()+i+1, 12, 0, 0, 0, loc)
			}
			out = without(out, Span{clock(day, r.QuietFrom), clock(to, r.QuietTo)})
		}
	}
	for _, a := range r.Away {
		out = without(out, a)
	}
	slices.SortFunc(out, func(a, b Span) int { return a.From.Compare(b.From) })
	joined := out[:0]
	for _, s := range out {
		if !s.From.Before(s.To) {
			continue
		}
		if n := len(joined); n > 0 && !joined[n-1].To.Before(s.From) {
			if joined[n-1].To.Before(s.To) {
				joined[n-1].To = s.To
			}
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// without cuts a stretch out of others.
func without(list []Span, cut Span) []Span {
	var out []Span
	for _, s := range list {
		if !cut.From.Before(s.To) || !s.From.Before(cut.To) {
			out = append(out, s)
			continue
		}
		if s.From.Before(cut.From) {
			out = append(out, Span{s.From, cut.From})
		}
		if cut.To.Before(s.To) {
			out = append(out, Span{cut.To, s.To})
		}
	}
	return out
}

// clock is a wall-clock time of a local day. A time that the clocks jump over
// is the instant at which they jump; of one that comes twice it is the first.
func clock(day time.Time, hhmm string) time.Time {
	h, m := 0, 0
	if len(hhmm) == 5 {
		h = int(hhmm[0]-'0')*10 + int(hhmm[1]-'0')
		m = int(hhmm[3]-'0')*10 + int(hhmm[4]-'0')
	}
	loc := day.Location()
	want := time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, time.UTC) // the reading, as if in UTC
	guess := time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, loc)
	reading := func(t time.Time) time.Time {
		_, off := t.Zone()
		return t.Add(time.Duration(off) * time.Second).UTC()
	}
	if !reading(guess).Equal(want) { // jumped over: the end of the standard offset before it
		_, end := guess.Add(-12 * time.Hour).ZoneBounds()
		return end
	}
	if start, _ := guess.ZoneBounds(); !start.IsZero() { // twice: also before the clocks were put back
		_, before := start.Add(-time.Second).Zone()
		if earlier := want.Add(-time.Duration(before) * time.Second).In(loc); earlier.Before(start) && reading(earlier).Equal(want) {
			return earlier
		}
	}
	return guess
}
