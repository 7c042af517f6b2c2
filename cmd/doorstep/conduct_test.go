package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reads gathers everything that a person can read around a job.
func (h *harness) reads(login string, job obj, visits ...obj) string {
	h.Helper()
	h.settle()
	p := h.as(login)
	addresses := []string{path("/v1/jobs/%s", job), path("/v1/jobs/%s/timeline?limit=200", job), path("/v1/jobs/%s/attempts?limit=200", job),
		path("/v1/jobs/%s/passport", job),
		path("/v1/jobs/%s/reachability", job), path("/v1/visits?job_id=%s", job), "/v1/jobs", "/v1/inbox?limit=200", "/v1/exclusions",
		"/v1/disputes", "/v1/promises", "/v1/thanks"}
	for _, v := range visits {
		addresses = append(addresses, path("/v1/visits/%s", v))
	}
	var out strings.Builder
	for _, a := range addresses {
		body, _ := p.raw("GET", a, nil)
		out.Write(body)
	}
	return out.String()
}

func (h *harness) crew(logins ...string) obj {
	ids := []string{}
	for _, l := range logins {
		ids = append(ids, h.people[l].id.String())
	}
	return obj{"crew": ids}
}

// TestAHouseholdReportsOurPeople is docs/product.md section 5: to the area manager,
// never first to the person or his centre; the household is not locked; at
// level 3 the person is kept from all homes until it is decided.
func TestAHouseholdReportsOurPeople(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.heard", "flag.stated", "visit.assigned", "visit.crew_changed", "visit.needs_someone", "visits.again")
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		customer, job := h.household(desk, nil)
		first := h.visit(desk, job, monday.Add(time.Hour), "meena")
		next := h.visit(desk, job, monday.Add(49*time.Hour), "meena")
		_, other := h.household(desk, nil)
		alone, both := h.visit(desk, other, monday.Add(25*time.Hour), "meena"), h.visit(desk, other, monday.Add(28*time.Hour), "meena", "ravi")
		h.clock.Advance(time.Hour)
		meena.send("POST", path("/v1/visits/%s/complete", first), nil, 200)
		h.settle()
		needs, removed := h.pushes("kiran", "A visit needs somebody"), h.pushes("meena", "Visit removed")

		home := h.home(desk, job)
		if page := home.page(); !strings.Contains(page, "Meena") || strings.Contains(page, "Surname") {
			t.Error("the page does not offer whom it may be about, by first name")
		}
		home.taps("report", 422, "what", "nonsense", "note", "canary-narrative")
		home.taps("report", 422, "what", "threatened", "who", h.people["ravi"].id.String())
		home.taps("report", 303, "what", "threatened", "who", meena.id.String(), "note", "canary-narrative")
		if page := home.page(); strings.Contains(page, "canary") {
			t.Error("the page shows what was reported")
		}
		h.told(live, map[string]int{"maya": 1, "noor": 1, "asha": 0, "kiran": 0, "meena": 0, "gita": 0, "root": 0})
		h.told("Area hold", map[string]int{"asha": 0})
		// Three visits lost her, a desk was told for each, and she of each; a visit
		// that two share keeps the other.
		h.told("A visit needs somebody", map[string]int{"kiran": needs + 3})
		h.told("Visit removed", map[string]int{"meena": removed + 3, "ravi": 0})
		if got := desk.send("GET", path("/v1/visits/%s", both), nil, 200)["crew"]; fmt.Sprint(got) != fmt.Sprint(h.crew("ravi")["crew"]) {
			t.Errorf("the shared visit's crew: %v", got)
		}
		for _, m := range slices.Concat(h.phones.MessagesFor("phone:kiran"), h.phones.MessagesFor("phone:meena")) {
			if text := strings.ToLower(m.Title + m.Body); strings.Contains(text, "report") || strings.Contains(text, "safe") ||
				strings.Contains(text, "threat") {
				t.Errorf("a push gives the reason: %q %q", m.Title, m.Body)
			}
		}
		// Nobody of the centre reads anything of it, by any way.
		for _, login := range []string{"kiran", "asha", "meena", "ravi", "gita"} {
			if got := h.reads(login, job, first, next); strings.Contains(got, "canary") || strings.Contains(got, "threat") ||
				strings.Contains(got, `"kind":"safety"`) {
				t.Errorf("%s reads of it", login)
			}
			if got := items(h.as(login).send("GET", "/v1/flags", nil, 200)); len(got) != 0 {
				t.Errorf("%s lists %v", login, got)
			}
			if got := items(h.as(login).send("GET", "/v1/keep-aways", nil, 200)); len(got) != 0 {
				t.Errorf("%s lists %v", login, got)
			}
		}
		flag := items(maya.send("GET", "/v1/flags", nil, 200))[0]
		id := flag["id"]
		if flag["reporter_id"] != nil || flag["by_customer"] != true || flag["subject_id"] != meena.id.String() || flag["level"] != 3.0 ||
			flag["note"] != "canary-narrative" || flag["visit_id"] != first["id"] {
			t.Errorf("the area manager reads %v", flag)
		}
		if instant(t, flag["due_at"]).Sub(instant(t, flag["recorded_at"])) != 30*time.Minute {
			t.Errorf("due %v", flag["due_at"])
		}
		for _, login := range []string{"meena", "asha", "kiran"} {
			h.as(login).flag(id, 404)
		}
		// The household is not locked.
		desk.send("POST", path("/v1/visits/%s/assign", next), h.crew("ravi"), 200)
		// She goes to no home, by any way, and nothing names the reason.
		refused := func(p *person, method, address string, body obj) {
			t.Helper()
			out := p.send("POST", address, body, 409)
			if text := fmt.Sprint(out["detail"]); out["code"] != "not_available" || text != "Meena is not available for this visit." {
				t.Errorf("%s is refused as %v: %s", method, out["code"], text)
			}
		}
		_, third := h.household(desk, nil)
		window := func(hours int, more obj) obj {
			b := obj{"window_start": monday.Add(time.Duration(hours) * time.Hour), "window_end": monday.Add(time.Duration(hours+2) * time.Hour)}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		refused(desk, "schedule", path("/v1/jobs/%s/visits", third), window(72, h.crew("meena")))
		refused(maya, "assign", path("/v1/visits/%s/assign", alone), h.crew("meena"))
		refused(desk, "reassign", path("/v1/visits/%s/assign", both), h.crew("ravi", "meena"))
		refused(desk, "reschedule", path("/v1/visits/%s/reschedule", both), window(74, h.crew("meena")))
		sheet := "ref,name,phone,fault,postal_code,address,date,from,to,technician\nK-1,A,98111 22233,cold,411001,1 Lane,2027-03-05,10:00,12:00,meena\n"
		imported, _ := desk.raw("POST", "/v1/imports/jobs", sheet, "Content-Type", "text/csv")
		if !strings.Contains(string(imported), "Meena is not available for this visit.") {
			t.Errorf("the import says %s", imported)
		}
		// Pay kept: the visits that she lost are named.
		away := items(maya.send("GET", "/v1/keep-aways", nil, 200))[0]
		if got := away["visits"].([]any); len(got) != 3 || away["user_id"] != meena.id.String() || offers(away, "lift") {
			t.Errorf("kept away: %v", away)
		}
		maya.send("POST", path("/v1/keep-aways/%s/lift", away), obj{"reason": "x"}, 409)

		// Her side is heard before anything is found against her.
		maya.moves(id, "triage", nil, 200)
		if out := maya.moves(id, "decide", obj{"outcome": "upheld", "reasons": "x"}, 409); out["code"] != "guard_not_met" {
			t.Errorf("unheard: %v", out["code"])
		}
		meena.moves(id, "statement", obj{"text": "x"}, 404)
		maya.moves(id, "review", obj{"told": "A household says that words at the door sounded like a threat."}, 200)
		h.told("Your word is asked for", map[string]int{"meena": 1, "asha": 0})
		heard := meena.flag(id, 200)
		if heard["told"] == "" || heard["status"] != "open" || !offers(heard, "statement") || len(heard) != 9 {
			t.Errorf("she reads %v", heard)
		}
		if got := items(meena.send("GET", "/v1/flags", nil, 200)); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(heard) {
			t.Errorf("her list: %v", got)
		}
		if out := meena.moves(id, "statement", obj{"text": "I asked to move the car."}, 200); offers(out, "statement") {
			t.Errorf("after her side: %v", out)
		}
		meena.moves(id, "statement", obj{"text": "I asked to move the car. "}, 200) // a retry
		if out := meena.moves(id, "statement", obj{"text": "again"}, 409); out["status"] == nil || out["stated_at"] == nil ||
			!strings.Contains(fmt.Sprint(out["detail"]), "given your side already") {
			t.Errorf("a second time she is told %v", out)
		}
		meena.moves(id, "triage", nil, 404)
		h.told("An answer came in", map[string]int{"maya": 1, "asha": 0})
		if got := maya.flag(id, 200); got["statement"] != "I asked to move the car." {
			t.Errorf("the manager reads %v", got["statement"])
		}
		maya.moves(id, "decide", obj{"outcome": "not_upheld", "reasons": "canary-reasons"}, 200)
		if got := meena.flag(id, 200); got["status"] != "decided" || got["outcome"] != "not_upheld" ||
			strings.Contains(fmt.Sprint(got), "canary") {
			t.Errorf("she reads of the decision %v", got)
		}
		// It ended by itself, but for that home.
		desk.send("POST", path("/v1/visits/%s/assign", alone), h.crew("meena"), 200)
		refused(desk, "assign", path("/v1/visits/%s/assign", next), h.crew("meena"))
		x := exclusions(maya)[0].(obj)
		if x["user_id"] != meena.id.String() || x["customer_id"] != customer["id"] || !offers(x, "lift") {
			t.Fatalf("kept apart: %v", x)
		}
		maya.send("POST", path("/v1/exclusions/%s/lift", x), obj{"reason": " "}, 422)
		maya.send("POST", path("/v1/exclusions/%s/lift", x), obj{"reason": "the household agrees"}, 200)
		desk.send("POST", path("/v1/visits/%s/assign", next), h.crew("meena"), 200)
	})
}

// TestNobodyIsBookedPastAReport: desks that assign her while the report comes
// in either lose her again or are refused; none keeps her.
func TestNobodyIsBookedPastAReport(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		met := h.visit(desk, job, monday.Add(100*time.Hour), "meena")
		h.as("meena").send("POST", path("/v1/visits/%s/en-route", met), nil, 200)
		visits := []obj{}
		for i := range 12 {
			_, other := h.household(desk, nil)
			visits = append(visits, h.visit(desk, other, monday.Add(time.Duration(24+2*(i%4)+24*(i/4))*time.Hour)))
		}
		home := h.home(desk, job)
		key := formKey.FindStringSubmatch(home.page())[1]
		var wg sync.WaitGroup
		for i, v := range visits {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if out, res := desk.raw("POST", path("/v1/visits/%s/assign", v), h.crew("meena")); res.StatusCode != 200 && res.StatusCode != 409 {
					t.Errorf("assigning: %d %s", res.StatusCode, out)
				}
			}()
			if i == 5 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					home.sends("report", key, 303, "what", "hurt", "who", h.people["meena"].id.String())
				}()
			}
		}
		wg.Wait()
		for _, v := range append(visits, items(desk.send("GET", path("/v1/visits?job_id=%s", job), nil, 200))...) {
			if got := desk.send("GET", path("/v1/visits/%s", v), nil, 200)["crew"].([]any); len(got) != 0 {
				t.Errorf("she still goes to a home: %v", got)
			}
		}
	})
}

// TestAReportThatIsUpheldStays: until an area manager lifts it with reasons;
// late, it climbs in ten minutes a step.
func TestAReportThatIsUpheldStays(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.heard", "flag.hearing", "flag.live", "flag.live_overdue", "visit.assigned",
			"visit.needs_someone", "visit.unassigned", "visits.again")
		desk, maya := h.as("kiran"), h.as("maya")
		away := h.keptAway("meena")
		id := away["flag_id"]
		h.advance(31 * time.Minute)
		h.advance(10 * time.Minute)
		h.told(late, map[string]int{"maya": 0, "root": 1})
		root := h.as("root")
		root.moves(id, "triage", nil, 200)
		root.moves(id, "review", obj{"told": "Words at a door."}, 200)
		// Only the area manager disables somebody with an open report.
		u := root.send("GET", "/v1/users/"+h.people["meena"].id.String(), nil, 200)
		root.send("PATCH", "/v1/users/"+h.people["meena"].id.String(), obj{"disabled": true}, 403, "If-Match", fmt.Sprintf(`"%v"`, u["version"]))
		root.moves(id, "decide", obj{"outcome": "upheld", "reasons": "she says so herself"}, 200)
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, h.clock.Now().Add(24*time.Hour))
		desk.send("POST", path("/v1/visits/%s/assign", visit), h.crew("meena"), 409)
		maya.send("POST", path("/v1/keep-aways/%s/lift", away), obj{"reason": " "}, 422)
		for _, login := range []string{"kiran", "asha", "meena", "gita"} {
			if _, res := h.as(login).raw("POST", path("/v1/keep-aways/%s/lift", away), obj{"reason": "x"}); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s lifts it: %d", login, res.StatusCode)
			}
		}
		if got := maya.send("POST", path("/v1/keep-aways/%s/lift", away), obj{"reason": "trained, and accompanied"},
			200); got["lifted_at"] == nil || offers(got, "lift") {
			t.Errorf("lifted: %v", got)
		}
		maya.send("POST", path("/v1/keep-aways/%s/lift", away), obj{"reason": "again"}, 409)
		desk.send("POST", path("/v1/visits/%s/assign", visit), h.crew("meena"), 200)
	})
}

// TestAReportByVoice: any desk writes it down and sees nothing of it
// afterwards; one that names nobody is given a name by triage; one about a
// manager goes past him.
func TestAReportByVoice(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.triage", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		desk, maya := h.as("kiran"), h.as("maya")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "meena")
		_, other := h.household(desk, nil)
		elsewhere := h.visit(desk, other, monday.Add(5*time.Hour), "meena")
		say := func(by *person, more obj) {
			t.Helper()
			b := obj{"action": "report", "note": "canary-voice"}
			for k, v := range more {
				b[k] = v
			}
			if out := by.send("POST", path("/v1/jobs/%s/voice", job), b, 200); len(out["job"].(obj)["holds"].([]any)) != 0 {
				t.Errorf("the household is locked: %v", out)
			}
		}
		desk.send("POST", path("/v1/jobs/%s/voice", job), obj{"action": "report"}, 422)
		say(desk, obj{"what": "discriminated", "subject_id": h.people["meena"].id})
		if got := items(desk.send("GET", "/v1/flags", nil, 200)); len(got) != 0 || strings.Contains(h.reads("kiran", job, visit), "canary") {
			t.Errorf("who wrote it down reads %v", got)
		}
		flag := items(maya.send("GET", "/v1/flags", nil, 200))[0]
		if flag["recorded_by"] != desk.id.String() || flag["level"] != 2.0 {
			t.Errorf("the manager reads %v", flag)
		}
		// Level 2: from that home, and from no other.
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)["crew"].([]any); len(got) != 0 {
			t.Errorf("she still goes there: %v", got)
		}
		if got := desk.send("GET", path("/v1/visits/%s", elsewhere), nil, 200)["crew"].([]any); len(got) != 1 {
			t.Errorf("she lost a visit elsewhere: %v", got)
		}
		if got := items(maya.send("GET", "/v1/keep-aways", nil, 200)); len(got) != 0 {
			t.Errorf("kept away: %v", got)
		}
		// A raised level keeps her from all.
		maya.moves(flag["id"], "triage", obj{"level": 4}, 200)
		if got := desk.send("GET", path("/v1/visits/%s", elsewhere), nil, 200)["crew"].([]any); len(got) != 0 {
			t.Errorf("after triage she still goes elsewhere: %v", got)
		}
		// Nobody is named: nobody is kept away until triage knows.
		h.clock.Advance(time.Minute)
		h.visit(desk, other, monday.Add(9*time.Hour), "ravi")
		say(h.as("gita"), obj{"what": "hurt"})
		flag = items(maya.send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != nil || flag["level"] != 4.0 || len(items(maya.send("GET", "/v1/keep-aways", nil, 200))) != 1 {
			t.Errorf("nobody was named: %v", flag)
		}
		maya.moves(flag["id"], "triage", obj{"subject_id": maya.id}, 403)
		maya.moves(flag["id"], "triage", obj{"subject_id": h.people["ravi"].id}, 200)
		if got := items(maya.send("GET", "/v1/keep-aways", nil, 200)); len(got) != 2 || got[1]["user_id"] != h.people["ravi"].id.String() ||
			len(got[1]["visits"].([]any)) != 1 {
			t.Errorf("after triage: %v", got)
		}
		// About one of the area's managers: the other one's.
		h.clock.Advance(time.Minute)
		say(h.as("gita"), obj{"what": "rude", "subject_id": maya.id})
		flag = items(h.as("noor").send("GET", "/v1/flags", nil, 200))[0]
		if flag["subject_id"] != maya.id.String() {
			t.Fatalf("the other manager reads %v", flag)
		}
		maya.flag(flag["id"], 404)
		maya.moves(flag["id"], "triage", nil, 404)
	})
}

// TestTheFoundingCase, from end to end: the phone is switched off, a message
// is sent, the customer abuses the technician, the proprietor wants to send a
// second one, and the area manager is abused by phone.
func TestTheFoundingCase(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.decided", "flag.live", "flag.triage", "flag.triaged", "hold.area", "hold.released", "promise.again",
			"promise.yours", "visit.assigned")
		desk, ravi, asha, maya := h.as("kiran"), h.as("ravi"), h.as("asha"), h.as("maya")
		customer, job := h.household(desk, nil)
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		visit := h.visit(desk, job, monday.Add(3*time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/attempts", visit), obj{"channel": "phone", "outcome": "switched_off"}, 201)
		ravi.send("POST", path("/v1/visits/%s/attempts", visit), obj{"channel": "whatsapp", "outcome": "sent"}, 201)
		h.clock.Set(monday.Add(3 * time.Hour))
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		ravi.send("POST", path("/v1/visits/%s/attempts", visit), obj{"channel": "phone", "outcome": "hostile", "direction": "inbound"}, 201)
		ravi.send("POST", path("/v1/visits/%s/stop", visit), nil, 200)
		flag := ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "threat", "level": 3, "note": "canary-founding"}, 201)["id"]

		// Nobody is sent back alone, whoever tries and by whatever way.
		again := obj{"window_start": h.clock.Now().Add(2 * time.Hour), "window_end": h.clock.Now().Add(4 * time.Hour),
			"crew": h.crew("meena")["crew"]}
		if out := asha.send("POST", path("/v1/jobs/%s/visits", job), again, 409); out["code"] != "held" || out["alternative"] == nil {
			t.Errorf("a second technician is refused as %v", out)
		}
		second := asha.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "still warm", "category": "refrigerator"}, 201)
		if out := asha.send("POST", path("/v1/jobs/%s/visits", second), again, 409); out["code"] != "held" {
			t.Errorf("by another job: %v", out["code"])
		}
		asha.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"two_people"}}, 403)
		asha.moves(flag, "triage", nil, 403)
		if got := asha.flag(flag, 200); len(got) != 5 || strings.Contains(h.reads("asha", job, visit), "canary") {
			t.Errorf("the proprietor reads %v", got)
		}

		// The same customer rings the area manager, fifteen times.
		for i := range 15 {
			maya.send("POST", "/v1/contacts", obj{"phone": number, "outcome": "no_answer", "occurred_at": h.clock.Now().
				Add(-time.Duration(15-i) * time.Minute)}, 202)
		}
		own := maya.send("POST", "/v1/flags", obj{"phone": number, "kind": "verbal_abuse", "level": 2, "note": "shouted at me"}, 201)["id"]
		maya.moves(own, "triage", nil, 403)
		maya.moves(own, "decide", obj{"outcome": "upheld", "reasons": "x"}, 403)
		noor := h.as("noor")
		noor.moves(own, "triage", nil, 200)
		noor.moves(own, "decide", obj{"outcome": "upheld", "reasons": "fifteen calls are in the log"}, 200)
		// She still decides about the technician's, and does not release what her own report holds.
		maya.moves(flag, "triage", nil, 200)
		maya.moves(flag, "decide", obj{"outcome": "upheld", "reasons": "two witnesses"}, 200)
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"two_people"}}, 403)
		noor.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"two_people"}, "reason": "spoken to"}, 200)
		if out := asha.send("POST", path("/v1/jobs/%s/visits", job), again, 409); out["code"] != "plan_not_met" {
			t.Errorf("one person under the plan: %v", out["code"])
		}
		if got := h.says("ravi", moved); len(got) != 2 || !strings.Contains(got[0], "decided") {
			t.Errorf("the technician was told %q", got)
		}
		if got := ravi.flag(flag, 200); got["reasons"] != "two witnesses" {
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
	stories(t, func(h *harness) {
		h.ignores("call.manager", "flag.decided", "flag.heard", "flag.hearing", "flag.live", "flag.overdue", "flag.passed_on",
			"flag.reviewed", "flag.triage", "flag.triaged", "flag.withdrawn", "hold.area", "queue.morning", "sos.raised",
			"timer.no_signal", "timer.ping", "visit.assigned", "visit.call_desk", "visit.needs_someone", "visit.unassigned")
		h.deputy("maya2", "maya")
		desk, ravi, noor := h.as("kiran"), h.as("ravi"), h.as("noor")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi", "meena")
		h.home(desk, job).taps("report", 422, "what", "harassed", "who", h.people["meena"].id.String(), "note", "canary-note 6")
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		h.home(desk, job).taps("report", 303, "what", "harassed", "who", h.people["meena"].id.String(), "note", "canary-note 6")
		// Another one, about a technician who has nothing else to do with it, that
		// the household takes back.
		_, second := h.household(desk, nil)
		h.clock.Advance(time.Minute)
		met := h.visit(desk, second, monday.Add(5*time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/en-route", met), nil, 200)
		ravi.send("POST", path("/v1/visits/%s/arrive", met), nil, 200)
		h.home(desk, second).taps("report", 303, "what", "discriminated", "who", ravi.id.String(), "note", "canary-note 7")
		back := items(noor.send("GET", "/v1/flags", nil, 200))[0]["id"]
		noor.upload(back, "image/png", pngFile, 201)
		h.home(desk, second).taps("withdraw-report", 303, "back", "canary-back")
		raise := func(by *person, more obj) any {
			b := obj{"kind": "sexual_harassment", "level": 2, "note": "canary-note"}
			for k, v := range more {
				b[k] = v
			}
			id := by.send("POST", path("/v1/visits/%s/flags", visit), b, 201)["id"]
			by.upload(id, "image/png", pngFile, 201)
			gone := by.upload(id, "audio/ogg", oggFile, 201)
			by.send("POST", fmt.Sprintf("/v1/flags/%v/evidence/%v/remove", id, gone["id"]), nil, 200)
			return id
		}
		decided, withdrawn, open := raise(ravi, nil), raise(ravi, obj{"note": "canary-note 2"}), raise(ravi, obj{"note": "canary-note 3"})
		colleague := raise(ravi, obj{"subject_id": h.people["meena"].id, "note": "canary-note 4"})
		note := raise(ravi, obj{"level": 0, "note": "canary-note 5"})
		ravi.moves(withdrawn, "withdraw", obj{"pressure": true, "reasons": "canary-reasons"}, 200)
		all := items(noor.send("GET", "/v1/flags", nil, 200))
		customers := all[slices.IndexFunc(all, func(o obj) bool { return o["by_customer"] == true && o["id"] != back })]["id"]
		noor.upload(customers, "image/png", pngFile, 201)
		for _, id := range []any{decided, colleague, customers} {
			noor.moves(id, "triage", nil, 200)
			if id != decided {
				noor.moves(id, "review", obj{"told": "Something at a home."}, 200)
			}
			noor.moves(id, "decide", obj{"outcome": "upheld", "reasons": "canary-reasons"}, 200)
		}

		fields := []string{"kind", "level", "note", "reporter_id", "subject_id", "evidence", "reasons", "pressure", "withdrawn_words", "removed"}
		cells := func(login string, id any) string {
			p := h.as(login)
			one, list := obj{}, obj{}
			if out, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v", id), nil); res.StatusCode == 200 {
				one = parsed(h, out)
			}
			for _, f := range items(p.send("GET", "/v1/flags?limit=200", nil, 200)) {
				if f["id"] == id {
					list = f
				}
			}
			if fmt.Sprint(one) != fmt.Sprint(list) {
				t.Errorf("%s reads one thing alone and another in the list: %v and %v", login, one, list)
			}
			if out, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v/evidence", id), nil); res.StatusCode == 200 {
				for _, e := range items(parsed(h, out)) {
					field, want := "evidence", 200
					if e["removed_at"] != nil {
						field, want = "removed", 404
					}
					one[field] = "there"
					if _, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v/evidence/%v", id, e["id"]), nil); res.StatusCode != want {
						t.Errorf("%s lists %s and reads it as %d", login, field, res.StatusCode)
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
			got := row{cells(login, decided), cells(login, withdrawn), cells(login, open), cells(login, note), cells(login, colleague),
				cells(login, customers), cells(login, back)}
			if got != want {
				t.Errorf("%s\n reads %q\n  want %q", login, got, want)
			}
			// No other way tells more than that: not even an office reads it there.
			all := h.reads(login, job, visit)
			for _, word := range []string{"canary", "sexual_harassment", "harass", "pressure"} {
				if strings.Contains(all, word) {
					t.Errorf("%s reads %q around the job", login, word)
				}
			}
		}
		// The proprietor's brief, exactly; of what is about her people there is none.
		briefs := items(h.as("asha").send("GET", "/v1/flags?limit=200", nil, 200))
		if len(briefs) != 3 {
			t.Errorf("the proprietor lists %v", briefs)
		}
		for _, b := range briefs {
			if len(b) != 5 || b["id"] == colleague || b["id"] == customers || b["hold"] == nil || b["since"] == nil {
				t.Errorf("the brief: %v", b)
			}
		}
		// The person named reads what she was told, and no more.
		for _, id := range []any{colleague, customers} {
			if got := h.as("meena").flag(id, 200); got["told"] != "Something at a home." || len(got) != 9 {
				t.Errorf("she reads %v", got)
			}
		}
		// The household reads nothing on its page.
		if page := h.home(desk, job).page(); strings.Contains(page, "canary") || strings.Contains(page, "upheld") {
			t.Error("the page tells of a report")
		}
		// Passed on, the admins read what the managers do, of that one alone.
		h.advance(4*time.Hour + time.Minute)
		h.advance(time.Hour)
		h.advance(time.Hour)
		for id, want := range map[any]string{open: "xxxx.x...x", decided: none, withdrawn: none, note: none, colleague: none, customers: none,
			back: none} {
			if got := cells("root", id); got != want {
				t.Errorf("the admin reads %s, want %s", got, want)
			}
		}
		if got := cells("noor2", open); got != "xxxx.x...x" {
			t.Errorf("the other manager reads %s", got)
		}
	})
}

func parsed(h *harness, body []byte) obj {
	h.Helper()
	var o obj
	h.must(json.Unmarshal(body, &o))
	return o
}
