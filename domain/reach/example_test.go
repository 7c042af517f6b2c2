package reach_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"doorstep/domain/reach"
)

// Two calls and a message over two days are not enough: the rule asks for three tries that count, and one that is proven. The call that
// rang for 12 seconds is none, and the verdict says so.
func ExampleJudge() {
	at := func(day, hour int) time.Time { return time.Date(2026, time.November, day, hour, 0, 0, 0, time.UTC) }
	try := func(n byte, channel, outcome string, ring int, at time.Time) reach.Attempt {
		a := reach.Attempt{ID: uuid.UUID{n}, Direction: reach.Outbound, Channel: channel, Outcome: outcome, OccurredAt: at}
		if channel == reach.Phone {
			a.RingSeconds = &ring
		}
		return a
	}
	v := reach.Judge(reach.Case{
		Attempts: []reach.Attempt{
			try(1, reach.Phone, reach.NoAnswer, 25, at(2, 10)),
			try(2, reach.Phone, reach.NoAnswer, 12, at(2, 15)),
			try(3, reach.WhatsApp, reach.Delivered, 0, at(3, 18)),
		},
		JobCreatedAt: at(2, 9),
		Policy:       reach.Default(),
		Calendar:     reach.Calendar{WorkingDays: [7]bool{false, true, true, true, true, true, true}},
		Now:          at(3, 19),
	})
	fmt.Println(v.Verdict, len(v.Counts))
	for _, x := range v.DoesNotCount {
		fmt.Println("does not count:", x.Why)
	}
	for _, m := range v.Missing {
		fmt.Println("missing:", m)
	}
	// Output:
	// trying 2
	// does not count: rang 12 s, the rule asks for 20 s
	// missing: 2 of 3 counting attempts
	// missing: one attempt must be proven, recorded or by a second person
}

// A centre may be stricter than the brand, and in nothing laxer.
func ExamplePolicy_AtLeast() {
	brand, centre := reach.Default(), reach.Default()
	centre.MinAttempts++
	fmt.Println(centre.AtLeast(brand))
	centre.MinRingSeconds = 5
	fmt.Println(centre.AtLeast(brand))
	// Output:
	// []
	// [min_ring_seconds 5 is laxer than the brand's 20: it must be the same or more]
}
