package accounts

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestCommonPasswordsAreRefused: length alone makes no password, and neither does
// somebody's own name.
func TestCommonPasswordsAreRefused(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		meena := h.As("meena")
		change := func(password string, want int) object {
			return meena.Send("POST", "/v1/auth/password", object{"old_password": harness.Password, "password": password}, want)
		}
		for _, p := range []string{"password123", "Password1234", "P@ssw0rd1234", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "iloveyou2000",
			"technician1", "Meena123456", "surname1234"} {
			out := change(p, 422)
			if fields, _ := out["errors"].([]any); len(fields) != 1 || fields[0].(object)["pointer"] != "/password" {
				h.Errorf("%q: %v", p, out)
			}
		}
		change("correct horse battery 1", 204)
	})
}
