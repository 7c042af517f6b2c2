package repotest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

func deadlines(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	next := func() *time.Time {
		at, err := r.NextDeadline(t.Context())
		noError(t, err)
		return at
	}
	if next() != nil {
		t.Error("an empty table has a next deadline")
	}
	subject := ID()
	w.arm(t, "missed", subject, Noon.Add(time.Hour))
	w.arm(t, "missed", subject, Noon.Add(2*time.Hour)) // replaces
	w.arm(t, "triage", subject, Noon.Add(3*time.Hour)) // another kind
	if at := next(); at == nil || !at.Equal(Noon.Add(2*time.Hour)) {
		t.Errorf("next deadline %v", at)
	}
	if got := w.claim(t, Noon.Add(2*time.Hour-time.Microsecond), 10); len(got) != 0 {
		t.Errorf("claimed before it is due: %v", got)
	}
	got := w.claim(t, Noon.Add(4*time.Hour), 10)
	if len(got) != 2 || got[0].Kind != "missed" || got[1].Kind != "triage" || got[0].DoneAt == nil || *got[0].JobID != w.Job.ID {
		t.Errorf("claimed %+v", got)
	}
	if again := w.claim(t, Noon.Add(4*time.Hour), 10); len(again) != 0 {
		t.Errorf("claimed twice: %+v", again)
	}
	w.arm(t, "missed", subject, Noon.Add(5*time.Hour)) // a done one does not stand in the way
	Do(t, db, func(tx domain.Tx) error {
		tx.Arm(domain.Deadline{ID: ID(), Kind: "a", SubjectID: subject, DueAt: Noon})
		tx.Disarm("a", subject)
		tx.Disarm("missed", subject)
		tx.Arm(domain.Deadline{ID: ID(), Kind: "missed", SubjectID: subject, DueAt: Noon.Add(6 * time.Hour)})
		return nil
	})
	if got := w.claim(t, Noon.Add(5*time.Hour), 10); len(got) != 0 {
		t.Errorf("a disarmed deadline was claimed: %+v", got)
	}
	if err := Try(db, func(tx domain.Tx) error {
		due, err := tx.ClaimDue(Noon.Add(7*time.Hour), 1)
		if err != nil || len(due) != 1 {
			t.Errorf("claimed %v, %v", due, err)
		}
		return errors.New("the handler failed")
	}); err == nil || err.Error() != "the handler failed" {
		t.Errorf("the error came back as %v", err)
	}
	if got := w.claim(t, Noon.Add(7*time.Hour), 10); len(got) != 1 {
		t.Errorf("a failed handler lost its deadline: %+v", got)
	}

	t.Run("each is claimed by one of many", func(t *testing.T) { claimedOnce(t, w) })
	t.Run("a ticker and a request do not wait for each other", func(t *testing.T) { tickerBesideRequest(t, w) })
}

// arm sets a deadline of the world's job.
func (w *World) arm(t testing.TB, kind domain.DeadlineKind, subject domain.ID, at time.Time) {
	t.Helper()
	Do(t, w.DB, func(tx domain.Tx) error {
		tx.Arm(domain.Deadline{ID: ID(), Kind: kind, SubjectID: subject, JobID: &w.Job.ID, DueAt: at})
		return nil
	})
}

// claim takes at most n deadlines that are due.
func (w *World) claim(t testing.TB, now time.Time, n int) (out []domain.Deadline) {
	t.Helper()
	Do(t, w.DB, func(tx domain.Tx) (err error) { out, err = tx.ClaimDue(now, n); return err })
	return out
}

func claimedOnce(t *testing.T, w *World) {
	db := w.DB
	const count = 200
	Do(t, db, func(tx domain.Tx) error {
		for i := range count {
			tx.Arm(domain.Deadline{ID: ID(), Kind: "race", SubjectID: ID(), DueAt: Noon.Add(time.Duration(i) * time.Second)})
		}
		return nil
	})
	var mu sync.Mutex
	times := map[domain.ID]int{}
	for i, err := range together(8, func(int) error {
		for {
			var mine []domain.Deadline
			if err := Try(db, func(tx domain.Tx) (err error) {
				mine, err = tx.ClaimDue(Noon.Add(time.Hour), 3)
				return err
			}); err != nil && !domain.IsCode(err, domain.CodeUnavailable) {
				return err
			} else if err != nil {
				continue // a ticker comes again
			}
			if len(mine) == 0 {
				return nil
			}
			mu.Lock()
			for _, d := range mine {
				times[d.ID]++
			}
			mu.Unlock()
		}
	}) {
		if err != nil {
			t.Errorf("claimer %d: %v", i, err)
		}
	}
	if rest := w.claim(t, Noon.Add(time.Hour), count); len(rest) > 0 {
		for _, d := range rest {
			times[d.ID]++
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("deadline %s was claimed %d times", id, n)
		}
	}
	if len(times) != count {
		t.Errorf("%d of %d were claimed", len(times), count)
	}
}

func tickerBesideRequest(t *testing.T, w *World) {
	db := w.DB
	for range 10 {
		w.arm(t, "missed", w.Visit.ID, Noon)
		began := time.Now()
		for _, err := range together(6, func(i int) error {
			return Try(db, func(tx domain.Tx) error {
				if i%2 == 0 {
					due, err := tx.ClaimDue(Noon, 1)
					if err != nil || len(due) == 0 {
						return err
					}
				}
				j, _, err := tx.LockVisit(w.Visit.ID)
				if err != nil {
					return err
				}
				tx.Disarm("missed", w.Visit.ID)
				tx.Arm(domain.Deadline{ID: ID(), Kind: "missed", SubjectID: w.Visit.ID, DueAt: Noon.Add(time.Hour)})
				return tx.SaveJob(j)
			})
		}) {
			if err != nil {
				t.Errorf("%v", err)
			}
		}
		if took := time.Since(began); took > 800*time.Millisecond {
			t.Errorf("they waited %v for each other", took)
		}
	}
}
