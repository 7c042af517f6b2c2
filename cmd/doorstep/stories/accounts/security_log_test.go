package accounts

import (
	"slices"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestTheSecurityLog: a refresh token that is used again, a reset that is asked for
// and used, a file with data of people; an admin reads of each, nobody else of any,
// and no line says more than ids.
func TestTheSecurityLog(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.password_set")
		admin := h.As("root")
		kinds := func(query string) (out []string) {
			for _, e := range admin.Send("GET", "/v1/security-log"+query, nil, 200)["items"].([]any) {
				out = append(out, e.(object)["kind"].(string))
			}
			return out
		}
		_, job := h.Household(h.As("kiran"), nil)
		h.As("ravi")
		h.Invite(h.As("asha"), "ravi", object{"reset": true}, 201)
		h.Expect("ravi", "A new password was asked for")
		redeem(h, h.Expect("ravi", "A code to set your password").Data["code"], "correct horse battery 2", 204)
		h.As("maya").Raw("GET", harness.Path("/v1/jobs/%s/evidence-pack", job), nil)
		h.As("asha").Raw("GET", "/v1/reports/safety?format=csv", nil)
		first := harness.String(signIn(h, "meena", harness.Password, 200)["refresh_token"])
		nobody := h.Anonymous()
		next := nobody.Send("POST", "/v1/auth/refresh", object{"refresh_token": first}, 200)
		last := nobody.Send("POST", "/v1/auth/refresh", object{"refresh_token": next["refresh_token"]}, 200)
		nobody.Send("POST", "/v1/auth/refresh", object{"refresh_token": first}, 401)
		nobody.Send("POST", "/v1/auth/refresh", object{"refresh_token": last["refresh_token"]}, 401)
		want := []string{"token_reused", "export", "export", "reset_used", "reset_asked"}
		if got := kinds(""); !slices.Equal(got, want) {
			h.Errorf("the log: %v, want %v", got, want)
		}
		if got := kinds("?user_id=" + h.People["ravi"].ID.String()); !slices.Equal(got, want[3:]) {
			h.Errorf("about Ravi: %v", got)
		}
		if got := kinds("?kind=token_reused"); !slices.Equal(got, want[:1]) {
			h.Errorf("of one kind: %v", got)
		}
		if got := admin.Send("GET", "/v1/security-log?limit=1&kind=export", nil, 200); got["next_cursor"] == nil ||
			got["items"].([]any)[0].(object)["actor_id"] != h.People["asha"].ID.String() {
			h.Errorf("the latest export: %v", got)
		}
		for _, login := range []string{"asha", "maya", "kiran", "gita"} {
			h.As(login).Send("GET", "/v1/security-log", nil, 403)
		}
	})
}
