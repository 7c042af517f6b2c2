package jobclock

import (
	"slices"
	"time"
)

// Whose time it is. What nobody else accounts for is the centre's.
const (
	Centre   = "centre"
	Customer = "customer"
	Parts    = "parts"
	Brand    = "brand"
)

// order decides where pauses overlap: safety and decisions of the brand first,
// so that flags never improve or worsen a centre's figures; then parts, for
// without them nobody could have come.
var order = map[string]int{Brand: 3, Parts: 2, Customer: 1, Centre: 0}

// Pause is a stretch of time that is not the centre's. To nil: it still runs.
type Pause struct {
	Whose string
	From  time.Time
	To    *time.Time
	Why   string
	Proof string // id of the fact's object: an attempt, a hold, a visit
}

// Segment is a stretch of the job's age. Why and Proof are empty for the
// centre's own time.
type Segment struct {
	Whose string    `json:"whose"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Why   string    `json:"why"`
	Proof string    `json:"proof"`
}

// Split covers [opened, until) with segments in order; neighbours of the same
// cause are one. Their lengths add up to the job's age exactly.
func Split(opened, until time.Time, pauses []Pause) []Segment {
	out := []Segment{}
	if !opened.Before(until) {
		return out
	}
	edges := []time.Time{opened, until}
	for _, p := range pauses {
		for _, at := range []*time.Time{&p.From, p.To} {
			if at != nil && at.After(opened) && at.Before(until) {
				edges = append(edges, *at)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	for i := 0; i+1 < len(edges); i++ {
		s := Segment{Whose: Centre, From: edges[i], To: edges[i+1]}
		for _, p := range pauses {
			if p.From.After(s.From) || p.To != nil && !p.To.After(s.From) {
				continue
			}
			if order[p.Whose] > order[s.Whose] {
				s.Whose, s.Why, s.Proof = p.Whose, p.Why, p.Proof
			}
		}
		if n := len(out); n > 0 && out[n-1].Whose == s.Whose && out[n-1].Proof == s.Proof && out[n-1].Why == s.Why {
			out[n-1].To = s.To
			continue
		}
		out = append(out, s)
	}
	return out
}

// Sum adds up the segments by whose time it was, in seconds.
func Sum(segments []Segment) map[string]int64 {
	total := map[string]time.Duration{Centre: 0, Customer: 0, Parts: 0, Brand: 0}
	for _, s := range segments {
		total[s.Whose] += s.To.Sub(s.From)
	}
	out := map[string]int64{}
	for whose, d := range total {
		out[whose] = int64(d / time.Second)
	}
	return out
}
