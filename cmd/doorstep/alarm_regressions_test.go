package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Whoever was rung turns out to be the danger: it climbs at once, and does not
// wait for the next tier in silence.
func TestAvoidingAllWhoWereRungClimbsAtOnce(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "sos.taken")
		ravi, asha, maya := h.as("ravi"), h.as("asha"), h.as("maya")
		avoid := obj{"avoid": []string{asha.id.String()}}
		ring := func(login string) int { h.settle(); return h.rung(login) }

		raised := ravi.send("POST", "/v1/sos", nil, 201)
		if ring("asha") != 1 || ring("maya") != 0 {
			t.Fatalf("at first asha is rung %d times, maya %d", h.rung("asha"), h.rung("maya"))
		}
		if again := ravi.send("POST", "/v1/sos", avoid, 201); again["id"] != raised["id"] || again["tier"] != 2.0 {
			t.Errorf("to be avoided while it rings: %v", again)
		}
		if ring("asha") != 1 || ring("maya") != 1 || ring("noor") != 1 || ring("maya2") != 0 {
			t.Errorf("asha is rung %d times, maya %d, noor %d, another area %d", h.rung("asha"), h.rung("maya"), h.rung("noor"), h.rung("maya2"))
		}
		// The same tap again rings nobody anew: somebody is being rung.
		ravi.send("POST", "/v1/sos", avoid, 201)
		if ring("maya") != 1 {
			t.Errorf("the same tap again rings maya %d times", h.rung("maya"))
		}
		h.advance(30 * time.Second)
		if h.rung("maya") != 2 || h.rung("asha") != 1 {
			t.Errorf("30 s later maya was rung %d times, asha %d", h.rung("maya"), h.rung("asha"))
		}
		maya.send("POST", path("/v1/sos/%s/acknowledge", raised), nil, 200)
		maya.send("POST", path("/v1/sos/%s/resolve", raised), obj{"words": "Safe."}, 200)

		// Also after she acknowledged.
		taken := ravi.send("POST", "/v1/sos", nil, 201)
		asha.send("POST", path("/v1/sos/%s/acknowledge", taken), nil, 200)
		had, hers := ring("maya"), ring("asha")
		if got := ravi.send("POST", "/v1/sos", avoid, 201); got["status"] != "raised" || got["owner_id"] != nil {
			t.Errorf("with its owner to be avoided: %v", got)
		}
		if ring("maya") != had+1 || ring("asha") != hers {
			t.Errorf("maya was rung %d times more, asha %d", h.rung("maya")-had, h.rung("asha")-hers)
		}
		maya.send("POST", path("/v1/sos/%s/acknowledge", taken), nil, 200)
	})
}

// The newest words are kept, however much was said before.
func TestAFullNoteKeepsTheNewestWords(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised")
		ravi := h.as("ravi")
		ravi.send("POST", "/v1/sos", obj{"note": "first words " + strings.Repeat("x", 1900)}, 201)
		ravi.send("POST", "/v1/sos", obj{"note": strings.Repeat("y", 2000)}, 201)
		for _, words := range []string{"he locked the door", "second floor, at the back " + strings.Repeat("z", 500), "I am on the balcony"} {
			note := toString(ravi.send("POST", "/v1/sos", obj{"note": words}, 201)["note"])
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
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "visit.assigned")
		desk, ravi := h.as("kiran"), h.as("ravi")
		_, old := h.household(desk, nil)
		forgotten := h.visit(desk, old, monday.Add(time.Hour), "ravi")
		_, job := h.household(desk, nil)
		early := h.visit(desk, job, monday.Add(75*time.Hour), "ravi")
		h.clock.Advance(time.Hour)
		ravi.send("POST", path("/v1/visits/%s/en-route", forgotten), nil, 200)
		h.clock.Advance(time.Hour)
		ravi.send("POST", path("/v1/visits/%s/arrive", early), nil, 200)
		if x := ravi.send("POST", "/v1/sos", nil, 201); x["visit_id"] != early["id"] || x["job_id"] != job["id"] {
			t.Errorf("it names the visit %v, begun was %v", x["visit_id"], early["id"])
		}
	})
}

// With a code set a timer is extended by the code; the silent one is answered
// the same, and calls.
func TestExtendingTakesTheCode(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("sos.raised", "visit.assigned")
		ravi, maya := h.as("ravi"), h.as("maya")
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.atTheDoor()
		extend := path("/v1/visits/%s/timer/extend", visit)
		ravi.send("POST", extend, obj{"minutes": 5}, 422)
		ravi.send("POST", extend, obj{"minutes": 5, "code": "9999"}, 422)
		plain := ravi.send("POST", extend, obj{"minutes": 5, "code": "1234"}, 200)
		if got := items(maya.send("GET", "/v1/sos", nil, 200)); len(got) != 0 {
			t.Fatalf("the plain code called: %v", got)
		}
		silent := ravi.send("POST", extend, obj{"minutes": 5, "code": "4321"}, 200)
		if plain["extended_minutes"] != 5.0 || silent["extended_minutes"] != 10.0 || len(plain) != len(silent) ||
			plain["status"] != silent["status"] ||
			!instant(t, silent["due_at"]).Equal(instant(t, plain["due_at"]).Add(5*time.Minute)) {
			t.Errorf("answered otherwise:\n%v\n%v", plain, silent)
		}
		x := items(maya.send("GET", "/v1/sos", nil, 200))
		if len(x) != 1 || x[0]["source"] != "duress" || x[0]["visit_id"] != visit["id"] {
			t.Fatalf("called: %v", x)
		}
		if got := items(ravi.send("GET", "/v1/sos", nil, 200)); len(got) != 0 {
			t.Errorf("he sees %v", got)
		}
	})
}

// Whoever answers reads in the queue where it is, and may hand it over there;
// no push says any of it. Raised in silence, nothing there calls with one tap.
func TestTheQueueSaysWhereAnAlarmIs(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("account.changed", "sos.raised", "sos.taken", "visit.assigned")
		desk, ravi, maya, noor := h.as("kiran"), h.as("ravi"), h.as("maya"), h.as("noor")
		user := maya.send("GET", "/v1/users/"+ravi.id.String(), nil, 200)
		h.as("root").send("PATCH", path("/v1/users/%s", user), obj{"phone": "+919811100001"}, 200, "If-Match",
			fmt.Sprintf(`"%v"`, user["version"]))
		ravi.send("PUT", "/v1/me/codes", obj{"code": "1234", "duress_code": "4321"}, 200)
		customer, job := h.household(desk, nil)
		visit := h.visit(desk, job, h.clock.Now().Add(10*time.Minute), "ravi")
		h.clock.Advance(10 * time.Minute)
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		address := toString(customer["sites"].([]any)[0].(obj)["address"])
		known := func() string {
			var out []string
			for _, k := range queued(maya)["sos"]["known"].([]any) {
				out = append(out, toString(k))
			}
			return strings.Join(out, "\n")
		}
		x := ravi.send("POST", "/v1/sos", obj{"lat": 18.5204303, "lon": 73.8567437}, 201)
		for _, want := range []string{"Job ", toString(job["fault"]), "Address: " + address, "Centre ", "Visit ", "now arrived, there since ",
			"Phone at 18.52043, 73.85674", "\nCall +"} {
			if got := known(); address == "" || !strings.Contains(got, want) {
				t.Errorf("the queue does not say %q: %s", want, got)
			}
		}
		h.settle()
		for _, m := range h.phones.Messages() {
			if strings.Contains(m.Title+m.Body, address) || strings.Contains(m.Title+m.Body, "18.52") {
				t.Errorf("a push says %q", m.Body)
			}
		}
		maya.posts(queued(maya)["sos"], 0, obj{}, 200)
		over := queued(maya)["sos"]["moves"].([]any)[1].(obj)
		field := over["fields"].([]any)[0].(obj)
		options, labels := field["options"].([]any), field["labels"].([]any)
		found := false
		for i, id := range options {
			found = found || id == noor.id.String() && strings.HasPrefix(toString(labels[i]), "Noor")
			if id == maya.id.String() || id == ravi.id.String() {
				t.Errorf("it offers %v", labels[i])
			}
		}
		if over["label"] != "Hand it over" || !found {
			t.Fatalf("to hand over: %v", over)
		}
		maya.send("POST", toString(over["to"]), obj{"user_id": noor.id}, 200)
		noor.posts(queued(noor)["sos"], 0, obj{}, 200)
		noor.send("POST", path("/v1/sos/%s/resolve", x), obj{"words": "Safe."}, 200)

		ravi.send("POST", path("/v1/visits/%s/timer/fine", visit), obj{"code": "4321"}, 200)
		if got := known(); !strings.Contains(got, "do not call them openly") || !strings.Contains(got, "+919811100001") ||
			strings.Contains(got, "Call +") || !strings.Contains(got, address) {
			t.Errorf("raised in silence it says %s", got)
		}
	})
}
