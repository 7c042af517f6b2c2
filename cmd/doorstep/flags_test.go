package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// keptAway lets a household report a technician at level 3 and gives the
// keep-away that came of it.
func (h *harness) keptAway(login string) obj {
	h.Helper()
	_, job := h.household(h.as("kiran"), nil)
	visit := h.visit(h.as("kiran"), job, h.clock.Now().Add(90*24*time.Hour), login)
	h.as(login).send("POST", path("/v1/visits/%s/en-route", visit), nil, 200) // they are about to meet
	h.home(h.as("kiran"), job).taps("report", 303, "what", "threatened", "who", h.people[login].id.String(), "note", "canary-narrative")
	list := items(h.as("maya").send("GET", "/v1/keep-aways", nil, 200))
	if len(list) == 0 {
		h.Fatal("nobody is kept away")
	}
	return list[len(list)-1]
}

// says lists what the inbox of a person holds of a title, newest first.
func (h *harness) says(login, title string) (bodies []string) {
	h.Helper()
	h.settle()
	for _, n := range items(h.as(login).send("GET", "/v1/inbox", nil, 200)) {
		if n["title"] == title {
			bodies = append(bodies, n["body"].(string))
		}
	}
	return bodies
}

func (p *person) flag(id any, want int) obj {
	p.h.Helper()
	return p.send("GET", fmt.Sprintf("/v1/flags/%v", id), nil, want)
}

func (p *person) moves(id any, action string, body obj, want int) obj {
	p.h.Helper()
	return p.send("POST", fmt.Sprintf("/v1/flags/%v/%s", id, action), orEmpty(body), want)
}

// deputy lets a manager name another one.
func (h *harness) deputy(login, of string) {
	h.Helper()
	p := h.as(of)
	me := p.send("GET", "/v1/users/"+p.id.String(), nil, 200)
	p.send("PATCH", "/v1/users/"+p.id.String(), obj{"deputy_id": h.people[login].id}, 200, "If-Match", fmt.Sprintf(`"%v"`, me["version"]))
}

// leaves disables somebody.
func (h *harness) leaves(login string) {
	h.Helper()
	p := h.people[login]
	root := h.as("root")
	u := root.send("GET", "/v1/users/"+p.id.String(), nil, 200)
	root.send("PATCH", "/v1/users/"+p.id.String(), obj{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%v"`, u["version"]))
}

func instant(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const (
	late  = "A report is overdue"
	live  = "Urgent: open the queue now" // of a report of what happens now
	moved = "Your report has moved on"
)

// TestALateReportIsPassedOnStepByStep: managers, deputy, one other manager,
// admins; each is told once, sees it from then on, and may decide.
func TestALateReportIsPassedOnStepByStep(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.overdue", "flag.passed_on", "flag.triaged", "queue.morning")
		h.deputy("maya2", "maya")
		ravi := h.as("ravi")
		flag := ravi.send("POST", "/v1/flags", obj{"phone": "+919800000001", "kind": "verbal_abuse", "level": 2, "note": "canary"}, 201)["id"]
		severe := ravi.send("POST", "/v1/flags", obj{"phone": "+919800000002", "kind": "threat", "level": 3}, 201)["id"]
		for _, title := range []string{"A report needs you", live} {
			h.told(title, map[string]int{"maya": 1, "noor": 1, "maya2": 0, "noor2": 0, "root": 0, "asha": 0, "kiran": 0})
		}
		sees := func(id any, want map[string]int) {
			t.Helper()
			for login, status := range want {
				h.as(login).flag(id, status)
			}
		}
		// The severe one: 30 min, then ten minutes a step.
		sees(severe, map[string]int{"maya": 200, "noor": 200, "maya2": 200, "noor2": 404, "root": 404})
		h.advance(29 * time.Minute)
		h.told(late, map[string]int{"maya2": 0})
		h.advance(2 * time.Minute)
		h.told(late, map[string]int{"maya": 0, "maya2": 1, "noor2": 0, "root": 0})
		h.advance(10 * time.Minute)
		h.told(late, map[string]int{"maya2": 1, "noor2": 1, "root": 0})
		sees(severe, map[string]int{"noor2": 200, "root": 404})
		h.advance(10 * time.Minute)
		h.told(late, map[string]int{"maya2": 1, "noor2": 1, "root": 1, "root2": 1})
		h.advance(time.Hour)
		h.told(late, map[string]int{"maya": 0, "maya2": 1, "noor2": 1, "root": 1})
		if got := h.as("root").flag(severe, 200); !offers(got, "triage") || got["escalated_at"] == nil {
			t.Errorf("the admin is offered %v", got["actions"])
		}
		h.as("root").moves(severe, "triage", nil, 200)
		// The other one is still in its four hours, then an hour a step.
		sees(flag, map[string]int{"noor2": 404, "root": 404})
		h.advance(4*time.Hour - 91*time.Minute + time.Second)
		h.told(late, map[string]int{"maya2": 2, "noor2": 1, "root": 1})
		h.advance(time.Hour)
		h.told(late, map[string]int{"maya2": 2, "noor2": 2, "root": 1})
		if got := h.as("noor2").moves(flag, "triage", nil, 200); got["status"] != "triaged" {
			t.Errorf("somebody else's triage: %v", got)
		}
		h.advance(5 * time.Hour) // triaged in time for the admins
		h.told(late, map[string]int{"root": 1, "maya": 1})
		sees(flag, map[string]int{"root": 404, "noor2": 200})
		// The reporter was told at each step, in words that say nothing on a lock screen.
		bodies := h.says("ravi", moved)
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
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.overdue", "flag.passed_on", "flag.reviewed", "flag.triage",
			"flag.triaged", "hold.area", "hold.overdue", "hold.released", "queue.morning", "visit.assigned", "visit.cancelled",
			"visit.held_cancelled", "visit.read_plan")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		holds := func(job obj) int {
			return len(desk.send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any))
		}
		due := func(f obj, after time.Duration) {
			t.Helper()
			if got := instant(t, f["due_at"]).Sub(h.clock.Now()); got != after {
				t.Errorf("%v is due in %v, want %v", f["status"], got, after)
			}
		}
		_, job := h.household(desk, nil)
		raise := func(level int) any {
			return ravi.send("POST", path("/v1/visits/%s/flags", h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")),
				obj{"kind": "hazard", "level": level}, 201)["id"]
		}
		flag := raise(1)
		due(maya.flag(flag, 200), 4*time.Hour)
		if holds(job) != 0 {
			t.Fatal("level 1 placed a hold")
		}
		due(maya.moves(flag, "triage", obj{"level": 3}, 200), 4*time.Hour) // not 24 h
		if holds(job) != 1 {
			t.Error("the raised level placed no hold")
		}
		due(maya.moves(flag, "review", nil, 200), 24*time.Hour)
		if got := maya.moves(flag, "decide", obj{"outcome": "unclear", "reasons": "nobody knows"}, 200); got["due_at"] != nil {
			t.Errorf("decided, and due %v", got["due_at"])
		}
		if holds(job) != 1 {
			t.Error("the decision lifted the hold")
		}
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"hazard_removed"}, "confirmed_by": "the caretaker"}, 200)

		h.clock.Advance(3 * time.Hour)
		flag = raise(2)
		due(maya.moves(flag, "triage", obj{"level": 1}, 200), 24*time.Hour)
		if holds(job) != 1 {
			t.Error("the lowered level lifted the hold")
		}
		due(maya.moves(flag, "review", nil, 200), 7*24*time.Hour)
		maya.moves(flag, "triage", nil, 409)
		h.advance(7*24*time.Hour + time.Second)
		h.told(late, map[string]int{"maya": 1, "noor": 1, "root": 0})
		h.advance(time.Hour + time.Second)
		h.advance(time.Hour + time.Second)
		h.told(late, map[string]int{"maya": 1, "noor": 1, "root": 1, "root2": 1})
	})
}

// TestActionsOfAReportAreWhatIsAllowed walks every state, person and move.
func TestActionsOfAReportAreWhatIsAllowed(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.decided", "flag.reviewed", "flag.triage", "flag.triaged")
		bodies := map[string]obj{"decide": {"outcome": "unclear", "reasons": "x"}, "statement": {"text": "x"}, "cool-off": {"accept": true}}
		towards := [][]string{nil, {"triage"}, {"triage", "review"}, {"triage", "decide"}, {"withdraw"}, {"cool-off"}}
		people := []string{"ravi", "maya", "noor", "asha", "kiran", "meena", "gita", "root", "maya2"}
		n := 0
		fresh := func(steps []string) any {
			n++
			flag := h.as("ravi").send("POST", "/v1/flags", obj{"phone": fmt.Sprintf("+9198000%05d", n), "kind": "threat", "level": 2}, 201)["id"]
			for _, step := range steps {
				by := "noor"
				if step == "withdraw" || step == "cool-off" {
					by = "ravi"
				}
				h.as(by).moves(flag, step, bodies[step], 200)
			}
			return flag
		}
		for _, steps := range towards {
			flag := fresh(steps)
			for _, login := range people {
				p := h.as(login)
				out, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil)
				var got obj
				h.must(json.Unmarshal(out, &got))
				for _, action := range []string{"triage", "review", "decide", "withdraw", "statement", "cool-off"} {
					offered := res.StatusCode == 200 && offers(got, action)
					on := flag
					if offered {
						on = fresh(steps) // a move that succeeds changes it
					}
					_, did := p.raw("POST", fmt.Sprintf("/v1/flags/%v/%s", on, action), orEmpty(bodies[action]))
					again := slices.Contains(steps, action) && action == "cool-off" && login == "ravi" // taken twice is taken
					if offered != (did.StatusCode == 200 && !again) || res.StatusCode == 404 && did.StatusCode != 404 && did.StatusCode != 403 {
						t.Errorf("after %v, %s as %s: offered %v, answered %d", steps, action, login, offered, did.StatusCode)
					}
				}
			}
		}
	})
}

func orEmpty(o obj) obj {
	if o == nil {
		return obj{}
	}
	return o
}

// TestTheManagersOwnReport: abused by phone by a customer of another area, he
// decides nothing of it; where he is the only manager it goes to his deputy,
// else to another manager, who then sees it, decides and releases.
func TestTheManagersOwnReport(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.released", "promise.again", "promise.yours")
		maya, maya2, noor2 := h.as("maya"), h.as("maya2"), h.as("noor2")
		customer, job := h.household(h.as("kiran2"), obj{"contacts": []obj{{"name": "Mr Hall", "phones": []string{"+447700900123"}}},
			"sites": []obj{{"address": "1 Hall Road", "postal_code": "SE1", "zone": "Europe/London"}}})
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		for i := range 15 {
			maya.send("POST", "/v1/contacts", obj{"phone": number, "outcome": "no_answer", "occurred_at": h.clock.Now().
				Add(-time.Duration(15-i) * time.Minute)}, 202)
		}
		flag := maya.send("POST", "/v1/flags", obj{"phone": number, "kind": "verbal_abuse", "level": 2, "note": "15 missed calls, then shouting"},
			201)["id"]
		own := maya.flag(flag, 200)
		if offers(own, "triage") || offers(own, "decide") || !offers(own, "withdraw") || own["job_id"] != nil || own["area_id"] != nil {
			t.Errorf("the reporter reads %v", own)
		}
		maya.moves(flag, "triage", nil, 403)
		h.as("noor").flag(flag, 404) // his area has nothing to do with it
		h.told("A report needs you", map[string]int{"maya": 0, "noor": 0, "maya2": 1, "noor2": 1, "root": 0})
		// The hold lands on that household, in the other area.
		held := h.as("kiran2").send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)
		if len(held) != 1 || held[0].(obj)["kind"] != "safety" || fmt.Sprint(held[0].(obj)["alternatives"]) != "[carry_in remote replacement]" ||
			held[0].(obj)["owner_id"] == nil {
			t.Fatalf("held: %v", held)
		}
		maya.send("GET", path("/v1/jobs/%s", job), nil, 404)
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"phone_first"}}, 404)
		maya2.moves(flag, "triage", nil, 200)
		maya.moves(flag, "decide", obj{"outcome": "upheld", "reasons": "I was there"}, 403)
		noor2.moves(flag, "decide", obj{"outcome": "upheld", "reasons": "the log shows it"}, 200)
		if got := maya.flag(flag, 200); got["status"] != "upheld" || got["reasons"] != "the log shows it" {
			t.Errorf("the reporter reads of the decision %v", got)
		}
		maya2.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"phone_first"}}, 200)

		// In his own area, as its only manager, without a deputy: another manager.
		h.leaves("noor")
		home, ours := h.household(h.as("kiran"), nil)
		number = home["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		flag = maya.send("POST", "/v1/flags", obj{"phone": number, "kind": "threat", "level": 2, "note": "canary"}, 201)["id"]
		var by, not *person
		for _, p := range []*person{maya2, noor2} {
			if _, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); res.StatusCode == 200 {
				by = p
			} else {
				not = p
			}
		}
		if by == nil || not == nil {
			t.Fatal("it is not one other manager's")
		}
		if list := items(by.send("GET", "/v1/flags", nil, 200)); !slices.ContainsFunc(list, func(o obj) bool { return o["id"] == flag }) {
			t.Error("it is not in his list")
		}
		if got := h.as("kiran").send("GET", path("/v1/jobs/%s", ours), nil, 200)["holds"].([]any); len(got) != 1 ||
			got[0].(obj)["owner_id"] != by.id.String() {
			t.Errorf("the hold's owner: %v", got)
		}
		maya.send("POST", path("/v1/jobs/%s/safety-release", ours), obj{"plan": []string{"phone_first"}}, 403)
		not.send("POST", path("/v1/jobs/%s/safety-release", ours), obj{"plan": []string{"phone_first"}}, 404)
		by.moves(flag, "triage", nil, 200)
		by.send("POST", path("/v1/jobs/%s/safety-release", ours), obj{"plan": []string{"phone_first"}}, 200)
		by.send("GET", path("/v1/jobs/%s", ours), nil, 404) // the report is his, the area is not
		by.moves(flag, "decide", obj{"outcome": "upheld", "reasons": "heard the recording"}, 200)

		// With a deputy: the deputy.
		h.deputy("noor2", "maya")
		flag = maya.send("POST", "/v1/flags", obj{"phone": "+919800000003", "kind": "threat", "level": 2}, 201)["id"]
		h.as("noor2").moves(flag, "triage", nil, 200)
		h.as("maya2").flag(flag, 404)
		h.as("root").flag(flag, 404)
	})
}

// TestWhoWasThereDecidesNothing: a crew-mate who has become a manager sees and
// decides nothing of what his colleague reported of their visit.
func TestWhoWasThereDecidesNothing(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "flag.triaged", "hold.area", "visit.assigned", "visit.wait")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi", "meena")
		flag := h.as("ravi").send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "hazard", "level": 2}, 201)["id"]
		h.as("meena").flag(flag, 404)
		root := h.as("root")
		u := root.send("GET", "/v1/users/"+h.people["meena"].id.String(), nil, 200)
		area := root.send("GET", "/v1/users/"+h.people["maya"].id.String(), nil, 200)["area_id"]
		root.send("PATCH", "/v1/users/"+h.people["meena"].id.String(), obj{"role": "area_manager", "centre_id": nil, "area_id": area}, 200,
			"If-Match", fmt.Sprintf(`"%v"`, u["version"]))
		h.people["meena"].token = ""
		meena := h.as("meena")
		meena.flag(flag, 404)
		meena.moves(flag, "triage", nil, 404)
		if got := items(meena.send("GET", "/v1/flags", nil, 200)); len(got) != 0 {
			t.Errorf("she reads %v", got)
		}
		meena.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"daylight"}}, 403)
		h.as("maya").moves(flag, "triage", nil, 200)
	})
}

// TestWithdrawnUnderPressure: asked in private; yes is told to the manager,
// and the hold stays in any case.
func TestWithdrawnUnderPressure(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "flag.withdrawn", "hold.area", "visit.assigned", "visit.cancelled", "visit.held_cancelled")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		for _, pressure := range []any{true, false, nil} {
			before := h.pushes("maya", "A report was withdrawn")
			_, job := h.household(desk, nil)
			flag := ravi.send("POST", path("/v1/visits/%s/flags", h.visit(desk, job, h.clock.Now().Add(time.Hour), "ravi")),
				obj{"kind": "hazard", "level": 2}, 201)["id"]
			body := obj{}
			if pressure != nil {
				body["pressure"] = pressure
			}
			if got := ravi.moves(flag, "withdraw", body, 200); got["status"] != "withdrawn" || got["due_at"] != nil {
				t.Errorf("withdrawn: %v", got)
			}
			want := before
			if pressure == true {
				want++
			}
			if got := h.pushes("maya", "A report was withdrawn"); got != want {
				t.Errorf("pressure %v: told %d times, want %d", pressure, got-before, want-before)
			}
			if got := maya.flag(flag, 200); got["pressure"] != pressure {
				t.Errorf("the manager reads %v, said was %v", got["pressure"], pressure)
			}
			if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(got) != 1 {
				t.Errorf("the hold went with the withdrawal: %v", got)
			}
			if out, _ := h.as("asha").raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); strings.Contains(string(out), "pressure") {
				t.Errorf("the proprietor reads %s", out)
			}
			h.clock.Advance(3 * time.Hour)
		}
	})
}

// TestAnUnreleasedHoldClimbs: owner at its due time, then deputies, then
// admins, each once; released it is silent.
func TestAnUnreleasedHoldClimbs(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.overdue",
			"hold.released", "queue.morning")
		h.deputy("noor2", "maya")
		const overdue = "A hold is overdue"
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		_, other := h.household(desk, nil)
		for _, j := range []obj{job, other} {
			flag := h.as("kiran").send("POST", "/v1/flags", obj{"job_id": j["id"], "kind": "threat", "level": 2}, 201)["id"]
			h.as("maya").moves(flag, "triage", nil, 200)
			h.as("maya").moves(flag, "decide", obj{"outcome": "upheld", "reasons": "x"}, 200)
		}
		hold := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any)[0].(obj)
		if instant(t, hold["due_at"]).Sub(h.clock.Now()) != 24*time.Hour {
			t.Errorf("due %v", hold["due_at"])
		}
		h.as("maya").send("POST", path("/v1/jobs/%s/safety-release", other), obj{"plan": []string{"daylight"}}, 200)
		owner, rest := "maya", "noor"
		if hold["owner_id"] != h.people["maya"].id.String() {
			owner, rest = rest, owner
		}
		h.advance(24*time.Hour + time.Second)
		h.told(overdue, map[string]int{owner: 1, rest: 0, "noor2": 0, "root": 0})
		h.advance(4 * time.Hour)
		h.told(overdue, map[string]int{owner: 1, "noor2": 1, "root": 0})
		h.advance(4 * time.Hour)
		h.told(overdue, map[string]int{owner: 1, rest: 0, "noor2": 1, "root": 1, "maya2": 0, "asha": 0})
		h.advance(48 * time.Hour)
		h.told(overdue, map[string]int{owner: 1, "noor2": 1, "root": 1})
	})
}
