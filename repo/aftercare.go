package repo

import (
	"context"
	"time"

	"gorm.io/gorm"

	"doorstep/domain"
)

func (t *tx) LockAftercare(id domain.ID) (*domain.Aftercare, error) {
	return single[domain.Aftercare](t, "conversation", lock(t.table("aftercare").Where("id = ?", id)))
}

func (t *tx) AftercareOf(flag domain.ID) ([]domain.Aftercare, error) {
	return all[domain.Aftercare](t, t.table("aftercare").Where("flag_id = ?", flag).Order("step"))
}

func (t *tx) InsertAftercare(x *domain.Aftercare) error { return t.insert("aftercare", x) }

func (t *tx) SaveAftercare(x *domain.Aftercare) error { return t.save("aftercare", &x.Meta, x) }

func (t *tx) CoolOffOf(after domain.ID) (*domain.CoolOff, error) {
	return single[domain.CoolOff](t, "pause", lock(t.table("cool_offs").
		Where("flag_id = ? OR attempt_id = ? OR contact_id = ?", after, after, after)))
}

func (t *tx) CoolOffOfVisit(visit domain.ID) (*domain.CoolOff, error) {
	return single[domain.CoolOff](t, "pause", lock(t.table("cool_offs").Where("visit_id = ?", visit).Order("created_at DESC, id DESC")))
}

func (t *tx) InsertCoolOff(c *domain.CoolOff) error { return t.insert("cool_offs", c) }

func (t *tx) SaveCoolOff(c *domain.CoolOff) error { return t.save("cool_offs", &c.Meta, c) }

func (r *reader) CoolOffsTaken(ctx context.Context, flags []domain.ID) ([]domain.ID, error) {
	if len(flags) == 0 {
		return nil, nil
	}
	rows, err := list[domain.CoolOff](ctx, r, r.db.table("cool_offs").Where(r.db.in("flag_id", flags)).Where("accepted"))
	out := make([]domain.ID, len(rows))
	for i := range rows {
		out[i] = *rows[i].FlagID
	}
	return out, err
}

// aftercare begins a query of what an actor may know of: Aftercare.Sees in
// SQL.
func (r *reader) aftercare(a domain.Actor) *gorm.DB {
	q := r.db.table("aftercare").Where("NOT EXISTS (SELECT 1 FROM flags WHERE flags.id = aftercare.flag_id AND flags.subject_id = ?)",
		a.UserID)
	switch a.Role {
	case domain.RoleAreaManager:
		in := r.db.in("area_id", a.Scope().AreaIDs)
		return q.Where("(person_id = ? OR owner_id = ? OR "+in.SQL+")", append([]any{a.UserID, a.UserID}, in.Vars...)...)
	case domain.RoleAdmin:
		return q.Where("(person_id = ? OR owner_id = ? OR late_at IS NOT NULL)", a.UserID, a.UserID)
	case domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAgent, domain.RoleCustomer, domain.RoleSystem:
	}
	return q.Where("(person_id = ? OR owner_id = ?)", a.UserID, a.UserID)
}

func (r *reader) Aftercares(ctx context.Context, a domain.Actor, status string, p domain.Page) ([]domain.Aftercare, error) {
	q := r.aftercare(a)
	if status != "" {
		q = q.Where("status = ?", status)
	}
	return paged[domain.Aftercare](ctx, r, q, "aftercare", p)
}

func (r *reader) AftercareCounts(ctx context.Context, a domain.Actor, f domain.ReportFilter,
	now time.Time) ([]domain.AftercareCount, error) {
	where, args := "1 = 1", []any{}
	if a.Role != domain.RoleAdmin {
		in := r.db.in("aftercare.area_id", a.Scope().AreaIDs)
		where, args = in.SQL, in.Vars
	}
	sql := `SELECT owner_id, users.name AS owner,
		sum(CASE WHEN aftercare.status <> 'stopped' THEN 1 ELSE 0 END) AS due,
		sum(CASE WHEN aftercare.status = 'done' AND done_at <= due_at THEN 1 ELSE 0 END) AS in_time,
		sum(CASE WHEN aftercare.status = 'done' AND done_at > due_at OR aftercare.status = 'open' AND due_at < ? THEN 1 ELSE 0 END) AS late,
		sum(CASE WHEN aftercare.status = 'open' AND due_at < ? THEN 1 ELSE 0 END) AS open_late,
		sum(CASE WHEN aftercare.status = 'stopped' THEN 1 ELSE 0 END) AS stopped
		FROM aftercare JOIN users ON users.id = owner_id WHERE due_at >= ? AND due_at < ? AND ` + where +
		" GROUP BY owner_id, users.name ORDER BY users.name, owner_id"
	return list[domain.AftercareCount](ctx, r, r.db.table("x").Raw(sql, append([]any{now, now, f.From, f.To}, args...)...))
}
