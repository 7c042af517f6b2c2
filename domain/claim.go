package domain

import (
	"fmt"
	"time"
)

// Claim is what somebody of a crew told of after it could no longer happen: the
// visit had been given to others, or had ended, or the guard was missed. It moves
// nothing and is kept, with its words on the timeline, until somebody else decides it
// (docs/product.md section 3).
type Claim struct {
	ID         ID         `json:"id"`
	VisitID    ID         `json:"visit_id"`
	JobID      ID         `json:"job_id"`
	ActorID    ID         `json:"actor_id"`
	CentreID   ID         `json:"-"` // for which its maker went there; the job may be another's now
	AreaID     ID         `json:"-"`
	Key        string     `json:"-"` // the Idempotency-Key: the same request is the same claim
	Action     string     `json:"action"`
	OccurredAt time.Time  `json:"occurred_at"`
	ClaimedAt  *time.Time `json:"claimed_at"`
	RecordedAt time.Time  `json:"recorded_at"`
	Status     string     `json:"status"` // kept (before claims were decided), open, taken, declined, settled
	Cause      string     `json:"cause"`
	DueAt      *time.Time `json:"due_at"`
	DecidedAt  *time.Time `json:"decided_at"`
	DecidedBy  *ID        `json:"decided_by"`
	ByDefault  bool       `json:"by_default"`
	Reasons    string     `json:"reasons"`
	Witness    string     `json:"witness"` // who saw it, where the guard was not met
	Moved      bool       `json:"moved"`   // the visit ended by it
}

// Why a claim could only be kept. Claims of one person with one cause are one decision.
const (
	CausePhoneClock = "phone_clock" // the phone's clock was off
	CauseGivenAway  = "given_away"
	CauseEnded      = "ended"
	CauseGuard      = "guard_not_met"
	CauseOwnWord    = "own_word"    // the visit ended, and that somebody came stands on the word of who says so
	CauseSealed     = "device_lost" // what stood in the queue of a device that was reported lost
)

// CauseWords says the cause of a claim.
func (c *Claim) CauseWords() string {
	switch c.Cause {
	case CausePhoneClock:
		off := time.Duration(0)
		if c.ClaimedAt != nil {
			off = c.OccurredAt.Sub(*c.ClaimedAt).Abs()
		}
		if off >= 36*time.Hour {
			return fmt.Sprintf("phone clock %d days off", int(off.Round(24*time.Hour).Hours())/24)
		}
		return fmt.Sprintf("phone clock %d h off", int(off.Round(time.Hour).Hours()))
	case CauseGivenAway:
		return "the visit was given to others before it was told"
	case CauseEnded:
		return "the visit had ended before it was told"
	case CauseOwnWord:
		return "that they came stands on their word alone"
	case CauseSealed:
		return "it came from a phone that was reported lost"
	}
	return "its guard was not met"
}

// Default is what happens when nobody decides in time: never against the household.
func (c *Claim) Default() string {
	if c.Cause == CauseOwnWord {
		return "It is paid: nobody says otherwise, and nothing counts against the household."
	}
	if c.Action == "no-access" {
		return "It is declined: nothing counts against the household."
	}
	return "It is declined: the visit stays as it is, and the words stay on the timeline."
}

// Decides reports whether somebody may decide a claim: never its maker, and what would
// count against a household outside the centre.
func (c *Claim) Decides(a Actor) bool {
	return a.UserID != c.ActorID && (a.Role == RoleAreaManager || c.Action != "no-access" && a.Is(Desk...))
}

// ClaimView is a claim as answered: with what this caller may do now.
type ClaimView struct {
	Claim
	CauseWords string           `json:"cause_words"`
	Default    string           `json:"default"`
	Alike      int              `json:"alike"` // decided with it: open ones of the same person with the same cause
	Actions    JSONList[string] `json:"actions"`
}

// View shows a claim to an actor.
func (c Claim) View(a Actor) ClaimView {
	v := ClaimView{Claim: c, CauseWords: c.CauseWords(), Default: c.Default(), Actions: JSONList[string]{}}
	if c.Decides(a) {
		v.Actions = ClaimMoves.Of(c.Status, "decide")
	}
	return v
}
