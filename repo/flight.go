package repo

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"doorstep/domain"
)

// step is one statement, ready to be sent.
type step struct {
	sql  string
	args []any
	// rows reads the answer of a query.
	rows func(rowSet) error
	// must is the error when a write changes no row; nil when that is fine.
	must error
	// atLeast is how many rows a write with must has to change; 0 is one.
	atLeast int
	// byKey tells that one plan is right for all values: PostgreSQL need not
	// plan it anew for these, which costs more than to run it.
	byKey bool
	// counted tells that what it locks is told to who shares the flight.
	counted bool
	// key is the job, or the technician, that alone a write is about, and that
	// its table is known by; none: anybody's rows may be changed. See traces.
	key domain.ID
}

// rowSet is what *sql.Rows and pgx.Rows have in common.
type rowSet interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// carrier sends steps in order and stops at the first error.
type carrier interface {
	send(ctx context.Context, steps ...*step) error
}

// built takes the statement that GORM built, without running it.
func built(q *gorm.DB) (*step, error) {
	if q.Error != nil {
		return nil, q.Error
	}
	s := &step{sql: q.Statement.SQL.String(), args: q.Statement.Vars}
	return s, s.fix()
}

// fix takes the arguments as they are now.
func (s *step) fix() error {
	for i := range s.args {
		var err error
		if s.args[i], err = fixed(s.args[i]); err != nil {
			return err
		}
	}
	return nil
}

// fixed takes an argument as it is now, for it may be sent later: pointers
// are followed, lists become JSON, times UTC in microseconds. A text that
// PostgreSQL would refuse is refused on both engines.
func fixed(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int64, float64, []byte, *idArray:
		return v, nil
	case string:
		return v, cleanText(v)
	case uuid.UUID:
		return v, nil
	case time.Time:
		return v.UTC().Truncate(time.Microsecond), nil
	case domain.RawJSON:
		return []byte(v), cleanJSON(string(v))
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil, nil
		}
		return fixed(r.Elem().Interface())
	}
	if list, ok := v.(json.Marshaler); ok { // domain.JSONList, domain.JSON
		text, err := list.MarshalJSON()
		if err == nil {
			err = cleanJSON(string(text))
		}
		return string(text), err
	}
	if r.Kind() == reflect.String {
		return r.String(), cleanText(r.String())
	}
	return v, nil
}

func cleanText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return errText(nil)
	}
	return nil
}

// cleanJSON also finds the NUL that JSON escapes.
func cleanJSON(s string) error {
	for at := 0; ; {
		i := strings.Index(s[at:], `\u0000`)
		if i < 0 {
			return cleanText(s)
		}
		at += i
		slashes := 0
		for j := at - 1; j >= 0 && s[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return errText(nil)
		}
		at++
	}
}

// query asks for all rows of a statement as T.
func query[T any](q *gorm.DB) (*step, *[]T, error) {
	out := []T{}
	fields := fieldsOf[T]()
	s, err := built(fields.selecting(q).Find(&[]map[string]any{}))
	if err != nil {
		return nil, nil, err
	}
	s.rows = scanInto(fields, &out)
	return s, &out, nil
}

// list runs a query on its own.
func list[T any](ctx context.Context, c carrier, q *gorm.DB) ([]T, error) {
	s, out, err := query[T](q)
	if err != nil {
		return nil, err
	}
	if err := c.send(ctx, s); err != nil {
		return nil, translate(err)
	}
	return *out, nil
}

// one runs a query for a single row. Errors: CodeNotFound.
func one[T any](ctx context.Context, c carrier, what string, q *gorm.DB) (*T, error) {
	rows, err := list[T](ctx, c, q.Limit(1))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, domain.NotFound(what)
	}
	return &rows[0], nil
}

// statements keeps prepared statements: parsing is a third of what SQLite
// does for a write. Texts are fixed, so there are few.
type statements struct {
	db    *sql.DB
	mu    sync.RWMutex
	known map[string]*sql.Stmt
}

const maxStatements = 1000

func newStatements(db *sql.DB) *statements { return &statements{db: db, known: map[string]*sql.Stmt{}} }

func (s *statements) get(text string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[text]
}

func (s *statements) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if p := s.get(text); p != nil {
		return p, nil
	}
	p, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.known[text]; other != nil || len(s.known) >= maxStatements {
		_ = p.Close()
		return other, nil
	}
	s.known[text] = p
	return p, nil
}

// sqliteTx is the writer's transaction. What is not prepared yet is learned
// after it, for that takes the one connection. A caller whose time is over
// sends nothing more; what is under way is not interrupted, for that would
// undo the whole transaction.
type sqliteTx struct {
	tx     *sql.Tx
	known  *statements
	traces *traces
	learn  []string
}

func (c *sqliteTx) send(ctx context.Context, steps ...*step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.traces.note(s)
		if err := c.one(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *sqliteTx) one(ctx context.Context, s *step) error {
	ctx = context.WithoutCancel(ctx)
	p := c.known.get(s.sql)
	if p == nil {
		c.learn = append(c.learn, s.sql)
	} else {
		p = c.tx.StmtContext(ctx, p)
		defer p.Close()
	}
	if s.rows == nil {
		var res sql.Result
		var err error
		if p == nil {
			res, err = c.tx.ExecContext(ctx, s.sql, s.args...)
		} else {
			res, err = p.ExecContext(ctx, s.args...)
		}
		if err != nil || s.must == nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = s.must
		}
		return err
	}
	if p == nil {
		return readAll(s)(c.tx.QueryContext(ctx, s.sql, s.args...))
	}
	return readAll(s)(p.QueryContext(ctx, s.args...))
}

func readAll(s *step) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		return s.rows(rows)
	}
}

// sqliteReader answers from the connections that only read.
type sqliteReader struct{ known *statements }

func (c sqliteReader) send(ctx context.Context, steps ...*step) error {
	for _, s := range steps {
		p, err := c.known.prepare(ctx, s.sql)
		if err != nil {
			return err
		}
		if p == nil {
			err = readAll(s)(c.known.db.QueryContext(ctx, s.sql, s.args...))
		} else {
			err = readAll(s)(p.QueryContext(ctx, s.args...))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pgReader answers one query from the pool.
type pgReader struct {
	pool interface {
		SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	}
}

func (c pgReader) send(ctx context.Context, steps ...*step) error {
	b := &pgx.Batch{}
	byKey := !slices.ContainsFunc(steps, func(s *step) bool { return !s.byKey })
	if byKey {
		b.Queue("set plan_cache_mode = force_generic_plan")
	}
	for _, s := range steps {
		b.Queue(s.sql, pgArgs(s.args)...)
	}
	if byKey { // an error before it takes back the setting too
		b.Queue("set plan_cache_mode = auto")
	}
	results := c.pool.SendBatch(ctx, b)
	if byKey {
		if _, err := results.Exec(); err != nil {
			return closed(results, err)
		}
	}
	return closed(results, collect(results, steps))
}

// closed ends a batch; the error of that only repeats an earlier one.
func closed(results pgx.BatchResults, err error) error {
	end := results.Close()
	if err == nil {
		err = end
	}
	return err
}

func collect(results pgx.BatchResults, steps []*step) error {
	for _, s := range steps {
		if s.rows == nil {
			if _, err := results.Exec(); err != nil {
				return s.refused(err)
			}
			continue
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		err = s.rows(rows)
		rows.Close()
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pgSQL is the statement as PostgreSQL gets it. A write that must change a
// row divides by their number: what follows it in the same flight, the commit
// too, is void when there is none.
func (s *step) pgSQL() string {
	if s.must == nil {
		return s.sql
	}
	return "WITH done AS (" + s.sql + " RETURNING 1) SELECT 1 / (count(*) / " + strconv.Itoa(max(s.atLeast, 1)) + ") FROM done"
}

func (s *step) refused(err error) error {
	var pg *pgconn.PgError
	if s.must != nil && errors.As(err, &pg) && pg.Code == "22012" {
		return s.must
	}
	return err
}

// pgArgs spares pgx the way over text for ids.
func pgArgs(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if id, ok := a.(uuid.UUID); ok {
			out[i] = [16]byte(id)
			continue
		}
		out[i] = a
	}
	return out
}

// pgTx is a transaction on one connection. It begins with its first flight.
type pgTx struct {
	conn  *pgx.Conn
	begun bool
	hasty bool // waits for no row longer than lockWait
}

func (c *pgTx) send(ctx context.Context, steps ...*step) error {
	return c.fly(ctx, steps, false)
}

// fly sends all steps in one round trip, with begin before the first and
// commit after the last.
func (c *pgTx) fly(ctx context.Context, steps []*step, commit bool) error {
	if c.begun && c.conn.PgConn().TxStatus() != 'T' {
		// Rows would be written outside of any transaction, or the commit of
		// an aborted one would answer without an error.
		return errors.New("repo: the transaction is over")
	}
	b := &pgx.Batch{}
	if !c.begun {
		b.Queue("begin")
		if c.hasty {
			b.Queue(boundsOfLanes)
		} else {
			b.Queue(boundsOfOurs)
		}
	}
	opening := b.Len()
	for _, s := range steps {
		b.Queue(s.pgSQL(), pgArgs(s.args)...)
	}
	if commit {
		b.Queue("commit")
	}
	results := c.conn.SendBatch(ctx, b)
	err := func() error {
		if !c.begun {
			for range opening {
				if _, err := results.Exec(); err != nil {
					return err
				}
			}
			c.begun = true
		}
		if err := collect(results, steps); err != nil || !commit {
			return err
		}
		tag, err := results.Exec()
		if err == nil && tag.String() != "COMMIT" {
			err = errors.New("repo: the commit was answered with " + tag.String())
		}
		return err
	}()
	return closed(results, err)
}
