package domain

import (
	"time"
)

// ReceivedStop is a tap on "stop" that came while somebody held its job for
// longer than StopWait. It is committed beside, together with a hold that has the
// id which its report will have, and counts from then: the visit is shown as
// stopped, the household is held. Whoever opens the case next carries it out, the
// clock at the latest (docs/product.md section 3).
type ReceivedStop struct {
	ID         ID
	FlagID     ID // of the report that it becomes, and of the hold that stands already
	VisitID    ID
	JobID      ID
	UserID     ID // who tapped
	Kind       string
	Level      int // 0: none was said
	Note       string
	OccurredAt time.Time
	ClaimedAt  *time.Time
	ReceivedAt time.Time
}

// Pending reports whether a hold came of a stop that was received and not
// carried out.
func (h *Hold) Pending() bool { return h.StoppedVisitID != nil && h.LiftedAt == nil }

// Shown is the visit as it is shown: stopped, from when a stop of it was received.
func (v Visit) Shown(holds []Hold) Visit {
	for i := range holds {
		h := &holds[i]
		if !h.Pending() || *h.StoppedVisitID != v.ID {
			continue
		}
		was := v.Status
		if err := Apply(&v, "stop", h.Since); err == nil && v.Status != was {
			v.EndedAt, v.EndReason, v.CountsAgainst, v.ProvisionalTo = &h.Since, "", "nobody", nil
		}
	}
	return v
}
