package domain

import (
	"time"
)

const (
	firstDelay   = 30 * time.Second
	longestDelay = 15 * time.Minute
	// ForgetAfter without a failure nothing is held against anybody.
	ForgetAfter = time.Hour
	// TrustFor is how long an address stays known after a sign-in.
	TrustFor = 30 * 24 * time.Hour
)

// Throttle is what the replicas know of failed tries at one account or from one
// address. Its key is hashed with a secret: a dump shows no names and addresses,
// and nobody can choose with whom they share a row.
type Throttle struct {
	Key       string
	Failures  int
	UntilAt   *time.Time // no try before
	ChangedAt time.Time  // the last failure, or the success that ended them
	TrustedAt *time.Time // signed in from here last
	ForgetAt  time.Time  // when it says nothing any more
}

// Forget drops old failures.
func (r *Throttle) Forget(now time.Time) {
	if r.Failures > 0 && now.Sub(r.ChangedAt) > ForgetAfter && (r.UntilAt == nil || !now.Before(*r.UntilAt)) {
		r.Failures, r.UntilAt = 0, nil
	}
}

// Fail counts a failed try and sets how long the next one waits.
func (r *Throttle) Fail(free int, now time.Time) {
	r.Failures++
	r.ChangedAt = now
	if over := r.Failures - free; over >= 0 {
		delay := longestDelay
		if over < 10 {
			delay = min(longestDelay, firstDelay<<over)
		}
		until := now.Add(delay)
		r.UntilAt = &until
	}
}

// ForgottenAt is when a row is of no use any more.
func (r *Throttle) ForgottenAt() time.Time {
	at := r.ChangedAt.Add(ForgetAfter)
	if r.UntilAt != nil && r.UntilAt.After(at) {
		at = *r.UntilAt
	}
	if r.TrustedAt != nil && r.TrustedAt.Add(TrustFor).After(at) {
		at = r.TrustedAt.Add(TrustFor)
	}
	return at
}
