// Package osrmtest is a road engine for tests.
package osrmtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// New is a road engine that answers every table with one way, out and back.
func New(t *testing.T, out, back float64, asked *atomic.Int32, ill *atomic.Bool) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if ill.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		n := strings.Count(r.URL.Path, ";") + 1
		query, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // OSRM's lists, which Go's queries do not take
		if !strings.HasPrefix(r.URL.Path, "/table/v1/driving/") || query.Get("annotations") != "duration" || n > 100 {
			t.Errorf("asked for %s", r.URL)
		}
		rows := [][]any{}
		if from, to := query.Get("sources"), query.Get("destinations"); from != "" && to != "" { // a whole day
			for range strings.Split(from, ";") {
				row := []any{}
				for range strings.Split(to, ";") {
					row = append(row, out)
				}
				rows = append(rows, row)
			}
			if len(strings.Split(from, ";"))+len(strings.Split(to, ";")) != n {
				t.Errorf("asked for %s", r.URL)
			}
		} else if from == "0" {
			row := []any{0.0}
			for range n - 1 {
				row = append(row, out)
			}
			rows = append(rows, row)
		} else {
			rows = append(rows, []any{0.0})
			for range n - 1 {
				rows = append(rows, []any{back})
			}
		}
		if out < 0 && len(rows[0]) > 1 {
			rows[0][1] = nil // no road
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"code": "Ok", "durations": rows})
	}))
	t.Cleanup(s.Close)
	return s
}
