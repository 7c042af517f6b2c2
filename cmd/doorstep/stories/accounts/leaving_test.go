package accounts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// A technician is disabled, moved to another centre, or gets another role: the
// visits ahead stand without them, whoever has to know knows, and nobody books
// them any more.
func TestWhoLeavesGivesBackTheVisitsAhead(t *testing.T) {
	for _, way := range []string{"disabled", "moved", "another role"} {
		t.Run(way, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("visit.assigned")
				h.MayIgnore("visits.no_longer_yours", "visit.crew_changed", "visits.left_under_way", "visit.offered")
				desk, root := h.As("kiran"), h.As("root")
				var visits, jobs []object
				for day := range 3 {
					_, job := h.Household(desk, nil)
					crew := []string{"ravi"}
					if day == 2 {
						crew = []string{"ravi", "meena"}
					}
					jobs = append(jobs, job)
					visits = append(visits, h.Visit(desk, job, harness.Monday.Add(time.Duration(day*24+25)*time.Hour), crew...))
				}
				_, today := h.Household(desk, nil)
				going := h.Visit(desk, today, harness.Monday.Add(2*time.Hour), "ravi")
				_, inside := h.Household(desk, nil)
				within := h.Visit(desk, inside, harness.Monday.Add(30*time.Minute), "ravi")
				h.Clock.Advance(time.Minute)
				h.As("ravi").Arrive(within)
				open := h.CustomerPage(inside)
				h.As("ravi").Send("POST", path("/v1/visits/%s/en-route", going), object{}, 200)
				h.Settle()
				awaits := h.CustomerPage(today)
				awaits.RegisterDevice("phone:waits")
				words := "You answer"
				if html := awaits.Read(); !strings.Contains(html, "On the way to you") || !strings.Contains(html, words) {
					t.Fatalf("somebody is on the way, and the page says\n%s", html)
				}
				page := h.CustomerPage(jobs[0])
				page.RegisterDevice("phone:home")
				if !strings.Contains(page.Read(), "Ravi") {
					t.Fatal("the page does not name who comes")
				}
				h.Settle()

				change := object{"disabled": true}
				switch way {
				case "moved":
					area := h.As("root").Send("GET", "/v1/centres/"+h.Centre.String(), nil, 200)["area_id"]
					change = object{"centre_id": root.Send("POST", "/v1/centres", object{"area_id": area, "name": "Second", "zone": "Asia/Kolkata",
						"country": "IN"}, 201)["id"]}
				case "another role":
					change = object{"role": "coordinator"}
				}
				answer := root.Send("PATCH", "/v1/users/"+h.People["ravi"].ID.String(), change, 200, "If-Match",
					fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
				if answer["visits_given_back"] != 4.0 || answer["visits_under_way"] != 1.0 {
					t.Errorf("who did it learns of %v given back, %v under way", answer["visits_given_back"], answer["visits_under_way"])
				}
				h.Settle()
				h.Advance(5 * time.Second) // one who stays is rung once for all
				for i, v := range visits {
					got := desk.Send("GET", path("/v1/visits/%s", v), nil, 200)
					want := []any{}
					if i == 2 {
						want = []any{h.People["meena"].ID.String()}
					}
					if got["status"] != "scheduled" || !slices.Equal(got["crew"].([]any), want) {
						t.Errorf("visit %d: %v with %v, want %v", i, got["status"], got["crew"], want)
					}
					kinds := h.EntryKinds(jobs[i])
					if harness.Count(kinds, "visit.freed") != 1 {
						t.Errorf("the timeline of visit %d: %v", i, kinds)
					}
				}
				// Where they are inside it stays, and its page does not name them; to where they were on the way nobody is any more, and
				// another goes there at once.
				if got := desk.Send("GET", path("/v1/visits/%s", within), nil, 200); got["status"] != "arrived" || len(got["crew"].([]any)) != 1 {
					t.Errorf("where they are inside: %v with %v", got["status"], got["crew"])
				}
				got := desk.Send("GET", path("/v1/visits/%s", going), nil, 200)
				if got["status"] != "scheduled" || len(got["crew"].([]any)) != 0 || got["en_route_at"] != nil {
					t.Errorf("where they were on the way: %v with %v", got["status"], got["crew"])
				}
				h.ExpectOn("phone:waits", "Somebody else comes to you")
				for of, p := range map[string]*harness.CustomerPage{"on the way": awaits, "inside": open} {
					if html := p.Read(); strings.Contains(html, `class="who"`) || strings.Contains(html, words) ||
						strings.Contains(html, "On the way to you") {
						t.Errorf("%s: the page says\n%s", of, html)
					}
				}
				desk.Send("POST", path("/v1/visits/%s/assign", going), object{"crew": []string{h.People["meena"].ID.String()}}, 200)
				for _, login := range []string{"kiran", "asha"} {
					h.Expect(login, "Visits that need somebody: 4")
					h.Expect(login, "Please call your technician")
				}
				h.ExpectOn("phone:home", "Somebody else comes to you")
				if strings.Contains(page.Read(), "Ravi") {
					t.Error("the page still names them")
				}
				// The others of the crew know; and nobody books them.
				if n := h.Pushes("meena", "Your team changed"); n != 1 {
					t.Errorf("who stays in the crew is told %d times", n)
				}
				raw, res := desk.Raw("POST", path("/v1/visits/%s/assign", visits[0]), object{"crew": []string{h.People["ravi"].ID.String()}})
				if res.StatusCode != 422 {
					t.Errorf("they are booked again: %d %s", res.StatusCode, raw)
				}
				desk.Send("POST", path("/v1/visits/%s/assign", visits[0]), object{"crew": []string{h.People["meena"].ID.String()}}, 200)
			})
		})
	}
}

// What is no leaving gives nothing back.
func TestAChangeThatIsNoLeavingKeepsTheVisits(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, root := h.As("kiran"), h.As("root")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(25*time.Hour), "ravi")
		for _, change := range []object{{"language": "hi"}, {"phone": "+919820000123"}, {"skills": []string{"refrigerator"}},
			{"disabled": false}} {
			got := root.Send("PATCH", "/v1/users/"+h.People["ravi"].ID.String(), change, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
			if _, said := got["visits_given_back"]; said {
				t.Errorf("%v gives back %v", change, got["visits_given_back"])
			}
		}
		h.MayIgnore("account.changed")
		h.Settle()
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); len(got["crew"].([]any)) != 1 {
			t.Errorf("the crew is %v", got["crew"])
		}
	})
}
