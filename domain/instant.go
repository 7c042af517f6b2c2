package domain

import (
	"slices"
	"strings"
	"time"
)

// ParseInstant reads RFC 3339 with an offset, or a local time without one
// ("2026-11-23T10:00", seconds optional) in loc, and gives UTC cut to
// microseconds (docs/product.md section 8).
//
// CodeMalformed: not a date and time. CodeTimeGap, CodeTimeFold: the local
// time does not exist or exists twice in loc. CodeUnprocessable: outside 1970-2200.
// A leap second (:60) counts as the second that follows it.
func ParseInstant(s string, loc *time.Location, pointer string) (time.Time, error) {
	w, ok := parseWall(s)
	if !ok {
		return time.Time{}, Fail(CodeMalformed, "This is not a date and time.").At(pointer, "must be a date and time (RFC 3339)")
	}
	wall := w.utc()
	if wall.Year() < 1970 || wall.Year() > 2200 {
		return time.Time{}, outOfRange(pointer)
	}
	var t time.Time
	if w.zoned {
		t = wall.Add(-w.offset)
	} else {
		all := readings(wall, loc)
		if len(all) == 0 {
			return time.Time{}, Fail(CodeTimeGap, "%s does not exist in %s.", s, loc).
				At(pointer, "does not exist in "+loc.String())
		}
		if len(all) > 1 {
			offsets, meant := make([]string, len(all)), make([]string, len(all))
			for i, r := range all {
				offsets[i], meant[i] = r.In(loc).Format("-07:00"), r.In(loc).Format(time.RFC3339Nano)
			}
			return time.Time{}, Fail(CodeTimeFold, "%s is %s in %s.", s, strings.Join(offsets, " or "), loc).
				At(pointer, "needs an offset: "+strings.Join(meant, " or ")).With("offsets", offsets)
		}
		t = all[0]
	}
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, outOfRange(pointer)
	}
	return t.Truncate(time.Microsecond), nil
}

func outOfRange(pointer string) error {
	return Fail(CodeUnprocessable, "The time is outside the years 1970 to 2200.").
		At(pointer, "must be between 1970 and 2200")
}

// readings gives every instant that a clock in loc shows as wall, in order.
// Transitions are looked for within 26 hours to each side, which holds the
// largest offsets and the days that Apia and Kwajalein left out.
func readings(wall time.Time, loc *time.Location) []time.Time {
	var out []time.Time
	end := wall.Add(26 * time.Hour)
	for at := wall.Add(-26 * time.Hour); ; {
		_, offset := at.In(loc).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if _, now := t.In(loc).Zone(); now == offset && !slices.ContainsFunc(out, t.Equal) {
			out = append(out, t)
		}
		_, next := at.In(loc).ZoneBounds()
		if next.IsZero() || next.After(end) {
			slices.SortFunc(out, time.Time.Compare)
			return out
		}
		at = next
	}
}

// wallTime is what the text says, before any zone gives it meaning.
type wallTime struct {
	year, month, day, hour, min, sec, nano int
	offset                                 time.Duration
	zoned                                  bool
}

func (w wallTime) utc() time.Time {
	return time.Date(w.year, time.Month(w.month), w.day, w.hour, w.min, w.sec, w.nano, time.UTC)
}

// parseWall reads YYYY-MM-DDThh:mm[:ss[.fff…]][Z|±hh:mm]; t and z may be lower
// case (RFC 3339 section 5.6). With an offset the seconds are required.
func parseWall(s string) (w wallTime, ok bool) {
	if len(s) < 16 || len(s) > 64 || (s[10] != 'T' && s[10] != 't') || s[13] != ':' {
		return w, false
	}
	if w.year, w.month, w.day, ok = ParseDate(s[:10]); !ok {
		return w, false
	}
	var okH, okM, okS bool
	w.hour, okH = digits(s[11:13], 23)
	w.min, okM = digits(s[14:16], 59)
	if !okH || !okM {
		return w, false
	}
	rest, seconds := s[16:], false
	if strings.HasPrefix(rest, ":") && len(rest) >= 3 {
		if w.sec, okS = digits(rest[1:3], 60); !okS {
			return w, false
		}
		rest, seconds = rest[3:], true
		if strings.HasPrefix(rest, ".") {
			n := 1
			scale := 100_000_000
			for ; n < len(rest) && rest[n] >= '0' && rest[n] <= '9'; n++ {
				w.nano += int(rest[n]-'0') * scale
				scale /= 10
			}
			if n == 1 {
				return w, false
			}
			rest = rest[n:]
		}
	}
	switch {
	case rest == "":
		return w, true
	case !seconds:
		return w, false
	case rest == "Z" || rest == "z":
		w.zoned = true
		return w, true
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, okH := digits(rest[1:3], 23)
		m, okM := digits(rest[4:6], 59)
		w.zoned = true
		w.offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
		if rest[0] == '-' {
			w.offset = -w.offset
		}
		return w, okH && okM
	}
	return w, false
}

// ParseDate reads YYYY-MM-DD and refuses days that no calendar has.
func ParseDate(s string) (year, month, day int, ok bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	year, okY := digits(s[:4], 9999)
	month, okM := digits(s[5:7], 12)
	day, okD := digits(s[8:], 31)
	if !okY || !okM || !okD || month == 0 || day == 0 {
		return 0, 0, 0, false
	}
	return year, month, day, time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

func digits(s string, most int) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= most
}

// InstantShape reports whether a text is a date and time as ParseInstant reads
// it, and whether it carries its own offset.
func InstantShape(s string) (zoned, ok bool) {
	w, ok := parseWall(s)
	return w.zoned, ok
}

// DateShape reports whether a text is a day of the calendar, YYYY-MM-DD.
func DateShape(s string) bool {
	_, _, _, ok := ParseDate(s)
	return ok
}
