package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTheExcludedPairByEveryRoute: who reported is never sent back to that
// household, whoever asks and by whatever way (docs/product.md section 5); the
// answer says "not available" and no more.
func TestTheExcludedPairByEveryRoute(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "visit.another_time", "visit.assigned", "visit.needs_someone")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		me := []string{ravi.id.String()}
		customer, job := h.household(desk, obj{"name": "Apart household"})
		first := h.visit(desk, job, monday.Add(3*time.Hour), "ravi")
		kept := h.visit(desk, job, monday.Add(50*time.Hour), "ravi", "meena")
		ravi.send("POST", path("/v1/visits/%s/flags", first), obj{"kind": "verbal_abuse", "level": 1, "note": "canary"}, 201)
		// What stood in his diary is somebody else's now.
		for _, v := range []obj{first, kept} {
			if got := desk.send("GET", path("/v1/visits/%s", v), nil, 200); strings.Contains(fmt.Sprint(got["crew"]), me[0]) {
				t.Errorf("he is still in the crew %v", got["crew"])
			}
		}
		refused := func(what string, out obj) {
			t.Helper()
			if out["code"] != "not_available" || strings.Contains(fmt.Sprint(out), "canary") || strings.Contains(fmt.Sprint(out), "abuse") {
				t.Errorf("%s: %v", what, out)
			}
		}
		window := func(after time.Duration, more obj) obj {
			b := obj{"window_start": monday.Add(after), "window_end": monday.Add(after + 2*time.Hour), "crew": me}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		crew := obj{"crew": me}
		refused("assign", desk.send("POST", path("/v1/visits/%s/assign", first), crew, 409))
		refused("assign by the area manager", maya.send("POST", path("/v1/visits/%s/assign", first), crew, 409))
		refused("reassign beside another", desk.send("POST", path("/v1/visits/%s/assign", kept),
			obj{"crew": []string{h.people["meena"].id.String(), me[0]}}, 409))
		refused("schedule", desk.send("POST", path("/v1/jobs/%s/visits", job), window(26*time.Hour, nil), 409))
		refused("reschedule", desk.send("POST", path("/v1/visits/%s/reschedule", first), window(27*time.Hour, nil), 409))
		_, second := h.household(desk, nil)
		other := desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator",
			"external_ref": "APART-1"}, 201)
		refused("another job of the household", desk.send("POST", path("/v1/jobs/%s/visits", other), window(26*time.Hour, nil), 409))
		h.visit(desk, second, monday.Add(26*time.Hour), "ravi") // other homes are open to him
		// He himself sees the job no more and cannot schedule for himself.
		ravi.send("POST", path("/v1/jobs/%s/visits", job), window(28*time.Hour,
			obj{"contact": obj{"direction": "inbound", "channel": "phone", "outcome": "reached"}}), 404)

		// A file with his login lands without him or not at all.
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		raw, res := desk.raw("POST", "/v1/imports/jobs",
			fmt.Sprintf("external_ref,name,phone,address,fault,date,window,technician\nAPART-1,Apart household,%v,12 Example Lane,leaks,2027-03-04,10:00-12:00,ravi\n", number), "Content-Type", "text/csv")
		if res.StatusCode != 200 || !strings.Contains(string(raw), "not available for this visit") {
			t.Errorf("imported: %d %s", res.StatusCode, raw)
		}
		// The household's own wish for another time brings nobody back either.
		h.home(desk, job).taps("another-time", 303, "date", "2027-03-03", "part", "morning")
		if out := ravi.send("GET", "/v1/visits?job_id="+toString(job["id"]), nil, 200); len(items(out)) != 0 {
			t.Errorf("he is sent to %v", out)
		}
		// A day moved by a disruption keeps them apart.
		h.as("asha").send("POST", "/v1/centres/"+h.centre.String()+"/disruption",
			obj{"date": "2027-03-03", "reason": "flood", "move_to": "2027-03-05"}, 201)
		for _, v := range items(desk.send("GET", "/v1/visits?job_id="+toString(job["id"]), nil, 200)) {
			if v["status"] == "scheduled" && strings.Contains(fmt.Sprint(v["crew"]), me[0]) {
				t.Errorf("after the move he stands in %v", v["crew"])
			}
		}
	})
}

// TestAReportAgainstABooking: a report and a booking of its reporter at the
// same moment; whichever is first, he is not in the crew when both are over.
func TestAReportAgainstABooking(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "visit.assigned", "visit.needs_someone")
		desk, ravi := h.as("kiran"), h.as("ravi")
		for round := range 6 {
			customer, job := h.household(desk, nil)
			visit := h.visit(desk, job, monday.Add(24*time.Hour+time.Duration(round)*90*time.Minute), "ravi")
			second := desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator"}, 201)
			var wg sync.WaitGroup
			wg.Add(2)
			go func() {
				defer wg.Done()
				ravi.raw("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "verbal_abuse", "level": 1})
			}()
			go func() {
				defer wg.Done()
				at := monday.Add(72*time.Hour + time.Duration(round)*90*time.Minute)
				desk.raw("POST", path("/v1/jobs/%s/visits", second), obj{"window_start": at, "window_end": at.Add(time.Hour),
					"crew": []string{ravi.id.String()}})
			}()
			wg.Wait()
			for _, v := range items(desk.send("GET", "/v1/visits?job_id="+toString(second["id"]), nil, 200)) {
				if len(v["crew"].([]any)) != 0 {
					t.Errorf("round %d: %v is sent back", round, v["crew"])
				}
			}
		}
	})
}
