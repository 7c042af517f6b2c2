package domain

import (
	"time"
)

// VisitStatus is where a visit stands (docs/product.md section 3).
type VisitStatus string

// The states of a visit.
const (
	VisitScheduled   VisitStatus = "scheduled"
	VisitEnRoute     VisitStatus = "en_route"
	VisitArrived     VisitStatus = "arrived"
	VisitInProgress  VisitStatus = "in_progress"
	VisitCompleted   VisitStatus = "completed"
	VisitPartial     VisitStatus = "partial"
	VisitNoAccess    VisitStatus = "no_access"
	VisitStopped     VisitStatus = "stopped_unsafe"
	VisitMissed      VisitStatus = "missed"
	VisitRescheduled VisitStatus = "rescheduled"
	VisitCancelled   VisitStatus = "cancelled"
)

// VisitStatuses lists all of them in the order of a visit's life.
var VisitStatuses = []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived, VisitInProgress, VisitCompleted,
	VisitPartial, VisitNoAccess, VisitStopped, VisitMissed, VisitRescheduled, VisitCancelled}

// Unfinished reports whether the visit still occupies its crew.
func (s VisitStatus) Unfinished() bool {
	return s == VisitScheduled || s == VisitEnRoute || s == VisitArrived || s == VisitInProgress
}

// UnderWay reports whether somebody is on the way or at the door.
func (s VisitStatus) UnderWay() bool { return s.Unfinished() && s != VisitScheduled }

// Confirmation is whether the customer agreed to the time.
type Confirmation string

// The confirmations.
const (
	ConfirmAwaiting  Confirmation = "awaiting"
	ConfirmConfirmed Confirmation = "confirmed"
	ConfirmDeclined  Confirmation = "declined"
)

// Visit is one appointment at one door.
type Visit struct {
	Meta
	JobID          ID               `json:"job_id"`
	CentreID       ID               `json:"centre_id"`
	AreaID         ID               `json:"area_id"`
	CustomerID     ID               `json:"customer_id"`
	Status         VisitStatus      `json:"status"`
	Confirmation   Confirmation     `json:"confirmation"`
	ConfirmedHow   string           `json:"confirmed_how"` // link, read_link, call, message
	WindowStart    time.Time        `json:"window_start"`
	WindowEnd      time.Time        `json:"window_end"`
	PlannedStart   time.Time        `json:"planned_start"`
	PlannedMinutes int              `json:"planned_minutes"`
	Crew           JSONList[ID]     `json:"crew"`
	EverCrew       JSONList[ID]     `json:"-"` // whoever was ever in the crew may stop the visit
	PlanSeen       JSONList[ID]     `json:"plan_seen"`
	PredecessorID  *ID              `json:"predecessor_id"`
	SuccessorID    *ID              `json:"successor_id"`
	EnRouteAt      *time.Time       `json:"en_route_at"`
	ArrivedAt      *time.Time       `json:"arrived_at"`
	StartedAt      *time.Time       `json:"started_at"`
	EndedAt        *time.Time       `json:"ended_at"`
	NotRecorded    JSONList[string] `json:"not_recorded"`      // moves implied by a later one
	ProvisionalTo  *time.Time       `json:"provisional_until"` // missed and no_access can be overturned until then
	EndReason      string           `json:"end_reason"`
	CountsAgainst  string           `json:"counts_against"` // nobody, brand, customer
	Findings       string           `json:"findings"`
	WorkDone       string           `json:"work_done"`
	Parts          JSONList[string] `json:"parts"`
	Tested         string           `json:"tested"`
	Sequence       int              `json:"sequence"`          // of the calendar entry, RFC 5545 section 3.8.7.4
	AgreedID       *ID              `json:"agreed_attempt_id"` // the contact in which the household agreed
	AgreedStart    *time.Time       `json:"agreed_start"`      // the time to which it agreed there
	AgreedEnd      *time.Time       `json:"agreed_end"`
	AgreedSaid     string           `json:"agreed_said"` // phone, message, in_person, own_link
	ToldAt         *time.Time       `json:"told_at"`     // when it first learned of the visit's end
	Disputed       bool             `json:"disputed"`    // the household says that the end is not so
	// DoneConfirmedAt is when the household said that the work is done; how:
	// link, desk, code.
	DoneConfirmedAt  *time.Time `json:"done_confirmed_at"`
	DoneConfirmedHow string     `json:"done_confirmed_how"`
	EndCodeTries     int        `json:"-"` // wrong ones
}

// StoppedAfterMissed is the reason for the end of a visit that was stopped after it had been called missed.
const StoppedAfterMissed = "stopped_after_missed"

// StoppedAhead is that of one that was stopped before its day.
const StoppedAhead = "stopped_ahead"

// StoppedAtHome is that of one that was stopped on its day, and to which nobody is known to have set out.
const StoppedAtHome = "stopped_at_home"

// Agree notes the agreement of the household to the visit's time: the contact, where
// one is known, and how it was said.
func (v *Visit) Agree(attempt *ID, said, how string) {
	v.Confirmation, v.ConfirmedHow, v.AgreedID, v.AgreedSaid = ConfirmConfirmed, how, attempt, said
	v.AgreedStart, v.AgreedEnd = Ptr(v.WindowStart), Ptr(v.WindowEnd)
}

// PlannedEnd is when the crew is free again.
func (v *Visit) PlannedEnd() time.Time {
	return v.PlannedStart.Add(time.Duration(v.PlannedMinutes) * time.Minute)
}

// Begun is when the household let the crew in, as far as was recorded; nil
// when work never began, or when the household says so and nobody decided
// otherwise.
func (v *Visit) Begun() *time.Time {
	if v.Disputed || v.Status == VisitMissed {
		return nil
	}
	if v.StartedAt != nil {
		return v.StartedAt
	}
	if v.Status == VisitCompleted || v.Status == VisitPartial {
		return v.EndedAt
	}
	return nil
}

// SetOut reports whether somebody is known to have set out.
func (v *Visit) SetOut() bool {
	return v.EnRouteAt != nil || v.ArrivedAt != nil || v.StartedAt != nil
}

// VisitView is a visit as answered: with what this caller may do now.
type VisitView struct {
	Visit
	Plan    JSONList[string] `json:"plan"`
	Actions JSONList[string] `json:"actions"`
}

// To is what an answer shows of the visit to a reader. A technician who is not in its crew any more is told that what they said was
// received: nothing of who comes now, when they agreed on what, or what was found there since (docs/product.md section 3).
func (v VisitView) To(a Actor) VisitView {
	if a.Role != RoleTechnician || Has(v.Crew, a.UserID) {
		return v
	}
	v.Plan, v.Actions, v.Crew, v.PlanSeen, v.NotRecorded, v.Parts = nil, nil, nil, nil, nil, nil
	v.Confirmation, v.ConfirmedHow, v.AgreedID, v.AgreedStart, v.AgreedEnd, v.AgreedSaid = ConfirmAwaiting, "", nil, nil, nil, ""
	v.EnRouteAt, v.ArrivedAt, v.StartedAt, v.ProvisionalTo, v.PredecessorID, v.SuccessorID = nil, nil, nil, nil, nil, nil
	v.Findings, v.WorkDone, v.Tested, v.EndReason, v.CountsAgainst = "", "", "", "", "nobody"
	v.ToldAt, v.Disputed, v.DoneConfirmedAt, v.DoneConfirmedHow = nil, false, nil, ""
	return v
}

// Overturnable reports whether a missed visit can still be claimed by a late
// fact from an offline phone (docs/product.md section 3).
func (v *Visit) Overturnable(now time.Time) bool {
	return v.ProvisionalTo != nil && now.Before(*v.ProvisionalTo)
}

// Met reports whether somebody of the crew set out for the household.
func (v *Visit) Met() bool {
	return v.EnRouteAt != nil || v.ArrivedAt != nil || v.StartedAt != nil ||
		Has([]VisitStatus{VisitCompleted, VisitPartial, VisitNoAccess, VisitStopped}, v.Status)
}

// NotMet is why the crew could not meet the guard of the visit's end, of the list;
// nil: it was met, or said in words of their own.
func (v *Visit) NotMet() *WhyNot {
	if !Has([]VisitStatus{VisitCompleted, VisitPartial, VisitNoAccess}, v.Status) {
		return nil
	}
	return WhyNotOf(v.EndReason)
}

// Why a no-access counts against nobody although its guard was met, also after a dispute (docs/product.md section 3): the
// household was spoken with, or got in touch, while the crew stood at its door; the arrival was not told as it happened.
const (
	SpokenWith      = "spoken_with"
	ArrivalToldLate = "arrival_told_late"
)

// NoAccessAgainst is against whom a no-access counts: the customer where its guard
// was met, nobody where the crew said why not or there was contact.
func (v *Visit) NoAccessAgainst() string {
	if v.EndReason != "" {
		return "nobody"
	}
	return "customer"
}

// LastMove is the latest of setting out, arrival and start.
func (v *Visit) LastMove() time.Time {
	var last time.Time
	for _, at := range []*time.Time{v.EnRouteAt, v.ArrivedAt, v.StartedAt} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}

// ThereUntil is how long a crew of which nothing more is heard counts as on the way or at the home: a while after its
// last move, or its window, whichever is later.
func (v *Visit) ThereUntil() time.Time {
	last := v.LastMove()
	if v.WindowEnd.After(last) {
		last = v.WindowEnd
	}
	return last.Add(ThereAtMost)
}

// Agreed reports whether the household is known to have agreed to the time: what a
// link did that staff had read is no agreement.
func (v *Visit) Agreed() bool {
	return v.Confirmation == ConfirmConfirmed && v.ConfirmedHow != ReadLink
}

// Inside reports whether a crew is at a home. What it does there is refused
// nothing: a phone that suddenly refuses would tell who stands in a home that
// they were reported, and by whom. They are asked to call, in words that could mean
// anything; every other home is closed to them, for they are in no other crew; and
// whoever decides sees at once where they are, calls, and sends a colleague.
func (v *Visit) Inside() bool {
	return v.Status == VisitArrived || v.Status == VisitInProgress
}
