package repo

import (
	"context"
	"time"

	"gorm.io/gorm"

	"doorstep/domain"
)

// windowMost is how long a window is at most: a planned start lies in it.
const windowMost = 12 * time.Hour

// takenVisits asks for the visits of a centre with a planned start in
// [from, to), a row for each of the crew, by (planned_start, id).
func takenVisits(q *gorm.DB, centre, also domain.ID, from, to time.Time) *gorm.DB {
	return q.Select("visits.id AS visit_id, assignments.technician_id, visits.planned_start").
		Joins("LEFT JOIN assignments ON assignments.visit_id = visits.id AND assignments.current").
		Where("visits.centre_id = ? AND visits.window_start >= ? AND visits.window_start < ? AND visits.planned_start >= ? AND visits.planned_start < ?", centre, from.Add(-windowMost), to, from, to).
		Where("(visits.status NOT IN ('cancelled', 'rescheduled', 'missed') OR visits.id = ?)", also).
		Order("visits.planned_start, visits.id, assignments.technician_id")
}

// takenHolds asks for the times that are kept for customers there.
func takenHolds(q *gorm.DB, centre domain.ID, from, to, now time.Time) *gorm.DB {
	return q.Select("slot_holds.job_id AS visit_id, slot_holds.technician_id, slot_holds.starts_at AS planned_start").
		Joins("JOIN jobs ON jobs.id = slot_holds.job_id").
		Where("jobs.centre_id = ? AND slot_holds.starts_at >= ? AND slot_holds.starts_at < ? AND slot_holds.expires_at > ?", centre, from, to,
			now).
		Order("slot_holds.starts_at, slot_holds.job_id, slot_holds.technician_id")
}

// Taken reads visits and kept times of a centre in one round trip.
func (t *tx) Taken(centre, also domain.ID, from, to, now time.Time) ([]domain.BookedCapacity, error) {
	readVisits, visits, err := query[domain.BookedCapacity](takenVisits(t.table("visits"), centre, also, from, to))
	if err != nil {
		return nil, err
	}
	readHolds, holds, err := query[domain.BookedCapacity](takenHolds(t.table("slot_holds"), centre, from, to, now))
	if err != nil {
		return nil, err
	}
	if err := t.send(readVisits, readHolds); err != nil {
		return nil, err
	}
	return append(*visits, *holds...), nil
}

func (r *reader) Taken(ctx context.Context, s domain.Scope, centre domain.ID, from, to, now time.Time) ([]domain.BookedCapacity, error) {
	visits, err := list[domain.BookedCapacity](ctx, r, takenVisits(r.scoped(s, "visits"), centre, domain.ID{}, from, to))
	if err != nil {
		return nil, err
	}
	holds, err := list[domain.BookedCapacity](ctx, r, takenHolds(r.db.table("slot_holds"), centre, from, to, now))
	return append(visits, holds...), err
}
