package contact

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/notifications"
	"doorstep/repo/repotest"

	"github.com/google/uuid"
)

// texts is the operator's gateway for written messages.
type texts struct {
	mu   sync.Mutex
	sent []string
}

func (g *texts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, string(body))
}

// with gives those of the texts that hold words.
func (g *texts) with(h *harness.Harness, words string) (out []string) {
	h.Settle()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.sent {
		if strings.Contains(t, words) {
			out = append(out, t)
		}
	}
	return out
}

// onEachEngineWithTexts runs a story on every engine, with a message webhook.
func onEachEngineWithTexts(t *testing.T, tell func(h *harness.Harness, g *texts)) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			g := &texts{}
			server := httptest.NewServer(g)
			t.Cleanup(server.Close)
			tell(harness.New(t, engine, func(w *app.Config) {
				var err error
				if w.Text, err = notifications.NewWebhook(server.URL, "whsec_"+strings.Repeat("c2VjcmV0", 4), nil); err != nil {
					t.Fatal(err)
				}
			}), g)
		})
	}
}

// Who reads a link gets another one than the system delivers, and is named on the
// timeline each time. Sending shows it to nobody.
func TestReadingALinkIsOnRecord(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		own := h.DeliveredLink(job)
		read := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)
		again := ravi.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)
		if read["share_url"] == own || again["share_url"] != read["share_url"] || again["read_at"] != read["read_at"] {
			t.Errorf("staff read %v and %v; the system delivers %s", read, again, own)
		}
		var by []any
		for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			if e["kind"] == "link.read" {
				by = append(by, e["by_id"])
			}
		}
		if len(by) != 2 || by[0] != desk.ID.String() || by[1] != ravi.ID.String() {
			t.Errorf("the timeline names as readers %v", by)
		}
		if log := items(h.As("root").Send("GET", "/v1/security-log?kind=link_read", nil, 200)); len(log) != 2 ||
			log[0]["actor_id"] != ravi.ID.String() || log[0]["job_id"] != job["id"] {
			t.Errorf("the security log has %v", log)
		}
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 409)
		h.ReadPage(ravi, job).RegisterDevice("ravi's browser")
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 409) // that device may be his
		h.CustomerPage(job).RegisterDevice("family")
		sent, _ := desk.Raw("POST", path("/v1/jobs/%s/link/send", job), nil)
		if !strings.Contains(string(sent), `"sent_by":["device"]`) || strings.Contains(string(sent), "/c/") {
			t.Errorf("sent: %s", sent)
		}
		if got := h.ExpectOn("family", "Your repair").Data["link"]; got != own {
			t.Errorf("the household's device gets %v", got)
		}
		if got := h.ExpectOn("ravi's browser", "Your repair").Data["link"]; got != read["share_url"] {
			t.Errorf("a device that proves nothing gets %v", got)
		}
	})
}

// A device that was registered by a link which staff had read takes pushes, and is
// the household's for nothing: a text goes out all the same.
func TestADeviceByAReadLinkProvesNothing(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("job.share", "visit.assigned")
		h.MayIgnore("visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		h.ReadPage(ravi, job).RegisterDevice("ravi's browser")
		if sent := desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200); fmt.Sprint(sent["sent_by"]) != "[message]" {
			t.Errorf("sent: %v", sent)
		}
		if got := g.with(h, h.DeliveredLink(job)); len(got) == 0 {
			t.Errorf("no text has the household's link: %v", g.with(h, ""))
		}
		h.CustomerPage(job).RegisterDevice("family")
		before := len(g.with(h, ""))
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
		if after := len(g.with(h, "")); after != before {
			t.Errorf("the household has a device, and got %d texts", after-before)
		}
	})
}

// Nobody knows who read a link from before: it counts as read, and so does each device
// that was registered by it. With the first notice the household gets one of its own.
func TestALinkFromBeforeCountsAsRead(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("job.share", "visit.assigned", "visit.confirmed")
		h.MayIgnore("visit.offered")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		old := h.CustomerPage(job)
		old.RegisterDevice("family")
		for _, statement := range []string{"UPDATE links SET read_at = created_at",
			"UPDATE devices SET unproven = true WHERE link_id IS NOT NULL"} {
			if _, err := h.DB.SQL().ExecContext(t.Context(), statement); err != nil { // as the migration does
				t.Fatal(err)
			}
		}
		visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		old.Submit("confirm", 303)
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["confirmed_how"]; got != "read_link" {
			t.Errorf("by a link of before it is confirmed by %v", got)
		}
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
		h.Settle()
		fresh := h.DeliveredLink(job)
		if got := g.with(h, fresh); len(got) == 0 || strings.HasSuffix(fresh, old.Link) {
			t.Errorf("the household has no link of its own: %v", g.with(h, ""))
		}
	})
}

// code is the one of the latest text that asks whether it was the household.
func (g *texts) code(h *harness.Harness) string {
	h.Helper()
	asked := g.with(h, "Was it you?")
	if len(asked) == 0 {
		h.Fatal("the household was not asked")
	}
	found := regexp.MustCompile(`Was it you\?: ([0-9]{6})\.`).FindStringSubmatch(asked[len(asked)-1])
	if found == nil {
		h.Fatalf("no code in %s", asked[len(asked)-1])
	}
	return found[1]
}

// workedOn is a job whose visit ravi said to have completed, and the page by the link
// that he read.
func workedOn(h *harness.Harness) (job, visit object, his *harness.CustomerPage) {
	h.Helper()
	visit, job, his = workedOnBy(h, "ravi")
	return job, visit, his
}

func workedOnBy(h *harness.Harness, login string) (visit, job object, page *harness.CustomerPage) {
	h.Helper()
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	_, job = h.Household(desk, nil)
	visit = h.Visit(desk, job, h.Clock.Now().Add(30*time.Minute), login)
	page = h.ReadPage(h.As(login), job)
	h.WorkUntil(login, visit, "complete", object{"work_done": "as asked", "tested": "works"})
	return visit, job, page
}

// A technician who reads the link does not confirm their own completion by it: that
// waits for the household, and stays unconfirmed where it says nothing.
func TestNobodyConfirmsTheirOwnCompletionByTheLink(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("link.verify", "queue.morning")
		desk, maya := h.As("kiran"), h.As("maya")
		how := func(visit object) any {
			return desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["done_confirmed_how"]
		}
		_, visit, his := workedOn(h)
		if page := his.Submit("done", 303); !strings.Contains(page, "First we need to know that it is you") ||
			!strings.Contains(page, "Code from our message") {
			t.Errorf("the page says\n%s", page)
		}
		his.Submit("done", 303) // asked once more
		if got := how(visit); got != "" {
			t.Fatalf("confirmed by %v", got)
		}
		waiting := items(maya.Send("GET", "/v1/link-requests?status=pending", nil, 200))
		if len(waiting) != 1 || waiting[0]["action"] != "done" || waiting[0]["default"] != "The completion stays unconfirmed." {
			t.Fatalf("waiting: %v", waiting)
		}
		for login, want := range map[string]int{"kiran": 403, "asha": 403, "ravi": 403, "noor": 404, "maya2": 404} {
			if login == "noor" {
				continue // the deputy's office is the manager's
			}
			h.As(login).Send("POST", path("/v1/link-requests/%s/decide", waiting[0]), object{"decision": "accept", "reasons": "as asked"}, want)
		}
		if page := his.Submit("verify", 422, "code", "000000"); !strings.Contains(page, "not the code of our message") {
			t.Errorf("a wrong code: %s", page)
		}
		h.Advance(49 * time.Hour)
		if got := items(maya.Send("GET", "/v1/link-requests?status=lapsed", nil, 200)); len(got) != 1 || how(visit) != "" {
			t.Errorf("two days later: %v, confirmed by %v", got, how(visit))
		}

		h.Clock.Set(h.Clock.Now().Add(24 * time.Hour)) // another day, with the household's code
		_, visit, his = workedOn(h)
		his.Submit("done", 303)
		code := g.code(h)
		his.Submit("verify", 303, "code", code)
		if got := how(visit); got != "link" {
			t.Errorf("with the household's code it is confirmed by %v", got)
		}
		_, visit, his = workedOn(h) // and with the link of the message
		his.Submit("done", 303)
		job := object{"id": visit["job_id"]}
		if page := h.CustomerPage(job).Read(); !strings.Contains(page, "To confirm that the work is done") ||
			strings.Contains(page, "Code from") {
			t.Errorf("the household's page says\n%s", page)
		}
		h.CustomerPage(job).Submit("undo", 303)
		if got := how(visit); got != "" {
			t.Errorf("it was not the household, and is confirmed by %v", got)
		}
		his.Submit("done", 303)
		asked := items(maya.Send("GET", "/v1/link-requests?status=pending", nil, 200))[0]
		maya.MoveQueued(harness.Queue(maya)["link_request"], 0, object{"decision": "accept", "reasons": "I rang her up."}, 200)
		if got := how(visit); got != "desk" || asked["action"] != "done" {
			t.Errorf("the manager asked the household: confirmed by %v", got)
		}
	})
}

// The end code proves that the crew spoke with the household: by the link that they
// can read it is not shown.
func TestALinkThatStaffReadShowsNoEndCode(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		visit := h.ArrivedVisit()
		h.MayIgnore("visit.assigned")
		job := object{"id": visit["job_id"]}
		shown := regexp.MustCompile(`<b>[0-9]{6}</b>`)
		if !shown.MatchString(h.CustomerPage(job).Read()) || shown.MatchString(h.ReadPage(h.As("ravi"), job).Read()) {
			t.Error("the end code stands on the page of a link that staff have read, or on none")
		}
	})
}

// The accused technician opens the link and takes the report back: it stands. What
// speaks against us acts by any link.
func TestTheAccusedDoesNotTakeTheReportBack(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("flag.triage", "link.verify", "flag.withdrawn", "flag.overdue", "dispute.opened", "dispute.desk", "queue.morning")
		desk, maya := h.As("kiran"), h.As("maya")
		job, visit, his := workedOn(h)
		his.Submit("report", 303, "what", "rude", "who", h.People["ravi"].ID.String(), "note", "He shouted.")
		report := items(maya.Send("GET", "/v1/flags", nil, 200))[0]
		his.Submit("withdraw-report", 303)
		quiet := desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)
		for _, e := range items(quiet) {
			if strings.Contains(fmt.Sprint(e), "withdraw") {
				t.Errorf("the timeline names it: %v", e)
			}
		}
		stands := func() {
			t.Helper()
			if got := maya.Flag(report["id"], 200); got["status"] != "reported" || got["withdrawn_at"] != nil {
				t.Fatalf("the report is %v, taken back %v", got["status"], got["withdrawn_at"])
			}
		}
		stands()
		his.Submit("dispute", 303, "visit_id", visit["id"].(string), "claim", "not_done")
		if !desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["disputed"].(bool) {
			t.Error("the completion still counts")
		}
		if it := harness.Queue(maya)["link_request"]; it["title"] != "Did the household ask this?" {
			t.Errorf("the queue has %v", it)
		}
		h.Advance(49 * time.Hour)
		stands()

		his.Submit("withdraw-report", 303) // the household itself, by the code of its phone
		his.Submit("verify", 303, "code", g.code(h))
		if got := maya.Flag(report["id"], 200); got["status"] != "withdrawn" {
			t.Errorf("the household took it back, and it is %v", got["status"])
		}
	})
}

// Moving a visit by a link that staff have read is done, marked and told, and the
// household undoes it within a day; it is neither contact nor agreement.
func TestAVisitMovedByAReadLinkIsMarkedAndUndone(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("visit.assigned", "visit.confirmed", "visit.unconfirmed", "visit.cancelled", "visit.cancelled_by_customer",
			"visit.another_time")
		desk, ravi := h.As("kiran"), h.As("ravi")
		see := func(visit object) object { return desk.Send("GET", path("/v1/visits/%s", visit), nil, 200) }
		for i, x := range []struct {
			action, status, said string
			fields               []string
		}{{"confirm", "scheduled", "confirmed", nil}, {"cancel", "cancelled", "declined", nil},
			{"another-time", "scheduled", "declined", []string{"date", "2027-03-04", "part", "morning"}},
			{"another-time", "rescheduled", "awaiting", []string{"take", "1"}}} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(time.Duration(48+24*i)*time.Hour), "ravi")
			his := h.ReadPage(ravi, job)
			fields := x.fields
			if x.status == "rescheduled" {
				fields = append(fields, "window", his.FreeWindows()[0])
			}
			his.Submit(x.action, 303, fields...)
			now := see(visit)
			if now["status"] != x.status || now["confirmation"] != x.said || x.status != "rescheduled" && now["confirmed_how"] != "read_link" {
				t.Fatalf("%s: %v, %v by %v", x.action, now["status"], now["confirmation"], now["confirmed_how"])
			}
			if now["successor_id"] != nil {
				now = see(object{"id": now["successor_id"]})
				if now["confirmed_how"] != "read_link" || now["agreed_attempt_id"] != nil {
					t.Fatalf("the visit at the other time: %v", now)
				}
			}
			if got := items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)); len(got) != 0 {
				t.Errorf("%s is contact: %v", x.action, got)
			}
			if got := h.EntryKinds(job); harness.Count(got, "link.acted") != 1 {
				t.Errorf("%s: the timeline has %v", x.action, got)
			}
			his.Submit("undo", 303, "code", g.code(h))
			if x.status == "rescheduled" {
				now = see(object{"id": see(now)["successor_id"]})
			} else {
				now = see(visit)
			}
			if now["status"] != "scheduled" || now["confirmation"] != "awaiting" || now["window_start"] != visit["window_start"] {
				t.Errorf("undone, %s leaves %v, %v, %v", x.action, now["status"], now["confirmation"], now["window_start"])
			}
			his.Submit("undo", 409, "code", "123456") // nothing is left to undo
			h.Clock.Advance(time.Minute)
		}

		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(8*24*time.Hour), "ravi")
		h.ReadPage(ravi, job).Submit("confirm", 303)
		h.CustomerPage(job).Submit("verify", 303) // it was the household: now it is its word
		if got := see(visit); got["confirmation"] != "confirmed" || got["confirmed_how"] != "link" {
			t.Errorf("verified, it is %v by %v", got["confirmation"], got["confirmed_how"])
		}
		_, job = h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(9*24*time.Hour), "ravi")
		his := h.ReadPage(ravi, job)
		his.Submit("confirm", 303)
		h.Advance(25 * time.Hour)
		h.CustomerPage(job).Submit("undo", 409) // too late
	})
}

// A contact by a link that staff have read lifts what speaks against the household, and
// is no agreement to a time.
func TestAContactByAReadLinkIsNoAgreement(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "promise.yours")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		h.ReadPage(ravi, job).Submit("call-me", 303)
		said := items(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))
		if len(said) != 1 || said[0]["grade"] != "declared" {
			t.Fatalf("the contact is %v", said)
		}
		at := harness.Monday.Add(48 * time.Hour)
		body := object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339)}
		ravi.Send("POST", path("/v1/jobs/%s/visits", job), body, 409)
		body["attempt_id"] = said[0]["id"]
		ravi.Send("POST", path("/v1/jobs/%s/visits", job), body, 422)
	})
}

// What somebody did is not written down as the household's word by themselves.
func TestNobodyWritesDownTheirOwnConfirmation(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "dispute.desk")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, visit, _ := workedOn(h)
		job := object{"id": visit["job_id"]}
		spoke := object{"channel": "phone", "outcome": "reached"}
		said := ravi.Send("POST", path("/v1/visits/%s/attempts", visit), spoke, 201)
		desk.Send("POST", path("/v1/visits/%s/confirm-done", visit), object{}, 409)
		desk.Send("POST", path("/v1/visits/%s/confirm-done", visit), object{"attempt_id": said["id"]}, 409)
		ravi.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "done"}, 403)
		h.As("root").Send("PATCH", "/v1/users/"+ravi.ID.String(), object{"role": "coordinator"}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("ravi"))) // he works at the desk now
		ravi.Token = ""
		ravi = h.As("ravi")
		ravi.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "done"}, 403)
		ravi.Send("POST", path("/v1/visits/%s/confirm-done", visit), object{"contact": spoke}, 403)
		h.CustomerPage(job).Submit("dispute", 303, "visit_id", visit["id"].(string), "claim", "not_done")
		wrong := object{"action": "wrong-person", "phone": "+919812345678"}
		ravi.Send("POST", path("/v1/jobs/%s/voice", job), wrong, 403) // it would end the dispute about his visit
		ended, _, _ := workedOnBy(h, "meena")
		desk.Send("POST", path("/v1/visits/%s/confirm-done", ended), object{"contact": spoke}, 200)
	})
}

// A device that came by a link which staff had read proves nothing until its browser types a code that went to the
// household's phone; then it does, and goes on doing so when it registers again. Others that came by that link do not.
func TestADeviceIsVerifiedByACode(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("job.share")
		h.MayIgnore("link.verify", "link.asked", "link.settled", "visit.offered", "visit.en_route", "visit.arrived", "visit.completed")
		desk := h.As("kiran")
		job, _, his := workedOn(h)
		put := func(token string, id uuid.UUID) {
			h.Helper()
			h.Anonymous().Send("PUT", his.Link+"/devices/"+id.String(), object{"token": token, "platform": "web"}, 200)
		}
		family, ravis := uuid.New(), uuid.New()
		put("family", family)
		put("ravi's browser", ravis)
		his.Submit("done", 303)
		own := func() (n int) {
			h.Helper()
			before := len(g.with(h, ""))
			if sent := desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200); fmt.Sprint(sent["sent_by"]) == "[device]" {
				n++
			}
			if len(g.with(h, "")) == before {
				n++
			}
			return n
		}
		his.Submit("verify", 422, "code", "000000x", "device", ravis.String())
		his.Submit("undo", 422, "device", ravis.String())
		if own() != 0 {
			t.Error("a device proves without a code")
		}
		his.Submit("verify", 303, "code", g.code(h), "device", family.String())
		if own() != 2 {
			t.Error("the verified device does not prove")
		}
		put("family again", family)
		put("ravi's browser", ravis)
		if own() != 2 {
			t.Error("after it registered again it does not prove")
		}
		if got := h.ExpectOn("family again", "Your repair").Data["link"]; got != h.DeliveredLink(job) {
			t.Errorf("it gets %v", got)
		}
		if n := strings.Count(fmt.Sprint(h.EntryKinds(job)), "device.proven"); n != 1 {
			t.Errorf("the timeline says it %d times", n)
		}
	})
}

// TestWhatIsUndoneTooLateWasMissed: somebody cancels or moves a visit by a link that staff had read, and the household takes it back.
// While the visit's time is not over it stands again; after it nobody came, which is ours, and the page says so and lets it choose first.
func TestWhatIsUndoneTooLateWasMissed(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled", "visit.cancelled_by_customer", "visit.missed_desk")
		h.MayIgnore("visit.another_time", "visit.needs_someone", "visit.late_desk", "visit.confirmed", "queue.morning", "job.silent",
			"jobs.silent", "digest", "visit.crew_changed", "visit.unassigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		see := func(visit object) object { return desk.Send("GET", path("/v1/visits/%s", visit), nil, 200) }
		for _, x := range []struct {
			name, action string
			before       time.Duration // the window, when somebody does it
			after        time.Duration // its beginning, when it is undone
			status       string
		}{
			{"cancelled, undone in time", "cancel", 3 * time.Hour, -time.Hour, "scheduled"},
			{"cancelled, undone inside its window", "cancel", 3 * time.Hour, 20 * time.Minute, "scheduled"},
			{"cancelled, undone after it", "cancel", 3 * time.Hour, 3 * time.Hour, "missed"},
			{"cancelled inside the window, undone after it", "cancel", -10 * time.Minute, 3 * time.Hour, "missed"},
			{"moved, undone after it", "another-time", 3 * time.Hour, 3 * time.Hour, "missed"},
		} {
			if today := h.Clock.Now().Sub(harness.Monday) % (24 * time.Hour); today != 0 {
				h.Advance(24*time.Hour - today)
			}
			_, job := h.Household(desk, nil)
			begins := h.Clock.Now().Add(3 * time.Hour)
			visit := h.Visit(desk, job, begins, "ravi")
			h.Advance(begins.Add(-x.before).Sub(h.Clock.Now()))
			his := h.ReadPage(ravi, job)
			var fields []string
			if x.action == "another-time" {
				free := his.FreeWindows()
				fields = []string{"take", "1", "window", free[len(free)-1]}
			}
			his.Submit(x.action, 303, fields...)
			h.Advance(begins.Add(x.after).Sub(h.Clock.Now()))
			own := h.CustomerPage(job)
			own.Submit("undo", 303)
			got := see(visit)
			against := map[string]string{"missed": "brand", "scheduled": "nobody"}[x.status]
			if got["status"] != x.status || got["counts_against"] != against {
				t.Errorf("%s: %v, against %v", x.name, got["status"], got["counts_against"])
			}
			if html := own.Read(); strings.Contains(html, "We did not come") != (x.status == "missed") ||
				x.status == "missed" && !strings.Contains(html, "/another-time") {
				t.Errorf("%s: the page says\n%s", x.name, html)
			}
			if x.status == "missed" {
				if n := harness.Count(h.EntryKinds(job), "visit.missed"); n != 1 {
					t.Errorf("%s: the timeline says it %d times", x.name, n)
				}
				continue
			}
			if crew := got["crew"].([]any); len(crew) != 1 {
				t.Errorf("%s: %v go there", x.name, crew)
			}
			h.Advance(begins.Add(2*time.Hour + 20*time.Minute).Sub(h.Clock.Now()))
			if got := see(visit); got["status"] != "missed" || got["counts_against"] != "brand" {
				t.Errorf("%s, and nobody came: %v against %v", x.name, got["status"], got["counts_against"])
			}
		}
	})
}
