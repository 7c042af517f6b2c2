package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestCapsAreTheHouseholds: two calls a day to a household, whatever the jobs; those
// since arrival and call-backs that it asked for are outside. Attempts from before keep
// the rules by which they were judged.
func TestCapsAreTheHouseholds(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late", "promise.yours", "timer.ping", "visit.assigned")
		h.MayIgnore("timer.desk", "sos.raised", "visit.missed_desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		customer, first := h.Household(desk, nil)
		second := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "leaks", "category": "refrigerator"}, 201)
		third := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "rattles", "category": "refrigerator"}, 201)
		call := func(job object) string {
			h.Helper()
			h.Clock.Advance(time.Minute)
			return desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30}).ID
		}
		why := func(job object, attempt string) string {
			h.Helper()
			v := desk.Verdict(job)
			for _, x := range v["does_not_count"].([]any) {
				if x.(object)["id"] == attempt {
					return x.(object)["why"].(string)
				}
			}
			if strings.Contains(fmt.Sprint(v["counts"]), attempt) {
				return "counts"
			}
			return "nowhere"
		}
		old := call(first)
		_, err := h.DB.SQL().ExecContext(h.Context(), "UPDATE attempts SET rules = 0") // as before the upgrade
		h.Must(err)
		one, two := call(first), call(second)
		capped := call(third)
		if got := []string{why(first, old), why(first, one), why(second, two), why(third, capped)}; got[0] != "counts" || got[1] != "counts" ||
			got[2] != "counts" || got[3] != "third call of that day, at most 2" {
			h.Errorf("%q", got)
		}
		if next := desk.Verdict(second)["next_allowed"].(object)["phone"].(string); !strings.HasPrefix(next, "2027-03-02") {
			h.Errorf("the next call about the second job is allowed at %s", next)
		}
		// What it asked for, and what rings at its door.
		h.CustomerPage(third).Submit("call-me", 303)
		h.Clock.Advance(time.Minute)
		if got := why(third, call(third)); got != "counts" {
			h.Errorf("a call-back that it asked for: %s", got)
		}
		visit := h.Visit(desk, first, h.Clock.Now().Add(10*time.Minute), "ravi")
		h.Clock.Advance(10 * time.Minute)
		ravi.Arrive(visit)
		if got := why(first, call(first)); strings.Contains(got, "call of that day") {
			h.Errorf("a call from the door: %s", got)
		}
		tomorrow := 24 * time.Hour
		h.Clock.Advance(tomorrow)
		if got := why(second, call(second)); got != "counts" {
			h.Errorf("the next day: %s", got)
		}
	})
}

// TestRowsOfAHouseholdAreOneCap: another customer row with the number, registered by whatever centre, or a row that is
// merged away, gives nobody calls of its own; a number that many share does not.
func TestRowsOfAHouseholdAreOneCap(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		kiran, kiran2 := h.As("kiran"), h.As("kiran2")
		row := func(desk *harness.Client, phone string) (customer, job object) {
			h.Helper()
			return h.Household(desk, object{"contacts": []object{{"name": "Mrs Kapoor", "phones": []string{phone}}}})
		}
		call := func(desk *harness.Client, job object) string {
			h.Helper()
			h.Clock.Advance(time.Minute)
			return desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30}).ID
		}
		why := func(desk *harness.Client, job object, attempt string) string {
			h.Helper()
			v := desk.Verdict(job)
			for _, x := range v["does_not_count"].([]any) {
				if x.(object)["id"] == attempt {
					return x.(object)["why"].(string)
				}
			}
			return "counts"
		}
		const capped = "third call of that day, at most 2"
		_, one := row(kiran, "+919811170001")
		_, two := row(kiran2, "+91 98111-70001")
		call(kiran, one)
		call(kiran2, two)
		if got := why(kiran, one, call(kiran, one)); got != capped {
			h.Errorf("two rows of one number: %s", got)
		}
		if next := kiran2.Verdict(two)["next_allowed"].(object)["phone"].(string); !strings.HasPrefix(next, "2027-03-02") {
			h.Errorf("the next call to the other row is allowed at %s", next)
		}
		// What was judged by the rules of then stays: each row had its day.
		_, err := h.DB.SQL().ExecContext(h.Context(), "UPDATE attempts SET rules = 3")
		h.Must(err)
		if got := why(kiran2, two, call(kiran2, two)); got != "counts" {
			h.Errorf("calls to the other row from before: %s", got)
		}
		// A row that became part of another one.
		part, third := row(kiran, "+919811170003")
		into, fourth := row(kiran, "+919811170004")
		call(kiran, third)
		call(kiran, fourth)
		kiran.Send("POST", path("/v1/customers/%s/merge", part), object{"into": into["id"], "reason": "moved in together"}, 200)
		if got := why(kiran, fourth, call(kiran, fourth)); got != capped {
			h.Errorf("after a merge: %s", got)
		}
		// A dealer's number is no household.
		var dealt []object
		for range 5 {
			_, job := row(kiran, "+919811170009")
			dealt = append(dealt, job)
		}
		for _, job := range dealt {
			if got := why(kiran, job, call(kiran, job)); got != "counts" {
				h.Errorf("a number that five use: %s", got)
			}
		}
	})
}
