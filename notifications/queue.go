package notifications

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"doorstep/domain"
)

// QueueName is where the store puts the jobs of notices.
const QueueName = "notify"

// AlarmQueue holds those of an SOS: workers of its own, so that an alarm never
// waits behind others (docs/product.md section 5).
const (
	AlarmQueue   = "sos"
	alarmWorkers = 20
)

const (
	jobTimeout  = 30 * time.Second // of one job with all its sends
	rescueAfter = time.Minute      // a job that runs longer belongs to a dead process

	// gather is how long a busy queue lets jobs come together; the first after
	// a pause is fetched at once. Jobs fetched together share their trips to
	// the store. An alarm does not wait for others.
	gather = 25 * time.Millisecond

	storeWait  = 2 * time.Second // before the first repeat when the database fails
	storeLimit = time.Minute
)

// QueueConfig says where the jobs are and how they are worked. With a Pool
// they are on PostgreSQL, else SQL is the writer of SQLite.
type QueueConfig struct {
	Deliverer *Deliverer
	Pool      *pgxpool.Pool // PostgreSQL: wakes by LISTEN/NOTIFY
	SQL       *sql.DB       // SQLite: the single writer; polled. Not used when Pool is set
	Workers   int           // jobs at a time; zero: 200, which share their trips to the store
	Poll      time.Duration // zero: 500 ms on PostgreSQL (a safety net), 100 ms on SQLite
	Log       *slog.Logger  // nil: slog.Default
}

// client is what both of River's working clients can do.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// Queue works the jobs that the store inserts with its commits. It delivers;
// it does not own time (docs/product.md section 8).
type Queue struct {
	client  client
	db      *sql.DB  // SQLite only
	rescuer *rescuer // PostgreSQL only
	done    finished
}

// NewQueue sets up the worker; nothing runs before Start. River's tables are
// already there: the store migrates them.
func NewQueue(c QueueConfig) (*Queue, error) {
	if c.Deliverer == nil || c.Pool == nil && c.SQL == nil {
		return nil, errors.New("queue: a deliverer and a database are needed")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	q := &Queue{}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{deliverer: c.Deliverer, log: c.Log, done: &q.done})
	config := &river.Config{
		Workers:              workers,
		Logger:               slog.New(atLeast{c.Log.Handler(), slog.LevelWarn}),
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		RetryPolicy:          retryPolicy{},
		FetchCooldown:        5 * time.Millisecond,
		// Our own table of dispatches is the record.
		CompletedJobRetentionPeriod: time.Hour,
	}
	poll := 100 * time.Millisecond
	if c.Pool != nil {
		poll = 500 * time.Millisecond
	}
	config.FetchPollInterval = orDefault(c.Poll, poll)
	config.Queues = map[string]river.QueueConfig{
		QueueName:  {MaxWorkers: orDefault(c.Workers, 200), FetchCooldown: min(gather, config.FetchPollInterval)},
		AlarmQueue: {MaxWorkers: alarmWorkers},
	}
	var err error
	if c.Pool != nil {
		config.ID = "doorstep-" + uuid.NewString()
		q.rescuer = &rescuer{pool: c.Pool, name: config.ID, log: c.Log}
		q.client, err = river.NewClient(riverpgxv5.New(c.Pool), config)
	} else {
		q.db = c.SQL
		q.client, err = river.NewClient(riversqlite.New(c.SQL), config)
	}
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return q, nil
}

func orDefault[T int | time.Duration](v, fallback T) T {
	if v > 0 {
		return v
	}
	return fallback
}

// Start begins to work jobs and returns. The end of ctx does not stop the
// queue; Stop does.
func (q *Queue) Start(ctx context.Context) error {
	if q.db != nil {
		// A SQLite file has one server: whatever runs now was left behind by
		// one that was killed and need not wait for its rescue.
		if _, err := q.db.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running' AND queue IN (?, ?)`, QueueName,
			AlarmQueue); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
	}
	if q.rescuer != nil {
		if err := q.rescuer.start(ctx); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// Stop takes no new jobs and waits for the running ones until ctx ends; then
// it cancels them. A cancelled job records what was accepted and stays in the
// queue with the rest.
func (q *Queue) Stop(ctx context.Context) error {
	if q.rescuer != nil {
		defer q.rescuer.stop() // whose lock stands for the jobs that still run
	}
	err := q.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return q.client.StopAndCancel(hard)
}

// Idle waits until no job is due or running. Jobs that wait for a later time,
// such as Retry-After, do not count. It is for tests and the demo's clock.
func (q *Queue) Idle(ctx context.Context) error {
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		busy, err := q.busy(ctx)
		if err != nil || !busy {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (q *Queue) busy(ctx context.Context) (bool, error) {
	ended := q.done.count()
	due := river.NewJobListParams().Queues(QueueName, AlarmQueue).OrderBy(river.JobListOrderByScheduledAt, river.SortOrderAsc).First(1).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled)
	// Two looks: a job moves from due to running, and back to waiting.
	next, err := q.client.JobList(ctx, due)
	if err != nil {
		return true, err
	}
	if len(next.Jobs) > 0 && !next.Jobs[0].ScheduledAt.After(time.Now()) {
		return true, nil
	}
	// River writes the end of jobs in batches, up to 250 ms later.
	running, err := q.client.JobList(ctx, river.NewJobListParams().Queues(QueueName, AlarmQueue).States(rivertype.JobStateRunning).First(1000))
	if err != nil {
		return true, err
	}
	for _, job := range running.Jobs {
		if !q.done.has(job) {
			return true, nil
		}
	}
	// One that ended meanwhile may have made another, as the rings of an alarm do.
	return len(running.Jobs) == 1000 || q.done.count() != ended, nil
}

// NotifyArgs are the arguments of a delivery job, as the store writes them: the ids of notices.
type NotifyArgs struct {
	NoticeIDs []domain.ID `json:"notice_ids"`
}

// Kind names the job in the queue. Jobs of other versions wait there: neither it nor the JSON is ever renamed.
func (NotifyArgs) Kind() string { return "notify" }

// worker is River's side of the Deliverer.
type worker struct {
	river.WorkerDefaults[NotifyArgs]
	deliverer *Deliverer
	log       *slog.Logger
	done      *finished
}

// Work delivers the notices of one commit. Waiting is a snooze, which costs no
// attempt: a notice ends by its own expiry and not because FCM was down for
// long.
func (w *worker) Work(ctx context.Context, job *river.Job[NotifyArgs]) error {
	defer w.done.add(job.JobRow)
	attempt := job.Attempt + snoozes(job.Metadata)
	wait, err := w.deliverer.Deliver(ctx, job.Args.NoticeIDs, attempt)
	if err != nil {
		w.log.Warn("notices could not be delivered yet", "job_id", job.ID, "attempt", attempt, "error", err)
		return river.JobSnooze(step{storeWait, storeLimit}.wait(attempt))
	}
	if wait > 0 {
		return river.JobSnooze(wait)
	}
	return nil
}

// snoozes reads how often a job has waited; River counts it apart from the
// attempts.
func snoozes(metadata []byte) int {
	var m struct {
		Snoozes int `json:"snoozes"`
	}
	_ = json.Unmarshal(metadata, &m) // River's own JSON; without it the wait is short
	return m.Snoozes
}

// retryPolicy is for jobs that panicked or were rescued from a dead process.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(soon.wait(job.Attempt))
}

// finished remembers the jobs that were worked last, so that Idle need not
// wait for River to say so in the database.
type finished struct {
	mu   sync.Mutex
	at   map[int64]time.Time // job → when that run began
	ring [4096]int64
	next int
	n    int
}

// count is how many runs have ended.
func (f *finished) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *finished) add(job *rivertype.JobRow) {
	if job.AttemptedAt == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil {
		f.at = map[int64]time.Time{}
	}
	if _, again := f.at[job.ID]; !again {
		delete(f.at, f.ring[f.next])
		f.ring[f.next], f.next = job.ID, (f.next+1)%len(f.ring)
	}
	f.at[job.ID] = *job.AttemptedAt
	f.n++
}

func (f *finished) has(job *rivertype.JobRow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	began, ok := f.at[job.ID]
	return ok && job.AttemptedAt != nil && began.Equal(*job.AttemptedAt)
}

// atLeast passes on what is at least so grave: River is talkative.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
