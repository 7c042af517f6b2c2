package customers

import (
	"slices"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// stoppedVisits is why a job ended whose household wants no more visits of the
// kind.
const stoppedVisits = "the household stopped these visits"

// seriesOf finds the maintenance in a state that made a job; nil: none.
func seriesOf(tx domain.CustomerTx, j *domain.Job, status string) (*domain.Maintenance, error) {
	rows, err := tx.MaintenanceOf(j.CustomerID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if m := &rows[i]; m.Status == status && slices.ContainsFunc(m.Jobs, func(x domain.Maintaining) bool { return x.JobID == j.ID }) {
			return m, nil
		}
	}
	return nil, nil
}

// handleStopVisits ends the maintenance that the job is of: this visit and those
// ahead are cancelled, and no more of them come. Who is at the door already
// finishes. A household that cancels one visit only keeps the others.
func handleStopVisits(k *Request) error {
	m, err := seriesOf(k.Tx, k.Job, "active")
	if err != nil {
		return err
	}
	if m == nil {
		return domain.Fail(domain.CodeState, "These visits have been stopped, or there is only this one.")
	}
	if m, err = k.Tx.LockMaintenance(m.ID); err != nil {
		return err
	}
	if err := k.Tx.Apply(m, "stop"); err != nil {
		return err
	}
	m.EndReason = stoppedVisits
	k.Tx.Disarm(domain.DueMaintenance, m.ID)
	m.ChangedAt(k.Now)
	if err := k.Tx.SaveMaintenance(m); err != nil {
		return err
	}
	k.Entry(k.Actor, "maintenance.stopped", nil, nil)
	if err := stopJob(k.Case, k.Actor); err != nil {
		return err
	}
	err = eachAhead(k, m, func(c *casework.Case) error {
		actor := k.Actor
		actor.JobID = c.Job.ID
		return stopJob(c, actor)
	})
	if err != nil {
		return err
	}
	return ring(k, "maintenance.stopped")
}

// stopJob cancels a job of a series that nobody works on yet.
func stopJob(m *casework.Case, a domain.Actor) error {
	if j := m.Job; j.Status != domain.JobOpen && j.Status != domain.JobScheduled {
		return nil
	}
	m.Ending = true
	if _, err := casework.CancelVisits(m, a, byCustomer); err != nil {
		return err
	}
	return casework.EndJob(m, a, "cancel", stoppedVisits)
}

// eachAhead does something with the other jobs of a series whose date is
// ahead, in the order of locks.
func eachAhead(k *Request, m *domain.Maintenance, do func(*casework.Case) error) error {
	var ids []domain.ID
	for _, x := range m.Jobs {
		if x.JobID != k.Job.ID && !x.At.Before(k.Now) {
			ids = append(ids, x.JobID)
		}
	}
	slices.SortFunc(ids, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		j, err := k.Tx.LockJob(id)
		if casework.NotFound(err) {
			continue
		} else if err != nil {
			return err
		}
		c, err := casework.OpenCase(k.Tx, j)
		if err != nil {
			return err
		}
		if err := do(c); err != nil {
			return err
		}
	}
	return nil
}

// undoStop lets a series go on that a stranger stopped by a link: its jobs are
// open again, and their visits stand where their time is ahead.
func undoStop(k *Request, l *domain.Link) error {
	m, err := seriesOf(k.Tx, k.Job, "ended")
	if err != nil || m == nil || m.EndReason != stoppedVisits {
		return err
	}
	if m, err = k.Tx.LockMaintenance(m.ID); err != nil {
		return err
	}
	if err := k.Tx.Apply(m, "resume"); err != nil {
		return err
	}
	m.EndReason = ""
	k.Tx.SetDeadline(domain.DueMaintenance, m.ID, nil, k.Now)
	m.ChangedAt(k.Now)
	if err := k.Tx.SaveMaintenance(m); err != nil {
		return err
	}
	again := func(c *casework.Case) error {
		if c.Job.Status != domain.JobCancelled || c.Job.EndReason != stoppedVisits || !c.Job.Reopens(k.Now) {
			return nil
		}
		return casework.ReopenJob(c, domain.System, "stopped by somebody else")
	}
	if err := again(k.Case); err != nil {
		return err
	}
	return eachAhead(k, m, func(c *casework.Case) error {
		if err := again(c); err != nil {
			return err
		}
		visits, err := k.Tx.VisitsOfJob(c.Job.ID)
		if err != nil {
			return err
		}
		for i := range visits {
			if err := undoVisit(c.On(&visits[i]), l); err != nil {
				return err
			}
		}
		return nil
	})
}
