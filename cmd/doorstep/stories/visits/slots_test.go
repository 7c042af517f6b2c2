package visits

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// sameRefusal demands that scheduling refuses with what slots said.
func sameRefusal(h *harness.Harness, what string, said, got object) {
	h.Helper()
	if got["code"] != said["code"] || got["detail"] != said["detail"] || got["reason"] != nil && got["reason"] != said["reason"] {
		h.Errorf("%s: slots say %v, scheduling says %v %v %v", what, said, got["code"], got["reason"], got["detail"])
	}
}

// TestWhatSlotsOfferSchedulingAccepts draws weeks, leave, skills, levels,
// numbers of visits a day, places, plans and diaries by chance: what is offered can be booked, and what is
// refused is refused with the same code, reason and words.
func TestWhatSlotsOfferSchedulingAccepts(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled")
		desk, asha, root := h.As("kiran"), h.As("asha"), h.As("root")
		h.AddColleague("sunil", h.As("ravi"))
		chance := rand.New(rand.NewPCG(7, 11))
		offered, refused, reasons := 0, 0, map[string]int{}
		centre := "/v1/centres/" + h.Centre.String()
		root.Send("PATCH", centre, object{"holidays": []string{"2027-03-05"}}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, root.Send("GET", centre, nil, 200)["version"]))
		place := func() object {
			s := object{"address": fmt.Sprintf("%d Lane", chance.IntN(1<<30)), "postal_code": "411001", "zone": "Asia/Kolkata"}
			if chance.IntN(4) > 0 {
				s["lat"], s["lon"] = 18.4+chance.Float64()/4, 73.7+chance.Float64()/4
			}
			return s
		}
		for round := range 30 {
			for _, login := range []string{"ravi", "meena", "sunil"} {
				hours := []object{}
				for d := range 7 {
					if chance.IntN(5) > 0 {
						hours = append(hours, object{"weekday": d, "from": fmt.Sprintf("%02d:00", 7+chance.IntN(4)), "to": "13:00"},
							object{"weekday": d, "from": "13:30", "to": fmt.Sprintf("%02d:30", 15+chance.IntN(6))})
					}
				}
				skills := []any{object{"category": "refrigerator", "level": 1 + chance.IntN(3)}}
				if chance.IntN(3) > 0 {
					skills = append(skills, []any{"oven", object{"category": "oven", "level": 1 + chance.IntN(3)}}[chance.IntN(2)])
				}
				asha.Send("PUT", "/v1/technicians/"+h.People[login].ID.String()+"/hours", object{"hours": hours, "max_visits_per_day": chance.IntN(3)},
					200)
				asha.Send("PUT", "/v1/technicians/"+h.People[login].ID.String()+"/skills", object{"skills": skills}, 200)
			}
			h.SetDailyLimit([]int{0, 0, 1, 2, 3}[chance.IntN(5)])
			if round%4 == 1 {
				from := harness.Monday.Add(time.Duration(24+chance.IntN(72)) * time.Hour)
				asha.Send("POST", "/v1/technicians/"+h.People["meena"].ID.String()+"/leave",
					object{"starts_at": from, "ends_at": from.Add(5 * time.Hour),
						"kind": "annual"}, 201)
			}
			_, job := h.Household(desk, object{"sites": []object{place()}})
			if chance.IntN(2) == 0 {
				job = desk.Send("POST", "/v1/jobs", object{"customer_id": job["customer_id"], "fault": "cold", "category": "oven",
					"skill_level": 1 + chance.IntN(3)}, 201)
			} else if level := chance.IntN(4); level > 0 {
				job = desk.Send("POST", "/v1/jobs", object{"customer_id": job["customer_id"], "fault": "cold", "category": "refrigerator",
					"skill_level": level}, 201)
			}
			switch round % 6 {
			case 2:
				h.SafePlan(job, "two_people")
			case 3:
				h.SafePlan(job, "daylight")
			case 4:
				h.SafePlan(job, "two_people", "daylight")
			}
			minutes := 30 + 30*chance.IntN(5)
			found := desk.Slots(job, "explain", "true", "planned_minutes", fmt.Sprint(minutes), "from", harness.Monday.Format(time.RFC3339), "to",
				harness.Monday.AddDate(0, 0, 6).Format(time.RFC3339))
			windows := items(found)
			for range 8 {
				w := windows[chance.IntN(len(windows))]
				b := object{"window_start": w["window_start"], "window_end": w["window_end"], "planned_minutes": minutes}
				for _, r := range harness.List(w, "refused") {
					reasons[r["reason"].(string)]++
				}
				if no := harness.List(w, "refused"); len(no) > 0 {
					r := no[chance.IntN(len(no))]
					b["crew"] = []any{r["technician_id"]}
					if r["reason"] == "plan" && found["crew_size"] == 2.0 && !strings.Contains(r["detail"].(string), "two people") {
						b["crew"] = []any{h.People["ravi"].ID, h.People["meena"].ID} // daylight is looked at once there are two
					}
					if found["crew_size"] == 2.0 && r["reason"] != "plan" {
						for _, login := range []string{"ravi", "meena", "sunil"} { // with whoever comes second
							if id := h.People[login].ID.String(); id != r["technician_id"] {
								b["crew"] = []any{r["technician_id"], id}
							}
						}
					}
					out, _ := desk.Raw("POST", path("/v1/jobs/%s/visits", job), b)
					sameRefusal(h, fmt.Sprint(w["window_start"]), r, harness.Parsed(h, out))
					refused++
				}
				if yes := harness.List(w, "offers"); len(yes) > 0 {
					o := yes[chance.IntN(len(yes))]
					b["crew"], b["planned_start"] = o["crew"], o["planned_start"]
					v := desk.Send("POST", path("/v1/jobs/%s/visits", job), b, 201)
					offered++
					if chance.IntN(3) == 0 {
						break // it stays, for the next ones to go around; what was found is old now
					}
					desk.CancelVisit(v, bodies.CancelVisit{Reason: "another try"})
				}
			}
		}
		if offered < 20 || refused < 20 || len(reasons) < 5 || reasons["capacity"] == 0 || reasons["skill"] == 0 {
			t.Errorf("%d offers taken, %d refusals compared, reasons %v", offered, refused, reasons)
		}
		t.Logf("%d offers taken, %d refusals compared, reasons %v", offered, refused, reasons)
	})
}

// TestAHouseholdChoosesAnotherTime is docs/product.md sections 3 and 6: real free
// windows, the chosen one kept for ten minutes, then taken or let go.
func TestAHouseholdChoosesAnotherTime(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "visit.another_time", "visit.assigned", "visit.cancelled", "visit.wait")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		_, rival := h.Household(desk, nil)
		first := h.Visit(desk, job, harness.Monday.Add(50*time.Hour), "ravi")
		m := h.CustomerPage(job)
		free := m.FreeWindows()
		if len(free) < 4 || len(free) > 6 || !slices.IsSorted(free) || strings.Contains(m.Read(), "Meena") {
			t.Fatalf("the page offers %v", free)
		}
		start, err := time.Parse(time.RFC3339, free[2])
		h.Must(err)
		m.Submit("another-time", 422, "window", "tomorrow-ish")
		m.Submit("another-time", 409, "window", start.Add(30*time.Minute).Format(time.RFC3339)) // no window of the grid
		// Nothing is kept.
		if said := m.Submit("another-time", 409, "take", "1"); !strings.Contains(said, "This time is not free any more") {
			t.Errorf("the page says %s", said)
		}
		m.Submit("another-time", 303, "window", free[2])
		if page := m.Read(); !strings.Contains(page, "We keep this time for you until 09:10") || !strings.Contains(page, `name="take"`) {
			t.Errorf("the page does not say what is kept:\n%s", page)
		}
		if body, _ := h.Anonymous().Raw("GET", m.Link+"?lang=hi", nil); !strings.Contains(string(body), "हाँ, यह समय ठीक है") {
			t.Error("nothing of it in Hindi")
		}
		if v := desk.Visit(first); v.Status != "scheduled" || v.Confirmation != "awaiting" {
			t.Errorf("what is only kept changed the visit: %v %v", v.Status, v.Confirmation)
		}
		// To others he is busy then; the household's own desk is not in the way.
		at := object{"window_start": free[2], "window_end": start.Add(2 * time.Hour).Format(time.RFC3339), "crew": h.Crew("ravi")["crew"]}
		no := desk.Send("POST", path("/v1/jobs/%s/visits", rival), at, 409)
		if no["code"] != "overlap" || no["reason"] != "kept" || len(harness.List(no, "slots")) == 0 || len(harness.List(no, "slots")) > 5 {
			t.Errorf("a kept time: %v", no)
		}
		h.Advance(10 * time.Minute)
		if page := m.Read(); strings.Contains(page, `name="take"`) {
			t.Error("still kept after ten minutes")
		}
		m.Submit("another-time", 409, "take", "1")
		taken := desk.Send("POST", path("/v1/jobs/%s/visits", rival), at, 201)
		desk.CancelVisit(taken, bodies.CancelVisit{Reason: "as asked"})
		// Chosen again, and taken.
		m.Submit("another-time", 303, "window", free[2])
		m.Submit("another-time", 303, "window", free[1]) // another choice lets the first one go
		desk.CancelVisit(desk.Send("POST", path("/v1/jobs/%s/visits", rival), at, 201), bodies.CancelVisit{Reason: "as asked"})
		key := harness.FormKey.FindStringSubmatch(m.Read())[1]
		m.SubmitWithKey("another-time", key, 303, "take", "1")
		m.SubmitWithKey("another-time", key, 303, "take", "1") // the second tap is the first one's
		old := desk.Visit(first)
		next := desk.Send("GET", "/v1/visits/"+old.SuccessorID, nil, 200)
		if old.Status != "rescheduled" || next["status"] != "scheduled" || next["confirmation"] != "confirmed" ||
			next["confirmed_how"] != "link" || next["agreed_attempt_id"] == nil ||
			!harness.Instant(t, next["window_start"]).Equal(harness.Instant(t, free[1])) || len(next["crew"].([]any)) != 1 {
			t.Errorf("taken: %v\n%v", old, next)
		}
		if n := harness.Count(h.EntryKinds(job), "visit.rescheduled"); n != 1 {
			t.Errorf("%d facts of it", n)
		}
		if page := m.Read(); strings.Contains(page, `name="take"`) {
			t.Error("still kept after it was taken")
		}
		// By voice at once; and where none fits, the wish is still written down.
		voice := object{"action": "another-time", "window_start": free[3]}
		if said := desk.Send("POST", path("/v1/jobs/%s/voice", job), voice, 200); said["held"] == nil {
			t.Errorf("by voice nothing is kept: %v", said)
		}
		voice["take"] = true
		if said := desk.Send("POST", path("/v1/jobs/%s/voice", job), voice, 200); said["held"] != nil ||
			said["job"].(object)["status"] != "scheduled" {
			t.Errorf("by voice: %v", said)
		}
		last := items(desk.Send("GET", fmt.Sprintf("/v1/visits?job_id=%v&status=scheduled", job["id"]), nil, 200))
		if len(last) != 1 || last[0]["confirmed_how"] != "call" || !harness.Instant(t, last[0]["window_start"]).
			Equal(harness.Instant(t, free[3])) {
			t.Errorf("by voice: %v", last)
		}
		m.Submit("another-time", 303, "date", h.Clock.Now().AddDate(0, 0, 9).Format("2006-01-02"), "part", "morning")
		if v := desk.Visit(last[0]); v.Confirmation != "declined" {
			t.Errorf("the wish: %v", v.Confirmation)
		}
		// Under a hold nothing is offered, and nothing says why.
		h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "unsafe_premises", Level: 2})
		if held := m.FreeWindows(); len(held) != 0 {
			t.Errorf("offered under a hold: %v", held)
		}
		m.Submit("another-time", 409, "window", free[2])
		if refused := desk.Slots(job)["refused"].(object); refused["code"] != "held" || refused["reason"] != "hold" {
			t.Errorf("slots under a hold: %v", refused)
		}
		// A technician asks for himself, the brand's admin not at all.
		_, own := h.Household(desk, nil)
		h.Visit(desk, own, harness.Monday.Add(26*time.Hour), "ravi")
		for _, w := range items(ravi.Slots(own, "explain", "true")) {
			for _, o := range append(harness.List(w, "offers"), harness.List(w, "refused")...) {
				if crew, ok := o["crew"].([]any); ok && crew[0] != ravi.ID.String() || o["technician_id"] != nil &&
					o["technician_id"] != ravi.ID.String() {
					t.Fatalf("ravi is told of others: %v", o)
				}
			}
		}
		h.As("root").Send("GET", path("/v1/jobs/%s/slots", own), nil, 403)
		h.As("kiran2").Send("GET", path("/v1/jobs/%s/slots", own), nil, 404)
		desk.Send("GET", path("/v1/jobs/%s/slots?from=2027-03-01T10:00&to=2027-05-01T10:00", own), nil, 422)
	})
}

// TestManyWantOneSlot: two boards, a household by its link, an import, the
// technician himself and a desk that gives him a visit which recurring
// generation makes in that moment race for one hour of his; one of them wins.
func TestManyWantOneSlot(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, asha, ravi := h.As("kiran"), h.As("asha"), h.As("ravi")
		asha.Send("PUT", "/v1/technicians/"+h.People["meena"].ID.String()+"/skills", object{"skills": []string{"oven"}},
			200) // so that ravi is the only one
		for round := range 6 {
			jobs := []object{}
			for range 4 {
				_, job := h.Household(desk, nil)
				jobs = append(jobs, job)
			}
			h.Visit(desk, jobs[3], h.Clock.Now().Add(time.Duration(24*20+round)*time.Hour), "ravi") // his job, to be seen by him
			m := h.CustomerPage(jobs[2])
			free := m.FreeWindows()
			start, err := time.Parse(time.RFC3339, free[round%len(free)])
			h.Must(err)
			b := object{"window_start": start.Format(time.RFC3339), "window_end": start.Add(2 * time.Hour).Format(time.RFC3339),
				"crew": h.Crew("ravi")["crew"]}
			_, before := h.Household(desk, nil) // he has the second hour of the window
			full := object{"planned_start": start.Add(time.Hour).Format(time.RFC3339)}
			for k, v := range b {
				full[k] = v
			}
			desk.Send("POST", path("/v1/jobs/%s/visits", before), full, 201)
			own := object{"contact": object{"channel": "phone", "outcome": "reached", "ring_seconds": 30}}
			for k, v := range b {
				own[k] = v
			}
			kolkata := start.In(harness.Zone("Asia/Kolkata"))
			sheet := fmt.Sprintf(
				"external_ref,name,phone,address,postal_code,fault,category,date,window,technician\nRACE-%d,Race household,98%08d,12 Example Lane,411001,leaks,refrigerator,%s,%s-%s,ravi\n",
				round, 11110000+round, kolkata.Format("2006-01-02"), kolkata.Format("15:04"), kolkata.Add(2*time.Hour).Format("15:04"))
			wins, lost := make([]bool, 6), make([]object, 6)
			served, _ := h.Household(desk, nil)
			series := desk.Send("POST", "/v1/maintenance", object{"customer_id": served["id"], "rrule": "FREQ=YEARLY;COUNT=1",
				"dtstart": kolkata.Format("2006-01-02T15:04"), "fault": "clean the coils", "category": "refrigerator"}, 201)
			key := harness.FormKey.FindStringSubmatch(m.Read())[1]
			form := url.Values{"form_key": {key}, "window": {free[round%len(free)]}}
			runs := []func(i int){
				func(i int) { h.TryVisit(desk, jobs[0], b, wins, lost, i) },
				func(i int) { h.TryVisit(asha, jobs[1], b, wins, lost, i) },
				func(i int) {
					_, res := h.Anonymous().Raw("POST", m.Link+"/another-time", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
					wins[i] = res.StatusCode == 303
					if !wins[i] && res.StatusCode != 409 {
						t.Errorf("the link: %d", res.StatusCode)
					}
				},
				func(i int) {
					desk.Send("POST", "/v1/imports/jobs", sheet, 200, "Content-Type", "text/csv")
					for _, made := range items(desk.Send("GET", fmt.Sprintf("/v1/jobs?external_ref=RACE-%d", round), nil, 200)) {
						booked := items(desk.Send("GET", fmt.Sprintf("/v1/visits?job_id=%v", made["id"]), nil, 200))
						wins[i] = len(booked) > 0 && len(booked[0]["crew"].([]any)) > 0 // without Ravi it lands all the same
					}
				},
				func(i int) { h.TryVisit(ravi, jobs[3], own, wins, lost, i) },
				func(i int) {
					if err := h.Server.Settle(t.Context()); err != nil {
						t.Error(err)
					}
					made := desk.Send("GET", path("/v1/maintenance/%s", series), nil, 200)["jobs"].([]any)
					if len(made) != 1 {
						t.Errorf("generated: %v", made)
						return
					}
					visits := items(desk.Send("GET", fmt.Sprintf("/v1/visits?job_id=%v", made[0].(object)["job_id"]), nil, 200))
					if len(visits) != 1 || !harness.Instant(t, visits[0]["window_start"]).Equal(start) || len(visits[0]["crew"].([]any)) != 0 {
						t.Errorf("generated: %v", visits)
						return
					}
					out, res := desk.Raw("POST", path("/v1/visits/%s/assign", visits[0]), h.Crew("ravi"))
					if wins[i] = res.StatusCode == 200; !wins[i] {
						lost[i] = harness.Parsed(h, out)
					}
				},
			}
			var all sync.WaitGroup
			gate := make(chan struct{})
			for i := range runs {
				all.Go(func() { <-gate; runs[i](i) })
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
				t.Errorf("round %d: %d won: %v", round, won, wins)
			}
			for i, no := range lost {
				if no == nil {
					continue
				}
				if no["code"] != "overlap" || no["slots"] == nil || len(harness.List(no, "slots")) == 0 {
					t.Errorf("round %d: racer %d lost with %v", round, i, no)
				}
				for _, w := range harness.List(no, "slots") {
					for _, o := range harness.List(w, "offers") {
						if o["crew"].([]any)[0] == ravi.ID.String() && harness.Instant(t, o["planned_start"]).Equal(start) {
							t.Errorf("round %d: the slot that was lost is offered", round)
						}
					}
				}
			}
			h.Advance(11 * time.Minute) // what was kept is let go
		}
	})
}

// TestOtherHoursOnADate: a day off, and other hours, stand before the week.
func TestOtherHoursOnADate(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), "/v1/technicians/"+h.People["ravi"].ID.String()+"/hours"
		week := desk.Send("GET", ravi, nil, 200)["hours"]
		desk.Send("PUT", ravi, object{"hours": week, "exceptions": []object{{"date": "2027-03-03", "hours": []object{}},
			{"date": "2027-03-04", "hours": []object{{"from": "14:00", "to": "22:00"}}}}}, 200)
		desk.Send("PUT", ravi, object{"hours": week}, 200) // left out, they stay
		desk.Send("PUT", ravi,
			object{"hours": week, "exceptions": []object{{"date": "2027-03-05", "hours": []object{{"from": "14:00", "to": "12:00"}}}}},
			422)
		desk.Send("PUT", ravi, object{"hours": week, "exceptions": []object{{"date": "2027-03-05", "hours": []object{}},
			{"date": "2027-03-05", "hours": []object{}}}}, 422)
		if got := desk.Send("GET", ravi, nil, 200); len(harness.List(got, "exceptions")) != 2 {
			t.Errorf("exceptions: %v", got)
		}
		_, job := h.Household(desk, nil)
		book := func(day, hour, want int) object {
			at := time.Date(2027, 3, day, hour, 0, 0, 0, harness.Zone("Asia/Kolkata"))
			return desk.Send("POST", path("/v1/jobs/%s/visits", job),
				object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339),
					"crew": h.Crew("ravi")["crew"]},
				want)
		}
		if no := book(3, 10, 422); no["detail"] != "Ravi does not work on 2027-03-03." || no["reason"] != "hours" {
			t.Errorf("a day off: %v", no)
		}
		if no := book(4, 10, 422); no["detail"] != "Ravi works 14:00-22:00 on 2027-03-04." {
			t.Errorf("other hours: %v", no)
		}
		book(4, 20, 201) // after his week's end
		for _, w := range items(desk.Slots(job, "from", "2027-03-03T00:00", "to", "2027-03-04T00:00")) {
			for _, o := range harness.List(w, "offers") {
				if o["crew"].([]any)[0] == h.People["ravi"].ID.String() {
					t.Errorf("offered on his day off: %v", w)
				}
			}
		}
	})
}

// TestSlotsOverTheNightOfTheClocks: in London the windows of the day before
// and the day after are the same hours on the wall, and can be booked.
func TestSlotsOverTheNightOfTheClocks(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, london := h.As("kiran2"), harness.Zone("Europe/London")
		_, job := h.Household(desk, object{"sites": []object{{"address": "1 Lane", "postal_code": "SE1", "zone": "Europe/London", "lat": 51.5,
			"lon": -0.09}}})
		for _, night := range []string{"2027-03-27", "2027-10-30"} {
			from, err := time.ParseInLocation(time.DateOnly, night, london)
			h.Must(err)
			hours := map[string][]string{}
			for _, w := range items(desk.Slots(job, "from", night+"T00:00", "to", from.AddDate(0, 0, 2).Format("2006-01-02T15:04"))) {
				start, end := harness.Instant(t, w["window_start"]).In(london), harness.Instant(t, w["window_end"]).In(london)
				hours[start.Format(time.DateOnly)] = append(hours[start.Format(time.DateOnly)], start.Format("15:04")+"-"+end.Format("15:04"))
				if start.Day() == from.AddDate(0, 0, 1).Day() && start.Hour() == 8 {
					o := harness.List(w, "offers")[0]
					v := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": start.Format("2006-01-02T15:04"),
						"window_end": end.Format("2006-01-02T15:04"), "crew": o["crew"]}, 201)
					if !harness.Instant(t, v["window_start"]).Equal(start) || !harness.Instant(t, v["planned_start"]).
						Equal(harness.Instant(t, o["planned_start"])) {
						t.Errorf("%s: offered %v, booked %v", night, start, v["window_start"])
					}
				}
			}
			for day, got := range hours {
				slices.Sort(got)
				if fmt.Sprint(got) != "[08:00-10:00 10:00-12:00 12:00-14:00 14:00-16:00 16:00-18:00 18:00-20:00]" {
					t.Errorf("%s: %v", day, got)
				}
			}
			if len(hours) != 2 {
				t.Errorf("%d days", len(hours))
			}
		}
	})
}
