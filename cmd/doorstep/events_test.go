package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/notifications"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// told is one event of a stream.
type told struct {
	ID, Event string
	Kind      string `json:"kind"`
	Thing     string `json:"id"`
	Version   int    `json:"version"`
}

// ear listens to a stream.
type ear struct {
	t      *testing.T
	who    string
	events chan told
	status int
	last   string // the id to come again with
	stop   context.CancelFunc
}

// listens opens a stream, behind an event when one is named.
func (p *person) listens(base, after string) *ear {
	p.h.Helper()
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", base+"/v1/events", nil)
	p.h.must(err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(req)
	p.h.must(err)
	e := &ear{t: p.h.T, who: p.login, events: make(chan told, 1000), status: res.StatusCode, stop: stop}
	p.h.Cleanup(stop)
	if res.StatusCode != 200 {
		_ = res.Body.Close()
		return e
	}
	if media := res.Header.Get("Content-Type"); !strings.HasPrefix(media, "text/event-stream") {
		p.h.Errorf("a stream of %q", media)
	}
	go func() {
		defer close(e.events)
		defer res.Body.Close()
		lines, now := bufio.NewScanner(res.Body), told{}
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				now.ID = value
			case "event":
				now.Event = value
			case "data":
				_ = json.Unmarshal([]byte(value), &now)
			case "":
				if now.Event != "" {
					e.events <- now
				}
				now = told{}
			}
		}
	}()
	return e
}

// next is the next event; ok is false at the stream's end.
func (e *ear) next() (told, bool) {
	e.t.Helper()
	select {
	case x, ok := <-e.events:
		if x.ID != "" {
			e.last = x.ID
		}
		return x, ok
	case <-time.After(patience):
		e.t.Fatalf("%s heard nothing", e.who)
		return told{}, false
	}
}

func (e *ear) begins(event string) {
	e.t.Helper()
	if x, _ := e.next(); x.Event != event || x.ID == "" {
		e.t.Errorf("%s: the stream begins with %+v, want %s", e.who, x, event)
	}
}

// hears reads until a change of a thing and gives all that came on the way.
func (e *ear) hears(kind string, thing obj) []told {
	e.t.Helper()
	var all []told
	for {
		x, ok := e.next()
		if !ok {
			e.t.Fatalf("%s: the stream ended after %+v", e.who, all)
		}
		all = append(all, x)
		if x.Kind == kind && x.Thing == toString(thing["id"]) {
			return all
		}
	}
}

func (e *ear) ends() {
	e.t.Helper()
	for {
		if _, ok := e.next(); !ok {
			return
		}
	}
}

// beside starts another replica on the same PostgreSQL.
func (h *harness) beside() (base string, replica *app.Server) {
	h.Helper()
	db := repotest.OpenURL(h.T, h.db.Pool().Config().ConnString())
	quiet := slog.New(slog.DiscardHandler)
	w := &app.Config{Secrets: app.Secrets{JWTSecret: jwtSecret, LinkSecret: linkSecret}, BaseURL: h.base, Now: h.clock.Now,
		Push: notifications.NewLog(quiet), Log: quiet}
	other, err := app.New(context.Background(), db, w)
	h.must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	go func() { _ = other.HTTP.Serve(ln) }()
	h.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = other.HTTP.Drain(end)
	})
	return "http://" + ln.Addr().String(), other
}

func TestEventsTellWhatChangedInTheOwnScope(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "visit.assigned", "visit.confirmed", "visit.unassigned")
		desk, ravi, meena := h.as("kiran"), h.as("ravi"), h.as("meena")
		ears := map[string]*ear{}
		for _, login := range []string{"kiran", "asha", "maya", "gita", "root", "ravi", "meena", "kiran2", "maya2", "ravi2"} {
			ears[login] = h.as(login).listens(h.base, "")
			ears[login].begins("ready")
		}
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(2*time.Hour), "ravi")
		for _, login := range []string{"kiran", "asha", "maya", "gita", "root", "ravi"} {
			ears[login].hears("visit", visit)
		}
		// Who leaves a crew is told so, and no more after it.
		desk.send("POST", path("/v1/visits/%s/assign", visit), obj{"crew": []any{meena.id}}, 200)
		ears["ravi"].hears("visit", visit)
		ears["meena"].hears("visit", visit)
		desk.send("POST", path("/v1/visits/%s/confirm", visit), obj{"contact": obj{"channel": "phone", "outcome": "reached"}}, 200)
		promise := desk.send("POST", path("/v1/jobs/%s/promises", job), obj{"what": "a call", "owner_id": desk.id}, 201)
		for _, login := range []string{"kiran", "asha", "maya", "gita"} {
			ears[login].hears("promise", promise)
		}
		// An alarm is told to whom it rings, and never to a colleague of the desk.
		alarm := ravi.send("POST", "/v1/sos", nil, 201)
		ears["asha"].hears("alarm", alarm)
		ears["maya"].hears("alarm", alarm)
		ears["ravi"].hears("alarm", alarm)
		// The end mark: what everybody of the centre hears.
		_, last := h.household(desk, nil)
		end := h.visit(desk, last, monday.Add(8*time.Hour), "ravi", "meena")
		for _, login := range []string{"kiran", "gita", "ravi", "meena"} {
			for _, x := range ears[login].hears("visit", end) {
				switch {
				case x.Kind == "alarm" && (login == "kiran" || login == "gita") && !rung(h, alarm, login):
					t.Errorf("%s heard of the alarm", login)
				case login == "ravi" && x.Thing == toString(visit["id"]):
					t.Errorf("ravi hears of a visit that is not his any more")
				case login == "ravi" && x.Kind == "promise", login == "meena" && x.Kind == "promise":
					t.Errorf("%s hears of a promise of others", login)
				}
			}
		}
		// Other areas heard nothing of all this.
		_, theirs := h.household(h.as("kiran2"),
			obj{"sites": []obj{{"address": "1 Example Street", "postal_code": "SE1", "zone": "Europe/London"}}})
		for _, login := range []string{"kiran2", "maya2"} {
			for _, x := range ears[login].hears("job", theirs) {
				if x.Kind != "job" || x.Thing != toString(theirs["id"]) {
					t.Errorf("%s heard %+v", login, x)
				}
			}
		}
		if n := len(ears["ravi2"].events); n != 0 {
			t.Errorf("ravi2 heard %d events", n)
		}
	})
}

// A silent alarm changes nothing that its raiser hears; a hold over a household
// is heard wherever a job of it is; a job that moves to another centre is heard
// at both.
func TestEventsOfWhatIsConfidential(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "hold.area", "sos.raised", "visit.assigned", "visit.call_desk")
		desk, ravi := h.as("kiran"), h.as("ravi")
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "4321"}, 200)
		customer, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		second := desk.send("POST", "/v1/jobs", obj{"customer_id": customer["id"], "fault": "rattles", "category": "refrigerator"}, 201)
		h.clock.Advance(time.Hour)
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		his, maya, kiran := ravi.listens(h.base, ""), h.as("maya").listens(h.base, ""), desk.listens(h.base, "")
		for _, e := range []*ear{his, maya, kiran} {
			e.begins("ready")
		}
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), obj{"code": "4321"}, 200)
		silent := items(h.as("maya").send("GET", "/v1/sos", nil, 200))[0]
		if silent["source"] != "duress" {
			t.Fatalf("the alarm is %v", silent)
		}
		maya.hears("alarm", silent)
		h.as("maya").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 3}, 201)
		kiran.hears("job", second) // nobody saved that one; the hold lies on it
		_, last := h.household(desk, nil)
		end := h.visit(desk, last, monday.Add(8*time.Hour), "ravi")
		for _, x := range his.hears("visit", end) {
			if x.Kind == "alarm" {
				t.Errorf("the raiser hears of the silent alarm: %+v", x)
			}
		}
		centre := h.as("root").send("GET", fmt.Sprintf("/v1/centres/%s", h.centre), nil, 200)
		new := h.as("root").send("POST", "/v1/centres", obj{"area_id": centre["area_id"], "name": "Second", "zone": "Asia/Kolkata",
			"country": "IN"}, 201)
		_, moving := h.household(desk, nil)
		h.as("maya").send("POST", path("/v1/jobs/%s/transfer", moving), obj{"centre_id": new["id"], "reason": "nearer"}, 200)
		kiran.hears("job", moving)
		var told int
		h.must(h.db.SQL().QueryRow("SELECT count(DISTINCT centre_id) FROM changes WHERE items LIKE '%" + toString(moving["id"]) + "%'").
			Scan(&told))
		if told != 2 {
			t.Errorf("%d centres are told of a transfer", told)
		}
	})
}

// rung reports whether the ladder rang somebody.
func rung(h *harness, alarm obj, login string) bool {
	_, res := h.as(login).raw("GET", path("/v1/sos/%s", alarm), nil)
	return res.StatusCode == 200
}

func TestEventsAreResumedWithoutALoss(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned", "visit.cancelled")
		desk := h.as("kiran")
		bases := []string{h.base}
		if h.db.Kind() == repo.Postgres {
			other, _ := h.beside()
			bases = append(bases, other)
		}
		e := desk.listens(h.base, "")
		e.begins("ready")
		var jobs []obj
		for range 3 {
			_, job := h.household(desk, nil)
			jobs = append(jobs, job)
		}
		e.hears("job", jobs[0])
		e.stop()
		// What happened while nobody listened comes on any replica.
		for i, base := range append(bases, bases...) {
			_, job := h.household(desk, nil)
			jobs = append(jobs, job)
			again := desk.listens(base, e.last)
			again.begins("ready")
			seen := map[string]bool{}
			for _, x := range again.hears("job", job) {
				seen[x.Thing] = true
			}
			for _, j := range jobs[1:] {
				if !seen[toString(j["id"])] {
					t.Errorf("round %d: job %v was never told", i, j["id"])
				}
			}
			// And it goes on live.
			began := time.Now()
			visit := h.visit(desk, jobs[0], monday.Add(2*time.Hour), "ravi")
			again.hears("visit", visit)
			if took := time.Since(began); took > slowness*2*time.Second {
				t.Errorf("round %d: a change took %v", i, took)
			}
			again.stop()
			desk.send("POST", path("/v1/visits/%s/cancel", visit), obj{"reason": "x"}, 200)
		}
		// What cannot be resumed begins anew.
		for _, id := range []string{"nonsense", "1-2", "0-0-1000000000", fmt.Sprintf("9000000000000000000-1-%d", time.Now().Unix()), "-1-1-1"} {
			lost := desk.listens(h.base, id)
			lost.begins("reload")
			lost.stop()
		}
	})
}

// A transaction that is still open holds back what comes after it, so that a
// listener who has gone on never misses what it commits.
func TestEventsWaitForEarlierTransactions(t *testing.T) {
	if !slices.Contains(repotest.Engines(t), repo.Postgres) {
		t.Skip("needs PostgreSQL")
	}
	t.Parallel()
	h := newHarness(t, repo.Postgres)
	desk := h.as("kiran")
	e := desk.listens(h.base, "")
	e.begins("ready")
	slow, err := h.db.SQL().Begin()
	h.must(err)
	defer func() { _ = slow.Rollback() }()
	id := "0190a0a0-0000-7000-8000-000000000001"
	if _, err := slow.Exec(`INSERT INTO changes (at, centre_id, items) VALUES (now(), $1, $2)`, h.centre.String(),
		`[{"k":"job","i":"`+id+`","v":1}]`); err != nil {
		t.Fatal(err)
	}
	_, job := h.household(desk, nil)
	select {
	case x := <-e.events:
		t.Fatalf("%+v came before what was begun earlier", x)
	case <-time.After(time.Second):
	}
	h.must(slow.Commit())
	all := e.hears("job", job)
	if all[0].Thing != id {
		t.Errorf("the slow one came as %+v", all)
	}
}

func TestStreamsEndAndAreBounded(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		var mine []*ear
		for range 8 {
			e := desk.listens(h.base, "")
			e.begins("ready")
			mine = append(mine, e)
		}
		if e := desk.listens(h.base, ""); e.status != 429 {
			t.Errorf("the ninth stream: %d", e.status)
		}
		// A user who is disabled hears no more within 5 s.
		gita := h.as("gita").listens(h.base, "")
		gita.begins("ready")
		root := h.as("root")
		user := root.send("GET", fmt.Sprintf("/v1/users/%s", h.people["gita"].id), nil, 200)
		root.send("PATCH", path("/v1/users/%s", user), obj{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
		began := time.Now()
		gita.ends()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a disabled user was told for %v", took)
		}
		if e := h.as("gita").listens(h.base, ""); e.status != 401 {
			t.Errorf("a disabled user: %d", e.status)
		}
		// A server that stops ends them and does not wait for them.
		began = time.Now()
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.must(h.house.HTTP.Drain(end))
		for _, e := range mine {
			e.ends()
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}
