package visits

import (
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"

	"github.com/google/uuid"
)

// secondCentre makes another centre of the same area, with a desk.
func secondCentre(h *harness.Harness, desk string) (id string) {
	h.Helper()
	own := h.As("root").Send("GET", "/v1/centres/"+h.Centre.String(), nil, 200)
	second := h.As("root").Send("POST", "/v1/centres", object{"area_id": own["area_id"], "name": "Second", "zone": "Asia/Kolkata",
		"country": "IN"}, 201)
	centre := uuid.MustParse(harness.String(second["id"]))
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
		u, err := tx.User(h.People["kiran"].ID)
		if err != nil {
			return err
		}
		other := *u
		other.ID, other.Login, other.Name, other.CentreID = uuid.Must(uuid.NewV7()), desk, strings.ToUpper(desk[:1])+desk[1:]+" Surname", &centre
		h.Adopt(other)
		return tx.InsertUser(&other)
	}))
	return harness.String(second["id"])
}

// TestWhoWasThereIsJudgedByTheirOwnCentre: a job goes to another centre. What its old crew did there is decided by the desk that knows
// them, never by the new one, and the row of their pay stays where they are, whatever comes of it.
func TestWhoWasThereIsJudgedByTheirOwnCentre(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned", "visit.move_undone", "claim.decided", "job.transferred")
		h.MayIgnore("visit.claimed", "claim.waiting", "queue.morning", "visit.missed_desk", "timer.ping", "visit.late_desk",
			"visit.needs_someone")
		desk, ravi, asha, maya := h.As("kiran"), h.As("ravi"), h.As("asha"), h.As("maya")
		second := secondCentre(h, "nilesh")
		nilesh := h.As("nilesh")
		for _, x := range []struct {
			name, decision, pay string
			before              bool // the claim is told before the job goes
		}{
			{"told before, taken", "take", "true a claim was taken", true},
			{"told before, declined", "decline", "false a claim was declined", true},
			{"told after, taken", "take", "true a claim was taken", false},
			{"told after, declined", "decline", "false a claim was declined", false},
		} {
			if today := h.Clock.Now().Sub(harness.Monday) % (24 * time.Hour); today > 4*time.Hour {
				h.Advance(24*time.Hour - today)
			}
			customer, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
			h.Clock.Advance(12 * time.Minute)
			ravi.Arrive(visit)
			there := h.Clock.Now().Add(30 * time.Second)
			h.Clock.Advance(3 * time.Minute)
			desk.Send("POST", path("/v1/visits/%s/take-back", visit), object{"reason": "wrong tap"}, 200)
			desk.Send("POST", path("/v1/visits/%s/assign", visit), object{"crew": []string{}, "reason": "others go"}, 200)
			ravi.Send("POST", path("/v1/visits/%s/timer/fine", visit), object{}, 200)
			h.Clock.Advance(12 * time.Minute)
			var claim any
			tell := func() {
				out := ravi.Send("POST", path("/v1/visits/%s/complete", visit), object{"work_done": "changed the belt", "tested": "it spins",
					"occurred_at": there.Format(time.RFC3339)}, 409)
				if claim = out["claim_id"]; claim == nil {
					t.Fatalf("%s: %v", x.name, out)
				}
			}
			if x.before {
				tell()
			}
			maya.Send("POST", path("/v1/jobs/%s/transfer", job), object{"centre_id": second, "reason": "nearer"}, 200)
			if !x.before {
				tell()
			}
			for _, p := range []*harness.Client{desk, asha, maya} {
				if claimOf(p, claim) == nil {
					t.Errorf("%s: %s does not see the claim", x.name, p.Login)
				}
			}
			if claimOf(nilesh, claim) != nil {
				t.Errorf("%s: a desk that knows nothing sees the claim", x.name)
			}
			for _, p := range []*harness.Client{ravi, asha, maya} {
				if got := paidTo(p, ravi, visit); !strings.HasPrefix(got, "false waiting") {
					t.Errorf("%s: while it is open %s reads %s", x.name, p.Login, got)
				}
			}
			body := object{"decision": x.decision, "reasons": "as asked of the household",
				"witness": customer["contacts"].([]any)[0].(object)["name"]}
			at := "/v1/claims/" + harness.String(claim) + "/decide"
			nilesh.Send("POST", at, body, 404)
			desk.Send("POST", at, body, 200)
			for _, p := range []*harness.Client{ravi, asha, maya} {
				if got := paidTo(p, ravi, visit); !strings.HasPrefix(got, x.pay) {
					t.Errorf("%s: %s reads %s, want %s", x.name, p.Login, got, x.pay)
				}
			}
		}
	})
}

// TestAPromiseGoesWithItsJob: whoever may not read the job any more owes no call about it; somebody of the new centre does, and the
// household reads who. The area's manager, who answers for both, goes on owing theirs.
func TestAPromiseGoesWithItsJob(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("job.transferred", "promise.yours")
		desk, maya := h.As("kiran"), h.As("maya")
		second := secondCentre(h, "nilesh")
		nilesh := h.As("nilesh")
		_, job := h.Household(desk, nil)
		page := h.CustomerPage(job)
		due := h.Clock.Now().Add(6 * time.Hour).Format(time.RFC3339)
		promise := func(by *harness.Client, kind string) object {
			return by.Send("POST", path("/v1/jobs/%s/promises", job), object{"kind": kind, "what": "the price", "due_at": due}, 201)
		}
		call, part, managers := promise(desk, "call_back"), promise(desk, "part"), promise(maya, "other")
		if html := page.Read(); !strings.Contains(html, "Kiran will call you") {
			t.Fatalf("the page says\n%s", html)
		}
		maya.Send("POST", path("/v1/jobs/%s/transfer", job), object{"centre_id": second, "reason": "nearer"}, 200)
		for _, p := range []object{call, part} {
			if got := nilesh.Send("GET", path("/v1/promises/%s", p), nil, 200); got["owner_id"] != nilesh.ID.String() || got["status"] != "open" ||
				got["due_at"] != p["due_at"] {
				t.Errorf("after the transfer %v is %v", p["kind"], got)
			}
			desk.Send("GET", path("/v1/promises/%s", p), nil, 404)
		}
		if got := maya.Send("GET", path("/v1/promises/%s", managers), nil, 200); got["owner_id"] != maya.ID.String() {
			t.Errorf("the manager's is %v's", got["owner_id"])
		}
		if html := page.Read(); strings.Contains(html, "Kiran") || !strings.Contains(html, "Nilesh will call you") {
			t.Errorf("the page says\n%s", html)
		}
		if n := harness.Count(h.EntryKinds(job), "promise.handed_over"); n != 2 {
			t.Errorf("the timeline says it %d times", n)
		}
	})
}
