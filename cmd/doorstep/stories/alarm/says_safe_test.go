package alarm

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestSayingSafeEndsNoAlarm: whoever raised it says so with a code; the duress code is answered the same, leaves the same behind for its
// user, and calls in silence. Nobody else says it for them.
func TestSayingSafeEndsNoAlarm(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open", "sos.taken")
		desk := h.As("kiran")
		seen := map[string]object{}
		for i, who := range []string{"ravi", "meena"} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), who)
			h.Clock.Advance(time.Minute)
			p := h.As(who)
			p.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
			sos := p.Send("POST", "/v1/sos", object{"visit_id": visit["id"]}, 201)
			at := "/v1/sos/" + harness.String(sos["id"])
			p.Send("POST", at+"/safe", object{"code": "9999"}, 422)
			p.Send("POST", at+"/safe", object{}, 422)
			h.As("asha").Send("POST", at+"/safe", object{"code": "1234"}, 404)
			h.As("noor").Send("POST", at+"/safe", object{"code": "1234"}, 404)
			code := []string{"1234", "4321"}[i]
			got := p.Send("POST", at+"/safe", object{"code": code}, 200)
			again := p.Send("GET", at, nil, 200)
			if got["status"] != "raised" || !strings.Contains(harness.String(got["note"]), "Be sure of it") || got["silent"] != false {
				h.Errorf("%s: the alarm is %v, %v", who, got["status"], got["note"])
			}
			for _, key := range []string{"id", "visit_id", "job_id", "raiser_id", "created_at", "updated_at", "occurred_at", "recorded_at"} {
				delete(again, key)
			}
			seen[who] = again
			if own := items(p.Send("GET", "/v1/sos", nil, 200)); len(own) != 1 {
				h.Errorf("%s sees %d alarms of their own", who, len(own))
			}
			silent := 0
			for _, x := range items(h.As("asha").Send("GET", "/v1/sos", nil, 200)) {
				if x["source"] == "duress" && x["raiser_id"] == h.People[who].ID.String() && x["visit_id"] == visit["id"] {
					silent++
				}
			}
			if silent != i {
				h.Errorf("after the code %s of %s there are %d alarms in silence", code, who, silent)
			}
			if read := h.As("asha").Send("GET", at, nil, 200); !strings.Contains(harness.String(read["note"]), "Be sure of it") {
				h.Errorf("who answers reads %v", read["note"])
			}
		}
		if !reflect.DeepEqual(seen["ravi"], seen["meena"]) {
			h.Errorf("the codes are told apart:\n%v\n%v", seen["ravi"], seen["meena"])
		}
	})
}
