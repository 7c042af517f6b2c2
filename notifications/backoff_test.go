package notifications

import (
	"testing"
	"time"
)

// Nothing but the death of its token ends the ring of an alarm, and it never
// waits long.
func TestAlarmBackoff(t *testing.T) {
	for _, c := range []struct {
		attempt int
		r       Result
		want    time.Duration
	}{
		{1, Result{Outcome: Rejected, Detail: "not_found"}, time.Second},
		{9, Result{Outcome: Rejected, Detail: "not_found"}, 30 * time.Second},
		{1, Result{Outcome: Rejected, Detail: "gone"}, time.Second},
		{4, Result{Outcome: Misconfigured, Detail: "permission_denied"}, 8 * time.Second},
		{1, Result{Outcome: Retry, Detail: "quota_exceeded", RetryAfter: time.Minute}, time.Minute},
		{1, Result{Outcome: Dropped, DropToken: true}, 0},
		{1, Result{Outcome: Accepted}, 0},
		{1, Result{Outcome: Expired}, 0},
	} {
		if got := alarmBackoff(c.attempt, c.r, 0); got != c.want {
			t.Errorf("try %d, %+v: %v, want %v", c.attempt, c.r, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	plain := Result{Outcome: Retry, Detail: "internal"}
	quota := Result{Outcome: Retry, Detail: "quota_exceeded", RetryAfter: time.Minute}
	keys := Result{Outcome: Misconfigured, Detail: "third_party_auth"}
	wish := Result{Outcome: Retry, Detail: "unavailable", RetryAfter: 30 * time.Second}
	for _, c := range []struct {
		name    string
		attempt int
		r       Result
		jitter  float64
		want    time.Duration
	}{
		{"first", 1, plain, 0, time.Second},
		{"third", 3, plain, 0, 4 * time.Second},
		{"spread", 3, plain, 0.5, 5 * time.Second},
		{"limit", 11, plain, 0, 10 * time.Minute},
		{"far beyond the limit", 1 << 40, plain, 0, 10 * time.Minute},
		{"attempt nought", 0, plain, 0, time.Second},
		{"quota", 1, quota, 0, time.Minute},
		{"quota doubles", 3, quota, 0, 4 * time.Minute},
		{"quota limit", 99, quota, 0, time.Hour},
		{"quota without a wish", 1, Result{Outcome: Retry, Detail: "quota_exceeded"}, 0, time.Minute},
		{"keys", 1, keys, 0, 5 * time.Minute},
		{"keys limit", 9, keys, 0, time.Hour},
		{"wish", 1, wish, 0, 30 * time.Second},
		{"wish is a floor", 1, wish, 0.5, 37500 * time.Millisecond},
		{"later than the wish", 7, wish, 0, 64 * time.Second},
		{"jitter out of range", 1, plain, -3, time.Second},
		{"accepted", 1, Result{Outcome: Accepted}, 0.5, 0},
		{"dropped", 1, Result{Outcome: Dropped}, 0.5, 0},
		{"rejected", 1, Result{Outcome: Rejected, RetryAfter: time.Hour}, 0.5, 0},
		{"expired", 1, Result{Outcome: Expired}, 0.5, 0},
	} {
		if got := backoff(c.attempt, c.r, c.jitter); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
