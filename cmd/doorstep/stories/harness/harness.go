package harness

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
	"os/exec"
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
	Password   = "a long pass phrase"
	JWTSecret  = "4b1f0c7de2a94b6f8d35c1e07a92fb64"
	LinkSecret = "9e83d1a6c54f4027b7e6f20d81c3ba57"
)

// Harness is the whole app on a temporary database, with a frozen clock and
// fake phones.
type Harness struct {
	*testing.T
	Server         *app.Server
	DB             *repo.DB
	Config         *app.Config
	Clock          *demo.Clock
	Phones         *fcmtest.Server
	URL            string
	EvidenceFolder string // the folder of evidence
	Contract       *web.Contract
	Centre         domain.ID
	OtherCentre    domain.ID // a centre of another area
	People         map[string]*Client
	mu             sync.Mutex
	expected       map[string]bool // pushes that the story expected, by id
	ignored        map[string]bool // kinds of pushes that the story is not about; false: they come by chance
	households     atomic.Int64
}

// Client is a member of staff with a phone.
type Client struct {
	Harness *Harness
	ID      domain.ID
	Login   string
	Role    domain.Role
	Token   string
}

// Main runs the stories of a package. It lets more of them run at once than
// there are processors, as they mostly wait, and trades memory for time;
// -parallel has its way.
func Main(m *testing.M) {
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
	repotest.Main(m)
}

// Long passes over a walk through every operation, field or bad day: `make test-all` and the gate tell it, `go test ./...` is what one
// runs between two edits.
func Long(t *testing.T) {
	t.Helper()
	if os.Getenv("DOORSTEP_TEST_LONG") == "" {
		t.Skip("long: told with DOORSTEP_TEST_LONG=1 (make test-all)")
	}
}

// OnEachEngine runs a story on every engine.
func OnEachEngine(t *testing.T, tell func(h *Harness)) {
	t.Parallel() // stories mostly wait: for the database, the queue, the clock
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			tell(New(t, engine))
		})
	}
}

// Monday is 2027-03-01 09:00 in Kolkata: a working day without a holiday.
var Monday = time.Date(2027, 3, 1, 3, 30, 0, 0, time.UTC)

// hashCheaply is what HashPassword makes of a password at the least cost:
// hundreds of stories sign in.
func hashCheaply(password string) (string, error) {
	salt := []byte("salt of stories!")
	b64 := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=64,t=1,p=1$" + b64(salt) + "$" + b64(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)), nil
}

// passwordHash is that of Password.
var passwordHash = sync.OnceValue(func() string { hash, _ := hashCheaply(Password); return hash })

// Bare has phones and a clock that runs; the story starts what serves.
func Bare(t *testing.T, phones fcmtest.Options) *Harness {
	t.Helper()
	h := &Harness{T: t, Clock: new(demo.Clock), People: map[string]*Client{}, expected: map[string]bool{}, ignored: mayAlwaysCome()}
	h.Phones = fcmtest.New(phones)
	t.Cleanup(h.Phones.Close)
	var err error
	h.Contract, err = app.LoadContract()
	h.Must(err)
	return h
}

// New wires the app as serve does; more changes the wiring first.
func New(t *testing.T, engine string, more ...func(*app.Config)) *Harness {
	t.Helper()
	clock := new(demo.Clock)
	clock.Set(Monday)
	h := Bare(t, fcmtest.Options{Now: clock.Now})
	h.Clock = clock
	h.DB = repotest.Open(t, engine)
	h.EvidenceFolder = filepath.Join(t.TempDir(), "evidence")
	ctx := context.Background()
	push, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: "test", Endpoint: h.Phones.URL()})
	h.Must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.Must(err)
	h.URL = "http://" + ln.Addr().String()
	w := &app.Config{Secrets: app.Secrets{JWTSecret: JWTSecret, LinkSecret: LinkSecret}, BaseURL: h.URL, Now: h.Clock.Now, Push: push,
		Files: files.NewLocal(h.EvidenceFolder),
		Log:   slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))}
	w.Limits = app.Limits{RateUser: 1_000_000, RateAddress: 1_000_000, Connections: 1_000} // stories come quickly, from one address
	if engine == repo.SQLite && !underRace {
		w.QueuePoll = 60 * time.Millisecond // else each push is waited for
	}
	for _, change := range more {
		change(w)
	}
	h.Config = w
	h.Server, err = app.New(ctx, h.DB, w)
	h.Must(err)
	h.Server.Service.HashPassword = hashCheaply
	h.Must(h.Server.Queue.Start(ctx))
	go func() { _ = h.Server.HTTP.Serve(ln) }()
	t.Cleanup(func() {
		h.Settle()
		end, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_ = h.Server.HTTP.Drain(end)
		_ = h.Server.Queue.Stop(end)
		if !t.Failed() && !t.Skipped() {
			h.NoMorePushes()
			h.noIdleIgnores()
			h.entriesAsDeclared()
		}
	})
	h.Populate(ctx)
	return h
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("log: %s", bytes.TrimSpace(b))
	return len(b), nil
}

func (h *Harness) Must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Populate makes two areas with a centre each and people of every role.
func (h *Harness) Populate(ctx context.Context) {
	now := h.Clock.Now()
	meta := func() domain.Meta {
		return domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: now, UpdatedAt: now}
	}
	h.Must(h.DB.InTx(ctx, func(tx domain.Tx) error {
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
				h.Centre = centre.ID
			} else {
				h.OtherCentre, suffix = centre.ID, "2"
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
				h.Adopt(u)
			}
		}
		return nil
	}))
}

// Anonymous is somebody without an account.
func (h *Harness) Anonymous() *Client { return h.SignedIn("nobody", "") }

// SignedIn is somebody with a token of their own.
func (h *Harness) SignedIn(login, token string) *Client {
	return &Client{Harness: h, Login: login, Token: token}
}

// Adopt makes a user who was added to the database known by their login.
func (h *Harness) Adopt(u domain.User) {
	h.People[u.Login] = &Client{Harness: h, ID: u.ID, Login: u.Login, Role: u.Role}
}

// Through is the same world seen through another server.
func (h *Harness) Through(base string) *Harness {
	out := &Harness{T: h.T, Clock: h.Clock, Phones: h.Phones, URL: base, Contract: h.Contract, Centre: h.Centre, OtherCentre: h.OtherCentre,
		People: map[string]*Client{}, expected: map[string]bool{}, ignored: mayAlwaysCome()}
	for login, p := range h.People {
		out.People[login] = &Client{Harness: out, ID: p.ID, Login: p.Login, Role: p.Role, Token: p.Token}
	}
	return out
}

// Program builds the real program.
func Program(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "doorstep")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "doorstep/cmd/doorstep").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// As signs a person in.
func (h *Harness) As(login string) *Client {
	h.Helper()
	p := h.People[login]
	if p == nil {
		h.Fatalf("nobody is called %s", login)
	}
	if p.Token == "" {
		out := h.Anonymous().Send("POST", "/v1/auth/login", Object{"login": login, "password": Password}, 200)
		p.Token = out["access_token"].(string)
	}
	return p
}

type Object = map[string]any

// Send makes one request with a fresh idempotency key, demands the status and
// holds the answer against the contract.
func (p *Client) Send(method, path string, body any, want int, headers ...string) Object {
	p.Harness.Helper()
	out, res := p.Raw(method, path, body, headers...)
	if res.StatusCode != want {
		p.Harness.Fatalf("%s %s as %s: %d, want %d: %s", method, path, p.Login, res.StatusCode, want, out)
	}
	v := Object{}
	if len(out) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		p.Harness.Must(json.Unmarshal(out, &v))
	}
	if op, ok := p.Harness.Contract.Find(method, strings.SplitN(path, "?", 2)[0]); ok && want >= 400 && v["code"] != nil &&
		!op.Declares(domain.Code(fmt.Sprint(v["code"]))) {
		p.Harness.Errorf("%s %s: x-codes of %s does not name %v", method, path, op.ID, v["code"])
	}
	return v
}

func (p *Client) Raw(method, path string, body any, headers ...string) ([]byte, *http.Response) {
	h := p.Harness
	h.Helper()
	var r io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		h.Must(err)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, h.URL+path, r)
	h.Must(err)
	if r != nil {
		req.Header.Set("Content-Type", media)
	}
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	req.Header.Set("Idempotency-Key", uuid.NewString())
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout: Slowness * 20 * time.Second}
	res, err := client.Do(req)
	h.Must(err)
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	h.Must(err)
	if res.StatusCode >= 500 && res.StatusCode != 503 {
		h.Errorf("%s %s: %d: %s", method, path, res.StatusCode, out)
	}
	if err := h.Contract.ValidateResponse(method, strings.SplitN(path, "?", 2)[0], res.StatusCode, res.Header, out); err != nil {
		h.Errorf("%s %s answered outside the contract: %v\n%s", method, path, err, out)
	}
	return out, res
}

// Beside sends something while the story goes on and gives what was answered. A send that fails ends only the
// goroutine that made it: the channel is closed then, and the story ends at what it waits for.
func Beside(send func() map[string]any) <-chan map[string]any {
	answer := make(chan map[string]any, 1)
	go func() {
		defer close(answer)
		answer <- send()
	}()
	return answer
}

// Await gives what came of a send beside the story.
func (h *Harness) Await(answer <-chan map[string]any) map[string]any {
	h.Helper()
	got, ok := <-answer
	if !ok {
		h.Fatal("what was sent beside the story failed")
	}
	return got
}

// Settle runs what is due and everything that is queued.
func (h *Harness) Settle() {
	h.Helper()
	h.Must(h.Server.Settle(context.Background()))
}

// Advance moves the frozen clock as the demo does.
func (h *Harness) Advance(d time.Duration) {
	h.Helper()
	_, _, err := demo.Advance(context.Background(), h.Server, h.Clock, d)
	h.Must(err)
}

// mayAlwaysCome are the kinds that come up in any story that lets days pass: in most a
// household waits for a word. A story about them expects them all the same.
func mayAlwaysCome() map[string]bool {
	return map[string]bool{"job.silent": false, "jobs.silent": false}
}

// Ignores names the kinds of pushes that the story is not about. Any other
// push that the story does not expect fails it, and so does a kind that does
// not come up.
func (h *Harness) Ignores(kinds ...string) {
	for _, k := range kinds {
		h.ignored[k] = true
	}
}

// MayIgnore is ignores of kinds that come up by chance.
func (h *Harness) MayIgnore(kinds ...string) {
	for _, k := range kinds {
		h.ignored[k] = false
	}
}

// mayCome is MayIgnore by a helper: what the story itself says of a kind stands.
func (h *Harness) mayCome(kind string) {
	if _, said := h.ignored[kind]; !said {
		h.ignored[kind] = false
	}
}

// Expect demands the next push on somebody's phone by its title. It passes
// over the kinds that the story ignores.
func (h *Harness) Expect(login, title string) fcmtest.Message {
	h.Helper()
	return h.ExpectOn("phone:"+login, title)
}

func (h *Harness) ExpectOn(token, title string) fcmtest.Message {
	h.Helper()
	h.Settle()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.Phones.MessagesFor(token) {
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

// Pushes counts what a phone got under a title so far, as expected.
func (h *Harness) Pushes(login, title string) int {
	h.Helper()
	h.Settle()
	return h.pushed(login, title)
}

// Alarms counts the alarms of a phone.
func (h *Harness) Alarms(login string) int { return h.pushed(login, TitleSOS) }

// pushed is pushes of what has arrived by now.
func (h *Harness) pushed(login, title string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.Phones.MessagesFor("phone:" + login) {
		if m.Title == title {
			h.expected[m.ID] = true
			n++
		}
	}
	return n
}

// Told demands how many pushes of a title each phone has got so far.
func (h *Harness) Told(title string, counts map[string]int) {
	h.Helper()
	for login, want := range counts {
		if got := h.Pushes(login, title); got != want {
			h.Errorf("%s was told %q %d times, want %d", login, title, got, want)
		}
	}
}

// Column reads the first column of what a query finds.
func (h *Harness) Column(query string) (out []string) {
	h.Helper()
	rows, err := h.DB.SQL().QueryContext(context.WithoutCancel(h.Context()), query)
	h.Must(err)
	defer rows.Close()
	for rows.Next() {
		var s string
		h.Must(rows.Scan(&s))
		out = append(out, s)
	}
	h.Must(rows.Err())
	return out
}

// Titles counts what a phone has got so far.
func (h *Harness) Titles(login string) map[string]int {
	h.Helper()
	h.Settle()
	out := map[string]int{}
	for _, m := range h.Phones.MessagesFor("phone:" + login) {
		out[m.Title]++
	}
	return out
}

// ExpectOnly demands that all a phone got beyond what was expected so far is
// of these kinds, and that it got each.
func (h *Harness) ExpectOnly(login string, kinds ...string) {
	h.Helper()
	h.Settle()
	h.mu.Lock()
	defer h.mu.Unlock()
	var got []string
	for _, m := range h.Phones.MessagesFor("phone:" + login) {
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

// ToldToSync runs a round of the pushes that show nothing, which no clock of a story does, and gives whom one reached.
func (h *Harness) ToldToSync(every time.Duration) (logins []string) {
	h.Helper()
	h.Must(h.Server.SyncPushes(h.Context(), every))
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.Phones.Messages() {
		if m.Data["kind"] != domain.PushSync || h.expected[m.ID] {
			continue
		}
		h.expected[m.ID] = true
		logins = append(logins, strings.TrimPrefix(m.Token, "phone:"))
		aps, _ := m.APNS.Payload["aps"].(map[string]any)
		if m.Title+m.Body != "" || len(m.Data) != 1 || m.Android.Priority == "high" || m.Android.CollapseKey != domain.PushSync ||
			m.APNS.Headers["apns-push-type"] != "background" || aps["content-available"] != 1.0 || aps["alert"] != nil || aps["sound"] != nil {
			h.Errorf("a push that is to show nothing is %s", m.Raw)
		}
	}
	slices.Sort(logins)
	return logins
}

// NoMorePushes demands that every push was expected or ignored.
func (h *Harness) NoMorePushes() {
	h.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	extra := map[string]int{}
	for _, m := range h.Phones.Messages() {
		kind := m.Data["kind"]
		h.asDeclared(&m)
		if _, ignored := h.ignored[kind]; !ignored && !h.expected[m.ID] {
			extra[fmt.Sprintf("%s to %s: %s", kind, m.Token, m.Title)]++
		}
	}
	for what, n := range extra {
		h.Errorf("nobody expected this push (%d times): %s", n, what)
	}
}

// asDeclared holds a push against what docs/phone.md tells developers of its kind.
func (h *Harness) asDeclared(m *fcmtest.Message) {
	h.Helper()
	kind := m.Data["kind"]
	declared := domain.PushKindOf(kind)
	if declared == nil {
		if m.Data["notice_id"] != "" { // of the product, and not of a test of delivery
			h.Errorf("the kind of push %q is not declared in domain.PushKinds", kind)
		}
		return
	}
	if declared.To == "household" && h.People[strings.TrimPrefix(m.Token, "phone:")] != nil {
		h.Errorf("a push of the kind %q went to %s and is declared to go to households", kind, m.Token)
	}
	may := append(strings.Fields(declared.Data), "kind", "notice_id", "job_id", "visit_id")
	for key := range m.Data {
		if !slices.Contains(may, key) {
			h.Errorf("a push of the kind %q holds %q, which is not declared", kind, key)
		}
	}
	if declared.Keep > 0 && m.Android.TTL > declared.Keep {
		h.Errorf("a push of the kind %q is kept %v, longer than declared", kind, m.Android.TTL)
	}
}

// entriesAsDeclared holds each timeline against what the contract tells developers of the kinds of entries.
func (h *Harness) entriesAsDeclared() {
	h.Helper()
	for _, row := range h.Column("SELECT DISTINCT kind || ' ' || CAST(payload AS TEXT) FROM facts") {
		kind, payload, _ := strings.Cut(row, " ")
		declared := domain.EntryKindOf(kind)
		if declared == nil {
			h.Errorf("the kind of entry %q is not declared in domain.EntryKinds", kind)
			continue
		}
		var keys map[string]json.RawMessage
		h.Must(json.Unmarshal([]byte(payload), &keys))
		for key := range keys {
			if !slices.Contains(strings.Fields(declared.Keys), key) {
				h.Errorf("an entry of the kind %q holds %q, which is not declared", kind, key)
			}
		}
	}
}

// noIdleIgnores demands that each kind that is ignored came up. What a later
// notice overtakes is not always pushed, so notices count.
func (h *Harness) noIdleIgnores() {
	h.Helper()
	noticed := h.Column("SELECT DISTINCT kind FROM notices")
	for kind, must := range h.ignored {
		if must && !slices.Contains(noticed, kind) {
			h.Errorf("the story ignores pushes of the kind %q, and there are none", kind)
		}
	}
}

// homeOf is a place of its own for each household, the first one 12 Example Lane: more than next
// door to the others, and for a phone that stands at one of them as good as there.
func homeOf(n int) Object {
	step := func(i int) float64 { return float64((i+1)/2) * (1 - 2*float64(i%2)) } // 0, -1, 1, -2 …
	return Object{"address": fmt.Sprintf("%d Example Lane", 11+n), "postal_code": "411001", "zone": "Asia/Kolkata",
		"lat": 18.5204 + step((n-1)%9)*0.0003, "lon": 73.8567 + step((n-1)/9%9)*0.00032}
}

// Household registers a customer with a site near the centre and a job.
func (h *Harness) Household(desk *Client, more Object) (customer, job Object) {
	h.Helper()
	n := int(h.households.Add(1))
	c := Object{"name": "Kapoor household", "language": "en",
		"contacts": []Object{{"name": "Mrs Kapoor", "phones": []string{fmt.Sprintf("+9198%08d", 10000000+n)}}},
		"sites":    []Object{homeOf(n)}}
	for k, v := range more {
		c[k] = v
	}
	customer = desk.Send("POST", "/v1/customers", c, 201)
	job = desk.Send("POST", "/v1/jobs", Object{"customer_id": customer["id"], "fault": "does not cool", "category": "refrigerator"}, 201)
	return customer, job
}

// Visit schedules a visit of the job for a technician.
func (h *Harness) Visit(by *Client, job Object, from time.Time, crew ...string) Object {
	h.Helper()
	ids := []string{}
	for _, l := range crew {
		ids = append(ids, h.People[l].ID.String())
	}
	return by.Send("POST", Path("/v1/jobs/%s/visits", job), Object{"window_start": from.Format(time.RFC3339),
		"window_end":      from.Add(2 * time.Hour).Format(time.RFC3339),
		"planned_minutes": 60, "crew": ids}, 201)
}

// Path puts the id of an object, as it was answered, into an address.
func Path(format string, of any) string { return fmt.Sprintf(format, idOf(of)) }

func (p *Client) Verdict(job Object) Object {
	p.Harness.Helper()
	return p.Send("GET", Path("/v1/jobs/%s/reachability", job), nil, 200)
}

// Patience bounds every wait of these stories: generous, for slow machines.
const Patience = time.Minute
