package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"doorstep/domain"
)

// The limits of guessing. Nothing locks out for good: the longest wait is 15
// minutes, an hour without failures forgets them, and somebody who has signed in
// from an address before is not held up there by strangers who guess elsewhere.
const (
	freeByAccount = 5
	freeByAddress = 100            // a whole centre signs in from one address
	trustAnew     = 24 * time.Hour // trust is written again after this
	throttleRead  = 2 * time.Second
	throttleWrite = 3 * time.Second
	throttleRows  = 1 << 18 // of accounts and of addresses: more of them share rows, which slows nobody for good
)

// A Try is a guess at a secret, or somebody who knows it.
type Try struct {
	Kind    string // what is tried; each kind counts addresses for itself
	Account string // whose secret, or which one
	Address string // as much of it as one customer has
	// Trust remembers that the account came from this address, so that failures
	// elsewhere do not hold it up here.
	Trust bool
}

// BeginTry asks before a secret is compared. CodeThrottled with RetryAfter when
// it is too early; otherwise done must be called once with the outcome. Tries
// under way count as failures until then. A database that does not answer
// throttles nobody: nothing can be compared without it either.
func (s *Service) BeginTry(ctx context.Context, in Try) (done func(success bool), err error) {
	account := strings.ToLower(strings.TrimSpace(in.Account))
	pair := s.throttleKey("pair", in.Kind, account, in.Address)
	byAccount := s.throttleKey("account", in.Kind, account)
	byAddress := s.throttleKey("address", in.Kind, in.Address)
	keys := []string{byAccount, byAddress}
	if in.Trust {
		keys = append(keys, pair)
	}
	rows := s.throttles(ctx, keys)

	t := s.Tries
	t.mu.Lock()
	defer t.mu.Unlock()
	now := s.tryTime()
	trusted := t.latest(pair, rows, now).TrustedAt
	known := in.Trust && trusted != nil && now.Sub(*trusted) < domain.TrustFor
	if known { // this household of addresses counts alone
		byAccount = pair
	}
	a, b := t.entry(byAccount), t.entry(byAddress)
	wait := a.wait(t.latest(byAccount, rows, now), freeByAccount, now)
	quota := domain.Quota{Name: "tries-by-account", Most: freeByAccount, Window: domain.ForgetAfter}
	if w := b.wait(t.latest(byAddress, rows, now), freeByAddress, now); !known && w > wait {
		wait, quota = w, domain.Quota{Name: "tries-by-address", Most: freeByAddress, Window: domain.ForgetAfter}
	}
	if wait > 0 {
		return nil, tooManyTries(wait, quota)
	}
	a.inFlight++
	b.inFlight++
	var once sync.Once
	return func(success bool) {
		once.Do(func() {
			s.endTry(ctx, in, success, byAccount, byAddress, pair)
			t.mu.Lock()
			defer t.mu.Unlock()
			a.inFlight--
			b.inFlight--
		})
	}, nil
}

func (s *Service) endTry(ctx context.Context, in Try, success bool, byAccount, byAddress, pair string) {
	now := s.tryTime()
	if !success {
		s.change(ctx, now, map[string]func(*domain.Throttle){
			byAccount: func(r *domain.Throttle) { r.Fail(freeByAccount, now) },
			byAddress: func(r *domain.Throttle) { r.Fail(freeByAddress, now) },
		})
		return
	}
	rows := s.throttles(ctx, []string{byAccount, pair})
	s.Tries.mu.Lock()
	failed := s.Tries.latest(byAccount, rows, now).Failures > 0
	trusted := s.Tries.latest(pair, rows, now).TrustedAt
	s.Tries.mu.Unlock()
	changes := map[string]func(*domain.Throttle){}
	if failed {
		changes[byAccount] = func(r *domain.Throttle) { r.Failures, r.UntilAt, r.ChangedAt = 0, nil, now }
	}
	if in.Trust && in.Account != "" && (trusted == nil || now.Sub(*trusted) > trustAnew) {
		clear := changes[pair]
		changes[pair] = func(r *domain.Throttle) {
			if clear != nil {
				clear(r)
			}
			r.TrustedAt, r.ChangedAt = &now, now
		}
	}
	s.change(ctx, now, changes)
}

// Missed counts a secret that named nothing, such as an unknown link, after it
// was looked up: whoever has a true one is never held up by others who guess from
// the same address. CodeThrottled when there were too many, which is not counted.
func (s *Service) Missed(ctx context.Context, kind, address string) error {
	key := s.throttleKey("address", kind, address)
	rows := s.throttles(ctx, []string{key})
	now := s.tryTime()
	s.Tries.mu.Lock()
	row := s.Tries.latest(key, rows, now)
	s.Tries.mu.Unlock()
	if row.UntilAt != nil && row.UntilAt.After(now) {
		return tooManyTries(row.UntilAt.Sub(now), domain.Quota{Name: "misses-by-address", Most: freeByAddress, Window: domain.ForgetAfter})
	}
	s.change(ctx, now, map[string]func(*domain.Throttle){key: func(r *domain.Throttle) { r.Fail(freeByAddress, now) }})
	return nil
}

func tooManyTries(wait time.Duration, quota domain.Quota) *domain.Error {
	e := domain.Fail(domain.CodeThrottled, "Too many failed tries. Try again in %d seconds.", int((wait+time.Second-1)/time.Second))
	e.RetryAfter, e.Quota = wait, &quota
	return e
}

func (s *Service) tryTime() time.Time { return s.Wall().UTC().Truncate(time.Microsecond) }

func (s *Service) throttleKey(kind string, parts ...string) string {
	m := hmac.New(sha256.New, s.Keys.Derive("throttle"))
	m.Write([]byte(strings.Join(append([]string{kind}, parts...), "\x00")))
	sum := m.Sum(nil)
	if kind == "pair" { // only who has signed in makes one, and nobody else shall share it
		return kind + " " + hex.EncodeToString(sum[:16])
	}
	sum[0] &= byte(throttleRows>>16 - 1)
	return kind + " " + hex.EncodeToString(sum[:3])
}

// throttles reads what all replicas know; nothing when the database does not say.
func (s *Service) throttles(ctx context.Context, keys []string) map[string]domain.Throttle {
	within, cancel := context.WithTimeout(ctx, throttleRead)
	defer cancel()
	rows, err := s.Read.Throttles(within, keys)
	if err != nil {
		return nil
	}
	out := make(map[string]domain.Throttle, len(rows))
	for _, r := range rows {
		out[r.Key] = r
	}
	return out
}

// change writes rows for all replicas and remembers them. What cannot be
// written counts here at least.
func (s *Service) change(ctx context.Context, now time.Time, changes map[string]func(*domain.Throttle)) {
	if len(changes) == 0 {
		return
	}
	keys := make([]string, 0, len(changes))
	for k := range changes {
		keys = append(keys, k)
	}
	slices.Sort(keys) // locks are taken in one order
	written := map[string]domain.Throttle{}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), throttleWrite)
	defer cancel()
	err := s.Store.InTx(within, func(tx domain.Tx) error {
		clear(written)
		for _, k := range keys {
			row, err := tx.LockThrottle(k)
			if err != nil {
				return err
			}
			row.Forget(now)
			changes[k](row)
			row.ForgetAt = row.ForgottenAt()
			if err := tx.SaveThrottle(row); err != nil {
				return err
			}
			written[k] = *row
		}
		return nil
	})
	s.Tries.mu.Lock()
	defer s.Tries.mu.Unlock()
	for _, k := range keys {
		row, ok := written[k]
		if err != nil || !ok {
			row = s.Tries.latest(k, nil, now)
			row.Key = k
			changes[k](&row)
		}
		s.Tries.entry(k).last = row
	}
}
