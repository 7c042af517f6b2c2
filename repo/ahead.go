package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

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
}

func newAhead() ahead {
	return ahead{map[domain.ID]domain.Customer{}, map[domain.ID][]domain.Hold{}, map[domain.ID][]domain.Visit{}, map[domain.ID][]domain.Policy{}}
}

// take hands out what was read ahead, once: the caller may change it.
func take[T any](m map[domain.ID]T, id domain.ID) (T, bool) {
	v, ok := m[id]
	delete(m, id)
	return v, ok
}

// aroundJob reads everything around a job as one row of JSON: seven
// statements cost PostgreSQL more than it takes to write and read the text.
const aroundJob = `SELECT
(SELECT row_to_json(x) FROM customers x WHERE x.id = j.customer_id),
(SELECT json_agg(x ORDER BY x.position, x.id) FROM contacts x WHERE x.customer_id = j.customer_id),
(SELECT json_agg(x ORDER BY x.position, x.id) FROM sites x WHERE x.customer_id = j.customer_id),
(SELECT row_to_json(x) FROM centres x WHERE x.id = j.centre_id),
(SELECT json_agg(x ORDER BY x.since, x.id) FROM holds x WHERE x.job_id = j.id OR x.customer_id = j.customer_id OR x.site_id = j.site_id),
(SELECT json_agg(x ORDER BY x.window_start, x.id) FROM visits x WHERE x.job_id = j.id),
(SELECT json_agg(x ORDER BY x.created_at DESC, x.number DESC, x.id DESC) FROM policies x WHERE x.centre_id = j.centre_id OR x.centre_id IS NULL)
FROM jobs j WHERE j.id = `

// around makes the read that goes with the lock of a job; job is an
// expression for its id. keep stores what it found.
func (t *tx) around(job clause.Expr) (read *step, keep func(domain.Job) error) {
	var customer, contacts, sites, centre, holds, visits, policies []byte
	read = &step{sql: aroundJob + job.SQL, args: job.Vars, rows: func(rows rowSet) error {
		for rows.Next() {
			if err := rows.Scan(&customer, &contacts, &sites, &centre, &holds, &visits, &policies); err != nil {
				return err
			}
		}
		return rows.Err()
	}}
	keep = func(j domain.Job) error {
		var head customerRow
		home := domain.Customer{Contacts: []domain.Contact{}, Sites: []domain.Site{}}
		var at domain.Centre
		var h []domain.Hold
		var v []domain.Visit
		var p []domain.Policy
		err := errors.Join(t.db.fromJSON(customer, &head), rowsFromJSON(t.db, contacts, &home.Contacts), rowsFromJSON(t.db, sites, &home.Sites), t.db.fromJSON(centre, &at),
			rowsFromJSON(t.db, holds, &h), rowsFromJSON(t.db, visits, &v), rowsFromJSON(t.db, policies, &p))
		if err != nil {
			return err
		}
		home.Meta, home.Name, home.Language, home.RegisteredCentreID = head.Meta, head.Name, head.Language, head.RegisteredCentreID
		for i := range v {
			t.visits[v[i].ID] = shapeOf(&v[i])
		}
		t.centres[at.ID] = at
		t.ahead.customers[home.ID], t.ahead.holds[j.ID], t.ahead.visits[j.ID], t.ahead.policies[j.CentreID] = home, h, v, p
		return nil
	}
	return read, keep
}

var schemas sync.Map // of fromJSON, by type

// fromJSON reads a row that PostgreSQL wrote as JSON; GORM's schema says
// which column belongs to which field.
func (db *DB) fromJSON(raw []byte, dst any) error {
	if len(raw) == 0 {
		return nil
	}
	table, err := schema.Parse(dst, &schemas, db.gorm.NamingStrategy)
	if err != nil {
		return err
	}
	columns := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &columns); err != nil {
		return err
	}
	v := reflect.ValueOf(dst).Elem()
	for name, value := range columns {
		f, known := table.FieldsByDBName[name]
		if !known || string(value) == "null" {
			continue
		}
		field := f.ReflectValueOf(context.Background(), v).Addr().Interface()
		if err := json.Unmarshal(value, field); err != nil {
			return fmt.Errorf("repo: column %s: %w", name, err)
		}
		switch at := field.(type) {
		case *time.Time:
			*at = at.UTC()
		case **time.Time:
			**at = (*at).UTC()
		}
	}
	return nil
}

func rowsFromJSON[T any](db *DB, raw []byte, dst *[]T) error {
	if len(raw) == 0 {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	*dst = make([]T, len(list))
	for i := range list {
		if err := db.fromJSON(list[i], &(*dst)[i]); err != nil {
			return err
		}
	}
	return nil
}

// LockDiary locks technicians and reads their diaries in one flight.
func (t *tx) LockDiary(ids []domain.ID, customer domain.ID, from, to, leavesFrom time.Time) (*domain.Diary, error) {
	lockUsers, users, err := query[domain.User](lock(t.table("users").Where(t.db.in("id", ids)).Order("id")))
	if err != nil {
		return nil, err
	}
	readLeaves, leaves, err := query[domain.Leave](t.table("leaves").Where(t.db.in("technician_id", ids)).Where("(starts_at < ? AND ends_at > ? OR ends_at > ?)", to, from, leavesFrom).Order("starts_at, id"))
	if err != nil {
		return nil, err
	}
	readBusy, busy, err := query[domain.Busy](t.table("assignments").Where(t.db.in("technician_id", ids)).Where("active AND starts_at < ? AND ends_at > ?", to, from))
	if err != nil {
		return nil, err
	}
	readExcluded, excluded, err := query[domain.Exclusion](t.table("exclusions").Where("customer_id = ? AND lifted_at IS NULL", customer).Order("since, id"))
	if err != nil {
		return nil, err
	}
	if err := t.send(lockUsers, readLeaves, readBusy, readExcluded); err != nil {
		return nil, err
	}
	return &domain.Diary{Technicians: *users, Leaves: *leaves, Busy: *busy, Excluded: *excluded}, nil
}
