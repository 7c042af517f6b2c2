package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// Whoever schedules or moves is offered the windows with the people who can
// come, and a refusal shows what is free instead where it stands.
func TestTheBoardOffersWindowsInABrowser(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "visit.unassigned")
	desk := h.As("kiran")
	_, job := h.Household(desk, object{"name": "Kapoor household"})
	flat := func(door int) []object { // of one house: there is no way between them
		return []object{{"address": fmt.Sprintf("%d Mill Road", door), "postal_code": "411001", "zone": "Asia/Kolkata", "lat": 18.5204,
			"lon": 73.8567}}
	}
	var taken object // Ravi, from 10:00 to 13:00 of the centre's clock
	for i := range 3 {
		_, busy := h.Household(desk, object{"name": "Busy household", "sites": flat(1 + i)})
		taken = h.Visit(desk, busy, harness.Monday.Add(time.Duration(1+i)*time.Hour), "ravi")
	}
	visits := func(j object) []object {
		return items(desk.Send("GET", path("/v1/visits?job_id=%s", j), nil, 200))
	}

	d := openBoard(t, h, "kiran", 1280, 800)
	d.until("the job", "document.getElementById('p-to_schedule').innerText.includes('Kapoor')")
	d.js("([...document.querySelectorAll('#p-to_schedule button')].find(b => b.textContent.includes('Kapoor')).click(), true)")
	d.until("the offers", "document.querySelectorAll('#dialog .offers button').length > 1 && document.activeElement.id === 'dialog-h'")
	said := d.text("document.getElementById('dialog')")
	if !strings.Contains(said, "Mon, 1 Mar, ") && !strings.Contains(said, "Mon 1 Mar, ") || !strings.Contains(said, "Surname, ") ||
		!strings.Contains(said, "Days around it") || !strings.Contains(said, "By hand") {
		t.Errorf("the dialog says\n%s", said)
	}
	// Why not the others is asked when somebody wants to know.
	d.js("([...document.querySelectorAll('#dialog details')].find(x => x.innerText.startsWith('Why not')).querySelector('summary').click(), true)")
	d.until("the reasons",
		"/(Ravi|Meena) Surname.*: .+/.test([...document.querySelectorAll('#dialog details')].find(x => x.innerText.startsWith('Why not')).innerText)")
	d.judge("offers")
	d.shot("offers-1280")
	d.size(820, 1180)
	d.judge("offers, tablet")
	d.shot("offers-820")
	d.size(1280, 800)
	label := evaluate[string](t, d.ctx, "document.querySelector('#dialog .offers button').getAttribute('aria-label')")
	d.tabTo("document.activeElement === document.querySelector('#dialog .offers button')")
	d.key("\r")
	d.until("it is scheduled", "!document.getElementById('dialog').open")
	made := visits(job)
	if len(made) != 1 || len(made[0]["crew"].([]any)) != 1 {
		t.Fatalf("the visits are %v", made)
	}
	kolkata := time.FixedZone("IST", 19800)
	for _, at := range []time.Time{harness.At(made[0], "window_start"), harness.At(made[0], "window_end"),
		harness.At(made[0], "planned_start")} {
		if !strings.Contains(label, at.In(kolkata).Format("15:04")) {
			t.Errorf("%q became %v", label, made[0])
		}
	}
	// By hand into another's time: refused, with what is free instead; one press on
	// that asks, and moves nothing.
	d.until("its card", fmt.Sprintf(card, made[0]["id"])+" !== null")
	d.js("(" + fmt.Sprintf(card, made[0]["id"]) + ".click(), true)")
	d.until("the form", "document.querySelectorAll('#dialog form.place select').length === 2")
	d.js(fmt.Sprintf("((f) => { f.querySelector('select').value = %q; f.querySelector('input[type=date]').value = '2027-03-01'; f.querySelector('input[type=time]').value = %q; f.requestSubmit(); return true; })(document.querySelector('#dialog form.place'))",
		h.People["ravi"].ID, harness.At(taken, "window_start").In(kolkata).Format("15:04")))
	d.until("the refusal and what is free instead",
		"document.activeElement === document.querySelector('#refused') && document.activeElement.textContent !== '' && document.getElementById('dialog').innerText.includes('Free instead:')")
	d.shot("instead")
	d.judge("free instead")
	again := evaluate[string](t, d.ctx,
		"(b => (b.click(), b.getAttribute('aria-label')))([...document.querySelectorAll('#refused + div .slots > li > .offers button')].pop())")
	d.until("the question", "/The household was told .*asks it anew/.test(document.activeElement.textContent)")
	d.judge("asked before a move")
	if v := desk.Send("GET", path("/v1/visits/%s", made[0]), nil, 200); v["status"] != "scheduled" ||
		v["window_start"] != made[0]["window_start"] {
		t.Errorf("one tap made it %v", v)
	}
	d.key("\r") // on the question: nothing
	d.tabTo("document.activeElement.textContent.startsWith('Move to ')")
	d.key("\r")
	d.until("it is moved", "!document.getElementById('dialog').open")
	moved := desk.Send("GET", path("/v1/visits/%s", made[0]), nil, 200)
	if next, ok := moved["successor_id"].(string); ok {
		moved = desk.Send("GET", "/v1/visits/"+next, nil, 200)
	}
	if from := harness.At(moved, "window_start").In(kolkata).Format("15:04"); !strings.Contains(again, from+" to ") ||
		moved["id"] == made[0]["id"] {
		t.Errorf("%q became %v", again, moved)
	}
	// In its own window a visit keeps its appointment and begins when its crew can.
	_, third := h.Household(desk, object{"name": "Third household", "sites": flat(9)})
	stays := h.Visit(desk, third, harness.At(taken, "window_start"))
	d.until("its card", fmt.Sprintf(card, stays["id"])+" !== null")
	d.js("(" + fmt.Sprintf(card, stays["id"]) + ".click(), true)")
	ravi := "[...document.querySelectorAll('#dialog .offers button')].find(b => b.getAttribute('aria-label').includes('12:00 to 14:00, Ravi Surname, 13:00'))"
	d.until("Ravi's offer", ravi+" !== undefined")
	d.js("(" + ravi + ".click(), true)")
	d.until("it is assigned", "!document.getElementById('dialog').open")
	if got := desk.Send("GET", path("/v1/visits/%s", stays), nil, 200); got["status"] != "scheduled" || len(got["crew"].([]any)) != 1 ||
		got["planned_start"] != "2027-03-01T07:30:00Z" {
		t.Errorf("it became %v", got)
	}
	d.noFaults()
}

// TestADragInsideTheWindowAsksNobody: the visit begins at another time, its
// appointment and the household's answer stand. A drag out of it asks first.
func TestADragInsideTheWindowAsksNobody(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "visit.confirmed")
	desk := h.As("kiran")
	_, job := h.Household(desk, object{"name": "Dragged household"})
	visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
	desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
	d := openBoard(t, h, "kiran", 1280, 800)
	at := fmt.Sprintf(card, visit["id"])
	d.until("its card", at+" !== null")
	type box struct{ X, Y, W, H float64 }
	drag := func(by float64) {
		t.Helper()
		b := evaluate[box](t, d.ctx, "(r => ({X: r.x, Y: r.y, W: r.width, H: r.height}))("+at+".getBoundingClientRect())")
		x, y := b.X+8, b.Y+b.H/2
		d.mouse("mousePressed", x, y)
		for i := range 12 {
			d.mouse("mouseMoved", x+b.W*by*float64(i+1)/12, y)
		}
		d.mouse("mouseReleased", x+b.W*by, y)
	}
	drag(0.5) // of an hour of work
	now := func() object { return desk.Send("GET", path("/v1/visits/%s", visit), nil, 200) }
	for end := time.Now().Add(harness.Patience / 4); now()["planned_start"] == visit["planned_start"]; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the drag did nothing: %s", d.text("document.getElementById('dialog')"))
		}
	}
	if v := now(); v["status"] != "scheduled" || v["confirmation"] != "confirmed" || v["window_start"] != visit["window_start"] ||
		v["window_end"] != visit["window_end"] {
		t.Errorf("a drag inside the window made it %v", v)
	}
	d.until("it is drawn anew", "!document.getElementById('dialog').open && /12:30/.test("+at+".textContent)")
	drag(3)
	d.until("the question",
		"document.getElementById('dialog').open && /confirmed this time/.test(document.getElementById('dialog').innerText)")
	if v := now(); v["status"] != "scheduled" || v["confirmation"] != "confirmed" {
		t.Errorf("a drag out of the window made it %v", v)
	}
	d.noFaults()
}

// arrow presses a key that stands for no character.
func (d *desktop) arrow(name string) {
	d.Helper()
	codes := map[string]int{"Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
	for _, kind := range []string{"rawKeyDown", "keyUp"} {
		d.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": name, "code": name, "windowsVirtualKeyCode": codes[name]})
	}
}

// A full board is walked by keys in a few steps: links over what is not
// wanted, arrows among the cards, and a long tray is one line.
func TestTheBoardIsWalkedByKeys(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	make := func(name string, hours int, who ...string) object {
		_, job := h.Household(desk, object{"name": name})
		return h.Visit(desk, job, harness.Monday.Add(time.Duration(hours)*time.Hour), who...)
	}
	early, late, below := make("Early household", 1, "meena"), make("Late household", 4, "meena"), make("Below household", 4, "ravi")
	for i := range 9 {
		make(fmt.Sprintf("Tray household %d", i), 2+i%3)
	}
	h.As("asha").Send("PUT", fmt.Sprintf("/v1/technicians/%s/hours", h.People["ravi"].ID),
		object{"hours": []object{{"weekday": 1, "from": "08:00", "to": "17:00"}}}, 200)
	d := openBoard(t, h, "kiran", 1280, 800)
	at := func(v object) string { return fmt.Sprintf(card, v["id"]) }
	d.until("the cards, without the tray", at(early)+" !== null && document.querySelectorAll('#calendar [data-visit]').length === 3")
	d.shot("tray-shut")
	if n := evaluate[int](t, d.ctx, "document.querySelectorAll('#calendar .ec-bg-event.now').length"); n == 0 {
		t.Error("there is no line for now")
	}
	if n := evaluate[int](t, d.ctx, "document.querySelectorAll('#calendar .ec-bg-event.off').length"); n != 1 {
		t.Errorf("%d stretches are shaded, want Ravi's evening", n)
	}
	d.tabTo("document.activeElement.id === 'skip-tray'")
	d.key("\r")
	d.until("the tray", "document.activeElement.id === 'side' && !document.getElementById('dialog').open")
	d.key("\t")
	d.until("its first", "document.activeElement.closest('#p-unassigned') !== null")
	d.js("(document.getElementById('skip-calendar').focus(), true)")
	d.key("\r")
	d.until("the first card", "document.activeElement === "+at(early))
	d.arrow("ArrowRight")
	d.until("right", "document.activeElement === "+at(late))
	d.arrow("ArrowDown")
	d.until("down", "document.activeElement === "+at(below))
	d.arrow("ArrowUp")
	d.arrow("Home")
	d.until("home", "document.activeElement === "+at(early))
	if n := evaluate[int](t, d.ctx, "document.querySelectorAll('#calendar [data-visit][tabindex=\"0\"]').length"); n != 1 {
		t.Errorf("Tab stops at %d cards", n)
	}
	// Enter opens the dialog at its title and nothing in it.
	d.key("\r")
	d.until("the dialog",
		"document.getElementById('dialog').open && document.activeElement.id === 'dialog-h' && document.activeElement.textContent === 'Early household'")
	d.js("(document.getElementById('dialog').close(), true)")
	d.js("(document.querySelector('#calendar button[aria-expanded=false]').click(), true)")
	d.until("the tray is open",
		"document.querySelectorAll('#calendar [data-visit]').length === 12 && document.querySelector('#calendar button[aria-expanded=true]') !== null")
	d.shot("tray-open")
	d.judge("tray open")
	d.noFaults()
}

// What waits beside the timeline can be done there: a call is written down, a
// promise kept, a hold released, a visit confirmed and cancelled.
func TestTheBoardDoesWhatWaits(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned", "visit.cancelled", "visit.confirmed", "visit.move_undone")
	desk := h.As("kiran")
	customer, waiting := h.Household(desk, object{"name": "Waiting household"})
	phone := harness.String(customer["contacts"].([]any)[0].(object)["phones"].([]any)[0])
	desk.Send("POST", path("/v1/jobs/%s/hold", waiting), object{"kind": "parts"}, 200)
	promise := desk.Send("POST", path("/v1/jobs/%s/promises", waiting), object{"what": "the price", "due_at": h.Clock.Now().Add(time.Hour).
		Format(time.RFC3339)}, 201)
	_, job := h.Household(desk, object{"name": "Going household"})
	visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
	d := openBoard(t, h, "kiran", 1280, 800)
	open := func(js string) {
		t.Helper()
		d.until("it is listed", js+" !== null")
		d.js("(" + js + ".click(), true)")
		d.until("the dialog with the number",
			"document.getElementById('dialog').open && [...document.querySelectorAll('#dialog a.tel')].some(a => a.href.startsWith('tel:+'))")
	}
	do := func(summary, fill string) {
		t.Helper()
		d.js(fmt.Sprintf("((x) => { x.open = true; const f = x.querySelector('form'); %s; f.requestSubmit(); return true; })([...document.querySelectorAll('#dialog details')].find(x => x.querySelector('summary').textContent.startsWith(%q)))", fill, summary))
		d.until("it is done", "!document.getElementById('dialog').open")
	}
	open("document.querySelector('#p-promises button')")
	if got := d.text("document.querySelector('#dialog a.tel')"); got != phone {
		t.Errorf("the number is %q, want %q", got, phone)
	}
	d.judge("promise")
	d.shot("promise")
	do("Keep it", "0")
	if got := desk.Send("GET", path("/v1/promises/%s", promise), nil, 200)["status"]; got != "kept" {
		t.Errorf("the promise is %v", got)
	}
	open("document.querySelector('#p-parts button')")
	d.judge("parts")
	d.shot("parts")
	do("Record a call", "f.querySelectorAll('select')[1].value = 'no_answer'; f.querySelector('input[type=number]').value = '30'")
	tries := items(desk.Send("GET", path("/v1/jobs/%s/attempts", waiting), nil, 200))
	if len(tries) != 2 || tries[1]["outcome"] != "no_answer" || tries[1]["address"] != phone || tries[1]["ring_seconds"] != 30.0 {
		t.Errorf("the attempts are %v", tries)
	}
	open("document.querySelector('#p-parts button')")
	do("Release", "f.querySelector('input').value = 'it came'")
	d.until("nothing waits for parts", "document.getElementById('p-parts').innerText.includes('No job waits for parts.')")
	at := fmt.Sprintf(card, visit["id"])
	open(at)
	do("Confirm", "0")
	if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["confirmation"]; got != "confirmed" {
		t.Errorf("the visit is %v", got)
	}
	d.until("the card says so", at+".innerText.includes('✓')")
	h.As("ravi").Arrive(visit)
	d.until("the card says that they are there", at+".innerText.includes('arrived')")
	open(at)
	d.judge("under way")
	d.shot("under-way")
	do("A move was tapped by mistake", "f.querySelector('input').value = 'the house next door'")
	if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["status"]; got != "scheduled" {
		t.Errorf("taken back the visit is %v", got)
	}
	d.until("the card says that they are not there", "!"+at+".innerText.includes('arrived')")
	open(at)
	do("Cancel the visit", "f.querySelector('input').value = 'they moved away'")
	if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["status"]; got != "cancelled" {
		t.Errorf("the visit is %v", got)
	}
	// A job that search finds without a visit can be scheduled from there.
	d.js(fmt.Sprintf("(document.getElementById('q').value = %q, document.getElementById('search').requestSubmit(), true)", phone))
	d.until("the search", "document.querySelector('#found li button') !== null")
	d.js("(document.querySelector('#found li button').click(), true)")
	d.until("schedule", "document.activeElement.textContent === 'Schedule…'")
	d.js("(document.activeElement.click(), true)")
	d.until("the offers", "document.querySelectorAll('#dialog .offers button').length > 0")
	d.noFaults()
}
