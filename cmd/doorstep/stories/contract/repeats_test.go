package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/google/uuid"
)

// What a list makes of a thing that stands in it twice.
const (
	once    = "once"    // a plain value is kept once
	refused = "refused" // what is named twice is refused at its place
	each    = "each"    // two of them are two facts
)

// TestWhatStandsTwice walks every list and field of every body: the same value again is kept once, or refused with
// words at its place, and nothing is silently lost.
func TestWhatStandsTwice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("call.manager", "flag.stated", "flag.triage", "flag.triaged", "hold.area", "hold.home", "queue.morning", "visit.assigned")
		root, desk, ravi, maya := h.As("root"), h.As("kiran"), h.As("ravi"), h.As("maya")
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(30*60*60*1e9), "ravi")
		visit2 := h.Visit(desk, job, harness.Monday.Add(54*60*60*1e9))
		_, heldJob := h.Household(desk, nil)
		flag := desk.Send("POST", "/v1/flags", object{"job_id": heldJob["id"], "kind": "hazard", "level": 2}, 201)["id"]
		desk.Send("POST", fmt.Sprintf("/v1/flags/%v/next-person", flag), object{"words": "a loose step"}, 200)
		maya.MoveFlag(flag, "triage", nil, 200)
		id, shift := uuid.NewString(), object{"weekday": 1, "from": "09:00", "to": "12:00"}
		person := func(login string, more object) object {
			b := object{"login": login, "name": "x", "role": "technician", "centre_id": h.Centre, "phone": "+919800000" + login[len(login)-3:]}
			maps.Copy(b, more)
			return b
		}
		centre := func(more object) object {
			b := object{"area_id": root.Send("GET", "/v1/areas", nil, 200)["items"].([]any)[0].(object)["id"], "name": "New " + uuid.NewString(),
				"zone": "Asia/Kolkata", "country": "IN"}
			maps.Copy(b, more)
			return b
		}
		codes, days, dates := object{"postal_codes": []string{"411001", "411001"}}, object{"working_days": []int{1, 2, 1}},
			object{"holidays": []string{"2027-04-05", "2027-04-05"}}
		people := object{"name": "x", "contacts": []object{{"id": id, "name": "a"}, {"id": id, "name": "b"}}}
		places := object{"name": "x", "sites": []object{{"id": id, "address": "1 A Road"}, {"id": id, "address": "2 B Road"}}}
		skills, shifts := object{"skills": []string{"tv", "tv"}}, object{"hours": []object{shift, shift}}
		crew := object{"crew": []any{ravi.ID, ravi.ID}, "window_start": "2027-03-05T05:00:00Z", "window_end": "2027-03-05T07:00:00Z"}
		home, technician := path("/v1/customers/%s", customer), fmt.Sprintf("/v1/technicians/%v", ravi.ID)
		type list struct {
			what    string
			by      *harness.Client
			address string
			body    object
		}
		walk := map[string]list{
			"createCentre.postal_codes": {once, root, "/v1/centres", centre(codes)},
			"createCentre.working_days": {once, root, "/v1/centres", centre(days)},
			"createCentre.holidays":     {once, root, "/v1/centres", centre(dates)},
			"patchCentre.postal_codes":  {once, root, fmt.Sprintf("/v1/centres/%v", h.Centre), codes},
			"patchCentre.working_days":  {once, root, fmt.Sprintf("/v1/centres/%v", h.Centre), days},
			"patchCentre.holidays":      {once, root, fmt.Sprintf("/v1/centres/%v", h.Centre), dates},
			"createUser.skills":         {once, root, "/v1/users", person("new.001", skills)},
			"createUser.hours":          {refused, root, "/v1/users", person("new.002", shifts)},
			"patchUser.skills":          {once, root, fmt.Sprintf("/v1/users/%v", ravi.ID), skills},
			"patchUser.hours":           {refused, root, fmt.Sprintf("/v1/users/%v", ravi.ID), shifts},
			"setRoster.hours":           {refused, root, fmt.Sprintf("/v1/users/%v/roster", desk.ID), shifts},
			"putHours.hours":            {refused, desk, technician + "/hours", shifts},
			"putHours.exceptions": {refused, desk, technician + "/hours", object{"hours": []object{}, "exceptions": []object{
				{"date": "2027-04-05", "hours": []object{{"from": "09:00", "to": "12:00"}}}, {"date": "2027-04-05", "hours": []object{}}}}},
			"putSkills.skills":        {refused, desk, technician + "/skills", skills},
			"createCustomer.contacts": {refused, desk, "/v1/customers", people},
			"createCustomer.sites":    {refused, desk, "/v1/customers", places},
			"patchCustomer.contacts":  {refused, desk, home, people},
			"patchCustomer.sites":     {refused, desk, home, places},
			"scheduleVisit.crew":      {refused, desk, path("/v1/jobs/%s/visits", job), crew},
			"rescheduleVisit.crew":    {refused, desk, path("/v1/visits/%s/reschedule", visit2), crew},
			"assignVisit.crew":        {refused, desk, path("/v1/visits/%s/assign", visit), object{"crew": crew["crew"]}},
			"safetyRelease.plan": {refused, maya, path("/v1/jobs/%s/safety-release", heldJob),
				object{"plan": []string{"daylight", "daylight"}, "reason": "looked at it"}},
			"createJob.tried_steps": {what: each}, "patchJob.tried_steps": {what: each}, // tried twice
			"completeVisit.parts": {what: each}, "partialVisit.parts": {what: each}, "patchVisit.parts": {what: each}, // two of a part
			"addSOSTrail.points": {what: each}, "syncUp.requests": {what: each}, // the second is the answer of the first again
			"setLadder.tiers":      {what: each}, // rings again
			"answerImport.answers": {what: each}, // the last word stands
			"raiseSOS.avoid":       {what: each}, // nothing of an alarm is refused
			"notOKTimer.avoid":     {what: each},
			"notOKHomeSafe.avoid":  {what: each},
			"acceptPlan.visit_ids": {what: each}, // a choice out of the plan
		}
		n := newNasty(h)
		walked := 0
		for _, op := range h.Contract.Operations() {
			schema := n.schema(op)
			if schema == nil || !strings.HasPrefix(op.Path, "/v1/") {
				continue
			}
			for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
				name := op.ID + "." + field
				if !schema.Properties[field].Value.Type.Is("array") {
					continue
				}
				l, ok := walk[name]
				if !ok {
					t.Errorf("nobody walks the list %s", name)
					continue
				}
				if l.what == each {
					continue
				}
				walked++
				match := `"1"`
				if op.Method == "PATCH" {
					_, res := l.by.Raw("GET", l.address, nil)
					match = res.Header.Get("ETag")
				}
				out, res := l.by.Raw(op.Method, l.address, l.body, "If-Match", match)
				text := string(out)
				switch {
				case l.what == refused && (res.StatusCode != 422 || !strings.Contains(text, `"pointer":"/`+field+`/1`)):
					t.Errorf("%s: %d %s", name, res.StatusCode, text)
				case l.what == once && (res.StatusCode > 201 || strings.Count(text, `"411001"`) > 1 || strings.Count(text, `"2027-04-05"`) > 1 ||
					strings.Contains(text, `"tv","tv"`) || field == "working_days" && !strings.Contains(text, `"working_days":[1,2]`)):
					t.Errorf("%s: %d %s", name, res.StatusCode, text)
				}
			}
		}
		if walked < 20 {
			t.Errorf("only %d lists", walked)
		}
		// A field that stands twice is refused where it stands, also where both say the same.
		site := customer["sites"].([]any)[0].(object)["id"]
		out, res := desk.Raw("POST", "/v1/jobs", fmt.Sprintf(`{"customer_id":%q,"site_id":%q,"site_id":%q,"fault":"x"}`, customer["id"], site,
			site),
			"Content-Type", "application/json")
		if res.StatusCode != 400 || !strings.Contains(string(out), `{"pointer":"/site_id","detail":"is given twice"}`) {
			t.Errorf("a field given twice: %d %s", res.StatusCode, out)
		}
	})
}
