package safety

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestAStruckNumberStillFindsItsHousehold: a number that somebody said is wrong is written to no more, and what calls from it is
// no contact of the household. A report by it is about the household all the same, and another row with it does not escape
// what lies there, whichever came first.
func TestAStruckNumberStillFindsItsHousehold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "flag.next_person")
		h.MayIgnore("household.asked", "aftercare.offer", "contact.unmatched", "promise.yours", "silence.desk", "number.verify")
		desk := h.As("kiran")
		under := func(job object) bool { return holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) > 0 }
		strike := func(job object) {
			desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "wrong_number"})
		}
		const number = "+919812700001"
		home, job := h.Household(desk, known(number, "1 Struck Lane"))
		strike(job)
		if p := phonesOf(desk.Send("GET", path("/v1/customers/%s", home), nil, 200)); len(p) != 0 {
			t.Fatalf("struck, it has %v", p)
		}
		desk.Send("POST", "/v1/contacts", object{"phone": number, "direction": "inbound", "outcome": "reached"}, 202)
		h.Settle()
		if v := desk.Verdict(job)["verdict"]; v == "reached" {
			t.Error("a call from a number that is somebody else's is contact")
		}
		_, before := h.Household(desk, known(number, "2 Other Lane"))
		if under(before) {
			t.Fatal("held before anything was reported")
		}
		strike(before)
		h.As("ravi").CreateFlag(bodies.FlagCreate{Phone: number, Kind: "threat", Level: 2})
		h.Settle()
		if !under(job) {
			t.Error("the report by a number that was struck holds nobody")
		}
		if _, next := h.Household(desk, known(number, "3 New Lane")); !under(next) {
			t.Error("registered anew with the number that was struck, it is free")
		}
	})
}
