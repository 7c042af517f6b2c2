package repo

import (
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// unfinished visits occupy their crew; spelled like the partial indexes.
const unfinished = "status IN ('scheduled', 'en_route', 'arrived', 'in_progress')"

// shape is what the assignments of a visit depend on.
type shape struct {
	crew, ever       []domain.ID
	active           bool
	window, from, to time.Time
}

func shapeOf(v *domain.Visit) shape {
	return shape{crew: slices.Clone(v.Crew), ever: slices.Clone(v.EverCrew), active: v.Status.Unfinished(), window: v.WindowStart,
		from: v.PlannedStart, to: v.PlannedEnd()}
}

// visitsFrom reads visits and notes their shape.
func (t *tx) visitsFrom(q *gorm.DB) ([]domain.Visit, error) { return t.noted(all[domain.Visit](t, q)) }

func (t *tx) noted(visits []domain.Visit, err error) ([]domain.Visit, error) {
	for i := range visits {
		t.visits[visits[i].ID] = shapeOf(&visits[i])
	}
	return visits, err
}

func (t *tx) Visit(id domain.ID) (*domain.Visit, error) {
	visits, err := t.visitsFrom(t.table("visits").Where("id = ?", id).Limit(1))
	if err != nil {
		return nil, err
	}
	if len(visits) == 0 {
		return nil, domain.NotFound("visit")
	}
	return &visits[0], nil
}

// LockVisit locks job and visit in one round trip, as two statements: the second
// sees what the first had to wait for.
func (t *tx) LockVisit(id domain.ID) (*domain.Job, *domain.Visit, error) {
	first, jobs, err := known[domain.Job](t.db, "lock.job of visit", func(q *gorm.DB) *gorm.DB {
		return lock(q.Where("id = (SELECT job_id FROM visits WHERE id = ?)", id))
	}, "jobs", id)
	if err != nil {
		return nil, nil, err
	}
	second, visits, err := known[domain.Visit](t.db, "lock.visit", func(q *gorm.DB) *gorm.DB { return lock(q.Where("id = ?", id)) }, "visits",
		id)
	if err != nil {
		return nil, nil, err
	}
	around, keep := t.around(clause.Expr{SQL: "(SELECT job_id FROM visits WHERE id = $1)", Vars: []any{id}})
	if err := t.send(first, second, around); err != nil {
		return nil, nil, err
	}
	if len(*jobs) == 0 || len(*visits) == 0 {
		return nil, nil, domain.NotFound("visit")
	}
	j, v := &(*jobs)[0], &(*visits)[0]
	t.places[j.ID], t.visits[v.ID] = placeOfJob(j), shapeOf(v)
	t.locked[j.ID], t.locked[v.ID] = j.Version, v.Version
	keep(*j)
	return j, v, errors.Join(t.remember("jobs", j.ID, j), t.remember("visits", v.ID, v))
}

func (t *tx) InsertVisit(v *domain.Visit) error {
	clear(t.ahead.visits)
	everCrew(v)
	if err := t.about(v.JobID, func() error { return t.insert("visits", v) }); err != nil {
		return err
	}
	return t.assign(v, shape{})
}

func (t *tx) SaveVisit(v *domain.Visit) error {
	clear(t.ahead.visits)
	everCrew(v)
	was, known := t.visits[v.ID]
	if !known { // not read in this transaction: what is stored is unknown
		old, err := t.Visit(v.ID)
		if err != nil {
			return err
		}
		was = shapeOf(old)
	}
	if err := t.about(v.JobID, func() error { return t.save("visits", &v.Meta, v) }); err != nil {
		return err
	}
	return t.assign(v, was)
}

// everCrew keeps who has a row in assignments.
func everCrew(v *domain.Visit) {
	for _, id := range v.Crew {
		if !slices.Contains(v.EverCrew, id) {
			v.EverCrew = append(v.EverCrew, id)
		}
	}
}

// assign brings the assignments of a visit from what they were to what they
// are now; nothing is sent when that is the same.
func (t *tx) assign(v *domain.Visit, was shape) error {
	is := shapeOf(v)
	t.visits[v.ID] = is
	t.changed(domain.ChangedVisit, v.Meta, &v.CentreID, slices.Concat(is.crew, was.crew)...)
	moved := is.active != was.active || !is.window.Equal(was.window) || !is.from.Equal(was.from) || !is.to.Equal(was.to)
	for _, id := range was.crew {
		if !slices.Contains(is.crew, id) {
			if err := t.about(id, func() error {
				return t.exec("UPDATE assignments SET active = ?, current = ? WHERE visit_id = ? AND technician_id = ?", false, false, v.ID, id)
			}); err != nil {
				return err
			}
		}
	}
	for _, id := range is.crew {
		if err := t.about(id, func() error {
			switch {
			case !slices.Contains(was.ever, id):
				// DO NOTHING and not a plain insert: that would let two writers
				// of one slot wait for each other.
				return t.mustExec(errOverlap(),
					"INSERT INTO assignments (visit_id, technician_id, job_id, window_start, starts_at, ends_at, active, current, centre_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
					v.ID, id, v.JobID, is.window, is.from, is.to, is.active, true, v.CentreID)
			case moved || !slices.Contains(was.crew, id):
				return t.exec("UPDATE assignments SET window_start = ?, starts_at = ?, ends_at = ?, active = ?, current = ?, centre_id = ? WHERE visit_id = ? AND technician_id = ?",
					is.window, is.from, is.to, is.active, true, v.CentreID, v.ID, id)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) VisitsOfJob(job domain.ID) ([]domain.Visit, error) {
	if visits, ok := take(t.ahead.visits, job); ok {
		return visits, nil
	}
	return t.noted(allKnown[domain.Visit](t, "visits of job", func(q *gorm.DB) *gorm.DB {
		return q.Where("job_id = ?", job).
			Order("window_start, id")
	}, "visits", job))
}

func (t *tx) UnfinishedOfCustomer(customer domain.ID) ([]domain.Visit, error) {
	return t.visitsFrom(t.table("visits").Where(t.db.ofHousehold("?")+" AND "+unfinished, customer, customer).Order("window_start, id"))
}

func (t *tx) VisitsOfCentreDay(centre domain.ID, from, to time.Time) ([]domain.Visit, error) {
	return t.visitsFrom(t.table("visits").Where("centre_id = ? AND status = 'scheduled' AND window_start >= ? AND window_start < ?", centre,
		from, to).Order("window_start, id"))
}

func (t *tx) BusyBetween(technician domain.ID, from, to time.Time) ([]domain.Visit, error) {
	return t.visitsFrom(t.table("visits").
		Where("id IN (SELECT visit_id FROM assignments WHERE technician_id = ? AND active AND starts_at < ? AND ends_at > ?)",
			technician, to, from).Order("planned_start, id"))
}

func (t *tx) UnderWayOf(technician domain.ID) ([]domain.Visit, error) {
	return t.visitsFrom(t.table("visits").
		Where("status IN ('en_route', 'arrived', 'in_progress') AND id IN (SELECT visit_id FROM assignments WHERE technician_id = ? AND active)",
			technician).Order("planned_start, id"))
}

func (t *tx) Exclusions(customer domain.ID) ([]domain.Exclusion, error) {
	return all[domain.Exclusion](t, t.table("exclusions").Where(t.db.ofHousehold("?")+" AND lifted_at IS NULL", customer, customer).
		Order("since, id"))
}

func (t *tx) InsertExclusion(e *domain.Exclusion) error {
	return t.insert("exclusions", e)
}

func (t *tx) LockExclusion(id domain.ID) (*domain.Exclusion, error) {
	return single[domain.Exclusion](t, "exclusion", lock(t.table("exclusions").Where("id = ?", id)))
}

func (t *tx) SaveExclusion(e *domain.Exclusion) error {
	return t.update("exclusions", e, domain.NotFound("exclusion"))
}
