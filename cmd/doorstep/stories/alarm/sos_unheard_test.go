package alarm

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo/repotest"
)

// telephony is a provider that calls whom each ring names.
type telephony struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(try int) int // status of a try with the same key
	tries  map[string]int    // by webhook-id
	took   map[string]object
}

func newTelephony(t *testing.T) *telephony {
	x := &telephony{tries: map[string]int{}, took: map[string]object{}, answer: func(int) int { return 204 }}
	check, err := standardwebhooks.NewWebhook(harness.TelephonySecret)
	if err != nil {
		t.Fatal(err)
	}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		defer x.mu.Unlock()
		if err := check.Verify(body, r.Header); err != nil {
			t.Errorf("not signed: %v", err)
		}
		id := r.Header.Get("webhook-id")
		x.tries[id]++
		code := x.answer(x.tries[id])
		if code < 300 {
			var event object
			if err := json.Unmarshal(body, &event); err != nil {
				t.Error(err)
			}
			x.took[id] = event
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *telephony) set(answer func(try int) int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = answer
}

func (x *telephony) calls() (taken map[string]object, tries map[string]int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	taken, tries = map[string]object{}, map[string]int{}
	for k, v := range x.took {
		taken[k] = v
	}
	for k, v := range x.tries {
		tries[k] = v
	}
	return taken, tries
}

// heardOn runs a story on every engine with what the operator reads and,
// where wanted, a telephony provider.
func heardOn(t *testing.T, provider bool, tell func(h *harness.Harness, o *harness.OperatorLog, x *telephony)) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := &harness.OperatorLog{}
			var x *telephony
			h := harness.New(t, engine, func(w *app.Config) {
				w.Log = slog.New(slog.NewTextHandler(o, &slog.HandlerOptions{Level: slog.LevelInfo}))
				if provider {
					x = newTelephony(t)
					hook, err := notifications.NewWebhook(x.URL, harness.TelephonySecret, nil)
					if err != nil {
						t.Fatal(err)
					}
					hook.Now = w.Now
					w.Alarm = hook
				}
			})
			tell(h, o, x)
		})
	}
}

// metric reads one metric.
func metric(h *harness.Harness, name string) string {
	h.Helper()
	w := httptest.NewRecorder()
	h.Server.HTTP.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(w.Body.String()); m != nil {
		return m[1]
	}
	return "none"
}

// All who could be rung are gone from their phones: the raiser, the admins and
// whoever runs the server know at once, and nobody waits for the next tier.
func TestAnSOSThatNobodyHearsIsKnown(t *testing.T) {
	heardOn(t, false, func(h *harness.Harness, o *harness.OperatorLog, _ *telephony) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, root := h.As("ravi"), h.As("root")
		h.Phones.ScriptAll(fcmtest.Unregistered().Always())
		raised := ravi.RaiseSOS()
		if raised.Reached != false ||
			!strings.Contains(raised.Advice, "Nobody was reached yet: call 112, or your desk at +912012345678.") {
			h.Errorf("before anybody was reached: %v", raised.Advice)
		}
		h.Settle()
		got := ravi.SOS(raised)
		if got.Tier != 4.0 || got.Reached != false || got.Advice != raised.Advice {
			h.Errorf("no tier of which anybody hears it waits: tier %v, %v", got.Tier, got.Advice)
		}
		it := harness.Queue(root)["sos"]
		if it == nil || it["title"] != "SOS, nobody was reached" || !strings.Contains(fmt.Sprint(it["known"]), "Nobody was reached yet") {
			h.Errorf("the admin's queue: %v", it)
		}
		told := func(login string) (kinds []string) {
			for _, n := range items(h.As(login).Send("GET", "/v1/inbox?limit=100", nil, 200)) {
				kinds = append(kinds, harness.String(n["kind"]))
			}
			return kinds
		}
		if !slices.Contains(told("root"), "sos.unheard") || !slices.Contains(told("root2"), "sos.unheard") ||
			!slices.Contains(told("ravi"), "sos.call_yourself") || slices.Contains(told("asha"), "sos.unheard") {
			h.Errorf("told: root %v, ravi %v, asha %v", told("root"), told("ravi"), told("asha"))
		}
		lines := o.Lines("nobody hears an SOS")
		if len(lines) != 1 || !strings.Contains(lines[0], "level=ERROR") || !strings.Contains(lines[0], raised.ID) ||
			strings.Contains(lines[0], "Ravi") {
			h.Errorf("the operator reads %q", lines)
		}
		if total, now := metric(h, "doorstep_sos_unheard_total"), metric(h, "doorstep_sos_unheard"); total != "1" || now != "1" {
			h.Errorf("counted %s, now %s", total, now)
		}
		h.Advance(5 * time.Minute)
		if n := len(o.Lines("nobody hears an SOS")); n != 1 || metric(h, "doorstep_sos_unheard_total") != "1" {
			h.Errorf("five minutes later it was said %d times", n)
		}
		// A phone comes back: it is heard, and nobody is told to call any more.
		h.Phones.ScriptAll()
		h.As("maya").Send("PUT", "/v1/devices/"+uuid.NewString(), object{"token": "phone:maya-new", "platform": "android"}, 200)
		h.Advance(time.Minute)
		if got := ravi.SOS(raised); got.Reached != true || got.Advice != "" ||
			metric(h, "doorstep_sos_unheard") != "0" {
			h.Errorf("a phone took it: %v %q, unheard now %s", got.Reached, got.Advice, metric(h, "doorstep_sos_unheard"))
		}
	})
}

// Where it was raised in silence nothing that its raiser can see differs from
// what they see when somebody hears it.
func TestUnheardInSilenceTheRaiserReadsNothing(t *testing.T) {
	heardOn(t, false, func(h *harness.Harness, o *harness.OperatorLog, _ *telephony) {
		h.Ignores("visit.assigned")
		ravi := h.As("ravi")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		h.Settle()
		seen := func() string {
			h.Settle()
			list, _ := ravi.Raw("GET", "/v1/sos", nil)
			inbox, _ := ravi.Raw("GET", "/v1/inbox?limit=100", nil)
			return string(list) + string(inbox) + fmt.Sprint(h.Titles("ravi"))
		}
		before := seen()
		for _, login := range []string{"asha", "maya", "noor", "maya2", "noor2", "asha2", "kiran", "gita", "gita2", "root", "root2", "meena"} {
			h.Phones.Script("phone:"+login, fcmtest.Unregistered().Always())
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
		h.Settle()
		if len(o.Lines("nobody hears an SOS")) != 1 {
			h.Error("the operator is not told")
		}
		for range 4 {
			h.Advance(30 * time.Second)
		}
		if after := seen(); after != before {
			h.Errorf("he sees\n%s\nbefore\n%s", after, before)
		}
	})
}

// A tier is skipped at once when nobody in it has a device, and when its
// devices turn out to be gone while it is rung; one phone that hears is enough
// to wait for.
func TestATierThatNobodyHearsFallsThrough(t *testing.T) {
	heardOn(t, false, func(h *harness.Harness, o *harness.OperatorLog, _ *telephony) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		end := func(x object) {
			h.Helper()
			maya.AcknowledgeSOS(x)
			maya.ResolveSOS(x, bodies.SOSResolve{Words: "Safe."})
			h.Settle()
		}
		// The proprietor's app turns out to be gone.
		h.Phones.Script("phone:asha", fcmtest.Unregistered().Always())
		x := ravi.Send("POST", "/v1/sos", nil, 201)
		h.Settle()
		if x["tier"] != 1.0 || h.Alarms("maya") != 1 || h.Alarms("maya2") != 0 {
			h.Errorf("found out while ringing: tier %v at first, maya rung %d times, another area %d", x["tier"], h.Alarms("maya"),
				h.Alarms("maya2"))
		}
		if got := ravi.SOS(x); got.Reached != true || got.Advice != "" || got.Tier != 2.0 {
			h.Errorf("the raiser reads %v", got)
		}
		end(x)
		// By now she has none: nobody tries.
		rung := h.Alarms("maya")
		if x = ravi.Send("POST", "/v1/sos", nil, 201); x["tier"] != 2.0 {
			h.Errorf("known before: tier %v", x["tier"])
		}
		h.Settle()
		if h.Alarms("maya") != rung+1 {
			h.Errorf("maya was rung %d times more", h.Alarms("maya")-rung)
		}
		end(x)
		// Beside her a chosen colleague who hears it: the next tier waits.
		ravi.Send("PUT", "/v1/me/colleague", object{"colleague_id": h.People["meena"].ID}, 200)
		rung = h.Alarms("maya")
		x = ravi.Send("POST", "/v1/sos", nil, 201)
		h.Settle()
		if x["tier"] != 1.0 || h.Alarms("maya") != rung || h.Alarms("meena") != 1 {
			h.Errorf("with a colleague: tier %v, maya rung %d times more", x["tier"], h.Alarms("maya")-rung)
		}
		if n := len(o.Lines("nobody hears an SOS")); n != 0 {
			h.Errorf("it was heard each time, and the operator reads %d lines", n)
		}
	})
}

// A proxy's 404 is not the end of a token, nor of a ring.
func TestAProxysNotFoundEndsNoRing(t *testing.T) {
	heardOn(t, false, func(h *harness.Harness, _ *harness.OperatorLog, _ *telephony) {
		h.Phones.Script("phone:asha", fcmtest.NotFoundPlain(), fcmtest.NotFoundPlain())
		h.As("ravi").RaiseSOS()
		for end := time.Now().Add(20 * time.Second); h.Alarms("asha") == 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				h.Fatal("after a proxy's 404 the ring is not tried again")
			}
		}
		if m := h.Phones.MessagesFor("phone:asha"); m[0].Data["round"] != "1" {
			h.Errorf("it came with round %s", m[0].Data["round"])
		}
	})
}

// Pushes fail for minutes: the provider is called once for each round and
// person with a number, told whom to ring, and by the same key again only while
// it does not take it, whatever it answers.
func TestTheSecondChannelIsCalledOnceARoundAndPerson(t *testing.T) {
	heardOn(t, true, func(h *harness.Harness, _ *harness.OperatorLog, x *telephony) {
		h.Ignores("account.changed", "sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi := h.As("ravi")
		h.SetPhone("asha", "+919811100002")
		h.SetPhone("maya", "+919811100003")
		h.SetPhone("ravi", "+919811100001")
		h.Phones.SetDown(true)
		answers := []int{404, 410, 204}
		x.set(func(try int) int { return answers[min(try, len(answers))-1] })
		raised := ravi.RaiseSOS(bodies.SOSRaise{Note: "canary-note", Lat: 18.5, Lon: 73.8})
		taken := func(n int) map[string]object {
			h.Helper()
			for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				if got, tries := x.calls(); len(got) >= n {
					return got
				} else if time.Now().After(end) {
					h.Fatalf("the provider took %d calls, want %d: %v", len(got), n, tries)
				}
			}
		}
		first := taken(1)
		for key, event := range first {
			data := event["data"].(object)
			ring := data["ring"].(object)
			if key != fmt.Sprintf("sos_raised:%s:1:%s", raised.ID, h.People["asha"].ID) || event["type"] != "sos.raised" ||
				data["centre"] != "Pune Repairs" || data["area"] != "Pune" || data["emergency_number"] != "112" ||
				ring["name"] != "Asha Surname" || ring["phone"] != "+919811100002" || ring["role"] != "proprietor" ||
				fmt.Sprint(ring["how"]) != "[call push]" {
				h.Errorf("with the key %s it is told %v", key, event)
			}
			if text := fmt.Sprint(event); strings.Contains(text, "canary") || strings.Contains(text, "Ravi") ||
				strings.Contains(text, "+919811100001") || strings.Contains(text, "18.5") {
				h.Errorf("it is told of the raiser: %s", text)
			}
		}
		got := ravi.Send("GET", path("/v1/sos/%s", raised), nil, 200)
		for end := time.Now().Add(harness.Patience); got["reached"] != true && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			got = ravi.Send("GET", path("/v1/sos/%s", raised), nil, 200) // what it took is kept a moment later
		}
		if got["reached"] != true || got["advice"] != "" {
			h.Errorf("the provider took it, and the raiser reads %v", got["advice"])
		}
		// Pushes are tried again and again; nobody is called again for that.
		time.Sleep(7 * time.Second)
		if _, tries := x.calls(); len(tries) != 1 || tries[fmt.Sprintf("sos_raised:%s:1:%s", raised.ID, h.People["asha"].ID)] != len(answers) {
			h.Errorf("called %v", tries)
		}
		x.set(func(int) int { return 204 })
		for _, step := range []time.Duration{30 * time.Second, 30 * time.Second} {
			h.Clock.Advance(step)
			if _, err := h.Server.Service.Clock.TickUrgent(h.Context()); err != nil {
				h.Fatal(err)
			}
		}
		rounds := taken(4) // 1: asha; 2: asha; 3: asha, maya; noor has no number
		for key := range rounds {
			if parts := strings.Split(key, ":"); len(parts) != 4 || parts[1] != raised.ID || parts[3] == h.People["noor"].ID.String() {
				h.Errorf("the key %s", key)
			}
		}
		time.Sleep(time.Second)
		if _, tries := x.calls(); len(tries) != 4 {
			h.Errorf("in three rounds %d calls: %v", len(tries), tries)
		}
		h.Phones.SetDown(false)
	})
}

// Whoever has a number is heard by the provider's call, also without a device;
// when the provider does not take it either, the next tier is rung at once.
func TestTheSecondChannelCountsAsHearing(t *testing.T) {
	heardOn(t, true, func(h *harness.Harness, o *harness.OperatorLog, x *telephony) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		h.SetPhone("asha", "+919811100002")
		h.Phones.Script("phone:asha", fcmtest.Unregistered().Always())
		first := ravi.RaiseSOS()
		h.Settle()
		if got := ravi.SOS(first); got.Tier != 1.0 || got.Reached != true || h.Alarms("maya") != 0 {
			h.Errorf("the provider calls her: tier %v, reached %v, maya rung %d times", got.Tier, got.Reached, h.Alarms("maya"))
		}
		maya.AcknowledgeSOS(first)
		maya.ResolveSOS(first, bodies.SOSResolve{Words: "Safe."})
		x.set(func(int) int { return 503 })
		second := ravi.RaiseSOS()
		for end := time.Now().Add(20 * time.Second); h.Alarms("maya") == 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				h.Fatalf("neither device nor provider, and the next tier waits: %v", ravi.Send("GET", path("/v1/sos/%s", second), nil, 200))
			}
		}
		if n := len(o.Lines("nobody hears an SOS")); n != 0 {
			h.Errorf("maya hears it, and the operator reads %d lines", n)
		}
		maya.AcknowledgeSOS(second)
	})
}

// Nothing in a body or a header keeps an alarm ringing.
func TestNothingRefusesAnAcknowledgement(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		for n, body := range []any{nil, object{"note": "I am five minutes away.", "occurred_at": ""},
			object{"occurred_at": "yesterday", "user_id": 7,
				"no_such": object{}}, "{broken", strings.Repeat("x", 1000),
			object{"note": strings.Repeat("n", 9000)}, `[1]`, object{"note": 5}} {
			x := ravi.RaiseSOS(bodies.SOSRaise{Note: fmt.Sprintf("canary %d", n)})
			h.Settle()
			h.Clock.Advance(2 * time.Minute)
			headers := []string{"Idempotency-Key", "", "If-Match", "*", "Doorstep-Sent-At", "never"}
			if n == 1 {
				headers, body.(object)["occurred_at"] = nil, h.Clock.Now().Add(-time.Minute).Format(time.RFC3339)
			}
			got := maya.Send("POST", path("/v1/sos/%s/acknowledge", x), body, 200, headers...)
			if got["status"] != "acknowledged" || got["owner_id"] != maya.ID.String() {
				t.Errorf("%v: %v", body, got)
			}
			if n == 1 {
				if at := harness.Instant(t, got["acknowledged_at"]); !at.Equal(h.Clock.Now().Add(-time.Minute)) {
					t.Errorf("acknowledged at %v", at)
				}
				if got := ravi.SOS(x); got.Note != "canary 1\nMaya Surname: I am five minutes away." {
					t.Errorf("the raiser reads %q", got.Note)
				}
			}
			maya.AcknowledgeSOS(x) // the same tap again
			maya.ResolveSOS(x, bodies.SOSResolve{Words: "Safe.", OccurredAt: h.Clock.Now().Format(time.RFC3339)})
		}
	})
}

// A report of what happens now rings like an alarm, whatever the hour, until
// somebody triages it, and stands first in the queue.
func TestALiveReportRingsLikeAnAlarm(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.overdue", "flag.passed_on", "flag.triage", "flag.triaged", "hold.area", "queue.morning", "sos.raised",
			"visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where the duress alarm finds no phone in time
		ravi, maya, desk := h.As("ravi"), h.As("maya"), h.As("kiran")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		// Much that is overdue already, so that its due time stands before.
		for i := range 24 {
			ravi.CreateFlag(bodies.FlagCreate{Phone: fmt.Sprintf("+9198000001%02d", i), Kind: "verbal_abuse", Level: 1 + i%2})
		}
		h.Advance(5 * time.Hour)
		maya.Send("PUT", "/v1/me/quiet", object{"quiet_from": "00:00", "quiet_to": "23:59"}, 200)
		calm := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000200", "kind": "threat", "level": 4,
			"occurred_at": h.Clock.Now().Add(-5 * time.Hour).Format(time.RFC3339)}, 201)
		h.Settle()
		if n := h.Pushes("maya", harness.TitleLiveReport); n != 0 {
			t.Errorf("what is over rang %d times", n)
		}
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
		apart := func() (n int) {
			h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE queue = 'sos'").Scan(&n))
			return n
		}
		before := apart()
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 4, Note: "canary: I am in the stairwell now"})
		h.Settle()
		if apart() != before+1 {
			t.Error("it waits in the queue of all others")
		}
		got := h.Phones.MessagesFor("phone:maya")
		last := got[len(got)-1]
		raw := string(last.Raw)
		for _, want := range []string{`"channel_id":"alarm"`, `"sound":"alarm"`, `"priority":"high"`, `"critical":1`, `"apns-priority":"10"`} {
			if !strings.Contains(raw, want) {
				t.Errorf("the push has no %s: %s", want, raw)
			}
		}
		if last.Title != harness.TitleLiveReport || strings.Contains(raw, "canary") || strings.Contains(raw, "collapse") ||
			strings.Contains(raw, "Ravi") {
			t.Errorf("pushed: %s", raw)
		}
		list := items(maya.Send("GET", "/v1/queue", nil, 200))
		if list[0]["kind"] != "triage" || list[0]["title"] != "Report of level 4, happening now: triage" || list[0]["rings"] != 1.0 ||
			list[1]["late"] != true {
			t.Errorf("of %d items the first is %v, then %v", len(list), list[0]["title"], list[1]["title"])
		}
		ravi.RaiseSOS()
		if list = items(maya.Send("GET", "/v1/queue", nil, 200)); list[0]["kind"] != "sos" ||
			list[1]["title"] != "Report of level 4, happening now: triage" {
			t.Errorf("with an SOS the first are %v, %v", list[0]["title"], list[1]["title"])
		}
		// It rings on.
		for range 3 {
			h.Advance(time.Minute)
		}
		if n := h.Pushes("maya", harness.TitleLiveReport); n != 4 {
			t.Errorf("in three minutes it rang %d times", n)
		}
		maya.MoveQueued(list[1], 0, object{}, 200)
		h.Advance(5 * time.Minute)
		if n := h.Pushes("maya", harness.TitleLiveReport); n != 4 {
			t.Errorf("triaged, it rang %d times", n)
		}
		_ = calm
	})
}

// Every way to a live report of level 3 or 4 rings: by visit, by number, a stop
// that tells of it at once or later, its completion, and the household's own.
func TestEveryWayToALiveReportRings(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("call.manager", "flag.live", "flag.triage", "hold.area", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		ravi, desk := h.As("ravi"), h.As("kiran")
		slot := 0
		visit := func() (object, object) {
			slot++
			_, job := h.Household(desk, nil)
			return h.Visit(desk, job, harness.Monday.Add(time.Duration(slot)*80*time.Minute), "ravi"), job
		}
		rings := func(what string, do func()) {
			t.Helper()
			h.Settle()
			before := h.Pushes("maya", harness.TitleLiveReport)
			do()
			h.Settle()
			if got := h.Pushes("maya", harness.TitleLiveReport); got != before+1 {
				t.Errorf("%s: rang %d times", what, got-before)
			}
		}
		v, _ := visit()
		rings("on a visit", func() {
			ravi.FlagVisit(v, bodies.VisitFlagCreate{Kind: "assault", Level: 4})
		})
		rings("by number", func() {
			ravi.CreateFlag(bodies.FlagCreate{Phone: "+919800000300", Kind: "threat", Level: 3})
		})
		v, _ = visit()
		rings("a stop that says so", func() { ravi.StopVisit(v, bodies.Stop{Level: 4}) })
		v, _ = visit()
		ravi.StopVisit(v)
		rings("a further tap", func() {
			ravi.StopVisit(v, bodies.Stop{Level: 3, Note: "he follows me"})
		})
		v, _ = visit()
		ravi.StopVisit(v)
		rings("its completion", func() {
			ravi.FlagVisit(v, bodies.VisitFlagCreate{Kind: "weapon", Level: 3})
		})
		v, job := visit()
		ravi.EnRoute(v)
		rings("the household's", func() {
			h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", ravi.ID.String())
		})
	})
}

// The desk that is asked to call reads whom, in the inbox and on the board; no
// push says it, and nobody else reads it.
func TestTheDeskIsToldWhomToCall(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.changed", "timer.no_signal", "timer.ping", "visit.assigned")
		h.SetPhone("ravi", "+919811100001")
		visit := h.ArrivedVisit()
		kiran, asha := h.As("kiran"), h.As("asha")
		board := func(p *harness.Client) []object {
			t.Helper()
			var out []object
			for _, a := range p.Send("GET", "/v1/centres/"+h.Centre.String()+"/board?date=2027-03-01", nil, 200)["alarms"].([]any) {
				out = append(out, a.(object))
			}
			return out
		}
		if got := board(kiran); len(got) != 0 {
			t.Fatalf("before its time: %v", got)
		}
		h.Advance(70 * time.Minute)
		h.Advance(2 * time.Minute)
		for _, p := range []*harness.Client{kiran, asha} {
			var asked object
			for _, n := range items(p.Send("GET", "/v1/inbox", nil, 200)) {
				if strings.HasPrefix(harness.String(n["kind"]), "timer.no_") {
					asked = n
				}
			}
			call, _ := asked["call"].(object)
			if call == nil || call["name"] != "Ravi Surname" || call["phone"] != "+919811100001" || call["user_id"] != h.People["ravi"].ID.String() {
				t.Errorf("%s's inbox says %v", p.Login, asked)
			}
			got := board(p)
			if len(got) != 1 || got[0]["kind"] != "timer" || got[0]["raiser"] != "Ravi Surname" || got[0]["visit_id"] != visit["id"] ||
				!strings.Contains(fmt.Sprint(got[0]["known"]), "Call +919811100001") ||
				!strings.Contains(fmt.Sprint(got[0]["known"]), "12 Example Lane") || harness.MoveLabels(got[0]) != "I spoke with them" {
				t.Errorf("%s's board says %v", p.Login, got)
			}
		}
		for _, m := range h.Phones.Messages() {
			if raw := string(m.Raw); strings.Contains(raw, "Ravi") || strings.Contains(raw, "+9198111") {
				t.Errorf("a push says %s", raw)
			}
		}
		if got := board(h.As("gita")); len(got) != 0 {
			t.Errorf("the brand's contact desk, which cannot answer, sees %v", got)
		}
		move := board(kiran)[0]["moves"].([]any)[0].(object)
		kiran.Send("POST", move["to"].(string), object{"user_id": move["fields"].([]any)[0].(object)["options"].([]any)[0]}, 200)
		if got := board(asha); len(got) != 0 {
			t.Errorf("after the call: %v", got)
		}
	})
}

// Whoever may answer an SOS calls and ends it from the board, by roles; where
// it was raised in silence nothing there calls with one tap, and whom it must
// not reach sees nothing.
func TestTheBoardAnswersAnSOS(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.changed", "sos.raised", "sos.taken", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		h.SetPhone("ravi", "+919811100001")
		ravi, asha, kiran := h.As("ravi"), h.As("asha"), h.As("kiran")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		alarms := func(p *harness.Client) []any {
			t.Helper()
			return p.Send("GET", "/v1/centres/"+h.Centre.String()+"/board?date=2027-03-01", nil, 200)["alarms"].([]any)
		}
		ravi.RaiseSOS(bodies.SOSRaise{Note: "second floor"})
		if got := alarms(kiran); len(got) != 0 {
			t.Errorf("who was not rung sees %v", got)
		}
		known := func(want ...string) object {
			t.Helper()
			got := alarms(asha)
			if len(got) != 1 {
				t.Fatalf("the proprietor sees %v", got)
			}
			for _, w := range want {
				if text := fmt.Sprint(got[0].(object)["known"]); !strings.Contains(text, w) {
					t.Errorf("she does not read %q: %s", w, text)
				}
			}
			return got[0].(object)
		}
		it := known("Ravi Surname, technician", "Call +919811100001", "12 Example Lane", "second floor", "Emergency number 112")
		if harness.MoveLabels(it) != "I am on it" {
			t.Errorf("she may %s", harness.MoveLabels(it))
		}
		asha.MoveQueued(it, 0, object{}, 200)
		it = known("Call +919811100001", "12 Example Lane")
		if harness.MoveLabels(it) != "Resolve, Hand it over" {
			t.Errorf("after she answered she may %s", harness.MoveLabels(it))
		}
		asha.MoveQueued(it, 0, object{"outcome": "real", "words": "He is in the car with me."}, 200)
		if got := alarms(asha); len(got) != 0 {
			t.Errorf("ended: %v", got)
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
		it = known("not to be called openly", "do not call them openly")
		if text := fmt.Sprint(it["known"]); strings.Contains(text, "Call +") {
			t.Errorf("raised in silence it says %s", text)
		}
		asha.MoveQueued(it, 0, object{}, 200)
		asha.MoveQueued(known(), 0, object{"outcome": "test", "words": "Over."}, 200)
		ravi.RaiseSOS(bodies.SOSRaise{Avoid: []string{asha.ID.String()}})
		if got := alarms(asha); len(got) != 0 {
			t.Errorf("whom it must not reach sees %v", got)
		}
		h.Settle()
		if domain.RingsAsAlarm("visit.assigned") {
			t.Error("a visit rings like an alarm")
		}
	})
}
