package contact

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// TestSilenceClimbs: a household that was told no next step waits for a day; then the
// desk is told, after another the proprietor, then the area manager, never at night. A
// promise with a time ends it, and what nobody kept begins it anew.
func TestSilenceClimbs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late")
		h.MayIgnore("queue.morning")
		kiran := h.As("kiran")
		h.As("asha")
		h.As("maya")
		_, job := h.Household(kiran, nil)
		read := func() object { return kiran.Send("GET", path("/v1/jobs/%s", job), nil, 200) }
		h.Advance(24*time.Hour - time.Second)
		if got := read(); got["silent_since"] != nil || got["silence_step"] != 0.0 {
			h.Errorf("before a day has passed: %v", got)
		}
		h.Advance(time.Second) // Tuesday 09:00
		if got := read(); got["silent_since"] != job["opened_at"] || got["silence_step"] != 1.0 {
			h.Errorf("after a day: %v", got)
		}
		h.Advance(time.Hour)
		h.Expect("kiran", "A customer waits for a word")
		h.Advance(24 * time.Hour)
		h.Expect("asha", "A customer waits for a word")
		h.Advance(24 * time.Hour)
		h.Expect("maya", "A customer waits for a word")
		// That the household was tried in vain is no word, nor is a promise that nobody told it; one that it was told is.
		kiran.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30}, 201)
		kiran.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "part", "what": "the belt", "due_at": h.Clock.Now().
			Add(6 * time.Hour).Format(time.RFC3339)}, 201)
		h.Settle()
		if got := read(); got["silence_step"] != 3.0 {
			h.Errorf("after a try: %v", got)
		}
		kiran.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "part", "what": "the part", "due_at": h.Clock.Now().
			Add(5 * time.Hour).Format(time.RFC3339),
			"contact": object{"channel": "phone", "outcome": "reached", "direction": "outbound"}}, 201)
		h.Settle()
		if got := read(); got["silent_since"] != nil || got["silence_step"] != 0.0 {
			h.Errorf("after a promise: %v", got)
		}
		h.Advance(29*time.Hour - time.Second)
		if got := read()["silence_step"]; got != 0.0 {
			h.Errorf("before a day after the promised time: %v", got)
		}
		h.Advance(time.Second)
		h.Advance(time.Hour)
		h.Expect("kiran", "A customer waits for a word")
		if n := harness.Count(h.EntryKinds(job), "job.silent"); n != 2 {
			h.Errorf("%d times on the timeline", n)
		}
	})
}

// TestSilenceOfWhoCallsAndOfUrgentJobs: four hours, told in the centre's hours.
func TestSilenceOfWhoCallsAndOfUrgentJobs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("promise.yours", "promise.late", "promise.now")
		kiran := h.As("kiran")
		h.Clock.Set(harness.Monday.Add(8 * time.Hour)) // 17:00
		one, _ := h.Household(kiran, nil)
		urgent := kiran.Send("POST", "/v1/jobs", object{"customer_id": one["id"], "fault": "no cold", "category": "refrigerator",
			"priority": "urgent"}, 201)
		calls, calling := h.Household(kiran, nil)
		step := func(job object) any { return kiran.Send("GET", path("/v1/jobs/%s", job), nil, 200)["silence_step"] }
		h.Advance(time.Hour)
		kiran.Send("POST", path("/v1/jobs/%s/attempts", calling), object{"channel": "phone", "outcome": "reached", "direction": "inbound",
			"note": "what about " + calls["name"].(string)}, 201)
		h.Advance(13*time.Hour + 59*time.Minute) // 07:59
		if a, b := step(urgent), step(calling); a != 0.0 || b != 0.0 {
			h.Errorf("told at night: %v %v", a, b)
		}
		h.Advance(2 * time.Minute)
		h.Advance(time.Minute)
		h.Expect("kiran", "2 customers wait for a word")
		h.Settle()
		if a, b := step(urgent), step(calling); a != 1.0 || b != 1.0 {
			h.Errorf("in the morning: %v %v", a, b)
		}
	})
}

// TestManySilentHouseholdsRingOnceAnHour, but for who is urgent.
func TestManySilentHouseholdsRingOnceAnHour(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		kiran := h.As("kiran")
		for range 5 {
			h.Household(kiran, nil)
			h.Advance(3 * time.Minute)
		}
		h.Advance(24*time.Hour - 16*time.Minute) // Tuesday 08:59
		home, _ := h.Household(kiran, nil)
		h.Advance(time.Hour)
		h.NoMorePushes()
		h.Advance(32 * time.Minute) // hours are UTC's
		h.Expect("kiran", "5 customers wait for a word")
		kiran.Send("POST", "/v1/jobs", object{"customer_id": home["id"], "fault": "no cold", "category": "refrigerator", "priority": "urgent"},
			201)
		h.Advance(4 * time.Hour)
		h.Advance(time.Minute)
		h.Expect("kiran", "A customer waits for a word")
		if n := len(items(kiran.Send("GET", "/v1/inbox", nil, 200))); n < 6 {
			h.Errorf("%d in the inbox", n)
		}
	})
}

// TestAVisitEndsSilenceOnceTheHouseholdKnowsOfIt, and a hold that it asked for is none
// of ours.
func TestAVisitEndsSilenceOnceTheHouseholdKnowsOfIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.missed", "visit.missed_desk", "visit.offered")
		kiran := h.As("kiran")
		_, told := h.Household(kiran, nil)
		h.CustomerPage(told).RegisterDevice("home:phone")
		_, untold := h.Household(kiran, nil)
		_, waits := h.Household(kiran, nil)
		kiran.Send("POST", path("/v1/jobs/%s/hold", waits), object{"kind": "customer_request", "reason": "after the wedding",
			"contact": object{"direction": "inbound", "channel": "phone", "outcome": "reached"}}, 200)
		for i, job := range []object{told, untold} {
			h.Visit(kiran, job, harness.Monday.Add(time.Duration(48+3*i)*time.Hour), "ravi")
		}
		h.Advance(25 * time.Hour)
		for _, c := range []struct {
			job  object
			want float64
		}{{told, 0}, {untold, 1}, {waits, 0}} {
			if got := kiran.Send("GET", path("/v1/jobs/%s", c.job), nil, 200)["silence_step"]; got != c.want {
				h.Errorf("%v: %v, want %v", c.job["id"], got, c.want)
			}
		}
		kiran.Send("POST", path("/v1/jobs/%s/release", waits), object{"kind": "customer_request", "reason": "they are back"}, 200)
		h.Advance(24 * time.Hour)
		if got := kiran.Send("GET", path("/v1/jobs/%s", waits), nil, 200)["silence_step"]; got != 1.0 {
			h.Errorf("a day after the hold that they asked for was lifted: %v, want 1", got)
		}
	})
}

// TestACentreThatNobodyReaches: six households within an hour are one alarm for the
// area manager.
func TestACentreThatNobodyReaches(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.yours")
		kiran := h.As("kiran")
		h.As("maya")
		h.As("noor")
		var pages []*harness.CustomerPage
		for range 8 {
			_, job := h.Household(kiran, nil)
			pages = append(pages, h.CustomerPage(job))
		}
		for i, page := range pages[:5] {
			page.Submit("could-not-reach", 303)
			if i == 0 {
				page.Submit("could-not-reach", 303) // the same household again
			}
			h.Clock.Advance(5 * time.Minute)
		}
		h.Settle()
		if n := h.Pushes("maya", "A centre cannot be reached"); n != 0 {
			h.Errorf("five are %d alarms", n)
		}
		pages[5].Submit("could-not-reach", 303)
		h.Expect("maya", "A centre cannot be reached")
		h.Expect("noor", "A centre cannot be reached")
		pages[6].Submit("could-not-reach", 303)
		pages[7].Submit("could-not-reach", 303)
		h.Settle()
		if n := h.Pushes("maya", "A centre cannot be reached"); n != 1 {
			h.Errorf("eight are %d alarms", n)
		}
	})
}

// TestABrokenPromiseIsNotKeptByWordsAlone: that somebody called in time, said once it is broken, is late unless the call is recorded.
func TestABrokenPromiseIsNotKeptByWordsAlone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late")
		h.MayIgnore("queue.morning")
		kiran := h.As("kiran")
		for _, recorded := range []bool{false, true} {
			home, job := h.Household(kiran, nil)
			due := h.Clock.Now().Add(time.Hour)
			promise := kiran.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": "other", "what": "a word",
				"due_at": due.Format(time.RFC3339Nano)}, 201)
			contact := bodies.AttemptCreate{Direction: "outbound", Channel: "phone", Outcome: "reached", RingSeconds: 20,
				OccurredAt: h.Clock.Now().Format(time.RFC3339Nano)}
			want := "kept_late"
			if recorded {
				contact.Grade, want = bodies.AttemptCreateGradeRecorded, "kept"
				contact = h.CallRecord(job, contact)
			}
			h.Advance(2 * time.Hour)
			h.Settle()
			got := kiran.Send("POST", path("/v1/promises/%s/keep", promise), object{"contact": contact}, 200)
			if got["status"] != want {
				h.Errorf("recorded %v: the promise to %v is %v, want %v; %v", recorded, home["name"], got["status"], want,
					items(kiran.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)))
			}
		}
	})
}

// TestAFarVisitIsNoWordByItself: a visit weeks ahead to which nobody agreed ends no silence, told or not; a near one that was told does,
// and so does one to which the household agreed, however far.
func TestAFarVisitIsNoWordByItself(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.offered", "job.silent")
		h.MayIgnore("visit.confirmed", "visit.assigned", "visit.needs_someone")
		desk := h.As("kiran")
		for _, x := range []struct {
			days   int
			agreed bool
			step   float64
		}{{3, false, 0}, {45, false, 1}, {45, true, 0}} {
			_, job := h.Household(desk, nil)
			page := h.CustomerPage(job)
			page.RegisterDevice("family of " + job["id"].(string))
			h.Visit(desk, job, h.Clock.Now().Add(time.Duration(24*x.days)*time.Hour+time.Hour))
			if x.agreed {
				page.Submit("confirm", 303)
			}
			h.Advance(24 * time.Hour)
			h.Advance(time.Hour)
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); got["silence_step"] != x.step {
				t.Errorf("%d days ahead, agreed %v: step %v of silence, want %v", x.days, x.agreed, got["silence_step"], x.step)
			}
		}
	})
}

// TestAPromiseEndsSilenceOnceItIsTold: of whatever kind, it ends none while the household does not know of it, nor too far ahead. It
// knows by a notice that reaches it, or by the contact of whoever promises; its page says what was promised, in words.
func TestAPromiseEndsSilenceOnceItIsTold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.silent", "promise.late")
		h.MayIgnore("jobs.silent", "queue.morning")
		desk, asha := h.As("kiran"), h.As("asha")
		day := 24 * time.Hour
		spoken := object{"channel": "phone", "outcome": "reached", "direction": "outbound"}
		for _, x := range []struct {
			name   string
			kind   string
			ahead  time.Duration
			device bool
			with   object
			told   bool
			step   float64
		}{
			{"a part that nobody told", "part", 6 * day, false, nil, false, 1},
			{"a visit that nobody told", "visit", 6 * day, false, nil, false, 1},
			{"a call that nobody told", "call_back", 6 * day, false, nil, false, 1},
			{"a part, by notice", "part", 20 * day, true, nil, true, 0},
			{"a part in two months, by notice", "part", 59 * day, true, nil, true, 1},
			{"a visit, said by phone", "visit", 13 * day, false, object{"contact": spoken}, true, 0},
			{"a visit in twenty days", "visit", 20 * day, false, object{"contact": spoken}, true, 1},
			{"something else", "other", 6 * day, true, nil, true, 0},
		} {
			_, job := h.Household(desk, nil)
			page := h.CustomerPage(job)
			phone := "family of " + job["id"].(string)
			if x.device {
				page.RegisterDevice("phone:" + phone)
			}
			body := object{"kind": x.kind, "what": "the pump of " + x.name, "due_at": h.Clock.Now().Add(x.ahead).Format(time.RFC3339)}
			for k, v := range x.with {
				body[k] = v
			}
			got := asha.Send("POST", path("/v1/jobs/%s/promises", job), body, 201)
			if (got["told_at"] != nil) != x.told {
				t.Errorf("%s: told at %v", x.name, got["told_at"])
			}
			if x.device {
				h.Expect(phone, "We promised you something")
			}
			if html := page.Read(); strings.Contains(html, "the pump of "+x.name) != (x.kind != "call_back") {
				t.Errorf("%s: the page says\n%s", x.name, html)
			}
			h.Advance(25 * time.Hour)
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); got["silence_step"] != x.step {
				t.Errorf("%s: step %v of silence, want %v", x.name, got["silence_step"], x.step)
			}
		}
		// What is promised is said in words, and only whoever spoke with the household says that it was told.
		_, job := h.Household(desk, nil)
		promise := func(by *harness.Client, status int, body object) object {
			return by.Send("POST", path("/v1/jobs/%s/promises", job), body, status)
		}
		promise(asha, 400, object{"kind": "visit", "what": ".."})
		promise(asha, 422, object{"kind": "visit"})
		attempt := func(outcome string) object {
			return desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": outcome, "ring_seconds": 30}, 201)
		}
		tried, reached := attempt("no_answer"), attempt("reached")
		promise(desk, 422, object{"kind": "visit", "what": "on Friday", "attempt_id": tried["id"]})
		promise(asha, 422, object{"kind": "visit", "what": "on Friday", "attempt_id": reached["id"]})
		if got := promise(desk, 201, object{"kind": "visit", "what": "on Friday", "attempt_id": reached["id"]}); got["told_at"] == nil {
			t.Error("said by phone, and not told")
		}
	})
}
