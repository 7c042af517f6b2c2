package console

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

func TestReportSetsBothSidesSideBySide(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "promise.late", "promise.yours", "visit.assigned", "visit.missed_desk", "visit.no_access_desk")
		desk, asha := h.As("kiran"), h.As("asha")
		h.As("root").Send("PATCH", "/v1/centres/"+h.Centre.String(), object{"name": "=cmd|' /C calc'!A1"}, 200, "If-Match", `"1"`)
		// One missed by us, one no-show, one late promise, one fixed at once.
		_, missed := h.Household(desk, nil)
		h.Visit(desk, missed, harness.Monday.Add(time.Hour), "meena")
		_, shut := h.Household(desk, nil)
		door := h.Visit(desk, shut, harness.Monday.Add(time.Hour), "ravi")
		h.CustomerPage(missed).Submit("could-not-reach", 303)
		h.Clock.Advance(90 * time.Minute)
		h.As("ravi").Arrive(door)
		h.Clock.Advance(10 * time.Minute)
		for _, a := range []object{{"channel": "phone", "outcome": "no_answer", "ring_seconds": 40}, {"channel": "sms", "outcome": "sent"}} {
			h.As("ravi").Send("POST", path("/v1/visits/%s/attempts", door), a, 201)
		}
		h.As("ravi").Send("POST", path("/v1/visits/%s/no-access", door), nil, 200)
		h.Advance(3 * time.Hour)
		_, fixed := h.Household(desk, nil)
		visit := h.Visit(desk, fixed, h.Clock.Now().Add(time.Hour), "ravi")
		h.WorkUntil("ravi", visit, "complete", nil)
		desk.Send("GET", "/v1/reports/reachability", nil, 403)
		asha.Send("GET", "/v1/reports/reachability?from=2027-13-01", nil, 400)
		asha.Send("GET", "/v1/reports/reachability?from=2027-03-02&to=2027-03-01", nil, 422)
		asha.Send("GET", "/v1/reports/reachability?centre_id="+h.OtherCentre.String(), nil, 404)
		got := asha.Send("GET", "/v1/reports/reachability?from=2027-03-01&to=2027-03-01", nil, 200)
		row := got["total"].(object)
		for field, want := range map[string]float64{"jobs_opened": 3, "missed_by_us": 1, "no_access_by_customer": 1, "completed": 1,
			"first_time_fixed": 1, "completed_confirmed": 0,
			"promises_due": 1, "promises_late": 1, "could_not_reach_us": 1, "inbound_contacts": 1, "disputes": 0} {
			if row[field] != want {
				t.Errorf("%s is %v, want %v", field, row[field], want)
			}
			if got["definitions"].(object)[field] == nil {
				t.Errorf("%s has no definition", field)
			}
		}
		if len(got["items"].([]any)) != 1 {
			t.Errorf("a proprietor reads %d centres", len(got["items"].([]any)))
		}
		// What the household denies leaves the figures at once.
		h.CustomerPage(shut).Submit("dispute", 303, "visit_id", harness.String(door["id"]), "claim", "was_home")
		if row := asha.Send("GET", "/v1/reports/reachability", nil, 200)["total"].(object); row["no_access_by_customer"] != 0.0 ||
			row["disputes"] != 1.0 {
			t.Errorf("after the objection: %v no-shows, %v disputes", row["no_access_by_customer"], row["disputes"])
		}
		raw, res := asha.Raw("GET", "/v1/reports/reachability?format=csv", nil)
		table, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil || res.StatusCode != 200 || len(table) != 3 || len(table[0]) != 24 {
			t.Fatalf("CSV: %d %v %v", res.StatusCode, err, table)
		}
		if name := table[1][1]; !strings.HasPrefix(name, "'=") {
			t.Errorf("a spreadsheet would run %q", name)
		}
	})
}

func TestJobClockNamesWhoseTimeItWas(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.live_overdue", "flag.passed_on", "hold.area")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		h.Clock.Advance(time.Hour) // the centre's
		tried := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		h.Clock.Advance(2 * time.Hour) // the customer's
		desk.Send("POST", "/v1/jobs/"+harness.String(job["id"])+"/attempts", object{"direction": "inbound", "channel": "phone",
			"outcome": "reached"},
			201)
		h.Clock.Advance(3 * time.Hour) // the centre's
		desk.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "parts"}, 200)
		h.Clock.Advance(4 * time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/release", job), object{"kind": "parts"}, 200)
		// A report of danger is the brand's time and changes no centre's figure.
		h.As("maya").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 3})
		h.Clock.Advance(5 * time.Hour)
		got := desk.Send("GET", path("/v1/jobs/%s/clock", job), nil, 200)
		for whose, hours := range map[string]float64{"centre": 4, "customer": 2, "parts": 4, "brand": 5} {
			if n := got["seconds"].(object)[whose]; n != hours*3600 {
				t.Errorf("%s has %v s, want %v h", whose, n, hours)
			}
		}
		proven := false
		for _, s := range got["segments"].([]any) {
			proven = proven || s.(object)["whose"] == "customer" && s.(object)["proof"] == tried.ID
		}
		if !proven {
			t.Errorf("the customer's time does not name the attempt: %v", got["segments"])
		}
		h.As("maya2").Send("GET", path("/v1/jobs/%s/clock", job), nil, 404)
	})
}

// False alarms are a published figure.
func TestTheSafetyReportPublishesFalseAlarms(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken", "timer.ping", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where 45 s are over before a phone has taken the ring
		maya, asha := h.As("maya"), h.As("asha")
		if total := asha.Send("GET", "/v1/reports/safety", nil, 200)["total"].(object); total["false_alarm_rate"] != nil ||
			total["alarms"] != 0.0 {
			t.Errorf("without an alarm: %v", total)
		}
		for i, login := range []string{"ravi", "meena", "kiran"} {
			x := h.As(login).RaiseSOS()
			h.Advance(time.Duration(i*45) * time.Second)
			maya.AcknowledgeSOS(x)
			maya.ResolveSOS(x, bodies.SOSResolve{Words: "as asked", Outcome: bodies.SOSResolveOutcome([]string{"real", "false_alarm",
				"false_alarm"}[i])})
		}
		h.As("ravi").RaiseSOS()
		h.ArrivedVisit()
		h.Advance(70 * time.Minute)
		got := asha.Send("GET", "/v1/reports/safety", nil, 200)["total"].(object)
		for field, want := range map[string]float64{"timers": 1, "pings": 1, "alarms": 4, "alarms_by_timer": 0, "answered": 3,
			"answered_within_a_minute": 2, "real": 1, "false_alarms": 2, "tests": 0, "not_resolved": 1} {
			if got[field] != want {
				t.Errorf("%s is %v, want %v", field, got[field], want)
			}
		}
		if rate := got["false_alarm_rate"].(float64); rate < 0.66 || rate > 0.67 {
			t.Errorf("the rate is %v", rate)
		}
		if other := h.As("maya2").Send("GET", "/v1/reports/safety", nil, 200)["total"].(object); other["alarms"] != 0.0 {
			t.Errorf("another area reads %v", other)
		}
		h.As("kiran").Send("GET", "/v1/reports/safety", nil, 403)
		raw, _ := asha.Raw("GET", "/v1/reports/safety?format=csv", nil)
		table, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil || len(table) != 3 || table[2][1] != "total" || table[2][9] != "2" {
			t.Errorf("CSV: %v %v", err, table)
		}
	})
}
