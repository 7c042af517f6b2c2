package casework

import (
	"slices"
	"strings"

	"doorstep/domain"
)

// numbersChanged guards what staff change of a household's numbers, whichever way: it proves nothing
// until the household, who is told at once by what was there before, says that it is theirs, or
// does not protest (domain.NumberChange). Who has no job has nothing to be proved.
func numbersChanged(w *Work, c *domain.Customer) error {
	was, err := w.Tx.Customer(c.ID)
	if err != nil {
		return err
	}
	c.NumberChanges = slices.DeleteFunc(c.NumberChanges, func(n domain.NumberChange) bool { return !n.Runs(w.Now) })
	change := domain.NumbersChanged(was, c, w.Now)
	if change == nil {
		return nil
	}
	j, err := w.LatestJobOf(c.ID)
	if NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	return GuardNumbers(w, c, change, j.ID, len(was.ProvingNumbers(nil, domain.ID{}, w.Now)) > 0)
}

// GuardNumbers keeps a change of a household's numbers, which the caller saves, and asks by a job whether
// it was the household's own; told: some number proves something to them.
func GuardNumbers(w *Work, c *domain.Customer, change *domain.NumberChange, job domain.ID, told bool) error {
	if err := waits(w, c, change, job, told); err != nil {
		return err
	}
	j, err := w.LockJob(job)
	if err != nil {
		return err
	}
	own, err := OpenCase(w, j)
	if err != nil {
		return err
	}
	return askNumbers(own, c, change)
}

// waits judges whether time alone does not do for a change of a household's numbers.
func waits(w *Work, c *domain.Customer, change *domain.NumberChange, job domain.ID, told bool) error {
	was := *c // with the change they say who is told
	was.NumberChanges = append(slices.Clone(c.NumberChanges), *change)
	devices, err := ProvenDevices(w, &was, job, w.Now)
	if err != nil {
		return err
	}
	change.Waits = !told && len(devices) == 0
	if w.Call != nil && w.Call.Actor.UserID != (domain.ID{}) {
		change.By = &w.Call.Actor.UserID
		accused, err := ReportedOn(w, *change.By)
		if err != nil {
			return err
		}
		// Who decides about numbers reads of each what time does: of their own always nothing.
		change.Waits = change.Waits || accused || w.Call.Actor.Is(domain.RoleAreaManager, domain.RoleAdmin)
	}
	return nil
}

// askNumbers asks by a job of the household, which the caller saves.
func askNumbers(own *Case, c *domain.Customer, change *domain.NumberChange) error {
	w, job := own.Tx, own.Job.ID
	link, err := w.LinkOfJob(job)
	if NotFound(err) {
		link = &domain.Link{JobID: job, CreatedAt: w.Now}
		err = NewLink(w.Svc, w, link)
	}
	if err != nil {
		return err
	}
	r := domain.LinkRequest{Meta: domain.NewMeta(w.NewID(), w.Now), JobID: job, CentreID: own.Job.CentreID, AreaID: own.Job.AreaID,
		CustomerID: c.ID, LinkID: link.ID, Action: domain.NumberChanged, OccurredAt: w.Now, DueAt: w.Now.Add(domain.NumberProvesAfter),
		Words: strings.Join(change.Removed, ", ") + " → " + strings.Join(change.Added, ", ")}
	if change.Struck {
		r.Words = domain.NumberStruckWords + change.Removed[0]
	}
	switch {
	case change.Waits && change.Struck: // the household is without a number until then
		r.DueAt = w.Now.Add(domain.LinkRequestDue)
	case change.Waits:
		r.DueAt = w.Now.Add(domain.NumberVouchWithin)
	}
	if err := w.Apply(&r, "ask"); err != nil {
		return err
	}
	if err := w.InsertLinkRequest(&r); err != nil {
		return err
	}
	change.RequestID = r.ID
	c.NumberChanges = append(c.NumberChanges, *change)
	w.SetDeadline(domain.DueLinkRequest, r.ID, &job, r.DueAt)
	own.Entry(domain.System, "number.changed", nil, map[string]any{"request_id": r.ID, "due_at": r.DueAt})
	NotifyLinkRequest(own, nil, "number.changed", r.ID)
	if change.Waits {
		return NotifyStaff(own, nil, "number.verify", domain.RoleAreaManager)
	}
	return nil
}

// ReportedOn reports whether an open report is about somebody.
func ReportedOn(tx domain.SafetyTx, user domain.ID) (bool, error) {
	open, err := tx.PartiesTo(user)
	return slices.ContainsFunc(open, func(f domain.Flag) bool { return f.SubjectID != nil && *f.SubjectID == user }), err
}

// SettleNumbers ends a change of a household's numbers: they are its own, or prove nothing until it says so. proved: the household
// said so itself, or the area manager vouched; then an earlier refusal of the same number is over. Nil: it has ended by itself.
func SettleNumbers(w *Work, r *domain.LinkRequest, theirs, proved bool) error {
	c, err := LockHousehold(w, r.CustomerID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.NumberChanges, func(n domain.NumberChange) bool { return n.RequestID == r.ID })
	if i < 0 {
		return nil
	}
	if c.NumberChanges[i].Struck { // as the household said, or as it was struck
		if !theirs {
			for _, number := range c.NumberChanges[i].Removed {
				c.GiveBack(number)
			}
		}
		c.NumberChanges = slices.Delete(c.NumberChanges, i, i+1)
	} else if theirs {
		added := c.NumberChanges[i].Added
		c.NumberChanges = slices.Delete(c.NumberChanges, i, i+1)
		if proved {
			c.NumberChanges = domain.NoLongerRefused(c.NumberChanges, added)
		}
	} else {
		c.NumberChanges[i].Refused = true
	}
	c.ChangedAt(w.Now)
	return w.Tx.SaveCustomer(c)
}

// ProtestNumbers keeps that a change of a household's numbers was denied by a link that staff had read: time alone does not do any more,
// and the area manager decides in time; else what the household was told, and did not deny by its own link, is so. Nil: it was said before.
func ProtestNumbers(c *Case, r *domain.LinkRequest) error {
	h, err := LockHousehold(c.Tx, r.CustomerID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(h.NumberChanges, func(n domain.NumberChange) bool { return n.RequestID == r.ID })
	if i < 0 || h.NumberChanges[i].Protested {
		return nil
	}
	h.NumberChanges[i].Protested = true
	h.ChangedAt(c.Now)
	if err := c.Tx.SaveCustomer(h); err != nil {
		return err
	}
	if !h.NumberChanges[i].Waits {
		r.DueAt = c.Now.Add(domain.LinkRequestDue)
		c.Tx.SetDeadline(domain.DueLinkRequest, r.ID, &r.JobID, r.DueAt)
	}
	r.ChangedAt(c.Now)
	c.Entry(domain.Actor{Role: domain.RoleCustomer, JobID: c.Job.ID, Name: "customer"}, "number.denied", nil,
		map[string]any{"request_id": r.ID, "due_at": r.DueAt})
	if err := c.Tx.SaveLinkRequest(r); err != nil {
		return err
	}
	return NotifyStaff(c, nil, "number.refused", domain.RoleAreaManager)
}
