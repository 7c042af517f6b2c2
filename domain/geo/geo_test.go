package geo

import (
	"fmt"
	"math"
	"testing"
)

func ExampleMetres() {
	// From the Gateway of India in Mumbai to India Gate in New Delhi.
	fmt.Printf("%.0f km\n", Metres(18.921984, 72.834654, 28.612912, 77.229510)/1000)
	// Output: 1166 km
}

// TestMetres: a degree of a great circle is the radius times π/180, whichever way it runs; opposite places are half the earth apart
// and never NaN.
func TestMetres(t *testing.T) {
	degree := radius * math.Pi / 180
	for name, c := range map[string]struct{ lat1, lon1, lat2, lon2, want float64 }{
		"itself":            {19, 72, 19, 72, 0},
		"along a meridian":  {10, 72, 11, 72, degree},
		"along the equator": {0, 179.5, 0, -179.5, degree},
		"to the antipode":   {12.5, 77, -12.5, -103, math.Pi * radius},
		"from pole to pole": {90, 0, -90, 33, math.Pi * radius},
		"a metre of a lane": {28.6139, 77.2090, 28.6139 + 1/degree, 77.2090, 1},
	} {
		got, back := Metres(c.lat1, c.lon1, c.lat2, c.lon2), Metres(c.lat2, c.lon2, c.lat1, c.lon1)
		if math.Abs(got-c.want) > 1e-3 || math.Abs(got-back) > 1e-6 {
			t.Errorf("%s: %.6f m there, %.6f m back, want %.6f", name, got, back, c.want)
		}
	}
}
