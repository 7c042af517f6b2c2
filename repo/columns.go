package repo

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"doorstep/domain"
)

// Which field of a type is kept in which column, and how. The domain's structs say nothing of it: every exported field is a column,
// named by GORM's NamingStrategy; those of an embedded struct are columns like the others. Lists and domain.JSON are kept as JSON.
// GORM is told the columns by name, and never sees a struct, for its own schema would demand tags and scanners of the domain's types.

// spelled are the columns whose name is not what the strategy makes of the field's; with "" the field is not kept.
var spelled = map[reflect.Type]map[string]string{
	reflect.TypeFor[domain.Hold]():        {"Alternatives": ""}, // what is said beside it
	reflect.TypeFor[domain.User]():        {"VisitsGivenBack": "", "VisitsUnderWay": ""},
	reflect.TypeFor[domain.Contact]():     {"InvalidPhones": "struck"},
	reflect.TypeFor[domain.Maintenance](): {"RRule": "rrule", "DTStart": "dtstart"},
}

// way is how a field travels.
type way uint8

const (
	plain   way = iota // as drivers take it
	asBytes            // domain.RawJSON: bytes, also where somebody put a text
	asJSON
)

// fieldset is the fields of a type that are kept, in the order of their columns in every statement.
type fieldset struct {
	names []string
	at    [][]int // of reflect
	into  [][]int // what is read: of a domain.JSON its value, else at
	types []reflect.Type
	ways  []way
}

var fieldsets sync.Map // *fieldset by type

// fieldsOf gives the fields of T.
func fieldsOf[T any]() *fieldset { return fieldsOfType(reflect.TypeFor[T]()) }

func fieldsOfType(t reflect.Type) *fieldset {
	if f, ok := fieldsets.Load(t); ok {
		return f.(*fieldset)
	}
	f := &fieldset{}
	f.add(t, nil)
	kept, _ := fieldsets.LoadOrStore(t, f)
	return kept.(*fieldset)
}

func (f *fieldset) add(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		at := append(append([]int(nil), prefix...), i)
		if field.Anonymous {
			f.add(field.Type, at)
			continue
		}
		name, ok := spelled[t][field.Name]
		if !ok {
			name = schema.NamingStrategy{}.ColumnName("", field.Name)
		}
		if name == "" {
			continue
		}
		into, w := at, plain
		switch of := field.Type; {
		case of == reflect.TypeFor[domain.RawJSON]():
			w = asBytes
		case of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8:
			w = asJSON
		case of.Kind() == reflect.Struct && strings.HasPrefix(of.Name(), "JSON["):
			into, w = append(append([]int(nil), at...), 0), asJSON
		}
		f.names, f.at, f.into = append(f.names, name), append(f.at, at), append(f.into, into)
		f.types, f.ways = append(f.types, field.Type), append(f.ways, w)
	}
}

// number reports whether a field is kept as a number.
func (f *fieldset) number(i int) bool {
	t := f.types[i]
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64
}

// point lists where the columns of a row go. There is a box for each field; boxes serve one row after another.
func (f *fieldset) point(row reflect.Value, boxes []fromJSON, dest []any) {
	for i := range f.into {
		dest[i] = f.destination(row, i, &boxes[i])
	}
}

func (f *fieldset) destination(row reflect.Value, i int, box *fromJSON) any {
	to := row.FieldByIndex(f.into[i]).Addr().Interface()
	switch f.ways[i] {
	case asBytes:
		return (*[]byte)(to.(*domain.RawJSON))
	case asJSON:
		box.to = to
		return box
	case plain:
	}
	return to
}

// selecting makes a query name the columns of a type, so that a new one does not break an old binary. What says itself what it
// selects stays as it is.
func (f *fieldset) selecting(q *gorm.DB) *gorm.DB {
	_, said := q.Statement.Clauses["SELECT"]
	if said || len(q.Statement.Selects) > 0 || q.Statement.SQL.Len() > 0 {
		return q
	}
	columns := make([]clause.Column, len(f.names))
	for i, name := range f.names {
		columns[i] = clause.Column{Table: q.Statement.Table, Name: name}
	}
	return q.Clauses(clause.Select{Columns: columns})
}

// fromJSON takes a column that holds JSON.
type fromJSON struct{ to any }

// Scan implements sql.Scanner.
func (b *fromJSON) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		return b.ScanBytes(v)
	case string:
		return b.ScanBytes([]byte(v))
	}
	return fmt.Errorf("repo: cannot read JSON from %T", src)
}

// ScanBytes implements pgtype.BytesScanner.
func (b *fromJSON) ScanBytes(src []byte) error {
	if len(src) == 0 || string(src) == "[]" { // most lists are empty
		return nil
	}
	if ids, ok := b.to.(*domain.JSONList[domain.ID]); ok && readIDs(src, ids) {
		return nil
	}
	return json.Unmarshal(src, b.to)
}

// readIDs reads a JSON list of ids as it is written here and by the databases:
// a day of visits has a hundred of them. False: it is something else.
func readIDs(src []byte, out *domain.JSONList[domain.ID]) bool {
	const text, step = 36, 38 // an id, and one in quotes
	if len(src) < 2 || src[0] != '[' {
		return false
	}
	var list domain.JSONList[domain.ID]
	for at := 1; ; {
		if len(src) < at+step+1 || src[at] != '"' || src[at+step-1] != '"' {
			return false
		}
		id, err := uuid.ParseBytes(src[at+1 : at+1+text])
		if err != nil {
			return false
		}
		list = append(list, id)
		at += step
		switch {
		case src[at] == ']' && len(src) == at+1:
			*out = list
			return true
		case src[at] != ',':
			return false
		}
		if at++; at < len(src) && src[at] == ' ' { // PostgreSQL's way
			at++
		}
	}
}
