package notifications_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
)

var update = flag.Bool("update", false, "write the golden files")

var wallClock = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func fakeFCM(t *testing.T, o fcmtest.Options) *fcmtest.Server {
	t.Helper()
	s := fcmtest.New(o)
	t.Cleanup(s.Close)
	return s
}

func sender(t *testing.T, c notifications.FCMConfig) notifications.Sender {
	t.Helper()
	c.ProjectID = "doorstep-test"
	c.Now = func() time.Time { return wallClock }
	s, err := notifications.NewFCM(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func visitPush() notifications.Message {
	return notifications.Message{
		Token: "device-token-1", Title: "New visit", Body: "Tomorrow 10:00 to 12:00",
		Data: map[string]string{"type": "visit.scheduled", "visit_id": "v1"}, TTL: 2 * time.Hour,
	}
}

func TestEveryAnswerOfFCM(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	type result = notifications.Result
	teapot := fcmtest.Answer{HTTPStatus: 418, Status: "TEAPOT"}
	tokenField := fcmtest.InvalidToken()
	tokenField.Fields = []fcmtest.Field{{Field: "message.token", Description: "Invalid registration token"}}
	mixed := fcmtest.BadPayload()
	mixed.Fields = append(mixed.Fields, fcmtest.Field{Field: "message.token"})
	plain400 := fcmtest.Answer{HTTPStatus: 400, Status: "INVALID_ARGUMENT", Message: "bad"}
	forbidden := fcmtest.Answer{HTTPStatus: 403, Status: "PERMISSION_DENIED", Message: "API not enabled"}
	for _, c := range []struct {
		name   string
		answer fcmtest.Answer
		want   result
	}{
		{"accepted", fcmtest.Accept(), result{Outcome: "accepted", MessageID: "projects/doorstep-test/messages/1"}},
		{"app gone", fcmtest.Unregistered(), result{Outcome: "dropped", Detail: "unregistered", DropToken: true}},
		{"404 without detail", fcmtest.NotFoundPlain(), result{Outcome: "rejected", Detail: "not_found", Alert: true}},
		{"never a token", fcmtest.InvalidToken(), result{Outcome: "dropped", Detail: "invalid_token", DropToken: true}},
		{"never a token, field named", tokenField, result{Outcome: "dropped", Detail: "invalid_token", DropToken: true}},
		{"our payload", fcmtest.BadPayload(), result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		{"payload and token named", mixed, result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		{"400 without detail", plain400, result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		{"other project's token", fcmtest.SenderIDMismatch(), result{Outcome: "dropped", Detail: "sender_id_mismatch", DropToken: true}},
		{"other 403", forbidden, result{Outcome: "misconfigured", Detail: "permission_denied", Alert: true}},
		{"APNs key", fcmtest.ThirdPartyAuth(), result{Outcome: "misconfigured", Detail: "third_party_auth", Alert: true}},
		{"our OAuth token", fcmtest.Unauthenticated(), result{Outcome: "misconfigured", Detail: "unauthenticated", Alert: true}},
		{"quota", fcmtest.Quota(0), result{Outcome: "retry", Detail: "quota_exceeded", RetryAfter: time.Minute}},
		{"quota, short wish", fcmtest.Quota(5 * time.Second), result{Outcome: "retry", Detail: "quota_exceeded", RetryAfter: time.Minute}},
		{"quota, long wish", fcmtest.Quota(10 * time.Minute), result{Outcome: "retry", Detail: "quota_exceeded", RetryAfter: 10 * time.Minute}},
		{"overloaded", fcmtest.Unavailable(30 * time.Second), result{Outcome: "retry", Detail: "unavailable", RetryAfter: 30 * time.Second}},
		{"overloaded, no wish", fcmtest.Unavailable(0), result{Outcome: "retry", Detail: "unavailable"}},
		{"wish beyond reason", fcmtest.Unavailable(300 * time.Hour), result{Outcome: "retry", Detail: "unavailable", RetryAfter: time.Hour}},
		{"error at Google", fcmtest.Internal(), result{Outcome: "retry", Detail: "internal"}},
		{"reset", fcmtest.Disconnect(), result{Outcome: "retry", Detail: "connection_reset"}},
		{"teapot", teapot, result{Outcome: "rejected", Detail: "unexpected_status", Alert: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := fcm.Requests()
			fcm.Script("device-token-1", c.answer)
			began := time.Now()
			if got := s.Send(t.Context(), visitPush()); got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
			if n := fcm.Requests() - before; n != 1 {
				t.Errorf("%d requests: only the queue may repeat", n)
			}
			if d := time.Since(began); d > time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestAnswersThatAreNotFCM(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   notifications.Result
	}{
		"captive portal":   {200, "<html>sign in</html>", notifications.Result{Outcome: "retry", Detail: "bad_response", Alert: true}},
		"no name":          {200, "{}", notifications.Result{Outcome: "retry", Detail: "bad_response", Alert: true}},
		"redirect":         {302, "", notifications.Result{Outcome: "retry", Detail: "bad_response", Alert: true}},
		"HTML bad gateway": {502, "<html>", notifications.Result{Outcome: "retry", Detail: "internal"}},
		"HTML 503":         {503, "<html>", notifications.Result{Outcome: "retry", Detail: "unavailable"}},
		"HTML 400":         {400, "<html>", notifications.Result{Outcome: "rejected", Detail: "bad_request", Alert: true}},
		"HTML 404":         {404, "<html>", notifications.Result{Outcome: "rejected", Detail: "not_found", Alert: true}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Doorstep-Cause", "credentials") // nobody outside may say this
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer srv.Close()
			if got := sender(t, notifications.FCMConfig{Endpoint: srv.URL + "/v1"}).Send(t.Context(), visitPush()); got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestNoWayToFCM(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	fcm.SetDown(true)
	if got := s.Send(t.Context(), visitPush()); got != (notifications.Result{Outcome: "retry", Detail: "connection_reset"}) ||
		fcm.Requests() != 1 {
		t.Errorf("down: %+v after %d requests", got, fcm.Requests())
	}
	fcm.SetDown(false)
	if got := s.Send(t.Context(), visitPush()); got.Outcome != notifications.Accepted {
		t.Errorf("up again: %+v", got)
	}
	fcm.Close()
	s = sender(t, notifications.FCMConfig{Endpoint: fcm.URL()}) // without an open connection
	began := time.Now()
	if got := s.Send(t.Context(), visitPush()); got != (notifications.Result{Outcome: "retry", Detail: "connection_refused"}) {
		t.Errorf("closed: %+v", got)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("a refused connection took %v", d)
	}
}

func TestSlowFCM(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	fcm.ScriptAll(fcmtest.Slow(time.Minute).Always())
	check := func(name string, got notifications.Result, detail string, began time.Time) {
		t.Helper()
		if got != (notifications.Result{Outcome: "retry", Detail: detail}) || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %+v after %v", name, got, time.Since(began))
		}
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	check("deadline", sender(t, notifications.FCMConfig{Endpoint: fcm.URL()}).Send(ctx, visitPush()), "timeout", began)

	began = time.Now()
	check("own limit", sender(t, notifications.FCMConfig{Endpoint: fcm.URL(), Timeout: 50 * time.Millisecond}).Send(t.Context(), visitPush()),
		"timeout", began)

	ctx, cancel = context.WithCancel(t.Context())
	fcm.Reset()
	fcm.ScriptAll(fcmtest.Slow(time.Minute))
	go func() {
		for fcm.Requests() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	began = time.Now()
	check("cancelled", sender(t, notifications.FCMConfig{Endpoint: fcm.URL()}).Send(ctx, visitPush()), "cancelled", began)
}

func TestNothingIsSentInVain(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	late, nobody, huge := visitPush(), visitPush(), visitPush()
	late.TTL = 0
	nobody.Token = ""
	huge.Data = map[string]string{"x": strings.Repeat("x", 5000)}
	for _, c := range []struct {
		m    notifications.Message
		want notifications.Result
	}{
		{late, notifications.Result{Outcome: "expired", Detail: "expired"}},
		{nobody, notifications.Result{Outcome: "rejected", Detail: "invalid_message", Alert: true}},
		{huge, notifications.Result{Outcome: "rejected", Detail: "payload_too_large", Alert: true}},
	} {
		if got := s.Send(t.Context(), c.m); got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
	if fcm.Requests() != 0 {
		t.Errorf("%d requests", fcm.Requests())
	}
}

// The fake judges size by its own count, so that both must be wrong for this
// to pass wrongly.
func TestLongTextIsCutOnARune(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	for name, unit := range map[string]string{
		"ascii":    "x",
		"hindi":    "आपकी मरम्मत कल सुबह होगी। ",
		"emoji":    "👩🏽‍🔧",
		"quotes":   `"\`,
		"newlines": "\n\t",
		"angle":    "<&>",
		"broken":   "a\xff\xf0",
	} {
		t.Run(name, func(t *testing.T) {
			// Every offset against the rune's width, around the limit.
			for pad := range 8 {
				fcm.Reset()
				m := visitPush()
				m.Title = strings.Repeat("t", pad)
				m.Body = strings.Repeat(unit, 6000/len(unit))
				if got := s.Send(t.Context(), m); got.Outcome != notifications.Accepted {
					t.Fatalf("pad %d: %+v", pad, got)
				}
				body := fcm.Messages()[0].Body
				kept, cut := strings.CutSuffix(body, "…")
				if !cut || !utf8.ValidString(kept) || !strings.HasPrefix(strings.ToValidUTF8(m.Body, "�"), kept) {
					t.Fatalf("pad %d: cut to %q", pad, body[len(body)-20:])
				}
				if len(body) < 1900 {
					t.Fatalf("pad %d: only %d bytes left", pad, len(body))
				}
			}
		})
	}
	t.Run("what fits is untouched", func(t *testing.T) {
		for n := 3900; n < 4100; n++ {
			fcm.Reset()
			m := notifications.Message{Token: "t", Title: "T", Body: strings.Repeat("é", n/2) + strings.Repeat("x", n%2), TTL: time.Hour}
			if got := s.Send(t.Context(), m); got.Outcome != notifications.Accepted {
				t.Fatalf("%d bytes: %+v", n, got)
			}
			body := fcm.Messages()[0].Body
			if fits := n+len(`{"notification":{"title":"T","body":""}}`) <= 4096; (body == m.Body) != fits {
				t.Fatalf("%d bytes: came as %d", n, len(body))
			}
		}
	})
}

func TestPayloadGolden(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	urgent := notifications.Message{
		Token: "device-token-1", Title: "Safety check", Body: "Please answer in the app.",
		Data: map[string]string{"type": "timer.ping"}, TTL: 90 * time.Second, High: true,
	}
	collapsing := visitPush()
	collapsing.CollapseKey = "visit:0193bb5e-7a00-7cc0-8000-000000000001/eta"
	collapsing.Link = "https://care.example/c/abc"
	collapsing.TTL = 60 * 24 * time.Hour
	silent := notifications.Message{
		Token: "device-token-1", Data: map[string]string{"type": "sync"}, TTL: 500 * time.Millisecond,
		High: true, CollapseKey: "sync", Link: "http://127.0.0.1:8080/c/abc",
	}
	alarm := urgent
	alarm.Alarm = true
	hindi := visitPush()
	hindi.Title, hindi.Body = "नई विज़िट <1>", "कल 10:00–12:00 👩🏽‍🔧 & more"
	for name, m := range map[string]notifications.Message{
		"plain": visitPush(), "urgent": urgent, "collapsing": collapsing, "silent": silent, "hindi": hindi, "alarm": alarm,
	} {
		t.Run(name, func(t *testing.T) {
			fcm.Reset()
			if got := s.Send(t.Context(), m); got.Outcome != notifications.Accepted {
				t.Fatalf("%+v", got)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, fcm.Messages()[0].Raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			golden(t, name+".json", got.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func TestSendLeavesTheMessageAlone(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{})
	m := visitPush()
	m.Link = "https://care.example/c/abc"
	sender(t, notifications.FCMConfig{Endpoint: fcm.URL()}).Send(t.Context(), m)
	if _, changed := m.Data["link"]; changed {
		t.Error("the link was written into the caller's data")
	}
}

func TestSixtyFourWorkers(t *testing.T) {
	fcm := fakeFCM(t, fcmtest.Options{Delay: time.Millisecond})
	s := sender(t, notifications.FCMConfig{Endpoint: fcm.URL()})
	var wg sync.WaitGroup
	var accepted atomic.Int64
	for w := range 64 {
		wg.Go(func() {
			for i := range 10 {
				m := visitPush()
				m.Token = fmt.Sprintf("token-%d", w)
				m.Body = fmt.Sprintf("body-%d-%d", w, i)
				if s.Send(t.Context(), m).Outcome == notifications.Accepted {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 640 || fcm.Count() != 640 {
		t.Fatalf("%d accepted, %d arrived", accepted.Load(), fcm.Count())
	}
	for w := range 64 {
		got := fcm.MessagesFor(fmt.Sprintf("token-%d", w))
		if len(got) != 10 {
			t.Fatalf("token-%d got %d", w, len(got))
		}
		for i, m := range got {
			if m.Body != fmt.Sprintf("body-%d-%d", w, i) {
				t.Errorf("token-%d got %q", w, m.Body)
			}
		}
	}
}

// serviceAccount writes a key whose token_uri is the given server.
func serviceAccount(t *testing.T, tokenURI string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "from-the-key", "client_email": "push@example.iam",
		"private_key_id": "1", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestServiceAccount(t *testing.T) {
	var status atomic.Int64
	status.Store(200)
	oauth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, `{"access_token":"at","token_type":"Bearer","expires_in":3600}`)
	}))
	defer oauth.Close()
	fcm := fakeFCM(t, fcmtest.Options{Bearer: true})
	file := filepath.Join(t.TempDir(), "key.json")
	key := serviceAccount(t, oauth.URL)
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	send := func() notifications.Result {
		s, err := notifications.NewFCM(t.Context(), notifications.FCMConfig{CredentialsFile: file, Endpoint: fcm.URL()})
		if err != nil {
			t.Fatal(err)
		}
		return s.Send(t.Context(), visitPush())
	}
	if got := send(); got != (notifications.Result{Outcome: "accepted", MessageID: "projects/from-the-key/messages/1"}) {
		t.Errorf("good key: %+v", got)
	}
	status.Store(401)
	if got := send(); got != (notifications.Result{Outcome: "misconfigured", Detail: "credentials", Alert: true}) {
		t.Errorf("key withdrawn: %+v", got)
	}
	status.Store(503)
	if got := send(); got != (notifications.Result{Outcome: "retry", Detail: "unavailable"}) {
		t.Errorf("OAuth overloaded: %+v", got)
	}
	oauth.Close()
	if got := send(); got != (notifications.Result{Outcome: "retry", Detail: "connection_refused"}) {
		t.Errorf("OAuth gone: %+v", got)
	}
	if fcm.Requests() != 1 {
		t.Errorf("%d requests without a token", fcm.Requests()-1)
	}
}

func TestNewFCMRefusesBadSetups(t *testing.T) {
	const loop = "http://127.0.0.1:9/v1"
	good := serviceAccount(t, loop)
	damaged := bytes.Replace(good, []byte("BEGIN PRIVATE KEY"), []byte("BEGIN SECRET-VALUE"), 1)
	for name, c := range map[string]notifications.FCMConfig{
		"nothing":                     {},
		"Google without credentials":  {ProjectID: "p"},
		"no project":                  {Endpoint: loop},
		"plain http elsewhere":        {ProjectID: "p", Endpoint: "http://fcm.example/v1", CredentialsJSON: good},
		"no credentials elsewhere":    {ProjectID: "p", Endpoint: "https://fcm.example/v1"},
		"no URL":                      {ProjectID: "p", Endpoint: "::"},
		"file is missing":             {ProjectID: "p", CredentialsFile: filepath.Join(t.TempDir(), "none")},
		"file and JSON":               {ProjectID: "p", CredentialsFile: "x", CredentialsJSON: good},
		"not JSON":                    {ProjectID: "p", CredentialsJSON: []byte("SECRET-VALUE")},
		"another kind of credentials": {ProjectID: "p", CredentialsJSON: []byte(`{"type":"authorized_user","refresh_token":"SECRET-VALUE"}`)},
		"damaged key":                 {ProjectID: "p", CredentialsJSON: damaged},
	} {
		_, err := notifications.NewFCM(t.Context(), c)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "SECRET-VALUE") {
			t.Errorf("%s: quotes the credentials: %v", name, err)
		}
	}
	if _, err := notifications.NewFCM(t.Context(), notifications.FCMConfig{CredentialsJSON: good}); err != nil {
		t.Errorf("a good key: %v", err)
	}
}

// BenchmarkSend is the rate of a bare sender: 64 workers, FCM 2 ms away.
func BenchmarkSend(b *testing.B) {
	fcm := fcmtest.New(fcmtest.Options{Delay: 2 * time.Millisecond, Discard: true})
	defer fcm.Close()
	s, err := notifications.NewFCM(b.Context(), notifications.FCMConfig{ProjectID: "p", Endpoint: fcm.URL()})
	if err != nil {
		b.Fatal(err)
	}
	jobs := make(chan struct{})
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range 64 {
		wg.Go(func() {
			for range jobs {
				if s.Send(b.Context(), visitPush()).Outcome != notifications.Accepted {
					failed.Add(1)
				}
			}
		})
	}
	for b.Loop() {
		jobs <- struct{}{}
	}
	close(jobs)
	wg.Wait()
	if failed.Load() > 0 {
		b.Fatalf("%d not accepted", failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
}
