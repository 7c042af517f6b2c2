package domain

import (
	"slices"
	"time"
)

// Subject is a thing with a lifecycle.
type Subject interface {
	// lifecycle names it as in the docs.
	lifecycle() string
	state() string // empty before it begins
	// row finds where an action leads from its state: nowhere else (it stays),
	// to one state, or to one of several. No ok: the table has no such row.
	row(action string) (to []string, ok bool)
	// become writes its state; at is for those whose state is a time.
	become(to string, at time.Time)
}

// Apply makes a move of a lifecycle's table. It is the only writer of a state:
// a transition that is in no table cannot happen (docs/product.md section 3). to
// is named where the row leads to one of several. Errors: CodeState.
func Apply(x Subject, action string, at time.Time, to ...string) error {
	next, ok := x.row(action)
	if !ok {
		return Fail(CodeState, "A %s that is %s cannot take the move %s.", x.lifecycle(), x.state(), action).With("status", x.state())
	}
	switch {
	case len(next) == 0 && len(to) == 0:
		return nil
	case len(to) == 0 && len(next) == 1:
		to = next
	case len(to) != 1 || !slices.Contains(next, to[0]):
		return Fail(CodeInternal, "The move %s of a %s does not lead to %v.", action, x.lifecycle(), to)
	}
	x.become(to[0], at)
	return nil
}

// from reports whether a row begins at a state; one without begins a thing.
func from[S ~string](states []S, state S) bool {
	return len(states) == 0 && state == "" || slices.Contains(states, state)
}

func (l *Lifecycle) row(action, state string) ([]string, bool) {
	for i := range l.Moves {
		if m := &l.Moves[i]; m.Action == action && from(m.From, state) {
			return m.To, true
		}
	}
	return nil, false
}

func (v *Visit) lifecycle() string { return "visit" }

func (v *Visit) state() string { return string(v.Status) }

func (v *Visit) become(to string, _ time.Time) { v.Status = VisitStatus(to) }

func (v *Visit) row(action string) ([]string, bool) {
	for i := range VisitMoves {
		if m := &VisitMoves[i]; m.Action == action && from(m.From, v.Status) {
			if m.To == "" {
				return nil, true
			}
			return []string{string(m.To)}, true
		}
	}
	return nil, false
}

func (j *Job) lifecycle() string { return "job" }

func (j *Job) state() string { return string(j.Status) }

func (j *Job) become(to string, _ time.Time) { j.Status = JobStatus(to) }

func (j *Job) row(action string) ([]string, bool) {
	for i := range JobMoves {
		if m := &JobMoves[i]; m.Action == action && from(m.From, j.Status) {
			return Texts(m.To), true
		}
	}
	return nil, false
}

func (f *Flag) lifecycle() string { return "report" }

func (f *Flag) state() string { return string(f.Status) }

func (f *Flag) become(to string, _ time.Time) { f.Status = FlagStatus(to) }

func (f *Flag) row(action string) ([]string, bool) {
	for i := range FlagMoves {
		if m := &FlagMoves[i]; m.Action == action && from(m.From, f.Status) {
			return Texts(m.To), true
		}
	}
	return nil, false
}

func (x *Advisory) lifecycle() string { return "advisory" }

func (x *Advisory) state() string { return string(x.Status) }

func (x *Advisory) become(to string, _ time.Time) { x.Status = AdvisoryStatus(to) }

func (x *Advisory) row(action string) ([]string, bool) {
	for i := range AdvisoryMoves {
		if m := &AdvisoryMoves[i]; m.Action == action && from(m.From, x.Status) {
			return Texts(m.To), true
		}
	}
	return nil, false
}

// The states of a hold, which is kept as the time of its end.
const (
	holdOpen   = "open"
	HoldLifted = "lifted"
)

func (h *Hold) lifecycle() string { return HoldMoves.Name }

func (h *Hold) state() string {
	switch {
	case h.Since.IsZero():
		return ""
	case h.LiftedAt == nil:
		return holdOpen
	}
	return HoldLifted
}

func (h *Hold) row(action string) ([]string, bool) { return HoldMoves.row(action, h.state()) }

func (h *Hold) become(to string, at time.Time) {
	switch to {
	case holdOpen:
		h.Since = at
	case HoldLifted:
		if h.Since.IsZero() {
			h.Since = at
		}
		h.LiftedAt = &at
	}
}

func (x *SOS) lifecycle() string { return SOSMoves.Name }

func (x *SOS) state() string { return x.Status }

func (x *SOS) row(action string) ([]string, bool) { return SOSMoves.row(action, x.Status) }

func (x *SOS) become(to string, _ time.Time) { x.Status = to }

func (d *Drill) lifecycle() string { return DrillMoves.Name }

func (d *Drill) state() string { return d.Status }

func (d *Drill) row(action string) ([]string, bool) { return DrillMoves.row(action, d.Status) }

func (d *Drill) become(to string, _ time.Time) { d.Status = to }

func (h *HomeSafe) lifecycle() string { return HomeSafeMoves.Name }

func (h *HomeSafe) state() string { return h.Status }

func (h *HomeSafe) row(action string) ([]string, bool) { return HomeSafeMoves.row(action, h.Status) }

func (h *HomeSafe) become(to string, _ time.Time) { h.Status = to }

func (t *Timer) lifecycle() string { return TimerMoves.Name }

func (t *Timer) state() string { return t.Status }

func (t *Timer) row(action string) ([]string, bool) { return TimerMoves.row(action, t.Status) }

func (t *Timer) become(to string, _ time.Time) { t.Status = to }

func (f *Dispute) lifecycle() string { return DisputeMoves.Name }

func (f *Dispute) state() string { return string(f.Status) }

func (f *Dispute) row(action string) ([]string, bool) { return DisputeMoves.row(action, f.state()) }

func (f *Dispute) become(to string, _ time.Time) { f.Status = DisputeStatus(to) }

func (q *HouseholdQuestion) lifecycle() string { return HouseholdQuestionMoves.Name }

func (q *HouseholdQuestion) state() string { return q.Status }

func (q *HouseholdQuestion) row(action string) ([]string, bool) {
	return HouseholdQuestionMoves.row(action, q.Status)
}

func (q *HouseholdQuestion) become(to string, _ time.Time) { q.Status = to }

func (r *LinkRequest) lifecycle() string { return LinkRequestMoves.Name }

func (r *LinkRequest) state() string { return r.Status }

func (r *LinkRequest) row(action string) ([]string, bool) {
	return LinkRequestMoves.row(action, r.Status)
}

func (r *LinkRequest) become(to string, _ time.Time) { r.Status = to }

func (p *Promise) lifecycle() string { return PromiseMoves.Name }

func (p *Promise) state() string { return string(p.Status) }

func (p *Promise) row(action string) ([]string, bool) { return PromiseMoves.row(action, p.state()) }

func (p *Promise) become(to string, _ time.Time) { p.Status = PromiseStatus(to) }

func (c *DoneCheck) lifecycle() string { return CheckMoves.Name }

func (c *DoneCheck) state() string { return c.Status }

func (c *DoneCheck) row(action string) ([]string, bool) { return CheckMoves.row(action, c.Status) }

func (c *DoneCheck) become(to string, _ time.Time) { c.Status = to }

func (c *Claim) lifecycle() string { return ClaimMoves.Name }

func (c *Claim) state() string { return c.Status }

func (c *Claim) row(action string) ([]string, bool) { return ClaimMoves.row(action, c.Status) }

func (c *Claim) become(to string, _ time.Time) { c.Status = to }

func (t *Thanks) lifecycle() string { return ThanksMoves.Name }

func (t *Thanks) state() string { return t.Status }

func (t *Thanks) row(action string) ([]string, bool) { return ThanksMoves.row(action, t.Status) }

func (t *Thanks) become(to string, _ time.Time) { t.Status = to }

func (x *Aftercare) lifecycle() string { return AftercareMoves.Name }

func (x *Aftercare) state() string { return x.Status }

func (x *Aftercare) row(action string) ([]string, bool) { return AftercareMoves.row(action, x.Status) }

func (x *Aftercare) become(to string, _ time.Time) { x.Status = to }

func (l *Leave) lifecycle() string { return LeaveMoves.Name }

func (l *Leave) state() string { return l.Status }

func (l *Leave) row(action string) ([]string, bool) { return LeaveMoves.row(action, l.Status) }

func (l *Leave) become(to string, _ time.Time) { l.Status = to }

func (m *Maintenance) lifecycle() string { return MaintenanceMoves.Name }

func (m *Maintenance) state() string { return m.Status }

func (m *Maintenance) row(action string) ([]string, bool) {
	return MaintenanceMoves.row(action, m.Status)
}

func (m *Maintenance) become(to string, _ time.Time) { m.Status = to }

func (r *Replacement) lifecycle() string { return ReplacementMoves.Name }

func (r *Replacement) state() string { return r.Status }

func (r *Replacement) row(action string) ([]string, bool) {
	return ReplacementMoves.row(action, r.Status)
}

func (r *Replacement) become(to string, _ time.Time) { r.Status = to }

// Texts gives strings of a list of names.
func Texts[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
