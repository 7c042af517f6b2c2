package domain

import (
	"context"
	"slices"
	"strings"
	"time"
)

// LeaveSick is the kind that is told and not asked for: it stands at once, as
// Service.Sick does, also when somebody tells it of themselves.
const LeaveSick = "sick"

// How far from now leave is taken down, and how long it lasts at most.
const (
	leaveBack  = 31 * 24 * time.Hour
	leaveMost  = 366 * 24 * time.Hour
	leaveAhead = 5 * leaveMost
)

// sickMost is how long somebody tells themselves sick without being asked.
const sickMost = 60 * 24 * time.Hour

// leaveJudges are who approves leave: of those in their scope, and never their
// own.
var leaveJudges = []Role{RoleProprietor, RoleAreaManager, RoleAdmin}

// Leave is time in which somebody does not work, once it is approved.
type Leave struct {
	Meta
	TechnicianID ID         `json:"technician_id"` // or anybody else of the staff
	StartsAt     time.Time  `json:"starts_at"`
	EndsAt       time.Time  `json:"ends_at"`
	Kind         string     `json:"kind"` // annual, sick, other
	Note         string     `json:"note"`
	Status       string     `json:"status"` // see LeaveMoves
	RecordedBy   *ID        `json:"recorded_by"`
	DecidedBy    *ID        `json:"decided_by"`
	DecidedAt    *time.Time `json:"decided_at"`
	Reason       string     `json:"reason"` // why it was declined or cancelled
}

// LeaveView is one as answered: with what this caller may do now and, where it
// has just been approved, the unfinished visits that stand in it. The desk
// moves them, or frees the day with Service.Sick.
type LeaveView struct {
	Leave
	Affected *JSONList[ID]    `json:"affected,omitempty"`
	Actions  JSONList[string] `json:"actions"`
}

// View shows a leave to an actor whose scope it is in.
func (l Leave) View(a Actor, now time.Time) LeaveView {
	v := LeaveView{Leave: l, Actions: JSONList[string]{}}
	// Why somebody is ill or away is for those who decide, not for each desk.
	if a.UserID != l.TechnicianID && !a.Is(leaveJudges...) && !same(l.RecordedBy, &a.UserID) {
		v.Note = ""
	}
	for _, action := range []string{"approve", "decline", "withdraw"} {
		if LeaveMoves.open(action, l.Status) && l.permits(a, action, now) == nil {
			v.Actions = append(v.Actions, action)
		}
	}
	return v
}

// permits tells who may move a leave, and until when.
func (l *Leave) permits(a Actor, action string, at time.Time) error {
	own, judge := a.UserID == l.TechnicianID, a.Is(leaveJudges...)
	if action == "withdraw" {
		switch {
		case !own && !judge && !same(l.RecordedBy, &a.UserID):
			return Fail(CodeForbidden, "As %s you may not withdraw the leave of others.", roleWords(a.Role))
		case !own && l.Status == "requested":
			return Fail(CodeForbidden, "Who asked for it withdraws it; you may decline it.")
		case l.Status == "approved" && !at.Before(l.StartsAt):
			return Fail(CodeState, "This leave has begun.")
		}
		return nil
	}
	switch {
	case own:
		return Fail(CodeForbidden, "Nobody decides about their own leave.")
	case !judge:
		return Fail(CodeForbidden, "As %s you may not decide about leave.", roleWords(a.Role))
	case action == "approve" && !at.Before(l.EndsAt):
		return Fail(CodeState, "The time of this leave is over.")
	}
	return nil
}

// LeaveInput asks for leave or records it. Times without an offset are read in
// the centre's zone.
type LeaveInput struct {
	ID       *ID    `json:"id"`
	StartsAt string `json:"starts_at"`
	EndsAt   string `json:"ends_at"`
	Kind     string `json:"kind"`
	Note     string `json:"note"`
}

// AddLeave asks for leave, by the technician themselves, or records it as
// approved: coordinator, proprietor, area manager; see addLeave.
func (s *Service) AddLeave(ctx context.Context, call *Call, technician ID, in LeaveInput) (LeaveView, error) {
	return s.addLeave(ctx, call, technician, in, func(_ Tx, u *User) error {
		if u.Role != RoleTechnician {
			return NotFound("technician")
		}
		if !call.Actor.Is(RoleTechnician, RoleCoordinator, RoleProprietor, RoleAreaManager) {
			return Fail(CodeForbidden, "As %s you may not record leave.", roleWords(call.Actor.Role))
		}
		return nil
	})
}

// AddUserLeave asks for leave of anybody, by themselves, or records it: who sets
// their roster; see addLeave.
func (s *Service) AddUserLeave(ctx context.Context, call *Call, user ID, in LeaveInput) (LeaveView, error) {
	return s.addLeave(ctx, call, user, in, func(tx Tx, u *User) error {
		if u.ID != call.Actor.UserID && !call.Actor.Is(RoleProprietor, RoleAreaManager, RoleAdmin) {
			return Fail(CodeForbidden, "As %s you may not record leave of others.", roleWords(call.Actor.Role))
		}
		if u.Role == RoleTechnician {
			return nil
		}
		return mayChangeAccount(tx, call.Actor, u) // who decides is not sent away by who is reported
	})
}

// addLeave writes a leave: what somebody asks for themselves waits for approval,
// unless they are sick. Errors: CodeUnprocessable, CodeDuplicate, CodeState when they have
// or has asked for leave in that time.
func (s *Service) addLeave(ctx context.Context, call *Call, user ID, in LeaveInput, may func(Tx, *User) error) (LeaveView, error) {
	return run(ctx, s, call, func(tx *Work) (LeaveView, error) {
		a := call.Actor
		u, err := authorizeUser(tx, a, user)
		if err != nil {
			return LeaveView{}, err
		}
		if err := may(tx, u); err != nil {
			return LeaveView{}, err
		}
		c, err := centreOf(tx, u)
		if err != nil {
			return LeaveView{}, err
		}
		l := Leave{Meta: newMeta(s.idOr(in.ID), tx.Now), TechnicianID: u.ID, Kind: in.Kind, Note: strings.TrimSpace(in.Note),
			RecordedBy: &a.UserID}
		action := "record"
		if u.ID == a.UserID && l.Kind != LeaveSick {
			action = "ask"
		}
		if err := tx.apply(&l, action); err != nil {
			return LeaveView{}, err
		}
		if l.StartsAt, err = ParseInstant(in.StartsAt, c.Location(), "/starts_at"); err != nil {
			return LeaveView{}, err
		}
		if l.EndsAt, err = ParseInstant(in.EndsAt, c.Location(), "/ends_at"); err != nil {
			return LeaveView{}, err
		}
		if !l.EndsAt.After(l.StartsAt) {
			return LeaveView{}, Fail(CodeUnprocessable, "Leave ends after it starts.").At("/ends_at", "after starts_at")
		}
		if l.StartsAt.Before(tx.Now.Add(-leaveBack)) || l.EndsAt.Sub(l.StartsAt) > leaveMost || l.StartsAt.After(tx.Now.Add(leaveAhead)) {
			return LeaveView{}, Fail(CodeUnprocessable, "Leave begins within five years, at most 31 days ago, and lasts at most a year.").
				At("/starts_at", "a nearer time")
		}
		if u.ID == a.UserID && l.Kind == LeaveSick && l.EndsAt.Sub(l.StartsAt) > sickMost {
			return LeaveView{}, Fail(CodeUnprocessable,
				"Sick leave that stands unasked is at most 60 days; ask for more as another kind, which is approved.").
				At("/ends_at", "at most 60 days, or another kind")
		}
		if in.ID != nil {
			if old, err := tx.Leave(l.ID); err == nil {
				return old.View(a, tx.Now), sameOr(old.TechnicianID == l.TechnicianID && old.StartsAt.Equal(l.StartsAt) && old.EndsAt.Equal(l.EndsAt) &&
					old.Kind == l.Kind && old.Note == l.Note, "leave")
			} else if !notFound(err) {
				return LeaveView{}, err
			}
		}
		if l.Status == LeaveMoves.Start {
			if err := askedBefore(tx, &l); err != nil {
				return LeaveView{}, err
			}
			if err := notifyLeaveApprovers(tx, u, c, "leave.asked", l.ID); err != nil {
				return LeaveView{}, err
			}
			return l.View(a, tx.Now), tx.InsertLeave(&l)
		}
		if err := tx.InsertLeave(&l); err != nil {
			return LeaveView{}, err
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
func notifyOfSickness(tx *Work, u *User, c *Centre, l *Leave, n int) error {
	if u.CentreID == nil {
		return nil
	}
	for _, role := range []Role{RoleProprietor, RoleCoordinator} {
		users, err := tx.UsersWith(role, u.CentreID, nil)
		if err != nil {
			return err
		}
		err = notifyOnDuty(tx, users, c, func(to *User) Notice {
			return tx.svc.notice("leave.sick", to.Language, tx.Now, l.EndsAt, toUser(to.ID), aboutLeave(l.ID), func(o *Notice) {
				o.Title, o.Body = say("leave.sick", to.Language, "")
				o.Title = strings.ReplaceAll(o.Title, "{n}", itoa(n))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// centreOf is where somebody works; of who belongs to none, a place in UTC.
func centreOf(tx CentreTx, u *User) (*Centre, error) {
	if u.CentreID == nil {
		return &Centre{Zone: "UTC"}, nil
	}
	return tx.Centre(*u.CentreID)
}

// askedBefore refuses a request for a time in which there is leave, or a
// request, already. The person's row is locked.
func askedBefore(tx LeaveTx, l *Leave) error {
	for _, read := range []func(ID, time.Time, time.Time) ([]Leave, error){tx.LeavesOf, tx.LeaveRequestsOf} {
		there, err := read(l.TechnicianID, l.StartsAt, l.EndsAt)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return Fail(CodeState, "There is leave in this time already (%s).", there[0].Status).
				At("/starts_at", "a time without leave, or withdraw the other one").With("leave_id", there[0].ID)
		}
	}
	return nil
}

// leaveStands shows an approved leave with the visits that are in its way.
func leaveStands(tx *Work, a Actor, l *Leave) (LeaveView, error) {
	v := l.View(a, tx.Now)
	busy, err := tx.BusyBetween(l.TechnicianID, l.StartsAt, l.EndsAt)
	if err != nil {
		return v, err
	}
	affected := JSONList[ID]{}
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
func (s *Service) MoveLeave(ctx context.Context, call *Call, id ID, action string, in LeaveMove) (LeaveView, error) {
	return run(ctx, s, call, func(tx *Work) (LeaveView, error) {
		a := call.Actor
		l, err := tx.Leave(id)
		if err != nil {
			return LeaveView{}, err
		}
		// Who books waits for this row, and this for them: a visit is refused by
		// the leave, or is among those in its way.
		u, err := authorizeUser(tx, a, l.TechnicianID)
		if notFound(err) {
			return LeaveView{}, NotFound("leave")
		} else if err != nil {
			return LeaveView{}, err
		}
		if l, err = tx.LockLeave(id); err != nil {
			return LeaveView{}, err
		}
		c, err := centreOf(tx, u)
		if err != nil {
			return LeaveView{}, err
		}
		st, err := stamp(call, in.OccurredAt, c.Location(), tx.Now)
		if err != nil {
			return LeaveView{}, err
		}
		if err := l.permits(a, action, st.occurred); err != nil {
			return LeaveView{}, err
		}
		if err := LeaveMoves.check(action, l.Status); err != nil {
			return LeaveView{}, err
		}
		asked := l.Status == LeaveMoves.Start
		l.Reason = strings.TrimSpace(in.Reason)
		if l.Reason == "" && (action == "decline" || action == "withdraw" && !asked) {
			return LeaveView{}, Fail(CodeUnprocessable, "Say why.").At("/reason", "a few words")
		}
		if err := tx.apply(l, action); err != nil {
			return LeaveView{}, err
		}
		l.DecidedBy, l.DecidedAt = &a.UserID, &st.occurred
		l.changedAt(tx.Now)
		if err := tx.SaveLeave(l); err != nil {
			return LeaveView{}, err
		}
		switch {
		case a.UserID != l.TechnicianID:
			if err := notifyUser(tx, l.TechnicianID, "leave."+l.Status, aboutLeave(l.ID)); err != nil {
				return LeaveView{}, err
			}
		case !asked:
			if err := notifyLeaveApprovers(tx, u, c, "leave.withdrawn", l.ID); err != nil {
				return LeaveView{}, err
			}
		}
		if l.Status == "approved" {
			return leaveStands(tx, a, l)
		}
		return l.View(a, tx.Now), nil
	})
}

func aboutLeave(id ID) noticeOption {
	return func(n *Notice) { n.Data.V = map[string]string{"leave_id": id.String()} }
}

// notifyLeaveApprovers tells who decides about somebody's leave: the proprietors of their
// centre, else the area's managers, else the admins; never themselves.
func notifyLeaveApprovers(tx *Work, u *User, c *Centre, kind string, leave ID) error {
	area := u.AreaID
	if u.CentreID != nil {
		area = &c.AreaID
	}
	var judges []User
	for _, role := range leaveJudges {
		if role == RoleProprietor && u.CentreID == nil || role == RoleAreaManager && area == nil {
			continue
		}
		var centre, of *ID
		switch role {
		case RoleProprietor:
			centre = u.CentreID
		case RoleAreaManager:
			of = area
		default: // admins, wherever it is
		}
		found, err := tx.UsersWith(role, centre, of)
		if err != nil {
			return err
		}
		if judges = slices.DeleteFunc(found, func(x User) bool { return x.ID == u.ID }); len(judges) > 0 {
			break
		}
	}
	return notifyOnDuty(tx, judges, c, func(to *User) Notice {
		return tx.svc.notice(kind, to.Language, tx.Now, tx.Now.Add(7*24*time.Hour), toUser(to.ID), aboutLeave(leave))
	})
}
