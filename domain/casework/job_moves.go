package casework

import (
	"context"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
)

// JobMoveInput is what the moves of a job take; each uses its part.
type JobMoveInput struct {
	Reason   string     `json:"reason"`
	Kind     string     `json:"kind"`      // of hold and release
	DueAt    string     `json:"due_at"`    // of hold
	CentreID *domain.ID `json:"centre_id"` // of transfer
	// AttemptID or Contact is, of a hold for customer_request, where it was asked for.
	AttemptID  *domain.ID    `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	OccurredAt string        `json:"occurred_at"`
}

// OnJob opens the case of a job for a move: scope, role, state, time.
func (s *Service) OnJob(ctx context.Context, call *Call, id domain.ID, action, occurredAt string,
	fn func(*Case) error) (domain.JobView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.JobView, error) {
		j, err := AuthorizeJob(tx, call.Actor, id)
		if err != nil {
			return domain.JobView{}, err
		}
		if err := domain.CheckJob(call.Actor, action, j); err != nil {
			return domain.JobView{}, err
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return domain.JobView{}, err
		}
		if err := c.Stamp(call, occurredAt); err != nil {
			return domain.JobView{}, err
		}
		if c.Held != nil && domain.JobMoveOf(action).Holds.Refuses(domain.HoldSafety) {
			return domain.JobView{}, c.RefuseHeld()
		}
		if err := fn(c); err != nil {
			return domain.JobView{}, err
		}
		return c.JobView(call.Actor)
	})
}

// CancelJob ends a job that nobody is working on, and its scheduled visits.
// Coordinator, proprietor, area manager, agent; with a reason.
func (s *Service) CancelJob(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "cancel", in.OccurredAt, func(m *Case) error {
		if strings.TrimSpace(in.Reason) == "" {
			return domain.Fail(domain.CodeUnprocessable, "Say why the job is cancelled.").At("/reason", "a few words")
		}
		m.Ending = true
		n, err := CancelVisits(m, call.Actor, in.Reason)
		if err != nil {
			return err
		}
		if n == 0 { // else they are told by their visit
			NotifyCustomer(m, nil, "job.cancelled_home")
		}
		return EndJob(m, call.Actor, "cancel", in.Reason)
	})
}

// CancelVisits cancels the scheduled visits of a job, and says how many those were.
func CancelVisits(m *Case, a domain.Actor, reason string) (n int, err error) {
	visits, err := m.Tx.VisitsOfJob(m.Job.ID)
	if err != nil {
		return 0, err
	}
	for i := range visits {
		if visits[i].Status == domain.VisitScheduled {
			v := m.On(&visits[i])
			if err := CancelVisit(v, a, reason, "nobody"); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// EndJob closes or cancels a job, and ends what waited for it.
func EndJob(c *Case, a domain.Actor, action, reason string) error {
	j := c.Job
	if err := c.Tx.Apply(j, action); err != nil {
		return err
	}
	j.EndedAt, j.EndReason, j.ReopenUntil = domain.Ptr(c.Now), reason, domain.Ptr(c.Now.Add(domain.ReopenWithin))
	c.Tx.Disarm(domain.DueCloseResolved, j.ID)
	c.Tx.Disarm(domain.DueLastNotice, j.ID)
	c.Entry(a, domain.JobMoveOf(action).Entry, nil, map[string]any{"reason": reason})
	promises, err := c.Tx.PromisesDue(j.CustomerID)
	if err != nil {
		return err
	}
	for i := range promises { // nobody waits for them any more; a broken one stays broken
		p := &promises[i]
		if p.JobID != j.ID {
			continue
		}
		c.Tx.Disarm(domain.DuePromise, p.ID)
		if domain.PromiseMoves.Open("lapse", string(p.Status)) {
			if err := c.Tx.Apply(p, "lapse"); err != nil {
				return err
			}
			p.UpdatedAt = c.Now
			if err := c.Tx.SavePromise(p); err != nil {
				return err
			}
		}
	}
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.JobID != nil && h.LiftedAt == nil { // a safety hold stays over the household
			if err := c.Tx.Apply(h, "job-ends"); err != nil {
				return err
			}
			h.LiftReason = "job ended"
			if err := c.Tx.SaveHold(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends a resolved job at the customer's word, which its visit has, or 72 h later; or one whose household
// stayed unreachable for as long as the policy says; a safety-critical one
// only by the area manager. Errors: CodePreconditionMissing.
func (s *Service) Close(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "close", in.OccurredAt, func(m *Case) error {
		j := m.Job
		if j.Status == domain.JobResolved {
			reason := in.Reason
			if reason == "" {
				reason = "customer's word"
			}
			if asked, _, err := askedAbout(m); err != nil {
				return err
			} else if asked {
				return domain.Fail(domain.CodePreconditionMissing, "The household is being asked whether it is done; the job stays open until it is answered.")
			}
			if said, err := saidDone(m); err != nil {
				return err
			} else if until := j.ResolvedAt; !said && until != nil && m.Now.Before(until.Add(domain.CloseResolvedAfter)) {
				return domain.Fail(domain.CodePreconditionMissing,
					"The household has not said that it is done. Say in which contact it did (confirm-done of the visit); else the job closes by itself at %s.",
					until.Add(domain.CloseResolvedAfter).In(m.Site.Location()).Format("15:04 on 2 Jan")).With("from", until.Add(domain.CloseResolvedAfter))
			}
			return EndJob(m, call.Actor, "close", reason)
		}
		if j.SafetyCritical && call.Actor.Role != domain.RoleAreaManager {
			return domain.Fail(domain.CodeForbidden, "A safety-critical job is closed as unreachable by the area manager only.")
		}
		for i := range m.Holds {
			h := &m.Holds[i]
			if h.Kind != domain.HoldUnreachable || h.LiftedAt != nil {
				continue
			}
			if due := h.ClosesFrom(); m.Now.Before(due) {
				return domain.Fail(domain.CodePreconditionMissing, "The household has been unreachable since %s; the job may be closed from %s.",
					h.Since.In(m.Site.Location()).Format("2 Jan 15:04"), due.In(m.Site.Location()).Format("2 Jan 15:04")).With("from", due)
			}
			policies, err := m.Tx.Policies(j.CentreID)
			if err != nil {
				return err
			}
			if err := EndJob(m, call.Actor, "close", string(domain.HoldUnreachable)); err != nil {
				return err
			}
			j.ReopenUntil = domain.Ptr(m.Now.AddDate(0, 0, EffectivePolicy(policies, m.Now).ReopenDays))
			return nil
		}
		return domain.Fail(domain.CodePreconditionMissing,
			"An open job is closed only when its household is unreachable; otherwise resolve or cancel it.")
	})
}

// Reopen brings a job back for the same fault with its history and original
// clock, within 30 days of its end; after it was closed as unreachable within
// as many as the policy said then.
func (s *Service) Reopen(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "reopen", in.OccurredAt, func(m *Case) error {
		return ReopenJob(m, call.Actor, in.Reason)
	})
}

// ReopenJob brings a job back with its original clock.
func ReopenJob(c *Case, a domain.Actor, reason string) error {
	j := c.Job
	if !j.Reopens(c.Now) {
		return domain.Fail(domain.CodePreconditionMissing, "The time in which this job could be reopened is over; register a new one.")
	}
	if err := c.Tx.Apply(j, "reopen"); err != nil {
		return err
	}
	j.EndedAt, j.EndReason, j.ResolvedAt, j.ReopenedAt, j.ReopenUntil = nil, "", nil, domain.Ptr(c.Now), nil
	c.Tx.Disarm(domain.DueCloseResolved, j.ID)
	watchSilence(c.Tx, j.ID)
	c.Entry(a, "job.reopened", nil, map[string]any{"reason": reason})
	if err := derive(c.Tx, j, nil); err != nil {
		return err
	}
	return JudgeAgain(c) // what was learnt after the end counts from here
}

// HoldJob places a hold for parts or at the customer's request; it refuses
// only schedule and reschedule.
func (s *Service) HoldJob(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "hold", in.OccurredAt, func(m *Case) error {
		kind := domain.HoldKind(in.Kind)
		if kind == domain.HoldUnreachable {
			return approveUnreachable(m, call.Actor)
		}
		if kind != domain.HoldParts && kind != domain.HoldCustomerRequest {
			return domain.Fail(domain.CodeUnprocessable, "A hold by hand is for parts or customer_request.").At("/kind", "parts or customer_request")
		}
		var standing *domain.Hold
		for i := range m.Holds {
			if h := &m.Holds[i]; h.Kind == kind && h.LiftedAt == nil {
				standing = h
			}
		}
		heldAlready := func() error {
			return domain.Fail(domain.CodeState, "The job is on hold for this already.").
				With("hold", map[string]any{"id": standing.ID, "kind": standing.Kind})
		}
		if standing != nil && (kind == domain.HoldParts || standing.Confirmed) {
			return heldAlready()
		}
		h := domain.Hold{ID: s.NewID(), Kind: kind, JobID: &m.Job.ID, Reason: in.Reason, ByID: &call.Actor.UserID,
			By: string(call.Actor.Role)}
		if in.DueAt != "" {
			due, err := domain.ParseInstant(in.DueAt, m.Site.Location(), "/due_at")
			if err != nil {
				return err
			}
			h.DueAt = &due
		}
		fact := map[string]any{"hold_id": h.ID, "kind": kind, "reason": in.Reason, "due_at": h.DueAt}
		if kind == domain.HoldCustomerRequest || in.AttemptID != nil || in.Contact != nil { // the time that passes counts as theirs
			asked, err := ProveContact(call, m, in.AttemptID, in.Contact, m.Now.Add(-domain.FactTooOld))
			if err != nil {
				return err
			}
			fact["attempt_id"] = asked.ID
			h.Declared = asked.Grade != reach.Proven
			fact["declared"] = h.Declared
			h.Confirmed = asked.Grade != reach.Declared && asked.Discounted == ""
			if standing != nil && !h.Confirmed {
				return heldAlready()
			}
			if denied := domain.DeniedWait(m.Holds); kind == domain.HoldCustomerRequest && denied != nil &&
				(!h.Confirmed || !asked.OccurredAt.After(*denied)) {
				return domain.Fail(domain.CodePreconditionMissing, "The household said that it did not ask to wait. Now only its own link, "+
					"or a recorded call since then, says that it does.").At("/attempt_id", "the household's own word, or a recorded call")
			}
		}
		if err := domain.Apply(&h, "place", m.Said.Occurred); err != nil {
			return err
		}
		if kind == domain.HoldCustomerRequest {
			if err := placeWait(m, call.Actor, &h, standing); err != nil {
				return err
			}
		}
		if err := m.Tx.InsertHold(&h); err != nil {
			return err
		}
		m.Holds = append(m.Holds, h)
		m.Entry(call.Actor, "hold.placed", nil, fact)
		if kind == domain.HoldCustomerRequest {
			NotifyCustomer(m, nil, "hold.asked")
		}
		return nil
	})
}

// placeWait judges until when a wait at the household's request counts. One that it confirms ends the standing one that only
// staff told of.
func placeWait(m *Case, a domain.Actor, h, standing *domain.Hold) error {
	longest := domain.WaitDeclared
	if h.Confirmed {
		longest = domain.WaitLongest
	}
	if h.DueAt != nil && h.DueAt.After(h.Since.Add(longest)) {
		return domain.Fail(domain.CodeUnprocessable, "That is too far ahead for a wait. Ask the household again nearer to it.").
			At("/due_at", "within 30 days; by the household's own word, or a recorded call, within 90")
	}
	bound := domain.WaitUnconfirmed
	if m.Job.SafetyCritical || m.Job.Priority == "urgent" {
		bound = callRules(m.Tx, m.Job.CentreID).SilenceAfter(true)
	}
	h.CountsTo = domain.Ptr(h.Counts(m.Holds, bound))
	watchSilence(m.Tx, m.Job.ID)
	if standing == nil {
		return nil
	}
	if err := m.Tx.Apply(standing, "release"); err != nil {
		return err
	}
	standing.LiftedByID, standing.LiftReason = &a.UserID, "confirmed"
	m.Entry(a, "hold.lifted", nil, map[string]any{"hold_id": standing.ID, "kind": standing.Kind, "reason": standing.LiftReason})
	return m.Tx.SaveHold(standing)
}

// approveUnreachable is the area manager's word on a safety-critical job: the
// household is unreachable by every rule but this one (docs/product.md section 4).
func approveUnreachable(m *Case, a domain.Actor) error {
	j := m.Job
	if !j.SafetyCritical || a.Role != domain.RoleAreaManager {
		return domain.Fail(domain.CodeForbidden, "Unreachable is a verdict, not a move; of a safety-critical job the area manager confirms it.")
	}
	m.approved = true
	v, visits, err := Verdict(m)
	if err != nil {
		return err
	}
	if v.Verdict != reach.Unreachable {
		e := domain.Fail(domain.CodePreconditionMissing, "The household is not unreachable by the rules yet.")
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
func (s *Service) ReleaseJob(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "release", in.OccurredAt, func(m *Case) error {
		switch domain.HoldKind(in.Kind) {
		case domain.HoldUnreachable:
			return domain.Fail(domain.CodePreconditionMissing, "Only contact with the household lifts this hold; record the attempt.")
		case domain.HoldSafety:
			return domain.Fail(domain.CodeForbidden, "A safety hold is released by the area manager with a plan (safety-release).")
		case domain.HoldParts, domain.HoldCustomerRequest:
		default:
			return domain.Fail(domain.CodeUnprocessable, "Say which hold.").At("/kind", "parts or customer_request")
		}
		for i := range m.Holds {
			h := &m.Holds[i]
			if h.Kind == domain.HoldKind(in.Kind) && h.LiftedAt == nil {
				if err := m.Tx.Apply(h, "release"); err != nil {
					return err
				}
				h.LiftedByID, h.LiftReason = &call.Actor.UserID, in.Reason
				m.Entry(call.Actor, "hold.lifted", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind, "reason": in.Reason})
				return m.Tx.SaveHold(h)
			}
		}
		return domain.Fail(domain.CodeState, "The job has no such hold.")
	})
}

// Transfer gives a job to another centre; its scheduled visits keep their
// time and lose their crew. Area manager, within their areas.
func (s *Service) Transfer(ctx context.Context, call *Call, id domain.ID, in JobMoveInput) (domain.JobView, error) {
	return s.OnJob(ctx, call, id, "transfer", in.OccurredAt, func(m *Case) error {
		j := m.Job
		if in.CentreID == nil {
			return domain.Fail(domain.CodeUnprocessable, "Say which centre.").At("/centre_id", "required")
		}
		c, err := AuthorizeCentre(m.Tx, call.Actor, *in.CentreID)
		if err != nil {
			return MeaningIfAbsent(err, "centre", "/centre_id")
		}
		if c.ID == j.CentreID {
			return domain.Fail(domain.CodeState, "The job is at this centre already.")
		}
		was := j.CentreID
		visits, err := m.Tx.VisitsOfJob(j.ID)
		if err != nil {
			return err
		}
		j.CentreID, j.AreaID = c.ID, c.AreaID
		for i := range visits {
			v := &visits[i]
			if v.Status != domain.VisitScheduled {
				continue
			}
			crew := v.Crew
			v.CentreID, v.AreaID, v.Crew, v.PlanSeen = c.ID, c.AreaID, domain.JSONList[domain.ID]{}, domain.JSONList[domain.ID]{}
			v.ChangedAt(m.Now)
			if err := m.Tx.SaveVisit(v); err != nil {
				return err
			}
			NotifyCrew(m, v, crew, "visit.unassigned")
		}
		promises, err := m.Tx.PromisesDue(j.CustomerID)
		if err != nil {
			return err
		}
		m.Centre = c
		for i := range promises {
			if p := &promises[i]; p.JobID == j.ID {
				if err := transferPromise(m, call.Actor, p); err != nil {
					return err
				}
			}
		}
		m.Entry(call.Actor, "job.transferred", nil, map[string]any{"from": was, "to": c.ID, "reason": in.Reason})
		return NotifyStaff(m, nil, "job.transferred", domain.RoleCoordinator, domain.RoleProprietor)
	})
}

// transferPromise gives a promise to the centre to which its job goes, and to somebody there where its owner may not answer for the job
// any more; its due time and its ladder stay.
func transferPromise(m *Case, a domain.Actor, p *domain.Promise) error {
	p.CentreID, p.AreaID = m.Centre.ID, m.Centre.AreaID
	p.ChangedAt(m.Now)
	was, err := m.Tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	if mayOwn(was, p.CentreID, p.AreaID) {
		return m.Tx.SavePromise(p)
	}
	owner, _, err := ChooseOwner(m)
	if nobodyOwns(err) { // the ladder tells the area manager when it is late
		return m.Tx.SavePromise(p)
	} else if err != nil {
		return err
	}
	p.OwnerID = owner.ID
	if err := m.Tx.SavePromise(p); err != nil {
		return err
	}
	m.Entry(a, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": was.ID, "to": owner.ID, "reason": "transferred"})
	return notifyOwner(m, p, owner, "promise.yours")
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
func (s *Service) Disrupt(ctx context.Context, call *Call, centre domain.ID, in DisruptionInput) (domain.Disruption, error) {
	a := call.Actor
	var c *domain.Centre
	var visits []domain.Visit
	if found, err := s.Replay(ctx, call); found || err != nil {
		return domain.Disruption{}, err
	}
	out := domain.Disruption{ID: s.NewID(), CentreID: centre, Date: in.Date, Reason: in.Reason, Note: in.Note, CreatedBy: a.UserID}
	var days int
	err := s.InWork(ctx, nil, func(tx *Work) (err error) {
		if c, err = AuthorizeCentre(tx, a, centre); err != nil {
			return err
		}
		if !a.Is(domain.Desk...) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not move a centre's day.", domain.RoleWords(a.Role))
		}
		loc := c.Location()
		day, err := time.ParseInLocation("2006-01-02", in.Date, loc)
		if err != nil {
			return domain.Fail(domain.CodeUnprocessable, "Say which day.").At("/date", "YYYY-MM-DD")
		}
		if day.AddDate(0, 0, 1).Before(s.Instant()) {
			return domain.Fail(domain.CodeUnprocessable, "This day is over.").At("/date", "today or later")
		}
		to := day.AddDate(0, 0, 1)
		if in.MoveTo != "" {
			if to, err = time.ParseInLocation("2006-01-02", in.MoveTo, loc); err != nil || !to.After(day) {
				return domain.Fail(domain.CodeUnprocessable, "The day to move to is later.").At("/move_to", "a later date")
			}
		} else {
			for i := 0; i < 60 && (domain.Has(c.Holidays, to.Format("2006-01-02")) ||
				(len(c.WorkingDays) > 0 && !domain.Has(c.WorkingDays, int(to.Weekday())))); i++ {
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
		moved, err := disruptOne(ctx, s, call, &visits[i], c, days, in.Reason)
		if err != nil && !domain.IsCode(err, domain.CodeState) && !domain.IsCode(err, domain.CodeOnHold) {
			return out, err
		}
		if err == nil {
			out.Moved++
			if !moved {
				out.Unplaced++
			}
		}
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Disruption, error) {
		out.CreatedAt = tx.Now
		return out, tx.InsertDisruption(&out)
	})
}

func disruptOne(ctx context.Context, s *Service, call *Call, v *domain.Visit, c *domain.Centre, days int,
	reason string) (placed bool, err error) {
	loc := c.Location()
	shift := func(t time.Time) string { return t.In(loc).AddDate(0, 0, days).Format(time.RFC3339) }
	in := ScheduleInput{WindowStart: shift(v.WindowStart), WindowEnd: shift(v.WindowEnd), PlannedStart: shift(v.PlannedStart),
		PlannedMinutes: v.PlannedMinutes, Reason: reason, disruption: true}
	one := &Call{Actor: call.Actor, Bulk: true}
	_, err = s.Reschedule(ctx, one, v.ID, in)
	if err == nil {
		return true, nil
	}
	if domain.IsCode(err, domain.CodeOnHold) || domain.IsCode(err, domain.CodeState) || domain.IsCode(err, domain.CodeNotFound) {
		return false, err
	}
	in.Crew = &[]domain.ID{}
	_, err = s.Reschedule(ctx, one, v.ID, in)
	return false, err
}

// CloseResolvedDue closes a job to whose resolution nobody objected.
func CloseResolvedDue(c *Case) error {
	if c.Job.Status != domain.JobResolved {
		return nil
	}
	asked, unanswered, err := askedAbout(c)
	if err != nil {
		return err
	}
	if asked {
		c.Tx.SetDeadline(domain.DueCloseResolved, c.Job.ID, &c.Job.ID, c.Now.Add(domain.CloseAskedAgain))
		return nil
	}
	if unanswered {
		return EndJob(c, domain.System, "close", "resolved; asked whether it is done, the household did not answer")
	}
	return EndJob(c, domain.System, "close", "resolved, no objection in 72 h")
}

// saidDone reports whether the household said that the last completion of a job is so.
func saidDone(c *Case) (bool, error) {
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	var last *domain.Visit
	for i := range visits {
		v := &visits[i]
		if v.Status == domain.VisitCompleted && (last == nil || v.EndedAt != nil && (last.EndedAt == nil || v.EndedAt.After(*last.EndedAt))) {
			last = v
		}
	}
	return last != nil && last.DoneConfirmedAt != nil, err
}

// askedAbout reports whether the brand still asks the household about a completion of the job, and whether it asked
// in vain.
func askedAbout(c *Case) (asked, unanswered bool, err error) {
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return false, false, err
	}
	for i := range visits {
		check, err := c.Tx.DoneCheckOf(visits[i].ID)
		if NotFound(err) {
			continue
		} else if err != nil {
			return false, false, err
		}
		asked, unanswered = asked || domain.CheckMoves.Open("answer", check.Status), unanswered || check.Status == "not_answered"
	}
	return asked, unanswered, nil
}
