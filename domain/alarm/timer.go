package alarm

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// timerSteps is what follows a timer that ran out, each so long after it.
var timerSteps = []struct {
	After time.Duration
	To    string
}{
	{0, "pinged"},
	{2 * time.Minute, "desk_asked"},
	{5 * time.Minute, "alarmed"},
}

const (
	timerSpare     = 10 * time.Minute // beyond the planned length
	timerFine      = 15 * time.Minute // after "I am fine", or what is left of the plan
	timerMost      = 4 * time.Hour    // of one extension
	timerMostInAll = 8 * time.Hour
	silentFor      = 15 * time.Minute // around a planned time, without a move: the phone may be offline
)

// timersEnd ends the timers of a visit that is under way no longer.
func timersEnd(m *casework.VisitCase) error {
	timers, err := m.Tx.TimersOf(m.Visit.ID)
	if err != nil {
		return err
	}
	for i := range timers {
		if domain.Has(domain.TimerRuns, timers[i].Status) {
			if err := endWithVisit(m, &timers[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// endWithVisit ends a timer whose visit is over for them; one that has asked goes on until they have answered, and so does the one of
// somebody inside whom others took off the visit.
func endWithVisit(m *casework.VisitCase, t *domain.Timer) error {
	if leftInside(m, t) {
		return nil
	}
	open, err := asks(m.Tx, t)
	if err != nil || open {
		return err
	}
	return endTimer(m.Tx, t, "visit", m.Now)
}

// leftInside reports whether somebody had arrived and their visit is over for them by no act of their crew: it was taken back, ended,
// moved or given to others. That says nothing of where they are, so they are asked at the time at which they would have been. What
// the crew itself finished ends the timers of all of it.
func leftInside(m *casework.VisitCase, t *domain.Timer) bool {
	if t.Provisional || actedBy(m.Tx, t.UserID) {
		return false
	}
	v := m.Visit
	finished := v.Status == domain.VisitCompleted || v.Status == domain.VisitPartial || v.Status == domain.VisitNoAccess
	return !finished || m.Tx.Call == nil || !domain.Has(v.Crew, m.Tx.Call.Actor.UserID) || !domain.Has(v.Crew, t.UserID)
}

// actedBy reports whether a user did what is being done.
func actedBy(tx *casework.Work, user domain.ID) bool {
	return tx.Call != nil && tx.Call.Actor.UserID == user
}

// asks reports whether somebody was asked by a timer whether they are well, and has not answered. What others do, with the
// visit or with its crew, is no answer; a move of their own is one where no code is set, for whoever holds their phone could
// say "fine" just as well.
func asks(tx *casework.Work, t *domain.Timer) (bool, error) {
	if t.PingedAt == nil {
		return false, nil
	}
	if !actedBy(tx, t.UserID) {
		return true, nil
	}
	u, err := tx.User(t.UserID)
	return err != nil || u.CodeHash != "", err
}

// follows reports whether a timer has somebody to follow: they are in the crew of a visit that is under way.
func follows(t *domain.Timer, v *domain.Visit) bool {
	return v.Status.UnderWay() && domain.Has(v.Crew, t.UserID)
}

// timersFollow arms, rebases and ends the timers of a visit as it moves: one
// for each of the crew while it is under way. Late facts rebase them.
func timersFollow(m *casework.VisitCase) error {
	v := m.Visit
	if v.EnRouteAt == nil && v.ArrivedAt == nil && v.StartedAt == nil && !v.Status.UnderWay() {
		return nil
	}
	timers, err := m.Tx.TimersOf(v.ID)
	if err != nil {
		return err
	}
	base, provisional := v.PlannedStart, true
	for _, at := range []*time.Time{v.StartedAt, v.ArrivedAt} { // the earliest that is known
		if at != nil {
			base, provisional = *at, false
		}
	}
	if provisional && v.EnRouteAt != nil && v.EnRouteAt.After(base) {
		base = *v.EnRouteAt
	}
	have := map[domain.ID]bool{}
	for i := range timers {
		t := &timers[i]
		have[t.UserID] = true
		action := "rebase"
		switch {
		case domain.TimerMoves.Open("again", t.Status) && t.EndedHow == "visit" && v.Status.UnderWay() && domain.Has(v.Crew, t.UserID):
			action = "again"
			t.EndedAt, t.EndedHow = nil, ""
		case !domain.TimerMoves.Open("rebase", t.Status):
			continue
		case !follows(t, v):
			if err := endWithVisit(m, t); err != nil {
				return err
			}
			continue
		case t.BaseAt.Equal(base) && t.Provisional == provisional,
			!t.Provisional && provisional && !actedBy(m.Tx, t.UserID): // a colleague who sets out says nothing of who is inside
			continue
		default:
			open, err := asks(m.Tx, t)
			if err != nil {
				return err
			}
			if open {
				continue
			}
		}
		t.BaseAt, t.Provisional = base, provisional
		if err := resetTimer(m.Tx, t, action, v.JobID, timerEnd(t, v)); err != nil {
			return err
		}
	}
	if !v.Status.UnderWay() {
		return timerAhead(m)
	}
	for _, id := range v.Crew {
		if have[id] {
			continue
		}
		if err := newTimer(m.Tx, "start", v, id, base, provisional); err != nil {
			return err
		}
	}
	return nil
}

func newTimer(tx *casework.Work, action string, v *domain.Visit, user domain.ID, base time.Time, provisional bool) error {
	t := &domain.Timer{Meta: domain.NewMeta(tx.NewID(), tx.Now), VisitID: v.ID, UserID: user, CentreID: v.CentreID, AreaID: v.AreaID,
		BaseAt: base, Provisional: provisional}
	if err := tx.Apply(t, action); err != nil {
		return err
	}
	t.DueAt = timerEnd(t, v)
	if err := tx.InsertTimer(t); err != nil {
		return err
	}
	tx.SetDeadline(domain.DueTimer, t.ID, &v.JobID, t.DueAt)
	return nil
}

// timerAhead looks, when a visit ended, at where each of its crew goes next: a
// phone that falls silent between two visits sets no timer itself.
func timerAhead(m *casework.VisitCase) error {
	if m.Tx.Svc.NoPlanTimers {
		return nil
	}
	for _, id := range m.Visit.Crew {
		next, err := m.Tx.BusyBetween(id, m.Now, m.Now.Add(casework.WorkingDay))
		if err != nil {
			return err
		}
		for i := range next {
			if o := &next[i]; o.ID != m.Visit.ID && o.Status == domain.VisitScheduled && o.PlannedStart.After(m.Now) {
				m.Tx.SetDeadline(domain.DueTimerPlan, o.ID, &o.JobID, o.PlannedStart.Add(silentFor))
				break
			}
		}
	}
	return nil
}

// TimerFromPlan arms timers from the planned time for those of a crew who
// worked today and whose phone has told of nothing since shortly before it:
// they may be inside already (docs/product.md section 5, "for an offline phone").
// Whoever has not moved at all today, or has moved since, is not asked.
func TimerFromPlan(tx *casework.Work, visit domain.ID) error {
	v, err := tx.Visit(visit)
	if casework.NotFound(err) || err == nil && (v.Status != domain.VisitScheduled || tx.Now.Before(v.PlannedStart)) {
		return nil
	} else if err != nil {
		return err
	}
	have, err := tx.TimersOf(visit)
	if err != nil {
		return err
	}
	for _, id := range v.Crew {
		last, err := tx.LastMoveOf(id, v.PlannedStart.Add(-casework.WorkingDay))
		if err != nil {
			return err
		}
		if last == nil || last.After(v.PlannedStart.Add(-silentFor)) ||
			slices.ContainsFunc(have, func(t domain.Timer) bool { return t.UserID == id }) {
			continue
		}
		if err := newTimer(tx, "plan", v, id, v.PlannedStart, true); err != nil {
			return err
		}
	}
	return nil
}

func timerEnd(t *domain.Timer, v *domain.Visit) time.Time {
	return t.BaseAt.Add(time.Duration(v.PlannedMinutes+t.Extended)*time.Minute + timerSpare)
}

// resetTimer sets a timer anew; what the desk heard is no answer, and they are asked again.
func resetTimer(tx *casework.Work, t *domain.Timer, action string, job domain.ID, due time.Time) error {
	if err := tx.Apply(t, action); err != nil {
		return err
	}
	t.PingID, t.DueAt = nil, due
	if action != "spoken" {
		t.PingedAt = nil
	}
	tx.SetDeadline(domain.DueTimer, t.ID, &job, due)
	t.ChangedAt(tx.Now)
	return tx.SaveTimer(t)
}

// endTimer ends a timer: how is "person" for whose timer it is, "visit" when it
// went with the visit.
func endTimer(tx *casework.Work, t *domain.Timer, how string, at time.Time) error {
	action := "end"
	if how == "visit" {
		action = "visit-ends"
	}
	if err := tx.Apply(t, action); err != nil {
		return err
	}
	t.EndedAt, t.EndedHow = &at, how
	tx.Disarm(domain.DueTimer, t.ID)
	t.ChangedAt(tx.Now)
	return tx.SaveTimer(t)
}

// TimerDue takes the steps of a timer that ran out: one alarm for one cause,
// however many servers run.
func TimerDue(tx *casework.Work, id domain.ID) error {
	t, err := tx.LockTimer(id)
	if casework.NotFound(err) || err == nil && !domain.Has(domain.TimerRuns, t.Status) {
		return nil
	} else if err != nil {
		return err
	}
	v, err := tx.Visit(t.VisitID)
	if err != nil {
		return err
	}
	// One that was set from the plan ends when the visit has moved away.
	fromPlan := t.Provisional && v.Status == domain.VisitScheduled && domain.Has(v.Crew, t.UserID)
	if t.PingedAt == nil && !follows(t, v) && !fromPlan && t.Provisional {
		return endTimer(tx, t, "visit", tx.Now)
	}
	u, err := tx.User(t.UserID)
	if err != nil {
		return err
	}
	taken := 0
	for taken < len(timerSteps) && timerSteps[taken].To != t.Status {
		taken++
	}
	next := 0 // armed
	if taken < len(timerSteps) {
		next = taken + 1
	}
	// A server that was away takes each step, but gives each its time: nobody
	// is rung with an alarm who was not asked first.
	switch timerSteps[next].To {
	case "pinged":
		n := casework.NewNotice(tx.Svc, "timer.ping", u.Language, tx.Now, tx.Now.Add(10*time.Minute), casework.ToUser(u.ID),
			func(n *domain.Notice) { n.High, n.JobID = true, &v.JobID })
		n.Data.V["visit_id"] = v.ID.String()
		tx.Enqueue(n)
		if err := tx.Apply(t, "ping"); err != nil {
			return err
		}
		t.PingedAt, t.PingID = &tx.Now, &n.ID
		t.Pings++
	case "desk_asked":
		if err := tx.Apply(t, "ask-desk"); err != nil {
			return err
		}
		kind := "timer.no_signal"
		if t.PingID != nil {
			if ping, err := tx.Notice(*t.PingID); err == nil && ping.SeenAt != nil {
				kind = "timer.no_answer" // the phone showed it
			}
		}
		for _, role := range []domain.Role{domain.RoleCoordinator, domain.RoleProprietor} {
			users, err := tx.UsersWith(role, &t.CentreID, nil)
			if err != nil {
				return err
			}
			for i := range users {
				tx.Enqueue(casework.NewNotice(tx.Svc, kind, users[i].Language, tx.Now, tx.Now.Add(time.Hour), casework.ToUser(users[i].ID),
					func(n *domain.Notice) {
						n.High, n.JobID, n.Data.V = true, &v.JobID, map[string]string{"visit_id": v.ID.String(), "user_id": u.ID.String()}
					}))
			}
		}
	case "alarmed":
		if err := tx.Apply(t, "alarm"); err != nil {
			return err
		}
		sos, err := alarmOfTimer(tx, u, v)
		if err != nil {
			return err
		}
		t.SOSID = &sos
	}
	if next+1 < len(timerSteps) {
		tx.SetDeadline(domain.DueTimer, t.ID, &v.JobID, tx.Now.Add(timerSteps[next+1].After-timerSteps[next].After))
	}
	t.ChangedAt(tx.Now)
	return tx.SaveTimer(t)
}

// alarmOfTimer raises the SOS of somebody who did not answer. They may have called
// themselves: one cause is one alarm.
func alarmOfTimer(tx *casework.Work, u *domain.User, v *domain.Visit) (domain.ID, error) {
	a := domain.Actor{UserID: u.ID, Role: u.Role}
	x, err := standingSOS(tx, u.ID, v, "tap", "timer")
	if err != nil {
		return domain.ID{}, err
	}
	if x != nil {
		_, err = addToSOS(tx, a, x, SOSInput{}, true)
		return x.ID, err
	}
	var in SOSInput
	if v != nil {
		in.VisitID = &v.ID
	}
	made, err := raiseSOS(tx, &casework.Call{Actor: a}, u, in, "timer")
	return made.ID, err
}

// TimerInput answers a timer.
type TimerInput struct {
	Minutes    int    `json:"minutes"` // of extend
	Code       string `json:"code"`    // where one was set
	OccurredAt string `json:"occurred_at"`
}

// AnswerTimer extends, clears or ends one's own timer of a visit; what was said
// offline speaks of the time at which it was said. CheckCode is asked
// first. None of them ends an SOS. Errors: CodeNotFound, CodeState, CodeUnprocessable.
func (s *Service) AnswerTimer(ctx context.Context, call *casework.Call, visit domain.ID, action string,
	in TimerInput) (domain.TimerView, error) {
	if action == "extend" && (in.Minutes < 1 || time.Duration(in.Minutes)*time.Minute > timerMost) {
		return domain.TimerView{}, domain.Fail(domain.CodeUnprocessable, "Extend by up to four hours.").At("/minutes", "1 to 240")
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.TimerView, error) {
		v, err := tx.Visit(visit)
		if err != nil {
			return domain.TimerView{}, err
		}
		t, err := tx.LockTimerOf(visit, call.Actor.UserID)
		if err != nil {
			if domain.Has(v.Crew, call.Actor.UserID) && casework.NotFound(err) {
				return domain.TimerView{}, domain.Fail(domain.CodeState, "No timer runs for this visit: it has not begun.")
			}
			return domain.TimerView{}, casework.MeaningOf(err, "visit")
		}
		if err := domain.TimerMoves.Check(action, t.Status); err != nil {
			return domain.TimerView{}, err
		}
		c, err := tx.Centre(v.CentreID)
		if err != nil {
			return domain.TimerView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, c.Location(), tx.Now)
		if err != nil {
			return domain.TimerView{}, err
		}
		ahead := v.Status == domain.VisitScheduled && domain.Has(v.Crew, t.UserID) && t.Provisional // set from the plan
		gone := !follows(t, v) && !ahead                                                            // nothing is left to be asked about
		if action == "end" || gone && (action == "fine" || t.PingedAt != nil) {
			err = endTimer(tx, t, "person", st.Occurred)
			return t.View(call.Actor), err
		}
		least := timerFine
		if action == "extend" {
			least = time.Duration(in.Minutes) * time.Minute
			if t.Extended += in.Minutes; time.Duration(t.Extended)*time.Minute > timerMostInAll {
				return domain.TimerView{}, domain.Fail(domain.CodePreconditionMissing,
					"It was extended by eight hours in all; end it, or say that you are fine.").
					At("/minutes", "eight hours in all")
			}
		}
		due := timerEnd(t, v)
		if soonest := st.Occurred.Add(least); due.Before(soonest) {
			due = soonest
		}
		err = resetTimer(tx, t, action, v.JobID, due)
		return t.View(call.Actor), err
	})
}

// SpokenInput is what the desk says after its call.
type SpokenInput struct {
	UserID     *domain.ID `json:"user_id"` // of a crew of several: with whom
	Note       string     `json:"note"`
	OccurredAt string     `json:"occurred_at"`
}

// SpokeWith clears timers for whom the desk was asked to call and spoke with:
// they ask again a quarter of an hour later. Coordinator, proprietor, area
// manager; never oneself. It ends no SOS. Errors: CodeNotFound, CodeForbidden,
// CodeState.
func (s *Service) SpokeWith(ctx context.Context, call *casework.Call, visit domain.ID, in SpokenInput) (domain.TimerView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.TimerView, error) {
		a := call.Actor
		v, err := tx.Visit(visit)
		if err != nil {
			return domain.TimerView{}, err
		}
		if !a.Sees(v) {
			return domain.TimerView{}, domain.NotFound("visit")
		}
		if !a.Is(domain.Desk...) {
			return domain.TimerView{}, domain.Fail(domain.CodeForbidden, "As %s you may not answer for somebody else's timer.",
				domain.RoleWords(a.Role))
		}
		if err := casework.NoteFits(in.Note); err != nil {
			return domain.TimerView{}, err
		}
		c, err := tx.Centre(v.CentreID)
		if err != nil {
			return domain.TimerView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, c.Location(), tx.Now)
		if err != nil {
			return domain.TimerView{}, err
		}
		timers, err := tx.TimersOf(visit)
		if err != nil {
			return domain.TimerView{}, err
		}
		var out *domain.Timer
		for i := range timers {
			if in.UserID != nil && timers[i].UserID != *in.UserID || timers[i].UserID == a.UserID {
				continue
			}
			t, err := tx.LockTimer(timers[i].ID)
			if err != nil {
				return domain.TimerView{}, err
			}
			if !domain.TimerMoves.Open("spoken", t.Status) {
				continue
			}
			due := timerEnd(t, v)
			if soonest := st.Occurred.Add(timerFine); due.Before(soonest) {
				due = soonest
			}
			if err := resetTimer(tx, t, "spoken", v.JobID, due); err != nil {
				return domain.TimerView{}, err
			}
			out = t
		}
		if out == nil {
			return domain.TimerView{}, domain.Fail(domain.CodeState, "No timer of this visit waits for the desk's call.")
		}
		return out.View(a), nil
	})
}

// CheckCode compares the code of a timer where one is set. The duress code calls
// for help, whatever becomes of the request, and is right like the other one:
// in all that its user sees now and later they do not differ. Everyone for
// themselves. Errors: CodeUnprocessable when it is neither.
func (s *Service) CheckCode(ctx context.Context, a domain.Actor, visit *domain.ID, code string) error {
	u, err := s.Read.Principal(ctx, a.UserID)
	if err != nil || u.CodeHash == "" {
		return err
	}
	taken, silent := codeOf(s, u, code)
	if silent {
		if err := s.callSilently(ctx, a, visit); err != nil {
			return err
		}
	}
	if !taken {
		return domain.Fail(domain.CodeUnprocessable, "This is not your code.").At("/code", "your code")
	}
	return nil
}

// codeOf judges a code of somebody who has codes: whether it is taken, and whether it
// calls for help. Once they were changed under duress the codes of that change are taken,
// and what stood before is refused as if it had been replaced.
func codeOf(s *Service, u *domain.User, code string) (taken, silent bool) {
	// All are compared always, so that the time tells nothing.
	plain, duress := s.CheckPassword(u.CodeHash, code), s.CheckPassword(u.DuressHash, code)
	first, second := s.CheckPassword(u.FeignedHash, code), s.CheckPassword(u.FeignedDuressHash, code)
	if !u.Feigned {
		return plain || duress, duress
	}
	taken = first || second || u.FeignedHash == ""
	return taken, taken || duress
}

// callSilently raises an SOS in a transaction of its own: the answer to the
// request must depend on nothing of it. One that stands is enough.
func (s *Service) callSilently(ctx context.Context, a domain.Actor, visit *domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		u, err := tx.LockUser(a.UserID)
		if err != nil {
			return err
		}
		v, err := visitOfSOS(tx, u, visit)
		if err != nil {
			return err
		}
		x, err := standingSOS(tx, u.ID, v, "duress")
		if err != nil {
			return err
		}
		if x != nil {
			_, err = addToSOS(tx, a, x, SOSInput{}, true)
			return err
		}
		_, err = raiseSOS(tx, &casework.Call{Actor: a}, u, SOSInput{VisitID: visit}, "duress")
		return err
	})
}

// CodesInput sets the own code and the duress code; both empty for none.
type CodesInput struct {
	Code       string `json:"code"`
	DuressCode string `json:"duress_code"`
	Present    string `json:"present"` // once codes are set: the code or the password
	Keep       bool   `json:"-"`       // as CheckPresent says: nothing changes
}

// CheckPresent holds what somebody says before they change their codes against
// them: whoever only holds the phone does not take them away. The duress code
// calls for help, whatever becomes of the request; it is answered like the
// other one, and keep says that the codes stay, though from then on those of the change are
// taken in their place and each use of them calls too; the password ends that. Everyone for themselves. Errors:
// CodeUnprocessable when it is none of them.
func (s *Service) CheckPresent(ctx context.Context, a domain.Actor, present string) (keep bool, err error) {
	u, err := s.Read.Principal(ctx, a.UserID)
	if err != nil || u.CodeHash == "" {
		return false, err
	}
	taken, silent := codeOf(s, u, present)
	password := s.CheckPassword(u.PasswordHash, present)
	if silent && !password {
		if err := s.callSilently(ctx, a, nil); err != nil {
			return false, err
		}
	}
	switch {
	case password:
	case silent && taken:
		return true, nil
	case !taken:
		return false, domain.Fail(domain.CodeUnprocessable, "Say your present code or your password first.").
			At("/present", "the present code or the password")
	}
	return false, nil
}

// SetCodes sets the codes that clear the own timers. CheckPresent is asked
// first. Everyone for themselves. Errors: CodeUnprocessable.
func (s *Service) SetCodes(ctx context.Context, call *casework.Call, in CodesInput) (domain.User, error) {
	if (in.Code == "") != (in.DuressCode == "") || in.Code != "" && (len(in.Code) < 4 || len(in.DuressCode) < 4 || in.Code == in.DuressCode) {
		return domain.User{}, domain.Fail(domain.CodeUnprocessable, "Two different codes of four digits or more, or none.").
			At("/code", "4 to 32 characters, other than duress_code")
	}
	var hash, duress string
	var err error
	if in.Code != "" {
		if hash, err = s.HashPassword(in.Code); err != nil {
			return domain.User{}, err
		}
		if duress, err = s.HashPassword(in.DuressCode); err != nil {
			return domain.User{}, err
		}
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return domain.User{}, err
		}
		if in.Keep {
			u.Feigned, u.FeignedHash, u.FeignedDuressHash = true, hash, duress
		} else {
			u.CodeHash, u.DuressHash, u.Feigned, u.FeignedHash, u.FeignedDuressHash = hash, duress, false, "", ""
		}
		u.ChangedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}
