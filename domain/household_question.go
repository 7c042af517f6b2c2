package domain

import "time"

// The states of a question whether two rows are one household.
const (
	HouseholdAsked     = "asked"
	HouseholdSame      = "same"
	HouseholdDifferent = "different"
)

// By when it is answered (docs/product.md section 5).
const (
	HouseholdDue     = 4 * time.Hour
	HouseholdDueSoon = time.Hour // where a safety-critical job waits for it
)

// HouseholdQuestion asks whoever triages what lies over one household whether another row is
// the same one: it stands next door, or shares a number with many. Until the answer nothing
// is held (docs/product.md section 5).
type HouseholdQuestion struct {
	Meta
	CustomerID ID         `json:"customer_id"` // who came in
	OtherID    ID         `json:"other_id"`    // over whom something lies; the same, see Whose
	AreaID     ID         `json:"area_id"`
	FlagID     *ID        `json:"-"`
	Status     string     `json:"status"`
	Critical   bool       `json:"critical"` // a safety-critical job waits for the answer
	Climbed    bool       `json:"climbed"`  // it was late: every area manager and admin may answer
	Words      string     `json:"words"`    // of a household that says it is not the one
	DueAt      time.Time  `json:"due_at"`
	DecidedAt  *time.Time `json:"decided_at"`
	DecidedBy  *ID        `json:"decided_by"`
	Reasons    string     `json:"reasons"`
}

// Whose reports whether it asks if a report by a number that many use is about this household; else it is about two, or has the words
// of one that says it is not meant.
func (q *HouseholdQuestion) Whose() bool {
	return q.CustomerID == q.OtherID && q.Words == "" && q.FlagID != nil
}

// MayDecide reports whether an actor answers: who answers for the report f that lies over the
// other row; without one the area manager, and an admin; once it was late, all of these.
func (q *HouseholdQuestion) MayDecide(a Actor, f *Flag) bool {
	switch {
	case !a.Is(RoleAreaManager, RoleAdmin) || f != nil && f.Involves(a.UserID):
		return false
	case q.Climbed:
		return true
	case f != nil:
		return a.AnswersFor(f)
	}
	return a.Role == RoleAdmin || Has(a.Scope().AreaIDs, q.AreaID)
}

// HouseholdBrief is what is read of a household to answer: how it is called, and where it is.
type HouseholdBrief struct {
	ID        ID               `json:"id"`
	Name      string           `json:"name"`
	Addresses JSONList[string] `json:"addresses"`
}

// Brief is a household as a question shows it.
func (c *Customer) Brief() HouseholdBrief {
	b := HouseholdBrief{ID: c.ID, Name: c.Name, Addresses: JSONList[string]{}}
	for i := range c.Sites {
		b.Addresses = append(b.Addresses, c.Sites[i].Address+" "+c.Sites[i].PostalCode)
	}
	return b
}

// HouseholdQuestionView is a question as answered, with both households.
type HouseholdQuestionView struct {
	HouseholdQuestion
	Household HouseholdBrief   `json:"household"`
	Other     HouseholdBrief   `json:"other"`
	Actions   JSONList[string] `json:"actions"`
}

// View shows a question to whoever may answer it.
func (q HouseholdQuestion) View(one, other *Customer) HouseholdQuestionView {
	return HouseholdQuestionView{q, one.Brief(), other.Brief(), HouseholdQuestionMoves.Of(q.Status, "decide")}
}
