package casework

import (
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

// TravelBasis says by what ways are reckoned.
func TravelBasis(s *Service) domain.TravelBasis {
	b := domain.TravelBasis{DetourFactor: travelDetour, SpeedKmh: travelSpeed, UnknownMinutes: unknownTravel}
	if s.Roads != nil {
		b.SpeedKmh, b.RoadEngine = s.Roads.Basis()
	}
	return b
}
