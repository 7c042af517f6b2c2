package demo

import (
	"sync"
	"time"
)

// Clock is the product's clock: the wall's with an offset, or one that stands
// still. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	still  bool
	at     time.Time     // when still
	offset time.Duration // when it runs
}

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still {
		return c.at
	}
	return time.Now().Add(c.offset).UTC().Round(0)
}

// Set stops the clock at t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still, c.at = true, t.UTC()
}

// Advance moves the clock on, whether it runs or stands.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.offset = c.at.Add(d), c.offset+d
}

// borrow lets somebody move the clock and put it back as it was: one that ran
// runs on as if nothing had happened.
func (c *Clock) borrow() (giveBack func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	still, at, offset := c.still, c.at, c.offset
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.still, c.at, c.offset = still, at, offset
	}
}
