package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestOneVoiceKeepsNobodyFromAllHomesTwice: what a desk says that households said takes one of our people off all homes
// once, and again only when it was upheld or is triaged; the area manager reads how often it was lodged. A household's own
// link, and another voice, act at once.
func TestOneVoiceKeepsNobodyFromAllHomesTwice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned", "visits.again")
		h.MayIgnore("flag.triage", "job.nobody_left", "flag.hearing")
		desk, gita, meena, maya := h.As("kiran"), h.As("gita"), h.As("meena"), h.As("maya")
		met := func() object {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena")
			h.WorkUntil("meena", visit, "complete", nil)
			return job
		}
		lodge := func(p *harness.Client, job object) {
			p.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "threatened", "subject_id": meena.ID,
				"note": "the household said so"}, 200)
		}
		open := func() (ids []object) {
			for _, k := range items(maya.Send("GET", "/v1/keep-aways", nil, 200)) {
				if k["lifted_at"] == nil {
					ids = append(ids, k)
				}
			}
			return ids
		}
		jobs := []object{met(), met(), met(), met(), met()}
		lodge(desk, jobs[0])
		if len(open()) != 1 {
			h.Fatalf("the first keeps her from homes: %v", open())
		}
		lodge(desk, jobs[1])
		if len(open()) != 1 {
			h.Fatal("a second before the first is answered keeps her away once more")
		}
		known := fmt.Sprint(harness.Items(maya.Send("GET", "/v1/queue", nil, 200)))
		if !strings.Contains(known, "One voice has lodged 2 reports about them") || !strings.Contains(known, "kept from this home alone") {
			h.Errorf("the manager reads %s", known)
		}
		h.Decide("maya", open()[0]["flag_id"], "not_upheld")
		if len(open()) != 0 {
			h.Fatalf("answered, it stands: %v", open())
		}
		lodge(desk, jobs[2])
		if len(open()) != 0 {
			h.Fatal("a third after one that was not upheld keeps her away unread")
		}
		for _, f := range items(maya.Send("GET", "/v1/flags?status=reported", nil, 200)) {
			if f["job_id"] == jobs[2]["id"] {
				maya.MoveFlag(f["id"], "triage", nil, 200)
			}
		}
		if len(open()) != 1 {
			h.Fatal("triaged, it does not")
		}
		lodge(gita, jobs[3])
		h.CustomerPage(jobs[4]).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		if len(open()) != 3 {
			h.Fatalf("another voice and a household's own: %d", len(open()))
		}
	})
}

// TestOneDeskIsOneVoice: what the people of one desk lodge about the same person within a week keeps them from all homes once, whoever of
// them writes it down and however; each further one goes to whoever triages, urgent, and is answered alike. A household's own link,
// another desk, and a colleague to whom it happened act at once.
func TestOneDeskIsOneVoice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned")
		h.MayIgnore("flag.live_overdue", "call.manager", "visits.again", "job.nobody_left",
			"flag.hearing", "flag.overdue", "queue.morning", "aftercare.due",
			"break.offered",
			"flag.triaged", "note.waiting", "flag.decided", "aftercare.late", "flag.heard", "visit.needs_someone", "visit.unassigned",
			"flag.passed_on")
		meena, maya := h.As("meena"), h.As("maya")
		h.AddColleague("gita.two", h.As("gita"))
		met := func() object {
			_, job := h.Household(h.As("kiran"), nil)
			visit := h.Visit(h.As("kiran"), job, h.Clock.Now().Add(time.Hour), "meena", "ravi")
			h.WorkUntil("meena", visit, "complete", nil)
			h.Clock.Advance(time.Minute)
			return job
		}
		open := func() (flags []any) {
			for _, k := range items(maya.Send("GET", "/v1/keep-aways", nil, 200)) {
				if k["lifted_at"] == nil {
					flags = append(flags, k["flag_id"])
				}
			}
			return flags
		}
		clear := func() {
			for _, f := range open() {
				h.Decide("maya", f, "not_upheld")
			}
		}
		voice := func(login string) func(job object) string {
			return func(job object) string {
				return h.As(login).Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "threatened",
					"subject_id": meena.ID, "note": "the household said so"}, 200)["tell_caller"].(string)
			}
		}
		flag := func(login string) func(job object) string {
			return func(job object) string {
				h.As(login).Send("POST", "/v1/flags", object{"job_id": job["id"], "subject_id": meena.ID, "kind": "threat", "level": 3}, 201)
				return ""
			}
		}
		link := func(job object) string {
			h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
			return ""
		}
		read := func(login string) func(job object) string { // the link that they read, as if they were the household
			return func(job object) string {
				h.ReadPage(h.As(login), job).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
				return ""
			}
		}
		words := map[string]string{}
		for _, step := range []struct {
			what   string
			lodge  func(job object) string
			atOnce bool
		}{
			{"the desk", voice("kiran"), true}, {"the desk's proprietor", voice("asha"), false}, {"the proprietor's own report", flag("asha"),
				false},
			{"by a link that the desk has read", read("kiran"), false},
			{"the contact desk", voice("gita"), true}, {"another of the contact desk", voice("gita.two"), false}, {"a household's link", link, true},
			{"a colleague", flag("ravi"), true}, {"the area manager", flag("noor"), true}, {"another household's link", link, true},
		} {
			job := met()
			said := step.lodge(job)
			if got := open(); (len(got) == 1) != step.atOnce {
				h.Errorf("%s keeps her from all homes by %d reports, at once: %v", step.what, len(got), step.atOnce)
			}
			if w, ok := words["voice"]; said != "" && ok && w != said {
				h.Errorf("%s is answered %q, another %q", step.what, said, w)
			} else if said != "" {
				words["voice"] = said
			}
			if !step.atOnce { // it is urgent for whoever triages, and takes effect with the triage
				for _, f := range items(maya.Send("GET", "/v1/flags?status=reported", nil, 200)) {
					if due := harness.Instant(t, f["triage_due_at"]); f["job_id"] == job["id"] {
						if due.Sub(h.Clock.Now()) > 30*time.Minute {
							h.Errorf("%s: triage is due at %s", step.what, due)
						}
						maya.MoveFlag(f["id"], "triage", nil, 200)
					}
				}
				if len(open()) != 1 {
					h.Errorf("%s, triaged, keeps her by %d", step.what, len(open()))
				}
			}
			clear()
		}
		// The household's own link acts also where the desk spoke for it before.
		job := met()
		read("asha")(job)
		link(job)
		if len(open()) != 1 {
			h.Errorf("after the desk's the household's own keeps her by %d", len(open()))
		}
		clear()
		// A week later the desk has a voice again.
		h.Clock.Advance(8 * 24 * time.Hour)
		lodger := h.AddColleague("kiran.two", h.As("kiran"))
		voice(lodger.Login)(met())
		if len(open()) != 1 {
			h.Errorf("a week later the desk's word keeps her by %d", len(open()))
		}
	})
}

// TestAReportForAHomeToWhichNobodyWentIsReadFirst: whoever of ours lodges that somebody threatened a household to which they never set
// out keeps them from that home, and from all homes once it is triaged. After they had set out it acts at once, whichever way it comes.
func TestAReportForAHomeToWhichNobodyWentIsReadFirst(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("flag.triage", "flag.live", "job.nobody_left", "flag.hearing", "visits.again", "visit.unassigned", "visit.needs_someone",
			"link.asked", "flag.overdue", "flag.live_overdue", "flag.passed_on", "flag.triaged")
		desk, maya, subject := h.As("kiran"), h.As("maya"), ""
		away := func() (n int) {
			for _, k := range items(maya.Send("GET", "/v1/keep-aways", nil, 200)) {
				if k["lifted_at"] == nil {
					n++
				}
			}
			return n
		}
		lodge := map[string]func(job object){
			"by voice": func(job object) {
				desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "report", "what": "threatened", "subject_id": subject}, 200)
			},
			"as their own": func(job object) {
				desk.Send("POST", "/v1/flags", object{"job_id": job["id"], "kind": "threat", "level": 3, "subject_id": subject}, 201)
			},
			"by a link that the desk has read": func(job object) {
				h.ReadPage(desk, job).Submit("report", 303, "what", "threatened", "who", subject)
			},
			"its own link": func(job object) {
				h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", subject)
			},
		}
		for how, say := range lodge {
			for _, sent := range []bool{false, true} {
				if !sent && strings.Contains(how, "link") { // a page offers only who came
					continue
				}
				if h.Clock.Now().Sub(harness.Monday)%(24*time.Hour) > 5*time.Hour {
					h.Advance(24*time.Hour - h.Clock.Now().Sub(harness.Monday)%(24*time.Hour))
				}
				login := "tech" + strings.ReplaceAll(how, " ", "") + fmt.Sprint(sent) // one of whom nothing was said before
				subject = h.AddTechnician(login)
				_, job := h.Household(desk, nil)
				visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), login)
				if sent {
					h.WorkUntil(login, visit, "complete", nil)
				}
				before := away()
				say(job)
				h.Settle()
				want := sent
				if now := away() > before; now != want {
					t.Errorf("%s, sent %v: kept from all homes %v", how, sent, now)
				}
				var last any
				for _, f := range items(maya.Send("GET", "/v1/flags?limit=100", nil, 200)) {
					if f["job_id"] == job["id"] {
						last = f["id"]
					}
				}
				if !want {
					maya.MoveFlag(last, "triage", nil, 200)
					if away() == before {
						t.Errorf("%s, sent %v: triaged it does not act", how, sent)
					}
				}
			}
		}
	})
}

// TestWhoeverReadsALinkSecondIsAVoiceToo: the desk has lodged a report, and reads a link that an agent had read before it. What comes
// by that link about the same person is no second voice.
func TestWhoeverReadsALinkSecondIsAVoiceToo(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "visit.assigned")
		h.MayIgnore("flag.triage", "job.nobody_left", "flag.hearing", "visits.again")
		desk, gita, meena, maya := h.As("kiran"), h.As("gita"), h.As("meena"), h.As("maya")
		met := func() object {
			_, job := h.Household(desk, nil)
			h.WorkUntil("meena", h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena"), "complete", nil)
			return job
		}
		one, two := met(), met()
		desk.Send("POST", path("/v1/jobs/%s/voice", one), object{"action": "report", "what": "threatened", "subject_id": meena.ID}, 200)
		before := len(items(maya.Send("GET", "/v1/keep-aways", nil, 200)))
		h.ReadPage(gita, two)
		h.ReadPage(desk, two).Submit("report", 303, "what", "threatened", "who", meena.ID.String())
		if n := len(items(maya.Send("GET", "/v1/keep-aways", nil, 200))); before != 1 || n != 1 {
			t.Errorf("kept from all homes %d times, then %d", before, n)
		}
	})
}
