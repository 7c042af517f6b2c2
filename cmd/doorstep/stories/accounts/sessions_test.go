package accounts

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// refresh trades a refresh token, and gives what comes for it.
func refresh(h *harness.Harness, token string, want int) string {
	h.Helper()
	return harness.String(h.Anonymous().Send("POST", "/v1/auth/refresh", object{"refresh_token": token}, want)["refresh_token"])
}

// wall moves the clock of sessions, which is not that of the rules.
func wall(h *harness.Harness, after time.Duration) {
	h.Server.Service.Wall = func() time.Time { return time.Now().Add(after) }
}

// TestALostAnswerToRefreshSignsNobodyOut, however late the phone asks again; who uses
// what was traded already ends them all.
func TestALostAnswerToRefreshSignsNobodyOut(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		first := harness.String(signIn(h, "ravi", harness.Password, 200)["refresh_token"])
		lost := refresh(h, first, 200)
		if again := refresh(h, first, 200); again != lost {
			h.Errorf("asked twice at once it got two successors")
		}
		wall(h, 3*time.Hour)
		second := refresh(h, first, 200)
		if second == lost {
			h.Errorf("what was lost on the way is still good")
		}
		refresh(h, second, 200)
		wall(h, 4*time.Hour)
		third := refresh(h, second, 200) // lost again
		fourth := refresh(h, third, 200)
		refresh(h, second, 401) // its successor was used
		refresh(h, fourth, 401)

		// Who caught the answer that the phone lost is found out.
		wall(h, 0)
		first = harness.String(signIn(h, "meena", harness.Password, 200)["refresh_token"])
		caught := refresh(h, first, 200)
		wall(h, time.Hour)
		mine := refresh(h, first, 200)
		refresh(h, caught, 401)
		refresh(h, mine, 401)
	})
}
