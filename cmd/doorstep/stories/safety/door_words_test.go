package safety

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

var doorWordsOnPage = regexp.MustCompile(`<small>They say</small><b>(\w+)</b></p>` +
	`<p class="code word"><small>You answer</small><b>(\w+)</b>`)

// onPage are the two words that a household reads; empty: none.
func onPage(page *harness.CustomerPage) string {
	w := doorWordsOnPage.FindStringSubmatch(page.Read())
	if w == nil {
		return ""
	}
	return w[1] + " " + w[2]
}

// onPhone are the two words of a technician's first visit, the one that is said first.
func onPhone(h *harness.Harness, login string) (words string, from, until string) {
	visits := h.As(login).Send("GET", "/v1/sync?limit=200", nil, 200)["visits"].([]any)
	if len(visits) == 0 {
		return "", "", ""
	}
	w, ok := visits[0].(object)["door_words"].(object)
	if !ok {
		return "", "", ""
	}
	say, answer := w["you_say"].(object), w["they_answer"].(object)
	return harness.String(say["latin"]) + " " + harness.String(answer["latin"]), harness.String(w["from"]), harness.String(w["until"])
}

// TestBothSidesOfADoorHaveTheirWords: the household and the crew read the same two words, on the day alone, and nobody else does;
// another crew has others, and a hold ends them where nobody is on the way yet.
func TestBothSidesOfADoorHaveTheirWords(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned", "flag.triage", "hold.area")
		h.MayIgnore("visit.wait", "visit.offered", "hold.overdue", "flag.overdue", "job.silent", "jobs.silent")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi") // tomorrow at 11
		page, read := h.CustomerPage(job), h.ReadPage(desk, job)
		words, from, until := onPhone(h, "ravi")
		if words == "" || from != "2027-03-01T18:30:00Z" || until != "2027-03-02T18:30:00Z" {
			h.Errorf("the phone has %q from %s until %s: without network it would have none in the morning", words, from, until)
		}
		if got := onPage(page); got != "" {
			h.Errorf("the day before, the page says %q", got)
		}
		page.Submit("wrong-word", 409) // nobody is expected today

		h.Clock.Advance(20 * time.Hour) // tomorrow, at five
		if got := onPage(page); got != words {
			h.Errorf("the page says %q, the phone %q", got, words)
		}
		if got := onPage(read); got != "" || !strings.Contains(read.Read(), "/wrong-word") {
			h.Errorf("by a link that staff have read the page says %q, or takes no word", got)
		}
		// Nothing that staff read has them, nor what leaves by itself.
		spoken := regexp.MustCompile(`\b(` + strings.ReplaceAll(words, " ", "|") + `)\b`)
		for _, who := range []string{"kiran", "asha", "maya", "noor"} {
			for _, of := range []string{"/v1/visits/%s", "/v1/jobs/%s/timeline", "/v1/jobs/%s", "/v1/jobs/%s/link"} {
				about := job
				if strings.Contains(of, "visits") {
					about = visit
				}
				body, _ := h.As(who).Raw("GET", path(of, about), nil)
				if spoken.Match(body) || strings.Contains(string(body), "door_words") {
					h.Errorf("%s reads the words at %s", who, of)
				}
			}
		}
		if kept := spoken.FindString(h.DumpTables()); kept != "" {
			h.Errorf("%s is kept", kept)
		}

		desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 200)
		other, _, _ := onPhone(h, "meena")
		if mine, _, _ := onPhone(h, "ravi"); mine != "" || other == words || other == "" || onPage(page) != other {
			h.Errorf("after %q, the new crew says %q, the old one %q, the page %q", words, other, mine, onPage(page))
		}
		// A hold before anybody set out, which a phone hears of as of any change.
		cursor := harness.String(h.As("meena").Send("GET", "/v1/sync?limit=200", nil, 200)["cursor"])
		h.As("noor").Send("POST", "/v1/flags", object{"job_id": job["id"], "kind": "hazard", "level": 2}, 201)
		if now, _, _ := onPhone(h, "meena"); now != "" || onPage(page) != "" {
			h.Errorf("held, the phone says %q, the page %q", now, onPage(page))
		}
		for end := time.Now().Add(harness.Patience); ; time.Sleep(20 * time.Millisecond) { // what another transaction holds up comes later
			changed := h.As("meena").Send("GET", "/v1/sync?limit=200&cursor="+cursor, nil, 200)["visits"].([]any)
			if len(changed) == 1 && changed[0].(object)["door_words"] == nil {
				break
			}
			if time.Now().After(end) {
				h.Fatalf("held, the phone hears of %v", changed)
			}
		}
	})
}

// TestAWrongWordLetsTheHouseholdKeepItsDoorShut: by any live link and by voice, the desk is told at once and aloud, the crew calls it, and
// what comes of the visit is ours.
func TestAWrongWordLetsTheHouseholdKeepItsDoorShut(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.no_access_desk")
		h.MayIgnore("promise.yours", "job.silent", "jobs.silent")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		read := h.ReadPage(desk, job)
		h.Clock.Advance(time.Hour)
		ravi.Arrive(visit)
		if text := read.Submit("wrong-word", 303); !strings.Contains(text, "You need not open the door") {
			h.Errorf("the page answers %s", text)
		}
		h.Expect("kiran", "Please call a household now")
		h.Expect("asha", "Please call a household now")
		h.Expect("ravi", "Please call your desk")
		read.Submit("wrong-word", 303) // said again, it rings nobody
		if kinds := h.EntryKinds(job); !strings.Contains(strings.Join(kinds, " "), "visit.word_wrong") {
			h.Errorf("the timeline has %v", kinds)
		}
		h.Clock.Advance(15 * time.Minute)
		desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "wrong-word"}, 200)
		h.Told("Please call a household now", map[string]int{"kiran": 2, "asha": 2, "noor": 0})
		h.Told("Please call your desk", map[string]int{"ravi": 2})

		// The crew stood there by all rules, and nobody opened: that is not the household's, nor is it the technician's.
		ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30}, 201)
		ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "sms", "outcome": "sent"}, 201)
		if got := ravi.Send("POST", path("/v1/visits/%s/no-access", visit), nil, 200); got["counts_against"] != "brand" {
			h.Errorf("it counts against %v", got["counts_against"])
		}
		rows := items(ravi.Send("GET", "/v1/technicians/"+h.People["ravi"].ID.String()+"/payable?from=2027-03-01&to=2027-03-02", nil, 200))
		if len(rows) != 1 || rows[0]["payable"] != true || rows[0]["counted"] != false {
			h.Errorf("their pay says %v", rows)
		}
		read.Submit("wrong-word", 409) // nobody is expected any more
	})
}

// TestAWrongWordLetsTheCrewLeave: it is a safe leave with a kind of its own, told as any, paid, and nothing is said of who was there.
func TestAWrongWordLetsTheCrewLeave(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "flag.triage")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		page := h.CustomerPage(job)
		h.Clock.Advance(time.Hour)
		ravi.Arrive(visit)
		got := ravi.Send("POST", path("/v1/visits/%s/stop", visit), object{"kind": "wrong_word"}, 200)
		if got["status"] != "stopped_unsafe" || got["counts_against"] != "nobody" {
			h.Errorf("it is %v against %v", got["status"], got["counts_against"])
		}
		h.Told("A report needs you", map[string]int{"maya": 1, "kiran": 0})
		h.Expect("asha", "Area hold")
		if flag := h.As("maya").Send("GET", "/v1/flags/"+harness.String(got["flag_id"]), nil, 200); flag["kind"] != "wrong_word" {
			h.Errorf("whoever triages reads %v", flag["kind"])
		}
		rows := items(ravi.Send("GET", "/v1/technicians/"+h.People["ravi"].ID.String()+"/payable?from=2027-03-01&to=2027-03-02", nil, 200))
		if len(rows) != 1 || rows[0]["payable"] != true || rows[0]["counted"] != false {
			h.Errorf("their pay says %v", rows)
		}
		if got := onPage(page); got != "" {
			h.Errorf("there are words after the visit: %s", got)
		}
	})
}
