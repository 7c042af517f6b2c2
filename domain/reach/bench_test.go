package reach

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// benchCases are 200 attempts each: what a year brings, what nothing counts of, and inputs made to keep the search for
// a set from ending early.
func benchCases() map[string]Case {
	base := func() Case {
		c := newCase(kolkata)
		c.Now = c.Now.AddDate(1, 0, 0)
		return c
	}
	numbers := func(c *Case, n int) {
		c.Numbers = nil
		for i := range n {
			c.Numbers = append(c.Numbers, Number{person(i), fmt.Sprintf("+9198765432%02d", i)})
		}
	}
	out := map[string]Case{}

	never := base() // everything counts, one number is never tried
	numbers(&never, 5)
	for i := range 200 {
		a := try(i, never.JobCreatedAt.Add(time.Duration(i)*7*time.Hour), SMS, Delivered)
		a.Address = never.Numbers[i%4].Address
		never.Attempts = append(never.Attempts, a)
	}
	out["one number never tried"] = never

	nothing := base() // every attempt breaks several rules
	numbers(&nothing, 4)
	for i := range 200 {
		a := call(i, nothing.JobCreatedAt.Add(time.Duration(i)*time.Hour/2), 3)
		a.Address = nothing.Numbers[i%4].Address
		nothing.Attempts = append(nothing.Attempts, a)
	}
	out["nothing counts"] = nothing

	// Bursts inside one gap: four numbers, each tried only in the one burst, so that no set has them all.
	burst := base()
	numbers(&burst, 4)
	start := burst.JobCreatedAt.Add(48 * time.Hour)
	for i := range 200 {
		a := try(i, start.Add(time.Duration(i)*30*time.Second), []string{SMS, WhatsApp}[i%2], Delivered)
		a.Address = burst.Numbers[i/2%4].Address
		a.By = person(i % 7)
		if i >= 100 {
			a.OccurredAt = a.OccurredAt.Add(48 * time.Hour)
			a.Channel, a.Address = []string{Push, Email}[i%2], ""
		}
		burst.Attempts = append(burst.Attempts, a)
	}
	out["bursts"] = burst

	// A random crowd over ten days on six numbers, one of which rings only close to a second one.
	crowd := base()
	numbers(&crowd, 6)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 198 {
		at := crowd.JobCreatedAt.AddDate(0, 0, rnd.IntN(10)).Add(time.Duration(rnd.IntN(660)) * time.Minute)
		a := try(i, at, []string{SMS, WhatsApp, Push, Email}[rnd.IntN(4)], Delivered)
		if a.Channel == SMS || a.Channel == WhatsApp {
			a.Address = crowd.Numbers[rnd.IntN(4)].Address
		}
		a.By = person(rnd.IntN(5))
		crowd.Attempts = append(crowd.Attempts, a)
	}
	for i := range 2 {
		a := try(198+i, crowd.JobCreatedAt.AddDate(0, 0, 5).Add(time.Duration(i)*time.Hour), SMS, Delivered)
		a.Address = crowd.Numbers[4+i].Address
		crowd.Attempts = append(crowd.Attempts, a)
	}
	out["crowd with a conflict"] = crowd

	year := base() // calls and messages in the ordinary mix, enough soon
	numbers(&year, 2)
	for i := range 200 {
		at := year.JobCreatedAt.Add(time.Duration(i) * 11 * time.Hour)
		a := call(i, at, 10+i%30)
		if i%3 == 0 {
			a = try(i, at, WhatsApp, []string{Sent, Delivered}[i%2])
		}
		a.Address = year.Numbers[i%2].Address
		year.Attempts = append(year.Attempts, a)
	}
	out["ordinary mix"] = year
	return out
}

func BenchmarkJudge200(b *testing.B) {
	cases := benchCases()
	names := make([]string, 0, len(cases))
	for name := range cases {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := cases[name]
		if len(c.Attempts) != 200 {
			b.Fatalf("%s has %d attempts", name, len(c.Attempts))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Judge(c)
			}
		})
		b.Run(name+", shuffled", func(b *testing.B) {
			c.Attempts = slices.Clone(c.Attempts)
			rand.New(rand.NewPCG(3, 4)).Shuffle(200, func(i, k int) { c.Attempts[i], c.Attempts[k] = c.Attempts[k], c.Attempts[i] })
			b.ReportAllocs()
			for b.Loop() {
				Judge(c)
			}
		})
	}
}
