package repo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations
var migrations embed.FS

// migrateLock keeps two replicas from migrating at once.
const migrateLock = 0x646f6f72

// Migration is one numbered step of the schema. Equal numbers mean the same
// tables on both engines.
type Migration struct {
	Version   int64
	Name      string
	Applied   bool
	AppliedAt *time.Time // nil: not applied
}

func (db *DB) provider() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/"+db.kind)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if db.kind == Postgres {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, db.sql, folder, goose.WithDisableGlobalRegistry(true))
}

// Migrate brings our schema and the queue's to the version of this binary.
// Several replicas may call it at once; a step runs once.
func (db *DB) Migrate(ctx context.Context) error {
	if db.pool != nil {
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return translate(err)
		}
		defer conn.Release()
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrateLock); err != nil {
			return translate(err)
		}
		defer func() {
			fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
			defer cancel()
			_, _ = conn.Exec(fresh, "SELECT pg_advisory_unlock($1)", migrateLock)
		}()
	}
	steps, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", translate(err))
	}
	if err := db.migrateQueue(ctx); err != nil {
		return fmt.Errorf("migrate the queue: %w", translate(err))
	}
	return nil
}

func (db *DB) migrateQueue(ctx context.Context) error {
	cfg := &rivermigrate.Config{Logger: db.log}
	if db.pool != nil {
		m, err := rivermigrate.New(riverpgxv5.New(db.pool), cfg)
		if err != nil {
			return err
		}
		if _, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return err
		}
		// They serve searches by arguments and metadata, which nobody makes,
		// and each of a job's three writes pays for them.
		_, err = db.pool.Exec(ctx, "DROP INDEX IF EXISTS river_job_args_index, river_job_metadata_index")
		return err
	}
	m, err := rivermigrate.New(riversqlite.New(db.sql), cfg)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// MigrationStatus lists all steps of our schema in order, applied or not. It
// writes nothing.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	steps, err := db.provider()
	if err != nil {
		return nil, err
	}
	kept := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if db.kind == Postgres {
		kept = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'goose_db_version'"
	}
	var n int
	if err := db.sql.QueryRowContext(ctx, kept).Scan(&n); err != nil {
		return nil, translate(err)
	}
	if n == 0 { // goose would make its table to say so
		var out []Migration
		for _, s := range steps.ListSources() {
			out = append(out, Migration{Version: s.Version, Name: s.Path})
		}
		return out, nil
	}
	list, err := steps.Status(ctx)
	if err != nil {
		return nil, translate(err)
	}
	out := make([]Migration, len(list))
	for i, s := range list {
		out[i] = Migration{Version: s.Source.Version, Name: s.Source.Path}
		if s.State == goose.StateApplied {
			at := s.AppliedAt.UTC()
			out[i].Applied, out[i].AppliedAt = true, &at
		}
	}
	return out, nil
}
