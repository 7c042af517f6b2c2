package visits

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/notifications/fcmtest"
)

func TestVisitFromJobToCompletion(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(26*time.Hour), "ravi")
		if m := h.Expect("ravi", "New visit"); strings.Contains(m.Body, "Kapoor") || strings.Contains(m.Body, "Lane") {
			t.Errorf("the lock screen shows a name or an address: %q", m.Body)
		}
		h.Clock.Advance(26 * time.Hour)
		ravi := h.As("ravi")
		for _, move := range []struct{ action, status string }{{"en-route", "en_route"}, {"arrive", "arrived"}, {"start", "in_progress"}} {
			out := ravi.Send("POST", path("/v1/visits/%s/", visit)+move.action, nil, 200)
			if out["status"] != move.status {
				t.Fatalf("after %s the visit is %v", move.action, out["status"])
			}
			h.Clock.Advance(5 * time.Minute)
		}
		ravi.CompleteVisit(visit, bodies.Finish{Findings: "compressor relay", WorkDone: "relay replaced", Parts: []string{"relay 12"},
			Tested: "cools to 4 °C"})
		if got := desk.Job(job); got.Status != "resolved" {
			t.Fatalf("the job is %v, want resolved", got.Status)
		}
		h.UntilClosed()
		if got := desk.Job(job); got.Status != "closed" {
			t.Fatalf("72 h later the job is %v, want closed", got.Status)
		}
		facts := desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any)
		if len(facts) < 6 {
			t.Fatalf("the timeline has %d facts", len(facts))
		}
	})
}

func TestUnreachableHouseholdAndTheCallThatArrivesLate(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		job := harness.UnreachableHousehold(h)
		desk := h.As("kiran")
		got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
		if holds := got["holds"].([]any); len(holds) != 1 || holds[0].(object)["kind"] != "unreachable" {
			t.Fatalf("holds are %v", holds)
		}
		desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": h.Clock.Now().Add(24 * time.Hour), "window_end": h.Clock.Now().
			Add(26 * time.Hour)}, 409)
		desk.Send("POST", path("/v1/jobs/%s/release", job), object{"kind": "unreachable"}, 409)

		// Two hours later an offline phone sends a call that it took three hours
		// ago, an hour before the verdict fell; its clock is ten minutes slow.
		h.Clock.Advance(2 * time.Hour)
		sent := h.Clock.Now().Add(-10 * time.Minute)
		out := desk.Send("POST", path("/v1/jobs/%s/attempts", job), object{"direction": "inbound", "channel": "phone", "outcome": "reached",
			"occurred_at": sent.Add(-3 * time.Hour).Format(time.RFC3339)}, 201,
			"Doorstep-Sent-At", sent.Format(time.RFC3339))
		if want := h.Clock.Now().Add(-3 * time.Hour).UTC().Format(time.RFC3339); out["occurred_at"] != want {
			t.Errorf("judged at %v, want %v", out["occurred_at"], want)
		}
		if v := desk.Verdict(job); v["verdict"] != "reached" {
			t.Fatalf("the late call left the verdict at %v", v["verdict"])
		}
		h.Expect("kiran", "Household reached")
		h.Expect("asha", "Household reached")
		if got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200); len(got["holds"].([]any)) != 0 {
			t.Fatalf("the hold still stands: %v", got["holds"])
		}
		h.Visit(desk, job, h.Clock.Now().Add(20*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
	})
}

func TestAbusedTechnicianAndTheAttemptToSendAnother(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi, maya, noor := h.As("kiran"), h.As("ravi"), h.As("maya"), h.As("noor")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		h.Clock.Advance(time.Hour)
		ravi.Arrive(visit)

		// Nothing is needed and nothing refuses a stop.
		for _, body := range []any{nil, "{broken", `{"occurred_at":"yesterday","level":"x"}`} {
			out := ravi.Send("POST", path("/v1/visits/%s/stop", visit), body, 200, "If-Match", "*", "Idempotency-Key", "")
			if out["status"] != "stopped_unsafe" {
				t.Fatalf("stopped: %v", out["status"])
			}
		}
		h.Expect("asha", "Area hold")
		h.Expect("maya", "A report needs you")
		h.Expect("noor", "A report needs you")

		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "canary-narrative"})
		h.Expect("maya", harness.TitleLiveReport)
		h.Expect("noor", harness.TitleLiveReport)
		got := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
		if len(got["holds"].([]any)) != 1 || strings.Contains(fmt.Sprint(got), "threat") {
			t.Fatalf("the desk sees %v", got)
		}
		// "Just send another technician" is impossible for everybody.
		body := object{"window_start": h.Clock.Now().Add(24 * time.Hour), "window_end": h.Clock.Now().Add(26 * time.Hour),
			"crew": []string{h.People["meena"].ID.String()}}
		for _, who := range []string{"kiran", "asha", "maya", "gita"} {
			out := h.As(who).Send("POST", path("/v1/jobs/%s/visits", job), body, 409)
			if out["code"] != "held" {
				t.Errorf("%s is refused as %v", who, out["code"])
			}
		}
		h.As("asha").Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}}, 403)
		maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}, "reason": "calm again"}, 409)
		h.ReadyToRelease(maya, job)
		maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{}}, 422)
		maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}, "reason": " "}, 422)
		h.ReleaseHold(maya, job, "two_people")
		h.Expect("asha", "Hold released")
		h.Expect("kiran", "Hold released")
		if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), body, 409); out["code"] != "plan_not_met" {
			t.Errorf("one person under a two-person plan: %v", out["code"])
		}
		// The reporter and the household are kept apart.
		body["crew"] = []string{h.People["meena"].ID.String(), h.People["ravi"].ID.String()}
		if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), body, 409); out["code"] != "not_available" {
			t.Errorf("the excluded technician: %v", out["code"])
		}
		// Proprietor and coordinator learn nothing of the report.
		list, _ := h.As("asha").Raw("GET", "/v1/flags", nil)
		timeline, _ := h.As("asha").Raw("GET", path("/v1/jobs/%s/timeline", job), nil)
		for _, doc := range [][]byte{list, timeline} {
			if bytes.Contains(doc, []byte("canary")) || bytes.Contains(doc, []byte("threat")) {
				t.Errorf("the proprietor reads %s", doc)
			}
		}
		flags := maya.Send("GET", "/v1/flags", nil, 200)["items"].([]any)
		if len(flags) != 1 || flags[0].(object)["note"] != "canary-narrative" {
			t.Fatalf("the area manager sees %v", flags)
		}
		id := flags[0].(object)["id"].(string)
		h.Expect("ravi", "Your report has moved on") // it was triaged
		maya.Send("POST", "/v1/flags/"+id+"/decide", object{"outcome": "upheld", "reasons": "witnessed"}, 200)
		h.Expect("ravi", "Your report has moved on")
		_ = noor
	})
}

func TestDoubleTapWithALostReply(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		from := harness.Monday.Add(24 * time.Hour)
		body := object{"window_start": from, "window_end": from.Add(2 * time.Hour), "crew": []string{h.People["ravi"].ID.String()}}
		key := uuid.NewString()
		first := desk.Send("POST", path("/v1/jobs/%s/visits", job), body, 201, "Idempotency-Key", key)
		again, res := desk.Raw("POST", path("/v1/jobs/%s/visits", job), body, "Idempotency-Key", key)
		if res.StatusCode != 201 || res.Header.Get("Idempotency-Replayed") != "true" || res.Header.Get("Location") == "" {
			t.Fatalf("the second tap: %d %v", res.StatusCode, res.Header)
		}
		var second object
		h.Must(json.Unmarshal(again, &second))
		if first["id"] != second["id"] {
			t.Fatalf("two visits: %v and %v", first["id"], second["id"])
		}
		body["planned_minutes"] = 90
		if out := desk.Send("POST", path("/v1/jobs/%s/visits", job), body, 422, "Idempotency-Key", key); out["code"] != "idempotency_mismatch" {
			t.Errorf("another body under the key: %v", out["code"])
		}
		h.Expect("ravi", "New visit") // one push, not two

		// The client's id makes a retry without the key harmless as well.
		id := uuid.NewString()
		attempt := object{"id": id, "channel": "phone", "outcome": "no_answer", "ring_seconds": 25}
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), attempt, 201)
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), attempt, 201)
		attempt["outcome"] = "busy"
		desk.Send("POST", path("/v1/jobs/%s/attempts", job), attempt, 409)
		if n := len(desk.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)["items"].([]any)); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
	})
}

func TestSecondBookingIsRefused(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		from := harness.Monday.Add(24 * time.Hour)
		jobs := make([]object, 20)
		for i := range jobs {
			_, jobs[i] = h.Household(desk, nil)
		}
		var won, lost sync.Map
		var wg sync.WaitGroup
		start := time.Now()
		for i, job := range jobs {
			wg.Add(1)
			go func() {
				defer wg.Done()
				out, res := desk.Raw("POST", path("/v1/jobs/%s/visits", job), object{"window_start": from, "window_end": from.Add(2 * time.Hour),
					"crew": []string{h.People["ravi"].ID.String()}})
				switch {
				case res.StatusCode == 201:
					won.Store(i, true)
				case res.StatusCode == 409 && bytes.Contains(out, []byte(`"overlap"`)):
					lost.Store(i, true)
				default:
					t.Errorf("booker %d: %d %s", i, res.StatusCode, out)
				}
			}()
		}
		wg.Wait()
		count := func(m *sync.Map) (n int) { m.Range(func(any, any) bool { n++; return true }); return }
		if count(&won) != 1 || count(&lost) != len(jobs)-1 {
			t.Fatalf("%d won, %d lost, want 1 and %d", count(&won), count(&lost), len(jobs)-1)
		}
		t.Logf("%d bookers in %v", len(jobs), time.Since(start))
		h.Expect("ravi", "New visit")
	})
}

func TestCustomerConfirmsAfterABotFetchedThePage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		share := h.DeliveredLink(job)
		link := strings.TrimPrefix(share, h.URL)
		before := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["version"]
		nobody := h.Anonymous()
		var page []byte
		for range 50 {
			var res *http.Response
			if page, res = nobody.Raw("GET", link, nil); res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" ||
				res.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Fatalf("the page: %d %v", res.StatusCode, res.Header)
			}
		}
		if after := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["version"]; before != after {
			t.Fatalf("looking changed the visit from version %v to %v", before, after)
		}
		for _, secret := range []string{"Lane", "+9198", "Surname"} {
			if bytes.Contains(page, []byte(secret)) {
				t.Errorf("the page shows %q", secret)
			}
		}
		key := harness.FormKey.FindSubmatch(page)
		if key == nil {
			t.Fatalf("no form key on the page:\n%s", page)
		}
		form := url.Values{"form_key": {string(key[1])}}.Encode()
		for range 2 { // the second tap finds it done
			_, res := nobody.Raw("POST", link+"/confirm", form, "Content-Type", "application/x-www-form-urlencoded")
			if res.StatusCode != 303 {
				t.Fatalf("confirm: %d", res.StatusCode)
			}
		}
		if got := desk.Visit(visit); got.Confirmation != "confirmed" || got.ConfirmedHow != "link" {
			t.Fatalf("the visit is %v by %v", got.Confirmation, got.ConfirmedHow)
		}
		h.Expect("ravi", "Visit confirmed")
		unknown, res := nobody.Raw("GET", "/c/"+strings.Repeat("A", 43), nil)
		if res.StatusCode != 404 {
			t.Fatalf("an unknown link: %d", res.StatusCode)
		}
		// Revoked and unknown are one answer.
		page, _ = nobody.Raw("GET", link, nil)
		keys := harness.FormKey.FindAllSubmatch(page, -1)
		_, res = nobody.Raw("POST", link+"/wrong-person", url.Values{"form_key": {string(keys[0][1])}}.Encode(), "Content-Type",
			"application/x-www-form-urlencoded")
		if res.StatusCode != 200 && res.StatusCode != 303 {
			t.Fatalf("wrong person: %d", res.StatusCode)
		}
		h.Expect("ravi", "Confirmation withdrawn") // it was the wrong person's
		h.Expect("kiran", "Link revoked")
		revoked, res := nobody.Raw("GET", link, nil)
		if res.StatusCode != 404 || !bytes.Equal(revoked, unknown) {
			t.Errorf("a revoked link answers otherwise than an unknown one: %d", res.StatusCode)
		}
	})
}

func TestFCMsBadHour(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Phones.Script("phone:ravi", fcmtest.Internal(), fcmtest.Internal())
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		deadline := time.Now().Add(20 * time.Second)
		for len(h.Phones.MessagesFor("phone:ravi")) == 0 && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond)
		}
		h.Expect("ravi", "New visit")
		// A dead token is dropped, and the notice is in the inbox all the same.
		h.Phones.Script("phone:meena", fcmtest.Unregistered().Always())
		_, job = h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "meena")
		h.Settle()
		if items := h.As("meena").Send("GET", "/v1/inbox", nil, 200)["items"].([]any); len(items) != 1 ||
			items[0].(object)["title"] != "New visit" {
			t.Fatalf("the inbox has %v", items)
		}
	})
}

func TestMissedVisitIsWithdrawnByALateFact(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		h.Advance(4 * time.Hour)
		h.Expect("kiran", "Visit missed")
		h.Expect("asha", "Visit missed")
		if got := desk.Visit(visit); got.Status != "missed" || got.CountsAgainst != "brand" {
			t.Fatalf("the visit is %v, against %v", got.Status, got.CountsAgainst)
		}
		out := h.As("ravi").Send("POST", path("/v1/visits/%s/complete", visit), object{"occurred_at": harness.Monday.Add(2 * time.Hour).
			Format(time.RFC3339),
			"work_done": "fixed offline", "tested": "cools", "reason": "phone_broken"}, 200)
		if out["status"] != "completed" || out["counts_against"] != "nobody" {
			t.Fatalf("after the late fact the visit is %v, against %v", out["status"], out["counts_against"])
		}
		if n := len(out["not_recorded"].([]any)); n != 3 {
			t.Errorf("%d implied moves are marked, want 3", n)
		}
	})
}
