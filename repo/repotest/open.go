package repotest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"doorstep/repo"
)

// Environment that the tests obey.
const (
	// envURL names a PostgreSQL server to use in place of a throw-away one;
	// its user must be allowed to create databases.
	envURL = "DOORSTEP_TEST_DATABASE_URL"
	// envRequire set to 1 makes a missing PostgreSQL a failure.
	envRequire = "DOORSTEP_TEST_REQUIRE_POSTGRES"
	// envEngines set to sqlite leaves PostgreSQL out, for a quick run.
	envEngines = "DOORSTEP_TEST_ENGINES"
)

var errNotAsked = errors.New(envEngines + " leaves PostgreSQL out")

// patience is with a machine that does much else: it ends what hangs, and is no bound.
const patience = 3 * time.Minute

// Engines names the engines that can be had here: always "sqlite", and
// "postgres" when there is a server or the programs of one.
func Engines(t testing.TB) []string {
	t.Helper()
	if _, err := server(); err != nil {
		if os.Getenv(envRequire) == "1" {
			t.Fatalf("PostgreSQL is required (%s=1): %v", envRequire, err)
		}
		t.Logf("without PostgreSQL: %v", err)
		return []string{repo.SQLite}
	}
	return []string{repo.SQLite, repo.Postgres}
}

// Each runs a test on every engine, on an empty migrated database.
func Each(t *testing.T, test func(t *testing.T, db *repo.DB)) {
	t.Helper()
	for _, engine := range Engines(t) {
		t.Run(engine, func(t *testing.T) { test(t, Open(t, engine)) })
	}
}

// Open gives an empty migrated database that nobody else uses until the test
// ends. It is wiped then and lent again (lend.go).
func Open(t testing.TB, engine string) *repo.DB {
	t.Helper()
	l, err := borrow(t, engine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { giveBack(t, l) })
	return l.db
}

// Fresh gives an empty migrated database that nobody used before, for tests of
// the engine itself.
func Fresh(t testing.TB, engine string) *repo.DB {
	t.Helper()
	return OpenURL(t, URL(t, engine))
}

// OpenURL opens a database that URL made.
func OpenURL(t testing.TB, url string) *repo.DB {
	t.Helper()
	db, err := open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func open(url string) (*repo.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return repo.Open(ctx, repo.Config{URL: url, Synchronous: "NORMAL"})
}

// URL makes an empty migrated database and gives its address, for tests that
// start a program or open it twice.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == repo.SQLite {
		return sqliteCopy(t)
	}
	return needServer(t).take(t, needServer(t).template)
}

// EmptyURL makes a PostgreSQL database that is not migrated.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return needServer(t).take(t, "template1")
}

// needServer ends a test that cannot do without PostgreSQL; it is passed over
// where PostgreSQL is left out.
func needServer(t testing.TB) *postgres {
	t.Helper()
	s, err := server()
	if errors.Is(err, errNotAsked) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return s
}

// take copies a template for one test.
func (s *postgres) take(t testing.TB, template string) string {
	t.Helper()
	url, drop, err := s.database(template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	return url
}

var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := scratch()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.db")
	if err := migrate(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func sqliteCopy(t testing.TB) string {
	t.Helper()
	file, drop, err := sqliteDatabase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	return file
}

func sqliteDatabase() (file string, drop func(), err error) {
	content, err := sqliteTemplate()
	if err != nil {
		return "", nil, err
	}
	dir, err := scratch()
	if err != nil {
		return "", nil, err
	}
	drop = func() { _ = os.RemoveAll(dir) }
	file = filepath.Join(dir, "doorstep.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		drop()
		return "", nil, err
	}
	return file, drop, nil
}

func migrate(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := open(url)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return err
	}
	return db.Close()
}

// postgres is a server with a migrated template.
type postgres struct {
	admin    string // address of a database to create others from
	template string
	count    atomic.Int64
	stop     func()
}

var (
	running *postgres
	once    = sync.OnceValues(func() (s *postgres, err error) {
		if os.Getenv(envEngines) == repo.SQLite {
			return nil, errNotAsked
		}
		admin, stop := os.Getenv(envURL), func() {}
		if admin == "" {
			if admin, stop, err = cluster(); err != nil {
				return nil, err
			}
		}
		s = &postgres{admin: admin, template: fmt.Sprintf("doorstep_template_%d", os.Getpid()), stop: stop}
		if err = s.exec("CREATE DATABASE " + s.template); err == nil {
			err = migrate(s.address(s.template))
		}
		if err != nil {
			stop()
			return nil, err
		}
		running = s
		return s, nil
	})
)

func server() (*postgres, error) { return once() }

// Main runs the tests and then stops the server. Without it the server dies
// with the process (on Linux) and its directory is removed by the next run.
func Main(m *testing.M) {
	code := m.Run()
	closeIdle()
	if running != nil {
		_ = running.exec("DROP DATABASE IF EXISTS " + running.template + " WITH (FORCE)")
		running.stop()
	}
	os.Exit(code)
}

func (s *postgres) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// address is that of another database on the same server.
func (s *postgres) address(database string) string {
	u, err := url.Parse(s.admin)
	if err != nil {
		return s.admin
	}
	u.Path = "/" + database
	return u.String()
}

// creating takes turns: two sessions cannot copy one template at once.
var creating sync.Mutex

func (s *postgres) database(template string) (address string, drop func(), err error) {
	name := fmt.Sprintf("doorstep_%d_%d", os.Getpid(), s.count.Add(1))
	creating.Lock()
	defer creating.Unlock()
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy"); err != nil {
		return "", nil, err
	}
	return s.address(name), func() { _ = s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") }, nil
}

const dirPrefix = "doorstep-test-"

// tidy removes what tests that were killed left behind.
var tidy = sync.OnceFunc(func() {
	for _, parent := range []string{inMemory(), os.TempDir()} {
		old, _ := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
		for _, dir := range old {
			if parent != "" && stale(dir) {
				_ = os.RemoveAll(dir)
			}
		}
	}
})

// scratch makes a folder for databases, in memory where that has room.
func scratch() (string, error) {
	tidy()
	return os.MkdirTemp(inMemory(), fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
}

// stale reports whether a directory of ours belongs to no living process.
func stale(dir string) bool {
	var pid int
	if _, err := fmt.Sscanf(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "%d-", &pid); err != nil {
		return false
	}
	return !alive(pid)
}
