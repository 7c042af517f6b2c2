package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// tried records a step as a person of staff.
func (p *person) tried(job obj, step, result, watched string, want int, more obj) obj {
	p.h.Helper()
	b := obj{"step": step, "result": result, "watched_by": watched}
	for k, v := range more {
		b[k] = v
	}
	return p.send("POST", path("/v1/jobs/%s/tried-steps", job), b, want)
}

func (p *person) passport(job obj) obj {
	p.h.Helper()
	return p.send("GET", path("/v1/jobs/%s/passport", job), nil, 200)
}

// items are those of a page of a list.
func items(o obj) []obj { return list(o, "items") }

func list(o obj, name string) []obj {
	out := []obj{}
	for _, v := range o[name].([]any) {
		out = append(out, v.(obj))
	}
	return out
}

func (h *harness) factKinds(job obj) []string {
	h.Helper()
	kinds := []string{}
	for _, f := range items(h.as("maya").send("GET", path("/v1/jobs/%s/timeline?limit=200", job), nil, 200)) {
		kinds = append(kinds, f["kind"].(string))
	}
	return kinds
}

func count(kinds []string, kind string) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func TestAskedOnceAndAgainWithAReasonOnly(t *testing.T) {
	stories(t, func(h *harness) {
		desk, agent := h.as("kiran"), h.as("gita")
		_, job := h.household(desk, nil)
		h.visit(desk, job, monday.Add(26*time.Hour), "ravi")
		h.expect("ravi", "New visit")
		first := agent.tried(job, "Switched it off and on", "failed", "nobody", 201,
			obj{"note": "ten minutes", "occurred_at": monday.Add(-time.Hour).Format(time.RFC3339)})
		if first["times"] != 1.0 || first["by_role"] != "agent" || first["occurred_at"] != monday.Add(-time.Hour).Format(time.RFC3339) {
			t.Errorf("the record is %v", first)
		}
		// The next voice asks for the same in other words, and is told.
		ravi := h.as("ravi")
		out := ravi.tried(job, "  switched it OFF, and on! ", "failed", "professional", 409, nil)
		earlier, _ := out["earlier"].(obj)
		if out["code"] != "step_recorded" || earlier["id"] != first["id"] || earlier["times"] != 1.0 {
			t.Fatalf("the warning is %v", out)
		}
		if page, res := h.anonymous().raw("GET", "/problems/step_recorded", nil); res.StatusCode != 200 ||
			!strings.Contains(string(page), "repeat_reason") {
			t.Errorf("the page of the code: %d %s", res.StatusCode, page)
		}
		ravi.tried(job, "switched it off and on", "failed", "professional", 409, obj{"repeat_reason": "  "})
		again := ravi.tried(job, "switched it off and on", "failed", "professional", 201, obj{"repeat_reason": "new board fitted"})
		if again["times"] != 2.0 || again["repeat_of"] != first["id"] {
			t.Errorf("the repeat is %v", again)
		}
		// Hindi, and another writer's spelling of it.
		desk.tried(job, "फ़्यूज़ बदला।", "unclear", "household", 201, nil)
		desk.tried(job, "फ्यूज  बदला", "failed", "household", 409, nil)

		for _, who := range []string{"kiran", "asha", "maya", "gita", "ravi", "root"} {
			p := h.as(who).passport(job)
			steps := list(p, "tried_steps")
			if len(steps) != 2 || steps[0]["times"] != 2.0 || steps[0]["by_role"] != "agent" || steps[0]["by_name"] != "Gita" ||
				len(list(steps[0], "repeats")) != 1 {
				t.Fatalf("%s reads the steps %v", who, steps)
			}
			if r := list(steps[0], "repeats")[0]; r["reason"] != "new board fitted" || r["by_name"] != "Ravi" || r["watched_by"] != "professional" {
				t.Errorf("%s reads the repeat %v", who, r)
			}
			if c := p["contacts"].(obj); c["asked_again"] != 1.0 || c["inbound"] != 0.0 {
				t.Errorf("%s reads the figures %v", who, c)
			}
			if len(list(p, "promises")) != 0 || p["proposal"] != nil {
				t.Errorf("%s reads %v and %v", who, p["promises"], p["proposal"])
			}
		}
		h.as("ravi2").send("GET", path("/v1/jobs/%s/passport", job), nil, 404)
		h.as("meena").send("GET", path("/v1/jobs/%s/passport", job), nil, 404)
		h.as("meena").tried(job, "x", "failed", "nobody", 404, nil)
		h.as("root").tried(job, "x", "failed", "nobody", 403, nil)
		desk.tried(job, "…", "failed", "nobody", 422, nil)
		desk.tried(job, "x", "perhaps", "nobody", 400, nil)
		if n := count(h.factKinds(job), "step.tried"); n != 3 {
			t.Errorf("%d facts of tries, want 3", n)
		}

		// The client's id makes a retry harmless, and another content a conflict.
		id := uuid.NewString()
		desk.tried(job, "Door seal cleaned", "failed", "nobody", 201, obj{"id": id})
		h.expect("asha", "Replacement proposed") // the third failed try; a professional watched the second
		h.expect("kiran", "Replacement proposed")
		if out := desk.tried(job, "Door seal cleaned", "failed", "nobody", 201, obj{"id": id}); out["times"] != 1.0 {
			t.Errorf("the retry is counted: %v", out)
		}
		if out := desk.tried(job, "Door seal cleaned", "worked", "nobody", 409, obj{"id": id}); out["code"] != "already_exists" {
			t.Errorf("another content under the id: %v", out["code"])
		}

		// It is warned of after a reopening, too.
		desk.send("POST", path("/v1/jobs/%s/cancel", job), obj{"reason": "sold"}, 200)
		h.expect("ravi", "Visit cancelled")
		desk.send("POST", path("/v1/jobs/%s/reopen", job), obj{"reason": "not sold"}, 200)
		if out := desk.tried(job, "door SEAL cleaned", "failed", "nobody", 409, nil); out["earlier"].(obj)["id"] != id {
			t.Errorf("after the reopening the warning is %v", out)
		}
	})
}

func TestStepsToldAtRegistrationAndOnARepeatJob(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		customer, _ := h.household(desk, nil)
		yesterday := monday.Add(-24 * time.Hour).Format(time.RFC3339)
		register := func(more obj) obj {
			b := obj{"customer_id": customer["id"], "fault": "warm", "category": "refrigerator", "serial": "SN-77",
				"what_matters": "insulin in the fridge"}
			for k, v := range more {
				b[k] = v
			}
			return desk.send("POST", "/v1/jobs", b, 201)
		}
		job := register(obj{"tried_steps": []obj{
			{"what": "Thermostat turned down", "at": yesterday, "watched_by": "nobody", "result": "Failed"},
			{"what": "thermostat, turned down", "at": yesterday, "watched_by": "nobody", "result": "failed"},
			{"what": "Back wall dusted", "at": yesterday, "watched_by": "household", "result": "a bit better"}}})
		steps := list(desk.passport(job), "tried_steps")
		if len(steps) != 2 || steps[0]["result"] != "failed" || steps[0]["occurred_at"] != yesterday || steps[0]["by_role"] != "coordinator" ||
			steps[1]["result"] != "unclear" || steps[1]["note"] != "a bit better" || steps[1]["watched_by"] != "household" {
			t.Fatalf("registration's steps are %v", steps)
		}
		desk.tried(job, "Thermostat turned down!", "failed", "nobody", 409, nil)

		// A later list adds what is new to the records.
		got, res := desk.raw("GET", path("/v1/jobs/%s", job), nil)
		desk.send("PATCH", path("/v1/jobs/%s", job),
			obj{"tried_steps": []obj{{"what": "Back wall dusted", "at": yesterday, "watched_by": "nobody", "result": "failed"},
				{"what": "Plug changed", "at": yesterday, "watched_by": "nobody", "result": "failed"}}},
			200, "If-Match", res.Header.Get("ETag"))
		if steps := list(desk.passport(job), "tried_steps"); len(steps) != 3 || steps[1]["result"] != "unclear" {
			t.Fatalf("after the new list %v of %s", steps, got)
		}

		// The fault comes back within 30 days on the same appliance: nobody asks
		// again. Later, or in another household, it is another story.
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.clock.Advance(time.Hour)
		h.as("ravi").send("POST", path("/v1/visits/%s/complete", visit), obj{"findings": "relay stuck", "work_done": "relay replaced",
			"parts": []string{"relay"}, "tested": "4 °C"}, 200)
		h.expectOnly("ravi", "visit.assigned")
		h.advance(10 * 24 * time.Hour)
		repeat := register(nil)
		if repeat["repeat_of"] != job["id"] {
			t.Fatalf("repeat of %v", repeat["repeat_of"])
		}
		if out := h.as("gita").tried(repeat, "plug changed", "failed", "nobody", 409, nil); out["earlier"].(obj)["job_id"] != job["id"] {
			t.Errorf("the warning on the repeat is %v", out)
		}
		p := desk.passport(repeat)
		if steps := list(p, "tried_steps"); len(steps) != 3 || steps[0]["job_id"] != job["id"] {
			t.Errorf("the repeat's passport has the steps %v", steps)
		}
		if e := list(p, "earlier_jobs"); len(e) != 1 || e[0]["id"] != job["id"] || e[0]["status"] != "closed" ||
			e[0]["work_done"] != "relay replaced" || e[0]["ended_at"] == nil {
			t.Errorf("earlier jobs are %v", e)
		}
		if v := list(desk.passport(job), "visits"); len(v) != 1 || v[0]["findings"] != "relay stuck" || v[0]["tested"] != "4 °C" ||
			fmt.Sprint(v[0]["crew"], v[0]["parts"]) != "[Ravi] [relay]" {
			t.Errorf("visits are %v", v)
		}
		// A technician of the repeat alone does not see the earlier job.
		h.visit(desk, repeat, h.clock.Now().Add(24*time.Hour), "meena")
		if e := list(h.as("meena").passport(repeat), "earlier_jobs"); len(e) != 0 {
			t.Errorf("she sees %v", e)
		}
		other, _ := h.household(desk, nil)
		foreign := desk.send("POST", "/v1/jobs", obj{"customer_id": other["id"], "serial": "sn-77", "fault": "warm"}, 201)
		desk.tried(foreign, "plug changed", "failed", "nobody", 201, nil)
		h.expectOnly("meena", "visit.assigned")
		h.advance(40 * 24 * time.Hour)
		h.ignores("visit.missed_desk")
		late := register(nil)
		desk.tried(late, "plug changed", "failed", "nobody", 201, nil)
	})
}

func TestThreeFailedTriesProposeTheReplacement(t *testing.T) {
	stories(t, func(h *harness) {
		desk, asha := h.as("kiran"), h.as("asha")
		_, job := h.household(desk, nil)
		actions := func(who string) string {
			return fmt.Sprint(h.as(who).send("GET", path("/v1/jobs/%s", job), nil, 200)["actions"])
		}
		desk.tried(job, "reset", "failed", "nobody", 201, nil)
		desk.tried(job, "defrost", "failed", "household", 201, nil)
		desk.tried(job, "wait a night", "failed", "nobody", 201, nil)
		desk.tried(job, "new fuse", "worked", "professional", 201, nil)
		if p := desk.passport(job); p["proposal"] != nil {
			t.Fatalf("without a failed try that a professional watched: %v", p["proposal"])
		}
		asha.send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "accepted"}, 409)
		if strings.Contains(actions("asha"), "replacement") {
			t.Errorf("nothing is proposed, and offered is %s", actions("asha"))
		}
		fourth := desk.tried(job, "new relay", "failed", "professional", 201, nil)
		h.expect("asha", "Replacement proposed")
		h.expect("kiran", "Replacement proposed")
		prop := desk.passport(job)["proposal"].(obj)
		if because := prop["because"].([]any); prop["status"] != "proposed" || len(because) != 4 ||
			because[3] != "new relay: failed on 1 Mar 2027, watched by a professional" {
			t.Fatalf("the proposal is %v", prop)
		}
		if !strings.Contains(actions("asha"), "replacement") || strings.Contains(actions("kiran"), "replacement") {
			t.Errorf("offered to the proprietor: %s, to the coordinator: %s", actions("asha"), actions("kiran"))
		}
		// It blocks nothing, and a further failure does not propose again.
		h.visit(desk, job, monday.Add(26*time.Hour), "ravi")
		h.expect("ravi", "New visit")
		desk.tried(job, "new board", "failed", "professional", 201, nil)

		// A correction that proves the tries wrong takes it back, visibly.
		fifth := list(desk.passport(job), "tried_steps")[5]
		h.as("ravi").send("POST", "/v1/tried-steps/"+fifth["id"].(string)+"/correct", obj{"result": "unclear"}, 200)
		if p := desk.passport(job)["proposal"]; p == nil {
			t.Fatal("four failed tries are left")
		}
		out := h.as("ravi").send("POST", path("/v1/tried-steps/%s/correct", fourth), obj{"watched_by": "nobody", "reason": "I was not there yet"},
			200)
		if out["watched_by"] != "nobody" || out["version"] != 2.0 {
			t.Errorf("the corrected step is %v", out)
		}
		if p := desk.passport(job); p["proposal"] != nil || count(h.factKinds(job), "replacement.withdrawn") != 1 {
			t.Errorf("after the correction: %v", p["proposal"])
		}
		desk.send("POST", path("/v1/tried-steps/%s/correct", fourth), obj{"watched_by": "professional"}, 200)
		h.expect("asha", "Replacement proposed")
		h.expect("kiran", "Replacement proposed")

		h.as("kiran").send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "accepted"}, 403)
		h.as("ravi").send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "accepted"}, 403)
		asha.send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "declined"}, 422)
		got := asha.send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "declined", "reason": "part arrives tomorrow"}, 200)
		if r := got["replacement"].(obj); r["status"] != "declined" || strings.Contains(fmt.Sprint(got["actions"]), "replacement") {
			t.Errorf("after the answer: %v, actions %v", r, got["actions"])
		}
		h.as("maya").send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "accepted"}, 409)
		desk.tried(job, "new compressor", "failed", "professional", 201, nil) // once an opening
		if p := desk.passport(job)["proposal"].(obj); p["status"] != "declined" || p["reason"] != "part arrives tomorrow" ||
			p["decided_by"] != "proprietor" {
			t.Errorf("the passport says %v", p)
		}
		h.settle()

		// A reopening may propose anew; the agent accepts.
		desk.send("POST", path("/v1/jobs/%s/cancel", job), obj{"reason": "mistake"}, 200)
		h.expect("ravi", "Visit cancelled")
		h.clock.Advance(time.Hour)
		desk.send("POST", path("/v1/jobs/%s/reopen", job), obj{"reason": "mistake"}, 200)
		desk.tried(job, "cleaned the fan", "failed", "nobody", 201, nil)
		h.expect("asha", "Replacement proposed")
		h.expect("kiran", "Replacement proposed")
		h.as("gita").send("POST", path("/v1/jobs/%s/replacement", job), obj{"decision": "accepted"}, 200)
		kinds := h.factKinds(job)
		if count(kinds, "replacement.proposed") != 3 || count(kinds, "replacement.answered") != 2 {
			t.Errorf("the timeline has %v", kinds)
		}
	})
}

func TestHouseholdReadsAndCorrectsItsPassport(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		_, second := h.household(desk, nil)
		_, res := desk.raw("GET", path("/v1/jobs/%s", job), nil)
		desk.send("PATCH", path("/v1/jobs/%s", job), obj{"what_matters": "wedding on Saturday"}, 200, "If-Match", res.Header.Get("ETag"))
		known := desk.tried(job, "Switched off and on", "worked", "nobody", 201, obj{"note": "canary-note"})
		page := h.home(h.as("kiran"), job).taps("call-me", 303)
		h.expect("kiran", "Please call back")
		for _, want := range []string{"What we know", "does not cool", "wedding on Saturday", "Switched off and on", "It helped"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(page, "canary") || strings.Contains(page, "Surname") || strings.Contains(page, "Lane") {
			t.Error("the page says more than the household told")
		}
		share := desk.send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
		hindi, _ := h.anonymous().raw("GET", strings.TrimPrefix(share, h.base)+"?lang=hi", nil)
		if !strings.Contains(string(hindi), "हमें जो पता है") || !strings.Contains(string(hindi), "फ़ायदा हुआ") {
			t.Error("the Hindi page does not say what is known")
		}

		if page := h.home(h.as("kiran"), job).taps("passport", 303, "fault", "cools, but leaks <b>"); !strings.Contains(page, "leaks &lt;b&gt;") ||
			!strings.Contains(page, "Everybody who helps you will read it") {
			t.Errorf("after the correction the page says %s", page)
		}
		h.home(h.as("kiran"), job).taps("passport", 303, "what_matters", "insulin in the fridge")
		h.home(h.as("kiran"), job).taps("passport", 303, "step", "switched off, and on", "result", "failed") // corrects the record
		h.home(h.as("kiran"), job).taps("passport", 303, "step", "Cleaned the filter", "result", "failed")   // adds one
		h.home(h.as("kiran"), job).taps("passport", 422, "step", "Moved it")
		if page := h.home(h.as("kiran"), job).taps("passport", 422, "fault", "   "); !strings.Contains(page, `id="fault-err"`) {
			t.Errorf("a blank fault comes back as %s", page)
		}
		if _, res := h.anonymous().raw("POST", strings.TrimPrefix(share, h.base)+"/passport", "form_key=x.y.z&fault=spoilt", "Content-Type",
			"application/x-www-form-urlencoded"); res.StatusCode != 409 {
			t.Errorf("a forged form key: %d", res.StatusCode)
		}

		p := desk.passport(job)
		steps := list(p, "tried_steps")
		if p["fault"] != "cools, but leaks <b>" || p["what_matters"] != "insulin in the fridge" || len(steps) != 2 ||
			steps[0]["result"] != "failed" || steps[0]["id"] != known["id"] ||
			steps[1]["step"] != "Cleaned the filter" || steps[1]["watched_by"] != "household" || steps[1]["by_role"] != "customer" {
			t.Fatalf("the passport is %v", p)
		}
		var said []string
		for _, c := range list(p, "corrections") {
			said = append(said, fmt.Sprintf("%s %s: %s > %s", c["by_role"], c["field"], c["old"], c["new"]))
		}
		if want := []string{"coordinator what_matters:  > wedding on Saturday", "customer fault: does not cool > cools, but leaks <b>",
			"customer what_matters: wedding on Saturday > insulin in the fridge", "customer result: worked > failed"}; !slices.Equal(said, want) {
			t.Errorf("corrections are %q, want %q", said, want)
		}
		if owed := list(p, "promises"); len(owed) != 1 || owed[0]["owner"] != "Kiran" || owed[0]["kind"] != "call_back" ||
			owed[0]["status"] != "open" {
			t.Errorf("promised is %v", owed)
		}
		// Each of it was contact.
		if c := p["contacts"].(obj); c["inbound"] != 5.0 || c["asked_again"] != 0.0 {
			t.Errorf("the figures are %v", c)
		}
		if v := desk.verdict(job); v["verdict"] != "reached" {
			t.Errorf("the verdict is %v", v["verdict"])
		}
		if p := desk.passport(second); p["fault"] != "does not cool" || len(list(p, "tried_steps")) != 0 {
			t.Errorf("the other household's passport is %v", p)
		}
		// The chain holds, and a passport says nothing of phones and places.
		if faults, err := h.house.Service.Verify(t.Context(), nil); err != nil || len(faults) != 0 {
			t.Errorf("the chain: %v %v", faults, err)
		}
		raw, _ := desk.raw("GET", path("/v1/jobs/%s/passport", job), nil)
		for _, secret := range []string{"+91", "Lane", "Surname", "Kapoor"} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("the passport says %q", secret)
			}
		}
	})
}

// A caller says at the desk what others write by the link, and what a
// stranger wrote by it is taken out again.
func TestPassportAndThanksByVoiceAndOfAStranger(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("kindness.thanks", "link.wrong_person", "replacement.proposed", "thanks.waiting", "visit.assigned")
		desk, gita, ravi := h.as("kiran"), h.as("gita"), h.as("ravi")
		voice := func(who *person, job, b obj, want int) obj {
			return who.send("POST", path("/v1/jobs/%s/voice", job), b, want)
		}
		_, job := h.household(desk, nil)
		voice(gita, job, obj{"action": "passport", "fault": "warm since Friday", "what_matters": "insulin", "step": "Plug pulled",
			"result": "failed"}, 200)
		voice(gita, job, obj{"action": "passport", "step": "Plug pulled"}, 422)
		voice(gita, job, obj{"action": "passport"}, 422)
		p := desk.passport(job)
		steps, said := list(p, "tried_steps"), list(p, "corrections")
		if p["fault"] != "warm since Friday" || len(steps) != 1 || steps[0]["by_role"] != "customer" || steps[0]["by_name"] != "Gita" ||
			len(said) != 2 || said[0]["by_role"] != "customer" || said[0]["by_name"] != "Gita" {
			t.Fatalf("after the call the passport is %v", p)
		}
		if c := p["contacts"].(obj); c["inbound"] != 1.0 {
			t.Errorf("the figures are %v", c)
		}
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
		voice(gita, job, obj{"action": "thanks", "text": "so quick"}, 409)
		voice(gita, job, obj{"action": "done"}, 200)
		voice(gita, job, obj{"action": "thanks", "text": ""}, 422)
		voice(gita, job, obj{"action": "thanks", "text": "so quick"}, 200)
		if w := h.thanksOf("kiran", "?status=waiting"); len(w) != 1 || w[0]["text"] != "so quick" {
			t.Errorf("waiting: %v", w)
		}

		// The link of another job had reached a stranger.
		_, other := h.household(desk, nil)
		recorded := desk.tried(other, "Filter cleaned", "failed", "professional", 201, nil)
		desk.tried(other, "Hose turned", "failed", "nobody", 201, nil)
		h.home(h.as("kiran"), other).taps("passport", 303, "fault", "no fault at all")
		h.home(h.as("kiran"), other).taps("passport", 303, "what_matters", "nothing")
		h.home(h.as("kiran"), other).taps("passport", 303, "step", "Drum turned", "result", "failed")
		h.home(h.as("kiran"), other).taps("passport", 303, "step", "filter cleaned", "result", "worked")
		_, res := desk.raw("GET", path("/v1/jobs/%s", other), nil)
		desk.send("PATCH", path("/v1/jobs/%s", other), obj{"what_matters": "a baby"}, 200, "If-Match", res.Header.Get("ETag"))
		if p := desk.passport(other); len(list(p, "tried_steps")) != 3 {
			t.Fatalf("before it is known the passport is %v", p)
		}
		h.home(h.as("kiran"), other).taps("wrong-person", 200)
		p = desk.passport(other)
		steps = list(p, "tried_steps")
		if p["fault"] != "does not cool" || p["what_matters"] != "a baby" || len(steps) != 2 || steps[0]["id"] != recorded["id"] ||
			steps[0]["result"] != "failed" || p["contacts"].(obj)["inbound"] != 0.0 {
			t.Errorf("after it is known the passport is %v", p)
		}
		desk.tried(other, "Drum turned", "unclear", "nobody", 201, nil) // nobody had tried it

		thanked, thanks := h.thanked("meena", "from nobody of this house")
		desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "approve"}, 200)
		h.home(h.as("kiran"), obj{"id": thanked["job_id"]}).taps("wrong-person", 200)
		h.advance(8 * 24 * time.Hour)
		for _, o := range h.thanksOf("kiran", "") {
			if want := map[any]string{thanks["id"]: "refused"}[o["id"]]; want != "" && o["status"] != want {
				t.Errorf("the stranger's thanks are %v", o)
			}
		}
		if mine := h.thanksOf("meena", ""); len(mine) != 0 || len(h.thanksOf("ravi", "")) != 1 {
			t.Errorf("she reads %v", mine)
		}
		if faults, err := h.house.Service.Verify(t.Context(), nil); err != nil || len(faults) != 0 {
			t.Errorf("the chain: %v %v", faults, err)
		}
	})
}

// What a stop, a flag and a hold leave behind is not in the passport.
func TestPassportSaysNothingOfDanger(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "flag.triage", "hold.area", "visit.assigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, obj{"contacts": []obj{{"name": "Dadi", "phones": []string{"+919811111111"}, "voice_only": true}},
			"language": "hi"})
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.clock.Advance(time.Hour)
		ravi.send("POST", path("/v1/visits/%s/stop", visit), obj{"note": "canary"}, 200)
		ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "threat", "level": 3, "note": "canary"}, 201)
		for _, who := range []string{"kiran", "asha", "maya", "ravi"} {
			p := h.as(who).passport(job)
			if v := list(p, "visits"); len(v) != 1 || v[0]["status"] != "ended_early" || p["voice_only"] != true || p["language"] != "hi" {
				t.Errorf("%s reads %v", who, p)
			}
			for _, word := range []string{"canary", "threat", "unsafe", "stop", "safety", "hold_id", "flag", "excl"} {
				if strings.Contains(fmt.Sprint(p), word) {
					t.Errorf("%s reads the word %s in %v", who, word, p)
				}
			}
		}
	})
}

// thanked is a completed visit of a technician for which the household gave
// thanks, on a job of its own.
func (h *harness) thanked(login, text string) (visit, thanks obj) {
	h.Helper()
	desk := h.as("kiran")
	_, job := h.household(desk, nil)
	visit = h.visit(desk, job, h.clock.Now().Add(time.Hour), login)
	h.as(login).send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
	h.home(h.as("kiran"), job).taps("done", 303)
	h.home(h.as("kiran"), job).taps("thanks", 303, "text", text)
	for _, o := range items(desk.send("GET", "/v1/thanks?status=waiting&limit=200", nil, 200)) {
		if o["visit_id"] == visit["id"] {
			return visit, o
		}
	}
	h.Fatal("the thank-you does not wait")
	return nil, nil
}

func (h *harness) thanksOf(login, query string) []obj {
	h.Helper()
	return items(h.as(login).send("GET", "/v1/thanks"+query, nil, 200))
}

func TestThanksAreReadFirstAndComeAfterAHardVisit(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(26*time.Hour), "ravi", "meena")
		h.home(h.as("kiran"), job).taps("thanks", 409, "text", "too early")
		h.clock.Advance(26 * time.Hour)
		ravi.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
		h.home(h.as("kiran"), job).taps("thanks", 409, "text", "not confirmed yet")
		h.home(h.as("kiran"), job).taps("done", 303)
		h.home(h.as("kiran"), job).taps("thanks", 422, "text", "  ")
		if page := h.home(h.as("kiran"), job).taps("thanks", 303, "text", "canary: so kind to my mother"); !strings.Contains(page,
			"We will pass it on") || strings.Contains(page, `action="`+"/thanks") {
			t.Errorf("after the thanks the page says %s", page)
		}
		h.home(h.as("kiran"), job).taps("thanks", 409, "text", "and again") // once a visit
		h.expectOnly("ravi", "visit.assigned")
		h.expectOnly("meena", "visit.assigned")
		m := h.expect("kiran", "A thank-you waits")
		if strings.Contains(fmt.Sprint(m), "canary") {
			t.Errorf("the push says %v", m)
		}
		// Nobody but the centre reads it yet, and no timeline names it.
		if len(h.thanksOf("ravi", "")) != 0 || len(h.thanksOf("kiran2", "")) != 0 || len(h.thanksOf("maya2", "")) != 0 ||
			len(h.thanksOf("asha", "?status=approved")) != 0 {
			t.Error("it is read before it was passed on")
		}
		timeline, _ := ravi.raw("GET", path("/v1/jobs/%s/timeline", job), nil)
		attempts, _ := ravi.raw("GET", path("/v1/jobs/%s/attempts", job), nil)
		if both := string(timeline) + string(attempts); strings.Contains(both, "thank") || strings.Contains(both, "canary") {
			t.Error("the timeline tells the crew")
		}
		h.as("gita").send("GET", "/v1/thanks", nil, 403)
		thanks := h.thanksOf("maya", "")[0]
		if thanks["text"] != "canary: so kind to my mother" || len(thanks["crew"].([]any)) != 2 || thanks["status"] != "waiting" ||
			fmt.Sprint(thanks["actions"]) != "[moderate]" {
			t.Errorf("the area manager reads %v", thanks)
		}
		desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "refuse"}, 422)
		out := desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "approve"}, 200)
		if out["status"] != "approved" || out["moderated_by"] != h.people["kiran"].id.String() {
			t.Errorf("after the approval: %v", out)
		}
		desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "refuse", "reason": "x"}, 409)

		// An easy visit brings nothing; a door that stays closed does. Only the
		// one who stood there gets it, and the desk cannot tell when.
		_, second := h.household(desk, nil)
		easy := h.visit(desk, second, h.clock.Now().Add(2*time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/complete", easy), nil, 200)
		_, third := h.household(desk, nil)
		hard := h.visit(desk, third, h.clock.Now().Add(2*time.Hour), "ravi")
		h.expect("ravi", "New visit")
		h.expect("ravi", "New visit")
		if len(h.thanksOf("ravi", "")) != 0 {
			t.Error("it came after an easy visit")
		}
		ravi.send("POST", path("/v1/visits/%s/no-access", hard), obj{"reason": "phone dead"}, 200)
		h.expect("kiran", "No access")
		m = h.expect("ravi", "A thank-you for you")
		if strings.Contains(fmt.Sprint(m), "canary") || strings.Contains(fmt.Sprint(m), "access") {
			t.Errorf("the push says %v", m)
		}
		mine := h.thanksOf("ravi", "?status=delivered")
		if len(mine) != 1 || mine[0]["text"] != thanks["text"] || mine[0]["status"] != "delivered" || mine[0]["moderated_by"] != nil ||
			len(h.thanksOf("meena", "")) != 0 {
			t.Errorf("he reads %v", mine)
		}
		if now := h.thanksOf("asha", "")[0]; now["status"] != "approved" || now["version"] != out["version"] ||
			now["updated_at"] != out["updated_at"] {
			t.Errorf("the desk can tell from %v", now)
		}
		// A second hard visit brings nothing more; the colleague has it 7 days
		// after it was given.
		given, err := time.Parse(time.RFC3339, thanks["created_at"].(string))
		h.must(err)
		h.advance(given.Add(7*24*time.Hour - time.Minute).Sub(h.clock.Now()))
		if len(h.thanksOf("meena", "")) != 0 {
			t.Error("she has it early")
		}
		h.advance(2 * time.Minute)
		h.expect("meena", "A thank-you for you")
		if now := h.thanksOf("asha", "?status=delivered"); len(now) != 1 || len(h.thanksOf("meena", "")) != 1 {
			t.Errorf("7 days later the centre reads %v", now)
		}
	})
}

func TestThanksOfEachHardEnd(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "kindness.thanks", "thanks.waiting", "visit.assigned")
		h.mayIgnore("aftercare.due", "aftercare.late", "hold.overdue") // of a report in the first days, whichever end comes first
		desk, ravi := h.as("kiran"), h.as("ravi")
		got, day := 0, 0
		for name, tc := range map[string]struct {
			end  func(visit, job obj)
			hard bool
		}{
			"an easy visit": {func(v, _ obj) { ravi.send("POST", path("/v1/visits/%s/complete", v), nil, 200) }, false},
			"a private note": {func(v, _ obj) {
				ravi.send("POST", path("/v1/visits/%s/flags", v), obj{"kind": "verbal_abuse", "level": 0}, 201)
				ravi.send("POST", path("/v1/visits/%s/complete", v), nil, 200)
			}, false},
			"a report during the visit": {func(v, _ obj) {
				ravi.send("POST", path("/v1/visits/%s/flags", v), obj{"kind": "verbal_abuse", "level": 1}, 201)
				if n := len(h.thanksOf("ravi", "")); n != got {
					t.Error("it comes before the visit ends")
				}
				ravi.send("POST", path("/v1/visits/%s/partial", v), nil, 200)
			}, true},
			"a report after it": {func(v, _ obj) {
				ravi.send("POST", path("/v1/visits/%s/complete", v), nil, 200)
				ravi.send("POST", path("/v1/visits/%s/flags", v), obj{"kind": "animal", "level": 1}, 201)
			}, true},
			"hostile words": {func(v, j obj) {
				ravi.send("POST", path("/v1/visits/%s/attempts", v), obj{"channel": "doorstep", "outcome": "hostile"}, 201)
				ravi.send("POST", path("/v1/visits/%s/complete", v), nil, 200)
			}, true},
			"a stop": {func(v, _ obj) { ravi.send("POST", path("/v1/visits/%s/stop", v), nil, 200) }, true},
		} {
			day++
			h.clock.Set(monday.AddDate(0, 0, day))
			_, thanks := h.thanked("ravi", "Thank you, "+name)
			desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "approve"}, 200)
			if n := len(h.thanksOf("ravi", "")); n != got {
				t.Errorf("before %s he has %d, want %d", name, n, got)
			}
			h.clock.Advance(2 * time.Hour)
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, h.clock.Now().Add(30*time.Minute), "ravi")
			h.clock.Advance(30 * time.Minute)
			ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
			if n := len(h.thanksOf("ravi", "")); n != got {
				t.Errorf("during %s he has %d, want %d", name, n, got)
			}
			tc.end(visit, job)
			h.clock.Advance(2 * time.Hour)
			n := len(h.thanksOf("ravi", ""))
			if tc.hard && n <= got || !tc.hard && n != got {
				t.Errorf("after %s he has %d of the %d before", name, n, got)
			}
			got = n
		}
	})
}

func TestThanksThatNobodyReads(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("kindness.thanks", "thanks.waiting", "visit.assigned")
		asha := h.as("asha")
		_, plain := h.thanked("ravi", "बहुत धन्यवाद, 2 दिन से गर्मी थी")
		h.clock.Advance(2 * time.Hour)
		_, number := h.thanked("ravi", "Thanks! Call me on 98 765-43210")
		h.clock.Advance(2 * time.Hour)
		_, refused := h.thanked("meena", "Thanks, and the other one was late")
		out := asha.send("POST", path("/v1/thanks/%s/moderate", refused), obj{"decision": "refuse", "reason": "about a colleague"}, 200)
		if out["status"] != "refused" || out["reason"] != "about a colleague" {
			t.Errorf("after the refusal: %v", out)
		}
		h.as("meena").send("POST", path("/v1/thanks/%s/moderate", refused), obj{"decision": "approve"}, 404)
		h.as("kiran2").send("POST", path("/v1/thanks/%s/moderate", refused), obj{"decision": "approve"}, 404)
		h.as("gita").send("POST", path("/v1/thanks/%s/moderate", number), obj{"decision": "approve"}, 404)
		h.advance(7*24*time.Hour + time.Minute)
		status := map[any]obj{}
		for _, o := range h.thanksOf("asha", "") {
			status[o["id"]] = o
		}
		if o := status[plain["id"]]; o["status"] != "delivered" || o["moderated_by"] != nil || o["reason"] == "" {
			t.Errorf("the plain one is %v", o)
		}
		if o := status[number["id"]]; o["status"] != "refused" || !strings.Contains(o["reason"].(string), "number") {
			t.Errorf("the one with a number is %v", o)
		}
		if mine := h.thanksOf("ravi", ""); len(mine) != 1 || mine[0]["id"] != plain["id"] || len(h.thanksOf("meena", "")) != 0 {
			t.Errorf("the crew reads %v", mine)
		}
		asha.send("POST", path("/v1/thanks/%s/moderate", number), obj{"decision": "approve"}, 409)
	})
}

// Two voices who ask for the same step at once: one record, the others are
// warned.
func TestOneStepAskedForAtOnce(t *testing.T) {
	stories(t, func(h *harness) {
		_, job := h.household(h.as("kiran"), nil)
		var kept, warned atomic.Int32
		var wg sync.WaitGroup
		for _, login := range []string{"kiran", "asha", "gita", "maya", "kiran", "asha", "gita", "maya"} {
			who := h.as(login)
			wg.Add(1)
			go func() {
				defer wg.Done()
				out, res := who.raw("POST", path("/v1/jobs/%s/tried-steps", job), obj{"step": "Pulled the plug", "result": "failed"})
				switch {
				case res.StatusCode == 201:
					kept.Add(1)
				case res.StatusCode == 409 && strings.Contains(string(out), `"step_recorded"`):
					warned.Add(1)
				default:
					t.Errorf("%s: %d %s", who.login, res.StatusCode, out)
				}
			}()
		}
		wg.Wait()
		if kept.Load() != 1 || warned.Load() != 7 {
			t.Errorf("%d kept, %d warned", kept.Load(), warned.Load())
		}
	})
}

// Thanks are there for who looks, and ring at the next duty; so do the words
// to those who decide.
func TestThanksAndProposalsWaitForTheNextDuty(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi := h.as("kiran"), h.as("ravi")
		for _, login := range []string{"kiran", "asha"} {
			h.as(login).send("PUT", "/v1/me/quiet", obj{"quiet_from": "21:00", "quiet_to": "07:00"}, 200)
		}
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(2*time.Hour), "ravi")
		h.expect("ravi", "New visit")
		ravi.send("POST", path("/v1/visits/%s/complete", visit), nil, 200)
		h.home(h.as("kiran"), job).taps("done", 303)
		h.advance(13 * time.Hour) // 22:00 in Kolkata
		h.home(h.as("kiran"), job).taps("thanks", 303, "text", "so quick")
		thanks := h.thanksOf("kiran", "?status=waiting")[0]
		_, other := h.household(desk, nil)
		for _, step := range []string{"reset", "defrost", "new relay"} {
			desk.tried(other, step, "failed", "professional", 201, nil)
		}
		if got := h.phones.MessagesFor("phone:asha"); len(got) != 0 {
			t.Fatalf("asha is rung at night: %v", got)
		}
		h.advance(9 * time.Hour) // 07:00
		h.expect("asha", "Replacement proposed")
		h.expect("kiran", "2 things waited for you")
		desk.send("POST", path("/v1/thanks/%s/moderate", thanks), obj{"decision": "approve"}, 200)
		h.ignores("kindness.thanks")
		h.advance(7*24*time.Hour - 9*time.Hour + time.Minute)
		before := len(h.phones.MessagesFor("phone:ravi"))
		if mine := h.thanksOf("ravi", ""); len(mine) != 1 {
			t.Fatalf("at the latest hour he reads %v", mine)
		}
		h.advance(11 * time.Hour) // 09:01, his hours begin at 08:00
		got := h.phones.MessagesFor("phone:ravi")
		if len(got) != before+1 || got[before].Title != "A thank-you for you" {
			t.Errorf("after %d pushes he is rung with %v", before, got)
		}
	})
}
