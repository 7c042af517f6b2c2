package notifications_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/notifications"
)

func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

func webhook(t *testing.T, secret string, h http.HandlerFunc) *notifications.Webhook {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	w, err := notifications.NewWebhook(srv.URL+"/hook", secret, srv.Client())
	if err != nil {
		t.Fatal(err)
	}
	w.Now = func() time.Time { return wallClock }
	return w
}

func linkText() notifications.Text {
	return notifications.Text{
		ID: "0193bb5e-7a00-7cc0-8000-000000000001", To: "+919800000001", Channel: "sms", Language: "hi",
		Body: "आपकी विज़िट: https://care.example/c/abc?x=1&y=2", ExpiresAt: wallClock.Add(time.Hour),
	}
}

func TestWebhookIsSigned(t *testing.T) {
	secret := newSecret()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	var header http.Header
	var body []byte
	w := webhook(t, secret, func(rw http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusNoContent)
	})
	if got := w.Send(t.Context(), linkText()); got != (notifications.Result{Outcome: "accepted"}) {
		t.Fatalf("%+v", got)
	}
	if err := verifier.Verify(body, header); err != nil {
		t.Error(err)
	}
	if header.Get("webhook-id") != linkText().ID || header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", header)
	}
	if err := verifier.Verify(append(body, ' '), header); err == nil {
		t.Error("a changed body passes")
	}
	var got any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "message.text", "timestamp": "2026-11-20T09:30:00Z", "data": map[string]any{
		"id": linkText().ID, "to": "+919800000001", "channel": "sms", "language": "hi",
		"body": linkText().Body, "expires_at": "2026-11-20T10:30:00Z"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("body %s", body)
	}
}

func TestWebhookAnswers(t *testing.T) {
	type result = notifications.Result
	var code atomic.Int64
	var after atomic.Value
	after.Store("")
	var requests atomic.Int64
	w := webhook(t, newSecret(), func(rw http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		rw.Header().Set("Location", "/elsewhere")
		if v := after.Load().(string); v != "" {
			rw.Header().Set("Retry-After", v)
		}
		rw.WriteHeader(int(code.Load()))
	})
	inTwoMinutes := time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		code  int
		after string
		want  result
	}{
		{200, "", result{Outcome: "accepted"}},
		{202, "", result{Outcome: "accepted"}},
		{302, "", result{Outcome: "misconfigured", Detail: "redirect", Alert: true}},
		{308, "", result{Outcome: "misconfigured", Detail: "redirect", Alert: true}},
		{400, "", result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		{401, "", result{Outcome: "misconfigured", Detail: "unauthenticated", Alert: true}},
		{403, "", result{Outcome: "misconfigured", Detail: "permission_denied", Alert: true}},
		{404, "", result{Outcome: "misconfigured", Detail: "not_found", Alert: true}},
		{408, "", result{Outcome: "retry", Detail: "timeout"}},
		{410, "", result{Outcome: "rejected", Detail: "gone", Alert: true}},
		{422, "", result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		{429, "", result{Outcome: "retry", Detail: "quota_exceeded", RetryAfter: time.Minute}},
		{429, "120", result{Outcome: "retry", Detail: "quota_exceeded", RetryAfter: 2 * time.Minute}},
		{500, "", result{Outcome: "retry", Detail: "internal"}},
		{503, "7", result{Outcome: "retry", Detail: "unavailable", RetryAfter: 7 * time.Second}},
		{503, "10000000000", result{Outcome: "retry", Detail: "unavailable", RetryAfter: time.Hour}},
		{503, "-7", result{Outcome: "retry", Detail: "unavailable"}},
		{503, "soon", result{Outcome: "retry", Detail: "unavailable"}},
	} {
		code.Store(int64(c.code))
		after.Store(c.after)
		requests.Store(0)
		if got := w.Send(t.Context(), linkText()); got != c.want {
			t.Errorf("%d %q: got %+v", c.code, c.after, got)
		}
		if requests.Load() != 1 {
			t.Errorf("%d: %d requests", c.code, requests.Load())
		}
	}
	code.Store(503)
	after.Store(inTwoMinutes)
	if got := w.Send(t.Context(), linkText()).RetryAfter; got < 110*time.Second || got > 2*time.Minute {
		t.Errorf("date in Retry-After: %v", got)
	}
}

func TestWebhookFailures(t *testing.T) {
	var requests atomic.Int64
	release := make(chan struct{})
	w := webhook(t, newSecret(), func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := w.Send(ctx, linkText()); got != (notifications.Result{Outcome: "retry", Detail: "timeout"}) {
		t.Errorf("slow: %+v", got)
	}

	requests.Store(0)
	for _, c := range []struct {
		change func(*notifications.Text)
		want   notifications.Outcome
	}{
		{func(x *notifications.Text) { x.ExpiresAt = wallClock }, notifications.Expired},
		{func(x *notifications.Text) { x.ID = "" }, notifications.Rejected},
		{func(x *notifications.Text) { x.ID = "a.b" }, notifications.Rejected},
		{func(x *notifications.Text) { x.ID = "a\r\nb" }, notifications.Rejected},
		{func(x *notifications.Text) { x.To = "" }, notifications.Rejected},
		{func(x *notifications.Text) { x.Body = "" }, notifications.Rejected},
	} {
		text := linkText()
		c.change(&text)
		if got := w.Send(t.Context(), text); got.Outcome != c.want {
			t.Errorf("got %+v, want %s", got, c.want)
		}
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests", requests.Load())
	}

	closed := httptest.NewServer(http.NotFoundHandler())
	gone, err := notifications.NewWebhook(closed.URL, newSecret(), nil)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	text := linkText()
	text.ExpiresAt = time.Time{}
	if got := gone.Send(t.Context(), text); got != (notifications.Result{Outcome: "retry", Detail: "connection_refused"}) {
		t.Errorf("closed: %+v", got)
	}

	strange := httptest.NewTLSServer(http.NotFoundHandler())
	defer strange.Close()
	stranger, err := notifications.NewWebhook(strange.URL, newSecret(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := stranger.Send(t.Context(), text); got != (notifications.Result{Outcome: "misconfigured", Detail: "tls", Alert: true}) {
		t.Errorf("unknown certificate: %+v", got)
	}
}

func TestWebhookReadsOnlyALittle(t *testing.T) {
	stopped := make(chan struct{})
	w := webhook(t, newSecret(), func(rw http.ResponseWriter, _ *http.Request) {
		defer close(stopped)
		chunk := make([]byte, 32<<10)
		for {
			if _, err := rw.Write(chunk); err != nil {
				return
			}
		}
	})
	began := time.Now()
	if got := w.Send(t.Context(), linkText()); got.Outcome != notifications.Accepted {
		t.Errorf("%+v", got)
	}
	<-stopped
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("listened for %v", d)
	}
}

func TestNewWebhookRefusesBadSetups(t *testing.T) {
	const address = "https://gateway.example/SECRET-PATH"
	for name, c := range map[string][2]string{
		"plain http":    {"http://gateway.example/SECRET-PATH", newSecret()},
		"other scheme":  {"ftp://gateway.example/SECRET-PATH", newSecret()},
		"relative":      {"/SECRET-PATH", newSecret()},
		"unparsable":    {"https://gateway.example/SECRET-PATH\x7f", newSecret()},
		"password":      {"https://u:SECRET-PATH@gateway.example/", newSecret()},
		"looks local":   {"http://localhost.example/SECRET-PATH", newSecret()},
		"no secret":     {address, ""},
		"not base64":    {address, "whsec_SECRET-PATH!"},
		"short secret":  {address, "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))},
		"empty address": {"", newSecret()},
	} {
		_, err := notifications.NewWebhook(c[0], c[1], nil)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "SECRET-PATH") {
			t.Errorf("%s: says too much: %v", name, err)
		}
	}
	for _, ok := range []string{address, "http://localhost:8080/h", "http://127.0.0.1:8080", "http://[::1]:8080"} {
		if _, err := notifications.NewWebhook(ok, newSecret(), nil); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}
