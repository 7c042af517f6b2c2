package repo_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// What was registered before steps were records is not asked for again.
func TestListedStepsBecomeRecords(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			url := filepath.Join(t.TempDir(), "old.db")
			if engine == repo.Postgres {
				url = repotest.EmptyURL(t)
			}
			db, ctx := repotest.OpenURL(t, url), t.Context()
			if err := db.MigrateBeforeRecords(ctx); err != nil {
				t.Fatal(err)
			}
			exec := func(statement string, args ...any) {
				t.Helper()
				if engine == repo.SQLite {
					for i := range args {
						if id, ok := args[i].(uuid.UUID); ok {
							args[i] = id.String()
						}
					}
				}
				if _, err := db.SQL().ExecContext(ctx, statement, args...); err != nil {
					t.Fatal(err)
				}
			}
			at := repotest.Noon
			area, centre, customer, site, job, bare := repotest.ID(), repotest.ID(), repotest.ID(), repotest.ID(), repotest.ID(), repotest.ID()
			exec("INSERT INTO areas (id, version, created_at, updated_at, name) VALUES ($1, 1, $2, $2, 'North')", area, at)
			exec("INSERT INTO centres (id, version, created_at, updated_at, area_id, name, zone, country, postal_codes, working_days, holidays, phone, import_mapping) VALUES ($1, 1, $2, $2, $3, 'Mill', 'UTC', 'IN', '[]', '[]', '[]', '', '{}')", centre, at, area)
			exec("INSERT INTO customers (id, version, created_at, updated_at, name, name_key, language) VALUES ($1, 1, $2, $2, 'Iyer', 'iyer', 'en')", customer, at)
			exec("INSERT INTO sites (id, customer_id, label, address, landmark, postal_code, zone, occupant, position) VALUES ($1, $2, '', '', '', '', 'UTC', '', 0)", site, customer)
			for id, steps := range map[uuid.UUID]string{bare: "[]",
				job: `[{"what":" Reset ","at":"2026-11-21T10:30:00.25+05:30","watched_by":"professional","result":"Failed"},
				{"what":"Dusted","at":"0001-01-01T00:00:00Z","watched_by":"nobody","result":"a bit better"},{"what":"  ","at":"2026-11-21T10:30:00Z","watched_by":"nobody","result":"worked"}]`} {
				exec(`INSERT INTO jobs (id, version, created_at, updated_at, customer_id, site_id, centre_id, area_id, status, category, serial, fault, tried_steps, what_matters, priority, safety_critical, cover, opened_at, end_reason, verdict, seq)
					VALUES ($1, 1, $2, $2, $3, $4, $5, $6, 'open', '', '', 'warm', $7, '', 'normal', false, 'warranty', $2, '', 'untried', 0)`, id, at,
					customer, site, centre, area, steps)
			}
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			got, err := db.Reader().Steps(ctx, domain.Scope{All: true}, []domain.ID{job, bare})
			if err != nil || len(got) != 2 {
				t.Fatalf("%d records: %v", len(got), err)
			}
			want := []domain.StepRecord{{Step: "Reset", Result: "failed", WatchedBy: "professional",
				OccurredAt: time.Date(2026, 11, 21, 5, 0, 0, 250_000_000, time.UTC)},
				{Step: "Dusted", Result: "unclear", WatchedBy: "nobody", Note: "a bit better", OccurredAt: at}}
			for i, g := range got {
				w := want[i]
				if g.JobID != job || g.Step != w.Step || g.Result != w.Result || g.WatchedBy != w.WatchedBy || g.Note != w.Note ||
					g.ByRole != domain.RoleSystem || g.OccurredAt.Sub(w.OccurredAt).Abs() > time.Millisecond || g.Version != 1 {
					t.Errorf("the record is %+v, want %+v", g, w)
				}
			}
			repotest.Do(t, db, func(tx domain.Tx) error {
				j, err := tx.LockJob(job)
				if err != nil {
					return err
				}
				if j.Replacement.V != nil || len(j.TriedSteps) != 3 {
					t.Errorf("the job is %+v", j)
				}
				seen := got[0]
				seen.Note = "seen"
				if err := tx.SaveStep(&seen); err != nil {
					return err
				}
				return tx.SaveJob(j)
			})
			if again, err := db.Reader().Job(ctx, domain.Scope{All: true}, job); err != nil || again.Version != 2 ||
				strings.TrimSpace(again.Fault) != "warm" {
				t.Errorf("the saved job is %+v (%v)", again, err)
			}
		})
	}
}
