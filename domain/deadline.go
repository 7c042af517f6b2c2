package domain

import (
	"time"
)

// DeadlineKind says what falls due. A kind is stored and never renamed; what
// carries it out stands in dueHandlers.
type DeadlineKind string

// The kinds, with what their subject is.
const (
	DueStop          DeadlineKind = "stop"           // received stop
	DueMissed        DeadlineKind = "missed"         // visit: nobody moved until a quarter of an hour after its window
	DueHeldCancel    DeadlineKind = "held_cancel"    // visit: its window began under a hold
	DueCrewTold      DeadlineKind = "crew_told"      // visit: the end of a minute in which its crew changed
	DueGiveBack      DeadlineKind = "give_back"      // visit: somebody of its crew left the centre
	DueJeopardy      DeadlineKind = "jeopardy"       // visit: it may come late
	DueSample        DeadlineKind = "sample"         // visit: its completion may be asked about
	DueCoolOff       DeadlineKind = "cool_off"       // visit: the end of a break after a hard one
	DueTimer         DeadlineKind = "timer"          // timer
	DueTimerPlan     DeadlineKind = "timer_plan"     // visit: its planned time is over and phones told nothing
	DueDrill         DeadlineKind = "drill"          // drill: it rings, and ends
	DueHomeSafe      DeadlineKind = "home_safe"      // user: did they come home
	DueLastNotice    DeadlineKind = "last_notice"    // job: the time to answer the last notice is over
	DueCloseResolved DeadlineKind = "close_resolved" // job: nobody objected
	DueSilence       DeadlineKind = "silence"        // job: the household waits for a word
	DueSlotHold      DeadlineKind = "slot_hold"      // job: a window was kept for the household long enough
	DueSOS           DeadlineKind = "sos"            // SOS
	DueTriage        DeadlineKind = "triage"         // report
	DueLiveReport    DeadlineKind = "flag.live"      // report of what happens now
	DueHold          DeadlineKind = "hold"           // safety hold
	DueHeldHome      DeadlineKind = "held_home"      // safety hold: the household is told that visits are paused
	DueAdvisory      DeadlineKind = "advisory"       // advisory
	DueAppeal        DeadlineKind = "appeal"         // appeal
	DueAftercare     DeadlineKind = "aftercare"      // conversation
	DuePromise       DeadlineKind = "promise"        // promise
	DueLinkRequest   DeadlineKind = "link_request"   // link request
	DueHousehold     DeadlineKind = "household"      // household question
	DuePromiseOwner  DeadlineKind = "promise_owner"  // promise: its owner left
	DueDispute       DeadlineKind = "dispute"        // dispute
	DueClaim         DeadlineKind = "claim"          // claim: nobody decided it in time
	DueCheck         DeadlineKind = "check"          // completion check: nobody answered it in time
	DueThanks        DeadlineKind = "thanks"         // thank-you
	DueMaintenance   DeadlineKind = "maintenance"    // maintenance
	DuePhone         DeadlineKind = "phone"          // user: can their phone be rung before their next visit
	DueDuty          DeadlineKind = "duty"           // user: their next duty begins
	DueHour          DeadlineKind = "hour"           // user: the end of an hour in which many things were told
	DueHome          DeadlineKind = "home"           // customer: a decent hour to be told begins
	DueMorning       DeadlineKind = "morning"        // user: their list of the morning
	DueContact       DeadlineKind = "contact"        // contact by phone number: what follows for a household
	DueFlagByPhone   DeadlineKind = "flag_by_phone"  // report about a caller: what follows for a household
	DueDay           DeadlineKind = "day"            // technician: expected arrivals of their day
)

// Deadline is a due time judged by the injected clock; a ticker claims what
// is due once (docs/product.md section 8).
type Deadline struct {
	ID        ID
	Kind      DeadlineKind
	SubjectID ID
	JobID     *ID
	DueAt     time.Time
	DoneAt    *time.Time
}
