package contact

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/domain/casework"

	"github.com/google/uuid"
)

// renumber is the desk giving a household another number.
func renumber(by *harness.Client, job object, phones ...string) {
	by.Harness.Helper()
	c := by.Send("GET", path("/v1/customers/%s", object{"id": job["customer_id"]}), nil, 200)
	who := c["contacts"].([]any)[0].(object)
	by.Send("PATCH", path("/v1/customers/%s", c),
		object{"contacts": []object{{"id": who["id"], "name": who["name"], "phones": append([]string{}, phones...)}}}, 200,
		"If-Match", fmt.Sprintf(`"%v"`, c["version"]))
}

// to lists the numbers of the texts that hold words.
func (g *texts) to(h *harness.Harness, words string) (out []string) {
	for _, text := range g.with(h, words) {
		_, rest, _ := strings.Cut(text, `"to":"`)
		number, _, _ := strings.Cut(rest, `"`)
		out = append(out, number)
	}
	return out
}

// TestANumberThatStaffChangedProvesNothing: the accused technician's desk gives the household his own number and asks for
// a code. Everything goes on going to the old one, which is told at once; nothing that comes of the new one is the household's.
func TestANumberThatStaffChangedProvesNothing(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("link.verify", "visit.assigned")
		h.MayIgnore("visit.completed", "job.share", "link.asked", "queue.morning", "completion.ask", "number.changed", "dispute.opened",
			"done.check")
		desk, ravi := h.As("kiran"), h.As("ravi")
		job, _, his := workedOn(h)
		old := desk.Send("GET", path("/v1/customers/%s", object{"id": job["customer_id"]}), nil,
			200)["contacts"].([]any)[0].(object)["phones"].([]any)[0].(string)
		const mine = "+919812399999"
		renumber(desk, job, mine)
		if told := g.to(h, "Your number was changed"); len(told) != 1 || told[0] != old {
			t.Fatalf("told of the change: %v, the old number is %s", told, old)
		}
		his.Submit("done", 303)
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
		code := g.code(h)
		if to := g.to(h, code); len(to) != 1 || to[0] != old {
			t.Errorf("the code went to %v", to)
		}
		if to := g.to(h, h.DeliveredLink(job)); len(to) == 0 || strings.Contains(strings.Join(to, " "), mine) {
			t.Errorf("the household's link went to %v", to)
		}
		start := h.Clock.Now().UTC().Truncate(time.Second)
		h.Clock.Advance(time.Minute)
		call := ravi.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached", Address: mine, RingSeconds: 10, CallSeconds: 30,
			OccurredAt: start.Format(time.RFC3339), EvidenceDigest: casework.CallDigest(mine, start, 30)})
		if call.Grade != "declared" || !strings.Contains(call.GradeWhy, "our staff changed") {
			t.Errorf("a call to the new number is %s: %s", call.Grade, call.GradeWhy)
		}
		// "This was not me", by the link that he read too: it is against us.
		if page := h.ReadPage(ravi, job).Read(); !strings.Contains(page, "I did not change my number") {
			t.Errorf("the page: %s", page)
		}
		h.ReadPage(ravi, job).Submit("undo", 303)
		for _, login := range []string{"maya", "noor"} {
			h.Expect(login, "A number is not the household's")
		}
		h.Clock.Advance(domain.NumberProvesAfter + time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
		if to := g.to(h, "Your repair"); len(to) == 0 || to[len(to)-1] != old {
			t.Errorf("after a protest it is written to %v", to)
		}
	})
}

// TestWhenAChangedNumberCounts: the household's own word by the old way; three days without a protest; where nobody could be told, or
// somebody changed it whom a report is about, the area manager vouches, and is never who changed it.
func TestWhenAChangedNumberCounts(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("number.verify")
		h.MayIgnore("visit.assigned", "job.share", "number.changed", "queue.morning", "flag.live", "flag.triage", "aftercare.offer", "hold.area",
			"silence.desk", "silence.proprietor", "silence.manager")
		desk, maya := h.As("kiran"), h.As("maya")
		sends := func(job object, want string) {
			h.Helper()
			h.Clock.Advance(time.Minute)
			desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
			if to := g.to(h, "Your repair"); len(to) == 0 || to[len(to)-1] != want {
				h.Errorf("the link goes to %v, want %s", to, want)
			}
		}
		asked := func(job object) object {
			h.Helper()
			for _, r := range items(maya.Send("GET", path("/v1/link-requests?status=pending&job_id=%s", job), nil, 200)) {
				if r["action"] == "number" {
					return r
				}
			}
			h.Fatal("nobody is asked")
			return nil
		}
		vouch := func(by *harness.Client, r object, want int) {
			h.Helper()
			by.Send("POST", path("/v1/link-requests/%s/decide", r), object{"decision": "accept", "reasons": "called them at work"}, want)
		}
		household := func(phone string) object {
			h.Helper()
			_, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{phone}}}})
			return job
		}
		// By its own word.
		one := household("+919812300001")
		renumber(desk, one, "+919812300002")
		sends(one, "+919812300001")
		if text := h.CustomerPage(one).Read(); !strings.Contains(text, "Our desk changed the phone number") {
			t.Errorf("its page: %s", text)
		}
		h.CustomerPage(one).Submit("verify", 303)
		sends(one, "+919812300002")
		// Taken off first, then another: the old one is still asked. Nobody protests.
		two := household("+919812300003")
		renumber(desk, two)
		renumber(desk, two, "+919812300004")
		sends(two, "+919812300003")
		if r := asked(two); r["default"] != "The number is the household's." || r["words"] != "+919812300003 → " {
			t.Errorf("what happens then: %v, and it says %v", r["default"], r["words"])
		}
		// The only one was wrong: nobody can be told, and time does not do.
		three := household("+919812300005")
		desk.Attempt(three, bodies.AttemptCreate{Channel: "phone", Outcome: "wrong_number", Address: "+919812300005"})
		renumber(desk, three, "+919812300006")
		desk.Send("POST", path("/v1/jobs/%s/link/send", three), nil, 409)
		h.Clock.Advance(domain.NumberProvesAfter + time.Hour)
		h.Settle()
		h.Advance(time.Minute)
		sends(two, "+919812300004")
		desk.Send("POST", path("/v1/jobs/%s/link/send", three), nil, 409)
		vouch(desk, asked(three), 403)
		vouch(maya, asked(three), 200)
		sends(three, "+919812300006")
		if log := items(h.As("root").Send("GET", "/v1/security-log?kind=number_vouched", nil, 200)); len(log) != 1 ||
			log[0]["actor_id"] != maya.ID.String() {
			t.Errorf("the security log: %v", log)
		}
		// Who changed it does not vouch for it.
		four := household("+919812300007")
		renumber(maya, four, "+919812300008")
		vouch(maya, asked(four), 403)
		sends(four, "+919812300007")
		// A report is about who changed it: time does not do, and nothing that the desk reads says so.
		five := household("+919812300009")
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
			now := h.Clock.Now()
			return tx.InsertFlag(&domain.Flag{Meta: domain.NewMeta(uuid.New(), now), Kind: "other", Level: 2, Status: domain.FlagReported,
				ByCustomer: true,
				SubjectID:  &desk.ID, OccurredAt: now, RecordedAt: now, TriageDueAt: now})
		}))
		renumber(desk, five, "+919812300010")
		sends(five, "+919812300009")
		h.Clock.Advance(domain.NumberProvesAfter + time.Hour)
		sends(five, "+919812300009")
		if r := asked(five); r["default"] != "The number proves nothing." {
			t.Errorf("what happens then: %v", r["default"])
		}
	})
}

// TestALongClosedHouseholdCanProtest: its link works again while it is asked whether the number that staff changed is its own.
func TestALongClosedHouseholdCanProtest(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("number.refused", "visit.assigned")
		h.MayIgnore("visit.completed", "queue.morning", "visit.offered", "completion.ask")
		job, _, _ := workedOn(h)
		old := h.CustomerPage(job)
		h.Advance(7 * 24 * time.Hour) // the job is closed, also where the completion was checked by chance
		h.Clock.Advance(200 * 24 * time.Hour)
		desk := h.As("kiran")
		if _, res := h.Anonymous().Raw("GET", old.Link, nil); res.StatusCode != 404 {
			t.Errorf("its link of long ago: %d", res.StatusCode)
		}
		renumber(desk, job, "+919812399999")
		if len(g.with(h, h.DeliveredLink(job))) == 0 {
			t.Errorf("the old number was told nothing: %v", g.with(h, ""))
		}
		h.CustomerPage(job).Submit("undo", 303)
		if _, res := h.Anonymous().Raw("GET", old.Link, nil); res.StatusCode != 404 {
			t.Errorf("once it has said so: %d", res.StatusCode)
		}
	})
}

// TestAMergeBringsNoNumber: a row of one's own, merged with the household's either way round, gives nobody its link.
func TestAMergeBringsNoNumber(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.MayIgnore("job.share", "number.changed", "number.verify")
		desk := h.As("kiran")
		for i, into := range []string{"theirs", "mine"} {
			number := fmt.Sprintf("+91981230001%d", i)
			theirs, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{number}}}})
			mine, _ := h.Household(desk, object{"contacts": []object{{"name": "Rao", "phones": []string{"+919812399990"}}}})
			part, whole := mine, theirs
			if into == "mine" {
				part, whole = theirs, mine
			}
			desk.Send("POST", path("/v1/customers/%s/merge", part), object{"into": whole["id"]}, 200)
			if told := g.to(h, "Your number was changed"); len(told) == 0 || !strings.Contains(strings.Join(told, " "), number) {
				t.Errorf("into %s: told of it %v", into, told)
			}
			j := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
			desk.Send("PATCH", path("/v1/jobs/%s", job), object{"contact_id": mine["contacts"].([]any)[0].(object)["id"]}, 200,
				"If-Match", fmt.Sprintf(`"%v"`, j["version"]))
			desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
			if to := g.to(h, "Your repair"); len(to) == 0 || to[len(to)-1] != number {
				t.Errorf("into %s: the household's link goes to %v", into, to)
			}
		}
	})
}

// TestAMergeLendsNoProof: two rows are merged, either way round. What was proven for one of the two, a number or a device, gets
// nothing of the other's: no push of its jobs, no link. A job made since is of whoever has the place alone; where both have
// it, what only one of the two has proves nothing. Nobody protests, and in time they are one.
func TestAMergeLendsNoProof(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.MayIgnore("number.changed", "number.verify", "silence.desk", "silence.proprietor", "silence.manager", "job.silent")
		desk := h.As("kiran")
		places := func(own string) []object {
			out := []object{}
			for _, address := range []string{"7 Same Lane", own} {
				out = append(out, object{"label": own, "address": address, "postal_code": "411001", "zone": "Asia/Kolkata"})
			}
			return out
		}
		for i, into := range []string{"theirs", "mine"} {
			row := func(name, number, own string) (object, object) {
				return h.Household(desk, object{"contacts": []object{{"name": name, "phones": []string{number}}}, "sites": places(own)})
			}
			family, accomplice := fmt.Sprintf("+91981230010%d", i), fmt.Sprintf("+91981239991%d", i)
			theirs, job := row("Mrs Rao", family, "8 Rao Lane")
			mine, his := row("Rao", accomplice, "9 Far Lane")
			browser := "browser" + into
			h.CustomerPage(his).RegisterDevice(browser)
			part, whole := mine, theirs
			if into == "mine" {
				part, whole = theirs, mine
			}
			one := desk.Send("POST", path("/v1/customers/%s/merge", part), object{"into": whole["id"]}, 200)
			sites := map[string]any{}
			for _, x := range one["sites"].([]any) {
				sites[x.(object)["address"].(string)] = x.(object)["id"]
			}
			made := func(address string, of ...object) object {
				return desk.Send("POST", "/v1/jobs", object{"customer_id": append(of, one)[0]["id"], "site_id": sites[address], "fault": "leaks",
					"category": "refrigerator"}, 201)
			}
			got := func(j object, want string) { // to whom the link of a job goes
				h.Helper()
				status := 200
				if want == "" {
					status = 409
				}
				desk.Send("POST", path("/v1/jobs/%s/link/send", j), nil, status)
				if to := strings.Join(slices.Compact(g.to(h, h.DeliveredLink(j))), " "); want == browser {
					h.ExpectOn(browser, "Your repair")
				} else if to != want {
					t.Errorf("into %s: the link of a job at %v goes to %q, want %q", into, j["site_id"], to, want)
				}
			}
			got(job, family)
			got(his, browser)
			got(made("8 Rao Lane"), family)
			got(made("7 Same Lane"), "")
			moved := made("9 Far Lane")
			got(moved, browser)
			desk.Send("PATCH", path("/v1/jobs/%s", moved), object{"site_id": sites["8 Rao Lane"]}, 200,
				"If-Match", fmt.Sprintf(`"%v"`, desk.Send("GET", path("/v1/jobs/%s", moved), nil, 200)["version"]))
			got(moved, "") // of neither alone any more
			desk.Send("POST", path("/v1/customers/%s/unmerge", part), object{}, 200)
			got(made("9 Far Lane", mine), browser)
		}
	})
}

// TestAReadLinkRefusesNoNumberForGood: whoever has read a link says that a household's new number is not its own. Time alone does not do
// then, and the area manager is asked; whom nobody answers, the household was told and did not deny by its own link. A number that was
// refused counts once the household itself says so.
func TestAReadLinkRefusesNoNumberForGood(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("number.refused")
		h.MayIgnore("visit.assigned", "job.share", "number.changed", "queue.morning", "silence.desk", "job.silent", "number.verify")
		desk, maya := h.As("kiran"), h.As("maya")
		sends := func(job object, want string) {
			h.Helper()
			h.Clock.Advance(time.Minute)
			desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
			if to := g.to(h, "Your repair"); len(to) == 0 || to[len(to)-1] != want {
				h.Errorf("the link goes to %v, want %s", to, want)
			}
		}
		asked := func(job object) object {
			h.Helper()
			for _, r := range items(maya.Send("GET", path("/v1/link-requests?status=pending&job_id=%s", job), nil, 200)) {
				if r["action"] == "number" {
					return r
				}
			}
			h.Fatal("nobody is asked")
			return nil
		}
		for i, how := range []string{"nobody answers", "the manager vouches", "the household says so", "the manager refuses"} {
			old, fresh := fmt.Sprintf("+9198123004%d0", i), fmt.Sprintf("+9198123004%d1", i)
			_, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{old}}}})
			renumber(desk, job, fresh)
			h.Clock.Advance(70 * time.Hour)
			h.ReadPage(desk, job).Submit("undo", 303)
			h.Clock.Advance(3 * time.Hour)
			h.Advance(time.Minute)
			sends(job, old) // the time has stopped
			r := asked(job)
			h.ReadPage(desk, job).Submit("undo", 303) // again, which moves nothing
			if now := asked(job); now["due_at"] != r["due_at"] || now["default"] != "The number is the household's." {
				t.Errorf("said again it is due %v, before %v; %v", now["due_at"], r["due_at"], now["default"])
			}
			switch how {
			case "nobody answers":
				h.Advance(50 * time.Hour)
			case "the manager vouches":
				maya.Send("POST", path("/v1/link-requests/%s/decide", r), object{"decision": "accept", "reasons": "called them"}, 200)
			case "the household says so":
				h.CustomerPage(job).Submit("verify", 303)
			case "the manager refuses":
				maya.Send("POST", path("/v1/link-requests/%s/decide", r), object{"decision": "refuse", "reasons": "nobody knows it"}, 200)
				sends(job, old)
				renumber(desk, job, old)
				renumber(desk, job, old, fresh)
				h.Clock.Advance(80 * time.Hour)
				h.Advance(time.Minute)
				renumber(desk, job, fresh)
				sends(job, old) // what was refused counts by no time
				renumber(desk, job, old)
				renumber(desk, job, fresh)
				h.CustomerPage(job).Submit("verify", 303)
				h.Clock.Advance(12 * time.Hour) // it is night
			}
			sends(job, fresh)
		}
	})
}
