package fcmtest

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	typeFcmError   = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
	typeApnsError  = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
	typeBadRequest = "type.googleapis.com/google.rpc.BadRequest"
)

// Answer is what the server replies to one request. The zero value accepts
// the message.
type Answer struct {
	HTTPStatus int           // zero: accept
	Status     string        // google.rpc.Code, such as NOT_FOUND
	Message    string        // the sentence Google writes
	FcmError   string        // error code in the FcmError detail; empty: no such detail
	Fields     []Field       // violations in the BadRequest detail; none: no such detail
	ApnsStatus int           // status in the ApnsError detail; zero: no such detail
	RetryAfter time.Duration // Retry-After header, in whole seconds; zero: no header
	Delay      time.Duration // waits before answering, on top of Options.Delay
	Cut        bool          // resets the connection instead of answering
	Repeat     bool          // stays at the head of its queue
}

// Field is one violation in a BadRequest detail.
type Field struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Always makes the answer stay in force until the next Script or Reset, as an
// uninstalled app does.
func (a Answer) Always() Answer {
	a.Repeat = true
	return a
}

// Accept accepts the message; it stands between other answers in a queue.
func Accept() Answer { return Answer{} }

// Slow accepts the message after d.
func Slow(d time.Duration) Answer { return Answer{Delay: d} }

// Disconnect resets the connection once, without an answer.
func Disconnect() Answer { return Answer{Cut: true} }

// Unregistered is FCM's word that the app is gone from the device.
func Unregistered() Answer {
	return Answer{HTTPStatus: http.StatusNotFound, Status: "NOT_FOUND",
		Message: "Requested entity was not found.", FcmError: "UNREGISTERED"}
}

// NotFoundPlain is a 404 that says nothing about the token, such as a wrong
// project or address.
func NotFoundPlain() Answer {
	return Answer{HTTPStatus: http.StatusNotFound, Status: "NOT_FOUND",
		Message: "Requested entity was not found."}
}

// InvalidToken is FCM's answer to something that never was a token.
func InvalidToken() Answer {
	return Answer{HTTPStatus: http.StatusBadRequest, Status: "INVALID_ARGUMENT",
		Message:  "The registration token is not a valid FCM registration token",
		FcmError: "INVALID_ARGUMENT"}
}

// BadPayload refuses the message and not the token: the violations name a
// field of the payload.
func BadPayload() Answer {
	return violation("message.android.ttl", "Invalid value at 'message.android.ttl'")
}

// SenderIDMismatch says that the token belongs to another Firebase project.
func SenderIDMismatch() Answer {
	return Answer{HTTPStatus: http.StatusForbidden, Status: "PERMISSION_DENIED",
		Message: "SenderId mismatch", FcmError: "SENDER_ID_MISMATCH"}
}

// ThirdPartyAuth says that the project's APNs key or web push key is wrong.
// The ApnsError detail comes first, as it does from Google.
func ThirdPartyAuth() Answer {
	return Answer{HTTPStatus: http.StatusUnauthorized, Status: "UNAUTHENTICATED",
		Message:  "Auth error from APNS or Web Push Service",
		FcmError: "THIRD_PARTY_AUTH_ERROR", ApnsStatus: http.StatusForbidden}
}

// Unauthenticated says that our own OAuth token is not accepted.
func Unauthenticated() Answer {
	return Answer{HTTPStatus: http.StatusUnauthorized, Status: "UNAUTHENTICATED",
		Message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."}
}

// Quota says that too much was sent, to everybody or to this device.
func Quota(retryAfter time.Duration) Answer {
	return Answer{HTTPStatus: http.StatusTooManyRequests, Status: "RESOURCE_EXHAUSTED",
		Message: "Message rate exceeded", FcmError: "QUOTA_EXCEEDED", RetryAfter: retryAfter}
}

// Unavailable says that FCM is overloaded.
func Unavailable(retryAfter time.Duration) Answer {
	return Answer{HTTPStatus: http.StatusServiceUnavailable, Status: "UNAVAILABLE",
		Message: "The service is currently unavailable.", FcmError: "UNAVAILABLE", RetryAfter: retryAfter}
}

// Internal is an error inside FCM.
func Internal() Answer {
	return Answer{HTTPStatus: http.StatusInternalServerError, Status: "INTERNAL",
		Message: "Internal error encountered.", FcmError: "INTERNAL"}
}

func violation(field, description string) Answer {
	return Answer{HTTPStatus: http.StatusBadRequest, Status: "INVALID_ARGUMENT",
		Message: description, FcmError: "INVALID_ARGUMENT",
		Fields: []Field{{Field: field, Description: description}}}
}

func (a Answer) accepts() bool { return a.HTTPStatus == 0 && !a.Cut }

// write sends the answer in the shape of google.rpc.Status over HTTP.
func (a Answer) write(w http.ResponseWriter) {
	var details []map[string]any
	if a.ApnsStatus != 0 {
		details = append(details, map[string]any{
			"@type": typeApnsError, "statusCode": a.ApnsStatus, "reason": "InvalidProviderToken"})
	}
	if a.FcmError != "" {
		details = append(details, map[string]any{"@type": typeFcmError, "errorCode": a.FcmError})
	}
	if len(a.Fields) > 0 {
		details = append(details, map[string]any{"@type": typeBadRequest, "fieldViolations": a.Fields})
	}
	status := map[string]any{"code": a.HTTPStatus, "message": a.Message, "status": a.Status}
	if details != nil {
		status["details"] = details
	}
	if a.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(a.RetryAfter.Seconds()))))
	}
	writeJSON(w, a.HTTPStatus, map[string]any{"error": status})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone; nobody is left to tell
}
