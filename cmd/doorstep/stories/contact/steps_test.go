package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestToldAtRegistrationIsToldOnce: what a household tried before it called proposes a
// replacement like what is added later, its own professional is a witness, the usual
// steps are known in other words, and an accepted replacement has somebody who calls.
func TestToldAtRegistrationIsToldOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("replacement.proposed", "promise.yours")
		desk, asha := h.As("kiran"), h.As("asha")
		customer, _ := h.Household(desk, nil)
		yesterday := harness.Monday.Add(-24 * time.Hour).Format(time.RFC3339)
		register := func(witness string, results ...object) (job, replacement object) {
			h.Helper()
			steps := []object{}
			for i, r := range results {
				s := object{"what": []string{"Switched it off and on", "Thermostat turned down", "Door seal cleaned"}[i], "at": yesterday,
					"watched_by": "nobody"}
				if i == 2 {
					s["watched_by"] = witness
				}
				for k, v := range r {
					s[k] = v
				}
				steps = append(steps, s)
			}
			job = desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "warm", "category": "refrigerator",
				"tried_steps": steps}, 201)
			replacement, _ = desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["replacement"].(object)
			return job, replacement
		}
		plain := []object{{"result": "no better"}, {"result": "कोई फ़र्क़ नहीं पड़ा"}, {"result": "rang the dealer", "outcome": "failed"}}
		job, r := register("household_professional", plain...)
		if r["status"] != "proposed" {
			t.Fatalf("told at registration: %v", r)
		}
		if because := fmt.Sprint(jobHistory(desk, job)["proposal"]); !strings.Contains(because,
			"watched by a professional of the household's own") {
			t.Errorf("because %s", because)
		}
		if _, r := register("household", plain...); r != nil {
			t.Errorf("without a professional: %v", r)
		}
		half := []object{{"result": "no better"}, {"result": "a bit better, then no change"}, {"result": "failed"}}
		if _, r := register("professional", half...); r != nil {
			t.Errorf("with an unclear one: %v", r)
		}
		if _, r := register("professional", object{"result": "no better", "outcome": "worked"}, plain[1], plain[2]); r != nil {
			t.Errorf("the outcome that was told does not stand: %v", r)
		}

		// The same in other words.
		triedStep(desk, job, "Filter cleaned", "unclear", "nobody", 201, nil)
		triedStep(desk, job, "new fuse", "unclear", "nobody", 201, nil)
		for _, step := range []string{"Turned it off and on again", "restarted", "बंद करके चालू किया", "cleaned the gasket", "set it colder",
			"Fuse changed"} {
			if out := triedStep(desk, job, step, "failed", "nobody", 409, nil); out["code"] != "step_recorded" {
				t.Errorf("%s: %v", step, out)
			}
		}

		// Accepted: somebody owns it, by a time, and the household reads so.
		if page := h.CustomerPage(job).Read(); strings.Contains(page, "will be replaced") {
			t.Error("the page speaks of a replacement that nobody accepted")
		}
		asha.Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 200)
		promises := items(desk.Send("GET", path("/v1/promises?job_id=%s", job), nil, 200))
		if len(promises) != 1 || promises[0]["owner_id"] == nil || promises[0]["due_at"] == nil || promises[0]["status"] != "open" ||
			!strings.Contains(promises[0]["what"].(string), "replacement was accepted") {
			t.Fatalf("the promise is %v", promises)
		}
		page := h.CustomerPage(job).Read()
		if !strings.Contains(page, "Your appliance will be replaced") || !strings.Contains(page, "Kiran will call you, at the latest") {
			t.Errorf("the page: %s", page)
		}
	})
}
