package repo

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"doorstep/domain"
)

func (t *tx) LockImport(id domain.ID) (*domain.Import, error) {
	return single[domain.Import](t, "import", lock(t.table("imports").Where("id = ?", id)))
}

func (t *tx) InsertImport(i *domain.Import) error { return t.insert("imports", i) }

func (t *tx) SaveImport(i *domain.Import) error { return t.save("imports", &i.Meta, i) }

func (t *tx) InsertImportChange(c *domain.ImportChange) error { return t.insert("import_changes", c) }

func (t *tx) ImportChanges(id domain.ID, below, n int) ([]domain.ImportChange, error) {
	return all[domain.ImportChange](t, t.table("import_changes").Where("import_id = ? AND line < ? AND NOT undone", id, below).
		Order("line DESC, at DESC, id").Limit(n))
}

func (t *tx) MarkUndone(change domain.ID) error {
	return t.exec("UPDATE import_changes SET undone = ? WHERE id = ?", true, change)
}

// reached keeps notices that a technician or a household got, or saw in the inbox.
const reached = " AND n.created_at >= ? AND (n.state = 'done' OR n.seen_at IS NOT NULL) AND (n.customer_id IS NOT NULL OR " +
	"n.user_id IN (SELECT id FROM users WHERE role = 'technician'))"

func (t *tx) ToldOfImport(i *domain.Import, job *domain.ID) ([]domain.ImportTold, error) {
	const from = "SELECT j.id AS job_id, COALESCE(j.external_ref, '') AS external_ref, n.user_id, '' AS who, n.title, n.created_at AS at " +
		"FROM import_changes c JOIN jobs j ON j.id = c.job_id "
	of, args := " WHERE c.import_id = ? AND NOT c.undone", []any{i.ID, i.CreatedAt, i.ID, i.CreatedAt}
	if job != nil {
		of, args = of+" AND c.job_id = ?", []any{i.ID, *job, i.CreatedAt, i.ID, *job, i.CreatedAt}
	}
	return all[domain.ImportTold](t, t.table("notices").Raw("SELECT * FROM ("+from+
		"JOIN visits v ON v.job_id = j.id JOIN notices n ON n.visit_id = v.id"+of+reached+
		" UNION "+from+"JOIN notices n ON n.job_id = j.id AND n.visit_id IS NULL"+of+reached+
		") told ORDER BY at, external_ref, job_id LIMIT 200", args...))
}

func (t *tx) DropPending(job domain.ID, since time.Time) error {
	const which = "state = 'pending' AND created_at >= ? AND (job_id = ? AND visit_id IS NULL OR visit_id IN (SELECT id FROM visits WHERE job_id = ?))"
	if err := t.noticesChanged(t.table("notices").Where(which, since, job, job)); err != nil {
		return err
	}
	return t.exec("UPDATE notices SET state = ?, waits = ? WHERE "+which, withdrawn, false, since, job, job)
}

func (t *tx) ImportAnswers(centre domain.ID) ([]domain.ImportAnswer, error) {
	return all[domain.ImportAnswer](t, t.table("import_answers").Where("centre_id = ?", centre).Order("at, about"))
}

func (t *tx) PutImportAnswer(a *domain.ImportAnswer) error {
	if err := t.insertOver("import_answers", a, &clause.OnConflict{Columns: []clause.Column{{Name: "centre_id"}, {Name: "about"}},
		DoUpdates: clause.AssignmentColumns([]string{"answer", "by_id", "at"})}, nil); err != nil {
		return err
	}
	return t.exec("DELETE FROM import_answers WHERE centre_id = ? AND about IN (SELECT about FROM import_answers WHERE centre_id = ? "+
		"ORDER BY at DESC, about LIMIT 1000000 OFFSET ?)", a.CentreID, a.CentreID, domain.ImportAnswersKept)
}

func (t *tx) DropImportAnswers(centre domain.ID, about string) error {
	return t.exec("DELETE FROM import_answers WHERE centre_id = ? AND (about = ? OR ? = '')", centre, about, about)
}

func (r *reader) Imports(ctx context.Context, s domain.Scope, centre *domain.ID, p domain.Page) ([]domain.Import, error) {
	q := r.scoped(s, "imports")
	if centre != nil {
		q = q.Where("centre_id = ?", *centre)
	}
	return list[domain.Import](ctx, r, q.Clauses(pageOf(p, "imports", true)...))
}
