package console

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestTheBoardEndsAnAbusiveCallInABrowser: on a phone at 23:00 the desk reads the warning out, ends
// the call with one tap, reads who calls instead, and takes the pause.
func TestTheBoardEndsAnAbusiveCallInABrowser(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("break.taken")
	desk := h.As("kiran")
	_, job := h.Household(desk, object{"language": "hi"})
	desk.Send("POST", path("/v1/jobs/%s/hold", job), object{"kind": "parts"}, 200)
	h.Clock.Set(harness.Monday.Add(12 * time.Hour))
	h.Settle()
	d := openBoard(t, h, "kiran", 390, 844)
	d.scheme("dark")
	d.until("it is listed", "document.querySelector('#p-parts button') !== null")
	d.js("(document.querySelector('#p-parts button').click(), true)")
	end := "[...document.querySelectorAll('#dialog details')].find(x => x.querySelector('summary').textContent.startsWith('End an abusive call'))"
	d.until("what to read out, the household's language first", "("+end+")?.querySelector('blockquote')?.lang === 'hi'")
	d.js("((x) => { x.open = true; x.scrollIntoView(); return true; })(" + end + ")")
	d.shot("end-call-390")
	d.judge("ending a call on a phone")
	if wide := evaluate[int](t, d.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		t.Errorf("the page is %d px too wide for a phone", wide)
	}
	if small := evaluate[int](t, d.ctx, "[...("+end+").querySelectorAll('button, summary, input')].filter(e => e.getBoundingClientRect().height < 24).length"); small > 0 {
		t.Errorf("%d controls are too small for a thumb", small)
	}
	d.js("((x) => { x.querySelector('form').requestSubmit(); return true; })(" + end + ")")
	d.until("who calls", "document.getElementById('dialog').innerText.includes('Asha calls them, at the latest')")
	d.shot("end-call-ended-390")
	d.judge("an ended call on a phone")
	pause := "[...document.querySelectorAll('#dialog details')].find(x => x.querySelector('summary').textContent.startsWith('A pause is yours'))"
	d.js("((x) => { x.querySelector('form').requestSubmit(); return true; })(" + pause + ")")
	d.until("it is taken", "!document.getElementById('dialog').open")
	d.noFaults()
}
