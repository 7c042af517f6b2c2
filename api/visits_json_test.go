package api

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

// TestVisitAppendsItself: AppendJSON writes what json.Marshal writes, whatever
// stands in the fields; a field that is added to the view and forgotten there
// fails.
func TestVisitAppendsItself(t *testing.T) {
	same := func(v visitItem) {
		t.Helper()
		want, err := json.Marshal(v.VisitView)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.AppendJSON(nil); string(got) != string(want) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	same(visitItem{})
	for _, text := range []string{"plain", `quote " and \`, "line\nbreak", "पंखा", "<b>&amp;</b>", "\u2028", "bad \xff", "\x7f"} {
		for n := range 3 {
			var v visitItem
			fill(reflect.ValueOf(&v).Elem(), text, n)
			same(v)
		}
	}
}

// fill sets every field, lists with n entries.
func fill(v reflect.Value, text string, n int) {
	switch at := v.Addr().Interface().(type) {
	case *domain.ID:
		*at = uuid.New()
		return
	case *time.Time:
		*at = time.Date(2026, 11, 21, 9, 30, 15, 123456000*n%1000000000, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), text, n)
		}
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(n%2 == 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n) * 1234567)
	default:
		panic(v.Kind())
	}
}
