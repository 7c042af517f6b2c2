package repo

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"doorstep/domain"
)

// notifyQueue is where delivery jobs wait; the workers take them from it.
const notifyQueue = "notify"

// AlarmQueue is where those of an SOS and of reports of what happens now do; it
// has workers of its own, so that an alarm never waits behind others.
const AlarmQueue = "sos"

// notifyArgs are the arguments of a delivery job: the ids of notices that were written with it.
type notifyArgs struct {
	NoticeIDs []domain.ID `json:"notice_ids"`
}

// Kind names the job in the queue. Jobs of other versions wait there: neither it nor the JSON is ever renamed.
func (notifyArgs) Kind() string { return "notify" }

// Priorities of River: a transaction with an urgent notice goes first.
const (
	urgentPriority = 1
	calmPriority   = 2
)

// noticesPerJob keeps a job short enough to be repeated as a whole.
const noticesPerJob = 100

// notifyJobs makes the queue's jobs of a transaction: one, or more when it
// tells very many people or some of them later. Notices wait by their own
// clock; the queue's is the wall, so the wait is carried over and not the
// time.
func notifyJobs(list []domain.Notice) []river.InsertManyParams {
	calm := list[:0:0]
	var alarms []domain.Notice
	for _, n := range list {
		if domain.GoesFirst(n.Kind) {
			alarms = append(alarms, n)
		} else {
			calm = append(calm, n)
		}
	}
	return append(jobsOf(alarms, AlarmQueue), jobsOf(calm, notifyQueue)...)
}

func jobsOf(list []domain.Notice, queue string) []river.InsertManyParams {
	byWait := map[time.Duration][]domain.Notice{}
	var waits []time.Duration
	for _, n := range list {
		wait := max(n.NotBefore.Sub(n.CreatedAt), 0)
		if _, ok := byWait[wait]; !ok {
			waits = append(waits, wait)
		}
		byWait[wait] = append(byWait[wait], n)
	}
	slices.Sort(waits)
	var jobs []river.InsertManyParams
	for _, wait := range waits {
		for part := range slices.Chunk(byWait[wait], noticesPerJob) {
			args := notifyArgs{NoticeIDs: make([]domain.ID, len(part))}
			opts := &river.InsertOpts{Queue: queue, Priority: calmPriority}
			for i, n := range part {
				args.NoticeIDs[i] = n.ID
				if n.High {
					opts.Priority = urgentPriority
				}
			}
			if wait > 0 {
				opts.ScheduledAt = time.Now().Add(wait)
			}
			jobs = append(jobs, river.InsertManyParams{Args: args, InsertOpts: opts})
		}
	}
	return jobs
}

func (db *DB) enqueueSQLite(ctx context.Context, inner *sql.Tx, notices []domain.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	_, err := db.sqliteQueue.InsertManyFastTx(ctx, inner, notifyJobs(notices))
	return err
}

// enqueuePostgres lets River write into our pending steps, so that its rows
// ride with ours.
func (t *tx) enqueuePostgres(conn *pgx.Conn) error {
	if len(t.notices) == 0 {
		return nil
	}
	_, err := t.db.pgQueue.InsertManyFastTx(t.ctx, &queueTx{t: t, conn: conn}, notifyJobs(t.notices))
	return err
}

// queueTx is the transaction as River sees it: what it writes is kept for the
// last flight. Of pgx.Tx it is what inserting needs.
type queueTx struct {
	pgx.Tx // nil: anything else is a defect
	t      *tx
	conn   *pgx.Conn
}

func (q *queueTx) Conn() *pgx.Conn { return q.conn }

func (q *queueTx) Exec(_ context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	q.t.pending = append(q.t.pending, &step{sql: text, args: args})
	return pgconn.CommandTag{}, nil
}

// CopyFrom becomes one INSERT a row: COPY needs round trips of its own.
func (q *queueTx) CopyFrom(_ context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	marks := make([]string, len(columns))
	for i := range columns {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	text := "INSERT INTO " + table.Sanitize() + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	n := int64(0)
	for rows.Next() {
		args, err := rows.Values()
		if err != nil {
			return n, err
		}
		q.t.pending = append(q.t.pending, &step{sql: text, args: args})
		n++
	}
	return n, rows.Err()
}

func (q *queueTx) Query(context.Context, string, ...any) (pgx.Rows, error) {
	return nil, errors.New("repo: the queue may not read here")
}

func (q *queueTx) QueryRow(context.Context, string, ...any) pgx.Row {
	panic("repo: the queue may not read here")
}
