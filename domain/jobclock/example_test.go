package jobclock_test

import (
	"fmt"
	"time"

	"doorstep/domain/jobclock"
)

// The household could not be reached while parts were missing too: where pauses meet, that time is the parts'.
func ExampleSplit() {
	at := func(day int) time.Time { return time.Date(2026, time.November, day, 9, 0, 0, 0, time.UTC) }
	back := at(6)
	segments := jobclock.Split(at(2), at(10), []jobclock.Pause{
		{Whose: jobclock.Customer, From: at(3), To: &back, Why: "could not be reached", Proof: "attempt 1"},
		{Whose: jobclock.Parts, From: at(5), Why: "waiting for parts", Proof: "hold 1"},
	})
	for _, s := range segments {
		fmt.Printf("%s to %s: %s %q\n", s.From.Format("2 Jan"), s.To.Format("2 Jan"), s.Whose, s.Proof)
	}
	fmt.Println(jobclock.Sum(segments)[jobclock.Centre]/3600, "hours are the centre's")
	// Output:
	// 2 Nov to 3 Nov: centre ""
	// 3 Nov to 5 Nov: customer "attempt 1"
	// 5 Nov to 10 Nov: parts "hold 1"
	// 24 hours are the centre's
}
