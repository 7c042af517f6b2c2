package reach

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Policy holds the numbers of docs/product.md section 4, all of them configuration. The brand sets one; a centre may only
// be stricter (AtLeast). Local times are read in the zone of the site.
type Policy struct {
	// OpensAt and ClosesAt ("HH:MM") bound the hours in which an attempt counts: opening included, closing not.
	OpensAt  string `json:"opens_at"`
	ClosesAt string `json:"closes_at"`
	// MinRingSeconds is how long an unanswered call must ring to count.
	MinRingSeconds int `json:"min_ring_seconds"`
	// DoorstepMeters is how near to the site a doorstep must be, unless it gives a reason.
	DoorstepMeters float64 `json:"doorstep_meters"`
	// MinAttempts, MinChannels and MinDayParts are what one set of counting attempts must have.
	MinAttempts int `json:"min_attempts"`
	MinChannels int `json:"min_channels"`
	MinDayParts int `json:"min_day_parts"`
	// DayPartBounds are the two hours that part the day: before the first, between, from the second on.
	DayPartBounds [2]int `json:"day_part_bounds"`
	// MinGap is the least distance between neighbours of the set, in minutes.
	MinGap int `json:"gap_minutes"`
	// MinSpan is the least distance from the first to the last of the set, in hours.
	MinSpan int `json:"span_hours"`
	// LastNoticeHours is how long the last notice must stay unanswered.
	LastNoticeHours int `json:"last_notice_hours"`
	// MaxCallsPerDay is the number of calls in one local day after which further ones do not count.
	MaxCallsPerDay int `json:"max_calls_per_day"`
	// CloseAfterDays is how long an unreachable job stays on hold before it may be closed.
	CloseAfterDays int `json:"close_after_days"`
	// ReopenDays is how long a job closed as unreachable may be reopened.
	ReopenDays int `json:"reopen_days"`
	// LateFactHours is the age at which a fact, when recorded, no longer counts against the household (section 8).
	LateFactHours int `json:"late_fact_hours"`
	// SilenceHours and SilenceUrgentHours are how long a household may wait for a word; 0: the default.
	SilenceHours       int `json:"silence_hours,omitempty"`
	SilenceUrgentHours int `json:"silence_urgent_hours,omitempty"`
	// KeepPhotoPlace keeps what a photo of a visit says of where it was taken (section 8).
	KeepPhotoPlace bool `json:"keep_photo_place,omitempty"`
	// Version names the policy in every verdict.
	Version string `json:"version"`
}

// Default is the brand policy of docs/product.md section 4.
func Default() Policy {
	return Policy{
		OpensAt: "08:00", ClosesAt: "19:00",
		MinRingSeconds: 20, DoorstepMeters: 200,
		MinAttempts: 3, MinChannels: 2, MinDayParts: 2, DayPartBounds: [2]int{12, 16},
		MinGap: 120, MinSpan: 24, LastNoticeHours: 24, MaxCallsPerDay: 2,
		CloseAfterDays: 7, ReopenDays: 30, LateFactHours: 72,
		Version: "default-1",
	}
}

// SilenceAfter is how long a household may wait for a word, of any job or of an urgent one.
func (p Policy) SilenceAfter(urgent bool) time.Duration {
	hours, otherwise := p.SilenceHours, 24
	if urgent {
		hours, otherwise = p.SilenceUrgentHours, 4
	}
	return time.Duration(cmp.Or(hours, otherwise)) * time.Hour
}

// Validate says in sentences what is wrong with the policy; none means that it can be used. It also refuses a policy
// that no attempts could ever meet, because such a policy would keep every case open without saying so
// (docs/product.md section 4).
func (p Policy) Validate() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	opens, okOpens := clockMinutes(p.OpensAt)
	closes, okCloses := clockMinutes(p.ClosesAt)
	if !okOpens {
		say("opens_at must be a local time as HH:MM, not %q", p.OpensAt)
	}
	if !okCloses {
		say("closes_at must be a local time as HH:MM, not %q", p.ClosesAt)
	}
	hours := okOpens && okCloses && opens < closes
	if okOpens && okCloses && !hours {
		say("closes_at (%s) must be later than opens_at (%s)", p.ClosesAt, p.OpensAt)
	}
	within := func(key string, v, lo, hi int) {
		if v < lo || v > hi {
			say("%s must be from %d to %d, not %d", key, lo, hi, v)
		}
	}
	within("min_ring_seconds", p.MinRingSeconds, 0, 120)
	if !(p.DoorstepMeters > 0 && p.DoorstepMeters <= 5000) {
		say("doorstep_meters must be above 0 and at most 5000, not %g", p.DoorstepMeters)
	}
	within("min_attempts", p.MinAttempts, 1, 50)
	within("min_channels", p.MinChannels, 1, len(channels))
	within("min_day_parts", p.MinDayParts, 1, 3)
	b := p.DayPartBounds
	if b[0] < 1 || b[0] >= b[1] || b[1] > 23 {
		say("day_part_bounds must be two rising hours from 1 to 23, not %d and %d", b[0], b[1])
	} else if hours {
		open := 0
		for part := range 3 {
			if partOpen(part, b, opens, closes) {
				open++
			}
		}
		if open < p.MinDayParts {
			say("between %s and %s there are only %d parts of the day, min_day_parts asks for %d", p.OpensAt, p.ClosesAt, open, p.MinDayParts)
		}
	}
	within("gap_minutes", p.MinGap, 0, 7*24*60)
	within("span_hours", p.MinSpan, 0, 60*24)
	within("last_notice_hours", p.LastNoticeHours, 1, 60*24)
	within("max_calls_per_day", p.MaxCallsPerDay, 1, 20)
	within("close_after_days", p.CloseAfterDays, 1, 365)
	within("reopen_days", p.ReopenDays, 0, 3650)
	within("late_fact_hours", p.LateFactHours, 1, 365*24)
	within("silence_hours", int(p.SilenceAfter(false).Hours()), 1, 14*24)
	within("silence_urgent_hours", int(p.SilenceAfter(true).Hours()), 1, 14*24)
	if strings.TrimSpace(p.Version) == "" {
		say("version must not be empty: every verdict names it")
	}
	return out
}

// AtLeast says in sentences where p is laxer than the brand's policy; none means that p is at least as strict in
// everything, which is all that a centre may ask for (docs/product.md section 4). Strict means in the household's favour:
// fewer things count, more of them are needed.
func (p Policy) AtLeast(brand Policy) []string {
	var out []string
	laxer := func(key string, mine, theirs any, rule string) {
		out = append(out, fmt.Sprintf("%s %v is laxer than the brand's %v: it must be %s", key, mine, theirs, rule))
	}
	floor := func(key string, mine, theirs int) {
		if mine < theirs {
			laxer(key, mine, theirs, "the same or more")
		}
	}
	ceiling := func(key string, mine, theirs int) {
		if mine > theirs {
			laxer(key, mine, theirs, "the same or less")
		}
	}
	if a, ok := clockMinutes(p.OpensAt); ok {
		if b, ok := clockMinutes(brand.OpensAt); ok && a < b {
			laxer("opens_at", p.OpensAt, brand.OpensAt, "the same or later")
		}
	}
	if a, ok := clockMinutes(p.ClosesAt); ok {
		if b, ok := clockMinutes(brand.ClosesAt); ok && a > b {
			laxer("closes_at", p.ClosesAt, brand.ClosesAt, "the same or earlier")
		}
	}
	if p.KeepPhotoPlace && !brand.KeepPhotoPlace {
		laxer("keep_photo_place", true, false, "false")
	}
	ceiling("silence_hours", int(p.SilenceAfter(false).Hours()), int(brand.SilenceAfter(false).Hours()))
	ceiling("silence_urgent_hours", int(p.SilenceAfter(true).Hours()), int(brand.SilenceAfter(true).Hours()))
	floor("min_ring_seconds", p.MinRingSeconds, brand.MinRingSeconds)
	if p.DoorstepMeters > brand.DoorstepMeters {
		laxer("doorstep_meters", p.DoorstepMeters, brand.DoorstepMeters, "the same or less")
	}
	floor("min_attempts", p.MinAttempts, brand.MinAttempts)
	floor("min_channels", p.MinChannels, brand.MinChannels)
	floor("min_day_parts", p.MinDayParts, brand.MinDayParts)
	// Other bounds put other attempts into different parts: neither choice is the stricter one.
	if p.DayPartBounds != brand.DayPartBounds {
		laxer("day_part_bounds", p.DayPartBounds, brand.DayPartBounds, "the same, since other bounds cannot be compared")
	}
	floor("gap_minutes", p.MinGap, brand.MinGap)
	floor("span_hours", p.MinSpan, brand.MinSpan)
	floor("last_notice_hours", p.LastNoticeHours, brand.LastNoticeHours)
	ceiling("max_calls_per_day", p.MaxCallsPerDay, brand.MaxCallsPerDay)
	floor("close_after_days", p.CloseAfterDays, brand.CloseAfterDays)
	floor("reopen_days", p.ReopenDays, brand.ReopenDays)
	ceiling("late_fact_hours", p.LateFactHours, brand.LateFactHours)
	return out
}

// clockMinutes reads "HH:MM" as minutes since midnight; "24:00" is the end of the day.
func clockMinutes(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, _ := strconv.Atoi(s[:2])
	m, _ := strconv.Atoi(s[3:])
	if m > 59 || h*60+m > 24*60 {
		return 0, false
	}
	return h*60 + m, true
}

// partOpen reports whether a part of the day has any working minute in it.
func partOpen(part int, bounds [2]int, opens, closes int) bool {
	from, to := 0, 24*60
	switch part {
	case 0:
		to = bounds[0] * 60
	case 1:
		from, to = bounds[0]*60, bounds[1]*60
	default:
		from = bounds[1] * 60
	}
	return max(from, opens) < min(to, closes)
}

// rules is a policy made ready for judging: instants are microseconds (section 8), the local clock is in seconds.
type rules struct {
	Policy
	opens, closes           int64 // seconds of the local day
	gap, span, notice, late int64 // microseconds
}

const (
	second = int64(time.Second / time.Microsecond)
	minute = 60 * second
	hour   = 60 * minute
)

// rulesOf never fails: a case without a policy is judged by the default one, and an unreadable time by the default
// time, so that a verdict exists whatever was stored. Validate is the place that refuses.
func rulesOf(p Policy) rules {
	if p == (Policy{}) {
		p = Default()
	}
	d := Default()
	opens, okOpens := clockMinutes(p.OpensAt)
	closes, okCloses := clockMinutes(p.ClosesAt)
	if !okOpens || !okCloses {
		p.OpensAt, p.ClosesAt = d.OpensAt, d.ClosesAt
		opens, _ = clockMinutes(p.OpensAt)
		closes, _ = clockMinutes(p.ClosesAt)
	}
	// Nobody is unreachable without one attempt, whatever the numbers say.
	p.MinAttempts = max(p.MinAttempts, 1)
	p.MinChannels = min(max(p.MinChannels, 1), len(channels))
	p.MinDayParts = min(max(p.MinDayParts, 1), 3)
	return rules{
		Policy: p,
		opens:  int64(opens) * 60, closes: int64(closes) * 60,
		gap: int64(p.MinGap) * minute, span: int64(p.MinSpan) * hour,
		notice: int64(p.LastNoticeHours) * hour, late: int64(p.LateFactHours) * hour,
	}
}

// part is the part of the day of a local second.
func (r *rules) part(sec int64) int {
	switch {
	case sec < int64(r.DayPartBounds[0])*3600:
		return 0
	case sec < int64(r.DayPartBounds[1])*3600:
		return 1
	default:
		return 2
	}
}
