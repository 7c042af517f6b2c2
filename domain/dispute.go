package domain

import (
	"time"
)

// DisputeStatus is where a disputed fact stands.
type DisputeStatus string

// The states of a dispute. Upheld and struck speak of the fact: an upheld one
// stands and counts again, a struck one never does.
const (
	DisputeOpen      DisputeStatus = "open"
	DisputeUpheld    DisputeStatus = "upheld"
	DisputeStruck    DisputeStatus = "struck"
	DisputeWithdrawn DisputeStatus = "withdrawn"
)

// What a household can dispute.
const (
	AboutAttempt    = "attempt"    // a try to reach it
	AboutNoAccess   = "no_access"  // a visit said to have found no access
	AboutCompletion = "completion" // a visit said to be completed or begun
	AboutAgreement  = "agreement"  // a time to which it is said to have agreed
)

// DisputeClaims are what a household says against a fact, in words for all.
var DisputeClaims = []string{"phone_was_on", "was_home", "nobody_came", "not_agreed", "not_done", "other"}

// Decisions about a disputed fact.
const (
	Uphold = "uphold"
	Strike = "strike"
)

// Dispute is a household's "that is not so" about one fact. The fact stops
// counting at once and until the area manager decides; when nobody does in
// time, Fallback is what happens (docs/product.md section 4).
type Dispute struct {
	Meta
	JobID       ID            `json:"job_id"`
	CentreID    ID            `json:"centre_id"`
	AreaID      ID            `json:"area_id"`
	CustomerID  ID            `json:"customer_id"`
	AttemptID   *ID           `json:"attempt_id"`
	VisitID     *ID           `json:"visit_id"`
	Subject     string        `json:"subject"` // attempt, no_access, completion, agreement
	Claim       string        `json:"claim"`
	Reason      string        `json:"reason"`       // in the household's words
	How         string        `json:"how"`          // link, voice
	ByID        *ID           `json:"by_id"`        // who wrote it down for a caller
	LinkRead    bool          `json:"link_read"`    // staff had read the link by which it came
	LinkReadBy  *ID           `json:"link_read_by"` // who; nil also where that was never noted
	LinkReaders JSONList[ID]  `json:"link_readers"` // all who had, the first one first
	ViaID       *ID           `json:"-"`            // the contact in which it was said
	OccurredAt  time.Time     `json:"occurred_at"`
	RecordedAt  time.Time     `json:"recorded_at"`
	DueAt       time.Time     `json:"due_at"`
	Fallback    string        `json:"default"` // uphold or strike, when nobody decides in time
	Status      DisputeStatus `json:"status"`
	DecidedAt   *time.Time    `json:"decided_at"`
	DecidedBy   *ID           `json:"decided_by"`
	ByDefault   bool          `json:"by_default"`
	Reasons     string        `json:"reasons"`
}

// DisputeView is a dispute as answered: with what this caller may do now.
type DisputeView struct {
	Dispute
	Actions JSONList[string] `json:"actions"`
}

// View shows a dispute to an actor.
func (f Dispute) View(a Actor) DisputeView {
	v := DisputeView{Dispute: f, Actions: JSONList[string]{}}
	if a.Role == RoleAreaManager {
		v.Actions = DisputeMoves.Of(string(f.Status), "decide")
	}
	return v
}

// DoneCheck asks one household, by the brand's desk, whether a completion that
// it did not confirm is so (docs/product.md section 4, "Done is a claim").
type DoneCheck struct {
	Meta
	JobID    ID         `json:"job_id"`
	VisitID  ID         `json:"visit_id"`
	CentreID ID         `json:"centre_id"`
	AreaID   ID         `json:"area_id"`
	DueAt    time.Time  `json:"due_at"`
	Status   string     `json:"status"` // open, confirmed, not_done, not_reached, settled, not_answered
	ByID     *ID        `json:"by_id"`
	DoneAt   *time.Time `json:"done_at"`
	Note     string     `json:"note"`
}

// DoneCheckView is a check as answered: with what this caller may do now.
type DoneCheckView struct {
	DoneCheck
	Actions JSONList[string] `json:"actions"`
}

// View shows a check to an actor.
func (c DoneCheck) View(a Actor) DoneCheckView {
	v := DoneCheckView{DoneCheck: c, Actions: JSONList[string]{}}
	if a.Role == RoleAgent {
		v.Actions = CheckMoves.Of(c.Status, "answer")
	}
	return v
}

// DisputeFilter narrows GET /v1/disputes.
type DisputeFilter struct {
	Status []DisputeStatus
	JobID  *ID
}
