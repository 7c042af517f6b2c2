package api

import (
	"container/list"
	"crypto/sha256"
	"net/netip"
	"strings"
	"sync"
	"time"

	"doorstep/domain"
)

// The limits of the sign-in throttle. Nothing locks out for good: the longest
// wait is 15 minutes, an hour without failures forgets them, and somebody who
// has signed in from an address before is not held up there by strangers who
// guess elsewhere.
const (
	freeByAccount = 5
	freeByAddress = 100 // a whole centre signs in from one address
	firstDelay    = 30 * time.Second
	longestDelay  = 15 * time.Minute
	forgetAfter   = time.Hour
	trustFor      = 30 * 24 * time.Hour
	maxThrottled  = 20_000 // entries; the longest unused goes first
)

// Throttle slows down guessing of passwords and codes. It counts failures only,
// by account and by address, in memory of this replica.
type Throttle struct {
	mu      sync.Mutex
	now     func() time.Time
	entries map[throttleKey]*list.Element
	recent  *list.List // front: last used
}

// Keys are hashed: long logins cost no memory, and a dump shows no names.
type throttleKey [16]byte

type throttleEntry struct {
	key      throttleKey
	failures int
	inFlight int
	until    time.Time // no try before
	last     time.Time
	trusted  time.Time // signed in from here last
}

// NewThrottle takes the clock; wall time outside tests.
func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{now: now, entries: map[throttleKey]*list.Element{}, recent: list.New()}
}

// Try asks before a password is compared. CodeThrottled with RetryAfter when
// it is too early; otherwise done must be called once with the outcome. Tries
// under way count as failures until then, so that a burst in parallel gains
// nothing.
func (t *Throttle) Try(account string, addr netip.Addr) (done func(success bool), err error) {
	account = strings.ToLower(strings.TrimSpace(account))
	address := addressBlock(addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()

	pair := t.get(keyOf("pair", account, address), now, false)
	byAccount := keyOf("account", account)
	known := pair != nil && now.Sub(pair.trusted) < trustFor
	if known { // this household of addresses counts alone
		byAccount = pair.key
	}
	a := t.get(byAccount, now, true)
	b := t.get(keyOf("address", address), now, true)
	wait := a.wait(freeByAccount, now)
	if !known {
		wait = max(wait, b.wait(freeByAddress, now))
	}
	if wait > 0 {
		e := domain.Fail(domain.CodeThrottled, "Too many failed tries. Try again in %d seconds.", int((wait+time.Second-1)/time.Second))
		e.RetryAfter = wait
		return nil, e
	}
	a.inFlight++
	b.inFlight++
	var once sync.Once
	return func(success bool) {
		once.Do(func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			now := t.now()
			a.inFlight--
			b.inFlight--
			if !success {
				a.fail(freeByAccount, now)
				b.fail(freeByAddress, now)
				return
			}
			a.failures, a.until = 0, time.Time{}
			if account != "" {
				t.get(keyOf("pair", account, address), now, true).trusted = now
			}
		})
	}, nil
}

// wait tells how long this entry asks for. Beyond the free tries one at a time
// is let through.
func (e *throttleEntry) wait(free int, now time.Time) time.Duration {
	if w := e.until.Sub(now); w > 0 {
		return w
	}
	// Without a failure so far a burst is more likely an app that starts than
	// somebody who guesses; it is still bounded.
	if e.failures == 0 {
		free *= 4
	}
	if e.inFlight > 0 && e.failures+e.inFlight >= free {
		return time.Second
	}
	return 0
}

func (e *throttleEntry) fail(free int, now time.Time) {
	e.failures++
	e.last = now
	if over := e.failures - free; over >= 0 {
		delay := longestDelay
		if over < 10 {
			delay = min(longestDelay, firstDelay<<over)
		}
		e.until = now.Add(delay)
	}
}

// get finds an entry, forgets old failures, and makes one when asked to.
func (t *Throttle) get(key throttleKey, now time.Time, create bool) *throttleEntry {
	if el, ok := t.entries[key]; ok {
		t.recent.MoveToFront(el)
		e := el.Value.(*throttleEntry)
		if e.failures > 0 && now.Sub(e.last) > forgetAfter && !now.Before(e.until) {
			e.failures = 0
		}
		return e
	}
	if !create {
		return nil
	}
	for len(t.entries) >= maxThrottled {
		oldest := t.recent.Back()
		delete(t.entries, oldest.Value.(*throttleEntry).key)
		t.recent.Remove(oldest)
	}
	e := &throttleEntry{key: key}
	t.entries[key] = t.recent.PushFront(e)
	return e
}

func keyOf(parts ...string) throttleKey {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return throttleKey(sum[:16])
}

// addressBlock counts an IPv6 customer's /64 as one, because all of it is his.
func addressBlock(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
