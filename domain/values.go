package domain

import (
	"encoding/json"
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

// ChangedAt notes when an object was changed; the storage raises the version.
func (m *Meta) ChangedAt(now time.Time) { m.UpdatedAt = now }

// NewMeta begins an object at its first version.
func NewMeta(id ID, now time.Time) Meta {
	return Meta{ID: id, Version: 1, CreatedAt: now, UpdatedAt: now}
}

// JSONList is a list that is kept as one value, and never null on the wire.
type JSONList[T any] []T

// MarshalJSON writes an empty list as [].
func (l JSONList[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// JSON is a value of any shape that is kept as one.
type JSON[T any] struct{ V T }

// MarshalJSON writes the value alone.
func (d JSON[T]) MarshalJSON() ([]byte, error) { return json.Marshal(d.V) }

// UnmarshalJSON reads the value alone.
func (d *JSON[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &d.V) }

// Has reports whether a list holds a value.
func Has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// Without is a list less a value.
func Without[T comparable](list []T, v T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if x != v {
			out = append(out, x)
		}
	}
	return out
}

// Once is a list with each value where it comes first.
func Once[T comparable](list []T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if !Has(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Ptr is a pointer to a value.
func Ptr[T any](v T) *T { return &v }

// Point is a place; nil where a coordinate is unknown.
type Point struct{ Lat, Lon *float64 }

// Known reports whether both coordinates are.
func (p Point) Known() bool { return p.Lat != nil && p.Lon != nil }
