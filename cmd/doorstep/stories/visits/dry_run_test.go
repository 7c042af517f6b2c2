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
			before := ""
			for now := h.DumpTables(); now != before; now = h.DumpTables() { // what was sent is recorded
				h.Settle()
				before = h.DumpTables()
			}
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
