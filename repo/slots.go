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

// nearest asks for the unfinished visits of a technician next to a span: the
// three that begin last before its end, which are all that can meet it or come
// right before it, and the three that begin first after it. Three, for the
// visit itself and the one that it follows may be among them.
const nearest = `SELECT near.technician_id, near.visit_id, near.starts_at, near.ends_at, sites.lat, sites.lon FROM (
	SELECT * FROM (SELECT technician_id, visit_id, job_id, starts_at, ends_at FROM assignments
		WHERE technician_id = ? AND active AND starts_at < ? AND ends_at > ? ORDER BY starts_at DESC LIMIT 3) AS earlier
	UNION ALL
	SELECT * FROM (SELECT technician_id, visit_id, job_id, starts_at, ends_at FROM assignments
		WHERE technician_id = ? AND active AND starts_at >= ? AND starts_at < ? ORDER BY starts_at LIMIT 3) AS later
) AS near JOIN jobs ON jobs.id = near.job_id JOIN sites ON sites.id = jobs.site_id ORDER BY near.starts_at, near.visit_id`

// readNearest reads nearest of each technician.
func (t *tx) readNearest(technicians []domain.ID, from, to time.Time) (reads []*step, busy func() []domain.Busy, err error) {
	var found []*[]domain.Busy
	for _, id := range technicians {
		args := []any{id, to, from.Add(-domain.DiaryReach), id, to, to.Add(domain.DiaryReach)}
		read, rows, err := known[domain.Busy](t.db, "diary.busy", func(q *gorm.DB) *gorm.DB { return q.Raw(nearest, args...) }, "assignments",
			args...)
		if err != nil {
			return nil, nil, err
		}
		reads, found = append(reads, read), append(found, rows)
	}
	return reads, func() (out []domain.Busy) {
		for _, rows := range found {
			out = append(out, *rows...)
		}
		return out
	}, nil
}

// ReadDiary reads the diaries of a centre in one round trip.
func (t *tx) ReadDiary(centre, customer domain.ID, from, to, now time.Time) (*domain.Diary, error) {
	const team = "(SELECT id FROM users WHERE centre_id = ? AND role = 'technician' AND NOT disabled)"
	readUsers, users, err := known[domain.User](t.db, "team.users", func(q *gorm.DB) *gorm.DB {
		return q.Where("centre_id = ? AND role = 'technician' AND NOT disabled", centre).Order("id")
	}, "users", centre)
	if err != nil {
		return nil, err
	}
	readLeaves, leaves, err := known[domain.Leave](t.db, "team.leaves", func(q *gorm.DB) *gorm.DB {
		return q.Where("technician_id IN "+team+" AND status = 'approved' AND starts_at < ? AND ends_at > ?", centre, to, from).
			Order("starts_at, id")
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
		return q.Where("technician_id IN "+team+" AND ends_at > ? AND starts_at < ? AND expires_at > ?", centre, from, to, now).
			Order("starts_at, id")
	}, "slot_holds", centre, from, to, now)
	if err != nil {
		return nil, err
	}
	readExcluded, excluded, err := known[domain.Exclusion](t.db, "diary.exclusions", func(q *gorm.DB) *gorm.DB {
		return q.Where(t.db.ofHousehold("?")+" AND lifted_at IS NULL", customer, customer).Order("since, id")
	}, "exclusions", customer, customer)
	if err != nil {
		return nil, err
	}
	readKept, kept, err := known[domain.StandDown](t.db, "team.kept_away", func(q *gorm.DB) *gorm.DB {
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
	return &domain.Diary{Technicians: *users, Leaves: *leaves, Busy: *busy, Reserved: *held, Known: ids(*there), Excluded: *excluded,
		KeptAway: *kept}, nil
}

func (t *tx) SlotHoldsOf(job domain.ID) ([]domain.SlotHold, error) {
	return all[domain.SlotHold](t, t.table("slot_holds").Where("job_id = ?", job).Order("technician_id"))
}

func (t *tx) InsertSlotHold(h *domain.SlotHold) error { return t.insert("slot_holds", h) }

func (t *tx) DropSlotHolds(job domain.ID) error {
	return t.exec("DELETE FROM slot_holds WHERE job_id = ?", job)
}
