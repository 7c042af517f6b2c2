package contact

import (
	"fmt"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestAWrongNumberToldBlindlyStrikesNothing: somebody of another centre says of a household's only number that it is wrong; its own
// desk, on the job, does the same and is believed.
func TestAWrongNumberToldBlindlyStrikesNothing(t *testing.T) {
	const number = "+919812300091"
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("number.verify")
		desk := h.As("kiran")
		customer, job := h.Household(desk, object{"contacts": []object{{"name": "Mrs Rao", "phones": []string{number}}}})
		phones := func() string {
			h.Helper()
			c := desk.Send("GET", path("/v1/customers/%s", customer), nil, 200)
			return fmt.Sprint(c["contacts"].([]any)[0].(object)["phones"])
		}
		for _, login := range []string{"kiran2", "ravi2", "kiran"} {
			h.As(login).Send("POST", "/v1/contacts", object{"phone": number, "direction": "outbound", "outcome": "wrong_number"}, 202)
			h.Settle()
			if got := phones(); got != "["+number+"]" {
				h.Errorf("after %s said so the numbers are %s", login, got)
			}
		}
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "wrong_number"}, 201)
		if got := phones(); got != "[]" {
			h.Errorf("after the desk said so of the job the numbers are %s", got)
		}
	})
}
