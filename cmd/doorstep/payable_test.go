package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPayableAttended: what was stopped, reported or disputed, and a proven
// no-access, leaves the technician's figures, stays payable, and he reads why;
// the centre reads no more than the area hold tells it.
func TestPayableAttended(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "dispute.decided", "dispute.desk", "dispute.opened", "flag.live",
			"flag.live_overdue", "flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "hold.overdue", "visit.assigned",
			"visit.missed_desk", "visit.needs_someone", "visit.no_access_desk")
		desk, ravi, asha := h.as("kiran"), h.as("ravi"), h.as("asha")
		visits := map[string]obj{}
		jobs := map[string]obj{}
		n := 0
		make := func(name, ref string) obj {
			h.Helper()
			customer, _ := h.household(desk, nil)
			b := obj{"customer_id": customer["id"], "fault": "does not cool", "category": "refrigerator"}
			if ref != "" {
				b["external_ref"] = ref
			}
			jobs[name] = desk.send("POST", "/v1/jobs", b, 201)
			visits[name] = h.visit(desk, jobs[name], monday.Add(time.Duration(n)*70*time.Minute+10*time.Minute), "ravi")
			n++
			return visits[name]
		}
		h.throughTo("ravi", make("done", "=1+1"), "complete", nil)
		h.throughTo("ravi", make("mild", ""), "complete", nil)
		ravi.send("POST", path("/v1/visits/%s/flags", visits["mild"]), obj{"kind": "verbal_abuse", "level": 1, "note": "canary"}, 201)
		h.throughTo("ravi", make("grave", ""), "complete", nil)
		ravi.send("POST", path("/v1/visits/%s/flags", visits["grave"]), obj{"kind": "threat", "level": 3, "note": "canary"}, 201)
		ravi.send("POST", path("/v1/visits/%s/stop", make("stopped", "")), nil, 200)
		for _, name := range []string{"proven", "claimed"} {
			v := make(name, "")
			ravi.send("POST", path("/v1/visits/%s/arrive", v), nil, 200)
			if name == "proven" {
				ravi.send("POST", path("/v1/visits/%s/attempts", v), obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30,
					"grade": "recorded", "evidence_digest": strings.Repeat("ab", 32)}, 201)
			}
			ravi.send("POST", path("/v1/visits/%s/no-access", v), obj{"reason": "nobody opened"}, 200)
		}
		h.throughTo("ravi", make("disputed", ""), "complete", nil)
		desk.send("POST", path("/v1/visits/%s/dispute", visits["disputed"]), obj{"claim": "not_done"}, 201)
		make("ahead", "")
		address := fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-03-02", ravi.id)
		type cell struct {
			payable, counted bool
			why              string
		}
		see := func(p *person, want map[string]cell) {
			h.Helper()
			rows := items(p.send("GET", address, nil, 200))
			if len(rows) != len(visits) {
				t.Fatalf("%s reads %d rows", p.login, len(rows))
			}
			for name, w := range want {
				for _, r := range rows {
					if r["visit_id"] == visits[name]["id"] && (r["payable"] != w.payable || r["counted"] != w.counted || r["why"] != w.why) {
						t.Errorf("%s, %s: %v, want %+v", p.login, name, r, w)
					}
				}
			}
			if text := fmt.Sprint(rows); strings.Contains(text, "canary") || strings.Contains(text, "threat") || strings.Contains(text, "abuse") {
				t.Errorf("%s reads the report: %s", p.login, text)
			}
		}
		both := map[string]cell{"done": {true, true, ""}, "stopped": {true, false, "it was stopped"},
			"proven": {true, false, "nobody opened, and that is proven"}, "claimed": {true, true, ""},
			"disputed": {true, false, "it is disputed"}, "grave": {true, false, "area hold"}, "ahead": {false, false, "it is not over"}}
		see(ravi, both)
		see(ravi, map[string]cell{"mild": {true, false, "you reported something on this visit"}})
		see(asha, both)
		see(asha, map[string]cell{"mild": {true, true, ""}}) // she is not told of it
		see(h.as("maya"), both)
		for login, want := range map[string]int{"meena": 404, "kiran": 403, "gita": 403, "root": 403, "asha2": 404, "maya2": 404, "ravi2": 404} {
			h.as(login).send("GET", address, nil, want)
		}
		asha.send("GET", fmt.Sprintf("/v1/technicians/%s/payable", desk.id), nil, 404)
		// Paged, and as a table that no spreadsheet runs.
		first := ravi.send("GET", address+"&limit=3", nil, 200)
		second := ravi.send("GET", address+"&limit=100&cursor="+first["next_cursor"].(string), nil, 200)
		if len(items(first)) != 3 || len(items(second)) != len(visits)-3 {
			t.Errorf("pages of %d and %d", len(items(first)), len(items(second)))
		}
		raw, _ := asha.raw("GET", address+"&format=csv", nil)
		table, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil || len(table) != len(visits)+1 || len(table[0]) != 7 || table[1][1] != "'=1+1" || table[1][0] != "2027-03-01" {
			t.Errorf("CSV: %v %v", err, table)
		}
		// A visit given away in a pause is paid, and the centre reads "area hold".
		h.clock.Set(monday.Add(4 * 24 * time.Hour))
		h.settle()
		_, job := h.household(desk, nil)
		given := h.visit(desk, job, h.clock.Now().Add(5*time.Hour), "ravi")
		_, bad := h.household(desk, nil)
		stop := ravi.send("POST", path("/v1/visits/%s/stop", h.visit(desk, bad, h.clock.Now().Add(time.Hour), "ravi")), nil, 200)
		ravi.send("POST", fmt.Sprintf("/v1/flags/%s/cool-off", stop["flag_id"]), obj{"accept": true}, 200)
		address = fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-05&to=2027-03-05", ravi.id)
		for p, why := range map[*person]string{ravi: "you took a pause that you were offered", asha: "area hold"} {
			found := false
			for _, r := range items(p.send("GET", address, nil, 200)) {
				found = found || r["visit_id"] == given["id"] && r["payable"] == true && r["counted"] == false && r["why"] == why
			}
			if !found {
				t.Errorf("%s does not read %q", p.login, why)
			}
		}
	})
}
