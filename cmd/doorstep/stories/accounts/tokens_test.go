package accounts

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
)

// A push token belongs to whoever signed in on that phone last, whatever its
// installation calls itself: app data cleared, a second app, a restored backup.
func TestAPushTokenBelongsToWhoeverRegisteredItLast(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		holders := func(token string) string {
			t.Helper()
			return strings.Join(h.Column(`SELECT coalesce(u.login, 'a household') FROM devices d LEFT JOIN users u ON u.id = d.user_id
				WHERE d.token = '`+token+`' AND d.dropped_at IS NULL ORDER BY 1`), " ")
		}
		put := func(login, token string) {
			t.Helper()
			h.As(login).Send("PUT", "/v1/devices/"+uuid.NewString(), object{"token": token, "platform": "android"}, 200)
		}
		put("meena", "phone:ravi") // Meena signs in on Ravi's phone
		if got := holders("phone:ravi"); got != "meena" {
			t.Errorf("Ravi's phone rings for %s", got)
		}
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(25*time.Hour), "ravi")
		h.Settle()
		if n := h.Pushes("ravi", "New visit"); n != 0 {
			t.Errorf("the phone that Meena uses now got %d pushes of Ravi's", n)
		}
		put("ravi", "phone:ravi")
		if got := holders("phone:ravi"); got != "ravi" {
			t.Errorf("back again it rings for %s", got)
		}
		// Links of households alike.
		_, other := h.Household(desk, nil)
		h.CustomerPage(job).RegisterDevice("phone:shared")
		h.CustomerPage(other).RegisterDevice("phone:shared")
		if n := h.Column("SELECT count(*) FROM devices WHERE token = 'phone:shared' AND dropped_at IS NULL"); n[0] != "1" {
			t.Errorf("%s households are rung on one phone", n[0])
		}
		put("asha", "phone:shared")
		if got := holders("phone:shared"); got != "asha" {
			t.Errorf("who signed in after a household is not alone: %s", got)
		}
		// Many at once: one of them has it.
		var wg sync.WaitGroup
		logins := []string{"ravi", "meena", "kiran", "asha", "maya", "gita"}
		answered := make([]int, len(logins))
		for i, login := range logins {
			by := h.As(login)
			wg.Go(func() {
				_, res := by.Raw("PUT", "/v1/devices/"+uuid.NewString(), object{"token": "phone:race", "platform": "android"})
				answered[i] = res.StatusCode
			})
		}
		wg.Wait()
		for i, status := range answered {
			if status != http.StatusOK {
				t.Errorf("%s: %d", logins[i], status)
			}
		}
		if got := holders("phone:race"); got == "" || strings.Contains(got, " ") {
			t.Errorf("after the race it rings for %q", got)
		}
	})
}
