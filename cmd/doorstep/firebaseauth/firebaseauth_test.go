package firebaseauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
)

// google is what the SDK asks of Google: its certificates, an access token, an account.
type google struct {
	*httptest.Server
	key      *rsa.PrivateKey
	accounts map[string]map[string]any // by Firebase's id
	down     bool
}

const project = "brand-apps"

// newGoogle stands where Google does: every connection of the SDK ends there.
func newGoogle(t *testing.T) *google {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	now := time.Now()
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now,
		NotAfter: now.Add(time.Hour)}, &x509.Certificate{}, key.Public(), key)
	must(t, err)
	g := &google{key: key, accounts: map[string]map[string]any{}}
	g.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{}
		switch {
		case g.down:
			w.WriteHeader(http.StatusForbidden)
		case strings.Contains(r.URL.Path, "/metadata/x509/"):
			answer["k1"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
		case r.URL.Path == "/token":
			answer["access_token"], answer["token_type"], answer["expires_in"] = "x", "Bearer", 3600
		case strings.HasSuffix(r.URL.Path, "/accounts:lookup") && r.Header.Get("Authorization") == "Bearer x":
			var asked struct{ LocalID []string }
			raw, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(raw, &asked)
			if account := g.accounts[asked.LocalID[0]]; account != nil {
				answer["users"] = []any{account}
			}
		default:
			w.WriteHeader(http.StatusNotFound)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(g.Close)
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	http.DefaultTransport = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, g.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- the server of this test
	}
	return g
}

// signs makes an ID token; change alters its claims.
func (g *google) signs(t *testing.T, with *rsa.PrivateKey, change map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{"iss": "https://securetoken.google.com/" + project, "aud": project, "sub": "ravi", "iat": now - 60,
		"exp": now + 3600, "auth_time": now - 60, "phone_number": "+919876543210"}
	for k, v := range change {
		claims[k] = v
	}
	part := func(v any) string {
		raw, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	head := part(map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(head))
	signature, err := rsa.SignPKCS1v15(rand.Reader, with, crypto.SHA256, sum[:])
	must(t, err)
	return head + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// credentials writes the file of a service account.
func (g *google) credentials(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(g.key)
	must(t, err)
	raw, err := json.Marshal(map[string]string{"type": "service_account", "project_id": project, "client_email": "x@" + project + ".example",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "private_key_id": "k1",
		"token_uri": "https://oauth2.googleapis.com/token"})
	must(t, err)
	file := filepath.Join(t.TempDir(), "account.json")
	must(t, os.WriteFile(file, raw, 0o600))
	return file
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhoseNumberATokenProves: signed by Google, of our project, good now, not revoked, of
// an account that is not disabled; each refusal says which it is.
func TestWhoseNumberATokenProves(t *testing.T) {
	g := newGoogle(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	phoneOf, err := New(t.Context(), Config{Project: project, Credentials: g.credentials(t)})
	must(t, err)
	since := func(d time.Duration) string { return big.NewInt(time.Now().Add(d).Unix()).String() }
	g.accounts["ravi"] = map[string]any{"localId": "ravi", "validSince": since(-time.Hour)}
	g.accounts["ended"] = map[string]any{"localId": "ended", "validSince": since(time.Minute)}
	g.accounts["off"] = map[string]any{"localId": "off", "validSince": since(-time.Hour), "disabled": true}

	if phone, err := phoneOf(t.Context(), g.signs(t, g.key, nil)); err != nil || phone != "+919876543210" {
		t.Fatalf("a good token: %s, %v", phone, err)
	}
	for what, c := range map[string]struct {
		token string
		want  domain.Code
	}{
		"another key":     {g.signs(t, other, nil), domain.CodeIDTokenInvalid},
		"no token":        {"x", domain.CodeIDTokenInvalid},
		"another issuer":  {g.signs(t, g.key, map[string]any{"iss": "https://securetoken.google.com/x"}), domain.CodeIDTokenInvalid},
		"another project": {g.signs(t, g.key, map[string]any{"aud": "x", "iss": "https://securetoken.google.com/x"}), domain.CodeIDTokenProject},
		"expired":         {g.signs(t, g.key, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), domain.CodeIDTokenExpired},
		"revoked":         {g.signs(t, g.key, map[string]any{"sub": "ended"}), domain.CodeIDTokenRevoked},
		"deleted":         {g.signs(t, g.key, map[string]any{"sub": "gone"}), domain.CodeIDTokenRevoked},
		"disabled":        {g.signs(t, g.key, map[string]any{"sub": "off"}), domain.CodeAccountDisabled},
		"no number":       {g.signs(t, g.key, map[string]any{"phone_number": nil}), domain.CodeNumberUnknown},
	} {
		if phone, err := phoneOf(t.Context(), c.token); !domain.IsCode(err, c.want) || phone != "" {
			t.Errorf("%s: %q, %v, want %s", what, phone, err, c.want)
		}
	}
	g.down = true
	if _, err := phoneOf(t.Context(), g.signs(t, g.key, nil)); !domain.IsCode(err, domain.CodeUnavailable) {
		t.Errorf("Google refuses us: %v", err)
	}
}

// TestNobodySignsInWithoutASignature: what switches signatures off is refused, but for an
// emulator on loopback.
func TestNobodySignsInWithoutASignature(t *testing.T) {
	for _, c := range []Config{{Credentials: "x"}, {Project: project}, {Project: project, Emulator: "10.0.0.7:9099"},
		{Project: project, Emulator: "emulator"}, {Project: project, Credentials: "/no/such/file"}} {
		if f, err := New(t.Context(), c); err == nil || f != nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if f, err := New(t.Context(), Config{}); err != nil || f != nil {
		t.Errorf("nothing configured: %v", err)
	}
	if f, err := New(t.Context(), Config{Project: project, Emulator: "127.0.0.1:1"}); err != nil || f == nil || os.Getenv(emulatorHost) != "" {
		t.Errorf("an emulator: %v, and %s is left set", err, emulatorHost)
	}
	t.Setenv(emulatorHost, "127.0.0.1:1")
	if _, err := New(t.Context(), Config{Project: project, Credentials: newGoogle(t).credentials(t)}); err == nil {
		t.Errorf("%s of the environment is taken", emulatorHost)
	}
}
