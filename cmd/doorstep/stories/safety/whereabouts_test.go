package safety

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// moveOf finds a move of an item by the beginning of its label.
func moveOf(it object, label string) object {
	if it == nil {
		return nil
	}
	for _, m := range it["moves"].([]any) {
		if strings.HasPrefix(m.(object)["label"].(string), label) {
			return m.(object)
		}
	}
	return nil
}

// form fills the fixed fields of a move and names who goes.
func form(m object, who *harness.Client) object {
	out := object{}
	for _, f := range m["fields"].([]any) {
		switch f := f.(object); f["type"] {
		case "fixed":
			out[f["name"].(string)] = f["options"].([]any)[0]
		case "choices":
			out[f["name"].(string)] = []any{who.ID.String()}
		}
	}
	return out
}

// TestWhereWhoIsReportedIsNow: somebody who is inside when a household reports
// him is not stopped by his phone, which would name the household; he is asked
// to call, and whoever decides sees where he is and sends a colleague.
func TestWhereWhoIsReportedIsNow(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned", "visit.needs_someone", "visit.unassigned")
		const call = "Please call your manager"
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "meena")
		_, other := h.Household(desk, nil)
		next := h.Visit(desk, other, harness.Monday.Add(5*time.Hour), "meena")
		h.Clock.Set(harness.Monday.Add(time.Hour))
		meena.Arrive(visit)
		h.Clock.Advance(5 * time.Minute)
		h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", meena.ID.String(), "note", "canary-narrative")
		h.Told(call, map[string]int{"meena": 1, "kiran": 0, "asha": 0})
		for _, m := range h.Phones.MessagesFor("phone:meena") {
			if text := strings.ToLower(fmt.Sprint(m.Title, m.Body, m.Data)); strings.Contains(text, "report") || strings.Contains(text, "safe") ||
				strings.Contains(text, "threat") {
				t.Errorf("a push gives the reason: %q", text)
			}
		}
		maya.MoveFlag(harness.Queue(maya)["triage"]["id"], "triage", nil, 200)
		maya.MoveFlag(harness.Queue(maya)["review"]["id"], "triage", nil, 200)
		h.Told(call, map[string]int{"meena": 1}) // she is asked once
		it := harness.Queue(maya)["review"]
		known := fmt.Sprint(it["known"])
		if !strings.Contains(known, "is at a home NOW, job ") || !strings.Contains(known, "since ") || strings.Contains(known, "Kapoor") {
			t.Errorf("the queue says %s", known)
		}
		phone := harness.String(maya.Send("GET", "/v1/users/"+meena.ID.String(), nil, 200)["phone"])
		if phone != "" && !slices.Contains(it["known"].([]any), any("Call "+phone)) {
			t.Errorf("whom to call: %s", known)
		}
		// A colleague is sent with one form; she herself is not among those.
		send := moveOf(it, "Send a colleague")
		if send == nil || strings.Contains(fmt.Sprint(send["fields"]), meena.ID.String()) || !strings.Contains(fmt.Sprint(send["fields"]),
			"Ravi") {
			t.Fatalf("sending a colleague: %v", it["moves"])
		}
		sent := maya.Send("POST", send["to"].(string), form(send, h.As("ravi")), 201)
		if fmt.Sprint(sent["crew"]) != fmt.Sprint(h.Crew("ravi")["crew"]) || sent["job_id"] != job["id"] {
			t.Errorf("sent: %v", sent)
		}
		// What she does there is refused nothing; every other home is closed.
		meena.StartVisit(visit)
		meena.Send("POST", path("/v1/visits/%s/en-route", next), nil, 404)
		meena.Send("POST", path("/v1/visits/%s/partial", visit), nil, 200)
		if known := fmt.Sprint(harness.Queue(maya)["review"]["known"]); strings.Contains(known, "NOW") {
			t.Errorf("she has left, and the queue says %s", known)
		}
	})
}

// TestWhoIsReportedIsTurnedBack: on the way he loses the visit, is asked to
// call, and whoever decides puts a colleague in his place; at level 2 so it is
// with that home.
func TestWhoIsReportedIsTurnedBack(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.heard", "flag.hearing", "flag.live", "flag.triage", "visit.assigned", "visit.needs_someone", "visit.unassigned",
			"visits.again")
		const call = "Please call your manager"
		desk, meena, maya := h.As("kiran"), h.As("meena"), h.As("maya")
		underWay := func(login string, hours int) (object, object) {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(time.Duration(hours)*time.Hour), login)
			h.Clock.Set(harness.Monday.Add(time.Duration(hours)*time.Hour - 10*time.Minute))
			h.As(login).EnRoute(visit)
			return job, visit
		}
		job, visit := underWay("meena", 1)
		h.CustomerPage(job).Submit("report", 303, "what", "drunk", "who", meena.ID.String())
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); got["status"] != "scheduled" || len(got["crew"].([]any)) != 0 {
			t.Errorf("at level 2 she is still on her way: %v %v", got["status"], got["crew"])
		}
		h.Told(call, map[string]int{"meena": 1})
		job, visit = underWay("meena", 4)
		h.CustomerPage(job).Submit("report", 303, "what", "hurt", "who", meena.ID.String())
		h.Told(call, map[string]int{"meena": 2, "kiran": 0})
		var it object
		for _, x := range items(maya.Send("GET", "/v1/queue", nil, 200)) {
			if strings.HasPrefix(x["title"].(string), "Report of level 4") {
				it = x
			}
		}
		if it == nil || !strings.Contains(fmt.Sprint(it["known"]), "was on the way to job ") {
			t.Fatalf("the queue: %v", it)
		}
		send := moveOf(it, "Send a colleague")
		maya.Send("POST", send["to"].(string), form(send, h.As("ravi")), 200)
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); fmt.Sprint(got["crew"]) != fmt.Sprint(h.Crew("ravi")["crew"]) {
			t.Errorf("the colleague: %v", got["crew"])
		}
		away := items(maya.Send("GET", "/v1/keep-aways", nil, 200))[0]
		if fmt.Sprint(away["turned_back"]) != fmt.Sprint([]any{visit["id"]}) {
			t.Errorf("turned back from %v", away["turned_back"])
		}
		// Upheld, it waits in the queue for whoever ends it.
		maya.MoveFlag(away["flag_id"], "triage", nil, 200)
		maya.MoveFlag(away["flag_id"], "review", object{"told": "Something at a door."}, 200)
		maya.MoveFlag(away["flag_id"], "decide", object{"outcome": "upheld", "reasons": "as asked"}, 200)
		kept := harness.Queue(maya)["keep_away"]
		if kept == nil || harness.MoveLabels(kept) != "Lift it" {
			t.Fatalf("upheld: %v", kept)
		}
		maya.MoveQueued(kept, 0, object{"reason": "trained, and accompanied"}, 200)
		if harness.Queue(maya)["keep_away"] != nil {
			t.Error("lifted, and it waits")
		}
	})
}

// TestWhatIsHandedOverStandsInTheQueue: the manager of another area to whom a
// report came because those who should decide are involved has hold and report
// in his queue, and carries both out from there; who is involved has neither.
func TestWhatIsHandedOverStandsInTheQueue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.released")
		maya := h.As("maya")
		disable(h, "noor")
		home, _ := h.Household(h.As("kiran"), nil)
		number := home["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		flag := maya.Send("POST", "/v1/flags", object{"phone": number, "kind": "threat", "level": 2, "note": "canary"}, 201)["id"]
		h.Settle()
		var by, not *harness.Client
		for _, p := range []*harness.Client{h.As("maya2"), h.As("noor2")} {
			if _, res := p.Raw("GET", fmt.Sprintf("/v1/flags/%v", flag), nil); res.StatusCode == 200 {
				by = p
			} else {
				not = p
			}
		}
		if got := harness.Queue(not); len(got) != 0 {
			t.Errorf("the other one's queue: %v", got)
		}
		if got := harness.Queue(maya); len(got) != 0 {
			t.Errorf("who raised it is asked to decide: %v", got)
		}
		got := harness.Queue(by)
		hold, triage := got["hold"], got["triage"]
		if hold == nil || triage == nil || hold["due_at"] == nil || hold["default"] == "" || triage["due_at"] == nil ||
			!strings.Contains(fmt.Sprint(hold["known"]), "Owner: ") {
			t.Fatalf("his queue: %v", got)
		}
		by.MoveQueued(triage, 0, object{}, 200)
		h.ReadyToRelease(by, object{"id": hold["job_id"]})
		hold = harness.Queue(by)["hold"]
		by.MoveQueued(hold, 0, object{"plan": []string{"two_people"}, "reason": "Spoken with the son."}, 200)
		got = harness.Queue(by)
		if got["hold"] != nil || got["review"] == nil {
			t.Errorf("afterwards: %v", got)
		}
		by.MoveQueued(got["review"], 2, object{"outcome": "upheld", "reasons": "heard the recording"}, 200)
		if got := harness.Queue(by); len(got) != 0 {
			t.Errorf("in the end there is %v", got)
		}
	})
}

// TestALateHoldReachesTheBrandsQueue: whoever is told that a hold is overdue
// finds it in his queue and can release it.
func TestALateHoldReachesTheBrandsQueue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("aftercare.due", "aftercare.late", "flag.decided", "flag.triage", "flag.triaged", "hold.area", "hold.overdue",
			"hold.released", "queue.morning")
		root := h.As("root")
		_, job := h.Household(h.As("kiran"), nil)
		flag := h.As("kiran").Send("POST", "/v1/flags", object{"job_id": job["id"], "kind": "threat", "level": 2}, 201)["id"]
		h.As("maya").MoveFlag(flag, "triage", nil, 200)
		h.As("maya").MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "as asked"}, 200)
		if got := harness.Queue(root); len(got) != 0 {
			t.Fatalf("in time: %v", got)
		}
		h.Advance(24*time.Hour + time.Second)
		h.Advance(4 * time.Hour)
		h.Advance(4 * time.Hour)
		h.Told("A hold is overdue", map[string]int{"root": 1})
		it := harness.Queue(root)["hold"]
		if it == nil || it["late"] != true {
			t.Fatalf("told of it, the admin finds %v", harness.Queue(root))
		}
		root.MoveQueued(it, 0, object{"plan": []string{"two_people"}, "reason": "nobody else did"}, 200)
	})
}
