package repo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"modernc.org/sqlite"

	"doorstep/domain"
)

// retryAfter is what a caller is told when the database does not answer.
const retryAfter = 2 * time.Second

// errAgain tells that the transaction met another one and is run once more.
var errAgain = errors.New("repo: another transaction was faster")

func errOverlap() error {
	return domain.Fail(domain.CodeOverlap, "The technician has another visit in this time.")
}

// errExcluded says no more than that: who is kept apart and why is nobody's
// business here.
func errExcluded() error {
	return domain.Fail(domain.CodeExcluded, "This technician is not available for this visit.")
}

func errStale() error {
	return domain.Fail(domain.CodeStale, "It was changed meanwhile; read it again.")
}

func errInFlight() error {
	return domain.Fail(domain.CodeIdemInFlight, "The first request with this key is still running.")
}

func errDuplicate(pointer, message string) error {
	e := domain.Fail(domain.CodeDuplicate, "%s", message)
	if pointer != "" {
		e = e.At(pointer, "not used yet")
	}
	return e
}

// unique maps constraints to what they mean. PostgreSQL names the constraint,
// SQLite its columns; a primary key that is not listed is an id used twice.
var unique = map[string]func() error{
	"idempotency_pkey":  errInFlight,
	"claims_key":        errInFlight,
	"users_login":       func() error { return errDuplicate("/login", "Another user has this login.") },
	"jobs_external_ref": func() error { return errDuplicate("/external_ref", "Another job has this reference.") },
	"links_live":        func() error { return errDuplicate("", "The job has a live link already.") },
	"links_live_read":   func() error { return errDuplicate("", "The job has a live link already.") },
	"policies_number":   func() error { return errDuplicate("", "Another policy was set meanwhile.") },
	"facts_pkey":        errStale, // the chain's head has moved on
}

// columns gives SQLite's way of naming the constraints above.
var columns = map[string]string{
	"idempotency.actor_id, idempotency.key": "idempotency_pkey",
	"claims.actor_id, claims.key":           "claims_key",
	"users.login":                           "users_login",
	"jobs.external_ref":                     "jobs_external_ref",
	"links.job_id":                          "links_live",
	"policies.centre_id, policies.number":   "policies_number",
	"policies.number":                       "policies_number",
	"facts.job_id, facts.seq":               "facts_pkey",
}

func errUnique(constraint string, cause error) error {
	make, ok := unique[strings.Replace(constraint, "policies_brand_number", "policies_number", 1)]
	if !ok {
		return domain.IDTaken().Because(cause)
	}
	err := make()
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Because(cause)
	}
	return err
}

func errUnavailable(cause error) error {
	e := domain.Fail(domain.CodeUnavailable, "The database does not answer, or takes no writes just now.")
	e.RetryAfter = retryAfter
	return e.Because(cause)
}

// translate turns what a driver says into the domain's errors. What it does
// not know is a defect and stays as it is.
func translate(err error) error {
	var e *domain.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	var refused *pgconn.ConnectError // whatever the reason: a password that was changed, too many connections
	if errors.As(err, &refused) {
		return errUnavailable(err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fromPostgres(pg, err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return fromSQLite(lite, err)
	}
	if gone(err) {
		return errUnavailable(err)
	}
	return err
}

func fromPostgres(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case "23505":
		return errUnique(pg.ConstraintName, err)
	case "23P01":
		return errOverlap()
	case "23503":
		return errReference(err)
	case "23514", "22003":
		if pg.ConstraintName == "assignment_excluded" {
			return errExcluded()
		}
		return errCheck(err)
	case "22021", "22P05":
		return errText(err)
	}
	if passesOnPostgres(pg.Code) {
		return errUnavailable(err)
	}
	return err
}

// passesOnPostgres reports whether an SQLSTATE says that the database is not able to
// do now what it does at other times, so that the request may be sent again:
// https://www.postgresql.org/docs/current/errcodes-appendix.html. A defect of
// a statement, or of the data, is none of these and stays a defect.
func passesOnPostgres(code string) bool {
	switch code {
	case "25006", // read only: a standby, or an operator's default_transaction_read_only
		"25P03", "25P04", // idle, or running, for too long
		"26000", // a prepared statement is gone: a pooler handed out another connection
		"42501", // the role may not write
		"0A000": // a cached plan does not fit any more: a migration came by
		return true
	}
	if len(code) != 5 {
		return false
	}
	switch code[:2] {
	case "08", // connection
		"28", // sign-in refused
		"40", // rolled back: deadlock, serialisation
		"53", // disk full, out of memory, too many connections
		"55", // not in the needed state: in recovery, lock not available
		"57", // cancelled, shutting down, starting
		"58": // I/O
		return true
	}
	return false
}

// Result codes of SQLite, https://www.sqlite.org/rescode.html.
const (
	sqlitePerm, sqliteAbort, sqliteBusy, sqliteLocked, sqliteNoMem, sqliteReadonly, sqliteInterrupt = 3, 4, 5, 6, 7, 8, 9
	sqliteIOErr, sqliteFull, sqliteCantOpen, sqliteProtocol, sqliteSchema                           = 10, 13, 14, 15, 17

	sqliteCheck, sqliteForeignKey, sqlitePrimaryKey, sqliteTrigger, sqliteUnique = 275, 787, 1555, 1811, 2067
)

func fromSQLite(lite *sqlite.Error, err error) error {
	switch lite.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		_, what, _ := strings.Cut(lite.Error(), "UNIQUE constraint failed: ")
		what, _, _ = strings.Cut(what, " (")
		return errUnique(columns[what], err)
	case sqliteForeignKey:
		return errReference(err)
	case sqliteCheck:
		return errCheck(err)
	case sqliteTrigger:
		if strings.Contains(lite.Error(), "assignment_overlap") {
			return errOverlap()
		}
		if strings.Contains(lite.Error(), "assignment_excluded") {
			return errExcluded()
		}
	}
	if passesOnSQLite(lite.Code()) {
		return errUnavailable(err)
	}
	return err
}

// passesOnSQLite is passesOnPostgres for a result code. A file that is damaged
// (CORRUPT, NOTADB) is no such: trying again does not mend it.
func passesOnSQLite(code int) bool {
	switch code & 0xff {
	case sqlitePerm, sqliteAbort, sqliteBusy, sqliteLocked, sqliteNoMem, sqliteReadonly, sqliteInterrupt,
		sqliteIOErr, sqliteFull, sqliteCantOpen, sqliteProtocol, sqliteSchema:
		return true
	}
	return false
}

func errReference(cause error) error {
	return domain.Fail(domain.CodeUnprocessable, "It refers to something that does not exist.").Because(cause)
}

func errCheck(cause error) error {
	return domain.Fail(domain.CodeUnprocessable, "A value lies outside what can be kept.").Because(cause)
}

func errText(cause error) error {
	return domain.Fail(domain.CodeMalformed, "A text holds a character that cannot be kept (NUL, or bytes that are no UTF-8).").Because(cause)
}

// gone reports whether the error means that the database cannot be reached or
// had no time: the request may be tried again.
func gone(err error) bool {
	for _, known := range []error{context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn,
		sql.ErrConnDone, sql.ErrTxDone, puddle.ErrClosedPool} {
		if errors.Is(err, known) {
			return true
		}
	}
	var network net.Error
	if errors.As(err, &network) || pgconn.SafeToRetry(err) {
		return true
	}
	return strings.Contains(err.Error(), "database is closed") || strings.Contains(err.Error(), "conn closed")
}

// collided reports whether running the transaction once more can succeed.
func collided(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	return errors.Is(err, errAgain) || errors.Is(err, errShared)
}
