package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

func (t *tx) TimersOf(visit domain.ID) ([]domain.Timer, error) {
	return all[domain.Timer](t, t.table("timers").Where("visit_id = ?", visit).Order("created_at, id"))
}

func (t *tx) LastMoveOf(technician domain.ID, since time.Time) (*time.Time, error) {
	type moved struct{ At *time.Time }
	rows, err := all[moved](t, t.table("facts").Select("max(recorded_at) AS at").
		Where("actor_id = ? AND job_id IN (SELECT job_id FROM visits WHERE window_start >= ? AND id IN (SELECT visit_id FROM assignments WHERE technician_id = ?))", technician, since, technician))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].At, nil
}

func (t *tx) LockTimer(id domain.ID) (*domain.Timer, error) {
	return single[domain.Timer](t, "timer", lock(t.table("timers").Where("id = ?", id)))
}

func (t *tx) LockTimerOf(visit, user domain.ID) (*domain.Timer, error) {
	return single[domain.Timer](t, "timer", lock(t.table("timers").Where("visit_id = ? AND user_id = ?", visit, user)))
}

func (t *tx) LockDrill(id domain.ID) (*domain.Drill, error) {
	return single[domain.Drill](t, "drill", lock(t.table("drills").Where("id = ?", id)))
}

func (t *tx) InsertDrill(d *domain.Drill) error { return t.insert("drills", d) }

func (t *tx) SaveDrill(d *domain.Drill) error { return t.save("drills", &d.Meta, d) }

func (r *reader) Drills(ctx context.Context, centre domain.ID, p domain.Page) ([]domain.Drill, error) {
	return list[domain.Drill](ctx, r, r.db.table("drills").Where("centre_id = ?", centre).Clauses(page(p, "created_at", "id", true)...))
}

func (t *tx) HomeSafe(user domain.ID) (*domain.HomeSafe, error) {
	return single[domain.HomeSafe](t, "wish to be asked", t.table("home_safe").Where("user_id = ?", user))
}

func (t *tx) InsertHomeSafe(h *domain.HomeSafe) error {
	t.changed(domain.ChangedHomeSafe, domain.Meta{ID: h.UserID, Version: h.Version}, nil, h.UserID)
	return t.insert("home_safe", h)
}

func (t *tx) SaveHomeSafe(h *domain.HomeSafe, desk *domain.ID) error {
	if err := t.save("home_safe", &h.Meta, h); err != nil {
		return err
	}
	t.changed(domain.ChangedHomeSafe, domain.Meta{ID: h.UserID, Version: h.Version}, desk, h.UserID)
	if desk != nil { // what a board shows
		t.changed(domain.ChangedTimer, h.Meta, desk)
	}
	return nil
}

func (r *reader) AskingHomeSafes(ctx context.Context, s domain.Scope, centre domain.ID, p domain.Page) ([]domain.HomeSafe, error) {
	if _, err := r.Centre(ctx, s, centre); err != nil {
		return nil, err
	}
	return list[domain.HomeSafe](ctx, r, r.db.table("home_safe").
		Where("status = 'desk_asked' AND user_id IN (SELECT id FROM users WHERE centre_id = ? AND NOT disabled)", centre).
		Order("updated_at, id").Limit(p.Limit))
}

func (r *reader) HomeSafe(ctx context.Context, user domain.ID) (*domain.HomeSafe, error) {
	return one[domain.HomeSafe](ctx, r, "wish to be asked", r.db.table("home_safe").Where("user_id = ?", user))
}

func (t *tx) InsertTimer(o *domain.Timer) error {
	t.timerChanged(o)
	return t.insert("timers", o)
}

func (t *tx) timerChanged(o *domain.Timer) {
	t.changed(domain.ChangedVisitTimer, domain.Meta{ID: o.VisitID, Version: o.Version}, &o.CentreID, o.UserID)
}

func (t *tx) SaveTimer(o *domain.Timer) error {
	if err := t.save("timers", &o.Meta, o); err != nil {
		return err
	}
	t.timerChanged(o)
	if o.Status == "desk_asked" || o.Status == "alarmed" { // what a board shows
		t.changed(domain.ChangedTimer, o.Meta, &o.CentreID)
	}
	return nil
}

// Timers lists those of a visit that the scope covers.
func (r *reader) Timers(ctx context.Context, s domain.Scope, visit domain.ID) ([]domain.Timer, error) {
	if _, err := r.Visit(ctx, s, visit); err != nil {
		return nil, err
	}
	q := r.db.table("timers").Where("visit_id = ?", visit)
	if mine := s.TechnicianID; mine != (domain.ID{}) {
		q = q.Where("user_id = ?", mine)
	}
	return list[domain.Timer](ctx, r, q.Order("created_at, id"))
}

func (r *reader) AskingTimers(ctx context.Context, s domain.Scope, centre domain.ID, p domain.Page) ([]domain.Timer, error) {
	if _, err := r.Centre(ctx, s, centre); err != nil {
		return nil, err
	}
	return list[domain.Timer](ctx, r, r.db.table("timers").Where("centre_id = ? AND status = 'desk_asked'",
		centre).Order("updated_at, id").Limit(p.Limit))
}
