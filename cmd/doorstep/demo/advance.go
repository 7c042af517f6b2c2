package demo

import (
	"context"
	"time"

	"doorstep/cmd/doorstep/app"
)

// longestStep bounds how far the clock jumps at once, so that what falls due in
// between happens, and is pushed, at its own time.
const longestStep = 2 * time.Hour

// Advance moves the demo's clock in steps and lets everything that is due
// happen and be pushed on the way.
func Advance(ctx context.Context, h *app.Server, clock *Clock, by time.Duration) (time.Time, int, error) {
	// A client that gives up must not leave the clock halfway.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	target := clock.Now().Add(by)
	step := max(longestStep, by/60)
	done := 0
	for {
		next, err := h.Service.Read.NextDeadline(ctx)
		if err != nil {
			return clock.Now(), done, err
		}
		now := clock.Now()
		to := target
		if next != nil && next.Before(target) {
			to = next.Add(time.Second)
			if least := now.Add(step); to.Before(least) {
				to = least
			}
			if to.After(target) {
				to = target
			}
		}
		if to.After(now) {
			clock.Advance(to.Sub(now))
		}
		n, err := h.Service.Clock.Tick(ctx)
		done += n
		if err != nil {
			return clock.Now(), done, err
		}
		if n > 0 || !to.Before(target) {
			if err := h.Settle(ctx); err != nil {
				return clock.Now(), done, err
			}
		}
		if !clock.Now().Before(target) {
			return clock.Now(), done, nil
		}
	}
}
