package accounts

import (
	"sync"
	"time"

	"doorstep/domain"
)

const maxTries = 20_000 // that one replica remembers

// Tries is what this replica knows besides: tries under way, and what it wrote
// or could not write. A burst in parallel gains nothing by it, and a database that
// only reads does not open guessing.
type Tries struct {
	mu    sync.Mutex
	known map[string]*tryCount
}

// NewTries remembers nothing yet.
func NewTries() *Tries { return &Tries{known: map[string]*tryCount{}} }

// tryCount is what this replica knows of failed tries of a key.
type tryCount struct {
	inFlight int
	last     domain.Throttle
}

// entry finds what is remembered of a key and makes it when it is not there.
// REQUIRES: mu is held.
func (t *Tries) entry(key string) *tryCount {
	if e, ok := t.known[key]; ok {
		return e
	}
	for k, e := range t.known {
		if len(t.known) < maxTries {
			break
		}
		if e.inFlight == 0 {
			delete(t.known, k)
		}
	}
	e := &tryCount{}
	t.known[key] = e
	return e
}

// latest is what is known last of a key, here or by all.
// REQUIRES: mu is held.
func (t *Tries) latest(key string, rows map[string]domain.Throttle, now time.Time) domain.Throttle {
	row := rows[key]
	if e, ok := t.known[key]; ok && e.last.ChangedAt.After(row.ChangedAt) {
		row = e.last
	}
	row.Forget(now)
	return row
}

// wait is how long a key asks for. Beyond the free tries one at a time is let
// through.
func (e *tryCount) wait(row domain.Throttle, free int, now time.Time) time.Duration {
	if row.UntilAt != nil && row.UntilAt.After(now) {
		return row.UntilAt.Sub(now)
	}
	// Without a failure so far a burst is more likely an app that starts than
	// somebody who guesses; it is still bounded.
	if row.Failures == 0 {
		free *= 4
	}
	if e.inFlight > 0 && row.Failures+e.inFlight >= free {
		return time.Second
	}
	return 0
}
