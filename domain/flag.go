package domain

import (
	"strings"
	"time"
)

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

var (
	// PersonFlagKinds are directed by a person: they keep the reporter and the household apart.
	PersonFlagKinds = []string{"verbal_abuse", "discrimination", "sexual_harassment", "threat", "assault", "confinement", "weapon",
		"intoxication", "online_abuse"}
	// FixableFlagKinds are hazards that centre and household settle themselves.
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
	LinkReadBy  *ID          `json:"-"`           // who of staff had read the link by which a household's came, if anybody had
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
	// What the reporter says that the next person there must know, which they are asked
	// before the hold of their report is released (docs/product.md section 5).
	NextPersonNote  string     `json:"next_person_note"`
	NextPersonDueAt *time.Time `json:"next_person_due_at"` // the release waits for the answer no longer; nil: not asked
	NextPersonAt    *time.Time `json:"next_person_at"`
	// When the person it is about said that they had come to this home, after they
	// were taken off their way.
	CameAt *time.Time `json:"-"`
}

// Conduct reports whether the report is about our own people. Such a report
// never locks a household, and their centre sees nothing of it.
func (f *Flag) Conduct() bool { return f.ByCustomer || f.SubjectID != nil }

// OptOut reports whether it is no report but the wish not to meet again, without a
// reason: of a technician, or of a household about one.
func (f *Flag) OptOut() bool { return f.Level == 0 && f.Kind == OptOutKind }

// OptOutKind is the kind of a private note that says no more than that.
const OptOutKind = "opt_out"

// Severe reports whether a report is of level 3 or 4.
func (f *Flag) Severe() bool { return f.Level >= 3 }

// Live reports whether it tells of what happens now and nobody has triaged it:
// such a report rings like an alarm (docs/product.md section 5).
func (f *Flag) Live() bool {
	return f.Status == FlagReported && f.Severe() && f.RecordedAt.Sub(f.OccurredAt) < liveWithin
}

// ReportedBy reports whether somebody made the report.
func (f *Flag) ReportedBy(user ID) bool { return f.ReporterID != nil && *f.ReporterID == user }

// About reports whether the report is about somebody.
func (f *Flag) About(user ID) bool { return f.SubjectID != nil && *f.SubjectID == user }

// Involves tells who decides nothing about a report: its reporter, whom it is
// about, and who was in the crew with the reporter at that visit.
func (f *Flag) Involves(user ID) bool {
	return f.ReportedBy(user) || f.About(user) || Has(f.Involved, user)
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
	OurFailures []OwnFailure     `json:"our_failures,omitempty"` // before it; of a single report, for whoever decides
	Actions     JSONList[string] `json:"actions"`
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

// Named lets a notice say which report it is about, by id.
func (f *Flag) Named() NoticeOption {
	return func(n *Notice) { n.Data.V = map[string]string{"flag_id": f.ID.String()} }
}

// FlagDecision moves a flag on.
type FlagDecision struct {
	Level      *int   `json:"level"`      // triage may correct it
	SubjectID  *ID    `json:"subject_id"` // triage names whom a household meant
	Told       string `json:"told"`       // of review: what the person named may know, and is asked about
	Outcome    string `json:"outcome"`    // of decide: upheld, not_upheld, unclear
	Reasons    string `json:"reasons"`
	Pressure   *bool  `json:"pressure"` // of withdraw, asked in private
	OccurredAt string `json:"occurred_at"`
}

// SeesFlag reports whether the actor may see a flag at all, and whether only
// its brief (docs/product.md section 2).
func (a Actor) SeesFlag(f *Flag) (all, brief bool) {
	switch {
	case f.About(a.UserID):
		return false, false
	case f.ReportedBy(a.UserID):
		return true, false
	case f.Level == 0, f.Involves(a.UserID): // a private note; a colleague who was there
		return false, false
	}
	switch a.Role {
	case RoleAreaManager:
		return f.AreaID != nil && Has(a.Scope().AreaIDs, *f.AreaID) || Has(f.Handlers, a.UserID), false
	case RoleAdmin:
		return f.WithAdmins || f.AreaID == nil, false
	case RoleProprietor:
		return false, !f.Conduct() && f.CentreID != nil && *f.CentreID == a.CentreID && f.Level >= 2
	default: // the others see what they reported themselves
	}
	return false, false
}

// Hears reports whether the actor is asked for their side of a report about
// themselves.
func (a Actor) Hears(f *Flag) bool { return f.About(a.UserID) && f.ToldAt != nil }

// AnswersFor reports whether the actor may decide about a flag: who sees all of
// it by their office and is not involved.
func (a Actor) AnswersFor(f *Flag) bool {
	all, _ := a.SeesFlag(f)
	return all && a.Is(RoleAreaManager, RoleAdmin) && !f.Involves(a.UserID)
}

// CheckFlag refuses a move on a flag that the actor sees.
func (a Actor) CheckFlag(m *FlagMove, f *Flag) error {
	switch {
	case m.System:
		return Fail(CodeForbidden, "It follows by itself.")
	case m.Subject && !a.Hears(f):
		return Fail(CodeForbidden, "Only who is asked for their side gives it.")
	case m.Action == "next-person" && !f.ReportedBy(a.UserID):
		return Fail(CodeForbidden, "Only the reporter says what the next person must know.")
	case m.Reporter && !f.ReportedBy(a.UserID):
		return Fail(CodeForbidden, "Only the reporter withdraws a report.")
	case !m.Reporter && !m.Subject && !a.Is(RoleAreaManager, RoleAdmin):
		return Fail(CodeForbidden, "As %s you may not decide about reports.", RoleWords(a.Role))
	case !m.Reporter && !m.Subject && !a.AnswersFor(f):
		return Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case m.Subject && f.StatedAt != nil:
		return Fail(CodeState,
			"You have given your side already; it stands word for word, and whoever decides reads it. If something is missing, call your area manager: what you add is heard before the decision.").
			With("stated_at", f.StatedAt)
	case m.Subject && !Has(m.From, f.Status):
		return Fail(CodeState, "The report is closed; your side can no longer be added. Call your area manager if something is wrong.")
	case m.Action == "next-person" && f.NextPersonDueAt == nil:
		return Fail(CodeState, "No hold stands for this report, so nobody is sent into it.")
	case !Has(m.From, f.Status):
		return Fail(CodeState, "A report that is %s cannot take the move %s.", f.Status, m.Action).With("status", f.Status)
	}
	return nil
}

// Pressed reports whether the reporter said that they were pressed to withdraw.
func (f *Flag) Pressed() bool { return f.Pressure != nil && *f.Pressure }

// Decide closes a report with reasons. Against one of our own people only when
// they were asked for their side.
func (f *Flag) Decide(a Actor, in FlagDecision, now time.Time) error {
	switch {
	case !Has([]string{"upheld", "not_upheld", "unclear"}, in.Outcome):
		return Fail(CodeUnprocessable, "Decide upheld, not_upheld or unclear.").At("/outcome", "upheld, not_upheld or unclear")
	case strings.TrimSpace(in.Reasons) == "":
		return Fail(CodeUnprocessable, "A decision gives its reasons; the reporter reads them.").At("/reasons", "a few sentences")
	case in.Outcome == "upheld" && f.SubjectID != nil && f.ToldAt == nil:
		return Fail(CodePreconditionMissing,
			"Nobody is found at fault unheard: review it and tell the person what it is about, as far as may be told.")
	}
	f.DecidedAt, f.DecidedBy = &now, &a.UserID
	return Apply(f, "decide", now, in.Outcome)
}

// AsksReporter reports whether the reporter may still say what the next person must
// know before the hold of their report is released.
func (f *Flag) AsksReporter(now time.Time) bool {
	return f.NextPersonDueAt != nil && f.NextPersonAt == nil && f.Status.Open() && now.Before(*f.NextPersonDueAt)
}

// CheckRelease refuses who may not release a safety hold, or change the plan that it
// was released with, or not yet: it belongs to whoever triages the report behind it,
// after triage. f is that report; nil where there is none. A report that became a
// private note is nobody's, its hold the area's.
func (a Actor) CheckRelease(h *Hold, f *Flag, now time.Time) error {
	area := a.Role == RoleAreaManager && (f == nil || f.AreaID == nil || Has(a.Scope().AreaIDs, *f.AreaID))
	private := f == nil || f.Level == 0
	switch {
	case private && (!area || f != nil && f.Involves(a.UserID)), !private && !a.AnswersFor(f):
		return Fail(CodeForbidden, "Whoever triages the report behind it decides about this.")
	case private:
	case f.Status == FlagReported:
		return Fail(CodePreconditionMissing, "Triage the report behind it first.")
	case f.AsksReporter(now):
		return Fail(CodePreconditionMissing, "The reporter is asked first what the next person there must know.").
			With("until", f.NextPersonDueAt)
	}
	if d := h.PendingDecision(); d != nil && d.ByID == a.UserID {
		return Fail(CodePreconditionMissing, "You have decided; it takes effect once a second person has decided too.")
	}
	return nil
}

// Home reports whether a report came from the home of a visit.
func (f *Flag) Home(v *Visit) bool { return f.CustomerID != nil && v.CustomerID == *f.CustomerID }

// Raised is the answer to a flag: the same whether the household is known or
// not.
type Raised struct {
	ID         ID         `json:"id"`
	Status     FlagStatus `json:"status"`
	Level      int        `json:"level"`
	Kind       string     `json:"kind"`
	OccurredAt time.Time  `json:"occurred_at"`
}

// Head gives id and version for Location and ETag.
func (r Raised) Head() (ID, int64) { return r.ID, 1 }
