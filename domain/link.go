package domain

import (
	"fmt"
	"time"
)

// Link is the customer's way in: one for a job. The token is an HMAC over the
// random id; only its hash is kept.
type Link struct {
	ID         ID
	JobID      ID
	KeyID      string
	TokenHash  string
	CreatedAt  time.Time
	RevokedAt  *time.Time
	RevokedWhy string
}

// String keeps a link out of logs.
func (l Link) String() string { return fmt.Sprintf("link of job %s", l.JobID) }
