package domain

import (
	"slices"
	"time"
)

// The lifecycles, once, as data. Tests walk every (state, action, role), the
// answers' actions are computed from here, and the diagrams in docs/ are
// generated from here (docs/product.md section 3).

// HoldPolicy says which open holds refuse a move.
type HoldPolicy int

// The policies of a move.
const (
	SafetyRefuses HoldPolicy = iota // assign, every forward move
	AnyRefuses                      // schedule, reschedule
	HoldAllows                      // stop, decline, cancel
)

// Refuses reports whether an open hold of a kind refuses the move.
func (s HoldPolicy) Refuses(kind HoldKind) bool {
	return s == AnyRefuses || s == SafetyRefuses && kind == HoldSafety
}

// PlanRule says what a safe-visit plan in force asks before a move.
type PlanRule int

// The rules of a plan.
const (
	PlanAllows  PlanRule = iota
	PlanPermits          // it permits a visit at all
	PlanSeen             // and its crew is complete and has accepted it
	PlanInside           // and it permits to work in the home
)

// asksCrew reports whether the rule asks something of who goes.
func (r PlanRule) asksCrew() bool { return r == PlanSeen || r == PlanInside }

// Unmet gives the word of the plan that refuses the move, or "plan-seen" when
// somebody of the crew has not accepted it yet; empty when nothing refuses.
func (r PlanRule) Unmet(plan []string, crew, seen []ID) string {
	if r == PlanAllows || len(plan) == 0 {
		return ""
	}
	for _, p := range plan {
		if p == "remote_only" || p == "no_visit" || r.asksCrew() && p == "two_people" && len(crew) < 2 || r == PlanInside && p == "carry_in" {
			return p
		}
	}
	for _, id := range crew {
		if r.asksCrew() && !Has(seen, id) {
			return "plan-seen"
		}
	}
	return ""
}

// PlanUnmet gives the word of the plan that refuses a move on the visit as it
// stands. Who has set out has accepted the plan; until they arrived, it still
// says how many go in, and whether anybody does. To begin work is judged as to
// set out, for the plan may be younger than the way there.
func (m *VisitMove) PlanUnmet(plan []string, v *Visit) string {
	switch {
	case !m.Plan.asksCrew() || !v.SetOut(), m.Action == "start":
		return m.Plan.Unmet(plan, v.Crew, v.PlanSeen)
	case v.ArrivedAt == nil && v.StartedAt == nil:
		return m.Plan.Unmet(plan, v.Crew, v.Crew)
	case m.Plan == PlanInside && Has(plan, "carry_in"):
		return "carry_in"
	}
	return ""
}

// VisitMove is one row of the visit's table of moves.
type VisitMove struct {
	Action string
	From   []VisitStatus
	To     VisitStatus // empty: the status stays
	Roles  []Role
	// Crew: a technician must be in the crew. EverCrew: whoever ever was, also
	// one who has another role or centre by now, and nobody else.
	Crew, EverCrew bool
	Holds          HoldPolicy
	Plan           PlanRule
	Guard          string // for people; the code of the use case holds it
	Entry          string // kind of the timeline's entry
	// Customer and Desk are the kinds of notices that follow once it is saved:
	// to the customer, and to the Roles of its centre (area for area managers).
	Customer  string
	Desk      string
	DeskRoles []Role
}

// Roles that many rows name: who plans a centre's day, and everybody who talks
// with households.
var (
	Desk  = []Role{RoleCoordinator, RoleProprietor, RoleAreaManager}
	Staff = []Role{RoleCoordinator, RoleProprietor, RoleAreaManager, RoleAgent}
)

// NotYetThere are the states of a visit before its crew arrived.
var NotYetThere = []VisitStatus{VisitScheduled, VisitEnRoute}

var (
	// States a crew's forward move may start from. A missed visit, and one
	// cancelled because it was held, are provisional: a late claim of what
	// happened before overturns them.
	beforeEnRoute = []VisitStatus{VisitScheduled, VisitMissed, VisitCancelled}
	beforeArrive  = []VisitStatus{VisitScheduled, VisitEnRoute, VisitMissed, VisitCancelled}
	beforeStart   = []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived, VisitMissed, VisitCancelled}
	beforeEnd     = []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived, VisitInProgress, VisitMissed, VisitCancelled}
	beforeWork    = []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived}
	underWay      = []VisitStatus{VisitEnRoute, VisitArrived, VisitInProgress}
	stoppable     = []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived, VisitInProgress, VisitMissed}
	overAlready   = []VisitStatus{VisitCompleted, VisitPartial, VisitNoAccess, VisitStopped, VisitCancelled, VisitRescheduled}
)

// VisitMoves is the visit's lifecycle. An action that leads elsewhere from some
// states has a row for each.
var VisitMoves = []VisitMove{
	{Action: "schedule", To: VisitScheduled, Roles: append([]Role{RoleTechnician}, Staff...), Holds: AnyRefuses, Plan: PlanPermits,
		Guard: "as the job's schedule; also the successor of a reschedule", Entry: "visit.scheduled"},
	{Action: "assign", From: []VisitStatus{VisitScheduled}, Roles: Desk, Plan: PlanPermits,
		Guard: "hours, skill, free, no exclusion, plan kept", Entry: "visit.assigned"},
	{Action: "decline", From: NotYetThere, Roles: []Role{RoleTechnician}, Crew: true, Holds: HoldAllows, Guard: "a reason",
		Entry: "visit.declined"},
	{Action: "confirm", From: NotYetThere, Roles: append([]Role{RoleCustomer, RoleTechnician}, Staff...), Crew: true,
		Guard: "before the window ends; staff name the contact that proves it", Entry: "visit.confirmed"},
	{Action: "another-time", From: []VisitStatus{VisitScheduled}, Roles: []Role{RoleCustomer}, Holds: HoldAllows,
		Guard: "until 1 h before the window", Entry: "visit.another_time_asked"},
	{Action: "en-route", From: beforeEnRoute, To: VisitEnRoute, Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanSeen,
		Guard: "its morning has begun; the plan seen by the whole crew where there is one", Entry: "visit.en_route", Customer: "visit.en_route"},
	{Action: "arrive", From: beforeArrive, To: VisitArrived, Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanSeen,
		Guard: "as the moves it implies", Entry: "visit.arrived", Customer: "visit.arrived"},
	{Action: "start", From: beforeStart, To: VisitInProgress, Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanInside,
		Guard: "as the moves it implies; the plan seen also when it came after the arrival; not where the appliance is carried in",
		Entry: "visit.started"},
	{Action: "complete", From: beforeEnd, To: VisitCompleted, Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanSeen,
		Guard: "near the window; arrived, or the reason why not; work done and tested, as its category asks", Entry: "visit.completed",
		Customer: "visit.completed"},
	{Action: "partial", From: beforeEnd, To: VisitPartial, Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanSeen,
		Guard: "near the window; arrived, or the reason why not", Entry: "visit.partial", Customer: "visit.partial"},
	{Action: "no-access", From: []VisitStatus{VisitScheduled, VisitEnRoute, VisitArrived, VisitMissed}, To: VisitNoAccess,
		Roles: []Role{RoleTechnician}, Crew: true, Plan: PlanSeen,
		Guard:    "near the window; arrived, 10 min inside it, one call and one message to the household since arrival, or the reason why not",
		Entry:    "visit.no_access",
		Customer: "visit.no_access", Desk: "visit.no_access_desk", DeskRoles: []Role{RoleCoordinator}},
	{Action: "take-back", From: underWay, To: VisitScheduled, Roles: append([]Role{RoleTechnician}, Desk...), Crew: true, Holds: HoldAllows,
		Guard: "the crew within 10 min of its last move; its desk at any time, with a reason", Entry: "visit.taken_back",
		Customer: "visit.taken_back"},
	{Action: "stop", From: stoppable, To: VisitStopped, Roles: []Role{RoleTechnician}, EverCrew: true, Holds: HoldAllows, Guard: "none",
		Entry: "visit.stopped"},
	{Action: "stop", From: overAlready, Roles: []Role{RoleTechnician}, EverCrew: true, Holds: HoldAllows,
		Guard: "none; what happened there is on record all the same", Entry: "visit.stopped"},
	{Action: "missed", From: NotYetThere, To: VisitMissed, Roles: []Role{RoleSystem},
		Guard: "window end + 15 min, no move, or + 2 h, set out and not arrived; not under a hold", Entry: "visit.missed",
		Customer: "visit.missed", Desk: "visit.missed_desk", DeskRoles: []Role{RoleProprietor, RoleCoordinator}},
	{Action: "cancel", From: NotYetThere, To: VisitCancelled, Roles: append([]Role{RoleCustomer}, Staff...), Holds: HoldAllows,
		Guard: "a reason", Entry: "visit.cancelled"},
	{Action: "reschedule", From: NotYetThere, To: VisitRescheduled, Roles: append([]Role{RoleTechnician}, Staff...), Crew: true,
		Holds: AnyRefuses, Plan: PlanPermits, Guard: "as schedule", Entry: "visit.rescheduled"},
	{Action: "confirm-done", From: []VisitStatus{VisitCompleted}, Roles: append([]Role{RoleCustomer, RoleTechnician}, Staff...), Crew: true,
		Holds: HoldAllows, Guard: "not disputed; staff name the contact that proves it, the crew the end code", Entry: "visit.done_confirmed"},
	{Action: "dispute", From: []VisitStatus{VisitScheduled, VisitEnRoute, VisitNoAccess, VisitCompleted, VisitPartial},
		Roles: append([]Role{RoleCustomer}, Staff...), Holds: HoldAllows,
		Guard: "until 24 h (voice-only: 7 days) after the household was told; of a time ahead, that it agreed by call or message",
		Entry: "visit.disputed"},
	{Action: "strike", From: []VisitStatus{VisitNoAccess, VisitCompleted, VisitPartial}, To: VisitMissed, Roles: []Role{RoleSystem},
		Holds: HoldAllows, Guard: "the area manager, or the stated default, finds the household right", Entry: "dispute.decided"},
	{Action: "free", From: NotYetThere, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "a technician of the crew fell ill, or left the centre", Entry: "visit.freed"},
	{Action: "wait", From: underWay, To: VisitScheduled, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "whoever was on the way left its crew, and nobody is in it, or the plan asks for one more"},
	{Action: "not-ended", From: []VisitStatus{VisitCancelled, VisitRescheduled}, To: VisitMissed, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "the household says that it neither cancelled nor moved it, and its time is over", Entry: "visit.missed",
		Customer: "visit.missed", Desk: "visit.missed_desk", DeskRoles: []Role{RoleProprietor, RoleCoordinator}},
	{Action: "undo-cancel", From: []VisitStatus{VisitCancelled}, To: VisitScheduled, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "somebody else than the household cancelled it by its link; its window is ahead", Entry: "visit.undone"},
	{Action: "plan-seen", From: beforeWork, Roles: []Role{RoleTechnician}, Crew: true, Holds: HoldAllows, Guard: "a plan is in force",
		Entry: "visit.plan_seen"},
}

// JobMove is one row of the job's table of moves.
type JobMove struct {
	Action string
	From   []JobStatus
	To     []JobStatus // empty: stays; several: its visits decide
	Roles  []Role
	Holds  HoldPolicy
	Plan   PlanRule
	Guard  string
	Entry  string
}

var (
	jobLive    = []JobStatus{JobOpen, JobScheduled, JobInProgress, JobResolved}
	jobPending = []JobStatus{JobOpen, JobScheduled, JobInProgress}
)

// JobMoves is the job's lifecycle.
var JobMoves = []JobMove{
	{Action: "register", To: []JobStatus{JobOpen}, Roles: Staff, Holds: HoldAllows, Guard: "a household with a site", Entry: "job.registered"},
	{Action: "follow", From: jobLive, To: jobLive, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "one of its visits under way, else one scheduled, else one completed since it was opened last, else open"},
	{Action: "deny-done", From: []JobStatus{JobClosed}, To: []JobStatus{JobResolved}, Roles: []Role{RoleSystem}, Holds: HoldAllows,
		Guard: "the household says that a completion is not so; its visits decide what follows"},
	{Action: "schedule", From: jobLive, Roles: append([]Role{RoleTechnician}, Staff...), Holds: AnyRefuses, Plan: PlanPermits,
		Guard: "no hold that forbids it; free; no exclusion; plan kept; a technician for themselves with the contact in which the customer agreed", Entry: "visit.scheduled"},
	{Action: "cancel", From: []JobStatus{JobOpen, JobScheduled}, To: []JobStatus{JobCancelled}, Roles: Staff, Holds: HoldAllows,
		Guard: "a reason", Entry: "job.cancelled"},
	{Action: "close", From: []JobStatus{JobOpen, JobResolved}, To: []JobStatus{JobClosed}, Roles: Staff, Holds: HoldAllows,
		Guard: "resolved, and the household said so (its visit is confirmed) or 72 h passed; or unreachable for as long as the policy says",
		Entry: "job.closed"},
	{Action: "reopen", From: []JobStatus{JobResolved, JobClosed, JobCancelled}, To: []JobStatus{JobOpen},
		Roles: append([]Role{RoleCustomer}, Staff...),
		Holds: HoldAllows, Guard: "within 30 days; after unreachable as the policy says", Entry: "job.reopened"},
	{Action: "hold", From: jobPending, Roles: Staff, Holds: HoldAllows, Guard: "parts, or customer_request in a contact",
		Entry: "hold.placed"},
	{Action: "release", From: jobLive, Roles: Staff, Holds: HoldAllows, Guard: "parts or customer_request", Entry: "hold.lifted"},
	{Action: "transfer", From: []JobStatus{JobOpen, JobScheduled}, Roles: []Role{RoleAreaManager}, Guard: "to another centre",
		Entry: "job.transferred"},
	{Action: "replacement", From: jobLive, Roles: []Role{RoleProprietor, RoleAreaManager, RoleAgent}, Holds: HoldAllows,
		Guard: "a replacement is proposed", Entry: "replacement.answered"},
	{Action: "safety-release", From: append([]JobStatus{JobClosed, JobCancelled}, jobLive...), Roles: []Role{RoleAreaManager},
		Holds: HoldAllows, Guard: "an open safety hold, or its plan; whoever triages its report, after triage, with a plan and reasons",
		Entry: "hold.released"},
}

// FlagMove is one row of the flag's table of moves.
type FlagMove struct {
	Action   string
	From     []FlagStatus
	To       []FlagStatus // empty: stays; several: the decision says
	Reporter bool         // the reporter's alone
	Subject  bool         // only of the person whom it is about
	System   bool         // nobody's: it follows
	Guard    string
}

// FlagMoves is the flag's lifecycle. All but withdraw, next-person and statement are an
// area manager's (a deputy's, an escalated admin's) who is not involved.
var FlagMoves = []FlagMove{
	{Action: "report", To: []FlagStatus{FlagReported}, System: true, Guard: "whoever may report; a stop reports by itself"},
	{Action: "triage", From: []FlagStatus{FlagReported, FlagTriaged}, To: []FlagStatus{FlagTriaged},
		Guard: "nobody involved; again, to correct it"},
	{Action: "review", From: []FlagStatus{FlagTriaged, FlagUnderReview}, To: []FlagStatus{FlagUnderReview},
		Guard: "nobody involved; may ask one of our own people for their side"},
	{Action: "decide", From: []FlagStatus{FlagTriaged, FlagUnderReview}, To: []FlagStatus{FlagUpheld, FlagNotUpheld, FlagUnclear},
		Guard: "nobody involved; reasons; upheld, not_upheld or unclear; nobody is found at fault unheard"},
	{Action: "withdraw", From: []FlagStatus{FlagReported, FlagTriaged, FlagUnderReview}, To: []FlagStatus{FlagWithdrawn}, Reporter: true,
		Guard: "the reporter only"},
	{Action: "undo-withdraw", From: []FlagStatus{FlagWithdrawn}, To: []FlagStatus{FlagReported}, System: true,
		Guard: "somebody else than the household took it back by its link"},
	{Action: "next-person", From: []FlagStatus{FlagReported, FlagTriaged, FlagUnderReview}, Reporter: true,
		Guard: "the reporter only, asked when the hold is placed; its release waits an hour for it"},
	{Action: "statement", From: []FlagStatus{FlagReported, FlagTriaged, FlagUnderReview}, Subject: true,
		Guard: "whom it is about, once, after they were told what they may know"},
}

// VisitMoveOf is the first row of an action; it panics where there is none, which is a defect.
func VisitMoveOf(action string) *VisitMove {
	for i := range VisitMoves {
		if VisitMoves[i].Action == action {
			return &VisitMoves[i]
		}
	}
	panic("domain: no visit move " + action)
}

// JobMoveOf is the row of an action; it panics where there is none, which is a defect.
func JobMoveOf(action string) *JobMove {
	for i := range JobMoves {
		if JobMoves[i].Action == action {
			return &JobMoves[i]
		}
	}
	panic("domain: no job move " + action)
}

// FlagMoveOf is the row of an action; it panics where there is none, which is a defect.
func FlagMoveOf(action string) *FlagMove {
	for i := range FlagMoves {
		if FlagMoves[i].Action == action {
			return &FlagMoves[i]
		}
	}
	panic("domain: no flag move " + action)
}

// MayMove reports whether the actor, who can read the visit, may make the move
// at all, whatever the state.
func (m *VisitMove) MayMove(a Actor, v *Visit) bool {
	if m.EverCrew {
		return a.WasInCrew(v)
	}
	return a.Is(m.Roles...) && (a.Role != RoleTechnician || !m.Crew || Has(v.Crew, a.UserID))
}

// WasInCrew reports whether the actor is or ever was in the visit's crew; who
// acts for a household is not.
func (a Actor) WasInCrew(v *Visit) bool {
	return a.Role != RoleCustomer && a.UserID != (ID{}) && (Has(v.EverCrew, a.UserID) || Has(v.Crew, a.UserID))
}

// CheckVisit refuses a move by role (403) or state (409). Guards that need
// more than the visit stand in the use cases.
func CheckVisit(a Actor, action string, v *Visit) error {
	m := VisitMoveOf(action)
	if i := slices.IndexFunc(visitMovesFrom[v.Status], func(o *VisitMove) bool { return o.Action == action }); i >= 0 {
		m = visitMovesFrom[v.Status][i]
	}
	if !m.MayMove(a, v) {
		return Fail(CodeForbidden, "As %s you may not %s this visit.", RoleWords(a.Role), actionWords(action))
	}
	if !Has(m.From, v.Status) || !m.reaches(v) {
		return Fail(CodeState, "%s, so you cannot %s it now.", visitStands(v.Status), actionWords(action)).With("status", v.Status)
	}
	return nil
}

// reaches reports whether a move out of a provisional end is possible at all.
func (m *VisitMove) reaches(v *Visit) bool {
	return m.Action == "stop" || v.ProvisionalTo != nil || v.Status != VisitMissed && v.Status != VisitCancelled
}

// Refusing gives the first open hold that refuses a move, or nil.
func Refusing(s HoldPolicy, holds []Hold) *Hold {
	for i := range holds {
		if h := &holds[i]; h.LiftedAt == nil && s.Refuses(h.Kind) {
			return h
		}
	}
	return nil
}

// visitMovesFrom lists the moves of the table by the status they start from.
var visitMovesFrom = func() map[VisitStatus][]*VisitMove {
	out := map[VisitStatus][]*VisitMove{}
	for i := range VisitMoves {
		for _, s := range VisitMoves[i].From {
			out[s] = append(out[s], &VisitMoves[i])
		}
	}
	return out
}()

// VisitActions lists what the actor may do with the visit now, without naming
// a proof or another time of the fact: holds are those over it, plan is the
// safe-visit plan in force, zone that of its site.
func VisitActions(a Actor, v *Visit, holds []Hold, plan []string, zone *time.Location, now time.Time) JSONList[string] {
	from := visitMovesFrom[v.Status]
	out := make(JSONList[string], 0, len(from))
	for _, m := range from {
		if !m.MayMove(a, v) || Refusing(m.Holds, holds) != nil {
			continue
		}
		opens := v.Opens(m.Action, zone)
		switch {
		case m.PlanUnmet(plan, v) != "", opens != nil && now.Before(*opens),
			!m.reaches(v), (v.Status == VisitMissed || v.Status == VisitCancelled) && m.Action != "stop" && !v.Overturnable(now),
			v.Status == VisitMissed && Has([]string{"partial", "no-access"}, m.Action) && !v.CameNear(), // by a reason alone nothing undoes it
			m.Action == "take-back" && a.Role == RoleTechnician && now.After(v.LastMove().Add(TakeBackWithin)),
			m.Action == "plan-seen" && (len(plan) == 0 || Has(v.PlanSeen, a.UserID)),
			m.Action == "confirm-done" && (v.DoneConfirmedAt != nil || v.Disputed),
			m.Action == "dispute" && (v.Disputed || v.DoneConfirmedAt != nil && v.DoneConfirmedHow != "desk" ||
				Has(NotYetThere, v.Status) && (v.AgreedID == nil || v.Confirmation != ConfirmConfirmed || v.ConfirmedHow == "link")),
			m.Action == "confirm" && (v.Confirmation == ConfirmConfirmed || !now.Before(v.WindowEnd)):
			continue
		}
		out = append(out, m.Action)
	}
	return out
}

// CheckJob refuses a move by role (403) or state (409).
func CheckJob(a Actor, action string, j *Job) error {
	m := JobMoveOf(action)
	if !a.Is(m.Roles...) {
		return Fail(CodeForbidden, "As %s you may not %s this job.", RoleWords(a.Role), actionWords(action))
	}
	if !Has(m.From, j.Status) {
		return Fail(CodeState, "A job that is %s cannot take the move %s.", j.Status, action).With("status", j.Status)
	}
	return nil
}

// JobActions lists what the actor may do with the job now.
func JobActions(a Actor, j *Job, holds []Hold, plan []string, now time.Time) JSONList[string] {
	on, closable := map[HoldKind]bool{}, false
	for _, h := range holds {
		if h.LiftedAt == nil {
			on[h.Kind] = true
			closable = closable || h.Kind == HoldUnreachable && !now.Before(h.ClosesFrom())
		}
	}
	out := JSONList[string]{}
	for i := range JobMoves {
		m := &JobMoves[i]
		if !a.Is(m.Roles...) || !Has(m.From, j.Status) || Refusing(m.Holds, holds) != nil || m.Plan.Unmet(plan, nil, nil) != "" {
			continue
		}
		switch {
		case m.Action == "hold" && on[HoldParts] && on[HoldCustomerRequest],
			m.Action == "release" && !on[HoldParts] && !on[HoldCustomerRequest],
			m.Action == "safety-release" && !on[HoldSafety] && len(plan) == 0,
			m.Action == "reopen" && !j.Reopens(now),
			m.Action == "replacement" && !j.ReplacementProposed(),
			m.Action == "close" && j.Status == JobOpen && (!closable || j.SafetyCritical && a.Role != RoleAreaManager):
			continue
		}
		out = append(out, m.Action)
	}
	return out
}

// RoleWords says a role in a sentence.
func RoleWords(r Role) string {
	if r == RoleAreaManager {
		return "area manager"
	}
	return string(r)
}

// visitStands says in words where a visit stands.
func visitStands(s VisitStatus) string {
	return map[VisitStatus]string{VisitScheduled: "This visit is planned", VisitEnRoute: "Somebody is on the way",
		VisitArrived:    "Somebody is there",
		VisitInProgress: "The work is under way", VisitCompleted: "This visit is done",
		VisitPartial:  "This visit is over and the work is not finished",
		VisitNoAccess: "Nobody opened at this visit", VisitStopped: "This visit was stopped", VisitMissed: "This visit was missed",
		VisitRescheduled: "This visit was moved to another time", VisitCancelled: "This visit is cancelled"}[s]
}

func actionWords(action string) string {
	words := map[string]string{"en-route": "set out for", "arrive": "arrive at", "no-access": "report no access for",
		"plan-seen": "accept the plan of", "take-back": "take a move back on",
		"partial": "end as partial", "confirm-done": "confirm the work of", "missed": "miss", "safety-release": "release the safety hold of",
		"another-time": "ask another time for", "replacement": "answer the proposed replacement of", "schedule": "schedule visits of"}
	if w, ok := words[action]; ok {
		return w
	}
	return action
}
