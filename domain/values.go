package domain

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID names every object; clients may bring their own (docs/product.md section 12).
type ID = uuid.UUID

// Meta is what every object carries. Version rises with each change and is
// the ETag.
type Meta struct {
	ID        ID        `json:"id"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Head gives id and version of an object for Location and ETag.
func (m Meta) Head() (ID, int64) { return m.ID, m.Version }

func newMeta(id ID, now time.Time) Meta {
	return Meta{ID: id, Version: 1, CreatedAt: now, UpdatedAt: now}
}

// List is a slice that is kept as one JSON value in a column and is never
// null on the wire.
type List[T any] []T

// MarshalJSON writes an empty list as [].
func (l List[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// Value implements driver.Valuer.
func (l List[T]) Value() (driver.Value, error) {
	b, err := l.MarshalJSON()
	return string(b), err
}

// Scan implements sql.Scanner.
func (l *List[T]) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return l.ScanBytes(v)
	case string:
		return l.ScanBytes([]byte(v))
	}
	return scanJSON(src, (*[]T)(l))
}

// ScanBytes is Scan for drivers that hand over their buffer.
func (l *List[T]) ScanBytes(src []byte) error {
	if ids, ok := any(l).(*List[ID]); ok && readIDs(src, ids) {
		return nil
	}
	return scanJSON(src, (*[]T)(l))
}

// readIDs reads a JSON list of ids as it is written here and by the databases:
// a day of visits has a hundred of them. False: it is something else.
func readIDs(src []byte, out *List[ID]) bool {
	const text, step = 36, 38 // an id, and one in quotes
	if len(src) < 2 || src[0] != '[' {
		return false
	}
	var list List[ID]
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

// Doc is a value of any shape kept as JSON in a column.
type Doc[T any] struct{ V T }

// MarshalJSON writes the value alone.
func (d Doc[T]) MarshalJSON() ([]byte, error) { return json.Marshal(d.V) }

// UnmarshalJSON reads the value alone.
func (d *Doc[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &d.V) }

// Value implements driver.Valuer.
func (d Doc[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.V)
	return string(b), err
}

// Scan implements sql.Scanner.
func (d *Doc[T]) Scan(src any) error { return scanJSON(src, &d.V) }

// ScanBytes is Scan for drivers that hand over their buffer.
func (d *Doc[T]) ScanBytes(src []byte) error { return scanJSON(src, &d.V) }

func scanJSON(src any, dst any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		if len(v) == 0 || string(v) == "[]" { // most lists are empty
			return nil
		}
		return json.Unmarshal(v, dst)
	case string:
		if v == "" || v == "[]" {
			return nil
		}
		return json.Unmarshal([]byte(v), dst)
	}
	return fmt.Errorf("domain: cannot read JSON from %T", src)
}

func has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func without[T comparable](list []T, v T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if x != v {
			out = append(out, x)
		}
	}
	return out
}

func ptr[T any](v T) *T { return &v }
