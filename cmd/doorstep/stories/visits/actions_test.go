package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestActionsSayWhatTheMoveWouldDo: what a hold refuses is not offered, in
// single answers, lists and the answers of moves alike (docs/product.md section 3).
func TestActionsSayWhatTheMoveWouldDo(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.read_plan", "visit.unassigned", "visit.wait")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(5*time.Hour), "ravi")
		window := object{"window_start": harness.Monday.Add(50 * time.Hour), "window_end": harness.Monday.Add(52 * time.Hour)}
		see := func(want bool) {
			t.Helper()
			one := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)
			list := desk.Send("GET", path("/v1/visits?job_id=%s", job), nil, 200)["items"].([]any)
			if harness.Offers(one, "reschedule") != want || harness.Offers(list[0].(object), "reschedule") != want ||
				!harness.Offers(one, "cancel") ||
				!harness.Offers(one, "assign") {
				t.Errorf("offered %v, in the list %v; reschedule is to be there: %v", one["actions"], list[0].(object)["actions"], want)
			}
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); harness.Offers(got, "schedule") != want {
				t.Errorf("the job offers %v; schedule is to be there: %v", got["actions"], want)
			}
		}
		see(true)
		for _, kind := range []string{"parts", "customer_request"} {
			hold := object{"kind": kind}
			if kind == "customer_request" {
				desk.Send("POST", path("/v1/jobs/%s/hold", job), hold, 409)
				hold["contact"] = object{"direction": "inbound", "channel": "phone", "outcome": "reached"}
			}
			desk.Send("POST", path("/v1/jobs/%s/hold", job), hold, 200)
			see(false)
			for _, move := range []string{path("/v1/visits/%s/reschedule", visit), path("/v1/jobs/%s/visits", job)} {
				if out := desk.Send("POST", move, window, 409); out["code"] != "held" {
					t.Errorf("%s is refused as %v", move, out["code"])
				}
			}
			if out := desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{h.People["meena"].ID.String()}},
				200); harness.Offers(out,
				"reschedule") {
				t.Errorf("the answer of a move offers %v", out["actions"])
			}
			desk.Send("POST", path("/v1/jobs/%s/release", job), object{"kind": kind}, 200)
			see(true)
		}
		// A plan that permits no visit refuses to book as a hold does.
		maya := h.As("maya")
		desk.ScheduleVisit(job, bodies.Schedule{WindowStart: harness.Monday.Add(50 * time.Hour).Format(time.RFC3339Nano),
			WindowEnd: harness.Monday.Add(52 * time.Hour).Format(time.RFC3339Nano)})
		h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2})
		if got := maya.Send("GET", path("/v1/visits/%s", visit), nil, 200); harness.Offers(got, "reschedule") || harness.Offers(got, "assign") ||
			!harness.Offers(got, "cancel") {
			t.Errorf("under a safety hold %v is offered", got["actions"])
		}
		h.ReleaseHold(maya, job, "remote_only")
		if got := maya.Send("GET", path("/v1/visits/%s", visit), nil, 200); harness.Offers(got, "reschedule") || harness.Offers(got, "assign") {
			t.Errorf("under the plan remote_only %v is offered", got["actions"])
		}
		h.ReleaseHold(maya, job, "daylight")
		meena := h.As("meena")
		if got := meena.Send("GET", path("/v1/visits/%s", visit), nil, 200); harness.Offers(got, "en-route") ||
			!harness.Offers(got, "plan-seen") {
			t.Errorf("before the plan was seen %v is offered", got["actions"])
		}
		if got := meena.Send("POST", path("/v1/visits/%s/plan-seen", visit), nil, 200); !harness.Offers(got, "en-route") ||
			harness.Offers(got, "plan-seen") {
			t.Errorf("after the plan was seen %v is offered", got["actions"])
		}
	})
}

// TestUnreachableRefusesUsAndNotTheHousehold: staff cannot book while the hold
// stands; the household's own wish by link lifts it first.
func TestUnreachableRefusesUsAndNotTheHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		job := harness.UnreachableHousehold(h)
		h.Ignores("job.reached", "visit.another_time", "visit.assigned")
		desk := h.As("kiran")
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); harness.Offers(got, "schedule") {
			t.Errorf("offered %v", got["actions"])
		}
		day := h.Clock.Now().Add(48 * time.Hour).Format("2006-01-02")
		h.CustomerPage(job).Submit("another-time", 303, "date", day, "part", "morning")
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); !harness.Offers(got, "schedule") || len(got["holds"].([]any)) != 0 {
			t.Errorf("after the household's wish %v is offered, holds %v", got["actions"], got["holds"])
		}
		h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour), "ravi")
	})
}
