package repo

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// promiseDue are those that somebody still has to keep; spelled like the
// partial index.
const promiseDue = "status IN ('open', 'broken')"

func (t *tx) Promise(id domain.ID) (*domain.Promise, error) {
	p, err := single[domain.Promise](t, "promise", t.table("promises").Where("id = ?", id))
	if err == nil {
		t.owners[p.ID] = p.OwnerID
	}
	return p, err
}

func (t *tx) PromisesDue(customer domain.ID) ([]domain.Promise, error) {
	return all[domain.Promise](t, t.table("promises").Where("customer_id = ? AND "+promiseDue, customer).Order("created_at, id"))
}

func (t *tx) LastPromiseOf(customer domain.ID) (*domain.Promise, error) {
	return single[domain.Promise](t, "promise", t.table("promises").Where("customer_id = ?", customer).Order("created_at DESC, id DESC"))
}

func (t *tx) PromisesOf(owner domain.ID) ([]domain.Promise, error) {
	list, err := all[domain.Promise](t, t.table("promises").Where("owner_id = ? AND "+promiseDue, owner).Order("created_at, id"))
	for i := range list {
		t.owners[list[i].ID] = owner
	}
	return list, err
}

func (t *tx) PromisesOfJob(job domain.ID) ([]domain.Promise, error) {
	return all[domain.Promise](t, t.table("promises").Where("job_id = ?", job).Order("created_at, id"))
}

func (t *tx) NotReached(centre domain.ID, since time.Time) (int, error) {
	return t.count(t.table("attempts").Select("count(DISTINCT attempts.customer_id) AS n").
		Where("request = 'could-not-reach' AND occurred_at > ? AND (SELECT j.centre_id FROM jobs j WHERE j.id = attempts.job_id) = ?", since,
			centre))
}

func (t *tx) InboundSince(customer domain.ID, from, to time.Time) (int, error) {
	return t.count(t.table("attempts").Select("count(DISTINCT occurred_at) AS n").
		Where("customer_id = ? AND direction = 'inbound' AND occurred_at > ? AND occurred_at <= ?", customer, from, to))
}

func (t *tx) count(q *gorm.DB) (int, error) {
	type counted struct{ N int }
	rows, err := all[counted](t, q)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].N, nil
}

func (t *tx) InsertPromise(p *domain.Promise) error {
	t.changedOf(domain.ChangedPromise, p.Meta, &p.CentreID, p.CustomerID, p.OwnerID)
	return t.insert("promises", p)
}

func (t *tx) SavePromise(p *domain.Promise) error {
	if err := t.save("promises", &p.Meta, p); err != nil {
		return err
	}
	people := []domain.ID{p.OwnerID}
	if was, ok := t.owners[p.ID]; ok { // who no longer owes it learns of that
		people = append(people, was)
	}
	t.changedOf(domain.ChangedPromise, p.Meta, &p.CentreID, p.CustomerID, people...)
	return nil
}

// promises begins a query of those that an actor may see: Promise.SeenBy in
// SQL.
func (r *reader) promises(a domain.Actor) *gorm.DB {
	q := r.db.table("promises")
	if a.Role == domain.RoleTechnician {
		return q.Where("owner_id = ?", a.UserID)
	}
	where, err := r.db.within(a.Scope(), "promises")
	if err != nil {
		_ = q.AddError(err)
		return q
	}
	return q.Where(clause.Or(clause.Eq{Column: "owner_id", Value: a.UserID}, where))
}

func (r *reader) Promises(ctx context.Context, a domain.Actor, f domain.PromiseFilter, p domain.Page) ([]domain.Promise, error) {
	q := r.promises(a)
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "status", f.Status))
	}
	if f.OwnerID != nil {
		q = q.Where("owner_id = ?", *f.OwnerID)
	}
	if f.JobID != nil {
		q = q.Where("job_id = ?", *f.JobID)
	}
	if f.CentreID != nil {
		q = q.Where("centre_id = ?", *f.CentreID)
	}
	if f.DueBy != nil {
		q = q.Where("due_at <= ?", *f.DueBy)
	}
	return paged[domain.Promise](ctx, r, q, "promises", p)
}

func (r *reader) Promise(ctx context.Context, a domain.Actor, id domain.ID) (*domain.Promise, error) {
	return one[domain.Promise](ctx, r, "promise", r.promises(a).Where("id = ?", id))
}
