package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// chosen gives the page a file, as if somebody chose it.
func (d *desktop) chosen(name, text string) {
	d.Helper()
	d.js(fmt.Sprintf(`((f, t) => { t.items.add(new File([%s], %q)); f.files = t.files; f.dispatchEvent(new Event('change')); return true; })(document.getElementById('file'), new DataTransfer())`,
		strconv.Quote(text), name))
}

func (d *desktop) taps(text string) {
	d.Helper()
	d.until("the button "+text,
		fmt.Sprintf(`[...document.querySelectorAll('#work button')].some(b => b.textContent.startsWith(%q) && !b.disabled)`, text))
	d.js(fmt.Sprintf(`([...document.querySelectorAll('#work button')].find(b => b.textContent.startsWith(%q)).click(), true)`, text))
}

func (d *desktop) says(words string) {
	d.Helper()
	d.until(words, fmt.Sprintf(`document.body.innerText.includes(%q)`, words))
}

// seen takes a picture of a state, holds it to the width, and lets axe judge it.
func (d *desktop) seen(state string) {
	d.Helper()
	d.shot("import-" + state)
	if wide := evaluate[int](d.T, d.ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		d.Errorf("%s: the page is %d px too wide", state, wide)
	}
	d.judge(state)
}

// TestTheImportInABrowser walks a sheet's way on a phone: shown, asked, answered, landed, taken back.
func TestTheImportInABrowser(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("visits.assigned", "visit.assigned")
	desk := h.As("kiran")
	const heading = "Ticket,Customer,Mobile,Address,Complaint,Date,From,To,Technician\n"
	desk.Send("POST", "/v1/imports/jobs?preview=false", heading+"I-1,Lata Joshi,9822000081,1 Lane,Leaks,02/03/2027,10:00,12:00,\n"+
		"I-2,Uma Rao,9822000082,2 Lane,Leaks,,,,\n", 200, "Content-Type", "text/csv")
	d := openPage(t, h, "/import", "kiran", 390, 844)
	d.says("Imports so far")
	d.until("the import before", "document.querySelectorAll('#imports li').length === 1")
	d.seen("start")

	d.chosen("empty.csv", heading)
	d.says("The sheet has a heading and no rows.")
	d.seen("empty")
	d.chosen("not.csv", "Name,Phone\nLata,9822000081\n")
	d.says("No column holds the brand's number")
	d.seen("error")

	sheet := heading + "I-1,Om Sethi,9822000089,9 Hill,Smoke,,,,\nI-2,Uma Rao,9822000083,2 Lane,Leaks badly,03/03/2027,14:00,16:00,Ravi Surname\n" +
		"I-3,Anil Rao,9822000082,2 Lane,Hums,,,,\nI-4,Ira,9822000084,4 Lane,Drips,03/03/2027,14:00,16:00,Ravi Surname\nI-5,,9822000085,5 Lane,Drips,,,,\n"
	d.chosen("day.csv", sheet)
	d.says("5 rows: 1 new job, 1 changed, 2 ask, 1 refused")
	d.says("2 questions before these rows land")
	d.taps("All 5")
	d.says("Wednesday 3 March 2027, 14:00 to 16:00")
	d.says("has another visit in this time")
	d.seen("preview")
	d.js("(document.querySelector('input[type=radio][value=another]').focus(), true)") // the first question, by keyboard
	d.key(" ")
	d.says("Use 1 answer")
	d.seen("answering")
	d.taps("Use 1 answer")
	d.says("2 new jobs, 1 changed, 1 asks, 1 refused")
	// Somebody else lands a row of it meanwhile.
	desk.Send("POST", "/v1/imports/jobs?preview=false", heading+"I-4,Ira,9822000084,4 Lane,Drips,,,,\n", 200, "Content-Type", "text/csv")
	d.taps("Import 3 jobs")
	d.says("1 row came out otherwise than shown before")
	d.says("1 job created, 2 changed")
	d.says("Show Wednesday 3 March on the board")
	d.seen("done")
	if got := items(desk.Send("GET", "/v1/jobs?external_ref=I-2", nil, 200))[0]["fault"]; got != "Leaks badly" {
		t.Errorf("the fault is %v", got)
	}

	// Without a connection nothing is lost.
	offline := func(off bool) {
		d.call("Network.enable", map[string]any{})
		d.call("Network.emulateNetworkConditions", map[string]any{"offline": off, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
	}
	offline(true)
	d.chosen("again.csv", sheet)
	d.says("No connection. Nothing is lost")
	d.seen("offline")
	offline(false)

	// Nobody was told: it is taken back. Once the crew was, it says so.
	d.js("(window.confirm = () => true, true)")
	d.chosen("late.csv",
		heading+"I-9,Mona,9822000099,9 Lane,Drips,04/03/2027,10:00,12:00,Ravi Surname\nI-10,Tara,9822000098,9 Lane,Drips,,,,\n")
	d.taps("Import 2 jobs")
	d.says("Show Thursday 4 March on the board") // it has landed, as no other of the list
	h.Advance(time.Minute)
	h.Settle()
	d.taps("Undo this import")
	d.says("Somebody was told already")
	d.says("Ravi Surname was told of I-9")
	d.seen("told")
	d.taps("Take back the rest")
	d.says("1 job as before, 1 stay")
	d.seen("undone")
	d.noFaults()

	// The same on a desk, dark.
	d.size(1280, 900)
	d.scheme("dark")
	d.chosen("day.csv", strings.ReplaceAll(sheet, "I-", "J-"))
	d.says("Row by row")
	d.seen("preview-desk-dark")
	sheets, err := filepath.Glob("../imports/testdata/*")
	h.Must(err)
	for _, name := range sheets {
		text, err := os.ReadFile(name)
		h.Must(err)
		brand := strings.TrimSuffix(filepath.Base(name), ".csv")
		d.js("(document.getElementById('shown').replaceChildren(), true)")
		d.chosen(filepath.Base(name), string(text))
		d.says("Row by row")
		d.taps("All")
		for _, scheme := range []string{"light", "dark"} {
			d.scheme(scheme)
			d.size(1280, 900)
			d.seen(brand + "-desk-" + scheme)
			d.size(390, 844)
			d.seen(brand + "-phone-" + scheme)
		}
		if brand == "coldly" { // a number that lost a digit is typed
			d.says("This number has no area code, or was cut.")
			d.says("Not read, line 1 “COLDLY APPLIANCES")
			d.js("(i => { i.value = '98220 11004'; i.dispatchEvent(new Event('input', { bubbles: true })); return true; })(document.querySelector('input[type=tel]'))")
			d.taps("Use 1 answer")
			d.says("4 rows: 4 new jobs")
		}
	}

	// While a sheet is read.
	d.call("Network.emulateNetworkConditions", map[string]any{"offline": false, "latency": 3000, "downloadThroughput": -1,
		"uploadThroughput": -1})
	d.js("(document.getElementById('shown').replaceChildren(), true)")
	d.chosen("slow.csv", sheet)
	d.says("Reading the sheet…")
	d.seen("reading")
	d.noFaults()
}
