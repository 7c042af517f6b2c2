package dayplan

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// The numbers of the search, as its authors tuned them; the temperature is
// given in mean distances of near neighbours.
const (
	stringLength = 10.0 // at most so many stops of one route at once
	meanRemoved  = 10.0
	splitOdds    = 0.5  // to keep some stops inside a string
	splitGrow    = 0.01 // against keeping one more
	blink        = 0.01 // odds to overlook a position
	hot, cold    = 3.0, 0.003
	missing      = 1e7 // cost of a stop left out
)

// Solve searches for a plan until the progress is 1. Fixed stops stay where
// and when they are, also where they contradict each other.
func Solve(p *Problem, o Options) Plan {
	s := newSearch(p, o.Seed)
	s.start()
	round := 0
	until := func(end float64, step func(heat float64) bool) {
		from := o.Progress(round)
		for {
			now := o.Progress(round)
			if now >= end || !step((now-from)/(end-from)) {
				return
			}
			round++
		}
	}
	if o.FewVehicles {
		best := s.cur.copy()
		missed := make([]int, len(p.Stops))
		until(0.5, func(heat float64) bool { return s.reduce(&best, missed, heat) })
		s.cur = best
		s.limit = best.used()
	}
	best := s.cur.copy()
	until(1, func(heat float64) bool {
		next := s.rebuilt()
		if next.total() < s.cur.total()-s.temperature(heat)*math.Log(s.chance.Float64()+1e-300) {
			s.cur = next
		}
		if next.total() < best.total()-slack {
			best = next.copy()
		}
		return true
	})
	return best.plan()
}

// search is the state of one Solve.
type search struct {
	p      *Problem
	chance *rand.Rand
	near   [][]int // stops by nearness to a stop, itself first
	mean   float64 // distance of near neighbours
	cur    state
	limit  int // vehicles that may be used; zero: all
}

func newSearch(p *Problem, seed uint64) *search {
	s := &search{p: p, chance: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	n := len(p.Stops)
	s.near = make([][]int, n)
	count := 0
	for i := range n {
		s.near[i] = make([]int, n)
		for j := range n {
			s.near[i][j] = j
		}
		from := p.Stops[i].Place
		slices.SortFunc(s.near[i], func(a, b int) int {
			switch {
			case a == i:
				return -1
			case b == i:
				return 1
			}
			return cmp.Or(cmp.Compare(p.Travel[from][p.Stops[a].Place], p.Travel[from][p.Stops[b].Place]), a-b)
		})
		for _, j := range s.near[i][:min(n, 6)] {
			if j != i {
				s.mean += p.Travel[from][p.Stops[j].Place]
				count++
			}
		}
	}
	s.mean = math.Max(s.mean/math.Max(float64(count), 1), 1e-3)
	return s
}

func (s *search) temperature(heat float64) float64 {
	return s.mean * hot * math.Pow(cold/hot, heat)
}

// start places the fixed stops and then the others where they cost least.
func (s *search) start() {
	s.cur = newState(s.p)
	for i := range s.p.Stops {
		if v := s.p.Stops[i].Fixed; v != nil {
			s.cur.routes[*v] = append(s.cur.routes[*v], i)
			s.cur.at[i] = *v
		} else {
			s.cur.absent = append(s.cur.absent, i)
		}
	}
	for v := range s.cur.routes {
		slices.SortStableFunc(s.cur.routes[v], func(a, b int) int { return cmp.Compare(s.p.Stops[a].From, s.p.Stops[b].From) })
		s.cur.refresh(v)
	}
	s.recreate(&s.cur)
}

// rebuilt is the present plan with some stops taken out and put back.
func (s *search) rebuilt() state {
	next := s.cur.copy()
	s.ruin(&next)
	s.recreate(&next)
	return next
}

// reduce looks for a plan with a vehicle less: a route is given up, and plans
// with stops missing are walked through as long as they miss less, or such
// stops as were missed less often before.
func (s *search) reduce(best *state, missed []int, heat float64) bool {
	next := s.rebuilt()
	sum := func(st *state) (n int) {
		for _, i := range st.absent {
			n += missed[i]
		}
		return n
	}
	better := len(next.absent) < len(s.cur.absent) || sum(&next) < sum(&s.cur)
	if len(s.cur.absent) > 0 && better || len(next.absent) <= len(s.cur.absent) &&
		next.total() < s.cur.total()-s.temperature(heat)*math.Log(s.chance.Float64()+1e-300) {
		for _, i := range next.absent {
			missed[i]++
		}
		s.cur = next
	}
	if len(s.cur.absent) > len(best.absent) || len(s.cur.absent) == len(best.absent) && s.cur.used() >= best.used() &&
		s.cur.total() >= best.total() {
		return true
	}
	*best = s.cur.copy()
	if len(best.absent) > 0 || best.used() < 2 {
		return len(best.absent) > 0
	}
	// Give up the route whose stops were missed least.
	least, at := math.MaxInt, -1
	for v, r := range s.cur.routes {
		n := 0
		for _, i := range r {
			n += missed[i]
			if s.p.Stops[i].Fixed != nil {
				n = math.MaxInt
				break
			}
		}
		if len(r) > 0 && n < least {
			least, at = n, v
		}
	}
	if at < 0 {
		return false
	}
	s.limit = best.used() - 1
	s.cur.absent = append(s.cur.absent, s.cur.routes[at]...)
	for _, i := range s.cur.routes[at] {
		s.cur.at[i] = -1
	}
	s.cur.routes[at] = nil
	s.cur.refresh(at)
	return true
}

// ruin takes strings of stops out of routes near a stop chosen by chance.
func (s *search) ruin(st *state) {
	n := len(s.p.Stops)
	if n == 0 {
		return
	}
	used := st.used()
	mean := 0.0
	if used > 0 {
		mean = float64(n-len(st.absent)) / float64(used)
	}
	longest := math.Max(1, math.Min(stringLength, mean))
	strings := int(s.chance.Float64()*(4*meanRemoved/(1+longest)-1) + 1)
	done := map[int]bool{}
	for _, i := range s.near[s.chance.IntN(n)] {
		if len(done) >= strings {
			return
		}
		v := st.at[i]
		if v < 0 || done[v] || s.p.Stops[i].Fixed != nil {
			continue
		}
		done[v] = true
		route := st.routes[v]
		length := int(s.chance.Float64()*math.Min(longest, float64(len(route))) + 1)
		length = min(length, len(route))
		keep := 0
		if s.chance.Float64() < splitOdds {
			for length+keep < len(route) && s.chance.Float64() > splitGrow {
				if keep++; s.chance.Float64() < 0.5 {
					break
				}
			}
		}
		s.cut(st, v, slices.Index(route, i), length, keep)
	}
}

// cut takes length stops out of a route, in a string around a position that
// spares keep of them in its middle. Fixed stops stay.
func (s *search) cut(st *state, v, at, length, keep int) {
	route := st.routes[v]
	span := length + keep
	first := max(0, min(at-s.chance.IntN(span), len(route)-span))
	spared := first
	if keep > 0 {
		spared = first + s.chance.IntN(length+1)
	}
	rest := make([]int, 0, len(route))
	for k, i := range route {
		inside := k >= first && k < first+span && (k < spared || k >= spared+keep)
		if inside && s.p.Stops[i].Fixed == nil {
			st.absent = append(st.absent, i)
			st.at[i] = -1
			continue
		}
		rest = append(rest, i)
	}
	st.routes[v] = rest
	st.refresh(v)
}

// recreate puts absent stops back, each where it costs least, in an order that
// chance chooses.
func (s *search) recreate(st *state) {
	p := s.p
	absent := st.absent
	st.absent = nil
	s.chance.Shuffle(len(absent), func(i, j int) { absent[i], absent[j] = absent[j], absent[i] })
	by := func(f func(*Stop) float64) {
		slices.SortStableFunc(absent, func(a, b int) int { return cmp.Compare(f(&p.Stops[a]), f(&p.Stops[b])) })
	}
	home := 0
	if len(p.Vehicles) > 0 {
		home = p.Vehicles[0].Start
	}
	switch k := s.chance.IntN(17); { // weights of the orders
	case k < 4: // as they are
	case k < 6:
		by(func(o *Stop) float64 { return -o.Demand - o.Minutes })
	case k < 8:
		by(func(o *Stop) float64 { return -p.Travel[home][o.Place] })
	case k < 9:
		by(func(o *Stop) float64 { return p.Travel[home][o.Place] })
	case k < 13:
		by(func(o *Stop) float64 { return o.To - o.From })
	case k < 15:
		by(func(o *Stop) float64 { return o.From })
	default:
		by(func(o *Stop) float64 { return -o.To })
	}
	for _, i := range absent {
		v, at := s.cheapest(st, i)
		if v < 0 {
			st.absent = append(st.absent, i)
			continue
		}
		st.routes[v] = slices.Insert(st.routes[v], at, i)
		st.at[i] = v
		st.refresh(v)
	}
}

// cheapest finds the best position of a stop.
func (s *search) cheapest(st *state, i int) (vehicle, at int) {
	p := s.p
	o := &p.Stops[i]
	vehicle, best := -1, math.Inf(1)
	room := s.limit == 0 || st.used() < s.limit
	var tried [8]int // classes of which an idle vehicle was tried
	classes := tried[:0]
	for v := range p.Vehicles {
		car := &p.Vehicles[v]
		extra := p.cost(i, v)
		if math.IsInf(extra, 1) || car.Capacity > 0 && st.load[v]+o.Demand > car.Capacity+slack {
			continue
		}
		route := st.routes[v]
		if len(route) == 0 {
			if !room || car.Class != 0 && slices.Contains(classes, car.Class) {
				continue
			}
			if car.Class != 0 {
				classes = append(classes, car.Class)
			}
		}
		extra += p.Fair * (sq((st.work[v]+o.Minutes)/60) - sq(st.work[v]/60))
		times, last := st.times[v], st.last[v]
		place, leave := car.Start, car.From
		for k := 0; k <= len(route); k++ {
			if k > 0 {
				prev := &p.Stops[route[k-1]]
				place, leave = prev.Place, times[k-1]+prev.Minutes
			}
			if leave > o.To+slack {
				break
			}
			begin, ok := p.begin(car, o, leave+p.Travel[place][o.Place])
			if !ok {
				if begin > o.To+slack || o.Fixed != nil {
					break // later positions are later still
				}
				continue
			}
			next, bound := car.End, car.To
			if k < len(route) {
				next, bound = p.Stops[route[k]].Place, last[k]
			}
			after := begin + o.Minutes + p.Travel[o.Place][next]
			if after > bound+slack {
				continue
			}
			price := p.Travel[place][o.Place] + p.Travel[o.Place][next] - p.Travel[place][next] + extra
			if len(route) == 0 {
				price = p.Travel[place][o.Place] + p.Travel[o.Place][next] + extra
			}
			if price < best && s.chance.Float64() >= blink {
				vehicle, at, best = v, k, price
			}
		}
	}
	return vehicle, at
}

func sq(x float64) float64 { return x * x }
