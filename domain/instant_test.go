package domain

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestParseInstant(t *testing.T) {
	for _, tc := range []struct {
		in, zone string
		want     string // RFC 3339 in UTC, or a code
	}{
		{"2026-11-23T10:00:00Z", "Asia/Kolkata", "2026-11-23T10:00:00Z"},
		{"2026-11-23t10:00:00z", "Asia/Kolkata", "2026-11-23T10:00:00Z"},
		{"2026-11-23T10:00:00+05:30", "UTC", "2026-11-23T04:30:00Z"},
		{"2026-11-23T10:00:00-00:00", "Asia/Kolkata", "2026-11-23T10:00:00Z"},
		{"2026-11-23T10:00:00.123456789+05:30", "UTC", "2026-11-23T04:30:00.123456Z"},
		{"2026-11-23T10:00:00.5Z", "UTC", "2026-11-23T10:00:00.5Z"},
		{"2026-11-23T10:00:00.1234567890123456789012345Z", "UTC", "2026-11-23T10:00:00.123456Z"},
		{"2026-11-23T10:00", "Asia/Kolkata", "2026-11-23T04:30:00Z"},
		{"2026-11-23T10:00:30", "Asia/Kolkata", "2026-11-23T04:30:30Z"},
		{"2026-11-23T10:00:30.25", "Asia/Kolkata", "2026-11-23T04:30:30.25Z"},
		// London puts its clocks forward at 01:00 and back at 02:00.
		{"2027-03-28T00:59:59", "Europe/London", "2027-03-28T00:59:59Z"},
		{"2027-03-28T01:00", "Europe/London", "time_does_not_exist"},
		{"2027-03-28T01:30", "Europe/London", "time_does_not_exist"},
		{"2027-03-28T02:00", "Europe/London", "2027-03-28T01:00:00Z"},
		{"2026-10-25T00:59", "Europe/London", "2026-10-24T23:59:00Z"},
		{"2026-10-25T01:00", "Europe/London", "time_is_ambiguous +01:00 +00:00"},
		{"2026-10-25T01:30", "Europe/London", "time_is_ambiguous +01:00 +00:00"},
		{"2026-10-25T02:00", "Europe/London", "2026-10-25T02:00:00Z"},
		{"2026-10-25T01:30:00+01:00", "Europe/London", "2026-10-25T00:30:00Z"},
		{"2026-10-25T01:30:00+00:00", "Europe/London", "2026-10-25T01:30:00Z"},
		// Lord Howe moves by half an hour.
		{"2026-10-04T02:15", "Australia/Lord_Howe", "time_does_not_exist"},
		{"2026-10-04T02:30", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
		{"2026-04-05T01:45", "Australia/Lord_Howe", "time_is_ambiguous +11:00 +10:30"},
		{"2026-04-05T01:15", "Australia/Lord_Howe", "2026-04-04T14:15:00Z"},
		// Apia left out 30 December 2011; Kwajalein 21 August 1993.
		{"2011-12-30T12:00", "Pacific/Apia", "time_does_not_exist"},
		{"2011-12-29T23:59", "Pacific/Apia", "2011-12-30T09:59:00Z"},
		{"2011-12-31T00:00", "Pacific/Apia", "2011-12-30T10:00:00Z"},
		{"1993-08-21T12:00", "Pacific/Kwajalein", "time_does_not_exist"},
		// Fifty years on, by the zone's rule.
		{"2077-07-01T12:00", "Europe/London", "2077-07-01T11:00:00Z"},
		// A leap second is the second that follows it.
		{"2016-12-31T23:59:60Z", "UTC", "2017-01-01T00:00:00Z"},
		{"1970-01-01T00:00:00Z", "UTC", "1970-01-01T00:00:00Z"},
		{"1970-01-01T00:00:00+05:30", "UTC", "unprocessable"},
		{"1969-12-31T23:59:59Z", "UTC", "unprocessable"},
		{"2200-12-31T23:59:59Z", "UTC", "2200-12-31T23:59:59Z"},
		{"2200-12-31T23:59:59-01:00", "UTC", "unprocessable"},
		{"2201-01-01T00:00:00Z", "UTC", "unprocessable"},
		{"0000-01-01T00:00:00Z", "UTC", "unprocessable"},
		{"9999-12-31T23:59:59Z", "UTC", "unprocessable"},
		{"2026-11-23T24:00:00Z", "UTC", "malformed"},
		{"2026-11-23T10:60:00Z", "UTC", "malformed"},
		{"2026-11-23T10:00:61Z", "UTC", "malformed"},
		{"2026-02-29T10:00:00Z", "UTC", "malformed"},
		{"2028-02-29T10:00:00Z", "UTC", "2028-02-29T10:00:00Z"},
		{"2026-13-01T10:00:00Z", "UTC", "malformed"},
		{"2026-00-01T10:00:00Z", "UTC", "malformed"},
		{"2026-01-00T10:00:00Z", "UTC", "malformed"},
		{"2026-11-23 10:00:00Z", "UTC", "malformed"},
		{"2026-11-23T10:00Z", "UTC", "malformed"},
		{"2026-11-23T10:00:00.Z", "UTC", "malformed"},
		{"2026-11-23T10:00:00,5Z", "UTC", "malformed"},
		{"2026-11-23T10:00:00+0530", "UTC", "malformed"},
		{"2026-11-23T10:00:00+24:00", "UTC", "malformed"},
		{"2026-11-23T10:00:00+05:60", "UTC", "malformed"},
		{"2026-11-23T10:00:00 05:30", "UTC", "malformed"},
		{"2026-11-23T10:00:00Zx", "UTC", "malformed"},
		{"2026-11-23T1٠:00:00Z", "UTC", "malformed"},
		{"+2026-11-23T10:00", "UTC", "malformed"},
		{"2026-11-23", "UTC", "malformed"},
		{"20261123T100000Z", "UTC", "malformed"},
		{"", "UTC", "malformed"},
		{"now", "UTC", "malformed"},
		{"1763892000", "UTC", "malformed"},
	} {
		loc, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := ParseInstant(tc.in, loc, "/at")
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/at" {
				t.Errorf("%s: error %v without a pointer", tc.in, err)
				continue
			}
			got = string(e.Code)
			if offsets, ok := e.Extra["offsets"].([]string); ok {
				for _, o := range offsets {
					got += " " + o
				}
			}
		}
		if got != tc.want {
			t.Errorf("%s in %s: %s, want %s", tc.in, tc.zone, got, tc.want)
		}
	}
}

func TestTheSentencesOfGapAndFold(t *testing.T) {
	london, _ := time.LoadLocation("Europe/London")
	_, gap := ParseInstant("2027-03-28T01:30", london, "/at")
	_, fold := ParseInstant("2026-10-25T01:30", london, "/at")
	if got, want := gap.Error(), "2027-03-28T01:30 does not exist in Europe/London."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := fold.Error(), "2026-10-25T01:30 is +01:00 or +00:00 in Europe/London."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Every hour of two years in zones of all habits: whatever the clock shows
// reads back as itself, or is a fold that lists it.
func TestEveryWallTimeReadsBack(t *testing.T) {
	for _, zone := range []string{"Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
		"Pacific/Chatham"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2026, 1, 1, 0, 15, 0, 0, time.UTC)
		for i := range 2 * 366 * 24 {
			at := start.Add(time.Duration(i) * time.Hour)
			got, err := ParseInstant(at.In(loc).Format("2006-01-02T15:04"), loc, "")
			if err == nil && got.Equal(at) {
				continue
			}
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeTimeFold || !slices.Contains(e.Extra["offsets"].([]string), at.In(loc).Format("-07:00")) {
				t.Fatalf("%s %s: %s, %v", zone, at, got, err)
			}
		}
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2026-11-23T10:00:00Z", "2026-10-25T01:30", "2027-03-28T01:30", "2016-12-31T23:59:60.9+14:00"} {
		f.Add(s)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseInstant(s, london, "/at")
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || (e.Kind != KindMalformed && e.Kind != KindUnprocessable) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if at.Location() != time.UTC || at.Nanosecond()%1000 != 0 {
			t.Fatalf("%q: %s", s, at)
		}
		if want, err := time.Parse(time.RFC3339, s); err == nil && !want.Truncate(time.Microsecond).Equal(at) {
			t.Fatalf("%q: %s, the library says %s", s, at, want)
		}
	})
}
