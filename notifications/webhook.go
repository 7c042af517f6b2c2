package notifications

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/domain"
)

// Webhook hands ready text to the operator's own SMS, WhatsApp or e-mail
// gateway, signed as https://www.standardwebhooks.com describes.
type Webhook struct {
	// Now is the product's clock: it judges Text.ExpiresAt and dates the
	// payload. The signature is dated by the wall clock, as receivers refuse
	// one that is more than 5 minutes off.
	Now func() time.Time

	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
}

// minSecret is the shortest key that Standard Webhooks allows, in bytes.
const minSecret = 24

// webhookID leaves out the full stop, which separates the signed parts.
var webhookID = regexp.MustCompile(`^[A-Za-z0-9_:-]{1,255}$`)

// NewWebhook checks address and secret ("whsec_" and base64 of at least 24
// bytes). The address is https, or anything on loopback. A nil client is
// replaced; of a given one the transport and the shorter timeout are kept.
// Errors name neither address nor secret: both are confidential.
func NewWebhook(address, secret string, client *http.Client) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("webhook: the address is not an http(s) URL")
	}
	if u.User != nil {
		return nil, errors.New("webhook: the address must not hold a user name or password")
	}
	if u.Scheme == "http" && !isLoopback(u) {
		return nil, errors.New("webhook: an address that is not on loopback needs https")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return nil, errors.New("webhook: the secret is not base64")
	}
	if len(key) < minSecret {
		return nil, errors.New("webhook: the secret is shorter than 24 bytes")
	}
	signer, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, errors.New("webhook: the secret cannot be used")
	}
	own := http.Client{Transport: pooled()}
	if client != nil {
		own = *client
	}
	own.CheckRedirect = noRedirect
	if own.Timeout <= 0 || own.Timeout > defaultTimeout {
		own.Timeout = defaultTimeout
	}
	return &Webhook{Now: time.Now, url: address, signer: signer, client: &own}, nil
}

// textEvent is the body of the request.
type textEvent struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      textData  `json:"data"`
}

type textData struct {
	ID        string     `json:"id"`
	To        string     `json:"to"`
	Channel   string     `json:"channel"`
	Language  string     `json:"language"`
	Body      string     `json:"body"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// alarmCall is one ring of an SOS for a telephony or monitoring provider: whom to
// call. It is the one place outside the house where names and numbers of staff
// go; of the raiser and the home it holds nothing.
type alarmCall struct {
	Kind string // type of the event: sos.raised, sos.unheard
	domain.AlarmCall
	Pushed    int // to how many devices the same ring goes
	ExpiresAt time.Time
}

type alarmEvent struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		ID              string    `json:"id"`
		Round           string    `json:"round"`
		Tier            string    `json:"tier"`
		Centre          string    `json:"centre"`
		Area            string    `json:"area"`
		EmergencyNumber string    `json:"emergency_number"`
		Ring            alarmRing `json:"ring"`
		ExpiresAt       time.Time `json:"expires_at"`
	} `json:"data"`
}

// alarmRing says whom to ring, and how.
type alarmRing struct {
	UserID   string   `json:"user_id"`
	Name     string   `json:"name"`
	Role     string   `json:"role"`
	Phone    string   `json:"phone"`
	Language string   `json:"language"`
	Digit    string   `json:"digit"` // what they press to say that they heard: read it to them
	How      []string `json:"how"`   // call: by this provider; push: the same ring goes to their devices
}

// ring posts one ring of an SOS, once; outcomes are those of Send.
func (w *Webhook) ring(ctx context.Context, a alarmCall) Result {
	e := alarmEvent{Type: a.Kind, Timestamp: w.Now().UTC()}
	e.Data.ID, e.Data.Round, e.Data.Tier, e.Data.ExpiresAt = a.SOS.String(), strconv.Itoa(a.Round), strconv.Itoa(a.Tier), a.ExpiresAt.UTC()
	e.Data.Centre, e.Data.Area, e.Data.EmergencyNumber = a.Centre, a.Area, a.EmergencyNumber
	call := a.Call(a.Kind)
	e.Data.Ring = alarmRing{a.UserID.String(), a.Name, string(a.Role), a.Phone, a.Language, domain.RingDigit(call), []string{"call"}}
	if a.Pushed > 0 {
		e.Data.Ring.How = append(e.Data.Ring.How, "push")
	}
	body, err := json.Marshal(e)
	if err != nil || !webhookID.MatchString(call) {
		return Result{Outcome: Rejected, Detail: detailInvalidMessage, Alert: true}
	}
	return w.post(ctx, call, body)
}

// Send posts one text, once. 2xx is accepted; 410 means that the receiver
// wants no more of anything and the operator must act.
func (w *Webhook) Send(ctx context.Context, t Text) Result {
	now := w.Now().UTC()
	if !webhookID.MatchString(t.ID) || t.To == "" || t.Body == "" {
		return Result{Outcome: Rejected, Detail: detailInvalidMessage, Alert: true}
	}
	data := textData{ID: t.ID, To: t.To, Channel: t.Channel, Language: t.Language, Body: t.Body}
	if !t.ExpiresAt.IsZero() {
		if !now.Before(t.ExpiresAt) {
			return Result{Outcome: Expired, Detail: detailExpired}
		}
		at := t.ExpiresAt.UTC()
		data.ExpiresAt = &at
	}
	body, err := json.Marshal(textEvent{Type: "message.text", Timestamp: now, Data: data})
	if err != nil {
		return Result{Outcome: Rejected, Detail: detailInvalidMessage, Alert: true}
	}
	return w.post(ctx, t.ID, body)
}

// Verify reports whether a request back to us is signed with the secret, and no more
// than 5 minutes old. It compares in constant time.
func (w *Webhook) Verify(body []byte, id, timestamp, signature string) bool {
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, timestamp)
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return w.signer.Verify(body, h) == nil
}

func (w *Webhook) post(ctx context.Context, id string, body []byte) Result {
	signed := time.Now()
	signature, err := w.signer.Sign(id, signed, body)
	if err != nil {
		return Result{Outcome: Misconfigured, Detail: detailCredentials, Alert: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return Result{Outcome: Misconfigured, Detail: detailInvalidMessage, Alert: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "doorstep")
	req.Header.Set(standardwebhooks.HeaderWebhookID, id)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(signed.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)

	resp, err := w.client.Do(req)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return Result{Outcome: Retry, Detail: detailCancelled}
		}
		return failure(cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	// What the receiver writes is of no use to us; reading a little of it
	// lets the connection be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, maxResponse)
	return answered(resp.StatusCode, retryAfter(resp.Header, signed))
}

// answered turns the receiver's status into a result.
func answered(code int, wait time.Duration) Result {
	switch {
	case code >= 200 && code < 300:
		return Result{Outcome: Accepted}
	case code >= 300 && code < 400:
		return Result{Outcome: Misconfigured, Detail: detailRedirect, Alert: true}
	case code == http.StatusUnauthorized:
		return Result{Outcome: Misconfigured, Detail: detailUnauthenticated, Alert: true}
	case code == http.StatusForbidden:
		return Result{Outcome: Misconfigured, Detail: detailPermissionDenied, Alert: true}
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		return Result{Outcome: Misconfigured, Detail: detailNotFound, Alert: true}
	case code == http.StatusGone:
		return Result{Outcome: Rejected, Detail: detailGone, Alert: true}
	case code == http.StatusTooManyRequests:
		return Result{Outcome: Retry, Detail: detailQuotaExceeded, RetryAfter: max(wait, minQuotaWait)}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return Result{Outcome: Retry, Detail: detailTimeout, RetryAfter: wait}
	case code == http.StatusServiceUnavailable:
		return Result{Outcome: Retry, Detail: detailUnavailable, RetryAfter: wait}
	case code >= 500:
		return Result{Outcome: Retry, Detail: detailInternal, RetryAfter: wait}
	}
	return Result{Outcome: Rejected, Detail: detailBadRequest, Alert: true}
}
