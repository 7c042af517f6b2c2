package dayplan

import "math"

// Problem is one day.
type Problem struct {
	Stops    []Stop
	Vehicles []Vehicle
	// Travel gives the minutes between two places.
	Travel [][]float64
	// Fair is what uneven load costs: that much travel for each squared hour
	// of service on one vehicle.
	Fair float64
}

// Stop is one visit. It is served by one vehicle, without a pause, beginning
// inside [From, To]; who comes early waits.
type Stop struct {
	Place    int
	Minutes  float64 // of service
	From, To float64
	Demand   float64 // of the vehicle's capacity
	// Weight orders what stays out when not all can be placed; zero is one.
	Weight float64
	// Fixed stops belong to a vehicle already and begin at From exactly.
	Fixed *int
	// Costs gives for each vehicle what sending it costs besides travel, in
	// minutes; infinite: it must not go. Nil: nothing, anybody.
	Costs []float64
}

// Vehicle is one person's shift.
type Vehicle struct {
	Start, End int // places
	From, To   float64
	Breaks     [][2]float64 // no service inside; in order
	Capacity   float64      // zero: without bound
	// Class names vehicles that are all alike; zero is like no other.
	Class int
}

// Plan is what came out.
type Plan struct {
	Routes   [][]Visit // of each vehicle, in order
	Unplaced []int     // stops
	Travel   float64   // minutes of all vehicles, ways to the first and from the last stop included
	Used     int       // vehicles with a stop
}

// Visit is a stop in a plan.
type Visit struct {
	Stop          int
	Arrive, Start float64
}

// Options steer the search.
type Options struct {
	Seed uint64
	// Progress is asked before each round and gives how much of the time is
	// over, from 0 to 1. The same answers and seed give the same plan.
	Progress func(round int) float64
	// FewVehicles counts a vehicle less above any distance, for half of the
	// time; otherwise idle people cost nothing.
	FewVehicles bool
}

// Rounds is the Progress of a fixed number of rounds.
func Rounds(n int) func(int) float64 {
	return func(round int) float64 { return float64(round) / float64(n) }
}

// begin gives when a service can begin at or after an instant; false when it
// is too late.
func (p *Problem) begin(v *Vehicle, s *Stop, at float64) (float64, bool) {
	if s.Fixed != nil {
		return s.From, at <= s.From+slack
	}
	at = math.Max(at, s.From)
	for _, b := range v.Breaks {
		if at < b[1] && at+s.Minutes > b[0]+slack {
			at = b[1]
		}
	}
	return at, at <= s.To+slack && at+s.Minutes <= v.To+slack
}

// latest gives when a service has to begin so that it ends by an instant;
// minus infinity when it cannot.
func (p *Problem) latest(v *Vehicle, s *Stop, end float64) float64 {
	at := math.Min(s.To, end-s.Minutes)
	if s.Fixed != nil {
		at = s.From
		if s.From+s.Minutes > end+slack {
			return math.Inf(-1)
		}
		return at
	}
	for i := len(v.Breaks) - 1; i >= 0; i-- {
		if b := v.Breaks[i]; at < b[1] && at+s.Minutes > b[0]+slack {
			at = b[0] - s.Minutes
		}
	}
	if at < s.From-slack {
		return math.Inf(-1)
	}
	return at
}

// slack forgives the last digits of sums.
const slack = 1e-7

func (p *Problem) cost(stop, vehicle int) float64 {
	if c := p.Stops[stop].Costs; c != nil {
		return c[vehicle]
	}
	return 0
}

func (p *Problem) weight(stop int) float64 {
	if w := p.Stops[stop].Weight; w > 0 {
		return w
	}
	return 1
}
