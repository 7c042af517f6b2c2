package casework

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"doorstep/domain"
)

// keepClaim keeps a move that could not be made any more (why), because the visit
// was given to others or ended after it had happened and before it was told, or
// because it missed its guard and nobody stands at the door any more to make that good.
// Only for who was in the crew when it happened; for everybody else, and for a
// phone that does not say when it happened, why stands.
// Errors: CodeClaimKept.
func keepClaim(ctx context.Context, s *Service, call *Call, visit domain.ID, action string, in MoveInput, why error) error {
	if call.Actor.Role != domain.RoleTechnician || in.OccurredAt == "" || call.DryRun {
		return why
	}
	var kept *domain.Claim
	var v *domain.Visit
	err := s.InWork(ctx, call, func(tx *Work) error {
		kept = nil
		m, err := OpenVisit(tx, visit)
		if NotFound(err) {
			return why
		} else if err != nil { // the phone tries again
			return err
		}
		v = m.Visit
		if !call.Actor.WasInCrew(v) {
			return why
		}
		if kept, err = tx.Claim(call.Actor.UserID, call.Key); err == nil && kept.VisitID == v.ID && kept.Action == action {
			return nil
		} else if err == nil {
			return why
		} else if !NotFound(err) {
			return err
		}
		if err := m.Stamp(call, in.OccurredAt); err != nil {
			return why
		}
		if domain.IsCode(why, domain.CodePreconditionMissing) && m.Now.Sub(m.Said.Occurred) <= domain.ToldAtOnce {
			return why
		}
		if there, err := m.wasThere(call.Actor.UserID); err != nil {
			return err
		} else if !there {
			return why
		}
		kept = &domain.Claim{ID: tx.NewID(), VisitID: v.ID, JobID: v.JobID, ActorID: call.Actor.UserID, Key: call.Key, Action: action,
			OccurredAt: m.Said.Occurred, ClaimedAt: m.Said.Claimed, RecordedAt: tx.Now}
		if err := tx.InsertClaim(kept); err != nil {
			return err
		}
		m.Entry(call.Actor, "visit.claimed", &v.ID, map[string]any{"claim_id": kept.ID, "action": action, "status": v.Status, "note": in.Note,
			"reason": in.Reason, "findings": in.Findings, "work_done": in.WorkDone, "parts": in.Parts, "tested": in.Tested})
		return NotifyStaff(m.Case, v, "visit.claimed", domain.RoleCoordinator, domain.RoleProprietor)
	})
	if err != nil {
		return err
	}
	words := "The visit had changed before this was sent. What you did is kept with its time; nothing moved."
	if missed := (*domain.Error)(nil); errors.As(why, &missed) && missed.Code == domain.CodePreconditionMissing {
		words = missed.Message + " What you did is kept with its time; nothing moved."
	}
	return domain.Fail(domain.CodeClaimKept, "%s", words).
		With("claim_id", kept.ID).With("visit_status", v.Status).With("ended_at", v.EndedAt)
}

// wasThere reports whether somebody was in the crew when what they tell of
// happened, and the visit had not ended then.
func (m *VisitCase) wasThere(user domain.ID) (bool, error) {
	v, at := m.Visit, m.Said.Occurred
	if !at.Before(m.Now) || at.Before(v.CreatedAt) || at.Before(v.WindowStart.Add(-WorkingDay)) || v.EndedAt != nil && !at.Before(*v.EndedAt) {
		return false, nil
	}
	crew := v.Crew
	var first time.Time
	for _, kind := range []string{"visit.assigned", "visit.freed"} {
		entries, err := m.Tx.EntriesOfKind(m.Job.ID, kind)
		if err != nil {
			return false, err
		}
		for i := range entries {
			e := &entries[i]
			if e.VisitID == nil || *e.VisitID != v.ID || !e.RecordedAt.After(at) || !first.IsZero() && !e.RecordedAt.Before(first) {
				continue
			}
			var changed struct{ Was []domain.ID }
			if err := json.Unmarshal(e.Payload, &changed); err != nil || changed.Was == nil {
				continue
			}
			first, crew = e.RecordedAt, changed.Was
		}
	}
	return domain.Has(crew, user), nil
}
