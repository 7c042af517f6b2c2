package web

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

// places lets only so many requests at a time into the operations that give way (x-gives-way): what phones ask
// when a region has its network back. The others wait a little, then come again, each at another time. So whoever
// needs the server at once, for an SOS above all, finds a processor and a connection.
type places struct {
	taken  chan struct{}
	urgent [][]byte // words of addresses that give way to nobody
}

const (
	// placeWait is how long a request waits for a place: it costs less than to come again.
	placeWait = time.Second
	// Who found none comes again between comeSoonest and comeLatest.
	comeSoonest = 2 * time.Second
	comeLatest  = 30 * time.Second
)

// newPlaces has so many; 0: four for each processor.
func newPlaces(most int, contract *Contract) *places {
	if most <= 0 {
		most = 4 * runtime.GOMAXPROCS(0)
	}
	p := &places{taken: make(chan struct{}, most)}
	if contract == nil {
		return p
	}
	for _, o := range contract.list {
		if o.Lenient && o.Offline {
			p.urgent = append(p.urgent, []byte(o.Path[strings.LastIndex(o.Path, "/")+1:]))
		}
	}
	return p
}

// calls reports whether a batch may hold a call for help. One that only looks like it passes too.
func (p *places) calls(body []byte) bool {
	for _, word := range p.urgent {
		if bytes.Contains(body, word) {
			return true
		}
	}
	return false
}

// giveWay holds a request until there is a place, before anything is asked of the database. Its body is read
// first: however slowly that comes, it takes no place.
func (s *Server) giveWay(op *Operation) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if !op.Public && c.Get(fiber.HeaderAuthorization) == "" { // refused at once
			return c.Next()
		}
		in, ok := c.Locals(localBody).(*unreadBody)
		if _, err := op.limit(c); err == nil && ok && !in.done && !bodyless(c) {
			held := &heldMemory{all: &s.bodies}
			defer held.release()
			if err := takeBody(c, in, op.limit, false, held); err != nil {
				return err
			}
		}
		if s.places.calls(c.Body()) {
			return c.Next()
		}
		wait := time.NewTimer(placeWait)
		defer wait.Stop()
		select {
		case s.places.taken <- struct{}{}:
			defer func() { <-s.places.taken }()
			return c.Next()
		case <-wait.C:
		}
		e := domain.Fail(domain.CodeUnavailable, "Many phones come back at once; yours is asked to come a little later.")
		e.RetryAfter = comeSoonest + rand.N(comeLatest-comeSoonest) // #nosec G404 -- no secret
		return e
	}
}
