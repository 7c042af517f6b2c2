package domain

import (
	"bytes"
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

// Lodger is who of our people lodged a report, or may have: its reporter, who wrote it down for a caller, or who had read the link by
// which it came; nil: the household itself did, by a link that nobody of ours has read.
func (f *Flag) Lodger() *ID {
	switch {
	case f.ByCustomer && f.RecordedBy == nil:
		return f.LinkReadBy
	case f.ByCustomer:
		return f.RecordedBy
	}
	return f.ReporterID
}

// DeskVoiceWithin is how long several people of one desk are one voice about somebody (docs/product.md section 5).
const DeskVoiceWithin = 7 * 24 * time.Hour

// OneVoice counts what whoever lodged a report has said about the same person, this one included. again reports
// whether an earlier one of the same voice is not answered yet, or was not upheld: then nobody is kept from all homes by this
// one before it is triaged. Of what a desk lodges the voice is also its other people's, within DeskVoiceWithin; of a technician, whom it
// happened to, it is their own alone. people are those who lodged the reports.
func OneVoice(f *Flag, reports []Flag, people map[ID]User) (lodged int, again bool) {
	who := f.Lodger()
	if who == nil || f.SubjectID == nil {
		return 0, false
	}
	for i := range reports {
		o := &reports[i]
		own := Same(o.Lodger(), who)
		desk := o.Lodger() != nil && f.RecordedAt.Sub(o.RecordedAt) < DeskVoiceWithin && sameDesk(people[*o.Lodger()], people[*who])
		if o.OptOut() || !Same(o.SubjectID, f.SubjectID) || !own && !desk || o.RecordedAt.After(f.RecordedAt) ||
			o.RecordedAt.Equal(f.RecordedAt) && bytes.Compare(o.ID[:], f.ID[:]) > 0 {
			continue
		}
		lodged++
		again = again || o.ID != f.ID && o.Level > 0 && o.Status != FlagUpheld
	}
	return lodged, again && f.TriagedAt == nil
}

// sameDesk reports whether two people sit at one desk: a centre's, or the brand's contact desk.
func sameDesk(a, b User) bool {
	switch a.Role {
	case RoleAgent:
		return b.Role == RoleAgent
	case RoleCoordinator, RoleProprietor:
		return Has([]Role{RoleCoordinator, RoleProprietor}, b.Role) && a.CentreID != nil && Same(a.CentreID, b.CentreID)
	default: // of technicians, managers and admins each is a voice of their own
		return false
	}
}

// Lodgers are who of our people lodged reports.
func Lodgers(reports []Flag) (ids []ID) {
	for i := range reports {
		if who := reports[i].Lodger(); who != nil && !Has(ids, *who) {
			ids = append(ids, *who)
		}
	}
	return ids
}
