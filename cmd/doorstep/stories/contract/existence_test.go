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
	"doorstep/cmd/doorstep/stories/harness/bodies"

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
	harness.Long(t)
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

// TestAnIdThatIsTakenTellsNothing walks every operation that takes an id of the client's own choice: one that another
// centre's object has is answered word for word as one that an own object has.
func TestAnIdThatIsTakenTellsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "dispute.opened", "flag.live", "flag.overdue", "flag.passed_on", "flag.triage", "leave.asked", "link.verify",
			"note.waiting", "promise.late", "queue.morning", "sos.raised", "thanks.waiting", "visit.assigned", "visit.needs_someone",
			"visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "visit.claimed", "visit.missed_desk")
		ids := oneOfEach(h)
		kiran, desk, ravi, maya := h.As("kiran"), h.As("kiran2"), h.As("ravi2"), h.As("maya2")
		home := kiran.Send("GET", fmt.Sprintf("/v1/customers/%v", ids["customers"]), nil, 200)
		ids["contact"], ids["site"] = home["contacts"].([]any)[0].(object)["id"], home["sites"].([]any)[0].(object)["id"]
		ids["calls"] = kiran.Send("POST", "/v1/contacts", object{"id": uuid.NewString(), "phone": "+919800000777"}, 202)["id"]
		customer, job := h.Household(desk, nil)
		on := func(day, hour int) time.Time { return time.Date(2027, 3, day, hour, 0, 0, 0, time.UTC) }
		visit := h.Visit(desk, job, on(3, 10), "ravi2")
		own := desk.Send("GET", path("/v1/customers/%s", customer), nil, 200)
		flag := ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "other", "level": 1}, 201)
		at := func(format string, of object) string { return path(format, of) }
		window := func(day int) object {
			return object{"window_start": on(day, 10).Format(time.RFC3339), "window_end": on(day, 12).Format(time.RFC3339)}
		}
		leave := func(day int) object {
			return object{"starts_at": fmt.Sprintf("2027-04-%02dT00:00:00Z", day), "ends_at": fmt.Sprintf("2027-04-%02dT10:00:00Z", day),
				"kind": "annual"}
		}
		advise := func(words string) object {
			return object{"job_id": job["id"], "subject": "person", "precautions": words, "behaviour": "as asked", "expires_on": "2027-09-01"}
		}
		file := func(kind string) object {
			return object{"kind": kind, "asked": true, "agreed": true, "size": 20000, "media_type": "image/png",
				"sha256": strings.Repeat("0", 64)}
		}
		type clash struct {
			by      *harness.Client
			address string
			a, b    object // what made the own object, and what else is sent under its id
			foreign any
		}
		try := object{"channel": "phone", "outcome": "no_answer"}
		walk := map[string]clash{
			"createCustomer": {desk, "/v1/customers", object{"name": "a"}, object{"name": "b"}, ids["customers"]},
			"createAppliance": {desk, "/v1/appliances", object{"customer_id": customer["id"], "serial": "a"},
				object{"customer_id": customer["id"], "serial": "b"}, ids["appliances"]},
			"createJob": {desk, "/v1/jobs", object{"customer_id": customer["id"], "fault": "a"},
				object{"customer_id": customer["id"], "fault": "b"}, ids["jobs"]},
			"scheduleVisit":   {desk, at("/v1/jobs/%s/visits", job), window(4), window(5), ids["visits"]},
			"rescheduleVisit": {desk, at("/v1/visits/%s/reschedule", h.Visit(desk, job, on(3, 14), "ravi2")), nil, window(5), ids["visits"]},
			"recordStep": {desk, at("/v1/jobs/%s/tried-steps", job), object{"step": "reset", "result": "failed"},
				object{"step": "socket", "result": "failed"}, ids["tried-steps"]},
			"recordJobAttempt":   {desk, at("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "busy"}, try, ids["attempts"]},
			"recordVisitAttempt": {ravi, at("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "busy"}, try, ids["attempts"]},
			"endCall":            {desk, at("/v1/jobs/%s/end-call", job), nil, object{"note": "b"}, ids["attempts"]},
			"flagVisit": {ravi, at("/v1/visits/%s/flags", visit), object{"kind": "hazard", "level": 1}, object{"kind": "other", "level": 0},
				ids["flags"]},
			"createFlag": {ravi, "/v1/flags", object{"kind": "other", "level": 1, "phone": "+919800000001"},
				object{"kind": "other", "level": 0, "phone": "+919800000001"}, ids["flags"]},
			"makePromise": {desk, at("/v1/jobs/%s/promises", job), object{"what": "a call"}, object{"what": "a visit"}, ids["promises"]},
			"logContact": {desk, "/v1/contacts", object{"phone": "+919800000001"}, object{"phone": "+919800000002"},
				ids["calls"]},
			"announceVisitFile": {ravi, at("/v1/visits/%s/files", visit), file("photo_before"), file("photo_after"), ids["files"]},
			"proposeAdvisory":   {maya, "/v1/advisories", advise("go by twos"), advise("ring first"), ids["advisories"]},
			"createMaintenance": {desk, "/v1/maintenance",
				object{"customer_id": customer["id"], "rrule": "FREQ=YEARLY", "dtstart": "2027-03-20T10:00", "fault": "a"},
				object{"customer_id": customer["id"], "rrule": "FREQ=YEARLY", "dtstart": "2027-03-21T10:00", "fault": "b"}, ids["maintenance"]},
			"createLeave":     {ravi, fmt.Sprintf("/v1/technicians/%v/leave", ravi.ID), leave(11), leave(13), ids["leave"]},
			"createUserLeave": {ravi, fmt.Sprintf("/v1/users/%v/leave", ravi.ID), leave(15), leave(17), ids["leave"]},
		}
		never := map[string]bool{ // nothing of an alarm is refused; rows of which an admin sees all; nothing is kept
			"raiseSOS": true, "notOKTimer": true, "notOKHomeSafe": true, "createArea": true, "createCentre": true, "createUser": true,
			"previewMaintenance": true, "syncUp": true}
		n := newNasty(h)
		walked := 0
		same := func(what string, p *harness.Client, method, address string, with func(id any) any, mine, foreign any, headers ...string) {
			t.Helper()
			a, b := alike(p, method, address, with(mine), headers...), alike(p, method, address, with(foreign), headers...)
			if a != b || !strings.HasPrefix(a, "409 ") {
				t.Errorf("%s: an own id\n%s\nanother centre's\n%s", what, a, b)
			}
			walked++
		}
		for _, op := range h.Contract.Operations() {
			schema := n.schema(op)
			if schema == nil || !strings.HasPrefix(op.Path, "/v1/") || schema.Properties["id"] == nil || never[op.ID] {
				continue
			}
			c, ok := walk[op.ID]
			if !ok {
				t.Errorf("nobody walks the id of %s", op.ID)
				continue
			}
			mine := any(nil)
			with := func(o object) func(any) any {
				return func(id any) any {
					b := object{"id": id}
					maps.Copy(b, o)
					return b
				}
			}
			if c.a != nil {
				mine = uuid.NewString()
				out, res := c.by.Raw(op.Method, c.address, with(c.a)(mine))
				if res.StatusCode > 202 {
					t.Fatalf("%s: %d %s", op.ID, res.StatusCode, out)
				}
			} else if op.ID == "endCall" {
				mine = desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "busy"}).ID
			} else {
				mine = visit["id"]
			}
			same(op.ID, c.by, op.Method, c.address, with(c.b), mine, c.foreign)
		}
		evidence := path("/v1/flags/%s/evidence?evidence_id=", flag)
		kept := ravi.Send("POST", evidence+uuid.NewString(), string(harness.PNG), 201, "Content-Type", "image/png")["id"]
		sent := func(id any) string {
			return alike(ravi, "POST", evidence+harness.String(id), string(harness.PNG)+"x", "Content-Type", "image/png")
		}
		if a, b := sent(kept), sent(ids["evidence"]); a != b || !strings.HasPrefix(a, "409 ") {
			t.Errorf("addEvidence: an own id\n%s\nanother centre's\n%s", a, b)
		}
		// What stands inside of a household, against another one of the same centre.
		other, _ := h.Household(desk, nil)
		of := func(kind string) any { return own[kind].([]any)[0].(object)["id"] }
		for _, address := range []string{"/v1/customers", at("/v1/customers/%s", other)} {
			method := map[bool]string{true: "POST", false: "PATCH"}[address == "/v1/customers"]
			match := []string{"If-Match", fmt.Sprintf(`"%v"`, desk.Send("GET", at("/v1/customers/%s", other), nil, 200)["version"])}
			same(method+" contacts", desk, method, address, func(id any) any {
				return object{"name": "x", "contacts": []object{{"id": id, "name": "x"}}}
			}, of("contacts"), ids["contact"], match...)
			same(method+" sites", desk, method, address, func(id any) any {
				return object{"name": "x", "sites": []object{{"id": id, "address": "1 Other Road", "postal_code": "411002"}}}
			}, of("sites"), ids["site"], match...)
		}
		if walked < 20 {
			t.Errorf("only %d ids were compared", walked)
		}
	})
}
