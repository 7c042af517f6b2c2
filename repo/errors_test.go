package repo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// TestRefusalsOfSQLite walks the primary result codes and their extended ones:
// https://www.sqlite.org/rescode.html.
func TestRefusalsOfSQLite(t *testing.T) {
	passing := map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 13: true, 14: true, 15: true, 17: true}
	for code := 1; code <= 26; code++ {
		if code == 19 {
			continue // constraints have their own meanings
		}
		for _, extended := range []int{0, 1, 2, 10} {
			if got := repo.PassesOnSQLite(code | extended<<8); got != passing[code] {
				t.Errorf("code %d (%d): passes %v", code, code|extended<<8, got)
			}
		}
	}
}

// TestWritesRefused: on both engines a database that takes no writes is
// unavailable to whoever writes, whatever the reason, and goes on to be read.
func TestWritesRefused(t *testing.T) {
	refusing := func(sqlstate string) string {
		return "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS " +
			"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '" + sqlstate + "'; END $$; " +
			"CREATE TRIGGER refuse BEFORE INSERT ON replicas FOR EACH ROW EXECUTE FUNCTION refuse()"
	}
	for _, engine := range repotest.Engines(t) {
		ways := map[string]func(db *repo.DB) (undo func()){}
		exec := func(db *repo.DB, text string) {
			t.Helper()
			if _, err := db.SQL().ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if engine == repo.SQLite {
			ways["read only"] = func(db *repo.DB) func() {
				exec(db, "PRAGMA query_only = 1")
				return func() { exec(db, "PRAGMA query_only = 0") }
			}
			ways["disk full"] = func(db *repo.DB) func() {
				exec(db, "PRAGMA max_page_count = 1") // not below what is there
				return func() { exec(db, "PRAGMA max_page_count = 1073741823") }
			}
		} else {
			ways["read only"] = func(db *repo.DB) func() {
				exec(db, "ALTER ROLE CURRENT_USER IN DATABASE "+repo.DatabaseName(t, db)+" SET default_transaction_read_only = on")
				db.Pool().Reset()
				return func() {
					exec(db, "BEGIN READ WRITE; ALTER ROLE CURRENT_USER IN DATABASE "+repo.DatabaseName(t, db)+
						" RESET default_transaction_read_only; COMMIT")
					db.Pool().Reset()
				}
			}
			states := map[string]string{"no rights": "42501", "not in the needed state": "55000", "disk full": "53100", "I/O": "58030"}
			for way, sqlstate := range states {
				ways[way] = func(db *repo.DB) func() {
					exec(db, refusing(sqlstate))
					return func() { exec(db, "DROP TRIGGER refuse ON replicas") }
				}
			}
		}
		for way, refuse := range ways {
			t.Run(engine+", "+way, func(t *testing.T) {
				db := repotest.Fresh(t, engine) // one of its own: it is broken here
				write := func() error {
					var err error
					for range 500 { // until a full file has no page left
						ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
						err = db.NoteReplica(ctx, repotest.ID(), time.Now())
						cancel()
						if err != nil || way != "disk full" {
							break
						}
					}
					return err
				}
				undo := refuse(db)
				var d *domain.Error
				if err := write(); !errors.As(err, &d) || d.Code != domain.CodeUnavailable || d.RetryAfter <= 0 {
					t.Errorf("%v", err)
				}
				if err := db.Ping(t.Context()); err != nil {
					t.Errorf("reading: %v", err)
				}
				undo()
				if err := db.NoteReplica(t.Context(), repotest.ID(), time.Now()); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}
