package domain

import "time"

// FlagStatus is where an incident report stands (docs/product.md section 5).
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

// Open reports whether somebody still has to decide it.
func (s FlagStatus) Open() bool {
	return s == FlagReported || s == FlagTriaged || s == FlagUnderReview
}

// FlagKinds lists the kinds; those directed by a person form an exclusion.
var (
	PersonFlagKinds = []string{"verbal_abuse", "discrimination", "sexual_harassment", "threat", "assault", "confinement", "weapon",
		"intoxication", "online_abuse"}
	FixableFlagKinds = []string{"animal", "unsafe_premises", "hazard"}
)

// Flag is an incident report. Kind, level, note and reporter are
// confidential to the reporter and those who triage.
type Flag struct {
	Meta
	JobID       *ID          `json:"job_id"`
	VisitID     *ID          `json:"visit_id"`
	CustomerID  *ID          `json:"customer_id"`
	SiteID      *ID          `json:"site_id"`
	CentreID    *ID          `json:"centre_id"`
	AreaID      *ID          `json:"area_id"`
	Phone       string       `json:"phone"` // when raised by number alone
	Kind        string       `json:"kind"`
	Level       int          `json:"level"`
	Note        string       `json:"note"`
	Status      FlagStatus   `json:"status"`
	Provisional bool         `json:"provisional"` // raised by stop; the reporter completes it later
	ReporterID  *ID          `json:"reporter_id"` // nil: a household
	ByCustomer  bool         `json:"by_customer"` // a household's report about our people
	RecordedBy  *ID          `json:"recorded_by"` // who wrote it down for a caller
	SubjectID   *ID          `json:"subject_id"`  // the member of staff it is about, if one
	Involved    JSONList[ID] `json:"-"`           // who was in the crew with the reporter at that visit
	OccurredAt  time.Time    `json:"occurred_at"`
	RecordedAt  time.Time    `json:"recorded_at"`
	TriageDueAt time.Time    `json:"triage_due_at"`
	DueAt       *time.Time   `json:"due_at"` // of its present state; nil once nobody has to act
	Handlers    JSONList[ID] `json:"-"`      // who was told of it and answers for it
	WithAdmins  bool         `json:"-"`      // it has reached the admins
	Step        int          `json:"-"`      // how many of flagSteps were told in its present state
	EscalatedAt *time.Time   `json:"escalated_at"`
	TriagedAt   *time.Time   `json:"triaged_at"`
	TriagedBy   *ID          `json:"triaged_by"`
	DecidedAt   *time.Time   `json:"decided_at"`
	DecidedBy   *ID          `json:"decided_by"`
	Reasons     string       `json:"reasons"`
	// Of a household's report of level 3 and 4, and of what a desk wrote down,
	// it does not end the report.
	WithdrawnAt    *time.Time `json:"withdrawn_at"`
	WithdrawnWords string     `json:"withdrawn_words"` // of a household, where it said any
	Pressure       *bool      `json:"pressure"`        // asked in private on withdrawal; nil: not said
	Told           string     `json:"told"`            // what the person it is about may know, in the area manager's words
	ToldAt         *time.Time `json:"told_at"`
	Statement      string     `json:"statement"` // their side
	StatedAt       *time.Time `json:"stated_at"`
	// When the person it is about said that they had come to this home, after they
	// were taken off their way.
	CameAt *time.Time `json:"-"`
}

// Conduct reports whether the report is about our own people. Such a report
// never locks a household, and their centre sees nothing of it.
func (f *Flag) Conduct() bool { return f.ByCustomer || f.SubjectID != nil }

// severe reports whether a report is of level 3 or 4.
func (f *Flag) severe() bool { return f.Level >= 3 }

// live reports whether it tells of what happens now and nobody has triaged it:
// such a report rings like an alarm (docs/product.md section 5).
func (f *Flag) live() bool {
	return f.Status == FlagReported && f.severe() && f.RecordedAt.Sub(f.OccurredAt) < liveWithin
}

// reportedBy reports whether somebody made the report.
func (f *Flag) reportedBy(user ID) bool { return f.ReporterID != nil && *f.ReporterID == user }

// about reports whether the report is about somebody.
func (f *Flag) about(user ID) bool { return f.SubjectID != nil && *f.SubjectID == user }

// involves tells who decides nothing about a report: its reporter, whom it is
// about, and who was in the crew with the reporter at that visit.
func (f *Flag) involves(user ID) bool {
	return f.reportedBy(user) || f.about(user) || has(f.Involved, user)
}

// FlagBrief is all that a proprietor sees of a flag: job, since, hold, plan.
type FlagBrief struct {
	ID    ID               `json:"id"`
	JobID *ID              `json:"job_id"`
	Since time.Time        `json:"since"`
	Hold  bool             `json:"hold"`
	Plan  JSONList[string] `json:"plan"`
}

// FlagView is a flag for those who may see all of it. What the person named
// was told, and their side, are for those who decide.
type FlagView struct {
	Flag
	Actions JSONList[string] `json:"actions"`
}

// FlagHearing is all that the person sees whom a report is about, once the
// area manager has told them what they may know: neither reporter, words, place
// nor time.
type FlagHearing struct {
	ID        ID               `json:"id"`
	Version   int64            `json:"version"`
	Told      string           `json:"told"`
	ToldAt    *time.Time       `json:"told_at"`
	Status    string           `json:"status"`  // open, decided, withdrawn
	Outcome   string           `json:"outcome"` // of decided
	Statement string           `json:"statement"`
	StatedAt  *time.Time       `json:"stated_at"`
	Actions   JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag.
func (v FlagHearing) Head() (ID, int64) { return v.ID, v.Version }
