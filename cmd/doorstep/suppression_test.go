package main

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

// past writes n completed visits of a job into the days around an instant, one
// a day, or all beside each other without a crew.
func (h *harness) past(job obj, n int, first time.Time, crew ...domain.ID) {
	h.Helper()
	id := uuid.MustParse(toString(job["id"]))
	h.must(h.db.InTx(h.Context(), func(tx domain.Tx) error {
		j, err := tx.Job(id)
		if err != nil {
			return err
		}
		for i := range n {
			at := first.Add(time.Duration(i) * 24 * time.Hour)
			if len(crew) == 0 {
				at = first.Add(time.Duration(i) * time.Minute)
			}
			end := at.Add(time.Hour)
			v := domain.Visit{Meta: domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: at, UpdatedAt: at}, JobID: j.ID,
				CentreID: j.CentreID, AreaID: j.AreaID, CustomerID: j.CustomerID,
				Status: domain.VisitCompleted, Confirmation: domain.ConfirmAwaiting, WindowStart: at, WindowEnd: at.Add(2 * time.Hour),
				PlannedStart: at, PlannedMinutes: 60, Crew: crew, EverCrew: crew,
				EndedAt: &end, CountsAgainst: "nobody"}
			if err := tx.InsertVisit(&v); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestWhoReportsIsNotMadeToPay: a centre without a single report and a reporter
// whose diary dries up are shown to the manager and the admin, never to the
// centre; what is too few shows no figure.
func TestWhoReportsIsNotMadeToPay(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.overdue", "flag.passed_on", "flag.triage", "flag.withdrawn", "queue.morning", "visit.assigned",
			"visit.missed_desk", "visit.needs_someone")
		desk, ravi, meena, maya, root := h.as("kiran"), h.as("ravi"), h.as("meena"), h.as("maya"), h.as("root")
		_, job := h.household(desk, nil)
		_, far := h.household(h.as("kiran2"), obj{"sites": []obj{{"address": "1 Road", "postal_code": "SE1", "zone": "Europe/London"}}})
		h.past(job, 12, monday.AddDate(0, 0, -20), ravi.id)
		h.past(job, 5, monday.AddDate(0, 0, -20).Add(5*time.Hour), meena.id)
		h.past(job, 60, monday.AddDate(0, 0, -10))
		h.past(far, 300, monday.AddDate(0, 0, -10))
		for i := range 5 {
			_, other := h.household(desk, nil)
			who := []*person{ravi, ravi, ravi, ravi, meena}[i]
			flag := who.send("POST", path("/v1/visits/%s/flags", h.visit(desk, other, monday.Add(time.Duration(i)*90*time.Minute+time.Hour),
				who.login)), obj{"kind": "verbal_abuse", "level": 1, "note": "canary"}, 201)
			if i < 2 {
				who.send("POST", path("/v1/flags/%s/withdraw", flag), obj{"pressure": i == 0}, 200)
			}
		}
		// What a household says of the centre's people is no report of theirs, and
		// neither is what the area manager raises there.
		h.home(desk, job).taps("report", 303, "what", "rude", "note", "canary")
		maya.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "verbal_abuse", "level": 1}, 201)
		address := "/v1/reports/suppression?from=2027-02-01&to=2027-03-31"
		for _, login := range []string{"ravi", "kiran", "asha", "gita"} {
			h.as(login).send("GET", address, nil, 403)
		}
		person := func(report obj, who *person) obj {
			h.Helper()
			for _, p := range report["people"].([]any) {
				if p.(obj)["user_id"] == who.id.String() {
					return p.(obj)
				}
			}
			return obj{}
		}
		if p := person(maya.send("GET", address, nil, 200), ravi); p["verdict"] != "too_early" || p["before"] != nil {
			t.Errorf("on the day: %v", p)
		}
		h.clock.Set(monday.AddDate(0, 0, 40))
		h.past(job, 3, monday.AddDate(0, 0, 5), ravi.id)
		report := maya.send("GET", address, nil, 200)
		p := person(report, ravi)
		if p["verdict"] != "look" || p["signs"].([]any)[0] != "fewer_jobs" || p["before"].(obj)["jobs"] != 12.0 ||
			p["after"].(obj)["jobs"] != 3.0 || p["days"] != 30.0 {
			t.Errorf("his diary dried up: %v", p)
		}
		if p := person(report, meena); p["verdict"] != "too_few" || p["before"] != nil || p["after"] != nil {
			t.Errorf("five visits: %v", p)
		}
		centre := func(report obj, name string) obj {
			h.Helper()
			for _, c := range report["centres"].([]any) {
				if c.(obj)["centre"] == name {
					return c.(obj)
				}
			}
			return obj{}
		}
		if c := centre(report, "Pune Repairs"); c["verdict"] != "look" || len(c["signs"].([]any)) != 2 || c["figures"].(obj)["reports"] != 5.0 ||
			c["figures"].(obj)["withdrawn"] != 2.0 || c["figures"].(obj)["under_pressure"] != 1.0 {
			t.Errorf("withdrawn, one under pressure: %v", c)
		}
		if c := centre(report, "London Repairs"); len(c) != 0 {
			t.Errorf("another area: %v", c)
		}
		if c := centre(root.send("GET", address, nil, 200), "London Repairs"); c["verdict"] != "look" ||
			c["signs"].([]any)[0] != "many_visits_no_reports" || c["figures"].(obj)["visits"] != 300.0 {
			t.Errorf("300 visits and no report: %v", c)
		}
		// A week in which nearly nobody went is not judged.
		if c := centre(root.send("GET", "/v1/reports/suppression?from=2027-04-01&to=2027-04-08", nil, 200),
			"London Repairs"); c["verdict"] != "too_few" || c["figures"] != nil {
			t.Errorf("a quiet week: %v", c)
		}
		for field := range centre(report, "Pune Repairs")["figures"].(obj) {
			if report["definitions"].(obj)[field] == nil {
				t.Errorf("%s has no definition", field)
			}
		}
	})
}
