// Package firebaseauth proves whose phone number somebody has: by the ID token that
// Firebase gives an app after it has sent a code to that number.
package firebaseauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"google.golang.org/api/option"

	"doorstep/domain"
)

// Config names the Firebase project of the native apps.
type Config struct {
	Project     string `help:"Firebase project whose phone sign-in is taken; without it there is none." env:"DOORSTEP_FIREBASE_PROJECT" placeholder:"ID"`
	Credentials string `help:"File with its service account, which reads whether a token was revoked." env:"DOORSTEP_FIREBASE_CREDENTIALS" type:"existingfile" placeholder:"FILE"`
	Emulator    string `help:"Firebase's Auth emulator instead, for tests, on loopback alone: 127.0.0.1:9099. Its tokens are not signed." env:"DOORSTEP_FIREBASE_EMULATOR" placeholder:"ADDR"`
}

// emulatorHost switches the SDK to tokens that nobody signed, wherever it stands.
const emulatorHost = "FIREBASE_AUTH_EMULATOR_HOST"

// New makes what reads the phone number of an ID token; nil where nothing is configured.
// Errors of it: CodeIDTokenInvalid, …Expired, …Revoked, …Project, CodeAccountDisabled,
// CodeNumberUnknown, CodeUnavailable.
func New(ctx context.Context, c Config) (func(ctx context.Context, idToken string) (phone string, err error), error) {
	if c == (Config{}) {
		return nil, nil
	}
	var opts []option.ClientOption
	switch host, _, err := net.SplitHostPort(c.Emulator); {
	case c.Project == "":
		return nil, errors.New("DOORSTEP_FIREBASE_PROJECT is not set")
	case os.Getenv(emulatorHost) != "":
		return nil, fmt.Errorf("%s is set: with it anybody signs in as anybody; unset it", emulatorHost)
	case c.Emulator == "" && c.Credentials == "":
		return nil, errors.New("DOORSTEP_FIREBASE_CREDENTIALS is not set: whether a token was revoked cannot be asked without")
	case c.Emulator == "":
		opts = append(opts, option.WithAuthCredentialsFile(option.ServiceAccount, c.Credentials))
	case err != nil || !net.ParseIP(host).IsLoopback():
		return nil, errors.New("DOORSTEP_FIREBASE_EMULATOR is an address on loopback: 127.0.0.1:9099")
	default:
		if err := os.Setenv(emulatorHost, c.Emulator); err != nil {
			return nil, err
		}
		defer func() { _ = os.Unsetenv(emulatorHost) }()
	}
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: c.Project}, opts...)
	if err != nil {
		return nil, errors.New("DOORSTEP_FIREBASE_CREDENTIALS cannot be used") // the cause may quote them
	}
	client, err := app.Auth(ctx)
	if err != nil {
		return nil, errors.New("DOORSTEP_FIREBASE_CREDENTIALS cannot be used")
	}
	return func(ctx context.Context, idToken string) (string, error) {
		token, err := client.VerifyIDTokenAndCheckRevoked(ctx, idToken)
		if err != nil {
			return "", refusal(err, idToken, c.Project)
		}
		phone, _ := token.Claims["phone_number"].(string)
		if phone == "" {
			return "", domain.Fail(domain.CodeNumberUnknown, "This Firebase account has no phone number.")
		}
		return phone, nil
	}, nil
}

// refusal says why a token was not taken. Revoked and disabled ones are invalid too, so
// they come first.
func refusal(err error, idToken, project string) error {
	switch {
	case auth.IsIDTokenRevoked(err), auth.IsUserNotFound(err):
		return domain.Fail(domain.CodeIDTokenRevoked, "The Firebase session of this token was ended; sign in with Firebase again.").Because(err)
	case auth.IsUserDisabled(err):
		return domain.Fail(domain.CodeAccountDisabled, "The Firebase account was disabled.").Because(err)
	case auth.IsIDTokenExpired(err):
		return domain.Fail(domain.CodeIDTokenExpired, "The ID token has expired; take a fresh one.").Because(err)
	case auth.IsIDTokenInvalid(err) && projectOf(idToken) != "" && projectOf(idToken) != project:
		return domain.Fail(domain.CodeIDTokenProject, "The ID token is of another Firebase project.").Because(err)
	case auth.IsIDTokenInvalid(err):
		return domain.Fail(domain.CodeIDTokenInvalid, "The ID token is not one of Firebase.").Because(err)
	}
	return domain.Fail(domain.CodeUnavailable, "Firebase does not answer; try again.").Because(err)
}

// projectOf reads for which project a token says that it is, true or not.
func projectOf(idToken string) string {
	var claims struct {
		Audience string `json:"aud"`
	}
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Audience
}
