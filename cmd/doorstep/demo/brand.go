package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
)

// Password opens every account of the demo.
const Password = "doorstep-demo-2026"

// Brand is what the demo tells of the brand that it filled a store with.
type Brand struct {
	Users         []User
	CustomerLink  string // of a customer with a visit ahead that awaits its confirmation
	CustomerLogin string // names that customer's phone
	SampleJobID   domain.ID
	SampleVisitID domain.ID // the visit ahead
}

// User is an account of the demo.
type User struct {
	Role     string `json:"role"`
	Name     string `json:"name"`
	Login    string `json:"login"`
	Password string `json:"password"`
	Centre   string `json:"centre"`
	Area     string `json:"area"`
}

// How the demo's days are filled. Numbers are for each centre.
const (
	pastDays    = 5
	comingDays  = 6
	pastVisits  = 5  // a day
	todayVisits = 12 // at whatever hour the demo starts
	nextVisits  = 6  // a day
)

// Fill fills an empty store with the demo's people, customers and some
// twelve days of work around the clock's now. Everything but the accounts comes
// about through the use cases, at its own time by the clock, and what falls
// due in between happens: entries, chains, holds and verdicts are what they
// would be in a real centre. Nothing falls due in the ten minutes after now.
// The clock is given back as it was.
func Fill(ctx context.Context, svc *usecases.All, clock *Clock, progress io.Writer) (*Brand, error) {
	b := &builder{ctx: ctx, svc: svc, clock: clock, now: clock.Now(), homes: map[string]bool{}, rng: rand.New(rand.NewPCG(2026, 11)),
		brand: &Brand{CustomerLogin: "customer"}}
	defer clock.borrow()()
	began := time.Now()
	clock.Set(b.now.AddDate(0, 0, -pastDays-6))
	if err := b.people(); err != nil {
		return nil, err
	}
	for _, c := range b.centres {
		b.work(c)
	}
	for i := range areaNames {
		b.reports(b.centres[2*i], b.centres[2*i+1])
	}
	_, _ = fmt.Fprintf(progress, "building the demo: %d centres, %d people, %d jobs, %d visits\n", len(b.centres), len(b.brand.Users), b.jobs,
		b.visits)
	if err := b.run(); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(progress, "built in %.1f s\n", time.Since(began).Seconds())
	return b.brand, nil
}

// builder plans what happens and then lets it happen in order of time.
type builder struct {
	ctx     context.Context
	svc     *usecases.All
	clock   *Clock
	now     time.Time
	rng     *rand.Rand
	brand   *Brand
	centres []*centre
	agents  []*worker
	events  events
	planned int
	jobs    int
	visits  int
	numbers int
	homes   map[string]bool // addresses that are taken
	faults  int
}

// centre is one centre of the demo with its people.
type centre struct {
	centreData
	id           domain.ID
	loc          *time.Location
	today        time.Time // local midnight
	proprietor   *worker
	coordinators []*worker
	technicians  []*worker
	managers     []*worker // of the area
	taken        map[booking]bool
	turn         int
	households   int
}

// worker is one member of staff.
type worker struct {
	domain.User
	actor domain.Actor
}

// call is a request by that person.
func (w *worker) call() *casework.Call { return &casework.Call{Actor: w.actor} }

// booking is a technician's slot of a day.
type booking struct {
	technician domain.ID
	day, slot  int
}

// openings are the windows that customers are offered: two hours each.
var openings = []int{8, 10, 12, 14, 16, 18}
