package casework

import (
	"context"
	"math"

	"doorstep/domain"
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

// TravelMinutes is how long a way takes, in whole minutes; known is false
// where the answer is the stated default.
func TravelMinutes(from, to domain.Point) (minutes float64, known bool) {
	if !from.Known() || !to.Known() {
		return unknownTravel, false
	}
	km := geo.Metres(*from.Lat, *from.Lon, *to.Lat, *to.Lon) / 1000
	return math.Ceil(km * travelDetour / travelSpeed * 60), true
}

// Way is TravelMinutes, by the roads where they are known.
func Way(s *Service, from, to domain.Point) float64 {
	if s.Roads != nil && from.Known() && to.Known() {
		return math.Ceil(s.Roads.Minutes(slots.Place{Lat: *from.Lat, Lon: *from.Lon}, slots.Place{Lat: *to.Lat, Lon: *to.Lon}))
	}
	minutes, _ := TravelMinutes(from, to)
	return minutes
}

// TravelTable gives the minutes from each place to each other one; who stays
// does not travel.
func TravelTable(s *Service, places []domain.Point) [][]float64 {
	table := make([][]float64, len(places))
	for i := range places {
		table[i] = make([]float64, len(places))
		for j := range places {
			if i != j {
				table[i][j] = Way(s, places[i], places[j])
			}
		}
	}
	return table
}

// TravelBasis says by what ways are reckoned.
func TravelBasis(s *Service) domain.TravelBasis {
	b := domain.TravelBasis{DetourFactor: travelDetour, SpeedKmh: travelSpeed, UnknownMinutes: unknownTravel}
	if s.Roads != nil {
		b.SpeedKmh, b.RoadEngine = s.Roads.Basis()
	}
	return b
}

// LearnDay asks for the ways between the places of a day, outside any
// transaction; what is not learned in time goes over the great circle.
func LearnDay(s *Service, ctx context.Context, p *PlanDay) {
	if s.Roads == nil {
		return
	}
	jobs, sites, _ := p.ByID()
	points := p.Atlas(jobs, sites).Places
	for i := range p.Around.Busy {
		points = append(points, domain.Point{Lat: p.Around.Busy[i].Lat, Lon: p.Around.Busy[i].Lon})
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
