package domain

import (
	"strings"
	"time"
)

// The states of a link request.
const (
	LinkRequestPending  = "pending"  // waits to be verified
	LinkRequestMarked   = "marked"   // was done; may be undone until its due time
	LinkRequestVerified = "verified" // the household said that it was them
	LinkRequestUndone   = "undone"   // the household said that it was not
	LinkRequestAccepted = "accepted" // by whoever decides, or as its stated default
	LinkRequestRefused  = "refused"
	LinkRequestLapsed   = "lapsed" // nobody verified it in time: nothing happens
)

// ReadLink is how something came by a link that staff had read.
const ReadLink = "read_link"

// LinkRequest is what somebody asked by a link that staff had read, or what staff wrote down for a caller. What speaks for
// us waits until the household or, outside the centre, the area manager verifies it;
// what moves a visit was done and may be undone (docs/product.md section 10).
type LinkRequest struct {
	Meta
	JobID      ID         `json:"job_id"`
	CentreID   ID         `json:"centre_id"`
	AreaID     ID         `json:"area_id"`
	CustomerID ID         `json:"customer_id"`
	LinkID     ID         `json:"-"`     // of what came by voice: the one that the system delivers
	ByID       *ID        `json:"by_id"` // who wrote it down for a caller; nil: it came by a link
	VisitID    *ID        `json:"visit_id"`
	FlagID     *ID        `json:"-"` // of withdraw-report: the first report that it would end
	Action     string     `json:"action"`
	Words      string     `json:"words"`
	Status     string     `json:"status"`
	OccurredAt time.Time  `json:"occurred_at"`
	DueAt      time.Time  `json:"due_at"` // then the default, or it can no longer be undone
	CodeTries  int        `json:"-"`
	WasSaid    string     `json:"-"` // the visit's confirmation before, and how it came
	WasHow     string     `json:"-"`
	DecidedAt  *time.Time `json:"decided_at"`
	DecidedBy  *ID        `json:"decided_by"` // nil: the household, or the clock
	Reasons    string     `json:"reasons"`
}

// LinkRequestCodeTries bounds guessing a code of six digits.
const LinkRequestCodeTries = 5

// Open reports whether the household may still answer for a request.
func (r *LinkRequest) Open(now time.Time) bool {
	return r.Status == LinkRequestPending || r.Status == LinkRequestMarked && now.Before(r.DueAt)
}

// MayDecide reports whether an actor decides a request that waits: the area
// manager, and nobody of what they wrote down themselves; about a report only who answers for that, which f is.
func (r *LinkRequest) MayDecide(a Actor, f *Flag) bool {
	switch {
	case a.Role != RoleAreaManager || !a.Reaches(r.CentreID, r.AreaID), r.ByID != nil && *r.ByID == a.UserID:
		return false
	case r.Action == "withdraw-report":
		return f != nil && a.AnswersFor(f)
	}
	return true
}

// Unanswered says what happens when nobody verified a request in time.
func (r *LinkRequest) Unanswered() string {
	switch {
	case r.Action != NumberChanged:
		return HouseholdActions[r.Action].Unanswered
	case r.OfStrike() || r.DueAt.Sub(r.OccurredAt) >= NumberVouchWithin:
		return "The number proves nothing."
	}
	return "The number is the household's."
}

// OfStrike reports whether a request about a household's numbers asks about one that was found to be wrong.
func (r *LinkRequest) OfStrike() bool {
	return r.Action == NumberChanged && strings.HasPrefix(r.Words, NumberStruckWords)
}

// NumberStruckWords begin the words of such a request; the number follows.
const NumberStruckWords = "wrong number: "

// Counts reports whether a request is carried out when nobody verified it in time.
func (r *LinkRequest) Counts() bool {
	return HouseholdActions[r.Action].Counts || r.Action == NumberChanged && r.DueAt.Sub(r.OccurredAt) < NumberVouchWithin
}

// LinkRequestView is a request as answered: with its default and what this caller
// may do now.
type LinkRequestView struct {
	LinkRequest
	Default string           `json:"default"`
	Actions JSONList[string] `json:"actions"`
}

// View shows a request to whoever may decide it.
func (r LinkRequest) View() LinkRequestView {
	return LinkRequestView{r, r.Unanswered(), LinkRequestMoves.Of(r.Status, "decide")}
}

// LinkRequestFilter narrows GET /v1/link-requests.
type LinkRequestFilter struct {
	Status []string
	JobID  *ID
}
