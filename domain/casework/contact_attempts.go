package casework

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/geo"
	"doorstep/domain/reach"
)

// AttemptInput records one try to reach the other side. Grade is what the client
// believes; judgeGrade says what it is.
type AttemptInput struct {
	ID             *domain.ID `json:"id"`
	Direction      string     `json:"direction"`
	ContactID      *domain.ID `json:"contact_id"`
	Address        string     `json:"address"`
	Channel        string     `json:"channel"`
	Outcome        string     `json:"outcome"`
	RingSeconds    *int       `json:"ring_seconds"`
	CallSeconds    *int       `json:"call_seconds"`
	Grade          string     `json:"grade"`
	EvidenceDigest string     `json:"evidence_digest"`
	Note           string     `json:"note"`
	Lat            *float64   `json:"lat"`
	Lon            *float64   `json:"lon"`
	AccuracyM      *float64   `json:"accuracy_m"`
	PlaceReason    string     `json:"place_reason"`
	LastNotice     bool       `json:"last_notice"`
	Offline        bool       `json:"offline"`
	OccurredAt     string     `json:"occurred_at"`
	Ended          bool       `json:"-"`         // an abusive call that was ended
	Blind          bool       `json:"-"`         // told by the number alone: it strikes nothing
	At             *EntryTime `json:"-"`         // when it was, where that was judged before
	AgreedTo       *Window    `json:"agreed_to"` // the time to which the household agreed in it
	Link           *domain.ID // by which it came
	Request        string     // what the household asked for in it
	Receipt        bool       // the server itself got the proof: a gateway's receipt, the form of a link that it delivered
}

// Window is a time as it was said.
type Window struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// OutcomesOf lists what can come of a channel: a door is not busy and a
// letter does not ring.
var OutcomesOf = map[string][]string{
	"phone": {"reached", "no_answer", "busy", "switched_off", "out_of_network", "wrong_number", "voicemail", "refused", "hostile",
		"cut_off"},
	"sms":      {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number"},
	"whatsapp": {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number", "no_answer", "busy", "voicemail", "cut_off"},
	"push":     {"sent", "delivered", "read", "reached", "refused", "hostile"},
	"email":    {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number"},
	"doorstep": {"reached", "nobody_home", "refused", "hostile"},
}

// RecordAttempt writes an attempt on a job, or on a visit's job. The crew,
// coordinator, proprietor, area manager, agent. What breaks a rule of the
// policy is recorded and does not count, never refused. Errors: CodeNotFound,
// CodeClaimKept of who was in the crew then, CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) RecordAttempt(ctx context.Context, call *Call, job, visit *domain.ID, in AttemptInput) (domain.Attempt, error) {
	out, err := Run(ctx, s, call, func(tx *Work) (domain.Attempt, error) {
		var j *domain.Job
		var v *domain.Visit
		var err error
		if visit != nil {
			if j, v, err = tx.LockVisit(*visit); err == nil && !call.Actor.Sees(v) {
				err = domain.NotFound("visit")
			}
		} else {
			j, err = AuthorizeJob(tx, call.Actor, *job)
		}
		if err != nil {
			return domain.Attempt{}, err
		}
		if call.Actor.Role == domain.RoleAdmin {
			return domain.Attempt{}, domain.Fail(domain.CodeForbidden, "As admin you may not record attempts.")
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return domain.Attempt{}, err
		}
		a, err := AddAttempt(call, c, v, in)
		if err != nil {
			return domain.Attempt{}, err
		}
		return *a, nil
	})
	if NotFound(err) {
		var at, of domain.ID
		if visit != nil {
			at = *visit
		} else {
			of = *job
		}
		err = KeepLate(ctx, s, call, at, of, "attempts", in.OccurredAt, map[string]any{"channel": in.Channel, "outcome": in.Outcome,
			"direction": in.Direction, "ring_seconds": in.RingSeconds, "note": in.Note}, err)
	}
	return out, err
}

// AddAttempt writes the attempt and lets the verdict follow.
func AddAttempt(call *Call, c *Case, v *domain.Visit, in AttemptInput) (*domain.Attempt, error) {
	j := c.Job
	if in.Direction == "" {
		in.Direction = reach.Outbound
	}
	if !domain.Has(OutcomesOf[in.Channel], in.Outcome) {
		return nil, domain.Fail(domain.CodeUnprocessable, "%s cannot come of %s.", in.Outcome, in.Channel).
			At("/outcome", strings.Join(OutcomesOf[in.Channel], ", "))
	}
	st, err := Stamp(call, in.OccurredAt, c.Site.Location(), c.Now)
	if err != nil {
		return nil, err
	}
	if in.At != nil {
		st = *in.At
	}
	a := &domain.Attempt{ID: IDOr(c.Tx.Svc, in.ID), JobID: j.ID, CustomerID: j.CustomerID, Direction: in.Direction, ContactID: in.ContactID,
		Channel: in.Channel,
		Outcome: in.Outcome, RingSeconds: in.RingSeconds, CallSeconds: in.CallSeconds, Grade: reach.Declared, EvidenceDigest: in.EvidenceDigest,
		Note: in.Note, Lat: in.Lat,
		Lon: in.Lon, AccuracyM: in.AccuracyM,
		PlaceReason: in.PlaceReason, LastNotice: in.LastNotice, LinkID: in.Link, Request: in.Request, ByRole: call.Actor.Role,
		OccurredAt: st.Occurred,
		ClaimedAt:  st.Claimed, RecordedAt: st.Recorded, CreatedAt: c.Now, Rules: domain.AttemptRules}
	if v != nil {
		a.VisitID = &v.ID
	}
	if call.Actor.Role != domain.RoleCustomer && call.Actor.Role != domain.RoleSystem {
		a.ByID = domain.Ptr(call.Actor.UserID)
	}
	if in.AgreedTo != nil {
		if !a.Agrees() {
			return nil, domain.Fail(domain.CodeUnprocessable, "Nobody agreed to a time in this attempt.").
				At("/outcome", "reached, or an inbound contact about the visit")
		}
		from, err := domain.ParseInstant(in.AgreedTo.Start, c.Site.Location(), "/agreed_to/start")
		if err != nil {
			return nil, err
		}
		to, err := domain.ParseInstant(in.AgreedTo.End, c.Site.Location(), "/agreed_to/end")
		if err != nil {
			return nil, err
		}
		if !to.After(from) {
			return nil, domain.Fail(domain.CodeUnprocessable, "The time ends before it starts.").At("/agreed_to/end", "after start")
		}
		a.AgreedStart, a.AgreedEnd = &from, &to
	}
	if (in.Lat == nil) != (in.Lon == nil) {
		return nil, domain.Fail(domain.CodeUnprocessable, "Coordinates come in pairs.").At("/lat", "lat and lon, or neither")
	}
	if in.Lat != nil && c.Site.Lat != nil && c.Site.Lon != nil {
		a.DistanceM = domain.Ptr(math.Round(geo.Metres(*in.Lat, *in.Lon, *c.Site.Lat, *c.Site.Lon)))
	}
	if err := resolveAddress(c, a, in.Address); err != nil {
		return nil, err
	}
	if in.ID != nil {
		if old, err := c.Tx.Attempt(a.ID); err == nil {
			if old.JobID != j.ID || old.Channel != a.Channel || old.Outcome != a.Outcome || old.Direction != a.Direction ||
				!equalTime(old.ClaimedAt, a.ClaimedAt) || !equalTime(old.AgreedStart, a.AgreedStart) || !equalTime(old.AgreedEnd, a.AgreedEnd) ||
				old.Note != a.Note || old.EvidenceDigest != a.EvidenceDigest ||
				(old.RingSeconds == nil) != (a.RingSeconds == nil) || old.RingSeconds != nil &&
				*old.RingSeconds != *a.RingSeconds {
				return nil, domain.IDTaken()
			}
			return old, nil
		} else if !NotFound(err) {
			return nil, err
		}
	}
	if a.CapExempt, err = capExempt(c, a); err != nil {
		return nil, err
	}
	if err := judgeGrade(c, a, &in); err != nil {
		return nil, err
	}
	if err := judgeSitting(call, c, a, in.Offline); err != nil {
		return nil, err
	}
	if err := calledFromStruck(call, c, a); err != nil {
		return nil, err
	}
	if err := c.Tx.InsertAttempt(a); err != nil {
		return nil, err
	}
	if a.Direction == reach.Outbound && a.Outcome == reach.WrongNumber && a.Address != "" && !in.Blind {
		if err := strikeNumber(c, a.Address); err != nil {
			return nil, err
		}
	}
	attemptEntry(call.Actor, c, a, st)
	if err := heardAfterAll(c, a); err != nil {
		return nil, err
	}
	if c.Customer.VoiceOnly() && a.Contact() && (a.Channel == reach.Phone || a.Channel == reach.Doorstep) {
		// To a household that cannot use a page, speaking with it is telling it.
		if v != nil && v.EndedAt != nil && v.ToldAt == nil {
			v.ToldAt = &c.Now
		}
		if err := c.Tx.MarkNotified(j.ID, nil, c.Now); err != nil {
			return nil, err
		}
	}
	if err := Reassess(c); err != nil {
		return nil, err
	}
	if a.Outcome == reach.CutOff {
		if err := callBackCutOff(call.Actor, c, a); err != nil {
			return nil, err
		}
	}
	if in.Ended {
		if err := afterEndedCall(call.Actor, c, a); err != nil || a.Direction == reach.Outbound {
			return a, err
		}
		return a, applyToOpenJobs(call, c, a, st)
	}
	if a.Direction == reach.Inbound {
		watchSilence(c.Tx, j.ID)
		if err := groupContacts(c, a); err != nil {
			return nil, err
		}
		if err := callBackFromDesk(call.Actor, c, a); err != nil {
			return nil, err
		}
		return a, applyToOpenJobs(call, c, a, st)
	}
	if a.Contact() && a.Outcome != reach.CutOff {
		return a, keepByCall(c, call.Actor, a)
	}
	return a, nil
}

// capExempt is why a call is outside the household's cap of calls a day: a crew stands at
// its door, or it asked to be called; empty: it is inside.
func capExempt(c *Case, a *domain.Attempt) (string, error) {
	if a.Channel != reach.Phone || a.Direction != reach.Outbound {
		return "", nil
	}
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return "", err
	}
	for i := range visits {
		v := &visits[i]
		if v.ArrivedAt != nil && !a.OccurredAt.Before(*v.ArrivedAt) && (v.EndedAt == nil || !a.OccurredAt.After(*v.EndedAt)) {
			return domain.CapArrived, nil
		}
	}
	promises, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return "", err
	}
	for i := range promises {
		p := &promises[i]
		if p.Kind == domain.PromiseCallBack && p.Source != domain.FromStaff && !a.OccurredAt.Before(p.CreatedAt) {
			return domain.CapAsked, nil
		}
	}
	return "", nil
}

func equalTime(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

func attemptEntry(actor domain.Actor, c *Case, a *domain.Attempt, st EntryTime) {
	payload := map[string]any{"attempt_id": a.ID, "direction": a.Direction, "channel": a.Channel, "outcome": a.Outcome, "grade": a.Grade,
		"ring_seconds": a.RingSeconds, "contact_id": a.ContactID}
	if a.AgreedStart != nil {
		payload["agreed_start"], payload["agreed_end"] = a.AgreedStart, a.AgreedEnd
	}
	c.EntryAt(st, actor, "attempt.recorded", a.VisitID, payload)
	if a.Contact() && a.Discounted == "" && (c.Job.LastContactAt == nil || a.OccurredAt.After(*c.Job.LastContactAt)) {
		c.Job.LastContactAt = domain.Ptr(a.OccurredAt)
	}
}

// applyToOpenJobs lets an inbound contact count on all open jobs of the household.
func applyToOpenJobs(call *Call, c *Case, a *domain.Attempt, st EntryTime) error {
	others, err := c.Tx.OpenJobsOf(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range others {
		if others[i].ID == c.Job.ID {
			continue
		}
		o, err := c.Tx.LockJob(others[i].ID)
		if err != nil {
			return err
		}
		other, err := OpenCase(c.Tx, o)
		if err != nil {
			return err
		}
		b := *a
		b.ID, b.JobID, b.VisitID, b.AgreedStart, b.AgreedEnd = c.Tx.NewID(), o.ID, nil, nil, nil // a time is agreed to for one job
		if err := c.Tx.InsertAttempt(&b); err != nil {
			return err
		}
		attemptEntry(call.Actor, other, &b, st)
		if err := heardAfterAll(other, &b); err != nil {
			return err
		}
		if err := Reassess(other); err != nil {
			return err
		}
	}
	return nil
}

// ShareContact lets the latest inbound contact of two households that became one count on the open
// jobs of both; theirs are the jobs of one of them. It gives the contacts that it added, and judges
// those jobs anew: whose numbers they are has changed.
func ShareContact(tx *Work, jobs []*domain.Job, theirs map[domain.ID]bool) ([]domain.ID, error) {
	last := map[bool]*domain.Attempt{}
	for _, j := range jobs {
		list, err := tx.AttemptsOf(j.ID)
		if err != nil {
			return nil, err
		}
		for i := range list {
			a := &list[i]
			if was := last[theirs[j.ID]]; a.Direction == reach.Inbound && a.Discounted == "" && (was == nil || a.OccurredAt.After(was.OccurredAt)) {
				last[theirs[j.ID]] = a
			}
		}
	}
	added := []domain.ID{}
	for _, j := range jobs {
		if j.Status.Ended() {
			continue
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return nil, err
		}
		if a := last[!theirs[j.ID]]; a != nil && a.OccurredAt.After(j.OpenedAt) &&
			(j.LastContactAt == nil || a.OccurredAt.After(*j.LastContactAt)) {
			b := *a
			b.ID, b.JobID, b.CustomerID, b.VisitID, b.AgreedStart, b.AgreedEnd = tx.NewID(), j.ID, j.CustomerID, nil, nil, nil
			if err := tx.InsertAttempt(&b); err != nil {
				return nil, err
			}
			attemptEntry(domain.System, c, &b, At(b.OccurredAt))
			added = append(added, b.ID)
		}
		if err := Reassess(c); err != nil {
			return nil, err
		}
	}
	return added, nil
}

// UnshareContact takes such contacts out of the count again.
func UnshareContact(tx *Work, attempts []domain.ID) error {
	for _, id := range attempts {
		a, err := tx.Attempt(id)
		if err != nil {
			return err
		}
		a.Discounted = "of another household"
		if err := tx.SaveAttempt(a); err != nil {
			return err
		}
		j, err := tx.LockJob(a.JobID)
		if err != nil {
			return err
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return err
		}
		if err := Reassess(c); err != nil {
			return err
		}
	}
	return nil
}

// resolveAddress finds which number and person were tried.
func resolveAddress(c *Case, a *domain.Attempt, raw string) error {
	if a.ContactID != nil && c.Customer.Contact(*a.ContactID) == nil {
		return domain.Fail(domain.CodeUnprocessable, "The household has no such contact.").At("/contact_id", "a contact of the customer")
	}
	if raw != "" && a.Dialled() {
		e164, err := Phone(c.Tx.Svc, raw, c.Centre.Country, "/address")
		if err != nil {
			return err
		}
		a.Address = e164
		for i := range c.Customer.Contacts {
			if contact := &c.Customer.Contacts[i]; a.ContactID == nil &&
				(domain.Has(contact.Phones, e164) || domain.Has(contact.InvalidPhones, e164)) {
				a.ContactID = &contact.ID
			}
		}
		return nil
	}
	a.Address = strings.TrimSpace(raw)
	if a.ContactID == nil {
		a.ContactID = c.Job.ContactID
	}
	if a.ContactID == nil || a.Address != "" {
		return nil
	}
	if contact := c.Customer.Contact(*a.ContactID); contact != nil && a.Dialled() && len(contact.Phones) > 0 {
		a.Address = contact.Phones[0]
	} else if contact != nil && a.Channel == "email" {
		a.Address = contact.Email
	}
	return nil
}

// EffectivePolicy is the centre's rule in force at now, else the brand's,
// else the default of docs/product.md section 4.
func EffectivePolicy(list []domain.Policy, now time.Time) reach.Policy {
	var brand, centre *domain.Policy
	for i := range list {
		p := &list[i]
		if p.EffectiveFrom.After(now) {
			continue
		}
		slot := &brand
		if p.CentreID != nil {
			slot = &centre
		}
		if *slot == nil || p.Number > (*slot).Number {
			*slot = p
		}
	}
	switch {
	case centre != nil:
		return centre.Rules.V
	case brand != nil:
		return brand.Rules.V
	}
	return reach.Default()
}

// Verdict computes reachability from all facts of the job.
func Verdict(c *Case) (reach.Verdict, []domain.Visit, error) {
	attempts, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	policies, err := c.Tx.Policies(c.Job.CentreID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	elsewhere, err := c.Tx.CallsElsewhere(c.Customer.ID, c.Job.ID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	c.closeAfter = EffectivePolicy(policies, c.Now).CloseAfterDays
	rc := c.ReachCase(attempts, policies, visits, c.Now)
	for i := range elsewhere {
		rc.CallsElsewhere = append(rc.CallsElsewhere, elsewhere[i].OccurredAt)
	}
	v := reach.Judge(rc)
	// The answer explains attempts; visits have their own place.
	v.DoesNotCount = slices.DeleteFunc(v.DoesNotCount, func(x reach.Excluded) bool {
		return slices.ContainsFunc(visits, func(o domain.Visit) bool { return o.ID == x.ID })
	})
	return v, visits, nil
}

// ReachCase is what the verdict depends on, at an instant.
func (c *Case) ReachCase(attempts []domain.Attempt, policies []domain.Policy, visits []domain.Visit, now time.Time) reach.Case {
	rc := reach.Case{JobCreatedAt: c.Job.CreatedAt, SafetyCritical: c.Job.SafetyCritical, AreaManagerApproved: c.approved,
		VoiceOnly: c.Customer.VoiceOnly(), Now: now,
		Policy: EffectivePolicy(policies, now), Calendar: reach.Calendar{Location: c.Site.Location(), Holidays: map[string]bool{}}}
	for _, h := range c.Holds { // on a safety-critical job it stands by the area manager's word only
		rc.AreaManagerApproved = rc.AreaManagerApproved || h.Kind == domain.HoldUnreachable && h.LiftedAt == nil
	}
	for _, w := range c.Centre.WorkingDays {
		rc.Calendar.WorkingDays[w%7] = true
	}
	for _, h := range c.Centre.Holidays {
		rc.Calendar.Holidays[h] = true
	}
	for i := range c.Customer.Contacts {
		p := &c.Customer.Contacts[i]
		for _, n := range slices.Concat(p.Phones, p.InvalidPhones) {
			rc.Numbers = append(rc.Numbers, reach.Number{ContactID: p.ID, Address: n})
		}
		if i > 0 && rc.SecondContact == (domain.ID{}) && len(p.Phones) > 0 {
			rc.SecondContact = p.ID
		}
	}
	for i := range visits {
		v := &visits[i]
		if v.Agreed() && (v.Status.UnderWay() || v.Status == domain.VisitScheduled && v.WindowEnd.After(now)) {
			rc.ConfirmedVisitAhead = true
		}
		if at := v.Begun(); at != nil { // somebody opened the door
			rc.Attempts = append(rc.Attempts, reach.Attempt{ID: v.ID, Direction: reach.Outbound, Channel: reach.Doorstep, Outcome: reach.Reached,
				OccurredAt: *at, RecordedAt: *at, Grade: reach.Recorded})
		}
	}
	for i := range attempts {
		a := &attempts[i]
		r := reach.Attempt{ID: a.ID, Direction: a.Direction, Channel: a.Channel, Outcome: a.Outcome, Address: a.Address, OccurredAt: a.OccurredAt,
			RecordedAt: a.RecordedAt, RingSeconds: a.RingSeconds, Grade: a.Grade, DistanceM: a.DistanceM, PlaceReason: a.PlaceReason,
			LastNotice: a.LastNotice, GradeWhy: a.GradeWhy, Barred: a.Barred,
			Discounted: a.Discounted, CapExempt: a.CapExempt != "", OfJob: a.Rules == 0}
		if a.Rules >= domain.ReasonSays && domain.SignsAlone(a.PlaceReason) || a.Rules >= domain.ReasonInWords && !domain.Says(a.PlaceReason) {
			r.PlaceReason = ""
		}
		if a.ContactID != nil {
			r.ContactID = *a.ContactID
			if p := c.Customer.Contact(*a.ContactID); p != nil && p.VoiceOnly {
				r.Unreadable = a.Channel != reach.Phone && a.Channel != reach.Doorstep
			}
		}
		if a.ByID != nil {
			r.By = *a.ByID
		}
		rc.Attempts = append(rc.Attempts, r)
	}
	return rc
}

// Reassess computes the verdict anew and lets what follows from it follow: the
// last notice goes out, the hold is placed or lifted (docs/product.md section 4).
func Reassess(c *Case) error {
	j := c.Job
	if j.Status.Ended() {
		return nil
	}
	v, visits, err := Verdict(c)
	if err != nil {
		return err
	}
	was := j.Verdict
	j.Verdict = v.Verdict
	var open *domain.Hold
	for i := range c.Holds {
		if h := &c.Holds[i]; h.Kind == domain.HoldUnreachable && h.LiftedAt == nil {
			open = h
		}
	}
	if was == reach.LastNotice || was == reach.Unreachable {
		c.Tx.Disarm(domain.DueLastNotice, j.ID)
	}
	switch {
	case v.Verdict == reach.Unreachable && open == nil:
		return becomeUnreachable(c, v, visits)
	case v.Verdict != reach.Unreachable && open != nil:
		// Contact ended the case, or another fact, such as a visit that an
		// offline phone was on, shows that it was never so.
		reason, kind := "contact", "job.reached"
		if v.LastContactAt == nil || v.Verdict == reach.LastNotice {
			reason, kind = "overturned", "job.unreachable_withdrawn"
		}
		if err := c.Tx.Apply(open, "reach", domain.HoldLifted); err != nil {
			return err
		}
		open.LiftReason = reason
		if err := c.Tx.SaveHold(open); err != nil {
			return err
		}
		if err := c.Tx.WithdrawJobNotices(j.ID, "job.unreachable", "job.unreachable_home"); err != nil {
			return err
		}
		c.Entry(domain.System, "hold.lifted", nil, map[string]any{"hold_id": open.ID, "kind": domain.HoldUnreachable, "because": v.Explanation})
		if err := NotifyStaff(c, nil, kind, domain.RoleProprietor, domain.RoleCoordinator); err != nil {
			return err
		}
	case was != v.Verdict:
		c.Entry(domain.System, "verdict.changed", nil, map[string]any{"verdict": v.Verdict, "was": was,
			"policy_version": v.PolicyVersion})
	}
	if v.Verdict == reach.Reached && was != reach.Untried && was != reach.Reached {
		if err := c.Tx.WithdrawJobNotices(j.ID, "job.last_notice", "job.notice_ready"); err != nil {
			return err
		}
	}
	if v.EnoughAt != nil && v.LastNoticeSentAt == nil {
		if err := sendLastNotice(c, *v.EnoughAt); err != nil {
			return err
		}
	}
	if v.LastNoticeEndsAt != nil && v.Verdict == reach.LastNotice {
		due := *v.LastNoticeEndsAt
		for i := range visits {
			if o := &visits[i]; o.Status.Unfinished() && o.Agreed() && o.WindowEnd.After(due) {
				due = o.WindowEnd
			}
		}
		if due.After(c.Now) {
			c.Tx.SetDeadline(domain.DueLastNotice, j.ID, &j.ID, due)
		}
	}
	return nil
}

// visitMoved lets the verdict follow a visit that was just saved. A visit that
// began is contact. What else a visit changes is whether a confirmed one lies
// ahead, which matters once the last notice runs: the clock judges that anew,
// from all facts, within its next second.
func visitMoved(c *Case, v *domain.Visit) error {
	j := c.Job
	at := v.Begun()
	if at != nil && (j.LastContactAt == nil || at.After(*j.LastContactAt)) {
		j.LastContactAt = at
	}
	switch {
	case j.Status.Ended() || c.Ending:
	case at != nil && j.Verdict == reach.Untried:
		j.Verdict = reach.Reached
	case at != nil && j.Verdict != reach.Reached:
		return Reassess(c)
	case j.Verdict == reach.LastNotice || j.Verdict == reach.Unreachable:
		c.Tx.SetDeadline(domain.DueLastNotice, j.ID, &j.ID, c.Now)
	}
	return nil
}

func becomeUnreachable(c *Case, v reach.Verdict, visits []domain.Visit) error {
	j := c.Job
	since := c.Now
	if v.UnreachableSince != nil {
		since = *v.UnreachableSince
	}
	h := &domain.Hold{ID: c.Tx.NewID(), Kind: domain.HoldUnreachable, JobID: &j.ID, Reason: v.Explanation, By: string(domain.RoleSystem),
		DueAt: domain.Ptr(since.AddDate(0, 0, c.closeAfter))}
	if err := domain.Apply(h, "place", since); err != nil {
		return err
	}
	if err := c.Tx.InsertHold(h); err != nil {
		return err
	}
	c.Holds = append(c.Holds, *h)
	c.EntryAt(EntryTime{Occurred: since, Recorded: c.Now}, domain.System, "hold.placed", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind,
		"counts": v.Counts, "policy_version": v.PolicyVersion})
	for i := range visits {
		o := &visits[i]
		if o.Status != domain.VisitScheduled || o.Agreed() {
			continue
		}
		m := c.On(o)
		if err := CancelVisit(m, domain.System, "household unreachable", "nobody"); err != nil {
			return err
		}
	}
	if err := NotifyStaff(c, nil, "job.unreachable", domain.RoleProprietor, domain.RoleCoordinator); err != nil {
		return err
	}
	NotifyCustomer(c, nil, "job.unreachable_home")
	return nil
}

// sendLastNotice sends the one written notice to a device or the webhook;
// without either the desk is told that the text is ready. To a household that
// uses no page the desk speaks once more. Once a case.
func sendLastNotice(c *Case, enough time.Time) error {
	spoken, kind := c.Customer.VoiceOnly(), "job.notice_ready"
	if spoken {
		kind = "job.call_once_more"
	}
	devices, err := ProvenDevices(c.Tx, c.Customer, c.Job.ID, c.Now)
	if err != nil {
		return err
	}
	mark := fmt.Sprintf("last_notice|%s|%d", c.Job.ID, enough.Unix())
	if !spoken && (len(devices) > 0 || c.Tx.Svc.TextGateway) {
		language := c.Customer.LanguageOf(c.Job.ContactID)
		c.notifyHome(NewNotice(c.Tx.Svc, "job.last_notice", language, c.Now, c.Now.Add(48*time.Hour), c.about("job.last_notice", nil, language),
			func(n *domain.Notice) {
				n.CustomerID, n.WithLink, n.High, n.DedupeKey = &c.Customer.ID, true, true, &mark
			}), nil)
		return nil
	}
	users, err := c.Tx.UsersWith(domain.RoleCoordinator, &c.Job.CentreID, nil)
	if err != nil {
		return err
	}
	return NotifyOnDuty(c.Tx, users, c.Centre, func(u *domain.User) domain.Notice {
		key := mark + "|" + u.ID.String()
		return NewNotice(c.Tx.Svc, kind, u.Language, c.Now, c.Now.Add(72*time.Hour), ToUser(u.ID), c.about(kind, nil, u.Language),
			func(n *domain.Notice) { n.DedupeKey = &key })
	})
}

// NoticeAccepted is told by the delivery worker when a push or text was
// accepted for a household: its time to dispute what the notice tells of
// begins. The last notice becomes an attempt then: sent, proven by the
// receipt, and its 24 hours begin. Repeats change nothing that counts.
func (s *Service) NoticeAccepted(ctx context.Context, n domain.Notice, channel, receipt string) error {
	if !domain.Tells(n.Kind) || n.JobID == nil {
		return nil
	}
	return s.InWork(ctx, nil, func(tx *Work) error {
		now := tx.Now
		j, err := tx.LockJob(*n.JobID)
		if err != nil {
			return err
		}
		var visit *domain.ID
		if domain.NoticesThatTell[n.Kind] != domain.AboutAttempt {
			visit = n.VisitID
		}
		if err := tx.MarkNotified(j.ID, visit, now); err != nil {
			return err
		}
		if n.Kind != "job.last_notice" {
			tx.Entry(j, domain.System, "household.told", visit, At(now), map[string]any{"notice": n.Kind, "channel": channel})
			return nil
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return err
		}
		sum := domain.HashToken(receipt)
		if _, err := AddAttempt(&Call{Actor: domain.System}, c, nil, AttemptInput{ID: &n.ID, Direction: reach.Outbound, Channel: channel,
			Outcome: reach.Sent,
			Receipt: true, EvidenceDigest: sum, LastNotice: true}); err != nil {
			return err
		}
		return nil
	})
}

// Reachability explains whether the household of a job can be reached, in its reader's language. Who
// sees the job.
func (s *Service) Reachability(ctx context.Context, a domain.Actor, job domain.ID) (reach.Verdict, error) {
	if _, err := s.Read.Job(ctx, a.Scope(), job); err != nil {
		return reach.Verdict{}, err
	}
	var out reach.Verdict
	err := s.InWork(ctx, nil, func(tx *Work) error {
		j, err := tx.Job(job)
		if err != nil {
			return err
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return err
		}
		out, _, err = Verdict(c)
		return err
	})
	speak := func(text *string) { *text, _ = domain.InLanguage(*text, a.Language) }
	speak(&out.Explanation)
	for i := range out.Missing {
		speak(&out.Missing[i])
	}
	for _, list := range [][]reach.Excluded{out.DoesNotCount, out.Declared} {
		for i := range list {
			speak(&list[i].Why)
		}
	}
	return out, err
}
