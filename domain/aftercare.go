package domain

import (
	"time"
)

// AftercareLevel is the level of a report from which on somebody talks with who
// made it.
const AftercareLevel = 2

// AftercareSteps is who is told of a conversation, how long after it was due;
// it stops the moment somebody has had it. The lateness is the manager's.
var AftercareSteps = []struct {
	After time.Duration
	To    string // owner, deputy, managers, admins
}{
	{-4 * time.Hour, "owner"},
	{0, "deputy"},
	{24 * time.Hour, "managers"},
	{48 * time.Hour, "admins"},
}

// Aftercare is one conversation that a manager owes to somebody who was
// harmed. Its note is for those who look after them.
type Aftercare struct {
	Meta
	FlagID   ID         `json:"flag_id"`
	PersonID ID         `json:"person_id"`
	AreaID   *ID        `json:"area_id"`
	Step     int        `json:"step"` // 1 to 4
	DueAt    time.Time  `json:"due_at"`
	OwnerID  ID         `json:"owner_id"`
	Status   string     `json:"status"` // open, done, stopped
	Rung     int        `json:"-"`      // steps of the ladder taken
	LateAt   *time.Time `json:"late_at"`
	DoneAt   *time.Time `json:"done_at"`
	DoneBy   *ID        `json:"done_by"`
	Note     string     `json:"note"`
}

// AftercareView is one as answered: with what this caller may do now.
type AftercareView struct {
	Aftercare
	Actions JSONList[string] `json:"actions"`
}

// AftercareCount is one manager in GET /v1/reports/aftercare.
type AftercareCount struct {
	OwnerID  ID     `json:"owner_id"`
	Owner    string `json:"owner"`
	Due      int    `json:"due"`
	InTime   int    `json:"in_time"`
	Late     int    `json:"late"`
	OpenLate int    `json:"open_late"`
	Stopped  int    `json:"stopped"`
}

// View shows a conversation to an actor: the note only to managers.
func (x Aftercare) View(a Actor) AftercareView {
	v := AftercareView{Aftercare: x, Actions: JSONList[string]{}}
	if a.UserID == x.PersonID || a.Role != RoleAreaManager {
		v.Note = ""
	}
	switch {
	case a.UserID == x.PersonID:
		v.Actions = AftercareMoves.Of(x.Status, "stop")
	case x.MayHold(a):
		v.Actions = AftercareMoves.Of(x.Status, "done")
	}
	return v
}

// MayHold tells who may have the conversation: its owner, the area's managers
// and their deputies, and the admins once it is late.
func (x *Aftercare) MayHold(a Actor) bool {
	switch {
	case a.UserID == x.PersonID:
		return false
	case a.UserID == x.OwnerID:
		return true
	case a.Role == RoleAreaManager:
		return x.AreaID != nil && Has(a.Scope().AreaIDs, *x.AreaID)
	}
	return a.Role == RoleAdmin && x.LateAt != nil
}

// Sees reports whether the actor may know of it; f is the report it comes of.
func (x *Aftercare) Sees(a Actor, f *Flag) bool {
	if f.SubjectID != nil && *f.SubjectID == a.UserID {
		return false
	}
	return a.UserID == x.PersonID || x.MayHold(a)
}

// NextRing is when the next step of the ladder is due.
func (x *Aftercare) NextRing() time.Time { return x.DueAt.Add(AftercareSteps[x.Rung].After) }
