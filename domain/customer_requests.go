package domain

import (
	"context"
	"maps"
	"time"

	"doorstep/domain/reach"
)

// LinkAction is what a household asks, on its page or by voice.
type LinkAction struct {
	Action    string // one of asks
	FormKey   string
	Date      string // of another-time: YYYY-MM-DD in the site's zone
	Part      string // morning, afternoon, evening, any
	Window    string // the start of a window that was offered, to be kept for a while
	Take      bool   // what is kept is scheduled
	Note      string
	AttemptID *ID    // of dispute
	VisitID   *ID    // of dispute
	Claim     string // of dispute
	Reason    string // of dispute
	// Of passport; what is nil stays.
	Fault, WhatMatters, Step *string
	Result                   string // of Step
	Text                     string // of thanks
	// Of report, with Note.
	What      string // one of ConductWhat
	SubjectID *ID    // whom it is about; nil: somebody else
}

// LinkOutcome is what the page says next.
type LinkOutcome struct {
	Done string // the action, or "already" when it was done before
	Page *LinkPage
}

// VoiceInput is what a desk writes down for a caller: the same actions as the
// link's, with the contact in which they were asked.
type VoiceInput struct {
	Action  string `json:"action"`
	Date    string `json:"date"`
	Part    string `json:"part"`
	Window  string `json:"window_start"` // of another-time: of a window that slots offers
	Take    bool   `json:"take"`         // of another-time: schedule what is kept
	Note    string `json:"note"`
	FactID  *ID    `json:"attempt_id"` // of dispute
	VisitID *ID    `json:"visit_id"`   // of dispute
	Claim   string `json:"claim"`
	Reason  string `json:"reason"`
	// Of passport and thanks, as of the link.
	Fault       *string       `json:"fault"`
	WhatMatters *string       `json:"what_matters"`
	Step        *string       `json:"step"`
	Result      string        `json:"result"`
	Text        string        `json:"text"`
	What        string        `json:"what"`               // of report
	SubjectID   *ID           `json:"subject_id"`         // of report
	Phone       string        `json:"phone"`              // of wrong-person: the number that is somebody else's
	AttemptID   *ID           `json:"contact_attempt_id"` // the contact; without it and contact the call is recorded now
	Contact     *AttemptInput `json:"contact"`
	OccurredAt  string        `json:"occurred_at"`
}

// VoiceAnswer is what came of a caller's wish.
type VoiceAnswer struct {
	Done      string    `json:"done"`
	ContactID *ID       `json:"contact_attempt_id"`
	Held      *HeldSlot `json:"held"` // a window that is kept for the household
	Job       JobView   `json:"job"`
}

// Head gives id and version for Location and ETag.
func (v VoiceAnswer) Head() (ID, int64) { return v.Job.ID, v.Job.Version }

// request is one wish of a household while it is carried out. Facts are the
// household's own also when a desk wrote them down; then they name the desk.
type request struct {
	*Case
	visit   *Visit // the one that the page speaks of
	visits  []Visit
	link    *Link    // nil by voice
	by      *Actor   // who wrote it down; nil by link
	actor   Actor    // the household
	call    *Call    // with the household as actor
	contact *Attempt // in which it was asked
	phone   string   // of wrong-person by voice
	in      LinkAction
	dispute *Dispute  // what came of dispute
	kept    *HeldSlot // a window that is kept now
	done    string    // what was done, where the action alone does not say it
}

// how says by which way a wish came: link or voice.
func (k *request) how() string {
	if k.by != nil {
		return "voice"
	}
	return "link"
}

// visit finds a visit of the job; the one the page speaks of is the same
// object, so that it is saved once.
func (k *request) visitByID(id ID) *Visit {
	for i := range k.visits {
		if k.visits[i].ID == id {
			return &k.visits[i]
		}
	}
	return nil
}

func (k *request) move() *VisitCase {
	return k.Case.on(k.visit)
}

// asks are the wishes a household can have, and how each is carried out.
var asks = map[string]func(*request) error{}

func init() {
	maps.Copy(asks, map[string]func(*request) error{
		"confirm":         handleConfirm,
		"cancel":          handleCancel,
		"another-time":    handleAnotherTime,
		"call-me":         callMe,
		"could-not-reach": callMe,
		"done":            confirmDoneAct,
		"dispute":         disputeAct,
		"reopen":          handleReopen,
		"passport":        handleCorrection,
		"thanks":          handleThanks,
		"wrong-person":    wrongPerson,
		"stop-visits":     stopVisits,
	})
}

// bound asks speak of the visit as the page showed it; when that has changed
// the household looks again first.
var bound = []string{"confirm", "cancel", "another-time", "done"}

// LinkAct carries out one action of the page. State is read anew; a stale
// form is answered with CodeState and explains itself, a repeated one with
// what came of the first. Errors: CodeNotFound, CodeState, CodeUnprocessable.
func (s *Service) LinkAct(ctx context.Context, token string, in LinkAction) (*LinkOutcome, error) {
	var out *LinkOutcome
	var refused error // after the contact was recorded: a late tap is contact all the same
	err := s.inWork(ctx, nil, func(tx *Work) error {
		refused = nil
		now := tx.Now
		l, j, visits, err := openLink(tx, token, true)
		if err != nil {
			return err
		}
		out = &LinkOutcome{Done: in.Action}
		v := currentVisit(visits)
		mark, ok := s.readForm(l, in.FormKey, now)
		if !ok {
			return Fail(CodeState, "The page had been open for a while. Please look at it again and tap once more.")
		}
		fresh, err := tx.UseFormKey(HashToken(in.Action+" "+in.FormKey), l.ID, now)
		if err != nil {
			return err
		}
		if !fresh {
			out.Done = "already"
			return nil
		}
		d, err := openCase(tx, j)
		if err != nil {
			return err
		}
		actor := Actor{Role: RoleCustomer, JobID: j.ID, Name: "customer"}
		k := &request{Case: d, visit: v, visits: visits, link: l, actor: actor, call: &Call{Actor: actor}, in: in}
		stale := mark != visitMark(v) && has(bound, in.Action)
		if in.Action != "wrong-person" {
			// The customer's own action is contact: it first lifts unreachable.
			if k.contact, err = recordAttempt(k.call, d, nil, AttemptInput{Direction: reach.Inbound, Channel: reach.Push,
				Outcome: reach.Reached,
				Grade:   reach.Proven, Note: contactNote(in.Action, "link"), link: &l.ID, request: in.Action}); err != nil {
				return err
			}
			if d.holds, err = tx.HoldsOver(j, true); err != nil {
				return err
			}
			// Who sends the form has the page before them, which tells of everything.
			if err := told(tx, k.visits, j.ID, now); err != nil {
				return err
			}
		}
		if stale {
			refused = Fail(CodeState, "The visit has changed since you opened the page. Please look at it again.")
		} else if err := dispatch(k); err != nil {
			return err
		}
		if k.done != "" {
			out.Done = k.done
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// contactNote is what the list of attempts says of a wish. Thanks, reports and
// appeals are not named: the crew reads it.
func contactNote(action, how string) string {
	if action == "thanks" || action == "report" || action == "withdraw-report" || action == "appeal" {
		action = "note"
	}
	return action + " by " + how
}

func dispatch(k *request) error {
	do, ok := asks[k.in.Action]
	if !ok {
		return NotFound("action")
	}
	return do(k)
}

// OnBehalfOf carries out for a caller whatever the link does. Coordinator,
// proprietor, area manager, agent; the facts are the household's, and name who
// wrote them down. Without a contact the call is recorded now. Errors:
// CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) OnBehalfOf(ctx context.Context, call *Call, job ID, in VoiceInput) (VoiceAnswer, error) {
	return run(ctx, s, call, func(tx *Work) (VoiceAnswer, error) {
		act := LinkAction{Action: in.Action, Date: in.Date, Part: in.Part, Window: in.Window, Take: in.Take, Note: in.Note, AttemptID: in.FactID,
			VisitID: in.VisitID, Claim: in.Claim, Reason: in.Reason,
			Fault: in.Fault, WhatMatters: in.WhatMatters, Step: in.Step, Result: in.Result, Text: in.Text, What: in.What, SubjectID: in.SubjectID}
		k, err := requestByVoice(tx, call, job, act, in)
		if err != nil {
			return VoiceAnswer{}, err
		}
		job, err := k.jobView(call.Actor)
		if err != nil {
			return VoiceAnswer{}, err
		}
		out := VoiceAnswer{Done: in.Action, Held: k.kept, Job: job}
		if k.contact != nil {
			out.ContactID = &k.contact.ID
		}
		return out, nil
	})
}

func requestByVoice(tx *Work, call *Call, job ID, act LinkAction, in VoiceInput) (*request, error) {
	j, err := authorizeJob(tx, call.Actor, job)
	if err != nil {
		return nil, err
	}
	if !call.Actor.Is(staff...) {
		return nil, Fail(CodeForbidden, "As %s you may not act for a caller.", roleWords(call.Actor.Role))
	}
	if _, ok := asks[act.Action]; !ok {
		return nil, Fail(CodeUnprocessable, "A household can ask for none of that.").At("/action", "what the customer's page offers")
	}
	d, err := openCase(tx, j)
	if err != nil {
		return nil, err
	}
	if err := d.stamp(call, in.OccurredAt); err != nil {
		return nil, err
	}
	actor := Actor{Role: RoleCustomer, JobID: j.ID, UserID: call.Actor.UserID, Name: "customer"}
	k := &request{Case: d, by: &call.Actor, actor: actor, call: &Call{Actor: actor, SentAt: call.SentAt}, in: act}
	switch {
	case act.Action == "wrong-person":
		if k.phone, err = tx.svc.phone(in.Phone, d.centre.Country, "/phone"); err != nil {
			return nil, err
		}
	case in.AttemptID != nil:
		if k.contact, err = tx.Attempt(*in.AttemptID); err != nil || k.contact.JobID != j.ID || !k.contact.Contact() ||
			k.contact.Discounted != "" {
			return nil, Fail(CodeUnprocessable, "This is no contact with the household.").At("/contact_attempt_id", "a contact on this job")
		}
	default:
		if in.Contact == nil { // several wishes of one call are one contact
			if k.contact, err = sameCall(tx, call.Actor, j.ID, d.said.occurred); err != nil {
				return nil, err
			}
			if k.contact != nil {
				break
			}
		}
		said := AttemptInput{Direction: reach.Inbound, Channel: reach.Phone, Outcome: reach.Reached, Note: contactNote(act.Action, "voice"),
			OccurredAt: in.OccurredAt}
		if in.Contact != nil {
			said = *in.Contact
		}
		said.request = act.Action
		if k.contact, err = recordAttempt(call, d, nil, said); err != nil {
			return nil, err
		}
		if !k.contact.Contact() {
			return nil, Fail(CodeUnprocessable, "Nobody was reached in this attempt.").At("/contact/outcome", "reached, or an inbound contact")
		}
		if d.holds, err = tx.HoldsOver(j, true); err != nil {
			return nil, err
		}
	}
	if k.visits, err = tx.VisitsOfJob(j.ID); err != nil {
		return nil, err
	}
	k.visit = currentVisit(k.visits)
	if act.VisitID != nil {
		if k.visit = k.visitByID(*act.VisitID); k.visit == nil {
			return nil, NotFound("visit")
		}
	}
	if err := dispatch(k); err != nil {
		return nil, err
	}
	return k, nil
}

// sameCall finds the contact by phone that the same person wrote down on the
// job within the last minutes.
func sameCall(tx ContactTx, a Actor, job ID, said time.Time) (*Attempt, error) {
	attempts, err := tx.AttemptsOf(job)
	if err != nil {
		return nil, err
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		t := &attempts[i]
		if t.Direction == reach.Inbound && t.Channel == reach.Phone && t.Discounted == "" && t.ByID != nil && *t.ByID == a.UserID &&
			!t.OccurredAt.After(said) && said.Sub(t.OccurredAt) < oneCall {
			return t, nil
		}
	}
	return nil, nil
}

// told notes that the household knows of all attempts and visit ends so far;
// its time to dispute them begins.
func told(tx ContactTx, visits []Visit, job ID, at time.Time) error {
	for i := range visits {
		if v := &visits[i]; v.EndedAt != nil && v.ToldAt == nil {
			v.ToldAt = &at
		}
	}
	return tx.MarkNotified(job, nil, at)
}

func handleConfirm(k *request) error {
	if k.visit == nil {
		return Fail(CodeState, "There is no visit to confirm now.")
	}
	if err := CheckVisit(k.actor, "confirm", k.visit); err != nil {
		return err
	}
	if k.held != nil {
		// The household is not told of a safety hold by its own tap.
		return Fail(CodeState, "This visit cannot be confirmed right now. Please call us.")
	}
	return confirm(k.move(), k.call, ConfirmInput{})
}

func handleCancel(k *request) error {
	if k.visit == nil {
		return Fail(CodeState, "There is no visit to cancel now.")
	}
	if err := CheckVisit(k.actor, "cancel", k.visit); err != nil {
		return err
	}
	return cancelVisit(k.move(), k.actor, byCustomer, "nobody")
}

// byCustomer is the reason of a visit that its household cancelled.
const byCustomer = "by the customer"

// noteFits refuses a note of more than 500 characters.
func noteFits(note string) error {
	if len([]rune(note)) > 500 {
		return Fail(CodeUnprocessable, "The note is too long.").At("/note", "at most 500 characters")
	}
	return nil
}

// handleAnotherTime keeps a free window for the household and schedules it when it
// takes it; else it records the wish as contact. Until an hour before the
// window of a scheduled visit.
func handleAnotherTime(k *request) error {
	if k.visit != nil && k.visit.Status.Unfinished() {
		if err := CheckVisit(k.actor, "another-time", k.visit); err != nil {
			return err
		}
		if !k.now.Before(k.visit.WindowStart.Add(-anotherTimeUntil)) {
			return Fail(CodeState, "The visit is less than an hour away; please call us.")
		}
	}
	if k.in.Window != "" || k.in.Take {
		return anotherSlot(k)
	}
	day, err := time.ParseInLocation("2006-01-02", k.in.Date, k.site.Location())
	if err != nil || day.AddDate(0, 0, 1).Before(k.now) || day.After(k.now.AddDate(0, 3, 0)) {
		return Fail(CodeUnprocessable, "Please choose a day within the next three months.").At("/date", "YYYY-MM-DD")
	}
	if !has([]string{"morning", "afternoon", "evening", "any"}, k.in.Part) {
		return Fail(CodeUnprocessable, "Please choose a part of the day.").At("/part", "morning, afternoon, evening or any")
	}
	if err := noteFits(k.in.Note); err != nil {
		return err
	}
	var id *ID
	if k.visit != nil {
		id = &k.visit.ID
	}
	k.entry(k.actor, "visit.another_time_asked", id, map[string]any{"date": k.in.Date, "part": k.in.Part,
		"note": k.in.Note})
	if k.visit != nil && k.visit.Status == VisitScheduled {
		k.visit.Confirmation, k.visit.ConfirmedHow = ConfirmDeclined, k.how()
		k.visit.changedAt(k.now)
		if err := k.tx.SaveVisit(k.visit); err != nil {
			return err
		}
	}
	return ring(k, "visit.another_time")
}

// handleReopen brings a job back at the household's word, for 30 days.
func handleReopen(k *request) error {
	if err := noteFits(k.in.Note); err != nil {
		return err
	}
	if err := CheckJob(k.actor, "reopen", k.job); err != nil {
		return err
	}
	reason := k.in.Note
	if reason == "" {
		reason = byCustomer
	}
	if err := reopen(k.Case, k.actor, reason); err != nil {
		return err
	}
	return ring(k, "job.reopened")
}

// wrongPerson revokes the link at once, strikes the number that it went to,
// undoes what was done by it, and makes a fresh link for the job, so that
// staff can reach the right person.
func wrongPerson(k *request) error {
	tx, d, now := k.tx, k.Case, k.now
	l := k.link
	if l == nil {
		found, err := tx.LinkOfJob(d.job.ID)
		if err != nil && !notFound(err) {
			return err
		}
		l = found
	}
	number, err := wrongNumber(k)
	if err != nil {
		return err
	}
	if number != "" {
		if err := invalidateNumber(d, number); err != nil {
			return err
		}
	}
	if l != nil {
		l.RevokedAt, l.RevokedWhy = &now, "wrong person"
		if err := tx.SaveLink(l); err != nil {
			return err
		}
		devices, err := tx.CustomerDevices(d.customer.ID)
		if err != nil {
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
	if err := k.tx.svc.newLink(tx, &Link{JobID: d.job.ID, CreatedAt: now}); err != nil {
		return err
	}
	k.entry(k.actor, "link.revoked", nil, map[string]any{"because": "wrong person", "number_struck": number != ""})
	if l != nil {
		if err := undo(k, l); err != nil {
			return err
		}
	}
	return notifyStaff(d, nil, "link.wrong_person", RoleCoordinator)
}

// wrongNumber is the number that is somebody else's: the one a caller names,
// else the one that was written to last, else the first person's first.
func wrongNumber(k *request) (string, error) {
	if k.phone != "" {
		return k.phone, nil
	}
	attempts, err := k.tx.AttemptsOf(k.job.ID)
	if err != nil {
		return "", err
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		if a := &attempts[i]; a.Direction == reach.Outbound && a.Address != "" && (a.Channel == reach.SMS || a.Channel == reach.WhatsApp) {
			return a.Address, nil
		}
	}
	if k.job.ContactID != nil {
		if c := k.customer.contact(*k.job.ContactID); c != nil && len(c.Phones) > 0 {
			return c.Phones[0], nil
		}
	}
	return "", nil
}

// undo takes back what a stranger did by a link: their contacts are none, what
// they confirmed waits again, what they cancelled or stopped stands again if its time
// is ahead, what they disputed counts again, what they reopened is closed again, what
// they wrote into the passport or as thanks is taken out.
func undo(k *request, l *Link) error {
	tx, d, now := k.tx, k.Case, k.now
	attempts, err := tx.AttemptsByLink(l.ID)
	if err != nil {
		return err
	}
	via := map[ID]bool{}
	others := []ID{} // jobs of the household on which their contacts counted too
	reopened, stopped := false, false
	for i := range attempts {
		a := &attempts[i]
		if a.Discounted != "" {
			continue
		}
		via[a.ID] = true
		if a.JobID != d.job.ID && !has(others, a.JobID) {
			others = append(others, a.JobID)
		}
		reopened = reopened || a.Request == "reopen"
		stopped = stopped || a.Request == "stop-visits"
		a.Discounted = "by somebody else: the link had reached the wrong person"
		if err := tx.SaveAttempt(a); err != nil {
			return err
		}
	}
	if len(via) == 0 {
		return nil
	}
	k.entry(System, "link.undone", nil, map[string]any{"contacts": len(via)})
	disputes, err := tx.DisputesOf(d.job.ID)
	if err != nil {
		return err
	}
	for i := range disputes {
		f := &disputes[i]
		if !DisputeMoves.open("withdraw", string(f.Status)) || f.ViaID == nil || !via[*f.ViaID] {
			continue
		}
		if err := tx.apply(f, "withdraw"); err != nil {
			return err
		}
		f.DecidedAt, f.Reasons = &now, "said by somebody else"
		if _, _, err := applyDecision(d, f); err != nil {
			return err
		}
		f.changedAt(now)
		if err := tx.SaveDispute(f); err != nil {
			return err
		}
		tx.Disarm(DueDispute, f.ID)
	}
	promises, err := tx.PromisesDue(d.customer.ID)
	if err != nil {
		return err
	}
	for i := range promises {
		if p := &promises[i]; p.ViaID != nil && via[*p.ViaID] {
			if err := tx.apply(p, "void"); err != nil {
				return err
			}
			tx.Disarm(DuePromise, p.ID)
			p.changedAt(now)
			if err := tx.SavePromise(p); err != nil {
				return err
			}
		}
	}
	for _, undo := range linkUndone {
		if err := undo(k, attempts); err != nil {
			return err
		}
	}
	if err := undoCorrections(k, via); err != nil {
		return err
	}
	if stopped {
		if err := undoStop(k, l); err != nil {
			return err
		}
	}
	visits, err := tx.VisitsOfJob(d.job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if err := undoVisit(d.on(&visits[i]), l); err != nil {
			return err
		}
	}
	if reopened && !d.job.Status.Ended() && d.job.Status == JobOpen {
		if err := endJob(d, System, "close", string(HoldUnreachable)); err != nil {
			return err
		}
	}
	for _, id := range others {
		o, err := tx.LockJob(id)
		if err != nil {
			return err
		}
		od, err := openCase(tx, o)
		if err != nil {
			return err
		}
		if err := recount(od); err != nil {
			return err
		}
		if err := rejudge(od); err != nil {
			return err
		}
	}
	if err := recount(d); err != nil {
		return err
	}
	return rejudge(d)
}

func undoVisit(m *VisitCase, l *Link) error {
	v := m.visit
	cancelled := v.Status == VisitCancelled && v.ConfirmedHow == "link" && v.EndReason == byCustomer && v.EndedAt != nil &&
		!v.EndedAt.Before(l.CreatedAt)
	switch {
	case cancelled && m.now.Before(v.WindowStart):
		crew := v.Crew
		if err := m.tx.apply(v, "undo-cancel"); err != nil {
			return err
		}
		v.EndedAt, v.EndReason, v.CountsAgainst = nil, "", "nobody"
		if checkCrew(m.Case, v, v.Crew) != nil { // somebody has another visit by now
			v.Crew = JSONList[ID]{}
		}
		m.tx.setDeadline(DueMissed, v.ID, &v.JobID, v.WindowEnd.Add(missedAfter))
		v.Confirmation, v.ConfirmedHow = ConfirmAwaiting, ""
		notifyCrew(m.Case, v, v.Crew, "visit.assigned")
		if len(v.Crew) == 0 && len(crew) > 0 {
			if err := notifyStaff(m.Case, v, "visit.needs_someone", RoleCoordinator); err != nil {
				return err
			}
		}
	case v.ConfirmedHow == "link" && v.Status.Unfinished():
		was := v.Confirmation
		v.Confirmation, v.ConfirmedHow = ConfirmAwaiting, ""
		if was == ConfirmConfirmed {
			notifyCrew(m.Case, v, v.Crew, "visit.unconfirmed")
		}
	case v.DoneConfirmedHow == "link":
		v.DoneConfirmedAt, v.DoneConfirmedHow = nil, ""
	default:
		return nil
	}
	m.entry(System, "visit.undone", &v.ID, map[string]any{"status": v.Status, "confirmation": v.Confirmation})
	return saveVisit(m)
}
