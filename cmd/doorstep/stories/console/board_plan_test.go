package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

func (d *desktop) text(js string) string { return evaluate[string](d.T, d.ctx, js+".innerText") }

// press puts the focus on a button of the dialog by its words and presses Enter.
func (d *desktop) press(words string) {
	d.Helper()
	d.tabTo(fmt.Sprintf("document.activeElement.textContent === %q", words))
	d.key("\r")
}

// A day is planned and a sick technician's day given to others, by keyboard
// alone; what is refused is explained at its line.
func TestTheBoardPlansADay(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("day.freed", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.unassigned")
	desk := h.As("kiran")
	visits := []object{}
	for i, name := range []string{"Kapoor household", "Joshi household", "Fernandes-Deshpande joint household"} {
		_, job := h.Household(desk, object{"name": name})
		visits = append(visits, h.Visit(desk, job, harness.Monday.Add(time.Duration(2+2*i)*time.Hour)))
	}
	_, double := h.Household(desk, object{"name": "Two people household"})
	h.SafePlan(double, "two_people")
	pair := h.Visit(desk, double, harness.Monday.Add(8*time.Hour))
	_, oven := h.HouseholdAt(desk, 1, "oven")
	h.Visit(desk, oven, harness.Monday.Add(4*time.Hour))
	crew := func(v object) []any { return desk.Send("GET", path("/v1/visits/%s", v), nil, 200)["crew"].([]any) }

	d := openBoard(t, h, "kiran", 1280, 800)
	d.until("the tray", "document.querySelectorAll('#calendar [data-visit].tray').length === 5")
	propose(d)
	if len(crew(visits[0])) != 0 {
		t.Error("a proposal assigned somebody")
	}
	// One of them, then the world overtakes another, then all that is left.
	d.tabTo("document.activeElement.textContent === 'Accept'")
	first := evaluate[string](t, d.ctx, "document.activeElement.getAttribute('aria-label')")
	d.key("\r")
	d.until("one is assigned",
		"document.querySelectorAll('#dialog .plan .fine').length === 1 && document.querySelector('#dialog [role=status]').innerText === '1 assigned.' && document.activeElement.textContent === 'Accept'")
	if !strings.HasPrefix(first, "Accept: ") || !strings.Contains(first, " to ") {
		t.Errorf("the button says %q", first)
	}
	d.until("the board follows", "document.querySelectorAll('#calendar [data-visit].tray').length === 4")
	desk.CancelVisit(pair, bodies.CancelVisit{Reason: "they will be away"})
	d.until("it is gone from the board", fmt.Sprintf(card, pair["id"])+" === null")
	d.press("Accept all 3")
	d.until("all are answered",
		"document.querySelectorAll('#dialog .plan button').length === 0 && document.activeElement.textContent === 'Close'")
	if got := d.text("document.querySelector('#dialog .plan .wrong')"); !strings.HasPrefix(got, "Not assigned: ") {
		t.Errorf("refused with %q", got)
	}
	if got := d.text("document.querySelector('#dialog [role=status]')"); !strings.HasPrefix(got,
		"2 assigned. Two people household, not assigned: ") {
		t.Errorf("said is %q", got)
	}
	d.shot("plan-answered")
	for _, v := range visits {
		if len(crew(v)) != 1 {
			t.Errorf("the crew is %v", crew(v))
		}
	}
	d.key("\r")
	d.until("it is closed and the focus is back", "!document.getElementById('dialog').open && document.activeElement.id === 'do-plan'")

	freeADay(d, h, visits[0], crew)
	// A day that is over is refused in the form.
	d.js("(document.getElementById('do-plan').click(), document.querySelector('#dialog input[type=date]').value = '2027-02-27', document.querySelector('#dialog form').requestSubmit(), true)")
	d.until("the refusal", "/This day is over/.test(document.querySelector('#dialog .wrong').textContent)")
	d.noFaults()
	small := evaluate[string](t, d.ctx,
		"[...document.querySelectorAll('#view-board button, #dialog button')].filter(b => b.offsetParent && b.getBoundingClientRect().height < 24).map(b => b.textContent).join()")
	if small != "" {
		t.Errorf("too small to hit: %s", small)
	}
	d.js("(document.getElementById('out').click(), true)")

	agent := openBoard(t, h, "gita", 1280, 800)
	if evaluate[bool](t, agent.ctx,
		"document.getElementById('do-plan').hidden === false || document.querySelectorAll('button.person').length > 0") {
		t.Error("an agent is offered to plan the centre's day")
	}
}

// propose asks for a plan of the day, which has a place for four of its five visits.
func propose(d *desktop) {
	d.Helper()
	d.tabTo("document.activeElement.id === 'do-plan'")
	d.key("\r")
	d.until("the question", "document.getElementById('dialog').open && document.activeElement.textContent === 'Propose'")
	d.judge("plan, asked")
	d.key("\r")
	d.until("proposals", "document.querySelectorAll('#dialog .plan button').length === 4 && document.activeElement.id === 'dialog-h'")
	if !evaluate[bool](d.T, d.ctx,
		"document.getElementById('dialog').scrollTop === 0 && !/refusals say/.test(document.getElementById('dialog').innerText)") {
		d.Error("the proposals do not begin at their top, in people's words")
	}
	said := d.text("document.querySelector('#dialog [role=status]')")
	all := d.text("document.getElementById('dialog')")
	for _, want := range []string{"4 of 5 visits have a proposal. Nothing is changed until you accept.", "Ravi Surname and Meena Surname",
		"min on the way", "Without a proposal", "Nobody is free for it in its window"} {
		if !strings.Contains(all+said, want) {
			d.Errorf("%q is not said in\n%s", want, all)
		}
	}
	d.shot("plan-1280")
	d.judge("plan")
	d.size(820, 1180)
	d.shot("plan-820")
	d.judge("plan, tablet")
	d.size(1280, 800)
}

// freeADay: who is ill is reached from his row, and another goes instead. Enter
// and Enter again free nothing: not at the name, not at the question.
func freeADay(d *desktop, h *harness.Harness, visit object, crew func(object) []any) {
	d.Helper()
	who := crew(visit)[0].(string)
	login, other := "ravi", "meena"
	if who == h.People["meena"].ID.String() {
		login, other = other, login
	}
	name := strings.ToUpper(login[:1]) + login[1:] + " Surname"
	d.tabTo("document.activeElement.classList.contains('person')")
	if d.text("document.activeElement") != name {
		d.arrow("ArrowDown")
	}
	d.until("his name", fmt.Sprintf("document.activeElement.textContent === %q", name))
	d.shot("day-1280")
	d.judge("day with names")
	// What comes meanwhile is drawn, and takes the focus from nobody.
	_, late := h.Household(h.As("kiran"), nil)
	d.until("what came by the API", fmt.Sprintf(card, h.Visit(h.As("kiran"), late, harness.Monday.Add(9*time.Hour))["id"])+" !== null")
	if !evaluate[bool](d.T, d.ctx, fmt.Sprintf("document.activeElement.textContent === %q", name)) {
		d.Errorf("the focus is lost to %s", d.text("document.activeElement"))
	}
	d.key("\r")
	untouched := func(step string) {
		d.Helper()
		for range 3 {
			d.key("\r")
		}
		if got := crew(visit); len(got) != 1 || got[0] != who {
			d.Fatalf("%s: Enter freed a day: %v", step, got)
		}
	}
	d.until("the person", "document.getElementById('dialog').open && document.activeElement.id === 'dialog-h'")
	d.judge("person")
	untouched("the person")
	d.tabTo("document.activeElement.textContent === 'Sick on this day…'")
	d.key("\r")
	d.until("the question",
		"document.activeElement.id === 'dialog-h' && /[0-9] visits? (is|are) freed/i.test(document.getElementById('dialog').innerText)")
	d.judge("sick, asked")
	untouched("the question")
	d.tabTo("document.activeElement.textContent === 'Free this day'")
	d.key("\r")
	d.until("who goes instead",
		"/visits? needs? somebody/.test(document.getElementById('dialog').innerText) && document.querySelectorAll('#dialog .plan button').length > 0")
	d.shot("sick-1280")
	d.judge("sick")
	evaluate[bool](d.T, d.ctx,
		"([...document.querySelectorAll('#dialog button')].find(b => b.textContent.startsWith('Accept')).focus(), true)")
	d.key("\r")
	d.until("somebody else goes", "document.querySelectorAll('#dialog .plan .fine').length > 0")
	if got := crew(visit); len(got) != 1 || got[0] != h.People[other].ID.String() {
		d.Errorf("the crew is %v", got)
	}
	d.js("(document.getElementById('dialog').close(), true)")
}

// A week with many visits can be read at 1280 px and on a tablet.
func TestTheWeekOfTheBoardCanBeRead(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	names := []string{"Kapoor household", "Deshpande-Kulkarni joint household", "Joshi", "Fernandes household", "Rao household"}
	var last object
	for day := range 6 {
		for i := range 5 {
			_, job := h.Household(desk, object{"name": names[(i+day)%5]})
			who := [][]string{{"ravi"}, {"meena"}, {}, {"ravi"}, {"meena"}}[i]
			last = h.Visit(desk, job, harness.Monday.Add(time.Duration(24*day+1+i)*time.Hour+time.Duration(i)*45*time.Minute), who...)
		}
	}
	d := openBoard(t, h, "kiran", 1280, 800)
	d.js("(document.getElementById('week').click(), true)")
	d.until("the week", "document.querySelectorAll('#calendar .ec-month-view').length > 0 && document.querySelectorAll('#calendar [data-visit]').length === 30")
	for _, size := range [][2]int{{1280, 800}, {820, 1180}} {
		d.size(size[0], size[1])
		d.until("all text of the cards is to be seen",
			"[...document.querySelectorAll('#calendar [data-visit] .what, #calendar [data-visit] .who')].every(e => e.scrollWidth <= e.clientWidth + 1 && e.getBoundingClientRect().width > 80)")
		if clash := evaluate[int](t, d.ctx,
			"(cards => cards.filter((a, i) => cards.some((b, k) => k > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length)([...document.querySelectorAll('#calendar [data-visit]')].map(e => e.getBoundingClientRect()))"); clash > 0 {
			t.Errorf("%d cards lie over others at %d px", clash, size[0])
		}
		d.until("each day is in order",
			"(cards => cards.every((a) => cards.every((b) => Math.abs(a.x - b.x) > 1 || a.row !== b.row || a.y >= b.y || a.at <= b.at)))([...document.querySelectorAll('#calendar [data-visit]')].map(e => ({x: e.getBoundingClientRect().x, y: e.getBoundingClientRect().y, row: e.style.gridRow, at: e.innerText.match(/\\d\\d:\\d\\d/)[0]})))")
		d.shot(fmt.Sprintf("week-%d", size[0]))
		d.judge(fmt.Sprintf("week at %d", size[0]))
		if wide := evaluate[int](t, d.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			t.Errorf("the page is %d px too wide at %d", wide, size[0])
		}
	}
	d.size(1280, 800)
	// A card goes to another day by mouse, and keeps its time of day.
	type box struct{ X, Y, W, H float64 }
	where := evaluate[box](t, d.ctx,
		"(r => ({X: r.x, Y: r.y, W: r.width, H: r.height}))((e => (e.scrollIntoView({block: 'center', inline: 'center'}), e))("+
			fmt.Sprintf(card, last["id"])+").getBoundingClientRect())")
	d.mouse("mousePressed", where.X+20, where.Y+10)
	for i := range 12 {
		d.mouse("mouseMoved", where.X+20+where.W*float64(i+1)/12, where.Y+10)
	}
	d.mouse("mouseReleased", where.X+20+where.W, where.Y+10)
	for end := time.Now().Add(harness.Patience / 4); ; time.Sleep(50 * time.Millisecond) {
		got := desk.Visit(last)
		if got.Status == "rescheduled" {
			next := desk.Send("GET", "/v1/visits/"+got.SuccessorID, nil, 200)
			if !harness.At(next, "window_start").Equal(harness.At(last, "window_start").Add(24*time.Hour)) || len(next["crew"].([]any)) != 1 {
				t.Errorf("it went from %v to %v with %v", last["window_start"], next["window_start"], next["crew"])
			}
			break
		}
		if time.Now().After(end) {
			d.shot("week-drag")
			t.Fatalf("the drag did nothing: %v, %s", got.Status, d.text("document.getElementById('dialog')"))
		}
	}
	d.noFaults()
}
