// Package solomon reads instances of the vehicle routing problem with time windows in the format of the literature.
package solomon

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"doorstep/domain/dayplan"
)

// Read reads an instance in the format of M. M. Solomon's VRPTW set
// (Operations Research 35, 1987): Euclidean distances in double precision,
// travel time is distance, all vehicles alike.
func Read(r io.Reader) (*dayplan.Problem, error) {
	type place struct{ x, y float64 }
	var places []place
	p := &dayplan.Problem{}
	vehicles, capacity := 0, 0.0
	var horizon float64
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		num := make([]float64, len(f))
		numeric := len(f) > 0
		for i := range f {
			v, err := strconv.ParseFloat(f[i], 64)
			numeric = numeric && err == nil
			num[i] = v
		}
		switch {
		case !numeric:
		case len(f) == 2 && vehicles == 0:
			vehicles, capacity = int(num[0]), num[1]
		case len(f) == 7:
			places = append(places, place{num[1], num[2]})
			if len(places) == 1 {
				horizon = num[5]
				continue
			}
			p.Stops = append(p.Stops, dayplan.Stop{Place: len(places) - 1, Demand: num[3], From: num[4], To: num[5], Minutes: num[6]})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if vehicles < 1 || len(p.Stops) == 0 || vehicles > 10_000 || len(p.Stops) > 10_000 {
		return nil, fmt.Errorf("this is no instance of Solomon's format: %d vehicles, %d customers", vehicles, len(p.Stops))
	}
	p.Vehicles = make([]dayplan.Vehicle, vehicles)
	for i := range p.Vehicles {
		p.Vehicles[i] = dayplan.Vehicle{To: horizon, Capacity: capacity, Class: 1}
	}
	p.Travel = make([][]float64, len(places))
	for i, a := range places {
		p.Travel[i] = make([]float64, len(places))
		for j, b := range places {
			p.Travel[i][j] = math.Hypot(a.x-b.x, a.y-b.y)
		}
	}
	return p, nil
}
