package domain

import (
	"context"
	"math"
)

// Ways between doors (PRODUCT.md section 6): the great circle times a detour
// at a town's speed. Coordinates that are unknown count as unknown: such a way
// takes a stated number of minutes, and whoever is shown it is told so.
const (
	travelDetour  = 1.4
	travelSpeed   = 25.0 // km/h
	unknownTravel = 20.0 // minutes
)

// Point is a place; nil where a coordinate is unknown.
type Point struct{ Lat, Lon *float64 }

func (p Point) known() bool { return p.Lat != nil && p.Lon != nil }

// travelMinutes is how long a way takes, in whole minutes; known is false
// where the answer is the stated default.
func travelMinutes(from, to Point) (minutes float64, known bool) {
	if !from.known() || !to.known() {
		return unknownTravel, false
	}
	km := Distance(*from.Lat, *from.Lon, *to.Lat, *to.Lon) / 1000
	return math.Ceil(km * travelDetour / travelSpeed * 60), true
}

// travelTable gives the minutes from each place to each other one; who stays
// does not travel.
func (s *Service) travelTable(_ context.Context, places []Point) [][]float64 {
	table := make([][]float64, len(places))
	for i := range places {
		table[i] = make([]float64, len(places))
		for j := range places {
			if i != j {
				table[i][j], _ = travelMinutes(places[i], places[j])
			}
		}
	}
	return table
}
