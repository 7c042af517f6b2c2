package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func exclusions(p *person) []any {
	p.h.Helper()
	return p.send("GET", "/v1/exclusions", nil, 200)["items"].([]any)
}

// TestAnExclusionIsLiftedOnlyWithTheReportersConsent tells docs/product.md
// section 5: who reported is kept apart from the household until he himself
// agrees and the area manager lifts it; the desk learns of neither.
func TestAnExclusionIsLiftedOnlyWithTheReportersConsent(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned", "visit.needs_someone")
		desk, ravi, maya := h.as("kiran"), h.as("ravi"), h.as("maya")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(3*time.Hour), "ravi")
		flag := ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "verbal_abuse", "level": 1, "note": "canary-narrative"}, 201)
		for _, login := range []string{"kiran", "asha", "meena", "gita", "root", "maya2", "ravi2"} {
			if got := exclusions(h.as(login)); len(got) != 0 {
				t.Errorf("%s sees %v", login, got)
			}
		}
		own := exclusions(ravi)
		if len(own) != 1 || !offers(own[0].(obj), "consent") || offers(own[0].(obj), "lift") {
			t.Fatalf("the reporter sees %v", own)
		}
		x := own[0].(obj)
		managed := exclusions(maya)
		if len(managed) != 1 || len(managed[0].(obj)["actions"].([]any)) != 0 || managed[0].(obj)["flag_id"] != flag["id"] ||
			managed[0].(obj)["user_id"] != h.people["ravi"].id.String() {
			t.Fatalf("the area manager sees %v", managed)
		}
		if text := fmt.Sprint(own, managed); strings.Contains(text, "canary") || strings.Contains(text, "verbal_abuse") {
			t.Errorf("the report itself is shown: %s", text)
		}

		if out := maya.send("POST", path("/v1/exclusions/%s/lift", x), obj{"reason": "calm"}, 409); out["code"] != "guard_not_met" {
			t.Errorf("without consent: %v", out["code"])
		}
		maya.send("POST", path("/v1/exclusions/%s/consent", x), nil, 403) // nobody consents for him
		for _, login := range []string{"kiran", "asha", "meena", "maya2"} {
			h.as(login).send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
			h.as(login).send("POST", path("/v1/exclusions/%s/lift", x), nil, 404)
		}
		h.expectOnly("maya", "flag.triage")
		h.expectOnly("noor", "flag.triage")
		h.expectOnly("ravi", "visit.assigned")
		out := ravi.send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
		if out["consented_at"] == nil || offers(out, "consent") {
			t.Errorf("after the consent: %v", out)
		}
		if again := ravi.send("POST", path("/v1/exclusions/%s/consent", x), nil, 200); again["consented_at"] != out["consented_at"] {
			t.Errorf("said twice: %v", again)
		}
		ravi.send("POST", path("/v1/exclusions/%s/lift", x), nil, 403)
		h.expect("maya", "A report needs you")
		h.expect("noor", "A report needs you")

		// Consent alone changes nothing.
		crew := obj{"crew": []string{h.people["ravi"].id.String()}}
		if out := desk.send("POST", path("/v1/visits/%s/assign", visit), crew, 409); out["code"] != "not_available" {
			t.Errorf("before the lifting: %v", out["code"])
		}
		if got := exclusions(maya); !offers(got[0].(obj), "lift") {
			t.Errorf("after the consent the area manager is offered %v", got[0].(obj)["actions"])
		}
		if out := maya.send("POST", path("/v1/exclusions/%s/lift", x), obj{"reason": "both agreed"}, 200); out["lifted_at"] == nil ||
			len(out["actions"].([]any)) != 0 {
			t.Errorf("lifted: %v", out)
		}
		h.expect("ravi", "Your report has moved on")
		desk.send("POST", path("/v1/visits/%s/assign", visit), crew, 200)
		if out := maya.send("POST", path("/v1/exclusions/%s/lift", x), nil, 409); out["code"] != "wrong_state" {
			t.Errorf("lifted twice: %v", out["code"])
		}
		if out := ravi.send("POST", path("/v1/exclusions/%s/consent", x), nil, 409); out["code"] != "wrong_state" {
			t.Errorf("consented after: %v", out["code"])
		}
	})
}

// TestAnExclusionAboutOurOwnPeople: the person whom a report is about sees
// nothing of it and cannot consent for its reporter; who reported cannot lift
// what came of it.
func TestAnExclusionAboutOurOwnPeople(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.moved", "flag.triage")
		desk, noor, maya := h.as("kiran"), h.as("noor"), h.as("maya")
		customer, job := h.household(desk, nil)
		noor.send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2, "subject_id": h.people["meena"].id.String()}, 201)
		x := exclusions(maya)[0].(obj)
		if x["user_id"] != h.people["meena"].id.String() {
			t.Fatalf("kept apart: %v", x)
		}
		h.as("meena").send("POST", path("/v1/exclusions/%s/consent", x), nil, 404)
		if got := exclusions(h.as("meena")); len(got) != 0 {
			t.Errorf("the person it is about sees %v", got)
		}
		noor.send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
		noor.send("POST", path("/v1/exclusions/%s/lift", x), nil, 403)
		maya.send("POST", path("/v1/exclusions/%s/lift", x), nil, 200)

		// A report by phone number alone tells its reporter nothing of a
		// household, so its exclusion is not listed to him; told of it by the
		// manager he may consent all the same.
		number := customer["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		ravi := h.as("ravi")
		ravi.send("POST", "/v1/flags", obj{"phone": number, "kind": "online_abuse", "level": 1}, 201)
		if got := exclusions(ravi); len(got) != 0 {
			t.Errorf("by phone alone the reporter learns %v", got)
		}
		all := exclusions(maya)
		if len(all) != 2 {
			t.Fatalf("the area manager sees %v", all)
		}
		ravi.send("POST", path("/v1/exclusions/%s/consent", all[1].(obj)), nil, 200)
	})
}
