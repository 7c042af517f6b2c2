package domain

import "time"

// FlagStatus is where an incident report stands (PRODUCT.md section 5).
type FlagStatus string

// The states of a flag.
const (
	FlagReported    FlagStatus = "reported"
	FlagTriaged     FlagStatus = "triaged"
	FlagUnderReview FlagStatus = "under_review"
	FlagUpheld      FlagStatus = "upheld"
	FlagNotUpheld   FlagStatus = "not_upheld"
	FlagUnclear     FlagStatus = "unclear"
	FlagWithdrawn   FlagStatus = "withdrawn"
)

// Open tells whether somebody still has to decide it.
func (s FlagStatus) Open() bool {
	return s == FlagReported || s == FlagTriaged || s == FlagUnderReview
}

// FlagKinds lists the kinds; those directed by a person form an exclusion.
var (
	PersonFlagKinds  = []string{"verbal_abuse", "discrimination", "sexual_harassment", "threat", "assault", "confinement", "weapon", "intoxication", "online_abuse"}
	FixableFlagKinds = []string{"animal", "unsafe_premises", "hazard"}
)

// Flag is an incident report. Kind, level, note and reporter are
// confidential to the reporter and those who triage.
type Flag struct {
	Meta
	JobID       *ID        `json:"job_id"`
	VisitID     *ID        `json:"visit_id"`
	CustomerID  *ID        `json:"customer_id"`
	SiteID      *ID        `json:"site_id"`
	CentreID    *ID        `json:"centre_id"`
	AreaID      *ID        `json:"area_id"`
	Phone       string     `json:"phone"` // when raised by number alone
	Kind        string     `json:"kind"`
	Level       int        `json:"level"`
	Note        string     `json:"note"`
	Status      FlagStatus `json:"status"`
	Provisional bool       `json:"provisional"` // raised by stop; the reporter completes it later
	ReporterID  ID         `json:"reporter_id"`
	SubjectID   *ID        `json:"subject_id"` // the member of staff it is about, if one
	OccurredAt  time.Time  `json:"occurred_at"`
	RecordedAt  time.Time  `json:"recorded_at"`
	TriageDueAt time.Time  `json:"triage_due_at"`
	EscalatedAt *time.Time `json:"escalated_at"`
	TriagedAt   *time.Time `json:"triaged_at"`
	TriagedBy   *ID        `json:"triaged_by"`
	DecidedAt   *time.Time `json:"decided_at"`
	DecidedBy   *ID        `json:"decided_by"`
	Reasons     string     `json:"reasons"`
	WithdrawnAt *time.Time `json:"withdrawn_at"`
	Pressure    *bool      `json:"pressure"` // asked in private on withdrawal
}

// FlagBrief is all that a proprietor sees of a flag: job, since, hold, plan.
type FlagBrief struct {
	ID    ID           `json:"id"`
	JobID *ID          `json:"job_id"`
	Since time.Time    `json:"since"`
	Hold  bool         `json:"hold"`
	Plan  List[string] `json:"plan"`
}

// FlagView is a flag for those who may see all of it.
type FlagView struct {
	Flag
	Actions List[string] `json:"actions"`
}
