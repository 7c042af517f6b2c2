package repo

import (
	"context"
	"maps"
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
