package domain

import "time"

// SilenceFacts is what the brand's silence towards a household is judged by
// (docs/product.md section 4). Only a next step that the household was told ends it: a
// visit to which it agreed, or a near one of which a notice reached it, or a promise of which it was told, with a near time.
type SilenceFacts struct {
	Since    time.Time // the job was registered or reopened, or a hold lifted of which the household knew
	Visits   []Visit
	Promises []Promise   // of the job
	Calls    []time.Time // contacts of the household
	Told     bool        // notices reach the household
	Urgent   bool
	// After and UrgentAfter are how long may be silent: for any job, and for an urgent
	// one or one whose household calls.
	After, UrgentAfter time.Duration
}

// Silence is since when a household waits for a word.
type Silence struct {
	// Ahead is the end of the last step that it was told; nil: none lies ahead.
	Ahead *time.Time
	Since time.Time
	// DueAt is when it is too long, and Every how long until the next is told who
	// answers for it.
	DueAt time.Time
	Every time.Duration
}

// Judge tells at an instant whether a step lies ahead, and if not how long nothing was
// said.
func (f *SilenceFacts) Judge(now time.Time) Silence {
	s := Silence{Since: f.Since, Every: f.After}
	step := func(until time.Time) {
		if until.After(now) && (s.Ahead == nil || until.After(*s.Ahead)) {
			s.Ahead = &until
		} else if !until.After(now) && until.After(s.Since) {
			s.Since = until
		}
	}
	for i := range f.Visits {
		switch v := &f.Visits[i]; {
		case v.Status.UnderWay():
			if end := v.ThereUntil(); end.After(now) {
				step(now.Add(f.After)) // somebody is with them
			} else {
				step(end) // a tap that nothing followed
			}
		case v.Status == VisitScheduled:
			if near := v.WindowStart.Before(now.Add(f.farthest())); v.Agreed() || f.Told && near && v.Confirmation != ConfirmDeclined {
				step(v.WindowEnd)
			}
		case v.EndedAt != nil:
			step(*v.EndedAt)
		}
	}
	for i := range f.Promises {
		switch p := &f.Promises[i]; {
		case p.Status.Due() && p.ToldAt != nil && p.DueAt.Before(now.Add(f.farthestPromise(p.Kind))):
			step(p.DueAt)
		case p.KeptAt != nil:
			step(*p.KeptAt)
		}
	}
	if f.Urgent {
		s.Every = f.UrgentAfter
	}
	s.DueAt = s.Since.Add(s.Every)
	for _, at := range f.Calls {
		if at.After(s.Since) && at.Add(f.UrgentAfter).Before(s.DueAt) {
			s.DueAt, s.Every = at.Add(f.UrgentAfter), f.UrgentAfter
		}
	}
	return s
}

// farthest is how far ahead a promise of a call ends silence, or a visit to which nobody agreed.
func (f *SilenceFacts) farthest() time.Duration {
	if f.Urgent {
		return 2 * 24 * time.Hour
	}
	return 7 * 24 * time.Hour
}

// farthestPromise is how far ahead a promise of a kind ends silence: a visit is looked for longer than a call, and a part comes from
// elsewhere.
func (f *SilenceFacts) farthestPromise(kind string) time.Duration {
	switch kind {
	case PromiseVisit:
		return 2 * f.farthest()
	case PromisePart:
		return 3 * f.farthest()
	}
	return f.farthest()
}

// SilenceSteps are told of a household that waits, one after the other.
var SilenceSteps = []Role{RoleCoordinator, RoleProprietor, RoleAreaManager}
