package alarm

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/notifications/fcmtest"
)

func TestSOSClimbsUntilSomebodyAnswers(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, meena, maya := h.As("ravi"), h.As("meena"), h.As("maya")
		ravi.Send("PUT", "/v1/me/colleague", object{"colleague_id": meena.ID}, 200)
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(10*time.Minute), "ravi")
		h.Clock.Set(harness.Monday.Add(12 * time.Minute))
		ravi.Arrive(visit)
		x := ravi.RaiseSOS()
		if x.Status != "raised" || x.VisitID != visit["id"] || x.EmergencyNumber != "112" ||
			!strings.Contains(x.Disclaimer, "not a police") {
			t.Fatalf("raised: %v", x)
		}
		h.Settle()
		want := func(when string, counts map[string]int) {
			t.Helper()
			h.Settle()
			for login, n := range counts {
				if got := h.Alarms(login); got != n {
					t.Errorf("%s: %s was rung %d times, want %d", when, login, got, n)
				}
			}
		}
		want("at once", map[string]int{"asha": 1, "meena": 1, "maya": 0, "ravi": 0, "kiran": 0})
		// A second tap is the same alarm and rings nobody anew.
		if again := ravi.RaiseSOS(bodies.SOSRaise{Note: "second floor"}); again.ID != x.ID || again.Note != "second floor" {
			t.Errorf("the second tap made %v", again.ID)
		}
		h.Advance(30 * time.Second)
		want("after 30 s", map[string]int{"asha": 2, "meena": 2, "maya": 0})
		h.Advance(30 * time.Second)
		want("after 60 s", map[string]int{"asha": 3, "maya": 1, "noor": 1, "maya2": 0})
		h.Advance(60 * time.Second)
		want("after 120 s", map[string]int{"maya2": 1, "kiran": 0})
		h.Advance(120 * time.Second)
		want("after 240 s", map[string]int{"kiran": 1, "root": 1, "gita": 1, "ravi": 0})
		before := h.Alarms("asha")
		h.Advance(time.Minute)
		if h.Alarms("asha") != before+1 {
			t.Error("exhausted, it does not go on ringing")
		}
		// Never the raiser; a human who was rung; and then silence.
		ravi.Send("POST", path("/v1/sos/%s/acknowledge", x), nil, 403)
		h.As("ravi2").Send("POST", path("/v1/sos/%s/acknowledge", x), nil, 404)
		if got := maya.AcknowledgeSOS(x); got.OwnerID != maya.ID.String() {
			t.Fatalf("acknowledged: %v", got)
		}
		h.As("noor").Send("POST", path("/v1/sos/%s/acknowledge", x), nil, 409)
		before = h.Alarms("asha")
		h.Advance(10 * time.Minute)
		if h.Alarms("asha") != before {
			t.Error("it rings on after somebody answered")
		}
		taken := false
		for _, m := range h.Phones.MessagesFor("phone:ravi") {
			taken = taken || m.Title == "Somebody is on it"
		}
		if !taken {
			t.Error("the raiser is not told that somebody answers")
		}
		// Hand-over is an offer; words end it.
		maya.Send("POST", path("/v1/sos/%s/hand-over", x), object{"user_id": ravi.ID}, 422)
		maya.Send("POST", path("/v1/sos/%s/hand-over", x), object{"user_id": h.As("noor").ID}, 200)
		if got := h.As("noor").AcknowledgeSOS(x); got.OwnerID != h.As("noor").ID.String() {
			t.Errorf("after the hand-over %v answers", got.OwnerID)
		}
		maya.Send("POST", path("/v1/sos/%s/resolve", x), object{"words": ""}, 400)
		got := h.As("noor").ResolveSOS(x, bodies.SOSResolve{Words: "He is safe in the car.", Outcome: "real"})
		if got.Status != "resolved" || len(items(maya.Send("GET", "/v1/sos?status=open", nil, 200))) != 0 {
			t.Errorf("resolved: %v", got.Status)
		}
	})
}

func TestNothingRefusesAnSOS(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		for login, body := range map[string]any{"ravi": "{broken", "meena": `{"lat":"x","visit_id":7,"occurred_at":"yesterday","avoid":"me"}`,
			"kiran": object{"id": "nonsense", "lat": 1e9, "lon": 2},
			"asha":  strings.Repeat("x", 1000), "gita": object{"visit_id": "00000000-0000-0000-0000-000000000001"}} {
			x := h.As(login).Send("POST", "/v1/sos", body, 201, "Idempotency-Key", "", "If-Match", "*", "Doorstep-Sent-At", "never")
			if x["status"] != "raised" || x["raiser_id"] != h.People[login].ID.String() {
				t.Errorf("%s: %v", login, x)
			}
		}
		// Ten taps at once are one alarm.
		maya := h.As("maya")
		ids := sync.Map{}
		var wg sync.WaitGroup
		for range 10 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				ids.Store(maya.Send("POST", "/v1/sos", nil, 201)["id"], true)
			}()
		}
		wg.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("ten taps made %d alarms", n)
		}
		// An area manager's own alarm rings the others and never herself.
		h.Settle()
		h.Advance(time.Minute)
		if h.Alarms("noor") == 0 {
			t.Error("the other manager of the area was not rung")
		}
		for _, x := range items(maya.Send("GET", "/v1/sos", nil, 200)) {
			if x["raiser_id"] == maya.ID.String() && len(x["actions"].([]any)) != 0 {
				t.Error("the raiser may answer her own alarm")
			}
		}
	})
}

// What a raiser does after somebody answered is heard too.
func TestFurtherTapsOnAnSOS(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, asha := h.As("ravi"), h.As("asha")
		id := uuid.New()
		x := ravi.RaiseSOS(bodies.SOSRaise{ID: id.String(), Note: "one"})
		h.Settle()
		asha.AcknowledgeSOS(x)
		rung := h.Alarms("asha")
		// The reply was lost: the same tap again is no new one.
		if retry := ravi.RaiseSOS(bodies.SOSRaise{ID: id.String(), Note: "one"}); retry.ID != x.ID ||
			retry.Status != "acknowledged" {
			t.Errorf("a retry after the answer: %v", retry.Status)
		}
		h.Advance(time.Minute)
		if h.Alarms("asha") != rung || h.Alarms("maya") != 0 {
			t.Error("a retry rings anew")
		}
		again := ravi.Send("POST", "/v1/sos", object{"note": "he is at the door \u0000"}, 201)
		h.Settle()
		if again["id"] != x.ID || again["status"] != "raised" || h.Alarms("asha") != rung+1 {
			t.Fatalf("a tap after the answer: %v, the phone rang %d times more", again["status"], h.Alarms("asha")-rung)
		}
		if again["note"] != "one\nhe is at the door" {
			t.Errorf("the note is %q", again["note"])
		}
		h.Advance(time.Minute)
		if h.Alarms("maya") == 0 {
			t.Error("after the tap it does not climb on")
		}
		asha.AcknowledgeSOS(x)
		// However often he taps, the note stays a note.
		for i := range 5 {
			again = ravi.Send("POST", "/v1/sos", object{"note": strings.Repeat(string(rune('a'+i)), 1500)}, 201)
		}
		if n := len(again["note"].(string)); n > 4000 || n < 1500 {
			t.Errorf("the note has %d characters", n)
		}
		// Whoever answers is the danger: it rings on, past him.
		h.Settle()
		before := h.Alarms("asha")
		reopened := ravi.Send("POST", "/v1/sos", object{"avoid": []string{asha.ID.String()}}, 201)
		if reopened["status"] != "raised" || reopened["owner_id"] != nil {
			t.Fatalf("with its owner to be avoided it is %v", reopened)
		}
		asha.Send("GET", path("/v1/sos/%s", x), nil, 404)
		maya, had := h.As("maya"), h.Alarms("maya")
		h.Advance(2 * time.Minute)
		if h.Alarms("asha") != before || h.Alarms("maya") == had {
			t.Errorf("the danger was rung %d times more, the manager %d times", h.Alarms("asha")-before, h.Alarms("maya")-had)
		}
		maya.AcknowledgeSOS(x)
		h.Settle()
		for _, m := range h.Phones.MessagesFor("phone:asha") {
			if m.Title == "Somebody is on it" {
				t.Error("who must be avoided is told who answers")
			}
		}
		maya.ResolveSOS(x, bodies.SOSResolve{Words: "Safe."})
		// A retry that comes late is that alarm, not another one.
		if late := ravi.RaiseSOS(bodies.SOSRaise{ID: id.String(), Note: "one"}); late.ID != x.ID || late.Status != "resolved" {
			t.Errorf("the late retry is %v %v", late.ID, late.Status)
		}
		// A new tap is a new one, also when a stranger took the id before.
		if fresh := h.As("meena").RaiseSOS(bodies.SOSRaise{ID: id.String()}); fresh.ID == x.ID || fresh.Status != "raised" {
			t.Errorf("another's tap is %v", fresh.ID)
		}
		maya.Send("POST", path("/v1/sos/%s/hand-over", x), object{"user_id": asha.ID}, 409)
	})
}

// An alarm that was answered and never resolved swallows no later one, and
// reminds whoever answered.
func TestAnOldAlarmSwallowsNoOther(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where the phones answer late
		ravi, asha, maya := h.As("ravi"), h.As("asha"), h.As("maya")
		old := ravi.RaiseSOS()
		asha.AcknowledgeSOS(old)
		h.Advance(31 * time.Minute)
		if n := h.Pushes("asha", "An SOS is still open"); n != 1 {
			t.Errorf("its owner was reminded %d times", n)
		}
		h.Advance(30 * time.Hour)
		fresh := ravi.RaiseSOS(bodies.SOSRaise{Note: "two"})
		if fresh.ID == old.ID || fresh.Status != "raised" {
			t.Fatalf("a day later the tap is %v %v", fresh.ID, fresh.Status)
		}
		h.Advance(time.Minute)
		if h.Alarms("maya") == 0 {
			t.Error("its ladder does not climb")
		}
		// Who answers for it ends it; another who was rung does not.
		asha.AcknowledgeSOS(fresh)
		desk := h.As("kiran")
		h.As("ravi2").Send("GET", path("/v1/sos/%s", fresh), nil, 404)
		asha.Send("POST", path("/v1/sos/%s/hand-over", fresh), object{"user_id": h.As("ravi2").ID}, 422) // of another centre
		asha.Send("POST", path("/v1/sos/%s/hand-over", fresh), object{"user_id": desk.ID}, 200)
		desk.Send("POST", path("/v1/sos/%s/resolve", fresh), object{"words": "fine"}, 403)
		desk.AcknowledgeSOS(fresh)
		asha.Send("POST", path("/v1/sos/%s/resolve", fresh), object{"words": "fine"}, 403)
		desk.ResolveSOS(fresh, bodies.SOSResolve{Words: "fine"})
		maya.ResolveSOS(old, bodies.SOSResolve{Words: "long over"})
		before := h.Pushes("asha", "An SOS is still open")
		h.Advance(2 * time.Hour)
		if h.Pushes("asha", "An SOS is still open") != before {
			t.Error("a resolved one reminds")
		}
	})
}

// What can be read of a broken body is heard: above all, whom it must not
// reach.
func TestABrokenSOSStillAvoids(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where the minute is over before a phone has taken the ring
		id := h.As("asha").ID.String()
		for _, body := range []string{`{"avoid":["` + id + `",5,null]}`, `{"avoid":"` + id + `"}`, `{"avoid":["` + id + `"],"note":"cut off`,
			`{"avoid":{"who":"` + id + `"},"lat":"x"}`} {
			x := h.As("ravi").Send("POST", "/v1/sos", body, 201)
			h.As("asha").Send("GET", path("/v1/sos/%s", x), nil, 404)
			maya := h.As("maya")
			h.Advance(time.Minute)
			maya.AcknowledgeSOS(x)
			maya.ResolveSOS(x, bodies.SOSResolve{Words: "seen to"})
		}
		if h.Alarms("asha") != 0 {
			t.Error("who must be avoided was rung")
		}
	})
}

func TestSOSWhenTheProprietorIsTheDanger(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, asha := h.As("ravi"), h.As("asha")
		x := ravi.RaiseSOS(bodies.SOSRaise{Avoid: []string{asha.ID.String()}, Note: "canary-note"})
		h.Settle()
		// Nobody is left in the first tier: the second is rung at once.
		if h.Alarms("asha") != 0 || h.Alarms("maya") != 1 {
			t.Errorf("asha rung %d times, maya %d", h.Alarms("asha"), h.Alarms("maya"))
		}
		h.Advance(5 * time.Minute)
		if h.Alarms("asha") != 0 {
			t.Error("whom it must not reach is rung as one of everyone")
		}
		asha.Send("GET", path("/v1/sos/%s", x), nil, 404)
		if list := items(asha.Send("GET", "/v1/sos", nil, 200)); len(list) != 0 {
			t.Errorf("she sees %v", list)
		}
		for _, m := range h.Phones.Messages() {
			if strings.Contains(fmt.Sprint(m), "canary") || strings.Contains(fmt.Sprint(m.Title, m.Body), "Ravi") {
				t.Errorf("a lock screen shows %v", m)
			}
		}
	})
}

func TestALateSOSSaysHowOldItIs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		x := h.As("ravi").Send("POST", "/v1/sos", object{"occurred_at": h.Clock.Now().Add(-47 * time.Minute).Format(time.RFC3339)}, 201)
		if x["age_seconds"] != 47.0*60 {
			t.Errorf("%v s old", x["age_seconds"])
		}
		h.Settle()
		if m := h.Phones.MessagesFor("phone:asha"); len(m) == 0 || !strings.Contains(m[len(m)-1].Body, "47 minutes ago") {
			t.Errorf("told %v", m)
		}
	})
}

// The push service refuses connections for ten minutes; the alarm stands, its
// ladder climbs, and all are rung when the service is back.
func TestSOSWhileThePushServiceIsDown(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.call_yourself", "sos.raised", "sos.unheard")
		h.Phones.SetDown(true)
		x := h.As("ravi").RaiseSOS()
		h.Clock.Advance(10 * time.Minute)
		if _, err := h.Server.Service.Clock.TickUrgent(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.As("maya").SOS(x); got.Tier != 4.0 {
			t.Fatalf("tier %v", got.Tier)
		}
		if got := h.As("ravi").SOS(x); got.Reached != false || got.Advice == "" {
			t.Errorf("nobody took a ring, and the raiser reads %v", got)
		}
		if it := harness.Queue(h.As("root"))["sos"]; it == nil || it["title"] != "SOS, nobody was reached" {
			t.Errorf("the admin's queue: %v", it)
		}
		h.Phones.SetDown(false)
		deadline := time.Now().Add(30 * time.Second)
		for h.Alarms("maya") == 0 || h.Alarms("kiran") == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("maya rung %d times, kiran %d", h.Alarms("maya"), h.Alarms("kiran"))
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestLadders(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		root := h.As("root")
		at := "/v1/centres/" + h.Centre.String() + "/ladder"
		root.Send("PUT", at, object{"tiers": []object{{"after_seconds": 0, "to": []string{"proprietor"}, "repeat_seconds": 30}}}, 422)
		h.As("asha").Send("PUT", at, object{"tiers": []object{}}, 403)
		got := root.Send("PUT", at, object{"tiers": []object{{"after_seconds": 0, "to": []string{"area_manager"}, "repeat_seconds": 20},
			{"after_seconds": 30, "to": []string{"everyone"}, "repeat_seconds": 60}}}, 200)
		if len(got["ladder"].([]any)) != 2 {
			t.Fatalf("the ladder is %v", got["ladder"])
		}
		h.As("ravi").RaiseSOS()
		h.Settle()
		if h.Alarms("maya") != 1 || h.Alarms("asha") != 0 {
			t.Errorf("maya rung %d times, asha %d", h.Alarms("maya"), h.Alarms("asha"))
		}
		h.Advance(30 * time.Second)
		if h.Alarms("asha") != 1 || h.Alarms("kiran") != 1 {
			t.Errorf("after 30 s asha was rung %d times, kiran %d", h.Alarms("asha"), h.Alarms("kiran"))
		}
	})
}

// Thousands of reminders are queued and the push service is slow; an alarm has
// workers of its own and reaches the phone within two seconds.
func TestAnAlarmNeverWaitsBehindReminders(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.Phones.Script("phone:noor", fcmtest.Slow(20*time.Millisecond).Always())
		noor, now := h.As("noor"), h.Clock.Now()
		for range 10 {
			h.Must(h.DB.InTx(t.Context(), func(tx domain.Tx) error {
				for range 500 {
					id := uuid.Must(uuid.NewV7())
					tx.Enqueue(domain.Notice{ID: id, Kind: "visit.assigned", UserID: &noor.ID, Title: "Reminder", Body: "x", Language: "en",
						Data:      domain.JSON[map[string]string]{V: map[string]string{"kind": "visit.assigned"}},
						NotBefore: now, ExpiresAt: now.Add(time.Hour),
						State: "pending", CreatedAt: now})
				}
				return nil
			}))
		}
		ravi := h.As("ravi")
		began := time.Now()
		ravi.RaiseSOS()
		for h.Alarms("asha") == 0 {
			if time.Since(began) > 20*time.Second {
				t.Fatal("the alarm waits behind the reminders")
			}
			time.Sleep(5 * time.Millisecond)
		}
		took, waiting := time.Since(began), 5000-len(h.Phones.MessagesFor("phone:noor"))
		t.Logf("rung after %v with %d reminders waiting", took, waiting)
		if waiting < 1000 {
			t.Errorf("only %d reminders waited: too few to tell", waiting)
		}
		if took > 5*time.Second { // 2 s on a quiet machine
			t.Errorf("rung after %v", took)
		}
	})
}
