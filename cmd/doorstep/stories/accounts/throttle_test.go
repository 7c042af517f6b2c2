package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/demo"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/usecases"
)

// twoServices are two servers' use cases over one database, with a clock of their own.
func twoServices(h *harness.Harness) (a, b *usecases.All, clock *demo.Clock) {
	h.Helper()
	keys, err := domain.NewKeyRing(harness.LinkSecret)
	h.Must(err)
	clock = new(demo.Clock)
	clock.Set(harness.Monday)
	a, b = app.NewService(h.DB, keys, clock.Now, ""), app.NewService(h.DB, keys, clock.Now, "")
	a.Wall, b.Wall = clock.Now, clock.Now
	return a, b, clock
}

func retryAfter(err error) time.Duration {
	var e *domain.Error
	if errors.As(err, &e) && e.Code == domain.CodeThrottled {
		return e.RetryAfter
	}
	return 0
}

func tries(account, address string) accounts.Try {
	return accounts.Try{Kind: "sign-in", Account: account, Address: address, Trust: true}
}

// try makes one; right says with what outcome.
func try(s *usecases.All, in accounts.Try, right bool) error {
	done, err := s.Accounts.BeginTry(context.Background(), in)
	if err == nil {
		done(right)
		done(!right) // only the first word counts
	}
	return err
}

const here, elsewhere = "203.0.113.7", "198.51.100.9"

func TestTriesByAccountOnAllReplicas(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, b, clock := twoServices(h)
		for i := range 5 {
			if err := try([]*usecases.All{a, b}[i%2], tries("Ravi", here), false); err != nil {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		for i, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute,
			15 * time.Minute} {
			s := []*usecases.All{a, b}[i%2]
			if got := retryAfter(try(s, tries(" ravi ", elsewhere), false)); got != want {
				t.Fatalf("wait %s, want %s", got, want)
			}
			clock.Advance(want)
			if err := try(s, tries("ravi", elsewhere), false); err != nil {
				t.Fatalf("after %s: %v", want, err)
			}
		}
		if err := try(a, tries("asha", here), false); err != nil {
			t.Errorf("another account waits, too: %v", err)
		}
		clock.Advance(2 * time.Hour)
		for i := range 5 {
			if err := try(b, tries("ravi", here), false); err != nil {
				t.Fatalf("failures are never forgotten: try %d: %v", i, err)
			}
		}
		// What one replica clears is cleared for all.
		clock.Advance(time.Minute)
		for range 3 {
			for i := range 5 {
				if err := try([]*usecases.All{a, b}[i%2], tries("meena", here), i == 4); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestTriesByAddressOnAllReplicas(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, b, _ := twoServices(h)
		for i := range 100 {
			if err := try([]*usecases.All{a, b}[i%2], tries(fmt.Sprint("user", i), here), false); err != nil {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		if got := retryAfter(try(b, tries("another", here), false)); got != 30*time.Second {
			t.Errorf("the address goes on after %v", got)
		}
		if err := try(b, tries("another", elsewhere), false); err != nil {
			t.Errorf("the neighbour waits: %v", err)
		}
		other := tries("another", here)
		other.Kind = "reset"
		if err := try(b, other, false); err != nil {
			t.Errorf("guesses at passwords hold up resets: %v", err)
		}
	})
}

// A stranger who guesses Ravi's password for ever never keeps Ravi out of where
// he signs in, whichever replica answers.
func TestTriesNeverLockTheOwnerOut(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, b, clock := twoServices(h)
		if err := try(a, tries("ravi", here), true); err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			_ = try(a, tries("ravi", elsewhere), false)
			clock.Advance(10 * time.Second)
			if err := try([]*usecases.All{a, b}[i%2], tries("ravi", here), true); err != nil {
				t.Fatal(err)
			}
		}
		// Where he signs in, guessing is slowed down all the same.
		for range 5 {
			_ = try(b, tries("ravi", here), false)
		}
		if got := retryAfter(try(a, tries("ravi", here), false)); got == 0 {
			t.Error("a known address may guess for ever")
		}
	})
}

// Guesses sent all at once gain one small burst over guesses one by one: an
// app that starts with several sign-ins is not a guesser yet. The failures of a
// burst on two replicas add up.
func TestTriesInABurst(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, b, clock := twoServices(h)
		var mu sync.Mutex
		through := map[*usecases.All]int{}
		var all sync.WaitGroup
		for i := range 120 {
			s := []*usecases.All{a, b}[i%2]
			all.Go(func() {
				if try(s, tries("ravi", here), false) == nil {
					mu.Lock()
					through[s]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if through[a] > 20 || through[b] > 20 {
			t.Errorf("%d and %d guesses got through in one burst", through[a], through[b])
		}
		if got := retryAfter(try(a, tries("ravi", here), false)); got < 30*time.Second {
			t.Errorf("after the burst: %v", got)
		}
		row := 0
		h.Must(h.DB.SQL().QueryRowContext(h.Context(), "SELECT max(failures) FROM throttles WHERE key LIKE 'account %'").Scan(&row))
		if row != through[a]+through[b] {
			t.Errorf("%d failures were counted of %d", row, through[a]+through[b])
		}
		// What says nothing any more is swept; trust stays longer.
		h.Must(try(a, tries("asha", here), true))
		clock.Advance(3 * time.Hour)
		if _, err := a.Clock.Retention(h.Context()); err != nil {
			t.Fatal(err)
		}
		left := 0
		h.Must(h.DB.SQL().QueryRowContext(h.Context(), "SELECT count(*) FROM throttles").Scan(&left))
		if left != 1 {
			t.Errorf("%d rows are left, want the trust in one address", left)
		}
	})
}

// gone is a store whose database does not answer, or answers reads alone.
type gone struct{ domain.Store }

func (gone) InTx(context.Context, func(domain.Tx) error) error {
	return domain.Fail(domain.CodeUnavailable, "The database does not answer.")
}

type deaf struct{ domain.Reader }

func (deaf) Throttles(context.Context, []string) ([]domain.Throttle, error) {
	return nil, domain.Fail(domain.CodeUnavailable, "The database does not answer.")
}

// Without the database nobody is locked out, and what cannot be written is
// counted by the replica that saw it.
func TestTriesWithoutADatabase(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, b, _ := twoServices(h)
		a.Store = gone{a.Store}
		for range 5 {
			if err := try(a, tries("ravi", here), false); err != nil {
				t.Fatal(err)
			}
		}
		if got := retryAfter(try(a, tries("ravi", here), false)); got != 30*time.Second {
			t.Errorf("a database that only reads opens guessing: wait %v", got)
		}
		b.Store, b.Read = gone{b.Store}, deaf{b.Read}
		if err := try(b, tries("asha", here), true); err != nil {
			t.Errorf("locked out: %v", err)
		}
		if err := b.Accounts.Missed(h.Context(), "link", here); err != nil {
			t.Errorf("a miss without a database: %v", err)
		}
	})
}

// Guesses are counted for all replicas together: at passwords, at tokens that
// set them, at links. Each refusal says how long; a live link is never held up.
func TestGuessesOnTwoReplicas(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.code", "promise.yours")
		desk, root := h.As("kiran"), h.As("root")
		_, job := h.Household(desk, nil)
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL)
		bases := []string{h.URL, h.SecondServer()}
		ask := func(i int, method, where string, body any, headers ...string) ([]byte, *http.Response) {
			t.Helper()
			on := h.Through(bases[i%2])
			return on.Anonymous().Raw(method, where, body, headers...)
		}
		late := func(what string, res *http.Response) {
			t.Helper()
			if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" ||
				!strings.Contains(res.Header.Get("RateLimit"), ";r=0;t=") || !strings.Contains(res.Header.Get("RateLimit-Policy"), ";q=") {
				t.Errorf("%s: %d %v", what, res.StatusCode, res.Header)
			}
		}
		// Passwords.
		for i := range 5 {
			if _, res := ask(i, "POST", "/v1/auth/login", object{"login": "meena", "password": "wrong"}); res.StatusCode != 401 {
				t.Fatalf("guess %d: %d", i, res.StatusCode)
			}
		}
		for i := range 2 {
			_, res := ask(i, "POST", "/v1/auth/login", object{"login": "meena", "password": harness.Password})
			late("a sixth guess", res)
		}
		// One token that sets a password, and then a hundred.
		for i := range 5 {
			if _, res := ask(i, "POST", "/v1/auth/reset", object{"token": "the same", "password": "a long pass phrase"}); res.StatusCode != 422 {
				t.Fatalf("token %d: %d", i, res.StatusCode)
			}
		}
		_, res := ask(1, "POST", "/v1/auth/reset", object{"token": "the same", "password": "a long pass phrase"})
		late("the same token", res)
		for i := range 50 {
			if _, res := ask(i, "POST", "/v1/auth/reset", object{"token": uuid.NewString(),
				"password": "a long pass phrase"}); res.StatusCode != 422 {
				t.Fatalf("other token %d: %d", i, res.StatusCode)
			}
		}
		invited := root.Send("POST", fmt.Sprintf("/v1/users/%s/invite", h.People["ravi"].ID), object{}, 201)
		if token, ok := invited["token"].(string); ok {
			if out, res := ask(0, "POST", "/v1/auth/reset", object{"token": token, "password": "a long pass phrase"}); res.StatusCode != 204 {
				t.Errorf("wrong tokens hold up an invitation: %d %s", res.StatusCode, out)
			}
		}
		for i := range 45 {
			_, _ = ask(i, "POST", "/v1/auth/reset", object{"token": uuid.NewString(), "password": "a long pass phrase"})
		}
		_, res = ask(0, "POST", "/v1/auth/reset", object{"token": uuid.NewString(), "password": "a long pass phrase"})
		late("a hundred tokens", res)
		// Links: the same page for each, then 429; forms and calendars count as well.
		html := []string{"Accept", "text/html"}
		first, _ := ask(0, "GET", "/c/"+uuid.NewString(), nil, html...)
		places := []string{"GET /c/%s", "GET /c/%s/visit.ics", "POST /c/%s/confirm", "GET /calendar/%s.ics",
			"PUT /c/%s/devices/" + uuid.NewString()}
		for i := range 99 {
			method, where, _ := strings.Cut(fmt.Sprintf(places[i%len(places)], uuid.NewString()), " ")
			var body any
			headers := html
			switch {
			case method == "POST":
				body, headers = "form_key=x", []string{"Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded"}
			case method == "PUT":
				body, headers = object{"token": "phone:x", "platform": "android"}, nil
			case strings.HasPrefix(where, "/calendar/"):
				headers = nil
			}
			out, res := ask(i, method, where, body, headers...)
			if res.StatusCode != 404 || where[:3] == "/c/" && method == "GET" && string(out) != string(first) {
				t.Fatalf("unknown link %d, %s %s: %d %s", i, method, where, res.StatusCode, out)
			}
		}
		for i := range 4 {
			out, res := ask(i, "GET", "/c/"+uuid.NewString(), nil, html...)
			late("an unknown link too many", res)
			if !strings.Contains(string(out), "try again") {
				t.Errorf("the page says %s", out)
			}
			if _, res := ask(i, "GET", link, nil, html...); res.StatusCode != 200 {
				t.Errorf("a live link is held up: %d", res.StatusCode)
			}
		}
		h.CustomerPage(job).Submit("call-me", 303)
		if _, res := ask(0, "POST", "/v1/auth/login", object{"login": "asha", "password": harness.Password}); res.StatusCode != 200 {
			t.Errorf("guesses at links hold up a sign-in: %d", res.StatusCode)
		}
	})
}

// What succeeds writes nothing about tries, but for the first sign-in of a day
// from an address.
func TestSuccessesWriteNoTries(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		a, _, clock := twoServices(h)
		h.Must(try(a, tries("ravi", here), true))
		counted := &countedStore{Store: a.Store}
		a.Store = counted
		for range 10 {
			h.Must(try(a, tries("ravi", here), true))
		}
		if counted.n != 0 {
			t.Errorf("%d transactions for ten successes", counted.n)
		}
		clock.Advance(25 * time.Hour)
		h.Must(try(a, tries("ravi", here), true))
		if counted.n != 1 {
			t.Errorf("%d transactions for the first success of a day", counted.n)
		}
	})
}

type countedStore struct {
	domain.Store
	n int
}

func (c *countedStore) InTx(ctx context.Context, fn func(domain.Tx) error) error {
	c.n++
	return c.Store.InTx(ctx, fn)
}
