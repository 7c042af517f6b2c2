package repo

import "doorstep/domain"

func (t *tx) Claim(actor domain.ID, key string) (*domain.Claim, error) {
	return single[domain.Claim](t, "claim", t.table("claims").Where("actor_id = ? AND key = ?", actor, key))
}

func (t *tx) InsertClaim(c *domain.Claim) error { return t.insert("claims", c) }
