package fcmtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/notifications/fcmtest"
)

func start(t *testing.T, o fcmtest.Options) *fcmtest.Server {
	t.Helper()
	s := fcmtest.New(o)
	t.Cleanup(s.Close)
	return s
}

// post sends a raw body and returns status, decoded answer and Retry-After.
func post(t *testing.T, s *fcmtest.Server, body string, header ...string) (int, map[string]any, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/projects/p/messages:send", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return resp.StatusCode, v, resp.Header.Get("Retry-After")
}

func TestKeepsWhatItAccepts(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	var hooked []fcmtest.Message
	s := start(t, fcmtest.Options{Now: func() time.Time { return at }, OnMessage: func(m fcmtest.Message) { hooked = append(hooked, m) }})
	const body = `{"message":{"token":"t1","notification":{"title":"T","body":"B"},"data":{"type":"visit"},
		"android":{"priority":"HIGH","ttl":"90s","collapse_key":"k","notification":{"tag":"g"}},
		"apns":{"headers":{"apns-priority":"10"},"payload":{"aps":{"sound":"default"}}},
		"webpush":{"headers":{"Urgency":"high"},"notification":{"tag":"g"},"fcm_options":{"link":"https://x.example/"}}}}`
	code, answer, _ := post(t, s, body)
	if code != 200 || answer["name"] != "projects/p/messages/1" {
		t.Fatalf("answered %d %v", code, answer)
	}
	got := s.MessagesFor("t1")
	if len(got) != 1 {
		t.Fatalf("%d messages kept", len(got))
	}
	if string(got[0].Raw) != body {
		t.Errorf("raw request is %s", got[0].Raw)
	}
	if !reflect.DeepEqual(got, s.Messages()) || !reflect.DeepEqual(got, hooked) {
		t.Error("Messages, MessagesFor and OnMessage differ")
	}
	m := got[0]
	if m.ID != "projects/p/messages/1" || m.Token != "t1" || m.Title != "T" || m.Body != "B" || m.Data["type"] != "visit" || !m.At.Equal(at) {
		t.Errorf("kept %+v", m)
	}
	if want := (fcmtest.Android{Priority: "high", TTL: 90 * time.Second, CollapseKey: "k", Tag: "g"}); m.Android != want {
		t.Errorf("android %+v", m.Android)
	}
	if m.APNS.Headers["apns-priority"] != "10" || m.Webpush.Headers["Urgency"] != "high" || m.Webpush.Link != "https://x.example/" {
		t.Errorf("apns %+v, webpush %+v", m.APNS, m.Webpush)
	}
	if code, answer, _ := post(t, s, `{"validate_only":true,"message":{"token":"t1"}}`); code != 200 || s.Count() != 1 {
		t.Errorf("dry run: %d %v, count %d", code, answer, s.Count())
	}
	s.Reset()
	if s.Count() != 0 || s.Requests() != 0 || len(s.Messages()) != 0 {
		t.Error("Reset left something")
	}
}

func TestRefusesWhatFCMRefuses(t *testing.T) {
	s := start(t, fcmtest.Options{})
	for name, body := range map[string]string{
		"no JSON":          `{`,
		"two values":       `{"message":{"token":"t"}}{}`,
		"no message":       `{}`,
		"no token":         `{"message":{"data":{"a":"b"}}}`,
		"two targets":      `{"message":{"token":"t","topic":"x"}}`,
		"unknown name":     `{"message":{"token":"t","colour":"red"}}`,
		"number in data":   `{"message":{"token":"t","data":{"n":1}}}`,
		"reserved key":     `{"message":{"token":"t","data":{"google.x":"1"}}}`,
		"priority":         `{"message":{"token":"t","android":{"priority":"urgent"}}}`,
		"ttl no unit":      `{"message":{"token":"t","android":{"ttl":"60"}}}`,
		"ttl negative":     `{"message":{"token":"t","android":{"ttl":"-1s"}}}`,
		"ttl over 4 weeks": `{"message":{"token":"t","android":{"ttl":"2419201s"}}}`,
		"collapse id":      `{"message":{"token":"t","apns":{"headers":{"apns-collapse-id":"` + strings.Repeat("x", 65) + `"}}}}`,
		"topic":            `{"message":{"token":"t","webpush":{"headers":{"Topic":"` + strings.Repeat("x", 33) + `"}}}}`,
		"too big":          `{"message":{"token":"t","data":{"a":"` + strings.Repeat("x", 4089) + `"}}}`,
	} {
		code, answer, _ := post(t, s, body)
		status := answer["error"].(map[string]any)
		if code != 400 || status["status"] != "INVALID_ARGUMENT" || !strings.Contains(fmt.Sprint(status["details"]), "fieldViolations") {
			t.Errorf("%s: %d %v", name, code, answer)
		}
	}
	if s.Count() != 0 {
		t.Errorf("%d accepted", s.Count())
	}
	if code, answer, _ := post(t, s, `{"message":{"token":"t","data":{"a":"`+strings.Repeat("x", 4088)+`"}}}`); code != 200 {
		t.Errorf("4096 bytes: %d %v", code, answer)
	}
}

func TestBearer(t *testing.T) {
	s := start(t, fcmtest.Options{Bearer: true})
	const body = `{"message":{"token":"t"}}`
	if code, _, _ := post(t, s, body); code != 401 {
		t.Errorf("no token: %d", code)
	}
	if code, _, _ := post(t, s, body, "Authorization", "Basic eDp5"); code != 401 {
		t.Errorf("other scheme: %d", code)
	}
	if code, _, _ := post(t, s, body, "Authorization", "Bearer abc"); code != 200 {
		t.Errorf("bearer: %d", code)
	}
}

func TestErrorShape(t *testing.T) {
	s := start(t, fcmtest.Options{})
	s.Script("t", fcmtest.ThirdPartyAuth(), fcmtest.Quota(90*time.Second))
	code, answer, _ := post(t, s, `{"message":{"token":"t"}}`)
	want := map[string]any{"error": map[string]any{
		"code": 401.0, "status": "UNAUTHENTICATED", "message": "Auth error from APNS or Web Push Service",
		"details": []any{
			map[string]any{"@type": "type.googleapis.com/google.firebase.fcm.v1.ApnsError", "statusCode": 403.0, "reason": "InvalidProviderToken"},
			map[string]any{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "THIRD_PARTY_AUTH_ERROR"},
		}}}
	if code != 401 || !reflect.DeepEqual(answer, want) {
		t.Errorf("%d %v", code, answer)
	}
	if code, _, after := post(t, s, `{"message":{"token":"t"}}`); code != 429 || after != "90" {
		t.Errorf("%d, Retry-After %q", code, after)
	}
}

func TestScriptOrder(t *testing.T) {
	s := start(t, fcmtest.Options{})
	s.ScriptAll(fcmtest.Internal())
	s.Script("a", fcmtest.Accept(), fcmtest.Unregistered().Always())
	codes := func(token string, n int) (got []int) {
		for range n {
			code, _, _ := post(t, s, `{"message":{"token":"`+token+`"}}`)
			got = append(got, code)
		}
		return got
	}
	if got := codes("a", 4); !reflect.DeepEqual(got, []int{200, 404, 404, 404}) {
		t.Errorf("own queue: %v", got)
	}
	if got := codes("b", 2); !reflect.DeepEqual(got, []int{500, 200}) {
		t.Errorf("queue for all: %v", got)
	}
	s.Script("a")
	if got := codes("a", 1); got[0] != 200 {
		t.Errorf("after clearing: %v", got)
	}
	if s.Requests() != 7 || s.Count() != 3 {
		t.Errorf("%d requests, %d accepted", s.Requests(), s.Count())
	}
}

func TestDown(t *testing.T) {
	s := start(t, fcmtest.Options{})
	try := func() error {
		resp, err := http.Post(s.URL()+"/projects/p/messages:send", "application/json", strings.NewReader(`{"message":{"token":"t"}}`))
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	s.SetDown(true)
	if try() == nil {
		t.Error("answered while down")
	}
	s.SetDown(false)
	s.Script("t", fcmtest.Disconnect())
	if try() == nil {
		t.Error("answered although told to disconnect")
	}
	if err := try(); err != nil {
		t.Error(err)
	}
	s.Close()
	if try() == nil {
		t.Error("answered after Close")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := start(t, fcmtest.Options{Keep: 3, KeepOf: 2})
	for i := range 5 {
		post(t, s, fmt.Sprintf(`{"message":{"token":"a","notification":{"title":"%d"}}}`, i))
	}
	post(t, s, `{"message":{"token":"b"}}`)
	post(t, s, `{"message":{"token":"c"}}`)
	var titles []string
	for _, m := range s.MessagesFor("a") {
		titles = append(titles, m.Title)
	}
	if !reflect.DeepEqual(titles, []string{"2", "3", "4"}) {
		t.Errorf("kept %v", titles)
	}
	if len(s.Messages()) != 4 || len(s.MessagesFor("c")) != 0 || s.Count() != 7 {
		t.Errorf("%d kept, %d counted", len(s.Messages()), s.Count())
	}

	d := start(t, fcmtest.Options{Discard: true})
	post(t, d, `{"message":{"token":"a"}}`)
	if d.Count() != 1 || len(d.Messages()) != 0 {
		t.Error("Discard keeps or does not count")
	}
}

func TestConcurrentUse(t *testing.T) {
	s := start(t, fcmtest.Options{})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for range 5 {
				post(t, s, fmt.Sprintf(`{"message":{"token":"t%d"}}`, i%4))
				s.Messages()
				s.Script("other", fcmtest.Internal())
				s.OnMessage(func(fcmtest.Message) { s.Count() })
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, m := range s.Messages() {
		seen[m.ID] = true
	}
	if s.Count() != 160 || len(seen) != 160 {
		t.Errorf("%d counted, %d ids", s.Count(), len(seen))
	}
}
