package reporting

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/jobclock"
)

// ServiceRow is one centre in GET /v1/reports/service: how long jobs took by
// the job clock, and what visits came to (docs/product.md sections 3 and 4).
// ServiceDefinitions says what each figure counts.
type ServiceRow struct {
	CentreID       *domain.ID `json:"centre_id"` // null: the total
	Centre         string     `json:"centre"`
	JobsOpened     int        `json:"jobs_opened"`
	JobsDone       int        `json:"jobs_done"`
	TurnaroundHalf *int64     `json:"turnaround_median_seconds"`
	TurnaroundMost *int64     `json:"turnaround_p90_seconds"`
	CentreHalf     *int64     `json:"centre_time_median_seconds"`
	CentreMost     *int64     `json:"centre_time_p90_seconds"`
	Completed      int        `json:"completed"`
	FirstTimeFix   int        `json:"first_time_fixed"`
	FirstTimeRate  *float64   `json:"first_time_fix_rate"`
	Repeats        int        `json:"repeats_within_30_days"`
	NoAccess       int        `json:"no_access_by_customer"`
	MissedByUs     int        `json:"missed_by_us"`
	Tries          int        `json:"tries"`
	Reached        int        `json:"reached"`
	TriesPerReach  *float64   `json:"tries_per_reach"`

	whole, own []int64 // seconds of each done job
}

// ServiceReport is the figures of all centres of a scope, the last row their
// total.
type ServiceReport struct {
	Rows  []ServiceRow
	Loads []domain.TechnicianLoad
}

// ServiceDefinitions says what each figure counts, for people.
var ServiceDefinitions = map[string]string{
	"jobs_opened":                "Jobs registered in the period.",
	"jobs_done":                  "Of these, jobs that are resolved, closed or cancelled.",
	"turnaround_median_seconds":  "Age of the jobs done, from registration to their end: half of them took no longer.",
	"turnaround_p90_seconds":     "The same age: nine of ten took no longer.",
	"centre_time_median_seconds": "The centre's own part of that age by the job clock; the customer's, parts' and the brand's time is taken off, each pause with its proof: half took no longer.",
	"centre_time_p90_seconds":    "The same part: nine of ten took no longer.",
	"completed":                  "Visits with a window in the period that were completed and are not disputed.",
	"first_time_fixed":           "Of these, those without an earlier completed or partial visit on the job and without a repeat on the serial.",
	"first_time_fix_rate":        "First-time fixes of all completed visits.",
	"repeats_within_30_days":     "Jobs registered in the period on a serial that had another job within the 30 days before.",
	"no_access_by_customer":      "Visits with a window in the period that found no access; disputed and struck ones are left out.",
	"missed_by_us":               "Visits with a window in the period to which nobody came, or whose end was struck.",
	"tries":                      "Outbound attempts in the period; disputed and struck ones are left out.",
	"reached":                    "Of these, attempts in which somebody of the household was spoken to.",
	"tries_per_reach":            "Tries for each time somebody was reached.",
	"load":                       "Visits with a window in the period that a technician was given, and their planned minutes; without missed, moved and cancelled ones.",
	"fairness":                   "Load is what somebody was given, never how well they did: outcomes are counted for a centre and for nobody in it. A visit that was stopped as unsafe, found no access, is disputed or was reported stays in the load and payable, and counts against nobody. Safety holds are the brand's time, so that a report of danger improves and worsens no centre's figure.",
}

// ServiceReport reads the figures of the scope. Proprietor, area manager,
// admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) ServiceReport(ctx context.Context, a domain.Actor, f domain.ReportFilter) (*ServiceReport, error) {
	if !a.Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read the figures of a centre.", domain.RoleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	counts, err := s.Read.ReachabilityCounts(ctx, a.Scope(), f)
	if err != nil {
		return nil, err
	}
	out := &ServiceReport{Rows: make([]ServiceRow, len(counts))}
	at := map[domain.ID]*ServiceRow{}
	for i := range counts {
		c := &counts[i]
		out.Rows[i] = ServiceRow{CentreID: c.CentreID, Centre: c.Centre, JobsOpened: c.JobsOpened, Completed: c.Completed,
			FirstTimeFix: c.FirstTimeFix,
			Repeats:      c.Repeats, NoAccess: c.NoAccess, MissedByUs: c.MissedByUs, Tries: c.Tries, Reached: c.Reached}
		at[*c.CentreID] = &out.Rows[i]
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
			row := at[h.Job.CentreID]
			if row == nil || h.Job.ResolvedAt == nil && h.Job.EndedAt == nil {
				continue
			}
			segments, err := clocks.of(ctx, h, now)
			if err != nil {
				return nil, err
			}
			row.JobsDone++
			row.whole = append(row.whole, int64(clockEnd(&h.Job, now).Sub(h.Job.OpenedAt)/time.Second))
			row.own = append(row.own, jobclock.Sum(segments)[jobclock.Centre])
		}
		if len(list) < page.Limit {
			break
		}
		last := list[len(list)-1].Job
		page.AfterAt, page.AfterID = &last.OpenedAt, &last.ID
	}
	if out.Loads, err = s.Read.Loads(ctx, a.Scope(), f); err != nil {
		return nil, err
	}
	total := ServiceRow{Centre: "total"}
	for i := range out.Rows {
		r := &out.Rows[i]
		for _, p := range [][2]*int{{&total.JobsOpened, &r.JobsOpened}, {&total.JobsDone, &r.JobsDone}, {&total.Completed, &r.Completed},
			{&total.FirstTimeFix, &r.FirstTimeFix},
			{&total.Repeats, &r.Repeats}, {&total.NoAccess, &r.NoAccess}, {&total.MissedByUs, &r.MissedByUs}, {&total.Tries, &r.Tries},
			{&total.Reached, &r.Reached}} {
			*p[0] += *p[1]
		}
		total.whole, total.own = append(total.whole, r.whole...), append(total.own, r.own...)
		r.conclude()
	}
	total.conclude()
	out.Rows = append(out.Rows, total)
	return out, nil
}

func (r *ServiceRow) conclude() {
	r.TurnaroundHalf, r.TurnaroundMost = quantile(r.whole, 50), quantile(r.whole, 90)
	r.CentreHalf, r.CentreMost = quantile(r.own, 50), quantile(r.own, 90)
	if r.Completed > 0 {
		r.FirstTimeRate = domain.Ptr(float64(r.FirstTimeFix) / float64(r.Completed))
	}
	if r.Reached > 0 {
		r.TriesPerReach = domain.Ptr(float64(r.Tries) / float64(r.Reached))
	}
}

// quantile is the smallest value that at least percent of all do not exceed
// (nearest rank); nil of none.
func quantile(values []int64, percent int) *int64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := (len(sorted)*percent + 99) / 100
	return domain.Ptr(sorted[max(rank, 1)-1])
}
