package repo

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"doorstep/domain"
)

// Reads lists the texts of what the reader asked so far on SQLite.
func (db *DB) Reads() []string {
	db.reads.mu.RLock()
	defer db.reads.mu.RUnlock()
	var out []string
	for text := range maps.Keys(db.reads.known) {
		out = append(out, text)
	}
	return out
}

// MigrateTo brings our schema to an earlier version; the queue's stays out.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	steps, err := db.provider()
	if err != nil {
		return err
	}
	_, err = steps.UpTo(ctx, version)
	return err
}

// WaitingWriters counts who waits for the writer of SQLite.
func (db *DB) WaitingWriters() int {
	db.turns.mu.Lock()
	defer db.turns.mu.Unlock()
	return len(db.turns.waiting)
}

// WaitingForLanes counts who waits for a lane of PostgreSQL.
func (db *DB) WaitingForLanes() int {
	db.lanes.mu.Lock()
	defer db.lanes.mu.Unlock()
	return len(db.lanes.waiting)
}

// Transactions counts by how many transactions jobs were written last.
func (db *DB) Transactions(t testing.TB, jobs ...domain.ID) (n int) {
	t.Helper()
	ids := make([][16]byte, len(jobs))
	for i, id := range jobs {
		ids[i] = id
	}
	if err := db.pool.QueryRow(t.Context(), "SELECT count(DISTINCT txid::text) FROM jobs WHERE id = ANY($1)", ids).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// LanesFull reports whether all lanes are taken.
func (db *DB) LanesFull() bool {
	db.lanes.mu.Lock()
	defer db.lanes.mu.Unlock()
	return db.lanes.busy == maxLanes
}

// How many lanes there are, and how often one may ask in them.
const (
	MaxLanes   = maxLanes
	MaxFlights = maxFlights
)

// Merged merges inserts and other statements; each is its text, with as many
// arguments as it has marks.
func Merged(lists ...[]string) (texts []string, args [][]any) {
	steps := make([][]*step, len(lists))
	n := 0
	for i, list := range lists {
		for _, text := range list {
			s := &step{sql: text}
			for range strings.Count(text, "$") {
				n++
				s.args = append(s.args, n)
			}
			steps[i] = append(steps[i], s)
		}
	}
	for _, s := range merged(steps) {
		texts, args = append(texts, s.sql), append(args, s.args)
	}
	return texts, args
}

// Asked reads one text in the middle of a transaction.
func Asked(in domain.Tx, query string) (string, error) {
	type answer struct{ Text string }
	t := in.(*tx)
	rows, err := all[answer](t, t.table("jobs").Raw("SELECT ("+query+") AS text"))
	if err != nil {
		return "", err
	}
	return rows[0].Text, nil
}

// Translate is translate.
func Translate(err error) error { return translate(err) }

// Dial connects as the pool does.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	return dialer().DialContext(ctx, "tcp", address)
}

// DatabaseName names the database of PostgreSQL.
func DatabaseName(t testing.TB, db *DB) string {
	t.Helper()
	return pgx.Identifier{db.pool.Config().ConnConfig.Database}.Sanitize()
}

// Synchronous asks every connection of SQLite how it waits for the disk.
func (db *DB) Synchronous(ctx context.Context) (modes []int, err error) {
	for _, pool := range []*sql.DB{db.sql, db.look, db.read} {
		var held []*sql.Conn
		for range pool.Stats().MaxOpenConnections {
			conn, e := pool.Conn(ctx)
			if e != nil {
				return nil, e
			}
			held = append(held, conn)
			var mode int
			err = errors.Join(err, conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&mode))
			modes = append(modes, mode)
		}
		for _, conn := range held {
			err = errors.Join(err, conn.Close())
		}
	}
	return modes, err
}

// PassesOnSQLite is passesOnSQLite.
func PassesOnSQLite(code int) bool { return passesOnSQLite(code) }
