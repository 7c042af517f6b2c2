package repo

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// runs bounds how often a transaction is begun anew after it collided with
// another one.
const runs = 4

// tx is one transaction. Writes gather in pending and travel with the next
// read or with the commit, so that on PostgreSQL a use case costs one round
// trip for each read and one for all it writes. An error of a write may
// therefore come back from a later call, or from InTx; it dooms the
// transaction in any case.
type tx struct {
	ctx     context.Context
	db      *DB
	carrier carrier
	pending []*step
	failed  error // the first failure; nothing is committed after it

	// What is written at the end, in this order.
	claimed   []domain.Deadline
	entries   []*domain.Entry
	notices   []domain.Notice
	deadlines []deadlineOp
	replay    *domain.Replay
	changes   changes

	// What was read, to spare statements.
	centres map[domain.ID]domain.Centre
	visits  map[domain.ID]shape     // as stored
	owners  map[domain.ID]domain.ID // of promises, as stored
	places  map[domain.ID]jobPlace  // job → where it is, as stored
	locked  map[domain.ID]int64     // job or visit whose row we hold → its version
	stored  map[domain.ID][]any     // the same → its columns, as arguments of save
	ahead   ahead

	// What a flight locks, for who shares it; see convoy.
	opens domain.ID   // the job that the transaction began with
	wants []domain.ID // technicians, while they are being locked

	key domain.ID // what is written just now is about this job or technician alone
}

// jobPlace is where a job belongs and is.
type jobPlace struct {
	centre, site domain.ID
	ref          string
}

func placeOfJob(j *domain.Job) jobPlace {
	h := jobPlace{centre: j.CentreID, site: j.SiteID}
	if j.ExternalRef != nil {
		h.ref = *j.ExternalRef
	}
	return h
}

var _ domain.Tx = (*tx)(nil)

// InTx runs fn in one transaction. fn may run again when another transaction
// was in the way, so it must start from what it reads.
func (db *DB) InTx(ctx context.Context, fn func(domain.Tx) error) error {
	return db.inTx(ctx, func(t *tx) error { return fn(t) })
}

func (db *DB) inTx(ctx context.Context, fn func(*tx) error) error {
	var err error
	for i := range runs {
		t := db.newTx(ctx)
		if db.pool != nil {
			err = t.inPostgres(i > 0, fn)
		} else {
			err = t.inSQLite(i > 0, fn)
		}
		if ctx.Err() != nil || !collided(err) && !t.freeKey(err) {
			break
		}
	}
	if collided(err) {
		return errUnavailable(err)
	}
	return err
}

func (db *DB) newTx(ctx context.Context) *tx {
	return &tx{ctx: ctx, db: db, centres: map[domain.ID]domain.Centre{}, visits: map[domain.ID]shape{}, places: map[domain.ID]jobPlace{},
		owners: map[domain.ID]domain.ID{},
		locked: map[domain.ID]int64{}, stored: map[domain.ID][]any{}, ahead: newAhead()}
}

func (t *tx) inPostgres(alone bool, fn func(*tx) error) error {
	s := &seat{t: t, single: alone, answer: make(chan error, 1)}
	t.carrier = s
	defer s.end(t.ctx)
	if err := t.run(fn); err != nil {
		return err
	}
	if err := t.gather(); err != nil {
		return err
	}
	return later(s.commit(t.ctx))
}

// rollback ends what was not committed, also when the caller's context is
// over.
func rollback(ctx context.Context, conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	_, _ = conn.Exec(fresh, "rollback")
}

// run calls fn; a failure that fn passed over still ends the transaction.
func (t *tx) run(fn func(*tx) error) error {
	if err := fn(t); err != nil {
		if collided(t.failed) {
			return t.failed
		}
		return err
	}
	return t.failed
}

// later translates, but keeps a collision recognisable.
func later(err error) error {
	if collided(err) {
		return err
	}
	return translate(err)
}

// flush sends what is pending.
func (t *tx) flush() error {
	if err := t.gather(); err != nil {
		return err
	}
	return t.send()
}

// send lets all pending writes travel, and then the reads given.
func (t *tx) send(reads ...*step) error {
	if t.failed != nil {
		return t.failed
	}
	steps := append(t.pending, reads...)
	t.pending = nil
	if len(steps) == 0 {
		return nil
	}
	if err := t.carrier.send(t.ctx, steps...); err != nil {
		t.failed = later(err)
	}
	return t.failed
}

// about makes writes that change rows of one job, or technician, only.
func (t *tx) about(key domain.ID, write func() error) error {
	t.key = key
	defer func() { t.key = domain.ID{} }()
	return write()
}

// table begins a statement on a table.
func (t *tx) table(name string) *gorm.DB { return t.db.table(name) }

func (db *DB) table(name string) *gorm.DB {
	return db.gorm.Session(&gorm.Session{NewDB: true}).Table(name)
}

// lock makes a query hold its rows until the end. Not FOR UPDATE: that would
// stop others from referring to the row.
func lock(q *gorm.DB) *gorm.DB {
	return q.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
}

// all reads every row of a query as T, after what was written so far.
func all[T any](t *tx, q *gorm.DB) ([]T, error) {
	s, out, err := query[T](q)
	if err != nil {
		return nil, err
	}
	if err := t.send(s); err != nil {
		return nil, err
	}
	return *out, nil
}

// allKnown is all for a query with a name; see known.
func allKnown[T any](t *tx, name string, build func(*gorm.DB) *gorm.DB, table string, args ...any) ([]T, error) {
	s, out, err := known[T](t.db, name, build, table, args...)
	if err != nil {
		return nil, err
	}
	if err := t.send(s); err != nil {
		return nil, err
	}
	return *out, nil
}

// single reads one row as T. Errors: CodeNotFound.
func single[T any](t *tx, what string, q *gorm.DB) (*T, error) {
	rows, err := all[T](t, q.Limit(1))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, domain.NotFound(what)
	}
	return &rows[0], nil
}

// write puts a statement among the pending ones. With must, changing no row
// is that error. On SQLite it runs at once, where the writer is taken already:
// there is no way to spare.
func (t *tx) write(q *gorm.DB, must error) error {
	s, err := built(q)
	return t.add(s, err, must)
}

// add is write for a statement that is made already, or could not be.
func (t *tx) add(s *step, err, must error) error {
	if err != nil {
		if t.failed == nil {
			t.failed = err
		}
		return err
	}
	s.must, s.key = must, t.key
	t.pending = append(t.pending, s)
	if r, ok := t.carrier.(*rider); ok && !r.afoot() {
		return t.send()
	}
	return nil
}

// exec writes by a statement in our own words.
func (t *tx) exec(text string, args ...any) error { return t.mustExec(nil, text, args...) }

// mustExec is exec that has to change a row.
func (t *tx) mustExec(must error, text string, args ...any) error {
	s := &step{sql: t.db.marked(text, args), args: args}
	return t.add(s, s.fix(), must)
}

// insert writes a new row with all columns of the struct.
func (t *tx) insert(table string, row any) error { return t.insertOver(table, row, nil, nil) }

// insertOver is insert with a word on what happens when the row is there.
func (t *tx) insertOver(table string, row any, over *clause.OnConflict, must error) error {
	f, err := t.db.inserting(table, row, over)
	if err != nil {
		return t.add(nil, err, nil)
	}
	s, err := f.with(row)
	return t.add(s, err, must)
}

// together is how many rows a statement writes at most: there is a text for
// each number of them.
const together = 4

// insertAll writes new rows by few statements.
func insertAll[T any](t *tx, table string, rows []T) error {
	for part := range slices.Chunk(rows, together) {
		if err := t.insert(table, part); err != nil {
			return err
		}
	}
	return nil
}

// update writes all columns of the row with the struct's id.
func (t *tx) update(table string, row any, must error) error {
	f, err := t.db.updating(table, row, false)
	if err != nil {
		return t.add(nil, err, nil)
	}
	s, err := f.with(row)
	return t.add(s, err, must)
}

// save is update of an object that is kept with a version; of one that
// remember knows it writes what has changed.
func (t *tx) save(table string, m *domain.Meta, row any) error {
	f, err := t.db.updating(table, row, true)
	if err != nil {
		return t.add(nil, err, nil)
	}
	m.Version++
	s, err := f.with(row, m.Version-1)
	if was := t.stored[m.ID]; was != nil && err == nil {
		t.stored[m.ID] = snapshot(s.args)
		s, err = t.db.changing(table, row, f, was, s.args)
	}
	must := errStale()
	if v, ok := t.locked[m.ID]; ok && v == m.Version-1 {
		t.locked[m.ID] = m.Version
		// The row is ours and of this version. On SQLite traces say so; should
		// they miss a write, it is not lost without a word.
		if must = nil; t.db.pool == nil {
			must = errAgain
		}
	}
	if err = t.add(s, err, must); err != nil {
		m.Version--
	}
	return err
}

// remember keeps a row as it was read, for save: SQLite writes every index of
// a column that is set, whatever its value. PostgreSQL compares for itself.
func (t *tx) remember(table string, id domain.ID, row any) error {
	if t.db.pool != nil {
		return nil
	}
	f, err := t.db.updating(table, row, true)
	if err != nil {
		return err
	}
	s, err := f.with(row, int64(0))
	if err == nil {
		t.stored[id] = snapshot(s.args)
	}
	return err
}

// snapshot keeps arguments from what becomes of the row.
func snapshot(args []any) []any {
	out := slices.Clone(args)
	for i, a := range out {
		if b, ok := a.([]byte); ok {
			out[i] = bytes.Clone(b)
		}
	}
	return out
}

// in gives the condition that a column is one of the ids, as one argument:
// the text of a statement does not depend on their number.
func (db *DB) in(column string, ids []domain.ID) clause.Expr {
	if db.pool != nil {
		list := make(idArray, len(ids))
		for i, id := range ids {
			list[i] = pgtype.UUID{Bytes: id, Valid: true}
		}
		return clause.Expr{SQL: column + " = ANY(CAST(? AS uuid[]))", Vars: []any{&list}}
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.String()
	}
	return db.inWords(column, words)
}

// idArray is a list of ids as PostgreSQL takes it fastest. Statements hold a
// pointer to it: of a list GORM would make as many marks as it has members.
type idArray = pgtype.FlatArray[pgtype.UUID]

// inText is in for texts: kinds, states, keys.
func inText[T ~string](db *DB, column string, list []T) clause.Expr {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return db.inWords(column, words)
}

var arrayQuote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func (db *DB) inWords(column string, words []string) clause.Expr {
	var b strings.Builder
	if db.pool != nil {
		for i, w := range words {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + arrayQuote.Replace(w) + `"`)
		}
		return clause.Expr{SQL: column + " = ANY(CAST(? AS text[]))", Vars: []any{"{" + b.String() + "}"}}
	}
	list, _ := domain.JSONList[string](words).MarshalJSON()
	return clause.Expr{SQL: column + " IN (SELECT value FROM json_each(?))", Vars: []any{string(list)}}
}

// holding gives the condition that a JSON list in a column has a text.
func (db *DB) holding(column, word string) clause.Expr {
	if db.pool != nil {
		return clause.Expr{SQL: column + " @> jsonb_build_array(CAST(? AS text))", Vars: []any{word}}
	}
	return clause.Expr{SQL: "EXISTS (SELECT 1 FROM json_each(" + column + ") WHERE value = ?)", Vars: []any{word}}
}
