package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite" // the plain driver to compare with
)

type compareCmd struct {
	Server      string        `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	DatabaseURL string        `help:"An empty PostgreSQL database; without it SQLite in a temporary folder." placeholder:"URL"`
	Rounds      int           `help:"Rounds, each in turn; medians are printed." default:"3"`
	Duration    time.Duration `help:"Of each measurement." default:"4s"`
	Connections int           `help:"At once." default:"16"`
	Jobs        int           `help:"Open jobs to work on." default:"600"`
}

// plain is a database without Doorstep in front: single statements in one
// transaction, the same rows in the same tables.
type plain interface {
	// columns of a table with the values of one sample row.
	sample(ctx context.Context, table, where string, arg any) (row, error)
	// write runs the statements in one transaction.
	write(ctx context.Context, statements []statement) error
	// day reads and decodes n visits of a technician.
	day(ctx context.Context, technician string, n int) error
	// analyze refreshes the planner's figures, as autovacuum does in a
	// database that lives longer than a minute.
	analyze(ctx context.Context) error
	close()
}

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

// Run measures server and plain driver in turn and prints medians and ratios.
func (c *compareCmd) Run(ctx context.Context) error {
	env := []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret()}
	var open func() (plain, error)
	mark := func(i int) string { return fmt.Sprintf("$%d", i) }
	name := "SQLite"
	if c.DatabaseURL != "" {
		name = "PostgreSQL"
		env = append(env, "DATABASE_URL="+c.DatabaseURL)
		open = func() (plain, error) { return openPlainPostgres(ctx, c.DatabaseURL, c.Connections) }
	} else {
		dir, err := os.MkdirTemp("", "doorstep-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		env = append(env, "DOORSTEP_DATA="+dir)
		mark = func(int) string { return "?" }
		open = func() (plain, error) { return openPlainSQLite(filepath.Join(dir, "doorstep.db")) }
	}
	s, err := launch(ctx, c.Server, env)
	if err != nil {
		return err
	}
	defer s.stop()
	fmt.Fprintf(os.Stderr, "registering %d jobs …\n", c.Jobs)
	t, err := settleTown(ctx, c.Server, s, 64, c.Jobs)
	if err != nil {
		return err
	}
	db, err := open()
	if err != nil {
		return err
	}
	defer db.close()

	var slot atomic.Int64
	schedule := func(ctx context.Context, _ int) error {
		n := slot.Add(1)
		from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(time.Duration(n/64) * 10 * time.Minute)
		return t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[rand.IntN(len(t.jobs))]+"/visits", obj{"window_start": from, "window_end": from.Add(2 * time.Hour),
			"planned_minutes": 10, "crew": []string{t.technicians[n%64]}}, nil)
	}
	attempt := func(ctx context.Context, _ int) error {
		return t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[rand.IntN(len(t.jobs))]+"/attempts", obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25}, nil)
	}
	// One of each, so that there are rows to copy.
	if err := schedule(ctx, 0); err != nil {
		return err
	}
	if err := attempt(ctx, 0); err != nil {
		return err
	}
	plainSchedule, plainAttempt, err := c.copies(ctx, db, mark, t)
	if err != nil {
		return err
	}
	for i := range 50 { // the technician's day to read
		from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 6, 0).Add(time.Duration(i) * 15 * time.Minute)
		if err := t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[i]+"/visits", obj{"window_start": from, "window_end": from.Add(2 * time.Hour), "planned_minutes": 10, "crew": []string{t.technicians[0]}}, nil); err != nil {
			return err
		}
	}
	date := time.Now().UTC().AddDate(0, 6, 0).Format("2006-01-02")
	pairs := []struct {
		name         string
		server, bare func(context.Context, int) error
	}{
		{"record attempt", attempt, plainAttempt},
		{"schedule visit", schedule, plainSchedule},
		{"day of 50", func(ctx context.Context, _ int) error {
			var day struct{ Items []json.RawMessage }
			err := t.crew.do(ctx, "GET", "/v1/visits?limit=50&date="+date, nil, &day)
			if err == nil && len(day.Items) != 50 {
				err = fmt.Errorf("the day has %d visits", len(day.Items))
			}
			return err
		}, func(ctx context.Context, _ int) error { return db.day(ctx, t.technicians[0], 50) }},
	}
	for _, warm := range []func(context.Context, int) error{attempt, schedule, plainAttempt, plainSchedule} {
		if _, err := drive(ctx, c.Connections, c.Duration/4, warm); err != nil {
			return err
		}
	}
	if err := db.analyze(ctx); err != nil {
		return err
	}
	fmt.Printf("%s, %d connections, %d rounds of %v in turn\n", name, c.Connections, c.Rounds, c.Duration)
	for _, p := range pairs {
		var mine, theirs []measured
		for range c.Rounds {
			a, err := drive(ctx, c.Connections, c.Duration, p.server)
			if err != nil {
				return fmt.Errorf("%s through the server: %w", p.name, err)
			}
			b, err := drive(ctx, c.Connections, c.Duration, p.bare)
			if err != nil {
				return fmt.Errorf("%s plain: %w", p.name, err)
			}
			mine, theirs = append(mine, a), append(theirs, b)
		}
		a, b := median(mine), median(theirs)
		fmt.Printf("%-15s server %s\n%-15s plain  %s\n%-15s ratio  %.2f\n", p.name, a, "", b, "", a.rate/b.rate)
	}
	fmt.Printf("RSS of the server after the load: %.0f MiB\n", rss(s.cmd.Process.Pid))
	return nil
}

func median(m []measured) measured {
	slices.SortFunc(m, func(a, b measured) int { return int(a.rate - b.rate) })
	return m[len(m)/2]
}

// copies builds the plain counterparts: the rows that one request wrote,
// copied with fresh ids.
func (c *compareCmd) copies(ctx context.Context, db plain, mark func(int) string, t *town) (schedule, attempt func(context.Context, int) error, err error) {
	get := func(table, where string, arg any) row {
		if err != nil {
			return row{}
		}
		var r row
		r, err = db.sample(ctx, table, where, arg)
		return r
	}
	visit := get("visits", "1=1 ORDER BY created_at DESC", nil)
	assignment := get("assignments", "1=1", nil)
	visitFact := get("facts", "kind = 'visit.scheduled'", nil)
	attemptRow := get("attempts", "1=1", nil)
	attemptFact := get("facts", "kind = 'attempt.recorded'", nil)
	deadline := get("deadlines", "kind = 'missed'", nil)
	crewNotice := get("notices", "kind = 'visit.assigned'", nil)
	homeNotice := get("notices", "kind = 'visit.offered'", nil)
	replay := get("idempotency", "1=1 ORDER BY created_at DESC", nil)
	queued := get("river_job", "kind = 'notify'", nil)
	if err != nil {
		return nil, nil, err
	}
	var seq atomic.Int64
	seq.Store(1 << 40)
	lock := func(job string) statement {
		return statement{"UPDATE jobs SET seq = seq + 1, version = version + 1, updated_at = updated_at WHERE id = " + mark(1), []any{job}}
	}
	base := time.Now().UTC().AddDate(20, 0, 0)
	schedule = func(ctx context.Context, _ int) error {
		n := seq.Add(1)
		job, v := t.jobs[rand.IntN(len(t.jobs))], uuid.NewString()
		from := base.Add(time.Duration(n-1<<40) * 10 * time.Minute)
		return db.write(ctx, []statement{
			lock(job),
			visit.insert(mark, map[string]any{"id": v, "job_id": job}),
			assignment.insert(mark, map[string]any{"visit_id": v, "job_id": job, "technician_id": t.technicians[n%64], "starts_at": from, "ends_at": from.Add(10 * time.Minute)}),
			visitFact.insert(mark, map[string]any{"job_id": job, "seq": n, "id": uuid.NewString(), "visit_id": v}),
			deadline.insert(mark, map[string]any{"id": uuid.NewString(), "subject_id": v, "job_id": job}),
			crewNotice.insert(mark, map[string]any{"id": uuid.NewString(), "visit_id": v, "state": "done"}),
			homeNotice.insert(mark, map[string]any{"id": uuid.NewString(), "visit_id": v, "state": "done"}),
			replay.insert(mark, map[string]any{"key": uuid.NewString()}),
			// Far ahead: written as the server writes it, and never worked.
			queued.insert(mark, map[string]any{"state": "scheduled", "scheduled_at": base, "finalized_at": nil, "attempted_at": nil}),
		})
	}
	attempt = func(ctx context.Context, _ int) error {
		n := seq.Add(1)
		job := t.jobs[rand.IntN(len(t.jobs))]
		return db.write(ctx, []statement{
			lock(job),
			// The copies belong to one job of their own, so that they do not
			// lengthen the list that the server judges.
			attemptRow.insert(mark, map[string]any{"id": uuid.NewString()}),
			attemptFact.insert(mark, map[string]any{"job_id": job, "seq": n, "id": uuid.NewString()}),
			replay.insert(mark, map[string]any{"key": uuid.NewString()}),
		})
	}
	return schedule, attempt, nil
}

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

func (p plainPostgres) analyze(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, "ANALYZE")
	return err
}

func (p plainPostgres) close() { p.pool.Close() }

func (p plainPostgres) sample(ctx context.Context, table, where string, _ any) (row, error) {
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
		if f.Name == "txid" || table == "river_job" && (f.Name == "id" || values[i] == nil || f.Name == "unique_states") {
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

func (p plainPostgres) day(ctx context.Context, technician string, n int) error {
	rows, err := p.pool.Query(ctx, "SELECT v.* FROM visits v JOIN assignments a ON a.visit_id = v.id WHERE a.technician_id = $1 AND a.current AND v.window_start > now() + interval '5 months' AND v.window_start < now() + interval '12 months' ORDER BY v.window_start, v.id LIMIT $2", technician, n)
	if err != nil {
		return err
	}
	got, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err == nil && len(got) != n {
		err = fmt.Errorf("plain read %d rows", len(got))
	}
	return err
}

type plainSQLite struct{ db *sql.DB }

func openPlainSQLite(file string) (plain, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(NORMAL)&_time_format=sqlite&_timezone=UTC&_texttotime=1&_txlock=immediate")
	if err == nil {
		db.SetMaxOpenConns(4)
	}
	return plainSQLite{db}, err
}

func (p plainSQLite) analyze(ctx context.Context) error {
	_, err := p.db.ExecContext(ctx, "ANALYZE")
	return err
}

func (p plainSQLite) close() { p.db.Close() }

func (p plainSQLite) sample(ctx context.Context, table, where string, _ any) (row, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+where+" LIMIT 1")
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
		if name == "txid" || table == "river_job" && (name == "id" || values[i] == nil) {
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

func (p plainSQLite) day(ctx context.Context, technician string, n int) error {
	now := time.Now().UTC()
	rows, err := p.db.QueryContext(ctx, "SELECT v.* FROM visits v JOIN assignments a ON a.visit_id = v.id WHERE a.technician_id = ? AND a.current AND v.window_start > ? AND v.window_start < ? ORDER BY v.window_start, v.id LIMIT ?",
		technician, now.AddDate(0, 5, 0), now.AddDate(1, 0, 0), n)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	got := 0
	for rows.Next() {
		values := make([]any, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		got++
	}
	if got != n {
		return fmt.Errorf("plain read %d rows: %w", got, rows.Err())
	}
	return rows.Err()
}
