package accounts

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// How far from now leave is taken down, and how long it lasts at most.
const (
	leaveBack  = 31 * 24 * time.Hour
	leaveMost  = 366 * 24 * time.Hour
	leaveAhead = 5 * leaveMost
)

// sickMost is how long somebody tells themselves sick without being asked.
const sickMost = 60 * 24 * time.Hour

// LeaveInput asks for leave or records it. Times without an offset are read in
// the centre's zone.
type LeaveInput struct {
	ID       *domain.ID `json:"id"`
	StartsAt string     `json:"starts_at"`
	EndsAt   string     `json:"ends_at"`
	Kind     string     `json:"kind"`
	Note     string     `json:"note"`
}

// AddLeave asks for leave, by the technician themselves, or records it as
// approved: coordinator, proprietor, area manager; see addLeave.
func (s *Service) AddLeave(ctx context.Context, call *casework.Call, technician domain.ID, in LeaveInput) (domain.LeaveView, error) {
	return s.addLeave(ctx, call, technician, in, func(_ domain.Tx, u *domain.User) error {
		if u.Role != domain.RoleTechnician {
			return domain.NotFound("technician")
		}
		if !call.Actor.Is(domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not record leave.", domain.RoleWords(call.Actor.Role))
		}
		return nil
	})
}

// AddUserLeave asks for leave of anybody, by themselves, or records it: who sets
// their roster; see addLeave.
func (s *Service) AddUserLeave(ctx context.Context, call *casework.Call, user domain.ID, in LeaveInput) (domain.LeaveView, error) {
	return s.addLeave(ctx, call, user, in, func(tx domain.Tx, u *domain.User) error {
		if u.ID != call.Actor.UserID && !call.Actor.Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not record leave of others.", domain.RoleWords(call.Actor.Role))
		}
		if u.Role == domain.RoleTechnician {
			return nil
		}
		return mayChangeAccount(tx, call.Actor, u) // who decides is not sent away by who is reported
	})
}

// addLeave writes a leave: what somebody asks for themselves waits for approval,
// unless they are sick. Errors: CodeUnprocessable, CodeDuplicate, CodeState when they have
// or has asked for leave in that time.
func (s *Service) addLeave(ctx context.Context, call *casework.Call, user domain.ID, in LeaveInput,
	may func(domain.Tx, *domain.User) error) (domain.LeaveView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.LeaveView, error) {
		a := call.Actor
		u, err := casework.AuthorizeUser(tx, a, user)
		if err != nil {
			return domain.LeaveView{}, err
		}
		if err := may(tx, u); err != nil {
			return domain.LeaveView{}, err
		}
		c, err := centreOf(tx, u)
		if err != nil {
			return domain.LeaveView{}, err
		}
		l := domain.Leave{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), TechnicianID: u.ID, Kind: in.Kind,
			Note:       strings.TrimSpace(in.Note),
			RecordedBy: &a.UserID}
		action := "record"
		if u.ID == a.UserID && l.Kind != domain.LeaveSick {
			action = "ask"
		}
		if err := tx.Apply(&l, action); err != nil {
			return domain.LeaveView{}, err
		}
		if l.StartsAt, err = domain.ParseInstant(in.StartsAt, c.Location(), "/starts_at"); err != nil {
			return domain.LeaveView{}, err
		}
		if l.EndsAt, err = domain.ParseInstant(in.EndsAt, c.Location(), "/ends_at"); err != nil {
			return domain.LeaveView{}, err
		}
		if !l.EndsAt.After(l.StartsAt) {
			return domain.LeaveView{}, domain.Fail(domain.CodeUnprocessable, "Leave ends after it starts.").At("/ends_at", "after starts_at")
		}
		if l.StartsAt.Before(tx.Now.Add(-leaveBack)) || l.EndsAt.Sub(l.StartsAt) > leaveMost || l.StartsAt.After(tx.Now.Add(leaveAhead)) {
			return domain.LeaveView{}, domain.Fail(domain.CodeUnprocessable,
				"Leave begins within five years, at most 31 days ago, and lasts at most a year.").
				At("/starts_at", "a nearer time")
		}
		if u.ID == a.UserID && l.Kind == domain.LeaveSick && l.EndsAt.Sub(l.StartsAt) > sickMost {
			return domain.LeaveView{}, domain.Fail(domain.CodeUnprocessable,
				"Sick leave that stands unasked is at most 60 days; ask for more as another kind, which is approved.").
				At("/ends_at", "at most 60 days, or another kind")
		}
		if in.ID != nil {
			if old, err := tx.Leave(l.ID); err == nil {
				return old.View(a, tx.Now), casework.SameOr(old.TechnicianID == l.TechnicianID && old.StartsAt.Equal(l.StartsAt) &&
					old.EndsAt.Equal(l.EndsAt) &&
					old.Kind == l.Kind && old.Note == l.Note)
			} else if !casework.NotFound(err) {
				return domain.LeaveView{}, err
			}
		}
		if l.Status == domain.LeaveMoves.Start {
			if err := askedBefore(tx, &l); err != nil {
				return domain.LeaveView{}, err
			}
			if err := notifyLeaveApprovers(tx, u, c, "leave.asked", l.ID); err != nil {
				return domain.LeaveView{}, err
			}
			return l.View(a, tx.Now), tx.InsertLeave(&l)
		}
		if err := tx.InsertLeave(&l); err != nil {
			return domain.LeaveView{}, err
		}
		v, err := leaveStands(tx, a, &l)
		if err != nil || u.ID != a.UserID || len(*v.Affected) == 0 {
			return v, err
		}
		return v, notifyOfSickness(tx, u, c, &l, len(*v.Affected))
	})
}

// notifyOfSickness tells the desk and the proprietor that somebody has said they are ill
// while visits stand with them.
func notifyOfSickness(tx *casework.Work, u *domain.User, c *domain.Centre, l *domain.Leave, n int) error {
	if u.CentreID == nil {
		return nil
	}
	for _, role := range []domain.Role{domain.RoleProprietor, domain.RoleCoordinator} {
		users, err := tx.UsersWith(role, u.CentreID, nil)
		if err != nil {
			return err
		}
		err = casework.NotifyOnDuty(tx, users, c, func(to *domain.User) domain.Notice {
			return casework.NewNotice(tx.Svc, "leave.sick", to.Language, tx.Now, l.EndsAt, casework.ToUser(to.ID), aboutLeave(l.ID),
				func(o *domain.Notice) {
					o.Title, o.Body = domain.Say("leave.sick", to.Language, "")
					o.Title = strings.ReplaceAll(o.Title, "{n}", strconv.Itoa(n))
				})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// centreOf is where somebody works; of who belongs to none, a place in UTC.
func centreOf(tx domain.CentreTx, u *domain.User) (*domain.Centre, error) {
	if u.CentreID == nil {
		return &domain.Centre{Zone: "UTC"}, nil
	}
	return tx.Centre(*u.CentreID)
}

// askedBefore refuses a request for a time in which there is leave, or a
// request, already. The person's row is locked.
func askedBefore(tx domain.LeaveTx, l *domain.Leave) error {
	for _, read := range []func(domain.ID, time.Time, time.Time) ([]domain.Leave, error){tx.LeavesOf, tx.LeaveRequestsOf} {
		there, err := read(l.TechnicianID, l.StartsAt, l.EndsAt)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return domain.Fail(domain.CodeState, "There is leave in this time already (%s).", there[0].Status).
				At("/starts_at", "a time without leave, or withdraw the other one").With("leave_id", there[0].ID)
		}
	}
	return nil
}

// leaveStands shows an approved leave with the visits that are in its way.
func leaveStands(tx *casework.Work, a domain.Actor, l *domain.Leave) (domain.LeaveView, error) {
	v := l.View(a, tx.Now)
	busy, err := tx.BusyBetween(l.TechnicianID, l.StartsAt, l.EndsAt)
	if err != nil {
		return v, err
	}
	affected := domain.JSONList[domain.ID]{}
	for i := range busy {
		affected = append(affected, busy[i].ID)
	}
	v.Affected = &affected
	return v, nil
}

// LeaveMove moves a leave.
type LeaveMove struct {
	Reason     string `json:"reason"`
	OccurredAt string `json:"occurred_at"`
}

// MoveLeave approves, declines or withdraws a leave (LeaveMoves). Approving
// and declining: proprietor of their centre, area manager of their areas and those
// whose deputy they are, admin; nobody their own. Withdrawing: the person themselves
// and, of what is approved, they. Errors: CodeNotFound, CodeForbidden,
// CodeState, CodeUnprocessable without a reason.
func (s *Service) MoveLeave(ctx context.Context, call *casework.Call, id domain.ID, action string, in LeaveMove) (domain.LeaveView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.LeaveView, error) {
		a := call.Actor
		l, err := tx.Leave(id)
		if err != nil {
			return domain.LeaveView{}, err
		}
		// Who books waits for this row, and this for them: a visit is refused by
		// the leave, or is among those in its way.
		u, err := casework.AuthorizeUser(tx, a, l.TechnicianID)
		if casework.NotFound(err) {
			return domain.LeaveView{}, domain.NotFound("leave")
		} else if err != nil {
			return domain.LeaveView{}, err
		}
		if l, err = tx.LockLeave(id); err != nil {
			return domain.LeaveView{}, err
		}
		c, err := centreOf(tx, u)
		if err != nil {
			return domain.LeaveView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, c.Location(), tx.Now)
		if err != nil {
			return domain.LeaveView{}, err
		}
		if err := l.Permits(a, action, st.Occurred); err != nil {
			return domain.LeaveView{}, err
		}
		if err := domain.LeaveMoves.Check(action, l.Status); err != nil {
			return domain.LeaveView{}, err
		}
		asked := l.Status == domain.LeaveMoves.Start
		l.Reason = strings.TrimSpace(in.Reason)
		if l.Reason == "" && (action == "decline" || action == "withdraw" && !asked) {
			return domain.LeaveView{}, domain.Fail(domain.CodeUnprocessable, "Say why.").At("/reason", "a few words")
		}
		if err := tx.Apply(l, action); err != nil {
			return domain.LeaveView{}, err
		}
		l.DecidedBy, l.DecidedAt = &a.UserID, &st.Occurred
		l.ChangedAt(tx.Now)
		if err := tx.SaveLeave(l); err != nil {
			return domain.LeaveView{}, err
		}
		switch {
		case a.UserID != l.TechnicianID:
			if err := casework.NotifyUser(tx, l.TechnicianID, "leave."+l.Status, aboutLeave(l.ID)); err != nil {
				return domain.LeaveView{}, err
			}
		case !asked:
			if err := notifyLeaveApprovers(tx, u, c, "leave.withdrawn", l.ID); err != nil {
				return domain.LeaveView{}, err
			}
		}
		if l.Status == "approved" {
			return leaveStands(tx, a, l)
		}
		return l.View(a, tx.Now), nil
	})
}

func aboutLeave(id domain.ID) domain.NoticeOption {
	return func(n *domain.Notice) { n.Data.V = map[string]string{"leave_id": id.String()} }
}

// notifyLeaveApprovers tells who decides about somebody's leave: the proprietors of their
// centre, else the area's managers, else the admins; never themselves.
func notifyLeaveApprovers(tx *casework.Work, u *domain.User, c *domain.Centre, kind string, leave domain.ID) error {
	area := u.AreaID
	if u.CentreID != nil {
		area = &c.AreaID
	}
	var judges []domain.User
	for _, role := range domain.LeaveJudges {
		if role == domain.RoleProprietor && u.CentreID == nil || role == domain.RoleAreaManager && area == nil {
			continue
		}
		var centre, of *domain.ID
		switch role {
		case domain.RoleProprietor:
			centre = u.CentreID
		case domain.RoleAreaManager:
			of = area
		default: // admins, wherever it is
		}
		found, err := tx.UsersWith(role, centre, of)
		if err != nil {
			return err
		}
		if judges = slices.DeleteFunc(found, func(x domain.User) bool { return x.ID == u.ID }); len(judges) > 0 {
			break
		}
	}
	return casework.NotifyOnDuty(tx, judges, c, func(to *domain.User) domain.Notice {
		return casework.NewNotice(tx.Svc, kind, to.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(to.ID), aboutLeave(leave))
	})
}
