package intake

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"doorstep/domain"
)

// monthFirstIn are the countries that write the month before the day: the patterns M/d/y and MM/dd/y of
// the short dates of the Unicode CLDR.
var monthFirstIn = map[string]bool{"US": true, "PH": true, "PR": true, "GU": true, "AS": true, "MP": true, "VI": true, "UM": true,
	"FM": true, "MH": true, "PW": true, "PA": true}

// eitherIn are those where people write both, whatever the CLDR has for programs.
var eitherIn = map[string]bool{"CA": true}

// orderIn is the order in which the days of a file are read: as the file itself proves, else as the
// centre's country writes them.
func orderIn(country string, proved dateOrder) dateOrder {
	switch {
	case proved != orderUnknown:
		return proved
	case eitherIn[country]:
		return orderMixed
	case monthFirstIn[country]:
		return monthFirst
	}
	return dayFirst
}

const behind = `(?:$|[\s,tT]+(.*)$|\s*(\(.*\))$)`

var (
	dateNumbers = regexp.MustCompile(`^(\d{1,2})\s?[/.\-]\s?(\d{1,2})\s?[/.\-]\s?(\d{4}|\d{2})` + behind)
	dateYMD     = regexp.MustCompile(`^(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})` + behind)
	dateCompact = regexp.MustCompile(`^(20\d{2})(\d{2})(\d{2})$`)
	dateNamed   = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[-/.,\s]*([\pL\pM]{2,15})[-/.,\s']*(\d{4}|\d{2})` + behind)
	monthNamed  = regexp.MustCompile(`^([\pL\pM]{2,15})[-/.\s]*(\d{1,2})(?:st|nd|rd|th)?[-/.,\s']+(\d{4}|\d{2})` + behind)
	yearNamed   = regexp.MustCompile(`^(\d{4})[-/.,\s]+([\pL\pM]{2,15})[-/.\s]*(\d{1,2})(?:st|nd|rd|th)?` + behind)
	dateSerial  = regexp.MustCompile(`^([3-7]\d{4})(\.\d+)?$`) // 1982 to 2119
	instantText = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2})(:\d{2})?(\.\d+)?\s?(z|utc|gmt|[+-]\d{2}:?\d{2})$`)
	// As programs write them: 20270301T043000Z, "Mon Mar 01 2027 10:00:00 GMT+0530 (India Standard Time)".
	instantPlain = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})t(\d{2})(\d{2})(?:\d{2})?z$`)
	instantOfJS  = regexp.MustCompile(`^([a-z]{3}) (\d{1,2}),? (\d{4}) (\d{2}:\d{2})(?::\d{2})? gmt([+-]\d{4})(?: .*)?$`)
	withSeconds  = regexp.MustCompile(`(\d:\d{2}):\d{2}(?:\.\d+)?`)
	anyWord      = regexp.MustCompile(`[\pL\pM]+`)
)

// month reads the name of a month, or how it begins; 0: it is none.
func month(name string) int {
	if m := words.months[name]; m > 0 {
		return m
	}
	plain := strings.ReplaceAll(name, "\u093c", "") // as often written without the dot below
	found := 0
	for whole, m := range words.months {
		if w := strings.ReplaceAll(whole, "\u093c", ""); utf8.RuneCountInString(plain) >= 3 && strings.HasPrefix(w, plain) {
			if found != 0 && found != m {
				return 0
			}
			found = m
		}
	}
	if name == "sept" {
		return 9
	}
	return found
}

// splitDate finds the parts of a date that is written in numbers alone or with a month in letters: year,
// and the two numbers of which one is the month, or ymd as they are; rest is what stands behind.
func splitDate(s string) (parts [3]string, rest string, ok bool) {
	if g := dateNumbers.FindStringSubmatch(s); g != nil {
		return [3]string{g[1], g[2], g[3]}, g[4] + g[5], true
	}
	return parts, "", false
}

// twoNumbers are the first two numbers of a date that is written in numbers, 0 where it is not.
func twoNumbers(cell string) (a, b int) {
	p, _, ok := splitDate(plainDate(cell))
	if !ok {
		return 0, 0
	}
	a, _ = strconv.Atoi(p[0])
	b, _ = strconv.Atoi(p[1])
	return a, b
}

// plainDate is a cell in lower case and ASCII digits, without a weekday.
func plainDate(raw string) string {
	s := strings.ToLower(asciiDigits(tidy(raw)))
	if strings.ContainsFunc(s, unicode.IsLetter) {
		s = anyWord.ReplaceAllStringFunc(s, func(w string) string {
			if words.weekdays[domain.HeadingKey(w)] {
				return ""
			}
			return w
		})
	}
	s = strings.ReplaceAll(s, "()", "")
	return strings.Trim(s, " ,.-/\n")
}

// readDate is a day in the ways sheets write it, YYYY-MM-DD: one, or two where day and month may be
// either; none: it is no day. clock is the time that stood with it. What carries an offset is an instant,
// read in loc.
func readDate(raw string, order dateOrder, loc *time.Location) (days []string, clock string) {
	s := plainDate(raw)
	if g := instantText.FindStringSubmatch(s); g != nil {
		seconds, offset := g[3], strings.ToUpper(g[5])
		if seconds == "" {
			seconds = ":00"
		}
		if offset == "UTC" || offset == "GMT" {
			offset = "Z"
		} else if len(offset) == 5 {
			offset = offset[:3] + ":" + offset[3:]
		}
		t, err := domain.ParseInstant(g[1]+"T"+g[2]+seconds+offset, loc, "")
		if err != nil {
			return nil, ""
		}
		t = t.In(loc)
		if clock = t.Format("15:04"); clock == "00:00" {
			clock = ""
		}
		return []string{t.Format(time.DateOnly)}, clock
	}
	if g := instantPlain.FindStringSubmatch(s); g != nil {
		return readDate(fmt.Sprintf("%s-%s-%sT%s:%s:00Z", g[1], g[2], g[3], g[4], g[5]), order, loc)
	}
	if g := instantOfJS.FindStringSubmatch(s); g != nil && month(g[1]) > 0 {
		d, _ := strconv.Atoi(g[2])
		return readDate(fmt.Sprintf("%s-%02d-%02dT%s:00%s", g[3], month(g[1]), d, g[4], g[5]), order, loc)
	}
	if g := dateSerial.FindStringSubmatch(s); g != nil { // a date that lost its format
		n, _ := strconv.Atoi(g[1])
		if part, _ := strconv.ParseFloat("0"+g[2], 64); part > 0 {
			m := int(math.Round(part * 24 * 60))
			if m == 24*60 {
				n, m = n+1, 0
			}
			clock = fmt.Sprintf("%02d:%02d", m/60, m%60)
		}
		return []string{time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}, clock
	}
	var y string
	var dm [][2]string // day, month
	var rest string
	if p, r, ok := splitDate(s); ok {
		y, rest = p[2], r
		switch order {
		case monthFirst:
			dm = [][2]string{{p[1], p[0]}}
		case orderMixed:
			dm = [][2]string{{p[0], p[1]}, {p[1], p[0]}}
		default:
			dm = [][2]string{{p[0], p[1]}}
		}
	} else if g := dateYMD.FindStringSubmatch(s); g != nil {
		y, rest, dm = g[1], g[4]+g[5], [][2]string{{g[3], g[2]}}
	} else if g := dateCompact.FindStringSubmatch(s); g != nil {
		y, dm = g[1], [][2]string{{g[3], g[2]}}
	} else if g := dateNamed.FindStringSubmatch(s); g != nil && month(g[2]) > 0 {
		y, rest, dm = g[3], g[4]+g[5], [][2]string{{g[1], strconv.Itoa(month(g[2]))}}
	} else if g := monthNamed.FindStringSubmatch(s); g != nil && month(g[1]) > 0 {
		y, rest, dm = g[3], g[4]+g[5], [][2]string{{g[2], strconv.Itoa(month(g[1]))}}
	} else if g := yearNamed.FindStringSubmatch(s); g != nil && month(g[2]) > 0 {
		y, rest, dm = g[1], g[4]+g[5], [][2]string{{g[3], strconv.Itoa(month(g[2]))}}
	} else {
		return nil, ""
	}
	if len(y) == 2 {
		y = "20" + y
	}
	for _, x := range dm {
		d, _ := strconv.Atoi(x[0])
		m, _ := strconv.Atoi(x[1])
		day := fmt.Sprintf("%s-%02d-%02d", y, m, d)
		if _, _, _, ok := domain.ParseDate(day); ok && !domain.Has(days, day) {
			days = append(days, day)
		}
	}
	rest = strings.Trim(rest, " ,()z")
	rest = withSeconds.ReplaceAllString(strings.TrimSpace(strings.TrimPrefix(rest, "at ")), "$1")
	if c, ok := readClock(rest); ok && c.minutes > 0 {
		clock = rest
	} else if rest != "" && !ok && !clockRange.MatchString(rest) && len(days) > 0 && strings.ContainsFunc(rest, unicode.IsDigit) {
		return nil, "" // "24/11/2026 12/3" is no day
	} else if !ok && rest != "" {
		clock = rest // "morning", or a whole slot
	}
	return days, clock
}

// readReported gives the instant at which a household called, of a day without a time its noon. A cell
// that is no time, or may be two, says nothing.
func readReported(raw string, order dateOrder, loc *time.Location) string {
	days, clock := readDate(raw, order, loc)
	if len(days) != 1 {
		return ""
	}
	called := wallClock{minutes: 12 * 60}
	if c, ok := readClock(clock); ok && c.minutes > 0 && c.minutes < 24*60 { // a day of a spreadsheet is its midnight
		called = c
	}
	t, err := domain.ParseInstant(fmt.Sprintf("%sT%02d:%02d", days[0], called.minutes/60, called.minutes%60), loc, "/reported")
	if err != nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// readMinutes reads how long something takes: "45", "1.5 h", "1:30", "1 hr 30 min"; hours reports
// that a bare number means hours.
func readMinutes(raw string, hours bool) (int, bool) {
	s := strings.ToLower(asciiDigits(tidy(raw)))
	s = strings.ReplaceAll(s, ",", ".")
	if g := lengthText.FindStringSubmatch(s); g != nil && (g[1] != "" || g[2] != "") {
		h, _ := strconv.ParseFloat("0"+g[1], 64)
		m, _ := strconv.Atoi("0" + g[2])
		return int(math.Round(h*60)) + m, true
	}
	if g := lengthClock.FindStringSubmatch(s); g != nil {
		h, _ := strconv.Atoi(g[1])
		m, _ := strconv.Atoi(g[2])
		return h*60 + m, m < 60
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > 10_000 {
		return 0, false
	}
	if hours {
		v *= 60
	}
	return int(math.Round(v)), true
}

var (
	lengthText = regexp.MustCompile(
		`^(?:(\d+(?:\.\d+)?)\s*(?:h|hr|hrs|hour|hours|घंटा|घंटे)\.?)?\s*(?:(\d+)\s*(?:m|min|mins|minute|minutes|मिनट)\.?)?$`)
	lengthClock = regexp.MustCompile(`^(\d{1,2}):(\d{2})(?::00)?$`)
)
