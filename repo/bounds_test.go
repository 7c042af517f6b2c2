package repo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

func onlyPostgres(t *testing.T) {
	t.Helper()
	if len(repotest.Engines(t)) < 2 {
		t.Skip("needs PostgreSQL")
	}
}

// bounds are lock_timeout and idle_in_transaction_session_timeout.
const boundsNow = "SELECT current_setting('lock_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout')"

// TestEveryTransactionIsBounded walks the ways a transaction begins on
// PostgreSQL: those of a use case, alone and in a lane, of River, of
// database/sql. What a transaction sets does not stay with the connection.
func TestEveryTransactionIsBounded(t *testing.T) {
	onlyPostgres(t)
	db := repotest.Fresh(t, repo.Postgres)
	w := repotest.NewWorld(t, db)
	ctx := t.Context()
	seen := map[string]string{}
	repotest.Do(t, db, func(tx domain.Tx) error {
		var err error
		seen["a use case"], err = repo.Asked(tx, boundsNow)
		return err
	})
	repotest.Do(t, db, func(tx domain.Tx) error {
		if _, err := tx.LockJob(w.Job.ID); err != nil {
			return err
		}
		var err error
		seen["in a lane"], err = repo.Asked(tx, boundsNow)
		return err
	})
	pgxTx, err := db.Pool().Begin(ctx) // as River does
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pgxTx.Rollback(ctx) }()
	var now string
	if err := pgxTx.QueryRow(ctx, boundsNow).Scan(&now); err != nil {
		t.Fatal(err)
	}
	seen["River"] = now
	if err := pgx.BeginTxFunc(ctx, db.Pool(), pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, boundsNow).Scan(&now)
	}); err != nil {
		t.Fatal(err)
	}
	seen["serialisable"] = now
	plain, err := db.SQL().BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.QueryRowContext(ctx, boundsNow).Scan(&now); err != nil {
		t.Fatal(err)
	}
	seen["database/sql"] = now
	if err := plain.Rollback(); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"a use case", "River", "serialisable", "database/sql"} {
		if seen[way] != "2s 5s" {
			t.Errorf("%s: %q, want 2s 5s", way, seen[way])
		}
	}
	if seen["in a lane"] != "250ms 5s" {
		t.Errorf("in a lane: %q", seen["in a lane"])
	}
	var conns []interface{ Release() }
	for range 4 { // whichever connection it was
		conn, err := db.Pool().Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		if err := conn.QueryRow(ctx, boundsNow).Scan(&now); err != nil || now != "0 0" {
			t.Errorf("after it the connection has %q: %v", now, err)
		}
	}
	for _, c := range conns {
		c.Release()
	}
}

// TestFrozenTransactionLetsGo: a transaction that holds rows and says nothing
// more, as that of a paused machine, is ended, and those who waited go on. A
// chain of waiters does not hold the row one after the other.
func TestFrozenTransactionLetsGo(t *testing.T) {
	onlyPostgres(t)
	t.Parallel()
	url := repotest.URL(t, repo.Postgres)
	frozen, db := repotest.OpenURL(t, url), repotest.OpenURL(t, url)
	w := repotest.NewWorld(t, db)
	locked, thaw := make(chan bool), make(chan bool)
	var frozenErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		frozenErr = frozen.InTx(context.Background(), func(tx domain.Tx) error {
			if _, err := tx.LockJob(w.Job.ID); err != nil {
				return err
			}
			locked <- true
			<-thaw
			_, err := tx.Job(w.Job.ID)
			return err
		})
	})
	<-locked
	began := time.Now()
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
			defer cancel()
			errs[i] = db.InTx(ctx, func(tx domain.Tx) error {
				j, err := tx.LockJob(w.Job.ID)
				if err != nil {
					return err
				}
				j.Fault = fmt.Sprint("seen by ", i)
				return tx.SaveJob(j)
			})
		})
	}
	time.Sleep(8 * time.Second) // above the bound
	close(thaw)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	var d *domain.Error
	if !errors.As(frozenErr, &d) || d.Code != domain.CodeUnavailable || d.RetryAfter <= 0 {
		t.Errorf("the frozen one thaws to %v", frozenErr)
	}
}

// TestALongWaitForARowIsUnavailable: no bound is anybody's 500.
func TestALongWaitForARowIsUnavailable(t *testing.T) {
	onlyPostgres(t)
	t.Parallel()
	db := repotest.Fresh(t, repo.Postgres)
	w := repotest.NewWorld(t, db)
	ctx := t.Context()
	other, err := pgx.Connect(ctx, db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	if _, err := other.Exec(ctx, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(ctx, "SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE", w.Job.ID.String()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = db.InTx(ctx, func(tx domain.Tx) error { _, err := tx.LockJob(w.Job.ID); return err })
	var d *domain.Error
	var pg *pgconn.PgError
	if !errors.As(err, &d) || d.Code != domain.CodeUnavailable || d.RetryAfter <= 0 || !errors.As(err, &pg) || pg.Code != "55P03" {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("it took %v: longer than a request may", took)
	}
}

// TestConnectionsNoticeADeadPeer: probes while nothing is said, a bound on
// bytes that nobody acknowledges.
func TestConnectionsNoticeADeadPeer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := repo.Dial(t.Context(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	repo.CheckSocket(t, conn)
	onlyPostgres(t)
	db := repotest.Fresh(t, repo.Postgres)
	cfg := db.Pool().Config().ConnConfig
	if cfg.ConnectTimeout <= 0 {
		t.Error("connecting has no bound")
	}
	for _, name := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "tcp_user_timeout", "options"} {
		if _, ok := cfg.RuntimeParams[name]; ok {
			t.Errorf("the startup parameter %s: poolers refuse it", name)
		}
	}
	via, err := cfg.DialFunc(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer via.Close()
	repo.CheckSocket(t, via)
}

// TestErrorsOfPostgres walks the classes of SQLSTATE: what passes is 503 with
// a time to come back, what is a defect stays one, and nothing that a request
// can cause is either.
func TestErrorsOfPostgres(t *testing.T) {
	unavailable := "08000 08001 08003 08004 08006 08007 08P01 0A000 25006 25P03 25P04 26000 28000 28P01 40000 40001 40002 40003 40P01 42501 " +
		"53000 53100 53200 53300 53400 55000 55006 55P02 55P03 55P04 57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 58P02 58P03"
	for _, code := range strings.Fields(unavailable) {
		err := repo.Translate(fmt.Errorf("query: %w", &pgconn.PgError{Code: code, Severity: "ERROR"}))
		var d *domain.Error
		if !errors.As(err, &d) || d.Code != domain.CodeUnavailable || d.RetryAfter <= 0 {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, want := range map[string]domain.Code{"23505": domain.CodeDuplicate, "23P01": domain.CodeOverlap,
		"23503": domain.CodeUnprocessable, "23514": domain.CodeUnprocessable, "22003": domain.CodeUnprocessable,
		"22021": domain.CodeMalformed, "22P05": domain.CodeMalformed} {
		if err := repo.Translate(&pgconn.PgError{Code: code}); !domain.IsCode(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, code := range strings.Fields("22012 22P02 23502 25001 25P02 3F000 42601 42703 42P01 54000 P0001 XX000 XX001 XX002") {
		var d *domain.Error
		if err := repo.Translate(&pgconn.PgError{Code: code}); errors.As(err, &d) {
			t.Errorf("%s is a defect and became %v", code, err)
		}
	}
}
