package repo

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"

	"doorstep/domain"
)

// ride is a transaction of SQLite that several writers share. Its file has one
// writer at a time, and a commit costs as much as what is written: who comes
// while another writes goes on in the same transaction, behind a savepoint of
// their own, and all commit together. Alone, nobody waits. Nobody is told of their
// success before the commit.
type ride struct {
	conn   *sql.Conn
	tx     *sql.Tx
	riders int
	// notices of all, for one job of the queue.
	notices []domain.Notice
	learn   []string // statements to prepare after it
	broken  bool     // it cannot be committed any more
	done    chan struct{}
	err     error // why nobody's writes were kept; read it after done
}

// maxRiders bounds how long the first waits for the last.
const maxRiders = 16

// errShared tells that a shared transaction came to nothing; everybody tries
// again by themselves, so that nobody fails for another's sake.
var errShared = errors.New("repo: the shared transaction was undone")

// turns hands the writer around.
type turns struct {
	mu      sync.Mutex
	taken   bool
	waiting []chan *ride
}

// take waits for the writer. It comes with a ride to go on with, or with none.
func (q *turns) take(ctx context.Context) (*ride, error) {
	q.mu.Lock()
	if !q.taken {
		q.taken = true
		q.mu.Unlock()
		return nil, nil
	}
	mine := make(chan *ride, 1)
	q.waiting = append(q.waiting, mine)
	q.mu.Unlock()
	select {
	case r := <-mine:
		return r, nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, mine); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		return nil, ctx.Err()
	}
	return <-mine, nil // it came at the same moment
}

// pass hands the writer to the next in line; false when nobody waits.
func (q *turns) pass(r *ride) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.taken = r != nil
		return false
	}
	q.waiting[0] <- r
	q.waiting = q.waiting[1:]
	return true
}

// begin starts a ride. Only the wait for the connection ends with ctx: what
// others ride in does not.
func (db *DB) begin(ctx context.Context) (*ride, error) {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	inner, err := conn.BeginTx(ctx, nil)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	r := &ride{conn: conn, tx: inner, done: make(chan struct{})}
	if err := db.others(ctx, r); err != nil {
		_ = inner.Rollback()
		_ = conn.Close()
		return nil, err
	}
	return r, nil
}

// others finds out whether another program wrote since the last ride.
func (db *DB) others(ctx context.Context, r *ride) error {
	var version int64
	ask := &sqliteTx{tx: r.tx, known: db.writes, traces: &db.traces}
	if err := ask.one(ctx, &step{sql: "PRAGMA data_version", rows: func(rows rowSet) error {
		for rows.Next() {
			if err := rows.Scan(&version); err != nil {
				return err
			}
		}
		return rows.Err()
	}}); err != nil {
		return err
	}
	r.learn = ask.learn
	return r.conn.Raw(func(conn any) error {
		db.traces.others(conn, version)
		return nil
	})
}

// end commits a ride, or undoes it, and gives the writer back.
func (db *DB) end(ctx context.Context, r *ride) {
	ctx = context.WithoutCancel(ctx)
	if r.broken {
		r.err = errors.Join(errShared, r.tx.Rollback())
	} else if r.err = db.commit(ctx, r); r.err != nil && r.riders > 1 {
		r.err = errors.Join(errShared, r.err)
	}
	db.traces.settled()
	db.keep(ctx, r.conn)
	_ = r.conn.Close()
	for _, text := range r.learn { // which takes the connection
		if _, err := db.writes.prepare(ctx, text); err != nil {
			break // the next one tries again
		}
	}
	close(r.done)
}

func (db *DB) commit(ctx context.Context, r *ride) error {
	if err := db.enqueueSQLite(ctx, r.tx, r.notices); err != nil {
		return errors.Join(err, r.tx.Rollback())
	}
	return r.tx.Commit()
}

// leave hands the ride on, or ends it when nobody comes along.
func (db *DB) leave(ctx context.Context, r *ride, alone bool) {
	if !alone && !r.broken && r.riders < maxRiders && db.turns.pass(r) {
		return
	}
	db.end(ctx, r)
	db.turns.pass(nil)
}

// rider is a transaction on SQLite. What it reads with the lock of its job,
// and of its technicians, it reads while others write; it takes the writer
// when it asks for anything else or has something to write. Where what it read
// has changed by then, it runs anew with the writer in its hands.
type rider struct {
	t     *tx
	alone bool
	// Until it has the writer:
	since uint64
	looks []look
	late  bool // what it read has changed
	// Then:
	ride   *ride
	first  bool
	writer *sqliteTx
}

var _ carrier = (*rider)(nil)

// aroundTables and diaryTables are what is read of a job and of technicians,
// beside rows of their own.
var (
	aroundTables = func() (out []string) {
		for _, p := range aroundJob {
			out = append(out, p.table)
		}
		return append(out, "jobs", "household_pairs")
	}()
	diaryTables = []string{"users", "leaves", "assignments", "jobs", "sites", "slot_holds", "exclusions", "keep_aways", "household_pairs"}
)

// afoot reports whether it goes without the writer and has read something, so
// that what it writes may wait.
func (s *rider) afoot() bool { return s.ride == nil && len(s.looks) > 0 }

func (s *rider) send(ctx context.Context, steps ...*step) error {
	if s.ride == nil {
		if l, ok := s.sees(steps); ok {
			if len(s.looks) == 0 {
				s.since = s.t.db.traces.begin()
			}
			s.looks = append(s.looks, l)
			return sqliteReader{s.t.db.looks}.send(ctx, steps...)
		}
		if err := s.board(ctx); err != nil {
			return err
		}
	}
	return s.writer.send(ctx, steps...)
}

// sees tells what a flight reads, if that can be told.
func (s *rider) sees(steps []*step) (look, bool) {
	t := s.t
	switch {
	case s.alone || s.late || slices.ContainsFunc(steps, func(x *step) bool { return x.rows == nil || written(x.sql) != "" }):
	case t.opens != domain.ID{}:
		l := look{[]domain.ID{t.opens}, aroundTables}
		t.opens = domain.ID{}
		return l, true
	case len(t.wants) > 0:
		return look{t.wants, diaryTables}, true
	}
	return look{}, false
}

// board takes the writer, with those who have it or anew.
func (s *rider) board(ctx context.Context) error {
	db := s.t.db
	r, err := db.turns.take(ctx)
	if err != nil {
		return err
	}
	if r != nil && s.alone {
		db.end(ctx, r)
		r = nil
	}
	if r == nil {
		if r, err = db.begin(ctx); err != nil {
			db.turns.pass(nil)
			return err
		}
	}
	r.riders++
	s.ride, s.first, s.writer = r, r.riders == 1, &sqliteTx{tx: r.tx, known: db.writes, traces: &db.traces}
	if !s.first {
		if err := s.mark("SAVEPOINT rider"); err != nil {
			r.broken = true
			return err
		}
	}
	if s.late = len(s.looks) > 0 && !db.traces.stands(s.since, s.looks); s.late {
		return errAgain
	}
	return nil
}

func (s *rider) mark(text string) error { return s.writer.one(s.t.ctx, &step{sql: text}) }

// run makes all of what fn writes part of the ride, or nothing.
func (s *rider) run(fn func(*tx) error) error {
	t := s.t
	if err := t.run(fn); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	return translate(t.ctx.Err())
}

// leave gives the writer back; done tells that what was written stays.
func (s *rider) leave(done bool) {
	r := s.ride
	if r == nil {
		return
	}
	r.learn = append(r.learn, s.writer.learn...)
	switch {
	case r.broken:
	case done:
		r.notices = append(r.notices, s.t.notices...)
		r.broken = !s.first && s.mark("RELEASE rider") != nil
	case s.first: // nobody else is in it
		r.broken = true
	default: // of an error that undid the whole transaction there is no way back to the savepoint
		r.broken = s.mark("ROLLBACK TO rider") != nil || s.mark("RELEASE rider") != nil
	}
	s.t.db.leave(s.t.ctx, r, s.alone)
}

func (t *tx) inSQLite(alone bool, fn func(*tx) error) error {
	s := &rider{t: t, alone: alone}
	t.carrier = s
	// What fn panics with is its caller's; the ride goes on for the others.
	returned := false
	defer func() {
		if !returned {
			s.leave(false)
		}
	}()
	err := s.run(fn)
	if s.afoot() && !t.db.traces.stands(s.since, s.looks) { // it refused, or had nothing to write, by what is so no more
		if e := s.board(t.ctx); !s.late {
			err = e
		}
	}
	if s.late { // nothing of it was written
		fresh := t.db.newTx(t.ctx)
		*t, t.carrier = *fresh, s
		err = s.run(fn)
	}
	returned = true
	s.leave(err == nil)
	if s.ride == nil {
		return err
	}
	<-s.ride.done
	switch shared := s.ride.err; {
	case errors.Is(shared, errShared) && (err == nil || s.ride.riders > 1):
		return shared
	case err == nil:
		return translate(shared)
	}
	return err
}
