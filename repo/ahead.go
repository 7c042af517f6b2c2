package repo

import (
	"time"

	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// ahead is what use cases read of nearly every job that they lock. On
// PostgreSQL it travels with the lock in one flight and is handed out once;
// a write to the same table voids it.
type ahead struct {
	customers map[domain.ID]domain.Customer
	holds     map[domain.ID][]domain.Hold // of a job, its customer and site; lifted ones too
	visits    map[domain.ID][]domain.Visit
	policies  map[domain.ID][]domain.Policy
	excluded  map[domain.ID][]domain.Exclusion
}

func newAhead() ahead {
	return ahead{map[domain.ID]domain.Customer{}, map[domain.ID][]domain.Hold{}, map[domain.ID][]domain.Visit{}, map[domain.ID][]domain.Policy{}, map[domain.ID][]domain.Exclusion{}}
}

// take hands out what was read ahead, once: the caller may change it.
func take[T any](m map[domain.ID]T, id domain.ID) (T, bool) {
	v, ok := m[id]
	delete(m, id)
	return v, ok
}

// around makes the reads that go with the lock of a job; job is an expression
// for its id. keep stores what they found.
func (t *tx) around(job clause.Expr) (steps []*step, keep func(domain.Job), err error) {
	if t.db.pool == nil { // nothing to spare without a network
		return nil, func(domain.Job) {}, nil
	}
	of := func(column, of string) clause.Expr {
		return clause.Expr{SQL: column + " = (SELECT " + of + " FROM jobs WHERE id = " + job.SQL + ")", Vars: job.Vars}
	}
	own := clause.Expr{SQL: "job_id = " + job.SQL, Vars: job.Vars}
	add := func(s *step, e error) {
		if err == nil {
			err = e
		}
		steps = append(steps, s)
	}
	head, customers, e := query[customerRow](t.table("customers").Where(of("id", "customer_id")))
	add(head, e)
	more, join, e := householdSteps(t.db, of("customer_id", "customer_id"))
	if e != nil {
		return nil, nil, e
	}
	steps = append(steps, more...)
	s, centres, e := query[domain.Centre](t.table("centres").Where(of("id", "centre_id")))
	add(s, e)
	s, holds, e := query[domain.Hold](t.table("holds").Where(clause.Or(own, of("customer_id", "customer_id"), of("site_id", "site_id"))).Order("since, id"))
	add(s, e)
	s, visits, e := query[domain.Visit](t.table("visits").Where(own).Order("window_start, id"))
	add(s, e)
	s, policies, e := query[domain.Policy](t.table("policies").Where(clause.Or(of("centre_id", "centre_id"), clause.Expr{SQL: "centre_id IS NULL"})).Order("created_at DESC, number DESC, id DESC"))
	add(s, e)
	s, excluded, e := query[domain.Exclusion](t.table("exclusions").Where(of("customer_id", "customer_id")).Where("lifted_at IS NULL").Order("since, id"))
	add(s, e)
	keep = func(j domain.Job) {
		for _, c := range join(*customers) {
			t.ahead.customers[c.ID] = c
		}
		for _, c := range *centres {
			t.centres[c.ID] = c
		}
		for _, v := range *visits {
			t.visits[v.ID] = shapeOf(&v)
		}
		t.ahead.holds[j.ID], t.ahead.visits[j.ID], t.ahead.policies[j.CentreID], t.ahead.excluded[j.CustomerID] = *holds, *visits, *policies, *excluded
	}
	return steps, keep, err
}

// LockDiary locks technicians and reads their diaries in one flight.
func (t *tx) LockDiary(ids []domain.ID, from, to time.Time) (*domain.Diary, error) {
	lockUsers, users, err := query[domain.User](lock(t.table("users").Where(t.db.in("id", ids)).Order("id")))
	if err != nil {
		return nil, err
	}
	readLeaves, leaves, err := query[domain.Leave](t.table("leaves").Where(t.db.in("technician_id", ids)).Where("starts_at < ? AND ends_at > ?", to, from).Order("starts_at, id"))
	if err != nil {
		return nil, err
	}
	readBusy, busy, err := query[domain.Busy](t.table("assignments").Where(t.db.in("technician_id", ids)).Where("active AND starts_at < ? AND ends_at > ?", to, from))
	if err != nil {
		return nil, err
	}
	if err := t.send(lockUsers, readLeaves, readBusy); err != nil {
		return nil, err
	}
	return &domain.Diary{Technicians: *users, Leaves: *leaves, Busy: *busy}, nil
}
