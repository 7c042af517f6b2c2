package contact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/google/uuid"
)

// triedStep records a step as a person of staff.
func triedStep(p *harness.Client, job object, step, result, watched string, want int, more object) object {
	p.Harness.Helper()
	b := object{"step": step, "result": result, "watched_by": watched}
	for k, v := range more {
		b[k] = v
	}
	return p.Send("POST", path("/v1/jobs/%s/tried-steps", job), b, want)
}

func jobHistory(p *harness.Client, job object) object {
	p.Harness.Helper()
	return p.Send("GET", path("/v1/jobs/%s/passport", job), nil, 200)
}

func TestAskedOnceAndAgainWithAReasonOnly(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, agent := h.As("kiran"), h.As("gita")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		first := triedStep(agent, job, "Switched it off and on", "failed", "nobody", 201,
			object{"note": "ten minutes", "occurred_at": harness.Monday.Add(-time.Hour).Format(time.RFC3339)})
		if first["times"] != 1.0 || first["by_role"] != "agent" || first["occurred_at"] != harness.Monday.Add(-time.Hour).Format(time.RFC3339) {
			t.Errorf("the record is %v", first)
		}
		// The next voice asks for the same in other words, and is told.
		ravi := h.As("ravi")
		out := triedStep(ravi, job, "  switched it OFF, and on! ", "failed", "professional", 409, nil)
		earlier, _ := out["earlier"].(object)
		if out["code"] != "step_recorded" || earlier["id"] != first["id"] || earlier["times"] != 1.0 {
			t.Fatalf("the warning is %v", out)
		}
		if page, res := h.Anonymous().Raw("GET", "/problems/step_recorded", nil); res.StatusCode != 200 ||
			!strings.Contains(string(page), "repeat_reason") {
			t.Errorf("the page of the code: %d %s", res.StatusCode, page)
		}
		triedStep(ravi, job, "switched it off and on", "failed", "professional", 409, object{"repeat_reason": "  "})
		again := triedStep(ravi, job, "switched it off and on", "failed", "professional", 201, object{"repeat_reason": "new board fitted"})
		if again["times"] != 2.0 || again["repeat_of"] != first["id"] {
			t.Errorf("the repeat is %v", again)
		}
		// Hindi, and another writer's spelling of it.
		triedStep(desk, job, "फ़्यूज़ बदला।", "unclear", "household", 201, nil)
		triedStep(desk, job, "फ्यूज  बदला", "failed", "household", 409, nil)

		for _, who := range []string{"kiran", "asha", "maya", "gita", "ravi", "root"} {
			p := jobHistory(h.As(who), job)
			steps := harness.List(p, "tried_steps")
			if len(steps) != 2 || steps[0]["times"] != 2.0 || steps[0]["by_role"] != "agent" || steps[0]["by_name"] != "Gita" ||
				len(harness.List(steps[0], "repeats")) != 1 {
				t.Fatalf("%s reads the steps %v", who, steps)
			}
			if r := harness.List(steps[0], "repeats")[0]; r["reason"] != "new board fitted" || r["by_name"] != "Ravi" ||
				r["watched_by"] != "professional" {
				t.Errorf("%s reads the repeat %v", who, r)
			}
			if c := p["contacts"].(object); c["asked_again"] != 1.0 || c["inbound"] != 0.0 {
				t.Errorf("%s reads the figures %v", who, c)
			}
			if len(harness.List(p, "promises")) != 0 || p["proposal"] != nil {
				t.Errorf("%s reads %v and %v", who, p["promises"], p["proposal"])
			}
		}
		h.As("ravi2").Send("GET", path("/v1/jobs/%s/passport", job), nil, 404)
		h.As("meena").Send("GET", path("/v1/jobs/%s/passport", job), nil, 404)
		triedStep(h.As("meena"), job, "x", "failed", "nobody", 404, nil)
		triedStep(h.As("root"), job, "x", "failed", "nobody", 403, nil)
		triedStep(desk, job, "…", "failed", "nobody", 422, nil)
		triedStep(desk, job, "x", "perhaps", "nobody", 400, nil)
		if n := harness.Count(h.EntryKinds(job), "step.tried"); n != 3 {
			t.Errorf("%d facts of tries, want 3", n)
		}

		// The client's id makes a retry harmless, and another content a conflict.
		id := uuid.NewString()
		triedStep(desk, job, "Door seal cleaned", "failed", "nobody", 201, object{"id": id})
		h.Expect("asha", "Replacement proposed") // the third failed try; a professional watched the second
		h.Expect("kiran", "Replacement proposed")
		if out := triedStep(desk, job, "Door seal cleaned", "failed", "nobody", 201, object{"id": id}); out["times"] != 1.0 {
			t.Errorf("the retry is counted: %v", out)
		}
		if out := triedStep(desk, job, "Door seal cleaned", "worked", "nobody", 409, object{"id": id}); out["code"] != "already_exists" {
			t.Errorf("another content under the id: %v", out["code"])
		}

		// It is warned of after a reopening, too.
		desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "sold"}, 200)
		h.Expect("ravi", "Visit cancelled")
		desk.Send("POST", path("/v1/jobs/%s/reopen", job), object{"reason": "not sold"}, 200)
		if out := triedStep(desk, job, "door SEAL cleaned", "failed", "nobody", 409, nil); out["earlier"].(object)["id"] != id {
			t.Errorf("after the reopening the warning is %v", out)
		}
	})
}

func TestStepsToldAtRegistrationAndOnARepeatJob(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		customer, _ := h.Household(desk, nil)
		yesterday := harness.Monday.Add(-24 * time.Hour).Format(time.RFC3339)
		register := func(more object) object {
			b := object{"customer_id": customer["id"], "fault": "warm", "category": "refrigerator", "serial": "SN-77",
				"what_matters": "insulin in the fridge"}
			for k, v := range more {
				b[k] = v
			}
			return desk.Send("POST", "/v1/jobs", b, 201)
		}
		job := register(object{"tried_steps": []object{
			{"what": "Thermostat turned down", "at": yesterday, "watched_by": "nobody", "result": "Failed"},
			{"what": "thermostat, turned down", "at": yesterday, "watched_by": "nobody", "result": "failed"},
			{"what": "Back wall dusted", "at": yesterday, "watched_by": "household", "result": "a bit better"}}})
		steps := harness.List(jobHistory(desk, job), "tried_steps")
		if len(steps) != 2 || steps[0]["result"] != "failed" || steps[0]["occurred_at"] != yesterday || steps[0]["by_role"] != "coordinator" ||
			steps[1]["result"] != "unclear" || steps[1]["note"] != "a bit better" || steps[1]["watched_by"] != "household" {
			t.Fatalf("registration's steps are %v", steps)
		}
		triedStep(desk, job, "Thermostat turned down!", "failed", "nobody", 409, nil)

		// A later list adds what is new to the records.
		got, res := desk.Raw("GET", path("/v1/jobs/%s", job), nil)
		desk.Send("PATCH", path("/v1/jobs/%s", job),
			object{"tried_steps": []object{{"what": "Back wall dusted", "at": yesterday, "watched_by": "nobody", "result": "failed"},
				{"what": "Plug changed", "at": yesterday, "watched_by": "nobody", "result": "failed"}}},
			200, "If-Match", res.Header.Get("ETag"))
		if steps := harness.List(jobHistory(desk, job), "tried_steps"); len(steps) != 3 || steps[1]["result"] != "unclear" {
			t.Fatalf("after the new list %v of %s", steps, got)
		}

		// The fault comes back within 30 days on the same appliance: nobody asks
		// again. Later, or in another household, it is another story.
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(time.Hour)
		h.As("ravi").CompleteVisit(visit, bodies.Finish{Findings: "relay stuck", WorkDone: "relay replaced", Parts: []string{"relay"},
			Tested: "4 °C"})
		h.ExpectOnly("ravi", "visit.assigned")
		h.UntilClosed()
		h.Advance(7 * 24 * time.Hour)
		repeat := register(nil)
		if repeat["repeat_of"] != job["id"] {
			t.Fatalf("repeat of %v", repeat["repeat_of"])
		}
		if out := triedStep(h.As("gita"), repeat, "plug changed", "failed", "nobody", 409, nil); out["earlier"].(object)["job_id"] != job["id"] {
			t.Errorf("the warning on the repeat is %v", out)
		}
		p := jobHistory(desk, repeat)
		if steps := harness.List(p, "tried_steps"); len(steps) != 3 || steps[0]["job_id"] != job["id"] {
			t.Errorf("the repeat's passport has the steps %v", steps)
		}
		if e := harness.List(p, "earlier_jobs"); len(e) != 1 || e[0]["id"] != job["id"] || e[0]["status"] != "closed" ||
			e[0]["work_done"] != "relay replaced" || e[0]["ended_at"] == nil {
			t.Errorf("earlier jobs are %v", e)
		}
		if v := harness.List(jobHistory(desk, job), "visits"); len(v) != 1 || v[0]["findings"] != "relay stuck" || v[0]["tested"] != "4 °C" ||
			fmt.Sprint(v[0]["crew"], v[0]["parts"]) != "[Ravi] [relay]" {
			t.Errorf("visits are %v", v)
		}
		// A technician of the repeat alone does not see the earlier job.
		h.Visit(desk, repeat, h.Clock.Now().Add(24*time.Hour), "meena")
		if e := harness.List(jobHistory(h.As("meena"), repeat), "earlier_jobs"); len(e) != 0 {
			t.Errorf("she sees %v", e)
		}
		other, _ := h.Household(desk, nil)
		foreign := desk.Send("POST", "/v1/jobs", object{"customer_id": other["id"], "serial": "sn-77", "fault": "warm"}, 201)
		triedStep(desk, foreign, "plug changed", "failed", "nobody", 201, nil)
		h.ExpectOnly("meena", "visit.assigned")
		h.Advance(40 * 24 * time.Hour)
		h.Ignores("visit.missed_desk")
		late := register(nil)
		triedStep(desk, late, "plug changed", "failed", "nobody", 201, nil)
	})
}

func TestThreeFailedTriesProposeTheReplacement(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha := h.As("kiran"), h.As("asha")
		_, job := h.Household(desk, nil)
		actions := func(who string) string {
			return fmt.Sprint(h.As(who).Send("GET", path("/v1/jobs/%s", job), nil, 200)["actions"])
		}
		triedStep(desk, job, "reset", "failed", "nobody", 201, nil)
		triedStep(desk, job, "defrost", "failed", "household", 201, nil)
		triedStep(desk, job, "wait a night", "failed", "nobody", 201, nil)
		triedStep(desk, job, "new fuse", "worked", "professional", 201, nil)
		if p := jobHistory(desk, job); p["proposal"] != nil {
			t.Fatalf("without a failed try that a professional watched: %v", p["proposal"])
		}
		asha.Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 409)
		if strings.Contains(actions("asha"), "replacement") {
			t.Errorf("nothing is proposed, and offered is %s", actions("asha"))
		}
		fourth := triedStep(desk, job, "new relay", "failed", "professional", 201, nil)
		h.Expect("asha", "Replacement proposed")
		h.Expect("kiran", "Replacement proposed")
		prop := jobHistory(desk, job)["proposal"].(object)
		if because := prop["because"].([]any); prop["status"] != "proposed" || len(because) != 4 ||
			because[3] != "new relay: failed on 1 Mar 2027, watched by a professional" {
			t.Fatalf("the proposal is %v", prop)
		}
		if !strings.Contains(actions("asha"), "replacement") || strings.Contains(actions("kiran"), "replacement") {
			t.Errorf("offered to the proprietor: %s, to the coordinator: %s", actions("asha"), actions("kiran"))
		}
		// It blocks nothing, and a further failure does not propose again.
		h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		triedStep(desk, job, "new board", "failed", "professional", 201, nil)

		// A correction that proves the tries wrong takes it back, visibly.
		fifth := harness.List(jobHistory(desk, job), "tried_steps")[5]
		h.As("ravi").Send("POST", "/v1/tried-steps/"+fifth["id"].(string)+"/correct", object{"result": "unclear"}, 200)
		if p := jobHistory(desk, job)["proposal"]; p == nil {
			t.Fatal("four failed tries are left")
		}
		out := h.As("ravi").Send("POST", path("/v1/tried-steps/%s/correct", fourth),
			object{"watched_by": "nobody", "reason": "I was not there yet"},
			200)
		if out["watched_by"] != "nobody" || out["version"] != 2.0 {
			t.Errorf("the corrected step is %v", out)
		}
		if p := jobHistory(desk, job); p["proposal"] != nil || harness.Count(h.EntryKinds(job), "replacement.withdrawn") != 1 {
			t.Errorf("after the correction: %v", p["proposal"])
		}
		desk.Send("POST", path("/v1/tried-steps/%s/correct", fourth), object{"watched_by": "professional"}, 200)
		h.Expect("asha", "Replacement proposed")
		h.Expect("kiran", "Replacement proposed")

		h.As("kiran").Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 403)
		h.As("ravi").Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 403)
		asha.Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "declined"}, 422)
		got := asha.Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "declined", "reason": "part arrives tomorrow"}, 200)
		if r := got["replacement"].(object); r["status"] != "declined" || strings.Contains(fmt.Sprint(got["actions"]), "replacement") {
			t.Errorf("after the answer: %v, actions %v", r, got["actions"])
		}
		h.As("maya").Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 409)
		triedStep(desk, job, "new compressor", "failed", "professional", 201, nil) // once an opening
		if p := jobHistory(desk, job)["proposal"].(object); p["status"] != "declined" || p["reason"] != "part arrives tomorrow" ||
			p["decided_by"] != "proprietor" {
			t.Errorf("the passport says %v", p)
		}
		h.Settle()

		// A reopening may propose anew; the agent accepts.
		desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "mistake"}, 200)
		h.Expect("ravi", "Visit cancelled")
		h.Clock.Advance(time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/reopen", job), object{"reason": "mistake"}, 200)
		triedStep(desk, job, "cleaned the fan", "failed", "nobody", 201, nil)
		h.Expect("asha", "Replacement proposed")
		h.Expect("kiran", "Replacement proposed")
		h.As("gita").Send("POST", path("/v1/jobs/%s/replacement", job), object{"decision": "accepted"}, 200)
		h.Expect("kiran", "Please call back")
		kinds := h.EntryKinds(job)
		if harness.Count(kinds, "replacement.proposed") != 3 || harness.Count(kinds, "replacement.answered") != 2 {
			t.Errorf("the timeline has %v", kinds)
		}
	})
}

func TestHouseholdReadsAndCorrectsItsPassport(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		_, second := h.Household(desk, nil)
		_, res := desk.Raw("GET", path("/v1/jobs/%s", job), nil)
		desk.Send("PATCH", path("/v1/jobs/%s", job), object{"what_matters": "wedding on Saturday"}, 200, "If-Match", res.Header.Get("ETag"))
		known := triedStep(desk, job, "Switched off and on", "worked", "nobody", 201, object{"note": "canary-note"})
		page := h.CustomerPage(job).Submit("call-me", 303)
		h.Expect("kiran", "Please call back")
		for _, want := range []string{"What we know", "does not cool", "wedding on Saturday", "Switched off and on", "It helped"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(page, "canary") || strings.Contains(page, "Surname") || strings.Contains(page, "Lane") {
			t.Error("the page says more than the household told")
		}
		share := h.DeliveredLink(job)
		hindi, _ := h.Anonymous().Raw("GET", strings.TrimPrefix(share, h.URL)+"?lang=hi", nil)
		if !strings.Contains(string(hindi), "हमें जो पता है") || !strings.Contains(string(hindi), "फ़ायदा हुआ") {
			t.Error("the Hindi page does not say what is known")
		}

		if page := h.CustomerPage(job).Submit("passport", 303, "fault", "cools, but leaks <b>"); !strings.Contains(page,
			"leaks &lt;b&gt;") ||
			!strings.Contains(page, "Everybody who helps you will read it") {
			t.Errorf("after the correction the page says %s", page)
		}
		h.CustomerPage(job).Submit("passport", 303, "what_matters", "insulin in the fridge")
		h.CustomerPage(job).Submit("passport", 303, "step", "switched off, and on", "result", "failed") // corrects the record
		h.CustomerPage(job).Submit("passport", 303, "step", "Cleaned the filter", "result", "failed")   // adds one
		h.CustomerPage(job).Submit("passport", 422, "step", "Moved it")
		if page := h.CustomerPage(job).Submit("passport", 422, "fault", "   "); !strings.Contains(page, `id="fault-err"`) {
			t.Errorf("a blank fault comes back as %s", page)
		}
		if _, res := h.Anonymous().Raw("POST", strings.TrimPrefix(share, h.URL)+"/passport", "form_key=x.y.z&fault=spoilt", "Content-Type",
			"application/x-www-form-urlencoded"); res.StatusCode != 409 {
			t.Errorf("a forged form key: %d", res.StatusCode)
		}

		p := jobHistory(desk, job)
		steps := harness.List(p, "tried_steps")
		if p["fault"] != "cools, but leaks <b>" || p["what_matters"] != "insulin in the fridge" || len(steps) != 2 ||
			steps[0]["result"] != "failed" || steps[0]["id"] != known["id"] ||
			steps[1]["step"] != "Cleaned the filter" || steps[1]["watched_by"] != "household" || steps[1]["by_role"] != "customer" {
			t.Fatalf("the passport is %v", p)
		}
		var said []string
		for _, c := range harness.List(p, "corrections") {
			said = append(said, fmt.Sprintf("%s %s: %s > %s", c["by_role"], c["field"], c["old"], c["new"]))
		}
		if want := []string{"coordinator what_matters:  > wedding on Saturday", "customer fault: does not cool > cools, but leaks <b>",
			"customer what_matters: wedding on Saturday > insulin in the fridge", "customer result: worked > failed"}; !slices.Equal(said, want) {
			t.Errorf("corrections are %q, want %q", said, want)
		}
		if owed := harness.List(p, "promises"); len(owed) != 1 || owed[0]["owner"] != "Kiran" || owed[0]["kind"] != "call_back" ||
			owed[0]["status"] != "open" {
			t.Errorf("promised is %v", owed)
		}
		// Each of it was contact.
		if c := p["contacts"].(object); c["inbound"] != 5.0 || c["asked_again"] != 0.0 {
			t.Errorf("the figures are %v", c)
		}
		if v := desk.Verdict(job); v["verdict"] != "reached" {
			t.Errorf("the verdict is %v", v["verdict"])
		}
		if p := jobHistory(desk, second); p["fault"] != "does not cool" || len(harness.List(p, "tried_steps")) != 0 {
			t.Errorf("the other household's passport is %v", p)
		}
		// The chain holds, and a passport says nothing of phones and places.
		if faults, err := h.Server.Service.Proof.Verify(t.Context(), nil); err != nil || len(faults) != 0 {
			t.Errorf("the chain: %v %v", faults, err)
		}
		raw, _ := desk.Raw("GET", path("/v1/jobs/%s/passport", job), nil)
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
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("kindness.thanks", "link.verify", "link.wrong_person", "replacement.proposed", "thanks.waiting", "visit.assigned")
		desk, gita, ravi := h.As("kiran"), h.As("gita"), h.As("ravi")
		voice := func(who *harness.Client, job, b object, want int) object {
			return who.Send("POST", path("/v1/jobs/%s/voice", job), b, want)
		}
		_, job := h.Household(desk, nil)
		voice(gita, job, object{"action": "passport", "fault": "warm since Friday", "what_matters": "insulin", "step": "Plug pulled",
			"result": "failed"}, 200)
		voice(gita, job, object{"action": "passport", "step": "Plug pulled"}, 422)
		voice(gita, job, object{"action": "passport"}, 422)
		p := jobHistory(desk, job)
		steps, said := harness.List(p, "tried_steps"), harness.List(p, "corrections")
		if p["fault"] != "warm since Friday" || len(steps) != 1 || steps[0]["by_role"] != "customer" || steps[0]["by_name"] != "Gita" ||
			len(said) != 2 || said[0]["by_role"] != "customer" || said[0]["by_name"] != "Gita" {
			t.Fatalf("after the call the passport is %v", p)
		}
		if c := p["contacts"].(object); c["inbound"] != 1.0 {
			t.Errorf("the figures are %v", c)
		}
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi.CompleteVisit(visit)
		voice(gita, job, object{"action": "thanks", "text": "so quick"}, 409)
		voice(gita, job, object{"action": "done"}, 200)
		voice(gita, job, object{"action": "thanks", "text": ""}, 422)
		voice(gita, job, object{"action": "thanks", "text": "so quick"}, 200)
		if w := complimentsOf(h, "kiran", "?status=waiting"); len(w) != 0 {
			t.Errorf("before the household says that it was them there wait %v", w)
		}
		h.CustomerPage(job).Submit("verify", 303)
		if w := complimentsOf(h, "kiran", "?status=waiting"); len(w) != 1 || w[0]["text"] != "so quick" {
			t.Errorf("waiting: %v", w)
		}

		// The link of another job had reached a stranger.
		_, other := h.Household(desk, nil)
		recorded := triedStep(desk, other, "Filter cleaned", "failed", "professional", 201, nil)
		triedStep(desk, other, "Hose turned", "failed", "nobody", 201, nil)
		h.CustomerPage(other).Submit("passport", 303, "fault", "no fault at all")
		h.CustomerPage(other).Submit("passport", 303, "what_matters", "nothing")
		h.CustomerPage(other).Submit("passport", 303, "step", "Drum turned", "result", "failed")
		h.CustomerPage(other).Submit("passport", 303, "step", "filter cleaned", "result", "worked")
		_, res := desk.Raw("GET", path("/v1/jobs/%s", other), nil)
		desk.Send("PATCH", path("/v1/jobs/%s", other), object{"what_matters": "a baby"}, 200, "If-Match", res.Header.Get("ETag"))
		if p := jobHistory(desk, other); len(harness.List(p, "tried_steps")) != 3 {
			t.Fatalf("before it is known the passport is %v", p)
		}
		h.CustomerPage(other).Submit("wrong-person", 200)
		p = jobHistory(desk, other)
		steps = harness.List(p, "tried_steps")
		if p["fault"] != "does not cool" || p["what_matters"] != "a baby" || len(steps) != 2 || steps[0]["id"] != recorded["id"] ||
			steps[0]["result"] != "failed" || p["contacts"].(object)["inbound"] != 0.0 {
			t.Errorf("after it is known the passport is %v", p)
		}
		triedStep(desk, other, "Drum turned", "unclear", "nobody", 201, nil) // nobody had tried it

		thanked, thanks := h.Compliment("meena", "from nobody of this house")
		desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "approve"}, 200)
		h.CustomerPage(object{"id": thanked["job_id"]}).Submit("wrong-person", 200)
		h.Advance(8 * 24 * time.Hour)
		for _, o := range complimentsOf(h, "kiran", "") {
			if want := map[any]string{thanks["id"]: "refused"}[o["id"]]; want != "" && o["status"] != want {
				t.Errorf("the stranger's thanks are %v", o)
			}
		}
		if mine := complimentsOf(h, "meena", ""); len(mine) != 0 || len(complimentsOf(h, "ravi", "")) != 1 {
			t.Errorf("she reads %v", mine)
		}
		if faults, err := h.Server.Service.Proof.Verify(t.Context(), nil); err != nil || len(faults) != 0 {
			t.Errorf("the chain: %v %v", faults, err)
		}
	})
}

// What a stop, a flag and a hold leave behind is not in the passport.
func TestPassportSaysNothingOfDanger(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, object{"contacts": []object{{"name": "Dadi", "phones": []string{"+919811111111"}, "voice_only": true}},
			"language": "hi"})
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(time.Hour)
		ravi.StopVisit(visit, bodies.Stop{Note: "canary"})
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "canary"})
		for _, who := range []string{"kiran", "asha", "maya", "ravi"} {
			p := jobHistory(h.As(who), job)
			if v := harness.List(p, "visits"); len(v) != 1 || v[0]["status"] != "ended_early" || p["voice_only"] != true || p["language"] != "hi" {
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

func complimentsOf(h *harness.Harness, login, query string) []object {
	h.Helper()
	return items(h.As(login).Send("GET", "/v1/thanks"+query, nil, 200))
}

func TestThanksAreReadFirstAndComeAfterAHardVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("claim.waiting", "claim.overdue", "queue.morning")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi", "meena")
		h.CustomerPage(job).Submit("thanks", 409, "text", "too early")
		h.Clock.Advance(26 * time.Hour)
		ravi.CompleteVisit(visit)
		h.CustomerPage(job).Submit("thanks", 409, "text", "not confirmed yet")
		h.CustomerPage(job).Submit("done", 303)
		h.CustomerPage(job).Submit("thanks", 422, "text", "  ")
		if page := h.CustomerPage(job).Submit("thanks", 303, "text", "canary: so kind to my mother"); !strings.Contains(page,
			"We will pass it on") || strings.Contains(page, `action="`+"/thanks") {
			t.Errorf("after the thanks the page says %s", page)
		}
		h.CustomerPage(job).Submit("thanks", 409, "text", "and again") // once a visit
		h.ExpectOnly("ravi", "visit.assigned")
		h.ExpectOnly("meena", "visit.assigned")
		m := h.Expect("kiran", "A thank-you waits")
		if strings.Contains(fmt.Sprint(m), "canary") {
			t.Errorf("the push says %v", m)
		}
		// Nobody but the centre reads it yet, and no timeline names it.
		if len(complimentsOf(h, "ravi", "")) != 0 || len(complimentsOf(h, "kiran2", "")) != 0 || len(complimentsOf(h, "maya2", "")) != 0 ||
			len(complimentsOf(h, "asha", "?status=approved")) != 0 {
			t.Error("it is read before it was passed on")
		}
		timeline, _ := ravi.Raw("GET", path("/v1/jobs/%s/timeline", job), nil)
		attempts, _ := ravi.Raw("GET", path("/v1/jobs/%s/attempts", job), nil)
		if both := string(timeline) + string(attempts); strings.Contains(both, "thank") || strings.Contains(both, "canary") {
			t.Error("the timeline tells the crew")
		}
		h.As("gita").Send("GET", "/v1/thanks", nil, 403)
		thanks := complimentsOf(h, "maya", "")[0]
		if thanks["text"] != "canary: so kind to my mother" || len(thanks["crew"].([]any)) != 2 || thanks["status"] != "waiting" ||
			fmt.Sprint(thanks["actions"]) != "[moderate]" {
			t.Errorf("the area manager reads %v", thanks)
		}
		desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "refuse"}, 422)
		out := desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "approve"}, 200)
		if out["status"] != "approved" || out["moderated_by"] != h.People["kiran"].ID.String() {
			t.Errorf("after the approval: %v", out)
		}
		desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "refuse", "reason": "as asked"}, 409)

		// An easy visit brings nothing; a door that stays closed does. Only the
		// one who stood there gets it, and the desk cannot tell when.
		_, second := h.Household(desk, nil)
		easy := h.Visit(desk, second, h.Clock.Now().Add(2*time.Hour), "ravi")
		ravi.CompleteVisit(easy)
		_, third := h.Household(desk, nil)
		hard := h.Visit(desk, third, h.Clock.Now().Add(2*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		h.Expect("ravi", "New visit")
		if len(complimentsOf(h, "ravi", "")) != 0 {
			t.Error("it came after an easy visit")
		}
		h.Clock.Advance(2 * time.Hour)
		ravi.Send("POST", path("/v1/visits/%s/no-access", hard), object{"reason": "phone_broken"}, 200)
		h.Expect("kiran", "No access")
		m = h.Expect("ravi", "A thank-you for you")
		if strings.Contains(fmt.Sprint(m), "canary") || strings.Contains(fmt.Sprint(m), "access") {
			t.Errorf("the push says %v", m)
		}
		mine := complimentsOf(h, "ravi", "?status=delivered")
		if len(mine) != 1 || mine[0]["text"] != thanks["text"] || mine[0]["status"] != "delivered" || mine[0]["moderated_by"] != nil ||
			len(complimentsOf(h, "meena", "")) != 0 {
			t.Errorf("he reads %v", mine)
		}
		if now := complimentsOf(h, "asha", "")[0]; now["status"] != "approved" || now["version"] != out["version"] ||
			now["updated_at"] != out["updated_at"] {
			t.Errorf("the desk can tell from %v", now)
		}
		// A second hard visit brings nothing more; the colleague has it 7 days
		// after it was given.
		given, err := time.Parse(time.RFC3339, thanks["created_at"].(string))
		h.Must(err)
		h.Advance(given.Add(7*24*time.Hour - time.Minute).Sub(h.Clock.Now()))
		if len(complimentsOf(h, "meena", "")) != 0 {
			t.Error("she has it early")
		}
		h.Advance(2 * time.Minute)
		h.Expect("meena", "A thank-you for you")
		if now := complimentsOf(h, "asha", "?status=delivered"); len(now) != 1 || len(complimentsOf(h, "meena", "")) != 1 {
			t.Errorf("7 days later the centre reads %v", now)
		}
	})
}

func TestThanksOfEachHardEnd(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.overdue", "flag.passed_on", "flag.triage", "hold.area", "kindness.thanks", "thanks.waiting", "visit.assigned")
		h.MayIgnore("aftercare.due", "aftercare.late", "hold.overdue") // of a report in the first days, whichever end comes first
		desk, ravi := h.As("kiran"), h.As("ravi")
		got, day := 0, 0
		for name, tc := range map[string]struct {
			end  func(visit, job object)
			hard bool
		}{
			"an easy visit": {func(v, _ object) { ravi.CompleteVisit(v) }, false},
			"a private note": {func(v, _ object) {
				ravi.FlagVisit(v, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 0})
				ravi.CompleteVisit(v)
			}, false},
			"a report during the visit": {func(v, _ object) {
				ravi.FlagVisit(v, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1})
				if n := len(complimentsOf(h, "ravi", "")); n != got {
					t.Error("it comes before the visit ends")
				}
				ravi.Send("POST", path("/v1/visits/%s/partial", v), nil, 200)
			}, true},
			"a report after it": {func(v, _ object) {
				ravi.CompleteVisit(v)
				ravi.FlagVisit(v, bodies.VisitFlagCreate{Kind: "animal", Level: 1})
			}, true},
			"hostile words": {func(v, j object) {
				ravi.Send("POST", path("/v1/visits/%s/attempts", v), object{"channel": "doorstep", "outcome": "hostile"}, 201)
				ravi.CompleteVisit(v)
			}, true},
			"a stop": {func(v, _ object) { ravi.StopVisit(v) }, true},
		} {
			day++
			h.Clock.Set(harness.Monday.AddDate(0, 0, day))
			_, thanks := h.Compliment("ravi", "Thank you, "+name)
			desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "approve"}, 200)
			if n := len(complimentsOf(h, "ravi", "")); n != got {
				t.Errorf("before %s he has %d, want %d", name, n, got)
			}
			h.Clock.Advance(2 * time.Hour)
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(30*time.Minute), "ravi")
			h.Clock.Advance(30 * time.Minute)
			ravi.Arrive(visit)
			if n := len(complimentsOf(h, "ravi", "")); n != got {
				t.Errorf("during %s he has %d, want %d", name, n, got)
			}
			tc.end(visit, job)
			h.Clock.Advance(2 * time.Hour)
			n := len(complimentsOf(h, "ravi", ""))
			if tc.hard && n <= got || !tc.hard && n != got {
				t.Errorf("after %s he has %d of the %d before", name, n, got)
			}
			got = n
		}
	})
}

func TestThanksThatNobodyReads(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("kindness.thanks", "thanks.waiting", "visit.assigned")
		asha := h.As("asha")
		_, plain := h.Compliment("ravi", "बहुत धन्यवाद, 2 दिन से गर्मी थी")
		h.Clock.Advance(2 * time.Hour)
		_, number := h.Compliment("ravi", "Thanks! Call me on 98 765-43210")
		h.Clock.Advance(2 * time.Hour)
		_, refused := h.Compliment("meena", "Thanks, and the other one was late")
		out := asha.Send("POST", path("/v1/thanks/%s/moderate", refused), object{"decision": "refuse", "reason": "about a colleague"}, 200)
		if out["status"] != "refused" || out["reason"] != "about a colleague" {
			t.Errorf("after the refusal: %v", out)
		}
		h.As("meena").Send("POST", path("/v1/thanks/%s/moderate", refused), object{"decision": "approve"}, 404)
		h.As("kiran2").Send("POST", path("/v1/thanks/%s/moderate", refused), object{"decision": "approve"}, 404)
		h.As("gita").Send("POST", path("/v1/thanks/%s/moderate", number), object{"decision": "approve"}, 404)
		h.Advance(7*24*time.Hour + time.Minute)
		status := map[any]object{}
		for _, o := range complimentsOf(h, "asha", "") {
			status[o["id"]] = o
		}
		if o := status[plain["id"]]; o["status"] != "delivered" || o["moderated_by"] != nil || o["reason"] == "" {
			t.Errorf("the plain one is %v", o)
		}
		if o := status[number["id"]]; o["status"] != "refused" || !strings.Contains(o["reason"].(string), "number") {
			t.Errorf("the one with a number is %v", o)
		}
		if mine := complimentsOf(h, "ravi", ""); len(mine) != 1 || mine[0]["id"] != plain["id"] || len(complimentsOf(h, "meena", "")) != 0 {
			t.Errorf("the crew reads %v", mine)
		}
		asha.Send("POST", path("/v1/thanks/%s/moderate", number), object{"decision": "approve"}, 409)
	})
}

// Two voices who ask for the same step at once: one record, the others are
// warned.
func TestOneStepAskedForAtOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		_, job := h.Household(h.As("kiran"), nil)
		var kept, warned atomic.Int32
		var wg sync.WaitGroup
		for _, login := range []string{"kiran", "asha", "gita", "maya", "kiran", "asha", "gita", "maya"} {
			who := h.As(login)
			wg.Add(1)
			go func() {
				defer wg.Done()
				out, res := who.Raw("POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "Pulled the plug", "result": "failed"})
				switch {
				case res.StatusCode == 201:
					kept.Add(1)
				case res.StatusCode == 409 && strings.Contains(string(out), `"step_recorded"`):
					warned.Add(1)
				default:
					t.Errorf("%s: %d %s", who.Login, res.StatusCode, out)
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
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, login := range []string{"kiran", "asha"} {
			h.As(login).Send("PUT", "/v1/me/quiet", object{"quiet_from": "21:00", "quiet_to": "07:00"}, 200)
		}
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		ravi.CompleteVisit(visit)
		h.CustomerPage(job).Submit("done", 303)
		h.Advance(13 * time.Hour) // 22:00 in Kolkata
		h.CustomerPage(job).Submit("thanks", 303, "text", "so quick")
		thanks := complimentsOf(h, "kiran", "?status=waiting")[0]
		_, other := h.Household(desk, nil)
		for _, step := range []string{"reset", "defrost", "new relay"} {
			triedStep(desk, other, step, "failed", "professional", 201, nil)
		}
		if got := h.Phones.MessagesFor("phone:asha"); len(got) != 0 {
			t.Fatalf("asha is rung at night: %v", got)
		}
		h.Advance(9 * time.Hour) // 07:00
		h.Expect("asha", "Replacement proposed")
		h.Expect("kiran", "2 things waited for you")
		desk.Send("POST", path("/v1/thanks/%s/moderate", thanks), object{"decision": "approve"}, 200)
		h.Ignores("kindness.thanks")
		h.Advance(7*24*time.Hour - 9*time.Hour + time.Minute)
		before := len(h.Phones.MessagesFor("phone:ravi"))
		if mine := complimentsOf(h, "ravi", ""); len(mine) != 1 {
			t.Fatalf("at the latest hour he reads %v", mine)
		}
		h.Advance(11 * time.Hour) // 09:01, his hours begin at 08:00
		got := h.Phones.MessagesFor("phone:ravi")
		if len(got) != before+1 || got[before].Title != "A thank-you for you" {
			t.Errorf("after %d pushes he is rung with %v", before, got)
		}
	})
}
