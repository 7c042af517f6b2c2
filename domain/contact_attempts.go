package domain

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"doorstep/domain/geo"
	"doorstep/domain/reach"
)

// AttemptInput records one try to reach the other side. Grade defaults to
// recorded when there is a digest or a place, else declared.
type AttemptInput struct {
	ID             *ID      `json:"id"`
	Direction      string   `json:"direction"`
	ContactID      *ID      `json:"contact_id"`
	Address        string   `json:"address"`
	Channel        string   `json:"channel"`
	Outcome        string   `json:"outcome"`
	RingSeconds    *int     `json:"ring_seconds"`
	Grade          string   `json:"grade"`
	EvidenceDigest string   `json:"evidence_digest"`
	Note           string   `json:"note"`
	Lat            *float64 `json:"lat"`
	Lon            *float64 `json:"lon"`
	PlaceReason    string   `json:"place_reason"`
	LastNotice     bool     `json:"last_notice"`
	OccurredAt     string   `json:"occurred_at"`
	link           *ID      // by which it came
	request        string   // what the household asked for in it
}

// outcomesOf lists what can come of a channel: a door is not busy and a
// letter does not ring.
var outcomesOf = map[string][]string{
	"phone":    {"reached", "no_answer", "busy", "switched_off", "out_of_network", "wrong_number", "voicemail", "refused", "hostile"},
	"sms":      {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number"},
	"whatsapp": {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number", "no_answer", "busy", "voicemail"},
	"push":     {"sent", "delivered", "read", "reached", "refused", "hostile"},
	"email":    {"sent", "delivered", "read", "reached", "refused", "hostile", "wrong_number"},
	"doorstep": {"reached", "nobody_home", "refused", "hostile"},
}

// RecordAttempt writes an attempt on a job, or on a visit's job. The crew,
// coordinator, proprietor, area manager, agent. What breaks a rule of the
// policy is recorded and does not count, never refused. Errors: CodeNotFound,
// CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) RecordAttempt(ctx context.Context, call *Call, job, visit *ID, in AttemptInput) (Attempt, error) {
	return run(ctx, s, call, func(tx *Work) (Attempt, error) {
		var j *Job
		var v *Visit
		var err error
		if visit != nil {
			if j, v, err = tx.LockVisit(*visit); err == nil && !call.Actor.sees(v) {
				err = NotFound("visit")
			}
		} else {
			j, err = authorizeJob(tx, call.Actor, *job)
		}
		if err != nil {
			return Attempt{}, err
		}
		if call.Actor.Role == RoleAdmin {
			return Attempt{}, Fail(CodeForbidden, "As admin you may not record attempts.")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return Attempt{}, err
		}
		a, err := recordAttempt(call, d, v, in)
		if err != nil {
			return Attempt{}, err
		}
		return *a, nil
	})
}

// recordAttempt writes the attempt and lets the verdict follow.
func recordAttempt(call *Call, d *Case, v *Visit, in AttemptInput) (*Attempt, error) {
	j := d.job
	if in.Direction == "" {
		in.Direction = reach.Outbound
	}
	if !has(outcomesOf[in.Channel], in.Outcome) {
		return nil, Fail(CodeUnprocessable, "%s cannot come of %s.", in.Outcome, in.Channel).
			At("/outcome", strings.Join(outcomesOf[in.Channel], ", "))
	}
	st, err := stamp(call, in.OccurredAt, d.site.Location(), d.now)
	if err != nil {
		return nil, err
	}
	a := &Attempt{ID: d.tx.svc.idOr(in.ID), JobID: j.ID, CustomerID: j.CustomerID, Direction: in.Direction, ContactID: in.ContactID,
		Channel: in.Channel,
		Outcome: in.Outcome, RingSeconds: in.RingSeconds, Grade: in.Grade, EvidenceDigest: in.EvidenceDigest, Note: in.Note, Lat: in.Lat,
		Lon:         in.Lon,
		PlaceReason: in.PlaceReason, LastNotice: in.LastNotice, LinkID: in.link, Request: in.request, ByRole: call.Actor.Role,
		OccurredAt: st.occurred,
		ClaimedAt:  st.claimed, RecordedAt: d.now, CreatedAt: d.now}
	if v != nil {
		a.VisitID = &v.ID
	}
	if call.Actor.Role != RoleCustomer && call.Actor.Role != RoleSystem {
		a.ByID = ptr(call.Actor.UserID)
	}
	if (in.Lat == nil) != (in.Lon == nil) {
		return nil, Fail(CodeUnprocessable, "Coordinates come in pairs.").At("/lat", "lat and lon, or neither")
	}
	if in.Lat != nil && d.site.Lat != nil && d.site.Lon != nil {
		a.DistanceM = ptr(math.Round(geo.Metres(*in.Lat, *in.Lon, *d.site.Lat, *d.site.Lon)))
	}
	if a.Grade == reach.Proven && a.EvidenceDigest == "" && call.Actor.Role != RoleCustomer {
		a.Grade = reach.Recorded // proven is what a provider's receipt says, not a person
	}
	if a.Grade == "" {
		a.Grade = reach.Declared
		if a.EvidenceDigest != "" || (a.Channel == reach.Doorstep && a.Lat != nil) {
			a.Grade = reach.Recorded
		}
	}
	if err := resolveAddress(d, a, in.Address); err != nil {
		return nil, err
	}
	if in.ID != nil {
		if old, err := d.tx.Attempt(a.ID); err == nil {
			if old.JobID != j.ID || old.Channel != a.Channel || old.Outcome != a.Outcome || old.Direction != a.Direction ||
				!equalTime(old.ClaimedAt, a.ClaimedAt) ||
				old.Note != a.Note || old.Grade != a.Grade || (old.RingSeconds == nil) != (a.RingSeconds == nil) || old.RingSeconds != nil &&
				*old.RingSeconds != *a.RingSeconds {
				return nil, Fail(CodeDuplicate, "Another attempt has this id.")
			}
			return old, nil
		} else if !notFound(err) {
			return nil, err
		}
	}
	if err := d.tx.InsertAttempt(a); err != nil {
		return nil, err
	}
	if a.Direction == reach.Outbound && a.Outcome == reach.WrongNumber && a.Address != "" {
		if err := invalidateNumber(d, a.Address); err != nil {
			return nil, err
		}
	}
	attemptFact(call.Actor, d, a, st)
	if d.customer.VoiceOnly() && a.Contact() && (a.Channel == reach.Phone || a.Channel == reach.Doorstep) {
		// To a household that cannot use a page, speaking with it is telling it.
		if v != nil && v.EndedAt != nil && v.ToldAt == nil {
			v.ToldAt = &d.now
		}
		if err := d.tx.MarkNotified(j.ID, nil, d.now); err != nil {
			return nil, err
		}
	}
	if err := reassess(d); err != nil {
		return nil, err
	}
	if a.Direction == reach.Inbound {
		if err := groupContacts(d, a); err != nil {
			return nil, err
		}
		return a, applyToOpenJobs(call, d, a, st)
	}
	if a.Contact() {
		return a, keepByCall(d, call.Actor, a)
	}
	return a, nil
}

func equalTime(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

func attemptFact(actor Actor, d *Case, a *Attempt, st EntryTime) {
	d.entryAt(st, actor, "attempt.recorded", a.VisitID, map[string]any{"attempt_id": a.ID, "direction": a.Direction,
		"channel": a.Channel,
		"outcome": a.Outcome, "grade": a.Grade, "ring_seconds": a.RingSeconds, "contact_id": a.ContactID})
	if a.Contact() && (d.job.LastContactAt == nil || a.OccurredAt.After(*d.job.LastContactAt)) {
		d.job.LastContactAt = ptr(a.OccurredAt)
	}
}

// applyToOpenJobs lets an inbound contact count on all open jobs of the household.
func applyToOpenJobs(call *Call, d *Case, a *Attempt, st EntryTime) error {
	others, err := d.tx.OpenJobsOf(d.customer.ID)
	if err != nil {
		return err
	}
	for i := range others {
		if others[i].ID == d.job.ID {
			continue
		}
		o, err := d.tx.LockJob(others[i].ID)
		if err != nil {
			return err
		}
		od, err := openCase(d.tx, o)
		if err != nil {
			return err
		}
		b := *a
		b.ID, b.JobID, b.VisitID = d.tx.NewID(), o.ID, nil
		if err := d.tx.InsertAttempt(&b); err != nil {
			return err
		}
		attemptFact(call.Actor, od, &b, st)
		if err := reassess(od); err != nil {
			return err
		}
	}
	return nil
}

// resolveAddress finds which number and person were tried.
func resolveAddress(d *Case, a *Attempt, raw string) error {
	if a.ContactID != nil && d.customer.contact(*a.ContactID) == nil {
		return Fail(CodeUnprocessable, "The household has no such contact.").At("/contact_id", "a contact of the customer")
	}
	if raw != "" && a.dialled() {
		e164, err := d.tx.svc.phone(raw, d.centre.Country, "/address")
		if err != nil {
			return err
		}
		a.Address = e164
		for i := range d.customer.Contacts {
			if c := &d.customer.Contacts[i]; a.ContactID == nil && (has(c.Phones, e164) || has(c.Struck, e164)) {
				a.ContactID = &c.ID
			}
		}
		return nil
	}
	a.Address = strings.TrimSpace(raw)
	if a.ContactID == nil {
		a.ContactID = d.job.ContactID
	}
	if a.ContactID == nil || a.Address != "" {
		return nil
	}
	if c := d.customer.contact(*a.ContactID); c != nil && a.dialled() && len(c.Phones) > 0 {
		a.Address = c.Phones[0]
	} else if c != nil && a.Channel == "email" {
		a.Address = c.Email
	}
	return nil
}

// invalidateNumber removes a number that belongs to somebody else from the known ones.
func invalidateNumber(d *Case, number string) error {
	hit := false
	for i := range d.customer.Contacts {
		c := &d.customer.Contacts[i]
		if has(c.Phones, number) {
			c.Phones, c.Struck, hit = without(c.Phones, number), append(c.Struck, number), true
		}
	}
	if !hit {
		return nil
	}
	d.customer.changedAt(d.now)
	return d.tx.SaveCustomer(d.customer)
}

// EffectivePolicy is the centre's rule in force at now, else the brand's,
// else the default of docs/product.md section 4.
func EffectivePolicy(list []Policy, now time.Time) reach.Policy {
	var brand, centre *Policy
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

// verdict computes reachability from all facts of the job.
func verdict(d *Case) (reach.Verdict, []Visit, error) {
	attempts, err := d.tx.AttemptsOf(d.job.ID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	policies, err := d.tx.Policies(d.job.CentreID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	visits, err := d.tx.VisitsOfJob(d.job.ID)
	if err != nil {
		return reach.Verdict{}, nil, err
	}
	d.closeAfter = EffectivePolicy(policies, d.now).CloseAfterDays
	v := reach.Judge(d.reachCase(attempts, policies, visits, d.now))
	// The answer explains attempts; visits have their own place.
	v.DoesNotCount = slices.DeleteFunc(v.DoesNotCount, func(x reach.Excluded) bool {
		return slices.ContainsFunc(visits, func(o Visit) bool { return o.ID == x.ID })
	})
	return v, visits, nil
}

// reachCase is what the verdict depends on, at an instant.
func (d *Case) reachCase(attempts []Attempt, policies []Policy, visits []Visit, now time.Time) reach.Case {
	c := reach.Case{JobCreatedAt: d.job.OpenedAt, SafetyCritical: d.job.SafetyCritical, AreaManagerApproved: d.approved,
		VoiceOnly: d.customer.VoiceOnly(), Now: now,
		Policy: EffectivePolicy(policies, now), Calendar: reach.Calendar{Location: d.site.Location(), Holidays: map[string]bool{}}}
	for _, h := range d.holds { // on a safety-critical job it stands by the area manager's word only
		c.AreaManagerApproved = c.AreaManagerApproved || h.Kind == HoldUnreachable && h.LiftedAt == nil
	}
	for _, w := range d.centre.WorkingDays {
		c.Calendar.WorkingDays[w%7] = true
	}
	for _, h := range d.centre.Holidays {
		c.Calendar.Holidays[h] = true
	}
	for i := range d.customer.Contacts {
		p := &d.customer.Contacts[i]
		for _, n := range slices.Concat(p.Phones, p.Struck) {
			c.Numbers = append(c.Numbers, reach.Number{ContactID: p.ID, Address: n})
		}
		if i > 0 && c.SecondContact == (ID{}) && len(p.Phones) > 0 {
			c.SecondContact = p.ID
		}
	}
	for i := range visits {
		v := &visits[i]
		if v.Confirmation == ConfirmConfirmed && (v.Status.UnderWay() || v.Status == VisitScheduled && v.WindowEnd.After(now)) {
			c.ConfirmedVisitAhead = true
		}
		if at := v.begun(); at != nil { // somebody opened the door
			c.Attempts = append(c.Attempts, reach.Attempt{ID: v.ID, Direction: reach.Outbound, Channel: reach.Doorstep, Outcome: reach.Reached,
				OccurredAt: *at, RecordedAt: *at, Grade: reach.Recorded})
		}
	}
	for i := range attempts {
		a := &attempts[i]
		r := reach.Attempt{ID: a.ID, Direction: a.Direction, Channel: a.Channel, Outcome: a.Outcome, Address: a.Address, OccurredAt: a.OccurredAt,
			RecordedAt: a.RecordedAt, RingSeconds: a.RingSeconds, Grade: a.Grade, DistanceM: a.DistanceM, PlaceReason: a.PlaceReason,
			LastNotice: a.LastNotice, Discounted: a.Discounted}
		if a.ContactID != nil {
			r.ContactID = *a.ContactID
			if p := d.customer.contact(*a.ContactID); p != nil && p.VoiceOnly {
				r.Unreadable = a.Channel != reach.Phone && a.Channel != reach.Doorstep
			}
		}
		if a.ByID != nil {
			r.By = *a.ByID
		}
		c.Attempts = append(c.Attempts, r)
	}
	return c
}

// reassess computes the verdict anew and lets what follows from it follow: the
// last notice goes out, the hold is placed or lifted (docs/product.md section 4).
func reassess(d *Case) error {
	j := d.job
	if j.Status.Ended() {
		return nil
	}
	v, visits, err := verdict(d)
	if err != nil {
		return err
	}
	was := j.Verdict
	j.Verdict = v.Verdict
	var open *Hold
	for i := range d.holds {
		if h := &d.holds[i]; h.Kind == HoldUnreachable && h.LiftedAt == nil {
			open = h
		}
	}
	if was == reach.LastNotice || was == reach.Unreachable {
		d.tx.Disarm(DueLastNotice, j.ID)
	}
	switch {
	case v.Verdict == reach.Unreachable && open == nil:
		return becomeUnreachable(d, v, visits)
	case v.Verdict != reach.Unreachable && open != nil:
		// Contact ended the case, or another fact, such as a visit that an
		// offline phone was on, shows that it was never so.
		reason, kind := "contact", "job.reached"
		if v.LastContactAt == nil || v.Verdict == reach.LastNotice {
			reason, kind = "overturned", "job.unreachable_withdrawn"
		}
		if err := d.tx.apply(open, "reach", holdLifted); err != nil {
			return err
		}
		open.LiftReason = reason
		if err := d.tx.SaveHold(open); err != nil {
			return err
		}
		if err := d.tx.WithdrawJobNotices(j.ID, "job.unreachable", "job.unreachable_home"); err != nil {
			return err
		}
		d.entry(System, "hold.lifted", nil, map[string]any{"hold_id": open.ID, "kind": HoldUnreachable, "because": v.Explanation})
		if err := notifyStaff(d, nil, kind, RoleProprietor, RoleCoordinator); err != nil {
			return err
		}
	case was != v.Verdict:
		d.entry(System, "verdict.changed", nil, map[string]any{"verdict": v.Verdict, "was": was,
			"policy_version": v.PolicyVersion})
	}
	if v.Verdict == reach.Reached && was != reach.Untried && was != reach.Reached {
		if err := d.tx.WithdrawJobNotices(j.ID, "job.last_notice", "job.notice_ready"); err != nil {
			return err
		}
	}
	if v.EnoughAt != nil && v.LastNoticeSentAt == nil {
		if err := sendLastNotice(d, *v.EnoughAt); err != nil {
			return err
		}
	}
	if v.LastNoticeEndsAt != nil && v.Verdict == reach.LastNotice {
		due := *v.LastNoticeEndsAt
		for i := range visits {
			if o := &visits[i]; o.Status.Unfinished() && o.Confirmation == ConfirmConfirmed && o.WindowEnd.After(due) {
				due = o.WindowEnd
			}
		}
		if due.After(d.now) {
			d.tx.setDeadline(DueLastNotice, j.ID, &j.ID, due)
		}
	}
	return nil
}

// visitMoved lets the verdict follow a visit that was just saved. A visit that
// began is contact. What else a visit changes is whether a confirmed one lies
// ahead, which matters once the last notice runs: the clock judges that anew,
// from all facts, within its next second.
func visitMoved(d *Case, v *Visit) error {
	j := d.job
	at := v.begun()
	if at != nil && (j.LastContactAt == nil || at.After(*j.LastContactAt)) {
		j.LastContactAt = at
	}
	switch {
	case j.Status.Ended() || d.ending:
	case at != nil && j.Verdict == reach.Untried:
		j.Verdict = reach.Reached
	case at != nil && j.Verdict != reach.Reached:
		return reassess(d)
	case j.Verdict == reach.LastNotice || j.Verdict == reach.Unreachable:
		d.tx.setDeadline(DueLastNotice, j.ID, &j.ID, d.now)
	}
	return nil
}

func becomeUnreachable(d *Case, v reach.Verdict, visits []Visit) error {
	j := d.job
	since := d.now
	if v.UnreachableSince != nil {
		since = *v.UnreachableSince
	}
	h := &Hold{ID: d.tx.NewID(), Kind: HoldUnreachable, JobID: &j.ID, Reason: v.Explanation, By: string(RoleSystem),
		DueAt: ptr(since.AddDate(0, 0, d.closeAfter))}
	if err := Apply(h, "place", since); err != nil {
		return err
	}
	if err := d.tx.InsertHold(h); err != nil {
		return err
	}
	d.holds = append(d.holds, *h)
	d.entryAt(EntryTime{occurred: since, recorded: d.now}, System, "hold.placed", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind,
		"counts": v.Counts, "policy_version": v.PolicyVersion})
	for i := range visits {
		o := &visits[i]
		if o.Status != VisitScheduled || o.Confirmation == ConfirmConfirmed {
			continue
		}
		m := d.on(o)
		if err := cancelVisit(m, System, "household unreachable", "nobody"); err != nil {
			return err
		}
	}
	if err := notifyStaff(d, nil, "job.unreachable", RoleProprietor, RoleCoordinator); err != nil {
		return err
	}
	notifyCustomer(d, nil, "job.unreachable_home")
	return nil
}

// sendLastNotice sends the one written notice to a device or the webhook;
// without either the desk is told that the text is ready. To a household that
// uses no page the desk speaks once more. Once a case.
func sendLastNotice(d *Case, enough time.Time) error {
	spoken, kind := d.customer.VoiceOnly(), "job.notice_ready"
	if spoken {
		kind = "job.call_once_more"
	}
	devices, err := d.tx.CustomerDevices(d.customer.ID)
	if err != nil {
		return err
	}
	mark := fmt.Sprintf("last_notice|%s|%d", d.job.ID, enough.Unix())
	if !spoken && (len(devices) > 0 || d.tx.svc.TextGateway) {
		language := d.customer.LanguageOf(d.job.ContactID)
		d.tx.Enqueue(d.tx.svc.notice("job.last_notice", language, d.now, d.now.Add(48*time.Hour), d.about("job.last_notice", nil, language),
			func(n *Notice) {
				n.CustomerID, n.WithLink, n.High, n.DedupeKey = &d.customer.ID, true, true, &mark
			}))
		return nil
	}
	users, err := d.tx.UsersWith(RoleCoordinator, &d.job.CentreID, nil)
	if err != nil {
		return err
	}
	return notifyOnDuty(d.tx, users, d.centre, func(u *User) Notice {
		key := mark + "|" + u.ID.String()
		return d.tx.svc.notice(kind, u.Language, d.now, d.now.Add(72*time.Hour), toUser(u.ID), d.about(kind, nil, u.Language),
			func(n *Notice) { n.DedupeKey = &key })
	})
}

// NoticeAccepted is told by the delivery worker when a push or text was
// accepted for a household: its time to dispute what the notice tells of
// begins. The last notice becomes an attempt then: sent, proven by the
// receipt, and its 24 hours begin. Repeats change nothing that counts.
func (s *Service) NoticeAccepted(ctx context.Context, n Notice, channel, receipt string) error {
	if !Tells(n.Kind) || n.JobID == nil {
		return nil
	}
	return s.inWork(ctx, nil, func(tx *Work) error {
		now := tx.Now
		j, err := tx.LockJob(*n.JobID)
		if err != nil {
			return err
		}
		var visit *ID
		if noticesThatTell[n.Kind] != AboutAttempt {
			visit = n.VisitID
		}
		if err := tx.MarkNotified(j.ID, visit, now); err != nil {
			return err
		}
		if n.Kind != "job.last_notice" {
			tx.entry(j, System, "household.told", visit, at(now), map[string]any{"notice": n.Kind, "channel": channel})
			return nil
		}
		d, err := openCase(tx, j)
		if err != nil {
			return err
		}
		sum := HashToken(receipt)
		if _, err := recordAttempt(&Call{Actor: System}, d, nil, AttemptInput{ID: &n.ID, Direction: reach.Outbound, Channel: channel,
			Outcome: reach.Sent,
			Grade:   reach.Proven, EvidenceDigest: sum, LastNotice: true}); err != nil {
			return err
		}
		return nil
	})
}

// Reachability explains whether the household of a job can be reached. Who
// sees the job.
func (s *Service) Reachability(ctx context.Context, a Actor, job ID) (reach.Verdict, error) {
	if _, err := s.Read.Job(ctx, a.Scope(), job); err != nil {
		return reach.Verdict{}, err
	}
	var out reach.Verdict
	err := s.inWork(ctx, nil, func(tx *Work) error {
		j, err := tx.Job(job)
		if err != nil {
			return err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return err
		}
		out, _, err = verdict(d)
		return err
	})
	return out, err
}

// ContactByPhone logs a contact by phone number alone.
type ContactByPhone struct {
	ID         *ID        `json:"id"`
	Phone      string     `json:"phone"`
	Direction  string     `json:"direction"` // default inbound
	Channel    string     `json:"channel"`   // default phone
	Outcome    string     `json:"outcome"`   // default reached
	Note       string     `json:"note"`
	OccurredAt string     `json:"occurred_at"`
	Flag       *FlagInput `json:"flag"` // kind, level, note
}

// Accepted is the one answer of a blind report.
type Accepted struct {
	ID         ID        `json:"id"`
	Status     string    `json:"status"`
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
}

// LogContact records a contact by phone number alone. Any staff member; the
// answer is the same whether the number is known or not. An inbound contact
// counts on all open jobs of the household (docs/product.md section 2).
func (s *Service) LogContact(ctx context.Context, call *Call, in ContactByPhone) (Accepted, error) {
	if in.Direction == "" {
		in.Direction = reach.Inbound
	}
	if in.Channel == "" {
		in.Channel = reach.Phone
	}
	if in.Outcome == "" {
		in.Outcome = reach.Reached
	}
	if in.Flag != nil {
		if err := in.Flag.check(); err != nil {
			return Accepted{}, err
		}
	}
	where, err := s.localeDefaults(ctx, call.Actor)
	if err != nil {
		return Accepted{}, err
	}
	return run(ctx, s, call, func(tx *Work) (Accepted, error) {
		phone, err := s.phone(in.Phone, where.country, "/phone")
		if err != nil {
			return Accepted{}, err
		}
		if phone == "" {
			return Accepted{}, Fail(CodeUnprocessable, "Say which number.").At("/phone", "a phone number")
		}
		if !has(outcomesOf[in.Channel], in.Outcome) || in.Channel == reach.Doorstep {
			return Accepted{}, Fail(CodeUnprocessable, "%s cannot come of %s.", in.Outcome, in.Channel).
				At("/outcome", strings.Join(outcomesOf[in.Channel], ", "))
		}
		st, err := stamp(call, in.OccurredAt, location(where.zone), tx.Now)
		if err != nil {
			return Accepted{}, err
		}
		out := Accepted{ID: s.idOr(in.ID), Status: "accepted", OccurredAt: st.occurred, RecordedAt: tx.Now}
		if in.ID != nil { // the first fact of a report carries the client's id, known number or not
			if old, err := tx.Attempt(*in.ID); err == nil {
				return Accepted{old.ID, out.Status, old.OccurredAt, old.RecordedAt}, sameOr(old.Address == phone && old.Outcome == in.Outcome,
					"contact")
			} else if !notFound(err) {
				return out, err
			}
			if old, err := tx.UnmatchedContact(*in.ID); err == nil {
				return Accepted{old.ID, out.Status, old.OccurredAt, old.RecordedAt}, sameOr(old.Phone == phone && old.Outcome == in.Outcome, "contact")
			} else if !notFound(err) {
				return out, err
			}
		}
		customers, err := tx.CustomersByPhone(phone)
		if err != nil {
			return out, err
		}
		known := false
		for _, c := range customers {
			open, err := tx.OpenJobsOf(c)
			if err != nil {
				return out, err
			}
			if len(open) == 0 {
				continue
			}
			// An outbound try belongs to the latest job; inbound ones spread.
			first := open[0]
			for i := range open {
				if in.Direction == reach.Outbound && open[i].OpenedAt.After(first.OpenedAt) {
					first = open[i]
				}
			}
			j, err := tx.LockJob(first.ID)
			if err != nil {
				return out, err
			}
			d, err := openCase(tx, j)
			if err != nil {
				return out, err
			}
			id := out.ID
			if known {
				id = s.NewID() // a second household with this number
			}
			known = true
			if _, err := recordAttempt(call, d, nil, AttemptInput{ID: &id, Direction: in.Direction, Address: phone, Channel: in.Channel,
				Outcome: in.Outcome,
				Note:    in.Note, OccurredAt: in.OccurredAt}); err != nil {
				return out, err
			}
		}
		if !known {
			stray := UnmatchedContact{ID: out.ID, Phone: phone, Direction: in.Direction, Channel: in.Channel, Outcome: in.Outcome, Note: in.Note,
				ByID: call.Actor.UserID, OccurredAt: st.occurred, RecordedAt: tx.Now}
			if call.Actor.AreaID != (ID{}) {
				stray.AreaID = &call.Actor.AreaID
			}
			if err := tx.InsertUnmatchedContact(&stray); err != nil {
				return out, err
			}
		}
		if in.Flag != nil {
			f := &Flag{Kind: in.Flag.Kind, Level: *in.Flag.Level, Note: in.Flag.Note}
			if _, err := flagByPhone(tx, call, f, FlagInput{Phone: phone, OccurredAt: in.OccurredAt}, where.country); err != nil {
				return out, err
			}
		}
		return out, nil
	})
}

// PutPolicy sets a centre's stricter policy, or the brand's (centre nil).
// Admin. Errors: CodeUnprocessable with a sentence for each rule that is laxer than
// the brand's or makes no sense.
func (s *Service) PutPolicy(ctx context.Context, call *Call, centre *ID, rules reach.Policy, effectiveFrom string) (Policy, error) {
	return run(ctx, s, call, func(tx *Work) (Policy, error) {
		loc := time.UTC
		if centre != nil {
			c, err := authorizeCentre(tx, call.Actor, *centre)
			if err != nil {
				return Policy{}, err
			}
			loc = c.Location()
		}
		if err := mustAdmin(call.Actor, "sets policies"); err != nil {
			return Policy{}, err
		}
		lookup := ID{}
		if centre != nil {
			lookup = *centre
		}
		list, err := tx.Policies(lookup)
		if err != nil {
			return Policy{}, err
		}
		p := Policy{ID: s.NewID(), CentreID: centre, Number: 1, EffectiveFrom: tx.Now, CreatedBy: &call.Actor.UserID, CreatedAt: tx.Now}
		var brand []Policy
		for _, o := range list {
			if same(o.CentreID, centre) && o.Number >= p.Number {
				p.Number = o.Number + 1
			}
			if o.CentreID == nil {
				brand = append(brand, o)
			}
		}
		if effectiveFrom != "" {
			if p.EffectiveFrom, err = ParseInstant(effectiveFrom, loc, "/effective_from"); err != nil {
				return Policy{}, err
			}
			if p.EffectiveFrom.Before(tx.Now) {
				return Policy{}, Fail(CodeUnprocessable, "A policy does not reach into the past.").At("/effective_from", "now or later")
			}
		}
		rules.Version = fmt.Sprintf("brand-%d", p.Number)
		if centre != nil {
			rules.Version = fmt.Sprintf("centre-%s-%d", centre.String()[:8], p.Number)
		}
		wrong := rules.Validate()
		if centre != nil {
			wrong = append(wrong, rules.AtLeast(EffectivePolicy(brand, tx.Now))...)
		}
		if len(wrong) > 0 {
			e := Fail(CodeUnprocessable, "A centre's policy may only be stricter than the brand's, and must make sense.")
			for _, w := range wrong {
				e = e.At("/rules", w)
			}
			return Policy{}, e
		}
		p.Rules.V = rules
		return p, tx.PutPolicy(&p)
	})
}
