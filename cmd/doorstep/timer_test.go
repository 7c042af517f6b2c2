package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
)

// atTheDoor takes Ravi to a door: a visit of 60 minutes planned at 09:10.
func (h *harness) atTheDoor() (visit obj) {
	h.Helper()
	desk := h.as("kiran")
	_, job := h.household(desk, nil)
	visit = h.visit(desk, job, h.clock.Now().Add(10*time.Minute), "ravi")
	h.clock.Advance(10 * time.Minute)
	h.as("ravi").send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
	return visit
}

func TestTheServerAsksWhetherHeIsWell(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "timer.no_answer", "timer.no_signal", "visit.assigned")
		visit := h.atTheDoor()
		ravi := h.as("ravi")
		timer := func() obj { return items(ravi.send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		if due := instant(t, timer()["due_at"]); !due.Equal(monday.Add(80 * time.Minute)) {
			t.Fatalf("due at %v, want planned length and ten minutes after the arrival", due)
		}
		if got := timer(); !offers(got, "extend") || !offers(got, "fine") || !offers(got, "end") || offers(got, "spoken") {
			t.Errorf("whose timer it is may do %v", got["actions"])
		}
		h.advance(70*time.Minute - time.Second)
		if n := h.pushes("ravi", "Are you fine?"); n != 0 {
			t.Fatal("asked too soon")
		}
		h.advance(time.Second)
		if n := h.pushes("ravi", "Are you fine?"); n != 1 {
			t.Fatalf("asked %d times", n)
		}
		// Fine: asked again a quarter of an hour later.
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 200)
		h.advance(15 * time.Minute)
		if n := h.pushes("ravi", "Are you fine?"); n != 2 {
			t.Fatalf("asked %d times", n)
		}
		// The phone shows the ping and nobody answers: the desk is told so.
		for _, n := range items(ravi.send("GET", "/v1/inbox", nil, 200)) {
			if n["kind"] == "timer.ping" {
				ravi.send("POST", "/v1/inbox/"+n["id"].(string)+"/seen", nil, 200)
			}
		}
		h.advance(2 * time.Minute)
		if m := h.phones.MessagesFor("phone:kiran"); h.pushes("kiran", "Please call your technician") != 1 ||
			m[len(m)-1].Body != "A visit runs long and nobody answers." {
			t.Fatalf("the desk was told %v", m)
		}
		// The desk calls and speaks with him; then he is asked anew.
		kiran := h.as("kiran")
		if got := items(kiran.send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0]; len(got["actions"].([]any)) != 1 ||
			!offers(got, "spoken") {
			t.Errorf("the desk may do %v", got["actions"])
		}
		h.as("gita").send("POST", path("/v1/visits/%s/timer/spoken", visit), obj{}, 403)
		h.as("kiran2").send("POST", path("/v1/visits/%s/timer/spoken", visit), obj{}, 404)
		if got := kiran.send("POST", path("/v1/visits/%s/timer/spoken", visit), obj{"note": "He is in the cellar."}, 200); offers(got, "spoken") {
			t.Errorf("after its call the desk may do %v", got["actions"])
		}
		kiran.send("POST", path("/v1/visits/%s/timer/spoken", visit), obj{}, 409)
		h.advance(15 * time.Minute)
		if n := h.pushes("ravi", "Are you fine?"); n != 3 {
			t.Fatalf("asked %d times after the call", n)
		}
		h.advance(2 * time.Minute)
		h.advance(3 * time.Minute)
		if h.rung("asha") != 1 {
			t.Fatal("five minutes after the ping there is no SOS")
		}
		x := items(h.as("asha").send("GET", "/v1/sos?status=open", nil, 200))[0]
		if x["source"] != "timer" || x["visit_id"] != visit["id"] || x["raiser_id"] != ravi.id.String() {
			t.Errorf("the alarm is %v", x)
		}
		// A code clears a ping, never a raised SOS.
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 409)
		// However often the servers look, one cause is one alarm.
		h.advance(time.Hour)
		if n := len(items(h.as("maya").send("GET", "/v1/sos", nil, 200))); n != 1 {
			t.Errorf("%d alarms", n)
		}
	})
}

func TestTimersFollowTheVisit(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		ravi := h.as("ravi")
		// It ends with the visit.
		visit := h.atTheDoor()
		ravi.send("POST", path("/v1/visits/%s/complete", visit), obj{}, 200)
		h.advance(5 * time.Hour)
		if h.pushes("ravi", "Are you fine?") != 0 {
			t.Error("asked after the visit")
		}
		// Setting out arms it provisionally; a late arrival rebases it.
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		now := h.clock.Now()
		visit = h.visit(desk, job, now.Add(time.Hour), "ravi")
		ravi.send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		timer := func() obj { return items(ravi.send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		if got := timer(); got["provisional"] != true || !instant(t, got["due_at"]).Equal(now.Add(130*time.Minute)) {
			t.Errorf("after setting out: %v", got)
		}
		h.clock.Advance(2 * time.Hour)
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), obj{"occurred_at": now.Add(90 * time.Minute).Format(time.RFC3339)}, 200)
		if got := timer(); got["provisional"] != false || !instant(t, got["due_at"]).Equal(now.Add(160*time.Minute)) {
			t.Errorf("after the late arrival: %v", got)
		}
		// Extended, and left.
		ravi.send("POST", path("/v1/visits/%s/timer/extend", visit), obj{"minutes": 60}, 200)
		if got := timer(); !instant(t, got["due_at"]).Equal(now.Add(220 * time.Minute)) {
			t.Errorf("extended to %v", got["due_at"])
		}
		ravi.send("POST", path("/v1/visits/%s/timer/extend", visit), obj{"minutes": 0}, 400)
		ravi.send("POST", path("/v1/visits/%s/timer/end", visit), nil, 200)
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 409)
		h.as("meena").send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 404)
		h.advance(6 * time.Hour)
		if h.pushes("ravi", "Are you fine?") != 0 || h.rung("asha") != 0 {
			t.Error("an ended timer asks")
		}
	})
}

func TestDuressIsAnsweredTheSame(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "timer.ping", "visit.assigned")
		ravi := h.as("ravi")
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "1234"}, 422)
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.atTheDoor()
		h.advance(70 * time.Minute)
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), obj{"code": "9999"}, 422)
		shape := func(code string) string {
			out, res := ravi.raw("POST", path("/v1/visits/%s/timer/fine", visit), obj{"code": code})
			if res.StatusCode != 200 {
				t.Fatalf("fine with %s: %d %s", code, res.StatusCode, out)
			}
			var o obj
			h.must(json.Unmarshal(out, &o))
			delete(o, "version")
			delete(o, "updated_at")
			clean, _ := json.Marshal(o)
			return string(clean)
		}
		plain := shape("1234")
		h.settle()
		if h.rung("asha") != 0 {
			t.Fatal("the plain code calls for help")
		}
		before := h.titles("ravi")
		if silent := shape("4321"); silent != plain {
			t.Errorf("answered otherwise:\n%s\n%s", silent, plain)
		}
		h.settle()
		if h.rung("asha") != 1 {
			t.Fatal("nobody was called")
		}
		// Nothing that he sees later differs.
		x := items(h.as("asha").send("GET", "/v1/sos", nil, 200))[0]
		h.as("asha").send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
		if after := h.titles("ravi"); len(after) != len(before) {
			t.Errorf("his phone shows %v after %v", after, before)
		}
		list, _ := ravi.raw("GET", "/v1/sos", nil)
		inbox, _ := ravi.raw("GET", "/v1/inbox", nil)
		ravi.send("GET", path("/v1/sos/%s", x), nil, 404)
		ravi.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 404)
		if bytes.Contains(list, []byte("duress")) || bytes.Contains(inbox, []byte("sos")) {
			t.Errorf("he sees %s %s", list, inbox)
		}
		// Used again while somebody answers, it rings him again and makes no other.
		had := h.rung("asha")
		shape("4321")
		h.settle()
		if h.rung("asha") != had+1 || len(items(h.as("asha").send("GET", "/v1/sos", nil, 200))) != 1 {
			t.Error("the second silent call was not heard, or is another alarm")
		}
		// A loud one besides is another alarm, and looks like the first to him.
		if loud := ravi.send("POST", "/v1/sos", nil, 201); loud["id"] == x["id"] || loud["source"] != "tap" {
			t.Errorf("the loud one is %v", loud["id"])
		}
	})
}

var seconds = regexp.MustCompile(`[0-9]+ seconds?`)

// Wherever the timer stands, both codes are answered the same, and the silent
// one calls.
func TestDuressWhateverTheTimer(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "sos.taken", "timer.no_signal", "timer.ping", "visit.assigned")
		ravi, maya := h.as("ravi"), h.as("maya")
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "4321"}, 200)
		silent := func() int {
			n := 0
			for _, x := range items(maya.send("GET", "/v1/sos", nil, 200)) {
				if x["source"] == "duress" {
					n++
				}
			}
			return n
		}
		same := func(when, visit, action string, status int) {
			t.Helper()
			before := silent()
			answers := map[string]string{}
			for _, code := range []string{"1234", "4321"} {
				out, res := ravi.raw("POST", "/v1/visits/"+visit+"/timer/"+action, obj{"code": code})
				if res.StatusCode != status {
					t.Fatalf("%s, %s with %s: %d %s", when, action, code, res.StatusCode, out)
				}
				var o obj
				h.must(json.Unmarshal(out, &o))
				delete(o, "instance")
				clean, _ := json.Marshal(o)
				answers[code] = seconds.ReplaceAllString(string(clean), "some seconds") // of a throttle, which go by meanwhile
				if got := silent(); got != before && code == "1234" {
					t.Fatalf("%s: the plain code called", when)
				}
			}
			if answers["1234"] != answers["4321"] {
				t.Errorf("%s, %s:\n%s\n%s", when, action, answers["1234"], answers["4321"])
			}
			if silent() != before+1 {
				t.Errorf("%s: %d silent calls after %d", when, silent(), before)
			}
			h.settle()
			for _, x := range items(maya.send("GET", "/v1/sos?status=open", nil, 200)) {
				maya.send("POST", path("/v1/sos/%s/acknowledge", x), nil, 200)
				maya.send("POST", path("/v1/sos/%s/resolve", x), obj{"words": "Seen to."}, 200)
			}
		}
		same("a visit that is not his", uuid.NewString(), "fine", 404)
		visit := h.atTheDoor()
		id := visit["id"].(string)
		for _, step := range []time.Duration{70, 2, 3} {
			h.advance(step * time.Minute)
		}
		same("alarmed", id, "fine", 409)
		same("alarmed", id, "end", 409)
		ravi.send("POST", path("/v1/visits/%s/complete", visit), obj{}, 200)
		same("the visit over", id, "fine", 409)
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		next := h.visit(desk, job, h.clock.Now().Add(2*time.Hour), "ravi")
		same("not begun", next["id"].(string), "end", 409)

		// Guessing is slowed down; the call for help is not.
		for range 5 {
			ravi.send("POST", "/v1/visits/"+id+"/timer/fine", obj{"code": "0000"}, 422)
		}
		same("after many guesses", id, "fine", 429)
	})
}

func TestTimersHearWhatWasSaidOffline(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("timer.ping", "visit.assigned")
		ravi := h.as("ravi")
		visit := h.atTheDoor()
		arrived := h.clock.Now()
		timer := func() obj { return items(ravi.send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		h.advance(75 * time.Minute)
		// "Fine" of 68 minutes after the arrival is good until 83, whenever it comes.
		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), obj{"occurred_at": arrived.Add(68 * time.Minute).Format(time.RFC3339)}, 200)
		if got := instant(t, timer()["due_at"]); !got.Equal(arrived.Add(83 * time.Minute)) {
			t.Errorf("due at %v", got)
		}
		ravi.send("POST", path("/v1/visits/%s/timer/extend", visit), obj{"minutes": 20, "occurred_at": arrived.Add(70 * time.Minute).
			Format(time.RFC3339)}, 200)
		if got := instant(t, timer()["due_at"]); !got.Equal(arrived.Add(90 * time.Minute)) {
			t.Errorf("extended to %v", got)
		}
		ravi.send("POST", path("/v1/visits/%s/timer/end", visit), obj{"occurred_at": arrived.Add(72 * time.Minute).Format(time.RFC3339)}, 200)
		if got := instant(t, timer()["ended_at"]); !got.Equal(arrived.Add(72 * time.Minute)) {
			t.Errorf("ended at %v", got)
		}
	})
}

// A phone that falls silent between two visits sets no timer itself; the plan
// does. Who has not worked today, or goes on telling, is left in peace.
func TestAPhoneThatFallsSilentIsAskedFromThePlan(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned", "visit.missed_desk")
		desk, ravi := h.as("kiran"), h.as("ravi")
		at := func(from time.Duration, crew string) obj {
			_, job := h.household(desk, nil)
			return h.visit(desk, job, monday.Add(from), crew)
		}
		first, second := at(10*time.Minute, "ravi"), at(3*time.Hour, "ravi")
		idle := at(3*time.Hour, "meena") // has not worked today
		third := at(6*time.Hour, "ravi")
		h.clock.Set(monday.Add(20 * time.Minute))
		ravi.send("POST", path("/v1/visits/%s/arrive", first), nil, 200)
		h.clock.Set(monday.Add(80 * time.Minute))
		ravi.send("POST", path("/v1/visits/%s/complete", first), obj{}, 200)
		timers := func(p *person, v obj) []obj { return items(p.send("GET", path("/v1/visits/%s/timer", v), nil, 200)) }
		step := func(to time.Duration) {
			h.advance(monday.Add(to).Sub(h.clock.Now()))
		}
		step(3*time.Hour + 15*time.Minute)
		got := timers(ravi, second)
		if len(got) != 1 || got[0]["provisional"] != true || !instant(t, got[0]["due_at"]).Equal(monday.Add(4*time.Hour+10*time.Minute)) {
			t.Fatalf("silent at the planned time: %v", got)
		}
		if n := len(timers(h.as("meena"), idle)); n != 0 {
			t.Error("who has not worked today has a timer")
		}
		step(4*time.Hour + 10*time.Minute)
		if h.pushes("ravi", "Are you fine?") != 1 {
			t.Fatalf("he is not asked: %v", h.titles("ravi"))
		}
		// Late facts: he was inside since 3:05, and is done.
		ravi.send("POST", path("/v1/visits/%s/arrive", second), obj{"occurred_at": monday.Add(185 * time.Minute).Format(time.RFC3339)}, 200)
		if got := timers(ravi, second)[0]; got["provisional"] != false || got["status"] != "armed" {
			t.Errorf("after the late arrival: %v", got)
		}
		ravi.send("POST", path("/v1/visits/%s/complete", second), obj{}, 200)
		// He tells of something around the next planned time: no timer.
		step(6*time.Hour - 5*time.Minute)
		ravi.send("POST", path("/v1/visits/%s/attempts", third), obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30}, 201)
		step(6*time.Hour + 20*time.Minute)
		if n := len(timers(ravi, third)); n != 0 {
			t.Error("who goes on telling has a timer")
		}
		h.advance(2 * time.Hour)
		if h.rung("asha") != 0 {
			t.Error("an alarm of nothing")
		}
	})
}

// A timer set from the plan that nobody answers calls the desk and then help;
// one whose visit was cancelled does not.
func TestSilenceFromThePlanEndsInAnAlarm(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("timer.no_signal", "timer.ping", "visit.assigned", "visit.cancelled")
		desk, ravi := h.as("kiran"), h.as("ravi")
		for _, cancelled := range []bool{true, false} {
			start := h.clock.Now()
			_, job := h.household(desk, nil)
			first := h.visit(desk, job, start.Add(time.Minute), "ravi")
			_, job = h.household(desk, nil)
			second := h.visit(desk, job, start.Add(2*time.Hour), "ravi")
			ravi.send("POST", path("/v1/visits/%s/arrive", first), nil, 200)
			ravi.send("POST", path("/v1/visits/%s/complete", first), obj{}, 200)
			h.advance(2*time.Hour + 15*time.Minute)
			if cancelled {
				desk.send("POST", path("/v1/visits/%s/cancel", second), obj{"reason": "customer"}, 200)
			}
			for _, d := range []time.Duration{55, 2, 3} {
				h.advance(d * time.Minute)
			}
			if n := h.rung("asha"); (n > 0) == cancelled {
				t.Errorf("cancelled %v: rung %d times", cancelled, n)
			}
		}
	})
}

// What cannot be carried out stands in nobody's way.
func TestAFaultyDeadlineHoldsUpNoOther(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.call_yourself", "sos.unheard")
		ravi := h.as("ravi")
		ravi.send("POST", "/v1/sos", nil, 201)
		x := items(h.as("asha").send("GET", "/v1/sos", nil, 200))[0]
		// A row that no code can read: its ladder is broken in the file.
		_, err := h.db.SQL().ExecContext(t.Context(), "UPDATE sos SET rung = 'broken' WHERE id = '"+toString(x["id"])+"'")
		if err != nil {
			_, err = h.db.SQL().ExecContext(t.Context(), "UPDATE sos SET rung = '\"broken\"' WHERE id = '"+toString(x["id"])+"'")
		}
		h.must(err)
		h.as("meena").send("POST", "/v1/sos", nil, 201)
		h.clock.Advance(30 * time.Second)
		_, err = h.house.Service.TickUrgent(t.Context())
		if err == nil {
			t.Fatal("the broken row is carried out")
		}
		h.settle()
		if n := h.rung("asha"); n < 3 { // both at once, the second again
			t.Errorf("rung %d times: the broken one holds up the other", n)
		}
	})
}
