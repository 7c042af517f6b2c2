package repo

import (
	"slices"
	"time"

	"gorm.io/gorm"

	"doorstep/domain"
)

func (t *tx) Area(id domain.ID) (*domain.Area, error) {
	return single[domain.Area](t, "area", t.table("areas").Where("id = ?", id))
}

func (t *tx) InsertArea(a *domain.Area) error { return t.insert("areas", a) }

func (t *tx) SaveArea(a *domain.Area) error { return t.save("areas", &a.Meta, a) }

// Centre is read once in a transaction.
func (t *tx) Centre(id domain.ID) (*domain.Centre, error) {
	if c, ok := t.centres[id]; ok {
		return &c, nil
	}
	list, err := allKnown[domain.Centre](t, "centre", func(q *gorm.DB) *gorm.DB { return q.Where("id = ?", id) }, "centres", id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, domain.NotFound("centre")
	}
	t.centres[id] = list[0]
	return &list[0], nil
}

func (t *tx) LockCentre(id domain.ID) (*domain.Centre, error) {
	c, err := single[domain.Centre](t, "centre", lock(t.table("centres").Where("id = ?", id)))
	if err == nil {
		t.centres[id] = *c
	}
	return c, err
}

func (t *tx) CentreServing(postalCode string) (*domain.Centre, error) {
	return single[domain.Centre](t, "centre", t.table("centres").Where(t.db.holding("postal_codes", postalCode)).Order("created_at, id"))
}

func (t *tx) InsertCentre(c *domain.Centre) error { return t.insert("centres", c) }

func (t *tx) SaveCentre(c *domain.Centre) error {
	delete(t.centres, c.ID)
	t.rulesChanged(c.ID, &c.ID)
	return t.save("centres", &c.Meta, c)
}

func (t *tx) User(id domain.ID) (*domain.User, error) {
	return single[domain.User](t, "user", t.table("users").Where("id = ?", id))
}

func (t *tx) LockUser(id domain.ID) (*domain.User, error) {
	return single[domain.User](t, "user", lock(t.table("users").Where("id = ?", id)))
}

func (t *tx) UserByLogin(login string) (*domain.User, error) {
	return single[domain.User](t, "user", t.table("users").Where("login = ?", login))
}

func (t *tx) UsersByPhone(phone string) ([]domain.User, error) {
	return all[domain.User](t, t.table("users").Where("phone = ?", phone).Order("id"))
}

func (t *tx) InsertUser(u *domain.User) error { return t.insert("users", u) }

func (t *tx) SaveUser(u *domain.User) error {
	t.changed(domain.ChangedUser, domain.Meta{ID: u.ID, Version: u.Version + 1}, u.CentreID, u.ID)
	return t.save("users", &u.Meta, u)
}

func (t *tx) Users(ids []domain.ID) ([]domain.User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := all[domain.User](t, t.table("users").Where(t.db.in("id", ids)))
	slices.SortFunc(found, func(a, b domain.User) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return found, err
}

func (t *tx) UsersWith(role domain.Role, centre, area *domain.ID) ([]domain.User, error) {
	q := t.table("users").Where("role = ? AND NOT disabled", role)
	if centre != nil {
		q = q.Where("centre_id = ?", *centre)
	}
	if area != nil {
		q = inArea(q, *area)
	}
	return all[domain.User](t, q.Order("created_at, id"))
}

// inArea keeps users whose own area it is, or that of their centre.
func inArea(q *gorm.DB, area domain.ID) *gorm.DB {
	return q.Where("(area_id = ? OR centre_id IN (SELECT id FROM centres WHERE area_id = ?))", area, area)
}

func (t *tx) LockTechnicians(ids []domain.ID) ([]domain.User, error) {
	if len(ids) == 0 {
		return []domain.User{}, nil
	}
	return all[domain.User](t, lock(t.table("users").Where(t.db.in("id", ids)).Order("id")))
}

func (t *tx) LeavesOf(technician domain.ID, from, to time.Time) ([]domain.Leave, error) {
	return t.leavesOf(technician, "approved", from, to)
}

func (t *tx) LeaveRequestsOf(user domain.ID, from, to time.Time) ([]domain.Leave, error) {
	return t.leavesOf(user, "requested", from, to)
}

func (t *tx) leavesOf(user domain.ID, status string, from, to time.Time) ([]domain.Leave, error) {
	return all[domain.Leave](t, t.table("leaves").Where("technician_id = ? AND status = ? AND ends_at > ? AND starts_at < ?", user, status,
		from, to).Order("starts_at, id"))
}

func (t *tx) LeavesAt(users []domain.ID, at time.Time) ([]domain.Leave, error) {
	if len(users) == 0 {
		return nil, nil
	}
	return all[domain.Leave](t, t.table("leaves").Where(t.db.in("technician_id", users)).Where("status = 'approved' AND ends_at > ?", at).
		Order("starts_at, id"))
}

func (t *tx) Leave(id domain.ID) (*domain.Leave, error) {
	return single[domain.Leave](t, "leave", t.table("leaves").Where("id = ?", id))
}

func (t *tx) LockLeave(id domain.ID) (*domain.Leave, error) {
	return single[domain.Leave](t, "leave", lock(t.table("leaves").Where("id = ?", id)))
}

func (t *tx) SaveLeave(l *domain.Leave) error {
	if err := t.save("leaves", &l.Meta, l); err != nil {
		return err
	}
	return t.leaveChanged(l)
}

func (t *tx) InsertLeave(l *domain.Leave) error {
	if err := t.insert("leaves", l); err != nil {
		return err
	}
	return t.leaveChanged(l)
}

func (t *tx) leaveChanged(l *domain.Leave) error {
	u, err := t.User(l.TechnicianID)
	if err == nil {
		t.changed(domain.ChangedLeave, l.Meta, u.CentreID, u.ID)
	}
	return err
}

func (t *tx) InsertSession(s *domain.Session) error { return t.insert("sessions", s) }

func (t *tx) LockSession(tokenHash string) (*domain.Session, error) {
	return single[domain.Session](t, "session", lock(t.table("sessions").Where("token_hash = ?", tokenHash)))
}

func (t *tx) SessionByID(id domain.ID) (*domain.Session, error) {
	return single[domain.Session](t, "session", t.table("sessions").Where("id = ?", id))
}

func (t *tx) SaveSession(s *domain.Session) error {
	return t.update("sessions", s, domain.NotFound("session"))
}

func (t *tx) RevokeFamily(family domain.ID, at time.Time) error {
	return t.exec("UPDATE sessions SET revoked_at = ? WHERE family_id = ? AND revoked_at IS NULL", at, family)
}

func (t *tx) RevokeSessionsOf(user domain.ID, at time.Time) error {
	return t.exec("UPDATE sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL", at, user)
}

func (t *tx) InsertInvitation(i *domain.Invitation) error { return t.insert("invitations", i) }

func (t *tx) LockInvitation(tokenHash string) (*domain.Invitation, error) {
	return single[domain.Invitation](t, "invitation", lock(t.table("invitations").Where("token_hash = ?", tokenHash)))
}

func (t *tx) SpendInvitations(user domain.ID, at time.Time) error {
	return t.exec("UPDATE invitations SET used_at = ? WHERE user_id = ? AND used_at IS NULL", at, user)
}

func (t *tx) InvitationsOf(user domain.ID, since time.Time, limit int) ([]domain.Invitation, error) {
	return all[domain.Invitation](t, t.table("invitations").Where("user_id = ? AND created_at >= ?", user, since).
		Order("created_at DESC, id DESC").Limit(limit))
}

func (t *tx) HasSession(user domain.ID, at time.Time) (bool, error) {
	live, err := all[idRow](t, t.table("sessions").Where("user_id = ? AND revoked_at IS NULL AND expires_at > ?", user, at).Limit(1))
	return len(live) > 0, err
}

func (t *tx) SessionRevoked(family domain.ID) (bool, error) {
	revoked, err := all[idRow](t, t.table("sessions").Where("family_id = ? AND revoked_at IS NOT NULL", family).Limit(1))
	return len(revoked) > 0, err
}

func (t *tx) PartyToReport(user domain.ID) (bool, error) {
	open, err := all[idRow](t, t.partyTo(user).Limit(1))
	return len(open) > 0, err
}

func (t *tx) ReportsAbout(user domain.ID, since time.Time) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.table("flags").Where("subject_id = ? AND created_at >= ?", user, since).Order("created_at, id"))
}

func (t *tx) PartiesTo(user domain.ID) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.partyTo(user).Order("id"))
}

// partyTo are the open reports that somebody raised or is the subject of; a
// private note is none.
func (t *tx) partyTo(user domain.ID) *gorm.DB {
	return t.table("flags").Where("status IN ('reported', 'triaged', 'under_review') AND level > 0 AND (reporter_id = ? OR subject_id = ?)",
		user, user)
}

// idRow reads nothing but an id.
type idRow struct{ ID domain.ID }

func ids(rows []idRow) []domain.ID {
	out := make([]domain.ID, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}
