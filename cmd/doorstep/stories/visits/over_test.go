package visits

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestAVisitToWhichNobodyCameIsOursHoweverItIsEnded, in the quarter of an hour before it is called missed.
func TestAVisitToWhichNobodyCameIsOursHoweverItIsEnded(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled")
		h.MayIgnore("visit.unassigned", "visit.late_desk", "visit.moved", "visit.missed_desk")
		desk := h.As("asha")
		end := func(visit any, how int, at time.Time) {
			switch how {
			case 0:
				desk.CancelVisit(visit, bodies.CancelVisit{Reason: "nobody came"})
			case 1:
				desk.Send("POST", path("/v1/visits/%s/reschedule", visit), object{"window_start": at.Add(48 * time.Hour).Format(time.RFC3339),
					"window_end": at.Add(49 * time.Hour).Format(time.RFC3339)}, 201)
			}
		}
		for how := range 2 {
			for _, over := range []bool{true, false} {
				_, job := h.Household(desk, nil)
				at := h.Clock.Now().Add(30 * time.Minute).Truncate(time.Minute)
				visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": at.Format(time.RFC3339),
					"window_end": at.Add(30 * time.Minute).Format(time.RFC3339), "planned_minutes": 20, "crew": []any{h.People["ravi"].ID}}, 201)
				want := "nobody"
				if over {
					want = "brand"
					h.Advance(65 * time.Minute)
				}
				end(visit, how, at)
				if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); got["counts_against"] != want {
					h.Errorf("%v, over %v: it counts against %v, want %v", got["status"], over, got["counts_against"], want)
				}
			}
		}
	})
}

// TestWhatIsDoneSaysSo: who cancels or moves what is over reads in words where it stands; lowering safety-critical is the area
// manager's, and what a desk takes back for a caller is a wish.
func TestWhatIsDoneSaysSo(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Advance(time.Hour)
		ravi.CompleteVisit(visit)
		at := object{"window_start": harness.Monday.Add(26 * time.Hour), "window_end": harness.Monday.Add(28 * time.Hour)}
		for action, body := range map[string]object{"cancel": {"reason": "as asked"}, "reschedule": at} {
			if out := desk.Send("POST", path("/v1/visits/%s/", visit)+action, body, 409); !strings.HasPrefix(out["detail"].(string),
				"This visit is done, so you cannot "+action) {
				h.Errorf("%s: %v", action, out["detail"])
			}
		}
		patch := func(p *harness.Client, critical bool, want int, reason ...string) object {
			now := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
			b := object{"safety_critical": critical}
			for _, r := range reason {
				b["reason"] = r
			}
			return p.Send("PATCH", path("/v1/jobs/%s", job), b, want, "If-Match", fmt.Sprintf("\"%v\"", now["version"]))
		}
		patch(desk, true, 200)
		patch(desk, false, 403)
		patch(h.As("gita"), false, 403)
		if out := patch(maya, false, 422); !strings.Contains(fmt.Sprint(out), "/reason") {
			h.Errorf("lowered without a reason: %v", out)
		}
		patch(maya, false, 400, " .")
		patch(maya, false, 200, "the valve was shut and sealed")
		if text := fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)); !strings.Contains(text,
			"the valve was shut and sealed") {
			h.Errorf("the timeline does not say why: %s", text)
		}
		out := desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "withdraw-report"}, 200)
		if out["done"] != "wish_noted" {
			h.Errorf("taken back by voice: %v", out["done"])
		}
		if tell := fmt.Sprint(out["tell_caller"]); !strings.Contains(tell, "by the link") || !strings.Contains(tell, "nothing is taken back") {
			h.Errorf("the caller is told %q", tell)
		}
		if out := desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "call-me"}, 200); out["tell_caller"] != "" {
			h.Errorf("of a call back the caller is told %q", out["tell_caller"])
		}
	})
}
