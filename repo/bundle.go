package repo

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm/schema"
)

// bundle is one statement of PostgreSQL that reads rows of several tables:
// each row is the number of a part and a record of its table. A statement of
// its own for each table costs PostgreSQL more, and JSON costs more to write
// and to read.
type bundle struct {
	// from is the statement around the parts, which stand at %s.
	from  string
	parts []part
}

// part is a table, known as t, with a condition.
type part struct {
	table, where string
	fields       func(schema.Namer) *fieldset
}

func partOf[T any](table, where string) part { return part{table, where, fieldsOf[T]} }

func (b *bundle) text(db *DB) string {
	if text, ok := db.forms.Load(b); ok {
		return text.(string)
	}
	selects := make([]string, len(b.parts))
	for i, p := range b.parts {
		selects[i] = "SELECT " + strconv.Itoa(i) + ` AS part, ROW(t."` + strings.Join(p.fields(db.gorm.NamingStrategy).names, `", t."`) + `") AS fields FROM ` + p.table + " t WHERE " + p.where
	}
	text := fmt.Sprintf(b.from, strings.Join(selects, " UNION ALL "))
	db.forms.Store(b, text)
	return text
}

// into makes a fresh row at the end of a list for each call.
func into[T any](list *[]T) func() reflect.Value {
	return func() reflect.Value {
		var none T
		*list = append(*list, none)
		return reflect.ValueOf(&(*list)[len(*list)-1]).Elem()
	}
}

// scan reads the answer: a row of the i-th part goes where the i-th function
// says. Rows come in no order.
func (b *bundle) scan(db *DB, to ...func() reflect.Value) func(rowSet) error {
	return func(rows rowSet) error {
		answer := rows.(pgx.Rows)
		for rows.Next() {
			raw := answer.RawValues()
			i := int(binary.BigEndian.Uint32(raw[0]))
			if err := b.parts[i].decode(db, answer.Conn(), raw[1], to[i]()); err != nil {
				return err
			}
		}
		return rows.Err()
	}
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
	fields := p.fields(db.gorm.NamingStrategy)
	ways := kept[p.table]
	if ways == nil {
		ways = make([]pgtype.ScanPlan, len(fields.at))
		kept[p.table] = ways
	}
	in := pgtype.NewCompositeBinaryScanner(conn.TypeMap(), record)
	for i, at := range fields.at {
		if !in.Next() {
			break
		}
		dst := row.FieldByIndex(at).Addr().Interface()
		if ways[i] == nil {
			ways[i] = conn.TypeMap().PlanScan(in.OID(), pgtype.BinaryFormatCode, dst)
		}
		if err := ways[i].Scan(in.Bytes(), dst); err != nil {
			return fmt.Errorf("repo: %s.%s: %w", p.table, fields.names[i], err)
		}
	}
	return in.Err()
}
