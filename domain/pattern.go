package domain

import (
	"fmt"
	"slices"
	"time"
)

// PatternWithin is how long a mild report is part of a pattern.
const PatternWithin = 90 * 24 * time.Hour

// Pattern is what several say of their own accord in mild reports (level 0 and 1): crews
// about one household, or households about one of our people. It decides nothing and
// expires; of a household it is acted upon as an advisory, with notice and appeal.
type Pattern struct {
	About      string                  `json:"about"` // household, staff
	CustomerID *ID                     `json:"customer_id"`
	SubjectID  *ID                     `json:"subject_id"`
	JobID      *ID                     `json:"job_id"` // the latest one, about which an advisory is proposed
	Sides      int                     `json:"sides"`  // crews that did not come together, or households
	Centres    int                     `json:"centres"`
	Reports    JSONList[PatternReport] `json:"reports"`
	FirstAt    time.Time               `json:"first_at"`
	LastAt     time.Time               `json:"last_at"`
	ExpiresAt  time.Time               `json:"expires_at"` // unless somebody else says the same
	Actions    JSONList[string]        `json:"actions"`    // advisory: POST /v1/advisories
	flags      []*Flag
}

// PatternReport is a report of a pattern. A private note is only counted: what it says
// is its writer's.
type PatternReport struct {
	FlagID     *ID       `json:"flag_id"`
	Kind       string    `json:"kind"`
	Level      int       `json:"level"`
	OccurredAt time.Time `json:"occurred_at"`
}

// Patterns finds what shows in reports. A report by somebody whom its other side reported
// is never part of one, nor what was withdrawn, found not to be so, or says no more than
// that two do not want to meet.
func Patterns(reports []Flag, now time.Time) []Pattern {
	counts := func(f *Flag) bool {
		return f.CustomerID != nil && f.Level <= 1 && f.Kind != OptOutKind && f.Status != FlagWithdrawn && f.WithdrawnAt == nil &&
			f.Status != FlagNotUpheld && now.Sub(f.OccurredAt) < PatternWithin
	}
	// Whom a household reported, and whom somebody of us did.
	type pair struct{ customer, user ID }
	byHome, byStaff := map[pair]bool{}, map[pair]bool{}
	for i := range reports {
		switch f := &reports[i]; {
		case f.CustomerID == nil:
		case f.ByCustomer && f.SubjectID != nil:
			byHome[pair{*f.CustomerID, *f.SubjectID}] = true
		case !f.ByCustomer && f.ReporterID != nil && f.SubjectID == nil:
			byStaff[pair{*f.CustomerID, *f.ReporterID}] = true
		}
	}
	about := map[ID][]*Flag{}
	var order []ID
	for i := range reports {
		f := &reports[i]
		var of ID
		switch {
		case !counts(f):
			continue
		case f.ByCustomer && f.SubjectID != nil && !byStaff[pair{*f.CustomerID, *f.SubjectID}]:
			of = *f.SubjectID
		case !f.ByCustomer && f.SubjectID == nil && f.ReporterID != nil && !byHome[pair{*f.CustomerID, *f.ReporterID}]:
			of = *f.CustomerID
		default:
			continue
		}
		if about[of] == nil {
			order = append(order, of)
		}
		about[of] = append(about[of], f)
	}
	var out []Pattern
	for _, of := range order {
		if p, ok := patternOf(about[of]); ok {
			out = append(out, p)
		}
	}
	return out
}

// patternOf is the pattern of reports about one household or one of our people, if two
// sides made them.
func patternOf(flags []*Flag) (Pattern, bool) {
	slices.SortStableFunc(flags, func(a, b *Flag) int { return a.OccurredAt.Compare(b.OccurredAt) })
	last := flags[len(flags)-1]
	p := Pattern{About: "household", CustomerID: last.CustomerID, JobID: last.JobID, Actions: JSONList[string]{"advisory"},
		FirstAt: flags[0].OccurredAt, LastAt: last.OccurredAt, flags: flags}
	if last.ByCustomer {
		p.About, p.CustomerID, p.SubjectID, p.JobID, p.Actions = "staff", nil, last.SubjectID, nil, JSONList[string]{}
	}
	// Who was at one visit together, and who reports twice, is one side.
	side := make([]int, len(flags))
	same := func(a, b *Flag) bool {
		if a.ByCustomer {
			return *a.CustomerID == *b.CustomerID
		}
		return *a.ReporterID == *b.ReporterID || a.VisitID != nil && b.VisitID != nil && *a.VisitID == *b.VisitID
	}
	for i := range flags {
		side[i] = i
		for k := range i {
			if same(flags[i], flags[k]) {
				from, to := side[i], side[k]
				for n := range side[:i+1] {
					if side[n] == from {
						side[n] = to
					}
				}
			}
		}
	}
	newest, centres := map[int]time.Time{}, map[ID]bool{}
	for i, f := range flags {
		newest[side[i]] = f.OccurredAt
		if f.CentreID != nil {
			centres[*f.CentreID] = true
		}
		r := PatternReport{Level: f.Level, OccurredAt: f.OccurredAt}
		if f.Level > 0 {
			r.FlagID, r.Kind = &f.ID, f.Kind
		}
		p.Reports = append(p.Reports, r)
	}
	p.Sides, p.Centres = len(newest), len(centres)
	if p.Sides < 2 {
		return p, false
	}
	var ends []time.Time
	for _, at := range newest {
		ends = append(ends, at)
	}
	slices.SortFunc(ends, time.Time.Compare)
	p.ExpiresAt = ends[len(ends)-2].Add(PatternWithin)
	return p, true
}

// Concerns reports whether a pattern is about whom a report is about.
func (p *Pattern) Concerns(f *Flag) bool {
	if p.About == "staff" {
		return Same(p.SubjectID, f.SubjectID)
	}
	return !f.Conduct() && Same(p.CustomerID, f.CustomerID)
}

// Words say a pattern to whoever triages a report that it concerns.
func (p *Pattern) Words() string {
	if p.About == "staff" {
		return fmt.Sprintf("A pattern: %d households have said something mild about them in 90 days.", p.Sides)
	}
	return fmt.Sprintf("A pattern: %d crews that did not come together have said something mild about this household in 90 days.", p.Sides)
}

// SeenBy reports whether a pattern is shown to somebody: who triages such reports and has
// no part in any of them.
func (p *Pattern) SeenBy(a Actor) bool {
	office := false
	for _, f := range p.flags {
		if f.Involves(a.UserID) || f.About(a.UserID) {
			return false
		}
		office = office || a.Is(RoleAreaManager) && f.AreaID != nil && Has(a.Scope().AreaIDs, *f.AreaID) || a.Is(RoleAdmin) && f.WithAdmins
	}
	return office
}

// OwnFailure is what went wrong on our side with a household before it was reported.
type OwnFailure struct {
	Kind    string    `json:"kind"` // missed, late, repeated
	JobID   ID        `json:"job_id"`
	VisitID *ID       `json:"visit_id"`
	At      time.Time `json:"at"`
}

// OwnFailures lists our own failures of the 90 days before an instant: visits that nobody
// came to, that began after their window, and jobs that repeat an earlier one or were opened again.
func OwnFailures(jobs []Job, visits []Visit, before time.Time) []OwnFailure {
	out := []OwnFailure{}
	add := func(kind string, job ID, visit *ID, at time.Time) {
		if at.Before(before) && before.Sub(at) < PatternWithin {
			out = append(out, OwnFailure{kind, job, visit, at})
		}
	}
	for i := range visits {
		switch v := &visits[i]; {
		case v.Status == VisitMissed:
			add("missed", v.JobID, &v.ID, v.WindowEnd)
		case v.ArrivedAt != nil && v.ArrivedAt.After(v.WindowEnd):
			add("late", v.JobID, &v.ID, *v.ArrivedAt)
		}
	}
	for i := range jobs {
		j := &jobs[i]
		if j.RepeatOf != nil {
			add("repeated", j.ID, nil, j.OpenedAt)
		}
		if j.ReopenedAt != nil {
			add("repeated", j.ID, nil, *j.ReopenedAt)
		}
	}
	slices.SortFunc(out, func(a, b OwnFailure) int { return a.At.Compare(b.At) })
	return out
}
