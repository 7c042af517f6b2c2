package fcmtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	maxPayload = 4096                // bytes of notification and data, keys included
	maxTTL     = 28 * 24 * time.Hour // also what FCM assumes when none is given
	maxRequest = 256 << 10           // far beyond anything FCM takes
	maxAPNsID  = 64                  // apns-collapse-id
	maxTopic   = 32                  // RFC 8030 section 5.4
)

// request is the body of messages:send. Unknown names are refused, as Google
// refuses them, so that a typing error in a payload is found here.
type request struct {
	ValidateOnly bool         `json:"validate_only"`
	Message      *wireMessage `json:"message"`
}

type wireMessage struct {
	Token        string            `json:"token"`
	Topic        string            `json:"topic"`
	Condition    string            `json:"condition"`
	Data         map[string]string `json:"data"`
	Notification *struct {
		Title string `json:"title,omitempty"`
		Body  string `json:"body,omitempty"`
		Image string `json:"image,omitempty"`
	} `json:"notification"`
	Android    wireAndroid     `json:"android"`
	APNS       wireAPNS        `json:"apns"`
	Webpush    wireWebpush     `json:"webpush"`
	FCMOptions json.RawMessage `json:"fcm_options"`
}

type wireAndroid struct {
	CollapseKey           string            `json:"collapse_key"`
	Priority              string            `json:"priority"`
	TTL                   string            `json:"ttl"`
	RestrictedPackageName string            `json:"restricted_package_name"`
	Data                  map[string]string `json:"data"`
	Notification          map[string]any    `json:"notification"`
	FCMOptions            json.RawMessage   `json:"fcm_options"`
	DirectBootOK          bool              `json:"direct_boot_ok"`
}

type wireAPNS struct {
	Headers           map[string]string `json:"headers"`
	Payload           map[string]any    `json:"payload"`
	FCMOptions        json.RawMessage   `json:"fcm_options"`
	LiveActivityToken string            `json:"live_activity_token"`
}

type wireWebpush struct {
	Headers      map[string]string `json:"headers"`
	Data         map[string]string `json:"data"`
	Notification map[string]any    `json:"notification"`
	FCMOptions   struct {
		Link           string `json:"link"`
		AnalyticsLabel string `json:"analytics_label"`
	} `json:"fcm_options"`
}

// parse reads one request and judges it as FCM does. The refusal is nil when
// the message may be accepted.
func parse(body []byte) (request, *Answer) {
	var r request
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(&r)
	if err == nil {
		if _, extra := dec.Token(); !errors.Is(extra, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		field := "message"
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			field = te.Field
		}
		a := violation(field, "Invalid JSON payload received. "+err.Error())
		a.FcmError = "" // the message never reached FCM proper
		return r, &a
	}
	if a := r.judge(); a != nil {
		return r, a
	}
	return r, nil
}

func (r request) judge() *Answer {
	refuse := func(field, format string, args ...any) *Answer {
		a := violation(field, fmt.Sprintf(format, args...))
		return &a
	}
	m := r.Message
	if m == nil {
		return refuse("message", "The message is not set.")
	}
	targets := 0
	for _, t := range []string{m.Token, m.Topic, m.Condition} {
		if t != "" {
			targets++
		}
	}
	if targets == 0 {
		return refuse("message", "Recipient of the message is not set.")
	}
	if targets > 1 || m.Token == "" {
		return refuse("message", "This server takes exactly one token and neither topic nor condition.")
	}
	for k := range m.Data {
		if k == "from" || k == "notification" || k == "message_type" ||
			strings.HasPrefix(k, "google.") || strings.HasPrefix(k, "gcm.") {
			return refuse("message.data", "Invalid data payload key: %s", k)
		}
	}
	if n := payloadSize(m); n > maxPayload {
		return refuse("message", "Message is too big: %d bytes", n)
	}
	switch strings.ToLower(m.Android.Priority) {
	case "", "normal", "high":
	default:
		return refuse("message.android.priority", "Invalid value at 'message.android.priority'")
	}
	if _, err := parseTTL(m.Android.TTL); err != nil {
		return refuse("message.android.ttl", "Invalid value at 'message.android.ttl': %v", err)
	}
	if len(m.APNS.Headers["apns-collapse-id"]) > maxAPNsID {
		return refuse("message.apns.headers", "apns-collapse-id is longer than %d bytes", maxAPNsID)
	}
	if len(m.Webpush.Headers["Topic"]) > maxTopic {
		return refuse("message.webpush.headers", "Topic is longer than %d characters", maxTopic)
	}
	return nil
}

// payloadSize counts what the limit covers, as UTF-8 bytes of JSON.
func payloadSize(m *wireMessage) int {
	n := 0
	if m.Notification != nil {
		n += jsonSize(m.Notification)
	}
	if len(m.Data) > 0 {
		n += jsonSize(m.Data)
	}
	return n
}

func jsonSize(v any) int {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // strings and maps of strings always encode
	return b.Len() - 1
}

// parseTTL reads a protobuf Duration, such as "3600s" or "0.5s".
func parseTTL(s string) (time.Duration, error) {
	if s == "" {
		return maxTTL, nil
	}
	digits, ok := strings.CutSuffix(s, "s")
	seconds, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil {
		return 0, errors.New("not a duration in seconds")
	}
	d := time.Duration(seconds * float64(time.Second))
	if d < 0 || d > maxTTL {
		return 0, errors.New("not between 0 and 4 weeks")
	}
	return d, nil
}

// record turns an accepted request into what the server keeps of it.
func (m *wireMessage) record(body []byte) Message {
	ttl, _ := parseTTL(m.Android.TTL) // judged before
	tag, _ := m.Android.Notification["tag"].(string)
	rec := Message{
		Token: m.Token,
		Data:  m.Data,
		Android: Android{
			Priority:    strings.ToLower(m.Android.Priority),
			TTL:         ttl,
			CollapseKey: m.Android.CollapseKey,
			Tag:         tag,
		},
		APNS:    APNS{Headers: m.APNS.Headers, Payload: m.APNS.Payload},
		Webpush: Webpush{Headers: m.Webpush.Headers, Notification: m.Webpush.Notification, Link: m.Webpush.FCMOptions.Link},
		Raw:     body,
	}
	if m.Notification != nil {
		rec.Title, rec.Body = m.Notification.Title, m.Notification.Body
	}
	return rec
}
