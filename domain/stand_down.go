package domain

import (
	"time"
)

// StandDown keeps one of our people from every home while a report of level 3
// or 4 about them is decided; upheld, it stays until an area manager lifts it
// with reasons. The visits that they lost by it stay payable.
type StandDown struct {
	ID         ID
	UserID     ID
	FlagID     ID
	Since      time.Time
	Visits     JSONList[ID]
	TurnedBack JSONList[ID] // of these, to which they were on their way
	LiftedAt   *time.Time
	LiftedByID *ID
	LiftReason string
}

// StandDownWithFlag is a keep-away with the report that it came of, which says who may
// see it and is not shown.
type StandDownWithFlag struct {
	StandDown
	Flag Flag
}

// SeesStandDown reports whether the actor sees what keeps somebody from homes: those who answer for the report it came of, and nobody else.
func (a Actor) SeesStandDown(f *Flag) bool { return a.AnswersFor(f) }
