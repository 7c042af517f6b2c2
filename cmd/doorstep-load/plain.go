package main

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite" // the plain driver to compare with
)

// plain is a database without Doorstep in front: single statements in one
// transaction, the same rows in the same tables.
type plain interface {
	// sample gives the columns of a table with the values of one row.
	sample(ctx context.Context, table, where string) (row, error)
	// customers gives customer and first contact of each job.
	customers(ctx context.Context) (map[string]jobCustomer, error)
	// write runs the statements in one transaction.
	write(ctx context.Context, statements []statement) error
	// day reads and decodes 50 visits of a technician from a time on.
	day(ctx context.Context, technician string, from time.Time) ([]visitRow, error)
	// analyze refreshes the planner's figures, as autovacuum does in a
	// database that lives longer than a minute.
	analyze(ctx context.Context) error
	// mark spells the i-th argument of a statement.
	mark(i int) string
	// txid spells the column that PostgreSQL keeps for its change feed.
	txid() string
	// postmaster is the parent of the database's processes; 0 when there is
	// none on this machine.
	postmaster(ctx context.Context) int
	close()
}

type jobCustomer struct{ customer, contact string }

type row struct {
	table   string
	columns []string
	values  []any
}

type statement struct {
	sql  string
	args []any
}

// insert makes the statement for a copy of the row with other values in some
// columns.
func (r row) insert(p func(int) string, change map[string]any) statement {
	marks := make([]string, len(r.columns))
	args := make([]any, len(r.columns))
	for i, c := range r.columns {
		marks[i] = p(i + 1)
		args[i] = r.values[i]
		if v, ok := change[c]; ok {
			args[i] = v
		}
	}
	return statement{"INSERT INTO " + r.table + " (" + strings.Join(r.columns, ",") + ") VALUES (" + strings.Join(marks, ",") + ")", args}
}

// visitRow is a row of visits, in the order of its columns.
type visitRow struct {
	ID             string     `json:"id"`
	Version        int64      `json:"version"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	JobID          string     `json:"job_id"`
	CentreID       string     `json:"centre_id"`
	AreaID         string     `json:"area_id"`
	CustomerID     string     `json:"customer_id"`
	Status         string     `json:"status"`
	Confirmation   string     `json:"confirmation"`
	ConfirmedHow   string     `json:"confirmed_how"`
	WindowStart    time.Time  `json:"window_start"`
	WindowEnd      time.Time  `json:"window_end"`
	PlannedStart   time.Time  `json:"planned_start"`
	PlannedMinutes int64      `json:"planned_minutes"`
	Crew           string     `json:"crew"`
	EverCrew       string     `json:"ever_crew"`
	PlanSeen       string     `json:"plan_seen"`
	PredecessorID  *string    `json:"predecessor_id"`
	SuccessorID    *string    `json:"successor_id"`
	EnRouteAt      *time.Time `json:"en_route_at"`
	ArrivedAt      *time.Time `json:"arrived_at"`
	StartedAt      *time.Time `json:"started_at"`
	EndedAt        *time.Time `json:"ended_at"`
	NotRecorded    string     `json:"not_recorded"`
	ProvisionalTo  *time.Time `json:"provisional_to"`
	EndReason      string     `json:"end_reason"`
	CountsAgainst  string     `json:"counts_against"`
	Findings       string     `json:"findings"`
	WorkDone       string     `json:"work_done"`
	Parts          string     `json:"parts"`
	Tested         string     `json:"tested"`
	Sequence       int64      `json:"sequence"`
	AgreedID       *string    `json:"agreed_id"`
	ToldAt         *time.Time `json:"told_at"`
	Disputed       bool       `json:"disputed"`
	DoneAt         *time.Time `json:"done_confirmed_at"`
	DoneHow        string     `json:"done_confirmed_how"`
	EndCodeTries   int64      `json:"end_code_tries"`
}

func (v *visitRow) fields() []any {
	s := reflect.ValueOf(v).Elem()
	out := make([]any, s.NumField())
	for i := range out {
		out[i] = s.Field(i).Addr().Interface()
	}
	return out
}

// dayQuery is the query of a technician's day; its arguments are technician,
// from, to and the number of rows.
func dayQuery(mark func(int) string) string {
	var columns []string
	for f := range reflect.TypeFor[visitRow]().Fields() {
		columns = append(columns, "v."+f.Tag.Get("json"))
	}
	return "SELECT " + strings.Join(columns, ", ") +
		" FROM visits v JOIN assignments a ON a.visit_id = v.id AND a.current WHERE a.technician_id = " + mark(1) +
		" AND a.window_start >= " + mark(2) + " AND a.window_start < " + mark(3) + " ORDER BY a.window_start, a.visit_id LIMIT " + mark(4)
}

// copies makes the plain counterpart of a request: the rows that one request
// wrote, copied with fresh ids and other keys.
type copies struct {
	db        plain
	customers map[string]jobCustomer
	seq       atomic.Int64

	visitRow, assignment, visitEntry, attemptRow, attemptEntry, deadline, crewNotice, customerNotice, changed, replay, queued row
}

func newCopies(ctx context.Context, db plain) (*copies, error) {
	c := &copies{db: db}
	c.seq.Store(1 << 40)
	var err error
	if c.customers, err = db.customers(ctx); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		to           *row
		table, where string
	}{
		{&c.visitRow, "visits", "1=1 ORDER BY created_at DESC"},
		{&c.assignment, "assignments", "1=1"},
		{&c.visitEntry, "facts", "kind = 'visit.scheduled'"},
		{&c.attemptRow, "attempts", "1=1"},
		{&c.attemptEntry, "facts", "kind = 'attempt.recorded'"},
		{&c.deadline, "deadlines", "kind = 'missed'"},
		{&c.crewNotice, "notices", "kind = 'visit.assigned'"},
		{&c.customerNotice, "notices", "kind = 'visit.offered'"},
		{&c.changed, "changes", "1=1"},
		{&c.replay, "idempotency", "1=1 ORDER BY created_at DESC"},
		{&c.queued, "river_job", "kind = 'notify'"},
	} {
		if *s.to, err = db.sample(ctx, s.table, s.where); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// job is the change of the job's row: version, head of the timeline, status.
func (c *copies) job(id string, now time.Time, more string) statement {
	return statement{"UPDATE jobs SET version = version + 1, updated_at = " + c.db.mark(1) + ", seq = seq + 1, chain_head = " + c.db.mark(2) +
		more + c.db.txid() + " WHERE id = " + c.db.mark(3),
		[]any{now, make([]byte, 32), id}}
}

// made is what a plain write came to.
type made struct {
	ID         string    `json:"id"`
	JobID      string    `json:"job_id"`
	CreatedAt  time.Time `json:"created_at"`
	statements []statement
}

// visit is what scheduling a visit writes: job, visit, assignment, entry,
// deadline, two notices, the change for streams, the answer for a retry, the
// job of the queue.
func (c *copies) visit(job, technician string, from time.Time) made {
	now, mark, h := time.Now().UTC().Truncate(time.Microsecond), c.db.mark, c.customers[job]
	v, seq := uuid.NewString(), c.seq.Add(1)
	to := from.Add(10 * time.Minute)
	times := map[string]any{"id": v, "job_id": job, "customer_id": h.customer, "window_start": from, "window_end": from.Add(2 * time.Hour),
		"planned_start": from, "created_at": now, "updated_at": now}
	return made{v, job, now, []statement{
		c.job(job, now, ", status = 'scheduled'"),
		c.visitRow.insert(mark, times),
		c.assignment.insert(mark, map[string]any{"visit_id": v, "job_id": job, "technician_id": technician, "window_start": from,
			"starts_at": from, "ends_at": to}),
		c.visitEntry.insert(mark, map[string]any{"job_id": job, "seq": seq, "id": uuid.NewString(), "visit_id": v, "recorded_at": now}),
		c.deadline.insert(mark, map[string]any{"id": uuid.NewString(), "subject_id": v, "job_id": job, "due_at": to}),
		c.crewNotice.insert(mark, map[string]any{"id": uuid.NewString(), "user_id": technician, "job_id": job, "visit_id": v, "state": "done",
			"created_at": now}),
		c.customerNotice.insert(mark, map[string]any{"id": uuid.NewString(), "customer_id": h.customer, "job_id": job, "visit_id": v,
			"state":      "done",
			"created_at": now}),
		c.changed.insert(mark, map[string]any{"at": now}),
		c.replay.insert(mark, map[string]any{"key": uuid.NewString(), "created_at": now}),
		// Far ahead: written as the server writes it, and never worked.
		c.queued.insert(mark, map[string]any{"state": "scheduled", "scheduled_at": now.AddDate(20, 0, 0), "finalized_at": nil,
			"attempted_at": nil}),
	}}
}

// attempt is what recording an attempt writes: job, attempt, entry, the change
// for streams, the answer for a retry.
func (c *copies) attempt(job string) made {
	now, mark, h := time.Now().UTC().Truncate(time.Microsecond), c.db.mark, c.customers[job]
	a := uuid.NewString()
	return made{a, job, now, []statement{
		c.job(job, now, ""),
		c.attemptRow.insert(mark, map[string]any{"id": a, "job_id": job, "customer_id": h.customer, "contact_id": h.contact, "occurred_at": now,
			"recorded_at": now, "created_at": now}),
		c.attemptEntry.insert(mark, map[string]any{"job_id": job, "seq": c.seq.Add(1), "id": uuid.NewString(), "recorded_at": now}),
		c.changed.insert(mark, map[string]any{"at": now}),
		c.replay.insert(mark, map[string]any{"key": uuid.NewString(), "created_at": now}),
	}}
}

func openPlain(ctx context.Context, database, synchronous string, connections int) (plain, error) {
	if strings.HasPrefix(database, "postgres") {
		return openPlainPostgres(ctx, database, connections)
	}
	return openPlainSQLite(database, synchronous)
}

const homesQuery = "SELECT CAST(j.id AS text), CAST(j.customer_id AS text), CAST((SELECT c.id FROM contacts c WHERE c.customer_id = j.customer_id LIMIT 1) AS text) FROM jobs j"

type plainPostgres struct{ pool *pgxpool.Pool }

func openPlainPostgres(ctx context.Context, url string, connections int) (plain, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	return plainPostgres{pool}, err
}

func (p plainPostgres) mark(i int) string { return fmt.Sprintf("$%d", i) }

func (p plainPostgres) txid() string { return ", txid = pg_current_xact_id()" }

func (p plainPostgres) close() { p.pool.Close() }

func (p plainPostgres) analyze(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, "ANALYZE")
	return err
}

func (p plainPostgres) postmaster(ctx context.Context) int {
	var pid int
	if err := p.pool.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return 0
	}
	return parentOf(pid)
}

func (p plainPostgres) customers(ctx context.Context) (map[string]jobCustomer, error) {
	rows, err := p.pool.Query(ctx, homesQuery)
	if err != nil {
		return nil, err
	}
	out := map[string]jobCustomer{}
	var job string
	var h jobCustomer
	_, err = pgx.ForEachRow(rows, []any{&job, &h.customer, &h.contact}, func() error { out[job] = h; return nil })
	return out, err
}

func (p plainPostgres) sample(ctx context.Context, table, where string) (row, error) {
	rows, err := p.pool.Query(ctx, "SELECT * FROM "+table+" WHERE "+where+" LIMIT 1")
	if err != nil {
		return row{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return row{}, fmt.Errorf("%s has no row to copy", table)
	}
	values, err := rows.Values()
	if err != nil {
		return row{}, err
	}
	r := row{table: table}
	for i, f := range rows.FieldDescriptions() {
		// Generated ids and defaults are left to the database.
		if f.Name == "txid" || table == "changes" && f.Name == "seq" || table == "river_job" &&
			(f.Name == "id" || values[i] == nil || f.Name == "unique_states") {
			continue
		}
		r.columns, r.values = append(r.columns, f.Name), append(r.values, values[i])
	}
	return r, nil
}

func (p plainPostgres) write(ctx context.Context, statements []statement) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s.sql, s.args...); err != nil {
				return fmt.Errorf("%s: %w", s.sql, err)
			}
		}
		return nil
	})
}

var pgDay = dayQuery(plainPostgres{}.mark)

func (p plainPostgres) day(ctx context.Context, technician string, from time.Time) ([]visitRow, error) {
	rows, err := p.pool.Query(ctx, pgDay, technician, from, from.AddDate(0, 0, 1), 50)
	if err != nil {
		return nil, err
	}
	var out []visitRow
	defer rows.Close()
	for rows.Next() {
		out = append(out, visitRow{})
		if err := rows.Scan(out[len(out)-1].fields()...); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// plainSQLite writes by one connection and reads by four, as SQLite likes it.
type plainSQLite struct{ db, reads *sql.DB }

func openPlainSQLite(file, synchronous string) (plain, error) {
	dsn := "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(" + synchronous +
		")&_time_format=sqlite&_timezone=UTC&_texttotime=1&_txlock=immediate"
	var p plainSQLite
	var err error
	if p.db, err = sql.Open("sqlite", "file:"+file+dsn); err != nil {
		return nil, err
	}
	p.db.SetMaxOpenConns(1)
	if p.reads, err = sql.Open("sqlite", "file:"+file+dsn); err != nil {
		return nil, err
	}
	p.reads.SetMaxOpenConns(4)
	p.reads.SetMaxIdleConns(4)
	return p, nil
}

func (p plainSQLite) mark(int) string { return "?" }

func (p plainSQLite) txid() string { return "" }

func (p plainSQLite) postmaster(context.Context) int { return 0 }

func (p plainSQLite) close() {
	p.db.Close()
	p.reads.Close()
}

func (p plainSQLite) analyze(ctx context.Context) error {
	_, err := p.db.ExecContext(ctx, "ANALYZE")
	return err
}

func (p plainSQLite) customers(ctx context.Context) (map[string]jobCustomer, error) {
	rows, err := p.reads.QueryContext(ctx, homesQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]jobCustomer{}
	for rows.Next() {
		var job string
		var h jobCustomer
		if err := rows.Scan(&job, &h.customer, &h.contact); err != nil {
			return nil, err
		}
		out[job] = h
	}
	return out, rows.Err()
}

func (p plainSQLite) sample(ctx context.Context, table, where string) (row, error) {
	rows, err := p.reads.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+where+" LIMIT 1")
	if err != nil {
		return row{}, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return row{}, err
	}
	if !rows.Next() {
		return row{}, fmt.Errorf("%s has no row to copy: %w", table, rows.Err())
	}
	values := make([]any, len(columns))
	dest := make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	if err := rows.Scan(dest...); err != nil {
		return row{}, err
	}
	r := row{table: table}
	for i, name := range columns {
		if name == "txid" || table == "changes" && name == "seq" || table == "river_job" && (name == "id" || values[i] == nil) {
			continue
		}
		r.columns, r.values = append(r.columns, name), append(r.values, values[i])
	}
	return r, rows.Err()
}

func (p plainSQLite) write(ctx context.Context, statements []statement) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s.sql, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.sql, err)
		}
	}
	return tx.Commit()
}

var sqliteDay = dayQuery(plainSQLite{}.mark)

func (p plainSQLite) day(ctx context.Context, technician string, from time.Time) ([]visitRow, error) {
	rows, err := p.reads.QueryContext(ctx, sqliteDay, technician, from, from.AddDate(0, 0, 1), 50)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []visitRow
	for rows.Next() {
		out = append(out, visitRow{})
		if err := rows.Scan(out[len(out)-1].fields()...); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}
