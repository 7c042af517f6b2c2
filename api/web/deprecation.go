package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// headerClient names the app that asks, as name/version.
const headerClient = "Doorstep-Client"

// deprecation is what the contract says of an operation, or of a field of a request, that goes away.
type deprecation struct {
	name          string    // of the operation, and of the field where it is one
	since, sunset time.Time // it is deprecated from, and answered until
}

// deprecated reads the mark of something in the contract; nil: it has none. Who marks says from when, and until when it is served.
func deprecated(name string, marked bool, extensions map[string]any) (*deprecation, error) {
	since, begins := extensions["x-deprecated"]
	sunset, ends := extensions["x-sunset"]
	if !marked && !begins && !ends {
		return nil, nil
	}
	day := func(v any) time.Time {
		at, _ := time.Parse(time.DateOnly, fmt.Sprint(v))
		return at
	}
	d := &deprecation{name, day(since), day(sunset)}
	if !marked || d.since.IsZero() || !d.sunset.After(d.since) {
		return nil, fmt.Errorf(
			"openapi.yaml: %s: what goes away has deprecated: true, x-deprecated: '2027-03-01' and a later x-sunset: '2027-09-01'", name)
	}
	return d, nil
}

// readDeprecations finds what of an operation goes away: itself, parameters, fields of its body.
func (o *Operation) readDeprecations() error {
	var err error
	if o.deprecated, err = deprecated(o.ID, o.op.Deprecated, o.op.Extensions); err != nil {
		return err
	}
	for _, p := range o.route.PathItem.Parameters {
		if err := o.readParameter(p.Value); err != nil {
			return err
		}
	}
	for _, p := range o.op.Parameters {
		if err := o.readParameter(p.Value); err != nil {
			return err
		}
	}
	if o.op.RequestBody == nil {
		return nil
	}
	content := o.op.RequestBody.Value.Content[fiber.MIMEApplicationJSON]
	if content == nil || content.Schema == nil {
		return nil
	}
	o.oldFields = map[*openapi3.Schema]*deprecation{}
	return o.readFields(content.Schema.Value, map[*openapi3.Schema]bool{})
}

func (o *Operation) readParameter(p *openapi3.Parameter) error {
	d, err := deprecated(o.ID+" "+p.Name, p.Deprecated, p.Extensions)
	if d != nil {
		o.oldParameters = append(o.oldParameters, oldParameter{p.In, p.Name, d})
	}
	return err
}

type oldParameter struct {
	in, name string
	*deprecation
}

func (o *Operation) readFields(s *openapi3.Schema, seen map[*openapi3.Schema]bool) error {
	if seen[s] {
		return nil
	}
	seen[s] = true
	for name, p := range s.Properties {
		d, err := deprecated(o.ID+" "+name, p.Value.Deprecated, p.Value.Extensions)
		if err != nil {
			return err
		}
		if d != nil {
			o.oldFields[p.Value] = d
		}
		if err := o.readFields(p.Value, seen); err != nil {
			return err
		}
	}
	for _, p := range partsOf(s) {
		if err := o.readFields(p.Value, seen); err != nil {
			return err
		}
	}
	return nil
}

// partsOf are the schemas that hold the rest of a value: of a list its items, of a choice each.
func partsOf(s *openapi3.Schema) (out openapi3.SchemaRefs) {
	if s.Items != nil {
		out = append(out, s.Items)
	}
	return append(append(append(out, s.AllOf...), s.OneOf...), s.AnyOf...)
}

// goesAway reports whether anything of an operation does.
func (o *Operation) goesAway() bool {
	return o.deprecated != nil || len(o.oldParameters) > 0 || len(o.oldFields) > 0
}

// used lists what of it a request uses.
func (o *Operation) used(c *fiber.Ctx) (out []*deprecation) {
	if o.deprecated != nil {
		out = append(out, o.deprecated)
	}
	for _, p := range o.oldParameters {
		if p.in == openapi3.ParameterInQuery && c.Context().QueryArgs().Has(p.name) || p.in == openapi3.ParameterInHeader && c.Get(p.name) != "" {
			out = append(out, p.deprecation)
		}
	}
	if body, ok := c.Locals(localParsed).(parsedBody); ok && len(o.oldFields) > 0 {
		once := map[*deprecation]bool{}
		o.usedFields(o.op.RequestBody.Value.Content[fiber.MIMEApplicationJSON].Schema.Value, body.value, func(d *deprecation) {
			if !once[d] {
				once[d], out = true, append(out, d)
			}
		})
	}
	return out
}

func (o *Operation) usedFields(s *openapi3.Schema, v any, use func(*deprecation)) {
	switch v := v.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			if field, there := v[name]; there {
				if d := o.oldFields[p.Value]; d != nil {
					use(d)
				}
				o.usedFields(p.Value, field, use)
			}
		}
	case []any:
		if s.Items != nil {
			for _, item := range v {
				o.usedFields(s.Items.Value, item, use)
			}
			return
		}
	}
	for _, p := range partsOf(s) {
		if p != s.Items {
			o.usedFields(p.Value, v, use)
		}
	}
}

// deprecations tells callers of what goes away (Deprecation, RFC 9745; Sunset, RFC 8594) and counts who they are.
type deprecations struct {
	calls *prometheus.CounterVec
	mu    sync.Mutex
	known map[string]bool // clients with a count of their own
}

// mostClients bounds the clients that are counted by name: the header is the caller's.
const mostClients = 100

func newDeprecations(reg prometheus.Registerer) *deprecations {
	d := &deprecations{known: map[string]bool{}, calls: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "doorstep_deprecated_requests_total",
		Help: "Requests that used what the contract marks as deprecated, by operation (and field) and by the app that sent them.",
	}, []string{"operation", "client"})}
	reg.MustRegister(d.calls)
	return d
}

func (d *deprecations) tell(o *Operation) fiber.Handler {
	return func(c *fiber.Ctx) error {
		var since, sunset time.Time
		for _, u := range o.used(c) {
			d.calls.WithLabelValues(u.name, d.client(c)).Inc()
			if since.IsZero() || u.since.Before(since) {
				since = u.since
			}
			if sunset.IsZero() || u.sunset.Before(sunset) {
				sunset = u.sunset
			}
		}
		if !since.IsZero() {
			c.Set("Deprecation", "@"+strconv.FormatInt(since.Unix(), 10))
			c.Set("Sunset", sunset.Format(http.TimeFormat))
		}
		return c.Next()
	}
}

// product is the first of a User-Agent, and all of a Doorstep-Client: a name and a version, and nothing of a person.
var product = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,31}/[0-9][0-9A-Za-z._-]{0,15}$`)

// client names the app that asks.
func (d *deprecations) client(c *fiber.Ctx) string {
	name := c.Get(headerClient)
	if name == "" {
		name, _, _ = strings.Cut(c.Get(fiber.HeaderUserAgent), " ")
	}
	if !product.MatchString(name) {
		return "unknown"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.known[name] {
		if len(d.known) >= mostClients {
			return "other"
		}
		d.known[name] = true
	}
	return name
}
