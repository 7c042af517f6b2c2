package contract

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"doorstep"
	"doorstep/api/web"
	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/repo/repotest"
)

// nasty sends what no client should send to every operation, and notes each
// answer: the engines must agree on all of them.
type nasty struct {
	*harness.Harness
	doc      *openapi3.T
	client   *http.Client
	target   map[string]any // by segment of the path: what is spoilt next
	spent    map[string]bool
	versions map[string]string // path → ETag
	slot     int
	jobs     int
	customer object
	area     string
	link     string
	answers  map[string]string
	sent     int
}

var loadSpec = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(doorstep.OpenAPI) })

// expected statuses of a request that somebody got wrong.
var refusals = []int{400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 431}

func newNasty(h *harness.Harness) *nasty {
	doc, err := loadSpec()
	h.Must(err)
	n := &nasty{Harness: h, doc: doc, target: map[string]any{}, spent: map[string]bool{}, versions: map[string]string{},
		answers: map[string]string{},
		client: &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request,
			[]*http.Request) error {
			return http.ErrUseLastResponse
		}}}
	root, desk := h.As("root"), h.As("kiran")
	var pune string
	for _, a := range root.Send("GET", "/v1/areas", nil, 200)["items"].([]any) {
		if a.(object)["name"] == "Pune" {
			pune = a.(object)["id"].(string)
		}
	}
	n.area = pune
	n.target["areas"] = root.Send("POST", "/v1/areas", object{"name": "Spoilt"}, 201)["id"]
	n.target["centres"] = root.Send("POST", "/v1/centres", object{"area_id": pune, "name": "Spoilt", "zone": "Europe/London", "country": "GB"},
		201)["id"]
	n.target["users"], n.target["technicians"] = h.People["meena"].ID, h.People["meena"].ID
	n.customer, _ = h.Household(desk, nil)
	n.target["customers"] = n.customer["id"]
	n.target["appliances"] = desk.Send("POST", "/v1/appliances", object{"customer_id": n.customer["id"]}, 201)["id"]
	n.target["inbox"], n.target["sos"], n.target["me"] = uuid.New(), uuid.New(), uuid.New()
	return n
}

// fresh makes the object that the operation is about, when the last one was
// used up.
func (n *nasty) fresh(segment string) {
	if n.target[segment] != nil && !n.spent[segment] {
		return
	}
	desk := n.As("kiran")
	switch segment {
	case "jobs":
		if n.jobs++; n.jobs%20 == 0 { // a contact counts on all open jobs of a household
			n.customer, _ = n.Household(desk, nil)
		}
		n.target["jobs"] = desk.Send("POST", "/v1/jobs", object{"customer_id": n.customer["id"], "category": "refrigerator"}, 201)["id"]
	case "visits":
		n.spent["jobs"] = true
		n.fresh("jobs")
		from := harness.Monday.AddDate(0, 0, 14+n.slot/100).Add(time.Duration(n.slot%100) * 5 * time.Minute)
		n.slot++
		n.target["visits"] = desk.Send("POST", fmt.Sprintf("/v1/jobs/%s/visits", n.target["jobs"]),
			object{"window_start": from, "window_end": from.Add(2 * time.Hour), "planned_minutes": 5,
				"crew": []any{n.People["ravi"].ID}}, 201)["id"]
		n.spent["jobs"] = true
	case "thanks":
		_, thanks := n.Compliment("ravi", "Thank you")
		n.target["thanks"] = thanks["id"]
	case "tried-steps":
		n.fresh("jobs")
		n.target["tried-steps"] = desk.Send("POST", fmt.Sprintf("/v1/jobs/%s/tried-steps", n.target["jobs"]),
			object{"step": "step " + uuid.NewString(), "result": "failed"}, 201)["id"]
	case "leave":
		n.slot++
		from := harness.Monday.AddDate(1, 0, n.slot)
		n.target["leave"] = n.As("ravi").AskLeave(from.Format(time.RFC3339), from.Add(time.Hour).Format(time.RFC3339), 201)["id"]
	case "maintenance":
		n.target["maintenance"] = desk.Send("POST", "/v1/maintenance", object{"appliance_id": n.target["appliances"], "rrule": "FREQ=MONTHLY",
			"dtstart": "2027-06-14T09:30", "fault": "x"}, 201)["id"]
	case "advisories":
		n.fresh("jobs")
		n.target["advisories"] = n.As("maya").Send("POST", "/v1/advisories", object{"job_id": n.target["jobs"], "subject": "site",
			"precautions": "as asked", "behaviour": "as asked", "expires_on": n.Clock.Now().AddDate(0, 2, 0).Format("2006-01-02")}, 201)["id"]
	case "flags":
		n.fresh("visits")
		n.target["flags"] = n.As("ravi").Send("POST", fmt.Sprintf("/v1/visits/%s/flags", n.target["visits"]), object{"kind": "other", "level": 1},
			201)["id"]
		n.spent["visits"] = true
	case "c":
		n.spent["visits"] = true
		n.fresh("visits")
		share := n.DeliveredLink(object{"id": n.target["jobs"]})
		n.link = share[strings.LastIndex(share, "/")+1:]
		n.target["c"], n.spent["visits"] = n.link, true
	}
	n.spent[segment] = false
}

// who may call the operation and sees its object.
func (n *nasty) who(op *web.Operation) *harness.Client {
	if op.Public {
		return n.Harness.Anonymous()
	}
	segment := strings.Split(op.Path, "/")[2]
	order := []string{"coordinator kiran", "area_manager maya", "technician ravi", "proprietor asha", "agent gita", "admin root"}
	if segment == "centres" || segment == "areas" || segment == "users" || segment == "policies" {
		order = []string{"admin root", "area_manager maya", "proprietor asha"}
	}
	if op.ID == "safetyRelease" || op.ID == "disruptDay" {
		order = []string{"area_manager maya"}
	}
	if op.ID == "withdrawLeave" || op.ID == "withdrawFlag" || op.ID == "flagVisit" || op.ID == "getFlag" {
		order = []string{"technician ravi"}
	}
	for _, o := range order {
		role, login, _ := strings.Cut(o, " ")
		if slices.Contains(op.Roles, role) {
			return n.As(login)
		}
	}
	n.Fatalf("nobody may %s", op.ID)
	return nil
}

// place is the address of an operation's present target.
func (n *nasty) place(op *web.Operation) string {
	segments := strings.Split(op.Path, "/")
	device := "0192f0c8-7b1e-7c11-9d5e-0123456789ab"
	if strings.HasSuffix(op.Path, "/lost") { // it would end the session that asks
		device = "0192f0c8-7b1e-7c11-9d5e-0123456789ac"
	}
	at := strings.NewReplacer("{installation_id}", device, "{code}", "malformed")
	if strings.Contains(op.Path, "{id}") {
		n.fresh(segments[2])
		return at.Replace(strings.Replace(op.Path, "{id}", fmt.Sprint(n.target[segments[2]]), 1))
	}
	if segments[1] == "c" {
		n.fresh("c")
		return at.Replace(strings.Replace(op.Path, "{token}", n.link, 1))
	}
	return at.Replace(op.Path)
}

// shot is one request.
type shot struct {
	op      *web.Operation
	label   string
	path    string // "": of the present target
	body    []byte
	headers []string // name, value; "" removes it
	by      *harness.Client
	want    []int // nil: done or refused, as long as both engines agree
}

func (n *nasty) fire(s shot) (status int, body []byte) {
	n.Helper()
	own := s.path == ""
	if own {
		s.path = n.place(s.op)
	}
	if s.by == nil {
		s.by = n.who(s.op)
	}
	if s.op.Path == "/v1/auth/password" || s.op.Public {
		forgetTries(n.Harness) // guessing has its own tests
	}
	req, err := http.NewRequest(s.op.Method, n.URL+s.path, bytes.NewReader(s.body))
	if err != nil {
		n.Fatalf("%s: %v", s.label, err)
	}
	if len(s.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.by.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.by.Token)
	}
	if s.op.Method == "POST" {
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	if s.op.Method == "PATCH" {
		if n.versions[s.path] == "" && own {
			_, res := s.by.Raw("GET", s.path, nil)
			n.versions[s.path] = res.Header.Get("ETag")
		}
		if n.versions[s.path] == "" {
			n.versions[s.path] = `"1"`
		}
		req.Header.Set("If-Match", n.versions[s.path])
	}
	for i := 0; i+1 < len(s.headers); i += 2 {
		req.Header.Del(s.headers[i])
		if s.headers[i+1] != "" {
			req.Header.Set(s.headers[i], s.headers[i+1])
		}
	}
	n.sent++
	res, err := n.client.Do(req)
	if err != nil {
		n.Errorf("%s %s, %s: %v", s.op.Method, s.op.Path, s.label, err)
		return 0, nil
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		n.Errorf("%s %s, %s: %v", s.op.Method, s.op.Path, s.label, err)
	}
	status = res.StatusCode
	name := s.op.ID + ": " + s.label
	fail := func(format string, args ...any) {
		n.Helper()
		n.Errorf("%s %s, %s: %d, %s\n%.600s", s.op.Method, s.op.Path, s.label, status, fmt.Sprintf(format, args...), out)
	}
	switch {
	case status >= 500:
		fail("a fault of ours")
	case s.want != nil && !slices.Contains(s.want, status):
		fail("want one of %v", s.want)
	case s.want == nil && status >= 400 && !slices.Contains(refusals, status):
		fail("no refusal that the contract knows")
	}
	code := ""
	if status >= 400 && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		var p struct {
			Status   int
			Code     string
			Type     string
			Title    string
			Instance string
		}
		if err := json.Unmarshal(out, &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
			fail("no problem document (%s)", res.Header.Get("Content-Type"))
		} else if p.Status != status || p.Code == "" || p.Title == "" || !strings.HasSuffix(p.Type, "/problems/"+p.Code) || p.Instance == "" {
			fail("an incomplete problem document")
		}
		if len(out) > 16<<10 {
			fail("an answer of %d bytes", len(out))
		}
		if code = p.Code; !s.op.Declares(domain.Code(code)) {
			fail("x-codes does not name it")
		}
	} else if status >= 400 && s.op.Path[1] != 'c' {
		fail("a page in place of a problem document")
	}
	if _, known := n.Contract.Find(s.op.Method, strings.SplitN(s.path, "?", 2)[0]); known {
		if err := n.Contract.ValidateResponse(s.op.Method, strings.SplitN(s.path, "?", 2)[0], status, res.Header, out); err != nil {
			fail("outside the contract: %v", err)
		}
	}
	if _, twice := n.answers[name]; twice {
		n.Errorf("%s is sent twice", name)
	}
	n.answers[name] = fmt.Sprint(status, " ", code)
	if own && status < 400 {
		n.versions[s.path] = res.Header.Get("ETag")
		if seg := strings.Split(s.op.Path, "/"); s.op.Method == "POST" && len(seg) > 3 {
			n.spent[seg[2]] = true
			n.spent["c"] = n.spent["c"] || seg[1] == "c"
		}
	}
	return status, out
}

// schema gives the JSON body of an operation; nil without one.
func (n *nasty) schema(op *web.Operation) *openapi3.Schema {
	o := n.doc.Paths.Find(op.Path).GetOperation(op.Method)
	if o.RequestBody == nil {
		return nil
	}
	media := o.RequestBody.Value.Content["application/json"]
	if media == nil {
		return nil
	}
	return media.Schema.Value
}

// fitting is a body that the contract takes, and that the use case takes as far
// as the frozen world allows.
func (n *nasty) fitting(op *web.Operation) object {
	b := object{}
	maps.Copy(b, requestBodies[op.ID])
	switch op.ID {
	case "login":
		b = object{"login": "ravi", "password": "wrong"}
	case "refresh", "logout":
		b = object{"refresh_token": "x"}
	case "resetPassword":
		b = object{"token": "x", "password": "a long pass phrase"}
	case "putCustomerDevice":
		b = object{"token": "t", "platform": "web"}
	case "createAppliance", "createJob":
		b["customer_id"] = n.customer["id"]
	case "createCentre":
		b["area_id"] = n.area
	case "recordStep":
		b["step"] = "step " + uuid.NewString()
	case "transferJob":
		b["centre_id"] = n.target["centres"]
	case "createUser":
		b["login"] = "user." + strings.ReplaceAll(uuid.NewString(), "-", "")
	case "demoClock":
		b["advance"] = "1h"
	}
	return b
}

// sample is a minimal value of a schema.
func sample(s *openapi3.Schema) any {
	switch {
	case len(s.AllOf) > 0:
		return sample(s.AllOf[0].Value)
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("object"):
		o := object{}
		for _, name := range s.Required {
			o[name] = sample(s.Properties[name].Value)
		}
		return o
	case s.Type.Is("array"):
		return []any{}
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1
	case s.Type.Is("boolean"):
		return false
	case s.Format == "uuid":
		return "0192f0c8-7b1e-7c11-9d5e-0123456789ab"
	case s.Format == "instant", s.Format == "date-time":
		return "2027-03-02T05:00:00Z"
	case s.Format == "date":
		return "2027-03-02"
	}
	return strings.Repeat("x", max(1, int(s.MinLength)))
}

// spoilt is one bad or odd value, as JSON. bad: no schema takes it.
type spoilt struct {
	label, json string
	bad         bool
}

// unreadable goes into one field of each operation: the parser refuses it
// before anybody looks at the field.
var unreadable = []spoilt{
	{"escaped NUL", `"a\u0000b"`, true}, {"raw NUL", "\"a\x00b\"", true}, {"half a surrogate pair", `"\ud800"`, true},
	{"the other half", `"\udc00x"`, true},
	{"1e309", `1e309`, true}, {"not UTF-8", "\"\xff\xfe\"", true},
}

// everywhere goes into each field, whatever its type.
var everywhere = []spoilt{
	{"null", `null`, false}, {"true", `true`, false}, {"2^63", `9223372036854775808`, false}, {"-0", `-0`, false}, {"half", `1.5`, false},
	{"1e308", `-1e308`, false},
	{"empty text", `""`, false}, {"text", `"x"`, false}, {"array", `[]`, false}, {"object", `{}`, false}, {"array of null", `[null]`, false},
	{"array of arrays", `[[[]]]`, false},
}

var texts = []spoilt{
	{"blank", `"   "`, false}, {"a backslash before u0000", `"a\\u0000b"`, false}, {"noncharacters", `"\ufffe\uffff\ufdd0"`, false},
	{"astral", `"😀𝒳\ud83d\ude00"`, false},
	{"directions", `"\u202e\u2028\ufeff\u200d"`, false}, {"controls", `"\u0001\u001f\u007f\u0085\r\n\t"`, false},
	{"SQL", `"'; DROP TABLE users; -- \" $1 ? %"`, false},
	{"placeholder", `"%00%s{{.}}<script>"`, false}, {"array text", `"{a,\"b\"}\\"`, false},
}

var instants = []spoilt{
	{"year 0", `"0000-01-01T00:00:00Z"`, false}, {"year 9999", `"9999-12-31T23:59:59Z"`, false},
	{"year 10000", `"10000-01-01T00:00:00Z"`, true}, {"before 1970", `"1969-12-31T23:59:59Z"`, false},
	{"first instant", `"1970-01-01T00:00:00Z"`, false}, {"edge of 2200", `"2200-12-31T23:59:59.999999999-23:59"`, false},
	{"leap second", `"2016-12-31T23:59:60Z"`, false}, {"no such day", `"2027-02-30T10:00:00Z"`, true},
	{"offset of 99 hours", `"2027-03-02T10:00:00+99:99"`, true}, {"gap in London", `"2027-03-28T01:30:00"`, false},
	{"fold in London", `"2027-10-31T01:30"`, false},
	{"a thousandth digit", `"2027-03-02T10:00:00.1234567890123456789Z"`, false}, {"24:00", `"2027-03-02T24:00:00Z"`, true},
	{"words", `"tomorrow"`, true}, {"no T", `"2027-03-02 10:00:00Z"`, true}, {"a number", `1772445600`, true},
}

var days = []spoilt{{"no such day", `"2027-02-30"`, true}, {"year 0", `"0000-01-01"`, false}, {"year 9999", `"9999-12-31"`, false},
	{"long ago", `"1900-01-01"`, false}, {"with a time", `"2027-03-02T00:00:00Z"`, true}, {"week", `"2027-W09-1"`, true}}

var oddIDs = []spoilt{{"nil id", `"00000000-0000-0000-0000-000000000000"`, false}, {"unknown id", `"0192f0c8-7b1e-7c11-9d5e-0123456789ac"`,
	false}, {"upper case id", `"0192F0C8-7B1E-7C11-9D5E-0123456789AB"`, false},
	{"id in braces", `"{0192f0c8-7b1e-7c11-9d5e-0123456789ab}"`, true}, {"bare hex", `"0192f0c87b1e7c119d5e0123456789ab"`, true},
	{"urn", `"urn:uuid:0192f0c8-7b1e-7c11-9d5e-0123456789ab"`, true}}

// variants lists what goes into a field of this schema.
func variants(s *openapi3.Schema) []spoilt {
	out := slices.Clone(everywhere)
	switch {
	case s.Type.Is("integer") || s.Type.Is("number"):
		out = append(out, spoilt{"-1", `-1`, false}, spoilt{"2^31", `2147483648`, false}, spoilt{"zero", `0`, false},
			spoilt{"tiny", `1e-320`, false}, spoilt{"a numeric text", `"1"`, true})
	case s.Type.Is("boolean"):
		out = append(out, spoilt{"one", `1`, true}, spoilt{"text true", `"true"`, true})
	case s.Type.Is("string") && (s.Format == "instant" || s.Format == "date-time"):
		out = append(out, instants...)
	case s.Type.Is("string") && s.Format == "date":
		out = append(out, days...)
	case s.Type.Is("string") && s.Format == "uuid":
		out = append(out, oddIDs...)
	case s.Type.Is("string") && len(s.Enum) == 0:
		out = append(out, texts...)
		if s.MaxLength != nil {
			long := func(n uint64) string { return `"` + strings.Repeat("é", int(n)) + `"` }
			out = append(out, spoilt{"as long as may be", long(*s.MaxLength), false}, spoilt{"one too long", long(*s.MaxLength + 1), true})
		}
		out = append(out, spoilt{"200 KB", `"` + strings.Repeat("x", 200_000) + `"`, s.MaxLength != nil})
	}
	return out
}

// put writes JSON, broken or not, at a place of a body.
func put(base any, at []string, value string) []byte {
	const hole = "\"@hole@\""
	var set func(v any, at []string) any
	set = func(v any, at []string) any {
		if len(at) == 0 {
			return "@hole@"
		}
		if at[0] == "0" {
			list := []any{set(sampleHole, at[1:])}
			if l, ok := v.([]any); ok && len(l) > 0 {
				list[0] = set(l[0], at[1:])
			}
			return list
		}
		o := object{}
		if m, ok := v.(object); ok {
			maps.Copy(o, m)
		}
		o[at[0]] = set(o[at[0]], at[1:])
		return o
	}
	out, err := json.Marshal(set(base, at))
	if err != nil {
		panic(err)
	}
	return bytes.Replace(out, []byte(hole), []byte(value), 1)
}

var sampleHole any

// fields walks a schema and calls visit for each place a value can stand.
func fields(s *openapi3.Schema, at []string, depth int, base any, visit func(at []string, s *openapi3.Schema, base any)) {
	if len(s.AllOf) > 0 {
		s = s.AllOf[0].Value
	}
	switch {
	case s.Type.Is("object") && depth < 4:
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[name].Value
			if len(p.AllOf) > 0 {
				p = p.AllOf[0].Value
			}
			here := append(slices.Clone(at), name)
			filled := base
			if p.Type.Is("object") && len(p.Properties) > 0 || p.Type.Is("array") {
				var inner any = sample(p)
				if p.Type.Is("array") {
					inner = []any{sample(p.Items.Value)}
				}
				filled = fill(base, here, inner)
			}
			visit(here, p, base)
			fields(p, here, depth+1, filled, visit)
		}
	case s.Type.Is("array") && depth < 4:
		here := append(slices.Clone(at), "0")
		visit(here, s.Items.Value, base)
		if s.Items.Value.Type.Is("object") {
			fields(s.Items.Value, here, depth+1, base, visit)
		}
	}
}

// fill puts a valid value at a place that is empty.
func fill(base any, at []string, value any) any {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var probe any = base
	for _, name := range at {
		m, _ := probe.(object)
		probe = m[name]
	}
	if _, ok := probe.(object); ok {
		return base
	}
	var out any
	if err := json.Unmarshal(put(base, at, string(raw)), &out); err != nil {
		panic(err)
	}
	return out
}

// agree compares what the engines answered.
func agree(t *testing.T, all map[string]map[string]string) {
	first, second := all["sqlite"], all["postgres"]
	if second == nil {
		return
	}
	for name, got := range first {
		if second[name] != got {
			t.Errorf("%s: %s on SQLite, %s on PostgreSQL", name, got, second[name])
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d requests on SQLite, %d on PostgreSQL", len(first), len(second))
	}
}

// onBoth runs a suite of nasty requests on every engine and compares the
// answers.
func onBoth(t *testing.T, suite func(n *nasty)) {
	t.Helper()
	harness.Long(t)
	t.Parallel()
	var mu sync.Mutex
	all := map[string]map[string]string{}
	engines := repotest.Engines(t)
	t.Run("on", func(t *testing.T) {
		for _, engine := range engines {
			t.Run(engine, func(t *testing.T) {
				t.Parallel()
				n := newNasty(harness.New(t, engine))
				began := time.Now()
				suite(n)
				t.Logf("%d requests in %v", n.sent, time.Since(began).Round(time.Millisecond))
				mu.Lock()
				defer mu.Unlock()
				all[engine] = n.answers
			})
		}
	})
	agree(t, all)
}

// operations are those with a body or an effect that this server offers, and
// that come to an end.
func (n *nasty) operations() []*web.Operation {
	return slices.DeleteFunc(n.Contract.Operations(), func(op *web.Operation) bool {
		return strings.HasPrefix(op.Path, "/demo") || op.Lenient || op.ID == "events" // which never ends
	})
}

func (n *nasty) json(v any) []byte {
	b, err := json.Marshal(v)
	n.Must(err)
	return b
}

// Bodies that are wrong as a whole.
func TestBadBodies(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.triage", "leave.asked", "note.waiting", "thanks.waiting", "visit.assigned")
		deep := func(open, end string) []byte {
			return []byte(strings.Repeat(open, 100_000) + end)
		}
		big := func(k int) []byte { return []byte(`{"name":"` + strings.Repeat("x", k<<10) + `"}`) }
		for _, op := range n.operations() {
			schema := n.schema(op)
			if schema == nil && op.Method == "GET" || strings.HasPrefix(op.Path, "/c/") && schema == nil || op.ID == "importJobs" ||
				op.ID == "addEvidence" || op.ID == "uploadVisitFile" { // files
				continue
			}
			bad, media := []int{400}, []int{415}
			if schema == nil { // nothing may be sent at all
				media = bad
			}
			base := n.json(n.fitting(op))
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			_, _ = z.Write(base)
			_ = z.Close()
			for _, c := range []struct {
				label   string
				body    []byte
				want    []int
				headers []string
			}{
				{"array", []byte(`[]`), bad, nil}, {"array of one", append(append([]byte(`[`), base...), ']'), bad, nil},
				{"text", []byte(`""`), bad, nil}, {"null", []byte(`null`), bad, nil},
				{"number", []byte(`1e309`), bad, nil}, {"true", []byte(`true`), bad, nil}, {"broken", []byte(`{"a":`), bad, nil},
				{"two", append(slices.Clone(base), base...), nil, nil}, {"comma", []byte(`{,}`), bad, nil},
				{"deep arrays", deep("[", ""), bad, nil}, {"deep objects", deep(`{"a":`, "")[:250_000], bad, nil}, {"NUL", []byte{0}, bad, nil},
				{"byte order mark", append([]byte("\xef\xbb\xbf"), base...), bad, nil},
				{"UTF-16", []byte("\xff\xfe{\x00}\x00"), bad, nil}, {"1 MB", big(1024), []int{400, 413}, nil}, {"200 KB", big(200), bad, nil},
				{"unknown key", []byte(`{"no_such_key":1}`), bad, nil}, {"key with NUL", []byte(`{"\u0000":1}`), bad, nil},
				{"prototype", []byte(`{"__proto__":{"role":"admin"}}`), bad, nil},
				{"form as JSON", []byte(`a=1&b=2`), bad, nil}, {"XML as JSON", []byte(`<a/>`), bad, nil},
				{"form", []byte(`a=1&b=2`), media, []string{"Content-Type", "application/x-www-form-urlencoded"}},
				{"XML", []byte(`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`), media, []string{"Content-Type", "application/xml"}},
				{"multipart", []byte("--x\r\n\r\n"), media, []string{"Content-Type", "multipart/form-data; boundary=x"}},
				{"no media type", []byte(`{"a":1}`), media, []string{"Content-Type", ""}}, {"media type of nonsense", []byte(`{"a":1}`), media,
					[]string{"Content-Type", "///;;="}},
				{"gzip", zipped.Bytes(), media, []string{"Content-Encoding", "gzip"}}, {"gzip unsaid", zipped.Bytes(), bad, nil},
				{"UTF-7", []byte(`{"a":1}`), media, []string{"Content-Type", "application/json; charset=utf-7"}},
			} {
				if schema == nil && string(base) == "{}" && c.label == "gzip" {
					c.want = nil
				}
				n.fire(shot{op: op, label: "body " + c.label, body: c.body, headers: c.headers, want: c.want})
			}
			if schema == nil {
				continue
			}
			if o := n.doc.Paths.Find(op.Path).GetOperation(op.Method); o.RequestBody.Value.Required {
				n.fire(shot{op: op, label: "body empty", want: bad})
			}
			// Each key of the contract, twice and in another case.
			for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
				value := string(n.json(sample(schema.Properties[name].Value)))
				n.fire(shot{op: op, label: "twice " + name, body: fmt.Appendf(nil, `{%q:%s,%q:%s}`, name, value, name, value), want: bad})
				n.fire(shot{op: op, label: "upper case " + name, body: fmt.Appendf(nil, `{%q:%s}`, strings.ToUpper(name), value), want: bad})
			}
		}
	})
}

// Each field of each operation with each odd value.
func TestBadFields(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.triage", "flag.withdrawn", "leave.asked", "note.moved", "note.told", "note.waiting",
			"promise.yours", "thanks.waiting", "visit.assigned", "visit.confirmed", "visit.needs_someone",
			"visit.unassigned")
		n.MayIgnore("household.asked")                                    // odd addresses are asked about
		n.MayIgnore("visit.cancelled", "visit.offered", "number.changed") // unless a later one overtakes it
		for _, op := range n.operations() {
			schema := n.schema(op)
			if schema == nil {
				continue
			}
			seen := map[string]bool{}
			fields(schema, nil, 0, any(n.fitting(op)), func(at []string, s *openapi3.Schema, base any) {
				place := strings.Join(at, "/")
				if seen[place] {
					return
				}
				seen[place] = true
				if at[0] == "contact" && len(at) > 1 && op.ID != "confirmVisit" || at[0] == "rules" && op.ID != "putBrandPolicy" {
					return // the same object in another operation
				}
				odd := variants(s)
				if len(seen) == 1 {
					odd = append(odd, unreadable...)
				}
				if len(at) > 1 { // nested ones are of the same kinds
					odd = slices.DeleteFunc(odd, func(o spoilt) bool { return len(o.json) > 100_000 })
				}
				slow := op.ID == "login" || op.ID == "changePassword" || op.ID == "resetPassword"
				for _, o := range odd {
					if slow && !o.bad && len(o.json) > 10 && !strings.Contains(o.label, "long") {
						continue // each of them costs a password hash
					}
					if m, ok := base.(object); ok && op.ID == "createUser" {
						m["login"] = "user." + uuid.NewString()[:13]
					}
					sh := shot{op: op, label: place + " " + o.label, body: put(base, at, o.json)}
					if o.bad {
						sh.want = []int{400}
					}
					n.fire(sh)
				}
			})
		}
		// What was stored can be read.
		n.readAll()
	})
}

// readAll reads every list to its end, in small pages, and every object.
func (n *nasty) readAll() {
	for _, op := range n.operations() {
		if op.Method != "GET" || !strings.HasPrefix(op.Path, "/v1/") {
			continue
		}
		for role, login := range inTurn(map[string]string{"admin": "root", "coordinator": "kiran", "area_manager": "maya",
			"technician": "ravi"}) {
			if !slices.Contains(op.Roles, role) {
				continue // TestRoleMatrix
			}
			p := n.As(login)
			address := n.place(op)
			if role == "area_manager" && (op.ID == "listImportAnswers" || op.ID == "importTemplate") {
				address += "?centre_id=" + n.Centre.String()
			}
			seen := map[string]bool{}
			for next := ""; ; {
				target := address
				if strings.Contains(fmt.Sprint(n.query(op)), "cursor") {
					target += "?limit=97" + next
				}
				out, res := p.Raw("GET", target, nil)
				if res.StatusCode >= 400 && res.StatusCode != 404 && (res.StatusCode != 403 ||
					slices.Contains(op.Roles, string(n.People[login].Role))) {
					n.Errorf("GET %s as %s: %d %s", target, login, res.StatusCode, out)
				}
				var page struct {
					Items []struct{ ID string }
					Next  *string `json:"next_cursor"`
				}
				_ = json.Unmarshal(out, &page)
				for _, i := range page.Items {
					if i.ID != "" && seen[i.ID] {
						n.Errorf("GET %s as %s lists %s twice", op.Path, login, i.ID)
					}
					seen[i.ID] = true
				}
				if page.Next == nil || res.StatusCode >= 400 {
					break
				}
				next = "&cursor=" + *page.Next
			}
		}
	}
}

func (n *nasty) query(op *web.Operation) (out []string) {
	for _, p := range n.doc.Paths.Find(op.Path).GetOperation(op.Method).Parameters {
		if p.Value.In == "query" {
			out = append(out, p.Value.Name)
		}
	}
	return out
}

// Addresses that name nothing, and queries that mean nothing.
func TestBadAddressesAndQueries(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.triage", "leave.asked", "note.waiting", "thanks.waiting", "visit.assigned")
		n.fresh("jobs")
		n.fresh("visits")
		cursorOf := func(address string) string {
			for range 2 {
				n.spent["visits"] = true
				n.fresh("visits")
			}
			c, _ := n.As("kiran").Send("GET", address+"?limit=1", nil, 200)["next_cursor"].(string)
			if c == "" {
				n.Fatalf("%s has one page only", address)
			}
			return c
		}
		visitsCursor := cursorOf("/v1/visits")
		timelineCursor := cursorOf(fmt.Sprintf("/v1/jobs/%s/timeline", n.target["jobs"]))
		for _, op := range n.operations() {
			var body []byte
			if n.schema(op) != nil {
				body = n.json(n.fitting(op))
			}
			headers := []string{}
			if op.ID == "importJobs" {
				body, headers = []byte("ref\nX-1\n"), []string{"Content-Type", "text/csv"}
			}
			if op.ID == "addEvidence" {
				body, headers = harness.PNG, []string{"Content-Type", "image/png"}
			}
			if op.ID == "uploadVisitFile" {
				body, headers = []byte("x"), harness.Chunk(0)
			}
			if strings.Contains(op.Path, "{") {
				n.badIDs(op, body, headers)
			}
			if strings.HasPrefix(op.Path, "/v1/") {
				n.badQueries(op, body, headers, visitsCursor, timelineCursor)
			}
		}
	})
}

// badIDs asks for what no id is.
func (n *nasty) badIDs(op *web.Operation, body []byte, headers []string) {
	_, rest, _ := strings.Cut(op.Path, "}")
	before, _, _ := strings.Cut(op.Path, "{")
	rest = strings.ReplaceAll(rest, "{installation_id}", "0192f0c8-7b1e-7c11-9d5e-0123456789ab")
	form := strings.HasPrefix(op.Path, "/c/") && op.Method == "POST"
	if form {
		body, headers = []byte("form_key=x"), []string{"Content-Type", "application/x-www-form-urlencoded"}
	}
	for _, c := range []struct {
		label, id string
		want      []int
	}{
		{"a word", "abc", []int{404}}, {"nil", uuid.Nil.String(), []int{404}}, {"unknown", "0192f0c8-7b1e-7c11-9d5e-0123456789ff", []int{404}},
		{"braces", "%7B0192f0c8-7b1e-7c11-9d5e-0123456789ab%7D", []int{404}},
		{"long", strings.Repeat("a", 4000), []int{404}}, {"too long", strings.Repeat("a", 20_000), []int{431}}, {"NUL", "a%00b", []int{404}},
		{"not UTF-8", "%ff%fe", []int{404}}, {"slash", "a%2Fb", []int{404}},
		{"dots", "%2e%2e", []int{404}}, {"SQL", "1%20OR%201%3D1", []int{404}}, {"36 characters", strings.Repeat("z", 36), []int{404}},
		{"Hindi", url.PathEscape("यह"), []int{404}}, {"percent", "%25", []int{404}},
	} {
		if strings.Contains(op.Path, "{installation_id}") && strings.HasPrefix(op.Path, "/v1") && c.id[0] == '0' {
			continue // any id is good for a device
		}
		if c.label == "too long" && len(body) > 0 {
			continue // the server hangs up before the body, and a client may see only that
		}
		if op.Path == "/problems/{code}" && c.label == "dots" {
			c.want = nil
		}
		n.fire(shot{op: op, label: "id " + c.label, path: before + c.id + rest, body: body, headers: headers, want: c.want})
	}
	if op.Method == "GET" && strings.HasPrefix(op.Path, "/v1/") { // case does not matter in an id (RFC 9562 section 4)
		lower, upper := n.place(op), ""
		id := strings.Split(lower, "/")[3]
		upper = strings.Replace(lower, id, strings.ToUpper(id), 1)
		a, _ := n.fire(shot{op: op, label: "lower case id", path: lower})
		if b, _ := n.fire(shot{op: op, label: "upper case id", path: upper}); a != b {
			n.Errorf("%s: %d, in upper case %d", op.ID, a, b)
		}
	}
}

// bad is the answer to what no query is.
var bad = []int{400}

// asking fires an operation with a query.
type asking func(label, query string, want []int)

// badQueries asks with names and values that the operation does not take.
func (n *nasty) badQueries(op *web.Operation, body []byte, headers []string, visitsCursor, timelineCursor string) {
	known := n.query(op)
	ask := func(label, query string, want []int) {
		n.Helper()
		n.fire(shot{op: op, label: "query " + label, path: n.place(op) + "?" + query, body: body, headers: headers, want: want})
	}
	ask("unknown", "no_such=1", bad)
	ask("unknown, NUL", "a%00=1", bad)
	ask("unknown, not UTF-8", "%ff=1", bad)
	if len(known) > 0 {
		ask("case variant", strings.ToUpper(known[0])+"=1", bad)
		ask("repeated", known[0]+"=1&"+known[0]+"=2", bad)
	}
	for _, name := range known {
		ask(name+" with NUL", name+"=%00", bad)
		ask(name+" not UTF-8", name+"=%ff", bad)
		ask(name+" long", name+"="+strings.Repeat("a", 10_000), nil)
		ask(name+" SQL", name+"="+url.QueryEscape(`' OR 1=1 --%_\`), nil)
		ask(name+" empty", name+"=", nil)
		ask(name+" odd", name+"="+url.QueryEscape("\u0001\u2028\ufeff😀"), nil)
		switch {
		case name == "limit":
			for _, v := range []string{"0", "-1", "1e9", "abc", "201", "1.5", "+5", "99999999999999999999", "0x10", "%201"} {
				ask("limit "+v, "limit="+v, nil)
			}
			ask("limit 1", "limit=1", nil)
		case name == "cursor":
			badCursors(op, visitsCursor, timelineCursor, ask)
		case name == "status" || name == "role" || name == "hold" || name == "reachability":
			ask(name+" unknown", name+"=flying", bad)
			ask(name+" in upper case", name+"=SCHEDULED", bad)
		case strings.HasSuffix(name, "_id"):
			ask(name+" a word", name+"=abc", bad)
			ask(name+" unknown", name+"=0192f0c8-7b1e-7c11-9d5e-0123456789ff", nil)
			ask(name+" nil", name+"="+uuid.Nil.String(), nil)
		case name == "date":
			for _, v := range []string{"2027-02-30", "2027-13-01", "27-1-1", "today", "2027-03-02T00:00:00Z"} {
				ask("date "+v, "date="+v, bad)
			}
			for _, v := range []string{"0000-01-01", "9999-12-31", "0001-01-01"} {
				ask("date "+v, "date="+v, nil)
			}
		}
	}
}

// badCursors asks with cursors that nobody was given.
func badCursors(op *web.Operation, visitsCursor, timelineCursor string, ask asking) {
	for label, v := range inTurn(map[string]string{"truncated": visitsCursor[:len(visitsCursor)-3], "a word": "abc",
		"padded": visitsCursor + "==", "tampered": visitsCursor[:4] + "AAAA" + visitsCursor[8:],
		"null":   base64.RawURLEncoding.EncodeToString([]byte("null")),
		"year 0": enc(`{"t":"0000-01-01T00:00:00Z","i":"0192f0c8-7b1e-7c11-9d5e-0123456789ab"}`),
		"nil id": enc(`{"t":"2027-01-01T00:00:00Z","i":"00000000-0000-0000-0000-000000000000"}`), "array": enc(`[]`),
		"more":       enc(`{"t":"2027-01-01T00:00:00Z","i":"0192f0c8-7b1e-7c11-9d5e-0123456789ab","x":1}`),
		"year 10000": enc(`{"t":"10000-01-01T00:00:00Z","i":"0192f0c8-7b1e-7c11-9d5e-0123456789ab"}`)}) {
		want := bad
		if op.ID == "getTimeline" && label == "null" {
			want = nil
		}
		ask("cursor "+label, "cursor="+url.QueryEscape(v), want)
	}
	ask("cursor 2^63", "cursor="+enc(`{"s":9223372036854775807}`), nil)
	ask("cursor below", "cursor="+enc(`{"s":-9223372036854775808}`), nil)
	if op.ID == "getTimeline" {
		ask("cursor of visits", "cursor="+visitsCursor, bad)
	} else {
		ask("cursor of a timeline", "cursor="+timelineCursor, bad)
		ask("cursor of visits", "cursor="+visitsCursor, nil)
	}
}

// inTurn walks a map in the same order on every engine.
func inTurn(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

func enc(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// Headers of ours, and tokens that are none.
func TestBadHeaders(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("account.code", "flag.triage", "flag.triaged", "leave.asked", "note.moved", "note.waiting", "promise.yours", "thanks.waiting",
			"visit.assigned", "visit.cancelled", "visit.needs_someone", "visit.unassigned")
		n.MayIgnore("leave.approved", "leave.declined") // who has a visit ahead is on duty
		for _, op := range n.operations() {
			if !strings.HasPrefix(op.Path, "/v1/") || op.Method == "GET" {
				continue
			}
			var body []byte
			if n.schema(op) != nil {
				body = n.json(n.fitting(op))
			}
			headers := []string{}
			if op.ID == "importJobs" {
				body, headers = []byte("ref\nX-1\n"), []string{"Content-Type", "text/csv"}
			}
			try := func(name, label, value string, want ...int) {
				n.Helper()
				n.fire(shot{op: op, label: name + " " + label, body: body, headers: append(slices.Clone(headers), name, value), want: want})
			}
			keyed, sentAt := false, false
			for _, p := range n.doc.Paths.Find(op.Path).GetOperation(op.Method).Parameters {
				keyed = keyed || p.Value.Name == "Idempotency-Key"
				sentAt = sentAt || p.Value.Name == "Doorstep-Sent-At"
			}
			if keyed {
				for label, v := range inTurn(map[string]string{"missing": "", "blank": `""`, "256": strings.Repeat("k", 256), "not ASCII": "schlüssel",
					"two words": "two words", "half quoted": `"open`, "quoted, tail": `"k"x`, "tab": "a\tb", "bad escape": `"a\b"`}) {
					try("Idempotency-Key", label, v, 400)
				}
				for label, v := range inTurn(map[string]string{"255": strings.Repeat("k", 255), "quoted": `"` + uuid.NewString() + `"`,
					"with parameter": `"` + uuid.NewString() + `";a=1`, "SQL": `';--%_\` + uuid.NewString()}) {
					try("Idempotency-Key", label, v)
				}
			}
			if op.Method == "PATCH" && op.ID != "uploadVisitFile" { // its offset says what it goes on from
				try("If-Match", "missing", "", 428)
				try("If-Match", "any", "*", 428)
				for label, v := range inTurn(map[string]string{"two": `"1", "2"`, "open": `"1`, "quote": `"`}) {
					try("If-Match", label, v, 400)
				}
				for label, v := range inTurn(map[string]string{"word": "abc", "minus": `"-1"`, "2^63": `"9223372036854775808"`,
					"2^63-1": `"9223372036854775807"`, "weak word": `W/"x"`, "empty tag": `""`, "not ASCII": "ü"}) {
					try("If-Match", label, v, 412)
				}
			}
			if sentAt {
				for label, v := range inTurn(map[string]string{"word": "yesterday", "local": "2027-03-01T09:00:00", "unix": "1772445600",
					"no such day": "2027-02-30T09:00:00Z", "not ASCII": "ü", "offset": "2027-03-01T09:00:00+99:99"}) {
					try("Doorstep-Sent-At", label, v, 400)
				}
				for label, v := range inTurn(map[string]string{"far past": "1970-01-01T00:00:00Z", "far future": "2200-12-31T23:59:59Z",
					"year 0": "0000-01-01T00:00:00Z", "year 9999": "9999-12-31T23:59:59Z"}) {
					try("Doorstep-Sent-At", label, v)
				}
				// The claim and the clock that corrects it at the ends of time.
				if s := n.schema(op); s != nil && s.Properties["occurred_at"] != nil {
					for _, claimed := range []string{"1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"} {
						for _, sent := range []string{"1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"} {
							b := n.fitting(op)
							b["occurred_at"] = claimed
							n.fire(shot{op: op, label: "claimed " + claimed + " sent " + sent, body: n.json(b), headers: []string{"Doorstep-Sent-At", sent}})
						}
					}
				}
			}
			if strings.HasPrefix(op.Path, "/v1/auth/") {
				continue // a password hash each
			}
			try("If-Match", "on every operation", "\x80garbage")
			try("Accept", "nonsense", ";;;q=x")
			try("Accept-Language", "nonsense", strings.Repeat("xx-;q=,", 500))
			try("X-Request-Id", "nonsense", "<script>\x80"+strings.Repeat("x", 300))
			try("X-Forwarded-For", "nonsense", "::ffff:999, a, ,")
			try("Range", "nonsense", "bytes=9-1")
			try("Expect", "nonsense", "200-maybe")
			try("Content-Encoding", "unknown", "br, x")
		}
		n.readAll()
		n.tokens()
	})
}

// tokens tries to get in with what is no token of ours.
func (n *nasty) tokens() {
	good := n.As("kiran").Token
	parts := strings.Split(good, ".")
	dec := func(i int) (o object) {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		n.Must(err)
		n.Must(json.Unmarshal(b, &o))
		return o
	}
	sign := func(secret string, head, claims object) string {
		text := base64.RawURLEncoding.EncodeToString(n.json(head)) + "." + base64.RawURLEncoding.EncodeToString(n.json(claims))
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	with := func(o object, k string, v any) object {
		c := maps.Clone(o)
		c[k] = v
		if v == nil {
			delete(c, k)
		}
		return c
	}
	head, claims := dec(0), dec(1)
	if sign(harness.JWTSecret, head, claims) == "" || !strings.HasPrefix(good, base64.RawURLEncoding.EncodeToString(n.json(head))) {
		n.Log("the header is written otherwise; the cases below still sign with the right key")
	}
	other := sha256.Sum256([]byte("another secret"))
	list := map[string]string{
		"alg none":         base64.RawURLEncoding.EncodeToString(n.json(with(head, "alg", "none"))) + "." + parts[1] + ".",
		"alg none, signed": sign(harness.JWTSecret, with(head, "alg", "none"), claims),
		"alg HS512":        sign(harness.JWTSecret, with(head, "alg", "HS512"), claims),
		"alg RS256":        sign(harness.JWTSecret, with(head, "alg", "RS256"), claims),
		"typ missing": sign(harness.JWTSecret, with(head, "typ", nil),
			claims),
		"typ JWT": sign(harness.JWTSecret, with(head, "typ", "JWT"), claims), "kid missing": sign(harness.JWTSecret, with(head, "kid", nil),
			claims),
		"kid path": sign(harness.JWTSecret, with(head, "kid", "../../dev/null"), claims),
		"kid object": sign(harness.JWTSecret, with(head, "kid", object{}),
			claims),
		"another key": sign(hex.EncodeToString(other[:]), head, claims), "empty key": sign("", head, claims),
		"link secret":     sign(harness.LinkSecret, head, claims),
		"expired":         sign(harness.JWTSecret, head, with(claims, "exp", time.Now().Add(-time.Minute).Unix())),
		"never expires":   sign(harness.JWTSecret, head, with(claims, "exp", nil)),
		"exp a text":      sign(harness.JWTSecret, head, with(claims, "exp", "tomorrow")),
		"issued tomorrow": sign(harness.JWTSecret, head, with(claims, "iat", time.Now().Add(24*time.Hour).Unix())),
		"another issuer":  sign(harness.JWTSecret, head, with(claims, "iss", "x")), "another audience": sign(harness.JWTSecret, head,
			with(claims, "aud", "x")),
		"nobody":       sign(harness.JWTSecret, head, with(claims, "sub", uuid.Nil.String())),
		"unknown user": sign(harness.JWTSecret, head, with(claims, "sub", uuid.NewString())),
		"sub no id":    sign(harness.JWTSecret, head, with(claims, "sub", "root")),
		"another role": sign(harness.JWTSecret, head, with(claims, "role", "admin")), "another epoch": sign(harness.JWTSecret, head,
			with(claims, "epoch", 99)),
		"epoch huge": sign(harness.JWTSecret, head, with(claims, "epoch", 1e300)), "cut": good[:len(good)-2], "a part more": good + ".x",
		"two parts": parts[0] + "." + parts[1], "dots": "..",
		"huge": good + strings.Repeat("a", 8000), "not ASCII": "ü", "broken JSON": enc("{") + "." + enc("{") + "." + enc("x"),
		"deep JSON": enc(strings.Repeat("[", 2000)) + "." + parts[1] + "." + parts[2], "last bits changed": good[:len(good)-1] + "_",
	}
	n.fire(shot{op: n.op("me"), label: "token made here", headers: []string{"Authorization",
		"Bearer " + sign(harness.JWTSecret, head, claims)},
		want: []int{200}})
	for _, id := range []string{"me", "createJob", "stopVisit", "patchUser", "listVisits"} {
		op := n.op(id)
		var body []byte
		if n.schema(op) != nil {
			body = n.json(n.fitting(op))
		}
		for _, label := range slices.Sorted(maps.Keys(list)) {
			if label == "last bits changed" && list[label] == good {
				continue
			}
			n.fire(shot{op: op, label: "token " + label, body: body, headers: []string{"Authorization", "Bearer " + list[label]}, want: []int{401}})
		}
		for label, v := range inTurn(map[string]string{"missing": "", "bare": good,
			"basic": "Basic " + base64.StdEncoding.EncodeToString([]byte("kiran:"+harness.Password)), "scheme alone": "Bearer",
			"two": "Bearer " + good +
				", Bearer " + good, "garbage": "\x80\xff", "colon": "Bearer:" + good}) {
			n.fire(shot{op: op, label: "authorization " + label, body: body, headers: []string{"Authorization", v}, want: []int{401}})
		}
	}
}

func (n *nasty) op(id string) *web.Operation {
	for _, op := range n.Contract.Operations() {
		if op.ID == id {
			return op
		}
	}
	n.Fatalf("no operation %s", id)
	return nil
}

// A window or a fact in the hour that London skips or has twice is refused
// with what would be clear; 422 on both engines.
func TestHoursThatAreMissingOrDoubled(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "visit.assigned")
		h.Clock.Set(time.Date(2027, 10, 31, 12, 0, 0, 0, time.UTC)) // after both nights
		desk := h.As("kiran2")
		site := object{"sites": []object{{"address": "1 Example Street", "postal_code": "SE1", "zone": "Europe/London"}}}
		_, job := h.Household(desk, site)
		visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": "2027-11-02T10:00", "window_end": "2027-11-02T12:00",
			"crew": []any{h.People["ravi2"].ID}}, 201)
		if visit["window_start"] != "2027-11-02T10:00:00Z" {
			t.Errorf("a local time is read as %v", visit["window_start"])
		}
		_, second := h.Household(desk, site)
		refused := func(who *harness.Client, method, address string, body object, code, pointer string) {
			t.Helper()
			out := who.Send(method, address, body, 422)
			errs, _ := out["errors"].([]any)
			if out["code"] != code || len(errs) != 1 || errs[0].(object)["pointer"] != pointer {
				t.Errorf("%s %s: %v", method, address, out)
			}
			if code == "time_is_ambiguous" && fmt.Sprint(out["offsets"]) != "[+01:00 +00:00]" {
				t.Errorf("%s %s: the offsets are %v", method, address, out["offsets"])
			}
		}
		for code, night := range inTurn(map[string]string{"time_does_not_exist": "2028-03-26", "time_is_ambiguous": "2027-10-31"}) {
			at := night + "T01:30:00"
			early, late := night+"T00:30", night+"T04:00"
			refused(desk, "POST", path("/v1/jobs/%s/visits", second), object{"window_start": at, "window_end": late}, code, "/window_start")
			refused(desk, "POST", path("/v1/jobs/%s/visits", second), object{"window_start": early, "window_end": at}, code, "/window_end")
			refused(desk, "POST", path("/v1/jobs/%s/visits", second), object{"window_start": early, "window_end": late, "planned_start": at}, code,
				"/planned_start")
			refused(desk, "POST", path("/v1/visits/%s/reschedule", visit), object{"window_start": at, "window_end": late}, code, "/window_start")
			refused(desk, "POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer", "occurred_at": at}, code,
				"/occurred_at")
			refused(h.As("ravi2"), "POST", path("/v1/visits/%s/arrive", visit), object{"occurred_at": at}, code, "/occurred_at")
			refused(desk, "POST", path("/v1/jobs/%s/hold", job), object{"kind": "parts", "due_at": at}, code, "/due_at")
			refused(h.As("asha2"), "POST", fmt.Sprintf("/v1/technicians/%s/leave", h.People["ravi2"].ID),
				object{"starts_at": at, "ends_at": late, "kind": "sick"}, code, "/starts_at")
		}
		// With the offset it is clear.
		out := desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer",
			"occurred_at": "2027-10-31T01:30:00+01:00"}, 201)
		if out["occurred_at"] != "2027-10-31T00:30:00Z" {
			t.Errorf("judged at %v", out["occurred_at"])
		}
		// Nothing refuses a stop, least of all the clocks going back.
		stopped := h.As("ravi2").StopVisit(visit, bodies.Stop{OccurredAt: "2027-10-31T01:30:00"})
		if stopped.Status != "stopped_unsafe" {
			t.Errorf("the visit is %v", stopped.Status)
		}
	})
}

// Whatever clock a phone has, both times are kept, the list can be read to its
// end, and a retry minutes later is the same fact.
func TestClocksOfPhones(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		attempts := path("/v1/jobs/%s/attempts", job)
		for _, claimed := range []string{"1970-01-01T00:00:00Z", "2027-03-01T03:00:00Z", "2200-12-31T23:59:59Z"} {
			for _, sent := range []string{"1970-01-01T00:00:00Z", "2027-03-01T03:31:00Z", "2200-12-31T23:59:59Z"} {
				body := object{"id": uuid.NewString(), "channel": "phone", "outcome": "no_answer", "occurred_at": claimed}
				out := desk.Send("POST", attempts, body, 201, "Doorstep-Sent-At", sent)
				if out["claimed_at"] != claimed || out["occurred_at"].(string) < "1970" || out["occurred_at"].(string) > "2027-03-01T03:30:00Z" {
					t.Errorf("claimed %s, sent %s: kept as %v, judged at %v", claimed, sent, out["claimed_at"], out["occurred_at"])
				}
				h.Clock.Advance(time.Minute)
				again := desk.Send("POST", attempts, body, 201, "Doorstep-Sent-At", sent)
				if again["id"] != out["id"] || again["occurred_at"] != out["occurred_at"] {
					t.Errorf("the retry of %v is %v", out, again)
				}
				h.Clock.Set(harness.Monday)
			}
		}
		seen := 0
		for next := ""; ; seen++ {
			page := desk.Send("GET", attempts+"?limit=1"+next, nil, 200)
			cursor, more := page["next_cursor"].(string)
			if !more {
				break
			}
			next = "&cursor=" + cursor
		}
		if seen != 8 {
			t.Errorf("%d pages follow the first of nine", seen)
		}
	})
}

// The id of somebody else's household opens nothing.
func TestTheIDOfAForeignHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		customer, job := h.Household(h.As("kiran"), nil)
		stranger := h.As("kiran2")
		out, res := stranger.Raw("POST", "/v1/customers", object{"id": customer["id"], "name": customer["name"]})
		if res.StatusCode != 409 || bytes.Contains(out, []byte("Lane")) {
			t.Errorf("%d %s", res.StatusCode, out)
		}
		person, place := customer["contacts"].([]any)[0].(object), customer["sites"].([]any)[0].(object)
		same := object{"id": customer["id"], "name": customer["name"], "contacts": []object{{"name": person["name"], "phones": person["phones"]}},
			"sites": []object{{"address": place["address"], "postal_code": place["postal_code"], "zone": place["zone"]}}}
		again := h.As("kiran").Send("POST", "/v1/customers", same, 201)
		if again["version"] != customer["version"] {
			t.Errorf("the retry of a create changed the household: %v", again)
		}
		h.As("kiran").Send("POST", "/v1/customers", object{"id": customer["id"], "name": customer["name"]}, 409) // the same id, another household
		stranger.Send("POST", "/v1/appliances", object{"customer_id": customer["id"]}, 422)
		stranger.Send("POST", "/v1/jobs", object{"customer_id": customer["id"]}, 422)
		stranger.Send("POST", "/v1/flags", object{"kind": "other", "level": 1, "job_id": job["id"]}, 404)
	})
}

// Stop answers 200 to whatever a shaking hand sends, and 401 or 404 else.
func TestNothingRefusesAStop(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.live", "flag.triage", "hold.area", "visit.assigned")
		op, ravi := n.op("stopVisit"), n.As("ravi")
		garbage := make([]byte, 200<<10)
		for i := range garbage {
			garbage[i] = byte(i * 7919 >> 3)
		}
		kinds := []string{"application/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
			"text/csv", "", "///", "application/json; charset=utf-16"}
		visits := []string{}
		for label, body := range inTurn(map[string]string{
			"nothing": "", "broken": `{"note":`, "XML": "<stop/>", "garbage": string(garbage), "1 MB": `{"note":"` + strings.Repeat("é", 1<<19) +
				`"}`, "array": `[]`, "text": `"help"`, "null": `null`, "deep": strings.Repeat("[", 100_000),
			"deep note": `{"note":` + strings.Repeat(`{"a":`, 20_000), "wrong types": `{"note":7,"kind":[],"level":"x","occurred_at":{}}`,
			"nulls": `{"note":null,"kind":null,"level":null,"occurred_at":null}`, "numbers": `{"level":1e309,"occurred_at":1}`,
			"level 99": `{"level":99}`, "level -1": `{"level":-1}`,
			"level half": `{"level":2.5}`, "level 2^63": `{"level":9223372036854775808}`, "level -2^63": `{"level":-9223372036854775808}`,
			"unknown kind": `{"kind":"dragon","level":4}`, "NUL": `{"note":"a\u0000b","kind":"threat\u0000","occurred_at":"\u0000"}`,
			"raw NUL": "{\"note\":\"a\x00b\"}", "surrogate": `{"note":"\ud800"}`,
			"not UTF-8": "{\"note\":\"\xff\"}", "odd text": `{"note":"\ufffe\uffff\u2028\u0001😀"}`, "escaped NUL text": `{"note":"\\u0000"}`,
			"unknown keys": `{"a":1,"b":[{"c":null}]}`, "twice": `{"note":"a","note":"b"}`, "year 0": `{"occurred_at":"0000-01-01T00:00:00Z"}`,
			"year 9999": `{"occurred_at":"9999-12-31T23:59:59Z"}`,
			"fold":      `{"occurred_at":"2027-10-31T01:30:00"}`, "offset": `{"occurred_at":"2027-03-01T09:00:00+99:99"}`,
			"words": `{"occurred_at":"just now"}`, "long ago": `{"occurred_at":"1970-01-01T00:00:00Z"}`, "a long note": `{"note":"` +
				strings.Repeat("न", 60_000) + `","level":3,"kind":"threat"}`,
		}) {
			n.customer, _ = n.Household(n.As("kiran"), nil) // a stop locks its household
			n.spent["visits"] = true
			n.fresh("visits")
			visit := n.place(op)
			visits = append(visits, visit)
			for i, kind := range kinds {
				headers := []string{"Content-Type", kind, "Idempotency-Key", "", "Doorstep-Sent-At", "garbage\x80", "If-Match", ",", "Content-Encoding",
					"gzip", "Accept", "text/html;q=x"}
				if i%2 == 1 {
					headers = []string{"Content-Type", kind, "Idempotency-Key", strings.Repeat("ü", 300), "Doorstep-Sent-At",
						[]string{"1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T00:00:00Z"}[i/2], "If-Match", `"99"`,
						"X-Request-Id", "\x80"}
				}
				status, out := n.fire(shot{op: op, label: fmt.Sprintf("%s as %d %q", label, i, kind), path: visit, body: []byte(body), headers: headers,
					by: ravi, want: []int{200}})
				if status == 200 && (!bytes.Contains(out, []byte(`"stopped_unsafe"`)) || !bytes.Contains(out, []byte(`"flag_id"`))) {
					n.Errorf("%s: %s", label, out)
				}
				if i > 0 && len(body) > 10_000 {
					break // one more of the large ones is enough
				}
			}
		}
		for _, visit := range visits {
			ravi.Send("GET", strings.TrimSuffix(visit, "/stop"), nil, 200)
		}
		// One report each, however often the button was hit, and all readable.
		flags := map[string]int{}
		for next := ""; ; {
			page := n.As("maya").Send("GET", "/v1/flags?limit=200"+next, nil, 200)
			for _, f := range page["items"].([]any) {
				flags[fmt.Sprint(f.(object)["visit_id"])]++
			}
			cursor, more := page["next_cursor"].(string)
			if !more {
				break
			}
			next = "&cursor=" + cursor
		}
		for _, visit := range visits {
			if id := strings.Split(visit, "/")[3]; flags[id] != 1 {
				n.Errorf("%d reports on the visit %s", flags[id], id)
			}
		}
		body := []byte(`{"note":"x"}`)
		n.fire(shot{op: op, label: "as nobody", path: visits[0], body: body, by: n.Harness.Anonymous(), want: []int{401}})
		n.fire(shot{op: op, label: "as another technician", path: visits[0], body: body, by: n.As("meena"), want: []int{404}})
		n.fire(shot{op: op, label: "as a stranger", path: visits[0], body: body, by: n.As("ravi2"), want: []int{404}})
		for label, id := range inTurn(map[string]string{"a word": "abc", "nowhere": uuid.NewString(), "NUL": "%00", "not UTF-8": "%ff",
			"long": strings.Repeat("a", 3000)}) {
			n.fire(shot{op: op, label: "of " + label, path: "/v1/visits/" + id + "/stop", body: body, by: ravi, want: []int{404}})
		}
	})
}

// What a browser, or somebody with curl, can send to the customer's page.
func TestBadForms(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.triage", "link.wrong_person", "note.waiting", "promise.yours", "visit.another_time", "visit.assigned",
			"visit.cancelled", "visit.cancelled_by_customer", "visit.confirmed")
		key := func() string {
			page, _ := n.Harness.Anonymous().Raw("GET", "/c/"+n.link, nil)
			m := harness.FormKey.FindSubmatch(page)
			if m == nil {
				n.Fatalf("no form key on %s", page)
			}
			return string(m[1])
		}
		form := []string{"Content-Type", "application/x-www-form-urlencoded"}
		for _, action := range []string{"customerConfirm", "customerAnotherTime", "customerCancel", "customerCallMe", "customerWrongPerson"} {
			op := n.op(action)
			send := func(label, body string, want []int, headers ...string) {
				n.Helper()
				n.fresh("c")
				body = strings.ReplaceAll(body, "KEY", url.QueryEscape(key()))
				if headers == nil {
					headers = form
				}
				n.fire(shot{op: op, label: label, body: []byte(body), headers: headers, want: want})
			}
			stale := []int{409}
			for label, body := range inTurn(map[string]string{"nothing": "", "no key": "date=2027-03-03&part=any", "empty key": "form_key=",
				"a word": "form_key=abc", "dots": "form_key=..", "key of nobody": "form_key=a.0.b", "long key": "form_key=" + strings.Repeat("a", 7000),
				"odd key": "form_key=%F0%9F%98%80.%01.%E2%80%A8", "broken escape": "form_key=%zz&%", "key in JSON": `{"form_key":"x"}`}) {
				send(label, body, stale)
			}
			send("NUL", "form_key=KEY&note=%00&date=%00&part=%00", []int{400})
			send("NUL in a name", "%00=1&form_key=KEY", []int{400})
			send("not UTF-8", "form_key=KEY&note=%ff", []int{400})
			send("9 KiB", "form_key=KEY&note="+strings.Repeat("a", 9<<10), []int{413})
			send("1 MiB", "form_key=KEY&note="+strings.Repeat("a", 1<<20), []int{413})
			send("101 fields", strings.Repeat("a=1&", 101)+"form_key=KEY", []int{400})
			send("as JSON", `{"form_key":"KEY"}`, []int{415}, "Content-Type", "application/json")
			send("as XML", `<form_key>KEY</form_key>`, []int{415}, "Content-Type", "text/xml")
			send("multipart", "--x\r\nContent-Disposition: form-data; name=form_key\r\n\r\nKEY\r\n--x--\r\n", []int{415}, "Content-Type",
				"multipart/form-data; boundary=x")
			send("no media type", "form_key=KEY", []int{415}, "Content-Type", "")
			send("gzip", "form_key=KEY", []int{415}, "Content-Type", form[1], "Content-Encoding", "gzip")
			send("UTF-16", "form_key=KEY", []int{415}, "Content-Type", form[1]+"; charset=utf-16")
			if action == "customerAnotherTime" {
				for _, date := range []string{"", "2027-02-30", "0000-00-00", "9999-12-31", "1970-01-01", "2027-03-02T10:00", "%E0%A5%A7", "-1",
					"2027-3-2"} {
					send("date "+date, "form_key=KEY&part=any&date="+date, []int{422})
				}
				for _, part := range []string{"", "midnight", "MORNING", "%01", "any%20"} {
					send("part "+part, "form_key=KEY&date=2027-03-05&part="+part, []int{422})
				}
				send("part twice", "form_key=KEY&date=2027-03-05&part=any&part=morning", nil)
			}
			if action == "customerAnotherTime" || action == "customerCallMe" {
				for label, note := range inTurn(map[string]string{"500": strings.Repeat("न", 500), "odd": "\u0001\u2028\ufffe😀<script>'\"\\u0000",
					"lines": "a\r\nb"}) {
					send("note "+label, "form_key=KEY&date=2027-03-05&part=any&note="+url.QueryEscape(note), []int{303})
				}
				send("note of 501", "form_key=KEY&date=2027-03-05&part=any&note="+url.QueryEscape(strings.Repeat("न", 501)), []int{422})
			}
			send("twice the key", "form_key=KEY&form_key=x&date=2027-03-05&part=any", nil)
			send("unknown fields", "form_key=KEY&date=2027-03-05&part=any&role=admin&__proto__=1", nil)
		}
		// The page itself.
		page := n.op("customerPage")
		n.fresh("c")
		for label, q := range inTurn(map[string]string{"lang of nowhere": "?lang=xx", "lang with NUL": "?lang=%00",
			"done of nothing": "?done=%3Cscript%3E", "twice": "?lang=hi&lang=en", "unknown": "?a=b", "not UTF-8": "?done=%ff"}) {
			n.fire(shot{op: page, label: label, path: "/c/" + n.link + q})
		}
		for label, v := range inTurn(map[string]string{"star": "*", "nonsense": ";q=,,--", "long": strings.Repeat("hi-IN,", 1500),
			"not ASCII": "हिन्दी"}) {
			n.fire(shot{op: page, label: "language " + label, path: "/c/" + n.link, headers: []string{"Accept-Language", v}, want: []int{200}})
		}
		for label, token := range inTurn(map[string]string{"short": "x", "128": strings.Repeat("a", 128), "129": strings.Repeat("a", 129),
			"long": strings.Repeat("a", 5000), "NUL": "%00", "not UTF-8": "%ff", "case": strings.ToUpper(n.link), "cut": n.link[:len(n.link)-1],
			"more": n.link + "A", "blank": "%20", "slash": "a%2fb"}) {
			n.fire(shot{op: page, label: "token " + label, path: "/c/" + token, want: []int{404}})
			n.fire(shot{op: n.op("visitCalendar"), label: "token " + label, path: "/c/" + token + "/visit.ics", want: []int{404}})
			n.fire(shot{op: n.op("customerCancel"), label: "token " + label, path: "/c/" + token + "/cancel", body: []byte("form_key=x"),
				headers: form, want: []int{404}})
		}
		n.readAll()
	})
}

// Sheets that no spreadsheet program wrote.
func TestBadSheets(t *testing.T) {
	onBoth(t, func(n *nasty) {
		n.Ignores("flag.triage", "note.waiting", "visit.assigned")
		op := n.op("importJobs")
		const head = "external_ref,name,phone,address,fault,date\n"
		xlsx := "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		for label, body := range inTurn(map[string]string{
			"NUL": head + "A\x00B,x,9800000001,Lane,f,02/03/2027\n", "not UTF-8": head + "X-1,\xff\xfe,9800000001,Lane,f,\n",
			"open quote": head + "\"X-2,x,", "bare quote": head + "X\"2,x,9\n", "no rows": head, "head alone, odd": ",,,\n", "blank": "\n\n\n",
			"one cell of 1 MB": head + "X-3," + strings.Repeat("x", 1<<20) + ",9,a,f,\n",
			"surrogates":       head + "X-4,\xed\xa0\x80,9800000001,Lane,f,\n",
			"odd text":         head + "X-5,\ufffe\u2028\u0001😀,9800000001,\"a\\u0000b\",'=cmd|',31/02/2027\n",
			"many columns":     strings.Repeat("a,", 5000) + "\n" + strings.Repeat("1,", 5000) + "\n",
			"twice a head":     "external_ref,external_ref\nA,B\n", "JSON": `{"a":1}`, "zip": "PK\x03\x04garbage",
			"long cells": head + "X-6," + strings.Repeat("n", 300) + ",9800000001," + strings.Repeat("a", 600) + "," + strings.Repeat("f", 3000) +
				",\n", "dates": head + "X-7,x,9800000001,Lane,f,99/99/9999\nX-8,x,9800000001,Lane,f,00/00/0000\nX-9,x,9800000001,Lane,f,1e309\n",
			"phones": head + "X-10,x,+,Lane,f,\nX-11,x," + strings.Repeat("9", 500) + ",Lane,f,\n",
		}) {
			for _, media := range []string{"text/csv", xlsx, "text/csv; charset=utf-16", "application/json", ""} {
				var want []int
				if media == "application/json" || media == "" {
					want = []int{415}
				}
				n.fire(shot{op: op, label: label + " as " + media, body: []byte(body), headers: []string{"Content-Type", media}, want: want})
			}
			n.fire(shot{op: op, label: label + " preview", path: op.Path + "?preview=true", body: []byte(body),
				headers: []string{"Content-Type", "text/csv"}})
		}
		n.fire(shot{op: op, label: "of another centre", path: op.Path + "?centre_id=" + n.OtherCentre.String(),
			body: []byte(head + "Y-1,x,9800000001,Lane,f,\n"), headers: []string{"Content-Type", "text/csv"}, want: []int{422}})
		n.readAll()
	})
}

// wire sends bytes as they are and reads answers until the server hangs up or
// n have come.
func wire(t *testing.T, address, request string, n int) (answers []*http.Response, bodies []string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	r := bufio.NewReader(conn)
	for len(answers) < n {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			break
		}
		body, _ := io.ReadAll(res.Body)
		answers, bodies = append(answers, res), append(bodies, string(body))
	}
	return answers, bodies
}

// Connections that are slow, idle, in a hurry, or speak something else.
func TestBadConnections(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	// A second server over the same use cases, with less patience.
	w := &app.Config{Secrets: app.Secrets{JWTSecret: harness.JWTSecret, LinkSecret: harness.LinkSecret}, BaseURL: h.URL, Now: h.Clock.Now,
		Push: notifications.NewLog(slog.New(slog.DiscardHandler)), Log: slog.New(slog.DiscardHandler)}
	hasty, err := app.New(t.Context(), h.DB, w)
	h.Must(err)
	const patience = 400 * time.Millisecond
	hasty.HTTP.App.Server().ReadTimeout, hasty.HTTP.App.Server().IdleTimeout = patience, patience
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.Must(err)
	go func() { _ = hasty.HTTP.Serve(ln) }()
	t.Cleanup(func() { _ = hasty.HTTP.Drain(context.Background()) })
	address := ln.Addr().String()
	token := h.As("kiran").Token

	for name, c := range map[string]struct {
		pieces []string
		every  time.Duration
	}{
		"silence":              {[]string{""}, time.Hour},
		"headers byte by byte": {drip("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: "), 50 * time.Millisecond},
		"a body byte by byte": {append(
			[]string{"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{"}, drip("")...),
			50 * time.Millisecond},
		"chunks byte by byte": {append(
			[]string{"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"},
			drip(strings.Repeat("1\r\n{\r\n", 100))...), 50 * time.Millisecond},
		"half a request":                 {[]string{"GET /healthz HTTP/1.1\r\nHost:"}, time.Hour},
		"idle after an answer":           {[]string{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"}, time.Hour},
		"half a request after an answer": {[]string{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET"}, time.Hour},
		"a stop that never comes to end": {[]string{"POST /v1/visits/" + uuid.NewString() +
			"/stop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 100\r\n\r\n{"}, time.Hour},
		"TLS where none is spoken":       {[]string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 100)}, time.Hour},
		"HTTP/2 preface":                 {[]string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}, time.Hour},
		"a length of more than there is": {[]string{"POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{}"}, time.Hour},
		"HTTP/1.0 without keep-alive":    {[]string{"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n"}, time.Hour},
		"an Expect that is waited for":   {[]string{"POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n"}, time.Hour},
		"empty lines without a request":  {[]string{strings.Repeat("\r\n", 1000)}, time.Hour},
		"a header that never comes to end": {append([]string{"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: "}, drip(strings.Repeat("a", 200))...),
			50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lived, said := cut(t, address, c.pieces, c.every)
			if lived > patience+5*time.Second {
				t.Errorf("cut after %v", lived)
			}
			if strings.Contains(said, "HTTP/1.1 5") || strings.Contains(said, " 200 OK") && !strings.Contains(c.pieces[0], "/healthz") {
				t.Errorf("answered %q", said)
			}
		})
	}
	t.Run("requests in a row", func(t *testing.T) { requestsInARow(t, address, token) })
	t.Run("what is smuggled", func(t *testing.T) { smuggled(t, address, token) })
	t.Run("too much", func(t *testing.T) { tooMuch(t, address) })
}

// cut tells how long a connection lives whose client sends piece after
// piece, and what it is told.
func cut(t *testing.T, address string, pieces []string, every time.Duration) (lived time.Duration, said string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for _, p := range pieces {
			if _, err := io.WriteString(conn, p); err != nil {
				return
			}
			select {
			case <-done:
				return
			case <-time.After(every):
			}
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	out, err := io.ReadAll(conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("%q is still connected after %v", pieces[0], time.Since(began))
	}
	return time.Since(began), string(out)
}

// drip gives each letter, and blanks after them.
func drip(s string) (out []string) {
	for _, c := range s + strings.Repeat(" ", 200) {
		out = append(out, string(c))
	}
	return out
}

func requestsInARow(t *testing.T, address, token string) {
	one := "GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	bad := "GET /v1/me HTTP/1.1\r\nHost: x\r\n\r\n"
	answers, bodies := wire(t, address, strings.Repeat(one+bad, 10), 20)
	if len(answers) != 20 {
		t.Fatalf("%d of 20 answers", len(answers))
	}
	for i, a := range answers {
		if want := []int{200, 401}[i%2]; a.StatusCode != want || (i%2 == 0) != strings.Contains(bodies[i], `"kiran"`) {
			t.Errorf("answer %d: %d %s", i, a.StatusCode, bodies[i])
		}
	}
}

func smuggled(t *testing.T, address, token string) {
	hidden := "GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
	for name, request := range map[string]string{
		"length and chunked": "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
			hidden,
		"two lengths":         "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden,
		"length of two words": "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 5\r\n\r\n" + hidden,
		"no Host":             "GET /healthz HTTP/1.1\r\n\r\n" + hidden,
		"two Hosts":           "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden,
		"NUL in a header":     "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n" + hidden,
		"chunk of 2^64":       "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + hidden,
		"chunk of nonsense":   "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + hidden,
	} {
		answers, bodies := wire(t, address, request, 2)
		if len(answers) != 1 || answers[0].StatusCode != 400 || !strings.HasPrefix(answers[0].Header.Get("Content-Type"),
			"application/problem+json") {
			t.Errorf("%s: %d answers, %q", name, len(answers), bodies)
		}
	}
}

func tooMuch(t *testing.T, address string) {
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"headers":      {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 40_000) + "\r\n\r\n", 431},
		"address":      {"GET /" + strings.Repeat("a", 40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"many headers": {"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 10_000) + "\r\n", 431},
		"announced 11 MiB": {"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 11534336\r\n\r\n",
			413},
		"announced 2^63": {"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9223372036854775807\r\n\r\n", 413},
	} {
		answers, bodies := wire(t, address, c.request, 1)
		if len(answers) != 1 || answers[0].StatusCode != c.status || !strings.Contains(bodies[0], `"too_large"`) {
			t.Errorf("%s: %v %q", name, answers, bodies)
		}
	}
}
