package domain

import (
	"fmt"
	"time"
)

// Link is the customer's way in. A job has one that the system delivers and nobody
// else reads, and from the first reading by staff on another one, which they may
// hand on (docs/product.md section 7). The token is an HMAC over the random id;
// only its hash is kept.
type Link struct {
	ID         ID
	JobID      ID
	KeyID      string
	TokenHash  string
	CreatedAt  time.Time
	RevokedAt  *time.Time
	RevokedWhy string
	ReadAt     *time.Time // when staff first read it; nil: only the system has delivered it
	ReadBy     *ID        // nil with ReadAt: from before readings were noted
}

// Read reports whether staff have read a link: then whoever comes by it may be
// one of them.
func (l *Link) Read() bool { return l.ReadAt != nil }

// String keeps a link out of logs.
func (l Link) String() string { return fmt.Sprintf("link of job %s", l.JobID) }
