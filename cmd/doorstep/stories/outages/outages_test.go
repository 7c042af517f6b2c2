package outages

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/demo"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// TestBadDays tells what the real program does on days when everything goes
// wrong around it. The stories run side by side, more of them than there are
// cores: they mostly wait.
func TestBadDays(t *testing.T) {
	harness.Long(t)
	t.Parallel()
	program := harness.Program(t)
	engines := repotest.Engines(t)
	var all sync.WaitGroup
	places := make(chan struct{}, 6)
	tell := func(name, engine string, story func(d *day)) {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			t.Run(name+" on "+engine, func(t *testing.T) { story(newDay(t, program, engine)) })
		})
	}
	defer all.Wait()
	for _, engine := range engines { // the longest first
		tell("a database that takes no writes", engine, takesNoWrites)
		tell("figures of alarms", engine, figuresOfAlarms)
		tell("killed between two tiers of an alarm", engine, alarmKilled)
	}
	tell("another program holds the file", repo.SQLite, fileHeld)
	if len(engines) > 1 {
		tell("database silent", repo.Postgres, databaseSilent)
		tell("two replicas", repo.Postgres, twoReplicas)
		tell("an alarm on two replicas", repo.Postgres, alarmOnReplicas)
		tell("database gone", repo.Postgres, databaseGone)
	}
	tell("a second server on the folder", repo.SQLite, oneServerAFolder)
	tell("FCM's bad day", repo.SQLite, fcmsBadDay)
	for _, engine := range engines {
		tell("killed while writing", engine, func(d *day) { killed(d) })
		tell("told to stop", engine, toldToStop)
		tell("migrated by many", engine, migratedByMany)
		tell("the log keeps secrets", engine, logKeepsSecrets)
		tell("canary words", engine, canaries)
	}
	tell("killed while writing, synchronous=NORMAL", repo.SQLite, func(d *day) { killed(d, "--synchronous", "NORMAL") })
}

// day is a world whose server is a program of its own.
type day struct {
	*harness.Harness
	binary  string
	engine  string
	url     string // of the database, as the server is told
	more    []string
	started []*server
}

func newDay(t *testing.T, program, engine string) *day {
	t.Helper()
	d := &day{binary: program, engine: engine, url: repotest.URL(t, engine)}
	d.Harness = harness.Bare(t, fcmtest.Options{Keep: 5000})
	d.DB = repotest.OpenURL(t, d.url)
	d.Populate(context.Background())
	_, err := d.DB.SQL().
		ExecContext(context.Background(), "UPDATE users SET rings_always = true") // these days are at any hour of the wall clock
	d.Must(err)
	d.Must(d.DB.Close())
	return d
}

// server is one running program.
type server struct {
	d       *day
	cmd     *exec.Cmd
	base    string
	metrics string
	log     *logged
	ended   chan struct{}
	dead    bool // killed on purpose
}

// logged keeps what a program writes.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (d *day) program(args ...string) *exec.Cmd {
	cmd := exec.Command(d.binary, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "DOORSTEP_") || strings.HasPrefix(kv, "DATABASE_URL") || strings.HasPrefix(kv, "FIREBASE")
	}), "DOORSTEP_JWT_SECRET="+harness.JWTSecret, "DOORSTEP_LINK_SECRET="+harness.LinkSecret)
	if d.engine == repo.SQLite {
		cmd.Env = append(cmd.Env, "DOORSTEP_DATA="+filepath.Dir(d.url))
	} else {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+d.url, "DOORSTEP_DATA="+d.TempDir())
	}
	return cmd
}

var listening = regexp.MustCompile(`^(listening|metrics) on (http://\S+)`)

// serve starts the program and points the world's people at it.
func (d *day) serve(more ...string) *server {
	d.Helper()
	s := &server{d: d, log: &logged{}, ended: make(chan struct{})}
	s.cmd = d.program(append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--fcm-project", "test",
		"--fcm-endpoint", d.Phones.URL()}, slices.Concat(d.more, more)...)...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	d.Must(err)
	d.Must(s.cmd.Start())
	said := make(chan string, 1)
	go func() {
		r := bufio.NewScanner(out)
		for r.Scan() {
			switch m := listening.FindStringSubmatch(r.Text()); {
			case m == nil:
			case m[1] == "metrics": // it is said first
				s.metrics = m[2]
			default:
				said <- m[2]
			}
		}
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	d.started = append(d.started, s)
	d.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		for _, word := range append(secretsOfAll(), "panic", "goroutine ") {
			if i := strings.Index(s.log.String(), word); i >= 0 {
				d.Errorf("the log says %q: %.300s", word, s.log.String()[max(0, i-150):])
			}
		}
		if d.Failed() {
			d.Logf("the log ends with:\n%s", tail(s.log.String(), 3000))
		}
	})
	select {
	case s.base = <-said:
	case <-s.ended:
		d.Fatalf("the server ended: %s", s.log)
	case <-time.After(harness.Patience):
		d.Fatalf("the server does not start: %s", s.log)
	}
	d.URL = s.base
	return s
}

// secretsOfAll never belong into a log.
func secretsOfAll() []string {
	return []string{harness.Password, harness.JWTSecret, harness.LinkSecret, "phone:", "eyJhbGci", "Kapoor", "Example Lane", "+9198"}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// at is the same world seen through another server.
func (d *day) at(s *server) *harness.Harness { return d.Through(s.base) }

// kill ends the program as a power cut does.
func (s *server) kill() {
	s.dead = true
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// terminate asks the program to end and gives its exit code.
func (s *server) terminate() int {
	s.d.Helper()
	s.d.Must(s.cmd.Process.Signal(syscall.SIGTERM))
	return s.exit()
}

func (s *server) exit() int {
	s.d.Helper()
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(harness.Patience):
		s.d.Fatalf("the server does not end: %s", tail(s.log.String(), 2000))
		return -1
	}
}

// until polls for what must come true.
func (d *day) until(what string, ok func() bool) {
	d.Helper()
	for end := time.Now().Add(harness.Patience); !ok(); time.Sleep(25 * time.Millisecond) {
		if time.Now().After(end) {
			d.Fatalf("waited in vain: %s", what)
		}
	}
}

// probe asks an address of the plumbing; 0 when nobody answers.
func (s *server) probe(path string) int {
	res, err := (&http.Client{Timeout: 10 * time.Second}).Get(s.base + path)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// metric reads one number of the metrics listener; -1 when it is not there.
func (s *server) metric(name string) float64 {
	res, err := http.Get(s.metrics + "/metrics")
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	for r := bufio.NewScanner(res.Body); r.Scan(); {
		if rest, ok := strings.CutPrefix(r.Text(), name+" "); ok {
			v, _ := strconv.ParseFloat(rest, 64)
			return v
		}
	}
	return -1
}

// verify proves the chains with the program itself.
func (d *day) verify() {
	d.Helper()
	out, err := d.program("verify").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("chains with")) {
		d.Errorf("doorstep verify: %v\n%s", err, out)
	}
}

// slotAt is a window of its own for every number, inside the hours of both
// centres' technicians.
func slotAt(n int) (from, to time.Time) {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		panic(err)
	}
	now := time.Now().In(kolkata)
	from = time.Date(now.Year(), now.Month(), now.Day()+2+n/60, 14, 5*(n%60), 0, 0, kolkata)
	return from, from.Add(2 * time.Hour)
}

// book schedules a visit of a fresh job for a technician.
func (d *day) book(by *harness.Client, n int, crew string) object {
	d.Helper()
	_, job := by.Harness.Household(by, nil)
	return by.Send("POST", path("/v1/jobs/%s/visits", job), bookedAt(d, n, crew), 201)
}

func bookedAt(d *day, n int, crew string) object {
	from, to := slotAt(n)
	return object{"window_start": from, "window_end": to, "planned_minutes": 5, "crew": []any{d.People[crew].ID}}
}

// letterOut is one write that a phone sends until it is answered.
type letterOut struct {
	path string
	body object
	key  string
	id   string // of what was made, once acknowledged
}

// try sends an order; false when the server was not there to answer.
func (o *letterOut) try(by *harness.Client) (done bool, err error) {
	raw, err := json.Marshal(o.body)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequest("POST", by.Harness.URL+o.path, bytes.NewReader(raw))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+by.Token)
	req.Header.Set("Idempotency-Key", o.key)
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return false, nil
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		return false, nil
	}
	if res.StatusCode != 201 {
		return false, fmt.Errorf("POST %s: %d %s", o.path, res.StatusCode, out)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(out, &made); err != nil {
		return false, err
	}
	o.id = made.ID
	return true, nil
}

// killed: kill -9 in the middle of writes, twice. Every acknowledged write is
// there once, the retry of what was not acknowledged has one effect, the
// chains hold, and nobody's push is lost.
func killed(d *day, more ...string) {
	d.more = more
	s := d.serve()
	desk := d.As("kiran")
	customer, _ := d.Household(desk, nil)
	k := &killing{day: d, desk: desk, customer: customer, orders: make([][]*letterOut, 6)}
	for round := range 2 {
		writers := k.write()
		s.kill()
		writers.Wait()
		d.Logf("round %d: killed after %d acknowledged writes", round+1, k.acknowledged())
		s = d.serve()
		k.tryAgain()
	}
	if len(k.faults) > 0 {
		d.Errorf("refused before the kill: %q", k.faults)
	}
	made, booked := k.check()
	// Each visit is pushed to its technician.
	pushed := func() map[string]int {
		out := map[string]int{}
		for _, m := range d.Phones.Messages() {
			if m.Title == "New visit" {
				out[m.Data["visit_id"]]++
			}
		}
		return out
	}
	d.until("a push for every visit", func() bool {
		got := pushed()
		for id := range booked {
			if got[id] == 0 {
				return false
			}
		}
		return true
	})
	twice := 0
	for _, n := range pushed() {
		twice += n - 1
	}
	d.Logf("%d writes, %d visits, %d pushes repeated", made, len(booked), twice)
	if code := s.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
	d.verify()
}

// killing is what phones send to a server that is killed.
type killing struct {
	*day
	desk     *harness.Client
	customer object
	mu       sync.Mutex
	orders   [][]*letterOut // of each writer
	faults   []string
	slot     int
}

func (k *killing) acknowledged() (n int) {
	for _, list := range k.orders {
		for _, o := range list {
			if o.id != "" {
				n++
			}
		}
	}
	return n
}

// write lets all write, and returns when enough is acknowledged. They end when
// the server does.
func (k *killing) write() *sync.WaitGroup {
	wg := &sync.WaitGroup{}
	count := 0
	enough := make(chan struct{})
	for w := range k.orders {
		wg.Go(func() {
			var job string
			for i := 0; ; i++ {
				o := &letterOut{key: uuid.NewString()}
				k.mu.Lock()
				switch i % 3 {
				case 0:
					o.path, o.body = "/v1/jobs", object{"customer_id": k.customer["id"], "category": "refrigerator", "fault": o.key}
				case 1:
					o.path, o.body = "/v1/jobs/"+job+"/visits", bookedAt(k.day, k.slot, []string{"ravi", "meena"}[w%2])
					k.slot++
				case 2:
					o.path, o.body = "/v1/jobs/"+job+"/attempts", object{"channel": "phone", "outcome": "no_answer", "note": o.key}
				}
				k.orders[w] = append(k.orders[w], o)
				k.mu.Unlock()
				done, err := o.try(k.desk)
				k.mu.Lock()
				if err != nil {
					k.faults = append(k.faults, err.Error())
				}
				if done {
					if count++; count == 120 {
						close(enough)
					}
				}
				k.mu.Unlock()
				if !done {
					return
				}
				if i%3 == 0 {
					job = o.id
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(harness.Patience):
		k.Error("the writers are too slow")
	}
	return wg
}

// tryAgain sends what was not acknowledged, twice, with the same keys.
func (k *killing) tryAgain() {
	for _, list := range k.orders {
		for _, o := range list {
			if o.id != "" {
				continue
			}
			for range 2 {
				before := o.id
				if done, err := o.try(k.desk); err != nil || !done || before != "" && before != o.id {
					k.Errorf("the retry of %s: %v %v, %s then %s", o.path, done, err, before, o.id)
				}
			}
		}
	}
}

// check looks for each write, seen from the jobs: it is there once.
func (k *killing) check() (made int, booked map[string]bool) {
	jobs, visits, attempts := map[string]int{}, map[string]int{}, map[string]int{}
	for next := ""; ; {
		page := k.desk.Send("GET", fmt.Sprintf("/v1/jobs?limit=200&customer_id=%s%s", k.customer["id"], next), nil, 200)
		for _, j := range page["items"].([]any) {
			jobs[fmt.Sprint(j.(object)["fault"])]++
			for _, v := range k.desk.Send("GET", path("/v1/visits?job_id=%s", j.(object)), nil, 200)["items"].([]any) {
				visits[v.(object)["id"].(string)]++
			}
			for _, a := range k.desk.Send("GET", path("/v1/jobs/%s/attempts", j.(object)), nil, 200)["items"].([]any) {
				attempts[fmt.Sprint(a.(object)["note"])]++
			}
		}
		cursor, more := page["next_cursor"].(string)
		if !more {
			break
		}
		next = "&cursor=" + cursor
	}
	booked = map[string]bool{}
	for _, list := range k.orders {
		for _, o := range list {
			made++
			n := 0
			switch {
			case o.path == "/v1/jobs":
				n = jobs[o.key]
			case strings.HasSuffix(o.path, "/visits"):
				n, booked[o.id] = visits[o.id], true
			default:
				n = attempts[o.key]
			}
			if n != 1 {
				k.Errorf("%s with key %s is there %d times", o.path, o.key, n)
			}
		}
	}
	if len(visits) != len(booked) || len(jobs) != 1+len(ordersTo(k.orders, "/v1/jobs")) {
		k.Errorf("%d visits of %d, %d jobs", len(visits), len(booked), len(jobs))
	}
	return made, booked
}

func ordersTo(all [][]*letterOut, path string) (out []*letterOut) {
	for _, list := range all {
		for _, o := range list {
			if o.path == path {
				out = append(out, o)
			}
		}
	}
	return out
}

// toldToStop: SIGTERM while requests run. They finish, readiness turns first,
// no new ones are taken, and the program ends in order.
func toldToStop(d *day) {
	s := d.serve("--drain-delay", "3s")
	d.As("kiran")
	// Connections that idle must not hold up the end.
	idle, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	d.Must(err)
	defer idle.Close()
	fmt.Fprint(idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil {
		d.Fatal(err)
	}
	// Sign-ins are the slowest of all requests: they wait for each other.
	const many = 40
	answers := make(chan string, many)
	for i := range many {
		go func() {
			body, _ := json.Marshal(object{"login": []string{"ravi", "meena", "kiran", "asha", "maya", "noor", "gita", "root"}[i%8],
				"password": harness.Password})
			res, err := (&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}).Post(s.base+"/v1/auth/login", "application/json",
				bytes.NewReader(body))
			if err != nil {
				answers <- err.Error()
				return
			}
			defer res.Body.Close()
			out, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != 200 || !bytes.Contains(out, []byte(`"access_token"`)) {
				answers <- fmt.Sprint(res.StatusCode, err, string(out))
				return
			}
			answers <- ""
		}()
	}
	d.until("sign-ins under way", func() bool { return s.metric("doorstep_http_requests_in_flight") >= many/4 || len(answers) > many/2 })
	began := time.Now()
	d.Must(s.cmd.Process.Signal(syscall.SIGTERM))
	d.until("not ready", func() bool { return s.probe("/readyz") == 503 })
	if code := s.probe("/healthz"); code != 200 {
		d.Errorf("alive while draining: %d", code)
	}
	for range many {
		if a := <-answers; a != "" {
			d.Errorf("a sign-in under way got %s", a)
		}
	}
	d.until("refused", func() bool { return s.probe("/healthz") == 0 })
	if code := s.exit(); code != 0 {
		d.Errorf("exit %d: %s", code, tail(s.log.String(), 2000))
	}
	if took := time.Since(began); took > 20*time.Second {
		d.Errorf("the end took %v", took)
	}
	// A slow client has its time, too, and no more.
	s = d.serve()
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	d.Must(err)
	defer slow.Close()
	fmt.Fprint(slow, "POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"refresh_")
	d.until("half a request is there", func() bool { return s.metric("doorstep_http_requests_in_flight") > 0 })
	d.Must(s.cmd.Process.Signal(syscall.SIGTERM))
	d.until("refused", func() bool { return s.probe("/healthz") == 0 })
	fmt.Fprint(slow, "token\":\"x\"}")
	_ = slow.SetReadDeadline(time.Now().Add(harness.Patience))
	if res, err := http.ReadResponse(bufio.NewReader(slow), nil); err != nil || res.StatusCode != 204 {
		d.Errorf("the second half of a request: %v %v", res, err)
	}
	if code := s.exit(); code != 0 {
		d.Errorf("exit %d", code)
	}
}

// logKeepsSecrets plants words and looks for them in what the server writes.
func logKeepsSecrets(d *day) {
	s := d.serve("--log-format", "json")
	desk, ravi, maya, root := d.As("kiran"), d.As("ravi"), d.As("maya"), d.As("root")
	canaries := map[string]string{}
	plant := func(what, word string) string { canaries[what] = word; return word }
	nobody := d.Harness.Anonymous()
	nobody.Send("POST", "/v1/auth/login", object{"login": "kiran", "password": plant("a wrong password", "canary-wrong-password")}, 401)
	nobody.Send("POST", "/v1/auth/login", object{"login": plant("an unknown login", "canary-login"), "password": "x"}, 401)
	signed := nobody.Send("POST", "/v1/auth/login", object{"login": "kiran", "password": harness.Password}, 200)
	plant("an access token", signed["access_token"].(string))
	plant("a refresh token", signed["refresh_token"].(string))
	plant("a rotated refresh token", nobody.Send("POST", "/v1/auth/refresh", object{"refresh_token": signed["refresh_token"]},
		200)["refresh_token"].(string))
	customer := desk.Send("POST", "/v1/customers", object{"name": plant("a name", "Canary Household"), "language": "en",
		"contacts": []object{{"name": plant("a contact", "Mrs Canarypersson"), "phones": []string{"98111 22233"},
			"email": plant("an e-mail", "canary@mail.invalid")}},
		"sites": []object{{"address": plant("an address", "77 Canary Street"), "landmark": plant("a landmark", "canary-landmark"),
			"postal_code": "411001", "zone": "Asia/Kolkata"}}}, 201)
	plant("a phone", "9811122233")
	plant("a phone as typed", "98111 22233")
	job := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": plant("a fault", "canary-fault"),
		"external_ref": plant("a reference", "CANARYREF1"), "category": "refrigerator"}, 201)
	share := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
	link := plant("a link", share[strings.LastIndex(share, "/")+1:])
	ravi.Send("PUT", "/v1/devices/"+uuid.NewString(), object{"token": plant("a device token", "canary-device-token"), "platform": "android"},
		200)
	nobody.Send("PUT", "/c/"+link+"/devices/"+uuid.NewString(), object{"token": plant("a customer's device token", "canary-customer-token"),
		"platform": "web"}, 200)
	plant("an invitation", root.Send("POST", fmt.Sprintf("/v1/users/%s/invite", d.People["meena"].ID),
		object{"in_person": true, "note": plant("a note on a handed over code", "canary-hand-over")}, 201)["code"].(string))
	d.Phones.Script("canary-device-token", fcmtest.InvalidToken().Always())
	d.Phones.Script("canary-customer-token", fcmtest.BadPayload().Always())
	d.Phones.Script("phone:kiran", fcmtest.ThirdPartyAuth().Always())
	d.Phones.Script("phone:asha", fcmtest.Disconnect())
	visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), bookedAt(d, 1, "ravi"), 201)
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", Note: plant("a note", "canary-note"),
		Address: "98111 22233"})
	ravi.StopVisit(visit, bodies.Stop{Note: plant("a stop's note", "canary-stop"), Kind: "threat"})
	ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: plant("a narrative", "canary-narrative")})
	flag := maya.Send("GET", "/v1/flags", nil, 200)["items"].([]any)[0].(object)
	maya.Send("POST", path("/v1/flags/%s/triage", flag), nil, 200)
	maya.Send("POST", path("/v1/flags/%s/decide", flag), object{"outcome": "upheld", "reasons": plant("the reasons", "canary-reasons")}, 200)
	desk.Send("GET", "/v1/customers?phone="+url.QueryEscape("98111 22233"), nil, 200)
	desk.Send("GET", "/v1/customers?q="+plant("a search", "canarysearch"), nil, 200)
	desk.Send("POST", "/v1/contacts", object{"phone": "98111 22233", "note": plant("a call", "canary-call")}, 202)
	// What is refused says no more in the log than what is done.
	desk.Raw("POST", "/v1/jobs", `{"fault":"`+plant("a broken body", "canary-broken")+`"`)
	desk.Raw("POST", "/v1/jobs", object{"customer_id": customer["id"], "external_ref": "CANARYREF1"})
	desk.Raw("POST", "/v1/jobs", object{"id": job["id"], "customer_id": customer["id"], "fault": plant("a duplicate", "canary-duplicate")})
	desk.Raw("GET", "/v1/jobs/"+plant("an address that is none", "canary-path"), nil)
	desk.Raw("GET", "/v1/jobs?"+plant("a query", "canaryquery")+"=1", nil)
	nobody.Raw("GET", "/c/"+plant("a dead link", "canarydeadlinkcanarydeadlinkcanarydeadlinkc"), nil)
	nobody.Raw("GET", "/v1/me", nil, "Authorization", "Bearer "+plant("a bad token", "canary.bad.token"))
	desk.Raw("POST", "/v1/imports/jobs", "external_ref,name,phone,address,fault\nCANARYREF2,"+plant("an imported name", "Canaryimport")+
		",9811122244,78 Canary Street,x\n,,,,\n", "Content-Type", "text/csv")
	desk.Raw("GET", "/v1/visits?cursor="+plant("a cursor", "canarycursor"), nil)
	page, _ := nobody.Raw("GET", "/c/"+link, nil)
	if key := harness.FormKey.FindSubmatch(page); key != nil {
		nobody.Raw("POST", "/c/"+link+"/call-me", url.Values{"form_key": {string(key[1])},
			"note": {plant("a customer's note", "canary-customer-note")}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	} else {
		d.Errorf("no form key on the page")
	}
	d.until("pushes to be tried", func() bool { return d.Phones.Requests() >= 6 })
	res, err := http.Get(s.metrics + "/metrics")
	d.Must(err)
	defer res.Body.Close()
	numbers, err := io.ReadAll(res.Body)
	d.Must(err)
	if code := s.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
	if n := strings.Count(s.log.String(), `"msg":"request"`); n < 30 {
		d.Fatalf("the log has %d requests: this test sees nothing\n%s", n, s.log)
	}
	for _, what := range slices.Sorted(maps.Keys(canaries)) {
		for name, text := range map[string]string{"log": s.log.String(), "metrics": string(numbers)} {
			if i := strings.Index(text, canaries[what]); i >= 0 {
				d.Errorf("the %s holds %s: %.300s", name, what, text[max(0, i-200):])
			}
		}
	}
}

// fcmsBadDay: every kind of answer once, on the way through the whole house.
func fcmsBadDay(d *day) {
	s := d.serve()
	desk, other := d.As("kiran"), d.As("kiran2")
	got := func(login string) int { return len(d.Phones.MessagesFor("phone:" + login)) }
	// 503: tried again, not before Retry-After, and there once.
	d.Phones.Script("phone:ravi", fcmtest.Unavailable(time.Second), fcmtest.Unavailable(time.Second))
	began := time.Now()
	d.book(desk, 1, "ravi")
	// 429: not again before a minute is over.
	d.Phones.Script("phone:meena", fcmtest.Quota(time.Second))
	d.book(desk, 2, "meena")
	d.until("a push after two 503s", func() bool { return got("ravi") == 1 })
	if took := time.Since(began); took < 2*time.Second {
		d.Errorf("Retry-After was not obeyed: pushed after %v", took)
	}
	// 404 UNREGISTERED: the token is given up.
	d.Phones.Script("phone:ravi2", fcmtest.Unregistered().Always())
	requests := d.Phones.Requests()
	d.book(other, 3, "ravi2")
	d.until("the dead token to be tried", func() bool { return d.Phones.Requests() > requests })
	// 401 THIRD_PARTY_AUTH_ERROR: our fault; the token stays.
	d.Phones.Script("phone:meena2", fcmtest.ThirdPartyAuth())
	requests = d.Phones.Requests()
	d.book(other, 4, "meena2")
	d.until("the misconfigured push to be tried", func() bool { return d.Phones.Requests() > requests })
	d.until("an alert in the log", func() bool { return strings.Contains(s.log.String(), "third_party_auth") })
	d.book(other, 5, "meena2")
	d.until("the kept token to be used", func() bool { return got("meena2") == 1 })
	// Down, then up.
	d.Phones.SetDown(true)
	requests = d.Phones.Requests()
	d.book(desk, 6, "ravi")
	d.until("a push to fail", func() bool { return d.Phones.Requests() > requests })
	if s.probe("/readyz") != 200 {
		d.Error("not ready because FCM is down")
	}
	d.Phones.SetDown(false)
	d.until("the push that waited", func() bool { return got("ravi") == 2 })
	// The dropped token is never asked again, and the inbox has it all.
	requests = d.Phones.Requests()
	d.book(other, 7, "ravi2")
	d.book(desk, 8, "ravi")
	d.until("the last push", func() bool { return got("ravi") == 3 })
	if n := d.Phones.Requests() - requests; n != 1 {
		d.Errorf("%d requests, want one: the dropped token was tried again", n)
	}
	if n := len(d.As("ravi2").Send("GET", "/v1/inbox", nil, 200)["items"].([]any)); n != 2 {
		d.Errorf("%d notices in the inbox of the phone that is gone", n)
	}
	if got("meena") != 0 || got("ravi2") != 0 || got("ravi") != 3 {
		d.Errorf("pushes: %d after a 429, %d to a dead token, %d to ravi", got("meena"), got("ravi2"), got("ravi"))
	}
}

// wall is the road between the server and PostgreSQL, which can be cut.
type wall struct {
	ln     net.Listener
	target func() (net.Conn, error)
	mu     sync.Mutex
	conns  map[net.Conn]bool
	cut    bool
	silent chan struct{} // not nil: bytes wait until it is closed
}

// behindAWall puts the day's database behind a road of its own.
func behindAWall(d *day) *wall {
	conf, err := pgconn.ParseConfig(d.url)
	d.Must(err)
	network, address := pgconn.NetworkAddress(conf.Host, conf.Port)
	w := &wall{conns: map[net.Conn]bool{}, target: func() (net.Conn, error) { return net.Dial(network, address) }}
	w.ln, err = net.Listen("tcp", "127.0.0.1:0")
	d.Must(err)
	d.Cleanup(func() { _ = w.ln.Close(); w.set(true, false) })
	go func() {
		for {
			c, err := w.ln.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(conf.User, conf.Password), Host: w.ln.Addr().String(), Path: "/" + conf.Database,
		RawQuery: "sslmode=disable"}
	d.url = u.String()
	return w
}

func (w *wall) carry(c net.Conn) {
	defer c.Close()
	w.mu.Lock()
	cut := w.cut
	w.mu.Unlock()
	if cut {
		return
	}
	to, err := w.target()
	if err != nil {
		return
	}
	defer to.Close()
	w.mu.Lock()
	w.conns[c], w.conns[to] = true, true
	w.mu.Unlock()
	done := make(chan struct{}, 2)
	pipe := func(dst, src net.Conn) {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, 32<<10)
		for {
			n, err := src.Read(buf)
			w.mu.Lock()
			silent := w.silent
			w.mu.Unlock()
			if silent != nil {
				<-silent
			}
			if n > 0 {
				if _, err := dst.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go pipe(to, c)
	go pipe(c, to)
	<-done
	_, _ = c.Close(), to.Close()
	<-done
	w.mu.Lock()
	delete(w.conns, c)
	delete(w.conns, to)
	w.mu.Unlock()
}

// set cuts or mends the road. Cut: connections end and new ones are not
// taken. Silent: everything is taken and nothing answers.
func (w *wall) set(cut, silent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if silent && w.silent == nil {
		w.silent = make(chan struct{})
	}
	if !silent && w.silent != nil {
		close(w.silent)
		w.silent = nil
	}
	if cut {
		for c := range w.conns {
			_ = c.Close()
		}
	}
}

// gone demands a 503 that says when to come back.
func (d *day) gone(by *harness.Client, method, path string, body any, headers ...string) {
	d.Helper()
	out, res := by.Raw(method, path, body, headers...)
	var p struct{ Code string }
	_ = json.Unmarshal(out, &p)
	after, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if res.StatusCode != 503 || p.Code != "unavailable" || res.Header.Get("Content-Type") != "application/problem+json" || err != nil ||
		after < 1 || after > 60 {
		d.Errorf("%s %s without a database: %d, Retry-After %q: %s", method, path, res.StatusCode, res.Header.Get("Retry-After"), out)
	}
	for _, word := range []string{"connect", "127.0.0.1:5", "dial", "postgres", "SQLSTATE"} {
		if bytes.Contains(out, []byte(word)) {
			d.Errorf("the answer says %q: %s", word, out)
		}
	}
}

// databaseGone: PostgreSQL goes away under load and comes back.
func databaseGone(d *day) {
	w := behindAWall(d)
	s := d.serve()
	desk, ravi := d.As("kiran"), d.As("ravi")
	visit := d.book(desk, 1, "ravi")
	job := object{"id": visit["job_id"]}
	share := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
	d.until("the first push", func() bool { return len(d.Phones.MessagesFor("phone:ravi")) == 1 })
	before := s.metric("go_goroutines")

	w.set(true, false)
	d.until("not ready", func() bool { return s.probe("/readyz") == 503 })
	if code := s.probe("/healthz"); code != 200 {
		d.Errorf("alive: %d", code)
	}
	o := &letterOut{path: path("/v1/jobs/%s/attempts", job), body: object{"channel": "phone", "outcome": "no_answer",
		"note": "while it was gone"}, key: uuid.NewString()}
	for range 3 {
		d.gone(desk, "GET", path("/v1/jobs/%s", job), nil)
		d.gone(desk, "GET", "/v1/visits?limit=5", nil)
		d.gone(desk, "POST", o.path, o.body, "Idempotency-Key", o.key)
		d.gone(desk, "PATCH", path("/v1/jobs/%s", job), object{"fault": "x"}, "If-Match", `"1"`)
		d.gone(ravi, "POST", path("/v1/visits/%s/stop", visit), nil)
		d.gone(d.Harness.Anonymous(), "POST", "/v1/auth/login", object{"login": "kiran", "password": harness.Password})
		d.gone(d.Harness.Anonymous(), "POST", "/v1/auth/refresh", object{"refresh_token": "x"})
		d.gone(d.Harness.Anonymous(), "GET", share[strings.Index(share, "/c/"):], nil)
		if page, res := d.Harness.Anonymous().Raw("GET", share[strings.Index(share, "/c/"):], nil, "Accept", "text/html", "Accept-Language",
			"hi"); res.StatusCode != 503 ||
			res.Header.Get("Retry-After") == "" || !strings.Contains(string(page), `lang="hi"`) || !strings.Contains(string(page), "एक मिनट") {
			d.Errorf("the household reads, with %d: %s", res.StatusCode, page)
		}
	}
	// Many at once do not pile up: a second crowd leaves no more behind than the
	// first. (The HTTP server keeps its workers for some seconds.)
	var wg sync.WaitGroup
	var left [2]float64
	for i := range left {
		for range 200 {
			wg.Go(func() { desk.Raw("GET", "/v1/visits", nil) })
		}
		wg.Wait()
		d.until("nothing under way", func() bool { return s.metric("doorstep_http_requests_in_flight") == 0 })
		left[i] = s.metric("go_goroutines")
	}
	if left[0] > before+600 || left[1] > left[0]+100 {
		d.Errorf("goroutines: %v before, %v after two crowds", before, left)
	}

	w.set(false, false)
	d.until("ready again", func() bool { return s.probe("/readyz") == 200 })
	d.until("the retry is taken", func() bool { done, _ := o.try(desk); return done })
	if n := len(desk.Send("GET", o.path, nil, 200)["items"].([]any)); n != 1 {
		d.Errorf("%d attempts, want one", n)
	}
	// No failed sign-in was counted, deliveries and deadlines go on.
	for range 6 {
		d.Harness.Anonymous().Send("POST", "/v1/auth/login", object{"login": "kiran", "password": harness.Password}, 200)
	}
	d.book(desk, 2, "ravi")
	d.until("the push after the outage", func() bool { return len(d.Phones.MessagesFor("phone:ravi")) == 2 })
	comesAndGoes(d, w, s, desk, o.path)
	d.verify()
}

// comesAndGoes takes the database away again and again, in the middle of
// writes: what was acknowledged is there.
func comesAndGoes(d *day, w *wall, s *server, desk *harness.Client, attempts string) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	orders := []*letterOut{}
	for range 4 {
		wg.Go(func() {
			for {
				o := &letterOut{path: attempts, body: object{"channel": "phone", "outcome": "busy", "note": uuid.NewString()}, key: uuid.NewString()}
				mu.Lock()
				orders = append(orders, o)
				mu.Unlock()
				for {
					done, err := o.try(desk)
					if err != nil && !strings.Contains(err.Error(), ": 503 ") && !strings.Contains(err.Error(), "idempotency_in_flight") {
						d.Errorf("while the database comes and goes: %v", err)
						return
					}
					if done {
						break
					}
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 8 {
		time.Sleep(150 * time.Millisecond) // the writers write
		w.set(true, false)
		time.Sleep(50 * time.Millisecond)
		w.set(false, false)
	}
	d.until("writers to go on", func() bool { return s.probe("/readyz") == 200 })
	close(stop)
	wg.Wait()
	kept := map[string]int{}
	for next := ""; ; {
		page := desk.Send("GET", attempts+"?limit=200"+next, nil, 200)
		for _, a := range page["items"].([]any) {
			kept[fmt.Sprint(a.(object)["note"])]++
		}
		cursor, more := page["next_cursor"].(string)
		if !more {
			break
		}
		next = "&cursor=" + cursor
	}
	for _, o := range orders {
		if n := kept[o.body["note"].(string)]; o.id != "" && n != 1 || n > 1 {
			d.Errorf("an attempt (acknowledged: %v) is there %d times", o.id != "", n)
		}
	}
	d.Logf("%d attempts while the database came and went", len(orders))
}

// databaseSilent: PostgreSQL takes everything and answers nothing, as behind
// a firewall that drops. Requests end by their deadline.
func databaseSilent(d *day) {
	w := behindAWall(d)
	s := d.serve("--stop-timeout", "5s")
	desk := d.As("kiran")
	visit := d.book(desk, 1, "ravi")
	w.set(false, true)
	d.until("not ready", func() bool { return s.probe("/readyz") == 503 })
	if code := s.probe("/healthz"); code != 200 {
		d.Errorf("alive: %d", code)
	}
	began := time.Now()
	var wg sync.WaitGroup
	for range 10 { // more than there are connections, with the ticker and the queue
		wg.Go(func() { d.gone(desk, "GET", path("/v1/visits/%s", visit), nil) })
		wg.Go(func() {
			d.gone(desk, "POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "busy"})
		})
	}
	wg.Wait()
	if took := time.Since(began); took > 25*time.Second {
		d.Errorf("the answers took %v", took)
	}
	w.set(false, false)
	d.until("ready again", func() bool { return s.probe("/readyz") == 200 })
	d.book(desk, 2, "ravi")
	d.until("a push after the silence", func() bool { return len(d.Phones.MessagesFor("phone:ravi")) == 2 })
	// A server that is told to stop while its database is silent does stop. It
	// says so by its exit when requests were left unanswered, and only then.
	stop := func(s *server) int {
		began := time.Now()
		code := s.terminate()
		if took := time.Since(began); took > 15*time.Second {
			d.Errorf("the end took %v", took)
		}
		return code
	}
	w.set(false, true)
	left := make(chan error, 1)
	go func() {
		req, err := http.NewRequest("GET", s.base+path("/v1/visits/%s", visit), nil)
		if err == nil {
			req.Header.Set("Authorization", "Bearer "+desk.Token)
			_, err = (&http.Client{Timeout: harness.Patience}).Do(req)
		}
		left <- err
	}()
	d.until("a request under way", func() bool { return s.metric("doorstep_http_requests_in_flight") == 1 })
	if code := stop(s); code != 1 {
		d.Errorf("exit %d with a request unanswered", code)
	}
	if err := <-left; err == nil {
		d.Error("the request was answered after all")
	}
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "doorstep: the time to stop was over before 1 running requests") {
		d.Errorf("the last word is %q", last)
	}
	w.set(false, false)
	s = d.serve("--stop-timeout", "3s")
	d.until("ready", func() bool { return s.probe("/readyz") == 200 })
	w.set(false, true)
	if code := stop(s); code != 0 {
		d.Errorf("exit %d with every request answered", code)
	}
}

// fileHeld: another program writes to the SQLite file for longer than ours
// waits.
func fileHeld(d *day) {
	s := d.serve()
	desk := d.As("kiran")
	visit := d.book(desk, 1, "ravi")
	other, err := sql.Open("sqlite", "file:"+d.url+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	d.Must(err)
	defer other.Close()
	tx, err := other.Begin()
	d.Must(err)
	var wg sync.WaitGroup
	began := time.Now()
	for range 3 {
		wg.Go(func() {
			d.gone(desk, "POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "busy"})
		})
	}
	// Who only reads does not wait.
	desk.Visit(visit)
	if s.probe("/healthz") != 200 || time.Since(began) > 5*time.Second {
		d.Errorf("reading waits for the writer: %v", time.Since(began))
	}
	wg.Wait()
	if took := time.Since(began); took > 20*time.Second {
		d.Errorf("the answers took %v", took)
	}
	d.Must(tx.Rollback())
	o := &letterOut{path: path("/v1/visits/%s/attempts", visit), body: object{"channel": "phone", "outcome": "busy"}, key: uuid.NewString()}
	d.until("writing again", func() bool { done, _ := o.try(desk); return done })
	if n := len(desk.Send("GET", fmt.Sprintf("/v1/jobs/%s/attempts", visit["job_id"]), nil, 200)["items"].([]any)); n != 1 {
		d.Errorf("%d attempts: those that were refused left something", n)
	}
}

// twoReplicas on one PostgreSQL.
func twoReplicas(d *day) {
	visits := missedYesterday(d)
	a, b := d.serve(), d.serve()
	atA, atB := d.at(a), d.at(b)
	missedOnce(d, atA, atB, visits)
	tappedOnBoth(d, atA, atB)
	disabledOnBoth(d, atA, atB)
	desk := atA.As("kiran")
	// A replica that dies leaves its deliveries to the other.
	d.Phones.ScriptAll(fcmtest.Slow(2*time.Second), fcmtest.Slow(2*time.Second), fcmtest.Slow(2*time.Second), fcmtest.Slow(2*time.Second),
		fcmtest.Slow(2*time.Second), fcmtest.Slow(2*time.Second))
	for i := range 6 {
		d.book(desk, 100+i, "meena")
	}
	requests := d.Phones.Requests()
	d.until("pushes under way", func() bool { return d.Phones.Requests() >= requests })
	b.kill()
	d.until("all pushes by the other one", func() bool {
		seen := map[string]bool{}
		for _, m := range d.Phones.MessagesFor("phone:meena") {
			seen[m.Data["visit_id"]] = true
		}
		return len(seen) == 6
	})
	for _, m := range d.Phones.MessagesFor("phone:ravi") {
		if m.Title != "New visit" {
			d.Errorf("ravi got %q", m.Title)
		}
	}
	if n := len(d.Phones.MessagesFor("phone:ravi")); n != 15 {
		d.Errorf("%d pushes for 15 taps", n)
	}
	if code := a.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
	d.verify()
}

// missedYesterday: visits were booked, nobody came, and no server ran.
func missedYesterday(d *day) []object {
	const missed = 30
	yesterday := new(demo.Clock)
	yesterday.Advance(-30 * time.Hour)
	past := repotest.OpenURL(d.T, d.url)
	w := &app.Config{Secrets: app.Secrets{JWTSecret: harness.JWTSecret, LinkSecret: harness.LinkSecret}, BaseURL: "http://past",
		Now:  yesterday.Now,
		Push: notifications.NewLog(slog.New(slog.DiscardHandler)), Log: slog.New(slog.DiscardHandler)}
	old, err := app.New(context.Background(), past, w)
	d.Must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	d.Must(err)
	go func() { _ = old.HTTP.Serve(ln) }()
	d.URL = "http://" + ln.Addr().String()
	desk := d.As("kiran")
	week := []object{} // at whatever time this runs, somebody works
	for day := range 7 {
		week = append(week, object{"weekday": day, "from": "00:00", "to": "24:00"})
	}
	desk.Send("PUT", "/v1/technicians/"+d.People["ravi"].ID.String()+"/hours", object{"hours": week, "exceptions": []object{}}, 200)
	visits := []object{}
	for range missed {
		_, job := d.Household(desk, nil)
		from := yesterday.Now().Add(time.Hour)
		visits = append(visits, desk.Send("POST", path("/v1/jobs/%s/visits", job),
			object{"window_start": from, "window_end": from.Add(2 * time.Hour)}, 201))
	}
	end, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	_ = old.HTTP.Drain(end)
	d.Must(past.Close())
	return visits
}

// missedOnce: whichever of the two finds a visit missed, it is missed once.
func missedOnce(d *day, atA, atB *harness.Harness, visits []object) {
	desk, missed := atA.As("kiran"), len(visits)
	d.until("all missed", func() bool {
		n := 0
		for _, v := range visits {
			if desk.Visit(v).Status == "missed" {
				n++
			}
		}
		return n == missed
	})
	for _, v := range visits {
		out, _ := atB.As("kiran").Raw("GET", fmt.Sprintf("/v1/jobs/%s/timeline", v["job_id"]), nil)
		if n := bytes.Count(out, []byte(`"visit.missed"`)); n != 1 {
			d.Errorf("the visit was missed %d times", n)
		}
	}
	// Both of the desk are told once of each.
	for _, login := range []string{"kiran", "asha"} {
		count := func() (all int, of map[string]int) {
			of = map[string]int{}
			for _, m := range d.Phones.MessagesFor("phone:" + login) {
				if m.Title == "Visit missed" {
					all++
					of[m.Data["notice_id"]]++
				}
			}
			return all, of
		}
		d.until("every push", func() bool { _, of := count(); return len(of) >= missed })
		if all, of := count(); all != missed || len(of) != missed {
			d.Errorf("%s got %d pushes of %d notices, want %d", login, all, len(of), missed)
		}
	}
}

// tappedOnBoth: the same tap on both has one effect.
func tappedOnBoth(d *day, atA, atB *harness.Harness) {
	desk := atA.As("kiran")
	type answer struct {
		status int
		body   string
	}
	for i := range 15 {
		_, job := atA.Household(desk, nil)
		key := uuid.NewString()
		body := bookedAt(d, i, "ravi")
		answers := make([]answer, 2)
		var wg sync.WaitGroup
		for k, p := range []*harness.Client{desk, atB.As("kiran")} {
			wg.Go(func() {
				out, res := p.Raw("POST", path("/v1/jobs/%s/visits", job), body, "Idempotency-Key", key)
				answers[k] = answer{res.StatusCode, string(out)}
			})
		}
		wg.Wait()
		made := 0
		for _, x := range answers {
			switch {
			case x.status == 201:
				made++
			case x.status == 409 && strings.Contains(x.body, "idempotency_in_flight"):
			default:
				d.Errorf("the double tap: %d %s", x.status, x.body)
			}
		}
		if made == 0 || made == 2 && answers[0].body != answers[1].body {
			d.Errorf("the double tap: %v", answers)
		}
		out, res := atB.As("kiran").Raw("POST", path("/v1/jobs/%s/visits", job), body, "Idempotency-Key", key)
		if res.StatusCode != 201 || res.Header.Get("Idempotency-Replayed") != "true" {
			d.Errorf("the third tap: %d %s", res.StatusCode, out)
		}
		if n := len(desk.Send("GET", path("/v1/visits?job_id=%s", job), nil, 200)["items"].([]any)); n != 1 {
			d.Errorf("%d visits after a double tap", n)
		}
	}
	d.until("a push for each tap", func() bool { return len(d.Phones.MessagesFor("phone:ravi")) >= 15 })
}

// disabledOnBoth: who is disabled here is out there within 5 s.
func disabledOnBoth(d *day, atA, atB *harness.Harness) {
	gita, here := atB.As("gita"), atA.As("gita")
	gita.Send("GET", "/v1/me", nil, 200)
	root := atA.As("root")
	user := root.Send("GET", fmt.Sprintf("/v1/users/%s", gita.ID), nil, 200)
	root.Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
	began := time.Now()
	here.Send("GET", "/v1/me", nil, 401)
	d.until("gita to be out", func() bool { _, res := gita.Raw("GET", "/v1/me", nil); return res.StatusCode == 401 })
	if took := time.Since(began); took > 5*time.Second {
		d.Errorf("a disabled user was let in for %v", took)
	}
}
