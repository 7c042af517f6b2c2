package domain

import "slices"

// stoppedVisits is why a job ended whose household wants no more visits of the
// kind.
const stoppedVisits = "the household stopped these visits"

// seriesOf finds the maintenance in a state that made a job; nil: none.
func seriesOf(tx HouseholdTx, j *Job, status string) (*Maintenance, error) {
	rows, err := tx.MaintenanceOf(j.CustomerID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if m := &rows[i]; m.Status == status && slices.ContainsFunc(m.Jobs, func(x Maintaining) bool { return x.JobID == j.ID }) {
			return m, nil
		}
	}
	return nil, nil
}

// stopVisits ends the maintenance that the job is of: this visit and those
// ahead are cancelled, and no more of them come. Who is at the door already
// finishes. A household that cancels one visit only keeps the others.
func stopVisits(k *request) error {
	m, err := seriesOf(k.tx, k.job, "active")
	if err != nil {
		return err
	}
	if m == nil {
		return Fail(CodeState, "These visits have been stopped, or there is only this one.")
	}
	if m, err = k.tx.LockMaintenance(m.ID); err != nil {
		return err
	}
	if err := k.tx.apply(m, "stop"); err != nil {
		return err
	}
	m.EndReason = stoppedVisits
	k.tx.Disarm(DueMaintenance, m.ID)
	m.changedAt(k.now)
	if err := k.tx.SaveMaintenance(m); err != nil {
		return err
	}
	k.entry(k.actor, "maintenance.stopped", nil, nil)
	if err := stopJob(k.Case, k.actor); err != nil {
		return err
	}
	err = eachAhead(k, m, func(d *Case) error {
		actor := k.actor
		actor.JobID = d.job.ID
		return stopJob(d, actor)
	})
	if err != nil {
		return err
	}
	return ring(k, "maintenance.stopped")
}

// stopJob cancels a job of a series that nobody works on yet.
func stopJob(m *Case, a Actor) error {
	if j := m.job; j.Status != JobOpen && j.Status != JobScheduled {
		return nil
	}
	m.ending = true
	if err := cancelVisits(m, a, byCustomer); err != nil {
		return err
	}
	return endJob(m, a, "cancel", stoppedVisits)
}

// eachAhead does something with the other jobs of a series whose date is
// ahead, in the order of locks.
func eachAhead(k *request, m *Maintenance, do func(*Case) error) error {
	var ids []ID
	for _, x := range m.Jobs {
		if x.JobID != k.job.ID && !x.At.Before(k.now) {
			ids = append(ids, x.JobID)
		}
	}
	slices.SortFunc(ids, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		j, err := k.tx.LockJob(id)
		if notFound(err) {
			continue
		} else if err != nil {
			return err
		}
		d, err := openCase(k.tx, j)
		if err != nil {
			return err
		}
		if err := do(d); err != nil {
			return err
		}
	}
	return nil
}

// undoStop lets a series go on that a stranger stopped by a link: its jobs are
// open again, and their visits stand where their time is ahead.
func undoStop(k *request, l *Link) error {
	m, err := seriesOf(k.tx, k.job, "ended")
	if err != nil || m == nil || m.EndReason != stoppedVisits {
		return err
	}
	if m, err = k.tx.LockMaintenance(m.ID); err != nil {
		return err
	}
	if err := k.tx.apply(m, "resume"); err != nil {
		return err
	}
	m.EndReason = ""
	k.tx.setDeadline(DueMaintenance, m.ID, nil, k.now)
	m.changedAt(k.now)
	if err := k.tx.SaveMaintenance(m); err != nil {
		return err
	}
	again := func(d *Case) error {
		if d.job.Status != JobCancelled || d.job.EndReason != stoppedVisits || !d.job.reopens(k.now) {
			return nil
		}
		return reopen(d, System, "stopped by somebody else")
	}
	if err := again(k.Case); err != nil {
		return err
	}
	return eachAhead(k, m, func(d *Case) error {
		if err := again(d); err != nil {
			return err
		}
		visits, err := k.tx.VisitsOfJob(d.job.ID)
		if err != nil {
			return err
		}
		for i := range visits {
			if err := undoVisit(d.on(&visits[i]), l); err != nil {
				return err
			}
		}
		return nil
	})
}
