package planning

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// tuesday is the morning after monday, 10:00 in Kolkata.
var tuesday = harness.Monday.Add(25 * time.Hour)

func TestADayIsPlannedAndAcceptedInParts(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "visit.assigned", "visit.confirmed", "visit.unassigned")
		h.MayIgnore("household.asked")
		desk := h.As("kiran")
		// Ravi is kept apart from the first household.
		_, job := h.HouseholdAt(desk, 0, "refrigerator")
		loose := []object{h.Visit(desk, job, tuesday)}
		keptApart(h, "ravi", loose[0])
		// His own visit stands; the household confirmed it.
		_, his := h.HouseholdAt(desk, 1, "refrigerator")
		stands := h.Visit(desk, his, tuesday, "ravi")
		desk.ConfirmVisit(stands, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Direction: "inbound", Outcome: "reached"}})
		for i := range 2 {
			_, job := h.HouseholdAt(desk, float64(i+1)*0.8, "refrigerator")
			loose = append(loose, h.Visit(desk, job, tuesday))
		}
		_, oven := h.HouseholdAt(desk, 1, "oven")
		h.Visit(desk, oven, tuesday)
		_, danger := h.HouseholdAt(desk, 1, "refrigerator")
		held := h.Visit(desk, danger, tuesday)
		h.As("maya").CreateFlag(bodies.FlagCreate{JobID: harness.String(danger["id"]), Kind: "threat", Level: 2})
		for _, who := range []struct {
			login string
			want  int
		}{{"ravi", 403}, {"gita", 403}, {"root", 403}, {"kiran2", 404}, {"maya2", 404}} {
			h.As(who.login).Send("POST", "/v1/centres/"+h.Centre.String()+"/plan", object{"date": "2027-03-02"}, who.want)
		}
		desk.Send("POST", "/v1/centres/"+h.Centre.String()+"/plan", object{"date": "2027-02-28"}, 422)
		plan := h.PlanDay(desk, "2027-03-02")
		again := h.PlanDay(h.As("asha"), "2027-03-02")
		if !reflect.DeepEqual(plan["visits"], again["visits"]) || !reflect.DeepEqual(plan["unplaced"], again["unplaced"]) {
			t.Errorf("the same day was planned in two ways:\n%v\n%v", plan["visits"], again["visits"])
		}
		visits, unplaced := harness.List(plan, "visits"), harness.List(plan, "unplaced")
		if len(visits) != 3 || len(unplaced) != 2 {
			t.Fatalf("placed %v, unplaced %v", visits, unplaced)
		}
		why := map[any]object{}
		for _, u := range unplaced {
			why[u["visit_id"]] = u
		}
		if got := why[held["id"]]; got == nil || got["code"] != "held" {
			t.Errorf("the visit under a hold is answered %v", got)
		}
		if got := harness.List(unplaced[0], "refusals"); len(unplaced) == 2 &&
			len(got)+len(harness.List(unplaced[1], "refusals")) != 3 { // one sentence for the hold, one for each technician's skill
			t.Errorf("refusals: %v", unplaced)
		}
		last := map[any]time.Time{}
		for _, v := range visits {
			if v["visit_id"] == loose[0]["id"] && v["technician_id"] == h.People["ravi"].ID.String() {
				t.Error("the plan sends Ravi where he is kept apart")
			}
			start := harness.At(v, "planned_start")
			if start.Before(tuesday) || start.After(tuesday.Add(2*time.Hour)) || v["travel_known"] == nil {
				t.Errorf("a planned start outside the window: %v", v)
			}
			if before, ok := last[v["technician_id"]]; ok && start.Before(before.Add(time.Hour)) {
				t.Errorf("two visits at once: %v", visits)
			}
			last[v["technician_id"]] = start
		}
		if after := plan["after"].(object); after["visits"] != 4.0 || after["unassigned"] != 2.0 || plan["before"].(object)["visits"] != 1.0 {
			t.Errorf("before %v, after %v", plan["before"], after)
		}
		// Nothing has happened yet.
		if got := desk.Send("GET", path("/v1/visits/%s", loose[0]), nil, 200); len(got["crew"].([]any)) != 0 {
			t.Errorf("a proposal assigned %v", got["crew"])
		}
		// One by one; meanwhile somebody else assigned another.
		first := visits[0]
		desk.Send("POST", path("/v1/plans/%s/accept", plan), object{"visit_ids": []any{held["id"]}}, 422)
		h.As("kiran2").Send("POST", path("/v1/plans/%s/accept", plan), object{}, 404)
		out := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{"visit_ids": []any{first["visit_id"]}}, 200)
		if len(out["accepted"].([]any)) != 1 || len(out["refused"].([]any)) != 0 {
			t.Fatalf("accepted in part: %v", out)
		}
		got := desk.Send("GET", "/v1/visits/"+first["visit_id"].(string), nil, 200)
		if got["planned_start"] != first["planned_start"] || len(got["crew"].([]any)) != 1 || got["crew"].([]any)[0] != first["technician_id"] {
			t.Errorf("accepted %v, got %v at %v", first, got["crew"], got["planned_start"])
		}
		desk.Send("POST", "/v1/visits/"+visits[1]["visit_id"].(string)+"/cancel", object{"reason": "the household asked"}, 200)
		h.As("asha").Send("POST", path("/v1/technicians/%s/leave", object{"id": visits[2]["technician_id"]}),
			object{"starts_at": tuesday, "ends_at": tuesday.Add(10 * time.Hour), "kind": "annual"}, 201)
		out = desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200)
		codes := map[any]any{}
		for _, r := range harness.List(out, "refused") {
			codes[r["visit_id"]] = r["code"]
		}
		if codes[visits[1]["visit_id"]] != "wrong_state" || codes[visits[2]["visit_id"]] != "outside_hours" ||
			!slices.Contains(out["accepted"].([]any), first["visit_id"]) {
			t.Errorf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
		if got := desk.Send("GET", path("/v1/visits/%s", stands), nil, 200); harness.At(got, "planned_start") != tuesday ||
			got["crew"].([]any)[0] != h.People["ravi"].ID.String() {
			t.Errorf("a confirmed visit moved: %v", got)
		}
		if got := desk.Send("GET", path("/v1/plans/%s", plan), nil, 200); len(got["accepted"].([]any)) != len(out["accepted"].([]any)) {
			t.Errorf("the plan remembers %v", got["accepted"])
		}
		// What the desk undid stays undone.
		desk.Send("POST", "/v1/visits/"+first["visit_id"].(string)+"/assign", object{"crew": []any{}}, 200)
		out = desk.Send("POST", path("/v1/plans/%s/accept", plan), object{"visit_ids": []any{first["visit_id"]}}, 200)
		if r := harness.List(out, "refused"); len(r) != 1 || r[0]["code"] != "wrong_state" {
			t.Errorf("accepted again: %v", out)
		}
		h.Clock.Advance(time.Hour + time.Second)
		desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 409)
	})
}

// keptApart keeps a technician from the household of a visit, as a report does.
func keptApart(h *harness.Harness, login string, visit object) {
	h.Helper()
	p := h.As(login)
	desk := h.As("kiran")
	desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{p.ID.String()}})
	p.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1})
	desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{}})
}

func TestASickTechniciansDayIsFreedInOneMove(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		his := []object{}
		for i := range 3 {
			_, job := h.HouseholdAt(desk, float64(i), "refrigerator")
			his = append(his, h.Visit(desk, job, harness.Monday.Add(time.Duration(2+3*i)*time.Hour), "ravi"))
		}
		_, job := h.HouseholdAt(desk, 4, "refrigerator")
		next := h.Visit(desk, job, tuesday, "ravi")
		_, job = h.HouseholdAt(desk, 4, "refrigerator")
		meenas := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "meena")
		h.ExpectOnly("ravi", "visit.assigned")
		h.ExpectOnly("meena", "visit.assigned")
		h.As("meena").Send("POST", path("/v1/technicians/%s/sick", object{"id": ravi.ID.String()}), object{}, 404)
		h.As("gita").Send("POST", path("/v1/technicians/%s/sick", object{"id": ravi.ID.String()}), object{}, 403)
		out := ravi.Send("POST", path("/v1/technicians/%s/sick", object{"id": ravi.ID.String()}), object{}, 201)
		if len(out["freed"].([]any)) != 3 || out["plan"] != nil || out["leave"].(object)["kind"] != "sick" {
			t.Fatalf("freed %v, leave %v", out["freed"], out["leave"])
		}
		for range his {
			h.Expect("ravi", "Visit removed")
		}
		var planID string
		for _, login := range []string{"kiran", "asha"} {
			m := h.Expect(login, "Visits that need somebody: 3")
			planID = m.Data["plan_id"]
		}
		plan := desk.Send("GET", "/v1/plans/"+planID, nil, 200)
		for _, v := range harness.List(plan, "visits") {
			if v["technician_id"] != h.People["meena"].ID.String() {
				t.Errorf("proposed: %v", v)
			}
		}
		if len(harness.List(plan, "visits")) != 3 {
			t.Fatalf("the proposal: %v, unplaced %v", plan["visits"], plan["unplaced"])
		}
		if got := desk.Send("GET", path("/v1/visits/%s", next), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("tomorrow's visit was freed too: %v", got)
		}
		if got := desk.Send("GET", path("/v1/visits/%s", meenas), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("somebody else's visit was freed: %v", got)
		}
		// Said again, by the desk: the same leave, the same visits.
		more := desk.Send("POST", path("/v1/technicians/%s/sick", object{"id": ravi.ID.String()}), object{}, 201)
		if len(more["freed"].([]any)) != 3 || more["leave"].(object)["id"] != out["leave"].(object)["id"] || more["plan"] == nil {
			t.Errorf("again: %v", more)
		}
		h.Expect("asha", "Visits that need somebody: 3")
		if got := desk.Send("POST", "/v1/plans/"+planID+"/accept", object{}, 200); len(got["accepted"].([]any)) != 3 {
			t.Fatalf("accepted: %v", got)
		}
		h.Advance(5 * time.Second)
		h.Expect("meena", "3 new visits")
		facts, _ := desk.Raw("GET", path("/v1/jobs/%s/timeline", object{"id": his[0]["job_id"]}), nil)
		if strings.Contains(string(facts), "sick") || !strings.Contains(string(facts), "visit.freed") {
			t.Errorf("the timeline: %s", facts)
		}
	})
}

func TestLatenessIsToldBeforeItHappens(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		h.Ignores("sos.raised", "timer.no_signal", "timer.ping", "visit.en_route", "visit.late", "visit.late_desk", "visit.offered")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		_, job := h.HouseholdAt(desk, 0, "refrigerator")
		first := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
		customer, job := h.HouseholdAt(desk, 10, "refrigerator") // 34 minutes away
		second := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		h.CustomerPage(job).RegisterDevice("home:late")
		_, job = h.HouseholdAt(desk, 10, "refrigerator")
		third := h.Visit(desk, job, harness.Monday.Add(9*time.Hour), "ravi")
		h.ExpectOnly("ravi", "visit.assigned")
		ravi.StartVisit(first) // 09:00 in Kolkata
		h.Settle()
		quiet := func(when string) {
			t.Helper()
			for _, p := range []string{"phone:kiran", "home:late"} {
				for _, m := range h.Phones.MessagesFor(p) {
					if strings.Contains(m.Title, "late") {
						t.Fatalf("%s: %s was told %q %q", when, p, m.Title, m.Body)
					}
				}
			}
		}
		quiet("at the start")
		// The window of the second ends 13:00. The way takes 34 minutes: from
		// 12:27 on it cannot be kept, and nobody has said anything.
		h.Advance(3*time.Hour + 25*time.Minute)
		quiet("in time still")
		h.Advance(5 * time.Minute)
		told := func(token string) (n int, body string) {
			for _, m := range h.Phones.MessagesFor(token) {
				if strings.Contains(m.Title, "late") {
					n, body = n+1, m.Body
				}
			}
			return n, body
		}
		if n, body := told("home:late"); n != 1 || !strings.Contains(body, "13:05") || !strings.Contains(body, "11:00-13:00") {
			t.Fatalf("the household was told %d times: %q", n, body)
		}
		if n, body := told("phone:kiran"); n != 1 || !strings.Contains(body, "13:05") {
			t.Errorf("the desk was told %d times: %q", n, body)
		}
		if h.Clock.Now().After(harness.At(second, "window_end")) {
			t.Fatal("too late to be of use")
		}
		// Once, however often it is reckoned again.
		ravi.CompleteVisit(first, bodies.Finish{WorkDone: "relay"})
		ravi.EnRoute(second)
		h.Advance(20 * time.Minute)
		if n, _ := told("home:late"); n != 1 {
			t.Errorf("the household was told %d times", n)
		}
		facts, _ := desk.Raw("GET", path("/v1/jobs/%s/timeline", object{"id": second["job_id"]}), nil)
		if strings.Count(string(facts), `"visit.late_expected"`) != 1 {
			t.Errorf("the timeline: %s", facts)
		}
		_, _ = customer, third
	})
}

func TestNobodyIsToldOfLatenessUnderAHold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		h.Ignores("flag.triage", "hold.area", "hold.home", "timer.no_signal", "timer.ping", "visit.assigned", "visit.cancelled",
			"visit.cancelled_home", "visit.held_cancelled", "visit.offered", "visit.wait")
		_, job := h.HouseholdAt(desk, 0, "refrigerator")
		first := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
		_, job = h.HouseholdAt(desk, 10, "refrigerator")
		h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		h.CustomerPage(job).RegisterDevice("home:held")
		ravi.StartVisit(first)
		h.As("maya").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2})
		h.Advance(3*time.Hour + 40*time.Minute)
		for _, token := range []string{"home:held", "phone:kiran"} {
			for _, m := range h.Phones.MessagesFor(token) {
				if strings.Contains(m.Title, "late") {
					t.Errorf("%s was told %q", token, m.Title)
				}
			}
		}
	})
}

func TestACalendarOutsideTheHouse(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled", "visit.missed_desk", "visit.unassigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.HouseholdAt(desk, 1, "refrigerator")
		visit := h.Visit(desk, job, tuesday, "ravi")
		_, job = h.HouseholdAt(desk, 1, "washing_machine")
		other := h.Visit(desk, job, tuesday.Add(3*time.Hour), "ravi")
		desk.Send("POST", "/v1/me/calendar", nil, 403)
		ravi.Send("GET", "/v1/me/calendar", nil, 404)
		feed := ravi.Send("POST", "/v1/me/calendar", nil, 201, "Idempotency-Key", "calendar-1")
		if got := ravi.Send("POST", "/v1/me/calendar", nil, 201, "Idempotency-Key", "calendar-1"); got["url"] != feed["url"] {
			t.Error("a repeat gave another address")
		}
		if got := ravi.Send("GET", "/v1/me/calendar", nil, 200); got["url"] != feed["url"] {
			t.Error("the address is another one when read")
		}
		nobody := h.Anonymous()
		read := func() string {
			t.Helper()
			body, res := nobody.Raw("GET", strings.TrimPrefix(feed["url"].(string), h.URL), nil)
			if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/calendar") {
				t.Fatalf("the calendar: %d %s %s", res.StatusCode, res.Header.Get("Content-Type"), body)
			}
			return strings.ReplaceAll(string(body), "\r\n ", "")
		}
		entry := func(text string, v object) map[string]string {
			t.Helper()
			out := map[string]string{}
			for _, part := range strings.Split(text, "BEGIN:VEVENT")[1:] {
				if strings.Contains(part, "UID:visit-"+v["id"].(string)+"@doorstep") {
					for _, line := range strings.Split(part, "\r\n") {
						name, value, _ := strings.Cut(line, ":")
						out[name] = value
					}
				}
			}
			return out
		}
		text := read()
		e := entry(text, visit)
		for name, want := range map[string]string{"DTSTART;TZID=Asia/Kolkata": "20270302T100000", "DTEND;TZID=Asia/Kolkata": "20270302T120000",
			"SUMMARY": `refrigerator\, 411001`, "STATUS": "TENTATIVE"} {
			if e[name] != want {
				t.Errorf("%s is %q, want %q:\n%s", name, e[name], want, text)
			}
		}
		for _, want := range []string{"BEGIN:VTIMEZONE", "TZID:Asia/Kolkata", "TZOFFSETTO:+0530"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
		for _, secret := range []string{"Kapoor", "Example Lane", "+91", "does not cool", h.URL} {
			if strings.Contains(text, secret) {
				t.Errorf("the calendar tells %q:\n%s", secret, text)
			}
		}
		// London's clocks change inside the calendar.
		far := h.As("ravi2").Send("POST", "/v1/me/calendar", nil, 201)
		body, _ := nobody.Raw("GET", strings.TrimPrefix(far["url"].(string), h.URL), nil)
		for _, want := range []string{"BEGIN:STANDARD\r\nDTSTART:20261025T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000",
			"BEGIN:DAYLIGHT\r\nDTSTART:20270328T010000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100"} {
			if !strings.Contains(string(body), want) {
				t.Errorf("no %q in\n%s", want, body)
			}
		}
		// Cancelled and given to somebody else: both stay, as cancelled, with a
		// higher sequence.
		was, wasOther := e["SEQUENCE"], entry(text, other)["SEQUENCE"]
		desk.CancelVisit(visit, bodies.CancelVisit{Reason: "not needed"})
		desk.AssignVisit(other, bodies.CrewInput{Crew: []string{h.People["meena"].ID.String()}})
		text = read()
		for v, before := range map[string]string{visit["id"].(string): was, other["id"].(string): wasOther} {
			if e := entry(text, object{"id": v}); e["STATUS"] != "CANCELLED" || !(num(e["SEQUENCE"]) > num(before)) {
				t.Errorf("gone, it is %v after sequence %s", e, before)
			}
		}
		h.Clock.Advance(29 * 24 * time.Hour)
		if e := entry(read(), visit); e["STATUS"] != "CANCELLED" {
			t.Errorf("after 29 days: %v", e)
		}
		h.Clock.Advance(2 * 24 * time.Hour)
		if e := entry(read(), visit); len(e) != 0 {
			t.Errorf("after 31 days: %v", e)
		}
		// A new address ends the old one; ended and unknown answer alike.
		old := feed
		feed = ravi.Send("POST", "/v1/me/calendar", nil, 201)
		read()
		ended, res := nobody.Raw("GET", strings.TrimPrefix(old["url"].(string), h.URL), nil, "X-Request-ID", "same")
		unknown, res2 := nobody.Raw("GET", "/calendar/"+strings.Repeat("x", 43)+".ics", nil, "X-Request-ID", "same")
		if res.StatusCode != 404 || res2.StatusCode != 404 || string(ended) != string(unknown) {
			t.Errorf("ended: %d %s\nunknown: %d %s", res.StatusCode, ended, res2.StatusCode, unknown)
		}
		ravi.Send("DELETE", "/v1/me/calendar", nil, 204)
		ravi.Send("DELETE", "/v1/me/calendar", nil, 204)
		if _, res := nobody.Raw("GET", strings.TrimPrefix(feed["url"].(string), h.URL), nil); res.StatusCode != 404 {
			t.Errorf("after its end: %d", res.StatusCode)
		}
	})
}

func num(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}
