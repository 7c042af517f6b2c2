package dayplan

import (
	"fmt"
	"math"
)

// Check drives a plan anew, stop by stop, and says which hard rule it breaks;
// nil: none. It shares nothing with the search but the problem. What
// contradicts itself in fixed stops is not the plan's fault.
func Check(p *Problem, plan Plan) error {
	seen := make([]int, len(p.Stops))
	travel := 0.0
	for v, route := range plan.Routes {
		car := p.Vehicles[v]
		place, now, load := car.Start, car.From, 0.0
		for _, x := range route {
			s := p.Stops[x.Stop]
			seen[x.Stop]++
			travel += p.Travel[place][s.Place]
			arrive := now + p.Travel[place][s.Place]
			load += s.Demand
			switch {
			case s.Fixed != nil && (*s.Fixed != v || x.Start != s.From):
				return fmt.Errorf("the fixed stop %d was moved", x.Stop)
			case s.Fixed == nil && x.Start < arrive-1e-6:
				return fmt.Errorf("vehicle %d begins stop %d before it arrives", v, x.Stop)
			case x.Start < s.From-1e-6 || x.Start > s.To+1e-6 && s.Fixed == nil:
				return fmt.Errorf("stop %d begins at %v, outside its window [%v, %v]", x.Stop, x.Start, s.From, s.To)
			case s.Fixed == nil && x.Start+s.Minutes > car.To+1e-6:
				return fmt.Errorf("stop %d ends after the shift of vehicle %d", x.Stop, v)
			case s.Costs != nil && s.Fixed == nil && math.IsInf(s.Costs[v], 1):
				return fmt.Errorf("vehicle %d must not go to stop %d", v, x.Stop)
			}
			for _, b := range car.Breaks {
				if s.Fixed == nil && x.Start < b[1]-1e-6 && x.Start+s.Minutes > b[0]+1e-6 {
					return fmt.Errorf("stop %d falls into a break of vehicle %d", x.Stop, v)
				}
			}
			place, now = s.Place, x.Start+s.Minutes
		}
		if len(route) == 0 {
			continue
		}
		travel += p.Travel[place][car.End]
		last := p.Stops[route[len(route)-1].Stop]
		if back := now + p.Travel[place][car.End]; back > car.To+1e-6 && last.Fixed == nil {
			return fmt.Errorf("vehicle %d is back at %v, after its shift", v, back)
		}
		if car.Capacity > 0 && load > car.Capacity+1e-6 {
			return fmt.Errorf("vehicle %d carries %v, more than %v", v, load, car.Capacity)
		}
	}
	for _, i := range plan.Unplaced {
		seen[i]++
	}
	for i, n := range seen {
		if n != 1 {
			return fmt.Errorf("stop %d is %d times in the plan", i, n)
		}
	}
	if math.Abs(travel-plan.Travel) > 1e-3 {
		return fmt.Errorf("the plan says %v of travel, driven are %v", plan.Travel, travel)
	}
	return nil
}
