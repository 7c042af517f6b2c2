package sun

import (
	"math"
	"time"
)

// Light is what kind of day it is.
type Light int

// The kinds of day.
const (
	Rises Light = iota // and sets
	Always
	Never
)

const (
	epoch    = 2451545.0 // 1 January 2000, 12:00, as a Julian date
	unix     = 2440587.5 // 1 January 1970, 00:00
	tilt     = 23.4397   // of the Earth's axis, degrees
	horizon  = -0.833    // of the sun's upper edge, with refraction, degrees
	perihely = 102.9372  // degrees
)

func sin(deg float64) float64 { return math.Sin(deg * math.Pi / 180) }
func cos(deg float64) float64 { return math.Cos(deg * math.Pi / 180) }

// Day gives sunrise and sunset of the local day of an instant, in the zone
// that the instant carries. Latitude and longitude in degrees, north and east
// positive. Both times are zero unless the sun rises and sets.
func Day(lat, lon float64, at time.Time) (rise, set time.Time, light Light) {
	y, m, d := at.Date()
	noon := time.Date(y, m, d, 12, 0, 0, 0, at.Location())
	// The solar noon that is nearest to the noon of the clocks.
	n := math.Round(float64(noon.Unix())/86400 + unix - epoch + lon/360)
	mean := n - lon/360
	anomaly := math.Mod(357.5291+0.98560028*mean, 360)
	centre := 1.9148*sin(anomaly) + 0.02*sin(2*anomaly) + 0.0003*sin(3*anomaly)
	ecliptic := math.Mod(anomaly+centre+180+perihely, 360)
	transit := epoch + mean + 0.0053*sin(anomaly) - 0.0069*sin(2*ecliptic)
	declination := math.Asin(sin(ecliptic)*sin(tilt)) * 180 / math.Pi
	angle := (sin(horizon) - sin(lat)*sin(declination)) / (cos(lat) * cos(declination))
	switch {
	case angle <= -1:
		return rise, set, Always
	case angle >= 1:
		return rise, set, Never
	}
	half := math.Acos(angle) * 180 / math.Pi / 360
	clock := func(julian float64) time.Time {
		return time.Unix(int64(math.Round((julian-unix)*86400)), 0).In(at.Location())
	}
	return clock(transit - half), clock(transit + half), Rises
}
