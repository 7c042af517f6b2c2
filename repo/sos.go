package repo

import (
	"context"

	"gorm.io/gorm"

	"doorstep/domain"
)

func (t *tx) SOS(id domain.ID) (*domain.SOS, error) {
	return single[domain.SOS](t, "SOS", t.table("sos").Where("id = ?", id))
}

func (t *tx) LockSOS(id domain.ID) (*domain.SOS, error) {
	return single[domain.SOS](t, "SOS", lock(t.table("sos").Where("id = ?", id)))
}

func (t *tx) OpenSOS(raiser domain.ID) ([]domain.SOS, error) {
	return all[domain.SOS](t, t.table("sos").Where("raiser_id = ? AND status <> 'resolved'", raiser).Order("created_at, id"))
}

func (t *tx) InsertSOS(x *domain.SOS) error {
	t.changed(domain.ChangedAlarm, x.Meta, x.CentreID)
	return t.insert("sos", x)
}

func (t *tx) SaveSOS(x *domain.SOS) error {
	if err := t.save("sos", &x.Meta, x); err != nil {
		return err
	}
	t.changed(domain.ChangedAlarm, x.Meta, x.CentreID)
	return nil
}

func (t *tx) HushSOS(id domain.ID) error {
	return t.exec("UPDATE notices SET state = 'withdrawn' WHERE dedupe_key >= ? AND dedupe_key < ? AND state = 'pending'", "sos.raised|"+id.String()+"|", "sos.raised|"+id.String()+"}")
}

// alarms begins a query of those that an actor may know of: SOS.Sees in SQL.
func (r *reader) alarms(a domain.Actor) *gorm.DB {
	q := r.db.table("sos")
	if a.UserID == (domain.ID{}) {
		_ = q.AddError(errNoScope)
		return q
	}
	rung, avoid := r.db.holding("rung", a.UserID.String()), r.db.holding("avoid", a.UserID.String())
	seen, args := "(raiser_id = ? AND source <> 'duress') OR (raiser_id <> ? AND (offered_to = ? OR owner_id = ? OR "+rung.SQL, append([]any{a.UserID, a.UserID, a.UserID, a.UserID}, rung.Vars...)
	switch a.Role {
	case domain.RoleAdmin:
		seen += " OR 1 = 1"
	case domain.RoleAreaManager:
		in := r.db.in("area_id", a.Scope().AreaIDs)
		seen, args = seen+" OR "+in.SQL, append(args, in.Vars...)
	case domain.RoleProprietor:
		seen, args = seen+" OR centre_id = ?", append(args, a.CentreID)
	}
	return q.Where("("+seen+"))) AND NOT ("+avoid.SQL+")", append(args, avoid.Vars...)...)
}

// SOSs goes down in (created_at, id).
func (r *reader) SOSs(ctx context.Context, a domain.Actor, open bool, p domain.Page) ([]domain.SOS, error) {
	q := r.alarms(a)
	if open {
		q = q.Where("status <> 'resolved'")
	}
	return list[domain.SOS](ctx, r, q.Clauses(page(p, "created_at", "id", true)...))
}

func (r *reader) SOS(ctx context.Context, a domain.Actor, id domain.ID) (*domain.SOS, error) {
	return one[domain.SOS](ctx, r, "SOS", r.alarms(a).Where("id = ?", id))
}
