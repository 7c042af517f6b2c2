package casework

import (
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
)

// watchSilence lets the clock judge a job's silence anew, once what is done now is
// committed.
func watchSilence(tx *Work, job domain.ID) {
	at := tx.Now
	if tx.Call != nil && tx.Call.Bulk { // many at once: they are looked at when they have landed
		at = at.Add(silenceAfterBulk)
	}
	tx.SetDeadline(domain.DueSilence, job, &job, at)
}

// silenceAfterBulk is far shorter than any time that a household is left without a word.
const silenceAfterBulk = 2 * time.Minute

// SilenceDue tells those who answer for a job of a household that waits for a word,
// one after the other, in the centre's duty, until a next step is told to it.
func SilenceDue(c *Case) error {
	j := c.Job
	if j.Status.Ended() || j.Status == domain.JobResolved {
		j.SilentSince, j.SilenceStep = nil, 0
		return nil
	}
	// Until it is lifted, which is looked for once a day, or counts no more.
	if until := c.silenceIsNotOurs(c.Now.Add(callRules(c.Tx, j.CentreID).SilenceAfter(false))); until != nil {
		j.SilentSince, j.SilenceStep = nil, 0
		c.Tx.SetDeadline(domain.DueSilence, j.ID, &j.ID, *until)
		return nil
	}
	s, err := c.silence()
	if err != nil {
		return err
	}
	if s.Ahead != nil {
		j.SilentSince, j.SilenceStep = nil, 0
		c.Tx.SetDeadline(domain.DueSilence, j.ID, &j.ID, *s.Ahead)
		return nil
	}
	if j.SilentSince == nil || !j.SilentSince.Equal(s.Since) {
		j.SilentSince, j.SilenceStep = nil, 0
	}
	rules := callRules(c.Tx, j.CentreID)
	duty := roster(&domain.User{Role: domain.RoleCoordinator}, c.Centre, rules, nil)
	told := func(at time.Time) time.Time { // in the centre's duty
		if next, ok := duty.Next(at); ok {
			return next
		}
		return at
	}
	at := told(s.DueAt)
	for range j.SilenceStep {
		at = told(at.Add(s.Every))
	}
	for ; j.SilenceStep < len(domain.SilenceSteps); at = told(at.Add(s.Every)) {
		if c.Now.Before(at) {
			c.Tx.SetDeadline(domain.DueSilence, j.ID, &j.ID, at)
			return nil
		}
		if j.SilenceStep == 0 {
			c.Entry(domain.System, "job.silent", nil, map[string]any{"since": s.Since})
		}
		// Whoever answers for many is rung once an hour, but for what is urgent.
		c.Tx.Call = &Call{Actor: domain.System, Bulk: true, Hour: s.Every == rules.SilenceAfter(false)}
		if err := NotifyStaff(c, nil, "job.silent", domain.SilenceSteps[j.SilenceStep]); err != nil {
			return err
		}
		j.SilentSince = domain.Ptr(s.Since)
		j.SilenceStep++
	}
	return nil
}

// silenceIsNotOurs is until when nothing happens for a reason that the household knows, a later one being of no matter: it asked
// for that, it cannot be reached, or a safety hold stands, which has an owner of its own. Nil: there is none.
func (c *Case) silenceIsNotOurs(later time.Time) (until *time.Time) {
	for i := range c.Holds {
		h := &c.Holds[i]
		if h.LiftedAt != nil || h.Kind == domain.HoldParts || h.CountsTo != nil && !c.Now.Before(*h.CountsTo) {
			continue
		}
		end := later
		if h.CountsTo != nil && h.CountsTo.Before(later) {
			end = *h.CountsTo
		}
		if until == nil || end.After(*until) {
			until = &end
		}
	}
	return until
}

// silence gathers what a job's silence is judged by.
func (c *Case) silence() (domain.Silence, error) {
	j := c.Job
	rules := callRules(c.Tx, j.CentreID)
	f := domain.SilenceFacts{Since: Later(j.OpenedAt, j.CreatedAt), Urgent: j.SafetyCritical || j.Priority == "urgent",
		After: rules.SilenceAfter(false), UrgentAfter: rules.SilenceAfter(true)}
	if j.ReopenedAt != nil {
		f.Since = Later(f.Since, *j.ReopenedAt)
	}
	for i := range c.Holds {
		switch h := &c.Holds[i]; {
		case h.Kind == domain.HoldParts:
		case h.LiftedAt != nil:
			f.Since = Later(f.Since, *h.Counted())
		case h.CountsTo != nil && f.Urgent: // it is too long the moment it counts no more
			f.Since = Later(f.Since, h.CountsTo.Add(-f.UrgentAfter))
		case h.CountsTo != nil:
			f.Since = Later(f.Since, h.CountsTo.Add(-f.After))
		}
	}
	var err error
	if f.Visits, err = c.Tx.VisitsOfJob(j.ID); err != nil {
		return domain.Silence{}, err
	}
	if f.Promises, err = c.Tx.PromisesOfJob(j.ID); err != nil {
		return domain.Silence{}, err
	}
	attempts, err := c.Tx.AttemptsOf(j.ID)
	if err != nil {
		return domain.Silence{}, err
	}
	for i := range attempts {
		if a := &attempts[i]; a.Direction == reach.Inbound && a.Discounted == "" {
			f.Calls = append(f.Calls, a.OccurredAt)
		}
	}
	f.Told, err = c.noticesReach()
	return f.Judge(c.Now), err
}

// CentreNotReached tells the area manager, once, that many households could not reach
// one centre within an hour.
func CentreNotReached(c *Case) error {
	n, err := c.Tx.NotReached(c.Job.CentreID, c.Now.Add(-time.Hour))
	if err != nil || n != domain.NotReachedHouseholds {
		return err
	}
	managers, err := c.Tx.UsersWith(domain.RoleAreaManager, nil, &c.Job.AreaID)
	if err != nil {
		return err
	}
	return NotifyOnDuty(c.Tx, managers, c.Centre, func(u *domain.User) domain.Notice {
		return NewNotice(c.Tx.Svc, "centre.not_reached", u.Language, c.Now, c.Now.Add(12*time.Hour), ToUser(u.ID),
			counted("centre.not_reached", u.Language, n), func(o *domain.Notice) {
				// Another household a moment later, or one of the six again, is the same alarm.
				o.DedupeKey = domain.Ptr("not_reached " + c.Job.CentreID.String() + " " + u.ID.String() + " " + c.Now.Format("2006-01-02T15"))
			})
	})
}
