package alarm

import (
	"encoding/json"
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
		fine("0000", 422) // they stand
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
