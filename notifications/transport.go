package notifications

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"cloud.google.com/go/auth"
)

// causeHeader carries the reason of a failed connection from oneTry to
// classify, through the SDK that stands between them.
const causeHeader = "Doorstep-Cause"

// oneTry makes the Firebase SDK try once. The SDK repeats a 503 and any
// connection error four times over 7 s inside the call, which holds a worker
// and does not survive a restart; the queue is there for that. Both reach the
// SDK as a 500, which it never repeats, with Retry-After and Google's words
// kept.
type oneTry struct{ base http.RoundTripper }

func (t oneTry) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(resp.Body, maxResponse))
		_ = resp.Body.Close()
	}
	if err != nil {
		if req.Context().Err() != nil {
			return nil, err // the SDK gives up with its caller
		}
		return &http.Response{
			StatusCode: http.StatusInternalServerError,
			Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header:  http.Header{causeHeader: {cause(err)}},
			Body:    io.NopCloser(strings.NewReader("{}")),
			Request: req,
		}, nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Header.Del(causeHeader)
	if resp.StatusCode == http.StatusServiceUnavailable {
		resp.StatusCode = http.StatusInternalServerError
		resp.Header.Set(causeHeader, detailUnavailable)
	}
	return resp, nil
}

// cause names why there was no answer. The error's own text is not used: it
// holds addresses.
func cause(err error) string {
	if ae, ok := errors.AsType[*auth.Error](err); ok {
		if ae.Temporary() {
			return detailUnavailable
		}
		return detailCredentials
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return detailTLS
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return detailDNS
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return detailRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return detailReset
	case os.IsTimeout(err):
		return detailTimeout
	}
	return detailNetwork
}

// failure turns a cause into a result.
func failure(cause string) Result {
	switch cause {
	case detailCredentials, detailTLS:
		return Result{Outcome: Misconfigured, Detail: cause, Alert: true}
	}
	return Result{Outcome: Retry, Detail: cause}
}
