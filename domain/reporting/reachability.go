package reporting

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/jobclock"
	"doorstep/domain/reach"
)

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

// reportPeriod refuses a period that no report covers. Errors: CodeUnprocessable.
func reportPeriod(from, to time.Time) error {
	if from.Before(to) && to.Sub(from) <= 400*24*time.Hour {
		return nil
	}
	return domain.Fail(domain.CodeUnprocessable, "A report ends after it begins and covers up to 400 days.").
		At("#/query/to", "later than from, at most 400 days")
}

// ReachabilityReport gives one row for each centre of the scope and their
// total. Proprietor, area manager, admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) ReachabilityReport(ctx context.Context, a domain.Actor, f domain.ReportFilter) ([]domain.ReachabilityRow, error) {
	if !a.Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read the figures of a centre.", domain.RoleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	rows, err := s.Read.ReachabilityCounts(ctx, a.Scope(), f)
	if err != nil {
		return nil, err
	}
	at := map[domain.ID]int{}
	for i := range rows {
		at[*rows[i].CentreID] = i
		rows[i].Clock = jobclock.Sum(nil)
	}
	now := s.Instant()
	clocks := newClocks(s.Read)
	for page := (domain.Page{Limit: 200}); ; {
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
	total := domain.ReachabilityRow{Centre: "total", Clock: jobclock.Sum(nil)}
	for i := range rows {
		total.Add(&rows[i])
	}
	return append(rows, total), nil
}

// JobClock is the age of one job, split by facts.
type JobClock struct {
	JobID    domain.ID          `json:"job_id"`
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	Running  bool               `json:"running"`
	Seconds  map[string]int64   `json:"seconds"`
	Segments []jobclock.Segment `json:"segments"`
}

// JobClock splits the age of a job into centre, customer, parts and brand time,
// each pause naming its proof (docs/product.md section 3). Who sees the job.
func (s *Service) JobClock(ctx context.Context, a domain.Actor, job domain.ID) (JobClock, error) {
	j, err := s.Read.Job(ctx, a.Scope(), job)
	if err != nil {
		return JobClock{}, err
	}
	h, err := s.Read.JobClockInput(ctx, a.Scope(), job)
	if err != nil {
		return JobClock{}, err
	}
	now := s.Instant()
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
	read     domain.Reader
	centres  map[domain.ID]*domain.Centre
	policies map[domain.ID][]domain.Policy
}

func newClocks(r domain.Reader) *clocks {
	return &clocks{r, map[domain.ID]*domain.Centre{}, map[domain.ID][]domain.Policy{}}
}

// clockEnd is when a job's clock stands: resolved, ended, or now.
func clockEnd(j *domain.Job, now time.Time) time.Time {
	switch {
	case j.ResolvedAt != nil:
		return *j.ResolvedAt
	case j.EndedAt != nil:
		return *j.EndedAt
	}
	return now
}

func (c *clocks) of(ctx context.Context, h *domain.JobClockInput, now time.Time) ([]jobclock.Segment, error) {
	centre, ok := c.centres[h.Job.CentreID]
	if !ok {
		var err error
		everything := domain.Scope{All: true} // the job itself was read in the caller's scope
		if centre, err = c.read.Centre(ctx, everything, h.Job.CentreID); err != nil {
			return nil, err
		}
		policies, err := c.read.PoliciesOf(ctx, h.Job.CentreID)
		if err != nil {
			return nil, err
		}
		c.centres[h.Job.CentreID], c.policies[h.Job.CentreID] = centre, policies
	}
	opened := &casework.Case{Now: now, Job: &h.Job, Customer: &h.Customer, Centre: centre, Holds: h.Holds}
	if opened.Site = h.Customer.Site(h.Job.SiteID); opened.Site == nil {
		opened.Site = &domain.Site{ID: h.Job.SiteID, Zone: "UTC"}
	}
	return jobclock.Split(h.Job.OpenedAt, clockEnd(&h.Job, now), pauses(opened, h, c.policies[h.Job.CentreID])), nil
}

// doneUntilReopened is the time in which nobody asked for anything: from a
// completion that the household confirmed until it came back. What it denies
// or never confirmed stays the centre's time.
func doneUntilReopened(h *domain.JobClockInput, v *domain.Visit) *jobclock.Pause {
	if v.Status != domain.VisitCompleted || v.Disputed || v.DoneConfirmedAt == nil || v.EndedAt == nil {
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
func pauses(c *casework.Case, h *domain.JobClockInput, policies []domain.Policy) []jobclock.Pause {
	var out []jobclock.Pause
	for i := range h.Holds {
		hold := &h.Holds[i]
		p := jobclock.Pause{From: hold.Since, To: hold.Counted(), Proof: hold.ID.String()}
		switch hold.Kind {
		case domain.HoldSafety:
			p.Whose, p.Why = jobclock.Brand, "area hold"
		case domain.HoldParts:
			p.Whose, p.Why = jobclock.Parts, "waiting for parts"
		case domain.HoldCustomerRequest:
			if hold.LiftReason == domain.NotAskedFor {
				continue
			}
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
	for _, end := range append(slices.Clone(contacts), c.Now) {
		stretch := []domain.Attempt{}
		for i := range h.Attempts {
			if a := &h.Attempts[i]; a.OccurredAt.After(from) && a.OccurredAt.Before(end) {
				stretch = append(stretch, *a)
			}
		}
		v := reach.Judge(c.ReachCase(stretch, policies, nil, end))
		if v.FirstCountingAt != nil {
			p := jobclock.Pause{Whose: jobclock.Customer, From: *v.FirstCountingAt, To: domain.Ptr(end),
				Why:   "the household was tried and not reached",
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
		if v.Status != domain.VisitNoAccess || v.CountsAgainst != "customer" || v.EndedAt == nil {
			continue
		}
		p := jobclock.Pause{Whose: jobclock.Customer, From: *v.EndedAt, Why: "no access", Proof: v.ID.String()}
		for _, at := range contacts {
			if at.After(*v.EndedAt) {
				p.To = domain.Ptr(at)
				break
			}
		}
		out = append(out, p)
	}
	return out
}
