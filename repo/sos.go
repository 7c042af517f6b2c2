package repo

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

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

func (t *tx) RingingSOS() ([]domain.Ringing, error) {
	rows, err := all[struct {
		ID, RaiserID      domain.ID
		Rung, Avoid, Rang string
		RingsAgain        *time.Time
	}](t, t.table("sos").Raw(`SELECT id, raiser_id, CAST(rung AS TEXT) AS rung, CAST(avoid AS TEXT) AS avoid, CAST(rang AS TEXT) AS rang,
		rings_again FROM sos WHERE status = 'raised' ORDER BY created_at, id LIMIT 1000`))
	var out []domain.Ringing
	for i := range rows {
		r := &rows[i]
		x := domain.Ringing{ID: r.ID, RaiserID: r.RaiserID}
		if r.RingsAgain != nil {
			x.RingsAgain = domain.Ptr(r.RingsAgain.UTC())
		}
		if json.Unmarshal([]byte(r.Rung), &x.Rung) == nil && json.Unmarshal([]byte(r.Avoid), &x.Avoid) == nil &&
			json.Unmarshal([]byte(r.Rang), &x.Rang) == nil {
			out = append(out, x)
		}
	}
	return out, err
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

func (t *tx) PutSOSPoints(points []domain.SOSPoint) error {
	for part := range slices.Chunk(points, together) {
		if err := t.insertOver("sos_trail", part, &clause.OnConflict{DoNothing: true}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) SOSPoints(sos domain.ID) (int, error) {
	return t.count(t.table("sos_trail").Select("count(*) AS n").Where("sos_id = ?", sos))
}

func (t *tx) Ring(key string) (*domain.Notice, error) {
	return single[domain.Notice](t, "ring", t.table("notices").Where("dedupe_key = ?", key))
}

func (t *tx) KeepSOSCall(c domain.SOSCall) (bool, error) {
	n, err := t.count(t.table("sos_calls").Select("count(*) AS n").Where("call = ? AND result = ?", c.Call, c.Result))
	if err != nil || n > 0 {
		return false, err
	}
	return true, t.insert("sos_calls", &c)
}

func (t *tx) SilenceSOS(id domain.ID) error {
	for _, kind := range []string{"sos.raised", "sos.unheard", "sos.call_yourself"} {
		if err := t.hush(kind, id); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) HushReport(id domain.ID) error {
	return errors.Join(t.hush("flag.live", id), t.hush("flag.live_overdue", id))
}

// hush withdraws what was not sent yet of the notices that are keyed by a kind
// and what they are about.
func (t *tx) hush(kind string, id domain.ID) error {
	const which = "dedupe_key >= ? AND dedupe_key < ? AND state = 'pending'"
	from, to := kind+"|"+id.String()+"|", kind+"|"+id.String()+"}"
	if err := t.noticesChanged(t.table("notices").Where(which, from, to)); err != nil {
		return err
	}
	return t.exec("UPDATE notices SET state = 'withdrawn' WHERE "+which, from, to)
}

func (t *tx) AnyDevice(users []domain.ID) (bool, error) {
	if len(users) == 0 {
		return false, nil
	}
	rows, err := all[domain.Device](t, t.table("devices").Where("dropped_at IS NULL").Where(t.db.in("user_id", users)).Limit(1))
	return len(rows) > 0, err
}

// alarms begins a query of those that an actor may know of: SOS.Sees in SQL.
func (r *reader) alarms(a domain.Actor) *gorm.DB {
	q := r.db.table("sos")
	if a.UserID == (domain.ID{}) {
		_ = q.AddError(errNoScope)
		return q
	}
	rung, avoid := r.db.holding("rung", a.UserID.String()), r.db.holding("avoid", a.UserID.String())
	seen, args := "(raiser_id = ? AND source <> 'duress') OR (raiser_id <> ? AND (offered_to = ? OR owner_id = ? OR "+rung.SQL,
		append([]any{a.UserID, a.UserID, a.UserID, a.UserID}, rung.Vars...)
	switch a.Role {
	case domain.RoleAdmin:
		seen += " OR 1 = 1"
	case domain.RoleAreaManager:
		in := r.db.in("area_id", a.Scope().AreaIDs)
		seen, args = seen+" OR "+in.SQL, append(args, in.Vars...)
	case domain.RoleProprietor:
		seen, args = seen+" OR centre_id = ?", append(args, a.CentreID)
	case domain.RoleTechnician, domain.RoleCoordinator, domain.RoleAgent, domain.RoleCustomer, domain.RoleSystem: // what they are part of
	}
	return q.Where("("+seen+"))) AND NOT ("+avoid.SQL+")", append(args, avoid.Vars...)...)
}

// SOSs lists the newest first, by (created_at, id).
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

func (r *reader) SOSTrail(ctx context.Context, a domain.Actor, id domain.ID, p domain.Page) ([]domain.SOSPoint, error) {
	if _, err := r.SOS(ctx, a, id); err != nil {
		return nil, err
	}
	q := r.db.table("sos_trail").Where("sos_id = ?", id).Order("at DESC").Limit(p.Limit)
	if p.AfterAt != nil {
		q = q.Where("at < ?", *p.AfterAt)
	}
	return list[domain.SOSPoint](ctx, r, q)
}

func (r *reader) SOSTrailLength(ctx context.Context, id domain.ID) (int, error) {
	type count struct{ N int }
	rows, err := list[count](ctx, r, r.db.table("sos_trail").Select("count(*) AS n").Where("sos_id = ?", id))
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].N, nil
}

func (r *reader) SilentSOSs(ctx context.Context, raisers []domain.ID) ([]domain.SOS, error) {
	return list[domain.SOS](ctx, r, r.db.table("sos").Where("source = 'duress' AND status <> 'resolved'").Where(r.db.in("raiser_id", raisers)))
}

func (r *reader) UnheardSOS(ctx context.Context) ([]domain.SOS, error) {
	return list[domain.SOS](ctx, r, r.db.table("sos").Where("unheard_at IS NOT NULL AND status = 'raised'").Order("unheard_at, id").Limit(100))
}
