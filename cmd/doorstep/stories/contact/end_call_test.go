package contact

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAnAbusiveCallIsEnded: one tap, at any hour, by whoever is spoken to like that.
// Somebody else calls, in duty hours, and the household is told who and by when. It is
// contact and no agreement, what they owed is no longer theirs, and a pause is offered.
func TestAnAbusiveCallIsEnded(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("break.taken", "promise.late", "promise.yours", "visit.assigned", "visit.moved_ours")
		kiran, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(kiran, nil)
		h.CustomerPage(job).RegisterDevice("home:phone")
		visit := h.Visit(kiran, job, harness.Monday.Add(30*time.Hour), "ravi")
		h.ExpectOn("home:phone", "Your repair visit")
		h.Clock.Set(time.Date(2027, 3, 1, 17, 30, 0, 0, time.UTC)) // 23:00 in Pune
		h.Settle()
		say := ravi.Send("GET", path("/v1/jobs/%s/end-call", job), nil, 200)
		if words := say["warning"].(object); !strings.Contains(harness.String(words["en"]), "a colleague calls you") || words["hi"] == "" {
			h.Errorf("to read out: %v", say)
		}
		var first object
		for _, login := range []string{"ravi", "kiran", "asha", "maya", "gita"} {
			p := h.As(login)
			got := p.Send("POST", path("/v1/jobs/%s/end-call", job), object{}, 201)
			if first == nil {
				first = got
			}
			who, ok := got["promise"].(object)
			if !ok || who["owner_id"] == p.ID.String() {
				t.Fatalf("%s ended it, and calls: %v", login, got)
			}
			owner := harness.String(who["owner"])
			if n := h.Pushes(strings.ToLower(owner), "Please call back"); n != 0 { // it waits for their duty
				h.Errorf("%s is rung at night", owner)
			}
			h.ExpectOn("home:phone", owner+" will call you")
			if due := harness.Instant(t, who["due_at"]).In(harness.Zone("Asia/Kolkata")); due.Day() != 2 || due.Hour() < 8 || due.Hour() > 12 {
				h.Errorf("%s ended it, and %s calls by %v", login, owner, due)
			}
			made := items(kiran.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))
			i := slices.IndexFunc(made, func(a object) bool { return a["id"] == got["id"] })
			if i < 0 || made[i]["outcome"] != "hostile" || made[i]["by_id"] != p.ID.String() {
				t.Fatalf("recorded: %v", made)
			}
			// Nothing of it is theirs to answer for.
			for _, o := range items(kiran.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200)) {
				if o["owner_id"] == p.ID.String() {
					h.Errorf("%s ended it and owes %v", login, o)
				}
			}
			if n := len(h.InboxBodies(login, "A pause is yours to take")); n != 1 {
				h.Errorf("%s is offered %d pauses", login, n)
			}
			pause := p.Send("POST", path("/v1/attempts/%s/cool-off", got), object{"accept": true}, 200)
			if pause["accepted"] != true || pause["attempt_id"] != got["id"] || pause["flag_id"] != nil {
				h.Errorf("%s pauses: %v", login, pause)
			}
			h.As("asha2").Send("POST", path("/v1/attempts/%s/cool-off", got), object{"accept": true}, 404)
			if login != "ravi" {
				ravi.Send("POST", path("/v1/attempts/%s/cool-off", got), object{"accept": true}, 404)
			}
		}
		if open := items(kiran.Send("GET", path("/v1/promises?status=open&job_id=%s", job), nil, 200)); len(open) != 1 {
			h.Errorf("%d calls are promised", len(open))
		}
		verdict := kiran.Send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)
		if verdict["verdict"] != "reached" || len(verdict["counts"].([]any)) != 0 {
			h.Errorf("reachability: %v", verdict)
		}
		// The words of somebody who shouts are no agreement to a time.
		if got := kiran.Send("GET", path("/v1/visits/%s", visit), nil, 200)["confirmation"]; got == "confirmed" {
			h.Errorf("the visit is %v", got)
		}
		if crew := kiran.Send("GET", path("/v1/visits/%s", visit), nil, 200)["crew"].([]any); len(crew) != 0 {
			h.Errorf("in the pause it is still the visit of %v", crew)
		}
		h.As("kiran2").Send("POST", path("/v1/jobs/%s/end-call", job), object{}, 404)
		h.As("root").Send("POST", path("/v1/jobs/%s/end-call", job), object{}, 403)
		h.Clock.Advance(73 * time.Hour)
		ravi.Send("POST", path("/v1/attempts/%s/cool-off", first), object{"accept": false}, 409)
	})
}

// A call of which the number alone is known is ended too. The pause is answered alike whether the number is known or not, and only to
// whoever ended it.
func TestACallIsEndedByItsNumber(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("break.taken", "promise.yours", "call.manager", "promise.made", "call.back", "household.calls")
		kiran := h.As("kiran")
		h.Household(kiran, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{"+919812300001"}}}})
		var answers []string
		for _, number := range []string{"+919812300001", "+919812399999"} {
			ended := kiran.Send("POST", "/v1/contacts", object{"phone": number, "channel": "phone", "outcome": "hostile"}, 202)
			h.As("asha").Send("POST", path("/v1/attempts/%s/cool-off", ended), object{"accept": true}, 404)
			pause := kiran.Send("POST", path("/v1/attempts/%s/cool-off", ended), object{"accept": true}, 200)
			if pause["contact_id"] != ended["id"] || pause["attempt_id"] != nil || pause["accepted"] != true {
				t.Errorf("the pause: %v", pause)
			}
			answers = append(answers, harness.String(pause["outcome"]))
		}
		if answers[0] != answers[1] {
			t.Errorf("a known number is answered %v", answers)
		}
		spoken := kiran.Send("POST", "/v1/contacts", object{"phone": "+919812300001", "channel": "phone", "outcome": "reached"}, 202)
		kiran.Send("POST", path("/v1/attempts/%s/cool-off", spoken), object{"accept": true}, 409)
	})
}
