package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestOneVoiceKeepsNobodyFromAllHomesTwice: what a desk says that households said takes one of our people off all homes
// once, and again only when it was upheld or is triaged; the area manager reads how often it was lodged. A household's own
// link, and another voice, act at once.
func TestOneVoiceKeepsNobodyFromAllHomesTwice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned", "visits.again")
		h.MayIgnore("flag.triage", "job.nobody_left", "flag.hearing")
		desk, gita, meena, maya := h.As("kiran"), h.As("gita"), h.As("meena"), h.As("maya")
		met := func() object {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena")
			h.WorkUntil("meena", visit, "complete", nil)
			return job
		}
		lodge := func(p *harness.Client, job object) {
			p.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "threatened", "subject_id": meena.ID,
				"note": "the household said so"}, 200)
		}
		open := func() (ids []object) {
			for _, k := range items(maya.Send("GET", "/v1/keep-aways", nil, 200)) {
				if k["lifted_at"] == nil {
					ids = append(ids, k)
				}
			}
			return ids
		}
		jobs := []object{met(), met(), met(), met(), met()}
		lodge(desk, jobs[0])
		if len(open()) != 1 {
			h.Fatalf("the first keeps her from homes: %v", open())
		}
		lodge(desk, jobs[1])
		if len(open()) != 1 {
			h.Fatal("a second before the first is answered keeps her away once more")
		}
		known := fmt.Sprint(harness.Items(maya.Send("GET", "/v1/queue", nil, 200)))
		if !strings.Contains(known, "One voice has lodged 2 reports about them") || !strings.Contains(known, "kept from this home alone") {
			h.Errorf("the manager reads %s", known)
		}
		h.Decide("maya", open()[0]["flag_id"], "not_upheld")
		if len(open()) != 0 {
			h.Fatalf("answered, it stands: %v", open())
		}
		lodge(desk, jobs[2])
		if len(open()) != 0 {
			h.Fatal("a third after one that was not upheld keeps her away unread")
		}
		for _, f := range items(maya.Send("GET", "/v1/flags?status=reported", nil, 200)) {
			if f["job_id"] == jobs[2]["id"] {
				maya.MoveFlag(f["id"], "triage", nil, 200)
			}
		}
		if len(open()) != 1 {
			h.Fatal("triaged, it does not")
		}
		lodge(gita, jobs[3])
		h.CustomerPage(jobs[4]).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		if len(open()) != 3 {
			h.Fatalf("another voice and a household's own: %d", len(open()))
		}
	})
}
