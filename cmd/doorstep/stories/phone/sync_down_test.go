package phone

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// handset is a technician's phone, as it keeps what it is told.
type handset struct {
	h      *harness.Harness
	who    *harness.Client
	cursor string
	kept   map[string]object // by kind and id
	whole  map[string]object // of a picture that is still coming
}

func phoneOf(h *harness.Harness, login string) *handset {
	return &handset{h: h, who: h.As(login), kept: map[string]object{}}
}

// visible waits until what was written so far can be read: on PostgreSQL the transactions of other stories, on the same server, delay it.
func visible(h *harness.Harness) {
	h.Helper()
	pool := h.DB.Pool()
	if pool == nil {
		return
	}
	var now string
	h.Must(pool.QueryRow(h.Context(), "SELECT pg_snapshot_xmax(pg_current_snapshot())::text").Scan(&now))
	for until := time.Now().Add(harness.Patience); ; {
		var past bool
		h.Must(pool.QueryRow(h.Context(), "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8", now).Scan(&past))
		if past {
			return
		}
		if time.Now().After(until) {
			h.Fatal("an earlier transaction does not end")
		}
		runtime.Gosched()
	}
}

// sync asks until there is no more, and tells what came, sorted: "visit id", or with why it is gone.
func (p *handset) sync(limit int) (came []string) {
	p.h.Helper()
	visible(p.h)
	for range 200 {
		a := p.who.Send("GET", fmt.Sprintf("/v1/sync?limit=%d&cursor=%s", limit, p.cursor), nil, 200)
		came = append(came, p.take(a, limit)...)
		if a["more"] != true {
			slices.Sort(came)
			return came
		}
	}
	p.h.Fatal("the picture never ends")
	return nil
}

func (p *handset) take(a object, limit int) (came []string) {
	p.h.Helper()
	into := p.kept
	if a["full"] == true {
		if p.whole == nil {
			p.whole = map[string]object{}
		}
		into = p.whole
	}
	put := func(key string, v object) {
		came, into[key] = append(came, key), v
	}
	for _, g := range harness.List(a, "gone") {
		key := fmt.Sprintf("%v %v", g["kind"], g["id"])
		delete(into, key)
		came = append(came, fmt.Sprintf("%s %v", key, g["reason"]))
	}
	for kind, list := range map[string]string{"promise": "promises", "notice": "inbox"} {
		for _, v := range harness.List(a, list) {
			put(fmt.Sprintf("%s %v", kind, v["id"]), v)
		}
	}
	for _, v := range harness.List(a, "visits") {
		put(fmt.Sprintf("visit %v", v["visit"].(object)["id"]), v)
	}
	for _, name := range []string{"me", "lists"} {
		if v, ok := a[name].(object); ok {
			put(name, v)
		}
	}
	if len(came) > limit {
		p.h.Errorf("a page of %d, at most %d were asked for", len(came), limit)
	}
	p.cursor = a["cursor"].(string)
	if a["full"] == true && a["more"] != true {
		p.kept, p.whole = p.whole, nil
	}
	return came
}

// some keeps the kinds of what came; notices are about everything.
func some(came []string) (out []string) {
	for _, key := range came {
		if key[0] != 'n' {
			out = append(out, key)
		}
	}
	return out
}

// likeFresh fails unless the phone holds what a new one would be told.
func (p *handset) likeFresh(when string) {
	p.h.Helper()
	fresh := phoneOf(p.h, p.who.Login)
	fresh.sync(50)
	for key := range p.kept {
		if fresh.kept[key] == nil {
			p.h.Errorf("%s: %s is on the phone still", when, key)
		}
	}
	for key, v := range fresh.kept {
		if p.kept[key] == nil {
			p.h.Errorf("%s: %s is not on the phone", when, key)
			continue
		}
		for _, diff := range differences("", p.kept[key], v) {
			p.h.Errorf("%s: %s%s, anew", when, key, diff)
		}
	}
}

// differences lists where two answers differ, but for what only time changes: that is as of when it was told.
func differences(at string, a, b any) (out []string) {
	x, ok := a.(object)
	y, too := b.(object)
	if !ok || !too {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			out = append(out, fmt.Sprintf("%s is %v, and %v", at, a, b))
		}
		return out
	}
	for key := range y {
		if _, ok := x[key]; !ok {
			out = append(out, at+" "+key+" is not there")
		}
	}
	for key, v := range x {
		if key != "actions" && key != "next_allowed" {
			out = append(out, differences(at+" "+key, v, y[key])...)
		}
	}
	return out
}

func visitKey(v object) string { return "visit " + harness.String(v["id"]) }

// noise are the notices of stories that are about what a phone holds.
var noise = []string{"visit.assigned", "visit.unassigned", "visits.assigned", "visit.cancelled", "visit.moved", "visit.crew_changed",
	"visit.confirmed",
	"visit.eta", "visit.late_desk", "visit.needs_someone", "visit.done_check", "visit.missed_desk", "visit.wait", "visit.read_plan",
	"visit.call_desk",
	"visit.en_route_home", "visit.claimed", "timer.ping", "timer.no_signal", "timer.no_answer", "promise.yours", "promise.late",
	"promise.kept",
	"leave.asked", "leave.decided", "hold.area", "hold.released", "hold.second", "flag.triage", "flag.overdue", "flag.triaged", "flag.stated",
	"queue.morning", "note.waiting", "link.verify", "visit.stopped_desk", "aftercare.yours", "visit.reminder"}

// TestAPhoneHoldsItsWholeDay: what is read at a door, each part as its own operation shows it.
func TestAPhoneHoldsItsWholeDay(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		customer, _ := h.Household(desk, nil)
		appliance := desk.Send("POST", "/v1/appliances", object{"customer_id": customer["id"], "category": "refrigerator", "serial": "SN-77"},
			201)
		job := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "appliance_id": appliance["id"], "fault": "does not cool",
			"category": "refrigerator", "what_matters": "insulin"}, 201)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		_, other := h.Household(desk, nil)
		h.Visit(desk, other, harness.Monday.Add(5*time.Hour), "meena")
		_, far := h.Household(desk, nil)
		h.Visit(desk, far, harness.Monday.AddDate(0, 0, 9), "ravi")
		_, bare := h.Household(desk, object{"sites": []object{{"address": "4 Lane"}}, "contacts": []object{{"name": "Rao"}}})
		at := h.Visit(desk, bare, harness.Monday.Add(6*time.Hour), "ravi")
		ravi.Send("POST", path("/v1/visits/%s/en-route", visit), nil, 200)
		p := phoneOf(h, "ravi")
		want := []string{"lists", "me", visitKey(visit), visitKey(at)}
		slices.Sort(want)
		if came := some(p.sync(50)); !slices.Equal(came, want) {
			t.Fatalf("came %v, want %v", came, want)
		}
		v := p.kept[visitKey(visit)]
		for part, address := range map[string]string{"visit": path("/v1/visits/%s", visit), "job": path("/v1/jobs/%s", job),
			"history": path("/v1/jobs/%s/passport", job), "customer": path("/v1/customers/%s", customer),
			"appliance": path("/v1/appliances/%s", appliance), "reachability": path("/v1/jobs/%s/reachability", job)} {
			if want := ravi.Send("GET", address, nil, 200); fmt.Sprint(v[part]) != fmt.Sprint(want) {
				t.Errorf("%s\n%v\nand by itself\n%v", part, v[part], want)
			}
		}
		if timer := items(ravi.Send("GET", path("/v1/visits/%s/timer", visit), nil, 200)); fmt.Sprint(v["timer"]) != fmt.Sprint(timer[0]) {
			t.Errorf("the timer %v, and by itself %v", v["timer"], timer)
		}
		if v["complete_offline"] != true || fmt.Sprint(p.kept[visitKey(at)]["missing"]) != "[coordinates phone]" {
			t.Errorf("missing %v and %v", v["missing"], p.kept[visitKey(at)]["missing"])
		}
		if me := ravi.Send("GET", "/v1/me", nil, 200); fmt.Sprint(p.kept["me"]["user"]) != fmt.Sprint(me["user"]) {
			t.Errorf("me %v, and by itself %v", p.kept["me"]["user"], me["user"])
		}
		inbox := items(ravi.Send("GET", "/v1/inbox", nil, 200))
		for _, n := range inbox {
			if got := p.kept[fmt.Sprintf("notice %v", n["id"])]; fmt.Sprint(got) != fmt.Sprint(n) {
				t.Errorf("notice %v, and in the inbox %v", got, n)
			}
		}
		if len(inbox) == 0 {
			t.Error("nothing was told")
		}
		for _, list := range []string{"channels", "outcomes", "flag_kinds", "why_not"} {
			if len(harness.List(p.kept["lists"], list)) < 4 {
				t.Errorf("%s: %v", list, p.kept["lists"][list])
			}
		}
		for _, login := range []string{"kiran", "asha", "maya", "gita", "root"} {
			h.As(login).Send("GET", "/v1/sync", nil, 403)
		}
	})
}

// TestEveryChangeComesOnce, whole and as it is now, whoever made it; and what is not a technician's own never.
func TestEveryChangeComesOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi, meena := h.As("kiran"), h.As("ravi"), h.As("meena")
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		_, other := h.Household(desk, nil)
		hers := h.Visit(desk, other, harness.Monday.Add(4*time.Hour), "meena")
		appliance := desk.Send("POST", "/v1/appliances", object{"customer_id": customer["id"], "category": "refrigerator"}, 201)
		p, q := phoneOf(h, "ravi"), phoneOf(h, "meena")
		p.sync(50)
		q.sync(50)
		my, her := visitKey(visit), visitKey(hers)
		var promise, moved object
		promised := func() string { return "promise " + harness.String(promise["id"]) }
		for _, change := range []struct {
			what        string
			do          func()
			want, their func() []string
		}{
			{"a step", func() {
				ravi.Send("POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "Cleaned the filter", "result": "failed"}, 201)
			}, only(my), none},
			{"a call", func() {
				desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 30}, 201)
			}, only(my), none},
			{"a number", func() {
				c := desk.Send("GET", path("/v1/customers/%s", customer), nil, 200)
				desk.Send("PATCH", path("/v1/customers/%s", customer), object{"name": "Kapoor-Rao"}, 200, "If-Match",
					fmt.Sprintf(`"%v"`, c["version"]))
			}, only(my), none},
			{"an appliance", func() {
				desk.Send("PATCH", path("/v1/appliances/%s", appliance), object{"model": "X"}, 200, "If-Match", `"1"`)
			}, only(my), none},
			{"another job of the household", func() {
				desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "hums", "category": "refrigerator"}, 201)
			}, only(my), none},
			{"a promise", func() {
				promise = desk.Send("POST", path("/v1/jobs/%s/promises", job), object{"what": "call", "owner_id": ravi.ID}, 201)
			}, func() []string { return []string{my, promised()} }, none},
			{"a promise of somebody else", func() {
				promise = desk.Send("POST", path("/v1/promises/%s/hand-over", promise), object{"owner_id": meena.ID}, 200)
			}, func() []string { return []string{my, promised() + " reassigned"} }, func() []string { return []string{promised()} }},
			{"a promise kept", func() {
				meena.Send("POST", path("/v1/promises/%s/keep", promise),
					object{"note": "done", "contact": object{"channel": "phone", "outcome": "reached"}}, 200)
			}, only(my), func() []string { return []string{promised() + " ended"} }},
			{"setting out by another phone", func() { ravi.EnRoute(visit) }, only(my), none},
			{"more time", func() {
				ravi.Send("POST", path("/v1/visits/%s/timer/extend", visit), object{"minutes": 30}, 200)
			}, only(my), none},
			{"arriving", func() { ravi.Arrive(visit) }, only(my), none},
			{"leave", func() { ravi.AskLeave("2027-04-01T00:00:00Z", "2027-04-02T00:00:00Z", 201) }, only("me"), none},
			{"hours", func() {
				desk.Send("PUT", "/v1/technicians/"+meena.ID.String()+"/hours", object{"hours": everyDay()}, 200)
			}, none, only("lists", "me", her)}, // an account's language may be another, and with it all words
			{"the centre's rules", func() {
				h.As("root").Send("PUT", "/v1/centres/"+h.Centre.String()+"/policy", object{"rules": harness.DefaultRules()}, 200)
			}, only(my, "me"), only(her, "me")},
			{"another technician", func() { desk.Send("POST", path("/v1/visits/%s/assign", hers), h.Crew("ravi"), 200) }, only(her),
				only(her + " reassigned")},
			{"a hold", func() { desk.Send("POST", path("/v1/jobs/%s/hold", other), object{"kind": "parts"}, 200) }, only(her), none},
			{"no hold", func() { desk.Send("POST", path("/v1/jobs/%s/release", other), object{"kind": "parts"}, 200) }, only(her), none},
			{"another time", func() {
				at := harness.Monday.Add(30 * time.Hour)
				moved = desk.Send("POST", path("/v1/visits/%s/reschedule", hers), object{"window_start": at.Format(time.RFC3339),
					"window_end": at.Add(2 * time.Hour).Format(time.RFC3339), "crew": []any{ravi.ID}}, 201)
			}, func() []string { return []string{her + " ended", visitKey(moved)} }, none},
			{"no visit", func() { desk.Send("POST", path("/v1/visits/%s/cancel", moved), object{"reason": "moved away"}, 200) },
				func() []string { return []string{visitKey(moved) + " ended"} }, none},
			{"what is nobody's here", func() { h.Household(desk, nil) }, none, none},
		} {
			change.do()
			for who, want := range map[*handset][]string{p: change.want(), q: change.their()} {
				slices.Sort(want)
				if came := some(who.sync(50)); !slices.Equal(came, want) {
					t.Errorf("%s: to %s came %v, want %v", change.what, who.who.Login, came, want)
				}
				if came := who.sync(50); len(came) != 0 {
					t.Errorf("%s: to %s came again: %v", change.what, who.who.Login, came)
				}
				who.likeFresh(change.what)
			}
		}
	})
}

func only(keys ...string) func() []string { return func() []string { return slices.Clone(keys) } }

func none() []string { return nil }

func everyDay() (hours []object) {
	for day := range 7 {
		hours = append(hours, object{"weekday": day, "from": "08:00", "to": "20:00"})
	}
	return hours
}

// TestDaysPassOnAPhone: visits come into its days and leave them, and what is under way stays.
func TestDaysPassOnAPhone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		at := map[string]object{}
		for name, when := range map[string]time.Time{"today": harness.Monday.Add(time.Hour), "long": harness.Monday.Add(4 * time.Hour),
			"tomorrow": harness.Monday.Add(25 * time.Hour), "far": harness.Monday.AddDate(0, 0, 8).Add(2 * time.Hour)} {
			_, job := h.Household(desk, nil)
			at[name] = h.Visit(desk, job, when, "ravi")
		}
		key := func(name string) string { return visitKey(at[name]) }
		desk.Send("POST", path("/v1/visits/%s/cancel", at["tomorrow"]), object{"reason": "as asked"}, 200)
		h.WorkUntil("ravi", at["today"], "complete", nil)
		p := phoneOf(h, "ravi")
		p.sync(50)
		if p.kept[key("today")] == nil || p.kept[key("far")] != nil || p.kept[key("tomorrow")] != nil {
			t.Fatalf("the phone holds %v", p.kept)
		}
		h.Clock.Set(harness.Monday.Add(4 * time.Hour))
		ravi.EnRoute(at["long"])
		ravi.Arrive(at["long"])
		p.sync(50)
		h.Clock.Advance(24 * time.Hour)
		if came := some(p.sync(50)); !slices.Equal(came, []string{"me", key("far")}) {
			t.Errorf("the next day came %v", came)
		}
		h.Clock.Advance(24 * time.Hour)
		if came := some(p.sync(50)); !slices.Equal(came, []string{"me", key("today") + " ended"}) {
			t.Errorf("after two days came %v", came)
		}
		p.likeFresh("after two days")
		ravi.CompleteVisit(at["long"], bodies.Finish{WorkDone: "repaired", Tested: "works"})
		if came := some(p.sync(50)); !slices.Equal(came, []string{key("long") + " ended"}) {
			t.Errorf("at the end of the long one came %v", came)
		}
		h.Clock.Advance(7 * 24 * time.Hour)
		p.sync(50)
		p.likeFresh("after nine days")
		if len(p.kept) == 0 || p.kept[key("far")] == nil {
			t.Errorf("the phone holds %v", p.kept)
		}
	})
}

// TestAnAnswerIsNotSentTwice: nothing new is 304, and travels compressed when there is something.
func TestAnAnswerIsNotSentTwice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		for n := range 8 {
			_, job := h.Household(desk, nil)
			h.Visit(desk, job, harness.Monday.Add(time.Duration(n*75)*time.Minute), "ravi")
		}
		ask := func(cursor string, headers ...string) (object, *http.Response, int) {
			body, res := ravi.Raw("GET", "/v1/sync?cursor="+cursor, nil, headers...)
			if res.StatusCode != 200 {
				return nil, res, len(body)
			}
			return harness.Parsed(h, body), res, len(body)
		}
		visible(h)
		first, res, plain := ask("")
		if _, again, n := ask("", "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 || n != 0 {
			t.Errorf("the same picture is %d with %d bytes", again.StatusCode, n)
		}
		nothing, res, _ := ask(first["cursor"].(string))
		if nothing["cursor"] != first["cursor"] || len(nothing["gone"].([]any)) != 0 || nothing["full"] != false {
			t.Errorf("nothing new is %v", nothing)
		}
		if _, again, _ := ask(first["cursor"].(string), "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("nothing new again is %d", again.StatusCode)
		}
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		visible(h)
		if _, again, _ := ask(first["cursor"].(string), "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 200 {
			t.Errorf("something new is %d", again.StatusCode)
		}
		for _, coding := range []string{"gzip", "br"} {
			req, err := http.NewRequest("GET", h.URL+"/v1/sync", nil)
			h.Must(err)
			req.Header.Set("Authorization", "Bearer "+ravi.Token)
			req.Header.Set("Accept-Encoding", coding)
			res, err := http.DefaultClient.Do(req)
			h.Must(err)
			sent, err := io.ReadAll(res.Body)
			h.Must(err)
			h.Must(res.Body.Close())
			if res.Header.Get("Content-Encoding") != coding || !strings.Contains(res.Header.Get("Vary"), "Accept-Encoding") || len(sent) > 30_000 {
				t.Errorf("as %s: %v with %d bytes", coding, res.Header, len(sent))
			}
			t.Logf("nine visits: %d bytes as %s; eight plain: %d", len(sent), coding, plain)
		}
	})
}

// TestAPictureInPages is the same as in one, also when something changes between two pages.
func TestAPictureInPages(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		var visits []object
		for n := range 6 {
			_, job := h.Household(desk, nil)
			visits = append(visits, h.Visit(desk, job, harness.Monday.Add(time.Duration(n*75)*time.Minute), "ravi"))
		}
		p := phoneOf(h, "ravi")
		p.sync(2)
		p.likeFresh("in pages of two")
		q := phoneOf(h, "ravi")
		for n := range 3 { // the first pages: oneself and the lists, then visits
			q.take(ravi.Send("GET", "/v1/sync?limit=2&cursor="+q.cursor, nil, 200), 2)
			desk.Send("POST", path("/v1/visits/%s/assign", visits[n]), h.Crew("meena"), 200)
			desk.Send("POST", path("/v1/visits/%s/assign", visits[5-n]), h.Crew("meena"), 200)
			_, job := h.Household(desk, nil)
			h.Visit(desk, job, harness.Monday.Add(time.Duration(24+2*n)*time.Hour), "ravi")
		}
		q.sync(2)
		q.sync(2)
		q.likeFresh("changed between pages")
		p.sync(1)
		p.likeFresh("what changed, one by one")
	})
}

// TestACursorIsGoodForItsPhoneAndThirtyDays, else it begins anew.
func TestACursorIsGoodForItsPhoneAndThirtyDays(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		p := phoneOf(h, "ravi")
		p.sync(50)
		aged := func(change func(object)) string {
			raw, err := base64.RawURLEncoding.DecodeString(p.cursor)
			h.Must(err)
			var c object
			decoder := json.NewDecoder(bytes.NewReader(raw))
			decoder.UseNumber()
			h.Must(decoder.Decode(&c))
			change(c)
			raw, err = json.Marshal(c)
			h.Must(err)
			return base64.RawURLEncoding.EncodeToString(raw)
		}
		days := func(n int) func(object) {
			return func(c object) { c["w"] = time.Now().AddDate(0, 0, -n).Unix() }
		}
		ask := func(who, cursor string, want int) {
			t.Helper()
			out := h.As(who).Send("GET", "/v1/sync?cursor="+cursor, nil, want)
			if want == 410 && out["code"] != "cursor_gone" {
				t.Errorf("410 with %v", out["code"])
			}
		}
		ask("ravi", aged(days(29)), 200)
		ask("ravi", aged(days(31)), 410)
		ask("meena", p.cursor, 410)
		ask("ravi", aged(func(c object) { c["t"].(object)["Seq"], c["t"].(object)["Tx"] = 1<<62, 1<<62 }), 410) // of another database
		ask("ravi", aged(func(c object) { c["e"] = "yesterday" }), 400)
		ask("ravi", "x", 400)
	})
}

// TestTwoPhonesOfOneTechnician hear of each other, each by its own cursor.
func TestTwoPhonesOfOneTechnician(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		one, two := phoneOf(h, "ravi"), phoneOf(h, "ravi")
		one.sync(50)
		two.sync(50)
		ravi.EnRoute(visit)
		notice := items(ravi.Send("GET", "/v1/inbox", nil, 200))[0]
		ravi.Send("POST", path("/v1/inbox/%s/seen", notice), nil, 200)
		want := []string{"notice " + harness.String(notice["id"]), visitKey(visit)}
		if came := one.sync(50); !slices.Equal(came, want) {
			t.Errorf("to one came %v, want %v", came, want)
		}
		ravi.Arrive(visit)
		if came := two.sync(50); !slices.Equal(came, want) { // both moves at once
			t.Errorf("to the other came %v, want %v", came, want)
		}
		if came := one.sync(50); !slices.Equal(came, want[1:]) {
			t.Errorf("to one came %v then, want %v", came, want[1:])
		}
		one.likeFresh("one")
		two.likeFresh("two")
	})
}

// TestOfflineThroughAHold: what was reported while the phone had no network shows as its neighbours show it, and no more.
func TestOfflineThroughAHold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(5*time.Hour), "ravi")
		p := phoneOf(h, "ravi")
		p.sync(50)
		h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, Note: "a knife on the table"})
		if came := some(p.sync(50)); !slices.Equal(came, []string{visitKey(visit)}) {
			t.Errorf("of a hold came %v", came)
		}
		held := p.kept[visitKey(visit)]
		if want := ravi.Send("GET", path("/v1/jobs/%s", job), nil, 200); fmt.Sprint(held["job"]) != fmt.Sprint(want) {
			t.Errorf("the job is %v, and by itself %v", held["job"], want)
		}
		if slices.Contains(held["visit"].(object)["actions"].([]any), any("en-route")) {
			t.Errorf("a held visit offers %v", held["visit"].(object)["actions"])
		}
		text, err := json.Marshal(p.kept)
		h.Must(err)
		for _, word := range []string{"knife", h.People["noor"].ID.String(), `"level"`} {
			if strings.Contains(string(text), word) {
				t.Errorf("the phone holds %s", word)
			}
		}
		h.ReleaseHold(h.As("maya"), job, "phone_first")
		p.sync(50)
		if plan := fmt.Sprint(p.kept[visitKey(visit)]["visit"].(object)["plan"]); plan != "[phone_first]" {
			t.Errorf("the plan is %v", plan)
		}
		p.likeFresh("released")
	})
}

// TestDeltasAreThePicture: whatever was moved in whichever order, a phone that asks now and then holds what a new one is told.
func TestDeltasAreThePicture(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(append(noise, "sos.raised", "sos.unheard", "sos.call_yourself", "flag.passed_on", "digest", "aftercare.due",
			"aftercare.late", "hold.overdue")...)
		desk := h.As("kiran")
		random := rand.New(rand.NewPCG(3, 16)) // #nosec G404
		logins := []string{"ravi", "meena"}
		phones := map[string]*handset{"ravi": phoneOf(h, "ravi"), "meena": phoneOf(h, "meena")}
		type booked struct{ job, visit object }
		var all []*booked
		// try makes a request that may be refused: what is refused changes nothing.
		try := func(who *harness.Client, address string, body any) object {
			out, res := who.Raw("POST", address, body)
			if res.StatusCode > 299 {
				return nil
			}
			return harness.Parsed(h, out)
		}
		window := func() object {
			now := h.Clock.Now().In(harness.Zone("Asia/Kolkata"))
			at := harness.Kolkata(now.Day()+random.IntN(1+random.IntN(9)), 9+random.IntN(8), 15*random.IntN(4))
			return object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(time.Hour).Format(time.RFC3339), "planned_minutes": 20,
				"crew": []any{h.People[logins[random.IntN(2)]].ID}}
		}
		done := map[string]int{}
		for range 300 {
			if len(all) == 0 || random.IntN(6) == 0 {
				_, job := h.Household(desk, nil)
				if v := try(desk, path("/v1/jobs/%s/visits", job), window()); v != nil {
					all = append(all, &booked{job, v})
				}
				continue
			}
			b, who := all[random.IntN(len(all))], logins[random.IntN(2)]
			me, at := h.As(who), path("/v1/visits/%s/", b.visit)
			moves := map[string]func() object{
				"assign": func() object { return try(desk, at+"assign", h.Crew(who)) },
				"cancel": func() object { return try(desk, at+"cancel", object{"reason": "as asked"}) },
				"en-route": func() object {
					if near := harness.At(b.visit, "window_start").Add(-time.Hour); near.After(h.Clock.Now()) && near.Before(h.Clock.Now().Add(30*time.Hour)) {
						h.Clock.Set(near)
					}
					for _, login := range logins { // whoever of them is in its crew
						if v := try(h.As(login), at+"en-route", object{}); v != nil {
							return v
						}
					}
					return nil
				},
				"arrive": func() object { return try(me, at+"arrive", object{}) },
				"complete": func() object {
					if start := harness.At(b.visit, "window_start"); start.After(h.Clock.Now()) && start.Before(h.Clock.Now().Add(30*time.Hour)) {
						h.Clock.Set(start)
					}
					for _, move := range []string{"en-route", "arrive", "start"} {
						try(me, at+move, object{})
					}
					return try(me, at+"complete", object{"work_done": "as asked", "tested": "as asked"})
				},
				"decline": func() object { return try(me, at+"decline", object{"reason": "sick"}) },
				"confirm": func() object { return try(desk, at+"confirm", object{}) },
				"reschedule": func() object {
					v := try(desk, at+"reschedule", window())
					if v != nil {
						b.visit = v
					}
					return v
				},
				"attempt": func() object {
					return try(desk, path("/v1/jobs/%s/attempts", b.job), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25})
				},
				"step": func() object {
					return try(me, path("/v1/jobs/%s/tried-steps", b.job), object{"step": fmt.Sprint("step ", random.IntN(1000)), "result": "failed"})
				},
				"promise": func() object {
					return try(desk, path("/v1/jobs/%s/promises", b.job), object{"what": "a call", "owner_id": me.ID})
				},
				"hold":    func() object { return try(desk, path("/v1/jobs/%s/hold", b.job), object{"kind": "parts"}) },
				"release": func() object { return try(desk, path("/v1/jobs/%s/release", b.job), object{"kind": "parts"}) },
				"stop":    func() object { return try(me, at+"stop", object{}) },
				"clock": func() object {
					h.Advance(time.Duration(random.IntN(180)) * time.Minute)
					return object{}
				},
			}
			names := slices.Sorted(maps.Keys(moves))
			name := names[random.IntN(len(names))]
			if moves[name]() != nil {
				done[name]++
			}
			if random.IntN(5) == 0 {
				phones[who].sync(1 + random.IntN(7))
			}
		}
		h.Settle()
		for _, p := range phones {
			p.sync(3)
			p.sync(50)
			p.likeFresh("at the end")
		}
		for _, name := range []string{"assign", "cancel", "en-route", "complete", "reschedule", "step", "hold", "clock"} {
			if done[name] == 0 {
				t.Errorf("no %s succeeded: %v", name, done)
			}
		}
	})
}

// TestADuressCodeComesLikeAnyOther: what a phone is told after it does not differ from what it is told after the plain one, nor does
// a report about its technician show in more than the visits that are no longer theirs.
func TestADuressCodeComesLikeAnyOther(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(append(noise, "sos.raised", "sos.unheard", "sos.call_yourself", "flag.live", "call.manager", "visit.again")...)
		ravi := h.As("ravi")
		visit := h.ArrivedVisit()
		ravi.Send("PUT", "/v1/me/codes", object{"code": "1234", "duress_code": "4321", "present": harness.Password}, 200)
		p := phoneOf(h, "ravi")
		p.sync(50)
		shown := map[string]string{}
		for _, code := range []string{"1234", "4321"} {
			ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{"code": code}, 200)
			came := p.sync(50)
			v := p.kept[visitKey(visit)]
			timer := v["timer"].(object)
			delete(timer, "version")
			shown[code] = fmt.Sprint(came, v["visit"], v["job"], timer)
		}
		if shown["1234"] != shown["4321"] || len(p.sync(50)) != 0 {
			t.Errorf("after the plain code\n%s\nafter the silent one\n%s", shown["1234"], shown["4321"])
		}
		if n := len(items(h.As("maya").Send("GET", "/v1/sos", nil, 200))); n != 1 {
			t.Errorf("%d alarms", n)
		}
		h.Settle()
		if came := p.sync(50); len(came) != 0 {
			t.Errorf("of the alarm came %v", came)
		}
	})
}

// TestAReportThatNobodyHereReadsLeavesNoRow: by their number alone a cursor would tell of it.
func TestAReportThatNobodyHereReadsLeavesNoRow(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(append(noise, "flag.live")...)
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		h.As("gita")
		rows := func() int { return len(h.Column("SELECT items FROM changes")) }
		before := rows()
		h.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "discrimination", Level: 2, Note: "x",
			SubjectID: maya.ID.String()})
		if after := rows(); after != before {
			t.Errorf("%d rows of changes, %d before", after, before)
		}
	})
}
