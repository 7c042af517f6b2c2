package harness

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Offers reports whether an answer's actions list a move.
func Offers(o Object, action string) bool {
	return slices.Contains(o["actions"].([]any), any(action))
}

func Parsed(h *Harness, body []byte) Object {
	h.Helper()
	var o Object
	h.Must(json.Unmarshal(body, &o))
	return o
}

func Instant(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Items are those of a page of a list.
func Items(o Object) []Object { return List(o, "items") }

func List(o Object, name string) []Object {
	out := []Object{}
	for _, v := range o[name].([]any) {
		out = append(out, v.(Object))
	}
	return out
}

func Count(kinds []string, kind string) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func String(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case uuid.UUID:
		return v.String()
	}
	return ""
}

func At(o Object, key string) time.Time {
	t, _ := time.Parse(time.RFC3339, o[key].(string))
	return t
}

func MoveLabels(it Object) string {
	out := []string{}
	for _, m := range it["moves"].([]any) {
		out = append(out, m.(Object)["label"].(string))
	}
	return strings.Join(out, ", ")
}
