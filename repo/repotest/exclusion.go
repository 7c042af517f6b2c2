package repotest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// keptApart: the database itself lets nobody into the crew of a customer from
// which they are kept apart, whatever writes the row.
func keptApart(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	at := w.Visit.WindowStart
	visit := w.NewVisit(&w.Job, at.Add(48*time.Hour))
	ended := w.NewVisit(&w.Job, at.Add(72*time.Hour), w.Asha.ID)
	ended.Status, ended.EndedAt = domain.VisitMissed, Ptr(at.Add(80*time.Hour))
	flag := w.newFlag(w.Ravi, 2)
	apart := func(who domain.ID) domain.Exclusion {
		return domain.Exclusion{ID: ID(), UserID: who, CustomerID: w.Customer.ID, FlagID: flag.ID, Since: Noon}
	}
	ravi, asha := apart(w.Ravi.ID), apart(w.Asha.ID)
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&flag), tx.InsertVisit(&visit), tx.InsertVisit(&ended), tx.InsertExclusion(&ravi), tx.InsertExclusion(&asha))
	})
	crew := func(v domain.ID, ids ...domain.ID) error {
		return Try(db, func(tx domain.Tx) error {
			_, got, err := tx.LockVisit(v)
			if err != nil {
				return err
			}
			got.Crew = ids
			return tx.SaveVisit(got)
		})
	}
	wantCode(t, crew(visit.ID, w.Ravi.ID), domain.CodeExcluded)
	fresh := w.NewVisit(&w.Job, at.Add(96*time.Hour), w.Ravi.ID)
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertVisit(&fresh) }), domain.CodeExcluded)

	// Straight SQL: a new row, one that names somebody else, one that is their
	// again.
	straight := func(sql string, ids ...any) error {
		_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(sql, ids...))
		return err
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "assignment_excluded") {
			t.Errorf("%s: %v", what, err)
		}
	}
	row := `INSERT INTO assignments (visit_id, technician_id, job_id, window_start, starts_at, ends_at, active, current)
		SELECT id, '%s', job_id, window_start, planned_start, window_end, true, true FROM visits WHERE id = '%s'`
	refused("a row", straight(row, w.Ravi.ID, visit.ID))
	noError(t, straight(row, w.Noor.ID, visit.ID))
	refused("another name", straight("UPDATE assignments SET technician_id = '%s' WHERE visit_id = '%s'", w.Ravi.ID, visit.ID))
	noError(t, crew(w.Visit.ID)) // the exclusion takes them out of it
	refused("his again", straight("UPDATE assignments SET active = true, current = true WHERE visit_id = '%s' AND technician_id = '%s'",
		w.Visit.ID, w.Ravi.ID))
	// A late entry of one who was there before is still theirs.
	noError(t, Try(db, func(tx domain.Tx) error {
		_, got, err := tx.LockVisit(ended.ID)
		if err != nil {
			return err
		}
		got.Status, got.EndedAt = domain.VisitArrived, nil
		return tx.SaveVisit(got)
	}))
	// Lifted, they are one like all others.
	ravi.LiftedAt = Ptr(at)
	Do(t, db, func(tx domain.Tx) error { return tx.SaveExclusion(&ravi) })
	noError(t, crew(visit.ID, w.Ravi.ID))

	// Kept from all homes: the same, wherever it is.
	kept := domain.StandDown{ID: ID(), UserID: w.Ravi.ID, FlagID: flag.ID, Since: Noon}
	noError(t, crew(visit.ID))
	Do(t, db, func(tx domain.Tx) error { return tx.InsertStandDown(&kept) })
	wantCode(t, crew(visit.ID, w.Ravi.ID), domain.CodeExcluded)
	refused("a row of who is kept from all homes", straight(row, w.Ravi.ID, visit.ID))
	kept.LiftedAt = Ptr(at)
	Do(t, db, func(tx domain.Tx) error { return tx.SaveStandDown(&kept) })
	noError(t, crew(visit.ID, w.Ravi.ID))
}
