package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// A household that says the same again adds to its report; only a higher level
// is told anew, and no tap fills the queue.
func TestAHouseholdsReportsAreOne(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "flag.overdue", "flag.triage", "timer.ping", "visit.assigned", "visit.call_desk",
			"visit.needs_someone", "visit.unassigned")
		h.MayIgnore("visit.missed_desk")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena", "ravi")
		meena.EnRoute(visit)
		home := h.CustomerPage(job)
		flags := func() []object { return items(maya.Send("GET", "/v1/flags?limit=100", nil, 200)) }
		told := func() int {
			h.Settle()
			return h.Pushes("maya", "A report needs you") + h.Pushes("maya", harness.TitleLiveReport)
		}
		for i := range 8 {
			home.Submit("report", 303, "what", "rude", "who", meena.ID.String(), "note", fmt.Sprintf("words %d", i))
		}
		if got := flags(); len(got) != 1 || got[0]["level"] != 1.0 || !strings.Contains(harness.String(got[0]["note"]), "words 0\nwords 1") ||
			!strings.HasSuffix(harness.String(got[0]["note"]), "words 7") {
			t.Fatalf("eight taps made %v", got)
		}
		if n := told(); n != 1 {
			t.Errorf("maya was told %d times of one level", n)
		}
		// Worse: the same report rises and is told.
		home.Submit("report", 303, "what", "threatened", "who", meena.ID.String(), "note", "then he raised his hand")
		got := flags()
		if len(got) != 1 || got[0]["level"] != 3.0 || got[0]["kind"] != "threat" ||
			!strings.Contains(harness.String(got[0]["note"]), "[verbal_abuse]") {
			t.Fatalf("worse, it is %v", got)
		}
		if n := told(); n != 2 {
			t.Errorf("risen, maya was told %d times", n)
		}
		if due := harness.Instant(t, got[0]["due_at"]); due.After(h.Clock.Now().Add(30 * time.Minute)) {
			t.Errorf("risen, it is due %v", due)
		}
		if away := items(maya.Send("GET", "/v1/keep-aways", nil, 200)); len(away) != 1 || away[0]["user_id"] != meena.ID.String() {
			t.Errorf("kept away: %v", away)
		}
		home.Submit("report", 303, "what", "rude", "who", meena.ID.String(), "note", "less") // never falls
		if got := flags()[0]; got["level"] != 3.0 || told() != 2 {
			t.Errorf("less again, it is of level %v", got["level"])
		}
		// The level that was corrected for this very kind stays; another kind rises.
		maya.MoveFlag(got[0]["id"], "triage", object{"level": 2}, 200)
		home.Submit("report", 303, "what", "threatened", "who", meena.ID.String(), "note", "as I said")
		if got := flags()[0]; got["level"] != 2.0 {
			t.Errorf("corrected and said again: %v", got["level"])
		}
		home.Submit("report", 303, "what", "hurt", "who", meena.ID.String())
		if got := flags()[0]; got["level"] != 4.0 || len(flags()) != 1 {
			t.Errorf("worse after triage: %v", got["level"])
		}
		// Somebody else is another report; voice stands apart, and is one.
		home.Submit("report", 303, "what", "rude", "who", h.People["ravi"].ID.String())
		voice := path("/v1/jobs/%s/voice", job)
		for range 6 {
			desk.Send("POST", voice, object{"action": "report", "what": "rude", "subject_id": meena.ID, "note": "she rang"}, 200)
		}
		if got := flags(); len(got) != 3 {
			t.Fatalf("%d reports, want 3", len(got))
		}
		// A day later it is a new one; at five open ones it ends.
		for day := range 4 {
			h.Clock.Advance(25 * time.Hour)
			home = h.CustomerPage(job)
			home.Submit("report", 303, "what", "drunk", "who", meena.ID.String(), "note", fmt.Sprintf("on day %d", day))
		}
		got = flags()
		if len(got) != 5 || !strings.Contains(fmt.Sprint(got), "on day 3") {
			t.Errorf("%d reports, want 5 and no word lost: %v", len(got), got)
		}
		h.Clock.Advance(25 * time.Hour)
		if out := desk.Send("POST", voice, object{"action": "report", "what": "drunk", "subject_id": meena.ID}, 409); out["open"] != 5.0 {
			t.Errorf("by voice the sixth is refused as %v", out)
		}
	})
}

// However much comes in after it, what is overdue stands on the page, the more
// severe first; how many more wait is said.
func TestTheQueueKeepsWhatIsOverdue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "flag.live", "flag.live_overdue", "flag.passed_on", "flag.triage", "hold.area",
			"promise.yours")
		desk, maya := h.As("kiran"), h.As("maya")
		_, first := h.Household(desk, nil)
		old := desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(first["id"]), Kind: "threat", Level: 3, Note: "the old one"})
		h.Clock.Advance(2 * time.Hour)
		_, job := h.Household(desk, nil)
		mild := desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 3})
		worse := desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "assault", Level: 4})
		for range 56 {
			desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "verbal_abuse", Level: 1})
		}
		q := maya.Send("GET", "/v1/queue", nil, 200)
		var order []string
		for _, it := range items(q) {
			if it["kind"] == "triage" {
				order = append(order, harness.String(it["id"]))
			}
		}
		if len(order) != 50 || q["more"] != 9.0 || q["late"].(float64) < 1 {
			t.Fatalf("%d reports, %v more, %v late", len(order), q["more"], q["late"])
		}
		if order[0] != old.ID || order[1] != worse.ID || order[2] != mild.ID {
			t.Errorf("the order is %v, want %v, %v, %v", order[:3], old.ID, worse.ID, mild.ID)
		}
		// Of many disputes the ones due first are shown.
		_, many := h.Household(desk, nil)
		home := h.CustomerPage(many)
		var earliest any
		for i := range 52 {
			h.Clock.Advance(time.Minute)
			tried := desk.Attempt(many, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
			home.Submit("dispute", 303, "attempt_id", tried.ID, "claim", "phone_was_on")
			if i == 0 {
				earliest = items(maya.Send("GET", "/v1/disputes", nil, 200))[0]["id"]
			}
		}
		var disputes []any
		q = maya.Send("GET", "/v1/queue", nil, 200)
		for _, it := range items(q) {
			if it["kind"] == "dispute" {
				disputes = append(disputes, it["id"])
			}
		}
		if len(disputes) != 50 || disputes[0] != earliest || q["more"] != 11.0 {
			t.Errorf("%d disputes, the first %v want %v, %v more", len(disputes), disputes[0], earliest, q["more"])
		}
	})
}
