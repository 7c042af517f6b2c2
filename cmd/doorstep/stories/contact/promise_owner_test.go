package contact

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestPromisesOfWhoLeavesFindAnotherOwner: what somebody promised and cannot keep any
// more is somebody else's, who is told; the due time stays, the timeline says so.
func TestPromisesOfWhoLeavesFindAnotherOwner(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		kiran, asha, root := h.As("kiran"), h.As("asha"), h.As("root")
		_, job := h.Household(kiran, nil)
		p := kiran.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "the price", "due_at": h.Clock.Now().Add(3 * time.Hour).
			Format(time.RFC3339)}, 201)
		managers := h.As("maya").Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "other", "what": "a new machine"}, 201)
		root.Send("PATCH", "/v1/users/"+h.People["kiran"].ID.String(), object{"disabled": true}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("kiran")))
		h.Settle()
		h.Expect("asha", "Please call back")
		got := asha.Send("GET", path("/v1/promises/%s", p), nil, 200)
		if got["owner_id"] != h.People["asha"].ID.String() || got["due_at"] != p["due_at"] || got["status"] != "open" {
			h.Errorf("the promise is %v", got)
		}
		if got := asha.Send("GET", path("/v1/promises/%s", managers), nil, 200)["owner_id"]; got != h.People["maya"].ID.String() {
			h.Errorf("whose owner stays has %v", got)
		}
		if n := harness.Count(h.EntryKinds(job), "promise.handed_over"); n != 1 {
			h.Errorf("handed over %d times", n)
		}
	})
}
