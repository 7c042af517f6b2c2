package repo

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// bundle is one statement that reads rows of several tables around a job,
// known as j. A statement of its own for each table costs either engine more.
type bundle []part

// part is a table, known as t, with a condition.
type part struct {
	table, where string
	fields       func() *fieldset
}

func partOf[T any](table, where string) part { return part{table, where, fieldsOf[T]} }

// text is the statement for PostgreSQL: each row is the number of a part and a
// record of its table. JSON costs more to write and to read. job is an
// expression for the job's id.
func (b bundle) text(db *DB, job string) string {
	return b.kept(db, job, func() string {
		selects := make([]string, len(b))
		for i, p := range b {
			selects[i] = "SELECT " + strconv.Itoa(i) + ` AS part, ROW(t."` + strings.Join(p.fields().names, `", t."`) +
				`") AS fields FROM ` + p.table + " t WHERE " + p.where
		}
		return "SELECT x.part, x.fields FROM jobs j CROSS JOIN LATERAL (" + strings.Join(selects, " UNION ALL ") + ") x WHERE j.id = " + job
	})
}

// union is the statement for SQLite, which has no records: each row is the
// number of a part and as many columns as the widest one. Texts and times come
// as bytes: the driver does not know the column of a union, and would take a
// text that looks like a time for one.
func (b bundle) union(db *DB, job string) string {
	return b.kept(db, job, func() string {
		selects, width := make([]string, len(b)), b.width(db)
		for i, p := range b {
			f := p.fields()
			columns := make([]string, width)
			for k := range columns {
				switch {
				case k >= len(f.names):
					columns[k] = "NULL"
				case f.number(k):
					columns[k] = `t."` + f.names[k] + `"`
				default:
					columns[k] = `CAST(t."` + f.names[k] + `" AS BLOB)`
				}
			}
			selects[i] = "SELECT " + strconv.Itoa(i) + ", " + strings.Join(columns, ", ") + " FROM j CROSS JOIN " + p.table + " t WHERE " + p.where
		}
		return "WITH j AS MATERIALIZED (SELECT id, customer_id, site_id, centre_id FROM jobs WHERE id = " + job + ") " + strings.Join(selects,
			" UNION ALL ")
	})
}

func (b bundle) kept(db *DB, job string, build func() string) string {
	key := "around " + job
	if text, ok := db.forms.Load(key); ok {
		return text.(string)
	}
	text := build()
	db.forms.Store(key, text)
	return text
}

func (b bundle) width(db *DB) int {
	width := 0
	for _, p := range b {
		width = max(width, len(p.fields().names))
	}
	return width
}

// into makes a fresh row at the end of a list for each call.
func into[T any](list *[]T) func() reflect.Value {
	return func() reflect.Value {
		var none T
		*list = append(*list, none)
		return reflect.ValueOf(&(*list)[len(*list)-1]).Elem()
	}
}

// scan reads the answer of PostgreSQL: a row of the i-th part goes where the i-th function
// says. Rows come in no order.
func (b bundle) scan(db *DB, to ...func() reflect.Value) func(rowSet) error {
	return func(rows rowSet) error {
		answer := rows.(pgx.Rows)
		for rows.Next() {
			raw := answer.RawValues()
			i := int(binary.BigEndian.Uint32(raw[0]))
			if err := b[i].decode(db, answer.Conn(), raw[1], to[i]()); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// scanUnion reads the answer of SQLite in the same way: a row says first whose
// it is.
func (b bundle) scanUnion(db *DB, to ...func() reflect.Value) func(rowSet) error {
	return func(rows rowSet) error {
		width, i := b.width(db), 0
		whose, dest, boxes := make([]any, 1+width), make([]any, 1+width), make([]fromJSON, width)
		whose[0], dest[0] = &i, skip{}
		for k := range width {
			whose[1+k] = skip{}
		}
		for rows.Next() {
			if err := rows.Scan(whose...); err != nil {
				return err
			}
			f := b[i].fields()
			f.point(to[i](), boxes, dest[1:])
			for k := range width {
				if k >= len(f.names) {
					dest[1+k] = skip{}
					continue
				}
				switch at := dest[1+k].(type) {
				case *time.Time, **time.Time:
					dest[1+k] = timeText{at}
				}
			}
			if err := rows.Scan(dest...); err != nil {
				return fmt.Errorf("repo: %s: %w", b[i].table, err)
			}
		}
		return rows.Err()
	}
}

// skip takes a column that is not wanted.
type skip struct{}

// Scan implements sql.Scanner.
func (skip) Scan(any) error { return nil }

// timeText takes a time that comes as the text SQLite keeps; to is a
// *time.Time, or a **time.Time where it may be absent.
type timeText struct{ to any }

// Scan implements sql.Scanner.
func (t timeText) Scan(src any) error {
	text, ok := src.([]byte)
	if !ok {
		if to, may := t.to.(**time.Time); may && src == nil {
			*to = nil
			return nil
		}
		return fmt.Errorf("repo: %T is not a time", src)
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", string(text))
	if err != nil {
		return err
	}
	at = at.UTC()
	switch to := t.to.(type) {
	case *time.Time:
		*to = at
	case **time.Time:
		*to = &at
	}
	return nil
}

// plans are how a part's fields are read. Finding them costs more than using
// them, and they belong to a connection's types.
type plans map[string][]pgtype.ScanPlan

const plansKey = "doorstep.plans"

func (p *part) decode(db *DB, conn *pgx.Conn, record []byte, row reflect.Value) error {
	kept, ok := conn.PgConn().CustomData()[plansKey].(plans)
	if !ok {
		kept = plans{}
		conn.PgConn().CustomData()[plansKey] = kept
	}
	fields := p.fields()
	ways := kept[p.table]
	if ways == nil {
		ways = make([]pgtype.ScanPlan, len(fields.at))
		kept[p.table] = ways
	}
	in := pgtype.NewCompositeBinaryScanner(conn.TypeMap(), record)
	var box fromJSON
	for i := range fields.at {
		if !in.Next() {
			break
		}
		dst := fields.destination(row, i, &box)
		if ways[i] == nil {
			ways[i] = conn.TypeMap().PlanScan(in.OID(), pgtype.BinaryFormatCode, dst)
		}
		if err := ways[i].Scan(in.Bytes(), dst); err != nil {
			return fmt.Errorf("repo: %s.%s: %w", p.table, fields.names[i], err)
		}
	}
	return in.Err()
}
