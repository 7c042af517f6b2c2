package planning

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// offeredWindows lists the starts of windows in which somebody is offered for a job.
func offeredWindows(p *harness.Client, job object, login, from, to string) (out []string) {
	p.Harness.Helper()
	for _, w := range items(p.Slots(job, "from", from, "to", to)) {
		for _, o := range harness.List(w, "offers") {
			if slices.Contains(o["crew"].([]any), any(p.Harness.People[login].ID.String())) {
				out = append(out, w["window_start"].(string))
			}
		}
	}
	return out
}

// TestLeaveIsAskedForAndGranted: what a technician asks for takes nothing away
// until somebody else approves it, and gives it back when it is withdrawn.
func TestLeaveIsAskedForAndGranted(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha, ravi, maya := h.As("kiran"), h.As("asha"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		day := []string{"2027-03-03T00:00", "2027-03-04T00:00"}
		free := offeredWindows(desk, job, "ravi", day[0], day[1])
		visit := h.Visit(desk, job, time.Date(2027, 3, 3, 4, 30, 0, 0, time.UTC), "ravi")
		h.ExpectOnly("ravi", "visit.assigned")
		_, other := h.Household(desk, nil)

		asked := ravi.AskLeave("2027-03-03T08:00", "2027-03-03T20:00", 201)
		if asked["status"] != "requested" || asked["affected"] != nil || fmt.Sprint(asked["actions"]) != "[withdraw]" {
			t.Fatalf("asked: %v", asked)
		}
		h.Expect("asha", "A colleague asks for leave")
		if again := ravi.AskLeave("2027-03-03T12:00", "2027-03-04T20:00", 409); again["code"] != "wrong_state" {
			t.Errorf("asked twice: %v", again)
		}
		if now := offeredWindows(desk, other, "ravi", day[0], day[1]); len(now) == 0 || len(now) < len(free)-2 {
			t.Errorf("while it waits ravi is offered in %v, before in %v", now, free)
		}
		// The board shows it, to whom it concerns with what they may do.
		board := fmt.Sprintf("/v1/centres/%s/board", h.Centre)
		for login, want := range map[string]string{"asha": "[approve decline]", "maya": "[approve decline]", "kiran": "[]"} {
			rows := harness.List(h.As(login).Send("GET", board, nil, 200), "leave_requests")
			if len(rows) != 1 || rows[0]["id"] != asked["id"] || rows[0]["name"] != "Ravi Surname" || fmt.Sprint(rows[0]["actions"]) != want {
				t.Errorf("the board of %s: %v", login, rows)
			}
		}
		if rows := harness.List(h.As("gita").Send("GET", board, nil, 200), "leave_requests"); len(rows) != 0 {
			t.Errorf("the agent sees %v", rows)
		}
		if rows := items(asha.Send("GET", "/v1/leave?status=requested", nil, 200)); len(rows) != 1 || rows[0]["id"] != asked["id"] {
			t.Errorf("what waits: %v", rows)
		}
		for address, want := range map[string]int{"/v1/leave?status=approved": 0, "/v1/leave?centre_id=" + h.Centre.String(): 1,
			"/v1/leave?centre_id=" + h.OtherCentre.String(): 0} {
			if rows := items(asha.Send("GET", address, nil, 200)); len(rows) != want {
				t.Errorf("%s: %v", address, rows)
			}
		}
		if rows := items(h.As("meena").Send("GET", "/v1/leave", nil, 200)); len(rows) != 0 {
			t.Errorf("meena reads %v", rows)
		}

		approve, decline, withdraw := path("/v1/leave/%s/approve", asked), path("/v1/leave/%s/decline", asked),
			path("/v1/leave/%s/withdraw", asked)
		ravi.Send("POST", approve, nil, 403) // nobody their own
		desk.Send("POST", approve, nil, 403)
		asha.Send("POST", withdraw, object{"reason": "as asked"}, 403) // they asked for it
		h.As("asha2").Send("POST", approve, nil, 404)
		h.As("meena").Send("POST", withdraw, nil, 404)
		asha.Send("POST", decline, nil, 422) // no reason
		said := asha.Send("POST", approve, nil, 200)
		if said["status"] != "approved" || fmt.Sprint(said["affected"]) != fmt.Sprintf("[%v]", visit["id"]) ||
			said["decided_by"] != asha.ID.String() {
			t.Errorf("approved: %v", said)
		}
		h.Expect("ravi", "Your leave is approved")
		asha.Send("POST", approve, nil, 409)

		// Slots, scheduling and the words are one.
		if now := offeredWindows(desk, other, "ravi", day[0], day[1]); len(now) != 0 {
			t.Errorf("on leave ravi is offered in %v", now)
		}
		at := object{"window_start": "2027-03-03T14:00", "window_end": "2027-03-03T16:00", "crew": h.Crew("ravi")["crew"]}
		if no := desk.Send("POST", path("/v1/jobs/%s/visits", other), at, 422); no["code"] != "outside_hours" || no["reason"] != "leave" ||
			no["detail"] != "Ravi is on leave then." {
			t.Errorf("refused with %v", no)
		}
		if v := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); len(v["crew"].([]any)) != 1 {
			t.Errorf("the visit in the way lost its crew: %v", v)
		}
		ravi.Send("POST", withdraw, nil, 422) // approved, so it needs a reason
		if gone := ravi.Send("POST", withdraw, object{"reason": "the wedding is off"}, 200); gone["status"] != "cancelled" ||
			gone["reason"] != "the wedding is off" {
			t.Errorf("withdrawn: %v", gone)
		}
		h.Expect("asha", "A leave was withdrawn")
		if now := offeredWindows(desk, other, "ravi", day[0], day[1]); len(now) == 0 {
			t.Error("after it was withdrawn ravi is not offered")
		}

		// Declined, withdrawn while it waits, cancelled by who approved.
		second := ravi.AskLeave("2027-03-05T08:00", "2027-03-05T20:00", 201)
		h.Expect("asha", "A colleague asks for leave")
		if no := maya.Send("POST", path("/v1/leave/%s/decline", second),
			object{"reason": "two are away already", "occurred_at": "2027-03-01T08:50"},
			200); no["status"] != "declined" || no["decided_at"] != "2027-03-01T03:20:00Z" {
			t.Errorf("declined: %v", no)
		}
		h.Expect("ravi", "Your leave is declined")
		third := ravi.AskLeave("2027-03-05T08:00", "2027-03-05T20:00", 201)
		h.Expect("asha", "A colleague asks for leave")
		if gone := ravi.Send("POST", path("/v1/leave/%s/withdraw", third), nil, 200); gone["status"] != "withdrawn" {
			t.Errorf("withdrawn while it waits: %v", gone)
		}
		fourth := ravi.AskLeave("2027-03-05T08:00", "2027-03-05T20:00", 201)
		h.Expect("asha", "A colleague asks for leave")
		asha.Send("POST", path("/v1/leave/%s/approve", fourth), nil, 200)
		h.Expect("ravi", "Your leave is approved")
		asha.Send("POST", path("/v1/leave/%s/withdraw", fourth), object{"reason": "meena fell ill"}, 200)
		h.Expect("ravi", "Your leave is cancelled")
		fifth := ravi.AskLeave("2027-03-01T10:00", "2027-03-01T11:00", 201)
		h.Expect("asha", "A colleague asks for leave")
		asha.Send("POST", path("/v1/leave/%s/approve", fifth), nil, 200)
		h.Expect("ravi", "Your leave is approved")
		h.Advance(90 * time.Minute)
		if no := ravi.Send("POST", path("/v1/leave/%s/withdraw", fifth), object{"reason": "as asked"}, 409); no["code"] != "wrong_state" {
			t.Errorf("after it began: %v", no)
		}
		statuses := []string{}
		for _, l := range items(desk.Send("GET", "/v1/technicians/"+ravi.ID.String()+"/leave", nil, 200)) {
			statuses = append(statuses, l["status"].(string))
		}
		if got := strings.Join(statuses, " "); got != "cancelled declined withdrawn cancelled approved" {
			t.Errorf("ravi's leave: %s", got)
		}
	})
}

// TestWhoseLeaveStandsAtOnce: what is recorded for others and sickness; one's
// own waits, whoever one is.
func TestWhoseLeaveStandsAtOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("leave.approved", "leave.asked")
		desk, asha, ravi, maya, root := h.As("kiran"), h.As("asha"), h.As("ravi"), h.As("maya"), h.As("root")
		times := object{"starts_at": "2027-03-08T08:00", "ends_at": "2027-03-08T20:00", "kind": "annual"}
		ill := object{"starts_at": "2027-03-09T08:00", "ends_at": "2027-03-09T20:00", "kind": "sick"}
		own := func(p *harness.Client) string { return "/v1/users/" + p.ID.String() + "/leave" }
		if l := desk.Send("POST", "/v1/technicians/"+ravi.ID.String()+"/leave", times, 201); l["status"] != "approved" ||
			l["recorded_by"] != desk.ID.String() || len(l["affected"].([]any)) != 0 {
			t.Errorf("by the desk: %v", l)
		}
		if l := ravi.Send("POST", own(ravi), ill, 201); l["status"] != "approved" {
			t.Errorf("sick: %v", l)
		}
		for _, p := range []*harness.Client{desk, asha, maya, root, h.As("gita"), h.As("meena")} {
			if l := p.Send("POST", own(p), times, 201); l["status"] != "requested" || fmt.Sprint(l["actions"]) != "[withdraw]" {
				t.Errorf("%s for himself: %v", p.Login, l)
			}
		}
		// Asha decides about her desk and not about herself; Maya about Asha.
		of := func(p *harness.Client) object { return items(p.Send("GET", own(p)+"?status=requested", nil, 200))[0] }
		asha.Send("POST", path("/v1/leave/%s/approve", of(desk)), nil, 200)
		asha.Send("POST", path("/v1/leave/%s/approve", of(asha)), nil, 403)
		asha.Send("POST", path("/v1/leave/%s/approve", of(maya)), nil, 404)
		maya.Send("POST", path("/v1/leave/%s/approve", of(asha)), nil, 200)
		h.As("noor").Send("POST", path("/v1/leave/%s/approve", of(maya)), nil, 200) // another manager of the area
		root.Send("POST", path("/v1/leave/%s/approve", of(h.As("gita"))), nil, 200)
		// The same request again is the same; another one under its id is not.
		id := "0192f0c8-7b1e-7c11-9d5e-0123456789cd"
		mine := object{"id": id, "starts_at": "2027-03-15T08:00", "ends_at": "2027-03-15T20:00", "kind": "annual"}
		for range 2 {
			if l := ravi.Send("POST", own(ravi), mine, 201); l["id"] != id {
				t.Errorf("under its id: %v", l)
			}
		}
		mine["kind"] = "other"
		ravi.Send("POST", own(ravi), mine, 409)
		// What is over is not approved any more.
		h.Advance(15 * 24 * time.Hour)
		if no := asha.Send("POST", "/v1/leave/"+id+"/approve", nil, 409); no["code"] != "wrong_state" {
			t.Errorf("approved afterwards: %v", no)
		}
	})
}

// TestLeaveAndBookingMeet: an approval and a booking race; the visit is
// refused by the leave, or it is among those in its way.
func TestLeaveAndBookingMeet(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("leave.approved", "leave.asked")
		h.MayIgnore("visit.assigned") // where the booking comes first
		desk, asha, ravi := h.As("kiran"), h.As("asha"), h.As("ravi")
		for round := range 6 {
			date := harness.Monday.AddDate(0, 0, 2+round).Format("2006-01-02")
			asked := ravi.AskLeave(date+"T08:00", date+"T20:00", 201)
			_, job := h.Household(desk, nil)
			var all sync.WaitGroup
			var booked, said object
			all.Go(func() {
				out, res := desk.Raw("POST", path("/v1/jobs/%s/visits", job), object{"window_start": date + "T10:00", "window_end": date + "T12:00",
					"crew": h.Crew("ravi")["crew"]})
				if res.StatusCode == 201 {
					booked = harness.Parsed(h, out)
				} else if no := harness.Parsed(h, out); no["reason"] != "leave" {
					t.Errorf("round %d: %v", round, no)
				}
			})
			all.Go(func() { said = asha.Send("POST", path("/v1/leave/%s/approve", asked), nil, 200) })
			all.Wait()
			if (booked == nil) != (len(said["affected"].([]any)) == 0) {
				t.Errorf("round %d: booked %v, in the way %v", round, booked["id"], said["affected"])
			}
		}
	})
}

// TestALevelOfSkillIsAskedFor: plain skills are level 2; of a crew one has the
// level and all have the skill.
func TestALevelOfSkillIsAskedFor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled")
		desk, asha := h.As("kiran"), h.As("asha")
		h.AddColleague("sunil", h.As("ravi"))
		skills := func(login string) string { return "/v1/technicians/" + h.People[login].ID.String() + "/skills" }
		put := asha.Send("PUT", skills("ravi"), object{"skills": []any{"oven", object{"category": "washing_machine", "level": 1},
			object{"category": "refrigerator"}}}, 200)
		if fmt.Sprint(put["skills"]) != "[oven washing_machine refrigerator]" || fmt.Sprint(put["skill_levels"]) != "map[washing_machine:1]" {
			t.Errorf("the user: %v %v", put["skills"], put["skill_levels"])
		}
		if got := desk.Send("GET", skills("ravi"), nil, 200); fmt.Sprint(got["skills"]) != "[oven washing_machine refrigerator]" ||
			fmt.Sprint(got["skill_levels"]) != "map[oven:2 refrigerator:2 washing_machine:1]" {
			t.Errorf("the skills: %v", got)
		}
		asha.Send("PUT", skills("sunil"), object{"skills": []any{object{"category": "washing_machine", "level": 3}}}, 200)
		asha.Send("PUT", skills("ravi"), object{"skills": []any{"oven", object{"category": "oven", "level": 3}}}, 422)
		asha.Send("PUT", skills("ravi"), object{"skills": []any{object{"category": "oven", "level": 4}}}, 400)
		asha.Send("PUT", skills("ravi"), object{"skills": []any{object{"level": 2}}}, 400)

		customer, _ := h.Household(desk, nil)
		register := func(level any) object {
			b := object{"customer_id": customer["id"], "fault": "leaks", "category": "washing_machine"}
			if level != nil {
				b["skill_level"] = level
			}
			return desk.Send("POST", "/v1/jobs", b, 201)
		}
		one, two, three := register(nil), register(2), register(3)
		if one["skill_level"] != 1.0 || three["skill_level"] != 3.0 {
			t.Errorf("levels of jobs: %v, %v", one["skill_level"], three["skill_level"])
		}
		desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "skill_level": 4}, 400)
		for _, tc := range []struct {
			job  object
			crew []string
			no   string
		}{
			{one, []string{"ravi"}, ""}, {two, []string{"meena"}, ""}, {three, []string{"sunil"}, ""},
			{two, []string{"ravi"}, "Ravi has washing_machine at level 1; this job asks for 2."},
			{three, []string{"meena"}, "Meena has washing_machine at level 2; this job asks for 3."},
			{three, []string{"ravi", "meena"}, "Ravi has washing_machine at level 1; this job asks for 3."},
			{three, []string{"ravi", "sunil"}, ""}, {three, []string{"sunil", "meena"}, ""},
		} {
			want := 201
			if tc.no != "" {
				want = 422
			}
			got := desk.Send("POST", path("/v1/jobs/%s/visits", tc.job), object{"window_start": "2027-03-02T10:00", "window_end": "2027-03-02T12:00",
				"crew": h.Crew(tc.crew...)["crew"]}, want)
			if want == 201 {
				desk.CancelVisit(got, bodies.CancelVisit{Reason: "another try"})
			} else if got["code"] != "skill_missing" || got["reason"] != "skill" || got["detail"] != tc.no {
				t.Errorf("%v: %v", tc.crew, got)
			}
		}
		if who := offeredWindows(desk, three, "ravi", "2027-03-02T00:00", "2027-03-03T00:00"); len(who) != 0 {
			t.Errorf("ravi is offered in %v", who)
		}
		if who := offeredWindows(desk, three, "sunil", "2027-03-02T00:00", "2027-03-03T00:00"); len(who) == 0 {
			t.Error("sunil is not offered")
		}
		// A plan of the day gives it to who can; the level of a job may change.
		tray := desk.ScheduleVisit(three, bodies.Schedule{WindowStart: "2027-03-04T10:00", WindowEnd: "2027-03-04T12:00"})
		placed := harness.List(h.PlanDay(desk, "2027-03-04"), "visits")
		if len(placed) != 1 || placed[0]["visit_id"] != tray.ID || placed[0]["technician_id"] != h.People["sunil"].ID.String() {
			t.Errorf("the plan: %v", placed)
		}
		now := desk.Send("GET", path("/v1/jobs/%s", three), nil, 200)
		desk.Send("PATCH", path("/v1/jobs/%s", three), object{"skill_level": 1}, 200, "If-Match", fmt.Sprintf(`"%v"`, now["version"]))
		desk.Send("POST", path("/v1/visits/%s/assign", tray), h.Crew("ravi"), 200)
	})
}

// TestACentreTakesSoManyVisitsADay, wherever a visit comes from.
func TestACentreTakesSoManyVisitsADay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled")
		desk := h.As("kiran")
		if c := h.SetDailyLimit(2); c["max_visits_per_day"] != 2.0 {
			t.Fatalf("the centre: %v", c)
		}
		jobs := []object{}
		for range 4 {
			_, job := h.Household(desk, nil)
			jobs = append(jobs, job)
		}
		book := func(job object, day, hour, want int, crew ...string) object {
			at := time.Date(2027, 3, day, hour, 0, 0, 0, harness.Zone("Asia/Kolkata"))
			b := object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339)}
			if len(crew) > 0 {
				b["crew"] = h.Crew(crew...)["crew"]
			}
			return desk.Send("POST", path("/v1/jobs/%s/visits", job), b, want)
		}
		first := book(jobs[0], 3, 9, 201, "ravi", "meena") // two people are one visit
		second := book(jobs[1], 3, 13, 201)                // nobody's counts as well
		full := "The centre takes 2 visits on 2027-03-03 and has 2."
		for _, crew := range [][]string{{"ravi"}, nil} {
			if no := book(jobs[2], 3, 16, 409, crew...); no["code"] != "capacity_full" || no["reason"] != "capacity" || no["detail"] != full ||
				len(harness.List(no, "slots")) == 0 {
				t.Errorf("the third one of %v: %v", crew, no)
			}
		}
		for _, w := range items(desk.Slots(jobs[2], "explain", "true", "from", "2027-03-03T15:00", "to", "2027-03-03T18:00")) {
			for _, no := range harness.List(w, "refused") {
				if no["code"] != "capacity_full" || no["reason"] != "capacity" || no["detail"] != full {
					t.Errorf("explained: %v", no)
				}
			}
			if len(harness.List(w, "offers")) != 0 {
				t.Errorf("offered: %v", w)
			}
		}
		// What stands there already is assigned and moved within the day.
		desk.Send("POST", path("/v1/visits/%s/assign", second), h.Crew("ravi"), 200)
		if who := items(desk.Slots(jobs[1], "visit_id", harness.String(second["id"]), "from", "2027-03-03T15:00", "to",
			"2027-03-03T18:00")); len(who) == 0 {
			t.Error("a visit of the day finds no other hour of it")
		}
		moved := desk.Send("POST", path("/v1/visits/%s/reschedule", second),
			object{"window_start": "2027-03-03T16:00", "window_end": "2027-03-03T18:00"}, 201)
		// Another day's does not come in; an import says so in its row.
		away := book(jobs[2], 4, 10, 201, "ravi")
		if no := desk.Send("POST", path("/v1/visits/%s/reschedule", away),
			object{"window_start": "2027-03-03T10:00", "window_end": "2027-03-03T12:00", "crew": []string{}}, 409); no["code"] != "capacity_full" {
			t.Errorf("moved into a full day: %v", no)
		}
		sheet := "external_ref,name,phone,address,postal_code,fault,category,date,window\nCAP-1,Full household,9811110001,12 Example Lane,411001,leaks,refrigerator,2027-03-03,18:00-20:00\n"
		said := desk.Send("POST", "/v1/imports/jobs", sheet, 200, "Content-Type", "text/csv")
		if !strings.Contains(fmt.Sprint(said), full) {
			t.Errorf("the import: %v", said)
		}
		// A household is offered no hour of that day.
		for _, w := range h.CustomerPage(jobs[2]).FreeWindows() {
			if strings.HasPrefix(w, "2027-03-03") {
				t.Errorf("the page offers %s", w)
			}
		}
		// What falls through gives its place back; a bound that is lowered undoes nothing.
		desk.CancelVisit(moved, bodies.CancelVisit{Reason: "as asked"})
		third := book(jobs[3], 3, 18, 201)
		h.SetDailyLimit(1)
		desk.Send("POST", path("/v1/visits/%s/assign", third), h.Crew("ravi"), 200)
		desk.Send("POST", path("/v1/visits/%s/reschedule", first), object{"window_start": "2027-03-03T11:00", "window_end": "2027-03-03T13:00"},
			201)
		book(jobs[1], 4, 16, 409)
		// A flood moves what stands, onto a full day too.
		flood := desk.Send("POST", "/v1/centres/"+h.Centre.String()+"/disruption", object{"date": "2027-03-03", "reason": "flood"}, 201)
		if flood["moved"] != 2.0 || flood["unplaced"] != 0.0 {
			t.Errorf("the flood: %v", flood)
		}
		if c := h.SetDailyLimit(0); c["max_visits_per_day"] != nil {
			t.Errorf("without a bound: %v", c["max_visits_per_day"])
		}
		book(jobs[1], 4, 16, 201)
		for login, want := range map[string]int{"kiran": 403, "asha2": 404} {
			h.As(login).Send("PATCH", "/v1/centres/"+h.Centre.String(), object{"max_visits_per_day": 9}, want, "If-Match", `"1"`)
		}
	})
}

// TestATechnicianTakesSoManyVisitsADay: completed ones count, and the plan of
// a day keeps to it.
func TestATechnicianTakesSoManyVisitsADay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		hours := "/v1/technicians/" + ravi.ID.String() + "/hours"
		week := desk.Send("GET", hours, nil, 200)["hours"]
		desk.Send("PUT", hours, object{"hours": week, "max_visits_per_day": 2}, 200)
		if got := desk.Send("PUT", hours, object{"hours": week}, 200); got["max_visits_per_day"] != 2.0 { // left out, it stays
			t.Errorf("the bound: %v", got["max_visits_per_day"])
		}
		jobs := []object{}
		for range 5 {
			_, job := h.Household(desk, nil)
			jobs = append(jobs, job)
		}
		done := h.Visit(desk, jobs[0], harness.Monday, "ravi")
		ravi.CompleteVisit(done, bodies.Finish{EndCode: "0"})
		h.Visit(desk, jobs[1], harness.Monday.Add(3*time.Hour), "ravi")
		third := object{"window_start": harness.Monday.Add(6 * time.Hour), "window_end": harness.Monday.Add(8 * time.Hour),
			"crew": h.Crew("ravi")["crew"]}
		if no := desk.Send("POST", path("/v1/jobs/%s/visits", jobs[2]), third, 409); no["code"] != "capacity_full" ||
			no["detail"] != "Ravi takes 2 visits on 2027-03-01 and has 2." {
			t.Errorf("the third one: %v", no)
		}
		tray := desk.ScheduleVisit(jobs[2], bodies.Schedule{WindowStart: harness.Monday.Add(6 * time.Hour).Format(time.RFC3339),
			WindowEnd: harness.Monday.Add(8 * time.Hour).Format(time.RFC3339)})
		if no := desk.Send("POST", path("/v1/visits/%s/assign", tray), h.Crew("ravi"), 409); no["code"] != "capacity_full" {
			t.Errorf("assigned: %v", no)
		}
		if plan := h.PlanDay(desk, "2027-03-01"); len(harness.List(plan, "visits")) != 1 ||
			harness.List(plan, "visits")[0]["technician_id"] != h.People["meena"].ID.String() {
			t.Errorf("the plan: %v", plan["visits"])
		}
		// Meena takes what is beyond his number.
		for i, job := range jobs[2:] {
			from := harness.Monday.AddDate(0, 0, 3).Add(time.Duration(3*i) * time.Hour)
			desk.ScheduleVisit(job, bodies.Schedule{WindowStart: from.Format(time.RFC3339Nano), WindowEnd: from.Add(2 * time.Hour).
				Format(time.RFC3339Nano)})
		}
		desk.Send("PUT", hours, object{"hours": week, "max_visits_per_day": 1}, 200)
		his := 0
		both := h.PlanDay(desk, "2027-03-04")
		for _, v := range harness.List(both, "visits") {
			if v["technician_id"] == ravi.ID.String() {
				his++
			}
		}
		if len(harness.List(both, "visits")) != 3 || his > 1 {
			t.Errorf("the plan of both: %v, %v", both["visits"], both["unplaced"])
		}
		desk.Send("PUT", hours, object{"hours": week, "max_visits_per_day": 2}, 200)
		// With him alone the plan places two of three, and says why.
		desk.Send("PUT", "/v1/technicians/"+h.People["meena"].ID.String()+"/skills", object{"skills": []string{"oven"}}, 200)
		for i, job := range jobs[2:] {
			from := harness.Monday.AddDate(0, 0, 2).Add(time.Duration(3*i) * time.Hour)
			desk.ScheduleVisit(job, bodies.Schedule{WindowStart: from.Format(time.RFC3339Nano), WindowEnd: from.Add(2 * time.Hour).
				Format(time.RFC3339Nano)})
		}
		plan := h.PlanDay(desk, "2027-03-03")
		out := harness.List(plan, "unplaced")
		if len(harness.List(plan, "visits")) != 2 || len(out) != 1 || !strings.Contains(fmt.Sprint(out[0]["refusals"]), "capacity_full") {
			t.Fatalf("the plan: %v, %v", plan["visits"], out)
		}
		taken := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200)
		if len(taken["accepted"].([]any)) != 2 || len(harness.List(taken, "refused")) != 0 {
			t.Errorf("accepted: %v", taken)
		}
		desk.Send("PUT", hours, object{"hours": week, "max_visits_per_day": 0}, 200)
		if got := desk.Send("GET", hours, nil, 200); got["max_visits_per_day"] != nil {
			t.Errorf("without a bound: %v", got["max_visits_per_day"])
		}
	})
}

// TestManyWantTheLastPlaceOfADay: eight bookers, among them a household by its
// link, and one place in the centre's day. Different people would go at
// different hours, so that nothing but the bound stands between them.
func TestManyWantTheLastPlaceOfADay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned") // where the desk wins a place
		desk, asha := h.As("kiran"), h.As("asha")
		h.SetDailyLimit(3)
		for round := range 3 {
			day := time.Date(2027, 3, 3+round, 8, 0, 0, 0, harness.Zone("Asia/Kolkata"))
			for i := range 2 {
				_, job := h.Household(desk, nil)
				desk.ScheduleVisit(job, bodies.Schedule{WindowStart: day.Add(time.Duration(2*i) * time.Hour).Format(time.RFC3339Nano),
					WindowEnd: day.Add(time.Duration(2*i+2) * time.Hour).Format(time.RFC3339Nano)})
			}
			jobs := []object{}
			for range 8 {
				_, job := h.Household(desk, nil)
				jobs = append(jobs, job)
			}
			m := h.CustomerPage(jobs[7])
			key := harness.FormKey.FindStringSubmatch(m.Read())[1]
			wins, lost := make([]bool, 8), make([]object, 8)
			gate := make(chan struct{})
			var all sync.WaitGroup
			for i, job := range jobs {
				from := day.Add(time.Duration(i) * 75 * time.Minute)
				b := object{"window_start": from, "window_end": from.Add(2 * time.Hour), "planned_minutes": 30}
				if i%3 > 0 {
					b["crew"] = h.Crew([]string{"", "ravi", "meena"}[i%3])["crew"]
				}
				by := []*harness.Client{desk, asha}[i%2]
				all.Go(func() {
					<-gate
					if i < 7 {
						h.TryVisit(by, job, b, wins, lost, i)
						return
					}
					form := url.Values{"form_key": {key}, "window": {day.Add(10 * time.Hour).UTC().Format(time.RFC3339)}}
					_, res := h.Anonymous().Raw("POST", m.Link+"/another-time", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
					if wins[i] = res.StatusCode == 303; !wins[i] && res.StatusCode != 409 {
						t.Errorf("round %d: the link: %d", round, res.StatusCode)
					}
				})
			}
			close(gate)
			all.Wait()
			won := 0
			for _, w := range wins {
				if w {
					won++
				}
			}
			if won != 1 {
				t.Errorf("round %d: %d won the last place: %v", round, won, wins)
			}
			for i, no := range lost {
				if no != nil && (no["code"] != "capacity_full" || no["slots"] == nil) {
					t.Errorf("round %d: racer %d lost with %v", round, i, no)
				}
			}
			h.Advance(11 * time.Minute) // what was kept is let go
		}
	})
}

// Who says of themselves that they are ill is away at once; the desk hears of the
// visits that stand with him, and why he is ill is not the desk's to read.
func TestSicknessTellsTheDesk(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		h.ExpectOnly("ravi", "visit.assigned")
		day := func(n int) string { return harness.Monday.AddDate(0, 0, n).Format("2006-01-02") + "T00:00" }
		l := ravi.Send("POST", fmt.Sprintf("/v1/technicians/%s/leave", ravi.ID), object{"starts_at": day(1), "ends_at": day(3), "kind": "sick",
			"note": "surgery"}, 201)
		if got := l["affected"].([]any); l["status"] != "approved" || len(got) != 1 || got[0] != visit["id"] {
			t.Errorf("told: %v", l)
		}
		for _, who := range []string{"kiran", "asha"} {
			h.Expect(who, "Somebody is ill, visits with them: 1")
		}
		seen := func(by *harness.Client) object {
			return items(by.Send("GET", fmt.Sprintf("/v1/technicians/%s/leave", ravi.ID), nil, 200))[0]
		}
		if got := seen(desk)["note"]; got != "" {
			t.Errorf("the desk reads %v", got)
		}
		if a, b := seen(ravi)["note"], seen(h.As("asha"))["note"]; a != "surgery" || b != "surgery" {
			t.Errorf("he and the proprietor read %v, %v", a, b)
		}
		h.As("gita").Send("GET", fmt.Sprintf("/v1/technicians/%s/leave", ravi.ID), nil, 403)
		h.As("gita").Send("GET", fmt.Sprintf("/v1/users/%s/leave", ravi.ID), nil, 403)
		// A typing error of the desk is the desk's to take back.
		typo := desk.Send("POST", fmt.Sprintf("/v1/technicians/%s/leave", h.People["meena"].ID),
			object{"starts_at": day(5), "ends_at": day(6), "kind": "other"}, 201)
		desk.Send("POST", path("/v1/leave/%s/withdraw", typo), object{"reason": "somebody else"}, 200)
		desk.Send("POST", fmt.Sprintf("/v1/technicians/%s/leave", ravi.ID), object{"starts_at": day(5), "ends_at": "2199-01-01T00:00",
			"kind": "other"}, 422)
		h.Ignores("leave.cancelled")
	})
}

// An offer inside the window of a visit that waits for somebody can be taken:
// the crew begins at another time, and the household's window stands.
func TestAssigningAtAnotherTimeOfTheWindow(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk := h.As("kiran")
		_, first := h.Household(desk, nil)
		h.Visit(desk, first, harness.Monday.Add(24*time.Hour), "ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour))
		crew := []string{h.People["ravi"].ID.String()}
		desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": crew}, 409)
		for start, want := range map[string]int{
			harness.Monday.Add(21 * time.Hour).Format(time.RFC3339): 422, harness.Monday.Add(27 * time.Hour).Format(time.RFC3339): 422, "soon": 400,
		} {
			desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": crew, "planned_start": start}, want)
		}
		at := harness.Monday.Add(24*time.Hour + 70*time.Minute)
		got := desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": crew, "planned_start": at.Format(time.RFC3339)}, 200)
		if got["planned_start"] != at.Format(time.RFC3339) || got["window_start"] != visit["window_start"] ||
			got["confirmation"] != visit["confirmation"] {
			t.Errorf("assigned: %v", got)
		}
	})
}

// Nobody is promised a holiday, also where nobody is named yet.
func TestNoVisitOnAHoliday(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		centre := h.As("root").Send("GET", fmt.Sprintf("/v1/centres/%s", h.Centre), nil, 200)
		h.As("root").Send("PATCH", path("/v1/centres/%s", centre), object{"holidays": []string{"2027-03-05"}}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, centre["version"]))
		_, job := h.Household(desk, nil)
		at := object{"window_start": "2027-03-05T10:00", "window_end": "2027-03-05T12:00"}
		if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), at, 422); !strings.Contains(fmt.Sprint(out["detail"]), "holiday") {
			t.Errorf("refused with %v", out["detail"])
		}
	})
}
