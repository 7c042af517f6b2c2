package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAHouseholdTakesItsReportBack: below level 3 it ends the report, at 3 and
// 4 it only says so to whoever decides; the page answers alike whether there
// is a report or not.
func TestAHouseholdTakesItsReportBack(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "flag.withdrawn", "link.wrong_person", "visit.assigned", "visits.again")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		reported := func(what string) (*harness.CustomerPage, object, object) {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena")
			meena.EnRoute(visit)
			meena.Arrive(visit)
			meena.CompleteVisit(visit)
			home := h.CustomerPage(job)
			home.Submit("report", 303, "what", what, "who", meena.ID.String(), "note", "canary-narrative")
			h.Clock.Advance(3 * time.Hour)
			return home, job, items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		}
		// Nothing to take back, and the page says the same.
		_, quiet := h.Household(desk, nil)
		h.CustomerPage(quiet).Submit("withdraw-report", 303)
		h.Told("A report was withdrawn", map[string]int{"maya": 0})

		home, job, flag := reported("discriminated")
		home.Submit("withdraw-report", 422, "back", strings.Repeat("x", 501))
		key := harness.FormKey.FindStringSubmatch(home.Read())[1]
		home.SubmitWithKey("withdraw-report", key, 303, "back", "canary-back: it was a misunderstanding")
		home.SubmitWithKey("withdraw-report", key, 303) // the second tap of one form
		h.Told("A report was withdrawn", map[string]int{"maya": 1, "noor": 1, "asha": 0, "kiran": 0, "meena": 0})
		got := maya.Flag(flag["id"], 200)
		if got["status"] != "withdrawn" || got["withdrawn_at"] == nil || got["due_at"] != nil || got["pressure"] != nil ||
			!strings.HasPrefix(fmt.Sprint(got["withdrawn_words"]), "canary-back") {
			t.Errorf("taken back, the manager reads %v", got)
		}
		// Home and person stay apart until the manager lifts it.
		if it := harness.Queue(maya)["exclusion"]; it == nil || harness.MoveLabels(it) != "Lift it" ||
			!strings.Contains(fmt.Sprint(it["known"]), "took its report back") {
			t.Errorf("the queue: %v", it)
		}
		desk.Send("POST", path("/v1/jobs/%s/reopen", job), object{"reason": "as asked"}, 200)
		again := h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour))
		desk.Send("POST", path("/v1/visits/%s/assign", again), h.Crew("meena"), 409)
		for _, login := range []string{"kiran", "asha", "meena", "gita"} {
			if strings.Contains(visible(h, login, job, again), "canary") {
				t.Errorf("%s reads what the household said", login)
			}
		}
		if strings.Contains(home.Read(), "canary") {
			t.Error("the page shows what was said")
		}

		// What a desk writes down for a caller ends nothing.
		_, job, flag = reported("drunk")
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "withdraw-report", "note": "she rang"}, 200)
		if got := maya.Flag(flag["id"], 200); got["status"] != "reported" || got["withdrawn_at"] == nil {
			t.Errorf("by a desk: %v", got)
		}
		maya.MoveFlag(flag["id"], "triage", nil, 200)
		maya.MoveFlag(flag["id"], "decide", object{"outcome": "unclear", "reasons": "She did not ring."}, 200)

		// Level 3: the keep-away ends by the decision alone.
		home, _, flag = reported("threatened")
		home.Submit("withdraw-report", 303)
		got = maya.Flag(flag["id"], 200)
		if got["status"] != "reported" || got["withdrawn_at"] == nil || got["due_at"] == nil {
			t.Errorf("level 3, taken back: %v", got)
		}
		away := func() object {
			list := items(maya.Send("GET", "/v1/keep-aways", nil, 200))
			return list[len(list)-1]
		}
		if away()["lifted_at"] != nil {
			t.Error("the keep-away ended with a tap on the household's phone")
		}
		if known := fmt.Sprint(harness.Queue(maya)["triage"]["known"]); !strings.Contains(known, "takes it back") {
			t.Errorf("the queue says %s", known)
		}
		maya.MoveFlag(flag["id"], "triage", nil, 200)
		maya.MoveFlag(flag["id"], "decide", object{"outcome": "not_upheld", "reasons": "Spoken with both."}, 200)
		if away()["lifted_at"] == nil {
			t.Error("decided, and she is still kept away")
		}
		home.Submit("withdraw-report", 303) // too late: it says the same
		if got := maya.Flag(flag["id"], 200); got["status"] != "not_upheld" {
			t.Errorf("after the decision: %v", got["status"])
		}

		// Somebody else had the link: what he took back stands again.
		home, _, flag = reported("rude")
		home.Submit("withdraw-report", 303)
		home.Submit("wrong-person", 200)
		if got := maya.Flag(flag["id"], 200); got["status"] != "reported" || got["withdrawn_at"] != nil || got["due_at"] == nil {
			t.Errorf("taken back by a stranger: %v", got)
		}
	})
}
