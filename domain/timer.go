package domain

import (
	"time"
)

// Timer asks whether one of a crew is well. It stands on the server, for the
// phone may be broken: armed on setting out (provisionally) and on arrival,
// for the planned length and ten minutes; then a ping, then the desk calls,
// then SOS (docs/product.md section 5, "Visit timer").
type Timer struct {
	Meta
	VisitID     ID         `json:"visit_id"`
	UserID      ID         `json:"user_id"`
	CentreID    ID         `json:"-"`
	AreaID      ID         `json:"-"`
	Status      string     `json:"status"` // armed, pinged, desk_asked, alarmed, ended
	Provisional bool       `json:"provisional"`
	BaseAt      time.Time  `json:"base_at"`
	Extended    int        `json:"extended_minutes"`
	DueAt       time.Time  `json:"due_at"`
	PingedAt    *time.Time `json:"pinged_at"`
	PingID      *ID        `json:"-"`
	Pings       int        `json:"pings"`
	EndedAt     *time.Time `json:"ended_at"`
	EndedHow    string     `json:"ended_how"` // visit, person
	SOSID       *ID        `json:"-"`         // who raised it silently must not see it here
}

// TimerView is a timer as answered: with what this caller may do now.
type TimerView struct {
	Timer
	Actions JSONList[string] `json:"actions"`
}

// View shows a timer to an actor. What was raised in silence does not show in
// it.
func (t Timer) View(a Actor) TimerView {
	v := TimerView{Timer: t, Actions: JSONList[string]{}}
	switch {
	case t.UserID == a.UserID:
		v.Actions = TimerMoves.Of(t.Status, "extend", "fine", "not-ok", "end")
	case a.Is(Desk...):
		v.Actions = TimerMoves.Of(t.Status, "spoken")
	}
	return v
}
