package domain

import "time"

// Numbers of docs/product.md that are not part of the reachability policy.
const (
	missedAfter        = 15 * time.Minute    // after the window's end (section 3)
	provisionalFor     = 72 * time.Hour      // missed and no_access (section 3)
	closeResolvedAfter = 72 * time.Hour      // resolved jobs (section 3)
	reopenWithin       = 30 * 24 * time.Hour // closed jobs (section 3)
	repeatWithin       = 30 * 24 * time.Hour // same serial (section 3)
	linkAfterVisit     = 30 * 24 * time.Hour // the link's life (section 7)
	formKeyLife        = 7 * 24 * time.Hour  // a page left open longer is looked at anew
	anotherTimeUntil   = time.Hour           // before the window (section 3)
	noAccessInside     = 10 * time.Minute    // inside the window (section 3)
	crewFlapping       = time.Minute         // one push per person (section 3)
	triageDue          = 4 * time.Hour       // section 5
	liveWithin         = 2 * time.Hour       // a report of something this recent tells of what happens now
	liveRepeat         = time.Minute         // between the rings of such a report
	liveRings          = time.Hour           // for so long; by then it was passed on
	triageDueSevere    = 30 * time.Minute    // levels 3 and 4 (section 5)
	reviewDue          = 24 * time.Hour      // of a triaged report
	reviewDueSevere    = 4 * time.Hour       // levels 3 and 4
	decideDue          = 7 * 24 * time.Hour  // of a report under review
	decideDueSevere    = 24 * time.Hour      // levels 3 and 4
	conductDue         = 30 * time.Minute    // levels 3 and 4 about our own people, to the decision (section 5)
	flagPassedOn       = time.Hour           // to the next who answers, while it is late
	flagPassedOnSevere = 10 * time.Minute    // levels 3 and 4
	safetyHoldDue      = 24 * time.Hour      // section 5
	holdPassedOn       = 4 * time.Hour       // to the next, while it is overdue
	factTooOld         = 72 * time.Hour      // section 8
	disputeWithin      = 24 * time.Hour      // after being told (section 4)
	disputeWithinVoice = 7 * 24 * time.Hour  // for voice-only households (section 4)
	disputeDue         = 72 * time.Hour      // then the stated default (section 4)
	sampleAfter        = 24 * time.Hour      // an unconfirmed completion (section 4)
	sampleDue          = 72 * time.Hour
	sampleOneIn        = 4
	promiseDue         = 2 * time.Hour // of duty: call me, I could not reach you (section 4)
	caseDue            = time.Hour     // of duty: many contacts folded into one case (section 4)
	oneCall            = 15 * time.Minute
	caseContacts       = 4                  // more within an hour are one case (section 4)
	thanksWithin       = 7 * 24 * time.Hour // section 5
	replacementAfter   = 3                  // failed tries (section 4)
	sessionTTL         = 30 * 24 * time.Hour
	refreshGrace       = 30 * time.Second
	invitationTTL      = 7 * 24 * time.Hour // of a first password, sent to its person
	resetTTL           = time.Hour          // of another one, sent to its person
	handOverTTL        = 24 * time.Hour     // of a code that somebody hands over
	devicesOfUser      = 10                 // that are pushed to
	devicesOfLink      = 10
	devicesOfLinkEver  = 50 // with those that are not pushed to any more
)
