package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAHouseholdTakesItsReportBack: below level 3 it ends the report, at 3 and
// 4 it only says so to whoever decides; the page answers alike whether there
// is a report or not.
func TestAHouseholdTakesItsReportBack(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.triage", "flag.withdrawn", "link.wrong_person", "visit.assigned", "visits.again")
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		reported := func(what string) (*household, obj, obj) {
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, h.clock.Now().Add(time.Hour), "meena")
			meena.send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
			meena.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			meena.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
			home := h.home(desk, job)
			home.taps("report", 303, "what", what, "who", meena.id.String(), "note", "canary-narrative")
			h.clock.Advance(3 * time.Hour)
			return home, job, items(maya.send("GET", "/v1/flags", nil, 200))[0]
		}
		// Nothing to take back, and the page says the same.
		_, quiet := h.household(desk, nil)
		h.home(desk, quiet).taps("withdraw-report", 303)
		h.told("A report was withdrawn", map[string]int{"maya": 0})

		home, job, flag := reported("discriminated")
		home.taps("withdraw-report", 422, "back", strings.Repeat("x", 501))
		key := formKey.FindStringSubmatch(home.page())[1]
		home.sends("withdraw-report", key, 303, "back", "canary-back: it was a misunderstanding")
		home.sends("withdraw-report", key, 303) // the second tap of one form
		h.told("A report was withdrawn", map[string]int{"maya": 1, "noor": 1, "asha": 0, "kiran": 0, "meena": 0})
		got := maya.flag(flag["id"], 200)
		if got["status"] != "withdrawn" || got["withdrawn_at"] == nil || got["due_at"] != nil || got["pressure"] != nil ||
			!strings.HasPrefix(fmt.Sprint(got["withdrawn_words"]), "canary-back") {
			t.Errorf("taken back, the manager reads %v", got)
		}
		// Home and person stay apart until the manager lifts it.
		if it := queued(maya)["exclusion"]; it == nil || labels(it) != "Lift it" ||
			!strings.Contains(fmt.Sprint(it["known"]), "took its report back") {
			t.Errorf("the queue: %v", it)
		}
		desk.send("POST", path("/v1/jobs/%s/reopen", job), obj{"reason": "x"}, 200)
		again := h.visit(desk, job, h.clock.Now().Add(24*time.Hour))
		desk.send("POST", path("/v1/visits/%s/assign", again), h.crew("meena"), 409)
		for _, login := range []string{"kiran", "asha", "meena", "gita"} {
			if strings.Contains(h.reads(login, job, again), "canary") {
				t.Errorf("%s reads what the household said", login)
			}
		}
		if strings.Contains(home.page(), "canary") {
			t.Error("the page shows what was said")
		}

		// What a desk writes down for a caller ends nothing.
		_, job, flag = reported("drunk")
		desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "withdraw-report", "note": "she rang"}, 200)
		if got := maya.flag(flag["id"], 200); got["status"] != "reported" || got["withdrawn_at"] == nil {
			t.Errorf("by a desk: %v", got)
		}
		maya.moves(flag["id"], "triage", nil, 200)
		maya.moves(flag["id"], "decide", obj{"outcome": "unclear", "reasons": "She did not ring."}, 200)

		// Level 3: the keep-away ends by the decision alone.
		home, _, flag = reported("threatened")
		home.taps("withdraw-report", 303)
		got = maya.flag(flag["id"], 200)
		if got["status"] != "reported" || got["withdrawn_at"] == nil || got["due_at"] == nil {
			t.Errorf("level 3, taken back: %v", got)
		}
		away := func() obj {
			list := items(maya.send("GET", "/v1/keep-aways", nil, 200))
			return list[len(list)-1]
		}
		if away()["lifted_at"] != nil {
			t.Error("the keep-away ended with a tap on the household's phone")
		}
		if known := fmt.Sprint(queued(maya)["triage"]["known"]); !strings.Contains(known, "takes it back") {
			t.Errorf("the queue says %s", known)
		}
		maya.moves(flag["id"], "triage", nil, 200)
		maya.moves(flag["id"], "decide", obj{"outcome": "not_upheld", "reasons": "Spoken with both."}, 200)
		if away()["lifted_at"] == nil {
			t.Error("decided, and she is still kept away")
		}
		home.taps("withdraw-report", 303) // too late: it says the same
		if got := maya.flag(flag["id"], 200); got["status"] != "not_upheld" {
			t.Errorf("after the decision: %v", got["status"])
		}

		// Somebody else had the link: what he took back stands again.
		home, _, flag = reported("rude")
		home.taps("withdraw-report", 303)
		home.taps("wrong-person", 200)
		if got := maya.flag(flag["id"], 200); got["status"] != "reported" || got["withdrawn_at"] != nil || got["due_at"] == nil {
			t.Errorf("taken back by a stranger: %v", got)
		}
	})
}
