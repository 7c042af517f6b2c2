package web

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

func TestLimiter(t *testing.T) {
	clock := &fakeClock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	l := newLimiter("user", 60, clock.now)
	for i := range 60 { // a phone that comes back sends all at once
		if left, _, ok := l.take("ravi"); !ok || left != 59-i {
			t.Fatalf("request %d: %v, %d left", i, ok, left)
		}
	}
	if left, until, ok := l.take("ravi"); ok || left != 0 || until != time.Second {
		t.Errorf("one too many: %v, %d left, until %v", ok, left, until)
	}
	if _, _, ok := l.take("asha"); !ok {
		t.Error("another user waits, too")
	}
	clock.advance(time.Second)
	if _, _, ok := l.take("ravi"); !ok {
		t.Error("after a second one more goes through")
	}
	if _, _, ok := l.take("ravi"); ok {
		t.Error("and two do")
	}
	clock.advance(time.Hour)
	if left, until, ok := l.take("ravi"); !ok || left != 59 || until != time.Second {
		t.Errorf("after an hour: %v, %d left, until %v", ok, left, until)
	}
	for i := range maxBuckets + 100 {
		_, _, _ = l.take(strconv.Itoa(i))
	}
	if len(l.buckets) != maxBuckets || l.recent.Len() != maxBuckets {
		t.Errorf("%d users are remembered, %d in the list", len(l.buckets), l.recent.Len())
	}
	if newLimiter("user", 0, clock.now) != nil {
		t.Error("0 limits")
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 1000 {
				_, _, _ = l.take(strconv.Itoa(i * j))
			}
		})
	}
	all.Wait()
}

func TestFloodsAreRefusedByUserAndAddress(t *testing.T) {
	clock := &fakeClock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	h := newHarness(t, func(c *Config) {
		c.RateUser, c.RateAddress, c.Now = 3, 2, clock.now
		c.User = func(c *fiber.Ctx) string { return c.Get("X-Who") }
	})
	header := func(a answer, policy, limit, retry string) {
		t.Helper()
		if a.Header.Get("RateLimit-Policy") != policy || a.Header.Get("RateLimit") != limit || a.Header.Get("Retry-After") != retry {
			t.Errorf("%q %q %q, want %q %q %q", a.Header.Get("RateLimit-Policy"), a.Header.Get("RateLimit"), a.Header.Get("Retry-After"), policy,
				limit, retry)
		}
	}
	for i := range 3 {
		a := h.do("GET", "/v1/visits", "", "X-Who: ravi")
		if a.StatusCode != 200 {
			t.Fatalf("request %d: %d", i, a.StatusCode)
		}
		header(a, `"user";q=3;w=60`, fmt.Sprintf(`"user";r=%d;t=%d`, 2-i, 20*(i+1)), "")
	}
	a := h.do("GET", "/v1/visits", "", "X-Who: ravi")
	h.want(a, 429, "rate_limited")
	header(a, `"user";q=3;w=60`, `"user";r=0;t=20`, "20")
	if a := h.do("GET", "/v1/visits", "", "X-Who: asha"); a.StatusCode != 200 {
		t.Errorf("another user: %d", a.StatusCode)
	}
	// Stop is answered all the same, as often as it comes.
	for range 10 {
		if a := h.do("POST", "/v1/visits/x/stop", `{}`, "X-Who: ravi"); a.StatusCode != 200 || a.Header.Get("RateLimit") != "" {
			t.Fatalf("a stop: %d", a.StatusCode)
		}
		if a := h.do("POST", "/v1/visits/x/stop", `{}`, "Authorization: "); a.StatusCode != 401 {
			t.Fatalf("a stop without a token: %d", a.StatusCode)
		}
	}
	// Without a token the address counts, whatever is asked for.
	h.want(h.do("GET", "/v1/visits", "", "Authorization: "), 401, "unauthenticated")
	h.want(h.do("GET", "/v1/nothing", ""), 404, "not_found")
	for _, path := range []string{"/v1/visits", "/v1/search?q=ab", "/v1/nothing", "/c/x", "/problems", "/docs", "/openapi.yaml"} {
		h.want(h.do("GET", path, "", "Authorization: "), 429, "rate_limited")
	}
	if a := h.do("GET", "/v1/visits", "", "X-Who: meena"); a.StatusCode != 200 {
		t.Errorf("who is signed in there: %d", a.StatusCode)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := h.do("GET", path, "", "Authorization: "); a.StatusCode != 200 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	clock.advance(30 * time.Second)
	h.want(h.do("GET", "/v1/visits", "", "Authorization: "), 401, "unauthenticated")
	h.want(h.do("GET", "/v1/visits", "", "Authorization: "), 429, "rate_limited")
}
