package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestEachReportKeepsApartByItself: a technician's own report about a
// household and the household's about him are two; his consent ends his own,
// in whichever order they came.
func TestEachReportKeepsApartByItself(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.moved", "flag.overdue", "flag.passed_on", "flag.triage", "visit.assigned", "visit.cancelled")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		for n, order := range [][]string{{"his", "theirs"}, {"theirs", "his"}} {
			_, job := h.household(desk, nil)
			start := monday.Add(time.Duration(n*24+1) * time.Hour)
			visit := h.visit(desk, job, start, "ravi")
			h.clock.Set(start)
			ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			ravi.send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
			var own any
			for _, whose := range order {
				if whose == "his" {
					own = ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "verbal_abuse", "level": 1}, 201)["id"]
				} else {
					h.home(desk, job).taps("report", 303, "what", "drunk", "who", ravi.id.String())
				}
			}
			again := h.visit(desk, job, start.Add(50*time.Hour))
			pair := []obj{}
			for _, x := range exclusions(maya) {
				if x := x.(obj); x["customer_id"] == job["customer_id"] {
					pair = append(pair, x)
				}
			}
			if len(pair) != 2 {
				t.Fatalf("%v: %d exclusions", order, len(pair))
			}
			for _, x := range pair {
				if x["flag_id"] == own {
					ravi.send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
					maya.send("POST", path("/v1/exclusions/%s/lift", x), nil, 200)
				} else {
					ravi.send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
				}
			}
			desk.send("POST", path("/v1/visits/%s/assign", again), h.crew("ravi"), 409)
			for _, x := range pair {
				if x["flag_id"] != own {
					maya.send("POST", path("/v1/exclusions/%s/lift", x), obj{"reason": "the household agrees"}, 200)
				}
			}
			desk.send("POST", path("/v1/visits/%s/assign", again), h.crew("ravi"), 200)
			desk.send("POST", path("/v1/visits/%s/cancel", again), obj{"reason": "x"}, 200)
		}
		// Nobody reports himself.
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(30*time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "threat", "level": 3, "subject_id": ravi.id.String()}, 422)
	})
}

// TestWhatWasLostStaysPayable: the visits that somebody lost because he was
// kept from homes, and one that he stopped afterwards, stand in what he is
// paid for, and tell the proprietor nothing.
func TestWhatWasLostStaysPayable(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.triage", "hold.area", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		_, job := h.household(desk, nil)
		met := h.visit(desk, job, monday.Add(time.Hour), "meena")
		h.clock.Set(monday.Add(time.Hour))
		meena.send("POST", path("/v1/visits/%s/arrive", met), nil, 200)
		meena.send("POST", path("/v1/visits/%s/partial", met), nil, 200)
		_, other := h.household(desk, nil)
		lost := h.visit(desk, other, monday.Add(3*time.Hour), "meena")
		_, third := h.household(desk, nil)
		stopped := h.visit(desk, third, monday.Add(5*time.Hour), "meena")
		h.home(desk, job).taps("report", 303, "what", "threatened", "who", meena.id.String())
		desk.send("POST", path("/v1/visits/%s/assign", lost), h.crew("ravi"), 200)
		meena.send("POST", path("/v1/visits/%s/stop", stopped), nil, 200)
		address := fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-03-02", meena.id)
		for _, login := range []string{"meena", "asha", "maya"} {
			found := 0
			for _, r := range items(h.as(login).send("GET", address, nil, 200)) {
				if r["visit_id"] != lost["id"] && r["visit_id"] != stopped["id"] {
					continue
				}
				found++
				why := fmt.Sprint(r["why"])
				if r["payable"] != true || r["counted"] != false || why == "" {
					t.Errorf("%s reads %v", login, r)
				}
				if login == "asha" && r["visit_id"] == lost["id"] && why != "area hold" {
					t.Errorf("the proprietor reads %q", why)
				}
			}
			if found != 2 {
				t.Errorf("%s finds %d of the two", login, found)
			}
		}

		// It ends: she is told, in words that say no more, and the desk is told
		// again of what is still free.
		_, fourth := h.household(desk, nil)
		h.visit(desk, fourth, monday.Add(72*time.Hour))
		_ = maya
		flag := items(maya.send("GET", "/v1/flags", nil, 200))
		for _, f := range flag {
			if f["by_customer"] == true {
				maya.moves(f["id"], "triage", nil, 200)
				maya.moves(f["id"], "decide", obj{"outcome": "unclear", "reasons": "x"}, 200)
			}
		}
		h.told("You can take visits again", map[string]int{"meena": 1, "ravi": 0, "asha": 0})
	})
}

// TestAWithdrawalAtLevel3EndsNoKeepAway: a colleague who takes a grave report
// back may have been asked to; whoever decides ends the keep-away, with
// reasons, and the desk hears which visits are still free.
func TestAWithdrawalAtLevel3EndsNoKeepAway(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.withdrawn", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visit.unassigned")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		_, job := h.household(desk, nil)
		both := h.visit(desk, job, monday.Add(time.Hour), "ravi", "meena")
		_, other := h.household(desk, nil)
		free := h.visit(desk, other, monday.Add(26*time.Hour), "meena")
		flag := ravi.send("POST", path("/v1/visits/%s/flags", both),
			obj{"kind": "threat", "level": 3, "subject_id": h.people["meena"].id.String()}, 201)["id"]
		ravi.moves(flag, "withdraw", nil, 200)
		h.told("A report was withdrawn", map[string]int{"maya": 1})
		desk.send("POST", path("/v1/visits/%s/assign", free), h.crew("meena"), 409)
		kept := queued(maya)["keep_away"]
		if kept == nil {
			t.Fatalf("the queue: %v", queued(maya))
		}
		h.settle()
		before := h.pushes("kiran", "A visit needs somebody")
		maya.posts(kept, 0, obj{"reason": "spoken with both"}, 200)
		h.told("You can take visits again", map[string]int{"meena": 1})
		h.told("A visit needs somebody", map[string]int{"kiran": before + 1})
		desk.send("POST", path("/v1/visits/%s/assign", free), h.crew("meena"), 200)
	})
}

// TestWhoGoesOnAloneIsTold: one of a crew of two is kept away while they are
// on their way; the other is told at once, and under a plan for two waits.
func TestWhoGoesOnAloneIsTold(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena := h.as("kiran"), h.as("meena")
		_, job := h.household(desk, nil)
		both := h.visit(desk, job, monday.Add(time.Hour), "meena", "ravi")
		h.clock.Set(monday.Add(50 * time.Minute))
		meena.send("POST", path("/v1/visits/%s/en-route", both), nil, 200)
		h.settle()
		before := h.pushes("kiran", "A visit needs somebody")
		h.home(desk, job).taps("report", 303, "what", "threatened", "who", meena.id.String())
		h.told("Please call your desk", map[string]int{"ravi": 1, "meena": 0})
		h.told("A visit needs somebody", map[string]int{"kiran": before + 1})
	})
}

// TestAMorningThatWasMissedIsToldLate: nothing ran between eight and nine; the
// digest comes late the same morning, once, and the next day on time.
func TestAMorningThatWasMissedIsToldLate(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "queue.morning")
		ravi := h.as("ravi")
		told := func() (n int) {
			h.settle()
			for _, m := range h.phones.MessagesFor("phone:maya") {
				if strings.Contains(m.Title, "wait for you") {
					n++
				}
			}
			return n
		}
		h.clock.Set(local(1, 21, 0))
		ravi.send("POST", "/v1/flags", obj{"phone": "+919800000001", "kind": "threat", "level": 2}, 201)
		h.advance(20 * time.Minute)
		for _, step := range []struct {
			day, hour, want int
		}{{2, 9, 1}, {2, 11, 1}, {3, 13, 1}, {4, 8, 2}} {
			h.clock.Set(local(step.day, step.hour, 30))
			h.advance(time.Second)
			if got := told(); got != step.want {
				t.Errorf("on the %d. at %d:30 she was told %d times, want %d", step.day, step.hour, got, step.want)
			}
		}
	})
}

// TestReportedOnTheWayMayBeInside: a report from the home to which somebody is
// on his way says itself that he may be there. Whoever decides reads so, also
// after a colleague has the visit, until a crew ends it; his late arrival is
// kept, and the item says that he is there.
func TestReportedOnTheWayMayBeInside(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.live", "flag.triage", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		for n, what := range []string{"drunk", "hurt"} {
			_, job := h.household(desk, nil)
			start := monday.Add(time.Duration(1+3*n) * time.Hour)
			visit := h.visit(desk, job, start, "meena")
			h.clock.Set(start)
			meena.send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
			h.home(desk, job).taps("report", 303, "what", what, "who", meena.id.String())
			item := func() obj {
				for _, x := range items(maya.send("GET", "/v1/queue", nil, 200)) {
					if x["job_id"] == job["id"] && strings.HasPrefix(toString(x["title"]), "Report of level") {
						return x
					}
				}
				t.Fatalf("%s: no item", what)
				return nil
			}
			says := func(words string) obj {
				h.Helper()
				it := item()
				known := fmt.Sprint(it["known"])
				if !strings.Contains(known, words) || !strings.Contains(known, "Meena") {
					t.Errorf("%s, want %q: %s, %v", what, words, known, it["moves"])
				}
				return it
			}
			send := moveOf(says("may be inside"), "Send a colleague")
			maya.send("POST", send["to"].(string), form(send, h.as("ravi")), 200)
			it := item()
			if known := fmt.Sprint(it["known"]); !strings.Contains(known, "may be inside") || !strings.Contains(known, "No colleague of") ||
				moveOf(it, "Send a colleague") != nil {
				t.Errorf("%s, a colleague is sent, and nobody else is there: %s, %v", what, known, it["moves"])
			}
			says("Ravi Surname has that visit now")
			h.settle()
			told := func() int { h.settle(); return h.pushes("maya", live) + h.pushes("maya", "A report needs you") }
			before := told()
			h.as("ravi2").send("POST", path("/v1/visits/%s/arrive", visit), nil, 404)
			came := meena.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			if came["status"] != "scheduled" || fmt.Sprint(came["crew"]) != fmt.Sprint(h.crew("ravi")["crew"]) {
				t.Errorf("her arrival moved the visit: %v %v", came["status"], came["crew"])
			}
			meena.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			if got := told(); got != before+1 {
				t.Errorf("maya was told %d times more", got-before)
			}
			says("is at a home NOW")
			h.as("ravi").send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
			if known := fmt.Sprint(item()["known"]); strings.Contains(known, "NOW") || strings.Contains(known, "inside") {
				t.Errorf("a crew was there, and the queue says %s", known)
			}
		}
	})
}

// TestADeskNamesOnlyWhoWasSent: what a desk writes down for a caller keeps
// nobody from homes who was never sent to that one; the words are kept.
func TestADeskNamesOnlyWhoWasSent(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, maya := h.as("kiran"), h.as("maya")
		_, job := h.household(desk, nil)
		h.visit(desk, job, monday.Add(time.Hour), "meena")
		desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "report", "what": "hurt", "note": "canary-voice",
			"subject_id": h.people["ravi"].id}, 200)
		flag := items(maya.send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != nil || flag["note"] != "canary-voice" || len(items(maya.send("GET", "/v1/keep-aways", nil, 200))) != 0 {
			t.Errorf("the manager reads %v", flag)
		}
		desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "report", "what": "hurt", "subject_id": h.people["meena"].id}, 200)
		if got := items(maya.send("GET", "/v1/keep-aways", nil, 200)); len(got) != 1 {
			t.Errorf("who was sent: %v", got)
		}
	})
}

// TestTakenBackAtLevel3AndThenLowered: triage lowers the level, and the
// household's second tap ends the report; a stranger's link undoes only what
// came by it.
func TestTakenBackAtLevel3AndThenLowered(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.withdrawn", "link.wrong_person", "visit.assigned", "visits.again")
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "meena")
		h.clock.Set(monday.Add(time.Hour))
		meena.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		meena.send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
		home := h.home(desk, job)
		home.taps("report", 303, "what", "threatened", "who", meena.id.String())
		id := items(maya.send("GET", "/v1/flags", nil, 200))[0]["id"]
		home.taps("withdraw-report", 303)
		maya.moves(id, "triage", obj{"level": 2}, 200)
		home.taps("withdraw-report", 303)
		if got := maya.flag(id, 200); got["status"] != "withdrawn" {
			t.Errorf("taken back again: %v", got["status"])
		}

		_, job = h.household(desk, nil)
		home = h.home(desk, job)
		home.taps("report", 303, "what", "threatened")
		id = items(maya.send("GET", "/v1/flags", nil, 200))[0]["id"]
		h.clock.Advance(time.Minute)
		desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "withdraw-report", "note": "she rang"}, 200)
		h.clock.Advance(time.Minute)
		home.taps("wrong-person", 200)
		if got := maya.flag(id, 200); got["withdrawn_at"] == nil || got["withdrawn_words"] != "she rang" {
			t.Errorf("what a desk wrote down is undone: %v", got)
		}
	})
}

// TestAPlanContradictsNothing: each word once, nothing beside no_visit, no
// rule for a visit beside remote_only; under it the page offers no other time.
func TestAPlanContradictsNothing(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released")
		desk, maya := h.as("kiran"), h.as("maya")
		_, job := h.household(desk, nil)
		desk.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
		for _, plan := range [][]string{{"daylight", "daylight"}, {"no_visit", "two_people"}, {"daylight", "no_visit"},
			{"remote_only", "carry_in"}} {
			maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": plan, "reason": "x"}, 422)
		}
		home := h.home(desk, job)
		if !strings.Contains(home.page(), "/another-time") {
			t.Error("before, the page offers no other time")
		}
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"no_visit"}, "reason": "x"}, 200)
		if strings.Contains(home.page(), "/another-time") {
			t.Error("nobody is sent, and the page offers another time")
		}
	})
}

// TestHeadsNeedNoTokenSecret: what signs access tokens is not asked for.
func TestHeadsNeedNoTokenSecret(t *testing.T) {
	code, _, errs := command("heads", "--data", t.TempDir())
	if code == 0 || strings.Contains(errs, "JWT") || !strings.Contains(errs, "DOORSTEP_LINK_SECRET") {
		t.Errorf("%d %s", code, errs)
	}
}

// TestLongSickLeaveIsAsked: nobody tells himself sick for months.
func TestLongSickLeaveIsAsked(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("leave.asked")
		ravi := h.as("ravi")
		leave := func(kind string, days, want int) {
			ravi.send("POST", fmt.Sprintf("/v1/technicians/%s/leave", ravi.id), obj{"starts_at": monday, "ends_at": monday.AddDate(0, 0, days),
				"kind": kind}, want)
		}
		leave("sick", 61, 422)
		leave("sick", 60, 201)
		ravi = h.as("meena")
		leave("annual", 61, 201)
	})
}
