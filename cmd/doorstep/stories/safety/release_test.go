package safety

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// releaseOf is what a release with a plan is answered.
func releaseOf(p *harness.Client, job object, plan string, want int) object {
	p.Harness.Helper()
	return p.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{plan}, "reason": "spoken with the son",
		"confirmed_by": "the caretaker"}, want)
}

func held(p *harness.Client, job object) bool {
	p.Harness.Helper()
	return slices.ContainsFunc(p.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any), func(x any) bool {
		return x.(object)["kind"] == "safety"
	})
}

// TestAHoldIsReleasedByWhoTriagesItsReport: another area's manager who has a job of the
// household lifts nothing that they may not read; whoever triages does, after triage,
// with reasons, and after the reporter was asked. The right passes on with the report.
func TestAHoldIsReleasedByWhoTriagesItsReport(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.overdue", "flag.passed_on", "flag.stated", "flag.triage", "flag.triaged", "hold.area", "hold.released",
			"visit.assigned", "visit.needs_someone")
		h.MayIgnore("queue.morning")
		desk, ravi, maya, maya2 := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("maya2")
		customer, job := h.Household(desk, nil)
		centre2 := h.As("root").Send("GET", "/v1/users/"+h.People["kiran2"].ID.String(), nil, 200)["centre_id"]
		theirs := h.As("gita").Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "centre_id": centre2, "fault": "rattles",
			"category": "refrigerator"}, 201)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		flag := ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 2, Note: "canary"}).ID
		if !held(h.As("kiran2"), theirs) {
			t.Fatal("the other centre's job of the household is not held")
		}
		for _, login := range []string{"maya2", "root", "gita", "kiran2", "asha"} {
			releaseOf(h.As(login), theirs, "two_people", map[bool]int{true: 403, false: 404}[login != "asha"])
		}
		if out := releaseOf(maya, job, "two_people", 409); !strings.Contains(out["detail"].(string), "Triage") {
			t.Errorf("untriaged it is refused as %v", out["detail"])
		}
		maya.MoveFlag(flag, "triage", nil, 200)
		out := releaseOf(maya, job, "two_people", 409)
		if harness.Instant(t, out["until"]).Sub(h.Clock.Now()) != time.Hour {
			t.Errorf("the reporter is waited for until %v", out["until"])
		}
		if got := h.InboxBodies("ravi", "A question about your report"); len(got) != 1 {
			t.Errorf("the reporter is asked %q", got)
		}
		if got := harness.Queue(maya)["hold"]; len(got["moves"].([]any)) != 0 || !strings.Contains(fmt.Sprint(got["known"]), "asked first") {
			t.Errorf("the queue offers %v, knows %v", got["moves"], got["known"])
		}
		maya.MoveFlag(flag, "next-person", object{"words": "as asked"}, 403)
		desk.MoveFlag(flag, "next-person", object{"words": "as asked"}, 404)
		if own := ravi.Flag(flag, 200); !harness.Offers(own, "next-person") {
			t.Errorf("the reporter is offered %v", own["actions"])
		}
		ravi.MoveFlag(flag, "next-person", object{"words": "the son is calm, the father drinks"}, 200)
		if got := harness.Queue(maya)["hold"]; !strings.Contains(fmt.Sprint(got["known"]), "the father drinks") {
			t.Errorf("the queue knows %v", got["known"])
		}
		for _, reason := range []any{"", "  "} {
			maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}, "reason": reason}, 422)
		}
		releaseOf(maya2, theirs, "two_people", 403)
		releaseOf(maya, job, "two_people", 200)
		if held(h.As("kiran2"), theirs) {
			t.Error("released, the household is held elsewhere")
		}
		releaseOf(maya2, theirs, "phone_first", 403) // nor is the plan theirs

		// Nobody triages in time: with the report the right to release passes on; a silent
		// reporter holds up nobody for longer than an hour.
		_, late := h.Household(desk, nil)
		flag = desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(late["id"]), Kind: "intoxication", Level: 2}).ID
		h.Advance(4*time.Hour + time.Second)
		h.Advance(time.Hour + time.Second)
		h.Advance(time.Hour + time.Second)
		by := h.As("maya2")
		if _, res := by.Raw("GET", "/v1/flags/"+flag, nil); res.StatusCode != 200 {
			by = h.As("noor2")
		}
		by.MoveFlag(flag, "triage", nil, 200)
		releaseOf(by, late, "phone_first", 200)

		// Two reports on one household need both releases; what they ask for adds up.
		_, both := h.Household(desk, nil)
		first := desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(both["id"]), Kind: "hazard", Level: 2}).ID
		h.Advance(time.Second)
		second := maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(both["id"]), Kind: "discrimination", Level: 2}).ID
		h.Advance(time.Hour)
		maya.MoveFlag(first, "triage", nil, 200)
		releaseOf(maya, both, "daylight", 200)
		if !held(desk, both) {
			t.Fatal("one of two releases lifted all")
		}
		releaseOf(maya, both, "daylight", 403) // the other is her own
		h.As("noor").MoveFlag(second, "triage", nil, 200)
		releaseOf(h.As("noor"), both, "phone_first", 200)
		if got := desk.Send("GET", path("/v1/jobs/%s", both), nil, 200); held(desk, both) || fmt.Sprint(got["plan"]) != "[daylight phone_first]" {
			t.Errorf("both released, the plan is %v, holds %v", got["plan"], got["holds"])
		}
	})
}

// TestWhatAPersonDirectsTakesTwoDeciders walks every kind and level: at level 3 and 4 of
// what a person directs one decision changes nothing that the centre sees, and the same
// person is not the second.
func TestWhatAPersonDirectsTakesTwoDeciders(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.stated", "flag.triage", "flag.triaged", "hold.area", "hold.released", "hold.second")
		desk, maya, noor := h.As("kiran"), h.As("maya"), h.As("noor")
		for _, kind := range slices.Concat(domain.PersonFlagKinds, domain.FixableFlagKinds, []string{"other"}) {
			for level := 2; level <= 4; level++ {
				_, job := h.Household(desk, nil)
				flag := h.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: bodies.FlagCreateKind(kind), Level: level}).ID
				// A level that falls at triage changes nothing of it.
				maya.MoveFlag(flag, "triage", object{"level": 1}, 200)
				h.As("gita").MoveFlag(flag, "next-person", nil, 200)
				before, _ := desk.Raw("GET", path("/v1/jobs/%s", job), nil)
				line, _ := desk.Raw("GET", path("/v1/jobs/%s/timeline", job), nil)
				releaseOf(maya, job, "daylight", 200)
				two := slices.Contains(domain.PersonFlagKinds, kind) && level >= 3
				if held(desk, job) != two {
					t.Fatalf("%s of level %d: after one decision it is held: %v", kind, level, !two)
				}
				if !two {
					continue
				}
				after, _ := desk.Raw("GET", path("/v1/jobs/%s", job), nil)
				if now, _ := desk.Raw("GET", path("/v1/jobs/%s/timeline", job), nil); string(after) != string(before) || string(now) != string(line) {
					t.Fatalf("the first decision shows to the desk: %s", after)
				}
				releaseOf(maya, job, "daylight", 409)
				releaseOf(noor, job, "two_people", 200)
				if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); held(desk, job) ||
					fmt.Sprint(got["plan"]) != "[two_people daylight]" {
					t.Fatalf("%s: after two decisions the plan is %v, holds %v", kind, got["plan"], got["holds"])
				}
				// What two decided one makes stricter, and two loosen.
				releaseOf(noor, job, "no_visit", 200)
				releaseOf(noor, job, "daylight", 200)
				if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); fmt.Sprint(got["plan"]) != "[no_visit]" {
					t.Fatalf("%s: one person loosened it to %v", kind, got["plan"])
				}
				releaseOf(maya, job, "daylight", 200)
				if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); fmt.Sprint(got["plan"]) != "[daylight]" {
					t.Fatalf("%s: two people loosened it to %v", kind, got["plan"])
				}
			}
		}
	})
}

// TestTheCentreIsAnsweredAlikeWhateverWasReported walks every kind and level from 2: what
// desk and owner may say of a hold, and how it is answered, does not differ.
func TestTheCentreIsAnsweredAlikeWhateverWasReported(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "hold.settled")
		desk, asha := h.As("kiran"), h.As("asha")
		want := ""
		for _, kind := range slices.Concat(domain.PersonFlagKinds, domain.FixableFlagKinds, []string{"other"}) {
			for level := 2; level <= 4; level++ {
				_, job := h.Household(desk, nil)
				h.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: bodies.FlagCreateKind(kind), Level: level})
				var said []string
				for _, p := range []*harness.Client{desk, asha} {
					for _, body := range []object{{"plan": []string{"two_people"}, "reason": "as asked"}, {"plan": []string{}},
						{"plan": []string{"hazard_removed"}},
						{"plan": []string{"hazard_removed"}, "confirmed_by": "him"}} {
						out, res := p.Raw("POST", path("/v1/jobs/%s/safety-release", job), body)
						o := harness.Parsed(h, out)
						said = append(said, fmt.Sprint(res.StatusCode, o["detail"], o["version"], o["plan"], o["actions"]))
						if holds, ok := o["holds"].([]any); ok {
							x := holds[0].(object)
							said = append(said, fmt.Sprint(len(holds), x["kind"], x["reason"], x["since"], x["due_at"], x["lifted_at"], x["plan"],
								x["customer_id"] == nil, x["site_id"] == nil))
						}
					}
				}
				got := strings.Join(said, "\n")
				if want == "" {
					want = got
				}
				if got != want || !held(desk, job) {
					t.Fatalf("of %s, level %d, the centre hears\n%s\nwant\n%s", kind, level, got, want)
				}
			}
		}
	})
}

// TestNobodyIsChosenForALockedHome: however a visit loses its crew under a hold or under
// a plan that permits no visit, no desk is asked to choose somebody.
func TestNobodyIsChosenForALockedHome(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.declined_unsafe", "visit.needs_someone", "visit.wait")
		h.MayIgnore("visit.held_cancelled")
		desk, ravi, gita := h.As("kiran"), h.As("ravi"), h.As("gita")
		for i, lose := range []func(v object){
			func(v object) { ravi.Send("POST", path("/v1/visits/%s/decline", v), object{"reason": "unsafe"}, 200) },
			func(v object) { ravi.Send("POST", path("/v1/visits/%s/decline", v), object{"reason": "conflict"}, 200) },
			func(v object) { ravi.Send("POST", path("/v1/visits/%s/opt-out", v), nil, 200) },
		} {
			for k, locked := range []bool{true, false} {
				_, job := h.Household(desk, nil)
				visit := h.Visit(desk, job, harness.Monday.Add(time.Duration(24*(i+1)+3*k+1)*time.Hour), "ravi")
				if locked {
					gita.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "hazard", Level: 2})
				}
				before := len(h.InboxBodies("kiran", "A visit needs somebody"))
				lose(visit)
				if told := len(h.InboxBodies("kiran", "A visit needs somebody")) > before; told && locked || !told && !locked && i != 0 {
					t.Errorf("way %d, locked %v: the desk is asked to choose: %v", i, locked, told)
				}
				if locked && i == 2 { // nor once it is released with a plan that sends nobody
					h.ReleaseHold(h.As("maya"), job, "no_visit")
					if len(h.InboxBodies("kiran", "A visit needs somebody")) > before {
						t.Error("under no_visit the desk is asked to choose")
					}
				}
			}
		}
	})
}

// TestNobodyTellsWhichOfACrewReported: with the release both of a crew leave, and neither is available until the report is
// decided; what the centre reads of the two is the same, whichever of them reported, and the other one reads nothing of it.
func TestNobodyTellsWhichOfACrewReported(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.triaged", "flag.stated", "hold.area", "hold.released", "visit.assigned", "visit.needs_someone",
			"visit.unassigned", "visit.wait")
		h.MayIgnore("queue.morning", "flag.decided", "flag.moved", "job.nobody_left", "visit.crew_changed", "visit.read_plan", "aftercare.offer")
		desk, asha, maya := h.As("kiran"), h.As("asha"), h.As("maya")
		crew := []string{"ravi", "meena"}
		for i, tc := range []struct{ kind, outcome string }{{"verbal_abuse", "upheld"}, {"hazard", "upheld"}, {"verbal_abuse", "not_upheld"}} {
			for k, reporter := range crew {
				other := crew[1-k]
				_, job := h.Household(desk, nil)
				day := harness.Monday.Add(time.Duration(2*i+1) * 24 * time.Hour)
				visit := h.Visit(desk, job, day.Add(time.Duration(3*k)*time.Hour), crew...)
				next := h.Visit(desk, job, day.Add(time.Duration(24+3*k)*time.Hour), crew...)
				flag := h.As(reporter).FlagVisit(visit, bodies.VisitFlagCreate{Kind: bodies.VisitFlagCreateKind(tc.kind), Level: 2}).ID
				h.As(reporter).Send("POST", "/v1/flags/"+flag+"/next-person", object{"words": "none"}, 200)
				maya.MoveFlag(flag, "triage", nil, 200)
				releaseOf(maya, job, "daylight", 200)
				if got := desk.Visit(next).Crew; len(got) != 0 {
					t.Errorf("%s by %s: in the crew is %v", tc.kind, reporter, got)
				}
				is := func(login string) string {
					out, res := desk.Raw("POST", path("/v1/visits/%s/assign", next), h.Crew(login))
					pay := ""
					for _, r := range items(asha.Send("GET", "/v1/technicians/"+h.People[login].ID.String()+
						"/payable?from=2027-03-01&to=2027-03-31&limit=200", nil, 200)) {
						if r["visit_id"] == next["id"] || r["visit_id"] == visit["id"] {
							pay += fmt.Sprint(r["status"], r["payable"], r["counted"], r["why"], "; ")
						}
					}
					return fmt.Sprint(res.StatusCode, " ", strings.Contains(string(out), "not_available"), " ", pay)
				}
				if a, b := is(reporter), is(other); a != b || !strings.Contains(a, " true ") {
					t.Errorf("%s: %s, who reported: %s; %s: %s", tc.kind, reporter, a, other, b)
				}
				for _, x := range exclusions(h.As(other)) {
					if x.(object)["flag_id"] == flag {
						t.Errorf("%s reads of it: %v", other, x)
					}
				}
				h.Decide("maya", flag, tc.outcome)
				if got := is(other); !strings.HasPrefix(got, "200") {
					t.Errorf("%s %s by %s: %s is kept away for good: %s", tc.kind, tc.outcome, reporter, other, got)
				}
				stays := tc.kind == "verbal_abuse" // a person directed it
				if got := is(reporter); strings.HasPrefix(got, "200") == stays {
					t.Errorf("%s %s: %s, who reported: %s", tc.kind, tc.outcome, reporter, got)
				}
			}
		}
	})
}

// TestNobodyTellsWhoReportedAJobOrANumber: what names the job or the number instead of the visit tells no more of who of the crew
// reported it.
func TestNobodyTellsWhoReportedAJobOrANumber(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.cancelled", "visit.held_cancelled")
		h.MayIgnore("queue.morning", "flag.triaged", "flag.stated", "job.nobody_left", "visit.crew_changed", "visit.read_plan", "aftercare.offer",
			"visit.needs_someone", "visit.unassigned", "visit.wait", "flag.next_person")
		desk, maya := h.As("kiran"), h.As("maya")
		crew := []string{"ravi", "meena"}
		for i, by := range []string{"job", "number"} {
			for k, reporter := range crew {
				number := fmt.Sprintf("+9198123001%d%d", i, k)
				_, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{number}}}})
				at := h.Clock.Now().Add(time.Hour)
				h.Visit(desk, job, at, crew...)
				next := h.Visit(desk, job, at.Add(24*time.Hour), crew...)
				h.Clock.Set(at.Add(time.Hour))
				body := object{"job_id": job["id"], "kind": "verbal_abuse", "level": 2}
				if by == "number" {
					body = object{"phone": number, "kind": "verbal_abuse", "level": 2}
				}
				flag := harness.String(h.As(reporter).Send("POST", "/v1/flags", body, 201)["id"])
				h.Settle()
				h.As(reporter).Send("POST", "/v1/flags/"+flag+"/next-person", object{"words": "none"}, 200)
				maya.MoveFlag(flag, "triage", nil, 200)
				releaseOf(maya, job, "daylight", 200)
				for _, login := range crew {
					if out := desk.Send("POST", path("/v1/visits/%s/assign", next), h.Crew(login), 409); out["code"] != "not_available" {
						t.Errorf("by %s of %s: %s: %v", by, reporter, login, out["code"])
					}
				}
				h.Clock.Advance(30 * time.Minute)
			}
		}
	})
}
