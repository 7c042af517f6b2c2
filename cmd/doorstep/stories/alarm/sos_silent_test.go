package alarm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// While an alarm raised in silence is open, nothing offers to call its raiser
// openly, whichever alarm it is of; once it has ended, the others do again. The
// raiser reads the same as if there were none, and so does whom it must not reach.
func TestNothingCallsOpenlyWhileASilentAlarmIsOpen(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.changed", "sos.open", "sos.raised", "sos.taken", "timer.no_signal", "timer.ping", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya, desk, owner := h.As("ravi"), h.As("maya"), h.As("kiran"), h.As("asha")
		user := maya.Send("GET", "/v1/users/"+ravi.ID.String(), nil, 200)
		h.As("root").Send("PATCH", path("/v1/users/%s", user), object{"phone": silentNumber}, 200,
			"If-Match", fmt.Sprintf(`"%v"`, user["version"]))
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		board := fmt.Sprintf("/v1/centres/%s/board", h.Centre)
		silentOf := func(p *harness.Client, id any) any {
			return p.Send("GET", fmt.Sprintf("/v1/sos/%v", id), nil, 200)["silent"]
		}
		own := func() string { return ownOf(ravi, visit) }

		loud := ravi.Send("POST", "/v1/sos", object{"note": "help"}, 201)
		seesAlarms(h, "one in the open", maya, "/v1/queue", 1, true)
		seesAlarms(h, "one in the open", owner, board, 1, true)
		before := own()
		plain := ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "1234"}, 200)
		if after := own(); strings.Count(after, `"id"`) != strings.Count(before, `"id"`) {
			t.Fatalf("the plain code shows %s", after)
		}
		silent := ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": "4321"}, 200)
		if plain["status"] != silent["status"] || len(plain) != len(silent) {
			t.Errorf("answered otherwise: %v, %v", plain, silent)
		}
		seesAlarms(h, "silent besides", maya, "/v1/queue", 2, false)
		seesAlarms(h, "silent besides", maya, board, 2, false)
		seesAlarms(h, "silent besides", owner, board, 2, false)
		for _, x := range items(maya.Send("GET", "/v1/sos", nil, 200)) {
			if x["silent"] != true || silentOf(maya, x["id"]) != true {
				t.Errorf("listed: %v", x)
			}
		}
		if taken := maya.AcknowledgeSOS(loud); taken.Silent != true {
			t.Error("the answer to who takes it does not say so")
		}
		seesAlarms(h, "one taken", maya, "/v1/queue", 2, false)

		// The raiser: nothing tells of it.
		if got := own(); strings.Contains(got, "duress") || strings.Contains(got, `"silent":true`) || strings.Contains(got, "silence") ||
			silentOf(ravi, loud["id"]) != false || ravi.RaiseSOS(bodies.SOSRaise{Note: "again"}).Silent != false {
			t.Errorf("the raiser reads %s", got)
		}
		maya.AcknowledgeSOS(loud)

		// A timer asks the desk to call: neither its card nor the inbox calls openly.
		ravi.StartVisit(visit)
		ravi.CompleteVisit(visit)
		_, job := h.Household(desk, nil)
		next := h.Visit(desk, job, h.Clock.Now().Add(time.Minute), "ravi")
		h.Clock.Advance(time.Minute)
		ravi.Arrive(next)
		asks := func() []object { return callsAsked(desk) }
		for n := 0; len(asks()) == 0 && n < 40; n++ {
			h.Advance(5 * time.Minute)
		}
		if got := asks(); len(got) == 0 || got[0]["phone"] != silentNumber || got[0]["silent"] != true {
			t.Fatalf("the inbox asks %v", got)
		}
		timers := 0
		for _, k := range alarmCards(desk, board) {
			if strings.Contains(k, "A visit runs long") {
				timers++
			}
			if strings.Contains(k, "Call "+silentNumber) || !strings.Contains(k, "do not call them openly") {
				t.Errorf("the desk reads %s", k)
			}
		}
		if timers == 0 {
			t.Error("the board asks for no call")
		}

		// Once it has ended, the others may be answered by a call.
		for _, x := range items(maya.Send("GET", "/v1/sos?status=open", nil, 200)) {
			if x["source"] == "duress" {
				maya.AcknowledgeSOS(x)
				if got := maya.ResolveSOS(x, bodies.SOSResolve{Words: "Safe.", Outcome: "real"}); got.Silent != false {
					t.Error("an ended one is silent still")
				}
			}
		}
		if got := alarmCards(maya, "/v1/queue"); len(got) == 0 || !strings.Contains(got[0], "Call "+silentNumber) {
			t.Errorf("after it ended: %q", got)
		}
		if got := asks(); got[0]["silent"] != false {
			t.Errorf("after it ended the inbox asks %v", got)
		}
		if raw, _ := maya.Raw("GET", "/v1/queue", nil); bytes.Contains(raw, []byte("not to be called openly")) {
			t.Error("after it ended the queue says not to call")
		}
	})
}

// silentNumber is the raiser's.
const silentNumber = "+919811100001"

// alarmCards are the alarms that somebody reads in the queue or on a board, each
// as one text.
func alarmCards(p *harness.Client, where string) (out []string) {
	read := p.Send("GET", where, nil, 200)
	list, ofBoard := read["alarms"].([]any)
	if !ofBoard {
		list, _ = read["items"].([]any)
	}
	for _, it := range list {
		if kind := it.(object)["kind"]; kind == "sos" || kind == "timer" {
			out = append(out, fmt.Sprint(it.(object)["known"]))
		}
	}
	return out
}

// seesAlarms: each card has the number, and says whether to call it openly.
func seesAlarms(h *harness.Harness, when string, p *harness.Client, where string, n int, openly bool) {
	h.Helper()
	got := alarmCards(p, where)
	if len(got) != n {
		h.Errorf("%s, %s: %d cards, want %d: %q", when, where, len(got), n, got)
	}
	for _, k := range got {
		if strings.Contains(k, "Call "+silentNumber) != openly || strings.Contains(k, "do not call them openly") == openly ||
			!strings.Contains(k, silentNumber) {
			h.Errorf("%s, %s: %s", when, where, k)
		}
	}
}

// ownOf is all that a raiser reads.
func ownOf(ravi *harness.Client, visit object) string {
	var out []string
	for _, p := range []string{"/v1/sos", "/v1/inbox", "/v1/visits/" + harness.String(visit["id"]) + "/timer"} {
		body, _ := ravi.Raw("GET", p, nil)
		out = append(out, string(body))
	}
	return strings.Join(out, "\n")
}

// callsAsked are the calls that an inbox asks for.
func callsAsked(desk *harness.Client) (out []object) {
	for _, n := range items(desk.Send("GET", "/v1/inbox", nil, 200)) {
		if n["call"] != nil {
			out = append(out, n["call"].(object))
		}
	}
	return out
}
