package notifications

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebase.google.com/go/v4/messaging"
)

const (
	maxPayload = 4096                // FCM's limit for notification and data together
	maxTTL     = 28 * 24 * time.Hour // FCM's limit
	ellipsis   = "…"
	// alarmSound is the channel (Android) and the sound that apps bring for
	// alarms; where an app has none, the phone's own takes its place.
	alarmSound = "alarm"
)

// refuse judges what needs no provider to judge.
func refuse(m Message) (Result, bool) {
	switch {
	case m.TTL <= 0:
		return Result{Outcome: Expired, Detail: detailExpired}, true
	case m.Token == "":
		return Result{Outcome: Rejected, Detail: detailInvalidMessage, Alert: true}, true
	}
	return Result{}, false
}

// payload says the same to Android, iOS and browsers, each in its own words.
// It returns nil when the message cannot be made to fit.
func payload(m Message, now time.Time) *messaging.Message {
	ttl := min(max(m.TTL.Truncate(time.Second), time.Second), maxTTL)
	data := maps.Clone(m.Data)
	if m.Link != "" {
		if data == nil {
			data = map[string]string{}
		}
		data["link"] = m.Link
	}
	notification, ok := fit(strings.ToValidUTF8(m.Title, "�"), strings.ToValidUTF8(m.Body, "�"), data)
	if !ok {
		return nil
	}
	silent := notification == nil
	alarm := m.Alarm && !silent

	// APNs refuses priority 10 for a silent push.
	priority, urgency, apns, pushType := "normal", "normal", "5", "alert"
	if m.High {
		priority, urgency, apns = "high", "high", "10"
	}
	var ios *messaging.APNSPayload
	if silent {
		apns, pushType = "5", "background"
		ios = &messaging.APNSPayload{Aps: &messaging.Aps{ContentAvailable: true}}
	} else if m.High {
		ios = &messaging.APNSPayload{Aps: &messaging.Aps{Sound: "default"}}
	}

	if alarm {
		// Without Apple's entitlement for critical alerts it rings as usual.
		ios = &messaging.APNSPayload{Aps: &messaging.Aps{CriticalSound: &messaging.CriticalSound{Critical: true, Name: alarmSound + ".caf",
			Volume: 1},
			CustomData: map[string]any{"interruption-level": "critical"}}}
	}

	msg := &messaging.Message{
		Token:        m.Token,
		Data:         data,
		Notification: notification,
		Android:      &messaging.AndroidConfig{Priority: priority, TTL: &ttl, CollapseKey: m.CollapseKey},
		APNS: &messaging.APNSConfig{
			Headers: map[string]string{
				"apns-priority":   apns,
				"apns-push-type":  pushType,
				"apns-expiration": strconv.FormatInt(now.Add(ttl).Unix(), 10),
			},
			Payload: ios,
		},
		Webpush: &messaging.WebpushConfig{Headers: map[string]string{
			"TTL":     strconv.FormatInt(int64(ttl/time.Second), 10),
			"Urgency": urgency,
		}},
	}
	if alarm {
		msg.Android.Notification = &messaging.AndroidNotification{ChannelID: alarmSound, Sound: alarmSound, Priority: messaging.PriorityMax}
		tag := m.Data["notice_id"] // browsers refuse to ring again without one
		msg.Webpush.Notification = &messaging.WebpushNotification{RequireInteraction: true, Renotify: tag != "", Tag: tag, Vibrate: []int{400,
			200, 400, 200, 400}}
	}
	if m.CollapseKey != "" {
		// The collapse key replaces what still waits at FCM, the tag what the
		// phone already shows.
		topic := topicOf(m.CollapseKey)
		msg.APNS.Headers["apns-collapse-id"] = topic
		msg.Webpush.Headers["Topic"] = topic
		if !silent {
			msg.Android.Notification = &messaging.AndroidNotification{Tag: m.CollapseKey}
			msg.Webpush.Notification = &messaging.WebpushNotification{Tag: m.CollapseKey}
		}
	}
	// The SDK refuses any other link than https for browsers.
	if u, err := url.Parse(m.Link); err == nil && u.Scheme == "https" && !silent {
		msg.Webpush.FCMOptions = &messaging.WebpushFCMOptions{Link: m.Link}
	}
	return msg
}

// topicOf turns a collapse key into what both a web push topic (RFC 8030
// section 5.4: 32 characters of base64url) and an APNs collapse id (64 bytes)
// may hold.
func topicOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:32]
}

// fit cuts the body, on a rune, so that the payload stays inside FCM's limit.
// It reports false when not even a part of the body would fit.
func fit(title, body string, data map[string]string) (*messaging.Notification, bool) {
	if title == "" && body == "" {
		return nil, payloadSize(nil, data) <= maxPayload
	}
	n := &messaging.Notification{Title: title, Body: body}
	if payloadSize(n, data) <= maxPayload {
		return n, true
	}
	cut := func(length int) string {
		for !utf8.RuneStart(body[length]) {
			length--
		}
		return body[:length] + ellipsis
	}
	// JSON makes some characters longer, so the length that fits is searched.
	tooLong := sort.Search(len(body), func(length int) bool {
		return payloadSize(&messaging.Notification{Title: title, Body: cut(length)}, data) > maxPayload
	})
	if tooLong <= 1 {
		return nil, false
	}
	n.Body = cut(tooLong - 1)
	return n, true
}

func payloadSize(n *messaging.Notification, data map[string]string) int {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // FCM counts characters, not how we escape them
	_ = enc.Encode(struct {
		Notification *messaging.Notification `json:"notification,omitempty"`
		Data         map[string]string       `json:"data,omitempty"`
	}{n, data}) // strings always encode
	return b.Len() - 1
}
