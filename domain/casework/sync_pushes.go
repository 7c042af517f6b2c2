package casework

import (
	"slices"
	"time"

	"doorstep/domain"
)

// syncAhead is how near a visit is whose changes a phone is told off duty too.
const syncAhead = 4 * time.Hour

// SyncPushes begins a round, unless one began within every: the phones of technicians that show something that changed since
// the last one, and that no push tells so. Whoever is off duty waits for their next duty (docs/product.md section 7).
func SyncPushes(tx *Work, every time.Duration) ([]domain.Device, error) {
	behind, err := tx.PhonesBehind(tx.Now, every)
	if err != nil || len(behind) == 0 {
		return nil, err
	}
	last := map[domain.ID][]domain.ChangedItem{}
	ids := []domain.ID{}
	for _, b := range behind {
		ids, last[b.PersonID] = append(ids, b.PersonID), b.Items
	}
	users, err := tx.Users(ids)
	if err != nil {
		return nil, err
	}
	leaves, err := tx.LeavesAt(ids, tx.Now)
	if err != nil {
		return nil, err
	}
	var out []domain.Device
	for i := range users {
		u := &users[i]
		if u.Disabled {
			continue
		}
		devices, err := tx.DevicesOf(u.ID)
		if err != nil {
			return nil, err
		}
		devices = slices.DeleteFunc(devices, func(d domain.Device) bool { return !d.Private() || d.LostAt != nil })
		if len(devices) == 0 {
			continue
		}
		if told, err := toldByPush(tx, last[u.ID], u.ID); err != nil || told {
			if err != nil {
				return nil, err
			}
			continue
		}
		at, err := syncsAt(tx, u, leaves)
		if err != nil {
			return nil, err
		}
		if at.After(tx.Now) {
			if err := tx.SyncLater(u.ID, at); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, devices...)
	}
	return out, nil
}

// toldByPush reports whether the last change came with a push that rings now.
func toldByPush(tx *Work, last []domain.ChangedItem, user domain.ID) (bool, error) {
	for _, it := range last {
		if it.Kind != domain.ChangedNotice || !domain.Has(it.People, user) {
			continue
		}
		n, err := tx.Notice(it.ID)
		if NotFound(err) {
			continue // it was withdrawn, which the phone has to learn
		} else if err != nil {
			return false, err
		}
		if !n.Waits && n.SeenAt == nil && (n.State == "pending" || n.State == "done") {
			return true, nil
		}
	}
	return false, nil
}

// syncsAt is when a phone may be told: now, on duty or with a visit near, else at the next duty.
func syncsAt(tx *Work, u *domain.User, leaves []domain.Leave) (time.Time, error) {
	var c *domain.Centre
	if u.CentreID != nil {
		var err error
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return time.Time{}, err
		}
	}
	r := onDuty(tx, u, c, leaves)
	if r.On(tx.Now) {
		return tx.Now, nil
	}
	near, err := tx.BusyBetween(u.ID, tx.Now.Add(-time.Hour), tx.Now.Add(syncAhead))
	if err != nil || len(near) > 0 {
		return tx.Now, err
	}
	next, ok := r.Next(tx.Now)
	if !ok { // leave without end: an app that is opened syncs by itself
		next = tx.Now.AddDate(0, 0, 60)
	}
	return next, nil
}
