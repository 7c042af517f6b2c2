package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

// NoteReplica writes that a running server was there at a time of the wall
// clock, by the way that all writes take. Errors: CodeUnavailable.
func (db *DB) NoteReplica(ctx context.Context, id domain.ID, at time.Time) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("INSERT INTO replicas (id, seen_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", id, at)
	})
}

// ForgetReplicas removes the rows of those that were not there since.
func (db *DB) ForgetReplicas(ctx context.Context, since time.Time) error {
	return db.inTx(ctx, func(t *tx) error { return t.exec("DELETE FROM replicas WHERE seen_at < ?", since) })
}

// Figures is what a monitor asks of the database; nil where there is none.
type Figures struct {
	Overdue        *time.Time // when the oldest open deadline fell due
	OpenSOS        int
	OldestOpenSOS  *time.Time // when it was raised
	Unacknowledged int
	OldestUnacked  *time.Time
	PendingNotice  *time.Time // since when the oldest notice could have gone out
	Queue          []QueueFigure
}

// QueueFigure is how many jobs of the queue are in a state.
type QueueFigure struct {
	Queue, State string
	N            int
}

// Figures reads them; now is that of the deadlines' clock.
func (db *DB) Figures(ctx context.Context, now time.Time) (f Figures, err error) {
	type alarm struct {
		Status    string
		CreatedAt time.Time
	}
	type notice struct{ CreatedAt, NotBefore time.Time }
	c := db.reader()
	next, err := c.NextDeadline(ctx)
	if err != nil {
		return f, err
	}
	if next != nil && !next.After(now) {
		f.Overdue = next
	}
	pending, err := list[notice](ctx, c, db.table("notices").Raw("SELECT created_at, not_before FROM notices "+
		"WHERE state = 'pending' AND NOT waits AND expires_at > ? AND not_before <= ? "+
		"ORDER BY CASE WHEN not_before > created_at THEN not_before ELSE created_at END LIMIT 1", now, now))
	if err != nil {
		return f, err
	}
	for _, n := range pending {
		f.PendingNotice = &n.CreatedAt
		if n.NotBefore.After(n.CreatedAt) {
			f.PendingNotice = &n.NotBefore
		}
	}
	alarms, err := list[alarm](ctx, c, db.table("sos").Raw("SELECT status, created_at FROM sos WHERE status <> 'resolved'"))
	if err != nil {
		return f, err
	}
	for i := range alarms {
		a := &alarms[i]
		f.OpenSOS++
		f.OldestOpenSOS = earlier(f.OldestOpenSOS, &a.CreatedAt)
		if a.Status == "raised" {
			f.Unacknowledged++
			f.OldestUnacked = earlier(f.OldestUnacked, &a.CreatedAt)
		}
	}
	f.Queue, err = list[QueueFigure](ctx, c, db.table("river_job").
		Raw("SELECT queue, state, count(*) AS n FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled') "+
			"GROUP BY state, queue"))
	return f, err
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b.Before(*a) {
		return b
	}
	return a
}
