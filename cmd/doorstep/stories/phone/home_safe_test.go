package phone

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestThePictureSaysWhetherTheyAreAsked: a phone knows whether its owner is asked if they came home, and how that stands.
func TestThePictureSaysWhetherTheyAreAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		ravi, cursor := h.As("ravi"), ""
		is := func(want any) {
			t.Helper()
			visible(h)
			a := ravi.Send("GET", "/v1/sync?limit=200"+cursor, nil, 200)
			cursor = "&cursor=" + a["cursor"].(string)
			me, _ := a["me"].(object)
			var state any = "as it was"
			if me != nil {
				own, _ := me["home_safe"].(object)
				if state = own["status"]; own != nil && own["by"] == nil {
					t.Errorf("it says nothing of when: %v", own)
				}
			}
			if state != want {
				t.Errorf("the picture says %v, want %v", state, want)
			}
		}
		is(nil)
		ravi.Send("PUT", "/v1/me/home-safe", object{"by": harness.Monday.Add(time.Hour).Format(time.RFC3339)}, 200)
		is("asked")
		is("as it was")
		h.Advance(time.Hour + time.Second)
		h.Expect("ravi", "Are you home?")
		is("pinged")
		ravi.Send("POST", "/v1/me/home-safe/done", nil, 200)
		is("ended")
	})
}
