package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
)

var (
	clockText  = regexp.MustCompile(`^(\d{1,2})(?:[:.,h](\d{2}))?(?::00(?:\.0+)?)?\s*(a\.?\s?m\.?|p\.?\s?m\.?|noon|midnight)?$`)
	clockPlain = regexp.MustCompile(`^(\d{2})(\d{2})$`)
	clockDay   = regexp.MustCompile(`^0?\.\d+$`) // a part of a day: a time that lost its format
	clockTail  = regexp.MustCompile(`(?:\s*(?:hrs|hr|hours|o'clock|oclock|बजे|ist|h))+\.?$`)
	clockRange = regexp.MustCompile(`\s*(?:[-–—~]|\bto\b|\btill\b|\buntil\b|\band\b|\bse\b|से)\s*`)
	tightRange = regexp.MustCompile(`(\d|[ap]\.?m\.?|noon)\s*(?:to|till|until|upto|up to|se)\s*(\d)`)                                 // "2to4"
	dashClock  = regexp.MustCompile(`\b(\d{1,2})[-,](\d{2})(\s*(?:[ap]\.?m\.?)?\s*(?:to|till|until|se|से)\s*)(\d{1,2})[-,](\d{2})\b`) // "9-30 to 10-30"
	slotLabel  = regexp.MustCompile(
		`^(?:(?:slot|shift|window|batch)\s*(?:no\.?\s*)?(?:[\da-z]\s*[:)]\s+|[:\s]\s*))?(?:between\b|from\b|b/w|b/n)?\s*`)
	slotWithin = regexp.MustCompile(
		`\d{1,2}(?:[:.]\d{2})?(?::00)?\s*(?:[ap]\.?\s?m\.?|noon|hrs)?\s*(?:[-–—~]|\bto\b|से)\s*\d{1,2}(?:[:.]\d{2})?(?::00)?\s*(?:[ap]\.?\s?m\.?|noon|hrs)?`)
)

// wallClock is a time of day; half is am or pm when the sheet said so.
type wallClock struct {
	minutes int
	half    byte
}

func readClock(raw string) (wallClock, bool) {
	s := strings.ToLower(asciiDigits(strings.TrimSpace(raw)))
	half := byte(0)
	for _, w := range words.morning {
		if rest := strings.TrimSpace(strings.ReplaceAll(s, w, "")); w != "am" && rest != s {
			s, half = rest, 'a'
		}
	}
	for _, w := range words.afternoon {
		if rest := strings.TrimSpace(strings.ReplaceAll(s, w, "")); w != "pm" && w != "noon" && rest != s {
			s, half = rest, 'p'
		}
	}
	s = strings.TrimSpace(clockTail.ReplaceAllString(s, ""))
	var h, m int
	switch {
	case s == "noon":
		return wallClock{12 * 60, 'p'}, true
	case clockDay.MatchString(s):
		part, _ := strconv.ParseFloat(s, 64)
		at := int(part*24*60 + 0.5)
		return wallClock{at, halfOf(at)}, at < 24*60
	}
	if g := clockText.FindStringSubmatch(s); g != nil {
		h, _ = strconv.Atoi(g[1])
		m, _ = strconv.Atoi(g[2])
		switch {
		case g[3] == "noon" && h == 12:
			half = 'p'
		case g[3] == "midnight" && h == 12:
			return wallClock{24 * 60, 'a'}, m == 0
		case g[3] == "noon" || g[3] == "midnight":
			return wallClock{}, false
		case g[3] != "" && half != 0 && half != g[3][0]:
			return wallClock{}, false
		case g[3] != "":
			half = g[3][0]
		}
	} else if g := clockPlain.FindStringSubmatch(s); g != nil {
		h, _ = strconv.Atoi(g[1])
		m, _ = strconv.Atoi(g[2])
	} else {
		return wallClock{}, false
	}
	if h > 12 && half == 'p' && h < 24 && m <= 59 { // "14:00 pm", as programs write it
		return wallClock{h*60 + m, 'p'}, true
	}
	if m > 59 || h > 24 || (h == 24 && m > 0) || (half != 0 && (h < 1 || h > 12)) {
		return wallClock{}, false
	}
	switch half {
	case 'a':
		h %= 12
	case 'p':
		h = h%12 + 12
	}
	return wallClock{h*60 + m, half}, true
}

func halfOf(minutes int) byte {
	if minutes < 12*60 {
		return 'a'
	}
	return 'p'
}

// readings are the minutes of the day that a time may mean.
func (c wallClock) readings() []int {
	if c.half != 0 || c.minutes >= 12*60 || c.minutes < 60 {
		return []int{c.minutes}
	}
	return []int{c.minutes, c.minutes + 12*60}
}

// hours are a time from and to of a day, in minutes.
type hours struct{ from, to int }

func (h hours) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.from/60, h.from%60, h.to/60, h.to%60)
}

// longestWindow is that of casework: no reading of two times is longer.
const longestWindow = 12 * 60

// between gives what two times may mean together: the one reading within the working day where there is
// one, else all.
func between(f, t wallClock, day hours) []hours {
	var all, within []hours
	for _, from := range f.readings() {
		for _, to := range t.readings() {
			h := hours{from, to}
			if from >= to || to-from > longestWindow {
				continue
			}
			if all = append(all, h); from >= day.from && to <= day.to {
				within = append(within, h)
			}
		}
	}
	if len(within) == 1 {
		return within
	}
	return all
}

// workday is when visits are: from eight to eight, longer where a technician's week is.
func workday(technicians []domain.User) hours {
	day := hours{8 * 60, 20 * 60}
	for i := range technicians {
		if technicians[i].Disabled {
			continue
		}
		for _, s := range technicians[i].Hours {
			if c, ok := readClock(s.From); ok {
				day.from = min(day.from, c.minutes)
			}
			if c, ok := readClock(s.To); ok {
				day.to = max(day.to, c.minutes)
			}
		}
	}
	return day
}

// clock is how a centre reads days and hours.
type clock struct {
	loc   *time.Location
	order dateOrder
	day   hours
}

// window is what date, from and to say: start and end, or why not. cells says in which cell each of the
// three was found; field names the cell that is wrong or in doubt.
type window struct {
	start, end time.Time
	cells      map[string]string
	field      string
	reason     string
	asked      bool
}

// choose asks which of several readings is meant, of a kind of cell and a field; "" leaves it open.
type choose func(kind, field string, choices []Choice) string

// readWindow reads date, from and to in a zone; a slot such as "10:00-12:00" stands in from, or behind
// the date.
func readWindow(date, from, to string, c clock, ask choose) window {
	w := window{cells: map[string]string{"date": "date", "from": "from", "to": "to"}}
	wrong := func(what, reason string) window {
		w.field, w.reason = w.cells[what], reason
		return w
	}
	days, behind := readDate(date, c.order, c.loc)
	if date != "" && len(days) == 0 {
		return wrong("date", "is no date; write DD/MM/YYYY or YYYY-MM-DD")
	}
	if from == "" {
		if behind == "" {
			return wrong("from", "is missing; a visit needs a time from and to")
		}
		from, w.cells["from"] = behind, "date"
	}
	// A spreadsheet gives date and time in one cell.
	reason := ""
	whole := func(cell, field string) string {
		d, clock := readDate(cell, c.order, c.loc)
		switch {
		case len(d) == 0 || clock == "":
			return cell
		case len(days) == 0:
			days, w.cells["date"] = d, field
		default:
			var both []string
			for _, day := range d {
				if domain.Has(days, day) {
					both = append(both, day)
				}
			}
			if len(both) == 0 {
				reason = field + " names another day than date"
				return cell
			}
			days = both
		}
		return clock
	}
	if from = whole(from, "from"); reason != "" {
		return wrong("from", reason)
	}
	if to = whole(to, "to"); reason != "" {
		return wrong("to", reason)
	}
	if len(days) == 0 {
		return wrong("date", "is missing; a time needs a day")
	}
	if len(days) > 1 {
		choices := make([]Choice, 0, len(days)+1)
		for _, d := range days {
			at, _ := time.Parse(time.DateOnly, d)
			choices = append(choices, Choice{Answer: d, Words: at.Format("Monday, 2 January 2006")})
		}
		answer := ask("day", w.cells["date"], choices)
		if !domain.Has(days, answer) {
			w.asked = answer == ""
			return wrong("date", "may be one of two days")
		}
		days = []string{answer}
	}
	day := days[0]
	given := from
	from = slotLabel.ReplaceAllString(strings.ToLower(asciiDigits(from)), "")
	from = strings.TrimSpace(strings.TrimSuffix(strings.Trim(from, " ()[]."), "तक"))
	from = dashClock.ReplaceAllString(from, "$1:$2$3$4:$5")
	from = tightRange.ReplaceAllString(from, "$1 - $2")
	parts := clockRange.Split(from, -1)
	if len(parts) != 2 || !isClock(parts[0]) || !isClock(parts[1]) {
		if found := slotWithin.FindAllString(from, 2); len(found) == 1 && len(parts) >= 2 { // "Morning (10 AM - 12 PM)"
			parts = clockRange.Split(found[0], -1)
		}
	}
	switch {
	case len(parts) == 2 && to != "":
		return wrong("to", "is given twice: the time from is a range already")
	case len(parts) == 2:
		from, to, w.cells["to"] = parts[0], parts[1], w.cells["from"]
	case to == "":
		if _, ok := readClock(from); !ok {
			return wrong("from", "is no time; write 10:00-12:00")
		}
		return wrong("to", "has no end; a visit needs a time from and to")
	}
	f, okF := readClock(from)
	t, okT := readClock(to)
	switch {
	case !okF || f.minutes == 24*60:
		return wrong("from", "is no time; write 10:00, 10.30 or 10 am")
	case !okT:
		return wrong("to", "is no time; write 12:00, 12.30 or 12 pm")
	}
	all := between(f, t, c.day)
	switch {
	case len(all) == 0 && t.minutes <= f.minutes:
		return wrong("to", "is before the time from")
	case len(all) == 0:
		return wrong("to", "makes a window of more than 12 hours")
	case len(all) > 1, len(f.readings()) > 1 && (all[0].from < c.day.from || all[0].to > c.day.to):
		choices := make([]Choice, 0, len(all)+1)
		for _, h := range all {
			choices = append(choices, Choice{Answer: h.String(), Words: strings.Replace(h.String(), "-", " to ", 1)})
		}
		answer := ask("hours", w.cells["from"], choices)
		i := slices.IndexFunc(all, func(h hours) bool { return h.String() == answer })
		if i < 0 {
			w.asked = answer == ""
			return wrong("from", fmt.Sprintf("may be morning or evening: %s", given))
		}
		all = all[i : i+1]
	}
	instant := func(minutes int, field string) (time.Time, error) {
		d := day
		if minutes == 24*60 {
			midnight, _ := time.Parse(time.DateOnly, day)
			d, minutes = midnight.AddDate(0, 0, 1).Format(time.DateOnly), 0
		}
		return domain.ParseInstant(fmt.Sprintf("%sT%02d:%02d", d, minutes/60, minutes%60), c.loc, "/"+field)
	}
	var err error
	if w.start, err = instant(all[0].from, "from"); err != nil {
		w.start = time.Time{}
		return wrong("from", err.Error())
	}
	if w.end, err = instant(all[0].to, "to"); err != nil {
		w.start = time.Time{}
		return wrong("to", err.Error())
	}
	return w
}

func isClock(s string) bool { _, ok := readClock(s); return ok }
