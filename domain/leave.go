package domain

import (
	"time"
)

// LeaveJudges are who approves leave: of those in their scope, and never their
// own.
var LeaveJudges = []Role{RoleProprietor, RoleAreaManager, RoleAdmin}

// LeaveSick is the kind that is told and not asked for: it stands at once, as a
// sick day does, also when somebody tells it of themselves.
const LeaveSick = "sick"

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
	if a.UserID != l.TechnicianID && !a.Is(LeaveJudges...) && !Same(l.RecordedBy, &a.UserID) {
		v.Note = ""
	}
	for _, action := range []string{"approve", "decline", "withdraw"} {
		if LeaveMoves.Open(action, l.Status) && l.Permits(a, action, now) == nil {
			v.Actions = append(v.Actions, action)
		}
	}
	return v
}

// Permits tells who may move a leave, and until when.
func (l *Leave) Permits(a Actor, action string, at time.Time) error {
	own, judge := a.UserID == l.TechnicianID, a.Is(LeaveJudges...)
	if action == "withdraw" {
		switch {
		case !own && !judge && !Same(l.RecordedBy, &a.UserID):
			return Fail(CodeForbidden, "As %s you may not withdraw the leave of others.", RoleWords(a.Role))
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
		return Fail(CodeForbidden, "As %s you may not decide about leave.", RoleWords(a.Role))
	case action == "approve" && !at.Before(l.EndsAt):
		return Fail(CodeState, "The time of this leave is over.")
	}
	return nil
}
