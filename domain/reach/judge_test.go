package reach

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// One rule, one attempt, one sentence. Monday is 2 November 2026.
func TestWhatCounts(t *testing.T) {
	far, near, edge := 350.2, 40.0, 200.0
	tests := []struct {
		name string
		a    Attempt
		why  string // empty: it counts
	}{
		{"rang long enough", call(0, nov(kolkata, 3, 10, 0), 20), ""},
		{"rang too short", call(0, nov(kolkata, 3, 10, 0), 12), "rang 12 s, the rule asks for 20 s"},
		{"ring time unknown", try(0, nov(kolkata, 3, 10, 0), Phone, NoAnswer), "how long it rang is unknown, the rule asks for 20 s"},
		{"switched off", try(0, nov(kolkata, 3, 10, 0), Phone, SwitchedOff), ""},
		{"out of network", try(0, nov(kolkata, 3, 10, 0), Phone, OutOfNetwork), ""},
		{"busy", try(0, nov(kolkata, 3, 10, 0), Phone, Busy), "busy never counts"},
		{"voicemail", try(0, nov(kolkata, 3, 10, 0), Phone, Voicemail), "voicemail never counts"},
		{"wrong number", try(0, nov(kolkata, 3, 10, 0), Phone, WrongNumber), "a wrong number never counts; it is struck from the known ones"},
		{"delivered", try(0, nov(kolkata, 3, 10, 0), SMS, Delivered), ""},
		{"read", try(0, nov(kolkata, 3, 10, 0), WhatsApp, Read), ""},
		{"push delivered", try(0, nov(kolkata, 3, 10, 0), Push, Delivered), ""},
		{"email read", try(0, nov(kolkata, 3, 10, 0), Email, Read), ""},
		{"sent only", try(0, nov(kolkata, 3, 10, 0), Email, Sent), "sent only; a message counts when it was delivered or read"},
		{"nonsense", try(0, nov(kolkata, 3, 10, 0), SMS, NoAnswer), `"no_answer" does not count on the channel sms`},
		{"unknown channel", try(0, nov(kolkata, 3, 10, 0), "fax", Delivered), "the rules know no such channel"},
		{"door near", door(nov(kolkata, 3, 10, 0), &near, ""), ""},
		{"door at the edge", door(nov(kolkata, 3, 10, 0), &edge, ""), ""},
		{"door far", door(nov(kolkata, 3, 10, 0), &far, ""), "it was 351 m away and gives no reason, the rule asks for 200 m at most"},
		{"door far with a reason", door(nov(kolkata, 3, 10, 0), &far, "gate closed"), ""},
		{"door without place", door(nov(kolkata, 3, 10, 0), nil, " "), "place unknown: no reason given"},
		{"door without place, with a reason", door(nov(kolkata, 3, 10, 0), nil, "no signal in the basement"), ""},
		{"opening", call(0, nov(kolkata, 3, 8, 0), 30), ""},
		{"before opening", call(0, nov(kolkata, 3, 7, 59), 30), "07:59 in Asia/Kolkata is outside 08:00-19:00"},
		{"last minute", call(0, nov(kolkata, 3, 18, 59), 30), ""},
		{"closed", call(0, nov(kolkata, 3, 19, 0), 30), "19:00 in Asia/Kolkata is outside 08:00-19:00"},
		{"night", call(0, nov(kolkata, 3, 22, 10), 30), "22:10 in Asia/Kolkata is outside 08:00-19:00"},
		{"sunday", call(0, nov(kolkata, 8, 10, 0), 30), "Sunday is not a working day of the centre"},
		{"holiday", call(0, nov(kolkata, 9, 10, 0), 30), "2026-11-09 is a holiday of the centre"},
		{"two rules", call(0, nov(kolkata, 3, 22, 10), 5), "rang 5 s, the rule asks for 20 s; 22:10 in Asia/Kolkata is outside 08:00-19:00"},
		{"before the job", call(0, nov(kolkata, 2, 7, 59), 30),
			"it happened before the job was created on Mon 2 Nov 08:00; 07:59 in Asia/Kolkata is outside 08:00-19:00"},
		{"72 h old", late(call(0, nov(kolkata, 3, 10, 0), 30), 72*time.Hour), ""},
		{"older", late(call(0, nov(kolkata, 3, 10, 0), 30), 72*time.Hour+time.Second),
			"recorded 72 h 1 min after it happened; facts older than 72 h do not count against the household"},
		{"in the future", call(0, nov(kolkata, 30, 10, 0), 30), "it lies after the present moment"},
		{"disputed", disputed(call(0, nov(kolkata, 3, 10, 0), 30)), "the household says nobody called"},
		{"inbound", inbound(try(0, nov(kolkata, 3, 22, 0), Email, "")), "this is contact (inbound, email); it ends the case"},
		{"refused", try(0, nov(kolkata, 3, 10, 0), Doorstep, Refused), "this is contact (refused, doorstep); it ends the case"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCase(kolkata)
			c.Now = nov(kolkata, 20, 12, 0)
			c.Calendar.Holidays = map[string]bool{"2026-11-09": true, "2026-11-10": false}
			c.Attempts = []Attempt{tt.a}
			if got := why(t, Judge(c), 0); got != tt.why {
				t.Errorf("does not count because %q, want %q", got, tt.why)
			}
		})
	}
}

func door(at time.Time, metres *float64, reason string) Attempt {
	a := try(0, at, Doorstep, NobodyHome)
	a.DistanceM, a.PlaceReason = metres, reason
	return a
}

func late(a Attempt, by time.Duration) Attempt {
	a.RecordedAt = a.OccurredAt.Add(by)
	return a
}

func inbound(a Attempt) Attempt  { a.Direction = Inbound; return a }
func disputed(a Attempt) Attempt { a.Discounted = "the household says nobody called"; return a }
func by(a Attempt, i int) Attempt {
	a.By = person(i)
	return a
}

func TestThirdCallOfTheDayDoesNotCount(t *testing.T) {
	c := newCase(kolkata)
	c.Attempts = []Attempt{
		call(3, nov(kolkata, 3, 17, 0), 30), // listed first, made last
		call(0, nov(kolkata, 3, 9, 0), 30),
		try(1, nov(kolkata, 3, 11, 0), Phone, Busy), // does not count, and rang there all the same
		inboundCall(2, nov(kolkata, 2, 12, 0)),
		call(4, nov(kolkata, 4, 9, 0), 30),
		try(5, nov(kolkata, 3, 18, 0), SMS, Delivered),
	}
	v := Judge(c)
	if got := why(t, v, 3); got != "third call of that day, at most 2" {
		t.Error(got)
	}
	if want := []uuid.UUID{id(0), id(5), id(4)}; !slices.Equal(v.Counts, want) {
		t.Errorf("counts %v, want %v", v.Counts, want)
	}
}

// TestTheDailyNumberIsTheHouseholds: calls about its other jobs use up its day; exempt
// ones do not, and what was judged by its job alone stays so.
func TestTheDailyNumberIsTheHouseholds(t *testing.T) {
	c := newCase(kolkata)
	c.CallsElsewhere = []time.Time{nov(kolkata, 3, 9, 0), nov(kolkata, 3, 10, 0), nov(kolkata, 4, 18, 0)}
	before := call(1, nov(kolkata, 3, 11, 0), 30)
	before.OfJob = true
	exempt := call(2, nov(kolkata, 3, 14, 0), 30)
	exempt.CapExempt = true
	c.Attempts = []Attempt{before, exempt, call(3, nov(kolkata, 3, 17, 0), 30), call(4, nov(kolkata, 4, 9, 0), 30)}
	c.Now = nov(kolkata, 4, 12, 0)
	v := Judge(c)
	if want := []uuid.UUID{id(1), id(2), id(4)}; !slices.Equal(v.Counts, want) {
		t.Errorf("counts %v, want %v", v.Counts, want)
	}
	if got := why(t, v, 3); got != "fourth call of that day, at most 2" {
		t.Error(got)
	}
	if at := v.NextAllowed[Phone]; at == nil || at.Before(nov(kolkata, 5, 0, 0)) {
		t.Errorf("the next call is allowed at %v", at)
	}
}

func inboundCall(i int, at time.Time) Attempt { return inbound(try(i, at, Phone, Reached)) }

// story is enough by Wednesday 4 November 10:30: two calls, one of them proven, and a message.
func story(loc *time.Location) Case {
	c := newCase(loc)
	c.Numbers = []Number{{person(9), "+919876543210"}}
	first := call(0, nov(loc, 3, 10, 0), 30)
	first.Address, first.Grade = "+919876543210", Proven
	c.Attempts = []Attempt{first, call(1, nov(loc, 3, 14, 0), 30), try(2, nov(loc, 4, 10, 30), SMS, Delivered)}
	c.Now = nov(loc, 4, 11, 0)
	return c
}

func TestTheLastNotice(t *testing.T) {
	c := story(kolkata)
	expect := func(verdict string, missing ...string) Verdict {
		t.Helper()
		v := Judge(c)
		if v.Verdict != verdict || !slices.Equal(v.Missing, missing) {
			t.Errorf("%s %q, want %s %q", v.Verdict, v.Missing, verdict, missing)
		}
		return v
	}
	v := expect(Trying, `the last written notice ("sent" is enough), then 24 h of silence`)
	if !v.EnoughAt.Equal(nov(kolkata, 4, 10, 30)) || v.LastNoticeSentAt != nil {
		t.Errorf("enough at %v, notice %v", v.EnoughAt, v.LastNoticeSentAt)
	}

	// A message from before it was enough is no last notice, whatever it is marked as.
	early := try(10, nov(kolkata, 4, 10, 29), Email, Sent)
	early.LastNotice = true
	c.Attempts = append(c.Attempts, early)
	expect(Trying, `the last written notice ("sent" is enough), then 24 h of silence`)

	// At night: the notice is not bound to the hours.
	notice := try(11, nov(kolkata, 4, 21, 0), Push, Sent)
	c.Attempts = append(c.Attempts, notice)
	c.Now = nov(kolkata, 5, 20, 59)
	v = expect(LastNotice, "silence until Thu 5 Nov 21:00, when the last notice runs out")
	if !v.LastNoticeSentAt.Equal(notice.OccurredAt) || !v.LastNoticeEndsAt.Equal(nov(kolkata, 5, 21, 0)) {
		t.Errorf("notice from %v to %v", v.LastNoticeSentAt, v.LastNoticeEndsAt)
	}
	if got := why(t, v, 11); got != "this is the last notice; it starts the 24 h of silence and is not an attempt that counts" {
		t.Error(got)
	}
	// A later message does not start it again.
	c.Attempts = append(c.Attempts, try(12, nov(kolkata, 5, 9, 0), SMS, Delivered))
	c.Now = nov(kolkata, 5, 21, 0)
	v = expect(Unreachable)
	if !v.UnreachableSince.Equal(nov(kolkata, 5, 21, 0)) {
		t.Errorf("unreachable since %v", v.UnreachableSince)
	}
	if want := "Enough was tried by Wed 4 Nov 10:30; the last notice of Wed 4 Nov 21:00 brought no answer for 24 h. Unreachable since Thu 5 Nov 21:00."; v.Explanation != want {
		t.Errorf("%q, want %q", v.Explanation, want)
	}

	c.ConfirmedVisitAhead = true
	v = expect(LastNotice, "a confirmed visit lies ahead; while it does, nobody is unreachable")
	if v.UnreachableSince != nil {
		t.Error("unreachable while a confirmed visit lies ahead")
	}
	c.ConfirmedVisitAhead, c.SafetyCritical = false, true
	expect(LastNotice, "the job is safety-critical: the area manager must decide")
	c.AreaManagerApproved = true
	expect(Unreachable)

	// A dispute, and a call that a phone kept for days, overturn it.
	kept := slices.Clone(c.Attempts)
	c.Attempts[0].Discounted = "the household disputes it"
	if v := Judge(c); v.Verdict == Unreachable {
		t.Error("unreachable on a disputed fact")
	}
	c.Attempts = append(kept, late(inbound(try(20, nov(kolkata, 4, 12, 0), Phone, "")), 300*time.Hour))
	if v := Judge(c); v.Verdict != Trying || v.EnoughAt != nil || v.LastNoticeEndsAt != nil {
		t.Errorf("late contact left %s", v.Verdict)
	}
	c.Attempts = append(c.Attempts, inbound(try(21, nov(kolkata, 5, 12, 0), Phone, "")))
	v = expect(Reached)
	if !v.LastContactAt.Equal(nov(kolkata, 5, 12, 0)) || v.FirstCountingAt != nil || len(v.Counts) != 0 {
		t.Errorf("%+v", v)
	}
	if got := why(t, v, 1); got != "before the last contact on Thu 5 Nov 12:00, which ended that case" {
		t.Error(got)
	}
}

// A message that completes the set is not its own notice, unless it was marked as that.
func TestTheCompletingMessage(t *testing.T) {
	c := story(kolkata)
	c.Now = nov(kolkata, 6, 12, 0)
	if v := Judge(c); v.Verdict != Trying {
		t.Errorf("%s without a last notice", v.Verdict)
	}
	c.Attempts[2].LastNotice = true
	if v := Judge(c); v.Verdict != Unreachable || len(v.Counts) != 3 {
		t.Errorf("%s %v", v.Verdict, v.Counts)
	}
}

func TestNoticeThatStandsForNothing(t *testing.T) {
	for name, n := range map[string]Attempt{
		"disputed": disputed(try(9, nov(kolkata, 4, 12, 0), SMS, Sent)),
		"late":     late(try(9, nov(kolkata, 4, 12, 0), SMS, Sent), 80*time.Hour),
		"spoken":   call(9, nov(kolkata, 4, 13, 0), 40),
	} {
		c := story(kolkata)
		c.Now = nov(kolkata, 20, 12, 0)
		c.Attempts = append(c.Attempts, n)
		if v := Judge(c); v.Verdict != Trying || v.LastNoticeSentAt != nil {
			t.Errorf("%s: %s", name, v.Verdict)
		}
	}
}

func TestVoiceOnly(t *testing.T) {
	c := story(kolkata)
	c.VoiceOnly, c.SecondContact = true, person(5)
	c.Attempts = append(c.Attempts, try(3, nov(kolkata, 4, 12, 0), SMS, Sent)) // a written notice is none to them
	c.Now = nov(kolkata, 10, 12, 0)
	v := Judge(c)
	if v.Verdict != Trying || !slices.Equal(v.Missing, []string{
		"one more spoken attempt (phone or doorstep): the household is voice-only, it takes the place of the last written notice",
		"a counting attempt at the second contact", "then 24 h of silence",
	}) {
		t.Fatalf("%s %q", v.Verdict, v.Missing)
	}
	c.Attempts = append(c.Attempts, call(4, nov(kolkata, 4, 15, 0), 25))
	if v := Judge(c); v.Verdict != Trying || len(v.Missing) != 2 {
		t.Fatalf("%s %q", v.Verdict, v.Missing)
	}
	second := call(5, nov(kolkata, 5, 9, 0), 25)
	second.ContactID = person(5)
	c.Attempts = append(c.Attempts, second)
	c.Now = nov(kolkata, 6, 8, 59)
	if v := Judge(c); v.Verdict != LastNotice || !v.LastNoticeEndsAt.Equal(nov(kolkata, 6, 9, 0)) {
		t.Fatalf("%s until %v", v.Verdict, v.LastNoticeEndsAt)
	}
	c.Now = nov(kolkata, 6, 9, 0)
	if v := Judge(c); v.Verdict != Unreachable {
		t.Fatal(v.Verdict)
	}
	// Tried before it was enough, the second contact needs no other try: the spoken attempt starts the day.
	c.Attempts[5].OccurredAt, c.Attempts[5].RecordedAt = nov(kolkata, 2, 9, 0), nov(kolkata, 2, 9, 0)
	if v := Judge(c); v.LastNoticeSentAt == nil || !v.LastNoticeSentAt.Equal(nov(kolkata, 4, 15, 0)) {
		t.Fatalf("started %v", v.LastNoticeSentAt)
	}
}

// Every single rule of "enough", missing alone, in words.
func TestMissing(t *testing.T) {
	proven := func(a Attempt) Attempt { a.Grade = Proven; return a }
	at := func(a Attempt, number string) Attempt { a.Address = number; return a }
	tests := []struct {
		name     string
		attempts []Attempt
		missing  []string
	}{
		{"nothing", nil, []string{
			"3 attempts",
		}},
		{"one", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242"))}, []string{
			"1 of 3 counting attempts", "only one channel so far (phone); use another",
			"all tries in the same part of the day (before 12:00); try 12:00-16:00 or after 16:00",
			"24 h from first to last attempt are needed: not before Wed 4 Nov 10:00",
		}},
		{"attempts", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242")), try(1, nov(kolkata, 4, 13, 0), SMS, Read)},
			[]string{"2 of 3 counting attempts"}},
		{"channels", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242")), call(1, nov(kolkata, 3, 13, 0), 30),
			call(2, nov(kolkata, 4, 13, 0), 30)},
			[]string{"only one channel so far (phone); use another"}},
		{"parts", []Attempt{proven(at(call(0, nov(kolkata, 3, 16, 0), 30), "+919876543242")), try(1, nov(kolkata, 3, 18, 0), SMS, Read),
			try(2, nov(kolkata, 4, 18, 0), SMS, Read)},
			[]string{"all tries in the same part of the day (after 16:00); try before 12:00 or 12:00-16:00"}},
		{"span", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242")), call(1, nov(kolkata, 3, 13, 0), 30),
			try(2, nov(kolkata, 3, 15, 0), SMS, Read)},
			[]string{"first and last are 5 h apart, 24 h are needed: not before Wed 4 Nov 10:00"}},
		{"number", []Attempt{proven(call(0, nov(kolkata, 3, 10, 0), 30)), call(1, nov(kolkata, 3, 13, 0), 30),
			try(2, nov(kolkata, 4, 15, 0), Email, Read)},
			[]string{"the number ending 42 has not been tried"}},
		{"evidence", []Attempt{at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242"), call(1, nov(kolkata, 3, 13, 0), 30),
			try(2, nov(kolkata, 4, 15, 0), Email, Read)},
			[]string{"one attempt must be proven, recorded or by a second person; so far one person declared them all"}},
		{"gap", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242")), try(1, nov(kolkata, 3, 10, 1), SMS, Read),
			call(2, nov(kolkata, 4, 15, 0), 30)},
			[]string{"2 of 3 counting attempts that are 2 h apart", "attempts that are 2 h apart use only one channel so far (phone); use another"}},
		{"gap and channel", []Attempt{proven(at(call(0, nov(kolkata, 3, 10, 0), 30), "+919876543242")), try(1, nov(kolkata, 4, 15, 1), SMS, Read),
			call(2, nov(kolkata, 4, 15, 0), 30), call(3, nov(kolkata, 4, 16, 50), 30)},
			[]string{"2 of 3 counting attempts that are 2 h apart"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCase(kolkata)
			c.Numbers = []Number{{person(9), "+919876543242"}, {person(8), "+919876543299"}}
			wrong := try(50, nov(kolkata, 2, 9, 0), Phone, WrongNumber)
			wrong.Address = "+919876543299"
			c.Attempts = append(tt.attempts, wrong)
			v := Judge(c)
			if tt.attempts == nil {
				tt.missing = []string{
					"0 of 3 counting attempts", "attempts on 2 channels", "attempts in 2 parts of the day (before 12:00 or 12:00-16:00 or after 16:00)",
					"first and last attempt must be 24 h apart", "the number ending 42 has not been tried",
					"one attempt must be proven, recorded or by a second person",
				}
			}
			if v.Verdict != Trying || !slices.Equal(v.Missing, tt.missing) {
				t.Errorf("%s\n%q, want\n%q", v.Verdict, v.Missing, tt.missing)
			}
			if strings.Contains(fmt.Sprint(v), "9876543") {
				t.Errorf("a whole number is shown: %+v", v)
			}
		})
	}
}

func TestStruckNumber(t *testing.T) {
	const a, b = "+919876543210", "+919876543211"
	c := story(kolkata)
	c.Numbers = append(c.Numbers, Number{person(9), b})
	if v := Judge(c); !slices.Equal(v.Missing, []string{"the number ending 11 has not been tried"}) {
		t.Fatalf("%q", v.Missing)
	}
	wrong := try(10, nov(kolkata, 3, 16, 0), SMS, WrongNumber)
	wrong.Address = b
	c.Attempts = append(c.Attempts, wrong)
	if v := Judge(c); v.EnoughAt == nil {
		t.Fatalf("the struck number is still asked for: %q", v.Missing)
	}
	again := try(11, nov(kolkata, 3, 18, 0), SMS, Delivered)
	again.Address = b
	c.Attempts = append(c.Attempts, again)
	if got := why(t, Judge(c), 11); got != "the number ending 11 was already known to be wrong" {
		t.Error(got)
	}
	// A disputed wrong number strikes nothing.
	c.Attempts[3] = disputed(c.Attempts[3])
	if got := why(t, Judge(c), 11); got != "" {
		t.Error(got)
	}
	c.Attempts[3].Discounted = ""
	// Whoever speaks to us from it proves it right again.
	back := inboundCall(12, nov(kolkata, 3, 19, 0))
	back.Address = b
	c.Attempts = append(c.Attempts, back)
	if v := Judge(c); !slices.Contains(v.Missing, "the number ending 11 has not been tried") {
		t.Errorf("%q", v.Missing)
	}

	// No number left: the rule holds of itself, and the explanation says so.
	c = story(kolkata)
	wrong.Address = a
	c.Attempts = append(c.Attempts, wrong)
	if v := Judge(c); v.EnoughAt == nil || !strings.HasSuffix(v.Explanation,
		"The household has no known number left that would have to be tried.") {
		t.Errorf("%q %q", v.Missing, v.Explanation)
	}
}

// Without an address an attempt went to the only number of its contact, if that is certain.
func TestAttemptWithoutAddress(t *testing.T) {
	const first, other = "+919876543210", "+919876543299"
	for _, tt := range []struct {
		name    string
		contact uuid.UUID
		numbers []Number
		enough  bool
	}{
		{"only number of the contact", person(9), []Number{{person(9), first}}, true},
		{"nobody named, one number", uuid.Nil, []Number{{person(9), first}}, true},
		{"nobody named, two numbers", uuid.Nil, []Number{{person(9), first}, {person(9), other}}, false},
		{"two numbers of the contact", person(9), []Number{{person(9), first}, {person(9), other}}, false},
		{"the number of somebody else", person(9), []Number{{person(8), first}}, false},
		{"one number, listed twice", person(9), []Number{{person(9), first}, {person(9), first}}, true},
		{"one number shared by two", person(9), []Number{{person(8), first}, {person(9), first}}, true},
	} {
		c := story(kolkata)
		c.Numbers = tt.numbers
		for i := range c.Attempts {
			c.Attempts[i].Address, c.Attempts[i].ContactID = "", tt.contact
		}
		if v := Judge(c); (v.EnoughAt != nil) != tt.enough {
			t.Errorf("%s: enough at %v, missing %q", tt.name, v.EnoughAt, v.Missing)
		}
	}
}

func TestSecondPerson(t *testing.T) {
	c := story(kolkata)
	c.Attempts[0].Grade = Declared
	if v := Judge(c); v.EnoughAt != nil {
		t.Fatal("one person declared it all, and it is enough")
	}
	c.Attempts[2] = by(c.Attempts[2], 1)
	if v := Judge(c); v.EnoughAt == nil {
		t.Fatalf("%q", v.Missing)
	}
	c.Attempts[2].By = uuid.Nil
	if v := Judge(c); v.EnoughAt != nil {
		t.Fatal("nobody in particular made a second person")
	}
}

func TestVerdictsWithoutAnythingThatCounts(t *testing.T) {
	short := call(1, nov(kolkata, 4, 10, 0), 3)
	for _, tt := range []struct {
		name     string
		attempts []Attempt
		want     string
	}{
		{"nothing", nil, Untried},
		{"tried, and nothing counts", []Attempt{short}, Trying},
		{"only what was before the job", []Attempt{call(0, nov(kolkata, 1, 10, 0), 30)}, Untried},
		{"only what is disputed", []Attempt{disputed(short)}, Untried},
		{"contact from before the job", []Attempt{inboundCall(0, nov(kolkata, 1, 10, 0))}, Reached},
		{"contact, then nothing that counts", []Attempt{try(0, nov(kolkata, 3, 10, 0), Phone, Reached), short}, Reached},
		{"contact, then an attempt that counts", []Attempt{try(0, nov(kolkata, 3, 10, 0), Phone, Hostile), call(1, nov(kolkata, 4, 10, 0), 30)},
			Trying},
		{"contact in the same instant", []Attempt{try(5, nov(kolkata, 4, 10, 0), Phone, Reached), call(6, nov(kolkata, 4, 10, 0), 30)}, Reached},
		{"disputed contact", []Attempt{call(0, nov(kolkata, 3, 10, 0), 30), disputed(try(1, nov(kolkata, 4, 10, 0), Phone, Reached))}, Trying},
	} {
		c := newCase(kolkata)
		c.Attempts = tt.attempts
		v := Judge(c)
		if v.Verdict != tt.want || v.Explanation == "" {
			t.Errorf("%s: %s (%s), want %s", tt.name, v.Verdict, v.Explanation, tt.want)
		}
	}
}

// The wall clock of the site decides, also in the night the clocks change: 24 h are 24 hours, 08:00 is 08:00.
func TestClockChanges(t *testing.T) {
	utc := func(m time.Month, d, h, min int) time.Time {
		y := 2026
		if m < 6 {
			y = 2027
		}
		return time.Date(y, m, d, h, min, 0, 0, time.UTC)
	}
	judge := func(a Attempt, now time.Time, opens, closes string) Verdict {
		c := newCase(london)
		c.Calendar.WorkingDays[time.Sunday] = true
		c.JobCreatedAt, c.Now = now.AddDate(0, -1, 0), now
		c.Policy.OpensAt, c.Policy.ClosesAt = opens, closes
		c.Attempts = []Attempt{a}
		return Judge(c)
	}
	for _, tt := range []struct {
		at     time.Time
		counts bool
	}{
		{utc(10, 24, 7, 0), true},    // Saturday 08:00 BST
		{utc(10, 25, 7, 30), false},  // Sunday 07:30 GMT
		{utc(10, 25, 8, 0), true},    // Sunday 08:00 GMT
		{utc(10, 24, 18, 30), false}, // 19:30 BST
		{utc(10, 25, 18, 30), true},  // 18:30 GMT
		{utc(3, 27, 7, 30), false},
		{utc(3, 28, 7, 0), true}, // 08:00 BST, an hour earlier than the day before
		{utc(3, 28, 18, 0), false},
	} {
		v := judge(call(0, tt.at, 30), tt.at.AddDate(0, 0, 1), "08:00", "19:00")
		if (len(v.Counts) == 1) != tt.counts {
			t.Errorf("%v: %v, %+v", tt.at, v.Counts, v.DoesNotCount)
		}
	}
	for _, tt := range []struct {
		now, want time.Time
		opens     string
	}{
		{utc(10, 24, 20, 0), utc(10, 25, 8, 0), "08:00"},
		{utc(3, 27, 20, 0), utc(3, 28, 7, 0), "08:00"},
		{utc(10, 24, 20, 0), utc(10, 25, 0, 30), "01:30"},   // twice that night: the first
		{utc(10, 25, 0, 59), utc(10, 25, 0, 59), "01:30"},   // 01:59 BST, inside
		{utc(10, 25, 1, 0), utc(10, 25, 1, 30), "01:30"},    // 01:00 GMT, outside again until the second 01:30
		{utc(3, 27, 20, 0), utc(3, 28, 1, 0), "01:30"},      // does not exist that night: the change itself
		{utc(3, 28, 0, 59), utc(3, 28, 1, 0), "01:30"},      // 00:59 GMT
		{utc(3, 28, 18, 30), utc(3, 29, 0, 30), "01:30"},    // the night after
		{utc(11, 10, 12, 15), utc(11, 10, 12, 15), "08:00"}, // inside: now
	} {
		old := call(0, tt.now.AddDate(0, 0, -5), 30)
		if got := judge(old, tt.now, tt.opens, "19:00").NextAllowed[SMS]; got == nil || !got.Equal(tt.want) {
			t.Errorf("from %v, opening %s: %v, want %v", tt.now, tt.opens, got, tt.want)
		}
	}
	// Saturday 10:00 BST to Sunday 10:00 GMT are 25 hours: 09:00 GMT is the day after.
	c := newCase(london)
	c.JobCreatedAt, c.Now = utc(10, 1, 0, 0), utc(11, 1, 0, 0)
	c.Calendar.WorkingDays[time.Sunday] = true
	c.Attempts = []Attempt{
		call(0, utc(10, 24, 9, 0), 30), by(call(1, utc(10, 24, 13, 0), 30), 1), try(2, utc(10, 25, 8, 59), SMS, Delivered),
	}
	if v := Judge(c); v.EnoughAt != nil {
		t.Error("23 h 59 min are enough")
	}
	c.Attempts[2].OccurredAt = utc(10, 25, 9, 0)
	if v := Judge(c); v.EnoughAt == nil {
		t.Errorf("24 hours are not enough: %q", v.Missing)
	}
}

func TestNextAllowed(t *testing.T) {
	c := newCase(kolkata)
	c.Attempts = []Attempt{call(0, nov(kolkata, 7, 10, 0), 30), call(1, nov(kolkata, 7, 10, 30), 2)}
	c.Now = nov(kolkata, 7, 10, 45)
	c.Calendar.Holidays = map[string]bool{"2026-11-09": true}
	v := Judge(c)
	// Saturday's two calls are made, Sunday is free, Monday a holiday.
	if got := v.NextAllowed[Phone]; !got.Equal(nov(kolkata, 10, 8, 0)) {
		t.Errorf("phone %v", got)
	}
	for _, ch := range []string{SMS, WhatsApp, Push, Email, Doorstep} {
		if got := v.NextAllowed[ch]; !got.Equal(nov(kolkata, 7, 12, 0)) {
			t.Errorf("%s %v", ch, got)
		}
	}
	c.Now = nov(kolkata, 7, 18, 0).Add(123 * time.Nanosecond)
	if got := Judge(c).NextAllowed[SMS]; !got.Equal(c.Now) || got.Location() != time.UTC {
		t.Errorf("sms %v", got)
	}
	c.Calendar.WorkingDays = [7]bool{}
	for ch, got := range Judge(c).NextAllowed {
		if got != nil {
			t.Errorf("%s %v in a calendar without working days", ch, got)
		}
	}
	c.Calendar.WorkingDays[time.Tuesday] = true
	c.Policy.MaxCallsPerDay = 0
	if v := Judge(c); v.NextAllowed[Phone] != nil || v.NextAllowed[SMS] == nil {
		t.Errorf("%v", v.NextAllowed)
	}
}

func TestEmptyCase(t *testing.T) {
	v := Judge(Case{Now: nov(time.UTC, 3, 10, 0)})
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"verdict":"untried"`, `"counts":[]`, `"does_not_count":[]`, `"missing":["0 of 3`, `"phone":null`,
		`"policy_version":"default-1"`, `"last_notice_sent_at":null`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %s", raw, want)
		}
	}
	// Numbers that ask for nothing do not make a household unreachable that nobody tried.
	v = Judge(Case{Now: nov(time.UTC, 3, 10, 0), Policy: Policy{Version: "none"}})
	if v.Verdict != Untried || v.EnoughAt != nil {
		t.Errorf("%+v", v)
	}
}

// Two messages that are alike within one gap: the later one completes the span, with the older of two beginnings.
func TestSpanCompletedByALikeAttempt(t *testing.T) {
	c := newCase(kolkata)
	c.Policy.MinAttempts, c.Policy.MinDayParts, c.Policy.MinSpan = 2, 1, 7
	c.Attempts = []Attempt{
		call(0, nov(kolkata, 3, 8, 0), 30), try(1, nov(kolkata, 3, 8, 30), SMS, Read),
		try(2, nov(kolkata, 3, 14, 20), Email, Read), try(3, nov(kolkata, 3, 15, 20), Email, Read),
	}
	for i := range c.Attempts {
		c.Attempts[i].Grade = Recorded
	}
	if v := Judge(c); v.EnoughAt == nil || !v.EnoughAt.Equal(nov(kolkata, 3, 15, 20)) {
		t.Errorf("enough at %v, missing %q", v.EnoughAt, v.Missing)
	}
}

// Far more numbers than a household has: an answer in bounded time, never "enough" by mistake.
func TestManyNumbers(t *testing.T) {
	c := newCase(kolkata)
	for i := range 70 {
		a := try(i, nov(kolkata, 3, 9, 0).Add(time.Duration(i)*13*time.Minute/2), SMS, Delivered)
		a.Address = fmt.Sprintf("+9198765432%02d", i)
		c.Numbers = append(c.Numbers, Number{person(i), a.Address})
		for d := range 2 {
			b := a
			b.ID, b.OccurredAt, b.By = id(1000*(d+1)+i), a.OccurredAt.AddDate(0, 0, d), person(i*d%40)
			b.RecordedAt = b.OccurredAt
			c.Attempts = append(c.Attempts, b)
		}
	}
	if v := Judge(c); v.EnoughAt != nil {
		t.Error("enough")
	}
}

// A try at a number that was never the household's says nothing of the
// household: it does not count, is no last notice, and the known number still
// has to be tried.
func TestForeignNumberDoesNotCount(t *testing.T) {
	const known, other, foreign = "+919876543210", "+919876543211", "+919800000099"
	c := newCase(kolkata)
	c.Numbers = []Number{{person(9), known}, {person(8), other}}
	at := func(i int, day, hour int, channel, outcome, address string) Attempt {
		a := try(i, nov(kolkata, day, hour, 0), channel, outcome)
		a.Address, a.Grade = address, Recorded
		return a
	}
	struck := at(5, 5, 9, Phone, WrongNumber, other)
	c.Attempts = []Attempt{
		at(0, 3, 10, Phone, SwitchedOff, foreign), at(1, 3, 14, SMS, Delivered, foreign), at(2, 4, 10, WhatsApp, Read, foreign),
		at(3, 4, 13, Phone, SwitchedOff, other), struck, // known when it was tried
		at(6, 5, 11, Email, Delivered, "somebody@example.org"), at(7, 5, 17, Push, Delivered, "token"),
	}
	v := Judge(c)
	for i := range 3 {
		if got := why(t, v, i); got != "the number ending 99 is not known as the household's" {
			t.Errorf("attempt %d: %q", i, got)
		}
	}
	if want := []uuid.UUID{id(3), id(6), id(7)}; !slices.Equal(v.Counts, want) {
		t.Errorf("counts %v, want %v", v.Counts, want)
	}
	if v.Verdict != Trying || !slices.Contains(v.Missing, "the number ending 10 has not been tried") {
		t.Errorf("%s, missing %q", v.Verdict, v.Missing)
	}
	// Without an address the only number of the contact was meant.
	own := at(8, 6, 9, Phone, SwitchedOff, "")
	own.ContactID = person(9)
	c.Attempts = append(c.Attempts, own, at(9, 6, 10, SMS, Sent, foreign))
	if v = Judge(c); v.EnoughAt == nil || v.LastNoticeSentAt != nil {
		t.Fatalf("enough at %v, missing %q; the notice to a stranger counts as sent at %v", v.EnoughAt, v.Missing, v.LastNoticeSentAt)
	}
	c.Attempts = append(c.Attempts, at(10, 6, 11, SMS, Sent, known))
	if v = Judge(c); v.LastNoticeSentAt == nil || !v.LastNoticeSentAt.Equal(nov(kolkata, 6, 11, 0)) {
		t.Errorf("the last notice went out at %v", v.LastNoticeSentAt)
	}
}
