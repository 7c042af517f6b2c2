package planning

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/cmd/doorstep/roads"
	"doorstep/cmd/doorstep/roads/osrmtest"
	"doorstep/cmd/doorstep/stories/harness"
)

// takeRoads lets the server ask a road engine whose ways all take 50 minutes:
// how often it was asked, and whether it is ill.
func takeRoads(h *harness.Harness, speed float64) (asked *atomic.Int32, ill *atomic.Bool) {
	h.Helper()
	asked, ill = &atomic.Int32{}, &atomic.Bool{}
	r, err := roads.New(roads.Config{Speed: speed, OSRM: osrmtest.New(h.T, 3000, 3000, asked, ill).URL, Profile: "driving"},
		slog.New(slog.DiscardHandler))
	h.Must(err)
	h.Server.Service.Roads = r
	return asked, ill
}

// TestTheRoadIsLongerThanItLooks: what the engine said counts for who searches
// and for who books.
func TestTheRoadIsLongerThanItLooks(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		asked, _ := takeRoads(h, 25)
		desk, ravi := h.As("kiran"), h.People["ravi"].ID.String()
		_, first := h.Household(desk, nil)
		_, second := h.Household(desk, object{"sites": []object{{"address": "2 Lane", "postal_code": "411001", "zone": "Asia/Kolkata",
			"lat": 18.521,
			"lon": 73.857}}})
		at := time.Date(2027, 3, 3, 10, 0, 0, 0, harness.Zone("Asia/Kolkata"))
		h.Visit(desk, first, at, "ravi") // until 11:00
		for _, w := range items(desk.Slots(second, "explain", "true", "from", at.Format(time.RFC3339), "to", at.Add(4*time.Hour).
			Format(time.RFC3339))) {
			for _, o := range harness.List(w, "offers") {
				if start := harness.Instant(t, o["planned_start"]); o["crew"].([]any)[0] == ravi && start.Before(at.Add(110*time.Minute)) {
					t.Errorf("offered at %v, before he can be there", start)
				}
			}
		}
		if asked.Load() == 0 {
			t.Fatal("the engine was not asked")
		}
		b := object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339),
			"planned_start": at.Add(75 * time.Minute).Format(time.RFC3339), "crew": []string{ravi}}
		no := desk.Send("POST", path("/v1/jobs/%s/visits", second), b, 409)
		if no["code"] != "too_far" || no["reason"] != "travel" ||
			no["detail"] != "Ravi needs 50 min on the way from a visit that ends at 11:00." || len(harness.List(no, "slots")) == 0 {
			t.Errorf("%v", no)
		}
		b["planned_start"] = at.Add(80 * time.Minute).Format(time.RFC3339)
		desk.Send("POST", path("/v1/jobs/%s/visits", second), b, 201)
		if fmt.Sprint(items(desk.Slots(second))) == "[]" {
			t.Error("nothing is offered")
		}
	})
}
