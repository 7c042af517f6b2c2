package contact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// TestWhatSpeaksForUsWaitsByVoice walks every action that speaks for us: what a desk writes down for a caller waits, as by a link
// that staff have read, for the household or the area manager, and the caller is told so.
func TestWhatSpeaksForUsWaitsByVoice(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("dispute.opened", "link.verify", "link.wrong_person")
		h.MayIgnore("link.asked", "link.settled", "thanks.waiting", "dispute.decided", "dispute.desk", "job.not_offered")
		desk, maya := h.As("kiran"), h.As("maya")
		asked := func(job object) []object {
			return items(maya.Send("GET", path("/v1/link-requests?status=pending&job_id=%s", job), nil, 200))
		}
		for action, rule := range domain.HouseholdActions {
			if rule.Side != domain.ForUs || action == "done" || action == "withdraw-report" { // they have guards of their own
				continue
			}
			visit, job, _ := workedOnBy(h, "ravi")
			home := desk.Send("GET", path("/v1/customers/%s", object{"id": job["customer_id"]}), nil, 200)
			phone := harness.String(home["contacts"].([]any)[0].(object)["phones"].([]any)[0])
			voice := path("/v1/jobs/%s/voice", job)
			body := object{"action": action}
			switch action {
			case "thanks":
				desk.Send("POST", voice, object{"action": action, "text": "so quick"}, 409) // nothing is confirmed
				h.CustomerPage(job).Submit("done", 303)
				desk.Send("POST", voice, object{"action": action, "text": ""}, 422)
				body["text"] = "so quick"
			case "appeal":
				desk.Send("POST", voice, body, 422)
				body["reason"] = "not so"
			case "remove-photos":
				desk.Send("POST", voice, body, 409)
				continue // with a photo: the story of the photos
			case "wrong-person":
				h.CustomerPage(job).Submit("dispute", 303, "visit_id", visit["id"].(string), "claim", "not_done")
				desk.Send("POST", voice, object{"action": action, "phone": "+919812345678"}, 422) // nothing was written to it
				body["phone"] = phone
			}
			out := desk.Send("POST", voice, body, 200)
			if out["done"] != "kept" || !strings.Contains(fmt.Sprint(out["tell_caller"]), "waits") {
				t.Errorf("%s by voice is %v, the caller is told %q", action, out["done"], out["tell_caller"])
			}
			waiting := asked(job)
			if len(waiting) != 1 || waiting[0]["action"] != action || waiting[0]["by_id"] != desk.ID.String() ||
				waiting[0]["default"] != rule.Unanswered {
				t.Fatalf("after %s there waits %v", action, waiting)
			}
			desk.Send("POST", voice, body, 200)
			if n := len(asked(job)); n != 1 {
				t.Errorf("%s asked once more waits %d times", action, n)
			}
			desk.Send("POST", path("/v1/link-requests/%s/decide", waiting[0]), object{"decision": "accept", "reasons": "said so"}, 403)
			if action != "wrong-person" {
				h.CustomerPage(job).Submit("verify", 303)
				if n := len(asked(job)); n != 0 {
					t.Errorf("%s waits after the household said that it was them", action)
				}
				continue
			}
			own := h.CustomerPage(job)
			own.Read() // its link is as it was
			if d := items(desk.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)); d[0]["status"] != "open" {
				t.Fatalf("by voice the household's dispute is %v", d[0]["status"])
			}
			// The area manager takes it: the number and the link go, what the household denied by its own link stands.
			maya.Send("POST", path("/v1/link-requests/%s/decide", waiting[0]), object{"decision": "accept", "reasons": "asked by another way"}, 200)
			if d := items(desk.Send("GET", path("/v1/disputes?job_id=%s", job), nil, 200)); d[0]["status"] != "open" {
				t.Errorf("the dispute by a link that nobody had read is %v", d[0]["status"])
			}
			if _, res := h.Anonymous().Raw("GET", own.Link, nil); res.StatusCode != 404 {
				t.Errorf("the stranger's link answers %d", res.StatusCode)
			}
		}
	})
}

// TestWhoWroteItDownDoesNotDecide: an area manager who took the call leaves it to the household or another; nobody's word is its default.
func TestWhoWroteItDownDoesNotDecide(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("link.verify", "queue.morning", "visit.assigned")
		desk, maya := h.As("kiran"), h.As("maya")
		customer, job := h.Household(desk, nil)
		number := harness.String(customer["contacts"].([]any)[0].(object)["phones"].([]any)[0])
		desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", Address: number})
		h.Visit(desk, job, harness.Monday.Add(9*24*time.Hour), "ravi")
		maya.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "wrong-person", "phone": number}, 200)
		if own := items(maya.Send("GET", path("/v1/link-requests?job_id=%s", job), nil, 200)); len(own) != 0 {
			t.Errorf("who wrote it down is asked about %v", own)
		}
		id := h.Column("SELECT CAST(id AS text) FROM link_requests")
		if len(id) != 1 {
			t.Fatalf("%d requests wait", len(id))
		}
		maya.Send("POST", "/v1/link-requests/"+id[0]+"/decide", object{"decision": "accept", "reasons": "it is so"}, 404)
		h.Advance(49 * time.Hour)
		c := desk.Send("GET", path("/v1/customers/%s", customer), nil, 200)["contacts"].([]any)[0].(object)
		if got := c["phones"].([]any); len(got) != 1 {
			t.Errorf("nobody verified it, and the number is struck: %v", c)
		}
	})
}
