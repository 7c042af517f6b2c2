package web

import (
	"container/list"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/time/rate"

	"doorstep/domain"
)

// maxBuckets of users or addresses are remembered; the longest unused goes
// first, and whoever was forgotten starts anew.
const maxBuckets = 50_000

// limiter counts requests by key in memory of this replica: a read that is
// counted writes nothing. Whoever was still for the window may send the whole quota at once.
type limiter struct {
	quota domain.Quota
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*list.Element
	recent  *list.List // front: last used
}

type bucket struct {
	key string
	*rate.Limiter
}

// newLimiter gives nil, which limits nothing, for no quota.
func newLimiter(name string, aMinute int, now func() time.Time) *limiter {
	if aMinute <= 0 {
		return nil
	}
	return &limiter{quota: domain.Quota{Name: name, Most: aMinute, Window: time.Minute}, now: now,
		buckets: map[string]*list.Element{}, recent: list.New()}
}

// take counts one request. left is what remains, until how long it takes to
// have the whole quota again, or after a refusal the next request.
func (l *limiter) take(key string) (left int, until time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	el, found := l.buckets[key]
	if found {
		l.recent.MoveToFront(el)
	} else {
		for len(l.buckets) >= maxBuckets {
			oldest := l.recent.Back()
			delete(l.buckets, oldest.Value.(*bucket).key)
			l.recent.Remove(oldest)
		}
		el = l.recent.PushFront(&bucket{key, rate.NewLimiter(rate.Every(l.quota.Window/time.Duration(l.quota.Most)), l.quota.Most)})
		l.buckets[key] = el
	}
	b := el.Value.(*bucket)
	ok = b.AllowN(now, 1)
	tokens := b.TokensAt(now)
	missing := float64(l.quota.Most) - tokens
	if !ok {
		missing = 1 - tokens
	}
	return max(0, int(tokens)), time.Duration(missing / float64(b.Limit()) * float64(time.Second)), ok
}

// limitUser counts a request by who is signed in, limitAddress by where it
// comes from.
func (s *Server) limitUser(c *fiber.Ctx) error {
	if device, _ := DeviceCredential(c); device != "" { // whoever has one is in danger; a wrong one was refused
		return unlimited(c)
	}
	if s.cfg.User == nil {
		return c.Next()
	}
	return s.limited(c, s.byUser, s.cfg.User(c))
}

func (s *Server) limitAddress(c *fiber.Ctx) error {
	return s.limited(c, s.byAddress, AddressBlock(s.ClientIP(c)))
}

func (s *Server) limited(c *fiber.Ctx, by *limiter, key string) error {
	if err := s.count(c, by, key); err != nil {
		return err
	}
	return c.Next()
}

// unlimited is for what must always be answered: stop, SOS, health, the credential of a phone.
func unlimited(c *fiber.Ctx) error {
	c.Locals(localCounted, true)
	return c.Next()
}

func (s *Server) count(c *fiber.Ctx, by *limiter, key string) error {
	c.Locals(localCounted, true)
	if by == nil {
		return nil
	}
	left, until, ok := by.take(key)
	if !ok {
		e := domain.Fail(domain.CodeRateLimited, "More than %d requests in %d seconds. Go on in %d seconds.",
			by.quota.Most, int(by.quota.Window.Seconds()), wholeSeconds(until))
		e.RetryAfter, e.Quota = until, &by.quota
		return e
	}
	setRateLimit(c, &by.quota, left, until)
	return nil
}

// countRefused counts by address what was refused before anybody counted it: no
// token, no such address, broken HTTP.
func (s *Server) countRefused(c *fiber.Ctx, err error) error {
	if counted, _ := c.Locals(localCounted).(bool); counted || err == nil {
		return err
	}
	if late := s.count(c, s.byAddress, AddressBlock(s.ClientIP(c))); late != nil {
		return late
	}
	return err
}

func wholeSeconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

func setRateLimit(c *fiber.Ctx, q *domain.Quota, left int, until time.Duration) {
	c.Set(headerRateLimitPolicy, fmt.Sprintf("%q;q=%d;w=%d", q.Name, q.Most, int(q.Window.Seconds())))
	c.Set(headerRateLimit, fmt.Sprintf("%q;r=%d;t=%d", q.Name, left, wholeSeconds(until)))
}
