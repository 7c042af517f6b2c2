package safety

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestWhoWasHarmedIsLookedAfter: four conversations, owed by a manager who had
// no part; his lateness climbs and is counted, and the person may end it.
func TestWhoWasHarmedIsLookedAfter(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue", "queue.morning",
			"visit.assigned")
		desk, ravi, maya, noor, root := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("noor"), h.As("root")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "unsafe_premises", Level: 1})
		if n := len(items(ravi.Send("GET", "/v1/aftercare", nil, 200))); n != 0 {
			t.Errorf("after level 1: %d", n)
		}
		began := h.Clock.Now()
		flag := ravi.StopVisit(visit, bodies.Stop{Note: "canary"})
		own := items(ravi.Send("GET", "/v1/aftercare", nil, 200))
		if len(own) != 4 {
			t.Fatalf("he is owed %d", len(own))
		}
		for i, after := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour} {
			if own[i]["due_at"] != began.Add(after).Format(time.RFC3339) || own[i]["flag_id"] != flag.FlagID ||
				!harness.Offers(own[i], "stop") ||
				harness.Offers(own[i], "done") {
				t.Errorf("%d: %v", i, own[i])
			}
		}
		owner, other := "maya", "noor"
		if own[0]["owner_id"] == noor.ID.String() {
			owner, other = other, owner
		}
		for login, want := range map[string]int{"maya": 4, "noor": 4, "kiran": 0, "asha": 0, "meena": 0, "gita": 0, "root": 0, "maya2": 0} {
			if n := len(items(h.As(login).Send("GET", "/v1/aftercare", nil, 200))); n != want {
				t.Errorf("%s sees %d, want %d", login, n, want)
			}
		}
		first := path("/v1/aftercare/%s/done", own[0])
		root.Send("POST", first, object{"note": "x"}, 404)
		ravi.Send("POST", first, object{"note": "x"}, 403)
		maya.Send("POST", path("/v1/aftercare/%s/stop", own[0]), nil, 403)
		// The owner is reminded; late, it climbs to the other manager and the admins.
		h.Advance(20*time.Hour + time.Second)
		if a, b := h.Pushes(owner, "A conversation is due"), h.Pushes(other, "A conversation is due"); a != 1 || b != 0 {
			t.Errorf("reminded: the owner %d times, the other %d", a, b)
		}
		queued := func(login string) (n int) {
			for _, it := range items(h.As(login).Send("GET", "/v1/queue", nil, 200)) {
				if it["kind"] == "aftercare" {
					n++
				}
			}
			return n
		}
		if a, b, c := queued(owner), queued(other), queued("maya2"); a != 1 || b != 1 || c != 0 {
			t.Errorf("in the queues: %d %d %d", a, b, c)
		}
		h.Advance(4 * time.Hour)
		late := func(login string) int { return h.Pushes(login, "A conversation is overdue") }
		if a, b, c := late(owner), late(other), late("root"); a != 1 || b != 0 || c != 0 {
			t.Errorf("late: %d %d %d", a, b, c)
		}
		if n := len(items(root.Send("GET", "/v1/aftercare?status=open", nil, 200))); n != 1 {
			t.Errorf("an admin sees %d late ones", n)
		}
		h.Advance(24 * time.Hour)
		if b, c := late(other), late("root"); b != 1 || c != 0 {
			t.Errorf("a day late: %d %d", b, c)
		}
		h.Advance(24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("two days late: %d", c)
		}
		h.As(other).Send("POST", first, object{"note": "canary-care: he slept badly"}, 200)
		h.As(other).Send("POST", first, object{"note": "again"}, 409)
		if n := queued(other); n != 0 {
			t.Errorf("done, it stands in the queue: %d", n)
		}
		h.Advance(3 * 24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("done, it rings on: %d", c)
		}
		// The note is the managers'.
		for login, want := range map[string]bool{"maya": true, "noor": true, "ravi": false, "root": false} {
			if got := strings.Contains(fmt.Sprint(h.As(login).Send("GET", "/v1/aftercare", nil, 200)), "canary-care"); got != want {
				t.Errorf("%s reads the note: %v", login, got)
			}
		}
		h.As(owner).Send("POST", path("/v1/aftercare/%s/done", own[1]), nil, 200)
		ravi.Send("POST", path("/v1/aftercare/%s/stop", own[2]), nil, 200)
		if n := len(items(ravi.Send("GET", "/v1/aftercare?status=stopped", nil, 200))); n != 2 {
			t.Errorf("%d are stopped", n)
		}
		h.Advance(30 * 24 * time.Hour)
		if c := late("root"); c != 1 {
			t.Errorf("stopped, it rings: %d", c)
		}
		h.As("asha").Send("GET", "/v1/reports/aftercare", nil, 403)
		report := maya.Send("GET", "/v1/reports/aftercare?from=2027-03-01&to=2027-04-15", nil, 200)
		row := items(report)[0]
		if row["due"] != 2.0 || row["in_time"] != 1.0 || row["late"] != 1.0 || row["open_late"] != 0.0 || row["stopped"] != 2.0 {
			t.Errorf("counted: %v", row)
		}
		for field := range row {
			if field != "owner" && field != "owner_id" && report["definitions"].(object)[field] == nil {
				t.Errorf("%s has no definition", field)
			}
		}
		if n := len(items(h.As("maya2").Send("GET", "/v1/reports/aftercare?from=2027-03-01&to=2027-04-15", nil, 200))); n != 0 {
			t.Errorf("another area counts %d", n)
		}
	})
}

// A manager who reports harm himself is looked after by somebody else.
func TestAManagerIsLookedAfterBySomebodyElse(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage")
		maya := h.As("maya")
		maya.CreateFlag(bodies.FlagCreate{Phone: "+447911123456", Kind: "verbal_abuse", Level: 2})
		h.Settle()
		own := items(maya.Send("GET", "/v1/aftercare", nil, 200))
		if len(own) != 4 {
			t.Fatalf("she is owed %d", len(own))
		}
		for _, x := range own {
			if x["owner_id"] != h.People["noor"].ID.String() || harness.Offers(x, "done") || !harness.Offers(x, "stop") {
				t.Errorf("owed by %v, offered %v", x["owner_id"], x["actions"])
			}
		}
	})
}

// TestAPauseMovesTheDiary: his next visit is somebody else's, without a word of
// why.
func TestAPauseMovesTheDiary(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "queue.morning", "visit.assigned",
			"visit.needs_someone")
		desk, ravi, meena := h.As("kiran"), h.As("ravi"), h.As("meena")
		_, bad := h.Household(desk, nil)
		_, next := h.Household(desk, nil)
		hard := h.Visit(desk, bad, harness.Monday.Add(time.Hour), "ravi")
		ahead := h.Visit(desk, next, harness.Monday.Add(6*time.Hour), "ravi")
		low := ravi.FlagVisit(hard, bodies.VisitFlagCreate{Kind: "unsafe_premises", Level: 1})
		ravi.Send("POST", path("/v1/flags/%s/cool-off", low), object{"accept": true}, 409)
		stop := ravi.StopVisit(hard, bodies.Stop{Note: "canary"})
		answer := fmt.Sprintf("/v1/flags/%s/cool-off", stop.FlagID)
		found := false
		for _, n := range items(ravi.Send("GET", "/v1/inbox", nil, 200)) {
			found = found || n["title"] == "A pause is yours to take"
		}
		if !found {
			t.Error("the pause is not offered")
		}
		meena.Send("POST", answer, object{"accept": true}, 404)
		h.As("maya").Send("POST", answer, object{"accept": true}, 403)
		ravi.Send("POST", answer, object{"accept": false}, 200)
		if got := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("declined, and the crew is %v", got["crew"])
		}
		before := h.Pushes("kiran", "A visit needs somebody")
		out := ravi.Send("POST", answer, object{"accept": true}, 200)
		if out["outcome"] != "offered" || out["visit_id"] != ahead["id"] {
			t.Fatalf("taken: %v", out)
		}
		if again := ravi.Send("POST", answer, object{"accept": true}, 200); again["visit_id"] != ahead["id"] {
			t.Errorf("said twice: %v", again)
		}
		ravi.Send("POST", answer, object{"accept": false}, 409)
		if n := h.Pushes("kiran", "A visit needs somebody"); n != before+1 {
			t.Errorf("the desk is told %d times", n-before)
		}
		desk.AssignVisit(ahead, bodies.CrewInput{Crew: []string{meena.ID.String()}})
		h.Advance(5 * time.Hour)
		got := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200)
		if got["status"] != "scheduled" || got["crew"].([]any)[0] != meena.ID.String() {
			t.Errorf("taken by another, and it is %v with %v", got["status"], got["crew"])
		}
		for _, f := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", next), nil, 200)) {
			if p := fmt.Sprint(f); strings.Contains(p, "cool") || strings.Contains(p, "pause") || f["actor_id"] == ravi.ID.String() {
				t.Errorf("the timeline tells %v", f)
			}
		}
	})
}

// Where nobody else can come, the household is told so honestly, and the visit
// moves.
func TestAPauseMovesTheVisitWhereNobodyElseCanCome(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue",
			"queue.morning", "visit.assigned", "visit.missed_desk", "visit.needs_someone")
		desk, ravi := h.As("kiran"), h.As("ravi")
		pause := func(after time.Duration, alone bool) (job, ahead, out object) {
			h.Helper()
			_, bad := h.Household(desk, nil)
			_, job = h.Household(desk, nil)
			hard := h.Visit(desk, bad, h.Clock.Now().Add(time.Hour), "ravi")
			ahead = h.Visit(desk, job, h.Clock.Now().Add(after), "ravi")
			if alone {
				_, busy := h.Household(desk, nil)
				h.Visit(desk, busy, h.Clock.Now().Add(after), "meena")
			}
			stop := ravi.StopVisit(hard)
			return job, ahead, ravi.Send("POST", fmt.Sprintf("/v1/flags/%s/cool-off", stop.FlagID), object{"accept": true}, 200)
		}
		honest := func(job object) bool {
			h.Helper()
			h.Settle()
			var n int
			h.Must(h.DB.SQL().QueryRowContext(t.Context(),
				fmt.Sprintf("SELECT count(*) FROM notices WHERE kind = 'visit.moved_ours' AND job_id = '%v' AND body LIKE '%%our technician cannot come%%'", job["id"])).Scan(&n))
			return n == 1
		}
		moved := func(job, ahead object) {
			h.Helper()
			old := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200)
			if old["status"] != "rescheduled" || old["counts_against"] != "nobody" || old["successor_id"] == nil || !honest(job) {
				t.Fatalf("it is %v against %v, honest %v", old["status"], old["counts_against"], honest(job))
			}
			next := desk.Send("GET", fmt.Sprintf("/v1/visits/%v", old["successor_id"]), nil, 200)
			from, err := time.Parse(time.RFC3339, old["window_start"].(string))
			h.Must(err)
			if next["window_start"] != from.Add(24*time.Hour).Format(time.RFC3339) || next["crew"].([]any)[0] != ravi.ID.String() {
				t.Errorf("moved to %v with %v", next["window_start"], next["crew"])
			}
		}
		job, ahead, out := pause(6*time.Hour, true)
		if out["outcome"] != "moved" {
			t.Fatalf("nobody else: %v", out)
		}
		moved(job, ahead)
		// Somebody could, and nobody did until two hours before.
		h.Clock.Set(harness.Monday.Add(4 * 24 * time.Hour))
		h.Settle()
		job, ahead, out = pause(6*time.Hour, false)
		if out["outcome"] != "offered" {
			t.Fatalf("meena is free: %v", out)
		}
		h.Advance(3*time.Hour + 59*time.Minute)
		if honest(job) {
			t.Error("the household is told too early")
		}
		h.Advance(2 * time.Minute)
		moved(job, ahead)
	})
}

// TestWhoeverReportsIsLookedAfter walks the roles: each is offered the pause and owed the
// conversations, and whoever owes them learns that the pause was taken.
func TestWhoeverReportsIsLookedAfter(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("break.taken", "flag.triage")
		for i, login := range []string{"ravi", "kiran", "asha", "gita", "maya"} {
			p := h.As(login)
			flag := p.Send("POST", "/v1/flags", object{"phone": fmt.Sprintf("+9198000001%02d", i), "kind": "verbal_abuse", "level": 2}, 201)["id"]
			h.Settle()
			if got := h.InboxBodies(login, "A pause is yours to take"); len(got) != 1 {
				t.Errorf("%s is offered %q", login, got)
			}
			if !harness.Offers(p.Flag(flag, 200), "cool-off") {
				t.Errorf("%s's report offers no pause", login)
			}
			got := p.Send("POST", fmt.Sprintf("/v1/flags/%v/cool-off", flag), object{"accept": true}, 200)
			if got["accepted"] != true {
				t.Errorf("%s takes it: %v", login, got)
			}
			mine := items(p.Send("GET", "/v1/aftercare", nil, 200))
			mine = slices.DeleteFunc(mine, func(x object) bool { return x["person_id"] != p.ID.String() })
			if len(mine) != 4 || !harness.Offers(mine[0], "stop") || mine[0]["owner_id"] == p.ID.String() {
				t.Fatalf("%s is owed %v", login, mine)
			}
			p.Send("POST", path("/v1/aftercare/%s/stop", mine[0]), nil, 200)
			if login == "ravi" {
				continue
			}
			told := 0
			for _, m := range []string{"maya", "noor", "root"} {
				told += len(h.InboxBodies(m, "A colleague takes a pause"))
			}
			if told != i {
				t.Errorf("of %s's pause %d were told in all", login, told)
			}
		}
	})
}
