package safety

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// Who is not in the crew any more may still say that they came, and stop; the answer tells them nothing of what others did there since.
func TestAFormerCrewIsToldNothingOfTheVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned")
		h.MayIgnore("hold.area", "flag.triage", "visit.stopped", "flag.live", "call.manager", "visit.needs_someone", "visit.stopped_household",
			"job.nobody_left", "visit.completed_home", "visit.held_cancelled", "note.moved")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Advance(time.Minute)
		desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []any{h.People["meena"].ID.String()}}, 200)
		ravi, meena := h.As("ravi"), h.As("meena")
		meena.Send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		for what, answer := range map[string]func() object{
			"an arrival": func() object { return ravi.Send("POST", path("/v1/visits/%s/arrive", visit), nil, 200) },
			"a stop":     func() object { return ravi.Send("POST", path("/v1/visits/%s/stop", visit), nil, 200) },
		} {
			got := answer()
			if got["id"] != visit["id"] || got["en_route_at"] != nil || len(got["crew"].([]any)) != 0 || len(got["actions"].([]any)) != 0 {
				t.Errorf("%s is answered with %v", what, got)
			}
			for k, v := range got {
				if strings.Contains(harness.String(v), h.People["meena"].ID.String()) {
					t.Errorf("%s tells in %s who comes now", what, k)
				}
			}
		}
	})
}

// TestAFormerCrewArrivesOnce: however often somebody who was taken out says that they came, it is one line of the timeline a person and
// visit; each time they are answered alike.
func TestAFormerCrewArrivesOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned")
		h.MayIgnore("visit.crew_changed")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visits := []object{h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena"), h.Visit(desk, job,
			harness.Monday.Add(4*time.Hour), "ravi")}
		h.Advance(2 * time.Minute)
		for _, v := range visits {
			desk.Send("POST", path("/v1/visits/%s/assign", v), object{"crew": []any{}}, 200)
		}
		version := desk.Job(job).Version
		for i, who := range []struct {
			login string
			visit object
		}{{"ravi", visits[0]}, {"meena", visits[0]}, {"ravi", visits[1]}} {
			answers := []string{}
			for n := range 4 {
				h.Clock.Advance(time.Minute)
				out, res := h.As(who.login).Raw("POST", path("/v1/visits/%s/arrive", who.visit), object{"note": strings.Repeat("here ", n)})
				if answers = append(answers, string(out)); res.StatusCode != 200 || answers[n] != answers[0] {
					t.Errorf("%s, the %d. time: %d %s", who.login, n, res.StatusCode, out)
				}
				if n == 0 {
					version = desk.Job(job).Version
				}
			}
			came := h.Column("SELECT kind FROM facts WHERE kind = 'visit.arrived_anyway'")
			if len(came) != i+1 || desk.Job(job).Version != version {
				t.Errorf("after %s it stands there %d times", who.login, len(came))
			}
		}
	})
}
