package domain

import (
	"time"
)

// PromiseStatus is where a promise stands.
type PromiseStatus string

// The states of a promise. A broken one can still be kept, late; the breaking
// stays on record.
const (
	PromiseOpen     PromiseStatus = "open"
	PromiseBroken   PromiseStatus = "broken"
	PromiseKept     PromiseStatus = "kept"
	PromiseKeptLate PromiseStatus = "kept_late"
	PromiseVoid     PromiseStatus = "void" // asked for by somebody else than the household
)

// Due reports whether somebody still has to keep it.
func (s PromiseStatus) Due() bool { return PromiseMoves.Open("keep", string(s)) }

// What a promise is about, and where it comes from.
const (
	PromiseCallBack = "call_back"
	PromiseVisit    = "visit"
	PromisePart     = "part"

	FromStaff         = "staff"
	FromCallMe        = "call_me"
	FromCouldNotReach = "could_not_reach"
	FromCase          = "case" // many contacts folded into one
)

// PromiseKinds lists what can be promised.
var PromiseKinds = []string{PromiseCallBack, PromiseVisit, PromisePart, "other"}

// Promise is the brand's word to a household: one owner, one due time; kept
// with the contact that proves it, broken by the clock (docs/product.md section 4).
type Promise struct {
	Meta
	JobID      ID            `json:"job_id"`
	CustomerID ID            `json:"customer_id"`
	CentreID   ID            `json:"centre_id"`
	AreaID     ID            `json:"area_id"`
	Kind       string        `json:"kind"`
	Source     string        `json:"source"`
	What       string        `json:"what"`
	OwnerID    ID            `json:"owner_id"`
	MadeBy     *ID           `json:"made_by"` // null: the household asked by its link
	ViaID      *ID           `json:"-"`       // the contact in which it was asked for
	DueAt      time.Time     `json:"due_at"`
	ToldAt     *time.Time    `json:"told_at"` // the household; nil: it was not, and the promise ends no silence
	Status     PromiseStatus `json:"status"`
	Contacts   int           `json:"contacts"` // how often the household asked meanwhile
	Step       int           `json:"step"`     // of the ladder: who was told that it is late
	BrokenAt   *time.Time    `json:"broken_at"`
	KeptAt     *time.Time    `json:"kept_at"`
	KeptID     *ID           `json:"kept_attempt_id"` // the contact that proves it
	Note       string        `json:"note"`
}

// PromiseView is a promise as answered: with what this caller may do now.
type PromiseView struct {
	Promise
	Actions JSONList[string] `json:"actions"`
}

// PromiseFilter narrows GET /v1/promises.
type PromiseFilter struct {
	Status  []PromiseStatus
	OwnerID *ID
	JobID   *ID
	// CentreID keeps those about the jobs of a centre.
	CentreID *ID
	// DueBy keeps those that were due by then.
	DueBy *time.Time
}

// LateSteps is the ladder of a late promise: how long after its due time who
// is told (docs/product.md section 4). It stops the moment the promise is kept.
var LateSteps = []struct {
	After time.Duration
	To    Role // empty: the owner
}{
	{0, ""},
	{time.Hour, RoleProprietor},
	{4 * time.Hour, RoleAreaManager},
}

// MayTend tells who may keep a promise or hand it over: its owner, and whoever
// answers for the job; a technician only their own.
func (p *Promise) MayTend(a Actor) bool {
	return p.OwnerID == a.UserID || a.Is(Staff...)
}

// View shows a promise to an actor.
func (p Promise) View(a Actor) PromiseView {
	v := PromiseView{Promise: p, Actions: JSONList[string]{}}
	if p.MayTend(a) {
		v.Actions = PromiseMoves.Of(string(p.Status), "keep", "hand-over")
	}
	return v
}

// SeenBy reports whether a promise is in the actor's scope; its owner sees it
// wherever the job goes.
func (p *Promise) SeenBy(a Actor) bool {
	return p.OwnerID == a.UserID || a.Role != RoleTechnician && a.Reaches(p.CentreID, p.AreaID)
}
