package phone

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// request is one that a phone kept; before are ids of those that it depends on.
func request(id, method, address string, body object, before ...string) object {
	r := object{"id": id, "method": method, "path": address}
	if body != nil {
		r["body"] = body
	}
	if len(before) > 0 {
		r["depends_on"] = before
	}
	return r
}

// upload sends a batch by the phone's clock, which is off by skew, and gives the answers by id.
func upload(h *harness.Harness, who *harness.Client, skew time.Duration, requests ...object) map[string]object {
	h.Helper()
	got := who.Send("POST", "/v1/sync", object{"device_time": h.Clock.Now().Add(skew).Format(time.RFC3339Nano), "requests": requests}, 200)
	answers := harness.List(got, "responses")
	if len(answers) != len(requests) {
		h.Fatalf("%d answers to %d requests", len(answers), len(requests))
	}
	out := map[string]object{}
	for i, a := range answers {
		if a["id"] != requests[i]["id"] {
			h.Fatalf("answer %d is to %v, want %v", i, a["id"], requests[i]["id"])
		}
		out[a["id"].(string)] = a
	}
	return out
}

func statuses(answers map[string]object) map[string]int {
	out := map[string]int{}
	for id, a := range answers {
		out[id] = int(a["status"].(float64))
	}
	return out
}

// day is what a technician did at one door without network.
func day(n int, visit, job any, at time.Time) []object {
	id := func(what string) string { return fmt.Sprintf("%s-%d", what, n) }
	moment := func(m int) string { return at.Add(time.Duration(m) * time.Minute).Format(time.RFC3339Nano) }
	return []object{
		request(id("go"), "POST", path("/v1/visits/%s/en-route", visit), object{"occurred_at": moment(0)}),
		request(id("there"), "POST", path("/v1/visits/%s/arrive", visit), object{"occurred_at": moment(20)}, id("go")),
		request(id("start"), "POST", path("/v1/visits/%s/start", visit), object{"occurred_at": moment(22)}, id("there")),
		request(id("step"), "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "Cleaned the filter", "result": "failed",
			"watched_by": "professional", "occurred_at": moment(30)}),
		request(id("done"), "POST", path("/v1/visits/%s/complete", visit), object{"work_done": "repaired", "tested": "works",
			"occurred_at": moment(50)}, id("start")),
	}
}

// TestADayWithoutNetworkArrivesInOneBatch, from a phone whose clock is three days wrong;
// sent again it changes nothing.
func TestADayWithoutNetworkArrivesInOneBatch(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.done_check", "timer.ping", "timer.no_signal", "visit.late_desk", "visit.eta")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		const skew = -72 * time.Hour
		batch := day(1, visit, job, harness.Monday.Add(time.Hour+skew))
		first := upload(h, ravi, skew, batch...)
		for id, status := range statuses(first) {
			if status < 200 || status > 299 || first[id]["replayed"] != false {
				t.Errorf("%s: %v", id, first[id])
			}
		}
		got := desk.Visit(visit)
		if got.Status != "completed" || !got.ArrivedAt.Equal(harness.Monday.Add(time.Hour+20*time.Minute)) {
			t.Errorf("the visit is %s, arrived at %v", got.Status, got.ArrivedAt)
		}
		kinds := h.EntryKinds(job)
		for id, a := range upload(h, ravi, skew, batch...) {
			if a["replayed"] != true || fmt.Sprint(a["body"]) != fmt.Sprint(first[id]["body"]) {
				t.Errorf("%s again: %v", id, a)
			}
		}
		if again := h.EntryKinds(job); !slices.Equal(again, kinds) {
			t.Errorf("the timeline grew from %v to %v", kinds, again)
		}
	})
}

// TestShuffledBatchesComeOutTheSame: eight doors, each request twice, in any order, over
// three uploads until the phone's queue is empty.
func TestShuffledBatchesComeOutTheSame(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.done_check", "timer.ping", "timer.no_signal", "visit.late_desk", "visit.eta", "visits.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		var all []object
		visits := []object{}
		for n := range 8 {
			_, job := h.Household(desk, nil)
			at := harness.Monday.Add(time.Duration(60+75*n) * time.Minute)
			visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": at.Format(time.RFC3339),
				"window_end": at.Add(time.Hour).Format(time.RFC3339), "planned_minutes": 40, "crew": []any{h.People["ravi"].ID}}, 201)
			visits = append(visits, visit)
			all = append(all, day(n, visit, job, at)...)
		}
		h.Clock.Set(harness.Monday.Add(12 * time.Hour))
		random := rand.New(rand.NewPCG(7, 11)) // #nosec G404
		queue := append(slices.Clone(all), all...)
		random.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
		third := (len(queue) + 2) / 3
		for round := 0; len(queue) > 0 && round < 12; round++ {
			part := queue[:min(third, len(queue))]
			queue = queue[len(part):]
			seen := map[string]bool{}
			answers := harness.List(ravi.Send("POST", "/v1/sync", object{"device_time": h.Clock.Now().Format(time.RFC3339Nano), "requests": part},
				200), "responses")
			for i, a := range answers {
				switch status := a["status"].(float64); {
				case status == 424:
					if id := a["id"].(string); !seen[id] {
						seen[id] = true
						queue = append(queue, part[i])
					}
				case status < 200 || status > 299:
					h.Errorf("%v: %v", a["id"], a)
				}
			}
		}
		if len(queue) > 0 {
			t.Errorf("%d requests never arrived", len(queue))
		}
		for _, v := range visits {
			if got := desk.Visit(v); got.Status != "completed" {
				t.Errorf("a visit is %s", got.Status)
			}
		}
	})
}

// TestOneBadRequestStopsNoOther, each is told what is wrong with it.
func TestOneBadRequestStopsNoOther(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.en_route_home")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		_, other := h.Household(desk, nil)
		hers := h.Visit(desk, other, harness.Monday.Add(4*time.Hour), "meena")
		step := object{"step": "x", "result": "failed", "watched_by": "professional"}
		got := statuses(upload(h, ravi, 0,
			request("", "POST", "/v1/flags", nil),
			request("has space", "POST", "/v1/flags", nil),
			request("get", "GET", path("/v1/visits/%s", visit), nil),
			request("online", "POST", "/v1/jobs", object{"fault": "x"}),
			request("nested", "POST", "/v1/sync", object{}),
			request("outside", "POST", "/c/token/confirm", nil),
			request("control", "POST", "/v1/visits/\r\nX: y/arrive", nil),
			request("hers", "POST", path("/v1/visits/%s/en-route", hers), nil),
			request("nobody", "POST", "/v1/visits/00000000-0000-0000-0000-000000000001/en-route", nil),
			request("malformed", "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": 5}),
			request("after", "POST", path("/v1/jobs/%s/tried-steps", job), step, "malformed"),
			request("missing", "POST", path("/v1/jobs/%s/tried-steps", job), step, "never sent"),
			request("a", "POST", path("/v1/jobs/%s/tried-steps", job), step, "b"),
			request("b", "POST", path("/v1/jobs/%s/tried-steps", job), step, "a"),
			request("itself", "POST", path("/v1/jobs/%s/tried-steps", job), step, "itself"),
			request("good", "POST", path("/v1/visits/%s/en-route", visit), nil),
			request("twice", "POST", path("/v1/jobs/%s/tried-steps", job), step),
			request("patch", "PATCH", path("/v1/visits/%s", visit), object{"planned_minutes": 30})))
		want := map[string]int{"": 400, "has space": 400, "get": 422, "online": 422, "nested": 422, "outside": 400, "control": 400, "hers": 404,
			"nobody": 404, "malformed": 400, "after": 424, "missing": 424, "a": 422, "b": 422, "itself": 422, "good": 200, "twice": 201,
			"patch": 422}
		for id, status := range want {
			if got[id] != status {
				t.Errorf("%q is %d, want %d", id, got[id], status)
			}
		}
		// The same id for another request is the first one's.
		again := upload(h, ravi, 0, request("twice", "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "y", "result": "failed"}),
			request("later", "POST", path("/v1/visits/%s/arrive", visit), nil, "good"))
		if got := statuses(again); got["twice"] != 422 || got["later"] != 200 {
			t.Errorf("the second batch: %v", again)
		}
		for _, bad := range []any{object{}, object{"device_time": "yesterday", "requests": []any{}}, object{"device_time": "2027-03-01T09:00:00Z",
			"requests": []any{}}, object{"device_time": "2027-03-01T09:00:00Z", "requests": []any{5}}, "{"} {
			ravi.Send("POST", "/v1/sync", bad, 400)
		}
	})
}

// TestAnSOSInABatchWaitsForNothing, not even for what it is said to depend on.
func TestAnSOSInABatchWaitsForNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "flag.triage", "hold.area", "flag.next_person", "visit.call_desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		var batch []object
		for n := range 40 {
			batch = append(batch, request(fmt.Sprintf("step-%d", n), "POST", path("/v1/jobs/%s/tried-steps", job),
				object{"step": strings.Repeat("x", n+1), "result": "failed"}))
		}
		batch = append(batch, request("sos", "POST", "/v1/sos", object{"note": "help", "visit_id": "no id"}, "step-39", "never"),
			request("stop", "POST", path("/v1/visits/%s/stop", visit), object{"level": "high"}, "never"))
		got := upload(h, ravi, 0, batch...)
		if a, b := got["sos"]["status"], got["stop"]["status"]; a != 201.0 || b != 200.0 {
			t.Fatalf("SOS %v, stop %v", got["sos"], got["stop"])
		}
		raised, err := time.Parse(time.RFC3339Nano, got["sos"]["body"].(object)["created_at"].(string))
		h.Must(err)
		for id, a := range got {
			if body, ok := a["body"].(object); ok && strings.HasPrefix(id, "step-") && a["status"] == 201.0 {
				made, err := time.Parse(time.RFC3339Nano, body["created_at"].(string))
				h.Must(err)
				if made.Before(raised) {
					t.Errorf("%s came before the SOS", id)
				}
			}
		}
		// Nothing that is said about them refuses them.
		for id, a := range upload(h, ravi, 0, object{"id": "no id\r\nX: y", "method": "POST", "path": "/v1/sos", "if_match": "x\r\ny"},
			object{"id": "", "method": "POST", "path": path("/v1/visits/%s/stop", visit), "body": object{"note": 5}}) {
			if status := a["status"].(float64); status < 200 || status > 299 {
				t.Errorf("%q: %v", id, a)
			}
		}
		// Once more: one alarm.
		upload(h, ravi, 0, batch[len(batch)-2:]...)
		if n := len(items(h.As("maya").Send("GET", "/v1/sos?status=open", nil, 200))); n != 1 {
			t.Errorf("%d alarms", n)
		}
	})
}

// TestWhatWasTriedThereIsKeptAsAClaim: a step, a call and the words of an arrival of somebody whose visit was given to others
// before they told it. Who never was there hears what a stranger hears.
func TestWhatWasTriedThereIsKeptAsAClaim(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned", "visit.claimed")
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Set(harness.Monday.Add(2 * time.Hour))
		desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 200)
		at, after := harness.Monday.Add(90*time.Minute).Format(time.RFC3339), harness.Monday.Add(121*time.Minute).Format(time.RFC3339)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		step := func(words, when string) object {
			return object{"step": words, "result": "failed", "occurred_at": when}
		}
		called := object{"channel": "phone", "outcome": "no_answer", "note": "rang for long", "occurred_at": at}
		batch := []object{
			request("there", "POST", path("/v1/visits/%s/arrive", visit), object{"occurred_at": at, "note": "by the back door"}),
			request("step", "POST", path("/v1/jobs/%s/tried-steps", job), step("Cleaned the filter", at)),
			request("call", "POST", path("/v1/visits/%s/attempts", visit), called),
			request("by job", "POST", path("/v1/jobs/%s/attempts", job), called),
			request("after", "POST", path("/v1/jobs/%s/tried-steps", job), step("Cleaned it again", after)),
			request("undated", "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "Changed the belt", "result": "failed"})}
		want := map[string]int{"there": 200, "step": 409, "call": 409, "by-job": 409, "after": 404, "undated": 404}
		batch[3]["id"] = "by-job"
		for range 2 { // the same is the same claim
			got := upload(h, ravi, 0, batch...)
			for id, status := range want {
				if got[id]["status"] != float64(status) || status == 409 && got[id]["body"].(object)["code"] != "claim_kept" {
					t.Errorf("%s: %v", id, got[id])
				}
			}
		}
		other := request("x", "POST", path("/v1/jobs/%s/tried-steps", job), step("y", at))
		if got := statuses(upload(h, h.As("ravi2"), 0, other)); got["x"] != 404 {
			t.Errorf("a stranger: %v", got)
		}
		var claims []string
		for _, c := range items(desk.Send("GET", "/v1/claims?status=open", nil, 200)) {
			claims = append(claims, fmt.Sprint(c["action"], " ", c["cause"]))
		}
		slices.Sort(claims)
		if want := []string{"attempts given_away", "attempts given_away", "tried-steps given_away"}; !slices.Equal(claims, want) {
			t.Errorf("claims: %v, want %v", claims, want)
		}
		line := fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"])
		for _, words := range []string{"by the back door", "Cleaned the filter", "rang for long"} {
			if !strings.Contains(line, words) {
				t.Errorf("%q stands nowhere", words)
			}
		}
		if n := len(items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))); n != 0 {
			t.Errorf("%d attempts count", n)
		}
	})
}

// TestJobsOfABatchAreWrittenSideBySide, and what has to wait does: requests about one job in their order, one that
// depends on another job's, one that touches several, and one that was sent twice.
func TestJobsOfABatchAreWrittenSideBySide(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		h.MayIgnore("replacement.proposed")
		desk, ravi := h.As("kiran"), h.As("ravi")
		var batch []object
		var jobs []object
		for n := range 6 {
			_, job := h.Household(desk, nil)
			at := harness.Monday.Add(time.Duration(60+60*n) * time.Minute)
			desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": at.Format(time.RFC3339),
				"window_end": at.Add(time.Hour).Format(time.RFC3339), "planned_minutes": 40, "crew": []any{h.People["ravi"].ID}}, 201)
			jobs = append(jobs, job)
		}
		step := func(id string, job object, before ...string) object {
			return request(id, "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "tried " + id, "result": "failed"}, before...)
		}
		for k := range 5 {
			for n, job := range jobs {
				batch = append(batch, step(fmt.Sprintf("s-%d-%d", n, k), job))
			}
		}
		batch = append(batch, request("away", "POST", "/v1/me/leave-that-is-none", object{}), step("later", jobs[0], "after-it"),
			step("after-it", jobs[1]), step("bad", jobs[2], "s-0-0", "s-1-0"), step("hangs", jobs[3], "away"), step("s-0-0", jobs[0]))
		got := harness.List(ravi.Send("POST", "/v1/sync", object{"device_time": h.Clock.Now().Format(time.RFC3339), "requests": batch}, 200),
			"responses")
		for i, a := range got {
			id, want := fmt.Sprint(a["id"]), 201.0
			switch {
			case id == "away":
				want = 422
			case id == "hangs":
				want = 424
			}
			if id != batch[i]["id"] || a["status"] != want || a["replayed"] != (i == len(batch)-1) {
				t.Errorf("answer %d to %v: %v", i, batch[i]["id"], a)
			}
		}
		for n, job := range jobs {
			var line []string
			for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job)+"?limit=200", nil, 200)) {
				if e["kind"] == "step.tried" {
					line = append(line, fmt.Sprint(e["payload"].(object)["step"]))
				}
			}
			for k := range 5 {
				if want := fmt.Sprintf("tried s-%d-%d", n, k); len(line) < 5 || line[k] != want {
					t.Fatalf("job %d: %v, want %q at %d", n, line, want, k)
				}
			}
		}
	})
}
