package contract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

var (
	anyID      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyVersion = regexp.MustCompile(`"?version"?:\d+|^"\d+"$`)
	anyInstant = regexp.MustCompile(`20\d\d-\d\d-\d\dT[\d:.]+Z`)
)

// alike is an answer without what is new in each: ids and instants.
func alike(p *harness.Client, method, address string, body any, headers ...string) string {
	out, res := p.Raw(method, address, body, headers...)
	text := anyVersion.ReplaceAllString(string(out), "")
	text = anyInstant.ReplaceAllString(anyID.ReplaceAllString(text, "id"), "then")
	keep := []string{"Content-Type", "Cache-Control", "ETag", "Location", "Retry-After", "Vary"}
	for _, h := range keep {
		text += "\n" + h + ": " + anyVersion.ReplaceAllString(anyID.ReplaceAllString(res.Header.Get(h), "id"), "")
	}
	return fmt.Sprint(res.StatusCode, " ", text)
}

// TestAnotherCentresIdIsAnsweredAsAnUnknownOne walks every operation with a path id, and
// every field of a body that is an id: what is another centre's is answered as what does
// not exist, byte by byte but for the id itself.
func TestAnotherCentresIdIsAnsweredAsAnUnknownOne(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "dispute.opened", "flag.live", "flag.overdue", "flag.passed_on", "flag.triage", "leave.asked", "link.verify",
			"note.waiting", "promise.late", "queue.morning", "sos.raised", "thanks.waiting", "visit.assigned", "visit.needs_someone",
			"visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "visit.claimed", "visit.missed_desk")
		ids := oneOfEach(h)
		home := h.As("kiran").Send("GET", fmt.Sprintf("/v1/customers/%v", ids["customers"]), nil, 200)
		ids["contacts"], ids["sites"] = home["contacts"].([]any)[0].(object)["id"], home["sites"].([]any)[0].(object)["id"]
		n := newNasty(h)
		strangers := []string{"ravi2", "kiran2", "asha2", "maya2"}
		walked := 0
		for _, op := range h.Contract.Operations() {
			if !strings.HasPrefix(op.Path, "/v1/") || op.Public {
				continue
			}
			segments := strings.Split(op.Path, "/")
			var body any = requestBodies[op.ID]
			headers := []string{"If-Match", `"99"`}
			switch {
			case op.ID == "importJobs":
				continue
			case op.ID == "addEvidence":
				body, headers = string(harness.PNG), append(headers, "Content-Type", "image/png")
			case op.ID == "uploadVisitFile":
				body, headers = "x", append(headers, harness.Chunk(0)...)
			case requestBodies[op.ID] == nil:
				body = object{}
			}
			if op.Method == "GET" {
				body = nil
			}
			if strings.Contains(op.Path, "{id}") {
				for _, login := range strangers {
					at := func(id string) string {
						address := strings.ReplaceAll(op.Path, "{id}", id)
						address = strings.ReplaceAll(address, "{installation_id}", uuid.NewString())
						address = strings.ReplaceAll(address, "{file_id}", harness.String(ids["files"]))
						return strings.ReplaceAll(address, "{evidence_id}", harness.String(ids["evidence"]))
					}
					known := alike(h.As(login), op.Method, at(strings.ToLower(harness.String(ids[segments[2]]))), body, headers...)
					unknown := alike(h.As(login), op.Method, at(uuid.NewString()), body, headers...)
					if known != unknown {
						t.Errorf("%s %s as %s: another centre's\n%s\nunknown\n%s", op.Method, op.Path, login, known, unknown)
					}
					walked++
				}
			}
		}
		if walked < 300 {
			t.Errorf("only %d answers were compared", walked)
		}
		// Bodies, about one's own objects.
		desk2 := h.As("kiran2")
		_, job := h.Household(desk2, nil)
		own := map[string]string{"jobs": harness.String(job["id"]), "customers": harness.String(job["customer_id"]),
			"visits": harness.String(desk2.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": h.Clock.Now().Add(100 * time.Hour),
				"window_end": h.Clock.Now().Add(102 * time.Hour)}, 201)["id"]),
			"users": h.People["ravi2"].ID.String(), "technicians": h.People["ravi2"].ID.String()}
		fields, nested := 0, 0
		for _, op := range h.Contract.Operations() {
			schema := n.schema(op)
			if schema == nil || !strings.HasPrefix(op.Path, "/v1/") || op.Public {
				continue
			}
			segments := strings.Split(op.Path, "/")
			id, mine := own[segments[2]]
			if strings.Contains(op.Path, "{") && !mine {
				continue
			}
			address := strings.ReplaceAll(op.Path, "{id}", id)
			for _, f := range idFields(schema) {
				if f.name == "id" || f.name == "visit_id" && op.ID == "raiseSOS" {
					continue
				}
				for _, login := range []string{"kiran2", "asha2", "maya2", "ravi2"} {
					for kind, foreign := range ids {
						if kind == "areas" || kind == "inbox" || kind == "evidence" || kind == "files" {
							continue
						}
						with := func(id string) string {
							b := object{}
							if o, ok := requestBodies[op.ID]; ok {
								maps.Copy(b, o)
							}
							in := b
							if f.inside != "" { // the one kind of object inside a body that names others is a contact
								in = object{"channel": "phone", "direction": "inbound", "outcome": "reached"}
								b[f.inside] = in
							}
							if in[f.name] = any(id); f.list {
								in[f.name] = []string{id}
							}
							return alike(h.As(login), op.Method, address, b, "If-Match", `"99"`)
						}
						known, unknown := with(strings.ToLower(harness.String(foreign))), with(uuid.NewString())
						if known != unknown {
							t.Errorf("%s %s as %s, %s of another centre's %s\n%s\nunknown\n%s", op.Method, op.Path, login, f.name, kind, known, unknown)
						}
						if fields++; f.inside != "" {
							nested++
						}
					}
				}
			}
		}
		if fields < 100 || nested < 100 {
			t.Errorf("only %d fields were compared, %d of them inside of objects", fields, nested)
		}
	})
}

// idField is a field of a body that names something else, or of an object inside it.
type idField struct {
	inside, name string
	list         bool
}

// idFields lists those of a body. What has an id of its own is made, and names nothing.
func idFields(schema *openapi3.Schema) (out []idField) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		of := schema.Properties[name].Value
		if list, ok := isID(of); ok {
			out = append(out, idField{"", name, list})
		}
		for _, inner := range slices.Sorted(maps.Keys(of.Properties)) {
			if list, ok := isID(of.Properties[inner].Value); ok && inner != "id" {
				out = append(out, idField{name, inner, list})
			}
		}
	}
	return out
}

// isID reports whether a field is an id, or a list of them.
func isID(s *openapi3.Schema) (list, ok bool) {
	if s.Type.Is("array") && s.Items != nil {
		return true, s.Items.Value.Format == "uuid"
	}
	return false, s.Format == "uuid"
}

// TestAJobOfAnotherCentreIsNotNamed: that a job repeats one of another centre is told to
// who sees both.
func TestAJobOfAnotherCentreIsNotNamed(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		home := func(desk *harness.Client) object {
			customer, _ := h.Household(desk, nil)
			return desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "rattles", "category": "refrigerator",
				"serial": "SN-77"}, 201)
		}
		first := home(h.As("kiran"))
		second := home(h.As("kiran2"))
		for _, login := range []string{"kiran2", "asha2", "maya2"} {
			for _, at := range []string{"/v1/jobs/%s", "/v1/jobs/%s/timeline", "/v1/jobs/%s/passport"} {
				out, _ := h.As(login).Raw("GET", path(at, second), nil)
				if strings.Contains(string(out), harness.String(first["id"])) {
					t.Errorf("%s reads of another centre's job at "+at+": %s", login, second["id"], out)
				}
			}
		}
		for _, list := range []string{"/v1/jobs"} {
			out, _ := h.As("kiran2").Raw("GET", list, nil)
			if strings.Contains(string(out), harness.String(first["id"])) {
				t.Errorf("the list names it: %s", out)
			}
		}
		if got := h.As("root").Send("GET", path("/v1/jobs/%s", second), nil, 200); got["repeat_of"] != first["id"] {
			t.Errorf("the brand reads that it repeats %v", got["repeat_of"])
		}
		if got := home(h.As("kiran2")); got["repeat_of"] != second["id"] {
			t.Errorf("one's own is named: %v", got["repeat_of"])
		}
	})
}
