package contact

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain/casework"
)

// TestAWaitThatNobodyConfirmedIsShort: the proprietor says that a household asked to wait. That stops the alarms and the clock for a
// short while, once; a recorded call, or its own link, says more; and what it denied needs that from then on.
func TestAWaitThatNobodyConfirmedIsShort(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("job.silent", "jobs.silent", "hold.asked", "job.go_on", "promise.yours", "queue.morning", "promise.late")
		asha, kiran := h.As("asha"), h.As("kiran")
		said := object{"direction": "inbound", "channel": "phone", "outcome": "reached", "note": "wait please"}
		in := func(days int) string { return h.Clock.Now().AddDate(0, 0, days).Format(time.RFC3339) }
		hold := func(job, how object, status int) object {
			h.Helper()
			how["kind"], how["reason"] = "customer_request", "asked to wait"
			return asha.Send("POST", path("/v1/jobs/%s/hold", job), how, status)
		}
		silent := func(job object) float64 {
			h.Helper()
			return kiran.Send("GET", path("/v1/jobs/%s", job), nil, 200)["silence_step"].(float64)
		}
		theirs := func(job object) (d time.Duration) {
			h.Helper()
			clock := kiran.Send("GET", path("/v1/jobs/%s/clock", job), nil, 200)
			return time.Duration(clock["seconds"].(object)["customer"].(float64)) * time.Second
		}
		register := func(urgent bool) object {
			h.Helper()
			customer, job := h.Household(kiran, nil)
			if urgent {
				job = kiran.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "no cold", "category": "refrigerator",
					"priority": "urgent"}, 201)
			}
			return job
		}
		plain, urgent, sure, asked := register(false), register(true), register(false), register(false)
		h.Clock.Advance(time.Minute)
		if out := hold(plain, object{"contact": said, "due_at": in(31)}, 422); !strings.Contains(out["detail"].(string), "too far ahead") {
			t.Errorf("for a year: %v", out)
		}
		hold(plain, object{"contact": said, "due_at": in(29)}, 200)
		hold(urgent, object{"contact": said, "due_at": in(29)}, 200)
		// A recorded call is more than what they say.
		number := h.As("kiran").Send("GET", path("/v1/customers/%s", object{"id": sure["customer_id"]}), nil,
			200)["contacts"].([]any)[0].(object)["phones"].([]any)[0].(string)
		start := h.Clock.Now().UTC().Truncate(time.Second)
		recorded := func() object {
			return object{"direction": "outbound", "channel": "phone", "outcome": "reached", "address": number, "call_seconds": 30,
				"occurred_at": start.Format(time.RFC3339), "evidence_digest": casework.CallDigest(number, start, 30)}
		}
		h.Clock.Advance(time.Minute)
		hold(sure, object{"contact": said, "due_at": in(20)}, 200)
		hold(sure, object{"contact": said, "due_at": in(20)}, 409)
		if got := hold(sure, object{"contact": recorded(), "due_at": in(20)}, 200)["holds"].([]any); len(got) != 1 ||
			got[0].(object)["confirmed"] != true || got[0].(object)["counts_to"] != got[0].(object)["due_at"] {
			t.Errorf("confirmed by a recorded call it is %v", got)
		}
		h.Advance(5 * time.Hour)
		if got := []float64{silent(plain), silent(urgent), silent(sure)}; got[0] != 0 || got[1] != 1 || got[2] != 0 {
			t.Errorf("after five hours they are silent %v", got)
		}
		h.Advance(68 * time.Hour)
		if got := []float64{silent(plain), silent(sure)}; got[0] != 1 || got[1] != 0 {
			t.Errorf("after three days they are silent %v", got)
		}
		if p, u := theirs(plain), theirs(urgent); p != 72*time.Hour || u != 4*time.Hour {
			t.Errorf("%v and %v are the household's time", p, u)
		}
		// Said anew, by staff alone, it changes nothing.
		asha.Send("POST", path("/v1/jobs/%s/release", plain), object{"kind": "customer_request", "reason": "anew"}, 200)
		hold(plain, object{"contact": said}, 200)
		h.Advance(25 * time.Hour)
		if got, p := silent(plain), theirs(plain); got < 1 || p != 72*time.Hour {
			t.Errorf("said anew: silent %v, theirs %v", got, p)
		}
		h.Advance(20 * 24 * time.Hour)
		if got := silent(sure); got == 0 {
			t.Error("past the day that it named nobody is told")
		}
		// What it denied is not said again by staff alone, nor by what was before.
		page := h.CustomerPage(asked)
		h.Clock.Advance(time.Minute)
		page.Submit("call-me", 303)
		before := items(kiran.Send("GET", path("/v1/jobs/%s/attempts", asked), nil, 200))
		hold(asked, object{"contact": said}, 200)
		h.Clock.Advance(time.Minute)
		page.Submit("go-on", 303)
		if out := hold(asked, object{"contact": said}, 409); out["code"] != "guard_not_met" {
			t.Errorf("denied, it is said again: %v", out)
		}
		for _, a := range before {
			if a["grade"] == "proven" {
				hold(asked, object{"attempt_id": a["id"]}, 409)
			}
		}
		h.Clock.Advance(time.Minute)
		page.Submit("call-me", 303)
		for _, a := range items(kiran.Send("GET", path("/v1/jobs/%s/attempts", asked), nil, 200)) {
			if a["grade"] == "proven" && harness.Instant(t, a["occurred_at"]).Equal(h.Clock.Now()) {
				hold(asked, object{"attempt_id": a["id"]}, 200)
				return
			}
		}
		t.Error("its own word is not among the contacts")
	})
}
