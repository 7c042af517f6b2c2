package sun_test

import (
	"fmt"
	"time"

	"doorstep/domain/sun"
)

func ExampleDay() {
	india := time.FixedZone("IST", 5*3600+1800)
	rise, set, _ := sun.Day(28.6139, 77.2090, time.Date(2026, time.November, 22, 12, 0, 0, 0, india))
	fmt.Println("New Delhi:", rise.Format("15:04"), "to", set.Format("15:04"))
	_, _, light := sun.Day(78.22, 15.65, time.Date(2026, time.December, 21, 12, 0, 0, 0, time.UTC))
	fmt.Println("Longyearbyen in December:", light == sun.Never)
	// Output:
	// New Delhi: 06:49 to 17:25
	// Longyearbyen in December: true
}
