package visits

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// A household called on Friday evening; the desk writes it down two days later.
func TestAJobBeginsWhenTheHouseholdReportedIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		customer, _ := h.Household(desk, object{})
		register := func(more object, want int, headers ...string) object {
			t.Helper()
			in := object{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator"}
			for k, v := range more {
				in[k] = v
			}
			return desk.Send("POST", "/v1/jobs", in, want, headers...)
		}
		called := h.Clock.Now().Add(-50 * time.Hour)
		job := register(object{"occurred_at": called.Format(time.RFC3339)}, 201)
		if !harness.At(job, "opened_at").Equal(called) || !harness.At(job, "created_at").Equal(h.Clock.Now()) {
			t.Errorf("opened at %v, written down at %v", job["opened_at"], job["created_at"])
		}
		entry := items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200))[0]
		if !harness.At(entry, "occurred_at").Equal(called) || !harness.At(entry, "recorded_at").Equal(h.Clock.Now()) {
			t.Errorf("the timeline says %v", entry)
		}
		if clock := desk.Send("GET", path("/v1/jobs/%s/clock", job), nil, 200); !harness.At(clock, "from").Equal(called) {
			t.Errorf("its clock: %v", clock)
		}
		// Local time is the site's; a device's clock is corrected; nothing is in the future.
		local := register(object{"occurred_at": called.In(harness.Zone("Asia/Kolkata")).Format("2006-01-02T15:04")}, 201)
		if !harness.At(local, "opened_at").Equal(called.Truncate(time.Minute)) {
			t.Errorf("in local time: opened at %v", local["opened_at"])
		}
		fast := register(object{"occurred_at": called.Add(72 * time.Hour).Format(time.RFC3339)}, 201,
			"Doorstep-Sent-At", h.Clock.Now().Add(72*time.Hour).Format(time.RFC3339))
		if !harness.At(fast, "opened_at").Equal(called) {
			t.Errorf("by a clock three days fast: opened at %v", fast["opened_at"])
		}
		for _, at := range []time.Duration{time.Hour, 400 * 24 * time.Hour} {
			if j := register(object{"occurred_at": h.Clock.Now().Add(at).Format(time.RFC3339)}, 201); !harness.At(j,
				"opened_at").Equal(h.Clock.Now()) {
				t.Errorf("reported in %v: opened at %v", at, j["opened_at"])
			}
		}
		register(object{"occurred_at": h.Clock.Now().AddDate(-3, 0, 0).Format(time.RFC3339)}, 422)
		register(object{"occurred_at": "yesterday"}, 400)
		desk.Send("PATCH", path("/v1/jobs/%s", job), object{"occurred_at": called.Format(time.RFC3339)}, 400, "If-Match", `"1"`)
		// A try from before the job was written down does not count against the household.
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "direction": "outbound", "outcome": "no_answer",
			"ring_seconds": 30, "occurred_at": called.Add(4 * time.Hour).Format(time.RFC3339)}, 201)
		v := desk.Send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)
		if len(harness.List(v, "does_not_count")) != 1 {
			t.Errorf("a try from before the job was written down: %v", v)
		}
	})
}

func TestAnImportSaysWhenAJobWasReported(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		day := h.Clock.Now().In(harness.Zone("Asia/Kolkata")).AddDate(0, 0, -2)
		rows := map[string]string{"R-1": day.Format("02/01/2006") + " 18:45", "R-2": day.Format("2006-01-02T15:04"),
			"R-3": day.Format("02-Jan-2006"),
			"R-4": "", "R-5": "some day", "R-6": day.AddDate(0, 0, 9).Format("02/01/2006"), "R-7": day.Format("2/1/2006") + " 06:45:10 PM"}
		want := map[string]string{"R-1": day.Format("2006-01-02") + "T18:45", "R-2": day.Format("2006-01-02T15:04"),
			"R-3": day.Format("2006-01-02") + "T12:00", "R-7": day.Format("2006-01-02") + "T18:45"}
		csv := "Ticket,Customer,Mobile,Address,Call Date\n"
		for ref, cell := range rows {
			csv += ref + ",Home " + ref + ",982000" + "1" + strings.TrimPrefix(ref, "R-") + "00,1 Road," + cell + "\n"
		}
		desk.Send("POST", "/v1/imports/jobs?preview=false", csv, 200, "Content-Type", "text/csv")
		for ref := range rows {
			got := items(desk.Send("GET", "/v1/jobs?external_ref="+ref, nil, 200))
			if len(got) != 1 {
				t.Fatalf("%s: %d jobs", ref, len(got))
			}
			right := h.Clock.Now()
			if want[ref] != "" {
				right, _ = time.ParseInLocation("2006-01-02T15:04", want[ref], harness.Zone("Asia/Kolkata"))
			}
			if !harness.At(got[0], "opened_at").Equal(right) {
				t.Errorf("%s %q: opened at %v, want %v", ref, rows[ref], got[0]["opened_at"], right)
			}
		}
	})
}
