package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/argon2"

	"doorstep/api/web"
	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/demo"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
	"doorstep/repo/files"
	"doorstep/repo/repotest"
)

const (
	password   = "a long pass phrase"
	jwtSecret  = "4b1f0c7de2a94b6f8d35c1e07a92fb64"
	linkSecret = "9e83d1a6c54f4027b7e6f20d81c3ba57"
)

// harness is the whole app on a temporary database, with a frozen clock and
// fake phones.
type harness struct {
	*testing.T
	house      *app.Server
	db         *repo.DB
	wiring     *app.Config
	clock      *demo.Clock
	phones     *fcmtest.Server
	base       string
	files      string // the folder of evidence
	contract   *web.Contract
	centre     domain.ID
	other      domain.ID // a centre of another area
	people     map[string]*person
	mu         sync.Mutex
	expected   map[string]bool // pushes that the story expected, by id
	ignored    map[string]bool // kinds of pushes that the story is not about; false: they come by chance
	households atomic.Int64
}

// person is a member of staff with a phone.
type person struct {
	h     *harness
	id    domain.ID
	login string
	role  domain.Role
	token string
}

// TestMain lets more stories run at once than there are processors, as they
// mostly wait, and trades memory for time; -parallel has its way.
func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		side := 4 * runtime.GOMAXPROCS(0)
		if underRace {
			side /= 2
		}
		_ = flag.Set("test.parallel", strconv.Itoa(side))
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(2 << 30)
	os.Exit(m.Run())
}

// stories runs a story on every engine.
func stories(t *testing.T, tell func(h *harness)) {
	t.Parallel() // stories mostly wait: for the database, the queue, the clock
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			tell(newHarness(t, engine))
		})
	}
}

// monday is 2027-03-01 09:00 in Kolkata: a working day without a holiday.
var monday = time.Date(2027, 3, 1, 3, 30, 0, 0, time.UTC)

// passwordHash is a real one at the least cost: hundreds of stories sign in.
var passwordHash = sync.OnceValue(func() string {
	salt := []byte("salt of stories!")
	b64 := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=64,t=1,p=1$" + b64(salt) + "$" + b64(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32))
})

// newHarness wires the app as serve does; more changes the wiring first.
func newHarness(t *testing.T, engine string, more ...func(*app.Config)) *harness {
	t.Helper()
	h := &harness{T: t, clock: new(demo.Clock), people: map[string]*person{}, expected: map[string]bool{}, ignored: map[string]bool{}}
	h.clock.Set(monday)
	h.db = repotest.Open(t, engine)
	h.files = filepath.Join(t.TempDir(), "evidence")
	h.phones = fcmtest.New(fcmtest.Options{Now: h.clock.Now})
	t.Cleanup(h.phones.Close)
	ctx := context.Background()
	push, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: "test", Endpoint: h.phones.URL()})
	h.must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	h.base = "http://" + ln.Addr().String()
	w := &app.Config{Secrets: app.Secrets{JWTSecret: jwtSecret, LinkSecret: linkSecret}, BaseURL: h.base, Now: h.clock.Now, Push: push,
		Files: files.NewLocal(h.files),
		Log:   slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))}
	w.Limits = app.Limits{RateUser: 1_000_000, RateAddress: 1_000_000, Connections: 1_000} // stories come quickly, from one address
	if engine == repo.SQLite && !underRace {
		w.QueuePoll = 15 * time.Millisecond // else each push is waited for
	}
	for _, change := range more {
		change(w)
	}
	h.wiring = w
	h.house, err = app.New(ctx, h.db, w)
	h.must(err)
	h.contract, err = app.LoadContract()
	h.must(err)
	h.must(h.house.Queue.Start(ctx))
	go func() { _ = h.house.HTTP.Serve(ln) }()
	t.Cleanup(func() {
		h.settle()
		end, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = h.house.HTTP.Drain(end)
		_ = h.house.Queue.Stop(end)
		if !t.Failed() && !t.Skipped() {
			h.noMorePushes()
			h.noIdleIgnores()
		}
	})
	h.populate(ctx)
	return h
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("log: %s", bytes.TrimSpace(b))
	return len(b), nil
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// populate makes two areas with a centre each and people of every role.
func (h *harness) populate(ctx context.Context) {
	now := h.clock.Now()
	meta := func() domain.Meta {
		return domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: now, UpdatedAt: now}
	}
	h.must(h.db.InTx(ctx, func(tx domain.Tx) error {
		for i, name := range []string{"Pune", "London"} {
			area := domain.Area{Meta: meta(), Name: name}
			if err := tx.InsertArea(&area); err != nil {
				return err
			}
			centre := domain.Centre{Meta: meta(), AreaID: area.ID, Name: name + " Repairs", Zone: "Asia/Kolkata", Country: "IN",
				Phone:       "+912012345678",
				PostalCodes: domain.JSONList[string]{"411001"}, WorkingDays: domain.JSONList[int]{0, 1, 2, 3, 4, 5, 6}}
			if i == 1 {
				centre.Zone, centre.Country, centre.Phone, centre.PostalCodes = "Europe/London", "GB", "+442079460000", domain.JSONList[string]{"SE1"}
			}
			if err := tx.InsertCentre(&centre); err != nil {
				return err
			}
			suffix := ""
			if i == 0 {
				h.centre = centre.ID
			} else {
				h.other, suffix = centre.ID, "2"
			}
			for _, p := range []struct {
				login string
				role  domain.Role
			}{{"ravi", domain.RoleTechnician}, {"meena", domain.RoleTechnician}, {"kiran", domain.RoleCoordinator}, {"asha", domain.RoleProprietor},
				{"maya", domain.RoleAreaManager}, {"noor", domain.RoleAreaManager}, {"gita", domain.RoleAgent}, {"root", domain.RoleAdmin}} {
				u := domain.User{Meta: meta(), Login: p.login + suffix, Name: strings.ToUpper(p.login[:1]) + p.login[1:] + " Surname", Role: p.role,
					Language: "en", PasswordHash: passwordHash()}
				if p.role.OfCentre() {
					u.CentreID, u.AreaID = &centre.ID, &area.ID
				} else if p.role == domain.RoleAreaManager {
					u.AreaID = &area.ID
				}
				if p.role == domain.RoleTechnician {
					u.Skills = domain.JSONList[string]{"refrigerator", "washing_machine"}
					for d := range 7 {
						u.Hours = append(u.Hours, domain.Shift{Weekday: d, From: "08:00", To: "20:00"})
					}
				}
				if err := tx.InsertUser(&u); err != nil {
					return err
				}
				dev := domain.Device{InstallationID: uuid.New(), UserID: &u.ID, Token: "phone:" + u.Login, Platform: "android", CreatedAt: now,
					UpdatedAt: now}
				if err := tx.PutDevice(&dev); err != nil {
					return err
				}
				h.adopt(u)
			}
		}
		return nil
	}))
}

// anonymous is somebody without an account.
func (h *harness) anonymous() *person { return h.signedIn("nobody", "") }

// signedIn is somebody with a token of their own.
func (h *harness) signedIn(login, token string) *person {
	return &person{h: h, login: login, token: token}
}

// adopt makes a user who was added to the database known by their login.
func (h *harness) adopt(u domain.User) {
	h.people[u.Login] = &person{h: h, id: u.ID, login: u.Login, role: u.Role}
}

// through is the same world seen through another server.
func (h *harness) through(base string) *harness {
	out := &harness{T: h.T, clock: h.clock, phones: h.phones, base: base, contract: h.contract, centre: h.centre, other: h.other,
		people: map[string]*person{}, expected: map[string]bool{}, ignored: map[string]bool{}}
	for login, p := range h.people {
		out.people[login] = &person{h: out, id: p.id, login: p.login, role: p.role, token: p.token}
	}
	return out
}

// as signs a person in.
func (h *harness) as(login string) *person {
	h.Helper()
	p := h.people[login]
	if p == nil {
		h.Fatalf("nobody is called %s", login)
	}
	if p.token == "" {
		out := h.anonymous().send("POST", "/v1/auth/login", obj{"login": login, "password": password}, 200)
		p.token = out["access_token"].(string)
	}
	return p
}

type obj = map[string]any

// send makes one request with a fresh idempotency key, demands the status and
// holds the answer against the contract.
func (p *person) send(method, path string, body any, want int, headers ...string) obj {
	p.h.Helper()
	out, res := p.raw(method, path, body, headers...)
	if res.StatusCode != want {
		p.h.Fatalf("%s %s as %s: %d, want %d: %s", method, path, p.login, res.StatusCode, want, out)
	}
	v := obj{}
	if len(out) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		p.h.must(json.Unmarshal(out, &v))
	}
	return v
}

func (p *person) raw(method, path string, body any, headers ...string) ([]byte, *http.Response) {
	h := p.h
	h.Helper()
	var r io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		h.must(err)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, h.base+path, r)
	h.must(err)
	if r != nil {
		req.Header.Set("Content-Type", media)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	req.Header.Set("Idempotency-Key", uuid.NewString())
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout: 20 * time.Second}
	res, err := client.Do(req)
	h.must(err)
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	h.must(err)
	if res.StatusCode >= 500 && res.StatusCode != 503 {
		h.Errorf("%s %s: %d: %s", method, path, res.StatusCode, out)
	}
	if err := h.contract.ValidateResponse(method, strings.SplitN(path, "?", 2)[0], res.StatusCode, res.Header, out); err != nil {
		h.Errorf("%s %s answered outside the contract: %v\n%s", method, path, err, out)
	}
	return out, res
}

// settle runs what is due and everything that is queued.
func (h *harness) settle() {
	h.Helper()
	h.must(h.house.Settle(context.Background()))
}

// advance moves the frozen clock as the demo does.
func (h *harness) advance(d time.Duration) {
	h.Helper()
	_, _, err := demo.Advance(context.Background(), h.house, h.clock, d)
	h.must(err)
}

// ignores names the kinds of pushes that the story is not about. Any other
// push that the story does not expect fails it, and so does a kind that does
// not come up.
func (h *harness) ignores(kinds ...string) {
	for _, k := range kinds {
		h.ignored[k] = true
	}
}

// mayIgnore is ignores of kinds that come up by chance.
func (h *harness) mayIgnore(kinds ...string) {
	for _, k := range kinds {
		h.ignored[k] = false
	}
}

// expect demands the next push on somebody's phone by its title. It passes
// over the kinds that the story ignores.
func (h *harness) expect(login, title string) fcmtest.Message {
	h.Helper()
	return h.expectOn("phone:"+login, title)
}

func (h *harness) expectOn(token, title string) fcmtest.Message {
	h.Helper()
	h.settle()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.phones.MessagesFor(token) {
		_, ignored := h.ignored[m.Data["kind"]]
		switch {
		case h.expected[m.ID]:
		case m.Title == title:
			h.expected[m.ID] = true
			return m
		case !ignored:
			h.Fatalf("%s got the push %q, want %q", token, m.Title, title)
		}
	}
	h.Fatalf("%s got no push, want %q", token, title)
	return fcmtest.Message{}
}

// pushes counts what a phone got under a title so far, as expected.
func (h *harness) pushes(login, title string) int {
	h.Helper()
	h.settle()
	return h.pushed(login, title)
}

// rung counts the alarms of a phone.
func (h *harness) rung(login string) int { return h.pushed(login, urgent) }

// pushed is pushes of what has arrived by now.
func (h *harness) pushed(login, title string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.phones.MessagesFor("phone:" + login) {
		if m.Title == title {
			h.expected[m.ID] = true
			n++
		}
	}
	return n
}

// told demands how many pushes of a title each phone has got so far.
func (h *harness) told(title string, counts map[string]int) {
	h.Helper()
	for login, want := range counts {
		if got := h.pushes(login, title); got != want {
			h.Errorf("%s was told %q %d times, want %d", login, title, got, want)
		}
	}
}

// column reads the first column of what a query finds.
func (h *harness) column(query string) (out []string) {
	h.Helper()
	rows, err := h.db.SQL().QueryContext(context.WithoutCancel(h.Context()), query)
	h.must(err)
	defer rows.Close()
	for rows.Next() {
		var s string
		h.must(rows.Scan(&s))
		out = append(out, s)
	}
	h.must(rows.Err())
	return out
}

// titles counts what a phone has got so far.
func (h *harness) titles(login string) map[string]int {
	h.Helper()
	h.settle()
	out := map[string]int{}
	for _, m := range h.phones.MessagesFor("phone:" + login) {
		out[m.Title]++
	}
	return out
}

// expectOnly demands that all a phone got beyond what was expected so far is
// of these kinds, and that it got each.
func (h *harness) expectOnly(login string, kinds ...string) {
	h.Helper()
	h.settle()
	h.mu.Lock()
	defer h.mu.Unlock()
	var got []string
	for _, m := range h.phones.MessagesFor("phone:" + login) {
		if kind := m.Data["kind"]; !h.expected[m.ID] && !slices.Contains(got, kind) {
			got = append(got, kind)
		}
		h.expected[m.ID] = true
	}
	slices.Sort(got)
	slices.Sort(kinds)
	if !slices.Equal(got, kinds) {
		h.Fatalf("%s got %q, want %q", login, got, kinds)
	}
}

// noMorePushes demands that every push was expected or ignored.
func (h *harness) noMorePushes() {
	h.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	extra := map[string]int{}
	for _, m := range h.phones.Messages() {
		kind := m.Data["kind"]
		if _, ignored := h.ignored[kind]; !ignored && !h.expected[m.ID] {
			extra[fmt.Sprintf("%s to %s: %s", kind, m.Token, m.Title)]++
		}
	}
	for what, n := range extra {
		h.Errorf("nobody expected this push (%d times): %s", n, what)
	}
}

// noIdleIgnores demands that each kind that is ignored came up. What a later
// notice overtakes is not always pushed, so notices count.
func (h *harness) noIdleIgnores() {
	h.Helper()
	noticed := h.column("SELECT DISTINCT kind FROM notices")
	for kind, must := range h.ignored {
		if must && !slices.Contains(noticed, kind) {
			h.Errorf("the story ignores pushes of the kind %q, and there are none", kind)
		}
	}
}

// household registers a customer with a site near the centre and a job.
func (h *harness) household(desk *person, more obj) (customer, job obj) {
	h.Helper()
	n := int(h.households.Add(1))
	c := obj{"name": "Kapoor household", "language": "en",
		"contacts": []obj{{"name": "Mrs Kapoor", "phones": []string{fmt.Sprintf("+9198%08d", 10000000+n)}}},
		"sites":    []obj{{"address": "12 Example Lane", "postal_code": "411001", "zone": "Asia/Kolkata", "lat": 18.5204, "lon": 73.8567}}}
	for k, v := range more {
		c[k] = v
	}
	customer = desk.send("POST", "/v1/customers", c, 201)
	job = desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "does not cool", "category": "refrigerator"}, 201)
	return customer, job
}

// visit schedules a visit of the job for a technician.
func (h *harness) visit(by *person, job obj, from time.Time, crew ...string) obj {
	h.Helper()
	ids := []string{}
	for _, l := range crew {
		ids = append(ids, h.people[l].id.String())
	}
	return by.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": from.Format(time.RFC3339),
		"window_end":      from.Add(2 * time.Hour).Format(time.RFC3339),
		"planned_minutes": 60, "crew": ids}, 201)
}

func path(format string, o obj) string { return fmt.Sprintf(format, o["id"]) }

func (p *person) attempt(job obj, channel, outcome string, more obj) obj {
	p.h.Helper()
	b := obj{"channel": channel, "outcome": outcome}
	for k, v := range more {
		b[k] = v
	}
	return p.send("POST", path("/v1/jobs/%s/attempts", job), b, 201)
}

func (p *person) verdict(job obj) obj {
	p.h.Helper()
	return p.send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)
}
