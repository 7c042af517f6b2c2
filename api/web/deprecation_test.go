package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
)

const oldContract = `
openapi: 3.0.3
info: {title: Test, version: '1'}
paths:
  /v1/old:
    get:
      operationId: readOld
      %s
      security: []
      parameters:
      - {name: by, in: query, schema: {type: string}, deprecated: true, x-deprecated: '2027-02-01', x-sunset: '2028-01-01'}
      responses: {'204': {description: Read.}}
  /v1/new:
    post:
      operationId: make
      security: []
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                note: {type: string}
                items:
                  type: array
                  items:
                    type: object
                    properties:
                      colour: {type: string, deprecated: true, x-deprecated: '2027-04-01', x-sunset: '2027-12-01'}
      responses: {'204': {description: Made.}}
`

// TestWhatGoesAwayIsTold: whoever uses what the contract marks as deprecated is told since when and until when, and is counted by app.
func TestWhatGoesAwayIsTold(t *testing.T) {
	marked := "deprecated: true\n      x-deprecated: '2027-03-01'\n      x-sunset: '2027-09-01'"
	contract, err := LoadContract(fmt.Appendf(nil, oldContract, marked))
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	s := New(Config{Contract: contract, Registry: registry})
	none := func(c *fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) }
	s.Handle("GET", "/v1/old", none)
	s.Handle("POST", "/v1/new", none)
	for _, tt := range []struct{ method, path, body, client, agent, since, sunset string }{
		{"GET", "/v1/old", "", "technician/4.2", "", "@1803859200", "Wed, 01 Sep 2027 00:00:00 GMT"},
		{"GET", "/v1/old?by=name", "", "", "Household/1.0 (Pixel 9; Meera's phone)", "@1801440000", "Wed, 01 Sep 2027 00:00:00 GMT"},
		{"POST", "/v1/new", `{"note":"x","items":[]}`, "technician/4.2", "", "", ""},
		{"POST", "/v1/new", `{"items":[{"colour":"red"},{"colour":"blue"}]}`, "Meera Iyer <meera@example.in>", "", "@1806537600",
			"Wed, 01 Dec 2027 00:00:00 GMT"},
	} {
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
		if tt.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Doorstep-Client", tt.client)
		r.Header.Set("User-Agent", tt.agent)
		res, err := s.App.Test(r)
		if err != nil || res.StatusCode != http.StatusNoContent {
			t.Fatalf("%s %s: %v, %v", tt.method, tt.path, res, err)
		}
		if since, sunset := res.Header.Get("Deprecation"), res.Header.Get("Sunset"); since != tt.since || sunset != tt.sunset {
			t.Errorf("%s %s %s: Deprecation %q, Sunset %q; want %q, %q", tt.method, tt.path, tt.body, since, sunset, tt.since, tt.sunset)
		}
	}
	counts := func() (lines []string) {
		scrape := httptest.NewRecorder()
		s.Metrics().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
		for line := range strings.Lines(scrape.Body.String()) {
			if name, ok := strings.CutPrefix(line, "doorstep_deprecated_requests_total"); ok {
				lines = append(lines, strings.TrimSpace(name))
			}
		}
		return lines
	}
	if got, want := counts(), []string{`{client="Household/1.0",operation="readOld"} 1`, `{client="Household/1.0",operation="readOld by"} 1`,
		`{client="technician/4.2",operation="readOld"} 1`, `{client="unknown",operation="make colour"} 1`}; !slices.Equal(got, want) {
		t.Errorf("counted %q, want %q", got, want)
	}
	for i := range 2 * mostClients {
		r := httptest.NewRequest("GET", "/v1/old", nil)
		r.Header.Set("Doorstep-Client", fmt.Sprintf("app/%d", i))
		if _, err := s.App.Test(r); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(counts()); n != 3+mostClients {
		t.Errorf("%d counts", n)
	}
	page, err := contract.reference("https://service.example")
	if err != nil || !strings.Contains(string(page), "Deprecated since 2027-03-01, answered until 2027-09-01.") {
		t.Errorf("the page of the contract does not say it: %v", err)
	}
	for _, bad := range []string{"deprecated: true", "x-sunset: '2027-09-01'", "deprecated: true\n      x-deprecated: '2027-03-01'",
		"deprecated: true\n      x-deprecated: '2027-09-01'\n      x-sunset: '2027-03-01'"} {
		if _, err := LoadContract(fmt.Appendf(nil, oldContract, bad)); err == nil || !strings.Contains(err.Error(), "x-sunset: '2027-09-01'") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
