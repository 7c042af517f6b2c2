package main

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doorstep/repo"
	"doorstep/repo/repotest"
)

// command runs the program's main in this process.
func command(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// TestLookingMakesNoDatabase: who only asks creates neither folder nor file
// nor table.
func TestLookingMakesNoDatabase(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	dir := filepath.Join(t.TempDir(), "new")
	code, out, errs := command("migrate", "status", "--data", dir)
	if code != 0 || !strings.HasPrefix(out, "no database yet: ") || errs != "" {
		t.Errorf("migrate status: exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = command("verify", "--data", dir)
	if code != 1 || out != "" || !strings.HasPrefix(errs, "doorstep: no database yet: ") {
		t.Errorf("verify: exit %d, %q, %q", code, out, errs)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there: %v", err)
	}
	if code, _, errs = command("migrate", "up", "--data", dir); code != 0 {
		t.Fatalf("migrate up: exit %d, %q", code, errs)
	}
	if code, out, _ = command("migrate", "status", "--data", dir); code != 0 || !strings.Contains(out, "00001 applied ") ||
		strings.Contains(out, "missing") {
		t.Errorf("migrate status: exit %d, %q", code, out)
	}
	if len(repotest.Engines(t)) < 2 {
		return
	}
	empty := repotest.EmptyURL(t)
	if code, out, errs = command("migrate", "status", "--database-url", empty); code != 0 || !strings.Contains(out, "00001 missing ") ||
		strings.Contains(out, "applied") {
		t.Errorf("migrate status of an empty PostgreSQL: exit %d, %q, %q", code, out, errs)
	}
	db, err := repo.Open(t.Context(), repo.Config{URL: empty})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables int
	if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()").
		Scan(&tables); err != nil || tables != 0 {
		t.Errorf("looking made %d tables: %v", tables, err)
	}
}

// TestUnreachablePostgresIsOneLine: it names the variable and what to check,
// and never the password.
func TestUnreachablePostgresIsOneLine(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{
		"connection refused": "postgres://doorstep:hunter2@" + nobody + "/doorstep",
	}
	if len(repotest.Engines(t)) == 2 {
		u, err := url.Parse(repotest.EmptyURL(t))
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/not_there"
		addresses[`database "not_there" does not exist`] = u.String()
	}
	for cause, address := range addresses {
		for _, args := range [][]string{{"migrate", "status"}, {"migrate", "up"}, {"verify"}, {"user", "create", "--login", "admin", "--role",
			"admin", "--name", "A"}} {
			t.Setenv("DATABASE_URL", address)
			code, out, errs := command(args...)
			if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "doorstep: ") ||
				!strings.Contains(errs, "DATABASE_URL") ||
				!strings.Contains(errs, cause) || strings.Contains(errs, "hunter2") {
				t.Errorf("%v at %s: exit %d, %q, %q", args, cause, code, out, errs)
			}
		}
	}
}
