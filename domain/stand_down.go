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

// Lodger is who of our people lodged a report: its reporter, or who wrote it down for a caller; nil: the household
// itself did, by its link.
func (f *Flag) Lodger() *ID {
	if f.ByCustomer {
		return f.RecordedBy
	}
	return f.ReporterID
}

// OneVoice counts what whoever lodged a report has said about the same person, this one included. again reports
// whether an earlier one of it is not answered yet, or was not upheld: then nobody is kept from all homes by this
// one before it is triaged.
func OneVoice(f *Flag, reports []Flag) (lodged int, again bool) {
	who := f.Lodger()
	if who == nil || f.SubjectID == nil {
		return 0, false
	}
	for i := range reports {
		o := &reports[i]
		if o.OptOut() || !Same(o.SubjectID, f.SubjectID) || !Same(o.Lodger(), who) {
			continue
		}
		lodged++
		again = again || o.ID != f.ID && o.Level > 0 && o.Status != FlagUpheld
	}
	return lodged, again && f.TriagedAt == nil
}
