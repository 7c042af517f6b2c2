//go:build firebase_emulator

package firebaseauth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"doorstep/domain"
)

// TestAgainstTheEmulator signs in by phone as an app does, at Firebase's Auth emulator in
// DOORSTEP_FIREBASE_EMULATOR. .ci/firebase starts it.
func TestAgainstTheEmulator(t *testing.T) {
	address := os.Getenv("DOORSTEP_FIREBASE_EMULATOR")
	post := func(method, path string, body, out any) {
		t.Helper()
		var raw []byte
		if body != nil {
			var err error
			raw, err = json.Marshal(body)
			must(t, err)
		}
		req, err := http.NewRequest(method, "http://"+address+path, bytes.NewReader(raw))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer owner")
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, res.StatusCode)
		}
		must(t, json.NewDecoder(res.Body).Decode(out))
	}
	const number = "+919876543210"
	signIn := func(in string) (token, account string) {
		t.Helper()
		var session struct{ SessionInfo string }
		post("POST", "/identitytoolkit.googleapis.com/v1/accounts:sendVerificationCode?key=x", map[string]any{"phoneNumber": number}, &session)
		var codes struct {
			VerificationCodes []struct{ Code, SessionInfo string }
		}
		post("GET", "/emulator/v1/projects/"+in+"/verificationCodes", nil, &codes)
		code := codes.VerificationCodes[len(codes.VerificationCodes)-1].Code
		var out struct{ IDToken, LocalID string }
		post("POST", "/identitytoolkit.googleapis.com/v1/accounts:signInWithPhoneNumber?key=x",
			map[string]any{"sessionInfo": session.SessionInfo, "code": code}, &out)
		return out.IDToken, out.LocalID
	}
	ours := os.Getenv("GCLOUD_PROJECT") // the emulator's
	phoneOf, err := New(context.Background(), Config{Project: ours, Emulator: address})
	must(t, err)
	token, account := signIn(ours)
	if phone, err := phoneOf(t.Context(), token); err != nil || phone != number {
		t.Fatalf("%q, %v", phone, err)
	}
	other, err := New(context.Background(), Config{Project: "another", Emulator: address})
	must(t, err)
	change := func(body map[string]any) {
		t.Helper()
		body["localId"] = account
		post("POST", "/identitytoolkit.googleapis.com/v1/projects/"+ours+"/accounts:update", body, &map[string]any{})
	}
	refused := func(what string, by func(context.Context, string) (string, error), want domain.Code) {
		t.Helper()
		if phone, err := by(t.Context(), token); !domain.IsCode(err, want) || phone != "" {
			t.Errorf("%s: %q, %v, want %s", what, phone, err, want)
		}
	}
	refused("another project", other, domain.CodeIDTokenProject)
	change(map[string]any{"disableUser": true})
	refused("disabled", phoneOf, domain.CodeAccountDisabled)
	change(map[string]any{"disableUser": false, "validSince": fmt.Sprint(time.Now().Add(time.Minute).Unix())})
	refused("revoked", phoneOf, domain.CodeIDTokenRevoked)
}
