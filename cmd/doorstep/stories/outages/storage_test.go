package outages

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// oneServerAFolder: two servers on one file would each give the other's
// deliveries out again. The system drops the lock with the process, however
// that ends; commands beside a server go on.
func oneServerAFolder(d *day) {
	first := d.serve()
	second := func(args ...string) (code int, words string) {
		cmd := d.program(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
		var all bytes.Buffer
		cmd.Stdout, cmd.Stderr = &all, &all
		d.Must(cmd.Start())
		over := time.AfterFunc(harness.Patience, func() { _ = cmd.Process.Kill() })
		defer over.Stop()
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode(), all.String()
	}
	folder := filepath.Dir(d.url)
	alias := filepath.Join(d.TempDir(), "alias")
	d.Must(os.Symlink(folder, alias))
	for name, args := range map[string][]string{"the folder": nil, "not migrating": {"--no-migrate"}, "by another name": {"--data", alias}} {
		code, words := second(args...)
		refused := strings.Contains(words, "another doorstep serves from ") && strings.Contains(words, "--data")
		if code != 1 || !refused || strings.Contains(words, "listening on") {
			d.Errorf("%s: exit %d, %s", name, code, words)
		}
	}
	for _, args := range [][]string{{"migrate", "status"}, {"migrate", "up"}, {"verify"},
		{"user", "create", "--login", "beside", "--role", "admin", "--name", "B"}} {
		if out, err := d.program(args...).CombinedOutput(); err != nil {
			d.Errorf("%v beside a server: %v: %s", args, err, out)
		}
	}
	d.book(d.As("kiran"), 1, "ravi")
	first.kill()
	next := d.serve()
	d.book(d.As("kiran"), 2, "ravi")
	if code := next.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
	d.serve()
}

// migratedByMany: programs that come up at once on a new database, or run
// migrate up, wait for each other.
func migratedByMany(d *day) {
	where := []string{"--data", filepath.Join(d.TempDir(), "new")}
	if d.engine == repo.Postgres {
		where = []string{"--database-url", repotest.EmptyURL(d.T)}
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if out, err := d.program(append([]string{"migrate", "up"}, where...)...).CombinedOutput(); err != nil {
				d.Errorf("migrate up beside others: %v: %s", err, out)
			}
		})
	}
	wg.Wait()
	out, err := d.program(append([]string{"migrate", "status"}, where...)...).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("missing")) || !bytes.Contains(out, []byte("00001 applied")) {
		d.Errorf("%v: %s", err, out)
	}
}

// detail asks /readyz and gives the status and what it says.
func (s *server) detail() (int, string) {
	res, err := (&http.Client{Timeout: 10 * time.Second}).Get(s.base + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	var p struct{ Status, Detail any }
	_ = json.Unmarshal(b, &p)
	return res.StatusCode, fmt.Sprint(p.Detail)
}

// noWrites makes writing impossible and gives the way back.
func (d *day) noWrites() (undo func()) {
	d.Helper()
	if d.engine == repo.SQLite {
		other, err := sql.Open("sqlite", "file:"+d.url+"?_pragma=busy_timeout(10000)&_txlock=immediate")
		d.Must(err)
		tx, err := other.Begin()
		d.Must(err)
		return func() { d.Must(tx.Rollback()); d.Must(other.Close()) }
	}
	db := repotest.OpenURL(d.T, d.url)
	exec := func(text string) {
		_, err := db.SQL().ExecContext(d.Context(), text)
		d.Must(err)
	}
	var database string
	d.Must(db.SQL().QueryRowContext(d.Context(), "SELECT quote_ident(current_database())").Scan(&database))
	others := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	exec("ALTER DATABASE " + database + " SET default_transaction_read_only = on")
	exec(others)
	return func() {
		exec("BEGIN READ WRITE; ALTER DATABASE " + database + " RESET default_transaction_read_only; COMMIT")
		exec(others)
	}
}

// takesNoWrites: the database answers and refuses every write. The replica
// says so within seconds, nobody gets a 500, and it comes back by itself.
func takesNoWrites(d *day) {
	s := d.serve()
	if code, said := s.detail(); code != 200 {
		d.Fatalf("not ready at the start: %d %s", code, said)
	}
	desk, ravi := d.As("kiran"), d.As("ravi")
	visit := d.book(desk, 1, "ravi")
	last := s.metric("doorstep_last_write_timestamp_seconds")
	if age := float64(time.Now().UnixMilli())/1000 - last; age < 0 || age > 5 {
		d.Errorf("the last write was %v s ago", age)
	}
	undo := d.noWrites()
	began := time.Now()
	d.until("not ready", func() bool {
		if code := s.probe("/livez"); code != 200 {
			d.Errorf("alive: %d", code)
		}
		return s.probe("/readyz") == 503
	})
	if took := time.Since(began); took < 3*time.Second || took > 9*time.Second {
		d.Errorf("red after %v", took)
	}
	if code, said := s.detail(); code != 503 || said != "The database answers, but takes no writes." {
		d.Errorf("/readyz: %d %q", code, said)
	}
	var refused sync.WaitGroup // each waits for the lock as long as a server is willing to
	refused.Go(func() { d.gone(ravi, "POST", "/v1/sos", object{}) })
	refused.Go(func() { d.gone(ravi, "POST", path("/v1/visits/%s/stop", visit), object{"kind": "threat"}) })
	refused.Go(func() {
		d.gone(desk, "POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "busy"})
	})
	refused.Wait()
	desk.Visit(visit) // reading goes on
	undo()
	d.until("ready again", func() bool { return s.probe("/readyz") == 200 })
	ravi.RaiseSOS(bodies.SOSRaise{})
	ravi.StopVisit(visit, bodies.Stop{Kind: "threat"})
	if code := s.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
}

// figuresOfAlarms: what a monitor reads beside the requests. The alarm is older
// than the server, so that the first figures hold it: they are read as the
// server starts, and then each 15 s.
func figuresOfAlarms(d *day) {
	raised := repotest.Meta(time.Now().UTC().Truncate(time.Microsecond).Add(-time.Minute))
	db := repotest.OpenURL(d.T, d.url)
	repotest.Do(d.T, db, func(tx domain.Tx) error {
		ravi, err := tx.User(d.People["ravi"].ID)
		if err != nil {
			return err
		}
		return tx.InsertSOS(&domain.SOS{Meta: raised, RaiserID: ravi.ID, CentreID: ravi.CentreID, AreaID: ravi.AreaID, Country: "IN",
			Source: "tap", OccurredAt: raised.CreatedAt, RecordedAt: raised.CreatedAt, Status: "raised"})
	})
	d.Must(db.Close())
	s := d.serve()
	d.until("figures", func() bool { return s.metric("doorstep_figures_timestamp_seconds") > 0 })
	d.until("ticks of both clocks and a write", func() bool {
		return s.metric(`doorstep_clock_last_tick_timestamp_seconds{clock="all"}`) >= 1 &&
			s.metric(`doorstep_clock_last_tick_timestamp_seconds{clock="alarms"}`) >= 1 &&
			s.metric("doorstep_last_write_timestamp_seconds") >= 1
	})
	for name, least := range map[string]float64{"doorstep_sos_open": 1, "doorstep_sos_unacknowledged": 1,
		"doorstep_sos_open_oldest_seconds": 60, "doorstep_sos_unacknowledged_oldest_seconds": 60,
		"doorstep_clock_lag_seconds": 0, "doorstep_notices_pending_oldest_seconds": 0, "doorstep_last_write_timestamp_seconds": 1,
		`doorstep_clock_last_tick_timestamp_seconds{clock="all"}`: 1, `doorstep_clock_last_tick_timestamp_seconds{clock="alarms"}`: 1} {
		if got := s.metric(name); got < least {
			d.Errorf("%s is %v", name, got)
		}
	}
	x := d.As("maya").Send("GET", "/v1/sos", nil, 200)["items"].([]any)[0].(object)
	d.As("maya").AcknowledgeSOS(x)
	d.until("the acknowledgement to be seen", func() bool { return s.metric("doorstep_sos_unacknowledged") == 0 })
	if got := s.metric("doorstep_sos_open"); got != 1 {
		d.Errorf("%v open alarms", got)
	}
}

// TestReadyNeedsItsClocks: a clock that hangs turns the replica red, as a
// database that takes no writes does; before anything ticks it is asked for an
// answer only.
func TestReadyNeedsItsClocks(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		p := h.Anonymous()
		p.Send("GET", "/readyz", nil, 200)
		x := h.Server.Health
		x.Begin(t.Context())
		p.Send("GET", "/readyz", nil, 200)
		for name, c := range map[string]struct {
			late func()
			say  string
		}{
			"alarms": {func() { x.Alarms.NoteAt(time.Now().Add(-app.ClockLate - time.Second)) }, "The clock of the alarms does not tick."},
			"all":    {func() { x.Clock.NoteAt(time.Now().Add(-app.ClockLate - time.Second)) }, "The clock does not tick."},
			"writes": {func() { x.Wrote.NoteAt(time.Now().Add(-app.WriteLate - time.Second)) }, "The database answers, but takes no writes."},
		} {
			c.late()
			if got := p.Send("GET", "/readyz", nil, 503)["detail"]; got != c.say {
				h.Errorf("%s: %q", name, got)
			}
			p.Send("GET", "/livez", nil, 200)
			x.Begin(t.Context())
			p.Send("GET", "/readyz", nil, 200)
		}
		h.Must(h.DB.ForgetReplicas(t.Context(), time.Now().Add(time.Hour)))
	})
}

// TestFigures: each figure of the metrics follows what it stands for.
func TestFigures(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		w := repotest.NewWorld(t, repotest.Open(t, engine))
		now := repotest.Noon
		f, err := w.DB.Figures(t.Context(), now)
		if err != nil || f.OpenSOS != 0 || f.OldestOpenSOS != nil || f.Overdue != nil || f.PendingNotice != nil {
			t.Errorf("%s: of nothing: %+v %v", engine, f, err)
		}
		n := repotest.NewNotice(w.Ravi.ID, "x")
		n.CreatedAt, n.NotBefore, n.ExpiresAt = now.Add(-time.Hour), now.Add(-50*time.Minute), now.Add(time.Hour)
		later := repotest.NewNotice(w.Ravi.ID, "y")
		later.CreatedAt, later.NotBefore, later.ExpiresAt = now.Add(-2*time.Hour), now.Add(10*time.Minute), now.Add(time.Hour)
		alarm := func(status string, ago time.Duration) *domain.SOS {
			return &domain.SOS{Meta: repotest.Meta(now.Add(-ago)), RaiserID: w.Ravi.ID, Country: "IN", Source: "tap",
				OccurredAt: now, RecordedAt: now, Status: status}
		}
		repotest.Do(t, w.DB, func(tx domain.Tx) error {
			tx.Enqueue(n)
			tx.Enqueue(later)
			tx.Arm(domain.Deadline{ID: repotest.ID(), Kind: "promise", SubjectID: repotest.ID(), DueAt: now.Add(-7 * time.Minute)})
			tx.Arm(domain.Deadline{ID: repotest.ID(), Kind: "promise", SubjectID: repotest.ID(), DueAt: now.Add(7 * time.Minute)})
			for _, x := range []*domain.SOS{alarm("raised", 3*time.Minute), alarm("raised", 5*time.Minute),
				alarm("acknowledged", 9*time.Minute), alarm("resolved", time.Hour)} {
				if err := tx.InsertSOS(x); err != nil {
					return err
				}
			}
			return nil
		})
		if f, err = w.DB.Figures(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		ago := func(at *time.Time) time.Duration {
			if at == nil {
				return -1
			}
			return now.Sub(*at)
		}
		jobs := 0
		for _, q := range f.Queue {
			jobs += q.N
		}
		if f.OpenSOS != 3 || f.Unacknowledged != 2 || ago(f.OldestOpenSOS) != 9*time.Minute || ago(f.OldestUnacked) != 5*time.Minute ||
			ago(f.Overdue) != 7*time.Minute || ago(f.PendingNotice) != 50*time.Minute || jobs != 2 {
			t.Errorf("%s: %+v", engine, f)
		}
	}
}
