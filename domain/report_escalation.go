package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A report's way to its end: who answers for it, by when, and what happens
// when they are late (docs/product.md section 5).

// flagSteps are who answers for a report, one after the other. It begins with
// the first step that has somebody who is not involved; while it is late it is
// passed on, and each step is told once.
var flagSteps = []func(*Work, *Flag) ([]User, error){
	flagManagers, flagDeputies, flagAnother, flagAdmins,
}

func flagManagers(tx *Work, f *Flag) ([]User, error) {
	if f.AreaID == nil {
		return nil, nil
	}
	return tx.UsersWith(RoleAreaManager, nil, f.AreaID)
}

func flagDeputies(tx *Work, f *Flag) ([]User, error) {
	managers, err := flagManagers(tx, f)
	if err != nil {
		return nil, err
	}
	var out []User
	for _, u := range managers {
		if u.DeputyID == nil {
			continue
		}
		d, err := tx.User(*u.DeputyID)
		if err != nil {
			return nil, err
		}
		if !d.Disabled && d.Role == RoleAreaManager {
			out = append(out, *d)
		}
	}
	return out, nil
}

// flagAnother is one manager of another area who is not away. Reports spread
// over them by their ids; more than one need not know of it.
func flagAnother(tx *Work, f *Flag) ([]User, error) {
	all, err := tx.UsersWith(RoleAreaManager, nil, nil)
	if err != nil {
		return nil, err
	}
	deputies, err := flagDeputies(tx, f)
	if err != nil {
		return nil, err
	}
	ids := []ID{}
	others := slices.DeleteFunc(all, func(u User) bool {
		return f.involves(u.ID) || u.AreaID == nil || f.AreaID != nil && *u.AreaID == *f.AreaID ||
			slices.ContainsFunc(deputies, func(d User) bool { return d.ID == u.ID })
	})
	for i := range others {
		ids = append(ids, others[i].ID)
	}
	leaves, err := tx.LeavesAt(ids, tx.Now)
	if err != nil {
		return nil, err
	}
	there := slices.DeleteFunc(slices.Clone(others), func(u User) bool {
		return slices.ContainsFunc(leaves, func(l Leave) bool { return l.TechnicianID == u.ID && !l.StartsAt.After(tx.Now) })
	})
	if len(there) > 0 {
		others = there
	}
	if len(others) == 0 {
		return nil, nil
	}
	return []User{others[int(f.ID[len(f.ID)-1])%len(others)]}, nil
}

func flagAdmins(tx *Work, _ *Flag) ([]User, error) {
	return tx.UsersWith(RoleAdmin, nil, nil)
}

// passOn tells the next step that has somebody who is not involved and was
// not told in this state of the report. The caller saves it.
func passOn(tx *Work, f *Flag, kind string) error {
	before := map[ID]bool{}
	for i := range f.Step {
		users, err := flagSteps[i](tx, f)
		if err != nil {
			return err
		}
		for _, u := range users {
			before[u.ID] = true
		}
	}
	for f.Step < len(flagSteps) {
		users, err := flagSteps[f.Step](tx, f)
		if err != nil {
			return err
		}
		f.Step++
		users = slices.DeleteFunc(users, func(u User) bool { return f.involves(u.ID) || before[u.ID] })
		if len(users) == 0 {
			continue
		}
		for _, u := range users {
			if !has(f.Handlers, u.ID) {
				f.Handlers = append(f.Handlers, u.ID)
			}
		}
		f.WithAdmins = f.WithAdmins || f.Step == len(flagSteps)
		return notifyOfFlag(tx, f, users, kind)
	}
	return nil
}

// notifyHandlers tells all who answer for a report.
func notifyHandlers(tx *Work, f *Flag, kind string) error {
	var users []User
	for _, id := range f.Handlers {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		if !u.Disabled && !f.involves(id) {
			users = append(users, *u)
		}
	}
	for i := 0; len(users) == 0 && i < len(flagSteps); i++ { // they have left
		found, err := flagSteps[i](tx, f)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(found, func(u User) bool { return f.involves(u.ID) })
	}
	return notifyOfFlag(tx, f, users, kind)
}

// liveKinds are what takes the place of notices about a report of what happens
// now.
var liveKinds = map[string]string{"flag.triage": "flag.live", "flag.overdue": "flag.live_overdue"}

func notifyOfFlag(tx *Work, f *Flag, users []User, kind string) error {
	var c *Centre
	if f.CentreID != nil {
		var err error
		if c, err = tx.Centre(*f.CentreID); err != nil {
			return err
		}
	}
	urgent, rings := liveKinds[kind]
	if rings = rings && f.live(); rings {
		kind = urgent
		if tx.Now.Before(f.RecordedAt.Add(liveRings)) {
			tx.setDeadline(DueLiveReport, f.ID, nil, tx.Now.Add(liveRepeat))
		}
	}
	return notifyOnDuty(tx, users, c, func(u *User) Notice {
		return tx.svc.notice(kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), toUser(u.ID), f.named(), func(n *Notice) {
			if rings {
				n.High, n.DedupeKey = true, ptr(fmt.Sprintf("%s|%s|%s", kind, f.ID, n.ID)) // by which triage finds it
			}
		})
	})
}

// liveDue rings for a report of what happens now until somebody triages it.
func liveDue(tx *Work, id ID) error {
	f, err := tx.LockFlag(id)
	if notFound(err) || err == nil && !f.live() {
		return nil
	} else if err != nil {
		return err
	}
	return notifyHandlers(tx, f, "flag.triage")
}

// named lets a notice say which report it is about, by id.
func (f *Flag) named() noticeOption {
	return func(n *Notice) { n.Data.V = map[string]string{"flag_id": f.ID.String()} }
}

// homeWords are what a household that reported is told.
var homeWords = map[string]string{"flag.triaged": "report.read_home", "flag.decided": "report.decided_home"}

// notifyReporter tells who raised a flag that it moved on.
func notifyReporter(tx *Work, f *Flag, kind string) error {
	if f.ReporterID != nil {
		return notifyUser(tx, *f.ReporterID, kind, f.named())
	}
	kind, ok := homeWords[kind]
	if !ok || f.JobID == nil {
		return nil
	}
	j, err := tx.Job(*f.JobID)
	if err != nil {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	notifyCustomer(d, nil, kind)
	return nil
}

func byLevel(level int, usual, severe time.Duration) time.Duration {
	if level >= 3 {
		return severe
	}
	return usual
}

func triageTime(level int) time.Duration { return byLevel(level, triageDue, triageDueSevere) }

// armFlag keeps the deadline of the report's present state.
func armFlag(tx *Work, f *Flag) {
	if f.DueAt == nil {
		tx.Disarm(DueTriage, f.ID)
		return
	}
	tx.setDeadline(DueTriage, f.ID, nil, *f.DueAt)
}

// setDue gives a report that has moved on its new due time. A report of level
// 3 or 4 about our own people has one clock to its decision: a person waits
// for it who may not work (docs/product.md section 5).
func setDue(tx *Work, f *Flag, raised bool) {
	switch {
	case !f.Status.Open():
		f.DueAt = nil
	case f.Conduct() && f.severe() && !raised:
		return
	case f.Conduct() && f.severe():
		f.DueAt = ptr(tx.Now.Add(conductDue))
	case f.Status == FlagTriaged:
		f.DueAt = ptr(tx.Now.Add(byLevel(f.Level, reviewDue, reviewDueSevere)))
	default:
		f.DueAt = ptr(tx.Now.Add(byLevel(f.Level, decideDue, decideDueSevere)))
	}
	f.Step = 0
	armFlag(tx, f)
}

// flagOverdue passes a report on whose present state is late.
func flagOverdue(tx *Work, id ID) error {
	f, err := tx.LockFlag(id)
	if notFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	if !f.Status.Open() || f.DueAt == nil || tx.Now.Before(*f.DueAt) || f.Step == len(flagSteps) {
		return nil
	}
	if err := passOn(tx, f, "flag.overdue"); err != nil {
		return err
	}
	if f.EscalatedAt == nil {
		f.EscalatedAt = &tx.Now
	}
	if f.Step < len(flagSteps) {
		tx.setDeadline(DueTriage, f.ID, nil, tx.Now.Add(byLevel(f.Level, flagPassedOn, flagPassedOnSevere)))
	}
	f.changedAt(tx.Now)
	if err := tx.SaveFlag(f); err != nil {
		return err
	}
	return notifyReporter(tx, f, "flag.passed_on")
}

// holdSteps are who is told of a safety hold that was not released in time,
// one after the other.
var holdSteps = []func(*Work, *Hold, *Flag) ([]User, error){
	func(tx *Work, h *Hold, _ *Flag) ([]User, error) {
		if h.OwnerID == nil {
			return nil, nil
		}
		u, err := tx.User(*h.OwnerID)
		if err != nil || u.Disabled {
			return nil, err
		}
		return []User{*u}, nil
	},
	func(tx *Work, _ *Hold, f *Flag) ([]User, error) {
		return flagDeputies(tx, f)
	},
	func(tx *Work, _ *Hold, f *Flag) ([]User, error) {
		return flagAdmins(tx, f)
	},
}

// holdOverdue tells the next who answers that a safety hold still stands.
func holdOverdue(tx *Work, id ID) error {
	h, err := tx.Hold(id)
	if notFound(err) || err == nil && (h.LiftedAt != nil || h.FlagID == nil) {
		return nil
	} else if err != nil {
		return err
	}
	f, err := tx.Flag(*h.FlagID)
	if err != nil {
		return err
	}
	for step := h.Step; step < len(holdSteps); step++ {
		users, err := holdSteps[step](tx, h, f)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(users, func(u User) bool {
			return f.involves(u.ID) || step > 0 && h.OwnerID != nil && *h.OwnerID == u.ID
		})
		if len(users) == 0 {
			continue
		}
		if step+1 < len(holdSteps) {
			tx.setDeadline(DueHold, h.ID, f.JobID, tx.Now.Add(holdPassedOn))
		}
		if err := tx.HoldStep(h.ID, step+1); err != nil {
			return err
		}
		// Whoever is told decides, so they see what it is about.
		if f, err = tx.LockFlag(f.ID); err != nil {
			return err
		}
		for _, u := range users {
			if !has(f.Handlers, u.ID) {
				f.Handlers = append(f.Handlers, u.ID)
			}
		}
		f.WithAdmins = f.WithAdmins || step+1 == len(holdSteps)
		f.changedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return err
		}
		return notifyOnDuty(tx, users, nil, func(u *User) Notice {
			return tx.svc.notice("hold.overdue", u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), toUser(u.ID), func(n *Notice) { n.JobID = f.JobID })
		})
	}
	return nil
}

// FlagDecision moves a flag on.
type FlagDecision struct {
	Level      *int   `json:"level"`      // triage may correct it
	SubjectID  *ID    `json:"subject_id"` // triage names whom a household meant
	Told       string `json:"told"`       // of review: what the person named may know, and is asked about
	Outcome    string `json:"outcome"`    // of decide: upheld, not_upheld, unclear
	Reasons    string `json:"reasons"`
	Pressure   *bool  `json:"pressure"` // of withdraw, asked in private
	OccurredAt string `json:"occurred_at"`
}

// seesFlag reports whether the actor may see a flag at all, and whether only
// its brief (docs/product.md section 2).
func (a Actor) SeesFlag(f *Flag) (all, brief bool) {
	switch {
	case f.about(a.UserID):
		return false, false
	case f.reportedBy(a.UserID):
		return true, false
	case f.Level == 0, f.involves(a.UserID): // a private note; a colleague who was there
		return false, false
	}
	switch a.Role {
	case RoleAreaManager:
		return f.AreaID != nil && has(a.Scope().AreaIDs, *f.AreaID) || has(f.Handlers, a.UserID), false
	case RoleAdmin:
		return f.WithAdmins || f.AreaID == nil, false
	case RoleProprietor:
		return false, !f.Conduct() && f.CentreID != nil && *f.CentreID == a.CentreID && f.Level >= 2
	default: // the others see what they reported themselves
	}
	return false, false
}

// Hears reports whether the actor is asked for their side of a report about
// themselves.
func (a Actor) Hears(f *Flag) bool { return f.about(a.UserID) && f.ToldAt != nil }

// answersFor reports whether the actor may decide about a flag: who sees all of
// it by their office and is not involved.
func (a Actor) answersFor(f *Flag) bool {
	all, _ := a.SeesFlag(f)
	return all && a.Is(RoleAreaManager, RoleAdmin) && !f.involves(a.UserID)
}

// checkFlag refuses a move on a flag that the actor sees.
func (a Actor) checkFlag(m *FlagMove, f *Flag) error {
	switch {
	case m.System:
		return Fail(CodeForbidden, "It follows by itself.")
	case m.Subject && !a.Hears(f):
		return Fail(CodeForbidden, "Only who is asked for their side gives it.")
	case m.Reporter && !f.reportedBy(a.UserID):
		return Fail(CodeForbidden, "Only the reporter withdraws a report.")
	case !m.Reporter && !m.Subject && !a.Is(RoleAreaManager, RoleAdmin):
		return Fail(CodeForbidden, "As %s you may not decide about reports.", roleWords(a.Role))
	case !m.Reporter && !m.Subject && !a.answersFor(f):
		return Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
	case m.Subject && f.StatedAt != nil:
		return Fail(CodeState,
			"You have given your side already; it stands word for word, and whoever decides reads it. If something is missing, call your area manager: what you add is heard before the decision.").
			With("stated_at", f.StatedAt)
	case m.Subject && !has(m.From, f.Status):
		return Fail(CodeState, "The report is closed; your side can no longer be added. Call your area manager if something is wrong.")
	case !has(m.From, f.Status):
		return Fail(CodeState, "A report that is %s cannot take the move %s.", f.Status, m.Action).With("status", f.Status)
	}
	return nil
}

// MoveFlag triages, reviews, decides or withdraws. An area manager, deputy or
// (escalated) admin who is not involved; withdraw: the reporter only. Errors:
// CodeNotFound, CodeForbidden, CodeState, CodePreconditionMissing, CodeUnprocessable.
func (s *Service) MoveFlag(ctx context.Context, call *Call, id ID, action string, in FlagDecision) (FlagView, error) {
	return run(ctx, s, call, func(tx *Work) (FlagView, error) {
		a, m := call.Actor, flagMoveOf(action)
		f, err := tx.LockFlag(id)
		if err != nil {
			return FlagView{}, err
		}
		all, brief := a.SeesFlag(f)
		if !all && !brief {
			return FlagView{}, NotFound("flag")
		}
		if err := a.checkFlag(m, f); err != nil {
			return FlagView{}, err
		}
		was := f.Level
		again := has(m.To, f.Status)
		if action != "decide" { // which names one of its ends
			if err := tx.apply(f, action); err != nil {
				return FlagView{}, err
			}
		}
		kind := ""
		switch action {
		case "triage":
			kind = "flag.triaged"
			err = triage(tx, a, f, in)
		case "review":
			if !again {
				kind = "flag.reviewed"
			}
			err = review(tx, f, in)
		case "decide":
			kind = "flag.decided"
			err = f.decide(a, in, tx.Now)
		case "withdraw":
			f.WithdrawnAt, f.Pressure = &tx.Now, in.Pressure
			if f.pressed() && f.Level > 0 || f.SubjectID != nil && f.severe() {
				err = notifyHandlers(tx, f, "flag.withdrawn")
			}
		}
		if err != nil {
			return FlagView{}, err
		}
		if in.Reasons != "" {
			f.Reasons = in.Reasons
		}
		if !again {
			setDue(tx, f, f.Level > was)
		}
		if !f.Status.Open() {
			if err := settleConduct(tx, a, f); err != nil {
				return FlagView{}, err
			}
		}
		f.changedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return FlagView{}, err
		}
		if kind != "" {
			if err := notifyReporter(tx, f, kind); err != nil {
				return FlagView{}, err
			}
		}
		taken, err := coolOffTaken(tx, a, f)
		return NewFlagView(a, f, tx.Now, taken), err
	})
}

// pressed reports whether the reporter said that they were pressed to withdraw.
func (f *Flag) pressed() bool { return f.Pressure != nil && *f.Pressure }

// triage corrects the level and, of a household's report, who was meant; what
// follows from that follows at once. A hold that stands is lifted only by its
// own rule, also when the level falls.
func triage(tx *Work, a Actor, f *Flag, in FlagDecision) error {
	f.TriagedAt, f.TriagedBy = &tx.Now, &a.UserID
	if err := tx.HushReport(f.ID); err != nil {
		return err
	}
	if in.Level != nil {
		if *in.Level < 1 || *in.Level > 4 {
			return Fail(CodeUnprocessable, "Triage sets the level to 1 to 4; a private note is the reporter's own.").At("/level", "1 to 4")
		}
		f.Level = *in.Level
	}
	if in.SubjectID != nil && !same(in.SubjectID, f.SubjectID) {
		if !f.ByCustomer || f.SubjectID != nil {
			return Fail(CodeUnprocessable, "This report is about somebody else.").At("/subject_id", "only where a household named nobody")
		}
		if *in.SubjectID == a.UserID {
			return Fail(CodeForbidden, "You are involved; another area manager or your deputy decides.")
		}
		if _, err := tx.User(*in.SubjectID); err != nil {
			return meaningIfAbsent(err, "user", "/subject_id")
		}
		f.SubjectID = in.SubjectID
	}
	if err := careFor(tx, f); err != nil {
		return err
	}
	if f.JobID == nil {
		return nil
	}
	j, err := tx.LockJob(*f.JobID)
	if err != nil {
		return err
	}
	d, err := openCase(tx, j)
	if err != nil {
		return err
	}
	var v *Visit
	if f.VisitID != nil {
		if v, err = tx.Visit(*f.VisitID); err != nil {
			return err
		}
	}
	return consequences(d, v, f)
}

// decide closes a report with reasons. Against one of our own people only when
// they were asked for their side.
func (f *Flag) decide(a Actor, in FlagDecision, now time.Time) error {
	switch {
	case !has([]string{"upheld", "not_upheld", "unclear"}, in.Outcome):
		return Fail(CodeUnprocessable, "Decide upheld, not_upheld or unclear.").At("/outcome", "upheld, not_upheld or unclear")
	case strings.TrimSpace(in.Reasons) == "":
		return Fail(CodeUnprocessable, "A decision gives its reasons; the reporter reads them.").At("/reasons", "a few sentences")
	case in.Outcome == "upheld" && f.SubjectID != nil && f.ToldAt == nil:
		return Fail(CodePreconditionMissing,
			"Nobody is found at fault unheard: review it and tell the person what it is about, as far as may be told.")
	}
	f.DecidedAt, f.DecidedBy = &now, &a.UserID
	return Apply(f, "decide", now, in.Outcome)
}

// NewFlagView shows a flag with what the actor may do; coolOff reports whether
// its reporter has taken the pause already.
func NewFlagView(a Actor, f *Flag, now time.Time, coolOff bool) FlagView {
	v := FlagView{Flag: *f, Actions: JSONList[string]{}}
	if f.Phone != "" && f.reportedBy(a.UserID) {
		// Routed blindly: the number alone told them nothing of a household.
		v.JobID, v.CustomerID, v.SiteID, v.CentreID, v.AreaID = nil, nil, nil, nil, nil
	}
	if f.reportedBy(a.UserID) {
		v.Told, v.ToldAt, v.Statement, v.StatedAt = "", nil, "", nil
	}
	for i := range FlagMoves {
		if a.checkFlag(&FlagMoves[i], f) == nil {
			v.Actions = append(v.Actions, FlagMoves[i].Action)
		}
	}
	if all, _ := a.SeesFlag(f); all && f.Status.Open() {
		v.Actions = append(v.Actions, "evidence")
	}
	if !coolOff && a.checkCoolOff(f, now) == nil {
		v.Actions = append(v.Actions, "cool-off")
	}
	return v
}
