package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
		"$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
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

func newThrottle() (*Throttle, *fakeClock) {
	clock := &fakeClock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	return NewThrottle(clock.now), clock
}

func retryAfter(err error) time.Duration {
	var e *domain.Error
	if errors.As(err, &e) && e.Code == domain.CodeThrottled {
		return e.RetryAfter
	}
	return 0
}

var home, elsewhere = netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("198.51.100.9")

func TestThrottleByAccount(t *testing.T) {
	th, clock := newThrottle()
	tryWrong := func(account string, addr netip.Addr) error {
		done, err := th.Try(account, addr)
		if err == nil {
			done(false)
			done(true) // only the first word counts
		}
		return err
	}
	for i := range freeByAccount {
		if err := tryWrong("Ravi", home); err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		err := tryWrong(" ravi ", elsewhere)
		if got := retryAfter(err); got != want {
			t.Fatalf("wait %s, want %s (%v)", got, want, err)
		}
		clock.advance(want)
		if err := tryWrong("ravi", elsewhere); err != nil {
			t.Fatalf("after %s: %v", want, err)
		}
	}
	if err := tryWrong("asha", home); err != nil {
		t.Errorf("another account waits, too: %v", err)
	}
	clock.advance(2 * time.Hour)
	for i := range freeByAccount {
		if err := tryWrong("ravi", home); err != nil {
			t.Fatalf("failures are never forgotten: try %d: %v", i, err)
		}
	}
}

func TestThrottleSuccessClears(t *testing.T) {
	th, _ := newThrottle()
	for range 3 {
		for i := range freeByAccount {
			done, err := th.Try("ravi", home)
			if err != nil {
				t.Fatal(err)
			}
			done(i == freeByAccount-1)
		}
	}
}

func TestThrottleByAddress(t *testing.T) {
	th, _ := newThrottle()
	six := func(host int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", host+1)) }
	for i := range freeByAddress {
		done, err := th.Try(fmt.Sprint("user", i), six(i)) // one customer's /64
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		done(false)
	}
	if _, err := th.Try("another", six(99)); retryAfter(err) != firstDelay {
		t.Errorf("the address goes on: %v", err)
	}
	if _, err := th.Try("another", netip.MustParseAddr("2001:db8:1:3::1")); err != nil {
		t.Errorf("the neighbour waits: %v", err)
	}
}

// A stranger who guesses Ravi's password for ever never keeps Ravi out of where
// he signs in.
func TestThrottleNeverLocksTheOwnerOut(t *testing.T) {
	th, clock := newThrottle()
	done, _ := th.Try("ravi", home)
	done(true)
	for range 100 {
		if done, err := th.Try("ravi", elsewhere); err == nil {
			done(false)
		}
		clock.advance(10 * time.Second)
		done, err := th.Try("ravi", home)
		if err != nil {
			t.Fatal(err)
		}
		done(true)
	}
	// Where he signs in, guessing is slowed down all the same.
	for range freeByAccount {
		if done, err := th.Try("ravi", home); err == nil {
			done(false)
		}
	}
	if _, err := th.Try("ravi", home); retryAfter(err) == 0 {
		t.Error("a known address may guess for ever")
	}
}

// Guesses sent all at once gain one small burst over guesses one by one: an
// app that starts with several sign-ins is not a guesser yet.
func TestThrottleBurst(t *testing.T) {
	th, _ := newThrottle()
	var running []func(bool)
	for range 200 {
		if done, err := th.Try("ravi", home); err == nil {
			running = append(running, done)
		}
	}
	if len(running) > 4*freeByAccount {
		t.Errorf("%d guesses got through in one burst", len(running))
	}
	for _, done := range running {
		done(false)
	}
	if _, err := th.Try("ravi", home); retryAfter(err) < firstDelay {
		t.Errorf("after the burst: %v", err)
	}
}

func TestThrottleInParallel(t *testing.T) {
	th, clock := newThrottle()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for range 100 {
				if done, err := th.Try(fmt.Sprint("user", i%7), home); err == nil {
					done(i%3 == 0)
				}
				clock.advance(time.Second)
			}
		})
	}
	wg.Wait()
	for el := th.recent.Front(); el != nil; el = el.Next() {
		if e := el.Value.(*throttleEntry); e.inFlight != 0 {
			t.Fatalf("%d tries are still counted as running", e.inFlight)
		}
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th, _ := newThrottle()
	for i := range maxThrottled + 1000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if done, err := th.Try(fmt.Sprint(i), addr); err == nil {
			done(false)
		}
	}
	if len(th.entries) > maxThrottled || th.recent.Len() != len(th.entries) {
		t.Errorf("%d entries, %d in the list", len(th.entries), th.recent.Len())
	}
}
