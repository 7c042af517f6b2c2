package repo

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// form is a statement on a table without its values: the text, and the fields
// whose values are the arguments. GORM builds it once for a type; building
// it anew for each row costs as much as sending it.
type form struct {
	sql     string
	columns []string
	at      [][]int // of reflect
}

// forms keeps what was built, by formKey; texts of our own and of queries by
// their string.
type forms struct {
	sync.Map
	masks atomic.Int32 // forms of changing
}

type formKey struct {
	kind, table string
	row         reflect.Type
	rows        int
}

// form finds or builds a form; build gives the statement and the columns that are its arguments, in their order.
func (db *DB) form(kind, table string, row any, build func(*fieldset) (*gorm.DB, []string)) (*form, error) {
	key := formKey{kind, table, reflect.TypeOf(row), 1}
	if v := reflect.ValueOf(row); v.Kind() == reflect.Slice {
		key.rows = v.Len()
	}
	if f, ok := db.forms.Load(key); ok {
		return f.(*form), nil
	}
	t := key.row
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	fields := fieldsOfType(t)
	q, columns := build(fields)
	if q.Error != nil {
		return nil, q.Error
	}
	f := &form{sql: q.Statement.SQL.String(), columns: columns}
	for _, name := range columns {
		f.at = append(f.at, fields.at[slices.Index(fields.names, name)])
	}
	db.forms.Store(key, f)
	return f, nil
}

// with fills in the values of a row, or of each row of a list, and more
// arguments behind them.
func (f *form) with(rows any, more ...any) (*step, error) {
	v := reflect.Indirect(reflect.ValueOf(rows))
	n := 1
	if v.Kind() == reflect.Slice {
		n = v.Len()
	}
	s := &step{sql: f.sql, args: make([]any, 0, n*len(f.at)+len(more))}
	for i := range n {
		row := v
		if v.Kind() == reflect.Slice {
			row = reflect.Indirect(v.Index(i))
		}
		for _, at := range f.at {
			s.args = append(s.args, row.FieldByIndex(at).Interface())
		}
	}
	s.args = append(s.args, more...)
	return s, s.fix()
}

// inserting is the form that writes all columns of a new row, or of each row
// of a list. over says what happens when it is there already; one table and type has at most one over.
func (db *DB) inserting(table string, row any, over *clause.OnConflict) (*form, error) {
	kind := "insert"
	if over != nil {
		kind = "put"
	}
	return db.form(kind, table, row, func(f *fieldset) (*gorm.DB, []string) {
		values := clause.Values{Values: make([][]any, 1)}
		if list := reflect.ValueOf(row); list.Kind() == reflect.Slice {
			values.Values = make([][]any, list.Len())
		}
		for _, name := range f.names {
			values.Columns = append(values.Columns, clause.Column{Name: name})
		}
		for i := range values.Values {
			values.Values[i] = make([]any, len(f.names))
		}
		q := db.table(table)
		q.Statement.AddClause(clause.Insert{})
		q.Statement.AddClause(values)
		if over != nil {
			q.Statement.AddClause(*over)
		}
		q.Statement.Build("INSERT", "VALUES", "ON CONFLICT")
		return q, f.names
	})
}

// traced tables keep the transaction that wrote a row last.
var traced = map[string]bool{"jobs": true, "visits": true, "holds": true}

// updating is the form that writes every column but id and created_at, zero
// values included, of the row with the struct's id. A versioned one asks for
// the version as its last argument.
func (db *DB) updating(table string, row any, versioned bool) (*form, error) {
	kind := "update"
	if versioned {
		kind = "save"
	}
	return db.form(kind, table, row, func(f *fieldset) (*gorm.DB, []string) {
		var set clause.Set
		var columns []string
		for _, name := range f.names {
			if name == "id" || name == "created_at" {
				continue
			}
			set = append(set, clause.Assignment{Column: clause.Column{Name: name}, Value: 0})
			columns = append(columns, name)
		}
		q := db.table(table).Clauses(db.tracing(table, set)).Where("id = ?", 0)
		if versioned {
			q = q.Where("version = ?", 0)
		}
		return q.Updates(map[string]any{}), append(columns, "id")
	})
}

// maxMasks bounds the forms that are kept; there are as many as moves change
// different columns.
const maxMasks = 200

// changing is the form of updating, of a versioned row, for the columns whose
// value is not what it was. Both lists are arguments of updating.
func (db *DB) changing(table string, row any, full *form, was, is []any) (*step, error) {
	columns, mask := len(full.columns)-1, make([]byte, len(full.columns)-1) // without the id
	var args []any
	for i := range columns {
		if mask[i] = '0'; !sameArg(was[i], is[i]) {
			mask[i] = '1'
			args = append(args, is[i])
		}
	}
	kind := "save " + string(mask)
	if _, ok := db.forms.Load(formKey{kind, table, reflect.TypeOf(row), 1}); !ok && db.masks.Add(1) > maxMasks {
		return &step{sql: full.sql, args: is}, nil
	}
	f, err := db.form(kind, table, row, func(*fieldset) (*gorm.DB, []string) {
		var set clause.Set
		for i := range columns {
			if mask[i] == '1' {
				set = append(set, clause.Assignment{Column: clause.Column{Name: full.columns[i]}, Value: 0})
			}
		}
		q := db.table(table).Clauses(db.tracing(table, set)).Where("id = ?", 0).Where("version = ?", 0)
		return q.Updates(map[string]any{}), nil
	})
	if err != nil {
		return nil, err
	}
	return &step{sql: f.sql, args: append(args, is[columns:]...)}, nil
}

// sameArg compares arguments as fixed leaves them.
func sameArg(a, b any) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b) && (a == nil) == (b == nil)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case *idArray:
		return false
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (a == nil || reflect.TypeOf(a).Comparable()) && a == b
}

// tracing adds the column that keeps the transaction, where a table has it.
func (db *DB) tracing(table string, set clause.Set) clause.Set {
	if traced[table] && db.pool != nil {
		set = append(set, clause.Assignment{Column: clause.Column{Name: "txid"}, Value: clause.Expr{SQL: "pg_current_xact_id()"}})
	}
	return set
}

// marked spells the marks of a text of ours as the engine wants them.
func (db *DB) marked(text string, args []any) string {
	if s, ok := db.forms.Load(text); ok {
		return s.(string)
	}
	s := db.gorm.Session(&gorm.Session{NewDB: true}).Exec(text, args...).Statement.SQL.String()
	db.forms.Store(text, s)
	return s
}

// known is query for a statement that never changes but for its arguments:
// GORM builds it once under its name, with the arguments in that order.
func known[T any](db *DB, name string, build func(q *gorm.DB) *gorm.DB, table string, args ...any) (*step, *[]T, error) {
	if text, ok := db.forms.Load(name); ok {
		s := &step{sql: text.(string), args: args, byKey: true}
		out := []T{}
		s.rows = scanInto(fieldsOf[T](), &out)
		return s, &out, s.fix()
	}
	s, out, err := query[T](build(db.table(table)))
	if err == nil && len(s.args) != len(args) {
		err = fmt.Errorf("repo: %s has %d arguments, not %d", name, len(s.args), len(args))
	}
	if err == nil {
		s.byKey = true
		db.forms.Store(name, s.sql)
	}
	return s, out, err
}

// scanInto appends each row of an answer to out.
func scanInto[T any](c *fieldset, out *[]T) func(rowSet) error {
	return func(rows rowSet) error {
		var row, none T
		dest := make([]any, len(c.at))
		c.point(reflect.ValueOf(&row).Elem(), make([]fromJSON, len(c.at)), dest)
		for rows.Next() {
			row = none // what a row points to is its own
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if n := len(*out); n > 0 && n == cap(*out) && n < 64 { // rows are large: move them seldom
				*out = slices.Grow(*out, 7*n)
			}
			*out = append(*out, row)
		}
		return rows.Err()
	}
}
