package notifications

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"
)

// messagingScope is the narrowest OAuth scope with which FCM sends.
const messagingScope = "https://www.googleapis.com/auth/firebase.messaging"

// FCMConfig says how to reach Firebase Cloud Messaging.
type FCMConfig struct {
	ProjectID       string // empty: the one in the credentials
	CredentialsFile string // service account key, or an external account (workload identity)
	CredentialsJSON []byte // the same, instead of a file

	// Endpoint replaces Google's, "/v1" included: fcmtest.Server.URL(). On
	// loopback it may go without credentials, anywhere else it may not, and
	// neither may it be plain http.
	Endpoint string

	Transport http.RoundTripper // nil: Go's, with 256 idle connections a host
	Timeout   time.Duration     // of one try; zero: 10 s

	// Now is the wall clock, by which Apple reads apns-expiration; nil:
	// time.Now. It is not the product's clock.
	Now func() time.Time
}

// NewFCM returns a Sender through the Firebase Admin SDK. It reads and checks
// the credentials and does not go to the network.
func NewFCM(ctx context.Context, c FCMConfig) (Sender, error) {
	if c.Transport == nil {
		c.Transport = pooled()
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	credentials, account, err := c.credentials()
	if err != nil {
		return nil, err
	}
	if c.ProjectID == "" {
		c.ProjectID = account.ProjectID
	}
	if c.ProjectID == "" {
		return nil, errors.New("fcm: a project id is needed: the credentials do not name one")
	}
	var opts []option.ClientOption
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" {
			return nil, errors.New("fcm: the endpoint is not a URL")
		}
		if !isLoopback(u) && (u.Scheme != "https" || credentials == nil) {
			return nil, errors.New("fcm: an endpoint that is not on loopback needs https and credentials")
		}
		opts = append(opts, option.WithEndpoint(c.Endpoint))
	} else if credentials == nil {
		return nil, errors.New("fcm: credentials are needed to send through Google")
	}

	// An http.Client given to the SDK replaces the SDK's own authentication,
	// so that the client brings it. oneTry stands outside it, to see a
	// failure to get an access token as well.
	transport := c.Transport
	if credentials != nil {
		transport, err = htransport.NewTransport(ctx, c.Transport,
			option.WithAuthCredentialsJSON(option.CredentialsType(account.Type), credentials),
			option.WithScopes(messagingScope),
			option.WithTelemetryDisabled())
		if err != nil {
			return nil, errors.New("fcm: the credentials cannot be used") // the cause may quote them
		}
	}
	opts = append(opts, option.WithHTTPClient(&http.Client{
		Transport:     oneTry{transport},
		CheckRedirect: noRedirect,
	}))
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: c.ProjectID}, opts...)
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	client, err := app.Messaging(ctx)
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	return &fcm{client: client, timeout: c.Timeout, now: c.Now}, nil
}

// account is what we read ourselves of a credentials file.
type account struct {
	Type       string `json:"type"`
	ProjectID  string `json:"project_id"`
	PrivateKey string `json:"private_key"`
}

// credentials loads and checks the key, so that a damaged one stops the
// server at the start and not the first push.
func (c FCMConfig) credentials() ([]byte, account, error) {
	var a account
	raw := c.CredentialsJSON
	if c.CredentialsFile != "" {
		if raw != nil {
			return nil, a, errors.New("fcm: give the credentials as a file or as JSON, not both")
		}
		var err error
		if raw, err = os.ReadFile(c.CredentialsFile); err != nil {
			return nil, a, fmt.Errorf("fcm: credentials file: %w", err)
		}
	}
	if raw == nil {
		return nil, a, nil
	}
	if json.Unmarshal(raw, &a) != nil {
		return nil, a, errors.New("fcm: the credentials are not JSON")
	}
	switch a.Type {
	case string(option.ExternalAccount):
		return raw, a, nil
	case string(option.ServiceAccount):
		block, _ := pem.Decode([]byte(a.PrivateKey))
		if block == nil {
			return nil, a, errors.New("fcm: the private key in the credentials is not PEM")
		}
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
			return nil, a, errors.New("fcm: the private key in the credentials is not PKCS #8")
		}
		return raw, a, nil
	}
	return nil, a, errors.New("fcm: the credentials are neither a service account nor an external account")
}

type fcm struct {
	client  *messaging.Client
	timeout time.Duration
	now     func() time.Time
}

func (f *fcm) Send(ctx context.Context, m Message) Result {
	if r, refused := refuse(m); refused {
		return r
	}
	now := f.now()
	msg := payload(m, now)
	if msg == nil {
		return Result{Outcome: Rejected, Detail: detailPayloadTooLarge, Alert: true}
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	id, err := f.client.Send(ctx, msg)
	if err != nil {
		return classify(ctx, err, now)
	}
	if id == "" {
		return Result{Outcome: Retry, Detail: detailBadResponse, Alert: true}
	}
	return Result{Outcome: Accepted, MessageID: id}
}
