package slots

import (
	"slices"
	"time"
)

// Shifts are the stretches of the local day of an instant in which a technician
// works, in order, as Judge.Of reads them: the week, or what was said of the
// date instead; of one without hours the whole of a working day. Leave is not
// taken out of them.
func (c *Centre) Shifts(t *Technician, day time.Time) []Span {
	local := day.In(c.Location)
	if slices.Contains(c.Holidays, local.Format(time.DateOnly)) {
		return nil
	}
	y, m, d := local.Date()
	shifts, set := t.shifts(local)
	if !set {
		if len(c.WorkingDays) > 0 && !slices.Contains(c.WorkingDays, int(local.Weekday())) {
			return nil
		}
		return []Span{{wall(y, m, d, 0, c.Location, false), wall(y, m, d, 24*60, c.Location, true)}}
	}
	var out []Span
	for _, s := range shifts {
		if at := s.on(y, m, d, c.Location); at.From.Before(at.To) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, func(a, b Span) int { return a.From.Compare(b.From) })
	return out
}
