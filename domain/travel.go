package domain

import (
	"context"
	"math"

	"doorstep/domain/geo"
	"doorstep/domain/slots"
)

// Ways between doors (docs/product.md section 6): the great circle times a detour
// at a town's speed. Coordinates that are unknown count as unknown: such a way
// takes a stated number of minutes, and whoever is shown it is told so.
const (
	travelDetour  = 1.4
	travelSpeed   = 25.0 // km/h
	unknownTravel = 20.0 // minutes
)

// Point is a place; nil where a coordinate is unknown.
type Point struct{ Lat, Lon *float64 }

// known reports whether both coordinates are.
func (p Point) known() bool { return p.Lat != nil && p.Lon != nil }

// travelMinutes is how long a way takes, in whole minutes; known is false
// where the answer is the stated default.
func travelMinutes(from, to Point) (minutes float64, known bool) {
	if !from.known() || !to.known() {
		return unknownTravel, false
	}
	km := geo.Metres(*from.Lat, *from.Lon, *to.Lat, *to.Lon) / 1000
	return math.Ceil(km * travelDetour / travelSpeed * 60), true
}

// way is travelMinutes, by the roads where they are known.
func (s *Service) way(from, to Point) float64 {
	if s.Roads != nil && from.known() && to.known() {
		return math.Ceil(s.Roads.Minutes(slots.Place{Lat: *from.Lat, Lon: *from.Lon}, slots.Place{Lat: *to.Lat, Lon: *to.Lon}))
	}
	minutes, _ := travelMinutes(from, to)
	return minutes
}

// travelTable gives the minutes from each place to each other one; who stays
// does not travel.
func (s *Service) travelTable(places []Point) [][]float64 {
	table := make([][]float64, len(places))
	for i := range places {
		table[i] = make([]float64, len(places))
		for j := range places {
			if i != j {
				table[i][j] = s.way(places[i], places[j])
			}
		}
	}
	return table
}

// travelBasis says by what ways are reckoned.
func (s *Service) travelBasis() TravelBasis {
	b := TravelBasis{DetourFactor: travelDetour, SpeedKmh: travelSpeed, UnknownMinutes: unknownTravel}
	if s.Roads != nil {
		b.SpeedKmh, b.RoadEngine = s.Roads.Basis()
	}
	return b
}

// learnDay asks for the ways between the places of a day, outside any
// transaction; what is not learned in time goes over the great circle.
func (s *Service) learnDay(ctx context.Context, p *planDay) {
	if s.Roads == nil {
		return
	}
	jobs, sites, _ := p.byID()
	points := p.atlas(jobs, sites).places
	for i := range p.around.Busy {
		points = append(points, Point{p.around.Busy[i].Lat, p.around.Busy[i].Lon})
	}
	var places []slots.Place
	seen := map[slots.Place]bool{}
	for _, at := range points {
		if x := placeOf(at.Lat, at.Lon); x != nil && !seen[*x] {
			seen[*x] = true
			places = append(places, *x)
		}
	}
	s.Roads.LearnAll(ctx, places)
}
