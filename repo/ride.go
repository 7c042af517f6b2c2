package repo

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// ride is a transaction of SQLite that several writers share. Its file has one
// writer at a time, and a commit costs as much as what is written: who comes
// while another writes goes on in the same transaction, behind a savepoint of
// his own, and all commit together. Alone, nobody waits. Nobody is told of his
// success before the commit.
type ride struct {
	conn   *sql.Conn
	tx     *sql.Tx
	riders int
	learn  []string // statements to prepare after it
	broken bool     // it cannot be committed any more
	done   chan struct{}
	err    error // why nobody's writes were kept; read it after done
}

// maxRiders bounds how long the first waits for the last.
const maxRiders = 16

// errShared tells that a shared transaction came to nothing; everybody tries
// again by himself, so that nobody fails for another's sake.
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
	inner, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &ride{conn: conn, tx: inner, done: make(chan struct{})}, nil
}

// end commits a ride, or undoes it, and gives the writer back.
func (db *DB) end(ctx context.Context, r *ride) {
	if r.broken {
		r.err = errors.Join(errShared, r.tx.Rollback())
	} else if r.err = r.tx.Commit(); r.err != nil && r.riders > 1 {
		r.err = errors.Join(errShared, r.err)
	}
	_ = r.conn.Close()
	for _, text := range r.learn { // which takes the connection
		if _, err := db.writes.prepare(context.WithoutCancel(ctx), text); err != nil {
			break // the next one tries again
		}
	}
	close(r.done)
}

func (t *tx) inSQLite(alone bool, fn func(*tx) error) error {
	q := &t.db.turns
	r, err := q.take(t.ctx)
	if err != nil {
		return translate(err)
	}
	if r != nil && alone {
		t.db.end(t.ctx, r)
		r = nil
	}
	if r == nil {
		if r, err = t.db.begin(t.ctx); err != nil {
			q.pass(nil)
			return translate(err)
		}
	}
	r.riders++
	// What fn panics with is its caller's; the ride goes on for the others.
	returned := false
	defer func() {
		if !returned {
			t.db.leave(t.ctx, r, alone)
		}
	}()
	err = t.ride(r, fn)
	returned = true
	t.db.leave(t.ctx, r, alone)
	<-r.done
	switch {
	case errors.Is(r.err, errShared) && (err == nil || r.riders > 1):
		return r.err
	case err == nil:
		return translate(r.err)
	}
	return err
}

// leave hands the ride on, or ends it when nobody comes along.
func (db *DB) leave(ctx context.Context, r *ride, alone bool) {
	if !alone && !r.broken && r.riders < maxRiders && db.turns.pass(r) {
		return
	}
	db.end(ctx, r)
	db.turns.pass(nil)
}

// ride runs fn as one rider: all of what it writes is in the ride then, or
// nothing.
func (t *tx) ride(r *ride, fn func(*tx) error) (err error) {
	carrier := &sqliteTx{tx: r.tx, known: t.db.writes}
	t.carrier = carrier
	first := r.riders == 1
	mark := func(text string) error { return carrier.one(t.ctx, &step{sql: text}) }
	if !first {
		if err := mark("SAVEPOINT rider"); err != nil {
			r.broken = true
			return translate(err)
		}
	}
	done := false
	defer func() {
		r.learn = append(r.learn, carrier.learn...)
		switch {
		case done && first:
		case done:
			r.broken = mark("RELEASE rider") != nil
		case first: // nobody else is in it
			r.broken = true
		default: // of an error that undid the whole transaction there is no way back to the savepoint
			r.broken = mark("ROLLBACK TO rider") != nil || mark("RELEASE rider") != nil
		}
	}()
	if err := t.run(fn); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := t.ctx.Err(); err != nil {
		return translate(err)
	}
	if err := t.enqueueSQLite(r.tx); err != nil {
		return translate(err)
	}
	done = true
	return nil
}
