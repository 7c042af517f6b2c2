package repo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"doorstep/domain"
)

// The engines, as Kind names them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

const (
	defaultFile  = "doorstep.db"
	defaultConns = 16
	readers      = 4               // SQLite connections that only read
	tidyTime     = 5 * time.Second // for what has to be tidied after the caller's context ended
	// fetchCooldown bounds how often an insert wakes the workers on
	// PostgreSQL; River's default delays a job by 43 ms.
	fetchCooldown = 5 * time.Millisecond
)

// Config says which database, and how to hold it.
type Config struct {
	// URL is postgres://… or the path of an SQLite file, with or without
	// sqlite: before it. Empty is doorstep.db in the working directory.
	URL string
	// MaxConns bounds the PostgreSQL pool; 16 when 0.
	MaxConns int
	// Synchronous of SQLite: FULL (the default) survives a power cut, NORMAL
	// only a killed process. Every connection has it, so that what moves the log
	// into the file (wal.go) waits for the disk as the commits do.
	Synchronous string
	// Alone is for a server: one SQLite file has one, and Open fails with
	// ErrServed while another process holds it so. Commands beside it go on.
	Alone  bool
	Logger *slog.Logger
}

// ErrServed says that another server has the SQLite file.
var ErrServed = errors.New("repo: another server has this database file")

// DB is an open database. It is a domain.Store and a domain.Outbox.
type DB struct {
	kind string
	sql  *sql.DB       // SQLite: the one writer; PostgreSQL: the pool for goose and GORM
	read *sql.DB       // SQLite: connections that cannot write
	pool *pgxpool.Pool // PostgreSQL
	gorm *gorm.DB      // builds statements, never runs them
	log  *slog.Logger
	forms

	// SQLite
	file                 string       // without symbolic links
	alone                *flock.Flock // nil: not asked for
	look                 *sql.DB      // connections of writers that wait for their turn
	writes, reads, looks *statements
	turns                turns
	traces               traces
	keeper               keeper

	// PostgreSQL
	lanes lanes

	pgQueue     *river.Client[pgx.Tx]
	sqliteQueue *river.Client[*sql.Tx]
}

var (
	_ domain.Store  = (*DB)(nil)
	_ domain.Outbox = (*DB)(nil)
)

// Open connects; it neither migrates nor starts anything.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db := &DB{log: cfg.Logger}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var dialect gorm.Dialector
	var err error
	if IsPostgres(cfg.URL) {
		dialect, err = db.openPostgres(ctx, cfg)
	} else {
		dialect, err = db.openSQLite(cfg)
	}
	if err == nil {
		db.gorm, err = gorm.Open(dialect, &gorm.Config{
			DryRun:                 true,
			SkipDefaultTransaction: true,
			DisableAutomaticPing:   true,
			Logger:                 logger.Discard,
			NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		})
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// IsPostgres reports whether an address is one of a PostgreSQL server.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// File gives the path of the SQLite file that an address means.
func File(url string) string {
	path := strings.TrimPrefix(strings.TrimPrefix(url, "sqlite:"), "//")
	if path == "" {
		path = defaultFile
	}
	return path
}

func (db *DB) openPostgres(ctx context.Context, cfg Config) (gorm.Dialector, error) {
	db.kind = Postgres
	conf, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("repo: DATABASE_URL is not a PostgreSQL address") // the cause may hold the password
	}
	conf.MaxConns = defaultConns
	if cfg.MaxConns > 0 {
		conf.MaxConns = int32(max(cfg.MaxConns, 4)) // Migrate holds one and needs others
	}
	if conf.ConnConfig.ConnectTimeout == 0 {
		conf.ConnConfig.ConnectTimeout = connectTime
	}
	conf.ConnConfig.DialFunc = dialer().DialContext
	conf.ConnConfig.Tracer = bounded{}
	conf.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: idCodec{}})
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
		return nil
	}
	if db.pool, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return nil, err
	}
	db.sql = stdlib.OpenDBFromPool(db.pool)
	if db.pgQueue, err = river.NewClient(riverpgxv5.New(db.pool), &river.Config{FetchCooldown: fetchCooldown, Logger: db.log}); err != nil {
		return nil, err
	}
	return postgres.New(postgres.Config{Conn: db.sql}), nil
}

func (db *DB) openSQLite(cfg Config) (gorm.Dialector, error) {
	db.kind = SQLite
	path := File(cfg.URL)
	if strings.ContainsAny(path, "?#") || strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("repo: %q is not a path of a database file", path)
	}
	if strings.Contains(path, "://") {
		return nil, errors.New("repo: a database address begins with postgres:// or is the path of a file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	// Addresses of people are in it: it is its owner's file, and so are the
	// log files that SQLite makes after its example.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	if db.file, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	if cfg.Alone {
		// A lock of the system's ends with the process, however that ends.
		db.alone = flock.New(db.file+".lock", flock.SetPermissions(0o600))
		if held, err := db.alone.TryLock(); err != nil {
			return nil, fmt.Errorf("locking %s: %w", db.alone.Path(), err)
		} else if !held {
			return nil, ErrServed
		}
	}
	synchronous := strings.ToUpper(cfg.Synchronous)
	switch synchronous {
	case "":
		synchronous = "FULL"
	case "NORMAL", "FULL":
	default:
		return nil, fmt.Errorf("repo: synchronous is NORMAL or FULL, not %q", cfg.Synchronous)
	}
	// Only another program can make us wait, for our own writer is one; a
	// request gets its answer well within its deadline then.
	// fullfsync is for macOS, whose fsync stops at the drive's own memory.
	dsn := func(more ...string) string {
		v := url.Values{}
		for _, p := range append([]string{"busy_timeout(3000)", "foreign_keys(1)", "synchronous(" + synchronous + ")",
			"fullfsync(1)", "checkpoint_fullfsync(1)"}, more...) {
			v.Add("_pragma", p)
		}
		v.Set("_time_format", "sqlite") // sorts as text
		v.Set("_timezone", "UTC")       // compares as text
		v.Set("_texttotime", "1")
		v.Set("_txlock", "immediate") // a transaction that reads first must not fail as busy when it writes
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
	}
	// What a writer waits for itself is a checkpoint each 64 MB, if the keeper did
	// not come to it before. What a savepoint may have to restore is kept in memory.
	if db.sql, err = sql.Open("sqlite", dsn("journal_mode(WAL)", "wal_autocheckpoint(16000)", "journal_size_limit(67108864)",
		"cache_size(-32000)", "temp_store(memory)")); err != nil {
		return nil, err
	}
	db.sql.SetMaxOpenConns(1) // the busy handler is unfair among several writers
	if db.read, err = sql.Open("sqlite", dsn("query_only(1)", "cache_size(-16000)")); err != nil {
		return nil, err
	}
	// Of their own, so that no report keeps a writer waiting.
	if db.look, err = sql.Open("sqlite", dsn("query_only(1)", "cache_size(-8000)")); err != nil {
		return nil, err
	}
	for _, pool := range []*sql.DB{db.read, db.look} {
		pool.SetMaxOpenConns(readers)
		pool.SetMaxIdleConns(readers)
	}
	db.writes, db.reads, db.looks = newStatements(db.sql), newStatements(db.read), newStatements(db.look)
	db.traces = traces{tables: map[string]uint64{}, keys: map[domain.ID]uint64{}}
	if db.sqliteQueue, err = river.NewClient(riversqlite.New(db.sql), &river.Config{Logger: db.log}); err != nil {
		return nil, err
	}
	return sqliteDialect{postgres.Dialector{Config: &postgres.Config{Conn: db.sql}}}, nil
}

// Close ends all connections.
func (db *DB) Close() error {
	db.keeper.runs.Wait()
	var errs []error
	for _, c := range []*sql.DB{db.read, db.look, db.sql} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if db.pool != nil {
		db.pool.Close()
	}
	if db.alone != nil {
		errs = append(errs, db.alone.Close())
	}
	return errors.Join(errs...)
}

// Ping asks the database for an answer. Errors: CodeUnavailable.
func (db *DB) Ping(ctx context.Context) error {
	if db.pool != nil {
		return translate(db.pool.Ping(ctx))
	}
	var tables int
	return translate(db.read.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables))
}

// Kind names the engine: "sqlite" or "postgres".
func (db *DB) Kind() string { return db.kind }

// SQL is the writer of SQLite (one connection: give it back fast), and on
// PostgreSQL a view of the pool.
func (db *DB) SQL() *sql.DB { return db.sql }

// reading is for what must not wait for the writer.
func (db *DB) reading() *sql.DB {
	if db.read != nil {
		return db.read
	}
	return db.sql
}

// Pool is the PostgreSQL pool; nil on SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }
