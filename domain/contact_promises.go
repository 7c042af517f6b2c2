package domain

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain/duty"
	"doorstep/domain/reach"
)

// PromiseInput makes a promise. Without an owner the caller owns it; without a
// due time it is due after two hours of duty. A due time outside the owner's
// duty moves to its next beginning.
type PromiseInput struct {
	ID         *ID    `json:"id"`
	Kind       string `json:"kind"` // default call_back
	What       string `json:"what"`
	OwnerID    *ID    `json:"owner_id"`
	DueAt      string `json:"due_at"`
	OccurredAt string `json:"occurred_at"`
}

// roster is when a member of staff is on duty: their own hours, else those in
// which their centre may call; whoever has no centre and no hours always is.
func roster(u *User, c *Centre, rules reach.Policy, leaves []Leave) duty.Roster {
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
func rosterOf(hours []Shift, dates []DayHours, c *Centre) duty.Roster {
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
func dutyOf(d *Case, u *User) (duty.Roster, error) {
	policies, err := d.tx.Policies(d.job.CentreID)
	if err != nil {
		return duty.Roster{}, err
	}
	leaves, err := d.tx.LeavesOf(u.ID, d.now.AddDate(0, 0, -1), d.now.AddDate(0, 0, 60))
	if err != nil {
		return duty.Roster{}, err
	}
	return roster(u, d.centre, EffectivePolicy(policies, d.now), leaves), nil
}

// chooseOwner finds who answers a household: whoever owned its last promise if
// on duty, else of those on duty at the desk the one with the fewest open
// promises, else whose duty begins first. Where there is no desk the
// proprietor, else the area manager.
func chooseOwner(d *Case) (*User, duty.Roster, error) {
	for _, role := range []Role{RoleCoordinator, RoleProprietor, RoleAreaManager} {
		var users []User
		var err error
		if role == RoleAreaManager {
			users, err = d.tx.UsersWith(role, nil, &d.job.AreaID)
		} else {
			users, err = d.tx.UsersWith(role, &d.job.CentreID, nil)
		}
		if err != nil {
			return nil, duty.Roster{}, err
		}
		if len(users) == 0 {
			continue
		}
		last, err := d.tx.LastPromiseOf(d.customer.ID)
		if err != nil && !notFound(err) {
			return nil, duty.Roster{}, err
		}
		best, bestRoster, bestFrom, bestLoad := -1, duty.Roster{}, time.Time{}, 0
		for i := range users {
			r, err := dutyOf(d, &users[i])
			if err != nil {
				return nil, duty.Roster{}, err
			}
			from, ok := r.Next(d.now)
			if !ok {
				from = d.now.AddDate(1, 0, 0)
			}
			if last != nil && last.OwnerID == users[i].ID && from.Equal(d.now) { // ownership is sticky
				return &users[i], r, nil
			}
			load, err := d.tx.OpenPromises(users[i].ID)
			if err != nil {
				return nil, duty.Roster{}, err
			}
			if best < 0 || from.Before(bestFrom) || from.Equal(bestFrom) && load < bestLoad {
				best, bestRoster, bestFrom, bestLoad = i, r, from, load
			}
		}
		return &users[best], bestRoster, nil
	}
	return nil, duty.Roster{}, Fail(CodePreconditionMissing, "Nobody of this centre or its area can own a promise.")
}

// promise writes a promise and starts its clock.
func promise(d *Case, a Actor, p *Promise, owner *User) error {
	if err := d.tx.apply(p, "promise"); err != nil {
		return err
	}
	p.JobID, p.CustomerID, p.CentreID, p.AreaID, p.OwnerID, p.Contacts = d.job.ID, d.customer.ID, d.job.CentreID, d.job.AreaID, owner.ID, 1
	if err := d.tx.InsertPromise(p); err != nil {
		return err
	}
	d.entry(a, "promise.made", nil, map[string]any{"promise_id": p.ID, "kind": p.Kind, "source": p.Source, "what": p.What,
		"owner_id": p.OwnerID, "due_at": p.DueAt})
	d.tx.setDeadline(DuePromise, p.ID, &p.JobID, p.DueAt)
	if a.UserID != owner.ID {
		return notifyOwner(d, p, owner, "promise.yours")
	}
	return nil
}

// notifyOwner tells one person of a promise; further news of the same one takes
// the place of the last.
func notifyOwner(d *Case, p *Promise, owner *User, kind string) error {
	leaves, err := d.tx.LeavesAt([]ID{owner.ID}, d.now)
	if err != nil {
		return err
	}
	when := momentWords(p.DueAt, d.centre.Location(), owner.Language)
	notifyOne(d.tx, d.tx.svc.notice(kind, owner.Language, d.now, d.now.Add(72*time.Hour), toUser(owner.ID), func(n *Notice) {
		n.JobID = &d.job.ID
		n.Title, n.Body = say(kind, owner.Language, when)
		n.CollapseKey = "promise-" + p.ID.String()[24:]
	}), owner, d.centre, leaves, nil)
	return nil
}

// MakePromise records the brand's word to a household. Staff who reach the
// job, the crew included. The owner is one of the job's centre, its area's
// manager or an agent. Errors: CodeNotFound, CodeForbidden, CodeUnprocessable,
// CodeDuplicate.
func (s *Service) MakePromise(ctx context.Context, call *Call, job ID, in PromiseInput) (PromiseView, error) {
	return run(ctx, s, call, func(tx *Work) (PromiseView, error) {
		a := call.Actor
		j, err := authorizeJob(tx, a, job)
		if err != nil {
			return PromiseView{}, err
		}
		if a.Role == RoleAdmin {
			return PromiseView{}, Fail(CodeForbidden, "As admin you may not make promises.")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return PromiseView{}, err
		}
		p := &Promise{Meta: newMeta(s.idOr(in.ID), tx.Now), Kind: in.Kind, Source: FromStaff, What: in.What, MadeBy: &a.UserID}
		if p.Kind == "" {
			p.Kind = PromiseCallBack
		}
		if !has(PromiseKinds, p.Kind) {
			return PromiseView{}, Fail(CodeUnprocessable, "That cannot be promised.").At("/kind", strings.Join(PromiseKinds, ", "))
		}
		if in.ID != nil {
			if old, err := tx.Promise(p.ID); err == nil {
				return old.View(a), sameOr(old.JobID == j.ID && old.Kind == p.Kind && old.What == p.What, "promise")
			} else if !notFound(err) {
				return PromiseView{}, err
			}
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return PromiseView{}, err
		}
		owner, err := promiseOwner(d, a, in.OwnerID)
		if err != nil {
			return PromiseView{}, err
		}
		on, err := dutyOf(d, owner)
		if err != nil {
			return PromiseView{}, err
		}
		p.DueAt = on.Add(tx.Now, promiseDue)
		if in.DueAt != "" {
			due, err := ParseInstant(in.DueAt, d.site.Location(), "/due_at")
			if err != nil {
				return PromiseView{}, err
			}
			if !due.After(tx.Now) || due.After(tx.Now.AddDate(0, 0, 60)) {
				return PromiseView{}, Fail(CodeUnprocessable, "A promise is due within 60 days.").At("/due_at", "later than now, within 60 days")
			}
			p.DueAt = due
			if next, ok := on.Next(due); ok {
				p.DueAt = next
			}
		}
		if err := promise(d, a, p, owner); err != nil {
			return PromiseView{}, err
		}
		return p.View(a), nil
	})
}

// promiseOwner finds the owner that was asked for: the caller themselves without.
func promiseOwner(d *Case, a Actor, want *ID) (*User, error) {
	if want == nil {
		want = &a.UserID
	}
	u, err := d.tx.User(*want)
	at := "somebody of the job's centre, its area manager, or an agent"
	if err != nil {
		return nil, meaningIfAbsent(err, "user", "/owner_id")
	}
	mine := u.CentreID != nil && *u.CentreID == d.job.CentreID && u.Role.OfCentre() || u.Role == RoleAgent ||
		u.Role == RoleAreaManager && (u.AreaID != nil && *u.AreaID == d.job.AreaID || u.ID == a.UserID)
	if u.Disabled || !mine {
		return nil, Fail(CodeUnprocessable, "This person cannot own a promise about this job.").At("/owner_id", at)
	}
	return u, nil
}

// KeepInput proves that a promise was kept.
type KeepInput struct {
	AttemptID  *ID           `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	Note       string        `json:"note"`
	OccurredAt string        `json:"occurred_at"`
}

func (s *Service) onPromise(ctx context.Context, call *Call, id ID, action, occurredAt string,
	fn func(*Case, *Promise) error) (PromiseView, error) {
	return run(ctx, s, call, func(tx *Work) (PromiseView, error) {
		p, err := tx.Promise(id)
		if err != nil {
			return PromiseView{}, err
		}
		j, err := tx.LockJob(p.JobID)
		if err != nil {
			return PromiseView{}, err
		}
		if !p.seenBy(call.Actor) {
			return PromiseView{}, NotFound("promise")
		}
		if p, err = tx.Promise(id); err != nil { // as it stands under the job's lock
			return PromiseView{}, err
		}
		if !p.mayTend(call.Actor) {
			return PromiseView{}, Fail(CodeForbidden, "As %s you may not answer for somebody else's promise.", roleWords(call.Actor.Role))
		}
		if err := PromiseMoves.check(action, string(p.Status)); err != nil {
			return PromiseView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return PromiseView{}, err
		}
		if err := d.stamp(call, occurredAt); err != nil {
			return PromiseView{}, err
		}
		if err := fn(d, p); err != nil {
			return PromiseView{}, err
		}
		return p.View(call.Actor), nil
	})
}

// seenBy reports whether a promise is in the actor's scope; its owner sees it
// wherever the job goes.
func (p *Promise) seenBy(a Actor) bool {
	return p.OwnerID == a.UserID || a.Role != RoleTechnician && a.reaches(p.CentreID, p.AreaID)
}

// KeepPromise ends a promise with the contact that proves it, made since the
// promise. The owner, the centre's desk and proprietor, the area manager,
// agents. Errors: CodePreconditionMissing without a contact, CodeState.
func (s *Service) KeepPromise(ctx context.Context, call *Call, id ID, in KeepInput) (PromiseView, error) {
	return s.onPromise(ctx, call, id, "keep", in.OccurredAt, func(d *Case, p *Promise) error {
		since := p.CreatedAt
		proof, err := contactSince(call, d, in.AttemptID, in.Contact, since)
		if err != nil {
			return err
		}
		old, err := d.tx.Promise(p.ID) // recording the contact may have kept it
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
func contactSince(call *Call, d *Case, attempt *ID, contact *AttemptInput, since time.Time) (*Attempt, error) {
	switch {
	case contact != nil:
		made, err := recordAttempt(call, d, nil, *contact)
		if err == nil && !made.Contact() {
			err = Fail(CodeUnprocessable, "Nobody was reached in this attempt.").At("/contact/outcome", "reached, or an inbound contact")
		}
		return made, err
	case attempt != nil:
		a, err := d.tx.Attempt(*attempt)
		if err != nil || a.JobID != d.job.ID || !a.Contact() || a.Discounted != "" || a.OccurredAt.Before(since) {
			return nil, Fail(CodeUnprocessable, "This attempt does not prove it.").At("/attempt_id", "a contact on this job since then")
		}
		return a, nil
	}
	return nil, Fail(CodePreconditionMissing, "Name the contact that proves it: attempt_id, or contact to record it now.").
		At("/attempt_id", "a contact on this job")
}

// keep ends a promise.
func keep(d *Case, a Actor, p *Promise, proof *Attempt) error {
	to := PromiseKept
	if proof.OccurredAt.After(p.DueAt) {
		to = PromiseKeptLate
	} else {
		p.BrokenAt = nil // the call came in time; only the news of it was late
	}
	if err := d.tx.apply(p, "keep", string(to)); err != nil {
		return err
	}
	p.KeptAt, p.KeptID = ptr(proof.OccurredAt), &proof.ID
	d.tx.Disarm(DuePromise, p.ID)
	p.changedAt(d.now)
	if err := d.tx.SavePromise(p); err != nil {
		return err
	}
	d.entryAt(at(d.now), a, "promise.kept", nil, map[string]any{"promise_id": p.ID, "attempt_id": proof.ID,
		"late": p.Status == PromiseKeptLate})
	return nil
}

// keepByCall lets an outbound contact keep what was promised: a call back.
func keepByCall(d *Case, a Actor, contact *Attempt) error {
	list, err := d.tx.PromisesDue(d.customer.ID)
	if err != nil {
		return err
	}
	for i := range list {
		p := &list[i]
		if p.Kind == PromiseCallBack && p.JobID == d.job.ID && !contact.OccurredAt.Before(p.CreatedAt) {
			if err := keep(d, a, p, contact); err != nil {
				return err
			}
		}
	}
	return nil
}

// HandOverInput gives a promise to somebody else.
type HandOverInput struct {
	OwnerID    *ID    `json:"owner_id"`
	Reason     string `json:"reason"`
	OccurredAt string `json:"occurred_at"`
}

// HandOver gives a promise to another owner; its due time and its ladder stay.
// Who as KeepPromise. Errors: CodeUnprocessable, CodeState.
func (s *Service) HandOver(ctx context.Context, call *Call, id ID, in HandOverInput) (PromiseView, error) {
	return s.onPromise(ctx, call, id, "hand-over", in.OccurredAt, func(d *Case, p *Promise) error {
		if in.OwnerID == nil {
			return Fail(CodeUnprocessable, "Say to whom.").At("/owner_id", "required")
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
		p.changedAt(d.now)
		if err := d.tx.SavePromise(p); err != nil {
			return err
		}
		d.entry(call.Actor, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": was, "to": owner.ID,
			"reason": in.Reason})
		if owner.ID == call.Actor.UserID {
			return nil
		}
		return notifyOwner(d, p, owner, "promise.yours")
	})
}

// promiseLate breaks a promise at its due time and climbs its ladder.
func promiseLate(tx *Work, id ID) error {
	p, err := tx.Promise(id)
	if notFound(err) {
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
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	if PromiseMoves.open("break", string(p.Status)) {
		if err := tx.apply(p, "break"); err != nil {
			return err
		}
		p.BrokenAt = ptr(p.DueAt)
		d.entryAt(EntryTime{occurred: p.DueAt, recorded: tx.Now}, System, "promise.broken", nil,
			map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID})
	}
	// A server that was away tells all who should have been told by now.
	for PromiseMoves.open("escalate", string(p.Status)) && p.Step < len(lateSteps) && !tx.Now.Before(p.DueAt.Add(lateSteps[p.Step].After)) {
		if err := notifyOfLateness(d, p, lateSteps[p.Step].To); err != nil {
			return err
		}
		p.Step++
	}
	if p.Step < len(lateSteps) {
		tx.setDeadline(DuePromise, p.ID, &p.JobID, p.DueAt.Add(lateSteps[p.Step].After))
	}
	p.changedAt(tx.Now)
	return tx.SavePromise(p)
}

func notifyOfLateness(d *Case, p *Promise, role Role) error {
	if role != "" {
		var users []User
		var err error
		if role == RoleAreaManager {
			users, err = d.tx.UsersWith(role, nil, &d.job.AreaID)
		} else {
			users, err = d.tx.UsersWith(role, &d.job.CentreID, nil)
		}
		if err != nil {
			return err
		}
		return notifyOnDuty(d.tx, users, d.centre, func(u *User) Notice {
			return d.tx.svc.notice("promise.late", u.Language, d.now, d.now.Add(72*time.Hour), toUser(u.ID), func(n *Notice) {
				n.JobID = &d.job.ID
				n.Title, n.Body = say("promise.late", u.Language, momentWords(p.DueAt, d.centre.Location(), u.Language))
			})
		})
	}
	owner, err := d.tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(d, p, owner, "promise.late")
}

// callMe is the household's "call me" or "I could not reach you": a promise
// with an owner and a due time. While one stands, asking again adds to it.
func callMe(k *request) error {
	if err := noteFits(k.in.Note); err != nil {
		return err
	}
	if k.job.Status.Ended() {
		return Fail(CodeState, "This job has ended; reopen it first.")
	}
	source := FromCallMe
	if k.in.Action == "could-not-reach" {
		source = FromCouldNotReach
	}
	k.entry(k.actor, "contact."+source, nil, map[string]any{"note": k.in.Note})
	standing, err := k.tx.PromisesDue(k.customer.ID)
	if err != nil {
		return err
	}
	owner, on, err := chooseOwner(k.Case)
	if err != nil {
		return err
	}
	due := on.Add(k.now, promiseDue)
	for i := range standing {
		p := &standing[i]
		if p.Kind != PromiseCallBack || p.JobID != k.job.ID && p.Source != FromCase || p.DueAt.After(due) {
			continue // a call that comes later than asked for is another promise
		}
		if k.folded { // the contact itself was added to the case already
			return nil
		}
		return addTo(k.Case, p)
	}
	p := &Promise{Meta: newMeta(k.tx.NewID(), k.now), Kind: PromiseCallBack, Source: source, What: k.in.Note, DueAt: due}
	if k.by != nil {
		p.MadeBy = &k.by.UserID
	}
	if k.contact != nil {
		p.ViaID = &k.contact.ID
	}
	return promise(k.Case, k.actor, p, owner)
}

// addTo counts a further contact to a promise and tells its owner again.
func addTo(d *Case, p *Promise) error {
	p.Contacts++
	p.changedAt(d.now)
	if err := d.tx.SavePromise(p); err != nil {
		return err
	}
	owner, err := d.tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(d, p, owner, "promise.again")
}

// groupContacts makes one case of many contacts: more than four of one household in an
// hour get one owner on duty, later ones are added, others are not rung, and
// the household is told who calls and by when (docs/product.md section 4).
func groupContacts(d *Case, a *Attempt) error {
	standing, err := d.tx.PromisesDue(d.customer.ID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(standing, func(p Promise) bool { return p.Source == FromCase }); i >= 0 {
		d.folded = true
		return addTo(d, &standing[i])
	}
	n, err := d.tx.InboundSince(d.customer.ID, a.OccurredAt.Add(-time.Hour), a.OccurredAt)
	if err != nil || n <= caseContacts || d.job.Status.Ended() || d.now.Sub(a.OccurredAt) > time.Hour {
		return err
	}
	owner, on, err := chooseOwner(d)
	if err != nil {
		return err
	}
	// A call that was promised already becomes part of the case.
	contacts := n
	for i := range standing {
		if p := &standing[i]; p.Kind == PromiseCallBack && p.Status == PromiseOpen && p.JobID == d.job.ID && p.Source != FromStaff {
			if owner, err = d.tx.User(p.OwnerID); err != nil {
				return err
			}
			p.Source, p.Contacts = FromCase, contacts
			p.changedAt(d.now)
			if err := d.tx.SavePromise(p); err != nil {
				return err
			}
			return caseTold(d, p, owner)
		}
	}
	p := &Promise{Meta: newMeta(d.tx.NewID(), d.now), Kind: PromiseCallBack, Source: FromCase, DueAt: on.Add(d.now, caseDue), ViaID: &a.ID}
	if err := promise(d, System, p, owner); err != nil {
		return err
	}
	p.Contacts = contacts
	if err := d.tx.SavePromise(p); err != nil {
		return err
	}
	return caseTold(d, p, owner)
}

func caseTold(d *Case, p *Promise, owner *User) error {
	d.folded = true
	d.entry(System, "case.opened", nil, map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID, "due_at": p.DueAt,
		"contacts": p.Contacts})
	language := d.customer.LanguageOf(d.job.ContactID)
	when := momentWords(p.DueAt, d.site.Location(), language)
	d.tx.Enqueue(d.tx.svc.notice("case.opened_home", language, d.now, p.DueAt.Add(time.Hour), func(n *Notice) {
		n.JobID, n.CustomerID, n.WithLink = &d.job.ID, &d.customer.ID, true
		n.Title, n.Body = say("case.opened_home", language, when)
		n.Title = strings.ReplaceAll(n.Title, "{who}", owner.FirstName())
	}))
	return nil
}

// ring tells the desk of what a household asks, unless its many contacts are
// one case by now: then its owner knows already.
func ring(k *request, kind string) error {
	if k.folded {
		return nil
	}
	return notifyStaff(k.Case, k.visit, kind, RoleCoordinator)
}

// momentWords says an instant: weekday, date and time of the place.
func momentWords(at time.Time, loc *time.Location, language string) string {
	at = at.In(loc)
	return dayWords(at, language) + " " + at.Format("15:04")
}
