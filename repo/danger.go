package repo

import "doorstep/domain"

func (t *tx) Flag(id domain.ID) (*domain.Flag, error) {
	return single[domain.Flag](t, "flag", t.table("flags").Where("id = ?", id))
}

func (t *tx) LockFlag(id domain.ID) (*domain.Flag, error) {
	return single[domain.Flag](t, "flag", lock(t.table("flags").Where("id = ?", id)))
}

func (t *tx) InsertFlag(f *domain.Flag) error { return t.insert("flags", f) }

func (t *tx) SaveFlag(f *domain.Flag) error { return t.save("flags", &f.Meta, f) }

func (t *tx) FlagsOfVisit(visit domain.ID) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.table("flags").Where("visit_id = ?", visit).Order("created_at, id"))
}

func (t *tx) FlagsOfCustomer(customer domain.ID) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.table("flags").Where("customer_id = ?", customer).Order("created_at, id"))
}
