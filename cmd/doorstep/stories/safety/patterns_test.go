package safety

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestMildReportsShowAsAPattern: two crews say the same of one household; whoever triages
// sees it, acts by an advisory alone, and it is over after 90 days.
func TestMildReportsShowAsAPattern(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "note.waiting", "visit.assigned")
		kiran, maya := h.As("kiran"), h.As("maya")
		patterns := func() []object { return items(maya.Send("GET", "/v1/patterns", nil, 200)) }
		customer, job := h.Household(kiran, nil)
		mild := func(login string, nth int) bodies.RaisedFlag {
			visit := h.Visit(kiran, job, harness.Monday.Add(time.Duration(nth)*3*time.Hour+2*time.Hour), login)
			h.As(login).EnRoute(visit)
			return h.As(login).FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary words"})
		}
		mild("ravi", 0)
		if got := patterns(); len(got) != 0 {
			t.Fatalf("one is none: %v", got)
		}
		mild("meena", 1)
		got := patterns()
		if len(got) != 1 || got[0]["customer_id"] != customer["id"] || got[0]["sides"] != 2.0 || len(got[0]["reports"].([]any)) != 2 ||
			!harness.Offers(got[0], "advisory") || got[0]["job_id"] != job["id"] {
			t.Fatalf("two crews: %v", got)
		}
		if n := len(items(h.As("maya2").Send("GET", "/v1/patterns", nil, 200))); n != 0 {
			t.Errorf("another area sees %d", n)
		}
		for _, login := range []string{"ravi", "kiran", "asha", "gita"} {
			h.As(login).Send("GET", "/v1/patterns", nil, 403)
		}
		if holds := kiran.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(holds) != 0 {
			t.Errorf("it decides by itself: %v", holds)
		}
		flag := got[0]["reports"].([]any)[0].(object)["flag_id"]
		maya.Send("POST", "/v1/advisories", object{"job_id": job["id"], "flag_id": flag, "subject": "person", "precautions": "go in pairs",
			"behaviour": "shouted at two crews", "expires_on": "2027-06-01"}, 201)
		// Two households say the same of one of our people, and neither has been reported by them.
		about := func(login string, job object) {
			h.As(login).EnRoute(h.VisitToday(job, login)) // they are about to meet
			h.CustomerPage(job).Submit("report", 303, "what", "rude", "who", h.People[login].ID.String())
		}
		for range 2 {
			_, other := h.Household(kiran, nil)
			about("ravi", other)
		}
		got = patterns()
		if len(got) != 2 || got[1]["about"] != "staff" || got[1]["subject_id"] != h.People["ravi"].ID.String() || got[1]["customer_id"] != nil ||
			got[1]["sides"] != 2.0 || len(got[1]["actions"].([]any)) != 0 {
			t.Errorf("two households: %v", got)
		}
		// What somebody says of a household that reported them is no part of one.
		h.CustomerPage(job).Submit("report", 303, "what", "rude", "who", h.People["meena"].ID.String())
		if got := patterns(); len(got) != 1 || got[0]["about"] != "staff" {
			t.Errorf("with one whom the household reported: %v", got)
		}
	})
}

// TestEachDecisionListsOurOwnFailures: whoever decides about a report reads first what
// went wrong on our side; its reporter and the centre do not.
func TestEachDecisionListsOurOwnFailures(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "visit.assigned")
		h.MayIgnore("job.jeopardy", "promise.late", "queue.morning", "visit.late", "visit.missed", "visit.missed_desk", "visit.needs_someone")
		kiran, maya, ravi := h.As("kiran"), h.As("maya"), h.As("ravi")
		_, job := h.Household(kiran, nil)
		missed := h.Visit(kiran, job, harness.Monday.Add(2*time.Hour), "ravi")
		h.Advance(6 * time.Hour)
		if got := kiran.Send("GET", path("/v1/visits/%s", missed), nil, 200)["status"]; got != "missed" {
			t.Fatalf("nobody came, and it is %v", got)
		}
		visit := h.Visit(kiran, job, harness.Monday.Add(26*time.Hour), "ravi")
		h.Clock.Set(harness.Monday.Add(26 * time.Hour))
		ravi.EnRoute(visit)
		ravi.Arrive(visit)
		flag := ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 2, Note: "shouted"})
		list, _ := maya.Flag(flag.ID, 200)["our_failures"].([]any)
		if len(list) != 1 || list[0].(object)["kind"] != "missed" || list[0].(object)["visit_id"] != missed["id"] {
			t.Fatalf("whoever decides reads %v", list)
		}
		if ravi.Flag(flag.ID, 200)["our_failures"] != nil || h.As("asha").Flag(flag.ID, 200)["our_failures"] != nil {
			t.Error("others read it")
		}
		it := harness.Queue(maya)["triage"]
		known := []string{}
		for _, k := range it["known"].([]any) {
			known = append(known, harness.String(k))
		}
		if !strings.Contains(strings.Join(known, "\n"), "in the 90 days before: 1 missed.") {
			t.Errorf("the queue says %q", known)
		}
	})
}
