package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain/casework"

	"github.com/google/uuid"
)

// excluded is why an attempt stands in a list of the verdict; empty: it does not.
func excluded(v object, list, attempt string) string {
	for _, x := range v[list].([]any) {
		if x.(object)["id"] == attempt {
			return x.(object)["why"].(string)
		}
	}
	return ""
}

// numberOf is the first number of the household that Household made.
func numberOf(customer object) string {
	return customer["contacts"].([]any)[0].(object)["phones"].([]any)[0].(string)
}

// TestGradesAreJudged: whatever a client claims, the server looks at what came.
func TestGradesAreJudged(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		customer, job := h.Household(desk, nil)
		_, away := h.Household(desk, object{"sites": []object{{"address": "9 Unmapped Road", "postal_code": "411009", "zone": "Asia/Kolkata"}}})
		for i, j := range []object{job, away} {
			h.Visit(desk, j, h.Clock.Now().Add(time.Duration(2+3*i)*time.Hour), "ravi")
		}
		number := numberOf(customer)
		h.Clock.Advance(time.Hour)
		now := h.Clock.Now()
		at := func(ago time.Duration) string { return now.Add(-ago).UTC().Format(time.RFC3339) }
		call := func(ago time.Duration, seconds int, more object) object {
			b := object{"channel": "phone", "outcome": "no_answer", "ring_seconds": seconds, "grade": "proven", "address": number,
				"occurred_at": at(ago), "evidence_digest": casework.CallDigest(number, now.Add(-ago), seconds)}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		door := func(lat float64, more object) object {
			b := object{"channel": "doorstep", "outcome": "nobody_home", "grade": "recorded", "lat": lat, "lon": 73.8567, "accuracy_m": 12}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		const reused = "its call record was already told as another attempt: the same call counts once"
		for _, c := range []struct {
			name       string
			job, body  object
			grade, why string
		}{
			{"a claim", job, object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30, "grade": "proven"}, "declared",
				"no evidence that the server can check came with it"},
			{"nothing claimed", job, object{"channel": "phone", "outcome": "switched_off"}, "declared", ""},
			{"a gateway's word by a person", job, object{"channel": "sms", "outcome": "delivered", "grade": "proven",
				"evidence_digest": strings.Repeat("ab", 32)}, "declared", "no evidence that the server can check came with it"},
			{"any digest", job, call(time.Minute, 30, object{"evidence_digest": strings.Repeat("ab", 32)}), "declared",
				"the digest of its call record does not fit number, start and length"},
			{"a true record", job, call(2*time.Minute, 31, nil), "recorded", ""},
			{"the same again", job, call(2*time.Minute, 31, object{"note": "again"}), "declared", reused},
			{"the same in capitals", job, call(2*time.Minute, 31,
				object{"evidence_digest": strings.ToUpper(casework.CallDigest(number, now.Add(-2*time.Minute), 31))}), "declared", reused},
			{"longer than since", job, call(3*time.Minute, 181, nil), "declared", "its call record is longer than the time since it began"},
			{"rang longer than it took", job, call(4*time.Minute, 30, object{"ring_seconds": 31, "call_seconds": 30}), "declared",
				"it rang longer than its call record lasts"},
			{"its length by the log", job, call(5*time.Minute, 40, object{"ring_seconds": 28, "call_seconds": 40}), "recorded", ""},
			{"another number", job, call(6*time.Minute, 30, object{"address": "+919812345678",
				"evidence_digest": casework.CallDigest("+919812345678", now.Add(-6*time.Minute), 30)}), "declared",
				"its call record is of a number that is not known as the household's"},
			{"no start", job, object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30, "address": number,
				"evidence_digest": casework.CallDigest(number, now, 30)}, "declared", "its call record lacks number, start or length"},
			{"at the door", job, door(18.5205, nil), "recorded", ""},
			{"far from it", job, door(18.53, nil), "declared", "its place is not at the door"},
			{"anywhere about", job, door(18.5205, object{"accuracy_m": 101}), "declared", "its place is not known to be accurate to 100 m"},
			{"without accuracy", job, door(18.5205, object{"accuracy_m": nil}), "declared", "its place is not known to be accurate to 100 m"},
			{"told late", job, door(18.5205, object{"occurred_at": at(10*time.Minute + time.Second)}), "declared",
				"its place was received more than 10 minutes later"},
			{"told in time", job, door(18.5205, object{"occurred_at": at(10 * time.Minute)}), "recorded", ""},
			{"a home without a place", away, door(18.5205, nil), "declared", "the place of the home is not known"},
		} {
			a := ravi.Send("POST", path("/v1/jobs/%s/attempts", c.job), c.body, 201)
			if a["grade"] != c.grade || a["grade_why"] != c.why {
				t.Errorf("%s: %v, %q", c.name, a["grade"], a["grade_why"])
			}
			v := ravi.Verdict(c.job)
			switch id := a["id"].(string); {
			case c.why == reused && !strings.HasPrefix(excluded(v, "does_not_count", id), reused):
				t.Errorf("%s counts: %v", c.name, v)
			case strings.Contains(fmt.Sprint(v["counts"]), id) && excluded(v, "declared", id) != c.why:
				t.Errorf("%s: the verdict says %q", c.name, excluded(v, "declared", id))
			}
		}
		// Told again by its id, late, it is the same attempt with the same grade.
		first := call(7*time.Minute, 33, object{"id": uuid.NewString()})
		got := ravi.Send("POST", path("/v1/jobs/%s/attempts", job), first, 201)
		h.Clock.Advance(time.Hour)
		if again := ravi.Send("POST", path("/v1/jobs/%s/attempts", job), first, 201); again["grade"] != "recorded" ||
			again["created_at"] != got["created_at"] {
			t.Errorf("told again: %v", again)
		}
	})
}

// TestAHistoryTypedInOneSittingIsOneAttempt: what one person says late and at once
// is one attempt, unless a crew's phone was offline and sent it as such.
func TestAHistoryTypedInOneSittingIsOneAttempt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("job.notice_ready")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, typed := h.Household(desk, nil)
		_, sent := h.Household(desk, nil)
		h.Visit(desk, typed, h.Clock.Now().Add(26*time.Hour), "ravi")
		h.Visit(desk, sent, h.Clock.Now().Add(29*time.Hour), "ravi")
		start := h.Clock.Now()
		h.Clock.Advance(25 * time.Hour)
		tell := func(p *harness.Client, job object, after time.Duration, more object, header ...string) object {
			h.Helper()
			b := object{"channel": "whatsapp", "outcome": "delivered", "occurred_at": start.Add(after).UTC().Format(time.RFC3339)}
			for k, v := range more {
				b[k] = v
			}
			return p.Send("POST", path("/v1/jobs/%s/attempts", job), b, 201, header...)
		}
		count := func(p *harness.Client, job object) int { return len(p.Verdict(job)["counts"].([]any)) }
		one := tell(ravi, typed, time.Minute, nil)
		h.Clock.Advance(14 * time.Minute)
		two := tell(ravi, typed, 4*time.Hour, object{"channel": "sms", "outcome": "delivered"})
		h.Clock.Advance(14 * time.Minute)                                // one after the other is one sitting
		three := tell(ravi, typed, 8*time.Hour, object{"offline": true}) // without a device's clock it is no outbox
		v := ravi.Verdict(typed)
		if got := excluded(v, "does_not_count", two["id"].(string)); !strings.HasPrefix(got,
			"it was typed in one sitting with that of Mon 1 Mar 09:01") {
			t.Errorf("the second says %q", got)
		}
		if excluded(v, "does_not_count", three["id"].(string)) == "" || count(ravi, typed) != 1 ||
			excluded(v, "does_not_count", one["id"].(string)) != "" {
			t.Errorf("typed: %v", v)
		}
		// What happens now, what somebody else tells and what is told another time stand by themselves.
		tell(ravi, typed, 25*time.Hour+28*time.Minute, nil)
		tell(desk, typed, 5*time.Hour, nil)
		h.Clock.Advance(16 * time.Minute)
		tell(ravi, typed, 6*time.Hour, nil)
		if n := count(ravi, typed); n != 4 {
			t.Errorf("%d count, want 4: %v", n, ravi.Verdict(typed))
		}
		// The outbox of a phone without network: each with the device's clock, oldest first.
		clock := h.Clock.Now().UTC().Format(time.RFC3339)
		for _, at := range []time.Duration{time.Minute, 4 * time.Hour, 8 * time.Hour} {
			if a := tell(ravi, sent, at, object{"offline": true}, "Doorstep-Sent-At", clock); a["offline"] != true {
				t.Errorf("sent from the outbox: %v", a)
			}
		}
		if n := count(ravi, sent); n != 3 {
			t.Errorf("%d of the outbox count: %v", n, ravi.Verdict(sent))
		}
		if a := tell(ravi, sent, 6*time.Hour, object{"offline": true}, "Doorstep-Sent-At", clock); a["offline"] != false {
			t.Error("an outbox that jumps back in time is taken for one")
		}
		if a := tell(desk, sent, 9*time.Hour, object{"offline": true}, "Doorstep-Sent-At", clock); a["offline"] != false {
			t.Error("a desk has an outbox")
		}
	})
}

// TestATechnicianAloneProves: with the app of one technician a household becomes
// unreachable and a closed door is proven; and neither by claims alone. What was judged
// before the rules stands as it was.
func TestATechnicianAloneProves(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.unreachable", "visit.assigned", "visit.no_access_desk")
		h.MayIgnore("visit.offered", "visit.en_route", "visit.arrived", "visit.no_access", "visit.counted", "job.unreachable_home",
			"queue.morning",
			"visit.missed", "visit.missed_desk", "timer.ping", "promise.yours", "promise.late", "digest", "visit.started")
		desk, ravi := h.As("kiran"), h.As("ravi")
		try := func(records bool) (job, visit object) {
			h.Helper()
			_, job = h.Household(desk, nil)
			visit = h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
			h.Clock.Advance(10 * time.Minute)
			ravi.Arrive(visit)
			record := func(b bodies.AttemptCreate) bodies.AttemptCreate {
				if records {
					return h.CallRecord(job, b)
				}
				b.Grade, b.EvidenceDigest = "proven", strings.Repeat("cd", 32)
				return b
			}
			ravi.Send("POST", path("/v1/visits/%s/attempts", visit), record(bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer",
				RingSeconds: 30}), 201)
			if records {
				ravi.Send("POST", path("/v1/visits/%s/attempts", visit), h.AtTheDoor(job), 201)
			}
			ravi.Send("POST", path("/v1/visits/%s/no-access", visit), object{"reason": "household_asked"}, 200)
			h.Clock.Advance(4 * time.Hour)
			ravi.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
			h.Clock.Advance(24 * time.Hour)
			ravi.Attempt(job, record(bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30}))
			ravi.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
			h.Clock.Advance(19*time.Hour - 10*time.Minute)
			h.Advance(6 * time.Hour)
			return job, visit
		}
		paid := func(visit object) string {
			h.Helper()
			for _, r := range items(ravi.Send("GET", fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-03-14", ravi.ID), nil, 200)) {
				if r["visit_id"] == visit["id"] {
					return fmt.Sprint(r["why"])
				}
			}
			return "no row"
		}
		job, visit := try(true)
		if v := ravi.Verdict(job); v["verdict"] != "unreachable" {
			t.Errorf("a technician alone, with records: %v", v)
		}
		if why := paid(visit); why != "nobody opened, and that is proven" {
			t.Errorf("the closed door: %q", why)
		}
		job, visit = try(false)
		v := ravi.Verdict(job)
		if v["verdict"] != "trying" || !strings.Contains(fmt.Sprint(v["missing"]), "one attempt must be proven, recorded or by a second person") {
			t.Errorf("a technician alone, with claims: %v", v)
		}
		if why := paid(visit); why != "" {
			t.Errorf("the closed door that is only claimed: %q", why)
		}
		// Before the upgrade the claim was believed: it stays so.
		_, err := h.DB.SQL().ExecContext(h.Context(), "UPDATE attempts SET rules = 1, grade = 'recorded', grade_why = '' WHERE grade_why <> ''")
		h.Must(err)
		if v := ravi.Verdict(job); v["verdict"] != "unreachable" {
			t.Errorf("with the grades of before: %v", v)
		}
		if why := paid(visit); why != "nobody opened, and that is proven" {
			t.Errorf("the closed door of before: %q", why)
		}
	})
}
