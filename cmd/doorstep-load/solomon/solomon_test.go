package solomon

import (
	"strings"
	"testing"

	"doorstep/domain/dayplan"
)

const tiny = `TINY

VEHICLE
NUMBER     CAPACITY
  3         10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0       100          0
    1      3         4          5          0        50         10
    2      6         8          5          0        50         10
    3     -3        -4          6          0        50         10
`

func TestReadSolomon(t *testing.T) {
	p, err := Read(strings.NewReader(tiny))
	if err != nil || len(p.Stops) != 3 || len(p.Vehicles) != 3 || p.Travel[0][2] != 10 {
		t.Fatalf("%+v %v", p, err)
	}
	plan := dayplan.Solve(p, dayplan.Options{FewVehicles: true, Progress: dayplan.Rounds(200)})
	if err := dayplan.Check(p, plan); err != nil || plan.Used != 2 || plan.Travel != 30 {
		t.Errorf("%+v %v", plan, err)
	}
	for _, bad := range []string{"", "R101\n1 2\n", "x y z"} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
