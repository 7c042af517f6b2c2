package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) EvidenceOf(flag domain.ID) ([]domain.Evidence, error) {
	return all[domain.Evidence](t, t.table("evidence").Where("flag_id = ?", flag).Order("created_at, id"))
}

func (t *tx) InsertEvidence(e *domain.Evidence) error { return t.insert("evidence", e) }

func (t *tx) SaveEvidence(e *domain.Evidence) error {
	return t.update("evidence", e, domain.NotFound("evidence"))
}

// Evidence of a report is at most a handful of files.
func (r *reader) Evidence(ctx context.Context, flag domain.ID) ([]domain.Evidence, error) {
	return list[domain.Evidence](ctx, r, r.db.table("evidence").Where("flag_id = ?", flag).Order("created_at, id").Limit(maxPage))
}

func (r *reader) EvidenceFiles(ctx context.Context, names []string) ([]string, error) {
	type row struct{ File string }
	rows, err := list[row](ctx, r, r.db.table("evidence").Where(inText(r.db, "file", names)).Where("removed_at IS NULL"))
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].File
	}
	return out, err
}
