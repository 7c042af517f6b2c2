package safety

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// known is a household with the number and address, as some desk writes them.
func known(phone, address string) object {
	return object{"name": "Other name", "contacts": []object{{"name": "Somebody", "phones": []string{phone}}},
		"sites": []object{{"address": address, "postal_code": "400 050", "zone": "Asia/Kolkata"}}}
}

func holdsOf(job object) int { return len(job["holds"].([]any)) }

// TestAHoldFollowsThePersonAndThePlace tells docs/product.md section 5: whichever way the household
// comes in again, it is under the hold, in every centre, and so are exclusion and plan.
func TestAHoldFollowsThePersonAndThePlace(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area")
		h.MayIgnore("visit.assigned", "visit.wait", "aftercare.offer")
		desk, ravi, far := h.As("kiran"), h.As("ravi"), h.As("kiran2")
		held := known("+919812300001", "Flat 5, 12 Hill Road")
		held["contacts"] = append(held["contacts"].([]object), object{"name": "Another", "phones": []string{"+919812300010"}})
		_, first := h.Household(desk, held)
		// A row that is somebody else's until its number is changed, with a visit ahead.
		stranger, later := h.Household(desk, known("+919812300009", "77 Mill Road"))
		ahead := h.Visit(desk, later, harness.Monday.Add(30*time.Hour), "meena")
		visit := h.Visit(desk, first, harness.Monday.Add(3*time.Hour), "ravi")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 2, Note: "canary"})

		ways := map[string]func() object{
			"the same number in another spelling": func() object {
				_, j := h.Household(desk, known("098123 00001", "1 New Street"))
				return j
			},
			"the same place in another spelling": func() object {
				_, j := h.Household(desk, known("+919812300002", "12, HILL RD. (Apt #5)"))
				return j
			},
			"the digits and words of Hindi": func() object {
				_, j := h.Household(desk, known("+919812300003", "फ़्लैट ५, 12 Hill रोड"))
				return j
			},
			"the desk of another centre": func() object {
				_, j := h.Household(far, known("+919812300010", "2 New Street"))
				return j
			},
			"a row of an import": func() object {
				raw, res := desk.Raw("POST", "/v1/imports/jobs", "external_ref,name,phone,address,postal_code,fault\n"+
					"SAME-1,Third name,9812300004,\"12 hill road, flat no. 5\",400050,leaks\n", "Content-Type", "text/csv")
				if res.StatusCode != 200 {
					t.Fatalf("imported: %s", raw)
				}
				return items(desk.Send("GET", "/v1/jobs?external_ref=SAME-1", nil, 200))[0]
			},
			"a change of a household": func() object {
				desk.Send("PATCH", path("/v1/customers/%s", stranger), object{"contacts": []object{{"name": "S", "phones": []string{"+919812300010"}}}},
					200, "If-Match", fmt.Sprintf(`"%v"`, stranger["version"]))
				return desk.Send("GET", path("/v1/jobs/%s", later), nil, 200)
			},
		}
		for name, come := range ways {
			job := come()
			by := desk
			if name == "the desk of another centre" {
				by = far
			}
			job = by.Send("GET", path("/v1/jobs/%s", job), nil, 200)
			if holdsOf(job) != 1 || job["holds"].([]any)[0].(object)["customer_id"] != job["customer_id"] {
				t.Errorf("%s: %v", name, job["holds"])
			}
			if out := by.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": harness.Monday.Add(54 * time.Hour).
				Format(time.RFC3339),
				"window_end": harness.Monday.Add(56 * time.Hour).Format(time.RFC3339), "planned_minutes": 60}, 409); out["code"] != "held" {
				t.Errorf("%s: booked: %v", name, out)
			}
			if got := len(items(by.Send("GET", "/v1/jobs?hold=safety&limit=100", nil, 200))); got == 0 {
				t.Errorf("%s: not among the held", name)
			}
		}
		// The neighbour, and somebody with neither, are free.
		for _, free := range []object{known("+919812300005", "Flat 6, 12 Hill Road"), known("+919812300006", "Flat 5, 13 Hill Road")} {
			if _, j := h.Household(desk, free); holdsOf(j) != 0 {
				t.Errorf("%v is held", free)
			}
		}
		// What was booked before it was known ends at its window, counted for nobody.
		h.MayIgnore("visit.cancelled", "aftercare.due", "aftercare.late", "visit.held_cancelled", "flag.passed_on", "flag.overdue",
			"queue.morning", "hold.overdue")
		h.Advance(30 * time.Hour)
		if v := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200); v["status"] != "cancelled" {
			t.Errorf("the visit of the same household stands: %v", v["status"])
		}
	})
}

// TestWhatMayBeTheSameIsAsked: another unit next door, and a number that more than three use, are
// never held; whoever triages is asked, the desk reads the same for a hold and for a question.
func TestWhatMayBeTheSameIsAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area", "household.asked")
		h.MayIgnore("visit.assigned", "visit.wait", "aftercare.offer", "flag.overdue", "flag.passed_on", "aftercare.due", "aftercare.late")
		desk, maya, far := h.As("kiran"), h.As("maya"), h.As("maya2")
		at := func(phone, address string, north float64) object {
			c := known(phone, address)
			site := c["sites"].([]object)[0]
			site["lat"], site["lon"] = 18.9+north, 73.9
			return c
		}
		questions := func(by *harness.Client) []object {
			return harness.Items(by.Send("GET", "/v1/household-questions?status=asked", nil, 200))
		}
		first, held := h.Household(desk, at("+919812300001", "Flat 5, 12 Hill Road", 0))
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2})
		if len(questions(maya)) != 0 {
			t.Error("somebody is asked about nobody")
		}
		next, job := h.Household(desk, at("+919812300002", "Flat 6, 12 Hill Road", 0.0002))
		if next["may_be_known"] != true || job["may_be_known"] != true || holdsOf(job) != 0 {
			t.Errorf("next door: %v %v %v", next["may_be_known"], job["may_be_known"], job["holds"])
		}
		same, again := h.Household(desk, at("+919812300001", "1 New Street", 1))
		if same["may_be_known"] != true || again["may_be_known"] != true || holdsOf(again) != 1 {
			t.Errorf("the same number: %v %v", same["may_be_known"], again["holds"])
		}
		if other, j := h.Household(desk, at("+919812300003", "4 Far Street", 0.001)); other["may_be_known"] != nil || j["may_be_known"] != nil {
			t.Error("111 m away it may be known")
		}
		asked := questions(maya)
		if len(asked) != 1 || asked[0]["customer_id"] != next["id"] || asked[0]["other_id"] != first["id"] ||
			!harness.Offers(asked[0], "decide") {
			t.Fatalf("whoever triages is asked %v", asked)
		}
		if len(questions(far)) != 0 {
			t.Error("another area is asked")
		}
		q := asked[0]
		desk.Send("POST", path("/v1/household-questions/%s/decide", q), object{"decision": "same", "reasons": "as asked"}, 403)
		far.Send("POST", path("/v1/household-questions/%s/decide", q), object{"decision": "same", "reasons": "as asked"}, 404)
		// A safety-critical job is answered within the hour, and a late question is everybody's who triages.
		desk.Send("POST", "/v1/jobs", object{"customer_id": next["id"], "fault": "smells of gas", "category": "stove", "safety_critical": true},
			201)
		if got := questions(maya)[0]; got["critical"] != true || got["due_at"] != harness.Monday.Add(time.Hour).UTC().Format(time.RFC3339) {
			t.Errorf("a critical job waits: %v", got)
		}
		h.Advance(61 * time.Minute)
		if len(questions(far)) != 1 || len(questions(h.As("root"))) != 1 {
			t.Error("a late question did not climb")
		}
		maya.Send("POST", path("/v1/household-questions/%s/decide", q), object{"decision": "different", "reasons": "their neighbour"}, 200)
		desk.Send("PATCH", path("/v1/customers/%s", next), object{"name": "Neighbour"}, 200, "If-Match", fmt.Sprintf(`"%v"`, next["version"]))
		if len(questions(maya)) != 0 {
			t.Error("it is asked again")
		}

		// A guard's number: four households, and a report about one of them.
		var flats []object
		for i := range 4 {
			_, j := h.Household(desk, at("+919812300099", fmt.Sprintf("Flat %d, 9 Tower Road", i+1), 2+float64(i)))
			flats = append(flats, j)
		}
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(flats[0]["id"]), Kind: "hazard", Level: 2})
		for _, j := range flats[1:] {
			if holdsOf(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200)) != 0 {
				t.Error("the guard's number holds a household")
			}
		}
		asked = questions(maya)
		if len(asked) != 3 {
			t.Fatalf("of four households with a guard's number %d are asked about", len(asked))
		}
		maya.Send("POST", path("/v1/household-questions/%s/decide", asked[0]), object{"decision": "same", "reasons": "asked the guard"}, 200)
		n := 0
		for _, j := range flats[1:] {
			n += holdsOf(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200))
		}
		if n != 1 {
			t.Errorf("%d households are held after one was said to be the same", n)
		}
	})
}

// TestAnAddressInOtherWordsIsAsked: with a town behind it, a floor before it, a road left out or another spelling an address is
// asked about, however it comes in, and holds nobody; another house with other words is not.
func TestAnAddressInOtherWordsIsAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.next_person", "hold.area", "household.asked")
		h.MayIgnore("visit.assigned", "visit.wait", "aftercare.offer")
		desk, maya := h.As("kiran"), h.As("maya")
		held, first := h.Household(desk, known("+919812300001", "Flat 12, Shanti Niwas, Hill Road"))
		_, early := h.Household(desk, known("+919812300002", "Flat 12, Shanti Niwas, Hill Road, Bandra West, Mumbai"))
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(first["id"]), Kind: "assault", Level: 4})
		asked := func() map[any]bool {
			out := map[any]bool{}
			for _, q := range harness.Items(maya.Send("GET", "/v1/household-questions?status=asked&limit=100", nil, 200)) {
				if q["other_id"] != held["id"] {
					t.Errorf("asked about %v", q)
				}
				out[q["customer_id"]] = true
			}
			return out
		}
		if !asked()[early["customer_id"]] {
			t.Error("who was there before the report is not asked about")
		}
		for i, address := range []string{"Flat 12, Shanti Niwas, Hill Road, Bandra", "Ground floor, Flat 12, Shanti Niwas, Hill Road",
			"Flat 12, Shanti Niwas", "Flat 12, Shanti Nivas, Hill Rd", "12 Shanti Niwas, Hill Road", "फ्लॅट १२, शांती निवास, हिल रोड",
			"Flat 12, Shanti Niwas, Hill Road, Mumbai 400050"} {
			c, j := h.Household(desk, known(fmt.Sprintf("+9198123001%02d", i), address))
			if c["may_be_known"] != true || j["may_be_known"] != true || holdsOf(j) != 0 || !asked()[c["id"]] {
				t.Errorf("%q: may be known %v, %d holds, asked %v", address, c["may_be_known"], holdsOf(j), asked()[c["id"]])
			}
		}
		// A row of an import, and an address that is changed.
		out := desk.Send("POST", "/v1/imports/jobs", "external_ref,name,phone,address,postal_code,fault\n"+
			"WORDS-1,Third name,9812300004,\"Flat 12, Shanti Niwas, Hill Road, Mumbai\",400050,leaks\n", 200, "Content-Type", "text/csv")
		if text := fmt.Sprint(out); !strings.Contains(text, "may_be_known:true") {
			t.Errorf("imported: %s", text)
		}
		c, j := h.Household(desk, known("+919812300005", "77 Mill Road"))
		site := c["sites"].([]any)[0].(object)
		site["address"] = "12 Shanti Niwas, Bandra"
		desk.Send("PATCH", path("/v1/customers/%s", c), object{"sites": []any{site}}, 200, "If-Match", fmt.Sprintf(`"%v"`, c["version"]))
		if !asked()[c["id"]] || holdsOf(desk.Send("GET", path("/v1/jobs/%s", j), nil, 200)) != 0 {
			t.Error("a changed address is not asked about, or held")
		}
		for i, address := range []string{"Flat 12, Sai Niwas, Hill Road", "Flat 13, Shanti Niwas, Hill Road, Bandra", "12 Mill Road, Bandra",
			"Shanti Niwas, Hill Road", "Flat 12, Shanti Niwas, Mill Road"} {
			if c, _ := h.Household(desk, known(fmt.Sprintf("+9198123002%02d", i), address)); c["may_be_known"] != nil || asked()[c["id"]] {
				t.Errorf("%q is asked about", address)
			}
		}
	})
}

// TestAHeldHouseholdSaysThatItIsNotUs: its page says that visits are paused and by when it hears; its
// word is a question to whoever triages, and only the answer frees it.
func TestAHeldHouseholdSaysThatItIsNotUs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area", "household.asked")
		h.MayIgnore("aftercare.offer", "promise.yours")
		desk, maya := h.As("kiran"), h.As("maya")
		_, held := h.Household(desk, known("+919812300001", "12 Hill Road"))
		_, job := h.Household(desk, known("+919812300002", "12 HILL RD"))
		if strings.Contains(h.CustomerPage(job).Read(), "Visits to this address are paused") {
			t.Error("paused before anything happened")
		}
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2, Note: "canary"})
		page := h.CustomerPage(job)
		if text := page.Read(); !strings.Contains(text, "Visits to this address are paused") || !strings.Contains(text, "/not-us") ||
			strings.Contains(text, "canary") {
			t.Errorf("the household reads %s", text)
		}
		page.Submit("not-us", 303)
		h.CustomerPage(job).Submit("not-us", 303)
		asked := harness.Items(maya.Send("GET", "/v1/household-questions?status=asked", nil, 200))
		if len(asked) != 1 || asked[0]["words"] != "It is not us." {
			t.Fatalf("asked: %v", asked)
		}
		if holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) != 1 {
			t.Error("its own word lifted the hold")
		}
		maya.Send("POST", path("/v1/household-questions/%s/decide", asked[0]),
			object{"decision": "different", "reasons": "they moved in last week"}, 200)
		if holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) != 0 ||
			holdsOf(desk.Send("GET", path("/v1/jobs/%s", held), nil, 200)) != 1 {
			t.Error("the wrong household is free")
		}
	})
}

// TestAHouseholdHearsOfItsHoldOnceNobodyIsThere: whoever reports from inside a home is not
// given away by the household's page or phone.
func TestAHouseholdHearsOfItsHoldOnceNobodyIsThere(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area", "visit.assigned", "visit.offered")
		h.MayIgnore("aftercare.offer", "break.offered", "timer.no_signal", "timer.ping", "visit.done_home", "visit.done_check")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, known("+919812300001", "12 Hill Road"))
		_, upstairs := h.Household(desk, known("+919812300002", "12 HILL RD"))
		visit := h.Visit(desk, job, harness.Monday.Add(30*time.Minute), "ravi")
		h.CustomerPage(job).RegisterDevice("home:held")
		h.Advance(30 * time.Minute)
		ravi.Arrive(visit)
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 2, Note: "canary"})
		h.Advance(35 * time.Minute)
		paused := func(job object) bool {
			return strings.Contains(h.CustomerPage(job).Read(), "Visits to this address are paused")
		}
		h.ExpectOn("home:held", "At your door")
		if paused(job) || paused(upstairs) {
			h.Fatal("the household reads of it while somebody is with it")
		}
		for _, m := range h.Phones.MessagesFor("home:held") {
			if m.Data["kind"] == "hold.home" {
				h.Fatal("the household hears of it while somebody is with it")
			}
		}
		ravi.StopVisit(visit)
		if !paused(job) || !paused(upstairs) {
			t.Error("the page does not say that visits are paused")
		}
		h.Advance(31 * time.Minute)
		if m := h.ExpectOn("home:held", "Visits are paused"); strings.Contains(m.Title+m.Body, "canary") {
			t.Errorf("told %v", m)
		}
		h.Advance(2 * time.Hour)
	})
}

// TestANumberThatIsTakenOffAHeldHouseholdStaysUnderItsHold, also where its contact goes.
func TestANumberThatIsTakenOffAHeldHouseholdStaysUnderItsHold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.next_person", "hold.area")
		h.MayIgnore("aftercare.offer", "household.asked", "number.verify")
		desk := h.As("kiran")
		home, held := h.Household(desk, known("+919812300001", "12 Hill Road"))
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2, Note: "canary"})
		for i, contact := range []object{{"id": harness.List(home, "contacts")[0]["id"], "name": "X", "phones": []string{"+919812300002"}},
			{"name": "Y", "phones": []string{"+919812300003"}}} {
			now := desk.Send("GET", path("/v1/customers/%s", home), nil, 200)
			desk.Send("PATCH", path("/v1/customers/%s", home), object{"contacts": []object{contact}}, 200, "If-Match",
				fmt.Sprintf("\"%v\"", now["version"]))
			_, job := h.Household(desk, known("+919812300001", fmt.Sprintf("%d Far Street", i)))
			if holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) != 1 {
				t.Errorf("change %d: another row with the old number is under no hold", i)
			}
		}
	})
}

// TestAPlaceStaysUnderItsHold: an address that is changed on a held household frees nobody who takes it, other
// spellings of it are asked about, and
// rows that use a held number later do not make it a number that many share.
func TestAPlaceStaysUnderItsHold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "household.asked")
		h.MayIgnore("aftercare.offer", "number.verify", "visit.unassigned")
		desk, maya := h.As("kiran"), h.As("maya")
		home, held := h.Household(desk, known("+919812400001", "1 Tek Lane"))
		h.Clock.Advance(time.Minute)
		desk.CreateFlag(bodies.FlagCreate{JobID: harness.String(held["id"]), Kind: "threat", Level: 2, Note: "canary"})
		h.Clock.Advance(time.Minute)
		under := func(job object) bool { return holdsOf(desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)) == 1 }
		asked := func() int { return len(items(maya.Send("GET", "/v1/household-questions", nil, 200))) }
		for i, address := range []string{"Tek Lane 1", "C/o Rao, 1 Tek Lane, near temple"} {
			before := asked()
			if _, job := h.Household(desk, known(fmt.Sprintf("+91981240010%d", i), address)); !under(job) && asked() != before+1 {
				h.Errorf("%q is neither matched nor asked", address)
			}
		}
		for i := range 5 {
			if _, job := h.Household(desk, known("+919812400001", fmt.Sprintf("%d Dummy Street", i+1))); !under(job) {
				h.Errorf("row %d with the held number is free", i+1)
			}
		}
		now := desk.Send("GET", path("/v1/customers/%s", home), nil, 200)
		site := harness.List(now, "sites")[0]
		desk.Send("PATCH", path("/v1/customers/%s", home), object{"sites": []object{{"id": site["id"], "address": "9 Elsewhere Road",
			"postal_code": site["postal_code"], "zone": site["zone"]}}}, 200, "If-Match", fmt.Sprintf("\"%v\"", now["version"]))
		if _, job := h.Household(desk, known("+919812400200", "1, TEK LN.")); !under(job) {
			h.Error("the address that was changed is free")
		}
	})
}
