package web

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"doorstep/domain"
)

const (
	secretA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-first"
	secretB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-second"
)

func newTokens(t *testing.T, secrets string) *Tokens {
	t.Helper()
	tok, err := NewTokens(secrets, "doorstep", "doorstep-api", 0)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTokensAcrossRotation(t *testing.T) {
	old, both, young := newTokens(t, secretA), newTokens(t, secretB+", "+secretA), newTokens(t, secretB)
	id := uuid.New()
	token, expires, err := old.Issue(Claims{UserID: id, Role: "technician", Epoch: 7})
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Until(expires); d < 14*time.Minute || d > 15*time.Minute {
		t.Errorf("expires in %s", d)
	}
	for _, tok := range []*Tokens{old, both} {
		c, err := tok.Verify(token)
		if err != nil || c.UserID != id || c.Role != "technician" || c.Epoch != 7 || c.Expires.Unix() != expires.Unix() {
			t.Errorf("%+v %v", c, err)
		}
	}
	if _, err := young.Verify(token); !domain.IsCode(err, domain.CodeUnauthenticated) {
		t.Errorf("a retired key still verifies: %v", err)
	}
	token, _, _ = both.Issue(Claims{UserID: id, Role: "technician", Epoch: 7})
	if _, err := young.Verify(token); err != nil {
		t.Errorf("the first key does not sign: %v", err)
	}
}

func TestTokensRefuse(t *testing.T) {
	tok := newTokens(t, secretA)
	id := uuid.New()
	good, _, _ := tok.Issue(Claims{UserID: id, Role: "agent", Epoch: 1})
	now := time.Now()
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		m := jwt.MapClaims{"iss": "doorstep", "aud": "doorstep-api", "sub": id.String(), "role": "agent", "epoch": 1,
			"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		change(m)
		return m
	}
	sign := func(method jwt.SigningMethod, key any, header map[string]any, m jwt.MapClaims) string {
		j := jwt.NewWithClaims(method, m)
		j.Header["typ"], j.Header["kid"] = tokenType, tok.signer
		for k, v := range header {
			if v == nil {
				delete(j.Header, k)
			} else {
				j.Header[k] = v
			}
		}
		s, err := j.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	key, none := []byte(secretA), func(jwt.MapClaims) {}
	if _, err := tok.Verify(sign(jwt.SigningMethodHS256, key, nil, claims(none))); err != nil {
		t.Fatalf("the table's base is refused: %v", err)
	}
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty":            "",
		"word":             "x",
		"two parts":        parts[0] + "." + parts[1],
		"other signature":  parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"huge":             strings.Repeat("a", 1<<20),
		"none":             sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, claims(none)),
		"HS512":            sign(jwt.SigningMethodHS512, key, nil, claims(none)),
		"typ JWT":          sign(jwt.SigningMethodHS256, key, map[string]any{"typ": "JWT"}, claims(none)),
		"no typ":           sign(jwt.SigningMethodHS256, key, map[string]any{"typ": nil}, claims(none)),
		"unknown kid":      sign(jwt.SigningMethodHS256, key, map[string]any{"kid": "00000000"}, claims(none)),
		"no kid":           sign(jwt.SigningMethodHS256, key, map[string]any{"kid": nil}, claims(none)),
		"kid no string":    sign(jwt.SigningMethodHS256, key, map[string]any{"kid": 7}, claims(none)),
		"other key":        sign(jwt.SigningMethodHS256, []byte(secretB), nil, claims(none)),
		"other issuer":     sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["iss"] = "x" })),
		"other audience":   sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["aud"] = "x" })),
		"no audience":      sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { delete(m, "aud") })),
		"no exp":           sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { delete(m, "exp") })),
		"expired":          sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["exp"] = now.Add(-6 * time.Second).Unix() })),
		"from the future":  sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["iat"] = now.Add(time.Minute).Unix() })),
		"no subject":       sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { delete(m, "sub") })),
		"subject no uuid":  sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["sub"] = "root" })),
		"no role":          sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { delete(m, "role") })),
		"epoch no number":  sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["epoch"] = "x" })),
		"epoch fractional": sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["epoch"] = 1.5 })),
	} {
		if _, err := tok.Verify(token); !domain.IsCode(err, domain.CodeUnauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := sign(jwt.SigningMethodHS256, key, nil, claims(func(m jwt.MapClaims) { m["exp"] = now.Add(-2 * time.Second).Unix() }))
	if _, err := tok.Verify(late); err != nil {
		t.Errorf("a clock two seconds off is refused: %v", err)
	}
}

func TestTokenSecretsAreDemanded(t *testing.T) {
	for _, bad := range []string{"", "short", secretA + ",", secretA + "," + secretA, secretA + ",short"} {
		if _, err := NewTokens(bad, "i", "a", 0); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := NewTokens(secretA, "", "a", 0); err == nil {
		t.Error("no issuer is taken")
	}
}

func TestPasswords(t *testing.T) {
	p, ctx := NewPasswords(), t.Context()
	phc, err := p.Hash(ctx, "correct horse é")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s %v", phc, err)
	}
	other, _ := p.Hash(ctx, "correct horse é")
	if other == phc {
		t.Error("two hashes share a salt")
	}
	for pw, want := range map[string]bool{"correct horse é": true, "correct horse e\u0301": true, "correct horse e": false, "": false} {
		if ok, err := p.Verify(ctx, phc, pw); ok != want || err != nil {
			t.Errorf("%q: %v %v", pw, ok, err)
		}
	}
	if err := p.VerifyNobody(ctx, "x"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "x", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
		"$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
		"$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2id$v=19$m=19456,t=2,p=999$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"} {
		if _, err := p.Verify(ctx, bad, "x"); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestPasswordsWaitNoLongerThanTheRequest(t *testing.T) {
	p := NewPasswords()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := p.Verify(ctx, p.dummy, "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func (f *fakeClock) now() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.t }
func (f *fakeClock) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = f.t.Add(d)
}
