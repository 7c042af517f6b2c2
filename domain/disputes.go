package domain

import (
	"context"
	"fmt"
	"strings"
	"time"

	"doorstep/domain/reach"
)

// DisputeInput says that a fact is not so. One of claim and reason is needed.
type DisputeInput struct {
	Claim      string        `json:"claim"`
	Reason     string        `json:"reason"`
	AttemptID  *ID           `json:"contact_attempt_id"` // the contact in which the household said so
	Contact    *AttemptInput `json:"contact"`            // the same, recorded with this move
	OccurredAt string        `json:"occurred_at"`
}

// tells lists, by kind, what a notice to a household tells of: all attempts
// so far, or the end of its visit. Acceptance begins the time in which the
// household can say "that is not so" (docs/product.md section 4).
var noticesThatTell = map[string]string{
	"job.last_notice":      AboutAttempt,
	"job.unreachable_home": AboutAttempt,
	"visit.no_access":      AboutNoAccess,
	"visit.completed":      AboutCompletion,
	"visit.partial":        AboutCompletion,
}

// Tells says whether the acceptance of a notice of this kind is itself a fact
// that must be kept.
func Tells(kind string) bool { return noticesThatTell[kind] != "" }

// disputeUntil is when the household's time to dispute ends; nil while it has
// not been told.
func (d *Case) disputeUntil(told *time.Time) *time.Time {
	if told == nil {
		return nil
	}
	within := disputeWithin
	if d.customer.VoiceOnly() {
		within = disputeWithinVoice
	}
	return ptr(told.Add(within))
}

// disputable says why an attempt or visit end cannot be disputed now; empty
// when it can.
func (d *Case) disputable(told *time.Time) string {
	if until := d.disputeUntil(told); until != nil && !d.now.Before(*until) {
		return fmt.Sprintf("The time to dispute it ended on %s.", until.In(d.site.Location()).Format("2 Jan 15:04"))
	}
	return ""
}

// disputableVisit gives what of a visit the household can dispute, and why it
// cannot now.
func (d *Case) disputableVisit(v *Visit) (subject, why string) {
	switch {
	case v.Disputed:
		return "", "It is disputed already."
	case v.Status == VisitNoAccess:
		return AboutNoAccess, d.disputable(v.ToldAt)
	case v.Status == VisitCompleted || v.Status == VisitPartial:
		if v.DoneConfirmedAt != nil && v.DoneConfirmedHow != "desk" {
			return "", "The household confirmed it itself."
		}
		return AboutCompletion, d.disputable(v.ToldAt)
	case has(notYetThere, v.Status) && v.AgreedID != nil && v.Confirmation == ConfirmConfirmed && v.ConfirmedHow != "link":
		return AboutAgreement, ""
	}
	return "", "There is nothing in this visit to dispute now."
}

// DisputeAttempt records that the household denies an attempt. Staff of the
// centre, area manager or agent for a caller; the link has its own way in.
// The denial is itself contact. Errors: CodeNotFound, CodeState when it is
// disputed or its time is over, CodeUnprocessable.
func (s *Service) DisputeAttempt(ctx context.Context, call *Call, id ID, in DisputeInput) (DisputeView, error) {
	return s.disputeByVoice(ctx, call, func(tx Tx) (ID, LinkAction, error) {
		a, err := tx.Attempt(id)
		if err != nil {
			return ID{}, LinkAction{}, err
		}
		return a.JobID, LinkAction{AttemptID: &id}, nil
	}, in)
}

// DisputeVisit records that the household denies what is said of a visit: no
// access, completion, or its agreement to the time. Who and errors as
// DisputeAttempt.
func (s *Service) DisputeVisit(ctx context.Context, call *Call, id ID, in DisputeInput) (DisputeView, error) {
	return s.disputeByVoice(ctx, call, func(tx Tx) (ID, LinkAction, error) {
		v, err := tx.Visit(id)
		if err != nil {
			return ID{}, LinkAction{}, err
		}
		return v.JobID, LinkAction{VisitID: &id}, nil
	}, in)
}

func (s *Service) disputeByVoice(ctx context.Context, call *Call, subject func(Tx) (ID, LinkAction, error),
	in DisputeInput) (DisputeView, error) {
	return run(ctx, s, call, func(tx *Work) (DisputeView, error) {
		job, act, err := subject(tx)
		if err != nil {
			return DisputeView{}, err
		}
		act.Action, act.Claim, act.Reason = "dispute", in.Claim, in.Reason
		k, err := requestByVoice(tx, call, job, act, VoiceInput{AttemptID: in.AttemptID, Contact: in.Contact, OccurredAt: in.OccurredAt})
		if err != nil {
			return DisputeView{}, err
		}
		return k.dispute.View(call.Actor), nil
	})
}

// disputeAct is the household's own move, by link or by voice.
func disputeAct(k *request) error {
	claim := k.in.Claim
	if claim == "" && strings.TrimSpace(k.in.Reason) != "" {
		claim = "other"
	}
	if !has(DisputeClaims, claim) {
		return Fail(CodeUnprocessable, "Please say what is not so.").At("/claim", strings.Join(DisputeClaims, ", "))
	}
	if len([]rune(k.in.Reason)) > 500 {
		return Fail(CodeUnprocessable, "The reason is too long.").At("/reason", "at most 500 characters")
	}
	f := &Dispute{Meta: newMeta(k.tx.NewID(), k.now), JobID: k.job.ID, CentreID: k.job.CentreID, AreaID: k.job.AreaID,
		CustomerID: k.customer.ID,
		Claim:      claim, Reason: k.in.Reason, How: k.how(), OccurredAt: k.said.occurred, RecordedAt: k.now, DueAt: k.now.Add(disputeDue),
		Fallback: Strike}
	if err := k.tx.apply(f, "dispute"); err != nil {
		return err
	}
	if k.contact != nil {
		f.ViaID = &k.contact.ID
	}
	if k.by != nil {
		f.ByID = &k.by.UserID
	}
	var proven bool
	var err error
	switch {
	case k.in.AttemptID != nil:
		proven, err = denyAttempt(k, f)
	case k.in.VisitID != nil:
		proven, err = denyVisit(k, f)
	default:
		err = Fail(CodeUnprocessable, "Say which fact.").At("/attempt_id", "attempt_id or visit_id")
	}
	if err != nil {
		return err
	}
	if proven { // a proven fact beats a declared one (docs/product.md section 4)
		f.Fallback = Uphold
	}
	if err := k.tx.InsertDispute(f); err != nil {
		return err
	}
	k.dispute = f
	kind := "attempt.disputed"
	if f.VisitID != nil {
		kind = "visit.disputed"
	}
	k.entry(k.actor, kind, f.VisitID, map[string]any{"dispute_id": f.ID, "attempt_id": f.AttemptID, "subject": f.Subject,
		"claim":  f.Claim,
		"reason": f.Reason, "due_at": f.DueAt, "default": f.Fallback})
	k.tx.setDeadline(DueDispute, f.ID, &f.JobID, f.DueAt)
	if err := notifyStaff(k.Case, k.visit, "dispute.opened", RoleAreaManager); err != nil {
		return err
	}
	if f.Subject == AboutAgreement || f.Subject == AboutCompletion {
		if err := notifyStaff(k.Case, k.visit, "dispute.desk", RoleCoordinator); err != nil {
			return err
		}
	}
	return rejudge(k.Case)
}

// denyAttempt takes an attempt out of the count.
func denyAttempt(k *request, f *Dispute) (proven bool, err error) {
	a, err := k.tx.Attempt(*k.in.AttemptID)
	if err != nil || a.JobID != k.job.ID {
		return false, Fail(CodeUnprocessable, "This job has no such attempt.").At("/attempt_id", "one of the job's attempts")
	}
	switch why := k.disputable(a.ToldAt); {
	case a.Direction != reach.Outbound:
		return false, Fail(CodeState, "Only what we say we tried can be disputed.")
	case a.Discounted != "":
		return false, Fail(CodeState, "It does not count already: %s.", a.Discounted)
	case why != "":
		return false, Fail(CodeState, "%s", why)
	}
	f.Subject, f.AttemptID = AboutAttempt, &a.ID
	a.Discounted = "disputed by the household; it does not count until the area manager decides"
	return a.Grade == reach.Proven, k.tx.SaveAttempt(a)
}

// denyVisit stops a visit's end, or the household's agreement, from counting.
func denyVisit(k *request, f *Dispute) (proven bool, err error) {
	v := k.visitByID(*k.in.VisitID)
	if v == nil {
		return false, Fail(CodeUnprocessable, "This job has no such visit.").At("/visit_id", "one of the job's visits")
	}
	if err := CheckVisit(k.actor, "dispute", v); err != nil {
		return false, err
	}
	subject, why := k.disputableVisit(v)
	if why != "" {
		return false, Fail(CodeState, "%s", why)
	}
	f.Subject, f.VisitID, k.visit = subject, &v.ID, v
	m := k.Case.on(v)
	attempts, err := k.tx.AttemptsOf(v.JobID)
	if err != nil {
		return false, err
	}
	switch subject {
	case AboutAgreement:
		// What the household denies to have said is no contact either.
		for i := range attempts {
			if a := &attempts[i]; a.ID == *v.AgreedID {
				proven = a.Grade == reach.Proven
				a.Discounted = "disputed by the household: it did not agree"
				if err := k.tx.SaveAttempt(a); err != nil {
					return false, err
				}
			}
		}
		v.Confirmation, v.ConfirmedHow = ConfirmDeclined, k.how()
		v.changedAt(k.now)
		if err := k.tx.SaveVisit(v); err != nil {
			return false, err
		}
		return proven, recount(k.Case)
	case AboutNoAccess:
		v.CountsAgainst = "nobody"
	case AboutCompletion:
		k.tx.Disarm(DueSample, v.ID)
		if err := settleCheck(k.tx, v.ID); err != nil {
			return false, err
		}
	}
	for i := range attempts {
		a := &attempts[i]
		// A phone that rang proves nothing about the door.
		proven = proven || v.ArrivedAt != nil && a.Channel == reach.Doorstep && a.Grade == reach.Proven && a.VisitID != nil &&
			*a.VisitID == v.ID && !a.OccurredAt.Before(*v.ArrivedAt)
	}
	v.Disputed = true
	return proven, restand(m)
}

// restand saves a visit whose end counts otherwise now and lets the job
// follow: a denied completion reopens it with its original clock.
func restand(m *VisitCase) error {
	j := m.job
	if j.Status == JobClosed && m.visit.Disputed && m.visit.Status == VisitCompleted {
		if err := m.tx.apply(j, "deny-done"); err != nil {
			return err
		}
		j.EndedAt, j.EndReason, j.ReopenUntil = nil, "", nil
	}
	was := j.Status
	if err := saveVisit(m); err != nil {
		return err
	}
	if was == JobResolved && j.Status == JobOpen {
		m.entry(System, "job.reopened", nil, map[string]any{"reason": "the household says that it is not done",
			"original_clock": true})
	}
	return nil
}

// recount finds the last contact anew after a fact stopped or began to count.
func recount(d *Case) error {
	attempts, err := d.tx.AttemptsOf(d.job.ID)
	if err != nil {
		return err
	}
	d.job.LastContactAt = nil
	for i := range attempts {
		a := &attempts[i]
		if a.Contact() && a.Discounted == "" && (d.job.LastContactAt == nil || a.OccurredAt.After(*d.job.LastContactAt)) {
			d.job.LastContactAt = ptr(a.OccurredAt)
		}
	}
	visits, err := d.tx.VisitsOfJob(d.job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if at := visits[i].begun(); at != nil && (d.job.LastContactAt == nil || at.After(*d.job.LastContactAt)) {
			d.job.LastContactAt = at
		}
	}
	return nil
}

// rejudge reads the holds anew and lets the verdict follow.
func rejudge(d *Case) (err error) {
	if d.holds, err = d.tx.HoldsOver(d.job, true); err != nil {
		return err
	}
	return reassess(d)
}

// DecisionInput decides a disputed fact.
type DecisionInput struct {
	Decision   string `json:"decision"` // uphold: the fact stands; strike: it never counts
	Reasons    string `json:"reasons"`
	OccurredAt string `json:"occurred_at"`
}

// DecideDispute is the area manager's or deputy's word on a disputed fact,
// with reasons; both sides are told. Nobody decides about their own fact.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) DecideDispute(ctx context.Context, call *Call, id ID, in DecisionInput) (DisputeView, error) {
	return s.decideDispute(ctx, call, func(tx Tx) (*Dispute, error) { return tx.Dispute(id) }, in)
}

// DecideAttempt is DecideDispute by the attempt that is disputed.
func (s *Service) DecideAttempt(ctx context.Context, call *Call, id ID, in DecisionInput) (DisputeView, error) {
	return s.decideDispute(ctx, call, func(tx Tx) (*Dispute, error) {
		a, err := tx.Attempt(id)
		if err != nil {
			return nil, err
		}
		// Who may not see the attempt learns nothing of a dispute.
		j, err := tx.Job(a.JobID)
		if err != nil || !call.Actor.reaches(j.CentreID, j.AreaID) {
			return nil, NotFound("attempt")
		}
		if call.Actor.Role != RoleAreaManager {
			return nil, errDecides(call.Actor)
		}
		f, err := tx.DisputeOfAttempt(id)
		if notFound(err) {
			return nil, Fail(CodeState, "This attempt is not disputed.")
		}
		return f, err
	}, in)
}

func errDecides(a Actor) error {
	return Fail(CodeForbidden, "As %s you may not decide disputes; the area manager or the deputy does.", roleWords(a.Role))
}

func (s *Service) decideDispute(ctx context.Context, call *Call, find func(Tx) (*Dispute, error), in DecisionInput) (DisputeView, error) {
	return run(ctx, s, call, func(tx *Work) (DisputeView, error) {
		f, err := find(tx)
		if err != nil {
			return DisputeView{}, err
		}
		j, err := authorizeJob(tx, call.Actor, f.JobID)
		if err != nil {
			return DisputeView{}, meaningOf(err, "dispute")
		}
		if call.Actor.Role != RoleAreaManager {
			return DisputeView{}, errDecides(call.Actor)
		}
		if f, err = tx.Dispute(f.ID); err != nil { // as it stands under the job's lock
			return DisputeView{}, err
		}
		if err := DisputeMoves.check("decide", string(f.Status)); err != nil {
			return DisputeView{}, err
		}
		if in.Decision != Uphold && in.Decision != Strike {
			return DisputeView{}, Fail(CodeUnprocessable, "Decide uphold (the fact stands) or strike (it never counts).").
				At("/decision", "uphold or strike")
		}
		if strings.TrimSpace(in.Reasons) == "" {
			return DisputeView{}, Fail(CodeUnprocessable, "A decision has reasons; both sides read them.").At("/reasons", "a few words")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return DisputeView{}, err
		}
		if mine, err := involved(tx, call.Actor, f); err != nil {
			return DisputeView{}, err
		} else if mine {
			return DisputeView{}, Fail(CodeForbidden, "Nobody decides about their own fact; another manager or the deputy does.")
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return DisputeView{}, err
		}
		if err := settleDispute(d, f, call.Actor, in.Decision, in.Reasons); err != nil {
			return DisputeView{}, err
		}
		return f.View(call.Actor), nil
	})
}

// meaningOf renames what was not found, so that the answer does not tell
// which of the two it was.
func meaningOf(err error, what string) error {
	if notFound(err) {
		return NotFound(what)
	}
	return err
}

// involved reports whether the fact in dispute is the actor's own.
func involved(tx ContactTx, a Actor, f *Dispute) (bool, error) {
	if f.AttemptID == nil {
		return false, nil
	}
	t, err := tx.Attempt(*f.AttemptID)
	return err == nil && t.ByID != nil && *t.ByID == a.UserID, err
}

// settleDispute carries out a decision: a human's or the stated default.
func settleDispute(d *Case, f *Dispute, a Actor, decision, reasons string) error {
	action, to := "decide", DisputeUpheld
	if a.Role == RoleSystem {
		action = "default"
	}
	if decision == Strike {
		to = DisputeStruck
	}
	if err := d.tx.apply(f, action, string(to)); err != nil {
		return err
	}
	f.DecidedAt, f.Reasons, f.ByDefault = &d.now, reasons, a.Role == RoleSystem
	if a.Role != RoleSystem {
		f.DecidedBy = &a.UserID
	}
	author, v, err := applyDecision(d, f)
	if err != nil {
		return err
	}
	f.changedAt(d.now)
	if err := d.tx.SaveDispute(f); err != nil {
		return err
	}
	d.tx.Disarm(DueDispute, f.ID)
	d.entry(a, "dispute.decided", f.VisitID, map[string]any{"dispute_id": f.ID, "attempt_id": f.AttemptID, "subject": f.Subject,
		"decision": f.Status,
		"reasons":  reasons, "by_default": f.ByDefault})
	if err := recount(d); err != nil {
		return err
	}
	if err := rejudge(d); err != nil {
		return err
	}
	notifyCustomer(d, nil, "dispute.decided_home")
	notifyCrew(d, v, author, "dispute.decided")
	return notifyStaff(d, nil, "dispute.decided", RoleProprietor)
}

// applyDecision lets the fact count again, or never; author is whose fact it
// was.
func applyDecision(d *Case, f *Dispute) (author []ID, v *Visit, err error) {
	struck := f.Status == DisputeStruck
	restore := func(id ID) error {
		a, err := d.tx.Attempt(id)
		if err != nil {
			return err
		}
		a.Discounted = ""
		if struck {
			a.Discounted = "struck: the household's objection was right"
		}
		if a.ByID != nil && a.ByRole == RoleTechnician {
			author = append(author, *a.ByID)
		}
		return d.tx.SaveAttempt(a)
	}
	if f.AttemptID != nil {
		return author, nil, restore(*f.AttemptID)
	}
	if v, err = d.tx.Visit(*f.VisitID); err != nil {
		return nil, nil, err
	}
	author = v.Crew
	m := d.on(v)
	switch f.Subject {
	case AboutAgreement:
		if v.AgreedID != nil {
			if err = restore(*v.AgreedID); err != nil {
				return nil, nil, err
			}
		}
		if !struck && v.Status.Unfinished() && v.Confirmation == ConfirmDeclined {
			v.Confirmation, v.ConfirmedHow = ConfirmConfirmed, "call"
			v.changedAt(d.now)
			err = d.tx.SaveVisit(v)
		}
		return v.Crew, v, err
	case AboutNoAccess:
		v.CountsAgainst = "customer"
	}
	v.Disputed = false
	if struck {
		// Nobody came, or the work was not done: the visit was missed by us.
		if err := d.tx.apply(v, "strike"); err != nil {
			return nil, nil, err
		}
		v.CountsAgainst, v.ProvisionalTo, v.EndReason = "brand", nil, "struck: "+f.Subject
		v.DoneConfirmedAt, v.DoneConfirmedHow = nil, ""
	}
	return v.Crew, v, restand(m)
}

// disputeOverdue carries out the stated default of a dispute that nobody decided
// in time.
func disputeOverdue(tx *Work, id ID) error {
	f, err := tx.Dispute(id)
	if notFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	j, err := tx.LockJob(f.JobID)
	if err != nil {
		return err
	}
	if f, err = tx.Dispute(id); err != nil || !DisputeMoves.open("default", string(f.Status)) {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	return settleDispute(d, f, System, f.Fallback, disputeDefaultWords[f.Fallback])
}

// disputeDefaultWords are the reasons of a decision that the clock made.
var disputeDefaultWords = map[string]string{
	Uphold: "Nobody decided in time. The fact is proven by a receipt, so it stands.",
	Strike: "Nobody decided in time. The fact is not proven, so the household's word stands.",
}
