package contract

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"

	"github.com/google/uuid"
)

// decide are names of fields whose words decide something, and freeWords those that only add to it, or are a person's own.
var (
	decide    = []string{"reason", "reasons", "witness", "words", "told", "not_told_reason", "repeat_reason", "precautions", "behaviour"}
	freeWords = map[string]bool{"disputeVisit.reason": true, "disputeAttempt.reason": true, "voiceJob.reason": true, // the household's
		"withdrawFlag.reasons": true, "sayForNextPerson.words": true}
)

// TestWhatSaysNothingDecidesNothing walks every free text that decides something: a full stop, a dash, or one letter, also over and
// over, is no reason and no witness.
func TestWhatSaysNothingDecidesNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		n := newNasty(h)
		walked, decides := 0, 0
		for _, op := range h.Contract.Operations() {
			schema := n.schema(op)
			if schema == nil || !strings.HasPrefix(op.Path, "/v1/") {
				continue
			}
			for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
				of := schema.Properties[field].Value
				if !slices.Contains(decide, field) || of.Enum != nil || !of.Type.Is("string") || freeWords[op.ID+"."+field] || op.Lenient {
					continue
				}
				walked++
				nothing := []string{".", " - ", "…?!", "।"}
				if of.Format == "words" { // and not a note beside a move of one's own
					nothing = append(nothing, "a", " X. ", "aAa a", "7", "क", "好")
					decides++
				}
				for _, signs := range nothing {
					body := object{}
					maps.Copy(body, requestBodies[op.ID])
					body[field] = signs
					address := strings.NewReplacer("{id}", uuid.NewString(), "{installation_id}", uuid.NewString()).Replace(op.Path)
					out, res := h.As("maya").Raw(op.Method, address, body, "If-Match", `"1"`)
					if res.StatusCode != 400 || !strings.Contains(string(out), `{"pointer":"/`+field+`","detail":"says nothing: a few words"}`) {
						t.Errorf("%s with %s %q: %d %s", op.ID, field, signs, res.StatusCode, out)
					}
				}
			}
		}
		if walked < 35 || decides < 25 {
			t.Errorf("only %d fields, %d of which decide", walked, decides)
		}
	})
}

// TestWhatSaysNothingIsNoFact: nor is a completion done and tested, a reason explained, or a far door accounted for by them.
func TestWhatSaysNothingIsNoFact(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday, "ravi")
		ravi.Arrive(visit)
		for _, b := range []object{{"work_done": ".", "tested": "cold"}, {"work_done": "relay", "tested": "-"},
			{"work_done": "x", "tested": "cold"}, {"work_done": "relay", "tested": "aa"}} {
			if out := ravi.Send("POST", path("/v1/visits/%s/complete", visit), b, 409); out["code"] != "guard_not_met" {
				t.Errorf("%v: %v", b, out)
			}
		}
		for _, note := range []string{".", "z"} {
			ravi.Send("POST", path("/v1/visits/%s/no-access", visit), object{"reason": "other", "note": note}, 422)
		}
		for reason, counts := range map[string]bool{"- .": false, "b": false, "the guard let nobody past": true} {
			far := ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "doorstep", "outcome": "nobody_home",
				"place_reason": reason}, 201)["id"]
			text := desk.Verdict(job)["does_not_count"].([]any)
			found := slices.ContainsFunc(text, func(x any) bool {
				return x.(object)["id"] == far && !strings.Contains(x.(object)["why"].(string), "begun")
			})
			if found == counts {
				t.Errorf("a door accounted for by %q: %v", reason, text)
			}
		}
	})
}
