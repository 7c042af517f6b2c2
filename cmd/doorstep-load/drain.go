package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
)

type drainCmd struct {
	DatabaseURL string `help:"An empty PostgreSQL database; without it SQLite in a temporary folder." placeholder:"URL"`
	Notices     int    `help:"Backlog of each round." default:"20000"`
	Rounds      int    `help:"Rounds, each in turn; medians are printed." default:"3"`
	Workers     int    `help:"Of the bare sender." default:"64"`
}

// Run drains a backlog through queue, outbox and the real SDK into the FCM
// test server, and sends as many by a bare loop over the same SDK.
func (d *drainCmd) Run(ctx context.Context) error {
	url := d.DatabaseURL
	if url == "" {
		dir, err := os.MkdirTemp("", "doorstep-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		url = dir + "/doorstep.db"
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := repo.Open(ctx, repo.Config{URL: url, Logger: log})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	phones := fcmtest.New(fcmtest.Options{Delay: 2 * time.Millisecond, Discard: true})
	defer phones.Close()
	sender, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: "load", Endpoint: phones.URL()})
	if err != nil {
		return err
	}
	users, err := d.people(ctx, db, 200)
	if err != nil {
		return err
	}
	var queueRates, bareRates []float64
	for round := range d.Rounds {
		if err := d.backlog(ctx, db, users); err != nil {
			return err
		}
		queue, err := notifications.NewQueue(notifications.QueueConfig{SQL: db.SQL(), Pool: db.Pool(), Log: log,
			Deliverer: &notifications.Deliverer{
				Outbox: db, Push: sender, Now: time.Now, Log: log,
				LinkURL:  func(*domain.Link) (string, bool) { return "", false },
				Accepted: func(context.Context, domain.Notice, string, string) error { return nil }}})
		if err != nil {
			return err
		}
		before, start := phones.Count(), time.Now()
		if err := queue.Start(ctx); err != nil {
			return err
		}
		for {
			left, err := db.PendingNotices(ctx, time.Now())
			if err != nil {
				return err
			}
			if left == 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		took := time.Since(start)
		if sent := phones.Count() - before; sent != d.Notices {
			return fmt.Errorf("%d notices, %d pushes", d.Notices, sent)
		}
		if err := queue.Stop(ctx); err != nil {
			return err
		}
		queueRates = append(queueRates, float64(d.Notices)/took.Seconds())
		bare, err := d.bare(ctx, sender)
		if err != nil {
			return err
		}
		bareRates = append(bareRates, bare)
		fmt.Fprintf(os.Stderr, "round %d: queue %.0f/s, bare %.0f/s\n", round+1, queueRates[round], bare)
	}
	slices.Sort(queueRates)
	slices.Sort(bareRates)
	a, b := queueRates[len(queueRates)/2], bareRates[len(bareRates)/2]
	fmt.Printf("%s: %d notices drained at %.0f/s, bare sender of %d workers %.0f/s, ratio %.2f\n", db.Kind(), d.Notices, a, d.Workers, b, a/b)
	return nil
}

func (d *drainCmd) people(ctx context.Context, db *repo.DB, n int) ([]domain.ID, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	var ids []domain.ID
	err := db.InTx(ctx, func(tx domain.Tx) error {
		ids = nil
		for i := range n {
			u := domain.User{Meta: domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: now, UpdatedAt: now},
				Login: fmt.Sprintf("drain-%d-%s", i, uuid.NewString()[:8]), Name: "Drain", Role: domain.RoleAgent, Language: "en"}
			if err := tx.InsertUser(&u); err != nil {
				return err
			}
			if err := tx.PutDevice(&domain.Device{InstallationID: uuid.New(), UserID: &u.ID, Token: "token-" + u.ID.String(), Platform: "android",
				CreatedAt: now, UpdatedAt: now}); err != nil {
				return err
			}
			ids = append(ids, u.ID)
		}
		return nil
	})
	return ids, err
}

func (d *drainCmd) backlog(ctx context.Context, db *repo.DB, users []domain.ID) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	for done := 0; done < d.Notices; {
		n := min(1000, d.Notices-done)
		if err := db.InTx(ctx, func(tx domain.Tx) error {
			for i := range n {
				u := users[(done+i)%len(users)]
				tx.Enqueue(domain.Notice{ID: uuid.Must(uuid.NewV7()), Kind: "visit.offered", UserID: &u, Title: "Your repair visit",
					Body:     "Tomorrow, 10:00-12:00",
					Language: "en", NotBefore: now, ExpiresAt: now.Add(time.Hour), State: "pending", CreatedAt: now})
			}
			return nil
		}); err != nil {
			return err
		}
		done += n
	}
	return nil
}

func (d *drainCmd) bare(ctx context.Context, sender notifications.Sender) (float64, error) {
	var next atomic.Int64
	var failed atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range d.Workers {
		wg.Go(func() {
			for next.Add(1) <= int64(d.Notices) {
				r := sender.Send(ctx, notifications.Message{Token: "bare", Title: "Your repair visit", Body: "Tomorrow, 10:00-12:00",
					Data: map[string]string{"kind": "visit.offered"}, TTL: time.Hour})
				if r.Outcome != notifications.Accepted {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := failed.Load(); n > 0 {
		return 0, fmt.Errorf("%d bare pushes failed", n)
	}
	return float64(d.Notices) / time.Since(start).Seconds(), nil
}

type coldCmd struct {
	Server string        `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	Rounds int           `help:"Starts." default:"5"`
	Idle   time.Duration `help:"How long to wait before the memory is read." default:"60s"`
}

// Run starts a server on a migrated SQLite file and times its first answer.
func (c *coldCmd) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "doorstep-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	env := []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret(), "DOORSTEP_DATA=" + dir}
	first, err := launch(ctx, c.Server, env)
	if err != nil {
		return err
	}
	first.stop()
	var times []time.Duration
	for i := range c.Rounds {
		start := time.Now()
		s, err := launch(ctx, c.Server, env)
		if err != nil {
			return err
		}
		times = append(times, time.Since(start))
		if i == c.Rounds-1 {
			time.Sleep(c.Idle)
			fmt.Printf("idle after %v: %s\n", c.Idle, memoryOf(s.cmd.Process.Pid))
		}
		s.stop()
	}
	slices.Sort(times)
	fmt.Printf("cold start to the first answer: median %v of %d\n", times[len(times)/2].Round(time.Millisecond), len(times))
	return nil
}
