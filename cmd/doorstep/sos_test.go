package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/notifications/fcmtest"
)

const urgent = "Urgent: open the app now"

func TestSOSClimbsUntilSomebodyAnswers(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "sos.taken", "visit.assigned")
		ravi, meena, maya := h.as("ravi"), h.as("meena"), h.as("maya")
		ravi.send("PUT", "/v1/me/colleague", obj{"colleague_id": meena.id}, 200)
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(10*time.Minute), "ravi")
		h.clock.Set(monday.Add(12 * time.Minute))
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		x := ravi.send("POST", "/v1/sos", nil, 201)
		if x["status"] != "raised" || x["visit_id"] != visit["id"] || x["emergency_number"] != "112" ||
			!strings.Contains(x["disclaimer"].(string), "not a police") {
			t.Fatalf("raised: %v", x)
		}
		h.settle()
		want := func(when string, counts map[string]int) {
			t.Helper()
			h.settle()
			for login, n := range counts {
				if got := h.rung(login); got != n {
					t.Errorf("%s: %s was rung %d times, want %d", when, login, got, n)
				}
			}
		}
		want("at once", map[string]int{"asha": 1, "meena": 1, "maya": 0, "ravi": 0, "kiran": 0})
		// A second tap is the same alarm and rings nobody anew.
		if again := ravi.send("POST", "/v1/sos", obj{"note": "second floor"}, 201); again["id"] != x["id"] || again["note"] != "second floor" {
			t.Errorf("the second tap made %v", again["id"])
		}
		h.advance(30 * time.Second)
		want("after 30 s", map[string]int{"asha": 2, "meena": 2, "maya": 0})
		h.advance(30 * time.Second)
		want("after 60 s", map[string]int{"asha": 3, "maya": 1, "noor": 1, "maya2": 0})
		h.advance(60 * time.Second)
		want("after 120 s", map[string]int{"maya2": 1, "kiran": 0})
		h.advance(120 * time.Second)
		want("after 240 s", map[string]int{"kiran": 1, "root": 1, "gita": 1, "ravi": 0})
		before := h.rung("asha")
		h.advance(time.Minute)
		if h.rung("asha") != before+1 {
			t.Error("exhausted, it does not go on ringing")
		}
		// Never the raiser; a human who was rung; and then silence.
		ravi.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 403)
		h.as("ravi2").send("POST", path("/v1/sos/%s/acknowledge", x), nil, 404)
		if got := maya.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200); got["owner_id"] != maya.id.String() {
			t.Fatalf("acknowledged: %v", got)
		}
		h.as("noor").send("POST", path("/v1/sos/%s/acknowledge", x), nil, 409)
		before = h.rung("asha")
		h.advance(10 * time.Minute)
		if h.rung("asha") != before {
			t.Error("it rings on after somebody answered")
		}
		taken := false
		for _, m := range h.phones.MessagesFor("phone:ravi") {
			taken = taken || m.Title == "Somebody is on it"
		}
		if !taken {
			t.Error("the raiser is not told that somebody answers")
		}
		// Hand-over is an offer; words end it.
		maya.send("POST", path("/v1/sos/%s/hand-over", x), obj{"user_id": ravi.id}, 422)
		maya.send("POST", path("/v1/sos/%s/hand-over", x), obj{"user_id": h.as("noor").id}, 200)
		if got := h.as("noor").send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200); got["owner_id"] != h.as("noor").id.String() {
			t.Errorf("after the hand-over %v answers", got["owner_id"])
		}
		maya.send("POST", path("/v1/sos/%s/resolve", x), obj{"words": ""}, 400)
		got := h.as("noor").send("POST", path("/v1/sos/%s/resolve", x), obj{"words": "He is safe in the car.", "outcome": "real"}, 200)
		if got["status"] != "resolved" || len(items(maya.send("GET", "/v1/sos?status=open", nil, 200))) != 0 {
			t.Errorf("resolved: %v", got["status"])
		}
	})
}

func TestNothingRefusesAnSOS(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised")
		for login, body := range map[string]any{"ravi": "{broken", "meena": `{"lat":"x","visit_id":7,"occurred_at":"yesterday","avoid":"me"}`,
			"kiran": obj{"id": "nonsense", "lat": 1e9, "lon": 2},
			"asha":  strings.Repeat("x", 1000), "gita": obj{"visit_id": "00000000-0000-0000-0000-000000000001"}} {
			x := h.as(login).send("POST", "/v1/sos", body, 201, "Idempotency-Key", "", "If-Match", "*", "Doorstep-Sent-At", "never")
			if x["status"] != "raised" || x["raiser_id"] != h.people[login].id.String() {
				t.Errorf("%s: %v", login, x)
			}
		}
		// Ten taps at once are one alarm.
		maya := h.as("maya")
		ids := sync.Map{}
		var wg sync.WaitGroup
		for range 10 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				ids.Store(maya.send("POST", "/v1/sos", nil, 201)["id"], true)
			}()
		}
		wg.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("ten taps made %d alarms", n)
		}
		// An area manager's own alarm rings the others and never herself.
		h.settle()
		h.advance(time.Minute)
		if h.rung("noor") == 0 {
			t.Error("the other manager of the area was not rung")
		}
		for _, x := range items(maya.send("GET", "/v1/sos", nil, 200)) {
			if x["raiser_id"] == maya.id.String() && len(x["actions"].([]any)) != 0 {
				t.Error("the raiser may answer her own alarm")
			}
		}
	})
}

// What a raiser does after somebody answered is heard too.
func TestFurtherTapsOnAnSOS(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "sos.taken")
		ravi, asha := h.as("ravi"), h.as("asha")
		id := uuid.New()
		x := ravi.send("POST", "/v1/sos", obj{"id": id, "note": "one"}, 201)
		h.settle()
		asha.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
		rung := h.rung("asha")
		// The reply was lost: the same tap again is no new one.
		if retry := ravi.send("POST", "/v1/sos", obj{"id": id, "note": "one"}, 201); retry["id"] != x["id"] || retry["status"] != "acknowledged" {
			t.Errorf("a retry after the answer: %v", retry["status"])
		}
		h.advance(time.Minute)
		if h.rung("asha") != rung || h.rung("maya") != 0 {
			t.Error("a retry rings anew")
		}
		again := ravi.send("POST", "/v1/sos", obj{"note": "he is at the door \u0000"}, 201)
		h.settle()
		if again["id"] != x["id"] || again["status"] != "raised" || h.rung("asha") != rung+1 {
			t.Fatalf("a tap after the answer: %v, the phone rang %d times more", again["status"], h.rung("asha")-rung)
		}
		if again["note"] != "one\nhe is at the door" {
			t.Errorf("the note is %q", again["note"])
		}
		h.advance(time.Minute)
		if h.rung("maya") == 0 {
			t.Error("after the tap it does not climb on")
		}
		asha.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
		// However often he taps, the note stays a note.
		for i := range 5 {
			again = ravi.send("POST", "/v1/sos", obj{"note": strings.Repeat(string(rune('a'+i)), 1500)}, 201)
		}
		if n := len(again["note"].(string)); n > 4000 || n < 1500 {
			t.Errorf("the note has %d characters", n)
		}
		// Whoever answers is the danger: it rings on, past him.
		h.settle()
		before := h.rung("asha")
		reopened := ravi.send("POST", "/v1/sos", obj{"avoid": []string{asha.id.String()}}, 201)
		if reopened["status"] != "raised" || reopened["owner_id"] != nil {
			t.Fatalf("with its owner to be avoided it is %v", reopened)
		}
		asha.send("GET", path("/v1/sos/%s", x), nil, 404)
		maya, had := h.as("maya"), h.rung("maya")
		h.advance(2 * time.Minute)
		if h.rung("asha") != before || h.rung("maya") == had {
			t.Errorf("the danger was rung %d times more, the manager %d times", h.rung("asha")-before, h.rung("maya")-had)
		}
		maya.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
		h.settle()
		for _, m := range h.phones.MessagesFor("phone:asha") {
			if m.Title == "Somebody is on it" {
				t.Error("who must be avoided is told who answers")
			}
		}
		maya.send("POST", path("/v1/sos/%s/resolve", x), obj{"words": "Safe."}, 200)
		// A retry that comes late is that alarm, not another one.
		if late := ravi.send("POST", "/v1/sos", obj{"id": id, "note": "one"}, 201); late["id"] != x["id"] || late["status"] != "resolved" {
			t.Errorf("the late retry is %v %v", late["id"], late["status"])
		}
		// A new tap is a new one, also when a stranger took the id before.
		if fresh := h.as("meena").send("POST", "/v1/sos", obj{"id": id}, 201); fresh["id"] == x["id"] || fresh["status"] != "raised" {
			t.Errorf("another's tap is %v", fresh["id"])
		}
		maya.send("POST", path("/v1/sos/%s/hand-over", x), obj{"user_id": asha.id}, 409)
	})
}

// An alarm that was answered and never resolved swallows no later one, and
// reminds whoever answered.
func TestAnOldAlarmSwallowsNoOther(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.call_yourself", "sos.raised", "sos.taken", "sos.unheard")
		ravi, asha, maya := h.as("ravi"), h.as("asha"), h.as("maya")
		old := ravi.send("POST", "/v1/sos", nil, 201)
		asha.send("POST", path("/v1/sos/%s/acknowledge", old), nil, 200)
		h.advance(31 * time.Minute)
		if n := h.pushes("asha", "An SOS is still open"); n != 1 {
			t.Errorf("its owner was reminded %d times", n)
		}
		h.advance(30 * time.Hour)
		fresh := ravi.send("POST", "/v1/sos", obj{"note": "two"}, 201)
		if fresh["id"] == old["id"] || fresh["status"] != "raised" {
			t.Fatalf("a day later the tap is %v %v", fresh["id"], fresh["status"])
		}
		h.advance(time.Minute)
		if h.rung("maya") == 0 {
			t.Error("its ladder does not climb")
		}
		// Who answers for it ends it; another who was rung does not.
		asha.send("POST", path("/v1/sos/%s/acknowledge", fresh), nil, 200)
		desk := h.as("kiran")
		h.as("ravi2").send("GET", path("/v1/sos/%s", fresh), nil, 404)
		asha.send("POST", path("/v1/sos/%s/hand-over", fresh), obj{"user_id": h.as("ravi2").id}, 422) // of another centre
		asha.send("POST", path("/v1/sos/%s/hand-over", fresh), obj{"user_id": desk.id}, 200)
		desk.send("POST", path("/v1/sos/%s/resolve", fresh), obj{"words": "fine"}, 403)
		desk.send("POST", path("/v1/sos/%s/acknowledge", fresh), nil, 200)
		asha.send("POST", path("/v1/sos/%s/resolve", fresh), obj{"words": "fine"}, 403)
		desk.send("POST", path("/v1/sos/%s/resolve", fresh), obj{"words": "fine"}, 200)
		maya.send("POST", path("/v1/sos/%s/resolve", old), obj{"words": "long over"}, 200)
		before := h.pushes("asha", "An SOS is still open")
		h.advance(2 * time.Hour)
		if h.pushes("asha", "An SOS is still open") != before {
			t.Error("a resolved one reminds")
		}
	})
}

// What can be read of a broken body is heard: above all, whom it must not
// reach.
func TestABrokenSOSStillAvoids(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.call_yourself", "sos.raised", "sos.taken", "sos.unheard")
		id := h.as("asha").id.String()
		for _, body := range []string{`{"avoid":["` + id + `",5,null]}`, `{"avoid":"` + id + `"}`, `{"avoid":["` + id + `"],"note":"cut off`,
			`{"avoid":{"who":"` + id + `"},"lat":"x"}`} {
			x := h.as("ravi").send("POST", "/v1/sos", body, 201)
			h.as("asha").send("GET", path("/v1/sos/%s", x), nil, 404)
			maya := h.as("maya")
			h.advance(time.Minute)
			maya.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
			maya.send("POST", path("/v1/sos/%s/resolve", x), obj{"words": "seen to"}, 200)
		}
		if h.rung("asha") != 0 {
			t.Error("who must be avoided was rung")
		}
	})
}

func TestSOSWhenTheProprietorIsTheDanger(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised")
		ravi, asha := h.as("ravi"), h.as("asha")
		x := ravi.send("POST", "/v1/sos", obj{"avoid": []string{asha.id.String()}, "note": "canary-note"}, 201)
		h.settle()
		// Nobody is left in the first tier: the second is rung at once.
		if h.rung("asha") != 0 || h.rung("maya") != 1 {
			t.Errorf("asha rung %d times, maya %d", h.rung("asha"), h.rung("maya"))
		}
		h.advance(5 * time.Minute)
		if h.rung("asha") != 0 {
			t.Error("whom it must not reach is rung as one of everyone")
		}
		asha.send("GET", path("/v1/sos/%s", x), nil, 404)
		if list := items(asha.send("GET", "/v1/sos", nil, 200)); len(list) != 0 {
			t.Errorf("she sees %v", list)
		}
		for _, m := range h.phones.Messages() {
			if strings.Contains(fmt.Sprint(m), "canary") || strings.Contains(fmt.Sprint(m.Title, m.Body), "Ravi") {
				t.Errorf("a lock screen shows %v", m)
			}
		}
	})
}

func TestALateSOSSaysHowOldItIs(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised")
		x := h.as("ravi").send("POST", "/v1/sos", obj{"occurred_at": h.clock.Now().Add(-47 * time.Minute).Format(time.RFC3339)}, 201)
		if x["age_seconds"] != 47.0*60 {
			t.Errorf("%v s old", x["age_seconds"])
		}
		h.settle()
		if m := h.phones.MessagesFor("phone:asha"); len(m) == 0 || !strings.Contains(m[len(m)-1].Body, "47 minutes ago") {
			t.Errorf("told %v", m)
		}
	})
}

// The push service refuses connections for ten minutes; the alarm stands, its
// ladder climbs, and all are rung when the service is back.
func TestSOSWhileThePushServiceIsDown(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.call_yourself", "sos.raised", "sos.unheard")
		h.phones.SetDown(true)
		x := h.as("ravi").send("POST", "/v1/sos", nil, 201)
		h.clock.Advance(10 * time.Minute)
		if _, err := h.house.Service.TickUrgent(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.as("maya").send("GET", path("/v1/sos/%s", x), nil, 200); got["tier"] != 4.0 {
			t.Fatalf("tier %v", got["tier"])
		}
		if got := h.as("ravi").send("GET", path("/v1/sos/%s", x), nil, 200); got["reached"] != false || got["advice"] == "" {
			t.Errorf("nobody took a ring, and the raiser reads %v", got)
		}
		if it := queued(h.as("root"))["sos"]; it == nil || it["title"] != "SOS, nobody was reached" {
			t.Errorf("the admin's queue: %v", it)
		}
		h.phones.SetDown(false)
		deadline := time.Now().Add(30 * time.Second)
		for h.rung("maya") == 0 || h.rung("kiran") == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("maya rung %d times, kiran %d", h.rung("maya"), h.rung("kiran"))
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestLadders(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised")
		root := h.as("root")
		at := "/v1/centres/" + h.centre.String() + "/ladder"
		root.send("PUT", at, obj{"tiers": []obj{{"after_seconds": 0, "to": []string{"proprietor"}, "repeat_seconds": 30}}}, 422)
		h.as("asha").send("PUT", at, obj{"tiers": []obj{}}, 403)
		got := root.send("PUT", at, obj{"tiers": []obj{{"after_seconds": 0, "to": []string{"area_manager"}, "repeat_seconds": 20},
			{"after_seconds": 30, "to": []string{"everyone"}, "repeat_seconds": 60}}}, 200)
		if len(got["ladder"].([]any)) != 2 {
			t.Fatalf("the ladder is %v", got["ladder"])
		}
		h.as("ravi").send("POST", "/v1/sos", nil, 201)
		h.settle()
		if h.rung("maya") != 1 || h.rung("asha") != 0 {
			t.Errorf("maya rung %d times, asha %d", h.rung("maya"), h.rung("asha"))
		}
		h.advance(30 * time.Second)
		if h.rung("asha") != 1 || h.rung("kiran") != 1 {
			t.Errorf("after 30 s asha was rung %d times, kiran %d", h.rung("asha"), h.rung("kiran"))
		}
	})
}

// Thousands of reminders are queued and the push service is slow; an alarm has
// workers of its own and reaches the phone within two seconds.
func TestAnAlarmNeverWaitsBehindReminders(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		h.phones.Script("phone:noor", fcmtest.Slow(20*time.Millisecond).Always())
		noor, now := h.as("noor"), h.clock.Now()
		for range 10 {
			h.must(h.db.InTx(t.Context(), func(tx domain.Tx) error {
				for range 500 {
					id := uuid.Must(uuid.NewV7())
					tx.Enqueue(domain.Notice{ID: id, Kind: "visit.assigned", UserID: &noor.id, Title: "Reminder", Body: "x", Language: "en",
						Data:      domain.JSON[map[string]string]{V: map[string]string{"kind": "visit.assigned"}},
						NotBefore: now, ExpiresAt: now.Add(time.Hour),
						State: "pending", CreatedAt: now})
				}
				return nil
			}))
		}
		ravi := h.as("ravi")
		began := time.Now()
		ravi.send("POST", "/v1/sos", nil, 201)
		for h.rung("asha") == 0 {
			if time.Since(began) > 20*time.Second {
				t.Fatal("the alarm waits behind the reminders")
			}
			time.Sleep(5 * time.Millisecond)
		}
		took, waiting := time.Since(began), 5000-len(h.phones.MessagesFor("phone:noor"))
		t.Logf("rung after %v with %d reminders waiting", took, waiting)
		if waiting < 1000 {
			t.Errorf("only %d reminders waited: too few to tell", waiting)
		}
		if took > 5*time.Second { // 2 s on a quiet machine
			t.Errorf("rung after %v", took)
		}
	})
}
