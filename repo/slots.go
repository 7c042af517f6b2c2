package repo

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// busyOf asks for unfinished visits between two instants, with their places.
func busyOf(q *gorm.DB, whose clause.Expr, before, after time.Time) *gorm.DB {
	return q.Select("assignments.technician_id, assignments.visit_id, assignments.starts_at, assignments.ends_at, sites.lat, sites.lon").
		Joins("JOIN jobs ON jobs.id = assignments.job_id JOIN sites ON sites.id = jobs.site_id").
		Where(whose).Where("assignments.active AND assignments.starts_at < ? AND assignments.ends_at > ?", before, after).
		Order("assignments.starts_at, assignments.visit_id")
}

// busyNear is busyOf for the few visits around one, each of which finds its
// place by keys. PostgreSQL cannot know from a plan made once that they are
// few, and would read all jobs there are.
func (db *DB) busyNear(q *gorm.DB, whose clause.Expr, before, after time.Time) *gorm.DB {
	if db.pool == nil {
		return busyOf(q, whose, before, after)
	}
	return q.Select("assignments.technician_id, assignments.visit_id, assignments.starts_at, assignments.ends_at, place.lat, place.lon").
		Joins("CROSS JOIN LATERAL (SELECT sites.lat, sites.lon FROM jobs JOIN sites ON sites.id = jobs.site_id WHERE jobs.id = assignments.job_id LIMIT 1) AS place").
		Where(whose).Where("assignments.active AND assignments.starts_at < ? AND assignments.ends_at > ?", before, after).
		Order("assignments.starts_at, assignments.visit_id")
}

// ReadDiary reads the diaries of a centre in one flight.
func (t *tx) ReadDiary(centre, customer domain.ID, from, to, now time.Time) (*domain.Diary, error) {
	const team = "(SELECT id FROM users WHERE centre_id = ? AND role = 'technician' AND NOT disabled)"
	readUsers, users, err := known[domain.User](t.db, "team.users", func(q *gorm.DB) *gorm.DB {
		return q.Where("centre_id = ? AND role = 'technician' AND NOT disabled", centre).Order("id")
	}, "users", centre)
	if err != nil {
		return nil, err
	}
	readLeaves, leaves, err := known[domain.Leave](t.db, "team.leaves", func(q *gorm.DB) *gorm.DB {
		return q.Where("technician_id IN "+team+" AND status = 'approved' AND starts_at < ? AND ends_at > ?", centre, to, from).Order("starts_at, id")
	}, "leaves", centre, to, from)
	if err != nil {
		return nil, err
	}
	readBusy, busy, err := known[domain.Busy](t.db, "team.busy", func(q *gorm.DB) *gorm.DB {
		return busyOf(q, clause.Expr{SQL: "assignments.technician_id IN " + team, Vars: []any{centre}}, to, from)
	}, "assignments", centre, to, from)
	if err != nil {
		return nil, err
	}
	readHeld, held, err := known[domain.SlotHold](t.db, "team.slot_holds", func(q *gorm.DB) *gorm.DB {
		return q.Where("technician_id IN "+team+" AND ends_at > ? AND starts_at < ? AND expires_at > ?", centre, from, to, now).Order("starts_at, id")
	}, "slot_holds", centre, from, to, now)
	if err != nil {
		return nil, err
	}
	readExcluded, excluded, err := known[domain.Exclusion](t.db, "diary.exclusions", func(q *gorm.DB) *gorm.DB {
		return q.Where("customer_id = ? AND lifted_at IS NULL", customer).Order("since, id")
	}, "exclusions", customer)
	if err != nil {
		return nil, err
	}
	readKept, kept, err := known[domain.KeepAway](t.db, "team.kept_away", func(q *gorm.DB) *gorm.DB {
		return q.Where("user_id IN "+team+" AND lifted_at IS NULL", centre).Order("since, id")
	}, "keep_aways", centre)
	if err != nil {
		return nil, err
	}
	readThere, there, err := known[idRow](t.db, "team.known", func(q *gorm.DB) *gorm.DB {
		return q.Select("id").Where("id IN "+team+` AND id IN (SELECT a.technician_id FROM assignments a JOIN visits v ON v.id = a.visit_id
			WHERE v.job_id IN (SELECT id FROM jobs WHERE customer_id = ?) AND v.status IN ('completed', 'partial'))`, centre, customer).Order("id")
	}, "users", centre, customer)
	if err != nil {
		return nil, err
	}
	if err := t.send(readUsers, readLeaves, readBusy, readHeld, readExcluded, readKept, readThere); err != nil {
		return nil, err
	}
	return &domain.Diary{Technicians: *users, Leaves: *leaves, Busy: *busy, Reserved: *held, Known: ids(*there), Excluded: *excluded, KeptAway: *kept}, nil
}

func (t *tx) SlotHoldsOf(job domain.ID) ([]domain.SlotHold, error) {
	return all[domain.SlotHold](t, t.table("slot_holds").Where("job_id = ?", job).Order("technician_id"))
}

func (t *tx) InsertSlotHold(h *domain.SlotHold) error { return t.insert("slot_holds", h) }

func (t *tx) DropSlotHolds(job domain.ID) error {
	return t.exec("DELETE FROM slot_holds WHERE job_id = ?", job)
}
