package safety

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// pastVisits writes n completed visits of a job into the days around an instant, one
// a day, or all beside each other without a crew.
func pastVisits(h *harness.Harness, job object, n int, first time.Time, crew ...domain.ID) {
	h.Helper()
	id := uuid.MustParse(harness.String(job["id"]))
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
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
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.overdue", "flag.passed_on", "flag.triage", "flag.withdrawn", "visit.assigned", "visit.missed_desk")
		h.MayIgnore("queue.morning")
		desk, ravi, meena, maya, root := h.As("kiran"), h.As("ravi"), h.As("meena"), h.As("maya"), h.As("root")
		_, job := h.Household(desk, nil)
		_, far := h.Household(h.As("kiran2"), object{"sites": []object{{"address": "1 Road", "postal_code": "SE1", "zone": "Europe/London"}}})
		pastVisits(h, job, 12, harness.Monday.AddDate(0, 0, -20), ravi.ID)
		pastVisits(h, job, 5, harness.Monday.AddDate(0, 0, -20).Add(5*time.Hour), meena.ID)
		pastVisits(h, job, 60, harness.Monday.AddDate(0, 0, -10))
		pastVisits(h, far, 300, harness.Monday.AddDate(0, 0, -10))
		for i := range 5 {
			_, other := h.Household(desk, nil)
			who := []*harness.Client{ravi, ravi, ravi, ravi, meena}[i]
			flag := who.FlagVisit(h.Visit(desk, other, harness.Monday.Add(time.Duration(i)*90*time.Minute+time.Hour),
				who.Login), bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary"})
			if i < 2 {
				who.Send("POST", path("/v1/flags/%s/withdraw", flag), object{"pressure": i == 0}, 200)
			}
		}
		// What a household says of the centre's people is no report of theirs, and
		// neither is what the area manager raises there.
		h.CustomerPage(job).Submit("report", 303, "what", "rude", "note", "canary")
		maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "verbal_abuse", Level: 1})
		address := "/v1/reports/suppression?from=2027-02-01&to=2027-03-31"
		for _, login := range []string{"ravi", "kiran", "asha", "gita"} {
			h.As(login).Send("GET", address, nil, 403)
		}
		person := func(report object, who *harness.Client) object {
			h.Helper()
			for _, p := range report["people"].([]any) {
				if p.(object)["user_id"] == who.ID.String() {
					return p.(object)
				}
			}
			return object{}
		}
		if p := person(maya.Send("GET", address, nil, 200), ravi); p["verdict"] != "too_early" || p["before"] != nil {
			t.Errorf("on the day: %v", p)
		}
		h.Clock.Set(harness.Monday.AddDate(0, 0, 40))
		pastVisits(h, job, 3, harness.Monday.AddDate(0, 0, 5), ravi.ID)
		report := maya.Send("GET", address, nil, 200)
		p := person(report, ravi)
		if p["verdict"] != "look" || p["signs"].([]any)[0] != "fewer_jobs" || p["before"].(object)["jobs"] != 12.0 ||
			p["after"].(object)["jobs"] != 7.0 || p["days"] != 30.0 {
			t.Errorf("his diary dried up: %v", p)
		}
		if p := person(report, meena); p["verdict"] != "too_few" || p["before"] != nil || p["after"] != nil {
			t.Errorf("five visits: %v", p)
		}
		centre := func(report object, name string) object {
			h.Helper()
			for _, c := range report["centres"].([]any) {
				if c.(object)["centre"] == name {
					return c.(object)
				}
			}
			return object{}
		}
		if c := centre(report, "Pune Repairs"); c["verdict"] != "look" || len(c["signs"].([]any)) != 2 ||
			c["figures"].(object)["reports"] != 5.0 ||
			c["figures"].(object)["withdrawn"] != 2.0 || c["figures"].(object)["under_pressure"] != 1.0 {
			t.Errorf("withdrawn, one under pressure: %v", c)
		}
		if c := centre(report, "London Repairs"); len(c) != 0 {
			t.Errorf("another area: %v", c)
		}
		if c := centre(root.Send("GET", address, nil, 200), "London Repairs"); c["verdict"] != "look" ||
			c["signs"].([]any)[0] != "many_visits_no_reports" || c["figures"].(object)["visits"] != 300.0 {
			t.Errorf("300 visits and no report: %v", c)
		}
		// A week in which nearly nobody went is not judged.
		if c := centre(root.Send("GET", "/v1/reports/suppression?from=2027-04-01&to=2027-04-08", nil, 200),
			"London Repairs"); c["verdict"] != "too_few" || c["figures"] != nil {
			t.Errorf("a quiet week: %v", c)
		}
		for field := range centre(report, "Pune Repairs")["figures"].(object) {
			if report["definitions"].(object)[field] == nil {
				t.Errorf("%s has no definition", field)
			}
		}
	})
}
