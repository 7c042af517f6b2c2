package contract

import (
	"fmt"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAReportByNumberTellsNothing: whoever reports a caller by the number alone is answered alike, and reads the same
// of their report afterwards, whether a household has that number or not.
func TestAReportByNumberTellsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage")
		h.MayIgnore("hold.area", "flag.live", "aftercare.offer", "flag.next_person", "queue.morning", "call.manager")
		const known, unknown = "+919812300001", "+919812300002"
		h.Household(h.As("kiran"), object{"contacts": []object{{"name": "Known", "phones": []string{known}}}})
		for _, login := range []string{"ravi2", "kiran2", "asha2", "maya2", "gita", "ravi"} {
			by := h.As(login)
			for level := range 5 {
				read := func(phone string) string {
					body := object{"phone": phone, "kind": "threat", "level": level, "note": "x"}
					out := alike(by, "POST", "/v1/flags", body)
					body["note"] = "y"
					id := by.Send("POST", "/v1/flags", body, 201)["id"]
					return out + alike(by, "GET", fmt.Sprintf("/v1/flags/%v", id), nil)
				}
				a, b := read(known), read(unknown)
				b = strings.ReplaceAll(b, unknown, known)
				if a != b {
					t.Errorf("%s at level %d reads of a known number\n%s\nof an unknown one\n%s", login, level, a, b)
				}
			}
		}
	})
}
