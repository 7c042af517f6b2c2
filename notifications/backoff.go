package notifications

import "time"

// step is a wait that doubles with every try until it reaches its limit.
type step struct{ first, limit time.Duration }

var (
	soon    = step{time.Second, 10 * time.Minute}
	quota   = step{minQuotaWait, time.Hour}
	mending = step{5 * time.Minute, time.Hour} // a person has to act first
	alarm   = step{time.Second, 30 * time.Second}
)

func (s step) wait(attempt int) time.Duration {
	wait := s.first
	for i := 1; i < attempt && wait < s.limit; i++ {
		wait *= 2
	}
	return min(wait, s.limit)
}

// Backoff says how long to wait after try number attempt (the first is 1)
// came back with r; zero when no other try is due. It never waits less than
// the provider asked for. Jitter is a number in [0, 1) that spreads the
// waits over half as much again, so that devices which failed together do
// not come back together.
func backoff(attempt int, r Result, jitter float64) time.Duration {
	if !r.retryable() {
		return 0
	}
	s := soon
	switch {
	case r.Detail == detailQuotaExceeded:
		s = quota
	case r.Outcome == Misconfigured:
		s = mending
	}
	return spread(max(s.wait(attempt), r.RetryAfter), jitter)
}

// AlarmBackoff is Backoff for the ring of an alarm. Nothing but the death of
// the token ends one: what stands in between (a proxy's 404, a broken set-up)
// may be gone a second later, and somebody waits.
func alarmBackoff(attempt int, r Result, jitter float64) time.Duration {
	if r.Outcome == Accepted || r.Outcome == Expired || r.DropToken {
		return 0
	}
	return spread(max(alarm.wait(attempt), r.RetryAfter), jitter)
}

func spread(wait time.Duration, jitter float64) time.Duration {
	return wait + time.Duration(min(max(jitter, 0), 1)*float64(wait)/2)
}
