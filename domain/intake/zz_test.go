package intake_test

import (
	"doorstep/repo"
	"doorstep/repo/repotest"
	"fmt"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	repotest.Each(t, func(t *testing.T, db *repo.DB) {
		w := newCentreWorld(t, db)
		lines := []string{importHeading}
		for i := range 2000 {
			lines = append(lines, fmt.Sprintf("BM-%05d|Family %c%d Kumar|98%08d|%d Lane %d|411038|refrigerator|Coldly|SN%06d|Does not cool|%02d/12/2026|10:00-12:00| ", i, 'A'+i%26, i, 10000000+i*37, i, i%97, i, 1+i%4))
		}
		for _, p := range []bool{true, false, false} {
			in := table(lines...)
			in.Preview = p
			at := time.Now()
			r, err := w.imports("meera", in)
			fmt.Println(p, time.Since(at), err, r.Created, r.Unchanged, r.Rejected)
		}
	})
}
