package repo

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// keeper moves what was written from SQLite's log into its file. SQLite itself
// does so within a commit, which makes a writer wait for the disk each time;
// this does it beside the writers. What they added meanwhile is little, and
// moving that lets the log begin anew.
type keeper struct {
	from  uint64 // the write up to which the log was moved last; of the writer
	moved atomic.Bool
	busy  atomic.Bool
	runs  sync.WaitGroup
}

// movedAfter is after how many writes; SQLite's own turn, as many pages as
// wal_autocheckpoint says, comes later.
const movedAfter = 3000

const moveLog = "PRAGMA wal_checkpoint(PASSIVE)"

// keep is called with the writer in hand, between transactions.
func (db *DB) keep(ctx context.Context, conn *sql.Conn) {
	k, now := &db.keeper, db.traces.count()
	switch {
	case k.busy.Load():
	case k.moved.Load():
		k.moved.Store(false)
		k.from = now
		if _, err := conn.ExecContext(ctx, moveLog); err != nil {
			db.log.Warn("the log was not moved", "error", err)
		}
	case now-k.from > movedAfter:
		k.busy.Store(true)
		k.runs.Go(func() {
			if _, err := db.look.ExecContext(ctx, moveLog); err != nil {
				db.log.Warn("the log was not moved", "error", err)
			}
			k.moved.Store(true)
			k.busy.Store(false)
		})
	}
}
