package domain

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWaitCounts: what nobody confirmed counts for the bound, once in two weeks however often it is said; what the household
// confirmed counts until the day that it named.
func TestWaitCounts(t *testing.T) {
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	to := func(n int) *time.Time { return Ptr(day(n)) }
	wait := func(n int, confirmed bool, due *time.Time, why string) Hold {
		return Hold{Kind: HoldCustomerRequest, Since: day(n), Confirmed: confirmed, DueAt: due, LiftReason: why}
	}
	for name, c := range map[string]struct {
		before []Hold
		h      Hold
		want   time.Time
	}{
		"nobody confirmed it":         {nil, wait(0, false, nil, ""), day(3)},
		"for a day":                   {nil, wait(0, false, to(1), ""), day(1)},
		"for a month":                 {nil, wait(0, false, to(29), ""), day(3)},
		"the household did":           {nil, wait(0, true, to(29), ""), day(29)},
		"it names no day":             {nil, wait(0, true, nil, ""), day(90)},
		"said again":                  {[]Hold{wait(0, false, nil, "")}, wait(5, false, nil, ""), day(3)},
		"said again and again":        {[]Hold{wait(0, false, nil, ""), wait(2, false, nil, "")}, wait(5, false, nil, ""), day(3)},
		"weeks later":                 {[]Hold{wait(0, false, nil, "")}, wait(20, false, nil, ""), day(23)},
		"after one that it confirmed": {[]Hold{wait(0, false, nil, ""), wait(2, true, nil, "")}, wait(5, false, nil, ""), day(8)},
		"after it denied one":         {[]Hold{wait(0, false, nil, NotAskedFor)}, wait(5, false, nil, ""), day(8)},
		"parts are no wait":           {[]Hold{{Kind: HoldParts, Since: day(0)}}, wait(5, false, nil, ""), day(8)},
	} {
		if got := c.h.Counts(c.before, WaitUnconfirmed); !got.Equal(c.want) {
			t.Errorf("%s: until %v, want %v", name, got, c.want)
		}
	}
	if before := (&Hold{Kind: HoldCustomerRequest, Since: day(0), DueAt: to(1)}); before.Counted() != nil {
		t.Error("one from before there was a bound ends before it is lifted")
	}
	// However staff place and lift them, within two weeks they count no longer together than one.
	rapid.Check(t, func(t *rapid.T) {
		var holds []Hold
		at, total := 0, time.Duration(0)
		for range rapid.IntRange(1, 8).Draw(t, "holds") {
			at += rapid.IntRange(0, 40).Draw(t, "hours")
			h := Hold{Kind: HoldCustomerRequest, Since: start.Add(time.Duration(at) * time.Hour)}
			h.CountsTo = Ptr(h.Counts(holds, WaitUnconfirmed))
			at += rapid.IntRange(0, 40).Draw(t, "held")
			h.LiftedAt = Ptr(start.Add(time.Duration(at) * time.Hour))
			holds = append(holds, h)
			if end := *h.Counted(); at <= 14*24 && end.After(h.Since) {
				total += end.Sub(h.Since)
			}
		}
		if total > WaitUnconfirmed {
			t.Fatalf("%v count together: %+v", total, holds)
		}
	})
}
