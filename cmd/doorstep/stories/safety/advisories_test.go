package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/google/uuid"
)

// advise proposes an advisory about a job's household and lets it stand.
func advise(h *harness.Harness, job object, until string, more object) object {
	h.Helper()
	b := object{"job_id": job["id"], "subject": "person", "precautions": "canary-precaution: stay near the door",
		"behaviour": "canary-behaviour: shouted and blocked the door", "expires_on": until}
	for k, v := range more {
		b[k] = v
	}
	x := h.As("maya").Send("POST", "/v1/advisories", b, 201)
	return h.As("root").Send("POST", path("/v1/advisories/%s/approve", x), object{"told": true, "reasons": "proportionate"}, 200)
}

func TestAnAdvisoryFromProposalToItsEnd(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("note.ends_soon", "note.moved", "note.waiting", "visit.assigned", "visit.missed_desk")
		desk, ravi, maya, root := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("root")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(50*time.Hour), "ravi")
		propose := object{"job_id": job["id"], "subject": "person", "precautions": "canary: stay near the door",
			"behaviour": "canary: blocked the door", "expires_on": "2027-09-01"}
		for _, login := range []string{"ravi", "kiran", "asha", "gita", "root"} {
			h.As(login).Send("POST", "/v1/advisories", propose, 403)
		}
		h.As("maya2").Send("POST", "/v1/advisories", propose, 422)
		for field, bad := range map[string]any{"expires_on": "2028-03-02", "subject": "appliance", "precautions": "",
			"job_id": uuid.NewString()} {
			b := object{}
			for k, v := range propose {
				b[k] = v
			}
			b[field] = bad
			if _, res := maya.Raw("POST", "/v1/advisories", b); res.StatusCode != 422 && res.StatusCode != 400 {
				t.Errorf("%s %v: %d", field, bad, res.StatusCode)
			}
		}
		propose["expires_on"] = "2027-02-28"
		maya.Send("POST", "/v1/advisories", propose, 422) // yesterday
		propose["expires_on"] = "2028-03-01"              // twelve months to the day
		x := maya.Send("POST", "/v1/advisories", propose, 201)
		if x["status"] != "proposed" || harness.Offers(x, "approve") || !harness.Offers(x, "end") {
			t.Fatalf("proposed: %v", x)
		}
		brief := func(p *harness.Client, v object) []object {
			h.Helper()
			return items(p.Send("GET", path("/v1/visits/%s/advisories", v), nil, 200))
		}
		h.Clock.Set(harness.Monday.Add(30 * time.Hour))
		if got := brief(ravi, visit); len(got) != 0 {
			t.Errorf("a proposal is shown: %v", got)
		}
		// Approved by somebody else, and only with a word on the household.
		maya.Send("POST", path("/v1/advisories/%s/approve", x), object{"told": true}, 403)
		h.As("maya2").Send("POST", path("/v1/advisories/%s/end", x), object{"reasons": "as asked"}, 404)
		root.Send("POST", path("/v1/advisories/%s/approve", x), object{"told": false}, 422)
		root.Send("POST", path("/v1/advisories/%s/approve", x), object{"told": true, "not_told_reason": "both"}, 422)
		x = root.Send("POST", path("/v1/advisories/%s/approve", x),
			object{"told": false, "not_told_reason": "it would endanger the person who told us", "reasons": "proportionate"}, 200)
		if x["status"] != "approved" || x["told_at"] != nil || x["not_told_reason"] == "" {
			t.Fatalf("approved: %v", x)
		}
		// The crew, from 24 h before the window until the visit ends; nobody else.
		h.Clock.Set(harness.Monday.Add(26*time.Hour - time.Minute))
		if got := brief(ravi, visit); len(got) != 0 {
			t.Errorf("shown too early: %v", got)
		}
		h.Clock.Set(harness.Monday.Add(26 * time.Hour))
		got := brief(ravi, visit)
		if len(got) != 1 || !strings.HasPrefix(got[0]["precautions"].(string), "canary") {
			t.Fatalf("the crew reads %v", got)
		}
		for login, want := range map[string]int{"meena": 404, "kiran": 403, "asha": 403, "gita": 403, "maya": 403, "root": 403, "ravi2": 404,
			"maya2": 404} {
			h.As(login).Send("GET", path("/v1/visits/%s/advisories", visit), nil, want)
		}
		for _, login := range []string{"ravi", "kiran", "asha", "gita"} {
			h.As(login).Send("GET", "/v1/advisories", nil, 403)
			h.As(login).Send("GET", path("/v1/advisories/%s", x), nil, 404)
			h.As(login).Send("GET", path("/v1/advisories/%s/reads", x), nil, 404)
		}
		if n := len(items(h.As("maya2").Send("GET", "/v1/advisories", nil, 200))); n != 0 {
			t.Errorf("another area reads %d", n)
		}
		if n := len(items(maya.Send("GET", "/v1/advisories?status=approved", nil, 200))); n != 1 {
			t.Errorf("the area manager reads %d", n)
		}
		// Each reading stands in the log: hers from the list, his from the visit.
		log := items(root.Send("GET", path("/v1/advisories/%s/reads", x), nil, 200))
		if len(log) != 2 || log[0]["user_id"] != ravi.ID.String() || log[0]["visit_id"] != visit["id"] || log[1]["user_id"] != maya.ID.String() {
			t.Errorf("the log says %v", log)
		}
		// Renewal is asked for by one and approved by another; and it may be ended.
		maya.Send("POST", path("/v1/advisories/%s/renew", x), object{"expires_on": "2028-02-01", "reasons": "again"}, 422)
		h.Clock.Set(time.Date(2028, 2, 25, 6, 0, 0, 0, time.UTC))
		h.Settle()
		x = maya.Send("POST", path("/v1/advisories/%s/renew", x), object{"expires_on": "2028-12-31", "reasons": "again"}, 200)
		if x["expires_on"] != "2028-03-01" || x["renew_on"] != "2028-12-31" {
			t.Errorf("asked for: %v, stands to %v", x["renew_on"], x["expires_on"])
		}
		maya.Send("POST", path("/v1/advisories/%s/renew", x), object{"expires_on": "2028-12-31", "reasons": "again"}, 409)
		x = root.Send("POST", path("/v1/advisories/%s/approve", x), object{"told": true, "reasons": "still needed"}, 200)
		if x["expires_on"] != "2028-12-31" || x["renewals"] != 1.0 || x["told_at"] == nil {
			t.Errorf("renewed: %v", x)
		}
		h.Advance(30 * 24 * time.Hour) // its first end passes
		if got := maya.Send("GET", path("/v1/advisories/%s", x), nil, 200); got["status"] != "approved" {
			t.Errorf("renewed and yet %v", got["status"])
		}
		maya.Send("POST", path("/v1/advisories/%s/end", x), object{"reasons": "moved away"}, 200)
		maya.Send("POST", path("/v1/advisories/%s/end", x), object{"reasons": "moved away"}, 409)
		// No word of it on a phone, in the timeline, in what the desk reads.
		h.Settle()
		seen := fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200), desk.Send("GET", path("/v1/jobs/%s", job), nil, 200),
			desk.Send("GET", path("/v1/visits/%s", visit), nil, 200),
			desk.Send("GET", path("/v1/jobs/%s/passport", job), nil, 200), desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))
		for _, m := range h.Phones.Messages() {
			seen += fmt.Sprint(m)
		}
		if strings.Contains(seen, "canary") || strings.Contains(strings.ToLower(seen), "advisor") {
			t.Error("it is told where nobody may read it")
		}
	})
}

// TestAnAdvisoryThatExpiresTonight: its last day is the site's, also when the
// clocks change that night; the crew of the next morning reads nothing, whether
// or not the sweep has run.
func TestAnAdvisoryThatExpiresTonight(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("digest", "note.ends_soon", "note.moved", "note.waiting", "visit.assigned", "visit.cancelled")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for _, c := range []struct {
			zone, day string
			end       time.Time // of that day, there
		}{
			{"Asia/Kolkata", "2027-03-13", time.Date(2027, 3, 13, 18, 30, 0, 0, time.UTC)},
			{"Europe/London", "2027-03-28", time.Date(2027, 3, 28, 23, 0, 0, 0, time.UTC)},  // put forward at 01:00 that day
			{"Europe/London", "2027-10-31", time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC)},   // put back that day
			{"America/Santiago", "2027-09-04", time.Date(2027, 9, 5, 4, 0, 0, 0, time.UTC)}, // midnight does not exist
			{"America/Havana", "2027-11-06", time.Date(2027, 11, 7, 4, 0, 0, 0, time.UTC)},  // midnight exists twice
			{"America/New_York", "2027-11-07", time.Date(2027, 11, 8, 5, 0, 0, 0, time.UTC)},
		} {
			h.Clock.Set(harness.Monday)
			_, job := h.Household(desk, object{"sites": []object{{"address": "1 Lane", "postal_code": "411001", "zone": c.zone}}})
			x := advise(h, job, c.day, nil)
			if x["expires_at"] != c.end.Format(time.RFC3339) {
				t.Errorf("%s %s: it ends %v, want %v", c.zone, c.day, x["expires_at"], c.end)
			}
			h.Clock.Set(c.end.Add(-2 * time.Hour))
			h.Settle()
			// A visit that begins soon, in hours at which he works.
			from := c.end.Add(2 * time.Hour)
			for from.In(harness.Zone("Asia/Kolkata")).Hour() < 9 || from.In(harness.Zone("Asia/Kolkata")).Hour() > 17 {
				from = from.Add(time.Hour)
			}
			visit := h.Visit(desk, job, from, "ravi")
			read := func() int {
				return len(items(ravi.Send("GET", path("/v1/visits/%s/advisories", visit), nil, 200)))
			}
			h.Clock.Set(c.end.Add(-time.Second))
			if n := read(); n != 1 {
				t.Errorf("%s %s: on the last day the crew reads %d", c.zone, c.day, n)
			}
			h.Clock.Set(c.end)
			if n := read(); n != 0 { // nobody has swept
				t.Errorf("%s %s: after its end the crew reads %d", c.zone, c.day, n)
			}
			if got := h.As("maya").Send("GET", path("/v1/advisories/%s", x), nil, 200); got["status"] != "expired" ||
				len(got["actions"].([]any)) != 0 {
				t.Errorf("it is %v with %v", got["status"], got["actions"])
			}
			h.As("root").Send("POST", path("/v1/advisories/%s/approve", x), object{"told": true}, 409)
			h.Settle()
			if got := h.As("maya").Send("GET", path("/v1/advisories/%s", x), nil, 200); got["status"] != "expired" ||
				got["end_reason"] != "not renewed" || got["ended_at"] != c.end.Format(time.RFC3339) {
				t.Errorf("swept it is %v (%v) since %v", got["status"], got["end_reason"], got["ended_at"])
			}
			desk.CancelVisit(visit, bodies.CancelVisit{Reason: "next"})
		}
	})
}

// An advisory about a site goes with the site; one about a person goes
// wherever the household lives.
func TestAnAdvisoryIsAboutAPersonOrASite(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("note.moved", "note.waiting", "visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		customer, job := h.Household(desk, object{"sites": []object{{"address": "1 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"},
			{"address": "2 Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}}})
		sites := customer["sites"].([]any)
		other := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "site_id": sites[1].(object)["id"], "fault": "leaks",
			"category": "refrigerator"}, 201)
		advise(h, job, "2027-06-01", object{"subject": "site"})
		here, there := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi"), h.Visit(desk, other, harness.Monday.Add(4*time.Hour), "ravi")
		count := func(v object) int {
			return len(items(ravi.Send("GET", path("/v1/visits/%s/advisories", v), nil, 200)))
		}
		if a, b := count(here), count(there); a != 1 || b != 0 {
			t.Errorf("of a site: %d here, %d there", a, b)
		}
		advise(h, job, "2027-06-01", nil)
		if a, b := count(here), count(there); a != 2 || b != 1 {
			t.Errorf("of a person: %d here, %d there", a, b)
		}
		h.WorkUntil("ravi", here, "complete", nil)
		if n := count(here); n != 0 {
			t.Errorf("after the visit the crew reads %d", n)
		}
	})
}

func TestAHouseholdAppeals(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("link.verify", "note.moved", "note.overdue", "note.waiting", "queue.morning")
		h.MayIgnore("digest")
		desk, maya, root := h.As("kiran"), h.As("maya"), h.As("root")
		_, job := h.Household(desk, nil)
		_, quiet := h.Household(desk, nil)
		x := advise(h, job, "2027-12-01", nil)
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL)
		nobody := h.Anonymous()
		page, _ := nobody.Raw("GET", link, nil)
		if !strings.Contains(string(page), "How we plan our visits to you") || !strings.Contains(string(page), "1 December") ||
			strings.Contains(string(page), "canary") {
			t.Errorf("the page says:\n%s", page)
		}
		other := strings.TrimPrefix(h.DeliveredLink(quiet), h.URL)
		if page, _ := nobody.Raw("GET", other, nil); strings.Contains(string(page), "How we plan") {
			t.Error("a household without a note is told of one")
		}
		h.CustomerPage(job).Submit("appeal", 303, "reason", "canary-objection: it was my brother")
		if page, _ := nobody.Raw("GET", link, nil); !strings.Contains(string(page), "You have objected") {
			t.Error("the page does not say that it objected")
		}
		// The desk that writes one down for a caller does not learn of a note.
		a := desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "appeal", "reason": "not so"}, 200)
		b := desk.Send("POST", path("/v1/jobs/%s/voice", quiet), object{"action": "appeal", "reason": "not so"}, 200)
		if a["done"] != b["done"] || strings.Contains(fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)), "appeal") {
			t.Errorf("by voice: %v and %v", a["done"], b["done"])
		}
		got := maya.Send("GET", path("/v1/advisories/%s", x), nil, 200)
		if n := len(got["appeals"].([]any)); n != 1 || harness.Offers(got, "decide-appeal") || harness.Offers(got, "appeal") {
			t.Fatalf("%d appeals, offered %v", n, got["actions"])
		}
		// Neither who proposed nor who approved it; in 30 days, or it rings on.
		decide := path("/v1/advisories/%s/decide-appeal", x)
		maya.Send("POST", decide, object{"outcome": "keep", "reasons": "no"}, 403)
		root.Send("POST", decide, object{"outcome": "keep", "reasons": "no"}, 403)
		overdue := func(login string) int {
			h.Settle()
			n := 0
			for _, m := range h.Phones.MessagesFor("phone:" + login) {
				if m.Title == "A decision is overdue" {
					n++
				}
			}
			return n
		}
		h.Advance(30*24*time.Hour - time.Second)
		if n := overdue("noor"); n != 0 {
			t.Errorf("rung %d times before it is late", n)
		}
		h.Advance(time.Second)
		if n, m := overdue("noor"), overdue("maya"); n != 1 || m != 0 {
			t.Errorf("late: noor was rung %d times, maya %d", n, m)
		}
		h.Advance(7 * 24 * time.Hour)
		if n := overdue("noor"); n != 2 {
			t.Errorf("a week later: %d", n)
		}
		noor := h.As("noor")
		noor.Send("POST", decide, object{"outcome": "keep", "reasons": "Two crews told the same."}, 200)
		if page, _ := nobody.Raw("GET", link, nil); !strings.Contains(string(page), "Two crews told the same.") {
			t.Error("the household does not read the reasons")
		}
		h.Advance(30 * 24 * time.Hour)
		if n := overdue("noor"); n != 2 {
			t.Errorf("decided, it rings on: %d", n)
		}
		// A second one ends it, decided by an admin who had no part.
		maya.Send("POST", path("/v1/advisories/%s/appeal", x), object{"words": "he has moved out"}, 200)
		rani := h.AddColleague("rani", root)
		out := rani.Send("POST", decide, object{"outcome": "end", "reasons": "He has moved out."}, 200)
		if out["status"] != "ended" || out["end_reason"] != "on appeal" {
			t.Errorf("ended: %v", out)
		}
		if page, _ := nobody.Raw("GET", link, nil); strings.Contains(string(page), "How we plan") {
			t.Error("the page still tells of it")
		}
		for _, m := range h.Phones.Messages() {
			if strings.Contains(fmt.Sprint(m), "canary") {
				t.Errorf("a lock screen shows %v", m)
			}
		}
	})
}
