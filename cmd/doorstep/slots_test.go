package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// slots asks for the arrival windows of a job.
func (p *person) slots(job obj, query ...string) obj {
	p.h.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return p.send("GET", path("/v1/jobs/%s/slots?", job)+q.Encode(), nil, 200)
}

// sameNo demands that scheduling refuses with what slots said.
func (h *harness) sameNo(what string, said, got obj) {
	h.Helper()
	if got["code"] != said["code"] || got["detail"] != said["detail"] || got["reason"] != nil && got["reason"] != said["reason"] {
		h.Errorf("%s: slots say %v, scheduling says %v %v %v", what, said, got["code"], got["reason"], got["detail"])
	}
}

// TestWhatSlotsOfferSchedulingAccepts draws weeks, leave, skills, levels,
// numbers of visits a day, places, plans and diaries by chance: what is offered can be booked, and what is
// refused is refused with the same code, reason and words.
func TestWhatSlotsOfferSchedulingAccepts(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled")
		desk, asha, root := h.as("kiran"), h.as("asha"), h.as("root")
		h.colleague("sunil", h.as("ravi"))
		chance := rand.New(rand.NewPCG(7, 11))
		offered, refused, reasons := 0, 0, map[string]int{}
		centre := "/v1/centres/" + h.centre.String()
		root.send("PATCH", centre, obj{"holidays": []string{"2027-03-05"}}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, root.send("GET", centre, nil, 200)["version"]))
		place := func() obj {
			s := obj{"address": "1 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}
			if chance.IntN(4) > 0 {
				s["lat"], s["lon"] = 18.4+chance.Float64()/4, 73.7+chance.Float64()/4
			}
			return s
		}
		for round := range 30 {
			for _, login := range []string{"ravi", "meena", "sunil"} {
				hours := []obj{}
				for d := range 7 {
					if chance.IntN(5) > 0 {
						hours = append(hours, obj{"weekday": d, "from": fmt.Sprintf("%02d:00", 7+chance.IntN(4)), "to": "13:00"},
							obj{"weekday": d, "from": "13:30", "to": fmt.Sprintf("%02d:30", 15+chance.IntN(6))})
					}
				}
				skills := []any{obj{"category": "refrigerator", "level": 1 + chance.IntN(3)}}
				if chance.IntN(3) > 0 {
					skills = append(skills, []any{"oven", obj{"category": "oven", "level": 1 + chance.IntN(3)}}[chance.IntN(2)])
				}
				asha.send("PUT", "/v1/technicians/"+h.people[login].id.String()+"/hours", obj{"hours": hours, "max_visits_per_day": chance.IntN(3)},
					200)
				asha.send("PUT", "/v1/technicians/"+h.people[login].id.String()+"/skills", obj{"skills": skills}, 200)
			}
			h.takes([]int{0, 0, 1, 2, 3}[chance.IntN(5)])
			if round%4 == 1 {
				from := monday.Add(time.Duration(24+chance.IntN(72)) * time.Hour)
				asha.send("POST", "/v1/technicians/"+h.people["meena"].id.String()+"/leave", obj{"starts_at": from, "ends_at": from.Add(5 * time.Hour),
					"kind": "annual"}, 201)
			}
			_, job := h.household(desk, obj{"sites": []obj{place()}})
			if chance.IntN(2) == 0 {
				job = desk.send("POST", "/v1/jobs", obj{"customer_id": job["customer_id"], "fault": "cold", "category": "oven",
					"skill_level": 1 + chance.IntN(3)}, 201)
			} else if level := chance.IntN(4); level > 0 {
				job = desk.send("POST", "/v1/jobs", obj{"customer_id": job["customer_id"], "fault": "cold", "category": "refrigerator",
					"skill_level": level}, 201)
			}
			switch round % 6 {
			case 2:
				h.planned(job, "two_people")
			case 3:
				h.planned(job, "daylight")
			case 4:
				h.planned(job, "two_people", "daylight")
			}
			minutes := 30 + 30*chance.IntN(5)
			found := desk.slots(job, "explain", "true", "planned_minutes", fmt.Sprint(minutes), "from", monday.Format(time.RFC3339), "to",
				monday.AddDate(0, 0, 6).Format(time.RFC3339))
			windows := items(found)
			for range 8 {
				w := windows[chance.IntN(len(windows))]
				b := obj{"window_start": w["window_start"], "window_end": w["window_end"], "planned_minutes": minutes}
				for _, r := range list(w, "refused") {
					reasons[r["reason"].(string)]++
				}
				if no := list(w, "refused"); len(no) > 0 {
					r := no[chance.IntN(len(no))]
					b["crew"] = []any{r["technician_id"]}
					if r["reason"] == "plan" && found["crew_size"] == 2.0 && !strings.Contains(r["detail"].(string), "two people") {
						b["crew"] = []any{h.people["ravi"].id, h.people["meena"].id} // daylight is looked at once there are two
					}
					if found["crew_size"] == 2.0 && r["reason"] != "plan" {
						for _, login := range []string{"ravi", "meena", "sunil"} { // with whoever comes second
							if id := h.people[login].id.String(); id != r["technician_id"] {
								b["crew"] = []any{r["technician_id"], id}
							}
						}
					}
					out, _ := desk.raw("POST", path("/v1/jobs/%s/visits", job), b)
					h.sameNo(fmt.Sprint(w["window_start"]), r, parsed(h, out))
					refused++
				}
				if yes := list(w, "offers"); len(yes) > 0 {
					o := yes[chance.IntN(len(yes))]
					b["crew"], b["planned_start"] = o["crew"], o["planned_start"]
					v := desk.send("POST", path("/v1/jobs/%s/visits", job), b, 201)
					offered++
					if chance.IntN(3) == 0 {
						break // it stays, for the next ones to go around; what was found is old now
					}
					desk.send("POST", path("/v1/visits/%s/cancel", v), obj{"reason": "another try"}, 200)
				}
			}
		}
		if offered < 20 || refused < 20 || len(reasons) < 5 || reasons["capacity"] == 0 || reasons["skill"] == 0 {
			t.Errorf("%d offers taken, %d refusals compared, reasons %v", offered, refused, reasons)
		}
		t.Logf("%d offers taken, %d refusals compared, reasons %v", offered, refused, reasons)
	})
}

var freeWindow = regexp.MustCompile(`name="window" value="([^"]+)"`)

// windows are the starts that the page offers.
func (m *household) windows() (out []string) {
	m.h.Helper()
	for _, w := range freeWindow.FindAllStringSubmatch(m.page(), -1) {
		out = append(out, w[1])
	}
	return out
}

// TestAHouseholdChoosesAnotherTime is docs/product.md sections 3 and 6: real free
// windows, the chosen one kept for ten minutes, then taken or let go.
func TestAHouseholdChoosesAnotherTime(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "visit.another_time", "visit.assigned", "visit.cancelled", "visit.wait")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		_, rival := h.household(desk, nil)
		first := h.visit(desk, job, monday.Add(50*time.Hour), "ravi")
		m := h.home(desk, job)
		free := m.windows()
		if len(free) < 4 || len(free) > 6 || !slices.IsSorted(free) || strings.Contains(m.page(), "Meena") {
			t.Fatalf("the page offers %v", free)
		}
		start, err := time.Parse(time.RFC3339, free[2])
		h.must(err)
		m.taps("another-time", 422, "window", "tomorrow-ish")
		m.taps("another-time", 409, "window", start.Add(30*time.Minute).Format(time.RFC3339)) // no window of the grid
		// Nothing is kept.
		if said := m.taps("another-time", 409, "take", "1"); !strings.Contains(said, "This time is not free any more") {
			t.Errorf("the page says %s", said)
		}
		m.taps("another-time", 303, "window", free[2])
		if page := m.page(); !strings.Contains(page, "We keep this time for you until 09:10") || !strings.Contains(page, `name="take"`) {
			t.Errorf("the page does not say what is kept:\n%s", page)
		}
		if body, _ := h.anonymous().raw("GET", m.link+"?lang=hi", nil); !strings.Contains(string(body), "हाँ, यह समय ठीक है") {
			t.Error("nothing of it in Hindi")
		}
		if v := desk.send("GET", path("/v1/visits/%s", first), nil, 200); v["status"] != "scheduled" || v["confirmation"] != "awaiting" {
			t.Errorf("what is only kept changed the visit: %v %v", v["status"], v["confirmation"])
		}
		// To others he is busy then; the household's own desk is not in the way.
		at := obj{"window_start": free[2], "window_end": start.Add(2 * time.Hour).Format(time.RFC3339), "crew": h.crew("ravi")["crew"]}
		no := desk.send("POST", path("/v1/jobs/%s/visits", rival), at, 409)
		if no["code"] != "overlap" || no["reason"] != "kept" || len(list(no, "slots")) == 0 || len(list(no, "slots")) > 5 {
			t.Errorf("a kept time: %v", no)
		}
		h.advance(10 * time.Minute)
		if page := m.page(); strings.Contains(page, `name="take"`) {
			t.Error("still kept after ten minutes")
		}
		m.taps("another-time", 409, "take", "1")
		taken := desk.send("POST", path("/v1/jobs/%s/visits", rival), at, 201)
		desk.send("POST", path("/v1/visits/%s/cancel", taken), obj{"reason": "x"}, 200)
		// Chosen again, and taken.
		m.taps("another-time", 303, "window", free[2])
		m.taps("another-time", 303, "window", free[1]) // another choice lets the first one go
		desk.send("POST", path("/v1/visits/%s/cancel", desk.send("POST", path("/v1/jobs/%s/visits", rival), at, 201)), obj{"reason": "x"}, 200)
		key := formKey.FindStringSubmatch(m.page())[1]
		m.sends("another-time", key, 303, "take", "1")
		m.sends("another-time", key, 303, "take", "1") // the second tap is the first one's
		old := desk.send("GET", path("/v1/visits/%s", first), nil, 200)
		next := desk.send("GET", "/v1/visits/"+toString(old["successor_id"]), nil, 200)
		if old["status"] != "rescheduled" || next["status"] != "scheduled" || next["confirmation"] != "confirmed" ||
			next["confirmed_how"] != "link" || next["agreed_attempt_id"] == nil ||
			!instant(t, next["window_start"]).Equal(instant(t, free[1])) || len(next["crew"].([]any)) != 1 {
			t.Errorf("taken: %v\n%v", old, next)
		}
		if n := count(h.factKinds(job), "visit.rescheduled"); n != 1 {
			t.Errorf("%d facts of it", n)
		}
		if page := m.page(); strings.Contains(page, `name="take"`) {
			t.Error("still kept after it was taken")
		}
		// By voice at once; and where none fits, the wish is still written down.
		voice := obj{"action": "another-time", "window_start": free[3]}
		if said := desk.send("POST", path("/v1/jobs/%s/voice", job), voice, 200); said["held"] == nil {
			t.Errorf("by voice nothing is kept: %v", said)
		}
		voice["take"] = true
		if said := desk.send("POST", path("/v1/jobs/%s/voice", job), voice, 200); said["held"] != nil ||
			said["job"].(obj)["status"] != "scheduled" {
			t.Errorf("by voice: %v", said)
		}
		last := items(desk.send("GET", fmt.Sprintf("/v1/visits?job_id=%v&status=scheduled", job["id"]), nil, 200))
		if len(last) != 1 || last[0]["confirmed_how"] != "call" || !instant(t, last[0]["window_start"]).Equal(instant(t, free[3])) {
			t.Errorf("by voice: %v", last)
		}
		m.taps("another-time", 303, "date", h.clock.Now().AddDate(0, 0, 9).Format("2006-01-02"), "part", "morning")
		if v := desk.send("GET", path("/v1/visits/%s", last[0]), nil, 200); v["confirmation"] != "declined" {
			t.Errorf("the wish: %v", v["confirmation"])
		}
		// Under a hold nothing is offered, and nothing says why.
		h.as("noor").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "unsafe_premises", "level": 2}, 201)
		if held := m.windows(); len(held) != 0 {
			t.Errorf("offered under a hold: %v", held)
		}
		m.taps("another-time", 409, "window", free[2])
		if refused := desk.slots(job)["refused"].(obj); refused["code"] != "held" || refused["reason"] != "hold" {
			t.Errorf("slots under a hold: %v", refused)
		}
		// A technician asks for himself, the brand's admin not at all.
		_, own := h.household(desk, nil)
		h.visit(desk, own, monday.Add(26*time.Hour), "ravi")
		for _, w := range items(ravi.slots(own, "explain", "true")) {
			for _, o := range append(list(w, "offers"), list(w, "refused")...) {
				if crew, ok := o["crew"].([]any); ok && crew[0] != ravi.id.String() || o["technician_id"] != nil &&
					o["technician_id"] != ravi.id.String() {
					t.Fatalf("ravi is told of others: %v", o)
				}
			}
		}
		h.as("root").send("GET", path("/v1/jobs/%s/slots", own), nil, 403)
		h.as("kiran2").send("GET", path("/v1/jobs/%s/slots", own), nil, 404)
		desk.send("GET", path("/v1/jobs/%s/slots?from=2027-03-01T10:00&to=2027-05-01T10:00", own), nil, 422)
	})
}

// TestManyWantOneSlot: two boards, a household by its link, an import, the
// technician himself and a desk that gives him a visit which recurring
// generation makes in that moment race for one hour of his; one of them wins.
func TestManyWantOneSlot(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		desk, asha, ravi := h.as("kiran"), h.as("asha"), h.as("ravi")
		asha.send("PUT", "/v1/technicians/"+h.people["meena"].id.String()+"/skills", obj{"skills": []string{"oven"}},
			200) // so that ravi is the only one
		for round := range 6 {
			jobs := []obj{}
			for range 4 {
				_, job := h.household(desk, nil)
				jobs = append(jobs, job)
			}
			h.visit(desk, jobs[3], h.clock.Now().Add(time.Duration(24*20+round)*time.Hour), "ravi") // his job, to be seen by him
			m := h.home(desk, jobs[2])
			free := m.windows()
			start, err := time.Parse(time.RFC3339, free[round%len(free)])
			h.must(err)
			b := obj{"window_start": start.Format(time.RFC3339), "window_end": start.Add(2 * time.Hour).Format(time.RFC3339),
				"crew": h.crew("ravi")["crew"]}
			_, before := h.household(desk, nil) // he has the second hour of the window
			full := obj{"planned_start": start.Add(time.Hour).Format(time.RFC3339)}
			for k, v := range b {
				full[k] = v
			}
			desk.send("POST", path("/v1/jobs/%s/visits", before), full, 201)
			own := obj{"contact": obj{"channel": "phone", "outcome": "reached", "ring_seconds": 30}}
			for k, v := range b {
				own[k] = v
			}
			kolkata := start.In(domainZone("Asia/Kolkata"))
			sheet := fmt.Sprintf(
				"external_ref,name,phone,address,postal_code,fault,category,date,window,technician\nRACE-%d,Race household,98%08d,12 Example Lane,411001,leaks,refrigerator,%s,%s-%s,ravi\n",
				round, 11110000+round, kolkata.Format("2006-01-02"), kolkata.Format("15:04"), kolkata.Add(2*time.Hour).Format("15:04"))
			wins, lost := make([]bool, 6), make([]obj, 6)
			served, _ := h.household(desk, nil)
			series := desk.send("POST", "/v1/maintenance", obj{"customer_id": served["id"], "rrule": "FREQ=YEARLY;COUNT=1",
				"dtstart": kolkata.Format("2006-01-02T15:04"), "fault": "clean the coils", "category": "refrigerator"}, 201)
			key := formKey.FindStringSubmatch(m.page())[1]
			form := url.Values{"form_key": {key}, "window": {free[round%len(free)]}}
			runs := []func(i int){
				func(i int) { h.books(desk, jobs[0], b, wins, lost, i) },
				func(i int) { h.books(asha, jobs[1], b, wins, lost, i) },
				func(i int) {
					_, res := h.anonymous().raw("POST", m.link+"/another-time", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
					wins[i] = res.StatusCode == 303
					if !wins[i] && res.StatusCode != 409 {
						t.Errorf("the link: %d", res.StatusCode)
					}
				},
				func(i int) {
					desk.send("POST", "/v1/imports/jobs", sheet, 200, "Content-Type", "text/csv")
					for _, made := range items(desk.send("GET", fmt.Sprintf("/v1/jobs?external_ref=RACE-%d", round), nil, 200)) {
						wins[i] = len(items(desk.send("GET", fmt.Sprintf("/v1/visits?job_id=%v", made["id"]), nil, 200))) > 0
					}
				},
				func(i int) { h.books(ravi, jobs[3], own, wins, lost, i) },
				func(i int) {
					if err := h.house.Settle(t.Context()); err != nil {
						t.Error(err)
					}
					made := desk.send("GET", path("/v1/maintenance/%s", series), nil, 200)["jobs"].([]any)
					if len(made) != 1 {
						t.Errorf("generated: %v", made)
						return
					}
					visits := items(desk.send("GET", fmt.Sprintf("/v1/visits?job_id=%v", made[0].(obj)["job_id"]), nil, 200))
					if len(visits) != 1 || !instant(t, visits[0]["window_start"]).Equal(start) || len(visits[0]["crew"].([]any)) != 0 {
						t.Errorf("generated: %v", visits)
						return
					}
					out, res := desk.raw("POST", path("/v1/visits/%s/assign", visits[0]), h.crew("ravi"))
					if wins[i] = res.StatusCode == 200; !wins[i] {
						lost[i] = parsed(h, out)
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
				if no["code"] != "overlap" || no["slots"] == nil || len(list(no, "slots")) == 0 {
					t.Errorf("round %d: racer %d lost with %v", round, i, no)
				}
				for _, w := range list(no, "slots") {
					for _, o := range list(w, "offers") {
						if o["crew"].([]any)[0] == ravi.id.String() && instant(t, o["planned_start"]).Equal(start) {
							t.Errorf("round %d: the slot that was lost is offered", round)
						}
					}
				}
			}
			h.advance(11 * time.Minute) // what was kept is let go
		}
	})
}

// books schedules and notes whether it won.
func (h *harness) books(by *person, job, b obj, wins []bool, lost []obj, i int) {
	out, res := by.raw("POST", path("/v1/jobs/%s/visits", job), b)
	if wins[i] = res.StatusCode == 201; !wins[i] {
		lost[i] = parsed(h, out)
	}
}

// TestOtherHoursOnADate: a day off, and other hours, stand before the week.
func TestOtherHoursOnADate(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		desk, ravi := h.as("kiran"), "/v1/technicians/"+h.people["ravi"].id.String()+"/hours"
		week := desk.send("GET", ravi, nil, 200)["hours"]
		desk.send("PUT", ravi, obj{"hours": week, "exceptions": []obj{{"date": "2027-03-03", "hours": []obj{}},
			{"date": "2027-03-04", "hours": []obj{{"from": "14:00", "to": "22:00"}}}}}, 200)
		desk.send("PUT", ravi, obj{"hours": week}, 200) // left out, they stay
		desk.send("PUT", ravi, obj{"hours": week, "exceptions": []obj{{"date": "2027-03-05", "hours": []obj{{"from": "14:00", "to": "12:00"}}}}},
			422)
		desk.send("PUT", ravi, obj{"hours": week, "exceptions": []obj{{"date": "2027-03-05", "hours": []obj{}},
			{"date": "2027-03-05", "hours": []obj{}}}}, 422)
		if got := desk.send("GET", ravi, nil, 200); len(list(got, "exceptions")) != 2 {
			t.Errorf("exceptions: %v", got)
		}
		_, job := h.household(desk, nil)
		book := func(day, hour, want int) obj {
			at := time.Date(2027, 3, day, hour, 0, 0, 0, domainZone("Asia/Kolkata"))
			return desk.send("POST", path("/v1/jobs/%s/visits", job),
				obj{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339), "crew": h.crew("ravi")["crew"]},
				want)
		}
		if no := book(3, 10, 422); no["detail"] != "Ravi does not work on 2027-03-03." || no["reason"] != "hours" {
			t.Errorf("a day off: %v", no)
		}
		if no := book(4, 10, 422); no["detail"] != "Ravi works 14:00-22:00 on 2027-03-04." {
			t.Errorf("other hours: %v", no)
		}
		book(4, 20, 201) // after his week's end
		for _, w := range items(desk.slots(job, "from", "2027-03-03T00:00", "to", "2027-03-04T00:00")) {
			for _, o := range list(w, "offers") {
				if o["crew"].([]any)[0] == h.people["ravi"].id.String() {
					t.Errorf("offered on his day off: %v", w)
				}
			}
		}
	})
}

// TestSlotsOverTheNightOfTheClocks: in London the windows of the day before
// and the day after are the same hours on the wall, and can be booked.
func TestSlotsOverTheNightOfTheClocks(t *testing.T) {
	stories(t, func(h *harness) {
		desk, london := h.as("kiran2"), domainZone("Europe/London")
		_, job := h.household(desk, obj{"sites": []obj{{"address": "1 Lane", "postal_code": "SE1", "zone": "Europe/London", "lat": 51.5,
			"lon": -0.09}}})
		for _, night := range []string{"2027-03-27", "2027-10-30"} {
			from, err := time.ParseInLocation(time.DateOnly, night, london)
			h.must(err)
			hours := map[string][]string{}
			for _, w := range items(desk.slots(job, "from", night+"T00:00", "to", from.AddDate(0, 0, 2).Format("2006-01-02T15:04"))) {
				start, end := instant(t, w["window_start"]).In(london), instant(t, w["window_end"]).In(london)
				hours[start.Format(time.DateOnly)] = append(hours[start.Format(time.DateOnly)], start.Format("15:04")+"-"+end.Format("15:04"))
				if start.Day() == from.AddDate(0, 0, 1).Day() && start.Hour() == 8 {
					o := list(w, "offers")[0]
					v := desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": start.Format("2006-01-02T15:04"),
						"window_end": end.Format("2006-01-02T15:04"), "crew": o["crew"]}, 201)
					if !instant(t, v["window_start"]).Equal(start) || !instant(t, v["planned_start"]).Equal(instant(t, o["planned_start"])) {
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
