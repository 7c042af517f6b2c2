package casework

import (
	"slices"

	"doorstep/domain"
)

// PassOnPromises lets the promises of somebody who may not answer for them any more
// find other owners: each is due at once, in a transaction of its own, by job.
func PassOnPromises(tx *Work, u *domain.User) error {
	owned, err := tx.PromisesOf(u.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(owned, func(a, b domain.Promise) int { return slices.Compare(a.JobID[:], b.JobID[:]) })
	for i := range owned {
		if p := &owned[i]; !mayOwn(u, p.CentreID, p.AreaID) {
			tx.SetDeadline(domain.DuePromiseOwner, p.ID, &p.JobID, tx.Now)
		}
	}
	return nil
}

// mayOwn reports whether somebody can own a promise about a job of a centre.
func mayOwn(u *domain.User, centre, area domain.ID) bool {
	return !u.Disabled && (u.CentreID != nil && *u.CentreID == centre && u.Role.OfCentre() || u.Role == domain.RoleAgent ||
		u.Role == domain.RoleAreaManager && u.AreaID != nil && *u.AreaID == area)
}

// PromiseOwnerLeft gives a promise whose owner left to whoever answers for the job
// now; its due time and its ladder stay.
func PromiseOwnerLeft(tx *Work, id domain.ID) error {
	c, p, err := openDuePromise(tx, id)
	if err != nil || p == nil {
		return err
	}
	was, err := tx.User(p.OwnerID)
	if err != nil || mayOwn(was, p.CentreID, p.AreaID) {
		return err
	}
	owner, _, err := ChooseOwner(c)
	if nobodyOwns(err) {
		return nil // nobody is left; the ladder tells the area manager when it is late
	} else if err != nil {
		return err
	}
	p.OwnerID = owner.ID
	p.ChangedAt(tx.Now)
	if err := tx.SavePromise(p); err != nil {
		return err
	}
	c.Entry(domain.System, "promise.handed_over", nil, map[string]any{"promise_id": p.ID, "from": was.ID, "to": owner.ID, "reason": "left"})
	return notifyOwner(c, p, owner, "promise.yours")
}
