package alarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// Whoever was rung turns out to be the danger: it climbs at once, and does not
// wait for the next tier in silence.
func TestAvoidingAllWhoWereRungClimbsAtOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, asha, maya := h.As("ravi"), h.As("asha"), h.As("maya")
		avoid := object{"avoid": []string{asha.ID.String()}}
		ring := func(login string) int { h.Settle(); return h.Alarms(login) }

		raised := ravi.RaiseSOS()
		if ring("asha") != 1 || ring("maya") != 0 {
			t.Fatalf("at first asha is rung %d times, maya %d", h.Alarms("asha"), h.Alarms("maya"))
		}
		if again := ravi.Send("POST", "/v1/sos", avoid, 201); again["id"] != raised.ID || again["tier"] != 2.0 {
			t.Errorf("to be avoided while it rings: %v", again)
		}
		if ring("asha") != 1 || ring("maya") != 1 || ring("noor") != 1 || ring("maya2") != 0 {
			t.Errorf("asha is rung %d times, maya %d, noor %d, another area %d", h.Alarms("asha"), h.Alarms("maya"), h.Alarms("noor"),
				h.Alarms("maya2"))
		}
		// The same tap again rings nobody anew: somebody is being rung.
		ravi.Send("POST", "/v1/sos", avoid, 201)
		if ring("maya") != 1 {
			t.Errorf("the same tap again rings maya %d times", h.Alarms("maya"))
		}
		h.Advance(30 * time.Second)
		if h.Alarms("maya") != 2 || h.Alarms("asha") != 1 {
			t.Errorf("30 s later maya was rung %d times, asha %d", h.Alarms("maya"), h.Alarms("asha"))
		}
		maya.AcknowledgeSOS(raised)
		maya.ResolveSOS(raised, bodies.SOSResolve{Words: "Safe."})

		// Also after she acknowledged.
		taken := ravi.RaiseSOS()
		asha.AcknowledgeSOS(taken)
		had, hers := ring("maya"), ring("asha")
		if got := ravi.Send("POST", "/v1/sos", avoid, 201); got["status"] != "raised" || got["owner_id"] != nil {
			t.Errorf("with its owner to be avoided: %v", got)
		}
		if ring("maya") != had+1 || ring("asha") != hers {
			t.Errorf("maya was rung %d times more, asha %d", h.Alarms("maya")-had, h.Alarms("asha")-hers)
		}
		maya.AcknowledgeSOS(taken)
	})
}

// The newest words are kept, however much was said before.
func TestAFullNoteKeepsTheNewestWords(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi := h.As("ravi")
		ravi.RaiseSOS(bodies.SOSRaise{Note: "first words " + strings.Repeat("x", 1900)})
		ravi.RaiseSOS(bodies.SOSRaise{Note: strings.Repeat("y", 2000)})
		for _, words := range []string{"he locked the door", "second floor, at the back " + strings.Repeat("z", 500), "I am on the balcony"} {
			note := harness.String(ravi.RaiseSOS(bodies.SOSRaise{Note: words}).Note)
			if !strings.HasPrefix(note, "first words") || !strings.HasSuffix(note, words) || len([]rune(note)) > 4000 ||
				strings.Count(note, "[...]") > 1 {
				t.Errorf("of %d characters it ends in %q", len(note), note[max(0, len(note)-40):])
			}
		}
	})
}

// A visit that was begun long before its time is the one that an alarm is
// about; of several left open, the one at which he moved last.
func TestAnAlarmNamesTheVisitThatWasBegunEarly(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, old := h.Household(desk, nil)
		forgotten := h.Visit(desk, old, harness.Monday.Add(time.Hour), "ravi")
		_, job := h.Household(desk, nil)
		early := h.Visit(desk, job, harness.Monday.Add(9*time.Hour), "ravi")
		h.Clock.Advance(time.Hour)
		ravi.EnRoute(forgotten)
		h.Clock.Advance(time.Hour)
		ravi.Arrive(early)
		if x := ravi.RaiseSOS(); x.VisitID != early["id"] || x.JobID != job["id"] {
			t.Errorf("it names the visit %v, begun was %v", x.VisitID, early["id"])
		}
	})
}

// With a code set a timer is extended by the code; the silent one is answered
// the same, and calls.
func TestExtendingTakesTheCode(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		extend := path("/v1/visits/%s/timer/extend", visit)
		ravi.Send("POST", extend, object{"minutes": 5}, 422)
		ravi.Send("POST", extend, object{"minutes": 5, "code": "9999"}, 422)
		plain := ravi.Send("POST", extend, object{"minutes": 5, "code": "1234"}, 200)
		if got := items(maya.Send("GET", "/v1/sos", nil, 200)); len(got) != 0 {
			t.Fatalf("the plain code called: %v", got)
		}
		silent := ravi.Send("POST", extend, object{"minutes": 5, "code": "4321"}, 200)
		if plain["extended_minutes"] != 5.0 || silent["extended_minutes"] != 10.0 || len(plain) != len(silent) ||
			plain["status"] != silent["status"] ||
			!harness.Instant(t, silent["due_at"]).Equal(harness.Instant(t, plain["due_at"]).Add(5*time.Minute)) {
			t.Errorf("answered otherwise:\n%v\n%v", plain, silent)
		}
		x := items(maya.Send("GET", "/v1/sos", nil, 200))
		if len(x) != 1 || x[0]["source"] != "duress" || x[0]["visit_id"] != visit["id"] {
			t.Fatalf("called: %v", x)
		}
		if got := items(ravi.Send("GET", "/v1/sos", nil, 200)); len(got) != 0 {
			t.Errorf("he sees %v", got)
		}
	})
}

// Whoever answers reads in the queue where it is, and may hand it over there;
// no push says any of it. Raised in silence, nothing there calls with one tap.
func TestTheQueueSaysWhereAnAlarmIs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.changed", "sos.raised", "sos.taken", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		desk, ravi, maya, noor := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("noor")
		user := maya.Send("GET", "/v1/users/"+ravi.ID.String(), nil, 200)
		h.As("root").Send("PATCH", path("/v1/users/%s", user), object{"phone": "+919811100001"}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, user["version"]))
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
		h.Clock.Advance(10 * time.Minute)
		ravi.Arrive(visit)
		address := harness.String(customer["sites"].([]any)[0].(object)["address"])
		known := func() string {
			var out []string
			for _, k := range harness.Queue(maya)["sos"]["known"].([]any) {
				out = append(out, harness.String(k))
			}
			return strings.Join(out, "\n")
		}
		x := ravi.RaiseSOS(bodies.SOSRaise{Lat: 18.5204303, Lon: 73.8567437})
		for _, want := range []string{"Job ", harness.String(job["fault"]), "Address: " + address, "Centre ", "Visit ",
			"now arrived, there since ",
			"Phone at 18.52043, 73.85674", "\nCall +"} {
			if got := known(); address == "" || !strings.Contains(got, want) {
				t.Errorf("the queue does not say %q: %s", want, got)
			}
		}
		h.Settle()
		for _, m := range h.Phones.Messages() {
			if strings.Contains(m.Title+m.Body, address) || strings.Contains(m.Title+m.Body, "18.52") {
				t.Errorf("a push says %q", m.Body)
			}
		}
		maya.MoveQueued(harness.Queue(maya)["sos"], 0, object{}, 200)
		over := harness.Queue(maya)["sos"]["moves"].([]any)[1].(object)
		field := over["fields"].([]any)[0].(object)
		options, labels := field["options"].([]any), field["labels"].([]any)
		found := false
		for i, id := range options {
			found = found || id == noor.ID.String() && strings.HasPrefix(harness.String(labels[i]), "Noor")
			if id == maya.ID.String() || id == ravi.ID.String() {
				t.Errorf("it offers %v", labels[i])
			}
		}
		if over["label"] != "Hand it over" || !found {
			t.Fatalf("to hand over: %v", over)
		}
		maya.Send("POST", harness.String(over["to"]), object{"user_id": noor.ID}, 200)
		noor.MoveQueued(harness.Queue(noor)["sos"], 0, object{}, 200)
		noor.ResolveSOS(x, bodies.SOSResolve{Words: "Safe."})

		ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
		if got := known(); !strings.Contains(got, "do not call them openly") || !strings.Contains(got, "+919811100001") ||
			strings.Contains(got, "Call +") || !strings.Contains(got, address) {
			t.Errorf("raised in silence it says %s", got)
		}
	})
}
