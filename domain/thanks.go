package domain

import (
	"time"
)

// Thanks is what a household wrote by its link after a completed visit. The
// centre reads it first; it reaches each of the crew best after a hard visit,
// and by DeliverBy at the latest (docs/product.md section 5, "Afterwards"). Nobody
// counts or compares it.
type Thanks struct {
	Meta
	JobID       ID           `json:"job_id"`
	VisitID     ID           `json:"visit_id"`
	ViaID       *ID          `json:"-"` // the contact in which it was said
	CustomerID  ID           `json:"-"`
	CentreID    ID           `json:"-"`
	AreaID      ID           `json:"-"`
	Text        string       `json:"text"`
	Status      string       `json:"status"` // waiting, approved, refused, delivered (to the whole crew)
	Crew        JSONList[ID] `json:"crew"`   // of the visit
	ModeratedBy *ID          `json:"moderated_by"`
	ModeratedAt *time.Time   `json:"moderated_at"`
	Reason      string       `json:"reason"`
	DeliverBy   time.Time    `json:"deliver_by"`
}

// ThanksFor names one person to whom an approved thank-you still has to go.
type ThanksFor struct{ ThanksID, UserID ID }
