package alarm

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/google/uuid"
)

func TestTheServerAsksWhetherHeIsWell(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "timer.no_answer", "timer.no_signal", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		visit := h.ArrivedVisit()
		ravi := h.As("ravi")
		timer := func() object { return items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		if due := harness.Instant(t, timer()["due_at"]); !due.Equal(harness.Monday.Add(80 * time.Minute)) {
			t.Fatalf("due at %v, want planned length and ten minutes after the arrival", due)
		}
		if got := timer(); !harness.Offers(got, "extend") || !harness.Offers(got, "fine") || !harness.Offers(got, "end") ||
			harness.Offers(got, "spoken") {
			t.Errorf("whose timer it is may do %v", got["actions"])
		}
		h.Advance(70*time.Minute - time.Second)
		if n := h.Pushes("ravi", "Are you fine?"); n != 0 {
			t.Fatal("asked too soon")
		}
		h.Advance(time.Second)
		if n := h.Pushes("ravi", "Are you fine?"); n != 1 {
			t.Fatalf("asked %d times", n)
		}
		// Fine: asked again a quarter of an hour later.
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 200)
		h.Advance(15 * time.Minute)
		if n := h.Pushes("ravi", "Are you fine?"); n != 2 {
			t.Fatalf("asked %d times", n)
		}
		// The phone shows the ping and nobody answers: the desk is told so.
		for _, n := range items(ravi.Send("GET", "/v1/inbox", nil, 200)) {
			if n["kind"] == "timer.ping" {
				ravi.Send("POST", "/v1/inbox/"+n["id"].(string)+"/seen", nil, 200)
			}
		}
		h.Advance(2 * time.Minute)
		if m := h.Phones.MessagesFor("phone:kiran"); h.Pushes("kiran", "Please call your technician") != 1 ||
			m[len(m)-1].Body != "A visit runs long and nobody answers." {
			t.Fatalf("the desk was told %v", m)
		}
		// The desk calls and speaks with him; then he is asked anew.
		kiran := h.As("kiran")
		if got := items(kiran.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0]; len(got["actions"].([]any)) != 1 ||
			!harness.Offers(got, "spoken") {
			t.Errorf("the desk may do %v", got["actions"])
		}
		h.As("gita").Send("POST", path("/v1/visits/%s/timer/spoken", visit), object{}, 403)
		h.As("kiran2").Send("POST", path("/v1/visits/%s/timer/spoken", visit), object{}, 404)
		if got := kiran.Send("POST", path("/v1/visits/%s/timer/spoken", visit), object{"note": "He is in the cellar."}, 200); harness.Offers(got,
			"spoken") {
			t.Errorf("after its call the desk may do %v", got["actions"])
		}
		kiran.Send("POST", path("/v1/visits/%s/timer/spoken", visit), object{}, 409)
		h.Advance(15 * time.Minute)
		if n := h.Pushes("ravi", "Are you fine?"); n != 3 {
			t.Fatalf("asked %d times after the call", n)
		}
		h.Advance(2 * time.Minute)
		h.Advance(3 * time.Minute)
		if h.Alarms("asha") != 1 {
			t.Fatal("five minutes after the ping there is no SOS")
		}
		x := items(h.As("asha").Send("GET", "/v1/sos?status=open", nil, 200))[0]
		if x["source"] != "timer" || x["visit_id"] != visit["id"] || x["raiser_id"] != ravi.ID.String() {
			t.Errorf("the alarm is %v", x)
		}
		// A code clears a ping, never a raised SOS.
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 409)
		// However often the servers look, one cause is one alarm.
		h.Advance(time.Hour)
		if n := len(items(h.As("maya").Send("GET", "/v1/sos", nil, 200))); n != 1 {
			t.Errorf("%d alarms", n)
		}
	})
}

func TestTimersFollowTheVisit(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		ravi := h.As("ravi")
		// It ends with the visit.
		visit := h.ArrivedVisit()
		ravi.CompleteVisit(visit, bodies.Finish{})
		h.Advance(5 * time.Hour)
		if h.Pushes("ravi", "Are you fine?") != 0 {
			t.Error("asked after the visit")
		}
		// Setting out arms it provisionally; a late arrival rebases it.
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		now := h.Clock.Now()
		visit = h.Visit(desk, job, now.Add(time.Hour), "ravi")
		ravi.EnRoute(visit)
		timer := func() object { return items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		if got := timer(); got["provisional"] != true || !harness.Instant(t, got["due_at"]).Equal(now.Add(130*time.Minute)) {
			t.Errorf("after setting out: %v", got)
		}
		h.Clock.Advance(2 * time.Hour)
		ravi.Arrive(visit, bodies.Move{OccurredAt: now.Add(90 * time.Minute).Format(time.RFC3339)})
		if got := timer(); got["provisional"] != false || !harness.Instant(t, got["due_at"]).Equal(now.Add(160*time.Minute)) {
			t.Errorf("after the late arrival: %v", got)
		}
		// Extended, and left.
		ravi.Send("POST", path("/v1/visits/%s/timer/extend", visit), object{"minutes": 60}, 200)
		if got := timer(); !harness.Instant(t, got["due_at"]).Equal(now.Add(220 * time.Minute)) {
			t.Errorf("extended to %v", got["due_at"])
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/extend", visit), object{"minutes": 0}, 400)
		ravi.Send("POST", path("/v1/visits/%s/timer/end", visit), nil, 200)
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 409)
		h.As("meena").Send("POST", path("/v1/visits/%s/timer/fine", visit), nil, 404)
		h.Advance(6 * time.Hour)
		if h.Pushes("ravi", "Are you fine?") != 0 || h.Alarms("asha") != 0 {
			t.Error("an ended timer asks")
		}
	})
}

func TestDuressIsAnsweredTheSame(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "timer.ping", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi := h.As("ravi")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "1234"}, 422)
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		h.Advance(70 * time.Minute)
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "9999"}, 422)
		shape := func(code string) string {
			out, res := ravi.Raw("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": code})
			if res.StatusCode != 200 {
				t.Fatalf("fine with %s: %d %s", code, res.StatusCode, out)
			}
			var o object
			h.Must(json.Unmarshal(out, &o))
			delete(o, "version")
			delete(o, "updated_at")
			clean, _ := json.Marshal(o)
			return string(clean)
		}
		plain := shape("1234")
		h.Settle()
		if h.Alarms("asha") != 0 {
			t.Fatal("the plain code calls for help")
		}
		before := h.Titles("ravi")
		if silent := shape("4321"); silent != plain {
			t.Errorf("answered otherwise:\n%s\n%s", silent, plain)
		}
		h.Settle()
		if h.Alarms("asha") != 1 {
			t.Fatal("nobody was called")
		}
		// Nothing that he sees later differs.
		x := items(h.As("asha").Send("GET", "/v1/sos", nil, 200))[0]
		h.As("asha").AcknowledgeSOS(x)
		if after := h.Titles("ravi"); len(after) != len(before) {
			t.Errorf("his phone shows %v after %v", after, before)
		}
		list, _ := ravi.Raw("GET", "/v1/sos", nil)
		inbox, _ := ravi.Raw("GET", "/v1/inbox", nil)
		ravi.Send("GET", path("/v1/sos/%s", x), nil, 404)
		ravi.Send("POST", path("/v1/sos/%s/acknowledge", x), nil, 404)
		if bytes.Contains(list, []byte("duress")) || bytes.Contains(inbox, []byte("sos")) {
			t.Errorf("he sees %s %s", list, inbox)
		}
		// Used again while somebody answers, it rings him again and makes no other.
		had := h.Alarms("asha")
		shape("4321")
		h.Settle()
		if h.Alarms("asha") != had+1 || len(items(h.As("asha").Send("GET", "/v1/sos", nil, 200))) != 1 {
			t.Error("the second silent call was not heard, or is another alarm")
		}
		// A loud one besides is another alarm, and looks like the first to him.
		if loud := ravi.RaiseSOS(); loud.ID == x["id"] || loud.Source != "tap" {
			t.Errorf("the loud one is %v", loud.ID)
		}
	})
}

var seconds = regexp.MustCompile(`[0-9]+ seconds?`)

// Wherever the timer stands, both codes are answered the same, and the silent
// one calls.
func TestDuressWhateverTheTimer(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken", "timer.no_signal", "timer.ping", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		silent := func() int {
			n := 0
			for _, x := range items(maya.Send("GET", "/v1/sos", nil, 200)) {
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
				out, res := ravi.Raw("POST", "/v1/visits/"+visit+"/timer/"+action, object{"code": code})
				if res.StatusCode != status {
					t.Fatalf("%s, %s with %s: %d %s", when, action, code, res.StatusCode, out)
				}
				var o object
				h.Must(json.Unmarshal(out, &o))
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
			h.Settle()
			for _, x := range items(maya.Send("GET", "/v1/sos?status=open", nil, 200)) {
				maya.AcknowledgeSOS(x)
				maya.ResolveSOS(x, bodies.SOSResolve{Words: "Seen to."})
			}
		}
		same("a visit that is not his", uuid.NewString(), "fine", 404)
		visit := h.ArrivedVisit()
		id := visit["id"].(string)
		for _, step := range []time.Duration{70, 2, 3} {
			h.Advance(step * time.Minute)
		}
		same("alarmed", id, "fine", 409)
		same("alarmed", id, "end", 409)
		ravi.CompleteVisit(visit, bodies.Finish{})
		same("the visit over", id, "fine", 409)
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		next := h.Visit(desk, job, h.Clock.Now().Add(2*time.Hour), "ravi")
		same("not begun", next["id"].(string), "end", 409)

		// Guessing is slowed down; the call for help is not.
		for range 5 {
			ravi.Send("POST", "/v1/visits/"+id+"/timer/fine", object{"code": "0000"}, 422)
		}
		same("after many guesses", id, "fine", 429)
	})
}

func TestTimersHearWhatWasSaidOffline(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("timer.ping", "visit.assigned")
		ravi := h.As("ravi")
		visit := h.ArrivedVisit()
		arrived := h.Clock.Now()
		timer := func() object { return items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200))[0] }
		h.Advance(75 * time.Minute)
		// "Fine" of 68 minutes after the arrival is good until 83, whenever it comes.
		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"occurred_at": arrived.Add(68 * time.Minute).Format(time.RFC3339)}, 200)
		if got := harness.Instant(t, timer()["due_at"]); !got.Equal(arrived.Add(83 * time.Minute)) {
			t.Errorf("due at %v", got)
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/extend", visit), object{"minutes": 20, "occurred_at": arrived.Add(70 * time.Minute).
			Format(time.RFC3339)}, 200)
		if got := harness.Instant(t, timer()["due_at"]); !got.Equal(arrived.Add(90 * time.Minute)) {
			t.Errorf("extended to %v", got)
		}
		ravi.Send("POST", path("/v1/visits/%s/timer/end", visit), object{"occurred_at": arrived.Add(72 * time.Minute).Format(time.RFC3339)}, 200)
		if got := harness.Instant(t, timer()["ended_at"]); !got.Equal(arrived.Add(72 * time.Minute)) {
			t.Errorf("ended at %v", got)
		}
	})
}

// A phone that falls silent between two visits sets no timer itself; the plan
// does. Who has not worked today, or goes on telling, is left in peace.
func TestAPhoneThatFallsSilentIsAskedFromThePlan(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.missed_desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		at := func(from time.Duration, crew string) object {
			_, job := h.Household(desk, nil)
			return h.Visit(desk, job, harness.Monday.Add(from), crew)
		}
		first, second := at(10*time.Minute, "ravi"), at(3*time.Hour, "ravi")
		idle := at(3*time.Hour, "meena") // has not worked today
		third := at(6*time.Hour, "ravi")
		h.Clock.Set(harness.Monday.Add(20 * time.Minute))
		ravi.Arrive(first)
		h.Clock.Set(harness.Monday.Add(80 * time.Minute))
		ravi.CompleteVisit(first, bodies.Finish{})
		timers := func(p *harness.Client, v object) []object {
			return items(p.Send("GET", path("/v1/visits/%s/timer", v), nil, 200))
		}
		step := func(to time.Duration) {
			h.Advance(harness.Monday.Add(to).Sub(h.Clock.Now()))
		}
		step(3*time.Hour + 15*time.Minute)
		got := timers(ravi, second)
		if len(got) != 1 || got[0]["provisional"] != true || !harness.Instant(t, got[0]["due_at"]).
			Equal(harness.Monday.Add(4*time.Hour+10*time.Minute)) {
			t.Fatalf("silent at the planned time: %v", got)
		}
		if n := len(timers(h.As("meena"), idle)); n != 0 {
			t.Error("who has not worked today has a timer")
		}
		step(4*time.Hour + 10*time.Minute)
		if h.Pushes("ravi", "Are you fine?") != 1 {
			t.Fatalf("he is not asked: %v", h.Titles("ravi"))
		}
		// Late facts: he was inside since 3:05, and is done.
		ravi.Arrive(second, bodies.Move{OccurredAt: harness.Monday.Add(185 * time.Minute).Format(time.RFC3339)})
		if got := timers(ravi, second)[0]; got["provisional"] != false || got["status"] != "armed" {
			t.Errorf("after the late arrival: %v", got)
		}
		ravi.CompleteVisit(second, bodies.Finish{})
		// He tells of something around the next planned time: no timer.
		step(6*time.Hour - 5*time.Minute)
		ravi.Send("POST", path("/v1/visits/%s/attempts", third), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30}, 201)
		step(6*time.Hour + 20*time.Minute)
		if n := len(timers(ravi, third)); n != 0 {
			t.Error("who goes on telling has a timer")
		}
		h.Advance(2 * time.Hour)
		if h.Alarms("asha") != 0 {
			t.Error("an alarm of nothing")
		}
	})
}

// A timer set from the plan that nobody answers calls the desk and then help;
// one whose visit was cancelled does not.
func TestSilenceFromThePlanEndsInAnAlarm(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("timer.no_signal", "timer.ping", "visit.assigned", "visit.cancelled")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, cancelled := range []bool{true, false} {
			start := h.Clock.Now()
			_, job := h.Household(desk, nil)
			first := h.Visit(desk, job, start.Add(time.Minute), "ravi")
			_, job = h.Household(desk, nil)
			second := h.Visit(desk, job, start.Add(2*time.Hour), "ravi")
			ravi.Arrive(first)
			ravi.CompleteVisit(first, bodies.Finish{})
			h.Advance(2*time.Hour + 15*time.Minute)
			if cancelled {
				desk.CancelVisit(second, bodies.CancelVisit{Reason: "customer"})
			}
			for _, d := range []time.Duration{55, 2, 3} {
				h.Advance(d * time.Minute)
			}
			if n := h.Alarms("asha"); (n > 0) == cancelled {
				t.Errorf("cancelled %v: rung %d times", cancelled, n)
			}
		}
	})
}

// What cannot be carried out stands in nobody's way.
func TestAFaultyDeadlineHoldsUpNoOther(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where the phones are slow
		ravi := h.As("ravi")
		ravi.RaiseSOS()
		x := items(h.As("asha").Send("GET", "/v1/sos", nil, 200))[0]
		// A row that no code can read: its ladder is broken in the file.
		_, err := h.DB.SQL().ExecContext(t.Context(), "UPDATE sos SET rung = 'broken' WHERE id = '"+harness.String(x["id"])+"'")
		if err != nil {
			_, err = h.DB.SQL().ExecContext(t.Context(), "UPDATE sos SET rung = '\"broken\"' WHERE id = '"+harness.String(x["id"])+"'")
		}
		h.Must(err)
		h.As("meena").RaiseSOS()
		h.Clock.Advance(30 * time.Second)
		_, err = h.Server.Service.Clock.TickUrgent(t.Context())
		if err == nil {
			t.Fatal("the broken row is carried out")
		}
		h.Settle()
		if n := h.Alarms("asha"); n < 3 { // both at once, the second again
			t.Errorf("rung %d times: the broken one holds up the other", n)
		}
	})
}

// TestOnlyTheirOwnAnswerEndsAPing: somebody was asked whether they are well. Whatever becomes of the visit and of its crew goes
// through, and is no answer: the desk is asked, and an alarm follows. Their code ends it; without one their own move does.
func TestOnlyTheirOwnAnswerEndsAPing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "timer.no_signal", "visit.assigned", "timer.ping")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.taken", "visit.unassigned", "visit.move_undone", "visit.reassigned",
			"visit.crew_changed",
			"flag.triage", "flag.next_person", "hold.area", "aftercare.offer", "queue.morning", "visit.missed", "visit.missed_desk")
		desk, asha := h.As("kiran"), h.As("asha")
		move := func(by, what string, body object) func(object) {
			return func(v object) { h.As(by).Send("POST", path("/v1/visits/%s/"+what, v), body, 200) }
		}
		complete := func(by string) func(object) {
			return func(v object) { h.As(by).CompleteVisit(v, bodies.Finish{}) }
		}
		for _, x := range []struct {
			name  string
			code  bool
			ends  bool
			moves []func(object)
		}{
			{"their own completion, with a code", true, false, []func(object){complete("ravi")}},
			{"their own completion, without one", false, true, []func(object){complete("ravi")}},
			{"a colleague's completion", false, false, []func(object){complete("meena")}},
			{"a colleague's partial", true, false, []func(object){move("meena", "partial", object{"findings": "the pump"})}},
			{"taken back by the desk", true, false, []func(object){move("kiran", "take-back", object{"reason": "wrong visit"})}},
			{"somebody else's by the desk", true, false, []func(object){move("kiran", "take-back", object{"reason": "wrong visit"}),
				move("kiran", "assign", h.Crew("meena"))}},
			{"a colleague's stop", true, false, []func(object){move("meena", "stop", object{})}},
			{"the code", true, true, []func(object){complete("meena"), move("ravi", "timer/fine", object{"code": "1234"})}},
		} {
			codes := object{"code": "", "duress_code": "", "present": "1234"}
			if x.code {
				codes = object{"code": "1234", "duress_code": "4321", "present": "1234"}
			}
			h.As("ravi").Send("PUT", "/v1/me/codes", codes, 200)
			if today := h.Clock.Now().Sub(harness.Monday) % (24 * time.Hour); today > 7*time.Hour {
				h.Advance(24*time.Hour - today)
			}
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi", "meena")
			h.Clock.Advance(10 * time.Minute)
			h.As("ravi").Arrive(visit)
			h.As("meena").Send("POST", path("/v1/visits/%s/timer/end", visit), nil, 200)
			h.Advance(70 * time.Minute)
			for _, m := range x.moves {
				m(visit)
			}
			before := h.Alarms("asha")
			h.Advance(2 * time.Minute)
			h.Advance(3 * time.Minute)
			if raised := h.Alarms("asha") > before; raised == x.ends {
				t.Errorf("%s: an alarm is raised: %v", x.name, raised)
			}
			for _, sos := range items(asha.Send("GET", "/v1/sos?status=open", nil, 200)) {
				asha.AcknowledgeSOS(sos)
				asha.ResolveSOS(sos, bodies.SOSResolve{Outcome: "false_alarm", Words: "spoke with him"})
			}
		}
		// The desk spoke with them while the visit ended: they are asked again.
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi", "meena")
		h.Clock.Advance(10 * time.Minute)
		h.As("ravi").Arrive(visit)
		h.As("meena").Send("POST", path("/v1/visits/%s/timer/end", visit), nil, 200)
		h.Advance(70 * time.Minute)
		h.Advance(2 * time.Minute)
		complete("meena")(visit)
		desk.Send("POST", path("/v1/visits/%s/timer/spoken", visit), object{"user_id": h.People["ravi"].ID}, 200)
		asked := h.Pushes("ravi", "Are you fine?")
		h.Advance(15 * time.Minute)
		if n := h.Pushes("ravi", "Are you fine?"); n != asked+1 {
			t.Errorf("after the desk's call they are asked %d times", n-asked)
		}
		h.As("ravi").Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "1234"}, 200)
		h.Advance(20 * time.Minute)
		if n := h.Pushes("ravi", "Are you fine?"); n != asked+1 {
			t.Error("asked again after their answer")
		}
	})
}

// TestOthersEndNoTimerOfWhoIsInside: the desk or a colleague takes the arrival back, and others are sent. Whoever had arrived hears of it,
// their timer runs on and asks at its time; their word ends it. Who was on the way alone has none.
func TestOthersEndNoTimerOfWhoIsInside(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "timer.no_signal", "visit.assigned", "timer.ping", "visit.unassigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.taken", "visit.crew_changed", "visit.missed_desk", "visit.late_desk",
			"visit.cancelled")
		desk, asha := h.As("kiran"), h.As("asha")
		say := func(by, what string, body object) func(object) {
			return func(v object) { h.As(by).Send("POST", path("/v1/visits/%s/"+what, v), body, 200) }
		}
		wrong := object{"reason": "wrong visit"}
		for _, x := range []struct {
			name   string
			inside bool // they had arrived
			alarm  bool
			moves  []func(object)
		}{
			{"by the desk", true, true, []func(object){say("kiran", "take-back", wrong)}},
			{"by the proprietor, and others go", true, true, []func(object){say("asha", "take-back", wrong),
				say("kiran", "assign", h.Crew("meena"))}},
			{"and others set out", true, true, []func(object){say("kiran", "take-back", wrong), say("kiran", "assign", h.Crew("meena")),
				func(v object) { h.As("meena").EnRoute(v) }}},
			{"and others are done", true, true, []func(object){say("kiran", "take-back", wrong), say("kiran", "assign", h.Crew("meena")),
				func(v object) { h.As("meena").Arrive(v) }, func(v object) { h.As("meena").CompleteVisit(v, bodies.Finish{}) }}},
			{"and it is cancelled", true, true, []func(object){say("kiran", "take-back", wrong),
				say("kiran", "cancel", object{"reason": "not needed"})}},
			{"and they say that they are fine", true, false, []func(object){say("kiran", "take-back", wrong),
				say("kiran", "assign", h.Crew("meena")), say("ravi", "timer/fine", object{})}},
			{"by themselves", true, false, []func(object){say("ravi", "take-back", object{})}},
			{"on the way", false, false, []func(object){say("kiran", "take-back", wrong), say("kiran", "assign", h.Crew("meena"))}},
		} {
			if today := h.Clock.Now().Sub(harness.Monday) % (24 * time.Hour); today > 6*time.Hour {
				h.Advance(24*time.Hour - today)
			}
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
			h.Clock.Advance(10 * time.Minute)
			if x.inside {
				h.As("ravi").Arrive(visit)
			} else {
				h.As("ravi").EnRoute(visit)
			}
			h.Advance(5 * time.Minute)
			told := h.Pushes("ravi", "Your visit was set back")
			for _, m := range x.moves {
				m(visit)
			}
			h.Settle()
			if n := h.Pushes("ravi", "Your visit was set back") - told; (n == 1) == (x.name == "by themselves") || n > 1 {
				t.Errorf("%s: told %d times", x.name, n)
			}
			before, asked := h.Alarms("asha"), h.Pushes("ravi", "Are you fine?")
			h.Advance(65 * time.Minute)
			if n := h.Pushes("ravi", "Are you fine?") - asked; (n == 1) != x.alarm {
				t.Errorf("%s: asked %d times", x.name, n)
			}
			h.Advance(2 * time.Minute)
			h.Advance(3 * time.Minute)
			if raised := h.Alarms("asha") > before; raised != x.alarm {
				t.Errorf("%s: an alarm is raised: %v", x.name, raised)
			}
			for _, sos := range items(asha.Send("GET", "/v1/sos?status=open", nil, 200)) {
				asha.AcknowledgeSOS(sos)
				asha.ResolveSOS(sos, bodies.SOSResolve{Outcome: "false_alarm", Words: "spoke with him"})
			}
		}
	})
}
