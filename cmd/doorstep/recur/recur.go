// Package recur lists the dates of a recurrence rule (RFC 5545).
package recur

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// ruleParts are the ruleParts of RFC 5545 section 3.3.10 that name days, with how
// many numbers each knows and the frequencies that may have it; the time of
// day is that of the first date.
var ruleParts = map[string]struct {
	least, most int // of each number, or of what is behind its sign
	signed      bool
	freq        string
}{
	"FREQ": {}, "COUNT": {least: 1, most: 100_000}, "INTERVAL": {least: 1, most: 1000}, "UNTIL": {}, "BYDAY": {}, "WKST": {},
	"BYMONTHDAY": {1, 31, true, "DAILY MONTHLY YEARLY"}, "BYYEARDAY": {1, 366, true, "YEARLY"}, "BYWEEKNO": {1, 53, true, "YEARLY"},
	"BYMONTH": {least: 1, most: 12}, "BYSETPOS": {1, 366, true, "DAILY WEEKLY MONTHLY YEARLY"},
}

var weekday = regexp.MustCompile(`^([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)$`)

// check refuses what RFC 5545 forbids and the library takes, or fails over.
func check(rule string) error {
	said := map[string]string{}
	for part := range strings.SplitSeq(rule, ";") {
		name, value, _ := strings.Cut(part, "=")
		if _, known := ruleParts[name]; !known {
			return fmt.Errorf("%q is no part that names days", name)
		}
		if _, twice := said[name]; twice || value == "" {
			return fmt.Errorf("%s stands there once and with a value", name)
		}
		said[name] = value
	}
	freq := said["FREQ"]
	switch freq {
	case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
	default:
		return errors.New("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
	}
	if said["COUNT"] != "" && said["UNTIL"] != "" {
		return errors.New("it ends by COUNT or by UNTIL, not by both")
	}
	for name, value := range said {
		k := ruleParts[name]
		if k.freq != "" && !slices.Contains(strings.Fields(k.freq), freq) {
			return fmt.Errorf("%s does not go with %s", name, freq)
		}
		if k.most == 0 {
			continue
		}
		for v := range strings.SplitSeq(value, ",") {
			n, err := strconv.Atoi(v)
			if k.signed && n < 0 {
				n = -n
			}
			if err != nil || n < k.least || n > k.most {
				return fmt.Errorf("%s is a number from %d to %d", name, k.least, k.most)
			}
		}
	}
	nth := map[string]int{"MONTHLY": 5, "YEARLY": 53}[freq]
	if said["BYMONTH"] != "" {
		nth = min(nth, 5)
	}
	for v := range strings.SplitSeq(cmp.Or(said["BYDAY"], "MO"), ",") {
		m := weekday.FindStringSubmatch(v)
		if m == nil {
			return errors.New("BYDAY names weekdays such as MO or, by month or year, 2TU")
		}
		if m[1] == "" {
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n == 0 || n > nth || n < -nth || said["BYWEEKNO"] != "" {
			return fmt.Errorf("the %s of BYDAY does not go with this rule", v)
		}
	}
	if said["BYSETPOS"] != "" && said["BYDAY"]+said["BYMONTHDAY"]+said["BYYEARDAY"]+said["BYWEEKNO"]+said["BYMONTH"] == "" {
		return errors.New("BYSETPOS chooses among what another part names")
	}
	return nil
}

// Dates lists dates of a rule; see domain.Recurrence. It never walks further
// than until, whatever the rule.
func Dates(rule string, zone *time.Location, start, after, until time.Time, n int) (out []time.Time, err error) {
	defer func() { // a rule of a stranger must not end the server
		if r := recover(); r != nil {
			out, err = nil, errors.New("it cannot be reckoned")
		}
	}()
	if err := check(rule); err != nil {
		return nil, err
	}
	o, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, errors.New("it is no rule of RFC 5545")
	}
	switch {
	case o.Until.IsZero():
	case strings.Contains(rule, "Z"): // an instant, told by the site's clock
		local := o.Until.In(zone)
		o.Until = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	case !untilTime.MatchString(rule): // a date, and that day belongs to it
		o.Until = o.Until.Add(24*time.Hour - time.Second)
	}
	if o.Until.IsZero() || until.Before(o.Until) {
		o.Until = until
	}
	o.Dtstart = start
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, errors.New("it is no rule of RFC 5545")
	}
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

var untilTime = regexp.MustCompile(`UNTIL=[0-9]{8}T`)
