package domain

import (
	"strings"
	"time"
	"unicode"
)

// DayOpens is when a crew may set out for a visit, arrive and start at the earliest: in the morning of its window's day in the
// zone of its site, for each of them rings at the household, or OpensBefore the window where that is earlier. Who is to come
// earlier has the visit moved first (docs/product.md section 3).
func (v *Visit) DayOpens(zone *time.Location) time.Time {
	local := v.WindowStart.In(zone)
	opens := time.Date(local.Year(), local.Month(), local.Day(), morningAt, 0, 0, 0, zone)
	if early := v.WindowStart.Add(-OpensBefore); early.Before(opens) {
		opens = early
	}
	return opens.UTC()
}

// Opens is when a move of the crew opens at the earliest, whatever is said with it; nil: it waits for no time.
func (v *Visit) Opens(action string, zone *time.Location) *time.Time {
	switch action {
	case "en-route", "arrive", "start":
		return Ptr(v.DayOpens(zone))
	case "complete":
		return Ptr(v.WindowStart.Add(-NearWindow))
	case "partial":
		if v.CameNear() {
			return Ptr(v.WindowStart.Add(-NearWindow))
		}
		return Ptr(v.WindowStart)
	case "no-access":
		return Ptr(v.WindowStart)
	}
	return nil
}

// Near reports whether something happened inside the window, near before it, or after.
func (v *Visit) Near(at *time.Time) bool {
	return at != nil && !at.Before(v.WindowStart.Add(-NearWindow))
}

// CameNear reports whether the crew is known to have been there in time for what ends the visit.
func (v *Visit) CameNear() bool { return v.Near(v.ArrivedAt) || v.Near(v.StartedAt) }

// WhyNot is why a crew could not meet the guard of a move (docs/product.md section 3).
type WhyNot struct {
	Code  string
	Ours  bool   // of ours or the network's: the visit stays payable and leaves their figures
	Words string // as the technician and the centre read it
}

// WhysNot is the list. The household reads each on its page.
var WhysNot = []WhyNot{
	{"gate_refused", false, "the gate let nobody in"},
	{"wrong_address", false, "the address was wrong"},
	{"way_blocked", false, "the way was blocked"},
	{"household_asked", false, "the household asked them to go"},
	{"unsafe_to_wait", true, "waiting was not safe"},
	{"network_down", true, "the network was down"},
	{"phone_broken", true, "the phone did not work"},
	{"called_away", true, "we called them away"},
	{"other", false, "another reason"},
}

// WhyNotOf finds a reason of the list; nil for free words, which older visits have.
func WhyNotOf(code string) *WhyNot {
	for i := range WhysNot {
		if WhysNot[i].Code == code {
			return &WhysNot[i]
		}
	}
	return nil
}

// CheckWhyNot refuses a reason that is none of the list, and one that says nothing.
func CheckWhyNot(code, words string) error {
	switch {
	case code == "":
	case WhyNotOf(code) == nil:
		codes := make([]string, len(WhysNot))
		for i := range WhysNot {
			codes[i] = WhysNot[i].Code
		}
		return Fail(CodeUnprocessable, "The reason is one of a list, with words beside it.").At("/reason", strings.Join(codes, ", "))
	case code == "other" && !Says(words):
		return Fail(CodeUnprocessable, "Say in words what it was.").At("/note", "a few words")
	}
	return nil
}

// Says reports whether a text says anything: signs alone do not, nor does one letter or figure, or one over and over. In scripts
// that write their vowels as signs on a letter, such a sign is one more.
func Says(text string) bool {
	var first rune
	for _, r := range text {
		if r >= '！' && r <= '～' { // the wide form of a sign, letter or figure is that one
			r -= '！' - '!'
		}
		switch r = unicode.ToLower(r); {
		case !unicode.IsLetter(r) && !unicode.IsNumber(r) && (!unicode.IsMark(r) || unicode.Is(unicode.Inherited, r)):
		case first == 0:
			first = r
		case r != first:
			return true
		}
	}
	return false
}

// SignsAlone reports whether a text has neither letter nor figure.
func SignsAlone(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// tests is what a repaired appliance is tried with, by the category of its job.
var tests = map[string]string{
	"refrigerator": "the temperature inside", "freezer": "the temperature inside",
	"washing_machine": "a rinse and spin", "dryer": "a short run with heat", "dishwasher": "a rinse without leaks",
	"air_conditioner": "the temperature of the air it blows", "heat_pump": "the temperature of its flow",
	"oven": "heating without a trip of the fuse", "microwave": "a glass of water made warm", "hob": "each plate",
	"gas_stove": "a leak test and each flame", "boiler": "a leak test and a start", "water_heater": "a leak test and warm water",
	"water_purifier": "a glass of water and its taste",
}

// TestAsked is what a completion says of the test; empty: its category asks for none.
func (j *Job) TestAsked() string {
	if words, ok := tests[j.Category]; ok || !j.SafetyCritical {
		return words
	}
	return "that nothing leaks and it is safe to use"
}
