package repo_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

func TestOpenSQLite(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, url := range map[string]string{
		"nothing":      "",
		"a bare name":  "my.db",
		"odd letters":  filepath.Join(dir, "a b%20&c", "ü.db"),
		"a prefix":     "sqlite:" + filepath.Join(dir, "prefixed.db"),
		"an address":   "sqlite://" + filepath.Join(dir, "address.db"),
		"a new folder": filepath.Join(dir, "new", "x.db"),
	} {
		t.Run(name, func(t *testing.T) {
			db, err := repo.Open(t.Context(), repo.Config{URL: url, Synchronous: "full"})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.Ping(t.Context()); err != nil || db.Kind() != repo.SQLite || db.Pool() != nil {
				t.Errorf("%v, %s", err, db.Kind())
			}
		})
	}
	for _, file := range []string{"doorstep.db", "my.db", filepath.Join("a b%20&c", "ü.db"), "prefixed.db", "address.db",
		filepath.Join("new", "x.db")} {
		info, err := os.Stat(file)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
	for name, cfg := range map[string]repo.Config{
		"memory":      {URL: ":memory:"},
		"parameters":  {URL: "x.db?mode=ro"},
		"a server":    {URL: "mysql://root@localhost/x"},
		"synchronous": {URL: "x.db", Synchronous: "OFF"},
		"postgres":    {URL: "postgres://user:hunter2@:bad:/x"},
	} {
		db, err := repo.Open(t.Context(), cfg)
		if err == nil {
			_ = db.Close()
			t.Errorf("%s was opened", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is in %v", name, err)
		}
	}
}

// TestSynchronousOfEachConnection: FULL unless told otherwise, on the writer
// (which the queue shares), on what moves the log into the file, and on all
// that only read.
func TestSynchronousOfEachConnection(t *testing.T) {
	for mode, want := range map[string]int{"": 2, "FULL": 2, "NORMAL": 1} {
		db, err := repo.Open(t.Context(), repo.Config{URL: filepath.Join(t.TempDir(), "x.db"), Synchronous: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		got, err := db.Synchronous(t.Context())
		if err != nil || len(got) != 9 {
			t.Errorf("%q: %v %v", mode, got, err)
		}
		for _, m := range got {
			if m != want {
				t.Errorf("%q: %v, want %d everywhere", mode, got, want)
			}
		}
	}
}

// TestMigratedByMany starts replicas on one new database at once.
func TestMigratedByMany(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		url := filepath.Join(t.TempDir(), "new.db")
		if engine == repo.Postgres {
			url = repotest.EmptyURL(t)
		}
		errs := make(chan error, 4)
		for range 4 {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				db, err := repo.Open(ctx, repo.Config{URL: url})
				if err == nil {
					err = db.Migrate(ctx)
					_ = db.Close()
				}
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPlans asks SQLite how it would answer each read: none may walk a whole
// table that grows with the work.
func TestPlans(t *testing.T) {
	w := repotest.NewWorld(t, repotest.Fresh(t, repo.SQLite))
	db, r, ctx := w.DB, w.DB.Reader(), t.Context()
	at, id := repotest.Noon, w.Job.ID
	page := domain.Page{Limit: 10, AfterAt: &at, AfterID: &id}
	scopes := []domain.Scope{{All: true}, repotest.Actor(w.Manager).Scope(), repotest.Actor(w.Desk).Scope(), repotest.Actor(w.Ravi).Scope(),
		{JobID: w.Job.ID}}
	for _, s := range scopes {
		for _, p := range []domain.Page{page, {Limit: 10}} {
			_, _ = r.Customers(ctx, s, domain.CustomerFilter{}, p)
			_, _ = r.Customers(ctx, s, domain.CustomerFilter{Phone: "+91"}, p)
			_, _ = r.Jobs(ctx, s, domain.JobFilter{}, p)
			_, _ = r.Jobs(ctx, s, domain.JobFilter{Phone: "+91"}, p)
			_, _ = r.Jobs(ctx, s, domain.JobFilter{Hold: "parts"}, p)
			_, _ = r.Visits(ctx, s, domain.VisitFilter{}, p)
			_, _ = r.Visits(ctx, s, domain.VisitFilter{From: &at, To: &at}, p)
			_, _ = r.Visits(ctx, s, domain.VisitFilter{TechnicianID: &w.Ravi.ID}, p)
			_, _ = r.Visits(ctx, s, domain.VisitFilter{JobID: &id}, p)
			_, _ = r.Attempts(ctx, s, id, p)
			_, _ = r.Appliances(ctx, s, &w.Customer.ID, "", p)
			_, _ = r.Appliances(ctx, s, nil, "SN", p)
			_, _ = r.Inbox(ctx, w.Ravi.ID, false, p)
			_, _ = r.Users(ctx, s, domain.UserFilter{}, p)
		}
		_, _ = r.Customer(ctx, s, id)
		_, _ = r.Job(ctx, s, id)
		_, _ = r.Visit(ctx, s, id)
		_, _ = r.Appliance(ctx, s, id)
		_, _ = r.Timeline(ctx, s, id, 0, 10)
		_, _ = r.User(ctx, s, id)
	}
	_, _, _ = r.HoldsOfJobs(ctx, []domain.Job{w.Job})
	_, _, _ = r.HoldsOfVisits(ctx, []domain.Visit{w.Visit})
	_, _ = r.DayAround(ctx, repotest.Actor(w.Desk).Scope(), []domain.Visit{w.Visit}, []domain.ID{w.Ravi.ID}, at, at, at)
	_, _ = r.DayPlan(ctx, repotest.Actor(w.Manager).Scope(), id)
	_, _ = r.Maintenance(ctx, repotest.Actor(w.Desk).Scope(), id)
	for _, u := range []domain.User{w.Manager, w.Desk, w.Agent} {
		_, _ = r.Maintenances(ctx, repotest.Actor(u).Scope(), domain.MaintenanceFilter{}, page)
		_, _ = r.Maintenances(ctx, repotest.Actor(u).Scope(), domain.MaintenanceFilter{CustomerID: &id, Status: "active"}, page)
	}
	_, _ = r.FeedByHash(ctx, "h")
	_, _ = r.FeedOf(ctx, w.Ravi.ID)
	_, _ = r.FeedVisits(ctx, w.Ravi.ID, at, at.Add(48*time.Hour), 10)
	_, _ = r.EntriesOf(ctx, id)
	_, _ = r.JobsToVerify(ctx, &id, 10)
	_, _ = r.NextDeadline(ctx)
	_, _ = r.Evidence(ctx, id)
	_, _ = r.EvidenceFiles(ctx, []string{"f"})
	_, _ = r.LinkByHash(ctx, "h")
	_, _ = r.DeputyFor(ctx, id)
	for _, u := range []domain.User{w.Manager, w.Boss, w.Ravi} {
		_, _ = r.Flags(ctx, repotest.Actor(u), domain.FlagFilter{}, page)
		_, _ = r.Exclusions(ctx, repotest.Actor(u), page)
		_, _ = r.StandDowns(ctx, repotest.Actor(u), page)
		_, _ = r.JobsHandedOver(ctx, repotest.Actor(u), page)
	}
	n := repotest.NewNotice(w.Ravi.ID, "x")
	repotest.Do(t, db, func(tx domain.Tx) error { tx.Enqueue(n); return nil })
	_, _ = db.Deliveries(ctx, []domain.ID{n.ID})
	_, _ = db.PendingNotices(ctx, at)
	_, _ = db.Figures(ctx, at)

	whole := regexp.MustCompile(`^SCAN (?:\w+)$`) // no index at all
	for _, text := range db.Reads() {
		if strings.Contains(text, "LIMIT ?") {
			t.Errorf("planned anew at each call (limitForSQLite): %s", text)
		}
		rows, err := db.SQL().QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var a, b, c int
			var line string
			if err := rows.Scan(&a, &b, &c, &line); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, line)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		for _, line := range plan {
			if whole.MatchString(line) && !strings.HasPrefix(line, "SCAN json_each") {
				t.Errorf("%s\n  %s", text, strings.Join(plan, "\n  "))
			}
		}
	}
	if len(db.Reads()) < 80 {
		t.Errorf("only %d reads", len(db.Reads()))
	}
}
