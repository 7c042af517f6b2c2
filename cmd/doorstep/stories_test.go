package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/notifications/fcmtest"
)

func TestVisitFromJobToCompletion(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(26*time.Hour), "ravi")
		if m := h.expect("ravi", "New visit"); strings.Contains(m.Body, "Kapoor") || strings.Contains(m.Body, "Lane") {
			t.Errorf("the lock screen shows a name or an address: %q", m.Body)
		}
		h.clock.Advance(26 * time.Hour)
		ravi := h.as("ravi")
		for _, move := range []struct{ action, status string }{{"en-route", "en_route"}, {"arrive", "arrived"}, {"start", "in_progress"}} {
			out := ravi.send("POST", path("/v1/visits/%s/", visit)+move.action, nil, 200)
			if out["status"] != move.status {
				t.Fatalf("after %s the visit is %v", move.action, out["status"])
			}
			h.clock.Advance(5 * time.Minute)
		}
		ravi.send("POST", path("/v1/visits/%s/complete", visit), obj{"findings": "compressor relay", "work_done": "relay replaced",
			"parts": []string{"relay 12"}, "tested": "cools to 4 °C"}, 200)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "resolved" {
			t.Fatalf("the job is %v, want resolved", got["status"])
		}
		h.advance(73 * time.Hour)
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); got["status"] != "closed" {
			t.Fatalf("72 h later the job is %v, want closed", got["status"])
		}
		facts := desk.send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)["items"].([]any)
		if len(facts) < 6 {
			t.Fatalf("the timeline has %d facts", len(facts))
		}
	})
}

// unreachableHousehold tries by the book until the hold stands.
func unreachableHousehold(h *harness) (job obj) {
	desk, asha := h.as("kiran"), h.as("asha")
	_, job = h.household(desk, nil)
	desk.attempt(job, "phone", "no_answer", obj{"ring_seconds": 30, "grade": "recorded"}) // Mon 09:00
	h.clock.Advance(4 * time.Hour)
	asha.attempt(job, "sms", "delivered", nil) // 13:00
	h.clock.Advance(27 * time.Hour)
	if v := desk.verdict(job); v["verdict"] != "trying" {
		h.Fatalf("two attempts are %v: %v", v["verdict"], v["explanation"])
	}
	desk.attempt(job, "phone", "switched_off", nil) // Tue 16:00
	h.expect("kiran", "Last notice ready")
	if v := desk.verdict(job); v["verdict"] != "trying" || len(v["missing"].([]any)) == 0 {
		h.Fatalf("without a last notice the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	link := desk.send("GET", path("/v1/jobs/%s/link", job), nil, 200)
	if !strings.Contains(link["text"].(string), link["share_url"].(string)) {
		h.Fatalf("the ready text has no link: %v", link)
	}
	desk.attempt(job, "sms", "sent", obj{"last_notice": true})
	if v := desk.verdict(job); v["verdict"] != "last_notice" {
		h.Fatalf("after the last notice the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	h.advance(24*time.Hour + time.Minute)
	if v := desk.verdict(job); v["verdict"] != "unreachable" {
		h.Fatalf("24 h later the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	h.expect("asha", "Household not reached")
	h.expect("kiran", "Household not reached")
	return job
}

func TestUnreachableHouseholdAndTheCallThatArrivesLate(t *testing.T) {
	stories(t, func(h *harness) {
		job := unreachableHousehold(h)
		desk := h.as("kiran")
		got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)
		if holds := got["holds"].([]any); len(holds) != 1 || holds[0].(obj)["kind"] != "unreachable" {
			t.Fatalf("holds are %v", holds)
		}
		desk.send("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": h.clock.Now().Add(24 * time.Hour), "window_end": h.clock.Now().
			Add(26 * time.Hour)}, 409)
		desk.send("POST", path("/v1/jobs/%s/release", job), obj{"kind": "unreachable"}, 409)

		// Two hours later an offline phone sends a call that it took three hours
		// ago, an hour before the verdict fell; its clock is ten minutes slow.
		h.clock.Advance(2 * time.Hour)
		sent := h.clock.Now().Add(-10 * time.Minute)
		out := desk.send("POST", path("/v1/jobs/%s/attempts", job), obj{"direction": "inbound", "channel": "phone", "outcome": "reached",
			"occurred_at": sent.Add(-3 * time.Hour).Format(time.RFC3339)}, 201,
			"Doorstep-Sent-At", sent.Format(time.RFC3339))
		if want := h.clock.Now().Add(-3 * time.Hour).UTC().Format(time.RFC3339); out["occurred_at"] != want {
			t.Errorf("judged at %v, want %v", out["occurred_at"], want)
		}
		if v := desk.verdict(job); v["verdict"] != "reached" {
			t.Fatalf("the late call left the verdict at %v", v["verdict"])
		}
		h.expect("kiran", "Household reached")
		h.expect("asha", "Household reached")
		if got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200); len(got["holds"].([]any)) != 0 {
			t.Fatalf("the hold still stands: %v", got["holds"])
		}
		h.visit(desk, job, h.clock.Now().Add(20*time.Hour), "ravi")
		h.expect("ravi", "New visit")
	})
}

func TestAbusedTechnicianAndTheAttemptToSendAnother(t *testing.T) {
	stories(t, func(h *harness) {
		desk, ravi, maya, noor := h.as("kiran"), h.as("ravi"), h.as("maya"), h.as("noor")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.expect("ravi", "New visit")
		h.clock.Advance(time.Hour)
		ravi.send("POST", path("/v1/visits/%s/arrive", visit), nil, 200)

		// Nothing is needed and nothing refuses a stop.
		for _, body := range []any{nil, "{broken", `{"occurred_at":"yesterday","level":"x"}`} {
			out := ravi.send("POST", path("/v1/visits/%s/stop", visit), body, 200, "If-Match", "*", "Idempotency-Key", "")
			if out["status"] != "stopped_unsafe" {
				t.Fatalf("stopped: %v", out["status"])
			}
		}
		h.expect("asha", "Area hold")
		h.expect("maya", "A report needs you")
		h.expect("noor", "A report needs you")

		ravi.send("POST", path("/v1/visits/%s/flags", visit), obj{"kind": "threat", "level": 3, "note": "canary-narrative"}, 201)
		h.expect("maya", live)
		h.expect("noor", live)
		got := desk.send("GET", path("/v1/jobs/%s", job), nil, 200)
		if len(got["holds"].([]any)) != 1 || strings.Contains(fmt.Sprint(got), "threat") {
			t.Fatalf("the desk sees %v", got)
		}
		// "Just send another technician" is impossible for everybody.
		body := obj{"window_start": h.clock.Now().Add(24 * time.Hour), "window_end": h.clock.Now().Add(26 * time.Hour),
			"crew": []string{h.people["meena"].id.String()}}
		for _, who := range []string{"kiran", "asha", "maya", "gita"} {
			out := h.as(who).send("POST", path("/v1/jobs/%s/visits", job), body, 409)
			if out["code"] != "held" {
				t.Errorf("%s is refused as %v", who, out["code"])
			}
		}
		h.as("asha").send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"two_people"}}, 403)
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{}}, 422)
		maya.send("POST", path("/v1/jobs/%s/safety-release", job), obj{"plan": []string{"two_people"}, "reason": "calm again"}, 200)
		h.expect("asha", "Hold released")
		h.expect("kiran", "Hold released")
		if out := desk.send("POST", path("/v1/jobs/%s/visits", job), body, 409); out["code"] != "plan_not_met" {
			t.Errorf("one person under a two-person plan: %v", out["code"])
		}
		// The reporter and the household are kept apart.
		body["crew"] = []string{h.people["meena"].id.String(), h.people["ravi"].id.String()}
		if out := desk.send("POST", path("/v1/jobs/%s/visits", job), body, 409); out["code"] != "not_available" {
			t.Errorf("the excluded technician: %v", out["code"])
		}
		// Proprietor and coordinator learn nothing of the report.
		list, _ := h.as("asha").raw("GET", "/v1/flags", nil)
		timeline, _ := h.as("asha").raw("GET", path("/v1/jobs/%s/timeline", job), nil)
		for _, doc := range [][]byte{list, timeline} {
			if bytes.Contains(doc, []byte("canary")) || bytes.Contains(doc, []byte("threat")) {
				t.Errorf("the proprietor reads %s", doc)
			}
		}
		flags := maya.send("GET", "/v1/flags", nil, 200)["items"].([]any)
		if len(flags) != 1 || flags[0].(obj)["note"] != "canary-narrative" {
			t.Fatalf("the area manager sees %v", flags)
		}
		id := flags[0].(obj)["id"].(string)
		maya.send("POST", "/v1/flags/"+id+"/triage", nil, 200)
		h.expect("ravi", "Your report has moved on")
		maya.send("POST", "/v1/flags/"+id+"/decide", obj{"outcome": "upheld", "reasons": "witnessed"}, 200)
		h.expect("ravi", "Your report has moved on")
		_ = noor
	})
}

func TestDoubleTapWithALostReply(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		from := monday.Add(24 * time.Hour)
		body := obj{"window_start": from, "window_end": from.Add(2 * time.Hour), "crew": []string{h.people["ravi"].id.String()}}
		key := uuid.NewString()
		first := desk.send("POST", path("/v1/jobs/%s/visits", job), body, 201, "Idempotency-Key", key)
		again, res := desk.raw("POST", path("/v1/jobs/%s/visits", job), body, "Idempotency-Key", key)
		if res.StatusCode != 201 || res.Header.Get("Idempotency-Replayed") != "true" || res.Header.Get("Location") == "" {
			t.Fatalf("the second tap: %d %v", res.StatusCode, res.Header)
		}
		var second obj
		h.must(json.Unmarshal(again, &second))
		if first["id"] != second["id"] {
			t.Fatalf("two visits: %v and %v", first["id"], second["id"])
		}
		body["planned_minutes"] = 90
		if out := desk.send("POST", path("/v1/jobs/%s/visits", job), body, 422, "Idempotency-Key", key); out["code"] != "idempotency_mismatch" {
			t.Errorf("another body under the key: %v", out["code"])
		}
		h.expect("ravi", "New visit") // one push, not two

		// The client's id makes a retry without the key harmless as well.
		id := uuid.NewString()
		attempt := obj{"id": id, "channel": "phone", "outcome": "no_answer", "ring_seconds": 25}
		desk.send("POST", path("/v1/jobs/%s/attempts", job), attempt, 201)
		desk.send("POST", path("/v1/jobs/%s/attempts", job), attempt, 201)
		attempt["outcome"] = "busy"
		desk.send("POST", path("/v1/jobs/%s/attempts", job), attempt, 409)
		if n := len(desk.send("GET", path("/v1/jobs/%s/attempts", job), nil, 200)["items"].([]any)); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
	})
}

func TestSecondBookingIsRefused(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		from := monday.Add(24 * time.Hour)
		jobs := make([]obj, 20)
		for i := range jobs {
			_, jobs[i] = h.household(desk, nil)
		}
		var won, lost sync.Map
		var wg sync.WaitGroup
		start := time.Now()
		for i, job := range jobs {
			wg.Add(1)
			go func() {
				defer wg.Done()
				out, res := desk.raw("POST", path("/v1/jobs/%s/visits", job), obj{"window_start": from, "window_end": from.Add(2 * time.Hour),
					"crew": []string{h.people["ravi"].id.String()}})
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
		h.expect("ravi", "New visit")
	})
}

var formKey = regexp.MustCompile(`name="form_key" value="([^"]+)"`)

func TestCustomerConfirmsAfterABotFetchedThePage(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(24*time.Hour), "ravi")
		h.expect("ravi", "New visit")
		share := desk.send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
		link := strings.TrimPrefix(share, h.base)
		before := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)["version"]
		nobody := h.anonymous()
		var page []byte
		for range 50 {
			var res *http.Response
			if page, res = nobody.raw("GET", link, nil); res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" ||
				res.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Fatalf("the page: %d %v", res.StatusCode, res.Header)
			}
		}
		if after := desk.send("GET", path("/v1/visits/%s", visit), nil, 200)["version"]; before != after {
			t.Fatalf("looking changed the visit from version %v to %v", before, after)
		}
		for _, secret := range []string{"Lane", "+9198", "Surname"} {
			if bytes.Contains(page, []byte(secret)) {
				t.Errorf("the page shows %q", secret)
			}
		}
		key := formKey.FindSubmatch(page)
		if key == nil {
			t.Fatalf("no form key on the page:\n%s", page)
		}
		form := url.Values{"form_key": {string(key[1])}}.Encode()
		for range 2 { // the second tap finds it done
			_, res := nobody.raw("POST", link+"/confirm", form, "Content-Type", "application/x-www-form-urlencoded")
			if res.StatusCode != 303 {
				t.Fatalf("confirm: %d", res.StatusCode)
			}
		}
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["confirmation"] != "confirmed" || got["confirmed_how"] != "link" {
			t.Fatalf("the visit is %v by %v", got["confirmation"], got["confirmed_how"])
		}
		h.expect("ravi", "Visit confirmed")
		unknown, res := nobody.raw("GET", "/c/"+strings.Repeat("A", 43), nil)
		if res.StatusCode != 404 {
			t.Fatalf("an unknown link: %d", res.StatusCode)
		}
		// Revoked and unknown are one answer.
		page, _ = nobody.raw("GET", link, nil)
		keys := formKey.FindAllSubmatch(page, -1)
		_, res = nobody.raw("POST", link+"/wrong-person", url.Values{"form_key": {string(keys[0][1])}}.Encode(), "Content-Type",
			"application/x-www-form-urlencoded")
		if res.StatusCode != 200 && res.StatusCode != 303 {
			t.Fatalf("wrong person: %d", res.StatusCode)
		}
		h.expect("ravi", "Confirmation withdrawn") // it was the wrong person's
		h.expect("kiran", "Link revoked")
		revoked, res := nobody.raw("GET", link, nil)
		if res.StatusCode != 404 || !bytes.Equal(revoked, unknown) {
			t.Errorf("a revoked link answers otherwise than an unknown one: %d", res.StatusCode)
		}
	})
}

func TestFCMsBadHour(t *testing.T) {
	stories(t, func(h *harness) {
		h.phones.Script("phone:ravi", fcmtest.Internal(), fcmtest.Internal())
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		h.visit(desk, job, monday.Add(24*time.Hour), "ravi")
		deadline := time.Now().Add(20 * time.Second)
		for len(h.phones.MessagesFor("phone:ravi")) == 0 && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond)
		}
		h.expect("ravi", "New visit")
		// A dead token is dropped, and the notice is in the inbox all the same.
		h.phones.Script("phone:meena", fcmtest.Unregistered().Always())
		_, job = h.household(desk, nil)
		h.visit(desk, job, monday.Add(24*time.Hour), "meena")
		h.settle()
		if items := h.as("meena").send("GET", "/v1/inbox", nil, 200)["items"].([]any); len(items) != 1 || items[0].(obj)["title"] != "New visit" {
			t.Fatalf("the inbox has %v", items)
		}
	})
}

func TestMissedVisitIsWithdrawnByALateFact(t *testing.T) {
	stories(t, func(h *harness) {
		desk := h.as("kiran")
		_, job := h.household(desk, nil)
		visit := h.visit(desk, job, monday.Add(time.Hour), "ravi")
		h.expect("ravi", "New visit")
		h.advance(4 * time.Hour)
		h.expect("kiran", "Visit missed")
		h.expect("asha", "Visit missed")
		if got := desk.send("GET", path("/v1/visits/%s", visit), nil, 200); got["status"] != "missed" || got["counts_against"] != "brand" {
			t.Fatalf("the visit is %v, against %v", got["status"], got["counts_against"])
		}
		out := h.as("ravi").send("POST", path("/v1/visits/%s/complete", visit), obj{"occurred_at": monday.Add(2 * time.Hour).Format(time.RFC3339),
			"work_done": "fixed offline"}, 200)
		if out["status"] != "completed" || out["counts_against"] != "nobody" {
			t.Fatalf("after the late fact the visit is %v, against %v", out["status"], out["counts_against"])
		}
		if n := len(out["not_recorded"].([]any)); n != 3 {
			t.Errorf("%d implied moves are marked, want 3", n)
		}
	})
}
