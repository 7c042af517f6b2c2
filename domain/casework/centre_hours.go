package casework

import (
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// centreHours is when somebody of a centre could go: each technician's own
// hours, and the centre's hours for calls on its working days for those who
// have none, and where there is nobody yet.
func centreHours(tx *Work, c *domain.Centre) ([]slots.Technician, error) {
	users, err := tx.UsersWith(domain.RoleTechnician, &c.ID, nil)
	if err != nil {
		return nil, err
	}
	out, unsaid := []slots.Technician{}, len(users) == 0
	for i := range users {
		u := &users[i]
		if len(u.Hours) == 0 {
			unsaid = true
		}
		if len(u.Hours)+len(u.Exceptions) > 0 {
			out = append(out, slots.Technician{Weekly: ShiftsOf(u), Dates: DatesOf(u)})
		}
	}
	if !unsaid {
		return out, nil
	}
	policies, err := tx.Policies(c.ID)
	if err != nil {
		return nil, err
	}
	rules, whole := EffectivePolicy(policies, tx.Now), slots.Technician{}
	for d := range 7 {
		if len(c.WorkingDays) == 0 || domain.Has(c.WorkingDays, d) {
			whole.Weekly = append(whole.Weekly, slots.Shift{Weekday: time.Weekday(d), From: rules.OpensAt, To: rules.ClosesAt})
		}
	}
	return append(out, whole), nil
}

// startStep is how far the beginnings inside a window are apart that are tried.
const startStep = 15 * time.Minute

// closedIn says why nobody of a centre could begin inside a window: its
// holidays, and hours in which nobody works; and whose hours the sentence may
// name. Whether somebody is free is another question.
func closedIn(tx *Work, judge *slots.Judge, c *domain.Centre, window slots.Span) (slots.Reason, *slots.Technician, error) {
	hours, err := centreHours(tx, c)
	if err != nil {
		return "", nil, err
	}
	// Without hours of its own this one stands for the sentence alone.
	all := &slots.Technician{Name: "The centre"}
	why := slots.Hours
	for i := range hours {
		t := &hours[i]
		for at := window.From; !at.After(window.To); at = at.Add(startStep) {
			if _, other := t.Dates[at.In(c.Location()).Format(time.DateOnly)]; len(t.Weekly) == 0 && !other {
				continue // it would be any hour of a working day
			}
			r, _ := judge.OffDuty(t, slots.Span{From: at, To: at.Add(time.Duration(judge.Job.Minutes) * time.Minute)})
			if r == "" {
				return "", nil, nil
			}
			if r == slots.Holiday {
				why = r
			}
		}
		for _, s := range t.Weekly {
			if !slices.Contains(all.Weekly, s) {
				all.Weekly = append(all.Weekly, s)
			}
		}
	}
	slices.SortFunc(all.Weekly, func(a, b slots.Shift) int { return slices.Compare([]byte(a.From+a.To), []byte(b.From+b.To)) })
	return why, all, nil
}

// refuseClosed refuses a visit without a crew in whose window nobody of the
// centre could be assigned to it. Errors: CodeHours.
func refuseClosed(c *Case, v *domain.Visit) error {
	judge := rules(c, v.PlannedMinutes)
	why, all, err := closedIn(c.Tx, judge, c.Centre, slots.Span{From: v.WindowStart, To: v.WindowEnd})
	if err != nil || why == "" {
		return err
	}
	e := c.refuses(judge, all, v.PlannedStart, why)
	e.Fields = []domain.FieldError{{Pointer: "/window_start", Detail: "a time at which somebody of the centre works"}}
	return e
}
