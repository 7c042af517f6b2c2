package console

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
)

// queues lays requests into the phone's queue as they stand.
func (a *technician) queues(rows ...object) {
	a.Helper()
	raw, err := json.Marshal(rows)
	if err != nil {
		a.Fatal(err)
	}
	a.until("they are queued", `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('doorstep'); r.onsuccess = () => done(r.result); });
		const tx = db.transaction('queue', 'readwrite');
		for (const row of `+string(raw)+`) tx.objectStore('queue').add({ at: Date.now(), ...row });
		await new Promise((done) => { tx.oncomplete = done; }); db.close(); return true; })()`)
}

// TestOneRequestThatCannotBeReadStopsNoOther: a batch that is refused as such is halved until the culprits stand alone. They are said, with
// what to do; what depends on one waits for its user's word, and all others arrive.
func TestOneRequestThatCannotBeReadStopsNoOther(t *testing.T) {
	audit := newAuditor(t)
	h := harness.New(t, "sqlite")
	a := &technician{T: t, ctx: audit.ctx, url: h.URL}
	a.atWidth(360)
	h.Ignores("visit.assigned")
	job, visit, at := ready(t, h, a, nil)
	a.offline(true)
	a.open("?1" + at)
	a.taps("I am on my way")
	a.sees("1 thing waits")
	tried := func() object {
		return object{"id": uuid.NewString(), "method": "POST", "path": path("/v1/jobs/%s/attempts", job), "label": "did.attempt",
			"depends_on": []any{}, "body": object{"channel": "phone", "outcome": "no_answer", "occurred_at": time.Now().Format(time.RFC3339)}}
	}
	poisoned, large := tried(), tried()
	poisoned["body"], poisoned["visit"], poisoned["move"], poisoned["label"] = "no object", visit["id"], "door", "did.door"
	large["body"].(object)["note"] = string(make([]byte, 300_000))
	a.queues(tried(), tried(), poisoned, tried(), large, tried())
	a.open("?2" + at)
	a.taps("I have arrived") // after the door, which the server cannot read
	a.sees("8 things wait")
	a.offline(false)
	a.open("?3#/waiting")
	a.sees("cannot read this: Knocked at the door")
	a.sees("cannot read this: A try to reach them")
	a.sees("It waits for the one before it")
	audit.judge("what the server cannot read", "Leave it out")
	desk := h.As("kiran")
	if got := desk.Visit(visit).Status; got != "en_route" {
		t.Errorf("the visit is %s", got)
	}
	if got := items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)); len(got) != 4 {
		t.Errorf("%d attempts arrived", len(got))
	}
	a.open("?4")
	a.sees("2 answers to read")
	a.open("?5#/waiting")
	a.taps("Leave it out")
	a.taps("Yes, it is never sent")
	a.until("one is left", "document.body.innerText.split('cannot read this').length === 2")
	a.taps("Leave it out")
	a.taps("Yes, it is never sent")
	a.sees("All sent")
	if got := desk.Visit(visit).Status; got != "arrived" {
		t.Errorf("what waited behind it: the visit is %s", got)
	}
}
