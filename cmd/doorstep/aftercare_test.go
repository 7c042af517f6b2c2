package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWhoWasHarmedIsLookedAfter: four conversations, owed by a manager who had
// no part; his lateness climbs and is counted, and the person may end it.
func TestWhoWasHarmedIsLookedAfter(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue", "queue.morning",
			"visit.assigned")
		desk, ravi, maya, noor, root := h.as("kiran"), h.as("ravi"), h.as("maya"), h.as("noor"), h.as("root")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "unsafe_premises", "level": 1}, 201)
		if n := len(items(ravi.send("GET", "/v1/aftercare", nil, 200))); n != 0 {
			t.Errorf("after level 1: %d", n)
		}
		began := h.clock.Now()
		flag := ravi.send("POST", path("/v1/visits/%s/stop", visit), obj{"note": "canary"}, 200)
		own := items(ravi.send("GET", "/v1/aftercare", nil, 200))
		if len(own) != 4 {
			t.Fatalf("he is owed %d", len(own))
		}
		for i, after := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour} {
			if own[i]["due_at"] != began.Add(after).Format(time.RFC3339) || own[i]["flag_id"] != flag["flag_id"] || !offers(own[i], "stop") ||
				offers(own[i], "done") {
				t.Errorf("%d: %v", i, own[i])
			}
		}
		owner, other := "maya", "noor"
		if own[0]["owner_id"] == noor.id.String() {
			owner, other = other, owner
		}
		for login, want := range map[string]int{"maya": 4, "noor": 4, "kiran": 0, "asha": 0, "meena": 0, "gita": 0, "root": 0, "maya2": 0} {
			if n := len(items(h.as(login).send("GET", "/v1/aftercare", nil, 200))); n != want {
				t.Errorf("%s sees %d, want %d", login, n, want)
			}
		}
		first := path("/v1/aftercare/%s/done", own[0])
		root.send("POST", first, obj{"note": "x"}, 404)
		ravi.send("POST", first, obj{"note": "x"}, 403)
		maya.send("POST", path("/v1/aftercare/%s/stop", own[0]), nil, 403)
		// The owner is reminded; late, it climbs to the other manager and the admins.
		h.advance(20*time.Hour + time.Second)
		if a, b := h.pushes(owner, "A conversation is due"), h.pushes(other, "A conversation is due"); a != 1 || b != 0 {
			t.Errorf("reminded: the owner %d times, the other %d", a, b)
		}
		queued := func(login string) (n int) {
			for _, it := range items(h.as(login).send("GET", "/v1/queue", nil, 200)) {
				if it["kind"] == "aftercare" {
					n++
				}
			}
			return n
		}
		if a, b, c := queued(owner), queued(other), queued("maya2"); a != 1 || b != 1 || c != 0 {
			t.Errorf("in the queues: %d %d %d", a, b, c)
		}
		h.advance(4 * time.Hour)
		late := func(login string) int { return h.pushes(login, "A conversation is overdue") }
		if a, b, c := late(owner), late(other), late("root"); a != 1 || b != 0 || c != 0 {
			t.Errorf("late: %d %d %d", a, b, c)
		}
		if n := len(items(root.send("GET", "/v1/aftercare?status=open", nil, 200))); n != 1 {
			t.Errorf("an admin sees %d late ones", n)
		}
		h.advance(24 * time.Hour)
		if b, c := late(other), late("root"); b != 1 || c != 0 {
			t.Errorf("a day late: %d %d", b, c)
		}
		h.advance(24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("two days late: %d", c)
		}
		h.as(other).send("POST", first, obj{"note": "canary-care: he slept badly"}, 200)
		h.as(other).send("POST", first, obj{"note": "again"}, 409)
		if n := queued(other); n != 0 {
			t.Errorf("done, it stands in the queue: %d", n)
		}
		h.advance(3 * 24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("done, it rings on: %d", c)
		}
		// The note is the managers'.
		for login, want := range map[string]bool{"maya": true, "noor": true, "ravi": false, "root": false} {
			if got := strings.Contains(fmt.Sprint(h.as(login).send("GET", "/v1/aftercare", nil, 200)), "canary-care"); got != want {
				t.Errorf("%s reads the note: %v", login, got)
			}
		}
		h.as(owner).send("POST", path("/v1/aftercare/%s/done", own[1]), nil, 200)
		ravi.send("POST", path("/v1/aftercare/%s/stop", own[2]), nil, 200)
		if n := len(items(ravi.send("GET", "/v1/aftercare?status=stopped", nil, 200))); n != 2 {
			t.Errorf("%d are stopped", n)
		}
		h.advance(30 * 24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("stopped, it rings: %d", c)
		}
		h.as("asha").send("GET", "/v1/reports/aftercare", nil, 403)
		report := maya.send("GET", "/v1/reports/aftercare?from=2027-03-01&to=2027-04-15", nil, 200)
		row := items(report)[0]
		if row["due"] != 2.0 || row["in_time"] != 1.0 || row["late"] != 1.0 || row["open_late"] != 0.0 || row["stopped"] != 2.0 {
			t.Errorf("counted: %v", row)
		}
		for field := range row {
			if field != "owner" && field != "owner_id" && report["definitions"].(obj)[field] == nil {
				t.Errorf("%s has no definition", field)
			}
		}
		if n := len(items(h.as("maya2").send("GET", "/v1/reports/aftercare?from=2027-03-01&to=2027-04-15", nil, 200))); n != 0 {
			t.Errorf("another area counts %d", n)
		}
	})
}

// A manager who reports harm himself is looked after by somebody else.
func TestAManagerIsLookedAfterBySomebodyElse(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage")
		maya := h.as("maya")
		maya.send("POST", "/v1/flags", obj{"phone": "+447911123456", "kind": "verbal_abuse", "level": 2}, 201)
		own := items(maya.send("GET", "/v1/aftercare", nil, 200))
		if len(own) != 4 {
			t.Fatalf("she is owed %d", len(own))
		}
		for _, x := range own {
			if x["owner_id"] != h.people["noor"].id.String() || offers(x, "done") || !offers(x, "stop") {
				t.Errorf("owed by %v, offered %v", x["owner_id"], x["actions"])
			}
		}
	})
}

// TestAPauseMovesTheDiary: his next visit is somebody else's, without a word of
// why.
func TestAPauseMovesTheDiary(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "queue.morning", "visit.assigned",
			"visit.needs_someone")
		desk, ravi, meena := h.as("kiran"), h.as("ravi"), h.as("meena")
		_, bad := h.household(desk, nil)
		_, next := h.household(desk, nil)
		hard := h.visit(desk, bad, monday.Add(time.Hour), "ravi")
		ahead := h.visit(desk, next, monday.Add(6*time.Hour), "ravi")
		low := ravi.send("POST", path("/v1/visits/%s/flags", hard), obj{"kind": "unsafe_premises", "level": 1}, 201)
		ravi.send("POST", path("/v1/flags/%s/cool-off", low), obj{"accept": true}, 409)
		stop := ravi.send("POST", path("/v1/visits/%s/stop", hard), obj{"note": "canary"}, 200)
		answer := fmt.Sprintf("/v1/flags/%s/cool-off", stop["flag_id"])
		found := false
		for _, n := range items(ravi.send("GET", "/v1/inbox", nil, 200)) {
			found = found || n["title"] == "A pause is yours to take"
		}
		if !found {
			t.Error("the pause is not offered")
		}
		meena.send("POST", answer, obj{"accept": true}, 404)
		h.as("maya").send("POST", answer, obj{"accept": true}, 403)
		ravi.send("POST", answer, obj{"accept": false}, 200)
		if got := desk.send("GET", path("/v1/visits/%s", ahead), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("declined, and the crew is %v", got["crew"])
		}
		before := h.pushes("kiran", "A visit needs somebody")
		out := ravi.send("POST", answer, obj{"accept": true}, 200)
		if out["outcome"] != "offered" || out["visit_id"] != ahead["id"] {
			t.Fatalf("taken: %v", out)
		}
		if again := ravi.send("POST", answer, obj{"accept": true}, 200); again["visit_id"] != ahead["id"] {
			t.Errorf("said twice: %v", again)
		}
		ravi.send("POST", answer, obj{"accept": false}, 409)
		if n := h.pushes("kiran", "A visit needs somebody"); n != before+1 {
			t.Errorf("the desk is told %d times", n-before)
		}
		desk.send("POST", path("/v1/visits/%s/assign", ahead), obj{"crew": []string{meena.id.String()}}, 200)
		h.advance(5 * time.Hour)
		got := desk.send("GET", path("/v1/visits/%s", ahead), nil, 200)
		if got["status"] != "scheduled" || got["crew"].([]any)[0] != meena.id.String() {
			t.Errorf("taken by another, and it is %v with %v", got["status"], got["crew"])
		}
		for _, f := range items(desk.send("GET", path("/v1/jobs/%s/timeline", next), nil, 200)) {
			if p := fmt.Sprint(f); strings.Contains(p, "cool") || strings.Contains(p, "pause") || f["actor_id"] == ravi.id.String() {
				t.Errorf("the timeline tells %v", f)
			}
		}
	})
}

// Where nobody else can come, the household is told so honestly, and the visit
// moves.
func TestAPauseMovesTheVisitWhereNobodyElseCanCome(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue",
			"queue.morning", "visit.assigned", "visit.missed_desk", "visit.needs_someone")
		desk, ravi := h.as("kiran"), h.as("ravi")
		pause := func(after time.Duration, alone bool) (job, ahead, out obj) {
			h.Helper()
			_, bad := h.household(desk, nil)
			_, job = h.household(desk, nil)
			hard := h.visit(desk, bad, h.clock.Now().Add(time.Hour), "ravi")
			ahead = h.visit(desk, job, h.clock.Now().Add(after), "ravi")
			if alone {
				_, busy := h.household(desk, nil)
				h.visit(desk, busy, h.clock.Now().Add(after), "meena")
			}
			stop := ravi.send("POST", path("/v1/visits/%s/stop", hard), nil, 200)
			return job, ahead, ravi.send("POST", fmt.Sprintf("/v1/flags/%s/cool-off", stop["flag_id"]), obj{"accept": true}, 200)
		}
		honest := func(job obj) bool {
			h.Helper()
			h.settle()
			var n int
			h.must(h.db.SQL().QueryRowContext(t.Context(),
				fmt.Sprintf("SELECT count(*) FROM notices WHERE kind = 'visit.moved_ours' AND job_id = '%v' AND body LIKE '%%our technician cannot come%%'", job["id"])).Scan(&n))
			return n == 1
		}
		moved := func(job, ahead obj) {
			h.Helper()
			old := desk.send("GET", path("/v1/visits/%s", ahead), nil, 200)
			if old["status"] != "rescheduled" || old["counts_against"] != "nobody" || old["successor_id"] == nil || !honest(job) {
				t.Fatalf("it is %v against %v, honest %v", old["status"], old["counts_against"], honest(job))
			}
			next := desk.send("GET", fmt.Sprintf("/v1/visits/%v", old["successor_id"]), nil, 200)
			from, err := time.Parse(time.RFC3339, old["window_start"].(string))
			h.must(err)
			if next["window_start"] != from.Add(24*time.Hour).Format(time.RFC3339) || next["crew"].([]any)[0] != ravi.id.String() {
				t.Errorf("moved to %v with %v", next["window_start"], next["crew"])
			}
		}
		job, ahead, out := pause(6*time.Hour, true)
		if out["outcome"] != "moved" {
			t.Fatalf("nobody else: %v", out)
		}
		moved(job, ahead)
		// Somebody could, and nobody did until two hours before.
		h.clock.Set(monday.Add(4 * 24 * time.Hour))
		h.settle()
		job, ahead, out = pause(6*time.Hour, false)
		if out["outcome"] != "offered" {
			t.Fatalf("meena is free: %v", out)
		}
		h.advance(3*time.Hour + 59*time.Minute)
		if honest(job) {
			t.Error("the household is told too early")
		}
		h.advance(2 * time.Minute)
		moved(job, ahead)
	})
}
