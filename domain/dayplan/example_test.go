package dayplan_test

import (
	"fmt"
	"math"

	"doorstep/domain/dayplan"
)

// Three visits of half an hour on a road, one place each quarter of an hour, and two people who start at its ends. The second
// must not go to the first visit. Minutes are those of the day.
func ExampleSolve() {
	travel := make([][]float64, 5)
	for a := range travel {
		for b := range 5 {
			travel[a] = append(travel[a], math.Abs(float64(a-b))*15)
		}
	}
	p := &dayplan.Problem{
		Stops: []dayplan.Stop{
			{Place: 1, Minutes: 30, From: 480, To: 720, Costs: []float64{0, math.Inf(1)}},
			{Place: 2, Minutes: 30, From: 480, To: 540},
			{Place: 3, Minutes: 30, From: 600, To: 720},
		},
		Vehicles: []dayplan.Vehicle{{Start: 0, End: 0, From: 480, To: 1020}, {Start: 4, End: 4, From: 480, To: 1020}},
		Travel:   travel,
	}
	plan := dayplan.Solve(p, dayplan.Options{Seed: 1, Progress: dayplan.Rounds(200)})
	for v, route := range plan.Routes {
		for _, x := range route {
			fmt.Printf("vehicle %d: stop %d at %02d:%02d\n", v, x.Stop, int(x.Start)/60, int(x.Start)%60)
		}
	}
	fmt.Println(plan.Travel, "minutes of travel, not placed:", plan.Unplaced)
	fmt.Println(dayplan.Check(p, plan))
	// Output:
	// vehicle 0: stop 1 at 08:30
	// vehicle 0: stop 0 at 09:15
	// vehicle 1: stop 2 at 10:00
	// 90 minutes of travel, not placed: []
	// <nil>
}
