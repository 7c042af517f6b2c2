package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// TestSynchronousIsFull: what a command is told when nobody says anything, and
// what every connection then does; NORMAL says what it risks.
func TestSynchronousIsFull(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	t.Setenv("DOORSTEP_SYNCHRONOUS", "FULL")
	_ = os.Unsetenv("DOORSTEP_SYNCHRONOUS")
	var c cli
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve", "--data", t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	demo := (&demoCmd{Data: t.TempDir()}).storage()
	for name, s := range map[string]struct {
		app.Storage
		want int
	}{"serve": {c.Serve.Storage, 2}, "demo": {demo, 1}} {
		db, err := app.OpenStore(t.Context(), s.Storage, slog.New(slog.DiscardHandler), true)
		if err != nil {
			t.Fatal(err)
		}
		var mode int
		if err := db.SQL().QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&mode); err != nil || mode != s.want {
			t.Errorf("%s writes with synchronous=%d, want %d: %v", name, mode, s.want, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// newerSchema pretends that a later version was there.
func newerSchema(t testing.TB, url string) {
	t.Helper()
	db := repotest.OpenURL(t, url)
	text := "INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, true)"
	if _, err := db.SQL().ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNewerSchemaIsRefused by every command that opens the database, in words
// and without a change.
func TestNewerSchemaIsRefused(t *testing.T) {
	command := func(args ...string) (code int, out, errs string) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // a server that is not refused goes on
		defer cancel()
		var stdout, stderr bytes.Buffer
		code = run(ctx, args, &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	for _, engine := range repotest.Engines(t) {
		url := repotest.URL(t, engine)
		newerSchema(t, url)
		t.Setenv("DOORSTEP_JWT_SECRET", harness.JWTSecret)
		t.Setenv("DOORSTEP_LINK_SECRET", harness.LinkSecret)
		t.Setenv("DATABASE_URL", "")
		where := []string{"--data", filepath.Dir(url)}
		if engine == repo.Postgres {
			where = []string{"--database-url", url}
		}
		said := "doorstep: the database has the schema 90001 of doorstep and this program knows up to "
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"serve", "--no-migrate", "--listen", "127.0.0.1:0"},
			{"migrate", "up"}, {"verify"}, {"heads"}, {"user", "create", "--login", "admin", "--role", "admin", "--name", "A"}} {
			code, out, errs := command(append(args, where...)...)
			if code != 1 || out != "" || !strings.Contains(errs, said) {
				t.Errorf("%s: %v: exit %d, %q, %q", engine, args, code, out, errs)
			}
		}
		code, out, errs := command(append([]string{"migrate", "status"}, where...)...)
		if code != 0 || !strings.Contains(out, "has the schema 90001") || errs != "" {
			t.Errorf("%s: migrate status: exit %d, %q, %q", engine, code, out, errs)
		}
		db := repotest.OpenURL(t, url)
		var users int
		if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&users); err != nil || users != 0 {
			t.Errorf("%s: %d users: %v", engine, users, err)
		}
		// The queue's tables are part of the schema.
		if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 90001"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SQL().ExecContext(t.Context(), "INSERT INTO river_migration (line, version) VALUES ('main', 9001)"); err != nil {
			t.Fatal(err)
		}
		code, _, errs = command(append([]string{"migrate", "up"}, where...)...)
		if code != 1 || !strings.Contains(errs, "the schema 9001 of the queue") {
			t.Errorf("%s: a newer queue: exit %d, %q", engine, code, errs)
		}
	}
}
