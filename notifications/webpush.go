package notifications

import (
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

// WebPushConfig says how browsers are pushed to: by Web Push (RFC 8030) with
// VAPID (RFC 8292), so that a customer's browser needs no app and no script
// of another host.
type WebPushConfig struct {
	// Secret makes the key pair; the same secret gives the same pair.
	Secret []byte
	// Subject tells push services whom to write to: mailto: or https:.
	Subject string
	// Hosts may be pushed to besides the known push services; for tests and
	// services of one's own. On loopback plain http is allowed.
	Hosts     []string
	Transport http.RoundTripper // nil: Go's, with 256 idle connections a host
	Timeout   time.Duration     // zero: 10 s
}

// WebPush sends to browsers' subscriptions, and everything else through Push.
type WebPush struct {
	Push       Sender
	config     WebPushConfig
	public     string
	private    string
	httpClient *http.Client
}

// pushServices are those of the browsers: nothing else is called, whatever
// address a browser gives (OWASP, Server-Side Request Forgery).
var pushServices = []string{"fcm.googleapis.com", "updates.push.services.mozilla.com", "notify.windows.com", "push.apple.com"}

// NewWebPush adds browsers to a sender.
func NewWebPush(push Sender, c WebPushConfig) (*WebPush, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Transport == nil {
		c.Transport = pooled()
	}
	// A hash is no valid scalar only once in 2^32; then its own hash is.
	seed := sha256.Sum256(append([]byte("vapid\x00"), c.Secret...))
	for range 8 {
		if key, err := ecdh.P256().NewPrivateKey(seed[:]); err == nil {
			b64 := base64.RawURLEncoding
			return &WebPush{Push: push, config: c, public: b64.EncodeToString(key.PublicKey().Bytes()), private: b64.EncodeToString(key.Bytes()),
				httpClient: &http.Client{Transport: c.Transport, CheckRedirect: noRedirect}}, nil
		}
		seed = sha256.Sum256(seed[:])
	}
	return nil, errors.New("webpush: no key can be made of the secret")
}

// PublicKey is what a browser subscribes with (applicationServerKey).
func (w *WebPush) PublicKey() string { return w.public }

// subscription reads the token of a browser: its PushSubscription as JSON.
func subscription(token string) (*webpush.Subscription, bool) {
	if !strings.HasPrefix(token, "{") {
		return nil, false
	}
	var s webpush.Subscription
	_ = json.Unmarshal([]byte(token), &s)
	return &s, true
}

// Takes reports whether a browser's subscription is one that can be pushed to;
// other tokens are the push service's to judge.
func (w *WebPush) Takes(token string) bool {
	s, browser := subscription(token)
	if !browser {
		return true
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.User != nil || s.Keys.Auth == "" || s.Keys.P256dh == "" {
		return false
	}
	host := u.Hostname()
	known := slices.ContainsFunc(pushServices, func(h string) bool { return host == h || strings.HasSuffix(host, "."+h) })
	own := slices.Contains(w.config.Hosts, u.Host) || slices.Contains(w.config.Hosts, host)
	return u.Scheme == "https" && (known && (u.Port() == "" || u.Port() == "443") || own) || own && isLoopback(u)
}

// Send pushes to a browser, or passes the message on.
func (w *WebPush) Send(ctx context.Context, m Message) Result {
	s, browser := subscription(m.Token)
	if !browser {
		return w.Push.Send(ctx, m)
	}
	if r, refused := refuse(m); refused {
		return r
	}
	if !w.Takes(m.Token) {
		return Result{Outcome: Dropped, Detail: detailInvalidToken, DropToken: true}
	}
	body, err := json.Marshal(map[string]any{"title": m.Title, "body": m.Body, "link": m.Link, "tag": m.CollapseKey, "data": m.Data})
	if err != nil || len(body) > maxPayload-103 { // RFC 8291 section 4
		return Result{Outcome: Rejected, Detail: detailPayloadTooLarge, Alert: true}
	}
	urgency := webpush.UrgencyNormal
	if m.High {
		urgency = webpush.UrgencyHigh
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.Timeout)
	defer cancel()
	res, err := webpush.SendNotificationWithContext(ctx, body, s,
		&webpush.Options{HTTPClient: w.httpClient, Subscriber: strings.TrimPrefix(w.config.Subject, "mailto:"),
			VAPIDPublicKey: w.public, VAPIDPrivateKey: w.private, TTL: int(min(m.TTL, maxTTL) / time.Second), Urgency: urgency,
			Topic: m.CollapseKey})
	if err != nil {
		if ctx.Err() != nil {
			return Result{Outcome: Retry, Detail: detailTimeout}
		}
		var network *url.Error
		if errors.As(err, &network) {
			return Result{Outcome: Retry, Detail: detailNetwork}
		}
		return Result{Outcome: Dropped, Detail: detailInvalidToken, DropToken: true} // the browser's keys are none
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxResponse))
	wait := retryAfter(res.Header, time.Now())
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return Result{Outcome: Accepted, MessageID: "web/" + shortHash(res.Header.Get("Location")+s.Endpoint)}
	case m.Alarm && code == http.StatusNotFound:
		// RFC 8030 section 7.3 means a subscription that is over, and a proxy means
		// itself. An alarm rings on; the next calm push settles which it was.
		return Result{Outcome: Retry, Detail: detailUnregistered}
	case m.Alarm && (code == http.StatusUnauthorized || code == http.StatusForbidden): // likewise
		return Result{Outcome: Misconfigured, Detail: detailPermissionDenied, Alert: true}
	case code == http.StatusNotFound || code == http.StatusGone: // RFC 8030 section 7.3
		return Result{Outcome: Dropped, Detail: detailUnregistered, DropToken: true}
	case code == http.StatusUnauthorized || code == http.StatusForbidden: // subscribed with another key
		return Result{Outcome: Dropped, Detail: detailSenderIDMismatch, DropToken: true}
	case code == http.StatusTooManyRequests:
		return Result{Outcome: Retry, Detail: detailQuotaExceeded, RetryAfter: max(wait, minQuotaWait)}
	case code == http.StatusRequestEntityTooLarge:
		return Result{Outcome: Rejected, Detail: detailPayloadTooLarge, Alert: true}
	case code >= 500:
		return Result{Outcome: Retry, Detail: detailUnavailable, RetryAfter: wait}
	}
	return Result{Outcome: Rejected, Detail: detailUnexpectedStatus, Alert: true}
}

// logChannel is what a push is recorded as that only the log took.
const logChannel = "log"

// channelOf names the way that a token takes through a sender.
func channelOf(s Sender, token string) string {
	switch s := s.(type) {
	case logSender:
		return logChannel
	case *WebPush:
		if _, browser := subscription(token); browser {
			return "web"
		}
		return channelOf(s.Push, token)
	}
	return "fcm"
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
