package contract

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
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
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

// listen opens a stream, behind an event when one is named.
func listen(p *harness.Client, base, after string) *ear {
	p.Harness.Helper()
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", base+"/v1/events", nil)
	p.Harness.Must(err)
	req.Header.Set("Authorization", "Bearer "+p.Token)
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(req)
	p.Harness.Must(err)
	e := &ear{t: p.Harness.T, who: p.Login, events: make(chan told, 1000), status: res.StatusCode, stop: stop}
	p.Harness.Cleanup(stop)
	if res.StatusCode != 200 {
		_ = res.Body.Close()
		return e
	}
	if media := res.Header.Get("Content-Type"); !strings.HasPrefix(media, "text/event-stream") {
		p.Harness.Errorf("a stream of %q", media)
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
	case <-time.After(harness.Patience):
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
func (e *ear) hears(kind string, thing object) []told {
	e.t.Helper()
	var all []told
	for {
		x, ok := e.next()
		if !ok {
			e.t.Fatalf("%s: the stream ended after %+v", e.who, all)
		}
		all = append(all, x)
		if x.Kind == kind && x.Thing == harness.String(thing["id"]) {
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

// secondReplica starts another replica on the same PostgreSQL.
func secondReplica(h *harness.Harness) (base string, replica *app.Server) {
	h.Helper()
	db := repotest.OpenURL(h.T, h.DB.Pool().Config().ConnString())
	quiet := slog.New(slog.DiscardHandler)
	w := &app.Config{Secrets: app.Secrets{JWTSecret: harness.JWTSecret, LinkSecret: harness.LinkSecret}, BaseURL: h.URL, Now: h.Clock.Now,
		Push: notifications.NewLog(quiet), Log: quiet}
	other, err := app.New(context.Background(), db, w)
	h.Must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.Must(err)
	go func() { _ = other.HTTP.Serve(ln) }()
	h.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = other.HTTP.Drain(end)
	})
	return "http://" + ln.Addr().String(), other
}

func TestEventsTellWhatChangedInTheOwnScope(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned", "visit.confirmed", "visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		desk, ravi, meena := h.As("kiran"), h.As("ravi"), h.As("meena")
		ears := map[string]*ear{}
		for _, login := range []string{"kiran", "asha", "maya", "gita", "root", "ravi", "meena", "kiran2", "maya2", "ravi2"} {
			ears[login] = listen(h.As(login), h.URL, "")
			ears[login].begins("ready")
		}
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		for _, login := range []string{"kiran", "asha", "maya", "gita", "root", "ravi"} {
			ears[login].hears("visit", visit)
		}
		// Who leaves a crew is told so, and no more after it.
		desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []any{meena.ID}}, 200)
		ears["ravi"].hears("visit", visit)
		ears["meena"].hears("visit", visit)
		desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
		promise := desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "a call", "owner_id": desk.ID}, 201)
		for _, login := range []string{"kiran", "asha", "maya", "gita"} {
			ears[login].hears("promise", promise)
		}
		// An alarm is told to whom it rings, and never to a colleague of the desk.
		alarm := ravi.Send("POST", "/v1/sos", nil, 201)
		ears["asha"].hears("alarm", alarm)
		ears["maya"].hears("alarm", alarm)
		ears["ravi"].hears("alarm", alarm)
		// The end mark: what everybody of the centre hears.
		_, last := h.Household(desk, nil)
		end := h.Visit(desk, last, harness.Monday.Add(8*time.Hour), "ravi", "meena")
		for _, login := range []string{"kiran", "gita", "ravi", "meena"} {
			for _, x := range ears[login].hears("visit", end) {
				switch {
				case x.Kind == "alarm" && (login == "kiran" || login == "gita") && !rung(h, alarm, login):
					t.Errorf("%s heard of the alarm", login)
				case login == "ravi" && x.Thing == harness.String(visit["id"]):
					t.Errorf("ravi hears of a visit that is not his any more")
				case login == "ravi" && x.Kind == "promise", login == "meena" && x.Kind == "promise":
					t.Errorf("%s hears of a promise of others", login)
				}
			}
		}
		// Other areas heard nothing of all this.
		_, theirs := h.Household(h.As("kiran2"),
			object{"sites": []object{{"address": "1 Example Street", "postal_code": "SE1", "zone": "Europe/London"}}})
		for _, login := range []string{"kiran2", "maya2"} {
			for _, x := range ears[login].hears("job", theirs) {
				if x.Kind != "job" || x.Thing != harness.String(theirs["id"]) {
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
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "hold.area", "sos.raised", "visit.assigned", "visit.call_desk")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		desk, ravi := h.As("kiran"), h.As("ravi")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		second := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "rattles", "category": "refrigerator"}, 201)
		h.Clock.Advance(time.Hour)
		ravi.Arrive(visit)
		his, maya, kiran := listen(ravi, h.URL, ""), listen(h.As("maya"), h.URL, ""), listen(desk, h.URL, "")
		for _, e := range []*ear{his, maya, kiran} {
			e.begins("ready")
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
		silent := items(h.As("maya").Send("GET", "/v1/sos", nil, 200))[0]
		if silent["source"] != "duress" {
			t.Fatalf("the alarm is %v", silent)
		}
		maya.hears("alarm", silent)
		h.As("maya").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 3})
		kiran.hears("job", second) // nobody saved that one; the hold lies on it
		_, last := h.Household(desk, nil)
		end := h.Visit(desk, last, harness.Monday.Add(8*time.Hour), "ravi")
		for _, x := range his.hears("visit", end) {
			if x.Kind == "alarm" {
				t.Errorf("the raiser hears of the silent alarm: %+v", x)
			}
		}
		centre := h.As("root").Send("GET", fmt.Sprintf("/v1/centres/%s", h.Centre), nil, 200)
		new := h.As("root").Send("POST", "/v1/centres", object{"area_id": centre["area_id"], "name": "Second", "zone": "Asia/Kolkata",
			"country": "IN"}, 201)
		_, moving := h.Household(desk, nil)
		h.As("maya").Send("POST", path("/v1/jobs/%s/transfer", moving), object{"centre_id": new["id"], "reason": "nearer"}, 200)
		kiran.hears("job", moving)
		var told int
		h.Must(h.DB.SQL().QueryRow("SELECT count(DISTINCT centre_id) FROM changes WHERE items LIKE '%" + harness.String(moving["id"]) + "%'").
			Scan(&told))
		if told != 2 {
			t.Errorf("%d centres are told of a transfer", told)
		}
	})
}

// rung reports whether the ladder rang somebody.
func rung(h *harness.Harness, alarm object, login string) bool {
	_, res := h.As(login).Raw("GET", path("/v1/sos/%s", alarm), nil)
	return res.StatusCode == 200
}

func TestEventsAreResumedWithoutALoss(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled")
		desk := h.As("kiran")
		bases := []string{h.URL}
		if h.DB.Kind() == repo.Postgres {
			other, _ := secondReplica(h)
			bases = append(bases, other)
		}
		e := listen(desk, h.URL, "")
		e.begins("ready")
		var jobs []object
		for range 3 {
			_, job := h.Household(desk, nil)
			jobs = append(jobs, job)
		}
		e.hears("job", jobs[0])
		e.stop()
		// What happened while nobody listened comes on any replica.
		for i, base := range append(bases, bases...) {
			_, job := h.Household(desk, nil)
			jobs = append(jobs, job)
			again := listen(desk, base, e.last)
			again.begins("ready")
			seen := map[string]bool{}
			for _, x := range again.hears("job", job) {
				seen[x.Thing] = true
			}
			for _, j := range jobs[1:] {
				if !seen[harness.String(j["id"])] {
					t.Errorf("round %d: job %v was never told", i, j["id"])
				}
			}
			// And it goes on live.
			began := time.Now()
			visit := h.Visit(desk, jobs[0], harness.Monday.Add(2*time.Hour), "ravi")
			again.hears("visit", visit)
			if took := time.Since(began); took > harness.Slowness*2*time.Second {
				t.Errorf("round %d: a change took %v", i, took)
			}
			again.stop()
			desk.CancelVisit(visit, bodies.CancelVisit{Reason: "as asked"})
		}
		// What cannot be resumed begins anew.
		for _, id := range []string{"nonsense", "1-2", "0-0-1000000000", fmt.Sprintf("9000000000000000000-1-%d", time.Now().Unix()), "-1-1-1"} {
			lost := listen(desk, h.URL, id)
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
	h := harness.New(t, repo.Postgres)
	desk := h.As("kiran")
	e := listen(desk, h.URL, "")
	e.begins("ready")
	slow, err := h.DB.SQL().Begin()
	h.Must(err)
	defer func() { _ = slow.Rollback() }()
	id := "0190a0a0-0000-7000-8000-000000000001"
	if _, err := slow.Exec(`INSERT INTO changes (at, centre_id, items) VALUES (now(), $1, $2)`, h.Centre.String(),
		`[{"k":"job","i":"`+id+`","v":1}]`); err != nil {
		t.Fatal(err)
	}
	_, job := h.Household(desk, nil)
	select {
	case x := <-e.events:
		t.Fatalf("%+v came before what was begun earlier", x)
	case <-time.After(time.Second):
	}
	h.Must(slow.Commit())
	all := e.hears("job", job)
	if all[0].Thing != id {
		t.Errorf("the slow one came as %+v", all)
	}
}

func TestStreamsEndAndAreBounded(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		var mine []*ear
		for range 8 {
			e := listen(desk, h.URL, "")
			e.begins("ready")
			mine = append(mine, e)
		}
		if e := listen(desk, h.URL, ""); e.status != 429 {
			t.Errorf("the ninth stream: %d", e.status)
		}
		// A user who is disabled hears no more within 5 s.
		gita := listen(h.As("gita"), h.URL, "")
		gita.begins("ready")
		root := h.As("root")
		user := root.Send("GET", fmt.Sprintf("/v1/users/%s", h.People["gita"].ID), nil, 200)
		root.Send("PATCH", path("/v1/users/%s", user), object{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
		began := time.Now()
		gita.ends()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a disabled user was told for %v", took)
		}
		if e := listen(h.As("gita"), h.URL, ""); e.status != 401 {
			t.Errorf("a disabled user: %d", e.status)
		}
		// A server that stops ends them and does not wait for them.
		began = time.Now()
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.Must(h.Server.HTTP.Drain(end))
		for _, e := range mine {
			e.ends()
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}
