package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// moveOf finds a move of an item by the beginning of its label.
func moveOf(it obj, label string) obj {
	if it == nil {
		return nil
	}
	for _, m := range it["moves"].([]any) {
		if strings.HasPrefix(m.(obj)["label"].(string), label) {
			return m.(obj)
		}
	}
	return nil
}

// form fills the fixed fields of a move and names who goes.
func form(m obj, who *person) obj {
	out := obj{}
	for _, f := range m["fields"].([]any) {
		switch f := f.(obj); f["type"] {
		case "fixed":
			out[f["name"].(string)] = f["options"].([]any)[0]
		case "choices":
			out[f["name"].(string)] = []any{who.id.String()}
		}
	}
	return out
}

// TestWhereWhoIsReportedIsNow: somebody who is inside when a household reports
// him is not stopped by his phone, which would name the household; he is asked
// to call, and whoever decides sees where he is and sends a colleague.
func TestWhereWhoIsReportedIsNow(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		const call = "Please call your manager"
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "meena")
		_, other := h.household(desk, nil)
		next := h.visit(desk, other, monday.Add(5*time.Hour), "meena")
		h.clock.Set(monday.Add(time.Hour))
		meena.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)
		h.clock.Advance(5 * time.Minute)
		h.home(desk, job).taps("report", 303, "what", "threatened", "who", meena.id.String(), "note", "canary-narrative")
		h.told(call, map[string]int{"meena": 1, "kiran": 0, "asha": 0})
		for _, m := range h.phones.MessagesFor("phone:meena") {
			if text := strings.ToLower(fmt.Sprint(m.Title, m.Body, m.Data)); strings.Contains(text, "report") || strings.Contains(text, "safe") ||
				strings.Contains(text, "threat") {
				t.Errorf("a push gives the reason: %q", text)
			}
		}
		maya.moves(queued(maya)["triage"]["id"], "triage", nil, 200)
		maya.moves(queued(maya)["review"]["id"], "triage", nil, 200)
		h.told(call, map[string]int{"meena": 1}) // she is asked once
		it := queued(maya)["review"]
		known := fmt.Sprint(it["known"])
		if !strings.Contains(known, "is at a home NOW, job ") || !strings.Contains(known, "since ") || strings.Contains(known, "Kapoor") {
			t.Errorf("the queue says %s", known)
		}
		phone := toString(maya.send("GET", "/v1/users/"+meena.id.String(), nil, 200)["phone"])
		if phone != "" && !slices.Contains(it["known"].([]any), any("Call "+phone)) {
			t.Errorf("whom to call: %s", known)
		}
		// A colleague is sent with one form; she herself is not among those.
		send := moveOf(it, "Send a colleague")
		if send == nil || strings.Contains(fmt.Sprint(send["fields"]), meena.id.String()) || !strings.Contains(fmt.Sprint(send["fields"]),
			"Ravi") {
			t.Fatalf("sending a colleague: %v", it["moves"])
		}
		sent := maya.send("POST", send["to"].(string), form(send, h.as("ravi")), 201)
		if fmt.Sprint(sent["crew"]) != fmt.Sprint(h.crew("ravi")["crew"]) || sent["job_id"] != job["id"] {
			t.Errorf("sent: %v", sent)
		}
		// What she does there is refused nothing; every other home is closed.
		meena.send("POST", path("/v1/visits/%s/start", visit), nil, 200)
		meena.send("POST", path("/v1/visits/%s/en-route", next), nil, 404)
		meena.send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
		if known := fmt.Sprint(queued(maya)["review"]["known"]); strings.Contains(known, "NOW") {
			t.Errorf("she has left, and the queue says %s", known)
		}
	})
}

// TestWhoIsReportedIsTurnedBack: on the way he loses the visit, is asked to
// call, and whoever decides puts a colleague in his place; at level 2 so it is
// with that home.
func TestWhoIsReportedIsTurnedBack(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.heard", "flag.hearing", "flag.live", "flag.triage", "visit.assigned", "visit.needs_someone", "visit.unassigned",
			"visits.again")
		const call = "Please call your manager"
		desk, meena, maya := h.as("kiran"), h.as("meena"), h.as("maya")
		underWay := func(login string, hours int) (obj, obj) {
			_, job := h.household(desk, nil)
			visit := h.visit(desk, job, monday.Add(time.Duration(hours)*time.Hour), login)
			h.clock.Set(monday.Add(time.Duration(hours)*time.Hour - 10*time.Minute))
			h.as(login).send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
			return job, visit
		}
		job, visit := underWay("meena", 1)
		h.home(desk, job).taps("report", 303, "what", "drunk", "who", meena.id.String())
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["status"] != "scheduled" || len(got["crew"].([]any)) != 0 {
			t.Errorf("at level 2 she is still on her way: %v %v", got["status"], got["crew"])
		}
		h.told(call, map[string]int{"meena": 1})
		job, visit = underWay("meena", 4)
		h.home(desk, job).taps("report", 303, "what", "hurt", "who", meena.id.String())
		h.told(call, map[string]int{"meena": 2, "kiran": 0})
		var it obj
		for _, x := range items(maya.send("GET", "/v1/queue", nil, 200)) {
			if strings.HasPrefix(x["title"].(string), "Report of level 4") {
				it = x
			}
		}
		if it == nil || !strings.Contains(fmt.Sprint(it["known"]), "was on the way to job ") {
			t.Fatalf("the queue: %v", it)
		}
		send := moveOf(it, "Send a colleague")
		maya.send("POST", send["to"].(string), form(send, h.as("ravi")), 200)
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); fmt.Sprint(got["crew"]) != fmt.Sprint(h.crew("ravi")["crew"]) {
			t.Errorf("the colleague: %v", got["crew"])
		}
		away := items(maya.send("GET", "/v1/keep-aways", nil, 200))[0]
		if fmt.Sprint(away["turned_back"]) != fmt.Sprint([]any{visit["id"]}) {
			t.Errorf("turned back from %v", away["turned_back"])
		}
		// Upheld, it waits in the queue for whoever ends it.
		maya.moves(away["flag_id"], "triage", nil, 200)
		maya.moves(away["flag_id"], "review", obj{"told": "Something at a door."}, 200)
		maya.moves(away["flag_id"], "decide", obj{"outcome": "upheld", "reasons": "x"}, 200)
		kept := queued(maya)["keep_away"]
		if kept == nil || labels(kept) != "Lift it" {
			t.Fatalf("upheld: %v", kept)
		}
		maya.posts(kept, 0, obj{"reason": "trained, and accompanied"}, 200)
		if queued(maya)["keep_away"] != nil {
			t.Error("lifted, and it waits")
		}
	})
}

// TestWhatIsHandedOverStandsInTheQueue: the manager of another area to whom a
// report came because those who should decide are involved has hold and report
// in his queue, and carries both out from there; who is involved has neither.
func TestWhatIsHandedOverStandsInTheQueue(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.released")
		maya := h.as("maya")
		h.leaves("noor")
		home, _ := h.household(h.as("kiran"), nil)
		number := home["contacts"].([]any)[0].(obj)["phones"].([]any)[0]
		flag := maya.send("POST", "/v1/flags", obj{"phone": number, "kind": "threat", "level": 2, "note": "canary"}, 201)["id"]
		var by, not *person
		for _, p := range []*person{h.as("maya2"), h.as("noor2")} {
			if _, res := p.raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); res.StatusCode == 200 {
				by = p
			} else {
				not = p
			}
		}
		if got := queued(not); len(got) != 0 {
			t.Errorf("the other one's queue: %v", got)
		}
		if got := queued(maya); len(got) != 0 {
			t.Errorf("who raised it is asked to decide: %v", got)
		}
		got := queued(by)
		hold, triage := got["hold"], got["triage"]
		if hold == nil || triage == nil || hold["due_at"] == nil || hold["default"] == "" || triage["due_at"] == nil ||
			!strings.Contains(fmt.Sprint(hold["known"]), "Owner: ") {
			t.Fatalf("his queue: %v", got)
		}
		by.posts(triage, 0, obj{}, 200)
		by.posts(hold, 0, obj{"plan": []string{"two_people"}, "reason": "Spoken with the son."}, 200)
		got = queued(by)
		if got["hold"] != nil || got["review"] == nil {
			t.Errorf("afterwards: %v", got)
		}
		by.posts(got["review"], 2, obj{"outcome": "upheld", "reasons": "heard the recording"}, 200)
		if got := queued(by); len(got) != 0 {
			t.Errorf("in the end there is %v", got)
		}
	})
}

// TestALateHoldReachesTheBrandsQueue: whoever is told that a hold is overdue
// finds it in his queue and can release it.
func TestALateHoldReachesTheBrandsQueue(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.overdue",
			"hold.released", "queue.morning")
		root := h.as("root")
		_, job := h.household(h.as("kiran"), nil)
		flag := h.as("kiran").send("POST", "/v1/flags", obj{"job_id": job["id"], "kind": "threat", "level": 2}, 201)["id"]
		h.as("maya").moves(flag, "triage", nil, 200)
		h.as("maya").moves(flag, "decide", obj{"outcome": "upheld", "reasons": "x"}, 200)
		if got := queued(root); len(got) != 0 {
			t.Fatalf("in time: %v", got)
		}
		h.advance(24*time.Hour + time.Second)
		h.advance(4 * time.Hour)
		h.advance(4 * time.Hour)
		h.told("A hold is overdue", map[string]int{"root": 1})
		it := queued(root)["hold"]
		if it == nil || it["late"] != true {
			t.Fatalf("told of it, the admin finds %v", queued(root))
		}
		root.posts(it, 0, obj{"plan": []string{"two_people"}, "reason": "nobody else did"}, 200)
	})
}
