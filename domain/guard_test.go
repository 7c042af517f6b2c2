package domain

import (
	"testing"
	"time"
)

// TestDayOpens: a crew sets out from the morning of the visit's day on, or 4 h before it where that is earlier.
func TestDayOpens(t *testing.T) {
	for _, tc := range []struct{ zone, window, opens string }{
		{"Asia/Kolkata", "2027-03-04T11:00:00+05:30", "2027-03-04T06:00:00+05:30"},
		{"Asia/Kolkata", "2027-03-04T09:00:00+05:30", "2027-03-04T05:00:00+05:30"},
		{"Asia/Kolkata", "2027-03-04T00:30:00+05:30", "2027-03-03T20:30:00+05:30"},
		{"Asia/Kolkata", "2027-03-04T23:30:00+05:30", "2027-03-04T06:00:00+05:30"},
		{"America/New_York", "2027-03-04T22:00:00-05:00", "2027-03-04T06:00:00-05:00"},
		{"Europe/London", "2027-03-28T03:00:00+01:00", "2027-03-27T22:00:00Z"}, // the clocks are put forward between
		{"Europe/London", "2027-03-28T11:00:00+01:00", "2027-03-28T05:00:00Z"},
	} {
		at, _ := time.Parse(time.RFC3339, tc.window)
		want, _ := time.Parse(time.RFC3339, tc.opens)
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		v := &Visit{WindowStart: at.UTC(), WindowEnd: at.Add(2 * time.Hour)}
		if got := v.DayOpens(zone); !got.Equal(want) {
			t.Errorf("%s in %s opens at %s, not %s", tc.window, tc.zone, got, want)
		}
	}
}

func TestSays(t *testing.T) {
	for text, says := range map[string]bool{"": false, ".": false, "a": false, "aa": false, "A a": false, "x.": false, "7": false, "77": false,
		"e\u0301": false, "क": false, "好": false, "Ａa": false, "ＡＡ": false, "ＡＢ": true, "ａA．": false,
		"ok": true, "4 °C": true, "-18": true, "हाँ": true, "नहीं": true, "好的": true, "+919810000001": true, "x1": true} {
		if Says(text) != says {
			t.Errorf("%q says something: %v", text, !says)
		}
	}
}
