package repo

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"doorstep/domain"
)

func (r *reader) Throttles(ctx context.Context, keys []string) ([]domain.Throttle, error) {
	return list[domain.Throttle](ctx, r, r.db.table("throttles").Where("key IN ?", keys))
}

// LockThrottle makes the row first, so that replicas that fail at once add up.
func (t *tx) LockThrottle(key string) (*domain.Throttle, error) {
	empty := domain.Throttle{Key: key, ChangedAt: time.Unix(0, 0).UTC(), ForgetAt: time.Unix(0, 0).UTC()}
	over := clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, DoNothing: true}
	if err := t.insertOver("throttles", &empty, &over, nil); err != nil {
		return nil, err
	}
	return single[domain.Throttle](t, "throttle", lock(t.table("throttles").Where("key = ?", key)))
}

func (t *tx) SaveThrottle(row *domain.Throttle) error {
	return t.exec("UPDATE throttles SET failures = ?, until_at = ?, changed_at = ?, trusted_at = ?, forget_at = ? WHERE key = ?",
		row.Failures, row.UntilAt, row.ChangedAt, row.TrustedAt, row.ForgetAt, row.Key)
}
