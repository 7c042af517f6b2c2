package repo

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// ReachabilityCounts reads the figures of all centres in a scope: one
// statement for each table.
func (r *reader) ReachabilityCounts(ctx context.Context, s domain.Scope, f domain.ReportFilter) ([]domain.ReachabilityRow, error) {
	q := r.scoped(s, "centres")
	if f.CentreID != nil {
		q = q.Where("id = ?", *f.CentreID)
	}
	centres, err := list[domain.Centre](ctx, r, q.Order("name, id"))
	if err != nil {
		return nil, err
	}
	ids := make([]domain.ID, len(centres))
	rows := make([]domain.ReachabilityRow, len(centres))
	at := map[domain.ID]*domain.ReachabilityRow{}
	for i := range centres {
		ids[i], rows[i].CentreID, rows[i].Centre = centres[i].ID, &centres[i].ID, centres[i].Name
		at[centres[i].ID] = &rows[i]
	}
	if len(ids) == 0 {
		return rows, nil
	}
	type counted struct {
		CentreID      domain.ID
		A, B, C, D, E int
	}
	for _, c := range []struct {
		on   string // the column that names the centre
		sql  string
		vars []any
		put  func(*domain.ReachabilityRow, counted)
	}{
		{"centre_id", "SELECT centre_id, count(*) AS a, count(repeat_of) AS b, 0 AS c, 0 AS d, 0 AS e FROM jobs WHERE %in AND opened_at >= ? AND opened_at < ? GROUP BY centre_id", []any{f.From, f.To},
			func(o *domain.ReachabilityRow, n counted) { o.JobsOpened, o.Repeats = n.A, n.B }},
		// A job with an attempt in the period was saved since its beginning.
		{"jobs.centre_id", `SELECT jobs.centre_id AS centre_id,
			sum(CASE WHEN attempts.direction = 'outbound' AND attempts.discounted = '' THEN 1 ELSE 0 END) AS a,
			sum(CASE WHEN attempts.direction = 'outbound' AND attempts.discounted = '' AND attempts.outcome IN ('reached', 'refused', 'hostile', 'cut_off') THEN 1 ELSE 0 END) AS b,
			sum(CASE WHEN attempts.direction = 'inbound' AND attempts.discounted = '' THEN 1 ELSE 0 END) AS c, 0 AS d, 0 AS e
			FROM jobs JOIN attempts ON attempts.job_id = jobs.id WHERE %in AND jobs.updated_at >= ? AND attempts.occurred_at >= ? AND attempts.occurred_at < ? GROUP BY jobs.centre_id`,
			[]any{f.From, f.From, f.To}, func(o *domain.ReachabilityRow, n counted) { o.Tries, o.Reached, o.Inbound = n.A, n.B, n.C }},
		{"jobs.centre_id", `SELECT jobs.centre_id AS centre_id, count(*) AS a, 0 AS b, 0 AS c, 0 AS d, 0 AS e FROM jobs JOIN holds ON holds.job_id = jobs.id
			WHERE %in AND jobs.updated_at >= ? AND holds.kind = 'unreachable' AND holds.since >= ? AND holds.since < ? GROUP BY jobs.centre_id`,
			[]any{f.From, f.From, f.To}, func(o *domain.ReachabilityRow, n counted) { o.Unreachable = n.A }},
		{"centre_id", `SELECT centre_id,
			sum(CASE WHEN status = 'no_access' AND counts_against = 'customer' AND NOT disputed THEN 1 ELSE 0 END) AS a,
			sum(CASE WHEN counts_against = 'brand' AND (status = 'missed' OR status IN ('cancelled', 'rescheduled') AND ended_at > window_end)
				THEN 1 ELSE 0 END) AS b,
			sum(CASE WHEN status = 'completed' AND NOT disputed THEN 1 ELSE 0 END) AS c,
			sum(CASE WHEN status = 'completed' AND NOT disputed AND done_confirmed_at IS NOT NULL THEN 1 ELSE 0 END) AS d,
			sum(CASE WHEN status = 'completed' AND NOT disputed
				AND NOT EXISTS (SELECT 1 FROM visits earlier WHERE earlier.job_id = visits.job_id AND earlier.status IN ('completed', 'partial') AND earlier.window_start < visits.window_start)
				AND NOT EXISTS (SELECT 1 FROM jobs again WHERE again.repeat_of = visits.job_id) THEN 1 ELSE 0 END) AS e
			FROM visits WHERE %in AND window_start >= ? AND window_start < ? GROUP BY centre_id`, []any{f.From, f.To},
			func(o *domain.ReachabilityRow, n counted) {
				o.NoAccess, o.MissedByUs, o.Completed, o.Confirmed, o.FirstTimeFix = n.A, n.B, n.C, n.D, n.E
			}},
		{"centre_id", `SELECT centre_id, count(*) AS a, sum(CASE WHEN status = 'upheld' THEN 1 ELSE 0 END) AS b, sum(CASE WHEN status = 'struck' THEN 1 ELSE 0 END) AS c, 0 AS d, 0 AS e
			FROM disputes WHERE %in AND status <> 'withdrawn' AND created_at >= ? AND created_at < ? GROUP BY centre_id`, []any{f.From, f.To},
			func(o *domain.ReachabilityRow, n counted) { o.Disputed, o.Upheld, o.Struck = n.A, n.B, n.C }},
		{"centre_id", `SELECT centre_id, count(*) AS a, sum(CASE WHEN status = 'kept' THEN 1 ELSE 0 END) AS b, sum(CASE WHEN status IN ('broken', 'kept_late') THEN 1 ELSE 0 END) AS c, 0 AS d, 0 AS e
			FROM promises WHERE %in AND status <> 'void' AND due_at >= ? AND due_at < ? GROUP BY centre_id`, []any{f.From, f.To},
			func(o *domain.ReachabilityRow, n counted) {
				o.Promises, o.PromisesKept, o.PromisesLate = n.A, n.B, n.C
			}},
		{"jobs.centre_id", `SELECT jobs.centre_id AS centre_id, count(*) AS a, 0 AS b, 0 AS c, 0 AS d, 0 AS e FROM jobs JOIN facts ON facts.job_id = jobs.id
			WHERE %in AND jobs.updated_at >= ? AND facts.kind = 'contact.could_not_reach' AND facts.occurred_at >= ? AND facts.occurred_at < ? GROUP BY jobs.centre_id`,
			[]any{f.From, f.From, f.To}, func(o *domain.ReachabilityRow, n counted) { o.CouldNotReachUs = n.A }},
	} {
		in := r.db.in(c.on, ids)
		rows, err := list[counted](ctx, r, r.db.table("x").Raw(strings.Replace(c.sql, "%in", in.SQL, 1),
			append(append([]any{}, in.Vars...), c.vars...)...))
		if err != nil {
			return nil, err
		}
		for _, n := range rows {
			c.put(at[n.CentreID], n)
		}
	}
	return rows, nil
}

// JobClockInputs reads jobs opened in the period with their entries, by
// (opened_at, id): seven statements a page.
func (r *reader) JobClockInputs(ctx context.Context, s domain.Scope, f domain.ReportFilter, p domain.Page) ([]domain.JobClockInput, error) {
	q := r.scoped(s, "jobs").Where("opened_at >= ? AND opened_at < ?", f.From, f.To)
	if f.CentreID != nil {
		q = q.Where("centre_id = ?", *f.CentreID)
	}
	jobs, err := paged[domain.Job](ctx, r, q, "jobs", p)
	if err != nil {
		return nil, err
	}
	return r.histories(ctx, jobs)
}

func (r *reader) JobClockInput(ctx context.Context, s domain.Scope, id domain.ID) (*domain.JobClockInput, error) {
	j, err := r.Job(ctx, s, id)
	if err != nil {
		return nil, err
	}
	out, err := r.histories(ctx, []domain.Job{*j})
	if err != nil {
		return nil, err
	}
	return &out[0], nil
}

func (r *reader) histories(ctx context.Context, jobs []domain.Job) ([]domain.JobClockInput, error) {
	out := make([]domain.JobClockInput, len(jobs))
	if len(jobs) == 0 {
		return out, nil
	}
	ids, customerIDs, sites := make([]domain.ID, len(jobs)), make([]domain.ID, len(jobs)), make([]domain.ID, len(jobs))
	of := map[domain.ID]*domain.JobClockInput{}
	for i := range jobs {
		out[i].Job = jobs[i]
		ids[i], customerIDs[i], sites[i] = jobs[i].ID, jobs[i].CustomerID, jobs[i].SiteID
		of[jobs[i].ID] = &out[i]
	}
	customers, err := r.customers(ctx, r.db.table("customers").Where(r.db.in("id", customerIDs)))
	if err != nil {
		return nil, err
	}
	attempts, err := list[domain.Attempt](ctx, r, r.db.table("attempts").Where(r.db.in("job_id", ids)).Order("occurred_at, id"))
	if err != nil {
		return nil, err
	}
	visits, err := list[domain.Visit](ctx, r, r.db.table("visits").Where(r.db.in("job_id", ids)).Order("window_start, id"))
	if err != nil {
		return nil, err
	}
	holds, err := list[domain.Hold](ctx, r, r.db.table("holds").
		Where(clause.Or(r.db.in("job_id", ids), r.db.in("customer_id", customerIDs), r.db.in("site_id", sites))).Order("since, id"))
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		of[a.JobID].Attempts = append(of[a.JobID].Attempts, a)
	}
	for _, v := range visits {
		of[v.JobID].Visits = append(of[v.JobID].Visits, v)
	}
	is := func(a *domain.ID, b domain.ID) bool { return a != nil && *a == b }
	for i := range out {
		h := &out[i]
		for _, c := range customers {
			if c.ID == h.Job.CustomerID {
				h.Customer = c
			}
		}
		for _, x := range holds {
			if is(x.JobID, h.Job.ID) || is(x.CustomerID, h.Job.CustomerID) || is(x.SiteID, h.Job.SiteID) {
				h.Holds = append(h.Holds, x)
			}
		}
	}
	return out, nil
}

func (r *reader) PoliciesOf(ctx context.Context, centre domain.ID) ([]domain.Policy, error) {
	return list[domain.Policy](ctx, r, r.db.table("policies").Where("(centre_id = ? OR centre_id IS NULL)", centre).
		Order("created_at DESC, number DESC, id DESC"))
}

// SafetyCounts reads timers and alarms of all centres in a scope.
func (r *reader) SafetyCounts(ctx context.Context, s domain.Scope, f domain.ReportFilter) ([]domain.SafetyRow, error) {
	q := r.scoped(s, "centres")
	if f.CentreID != nil {
		q = q.Where("id = ?", *f.CentreID)
	}
	centres, err := list[domain.Centre](ctx, r, q.Order("name, id"))
	if err != nil || len(centres) == 0 {
		return []domain.SafetyRow{}, err
	}
	ids := make([]domain.ID, len(centres))
	rows := make([]domain.SafetyRow, len(centres))
	at := map[domain.ID]*domain.SafetyRow{}
	for i := range centres {
		ids[i], rows[i].CentreID, rows[i].Centre = centres[i].ID, &centres[i].ID, centres[i].Name
		at[centres[i].ID] = &rows[i]
	}
	type counted struct {
		CentreID      domain.ID
		Timers, Pings int
	}
	timers, err := list[counted](ctx, r, r.db.table("timers").Select("centre_id, count(*) AS timers, sum(pings) AS pings").
		Where(r.db.in("centre_id", ids)).Where("created_at >= ? AND created_at < ?", f.From, f.To).Group("centre_id"))
	if err != nil {
		return nil, err
	}
	for _, n := range timers {
		at[n.CentreID].Timers, at[n.CentreID].Pings = n.Timers, n.Pings
	}
	alarms, err := list[domain.SOS](ctx, r, r.db.table("sos").Where(r.db.in("centre_id", ids)).
		Where("created_at >= ? AND created_at < ?", f.From, f.To).Where("NOT (source = 'duress' AND raiser_id = ?)", f.Reader))
	if err != nil {
		return nil, err
	}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	for i := range alarms {
		x := &alarms[i]
		o := at[*x.CentreID]
		o.Alarms++
		count(&o.ByTimer, x.Source == "timer")
		count(&o.Answered, x.AcknowledgedAt != nil)
		count(&o.WithinMinute, x.AcknowledgedAt != nil && x.AcknowledgedAt.Sub(x.RecordedAt) <= time.Minute)
		count(&o.Real, x.Outcome == "real")
		count(&o.False, x.Outcome == "false_alarm")
		count(&o.Tests, x.Outcome == "test")
		count(&o.Open, x.Status != "resolved")
	}
	return rows, nil
}
