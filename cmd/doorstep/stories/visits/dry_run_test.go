package visits

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/domain/casework"
)

// TestAMoveCanBeAskedFirst: a dry run takes the very path of the move, refuses
// what it refuses, says whom it would tell, and leaves no trace.
func TestAMoveCanBeAskedFirst(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(3*time.Hour), "ravi")
		h.Expect("ravi", "New visit")
		svc := h.Server.Service
		id := uuid.MustParse(job["id"].(string))
		kiran := domain.Actor{UserID: h.People["kiran"].ID, Role: domain.RoleCoordinator, CentreID: h.Centre}
		ask := func(move func(call *casework.Call) error) []string {
			before := h.SettledTables()
			call := &casework.Call{Actor: kiran, DryRun: true}
			h.Must(move(call))
			if now := h.DumpTables(); now != before {
				was := strings.Split(before, "\n")
				t.Error("a dry run left a trace:", slices.DeleteFunc(strings.Split(now, "\n"), func(line string) bool { return slices.Contains(was, line) }))
			}
			var told []string
			for _, n := range call.Told {
				told = append(told, n.Kind)
			}
			slices.Sort(told)
			return told
		}
		told := ask(func(call *casework.Call) error {
			out, err := svc.CancelJob(t.Context(), call, id, casework.JobMoveInput{Reason: "double"})
			if err == nil && out.Status != domain.JobCancelled {
				t.Errorf("the answer is not that of the move: %s", out.Status)
			}
			return err
		})
		if !slices.Equal(told, []string{"visit.cancelled", "visit.cancelled_home"}) {
			t.Errorf("cancelling would tell %v", told)
		}
		err := h.Server.Service.Store.InTx(t.Context(), func(tx domain.Tx) error {
			j, err := tx.Job(id)
			if err == nil && j.Status != domain.JobScheduled {
				t.Errorf("the job is %s", j.Status)
			}
			return err
		})
		h.Must(err)
		// What is refused is refused, by the rules and by the database.
		call := &casework.Call{Actor: kiran, DryRun: true}
		if _, err := svc.Close(t.Context(), call, id, casework.JobMoveInput{}); !domain.IsCode(err, domain.CodeState) {
			t.Errorf("closing a scheduled job: %v", err)
		}
		_, other := h.Household(desk, nil)
		crew := []domain.ID{h.People["ravi"].ID}
		start := harness.Monday.Add(3 * time.Hour)
		_, err = svc.Schedule(t.Context(), call, uuid.MustParse(other["id"].(string)), casework.ScheduleInput{
			WindowStart: start.Format(time.RFC3339), WindowEnd: start.Add(2 * time.Hour).Format(time.RFC3339), Crew: &crew})
		if !domain.IsCode(err, domain.CodeOverlap) {
			t.Errorf("booking a technician twice: %v", err)
		}
		if _, err := svc.Disrupt(t.Context(), call, h.Centre, casework.DisruptionInput{Date: "2027-03-01", Reason: "flood"}); err == nil {
			t.Error("what takes several transactions was asked first")
		}
		desk.CancelVisit(visit, bodies.CancelVisit{Reason: "asked before"})
		h.Expect("ravi", "Visit cancelled")
	})
}

// TestMovesAreAskedFirstByTheHeader: every operation that names Doorstep-Dry-Run answers it as the move would be answered, says whom it
// would tell, keeps nothing, and then does it under the same key; any other write refuses the header.
func TestMovesAreAskedFirstByTheHeader(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.cancelled", "visit.needs_someone", "promise.yours", "visit.confirmed", "leave.asked",
			"job.share")
		h.MayIgnore("job.received", "leave.approved", "leave.requested")
		desk, ravi, asha, maya := h.As("kiran"), h.As("ravi"), h.As("asha"), h.As("maya")
		asked := map[string]bool{}
		// What waits in the queue is asked first wherever a story decides it (harness.MoveQueued).
		decisions := []string{"triageFlag", "reviewFlag", "decideFlag", "safetyRelease", "decideDispute", "decideClaim", "decideLinkRequest",
			"liftExclusion", "liftKeepAway", "approveAdvisory", "refuseAdvisory", "decideAdvisoryAppeal", "declineLeave", "decideHouseholdQuestion"}
		// move asks first and then moves; told is whom the question names.
		move := func(by *harness.Client, method, path string, body any, want int, told string) object {
			h.Helper()
			before, key := h.SettledTables(), uuid.NewString()
			out, res := by.Raw(method, path, body, "Doorstep-Dry-Run", "true", "Idempotency-Key", key)
			if res.StatusCode != want || res.Header.Get("Doorstep-Dry-Run") != "true" || res.Header.Get("Location") != "" || len(out) == 0 {
				h.Fatalf("asking %s %s first: %d %s", method, path, res.StatusCode, out)
			}
			if got := res.Header.Get("Doorstep-Would-Tell"); got != told {
				t.Errorf("%s %s would tell %q, want %q", method, path, got, told)
			}
			if now := h.DumpTables(); now != before {
				t.Errorf("asking %s %s first left a trace: %s", method, path, harness.FirstDifference(before, now))
			}
			op, _ := h.Contract.Find(method, path)
			asked[op.ID] = true
			return by.Send(method, path, body, want, "Idempotency-Key", key)
		}
		_, job := h.Household(desk, nil)
		from := harness.Monday.Add(26 * time.Hour)
		window := func(at time.Time) object {
			return object{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339)}
		}
		crew := func(login string) object { return object{"crew": []string{h.People[login].ID.String()}} }
		visit := move(desk, "POST", path("/v1/jobs/%s/visits", job), window(from), 201, "visit.offered;to=household;n=1")
		visit = move(desk, "POST", path("/v1/visits/%s/assign", visit), crew("ravi"), 200, "visit.assigned;to=staff;n=1")
		visit = move(ravi, "POST", path("/v1/visits/%s/decline", visit), object{"reason": "conflict"}, 200, "visit.needs_someone;to=staff;n=2")
		visit = desk.Send("POST", path("/v1/visits/%s/assign", visit), crew("meena"), 200)
		visit = move(desk, "POST", path("/v1/visits/%s/confirm", visit), object{"contact": object{"channel": "phone", "outcome": "reached"},
			"said": "phone"}, 200, "visit.confirmed;to=staff;n=1, visit.understood;to=household;n=1")
		later := window(from.Add(24 * time.Hour))
		later["reason"] = "the part comes later"
		visit = move(desk, "POST", path("/v1/visits/%s/reschedule", visit), later, 201,
			"visit.assigned;to=staff;n=1, visit.offered;to=household;n=1")
		move(desk, "POST", path("/v1/visits/%s/cancel", visit), object{"reason": "asked for"}, 200,
			"visit.cancelled;to=staff;n=1, visit.cancelled_home;to=household;n=1")
		move(desk, "POST", path("/v1/jobs/%s/hold", job), object{"kind": "parts", "reason": "pump"}, 200, "")
		move(desk, "POST", path("/v1/jobs/%s/release", job), object{"kind": "parts", "reason": "it came"}, 200, "")
		promise := desk.Send("POST", path("/v1/jobs/%s/promises", job), object{}, 201)
		move(desk, "POST", path("/v1/promises/%s/hand-over", promise), object{"owner_id": asha.ID}, 200, "")
		move(desk, "POST", path("/v1/jobs/%s/cancel", job), object{"reason": "double"}, 200, "job.cancelled_home;to=household;n=1")
		job = move(desk, "POST", path("/v1/jobs/%s/reopen", job), object{"reason": "not double"}, 200, "")
		area := h.As("root").Send("GET", "/v1/centres/"+h.Centre.String(), nil, 200)["area_id"]
		second := h.As("root").Send("POST", "/v1/centres", object{"area_id": area, "name": "Pune West", "zone": "Asia/Kolkata",
			"country": "IN"}, 201)
		move(maya, "POST", path("/v1/jobs/%s/transfer", job), object{"centre_id": second["id"], "reason": "nearer"}, 200, "")
		_, done := h.Household(desk, nil)
		worked := h.WorkUntil("ravi", h.Visit(desk, done, h.Clock.Now().Add(30*time.Minute), "ravi"), "complete",
			object{"work_done": "pump", "tested": "works"})
		h.Clock.Advance(time.Minute)
		desk.Send("POST", path("/v1/visits/%s/confirm-done", worked), object{"contact": object{"channel": "phone", "outcome": "reached"}}, 200)
		move(desk, "POST", path("/v1/jobs/%s/close", done), object{"reason": "they say it works"}, 200, "")
		leave := ravi.Send("POST", path("/v1/technicians/%s/leave", object{"id": ravi.ID.String()}), object{"kind": "annual",
			"starts_at": "2027-04-01T00:00:00Z", "ends_at": "2027-04-02T00:00:00Z"}, 201)
		move(asha, "POST", path("/v1/leave/%s/approve", leave), nil, 200, "leave.approved;to=staff;n=1")

		_, linked := h.Household(desk, nil)
		h.CustomerPage(linked).RegisterDevice("home")
		move(desk, "POST", path("/v1/jobs/%s/link/send", linked), nil, 200, "job.share;to=household;n=1")

		for _, op := range h.Contract.Operations() {
			if op.Asked && !asked[op.ID] && !slices.Contains(decisions, op.ID) {
				t.Errorf("%s names the header, and no story asks it first", op.ID)
			}
		}
		// What cannot be asked first says so, and does not happen.
		_, other := h.Household(desk, nil)
		before := h.SettledTables()
		for path, body := range map[string]any{path("/v1/jobs/%s/attempts", other): object{"channel": "phone", "outcome": "busy"},
			"/v1/customers": object{"name": "X"}} {
			desk.Send("POST", path, body, 400, "Doorstep-Dry-Run", "true")
		}
		desk.Send("POST", path("/v1/jobs/%s/cancel", other), object{"reason": "double"}, 400, "Doorstep-Dry-Run", "yes")
		if h.DumpTables() != before {
			t.Error("a question that was refused left a trace")
		}
	})
}
