package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestNoAccessCountsAgainstNobodyWhereThereWasContact: who stood at the door spoke with the household, or it got in touch; also where
// that is told afterwards, and after a dispute that was turned down.
func TestNoAccessCountsAgainstNobodyWhereThereWasContact(t *testing.T) {
	try := object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 40}
	rang := object{"channel": "phone", "outcome": "reached", "direction": "inbound"}
	for name, tc := range map[string]struct {
		said   object
		by     string // ravi: the crew; kiran: the desk; kiran2: a desk that knows the number alone
		before bool   // the arrival
		after  bool   // it is told after the no-access
		want   string
	}{
		"nobody was reached":                {try, "ravi", false, false, "customer"},
		"they picked up":                    {object{"channel": "phone", "outcome": "reached"}, "ravi", false, false, "nobody"},
		"the line went dead":                {object{"channel": "phone", "outcome": "cut_off"}, "ravi", false, false, "nobody"},
		"the desk spoke with them":          {object{"channel": "phone", "outcome": "reached"}, "kiran", false, false, "nobody"},
		"about another job":                 {object{"channel": "phone", "outcome": "reached"}, "other job", false, false, "nobody"},
		"about another job, told later":     {object{"channel": "phone", "outcome": "reached"}, "other job", false, true, "nobody"},
		"they rang the desk":                {rang, "kiran", false, false, "nobody"},
		"they rang another desk":            {object{}, "kiran2", false, false, "nobody"},
		"they rang, which is told later":    {rang, "kiran", false, true, "nobody"},
		"another desk tells it later":       {object{}, "kiran2", false, true, "nobody"},
		"they were spoken with before that": {object{"channel": "phone", "outcome": "reached"}, "kiran", true, false, "customer"},
		"they would not open":               {object{"channel": "phone", "outcome": "refused"}, "ravi", false, false, "customer"},
	} {
		t.Run(name, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("visit.assigned")
				h.MayIgnore("dispute.opened", "dispute.decided", "dispute.desk", "visit.no_access_desk", "promise.yours", "promise.owed",
					"contact.inbound", "contact.received", "visit.contact")
				desk, ravi := h.As("kiran"), h.As("ravi")
				const number = "+919812345671"
				_, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{number}}}})
				visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
				other := job
				if tc.by == "other job" {
					other = desk.Send("POST", "/v1/jobs", object{"customer_id": job["customer_id"], "fault": "leaks", "category": "refrigerator"}, 201)
				}
				told := ""
				say := func() {
					body := object{}
					for k, v := range tc.said {
						body[k] = v
					}
					if told != "" {
						body["occurred_at"] = told
					}
					switch tc.by {
					case "ravi":
						ravi.Send("POST", path("/v1/visits/%s/attempts", visit), body, 201)
					case "kiran2":
						body["phone"] = number
						h.As("kiran2").Send("POST", "/v1/contacts", body, 202)
						h.Settle()
					default:
						desk.Send("POST", path("/v1/jobs/%s/attempts", other), body, 201)
					}
				}
				h.Clock.Advance(3 * time.Hour)
				if tc.before {
					say()
					h.Clock.Advance(time.Minute)
				}
				ravi.Arrive(visit)
				h.Clock.Advance(5 * time.Minute)
				for _, a := range []object{try, {"channel": "sms", "outcome": "sent"}} {
					ravi.Send("POST", path("/v1/visits/%s/attempts", visit), a, 201)
				}
				if tc.after {
					told = h.Clock.Now().UTC().Format(time.RFC3339)
				} else if !tc.before {
					say()
				}
				h.Clock.Advance(6 * time.Minute)
				out := ravi.Send("POST", path("/v1/visits/%s/no-access", visit), nil, 200)
				if tc.after {
					h.Clock.Advance(20 * time.Minute)
					say()
				} else if out["counts_against"] != tc.want {
					h.Errorf("it counts against %v", out["counts_against"])
				}
				if v := desk.Visit(visit); string(v.CountsAgainst) != tc.want || v.Status != "no_access" {
					h.Errorf("%s counts against %s", v.Status, v.CountsAgainst)
				}
				d := desk.Send("POST", path("/v1/visits/%s/dispute", visit), object{"claim": "was_home",
					"contact": object{"channel": "phone", "outcome": "reached", "direction": "inbound"}}, 201)
				h.As("maya").Send("POST", "/v1/disputes/"+harness.String(d["id"])+"/decide", object{"decision": "uphold", "reasons": "they waited"},
					200)
				if v := desk.Visit(visit); string(v.CountsAgainst) != tc.want {
					h.Errorf("after a dispute that was turned down it counts against %s", v.CountsAgainst)
				}
			})
		})
	}
}

// TestTheCallAndTheMessageOfANoAccessGoToTheHousehold: nobody is called by a number that is not theirs, long before they
// had to be there, or written to where they read nothing.
func TestTheCallAndTheMessageOfANoAccessGoToTheHousehold(t *testing.T) {
	const own, strange = "+919812345672", "+919812399998"
	call := object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 40}
	text := object{"channel": "sms", "outcome": "sent"}
	by := func(channel, outcome, address string) object {
		return object{"channel": channel, "outcome": outcome, "address": address}
	}
	for name, tc := range map[string]struct {
		early, tries []object
		mail         string
		want         int
	}{
		"a call and a text":                      {nil, []object{call, text}, "", 200},
		"a call to their number, by name":        {nil, []object{by("phone", "switched_off", own), text}, "", 200},
		"the text long before":                   {[]object{text}, []object{call}, "", 200},
		"the call long before":                   {[]object{call, text}, []object{text}, "", 409},
		"a call to a stranger":                   {nil, []object{by("phone", "no_answer", strange), text}, "", 409},
		"a wrong number":                         {nil, []object{text, by("phone", "wrong_number", strange)}, "", 409},
		"their number said to be wrong":          {nil, []object{text, {"channel": "phone", "outcome": "wrong_number"}}, "", 409},
		"a text to a stranger":                   {nil, []object{call, by("sms", "sent", strange)}, "", 409},
		"a text to a wrong number":               {nil, []object{call, by("sms", "wrong_number", strange)}, "", 409},
		"a messenger that rang":                  {nil, []object{call, {"channel": "whatsapp", "outcome": "no_answer"}}, "", 409},
		"an e-mail, without an address":          {nil, []object{call, {"channel": "email", "outcome": "sent"}}, "", 409},
		"an e-mail to somebody":                  {nil, []object{call, by("email", "sent", "x@example.org")}, "", 409},
		"an e-mail to theirs":                    {nil, []object{call, {"channel": "email", "outcome": "sent"}}, "rao@example.org", 200},
		"a push, where they have no app of ours": {nil, []object{call, {"channel": "push", "outcome": "sent"}}, "", 409},
	} {
		t.Run(name, func(t *testing.T) {
			harness.OnEachEngine(t, func(h *harness.Harness) {
				h.Ignores("visit.assigned")
				h.MayIgnore("visit.no_access_desk", "number.verify")
				desk, ravi := h.As("kiran"), h.As("ravi")
				who := object{"name": "Mrs Rao", "phones": []string{own}}
				if tc.mail != "" {
					who["email"] = tc.mail
				}
				_, job := h.Household(desk, object{"contacts": []object{who}})
				at := harness.Monday.Add(3 * time.Hour)
				visit := h.Visit(desk, job, at, "ravi")
				say := func(list []object) {
					for _, a := range list {
						ravi.Send("POST", path("/v1/visits/%s/attempts", visit), a, 201)
					}
				}
				h.Clock.Set(at.Add(-time.Hour))
				ravi.Arrive(visit)
				say(tc.early)
				h.Clock.Set(at.Add(-10 * time.Minute)) // at the door, and near enough
				say(tc.tries)
				h.Clock.Set(at.Add(12 * time.Minute))
				to := path("/v1/visits/%s/no-access", visit)
				out := ravi.Send("POST", to, nil, tc.want)
				if tc.want == 200 {
					if out["counts_against"] != "customer" {
						h.Errorf("it counts against %v", out["counts_against"])
					}
					return
				}
				if out["code"] != "guard_not_met" {
					h.Errorf("refused as %v", out["code"])
				}
				if out := ravi.Send("POST", to, object{"reason": "phone_broken"}, 200); out["counts_against"] != "nobody" {
					h.Errorf("with a reason it counts against %v", out["counts_against"])
				}
			})
		})
	}
}
