package domain

import (
	"context"
	"strings"
	"time"
)

// MoveInput is what a crew says with a forward move; each move uses its part.
type MoveInput struct {
	OccurredAt string    `json:"occurred_at"`
	Note       string    `json:"note"`
	Reason     string    `json:"reason"` // of no-access: why the guard could not be met
	Findings   *string   `json:"findings"`
	WorkDone   *string   `json:"work_done"`
	Parts      *[]string `json:"parts"`
	Tested     *string   `json:"tested"`
	EndCode    string    `json:"end_code"` // of complete: what the household's page shows
}

// forward is the order of the moves that a later one implies.
var forward = []struct {
	action string
	at     func(v *Visit) **time.Time
}{
	{"en-route", func(v *Visit) **time.Time { return &v.EnRouteAt }},
	{"arrive", func(v *Visit) **time.Time { return &v.ArrivedAt }},
	{"start", func(v *Visit) **time.Time { return &v.StartedAt }},
}

// Advance makes a forward move: en-route, arrive, start, complete, partial or
// no-access. The crew. A later move implies the skipped ones, marked not
// recorded. A late claim overturns a provisional missed. Errors: CodeOnHold,
// CodePlan, CodePreconditionMissing, CodeState.
//
// An arrival of somebody who was taken out of the crew meanwhile moves nothing
// and is kept: where they are counts, whoever goes there now.
func (s *Service) Advance(ctx context.Context, call *Call, id ID, action string, in MoveInput) (VisitView, error) {
	out, err := s.advance(ctx, call, id, action, in)
	if action == "arrive" && notFound(err) {
		return arrivedAnyway(ctx, s, call, id, in.OccurredAt)
	}
	return out, err
}

// cameAnyway keeps the arrival of a technician who is no longer in the crew;
// whoever decides a report of that home about them learns of it at once.
func cameAnyway(ctx context.Context, s *Service, call *Call, id ID, occurredAt string) (VisitView, error) {
	return run(ctx, s, call, func(tx *Work) (VisitView, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return VisitView{}, err
		}
		a := call.Actor
		if a.Role != RoleTechnician || !a.wasInCrew(v) || a.CentreID != v.CentreID {
			return VisitView{}, NotFound("visit")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return VisitView{}, err
		}
		if err := d.stamp(call, occurredAt); err != nil {
			return VisitView{}, err
		}
		d.entry(a, "visit.arrived_anyway", &v.ID, map[string]any{"crew": v.Crew})
		reports, err := tx.FlagsOfCustomer(d.customer.ID)
		if err != nil {
			return VisitView{}, err
		}
		for i := range reports {
			if f := &reports[i]; !f.Status.Open() || !f.about(a.UserID) || f.CameAt != nil {
				continue
			}
			f, err := tx.LockFlag(reports[i].ID)
			if err != nil {
				return VisitView{}, err
			}
			f.CameAt = &d.said.occurred
			f.changedAt(tx.Now)
			if err := tx.SaveFlag(f); err != nil {
				return VisitView{}, err
			}
			if err := notifyHandlers(tx, f, "flag.triage"); err != nil {
				return VisitView{}, err
			}
		}
		return d.view(a, v), nil
	})
}

func (s *Service) advance(ctx context.Context, call *Call, id ID, action string, in MoveInput) (VisitView, error) {
	return s.onVisit(ctx, call, id, action, in.OccurredAt, func(m *VisitCase) error {
		v := m.visit
		switch v.Status {
		case VisitMissed:
			if err := overturnMissed(m); err != nil {
				return err
			}
		case VisitCancelled:
			if err := m.overturnHeld(); err != nil {
				return err
			}
		default: // nothing to overturn
		}
		if err := m.planKept(action); err != nil {
			return err
		}
		if action == "no-access" {
			if err := m.noAccessGuard(in.Reason); err != nil {
				return err
			}
		}
		for _, f := range forward {
			at := f.at(v)
			if f.action == action {
				*at = ptr(m.said.occurred)
				break
			}
			if f.action == "start" && (action == "no-access" || has(m.plan, "carry_in")) {
				break
			}
			if *at == nil && !has(v.NotRecorded, f.action) {
				v.NotRecorded = append(v.NotRecorded, f.action)
			}
		}
		if err := m.tx.apply(v, action); err != nil {
			return err
		}
		if in.Findings != nil {
			v.Findings = *in.Findings
		}
		if in.WorkDone != nil {
			v.WorkDone = *in.WorkDone
		}
		if in.Parts != nil {
			v.Parts = *in.Parts
		}
		if in.Tested != nil {
			v.Tested = *in.Tested
		}
		m.tx.Disarm(DueMissed, v.ID)
		payload := map[string]any{"note": in.Note}
		if !v.Status.Unfinished() {
			v.EndedAt, v.EndReason = ptr(m.said.occurred), in.Reason
			payload = map[string]any{"note": in.Note, "reason": in.Reason, "findings": v.Findings, "work_done": v.WorkDone, "parts": v.Parts,
				"tested": v.Tested}
			m.tx.Disarm(DueHeldCancel, v.ID)
		}
		if v.Status == VisitNoAccess {
			v.CountsAgainst, v.ProvisionalTo = "customer", ptr(m.now.Add(provisionalFor))
		}
		m.entry(call.Actor, visitMoveOf(action).Fact, &v.ID, payload)
		if err := saveVisit(m); err != nil {
			return err
		}
		if action == "complete" {
			if err := completed(m, call.Actor, in.EndCode); err != nil {
				return err
			}
		}
		if !v.Status.Unfinished() {
			if err := each(visitEnded, m); err != nil {
				return err
			}
		}
		return tell(m, action)
	})
}

// noAccessGuard: arrived, 10 minutes inside the window, one call and one
// message since arrival, or the reason why not (docs/product.md section 3).
func (m *VisitCase) noAccessGuard(reason string) error {
	if strings.TrimSpace(reason) != "" {
		return nil
	}
	if m.visit.ArrivedAt == nil {
		return Fail(CodePreconditionMissing, "No access needs an arrival first, or the reason why it was not recorded.").
			At("/reason", "why the arrival was not recorded")
	}
	from := *m.visit.ArrivedAt
	if m.visit.WindowStart.After(from) {
		from = m.visit.WindowStart
	}
	if until := from.Add(noAccessInside); m.said.occurred.Before(until) {
		return Fail(CodePreconditionMissing, "Wait 10 minutes inside the window, until %s, or say why not.", until.In(m.site.Location()).
			Format("15:04")).At("/reason", "why you could not wait")
	}
	attempts, err := m.tx.AttemptsOf(m.job.ID)
	if err != nil {
		return err
	}
	call, message := false, false
	for i := range attempts {
		a := &attempts[i]
		if a.Direction != "outbound" || a.OccurredAt.Before(*m.visit.ArrivedAt) || a.dialled() && a.Address != "" && !m.customer.knows(a.Address) {
			continue
		}
		switch a.Channel {
		case "phone":
			call = true
		case "sms", "whatsapp", "push", "email":
			message = true
		}
	}
	if !call || !message {
		return Fail(CodePreconditionMissing, "No access needs one call and one message since arrival, or the reason why not.").
			At("/reason", "why there was no call or message")
	}
	return nil
}

// overturnMissed withdraws a missed that an offline phone proves wrong: the
// move happened before the sweep could rightly call it missed.
func overturnMissed(m *VisitCase) error {
	v := m.visit
	if !v.overturnable(m.now) {
		return Fail(CodeState, "The visit was missed more than 72 hours ago; that stands now.").With("status", v.Status)
	}
	if m.said.occurred.After(v.WindowEnd.Add(missedAfter)) {
		return Fail(CodeState, "The visit was missed: nothing happened until 15 minutes after its window.").With("status", v.Status)
	}
	v.CountsAgainst, v.ProvisionalTo, v.EndedAt, v.EndReason = "nobody", nil, nil, ""
	m.entry(System, "visit.missed_withdrawn", &v.ID,
		map[string]any{"because": "a late fact of " + m.said.occurred.Format(time.RFC3339)})
	if err := m.tx.WithdrawNotices(v.ID, "visit.missed", "visit.missed_desk"); err != nil {
		return err
	}
	notifyCustomer(m.Case, v, "visit.missed_withdrawn")
	return nil
}

// overturnHeld takes a visit back that fell away under a safety hold, when an
// offline phone proves that its crew moved before the hold was placed.
func (m *VisitCase) overturnHeld() error {
	v := m.visit
	stood := false
	for _, h := range m.holds {
		if h.Kind == HoldSafety && v.EndedAt != nil && !h.Since.After(*v.EndedAt) && !m.said.occurred.Before(h.Since) &&
			(h.LiftedAt == nil || h.LiftedAt.After(m.said.occurred)) {
			stood = true
		}
	}
	if !v.overturnable(m.now) || stood || v.EndedAt == nil || m.said.occurred.After(*v.EndedAt) {
		return Fail(CodeState, "The visit was cancelled: the hold over it had not been released.").With("status", v.Status)
	}
	v.ProvisionalTo, v.EndedAt, v.EndReason = nil, nil, ""
	return nil
}

// StopInput is all that stop may say; everything is optional and what cannot
// be read is ignored.
type StopInput struct {
	OccurredAt string
	Note       string
	Kind       string
	Level      *int
}

// Stopped is the answer to stop: the visit, and the provisional flag that the
// reporter completes when safe.
type Stopped struct {
	VisitView
	FlagID ID `json:"flag_id"`
}

// Stop ends a visit as unsafe. Whoever was ever in the crew, whatever their role
// and centre are by now; no guard at all:
// on an ended visit the status stays but fact, flag and hold are recorded.
// Errors: CodeNotFound only.
func (s *Service) Stop(ctx context.Context, call *Call, id ID, in StopInput) (Stopped, error) {
	return run(ctx, s, call, func(tx *Work) (Stopped, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return Stopped{}, err
		}
		if !visitMoveOf("stop").mayMove(call.Actor, v) {
			return Stopped{}, NotFound("visit")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return Stopped{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			d.said = at(tx.Now)
		}
		m := d.on(v)
		flags, err := tx.FlagsOfVisit(v.ID)
		if err != nil {
			return Stopped{}, err
		}
		for i := range flags {
			f := &flags[i]
			// The same tap again: everything that it asks for stands, and what it
			// tells beyond the first is added.
			if d.held != nil && f.Provisional && f.reportedBy(call.Actor.UserID) && f.Status.Open() {
				if err := notifyOfMoreWords(d, v, f.ID, in); err != nil {
					return Stopped{}, err
				}
				return Stopped{d.view(call.Actor, v), f.ID}, nil
			}
		}
		was := v.Status
		if err := tx.apply(v, "stop"); err != nil {
			return Stopped{}, err
		}
		if v.Status != was {
			if was == VisitMissed {
				if err := tx.WithdrawNotices(v.ID, "visit.missed", "visit.missed_desk"); err != nil {
					return Stopped{}, err
				}
			}
			v.EndedAt, v.EndReason, v.CountsAgainst, v.ProvisionalTo = ptr(d.said.occurred), "", "nobody", nil
			tx.Disarm(DueMissed, v.ID)
			tx.Disarm(DueHeldCancel, v.ID)
		}
		// The fact names the crew, not who pressed (docs/product.md section 5).
		crew := call.Actor
		crew.Role = RoleSystem
		d.entryAt(d.said, crew, "visit.stopped", &v.ID, map[string]any{"crew": v.EverCrew})
		if err := saveVisit(m); err != nil {
			return Stopped{}, err
		}
		f := &Flag{Kind: "other", Level: 2, Note: in.Note, Provisional: true}
		if in.Kind != "" && validFlagKind(in.Kind) {
			f.Kind = in.Kind
		}
		if in.Level != nil && *in.Level > 2 && *in.Level <= 4 {
			f.Level = *in.Level
		}
		if err := raise(tx, call.Actor, d, v, f, d.said); err != nil {
			return Stopped{}, err
		}
		// The hold was placed in this very transaction; actions must show it.
		if d.holds, err = tx.HoldsOver(j, true); err != nil {
			return Stopped{}, err
		}
		return Stopped{VisitView{Visit: *v, Plan: d.plan, Actions: VisitActions(call.Actor, v, d.holds, d.plan, tx.Now)}, f.ID}, nil
	})
}

// notifyOfMoreWords adds to the provisional flag of a stop what a further tap tells:
// words, what it was, a higher level, which its handlers hear of; never a
// lower one.
func notifyOfMoreWords(d *Case, v *Visit, flag ID, in StopInput) error {
	f, err := d.tx.LockFlag(flag)
	if err != nil {
		return err
	}
	named := f.Kind == "other" && in.Kind != f.Kind && validFlagKind(in.Kind)
	words := in.Note != "" && !strings.Contains(f.Note, in.Note)
	worse := in.Level != nil && *in.Level > f.Level && *in.Level <= 4
	if !f.Provisional || !f.Status.Open() || !named && !words && !worse {
		return nil
	}
	if named {
		f.Kind = in.Kind
	}
	if words {
		f.Note = boundNote(strings.TrimSpace(f.Note + "\n" + in.Note))
	}
	if worse {
		f.Level = *in.Level
		if f.Status == FlagReported {
			f.TriageDueAt = earlier(f.TriageDueAt, d.now.Add(triageTime(f.Level)))
			f.DueAt = ptr(f.TriageDueAt)
			armFlag(d.tx, f)
		}
		if err := notifyHandlers(d.tx, f, "flag.triage"); err != nil {
			return err
		}
	}
	f.changedAt(d.now)
	if err := d.tx.SaveFlag(f); err != nil {
		return err
	}
	return consequences(d, v, f)
}

// VisitPatch corrects what a crew wrote; the old words stay in the timeline.
type VisitPatch struct {
	Findings *string   `json:"findings"`
	WorkDone *string   `json:"work_done"`
	Parts    *[]string `json:"parts"`
	Tested   *string   `json:"tested"`
}

// PatchVisit corrects findings, work done, parts and test. The crew,
// coordinator, proprietor, area manager. Errors: CodeStale.
func (s *Service) PatchVisit(ctx context.Context, call *Call, id ID, version int64, in VisitPatch) (VisitView, error) {
	return run(ctx, s, call, func(tx *Work) (VisitView, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return VisitView{}, err
		}
		if !call.Actor.sees(v) {
			return VisitView{}, NotFound("visit")
		}
		if !call.Actor.Is(RoleTechnician, RoleCoordinator, RoleProprietor, RoleAreaManager) {
			return VisitView{}, Fail(CodeForbidden, "As %s you may not change a visit's report.", roleWords(call.Actor.Role))
		}
		if err := ifVersion(v.Meta, version); err != nil {
			return VisitView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return VisitView{}, err
		}
		set(&v.Findings, in.Findings)
		set(&v.WorkDone, in.WorkDone)
		set(&v.Tested, in.Tested)
		if in.Parts != nil {
			v.Parts = *in.Parts
		}
		d.entryAt(at(tx.Now), call.Actor, "visit.corrected", &v.ID, in)
		v.changedAt(tx.Now)
		if err := tx.SaveVisit(v); err != nil {
			return VisitView{}, err
		}
		return d.view(call.Actor, v), nil
	})
}
