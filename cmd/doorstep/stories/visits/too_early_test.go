package visits

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestNobodyIsOnTheWayDaysBefore: what tells a household that somebody comes, or is there, is taken on the day of the visit and
// not before; what is told late of an earlier day moves nothing.
func TestNobodyIsOnTheWayDaysBefore(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("timer.ping", "visit.assigned", "visit.claimed")
		desk, ravi := h.As("kiran"), h.As("ravi")
		moves := []string{"en-route", "arrive", "start"}
		offered := func(visit object) (any, bool) {
			got := ravi.Send("GET", path("/v1/visits/%s", visit), nil, 200)
			for _, m := range append(moves, "complete", "partial", "no-access") {
				if harness.Offers(got, m) {
					return got["actions"], true
				}
			}
			return got["actions"], false
		}
		_, job := h.Household(desk, nil)
		page := h.CustomerPage(job)
		visit := h.Visit(desk, job, harness.Monday.Add(74*time.Hour), "ravi") // Thursday at 11:00
		morning := harness.Monday.Add(69 * time.Hour)
		for h.Clock.Now().Before(morning) {
			for _, m := range moves {
				out := ravi.Send("POST", path("/v1/visits/%s/", visit)+m, object{"occurred_at": h.Clock.Now()}, 409)
				if out["code"] != "guard_not_met" || !harness.Instant(t, out["opens_at"]).Equal(morning) {
					t.Errorf("%s at %s: %v", m, h.Clock.Now(), out)
				}
			}
			if actions, some := offered(visit); some {
				t.Errorf("at %s the crew is offered %v", h.Clock.Now(), actions)
			}
			h.Clock.Advance(min(9*time.Hour, morning.Sub(h.Clock.Now())))
		}
		if strings.Contains(page.Read(), "on the way") {
			t.Error("the household reads that somebody is on the way")
		}
		if got := desk.Visit(visit); got.Status != "scheduled" || !got.EnRouteAt.IsZero() {
			t.Errorf("the visit is %s", got.Status)
		}
		// Told late, it is kept as what else missed its guard, and moves nothing.
		h.Clock.Advance(20 * time.Minute)
		if out := ravi.Send("POST", path("/v1/visits/%s/arrive", visit), object{"occurred_at": morning.Add(-time.Minute)},
			409); out["code"] != "claim_kept" ||
			desk.Visit(visit).Status != "scheduled" {
			t.Errorf("told late: %v", out)
		}
		if actions, some := offered(visit); !some || !harness.Offers(ravi.Send("GET", path("/v1/visits/%s", visit), nil, 200), "en-route") {
			t.Errorf("on its day the crew is offered %v", actions)
		}
		ravi.EnRoute(visit)
		// A visit in the night, as it is there, opens four hours before it, on the evening.
		_, late := h.Household(desk, object{"sites": []object{{"address": "3 Far Road", "postal_code": "411009", "zone": "America/Halifax"}}})
		window := morning.Add(28 * time.Hour) // 10:00 at the centre, 00:30 at the site
		night := h.Visit(desk, late, window, "meena")
		h.Clock.Advance(window.Add(-4*time.Hour - time.Minute).Sub(h.Clock.Now()))
		h.As("meena").Send("POST", path("/v1/visits/%s/en-route", night), nil, 409)
		h.Clock.Advance(time.Minute)
		h.As("meena").EnRoute(night)
	})
}
