package contract

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/google/uuid"
)

// bodies are well-formed requests for operations whose shape the contract
// judges before the role.
var requestBodies = map[string]object{
	"createArea": {"name": "x"}, "patchArea": {"name": "x"},
	"createCentre": {"area_id": uuid.NewString(), "name": "x", "zone": "UTC", "country": "IN"},
	"createUser":   {"login": "new.user", "name": "x", "role": "admin"},
	"putHours":     {"hours": []object{}}, "putSkills": {"skills": []string{}},
	"createLeave":    {"starts_at": "2027-04-01T00:00:00Z", "ends_at": "2027-04-02T00:00:00Z", "kind": "annual"},
	"mergeCustomer":  {"into": uuid.NewString()},
	"createCustomer": {"name": "x"}, "createAppliance": {"customer_id": uuid.NewString()}, "createJob": {"customer_id": uuid.NewString()},
	"scheduleVisit":   {"window_start": "2027-03-05T05:00:00Z", "window_end": "2027-03-05T07:00:00Z"},
	"rescheduleVisit": {"window_start": "2027-03-05T05:00:00Z", "window_end": "2027-03-05T07:00:00Z"},
	"recordStep":      {"step": "reset", "result": "failed"}, "correctStep": {"note": "x"}, "answerReplacement": {"decision": "accepted"},
	"moderateThanks": {"decision": "approve"},
	"cancelJob":      {"reason": "as asked"}, "holdJob": {"kind": "parts"}, "releaseJob": {"kind": "parts"},
	"transferJob": {"centre_id": uuid.NewString()}, "safetyRelease": {"plan": []string{"two_people"}},
	"assignVisit": {"crew": []string{}}, "declineVisit": {"reason": "sick"}, "takeBackMove": {"reason": "as asked"}, "optOut": {},
	"cancelVisit":      {"reason": "as asked"},
	"recordJobAttempt": {"channel": "phone", "outcome": "no_answer"}, "recordVisitAttempt": {"channel": "phone", "outcome": "no_answer"},
	"flagVisit": {"kind": "other", "level": 1}, "createFlag": {"kind": "other", "level": 0, "phone": "+919800000001"},
	"decideFlag": {"outcome": "unclear", "reasons": "as asked"},
	"logContact": {"phone": "+919800000001"}, "disruptDay": {"date": "2027-03-09", "reason": "flood"},
	"putDeviceHealth": {"battery": 50},
	"putDevice":       {"token": "t", "platform": "web"}, "changePassword": {"old_password": "wrong", "password": "wrong wrong wrong"},
	"disputeVisit": {"claim": "other"}, "disputeAttempt": {"claim": "other"}, "decideAttempt": {"decision": "uphold", "reasons": "as asked"},
	"completeVisit": {"work_done": "as asked", "tested": "as asked", "reason": "phone_broken"}, "partialVisit": {"reason": "phone_broken"},
	"answerImport": {"answers": []object{{"id": "x", "answer": "leave_out"}}}, "undoImport": {},
	"decideClaim":             {"decision": "decline", "reasons": "as asked"},
	"decideLinkRequest":       {"decision": "refuse", "reasons": "as asked"},
	"decideHouseholdQuestion": {"decision": "different", "reasons": "as asked"},
	"decideDispute":           {"decision": "uphold", "reasons": "as asked"},
	"setQuiet":                {"quiet_from": "", "quiet_to": ""}, "setRoster": {"hours": []object{}},
	"createUserLeave": {"starts_at": "2027-04-01T00:00:00Z",
		"ends_at": "2027-04-02T00:00:00Z", "kind": "annual"},
	"declineLeave": {"reason": "as asked"}, "withdrawLeave": {"reason": "as asked"},
	"extendTimer": {"minutes": 5}, "setCodes": {"code": "", "duress_code": ""},
	"reportCall": {"call": "x", "result": "busy"},
	"planDrill":  {"at": "2027-03-09T11:00"}, "hearDrill": {},
	"spokenHomeSafe": {}, "askHomeSafe": {"by": "2027-03-01T20:00:00+05:30"},
	"addSOSTrail": {"points": []any{object{"at": "2027-03-01T03:30:00Z", "battery": 50}}},
	"saySafe":     {"code": "1234"},
	"handOverSOS": {"user_id": uuid.NewString()}, "resolveSOS": {"words": "as asked"}, "setColleague": {"colleague_id": nil},
	"setLadder": {"tiers": []object{}},
	"stateFlag": {"text": "x"}, "sayForNextPerson": {"words": "as asked"}, "liftKeepAway": {"reason": "as asked"},
	"makePromise": {"what": "a call"}, "keepPromise": {}, "handOverPromise": {"owner_id": uuid.NewString()},
	"answerCompletionCheck": {"result": "not_reached"}, "voiceJob": {"action": "call-me"},
	"doneAftercare": {"note": "x"}, "answerCoolOff": {"accept": false}, "answerCallCoolOff": {"accept": false}, "endCall": {},
	"proposeAdvisory": {"job_id": uuid.NewString(), "subject": "person", "precautions": "as asked", "behaviour": "as asked",
		"expires_on": "2027-09-01"},
	"approveAdvisory": {"told": true},
	"refuseAdvisory":  {"reasons": "as asked"}, "renewAdvisory": {"expires_on": "2027-10-01", "reasons": "as asked"},
	"appealAdvisory":       {"words": "as asked"},
	"decideAdvisoryAppeal": {"outcome": "keep", "reasons": "as asked"}, "endAdvisory": {"reasons": "as asked"},
	"planDay": {"date": "2027-03-09"}, "acceptPlan": {}, "sickDay": {},
	"previewMaintenance": {"rrule": "FREQ=DAILY", "dtstart": "2027-03-09T10:00", "fault": "x"},
	"createMaintenance":  {"rrule": "FREQ=DAILY", "dtstart": "2027-03-09T10:00", "fault": "x"}, "endMaintenance": {"reason": "as asked"},
	"signInWithFirebase": {"id_token": "x"}, "keepDeviceCredential": {"installation_id": uuid.NewString()},
	"syncUp": {"device_time": "2027-03-01T03:30:00Z",
		"requests": []any{object{"id": "x", "method": "POST", "path": "/v1/nothing"}}},
	"announceVisitFile": {"kind": "photo_before", "asked": true, "agreed": false},
	"putCentrePolicy":   {"rules": harness.DefaultRules()}, "putBrandPolicy": {"rules": harness.DefaultRules()},
}

// TestRoleMatrix walks every operation with every role: outside the roles of
// the contract nothing succeeds, a foreign object is always 404, and without
// a token nothing but the public operations answers.
func TestRoleMatrix(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "dispute.opened", "flag.live", "flag.overdue", "flag.passed_on", "flag.triage", "leave.asked", "link.verify",
			"note.waiting", "promise.late", "queue.morning", "sos.raised", "thanks.waiting", "visit.assigned", "visit.claimed",
			"visit.missed_desk", "visit.needs_someone", "visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ids := oneOfEach(h)
		roles := map[string]string{"technician": "meena", "coordinator": "kiran", "proprietor": "asha", "area_manager": "maya", "agent": "gita",
			"admin": "root"}
		foreign := []string{"ravi2", "kiran2", "asha2", "maya2"}
		nobody := h.Anonymous()
		checked := 0
		for _, op := range h.Contract.Operations() {
			if !strings.HasPrefix(op.Path, "/v1/") {
				continue
			}
			checked++
			segments := strings.Split(op.Path, "/")
			address := op.Path
			if strings.Contains(address, "{id}") {
				address = strings.ReplaceAll(address, "{id}", strings.ToLower(harness.String(ids[segments[2]])))
			}
			address = strings.ReplaceAll(address, "{installation_id}", uuid.NewString())
			address = strings.ReplaceAll(address, "{evidence_id}", harness.String(ids["evidence"]))
			address = strings.ReplaceAll(address, "{file_id}", harness.String(ids["files"]))
			headers := []string{"If-Match", `"99"`}
			var body any
			if b, ok := requestBodies[op.ID]; ok {
				body = b
			} else if strings.HasPrefix(op.ID, "patch") {
				body = object{}
			} else if op.ID == "importJobs" {
				body, headers = "ref\nX-1\n", append(headers, "Content-Type", "text/csv")
			} else if op.ID == "addEvidence" {
				body, headers = string(harness.PNG), append(headers, "Content-Type", "image/png")
			} else if op.ID == "uploadVisitFile" {
				body, headers = "x", append(headers, harness.Chunk(0)...)
			} else if op.Public {
				body = object{"login": "x", "password": "x", "refresh_token": "x", "token": "x"}
			}
			if !op.Public {
				if _, res := nobody.Raw(op.Method, address, body, headers...); res.StatusCode != 401 {
					t.Errorf("%s %s without a token: %d", op.Method, op.Path, res.StatusCode)
				}
				if len(op.Roles) == 0 {
					t.Errorf("%s %s has no x-roles", op.Method, op.Path)
				}
				for role, login := range roles {
					if slices.Contains(op.Roles, role) {
						continue
					}
					if out, res := h.As(login).Raw(op.Method, address, body, headers...); res.StatusCode != 403 && res.StatusCode != 404 {
						t.Errorf("%s %s as %s: %d, want 403 or 404: %s", op.Method, op.Path, role, res.StatusCode, out)
					}
				}
				if strings.Contains(op.Path, "{id}") {
					for _, login := range foreign {
						if out, res := h.As(login).Raw(op.Method, address, body, headers...); res.StatusCode != 404 {
							t.Errorf("%s %s as %s of another area: %d, want 404: %s", op.Method, op.Path, login, res.StatusCode, out)
						}
					}
				}
			}
		}
		if checked < 81 {
			t.Fatalf("only %d operations were walked", checked)
		}
	})
}

// oneOfEach makes one object of each resource, most of them about Ravi's visit
// to one household, and gives their ids by the first part of their address.
func oneOfEach(h *harness.Harness) map[string]any {
	h.Helper()
	desk := h.As("kiran")
	customer, job := h.Household(desk, nil)
	appliance := desk.Send("POST", "/v1/appliances", object{"customer_id": customer["id"]}, 201)
	visit := h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
	flag := h.As("ravi").Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "other", "level": 1}, 201)
	tried := desk.Send("POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "socket", "result": "failed"}, 201)
	_, thanks := h.Compliment("meena", "Well done")
	ids := map[string]any{"tried-steps": tried["id"], "thanks": thanks["id"], "customers": customer["id"], "jobs": job["id"],
		"appliances": appliance["id"], "visits": visit["id"], "flags": flag["id"],
		"centres": h.Centre, "users": h.People["ravi"].ID, "technicians": h.People["ravi"].ID, "areas": uuid.Nil, "inbox": uuid.New(),
		"me": uuid.New()}
	ids["leave"] = h.As("ravi").AskLeave("2027-04-05T08:00", "2027-04-05T20:00", 201)["id"]
	ids["drills"] = h.As("asha").Send("POST", "/v1/centres/"+h.Centre.String()+"/drills", object{"at": "2027-03-09T11:00"}, 201)["id"]
	// A disputed attempt, and a completion that the brand asks about.
	attempt := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
	ids["attempts"], ids["disputes"] = attempt.ID, desk.Send("POST", path("/v1/attempts/%s/dispute", attempt),
		object{"claim": "phone_was_on"},
		201)["id"]
	h.ReadPage(desk, job).Submit("wrong-person", 303)
	ids["link-requests"] = items(h.As("maya").Send("GET", "/v1/link-requests", nil, 200))[0]["id"]
	ids["maintenance"] = desk.Send("POST", "/v1/maintenance", object{"customer_id": job["customer_id"], "rrule": "FREQ=YEARLY",
		"dtstart": "2027-03-20T10:00", "fault": "service"}, 201)["id"]
	ids["plans"] = h.PlanDay(desk, "2027-03-09")["id"]
	ids["promises"] = desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "a call"}, 201)["id"]
	_, done := h.Household(desk, nil)
	end := h.Visit(desk, done, harness.Monday.Add(time.Hour), "ravi")
	h.As("ravi").CompleteVisit(end, bodies.Finish{EndCode: "0"})
	_, late := h.Household(desk, nil)
	told := h.Visit(desk, late, harness.Monday.Add(3*time.Hour), "ravi")
	h.Advance(25 * time.Hour)
	ids["claims"] = h.As("ravi").Send("POST", path("/v1/visits/%s/partial", told),
		object{"occurred_at": harness.Monday.Add(4 * time.Hour).Format(time.RFC3339)}, 409)["claim_id"]
	ids["sos"] = h.As("ravi").Send("POST", "/v1/sos", nil, 201)["id"]
	ids["completion-checks"] = items(h.As("gita").Send("GET", "/v1/completion-checks", nil, 200))[0]["id"]
	nearby, second := h.Household(desk, nil)
	h.Decide("maya", h.As("ravi").FlagVisit(h.Visit(desk, second, harness.Monday.Add(50*time.Hour), "ravi"),
		bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1}).ID, "upheld")
	ids["exclusions"] = h.As("ravi").Send("GET", "/v1/exclusions", nil, 200)["items"].([]any)[0].(object)["id"]
	h.MayIgnore("household.asked")
	site := nearby["sites"].([]any)[0].(object)
	h.Household(desk, object{"sites": []object{{"address": "Flat 2, 1 Next Lane", "postal_code": "411001", "zone": "Asia/Kolkata",
		"lat": site["lat"], "lon": site["lon"]}}})
	ids["imports"] = h.As("kiran").Send("POST", "/v1/imports/jobs?preview=false", "ref\nX-1\n", 200, "Content-Type", "text/csv")["id"]
	ids["household-questions"] = items(h.As("maya").Send("GET", "/v1/household-questions", nil, 200))[0]["id"]
	for _, a := range h.As("root").Send("GET", "/v1/areas", nil, 200)["items"].([]any) {
		if a.(object)["name"] == "Pune" {
			ids["areas"] = a.(object)["id"]
		}
	}
	flag = h.As("ravi").Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "other", "level": 1},
		201) // the first one was late and passed on
	ids["flags"] = flag["id"]
	ids["keep-aways"], ids["evidence"] = h.ReportAgainst("meena")["id"], h.As("ravi").Send("POST", path("/v1/flags/%s/evidence", flag),
		string(harness.PNG), 201, "Content-Type", "image/png")["id"]
	ids["files"] = h.As("ravi").Send("POST", path("/v1/visits/%s/files", visit), object{"kind": "photo_before", "asked": true, "agreed": true,
		"size": 20000, "media_type": "image/png", "sha256": strings.Repeat("0", 64)}, 201)["id"]
	ids["advisories"] = h.As("maya").Send("POST", "/v1/advisories", object{"job_id": job["id"], "subject": "person", "precautions": "as asked",
		"behaviour": "as asked", "expires_on": "2027-09-01"}, 201)["id"]
	h.As("ravi").CreateFlag(bodies.FlagCreate{Phone: "+919800000099", Kind: "verbal_abuse", Level: 2})
	h.Settle()
	ids["aftercare"] = items(h.As("ravi").Send("GET", "/v1/aftercare", nil, 200))[0]["id"]
	return ids
}

// TestRoutesAreTheContract demands that the server answers what the contract
// offers and nothing else.
func TestRoutesAreTheContract(t *testing.T) {
	h := harness.New(t, "sqlite")
	routes := map[string]bool{}
	for _, r := range h.Server.HTTP.Routes() {
		routes[r.Method+" "+r.Path] = true
	}
	for _, op := range h.Contract.Operations() {
		name := op.Method + " " + op.Path
		if strings.HasPrefix(op.Path, "/demo") {
			continue // mounted in the demo only, see TestDemo
		}
		if !routes[name] {
			t.Errorf("%s is in the contract and not served", name)
		}
		delete(routes, name)
	}
	for name := range routes {
		t.Errorf("%s is served and not in the contract", name)
	}
}
