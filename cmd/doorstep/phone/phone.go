package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Options are what a phone is started with.
type Options struct {
	Server          string
	Login, Password string
	Network
	// Visits it works at most; Offline is how long it was without network while it did.
	Visits  int
	Offline time.Duration
	// RealTime waits for the time without network to pass; else it lies behind, and what was done is dated back.
	RealTime bool
	ClockOff time.Duration // of the phone's clock
	Batch    int           // requests in one upload; 0: as many as the contract allows
	Seed     uint64        // of the network and of what is done

	DeskLogin, DeskPassword string // whoever has them books the visits first, and reads what the technician may not

	Now   func() time.Time // the true time; nil: the system's
	Sleep func(context.Context, time.Duration) error
	HTTP  *http.Client
	Say   func(line string) // what an app would have seen, as it goes
}

// Phone is a companion phone of one technician.
type Phone struct {
	o      Options
	luck   *rand.Rand // of the network
	work   *rand.Rand // of what is done
	state  state
	saved  []byte // what is on the phone's disk
	report Report
	whole  map[string]Visit // of a picture that is still coming
	// The simulator's own, not on the phone: what was erased, to look for it afterwards, and how often each request was sent.
	erased map[string][]string
	sent   map[string]int
}

// state is what an app keeps on disk: all that it has after it was killed.
type state struct {
	Installation, Access, Refresh, Credential string
	User, Centre                              string
	Cursor, ETag                              string
	Ahead                                     time.Duration // of the server before the phone's clock
	Visits                                    map[string]Visit
	Homes                                     map[string]json.RawMessage // by customer
	Promises, Inbox                           map[string]json.RawMessage
	Me                                        *me
	Queue                                     []*Item
	Wiped                                     bool
}

// New makes a phone that holds nothing.
func New(o Options) *Phone {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: time.Minute}
	}
	if o.Batch <= 0 || o.Batch > mostInBatch {
		o.Batch = mostInBatch
	}
	p := &Phone{o: o, luck: rand.New(rand.NewPCG(o.Seed, 1)), work: rand.New(rand.NewPCG(o.Seed, 2)), // #nosec G404 -- no secret
		erased: map[string][]string{}, sent: map[string]int{}}
	p.report = Report{Server: o.Server, Login: o.Login, Gone: map[string]int{}, Refused: []Refusal{}, Lost: []string{}, Doubled: []string{},
		Unexpected: []string{}, Stays: []string{}, Missing: []string{}}
	p.state.empty()
	p.save()
	return p
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// clock is the phone's.
func (p *Phone) clock() time.Time { return p.o.Now().Add(p.o.ClockOff).UTC() }

func (p *Phone) say(format string, args ...any) {
	if p.o.Say != nil {
		p.o.Say(fmt.Sprintf(format, args...))
	}
}

func (s *state) empty() {
	s.Visits, s.Homes = map[string]Visit{}, map[string]json.RawMessage{}
	s.Promises, s.Inbox = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	s.Cursor, s.ETag, s.Me = "", "", nil
}

// save writes what the phone has to its disk.
func (p *Phone) save() {
	b, err := json.Marshal(&p.state)
	if err != nil {
		panic(err) // strings, numbers and JSON that was read before
	}
	p.saved = b
}

// alive does something until the app is not killed at it, each time with what it had saved.
func (p *Phone) alive(do func() error) error {
	for {
		err := do()
		if !errors.Is(err, errKilled) {
			return err
		}
		p.say("the app was killed; it starts again")
		p.state, p.whole = state{}, nil
		if err := json.Unmarshal(p.saved, &p.state); err != nil {
			return err
		}
	}
}

// Holds lists the ids of the visits on the phone.
func (p *Phone) Holds() map[string]Visit { return p.state.Visits }

// Wiped reports whether the phone was reported lost and erased what it held.
func (p *Phone) Wiped() bool { return p.state.Wiped }

// Installation is the phone's id.
func (p *Phone) Installation() string { return p.state.Installation }

// Queued is how many requests wait on the phone.
func (p *Phone) Queued() (n int) {
	for _, it := range p.state.Queue {
		if it.State == Waiting {
			n++
		}
	}
	return n
}

// Run is a whole day: what is known comes down, visits are worked without network, what was done goes up, what came
// of it comes down, and both sides are compared. Whatever the error, the report says how far it came.
func (p *Phone) Run(ctx context.Context) (*Report, error) {
	err := p.run(ctx)
	if err != nil && !errors.Is(err, errWiped) {
		p.report.Error = err.Error()
		p.report.idle = errors.As(err, new(NothingToDo))
	}
	return &p.report, err
}

func (p *Phone) run(ctx context.Context) error {
	if err := p.SignIn(ctx); err != nil {
		return err
	}
	if p.o.DeskLogin != "" && p.o.Visits > 0 {
		if err := p.Book(ctx, p.o.Visits); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{p.SyncDown, p.Work, p.SyncUp, p.SyncDown} {
		if err := step(ctx); err != nil && !errors.Is(err, errWiped) {
			return err
		}
	}
	return p.Compare(ctx)
}
