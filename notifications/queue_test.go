package notifications_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite"

	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
)

// jobs is a SQLite file with River's tables, and what inserts into it.
type jobs struct {
	t      testing.TB
	db     *sql.DB
	insert *river.Client[*sql.Tx]
}

func newJobs(t testing.TB) *jobs {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "queue.db")+
		"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)&_time_format=sqlite&_timezone=UTC&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	insert, err := river.NewClient(driver, &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &jobs{t: t, db: db, insert: insert}
}

func (j *jobs) add(ids ...domain.ID) {
	j.t.Helper()
	if _, err := j.insert.Insert(j.t.Context(), notifications.NotifyArgs{NoticeIDs: ids},
		&river.InsertOpts{Queue: notifications.QueueName}); err != nil {
		j.t.Fatal(err)
	}
}

// states counts the jobs by state.
func (j *jobs) states() string {
	rows, err := j.db.Query(`SELECT state, count(*) FROM river_job GROUP BY state ORDER BY state`)
	if err != nil {
		j.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	out := ""
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			j.t.Fatal(err)
		}
		out += fmt.Sprintf("%s %d ", state, n)
	}
	return out
}

func (j *jobs) start(d *notifications.Deliverer) *notifications.Queue {
	j.t.Helper()
	q, err := notifications.NewQueue(notifications.QueueConfig{Deliverer: d, SQL: j.db, Poll: 10 * time.Millisecond})
	if err != nil {
		j.t.Fatal(err)
	}
	if err := q.Start(j.t.Context()); err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() { _ = q.Stop(context.Background()) })
	return q
}

func idle(t testing.TB, q *notifications.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := q.Idle(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestQueueTakesWhatTheStoreWrites: kind, JSON and queues are those of the store, also of jobs that older versions left. What the
// store writes is held to the same by repotest.
func TestQueueTakesWhatTheStoreWrites(t *testing.T) {
	const stored = `{"notice_ids":["0190b0f4-7f3a-7cc1-8b0e-1f2d3c4b5a69"]}`
	var args notifications.NotifyArgs
	if err := json.Unmarshal([]byte(stored), &args); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(args)
	if err != nil || string(again) != stored || len(args.NoticeIDs) != 1 {
		t.Errorf("a job of %s is read as %v and written as %s (%v)", stored, args.NoticeIDs, again, err)
	}
	if args.Kind() != "notify" || notifications.QueueName != "notify" || notifications.AlarmQueue != "sos" {
		t.Errorf("jobs of the kind %q are taken from %q and %q", args.Kind(), notifications.QueueName, notifications.AlarmQueue)
	}
}

func TestQueueDelivers(t *testing.T) {
	t.Parallel()
	b, j := newBench(t, false), newJobs(t)
	q := j.start(b.Deliverer)
	idle(t, q)
	for i := range 5 {
		l := b.put(nil, "token-a")
		j.add(l.Notice.ID)
		began := time.Now()
		idle(t, q)
		if b.fcm.Count() != i+1 {
			t.Fatalf("idle with %d of %d pushes", b.fcm.Count(), i+1)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("idle took %v", took)
		}
	}
	if err := q.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := j.states(); got != "completed 5 " {
		t.Errorf("jobs: %s", got)
	}
}

// FCM is away and comes back: one push for each device, no attempt is spent.
func TestQueueWaitsForFCM(t *testing.T) {
	t.Parallel()
	b, j := newBench(t, false), newJobs(t)
	q := j.start(b.Deliverer)
	b.fcm.SetDown(true)
	var tokens []string
	for i := range 20 {
		token := fmt.Sprint("token-", i)
		tokens = append(tokens, token)
		j.add(b.put(nil, token).Notice.ID)
	}
	idle(t, q)
	if b.fcm.Count() != 0 || b.fcm.Requests() < 20 {
		t.Fatalf("%d pushes of %d requests", b.fcm.Count(), b.fcm.Requests())
	}
	b.fcm.SetDown(false)
	for deadline := time.Now().Add(20 * time.Second); b.fcm.Count() < 20 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // River's clock is the wall's
	}
	idle(t, q)
	for _, token := range tokens {
		if n := len(b.fcm.MessagesFor(token)); n != 1 {
			t.Errorf("%s: %d pushes", token, n)
		}
	}
	var spent int
	if err := j.db.QueryRow(`SELECT count(*) FROM river_job WHERE attempt > 1`).Scan(&spent); err != nil || spent != 0 {
		t.Errorf("%d jobs spent attempts, %v", spent, err)
	}
}

// A server that is killed leaves running jobs; the next one works them at
// once and pushes only what was not recorded.
func TestQueueAfterAKill(t *testing.T) {
	t.Parallel()
	b, j := newBench(t, false), newJobs(t)
	l := b.put(nil, "token-a", "token-b")
	l.Delivered = []domain.ID{device("token-a").InstallationID}
	j.add(l.Notice.ID)
	if _, err := j.db.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = ?`, time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	idle(t, j.start(b.Deliverer))
	if len(b.fcm.MessagesFor("token-a")) != 0 || len(b.fcm.MessagesFor("token-b")) != 1 || l.Notice.State != "done" {
		t.Errorf("%d pushes, state %s", b.fcm.Count(), l.Notice.State)
	}
}

// Stop waits for what runs; when its time is over it cancels, and what was
// not sent stays in the queue.
func TestQueueStops(t *testing.T) {
	t.Parallel()
	b, j := newBench(t, false), newJobs(t)
	q := j.start(b.Deliverer)
	b.fcm.Script("token-a", fcmtest.Slow(300*time.Millisecond))
	first := b.put(nil, "token-a")
	j.add(first.Notice.ID)
	waitFor(t, func() bool { return b.fcm.Requests() == 1 })
	if err := q.Stop(t.Context()); err != nil || first.Notice.State != "done" {
		t.Errorf("%v, state %s", err, first.Notice.State)
	}

	q = j.start(b.Deliverer)
	b.fcm.Script("token-a", fcmtest.Slow(time.Minute))
	second := b.put(nil, "token-a")
	j.add(second.Notice.ID)
	waitFor(t, func() bool { return b.fcm.Requests() == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Error(err)
	}
	if got := j.states(); second.Notice.State != "pending" || got != "available 1 completed 1 " {
		t.Errorf("state %s, jobs: %s", second.Notice.State, got)
	}
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !what(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing happened")
		}
	}
}

func TestNewQueueRefusesBadSetups(t *testing.T) {
	for name, c := range map[string]notifications.QueueConfig{
		"nothing":      {},
		"no database":  {Deliverer: &notifications.Deliverer{}},
		"no deliverer": {SQL: &sql.DB{}},
	} {
		if _, err := notifications.NewQueue(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// BenchmarkDrain measures jobs of one notice for one device each, on SQLite
// with a fake FCM on loopback. The outbox is in memory: what the store costs
// comes on top.
func BenchmarkDrain(b *testing.B) {
	fcm := fcmtest.New(fcmtest.Options{Discard: true})
	defer fcm.Close()
	push, err := notifications.NewFCM(b.Context(), notifications.FCMConfig{ProjectID: "p", Endpoint: fcm.URL()})
	if err != nil {
		b.Fatal(err)
	}
	j := newJobs(b)
	box := &outbox{letters: map[domain.ID]*domain.Delivery{}, dropped: map[domain.ID]string{}}
	now := time.Now()
	var params []river.InsertManyParams
	for i := range b.N {
		id := uuid.Must(uuid.NewV7())
		box.letters[id] = &domain.Delivery{Notice: domain.Notice{ID: id, Kind: "visit.assigned", UserID: &domain.ID{1}, Title: "New visit",
			Body:      "Tomorrow",
			ExpiresAt: now.Add(time.Hour), State: "pending"}, Devices: []domain.Device{device(fmt.Sprint("token-", i%1000))}}
		params = append(params, river.InsertManyParams{Args: notifications.NotifyArgs{NoticeIDs: []domain.ID{id}},
			InsertOpts: &river.InsertOpts{Queue: notifications.QueueName}})
	}
	for part := range slices.Chunk(params, 1000) {
		if _, err := j.insert.InsertManyFast(b.Context(), part); err != nil {
			b.Fatal(err)
		}
	}
	q, err := notifications.NewQueue(notifications.QueueConfig{Deliverer: &notifications.Deliverer{Outbox: box, Push: push, Now: time.Now},
		SQL: j.db})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if err := q.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := q.Idle(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
	b.StopTimer()
	if fcm.Count() != b.N {
		b.Errorf("%d of %d pushes", fcm.Count(), b.N)
	}
	_ = q.Stop(context.Background())
}
