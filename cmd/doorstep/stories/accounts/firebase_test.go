package accounts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
)

// TestSigningInWithFirebase: the one enabled user with the number that Firebase verified;
// each refusal says which it is.
func TestSigningInWithFirebase(t *testing.T) {
	refusals := []domain.Code{domain.CodeIDTokenExpired, domain.CodeIDTokenRevoked, domain.CodeIDTokenProject, domain.CodeIDTokenInvalid,
		domain.CodeAccountDisabled, domain.CodeNumberUnknown}
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Server.Service.PhoneOfIDToken = func(_ context.Context, token string) (string, error) { // a number, or why it is refused
			if strings.HasPrefix(token, "+") {
				return token, nil
			}
			return "", domain.Fail(domain.Code(token), "no")
		}
		with := func(token string, want int) object {
			h.Helper()
			return h.Anonymous().Send("POST", "/v1/auth/firebase", object{"id_token": token}, want)
		}
		h.SetPhone("ravi", "+919876500001")
		h.SetPhone("meena", "+919876500002")
		in := with("+919876500001", 200)
		ravi := h.SignedIn("ravi", harness.String(in["access_token"]))
		if got := ravi.Send("GET", "/v1/me", nil, 200)["user"].(object); got["id"] != h.People["ravi"].ID.String() {
			t.Errorf("signed in as %v", got["login"])
		}
		refresh(h, harness.String(in["refresh_token"]), 200)
		for _, code := range refusals {
			if got := with(string(code), 401)["code"]; got != string(code) {
				t.Errorf("%s: %v", code, got)
			}
		}
		if got := with("+919876500009", 401)["code"]; got != "number_unknown" {
			t.Errorf("nobody's number: %v", got)
		}
		h.SetPhone("asha", "+919876500001")
		if got := with("+919876500001", 401)["code"]; got != "number_unknown" {
			t.Errorf("a number of two: %v", got)
		}
		h.As("maya").Send("PATCH", "/v1/users/"+h.People["meena"].ID.String(), object{"disabled": true}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("meena")))
		if got := with("+919876500002", 401)["code"]; got != "account_disabled" {
			t.Errorf("whose account was disabled: %v", got)
		}
		late := 0
		for range 150 {
			if _, res := h.Anonymous().Raw("POST", "/v1/auth/firebase", object{"id_token": "id_token_invalid"}); res.StatusCode == 429 {
				late++
			}
		}
		if late == 0 {
			t.Error("150 wrong tokens, and nobody was held up")
		}
		h.Server.Service.PhoneOfIDToken = nil
		if got := with("+919876500001", 404)["code"]; got != "firebase_off" {
			t.Errorf("without a project: %v", got)
		}
	})
}
