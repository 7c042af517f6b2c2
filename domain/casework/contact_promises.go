package casework

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/duty"
	"doorstep/domain/reach"
)

// PromiseInput makes a promise. Without an owner the caller owns it; without a
// due time it is due after two hours of duty. A due time outside the owner's
// duty moves to its next beginning.
type PromiseInput struct {
	ID         *domain.ID `json:"id"`
	Kind       string     `json:"kind"` // default call_back
	What       string     `json:"what"`
	OwnerID    *domain.ID `json:"owner_id"`
	DueAt      string     `json:"due_at"`
	OccurredAt string     `json:"occurred_at"`
}

// roster is when a member of staff is on duty: their own hours, else those in
// which their centre may call; whoever has no centre and no hours always is.
func roster(u *domain.User, c *domain.Centre, rules reach.Policy, leaves []domain.Leave) duty.Roster {
	r := rosterOf(u.Hours, u.Exceptions, c)
	for _, l := range leaves {
		r.Away = append(r.Away, duty.Span{From: l.StartsAt, To: l.EndsAt})
	}
	if len(r.Shifts) == 0 && c != nil && u.Role.OfCentre() {
		for _, d := range c.WorkingDays {
			r.Shifts = append(r.Shifts, duty.Shift{Weekday: time.Weekday(d % 7), From: rules.OpensAt, To: rules.ClosesAt})
		}
	}
	return r
}

// rosterOf is weekly hours in a centre's zone, but for its holidays and for
// dates with other hours.
func rosterOf(hours []domain.Shift, dates []domain.DayHours, c *domain.Centre) duty.Roster {
	r := duty.Roster{Location: time.UTC, Holidays: map[string]bool{}}
	if c != nil {
		r.Location = c.Location()
		for _, h := range c.Holidays {
			r.Holidays[h] = true
		}
	}
	for _, h := range hours {
		r.Shifts = append(r.Shifts, duty.Shift{Weekday: time.Weekday(h.Weekday), From: h.From, To: h.To})
	}
	for _, day := range dates {
		shifts := []duty.Shift{}
		for _, h := range day.Hours {
			shifts = append(shifts, duty.Shift{From: h.From, To: h.To})
		}
		if r.Dates == nil {
			r.Dates = map[string][]duty.Shift{}
		}
		r.Dates[day.Date] = shifts
	}
	return r
}

// dutyOf reads when somebody of the job's centre, area or brand is on duty.
func dutyOf(d *Case, u *domain.User) (duty.Roster, error) {
	policies, err := d.Tx.Policies(d.Job.CentreID)
	if err != nil {
		return duty.Roster{}, err
	}
	leaves, err := d.Tx.LeavesOf(u.ID, d.Now.AddDate(0, 0, -1), d.Now.AddDate(0, 0, 60))
	if err != nil {
		return duty.Roster{}, err
	}
	return roster(u, d.Centre, EffectivePolicy(policies, d.Now), leaves), nil
}

// ChooseOwner finds who answers a household: whoever owned its last promise if
// on duty, else of those on duty at the desk the one with the fewest open
// promises, else whose duty begins first. Where there is no desk the
// proprietor, else the area manager.
func ChooseOwner(d *Case) (*domain.User, duty.Roster, error) {
	for _, role := range []domain.Role{domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager} {
		var users []domain.User
		var err error
		if role == domain.RoleAreaManager {
			users, err = d.Tx.UsersWith(role, nil, &d.Job.AreaID)
		} else {
			users, err = d.Tx.UsersWith(role, &d.Job.CentreID, nil)
		}
		if err != nil {
			return nil, duty.Roster{}, err
		}
		if len(users) == 0 {
			continue
		}
		last, err := d.Tx.LastPromiseOf(d.Customer.ID)
		if err != nil && !NotFound(err) {
			return nil, duty.Roster{}, err
		}
		best, bestRoster, bestFrom, bestLoad := -1, duty.Roster{}, time.Time{}, 0
		for i := range users {
			r, err := dutyOf(d, &users[i])
			if err != nil {
				return nil, duty.Roster{}, err
			}
			from, ok := r.Next(d.Now)
			if !ok {
				from = d.Now.AddDate(1, 0, 0)
			}
			if last != nil && last.OwnerID == users[i].ID && from.Equal(d.Now) { // ownership is sticky
				return &users[i], r, nil
			}
			load, err := d.Tx.OpenPromises(users[i].ID)
			if err != nil {
				return nil, duty.Roster{}, err
			}
			if best < 0 || from.Before(bestFrom) || from.Equal(bestFrom) && load < bestLoad {
				best, bestRoster, bestFrom, bestLoad = i, r, from, load
			}
		}
		return &users[best], bestRoster, nil
	}
	return nil, duty.Roster{}, domain.Fail(domain.CodePreconditionMissing, "Nobody of this centre or its area can own a promise.")
}

// Promise writes a promise and starts its clock.
func Promise(d *Case, a domain.Actor, p *domain.Promise, owner *domain.User) error {
	if err := d.Tx.Apply(p, "promise"); err != nil {
		return err
	}
	p.JobID, p.CustomerID, p.CentreID, p.AreaID, p.OwnerID, p.Contacts = d.Job.ID, d.Customer.ID, d.Job.CentreID, d.Job.AreaID, owner.ID, 1
	if err := d.Tx.InsertPromise(p); err != nil {
		return err
	}
	d.Entry(a, "promise.made", nil, map[string]any{"promise_id": p.ID, "kind": p.Kind, "source": p.Source, "what": p.What,
		"owner_id": p.OwnerID, "due_at": p.DueAt})
	d.Tx.SetDeadline(domain.DuePromise, p.ID, &p.JobID, p.DueAt)
	if a.UserID != owner.ID {
		return notifyOwner(d, p, owner, "promise.yours")
	}
	return nil
}

// notifyOwner tells one person of a promise; further news of the same one takes
// the place of the last.
func notifyOwner(d *Case, p *domain.Promise, owner *domain.User, kind string) error {
	leaves, err := d.Tx.LeavesAt([]domain.ID{owner.ID}, d.Now)
	if err != nil {
		return err
	}
	when := momentWords(p.DueAt, d.Centre.Location(), owner.Language)
	notifyOne(d.Tx, Notice(d.Tx.Svc, kind, owner.Language, d.Now, d.Now.Add(72*time.Hour), ToUser(owner.ID), func(n *domain.Notice) {
		n.JobID = &d.Job.ID
		n.Title, n.Body = domain.Say(kind, owner.Language, when)
		n.CollapseKey = "promise-" + p.ID.String()[24:]
	}), owner, d.Centre, leaves, nil)
	return nil
}

// MakePromise records the brand's word to a household. Staff who reach the
// job, the crew included. The owner is one of the job's centre, its area's
// manager or an agent. Errors: CodeNotFound, CodeForbidden, CodeUnprocessable,
// CodeDuplicate.
func (s *Service) MakePromise(ctx context.Context, call *Call, job domain.ID, in PromiseInput) (domain.PromiseView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.PromiseView, error) {
		a := call.Actor
		j, err := AuthorizeJob(tx, a, job)
		if err != nil {
			return domain.PromiseView{}, err
		}
		if a.Role == domain.RoleAdmin {
			return domain.PromiseView{}, domain.Fail(domain.CodeForbidden, "As admin you may not make promises.")
		}
		d, err := OpenCase(tx, j)
		if err != nil {
			return domain.PromiseView{}, err
		}
		p := &domain.Promise{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), Kind: in.Kind, Source: domain.FromStaff, What: in.What,
			MadeBy: &a.UserID}
		if p.Kind == "" {
			p.Kind = domain.PromiseCallBack
		}
		if !domain.Has(domain.PromiseKinds, p.Kind) {
			return domain.PromiseView{}, domain.Fail(domain.CodeUnprocessable, "That cannot be promised.").
				At("/kind", strings.Join(domain.PromiseKinds, ", "))
		}
		if in.ID != nil {
			if old, err := tx.Promise(p.ID); err == nil {
				return old.View(a), SameOr(old.JobID == j.ID && old.Kind == p.Kind && old.What == p.What, "promise")
			} else if !NotFound(err) {
				return domain.PromiseView{}, err
			}
		}
		if err := d.Stamp(call, in.OccurredAt); err != nil {
			return domain.PromiseView{}, err
		}
		owner, err := promiseOwner(d, a, in.OwnerID)
		if err != nil {
			return domain.PromiseView{}, err
		}
		on, err := dutyOf(d, owner)
		if err != nil {
			return domain.PromiseView{}, err
		}
		p.DueAt = on.Add(tx.Now, domain.PromiseDue)
		if in.DueAt != "" {
			due, err := domain.ParseInstant(in.DueAt, d.Site.Location(), "/due_at")
			if err != nil {
				return domain.PromiseView{}, err
			}
			if !due.After(tx.Now) || due.After(tx.Now.AddDate(0, 0, 60)) {
				return domain.PromiseView{}, domain.Fail(domain.CodeUnprocessable, "A promise is due within 60 days.").
					At("/due_at", "later than now, within 60 days")
			}
			p.DueAt = due
			if next, ok := on.Next(due); ok {
				p.DueAt = next
			}
		}
		if err := Promise(d, a, p, owner); err != nil {
			return domain.PromiseView{}, err
		}
		return p.View(a), nil
	})
}

// promiseOwner finds the owner that was asked for: the caller themselves without.
func promiseOwner(d *Case, a domain.Actor, want *domain.ID) (*domain.User, error) {
	if want == nil {
		want = &a.UserID
	}
	u, err := d.Tx.User(*want)
	at := "somebody of the job's centre, its area manager, or an agent"
	if err != nil {
		return nil, MeaningIfAbsent(err, "user", "/owner_id")
	}
	mine := u.CentreID != nil && *u.CentreID == d.Job.CentreID && u.Role.OfCentre() || u.Role == domain.RoleAgent ||
		u.Role == domain.RoleAreaManager && (u.AreaID != nil && *u.AreaID == d.Job.AreaID || u.ID == a.UserID)
	if u.Disabled || !mine {
		return nil, domain.Fail(domain.CodeUnprocessable, "This person cannot own a promise about this job.").At("/owner_id", at)
	}
	return u, nil
}

// KeepInput proves that a promise was kept.
type KeepInput struct {
	AttemptID  *domain.ID    `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	Note       string        `json:"note"`
	OccurredAt string        `json:"occurred_at"`
}

func (s *Service) onPromise(ctx context.Context, call *Call, id domain.ID, action, occurredAt string,
	fn func(*Case, *domain.Promise) error) (domain.PromiseView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.PromiseView, error) {
		p, err := tx.Promise(id)
		if err != nil {
			return domain.PromiseView{}, err
		}
		j, err := tx.LockJob(p.JobID)
		if err != nil {
			return domain.PromiseView{}, err
		}
		if !p.SeenBy(call.Actor) {
			return domain.PromiseView{}, domain.NotFound("promise")
		}
		if p, err = tx.Promise(id); err != nil { // as it stands under the job's lock
			return domain.PromiseView{}, err
		}
		if !p.MayTend(call.Actor) {
			return domain.PromiseView{}, domain.Fail(domain.CodeForbidden, "As %s you may not answer for somebody else's promise.",
				domain.RoleWords(call.Actor.Role))
		}
		if err := domain.PromiseMoves.Check(action, string(p.Status)); err != nil {
			return domain.PromiseView{}, err
		}
		d, err := OpenCase(tx, j)
		if err != nil {
			return domain.PromiseView{}, err
		}
		if err := d.Stamp(call, occurredAt); err != nil {
			return domain.PromiseView{}, err
		}
		if err := fn(d, p); err != nil {
			return domain.PromiseView{}, err
		}
		return p.View(call.Actor), nil
	})
}

// KeepPromise ends a promise with the contact that proves it, made since the
// promise. The owner, the centre's desk and proprietor, the area manager,
// agents. Errors: CodePreconditionMissing without a contact, CodeState.
func (s *Service) KeepPromise(ctx context.Context, call *Call, id domain.ID, in KeepInput) (domain.PromiseView, error) {
	return s.onPromise(ctx, call, id, "keep", in.OccurredAt, func(d *Case, p *domain.Promise) error {
		since := p.CreatedAt
		proof, err := contactSince(call, d, in.AttemptID, in.Contact, since)
		if err != nil {
			return err
		}
		old, err := d.Tx.Promise(p.ID) // recording the contact may have kept it
		if err != nil {
			return err
		}
		*p = *old
		if !p.Status.Due() {
			return nil
		}
		p.Note = in.Note
		return keep(d, call.Actor, p, proof)
	})
}

// contactSince finds or records a contact of any kind with the household.
func contactSince(call *Call, d *Case, attempt *domain.ID, contact *AttemptInput, since time.Time) (*domain.Attempt, error) {
	switch {
	case contact != nil:
		made, err := RecordAttempt(call, d, nil, *contact)
		if err == nil && !made.Contact() {
			err = domain.Fail(domain.CodeUnprocessable, "Nobody was reached in this attempt.").
				At("/contact/outcome", "reached, or an inbound contact")
		}
		return made, err
	case attempt != nil:
		a, err := d.Tx.Attempt(*attempt)
		if err != nil || a.JobID != d.Job.ID || !a.Contact() || a.Discounted != "" || a.OccurredAt.Before(since) {
			return nil, domain.Fail(domain.CodeUnprocessable, "This attempt does not prove it.").
				At("/attempt_id", "a contact on this job since then")
		}
		return a, nil
	}
	return nil, domain.Fail(domain.CodePreconditionMissing, "Name the contact that proves it: attempt_id, or contact to record it now.").
		At("/attempt_id", "a contact on this job")
}

// keep ends a promise.
func keep(d *Case, a domain.Actor, p *domain.Promise, proof *domain.Attempt) error {
	to := domain.PromiseKept
	if proof.OccurredAt.After(p.DueAt) {
		to = domain.PromiseKeptLate
	} else {
		p.BrokenAt = nil // the call came in time; only the news of it was late
	}
	if err := d.Tx.Apply(p, "keep", string(to)); err != nil {
		return err
	}
	p.KeptAt, p.KeptID = domain.Ptr(proof.OccurredAt), &proof.ID
	d.Tx.Disarm(domain.DuePromise, p.ID)
	p.ChangedAt(d.Now)
	if err := d.Tx.SavePromise(p); err != nil {
		return err
	}
	d.EntryAt(At(d.Now), a, "promise.kept", nil, map[string]any{"promise_id": p.ID, "attempt_id": proof.ID,
		"late": p.Status == domain.PromiseKeptLate})
	return nil
}

// keepByCall lets an outbound contact keep what was promised: a call back.
func keepByCall(d *Case, a domain.Actor, contact *domain.Attempt) error {
	list, err := d.Tx.PromisesDue(d.Customer.ID)
	if err != nil {
		return err
	}
	for i := range list {
		p := &list[i]
		if p.Kind == domain.PromiseCallBack && p.JobID == d.Job.ID && !contact.OccurredAt.Before(p.CreatedAt) {
			if err := keep(d, a, p, contact); err != nil {
				return err
			}
		}
	}
	return nil
}

// HandOverInput gives a promise to somebody else.
type HandOverInput struct {
	OwnerID    *domain.ID `json:"owner_id"`
	Reason     string     `json:"reason"`
	OccurredAt string     `json:"occurred_at"`
}

// HandOver gives a promise to another owner; its due time and its ladder stay.
// Who as KeepPromise. Errors: CodeUnprocessable, CodeState.
func (s *Service) HandOver(ctx context.Context, call *Call, id domain.ID, in HandOverInput) (domain.PromiseView, error) {
	return s.onPromise(ctx, call, id, "hand-over", in.OccurredAt, func(d *Case, p *domain.Promise) error {
		if in.OwnerID == nil {
			return domain.Fail(domain.CodeUnprocessable, "Say to whom.").At("/owner_id", "required")
		}
		owner, err := promiseOwner(d, call.Actor, in.OwnerID)
		if err != nil {
			return err
		}
		was := p.OwnerID
		if owner.ID == was {
			return nil
		}
		p.OwnerID = owner.ID
		p.ChangedAt(d.Now)
		if err := d.Tx.SavePromise(p); err != nil {
			return err
		}
		d.Entry(call.Actor, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": was, "to": owner.ID,
			"reason": in.Reason})
		if owner.ID == call.Actor.UserID {
			return nil
		}
		return notifyOwner(d, p, owner, "promise.yours")
	})
}

// PromiseLate breaks a promise at its due time and climbs its ladder.
func PromiseLate(tx *Work, id domain.ID) error {
	p, err := tx.Promise(id)
	if NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	j, err := tx.LockJob(p.JobID)
	if err != nil {
		return err
	}
	if p, err = tx.Promise(id); err != nil || !p.Status.Due() {
		return err
	}
	d, err := OpenCase(tx, j)
	if err != nil {
		return err
	}
	if domain.PromiseMoves.Open("break", string(p.Status)) {
		if err := tx.Apply(p, "break"); err != nil {
			return err
		}
		p.BrokenAt = domain.Ptr(p.DueAt)
		d.EntryAt(EntryTime{Occurred: p.DueAt, Recorded: tx.Now}, domain.System, "promise.broken", nil,
			map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID})
	}
	// A server that was away tells all who should have been told by now.
	for domain.PromiseMoves.Open("escalate", string(p.Status)) && p.Step < len(domain.LateSteps) &&
		!tx.Now.Before(p.DueAt.Add(domain.LateSteps[p.Step].After)) {
		if err := notifyOfLateness(d, p, domain.LateSteps[p.Step].To); err != nil {
			return err
		}
		p.Step++
	}
	if p.Step < len(domain.LateSteps) {
		tx.SetDeadline(domain.DuePromise, p.ID, &p.JobID, p.DueAt.Add(domain.LateSteps[p.Step].After))
	}
	p.ChangedAt(tx.Now)
	return tx.SavePromise(p)
}

func notifyOfLateness(d *Case, p *domain.Promise, role domain.Role) error {
	if role != "" {
		var users []domain.User
		var err error
		if role == domain.RoleAreaManager {
			users, err = d.Tx.UsersWith(role, nil, &d.Job.AreaID)
		} else {
			users, err = d.Tx.UsersWith(role, &d.Job.CentreID, nil)
		}
		if err != nil {
			return err
		}
		return NotifyOnDuty(d.Tx, users, d.Centre, func(u *domain.User) domain.Notice {
			return Notice(d.Tx.Svc, "promise.late", u.Language, d.Now, d.Now.Add(72*time.Hour), ToUser(u.ID), func(n *domain.Notice) {
				n.JobID = &d.Job.ID
				n.Title, n.Body = domain.Say("promise.late", u.Language, momentWords(p.DueAt, d.Centre.Location(), u.Language))
			})
		})
	}
	owner, err := d.Tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(d, p, owner, "promise.late")
}

// AddTo counts a further contact to a promise and tells its owner again.
func AddTo(d *Case, p *domain.Promise) error {
	p.Contacts++
	p.ChangedAt(d.Now)
	if err := d.Tx.SavePromise(p); err != nil {
		return err
	}
	owner, err := d.Tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(d, p, owner, "promise.again")
}

// groupContacts makes one case of many contacts: more than four of one household in an
// hour get one owner on duty, later ones are added, others are not rung, and
// the household is told who calls and by when (docs/product.md section 4).
func groupContacts(d *Case, a *domain.Attempt) error {
	standing, err := d.Tx.PromisesDue(d.Customer.ID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(standing, func(p domain.Promise) bool { return p.Source == domain.FromCase }); i >= 0 {
		d.Folded = true
		return AddTo(d, &standing[i])
	}
	n, err := d.Tx.InboundSince(d.Customer.ID, a.OccurredAt.Add(-time.Hour), a.OccurredAt)
	if err != nil || n <= domain.CaseContacts || d.Job.Status.Ended() || d.Now.Sub(a.OccurredAt) > time.Hour {
		return err
	}
	owner, on, err := ChooseOwner(d)
	if err != nil {
		return err
	}
	// A call that was promised already becomes part of the case.
	contacts := n
	for i := range standing {
		if p := &standing[i]; p.Kind == domain.PromiseCallBack && p.Status == domain.PromiseOpen && p.JobID == d.Job.ID &&
			p.Source != domain.FromStaff {
			if owner, err = d.Tx.User(p.OwnerID); err != nil {
				return err
			}
			p.Source, p.Contacts = domain.FromCase, contacts
			p.ChangedAt(d.Now)
			if err := d.Tx.SavePromise(p); err != nil {
				return err
			}
			return caseTold(d, p, owner)
		}
	}
	p := &domain.Promise{Meta: domain.NewMeta(d.Tx.NewID(), d.Now), Kind: domain.PromiseCallBack, Source: domain.FromCase,
		DueAt: on.Add(d.Now, domain.CaseDue), ViaID: &a.ID}
	if err := Promise(d, domain.System, p, owner); err != nil {
		return err
	}
	p.Contacts = contacts
	if err := d.Tx.SavePromise(p); err != nil {
		return err
	}
	return caseTold(d, p, owner)
}

func caseTold(d *Case, p *domain.Promise, owner *domain.User) error {
	d.Folded = true
	d.Entry(domain.System, "case.opened", nil, map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID, "due_at": p.DueAt,
		"contacts": p.Contacts})
	language := d.Customer.LanguageOf(d.Job.ContactID)
	when := momentWords(p.DueAt, d.Site.Location(), language)
	d.Tx.Enqueue(Notice(d.Tx.Svc, "case.opened_home", language, d.Now, p.DueAt.Add(time.Hour), func(n *domain.Notice) {
		n.JobID, n.CustomerID, n.WithLink = &d.Job.ID, &d.Customer.ID, true
		n.Title, n.Body = domain.Say("case.opened_home", language, when)
		n.Title = strings.ReplaceAll(n.Title, "{who}", owner.FirstName())
	}))
	return nil
}

// momentWords says an instant: weekday, date and time of the place.
func momentWords(at time.Time, loc *time.Location, language string) string {
	at = at.In(loc)
	return dayWords(at, language) + " " + at.Format("15:04")
}
