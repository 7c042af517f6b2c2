package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

func exclusions(p *harness.Client) []any {
	p.Harness.Helper()
	return p.Send("GET", "/v1/exclusions", nil, 200)["items"].([]any)
}

// TestAnExclusionIsLiftedOnlyWithTheReportersConsent tells docs/product.md
// section 5: who reported is kept apart from the household until he himself
// agrees and the area manager lifts it; the desk learns of neither.
func TestAnExclusionIsLiftedOnlyWithTheReportersConsent(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		flag := ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary-narrative"})
		if got := exclusions(ravi); len(got) != 0 {
			t.Errorf("before the decision: %v", got)
		}
		h.Decide("maya", flag.ID, "upheld")
		h.ExpectOnly("maya", "flag.triage")
		h.ExpectOnly("noor", "flag.triage")
		h.ExpectOnly("ravi", "visit.assigned", "flag.triaged", "flag.reviewed", "flag.decided")
		h.Told("A visit needs somebody", map[string]int{"kiran": 1, "asha": 1})
		for _, login := range []string{"kiran", "asha", "meena", "gita", "root", "maya2", "ravi2"} {
			if got := exclusions(h.As(login)); len(got) != 0 {
				t.Errorf("%s sees %v", login, got)
			}
		}
		own := exclusions(ravi)
		if len(own) != 1 || !harness.Offers(own[0].(object), "consent") || harness.Offers(own[0].(object), "lift") {
			t.Fatalf("the reporter sees %v", own)
		}
		x := own[0].(object)
		managed := exclusions(maya)
		if len(managed) != 1 || len(managed[0].(object)["actions"].([]any)) != 0 || managed[0].(object)["flag_id"] != flag.ID ||
			managed[0].(object)["user_id"] != h.People["ravi"].ID.String() {
			t.Fatalf("the area manager sees %v", managed)
		}
		if text := fmt.Sprint(own, managed); strings.Contains(text, "canary") || strings.Contains(text, "verbal_abuse") {
			t.Errorf("the report itself is shown: %s", text)
		}

		if out := maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": "calm"}, 409); out["code"] != "guard_not_met" {
			t.Errorf("without consent: %v", out["code"])
		}
		maya.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 403) // nobody consents for him
		for _, login := range []string{"kiran", "asha", "meena", "maya2"} {
			h.As(login).Send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
			h.As(login).Send("POST", path("/v1/exclusions/%s/lift", x), nil, 404)
		}
		out := ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
		if out["consented_at"] == nil || harness.Offers(out, "consent") {
			t.Errorf("after the consent: %v", out)
		}
		if again := ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 200); again["consented_at"] != out["consented_at"] {
			t.Errorf("said twice: %v", again)
		}
		ravi.Send("POST", path("/v1/exclusions/%s/lift", x), nil, 403)
		h.Expect("maya", "A report needs you")
		h.Expect("noor", "A report needs you")

		// Consent alone changes nothing.
		crew := object{"crew": []string{h.People["ravi"].ID.String()}}
		if out := desk.Send("POST", path("/v1/visits/%s/assign", visit), crew, 409); out["code"] != "not_available" {
			t.Errorf("before the lifting: %v", out["code"])
		}
		if got := exclusions(maya); !harness.Offers(got[0].(object), "lift") {
			t.Errorf("after the consent the area manager is offered %v", got[0].(object)["actions"])
		}
		if out := maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": "both agreed"}, 200); out["lifted_at"] == nil ||
			len(out["actions"].([]any)) != 0 {
			t.Errorf("lifted: %v", out)
		}
		h.Expect("ravi", "Your report has moved on")
		desk.Send("POST", path("/v1/visits/%s/assign", visit), crew, 200)
		if out := maya.Send("POST", path("/v1/exclusions/%s/lift", x), nil, 409); out["code"] != "wrong_state" {
			t.Errorf("lifted twice: %v", out["code"])
		}
		if out := ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 409); out["code"] != "wrong_state" {
			t.Errorf("consented after: %v", out["code"])
		}
	})
}

// TestAnExclusionAboutOurOwnPeople: the person whom a report is about sees
// nothing of it and cannot consent for its reporter; who reported cannot lift
// what came of it.
func TestAnExclusionAboutOurOwnPeople(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.moved", "flag.triage")
		desk, noor, maya := h.As("kiran"), h.As("noor"), h.As("maya")
		customer, job := h.Household(desk, nil)
		noor.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, SubjectID: h.People["meena"].ID.String()})
		x := exclusions(maya)[0].(object)
		if x["user_id"] != h.People["meena"].ID.String() {
			t.Fatalf("kept apart: %v", x)
		}
		h.As("meena").Send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
		if got := exclusions(h.As("meena")); len(got) != 0 {
			t.Errorf("the person it is about sees %v", got)
		}
		noor.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
		noor.Send("POST", path("/v1/exclusions/%s/lift", x), nil, 403)
		maya.Send("POST", path("/v1/exclusions/%s/lift", x), nil, 200)

		// A report by phone number alone tells its reporter nothing of a
		// household, so its exclusion is not listed to him; told of it by the
		// manager he may consent all the same.
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		ravi := h.As("ravi")
		flag := ravi.CreateFlag(bodies.FlagCreate{Phone: harness.String(number), Kind: "online_abuse", Level: 1}).ID
		h.Settle()
		h.Decide("maya", flag, "unclear")
		if got := exclusions(ravi); len(got) != 0 {
			t.Errorf("by phone alone the reporter learns %v", got)
		}
		all := exclusions(maya)
		if len(all) != 2 {
			t.Fatalf("the area manager sees %v", all)
		}
		ravi.Send("POST", path("/v1/exclusions/%s/consent", all[1].(object)), nil, 200)
	})
}
