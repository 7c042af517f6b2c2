package safety

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// nameDeputy lets a manager name another one.
func nameDeputy(h *harness.Harness, login, of string) {
	h.Helper()
	p := h.As(of)
	me := p.Send("GET", "/v1/users/"+p.ID.String(), nil, 200)
	p.Send("PATCH", "/v1/users/"+p.ID.String(), object{"deputy_id": h.People[login].ID}, 200, "If-Match", fmt.Sprintf(`"%v"`, me["version"]))
}

// disable disables somebody.
func disable(h *harness.Harness, login string) {
	h.Helper()
	p := h.People[login]
	root := h.As("root")
	u := root.Send("GET", "/v1/users/"+p.ID.String(), nil, 200)
	root.Send("PATCH", "/v1/users/"+p.ID.String(), object{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%v"`, u["version"]))
}

const (
	late = "A report is overdue"

	moved = "Your report has moved on"
)

// TestALateReportIsPassedOnStepByStep: managers, deputy, one other manager,
// admins; each is told once, sees it from then on, and may decide.
func TestALateReportIsPassedOnStepByStep(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.overdue", "flag.passed_on", "flag.triaged", "queue.morning")
		nameDeputy(h, "maya2", "maya")
		ravi := h.As("ravi")
		flag := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000001", "kind": "verbal_abuse", "level": 2, "note": "canary"}, 201)["id"]
		h.Settle()
		severe := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000002", "kind": "threat", "level": 3}, 201)["id"]
		h.Settle()
		for _, title := range []string{"A report needs you", harness.TitleLiveReport} {
			h.Told(title, map[string]int{"maya": 1, "noor": 1, "maya2": 0, "noor2": 0, "root": 0, "asha": 0, "kiran": 0})
		}
		sees := func(id any, want map[string]int) {
			t.Helper()
			for login, status := range want {
				h.As(login).Flag(id, status)
			}
		}
		// The severe one: 30 min, then ten minutes a step.
		sees(severe, map[string]int{"maya": 200, "noor": 200, "maya2": 200, "noor2": 404, "root": 404})
		h.Advance(29 * time.Minute)
		h.Told(late, map[string]int{"maya2": 0})
		h.Advance(2 * time.Minute)
		h.Told(late, map[string]int{"maya": 0, "maya2": 1, "noor2": 0, "root": 0})
		h.Advance(10 * time.Minute)
		h.Told(late, map[string]int{"maya2": 1, "noor2": 1, "root": 0})
		sees(severe, map[string]int{"noor2": 200, "root": 404})
		h.Advance(10 * time.Minute)
		h.Told(late, map[string]int{"maya2": 1, "noor2": 1, "root": 1, "root2": 1})
		h.Advance(time.Hour)
		h.Told(late, map[string]int{"maya": 0, "maya2": 1, "noor2": 1, "root": 1})
		if got := h.As("root").Flag(severe, 200); !harness.Offers(got, "triage") || got["escalated_at"] == nil {
			t.Errorf("the admin is offered %v", got["actions"])
		}
		h.As("root").MoveFlag(severe, "triage", nil, 200)
		// The other one is still in its four hours, then an hour a step.
		sees(flag, map[string]int{"noor2": 404, "root": 404})
		h.Advance(4*time.Hour - 91*time.Minute + time.Second)
		h.Told(late, map[string]int{"maya2": 2, "noor2": 1, "root": 1})
		h.Advance(time.Hour)
		h.Told(late, map[string]int{"maya2": 2, "noor2": 2, "root": 1})
		if got := h.As("noor2").MoveFlag(flag, "triage", nil, 200); got["status"] != "triaged" {
			t.Errorf("somebody else's triage: %v", got)
		}
		h.Advance(5 * time.Hour) // triaged in time for the admins
		h.Told(late, map[string]int{"root": 1, "maya": 1})
		sees(flag, map[string]int{"root": 404, "noor2": 200})
		// The reporter was told at each step, in words that say nothing on a lock screen.
		bodies := h.InboxBodies("ravi", moved)
		for _, want := range []string{"passed on", "read"} {
			if !slices.ContainsFunc(bodies, func(b string) bool { return strings.Contains(b, want) }) {
				t.Errorf("the reporter was never told that it was %s: %q", want, bodies)
			}
		}
	})
}

// TestTriageSetsTheNextDueTime: review and decision have due times of their
// own; a raised level shortens them and the hold follows, a lowered one leaves
// the hold.
func TestTriageSetsTheNextDueTime(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.overdue", "flag.passed_on", "flag.reviewed", "flag.triage",
			"flag.triaged", "hold.area", "hold.overdue", "hold.released", "queue.morning", "visit.assigned", "visit.cancelled",
			"visit.held_cancelled", "visit.read_plan")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		holds := func(job object) int {
			return len(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any))
		}
		due := func(f object, after time.Duration) {
			t.Helper()
			if got := harness.Instant(t, f["due_at"]).Sub(h.Clock.Now()); got != after {
				t.Errorf("%v is due in %v, want %v", f["status"], got, after)
			}
		}
		_, job := h.Household(desk, nil)
		raise := func(level int) any {
			return ravi.Send("POST", path("/v1/visits/%s/flags", h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")),
				object{"kind": "hazard", "level": level}, 201)["id"]
		}
		flag := raise(1)
		due(maya.Flag(flag, 200), 4*time.Hour)
		if holds(job) != 0 {
			t.Fatal("level 1 placed a hold")
		}
		due(maya.MoveFlag(flag, "triage", object{"level": 3}, 200), 4*time.Hour) // not 24 h
		if holds(job) != 1 {
			t.Error("the raised level placed no hold")
		}
		due(maya.MoveFlag(flag, "review", nil, 200), 24*time.Hour)
		if got := maya.MoveFlag(flag, "decide", object{"outcome": "unclear", "reasons": "nobody knows"}, 200); got["due_at"] != nil {
			t.Errorf("decided, and due %v", got["due_at"])
		}
		if holds(job) != 1 {
			t.Error("the decision lifted the hold")
		}
		h.ReleaseHold(maya, job, "hazard_removed")

		h.Clock.Advance(3 * time.Hour)
		flag = raise(2)
		due(maya.MoveFlag(flag, "triage", object{"level": 1}, 200), 24*time.Hour)
		if holds(job) != 1 {
			t.Error("the lowered level lifted the hold")
		}
		due(maya.MoveFlag(flag, "review", nil, 200), 7*24*time.Hour)
		maya.MoveFlag(flag, "triage", nil, 409)
		h.Advance(7*24*time.Hour + time.Second)
		h.Told(late, map[string]int{"maya": 1, "noor": 1, "root": 0})
		h.Advance(time.Hour + time.Second)
		h.Advance(time.Hour + time.Second)
		h.Told(late, map[string]int{"maya": 1, "noor": 1, "root": 1, "root2": 1})
	})
}

// TestActionsOfAReportAreWhatIsAllowed walks every state, person and move.
func TestActionsOfAReportAreWhatIsAllowed(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.reviewed", "flag.triage", "flag.triaged")
		bodies := map[string]object{"decide": {"outcome": "unclear", "reasons": "as asked"}, "statement": {"text": "x"},
			"cool-off": {"accept": true}}
		towards := [][]string{nil, {"triage"}, {"triage", "review"}, {"triage", "decide"}, {"withdraw"}, {"cool-off"}}
		people := []string{"ravi", "maya", "noor", "asha", "kiran", "meena", "gita", "root", "maya2"}
		n := 0
		fresh := func(steps []string) any {
			n++
			flag := h.As("ravi").Send("POST", "/v1/flags", object{"phone": fmt.Sprintf("+9198000%05d", n), "kind": "threat", "level": 2}, 201)["id"]
			h.Settle()
			for _, step := range steps {
				by := "noor"
				if step == "withdraw" || step == "cool-off" {
					by = "ravi"
				}
				h.As(by).MoveFlag(flag, step, bodies[step], 200)
			}
			return flag
		}
		for _, steps := range towards {
			flag := fresh(steps)
			for _, login := range people {
				p := h.As(login)
				out, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil)
				var got object
				h.Must(json.Unmarshal(out, &got))
				for _, action := range []string{"triage", "review", "decide", "withdraw", "statement", "cool-off"} {
					offered := res.StatusCode == 200 && harness.Offers(got, action)
					on := flag
					if offered {
						on = fresh(steps) // a move that succeeds changes it
					}
					_, did := p.Raw("POST", fmt.Sprintf("/v1/flags/%v/%s", on, action), harness.OrEmpty(bodies[action]))
					again := slices.Contains(steps, action) && action == "cool-off" && login == "ravi" // taken twice is taken
					if offered != (did.StatusCode == 200 && !again) || res.StatusCode == 404 && did.StatusCode != 404 && did.StatusCode != 403 {
						t.Errorf("after %v, %s as %s: offered %v, answered %d", steps, action, login, offered, did.StatusCode)
					}
				}
			}
		}
	})
}

// TestTheManagersOwnReport: abused by phone by a customer of another area, he
// decides nothing of it; where he is the only manager it goes to his deputy,
// else to another manager, who then sees it, decides and releases.
func TestTheManagersOwnReport(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.released", "promise.yours")
		maya, maya2, noor2 := h.As("maya"), h.As("maya2"), h.As("noor2")
		customer, job := h.Household(h.As("kiran2"), object{"contacts": []object{{"name": "Mr Hall", "phones": []string{"+447700900123"}}},
			"sites": []object{{"address": "1 Hall Road", "postal_code": "SE1", "zone": "Europe/London"}}})
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		for i := range 15 {
			maya.Send("POST", "/v1/contacts", object{"phone": number, "outcome": "no_answer", "occurred_at": h.Clock.Now().
				Add(-time.Duration(15-i) * time.Minute)}, 202)
		}
		flag := maya.Send("POST", "/v1/flags", object{"phone": number, "kind": "verbal_abuse", "level": 2,
			"note": "15 missed calls, then shouting"},
			201)["id"]
		h.Settle()
		own := maya.Flag(flag, 200)
		if harness.Offers(own, "triage") || harness.Offers(own, "decide") || !harness.Offers(own, "withdraw") || own["job_id"] != nil ||
			own["area_id"] != nil {
			t.Errorf("the reporter reads %v", own)
		}
		maya.MoveFlag(flag, "triage", nil, 403)
		h.As("noor").Flag(flag, 404) // his area has nothing to do with it
		h.Told("A report needs you", map[string]int{"maya": 0, "noor": 0, "maya2": 1, "noor2": 1, "root": 0})
		// The hold lands on that household, in the other area.
		held := h.As("kiran2").Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)
		if len(held) != 1 || held[0].(object)["kind"] != "safety" ||
			fmt.Sprint(held[0].(object)["alternatives"]) != "[carry_in remote replacement]" ||
			held[0].(object)["owner_id"] == nil {
			t.Fatalf("held: %v", held)
		}
		maya.Send("GET", path("/v1/jobs/%s", job), nil, 404)
		maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"phone_first"}}, 404)
		maya2.MoveFlag(flag, "triage", nil, 200)
		maya.MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "I was there"}, 403)
		noor2.MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "the log shows it"}, 200)
		if got := maya.Flag(flag, 200); got["status"] != "upheld" || got["reasons"] != "the log shows it" {
			t.Errorf("the reporter reads of the decision %v", got)
		}
		h.ReleaseHold(maya2, job, "phone_first")

		// In his own area, as its only manager, without a deputy: another manager.
		disable(h, "noor")
		home, ours := h.Household(h.As("kiran"), nil)
		number = home["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		flag = maya.Send("POST", "/v1/flags", object{"phone": number, "kind": "threat", "level": 2, "note": "canary"}, 201)["id"]
		h.Settle()
		var by, not *harness.Client
		for _, p := range []*harness.Client{maya2, noor2} {
			if _, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); res.StatusCode == 200 {
				by = p
			} else {
				not = p
			}
		}
		if by == nil || not == nil {
			t.Fatal("it is not one other manager's")
		}
		if list := items(by.Send("GET", "/v1/flags", nil, 200)); !slices.ContainsFunc(list, func(o object) bool { return o["id"] == flag }) {
			t.Error("it is not in his list")
		}
		if got := h.As("kiran").Send("GET", path("/v1/jobs/%s", ours), nil, 200)["holds"].([]any); len(got) != 1 ||
			got[0].(object)["owner_id"] != by.ID.String() {
			t.Errorf("the hold's owner: %v", got)
		}
		maya.Send("POST", path("/v1/jobs/%s/safety-release", ours), object{"plan": []string{"phone_first"}}, 403)
		not.Send("POST", path("/v1/jobs/%s/safety-release", ours), object{"plan": []string{"phone_first"}}, 404)
		by.MoveFlag(flag, "triage", nil, 200)
		h.ReleaseHold(by, ours, "phone_first")
		by.Send("GET", path("/v1/jobs/%s", ours), nil, 404) // the report is his, the area is not
		by.MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "heard the recording"}, 200)

		// With a deputy: the deputy.
		nameDeputy(h, "noor2", "maya")
		flag = maya.Send("POST", "/v1/flags", object{"phone": "+919800000003", "kind": "threat", "level": 2}, 201)["id"]
		h.Settle()
		h.As("noor2").MoveFlag(flag, "triage", nil, 200)
		h.As("maya2").Flag(flag, 404)
		h.As("root").Flag(flag, 404)
	})
}

// TestWhoWasThereDecidesNothing: a crew-mate who has become a manager sees and
// decides nothing of what his colleague reported of their visit.
func TestWhoWasThereDecidesNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.triaged", "hold.area", "visit.assigned", "visit.crew_changed", "visit.wait", "visits.given_back")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
		flag := h.As("ravi").Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "hazard", "level": 2}, 201)["id"]
		h.As("meena").Flag(flag, 404)
		root := h.As("root")
		u := root.Send("GET", "/v1/users/"+h.People["meena"].ID.String(), nil, 200)
		area := root.Send("GET", "/v1/users/"+h.People["maya"].ID.String(), nil, 200)["area_id"]
		root.Send("PATCH", "/v1/users/"+h.People["meena"].ID.String(), object{"role": "area_manager", "centre_id": nil, "area_id": area}, 200,
			"If-Match", fmt.Sprintf(`"%v"`, u["version"]))
		h.People["meena"].Token = ""
		meena := h.As("meena")
		meena.Flag(flag, 404)
		meena.MoveFlag(flag, "triage", nil, 404)
		if got := items(meena.Send("GET", "/v1/flags", nil, 200)); len(got) != 0 {
			t.Errorf("she reads %v", got)
		}
		meena.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"daylight"}}, 403)
		h.As("maya").MoveFlag(flag, "triage", nil, 200)
	})
}

// TestWithdrawnUnderPressure: asked in private; yes is told to the manager,
// and the hold stays in any case.
func TestWithdrawnUnderPressure(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.withdrawn", "hold.area", "visit.assigned", "visit.cancelled", "visit.held_cancelled")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		for _, pressure := range []any{true, false, nil} {
			before := h.Pushes("maya", "A report was withdrawn")
			_, job := h.Household(desk, nil)
			flag := ravi.Send("POST", path("/v1/visits/%s/flags", h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")),
				object{"kind": "hazard", "level": 2}, 201)["id"]
			body := object{}
			if pressure != nil {
				body["pressure"] = pressure
			}
			if got := ravi.MoveFlag(flag, "withdraw", body, 200); got["status"] != "withdrawn" || got["due_at"] != nil {
				t.Errorf("withdrawn: %v", got)
			}
			want := before
			if pressure == true {
				want++
			}
			if got := h.Pushes("maya", "A report was withdrawn"); got != want {
				t.Errorf("pressure %v: told %d times, want %d", pressure, got-before, want-before)
			}
			if got := maya.Flag(flag, 200); got["pressure"] != pressure {
				t.Errorf("the manager reads %v, said was %v", got["pressure"], pressure)
			}
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(got) != 1 {
				t.Errorf("the hold went with the withdrawal: %v", got)
			}
			if out, _ := h.As("asha").Raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); strings.Contains(string(out), "pressure") {
				t.Errorf("the proprietor reads %s", out)
			}
			h.Clock.Advance(3 * time.Hour)
		}
	})
}

// TestAnUnreleasedHoldClimbs: owner at its due time, then deputies, then
// admins, each once; released it is silent.
func TestAnUnreleasedHoldClimbs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.overdue",
			"hold.released", "queue.morning")
		nameDeputy(h, "noor2", "maya")
		const overdue = "A hold is overdue"
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		_, other := h.Household(desk, nil)
		for _, j := range []object{job, other} {
			flag := h.As("kiran").Send("POST", "/v1/flags", object{"job_id": j["id"], "kind": "threat", "level": 2}, 201)["id"]
			h.As("maya").MoveFlag(flag, "triage", nil, 200)
			h.As("maya").MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "as asked"}, 200)
		}
		hold := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)[0].(object)
		if harness.Instant(t, hold["due_at"]).Sub(h.Clock.Now()) != 24*time.Hour {
			t.Errorf("due %v", hold["due_at"])
		}
		h.ReleaseHold(h.As("maya"), other, "daylight")
		owner, rest := "maya", "noor"
		if hold["owner_id"] != h.People["maya"].ID.String() {
			owner, rest = rest, owner
		}
		h.Advance(24*time.Hour + time.Second)
		h.Told(overdue, map[string]int{owner: 1, rest: 0, "noor2": 0, "root": 0})
		h.Advance(4 * time.Hour)
		h.Told(overdue, map[string]int{owner: 1, "noor2": 1, "root": 0})
		h.Advance(4 * time.Hour)
		h.Told(overdue, map[string]int{owner: 1, "noor2": 1, "maya2": 1, "root": 0}) // another manager, as of a report
		h.Advance(4 * time.Hour)
		h.Told(overdue, map[string]int{owner: 1, rest: 0, "noor2": 1, "root": 1, "maya2": 1, "asha": 0})
		h.Advance(48 * time.Hour)
		h.Told(overdue, map[string]int{owner: 1, "noor2": 1, "root": 1})
	})
}
