package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) LinkRequest(id domain.ID) (*domain.LinkRequest, error) {
	return single[domain.LinkRequest](t, "link request", t.table("link_requests").Where("id = ?", id))
}

func (t *tx) LinkRequestsOf(job domain.ID) ([]domain.LinkRequest, error) {
	return all[domain.LinkRequest](t, t.table("link_requests").Where("job_id = ?", job).Order("created_at, id"))
}

func (t *tx) InsertLinkRequest(r *domain.LinkRequest) error { return t.insert("link_requests", r) }

func (t *tx) SaveLinkRequest(r *domain.LinkRequest) error { return t.save("link_requests", &r.Meta, r) }

func (r *reader) LinkRequests(ctx context.Context, s domain.Scope, f domain.LinkRequestFilter,
	p domain.Page) ([]domain.LinkRequest, error) {
	q := r.scoped(s, "link_requests")
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "status", f.Status))
	}
	if f.JobID != nil {
		q = q.Where("job_id = ?", *f.JobID)
	}
	return paged[domain.LinkRequest](ctx, r, q, "link_requests", p)
}
