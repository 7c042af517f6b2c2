package visits

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAgreementIsItsOwnFact: which contact, which time, said how. No other contact of
// the last days is an agreement: the visit then awaits the household.
func TestAgreementIsItsOwnFact(t *testing.T) {
	at := func(h *harness.Harness, n int) object {
		from := harness.Monday.Add(time.Duration(24+n) * time.Hour)
		return object{"window_start": from.Format(time.RFC3339), "window_end": from.Add(2 * time.Hour).Format(time.RFC3339)}
	}
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "visit.cancelled", "visit.cancelled_by_customer", "promise.yours", "contact.inbound", "visit.confirmed",
			"visit.unassigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		book := func(by *harness.Client, job, body object, want int) object {
			return by.Send("POST", path("/v1/jobs/%s/visits", job), body, want)
		}
		say := func(job object, body object) object {
			a := object{"direction": "inbound", "channel": "phone", "outcome": "reached"}
			for k, v := range body {
				a[k] = v
			}
			return desk.Send("POST", path("/v1/jobs/%s/attempts", job), a, 201)
		}
		awaits := func(name string, out object) {
			h.Helper()
			if out["confirmation"] != "awaiting" || out["agreed_attempt_id"] != nil || out["agreed_said"] != "" {
				h.Errorf("%s: %v by %v", name, out["confirmation"], out["agreed_attempt_id"])
			}
		}
		// What is no agreement: a call about something else, an abusive one, a wish by link.
		other := map[string]func(job object){
			"a call":    func(job object) { say(job, nil) },
			"an abuse":  func(job object) { say(job, object{"outcome": "hostile"}) },
			"a refusal": func(job object) { say(job, object{"outcome": "refused"}) },
			"call me":   func(job object) { h.CustomerPage(job).Submit("call-me", 303) },
			"a cancellation": func(job object) {
				book(desk, job, at(h, 4), 201)
				h.CustomerPage(job).Submit("cancel", 303)
			},
		}
		days := 8
		for name, do := range other {
			days++
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(time.Duration(days)*24*time.Hour), "ravi") // the job is ravi's to see
			do(job)
			awaits(name+", the desk", book(desk, job, at(h, 1), 201))
			desk.Send("POST", path("/v1/visits/%s/confirm", visit), nil, 409)
			if name == "a call" {
				awaits(name+", the technician", ravi.Send("POST", path("/v1/visits/%s/reschedule", visit), at(h, 30), 201))
				continue
			}
			ravi.Send("POST", path("/v1/visits/%s/reschedule", visit), at(h, 30), 409)
			for _, a := range items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)) {
				body := at(h, 31)
				body["attempt_id"] = a["id"]
				ravi.Send("POST", path("/v1/visits/%s/reschedule", visit), body, 422)
			}
		}
		// Named: this time and no other.
		_, job := h.Household(desk, nil)
		call := say(job, nil)
		named := at(h, 6)
		named["attempt_id"], named["said"] = call["id"], "in_person"
		book(desk, job, named, 422) // it was a call
		delete(named, "said")
		out := book(desk, job, named, 201)
		if out["confirmation"] != "confirmed" || out["agreed_attempt_id"] != call["id"] || out["agreed_said"] != "phone" ||
			out["agreed_start"] != out["window_start"] || out["agreed_end"] != out["window_end"] {
			h.Errorf("named: %v", out)
		}
		again := at(h, 9)
		again["attempt_id"] = call["id"]
		desk.Send("POST", path("/v1/visits/%s/reschedule", out), again, 422)
		// A contact says the time: a visit inside it is confirmed by it, another is not.
		_, job = h.Household(desk, nil)
		from := harness.Monday.Add(48 * time.Hour)
		to := object{"start": from.Format(time.RFC3339), "end": from.Add(4 * time.Hour).Format(time.RFC3339)}
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer", "agreed_to": to}, 422)
		call = say(job, object{"channel": "whatsapp", "agreed_to": to})
		if call["agreed_start"] != to["start"] || call["agreed_end"] != to["end"] {
			h.Errorf("the contact says %v to %v", call["agreed_start"], call["agreed_end"])
		}
		awaits("before", book(desk, job, at(h, 23), 201))
		in := book(desk, job, at(h, 25), 201)
		if in["confirmation"] != "confirmed" || in["agreed_attempt_id"] != call["id"] || in["agreed_said"] != "message" {
			h.Errorf("inside: %v", in)
		}
		outside := at(h, 30)
		outside["attempt_id"] = call["id"]
		book(desk, job, outside, 422)
		// By its own link.
		_, job = h.Household(desk, nil)
		visit := book(desk, job, at(h, 7), 201)
		h.CustomerPage(job).Submit("confirm", 303)
		if v := desk.Visit(visit); v.AgreedSaid != "own_link" || v.AgreedAttemptID == "" || !v.AgreedStart.Equal(v.WindowStart) {
			h.Errorf("by link: %+v", v)
		}
	})
}
