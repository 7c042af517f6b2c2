package safety

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// A report's way to its end: who answers for it, by when, and what happens
// when they are late (docs/product.md section 5).

// flagSteps are who answers for a report, one after the other. It begins with
// the first step that has somebody who is not involved; while it is late it is
// passed on, and each step is told once.
var flagSteps = []func(*casework.Work, *domain.Flag) ([]domain.User, error){
	flagManagers, flagDeputies, flagAnother, flagAdmins,
}

func flagManagers(tx *casework.Work, f *domain.Flag) ([]domain.User, error) {
	if f.AreaID == nil {
		return nil, nil
	}
	return tx.UsersWith(domain.RoleAreaManager, nil, f.AreaID)
}

func flagDeputies(tx *casework.Work, f *domain.Flag) ([]domain.User, error) {
	managers, err := flagManagers(tx, f)
	if err != nil {
		return nil, err
	}
	var out []domain.User
	for _, u := range managers {
		if u.DeputyID == nil {
			continue
		}
		d, err := tx.User(*u.DeputyID)
		if err != nil {
			return nil, err
		}
		if !d.Disabled && d.Role == domain.RoleAreaManager {
			out = append(out, *d)
		}
	}
	return out, nil
}

// flagAnother is one manager of another area who is not away. Reports spread
// over them by their ids; more than one need not know of it.
func flagAnother(tx *casework.Work, f *domain.Flag) ([]domain.User, error) {
	all, err := tx.UsersWith(domain.RoleAreaManager, nil, nil)
	if err != nil {
		return nil, err
	}
	deputies, err := flagDeputies(tx, f)
	if err != nil {
		return nil, err
	}
	ids := []domain.ID{}
	others := slices.DeleteFunc(all, func(u domain.User) bool {
		return f.Involves(u.ID) || u.AreaID == nil || f.AreaID != nil && *u.AreaID == *f.AreaID ||
			slices.ContainsFunc(deputies, func(d domain.User) bool { return d.ID == u.ID })
	})
	for i := range others {
		ids = append(ids, others[i].ID)
	}
	leaves, err := tx.LeavesAt(ids, tx.Now)
	if err != nil {
		return nil, err
	}
	there := slices.DeleteFunc(slices.Clone(others), func(u domain.User) bool {
		return slices.ContainsFunc(leaves, func(l domain.Leave) bool { return l.TechnicianID == u.ID && !l.StartsAt.After(tx.Now) })
	})
	if len(there) > 0 {
		others = there
	}
	if len(others) == 0 {
		return nil, nil
	}
	return []domain.User{others[int(f.ID[len(f.ID)-1])%len(others)]}, nil
}

func flagAdmins(tx *casework.Work, _ *domain.Flag) ([]domain.User, error) {
	return tx.UsersWith(domain.RoleAdmin, nil, nil)
}

// passOn tells the next step that has somebody who is not involved and was
// not told in this state of the report. The caller saves it.
func passOn(tx *casework.Work, f *domain.Flag, kind string) error {
	before := map[domain.ID]bool{}
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
		users = slices.DeleteFunc(users, func(u domain.User) bool { return f.Involves(u.ID) || before[u.ID] })
		if len(users) == 0 {
			continue
		}
		for _, u := range users {
			if !domain.Has(f.Handlers, u.ID) {
				f.Handlers = append(f.Handlers, u.ID)
			}
		}
		f.WithAdmins = f.WithAdmins || f.Step == len(flagSteps)
		return notifyOfFlag(tx, f, users, kind)
	}
	return nil
}

// notifyHandlers tells all who answer for a report.
func notifyHandlers(tx *casework.Work, f *domain.Flag, kind string) error {
	var users []domain.User
	for _, id := range f.Handlers {
		u, err := tx.User(id)
		if err != nil {
			return err
		}
		if !u.Disabled && !f.Involves(id) {
			users = append(users, *u)
		}
	}
	for i := 0; len(users) == 0 && i < len(flagSteps); i++ { // they have left
		found, err := flagSteps[i](tx, f)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(found, func(u domain.User) bool { return f.Involves(u.ID) })
	}
	return notifyOfFlag(tx, f, users, kind)
}

// liveKinds are what takes the place of notices about a report of what happens
// now.
var liveKinds = map[string]string{"flag.triage": "flag.live", "flag.overdue": "flag.live_overdue"}

func notifyOfFlag(tx *casework.Work, f *domain.Flag, users []domain.User, kind string) error {
	var c *domain.Centre
	if f.CentreID != nil {
		var err error
		if c, err = tx.Centre(*f.CentreID); err != nil {
			return err
		}
	}
	urgent, rings := liveKinds[kind]
	if rings = rings && f.Live(); rings {
		kind = urgent
		if tx.Now.Before(f.RecordedAt.Add(domain.LiveRings)) {
			tx.SetDeadline(domain.DueLiveReport, f.ID, nil, tx.Now.Add(domain.LiveRepeat))
		}
	}
	return casework.NotifyOnDuty(tx, users, c, func(u *domain.User) domain.Notice {
		return casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID), f.Named(),
			func(n *domain.Notice) {
				if rings {
					n.High, n.DedupeKey = true, domain.Ptr(fmt.Sprintf("%s|%s|%s", kind, f.ID, n.ID)) // by which triage finds it
				}
			})
	})
}

// LiveDue rings for a report of what happens now until somebody triages it.
func LiveDue(tx *casework.Work, id domain.ID) error {
	f, err := tx.LockFlag(id)
	if casework.NotFound(err) || err == nil && !f.Live() {
		return nil
	} else if err != nil {
		return err
	}
	return notifyHandlers(tx, f, "flag.triage")
}

// homeWords are what a household that reported is told.
var homeWords = map[string]string{"flag.triaged": "report.read_home", "flag.decided": "report.decided_home"}

// notifyReporter tells who raised a flag that it moved on.
func notifyReporter(tx *casework.Work, f *domain.Flag, kind string) error {
	if f.ReporterID != nil {
		return casework.NotifyUser(tx, *f.ReporterID, kind, f.Named())
	}
	kind, ok := homeWords[kind]
	if !ok || f.JobID == nil {
		return nil
	}
	j, err := tx.Job(*f.JobID)
	if err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	casework.NotifyCustomer(c, nil, kind)
	return nil
}

func byLevel(level int, usual, severe time.Duration) time.Duration {
	if level >= 3 {
		return severe
	}
	return usual
}

func triageTime(level int) time.Duration {
	return byLevel(level, domain.TriageDue, domain.TriageDueSevere)
}

// armFlag keeps the deadline of the report's present state.
func armFlag(tx *casework.Work, f *domain.Flag) {
	if f.DueAt == nil {
		tx.Disarm(domain.DueTriage, f.ID)
		return
	}
	tx.SetDeadline(domain.DueTriage, f.ID, nil, *f.DueAt)
}

// setDue gives a report that has moved on its new due time. A report of level
// 3 or 4 about our own people has one clock to its decision: a person waits
// for it who may not work (docs/product.md section 5).
func setDue(tx *casework.Work, f *domain.Flag, raised bool) {
	switch {
	case !f.Status.Open():
		f.DueAt = nil
	case f.Conduct() && f.Severe() && !raised:
		return
	case f.Conduct() && f.Severe():
		f.DueAt = domain.Ptr(tx.Now.Add(domain.ConductDue))
	case f.Status == domain.FlagTriaged:
		f.DueAt = domain.Ptr(tx.Now.Add(byLevel(f.Level, domain.ReviewDue, domain.ReviewDueSevere)))
	default:
		f.DueAt = domain.Ptr(tx.Now.Add(byLevel(f.Level, domain.DecideDue, domain.DecideDueSevere)))
	}
	f.Step = 0
	armFlag(tx, f)
}

// FlagOverdue passes a report on whose present state is late.
func FlagOverdue(tx *casework.Work, id domain.ID) error {
	f, err := tx.LockFlag(id)
	if casework.NotFound(err) {
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
		tx.SetDeadline(domain.DueTriage, f.ID, nil, tx.Now.Add(byLevel(f.Level, domain.FlagPassedOn, domain.FlagPassedOnSevere)))
	}
	f.ChangedAt(tx.Now)
	if err := tx.SaveFlag(f); err != nil {
		return err
	}
	return notifyReporter(tx, f, "flag.passed_on")
}

// holdSteps are who is told of a safety hold that was not released in time,
// one after the other.
var holdSteps = []func(*casework.Work, *domain.Hold, *domain.Flag) ([]domain.User, error){
	func(tx *casework.Work, h *domain.Hold, _ *domain.Flag) ([]domain.User, error) {
		if h.OwnerID == nil {
			return nil, nil
		}
		u, err := tx.User(*h.OwnerID)
		if err != nil || u.Disabled {
			return nil, err
		}
		return []domain.User{*u}, nil
	},
	func(tx *casework.Work, _ *domain.Hold, f *domain.Flag) ([]domain.User, error) {
		return flagDeputies(tx, f)
	},
	func(tx *casework.Work, _ *domain.Hold, f *domain.Flag) ([]domain.User, error) {
		return flagAnother(tx, f)
	},
	func(tx *casework.Work, _ *domain.Hold, f *domain.Flag) ([]domain.User, error) {
		return flagAdmins(tx, f)
	},
}

// standingHold is a safety hold with its report; nil: it is lifted, gone, or of no report.
func standingHold(tx *casework.Work, id domain.ID) (*domain.Hold, *domain.Flag, error) {
	h, err := tx.Hold(id)
	if casework.NotFound(err) || err == nil && (h.LiftedAt != nil || h.FlagID == nil) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	f, err := tx.Flag(*h.FlagID)
	return h, f, err
}

// HoldOverdue tells the next who answers that a safety hold still stands.
func HoldOverdue(tx *casework.Work, id domain.ID) error {
	h, f, err := standingHold(tx, id)
	if err != nil || h == nil {
		return err
	}
	for step := h.Step; step < len(holdSteps); step++ {
		users, err := holdSteps[step](tx, h, f)
		if err != nil {
			return err
		}
		users = slices.DeleteFunc(users, func(u domain.User) bool {
			return f.Involves(u.ID) || step > 0 && h.OwnerID != nil && *h.OwnerID == u.ID
		})
		if len(users) == 0 {
			continue
		}
		if step+1 < len(holdSteps) {
			tx.SetDeadline(domain.DueHold, h.ID, f.JobID, tx.Now.Add(domain.HoldPassedOn))
		}
		if err := tx.HoldStep(h.ID, step+1); err != nil {
			return err
		}
		// Whoever is told decides, so they see what it is about.
		if f, err = tx.LockFlag(f.ID); err != nil {
			return err
		}
		for _, u := range users {
			if !domain.Has(f.Handlers, u.ID) {
				f.Handlers = append(f.Handlers, u.ID)
			}
		}
		f.WithAdmins = f.WithAdmins || step+1 == len(holdSteps)
		f.ChangedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return err
		}
		return casework.NotifyOnDuty(tx, users, nil, func(u *domain.User) domain.Notice {
			return casework.NewNotice(tx.Svc, "hold.overdue", u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID),
				func(n *domain.Notice) { n.JobID = f.JobID })
		})
	}
	return nil
}

// MoveFlag triages, reviews, decides or withdraws. An area manager, deputy or
// (escalated) admin who is not involved; withdraw: the reporter only. Errors:
// CodeNotFound, CodeForbidden, CodeState, CodePreconditionMissing, CodeUnprocessable.
func (s *Service) MoveFlag(ctx context.Context, call *casework.Call, id domain.ID, action string,
	in domain.FlagDecision) (domain.FlagView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.FlagView, error) {
		a, m := call.Actor, domain.FlagMoveOf(action)
		f, err := tx.LockFlag(id)
		if err != nil {
			return domain.FlagView{}, err
		}
		all, brief := a.SeesFlag(f)
		if !all && !brief {
			return domain.FlagView{}, domain.NotFound("flag")
		}
		if err := a.CheckFlag(m, f); err != nil {
			return domain.FlagView{}, err
		}
		was := f.Level
		again := domain.Has(m.To, f.Status)
		if action != "decide" { // which names one of its ends
			if err := tx.Apply(f, action); err != nil {
				return domain.FlagView{}, err
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
			err = f.Decide(a, in, tx.Now)
		case "withdraw":
			f.WithdrawnAt, f.Pressure = &tx.Now, in.Pressure
			if f.Pressed() && f.Level > 0 || f.SubjectID != nil && f.Severe() {
				err = notifyHandlers(tx, f, "flag.withdrawn")
			}
		}
		if err != nil {
			return domain.FlagView{}, err
		}
		if in.Reasons != "" {
			f.Reasons = in.Reasons
		}
		if !again {
			setDue(tx, f, f.Level > was)
		}
		if !f.Status.Open() {
			if err := settleConduct(tx, a, f); err != nil {
				return domain.FlagView{}, err
			}
			if err := reporterAfter(tx, f); err != nil {
				return domain.FlagView{}, err
			}
		}
		f.ChangedAt(tx.Now)
		if err := tx.SaveFlag(f); err != nil {
			return domain.FlagView{}, err
		}
		if kind != "" {
			if err := notifyReporter(tx, f, kind); err != nil {
				return domain.FlagView{}, err
			}
		}
		taken, err := coolOffTaken(tx, a, f)
		return NewFlagView(a, f, tx.Now, taken), err
	})
}

// triage corrects the level and, of a household's report, who was meant; what
// follows from that follows at once. A hold that stands is lifted only by its
// own rule, also when the level falls.
func triage(tx *casework.Work, a domain.Actor, f *domain.Flag, in domain.FlagDecision) error {
	f.TriagedAt, f.TriagedBy = &tx.Now, &a.UserID
	if err := tx.HushReport(f.ID); err != nil {
		return err
	}
	if in.Level != nil {
		if *in.Level < 1 || *in.Level > 4 {
			return domain.Fail(domain.CodeUnprocessable, "Triage sets the level to 1 to 4; a private note is the reporter's own.").
				At("/level", "1 to 4")
		}
		f.Level = *in.Level
	}
	if in.SubjectID != nil && !domain.Same(in.SubjectID, f.SubjectID) {
		if !f.ByCustomer || f.SubjectID != nil {
			return domain.Fail(domain.CodeUnprocessable, "This report is about somebody else.").
				At("/subject_id", "only where a household named nobody")
		}
		if *in.SubjectID == a.UserID {
			return domain.Fail(domain.CodeForbidden, "You are involved; another area manager or your deputy decides.")
		}
		if _, err := tx.User(*in.SubjectID); err != nil {
			return casework.MeaningIfAbsent(err, "user", "/subject_id")
		}
		f.SubjectID = in.SubjectID
	}
	if err := careFor(tx, f); err != nil {
		return err
	}
	if err := askReporter(tx, f); err != nil {
		return err
	}
	if f.JobID == nil {
		return nil
	}
	j, err := tx.LockJob(*f.JobID)
	if err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	var v *domain.Visit
	if f.VisitID != nil {
		if v, err = tx.Visit(*f.VisitID); err != nil {
			return err
		}
	}
	return consequences(c, v, f)
}

// NewFlagView shows a flag with what the actor may do; coolOff reports whether
// its reporter has taken the pause already.
func NewFlagView(a domain.Actor, f *domain.Flag, now time.Time, coolOff bool) domain.FlagView {
	v := domain.FlagView{Flag: *f, Actions: domain.JSONList[string]{}}
	if f.Phone != "" && f.ReportedBy(a.UserID) {
		// Routed blindly: the number alone told them nothing of a household.
		v.JobID, v.CustomerID, v.SiteID, v.CentreID, v.AreaID = nil, nil, nil, nil, nil
	}
	if f.ReportedBy(a.UserID) {
		v.Told, v.ToldAt, v.Statement, v.StatedAt = "", nil, "", nil
	}
	for i := range domain.FlagMoves {
		if a.CheckFlag(&domain.FlagMoves[i], f) == nil {
			v.Actions = append(v.Actions, domain.FlagMoves[i].Action)
		}
	}
	if all, _ := a.SeesFlag(f); all && f.Status.Open() {
		v.Actions = append(v.Actions, "evidence")
	}
	if !coolOff && a.CheckCoolOff(f, now) == nil {
		v.Actions = append(v.Actions, "cool-off")
	}
	return v
}
