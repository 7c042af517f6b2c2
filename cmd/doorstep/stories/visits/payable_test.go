package visits

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestPayableAttended: what was stopped, reported or disputed, and a proven
// no-access, leaves the technician's figures, stays payable, and he reads why;
// the centre reads no more than the area hold tells it.
func TestPayableAttended(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "dispute.decided", "dispute.desk", "dispute.opened", "flag.live",
			"flag.live_overdue", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue", "visit.assigned",
			"visit.missed_desk", "visit.needs_someone", "visit.no_access_desk")
		desk, ravi, asha := h.As("kiran"), h.As("ravi"), h.As("asha")
		visits := map[string]object{}
		jobs := map[string]object{}
		n := 0
		make := func(name, ref string) object {
			h.Helper()
			customer, _ := h.Household(desk, nil)
			b := object{"customer_id": customer["id"], "fault": "does not cool", "category": "refrigerator"}
			if ref != "" {
				b["external_ref"] = ref
			}
			jobs[name] = desk.Send("POST", "/v1/jobs", b, 201)
			visits[name] = h.Visit(desk, jobs[name], harness.Monday.Add(time.Duration(n)*70*time.Minute+10*time.Minute), "ravi")
			n++
			return visits[name]
		}
		h.WorkUntil("ravi", make("done", "=1+1"), "complete", nil)
		h.WorkUntil("ravi", make("mild", ""), "complete", nil)
		ravi.FlagVisit(visits["mild"], bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary"})
		h.WorkUntil("ravi", make("grave", ""), "complete", nil)
		ravi.FlagVisit(visits["grave"], bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "canary"})
		stopped := make("stopped", "")
		ravi.EnRoute(stopped)
		ravi.StopVisit(stopped)
		h.Clock.Advance(5*time.Hour + 10*time.Minute) // near the windows of the next
		for _, name := range []string{"proven", "claimed"} {
			v := make(name, "")
			ravi.Arrive(v)
			h.Clock.Advance(time.Hour)
			if name == "proven" { // a phone that stands at the door
				ravi.Send("POST", path("/v1/visits/%s/attempts", v), h.AtTheDoor(jobs[name]), 201)
			} else { // a call that only its maker tells of proves nothing about a door
				ravi.Send("POST", path("/v1/visits/%s/attempts", v), h.CallRecord(jobs[name], bodies.AttemptCreate{Outcome: "no_answer",
					RingSeconds: 30}), 201)
			}
			ravi.Send("POST", path("/v1/visits/%s/no-access", v), object{"reason": "household_asked"}, 200)
		}
		h.WorkUntil("ravi", make("disputed", ""), "complete", nil)
		desk.Send("POST", path("/v1/visits/%s/dispute", visits["disputed"]), object{"claim": "not_done"}, 201)
		make("ahead", "")
		address := fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-03-02", ravi.ID)
		type cell struct {
			payable, counted bool
			why              string
		}
		see := func(p *harness.Client, want map[string]cell) {
			h.Helper()
			rows := items(p.Send("GET", address, nil, 200))
			if len(rows) != len(visits) {
				t.Fatalf("%s reads %d rows", p.Login, len(rows))
			}
			for name, w := range want {
				for _, r := range rows {
					if r["visit_id"] == visits[name]["id"] && (r["payable"] != w.payable || r["counted"] != w.counted || r["why"] != w.why) {
						t.Errorf("%s, %s: %v, want %+v", p.Login, name, r, w)
					}
				}
			}
			if text := fmt.Sprint(rows); strings.Contains(text, "canary") || strings.Contains(text, "threat") || strings.Contains(text, "abuse") {
				t.Errorf("%s reads the report: %s", p.Login, text)
			}
		}
		both := map[string]cell{"done": {true, true, ""}, "stopped": {true, false, "it was stopped"},
			"proven": {true, false, "nobody opened, and that is proven"}, "claimed": {true, true, ""},
			"disputed": {true, false, "it is disputed"}, "grave": {true, false, "area hold"}, "ahead": {false, false, "it is not over"}}
		see(ravi, both)
		see(ravi, map[string]cell{"mild": {true, false, "you reported something on this visit"}})
		see(asha, both)
		see(asha, map[string]cell{"mild": {true, true, ""}}) // she is not told of it
		see(h.As("maya"), both)
		for login, want := range map[string]int{"meena": 404, "kiran": 403, "gita": 403, "root": 403, "asha2": 404, "maya2": 404, "ravi2": 404} {
			h.As(login).Send("GET", address, nil, want)
		}
		asha.Send("GET", fmt.Sprintf("/v1/technicians/%s/payable", desk.ID), nil, 404)
		// Paged, and as a table that no spreadsheet runs.
		first := ravi.Send("GET", address+"&limit=3", nil, 200)
		second := ravi.Send("GET", address+"&limit=100&cursor="+first["next_cursor"].(string), nil, 200)
		if len(items(first)) != 3 || len(items(second)) != len(visits)-3 {
			t.Errorf("pages of %d and %d", len(items(first)), len(items(second)))
		}
		raw, _ := asha.Raw("GET", address+"&format=csv", nil)
		table, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil || len(table) != len(visits)+1 || len(table[0]) != 7 || table[1][1] != "'=1+1" || table[1][0] != "2027-03-01" {
			t.Errorf("CSV: %v %v", err, table)
		}
		// A visit given away in a pause is paid, and the centre reads "area hold".
		h.Clock.Set(harness.Monday.Add(4 * 24 * time.Hour))
		h.Settle()
		_, job := h.Household(desk, nil)
		given := h.Visit(desk, job, h.Clock.Now().Add(5*time.Hour), "ravi")
		_, bad := h.Household(desk, nil)
		stop := ravi.StopVisit(h.Visit(desk, bad, h.Clock.Now().Add(time.Hour), "ravi"))
		ravi.Send("POST", fmt.Sprintf("/v1/flags/%s/cool-off", stop.FlagID), object{"accept": true}, 200)
		address = fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-05&to=2027-03-05", ravi.ID)
		for p, why := range map[*harness.Client]string{ravi: "you took a pause that you were offered", asha: "area hold"} {
			found := false
			for _, r := range items(p.Send("GET", address, nil, 200)) {
				found = found || r["visit_id"] == given["id"] && r["payable"] == true && r["counted"] == false && r["why"] == why
			}
			if !found {
				t.Errorf("%s does not read %q", p.Login, why)
			}
		}
	})
}
