package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) Claim(actor domain.ID, key string) (*domain.Claim, error) {
	return single[domain.Claim](t, "claim", t.table("claims").Where("actor_id = ? AND key = ?", actor, key))
}

func (t *tx) InsertClaim(c *domain.Claim) error { return t.insert("claims", c) }

func (t *tx) ClaimByID(id domain.ID) (*domain.Claim, error) {
	return single[domain.Claim](t, "claim", t.table("claims").Where("id = ?", id))
}

func (t *tx) OpenClaims(actor domain.ID, cause string) ([]domain.Claim, error) {
	return all[domain.Claim](t, t.table("claims").Where("status = 'open' AND actor_id = ? AND (? = '' OR cause = ?)", actor, cause, cause).
		Order("recorded_at, id"))
}

func (t *tx) SaveClaim(c *domain.Claim) error {
	return t.mustExec(domain.NotFound("claim"), `UPDATE claims SET status = ?, due_at = ?, decided_at = ?, decided_by = ?, by_default = ?, reasons = ?, witness = ?,
		moved = ? WHERE id = ?`, c.Status, c.DueAt, c.DecidedAt, c.DecidedBy, c.ByDefault, c.Reasons, c.Witness, c.Moved, c.ID)
}

func (r *reader) Claims(ctx context.Context, s domain.Scope, status string, p domain.Page) ([]domain.Claim, error) {
	q := r.scoped(s, "claims")
	if status != "" {
		q = q.Where("status = ?", status)
	}
	return paged[domain.Claim](ctx, r, q, "claims", p)
}
