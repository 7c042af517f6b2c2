package domain

import (
	"time"
)

// CoolOffWithin is how long after a report or an abusive call a pause can be had.
const CoolOffWithin = 72 * time.Hour

// CoolOff is the answer of somebody who was harmed to a pause that they were
// offered. It counts against nobody and stays payable (docs/product.md section 5).
type CoolOff struct {
	Meta
	FlagID    *ID    `json:"flag_id"`    // the report for which it was offered,
	AttemptID *ID    `json:"attempt_id"` // or the abusive call that they ended,
	ContactID *ID    `json:"contact_id"` // or the one that they ended knowing its number alone
	UserID    ID     `json:"user_id"`
	Accepted  bool   `json:"accepted"`
	VisitID   *ID    `json:"visit_id"` // the one that is not theirs now
	Outcome   string `json:"outcome"`  // declined, nothing_ahead, offered, moved, taken
}

// CheckCoolOff refuses the pause to whom it is not offered.
func (a Actor) CheckCoolOff(f *Flag, now time.Time) error {
	switch {
	case !f.ReportedBy(a.UserID):
		return Fail(CodeForbidden, "The pause is offered to who reported.")
	case f.Level < AftercareLevel || !now.Before(f.RecordedAt.Add(CoolOffWithin)):
		return Fail(CodeState, "No pause is offered for this report now.")
	}
	return nil
}
