package sun

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The times of almanacs, to the minute.
func TestDayAgreesWithAlmanacs(t *testing.T) {
	for _, c := range []struct {
		place    string
		lat, lon float64
		zone     string
		day      string
		rise     string
		set      string
	}{
		{"London, longest day", 51.5074, -0.1278, "Europe/London", "2026-06-21", "04:43", "21:22"},
		{"London, shortest day", 51.5074, -0.1278, "Europe/London", "2026-12-21", "08:04", "15:53"},
		{"Delhi, new year", 28.6139, 77.2090, "Asia/Kolkata", "2027-01-01", "07:14", "17:36"},
		{"Quito", -0.1807, -78.4678, "America/Guayaquil", "2027-03-20", "06:17", "18:24"},
		{"Sydney, summer", -33.8688, 151.2093, "Australia/Sydney", "2026-12-22", "05:41", "20:05"},
		{"Auckland, near the date line", -36.8485, 174.7633, "Pacific/Auckland", "2026-06-21", "07:33", "17:11"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", c.day+" 00:30", loc)
		if err != nil {
			t.Fatal(err)
		}
		rise, set, light := Day(c.lat, c.lon, at)
		if light != Rises {
			t.Errorf("%s: %v", c.place, light)
		}
		for got, want := range map[time.Time]string{rise: c.rise, set: c.set} {
			w, err := time.ParseInLocation("2006-01-02 15:04", c.day+" "+want, loc)
			if err != nil {
				t.Fatal(err)
			}
			if off := got.Sub(w).Abs(); off > 3*time.Minute {
				t.Errorf("%s: %s, want %s", c.place, got.Format("2006-01-02 15:04:05"), want)
			}
		}
	}
}

func TestPolarDays(t *testing.T) {
	for day, want := range map[string]Light{"2026-12-21": Never, "2026-06-21": Always, "2026-03-20": Rises} {
		at, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, got := Day(69.6492, 18.9553, at); got != want {
			t.Errorf("Tromsø on %s: %v, want %v", day, got, want)
		}
	}
}

// Whatever the place below the polar circles, the sun rises before noon and
// sets after it, and an hour of one day belongs to the same sunrise.
func TestDayIsTheLocalDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat, lon := rapid.Float64Range(-60, 60).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")
		zone := time.FixedZone("local", int(lon/15*3600))
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, zone).AddDate(0, 0, rapid.IntRange(0, 800).Draw(t, "day"))
		rise, set, light := Day(lat, lon, at)
		again, _, _ := Day(lat, lon, at.Add(23*time.Hour))
		if light != Rises || !again.Equal(rise) || rise.Day() != at.Day() || rise.Hour() >= 12 || set.Hour() < 12 && set.Day() == at.Day() {
			t.Fatalf("%v %v: %v to %v", lat, lon, rise, set)
		}
		if long := set.Sub(rise); long < 5*time.Hour || long > 20*time.Hour {
			t.Fatalf("a day of %v", long)
		}
	})
}
