package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// tuesday is the morning after monday, 10:00 in Kolkata.
var tuesday = monday.Add(25 * time.Hour)

// door is a household with a job at a place some kilometres north of the
// centre.
func (h *harness) door(desk *person, km float64, category string) (customer, job obj) {
	h.Helper()
	customer, _ = h.household(desk, obj{"sites": []obj{{"address": "12 Example Lane", "postal_code": "411001", "zone": "Asia/Kolkata",
		"lat": 18.5204 + km/111.2, "lon": 73.8567}}})
	return customer, desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "does not cool", "category": category}, 201)
}

func (h *harness) plan(by *person, date string) obj {
	h.Helper()
	return by.send("POST", "/v1/centres/"+h.centre.String()+"/plan", obj{"date": date}, 201)
}

func at(o obj, key string) time.Time {
	t, _ := time.Parse(time.RFC3339, o[key].(string))
	return t
}

func TestADayIsPlannedAndAcceptedInParts(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "visit.assigned", "visit.confirmed", "visit.needs_someone", "visit.unassigned")
		desk := h.as("kiran")
		// Ravi is kept apart from the first household.
		_, job := h.door(desk, 0, "refrigerator")
		loose := []obj{h.visit(desk, job, tuesday)}
		h.apart("ravi", loose[0])
		// His own visit stands; the household confirmed it.
		_, his := h.door(desk, 1, "refrigerator")
		stands := h.visit(desk, his, tuesday, "ravi")
		desk.send("POST", path("/v1/visits/%s/confirm", stands), obj{"contact": obj{"channel": "phone", "direction": "inbound",
			"outcome": "reached"}}, 200)
		for i := range 2 {
			_, job := h.door(desk, float64(i+1)*0.8, "refrigerator")
			loose = append(loose, h.visit(desk, job, tuesday))
		}
		_, oven := h.door(desk, 1, "oven")
		h.visit(desk, oven, tuesday)
		_, danger := h.door(desk, 1, "refrigerator")
		held := h.visit(desk, danger, tuesday)
		h.as("maya").send("POST", "/v1/flags", obj{"job_id": danger["id"], "kind": "threat", "level": 2}, 201)
		for _, who := range []struct {
			login string
			want  int
		}{{"ravi", 403}, {"gita", 403}, {"root", 403}, {"kiran2", 404}, {"maya2", 404}} {
			h.as(who.login).send("POST", "/v1/centres/"+h.centre.String()+"/plan", obj{"date": "2027-03-02"}, who.want)
		}
		desk.send("POST", "/v1/centres/"+h.centre.String()+"/plan", obj{"date": "2027-02-28"}, 422)
		plan := h.plan(desk, "2027-03-02")
		again := h.plan(h.as("asha"), "2027-03-02")
		if !reflect.DeepEqual(plan["visits"], again["visits"]) || !reflect.DeepEqual(plan["unplaced"], again["unplaced"]) {
			t.Errorf("the same day was planned in two ways:\n%v\n%v", plan["visits"], again["visits"])
		}
		visits, unplaced := list(plan, "visits"), list(plan, "unplaced")
		if len(visits) != 3 || len(unplaced) != 2 {
			t.Fatalf("placed %v, unplaced %v", visits, unplaced)
		}
		why := map[any]obj{}
		for _, u := range unplaced {
			why[u["visit_id"]] = u
		}
		if got := why[held["id"]]; got == nil || got["code"] != "held" {
			t.Errorf("the visit under a hold is answered %v", got)
		}
		if got := list(unplaced[0], "refusals"); len(unplaced) == 2 &&
			len(got)+len(list(unplaced[1], "refusals")) != 3 { // one sentence for the hold, one for each technician's skill
			t.Errorf("refusals: %v", unplaced)
		}
		last := map[any]time.Time{}
		for _, v := range visits {
			if v["visit_id"] == loose[0]["id"] && v["technician_id"] == h.people["ravi"].id.String() {
				t.Error("the plan sends Ravi where he is kept apart")
			}
			start := at(v, "planned_start")
			if start.Before(tuesday) || start.After(tuesday.Add(2*time.Hour)) || v["travel_known"] == nil {
				t.Errorf("a planned start outside the window: %v", v)
			}
			if before, ok := last[v["technician_id"]]; ok && start.Before(before.Add(time.Hour)) {
				t.Errorf("two visits at once: %v", visits)
			}
			last[v["technician_id"]] = start
		}
		if after := plan["after"].(obj); after["visits"] != 4.0 || after["unassigned"] != 2.0 || plan["before"].(obj)["visits"] != 1.0 {
			t.Errorf("before %v, after %v", plan["before"], after)
		}
		// Nothing has happened yet.
		if got := desk.send("GET", path("/v1/visits/%s", loose[0]), nil, 200); len(got["crew"].([]any)) != 0 {
			t.Errorf("a proposal assigned %v", got["crew"])
		}
		// One by one; meanwhile somebody else assigned another.
		first := visits[0]
		desk.send("POST", path("/v1/plans/%s/accept", plan), obj{"visit_ids": []any{held["id"]}}, 422)
		h.as("kiran2").send("POST", path("/v1/plans/%s/accept", plan), obj{}, 404)
		out := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{"visit_ids": []any{first["visit_id"]}}, 200)
		if len(out["accepted"].([]any)) != 1 || len(out["refused"].([]any)) != 0 {
			t.Fatalf("accepted in part: %v", out)
		}
		got := desk.send("GET", "/v1/visits/"+first["visit_id"].(string), nil, 200)
		if got["planned_start"] != first["planned_start"] || len(got["crew"].([]any)) != 1 || got["crew"].([]any)[0] != first["technician_id"] {
			t.Errorf("accepted %v, got %v at %v", first, got["crew"], got["planned_start"])
		}
		desk.send("POST", "/v1/visits/"+visits[1]["visit_id"].(string)+"/cancel", obj{"reason": "the household asked"}, 200)
		h.as("asha").send("POST", path("/v1/technicians/%s/leave", obj{"id": visits[2]["technician_id"]}),
			obj{"starts_at": tuesday, "ends_at": tuesday.Add(10 * time.Hour), "kind": "annual"}, 201)
		out = desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 200)
		codes := map[any]any{}
		for _, r := range list(out, "refused") {
			codes[r["visit_id"]] = r["code"]
		}
		if codes[visits[1]["visit_id"]] != "wrong_state" || codes[visits[2]["visit_id"]] != "outside_hours" ||
			!slices.Contains(out["accepted"].([]any), first["visit_id"]) {
			t.Errorf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
		if got := desk.send("GET", path("/v1/visits/%s", stands), nil, 200); at(got, "planned_start") != tuesday ||
			got["crew"].([]any)[0] != h.people["ravi"].id.String() {
			t.Errorf("a confirmed visit moved: %v", got)
		}
		if got := desk.send("GET", path("/v1/plans/%s", plan), nil, 200); len(got["accepted"].([]any)) != len(out["accepted"].([]any)) {
			t.Errorf("the plan remembers %v", got["accepted"])
		}
		// What the desk undid stays undone.
		desk.send("POST", "/v1/visits/"+first["visit_id"].(string)+"/assign", obj{"crew": []any{}}, 200)
		out = desk.send("POST", path("/v1/plans/%s/accept", plan), obj{"visit_ids": []any{first["visit_id"]}}, 200)
		if r := list(out, "refused"); len(r) != 1 || r[0]["code"] != "wrong_state" {
			t.Errorf("accepted again: %v", out)
		}
		h.clock.Advance(time.Hour + time.Second)
		desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 409)
	})
}

// apart keeps a technician from the household of a visit, as a report does.
func (h *harness) apart(login string, visit obj) {
	h.Helper()
	p := h.as(login)
	desk := h.as("kiran")
	desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []string{p.id.String()}}, 200)
	p.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "verbal_abuse", "level": 1}, 201)
	desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []string{}}, 200)
}

func TestASickTechniciansDayIsFreedInOneMove(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi := h.as("kiran"), h.as("ravi")
		his := []obj{}
		for i := range 3 {
			_, job := h.door(desk, float64(i), "refrigerator")
			his = append(his, h.visit(desk, job, monday.Add(time.Duration(2+3*i)*time.Hour), "ravi"))
		}
		_, job := h.door(desk, 4, "refrigerator")
		next := h.visit(desk, job, tuesday, "ravi")
		_, job = h.door(desk, 4, "refrigerator")
		meenas := h.visit(desk, job, monday.Add(2*time.Hour), "meena")
		h.expectOnly("ravi", "visit.assigned")
		h.expectOnly("meena", "visit.assigned")
		h.as("meena").send("POST", path("/v1/technicians/%s/sick", obj{"id": ravi.id.String()}), obj{}, 404)
		h.as("gita").send("POST", path("/v1/technicians/%s/sick", obj{"id": ravi.id.String()}), obj{}, 403)
		out := ravi.send("POST", path("/v1/technicians/%s/sick", obj{"id": ravi.id.String()}), obj{}, 201)
		if len(out["freed"].([]any)) != 3 || out["plan"] != nil || out["leave"].(obj)["kind"] != "sick" {
			t.Fatalf("freed %v, leave %v", out["freed"], out["leave"])
		}
		for range his {
			h.expect("ravi", "Visit removed")
		}
		var planID string
		for _, login := range []string{"kiran", "asha"} {
			m := h.expect(login, "3 visits need somebody")
			planID = m.Data["plan_id"]
		}
		plan := desk.send("GET", "/v1/plans/"+planID, nil, 200)
		for _, v := range list(plan, "visits") {
			if v["technician_id"] != h.people["meena"].id.String() {
				t.Errorf("proposed: %v", v)
			}
		}
		if len(list(plan, "visits")) != 3 {
			t.Fatalf("the proposal: %v, unplaced %v", plan["visits"], plan["unplaced"])
		}
		if got := desk.send("GET", path("/v1/visits/%s", next), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("tomorrow's visit was freed too: %v", got)
		}
		if got := desk.send("GET", path("/v1/visits/%s", meenas), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("somebody else's visit was freed: %v", got)
		}
		// Said again, by the desk: the same leave, the same visits.
		more := desk.send("POST", path("/v1/technicians/%s/sick", obj{"id": ravi.id.String()}), obj{}, 201)
		if len(more["freed"].([]any)) != 3 || more["leave"].(obj)["id"] != out["leave"].(obj)["id"] || more["plan"] == nil {
			t.Errorf("again: %v", more)
		}
		h.expect("asha", "3 visits need somebody")
		if got := desk.send("POST", "/v1/plans/"+planID+"/accept", obj{}, 200); len(got["accepted"].([]any)) != 3 {
			t.Fatalf("accepted: %v", got)
		}
		for range 3 {
			h.expect("meena", "New visit")
		}
		facts, _ := desk.raw("GET", path("/v1/jobs/%s/timeline", obj{"id": his[0]["job_id"]}), nil)
		if strings.Contains(string(facts), "sick") || !strings.Contains(string(facts), "visit.freed") {
			t.Errorf("the timeline: %s", facts)
		}
	})
}

func TestLatenessIsToldBeforeItHappens(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi := h.as("kiran"), h.as("ravi")
		h.ignores("sos.raised", "timer.no_signal", "timer.ping", "visit.en_route", "visit.late", "visit.late_desk", "visit.offered")
		_, job := h.door(desk, 0, "refrigerator")
		first := h.visit(desk, job, monday.Add(30*time.Minute), "ravi")
		customer, job := h.door(desk, 10, "refrigerator") // 34 minutes away
		second := h.visit(desk, job, monday.Add(2*time.Hour), "ravi")
		h.home(desk, job).phone("home:late")
		_, job = h.door(desk, 10, "refrigerator")
		third := h.visit(desk, job, monday.Add(9*time.Hour), "ravi")
		h.expectOnly("ravi", "visit.assigned")
		ravi.send("POST", path("/v1/visits/%s/start", first), nil, 200) // 09:00 in Kolkata
		h.settle()
		quiet := func(when string) {
			t.Helper()
			for _, p := range []string{"phone:kiran", "home:late"} {
				for _, m := range h.phones.MessagesFor(p) {
					if strings.Contains(m.Title, "late") {
						t.Fatalf("%s: %s was told %q %q", when, p, m.Title, m.Body)
					}
				}
			}
		}
		quiet("at the start")
		// The window of the second ends 13:00. The way takes 34 minutes: from
		// 12:27 on it cannot be kept, and nobody has said anything.
		h.advance(3*time.Hour + 25*time.Minute)
		quiet("in time still")
		h.advance(5 * time.Minute)
		told := func(token string) (n int, body string) {
			for _, m := range h.phones.MessagesFor(token) {
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
		if h.clock.Now().After(at(second, "window_end")) {
			t.Fatal("too late to be of use")
		}
		// Once, however often it is reckoned again.
		ravi.send("POST", path("/v1/visits/%s/complete", first), obj{"work_done": "relay"}, 200)
		ravi.send("POST", path("/v1/visits/%s/en-route", second), nil, 200)
		h.advance(20 * time.Minute)
		if n, _ := told("home:late"); n != 1 {
			t.Errorf("the household was told %d times", n)
		}
		facts, _ := desk.raw("GET", path("/v1/jobs/%s/timeline", obj{"id": second["job_id"]}), nil)
		if strings.Count(string(facts), `"visit.late_expected"`) != 1 {
			t.Errorf("the timeline: %s", facts)
		}
		_, _ = customer, third
	})
}

func TestNobodyIsToldOfLatenessUnderAHold(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi := h.as("kiran"), h.as("ravi")
		h.ignores("flag.triage", "hold.area", "timer.no_signal", "timer.ping", "visit.assigned", "visit.cancelled",
			"visit.cancelled_home", "visit.held_cancelled", "visit.offered", "visit.wait")
		_, job := h.door(desk, 0, "refrigerator")
		first := h.visit(desk, job, monday.Add(30*time.Minute), "ravi")
		_, job = h.door(desk, 10, "refrigerator")
		h.visit(desk, job, monday.Add(2*time.Hour), "ravi")
		h.home(desk, job).phone("home:held")
		ravi.send("POST", path("/v1/visits/%s/start", first), nil, 200)
		h.as("maya").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2}, 201)
		h.advance(3*time.Hour + 40*time.Minute)
		for _, token := range []string{"home:held", "phone:kiran"} {
			for _, m := range h.phones.MessagesFor(token) {
				if strings.Contains(m.Title, "late") {
					t.Errorf("%s was told %q", token, m.Title)
				}
			}
		}
	})
}

func TestACalendarOutsideTheHouse(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned", "visit.cancelled", "visit.missed_desk", "visit.unassigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.door(desk, 1, "refrigerator")
		visit := h.visit(desk, job, tuesday, "ravi")
		_, job = h.door(desk, 1, "washing_machine")
		other := h.visit(desk, job, tuesday.Add(3*time.Hour), "ravi")
		desk.send("POST", "/v1/me/calendar", nil, 403)
		ravi.send("GET", "/v1/me/calendar", nil, 404)
		feed := ravi.send("POST", "/v1/me/calendar", nil, 201, "Idempotency-Key", "calendar-1")
		if got := ravi.send("POST", "/v1/me/calendar", nil, 201, "Idempotency-Key", "calendar-1"); got["url"] != feed["url"] {
			t.Error("a repeat gave another address")
		}
		if got := ravi.send("GET", "/v1/me/calendar", nil, 200); got["url"] != feed["url"] {
			t.Error("the address is another one when read")
		}
		nobody := h.anonymous()
		read := func() string {
			t.Helper()
			body, res := nobody.raw("GET", strings.TrimPrefix(feed["url"].(string), h.base), nil)
			if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/calendar") {
				t.Fatalf("the calendar: %d %s %s", res.StatusCode, res.Header.Get("Content-Type"), body)
			}
			return strings.ReplaceAll(string(body), "\r\n ", "")
		}
		entry := func(text string, v obj) map[string]string {
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
		for _, secret := range []string{"Kapoor", "Example Lane", "+91", "does not cool", h.base} {
			if strings.Contains(text, secret) {
				t.Errorf("the calendar tells %q:\n%s", secret, text)
			}
		}
		// London's clocks change inside the calendar.
		far := h.as("ravi2").send("POST", "/v1/me/calendar", nil, 201)
		body, _ := nobody.raw("GET", strings.TrimPrefix(far["url"].(string), h.base), nil)
		for _, want := range []string{"BEGIN:STANDARD\r\nDTSTART:20261025T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000",
			"BEGIN:DAYLIGHT\r\nDTSTART:20270328T010000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100"} {
			if !strings.Contains(string(body), want) {
				t.Errorf("no %q in\n%s", want, body)
			}
		}
		// Cancelled and given to somebody else: both stay, as cancelled, with a
		// higher sequence.
		was, wasOther := e["SEQUENCE"], entry(text, other)["SEQUENCE"]
		desk.send("POST", path("/v1/visits/%s/cancel", visit), obj{"reason": "not needed"}, 200)
		desk.send("POST", path("/v1/visits/%s/assign", other), obj{"crew": []string{h.people["meena"].id.String()}}, 200)
		text = read()
		for v, before := range map[string]string{visit["id"].(string): was, other["id"].(string): wasOther} {
			if e := entry(text, obj{"id": v}); e["STATUS"] != "CANCELLED" || !(num(e["SEQUENCE"]) > num(before)) {
				t.Errorf("gone, it is %v after sequence %s", e, before)
			}
		}
		h.clock.Advance(29 * 24 * time.Hour)
		if e := entry(read(), visit); e["STATUS"] != "CANCELLED" {
			t.Errorf("after 29 days: %v", e)
		}
		h.clock.Advance(2 * 24 * time.Hour)
		if e := entry(read(), visit); len(e) != 0 {
			t.Errorf("after 31 days: %v", e)
		}
		// A new address ends the old one; ended and unknown answer alike.
		old := feed
		feed = ravi.send("POST", "/v1/me/calendar", nil, 201)
		read()
		ended, res := nobody.raw("GET", strings.TrimPrefix(old["url"].(string), h.base), nil, "X-Request-ID", "same")
		unknown, res2 := nobody.raw("GET", "/calendar/"+strings.Repeat("x", 43)+".ics", nil, "X-Request-ID", "same")
		if res.StatusCode != 404 || res2.StatusCode != 404 || string(ended) != string(unknown) {
			t.Errorf("ended: %d %s\nunknown: %d %s", res.StatusCode, ended, res2.StatusCode, unknown)
		}
		ravi.send("DELETE", "/v1/me/calendar", nil, 204)
		ravi.send("DELETE", "/v1/me/calendar", nil, 204)
		if _, res := nobody.raw("GET", strings.TrimPrefix(feed["url"].(string), h.base), nil); res.StatusCode != 404 {
			t.Errorf("after its end: %d", res.StatusCode)
		}
	})
}

func num(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}
