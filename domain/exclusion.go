package domain

import (
	"time"
)

// Exclusion keeps one member of staff and one household apart: the reporter
// of something directed by a person, or whom a report is about. It is lifted
// only with the reporter's consent; what came of a household's own report, by
// the area manager with reasons (docs/product.md section 5).
type Exclusion struct {
	ID          ID
	UserID      ID
	CustomerID  ID
	FlagID      ID
	Since       time.Time
	Visits      JSONList[ID] // that they lost by it; they stay payable
	TurnedBack  JSONList[ID] // of these, to which the person of the report was on their way
	ConsentedAt *time.Time
	LiftedAt    *time.Time
	LiftedByID  *ID
	LiftReason  string
}

// ExclusionWithFlag is an exclusion with the report that it came of, which says who
// may see it and is not shown.
type ExclusionWithFlag struct {
	Exclusion
	Flag Flag
}

// SeesExclusion reports whether the actor sees who is kept apart: the reporter sees what came of their report, the area manager
// what came of those they triage; the desk and the person whom a report is
// about see nothing.
func (a Actor) SeesExclusion(f *Flag) bool {
	all, _ := a.SeesFlag(f)
	return all && (f.ReportedBy(a.UserID) || a.Role == RoleAreaManager)
}
