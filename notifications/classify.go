package notifications

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"firebase.google.com/go/v4/errorutils"
	"firebase.google.com/go/v4/messaging"
)

// classify turns an error of the Firebase SDK into a result. A token is given
// up only when FCM speaks of the token itself; everything doubtful keeps it,
// for a token lost by mistake comes back only when somebody opens the app.
//
// Source: https://firebase.google.com/docs/cloud-messaging/error-codes
func classify(ctx context.Context, err error, now time.Time) Result {
	resp := errorutils.HTTPResponse(err)
	if resp == nil {
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return Result{Outcome: Retry, Detail: detailCancelled}
		case ctx.Err() != nil, errorutils.IsDeadlineExceeded(err):
			return Result{Outcome: Retry, Detail: detailTimeout}
		case errorutils.IsUnavailable(err), errorutils.IsUnknown(err):
			return Result{Outcome: Retry, Detail: detailNetwork}
		case strings.HasPrefix(err.Error(), "error while parsing response"):
			return Result{Outcome: Retry, Detail: detailBadResponse, Alert: true}
		}
		return Result{Outcome: Rejected, Detail: detailInvalidMessage, Alert: true}
	}

	wait := retryAfter(resp.Header, now)
	switch {
	case messaging.IsUnregistered(err):
		return Result{Outcome: Dropped, Detail: detailUnregistered, DropToken: true}
	case messaging.IsSenderIDMismatch(err):
		return Result{Outcome: Dropped, Detail: detailSenderIDMismatch, DropToken: true}
	case messaging.IsThirdPartyAuthError(err):
		return Result{Outcome: Misconfigured, Detail: detailThirdPartyAuth, RetryAfter: wait, Alert: true}
	}

	switch code := resp.StatusCode; {
	case code == http.StatusBadRequest:
		if badToken(resp.Body, messaging.IsInvalidArgument(err)) {
			return Result{Outcome: Dropped, Detail: detailInvalidToken, DropToken: true}
		}
		return Result{Outcome: Rejected, Detail: detailBadRequest, Alert: true}
	case code == http.StatusUnauthorized:
		return Result{Outcome: Misconfigured, Detail: detailUnauthenticated, RetryAfter: wait, Alert: true}
	case code == http.StatusForbidden:
		return Result{Outcome: Misconfigured, Detail: detailPermissionDenied, RetryAfter: wait, Alert: true}
	case code == http.StatusNotFound:
		return Result{Outcome: Rejected, Detail: detailNotFound, Alert: true}
	case code == http.StatusTooManyRequests:
		return Result{Outcome: Retry, Detail: detailQuotaExceeded, RetryAfter: max(wait, minQuotaWait)}
	case code == http.StatusRequestTimeout:
		return Result{Outcome: Retry, Detail: detailTimeout, RetryAfter: wait}
	case code >= 500:
		r := Result{Outcome: Retry, Detail: detailInternal}
		if cause := resp.Header.Get(causeHeader); cause != "" {
			r = failure(cause)
		}
		r.RetryAfter = wait
		return r
	}
	return Result{Outcome: Rejected, Detail: detailUnexpectedStatus, Alert: true}
}

// badToken reads a 400. Where Google names the offending fields they decide;
// where it names none, the FcmError detail alone means the token.
func badToken(body io.Reader, fcmError bool) bool {
	var e struct {
		Error struct {
			Details []struct {
				Violations []struct {
					Field string `json:"field"`
				} `json:"fieldViolations"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.NewDecoder(body).Decode(&e) != nil {
		return false
	}
	named, token := 0, 0
	for _, d := range e.Error.Details {
		for _, v := range d.Violations {
			named++
			if v.Field == "message.token" {
				token++
			}
		}
	}
	if named > 0 {
		return token == named
	}
	return fcmError
}
