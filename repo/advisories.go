package repo

import (
	"context"
	"time"

	"gorm.io/gorm"

	"doorstep/domain"
)

func (t *tx) Advisory(id domain.ID) (*domain.Advisory, error) {
	return single[domain.Advisory](t, "advisory", t.table("advisories").Where("id = ?", id))
}

func (t *tx) LockAdvisory(id domain.ID) (*domain.Advisory, error) {
	return single[domain.Advisory](t, "advisory", lock(t.table("advisories").Where("id = ?", id)))
}

func (t *tx) AdvisoriesOf(customer domain.ID) ([]domain.Advisory, error) {
	return all[domain.Advisory](t, t.table("advisories").Where(t.db.ofHousehold("?")+" AND status = 'approved'", customer, customer).
		Order("created_at, id"))
}

func (t *tx) InsertAdvisory(x *domain.Advisory) error { return t.insert("advisories", x) }

func (t *tx) SaveAdvisory(x *domain.Advisory) error { return t.save("advisories", &x.Meta, x) }

func (t *tx) Appeal(id domain.ID) (*domain.Appeal, error) {
	return single[domain.Appeal](t, "appeal", t.table("advisory_appeals").Where("id = ?", id))
}

func (t *tx) AppealsOf(advisory domain.ID) ([]domain.Appeal, error) {
	return all[domain.Appeal](t, t.table("advisory_appeals").Where("advisory_id = ?", advisory).Order("created_at, id"))
}

func (t *tx) InsertAppeal(p *domain.Appeal) error { return t.insert("advisory_appeals", p) }

func (t *tx) SaveAppeal(p *domain.Appeal) error { return t.save("advisory_appeals", &p.Meta, p) }

func (t *tx) InsertAdvisoryReads(rows []domain.AdvisoryRead) error {
	return insertAll(t, "advisory_reads", rows)
}

// advisories begins a query of those that an actor keeps: Advisory.KeptBy in
// SQL.
func (r *reader) advisories(a domain.Actor) *gorm.DB {
	q := r.db.table("advisories")
	switch a.Role {
	case domain.RoleAdmin:
		return q
	case domain.RoleAreaManager:
		return q.Where(r.db.in("area_id", a.Scope().AreaIDs))
	case domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAgent, domain.RoleCustomer, domain.RoleSystem:
	}
	return q.Where(never)
}

func (r *reader) Advisories(ctx context.Context, a domain.Actor, status string, now time.Time, p domain.Page) ([]domain.Advisory, error) {
	q := r.advisories(a)
	switch status {
	case "":
	case "expired":
		q = q.Where("(status = 'expired' OR status IN ('proposed', 'approved') AND expires_at <= ?)", now)
	case "proposed", "approved":
		q = q.Where("status = ? AND expires_at > ?", status, now)
	default:
		q = q.Where("status = ?", status)
	}
	return paged[domain.Advisory](ctx, r, q, "advisories", p)
}

func (r *reader) AdvisoryReads(ctx context.Context, a domain.Actor, id domain.ID, p domain.Page) ([]domain.AdvisoryRead, error) {
	if _, err := one[domain.Advisory](ctx, r, "advisory", r.advisories(a).Where("id = ?", id)); err != nil {
		return nil, err
	}
	return paged[domain.AdvisoryRead](ctx, r, r.db.table("advisory_reads").Where("advisory_id = ?", id), "advisory_reads", p)
}

func (r *reader) OpenAppeals(ctx context.Context, advisories []domain.ID) (map[domain.ID]domain.Appeal, error) {
	out := map[domain.ID]domain.Appeal{}
	if len(advisories) == 0 {
		return out, nil
	}
	rows, err := list[domain.Appeal](ctx, r, r.db.table("advisory_appeals").Where(r.db.in("advisory_id", advisories)).
		Where("decided_at IS NULL"))
	for i := range rows {
		out[rows[i].AdvisoryID] = rows[i]
	}
	return out, err
}
