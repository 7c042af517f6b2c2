package domain

import (
	"context"
	"strings"
	"time"

	"doorstep/domain/reach"
)

// JobMoveInput is what the moves of a job take; each uses its part.
type JobMoveInput struct {
	Reason     string `json:"reason"`
	Kind       string `json:"kind"`      // of hold and release
	DueAt      string `json:"due_at"`    // of hold
	CentreID   *ID    `json:"centre_id"` // of transfer
	OccurredAt string `json:"occurred_at"`
}

// onJob opens the case of a job for a move: scope, role, state, time.
func (s *Service) onJob(ctx context.Context, call *Call, id ID, action, occurredAt string, fn func(*Case) error) (JobView, error) {
	return run(ctx, s, call, func(tx *Work) (JobView, error) {
		j, err := authorizeJob(tx, call.Actor, id)
		if err != nil {
			return JobView{}, err
		}
		if err := CheckJob(call.Actor, action, j); err != nil {
			return JobView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return JobView{}, err
		}
		if err := d.stamp(call, occurredAt); err != nil {
			return JobView{}, err
		}
		if d.held != nil && jobMoveOf(action).Holds.refuses(HoldSafety) {
			return JobView{}, d.refuseHeld()
		}
		if err := fn(d); err != nil {
			return JobView{}, err
		}
		return d.jobView(call.Actor)
	})
}

// CancelJob ends a job that nobody is working on, and its scheduled visits.
// Coordinator, proprietor, area manager, agent; with a reason.
func (s *Service) CancelJob(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "cancel", in.OccurredAt, func(m *Case) error {
		if strings.TrimSpace(in.Reason) == "" {
			return Fail(CodeUnprocessable, "Say why the job is cancelled.").At("/reason", "a few words")
		}
		m.ending = true
		if err := cancelVisits(m, call.Actor, in.Reason); err != nil {
			return err
		}
		return endJob(m, call.Actor, "cancel", in.Reason)
	})
}

// cancelVisits cancels the scheduled visits of a job.
func cancelVisits(m *Case, a Actor, reason string) error {
	visits, err := m.tx.VisitsOfJob(m.job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if visits[i].Status == VisitScheduled {
			v := m.on(&visits[i])
			if err := cancelVisit(v, a, reason, "nobody"); err != nil {
				return err
			}
		}
	}
	return nil
}

// endJob closes or cancels a job, and ends what waited for it.
func endJob(d *Case, a Actor, action, reason string) error {
	j := d.job
	if err := d.tx.apply(j, action); err != nil {
		return err
	}
	j.EndedAt, j.EndReason, j.ReopenUntil = ptr(d.now), reason, ptr(d.now.Add(reopenWithin))
	d.tx.Disarm(DueCloseResolved, j.ID)
	d.tx.Disarm(DueLastNotice, j.ID)
	d.entry(a, jobMoveOf(action).Fact, nil, map[string]any{"reason": reason})
	promises, err := d.tx.PromisesDue(j.CustomerID)
	if err != nil {
		return err
	}
	for i := range promises { // nobody waits for them any more; a broken one stays broken
		p := &promises[i]
		if p.JobID != j.ID {
			continue
		}
		d.tx.Disarm(DuePromise, p.ID)
		if PromiseMoves.open("lapse", string(p.Status)) {
			if err := d.tx.apply(p, "lapse"); err != nil {
				return err
			}
			p.UpdatedAt = d.now
			if err := d.tx.SavePromise(p); err != nil {
				return err
			}
		}
	}
	for i := range d.holds {
		h := &d.holds[i]
		if h.JobID != nil && h.LiftedAt == nil { // a safety hold stays over the household
			if err := d.tx.apply(h, "job-ends"); err != nil {
				return err
			}
			h.LiftReason = "job ended"
			if err := d.tx.SaveHold(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends a resolved job at the customer's word, or one whose household
// stayed unreachable for as long as the policy says; a safety-critical one
// only by the area manager. Errors: CodePreconditionMissing.
func (s *Service) Close(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "close", in.OccurredAt, func(m *Case) error {
		j := m.job
		if j.Status == JobResolved {
			reason := in.Reason
			if reason == "" {
				reason = "customer's word"
			}
			return endJob(m, call.Actor, "close", reason)
		}
		if j.SafetyCritical && call.Actor.Role != RoleAreaManager {
			return Fail(CodeForbidden, "A safety-critical job is closed as unreachable by the area manager only.")
		}
		for i := range m.holds {
			h := &m.holds[i]
			if h.Kind != HoldUnreachable || h.LiftedAt != nil {
				continue
			}
			if due := h.closesFrom(); m.now.Before(due) {
				return Fail(CodePreconditionMissing, "The household has been unreachable since %s; the job may be closed from %s.",
					h.Since.In(m.site.Location()).Format("2 Jan 15:04"), due.In(m.site.Location()).Format("2 Jan 15:04")).With("from", due)
			}
			policies, err := m.tx.Policies(j.CentreID)
			if err != nil {
				return err
			}
			if err := endJob(m, call.Actor, "close", string(HoldUnreachable)); err != nil {
				return err
			}
			j.ReopenUntil = ptr(m.now.AddDate(0, 0, EffectivePolicy(policies, m.now).ReopenDays))
			return nil
		}
		return Fail(CodePreconditionMissing, "An open job is closed only when its household is unreachable; otherwise resolve or cancel it.")
	})
}

// Reopen brings a job back for the same fault with its history and original
// clock, within 30 days of its end; after it was closed as unreachable within
// as many as the policy said then.
func (s *Service) Reopen(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "reopen", in.OccurredAt, func(m *Case) error {
		return reopen(m, call.Actor, in.Reason)
	})
}

// reopen brings a job back with its original clock.
func reopen(d *Case, a Actor, reason string) error {
	j := d.job
	if !j.reopens(d.now) {
		return Fail(CodePreconditionMissing, "The time in which this job could be reopened is over; register a new one.")
	}
	if err := d.tx.apply(j, "reopen"); err != nil {
		return err
	}
	j.EndedAt, j.EndReason, j.ResolvedAt, j.ReopenedAt, j.ReopenUntil = nil, "", nil, ptr(d.now), nil
	d.tx.Disarm(DueCloseResolved, j.ID)
	d.entry(a, "job.reopened", nil, map[string]any{"reason": reason})
	if err := derive(d.tx, j, nil); err != nil {
		return err
	}
	return rejudge(d) // what was learnt after the end counts from here
}

// HoldJob places a hold for parts or at the customer's request; it refuses
// only schedule and reschedule.
func (s *Service) HoldJob(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "hold", in.OccurredAt, func(m *Case) error {
		kind := HoldKind(in.Kind)
		if kind == HoldUnreachable {
			return approveUnreachable(m, call.Actor)
		}
		if kind != HoldParts && kind != HoldCustomerRequest {
			return Fail(CodeUnprocessable, "A hold by hand is for parts or customer_request.").At("/kind", "parts or customer_request")
		}
		for _, h := range m.holds {
			if h.Kind == kind && h.LiftedAt == nil {
				return Fail(CodeState, "The job is on hold for this already.").With("hold", map[string]any{"id": h.ID, "kind": h.Kind})
			}
		}
		h := Hold{ID: s.NewID(), Kind: kind, JobID: &m.job.ID, Reason: in.Reason, ByID: &call.Actor.UserID,
			By: string(call.Actor.Role)}
		if in.DueAt != "" {
			due, err := ParseInstant(in.DueAt, m.site.Location(), "/due_at")
			if err != nil {
				return err
			}
			h.DueAt = &due
		}
		if err := Apply(&h, "place", m.said.occurred); err != nil {
			return err
		}
		if err := m.tx.InsertHold(&h); err != nil {
			return err
		}
		m.holds = append(m.holds, h)
		m.entry(call.Actor, "hold.placed", nil, map[string]any{"hold_id": h.ID, "kind": kind, "reason": in.Reason,
			"due_at": h.DueAt})
		return nil
	})
}

// approveUnreachable is the area manager's word on a safety-critical job: the
// household is unreachable by every rule but this one (docs/product.md section 4).
func approveUnreachable(m *Case, a Actor) error {
	j := m.job
	if !j.SafetyCritical || a.Role != RoleAreaManager {
		return Fail(CodeForbidden, "Unreachable is a verdict, not a move; of a safety-critical job the area manager confirms it.")
	}
	m.approved = true
	v, visits, err := verdict(m)
	if err != nil {
		return err
	}
	if v.Verdict != reach.Unreachable {
		e := Fail(CodePreconditionMissing, "The household is not unreachable by the rules yet.")
		for _, w := range v.Missing {
			e = e.At("/kind", w)
		}
		return e
	}
	j.Verdict = v.Verdict
	v.UnreachableSince = nil // the days until it may be closed begin with the word
	return becomeUnreachable(m, v, visits)
}

// ReleaseJob lifts a hold for parts or customer_request. Contact alone lifts
// unreachable, the area manager alone safety.
func (s *Service) ReleaseJob(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "release", in.OccurredAt, func(m *Case) error {
		switch HoldKind(in.Kind) {
		case HoldUnreachable:
			return Fail(CodePreconditionMissing, "Only contact with the household lifts this hold; record the attempt.")
		case HoldSafety:
			return Fail(CodeForbidden, "A safety hold is released by the area manager with a plan (safety-release).")
		case HoldParts, HoldCustomerRequest:
		default:
			return Fail(CodeUnprocessable, "Say which hold.").At("/kind", "parts or customer_request")
		}
		for i := range m.holds {
			h := &m.holds[i]
			if h.Kind == HoldKind(in.Kind) && h.LiftedAt == nil {
				if err := m.tx.apply(h, "release"); err != nil {
					return err
				}
				h.LiftedByID, h.LiftReason = &call.Actor.UserID, in.Reason
				m.entry(call.Actor, "hold.lifted", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind, "reason": in.Reason})
				return m.tx.SaveHold(h)
			}
		}
		return Fail(CodeState, "The job has no such hold.")
	})
}

// Transfer gives a job to another centre; its scheduled visits keep their
// time and lose their crew. Area manager, within their areas.
func (s *Service) Transfer(ctx context.Context, call *Call, id ID, in JobMoveInput) (JobView, error) {
	return s.onJob(ctx, call, id, "transfer", in.OccurredAt, func(m *Case) error {
		j := m.job
		if in.CentreID == nil {
			return Fail(CodeUnprocessable, "Say which centre.").At("/centre_id", "required")
		}
		c, err := authorizeCentre(m.tx, call.Actor, *in.CentreID)
		if err != nil {
			return meaningIfAbsent(err, "centre", "/centre_id")
		}
		if c.ID == j.CentreID {
			return Fail(CodeState, "The job is at this centre already.")
		}
		was := j.CentreID
		visits, err := m.tx.VisitsOfJob(j.ID)
		if err != nil {
			return err
		}
		j.CentreID, j.AreaID = c.ID, c.AreaID
		for i := range visits {
			v := &visits[i]
			if v.Status != VisitScheduled {
				continue
			}
			crew := v.Crew
			v.CentreID, v.AreaID, v.Crew, v.PlanSeen = c.ID, c.AreaID, JSONList[ID]{}, JSONList[ID]{}
			v.changedAt(m.now)
			if err := m.tx.SaveVisit(v); err != nil {
				return err
			}
			notifyCrew(m, v, crew, "visit.unassigned")
		}
		promises, err := m.tx.PromisesDue(j.CustomerID)
		if err != nil {
			return err
		}
		for i := range promises { // the owner stays until somebody hands over, but the new centre sees it
			if p := &promises[i]; p.JobID == j.ID {
				p.CentreID, p.AreaID = c.ID, c.AreaID
				p.changedAt(m.now)
				if err := m.tx.SavePromise(p); err != nil {
					return err
				}
			}
		}
		m.centre = c
		m.entry(call.Actor, "job.transferred", nil, map[string]any{"from": was, "to": c.ID, "reason": in.Reason})
		return notifyStaff(m, nil, "job.transferred", RoleCoordinator, RoleProprietor)
	})
}

// DisruptionInput moves a centre's day: flood, strike, festival.
type DisruptionInput struct {
	Date   string `json:"date"` // in the centre's zone
	Reason string `json:"reason"`
	Note   string `json:"note"`
	MoveTo string `json:"move_to"` // a date; without it the next working day
}

// Disrupt moves all scheduled visits of a centre's day to another day at the
// same wall-clock time; those whose crew is not free there lose the crew,
// the centre's number of visits a day does not bind, and nobody is counted for
// any of it. Coordinator, proprietor, area manager. It
// commits visit by visit, so that the writer is never held long; the answer
// says how many moved. Errors: CodeUnprocessable.
func (s *Service) Disrupt(ctx context.Context, call *Call, centre ID, in DisruptionInput) (Disruption, error) {
	a := call.Actor
	var c *Centre
	var visits []Visit
	if found, err := s.replay(ctx, call); found || err != nil {
		return Disruption{}, err
	}
	out := Disruption{ID: s.NewID(), CentreID: centre, Date: in.Date, Reason: in.Reason, Note: in.Note, CreatedBy: a.UserID}
	var days int
	err := s.inWork(ctx, nil, func(tx *Work) (err error) {
		if c, err = authorizeCentre(tx, a, centre); err != nil {
			return err
		}
		if !a.Is(desk...) {
			return Fail(CodeForbidden, "As %s you may not move a centre's day.", roleWords(a.Role))
		}
		loc := c.Location()
		day, err := time.ParseInLocation("2006-01-02", in.Date, loc)
		if err != nil {
			return Fail(CodeUnprocessable, "Say which day.").At("/date", "YYYY-MM-DD")
		}
		if day.AddDate(0, 0, 1).Before(s.instant()) {
			return Fail(CodeUnprocessable, "This day is over.").At("/date", "today or later")
		}
		to := day.AddDate(0, 0, 1)
		if in.MoveTo != "" {
			if to, err = time.ParseInLocation("2006-01-02", in.MoveTo, loc); err != nil || !to.After(day) {
				return Fail(CodeUnprocessable, "The day to move to is later.").At("/move_to", "a later date")
			}
		} else {
			for i := 0; i < 60 && (has(c.Holidays, to.Format("2006-01-02")) ||
				(len(c.WorkingDays) > 0 && !has(c.WorkingDays, int(to.Weekday())))); i++ {
				to = to.AddDate(0, 0, 1)
			}
		}
		// Both are local midnights: dates apart, not hours, so that a change of
		// clocks between them does not shift the windows.
		days = int(to.Add(12*time.Hour).Sub(day).Hours() / 24)
		visits, err = tx.VisitsOfCentreDay(centre, day, day.AddDate(0, 0, 1))
		return err
	})
	if err != nil {
		return out, err
	}
	for i := range visits {
		moved, err := s.disruptOne(ctx, call, &visits[i], c, days, in.Reason)
		if err != nil && !IsCode(err, CodeState) && !IsCode(err, CodeOnHold) {
			return out, err
		}
		if err == nil {
			out.Moved++
			if !moved {
				out.Unplaced++
			}
		}
	}
	return run(ctx, s, call, func(tx *Work) (Disruption, error) {
		out.CreatedAt = tx.Now
		return out, tx.InsertDisruption(&out)
	})
}

func (s *Service) disruptOne(ctx context.Context, call *Call, v *Visit, c *Centre, days int, reason string) (placed bool, err error) {
	loc := c.Location()
	shift := func(t time.Time) string { return t.In(loc).AddDate(0, 0, days).Format(time.RFC3339) }
	in := ScheduleInput{WindowStart: shift(v.WindowStart), WindowEnd: shift(v.WindowEnd), PlannedStart: shift(v.PlannedStart),
		PlannedMinutes: v.PlannedMinutes, Reason: reason, disruption: true}
	one := &Call{Actor: call.Actor}
	_, err = s.Reschedule(ctx, one, v.ID, in)
	if err == nil {
		return true, nil
	}
	if IsCode(err, CodeOnHold) || IsCode(err, CodeState) || IsCode(err, CodeNotFound) {
		return false, err
	}
	in.Crew = &[]ID{}
	_, err = s.Reschedule(ctx, one, v.ID, in)
	return false, err
}
