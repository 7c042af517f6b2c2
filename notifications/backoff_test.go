package notifications_test

import (
	"testing"
	"time"

	"doorstep/notifications"
)

// Nothing but the death of its token ends the ring of an alarm, and it never
// waits long.
func TestAlarmBackoff(t *testing.T) {
	type result = notifications.Result
	for _, c := range []struct {
		attempt int
		r       result
		want    time.Duration
	}{
		{1, result{Outcome: notifications.Rejected, Detail: "not_found"}, time.Second},
		{9, result{Outcome: notifications.Rejected, Detail: "not_found"}, 30 * time.Second},
		{1, result{Outcome: notifications.Rejected, Detail: "gone"}, time.Second},
		{4, result{Outcome: notifications.Misconfigured, Detail: "permission_denied"}, 8 * time.Second},
		{1, result{Outcome: notifications.Retry, Detail: "quota_exceeded", RetryAfter: time.Minute}, time.Minute},
		{1, result{Outcome: notifications.Dropped, DropToken: true}, 0},
		{1, result{Outcome: notifications.Accepted}, 0},
		{1, result{Outcome: notifications.Expired}, 0},
	} {
		if got := notifications.AlarmBackoff(c.attempt, c.r, 0); got != c.want {
			t.Errorf("try %d, %+v: %v, want %v", c.attempt, c.r, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	type result = notifications.Result
	plain := result{Outcome: notifications.Retry, Detail: "internal"}
	quota := result{Outcome: notifications.Retry, Detail: "quota_exceeded", RetryAfter: time.Minute}
	keys := result{Outcome: notifications.Misconfigured, Detail: "third_party_auth"}
	wish := result{Outcome: notifications.Retry, Detail: "unavailable", RetryAfter: 30 * time.Second}
	for _, c := range []struct {
		name    string
		attempt int
		r       result
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
		{"quota without a wish", 1, result{Outcome: notifications.Retry, Detail: "quota_exceeded"}, 0, time.Minute},
		{"keys", 1, keys, 0, 5 * time.Minute},
		{"keys limit", 9, keys, 0, time.Hour},
		{"wish", 1, wish, 0, 30 * time.Second},
		{"wish is a floor", 1, wish, 0.5, 37500 * time.Millisecond},
		{"later than the wish", 7, wish, 0, 64 * time.Second},
		{"jitter out of range", 1, plain, -3, time.Second},
		{"accepted", 1, result{Outcome: notifications.Accepted}, 0.5, 0},
		{"dropped", 1, result{Outcome: notifications.Dropped}, 0.5, 0},
		{"rejected", 1, result{Outcome: notifications.Rejected, RetryAfter: time.Hour}, 0.5, 0},
		{"expired", 1, result{Outcome: notifications.Expired}, 0.5, 0},
	} {
		if got := notifications.Backoff(c.attempt, c.r, c.jitter); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
