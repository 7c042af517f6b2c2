package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
)

type phonesCmd struct {
	Server      string        `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	DatabaseURL string        `help:"An empty PostgreSQL database; without it SQLite in a temporary folder." placeholder:"URL"`
	Phones      int           `help:"That come back." default:"10000"`
	Users       int           `help:"Technicians; each has as many of the phones as the other. More cost only time before: passwords are hashed." default:"500"`
	Things      int           `help:"In the queue of each phone: tried steps and calls in turn." default:"4"`
	Within      time.Duration `help:"After the network is there again, when the last phone has noticed; 0: all at once." default:"0s"`
	Patience    time.Duration `help:"How long the region may take." default:"15m"`
}

// jobsEach is how many visits a technician of the region has, on whose jobs their phones write.
const jobsEach = 4

// region are the phones that come back, and what was seen of it.
type region struct {
	c       *phonesCmd
	server  *subject
	town    *town
	crews   []*client
	cursors []string
	desks   []*client // of the centres
	jobs    []string
	http    *fasthttp.Client
	mu      sync.Mutex
	answers map[string]int // what was answered to uploads and syncs, by status
	failed  []string       // what is none of "done" and "later"
	tries   int            // most of one phone
	took    []time.Duration
	done    atomic.Int64 // phones
	sos     []time.Duration
}

// Run lets the phones come back while somebody is in danger each second.
func (c *phonesCmd) Run(ctx context.Context) error {
	if c.Users < 1 || c.Phones < c.Users || c.Things < 1 || c.Things > 100 {
		return fmt.Errorf("at least a technician, a phone for each, and 1 to 100 things")
	}
	ctx, cancel := context.WithTimeout(ctx, c.Patience+10*time.Minute)
	defer cancel()
	env := []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret()}
	name := "PostgreSQL"
	if c.DatabaseURL != "" {
		env = append(env, "DATABASE_URL="+c.DatabaseURL)
	} else {
		name = "SQLite"
		dir, err := os.MkdirTemp("", "doorstep-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		env = append(env, "DOORSTEP_DATA="+filepath.Clean(dir))
	}
	server, err := launch(ctx, c.Server, env)
	if err != nil {
		return err
	}
	defer server.stop()
	r := &region{c: c, server: server, answers: map[string]int{}, http: newHTTP(c.Phones + 1)}
	r.http.ReadTimeout = time.Minute
	fmt.Fprintf(os.Stderr, "%d technicians with %d visits each …\n", c.Users, jobsEach)
	if err := r.settle(ctx); err != nil {
		return err
	}
	before := cpuOf([]int{server.cmd.Process.Pid})
	began := time.Now()
	r.comeBack(ctx)
	drained := time.Since(began)
	used := cpuOf([]int{server.cmd.Process.Pid}) - before
	if err := r.check(ctx); err != nil {
		r.fail("%v", err)
	}
	return r.print(name, drained, used)
}

// centreOf is how many technicians a centre of the region has: an SOS rings its colleagues, not a whole region.
const centreOf = 25

// settle makes the centres with their technicians, the visits of tomorrow, and what each phone last knew.
func (r *region) settle(ctx context.Context) (err error) {
	if r.town, err = settleTown(ctx, r.c.Server, r.server, 1, 0); err != nil {
		return err
	}
	var areas struct{ Items []created }
	if err := r.town.admin.do(ctx, "GET", "/v1/areas", nil, &areas); err != nil {
		return err
	}
	r.crews, r.cursors = make([]*client, r.c.Users), make([]string, r.c.Users)
	r.desks, r.jobs = make([]*client, (r.c.Users+centreOf-1)/centreOf), make([]string, r.c.Users*jobsEach)
	for k := range r.desks {
		var centre created
		if err := r.town.admin.do(ctx, "POST", "/v1/centres", obj{"area_id": areas.Items[0].ID, "name": fmt.Sprintf("Region %d", k),
			"zone": "UTC", "country": "IN", "working_days": []int{0, 1, 2, 3, 4, 5, 6}}, &centre); err != nil {
			return err
		}
		if r.desks[k], _, err = r.person(ctx, fmt.Sprintf("region-desk-%d", k), "coordinator", centre.ID); err != nil {
			return err
		}
		if err := parallel(min(centreOf, r.c.Users-k*centreOf), 8, func(n int) error {
			return r.technician(ctx, k*centreOf+n, centre.ID)
		}); err != nil {
			return err
		}
	}
	return nil
}

// created is something new.
type created struct{ ID string }

func (r *region) person(ctx context.Context, login, role, centre string) (*client, string, error) {
	var u created
	if err := r.town.admin.do(ctx, "POST", "/v1/users", obj{"login": login, "name": login, "role": role, "centre_id": centre},
		&u); err != nil {
		return nil, "", err
	}
	c, err := r.town.signIn(ctx, login, u.ID)
	return c, u.ID, err
}

// technician makes one with their visits of tomorrow.
func (r *region) technician(ctx context.Context, i int, centre string) error {
	crew, id, err := r.person(ctx, fmt.Sprintf("region-tech-%d", i), "technician", centre)
	if err != nil {
		return err
	}
	desk, tomorrow := r.desks[i/centreOf], time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	for k := range jobsEach {
		n := i*jobsEach + k
		var household, job created
		if err := desk.do(ctx, "POST", "/v1/customers", obj{"name": fmt.Sprintf("Household %d", n),
			"contacts": []obj{{"name": "Contact", "phones": []string{fmt.Sprintf("+9198%08d", 10000000+n)}}},
			"sites":    []obj{{"address": fmt.Sprintf("%d Region Street", n), "zone": "UTC", "lat": 18.5, "lon": 73.8}}}, &household); err != nil {
			return err
		}
		if err := desk.do(ctx, "POST", "/v1/jobs", obj{"customer_id": household.ID, "fault": "does not start"}, &job); err != nil {
			return err
		}
		at := tomorrow.Add(time.Duration(3*k) * time.Hour)
		if err := desk.do(ctx, "POST", "/v1/jobs/"+job.ID+"/visits", obj{"window_start": at, "window_end": at.Add(2 * time.Hour),
			"crew": []string{id}}, nil); err != nil {
			return err
		}
		r.jobs[n] = job.ID
	}
	crew.http = r.http
	var whole struct{ Cursor string }
	if err := crew.do(ctx, "GET", "/v1/sync?limit=200", nil, &whole); err != nil {
		return err
	}
	r.crews[i], r.cursors[i] = crew, whole.Cursor
	return nil
}

// parallel does n things, so many at once, until one fails.
func parallel(n, workers int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < n && failed.Load() == nil; i = int(next.Add(1) - 1) {
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// comeBack ends when each phone has sent its queue and knows what is new.
func (r *region) comeBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.c.Patience)
	defer cancel()
	var alarms sync.WaitGroup
	over := make(chan struct{})
	alarms.Go(func() { r.danger(ctx, over) })
	alarms.Go(func() { r.progress(over) })
	var phones sync.WaitGroup
	began := time.Now()
	for i := range r.c.Phones {
		phones.Go(func() {
			if r.c.Within > 0 {
				time.Sleep(rand.N(r.c.Within)) // #nosec G404 -- no secret
			}
			r.phone(ctx, i)
			r.done.Add(1)
			r.mu.Lock()
			r.took = append(r.took, time.Since(began))
			r.mu.Unlock()
		})
	}
	phones.Wait()
	close(over)
	alarms.Wait()
}

// progress says now and then how many phones are back.
func (r *region) progress(over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(15 * time.Second):
			fmt.Fprintf(os.Stderr, "%d of %d phones are back\n", r.done.Load(), r.c.Phones)
		}
	}
}

// danger raises an SOS every second until the region is back, of one technician after the other, each by a connection of its
// own. Their desk answers and ends it.
func (r *region) danger(ctx context.Context, over chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var raised sync.WaitGroup
	defer raised.Wait()
	for i := 0; ; i++ {
		raised.Go(func() {
			k := i * (centreOf + 1) % len(r.crews) // of another centre each time
			crew := &client{base: r.crews[k].base, token: r.crews[k].token, http: newHTTP(1)}
			defer crew.http.CloseIdleConnections()
			var alarm created
			began := time.Now()
			err := crew.do(ctx, "POST", "/v1/sos", obj{"note": "help"}, &alarm)
			took := time.Since(began)
			if err == nil {
				desk := r.desks[k/centreOf]
				err = errors.Join(desk.do(ctx, "POST", "/v1/sos/"+alarm.ID+"/acknowledge", obj{}, nil),
					desk.do(ctx, "POST", "/v1/sos/"+alarm.ID+"/resolve", obj{"words": "was a test", "outcome": "test"}, nil))
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.sos = append(r.sos, took); err != nil && ctx.Err() == nil {
				r.failed = append(r.failed, "an SOS: "+err.Error())
			}
		})
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// item is an answer of a batch.
type item struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
	Body   json.RawMessage
}

// phone sends its queue and asks what is new; "later" is waited for as docs/phone.md says.
func (r *region) phone(ctx context.Context, n int) {
	i := n % r.c.Users
	crew := r.crews[i]
	queue := map[string]obj{}
	var order []string
	for k := range r.c.Things {
		key := uuid.NewString()
		order = append(order, key)
		job := r.jobs[i*jobsEach+(n/r.c.Users)%jobsEach]
		at := time.Now().Add(-time.Duration(10*(r.c.Things-k)) * time.Minute).UTC().Format(time.RFC3339)
		if k%2 == 0 {
			queue[key] = obj{"id": key, "method": "POST", "path": "/v1/jobs/" + job + "/tried-steps",
				"body": obj{"step": "Cleaned filter " + key, "result": "failed", "occurred_at": at}}
		} else {
			queue[key] = obj{"id": key, "method": "POST", "path": "/v1/jobs/" + job + "/attempts",
				"body": obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25, "occurred_at": at, "offline": true}}
		}
	}
	tries := 0
	for wait := time.Second; len(queue) > 0 && ctx.Err() == nil; tries++ {
		var batch []obj
		for _, key := range order {
			if queue[key] != nil {
				batch = append(batch, queue[key])
			}
		}
		body, err := json.Marshal(obj{"device_time": time.Now().UTC().Format(time.RFC3339Nano), "requests": batch})
		if err != nil {
			r.fail("%v", err)
			return
		}
		status, after, answer := r.ask(crew, http.MethodPost, "/v1/sync", body)
		var got struct{ Responses []item }
		switch {
		case status == http.StatusOK && json.Unmarshal(answer, &got) == nil:
			for _, a := range got.Responses {
				r.count(fmt.Sprintf("thing %d", a.Status))
				switch {
				case a.Status/100 == 2:
					delete(queue, a.ID)
				case a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable && a.Status != http.StatusFailedDependency:
					r.fail("a thing: %d %s", a.Status, a.Body)
					delete(queue, a.ID)
				}
			}
		case !later(status):
			r.fail("POST /v1/sync: %d %s", status, answer)
			return
		}
		if len(queue) > 0 {
			wait = sleepLike(ctx, after, wait)
		}
	}
	cursor := r.cursors[i]
	for wait := time.Second; ctx.Err() == nil; tries++ {
		status, after, answer := r.ask(crew, http.MethodGet, "/v1/sync?cursor="+url.QueryEscape(cursor), nil)
		var got struct {
			Cursor string
			More   bool
		}
		switch {
		case status == http.StatusOK && json.Unmarshal(answer, &got) == nil:
			if cursor = got.Cursor; got.More {
				continue
			}
			r.mu.Lock()
			r.tries = max(r.tries, tries)
			r.mu.Unlock()
			return
		case !later(status):
			r.fail("GET /v1/sync: %d %s", status, answer)
			return
		}
		wait = sleepLike(ctx, after, wait)
	}
	r.fail("a phone did not come to an end")
}

// later reports whether a phone tries again; 0 is no answer.
func later(status int) bool {
	return status == 0 || status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// sleepLike waits as long as the server said, else the wait, which doubles; with up to half of it by chance.
func sleepLike(ctx context.Context, after, wait time.Duration) time.Duration {
	if after == 0 {
		after, wait = wait, min(2*wait, 5*time.Minute)
	}
	select {
	case <-ctx.Done():
	case <-time.After(after + rand.N(after/2)): // #nosec G404 -- no secret
	}
	return wait
}

// ask sends a request; status 0: there was no answer.
func (r *region) ask(as *client, method, path string, body []byte) (status int, after time.Duration, answer []byte) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod(method)
	req.SetRequestURI(as.base + path)
	req.Header.Set("Authorization", "Bearer "+as.token)
	if body != nil {
		req.SetBodyRaw(body)
		req.Header.SetContentType("application/json")
	}
	if err := r.http.Do(req, res); err != nil {
		r.count(method + " no answer")
		return 0, 0, []byte(err.Error())
	}
	r.count(fmt.Sprintf("%s %d", method, res.StatusCode()))
	n, _ := strconv.Atoi(string(res.Header.Peek("Retry-After")))
	return res.StatusCode(), time.Duration(n) * time.Second, slices.Clone(res.Body())
}

func (r *region) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[what]++
}

func (r *region) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

// check counts what the server has of what the phones sent: each once.
func (r *region) check(ctx context.Context) error {
	var steps, calls atomic.Int64
	if err := parallel(len(r.jobs), 4, func(i int) error {
		for _, list := range []struct {
			path string
			n    *atomic.Int64
		}{{"/attempts", &calls}, {"/timeline", &steps}} {
			for cursor := ""; ; {
				var page struct {
					Items      []struct{ Kind string }
					NextCursor string `json:"next_cursor"`
				}
				if err := r.desks[i/jobsEach/centreOf].do(ctx, "GET", "/v1/jobs/"+r.jobs[i]+list.path+"?limit=200&cursor="+url.QueryEscape(cursor), nil,
					&page); err != nil {
					return err
				}
				for _, it := range page.Items {
					if list.n == &calls || it.Kind == "step.tried" {
						list.n.Add(1)
					}
				}
				if cursor = page.NextCursor; cursor == "" {
					break
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	half := r.c.Things / 2
	if want := int64(r.c.Phones * (r.c.Things - half)); steps.Load() != want {
		r.fail("%d tried steps are there, %d were sent", steps.Load(), want)
	}
	if want := int64(r.c.Phones * half); calls.Load() != want {
		r.fail("%d calls are there, %d were sent", calls.Load(), want)
	}
	return nil
}

func (r *region) print(name string, drained, used time.Duration) error {
	slices.Sort(r.sos)
	slices.Sort(r.took)
	at := func(of []time.Duration, share int) time.Duration {
		return of[min(len(of)-1, len(of)*share/100)].Round(time.Millisecond)
	}
	things := r.c.Phones * r.c.Things
	fmt.Printf("%s: %d phones of %d technicians in %d centres, %d things each, within %v\n", name, r.c.Phones, r.c.Users, len(r.desks),
		r.c.Things, r.c.Within)
	fmt.Printf("drained in %v: half of them after %v, 99%% after %v; %.0f things/s, %v of the server's processor a phone; most tries %d\n",
		drained.Round(100*time.Millisecond), at(r.took, 50), at(r.took, 99), float64(things)/drained.Seconds(),
		(used / time.Duration(r.c.Phones)).Round(10*time.Microsecond), r.tries)
	for _, what := range slices.Sorted(maps.Keys(r.answers)) {
		fmt.Printf("  %-18s %d\n", what, r.answers[what])
	}
	fmt.Printf("SOS meanwhile: %d, p50 %v, p99 %v, worst %v\n", len(r.sos), at(r.sos, 50), at(r.sos, 99), at(r.sos, 100))
	fmt.Printf("the server: %s\n", memoryOf(r.server.cmd.Process.Pid))
	for _, f := range r.failed[:min(len(r.failed), 10)] {
		fmt.Println("  FAILED:", f)
	}
	if len(r.failed) > 0 {
		return fmt.Errorf("%d things did not come to a good end", len(r.failed))
	}
	return nil
}
