package contact

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// A household sleeps: what can wait comes in the hours in which it may be
// called, and of several the latest; what is about the coming hours does not
// wait.
func TestHouseholdsAreNotMessagedAtNight(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "visit.missed", "visit.missed_desk", "digest")
		desk := h.As("kiran2")
		// The clocks are put forward in this night: 08:00 is 07:00 in UTC.
		h.Clock.Set(time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC))
		home := func(token string) object {
			t.Helper()
			_, job := h.Household(desk, object{"sites": []object{{"address": "1 Borough Street", "postal_code": "SE1", "zone": "Europe/London"}}})
			h.CustomerPage(job).RegisterDevice(token)
			return job
		}
		rung := func(token string) int { return len(h.Phones.MessagesFor(token)) }
		window := func(day, hour int) object {
			at := func(hour int) string { return time.Date(2027, 4, day, hour, 0, 0, 0, time.UTC).Format(time.RFC3339) }
			return object{"window_start": at(hour), "window_end": at(hour + 2)}
		}
		later := home("phone:later")
		v := desk.Send("POST", path("/v1/jobs/%s/visits", later), window(6, 10), 201)
		desk.Send("POST", path("/v1/visits/%s/reschedule", v), window(7, 14), 201)
		gone := home("phone:gone")
		v = desk.Send("POST", path("/v1/jobs/%s/visits", gone), window(6, 10), 201)
		desk.Send("POST", path("/v1/visits/%s/cancel", v), object{"reason": "double"}, 200)
		soon := home("phone:soon")
		today := object{"window_start": "2027-03-28T10:00:00Z", "window_end": "2027-03-28T12:00:00Z"}
		desk.Send("POST", path("/v1/jobs/%s/visits", soon), today, 201)
		h.Settle()
		h.ExpectOn("phone:soon", "Your repair visit")
		if n, m := rung("phone:later"), rung("phone:gone"); n+m != 0 {
			t.Errorf("phones rang %d and %d times at half past two", n, m)
		}
		h.Advance(5*time.Hour + 29*time.Minute)
		if n := rung("phone:later"); n != 0 {
			t.Error("a phone rang before eight")
		}
		h.Advance(time.Minute)
		h.ExpectOn("phone:later", "Your repair visit")
		if n := rung("phone:later"); n != 1 {
			t.Errorf("of two notices %d came", n)
		}
		h.ExpectOn("phone:gone", "Visit cancelled")
		if n := rung("phone:gone"); n != 1 {
			t.Errorf("of a visit that was cancelled again %d notices came", n)
		}
		// By day nothing waits.
		v = desk.Send("POST", path("/v1/jobs/%s/visits", home("phone:day")), window(9, 10), 201)
		h.Settle()
		h.ExpectOn("phone:day", "Your repair visit")
		// In the evening it waits for the morning.
		h.Clock.Set(time.Date(2027, 3, 29, 18, 30, 0, 0, time.UTC))
		desk.Send("POST", path("/v1/visits/%s/cancel", v), object{"reason": "double"}, 200)
		h.Settle()
		if n := rung("phone:day"); n != 1 {
			t.Errorf("rung %d times in the evening", n)
		}
		h.Advance(12*time.Hour + 30*time.Minute)
		h.ExpectOn("phone:day", "Visit cancelled")
		if n := rung("phone:day"); n != 2 {
			t.Errorf("rung %d times by the morning", n)
		}
	})
}

// TestTheLastNoticeWaitsForTheMorning: a phone that was offline tells at night of the
// try that was the last one needed. The 24 hours begin when the notice goes out.
func TestTheLastNoticeWaitsForTheMorning(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("job.unreachable")
		desk, asha := h.As("kiran"), h.As("asha")
		_, job := h.Household(desk, nil)
		h.CustomerPage(job).RegisterDevice("phone:home")
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"})
		h.Clock.Advance(4 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		h.Clock.Set(harness.Kolkata(2, 23, 0))
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "switched_off",
			"occurred_at": harness.Kolkata(2, 16, 0).Format(time.RFC3339)}, 201)
		h.Settle()
		if n := len(h.Phones.MessagesFor("phone:home")); n != 0 {
			h.Errorf("%d messages at eleven at night", n)
		}
		h.Clock.Set(harness.Kolkata(3, 8, 0))
		h.Settle()
		h.ExpectOn("phone:home", "We cannot reach you")
		if v := desk.Verdict(job); v["verdict"] != "last_notice" {
			h.Errorf("the verdict is %v: %v", v["verdict"], v["explanation"])
		}
		h.Advance(24*time.Hour - time.Minute)
		if v := desk.Verdict(job); v["verdict"] != "last_notice" {
			h.Errorf("a minute before the 24 hours are over: %v", v["verdict"])
		}
		h.MayIgnore("job.unreachable_home")
	})
}
