package contract

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// every is a value of a schema with each property that the contract offers.
func every(s *openapi3.Schema) any {
	text := func(v string) any {
		if s.MaxLength != nil && len(v) > int(*s.MaxLength) {
			v = v[:*s.MaxLength]
		}
		return v
	}
	switch {
	case len(s.OneOf) > 0:
		return every(s.OneOf[len(s.OneOf)-1].Value)
	case len(s.AllOf) > 0:
		return every(s.AllOf[0].Value)
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("object"):
		o := object{}
		for name, p := range s.Properties {
			o[name] = every(p.Value)
		}
		if more := s.AdditionalProperties.Schema; more != nil && len(s.Properties) == 0 {
			o["refrigerator"] = every(more.Value)
		}
		return o
	case s.Type.Is("array"):
		out := []any{}
		for range max(1, int(s.MinItems)) {
			out = append(out, every(s.Items.Value))
		}
		return out
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1
	case s.Type.Is("boolean"):
		return true
	case s.Format == "uuid":
		return uuid.NewString()
	case s.Format == "instant", s.Format == "date-time":
		return harness.Monday.Format(time.RFC3339)
	case s.Format == "date":
		return "2027-03-02"
	case strings.HasPrefix(s.Pattern, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"):
		return "2027-03-02T10:00"
	}
	return text(strings.Repeat("some text ", 1+int(s.MinLength)/10))
}

// TestEveryFieldOfTheContractIsTaken sends each operation a body with every
// field that the contract gives it: a phone that keeps to the contract is
// refused for what it means, never for what it says.
func TestEveryFieldOfTheContractIsTaken(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.reset", "flag.triage", "flag.withdrawn", "leave.approved", "leave.asked", "leave.declined",
			"note.moved", "note.waiting", "sos.raised", "thanks.waiting", "visit.assigned", "visit.cancelled", "visit.declined_unsafe",
			"visit.needs_someone", "visit.offered")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		n := newNasty(h)
		n.target["sos"] = h.As("meena").Send("POST", "/v1/sos", nil, 201)["id"]
		walked := 0
		for _, op := range h.Contract.Operations() {
			schema := n.schema(op)
			if schema == nil || strings.HasPrefix(op.Path, "/demo") {
				continue
			}
			body := every(schema)
			if err := schema.VisitJSON(n.plain(body), openapi3.VisitAsRequest()); err != nil {
				t.Fatalf("%s: the test sends what the contract refuses: %v", op.ID, err)
			}
			by := n.who(op)
			if segments := strings.Split(op.Path, "/"); strings.Contains(op.Path, "{id}") {
				n.fresh(segments[2])
				if n.target[segments[2]] == nil { // none is there; the body is read before that is known
					n.target[segments[2]] = uuid.New()
				}
				n.spent[segments[2]] = true
			}
			at := n.place(op)
			headers := []string{}
			if op.Method == "PATCH" {
				headers = append(headers, "If-Match", `"1"`)
			}
			out, res := by.Raw(op.Method, at, body, headers...)
			if slices.Contains([]int{400, 413, 415}, res.StatusCode) {
				t.Errorf("%s %s with every field: %d: %s", op.Method, at, res.StatusCode, out)
			}
			if op.Lenient && res.StatusCode >= 300 && res.StatusCode != 404 {
				t.Errorf("%s refuses what nothing may refuse: %d: %s", op.ID, res.StatusCode, out)
			}
			walked++
		}
		if walked < 90 {
			t.Errorf("only %d bodies were walked", walked)
		}
	})
}

// plain is a value as JSON gives it.
func (n *nasty) plain(v any) (out any) {
	n.Must(json.Unmarshal(n.json(v), &out))
	return out
}
