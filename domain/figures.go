package domain

import (
	"time"

	"doorstep/domain/watch"
)

// ReachabilityRow is one centre in GET /v1/reports/reachability: the
// customers' no-shows beside the brand's own (docs/product.md section 4). Flags
// never enter it. ReportDefinitions says what each figure counts.
type ReachabilityRow struct {
	CentreID        *ID              `json:"centre_id"` // null: the total
	Centre          string           `json:"centre"`
	JobsOpened      int              `json:"jobs_opened"`
	Repeats         int              `json:"repeats_within_30_days"`
	Tries           int              `json:"tries"`
	Reached         int              `json:"reached"`
	Inbound         int              `json:"inbound_contacts"`
	Unreachable     int              `json:"unreachable"`
	NoAccess        int              `json:"no_access_by_customer"`
	MissedByUs      int              `json:"missed_by_us"`
	Completed       int              `json:"completed"`
	Confirmed       int              `json:"completed_confirmed"`
	FirstTimeFix    int              `json:"first_time_fixed"`
	Disputed        int              `json:"disputes"`
	Upheld          int              `json:"disputes_upheld"`
	Struck          int              `json:"disputes_struck"`
	Promises        int              `json:"promises_due"`
	PromisesKept    int              `json:"promises_kept_in_time"`
	PromisesLate    int              `json:"promises_late"`
	CouldNotReachUs int              `json:"could_not_reach_us"`
	Clock           map[string]int64 `json:"clock_seconds"`
}

// ReportFilter bounds a report.
type ReportFilter struct {
	From, To time.Time
	CentreID *ID
	Reader   ID // who reads of no alarm that they raised in silence
}

// JobClockInput is what the clock of one job depends on.
type JobClockInput struct {
	Job      Job
	Customer Customer
	Attempts []Attempt
	Holds    []Hold // lifted ones too
	Visits   []Visit
}

// Add counts another centre in.
func (t *ReachabilityRow) Add(r *ReachabilityRow) {
	for _, p := range [][2]*int{{&t.JobsOpened, &r.JobsOpened}, {&t.Repeats, &r.Repeats}, {&t.Tries, &r.Tries}, {&t.Reached, &r.Reached},
		{&t.Inbound, &r.Inbound},
		{&t.Unreachable, &r.Unreachable}, {&t.NoAccess, &r.NoAccess}, {&t.MissedByUs, &r.MissedByUs}, {&t.Completed, &r.Completed},
		{&t.Confirmed, &r.Confirmed},
		{&t.FirstTimeFix, &r.FirstTimeFix}, {&t.Disputed, &r.Disputed}, {&t.Upheld, &r.Upheld}, {&t.Struck, &r.Struck},
		{&t.Promises, &r.Promises},
		{&t.PromisesKept, &r.PromisesKept}, {&t.PromisesLate, &r.PromisesLate}, {&t.CouldNotReachUs, &r.CouldNotReachUs}} {
		*p[0] += *p[1]
	}
	for whose, n := range r.Clock {
		t.Clock[whose] += n
	}
}

// PayableVisit is a visit with what its row depends on.
type PayableVisit struct {
	Visit
	ExternalRef *string
	Proven      bool // no access: a place taken live at the door after the arrival was told, or a dispute that was upheld
	FlaggedSelf bool // they reported something on it
	AreaHold    bool // somebody of the crew did, at level 2 or above; not about a colleague
	Pause       bool // they gave it away in a pause that they were offered
	Waiting     bool // a claim of theirs is not decided yet
	Claimed     bool // a claim of theirs was taken
	Declined    bool // that they came, which stood on their word alone, was found not to be so
	Refused     bool // a claim of theirs was declined, and the visit is not theirs any more
	Unasked     bool // a completion without arrival, of which the household was not asked yet
	Unanswered  bool // asked whether it is done, the household did not answer
	Reported    bool // a report of it is not decided yet
	Decided     bool // one was decided, whichever way
	Taken       bool // it was taken from them, because they are kept from that home or from all
}

// Shield reports whether a visit is payable and counts for a technician, and why
// not, for who reads it: the technician themselves, or the centre, which is told
// no more than that there was an area hold.
func (p *PayableVisit) Shield(self bool) (payable, counted bool, why string) {
	switch p.Status {
	case VisitCompleted, VisitPartial, VisitNoAccess, VisitStopped:
		payable, counted = true, true
	case VisitMissed:
		counted, why = true, "nobody came"
	case VisitScheduled, VisitEnRoute, VisitArrived, VisitInProgress:
		why = "it is not over"
	case VisitCancelled:
		if payable, why = p.ArrivedAt != nil, "it did not take place"; p.EndReason == "held" {
			return true, false, "area hold"
		}
	default:
		payable, why = p.ArrivedAt != nil, "it did not take place"
	}
	switch {
	case p.Pause && self:
		return true, false, "you took a pause that you were offered"
	case p.Taken && self:
		return true, false, "it was taken off your plan; your pay for it stands"
	case p.Pause, p.Taken:
		return true, false, "area hold"
	case p.Status == VisitStopped && p.EndReason == StoppedAfterMissed && p.Reported:
		return false, false, "waiting: it had been missed before it was stopped, and the report is not decided yet"
	case p.Status == VisitStopped && p.EndReason == StoppedAhead && !p.Decided:
		return false, false, "waiting: it was stopped before its day, and somebody else decides"
	case p.Status == VisitStopped && p.EndReason == StoppedAtHome && !p.Decided && !p.Claimed:
		return false, false, "waiting: it was stopped before anybody set out, and somebody else decides"
	case p.Status == VisitStopped:
		return true, false, "it was stopped"
	case p.Disputed:
		return payable, false, "it is disputed"
	case p.Waiting:
		return false, false, "waiting: a claim is not decided yet"
	case p.Declined:
		return false, false, "it was found that nobody came"
	case p.Refused:
		return false, false, "a claim was declined, and the visit is not theirs any more"
	case p.Unasked && p.NotMet() != nil && p.DoneConfirmedAt == nil:
		return false, false, "waiting: the household is asked whether somebody came"
	case p.Unanswered && p.DoneConfirmedAt == nil && payable:
		return true, counted, "not confirmed: the household was asked whether it is done and did not answer"
	case p.Claimed && !payable:
		return true, false, "a claim was taken"
	case p.AreaHold:
		return payable, false, "area hold"
	case p.FlaggedSelf && self:
		return payable, false, "you reported something on this visit"
	case p.Status == VisitNoAccess && p.EndReason == WordWrong:
		return true, false, "the word at the door was wrong"
	case p.Status == VisitNoAccess && p.Proven:
		return true, false, "nobody opened, and that is proven"
	}
	if why := p.NotMet(); p.Status == VisitNoAccess && why != nil && why.Ours {
		return true, false, why.Words
	}
	return payable, counted, why
}

// SafetyRow is one centre in GET /v1/reports/safety: how alarms were answered
// and how many were false (docs/product.md section 5: false alarms are a published
// figure). It names nobody and counts no reports.
type SafetyRow struct {
	CentreID     *ID      `json:"centre_id"` // null: the total
	Centre       string   `json:"centre"`
	Timers       int      `json:"timers"`
	Pings        int      `json:"pings"`
	Alarms       int      `json:"alarms"`
	ByTimer      int      `json:"alarms_by_timer"`
	Answered     int      `json:"answered"`
	WithinMinute int      `json:"answered_within_a_minute"`
	Real         int      `json:"real"`
	False        int      `json:"false_alarms"`
	Tests        int      `json:"tests"`
	Open         int      `json:"not_resolved"`
	FalseRate    *float64 `json:"false_alarm_rate"` // of real and false ones; null when there is none
}

// Rate computes the share of alarms that were false.
func (r *SafetyRow) Rate() {
	if n := r.Real + r.False; n > 0 {
		r.FalseRate = Ptr(float64(r.False) / float64(n))
	}
}

// TechnicianLoad is how much somebody was given to do; it says nothing of how it went.
type TechnicianLoad struct {
	CentreID     ID     `json:"centre_id"`
	TechnicianID ID     `json:"technician_id"`
	Technician   string `json:"technician"`
	Visits       int    `json:"visits"`
	Minutes      int    `json:"planned_minutes"`
}

// CentreCount is a centre with what is counted of it.
type CentreCount struct {
	CentreID                                  ID
	Name                                      string
	Visits, Reports, Withdrawn, UnderPressure int
}

// Counts are a centre's figures as the rules of watch take them.
func (c *CentreCount) Counts() watch.Centre {
	return watch.Centre{Visits: c.Visits, Reports: c.Reports, Withdrawn: c.Withdrawn, UnderPressure: c.UnderPressure}
}

// Reporter is a technician with their first report of a period.
type Reporter struct {
	UserID   ID
	Name     string
	CentreID ID
	HomeLat  *float64
	HomeLon  *float64
	Since    time.Time
}

// OptOuts is how often somebody and the households that they came to did not want to
// meet again, without a reason.
type OptOuts struct {
	UserID       ID     `json:"user_id"`
	Name         string `json:"name"`
	CentreID     ID     `json:"centre_id"`
	ByThem       int    `json:"by_them"`
	ByHouseholds int    `json:"by_households"`
}

// DiaryEntry is one visit in a technician's diary.
type DiaryEntry struct {
	TechnicianID ID
	WindowStart  time.Time
	Cover        string
	ValueMinor   *int64
	Lat, Lon     *float64
}
