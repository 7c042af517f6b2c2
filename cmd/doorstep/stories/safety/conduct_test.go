package safety

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// visible gathers everything that a person can read around a job.
func visible(h *harness.Harness, login string, job object, visits ...object) string {
	h.Helper()
	h.Settle()
	p := h.As(login)
	addresses := []string{path("/v1/jobs/%s", job), path("/v1/jobs/%s/timeline?limit=200", job), path("/v1/jobs/%s/attempts?limit=200", job),
		path("/v1/jobs/%s/passport", job),
		path("/v1/jobs/%s/reachability", job), path("/v1/visits?job_id=%s", job), "/v1/jobs", "/v1/inbox?limit=200", "/v1/exclusions",
		"/v1/disputes", "/v1/promises", "/v1/thanks"}
	for _, v := range visits {
		addresses = append(addresses, path("/v1/visits/%s", v))
	}
	var out strings.Builder
	for _, a := range addresses {
		body, _ := p.Raw("GET", a, nil)
		out.Write(body)
	}
	return out.String()
}

// TestAHouseholdReportsOurPeople is docs/product.md section 5: to the area manager,
// never first to the person or his centre; the household is not locked; at
// level 3 the person is kept from all homes until it is decided.
func TestAHouseholdReportsOurPeople(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.heard", "flag.stated", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visits.again")
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		customer, job := h.Household(desk, nil)
		first := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		next := h.Visit(desk, job, harness.Monday.Add(49*time.Hour), "meena")
		_, other := h.Household(desk, nil)
		alone, both := h.Visit(desk, other, harness.Monday.Add(25*time.Hour), "meena"), h.Visit(desk, other, harness.Monday.Add(28*time.Hour),
			"meena", "ravi")
		h.Clock.Advance(time.Hour)
		meena.CompleteVisit(first)
		h.Settle()
		needs, removed := h.Pushes("kiran", "A visit needs somebody"), h.Pushes("meena", "Visit removed")

		home := h.CustomerPage(job)
		if page := home.Read(); !strings.Contains(page, "Meena") || strings.Contains(page, "Surname") {
			t.Error("the page does not offer whom it may be about, by first name")
		}
		home.Submit("report", 422, "what", "nonsense", "note", "canary-narrative")
		home.Submit("report", 422, "what", "threatened", "who", h.People["ravi"].ID.String())
		home.Submit("report", 303, "what", "threatened", "who", meena.ID.String(), "note", "canary-narrative")
		if page := home.Read(); strings.Contains(page, "canary") {
			t.Error("the page shows what was reported")
		}
		h.Told(harness.TitleLiveReport, map[string]int{"maya": 1, "noor": 1, "asha": 0, "kiran": 0, "meena": 0, "gita": 0, "root": 0})
		h.Told("Area hold", map[string]int{"asha": 0})
		// Three visits lost her, a desk was told for each, and she of each; a visit
		// that two share keeps the other.
		h.Told("A visit needs somebody", map[string]int{"kiran": needs + 3})
		h.Told("Visit removed", map[string]int{"meena": removed + 3, "ravi": 0})
		if got := desk.Send("GET", path("/v1/visits/%s", both), nil, 200)["crew"]; fmt.Sprint(got) != fmt.Sprint(h.Crew("ravi")["crew"]) {
			t.Errorf("the shared visit's crew: %v", got)
		}
		for _, m := range slices.Concat(h.Phones.MessagesFor("phone:kiran"), h.Phones.MessagesFor("phone:meena")) {
			if text := strings.ToLower(m.Title + m.Body); strings.Contains(text, "report") || strings.Contains(text, "safe") ||
				strings.Contains(text, "threat") {
				t.Errorf("a push gives the reason: %q %q", m.Title, m.Body)
			}
		}
		nobodyOfTheCentreReads(h, job, first, next)
		flag := items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		id := flag["id"]
		if flag["reporter_id"] != nil || flag["by_customer"] != true || flag["subject_id"] != meena.ID.String() || flag["level"] != 3.0 ||
			flag["note"] != "canary-narrative" || flag["visit_id"] != first["id"] {
			t.Errorf("the area manager reads %v", flag)
		}
		if harness.Instant(t, flag["due_at"]).Sub(harness.Instant(t, flag["recorded_at"])) != 30*time.Minute {
			t.Errorf("due %v", flag["due_at"])
		}
		for _, login := range []string{"meena", "asha", "kiran"} {
			h.As(login).Flag(id, 404)
		}
		// The household is not locked.
		desk.Send("POST", path("/v1/visits/%s/assign", next), h.Crew("ravi"), 200)
		goesToNoHome(h, alone, both)
		// Pay kept: the visits that she lost are named.
		away := items(maya.Send("GET", "/v1/keep-aways", nil, 200))[0]
		if got := away["visits"].([]any); len(got) != 3 || away["user_id"] != meena.ID.String() || harness.Offers(away, "lift") {
			t.Errorf("kept away: %v", away)
		}
		maya.Send("POST", path("/v1/keep-aways/%s/lift", away), object{"reason": "as asked"}, 409)

		herSideIsHeard(h, id)
		// It ended by itself, but for that home.
		desk.Send("POST", path("/v1/visits/%s/assign", alone), h.Crew("meena"), 200)
		notAvailable(h, desk, "assign", path("/v1/visits/%s/assign", next), h.Crew("meena"))
		x := exclusions(maya)[0].(object)
		if x["user_id"] != meena.ID.String() || x["customer_id"] != customer["id"] || !harness.Offers(x, "lift") {
			t.Fatalf("kept apart: %v", x)
		}
		maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": " "}, 422)
		maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": "the household agrees"}, 200)
		desk.Send("POST", path("/v1/visits/%s/assign", next), h.Crew("meena"), 200)
	})
}

// nobodyOfTheCentreReads: nor anybody else but the area's managers, by any way.
func nobodyOfTheCentreReads(h *harness.Harness, job, first, next object) {
	h.Helper()
	for _, login := range []string{"kiran", "asha", "meena", "ravi", "gita"} {
		if got := visible(h, login, job, first, next); strings.Contains(got, "canary") || strings.Contains(got, "threat") ||
			strings.Contains(got, `"kind":"safety"`) {
			h.Errorf("%s reads of it", login)
		}
		if got := items(h.As(login).Send("GET", "/v1/flags", nil, 200)); len(got) != 0 {
			h.Errorf("%s lists %v", login, got)
		}
		if got := items(h.As(login).Send("GET", "/v1/keep-aways", nil, 200)); len(got) != 0 {
			h.Errorf("%s lists %v", login, got)
		}
	}
}

// notAvailable: Meena is refused, and nothing names the reason.
func notAvailable(h *harness.Harness, p *harness.Client, method, address string, body object) {
	h.Helper()
	out := p.Send("POST", address, body, 409)
	if text := fmt.Sprint(out["detail"]); out["code"] != "not_available" || text != "Meena is not available for this visit." {
		h.Errorf("%s is refused as %v: %s", method, out["code"], text)
	}
}

// goesToNoHome: she is sent nowhere, by any way.
func goesToNoHome(h *harness.Harness, alone, both object) {
	h.Helper()
	desk, maya := h.As("kiran"), h.As("maya")
	_, third := h.Household(desk, nil)
	window := func(hours int, more object) object {
		b := object{"window_start": harness.Monday.Add(time.Duration(hours) * time.Hour),
			"window_end": harness.Monday.Add(time.Duration(hours+2) * time.Hour)}
		for k, v := range more {
			b[k] = v
		}
		return b
	}
	notAvailable(h, desk, "schedule", path("/v1/jobs/%s/visits", third), window(72, h.Crew("meena")))
	notAvailable(h, maya, "assign", path("/v1/visits/%s/assign", alone), h.Crew("meena"))
	notAvailable(h, desk, "reassign", path("/v1/visits/%s/assign", both), h.Crew("ravi", "meena"))
	notAvailable(h, desk, "reschedule", path("/v1/visits/%s/reschedule", both), window(74, h.Crew("meena")))
	sheet := "ref,name,phone,fault,postal_code,address,date,from,to,technician\nK-1,A,98111 22233,cold,411001,1 Lane,2027-03-05,10:00,12:00,meena\n"
	imported, _ := desk.Raw("POST", "/v1/imports/jobs", sheet, "Content-Type", "text/csv")
	if !strings.Contains(string(imported), "Meena is not available for this visit.") {
		h.Errorf("the import says %s", imported)
	}
}

// herSideIsHeard before anything is found against her.
func herSideIsHeard(h *harness.Harness, id any) {
	h.Helper()
	meena, maya := h.As("meena"), h.As("maya")
	maya.MoveFlag(id, "triage", nil, 200)
	if out := maya.MoveFlag(id, "decide", object{"outcome": "upheld", "reasons": "as asked"}, 409); out["code"] != "guard_not_met" {
		h.Errorf("unheard: %v", out["code"])
	}
	meena.MoveFlag(id, "statement", object{"text": "x"}, 404)
	maya.MoveFlag(id, "review", object{"told": "A household says that words at the door sounded like a threat."}, 200)
	h.Told("Your word is asked for", map[string]int{"meena": 1, "asha": 0})
	heard := meena.Flag(id, 200)
	if heard["told"] == "" || heard["status"] != "open" || !harness.Offers(heard, "statement") || len(heard) != 9 {
		h.Errorf("she reads %v", heard)
	}
	if got := items(meena.Send("GET", "/v1/flags", nil, 200)); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(heard) {
		h.Errorf("her list: %v", got)
	}
	if out := meena.MoveFlag(id, "statement", object{"text": "I asked to move the car."}, 200); harness.Offers(out, "statement") {
		h.Errorf("after her side: %v", out)
	}
	meena.MoveFlag(id, "statement", object{"text": "I asked to move the car. "}, 200) // a retry
	if out := meena.MoveFlag(id, "statement", object{"text": "again"}, 409); out["status"] == nil || out["stated_at"] == nil ||
		!strings.Contains(fmt.Sprint(out["detail"]), "given your side already") {
		h.Errorf("a second time she is told %v", out)
	}
	meena.MoveFlag(id, "triage", nil, 404)
	h.Told("An answer came in", map[string]int{"maya": 1, "asha": 0})
	if got := maya.Flag(id, 200); got["statement"] != "I asked to move the car." {
		h.Errorf("the manager reads %v", got["statement"])
	}
	maya.MoveFlag(id, "decide", object{"outcome": "not_upheld", "reasons": "canary-reasons"}, 200)
	if got := meena.Flag(id, 200); got["status"] != "decided" || got["outcome"] != "not_upheld" ||
		strings.Contains(fmt.Sprint(got), "canary") {
		h.Errorf("she reads of the decision %v", got)
	}
}

// TestNobodyIsBookedPastAReport: desks that assign her while the report comes
// in either lose her again or are refused; none keeps her.
func TestNobodyIsBookedPastAReport(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		met := h.Visit(desk, job, harness.Monday.Add(4*time.Hour), "meena")
		h.As("meena").EnRoute(met)
		visits := []object{}
		for i := range 12 {
			_, other := h.Household(desk, nil)
			visits = append(visits, h.Visit(desk, other, harness.Monday.Add(time.Duration(24+2*(i%4)+24*(i/4))*time.Hour)))
		}
		home := h.CustomerPage(job)
		key := harness.FormKey.FindStringSubmatch(home.Read())[1]
		var wg sync.WaitGroup
		for i, v := range visits {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if out, res := desk.Raw("POST", path("/v1/visits/%s/assign", v), h.Crew("meena")); res.StatusCode != 200 && res.StatusCode != 409 {
					t.Errorf("assigning: %d %s", res.StatusCode, out)
				}
			}()
			if i == 5 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					home.SubmitWithKey("report", key, 303, "what", "hurt", "who", h.People["meena"].ID.String())
				}()
			}
		}
		wg.Wait()
		for _, v := range append(visits, items(desk.Send("GET", path("/v1/visits?job_id=%s", job), nil, 200))...) {
			if got := desk.Send("GET", path("/v1/visits/%s", v), nil, 200)["crew"].([]any); len(got) != 0 {
				t.Errorf("she still goes to a home: %v", got)
			}
		}
	})
}

// TestAReportThatIsUpheldStays: until an area manager lifts it with reasons;
// late, it climbs in ten minutes a step.
func TestAReportThatIsUpheldStays(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.heard", "flag.hearing", "flag.live", "flag.live_overdue", "visit.assigned",
			"visit.needs_someone", "visit.unassigned", "visits.again")
		desk, maya := h.As("kiran"), h.As("maya")
		away := h.ReportAgainst("meena")
		id := away["flag_id"]
		h.Advance(31 * time.Minute)
		h.Advance(10 * time.Minute)
		h.Told(late, map[string]int{"maya": 0, "root": 1})
		root := h.As("root")
		root.MoveFlag(id, "triage", nil, 200)
		root.MoveFlag(id, "review", object{"told": "Words at a door."}, 200)
		// Only the area manager disables somebody with an open report.
		u := root.Send("GET", "/v1/users/"+h.People["meena"].ID.String(), nil, 200)
		root.Send("PATCH", "/v1/users/"+h.People["meena"].ID.String(), object{"disabled": true}, 403, "If-Match",
			fmt.Sprintf(`"%v"`, u["version"]))
		root.MoveFlag(id, "decide", object{"outcome": "upheld", "reasons": "she says so herself"}, 200)
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour))
		desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 409)
		maya.Send("POST", path("/v1/keep-aways/%s/lift", away), object{"reason": " "}, 422)
		for _, login := range []string{"kiran", "asha", "meena", "gita"} {
			if _, res := h.As(login).Raw("POST", path("/v1/keep-aways/%s/lift", away),
				object{"reason": "as asked"}); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s lifts it: %d", login, res.StatusCode)
			}
		}
		if got := maya.Send("POST", path("/v1/keep-aways/%s/lift", away), object{"reason": "trained, and accompanied"},
			200); got["lifted_at"] == nil || harness.Offers(got, "lift") {
			t.Errorf("lifted: %v", got)
		}
		maya.Send("POST", path("/v1/keep-aways/%s/lift", away), object{"reason": "again"}, 409)
		desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 200)
	})
}

// TestAReportByVoice: any desk writes it down and sees nothing of it
// afterwards; one that names nobody is given a name by triage; one about a
// manager goes past him.
func TestAReportByVoice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "job.nobody_left", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		_, other := h.Household(desk, nil)
		elsewhere := h.Visit(desk, other, harness.Monday.Add(5*time.Hour), "meena")
		say := func(by *harness.Client, more object) {
			t.Helper()
			b := object{"action": "report", "note": "canary-voice"}
			for k, v := range more {
				b[k] = v
			}
			if out := by.Send("POST", path("/v1/jobs/%s/voice", job), b, 200); len(out["job"].(object)["holds"].([]any)) != 0 {
				t.Errorf("the household is locked: %v", out)
			}
		}
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report"}, 422)
		say(desk, object{"what": "discriminated", "subject_id": h.People["meena"].ID})
		if got := items(desk.Send("GET", "/v1/flags", nil, 200)); len(got) != 0 || strings.Contains(visible(h, "kiran", job, visit), "canary") {
			t.Errorf("who wrote it down reads %v", got)
		}
		flag := items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		if flag["recorded_by"] != desk.ID.String() || flag["level"] != 2.0 {
			t.Errorf("the manager reads %v", flag)
		}
		// Level 2: from that home, and from no other.
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["crew"].([]any); len(got) != 0 {
			t.Errorf("she still goes there: %v", got)
		}
		if got := desk.Send("GET", path("/v1/visits/%s", elsewhere), nil, 200)["crew"].([]any); len(got) != 1 {
			t.Errorf("she lost a visit elsewhere: %v", got)
		}
		if got := items(maya.Send("GET", "/v1/keep-aways", nil, 200)); len(got) != 0 {
			t.Errorf("kept away: %v", got)
		}
		// A raised level keeps her from all.
		maya.MoveFlag(flag["id"], "triage", object{"level": 4}, 200)
		if got := desk.Send("GET", path("/v1/visits/%s", elsewhere), nil, 200)["crew"].([]any); len(got) != 0 {
			t.Errorf("after triage she still goes elsewhere: %v", got)
		}
		// Nobody is named: nobody is kept away until triage knows.
		h.Clock.Advance(time.Minute)
		h.Visit(desk, other, harness.Monday.Add(9*time.Hour), "ravi")
		say(h.As("gita"), object{"what": "hurt"})
		flag = items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != nil || flag["level"] != 4.0 || len(items(maya.Send("GET", "/v1/keep-aways", nil, 200))) != 1 {
			t.Errorf("nobody was named: %v", flag)
		}
		maya.MoveFlag(flag["id"], "triage", object{"subject_id": maya.ID}, 403)
		maya.MoveFlag(flag["id"], "triage", object{"subject_id": h.People["ravi"].ID}, 200)
		if got := items(maya.Send("GET", "/v1/keep-aways", nil, 200)); len(got) != 2 || got[1]["user_id"] != h.People["ravi"].ID.String() ||
			len(got[1]["visits"].([]any)) != 1 {
			t.Errorf("after triage: %v", got)
		}
		// About one of the area's managers: the other one's.
		h.Clock.Advance(time.Minute)
		say(h.As("gita"), object{"what": "rude", "subject_id": maya.ID})
		flag = items(h.As("noor").Send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != maya.ID.String() {
			t.Fatalf("the other manager reads %v", flag)
		}
		maya.Flag(flag["id"], 404)
		maya.MoveFlag(flag["id"], "triage", nil, 404)
	})
}

// TestTheFoundingCase, from end to end: the phone is switched off, a message
// is sent, the customer abuses the technician, the proprietor wants to send a
// second one, and the area manager is abused by phone.
func TestTheFoundingCase(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.live", "flag.triage", "flag.triaged", "hold.area", "hold.released", "hold.second",
			"promise.yours", "visit.assigned")
		desk, ravi, asha, maya := h.As("kiran"), h.As("ravi"), h.As("asha"), h.As("maya")
		customer, job := h.Household(desk, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "switched_off"}, 201)
		ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "whatsapp", "outcome": "sent"}, 201)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		ravi.Arrive(visit)
		ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "hostile", "direction": "inbound"}, 201)
		ravi.StopVisit(visit)
		flag := ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "threat", "level": 3, "note": "canary-founding"}, 201)["id"]

		// Nobody is sent back alone, whoever tries and by whatever way.
		again := object{"window_start": h.Clock.Now().Add(2 * time.Hour), "window_end": h.Clock.Now().Add(4 * time.Hour),
			"crew": h.Crew("meena")["crew"]}
		if out := asha.Send("POST", path("/v1/jobs/%s/visits", job), again, 409); out["code"] != "held" || out["alternative"] == nil {
			t.Errorf("a second technician is refused as %v", out)
		}
		second := asha.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "still warm", "category": "refrigerator"}, 201)
		if out := asha.Send("POST", path("/v1/jobs/%s/visits", second), again, 409); out["code"] != "held" {
			t.Errorf("by another job: %v", out["code"])
		}
		asha.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}}, 403)
		asha.MoveFlag(flag, "triage", nil, 403)
		if got := asha.Flag(flag, 200); len(got) != 5 || strings.Contains(visible(h, "asha", job, visit), "canary") {
			t.Errorf("the proprietor reads %v", got)
		}

		// The same customer rings the area manager, fifteen times.
		for i := range 15 {
			maya.Send("POST", "/v1/contacts", object{"phone": number, "outcome": "no_answer", "occurred_at": h.Clock.Now().
				Add(-time.Duration(15-i) * time.Minute)}, 202)
		}
		own := maya.Send("POST", "/v1/flags", object{"phone": number, "kind": "verbal_abuse", "level": 2, "note": "shouted at me"}, 201)["id"]
		h.Settle()
		maya.MoveFlag(own, "triage", nil, 403)
		maya.MoveFlag(own, "decide", object{"outcome": "upheld", "reasons": "as asked"}, 403)
		noor := h.As("noor")
		noor.MoveFlag(own, "triage", nil, 200)
		noor.MoveFlag(own, "decide", object{"outcome": "upheld", "reasons": "fifteen calls are in the log"}, 200)
		// She still decides about the technician's, and does not release what her own report holds.
		maya.MoveFlag(flag, "triage", nil, 200)
		maya.MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "two witnesses"}, 200)
		h.ReadyToRelease(noor, job)
		still := maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}, "reason": "spoken to"}, 200)
		if len(still["holds"].([]any)) == 0 {
			t.Error("one release of two reports lifts all")
		}
		h.ReleaseHold(noor, job, "two_people")
		if out := asha.Send("POST", path("/v1/jobs/%s/visits", job), again, 409); out["code"] != "plan_not_met" {
			t.Errorf("one person under the plan: %v", out["code"])
		}
		if got := h.InboxBodies("ravi", moved); len(got) != 2 || !strings.Contains(got[0], "decided") {
			t.Errorf("the technician was told %q", got)
		}
		if got := ravi.Flag(flag, 200); got["reasons"] != "two witnesses" {
			t.Errorf("he reads %v", got["reasons"])
		}
	})
}

// TestEveryConfidentialFieldAndEveryReader is the table of docs/product.md section
// 2: for each reader, which field of a report he reads, by any way there is.
// Columns: kind, level, note, reporter, subject, evidence, reasons, pressure,
// the household's words when it took back, evidence that was removed; x is
// shown, a dot is not.
func TestEveryConfidentialFieldAndEveryReader(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.decided", "flag.heard", "flag.hearing", "flag.live", "flag.overdue", "flag.passed_on", "flag.reviewed",
			"flag.triage", "flag.triaged", "flag.withdrawn", "hold.area", "queue.morning", "sos.raised", "timer.no_signal",
			"timer.ping", "visit.assigned", "visit.call_desk", "visit.needs_someone", "visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		nameDeputy(h, "maya2", "maya")
		of := reportsOfEveryKind(h)
		const none = ".........."
		type row struct{ decided, withdrawn, open, note, colleague, customers, back string }
		nothing := row{none, none, none, none, none, none, none}
		office := row{"xxxx.xx..x", "xxxx.xxx.x", "xxxx.x...x", none, "xxxxxxx..x", "xxx.xxx...", "xxx.xx..x."}
		for login, want := range map[string]row{
			"ravi":   {"xxxx.xx..x", "xxxx.xxx.x", "xxxx.x...x", "xxxx.x...x", "xxxxxxx..x", none, none}, // the reporter, and one is about him
			"meena":  nothing,                                                                            // was there, and two are about her
			"ravi2":  nothing,                                                                            // another technician
			"kiran":  nothing,                                                                            // coordinator
			"kiran2": nothing,
			"asha":   nothing, // proprietor: the brief has none of these
			"asha2":  nothing,
			"maya":   office,
			"noor":   office,
			"maya2":  office, // deputy
			"noor2":  nothing,
			"gita":   nothing, // agent
			"root":   nothing, // admin, before it is passed on
		} {
			cells := func(id any) string { return confidential(h, login, id) }
			got := row{cells(of.decided), cells(of.withdrawn), cells(of.open), cells(of.note), cells(of.colleague),
				cells(of.customers), cells(of.back)}
			if got != want {
				t.Errorf("%s\n reads %q\n  want %q", login, got, want)
			}
			// No other way tells more than that: not even an office reads it there.
			all := visible(h, login, of.job, of.visit)
			for _, word := range []string{"canary", "sexual_harassment", "harass", "pressure"} {
				if strings.Contains(all, word) {
					t.Errorf("%s reads %q around the job", login, word)
				}
			}
		}
		// The proprietor's brief, exactly; of what is about her people there is none.
		briefs := items(h.As("asha").Send("GET", "/v1/flags?limit=200", nil, 200))
		if len(briefs) != 3 {
			t.Errorf("the proprietor lists %v", briefs)
		}
		for _, b := range briefs {
			if len(b) != 5 || b["id"] == of.colleague || b["id"] == of.customers || b["hold"] == nil || b["since"] == nil {
				t.Errorf("the brief: %v", b)
			}
		}
		// The person named reads what she was told, and no more.
		for _, id := range []any{of.colleague, of.customers} {
			if got := h.As("meena").Flag(id, 200); got["told"] != "Something at a home." || len(got) != 9 {
				t.Errorf("she reads %v", got)
			}
		}
		// The household reads nothing on its page.
		if page := h.CustomerPage(of.job).Read(); strings.Contains(page, "canary") || strings.Contains(page, "upheld") {
			t.Error("the page tells of a report")
		}
		// Passed on, the admins read what the managers do, of that one alone.
		h.Advance(4*time.Hour + time.Minute)
		h.Advance(time.Hour)
		h.Advance(time.Hour)
		for id, want := range map[any]string{of.open: "xxxx.x...x", of.decided: none, of.withdrawn: none, of.note: none, of.colleague: none,
			of.customers: none, of.back: none} {
			if got := confidential(h, "root", id); got != want {
				t.Errorf("the admin reads %s, want %s", got, want)
			}
		}
		if got := confidential(h, "noor2", of.open); got != "xxxx.x...x" {
			t.Errorf("the other manager reads %s", got)
		}
	})
}

// reports are those of a visit, by what became of them; customers and back are
// the household's own.
type reports struct {
	job, visit                                                 object
	decided, withdrawn, open, note, colleague, customers, back any
}

func reportsOfEveryKind(h *harness.Harness) reports {
	h.Helper()
	desk, ravi, noor := h.As("kiran"), h.As("ravi"), h.As("noor")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
	h.CustomerPage(job).Submit("report", 422, "what", "harassed", "who", h.People["meena"].ID.String(), "note", "canary-note 6")
	ravi.EnRoute(visit)
	h.CustomerPage(job).Submit("report", 303, "what", "harassed", "who", h.People["meena"].ID.String(), "note", "canary-note 6")
	// Another one, about a technician who has nothing else to do with it, that
	// the household takes back.
	_, second := h.Household(desk, nil)
	h.Clock.Advance(time.Minute)
	met := h.Visit(desk, second, harness.Monday.Add(5*time.Hour), "ravi")
	ravi.EnRoute(met)
	ravi.Arrive(met)
	h.CustomerPage(second).Submit("report", 303, "what", "discriminated", "who", ravi.ID.String(), "note", "canary-note 7")
	back := items(noor.Send("GET", "/v1/flags", nil, 200))[0]["id"]
	noor.Upload(back, "image/png", harness.PNG, 201)
	h.CustomerPage(second).Submit("withdraw-report", 303, "back", "canary-back")
	raise := func(by *harness.Client, more object) any {
		b := object{"kind": "sexual_harassment", "level": 2, "note": "canary-note"}
		for k, v := range more {
			b[k] = v
		}
		id := by.Send("POST", path("/v1/visits/%s/flags", visit), b, 201)["id"]
		by.Upload(id, "image/png", harness.PNG, 201)
		gone := by.Upload(id, "audio/ogg", oggFile, 201)
		by.Send("POST", fmt.Sprintf("/v1/flags/%v/evidence/%v/remove", id, gone["id"]), nil, 200)
		return id
	}
	decided, withdrawn, open := raise(ravi, nil), raise(ravi, object{"note": "canary-note 2"}), raise(ravi, object{"note": "canary-note 3"})
	colleague := raise(ravi, object{"subject_id": h.People["meena"].ID, "note": "canary-note 4"})
	note := raise(ravi, object{"level": 0, "note": "canary-note 5"})
	ravi.MoveFlag(withdrawn, "withdraw", object{"pressure": true, "reasons": "canary-reasons"}, 200)
	all := items(noor.Send("GET", "/v1/flags", nil, 200))
	customers := all[slices.IndexFunc(all, func(o object) bool { return o["by_customer"] == true && o["id"] != back })]["id"]
	noor.Upload(customers, "image/png", harness.PNG, 201)
	for _, id := range []any{decided, colleague, customers} {
		noor.MoveFlag(id, "triage", nil, 200)
		if id != decided {
			noor.MoveFlag(id, "review", object{"told": "Something at a home."}, 200)
		}
		noor.MoveFlag(id, "decide", object{"outcome": "upheld", "reasons": "canary-reasons"}, 200)
	}
	return reports{job, visit, decided, withdrawn, open, note, colleague, customers, back}
}

// confidential tells of each field of a report whether somebody reads it: x, or
// a dot.
func confidential(h *harness.Harness, login string, id any) string {
	h.Helper()
	fields := []string{"kind", "level", "note", "reporter_id", "subject_id", "evidence", "reasons", "pressure", "withdrawn_words", "removed"}
	p := h.As(login)
	one, list := object{}, object{}
	if out, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v", id), nil); res.StatusCode == 200 {
		one = harness.Parsed(h, out)
	}
	for _, f := range items(p.Send("GET", "/v1/flags?limit=200", nil, 200)) {
		if f["id"] == id {
			list = f
		}
	}
	if fmt.Sprint(one) != fmt.Sprint(list) {
		h.Errorf("%s reads one thing alone and another in the list: %v and %v", login, one, list)
	}
	if out, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v/evidence", id), nil); res.StatusCode == 200 {
		for _, e := range items(harness.Parsed(h, out)) {
			field, want := "evidence", 200
			if e["removed_at"] != nil {
				field, want = "removed", 404
			}
			one[field] = "there"
			if _, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v/evidence/%v", id, e["id"]), nil); res.StatusCode != want {
				h.Errorf("%s lists %s and reads it as %d", login, field, res.StatusCode)
			}
		}
	}
	row := make([]byte, len(fields))
	for i, f := range fields {
		row[i] = '.'
		if v, ok := one[f]; ok && v != nil && v != "" {
			row[i] = 'x'
		}
	}
	return string(row)
}
