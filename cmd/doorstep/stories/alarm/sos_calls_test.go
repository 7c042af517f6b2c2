package alarm

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/cmd/doorstep/stories/harness"
)

// reports is the provider saying what came of a call, signed with a secret at a time.
func reports(h *harness.Harness, secret string, at time.Time, body object, status int) object {
	h.Helper()
	raw, err := json.Marshal(body)
	h.Must(err)
	signer, err := standardwebhooks.NewWebhook(secret)
	h.Must(err)
	signature, err := signer.Sign("msg_1", at, raw)
	h.Must(err)
	return h.Anonymous().Send("POST", "/v1/gateways/calls", string(raw), status, "Content-Type", "application/json",
		"webhook-id", "msg_1", "webhook-timestamp", fmt.Sprint(at.Unix()), "webhook-signature", signature)
}

// Who answers by telephone presses the digit that the ring named; a machine is no answer.
func TestACallIsAnsweredByAHuman(t *testing.T) {
	heardOn(t, true, func(h *harness.Harness, _ *harness.OperatorLog, x *telephony) {
		h.Ignores("sos.raised", "sos.taken")
		h.MayIgnore("sos.call_yourself", "sos.unheard")
		ravi, asha := h.As("ravi"), h.As("asha")
		h.SetPhone("asha", "+919812345670")
		h.SetPhone("maya", "+919812345671")
		alarm := ravi.RaiseSOS()
		h.Settle()
		ring := func(login string) (call, digit string) {
			h.Helper()
			taken, _ := x.calls()
			for id, event := range taken {
				if strings.HasPrefix(id, "sos_raised:"+alarm.ID+":") && strings.HasSuffix(id, ":"+h.People[login].ID.String()) && id > call {
					call, digit = id, event["data"].(object)["ring"].(object)["digit"].(string)
				}
			}
			if call == "" || len(digit) != 1 || digit < "1" || digit > "9" {
				h.Fatalf("the ring of %s: %q, digit %q", login, call, digit)
			}
			return call, digit
		}
		call, digit := ring("asha")
		state := func() object { return h.As("root").Send("GET", "/v1/sos/"+alarm.ID, nil, 200) }
		heard := func() bool {
			return strings.Contains(fmt.Sprint(h.Column("SELECT heard_by FROM sos")), asha.ID.String())
		}
		says := func(body object, outcome string) {
			h.Helper()
			if got := reports(h, harness.TelephonySecret, time.Now(), body, 200); got["outcome"] != outcome {
				h.Errorf("%v: %v, want %s", body, got, outcome)
			}
		}
		// Nobody but the provider says so, and not of another ring.
		answered := object{"call": call, "result": "answered", "digit": digit}
		reports(h, "whsec_"+strings.Repeat("A", 32), time.Now(), answered, 401)
		reports(h, harness.TelephonySecret, time.Now().Add(-6*time.Minute), answered, 401)
		reports(h, harness.TelephonySecret, time.Now().Add(6*time.Minute), answered, 401)
		h.Anonymous().Send("POST", "/v1/gateways/calls", answered, 401)
		reports(h, harness.TelephonySecret, time.Now(), object{"call": call, "result": "hung_up"}, 400)
		for _, never := range []string{"x", strings.Replace(call, ":1:", ":7:", 1),
			strings.Replace(call, asha.ID.String(), h.People["meena"].ID.String(), 1)} {
			reports(h, harness.TelephonySecret, time.Now(), object{"call": never, "result": "answered", "digit": digit}, 404)
		}
		if !heard() || state()["status"] != "raised" {
			t.Fatalf("before a word: heard %v, %v", heard(), state())
		}
		// A machine, no digit, another digit: the alarm rings on, and she has not heard it.
		says(object{"call": call, "result": "voicemail"}, "not_heard")
		if heard() {
			t.Error("a voicemail heard it")
		}
		says(object{"call": call, "result": "answered"}, "not_heard")
		wrong := "1"
		if digit == wrong {
			wrong = "2"
		}
		says(object{"call": call, "result": "answered", "digit": wrong}, "not_heard")
		if s := state(); s["status"] != "raised" || s["owner_id"] != nil {
			t.Fatalf("a machine acknowledged it: %v", s)
		}
		rung := h.Alarms("asha")
		h.Advance(61 * time.Second)
		if h.Alarms("asha") <= rung {
			t.Error("it does not ring on")
		}
		if !heard() {
			t.Error("the next ring is not taken")
		}
		// The same word about the first call again is not a word about the next.
		says(object{"call": call, "result": "voicemail"}, "not_heard")
		if !heard() {
			t.Error("what was said before took back a later ring")
		}
		// The area manager presses her digit.
		manager, press := ring("maya")
		says(object{"call": manager, "result": "answered", "digit": press}, "acknowledged")
		if s := state(); s["status"] != "acknowledged" || s["owner_id"] != h.People["maya"].ID.String() {
			t.Errorf("acknowledged: %v", s)
		}
		says(object{"call": manager, "result": "answered", "digit": press}, "acknowledged")
		says(answered, "taken")
		// He taps again: it rings anew, and what was pressed before does not silence it.
		ravi.RaiseSOS()
		says(object{"call": manager, "result": "answered", "digit": press}, "not_heard")
		if s := state(); s["status"] != "raised" {
			t.Errorf("an old word silenced it: %v", s["status"])
		}
		h.Settle()
		call, digit = ring("asha")
		says(object{"call": call, "result": "answered", "digit": digit}, "acknowledged")
		asha.Send("POST", "/v1/sos/"+alarm.ID+"/resolve", object{"words": "He is out.", "outcome": "real"}, 200)
		says(object{"call": call, "result": "busy"}, "ended")
	})
}

// Without an alarm webhook nobody can have signed.
func TestWithoutAnAlarmWebhookNoCallIsReported(t *testing.T) {
	heardOn(t, false, func(h *harness.Harness, _ *harness.OperatorLog, _ *telephony) {
		reports(h, harness.TelephonySecret, time.Now(), object{"call": "x", "result": "busy"}, 401)
	})
}
