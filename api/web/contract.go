package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

// The largest bodies: of a form, and of anything else unless the contract says
// more with x-max-body, which never goes for JSON.
const (
	MaxJSON = 256 << 10
	MaxForm = 8 << 10
)

// Contract is openapi.yaml, ready to judge requests and responses.
type Contract struct {
	raw  []byte
	doc  *openapi3.T
	ops  map[string]*Operation // by "METHOD /path/{id}"
	byID map[string]*Operation
	list []*Operation // by path, then method
}

// Operation is one method of one path of the contract.
type Operation struct {
	Method  string
	Path    string // as in the contract: /v1/visits/{id}
	ID      string
	Tag     string
	Summary string
	Roles   []string      // x-roles: who may call it; empty where the contract does not say
	Public  bool          // security: [] — no access token
	Lenient bool          // x-lenient: the contract describes it, and refuses nothing
	Device  bool          // security: it takes the credential of a device too
	Offline bool          // x-offline: a phone may keep it while it has no network, and send it in a batch
	Gives   bool          // x-gives-way: it waits while many ask for it at once
	Asked   bool          // it takes HeaderDryRun: it can be asked first what it would do
	Codes   []domain.Code // x-codes: of its problems, beside AnyCodes
	MaxBody int           // x-max-body: bytes of a file that it takes; MaxJSON where the contract does not say

	op      *openapi3.Operation
	route   *routers.Route
	query   map[string]*openapi3.Parameter
	headers []*openapi3.Parameter
	keyed   bool // Idempotency-Key is required
	matched bool // If-Match is required

	deprecated    *deprecation // nil: it stays
	oldParameters []oldParameter
	oldFields     map[*openapi3.Schema]*deprecation
}

// AnyCodes are the codes of problems with which any operation may answer.
var AnyCodes = []domain.Code{domain.CodeMalformed, domain.CodeUnauthenticated, domain.CodeRateLimited, domain.CodeTooLarge,
	domain.CodeMedia, domain.CodeMethod, domain.CodeInternal, domain.CodeUnavailable, domain.CodeIdempotencyKey,
	domain.CodeIdemInFlight, domain.CodeIdemMismatch, domain.CodeAnswerWithheld, domain.CodeDeviceLost, domain.CodeSyncTooOld}

// Formats that the contract uses beyond kin-openapi's own. instant is an
// RFC 3339 date-time, or a local one whose zone the handler knows. words decide something: not of signs alone.
var formats = map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(s string) error {
		if _, ok := parseUUID(s); !ok {
			return errors.New("must be a UUID")
		}
		return nil
	}),
	"date":      openapi3.NewCallbackValidator(formatDate),
	"date-time": openapi3.NewCallbackValidator(formatDateTime),
	"instant":   openapi3.NewCallbackValidator(formatInstant),
	"words":     openapi3.NewCallbackValidator(formatWords),
	"note":      openapi3.NewCallbackValidator(formatNote),
}

var (
	bodyOptions = []openapi3.SchemaValidationOption{
		openapi3.VisitAsRequest(), openapi3.MultiErrors(), openapi3.WithStringFormatValidators(formats),
	}
	filterOptions = &openapi3filter.Options{
		MultiError: true, SkipSettingDefaults: true, IncludeResponseStatus: true,
		AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidators(formats)},
	}
)

// LoadContract reads and checks openapi.yaml. Keywords that only JSON Schema
// 2020-12 has are refused: kin-openapi would compile such a schema anew for
// every request, which costs milliseconds instead of microseconds.
func LoadContract(data []byte) (*Contract, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if err := doc.WalkSchemas(func(pointer string, ref *openapi3.SchemaRef) error {
		if s := ref.Value; s.Const != nil || s.PrefixItems != nil || s.Contains != nil || s.PatternProperties != nil ||
			s.DependentSchemas != nil || s.DependentRequired != nil || s.PropertyNames != nil || s.If != nil ||
			s.UnevaluatedItems.Has != nil || s.UnevaluatedItems.Schema != nil ||
			s.UnevaluatedProperties.Has != nil || s.UnevaluatedProperties.Schema != nil {
			return fmt.Errorf("openapi.yaml: %s uses a keyword of JSON Schema 2020-12 that is not checked here "+
				"(const, if, prefixItems, …)", pointer)
		}
		_, err := deprecated(pointer, ref.Value.Deprecated, ref.Value.Extensions)
		return err
	}); err != nil {
		return nil, err
	}

	// The filter looks at the version to choose the validator; 3.0's is the fast one.
	spec := *doc
	spec.OpenAPI = "3.0.3"
	ct := &Contract{raw: data, doc: doc, ops: map[string]*Operation{}, byID: map[string]*Operation{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o := &Operation{
				Method: method, Path: path, ID: op.OperationID, Summary: op.Summary, op: op,
				route: &routers.Route{Spec: &spec, Path: path, PathItem: item, Method: method, Operation: op},
				query: map[string]*openapi3.Parameter{},
			}
			if len(op.Tags) > 0 {
				o.Tag = op.Tags[0]
			}
			if security := op.Security; security != nil {
				o.Public = len(*security) == 0
				o.Device = slices.ContainsFunc(*security, func(r openapi3.SecurityRequirement) bool { return r["device"] != nil })
			} else {
				o.Public = len(doc.Security) == 0
			}
			o.Lenient, _ = op.Extensions["x-lenient"].(bool)
			o.Offline, _ = op.Extensions["x-offline"].(bool)
			o.Gives, _ = op.Extensions["x-gives-way"].(bool)
			o.MaxBody = MaxJSON
			if n, ok := op.Extensions["x-max-body"].(float64); ok {
				o.MaxBody = int(n)
			}
			if roles, ok := op.Extensions["x-roles"].([]any); ok {
				for _, r := range roles {
					o.Roles = append(o.Roles, fmt.Sprint(r))
				}
			}
			if codes, ok := op.Extensions["x-codes"].([]any); ok {
				for _, code := range codes {
					o.Codes = append(o.Codes, domain.Code(fmt.Sprint(code)))
				}
			}
			for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
				switch p := ref.Value; p.In {
				case openapi3.ParameterInQuery:
					o.query[p.Name] = p
				case openapi3.ParameterInHeader:
					switch http.CanonicalHeaderKey(p.Name) {
					case HeaderIdempotencyKey:
						o.keyed = o.keyed || p.Required
					case fiber.HeaderIfMatch:
						o.matched = o.matched || p.Required
					case headerSentAt:
					case HeaderDryRun:
						o.Asked = true
						o.headers = append(o.headers, p)
					default:
						o.headers = append(o.headers, p)
					}
				}
			}
			if err := o.readDeprecations(); err != nil {
				return nil, err
			}
			ct.ops[method+" "+path], ct.byID[o.ID] = o, o
			ct.list = append(ct.list, o)
		}
	}
	slices.SortFunc(ct.list, func(a, b *Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return ct, nil
}

// Operations lists what the contract offers, by path and method.
func (ct *Contract) Operations() []*Operation { return slices.Clone(ct.list) }

// Operation gives one operation by its method and its path as in the contract.
func (ct *Contract) operation(method, path string) (*Operation, bool) {
	o, ok := ct.ops[method+" "+path]
	return o, ok
}

// PathOf is the path of an operation that is called for one object. A name that the contract does not have is a defect, which
// TestOperationsOfTheDomain finds.
func (ct *Contract) PathOf(operation string, id domain.ID) string {
	o, ok := ct.byID[operation]
	if !ok {
		panic("api: openapi.yaml has no operation " + operation)
	}
	before, rest, _ := strings.Cut(o.Path, "{")
	_, after, _ := strings.Cut(rest, "}")
	return before + id.String() + after
}

// Find gives the operation that a concrete path belongs to; fixed segments win
// over parameters. It is for tests and tools: requests are bound to their
// operation when the route is made.
func (ct *Contract) Find(method, path string) (*Operation, bool) {
	var best *Operation
	for _, o := range ct.list {
		if o.Method == method && covers(o.Path, path) && (best == nil || strings.Count(o.Path, "{") < strings.Count(best.Path, "{")) {
			best = o
		}
	}
	return best, best != nil
}

// covers reports whether a template takes a path (which may be a template, too).
func covers(template, path string) bool {
	for {
		a, rest, more := strings.Cut(template, "/")
		b, left, longer := strings.Cut(path, "/")
		if more != longer || a != b && !(strings.HasPrefix(a, "{") && b != "") {
			return false
		}
		if !more {
			return true
		}
		template, path = rest, left
	}
}

type localsKey int

const (
	localParsed localsKey = iota
	localRoute
	localRequestID
	localBody
	localComplete // when the request was
	localNoMethod // the method is no token
	localCounted  // a limiter has, or none shall
	localDevice   // the operation takes the credential of a device
	localInner    // the request is one of a batch
)

// parsedBody is what the guard leaves for Decode.
type parsedBody struct{ value any }

// guard judges a request by its operation before the handler sees it. Order:
// Idempotency-Key, media type and size, shape of query, headers and body, then
// If-Match. Parameters in the path are the handler's (PathID): what is no id
// names nothing and is a 404, not a 400.
func (o *Operation) guard(c *fiber.Ctx) error {
	if o.Lenient {
		return c.Next()
	}
	if o.keyed {
		if _, err := IdempotencyKey(c); err != nil {
			return err
		}
	}
	// What cannot be asked first would happen instead.
	if c.Get(HeaderDryRun) != "" && !o.Asked && o.Method != fiber.MethodGet {
		return Malformed("#/header/"+HeaderDryRun, "this cannot be asked first; nothing has happened")
	}
	var fields []domain.FieldError
	fields = o.judgeQuery(c, fields)
	fields = o.judgeHeaders(c, fields)
	fields, err := o.judgeBody(c, fields)
	if err != nil {
		return err
	}
	if len(fields) > 0 {
		slices.SortStableFunc(fields, func(a, b domain.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
		return malformedFields(fields)
	}
	if _, _, err := SentAt(c); err != nil {
		return err
	}
	if o.matched {
		_, err = RequireIfMatch(c)
	} else {
		_, _, err = ifMatch(c)
	}
	if err != nil {
		return err
	}
	return c.Next()
}

func (o *Operation) judgeQuery(c *fiber.Ctx, fields []domain.FieldError) []domain.FieldError {
	args := c.Context().QueryArgs()
	if args.Len() == 0 && !o.needsQuery() {
		return fields
	}
	values := url.Values{}
	args.VisitAll(func(k, v []byte) {
		name := string(k)
		at := pointerTo("#/query", name)
		p := o.query[name]
		switch {
		case !cleanText(k) || !cleanText(v):
			fields = append(fields, domain.FieldError{Pointer: strings.ToValidUTF8(at, "�"), Detail: "must be valid UTF-8 without NUL"})
			return
		case p == nil:
			fields = append(fields, domain.FieldError{Pointer: at, Detail: "is not known here"})
			return
		case values.Has(name) && !isArray(p):
			fields = append(fields, domain.FieldError{Pointer: at, Detail: "is given twice"})
			return
		}
		values.Add(name, string(v))
	})
	if len(fields) > 0 {
		return fields
	}
	in := &openapi3filter.RequestValidationInput{
		Request:     &http.Request{Method: o.Method, URL: &url.URL{}, Header: http.Header{}},
		QueryParams: values, Route: o.route, Options: filterOptions,
	}
	for name, p := range o.query {
		if !values.Has(name) && !p.Required {
			continue
		}
		if err := openapi3filter.ValidateParameter(c.Context(), in, p); err != nil {
			fields = describe(err, pointerTo("#/query", name), p, fields)
		}
	}
	return fields
}

func (o *Operation) needsQuery() bool {
	for _, p := range o.query {
		if p.Required {
			return true
		}
	}
	return false
}

func isArray(p *openapi3.Parameter) bool {
	return p.Schema != nil && p.Schema.Value != nil && p.Schema.Value.Type.Is("array")
}

func (o *Operation) judgeHeaders(c *fiber.Ctx, fields []domain.FieldError) []domain.FieldError {
	if len(o.headers) == 0 {
		return fields
	}
	h := http.Header{}
	for _, p := range o.headers {
		if v := c.Get(p.Name); v != "" {
			h.Set(p.Name, v)
		}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: &http.Request{Method: o.Method, URL: &url.URL{}, Header: h}, Route: o.route, Options: filterOptions,
	}
	for _, p := range o.headers {
		if err := openapi3filter.ValidateParameter(c.Context(), in, p); err != nil {
			fields = describe(err, "#/header/"+p.Name, p, fields)
		}
	}
	return fields
}

func (o *Operation) judgeBody(c *fiber.Ctx, fields []domain.FieldError) ([]domain.FieldError, error) {
	body := c.Request().Body()
	var want *openapi3.RequestBody
	if o.op.RequestBody != nil {
		want = o.op.RequestBody.Value
	}
	if len(body) == 0 {
		if want != nil && want.Required {
			fields = append(fields, domain.FieldError{Pointer: "", Detail: "must not be empty"})
		}
		return fields, nil
	}
	if want == nil {
		if string(bytes.TrimSpace(body)) != "{}" { // some clients send it with every POST
			fields = append(fields, domain.FieldError{Pointer: "", Detail: "must be empty here"})
		}
		return fields, nil
	}
	media, err := MediaType(c)
	if err != nil {
		return fields, err
	}
	content := want.Content[media]
	if content == nil || media != fiber.MIMEApplicationJSON {
		return fields, nil // forms and imports are read by their handlers; what is not taken was refused before it was read
	}
	v, err := parseJSON(body)
	if err != nil {
		return fields, err
	}
	if content.Schema != nil {
		if err := content.Schema.Value.VisitJSON(v, bodyOptions...); err != nil {
			fields = describe(err, "", nil, fields)
		}
	}
	c.Locals(localParsed, parsedBody{v})
	return fields, nil
}

// Media lists the media types of the body, by name; none where it takes none.
func (o *Operation) Media() []string {
	if o.op.RequestBody == nil || o.op.RequestBody.Value == nil {
		return nil
	}
	return mediaTypes(o.op.RequestBody.Value.Content)
}

func mediaTypes(content openapi3.Content) []string {
	out := make([]string, 0, len(content))
	for m := range content {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}

// MediaType gives the bare media type of the body. A compressed body or another
// charset than UTF-8 is not taken: nothing here inflates what a client sends. A table
// may name its own, which whoever reads it knows.
func MediaType(c *fiber.Ctx) (string, error) {
	if enc := c.Get(fiber.HeaderContentEncoding); enc != "" && !strings.EqualFold(enc, "identity") {
		return "", domain.Fail(domain.CodeMedia, "Send the body without Content-Encoding.")
	}
	raw := c.Get(fiber.HeaderContentType)
	if raw == fiber.MIMEApplicationJSON {
		return raw, nil
	}
	media, params, err := mime.ParseMediaType(raw)
	if err != nil {
		return "", nil // no operation takes it
	}
	if charset, ok := params["charset"]; ok && media != "text/csv" && !strings.EqualFold(charset, "utf-8") &&
		!strings.EqualFold(charset, "us-ascii") {
		return "", domain.Fail(domain.CodeMedia, "Send text as UTF-8.")
	}
	return media, nil
}

// limit is how large the body of a request may be. CodeMedia when its media
// type is not taken.
func (o *Operation) limit(c *fiber.Ctx) (int, error) {
	if o.op.RequestBody == nil {
		return MaxJSON, nil // what is not empty is refused
	}
	media, err := MediaType(c)
	content := o.op.RequestBody.Value.Content
	switch {
	case err != nil:
		return MaxJSON, err
	case content[media] == nil:
		return MaxJSON, domain.Fail(domain.CodeMedia, "Send %s.", strings.Join(mediaTypes(content), " or "))
	case media == fiber.MIMEApplicationForm:
		return MaxForm, nil
	case media == fiber.MIMEApplicationJSON:
		return MaxJSON, nil
	}
	return o.MaxBody, nil
}

// cleanText: valid UTF-8 without NUL, which PostgreSQL refuses in text.
func cleanText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// ValidateResponse judges an answer by the contract: an operation that is not
// in it, a status that is not listed, another media type and another shape
// fail. For tests: production does not pay for it.
func (ct *Contract) ValidateResponse(method, path string, status int, header http.Header, body []byte) error {
	path, _, _ = strings.Cut(path, "?")
	if method == http.MethodHead {
		return nil
	}
	o, ok := ct.Find(method, path)
	if !ok {
		return fmt.Errorf("%s %s is not in the contract", method, path)
	}
	if strings.HasPrefix(header.Get(fiber.HeaderContentType), mediaProblem) && status < 400 {
		return fmt.Errorf("%s %s: a problem with status %d", method, path, status)
	}
	options := *filterOptions
	media, _, _ := mime.ParseMediaType(header.Get(fiber.HeaderContentType))
	if media != fiber.MIMEApplicationJSON && media != mediaProblem {
		// Pages and files: the filter has no reader for them; that the media type
		// is the promised one is checked here.
		options.ExcludeResponseBody = true
		if r := cmp.Or(o.op.Responses.Status(status), o.op.Responses.Default()); r != nil && r.Value != nil &&
			len(r.Value.Content) > 0 && len(body) > 0 && r.Value.Content.Get(media) == nil {
			return fmt.Errorf("%s %s → %d: media type %q is not in the contract", method, path, status, media)
		}
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}},
			Route:   o.route, Options: &options,
		},
		Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: &options,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		return fmt.Errorf("%s %s → %d: %w", method, path, status, err)
	}
	if r := o.op.Responses.Status(status); status < 300 && header.Get(fiber.HeaderETag) != "" &&
		(r == nil || r.Value == nil || r.Value.Headers[fiber.HeaderETag] == nil) {
		return fmt.Errorf("%s %s → %d: the ETag is not declared", method, path, status)
	}
	return nil
}

// Declares reports whether the contract names a code among those with which the
// operation may refuse.
func (o *Operation) Declares(code domain.Code) bool {
	return slices.Contains(AnyCodes, code) || slices.Contains(o.Codes, code)
}
