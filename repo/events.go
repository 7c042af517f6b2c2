package repo

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"doorstep/domain"
)

// changes gathers what a transaction changed, for GET /v1/events and the phones of technicians:
// one row for each centre, with the last version of each thing.
type changes struct {
	rows      []*changedAt
	customers []domain.ID // customers over whose jobs a hold was placed or lifted
	sites     []domain.ID
	jobs      []domain.ID
}

type changedAt struct {
	centre    *domain.ID
	items     []domain.ChangedItem
	customers []domain.ID // whose visits show it
	since     time.Time   // when that was
	rules     bool        // of all technicians of the centre, or of the brand
}

// phoneKeeps is how long after its window a phone may still show a visit.
const phoneKeeps = 72 * time.Hour

// changedOf notes a thing of a customer: whoever goes there sees it.
func (t *tx) changedOf(kind string, m domain.Meta, centre *domain.ID, customer domain.ID, people ...domain.ID) {
	at := t.changed(kind, m, centre, people...)
	for i := range at.items {
		if at.items[i].ID == m.ID && kind != domain.ChangedCustomer {
			at.items[i].Of = customer
		}
	}
	if !slices.Contains(at.customers, customer) {
		at.customers = append(at.customers, customer)
	}
	if at.since.IsZero() || m.UpdatedAt.Before(at.since) {
		at.since = m.UpdatedAt
	}
}

// customerChanged notes contacts, sites and appliances.
func (t *tx) customerChanged(id domain.ID, m domain.Meta) {
	m.ID = id
	t.changedOf(domain.ChangedCustomer, m, nil, id)
}

// rulesChanged notes what decides over all jobs of a centre; nil: of the brand.
func (t *tx) rulesChanged(id domain.ID, centre *domain.ID) {
	t.changed(domain.ChangedRules, domain.Meta{ID: id}, centre).rules = true
}

// changed notes that a thing of a centre was written.
func (t *tx) changed(kind string, m domain.Meta, centre *domain.ID, people ...domain.ID) *changedAt {
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
	return at
}

// noticeChanged notes what stands in an inbox, beside what else was changed.
func (t *tx) noticeChanged(id, reader domain.ID) {
	var centre *domain.ID
	if len(t.changes.rows) > 0 {
		centre = t.changes.rows[0].centre
	}
	t.changed(domain.ChangedNotice, domain.Meta{ID: id}, centre, reader)
}

// noticesChanged notes those that a query finds, before they are withdrawn.
func (t *tx) noticesChanged(q *gorm.DB) error {
	rows, err := all[domain.Notice](t, q.Where("user_id IS NOT NULL AND state <> 'withdrawn'"))
	for i := range rows {
		t.noticeChanged(rows[i].ID, *rows[i].UserID)
	}
	return err
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
				t.changedOf(domain.ChangedJob, jobs[i].Meta, &jobs[i].CentreID, jobs[i].CustomerID)
			}
		}
	}
	now := time.Now().UTC() // streams live on wall time
	for _, r := range c.rows {
		items, err := json.Marshal(r.items)
		if err != nil {
			return err
		}
		who, args := t.readers(r)
		values, seq := "?, ?, ?", "(SELECT max(seq) FROM changes)"
		if t.db.pool != nil {
			values, seq = "CAST(? AS timestamptz), CAST(? AS uuid), CAST(? AS text)", "currval(pg_get_serial_sequence('changes', 'seq'))"
		}
		insert, row := "INSERT INTO changes (at, centre_id, items) SELECT "+values, []any{now, r.centre, string(items)}
		if !slices.ContainsFunc(r.items, func(x domain.ChangedItem) bool { return domain.Streamed[x.Kind] }) {
			// What no phone shows leaves no row: their number would tell of a report of which managers read.
			insert, row = insert+" WHERE EXISTS (SELECT 1 FROM users WHERE "+who+")", append(row, args...)
		}
		if err := t.exec(insert, row...); err != nil {
			return err
		}
		if err := t.exec("INSERT INTO change_people (person_id, seq) SELECT id, "+seq+" FROM users WHERE "+who, args...); err != nil {
			return err
		}
	}
	*c = changes{}
	return nil
}

// readers says which users have a phone that shows a row: the technicians whom it names, and the crews of visits at its customers.
func (t *tx) readers(r *changedAt) (where string, args []any) {
	var people []domain.ID
	for i := range r.items {
		people = append(people, r.items[i].People...)
	}
	named, of := t.db.in("id", people), t.db.in("j.customer_id", r.customers)
	where, args = "role = 'technician' AND ("+named.SQL, []any{named.Vars[0]}
	if len(r.customers) > 0 {
		where += " OR id IN (SELECT a.technician_id FROM assignments a JOIN jobs j ON j.id = a.job_id WHERE " + of.SQL +
			" AND a.current AND (a.active OR a.window_start >= ?))"
		args = append(args, of.Vars[0], r.since.Add(-phoneKeeps))
	}
	if r.rules && r.centre == nil {
		where += " OR 1 = 1"
	} else if r.rules {
		where, args = where+" OR centre_id = ?", append(args, *r.centre)
	}
	return where + ")", args
}

func (t *tx) PhonesBehind(now time.Time, every time.Duration) ([]domain.PhoneBehind, error) {
	type round struct {
		Tx, Seq, Head int64
		At            *time.Time
	}
	head := "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0)"
	if t.db.pool != nil { // as in Changes
		head = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
	}
	rounds, err := all[round](t, lock(t.table("sync_round").Select("tx, seq, "+head+" AS head, at")))
	if err != nil || len(rounds) == 0 || rounds[0].At != nil && now.Before(rounds[0].At.Add(every)) {
		return nil, err
	}
	last := rounds[0]
	next := domain.Mark{Seq: last.Head}
	q := t.table("changes").Raw(`SELECT p.person_id, c.items FROM (SELECT person_id, max(seq) AS seq FROM change_people WHERE seq > ?
		GROUP BY person_id) p JOIN changes c ON c.seq = p.seq ORDER BY p.person_id`, last.Seq)
	if t.db.pool != nil {
		next = domain.Mark{Tx: last.Head - 1, Seq: math.MaxInt64}
		q = t.table("changes").Raw(`SELECT p.person_id, c.items FROM (SELECT DISTINCT ON (person_id) person_id, txid, seq FROM change_people
			WHERE (txid, seq) > (CAST(CAST(? AS text) AS xid8), ?) AND txid < CAST(CAST(? AS text) AS xid8)
			ORDER BY person_id, txid DESC, seq DESC) p JOIN changes c ON c.txid = p.txid AND c.seq = p.seq ORDER BY p.person_id`,
			strconv.FormatInt(last.Tx, 10), last.Seq, strconv.FormatInt(last.Head, 10))
	}
	behind, err := all[domain.PhoneBehind](t, q)
	if err != nil {
		return nil, err
	}
	people := []domain.ID{}
	for _, b := range behind {
		people = append(people, b.PersonID)
	}
	again := t.db.in("person_id", people) // who changed again is judged again
	waited, err := all[domain.PhoneBehind](t, t.table("sync_later").Raw("DELETE FROM sync_later WHERE due_at <= ? OR "+again.SQL+
		" RETURNING person_id, '[]' AS items", now, again.Vars[0]))
	if err != nil {
		return nil, err
	}
	for _, w := range waited {
		if !domain.Has(people, w.PersonID) {
			behind = append(behind, w)
		}
	}
	return behind, t.exec("UPDATE sync_round SET tx = ?, seq = ?, at = ?", next.Tx, next.Seq, now)
}

func (t *tx) SyncLater(person domain.ID, at time.Time) error {
	return t.exec("INSERT INTO sync_later (person_id, due_at) VALUES (?, ?) ON CONFLICT (person_id) DO UPDATE SET due_at = excluded.due_at",
		person, at)
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
	return feed(ctx, r, q)
}

// ChangesOf reads what a technician's phone shows, like Changes.
func (r *reader) ChangesOf(ctx context.Context, person domain.ID, after domain.Mark, limit int) ([]domain.FeedChange, error) {
	q := r.db.table("changes").Raw(`SELECT c.txid AS tx, c.seq, c.centre_id, c.items FROM change_people p JOIN changes c ON c.seq = p.seq
		WHERE p.person_id = ? AND p.txid = 0 AND p.seq > ? ORDER BY p.seq LIMIT 0 + ?`, person, after.Seq, limit)
	if r.db.pool != nil {
		q = r.db.table("changes").Raw(`SELECT CAST(CAST(c.txid AS text) AS bigint) AS tx, c.seq, c.centre_id, c.items
			FROM change_people p JOIN changes c ON c.txid = p.txid AND c.seq = p.seq
			WHERE p.person_id = ? AND (p.txid, p.seq) > (CAST(CAST(? AS text) AS xid8), ?) AND p.txid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY p.txid, p.seq LIMIT ?`, person, strconv.FormatInt(after.Tx, 10), after.Seq, limit)
	}
	return feed(ctx, r, q)
}

func feed(ctx context.Context, r *reader, q *gorm.DB) ([]domain.FeedChange, error) {
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
