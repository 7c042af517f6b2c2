package domain

import (
	"time"

	"doorstep/domain/reach"
)

// Numbers of docs/product.md that are not part of the reachability policy.
const (
	ReplayKept           = 7 * 24 * time.Hour       // of a stored answer (section 8)
	StopWait             = 2 * time.Second          // for a job that somebody holds (section 3)
	TakeBackWithin       = 10 * time.Minute         // of its last move, by the crew (section 3)
	MissedAfter          = 15 * time.Minute         // after the window's end (section 3)
	MissedOnTheWay       = 2 * time.Hour            // after the window's end, where a crew set out and did not arrive (section 3)
	ProvisionalFor       = 72 * time.Hour           // missed and no_access (section 3)
	CloseResolvedAfter   = 72 * time.Hour           // resolved jobs (section 3)
	CloseAskedAgain      = 24 * time.Hour           // a resolved job about which the household is still asked is looked at again
	ReopenWithin         = 30 * 24 * time.Hour      // closed jobs (section 3)
	ComingHours          = 12 * time.Hour           // what is about them is told a household at night (section 7)
	RepeatWithin         = 30 * 24 * time.Hour      // same serial (section 3)
	LinkAfterVisit       = 30 * 24 * time.Hour      // the link's life (section 7)
	LinkRequestDue       = 48 * time.Hour           // to be verified (section 10)
	NumberProvesAfter    = 72 * time.Hour           // a number that staff added, if the household does not protest (section 10)
	NumberVouchWithin    = 30 * 24 * time.Hour      // where time alone does not do
	LinkUndoWithin       = 24 * time.Hour           // what a link that staff had read did (section 10)
	FormKeyLife          = 7 * 24 * time.Hour       // a page left open longer is looked at anew
	AnotherTimeUntil     = time.Hour                // before the window (section 3)
	NoAccessInside       = 10 * time.Minute         // inside the window (section 3)
	NoAccessCalls        = 15 * time.Minute         // before the window the call of a no-access counts from (section 3)
	NearWindow           = 2 * time.Hour            // before the window nobody has to be there yet (section 3)
	OpensBefore          = 4 * time.Hour            // the window, where its morning begins later (section 3)
	morningAt            = 6                        // o'clock: from then on a household may be told that somebody sets out
	ToldAtOnce           = 10 * time.Minute         // told later, it cannot be made good at the door (section 3)
	CrewFlapping         = time.Minute              // one push per person (section 3)
	WrongWordAgain       = 10 * time.Minute         // a household that says it again within this is heard already (section 5)
	TriageDue            = 4 * time.Hour            // section 5
	liveWithin           = 2 * time.Hour            // a report of something this recent tells of what happens now
	LiveRepeat           = time.Minute              // between the rings of such a report
	LiveRings            = time.Hour                // for so long; by then it was passed on
	TriageDueSevere      = 30 * time.Minute         // levels 3 and 4 (section 5)
	ReviewDue            = 24 * time.Hour           // of a triaged report
	ReviewDueSevere      = 4 * time.Hour            // levels 3 and 4
	DecideDue            = 7 * 24 * time.Hour       // of a report under review
	DecideDueSevere      = 24 * time.Hour           // levels 3 and 4
	ConductDue           = 30 * time.Minute         // levels 3 and 4 about our own people, to the decision (section 5)
	FlagPassedOn         = time.Hour                // to the next who answers, while it is late
	FlagPassedOnSevere   = 10 * time.Minute         // levels 3 and 4
	NextPersonDue        = time.Hour                // of the reporter's answer, before a hold is released (section 5)
	SafetyHoldDue        = 24 * time.Hour           // section 5
	ThereAtMost          = 4 * time.Hour            // sections 4 and 5: after the last that is known of a visit that nobody ended
	HeldHomeAfter        = 30 * time.Minute         // section 5: nobody of ours is at the door any more
	HoldPassedOn         = 4 * time.Hour            // to the next, while it is overdue
	FactTooOld           = 72 * time.Hour           // section 8
	DisputeWithin        = 24 * time.Hour           // after being told (section 4)
	DisputeWithinVoice   = 7 * 24 * time.Hour       // for voice-only households (section 4)
	DisputeDue           = 72 * time.Hour           // then the stated default (section 4)
	SampleAfter          = 24 * time.Hour           // an unconfirmed completion (section 4)
	ReportedWithin       = 2 * 366 * 24 * time.Hour // of a job that is registered (section 3)
	SampleDue            = 72 * time.Hour
	ClaimToldBefore      = 4 * time.Hour // its due time, who decides about an end by somebody's own word (section 3)
	SampleOneIn          = 4
	PromiseDue           = 2 * time.Hour    // of duty: call me, I could not reach you (section 4)
	NotReachedHouseholds = 6                // that could not reach a centre within an hour are an alarm (section 4)
	CutOffDue            = 10 * time.Minute // the same person calls back after the line went dead (section 4)
	CaseDue              = time.Hour        // of duty: many contacts folded into one case (section 4)
	OneCall              = 15 * time.Minute
	CaseContacts         = 4                  // more within an hour are one case (section 4)
	ThanksWithin         = 7 * 24 * time.Hour // section 5
	ReplacementAfter     = 3                  // failed tries (section 4)
	SessionTTL           = 30 * 24 * time.Hour
	RefreshGrace         = 30 * time.Second
	InvitationTTL        = 7 * 24 * time.Hour // of a first password, sent to its person
	ResetTTL             = time.Hour          // of another one, sent to its person
	HandOverTTL          = 24 * time.Hour     // of a code that somebody hands over
	DevicesOfUser        = 10                 // that are pushed to
	DevicesOfLink        = 10
	DevicesOfLinkEver    = 50 // with those that are not pushed to any more
)

// Policy is one version of the reachability rules: the brand's (CentreID nil)
// or a centre's stricter one.
type Policy struct {
	ID            ID                 `json:"id"`
	CentreID      *ID                `json:"centre_id"`
	Number        int                `json:"number"`
	EffectiveFrom time.Time          `json:"effective_from"`
	Rules         JSON[reach.Policy] `json:"rules"`
	CreatedBy     *ID                `json:"-"`
	CreatedAt     time.Time          `json:"created_at"`
}
