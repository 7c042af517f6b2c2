package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) InsertSecurityEvent(e *domain.SecurityEvent) error { return t.insert("security_log", e) }

func (r *reader) SecurityLog(ctx context.Context, f domain.SecurityFilter, p domain.Page) ([]domain.SecurityEvent, error) {
	q := r.db.gorm.WithContext(ctx).Table("security_log")
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.UserID != nil {
		q = q.Where("user_id = ? OR actor_id = ?", *f.UserID, *f.UserID)
	}
	return list[domain.SecurityEvent](ctx, r, q.Clauses(pageOf(p, "security_log", true)...))
}
