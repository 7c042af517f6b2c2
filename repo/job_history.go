package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

func (t *tx) Step(id domain.ID) (*domain.StepRecord, error) {
	return single[domain.StepRecord](t, "tried step", t.table("tried_steps").Where("id = ?", id))
}

func (t *tx) StepsOf(jobs []domain.ID) ([]domain.StepRecord, error) {
	return all[domain.StepRecord](t, t.table("tried_steps").Where(t.db.in("job_id", jobs)).Where("withdrawn_at IS NULL").
		Order("occurred_at, id"))
}

func (t *tx) EntriesOfKind(job domain.ID, kind string) ([]domain.Entry, error) {
	return all[domain.Entry](t, t.table("facts").Where("job_id = ? AND kind = ?", job, kind).Order("seq"))
}

func (t *tx) InsertStep(r *domain.StepRecord) error { return t.insert("tried_steps", r) }

func (t *tx) SaveStep(r *domain.StepRecord) error { return t.save("tried_steps", &r.Meta, r) }

func (r *reader) Steps(ctx context.Context, s domain.Scope, jobs []domain.ID) ([]domain.StepRecord, error) {
	return list[domain.StepRecord](ctx, r, r.scoped(s, "tried_steps").Where(r.db.in("job_id", jobs)).Where("withdrawn_at IS NULL").
		Order("occurred_at, id"))
}

func (r *reader) EntriesOfKind(ctx context.Context, s domain.Scope, job domain.ID, kind string) ([]domain.Entry, error) {
	return list[domain.Entry](ctx, r, r.scoped(s, "facts").Where("job_id = ? AND kind = ?", job, kind).Order("seq"))
}

func (t *tx) LockThanks(id domain.ID) (*domain.Thanks, error) {
	return single[domain.Thanks](t, "thank-you", lock(t.table("thanks").Where("id = ?", id)))
}

func (t *tx) ThanksOfVisit(visit domain.ID) (bool, error) {
	type given struct{ ID domain.ID }
	rows, err := all[given](t, t.table("thanks").Where("visit_id = ?", visit).Limit(1))
	return len(rows) > 0, err
}

func (t *tx) ThanksOfJob(job domain.ID) ([]domain.Thanks, error) {
	return all[domain.Thanks](t, lock(t.table("thanks").Where("job_id = ?", job).Order("id")))
}

func (t *tx) InsertThanks(k *domain.Thanks) error {
	if err := t.insert("thanks", k); err != nil {
		return err
	}
	for _, user := range k.Crew {
		if err := t.exec("INSERT INTO thanks_crew (thanks_id, user_id) VALUES (?, ?)", k.ID, user); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) SaveThanks(k *domain.Thanks) error { return t.save("thanks", &k.Meta, k) }

// UndeliveredThanks starts from the people: few have thanks that wait.
func (t *tx) UndeliveredThanks(id *domain.ID, users []domain.ID) ([]domain.ThanksFor, error) {
	q := t.table("thanks_crew").Where("delivered_at IS NULL").Order("thanks_id, user_id")
	if id != nil {
		return all[domain.ThanksFor](t, q.Where("thanks_id = ?", *id))
	}
	return all[domain.ThanksFor](t, q.Where(t.db.in("user_id", users)).
		Where("EXISTS (SELECT 1 FROM thanks WHERE thanks.id = thanks_crew.thanks_id AND thanks.status = 'approved')"))
}

func (t *tx) DeliverThanks(to domain.ThanksFor, at time.Time) (bool, error) {
	q := t.db.table("thanks_crew").
		Raw("UPDATE thanks_crew SET delivered_at = ? WHERE thanks_id = ? AND user_id = ? AND delivered_at IS NULL RETURNING thanks_id, user_id",
			at, to.ThanksID, to.UserID)
	rows, err := all[domain.ThanksFor](t, q)
	return len(rows) == 1, err
}

// Thanks are the centre's, or the area's; a technician's are those delivered
// to them, whatever their status says to others.
func (r *reader) Thanks(ctx context.Context, a domain.Actor, status string, p domain.Page) ([]domain.Thanks, error) {
	if a.Role != domain.RoleTechnician {
		q := r.scoped(a.Scope(), "thanks")
		if status != "" {
			q = q.Where("status = ?", status)
		}
		return paged[domain.Thanks](ctx, r, q, "thanks", p)
	}
	if status != "" && status != "delivered" {
		return []domain.Thanks{}, nil
	}
	q := r.db.table("thanks").Where("id IN (SELECT thanks_id FROM thanks_crew WHERE user_id = ? AND delivered_at IS NOT NULL)", a.UserID)
	return paged[domain.Thanks](ctx, r, q, "thanks", p)
}
