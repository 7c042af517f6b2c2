package customers

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// LinkAction is what a household asks, on its page or by voice.
type LinkAction struct {
	Action    string // a name of RequestHandlers
	FormKey   string
	Date      string // of another-time: YYYY-MM-DD in the site's zone
	Part      string // morning, afternoon, evening, any
	Window    string // the start of a window that was offered, to be kept for a while
	Take      bool   // what is kept is scheduled
	Note      string
	AttemptID *domain.ID // of dispute
	VisitID   *domain.ID // of dispute
	Claim     string     // of dispute
	Reason    string     // of dispute
	// Of passport; what is nil stays.
	Fault, WhatMatters, Step *string
	Result                   string // of Step
	Text                     string // of thanks
	// Of report, with Note.
	What      string     // one of ConductWhat
	SubjectID *domain.ID // whom it is about; nil: somebody else
	Code      string     // of verify and undo by a link that staff have read
	Device    *domain.ID // with it: what this browser registered by that link
}

// VoiceInput is what a desk writes down for a caller: the same actions as the
// link's, with the contact in which they were asked.
type VoiceInput struct {
	Action     string     `json:"action"`
	Date       string     `json:"date"`
	Part       string     `json:"part"`
	Window     string     `json:"window_start"` // of another-time: of a window that slots offers
	Take       bool       `json:"take"`         // of another-time: schedule what is kept
	Note       string     `json:"note"`
	DisputedID *domain.ID `json:"attempt_id"` // of dispute
	VisitID    *domain.ID `json:"visit_id"`   // of dispute
	Claim      string     `json:"claim"`
	Reason     string     `json:"reason"`
	// Of passport and thanks, as of the link.
	Fault       *string                `json:"fault"`
	WhatMatters *string                `json:"what_matters"`
	Step        *string                `json:"step"`
	Result      string                 `json:"result"`
	Text        string                 `json:"text"`
	What        string                 `json:"what"`               // of report
	SubjectID   *domain.ID             `json:"subject_id"`         // of report
	Phone       string                 `json:"phone"`              // of wrong-person: the number that is somebody else's
	AttemptID   *domain.ID             `json:"contact_attempt_id"` // the contact; without it and contact the call is recorded now
	Contact     *casework.AttemptInput `json:"contact"`
	OccurredAt  string                 `json:"occurred_at"`
}

// VoiceAnswer is what came of a caller's wish.
type VoiceAnswer struct {
	Done       string         `json:"done"`
	ContactID  *domain.ID     `json:"contact_attempt_id"`
	Held       *HeldSlot      `json:"held"` // a window that is kept for the household
	Job        domain.JobView `json:"job"`
	TellCaller string         `json:"tell_caller"` // of what waits for the household's own word
}

// Head gives id and version for Location and ETag.
func (v VoiceAnswer) Head() (domain.ID, int64) { return v.Job.ID, v.Job.Version }

// Request is one wish of a household while it is carried out. Facts are the
// household's own also when a desk wrote them down; then they name the desk.
type Request struct {
	*casework.Case
	Visit    *domain.Visit // the one that the page speaks of
	Visits   []domain.Visit
	link     *domain.Link    // nil by voice
	By       *domain.Actor   // who wrote it down; nil by link
	Actor    domain.Actor    // the household
	call     *casework.Call  // with the household as actor
	contact  *domain.Attempt // in which it was asked
	phone    string          // of wrong-person by voice
	verified string          // how what came by a link that staff had read was verified: link, desk, default
	In       LinkAction
	dispute  *domain.Dispute // what came of dispute
	kept     *HeldSlot       // a window that is kept now
	next     *domain.Visit   // of another-time: the visit at the time that was taken
	done     string          // what was done, where the action alone does not say it
	refused  error           // the answer, where something was kept all the same
}

// How says by which way a wish came: link or voice.
func (k *Request) How() string {
	if k.By != nil {
		return "voice"
	}
	return "link"
}

// visitByID finds a visit of the job; the one the page speaks of is the same
// object, so that it is saved once.
func (k *Request) visitByID(id domain.ID) *domain.Visit {
	for i := range k.Visits {
		if k.Visits[i].ID == id {
			return &k.Visits[i]
		}
	}
	return nil
}

func (k *Request) move() *casework.VisitCase {
	return k.Case.On(k.Visit)
}

// bound asks speak of the visit as the page showed it; when that has changed
// the household looks again first.
var bound = []string{"confirm", "cancel", "another-time", "done"}

// LinkAct carries out one action of the page. done is the action, or "already"
// when it was done before. State is read anew; a stale form is answered with
// CodeState and explains itself. Errors: CodeNotFound, CodeState,
// CodeUnprocessable.
func (s *Service) LinkAct(ctx context.Context, token string, in LinkAction) (done string, err error) {
	var refused error // after the contact was recorded: a late tap is contact all the same
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		refused = nil
		now := tx.Now
		l, j, visits, err := openLink(tx, token, true)
		if err != nil {
			return err
		}
		rule, known := domain.HouseholdActions[in.Action]
		if !known {
			return domain.NotFound("action")
		}
		effect := rule.ByLink(l.Read())
		done = in.Action
		v := currentVisit(visits)
		mark, ok := s.readForm(l, in.FormKey, now)
		if !ok {
			return domain.Fail(domain.CodeState, "The page had been open for a while. Please look at it again and tap once more.")
		}
		fresh, err := tx.UseFormKey(domain.HashToken(in.Action+" "+in.FormKey), l.ID, now)
		if err != nil {
			return err
		}
		if !fresh {
			done = "already"
			return nil
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return err
		}
		actor := domain.Actor{Role: domain.RoleCustomer, JobID: j.ID, Name: "customer"}
		k := &Request{Case: c, Visit: v, Visits: visits, link: l, Actor: actor, call: &casework.Call{Actor: actor}, In: in}
		stale := mark != visitMark(v) && domain.Has(bound, in.Action)
		if effect == domain.EffectActs && in.Action != "wrong-person" && rule.Side != domain.ProvesSelf {
			if err := contactByLink(k); err != nil {
				return err
			}
		}
		switch {
		case stale:
			k.refused = domain.Fail(domain.CodeState, "The visit has changed since you opened the page. Please look at it again.")
		case rule.Side == domain.ProvesSelf:
			err = answerRequests(k)
		case effect == domain.EffectKept:
			err = keepRequest(k)
		case effect == domain.EffectMarked:
			var said domain.Confirmation
			var how string
			if v != nil {
				said, how = v.Confirmation, v.ConfirmedHow
			}
			if err = dispatch(k); err == nil {
				err = markMoved(k, said, how)
			}
		default:
			err = dispatch(k)
		}
		if k.done != "" {
			done = k.done
		}
		refused = k.refused
		return err
	})
	if err == nil {
		err = refused
	}
	return done, err
}

// contactByLink writes down the household's own action as contact: it first lifts
// unreachable. By a link that staff have read it is declared and no agreement, and
// tells nobody anything.
func contactByLink(k *Request) (err error) {
	if k.contact, err = inboundByLink(k, !k.link.Read()); err != nil {
		return err
	}
	if k.Holds, err = k.Tx.HoldsOver(k.Job, true); err != nil || k.link.Read() {
		return err
	}
	// Who sends the form has the page before them, which tells of everything.
	return told(k.Tx, k.Visits, k.Job.ID, k.Now)
}

// contactNote is what the list of attempts says of a wish. Thanks, reports and
// appeals are not named: the crew reads it.
func contactNote(action, how string) string {
	if action == "thanks" || action == "report" || action == "withdraw-report" || action == "appeal" {
		action = "note"
	}
	return action + " by " + how
}

func dispatch(k *Request) error {
	do, ok := RequestHandlers[k.In.Action]
	if !ok {
		return domain.NotFound("action")
	}
	return do(k)
}

// OnBehalfOf carries out for a caller whatever the link does. Coordinator,
// proprietor, area manager, agent; the facts are the household's, and name who
// wrote them down. What speaks for us waits for its own word (docs/product.md section 10). Without a contact the call is recorded
// now. Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) OnBehalfOf(ctx context.Context, call *casework.Call, job domain.ID, in VoiceInput) (VoiceAnswer, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (VoiceAnswer, error) {
		act := LinkAction{Action: in.Action, Date: in.Date, Part: in.Part, Window: in.Window, Take: in.Take, Note: in.Note,
			AttemptID: in.DisputedID,
			VisitID:   in.VisitID, Claim: in.Claim, Reason: in.Reason,
			Fault: in.Fault, WhatMatters: in.WhatMatters, Step: in.Step, Result: in.Result, Text: in.Text, What: in.What, SubjectID: in.SubjectID}
		k, err := requestByVoice(tx, call, job, act, in)
		if err != nil {
			return VoiceAnswer{}, err
		}
		job, err := k.JobView(call.Actor)
		if err != nil {
			return VoiceAnswer{}, err
		}
		out := VoiceAnswer{Done: in.Action, Held: k.kept, Job: job}
		by, err := tx.User(call.Actor.UserID)
		if err != nil {
			return VoiceAnswer{}, err
		}
		switch {
		case in.Action == "withdraw-report": // alike whether there is one: whoever decides asks the household itself
			out.Done, out.TellCaller = "wish_noted", domain.TellOfWish(by.Language)
		case k.done == "kept":
			out.Done, out.TellCaller = k.done, domain.TellOfKept(by.Language)
		}
		if k.contact != nil {
			out.ContactID = &k.contact.ID
		}
		return out, nil
	})
}

func requestByVoice(tx *casework.Work, call *casework.Call, job domain.ID, act LinkAction, in VoiceInput) (*Request, error) {
	j, err := casework.AuthorizeJob(tx, call.Actor, job)
	if err != nil {
		return nil, err
	}
	if !call.Actor.Is(domain.Staff...) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not act for a caller.", domain.RoleWords(call.Actor.Role))
	}
	if _, ok := RequestHandlers[act.Action]; !ok {
		return nil, domain.Fail(domain.CodeUnprocessable, "A household can ask for none of that.").
			At("/action", "what the customer's page offers")
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return nil, err
	}
	if err := c.Stamp(call, in.OccurredAt); err != nil {
		return nil, err
	}
	actor := domain.Actor{Role: domain.RoleCustomer, JobID: j.ID, UserID: call.Actor.UserID, Name: "customer"}
	k := &Request{Case: c, By: &call.Actor, Actor: actor, call: &casework.Call{Actor: actor, SentAt: call.SentAt}, In: act}
	switch {
	case act.Action == "wrong-person":
		if k.phone, err = casework.Phone(tx.Svc, in.Phone, c.Centre.Country, "/phone"); err != nil {
			return nil, err
		}
	case in.AttemptID != nil:
		if k.contact, err = tx.Attempt(*in.AttemptID); err != nil || k.contact.JobID != j.ID || !k.contact.Contact() ||
			k.contact.Discounted != "" || k.contact.ByReadLink() {
			return nil, domain.Fail(domain.CodeUnprocessable, "This is no contact with the household.").
				At("/contact_attempt_id", "a contact on this job")
		}
	default:
		if in.Contact == nil { // several wishes of one call are one contact
			if k.contact, err = sameCall(tx, call.Actor, j.ID, c.Said.Occurred); err != nil {
				return nil, err
			}
			if k.contact != nil {
				break
			}
		}
		said := casework.AttemptInput{Direction: reach.Inbound, Channel: reach.Phone, Outcome: reach.Reached,
			Note:       contactNote(act.Action, "voice"),
			OccurredAt: in.OccurredAt}
		if in.Contact != nil {
			said = *in.Contact
		}
		said.Request = act.Action
		if k.contact, err = casework.AddAttempt(call, c, nil, said); err != nil {
			return nil, err
		}
		if !k.contact.Contact() {
			return nil, domain.Fail(domain.CodeUnprocessable, "Nobody was reached in this attempt.").
				At("/contact/outcome", "reached, or an inbound contact")
		}
		if c.Holds, err = tx.HoldsOver(j, true); err != nil {
			return nil, err
		}
	}
	if k.Visits, err = tx.VisitsOfJob(j.ID); err != nil {
		return nil, err
	}
	if err := mayWriteDown(k, call.Actor); err != nil {
		return nil, err
	}
	k.Visit = currentVisit(k.Visits)
	if act.VisitID != nil {
		if k.Visit = k.visitByID(*act.VisitID); k.Visit == nil {
			return nil, domain.NotFound("visit")
		}
	}
	do := dispatch
	if domain.HouseholdActions[act.Action].ByVoice() == domain.EffectKept {
		do = keepRequest
	}
	if err := do(k); err != nil {
		return nil, err
	}
	return k, nil
}

// mayWriteDown refuses that somebody writes down the household's word about their own
// work. About a report handleWithdrawReport ignores it, for nobody learns of one so.
func mayWriteDown(k *Request, a domain.Actor) error {
	own := func(v *domain.Visit) bool { return v != nil && domain.Has(v.EverCrew, a.UserID) }
	mine := false
	switch k.In.Action {
	case "done", "thanks":
		mine = slices.ContainsFunc(k.Visits, func(v domain.Visit) bool { return own(&v) })
	case "wrong-person": // it would end what the household denies of their work
		disputes, err := k.Tx.DisputesOf(k.Job.ID)
		if err != nil {
			return err
		}
		for i := range disputes {
			f := &disputes[i]
			about, err := involved(k.Tx, a, f)
			if err != nil {
				return err
			}
			mine = mine || f.Status == domain.DisputeOpen && (about || f.VisitID != nil && own(k.visitByID(*f.VisitID)))
		}
	}
	if mine {
		return domain.Fail(domain.CodeForbidden, "This is about your own work; somebody else writes it down.")
	}
	return nil
}

// sameCall finds the contact by phone that the same person wrote down on the
// job within the last minutes.
func sameCall(tx domain.ContactTx, a domain.Actor, job domain.ID, said time.Time) (*domain.Attempt, error) {
	attempts, err := tx.AttemptsOf(job)
	if err != nil {
		return nil, err
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		t := &attempts[i]
		if t.Direction == reach.Inbound && t.Channel == reach.Phone && t.Discounted == "" && t.ByID != nil && *t.ByID == a.UserID &&
			!t.OccurredAt.After(said) && said.Sub(t.OccurredAt) < domain.OneCall {
			return t, nil
		}
	}
	return nil, nil
}

// told notes that the household knows of all attempts and visit ends so far;
// its time to dispute them begins.
func told(tx domain.ContactTx, visits []domain.Visit, job domain.ID, at time.Time) error {
	for i := range visits {
		if v := &visits[i]; v.EndedAt != nil && v.ToldAt == nil {
			v.ToldAt = &at
		}
	}
	return tx.MarkNotified(job, nil, at)
}

func handleConfirm(k *Request) error {
	if k.Visit == nil {
		return domain.Fail(domain.CodeState, "There is no visit to confirm now.")
	}
	if err := domain.CheckVisit(k.Actor, "confirm", k.Visit); err != nil {
		return err
	}
	if k.Held != nil {
		// The household is not told of a safety hold by its own tap.
		return domain.Fail(domain.CodeState, "This visit cannot be confirmed right now. Please call us.")
	}
	return casework.ConfirmVisit(k.move(), k.call, casework.ConfirmInput{Via: k.via()})
}

func handleCancel(k *Request) error {
	if k.Visit == nil {
		return domain.Fail(domain.CodeState, "There is no visit to cancel now.")
	}
	if err := domain.CheckVisit(k.Actor, "cancel", k.Visit); err != nil {
		return err
	}
	a := k.Actor
	a.Unproven = a.Unproven || k.readByStaff()
	return casework.CancelVisit(k.move(), a, byCustomer, "nobody")
}

// byCustomer is the reason of a visit that its household cancelled.
const byCustomer = "by the customer"

// handleAnotherTime keeps a free window for the household and schedules it when it
// takes it; else it records the wish as contact. Until an hour before the
// window of a scheduled visit.
func handleAnotherTime(k *Request) error {
	if k.Visit != nil && k.Visit.Status.Unfinished() {
		if err := domain.CheckVisit(k.Actor, "another-time", k.Visit); err != nil {
			return err
		}
		if !k.Now.Before(k.Visit.WindowStart.Add(-domain.AnotherTimeUntil)) {
			return domain.Fail(domain.CodeState, "The visit is less than an hour away; please call us.")
		}
	}
	if k.In.Window != "" || k.In.Take {
		return anotherSlot(k)
	}
	day, err := time.ParseInLocation("2006-01-02", k.In.Date, k.Site.Location())
	if err != nil || day.AddDate(0, 0, 1).Before(k.Now) || day.After(k.Now.AddDate(0, 3, 0)) {
		return domain.Fail(domain.CodeUnprocessable, "Please choose a day within the next three months.").At("/date", "YYYY-MM-DD")
	}
	if !domain.Has([]string{"morning", "afternoon", "evening", "any"}, k.In.Part) {
		return domain.Fail(domain.CodeUnprocessable, "Please choose a part of the day.").At("/part", "morning, afternoon, evening or any")
	}
	if err := casework.NoteFits(k.In.Note); err != nil {
		return err
	}
	var id *domain.ID
	if k.Visit != nil {
		id = &k.Visit.ID
	}
	k.Entry(k.Actor, "visit.another_time_asked", id, map[string]any{"date": k.In.Date, "part": k.In.Part,
		"note": k.In.Note})
	if k.Visit != nil && k.Visit.Status == domain.VisitScheduled {
		k.Visit.Confirmation, k.Visit.ConfirmedHow = domain.ConfirmDeclined, k.How()
		k.Visit.ChangedAt(k.Now)
		if err := k.Tx.SaveVisit(k.Visit); err != nil {
			return err
		}
	}
	return ring(k, "visit.another_time")
}

// handleReopen brings a job back at the household's word, for 30 days.
func handleReopen(k *Request) error {
	if err := casework.NoteFits(k.In.Note); err != nil {
		return err
	}
	if err := domain.CheckJob(k.Actor, "reopen", k.Job); err != nil {
		return err
	}
	reason := k.In.Note
	if reason == "" {
		reason = byCustomer
	}
	if err := casework.ReopenJob(k.Case, k.Actor, reason); err != nil {
		return err
	}
	return ring(k, "job.reopened")
}

// handleWrongPerson revokes the job's links at once, strikes the number that they
// went to, undoes what was done by them, and makes a fresh link for the job, so that
// the right person can be reached. What speaks against us and came by a link that nobody had read is undone by the
// household's own word alone.
func handleWrongPerson(k *Request) error {
	tx, c, now := k.Tx, k.Case, k.Now
	links, err := liveLinks(tx, c.Job.ID)
	if err != nil {
		return err
	}
	number, err := wrongNumber(k)
	if err != nil {
		return err
	}
	if number != "" {
		if err := casework.InvalidateNumber(c, number); err != nil {
			return err
		}
	}
	devices, err := tx.CustomerDevices(c.Customer.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		l.RevokedAt, l.RevokedWhy = &now, "wrong person"
		if err := tx.SaveLink(l); err != nil {
			return err
		}
		for _, dev := range devices {
			if dev.LinkID != nil && *dev.LinkID == l.ID {
				if err := tx.DropDevice(dev.InstallationID, "wrong person", now); err != nil {
					return err
				}
			}
		}
	}
	if err := casework.NewLink(k.Tx.Svc, tx, &domain.Link{JobID: c.Job.ID, CreatedAt: now}); err != nil {
		return err
	}
	k.Entry(k.Actor, "link.revoked", nil, map[string]any{"because": "wrong person", "number_struck": number != ""})
	for _, l := range links {
		if err := undo(k, l); err != nil {
			return err
		}
	}
	return casework.NotifyStaff(c, nil, "link.wrong_person", domain.RoleCoordinator)
}

// liveLinks are a job's links that open its page: what the system delivers and what
// staff hand on.
func liveLinks(tx domain.LinkTx, job domain.ID) (links []*domain.Link, err error) {
	for _, find := range []func(domain.ID) (*domain.Link, error){tx.LinkOfJob, tx.ReadLinkOfJob} {
		l, err := find(job)
		if err == nil {
			links = append(links, l)
		} else if !casework.NotFound(err) {
			return nil, err
		}
	}
	return links, nil
}

// wrongNumber is the number that is somebody else's: the one a caller names,
// else the one that was written to last, else the first person's first.
func wrongNumber(k *Request) (string, error) {
	if k.phone != "" {
		return k.phone, nil
	}
	attempts, err := k.Tx.AttemptsOf(k.Job.ID)
	if err != nil {
		return "", err
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		if a := &attempts[i]; a.Written() && a.Address != "" {
			return a.Address, nil
		}
	}
	if k.Job.ContactID != nil {
		if c := k.Customer.Contact(*k.Job.ContactID); c != nil && len(c.Phones) > 0 {
			return c.Phones[0], nil
		}
	}
	return "", nil
}

// undo takes back what a stranger did by a link: their contacts are none, what
// they confirmed waits again, what they cancelled or stopped stands again if its time
// is ahead, what they disputed counts again, what they reopened is closed again, what
// they wrote into the passport or as thanks is taken out.
func undo(k *Request, l *domain.Link) error {
	c := k.Case
	attempts, err := k.Tx.AttemptsByLink(l.ID)
	if err != nil {
		return err
	}
	if !l.Read() && !k.own() { // what speaks against us and came by a link that nobody read stands
		attempts = slices.DeleteFunc(attempts, func(a domain.Attempt) bool {
			return domain.HouseholdActions[a.Request].Side == domain.AgainstUs
		})
	}
	via, asked, others, err := discountAll(k, attempts)
	if err != nil || len(via) == 0 {
		return err
	}
	k.Entry(domain.System, "link.undone", nil, map[string]any{"contacts": len(via)})
	if err := withdrawDisputes(c, via); err != nil {
		return err
	}
	if err := voidPromises(c, via); err != nil {
		return err
	}
	for _, undo := range LinkUndone {
		if err := undo(k, attempts); err != nil {
			return err
		}
	}
	if err := undoCorrections(k, via); err != nil {
		return err
	}
	if asked["stop-visits"] {
		if err := undoStop(k, l); err != nil {
			return err
		}
	}
	visits, err := k.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if !l.Read() && !k.own() && visits[i].Confirmation == domain.ConfirmDeclined { // it says that it did not agree
			continue
		}
		if err := undoVisit(c.On(&visits[i]), l); err != nil {
			return err
		}
	}
	if asked["reopen"] && !c.Job.Status.Ended() && c.Job.Status == domain.JobOpen {
		if err := casework.EndJob(c, domain.System, "close", string(domain.HoldUnreachable)); err != nil {
			return err
		}
	}
	for _, id := range others {
		o, err := k.Tx.LockJob(id)
		if err != nil {
			return err
		}
		other, err := casework.OpenCase(k.Tx, o)
		if err != nil {
			return err
		}
		if err := countAnew(other); err != nil {
			return err
		}
	}
	return countAnew(c)
}

// discountAll takes the contacts of a link out of the count. via are those
// contacts, asked is what was asked in them, and others are the jobs of the
// household on which they counted too.
func discountAll(k *Request, attempts []domain.Attempt) (via map[domain.ID]bool, asked map[string]bool, others []domain.ID, err error) {
	via, asked = map[domain.ID]bool{}, map[string]bool{}
	for i := range attempts {
		a := &attempts[i]
		if a.Discounted != "" {
			continue
		}
		via[a.ID], asked[a.Request] = true, true
		if a.JobID != k.Job.ID && !domain.Has(others, a.JobID) {
			others = append(others, a.JobID)
		}
		a.Discounted = "by somebody else: the link had reached the wrong person"
		if err := k.Tx.SaveAttempt(a); err != nil {
			return nil, nil, nil, err
		}
	}
	return via, asked, others, nil
}

// withdrawDisputes ends the disputes that were begun by these contacts.
func withdrawDisputes(c *casework.Case, via map[domain.ID]bool) error {
	disputes, err := c.Tx.DisputesOf(c.Job.ID)
	if err != nil {
		return err
	}
	for i := range disputes {
		f := &disputes[i]
		if !domain.DisputeMoves.Open("withdraw", string(f.Status)) || f.ViaID == nil || !via[*f.ViaID] {
			continue
		}
		if err := c.Tx.Apply(f, "withdraw"); err != nil {
			return err
		}
		f.DecidedAt, f.Reasons = domain.Ptr(c.Now), "said by somebody else"
		if _, _, err := applyDecision(c, f); err != nil {
			return err
		}
		f.ChangedAt(c.Now)
		if err := c.Tx.SaveDispute(f); err != nil {
			return err
		}
		c.Tx.Disarm(domain.DueDispute, f.ID)
	}
	return nil
}

// voidPromises ends what was promised in these contacts.
func voidPromises(c *casework.Case, via map[domain.ID]bool) error {
	promises, err := c.Tx.PromisesDue(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range promises {
		p := &promises[i]
		if p.ViaID == nil || !via[*p.ViaID] {
			continue
		}
		if err := c.Tx.Apply(p, "void"); err != nil {
			return err
		}
		c.Tx.Disarm(domain.DuePromise, p.ID)
		p.ChangedAt(c.Now)
		if err := c.Tx.SavePromise(p); err != nil {
			return err
		}
	}
	return nil
}

// countAnew brings a job up to date after contacts were discounted.
func countAnew(c *casework.Case) error {
	if err := recount(c); err != nil {
		return err
	}
	return casework.JudgeAgain(c)
}

func undoVisit(m *casework.VisitCase, l *domain.Link) error {
	v := m.Visit
	byLink := v.ConfirmedHow == "link" || v.ConfirmedHow == domain.ReadLink
	cancelled := v.Status == domain.VisitCancelled && byLink && v.EndReason == byCustomer && v.EndedAt != nil &&
		!v.EndedAt.Before(l.CreatedAt)
	switch {
	case cancelled && !m.Now.Before(v.WindowEnd):
		if _, err := casework.MissedAfterAll(m); err != nil {
			return err
		}
	case cancelled:
		crew := v.Crew
		if err := m.Tx.Apply(v, "undo-cancel"); err != nil {
			return err
		}
		v.EndedAt, v.EndReason, v.CountsAgainst = nil, "", "nobody"
		if casework.CheckCrew(m.Case, v, v.Crew) != nil { // somebody has another visit by now
			v.Crew = domain.JSONList[domain.ID]{}
		}
		m.Tx.SetDeadline(domain.DueMissed, v.ID, &v.JobID, v.WindowEnd.Add(domain.MissedAfter))
		v.Confirmation, v.ConfirmedHow = domain.ConfirmAwaiting, ""
		casework.NotifyCrew(m.Case, v, v.Crew, "visit.assigned")
		if len(v.Crew) == 0 && len(crew) > 0 {
			if err := casework.NotifyStaff(m.Case, v, "visit.needs_someone", domain.RoleCoordinator); err != nil {
				return err
			}
		}
	case byLink && v.Status.Unfinished():
		was := v.Confirmation
		v.Confirmation, v.ConfirmedHow = domain.ConfirmAwaiting, ""
		if was == domain.ConfirmConfirmed {
			casework.NotifyCrew(m.Case, v, v.Crew, "visit.unconfirmed")
		}
	case v.DoneConfirmedHow == "link":
		v.DoneConfirmedAt, v.DoneConfirmedHow = nil, ""
	default:
		return nil
	}
	if v.Status == domain.VisitCancelled { // under a hold nobody could have come
		return nil
	}
	m.Entry(domain.System, "visit.undone", &v.ID, map[string]any{"status": v.Status, "confirmation": v.Confirmation})
	return casework.SaveVisit(m)
}

// Refusal reports whether an error is a rule's no, and not a defect.
func Refusal(err error) bool {
	for _, c := range []domain.Code{domain.CodeUnprocessable, domain.CodeExcluded, domain.CodeSkill, domain.CodeHours, domain.CodeOverlap,
		domain.CodeTooFar, domain.CodeCapacity, domain.CodePlan,
		domain.CodeOnHold} {
		if domain.IsCode(err, c) {
			return true
		}
	}
	return false
}

// handleGoOn ends a hold that a household says it never asked for; the time that passed is not its own, and the desk is told.
func handleGoOn(k *Request) error {
	for i := range k.Holds {
		h := &k.Holds[i]
		if h.Kind != domain.HoldCustomerRequest || h.LiftedAt != nil {
			continue
		}
		if err := k.Tx.Apply(h, "release"); err != nil {
			return err
		}
		h.LiftReason = domain.NotAskedFor
		k.Entry(k.Actor, "hold.lifted", nil, map[string]any{"hold_id": h.ID, "kind": h.Kind, "reason": h.LiftReason})
		if err := k.Tx.SaveHold(h); err != nil {
			return err
		}
		return casework.NotifyStaff(k.Case, nil, "job.go_on", domain.RoleCoordinator, domain.RoleProprietor)
	}
	return domain.Fail(domain.CodeState, "This repair does not wait for you any more.")
}
