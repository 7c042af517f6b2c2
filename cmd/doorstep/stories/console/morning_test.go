package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestEachMorningTellsWhatWaits: a manager without hours is told once each
// local morning how much waits, the overdue first, with neither name nor kind;
// with hours it waits for his duty; with nothing waiting nobody is told.
func TestEachMorningTellsWhatWaits(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.overdue", "flag.passed_on", "flag.triage", "flag.triaged",
			"queue.morning")
		maya, ravi := h.As("maya"), h.As("ravi")
		morning := func(login string) (out []string) {
			h.Settle()
			for _, m := range h.Phones.MessagesFor("phone:" + login) {
				if strings.Contains(m.Title, "wait for you") {
					out = append(out, m.Title)
				}
				if text := fmt.Sprint(m.Title, m.Body, m.Data); strings.Contains(text, "wait for you") &&
					(strings.Contains(text, "threat") || strings.Contains(text, "Ravi") || strings.Contains(text, "flag")) {
					t.Errorf("the digest says too much: %s", text)
				}
			}
			return out
		}
		says := func(login string, want ...string) {
			t.Helper()
			if got := morning(login); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s at %s was told %q, want %q", login, h.Clock.Now(), got, want)
			}
		}
		h.Clock.Set(harness.Kolkata(1, 21, 0))
		late := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000001", "kind": "threat", "level": 2}, 201)["id"]
		h.Settle()
		// Noor works from ten.
		h.As("root").Send("PUT", "/v1/users/"+h.People["noor"].ID.String()+"/roster",
			object{"hours": []object{{"weekday": 2, "from": "10:00", "to": "18:00"}}}, 200)
		h.Clock.Set(harness.Kolkata(2, 7, 30))
		h.Advance(time.Second)
		ravi.CreateFlag(bodies.FlagCreate{Phone: "+919800000002", Kind: "threat", Level: 2})
		h.Settle()
		says("maya")
		h.Advance(29*time.Minute + 58*time.Second)
		says("maya")
		h.Advance(2 * time.Second)
		says("maya", "1 overdue, 2 wait for you")
		h.Advance(90 * time.Minute) // once a morning
		ravi.CreateFlag(bodies.FlagCreate{Phone: "+919800000003", Kind: "threat", Level: 2})
		h.Settle()
		h.Advance(15 * time.Minute)
		says("maya", "1 overdue, 2 wait for you")
		says("noor") // off duty: it waits
		says("maya2")
		for _, id := range append([]any{late}, flagsOpen(maya)...) {
			if maya.Flag(id, 200)["status"] == "reported" {
				maya.MoveFlag(id, "triage", nil, 200)
				maya.MoveFlag(id, "decide", object{"outcome": "unclear", "reasons": "nobody knows"}, 200)
			}
		}
		h.Clock.Set(harness.Kolkata(3, 8, 0)) // nothing waits
		h.Advance(time.Second)
		says("maya", "1 overdue, 2 wait for you")
	})
}

// flagsOpen lists the ids of the reports that wait for a triage.
func flagsOpen(p *harness.Client) (ids []any) {
	for _, f := range items(p.Send("GET", "/v1/flags?status=reported", nil, 200)) {
		ids = append(ids, f["id"])
	}
	return ids
}
