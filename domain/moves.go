package domain

// Move is one row of a lifecycle of few states: what leads where, and who may
// do it. The guard is said in words; what needs more than the state is checked
// in the use case.
type Move struct {
	Action string
	From   []string
	To     []string // empty: stays; several: the move decides
	Who    string
	Guard  string
}

// Lifecycle is the table of moves of one kind of thing.
type Lifecycle struct {
	Name  string // as in the docs
	Start string
	Moves []Move
}

// Open reports whether a state allows an action.
func (l *Lifecycle) Open(action, status string) bool {
	for i := range l.Moves {
		if m := &l.Moves[i]; m.Action == action && Has(m.From, status) {
			return true
		}
	}
	return false
}

// Check refuses an action by state: CodeState.
func (l *Lifecycle) Check(action, status string) error {
	if l.Open(action, status) {
		return nil
	}
	return Fail(CodeState, "The %s is %s; it cannot take the move %s.", l.Name, status, action).With("status", status)
}

// Of lists, of some actions, those that a state allows.
func (l *Lifecycle) Of(status string, actions ...string) JSONList[string] {
	out := JSONList[string]{}
	for _, a := range actions {
		if l.Open(a, status) {
			out = append(out, a)
		}
	}
	return out
}

// The small lifecycles.
var (
	// SOSMoves: docs/product.md section 5, "SOS".
	SOSMoves = Lifecycle{"SOS", "raised", []Move{
		{"raise", nil, []string{"raised"}, "any of our staff, their visit timer", "a tap; nothing refuses it"},
		{"ring", []string{"raised"}, nil, "system", "the tier's time, or its repeat"},
		{"add", []string{"raised", "acknowledged"}, nil, "raiser", "a further tap about the same, within an hour of the answer"},
		{"reopen", []string{"acknowledged"}, []string{"raised"}, "raiser",
			"such a tap after somebody answered: it rings on until somebody acknowledges again"},
		{"remind", []string{"acknowledged"}, nil, "system", "every 30 min until it is resolved: its owner"},
		{"acknowledge", []string{"raised"}, []string{"acknowledged"}, "whoever sees it", "not the raiser"},
		{"take-over", []string{"acknowledged"}, []string{"acknowledged"}, "to whom it is handed over", "by acknowledging"},
		{"hand-over", []string{"acknowledged"}, nil, "its owner, area_manager, admin", "not the raiser; to somebody who may take it"},
		{"resolve", []string{"acknowledged"}, []string{"resolved"}, "its owner, area_manager, admin", "not the raiser; with words"},
	}}

	TimerRuns = []string{"armed", "pinged", "desk_asked"}
	// TimerMoves: docs/product.md section 5, "Visit timer".
	TimerMoves = Lifecycle{"timer", "armed", []Move{
		{"start", nil, []string{"armed"}, "system", "a crew is under way, inside or at work: one for each of them"},
		{"plan", nil, []string{"armed"}, "system", "who worked today and whose phone tells of nothing around the planned time"},
		{"ping", []string{"armed"}, []string{"pinged"}, "system", "its time is over"},
		{"ask-desk", []string{"pinged"}, []string{"desk_asked"}, "system", "2 min without an answer"},
		{"alarm", []string{"desk_asked"}, []string{"alarmed"}, "system", "5 min without an answer; raises an SOS"},
		{"not-ok", TimerRuns, []string{"alarmed"}, "whose timer it is", "raises an SOS at once"},
		{"rebase", TimerRuns, []string{"armed"}, "system", "a late fact of the visit"},
		{"extend", TimerRuns, []string{"armed"}, "whose timer it is", "1 to 240 minutes, eight hours in all; the code, where one is set"},
		{"fine", TimerRuns, []string{"armed"}, "whose timer it is", "the code, where one is set"},
		{"end", TimerRuns, []string{"ended"}, "whose timer it is", "the code, where one is set"},
		{"spoken", []string{"desk_asked"}, []string{"armed"}, "coordinator, proprietor, area_manager",
			"the desk was asked to call and spoke with them"},
		{"visit-ends", TimerRuns, []string{"ended"}, "system",
			"the visit is over, waits for company, was taken back, or they left its crew; not while they are asked, nor by others while inside"},
		{"again", []string{"ended"}, []string{"armed"}, "system", "ended with the visit, and they set out anew"},
	}}

	HomeSafeRuns = []string{"asked", "pinged", "desk_asked"}
	// HomeSafeMoves: docs/product.md section 5, "Home safe".
	HomeSafeMoves = Lifecycle{"home safe", "asked", []Move{
		{"ask", nil, []string{"asked"}, "whose day it is", "a time within 24 h"},
		{"again", []string{"asked", "pinged", "desk_asked", "alarmed", "ended"}, []string{"asked"}, "whose day it is",
			"another time; the code, where one is set"},
		{"ping", []string{"asked"}, []string{"pinged"}, "system", "its time has come"},
		{"ask-desk", []string{"pinged"}, []string{"desk_asked"}, "system", "10 min without an answer: who is on duty, else the proprietor"},
		{"spoken", []string{"desk_asked"}, []string{"asked"}, "coordinator, proprietor, area_manager",
			"of their centre; called and spoke with them: they are asked again 30 min later"},
		{"alarm", []string{"desk_asked"}, []string{"alarmed"}, "system", "10 min more; raises an SOS as a timer does"},
		{"done", HomeSafeRuns, []string{"ended"}, "whose day it is", "the code, where one is set; counts by its time"},
		{"not-ok", HomeSafeRuns, []string{"alarmed"}, "whose day it is", "raises an SOS at once"},
		{"lapse", HomeSafeRuns, []string{"ended"}, "system", "their account was disabled"},
	}}

	// DrillMoves: docs/product.md section 7, "Drills".
	DrillMoves = Lifecycle{"drill", "planned", []Move{
		{"plan", nil, []string{"planned"}, "proprietor, area_manager", "a time within 60 days"},
		{"cancel", []string{"planned"}, []string{"cancelled"}, "proprietor, area_manager", "before its time; nobody was told of it"},
		{"ring", []string{"planned"}, []string{"rung"}, "system", "its time: whoever of the centre is on duty"},
		{"hear", []string{"rung", "ended"}, nil, "whoever was rung", "within 15 min, by its own time when it was said offline"},
		{"end", []string{"rung"}, []string{"ended"}, "system", "15 min later: the proprietor is told how it went"},
	}}

	// DisputeMoves: docs/product.md section 4, "that is not so".
	DisputeMoves = Lifecycle{"dispute", "open", []Move{
		{"dispute", nil, []string{"open"}, "the household", "by its link or a call; each fact once, and once more by a link that nobody had read"},
		{"decide", []string{"open"}, []string{"upheld", "struck"}, "area_manager", "nobody about their own fact; reasons"},
		{"default", []string{"open"}, []string{"upheld", "struck"}, "system", "nobody decided in time: proven stands, else struck"},
		{"withdraw", []string{"open"}, []string{"withdrawn"}, "system", "it was said by somebody else than the household"},
		{"replace", []string{"open", "upheld"}, []string{"withdrawn"}, "the household",
			"by a link that nobody had read; it came by voice or by a link that staff had read"},
	}}

	// LinkRequestMoves: docs/product.md section 10, "A household's link is the household's".
	LinkRequestMoves = Lifecycle{"link request", "pending", []Move{
		{"ask", nil, []string{"pending"}, "whoever has a link that staff have read; by voice", "it speaks for us"},
		{"mark", nil, []string{"marked"}, "whoever has a link that staff have read", "it moved a visit: told to the household"},
		{"verify", []string{"pending", "marked"}, []string{"verified"}, "the household", "by a link that the system delivered, or a code"},
		{"undo", []string{"pending", "marked"}, []string{"undone"}, "the household", "the same; of what was done within 24 h"},
		{"decide", []string{"pending"}, []string{"accepted", "refused"}, "area_manager; about a report, who answers for it",
			"not about themselves, nor what they wrote down; reasons"},
		{"default", []string{"pending"}, []string{"lapsed", "accepted"}, "system", "nobody verified it in time: what favours the household"},
	}}

	// HouseholdQuestionMoves: docs/product.md section 5, "follow the person and the place".
	HouseholdQuestionMoves = Lifecycle{"household question", "asked", []Move{
		{"ask", nil, []string{"asked"}, "system; the household that says it is not the one", "next door, or a number that many share"},
		{"decide", []string{"asked"}, []string{"same", "different"}, "who answers for the report; area_manager, admin once it is late",
			"reasons"},
	}}

	// PromiseMoves: docs/product.md section 4, "The brand is measured too".
	PromiseMoves = Lifecycle{"promise", "open", []Move{
		{"promise", nil, []string{"open"}, "whoever speaks with the household, or its own wish", "an owner and a due time"},
		{"break", []string{"open"}, []string{"broken"}, "system", "its due time is over"},
		{"escalate", []string{"broken"}, nil, "system", "owner, proprietor, area manager at set times"},
		{"keep", []string{"open", "broken"}, []string{"kept", "kept_late"}, "owner, or who answers for the job", "the contact that proves it"},
		{"hand-over", []string{"open", "broken"}, nil, "owner, or who answers for the job",
			"to somebody of the job's centre or area, or an agent"},
		{"void", []string{"open", "broken"}, []string{"void"}, "system", "somebody else than the household asked for it"},
		{"lapse", []string{"open"}, []string{"void"}, "system", "the job ended; a broken one stays broken"},
	}}

	// CheckMoves: docs/product.md section 4, "Done is a claim".
	CheckMoves = Lifecycle{"check", "open", []Move{
		{"ask", nil, []string{"open"}, "system", "a day after a completion that nobody confirmed, where it is asked about"},
		{"answer", []string{"open"}, []string{"confirmed", "not_done", "not_reached"}, "agent", "what the household said names its contact"},
		{"settle", []string{"open"}, []string{"settled"}, "system", "the answer came by another way"},
		{"expire", []string{"open"}, []string{"not_answered"}, "system", "nobody answered in time; the household keeps its time to reopen"},
	}}

	// ClaimMoves: docs/product.md section 3, "Claim".
	ClaimMoves = Lifecycle{"claim", "open", []Move{
		{"keep", nil, []string{"open"}, "crew", "told too late, or without its guard; in the crew when it happened"},
		{"decide", []string{"open"}, []string{"taken", "declined"}, "coordinator, proprietor, area_manager",
			"never its maker; against a household the area manager; taking meets the guard or names a witness"},
		{"default", []string{"open"}, []string{"declined", "taken"}, "system", "nobody decided in time; taken where the visit ended by their own word"},
		{"settle", []string{"open"}, []string{"settled"}, "system", "the visit ended by the same crew after all"},
	}}

	// ThanksMoves: docs/product.md section 5, "Kindness".
	ThanksMoves = Lifecycle{"thank-you", "waiting", []Move{
		{"thank", nil, []string{"waiting"}, "the household", "a confirmed visit, once"},
		{"moderate", []string{"waiting"}, []string{"approved", "refused"}, "coordinator, proprietor, area_manager", "refusing says why"},
		{"unread", []string{"waiting"}, []string{"approved", "refused"}, "system", "7 days; refused when something private stands in it"},
		{"undo", []string{"waiting", "approved"}, []string{"refused"}, "system", "it was said by somebody else than the household"},
		{"deliver", []string{"approved"}, []string{"delivered"}, "system", "best after a hard visit"},
	}}

	// AftercareMoves: docs/product.md section 5, "Afterwards".
	AftercareMoves = Lifecycle{"conversation", "open", []Move{
		{"plan", nil, []string{"open"}, "system", "a report that leaves its mark on who made it"},
		{"ring", []string{"open"}, nil, "system", "it is due, then late: owner, deputy, managers, admins"},
		{"done", []string{"open"}, []string{"done"}, "its owner, area_manager, admin once it is late", "never the person themselves"},
		{"stop", []string{"open"}, []string{"stopped"}, "the person", "they want no more of it"},
	}}

	// LeaveMoves: docs/product.md section 6, leave with approval. What a desk records
	// for somebody else, and sickness, begins as approved.
	LeaveMoves = Lifecycle{"leave", "requested", []Move{
		{"ask", nil, []string{"requested"}, "whose leave it is", "not sickness"},
		{"record", nil, []string{"approved"}, "whose leave it is when they are sick, else proprietor, area_manager, admin", ""},
		{"approve", []string{"requested"}, []string{"approved"}, "proprietor, area_manager, admin",
			"not about themselves; the leave is not over"},
		{"decline", []string{"requested"}, []string{"declined"}, "proprietor, area_manager, admin", "not about themselves; a reason"},
		{"withdraw", []string{"requested"}, []string{"withdrawn"}, "whose leave it is", ""},
		{"withdraw", []string{"approved"}, []string{"cancelled"}, "whose leave it is, proprietor, area_manager, admin",
			"the leave has not begun; a reason"},
	}}

	// MaintenanceMoves: docs/product.md section 6, "Recurring maintenance".
	MaintenanceMoves = Lifecycle{"maintenance", "active", []Move{
		{"arrange", nil, []string{"active"}, "coordinator, proprietor, area_manager, agent", "a rule of dates, for a household with a site"},
		{"generate", []string{"active"}, nil, "system", "its dates come near; each makes one job"},
		{"change", []string{"active"}, nil, "coordinator, proprietor, area_manager, agent", "what is still to come"},
		{"end", []string{"active"}, []string{"ended"}, "coordinator, proprietor, area_manager, agent", "a reason"},
		{"stop", []string{"active"}, []string{"ended"}, "the household", "by its link or a call; what is ahead is cancelled"},
		{"resume", []string{"ended"}, []string{"active"}, "system", "somebody else than the household had stopped it"},
		{"run-out", []string{"active"}, []string{"ended"}, "system", "the rule has no more dates"},
	}}

	// HoldMoves: docs/product.md section 3, holds; a hold's state is kept as the time of its end.
	HoldMoves = Lifecycle{"hold", "open", []Move{
		{"place", nil, []string{"open"}, "a report (safety), the verdict (unreachable), staff (parts, customer_request)", "one of a kind"},
		{"release", []string{"open"}, []string{"lifted"}, "coordinator, proprietor, area_manager, agent", "parts and customer_request; a reason"},
		{"safety-release", []string{"open"}, []string{"lifted"}, "whoever triages its report",
			"safety; after triage, with a plan and reasons; two people of what a person directed at level 3-4"},
		{"revise-plan", nil, []string{"lifted"}, "whoever triages its report", "no safety hold is open; the plan in force changes"},
		{"reach", []string{"open"}, []string{"lifted"}, "system", "unreachable; a contact, or a fact that shows it was never so"},
		{"job-ends", []string{"open"}, []string{"lifted"}, "system", "all but safety"},
	}}

	// ReplacementMoves: docs/product.md section 4, "The story is told once".
	ReplacementMoves = Lifecycle{"replacement", "proposed", []Move{
		{"propose", nil, []string{"proposed"}, "system", "tries that a professional watched failed, once a (re)opening"},
		{"withdraw", []string{"proposed"}, []string{"withdrawn"}, "system", "a correction proves the tries wrong"},
		{"answer", []string{"proposed"}, []string{"accepted", "declined"}, "proprietor, area_manager, agent", "declined: a reason"},
	}}

	// Lifecycles lists them for the docs.
	Lifecycles = []*Lifecycle{&HoldMoves, &ReplacementMoves, &SOSMoves, &TimerMoves, &HomeSafeMoves, &DrillMoves, &DisputeMoves,
		&LinkRequestMoves,
		&HouseholdQuestionMoves, &PromiseMoves,
		&CheckMoves, &ClaimMoves, &ThanksMoves,
		&AftercareMoves, &LeaveMoves,
		&MaintenanceMoves}
)
