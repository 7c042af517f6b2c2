package notifications_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
)

// outbox is a domain.Outbox in memory that keeps to its contract: only
// pending notices, without dropped devices, with what was accepted before.
type outbox struct {
	mu         sync.Mutex
	letters    map[domain.ID]*domain.Delivery
	dropped    map[domain.ID]string
	dispatches []domain.Dispatch
	writes     int
	failing    error
	poison     domain.ID     // its record is refused
	slow       time.Duration // of each trip
	loads      int
}

func (o *outbox) Deliveries(_ context.Context, ids []domain.ID) ([]domain.Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing != nil {
		return nil, o.failing
	}
	o.loads++
	time.Sleep(o.slow)
	var out []domain.Delivery
	for i := len(ids) - 1; i >= 0; i-- { // in no particular order
		l := o.letters[ids[i]]
		if l == nil || l.Notice.State != "pending" {
			continue
		}
		c := *l
		c.Devices = slices.DeleteFunc(slices.Clone(l.Devices), func(d domain.Device) bool { return o.dropped[d.InstallationID] != "" })
		c.Delivered = slices.Clone(l.Delivered)
		out = append(out, c)
	}
	return out, nil
}

func (o *outbox) Record(_ context.Context, r domain.DeliveryRecord) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing != nil {
		return o.failing
	}
	if _, ok := r.States[o.poison]; ok {
		return errors.New("refused")
	}
	o.writes++
	time.Sleep(o.slow)
	o.dispatches = append(o.dispatches, r.Dispatches...)
	for _, d := range r.Dispatches {
		if d.Outcome == "accepted" && d.InstallationID != nil {
			o.letters[d.NoticeID].Delivered = append(o.letters[d.NoticeID].Delivered, *d.InstallationID)
		}
	}
	maps.Copy(o.dropped, r.Drop)
	for id, s := range r.States {
		o.letters[id].Notice.State = s
	}
	return nil
}

func (o *outbox) PendingNotices(context.Context, time.Time) (int, error) { return 0, nil }

// bench is a Deliverer on a fake FCM, a fake gateway and a fake store.
type bench struct {
	*notifications.Deliverer
	t        *testing.T
	fcm      *fcmtest.Server
	box      *outbox
	now      time.Time
	logs     *bytes.Buffer
	told     []string // channel and receipt
	tellErr  error
	gateway  atomic.Int64 // status; 0: 204
	texts    []map[string]any
	received sync.Mutex
}

func newBench(t *testing.T, withGateway bool) *bench {
	b := &bench{t: t, fcm: fakeFCM(t, fcmtest.Options{}), box: &outbox{letters: map[domain.ID]*domain.Delivery{},
		dropped: map[domain.ID]string{}},
		now: wallClock, logs: &bytes.Buffer{}}
	b.Deliverer = &notifications.Deliverer{Outbox: b.box, Push: sender(t, notifications.FCMConfig{Endpoint: b.fcm.URL()}),
		Now:     func() time.Time { return b.now },
		LinkURL: func(l *domain.Link) (string, bool) { return "https://care.example/c/LINK-SECRET", l.KeyID != "retired" },
		Accepted: func(_ context.Context, n domain.Notice, channel, receipt string) error {
			if b.tellErr != nil {
				return b.tellErr
			}
			b.told = append(b.told, channel+" "+receipt)
			return nil
		},
		Log:     slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: notifications.NewMetrics(prometheus.NewRegistry())}
	if withGateway {
		b.Text = webhook(t, newSecret(), func(w http.ResponseWriter, r *http.Request) {
			var event struct {
				Data map[string]any `json:"data"`
			}
			body, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(body, &event)
			b.received.Lock()
			defer b.received.Unlock()
			b.texts = append(b.texts, event.Data)
			if code := b.gateway.Load(); code != 0 {
				w.WriteHeader(int(code))
			}
		})
	}
	return b
}

func (b *bench) put(change func(*domain.Delivery), tokens ...string) *domain.Delivery {
	id := uuid.Must(uuid.NewV7())
	l := &domain.Delivery{Notice: domain.Notice{ID: id, Kind: "visit.assigned", UserID: &domain.ID{1}, Title: "TITLE-SECRET",
		Body: "BODY-SECRET",
		Data: domain.JSON[map[string]string]{V: map[string]string{"kind": "visit.assigned", "notice_id": id.String()}}, High: true,
		CollapseKey: "visit-1",
		Language:    "en", NotBefore: b.now, CreatedAt: b.now, ExpiresAt: b.now.Add(2 * time.Hour), State: "pending"}}
	for _, token := range tokens {
		l.Devices = append(l.Devices, device(token))
	}
	if change != nil {
		change(l)
	}
	b.box.mu.Lock()
	defer b.box.mu.Unlock()
	b.box.letters[id] = l
	return l
}

func device(token string) domain.Device {
	return domain.Device{InstallationID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(token)), Token: token, Platform: "android"}
}

func household(l *domain.Delivery) {
	l.Notice.UserID, l.Notice.CustomerID, l.Notice.WithLink = nil, &domain.ID{2}, true
	l.Notice.Kind, l.TextTo, l.Link = "visit.offered", "+447700900123", &domain.Link{KeyID: "k1"}
}

func (b *bench) deliver(attempt int, letters ...*domain.Delivery) time.Duration {
	b.t.Helper()
	var ids []domain.ID
	for _, l := range letters {
		ids = append(ids, l.Notice.ID)
	}
	wait, err := b.Deliver(b.t.Context(), ids, attempt)
	if err != nil {
		b.t.Fatal(err)
	}
	return wait
}

// silent fails when a log line says what it must not.
func (b *bench) silent() {
	b.t.Helper()
	for _, secret := range []string{"SECRET", "token-", "+4477"} {
		if strings.Contains(b.logs.String(), secret) {
			b.t.Errorf("the log holds %s:\n%s", secret, b.logs)
		}
	}
}

func TestEveryOutcomeOfADelivery(t *testing.T) {
	second, minute := time.Second, time.Minute
	for _, c := range []struct {
		name    string
		answers []fcmtest.Answer // for token-a; token-b always accepts
		tokens  []string
		change  func(*domain.Delivery)
		gateway int64 // −1: none
		state   string
		wait    [2]time.Duration
		tries   string // channel:outcome…
		drops   string
		told    string
		alert   bool
	}{
		{name: "accepted", tokens: []string{"token-a"}, state: "done", tries: "fcm:accepted"},
		{name: "two devices", tokens: []string{"token-a", "token-b"}, state: "done", tries: "fcm:accepted fcm:accepted"},
		{name: "one had it before", tokens: []string{"token-a", "token-b"}, state: "done", tries: "fcm:accepted",
			change: func(l *domain.Delivery) { l.Delivered = []domain.ID{device("token-b").InstallationID} }},
		{name: "app gone", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Unregistered()}, state: "no_device",
			tries: "fcm:dropped", drops: "unregistered"},
		{name: "one app gone", tokens: []string{"token-a", "token-b"}, answers: []fcmtest.Answer{fcmtest.InvalidToken()}, state: "done",
			tries: "fcm:accepted fcm:dropped", drops: "invalid_token"},
		{name: "quota", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Quota(2 * minute)}, state: "pending",
			wait: [2]time.Duration{2 * minute, 3 * minute}, tries: "fcm:retry"},
		{name: "overloaded", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Unavailable(7 * second)}, state: "pending",
			wait: [2]time.Duration{7 * second, 11 * second}, tries: "fcm:retry"},
		{name: "error at Google", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Internal()}, state: "pending",
			wait: [2]time.Duration{second, 2 * second}, tries: "fcm:retry"},
		{name: "reset, other device took it", tokens: []string{"token-a", "token-b"}, answers: []fcmtest.Answer{fcmtest.Disconnect()},
			state: "pending", wait: [2]time.Duration{second, 2 * second}, tries: "fcm:accepted fcm:retry"},
		{name: "our key is refused", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Unauthenticated()}, state: "pending",
			wait: [2]time.Duration{5 * minute, 8 * minute}, tries: "fcm:misconfigured", alert: true},
		{name: "our payload", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.BadPayload()}, state: "failed",
			tries: "fcm:rejected", alert: true},
		{name: "no device", state: "no_device"},
		{name: "expired", tokens: []string{"token-a"}, change: func(l *domain.Delivery) { l.Notice.ExpiresAt = wallClock }, state: "expired"},
		{name: "not yet", tokens: []string{"token-a"}, change: func(l *domain.Delivery) { l.Notice.NotBefore = wallClock.Add(minute) },
			state: "pending", wait: [2]time.Duration{minute, minute}},
		{name: "household with a device", tokens: []string{"token-a"}, change: household, state: "done", tries: "fcm:accepted",
			told: "push projects/doorstep-test/messages/1"},
		{name: "household without", change: household, state: "done", tries: "webhook:accepted", told: "sms NOTICE"},
		{name: "household whose app is gone", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Unregistered()}, change: household,
			state: "done",
			tries: "fcm:dropped webhook:accepted", drops: "unregistered", told: "sms NOTICE"},
		{name: "household, FCM down: no text yet", tokens: []string{"token-a"}, answers: []fcmtest.Answer{fcmtest.Internal()}, change: household,
			state: "pending",
			wait:  [2]time.Duration{second, 2 * second}, tries: "fcm:retry"},
		{name: "household without number", change: func(l *domain.Delivery) { household(l); l.TextTo = "" }, state: "no_device"},
		{name: "household, no gateway", change: household, gateway: -1, state: "no_device"},
		{name: "gateway down", change: household, gateway: 503, state: "pending", wait: [2]time.Duration{second, 2 * second},
			tries: "webhook:retry"},
		{name: "gateway wants no more", change: household, gateway: 410, state: "failed", tries: "webhook:rejected", alert: true},
		{name: "link key retired", tokens: []string{"token-a"}, change: func(l *domain.Delivery) { household(l); l.Link.KeyID = "retired" },
			state: "done", tries: "fcm:accepted",
			told: "push projects/doorstep-test/messages/1", alert: true},
		{name: "last notice without a link is none", tokens: []string{"token-a"}, change: func(l *domain.Delivery) {
			household(l)
			l.Notice.Kind,
				l.Link = "job.last_notice", nil
		}, state: "failed", alert: true},
		{name: "last notice", tokens: []string{"token-a"}, change: func(l *domain.Delivery) { household(l); l.Notice.Kind = "job.last_notice" },
			state: "done", tries: "fcm:accepted",
			told: "push projects/doorstep-test/messages/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.gateway >= 0)
			b.gateway.Store(max(c.gateway, 0))
			b.fcm.Script("token-a", c.answers...)
			l := b.put(c.change, c.tokens...)
			wait := b.deliver(1, l)
			if wait < c.wait[0] || wait > c.wait[1] {
				t.Errorf("wait %v, want %v", wait, c.wait)
			}
			if l.Notice.State != c.state {
				t.Errorf("state %q, want %q", l.Notice.State, c.state)
			}
			var tries []string
			for _, d := range b.box.dispatches {
				tries = append(tries, d.Channel+":"+d.Outcome)
				if d.NoticeID != l.Notice.ID || d.At != b.now || (d.InstallationID == nil) != (d.Channel == "webhook") {
					t.Errorf("dispatch %+v", d)
				}
			}
			slices.Sort(tries)
			if got := strings.Join(tries, " "); got != c.tries {
				t.Errorf("tries %q, want %q", got, c.tries)
			}
			if got := strings.Join(slices.Collect(maps.Values(b.box.dropped)), " "); got != c.drops {
				t.Errorf("drops %q, want %q", got, c.drops)
			}
			if got := strings.Join(b.told, ","); got != strings.Replace(c.told, "NOTICE", l.Notice.ID.String(), 1) {
				t.Errorf("told %q, want %q", got, c.told)
			}
			if got := strings.Contains(b.logs.String(), "needs an operator"); got != c.alert {
				t.Errorf("alert %v:\n%s", got, b.logs)
			}
			b.silent()
			if c.state != "pending" {
				requests := b.fcm.Requests() + len(b.texts)
				if wait := b.deliver(2, l); wait != 0 || b.fcm.Requests()+len(b.texts) != requests {
					t.Error("an ended notice was tried again")
				}
			}
		})
	}
}

func TestWhatAPushAndATextHold(t *testing.T) {
	b := newBench(t, true)
	b.deliver(1, b.put(household, "token-a"), b.put(household))
	push := b.fcm.MessagesFor("token-a")[0]
	if push.Title != "TITLE-SECRET" || push.Data["link"] != "https://care.example/c/LINK-SECRET" || push.Data["notice_id"] == "" ||
		push.Android.Priority != "high" ||
		push.Android.TTL != 2*time.Hour || push.Android.CollapseKey != "visit-1" {
		t.Errorf("push %+v", push)
	}
	text := b.texts[0]
	if text["body"] != "TITLE-SECRET: BODY-SECRET https://care.example/c/LINK-SECRET" || text["to"] != "+447700900123" ||
		text["channel"] != "sms" || text["language"] != "en" {
		t.Errorf("text %+v", text)
	}
	for _, l := range b.box.letters {
		if l.Notice.Data.V["link"] != "" {
			t.Error("the link stayed in the notice")
		}
	}
	crew := b.put(nil, "token-b")
	b.deliver(1, crew)
	if _, ok := b.fcm.MessagesFor("token-b")[0].Data["link"]; ok {
		t.Error("the crew got the customer's link")
	}
	b.silent()
}

func TestOnlyThePendingAreTriedAgain(t *testing.T) {
	b := newBench(t, false)
	l := b.put(nil, "token-a", "token-b")
	b.fcm.Script("token-a", fcmtest.Internal(), fcmtest.Internal())
	if wait := b.deliver(1, l); wait == 0 {
		t.Fatal("nothing left to do")
	}
	if wait := b.deliver(2, l); wait < 2*time.Second || wait > 3*time.Second {
		t.Errorf("second wait %v", wait)
	}
	if wait := b.deliver(3, l); wait != 0 || l.Notice.State != "done" {
		t.Errorf("wait %v, state %s", wait, l.Notice.State)
	}
	if a, b := len(b.fcm.MessagesFor("token-a")), len(b.fcm.MessagesFor("token-b")); a != 1 || b != 1 {
		t.Errorf("%d and %d pushes", a, b)
	}

	b.now = b.now.Add(3 * time.Hour)
	late := b.put(func(l *domain.Delivery) { l.Notice.ExpiresAt = b.now.Add(time.Minute) }, "token-a")
	b.fcm.Script("token-a", fcmtest.Internal().Always())
	b.deliver(1, late)
	b.now = b.now.Add(time.Minute)
	if wait := b.deliver(2, late); wait != 0 || late.Notice.State != "expired" {
		t.Errorf("after its expiry: wait %v, state %s", wait, late.Notice.State)
	}
}

// A device gets what is for it in order, and nothing newer while something
// older waits.
func TestOneDeviceInOrder(t *testing.T) {
	b := newBench(t, false)
	var letters []*domain.Delivery
	for range 10 {
		letters = append(letters, b.put(nil, "token-a"), b.put(nil, "token-b"))
	}
	answers := make([]fcmtest.Answer, 10)
	answers[4] = fcmtest.Unavailable(0)
	b.fcm.Script("token-a", answers...)
	if wait := b.deliver(1, letters...); wait == 0 {
		t.Error("nothing waits")
	}
	if n := len(b.fcm.MessagesFor("token-a")); n != 4 {
		t.Errorf("%d pushes before the failure", n)
	}
	b.fcm.Script("token-a")
	b.deliver(2, letters...)
	for i, token := range []string{"token-a", "token-b"} {
		got := b.fcm.MessagesFor(token)
		if len(got) != 10 {
			t.Fatalf("%s: %d pushes", token, len(got))
		}
		for k, m := range got {
			if m.Data["notice_id"] != letters[2*k+i].Notice.ID.String() {
				t.Errorf("%s: push %d out of order", token, k)
			}
		}
	}
	if b.box.writes != 2 {
		t.Errorf("%d writes for 2 runs", b.box.writes)
	}
}

// A spent quota of a device also holds for the next job.
func TestQuotaOfADeviceIsKept(t *testing.T) {
	b := newBench(t, false)
	b.fcm.Script("token-a", fcmtest.Quota(5*time.Minute))
	b.deliver(1, b.put(nil, "token-a"))
	next := b.put(nil, "token-a", "token-b")
	if wait := b.deliver(1, next); wait < 4*time.Minute || wait > 5*time.Minute {
		t.Errorf("wait %v", wait)
	}
	if len(b.fcm.MessagesFor("token-a")) != 0 || len(b.fcm.MessagesFor("token-b")) != 1 {
		t.Error("wrong device held back")
	}
}

// A crash between the push of a last notice and its entry neither repeats the
// push nor loses the entry.
func TestLastNoticeBecomesAnEntry(t *testing.T) {
	b := newBench(t, false)
	l := b.put(func(l *domain.Delivery) { household(l); l.Notice.Kind = "job.last_notice" }, "token-a")
	b.tellErr = errors.New("down")
	if wait := b.deliver(1, l); wait == 0 || l.Notice.State != "pending" {
		t.Fatalf("wait %v, state %s", wait, l.Notice.State)
	}
	b.tellErr = nil
	b.now = b.now.Add(24 * time.Hour) // even after its expiry
	if wait := b.deliver(2, l); wait != 0 || l.Notice.State != "done" {
		t.Errorf("wait %v, state %s", wait, l.Notice.State)
	}
	if len(b.told) != 1 || !strings.HasPrefix(b.told[0], "push ") || b.fcm.Count() != 1 {
		t.Errorf("told %v, %d pushes", b.told, b.fcm.Count())
	}
}

func TestStoreFailures(t *testing.T) {
	b := newBench(t, false)
	l := b.put(nil, "token-a")
	b.box.failing = errors.New("down")
	if _, err := b.Deliver(t.Context(), []domain.ID{l.Notice.ID}, 1); err == nil {
		t.Error("no error")
	}
	b.box.failing = nil
	if wait := b.deliver(1); wait != 0 || b.box.writes != 0 {
		t.Error("nothing to send was written")
	}
}

// A job whose time is over still records what was accepted.
func TestCancelledJobRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t, false)
	b.fcm.Script("token-b", fcmtest.Slow(time.Minute))
	l := b.put(nil, "token-a", "token-b")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	wait, err := b.Deliver(ctx, []domain.ID{l.Notice.ID}, 1)
	if err != nil || wait == 0 || l.Notice.State != "pending" || len(l.Delivered) != 1 {
		t.Errorf("wait %v, err %v, state %s, delivered %v", wait, err, l.Notice.State, l.Delivered)
	}
}

// Jobs that run side by side share their trips to the store; one that the
// store refuses fails alone.
func TestJobsTravelTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t, false)
	b.Push = notifications.NewLog(slog.New(slog.DiscardHandler))
	b.box.slow = 5 * time.Millisecond
	var letters []*domain.Delivery
	for range 100 {
		letters = append(letters, b.put(nil, "token-a"))
	}
	b.box.poison = letters[42].Notice.ID
	failed := make([]error, len(letters))
	var all sync.WaitGroup
	for i, l := range letters {
		all.Go(func() { _, failed[i] = b.Deliver(t.Context(), []domain.ID{l.Notice.ID}, 1) })
	}
	all.Wait()
	for i, l := range letters {
		if i == 42 {
			if failed[i] == nil || l.Notice.State != "pending" {
				t.Errorf("the refused one: %v, %s", failed[i], l.Notice.State)
			}
		} else if failed[i] != nil || l.Notice.State != "done" {
			t.Errorf("%d: %v, %s", i, failed[i], l.Notice.State)
		}
	}
	if b.box.loads > 50 {
		t.Errorf("%d loads for 100 jobs", b.box.loads)
	}
}

func TestLogChannel(t *testing.T) {
	b := newBench(t, false)
	b.Push = notifications.NewLog(b.Log)
	b.deliver(1, b.put(nil, "token-a"))
	if b.box.dispatches[0].Channel != "log" {
		t.Errorf("%+v", b.box.dispatches[0])
	}
	b.silent()
}

// An alarm's rings are passed on by person: who took one by device or gateway,
// and who has neither; the gateway is called once, whatever the devices do.
func TestRingsOfAnAlarm(t *testing.T) {
	b := newBench(t, false)
	var keys []string
	code := http.StatusNotFound
	b.Alarm = webhook(t, newSecret(), func(w http.ResponseWriter, r *http.Request) {
		b.received.Lock()
		defer b.received.Unlock()
		keys = append(keys, r.Header.Get("webhook-id"))
		w.WriteHeader(code)
	})
	var took, deaf []domain.ID
	b.RingsEnded = func(_ context.Context, _ domain.ID, yes, no []domain.ID) error {
		took, deaf = yes, no
		return nil
	}
	sos := uuid.New()
	ring := func(user byte, phone string) func(*domain.Delivery) {
		return func(l *domain.Delivery) {
			l.Notice.Kind, l.Notice.CollapseKey, l.Notice.UserID = "sos.raised", "", &domain.ID{user}
			l.Call = &domain.AlarmCall{SOS: sos, Round: 1, Tier: 1, UserID: domain.ID{user}, Phone: phone}
		}
	}
	b.fcm.Script("gone", fcmtest.Unregistered())
	b.fcm.Script("proxy", fcmtest.NotFoundPlain().Always())
	heard, gone, called, behind := b.put(ring(1, ""), "fine"), b.put(ring(2, ""), "gone"), b.put(ring(3, "+911"), "proxy"), b.put(ring(4,
		""), "proxy")
	all := []domain.ID{heard.Notice.ID, gone.Notice.ID, called.Notice.ID, behind.Notice.ID}
	wait, err := b.Deliver(t.Context(), all, 1)
	if err != nil || wait < time.Second || wait > 2*time.Second {
		t.Errorf("the next try is in %v: %v", wait, err)
	}
	if !slices.Equal(took, []domain.ID{{1}}) || !slices.Equal(deaf, []domain.ID{{2}}) {
		t.Errorf("at first took %v, deaf %v", took, deaf)
	}
	if len(b.box.dropped) != 1 {
		t.Errorf("given up: %v", b.box.dropped)
	}
	code = http.StatusNoContent
	if _, err := b.Deliver(t.Context(), all, 2); err != nil || !slices.Equal(took, []domain.ID{{3}}) || len(deaf) != 0 {
		t.Errorf("then took %v, deaf %v: %v", took, deaf, err)
	}
	b.box.letters[called.Notice.ID].Called = true // as it is recorded
	if _, err := b.Deliver(t.Context(), all, 3); err != nil || len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("the gateway was called with %q: %v", keys, err)
	}
}

// What only the log took reached nobody.
func TestTheLogHearsNoAlarm(t *testing.T) {
	b := newBench(t, false)
	b.Push = notifications.NewLog(b.Log)
	var took, deaf []domain.ID
	b.RingsEnded = func(_ context.Context, _ domain.ID, yes, no []domain.ID) error {
		took, deaf = yes, no
		return nil
	}
	l := b.put(func(l *domain.Delivery) {
		l.Notice.Kind = "sos.raised"
		l.Call = &domain.AlarmCall{SOS: uuid.New(), UserID: domain.ID{1}}
	}, "a phone")
	if _, err := b.Deliver(t.Context(), []domain.ID{l.Notice.ID}, 1); err != nil || len(took) != 0 || !slices.Equal(deaf, []domain.ID{{1}}) {
		t.Errorf("took %v, deaf %v: %v", took, deaf, err)
	}
}

// A device that proves nothing takes its push: the last notice is not sent by it, not
// even where the gateway fails first and the delivery is tried again.
func TestADeviceThatProvesNothingTellsNobody(t *testing.T) {
	b := newBench(t, true)
	b.gateway.Store(503)
	l := b.put(func(l *domain.Delivery) {
		household(l)
		l.Notice.Kind, l.Notice.WithLink = "job.last_notice", true
		l.Link, l.ReadLink, l.Devices[0].Unproven = &domain.Link{}, &domain.Link{KeyID: "retired"}, true
	}, "browser")
	if wait := b.deliver(1, l); wait == 0 || len(b.told) != 0 {
		t.Fatalf("with a gateway that fails: wait %s, told %v", wait, b.told)
	}
	b.gateway.Store(0)
	if wait := b.deliver(2, l); wait != 0 || len(b.told) != 1 || !strings.HasPrefix(b.told[0], "sms ") || l.Notice.State != "done" {
		t.Errorf("then: wait %s, told %v, %s", wait, b.told, l.Notice.State)
	}
	pushed := b.fcm.MessagesFor("browser")
	if len(pushed) != 1 || pushed[0].Data["link"] != "" {
		t.Errorf("the device got %+v", pushed)
	}
	alone := newBench(t, false)
	l = alone.put(func(l *domain.Delivery) {
		household(l)
		l.Devices[0].Unproven = true
	}, "browser")
	if alone.deliver(1, l); l.Notice.State != "no_device" || len(alone.told) != 0 {
		t.Errorf("without a gateway: %s, told %v", l.Notice.State, alone.told)
	}
}

// TestWake: a push that shows nothing is tried once on each device; a token that is dead is forgotten.
func TestWake(t *testing.T) {
	b := newBench(t, false)
	b.fcm.Script("token-b", fcmtest.Unregistered())
	b.fcm.Script("token-c", fcmtest.Internal())
	if err := b.Wake(t.Context(), []domain.Device{device("token-a"), device("token-b"), device("token-c")}); err != nil {
		t.Fatal(err)
	}
	if got := b.fcm.Requests(); got != 3 {
		t.Errorf("%d tries for three devices", got)
	}
	if m := b.fcm.Messages(); len(m) != 1 || m[0].Token != "token-a" || m[0].Title != "" || m[0].Android.TTL != time.Hour {
		t.Errorf("it arrived as %+v", m)
	}
	if want := map[domain.ID]string{device("token-b").InstallationID: "unregistered"}; !maps.Equal(b.box.dropped, want) {
		t.Errorf("dropped %v", b.box.dropped)
	}
}
