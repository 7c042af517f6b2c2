package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/domain"
)

// testSpec is a contract in small: what the plumbing has to judge, and nothing
// of the product.
const testSpec = `
openapi: 3.0.3
info: {title: Test, version: 1.0.0, description: "One.\n\nTwo."}
tags: [{name: Visits, description: Going there.}, {name: Unused}]
security: [{bearer: []}]
paths:
  /v1/visits:
    get:
      operationId: listVisits
      tags: [Visits]
      summary: Lists visits.
      x-roles: [technician, coordinator]
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 200, default: 50}}
        - {name: cursor, in: query, schema: {type: string, maxLength: 200}}
        - {name: status, in: query, schema: {type: string, enum: [scheduled, arrived]}}
        - {name: date, in: query, schema: {type: string, format: date}}
        - {name: technician_id, in: query, schema: {type: string, format: uuid}}
        - {name: kind, in: query, schema: {type: array, items: {type: string, enum: [a, b]}}}
        - {name: all, in: query, schema: {type: boolean}}
      responses:
        '200': {description: Visits., content: {application/json: {schema: {$ref: '#/components/schemas/Page'}}}}
        default: {$ref: '#/components/responses/Problem'}
    post:
      operationId: makeVisit
      tags: [Visits]
      summary: Makes a visit.
      description: "With words.\n\nAnd more."
      parameters:
        - {name: Idempotency-Key, in: header, required: true, schema: {type: string}}
        - {name: Doorstep-Sent-At, in: header, schema: {type: string, format: date-time}}
        - {name: X-Level, in: header, schema: {type: integer, maximum: 4}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/NewVisit'}}}}
      responses:
        '201': {description: Made., headers: {ETag: {required: true, schema: {type: string}}}, content: {application/json: {schema: {$ref: '#/components/schemas/Visit'}}}}
        default: {$ref: '#/components/responses/Problem'}
  /v1/visits/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
    get:
      tags: [Visits]
      responses: {'200': {description: A visit., content: {application/json: {schema: {$ref: '#/components/schemas/Visit'}}}}, default: {$ref: '#/components/responses/Problem'}}
    patch:
      tags: [Visits]
      parameters: [{name: If-Match, in: header, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object, additionalProperties: false, properties: {note: {type: string, nullable: true, maxLength: 20}}}}}}
      responses: {'204': {description: Changed.}}
  /v1/visits/{id}/stop:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post:
      x-lenient: true
      requestBody: {content: {application/json: {schema: {type: object, additionalProperties: false, required: [note], properties: {note: {type: string, maxLength: 2}}}}}}
      responses: {'200': {description: Stopped.}}
  /v1/visits/{id}/cancel:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post:
      responses: {'204': {description: Cancelled.}}
  /v1/imports/jobs:
    post:
      x-max-body: 10485760
      requestBody: {required: true, content: {text/csv: {schema: {type: string}}, application/json: {schema: {type: object}}}}
      responses: {'204': {description: Read.}}
  /v1/search:
    get:
      security: []
      parameters: [{name: q, in: query, required: true, schema: {type: string, minLength: 2}}]
      responses: {'204': {description: Found.}}
  /v1/broken:
    get: {responses: {'204': {description: Never.}}}
  /c/{token}:
    parameters: [{name: token, in: path, required: true, schema: {type: string}}]
    get: {security: [], responses: {'200': {description: The page., content: {text/html: {schema: {type: string}}}}}}
    post: {security: [], requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, required: [reason], properties: {reason: {type: string}}}}}}, responses: {'204': {description: Done.}}}
  /livez: {get: {security: [], responses: {'200': {description: Alive.}}}}
  /healthz: {get: {security: [], responses: {'200': {description: Alive.}}}}
  /readyz: {get: {security: [], responses: {'200': {description: Ready.}}}}
  /problems: {get: {security: [], responses: {'200': {description: Index.}}}}
  /problems/{code}: {get: {security: [], parameters: [{name: code, in: path, required: true, schema: {type: string}}], responses: {'200': {description: Page.}}}}
  /docs: {get: {security: [], responses: {'200': {description: This.}}}}
  /openapi.yaml: {get: {security: [], responses: {'200': {description: Contract.}}}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  responses:
    Problem: {description: A problem., content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
  schemas:
    Problem:
      type: object
      required: [type, title, status, detail, instance, code]
      properties:
        type: {type: string}
        title: {type: string}
        status: {type: integer}
        detail: {type: string}
        instance: {type: string}
        code: {type: string}
        errors: {type: array, items: {type: object, additionalProperties: false, required: [pointer, detail], properties: {pointer: {type: string}, detail: {type: string}}}}
    Base:
      type: object
      required: [job_id]
      properties: {job_id: {type: string, format: uuid, description: The job.}}
    NewVisit:
      type: object
      additionalProperties: false
      required: [job_id, window_start]
      properties:
        id: {type: string, format: uuid}
        job_id: {type: string, format: uuid, description: The job.}
        window_start: {type: string, format: instant}
        window_end: {type: string, format: instant}
        on: {type: string, format: date}
        seen_at: {type: string, format: date-time}
        planned_minutes: {type: integer, format: int64, minimum: 5, maximum: 480}
        number: {type: integer, format: int64}
        note: {type: string, maxLength: 10, nullable: true}
        phone: {type: string, pattern: '^\+[0-9]{8,15}$', x-hint: 'must be a phone number with its country (+91…)'}
        channel: {type: string, enum: [phone, sms]}
        crew: {type: array, maxItems: 2, uniqueItems: true, items: {type: string, format: uuid}}
        place: {type: object, additionalProperties: false, required: [lat], properties: {lat: {type: number}, lon: {type: number}}}
        urgent: {type: boolean}
        base: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, required: [x], properties: {x: {type: string}}}]}
        choice: {oneOf: [{type: string}, {type: integer}]}
        made: {type: string, readOnly: true}
    Visit: {type: object, additionalProperties: false, required: [id], properties: {id: {type: string, format: uuid}, at: {type: string, format: date-time}}}
    Page:
      type: object
      additionalProperties: false
      required: [items, next_cursor]
      properties: {items: {type: array, items: {$ref: '#/components/schemas/Visit'}}, next_cursor: {type: string, nullable: true}}
`

const visitBody = `{"job_id":"018f4e5c-0000-7000-8000-000000000001","window_start":"2026-11-23T10:00","window_end":"2026-11-23T12:00:00+05:30",` +
	`"planned_minutes":45,"note":"Gate 2","crew":["018f4e5c-0000-7000-8000-000000000002"],"place":{"lat":28.6,"lon":77.2},"channel":"phone"}`

var loadOnce = sync.OnceValues(func() (*Contract, error) { return LoadContract([]byte(testSpec)) })

func testContract(t testing.TB) *Contract {
	t.Helper()
	ct, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return ct
}

type newVisit struct {
	ID      *uuid.UUID     `json:"id"`
	JobID   uuid.UUID      `json:"job_id"`
	Start   string         `json:"window_start"`
	End     string         `json:"window_end"`
	On      string         `json:"on"`
	SeenAt  string         `json:"seen_at"`
	Minutes int64          `json:"planned_minutes"`
	Number  int64          `json:"number"`
	Note    string         `json:"note"`
	Phone   string         `json:"phone"`
	Channel string         `json:"channel"`
	Crew    []uuid.UUID    `json:"crew"`
	Place   map[string]any `json:"place"`
	Urgent  bool           `json:"urgent"`
	Base    map[string]any `json:"base"`
	Choice  any            `json:"choice"`
}

type harness struct {
	t   testing.TB
	srv *Server
	log *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func newHarness(t testing.TB, change ...func(*Config)) *harness {
	h := &harness{t: t, log: &lockedBuffer{}}
	cfg := Config{
		Log:      slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Contract: testContract(t),
		Authenticate: func(c *fiber.Ctx) error {
			if BearerToken(c) != "good" {
				return domain.Fail(domain.CodeUnauthenticated, "Send an access token.")
			}
			return c.Next()
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	s := New(cfg)
	h.srv = s
	id := "018f4e5c-0000-7000-8000-000000000009"
	s.Handle("GET", "/v1/visits", func(c *fiber.Ctx) error {
		limit, err := Limit(c)
		if err != nil {
			return err
		}
		if _, err := QueryCursor(c); err != nil {
			return err
		}
		c.Set("X-Limit", fmt.Sprint(limit))
		return List[fiber.Map](c, nil, "")
	})
	s.Handle("POST", "/v1/visits", func(c *fiber.Ctx) error {
		var in newVisit
		if err := Decode(c, &in); err != nil {
			return err
		}
		if _, err := domain.ParseInstant(in.Start, time.UTC, "/window_start"); err != nil {
			return err
		}
		c.Set(fiber.HeaderLocation, "/v1/visits/"+id)
		return JSON(c, fiber.StatusCreated, fiber.Map{"id": id}, 1)
	})
	s.Handle("GET", "/v1/visits/{id}", func(c *fiber.Ctx) error {
		v, err := PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		return JSON(c, 200, fiber.Map{"id": v}, 4)
	})
	s.Handle("PATCH", "/v1/visits/{id}", func(c *fiber.Ctx) error {
		v, err := RequireIfMatch(c)
		if err != nil {
			return err
		}
		if v != 4 {
			ETag(c, 4)
			return domain.Fail(domain.CodeStale, "The present version is 4.")
		}
		return c.SendStatus(204)
	})
	s.Handle("POST", "/v1/visits/{id}/stop", func(c *fiber.Ctx) error {
		var in struct {
			Note  string `json:"note"`
			Count int    `json:"count"`
		}
		DecodeLenient(c, &in)
		return c.JSON(in)
	})
	s.Handle("POST", "/v1/visits/{id}/cancel", func(c *fiber.Ctx) error { return c.SendStatus(204) })
	s.Handle("POST", "/v1/imports/jobs", func(c *fiber.Ctx) error { return c.SendStatus(204) })
	s.Handle("GET", "/v1/search", func(c *fiber.Ctx) error { return c.SendStatus(204) })
	s.Handle("GET", "/v1/broken", func(c *fiber.Ctx) error {
		c.Set("ETag", `"9"`)
		c.Set("Location", "/x")
		switch c.Get("X-How") {
		case "panic":
			panic("secret table users")
		case "nil map":
			var m map[string]int
			m["x"] = 1
		case "deadline":
			return fmt.Errorf("query: %w", context.DeadlineExceeded)
		case "wait":
			<-c.UserContext().Done()
			return c.UserContext().Err()
		}
		return errors.New(`pq: relation "users" does not exist`)
	})
	s.Page("GET", "/c/{token}", func(c *fiber.Ctx) error {
		c.Set("Content-Type", "text/html; charset=utf-8")
		return c.SendString("<p>hello")
	})
	s.Page("POST", "/c/{token}", func(c *fiber.Ctx) error {
		form, err := Form(c)
		if err != nil {
			return err
		}
		c.Set("X-Reason", form.Get("reason"))
		return c.SendStatus(204)
	})
	return h
}

type answer struct {
	*http.Response
	body    []byte
	problem map[string]any
}

func (a answer) code() string { s, _ := a.problem["code"].(string); return s }

func (a answer) pointers() []string {
	var out []string
	list, _ := a.problem["errors"].([]any)
	for _, e := range list {
		out = append(out, e.(map[string]any)["pointer"].(string))
	}
	return out
}

// do sends a request as somebody signed in; headers as "Name: value".
func (h *harness) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer good")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	res, err := h.srv.App.Test(req, 20_000)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.read(method, path, res)
}

// read checks what holds for every answer.
func (h *harness) read(method, path string, res *http.Response) answer {
	h.t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	a := answer{Response: res, body: body}
	where := method + " " + shorten(path, 80)
	for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "Cache-Control"} {
		if res.Header.Get(name) == "" {
			h.t.Errorf("%s: no %s", where, name)
		}
	}
	if res.StatusCode >= 400 && method != "HEAD" && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		if ct := res.Header.Get("Content-Type"); ct != mediaProblem {
			h.t.Errorf("%s: %d with Content-Type %q: %s", where, res.StatusCode, ct, body)
		}
		if err := json.Unmarshal(body, &a.problem); err != nil {
			h.t.Fatalf("%s: %v in %q", where, err, body)
		}
		if a.problem["status"] != float64(res.StatusCode) || a.problem["instance"] != "urn:request:"+res.Header.Get("X-Request-Id") {
			h.t.Errorf("%s: %s", where, body)
		}
		if _, ok := domain.Code(a.code()).Lookup(); !ok {
			h.t.Errorf("%s: undeclared code %q", where, a.code())
		}
	}
	return a
}

func (h *harness) want(a answer, status int, code string, pointers ...string) {
	h.t.Helper()
	if a.StatusCode != status || a.code() != code || (len(pointers) > 0 && !slices.Equal(a.pointers(), pointers)) {
		h.t.Errorf("%s %s: %d %s %v, want %d %s %v: %s", a.Request.Method, shorten(a.Request.URL.String(), 100), a.StatusCode, a.code(),
			a.pointers(), status, code, pointers, shorten(string(a.body), 600))
	}
}

func TestRequestsAreJudgedByTheContract(t *testing.T) {
	h := newHarness(t)
	job := `"job_id":"018f4e5c-0000-7000-8000-000000000001"`
	start := `"window_start":"2026-11-23T10:00"`
	for _, tc := range []struct {
		name, body string
		status     int
		code       string
		pointers   []string
		detail     string // of the first
	}{
		{"good", visitBody, 201, "", nil, ""},
		{"empty", ``, 400, "malformed", []string{""}, "must not be empty"},
		{"array", `[]`, 400, "malformed", []string{""}, "must be an object"},
		{"null", `null`, 400, "malformed", []string{""}, "must not be null"},
		{"text", `"x"`, 400, "malformed", []string{""}, "must be an object"},
		{"missing", `{}`, 400, "malformed", []string{"/job_id", "/window_start"}, "is required"},
		{"unknown", `{` + job + `,` + start + `,"colour":1}`, 400, "malformed", []string{"/colour"}, "is not known here"},
		{"unknown with odd name", `{` + job + `,` + start + `,"a\"b/c\n":1}`, 400, "malformed", []string{"/a\"b~1c\n"}, "is not known here"},
		{"other case", `{` + job + `,` + start + `,"Note":"x"}`, 400, "malformed", []string{"/Note"}, "is not known here"},
		{"repeated", `{` + job + `,` + job + `,` + start + `}`, 400, "malformed", []string{"/job_id"}, "is given twice"},
		{"uuid", `{"job_id":"x",` + start + `}`, 400, "malformed", []string{"/job_id"}, "must be a UUID"},
		{"uuid in braces", `{"job_id":"{018f4e5c-0000-7000-8000-000000000001}",` + start + `}`, 400, "malformed", []string{"/job_id"},
			"must be a UUID"},
		{"instant", `{` + job + `,"window_start":"tomorrow"}`, 400, "malformed", []string{"/window_start"},
			"must be a date and time (RFC 3339, or local without an offset)"},
		{"year", `{` + job + `,"window_start":"2400-01-01T00:00"}`, 422, "unprocessable", []string{"/window_start"},
			"must be between 1970 and 2200"},
		{"date", `{` + job + `,` + start + `,"on":"2026-02-30"}`, 400, "malformed", []string{"/on"}, "must be a date (YYYY-MM-DD)"},
		{"date-time local", `{` + job + `,` + start + `,"seen_at":"2026-02-20T10:00"}`, 400, "malformed", []string{"/seen_at"},
			"must be a date and time with an offset (RFC 3339)"},
		{"fraction", `{` + job + `,` + start + `,"planned_minutes":7.5}`, 400, "malformed", []string{"/planned_minutes"},
			"must be a whole number"},
		{"low", `{` + job + `,` + start + `,"planned_minutes":4}`, 400, "malformed", []string{"/planned_minutes"}, "must be at least 5"},
		{"high", `{` + job + `,` + start + `,"planned_minutes":481}`, 400, "malformed", []string{"/planned_minutes"}, "must be at most 480"},
		{"number as text", `{` + job + `,` + start + `,"planned_minutes":"45"}`, 400, "malformed", []string{"/planned_minutes"},
			"must be a whole number"},
		{"2^63", `{` + job + `,` + start + `,"number":9223372036854775808}`, 400, "malformed", []string{"/number"}, "is out of range"},
		{"1e300", `{` + job + `,` + start + `,"number":1e300}`, 400, "malformed", []string{"/number"}, "is out of range"},
		{"1e309", `{` + job + `,` + start + `,"number":1e309}`, 400, "malformed", []string{"/number"}, "is a number out of range"},
		{"long", `{` + job + `,` + start + `,"note":"12345678901"}`, 400, "malformed", []string{"/note"}, "must have at most 10 characters"},
		{"null allowed", `{` + job + `,` + start + `,"note":null}`, 201, "", nil, ""},
		{"null refused", `{` + job + `,` + start + `,"channel":null}`, 400, "malformed", []string{"/channel"}, "must not be null"},
		{"enum", `{` + job + `,` + start + `,"channel":"pigeon"}`, 400, "malformed", []string{"/channel"}, "must be one of phone, sms"},
		{"hint", `{` + job + `,` + start + `,"phone":"12"}`, 400, "malformed", []string{"/phone"},
			"must be a phone number with its country (+91…)"},
		{"item", `{` + job + `,` + start + `,"crew":["x"]}`, 400, "malformed", []string{"/crew/0"}, "must be a UUID"},
		{"items", `{` + job + `,` + start + `,"crew":[1,2,3]}`, 400, "malformed", []string{"/crew", "/crew/0", "/crew/1", "/crew/2"},
			"must have at most 2 items"},
		{"inner", `{` + job + `,` + start + `,"place":{"lon":"x","alt":3}}`, 400, "malformed", []string{"/place/alt", "/place/lat", "/place/lon"},
			"is not known here"},
		{"bool", `{` + job + `,` + start + `,"urgent":"yes"}`, 400, "malformed", []string{"/urgent"}, "must be true or false"},
		{"allOf", `{` + job + `,` + start + `,"base":{"job_id":"x"}}`, 400, "malformed", []string{"/base/job_id", "/base/x"}, "must be a UUID"},
		{"oneOf", `{` + job + `,` + start + `,"choice":true}`, 400, "malformed", []string{"/choice"},
			"fits none of the forms that the contract lists"},
		{"read only", `{` + job + `,` + start + `,"made":"x"}`, 400, "malformed", []string{"/made"}, "is set by the server"},
		{"all at once", `{"job_id":1,"window_start":2,"x":3}`, 400, "malformed", []string{"/job_id", "/window_start", "/x"}, "must be a string"},
		{"large", `{` + job + `,"note":"` + strings.Repeat("x", MaxJSON) + `"}`, 413, "too_large", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h.t = t
			a := h.do("POST", "/v1/visits", tc.body, "Idempotency-Key: k", "Content-Type: application/json")
			h.want(a, tc.status, tc.code, tc.pointers...)
			if tc.detail != "" {
				if got := a.problem["errors"].([]any)[0].(map[string]any)["detail"]; got != tc.detail {
					t.Errorf("%q, want %q", got, tc.detail)
				}
			}
			if tc.status == 400 && tc.name != "unknown with odd name" && strings.Contains(string(a.body), "pigeon") {
				t.Error("the value is repeated")
			}
		})
	}
}

func TestQueries(t *testing.T) {
	h := newHarness(t)
	for query, pointer := range map[string]string{
		"":        "ok",
		"limit=1": "ok",
		"limit=200&status=arrived&date=2026-11-23": "ok",
		"kind=a&kind=b":                 "ok",
		"kind=a&kind=c":                 "#/query/kind/1",
		"all=true":                      "ok",
		"all=maybe":                     "#/query/all",
		"limit=0":                       "#/query/limit",
		"limit=201":                     "#/query/limit",
		"limit=x":                       "#/query/limit",
		"limit=1e2":                     "#/query/limit",
		"limit=99999999999999999999999": "#/query/limit",
		"limit=":                        "#/query/limit",
		"limit=1&limit=2":               "#/query/limit",
		"status=gone":                   "#/query/status",
		"status=":                       "#/query/status",
		"Status=arrived":                "#/query/Status",
		"date=2026-02-30":               "#/query/date",
		"technician_id=x":               "#/query/technician_id",
		"technicain_id=x":               "#/query/technicain_id",
		"status=%00":                    "#/query/status",
		"status=%ff":                    "#/query/status",
		"a/b~c=1":                       "#/query/a~1b~0c",
		"cursor=x":                      "#/query/cursor",
		"cursor=eyJ0IjoxfQ":             "#/query/cursor",
	} {
		a := h.do("GET", "/v1/visits?"+query, "")
		if pointer == "ok" {
			h.want(a, 200, "")
		} else {
			h.want(a, 400, "malformed", pointer)
		}
	}
	h.want(h.do("GET", "/v1/search", ""), 400, "malformed", "#/query/q")
	h.want(h.do("GET", "/v1/search?q=", ""), 400, "malformed", "#/query/q")
	h.want(h.do("GET", "/v1/search?q=x", ""), 400, "malformed", "#/query/q")
	h.want(h.do("GET", "/v1/search?q=xy", "", "Authorization: "), 204, "")
	if a := h.do("GET", "/v1/visits", ""); string(a.body) != `{"items":[],"next_cursor":null}` || a.Header.Get("X-Limit") != "50" {
		t.Errorf("%s", a.body)
	}
}

func TestMediaTypes(t *testing.T) {
	h := newHarness(t)
	for _, tc := range []struct {
		path, ct, body string
		status         int
	}{
		{"/v1/visits", "application/json", visitBody, 201},
		{"/v1/visits", "application/json; charset=utf-8", visitBody, 201},
		{"/v1/visits", "Application/JSON;charset=\"UTF-8\"", visitBody, 201},
		{"/v1/visits", "application/json; charset=iso-8859-1", visitBody, 415},
		{"/v1/visits", "application/json; charset=", visitBody, 415},
		{"/v1/visits", "", visitBody, 415},
		{"/v1/visits", "text/plain", visitBody, 415},
		{"/v1/visits", "application/xml", `<visit/>`, 415},
		{"/v1/visits", "application/x-www-form-urlencoded", "job_id=x", 415},
		{"/v1/visits", "multipart/form-data; boundary=x", "--x--", 415},
		{"/v1/visits", "multipart/form-data", "--x--", 415},
		{"/v1/visits", "application/vnd.api+json", visitBody, 415},
		{"/v1/visits", ";;;", visitBody, 415},
		{"/v1/visits", "application/json, text/plain", visitBody, 415},
		{"/v1/visits", "application/json", "job_id=x", 400},
		{"/v1/visits", "application/json", "<visit/>", 400},
		{"/v1/imports/jobs", "text/csv", "a,b\n", 204},
		{"/v1/imports/jobs", "text/csv; charset=utf-8", strings.Repeat("a,b\n", MaxJSON), 204},
		{"/v1/imports/jobs", "text/csv; charset=latin1", "a,b\n", 204},
		{"/v1/imports/jobs", "application/json", `{"a":"` + strings.Repeat("x", MaxJSON) + `"}`, 413},
		{"/v1/imports/jobs", "text/tab-separated-values", "a\tb", 415},
		{"/v1/visits/x/cancel", "application/json", "", 204},
		{"/v1/visits/x/cancel", "application/json", " {} ", 204},
		{"/v1/visits/x/cancel", "application/json", `{"reason":"x"}`, 400},
	} {
		headers := []string{"Idempotency-Key: k", "Content-Type: " + tc.ct}
		if a := h.do("POST", tc.path, tc.body, headers...); a.StatusCode != tc.status {
			t.Errorf("%s %q %.40q: %d, want %d: %s", tc.path, tc.ct, tc.body, a.StatusCode, tc.status, a.body)
		}
	}
	h.want(h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: k", "Content-Encoding: gzip"), 415, "unsupported_media_type")
	h.want(h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: k", "Content-Encoding: identity"), 201, "")
}

func TestHeadersOfOurOwn(t *testing.T) {
	h := newHarness(t)
	for key, ok := range map[string]bool{
		"abc": true, `"abc"`: true, `"a\"b"`: true, `"abc";x=1`: true, strings.Repeat("k", 255): true, uuid.NewString(): true,
		"": false, `""`: false, `"abc`: false, `"a b"`: false, "a b": false, `"a\b"`: false, `"abc"x`: false,
		strings.Repeat("k", 256): false, "ключ": false, `"`: false,
	} {
		a := h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: "+key)
		if ok {
			h.want(a, 201, "")
		} else {
			h.want(a, 400, "idempotency_key_required", "#/header/Idempotency-Key")
		}
	}
	for at, code := range map[string]string{
		"2026-11-23T10:00:00+05:30": "", "2026-11-23T10:00:00.123Z": "", "2026-11-23T10:00": "malformed",
		"yesterday": "malformed", "1763892000": "malformed", "2400-01-01T00:00:00Z": "unprocessable",
	} {
		a := h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: k", "Doorstep-Sent-At: "+at)
		if a.code() != code {
			t.Errorf("%s: %d %s, want %q", at, a.StatusCode, a.code(), code)
		}
	}
	h.want(h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: k", "X-Level: 5"), 400, "malformed", "#/header/X-Level")
	h.want(h.do("POST", "/v1/visits", visitBody, "Idempotency-Key: k", "X-Level: x"), 400, "malformed", "#/header/X-Level")
	for tag, status := range map[string]int{
		`"4"`: 204, `4`: 204, `W/"4"`: 204, `"3"`: 412, `"x"`: 412, `"-1"`: 412, `"99999999999999999999"`: 412,
		``: 428, `*`: 428, `"3", "4"`: 400, `"4`: 400, `"`: 400,
	} {
		a := h.do("PATCH", "/v1/visits/018f4e5c-0000-7000-8000-000000000001", `{"note":null}`, "If-Match: "+tag)
		if a.StatusCode != status {
			t.Errorf("If-Match %s: %d, want %d: %s", tag, a.StatusCode, status, a.body)
		}
		if a.StatusCode >= 400 && a.Header.Get("ETag") != "" {
			t.Errorf("If-Match %s: a problem with an ETag", tag)
		}
	}
}

func TestIDsInTheAddress(t *testing.T) {
	h := newHarness(t)
	id := uuid.NewString()
	a := h.do("GET", "/v1/visits/"+id, "")
	h.want(a, 200, "")
	if a.Header.Get("ETag") != `"4"` || !strings.Contains(string(a.body), id) {
		t.Errorf("%v %s", a.Header, a.body)
	}
	for _, bad := range []string{"7", "x", strings.ReplaceAll(id, "-", ""), "%7B" + id + "%7D", id + "%00", "..", "%2e%2e",
		strings.Repeat("a", 5000), "%ff", "%zz", "'%20OR%201=1--"} {
		h.want(h.raw("GET", "/v1/visits/"+bad), 404, "not_found")
	}
}

// raw takes any address, also those that net/url would refuse.
func (h *harness) raw(method, path string) answer {
	h.t.Helper()
	return h.wire(method + " " + path + " HTTP/1.1\r\nHost: doorstep.test\r\nAuthorization: Bearer good\r\n\r\n")
}

// wire sends bytes over a connection of its own and reads one answer.
func (h *harness) wire(request string) answer {
	h.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- h.srv.App.Server().Serve(ln) }()
	defer func() {
		ln.Close()
		<-served
	}()
	h.srv.App.Handler() // builds the routes
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	method, rest, _ := strings.Cut(request, " ")
	path, _, _ := strings.Cut(rest, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		h.t.Fatalf("%.60q: %v", request, err)
	}
	a := h.read(method, path, res)
	a.Request = httptest.NewRequest("GET", "/", nil)
	return a
}

func TestBrokenHTTP(t *testing.T) {
	h := newHarness(t)
	for name, tc := range map[string]struct {
		request string
		status  int
	}{
		"fine":            {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		"HTTP/1.0":        {"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n", 200},
		"no Host":         {"GET /healthz HTTP/1.1\r\n\r\n", 400},
		"empty Host":      {"GET /healthz HTTP/1.1\r\nHost: \r\n\r\n", 400},
		"two Hosts":       {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"NUL in a header": {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400},
		"NUL in Host":     {"GET /healthz HTTP/1.1\r\nHost: x\x00y\r\n\r\n", 400},
		"length and chunked": {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			400},
		"chunked and length": {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
			400},
		"two lengths":            {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
		"identity":               {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", 400},
		"gzip, chunked":          {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
		"folded":                 {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n", 400},
		"space before the colon": {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n", 400},
		"negative length":        {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
		"length no number":       {"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400},
		"large headers":          {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 40_000) + "\r\n\r\n", 431},
		"long address":           {"GET /healthz?" + strings.Repeat("a", 40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"no name":                {"GET /healthz HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n", 400},
		"no name, first":         {"GET /healthz HTTP/1.1\r\n:\r\nHost: x\r\n\r\n", 400},
		"no colon":               {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A\r\nX-B: b\r\n\r\n", 400},
		"space in a name":        {"GET /healthz HTTP/1.1\r\nHost: x\r\nX A: a\r\n\r\n", 400},
		"tab before the colon":   {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A\t: a\r\n\r\n", 400},
		"umlaut in a name":       {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-\u00c4: a\r\n\r\n", 400},
		"brackets in a name":     {"GET /healthz HTTP/1.1\r\nHost: x\r\nX(A): a\r\n\r\n", 400},
		"bare CR in a value":     {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\rX-B: b\r\n\r\n", 400},
		"bare CR in a name":      {"GET /healthz HTTP/1.1\r\nHost: x\r\nX\rA: a\r\n\r\n", 400},
		"bare CR before the end": {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\r\r\n\r\n", 400},
		"bare CR as a line":      {"GET /healthz HTTP/1.1\r\nHost: x\r\n\rX-A: a\r\n\r\n", 400},
		"bare CR, first line":    {"GET /healthz\r HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"bare CR, version":       {"GET /healthz HTTP/1.1\r\r\nHost: x\r\n\r\n", 400},
		"bare CR, method":        {"G\rET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"bell in a value":        {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\ab\r\n\r\n", 400},
		"DEL in a value":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\x7fb\r\n\r\n", 400},
		"tab in a value":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\tb\r\n\r\n", 200},
		"bare LF as line end":    {"GET /healthz HTTP/1.1\nHost: x\nX-A: a\n\n", 200},
		"space in the address":   {"GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"version 2":              {"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 400},
		"no such version":        {"GET /healthz HTTPS/1.1\r\nHost: x\r\n\r\n", 400},
		"chunks in 1.0":          {"POST /v1/visits HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"11 MiB":                 {"POST /v1/imports/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 11534336\r\n\r\n", 401},
		"11 MiB, signed in":      {"POST /v1/imports/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: text/csv\r\nContent-Length: 11534336\r\n\r\n", 413},
		"unknown method":         {"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		"method in lower case":   {"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		"unknown method, 404":    {"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		"TRACE":                  {"TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		"CONNECT":                {"CONNECT /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		"no path":                {"GET  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"chunked":                {"POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 204},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			if a := h.wire(tc.request); a.StatusCode != tc.status {
				t.Errorf("%d, want %d: %s", a.StatusCode, tc.status, a.body)
			} else if a.StatusCode == 405 && !strings.Contains(a.Header.Get("Allow"), "GET") {
				t.Errorf("Allow %q", a.Header.Get("Allow"))
			}
		})
	}
}

func TestAddressesAndMethods(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/nothing", "/V1/visits", "/v1/Visits", "/v1/visits/", "//v1/visits", "/v1//visits",
		"/v1/./visits", "/v1/%76isits"} {
		h.want(h.raw("GET", path), 404, "not_found")
	}
	a := h.do("DELETE", "/v1/visits", "", "Authorization: ")
	h.want(a, 405, "method_not_allowed")
	if got := strings.Split(a.Header.Get("Allow"), ", "); !slices.Equal(got, []string{"GET", "HEAD", "POST", "OPTIONS"}) {
		t.Errorf("Allow %q", got)
	}
	a = h.do("OPTIONS", "/v1/visits", "", "Authorization: ")
	if a.StatusCode != 204 || !strings.Contains(a.Header.Get("Allow"), "POST") || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	h.want(h.do("OPTIONS", "/v1/nothing", ""), 404, "not_found")
	a = h.do("HEAD", "/v1/visits", "")
	if a.StatusCode != 200 || len(a.body) != 0 || a.ContentLength != int64(len(`{"items":[],"next_cursor":null}`)) {
		t.Errorf("HEAD: %d %d %q", a.StatusCode, a.ContentLength, a.body)
	}
	if a := h.do("HEAD", "/v1/visits?limit=0", ""); a.StatusCode != 400 || len(a.body) != 0 {
		t.Errorf("HEAD: %d %q", a.StatusCode, a.body)
	}
	a = h.do("GET", "/v1/visits", "", "Authorization: ")
	h.want(a, 401, "unauthenticated")
	if a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%v", a.Header)
	}
}

// Nothing refuses a stop: whatever is sent, it is taken, and what can be
// understood is understood.
func TestLenientTakesEverything(t *testing.T) {
	h := newHarness(t)
	const path = "/v1/visits/x/stop"
	for name, body := range nastyBodies {
		for _, ct := range []string{"application/json", "application/xml", "multipart/form-data", "text/csv"} {
			if a := h.do("POST", path, body, "Content-Type: "+ct, "Idempotency-Key: "+`"`, "Doorstep-Sent-At: x", "If-Match: ,",
				"Content-Encoding: gzip"); a.StatusCode != 200 {
				t.Errorf("%s as %s: %d %s", name, ct, a.StatusCode, a.body)
			}
		}
	}
	for body, want := range map[string]string{
		``:                               `{"note":"","count":0}`,
		`{"note":"knife"}`:               `{"note":"knife","count":0}`,
		`{"note":"knife","count":"x"}`:   `{"note":"knife","count":0}`,
		`{"note":7,"count":2,"z":[]}`:    `{"note":"","count":2}`,
		`{"note":"\ud800","count":2}`:    `{"note":"�","count":2}`,
		`{"note":"a\u0000","count":2}`:   `{"note":"a","count":2}`,
		`{"note":"a","count":2,"cut":"o`: `{"note":"a","count":2}`,
		`{"NOTE":"x"}`:                   `{"note":"","count":0}`,
		`[1]`:                            `{"note":"","count":0}`,
	} {
		if a := h.do("POST", path, body, "Content-Type: text/plain"); string(a.body) != want {
			t.Errorf("%s: %s, want %s", body, a.body, want)
		}
	}
}

// Whatever stands in the body, the answer is the caller's mistake and never ours.
func TestNastyBodiesNever5xx(t *testing.T) {
	h := newHarness(t)
	for name, body := range nastyBodies {
		for _, path := range []string{"/v1/visits", "/v1/imports/jobs", "/v1/visits/x/cancel", "/c/x"} {
			for _, ct := range []string{"application/json", "application/x-www-form-urlencoded", "application/xml", "text/csv"} {
				a := h.do("POST", path, body, "Content-Type: "+ct, "Idempotency-Key: k")
				if a.StatusCode >= 500 || (path == "/v1/visits" && a.StatusCode < 400) {
					t.Errorf("%s as %s to %s: %d %s", name, ct, path, a.StatusCode, a.body)
				}
				if len(a.body) > 4096 {
					t.Errorf("%s as %s to %s: an answer of %d bytes", name, ct, path, len(a.body))
				}
			}
		}
	}
}

func TestPages(t *testing.T) {
	h := newHarness(t)
	a := h.do("GET", "/c/secrettoken?lang=hi", "", "Accept: text/html")
	if a.StatusCode != 200 || a.Header.Get("Content-Security-Policy") != pageCSP || a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	const form = "Content-Type: application/x-www-form-urlencoded"
	if a := h.do("POST", "/c/secrettoken", "reason=not+at+home", form); a.StatusCode != 204 || a.Header.Get("X-Reason") != "not at home" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	h.want(h.do("POST", "/c/secrettoken", "reason="+strings.Repeat("x", MaxForm), form), 413, "too_large")
	h.want(h.do("POST", "/c/secrettoken", `{"reason":"x"}`), 415, "unsupported_media_type")
	h.want(h.do("POST", "/c/secrettoken", "reason=%00", form), 400, "malformed")
	h.want(h.do("POST", "/c/secrettoken", "reason=%ff", form), 400, "malformed")
	h.want(h.do("POST", "/c/secrettoken", strings.Repeat("a=1&", 200), form), 400, "malformed")
	h.want(h.do("GET", "/c/secrettoken?x=%00", ""), 400, "malformed")
	a = h.do("POST", "/c/secrettoken", "reason=%00", form, "Accept: text/html,*/*")
	if a.StatusCode != 400 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") ||
		!strings.Contains(string(a.body), "<h1>Malformed request</h1>") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	log := h.log.String()
	if strings.Contains(log, "secrettoken") || strings.Contains(log, "lang=hi") || !strings.Contains(log, "route=/c/{token}") {
		t.Errorf("the log: %s", log)
	}
}

func TestDefectsSayNothing(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Deadline = 50 * time.Millisecond })
	for _, how := range []string{"panic", "nil map", "error"} {
		a := h.do("GET", "/v1/broken", "", "X-How: "+how, "X-Request-Id: req-"+strings.ReplaceAll(how, " ", "_"))
		h.want(a, 500, "internal")
		for _, leak := range []string{"users", "pq:", "goroutine", "nil map", ".go"} {
			if strings.Contains(string(a.body), leak) {
				t.Errorf("%s: the answer says %q: %s", how, leak, a.body)
			}
		}
		if a.Header.Get("ETag")+a.Header.Get("Location") != "" {
			t.Errorf("%s: headers of the success are left: %v", how, a.Header)
		}
	}
	log := h.log.String()
	for _, want := range []string{"secret table users", "goroutine", "request_id=req-panic", `relation \"users\"`, "level=ERROR"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	for _, how := range []string{"deadline", "wait"} {
		a := h.do("GET", "/v1/broken", "", "X-How: "+how)
		h.want(a, 503, "unavailable")
		if a.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
	}
}

func TestRequestIDs(t *testing.T) {
	h := newHarness(t)
	for id, kept := range map[string]bool{"abc-1.2_3": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false,
		"a\tb": false, "é": false, `"><script>`: false, "": false} {
		got := h.do("GET", "/healthz", "", "X-Request-Id: "+id).Header.Get("X-Request-Id")
		if (got == id) != kept || got == "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	var down error
	h := newHarness(t, func(c *Config) {
		c.Ready = func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("no deadline")
			}
			return down
		}
		c.BaseURL = "https://doorstep.example/"
	})
	h.want(h.do("GET", "/healthz", ""), 200, "")
	h.want(h.do("GET", "/livez", ""), 200, "")
	a := h.do("GET", "/readyz", "")
	h.want(a, 200, "")
	if a.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS under https")
	}
	down = errors.New("dial tcp 10.0.0.7:5432: refused")
	a = h.do("GET", "/readyz", "")
	h.want(a, 503, "unavailable")
	if a.Header.Get("Retry-After") == "" || strings.Contains(string(a.body), "10.0.0.7") ||
		a.problem["type"] != "https://doorstep.example/problems/unavailable" {
		t.Errorf("%v %s", a.Header, a.body)
	}
	h.want(h.do("GET", "/healthz", ""), 200, "")
	h.want(h.do("GET", "/livez", ""), 200, "")
	down = nil
	h.srv.draining.Store(true)
	h.want(h.do("GET", "/readyz", ""), 503, "unavailable")
	if a := h.do("GET", "/healthz", ""); a.StatusCode != 200 || !a.Close {
		t.Errorf("%d, close %v", a.StatusCode, a.Close)
	}
}

func TestDrainFinishesWhatRuns(t *testing.T) {
	s := New(Config{Log: slog.New(slog.DiscardHandler)})
	entered, release := make(chan struct{}), make(chan struct{})
	s.Handle("GET", "/v1/slow", func(c *fiber.Ctx) error {
		close(entered)
		<-release
		return c.SendString("done")
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + ln.Addr().String() + "/v1/slow")
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		got <- string(b)
	}()
	<-entered
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(t.Context()) }()
	for !s.draining.Load() {
		runtime.Gosched()
	}
	close(release)
	if b := <-got; b != "done" {
		t.Errorf("the running request got %q", b)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	h := newHarness(t)
	h.do("GET", "/v1/visits?limit=3", "")
	h.do("GET", "/v1/visits/"+uuid.NewString(), "")
	h.do("GET", "/c/secrettoken", "")
	for i := range 50 {
		h.do("GET", fmt.Sprintf("/wp-admin/%d", i), "")
	}
	h.raw("BREW", "/v1/visits")
	rec := httptest.NewRecorder()
	h.srv.Metrics().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body := rec.Body.String()
	for _, want := range []string{
		`doorstep_http_request_duration_seconds_count{method="GET",route="/v1/visits",status="200"} 1`,
		`doorstep_http_request_duration_seconds_count{method="GET",route="/v1/visits/{id}",status="200"} 1`,
		`doorstep_http_request_duration_seconds_count{method="GET",route="/c/{token}",status="200"} 1`,
		`doorstep_http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 50`,
		`doorstep_http_request_duration_seconds_count{method="TRACE",route="unmatched",status="405"} 1`,
		"doorstep_http_requests_in_flight 0", "go_goroutines",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, "secrettoken") || strings.Contains(body, "wp-admin") {
		t.Error("addresses leak into metrics")
	}
}

func TestClientIP(t *testing.T) {
	for _, tc := range []struct {
		proxies []string
		xff     string
		want    string
	}{
		{nil, "", "0.0.0.0"},
		{nil, "203.0.113.7", "0.0.0.0"},
		{[]string{"0.0.0.0/32"}, "203.0.113.7", "203.0.113.7"},
		{[]string{"0.0.0.0/32"}, "6.6.6.6, 203.0.113.7", "203.0.113.7"},
		{[]string{"0.0.0.0/32", "10.0.0.0/8"}, "6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"},
		{[]string{"0.0.0.0/32"}, "6.6.6.6, rubbish", "0.0.0.0"},
		{[]string{"0.0.0.0/32"}, "::ffff:203.0.113.7", "203.0.113.7"},
		{[]string{"10.0.0.0/8"}, "203.0.113.7", "0.0.0.0"},
	} {
		cfg := Config{Log: slog.New(slog.DiscardHandler)}
		for _, p := range tc.proxies {
			cfg.TrustedProxies = append(cfg.TrustedProxies, netip.MustParsePrefix(p))
		}
		s := New(cfg)
		var got string
		s.Handle("GET", "/v1/ip", func(c *fiber.Ctx) error { got = s.ClientIP(c).String(); return nil })
		req := httptest.NewRequest("GET", "/v1/ip", nil)
		if tc.xff != "" {
			req.Header.Set("X-Forwarded-For", tc.xff)
		}
		if _, err := s.App.Test(req); err != nil {
			t.Fatal(err)
		}
		if got != tc.want {
			t.Errorf("%v %q: %s, want %s", tc.proxies, tc.xff, got, tc.want)
		}
	}
}

func TestRoutesAreCheckedAtStart(t *testing.T) {
	nop := func(c *fiber.Ctx) error { return nil }
	mustPanic := func(name string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s is let through", name)
			}
		}()
		f()
	}
	auth := func(c *fiber.Ctx) error { return c.Next() }
	quiet := slog.New(slog.DiscardHandler)
	s := New(Config{Log: quiet, Contract: testContract(t), Authenticate: auth})
	mustPanic("a route without an operation", func() { s.Handle("GET", "/v1/unknown", nop) })
	s.Handle("GET", "/v1/visits/{id}", nop)
	mustPanic("a route twice", func() { s.Handle("GET", "/v1/visits/{id}", nop) })
	bare := New(Config{Log: quiet})
	bare.Handle("GET", "/v1/visits/{id}", nop)
	mustPanic("a route behind one that swallows it", func() { bare.Handle("GET", "/v1/visits/export", nop) })
	open := New(Config{Log: quiet, Contract: testContract(t)})
	mustPanic("a route without authentication", func() { open.Handle("GET", "/v1/visits/{id}", nop) })
	open.Handle("GET", "/v1/search", nop)

	h := newHarness(t)
	var routes, operations []string
	for _, r := range h.srv.Routes() {
		routes = append(routes, r.Path+" "+r.Method)
	}
	for _, o := range testContract(t).Operations() {
		operations = append(operations, o.Path+" "+o.Method)
	}
	slices.Sort(routes)
	slices.Sort(operations)
	if !slices.Equal(routes, operations) {
		t.Errorf("routes %v\noperations %v", routes, operations)
	}
}

func TestOperations(t *testing.T) {
	ct := testContract(t)
	o, ok := ct.Find("GET", "/v1/visits")
	if !ok || o.ID != "listVisits" || o.Tag != "Visits" || !slices.Equal(o.Roles, []string{"technician", "coordinator"}) || o.Public ||
		o.Lenient {
		t.Errorf("%+v", o)
	}
	if o, ok := ct.Find("POST", "/v1/visits/abc/stop"); !ok || !o.Lenient {
		t.Errorf("%+v", o)
	}
	if o, ok := ct.Find("GET", "/v1/search"); !ok || !o.Public {
		t.Errorf("%+v", o)
	}
	for _, bad := range []string{"/v1/visits/", "/v1/visits/a/b/c", "/", ""} {
		if o, ok := ct.Find("GET", bad); ok {
			t.Errorf("%q is %s", bad, o.Path)
		}
	}
}

func TestValidateResponse(t *testing.T) {
	ct := testContract(t)
	header := func(lines ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(lines); i += 2 {
			h.Set(lines[i], lines[i+1])
		}
		return h
	}
	asJSON := header("Content-Type", "application/json")
	id := uuid.NewString()
	for _, tc := range []struct {
		method, path string
		status       int
		header       http.Header
		body         string
		ok           bool
	}{
		{"GET", "/v1/visits/" + id, 200, asJSON, `{"id":"` + id + `"}`, true},
		{"GET", "/v1/visits/" + id + "?x=1", 200, asJSON, `{"id":"` + id + `"}`, true},
		{"HEAD", "/v1/visits/" + id, 200, asJSON, ``, true},
		{"GET", "/v1/visits/" + id, 200, asJSON, `{"id":"x"}`, false},
		{"GET", "/v1/visits/" + id, 200, asJSON, `{"id":"` + id + `","extra":1}`, false},
		{"GET", "/v1/visits/" + id, 200, asJSON, `{"id":"` + id + `","at":"2026-11-23T10:00"}`, false},
		{"GET", "/v1/visits/" + id, 200, asJSON, `{}`, false},
		{"GET", "/v1/visits/" + id, 200, header("Content-Type", "text/plain"), `x`, false},
		{"GET", "/v1/visits", 200, asJSON, `{"items":null,"next_cursor":null}`, false},
		{"GET", "/v1/visits", 200, asJSON, `{"items":[],"next_cursor":null}`, true},
		{"POST", "/v1/visits", 201, asJSON, `{"id":"` + id + `"}`, false}, // no ETag
		{"POST", "/v1/visits", 201, header("Content-Type", "application/json", "ETag", `"1"`), `{"id":"` + id + `"}`, true},
		{"GET", "/v1/visits", 200, header("Content-Type", "application/json", "ETag", `"1"`), `{"items":[],"next_cursor":null}`, false},
		{"PATCH", "/v1/visits/" + id, 200, asJSON, `{}`, false},
		{"PATCH", "/v1/visits/" + id, 204, header(), ``, true},
		{"GET", "/v1/visits", 404, header("Content-Type", mediaProblem),
			`{"type":"t","title":"t","status":404,"detail":"d","instance":"i","code":"c","hold":{}}`, true},
		{"GET", "/v1/visits", 404, header("Content-Type", mediaProblem), `{"type":"t"}`, false},
		{"GET", "/v1/visits", 404, asJSON, `{}`, false},
		{"GET", "/c/token", 200, header("Content-Type", "text/html; charset=utf-8"), `<p>`, true},
		{"GET", "/c/token", 200, header("Content-Type", "text/plain"), `<p>`, false},
		{"GET", "/v1/nowhere", 200, asJSON, `{}`, false},
	} {
		if err := ct.ValidateResponse(tc.method, tc.path, tc.status, tc.header, []byte(tc.body)); (err == nil) != tc.ok {
			t.Errorf("%s %s %d %s: %v, want ok %v", tc.method, tc.path, tc.status, tc.body, err, tc.ok)
		}
	}
}

func TestLoadContractRefuses(t *testing.T) {
	for name, spec := range map[string]string{
		"rubbish":    "x: [",
		"no paths":   "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n",
		"2020 const": "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {parameters: [{name: q, in: query, schema: {const: x}}], responses: {'200': {description: d}}}}}\n",
		"dangling":   "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {responses: {'200': {$ref: '#/components/responses/X'}}}}}\n",
	} {
		if _, err := LoadContract([]byte(spec)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The contract that is served passes the checks of the server that serves it.
func TestTheServedContractLoads(t *testing.T) {
	data, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ct, err := LoadContract(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ct.reference(""); err != nil {
		t.Error(err)
	}
}

// A contract of OpenAPI 3.1 is judged by the same fast validator.
func TestContract31(t *testing.T) {
	spec := `{openapi: 3.1.0, info: {title: T, version: '1'}, paths: {/v1/a: {post: {security: [], requestBody: {required: true, content: {application/json: {schema:
	  {type: object, additionalProperties: false, properties: {note: {type: [string, 'null'], maxLength: 3}}}}}}, responses: {'200': {description: d}}}}}}`
	ct, err := LoadContract([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Log: slog.New(slog.DiscardHandler), Contract: ct})
	s.Handle("POST", "/v1/a", func(c *fiber.Ctx) error { return nil })
	h := &harness{t: t, srv: s}
	h.want(h.do("POST", "/v1/a", `{"note":null}`), 200, "")
	h.want(h.do("POST", "/v1/a", `{"note":"abc"}`), 200, "")
	a := h.do("POST", "/v1/a", `{"note":7}`)
	h.want(a, 400, "malformed", "/note")
	if !strings.Contains(string(a.body), "must be a string or null") {
		t.Errorf("%s", a.body)
	}
}

func TestProblems(t *testing.T) {
	h := newHarness(t)
	for _, info := range domain.Codes() {
		if s := statusOf(info.Kind); s == 500 && info.Kind != domain.KindInternal {
			t.Errorf("%s has no status", info.Code)
		}
		a := h.do("GET", "/problems/"+string(info.Code), "", "Accept: text/html", "Authorization: ")
		page := string(a.body)
		if a.StatusCode != 200 || !strings.Contains(page, string(info.Code)) || !strings.Contains(page, `lang="en"`) ||
			strings.Contains(page, "<script") {
			t.Errorf("%s: %d %s", info.Code, a.StatusCode, page)
		}
		a = h.do("GET", "/problems/"+string(info.Code), "", "Accept: application/json")
		var m map[string]any
		if json.Unmarshal(a.body, &m) != nil || m["remedy"] != info.Remedy {
			t.Errorf("%s: %s", info.Code, a.body)
		}
		p := ProblemOf(domain.Fail(info.Code, "x"))
		if p.Status != statusOf(info.Kind) || p.Code != info.Code || p.Title != info.Title {
			t.Errorf("%s: %+v", info.Code, p)
		}
	}
	h.want(h.do("GET", "/problems/nothing", ""), 404, "not_found")
	h.want(h.do("GET", "/problems/<script>", ""), 404, "not_found")
	if a := h.do("GET", "/problems", "", "Accept: text/html"); strings.Count(string(a.body), "<li>") != len(domain.Codes()) {
		t.Errorf("%s", a.body)
	}
}

func TestProblemMembers(t *testing.T) {
	e := domain.Fail(domain.CodeOnHold, "A hold forbids it.").At("/job_id", "is held").
		With("hold", map[string]any{"reason": "safety"}).With("code", "mine").With("status", 200).Because(errors.New("secret"))
	b, err := json.Marshal(ProblemOf(fmt.Errorf("wrapped: %w", e)))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"","title":"A hold forbids it","status":409,"detail":"A hold forbids it.","instance":"","code":"held","errors":[{"pointer":"/job_id","detail":"is held"}],"hold":{"reason":"safety"}}`
	if string(b) != want {
		t.Errorf("%s\nwant %s", b, want)
	}
	for _, bad := range []error{
		domain.Fail(domain.CodeOnHold, "x").With("f", func() {}),
		domain.Fail(domain.CodeOnHold, "x\xff\x00"),
	} {
		if b, err := json.Marshal(ProblemOf(bad)); err != nil || !json.Valid(b) {
			t.Errorf("%s %v", b, err)
		}
	}
	throttled := domain.Fail(domain.CodeThrottled, "x")
	throttled.RetryAfter = 1500 * time.Millisecond
	s := New(Config{Log: slog.New(slog.DiscardHandler)})
	s.Handle("GET", "/v1/x", func(c *fiber.Ctx) error { return throttled })
	h := &harness{t: t, srv: s}
	a := h.do("GET", "/v1/x", "")
	h.want(a, 429, "throttled")
	if a.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	many := domain.Fail(domain.CodeMalformed, "x")
	for i := range 100 {
		many.At(fmt.Sprint("/", i), "x")
	}
	if p := ProblemOf(many); len(p.Errors) != maxErrors {
		t.Errorf("%d errors", len(p.Errors))
	}
}

func TestCursors(t *testing.T) {
	k := Cursor{time.Date(2026, 11, 23, 10, 0, 0, 123456000, time.UTC), uuid.New()}
	s := EncodeCursor(k)
	if strings.ContainsAny(s, "+/=") {
		t.Errorf("%s is no good in an address", s)
	}
	var got Cursor
	if err := DecodeCursor(s, &got); err != nil || !got.At.Equal(k.At) || got.ID != k.ID {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "x", s + "x", s[:len(s)-2], "!" + s, EncodeCursor(map[string]int{"t": 1}),
		EncodeCursor(map[string]string{"z": "1"}), strings.Repeat("A", 4096)} {
		var c Cursor
		if err := DecodeCursor(bad, &c); !domain.IsCode(err, domain.CodeMalformed) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	h := newHarness(t)
	h.want(h.do("GET", "/v1/visits?cursor="+s, ""), 200, "")
	for _, bad := range []any{Cursor{}, Cursor{ID: uuid.New()}, Cursor{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: uuid.New()}} {
		h.want(h.do("GET", "/v1/visits?cursor="+EncodeCursor(bad), ""), 400, "malformed", "#/query/cursor")
	}
}

func TestDocs(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.BaseURL = "https://doorstep.example" })
	a := h.do("GET", "/docs", "", "Authorization: ")
	page := string(a.body)
	for _, want := range []string{"/v1/visits/{id}/stop", "planned_minutes", "technician, coordinator", "At most 480.", "place.lat",
		`href="#tag-visits"`, `id="post--v1-visits"`, "Idempotency-Key", "curl -X POST", "https://doorstep.example/v1/search?q=Q",
		"One of phone, sms."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	if strings.Contains(page, "Unused") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page has parts that it should not")
	}
	// Its style is the one the CSP names, and it asks nobody for anything.
	if !strings.Contains(page, "<style>"+docCSS+"</style>") || a.Header.Get("Content-Security-Policy") != docCSP {
		t.Errorf("%s", a.Header.Get("Content-Security-Policy"))
	}
	if m := regexp.MustCompile(`<(script|link|img|iframe|object|embed)\b|style=|\son[a-z]+=|url\(|@import`).FindString(page); m != "" {
		t.Errorf("the page has %q", m)
	}
	tag := a.Header.Get("ETag")
	if again := h.do("GET", "/docs", "", "If-None-Match: "+tag); again.StatusCode != 304 || len(again.body) != 0 || tag == "" {
		t.Errorf("%d %d bytes", again.StatusCode, len(again.body))
	}
	y := h.do("GET", "/openapi.yaml", "")
	if string(y.body) != testSpec || y.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%v", y.Header)
	}
}

// Strings of one request must not change under the next.
func TestStringsOutliveTheirRequest(t *testing.T) {
	s := New(Config{Log: slog.New(slog.DiscardHandler)})
	var kept []string
	s.Handle("GET", "/v1/{x}", func(c *fiber.Ctx) error {
		kept = append(kept, c.Params("x")+c.Query("q")+c.Get("X-H"))
		return nil
	})
	for _, x := range []string{"aaaa", "bbbb"} {
		req := httptest.NewRequest("GET", "/v1/"+x+"?q="+x, nil)
		req.Header.Set("X-H", x)
		if _, err := s.App.Test(req); err != nil {
			t.Fatal(err)
		}
	}
	if kept[0] != "aaaaaaaaaaaa" || kept[1] != "bbbbbbbbbbbb" {
		t.Errorf("%q", kept)
	}
}

func FuzzRequests(f *testing.F) {
	h := newHarness(f)
	for _, b := range nastyBodies {
		if len(b) < 500 {
			f.Add(b, "application/json", "limit=1")
		}
	}
	f.Add(visitBody, "application/json", "cursor=x&limit=%00")
	f.Fuzz(func(t *testing.T, body, ct, query string) {
		for _, method := range []string{"GET", "POST"} {
			req := httptest.NewRequest(method, "/v1/visits", strings.NewReader(body))
			req.URL.RawQuery = strings.Map(func(r rune) rune {
				if r <= ' ' || r > '~' || r == '#' {
					return 'x'
				}
				return r
			}, query)
			req.Header.Set("Authorization", "Bearer good")
			req.Header.Set("Idempotency-Key", "k")
			req.Header["Content-Type"] = []string{strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return 'x'
				}
				return r
			}, ct)}
			res, err := h.srv.App.Test(req, 20_000)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode >= 500 {
				b, _ := io.ReadAll(res.Body)
				t.Fatalf("%s %q %q %q: %d %s", method, query, ct, body, res.StatusCode, b)
			}
		}
	})
}

func benchRequest(b *testing.B, method, path, body string) {
	h := newHarness(b, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	handler := h.srv.App.Handler()
	ctx := newRequest(method, path, body)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		ctx.ResetUserValues()
		handler(ctx)
		if ctx.Response.StatusCode() >= 300 {
			b.Fatal(string(ctx.Response.Body()))
		}
	}
}

func BenchmarkCreate(b *testing.B) { benchRequest(b, "POST", "/v1/visits", visitBody) }
func BenchmarkList(b *testing.B) {
	benchRequest(b, "GET", "/v1/visits?limit=20&status=arrived&date=2026-11-23", "")
}
func BenchmarkHealth(b *testing.B) { benchRequest(b, "GET", "/healthz", "") }

// BenchmarkJudge is the contract's share of BenchmarkCreate.
func BenchmarkJudge(b *testing.B) {
	o, _ := testContract(b).operation("POST", "/v1/visits")
	schema := o.op.RequestBody.Value.Content["application/json"].Schema.Value
	body := []byte(visitBody)
	b.ReportAllocs()
	for b.Loop() {
		v, err := parseJSON(body)
		if err != nil {
			b.Fatal(err)
		}
		if err := schema.VisitJSON(v, bodyOptions...); err != nil {
			b.Fatal(err)
		}
	}
}
