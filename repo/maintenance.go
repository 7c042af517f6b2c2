package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) LockMaintenance(id domain.ID) (*domain.Maintenance, error) {
	return single[domain.Maintenance](t, "maintenance", lock(t.table("maintenance").Where("id = ?", id)))
}

func (t *tx) MaintenanceOf(customer domain.ID) ([]domain.Maintenance, error) {
	return all[domain.Maintenance](t, t.table("maintenance").Where("customer_id = ?", customer).Order("created_at DESC, id DESC").Limit(100))
}

func (t *tx) InsertMaintenance(m *domain.Maintenance) error { return t.insert("maintenance", m) }

func (t *tx) SaveMaintenance(m *domain.Maintenance) error { return t.save("maintenance", &m.Meta, m) }

func (r *reader) Maintenance(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Maintenance, error) {
	return one[domain.Maintenance](ctx, r, "maintenance", r.scoped(s, "maintenance").Where("id = ?", id))
}

func (r *reader) Maintenances(ctx context.Context, s domain.Scope, f domain.MaintenanceFilter,
	p domain.Page) ([]domain.Maintenance, error) {
	q := r.scoped(s, "maintenance")
	if f.CustomerID != nil {
		q = q.Where("customer_id = "+whole, *f.CustomerID, *f.CustomerID)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	return paged[domain.Maintenance](ctx, r, q, "maintenance", p)
}
