package domain

import "time"

// A wait is a hold at the household's request (customer_request). Anybody of the centre can say that it was asked for, so that
// alone ends silence and stops the clock for a short while (docs/product.md section 3).
const (
	WaitUnconfirmed = 72 * time.Hour      // that much counts; of urgent and safety-critical jobs the time of their silence
	WaitsAgain      = 14 * 24 * time.Hour // all that nobody confirmed within it count that much together
	WaitDeclared    = 30 * 24 * time.Hour // ahead: longer nobody waits by a call of which staff tell
	WaitLongest     = 90 * 24 * time.Hour // ahead, by the household's own word; and where that names no day
)

// DeniedWait is when the household last said that it had not asked for a wait; nil: never.
func DeniedWait(holds []Hold) (at *time.Time) {
	for i := range holds {
		h := &holds[i]
		if h.Kind == HoldCustomerRequest && h.LiftReason == NotAskedFor && h.LiftedAt != nil && (at == nil || h.LiftedAt.After(*at)) {
			at = h.LiftedAt
		}
	}
	return at
}

// Counts judges until when a new wait counts, beside the holds of the job before it; bound: how much of one that nobody
// confirmed does.
func (h *Hold) Counts(before []Hold, bound time.Duration) time.Time {
	if h.Confirmed {
		if h.DueAt != nil {
			return *h.DueAt
		}
		return h.Since.Add(WaitLongest)
	}
	first := h.Since
	for i := range before {
		switch o := &before[i]; {
		case o.Kind != HoldCustomerRequest || o.Since.Before(h.Since.Add(-WaitsAgain)):
		case o.Confirmed || o.LiftReason == NotAskedFor:
			first = h.Since
		case o.Since.Before(first):
			first = o.Since
		}
	}
	until := first.Add(bound)
	if h.DueAt != nil && h.DueAt.Before(until) {
		return *h.DueAt
	}
	return until
}

// Counted is the end of what counts of a wait, or of another hold its end; nil: it still runs.
func (h *Hold) Counted() *time.Time {
	if h.CountsTo == nil || h.LiftedAt != nil && h.LiftedAt.Before(*h.CountsTo) {
		return h.LiftedAt
	}
	return h.CountsTo
}
