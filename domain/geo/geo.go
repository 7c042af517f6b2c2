package geo

import "math"

// radius is the mean radius of the earth in metres, R₁ of the International Union of Geodesy and Geophysics (GRS 80).
const radius = 6371008.8

// Metres is the length of the great circle between two places in degrees. The sphere errs by up to 0.6 % against the ellipsoid.
func Metres(lat1, lon1, lat2, lon2 float64) float64 {
	const degree = math.Pi / 180
	s, c := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	h := s*s + math.Cos(lat1*degree)*math.Cos(lat2*degree)*c*c
	return 2 * radius * math.Asin(math.Sqrt(min(1, h)))
}
