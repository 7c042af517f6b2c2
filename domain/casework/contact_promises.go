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
	// AttemptID or Contact is the contact of the caller's in which the household was told it.
	AttemptID *domain.ID    `json:"attempt_id"`
	Contact   *AttemptInput `json:"contact"`
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
func dutyOf(c *Case, u *domain.User) (duty.Roster, error) {
	policies, err := c.Tx.Policies(c.Job.CentreID)
	if err != nil {
		return duty.Roster{}, err
	}
	leaves, err := c.Tx.LeavesOf(u.ID, c.Now.AddDate(0, 0, -1), c.Now.AddDate(0, 0, 60))
	if err != nil {
		return duty.Roster{}, err
	}
	return roster(u, c.Centre, EffectivePolicy(policies, c.Now), leaves), nil
}

// ChooseOwner finds who answers a household: whoever owned its last promise if
// on duty, else of those on duty at the desk the one with the fewest open
// promises, else whose duty begins first. Where there is no desk the
// proprietor, else the area manager, else an agent; none of not.
func ChooseOwner(c *Case, not ...domain.ID) (*domain.User, duty.Roster, error) {
	for _, role := range []domain.Role{domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAgent} {
		centre, area := &c.Job.CentreID, (*domain.ID)(nil)
		if !role.OfCentre() {
			centre = nil
		}
		if role == domain.RoleAreaManager {
			area = &c.Job.AreaID
		}
		users, err := c.Tx.UsersWith(role, centre, area)
		if err != nil {
			return nil, duty.Roster{}, err
		}
		users = slices.DeleteFunc(users, func(u domain.User) bool { return slices.Contains(not, u.ID) })
		if len(users) == 0 {
			continue
		}
		last, err := c.Tx.LastPromiseOf(c.Customer.ID)
		if err != nil && !NotFound(err) {
			return nil, duty.Roster{}, err
		}
		best, bestRoster, bestFrom, bestLoad := -1, duty.Roster{}, time.Time{}, 0
		for i := range users {
			r, err := dutyOf(c, &users[i])
			if err != nil {
				return nil, duty.Roster{}, err
			}
			from, ok := r.Next(c.Now)
			if !ok {
				from = c.Now.AddDate(1, 0, 0)
			}
			if last != nil && last.OwnerID == users[i].ID && from.Equal(c.Now) { // ownership is sticky
				return &users[i], r, nil
			}
			owned, err := c.Tx.PromisesOf(users[i].ID)
			if err != nil {
				return nil, duty.Roster{}, err
			}
			load := len(owned)
			if best < 0 || from.Before(bestFrom) || from.Equal(bestFrom) && load < bestLoad {
				best, bestRoster, bestFrom, bestLoad = i, r, from, load
			}
		}
		return &users[best], bestRoster, nil
	}
	return nil, duty.Roster{}, domain.Fail(domain.CodePreconditionMissing, "Nobody of this centre or its area can own a promise.")
}

// nobodyOwns reports whether ChooseOwner found nobody. What was recorded stands all the
// same: a fact is never refused for want of somebody to act on it.
func nobodyOwns(err error) bool { return domain.IsCode(err, domain.CodePreconditionMissing) }

// MakePromise writes a promise and starts its clock.
func MakePromise(c *Case, a domain.Actor, p *domain.Promise, owner *domain.User) error {
	if err := c.Tx.Apply(p, "promise"); err != nil {
		return err
	}
	p.JobID, p.CustomerID, p.CentreID, p.AreaID, p.OwnerID, p.Contacts = c.Job.ID, c.Customer.ID, c.Job.CentreID, c.Job.AreaID, owner.ID, 1
	if err := tellPromise(c, p); err != nil {
		return err
	}
	if err := c.Tx.InsertPromise(p); err != nil {
		return err
	}
	c.Entry(a, "promise.made", nil, map[string]any{"promise_id": p.ID, "kind": p.Kind, "source": p.Source, "what": p.What,
		"owner_id": p.OwnerID, "due_at": p.DueAt})
	c.Tx.SetDeadline(domain.DuePromise, p.ID, &p.JobID, p.DueAt)
	if c.Job.SilentSince != nil {
		watchSilence(c.Tx, c.Job.ID)
	}
	if a.UserID == owner.ID {
		return nil
	}
	kind := "promise.yours"
	if p.Kind == domain.PromiseCallBack && (c.Job.SafetyCritical || domain.NewDanger(p.What)) {
		kind = "promise.now"
	}
	return notifyOwner(c, p, owner, kind)
}

// tellPromise tells the household of what staff promise it, and notes that it knows: by that, by the contact in which it was said, or
// because it asked for it.
func tellPromise(c *Case, p *domain.Promise) error {
	if p.Source != domain.FromStaff || p.ViaID != nil {
		p.ToldAt = domain.Ptr(c.Now)
		return nil
	}
	reached, err := c.noticesReach()
	if err != nil || !reached && p.ToldAt == nil {
		return err
	}
	p.ToldAt = domain.Ptr(c.Now)
	language := c.Customer.LanguageOf(c.Job.ContactID)
	c.notifyHome(NewNotice(c.Tx.Svc, "promise.made_home", language, c.Now, p.DueAt.Add(time.Hour), func(n *domain.Notice) {
		n.JobID, n.CustomerID, n.WithLink = &c.Job.ID, &c.Customer.ID, true
		n.Title, n.Body = domain.Say("promise.made_home", language, momentWords(p.DueAt, c.Site.Location(), language))
	}), nil)
	return nil
}

// noticesReach reports whether a notice reaches the household of a job: a device of its own, or a gateway for texts.
func (c *Case) noticesReach() (bool, error) {
	devices, err := ProvenDevices(c.Tx, c.Customer, c.Job.ID, c.Now)
	return !c.Customer.VoiceOnly() && (len(devices) > 0 || c.Tx.Svc.TextGateway), err
}

// saidTo finds or records the contact of an actor's own in which they told the household something; nil: none was named.
func saidTo(call *Call, c *Case, attempt *domain.ID, contact *AttemptInput) (*domain.Attempt, error) {
	if attempt == nil && contact == nil {
		return nil, nil
	}
	a, err := contactSince(call, c, attempt, contact, c.Now.Add(-domain.FactTooOld))
	if err == nil && (a.Outcome != reach.Reached || a.Request != "" || a.ByID == nil || *a.ByID != call.Actor.UserID) {
		err = domain.Fail(domain.CodeUnprocessable, "In this contact you did not speak with the household.").
			At("/attempt_id", "a contact of your own of the last 72 hours in which you spoke with it")
	}
	return a, err
}

// notifyOwner tells one person of a promise; further news of the same one takes
// the place of the last.
func notifyOwner(c *Case, p *domain.Promise, owner *domain.User, kind string) error {
	leaves, err := c.Tx.LeavesAt([]domain.ID{owner.ID}, c.Now)
	if err != nil {
		return err
	}
	when := momentWords(p.DueAt, c.Centre.Location(), owner.Language)
	notifyOne(c.Tx, NewNotice(c.Tx.Svc, kind, owner.Language, c.Now, c.Now.Add(72*time.Hour), ToUser(owner.ID), func(n *domain.Notice) {
		n.JobID = &c.Job.ID
		n.Title, n.Body = domain.Say(kind, owner.Language, when)
		n.CollapseKey = "promise-" + p.ID.String()[24:]
		n.High = kind == "promise.now"
	}), owner, c.Centre, leaves, nil)
	return nil
}

// MakePromise records the brand's word to a household. Staff who reach the
// job, the crew included. The owner is one of the job's centre, its area's
// manager or an agent. The household is told where a notice reaches it; else it counts as told by the contact in which the caller said it,
// and without either the promise ends no silence. Errors: CodeNotFound, CodeForbidden, CodeUnprocessable,
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
		c, err := OpenCase(tx, j)
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
		if p.Kind != domain.PromiseCallBack && strings.TrimSpace(p.What) == "" {
			return domain.PromiseView{}, domain.Fail(domain.CodeUnprocessable, "Say what is promised.").At("/what", "a few words")
		}
		if in.ID != nil {
			if old, err := tx.Promise(p.ID); err == nil {
				return old.View(a), SameOr(old.JobID == j.ID && old.Kind == p.Kind && old.What == p.What)
			} else if !NotFound(err) {
				return domain.PromiseView{}, err
			}
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.PromiseView{}, err
		}
		owner, err := promiseOwner(c, a, in.OwnerID)
		if err != nil {
			return domain.PromiseView{}, err
		}
		on, err := dutyOf(c, owner)
		if err != nil {
			return domain.PromiseView{}, err
		}
		p.DueAt = on.Add(tx.Now, domain.PromiseDue)
		if in.DueAt != "" {
			due, err := domain.ParseInstant(in.DueAt, c.Site.Location(), "/due_at")
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
		if said, err := saidTo(call, c, in.AttemptID, in.Contact); err != nil {
			return domain.PromiseView{}, err
		} else if said != nil {
			p.ToldAt = domain.Ptr(said.OccurredAt)
		}
		if err := MakePromise(c, a, p, owner); err != nil {
			return domain.PromiseView{}, err
		}
		return p.View(a), nil
	})
}

// promiseOwner finds the owner that was asked for: the caller themselves without.
func promiseOwner(c *Case, a domain.Actor, want *domain.ID) (*domain.User, error) {
	if want == nil {
		want = &a.UserID
	}
	u, err := c.Tx.User(*want)
	at := "somebody of the job's centre, its area manager, or an agent"
	cannot := domain.Fail(domain.CodeUnprocessable, "This person cannot own a promise about this job.").At("/owner_id", at)
	if NotFound(err) {
		return nil, cannot
	} else if err != nil {
		return nil, err
	}
	standsIn := u.Role == domain.RoleAreaManager && u.ID == a.UserID && !u.Disabled
	if !standsIn && !mayOwn(u, c.Job.CentreID, c.Job.AreaID) {
		return nil, cannot
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

func onPromise(ctx context.Context, s *Service, call *Call, id domain.ID, action, occurredAt string,
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
		c, err := OpenCase(tx, j)
		if err != nil {
			return domain.PromiseView{}, err
		}
		if err := c.Stamp(call, occurredAt); err != nil {
			return domain.PromiseView{}, err
		}
		if err := fn(c, p); err != nil {
			return domain.PromiseView{}, err
		}
		return p.View(call.Actor), nil
	})
}

// KeepPromise ends a promise with the contact that proves it, made since the
// promise. The owner, the centre's desk and proprietor, the area manager,
// agents. Errors: CodePreconditionMissing without a contact, CodeState.
func (s *Service) KeepPromise(ctx context.Context, call *Call, id domain.ID, in KeepInput) (domain.PromiseView, error) {
	return onPromise(ctx, s, call, id, "keep", in.OccurredAt, func(c *Case, p *domain.Promise) error {
		since := p.CreatedAt
		proof, err := contactSince(call, c, in.AttemptID, in.Contact, since)
		if err != nil {
			return err
		}
		old, err := c.Tx.Promise(p.ID) // recording the contact may have kept it
		if err != nil {
			return err
		}
		*p = *old
		if !p.Status.Due() {
			return nil
		}
		p.Note = in.Note
		return keep(c, call.Actor, p, proof)
	})
}

// contactSince finds or records a contact of any kind with the household.
func contactSince(call *Call, c *Case, attempt *domain.ID, contact *AttemptInput, since time.Time) (*domain.Attempt, error) {
	switch {
	case contact != nil:
		made, err := AddAttempt(call, c, nil, *contact)
		if err == nil && (!made.Contact() || made.Outcome == reach.CutOff) {
			err = domain.Fail(domain.CodeUnprocessable, "Nobody was reached in this attempt.").
				At("/contact/outcome", "reached, or an inbound contact")
		}
		return made, err
	case attempt != nil:
		a, err := c.Tx.Attempt(*attempt)
		if err != nil || a.JobID != c.Job.ID || !a.Contact() || a.Outcome == reach.CutOff || a.Discounted != "" ||
			a.OccurredAt.Before(since) {
			return nil, domain.Fail(domain.CodeUnprocessable, "This attempt does not prove it.").
				At("/attempt_id", "a contact on this job since then")
		}
		return a, nil
	}
	return nil, domain.Fail(domain.CodePreconditionMissing, "Name the contact that proves it: attempt_id, or contact to record it now.").
		At("/attempt_id", "a contact on this job")
}

// keep ends a promise.
func keep(c *Case, a domain.Actor, p *domain.Promise, proof *domain.Attempt) error {
	to := domain.PromiseKept
	switch told := p.Status == domain.PromiseBroken && proof.Grade == reach.Declared; {
	case proof.OccurredAt.After(p.DueAt), told: // what is only said once it is broken mends nothing
		to = domain.PromiseKeptLate
	default:
		p.BrokenAt = nil // the call came in time; only the news of it was late
	}
	if err := c.Tx.Apply(p, "keep", string(to)); err != nil {
		return err
	}
	p.KeptAt, p.KeptID = domain.Ptr(proof.OccurredAt), &proof.ID
	watchSilence(c.Tx, c.Job.ID)
	c.Tx.Disarm(domain.DuePromise, p.ID)
	p.ChangedAt(c.Now)
	if err := c.Tx.SavePromise(p); err != nil {
		return err
	}
	c.EntryAt(At(c.Now), a, "promise.kept", nil, map[string]any{"promise_id": p.ID, "attempt_id": proof.ID,
		"late": p.Status == domain.PromiseKeptLate})
	return nil
}

// keepByCall lets an outbound contact keep what was promised: a call back.
func keepByCall(c *Case, a domain.Actor, contact *domain.Attempt) error {
	list, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range list {
		p := &list[i]
		if p.Kind == domain.PromiseCallBack && p.JobID == c.Job.ID && !contact.OccurredAt.Before(p.CreatedAt) {
			if err := keep(c, a, p, contact); err != nil {
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
	return onPromise(ctx, s, call, id, "hand-over", in.OccurredAt, func(c *Case, p *domain.Promise) error {
		if in.OwnerID == nil {
			return domain.Fail(domain.CodeUnprocessable, "Say to whom.").At("/owner_id", "required")
		}
		owner, err := promiseOwner(c, call.Actor, in.OwnerID)
		if err != nil {
			return err
		}
		was := p.OwnerID
		if owner.ID == was {
			return nil
		}
		p.OwnerID = owner.ID
		p.ChangedAt(c.Now)
		if err := c.Tx.SavePromise(p); err != nil {
			return err
		}
		c.Entry(call.Actor, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": was, "to": owner.ID,
			"reason": in.Reason})
		if owner.ID == call.Actor.UserID {
			return nil
		}
		return notifyOwner(c, p, owner, "promise.yours")
	})
}

// openDuePromise opens the case of a promise, and gives it as it stands under the job's
// lock; nil: it is gone, or nobody has to keep it any more.
func openDuePromise(tx *Work, id domain.ID) (*Case, *domain.Promise, error) {
	p, err := tx.Promise(id)
	if NotFound(err) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	j, err := tx.LockJob(p.JobID)
	if err != nil {
		return nil, nil, err
	}
	if p, err = tx.Promise(id); err != nil || !p.Status.Due() {
		return nil, nil, err
	}
	c, err := OpenCase(tx, j)
	return c, p, err
}

// PromiseLate breaks a promise at its due time and climbs its ladder.
func PromiseLate(tx *Work, id domain.ID) error {
	c, p, err := openDuePromise(tx, id)
	if err != nil || p == nil {
		return err
	}
	if domain.PromiseMoves.Open("break", string(p.Status)) {
		if err := tx.Apply(p, "break"); err != nil {
			return err
		}
		p.BrokenAt = domain.Ptr(p.DueAt)
		c.EntryAt(EntryTime{Occurred: p.DueAt, Recorded: tx.Now}, domain.System, "promise.broken", nil,
			map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID})
	}
	// A server that was away tells all who should have been told by now.
	for domain.PromiseMoves.Open("escalate", string(p.Status)) && p.Step < len(domain.LateSteps) &&
		!tx.Now.Before(p.DueAt.Add(domain.LateSteps[p.Step].After)) {
		if err := notifyOfLateness(c, p, domain.LateSteps[p.Step].To); err != nil {
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

func notifyOfLateness(c *Case, p *domain.Promise, role domain.Role) error {
	if role != "" {
		var users []domain.User
		var err error
		if role == domain.RoleAreaManager {
			users, err = c.Tx.UsersWith(role, nil, &c.Job.AreaID)
		} else {
			users, err = c.Tx.UsersWith(role, &c.Job.CentreID, nil)
		}
		if err != nil {
			return err
		}
		return NotifyOnDuty(c.Tx, users, c.Centre, func(u *domain.User) domain.Notice {
			return NewNotice(c.Tx.Svc, "promise.late", u.Language, c.Now, c.Now.Add(72*time.Hour), ToUser(u.ID), func(n *domain.Notice) {
				n.JobID = &c.Job.ID
				n.Title, n.Body = domain.Say("promise.late", u.Language, momentWords(p.DueAt, c.Centre.Location(), u.Language))
			})
		})
	}
	owner, err := c.Tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(c, p, owner, "promise.late")
}

// AddTo counts a further contact to a promise. Its owner was told once; they are told
// again, at any hour, only of a danger of which nothing was said before and of what a
// safety-critical job says.
func AddTo(c *Case, p *domain.Promise, words string) error {
	p.Contacts++
	return addWords(c, p, words, c.Job.SafetyCritical)
}

// AddWords adds what a contact says that was counted already.
func AddWords(c *Case, p *domain.Promise, words string) error { return addWords(c, p, words, false) }

// promiseWords bounds what the words of all contacts may become together.
const promiseWords = 4000

func addWords(c *Case, p *domain.Promise, words string, rings bool) error {
	rings = rings || domain.NewDanger(words, p.What)
	if words != "" && !strings.Contains(p.What, words) && len(p.What)+len(words) < promiseWords {
		p.What = strings.TrimPrefix(p.What+"\n"+words, "\n")
	}
	p.ChangedAt(c.Now)
	if err := c.Tx.SavePromise(p); err != nil || !rings {
		return err
	}
	owner, err := c.Tx.User(p.OwnerID)
	if err != nil {
		return err
	}
	return notifyOwner(c, p, owner, "promise.now")
}

// spoken is what somebody wrote down of a contact; a request by link keeps its words
// with the request.
func spoken(a *domain.Attempt) string {
	if a.Request != "" {
		return ""
	}
	return a.Note
}

// callBackCutOff lets whoever spoke when the line went dead call back within minutes,
// so that the story goes on where it ended: what they wrote down of it stands with the
// promise. Where they cannot own one, the desk does.
func callBackCutOff(a domain.Actor, c *Case, cut *domain.Attempt) error {
	if c.Job.Status.Ended() || cut.ByID == nil || c.Now.Sub(cut.OccurredAt) > time.Hour {
		return nil
	}
	owner, err := c.Tx.User(*cut.ByID)
	if err != nil {
		return err
	}
	if !mayOwn(owner, c.Job.CentreID, c.Job.AreaID) {
		if owner, _, err = ChooseOwner(c); nobodyOwns(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
	p := &domain.Promise{Meta: domain.NewMeta(c.Tx.NewID(), c.Now), Kind: domain.PromiseCallBack, Source: domain.FromStaff, What: cut.Note,
		DueAt: c.Now.Add(domain.CutOffDue), ViaID: &cut.ID, MadeBy: cut.ByID}
	if err := MakePromise(c, a, p, owner); err != nil {
		return err
	}
	tellWhoCalls(c, p, owner, "case.opened_home")
	return nil
}

// afterEndedCall lets somebody else call a household back whose abusive call was
// ended, in their duty hours, and tells it so. What whoever ended it owed the household
// is no longer theirs.
func afterEndedCall(a domain.Actor, c *Case, ended *domain.Attempt) error {
	if c.Job.Status.Ended() {
		return nil
	}
	owner, on, err := ChooseOwner(c, a.UserID)
	if nobodyOwns(err) {
		return nil
	} else if err != nil {
		return err
	}
	due := on.Add(c.Now, domain.PromiseDue)
	standing, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	var next *domain.Promise
	for i := range standing {
		p := &standing[i]
		if p.JobID != c.Job.ID || p.Kind != domain.PromiseCallBack {
			continue
		}
		if p.OwnerID == a.UserID {
			p.OwnerID = owner.ID
			if p.Status == domain.PromiseOpen {
				p.DueAt = due
				c.Tx.SetDeadline(domain.DuePromise, p.ID, &p.JobID, p.DueAt)
			}
			p.ChangedAt(c.Now)
			if err := c.Tx.SavePromise(p); err != nil {
				return err
			}
			c.Entry(a, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": a.UserID, "to": owner.ID, "due_at": p.DueAt})
			if err := notifyOwner(c, p, owner, "promise.yours"); err != nil {
				return err
			}
		}
		if p.Status == domain.PromiseOpen && (next == nil || p.DueAt.Before(next.DueAt)) {
			next = p
		}
	}
	if next == nil {
		next = &domain.Promise{Meta: domain.NewMeta(c.Tx.NewID(), c.Now), Kind: domain.PromiseCallBack, Source: domain.FromStaff,
			What:  ended.Note,
			DueAt: due, ViaID: &ended.ID, MadeBy: &a.UserID}
		if err := MakePromise(c, a, next, owner); err != nil {
			return err
		}
	} else if owner, err = c.Tx.User(next.OwnerID); err != nil {
		return err
	}
	tellWhoCalls(c, next, owner, "call.ended_home")
	return nil
}

// callBackFromDesk promises a household that got in touch with somebody who does not answer
// for its job, an agent, another centre's desk, another area's manager, that its own desk
// calls back, and tells it so. A call that it waits for already is that call; what it asked
// for by voice is dealt with as that.
func callBackFromDesk(a domain.Actor, c *Case, taken *domain.Attempt) error {
	if c.Grouped || c.Job.Status.Ended() || taken.Request != "" || taken.Outcome == reach.CutOff ||
		c.Now.Sub(taken.OccurredAt) > 24*time.Hour ||
		a.Is(domain.RoleCustomer, domain.RoleSystem) || AtDesk(a, c.Job) {
		return nil
	}
	standing, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range standing {
		if p := &standing[i]; p.Kind == domain.PromiseCallBack {
			return AddTo(c, p, spoken(taken))
		}
	}
	owner, on, err := ChooseOwner(c, a.UserID)
	if nobodyOwns(err) {
		return nil
	} else if err != nil {
		return err
	}
	p := &domain.Promise{Meta: domain.NewMeta(c.Tx.NewID(), c.Now), Kind: domain.PromiseCallBack, Source: domain.FromCallMe,
		What: spoken(taken), DueAt: on.Add(c.Now, domain.PromiseDue), ViaID: &taken.ID, MadeBy: &a.UserID}
	if err := MakePromise(c, a, p, owner); err != nil {
		return err
	}
	tellWhoCalls(c, p, owner, "case.opened_home")
	return nil
}

// groupContacts makes one case of many contacts: more than four of one household in an
// hour get one owner on duty, later ones are added, others are not rung, and
// the household is told who calls and by when (docs/product.md section 4).
func groupContacts(c *Case, a *domain.Attempt) error {
	standing, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(standing, func(p domain.Promise) bool { return p.Source == domain.FromCase }); i >= 0 {
		c.Grouped = true
		return AddTo(c, &standing[i], spoken(a))
	}
	n, err := c.Tx.InboundSince(c.Customer.ID, a.OccurredAt.Add(-time.Hour), a.OccurredAt)
	if err != nil || n <= domain.CaseContacts || c.Job.Status.Ended() || c.Now.Sub(a.OccurredAt) > time.Hour {
		return err
	}
	owner, on, err := ChooseOwner(c)
	if err != nil {
		return err
	}
	// A call that was promised already becomes part of the case.
	contacts := n
	for i := range standing {
		if p := &standing[i]; p.Kind == domain.PromiseCallBack && p.Status == domain.PromiseOpen && p.JobID == c.Job.ID &&
			p.Source != domain.FromStaff {
			if owner, err = c.Tx.User(p.OwnerID); err != nil {
				return err
			}
			p.Source, p.Contacts = domain.FromCase, contacts
			if err := addWords(c, p, spoken(a), c.Job.SafetyCritical); err != nil {
				return err
			}
			return caseTold(c, p, owner, p.MadeBy != nil)
		}
	}
	p := &domain.Promise{Meta: domain.NewMeta(c.Tx.NewID(), c.Now), Kind: domain.PromiseCallBack, Source: domain.FromCase, What: spoken(a),
		DueAt: on.Add(c.Now, domain.CaseDue), ViaID: &a.ID}
	if err := MakePromise(c, domain.System, p, owner); err != nil {
		return err
	}
	p.Contacts = contacts
	if err := c.Tx.SavePromise(p); err != nil {
		return err
	}
	return caseTold(c, p, owner, false)
}

func caseTold(c *Case, p *domain.Promise, owner *domain.User, homeKnows bool) error {
	c.Grouped = true
	c.Entry(domain.System, "case.opened", nil, map[string]any{"promise_id": p.ID, "owner_id": p.OwnerID, "due_at": p.DueAt,
		"contacts": p.Contacts})
	if !homeKnows {
		tellWhoCalls(c, p, owner, "case.opened_home")
	}
	return nil
}

// tellWhoCalls tells a household who calls, and by when.
func tellWhoCalls(c *Case, p *domain.Promise, owner *domain.User, kind string) {
	language := c.Customer.LanguageOf(c.Job.ContactID)
	when := momentWords(p.DueAt, c.Site.Location(), language)
	c.Tx.Enqueue(NewNotice(c.Tx.Svc, kind, language, c.Now, p.DueAt.Add(time.Hour), func(n *domain.Notice) {
		n.JobID, n.CustomerID, n.WithLink = &c.Job.ID, &c.Customer.ID, true
		n.Title, n.Body = domain.Say(kind, language, when)
		n.Title = strings.ReplaceAll(n.Title, "{who}", owner.FirstName())
	}))
}

// momentWords says an instant: weekday, date and time of the place.
func momentWords(at time.Time, loc *time.Location, language string) string {
	at = at.In(loc)
	return domain.DayWords(at, language) + " " + at.Format("15:04")
}
