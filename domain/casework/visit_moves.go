package casework

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
)

// MoveInput is what a crew says with a forward move; each move uses its part.
type MoveInput struct {
	OccurredAt string    `json:"occurred_at"`
	Note       string    `json:"note"`
	Reason     string    `json:"reason"` // why the guard could not be met: one of domain.WhysNot
	Findings   *string   `json:"findings"`
	WorkDone   *string   `json:"work_done"`
	Parts      *[]string `json:"parts"`
	Tested     *string   `json:"tested"`
	EndCode    string    `json:"end_code"` // of complete: what the household's page shows
}

// forward is the order of the moves that a later one implies.
var forward = []struct {
	action string
	at     func(v *domain.Visit) **time.Time
}{
	{"en-route", func(v *domain.Visit) **time.Time { return &v.EnRouteAt }},
	{"arrive", func(v *domain.Visit) **time.Time { return &v.ArrivedAt }},
	{"start", func(v *domain.Visit) **time.Time { return &v.StartedAt }},
}

// Advance makes a forward move: en-route, arrive, start, complete, partial or
// no-access. The crew. A later move implies the skipped ones, marked not
// recorded. A late claim overturns a provisional missed. Errors: CodeOnHold,
// CodePlan, CodePreconditionMissing, CodeState.
//
// An arrival of somebody who was taken out of the crew meanwhile moves nothing
// and is kept: where they are counts, whoever goes there now. What else they did
// before the visit changed, or what missed its guard and is told too late to be made
// good, is kept as a claim (CodeClaimKept).
func (s *Service) Advance(ctx context.Context, call *Call, id domain.ID, action string, in MoveInput) (domain.VisitView, error) {
	out, err := advance(ctx, s, call, id, action, in)
	switch {
	case action == "arrive" && NotFound(err):
		return ArrivedAnyway(ctx, s, call, id, in)
	case NotFound(err), domain.IsCode(err, domain.CodeState), domain.IsCode(err, domain.CodeForbidden),
		domain.IsCode(err, domain.CodePreconditionMissing):
		err = keepClaim(ctx, s, call, id, action, in, err)
	}
	return out, err
}

func advance(ctx context.Context, s *Service, call *Call, id domain.ID, action string, in MoveInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, action, in.OccurredAt, func(m *VisitCase) error {
		return makeMove(m, call.Actor, action, in, nil)
	})
}

// makeMove makes a forward move of a crew. Where a claim of it is taken, its witness, who may be nobody, stands
// in for what its guard misses; else witness is nil.
func makeMove(m *VisitCase, a domain.Actor, action string, in MoveInput, witness *string) error {
	v := m.Visit
	switch v.Status {
	case domain.VisitMissed:
		if err := overturnMissed(m); err != nil {
			return err
		}
	case domain.VisitCancelled:
		if err := m.overturnHeld(); err != nil {
			return err
		}
	default: // nothing to overturn
	}
	if err := m.planKept(action); err != nil {
		return err
	}
	if err := m.opened(action); err != nil {
		return err
	}
	why, err := m.metOrWhyNot(action, &in, witness)
	if err != nil {
		return err
	}
	for _, f := range forward {
		at := f.at(v)
		if f.action == action {
			*at = domain.Ptr(m.Said.Occurred)
			break
		}
		if f.action == "start" && (action == "no-access" || domain.Has(m.Plan, "carry_in")) {
			break
		}
		if *at == nil && !domain.Has(v.NotRecorded, f.action) {
			v.NotRecorded = append(v.NotRecorded, f.action)
		}
	}
	if err := m.Tx.Apply(v, action); err != nil {
		return err
	}
	if in.Findings != nil {
		v.Findings = *in.Findings
	}
	if in.WorkDone != nil {
		v.WorkDone = *in.WorkDone
	}
	if in.Parts != nil {
		v.Parts = *in.Parts
	}
	if in.Tested != nil {
		v.Tested = *in.Tested
	}
	m.Tx.Disarm(domain.DueMissed, v.ID)
	if v.Status == domain.VisitEnRoute { // who set out may still not come
		m.Tx.SetDeadline(domain.DueMissed, v.ID, &m.Job.ID, Later(v.WindowEnd.Add(domain.MissedOnTheWay), m.Now.Add(domain.MissedAfter)))
	}
	payload := map[string]any{"note": in.Note}
	if !v.Status.Unfinished() {
		v.EndedAt, v.EndReason = domain.Ptr(m.Said.Occurred), why
		payload = map[string]any{"note": in.Note, "reason": in.Reason, "guard_met": why == "", "findings": v.Findings,
			"work_done": v.WorkDone, "parts": v.Parts, "tested": v.Tested}
		m.Tx.Disarm(domain.DueHeldCancel, v.ID)
	}
	if v.Status == domain.VisitNoAccess {
		v.CountsAgainst, v.ProvisionalTo = v.NoAccessAgainst(), domain.Ptr(m.Now.Add(domain.ProvisionalFor))
		if live, err := m.arrivedLive(); err != nil {
			return err
		} else if !live { // the word of one, told later, counts against nobody
			v.CountsAgainst = "nobody"
			if why == "" {
				v.EndReason = domain.ArrivalToldLate
			}
		}
		if spoken, err := m.spokenWith(); err != nil {
			return err
		} else if spoken {
			v.CountsAgainst = "nobody"
			if why == "" {
				v.EndReason = domain.SpokenWith
			}
		}
		if wrong, err := WordWrong(m); err != nil {
			return err
		} else if wrong != nil { // it was right not to open
			v.CountsAgainst = "brand"
			if why == "" {
				v.EndReason = domain.WordWrong
			}
		}
	}
	m.Entry(a, domain.VisitMoveOf(action).Entry, &v.ID, payload)
	if err := SaveVisit(m); err != nil {
		return err
	}
	if action == "complete" {
		if err := completed(m, a, in.EndCode); err != nil {
			return err
		}
	}
	if !v.Status.Unfinished() {
		if err := each(VisitEnded, m); err != nil {
			return err
		}
	}
	if !v.Status.Unfinished() {
		if err := settleClaims(m, a); err != nil {
			return err
		}
		if err := doubt(m, a, action, witness != nil); err != nil {
			return err
		}
	}
	return Tell(m, action)
}

// opened refuses a move that tells the household that somebody comes, or is there, before the morning of the visit.
func (m *VisitCase) opened(action string) error {
	opens := m.Visit.Opens(action, m.Site.Location())
	if opens == nil || countingGuards[action] != nil || !m.Said.Occurred.Before(*opens) {
		return nil // what counts has a guard of its own
	}
	return m.tooEarly(*opens, "It is too early for this visit: it opens at %s. To come before that, have the visit moved first.").
		At("/occurred_at", "from then on")
}

// tooEarly refuses a move that opens at an instant.
func (m *VisitCase) tooEarly(opens time.Time, words string) *domain.Error {
	return domain.Fail(domain.CodePreconditionMissing, words, opens.In(m.Site.Location()).Format("15:04 on 2 Jan")).With("opens_at", opens)
}

// countingGuards hold the moves by which a visit counts for or against somebody: what
// of its guard a move does not meet. What a reason of the list stands in for comes
// as excused (docs/product.md section 3).
var countingGuards = map[string]func(m *VisitCase, in *MoveInput) (missing *domain.Error, excused bool, err error){
	"complete": func(m *VisitCase, in *MoveInput) (*domain.Error, bool, error) {
		if missing := m.resultMissing(in); missing != nil {
			return missing, false, nil
		}
		return m.arrivalMissing(), true, nil
	},
	"partial": func(m *VisitCase, _ *MoveInput) (*domain.Error, bool, error) { return m.arrivalMissing(), true, nil },
	"no-access": func(m *VisitCase, _ *MoveInput) (*domain.Error, bool, error) {
		missing, err := m.noAccessMissing()
		return missing, true, err
	},
}

// metOrWhyNot holds a move to its guard. It gives the reason that stood in for what
// was missing; empty: nothing was, and the entry has the words.
func (m *VisitCase) metOrWhyNot(action string, in *MoveInput, witness *string) (why string, err error) {
	guard, counts := countingGuards[action]
	if !counts {
		return "", nil
	}
	if err := domain.CheckWhyNot(in.Reason, in.Note); err != nil {
		return "", err
	}
	if v := m.Visit; !v.Near(&m.Said.Occurred) {
		return "", domain.Fail(domain.CodePreconditionMissing, "Nobody had to be there yet: the window begins at %s.",
			v.WindowStart.In(m.Site.Location()).Format("15:04 on 2 Jan")).At("/occurred_at", "near the window").
			With("opens_at", v.Opens(action, m.Site.Location()))
	}
	missing, excused, err := guard(m, in)
	alone := excused && in.Reason != "" && witness == nil && action != "complete" // of which the household is asked
	switch {
	case err != nil || missing == nil:
		return "", err
	case alone && m.Visit.Status == domain.VisitMissed:
		return "", domain.Fail(domain.CodePreconditionMissing, "The visit was missed; a reason alone does not undo that, somebody else decides.")
	case alone && m.Said.Occurred.Before(m.Visit.WindowStart):
		return "", domain.Fail(domain.CodePreconditionMissing, "The window begins at %s; before that no reason ends the visit.",
			m.Visit.WindowStart.In(m.Site.Location()).Format("15:04")).At("/reason", "from the beginning of the window").
			With("opens_at", m.Visit.WindowStart)
	case excused && in.Reason != "":
		return in.Reason, nil
	case witness != nil && *witness != "":
		return "witness", nil
	}
	return "", missing
}

// arrivedLive reports whether the last arrival was told as it happened.
func (m *VisitCase) arrivedLive() (bool, error) {
	entries, err := m.Tx.EntriesOfKind(m.Job.ID, "visit.arrived")
	live := false
	for i := range entries {
		if e := &entries[i]; e.VisitID != nil && *e.VisitID == m.Visit.ID {
			live = e.RecordedAt.Sub(e.OccurredAt) <= domain.ToldAtOnce
		}
	}
	return live, err
}

// WordWrong gives the last entry in which the household says that whoever was at its door for this visit did not know the word; nil:
// it never said so.
func WordWrong(m *VisitCase) (last *domain.Entry, err error) {
	entries, err := m.Tx.EntriesOfKind(m.Job.ID, "visit.word_wrong")
	for i := range entries {
		if e := &entries[i]; e.VisitID != nil && *e.VisitID == m.Visit.ID {
			last = e
		}
	}
	return last, err
}

// arrivalMissing refuses an end of a visit to which nobody came.
func (m *VisitCase) arrivalMissing() *domain.Error {
	if m.Visit.CameNear() {
		return nil
	}
	return domain.Fail(domain.CodePreconditionMissing, "This needs an arrival first, or the reason why it was not recorded.").
		At("/reason", "why the arrival was not recorded")
}

// resultMissing refuses a completion that says nothing of the work, or of the test
// that the category of the job asks for.
func (m *VisitCase) resultMissing(in *MoveInput) *domain.Error {
	said := func(now *string, before string) bool {
		if now != nil {
			before = *now
		}
		return domain.Says(before)
	}
	if !said(in.WorkDone, m.Visit.WorkDone) {
		return domain.Fail(domain.CodePreconditionMissing, "Say what was done. What is not finished ends as partial.").
			At("/work_done", "what was done")
	}
	if test := m.Job.TestAsked(); test != "" && !said(in.Tested, m.Visit.Tested) {
		return domain.Fail(domain.CodePreconditionMissing, "Say what the test showed: %s. What was not tested ends as partial.", test).
			At("/tested", test)
	}
	return nil
}

// noAccessMissing is what of its guard a no-access does not meet; nil: nothing.
func (m *VisitCase) noAccessMissing() (missing *domain.Error, err error) {
	if !m.Visit.Near(m.Visit.ArrivedAt) { // weeks before it is a wrong tap
		return domain.Fail(domain.CodePreconditionMissing, "No access needs an arrival first, or the reason why it was not recorded.").
			At("/reason", "why the arrival was not recorded"), nil
	}
	from := Later(*m.Visit.ArrivedAt, m.Visit.WindowStart)
	if until := from.Add(domain.NoAccessInside); m.Said.Occurred.Before(until) {
		return domain.Fail(domain.CodePreconditionMissing, "Wait %d minutes inside the window, until %s, or say why not.",
			int(domain.NoAccessInside.Minutes()), until.In(m.Site.Location()).Format("15:04")).At("/reason", "why you could not wait"), nil
	}
	attempts, err := m.Tx.AttemptsOf(m.Job.ID)
	if err != nil {
		return nil, err
	}
	calls := m.Visit.WindowStart.Add(-domain.NoAccessCalls)
	call, message := false, false
	for i := range attempts {
		a := &attempts[i]
		if a.Direction != reach.Outbound || a.Discounted != "" || a.OccurredAt.Before(*m.Visit.ArrivedAt) {
			continue
		}
		if a.Channel == reach.Phone {
			call = call || a.Outcome != reach.WrongNumber && !a.OccurredAt.Before(calls) && m.Customer.Proves(a.Address, m.Job.ID, m.Now)
			continue
		}
		goes, err := goesToHousehold(m.Case, a)
		if err != nil {
			return nil, err
		}
		message = message || goes
	}
	if !call || !message {
		return domain.Fail(domain.CodePreconditionMissing, "No access needs one call to a number of the household, from %s on, and one message "+
			"that it can get, both since arrival, or the reason why not.", calls.In(m.Site.Location()).Format("15:04")).
			At("/reason", "why there was no call or message"), nil
	}
	return nil, nil
}

// goesToHousehold reports whether an attempt is a message by a way that the household has: one of its numbers, an e-mail
// address of one of its people, a device of its own.
func goesToHousehold(c *Case, a *domain.Attempt) (bool, error) {
	if !domain.Has(messaged, a.Outcome) {
		return false, nil
	}
	switch a.Channel {
	case "sms", "whatsapp":
		return c.Customer.Proves(a.Address, c.Job.ID, c.Now), nil
	case "email":
		return c.Customer.EmailProves(a.Address, c.Job.ID, c.Now), nil
	case "push":
		devices, err := ProvenDevices(c.Tx, c.Customer, c.Job.ID, c.Now)
		return len(devices) > 0, err
	}
	return false, nil
}

// messaged are the outcomes of a message, not of a call that goes the same way.
var messaged = []string{reach.Sent, reach.Delivered, reach.Read, reach.Reached, reach.Refused, reach.Hostile}

// heard reports whether the household was spoken with, or got in touch, while a crew stood at its door, about whichever of its jobs.
// To refuse is its own choice and no such contact.
func heard(v *domain.Visit, until time.Time, a *domain.Attempt) bool {
	return v.ArrivedAt != nil && a.Discounted == "" && !a.OccurredAt.Before(*v.ArrivedAt) && !a.OccurredAt.After(until) &&
		(a.Direction == reach.Inbound || a.Outcome == reach.Reached || a.Outcome == reach.CutOff)
}

// spokenWith reports whether there was such a contact since the arrival, by when the move was made.
func (m *VisitCase) spokenWith() (bool, error) {
	jobs, err := m.Tx.JobsOfHouseholds(m.Customer.ID)
	if err != nil {
		return false, err
	}
	for _, j := range jobs {
		attempts, err := m.Tx.AttemptsOf(j)
		if err != nil || slices.ContainsFunc(attempts, func(a domain.Attempt) bool { return heard(m.Visit, m.Said.Occurred, &a) }) {
			return err == nil, err
		}
	}
	return false, nil
}

// heardAfterAll lets a no-access of the household count against nobody once a contact is told that there was before it ended. What
// comes in is noted on each of its open jobs anyway.
func heardAfterAll(c *Case, a *domain.Attempt) error {
	if !a.Contact() || a.Discounted != "" {
		return nil
	}
	if err := heardOnJob(c, a); err != nil || a.Direction != reach.Outbound {
		return err
	}
	open, err := c.Tx.OpenJobsOf(c.Customer.ID)
	if err != nil {
		return err
	}
	for i := range open {
		if open[i].ID == c.Job.ID {
			continue
		}
		j, err := c.Tx.LockJob(open[i].ID)
		if err != nil {
			return err
		}
		other, err := OpenCase(c.Tx, j)
		if err == nil {
			err = heardOnJob(other, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func heardOnJob(c *Case, a *domain.Attempt) error {
	visits, err := c.Tx.VisitsOfJob(c.Job.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		v := &visits[i]
		if v.Status != domain.VisitNoAccess || v.CountsAgainst != "customer" || !v.Overturnable(c.Now) || v.EndedAt == nil ||
			!a.OccurredAt.Before(*v.EndedAt) || !heard(v, *v.EndedAt, a) {
			continue
		}
		v.CountsAgainst, v.EndReason = "nobody", domain.SpokenWith
		if err := SaveVisit(c.On(v)); err != nil {
			return err
		}
	}
	return nil
}

// overturnMissed withdraws a missed that an offline phone proves wrong: the
// move happened before the sweep could rightly call it missed.
func overturnMissed(m *VisitCase) error {
	v := m.Visit
	if !v.Overturnable(m.Now) {
		return domain.Fail(domain.CodeState, "The visit was missed more than %d hours ago; that stands now.",
			int(domain.ProvisionalFor.Hours())).With("status", v.Status)
	}
	if m.Said.Occurred.After(v.WindowEnd.Add(domain.MissedAfter)) {
		return domain.Fail(domain.CodeState, "The visit was missed: nothing happened until 15 minutes after its window.").With("status", v.Status)
	}
	v.CountsAgainst, v.ProvisionalTo, v.EndedAt, v.EndReason = "nobody", nil, nil, ""
	m.Entry(domain.System, "visit.missed_withdrawn", &v.ID,
		map[string]any{"because": "a late fact of " + m.Said.Occurred.Format(time.RFC3339)})
	if err := m.Tx.WithdrawNotices(v.ID, "visit.missed", "visit.missed_desk"); err != nil {
		return err
	}
	NotifyCustomer(m.Case, v, "visit.missed_withdrawn")
	return nil
}

// overturnHeld takes a visit back that fell away under a safety hold, when an
// offline phone proves that its crew moved before the hold was placed.
func (m *VisitCase) overturnHeld() error {
	v := m.Visit
	stood := false
	for _, h := range m.Holds {
		if h.Kind == domain.HoldSafety && v.EndedAt != nil && !h.Since.After(*v.EndedAt) && !m.Said.Occurred.Before(h.Since) &&
			(h.LiftedAt == nil || h.LiftedAt.After(m.Said.Occurred)) {
			stood = true
		}
	}
	if !v.Overturnable(m.Now) || stood || v.EndedAt == nil || m.Said.Occurred.After(*v.EndedAt) {
		return domain.Fail(domain.CodeState, "The visit was cancelled: the hold over it had not been released.").With("status", v.Status)
	}
	v.ProvisionalTo, v.EndedAt, v.EndReason = nil, nil, ""
	return nil
}

// TakeBackInput takes a wrong tap back.
type TakeBackInput struct {
	Reason     string `json:"reason"` // the desk's
	OccurredAt string `json:"occurred_at"`
}

// TakeBack corrects moves that were tapped on the wrong visit: it is scheduled
// again. The crew within TakeBackWithin of its last move, its desk at any time, with
// a reason. Errors: CodeForbidden when it is too late for the crew, CodeState,
// CodeUnprocessable.
func (s *Service) TakeBack(ctx context.Context, call *Call, id domain.ID, in TakeBackInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, "take-back", in.OccurredAt, func(m *VisitCase) error {
		v := m.Visit
		switch {
		case call.Actor.Role != domain.RoleTechnician:
			if strings.TrimSpace(in.Reason) == "" {
				return domain.Fail(domain.CodeUnprocessable, "Say why the move is taken back.").At("/reason", "a reason")
			}
		case m.Now.After(v.LastMove().Add(domain.TakeBackWithin)):
			return domain.Fail(domain.CodeForbidden, "A move is taken back within %d minutes; now your desk can.",
				int(domain.TakeBackWithin.Minutes()))
		}
		taken := map[string]any{"status": v.Status, "en_route_at": v.EnRouteAt, "arrived_at": v.ArrivedAt, "started_at": v.StartedAt,
			"reason": in.Reason}
		if err := m.Tx.Apply(v, "take-back"); err != nil {
			return err
		}
		v.EnRouteAt, v.ArrivedAt, v.StartedAt, v.NotRecorded = nil, nil, nil, domain.JSONList[string]{}
		m.Entry(call.Actor, "visit.taken_back", &v.ID, taken)
		if err := each(BackFromWay, m); err != nil {
			return err
		}
		if err := SaveVisit(m); err != nil {
			return err
		}
		m.Tx.SetDeadline(domain.DueMissed, v.ID, &m.Job.ID, v.WindowEnd.Add(domain.MissedAfter))
		if m.Held != nil {
			m.Tx.SetDeadline(domain.DueHeldCancel, v.ID, &m.Job.ID, Later(v.WindowStart, m.Now))
		}
		if err := m.Tx.WithdrawNotices(v.ID, "visit.en_route", "visit.arrived"); err != nil {
			return err
		}
		NotifyCrew(m.Case, v, domain.Without(v.Crew, call.Actor.UserID), "visit.move_undone")
		return Tell(m, "take-back")
	})
}

// VisitPatch corrects what a crew wrote; the old words stay in the timeline.
type VisitPatch struct {
	Findings *string   `json:"findings"`
	WorkDone *string   `json:"work_done"`
	Parts    *[]string `json:"parts"`
	Tested   *string   `json:"tested"`
}

// PatchVisit corrects findings, work done, parts and test; by what a visit was completed, it is not emptied. The crew,
// coordinator, proprietor, area manager. Errors: CodeStale, CodePreconditionMissing.
func (s *Service) PatchVisit(ctx context.Context, call *Call, id domain.ID, version int64, in VisitPatch) (domain.VisitView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.VisitView, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return domain.VisitView{}, err
		}
		if !call.Actor.Sees(v) {
			return domain.VisitView{}, domain.NotFound("visit")
		}
		if !call.Actor.Is(domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager) {
			return domain.VisitView{}, domain.Fail(domain.CodeForbidden, "As %s you may not change a visit's report.",
				domain.RoleWords(call.Actor.Role))
		}
		if err := IfVersion(v.Meta, version); err != nil {
			return domain.VisitView{}, err
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return domain.VisitView{}, err
		}
		if m := c.On(v); v.Status == domain.VisitCompleted && m.resultMissing(&MoveInput{}) == nil {
			if missing := m.resultMissing(&MoveInput{WorkDone: in.WorkDone, Tested: in.Tested}); missing != nil {
				return domain.VisitView{}, missing
			}
		}
		Set(&v.Findings, in.Findings)
		Set(&v.WorkDone, in.WorkDone)
		Set(&v.Tested, in.Tested)
		if in.Parts != nil {
			v.Parts = *in.Parts
		}
		c.EntryAt(At(tx.Now), call.Actor, "visit.corrected", &v.ID, in)
		v.ChangedAt(tx.Now)
		if err := tx.SaveVisit(v); err != nil {
			return domain.VisitView{}, err
		}
		return c.View(call.Actor, v), nil
	})
}
