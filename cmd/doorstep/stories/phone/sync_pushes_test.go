package phone

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/google/uuid"
)

// TestAPhoneIsToldWhatNoPushTells: what changes a technician's picture and rings nobody reaches their phone by a push that
// shows nothing, once a minute at most, by day, and never beside one that rings.
func TestAPhoneIsToldWhatNoPushTells(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.offered")
		desk := h.As("kiran")
		told := func(what string, every time.Duration, want ...string) {
			t.Helper()
			visible(h)
			if got := h.ToldToSync(every); !slices.Equal(got, want) {
				t.Errorf("%s: told %v, want %v", what, got, want)
			}
		}
		_, job := h.Household(desk, nil)
		at := harness.Monday.Add(26 * time.Hour) // Tuesday, 11:00
		h.Visit(desk, job, at, "ravi")
		h.Settle()
		told("a visit that rang", 0)
		note := func(words string) {
			t.Helper()
			job = desk.Send("PATCH", path("/v1/jobs/%s", job), object{"note": words}, 200, "If-Match", fmt.Sprintf(`"%v"`, job["version"]))
		}
		job = desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
		note("the bell is broken")
		told("a note", 0, "ravi")
		told("nothing", 0)

		h.Clock.Advance(time.Minute)
		note("ring twice")
		told("a note a minute later", time.Minute, "ravi")
		note("or knock")
		h.Clock.Advance(30 * time.Second)
		note("loudly")
		told("within a minute", time.Minute)
		h.Clock.Advance(30 * time.Second)
		told("two notes", time.Minute, "ravi")

		note("ask for Meera")
		_, other := h.Household(desk, nil)
		h.Visit(desk, other, at.Add(3*time.Hour), "ravi")
		h.Settle()
		told("a note, and then a push that rang", 0)

		h.Advance(13 * time.Hour) // Monday, 22:00
		note("the lift is out of order")
		told("at night", 0)
		h.Clock.Advance(6 * time.Hour) // Tuesday, 04:00
		told("still at night", 0)
		h.Advance(6 * time.Hour) // 10:00
		told("in the morning", 0, "ravi")
		told("once", 0)
	})
}

// TestAPhoneIsToldBeforeAnEarlyVisit: off duty waits for the duty, but not what is about a visit within the next hours.
func TestAPhoneIsToldBeforeAnEarlyVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi") // Tuesday, 09:00
		ravi.Send("PUT", "/v1/devices/"+uuid.NewString(), object{"token": "phone:desk-of-many", "platform": "web"}, 200)
		h.Settle()
		h.ToldToSync(0)
		h.Advance(20*time.Hour + 30*time.Minute) // 05:30
		job = desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
		desk.Send("PATCH", path("/v1/jobs/%s", job), object{"note": "the bell is broken"}, 200, "If-Match", fmt.Sprintf(`"%v"`, job["version"]))
		visible(h)
		if got := h.ToldToSync(0); !slices.Equal(got, []string{"ravi"}) {
			t.Errorf("told %v of a visit in three and a half hours", got)
		}
		h.Advance(3 * time.Hour)
		visible(h)
		if got := h.ToldToSync(0); len(got) != 0 {
			t.Errorf("told %v again when the duty begins", got)
		}
	})
}
