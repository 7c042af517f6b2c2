package safety

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestAReportByANumberOfManyIsAQuestion: four homes of a tower have its guard's number. A report by that number holds none of
// them before whoever triages has said which it is; they hear of the report at once.
func TestAReportByANumberOfManyIsAQuestion(t *testing.T) {
	const guard = "+919812300077"
	for _, address := range []string{"/v1/flags", "/v1/contacts"} {
		t.Run(address, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("flag.triage", "flag.live", "flag.next_person", "hold.area", "household.asked")
				h.MayIgnore("call.manager", "visit.assigned", "visit.wait", "aftercare.offer", "flag.overdue", "flag.live_overdue",
					"flag.passed_on", "queue.morning", "aftercare.due", "aftercare.late", "promise.yours", "promise.owed")
				desk, maya, ravi := h.As("kiran"), h.As("maya"), h.As("ravi")
				var homes, jobs []object
				for i := range 4 {
					c, j := h.Household(desk, known(guard, fmt.Sprintf("Flat %d, %d Tower Road", i+1, 10*(i+1))))
					homes, jobs = append(homes, c), append(jobs, j)
					h.Clock.Advance(time.Minute)
				}
				report := func(level int) {
					h.Helper()
					if address == "/v1/flags" {
						ravi.Send("POST", address, object{"phone": guard, "kind": "threat", "level": level, "note": "x"}, 201)
					} else {
						ravi.Send("POST", address, object{"phone": guard, "flag": object{"kind": "threat", "level": level, "note": "x"}}, 202)
					}
					h.Settle()
				}
				questions := func() []object {
					return harness.Items(maya.Send("GET", "/v1/household-questions?status=asked", nil, 200))
				}
				held := func() (out []int) {
					for i := range jobs {
						out = append(out, holdsOf(desk.Send("GET", path("/v1/jobs/%s", jobs[i]), nil, 200)))
					}
					return out
				}
				report(3)
				if got := fmt.Sprint(held()); got != "[0 0 0 0]" {
					t.Fatalf("before anybody was asked there are holds: %s", got)
				}
				if got := harness.Items(maya.Send("GET", "/v1/flags", nil, 200)); len(got) != 1 || got[0]["customer_id"] != nil {
					t.Errorf("whoever triages reads %v", got)
				}
				asked := questions()
				if len(asked) != 4 {
					t.Fatalf("asked: %v", asked)
				}
				if q := asked[0]; q["customer_id"] != q["other_id"] || q["words"] != "" || q["critical"] != true || !harness.Offers(q, "decide") {
					t.Errorf("a question is %v", q)
				}
				of := func(home object) object {
					h.Helper()
					for _, q := range questions() {
						if q["customer_id"] == home["id"] {
							return q
						}
					}
					h.Fatal("nobody is asked about it")
					return nil
				}
				decide := func(by *harness.Client, home object, decision string, want int) {
					h.Helper()
					by.Send("POST", path("/v1/household-questions/%s/decide", of(home)),
						object{"decision": decision, "reasons": "called the guard"}, want)
				}
				decide(desk, homes[2], "same", 403)
				decide(h.As("maya2"), homes[2], "same", 404)
				decide(maya, homes[0], "different", 200)
				if got := fmt.Sprint(held()); got != "[0 0 0 0]" || len(questions()) != 3 {
					t.Errorf("after the first answer: %s, %d asked", got, len(questions()))
				}
				decide(maya, homes[2], "same", 200)
				if got := fmt.Sprint(held()); got != "[0 0 1 0]" {
					t.Errorf("after the answer: %s", got)
				}
				for _, q := range questions() {
					if q["customer_id"] == q["other_id"] {
						t.Errorf("somebody is still asked %v", q)
					}
				}
				if f := harness.Items(maya.Send("GET", "/v1/flags", nil, 200))[0]; f["customer_id"] != homes[2]["id"] {
					t.Errorf("the report is about %v", f["customer_id"])
				}
				// The next one over that number is a question again, for the four were there before the hold.
				report(2)
				if got := fmt.Sprint(held()); got != "[0 0 1 0]" {
					t.Errorf("a second report: %s", got)
				}
			})
		})
	}
}

// TestWhoComesLaterDoesNotHideAHold: rows that take a held household's number do not make it one that many share, and the next report
// is that household's. A question that nobody answers is everybody's who triages, told once.
func TestWhoComesLaterDoesNotHideAHold(t *testing.T) {
	const own, guard = "+919812300078", "+919812300079"
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area", "household.asked")
		h.MayIgnore("visit.assigned", "visit.wait", "aftercare.offer", "flag.overdue", "flag.passed_on", "queue.morning", "aftercare.due",
			"aftercare.late", "job.silent", "jobs.silent", "hold.home")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, held := h.Household(desk, known(own, "1 Lone Street"))
		report := func(phone string) {
			h.Helper()
			ravi.Send("POST", "/v1/flags", object{"phone": phone, "kind": "threat", "level": 2, "note": "x"}, 201)
			h.Settle()
		}
		report(own)
		h.Clock.Advance(time.Minute)
		for i := range 4 {
			h.Household(desk, known(own, fmt.Sprintf("%d Other Street", 10*i+3)))
		}
		report(own)
		if got := len(h.Column("SELECT id FROM holds WHERE kind = 'safety'")); got != 2 {
			t.Errorf("%d holds of two reports over %v", got, held["id"])
		}
		for i := range 4 {
			h.Household(desk, known(guard, fmt.Sprintf("Flat %d, %d Tower Road", i+1, 100*(i+1))))
		}
		report(guard)
		h.Advance(5 * time.Hour)
		if got := harness.Items(h.As("maya2").Send("GET", "/v1/household-questions?status=asked", nil, 200)); len(got) != 4 {
			t.Errorf("when it is late another area's manager reads %d questions", len(got))
		}
	})
}

// TestRowsOfOneHouseholdAreNotMany: a sheet made the same family four times, with one number. They are one household: a report by the
// number is about it, a row with the number at another address is under the hold, and so the number is not one that many share.
func TestRowsOfOneHouseholdAreNotMany(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area")
		h.MayIgnore("flag.next_person", "aftercare.offer", "household.asked")
		desk := h.As("kiran")
		const number = "+919812800001"
		held := func(job object) bool { return holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) > 0 }
		var jobs []object
		for _, address := range []string{"Flat 5, 12 Hill Road", "12, HILL RD. (Apt #5)", "12 Hill Road, Flat 5", "flat 5, 12 hill rd"} {
			_, job := h.Household(desk, family("Ravi Patil", "Ravi", address, number))
			jobs = append(jobs, job)
		}
		h.As("ravi").CreateFlag(bodies.FlagCreate{Phone: number, Kind: "threat", Level: 2})
		h.Settle()
		for i, job := range jobs {
			if !held(job) {
				t.Errorf("row %d of the household is free", i+1)
			}
		}
		if _, next := h.Household(desk, family("R. Patil", "R", "3 Mill Lane", number)); !held(next) {
			t.Error("with the same number at another address it is free")
		}
	})
}
