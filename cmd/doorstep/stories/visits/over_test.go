package visits

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestAVisitToWhichNobodyCameIsOursHoweverItIsEnded: from the beginning of its window on, by whichever of ours and whichever way, until
// it is called missed. Before that, and by the household's own word, it counts for nobody.
func TestAVisitToWhichNobodyCameIsOursHoweverItIsEnded(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled")
		h.MayIgnore("link.asked", "visit.unassigned", "visit.late_desk", "visit.moved", "visit.missed_desk",
			"visit.cancelled_by_customer", "visit.late", "visit.needs_someone", "visit.rescheduled", "visit.confirmed", "queue.morning")
		desk := h.As("asha")
		later := func(at time.Time, more object) object {
			out := object{"window_start": at.Add(48 * time.Hour).Format(time.RFC3339), "window_end": at.Add(49 * time.Hour).Format(time.RFC3339)}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		ends := map[string]func(job, visit object, at time.Time){
			"cancelled": func(_, v object, _ time.Time) { desk.CancelVisit(v, bodies.CancelVisit{Reason: "nobody came"}) },
			"its job cancelled": func(j, _ object, _ time.Time) {
				desk.Send("POST", path("/v1/jobs/%s/cancel", j), object{"reason": "as asked"}, 200)
			},
			"moved by the desk": func(_, v object, at time.Time) {
				desk.Send("POST", path("/v1/visits/%s/reschedule", v), later(at, nil), 201)
			},
			"moved by its technician": func(_, v object, at time.Time) {
				h.As("ravi").Send("POST", path("/v1/visits/%s/reschedule", v), later(at, object{"contact": object{"channel": "phone",
					"outcome": "reached"}}), 201)
			},
			"a day that is disrupted": func(_, _ object, at time.Time) {
				desk.Send("POST", "/v1/centres/"+h.Centre.String()+"/disruption", object{"date": at.Format("2006-01-02"), "reason": "flood"}, 201)
			},
			"cancelled by voice": func(j, _ object, _ time.Time) {
				desk.Send("POST", path("/v1/jobs/%s/voice", j), object{"action": "cancel"}, 200)
			},
			"cancelled by a link that staff had read": func(j, _ object, _ time.Time) { h.ReadPage(desk, j).Submit("cancel", 303) },
			"cancelled by the household":              func(j, _ object, _ time.Time) { h.CustomerPage(j).Submit("cancel", 303) },
		}
		for how, end := range ends {
			for after, want := range map[time.Duration]string{-time.Minute: "nobody", 0: "brand", 29 * time.Minute: "brand",
				35 * time.Minute: "brand"} {
				if how == "cancelled by the household" {
					want = "nobody"
				}
				_, job := h.Household(desk, nil)
				if today := h.Clock.Now().Sub(harness.Monday) % (24 * time.Hour); today > 6*time.Hour {
					h.Advance(24*time.Hour - today)
				}
				at := h.Clock.Now().Add(30 * time.Minute).Truncate(time.Minute)
				visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": at.Format(time.RFC3339),
					"window_end": at.Add(30 * time.Minute).Format(time.RFC3339), "planned_minutes": 20, "crew": []any{h.People["ravi"].ID}}, 201)
				h.Advance(at.Add(after).Sub(h.Clock.Now()))
				if how == "cancelled by the household" && after > 0 {
					continue
				}
				end(job, visit, at)
				got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)
				if got["counts_against"] != want {
					h.Errorf("%s %v after its window began: it counts against %v, want %v", how, after, got["counts_against"], want)
				}
				if next, ok := got["successor_id"].(string); ok { // Ravi has time for the next
					desk.CancelVisit(object{"id": next}, bodies.CancelVisit{Reason: "as asked"})
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
		patch(maya, false, 400, "\U0001D400a ａA") // one letter, in several faces and widths
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

// TestAJobIsClosedAtTheHouseholdsWord: right after a completion whoever closes the job needs the household's word that it is so, by its
// link or in a contact that somebody else than the crew wrote down; without it the job closes after 72 h.
func TestAJobIsClosedAtTheHouseholdsWord(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.offered")
		desk := h.As("kiran")
		words := map[string]func(job, visit object){
			"nobody": nil,
			"a contact": func(_, v object) {
				desk.Send("POST", path("/v1/visits/%s/confirm-done", v), object{"contact": object{"channel": "phone", "outcome": "reached"}}, 200)
			},
			"its link": func(j, _ object) { h.CustomerPage(j).Submit("done", 303) },
		}
		for by, say := range words {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
			h.Clock.Advance(20 * time.Minute)
			h.As("ravi").CompleteVisit(visit)
			for _, who := range []string{"kiran", "asha", "maya", "gita"} {
				if out := h.As(who).Send("POST", path("/v1/jobs/%s/close", job), object{"reason": "they say it works"}, 409); out["code"] !=
					"guard_not_met" {
					t.Errorf("%s closes it unsaid: %v", who, out)
				}
			}
			if h.Clock.Advance(time.Minute); say == nil {
				continue
			}
			say(job, visit)
			if got := desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 200); got["status"] != "closed" {
				t.Errorf("said by %s it is %v", by, got["status"])
			}
		}
	})
}

// TestACompletionIsNotEmptiedAfterwards: what was done and what the test showed are corrected with other words, by nobody with none.
func TestACompletionIsNotEmptiedAfterwards(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.offered")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
		h.Clock.Advance(20 * time.Minute)
		patch := func(who string, body object, want int) object {
			h.Helper()
			now := h.As(who).Send("GET", path("/v1/visits/%s", visit), nil, 200)
			return h.As(who).Send("PATCH", path("/v1/visits/%s", visit), body, want, "If-Match", fmt.Sprintf(`"%v"`, now["version"]))
		}
		h.As("ravi").Arrive(visit)
		patch("ravi", object{"work_done": "began"}, 200)
		patch("ravi", object{"work_done": ""}, 200) // nothing counts yet
		h.As("ravi").CompleteVisit(visit)
		for _, who := range []string{"ravi", "kiran", "asha", "maya"} {
			for _, words := range []string{"", " ", ".", "aa", "ａA"} {
				for _, field := range []string{"work_done", "tested"} {
					if out := patch(who, object{field: words}, 409); out["code"] != "guard_not_met" ||
						!strings.Contains(fmt.Sprint(out["errors"]), field) {
						t.Errorf("%s makes %s %q: %v", who, field, words, out)
					}
				}
			}
		}
		if got := patch("ravi", object{"work_done": "a new relay", "tested": "cools to 4"}, 200); got["work_done"] != "a new relay" {
			t.Errorf("corrected: %v", got["work_done"])
		}
	})
}
