package reach

import (
	"math"
	"time"
)

// local reads instants on the wall clock of the site. It remembers the stretch of constant offset and the day it looked
// at last, because attempts come in order and asking the zone for each costs more than all the rules together.
type local struct {
	loc      *time.Location
	cal      *Calendar
	lo, hi   int64 // unix seconds between which off holds
	off      int64
	day      int64
	dayKnown bool
	dayFree  dayOff
}

type dayOff uint8

const (
	works dayOff = iota
	notWorking
	holiday
)

const daySeconds = 24 * 60 * 60

func newLocal(cal *Calendar) *local {
	loc := cal.Location
	if loc == nil {
		loc = time.UTC
	}
	return &local{loc: loc, cal: cal, lo: 1, hi: 0}
}

// bounds makes off, lo and hi those of the unix second u.
func (l *local) bounds(u int64) {
	if u >= l.lo && u < l.hi {
		return
	}
	t := time.Unix(u, 0).In(l.loc)
	_, off := t.Zone()
	from, to := t.ZoneBounds()
	l.off, l.lo, l.hi = int64(off), math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		l.lo = from.Unix()
	}
	if !to.IsZero() {
		l.hi = to.Unix()
	}
}

// wall is the local day (days since 1970-01-01) and the second on that day's clock.
func (l *local) wall(micro int64) (day, sec int64) {
	u := floorDiv(micro, second)
	l.bounds(u)
	w := u + l.off
	day = floorDiv(w, daySeconds)
	return day, w - day*daySeconds
}

// free reports whether the centre works on a local day, and if not, why.
func (l *local) free(day int64) dayOff {
	if l.dayKnown && l.day == day {
		return l.dayFree
	}
	l.day, l.dayKnown, l.dayFree = day, true, works
	if !l.cal.WorkingDays[weekday(day)] {
		l.dayFree = notWorking
	} else if len(l.cal.Holidays) > 0 {
		var buf [10]byte
		if l.cal.Holidays[string(appendDate(buf[:0], day))] {
			l.dayFree = holiday
		}
	}
	return l.dayFree
}

// openings are the instants (microseconds) of a local day at which the hours can begin: the opening time, its second
// occurrence when the clocks are put back over it, and the change itself when it jumps into the hours.
func (l *local) openings(day, opens int64) [3]int64 {
	w := day*daySeconds + opens
	l.bounds(w - daySeconds)
	before, change := l.off, l.hi
	l.bounds(w + daySeconds)
	after := l.off
	if before == after || change == math.MaxInt64 {
		return [3]int64{(w - before) * second, (w - before) * second, (w - before) * second}
	}
	out := [3]int64{(w - before) * second, change * second, (w - after) * second}
	if out[0] > out[2] {
		out[0], out[2] = out[2], out[0]
	}
	if out[1] < out[0] {
		out[0], out[1] = out[1], out[0]
	}
	if out[1] > out[2] {
		out[1], out[2] = out[2], out[1]
	}
	return out
}

func weekday(day int64) time.Weekday {
	return time.Weekday(day + 4 - 7*floorDiv(day+4, 7)) // 1970-01-01 was a Thursday
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
