package customers

import (
	"context"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// DisputeInput says that a fact is not so. One of claim and reason is needed.
type DisputeInput struct {
	Claim      string                 `json:"claim"`
	Reason     string                 `json:"reason"`
	AttemptID  *domain.ID             `json:"contact_attempt_id"` // the contact in which the household said so
	Contact    *casework.AttemptInput `json:"contact"`            // the same, recorded with this move
	OccurredAt string                 `json:"occurred_at"`
}

// DisputeAttempt records that the household denies an attempt. Staff of the
// centre, area manager or agent for a caller; the link has its own way in.
// The denial is itself contact. Errors: CodeNotFound, CodeState when it is
// disputed or its time is over, CodeUnprocessable.
func (s *Service) DisputeAttempt(ctx context.Context, call *casework.Call, id domain.ID, in DisputeInput) (domain.DisputeView, error) {
	return s.disputeByVoice(ctx, call, func(tx *casework.Work) (domain.ID, LinkAction, error) {
		a, err := tx.Attempt(id)
		if err != nil {
			return domain.ID{}, LinkAction{}, err
		}
		return a.JobID, LinkAction{AttemptID: &id}, readable(tx, call.Actor, a.JobID, "attempt")
	}, in)
}

// DisputeVisit records that the household denies what is said of a visit: no
// access, completion, or its agreement to the time. Who and errors as
// DisputeAttempt.
func (s *Service) DisputeVisit(ctx context.Context, call *casework.Call, id domain.ID, in DisputeInput) (domain.DisputeView, error) {
	return s.disputeByVoice(ctx, call, func(tx *casework.Work) (domain.ID, LinkAction, error) {
		v, err := tx.Visit(id)
		if err != nil {
			return domain.ID{}, LinkAction{}, err
		}
		return v.JobID, LinkAction{VisitID: &id}, readable(tx, call.Actor, v.JobID, "visit")
	}, in)
}

// readable refuses what belongs to a job that the actor does not see as if it did not
// exist itself.
func readable(tx *casework.Work, a domain.Actor, job domain.ID, what string) error {
	_, err := casework.AuthorizeJob(tx, a, job)
	if casework.NotFound(err) {
		return domain.NotFound(what)
	}
	return err
}

func (s *Service) disputeByVoice(ctx context.Context, call *casework.Call, subject func(*casework.Work) (domain.ID, LinkAction, error),
	in DisputeInput) (domain.DisputeView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.DisputeView, error) {
		job, act, err := subject(tx)
		if err != nil {
			return domain.DisputeView{}, err
		}
		act.Action, act.Claim, act.Reason = "dispute", in.Claim, in.Reason
		k, err := requestByVoice(tx, call, job, act, VoiceInput{AttemptID: in.AttemptID, Contact: in.Contact, OccurredAt: in.OccurredAt})
		if err != nil {
			return domain.DisputeView{}, err
		}
		return k.dispute.View(call.Actor), nil
	})
}

// handleDispute is the household's own move, by link or by voice.
func handleDispute(k *Request) error {
	claim := k.In.Claim
	if claim == "" && strings.TrimSpace(k.In.Reason) != "" {
		claim = "other"
	}
	if !domain.Has(domain.DisputeClaims, claim) {
		return domain.Fail(domain.CodeUnprocessable, "Please say what is not so.").At("/claim", strings.Join(domain.DisputeClaims, ", "))
	}
	if len([]rune(k.In.Reason)) > 500 {
		return domain.Fail(domain.CodeUnprocessable, "The reason is too long.").At("/reason", "at most 500 characters")
	}
	f := &domain.Dispute{Meta: domain.NewMeta(k.Tx.NewID(), k.Now), JobID: k.Job.ID, CentreID: k.Job.CentreID, AreaID: k.Job.AreaID,
		CustomerID: k.Customer.ID,
		Claim:      claim, Reason: k.In.Reason, How: k.How(), OccurredAt: k.Said.Occurred, RecordedAt: k.Now, DueAt: k.Now.Add(domain.DisputeDue),
		Fallback: domain.Strike}
	if err := k.Tx.Apply(f, "dispute"); err != nil {
		return err
	}
	f.LinkRead, f.LinkReadBy = k.readByStaff(), k.LinkReadBy()
	readers, err := k.LinkReaders()
	if err != nil {
		return err
	}
	f.LinkReaders = readers
	if err := replaceDispute(k); err != nil {
		return err
	}
	if k.contact != nil {
		f.ViaID = &k.contact.ID
	}
	if k.By != nil {
		f.ByID = &k.By.UserID
	}
	var proven bool
	switch {
	case k.In.AttemptID != nil:
		proven, err = denyAttempt(k, f)
	case k.In.VisitID != nil:
		proven, err = denyVisit(k, f)
	default:
		err = domain.Fail(domain.CodeUnprocessable, "Say which fact.").At("/attempt_id", "attempt_id or visit_id")
	}
	if err != nil {
		return err
	}
	if err := deniedOnce(k, f); err != nil {
		return err
	}
	if proven { // a proven fact beats a declared one (docs/product.md section 4)
		f.Fallback = domain.Uphold
	}
	if err := k.Tx.InsertDispute(f); err != nil {
		return err
	}
	k.dispute = f
	kind := "attempt.disputed"
	if f.VisitID != nil {
		kind = "visit.disputed"
	}
	k.Entry(k.Actor, kind, f.VisitID, map[string]any{"dispute_id": f.ID, "attempt_id": f.AttemptID, "subject": f.Subject,
		"claim":  f.Claim,
		"reason": f.Reason, "due_at": f.DueAt, "default": f.Fallback})
	k.Tx.SetDeadline(domain.DueDispute, f.ID, &f.JobID, f.DueAt)
	if err := casework.NotifyStaff(k.Case, k.Visit, "dispute.opened", domain.RoleAreaManager); err != nil {
		return err
	}
	if f.Subject == domain.AboutAgreement || f.Subject == domain.AboutCompletion {
		if err := casework.NotifyStaff(k.Case, k.Visit, "dispute.desk", domain.RoleCoordinator); err != nil {
			return err
		}
	}
	return casework.JudgeAgain(k.Case)
}

// mayReplace reports whether the household's own word replaces a dispute: one that came by voice or by a link that staff
// had read, for that may be anybody's; also after it was decided that the fact stands.
func mayReplace(f *domain.Dispute, via *domain.Attempt) bool {
	return domain.DisputeMoves.Open("replace", string(f.Status)) && (f.How == "voice" || f.LinkRead || via != nil && via.ByReadLink())
}

// same reports whether a dispute is about the fact that an action names.
func same(f *domain.Dispute, in *LinkAction) bool {
	if in.AttemptID != nil {
		return f.AttemptID != nil && *f.AttemptID == *in.AttemptID
	}
	return in.VisitID != nil && f.VisitID != nil && *f.VisitID == *in.VisitID
}

// replaceDispute ends what was denied before of the same fact by somebody who may not have been the household, where it
// now says so by a link that nobody had read. The fact stands again until that is heard; the older stays on the timeline.
func replaceDispute(k *Request) error {
	if !k.own() {
		return nil
	}
	disputes, err := k.Tx.DisputesOf(k.Job.ID)
	if err != nil {
		return err
	}
	for i := range disputes {
		f := &disputes[i]
		if !same(f, &k.In) {
			continue
		}
		var via *domain.Attempt
		if f.ViaID != nil {
			if via, err = k.Tx.Attempt(*f.ViaID); err != nil {
				return err
			}
		}
		if !mayReplace(f, via) {
			continue
		}
		was := f.Status
		if err := k.Tx.Apply(f, "replace"); err != nil {
			return err
		}
		if was == domain.DisputeOpen {
			f.DecidedAt, f.Reasons = domain.Ptr(k.Now), "replaced by the household's own word"
			if _, _, err := applyDecision(k.Case, f); err != nil {
				return err
			}
			k.Tx.Disarm(domain.DueDispute, f.ID)
		}
		f.ChangedAt(k.Now)
		if err := k.Tx.SaveDispute(f); err != nil {
			return err
		}
		k.Entry(k.Actor, "dispute.replaced", f.VisitID, map[string]any{"dispute_id": f.ID, "attempt_id": f.AttemptID, "subject": f.Subject,
			"decision": was})
		if k.Visits, err = k.Tx.VisitsOfJob(k.Job.ID); err != nil { // as they stand without it
			return err
		}
		if k.Visit != nil {
			k.Visit = k.visitByID(k.Visit.ID)
		}
	}
	return nil
}

// deniedOnce refuses a second dispute about one fact; what was decided about it stands.
func deniedOnce(k *Request, f *domain.Dispute) error {
	disputes, err := k.Tx.DisputesOf(k.Job.ID)
	if err != nil {
		return err
	}
	for i := range disputes {
		if o := &disputes[i]; same(o, &k.In) && o.Subject == f.Subject && o.Status != domain.DisputeWithdrawn {
			return domain.Fail(domain.CodeState, "You said so before, and it was decided.")
		}
	}
	return nil
}

// denyAttempt takes an attempt out of the count.
func denyAttempt(k *Request, f *domain.Dispute) (proven bool, err error) {
	a, err := k.Tx.Attempt(*k.In.AttemptID)
	if err != nil || a.JobID != k.Job.ID {
		return false, domain.Fail(domain.CodeUnprocessable, "This job has no such attempt.").At("/attempt_id", "one of the job's attempts")
	}
	switch why := k.Disputable(a.ToldAt); {
	case a.Direction != reach.Outbound:
		return false, domain.Fail(domain.CodeState, "Only what we say we tried can be disputed.")
	case a.Discounted != "":
		return false, domain.Fail(domain.CodeState, "It does not count already: %s.", a.Discounted)
	case why != "":
		return false, domain.Fail(domain.CodeState, "%s", why)
	}
	f.Subject, f.AttemptID = domain.AboutAttempt, &a.ID
	a.Discounted = "disputed by the household; it does not count until the area manager decides"
	if err := k.Tx.SaveAttempt(a); err != nil {
		return false, err
	}
	if k.own() { // by a link that staff had read, or by voice, the number waits for the decision
		err = casework.StrikeDenied(k.Case, a, true)
	}
	return a.Grade == reach.Proven, err
}

// denyVisit stops a visit's end, or the household's agreement, from counting.
func denyVisit(k *Request, f *domain.Dispute) (proven bool, err error) {
	v := k.visitByID(*k.In.VisitID)
	if v == nil {
		return false, domain.Fail(domain.CodeUnprocessable, "This job has no such visit.").At("/visit_id", "one of the job's visits")
	}
	if err := domain.CheckVisit(k.Actor, "dispute", v); err != nil {
		return false, err
	}
	subject, why := k.DisputableVisit(v)
	if why != "" {
		return false, domain.Fail(domain.CodeState, "%s", why)
	}
	f.Subject, f.VisitID, k.Visit = subject, &v.ID, v
	m := k.Case.On(v)
	attempts, err := k.Tx.AttemptsOf(v.JobID)
	if err != nil {
		return false, err
	}
	switch subject {
	case domain.AboutAgreement:
		// What the household denies to have said is no contact either.
		for i := range attempts {
			if a := &attempts[i]; a.ID == *v.AgreedID {
				proven = a.Grade == reach.Proven
				a.Discounted = "disputed by the household: it did not agree"
				if err := k.Tx.SaveAttempt(a); err != nil {
					return false, err
				}
			}
		}
		v.Confirmation, v.ConfirmedHow = domain.ConfirmDeclined, k.How()
		v.ChangedAt(k.Now)
		if err := k.Tx.SaveVisit(v); err != nil {
			return false, err
		}
		return proven, recount(k.Case)
	case domain.AboutNoAccess:
		v.CountsAgainst = "nobody"
	case domain.AboutCompletion:
		k.Tx.Disarm(domain.DueSample, v.ID)
		if err := casework.SettleCheck(k.Tx, v.ID); err != nil {
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
func restand(m *casework.VisitCase) error {
	j := m.Job
	if j.Status == domain.JobClosed && m.Visit.Disputed && m.Visit.Status == domain.VisitCompleted {
		if err := m.Tx.Apply(j, "deny-done"); err != nil {
			return err
		}
		j.EndedAt, j.EndReason, j.ReopenUntil = nil, "", nil
	}
	was := j.Status
	if err := casework.SaveVisit(m); err != nil {
		return err
	}
	if was == domain.JobResolved && j.Status == domain.JobOpen {
		m.Entry(domain.System, "job.reopened", nil, map[string]any{"reason": "the household says that it is not done",
			"original_clock": true})
	}
	return nil
}

// recount finds the last contact anew after a fact stopped or began to count.
func recount(c *casework.Case) error {
	attempts, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return err
	}
	c.Job.LastContactAt = nil
	for i := range attempts {
		a := &attempts[i]
		if a.Contact() && a.Discounted == "" && (c.Job.LastContactAt == nil || a.OccurredAt.After(*c.Job.LastContactAt)) {
			c.Job.LastContactAt = domain.Ptr(a.OccurredAt)
		}
	}
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if at := visits[i].Begun(); at != nil && (c.Job.LastContactAt == nil || at.After(*c.Job.LastContactAt)) {
			c.Job.LastContactAt = at
		}
	}
	return nil
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
func (s *Service) DecideDispute(ctx context.Context, call *casework.Call, id domain.ID, in DecisionInput) (domain.DisputeView, error) {
	return s.decideDispute(ctx, call, func(tx domain.Tx) (*domain.Dispute, error) { return tx.Dispute(id) }, in)
}

// DecideAttempt is DecideDispute by the attempt that is disputed.
func (s *Service) DecideAttempt(ctx context.Context, call *casework.Call, id domain.ID, in DecisionInput) (domain.DisputeView, error) {
	return s.decideDispute(ctx, call, func(tx domain.Tx) (*domain.Dispute, error) {
		a, err := tx.Attempt(id)
		if err != nil {
			return nil, err
		}
		// Who may not see the attempt learns nothing of a dispute.
		j, err := tx.Job(a.JobID)
		if err != nil || !call.Actor.Reaches(j.CentreID, j.AreaID) {
			return nil, domain.NotFound("attempt")
		}
		if call.Actor.Role != domain.RoleAreaManager {
			return nil, errDecides(call.Actor)
		}
		f, err := tx.DisputeOfAttempt(id)
		if casework.NotFound(err) {
			return nil, domain.Fail(domain.CodeState, "This attempt is not disputed.")
		}
		return f, err
	}, in)
}

func errDecides(a domain.Actor) error {
	return domain.Fail(domain.CodeForbidden, "As %s you may not decide disputes; the area manager or the deputy does.",
		domain.RoleWords(a.Role))
}

func (s *Service) decideDispute(ctx context.Context, call *casework.Call, find func(domain.Tx) (*domain.Dispute, error),
	in DecisionInput) (domain.DisputeView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.DisputeView, error) {
		f, err := find(tx)
		if err != nil {
			return domain.DisputeView{}, err
		}
		j, err := casework.AuthorizeJob(tx, call.Actor, f.JobID)
		if err != nil {
			return domain.DisputeView{}, casework.MeaningOf(err, "dispute")
		}
		if call.Actor.Role != domain.RoleAreaManager {
			return domain.DisputeView{}, errDecides(call.Actor)
		}
		if f, err = tx.Dispute(f.ID); err != nil { // as it stands under the job's lock
			return domain.DisputeView{}, err
		}
		if err := domain.DisputeMoves.Check("decide", string(f.Status)); err != nil {
			return domain.DisputeView{}, err
		}
		if in.Decision != domain.Uphold && in.Decision != domain.Strike {
			return domain.DisputeView{}, domain.Fail(domain.CodeUnprocessable, "Decide uphold (the fact stands) or strike (it never counts).").
				At("/decision", "uphold or strike")
		}
		if strings.TrimSpace(in.Reasons) == "" {
			return domain.DisputeView{}, domain.Fail(domain.CodeUnprocessable, "A decision has reasons; both sides read them.").
				At("/reasons", "a few words")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return domain.DisputeView{}, err
		}
		if mine, err := involved(tx, call.Actor, f); err != nil {
			return domain.DisputeView{}, err
		} else if mine {
			return domain.DisputeView{}, domain.Fail(domain.CodeForbidden,
				"Nobody decides about their own fact; another manager or the deputy does.")
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.DisputeView{}, err
		}
		if err := settleDispute(c, f, call.Actor, in.Decision, in.Reasons); err != nil {
			return domain.DisputeView{}, err
		}
		return f.View(call.Actor), nil
	})
}

// involved reports whether the fact in dispute is the actor's own.
func involved(tx domain.ContactTx, a domain.Actor, f *domain.Dispute) (bool, error) {
	if f.AttemptID == nil {
		return false, nil
	}
	t, err := tx.Attempt(*f.AttemptID)
	return err == nil && t.ByID != nil && *t.ByID == a.UserID, err
}

// settleDispute carries out a decision: a human's or the stated default.
func settleDispute(c *casework.Case, f *domain.Dispute, a domain.Actor, decision, reasons string) error {
	action, to := "decide", domain.DisputeUpheld
	if a.Role == domain.RoleSystem {
		action = "default"
	}
	if decision == domain.Strike {
		to = domain.DisputeStruck
	}
	if err := c.Tx.Apply(f, action, string(to)); err != nil {
		return err
	}
	f.DecidedAt, f.Reasons, f.ByDefault = &c.Now, reasons, a.Role == domain.RoleSystem
	if a.Role != domain.RoleSystem {
		f.DecidedBy = &a.UserID
	}
	author, v, err := applyDecision(c, f)
	if err != nil {
		return err
	}
	f.ChangedAt(c.Now)
	if err := c.Tx.SaveDispute(f); err != nil {
		return err
	}
	c.Tx.Disarm(domain.DueDispute, f.ID)
	c.Entry(a, "dispute.decided", f.VisitID, map[string]any{"dispute_id": f.ID, "attempt_id": f.AttemptID, "subject": f.Subject,
		"decision": f.Status,
		"reasons":  reasons, "by_default": f.ByDefault})
	if err := recount(c); err != nil {
		return err
	}
	if err := casework.JudgeAgain(c); err != nil {
		return err
	}
	casework.NotifyCustomer(c, nil, "dispute.decided_home")
	casework.NotifyCrew(c, v, author, "dispute.decided")
	return casework.NotifyStaff(c, nil, "dispute.decided", domain.RoleProprietor)
}

// applyDecision lets the fact count again, or never; author is whose fact it
// was.
func applyDecision(c *casework.Case, f *domain.Dispute) (author []domain.ID, v *domain.Visit, err error) {
	struck := f.Status == domain.DisputeStruck
	restore := func(id domain.ID) error {
		a, err := c.Tx.Attempt(id)
		if err != nil {
			return err
		}
		a.Discounted = ""
		if struck {
			a.Discounted = "struck: the household's objection was right"
		}
		if a.ByID != nil && a.ByRole == domain.RoleTechnician {
			author = append(author, *a.ByID)
		}
		if err := c.Tx.SaveAttempt(a); err != nil {
			return err
		}
		return casework.StrikeDenied(c, a, struck)
	}
	if f.AttemptID != nil {
		return author, nil, restore(*f.AttemptID)
	}
	if v, err = c.Tx.Visit(*f.VisitID); err != nil {
		return nil, nil, err
	}
	author = v.Crew
	m := c.On(v)
	switch f.Subject {
	case domain.AboutAgreement:
		if v.AgreedID != nil {
			if err = restore(*v.AgreedID); err != nil {
				return nil, nil, err
			}
		}
		if !struck && v.Status.Unfinished() && v.Confirmation == domain.ConfirmDeclined {
			v.Confirmation, v.ConfirmedHow = domain.ConfirmConfirmed, "call"
			v.ChangedAt(c.Now)
			err = c.Tx.SaveVisit(v)
		}
		return v.Crew, v, err
	case domain.AboutNoAccess:
		v.CountsAgainst = v.NoAccessAgainst()
	}
	v.Disputed = false
	if struck {
		// Nobody came, or the work was not done: the visit was missed by us.
		if err := c.Tx.Apply(v, "strike"); err != nil {
			return nil, nil, err
		}
		v.CountsAgainst, v.ProvisionalTo, v.EndReason = "brand", nil, "struck: "+f.Subject
		v.DoneConfirmedAt, v.DoneConfirmedHow = nil, ""
	}
	return v.Crew, v, restand(m)
}

// DisputeOverdue carries out the stated default of a dispute that nobody decided
// in time.
func DisputeOverdue(tx *casework.Work, id domain.ID) error {
	f, err := tx.Dispute(id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	j, err := tx.LockJob(f.JobID)
	if err != nil {
		return err
	}
	if f, err = tx.Dispute(id); err != nil || !domain.DisputeMoves.Open("default", string(f.Status)) {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	return settleDispute(c, f, domain.System, f.Fallback, disputeDefaultWords[f.Fallback])
}

// disputeDefaultWords are the reasons of a decision that the clock made.
var disputeDefaultWords = map[string]string{
	domain.Uphold: "Nobody decided in time. The fact is proven by a receipt, so it stands.",
	domain.Strike: "Nobody decided in time. The fact is not proven, so the household's word stands.",
}
