package repo

import (
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// jobsFrom reads jobs and notes where they are.
func (t *tx) jobsFrom(q *gorm.DB) ([]domain.Job, error) {
	jobs, err := all[domain.Job](t, q)
	for i := range jobs {
		t.places[jobs[i].ID] = placeOfJob(&jobs[i])
	}
	return jobs, err
}

func (t *tx) job(q *gorm.DB) (*domain.Job, error) {
	jobs, err := t.jobsFrom(q.Limit(1))
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, domain.NotFound("job")
	}
	return &jobs[0], nil
}

func (t *tx) Job(id domain.ID) (*domain.Job, error) {
	return t.job(t.table("jobs").Where("id = ?", id))
}

// LockJob locks a job and reads around it.
func (t *tx) LockJob(id domain.ID) (*domain.Job, error) {
	first, jobs, err := known[domain.Job](t.db, "lock.job", func(q *gorm.DB) *gorm.DB { return lock(q.Where("id = ?", id)) }, "jobs", id)
	if err != nil {
		return nil, err
	}
	around, keep := t.around(clause.Expr{SQL: "$1", Vars: []any{id}})
	t.opensWith(id)
	if err := t.send(first, around); err != nil {
		return nil, err
	}
	if len(*jobs) == 0 {
		return nil, domain.NotFound("job")
	}
	j := (*jobs)[0]
	t.places[j.ID], t.locked[j.ID] = placeOfJob(&j), j.Version
	keep(j)
	return &j, t.remember("jobs", j.ID, &j)
}

func (t *tx) JobByRef(ref string) (*domain.Job, error) {
	if t.ahead.free[ref] {
		return nil, domain.NotFound("job")
	}
	return t.job(t.table("jobs").Where("external_ref = ?", ref))
}

func (t *tx) JobByTicket(ref string) (*domain.Job, error) {
	j, err := t.job(t.table("jobs").Where("external_ref IN (?, ?, ?)", ref, strings.ToUpper(ref), strings.ToLower(ref)).
		Clauses(clause.OrderBy{Expression: is("external_ref <> ?", ref)}))
	t.ahead.free[ref] = domain.IsCode(err, domain.CodeNotFound)
	return j, err
}

func (t *tx) InsertJob(j *domain.Job) error {
	clear(t.ahead.free)
	if err := t.about(j.ID, func() error { return t.insert("jobs", j) }); err != nil {
		return err
	}
	return t.settle(j)
}

func (t *tx) SaveJob(j *domain.Job) error {
	clear(t.ahead.free)
	key := j.ID
	if t.places[j.ID].site != j.SiteID { // which the diaries of others show
		key = domain.ID{}
	}
	if err := t.about(key, func() error { return t.save("jobs", &j.Meta, j) }); err != nil {
		return err
	}
	return t.settle(j)
}

// settle lets the centre of a job see its household, for good, and keeps the
// reference by which it is looked for.
func (t *tx) settle(j *domain.Job) error {
	was, ok := t.places[j.ID]
	t.places[j.ID] = placeOfJob(j)
	t.changedOf(domain.ChangedJob, j.Meta, &j.CentreID, j.CustomerID)
	if ref := t.places[j.ID].ref; ref != was.ref {
		if err := t.putJobText(j); err != nil {
			return err
		}
	}
	if ok && was.centre == j.CentreID {
		return nil
	}
	if ok { // the centre that gave it away learns of it too
		t.changedOf(domain.ChangedJob, j.Meta, &was.centre, j.CustomerID)
	}
	return t.show(j.CustomerID, j.CentreID)
}

func (t *tx) OpenJobsOf(customer domain.ID) ([]domain.Job, error) {
	return t.jobsFrom(t.table("jobs").Where("customer_id = ? AND status NOT IN ('closed', 'cancelled')", customer).Order("id"))
}

func (t *tx) LatestJobOf(customer domain.ID) (*domain.Job, error) {
	return t.job(t.table("jobs").Where("customer_id = ?", customer).Order("opened_at DESC, id DESC"))
}

func (t *tx) LatestJobBySerial(serial string, since time.Time, not domain.ID) (*domain.Job, error) {
	return t.job(t.table("jobs").Where("serial = ? AND serial <> '' AND opened_at >= ? AND id <> ?", serial, since, not).
		Order("opened_at DESC, id DESC"))
}

func (t *tx) HoldsOver(j *domain.Job, lifted bool) ([]domain.Hold, error) {
	if holds, ok := take(t.ahead.holds, j.ID); ok && lifted {
		return holds, nil
	}
	name, which := "holds", "1 = 1"
	if !lifted {
		name, which = "open holds", "lifted_at IS NULL"
	}
	return allKnown[domain.Hold](t, name, func(q *gorm.DB) *gorm.DB {
		return q.Where("(job_id = ? OR "+t.db.ofHousehold("?")+" OR site_id = ?)", j.ID, j.CustomerID, j.CustomerID, j.SiteID).Where(which).
			Order("since, id")
	}, "holds", j.ID, j.CustomerID, j.CustomerID, j.SiteID)
}

func (t *tx) Hold(id domain.ID) (*domain.Hold, error) {
	return single[domain.Hold](t, "hold", t.table("holds").Where("id = ?", id))
}

func (t *tx) InsertHold(h *domain.Hold) error {
	clear(t.ahead.holds)
	t.changes.held(h)
	return t.insert("holds", h)
}

func (t *tx) SaveHold(h *domain.Hold) error {
	clear(t.ahead.holds)
	t.changes.held(h)
	return t.update("holds", h, domain.NotFound("hold"))
}
