package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/api/pages"
	"doorstep/domain"
	"doorstep/domain/customers"
)

var kolkata = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		panic(err)
	}
	return loc
}()

// linkPage is a page as the use case gives it: Sunday 22 November 2026, 09:00
// in Kolkata, with a visit on Tuesday from 10 to 12.
func linkPage(status domain.VisitStatus, confirmation domain.Confirmation) *customers.LinkPage {
	from := time.Date(2026, 11, 24, 10, 0, 0, 0, kolkata).UTC()
	p := &customers.LinkPage{
		Job: domain.Job{Meta: domain.Meta{ID: uuid.MustParse("0190a000-0000-7000-8000-000000000001")}, Status: domain.JobScheduled,
			Fault: "Leaks <now>", WhatMatters: "insulin"},
		Steps: []domain.StepRecord{{Step: "Turned it off", Result: "worked", OccurredAt: time.Date(2026, 11, 20, 9, 0, 0, 0, kolkata)},
			{Step: "turned it OFF", Result: "failed", OccurredAt: time.Date(2025, 11, 21, 9, 0, 0, 0, kolkata)}},
		CanCorrect: true,
		CentreName: "Shivaji Nagar Service", CentrePhone: "+912025670000", Location: kolkata, Language: "hi", FormKey: "nonce.mark.mac",
		Now: time.Date(2026, 11, 22, 9, 0, 0, 0, kolkata).UTC(), CanCallMe: true, CrewNames: []string{"Ravi", "Sunil"},
	}
	if status != "" {
		p.Visit = &domain.Visit{Status: status, Confirmation: confirmation, WindowStart: from, WindowEnd: from.Add(2 * time.Hour)}
		p.CanConfirm = status == domain.VisitScheduled && confirmation != domain.ConfirmConfirmed
		p.CanCancel = status == domain.VisitScheduled || status == domain.VisitEnRoute
	}
	p.CanThank = status == domain.VisitCompleted
	p.CanAnotherTime = status == domain.VisitScheduled || p.Visit == nil || !status.Unfinished() && status != domain.VisitCompleted
	return p
}

type pageState struct {
	name   string
	page   *customers.LinkPage
	en, hi string // heading
}

func pageStates() []pageState {
	change := func(p *customers.LinkPage, fn func(*customers.LinkPage)) *customers.LinkPage { fn(p); return p }
	return []pageState{
		{"awaiting", linkPage(domain.VisitScheduled, domain.ConfirmAwaiting), "Does this time suit you?", "क्या यह समय आपके लिए ठीक है?"},
		{"confirmed", linkPage(domain.VisitScheduled, domain.ConfirmConfirmed), "Your visit is confirmed", "आपकी विज़िट की पुष्टि हो गई है"},
		{"declined", linkPage(domain.VisitScheduled, domain.ConfirmDeclined), "You asked for another time", "आपने दूसरा समय माँगा है"},
		{"waiting", change(linkPage(domain.VisitScheduled, domain.ConfirmAwaiting), func(p *customers.LinkPage) { p.CanConfirm = false }),
			"Your visit is being arranged", "आपकी विज़िट तय की जा रही है"},
		{"late", change(linkPage(domain.VisitScheduled, domain.ConfirmConfirmed),
			func(p *customers.LinkPage) { p.Now, p.CanAnotherTime = p.Visit.WindowEnd.Add(time.Minute), false }), "Your visit is late",
			"आपकी विज़िट में देर हो रही है"},
		{"en_route", linkPage(domain.VisitEnRoute, domain.ConfirmConfirmed), "On the way to you", "तकनीशियन आपके पास आ रहे हैं"},
		{"arrived", linkPage(domain.VisitArrived, domain.ConfirmConfirmed), "At your door", "तकनीशियन आपके द्वार पर हैं"},
		{"in_progress", linkPage(domain.VisitInProgress, domain.ConfirmConfirmed), "The repair is under way", "मरम्मत चल रही है"},
		{"completed", change(linkPage(domain.VisitCompleted, domain.ConfirmConfirmed),
			func(p *customers.LinkPage) { p.Job.Status = domain.JobResolved }), "The repair is done", "मरम्मत पूरी हो गई है"},
		{"partial", linkPage(domain.VisitPartial, domain.ConfirmConfirmed), "The repair is not finished yet", "मरम्मत अभी पूरी नहीं हुई है"},
		{"no_access", linkPage(domain.VisitNoAccess, domain.ConfirmConfirmed), "We were at your door", "हम आपके द्वार पर आए थे"},
		{"stopped", linkPage(domain.VisitStopped, domain.ConfirmConfirmed), "The visit ended early", "विज़िट जल्दी समाप्त हो गई"},
		{"missed", linkPage(domain.VisitMissed, domain.ConfirmConfirmed), "We are sorry. We did not come.", "हमें खेद है। हम नहीं आए।"},
		{"rescheduled", linkPage(domain.VisitRescheduled, domain.ConfirmAwaiting), "Your visit is being moved", "आपकी विज़िट का समय बदल रहा है"},
		{"cancelled", linkPage(domain.VisitCancelled, domain.ConfirmDeclined), "The visit is cancelled", "विज़िट रद्द हो गई है"},
		{"none", linkPage("", ""), "No visit is planned yet", "अभी कोई विज़िट तय नहीं है"},
		{"unreachable", change(linkPage(domain.VisitCancelled, domain.ConfirmAwaiting), func(p *customers.LinkPage) { p.Unreachable = true }),
			"We could not reach you", "हम आपसे संपर्क नहीं कर सके"},
		{"closed", change(linkPage(domain.VisitCompleted, domain.ConfirmConfirmed), func(p *customers.LinkPage) {
			p.Job.Status, p.CanCallMe, p.CanAnotherTime, p.CanCorrect = domain.JobClosed, false, false, false
		}), "This repair is closed", "यह मरम्मत बंद हो चुकी है"},
		{"job_cancelled", change(linkPage("", ""), func(p *customers.LinkPage) {
			p.Job.Status, p.CanCallMe, p.CanAnotherTime = domain.JobCancelled, false, false
		}), "This repair is cancelled", "यह मरम्मत रद्द हो चुकी है"},
	}
}

func renderState(t *testing.T, p *customers.LinkPage, lang string) string {
	t.Helper()
	v := newCustomerView(p, pages.In(lang))
	v.base = "/c/token"
	if v.Calendar != "" {
		v.Calendar = v.base + "/visit.ics"
	}
	for i := range v.Others {
		v.Others[i].URL = v.base + "?lang=" + v.Others[i].Lang
	}
	b, err := pages.Customer.Render("customer", v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCustomerPageInEveryState(t *testing.T) {
	var statuses []domain.VisitStatus
	for _, st := range pageStates() {
		if st.page.Visit != nil {
			statuses = append(statuses, st.page.Visit.Status)
		}
		for lang, heading := range map[string]string{"en": st.en, "hi": st.hi} {
			t.Run(st.name+" "+lang, func(t *testing.T) {
				page := renderState(t, st.page, lang)
				if dir := os.Getenv("DOORSTEP_SHOTS"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, st.name+"."+lang+".html"), []byte(page), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if !strings.Contains(page, "<h1>"+html.EscapeString(heading)+"</h1>") {
					t.Errorf("no heading %q in %s", heading, page)
				}
				if !strings.Contains(page, `<html lang="`+lang+`">`) {
					t.Error("the language is not declared")
				}
				if strings.Contains(page, "<no value>") || strings.Contains(page, "ZgotmplZ") ||
					regexp.MustCompile(`[>"](h|p|done|part|another|date)\.[a-z_]+[<"]`).MatchString(page) {
					t.Error("something was not filled in")
				}
				for action, offered := range map[string]bool{"confirm": st.page.CanConfirm, "another-time": st.page.CanAnotherTime,
					"cancel": st.page.CanCancel, "call-me": st.page.CanCallMe, "wrong-person": true,
					"passport": st.page.CanCorrect, "thanks": st.page.CanThank} {
					if got := strings.Contains(page, `action="/c/token/`+action+`"`); got != offered {
						t.Errorf("%s offered: %v, want %v", action, got, offered)
					}
				}
				if forms, keys := strings.Count(page, "<form"), strings.Count(page, `name="form_key" value="nonce.mark.mac"`); forms != keys {
					t.Errorf("%d forms, %d form keys", forms, keys)
				}
				last := map[string]string{"en": "It did not help. Friday, 21 November 2025", "hi": "फ़ायदा नहीं हुआ। शुक्रवार, 21 नवंबर 2025"}[lang]
				if !strings.Contains(page, "<dd>Leaks &lt;now&gt;</dd>") || !strings.Contains(page, "<dd>insulin</dd>") ||
					!strings.Contains(page, "<dd>Turned it off <small>"+last+"</small></dd>") ||
					strings.Contains(page, "turned it OFF") {
					t.Error("what is known is not said once")
				}
				if !strings.Contains(page, `href="tel:&#43;912025670000"`) && !strings.Contains(page, `href="tel:+912025670000"`) {
					t.Error("the centre's phone is missing")
				}
				if got := strings.Contains(page, "visit.ics"); got != slices.Contains([]string{"awaiting", "confirmed", "declined", "waiting"},
					st.name) {
					t.Errorf("calendar offered: %v", got)
				}
				if len(page) > 20_000 {
					t.Errorf("%d bytes", len(page))
				}
				for _, word := range []string{"safety", "unsafe", "hold", "flag"} {
					if strings.Contains(strings.ToLower(page), word) {
						t.Errorf("the page says %q", word)
					}
				}
			})
		}
	}
	for _, status := range domain.VisitStatuses {
		if !slices.Contains(statuses, status) {
			t.Errorf("no page is tested for %s", status)
		}
	}
}

func TestCustomerPageSaysWhen(t *testing.T) {
	p := linkPage(domain.VisitScheduled, domain.ConfirmAwaiting)
	en, hi := pages.In("en"), pages.In("hi")
	for _, c := range []struct {
		from, to   string
		text       *pages.Text
		day, hours string
	}{
		{"2026-11-24T10:00", "2026-11-24T12:00", en, "Tuesday, 24 November", "10:00 to 12:00"},
		{"2026-11-24T10:00", "2026-11-24T12:00", hi, "मंगलवार, 24 नवंबर", "10:00 से 12:00 तक"},
		{"2026-11-24T10:00", "2026-11-24T12:00", pages.In("mr"), "मंगळवार, 24 नोव्हेंबर", "10:00 ते 12:00"},
		{"2026-11-22T14:00", "2026-11-22T16:30", en, "Today, Sunday, 22 November", "14:00 to 16:30"},
		{"2026-11-22T14:00", "2026-11-22T16:30", hi, "आज, रविवार, 22 नवंबर", "14:00 से 16:30 तक"},
		{"2026-11-23T09:00", "2026-11-23T10:00", en, "Tomorrow, Monday, 23 November", "09:00 to 10:00"},
		{"2027-01-02T09:00", "2027-01-02T10:00", en, "Saturday, 2 January 2027", "09:00 to 10:00"},
		{"2026-11-24T22:00", "2026-11-25T00:00", en, "Tuesday, 24 November", "22:00 to 24:00"},
		{"2026-11-24T22:00", "2026-11-25T01:00", en, "Tuesday, 24 November", "22:00 to Wednesday, 25 November, 01:00"},
	} {
		from, _ := time.ParseInLocation("2006-01-02T15:04", c.from, kolkata)
		to, _ := time.ParseInLocation("2006-01-02T15:04", c.to, kolkata)
		day, hours := windowWords(c.text, from.UTC(), to.UTC(), p.Now, kolkata)
		if day != c.day || hours != c.hours {
			t.Errorf("%s to %s: %q %q", c.from, c.to, day, hours)
		}
	}
}

// The style that the page carries is the one that its CSP allows.
func TestPagesKeepTheirCSP(t *testing.T) {
	demo, err := pages.Demo.Render("demo", (&Demo{Phones: func() []DemoPhone { return nil }, Now: time.Now}).view())
	if err != nil {
		t.Fatal(err)
	}
	for csp, page := range map[string]string{pages.Customer.CSP: renderState(t, linkPage("", ""), "hi"), pages.Demo.CSP: string(demo)} {
		_, rest, _ := strings.Cut(page, "<style>")
		css, _, _ := strings.Cut(rest, "</style>")
		sum := sha256.Sum256([]byte(css))
		if len(css) < 500 || !strings.Contains(csp, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the CSP %s does not allow the style of %d bytes", csp, len(css))
		}
		if strings.Contains(page, " style=") || regexp.MustCompile(`<script>| on[a-z]+=`).MatchString(page) {
			t.Error("inline style or script")
		}
	}
}

// All languages say the same things, and each sentence that a page may ask
// for is there.
func TestWordsAreComplete(t *testing.T) {
	read := func(name string) map[string]string {
		b, err := os.ReadFile(filepath.Join("pages", name))
		if err != nil {
			t.Fatal(err)
		}
		raw := map[string]any{}
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for id, v := range raw {
			switch v := v.(type) {
			case string:
				m[id] = v
			case map[string]any: // by number
				for _, form := range []string{"one", "other"} {
					m[id+"."+form], _ = v[form].(string)
				}
			}
		}
		return m
	}
	files, err := filepath.Glob("pages/text.*.json")
	if err != nil || len(files) != len(domain.Languages) {
		t.Errorf("%d files of words, %d languages (%v)", len(files), len(domain.Languages), err)
	}
	place := regexp.MustCompile(`\{\{[^}]+\}\}`)
	places := func(words string) []string { return slices.Sorted(slices.Values(place.FindAllString(words, -1))) }
	en := read("text.en.json")
	for _, language := range domain.Languages[1:] {
		said := read("text." + language + ".json")
		for id, words := range en {
			if !slices.Equal(places(words), places(said[id])) {
				t.Errorf("%s: %s has other places", language, id)
			}
			if said[id] == "" || said[id] == words && !strings.HasPrefix(id, "date") && id != "step.line" {
				t.Errorf("%s: %s is not said", language, id)
			}
		}
		if len(en) != len(said) {
			t.Errorf("%d sentences in English, %d in %s", len(en), len(said), language)
		}
	}
}

func TestSpeak(t *testing.T) {
	for _, c := range []struct{ accept, household, want string }{
		{"hi-IN,hi;q=0.9,en;q=0.8", "en", "hi"},
		{"en-IN,en;q=0.9,hi;q=0.8", "hi", "en"},
		{"fr-FR,fr;q=0.9", "hi", "hi"},
		{"", "hi", "hi"},
		{"*", "hi", "hi"},
		{"", "ta", "en"},
		{"fr", "", "en"},
		{"((((", "hi", "hi"},
		{strings.Repeat("hi,", 400), "en", "en"},
		{"mr;q=0.1, hi;q=0.5", "en", "hi"},
		{"mr-IN,mr;q=0.9,hi;q=0.8", "en", "mr"},
		{"fr", "mr", "mr"},
	} {
		if got := pages.Speak(c.accept, c.household).Lang; got != c.want {
			t.Errorf("Speak(%.30q, %q) = %s, want %s", c.accept, c.household, got, c.want)
		}
	}
}

func TestDoneIsOnlyAKnownSentence(t *testing.T) {
	en := pages.In("en")
	for _, c := range []struct {
		done string
		page *customers.LinkPage
		want string
	}{
		{"confirm", linkPage(domain.VisitScheduled, domain.ConfirmConfirmed), "Thank you. Your visit is confirmed."},
		{"confirm", linkPage(domain.VisitScheduled, domain.ConfirmAwaiting), ""},
		{"confirm", linkPage("", ""), ""},
		{"cancel", linkPage(domain.VisitScheduled, domain.ConfirmAwaiting), ""},
		{"cancel", linkPage(domain.VisitCancelled, domain.ConfirmDeclined), "The visit is cancelled."},
		{"already", linkPage("", ""), "That was done already. This is how it stands."},
		{"wrong-person", linkPage("", ""), ""},
		{"<script>", linkPage("", ""), ""},
	} {
		if got := doneWords(en, c.done, c.page); got != c.want {
			t.Errorf("done=%s: %q", c.done, got)
		}
	}
}

// A form that came back shows what is wrong and what was entered, escaped.
func TestFormComesBack(t *testing.T) {
	v := newCustomerView(linkPage("", ""), pages.In("en"))
	v.Entered = url.Values{"date": {"2031-01-01"}, "note": {`"><script>alert(1)</script>`}}
	v.Wrong["date"] = v.Text.Say("another.date.wrong")
	b, err := pages.Customer.Render("customer", v)
	page := string(b)
	if err != nil || strings.Contains(page, "<script>") || !strings.Contains(page,
		`value="2031-01-01" aria-invalid="true" aria-describedby="date-err"`) ||
		!strings.Contains(page, `id="date-err">Please choose a day`) {
		t.Errorf("%v %s", err, page)
	}
	if !strings.Contains(page, `min="2026-11-22" max="2027-02-22"`) {
		t.Error("the date is not bounded in the site's zone")
	}
}

// The household reads what was asked in its name; by a link that staff have read it is
// asked for the code of a message, and what was asked is not said.
func TestThePageAsksWhetherItWasYou(t *testing.T) {
	for action, rule := range domain.HouseholdActions {
		if rule.Side != domain.ForUs && rule.Side != domain.ForNobody {
			continue
		}
		for _, lang := range []string{"en", "hi"} {
			text := pages.In(lang)
			what := text.Say("asked." + action)
			if what == "" || strings.HasPrefix(what, "asked.") {
				t.Errorf("%s has no words in %s", action, lang)
			}
			p := linkPage(domain.VisitCompleted, domain.ConfirmConfirmed)
			p.Asked = []domain.LinkRequest{{Action: action}}
			own := renderState(t, p, lang)
			p.Link.ReadAt = &p.Now
			read := renderState(t, p, lang)
			if !strings.Contains(own, html.EscapeString(what)) || strings.Contains(own, `name="code"`) || !strings.Contains(own, "/undo") {
				t.Errorf("%s in %s: the household reads\n%s", action, lang, own)
			}
			if strings.Contains(read, html.EscapeString(what)) || !strings.Contains(read, `name="code"`) {
				t.Errorf("%s in %s: by a link that staff have read it says\n%s", action, lang, read)
			}
		}
	}
}

func TestCalendarEntry(t *testing.T) {
	p := linkPage(domain.VisitScheduled, domain.ConfirmAwaiting)
	p.Visit.Sequence = 3
	entry := calendarEntry(p, "Repair visit, Asha; Sons", "one, two\nthree")
	for _, line := range []string{"METHOD:PUBLISH", "UID:job-0190a000-0000-7000-8000-000000000001@doorstep", "SEQUENCE:6",
		"DTSTART:20261124T043000Z", "DTEND:20261124T063000Z",
		"STATUS:TENTATIVE", `SUMMARY:Repair visit\, Asha\; Sons`, `DESCRIPTION:one\, two\nthree`, "DTSTAMP:20261122T033000Z", "VERSION:2.0"} {
		if !strings.Contains(entry, line+"\r\n") {
			t.Errorf("no line %s in\n%s", line, entry)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(entry, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\n\r") {
			t.Errorf("line %q", line)
		}
	}
	for status, want := range map[domain.VisitStatus]string{domain.VisitScheduled: "CONFIRMED", domain.VisitEnRoute: "CONFIRMED",
		domain.VisitCancelled: "CANCELLED", domain.VisitMissed: "CANCELLED", domain.VisitCompleted: "CONFIRMED"} {
		if got := calendarStatus(&domain.Visit{Status: status, Confirmation: domain.ConfirmConfirmed}); string(got) != want {
			t.Errorf("%s: %s", status, got)
		}
	}
}

var (
	controlPattern = regexp.MustCompile(`(?s)<(button|summary|label|a|legend|h1|h2)\b[^>]*>(.*?)</`)
	wordPattern    = regexp.MustCompile(`[^\p{L}\p{M}\p{N}]+`)
)

// TestNoTwoControlsShareALabel: whatever a page offers at once, in either
// language, no two things that can be tapped or filled in are called the same,
// and no heading says what a control says. Choices are called by their question
// and their words.
func TestNoTwoControlsShareALabel(t *testing.T) {
	id := uuid.MustParse("0190a000-0000-7000-8000-000000000002")
	subjects := map[domain.VisitStatus]string{domain.VisitNoAccess: "no_access", domain.VisitCompleted: "completion",
		domain.VisitScheduled: "agreement"}
	for _, st := range pageStates() {
		p := *st.page
		p.CanStop, p.CanDone, p.CanReopen, p.CanAppeal, p.EndCode, p.CanWrongWord = true, true, true, true, "1234", true
		p.DoorWords = &domain.DoorWords{Crew: domain.DoorWord{Latin: "Gulab", Devanagari: "गुलाब"},
			Household: domain.DoorWord{Latin: "Mor", Devanagari: "मोर"}}
		until := p.Now.Add(24 * time.Hour)
		p.NoteUntil, p.NoteAnswer = &until, "It stands."
		p.Caller, p.CallBy = "Sneha", until
		p.Asked, p.Link.ReadAt = []domain.LinkRequest{{Action: "done"}}, &p.Now
		p.People = []customers.LinkPerson{{ID: id, Name: "Ravi"}}
		p.Tries = []customers.LinkTry{{ID: id, At: p.Now.Add(-time.Hour), Channel: "phone", Outcome: "no_answer", Grade: "declared",
			Disputable: true}}
		if p.CanAnotherTime {
			p.Free = []customers.FreeSlot{{WindowStart: until, WindowEnd: until.Add(2 * time.Hour)},
				{WindowStart: until.Add(2 * time.Hour), WindowEnd: until.Add(4 * time.Hour)}}
			p.Held = &customers.HeldSlot{WindowStart: until.Add(time.Hour), WindowEnd: until.Add(3 * time.Hour), Until: p.Now.Add(10 * time.Minute)}
		}
		if p.Visit != nil {
			p.VisitSubject = subjects[p.Visit.Status]
		}
		for _, lang := range []string{"en", "hi"} {
			page := renderState(t, &p, lang)
			seen, group, checked := map[string]string{}, "", 0
			for _, m := range controlPattern.FindAllStringSubmatch(page, -1) {
				words := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[2], " "))
				words = strings.ToLower(strings.TrimSpace(wordPattern.ReplaceAllString(words, " ")))
				switch {
				case words == "":
					continue
				case m[1] == "legend":
					group = words
					continue
				case m[1] == "label" && strings.Contains(m[0], `type="radio"`):
					words = group + ": " + words
				}
				checked++
				if other, twice := seen[words]; twice {
					t.Errorf("%s %s: a %s and a %s are both called %q", st.name, lang, other, m[1], words)
				}
				seen[words] = m[1]
			}
			if checked < 10 {
				t.Fatalf("%s %s: only %d controls were found", st.name, lang, checked)
			}
		}
	}
}
