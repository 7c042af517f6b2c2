package notifications

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Message is one push to one device token. Title and Body appear on lock
// screens: they hold no name, address or safety word.
type Message struct {
	Token string
	Title string // with Body empty too: a silent push that wakes the app
	Body  string // cut on a rune when the payload would exceed FCM's limit
	Data  map[string]string

	// TTL is how long FCM may keep trying: until the notice means nothing
	// any more. Nothing is sent when it is zero or negative.
	TTL time.Duration

	// High wakes a sleeping phone at once. It is for what cannot wait;
	// Google lowers the priority of apps that use it for everything.
	High bool

	// Alarm rings with the phone's alarm sound, whatever it is set to.
	Alarm bool

	// CollapseKey lets a newer push replace an older one with the same key.
	// FCM keeps at most 4 keys waiting for one device and drops others, so
	// that a key is for what the newest push fully replaces. An SOS has none.
	CollapseKey string

	// Link opens when the push is tapped; it travels as data["link"] and, for
	// browsers, as the link of the notification.
	Link string
}

// Text is one written message to a person who has no device registered.
type Text struct {
	ID        string // webhook-id: the same on each retry, so that the receiver can drop the second
	To        string // E.164 or e-mail address
	Channel   string // "sms", "whatsapp" or "email"
	Language  string // BCP 47
	Body      string
	ExpiresAt time.Time // zero: never
}

// Sender sends one push. It is safe for concurrent use, tries once, and
// always comes back with an outcome; trying again is the queue's business.
type Sender interface {
	Send(ctx context.Context, m Message) Result
}

// Outcome says what became of one try.
type Outcome string

// The outcomes of a try. Only Retry and Misconfigured are worth another one.
const (
	Accepted      Outcome = "accepted"      // the provider has taken it over
	Retry         Outcome = "retry"         // nothing is wrong with the message: later
	Dropped       Outcome = "dropped"       // the token is dead: forget it
	Rejected      Outcome = "rejected"      // this message will never be taken: our defect
	Misconfigured Outcome = "misconfigured" // our keys, project or address: somebody must mend it
	Expired       Outcome = "expired"       // too late to mean anything; nothing was sent
)

// Result is what became of one try. It holds no token, text, address or
// secret and may be stored and logged as it is.
type Result struct {
	Outcome    Outcome
	MessageID  string        // the provider's name for it, when accepted
	Detail     string        // class of the failure, one word of a closed list
	RetryAfter time.Duration // do not try before; zero: the provider did not say
	DropToken  bool          // delete the device's token
	Alert      bool          // a person who runs the server must look
}

// retryable reports whether another try can succeed.
func (r Result) retryable() bool { return r.Outcome == Retry || r.Outcome == Misconfigured }

// The words of Result.Detail.
const (
	detailBadResponse      = "bad_response" // success without FCM's answer: something stands between
	detailBadRequest       = "bad_request"  // the provider names a fault in our payload
	detailCancelled        = "cancelled"    // the caller gave up
	detailCredentials      = "credentials"  // no access token to be had with our key
	detailDNS              = "dns"          // the provider's name does not resolve
	detailExpired          = "expired"
	detailGone             = "gone"            // the webhook asks never to be called again
	detailInternal         = "internal"        // 5xx
	detailInvalidMessage   = "invalid_message" // refused before it left the house
	detailInvalidToken     = "invalid_token"
	detailNetwork          = "network"   // any other failure on the way
	detailNotFound         = "not_found" // 404 that does not speak of the token
	detailPayloadTooLarge  = "payload_too_large"
	detailPermissionDenied = "permission_denied" // the API is off, or our account may not
	detailQuotaExceeded    = "quota_exceeded"    // 429
	detailRedirect         = "redirect"          // the webhook has moved; we do not follow
	detailRefused          = "connection_refused"
	detailReset            = "connection_reset"
	detailSenderIDMismatch = "sender_id_mismatch" // the token belongs to another project
	detailThirdPartyAuth   = "third_party_auth"   // APNs or web push key in the Firebase console
	detailTimeout          = "timeout"
	detailTLS              = "tls"             // the other end's certificate is not good
	detailUnauthenticated  = "unauthenticated" // our access token or signature is refused
	detailUnavailable      = "unavailable"     // 503
	detailUnexpectedStatus = "unexpected_status"
	detailUnregistered     = "unregistered" // the app is gone from the device
)

const (
	minQuotaWait   = time.Minute      // Google asks for a minute at least after a 429
	maxRetryAfter  = time.Hour        // a longer wish is a mistake or outlives the notice
	defaultTimeout = 10 * time.Second // for one try, from dialling to the last byte
	maxResponse    = 64 << 10         // bytes read of an answer
	maxIdleConns   = 256              // Go keeps 2 a host, which halves the rate at 64 workers
)

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	var d time.Duration
	if seconds, err := strconv.Atoi(v); err == nil {
		d = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// pooled is Go's transport with room for as many idle connections as there
// are workers.
func pooled() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdleConns, maxIdleConns
	return t
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
