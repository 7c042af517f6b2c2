package planning

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
)

func reason(plan object, visit object) string {
	for _, u := range harness.List(plan, "unplaced") {
		if u["visit_id"] == visit["id"] {
			return fmt.Sprint(u["code"], ": ", u["reason"])
		}
	}
	return ""
}

// of lists the parts of a plan that are about a visit.
func of(plan, visit object) (out []object) {
	for _, v := range harness.List(plan, "visits") {
		if v["visit_id"] == visit["id"] {
			out = append(out, v)
		}
	}
	return out
}

func TestAPlanSendsTwoWhereTwoAreAskedFor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("day.freed", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.crew_changed", "visit.unassigned")
		desk, ravi, meena := h.As("kiran"), h.People["ravi"].ID.String(), h.People["meena"].ID.String()
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "two_people")
		pair := h.Visit(desk, job, tuesday)
		_, alone := h.Household(desk, nil)
		solo := h.Visit(desk, alone, tuesday)
		plan := h.PlanDay(desk, "2027-03-02")
		parts := of(plan, pair)
		if len(parts) != 2 || parts[0]["technician_id"] == parts[1]["technician_id"] || parts[0]["planned_start"] != parts[1]["planned_start"] ||
			len(parts[0]["crew"].([]any)) != 2 || len(of(plan, solo)) != 1 {
			t.Fatalf("the plan: %v, unplaced %v", plan["visits"], plan["unplaced"])
		}
		if after := plan["after"].(object); after["visits"] != 2.0 || after["unassigned"] != 0.0 {
			t.Errorf("after: %v", after)
		}
		out := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200)
		if len(out["accepted"].([]any)) != 2 || len(out["refused"].([]any)) != 0 {
			t.Fatalf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
		if got := desk.Send("GET", path("/v1/visits/%s", pair), nil, 200); len(got["crew"].([]any)) != 2 ||
			got["planned_start"] != parts[0]["planned_start"] {
			t.Errorf("the crew is %v at %v", got["crew"], got["planned_start"])
		}
		if again := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{"visit_ids": []any{pair["id"]}},
			200); len(again["accepted"].([]any)) != 1 {
			t.Errorf("again: %v", again)
		}
		// One of the two falls ill: the other keeps his time, and nobody is
		// there to go with him.
		sick := desk.Send("POST", "/v1/technicians/"+ravi+"/sick", object{"date": "2027-03-02"}, 201)
		if !slices.Contains(sick["freed"].([]any), pair["id"]) {
			t.Errorf("freed: %v", sick["freed"])
		}
		if got := reason(sick["plan"].(object),
			pair); got != "plan_not_met: The plan of this household asks for two people, and only Meena could come." {
			t.Errorf("why not: %s", got)
		}
		h.As("asha").Send("POST", "/v1/technicians/"+meena+"/leave", object{"starts_at": tuesday.Add(20 * time.Hour),
			"ends_at": tuesday.Add(30 * time.Hour), "kind": "annual"}, 201)
		next := tuesday.Add(24 * time.Hour)
		_, other := h.Household(desk, nil)
		h.SafePlan(other, "two_people")
		impossible := h.Visit(desk, other, next)
		if got := reason(h.PlanDay(desk, "2027-03-03"),
			impossible); got != "plan_not_met: The plan of this household asks for two people, and only Ravi could come." {
			t.Errorf("why not: %s", got)
		}
	})
}

func TestAPlanMendsACrewThatLostOneOfTwo(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("day.freed", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.crew_changed", "visit.unassigned")
		desk := h.As("kiran")
		third := h.AddTechnician("omar")
		_, job := h.Household(desk, nil)
		h.SafePlan(job, "two_people")
		pair := h.Visit(desk, job, tuesday, "ravi", "meena")
		out := desk.Send("POST", "/v1/technicians/"+h.People["ravi"].ID.String()+"/sick", object{"date": "2027-03-02"}, 201)
		parts := of(out["plan"].(object), pair)
		if len(parts) != 1 || parts[0]["technician_id"] != third || len(parts[0]["crew"].([]any)) != 2 ||
			parts[0]["planned_start"] != pair["planned_start"] {
			t.Fatalf("proposed: %v, unplaced %v", parts, out["plan"].(object)["unplaced"])
		}
		got := desk.Send("POST", path("/v1/plans/%s/accept", out["plan"].(object)), object{}, 200)
		crew := desk.Send("GET", path("/v1/visits/%s", pair), nil, 200)["crew"].([]any)
		if len(got["accepted"].([]any)) != 1 || !slices.Contains(crew, any(third)) || !slices.Contains(crew, any(h.People["meena"].ID.String())) {
			t.Errorf("accepted %v, the crew is %v", got, crew)
		}
	})
}

func TestAPlanLeavesAloneWhatIsKeptForAHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha := h.As("kiran"), h.As("asha")
		asha.Send("PUT", "/v1/technicians/"+h.People["meena"].ID.String()+"/skills", object{"skills": []string{"oven"}},
			200) // so that ravi is the only one
		_, wished := h.Household(desk, nil)
		choosing := h.CustomerPage(wished)
		first := choosing.FreeWindows()[0]
		start, err := time.Parse(time.RFC3339, first)
		h.Must(err)
		choosing.Submit("another-time", 303, "window", first)
		_, job := h.Household(desk, nil)
		visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": start, "window_end": start.Add(30 * time.Minute),
			"planned_minutes": 30}, 201)
		date := start.In(harness.Zone("Asia/Kolkata")).Format(time.DateOnly)
		plan := h.PlanDay(desk, date)
		if len(of(plan, visit)) != 0 || !strings.Contains(fmt.Sprint(plan["unplaced"]), "Ravi is kept for another household") {
			t.Errorf("proposed %v, unplaced %v", of(plan, visit), plan["unplaced"])
		}
		h.Advance(11 * time.Minute)
		if plan := h.PlanDay(desk, date); len(of(plan, visit)) != 1 {
			t.Errorf("once it is let go: %v", plan["unplaced"])
		}
	})
}

func TestAPlanKeepsToOtherHoursOnADate(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk := h.As("kiran")
		hours := func(login string, on []object) {
			address := "/v1/technicians/" + h.People[login].ID.String() + "/hours"
			desk.Send("PUT", address, object{"hours": desk.Send("GET", address, nil, 200)["hours"],
				"exceptions": []object{{"date": "2027-03-02", "hours": on}}}, 200)
		}
		hours("ravi", []object{})
		hours("meena", []object{{"from": "11:00", "to": "23:00"}})
		_, job := h.Household(desk, nil)
		morning := h.Visit(desk, job, tuesday) // 10:00 in Kolkata
		_, job = h.Household(desk, nil)
		late := h.Visit(desk, job, tuesday.Add(11*time.Hour)) // 21:00
		plan := h.PlanDay(desk, "2027-03-02")
		for _, v := range []object{morning, late} {
			if got := of(plan, v); len(got) != 1 || got[0]["technician_id"] != h.People["meena"].ID.String() || harness.At(got[0], "planned_start").
				Before(tuesday.Add(time.Hour)) {
				t.Errorf("proposed %v, unplaced %v", got, plan["unplaced"])
			}
		}
		if out := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200); len(out["accepted"].([]any)) != 2 {
			t.Errorf("accepted %v, refused %v", out["accepted"], out["refused"])
		}
	})
}

func TestAPlanGoesByTheRoads(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		asked, ill := takeRoads(h, 30)
		desk := h.As("kiran")
		for i := range 3 { // next door to each other, and 50 minutes by the road
			_, job := h.HouseholdAt(desk, float64(i)/10, "refrigerator")
			h.Visit(desk, job, tuesday)
		}
		plan := h.PlanDay(desk, "2027-03-02")
		if asked.Load() == 0 || plan["travel"].(object)["road_engine"] != true || plan["travel"].(object)["speed_kmh"] != 30.0 {
			t.Errorf("asked %d times, %v", asked.Load(), plan["travel"])
		}
		last := map[any]time.Time{}
		ways := 0
		for _, v := range harness.List(plan, "visits") {
			start, who := harness.At(v, "planned_start"), v["technician_id"]
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
		if out := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200); len(out["refused"].([]any)) != 0 {
			t.Errorf("refused %v", out["refused"])
		}
		// An engine that is silent costs no plan.
		ill.Store(true)
		_, far := h.HouseholdAt(desk, 3, "refrigerator")
		visit := h.Visit(desk, far, tuesday.Add(5*time.Hour))
		if plan := h.PlanDay(desk, "2027-03-02"); len(of(plan, visit)) != 1 {
			t.Errorf("without the engine: %v", plan["unplaced"])
		}
	})
}

// TestWhatIsProposedCanBeAccepted: the real acceptance judges what the planner
// proposes on days drawn by chance, and refuses nothing of it.
func TestWhatIsProposedCanBeAccepted(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		h.MayIgnore("household.asked")
		desk, asha := h.As("kiran"), h.As("asha")
		h.AddTechnician("omar")
		crew := []string{"ravi", "meena", "omar"}
		id := func(login string) domain.ID { return h.People[login].ID }
		chance := rand.New(rand.NewPCG(7, 11))
		zone := harness.Zone("Asia/Kolkata")
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
					week := desk.Send("GET", who+"/hours", nil, 200)
					desk.Send("PUT", who+"/hours", object{"hours": week["hours"], "exceptions": append(week["exceptions"].([]any),
						object{"date": date, "hours": []object{{"from": fmt.Sprintf("%02d:00", from), "to": fmt.Sprintf("%02d:30", from+3)},
							{"from": fmt.Sprintf("%02d:30", from+4), "to": "22:00"}}})}, 200)
				case 1:
					from := moment(8, 16)
					asha.Send("POST", who+"/leave", object{"starts_at": from, "ends_at": from.Add(2 * time.Hour), "kind": "annual"}, 201)
				}
			}
			_, elsewhere := h.Household(desk, nil)
			h.Must(h.DB.InTx(t.Context(), func(tx domain.Tx) error {
				from := moment(9, 16)
				return tx.InsertSlotHold(&domain.SlotHold{ID: uuid.New(), JobID: uuid.MustParse(elsewhere["id"].(string)),
					TechnicianID: id(crew[chance.IntN(3)]), WindowStart: from, WindowEnd: from.Add(2 * time.Hour),
					StartsAt: from, EndsAt: from.Add(90 * time.Minute), CreatedAt: h.Clock.Now(), ExpiresAt: h.Clock.Now().Add(10 * time.Minute)})
			}))
			for n := range 7 {
				_, job := h.HouseholdAt(desk, float64(chance.IntN(60))/10, "refrigerator")
				from := moment(8, 18)
				sent := []string{}
				if n < 2 {
					h.SafePlan(job, "two_people")
				} else if chance.IntN(4) == 0 {
					h.SafePlan(job, "daylight")
				} else if chance.IntN(3) == 0 {
					sent = []string{id(crew[chance.IntN(3)]).String()}
				}
				b := object{"window_start": from, "window_end": from.Add(time.Duration(60+30*chance.IntN(5)) * time.Minute),
					"planned_minutes": 30 + 15*chance.IntN(4), "crew": sent}
				if out, res := desk.Raw("POST", path("/v1/jobs/%s/visits", job), b); res.StatusCode != 201 && len(sent) == 0 {
					t.Fatalf("%d %s", res.StatusCode, out)
				}
			}
			plan := h.PlanDay(desk, date)
			out := desk.Send("POST", path("/v1/plans/%s/accept", plan), object{}, 200)
			if refused := harness.List(out, "refused"); len(refused) > 0 {
				t.Errorf("%s: proposed %v\nrefused %v", date, plan["visits"], refused)
			}
			for _, v := range harness.List(plan, "visits") {
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
