package repo

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"doorstep/domain"
)

// changes gathers what a transaction changed, for GET /v1/events: one row for
// each centre, with the last version of each thing.
type changes struct {
	rows      []*changedAt
	customers []domain.ID // customers over whose jobs a hold was placed or lifted
	sites     []domain.ID
	jobs      []domain.ID
}

type changedAt struct {
	centre *domain.ID
	items  []domain.ChangedItem
}

// changed notes that a thing of a centre was written.
func (t *tx) changed(kind string, m domain.Meta, centre *domain.ID, people ...domain.ID) {
	var at *changedAt
	for _, r := range t.changes.rows {
		if same(r.centre, centre) || r.centre == nil && centre == nil {
			at = r
		}
	}
	if at == nil {
		at = &changedAt{}
		if centre != nil {
			id := *centre
			at.centre = &id
		}
		t.changes.rows = append(t.changes.rows, at)
	}
	i := slices.IndexFunc(at.items, func(x domain.ChangedItem) bool { return x.ID == m.ID && x.Kind == kind })
	if i < 0 {
		i = len(at.items)
		at.items = append(at.items, domain.ChangedItem{Kind: kind, ID: m.ID})
	}
	it := &at.items[i]
	it.Version = m.Version
	for _, id := range people {
		if !slices.Contains(it.People, id) {
			it.People = append(it.People, id)
		}
	}
}

// held notes a hold: it changes the jobs that it lies on, whatever their
// centre, also when nobody saves them.
func (c *changes) held(h *domain.Hold) {
	for _, x := range []struct {
		id   *domain.ID
		list *[]domain.ID
	}{{h.JobID, &c.jobs}, {h.CustomerID, &c.customers}, {h.SiteID, &c.sites}} {
		if x.id != nil {
			*x.list = append(*x.list, *x.id)
		}
	}
}

// gatherChanges writes them. A hold over a customer is rare enough to ask
// for its jobs.
func (t *tx) gatherChanges() error {
	c := &t.changes
	noted := func(id domain.ID) bool {
		return slices.ContainsFunc(c.rows, func(r *changedAt) bool {
			return slices.ContainsFunc(r.items, func(x domain.ChangedItem) bool { return x.ID == id && x.Kind == domain.ChangedJob })
		})
	}
	c.jobs = slices.DeleteFunc(c.jobs, noted)
	if len(c.customers)+len(c.sites)+len(c.jobs) > 0 {
		j, h, s := t.db.in("id", c.jobs), t.db.in("customer_id", c.customers), t.db.in("site_id", c.sites)
		jobs, err := all[domain.Job](t, t.table("jobs").Where("("+j.SQL+" OR "+h.SQL+" OR "+s.SQL+") AND status NOT IN ('closed', 'cancelled')",
			j.Vars[0], h.Vars[0], s.Vars[0]))
		if err != nil {
			return err
		}
		for i := range jobs {
			if !noted(jobs[i].ID) {
				t.changed(domain.ChangedJob, jobs[i].Meta, &jobs[i].CentreID)
			}
		}
	}
	now := time.Now().UTC() // streams live on wall time
	for _, r := range c.rows {
		items, err := json.Marshal(r.items)
		if err != nil {
			return err
		}
		if err := t.exec("INSERT INTO changes (at, centre_id, items) VALUES (?, ?, ?)", now, r.centre, string(items)); err != nil {
			return err
		}
	}
	*c = changes{}
	return nil
}

// changeRow is a row of changes; tx is the transaction that wrote it.
type changeRow struct {
	Tx, Seq  int64
	CentreID *domain.ID
	Items    domain.JSONList[domain.ChangedItem]
}

// Changes reads, on PostgreSQL, what was written by transactions below the
// snapshot's xmin: all of them have ended, so none can still commit before
// what was read. An open transaction that wrote delays what comes after it.
func (r *reader) Changes(ctx context.Context, after domain.Mark, limit int) ([]domain.FeedChange, error) {
	q := r.db.table("changes").Raw("SELECT txid AS tx, seq, centre_id, items FROM changes WHERE seq > ? ORDER BY seq LIMIT 0 + ?", after.Seq,
		limit)
	if r.db.pool != nil {
		q = r.db.table("changes").Raw(`SELECT CAST(CAST(txid AS text) AS bigint) AS tx, seq, centre_id, items FROM changes
			WHERE (txid, seq) > (CAST(CAST(? AS text) AS xid8), ?) AND txid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY changes.txid, changes.seq LIMIT ?`,
			strconv.FormatInt(after.Tx, 10), after.Seq, limit)
	}
	rows, err := list[changeRow](ctx, r, q)
	if err != nil {
		return nil, err
	}
	out := make([]domain.FeedChange, len(rows))
	for i, row := range rows {
		out[i] = domain.FeedChange{Mark: domain.Mark{Tx: row.Tx, Seq: row.Seq}, CentreID: row.CentreID, Items: row.Items}
	}
	return out, nil
}

func (r *reader) LastChange(ctx context.Context) (domain.Mark, error) {
	type head struct{ N int64 }
	q := r.db.table("changes").Raw("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS n")
	if r.db.pool != nil {
		q = r.db.table("changes").Raw("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS n")
	}
	rows, err := list[head](ctx, r, q)
	if err != nil || len(rows) == 0 {
		return domain.Mark{}, err
	}
	if r.db.pool != nil {
		return domain.Mark{Tx: rows[0].N - 1, Seq: math.MaxInt64}, nil
	}
	return domain.Mark{Seq: rows[0].N}, nil
}

func (r *reader) CrewsOfJobs(ctx context.Context, jobs []domain.ID) (map[domain.ID][]domain.ID, error) {
	out := map[domain.ID][]domain.ID{}
	type member struct{ JobID, TechnicianID domain.ID }
	rows, err := list[member](ctx, r, r.db.table("assignments").Where("current").Where(r.db.in("job_id", jobs)))
	for _, m := range rows {
		out[m.JobID] = append(out[m.JobID], m.TechnicianID)
	}
	return out, err
}

func (r *reader) AlarmsByID(ctx context.Context, ids []domain.ID) ([]domain.SOS, error) {
	return list[domain.SOS](ctx, r, r.db.table("sos").Where(r.db.in("id", ids)))
}
