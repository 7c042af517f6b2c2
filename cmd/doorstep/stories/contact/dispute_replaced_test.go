package contact

import (
	"fmt"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAReadLinksDisputeUsesUpNothing: whoever decides sees that staff had read the link, and who; what came so, or by voice, is
// replaced by the household's own word, open or decided, and its own stands.
func TestAReadLinksDisputeUsesUpNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "dispute.desk", "dispute.decided")
		h.MayIgnore("visit.reopened", "job.reopened")
		desk, maya, ravi := h.As("kiran"), h.As("maya"), h.As("ravi")
		for _, way := range []string{"read link", "voice"} {
			for _, decided := range []bool{false, true} {
				visit, job, his := workedOnBy(h, "ravi")
				disputes := func() []object {
					return items(maya.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200))
				}
				id := visit["id"].(string)
				h.ReadPage(desk, job) // the desk reads it after them
				if way == "voice" {
					desk.Send("POST", path("/v1/visits/%s/dispute", visit), object{"claim": "not_done"}, 201)
				} else {
					his.Submit("dispute", 303, "visit_id", id, "claim", "other", "reason", "it is fine")
				}
				first := disputes()[0]
				if read := way == "read link"; first["link_read"] != read || read && first["link_read_by"] != ravi.ID.String() {
					t.Errorf("by %s whoever decides reads %v, %v", way, first["link_read"], first["link_read_by"])
				}
				readers := fmt.Sprint(first["link_readers"])
				if want := fmt.Sprint([]any{ravi.ID.String(), desk.ID.String()}); way == "read link" && readers != want ||
					way == "voice" && readers != "[]" {
					t.Errorf("by %s whoever decides reads of %s", way, readers)
				}
				known := fmt.Sprint(maya.Send("GET", "/v1/queue", nil, 200))
				if strings.Contains(known, "a link that our staff had read (Ravi Surname, Kiran Surname)") != (way == "read link") {
					t.Errorf("by %s the queue knows %s", way, known)
				}
				his.Submit("dispute", 409, "visit_id", id, "claim", "not_done") // by such a link nothing is replaced
				if decided {
					maya.Send("POST", path("/v1/disputes/%s/decide", first), object{"decision": "uphold", "reasons": "he showed it"}, 200)
					said := his.Submit("dispute", 409, "visit_id", id, "claim", "not_done")
					if strings.Contains(said, "Another object") {
						t.Errorf("a household reads\n%s", said)
					}
				}
				own := h.CustomerPage(job)
				own.Submit("dispute", 303, "visit_id", id, "claim", "not_done", "reason", "it leaks")
				status := map[any]any{}
				for _, d := range disputes() {
					status[d["claim"]] = d["status"]
					if d["id"] != first["id"] && (d["status"] != "open" || d["link_read"] != false || d["reason"] != "it leaks") {
						t.Errorf("the household's own is %v", d)
					} else if d["id"] == first["id"] && (d["status"] != "withdrawn" || decided && d["decided_by"] != maya.ID.String()) {
						t.Errorf("%s, decided %v: the older is %v", way, decided, d)
					}
				}
				if len(disputes()) != 2 {
					t.Fatalf("%v", status)
				}
				replaced := 0
				for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
					if e["kind"] == "dispute.replaced" && e["payload"].(object)["dispute_id"] == first["id"] {
						replaced++
					}
				}
				if v := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); v["disputed"] != true || replaced != 1 {
					t.Errorf("the visit is disputed: %v, on the timeline %d times", v["disputed"], replaced)
				}
				own.Submit("dispute", 409, "visit_id", id, "claim", "not_done") // its own is once
			}
		}
	})
}
