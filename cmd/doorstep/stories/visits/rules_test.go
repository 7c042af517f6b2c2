package visits

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

func TestRefusalProvesNoAgreement(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.confirmed")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		for _, outcome := range []string{"refused", "hostile", "no_answer"} {
			desk.Send("POST", path("/v1/visits/%s/confirm", visit), object{"contact": object{"channel": "phone", "outcome": outcome}}, 422)
		}
		desk.Send("POST", path("/v1/visits/%s/confirm", visit), nil, 409)
		out := desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
		if out.Confirmation != "confirmed" || out.ConfirmedHow != "call" {
			t.Errorf("confirmed %v by %v", out.Confirmation, out.ConfirmedHow)
		}
	})
}

func TestTriageThatRaisesTheLevelLocksAtOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "flag.triaged", "hold.area", "hold.released", "visit.assigned", "visit.cancelled", "visit.held_cancelled",
			"visit.read_plan")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		flag := h.As("ravi").FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 1})
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 0}, 422)
		maya.Send("POST", path("/v1/flags/%s/triage", flag), object{"level": 3}, 200)
		if holds := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(holds) != 1 {
			t.Fatalf("holds after triage: %v", holds)
		}
		// The slot is kept until the window begins; then it falls away, for nobody.
		h.Advance(2 * time.Hour)
		if got := desk.Visit(visit); got.Status != "scheduled" {
			t.Fatalf("before its window the visit is %v", got.Status)
		}
		h.Advance(65 * time.Minute)
		got := desk.Visit(visit)
		if got.Status != "cancelled" || got.EndReason != "held" || got.CountsAgainst != "nobody" {
			t.Fatalf("at its window the visit is %v (%v), against %v", got.Status, got.EndReason, got.CountsAgainst)
		}
		// A plan can be revised, and what was seen of the old one is void.
		h.ReleaseHold(maya, job, "no_visit")
		window := object{"window_start": h.Clock.Now().Add(4 * time.Hour), "window_end": h.Clock.Now().Add(6 * time.Hour),
			"crew": []string{h.People["meena"].ID.String()}}
		if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), window, 409); out["code"] != "plan_not_met" {
			t.Errorf("no_visit refuses as %v", out["code"])
		}
		h.ReleaseHold(maya, job, "daylight")
		next := desk.Send("POST", path("/v1/jobs/%s/visits", job), window, 201)
		meena := h.As("meena")
		meena.Send("POST", path("/v1/visits/%s/plan-seen", next), nil, 200)
		h.ReleaseHold(maya, job, "daylight", "carry_in")
		if out := meena.Send("POST", path("/v1/visits/%s/en-route", next), nil, 409); out["code"] != "plan_not_met" {
			t.Errorf("an unseen plan refuses as %v", out["code"])
		}
		meena.Send("POST", path("/v1/visits/%s/plan-seen", next), nil, 200)
		meena.EnRoute(next)
	})
}

func TestStopAgainAfterARelease(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "hold.released", "visit.assigned")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		first := ravi.StopVisit(visit)
		h.ReleaseHold(maya, job, "two_people")
		second := ravi.StopVisit(visit)
		if second.Status != "stopped_unsafe" || second.FlagID == first.FlagID {
			t.Errorf("the second stop: %v, flag %v after %v", second.Status, second.FlagID, first.FlagID)
		}
		if holds := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(holds) != 1 {
			t.Errorf("after the second stop the holds are %v", holds)
		}
	})
}

func TestDisruptionMovesTheDayForNobody(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, asha := h.As("kiran"), h.As("asha")
		_, job := h.Household(desk, nil)
		_, waiting := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		parts := h.Visit(desk, waiting, harness.Monday.Add(30*time.Hour), "meena")
		desk.Send("POST", path("/v1/jobs/%s/hold", waiting), object{"kind": "parts", "reason": "compressor"}, 200)
		out := asha.Send("POST", "/v1/centres/"+h.Centre.String()+"/disruption",
			object{"date": "2027-03-02", "reason": "flood", "move_to": "2027-03-05"}, 201)
		if out["moved"] != 2.0 || out["unplaced"] != 0.0 {
			t.Fatalf("moved %v, unplaced %v", out["moved"], out["unplaced"])
		}
		for _, v := range []object{visit, parts} {
			old := desk.Visit(v)
			next := desk.Send("GET", "/v1/visits/"+old.SuccessorID, nil, 200)
			was, err := time.Parse(time.RFC3339, v["window_start"].(string))
			h.Must(err)
			if old.Status != "rescheduled" || old.CountsAgainst != "nobody" || next["window_start"] != was.AddDate(0, 0, 3).
				Format(time.RFC3339) || len(next["crew"].([]any)) != 1 {
				t.Errorf("%v %v, next at %v with %v", old.Status, old.CountsAgainst, next["window_start"], next["crew"])
			}
		}
	})
}

func TestAStaleTapIsContactAllTheSame(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		job := harness.UnreachableHousehold(h)
		h.Ignores("job.reached", "promise.yours", "visit.assigned", "visit.cancelled")
		desk := h.As("kiran")
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL)
		nobody := h.Anonymous()
		page, _ := nobody.Raw("GET", link, nil)
		key := harness.FormKey.FindSubmatch(page)
		if key == nil {
			t.Fatalf("the page of an unreachable household offers nothing:\n%s", page)
		}
		if _, res := nobody.Raw("POST", link+"/call-me", url.Values{"form_key": {string(key[1])}}.Encode(), "Content-Type",
			"application/x-www-form-urlencoded"); res.StatusCode != 303 {
			t.Fatalf("call me: %d", res.StatusCode)
		}
		if v := desk.Verdict(job); v["verdict"] != "reached" {
			t.Errorf("after the tap the verdict is %v", v["verdict"])
		}
		visit := h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour), "ravi")
		page, _ = nobody.Raw("GET", link, nil)
		key = harness.FormKey.FindSubmatch(page)
		desk.CancelVisit(visit, bodies.CancelVisit{Reason: "no parts"})
		before := len(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)["items"].([]any))
		if _, res := nobody.Raw("POST", link+"/confirm", url.Values{"form_key": {string(key[1])}}.Encode(), "Content-Type",
			"application/x-www-form-urlencoded"); res.StatusCode != 409 {
			t.Fatalf("a stale confirm: %d", res.StatusCode)
		}
		if after := len(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)["items"].([]any)); after != before+1 {
			t.Errorf("%d attempts, want %d: the tap was contact", after, before+1)
		}
	})
}

func TestBlindReportsTellNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area", "promise.yours")
		desk := h.As("kiran")
		customer, _ := h.Household(desk, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		stranger := h.As("ravi2") // of another area
		for _, phone := range []any{number, "+919899999999"} {
			id := uuid.NewString()
			body := object{"id": id, "phone": phone, "note": "called back"}
			for range 2 { // the same report again, under a fresh key
				if out := stranger.Send("POST", "/v1/contacts", body, 202); out["id"] != id {
					t.Errorf("%v is answered with the id %v", phone, out["id"])
				}
			}
			flag := stranger.CreateFlag(bodies.FlagCreate{Phone: harness.String(phone), Kind: "verbal_abuse", Level: 2})
			got := stranger.Send("GET", path("/v1/flags/%s", flag), nil, 200)
			for _, field := range []string{"job_id", "customer_id", "site_id", "centre_id", "area_id"} {
				if got[field] != nil {
					t.Errorf("the reporter of %v learns %s", phone, field)
				}
			}
		}
	})
}

func TestVerifyNamesATamperedRow(t *testing.T) {
	h := harness.New(t, "sqlite")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "busy"})
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "busy"})
	ctx := context.Background()
	for _, spoil := range []string{`UPDATE facts SET payload = '{"outcome":"answered"}' WHERE seq = 2`,
		`UPDATE facts SET occurred_at = 'junk' WHERE seq = 2`} {
		if _, err := h.DB.SQL().ExecContext(ctx, spoil); err != nil {
			t.Fatal(err)
		}
		faults, err := h.Server.Service.Proof.Verify(ctx, nil)
		if err != nil || len(faults) != 1 || faults[0].Seq != 2 || faults[0].JobID.String() != job["id"] {
			t.Errorf("%s: %+v, %v", spoil, faults, err)
		}
	}
}

// TestTriesAtAForeignNumberDoNotCount: by the book, but at somebody else's
// number, nobody becomes unreachable.
func TestTriesAtAForeignNumberDoNotCount(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, asha := h.As("kiran"), h.As("asha")
		customer, job := h.Household(desk, nil)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", Address: "+919800000099", RingSeconds: 30,
			Grade: "recorded"})
		h.Clock.Advance(4 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered", Address: "+919800000099"})
		h.Clock.Advance(27 * time.Hour)
		last := desk.Attempt(job, bodies.AttemptCreate{Channel: "whatsapp", Outcome: "read", Address: "+919800000099",
			ContactID: harness.String(customer["contacts"].([]any)[0].(object)["id"])})
		h.Advance(25 * time.Hour)
		v := desk.Verdict(job)
		if v["verdict"] != "trying" || len(v["counts"].([]any)) != 0 || len(v["does_not_count"].([]any)) != 3 {
			t.Fatalf("%v, counts %v, does not count %v", v["verdict"], v["counts"], v["does_not_count"])
		}
		for _, x := range v["does_not_count"].([]any) {
			if !strings.Contains(x.(object)["why"].(string), "not known as the household's") {
				t.Errorf("why: %v", x.(object)["why"])
			}
		}
		// Added to the household, the number was its own all along.
		contact := customer["contacts"].([]any)[0].(object)
		phones := append(contact["phones"].([]any), "+919800000099")
		desk.Send("PATCH", path("/v1/customers/%s", customer),
			object{"contacts": []object{{"id": contact["id"], "name": contact["name"], "phones": phones}}}, 200, "If-Match", `"1"`)
		if v := desk.Verdict(job); len(v["counts"].([]any)) != 3 || v["counts"].([]any)[2] != last.ID {
			t.Errorf("after the number was added %v count, not %v", v["counts"], v["does_not_count"])
		}
	})
}

// TestStopAfterAChangeOfRole: whoever was ever in the crew may stop, also when
// he is a coordinator elsewhere by now; the report is his to complete.
func TestStopAfterAChangeOfRole(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "visit.assigned", "visit.wait", "visits.given_back")
		desk, root := h.As("kiran"), h.As("root")
		_, job := h.Household(desk, nil)
		first := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		second := h.Visit(desk, job, harness.Monday.Add(6*time.Hour), "meena")
		become := func(login string, change object) *harness.Client {
			p := h.People[login]
			user := root.Send("GET", "/v1/users/"+p.ID.String(), nil, 200)
			root.Send("PATCH", "/v1/users/"+p.ID.String(), change, 200, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
			p.Token = "" // those of the former role ended
			return h.As(login)
		}
		h.As("ravi")
		ravi := become("ravi", object{"role": "coordinator", "centre_id": h.OtherCentre})
		for _, other := range []string{"kiran2", "kiran", "asha", "maya", "gita", "root"} {
			h.As(other).Send("POST", path("/v1/visits/%s/stop", first), nil, 404)
		}
		ravi.Send("GET", path("/v1/visits/%s", first), nil, 404)
		out := ravi.Send("POST", path("/v1/visits/%s/stop", first), nil, 200)
		if out["status"] != "stopped_unsafe" || out["flag_id"] == nil {
			t.Fatalf("stopped: %v, flag %v", out["status"], out["flag_id"])
		}
		if again := ravi.Send("POST", path("/v1/visits/%s/stop", first), "{broken", 200); again["flag_id"] != out["flag_id"] {
			t.Errorf("the second tap made the flag %v", again["flag_id"])
		}
		if holds := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)["holds"].([]any); len(holds) != 1 ||
			holds[0].(object)["kind"] != "safety" {
			t.Errorf("holds %v", holds)
		}
		done := ravi.FlagVisit(first, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "at the gate"})
		if done.ID != out["flag_id"] {
			t.Errorf("his words made another report: %v", done.ID)
		}
		// The same in his own centre, with a role that decides about reports.
		desk.Send("POST", path("/v1/visits/%s/assign", second), object{"crew": []string{}}, 409) // held now
		meena := become("meena", object{"role": "agent"})
		if out := meena.StopVisit(second); out.Status != "stopped_unsafe" {
			t.Errorf("stopped as an agent: %v", out.Status)
		}
	})
}

// TestAFurtherTapOnStopTellsMore: the first tap may come without a word; what a
// further one says is added to it, and a lower level takes nothing back
// (docs/product.md section 5).
func TestAFurtherTapOnStopTellsMore(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "visit.assigned")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		ravi := h.As("ravi")
		stop := func(body any) object { return ravi.Send("POST", path("/v1/visits/%s/stop", visit), body, 200) }
		first := stop(nil)
		flag := func() object { return maya.Send("GET", "/v1/flags/"+harness.String(first["flag_id"]), nil, 200) }
		is := func(kind string, level float64, words ...string) {
			t.Helper()
			f := flag()
			if f["kind"] != kind || f["level"] != level || f["provisional"] != true {
				t.Errorf("the report is %v, level %v, provisional %v", f["kind"], f["level"], f["provisional"])
			}
			for _, w := range words {
				if strings.Count(harness.String(f["note"]), w) != 1 {
					t.Errorf("%q in the note %q", w, f["note"])
				}
			}
		}
		is("other", 2)
		told := h.Pushes("maya", harness.TitleLiveReport)
		due := flag()["triage_due_at"]
		for range 2 { // and the same again changes nothing
			if more := stop(object{"kind": "weapon", "level": 4, "note": "he has a knife"}); more["flag_id"] != first["flag_id"] {
				t.Errorf("another report: %v", more["flag_id"])
			}
			is("weapon", 4, "he has a knife")
		}
		if now := h.Pushes("maya", harness.TitleLiveReport); now != told+1 {
			t.Errorf("the manager was told %d times of the higher level", now-told)
		}
		if again := flag()["triage_due_at"]; harness.String(again) >= harness.String(due) {
			t.Errorf("due at %v, before %v", again, due)
		}
		stop(object{"kind": "theft", "level": 1, "note": "I am out"})
		is("weapon", 4, "he has a knife", "I am out")
	})
}

// twice runs every transaction, undoes it, and runs it again, as a collision
// does: what it is told may not depend on that.
type twice struct{ domain.Store }

var errTwice = errors.New("run again")

func (s twice) InTx(ctx context.Context, fn func(domain.Tx) error) error {
	if err := s.Store.InTx(ctx, func(tx domain.Tx) error { return errors.Join(fn(tx), errTwice) }); !errors.Is(err, errTwice) {
		return err
	}
	return s.Store.InTx(ctx, fn)
}

// TestMovesMayRunTwice: moves that were undone come out the same when they
// run again.
func TestMovesMayRunTwice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.Server.Service.Store = twice{h.Server.Service.Store}
		desk, gita, root := h.As("kiran"), h.As("gita"), h.As("root")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		move := func(who *harness.Client, visit object, hours int) object {
			at := harness.Monday.Add(time.Duration(hours) * time.Hour)
			return who.Send("POST", path("/v1/visits/%s/reschedule", visit), object{"window_start": at, "window_end": at.Add(2 * time.Hour),
				"reason": "customer asked"}, 201)
		}
		next := move(gita, visit, 27) // an agent may not name a crew, and names none
		last := move(desk, next, 30)
		if crew, ok := last["crew"].([]any); !ok || len(crew) != 1 || crew[0] != h.People["ravi"].ID.String() ||
			last["planned_minutes"] != visit["planned_minutes"] {
			t.Errorf("the crew is %v for %v minutes", last["crew"], last["planned_minutes"])
		}
		centre := root.Send("GET", "/v1/centres/"+h.Centre.String(), nil, 200)
		changed := root.Send("PATCH", "/v1/centres/"+h.Centre.String(), object{"holidays": []string{"2027-01-26", "2026-12-25", "2027-01-26"}},
			200,
			"If-Match", fmt.Sprintf(`"%v"`, centre["version"]))
		if days := fmt.Sprint(changed["holidays"]); days != "[2026-12-25 2027-01-26]" {
			t.Errorf("holidays %v", days)
		}
		ravi := h.As("ravi")
		ravi.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 25})
		if n := len(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)["items"].([]any)); n != 1 {
			t.Errorf("%d attempts", n)
		}
	})
}

// TestNamesSaySomethingAndKeysComeOnce: a name of spaces is none, and of two
// keys nobody can say which one a retry has.
func TestNamesSaySomethingAndKeysComeOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		for _, home := range []object{{"name": " \t"}, {"name": "Rao", "contacts": []object{{"name": "  ", "phones": []string{"+919812345678"}}}},
			{"name": "Rao", "sites": []object{{"address": "\n", "postal_code": "411038"}}}} {
			desk.Send("POST", "/v1/customers", home, 400)
		}
		customer := object{"name": "Rao", "contacts": []object{{"name": "Rao", "phones": []string{"+919812345678"}}},
			"sites": []object{{"address": "1 Lane", "postal_code": "411038"}}}
		for keys, want := range map[string]int{"one": 201, "one two": 400} {
			body, err := json.Marshal(customer)
			h.Must(err)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/v1/customers", bytes.NewReader(body))
			h.Must(err)
			req.Header.Set("Authorization", "Bearer "+desk.Token)
			req.Header.Set("Content-Type", "application/json")
			for key := range strings.FieldsSeq(keys) {
				req.Header.Add("Idempotency-Key", key)
			}
			res, err := http.DefaultClient.Do(req)
			h.Must(err)
			h.Must(res.Body.Close())
			if res.StatusCode != want {
				t.Errorf("keys %q: %d, want %d", keys, res.StatusCode, want)
			}
		}
	})
}

// TestANewPasswordEndsEveryOtherLink: a link that was lost does not set it
// again, and who signs in afterwards is let in at once.
func TestANewPasswordEndsEveryOtherLink(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		root, kiran := h.As("root"), h.As("kiran")
		invite := func() string {
			return harness.String(root.Send("POST", fmt.Sprintf("/v1/users/%s/invite", kiran.ID),
				object{"in_person": true, "note": "showed an identity card"}, 201)["code"])
		}
		nobody := h.Anonymous()
		h.Ignores("account.reset")
		reset := func(token, password string, want int) {
			t.Helper()
			nobody.Send("POST", "/v1/auth/reset", object{"token": token, "password": password}, want)
		}
		lost, second := invite(), invite()
		kiran.Send("GET", "/v1/me", nil, 200) // the server remembers him as he is
		reset(second, "correct horse battery 1", 204)
		fresh := nobody.Send("POST", "/v1/auth/login", object{"login": kiran.Login, "password": "correct horse battery 1"}, 200)
		h.SignedIn("", harness.String(fresh["access_token"])).Send("GET", "/v1/me", nil, 200)
		kiran.Send("GET", "/v1/me", nil, 401)
		reset(lost, "correct horse battery 2", 422)
		third := invite()
		again := h.SignedIn("", harness.String(fresh["access_token"]))
		again.Send("POST", "/v1/auth/password", object{"old_password": "correct horse battery 1", "password": "correct horse battery 3"}, 204)
		reset(third, "correct horse battery 4", 422)
		reset(invite(), "correct horse battery 5", 204)
	})
}

// TestTheAreaManagerConfirmsUnreachableOnASafetyCriticalJob: the rules alone
// never do, and nobody else may (docs/product.md section 4).
func TestTheAreaManagerConfirmsUnreachableOnASafetyCriticalJob(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.notice_ready", "job.reached", "job.unreachable")
		desk, asha, maya := h.As("kiran"), h.As("asha"), h.As("maya")
		customer, plain := h.Household(desk, nil)
		job := desk.Send("POST", "/v1/jobs", object{"customer_id": customer["id"], "fault": "smells of gas", "category": "refrigerator",
			"safety_critical": true}, 201)
		hold := path("/v1/jobs/%s/hold", job)
		unreachable := object{"kind": "unreachable", "reason": "neighbours say they are away"}
		if out := maya.Send("POST", hold, unreachable, 409); out["code"] != "guard_not_met" || len(out["errors"].([]any)) == 0 {
			t.Errorf("before anything was tried: %v, %v", out["code"], out["errors"])
		}
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"})
		h.Clock.Advance(4 * time.Hour)
		asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"})
		h.Clock.Advance(27 * time.Hour)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
		h.Advance(30 * time.Hour)
		v := verdictOnBoth(h, job, "last_notice")
		if missing := v["missing"].([]any); len(missing) != 1 || !strings.Contains(missing[0].(string), "area manager") {
			t.Errorf("missing %v", missing)
		}
		for _, login := range []string{"kiran", "asha", "gita"} {
			h.As(login).Send("POST", hold, unreachable, 403)
		}
		maya.Send("POST", path("/v1/jobs/%s/hold", plain), unreachable, 403) // there it is a verdict, not a move
		out := maya.Send("POST", hold, unreachable, 200)
		if out["reachability"] != "unreachable" || harness.Offers(out, "schedule") {
			t.Errorf("the job is %v and offers %v", out["reachability"], out["actions"])
		}
		verdictOnBoth(h, job, "unreachable")
		h.Advance(48 * time.Hour) // and it stays so
		verdictOnBoth(h, job, "unreachable")
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 403)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "reached", Direction: "inbound"})
		verdictOnBoth(h, job, "reached")
		h.Visit(desk, job, h.Clock.Now().Add(20*time.Hour), "ravi")
	})
}

// TestLateClaimOnAVisitThatFellAwayUnderAHold: what an offline crew did before
// the hold was placed is taken back from its end; what it claims to have done
// under the hold is not.
func TestLateClaimOnAVisitThatFellAwayUnderAHold(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.live_overdue", "flag.passed_on", "hold.area", "timer.ping", "visit.assigned", "visit.cancelled",
			"visit.held_cancelled", "visit.wait")
		desk, ravi := h.As("kiran"), h.As("ravi")
		before := func(d time.Duration) object { return object{"occurred_at": harness.Monday.Add(d).Format(time.RFC3339)} }
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(2*time.Hour), "ravi")
		_, other := h.Household(desk, nil)
		second := h.Visit(desk, other, harness.Monday.Add(2*time.Hour), "meena")
		h.Clock.Advance(time.Hour) // Mon 10:00
		for _, j := range []object{job, other} {
			h.As("noor").CreateFlag(bodies.FlagCreate{JobID: harness.String(j["id"]), Kind: "threat", Level: 3})
		}
		h.Advance(90 * time.Minute) // the windows began at 11:00
		for _, v := range []object{visit, second} {
			if got := desk.Visit(v); got.Status != "cancelled" || got.EndReason != "held" {
				t.Fatalf("at its window the visit is %v (%v)", got.Status, got.EndReason)
			}
		}
		if out := ravi.Send("POST", path("/v1/visits/%s/arrive", visit), before(61*time.Minute), 409); out["code"] != "held" {
			t.Errorf("an arrival under the hold: %v", out["code"])
		}
		out := ravi.Send("POST", path("/v1/visits/%s/arrive", visit), before(40*time.Minute), 200)
		if out["status"] != "arrived" || out["arrived_at"] != harness.Monday.Add(40*time.Minute).Format(time.RFC3339) || out["end_reason"] != "" {
			t.Errorf("after the late arrival: %v at %v (%v)", out["status"], out["arrived_at"], out["end_reason"])
		}
		done := before(55 * time.Minute)
		done["work_done"], done["tested"], done["reason"] = "relay replaced", "cools", "phone_broken"
		out = h.As("meena").Send("POST", path("/v1/visits/%s/complete", second), done, 200)
		if out["status"] != "completed" || out["counts_against"] != "nobody" || len(out["not_recorded"].([]any)) != 3 {
			t.Errorf("after the late completion: %v, against %v, not recorded %v", out["status"], out["counts_against"], out["not_recorded"])
		}
		if got := desk.Send("GET", path("/v1/jobs/%s", other), nil, 200); got["status"] != "resolved" || len(got["holds"].([]any)) != 1 {
			t.Errorf("the job is %v, holds %v", got["status"], got["holds"])
		}
		if got := ravi.Send("POST", path("/v1/visits/%s/start", visit), nil, 409); got["code"] != "held" {
			t.Errorf("going on under the hold: %v", got["code"])
		}
	})
}

// TestCrewIsToldInItsLanguage: pushes speak the reader's language.
func TestCrewIsToldInItsLanguage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		ravi.Send("PATCH", "/v1/users/"+ravi.ID.String(), object{"language": "hi"}, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		if m := h.Expect("ravi", "नई विज़िट"); !strings.HasPrefix(m.Body, "मंगलवार 2 मार्च, 11:00-13:00") {
			t.Errorf("the window is said as %q", m.Body)
		}
		desk.ConfirmVisit(visit, bodies.Confirm{Contact: bodies.AttemptCreate{Channel: "phone", Outcome: "reached"}})
		h.Expect("ravi", "विज़िट की पुष्टि")
		h.Clock.Advance(2 * time.Minute) // past the minute in which flapping is folded
		desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{h.People["meena"].ID.String()}})
		h.Expect("ravi", "विज़िट हटाई गई")
		h.Expect("meena", "New visit")
		h.Clock.Advance(2 * time.Minute)
		desk.AssignVisit(visit, bodies.CrewInput{Crew: []string{h.People["ravi"].ID.String()}})
		h.Expect("ravi", "नई विज़िट")
		h.Expect("meena", "Visit removed")
		desk.CancelVisit(visit, bodies.CancelVisit{Reason: "no parts"})
		h.Expect("ravi", "विज़िट रद्द")
	})
}

// TestAJobClosedAsUnreachableReopensAsThePolicySays: the days are the
// policy's, and the answer offers the move exactly as long.
func TestAJobClosedAsUnreachableReopensAsThePolicySays(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		rules := harness.DefaultRules()
		rules["close_after_days"], rules["reopen_days"] = 2, 3
		h.As("root").Send("PUT", "/v1/policies/brand", object{"rules": rules}, 200)
		job := harness.UnreachableHousehold(h)
		h.Ignores("job.unreachable")
		desk := h.As("kiran")
		see := func(action string, want bool) {
			t.Helper()
			if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); harness.Offers(got, action) != want {
				t.Errorf("offered %v; %s is to be there: %v", got["actions"], action, want)
			}
		}
		h.Clock.Advance(47 * time.Hour)
		see("close", false)
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 409)
		h.Clock.Advance(time.Hour)
		see("close", true)
		closed := desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 200)
		if closed["status"] != "closed" || closed["end_reason"] != "unreachable" {
			t.Fatalf("closed: %v (%v)", closed["status"], closed["end_reason"])
		}
		h.Clock.Advance(72 * time.Hour)
		see("reopen", true)
		desk.Send("POST", path("/v1/jobs/%s/reopen", job), nil, 200)

		// Any other end leaves 30 days, whatever the policy says.
		desk.Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "moved away"}, 200)
		h.Clock.Advance(29 * 24 * time.Hour)
		see("reopen", true)
		h.Clock.Advance(25 * time.Hour)
		see("reopen", false)
		if out := desk.Send("POST", path("/v1/jobs/%s/reopen", job), nil, 409); out["code"] != "guard_not_met" {
			t.Errorf("too late: %v", out["code"])
		}
	})
}

func TestReopeningAsUnreachableEndsWithThePolicysDays(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		rules := harness.DefaultRules()
		rules["close_after_days"], rules["reopen_days"] = 1, 3
		h.As("root").Send("PUT", "/v1/policies/brand", object{"rules": rules}, 200)
		job := harness.UnreachableHousehold(h)
		desk := h.As("kiran")
		h.Clock.Advance(24 * time.Hour)
		desk.Send("POST", path("/v1/jobs/%s/close", job), nil, 200)
		h.Clock.Advance(72*time.Hour + time.Second)
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); harness.Offers(got, "reopen") {
			t.Errorf("offered %v", got["actions"])
		}
		desk.Send("POST", path("/v1/jobs/%s/reopen", job), nil, 409)
	})
}

// TestAUserWithAnOpenFlagIsNotPushedOut: whom a report is about only the area manager who answers for it may disable, who reported nobody
// before it is decided, and a changed role disables as well (docs/product.md section 2).
func TestAUserWithAnOpenFlagIsNotPushedOut(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.triage", "flag.triaged", "visit.assigned", "visits.given_back")
		desk, root, maya := h.As("kiran"), h.As("root"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		flag := h.As("ravi").FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 2, SubjectID: h.People["meena"].ID.String()})
		change := func(by *harness.Client, login string, what object, want int) {
			t.Helper()
			address := "/v1/users/" + h.People[login].ID.String()
			user := root.Send("GET", address, nil, 200)
			by.Send("PATCH", address, what, want, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
		}
		for _, login := range []string{"ravi", "meena"} { // who reported, and whom it is about
			change(root, login, object{"disabled": true}, 403)
			change(root, login, object{"role": "coordinator"}, 403)
			change(h.As("asha"), login, object{"disabled": true}, 403)
			change(h.As("maya2"), login, object{"disabled": true}, 404)
			change(root, login, object{"phone": "+919812345678"}, 403) // where codes for them would go
			change(root, login, object{"skills": []string{"refrigerator"}}, 200)
		}
		change(maya, "ravi", object{"disabled": true}, 403)
		change(maya, "meena", object{"disabled": true}, 200)
		change(root, "meena", object{"disabled": false}, 200)
		maya.Send("POST", path("/v1/flags/%s/triage", flag), nil, 200)
		maya.Send("POST", path("/v1/flags/%s/decide", flag), object{"outcome": "unclear", "reasons": "nobody else was there"}, 200)
		change(root, "ravi", object{"disabled": true}, 200)
		change(root, "meena", object{"role": "coordinator"}, 200)
	})
}

// TestAPageLeftOpenForWeeksActsNoMore: used form keys are forgotten only when
// no key of that age is taken any more, so that one tap never acts twice.
func TestAPageLeftOpenForWeeksActsNoMore(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.late", "promise.yours", "queue.morning")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL)
		nobody := h.Anonymous()
		page, _ := nobody.Raw("GET", link, nil)
		form := url.Values{"form_key": {string(harness.FormKey.FindSubmatch(page)[1])}}.Encode()
		tap := func() int {
			_, res := nobody.Raw("POST", link+"/call-me", form, "Content-Type", "application/x-www-form-urlencoded")
			return res.StatusCode
		}
		calls := func() (n int) {
			for _, f := range desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any) {
				if f.(object)["kind"] == "contact.call_me" {
					n++
				}
			}
			return n
		}
		keys := func() (n int) {
			h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM form_keys").Scan(&n))
			return n
		}
		for _, after := range []time.Duration{0, 6*24*time.Hour + 23*time.Hour} { // at once, and on the last day
			h.Advance(after)
			if status := tap(); status != 303 || calls() != 1 {
				t.Fatalf("after %v: %d, %d calls", after, status, calls())
			}
		}
		h.Advance(2 * time.Hour)
		if status := tap(); status != 409 || keys() != 1 {
			t.Errorf("after a week: %d, %d used keys are remembered", status, keys())
		}
		h.Advance(25 * time.Hour)
		if _, err := h.Server.Service.Clock.Retention(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status := tap(); status != 409 || keys() != 0 || calls() != 1 {
			t.Errorf("after the sweep: %d, %d used keys, %d calls", status, keys(), calls())
		}
	})
}

// TestTheServerForgetsByItself: what ticks for deadlines sweeps as well, and
// goes on from where a stopped one left.
func TestTheServerForgetsByItself(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		rows := func() (n int) {
			h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency").Scan(&n))
			return n
		}
		for range 2 {
			h.Household(desk, nil)
			if rows() == 0 {
				t.Fatal("no answer was kept")
			}
			h.Clock.Advance(7*24*time.Hour + time.Minute)
			h.Server.StartClocks(t.Context())
			for end := time.Now().Add(harness.Patience); rows() > 0 && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			h.Server.StopClocks()
			if n := rows(); n != 0 {
				t.Errorf("%d old answers are kept", n)
			}
		}
	})
}
