package outages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// post is the way of a notice from its row to a phone, on a real store and
// through the real Firebase SDK.
type post struct {
	testing.TB
	db     *repo.DB
	phones *fcmtest.Server
	queue  *notifications.Queue
	users  []domain.ID
}

func newPost(t testing.TB, engine string, users int, o fcmtest.Options) *post {
	t.Helper()
	p := &post{TB: t, db: repotest.Open(t, engine), phones: fcmtest.New(o)}
	t.Cleanup(p.phones.Close)
	now := time.Now().UTC().Truncate(time.Microsecond)
	p.inTx(func(tx domain.Tx) error {
		for i := range users {
			u := domain.User{Meta: domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: now, UpdatedAt: now},
				Login: fmt.Sprint("user", i), Name: "A B", Role: domain.RoleAgent, Language: "en"}
			if err := tx.InsertUser(&u); err != nil {
				return err
			}
			if err := tx.PutDevice(&domain.Device{InstallationID: uuid.New(), UserID: &u.ID, Token: token(i), Platform: "android", CreatedAt: now,
				UpdatedAt: now}); err != nil {
				return err
			}
			p.users = append(p.users, u.ID)
		}
		return nil
	})
	return p
}

func token(user int) string { return fmt.Sprint("phone:", user) }

func (p *post) inTx(fn func(tx domain.Tx) error) {
	p.Helper()
	if err := p.db.InTx(p.Context(), fn); err != nil {
		p.Fatal(err)
	}
}

// tell enqueues one notice for a user, as a use case does.
func (p *post) tell(tx domain.Tx, user int) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := uuid.Must(uuid.NewV7())
	tx.Enqueue(domain.Notice{ID: id, Kind: "visit.assigned", UserID: &p.users[user], Title: "New visit", Body: "Tomorrow", High: true,
		Language: "en",
		Data:     domain.JSON[map[string]string]{V: map[string]string{"notice_id": id.String()}}, NotBefore: now, ExpiresAt: now.Add(time.Hour),
		State: "pending", CreatedAt: now})
}

func (p *post) start() { p.queue = p.worker() }

// worker starts one that takes notices from the database to the phones.
func (p *post) worker() *notifications.Queue {
	p.Helper()
	quiet := slog.New(slog.DiscardHandler)
	push, err := notifications.NewFCM(p.Context(), notifications.FCMConfig{ProjectID: "test", Endpoint: p.phones.URL()})
	if err != nil {
		p.Fatal(err)
	}
	q, err := notifications.NewQueue(notifications.QueueConfig{SQL: p.db.SQL(), Pool: p.db.Pool(), Log: quiet,
		Deliverer: &notifications.Deliverer{Outbox: p.db, Push: push, Now: time.Now, Log: quiet}})
	if err != nil {
		p.Fatal(err)
	}
	if err := q.Start(p.Context()); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = q.Stop(context.Background()) })
	return q
}

func (p *post) idle() {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
	defer cancel()
	if err := p.queue.Idle(ctx); err != nil {
		p.Fatal(err)
	}
}

func (p *post) pending() int {
	p.Helper()
	n, err := p.db.PendingNotices(p.Context(), time.Now())
	if err != nil {
		p.Fatal(err)
	}
	return n
}

// FCM is away while notices come in, refuses some when it is back, and every
// phone that exists is pushed to once.
func TestPushesSurviveFCM(t *testing.T) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, engine, 12, fcmtest.Options{})
			p.phones.SetDown(true)
			p.phones.Script(token(0), fcmtest.Unregistered().Always())
			p.phones.Script(token(1), fcmtest.Unavailable(time.Second))
			p.phones.Script(token(2), fcmtest.Quota(time.Hour))
			p.start()
			for user := range p.users {
				p.inTx(func(tx domain.Tx) error { p.tell(tx, user); return nil })
			}
			p.idle()
			if n := p.pending(); n != 12 || p.phones.Count() != 0 {
				t.Fatalf("%d pending, %d pushed while FCM is down", n, p.phones.Count())
			}
			p.phones.SetDown(false)
			for deadline := time.Now().Add(20 * time.Second); p.pending() > 1 && time.Now().Before(deadline); {
				time.Sleep(20 * time.Millisecond) // the queue waits by the wall clock
			}
			p.idle()
			for user := range p.users {
				want := 1
				if user == 0 || user == 2 {
					want = 0
				}
				if got := len(p.phones.MessagesFor(token(user))); got != want {
					t.Errorf("phone %d: %d pushes", user, got)
				}
			}
			if n := p.pending(); n != 1 {
				t.Errorf("%d pending: only the one whose quota is spent may be", n)
			}
			// The dead token is forgotten.
			requests := p.phones.Requests()
			p.inTx(func(tx domain.Tx) error { p.tell(tx, 0); return nil })
			p.idle()
			if p.phones.Requests() != requests || p.pending() != 1 {
				t.Errorf("%d requests to a dead token, %d pending", p.phones.Requests()-requests, p.pending())
			}
		})
	}
}

// A replica that was killed leaves running jobs. Another one takes them over
// within seconds, and leaves those of a living one alone, however slow.
func TestJobsOfADeadReplica(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Engines(t), repo.Postgres) {
		return // on SQLite there is one server, which takes back its own at the start
	}
	p := newPost(t, repo.Postgres, 2, fcmtest.Options{})
	p.phones.Script(token(1), fcmtest.Slow(8*time.Second))
	p.inTx(func(tx domain.Tx) error { p.tell(tx, 0); return nil })
	if _, err := p.db.SQL().
		ExecContext(t.Context(),
			`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '6 seconds', attempted_by = '{somebody,killed}'`); err != nil {
		t.Fatal(err)
	}
	p.start()
	p.inTx(func(tx domain.Tx) error { p.tell(tx, 1); return nil })
	for deadline := time.Now().Add(5 * time.Second); p.phones.Requests() < 2 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	other := p.worker() // of the same database
	p.idle()
	if a, b := len(p.phones.MessagesFor(token(0))), len(p.phones.MessagesFor(token(1))); a != 1 || b != 1 || p.phones.Requests() != 2 {
		t.Errorf("%d and %d pushes of %d requests", a, b, p.phones.Requests())
	}
	if err := other.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkDelivery drains notices of one commit each.
func BenchmarkDelivery(b *testing.B) {
	for _, engine := range repotest.Engines(b) {
		b.Run(engine, func(b *testing.B) {
			p := newPost(b, engine, 500, fcmtest.Options{Discard: true})
			for i := range b.N {
				p.inTx(func(tx domain.Tx) error { p.tell(tx, i%500); return nil })
			}
			b.ResetTimer()
			p.start()
			if err := p.queue.Idle(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
			b.StopTimer()
			if p.phones.Count() != b.N {
				b.Errorf("%d pushes of %d", p.phones.Count(), b.N)
			}
		})
	}
}
