package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

// MarkNotified leaves the versions alone: nobody decided anything.
func (t *tx) MarkNotified(job domain.ID, visit *domain.ID, at time.Time) error {
	clear(t.ahead.visits)
	clear(t.ahead.attempts)
	ended := "UPDATE visits SET told_at = ? WHERE job_id = ? AND told_at IS NULL AND ended_at IS NOT NULL"
	return t.about(job, func() error {
		if visit != nil {
			return t.exec(ended+" AND id = ?", at, job, *visit)
		}
		if err := t.exec("UPDATE attempts SET told_at = ? WHERE job_id = ? AND told_at IS NULL AND direction = 'outbound' AND occurred_at <= ?",
			at, job, at); err != nil {
			return err
		}
		return t.exec(ended, at, job)
	})
}

func (t *tx) AttemptsByLink(link domain.ID) ([]domain.Attempt, error) {
	return all[domain.Attempt](t, t.table("attempts").Where("link_id = ?", link).Order("job_id, occurred_at, id"))
}

func (t *tx) Dispute(id domain.ID) (*domain.Dispute, error) {
	return single[domain.Dispute](t, "dispute", t.table("disputes").Where("id = ?", id))
}

func (t *tx) DisputeOfAttempt(attempt domain.ID) (*domain.Dispute, error) {
	return single[domain.Dispute](t, "dispute", t.table("disputes").Where("attempt_id = ? AND status <> 'withdrawn'", attempt))
}

func (t *tx) DisputesOf(job domain.ID) ([]domain.Dispute, error) {
	return all[domain.Dispute](t, t.table("disputes").Where("job_id = ?", job).Order("created_at, id"))
}

func (t *tx) InsertDispute(d *domain.Dispute) error { return t.insert("disputes", d) }

func (t *tx) SaveDispute(d *domain.Dispute) error { return t.save("disputes", &d.Meta, d) }

func (t *tx) DoneCheck(id domain.ID) (*domain.DoneCheck, error) {
	return single[domain.DoneCheck](t, "check", t.table("done_checks").Where("id = ?", id))
}

func (t *tx) DoneCheckOf(visit domain.ID) (*domain.DoneCheck, error) {
	return single[domain.DoneCheck](t, "check", t.table("done_checks").Where("visit_id = ?", visit))
}

func (t *tx) InsertDoneCheck(c *domain.DoneCheck) error { return t.insert("done_checks", c) }

func (t *tx) SaveDoneCheck(c *domain.DoneCheck) error { return t.save("done_checks", &c.Meta, c) }

func (r *reader) Disputes(ctx context.Context, s domain.Scope, f domain.DisputeFilter, p domain.Page) ([]domain.Dispute, error) {
	q := r.scoped(s, "disputes")
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "status", f.Status))
	}
	if f.JobID != nil {
		q = q.Where("job_id = ?", *f.JobID)
	}
	return paged[domain.Dispute](ctx, r, q, "disputes", p)
}

func (r *reader) Dispute(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Dispute, error) {
	return one[domain.Dispute](ctx, r, "dispute", r.scoped(s, "disputes").Where("id = ?", id))
}

func (r *reader) DoneChecks(ctx context.Context, s domain.Scope, status string, p domain.Page) ([]domain.DoneCheck, error) {
	q := r.scoped(s, "done_checks")
	if status != "" {
		q = q.Where("status = ?", status)
	}
	return paged[domain.DoneCheck](ctx, r, q, "done_checks", p)
}
