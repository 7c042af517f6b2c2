package domain

import "time"

// Claim is what somebody of a crew told of after it could no longer happen: the
// visit had been given to others, or had ended. It moves nothing and is kept, with
// its words on the timeline (docs/product.md section 3).
type Claim struct {
	ID         ID
	VisitID    ID
	JobID      ID
	ActorID    ID
	Key        string // the Idempotency-Key: the same request is the same claim
	Action     string
	OccurredAt time.Time
	ClaimedAt  *time.Time
	RecordedAt time.Time
}
