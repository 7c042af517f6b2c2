package domain

import (
	"time"
)

// Feed is the calendar of a technician for programs that have no account
// (docs/product.md section 6). Its address is a secret: an HMAC over the feed's id,
// recomputed when it is given out; only its hash is kept.
type Feed struct {
	Meta
	UserID    ID         `json:"-"`
	KeyID     string     `json:"-"`
	TokenHash string     `json:"-"`
	RevokedAt *time.Time `json:"-"`
}

// FeedVisit is an entry: what a calendar outside our house may know.
type FeedVisit struct {
	Visit
	Current    bool   // they are in the crew still
	Category   string // of the appliance
	PostalCode string
}

// Gone reports whether the entry stays only to say that nobody goes there, or
// not they.
func (f *FeedVisit) Gone() bool {
	return !f.Current || f.Status == VisitCancelled || f.Status == VisitRescheduled || f.Status == VisitMissed
}
