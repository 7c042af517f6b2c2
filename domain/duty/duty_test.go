package duty

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func instant(t interface{ Fatal(...any) }, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func weekdays(from, to string) []Shift {
	var out []Shift
	for d := time.Monday; d <= time.Friday; d++ {
		out = append(out, Shift{d, from, to})
	}
	return out
}

func TestRoster(t *testing.T) {
	london := zone(t, "Europe/London")
	office := Roster{Location: london, Shifts: weekdays("09:00", "17:00"), Holidays: map[string]bool{"2026-12-25": true}}
	broken := Roster{Location: london, Shifts: append(weekdays("09:00", "12:00"), weekdays("13:00", "17:00")...)}
	away := office
	away.Away = []Span{{instant(t, "2026-11-23T10:00:00Z"), instant(t, "2026-11-25T00:00:00Z")}}
	dated := office
	dated.Dates = map[string][]Shift{"2026-11-24": nil, "2026-11-28": {{From: "14:00", To: "22:00"}},
		"2026-12-25": {{From: "09:00", To: "17:00"}}}
	always := Roster{Location: london, Dates: map[string][]Shift{"2026-11-24": {{From: "14:00", To: "15:00"}}}}
	quiet := Roster{Location: london, QuietFrom: "21:00", QuietTo: "08:00"}
	for _, c := range []struct {
		name string
		r    Roster
		at   string
		on   bool
		next string
		plus time.Duration
		add  string
	}{
		{"inside", office, "2026-11-23T10:00:00Z", true, "2026-11-23T10:00:00Z", 2 * time.Hour, "2026-11-23T12:00:00Z"},
		{"before", office, "2026-11-23T07:00:00Z", false, "2026-11-23T09:00:00Z", 2 * time.Hour, "2026-11-23T11:00:00Z"},
		{"the end is not included", office, "2026-11-23T17:00:00Z", false, "2026-11-24T09:00:00Z", 0, "2026-11-24T09:00:00Z"},
		{"over the weekend", office, "2026-11-27T16:00:00Z", true, "2026-11-27T16:00:00Z", 2 * time.Hour, "2026-11-30T10:00:00Z"},
		{"over a holiday", office, "2026-12-24T16:30:00Z", true, "2026-12-24T16:30:00Z", time.Hour, "2026-12-28T09:30:00Z"},
		{"over lunch", broken, "2026-11-23T11:30:00Z", true, "2026-11-23T11:30:00Z", time.Hour, "2026-11-23T13:30:00Z"},
		{"on leave", away, "2026-11-23T11:00:00Z", false, "2026-11-25T09:00:00Z", time.Hour, "2026-11-25T10:00:00Z"},
		{"off on a date", dated, "2026-11-23T16:30:00Z", true, "2026-11-23T16:30:00Z", time.Hour, "2026-11-25T09:30:00Z"},
		{"that date itself", dated, "2026-11-24T10:00:00Z", false, "2026-11-25T09:00:00Z", time.Hour, "2026-11-25T10:00:00Z"},
		{"a Saturday on duty", dated, "2026-11-28T10:00:00Z", false, "2026-11-28T14:00:00Z", 9 * time.Hour, "2026-11-30T10:00:00Z"},
		{"a holiday is one", dated, "2026-12-25T10:00:00Z", false, "2026-12-28T09:00:00Z", time.Hour, "2026-12-28T10:00:00Z"},
		{"hours on a date only", always, "2026-11-24T10:00:00Z", false, "2026-11-24T14:00:00Z", 2 * time.Hour, "2026-11-25T01:00:00Z"},
		{"quiet at night", quiet, "2026-11-23T22:00:00Z", false, "2026-11-24T08:00:00Z", time.Hour, "2026-11-24T09:00:00Z"},
		{"quiet after midnight", quiet, "2026-11-24T02:00:00Z", false, "2026-11-24T08:00:00Z", time.Hour, "2026-11-24T09:00:00Z"},
		{"summer time began at night", office, "2027-03-26T17:30:00Z", false, "2027-03-29T08:00:00Z", time.Hour, "2027-03-29T09:00:00Z"},
		{"summer time ended at night", office, "2026-10-23T16:30:00Z", false, "2026-10-26T09:00:00Z", time.Hour, "2026-10-26T10:00:00Z"},
	} {
		at := instant(t, c.at)
		if got := c.r.On(at); got != c.on {
			t.Errorf("%s: on duty %v", c.name, got)
		}
		if got, ok := c.r.Next(at); !ok || !got.Equal(instant(t, c.next)) {
			t.Errorf("%s: next %v, want %s", c.name, got.UTC(), c.next)
		}
		if got := c.r.Add(at, c.plus); !got.Equal(instant(t, c.add)) {
			t.Errorf("%s: plus %v is %v, want %s", c.name, c.plus, got.UTC(), c.add)
		}
	}
}

// A shift over the night on which the clocks change has the hours that really
// pass, and its edges are what the wall clock says.
func TestNightsOfTheClock(t *testing.T) {
	london := zone(t, "Europe/London")
	night := Roster{Location: london, Shifts: []Shift{{time.Sunday, "00:00", "06:00"}}}
	for from, hours := range map[string]time.Duration{"2027-03-28T00:00:00Z": 5 * time.Hour, "2026-10-24T23:00:00Z": 7 * time.Hour,
		"2026-11-22T00:00:00Z": 6 * time.Hour} {
		at := instant(t, from)
		if !night.On(at) || night.On(at.Add(-time.Second)) || !night.On(at.Add(hours-time.Second)) || night.On(at.Add(hours)) {
			t.Errorf("the night of %s does not last %v", from, hours)
		}
	}
	gap := Roster{Location: london, Shifts: []Shift{{time.Sunday, "01:30", "06:00"}}}
	if got, _ := gap.Next(instant(t, "2027-03-28T00:00:00Z")); !got.Equal(instant(t, "2027-03-28T01:00:00Z")) {
		t.Errorf("a shift that begins in the gap begins at %v", got.UTC())
	}
	fold := Roster{Location: london, Shifts: []Shift{{time.Sunday, "01:30", "06:00"}}}
	if got, _ := fold.Next(instant(t, "2026-10-25T00:00:00Z")); !got.Equal(instant(t, "2026-10-25T00:30:00Z")) {
		t.Errorf("a shift that begins in the fold begins at %v", got.UTC())
	}
	if _, ok := (&Roster{Shifts: []Shift{{time.Monday, "09:00", "09:00"}}}).Next(instant(t, "2026-11-22T00:00:00Z")); ok {
		t.Error("a roster without duty has a next one")
	}
}

func TestRosterProperties(t *testing.T) {
	zones := []string{"Europe/London", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		r := Roster{Location: zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))}
		clockGen := rapid.SampledFrom([]string{"00:00", "01:30", "02:00", "06:15", "09:00", "13:00", "17:45", "22:00", "24:00"})
		for range rapid.IntRange(0, 8).Draw(t, "shifts") {
			a, b := clockGen.Draw(t, "from"), clockGen.Draw(t, "to")
			if a < b {
				r.Shifts = append(r.Shifts, Shift{time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), a, b})
			}
		}
		if rapid.Bool().Draw(t, "quiet") {
			r.QuietFrom, r.QuietTo = "21:00", "07:00"
		}
		at := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "at")) * time.Minute)
		next, ok := r.Next(at)
		if !ok {
			return
		}
		if next.Before(at) || !r.On(next) {
			t.Fatalf("next duty from %v is %v", at, next)
		}
		if r.On(at) != next.Equal(at) {
			t.Fatalf("on duty %v at %v, but next is %v", r.On(at), at, next)
		}
		d := time.Duration(rapid.IntRange(1, 3000).Draw(t, "minutes")) * time.Minute
		whole := r.Add(at, d)
		if half := r.Add(r.Add(at, d/2), d-d/2); !half.Equal(whole) {
			t.Fatalf("%v of duty from %v ends at %v, in two steps at %v", d, at, whole, half)
		}
		if whole.Sub(at) < d {
			t.Fatalf("%v of duty passed in %v", d, whole.Sub(at))
		}
	})
}
