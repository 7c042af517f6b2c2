package repo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations
var migrations embed.FS

// migrateLock keeps two replicas from migrating at once.
const migrateLock = 0x646f6f72

// lockPoll is how often a file's lock is tried.
const lockPoll = 50 * time.Millisecond

// NewerSchema says that the database was migrated by a newer version of the
// program: this one does not know what it must not break.
type NewerSchema struct {
	Part            string // whose tables
	Database, Known int64
}

func (e *NewerSchema) Error() string {
	return fmt.Sprintf("the database has the schema %d of %s and this program knows up to %d: a newer doorstep migrated it; "+
		"run that one, or restore a copy from before", e.Database, e.Part, e.Known)
}

// Migration is one numbered step of the schema. Equal numbers mean the same
// tables on both engines.
type Migration struct {
	Version   int64
	Name      string
	Applied   bool
	AppliedAt *time.Time // nil: not applied
}

// SchemaVersion is the number of the newest migration that the program holds;
// it is the same for both engines.
func SchemaVersion() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/"+SQLite+"/*.sql")
	if err != nil {
		return 0, err
	}
	newest := int64(0)
	for _, name := range files {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, n)
	}
	return newest, nil
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
	ctx = unbound(ctx) // a step may take its time, and the lock idles meanwhile
	release, err := db.migrateAlone(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := db.CheckSchema(ctx); err != nil {
		return err
	}
	steps, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", translate(err))
	}
	if err := db.fillSearch(ctx); err != nil {
		return fmt.Errorf("fill the search: %w", translate(err))
	}
	if err := db.fillPlaces(ctx); err != nil {
		return fmt.Errorf("compare addresses: %w", translate(err))
	}
	if err := db.migrateQueue(ctx); err != nil {
		return fmt.Errorf("migrate the queue: %w", translate(err))
	}
	return nil
}

// migrateAlone waits until nobody else migrates. On PostgreSQL the lock is the
// transaction's, not the session's: behind a pooler in transaction mode a
// session's lock stays with whoever has that connection next.
func (db *DB) migrateAlone(ctx context.Context) (release func(), err error) {
	if db.pool == nil {
		lock := flock.New(db.file+".migrate.lock", flock.SetPermissions(0o600))
		if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("waiting for another migration: %w", err)
		}
		return func() { _ = lock.Close() }, nil
	}
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, translate(err)
	}
	tx, err := conn.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, boundless) // an operator's setting would end it
	}
	if err == nil {
		_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrateLock)
	}
	release = func() {
		rollback(ctx, conn.Conn())
		conn.Release()
	}
	if err != nil {
		release()
		return nil, translate(err)
	}
	return release, nil
}

// CheckSchema demands that the database is of this version or an older one.
// Errors: NewerSchema, CodeUnavailable. It writes nothing.
func (db *DB) CheckSchema(ctx context.Context) error {
	steps, err := db.provider()
	if err != nil {
		return err
	}
	known := int64(0)
	for _, s := range steps.ListSources() {
		known = max(known, s.Version)
	}
	ofQueue, err := db.queueMigrations()
	if err != nil {
		return err
	}
	knownQueue := 0
	for _, v := range ofQueue.AllVersions() {
		knownQueue = max(knownQueue, v.Version)
	}
	for _, part := range []struct {
		name, table, column string
		known               int64
	}{
		{"doorstep", "goose_db_version", "version_id", known},
		{"the queue", "river_migration", "version", int64(knownQueue)},
	} {
		there, err := db.hasTable(ctx, part.table)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		var applied int64
		text := "SELECT coalesce(max(" + part.column + "), 0) FROM " + part.table // both are ours
		if err := db.reading().QueryRowContext(ctx, text).Scan(&applied); err != nil {
			return translate(err)
		}
		if applied > part.known {
			return &NewerSchema{part.name, applied, part.known}
		}
	}
	return nil
}

func (db *DB) hasTable(ctx context.Context, name string) (bool, error) {
	text := "SELECT count(*) FROM sqlite_master WHERE name = $1"
	if db.kind == Postgres {
		text = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
	}
	var n int
	err := db.reading().QueryRowContext(ctx, text, name).Scan(&n)
	return n > 0, translate(err)
}

// queueMigrator is what both of River's migrators can do.
type queueMigrator interface {
	AllVersions() []rivermigrate.Migration
	Migrate(context.Context, rivermigrate.Direction, *rivermigrate.MigrateOpts) (*rivermigrate.MigrateResult, error)
}

func (db *DB) queueMigrations() (queueMigrator, error) {
	cfg := &rivermigrate.Config{Logger: db.log}
	if db.pool != nil {
		return rivermigrate.New(riverpgxv5.New(db.pool), cfg)
	}
	return rivermigrate.New(riversqlite.New(db.sql), cfg)
}

func (db *DB) migrateQueue(ctx context.Context) error {
	m, err := db.queueMigrations()
	if err != nil {
		return err
	}
	if _, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil || db.pool == nil {
		return err
	}
	// They serve searches by arguments and metadata, which nobody makes,
	// and each of a job's three writes pays for them.
	_, err = db.pool.Exec(ctx, "DROP INDEX IF EXISTS river_job_args_index, river_job_metadata_index")
	return err
}

// MigrationStatus lists all steps of our schema in order, applied or not. It
// writes nothing.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	steps, err := db.provider()
	if err != nil {
		return nil, err
	}
	kept, err := db.hasTable(ctx, "goose_db_version")
	if err != nil {
		return nil, err
	}
	if !kept { // goose would make its table to say so
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
