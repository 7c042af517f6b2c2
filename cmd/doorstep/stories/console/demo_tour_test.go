package console

import (
	"strconv"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// playsTheStories taps through the five stories of the demo: each step is done, and the phones of those in it say so.
func (a *auditor) playsTheStories(page string) {
	a.Helper()
	a.open(page)
	size := func(width, height int64) {
		if err := chromedp.Do(a.ctx, chromedp.EmulateViewport(width, height)); err != nil {
			a.Fatal(err)
		}
	}
	sees := func(what, js string) {
		a.Helper()
		for end := time.Now().Add(harness.Patience); !evaluate[bool](a.T, a.ctx, js); time.Sleep(50 * time.Millisecond) {
			if wrong := evaluate[string](a.T, a.ctx, "document.querySelector('#told .wrong')?.textContent || ''"); wrong != "" {
				a.Fatalf("%s: the page says %s", what, wrong)
			}
			if time.Now().After(end) {
				a.Fatalf("%s: %s", what, evaluate[string](a.T, a.ctx, "document.getElementById('tour').innerText"))
			}
		}
	}
	size(1280, 800)
	sees("the tour", "!!document.querySelector('#told .go')")
	for _, what := range []string{"#stories button:last-child", "#told li:last-child", "#watched li:last-child"} {
		if low := evaluate[float64](a.T, a.ctx, "document.querySelector('"+what+"').getBoundingClientRect().bottom"); low > 800 {
			a.Errorf("%s ends at %.0f px, below the fold", what, low)
		}
	}
	told := []string{
		"Visit confirmed", "Your repair visit", "We cannot reach you", "Hold released", "will call you",
	}
	for i, push := range told {
		evaluate[bool](a.T, a.ctx, "(document.querySelectorAll('#stories button')["+strconv.Itoa(i)+"].click(), true)")
		steps := evaluate[int](a.T, a.ctx, "document.querySelectorAll('#told ol li').length")
		for n := range steps {
			evaluate[bool](a.T, a.ctx, "(document.querySelector('#told .go').click(), true)")
			sees("story "+strconv.Itoa(i+1)+", step "+strconv.Itoa(n+1), "document.querySelectorAll('#told li.done').length > "+strconv.Itoa(n))
		}
		sees("the phones of story "+strconv.Itoa(i+1), "document.getElementById('watched').innerText.includes("+strconv.Quote(push)+")")
	}
	a.judge("the last story", "nobody was lost")
	size(390, 844)
	if wide := evaluate[int](a.T, a.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		a.Errorf("the tour is %d px too wide for a phone", wide)
	}
	// A door opens the desk as one of them, beside the tour.
	opened := evaluate[string](a.T, a.ctx, `(() => { window.open = () => ({ location: { set href(at) { window.went = at; } } });
		const door = document.querySelector('.doors button'); door.click(); return door.textContent; })()`)
	sees("the door "+opened, "(window.went || '').startsWith('/#/household/')")
}
