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
	out := []string{}
	for table, kept := range map[string]string{"evidence": "removed_at IS NULL", "visit_files": "removed_at IS NULL",
		"visit_file_parts": "1 = 1"} {
		rows, err := list[row](ctx, r, r.db.table(table).Where(inText(r.db, "file", names)).Where(kept))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out = append(out, rows[i].File)
		}
	}
	return out, nil
}

func (r *reader) VisitFiles(ctx context.Context, visit domain.ID) ([]domain.VisitFile, error) {
	return list[domain.VisitFile](ctx, r, r.db.table("visit_files").Where("visit_id = ?", visit).Order("created_at, id"))
}

func (t *tx) VisitFiles(visit domain.ID) ([]domain.VisitFile, error) {
	return all[domain.VisitFile](t, t.table("visit_files").Where("visit_id = ?", visit).Order("created_at, id"))
}

func (t *tx) FilesOfHome(job domain.ID) ([]domain.VisitFile, error) {
	return all[domain.VisitFile](t, t.table("visit_files").Where("visit_id IN (SELECT id FROM visits WHERE job_id = ?)", job).
		Where("agreed AND removed_at IS NULL AND kind <> 'signature'").Order("created_at, id"))
}

func (t *tx) InsertVisitFile(f *domain.VisitFile) error { return t.insert("visit_files", f) }

func (t *tx) SaveVisitFile(f *domain.VisitFile) error {
	return t.update("visit_files", f, domain.NotFound("file"))
}

func (t *tx) VisitFileParts(file domain.ID) ([]domain.VisitFilePart, error) {
	return all[domain.VisitFilePart](t, t.table("visit_file_parts").Where("file_id = ?", file).Order("from_byte"))
}

func (t *tx) InsertVisitFilePart(p *domain.VisitFilePart) error {
	return t.insert("visit_file_parts", p)
}

func (t *tx) DropVisitFileParts(file domain.ID) error {
	return t.exec("DELETE FROM visit_file_parts WHERE file_id = ?", file)
}
