package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// ruleParts are the parts of RFC 5545 section 3.3.10 that name days; the time
// of day is that of the first date.
var ruleParts = map[string]bool{"FREQ": true, "INTERVAL": true, "COUNT": true, "UNTIL": true, "BYDAY": true, "BYMONTHDAY": true, "BYYEARDAY": true,
	"BYWEEKNO": true, "BYMONTH": true, "BYSETPOS": true, "WKST": true}

// recur lists dates of a rule; see domain.Recurrence. It never walks further
// than until, whatever the rule.
func recur(rule string, zone *time.Location, start, after, until time.Time, n int) ([]time.Time, error) {
	for part := range strings.SplitSeq(rule, ";") {
		if name, _, _ := strings.Cut(part, "="); !ruleParts[name] {
			return nil, fmt.Errorf("%q is no part that names days", name)
		}
	}
	o, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, errors.New("it is no rule of RFC 5545")
	}
	switch o.Freq {
	case rrule.DAILY, rrule.WEEKLY, rrule.MONTHLY, rrule.YEARLY:
	default:
		return nil, errors.New("it comes more often than daily")
	}
	if o.Interval < 0 || o.Interval > 1000 || o.Count < 0 {
		return nil, errors.New("its interval or count is out of range")
	}
	if !o.Until.IsZero() && strings.Contains(rule, "Z") { // an instant, told by the site's clock
		local := o.Until.In(zone)
		o.Until = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	}
	if o.Until.IsZero() || until.Before(o.Until) {
		o.Until = until
	}
	o.Dtstart = start
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, errors.New("it is no rule of RFC 5545")
	}
	var out []time.Time
	for next := r.Iterator(); len(out) < n; {
		at, ok := next()
		if !ok || at.After(until) {
			return out, nil
		}
		if at.After(after) {
			out = append(out, at)
		}
	}
	return out, nil
}
