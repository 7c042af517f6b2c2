package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestEachReportKeepsApartByItself: a technician's own report about a
// household and the household's about him are two; his consent ends his own,
// in whichever order they came.
func TestEachReportKeepsApartByItself(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.moved", "flag.overdue", "flag.triage", "visit.assigned", "visit.cancelled")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		for n, order := range [][]string{{"his", "theirs"}, {"theirs", "his"}} {
			_, job := h.Household(desk, nil)
			start := harness.Monday.Add(time.Duration(n*24+1) * time.Hour)
			visit := h.Visit(desk, job, start, "ravi")
			h.Clock.Set(start)
			ravi.Arrive(visit)
			ravi.Send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
			var own any
			for _, whose := range order {
				if whose == "his" {
					own = ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "verbal_abuse", "level": 1}, 201)["id"]
					h.Decide("maya", own, "upheld")
				} else {
					h.CustomerPage(job).Submit("report", 303, "what", "drunk", "who", ravi.ID.String())
				}
			}
			again := h.Visit(desk, job, start.Add(50*time.Hour))
			pair := []object{}
			for _, x := range exclusions(maya) {
				if x := x.(object); x["customer_id"] == job["customer_id"] {
					pair = append(pair, x)
				}
			}
			if len(pair) != 2 {
				t.Fatalf("%v: %d exclusions", order, len(pair))
			}
			for _, x := range pair {
				if x["flag_id"] == own {
					ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
					maya.Send("POST", path("/v1/exclusions/%s/lift", x), nil, 200)
				} else {
					ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
				}
			}
			desk.Send("POST", path("/v1/visits/%s/assign", again), h.Crew("ravi"), 409)
			for _, x := range pair {
				if x["flag_id"] != own {
					maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": "the household agrees"}, 200)
				}
			}
			desk.Send("POST", path("/v1/visits/%s/assign", again), h.Crew("ravi"), 200)
			desk.CancelVisit(again, bodies.CancelVisit{Reason: "as asked"})
		}
		// Nobody reports himself.
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "threat", "level": 3, "subject_id": ravi.ID.String()}, 422)
	})
}

// TestWhatWasLostStaysPayable: the visits that somebody lost because he was
// kept from homes, and one that he stopped afterwards, stand in what he is
// paid for, and tell the proprietor nothing.
func TestWhatWasLostStaysPayable(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		_, job := h.Household(desk, nil)
		met := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		h.Clock.Set(harness.Monday.Add(time.Hour))
		meena.Arrive(met)
		meena.Send("POST", path("/v1/visits/%s/partial", met), nil, 200)
		_, other := h.Household(desk, nil)
		lost := h.Visit(desk, other, harness.Monday.Add(3*time.Hour), "meena")
		_, third := h.Household(desk, nil)
		stopped := h.Visit(desk, third, harness.Monday.Add(5*time.Hour), "meena")
		h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		desk.Send("POST", path("/v1/visits/%s/assign", lost), h.Crew("ravi"), 200)
		meena.StopVisit(stopped)
		address := fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-03-02", meena.ID)
		for _, login := range []string{"meena", "asha", "maya"} {
			found := 0
			for _, r := range items(h.As(login).Send("GET", address, nil, 200)) {
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
		_, fourth := h.Household(desk, nil)
		h.Visit(desk, fourth, harness.Monday.Add(72*time.Hour))
		_ = maya
		flag := items(maya.Send("GET", "/v1/flags", nil, 200))
		for _, f := range flag {
			if f["by_customer"] == true {
				maya.MoveFlag(f["id"], "triage", nil, 200)
				maya.MoveFlag(f["id"], "decide", object{"outcome": "unclear", "reasons": "as asked"}, 200)
			}
		}
		h.Told("You can take visits again", map[string]int{"meena": 1, "ravi": 0, "asha": 0})
	})
}

// TestAWithdrawalAtLevel3EndsNoKeepAway: a colleague who takes a grave report
// back may have been asked to; whoever decides ends the keep-away, with
// reasons, and the desk hears which visits are still free.
func TestAWithdrawalAtLevel3EndsNoKeepAway(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.withdrawn", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visit.unassigned")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		both := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
		_, other := h.Household(desk, nil)
		free := h.Visit(desk, other, harness.Monday.Add(26*time.Hour), "meena")
		flag := ravi.Send("POST", path("/v1/visits/%s/flags", both),
			object{"kind": "threat", "level": 3, "subject_id": h.People["meena"].ID.String()}, 201)["id"]
		ravi.MoveFlag(flag, "withdraw", nil, 200)
		h.Told("A report was withdrawn", map[string]int{"maya": 1})
		desk.Send("POST", path("/v1/visits/%s/assign", free), h.Crew("meena"), 409)
		kept := harness.Queue(maya)["keep_away"]
		if kept == nil {
			t.Fatalf("the queue: %v", harness.Queue(maya))
		}
		h.Settle()
		before := h.Pushes("kiran", "A visit needs somebody")
		maya.MoveQueued(kept, 0, object{"reason": "spoken with both"}, 200)
		h.Told("You can take visits again", map[string]int{"meena": 1})
		h.Told("A visit needs somebody", map[string]int{"kiran": before + 1})
		desk.Send("POST", path("/v1/visits/%s/assign", free), h.Crew("meena"), 200)
	})
}

// TestWhoGoesOnAloneIsTold: one of a crew of two is kept away while they are
// on their way; the other is told at once, and under a plan for two waits.
func TestWhoGoesOnAloneIsTold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena := h.As("kiran"), h.As("meena")
		_, job := h.Household(desk, nil)
		both := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena", "ravi")
		h.Clock.Set(harness.Monday.Add(50 * time.Minute))
		meena.EnRoute(both)
		h.Settle()
		before := h.Pushes("kiran", "A visit needs somebody")
		h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		h.Told("Please call your desk", map[string]int{"ravi": 1, "meena": 0})
		h.Told("A visit needs somebody", map[string]int{"kiran": before + 1})
	})
}

// TestAMorningThatWasMissedIsToldLate: nothing ran between eight and nine; the
// digest comes late the same morning, once, and the next day on time.
func TestAMorningThatWasMissedIsToldLate(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.overdue", "flag.passed_on", "flag.triage", "queue.morning")
		ravi := h.As("ravi")
		told := func() (n int) {
			h.Settle()
			for _, m := range h.Phones.MessagesFor("phone:maya") {
				if strings.Contains(m.Title, "wait for you") {
					n++
				}
			}
			return n
		}
		h.Clock.Set(harness.Kolkata(1, 21, 0))
		ravi.CreateFlag(bodies.FlagCreate{Phone: "+919800000001", Kind: "threat", Level: 2})
		h.Advance(20 * time.Minute)
		for _, step := range []struct {
			day, hour, want int
		}{{2, 9, 1}, {2, 11, 1}, {3, 13, 1}, {4, 8, 2}} {
			h.Clock.Set(harness.Kolkata(step.day, step.hour, 30))
			h.Advance(time.Second)
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
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "flag.triage", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		for n, what := range []string{"drunk", "hurt"} {
			_, job := h.Household(desk, nil)
			start := harness.Monday.Add(time.Duration(1+3*n) * time.Hour)
			visit := h.Visit(desk, job, start, "meena")
			h.Clock.Set(start)
			meena.EnRoute(visit)
			h.CustomerPage(job).Submit("report", 303, "what", what, "who", meena.ID.String())
			item := func() object {
				for _, x := range items(maya.Send("GET", "/v1/queue", nil, 200)) {
					if x["job_id"] == job["id"] && strings.HasPrefix(harness.String(x["title"]), "Report of level") {
						return x
					}
				}
				t.Fatalf("%s: no item", what)
				return nil
			}
			says := func(words string) object {
				h.Helper()
				it := item()
				known := fmt.Sprint(it["known"])
				if !strings.Contains(known, words) || !strings.Contains(known, "Meena") {
					t.Errorf("%s, want %q: %s, %v", what, words, known, it["moves"])
				}
				return it
			}
			send := moveOf(says("may be inside"), "Send a colleague")
			maya.Send("POST", send["to"].(string), form(send, h.As("ravi")), 200)
			it := item()
			if known := fmt.Sprint(it["known"]); !strings.Contains(known, "may be inside") || !strings.Contains(known, "No colleague of") ||
				moveOf(it, "Send a colleague") != nil {
				t.Errorf("%s, a colleague is sent, and nobody else is there: %s, %v", what, known, it["moves"])
			}
			says("Ravi Surname has that visit now")
			h.Settle()
			told := func() int {
				h.Settle()
				return h.Pushes("maya", harness.TitleLiveReport) + h.Pushes("maya", "A report needs you")
			}
			before := told()
			h.As("ravi2").Send("POST", path("/v1/visits/%s/arrive", visit), nil, 404)
			came := meena.Send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			now := h.As("kiran").Send("GET", path("/v1/visits/%s", visit), nil, 200)
			if came["status"] != "scheduled" || now["status"] != "scheduled" || fmt.Sprint(now["crew"]) != fmt.Sprint(h.Crew("ravi")["crew"]) {
				t.Errorf("her arrival moved the visit: %v %v", now["status"], now["crew"])
			}
			meena.Arrive(visit)
			if got := told(); got != before+1 {
				t.Errorf("maya was told %d times more", got-before)
			}
			says("is at a home NOW")
			h.As("ravi").CompleteVisit(visit)
			if known := fmt.Sprint(item()["known"]); strings.Contains(known, "NOW") || strings.Contains(known, "inside") {
				t.Errorf("a crew was there, and the queue says %s", known)
			}
		}
	})
}

// TestADeskNamesOnlyWhoWasSent: what a desk writes down for a caller keeps
// nobody from homes who was never sent to that one; the words are kept.
func TestADeskNamesOnlyWhoWasSent(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "hurt", "note": "canary-voice",
			"subject_id": h.People["ravi"].ID}, 200)
		flag := items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != nil || flag["note"] != "canary-voice" || len(items(maya.Send("GET", "/v1/keep-aways", nil, 200))) != 0 {
			t.Errorf("the manager reads %v", flag)
		}
		h.WorkUntil("meena", visit, "complete", nil)
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "hurt", "subject_id": h.People["meena"].ID}, 200)
		if got := items(maya.Send("GET", "/v1/keep-aways", nil, 200)); len(got) != 1 {
			t.Errorf("who was sent: %v", got)
		}
	})
}

// TestTakenBackAtLevel3AndThenLowered: triage lowers the level, and the
// household's second tap ends the report; a stranger's link undoes only what
// came by it.
func TestTakenBackAtLevel3AndThenLowered(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.withdrawn", "link.wrong_person", "visit.assigned", "visits.again")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		h.Clock.Set(harness.Monday.Add(time.Hour))
		meena.Arrive(visit)
		meena.Send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
		home := h.CustomerPage(job)
		home.Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		id := items(maya.Send("GET", "/v1/flags", nil, 200))[0]["id"]
		home.Submit("withdraw-report", 303)
		maya.MoveFlag(id, "triage", object{"level": 2}, 200)
		home.Submit("withdraw-report", 303)
		if got := maya.Flag(id, 200); got["status"] != "withdrawn" {
			t.Errorf("taken back again: %v", got["status"])
		}

		_, job = h.Household(desk, nil)
		home = h.CustomerPage(job)
		home.Submit("report", 303, "what", "threatened")
		id = items(maya.Send("GET", "/v1/flags", nil, 200))[0]["id"]
		h.Clock.Advance(time.Minute)
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "withdraw-report", "note": "she rang"}, 200)
		h.Clock.Advance(time.Minute)
		home.Submit("wrong-person", 200)
		if got := maya.Flag(id, 200); got["withdrawn_at"] == nil || got["withdrawn_words"] != "she rang" {
			t.Errorf("what a desk wrote down is undone: %v", got)
		}
	})
}

// TestAPlanContradictsNothing: each word once, nothing beside no_visit, no
// rule for a visit beside remote_only; under it the page offers no other time.
func TestAPlanContradictsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2})
		h.ReadyToRelease(maya, job)
		for _, plan := range [][]string{{"daylight", "daylight"}, {"no_visit", "two_people"}, {"daylight", "no_visit"},
			{"remote_only", "carry_in"}} {
			maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": plan, "reason": "as asked"}, 422)
		}
		home := h.CustomerPage(job)
		if !strings.Contains(home.Read(), "/another-time") {
			t.Error("before, the page offers no other time")
		}
		h.ReleaseHold(maya, job, "no_visit")
		if strings.Contains(home.Read(), "/another-time") {
			t.Error("nobody is sent, and the page offers another time")
		}
	})
}

// TestLongSickLeaveIsAsked: nobody tells himself sick for months.
func TestLongSickLeaveIsAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("leave.asked")
		ravi := h.As("ravi")
		leave := func(kind string, days, want int) {
			ravi.Send("POST", fmt.Sprintf("/v1/technicians/%s/leave", ravi.ID),
				object{"starts_at": harness.Monday, "ends_at": harness.Monday.AddDate(0, 0, days),
					"kind": kind}, want)
		}
		leave("sick", 61, 422)
		leave("sick", 60, 201)
		ravi = h.As("meena")
		leave("annual", 61, 201)
	})
}
