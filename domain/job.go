package domain

import (
	"time"
)

// JobStatus derives from the job's visits and its end (docs/product.md section 3).
type JobStatus string

// The states of a job.
const (
	JobOpen       JobStatus = "open"
	JobScheduled  JobStatus = "scheduled"
	JobInProgress JobStatus = "in_progress"
	JobResolved   JobStatus = "resolved"
	JobClosed     JobStatus = "closed"
	JobCancelled  JobStatus = "cancelled"
)

// Ended reports whether the job is closed or cancelled.
func (s JobStatus) Ended() bool { return s == JobClosed || s == JobCancelled }

// Job is one fault of one household to be mended.
type Job struct {
	Meta
	ExternalRef    *string             `json:"external_ref"`
	CustomerID     ID                  `json:"customer_id"`
	SiteID         ID                  `json:"site_id"`
	ContactID      *ID                 `json:"contact_id"` // whom to reach first
	ApplianceID    *ID                 `json:"appliance_id"`
	CentreID       ID                  `json:"centre_id"`
	AreaID         ID                  `json:"area_id"`
	Status         JobStatus           `json:"status"`
	Category       string              `json:"category"`    // the skill asked for; empty asks for none
	SkillLevel     int                 `json:"skill_level"` // asked of one of the crew: 1 any, 2 able, 3 expert
	Serial         string              `json:"serial"`
	Fault          string              `json:"fault"` // in the customer's words
	TriedSteps     JSONList[TriedStep] `json:"tried_steps"`
	WhatMatters    string              `json:"what_matters"`
	Note           string              `json:"note"`     // among staff: the household does not read it
	Priority       string              `json:"priority"` // low, normal, high, urgent
	SafetyCritical bool                `json:"safety_critical"`
	Cover          string              `json:"cover"` // warranty, chargeable
	// What it is expected to bring, in the smallest unit of the currency of
	// its centre; nil: not known.
	ValueMinor     *int64                  `json:"value_minor"`
	RepeatCentreID *ID                     `json:"-"` // of the job that it repeats, and its area: who sees that one
	RepeatAreaID   *ID                     `json:"-"`
	RepeatOf       *ID                     `json:"repeat_of"`
	OpenedAt       time.Time               `json:"opened_at"`
	ReopenedAt     *time.Time              `json:"reopened_at"`
	ResolvedAt     *time.Time              `json:"resolved_at"`
	EndedAt        *time.Time              `json:"ended_at"`
	EndReason      string                  `json:"end_reason"`
	ReopenUntil    *time.Time              `json:"-"`            // promised at the end; nil: 30 days from it
	Imported       JSON[map[string]string] `json:"-"`            // digests of the cells of the last import, by field
	Verdict        string                  `json:"reachability"` // last computed; GET …/reachability explains it
	LastContactAt  *time.Time              `json:"last_contact_at"`
	SilentSince    *time.Time              `json:"silent_since"` // too long; nil: the household has a next step, or not yet too long
	SilenceStep    int                     `json:"silence_step"` // who was told: 1 desk, 2 proprietor, 3 area manager
	Replacement    JSON[*Replacement]      `json:"replacement"`  // that failed tries propose
	Seq            int64                   `json:"-"`            // head of the timeline
	ChainHead      []byte                  `json:"-"`
}

// Reopens reports whether the job may still come back for the same fault.
func (j *Job) Reopens(now time.Time) bool {
	until := j.ReopenUntil
	if until == nil && j.EndedAt != nil {
		until = Ptr(j.EndedAt.Add(ReopenWithin))
	} else if until == nil && j.ResolvedAt != nil {
		until = Ptr(j.ResolvedAt.Add(ReopenWithin))
	}
	return until == nil || !now.After(*until)
}

// TriedStep is something somebody already tried, so that nobody asks again.
type TriedStep struct {
	What      string    `json:"what"`
	At        time.Time `json:"at"`
	WatchedBy string    `json:"watched_by"` // one of StepWatch
	Result    string    `json:"result"`
	Outcome   string    `json:"outcome,omitempty"` // one of StepResults; empty: the words of Result are read
}

// HoldKind says what a hold waits for.
type HoldKind string

// The kinds of hold; they coexist.
const (
	HoldUnreachable     HoldKind = "unreachable"
	HoldParts           HoldKind = "parts"
	HoldCustomerRequest HoldKind = "customer_request"
	HoldSafety          HoldKind = "safety"
)

// Hold stops work on a job (JobID set) or, for safety, on all jobs of a
// customer or a site in every centre. It is lifted only by its own rule.
type Hold struct {
	ID         ID        `json:"id"`
	Kind       HoldKind  `json:"kind"`
	JobID      *ID       `json:"job_id"`
	CustomerID *ID       `json:"customer_id"`
	SiteID     *ID       `json:"site_id"`
	Since      time.Time `json:"since"`
	Reason     string    `json:"reason"`
	ByID       *ID       `json:"-"`
	By         string    `json:"by"`       // role; the person of a safety hold is confidential
	Declared   bool      `json:"declared"` // of customer_request: that it was asked for stands on what staff say
	// Of customer_request: Confirmed, that its own word or a recorded call says so; CountsTo, until when it ends silence and
	// stops the job's clock (nil: until it is lifted).
	Confirmed  bool             `json:"confirmed"`
	CountsTo   *time.Time       `json:"counts_to"`
	OwnerID    *ID              `json:"owner_id"`
	DueAt      *time.Time       `json:"due_at"`
	FlagID     *ID              `json:"-"`
	Fixable    bool             `json:"-"` // a hazard that centre and household settle themselves
	LiftedAt   *time.Time       `json:"lifted_at"`
	LiftedByID *ID              `json:"-"`
	LiftReason string           `json:"lift_reason"`
	Plan       JSONList[string] `json:"plan"` // of a released safety hold: the safe-visit plan that stays
	Step       int              `json:"-"`    // of an overdue safety hold: how many of holdSteps were told
	// StoppedVisitID is the visit of a stop that was received and not carried out yet.
	StoppedVisitID *ID `json:"-"`
	// TwoDecide: it came of something directed by a person at level 3 or 4, so that two
	// people release it.
	TwoDecide bool                   `json:"-"`
	Decisions JSONList[HoldDecision] `json:"-"` // of release and of its plan, the oldest first
	// What the centre says of it while it stands: a hazard is gone, and who confirmed it.
	SettledWords string     `json:"-"`
	SettledByID  *ID        `json:"-"`
	SettledAt    *time.Time `json:"-"`
	// Alternatives are what can be done for the household while a safety hold
	// stands.
	Alternatives JSONList[string] `json:"alternatives"`
}

// NotAskedFor is why a hold at a household's request ended that it says it never asked for; its time is not the household's.
const NotAskedFor = "the household says that it did not ask for it"

// HoldDecision is what one person decided of a safety hold.
type HoldDecision struct {
	ByID   ID        `json:"by_id"`
	At     time.Time `json:"at"`
	Plan   []string  `json:"plan"`
	Reason string    `json:"reason"`
	Waits  bool      `json:"waits"` // for a second person
}

// PendingDecision is the decision that waits for a second person: of an open hold, or of
// another plan than the one it was lifted with.
func (h *Hold) PendingDecision() *HoldDecision {
	if n := len(h.Decisions); n > 0 && h.Decisions[n-1].Waits {
		return &h.Decisions[n-1]
	}
	return nil
}

// HoldAlternatives stand beside every safety hold: the appliance is brought
// in, the fault is solved by phone or video, or the appliance is replaced.
var HoldAlternatives = []string{"carry_in", "remote", "replacement"}

// ClosesFrom is when a job may be closed as unreachable: after as many days as
// the policy asked for when the hold was placed.
func (h *Hold) ClosesFrom() time.Time {
	if h.DueAt == nil {
		return h.Since
	}
	return *h.DueAt
}

// SafeVisitPlans are the plan kinds of docs/product.md section 5.
var SafeVisitPlans = []string{"two_people", "daylight", "carry_in", "phone_first", "hazard_removed", "remote_only", "no_visit"}

// JobView is a job as answered: with holds and what this caller may do now.
type JobView struct {
	Job
	Holds   JSONList[Hold]   `json:"holds"`
	Plan    JSONList[string] `json:"plan"` // the safe-visit plan in force
	Actions JSONList[string] `json:"actions"`
	// MayBeKnown, of a new one: perhaps it is a household that somebody looks into.
	MayBeKnown bool `json:"may_be_known,omitempty"`
}

// JobBrief is what a board says of a job.
type JobBrief struct {
	JobID          ID     `json:"job_id"`
	Ref            string `json:"external_ref"`
	Customer       string `json:"household"`
	Category       string `json:"category"`
	Priority       string `json:"priority"`
	SafetyCritical bool   `json:"safety_critical"`
	CustomerID     ID     `json:"-"`
	SiteID         ID     `json:"-"`
	CentreID       ID     `json:"-"`
}
