package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/google/uuid"
)

// TestAnSOSIdTellsNothing walks every operation that could take the id of an alarm, in its path, its query and its body, for
// every one of our people: an alarm that they may not know of (another centre's, one they are kept out of, one that
// was called in silence) is answered as an id that nothing has, word for word (docs/product.md section 2).
func TestAnSOSIdTellsNothing(t *testing.T) {
	harness.Long(t)
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("sos.raised", "sos.taken", "sos.call_yourself", "sos.unheard", "sos.open", "visit.assigned", "timer.ping", "timer.extended")
		ravi := h.As("ravi")
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321"}, 200)
		visit := h.ArrivedVisit()
		ravi.Send("POST", path("/v1/visits/%s/timer/extend", visit), object{"minutes": 5, "code": "4321"}, 200)
		silent := harness.String(items(h.As("root").Send("GET", "/v1/sos", nil, 200))[0]["id"])
		kept := harness.String(h.As("meena").Send("POST", "/v1/sos", object{"avoid": []any{h.People["asha"].ID}}, 201)["id"])
		other := harness.String(h.As("kiran2").Send("POST", "/v1/sos", object{"id": uuid.NewString()}, 201)["id"])
		h.Settle()
		alarms := []string{silent, kept, other}
		people := []string{"ravi", "meena", "kiran", "asha", "maya", "noor", "gita", "ravi2", "meena2", "kiran2", "asha2", "maya2", "noor2"}
		paths, queries, fields := 0, 0, 0
		n := newNasty(h)
		for _, login := range people {
			p := h.As(login)
			unseen := slices.DeleteFunc(slices.Clone(alarms), func(id string) bool {
				_, res := p.Raw("GET", "/v1/sos/"+id, nil)
				return res.StatusCode != 404
			})
			compare := func(what, method string, at func(id string) (string, any)) {
				nobody := uuid.NewString()
				address, body := at(nobody)
				unknown := alike(p, method, address, body, "If-Match", `"99"`)
				for _, id := range unseen {
					address, body := at(id)
					if known := alike(p, method, address, body, "If-Match", `"99"`); known != unknown {
						t.Errorf("%s as %s: an alarm's id\n%s\nunknown\n%s", what, login, known, unknown)
					}
				}
			}
			for _, op := range h.Contract.Operations() {
				if !strings.HasPrefix(op.Path, "/v1/") || op.Public || slices.Contains([]string{"importJobs", "addEvidence", "uploadVisitFile"},
					op.ID) {
					continue
				}
				base := object{}
				maps.Copy(base, requestBodies[op.ID])
				if strings.Contains(op.Path, "/timer/") {
					base["code"] = "1234" // whoever guesses is held up
				}
				var sent any = base
				if op.Method == "GET" {
					sent = nil
				}
				if strings.Contains(op.Path, "{id}") {
					paths++
					compare(op.ID, op.Method, func(id string) (string, any) {
						return strings.NewReplacer("{id}", id, "{installation_id}", id, "{file_id}", id, "{evidence_id}", id).Replace(op.Path), sent
					})
				}
				for _, q := range n.query(op) {
					if strings.HasSuffix(q, "id") && !strings.Contains(op.Path, "{") {
						queries++
						compare(op.ID+"?"+q, op.Method, func(id string) (string, any) { return op.Path + "?" + q + "=" + id, sent })
					}
				}
				schema := n.schema(op)
				if schema == nil || strings.Contains(op.Path, "{") || op.ID == "raiseSOS" {
					continue
				}
				for _, f := range idFields(schema) {
					if f.name == "id" || f.inside != "" {
						continue
					}
					fields++
					compare(op.ID+" "+f.name, op.Method, func(id string) (string, any) {
						b := maps.Clone(base)
						if b[f.name] = any(id); f.list {
							b[f.name] = []string{id}
						}
						return op.Path, b
					})
				}
			}
		}
		if paths < 1000 || queries < 10 || fields < 50 {
			t.Errorf("only %d paths, %d queries and %d fields", paths, queries, fields)
		}
	})
}

// TestRaisingUnderAnIdTellsNothing: whoever raises an alarm under an id of their choice gets another one, whether or not somebody has it
// already; named again it is the same alarm, also where its phone is told of.
func TestRaisingUnderAnIdTellsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("sos.raised", "sos.taken", "sos.call_yourself", "sos.unheard")
		known := harness.String(h.As("ravi2").Send("POST", "/v1/sos", nil, 201)["id"])
		chosen := uuid.NewString()
		h.As("kiran2").Send("POST", "/v1/sos", object{"id": chosen}, 201)
		ids := map[string]string{"ravi": known, "meena": uuid.NewString(), "kiran": chosen, "asha": uuid.NewString()}
		for login, id := range ids {
			p := h.As(login)
			first := p.Send("POST", "/v1/sos", object{"id": id, "note": "here"}, 201)
			if again := p.Send("POST", "/v1/sos", object{"id": id, "note": "here"}, 201); first["id"] == id || again["id"] != first["id"] {
				t.Errorf("%s raised %v, and again %v, under %s", login, first["id"], again["id"], id)
			}
			if own := p.Send("GET", "/v1/sos/"+id, nil, 200); own["id"] != first["id"] {
				t.Errorf("%s reads of it as %v", login, own["id"])
			}
			at := h.Clock.Now().Format(time.RFC3339)
			if kept := p.Send("POST", "/v1/sos/"+id+"/trail", object{"points": []object{{"at": at, "battery": 40}}},
				200); fmt.Sprint(kept["kept"]) != "1" {
				t.Errorf("%s: of its phone is kept %v", login, kept)
			}
			h.Settle()
			h.As("root").Send("POST", fmt.Sprintf("/v1/sos/%v/acknowledge", first["id"]), nil, 200)
		}
	})
}
