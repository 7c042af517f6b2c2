package notifications

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browserSide is a browser that subscribed: it reads what a push service
// hands it (RFC 8291, RFC 8188).
type browserSide struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func (b *browserSide) token(t *testing.T, endpoint string) string {
	t.Helper()
	b64 := base64.RawURLEncoding
	raw, err := json.Marshal(map[string]any{"endpoint": endpoint, "keys": map[string]string{"auth": b64.EncodeToString(b.auth),
		"p256dh": b64.EncodeToString(b.key.PublicKey().Bytes())}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (b *browserSide) read(t *testing.T, body []byte) map[string]string {
	t.Helper()
	salt, size, idlen := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	server, err := ecdh.P256().NewPublicKey(body[21 : 21+idlen])
	if err != nil {
		t.Fatal(err)
	}
	shared, err := b.key.ECDH(server)
	if err != nil {
		t.Fatal(err)
	}
	expand := func(secret, salt []byte, info string, n int) []byte {
		out, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ikm := expand(shared, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(server.Bytes()), 32)
	block, err := aes.NewCipher(expand(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, expand(ikm, salt, "Content-Encoding: nonce\x00", 12), body[21+idlen:], nil)
	if err != nil {
		t.Fatalf("the browser cannot read it (record size %d): %v", size, err)
	}
	out := map[string]string{}
	if err := json.Unmarshal([]byte(strings.TrimRight(string(plain), "\x00\x02")), &out); err != nil {
		t.Fatalf("%q: %v", plain, err)
	}
	return out
}

func TestWebPushReachesABrowser(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browserSide{key, make([]byte, 16)}
	answer, got := http.StatusCreated, make(chan *http.Request, 1)
	var body []byte
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		got <- r
		w.WriteHeader(answer)
	}))
	defer service.Close()
	at, _ := url.Parse(service.URL)
	passed := &passes{}
	w, err := NewWebPush(passed, WebPushConfig{Secret: []byte("a secret of the test"), Subject: "mailto:desk@example.org",
		Hosts: []string{at.Host}})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := NewWebPush(nil, WebPushConfig{Secret: []byte("a secret of the test")})
	if again.PublicKey() != w.PublicKey() || len(w.PublicKey()) != 87 {
		t.Errorf("the key changes with each start: %q, %q", w.PublicKey(), again.PublicKey())
	}
	m := Message{Token: b.token(t, service.URL+"/push/1"), Title: "Your repair visit", Body: "Tomorrow", Link: "https://example.org/c/x",
		TTL: time.Hour, High: true}
	if r := w.Send(context.Background(), m); r.Outcome != Accepted || r.MessageID == "" {
		t.Fatalf("sent: %+v", r)
	}
	r := <-got
	if r.Header.Get("TTL") != "3600" || r.Header.Get("Urgency") != "high" || !strings.HasPrefix(r.Header.Get("Authorization"), "vapid t=") {
		t.Errorf("headers %v", r.Header)
	}
	if said := b.read(t, body); said["title"] != m.Title || said["link"] != m.Link {
		t.Errorf("the browser reads %v", said)
	}
	for status, want := range map[int]Result{410: {Outcome: Dropped, DropToken: true}, 404: {Outcome: Dropped, DropToken: true},
		403: {Outcome: Dropped, DropToken: true},
		429: {Outcome: Retry}, 503: {Outcome: Retry}, 400: {Outcome: Rejected}} {
		answer = status
		if r := w.Send(context.Background(), m); r.Outcome != want.Outcome || r.DropToken != want.DropToken {
			t.Errorf("%d becomes %+v", status, r)
		}
		<-got
	}
	// An alarm gives a browser up only when it is said to be gone.
	m.Alarm = true
	for status, want := range map[int]Result{410: {Outcome: Dropped, DropToken: true}, 404: {Outcome: Retry, Detail: detailUnregistered},
		403: {Outcome: Misconfigured}, 401: {Outcome: Misconfigured}} {
		answer = status
		if r := w.Send(context.Background(), m); r.Outcome != want.Outcome || r.DropToken != want.DropToken || want.Detail != "" &&
			r.Detail != want.Detail {
			t.Errorf("of an alarm %d becomes %+v", status, r)
		}
		<-got
	}
	// Nobody makes the server call an address of their choice.
	for _, endpoint := range []string{"http://127.0.0.1:1/x", "https://10.0.0.1/x", "https://fcm.googleapis.com.evil.example/x",
		"https://fcm.googleapis.com:8443/x",
		"https://user@fcm.googleapis.com/x", "http://fcm.googleapis.com/x", "file:///etc/passwd", ""} {
		if w.Takes(b.token(t, endpoint)) {
			t.Errorf("%s is taken", endpoint)
		}
		if r := w.Send(context.Background(), Message{Token: b.token(t, endpoint), Title: "x", TTL: time.Hour}); r.Outcome != Dropped {
			t.Errorf("%s is called: %+v", endpoint, r)
		}
	}
	for _, endpoint := range []string{"https://fcm.googleapis.com/fcm/send/x", "https://updates.push.services.mozilla.com/wpush/v2/x",
		"https://wns2-par02p.notify.windows.com/w/?token=x", "https://web.push.apple.com/x"} {
		if !w.Takes(b.token(t, endpoint)) {
			t.Errorf("%s is refused", endpoint)
		}
	}
	if r := w.Send(context.Background(), Message{Token: "an FCM token", Title: "x", TTL: time.Hour}); r.Outcome != Accepted || passed.n != 1 {
		t.Error("another token does not go to the other sender")
	}
}

type passes struct{ n int }

func (p *passes) Send(context.Context, Message) Result { p.n++; return Result{Outcome: Accepted} }
