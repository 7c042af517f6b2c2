package casework

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
)

const (
	maintenanceNext  = 8  // dates that an answer shows
	maintenanceYears = 5  // no further than that
	maintenanceMoves = 31 // days within which a working day is looked for
	warnedMonths     = 6  // named in a sentence
)

// ruleDate is a date of a rule and the day on which somebody comes: the next
// working day of the centre where the date is none.
type ruleDate struct {
	wall, comes time.Time // local, written as UTC
	why         string    // it moves; empty: it does not
	leftOut     bool      // that day has a visit of its own
}

// closed says why a centre does not work on a local day; empty: it does.
func closed(c *domain.Centre, day time.Time) string {
	switch {
	case domain.Has(c.Holidays, day.Format(time.DateOnly)):
		return day.Format(time.DateOnly) + " is a holiday of the centre"
	case len(c.WorkingDays) > 0 && !domain.Has(c.WorkingDays, int(day.Weekday())):
		return day.Weekday().String() + " is not a working day of the centre"
	}
	return ""
}

// moved is the next working day, at the same time of day; the date itself where
// there is none within a month.
func moved(c *domain.Centre, wall time.Time) (time.Time, string) {
	why := closed(c, wall)
	for n := 1; why != "" && n <= maintenanceMoves; n++ {
		if to := wall.AddDate(0, 0, n); closed(c, to) == "" {
			return to, why
		}
	}
	return wall, ""
}

// datesOf lists dates of a maintenance after one local time and not after
// another, at most n. Of several that come on one day the one whose own day it
// is stays, else the first.
func datesOf(s *Service, m *domain.Maintenance, c *domain.Centre, after, until time.Time, n int) ([]ruleDate, error) {
	start, err := time.Parse(wallLayout, m.DTStart)
	if err != nil {
		return nil, err
	}
	// Dates around those asked for move onto the same days.
	walls, err := s.Recur(m.RRule, domain.Location(m.Zone), start, after.AddDate(0, 0, -maintenanceMoves),
		until.AddDate(0, 0, maintenanceMoves), n+2*maintenanceMoves)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	all := make([]ruleDate, len(walls))
	for i, wall := range walls {
		all[i] = ruleDate{wall: wall}
		if all[i].comes, all[i].why = moved(c, wall); all[i].why == "" {
			taken[wall.Format(time.DateOnly)] = true
		}
	}
	out := []ruleDate{}
	for i := range all {
		d := &all[i]
		if d.why != "" {
			day := d.comes.Format(time.DateOnly)
			d.leftOut, taken[day] = taken[day], true
		}
		if d.wall.After(after) && !d.wall.After(until) && len(out) < n {
			out = append(out, *d)
		}
	}
	return out, nil
}

// MaintenanceView shows a maintenance with its next dates, and what of them may
// not be what somebody had in mind.
func MaintenanceView(s *Service, m *domain.Maintenance, c *domain.Centre, now time.Time) (domain.MaintenanceView, error) {
	v := domain.MaintenanceView{Maintenance: *m, Next: domain.JSONList[domain.MaintenanceDate]{}, Warnings: domain.JSONList[string]{}}
	if m.Status == "ended" {
		return v, nil
	}
	loc := domain.Location(m.Zone)
	from := wallNow(now, loc)
	dates, err := datesOf(s, m, c, from.Add(-time.Minute), from.AddDate(maintenanceYears, 0, 0), maintenanceNext)
	if err != nil {
		return v, err
	}
	for _, d := range dates {
		if d.leftOut {
			v.Warnings = append(v.Warnings, fmt.Sprintf("%s is left out: %s, and the next working day has a visit already.",
				d.wall.Format(time.DateOnly), d.why))
			continue
		}
		next := domain.MaintenanceDate{At: wallInstant(d.comes, loc), Date: d.comes.Format(wallLayout), Why: d.why}
		if d.why != "" {
			next.MovedFrom = domain.Ptr(d.wall.Format(wallLayout))
		}
		v.Next = append(v.Next, next)
		if shown := next.At.In(loc).Format(wallLayout); shown != next.Date {
			v.Warnings = append(v.Warnings, fmt.Sprintf("%s does not exist on the clocks in %s; the visit is at %s.", next.Date, m.Zone,
				shown[len("2006-01-02T"):]))
		}
	}
	until := from.AddDate(1, 0, 0)
	if n := len(dates); n > 0 {
		until = Later(until, dates[n-1].wall)
	}
	skipped, err := skippedMonths(s, m, from, until)
	v.Warnings = append(v.Warnings, skipped...)
	return v, err
}

// skippedMonths says which months of a monthly or yearly rule have no such day,
// so that RFC 5545 (section 3.3.10) leaves them out.
func skippedMonths(s *Service, m *domain.Maintenance, from, until time.Time) ([]string, error) {
	part := map[string]string{}
	for p := range strings.SplitSeq(m.RRule, ";") {
		name, value, _ := strings.Cut(p, "=")
		part[name] = value
	}
	start, err := time.Parse(wallLayout, m.DTStart)
	if err != nil || part["FREQ"] != "MONTHLY" && part["FREQ"] != "YEARLY" || part["BYYEARDAY"]+part["BYWEEKNO"]+part["BYSETPOS"] != "" {
		return nil, err
	}
	numbers := func(list string) (out []int) {
		for v := range strings.SplitSeq(list, ",") {
			if n, err := strconv.Atoi(v); err == nil {
				out = append(out, n)
			}
		}
		return out
	}
	months, days, every := numbers(part["BYMONTH"]), numbers(part["BYMONTHDAY"]), max(1, first(numbers(part["INTERVAL"])))
	switch {
	case part["BYDAY"] != "": // only a certain one of a month, such as the fifth Friday, may not be there
		if strings.IndexFunc(part["BYDAY"], func(r rune) bool { return r == '4' || r == '5' }) < 0 || len(days) > 0 ||
			part["FREQ"] == "YEARLY" && len(months) == 0 {
			return nil, nil
		}
	case len(days) == 0:
		days = []int{start.Day()}
		if part["FREQ"] == "YEARLY" && len(months) == 0 {
			months = []int{int(start.Month())}
		}
	}
	// A rule that ends skips nothing behind its last date.
	last, err := s.Recur(m.RRule, domain.Location(m.Zone), start, until, until.AddDate(maintenanceYears, 0, 0), 1)
	if err != nil {
		return nil, err
	}
	dates, err := s.Recur(m.RRule, domain.Location(m.Zone), start, from.AddDate(0, 0, -31), until, 400)
	if err != nil || len(dates) == 0 {
		return nil, err
	}
	if len(last) == 0 {
		until = dates[len(dates)-1]
	}
	var out []string
	missing := func(name string, has func(y int, mo time.Month) bool) {
		var none []string
		for mo := time.Date(start.Year(), start.Month(), 1, 0, 0, 0, 0, time.UTC); !mo.After(until); mo = mo.AddDate(0, 1, 0) {
			since := (mo.Year()-start.Year())*12 + int(mo.Month()-start.Month())
			if part["FREQ"] == "YEARLY" {
				since = mo.Year() - start.Year()
			}
			if since%every == 0 && (len(months) == 0 || domain.Has(months, int(mo.Month()))) && mo.AddDate(0, 1, 0).After(from) &&
				!has(mo.Year(), mo.Month()) {
				none = append(none, mo.Format("January 2006"))
			}
		}
		if len(none) > 0 {
			more := ""
			if len(none) > warnedMonths {
				none, more = none[:warnedMonths], " and later ones"
			}
			out = append(out, fmt.Sprintf("There is no %s in %s%s: nobody comes then.", name, strings.Join(none, ", "), more))
		}
	}
	for _, d := range days {
		size, name := max(d, -d), ordinal(d)
		missing(name, func(y int, mo time.Month) bool { return time.Date(y, mo+1, 0, 0, 0, 0, 0, time.UTC).Day() >= size })
	}
	if len(days) == 0 {
		missing("such weekday ("+part["BYDAY"]+")", func(y int, mo time.Month) bool {
			return slices.ContainsFunc(dates, func(t time.Time) bool { return t.Year() == y && t.Month() == mo }) ||
				time.Date(y, mo, 1, 0, 0, 0, 0, time.UTC).Before(from) || time.Date(y, mo+1, 0, 0, 0, 0, 0, time.UTC).After(until)
		})
	}
	if len(out) > 0 && slices.ContainsFunc(days, func(d int) bool { return d > 28 }) {
		out = append(out, "BYMONTHDAY=-1 is the last day of each month.")
	}
	return out, nil
}

func first(list []int) int {
	if len(list) == 0 {
		return 0
	}
	return list[0]
}

// ordinal names a day of a month: 31st, or 30th from its end.
func ordinal(d int) string {
	n, end := d, ""
	if d < 0 {
		n, end = -d, " from the end"
	}
	tail := "th"
	switch {
	case n%10 == 1 && n != 11:
		tail = "st"
	case n%10 == 2 && n != 12:
		tail = "nd"
	case n%10 == 3 && n != 13:
		tail = "rd"
	}
	return strconv.Itoa(n) + tail + end
}

// PreviewMaintenance judges a maintenance as CreateMaintenance does and shows
// its next dates; nothing is kept. Who and errors as CreateMaintenance.
func (s *Service) PreviewMaintenance(ctx context.Context, call *Call, in MaintenanceInput) (domain.MaintenancePreview, error) {
	call.DryRun = true
	v, err := s.CreateMaintenance(ctx, call, in)
	return domain.MaintenancePreview{Next: v.Next, Warnings: v.Warnings}, err
}
