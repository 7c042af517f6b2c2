package safety

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// family is a household as one of two rows of a sheet has it.
func family(name, person, address string, phones ...string) object {
	return object{"name": name, "contacts": []object{{"name": person, "phones": phones}},
		"sites": []object{{"address": address, "postal_code": "411001", "zone": "Asia/Kolkata"}}}
}

func merge(by *harness.Client, part, into object, want int) object {
	by.Harness.Helper()
	return by.Send("POST", path("/v1/customers/%s/merge", part), object{"into": into["id"], "reason": "twice in the sheet"}, want)
}

func unmerge(by *harness.Client, part object, want int) object {
	by.Harness.Helper()
	return by.Send("POST", path("/v1/customers/%s/unmerge", part), object{}, want)
}

// phonesOf are the numbers of a household as it is read.
func phonesOf(c object) (out []string) {
	for _, p := range c["contacts"].([]any) {
		for _, n := range p.(object)["phones"].([]any) {
			out = append(out, n.(string))
		}
	}
	return out
}

// TestAFamilyThatIsThereTwiceIsMerged: a sheet made the same family twice. Merged they are one in every
// list and by every id, each link that was delivered goes on working, and what one said counts for both.
// Taken apart, each has its own, and what came meanwhile goes where its place is.
func TestAFamilyThatIsThereTwiceIsMerged(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "promise.yours", "promise.late", "visit.offered", "visit.missed", "visit.missed_desk",
			"number.changed")
		desk, asha, maya, root := h.As("kiran"), h.As("asha"), h.As("maya"), h.As("root")
		into, first := h.Household(desk, family("Mr. Ravi Patil", "Ravi", "Flat 5, 12 Hill Road", "+919812300001"))
		part, second := h.Household(desk, family("Patil Ravi", "Ravi P.", "12, HILL RD. (Apt #5)", "+919812300001"))
		desk.Send("PATCH", path("/v1/customers/%s", part), object{"contacts": []object{
			{"id": part["contacts"].([]any)[0].(object)["id"], "name": "Ravi P.", "phones": []string{"+919812300001"}},
			{"name": "Sunita", "phones": []string{"+919812300001", "+919812300002"}}},
			"sites": []object{{"id": part["sites"].([]any)[0].(object)["id"], "address": "12, HILL RD. (Apt #5)", "postal_code": "411001",
				"zone": "Asia/Kolkata"},
				{"label": "shop", "address": "3 Mill Lane", "postal_code": "411001", "zone": "Asia/Kolkata"}}},
			200, "If-Match", fmt.Sprintf(`"%v"`, part["version"]))
		before := [2]object{desk.Send("GET", path("/v1/customers/%s", into), nil, 200), desk.Send("GET", path("/v1/customers/%s", part), nil,
			200)}
		washer := desk.Send("POST", "/v1/appliances", object{"customer_id": part["id"], "category": "washing_machine", "serial": "M-1"}, 201)
		visit := h.Visit(desk, second, harness.Monday.Add(30*time.Hour), "ravi")
		own, theirs := h.CustomerPage(first), h.CustomerPage(second)
		theirs.RegisterDevice("sunita")
		h.Clock.Advance(time.Minute)
		desk.Attempt(first, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		desk.Attempt(first, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		if v := desk.Verdict(first)["verdict"]; v != "trying" {
			t.Fatalf("before: %v", v)
		}
		h.Clock.Advance(time.Minute)
		desk.Attempt(second, bodies.AttemptCreate{Channel: "phone", Direction: "inbound", Outcome: "reached"})

		// Who may not, and what cannot be.
		h.As("gita").Send("POST", path("/v1/customers/%s/merge", part), object{"into": into["id"]}, 403)
		h.As("ravi").Send("POST", path("/v1/customers/%s/merge", part), object{"into": into["id"]}, 404)
		merge(h.As("kiran2"), part, into, 404)
		foreign, _ := h.Household(h.As("kiran2"), family("Far", "F", "8 Far Road", "+919812300005"))
		merge(desk, part, foreign, 404)
		merge(maya, part, foreign, 404)
		if out := merge(desk, part, part, 422); out["code"] != "unprocessable" {
			t.Errorf("into itself: %v", out)
		}
		unmerge(desk, part, 409)

		one := merge(desk, part, into, 200)
		if again := merge(asha, part, into, 200); fmt.Sprint(again) != fmt.Sprint(one) {
			t.Errorf("the same merge again: %v, first %v", again, one)
		}
		merge(desk, into, part, 422)
		if p := phonesOf(one); one["id"] != into["id"] || !slices.Equal(p, []string{"+919812300001", "+919812300002"}) ||
			len(one["sites"].([]any)) != 2 {
			t.Errorf("one household: %v", one)
		}
		if got := desk.Send("GET", path("/v1/customers/%s", part), nil, 200); got["id"] != into["id"] || got["merged_into"] != into["id"] {
			t.Errorf("by the id of the part: %v", got)
		}
		for _, q := range []string{"?q=patil", "?q=Sunita", "?phone=%2B919812300002", "?q=" + part["id"].(string), "?limit=100"} {
			n := 0
			for _, c := range items(desk.Send("GET", "/v1/customers"+q, nil, 200)) {
				if c["id"] == into["id"] {
					n++
				}
				if c["id"] == part["id"] {
					t.Errorf("%s shows the part", q)
				}
			}
			if n != 1 {
				t.Errorf("%s finds it %d times", q, n)
			}
		}
		for _, x := range []string{path("/v1/jobs/%s", second), path("/v1/visits/%s", visit), path("/v1/appliances/%s", washer)} {
			if got := desk.Send("GET", x, nil, 200); got["customer_id"] != into["id"] {
				t.Errorf("%s is of %v", x, got["customer_id"])
			}
		}
		if n := len(items(desk.Send("GET", path("/v1/jobs?customer_id=%s", part), nil, 200))); n != 2 {
			t.Errorf("of the part's id %d jobs", n)
		}
		for _, j := range []object{first, second} {
			if n := len(slices.DeleteFunc(h.EntryKinds(j), func(k string) bool { return k != "household.merged" })); n != 1 {
				t.Errorf("the timeline says it %d times", n)
			}
		}
		if log := items(root.Send("GET", "/v1/security-log?kind=household_merged", nil, 200)); len(log) != 1 ||
			log[0]["actor_id"] != desk.ID.String() {
			t.Errorf("the security log: %v", log)
		}
		// The links work, and what one chain has counts for the other.
		if text := theirs.Read(); !strings.Contains(text, "leaks") && !strings.Contains(text, "form_key") {
			t.Errorf("the page of the part: %s", text)
		}
		own.Read()
		if v := desk.Verdict(first)["verdict"]; v != "reached" {
			t.Errorf("they called about the other job, and the verdict is %v", v)
		}
		third := desk.Send("POST", "/v1/jobs", object{"customer_id": part["id"], "fault": "rattles", "category": "refrigerator"}, 201)
		if third["customer_id"] != into["id"] {
			t.Errorf("a job for the part is of %v", third["customer_id"])
		}
		capped := desk.Attempt(third, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		if !strings.Contains(fmt.Sprint(desk.Verdict(third)["does_not_count"]), capped.ID) {
			t.Errorf("a third call of the day to the household counts: %v", desk.Verdict(third))
		}
		shop := ""
		for _, s := range one["sites"].([]any) {
			if s.(object)["label"] == "shop" {
				shop = s.(object)["id"].(string)
			}
		}
		fourth := desk.Send("POST", "/v1/jobs", object{"customer_id": into["id"], "site_id": shop, "fault": "leaks", "category": "refrigerator"},
			201)

		// Apart again.
		unmerge(h.As("kiran2"), part, 404)
		unmerge(h.As("maya2"), part, 404)
		h.As("gita").Send("POST", path("/v1/customers/%s/unmerge", part), object{}, 403)
		back := unmerge(maya, part, 200)
		now := [2]object{desk.Send("GET", path("/v1/customers/%s", into), nil, 200), desk.Send("GET", path("/v1/customers/%s", part), nil, 200)}
		for i := range now {
			for _, field := range []string{"id", "name", "contacts", "sites", "merged_into"} {
				if fmt.Sprint(now[i][field]) != fmt.Sprint(before[i][field]) {
					t.Errorf("%s before %v, now %v", field, before[i][field], now[i][field])
				}
			}
		}
		if back["id"] != part["id"] {
			t.Errorf("the answer is %v", back)
		}
		for _, x := range []struct{ job, of object }{{first, into}, {second, part}, {third, into}, {fourth, part}} {
			if got := desk.Send("GET", path("/v1/jobs/%s", x.job), nil, 200); got["customer_id"] != x.of["id"] {
				t.Errorf("%v is of %v", got["fault"], got["customer_id"])
			}
		}
		if v := desk.Verdict(first)["verdict"]; v != "trying" {
			t.Errorf("apart the first is %v", v)
		}
		theirs.Read()
		desk.Send("POST", path("/v1/jobs/%s/link/send", second), nil, 200)
		h.ExpectOn("sunita", "Your repair")
		merge(desk, part, into, 200)
		theirs.Submit("confirm", 303)
		h.Expect("ravi", "Visit confirmed")
		if v := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200); v["confirmation"] != "confirmed" {
			t.Errorf("confirmed by the part's link: %v", v["confirmation"])
		}
		h.Clock.Advance(31 * 24 * time.Hour)
		if out := unmerge(h.As("kiran"), part, 409); !strings.Contains(fmt.Sprint(out["detail"]), "30 days") {
			t.Errorf("too late: %v", out)
		}
	})
}

// TestByTheIdOfAPartIsTheWhole: whatever reads a household by its id, in an address or a query, gives the whole, whichever of
// its rows is named; so do search, the passport, the page and the evidence of the jobs of either.
func TestByTheIdOfAPartIsTheWhole(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "promise.yours", "number.changed")
		desk, maya := h.As("kiran"), h.As("maya")
		var rows, jobs [2]object
		for i, phone := range []string{"+919812300021", "+919812300022"} {
			rows[i], jobs[i] = h.Household(desk, family("Row", "Person "+phone[11:], "1"+phone[12:]+" Hill Road", phone))
			of := object{"customer_id": rows[i]["id"], "category": "refrigerator", "serial": "S-" + phone}
			desk.Send("POST", "/v1/appliances", of, 201)
			desk.Send("POST", "/v1/maintenance", object{"customer_id": rows[i]["id"], "rrule": "FREQ=YEARLY", "dtstart": "2027-03-20T10:00",
				"fault": "service"}, 201)
			desk.Attempt(jobs[i], bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Note: "tried " + phone})
		}
		part, into := rows[0], rows[1]
		merge(desk, part, into, 200)
		for _, at := range []string{"/v1/appliances", "/v1/jobs", "/v1/maintenance"} { // all lists that take customer_id
			list := func(of object) []object { return items(desk.Send("GET", at+path("?customer_id=%s", of), nil, 200)) }
			if a, b := list(part), list(into); fmt.Sprint(a) != fmt.Sprint(b) || len(a) < 2 {
				t.Errorf("%s of the part: %v, of the whole: %v", at, a, b)
			}
		}
		a, b := desk.Send("GET", path("/v1/customers/%s", part), nil, 200), desk.Send("GET", path("/v1/customers/%s", into), nil, 200)
		if fmt.Sprint(a["contacts"], a["sites"], a["id"]) != fmt.Sprint(b["contacts"], b["sites"], b["id"]) || len(phonesOf(a)) != 2 {
			t.Errorf("by the part: %v, by the whole: %v", a, b)
		}
		for i, phone := range []string{"+919812300021", "+919812300022"} {
			if found := items(desk.Send("GET", "/v1/jobs?phone=%2B"+phone[1:], nil, 200)); len(found) != 2 {
				t.Errorf("by the number %s: %d jobs", phone, len(found))
			}
			pack, res := maya.Raw("GET", path("/v1/jobs/%s/evidence-pack", jobs[i]), nil)
			if res.StatusCode != 200 || !strings.Contains(string(unzipped(t, pack)), "tried "+phone) {
				t.Errorf("the evidence of %s: %d", phone, res.StatusCode)
			}
			desk.Send("GET", path("/v1/jobs/%s/passport", jobs[i]), nil, 200)
			h.CustomerPage(jobs[i]).Read()
		}
	})
}

// TestMergingLiftsNothing: whichever of the two something lies over, it lies over the whole, and over that one when they are
// taken apart. Whoever merges reads the same whether it does.
func TestMergingLiftsNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area")
		h.MayIgnore("visit.assigned", "visit.wait", "aftercare.offer", "visit.needs_someone", "visit.unassigned", "household.asked")
		desk := h.As("kiran")
		var shapes []string
		for i, held := range []string{"nobody", "part", "into"} {
			pair := map[string]object{}
			jobs := map[string]object{}
			for k, name := range []string{"part", "into"} {
				pair[name], jobs[name] = h.Household(desk, family(name, "P", fmt.Sprintf("%d Elm Road", 10*i+k+1),
					fmt.Sprintf("+9198123011%d%d", i, k)))
			}
			if held != "nobody" {
				desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(jobs[held]["id"]), Kind: "threat", Level: 2, Note: "canary"})
			}
			out := merge(desk, pair["part"], pair["into"], 200)
			keys := []string{}
			for k := range out {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			shapes = append(shapes, fmt.Sprint(keys))
			want := map[bool]int{true: 0, false: 1}[held == "nobody"]
			for name, j := range jobs {
				if n := holdsOf(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200)); n != want {
					t.Errorf("%s held: merged, the job of the %s has %d holds", held, name, n)
				}
			}
			if held != "nobody" {
				desk.Send("POST", path("/v1/jobs/%s/visits", jobs["part"]), object{"window_start": harness.Monday.Add(54 * time.Hour).
					Format(time.RFC3339),
					"window_end": harness.Monday.Add(56 * time.Hour).Format(time.RFC3339), "planned_minutes": 60}, 409)
			}
			unmerge(desk, pair["part"], 200)
			for name, j := range jobs {
				if n := holdsOf(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200)); n != map[bool]int{true: 1, false: 0}[name == held] {
					t.Errorf("%s held: apart, the job of the %s has %d holds", held, name, n)
				}
			}
		}
		if shapes[0] != shapes[1] || shapes[0] != shapes[2] {
			t.Errorf("whoever merges learns what lies there: %q", shapes)
		}
		// Who does not go to the one goes to neither, and is in no crew ahead any more.
		part, job := h.Household(desk, family("part", "P", "1 Oak Road", "+919812301101"))
		into, other := h.Household(desk, family("into", "P", "2 Oak Road", "+919812301102"))
		h.As("ravi").Send("POST", path("/v1/visits/%s/opt-out", h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")), object{}, 200)
		ahead := h.Visit(desk, other, harness.Monday.Add(33*time.Hour), "ravi")
		merge(desk, part, into, 200)
		if got := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200); len(got["crew"].([]any)) != 0 {
			t.Errorf("merged, the crew ahead is %v", got["crew"])
		}
		desk.Send("POST", path("/v1/visits/%s/assign", ahead), h.Crew("ravi"), 409)
		unmerge(desk, part, 200)
		for i, j := range []object{job, other} { // each has its own back
			v := items(desk.Send("GET", path("/v1/visits?job_id=%s", j), nil, 200))[0]
			desk.Send("POST", path("/v1/visits/%s/assign", v), h.Crew("ravi"), []int{409, 200}[i])
		}
	})
}

// TestAQuestionIsNotAnsweredByTheDesk: while somebody is asked whether two are one household, the desk's merge leaves the
// question open; who may answer answers by merging; what was found to be two is not merged, and is taken apart.
func TestAQuestionIsNotAnsweredByTheDesk(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area", "household.asked", "number.verify")
		h.MayIgnore("visit.assigned", "aftercare.offer")
		desk, maya := h.As("kiran"), h.As("maya")
		at := func(unit string, north float64, phone string) object {
			c := family("Unit "+unit, "U", "Flat "+unit+", 12 Hill Road", phone)
			site := c["sites"].([]object)[0]
			site["lat"], site["lon"] = 18.9+north, 73.9
			return c
		}
		asked := func() []object {
			return harness.Items(maya.Send("GET", "/v1/household-questions?status=asked", nil, 200))
		}
		first, held := h.Household(desk, at("5", 0, "+919812300001"))
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2})
		next, job := h.Household(desk, at("6", 0.0001, "+919812300002"))
		third, _ := h.Household(desk, at("7", 0.0002, "+919812300003"))
		if len(asked()) != 2 {
			t.Fatalf("asked: %v", asked())
		}
		merge(desk, next, first, 200)
		if n := len(asked()); n != 2 || holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) != 1 {
			t.Errorf("merged by the desk: %d questions, held %v", n, desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"])
		}
		for _, q := range asked() {
			if q["customer_id"] == next["id"] || q["other_id"] == next["id"] {
				maya.Send("POST", path("/v1/household-questions/%s/decide", q), object{"decision": "different", "reasons": "their neighbour"}, 200)
			}
		}
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); got["customer_id"] != next["id"] || holdsOf(got) != 0 {
			t.Errorf("found to be two: %v", got)
		}
		if out := merge(desk, next, first, 409); out["code"] != "wrong_state" {
			t.Errorf("merged again: %v", out)
		}
		merge(maya, third, first, 200)
		if len(asked()) != 0 {
			t.Errorf("who may answer merged, and is asked %v", asked())
		}
	})
}

// TestPartingGivesAnInnocentRowBackWhatItHad: merged with a held one and parted again it is asked about, and held no longer by the
// merge alone; one that shares its number stays under the hold.
func TestPartingGivesAnInnocentRowBackWhatItHad(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "household.asked")
		h.MayIgnore("number.verify", "link_request.opened")
		desk, maya := h.As("kiran"), h.As("maya")
		held, job := h.Household(desk, known("+919812500001", "1 Held Lane"))
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, Note: "canary"})
		under := func(job object) bool { return holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) > 0 }
		for _, same := range []bool{false, true} {
			number := map[bool]string{false: "+919812500077", true: "+919812500001"}[same]
			other, theirs := h.Household(desk, known(number, fmt.Sprintf("%v Quiet Street", map[bool]int{false: 7, true: 8}[same])))
			if under(theirs) != same {
				h.Fatalf("before the merge it is under the hold: %v", !same)
			}
			desk.Send("POST", path("/v1/customers/%s/merge", other), object{"into": held["id"]}, 200)
			if !under(theirs) {
				h.Error("merged it is free")
			}
			desk.Send("POST", path("/v1/customers/%s/unmerge", other), object{}, 200)
			if under(theirs) != same || !under(job) {
				h.Errorf("parted, sharing a number %v: it is under the hold %v, the held one %v", same, under(theirs), under(job))
			}
			asked := false
			for _, q := range items(maya.Send("GET", "/v1/household-questions", nil, 200)) {
				asked = asked || q["customer_id"] == other["id"] && q["status"] == "asked"
			}
			if asked == same {
				h.Errorf("parted, sharing a number %v: it is asked about %v", same, asked)
			}
		}
	})
}

// TestAnEmailIsNotLentByAMerge: an e-mail to somebody of the one row is no message to the household of the other's job, while the merge
// is asked about; one to its own is.
func TestAnEmailIsNotLentByAMerge(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.no_access_desk", "number.changed", "number.verify", "visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for i, x := range []struct {
			to   string
			want int
		}{{"part@example.org", 409}, {"Own@example.org", 200}} {
			row := func(name, mail, phone string) object {
				out := family(name, name, fmt.Sprintf("Flat %d, 12 Hill Road", 5+i), phone)
				out["contacts"].([]object)[0]["email"] = mail
				return out
			}
			into, job := h.Household(desk, row("Patil", "own@example.org", fmt.Sprintf("+91981230000%d", 2*i)))
			part, _ := h.Household(desk, row("Ravi Patil", "part@example.org", fmt.Sprintf("+91981230000%d", 2*i+1)))
			at := h.Clock.Now().Add(time.Hour)
			visit := h.Visit(desk, job, at, "ravi")
			merge(h.As("maya"), part, into, 200)
			h.Clock.Set(at.Add(-10 * time.Minute))
			ravi.Arrive(visit)
			h.Clock.Advance(5 * time.Minute)
			ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "phone", "outcome": "no_answer", "ring_seconds": 40}, 201)
			ravi.Send("POST", path("/v1/visits/%s/attempts", visit), object{"channel": "email", "outcome": "sent", "address": x.to}, 201)
			h.Clock.Set(at.Add(12 * time.Minute))
			out := ravi.Send("POST", path("/v1/visits/%s/no-access", visit), nil, x.want)
			if x.want == 409 && out["code"] != "guard_not_met" || x.want == 200 && out["counts_against"] != "customer" {
				t.Errorf("an e-mail to %s: %v", x.to, out)
			}
			if x.want == 409 {
				ravi.Send("POST", path("/v1/visits/%s/no-access", visit), object{"reason": "phone_broken"}, 200)
			}
		}
	})
}
