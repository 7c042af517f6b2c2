package dayplan

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawn is a day out of chance: windows wide and narrow, breaks, people who
// must not go, fixed stops of what is agreed already.
func drawn(t *rapid.T, stops int) *Problem {
	f := func(name string, lo, hi int) float64 { return float64(rapid.IntRange(lo, hi).Draw(t, name)) }
	p := &Problem{Fair: f("fair", 0, 2) * 10}
	cars := rapid.IntRange(1, 4).Draw(t, "vehicles")
	n := cars + stops
	type xy struct{ x, y float64 }
	at := make([]xy, n)
	for i := range at {
		at[i] = xy{f("x", 0, 60), f("y", 0, 60)}
	}
	p.Travel = make([][]float64, n)
	for i := range at {
		p.Travel[i] = make([]float64, n)
		for j := range at {
			p.Travel[i][j] = math.Hypot(at[i].x-at[j].x, at[i].y-at[j].y)
		}
	}
	for v := range cars {
		from := f("shift", 0, 120)
		car := Vehicle{Start: v, End: v, From: from, To: from + f("hours", 120, 540)}
		if rapid.Bool().Draw(t, "has a break") {
			b := from + f("break", 60, 240)
			car.Breaks = append(car.Breaks, [2]float64{b, b + f("long", 15, 60)})
		}
		if rapid.Bool().Draw(t, "has a capacity") {
			car.Capacity = f("capacity", 1, 5)
		}
		p.Vehicles = append(p.Vehicles, car)
	}
	busy := map[int]float64{}
	for i := range stops {
		from := f("window", 0, 480)
		s := Stop{Place: cars + i, From: from, To: from + f("wide", 0, 240), Minutes: f("minutes", 10, 90), Demand: 1}
		switch rapid.IntRange(0, 4).Draw(t, "who") {
		case 0:
			s.Costs = make([]float64, cars)
			for v := range s.Costs {
				if s.Costs[v] = f("cost", 0, 40); rapid.IntRange(0, 2).Draw(t, "not") == 0 {
					s.Costs[v] = math.Inf(1)
				}
			}
		case 1: // agreed: one after the other in somebody's shift, with an hour between
			v := rapid.IntRange(0, cars-1).Draw(t, "whose")
			at := math.Max(busy[v], p.Vehicles[v].From+60)
			if at+s.Minutes+60 < p.Vehicles[v].To {
				s.Fixed, s.From, s.To, s.Demand = &v, at, at, 0
				busy[v] = at + s.Minutes + 90
			}
		}
		p.Stops = append(p.Stops, s)
	}
	return p
}

func TestNoPlanBreaksAHardRule(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawn(rt, rapid.IntRange(0, 25).Draw(rt, "stops"))
		o := Options{Seed: rapid.Uint64().Draw(rt, "seed"), FewVehicles: rapid.Bool().Draw(rt, "few"), Progress: Rounds(300)}
		plan := Solve(p, o)
		if err := Check(p, plan); err != nil {
			rt.Fatalf("%v\n%+v", err, plan)
		}
		if again := Solve(p, o); !reflect.DeepEqual(plan, again) {
			rt.Fatal("the same seed gives another plan")
		}
	})
}

// best tries every order of few stops on one or two vehicles.
func best(p *Problem) (placed int, travel float64) {
	travel = math.Inf(1)
	var try func(left []int, routes [][]int, absent int)
	judge := func(routes [][]int) (float64, bool) {
		sum := 0.0
		for v, r := range routes {
			car := p.Vehicles[v]
			place, now, load := car.Start, car.From, 0.0
			for _, i := range r {
				s := &p.Stops[i]
				sum += p.Travel[place][s.Place] + p.cost(i, v)
				begin, ok := p.begin(&car, s, now+p.Travel[place][s.Place])
				if !ok || math.IsInf(p.cost(i, v), 1) {
					return 0, false
				}
				place, now, load = s.Place, begin+s.Minutes, load+s.Demand
			}
			if len(r) > 0 {
				sum += p.Travel[place][car.End]
				now += p.Travel[place][car.End]
			}
			if now > car.To+1e-7 || car.Capacity > 0 && load > car.Capacity {
				return 0, false
			}
		}
		return sum, true
	}
	try = func(left []int, routes [][]int, absent int) {
		if sum, ok := judge(routes); !ok {
			return
		} else if len(left) == 0 {
			if n := len(p.Stops) - absent; n > placed || n == placed && sum < travel {
				placed, travel = n, sum
			}
			return
		}
		for k, i := range left {
			rest := append(append([]int{}, left[:k]...), left[k+1:]...)
			for v := range routes {
				next := append([][]int{}, routes...)
				next[v] = append(append([]int{}, routes[v]...), i)
				try(rest, next, absent)
			}
			if k == 0 {
				try(rest, routes, absent+1)
			}
		}
	}
	all := make([]int, len(p.Stops))
	for i := range all {
		all[i] = i
	}
	try(all, make([][]int, len(p.Vehicles)), 0)
	return placed, travel
}

// TestSmallDaysAreSolvedToTheEnd holds plans of few stops against the best of
// all there are.
func TestSmallDaysAreSolvedToTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawn(rt, rapid.IntRange(1, 4).Draw(rt, "few stops"))
		p.Fair = 0
		p.Vehicles = p.Vehicles[:min(2, len(p.Vehicles))]
		for i := range p.Stops {
			p.Stops[i].Fixed = nil
			if c := p.Stops[i].Costs; c != nil {
				p.Stops[i].Costs = c[:len(p.Vehicles)]
			}
		}
		plan := Solve(p, Options{Seed: 7, Progress: Rounds(2000)})
		got := plan.Travel
		for v, r := range plan.Routes {
			for _, x := range r {
				got += p.cost(x.Stop, v)
			}
		}
		placed, travel := best(p)
		if n := len(p.Stops) - len(plan.Unplaced); n != placed || placed > 0 && got > travel+1e-6 {
			rt.Fatalf("%d placed for %v, the best is %d for %v", n, got, placed, travel)
		}
	})
}

// The heavier visit stays in when only one fits.
func TestWeightsSayWhatStaysOut(t *testing.T) {
	p := &Problem{Travel: [][]float64{{0, 10, 10}, {10, 0, 10}, {10, 10, 0}}, Vehicles: []Vehicle{{To: 100}},
		Stops: []Stop{{Place: 1, To: 20, Minutes: 60}, {Place: 2, To: 20, Minutes: 60, Weight: 3}}}
	plan := Solve(p, Options{Progress: Rounds(50)})
	if len(plan.Unplaced) != 1 || plan.Unplaced[0] != 0 {
		t.Errorf("left out: %v", plan.Unplaced)
	}
}
