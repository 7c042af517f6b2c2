package domain

import (
	"context"
	"slices"
	"time"

	"doorstep/domain/jobclock"
	"doorstep/domain/reach"
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

// ReportDefinitions says what each figure counts, for people.
var ReportDefinitions = map[string]string{
	"jobs_opened":            "Jobs registered in the period.",
	"repeats_within_30_days": "Of these, jobs on a serial that had another job within the 30 days before.",
	"tries":                  "Outbound attempts in the period; disputed and struck ones are left out.",
	"reached":                "Of these, attempts in which somebody of the household was spoken to.",
	"inbound_contacts":       "Contacts that the household made.",
	"unreachable":            "Times a household became unreachable by every rule of the policy.",
	"no_access_by_customer":  "Visits with a window in the period that found no access; disputed and struck ones are left out.",
	"missed_by_us":           "Visits with a window in the period to which nobody came, or whose end was struck.",
	"completed":              "Visits with a window in the period that were completed and are not disputed.",
	"completed_confirmed":    "Of these, those that the household confirmed.",
	"first_time_fixed":       "Of these, those without an earlier completed or partial visit on the job and without a repeat on the serial.",
	"disputes":               "Facts that households denied in the period.",
	"disputes_upheld":        "Of these, facts that stand.",
	"disputes_struck":        "Of these, facts that were struck.",
	"promises_due":           "Promises due in the period.",
	"promises_kept_in_time":  "Of these, those kept with a contact before their due time.",
	"promises_late":          "Of these, those not kept at their due time.",
	"could_not_reach_us":     "Times a household said that it could not reach us.",
	"clock_seconds":          "Age of the jobs opened in the period until their end or now: centre, customer, parts and brand time. Safety holds are the brand's, so that reports of danger change no centre's figure.",
}

// ReportFilter bounds a report.
type ReportFilter struct {
	From, To time.Time
	CentreID *ID
}

// JobClockInput is what the clock of one job depends on.
type JobClockInput struct {
	Job      Job
	Customer Customer
	Attempts []Attempt
	Holds    []Hold // lifted ones too
	Visits   []Visit
}

// reportPeriod refuses a period that no report covers. Errors: CodeUnprocessable.
func reportPeriod(from, to time.Time) error {
	if from.Before(to) && to.Sub(from) <= 400*24*time.Hour {
		return nil
	}
	return Fail(CodeUnprocessable, "A report ends after it begins and covers up to 400 days.").
		At("#/query/to", "later than from, at most 400 days")
}

// ReachabilityReport gives one row for each centre of the scope and their
// total. Proprietor, area manager, admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) ReachabilityReport(ctx context.Context, a Actor, f ReportFilter) ([]ReachabilityRow, error) {
	if !a.Is(RoleProprietor, RoleAreaManager, RoleAdmin) {
		return nil, Fail(CodeForbidden, "As %s you may not read the figures of a centre.", roleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	rows, err := s.Read.ReachabilityCounts(ctx, a.Scope(), f)
	if err != nil {
		return nil, err
	}
	at := map[ID]int{}
	for i := range rows {
		at[*rows[i].CentreID] = i
		rows[i].Clock = jobclock.Sum(nil)
	}
	now := s.instant()
	clocks := newClocks(s.Read)
	for page := (Page{Limit: 200}); ; {
		list, err := s.Read.JobClockInputs(ctx, a.Scope(), f, page)
		if err != nil {
			return nil, err
		}
		for i := range list {
			h := &list[i]
			segments, err := clocks.of(ctx, h, now)
			if err != nil {
				return nil, err
			}
			if k, ok := at[h.Job.CentreID]; ok {
				for whose, n := range jobclock.Sum(segments) {
					rows[k].Clock[whose] += n
				}
			}
		}
		if len(list) < page.Limit {
			break
		}
		last := list[len(list)-1].Job
		page.AfterAt, page.AfterID = &last.OpenedAt, &last.ID
	}
	total := ReachabilityRow{Centre: "total", Clock: jobclock.Sum(nil)}
	for i := range rows {
		total.add(&rows[i])
	}
	return append(rows, total), nil
}

// add counts another centre in.
func (t *ReachabilityRow) add(r *ReachabilityRow) {
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

// JobClock is the age of one job, split by facts.
type JobClock struct {
	JobID    ID                 `json:"job_id"`
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	Running  bool               `json:"running"`
	Seconds  map[string]int64   `json:"seconds"`
	Segments []jobclock.Segment `json:"segments"`
}

// Clock splits the age of a job into centre, customer, parts and brand time,
// each pause naming its proof (docs/product.md section 3). Who sees the job.
func (s *Service) Clock(ctx context.Context, a Actor, job ID) (JobClock, error) {
	j, err := s.Read.Job(ctx, a.Scope(), job)
	if err != nil {
		return JobClock{}, err
	}
	h, err := s.Read.JobClockInput(ctx, a.Scope(), job)
	if err != nil {
		return JobClock{}, err
	}
	now := s.instant()
	segments, err := newClocks(s.Read).of(ctx, h, now)
	if err != nil {
		return JobClock{}, err
	}
	out := JobClock{JobID: j.ID, From: j.OpenedAt, To: clockEnd(j, now), Running: j.EndedAt == nil && j.ResolvedAt == nil,
		Seconds: jobclock.Sum(segments), Segments: segments}
	return out, nil
}

// clocks reads centres and policies once for many jobs.
type clocks struct {
	read     Reader
	centres  map[ID]*Centre
	policies map[ID][]Policy
}

func newClocks(r Reader) *clocks { return &clocks{r, map[ID]*Centre{}, map[ID][]Policy{}} }

// clockEnd is when a job's clock stands: resolved, ended, or now.
func clockEnd(j *Job, now time.Time) time.Time {
	switch {
	case j.ResolvedAt != nil:
		return *j.ResolvedAt
	case j.EndedAt != nil:
		return *j.EndedAt
	}
	return now
}

func (c *clocks) of(ctx context.Context, h *JobClockInput, now time.Time) ([]jobclock.Segment, error) {
	centre, ok := c.centres[h.Job.CentreID]
	if !ok {
		var err error
		everything := Scope{All: true} // the job itself was read in the caller's scope
		if centre, err = c.read.Centre(ctx, everything, h.Job.CentreID); err != nil {
			return nil, err
		}
		policies, err := c.read.PoliciesOf(ctx, h.Job.CentreID)
		if err != nil {
			return nil, err
		}
		c.centres[h.Job.CentreID], c.policies[h.Job.CentreID] = centre, policies
	}
	d := &Case{now: now, job: &h.Job, customer: &h.Customer, centre: centre, holds: h.Holds}
	if d.site = h.Customer.site(h.Job.SiteID); d.site == nil {
		d.site = &Site{ID: h.Job.SiteID, Zone: "UTC"}
	}
	return jobclock.Split(h.Job.OpenedAt, clockEnd(&h.Job, now), pauses(d, h, c.policies[h.Job.CentreID])), nil
}

// doneUntilReopened is the time in which nobody asked for anything: from a
// completion that the household confirmed until it came back. What it denies
// or never confirmed stays the centre's time.
func doneUntilReopened(h *JobClockInput, v *Visit) *jobclock.Pause {
	if v.Status != VisitCompleted || v.Disputed || v.DoneConfirmedAt == nil || v.EndedAt == nil {
		return nil
	}
	var back *time.Time
	sooner := func(at *time.Time) {
		if at != nil && at.After(*v.EndedAt) && (back == nil || at.Before(*back)) {
			back = at
		}
	}
	sooner(h.Job.ReopenedAt)
	for i := range h.Visits {
		sooner(&h.Visits[i].CreatedAt)
	}
	if back == nil {
		return nil
	}
	return &jobclock.Pause{Whose: jobclock.Customer, From: *v.EndedAt, To: back, Why: "done and confirmed, until it was reopened",
		Proof: v.ID.String()}
}

// pauses reads from the facts whose time it was when not the centre's.
func pauses(d *Case, h *JobClockInput, policies []Policy) []jobclock.Pause {
	var out []jobclock.Pause
	for i := range h.Holds {
		hold := &h.Holds[i]
		p := jobclock.Pause{From: hold.Since, To: hold.LiftedAt, Proof: hold.ID.String()}
		switch hold.Kind {
		case HoldSafety:
			p.Whose, p.Why = jobclock.Brand, "area hold"
		case HoldParts:
			p.Whose, p.Why = jobclock.Parts, "waiting for parts"
		case HoldCustomerRequest:
			p.Whose, p.Why = jobclock.Customer, "at the customer's request"
		default:
			continue // customer time began with the attempts before it
		}
		out = append(out, p)
	}
	contacts := []time.Time{}
	for i := range h.Attempts {
		if a := &h.Attempts[i]; a.Contact() && a.Discounted == "" {
			contacts = append(contacts, a.OccurredAt)
		}
	}
	slices.SortFunc(contacts, time.Time.Compare)
	// Each stretch between two contacts is judged as it stood at its end:
	// customer time starts at the first attempt that counts.
	from := time.Time{}
	for _, end := range append(slices.Clone(contacts), d.now) {
		stretch := []Attempt{}
		for i := range h.Attempts {
			if a := &h.Attempts[i]; a.OccurredAt.After(from) && a.OccurredAt.Before(end) {
				stretch = append(stretch, *a)
			}
		}
		v := reach.Judge(d.reachCase(stretch, policies, nil, end))
		if v.FirstCountingAt != nil {
			p := jobclock.Pause{Whose: jobclock.Customer, From: *v.FirstCountingAt, To: ptr(end), Why: "the household was tried and not reached",
				Proof: v.Counts[0].String()}
			out = append(out, p)
		}
		from = end
	}
	for i := range h.Visits {
		v := &h.Visits[i]
		if p := doneUntilReopened(h, v); p != nil {
			out = append(out, *p)
		}
		if v.Status != VisitNoAccess || v.CountsAgainst != "customer" || v.EndedAt == nil {
			continue
		}
		p := jobclock.Pause{Whose: jobclock.Customer, From: *v.EndedAt, Why: "no access", Proof: v.ID.String()}
		for _, c := range contacts {
			if c.After(*v.EndedAt) {
				p.To = ptr(c)
				break
			}
		}
		out = append(out, p)
	}
	return out
}
