package alarm

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestManyAlarmsShareTheirRings: each rings everybody once by itself; after that a phone rings as often as for one alarm and says how
// many there are. When one is answered the next rings at once, and the last one rings on as if it had been alone.
func TestManyAlarmsShareTheirRings(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open")
		const many = 12
		alarms := make([]bodies.SOS, many)
		for i := range many {
			login := fmt.Sprintf("raiser%c", 'a'+i)
			h.AddTechnician(login)
			alarms[i] = h.As(login).RaiseSOS()
			h.Settle()
		}
		if n := h.Alarms("asha"); n != many {
			t.Fatalf("the proprietor was rung %d times by %d alarms", n, many)
		}
		// Later rounds: as often as one alarm would ring.
		rung := h.Alarms("asha")
		for round := range 3 {
			h.Advance(30 * time.Second)
			h.Settle()
			got := h.Alarms("asha") - rung
			rung += got
			if got < 1 || got > 2 {
				t.Errorf("round %d rang the proprietor %d times", round, got)
			}
		}
		found := ""
		for _, m := range h.Phones.MessagesFor("phone:asha") {
			if m.Data["ringing"] != "" {
				found = m.Body + " " + m.Data["ringing"]
			}
		}
		if want := fmt.Sprintf("%d colleagues need you at once. %d", many, many); found != want {
			t.Errorf("a shared ring says %q, want %q", found, want)
		}
		// Everybody, some minutes on: first rings, and a round a minute.
		h.Advance(3 * time.Minute)
		h.Settle()
		for _, login := range []string{"kiran", "meena", "root"} {
			if n := h.Alarms(login); n < many || n > many+4 {
				t.Errorf("%s was rung %d times by %d alarms", login, n, many)
			}
		}
		// All but the last are answered, each answer lets one ring at once.
		before := h.Alarms("asha")
		h.As("maya").AcknowledgeSOS(alarms[0])
		h.Advance(time.Second)
		h.Settle()
		if h.Alarms("asha") == before {
			t.Error("nobody rings after the answer to one of them")
		}
		for _, x := range alarms[1 : many-1] {
			h.As("maya").AcknowledgeSOS(x)
		}
		h.Advance(time.Second)
		h.Settle()
		for range 3 {
			before = h.Alarms("asha")
			h.Advance(time.Minute)
			h.Settle()
			if n := h.Alarms("asha") - before; n != 1 {
				t.Errorf("the last one rang %d times in a minute", n)
			}
		}
		last := h.Phones.MessagesFor("phone:asha")
		if m := last[len(last)-1]; m.Data["ringing"] != "" || m.Data["sos_id"] != alarms[many-1].ID {
			t.Errorf("the last ring is %v", m.Data)
		}
	})
}
