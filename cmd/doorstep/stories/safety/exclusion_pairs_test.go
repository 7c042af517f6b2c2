package safety

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestTheExcludedPairByEveryRoute: who reported is never sent back to that
// household, whoever asks and by whatever way (docs/product.md section 5); the
// answer says "not available" and no more.
func TestTheExcludedPairByEveryRoute(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "visit.another_time", "visit.assigned", "visit.needs_someone")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		me := []string{ravi.ID.String()}
		customer, job := h.Household(desk, object{"name": "Apart household"})
		first := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		kept := h.Visit(desk, job, harness.Monday.Add(50*time.Hour), "ravi", "meena")
		ravi.FlagVisit(first, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary"})
		ravi.Send("POST", path("/v1/visits/%s/opt-out", first), nil, 200)
		// What stood in his diary is somebody else's now.
		for _, v := range []object{first, kept} {
			if got := desk.Send("GET", path("/v1/visits/%s", v), nil, 200); strings.Contains(fmt.Sprint(got["crew"]), me[0]) {
				t.Errorf("he is still in the crew %v", got["crew"])
			}
		}
		refused := func(what string, out object) {
			t.Helper()
			if out["code"] != "not_available" || strings.Contains(fmt.Sprint(out), "canary") || strings.Contains(fmt.Sprint(out), "abuse") {
				t.Errorf("%s: %v", what, out)
			}
		}
		window := func(after time.Duration, more object) object {
			b := object{"window_start": harness.Monday.Add(after), "window_end": harness.Monday.Add(after + 2*time.Hour), "crew": me}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		crew := object{"crew": me}
		refused("assign", desk.Send("POST", path("/v1/visits/%s/assign", first), crew, 409))
		refused("assign by the area manager", maya.Send("POST", path("/v1/visits/%s/assign", first), crew, 409))
		refused("reassign beside another", desk.Send("POST", path("/v1/visits/%s/assign", kept),
			object{"crew": []string{h.People["meena"].ID.String(), me[0]}}, 409))
		refused("schedule", desk.Send("POST", path("/v1/jobs/%s/visits", job), window(26*time.Hour, nil), 409))
		refused("reschedule", desk.Send("POST", path("/v1/visits/%s/reschedule", first), window(27*time.Hour, nil), 409))
		_, second := h.Household(desk, nil)
		other := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator",
			"external_ref": "APART-1"}, 201)
		refused("another job of the household", desk.Send("POST", path("/v1/jobs/%s/visits", other), window(26*time.Hour, nil), 409))
		h.Visit(desk, second, harness.Monday.Add(26*time.Hour), "ravi") // other homes are open to him
		// He himself sees the job no more and cannot schedule for himself.
		ravi.Send("POST", path("/v1/jobs/%s/visits", job), window(28*time.Hour,
			object{"contact": object{"direction": "inbound", "channel": "phone", "outcome": "reached"}}), 404)

		// A file with his login lands without him or not at all.
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		raw, res := desk.Raw("POST", "/v1/imports/jobs",
			fmt.Sprintf("external_ref,name,phone,address,fault,date,window,technician\nAPART-1,Apart household,%v,12 Example Lane,leaks,2027-03-04,10:00-12:00,ravi\n", number), "Content-Type", "text/csv")
		if res.StatusCode != 200 || !strings.Contains(string(raw), "not available for this visit") {
			t.Errorf("imported: %d %s", res.StatusCode, raw)
		}
		// The household's own wish for another time brings nobody back either.
		h.CustomerPage(job).Submit("another-time", 303, "date", "2027-03-03", "part", "morning")
		if out := ravi.Send("GET", "/v1/visits?job_id="+harness.String(job["id"]), nil, 200); len(items(out)) != 0 {
			t.Errorf("he is sent to %v", out)
		}
		// A day moved by a disruption keeps them apart.
		h.As("asha").Send("POST", "/v1/centres/"+h.Centre.String()+"/disruption",
			object{"date": "2027-03-03", "reason": "flood", "move_to": "2027-03-05"}, 201)
		for _, v := range items(desk.Send("GET", "/v1/visits?job_id="+harness.String(job["id"]), nil, 200)) {
			if v["status"] == "scheduled" && strings.Contains(fmt.Sprint(v["crew"]), me[0]) {
				t.Errorf("after the move he stands in %v", v["crew"])
			}
		}
	})
}

// TestAReportAgainstABooking: a wish not to go there and a booking of who has it at the
// same moment; whichever is first, he is not in the crew when both are over.
func TestAReportAgainstABooking(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.needs_someone")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for round := range 6 {
			customer, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour+time.Duration(round)*90*time.Minute), "ravi")
			second := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator"}, 201)
			var wg sync.WaitGroup
			wg.Add(2)
			go func() {
				defer wg.Done()
				ravi.Raw("POST", path("/v1/visits/%s/opt-out", visit), nil)
			}()
			go func() {
				defer wg.Done()
				at := harness.Monday.Add(72*time.Hour + time.Duration(round)*90*time.Minute)
				desk.Raw("POST", path("/v1/jobs/%s/visits", second), object{"window_start": at, "window_end": at.Add(time.Hour),
					"crew": []string{ravi.ID.String()}})
			}()
			wg.Wait()
			for _, v := range items(desk.Send("GET", "/v1/visits?job_id="+harness.String(second["id"]), nil, 200)) {
				if len(v["crew"].([]any)) != 0 {
					t.Errorf("round %d: %v is sent back", round, v["crew"])
				}
			}
		}
	})
}
