package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/roads"
	"doorstep/cmd/doorstep/roads/osrmtest"
	"doorstep/domain"
)

func reason(plan obj, visit obj) string {
	for _, u := range list(plan, "unplaced") {
		if u["visit_id"] == visit["id"] {
			return fmt.Sprint(u["code"], ": ", u["reason"])
		}
	}
	return ""
}

// of lists the parts of a plan that are about a visit.
func of(plan, visit obj) (out []obj) {
	for _, v := range list(plan, "visits") {
		if v["visit_id"] == visit["id"] {
			out = append(out, v)
		}
	}
	return out
}

func TestAPlanSendsTwoWhereTwoAreAskedFor(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("day.freed", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.crew_changed", "visit.unassigned")
		desk, ravi, meena := h.as("kiran"), h.people["ravi"].id.String(), h.people["meena"].id.String()
		_, job := h.household(desk, nil)
		h.planned(job, "two_people")
		pair := h.visit(desk, job, tuesday)
		_, alone := h.household(desk, nil)
		solo := h.visit(desk, alone, tuesday)
		plan := h.plan(desk, "2027-03-02")
		parts := of(plan, pair)
		if len(parts) != 2 || parts[0]["technician_id"] == parts[1]["technician_id"] || parts[0]["planned_start"] != parts[1]["planned_start"] ||
			len(parts[0]["crew"].([]any)) != 2 || len(of(plan, solo)) != 1 {
			t.Fatalf("the plan: %v, unplaced %v", plan["visits"], plan["unplaced"])
		}
		if after := plan["after"].(obj); after["visits"] != 2.0 || after["unassigned"] != 0.0 {
			t.Errorf("after: %v", after)
		}
		out := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 200)
		if len(out["accepted"].([]any)) != 2 || len(out["refused"].([]any)) != 0 {
			t.Fatalf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
		if got := desk.send("GET", path("/v1/visits/%s", pair), nil, 200); len(got["crew"].([]any)) != 2 ||
			got["planned_start"] != parts[0]["planned_start"] {
			t.Errorf("the crew is %v at %v", got["crew"], got["planned_start"])
		}
		if again := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{"visit_ids": []any{pair["id"]}},
			200); len(again["accepted"].([]any)) != 1 {
			t.Errorf("again: %v", again)
		}
		// One of the two falls ill: the other keeps his time, and nobody is
		// there to go with him.
		sick := desk.send("POST", "/v1/technicians/"+ravi+"/sick", obj{"date": "2027-03-02"}, 201)
		if !slices.Contains(sick["freed"].([]any), pair["id"]) {
			t.Errorf("freed: %v", sick["freed"])
		}
		if got := reason(sick["plan"].(obj),
			pair); got != "plan_not_met: The plan of this household asks for two people, and only Meena could come." {
			t.Errorf("why not: %s", got)
		}
		h.as("asha").send("POST", "/v1/technicians/"+meena+"/leave", obj{"starts_at": tuesday.Add(20 * time.Hour),
			"ends_at": tuesday.Add(30 * time.Hour), "kind": "annual"}, 201)
		next := tuesday.Add(24 * time.Hour)
		_, other := h.household(desk, nil)
		h.planned(other, "two_people")
		impossible := h.visit(desk, other, next)
		if got := reason(h.plan(desk, "2027-03-03"),
			impossible); got != "plan_not_met: The plan of this household asks for two people, and only Ravi could come." {
			t.Errorf("why not: %s", got)
		}
	})
}

func TestAPlanMendsACrewThatLostOneOfTwo(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("day.freed", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.crew_changed", "visit.unassigned")
		desk := h.as("kiran")
		third := h.hire("omar")
		_, job := h.household(desk, nil)
		h.planned(job, "two_people")
		pair := h.visit(desk, job, tuesday, "ravi", "meena")
		out := desk.send("POST", "/v1/technicians/"+h.people["ravi"].id.String()+"/sick", obj{"date": "2027-03-02"}, 201)
		parts := of(out["plan"].(obj), pair)
		if len(parts) != 1 || parts[0]["technician_id"] != third || len(parts[0]["crew"].([]any)) != 2 ||
			parts[0]["planned_start"] != pair["planned_start"] {
			t.Fatalf("proposed: %v, unplaced %v", parts, out["plan"].(obj)["unplaced"])
		}
		got := desk.send("POST", path("/v1/plans/%s/accept", out["plan"].(obj)), obj{}, 200)
		crew := desk.send("GET", path("/v1/visits/%s", pair), nil, 200)["crew"].([]any)
		if len(got["accepted"].([]any)) != 1 || !slices.Contains(crew, any(third)) || !slices.Contains(crew, any(h.people["meena"].id.String())) {
			t.Errorf("accepted %v, the crew is %v", got, crew)
		}
	})
}

// hire adds a technician of the centre.
func (h *harness) hire(login string) string {
	h.Helper()
	u := domain.User{Meta: domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()},
		Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " Surname",
		Role: domain.RoleTechnician, CentreID: &h.centre, Language: "en", PasswordHash: passwordHash(),
		Skills: domain.JSONList[string]{"refrigerator"}}
	for d := range 7 {
		u.Hours = append(u.Hours, domain.Shift{Weekday: d, From: "08:00", To: "20:00"})
	}
	h.must(h.db.InTx(h.Context(), func(tx domain.Tx) error {
		c, err := tx.Centre(h.centre)
		if err != nil {
			return err
		}
		u.AreaID = &c.AreaID
		return tx.InsertUser(&u)
	}))
	h.adopt(u)
	return u.ID.String()
}

func TestAPlanLeavesAloneWhatIsKeptForAHousehold(t *testing.T) {
	stories(t, func(h *harness) {
		desk, asha := h.as("kiran"), h.as("asha")
		asha.send("PUT", "/v1/technicians/"+h.people["meena"].id.String()+"/skills", obj{"skills": []string{"oven"}},
			200) // so that ravi is the only one
		_, wished := h.household(desk, nil)
		choosing := h.home(desk, wished)
		first := choosing.windows()[0]
		start, err := time.Parse(time.RFC3339, first)
		h.must(err)
		choosing.taps("another-time", 303, "window", first)
		_, job := h.household(desk, nil)
		visit := desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": start, "window_end": start.Add(30 * time.Minute),
			"planned_minutes": 30}, 201)
		date := start.In(domainZone("Asia/Kolkata")).Format(time.DateOnly)
		plan := h.plan(desk, date)
		if len(of(plan, visit)) != 0 || !strings.Contains(fmt.Sprint(plan["unplaced"]), "Ravi is kept for another household") {
			t.Errorf("proposed %v, unplaced %v", of(plan, visit), plan["unplaced"])
		}
		h.advance(11 * time.Minute)
		if plan := h.plan(desk, date); len(of(plan, visit)) != 1 {
			t.Errorf("once it is let go: %v", plan["unplaced"])
		}
	})
}

func TestAPlanKeepsToOtherHoursOnADate(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		desk := h.as("kiran")
		hours := func(login string, on []obj) {
			address := "/v1/technicians/" + h.people[login].id.String() + "/hours"
			desk.send("PUT", address, obj{"hours": desk.send("GET", address, nil, 200)["hours"],
				"exceptions": []obj{{"date": "2027-03-02", "hours": on}}}, 200)
		}
		hours("ravi", []obj{})
		hours("meena", []obj{{"from": "11:00", "to": "23:00"}})
		_, job := h.household(desk, nil)
		morning := h.visit(desk, job, tuesday) // 10:00 in Kolkata
		_, job = h.household(desk, nil)
		late := h.visit(desk, job, tuesday.Add(11*time.Hour)) // 21:00
		plan := h.plan(desk, "2027-03-02")
		for _, v := range []obj{morning, late} {
			if got := of(plan, v); len(got) != 1 || got[0]["technician_id"] != h.people["meena"].id.String() || at(got[0], "planned_start").
				Before(tuesday.Add(time.Hour)) {
				t.Errorf("proposed %v, unplaced %v", got, plan["unplaced"])
			}
		}
		if out := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 200); len(out["accepted"].([]any)) != 2 {
			t.Errorf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
	})
}

func TestAPlanGoesByTheRoads(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		var asked atomic.Int32
		var ill atomic.Bool
		r, err := roads.New(roads.Config{Speed: 30, OSRM: osrmtest.New(t, 3000, 3000, &asked, &ill).URL, Profile: "driving"},
			slog.New(slog.DiscardHandler))
		h.must(err)
		h.house.Service.Roads = r
		desk := h.as("kiran")
		for i := range 3 { // next door to each other, and 50 minutes by the road
			_, job := h.door(desk, float64(i)/10, "refrigerator")
			h.visit(desk, job, tuesday)
		}
		plan := h.plan(desk, "2027-03-02")
		if asked.Load() == 0 || plan["travel"].(obj)["road_engine"] != true || plan["travel"].(obj)["speed_kmh"] != 30.0 {
			t.Errorf("asked %d times, %v", asked.Load(), plan["travel"])
		}
		last := map[any]time.Time{}
		ways := 0
		for _, v := range list(plan, "visits") {
			start, who := at(v, "planned_start"), v["technician_id"]
			if before, ok := last[who]; ok {
				if ways++; start.Before(before.Add(110 * time.Minute)) {
					t.Errorf("the next door at %v after one at %v", start, before)
				}
			}
			last[who] = start
		}
		if ways == 0 {
			t.Errorf("nobody goes twice: %v", plan["visits"])
		}
		if out := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 200); len(out["refused"].([]any)) != 0 {
			t.Errorf("refused %v", out["refused"])
		}
		// An engine that is silent costs no plan.
		ill.Store(true)
		_, far := h.door(desk, 3, "refrigerator")
		visit := h.visit(desk, far, tuesday.Add(5*time.Hour))
		if plan := h.plan(desk, "2027-03-02"); len(of(plan, visit)) != 1 {
			t.Errorf("without the engine: %v", plan["unplaced"])
		}
	})
}

// TestWhatIsProposedCanBeAccepted: the real acceptance judges what the planner
// proposes on days drawn by chance, and refuses nothing of it.
func TestWhatIsProposedCanBeAccepted(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		desk, asha := h.as("kiran"), h.as("asha")
		h.hire("omar")
		crew := []string{"ravi", "meena", "omar"}
		id := func(login string) domain.ID { return h.people[login].id }
		chance := rand.New(rand.NewPCG(7, 11))
		zone := domainZone("Asia/Kolkata")
		offered, pairs := 0, 0
		for round := range 6 {
			day := time.Date(2027, 3, 3+round, 0, 0, 0, 0, zone)
			date := day.Format(time.DateOnly)
			moment := func(from, to int) time.Time {
				return day.Add(time.Duration(from*60+15*chance.IntN((to-from)*4)) * time.Minute)
			}
			for _, login := range crew {
				who := "/v1/technicians/" + id(login).String()
				switch chance.IntN(4) {
				case 0:
					from := 8 + chance.IntN(4)
					week := desk.send("GET", who+"/hours", nil, 200)
					desk.send("PUT", who+"/hours", obj{"hours": week["hours"], "exceptions": append(week["exceptions"].([]any),
						obj{"date": date, "hours": []obj{{"from": fmt.Sprintf("%02d:00", from), "to": fmt.Sprintf("%02d:30", from+3)},
							{"from": fmt.Sprintf("%02d:30", from+4), "to": "22:00"}}})}, 200)
				case 1:
					from := moment(8, 16)
					asha.send("POST", who+"/leave", obj{"starts_at": from, "ends_at": from.Add(2 * time.Hour), "kind": "annual"}, 201)
				}
			}
			_, elsewhere := h.household(desk, nil)
			h.must(h.db.InTx(t.Context(), func(tx domain.Tx) error {
				from := moment(9, 16)
				return tx.InsertSlotHold(&domain.SlotHold{ID: uuid.New(), JobID: uuid.MustParse(elsewhere["id"].(string)),
					TechnicianID: id(crew[chance.IntN(3)]), WindowStart: from, WindowEnd: from.Add(2 * time.Hour),
					StartsAt: from, EndsAt: from.Add(90 * time.Minute), CreatedAt: h.clock.Now(), ExpiresAt: h.clock.Now().Add(10 * time.Minute)})
			}))
			for n := range 7 {
				_, job := h.door(desk, float64(chance.IntN(60))/10, "refrigerator")
				from := moment(8, 18)
				sent := []string{}
				if n < 2 {
					h.planned(job, "two_people")
				} else if chance.IntN(4) == 0 {
					h.planned(job, "daylight")
				} else if chance.IntN(3) == 0 {
					sent = []string{id(crew[chance.IntN(3)]).String()}
				}
				b := obj{"window_start": from, "window_end": from.Add(time.Duration(60+30*chance.IntN(5)) * time.Minute),
					"planned_minutes": 30 + 15*chance.IntN(4), "crew": sent}
				if out, res := desk.raw("POST", path("/v1/jobs/%s/visits", job), b); res.StatusCode != 201 && len(sent) == 0 {
					t.Fatalf("%d %s", res.StatusCode, out)
				}
			}
			plan := h.plan(desk, date)
			out := desk.send("POST", path("/v1/plans/%s/accept", plan), obj{}, 200)
			if refused := list(out, "refused"); len(refused) > 0 {
				t.Errorf("%s: proposed %v\nrefused %v", date, plan["visits"], refused)
			}
			for _, v := range list(plan, "visits") {
				if offered++; len(v["crew"].([]any)) == 2 {
					pairs++
				}
			}
		}
		if offered < 15 || pairs < 4 {
			t.Errorf("only %d parts and %d of pairs were proposed: nothing was tried", offered, pairs)
		}
		t.Logf("%d parts accepted, %d of pairs", offered, pairs)
	})
}
