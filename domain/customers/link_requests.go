package customers

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// A link that staff have read may be used by one of them, whom a report or a
// completion may be about. What speaks against us acts all the same; what speaks for
// us waits until the household verifies it; what moves a visit is done, told to the
// household and undone at its word (docs/product.md section 10).

// LinkRequestCode is what a text to the household holds: six digits, kept nowhere.
func (s *Service) LinkRequestCode(id domain.ID) string {
	mac, ok := s.Keys.Mac(s.Keys.Current(), "link request", id[:])
	if !ok {
		return ""
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac)%1_000_000)
}

// readByStaff reports whether a request came by a link that staff have read, and
// nobody has verified it.
func (k *Request) readByStaff() bool { return k.link != nil && k.link.Read() && k.verified == "" }

// LinkReadBy is who of staff had read the link by which the household came; nil: nobody, or it came by voice.
func (k *Request) LinkReadBy() *domain.ID {
	if !k.readByStaff() {
		return nil
	}
	return k.link.ReadBy
}

// LinkReaders are all of staff who had read the household's link, where it came by one that they had, the first one first.
func (k *Request) LinkReaders() (domain.JSONList[domain.ID], error) {
	readers := domain.JSONList[domain.ID]{}
	first := k.LinkReadBy()
	if first == nil {
		return readers, nil
	}
	readers = append(readers, *first)
	read, err := k.Tx.EntriesOfKind(k.Job.ID, "link.read")
	for i := range read {
		if id := read[i].ActorID; id != nil && !domain.Has(readers, *id) {
			readers = append(readers, *id)
		}
	}
	return readers, err
}

// own reports whether a request is the household's own word: by the link that the system delivers, or verified by it
// or a code.
func (k *Request) own() bool { return k.verified == "link" || k.link != nil && !k.link.Read() }

// newLinkRequest begins what is kept of a request by a link that staff had read, or by voice.
func (k *Request) newLinkRequest(action string, due time.Time) (*domain.LinkRequest, error) {
	link := k.link
	if link == nil {
		var err error
		if link, err = k.Tx.LinkOfJob(k.Job.ID); casework.NotFound(err) {
			link = &domain.Link{JobID: k.Job.ID, CreatedAt: k.Now}
			err = casework.NewLink(k.Tx.Svc, k.Tx, link)
		}
		if err != nil {
			return nil, err
		}
	}
	r := &domain.LinkRequest{Meta: domain.NewMeta(k.Tx.NewID(), k.Now), JobID: k.Job.ID, CentreID: k.Job.CentreID, AreaID: k.Job.AreaID,
		CustomerID: k.Customer.ID, LinkID: link.ID, Action: k.In.Action, Words: k.words(), OccurredAt: k.Now, DueAt: due}
	if k.By != nil {
		r.ByID = &k.By.UserID
	}
	if k.Visit != nil {
		r.VisitID = &k.Visit.ID
	}
	return r, k.Tx.Apply(r, action)
}

// words are what a request holds: of the wrong person by voice the number that a caller names.
func (k *Request) words() string {
	if k.phone != "" {
		return k.phone
	}
	return strings.TrimSpace(k.In.Note + k.In.Reason + k.In.Text)
}

// linkRequestEntry puts on the timeline what became of a request. What the crew may not
// read of is not named.
func linkRequestEntry(c *casework.Case, a domain.Actor, kind string, r *domain.LinkRequest) {
	action := r.Action
	if domain.HouseholdActions[action].Secret {
		action = "note"
	}
	via := domain.ReadLink
	if r.ByID != nil {
		via = "voice"
	}
	c.Entry(a, kind, nil, map[string]any{"request_id": r.ID, "action": action, "status": r.Status, "via": via, "due_at": r.DueAt})
}

// keepRequest keeps what speaks for us until it is verified. While one waits, asking
// again adds nothing.
func keepRequest(k *Request) error {
	if err := keepable(k); err != nil {
		return err
	}
	if words := k.In.Note + k.In.Reason + k.In.Text; len([]rune(words)) > 500 {
		return casework.NoteFits(words)
	}
	k.done = "kept"
	rows, err := k.Tx.LinkRequestsOf(k.Job.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r domain.LinkRequest) bool {
		return r.Action == k.In.Action && r.Status == domain.LinkRequestPending && (k.phone == "" || r.Words == k.phone)
	}) {
		return nil
	}
	r, err := k.newLinkRequest("ask", k.Now.Add(domain.LinkRequestDue))
	if err != nil {
		return err
	}
	flag, err := reportToEnd(k)
	if err != nil {
		return err
	}
	if flag != nil {
		r.FlagID = &flag.ID
	}
	if err := k.Tx.InsertLinkRequest(r); err != nil {
		return err
	}
	k.Tx.SetDeadline(domain.DueLinkRequest, r.ID, &r.JobID, r.DueAt)
	linkRequestEntry(k.Case, k.Actor, "link.request_kept", r)
	casework.NotifyLinkRequest(k.Case, nil, "link.asked", r.ID)
	switch {
	case flag != nil:
		return NotifyReportHandlers(k.Tx, flag, "link.verify")
	case r.Action == "withdraw-report": // there is no report, and nobody is to learn that
		return nil
	}
	return casework.NotifyStaff(k.Case, nil, "link.verify", domain.RoleAreaManager)
}

// keepable refuses what could not be done either if it were verified now. Of an appeal only its words count: nobody
// is to learn whether there is a note.
func keepable(k *Request) error {
	switch k.In.Action {
	case "done":
		if k.Visit == nil {
			return domain.Fail(domain.CodeState, "There is no visit to confirm now.")
		}
		return domain.CheckVisit(k.Actor, "confirm-done", k.Visit)
	case "thanks":
		_, _, err := thanksOf(k)
		return err
	case "appeal":
		return AppealFits(k.In.Reason)
	case "remove-photos":
		_, err := filesToRemove(k)
		return err
	case "wrong-person":
		if k.phone == "" {
			return nil
		}
		return writtenTo(k)
	}
	return nil
}

// AppealFits refuses an objection without words, or with too many.
func AppealFits(words string) error {
	if n := len([]rune(strings.TrimSpace(words))); n == 0 || n > 500 {
		return domain.Fail(domain.CodeUnprocessable, "Please say what is not so.").At("/reason", "1 to 500 characters")
	}
	return nil
}

// writtenTo refuses a number, named by a caller, to which nobody wrote about the job: no link can have gone there.
func writtenTo(k *Request) error {
	if phone, _ := k.Customer.TextTo(k.Job.ContactID, k.Job.ID, k.Now); phone == k.phone {
		return nil
	}
	attempts, err := k.Tx.AttemptsOf(k.Job.ID)
	if err != nil {
		return err
	}
	for i := range attempts {
		if a := &attempts[i]; a.Written() && a.Address == k.phone {
			return nil
		}
	}
	return domain.Fail(domain.CodeUnprocessable, "Nothing was written to this number.").
		At("/phone", "a number to which we wrote about the job")
}

// reportToEnd is the household's open report on the job that a request to take it
// back speaks of; nil: none, or another request.
func reportToEnd(k *Request) (*domain.Flag, error) {
	if k.In.Action != "withdraw-report" {
		return nil, nil
	}
	flags, err := k.Tx.FlagsOfCustomer(k.Customer.ID)
	for i := range flags {
		if f := &flags[i]; f.ByCustomer && f.Status.Open() && f.JobID != nil && *f.JobID == k.Job.ID {
			return f, err
		}
	}
	return nil, err
}

// markMoved marks what moved a visit by a link that staff had read. It is neither
// contact nor agreement, the household is told, and may undo it.
func markMoved(k *Request, wasSaid domain.Confirmation, wasHow string) error {
	if k.done == "slot-held" { // nothing has moved yet
		return nil
	}
	r, err := k.newLinkRequest("mark", k.Now.Add(domain.LinkUndoWithin))
	if err != nil {
		return err
	}
	r.WasSaid, r.WasHow = string(wasSaid), wasHow
	v := k.Visit
	if k.next != nil {
		v, r.VisitID = k.next, &k.next.ID
	}
	if v != nil && v.ConfirmedHow == "link" {
		v.ConfirmedHow = domain.ReadLink
		v.AgreedID, v.AgreedSaid, v.AgreedStart, v.AgreedEnd = nil, "", nil, nil
		v.ChangedAt(k.Now)
		if err := k.Tx.SaveVisit(v); err != nil {
			return err
		}
	}
	if err := k.Tx.InsertLinkRequest(r); err != nil {
		return err
	}
	linkRequestEntry(k.Case, k.Actor, "link.acted", r)
	casework.NotifyLinkRequest(k.Case, v, "link.acted", r.ID)
	return nil
}

// answerRequests is the household's own word on what was asked by a link that staff
// had read: it was them (verify), or it was not (undo). By such a link it needs the
// code of a request; by the one that the system delivers it is about all.
func answerRequests(k *Request) error {
	rows, err := k.Tx.LinkRequestsOf(k.Job.ID)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r domain.LinkRequest) bool { return !r.Open(k.Now) })
	if len(rows) == 0 {
		return domain.Fail(domain.CodeState, "Nothing waits for your word any more.")
	}
	if k.link.Read() && k.In.Action == "undo" && k.In.Code == "" { // that a number is not theirs is against us: by any link
		rows = slices.DeleteFunc(rows, func(r domain.LinkRequest) bool { return r.Action != domain.NumberChanged })
		if len(rows) == 0 {
			k.refused = notOurCode()
			return nil
		}
		for i := range rows {
			if err := casework.ProtestNumbers(k.Case, &rows[i]); err != nil {
				return err
			}
		}
		return nil
	} else if k.link.Read() {
		if rows, err = withCode(k, rows); err != nil {
			return err
		}
		if len(rows) == 0 {
			k.refused = notOurCode()
			return nil
		}
		if err := proveDevice(k); err != nil {
			return err
		}
	}
	for i := range rows {
		r := &rows[i]
		if k.In.Action == "undo" {
			if err = k.Tx.Apply(r, "undo"); err == nil {
				err = undoRequest(k, r)
			}
		} else if err = k.Tx.Apply(r, "verify"); err == nil {
			if err = carryOut(k, r, "link"); Refusal(err) || domain.IsCode(err, domain.CodeState) {
				r.Reasons, err = overtaken, nil // the household's word is kept, and holds up nothing else
			}
		}
		if err == nil {
			err = settleRequest(k.Case, k.Actor, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// proveDevice lets a device prove from now on that was registered by the same link, and whose browser typed a
// code that went to the household's phone. Others that came by that link may be anybody's.
func proveDevice(k *Request) error {
	if k.In.Device == nil {
		return nil
	}
	d, err := k.Tx.Device(*k.In.Device)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	if d.LinkID == nil || *d.LinkID != k.link.ID || d.DroppedAt != nil || !d.Unproven {
		return nil
	}
	d.Unproven, d.UpdatedAt = false, k.Now
	k.Entry(k.Actor, "device.proven", nil, nil)
	return k.Tx.PutDevice(d)
}

func notOurCode() error {
	return domain.Fail(domain.CodeUnprocessable, "This is not a code that we sent.").At("/code", "six digits, of our message")
}

// overtaken is what became of a request whose matter had changed meanwhile.
const overtaken = "It had changed meanwhile; nothing was done."

// withCode gives the request whose code was typed. A wrong one counts on all, and
// after some tries a code is over.
func withCode(k *Request, rows []domain.LinkRequest) ([]domain.LinkRequest, error) {
	typed := strings.Join(strings.Fields(k.In.Code), "")
	for i := range rows {
		r := &rows[i]
		want := (&Service{k.Tx.Svc}).LinkRequestCode(r.ID)
		if r.CodeTries < domain.LinkRequestCodeTries && hmac.Equal([]byte(want), []byte(typed)) {
			return rows[i : i+1], nil
		}
	}
	for i := range rows {
		rows[i].CodeTries++
		rows[i].ChangedAt(k.Now)
		if err := k.Tx.SaveLinkRequest(&rows[i]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// settleRequest saves what became of a request.
func settleRequest(c *casework.Case, a domain.Actor, r *domain.LinkRequest) error {
	r.DecidedAt = &c.Now
	r.ChangedAt(c.Now)
	c.Tx.Disarm(domain.DueLinkRequest, r.ID)
	linkRequestEntry(c, a, "link.request_settled", r)
	return c.Tx.SaveLinkRequest(r)
}

// carryOut does what was asked, now that it is known to be the household's word:
// by link or code, or by whoever decided.
func carryOut(k *Request, r *domain.LinkRequest, verified string) error {
	if r.Action == domain.NumberChanged {
		// Of a number that was struck the household says that it is not its own, whoever decides that it is.
		return casework.SettleNumbers(k.Tx, r, verified != "desk" || !r.OfStrike(), verified != "default")
	}
	by := *k
	by.verified, by.Visit, by.In = verified, nil, LinkAction{Action: r.Action, Note: r.Words, Reason: r.Words, Text: r.Words}
	if r.VisitID != nil {
		by.Visit = k.visitByID(*r.VisitID)
	}
	if r.Action == "wrong-person" && r.ByID != nil {
		by.phone = r.Words
	}
	if r.ByID != nil && verified != "link" { // still the word of whoever wrote it down
		by.By, by.Actor.UserID = &domain.Actor{UserID: *r.ByID}, *r.ByID
	}
	if verified == "link" && r.Action != "wrong-person" {
		contact, err := inboundByLink(&by, true)
		if err != nil {
			return err
		}
		by.contact = contact
	}
	if domain.HouseholdActions[r.Action].Side == domain.ForUs {
		return dispatch(&by)
	}
	if v := by.Visit; v != nil && v.ConfirmedHow == domain.ReadLink {
		v.Agree(by.via(), domain.SaidOwnLink, "link")
		v.ChangedAt(k.Now)
		return k.Tx.SaveVisit(v)
	}
	return nil
}

// undoRequest takes back what a request did. Of one that waits there is nothing.
func undoRequest(k *Request, r *domain.LinkRequest) error {
	if r.Action == domain.NumberChanged {
		if err := casework.SettleNumbers(k.Tx, r, false, true); err != nil {
			return err
		}
		return casework.NotifyStaff(k.Case, nil, "number.refused", domain.RoleAreaManager)
	}
	since := &domain.Link{CreatedAt: r.OccurredAt}
	if r.Action == "stop-visits" {
		if err := undoStop(k, since); err != nil {
			return err
		}
		for i := range k.Visits {
			if err := undoVisit(k.Case.On(&k.Visits[i]), since); err != nil {
				return err
			}
		}
		return nil
	}
	if domain.HouseholdActions[r.Action].Side != domain.ForNobody || r.VisitID == nil {
		return nil
	}
	v := k.visitByID(*r.VisitID)
	if v == nil || v.ConfirmedHow != domain.ReadLink {
		return nil // something else has happened to it since
	}
	m := k.Case.On(v)
	if r.Action == "another-time" && v.Status == domain.VisitScheduled && v.Confirmation == domain.ConfirmConfirmed {
		return moveBack(k, m)
	}
	if err := undoVisit(m, since); err != nil {
		return err
	}
	if v.Status == domain.VisitMissed { // of which the desk was told
		return nil
	} else if v.Status != domain.VisitScheduled { // its time is over
		return ring(k, "visit.another_time")
	}
	v.Confirmation, v.ConfirmedHow = domain.Confirmation(r.WasSaid), r.WasHow
	v.ChangedAt(k.Now)
	return k.Tx.SaveVisit(v)
}

// moveBack gives a visit the time that it had before somebody chose another one.
// Where that is over, or nobody chose it before, the visit falls away and the desk is
// told that the household waits; to a time that is over nobody came, which is ours.
func moveBack(k *Request, m *casework.VisitCase) error {
	var old *domain.Visit
	if id := m.Visit.PredecessorID; id != nil {
		old = k.visitByID(*id)
	}
	if old == nil || !k.Now.Before(old.WindowStart) || k.MayBook(false) != nil {
		if err := casework.CancelVisit(m, domain.System, "moved by somebody else than the household", "nobody"); err != nil {
			return err
		}
		if old != nil && !k.Now.Before(old.WindowStart) {
			if missed, err := casework.MissedAfterAll(k.Case.On(old)); err != nil || missed {
				return err
			}
		}
		return ring(k, "visit.another_time")
	}
	next := &domain.Visit{Meta: domain.NewMeta(k.Tx.NewID(), k.Now), PredecessorID: &m.Visit.ID, Sequence: m.Visit.Sequence + 1}
	crew := slices.Clone([]domain.ID(old.Crew))
	try := *old
	try.ID, try.PredecessorID = next.ID, &m.Visit.ID
	if casework.CheckCrew(k.Case, &try, crew) != nil { // somebody has another visit by now
		crew = []domain.ID{}
	}
	in := casework.ScheduleInput{WindowStart: old.WindowStart.Format(time.RFC3339Nano), WindowEnd: old.WindowEnd.Format(time.RFC3339Nano),
		PlannedStart: old.PlannedStart.Format(time.RFC3339Nano), PlannedMinutes: old.PlannedMinutes, Crew: &crew,
		Reason: "moved by somebody else than the household"}
	if err := casework.Succeed(m, &casework.Call{Actor: domain.System}, next, in); err != nil {
		return err
	}
	if len(crew) == 0 && len(old.Crew) > 0 {
		return casework.NotifyStaff(k.Case, next, "visit.needs_someone", domain.RoleCoordinator)
	}
	return nil
}

// LinkRequestDecision decides what was asked by a link that staff had read.
type LinkRequestDecision struct {
	Decision string `json:"decision"` // accept: the household said so; refuse
	Reasons  string `json:"reasons"`
}

// DecideLinkRequest is the word of the area manager, who has asked the household by
// another way; about a report, of whoever answers for that. Never of the centre,
// and of nobody about themselves. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) DecideLinkRequest(ctx context.Context, call *casework.Call, id domain.ID,
	in LinkRequestDecision) (domain.LinkRequestView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.LinkRequestView, error) {
		k, r, err := openLinkRequest(tx, id)
		if err == nil {
			_, err = casework.AuthorizeJob(tx, call.Actor, r.JobID)
		}
		if err != nil {
			return domain.LinkRequestView{}, casework.MeaningOf(err, "link request")
		}
		if call.Actor.Role != domain.RoleAreaManager {
			return domain.LinkRequestView{}, domain.Fail(domain.CodeForbidden, "As %s you may not decide what a household asked.",
				domain.RoleWords(call.Actor.Role))
		}
		var flag *domain.Flag
		if r.FlagID != nil {
			if flag, err = tx.Flag(*r.FlagID); err != nil {
				return domain.LinkRequestView{}, err
			}
		}
		if !r.MayDecide(call.Actor, flag) {
			return domain.LinkRequestView{}, domain.NotFound("link request")
		}
		to := map[string]string{"accept": domain.LinkRequestAccepted, "refuse": domain.LinkRequestRefused}[in.Decision]
		switch {
		case to == "":
			err = domain.Fail(domain.CodeUnprocessable, "Decide accept (the household said so) or refuse.").At("/decision", "accept or refuse")
		case strings.TrimSpace(in.Reasons) == "":
			err = domain.Fail(domain.CodeUnprocessable, "Say how you asked the household, or why not.").At("/reasons", "a few words")
		default:
			err = tx.Apply(r, "decide", to)
		}
		if err != nil {
			return domain.LinkRequestView{}, err
		}
		r.DecidedBy, r.Reasons = &call.Actor.UserID, in.Reasons
		if err := decideNumber(tx, call.Actor, k, r, to); err != nil {
			return domain.LinkRequestView{}, err
		}
		if to == domain.LinkRequestAccepted {
			if err := carryOut(k, r, "desk"); err != nil {
				return domain.LinkRequestView{}, err
			}
		}
		if err := settleRequest(k.Case, call.Actor, r); err != nil {
			return domain.LinkRequestView{}, err
		}
		casework.NotifyCustomer(k.Case, nil, "link.settled")
		return r.View(), nil
	})
}

// decideNumber is the word of the area manager about a number that staff changed: they vouch for it, who neither
// changed it nor has a report about themselves; which of the two is not said.
func decideNumber(tx *casework.Work, a domain.Actor, k *Request, r *domain.LinkRequest, to string) error {
	if r.Action != domain.NumberChanged {
		return nil
	}
	party, err := casework.ReportedOn(tx, a.UserID)
	if err != nil {
		return err
	}
	for _, n := range k.Customer.NumberChanges {
		party = party || n.RequestID == r.ID && n.By != nil && *n.By == a.UserID
	}
	if party {
		return domain.Fail(domain.CodeForbidden, "Somebody else decides this one.")
	}
	if to == domain.LinkRequestRefused {
		return casework.SettleNumbers(tx, r, r.OfStrike(), true)
	}
	return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityNumber, ActorID: &a.UserID, JobID: &r.JobID})
}

// LinkRequests lists those that an area manager decides or decided.
func (s *Service) LinkRequests(ctx context.Context, a domain.Actor, f domain.LinkRequestFilter,
	p domain.Page) ([]domain.LinkRequest, error) {
	rows, err := s.Read.LinkRequests(ctx, a.Scope(), f, p)
	if err != nil {
		return nil, err
	}
	return casework.LinkRequestsOf(ctx, s.Service, a, rows)
}

// openLinkRequest locks the job of a request and opens its case.
func openLinkRequest(tx *casework.Work, id domain.ID) (*Request, *domain.LinkRequest, error) {
	r, err := tx.LinkRequest(id)
	if err != nil {
		return nil, nil, err
	}
	j, err := tx.LockJob(r.JobID)
	if err != nil {
		return nil, nil, err
	}
	if r, err = tx.LinkRequest(id); err != nil { // as it stands under the job's lock
		return nil, nil, err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return nil, nil, err
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return nil, nil, err
	}
	actor := domain.Actor{Role: domain.RoleCustomer, JobID: j.ID, Name: "customer"}
	return &Request{Case: c, Visits: visits, Actor: actor, call: &casework.Call{Actor: actor}}, r, nil
}

// LinkRequestDue does with a request that nobody verified what favours the household.
func LinkRequestDue(tx *casework.Work, id domain.ID) error {
	k, r, err := openLinkRequest(tx, id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil || r.Status != domain.LinkRequestPending {
		return err
	}
	to := domain.LinkRequestLapsed
	if r.Counts() {
		to = domain.LinkRequestAccepted
	}
	if err := tx.Apply(r, "default", to); err != nil {
		return err
	}
	r.Reasons = r.Unanswered()
	if to == domain.LinkRequestAccepted {
		if err := carryOut(k, r, "default"); err != nil && !Refusal(err) && !domain.IsCode(err, domain.CodeState) {
			return err // an appeal against a note that has ended asks for nothing any more
		}
	}
	if err := settleRequest(k.Case, domain.System, r); err != nil {
		return err
	}
	if r.Action != domain.NumberChanged { // nobody asked for that in its name
		casework.NotifyCustomer(k.Case, nil, "link.settled")
	}
	return nil
}

// inboundByLink writes down that the household acted on its page; receipt: by a link
// that we delivered and staff have not read.
func inboundByLink(k *Request, receipt bool) (*domain.Attempt, error) {
	return casework.AddAttempt(k.call, k.Case, nil, casework.AttemptInput{Direction: reach.Inbound, Channel: reach.Push,
		Outcome: reach.Reached,
		Receipt: receipt, Note: contactNote(k.In.Action, "link"), Link: &k.link.ID, Request: k.In.Action})
}
