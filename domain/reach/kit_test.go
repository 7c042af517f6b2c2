package reach

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"
)

func zone(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return l
}

var (
	kolkata = zone("Asia/Kolkata")
	london  = zone("Europe/London")
)

func id(i int) (u uuid.UUID) {
	binary.BigEndian.PutUint64(u[8:], uint64(i)+1)
	return u
}

func person(i int) (u uuid.UUID) {
	u = id(i)
	u[0] = 0xaa
	return u
}

// newCase has no attempts and no numbers; the centre works every day but Sunday. The job is of Monday 2 November 2026,
// 08:00 local, and now is four weeks later.
func newCase(loc *time.Location) Case {
	created := time.Date(2026, 11, 2, 8, 0, 0, 0, loc)
	return Case{
		JobCreatedAt: created, Policy: Default(), Now: created.AddDate(0, 0, 28),
		Calendar: Calendar{Location: loc, WorkingDays: [7]bool{false, true, true, true, true, true, true}},
	}
}

func try(i int, at time.Time, channel, outcome string) Attempt {
	return Attempt{
		ID: id(i), Direction: Outbound, Channel: channel, Outcome: outcome, By: person(0),
		OccurredAt: at, RecordedAt: at, Grade: Declared,
	}
}

func call(i int, at time.Time, ring int) Attempt {
	a := try(i, at, Phone, NoAnswer)
	a.RingSeconds = &ring
	return a
}

// nov is a local time of November 2026, by day of the month.
func nov(loc *time.Location, day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, loc)
}

func why(t *testing.T, v Verdict, i int) string {
	t.Helper()
	for _, e := range v.DoesNotCount {
		if e.ID == id(i) {
			return e.Why
		}
	}
	for _, c := range v.Counts {
		if c == id(i) {
			return ""
		}
	}
	t.Fatalf("attempt %d is neither counted nor excluded", i)
	return ""
}
