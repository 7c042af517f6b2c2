package alarm

import (
	"encoding/json"
	"fmt"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// Whoever holds the phone takes nobody's codes away: they change against the
// present code or the password. The silent code is answered as the present one,
// changes nothing and calls.
func TestCodesChangeAgainstWhatStandsOnly(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.taken", "visit.assigned")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		ravi, maya := h.As("ravi"), h.As("maya")
		sets := func(code, duress string, present any, want int) object {
			t.Helper()
			body := object{"code": code, "duress_code": duress}
			if present != nil {
				body["present"] = present
			}
			return ravi.Send("PUT", "/v1/me/codes", body, want)
		}
		alarms := func() []object { return items(maya.Send("GET", "/v1/sos", nil, 200)) }
		sets("1234", "4321", nil, 200)
		visit := h.ArrivedVisit()
		fine := func(code string, want int) {
			t.Helper()
			ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": code}, want)
		}
		for _, present := range []any{nil, "", "9999"} {
			sets("", "", present, 422)
		}
		fine("1234", 200)
		sets("5678", "8765", "1234", 200)
		fine("1234", 422)
		fine("5678", 200)
		sets("1234", "4321", harness.Password, 200)
		fine("5678", 422)
		if got := alarms(); len(got) != 0 {
			t.Fatalf("called without the silent code: %v", got)
		}

		shape := func(o object) string {
			delete(o, "updated_at")
			delete(o, "instance")
			clean, _ := json.Marshal(o)
			return string(clean)
		}
		plain := sets("1234", "4321", "1234", 200)
		silent := sets("", "", "4321", 200)
		if silent["version"] != plain["version"].(float64)+1 {
			t.Errorf("the versions are %v and %v", plain["version"], silent["version"])
		}
		delete(plain, "version")
		delete(silent, "version")
		if shape(plain) != shape(silent) {
			t.Errorf("answered otherwise:\n%s\n%s", shape(plain), shape(silent))
		}
		x := alarms()
		if len(x) != 1 || x[0]["source"] != "duress" || x[0]["visit_id"] != visit["id"] {
			t.Fatalf("called: %v", x)
		}
		ravi.Send("GET", path("/v1/sos/%s", x[0]), nil, 404)
		fine("0000", 200) // as if there were none; and each use calls
		sets("2468", "8642", harness.Password, 200)
		fine("1234", 422)
		// What is set with the silent code is taken like any, and what stood before is not.
		sets("1357", "7531", "8642", 200)
		fine("2468", 422)
		fine("0000", 422)
		sets("2222", "3333", "2468", 422)
		h.Settle()
		called := h.Alarms("asha")
		fine("1357", 200)
		h.Settle()
		if h.Alarms("asha") == called && len(items(h.As("asha").Send("GET", "/v1/sos", nil, 200))) == 0 {
			t.Error("a code set under duress calls nobody")
		}
		sets("2222", "3333", "1357", 200)
		fine("1357", 422)
		fine("2222", 200)
		sets("1234", "4321", harness.Password, 200)
		fine("1234", 200)
		// A body that is refused is refused alike, and heard.
		if a, b := shape(sets("1", "2", "1234", 422)), shape(sets("1", "2", "4321", 422)); a != b {
			t.Errorf("refused otherwise:\n%s\n%s", a, b)
		}

		// Guessing is slowed down, whether at the timer or here; the call is not.
		for range 5 {
			sets("", "", "0000", 422)
		}
		sets("", "", "1234", 429)
		fine("1234", 429)
		h.Settle()
		rung := h.Alarms("asha")
		maya.AcknowledgeSOS(x[0])
		h.Settle()
		sets("", "", "4321", 429)
		h.Settle()
		if h.Alarms("asha") != rung+1 {
			t.Error("behind the guesses the silent code is not heard")
		}
	})
}

// TestWhoCalledInSilenceReadsNothingOfIt: no figure that they read counts their call.
func TestWhoCalledInSilenceReadsNothingOfIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		for _, login := range []string{"asha", "maya"} {
			p := h.As(login)
			p.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
			figures := func() string {
				out := ""
				for _, at := range []string{"/v1/reports/safety?from=2027-03-01&to=2027-03-02", "/v1/queue", "/v1/sos", "/v1/inbox"} {
					body, res := p.Raw("GET", at, nil)
					o := harness.Parsed(h, body) // not when it was asked, nor the request
					out += fmt.Sprint(res.StatusCode, o["items"], o["total"])
				}
				return out
			}
			before := figures()
			p.Send("PUT", "/v1/me/codes", object{"code": "5678", "duress_code": "8765", "present": "4321"}, 200)
			h.Settle()
			if after := figures(); after != before {
				t.Errorf("%s reads\n%s\nbefore\n%s", login, after, before)
			}
		}
		got := h.As("root").Send("GET", "/v1/reports/safety?from=2027-03-01&to=2027-03-02", nil, 200)["total"].(object)
		if got["alarms"] == 0.0 {
			t.Errorf("others read no call: %v", got)
		}
	})
}
