package dayplan

import (
	"slices"
)

// state is a plan under way. Routes and what is known of them are never
// changed in place once they are shared, so that a copy is cheap.
type state struct {
	p      *Problem
	routes [][]int
	times  [][]float64 // when each service begins at the earliest
	last   [][]float64 // and at the latest, so that the rest fits
	cost   []float64   // of each route
	travel []float64
	load   []float64
	work   []float64 // minutes of service
	at     []int     // the vehicle of each stop; -1: none
	absent []int
}

func newState(p *Problem) state {
	n := len(p.Vehicles)
	st := state{p: p, routes: make([][]int, n), times: make([][]float64, n), last: make([][]float64, n), cost: make([]float64, n),
		travel: make([]float64, n),
		load:   make([]float64, n), work: make([]float64, n), at: make([]int, len(p.Stops))}
	for i := range st.at {
		st.at[i] = -1
	}
	return st
}

func (st *state) copy() state {
	c := *st
	c.routes, c.times, c.last = slices.Clone(st.routes), slices.Clone(st.times), slices.Clone(st.last)
	for v := range c.routes {
		c.routes[v] = slices.Clip(c.routes[v]) // inserting makes a new one
	}
	c.cost, c.travel, c.load, c.work = slices.Clone(st.cost), slices.Clone(st.travel), slices.Clone(st.load), slices.Clone(st.work)
	c.at, c.absent = slices.Clone(st.at), slices.Clone(st.absent)
	return c
}

// refresh computes anew what is known of a route.
func (st *state) refresh(v int) {
	p, route, car := st.p, st.routes[v], &st.p.Vehicles[v]
	n := len(route)
	times, last := make([]float64, n), make([]float64, n)
	place, leave := car.Start, car.From
	travel, cost, load, work := 0.0, 0.0, 0.0, 0.0
	for k, i := range route {
		o := &p.Stops[i]
		travel += p.Travel[place][o.Place]
		times[k], _ = p.begin(car, o, leave+p.Travel[place][o.Place])
		place, leave = o.Place, times[k]+o.Minutes
		load += o.Demand
		work += o.Minutes
		if o.Fixed == nil {
			cost += p.cost(i, v)
		}
	}
	if n > 0 {
		travel += p.Travel[place][car.End]
	}
	place, bound := car.End, car.To
	for k := n - 1; k >= 0; k-- {
		o := &p.Stops[route[k]]
		last[k] = p.latest(car, o, bound-p.Travel[o.Place][place])
		if o.Fixed != nil { // it stands where it is, whatever follows
			last[k] = o.From
		}
		place, bound = o.Place, last[k]
	}
	st.times[v], st.last[v] = times, last
	st.travel[v], st.load[v], st.work[v] = travel, load, work
	st.cost[v] = travel + cost + p.Fair*sq(work/60)
}

func (st *state) used() int {
	n := 0
	for _, r := range st.routes {
		if len(r) > 0 {
			n++
		}
	}
	return n
}

// total is what the search makes small: stops left out first.
func (st *state) total() float64 {
	sum := 0.0
	for _, c := range st.cost {
		sum += c
	}
	for _, i := range st.absent {
		sum += missing * st.p.weight(i)
	}
	return sum
}

func (st *state) plan() Plan {
	out := Plan{Routes: make([][]Visit, len(st.routes)), Unplaced: slices.Sorted(slices.Values(st.absent)), Used: st.used()}
	for v, route := range st.routes {
		car := &st.p.Vehicles[v]
		out.Travel += st.travel[v]
		place, leave := car.Start, car.From
		for k, i := range route {
			o := &st.p.Stops[i]
			arrive := leave + st.p.Travel[place][o.Place]
			out.Routes[v] = append(out.Routes[v], Visit{i, arrive, st.times[v][k]})
			place, leave = o.Place, st.times[v][k]+o.Minutes
		}
	}
	return out
}
