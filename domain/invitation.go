package domain

import (
	"time"
)

// Invitation lets a user set a password once: as a first one or as a reset.
// Its code is derived from the id and is never stored; TokenHash is its hash.
type Invitation struct {
	ID        ID               `json:"id"`
	UserID    ID               `json:"-"`
	Purpose   string           `json:"purpose"`
	TokenHash string           `json:"-"`
	CreatedAt time.Time        `json:"created_at"`
	CreatedBy *ID              `json:"created_by"` // nil: the command line
	ExpiresAt time.Time        `json:"expires_at"`
	UsedAt    *time.Time       `json:"used_at"` // or ended by a newer password
	SentBy    JSONList[string] `json:"sent_by"`
	Note      string           `json:"note"` // of one handed over by an admin
}

// ByHand reports whether the code is handed over by whoever asked for it.
func (i *Invitation) ByHand() bool { return len(i.SentBy) == 0 }
