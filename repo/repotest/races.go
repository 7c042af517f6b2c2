package repotest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// together runs n callers at once and gives what each came back with.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// tally counts successes and errors of a code; anything else fails the test.
func tally(t testing.TB, errs []error, code domain.Code) (won, lost int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case domain.IsCode(err, code):
			lost++
		default:
			t.Errorf("unexpected: %v", err)
		}
	}
	return won, lost
}

func versions(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	for name, save := range map[string]func(tx domain.Tx) (*domain.Meta, error){
		"area":      func(tx domain.Tx) (*domain.Meta, error) { o := w.North; return &o.Meta, tx.SaveArea(&o) },
		"centre":    func(tx domain.Tx) (*domain.Meta, error) { o := w.Mill; return &o.Meta, tx.SaveCentre(&o) },
		"user":      func(tx domain.Tx) (*domain.Meta, error) { o := w.Ravi; return &o.Meta, tx.SaveUser(&o) },
		"customer":  func(tx domain.Tx) (*domain.Meta, error) { o := w.Customer; return &o.Meta, tx.SaveCustomer(&o) },
		"appliance": func(tx domain.Tx) (*domain.Meta, error) { o := w.Washer; return &o.Meta, tx.SaveAppliance(&o) },
		"job":       func(tx domain.Tx) (*domain.Meta, error) { o := w.Job; return &o.Meta, tx.SaveJob(&o) },
		"visit":     func(tx domain.Tx) (*domain.Meta, error) { o := w.Visit; return &o.Meta, tx.SaveVisit(&o) },
	} {
		t.Run(name, func(t *testing.T) {
			Do(t, db, func(tx domain.Tx) error {
				m, err := save(tx)
				if err == nil && m.Version != 2 {
					t.Errorf("the object has version %d after a save", m.Version)
				}
				return err
			})
			wantCode(t, Try(db, func(tx domain.Tx) error { _, err := save(tx); return err }), domain.CodeStale)
		})
	}
	t.Run("a stale save takes all with it", func(t *testing.T) {
		ghost := w.NewJob(&w.Customer, &w.Mill, Noon)
		wantCode(t, Try(db, func(tx domain.Tx) error {
			_ = tx.InsertJob(&ghost)
			stale := w.Job
			_ = tx.SaveJob(&stale) // version 1 is gone; the error is passed over
			tx.Enqueue(NewNotice(w.Ravi.ID, "x"))
			return nil
		}), domain.CodeStale)
		_, err := db.Reader().Job(t.Context(), domain.Scope{All: true}, ghost.ID)
		wantCode(t, err, domain.CodeNotFound)
		if got := queueJobs(t, db); len(got) != 0 {
			t.Errorf("the queue has %v", got)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		fresh := Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.Job(w.Job.ID) })
		won, lost := tally(t, together(16, func(int) error {
			return Try(db, func(tx domain.Tx) error { mine := *fresh; return tx.SaveJob(&mine) })
		}), domain.CodeStale)
		if won != 1 || lost != 15 {
			t.Errorf("%d saved, %d were stale", won, lost)
		}
	})
	t.Run("locked first", func(t *testing.T) {
		before := Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.Job(w.Job.ID) })
		won, _ := tally(t, together(24, func(i int) error {
			return Try(db, func(tx domain.Tx) error {
				j, err := tx.LockJob(w.Job.ID)
				if err != nil {
					return err
				}
				f := domain.Entry{ID: ID(), Kind: "note", ActorRole: domain.RoleSystem, OccurredAt: Noon, RecordedAt: Noon,
					Payload: fmt.Appendf(nil, `{"i":%d}`, i)}
				j.Append(&f)
				tx.Append(&f)
				return tx.SaveJob(j)
			})
		}), domain.CodeStale)
		after, err := db.Reader().Job(t.Context(), domain.Scope{All: true}, w.Job.ID)
		noError(t, err)
		if won != 24 || after.Version != before.Version+24 || after.Seq != 24 {
			t.Errorf("%d of 24 appended; version %d to %d, seq %d", won, before.Version, after.Version, after.Seq)
		}
		facts, err := db.Reader().EntriesOf(t.Context(), w.Job.ID)
		noError(t, err)
		if fault := domain.VerifyChain(after, facts); fault != nil {
			t.Errorf("the chain forked: %+v", fault)
		}
	})
}

// overlaps: one technician is never in two places.
func overlaps(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	day := Noon.Add(10 * 24 * time.Hour)
	for _, locked := range []bool{false, true} {
		t.Run(fmt.Sprintf("50 bookers, technician locked first: %v", locked), func(t *testing.T) {
			at := day
			if locked {
				at = day.Add(24 * time.Hour)
			}
			began := time.Now()
			won, lost := tally(t, together(50, func(i int) error {
				v := w.NewVisit(&w.Job, at.Add(time.Duration(i)*time.Second), w.Ravi.ID)
				return Try(db, func(tx domain.Tx) error {
					if locked {
						if _, err := tx.LockTechnicians([]domain.ID{w.Ravi.ID}); err != nil {
							return err
						}
					}
					return tx.InsertVisit(&v)
				})
			}), domain.CodeOverlap)
			if won != 1 || lost != 49 {
				t.Errorf("%d won and %d were refused", won, lost)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("they waited for each other %v", took)
			}
		})
	}
	t.Run("edges", func(t *testing.T) { overlapEdges(t, w) })
	t.Run("moves", func(t *testing.T) { overlapMoves(t, w) })
	t.Run("a successor takes the place of its predecessor", func(t *testing.T) { successorsPlace(t, w) })
	t.Run("50 movers into one slot", func(t *testing.T) { moversIntoOne(t, w) })
}

// book adds a visit of the world's job.
func (w *World) book(at time.Time, minutes int, crew ...domain.ID) (domain.Visit, error) {
	v := w.NewVisit(&w.Job, at, crew...)
	v.PlannedMinutes = minutes
	return v, Try(w.DB, func(tx domain.Tx) error { return tx.InsertVisit(&v) })
}

// change saves a visit with its crew locked first; refused, it is as before.
func (w *World) change(v *domain.Visit, change func()) error {
	before := *v
	change()
	err := Try(w.DB, func(tx domain.Tx) error {
		if _, err := tx.LockTechnicians(v.Crew); err != nil {
			return err
		}
		if _, _, err := tx.LockVisit(v.ID); err != nil {
			return err
		}
		return tx.SaveVisit(v)
	})
	if err != nil {
		*v = before
	}
	return err
}

func overlapEdges(t *testing.T, w *World) {
	db := w.DB
	day := Noon.Add(10 * 24 * time.Hour)
	base := day.Add(72 * time.Hour)
	_, err := w.book(base, 60, w.Asha.ID)
	noError(t, err)
	for name, c := range map[string]struct {
		from    time.Duration
		minutes int
		free    bool
	}{"touching before": {-30 * time.Minute, 30, true}, "touching after": {time.Hour, 30, true},
		"a microsecond in": {time.Hour - time.Microsecond, 30, false},
		"around it":        {-time.Hour, 240, false}, "inside it": {10 * time.Minute, 10, false}} {
		v, err := w.book(base.Add(c.from), c.minutes, w.Asha.ID)
		if c.free {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			noError(t, w.change(&v, func() { v.Status = domain.VisitCancelled }))
		} else {
			wantCode(t, err, domain.CodeOverlap)
		}
	}
	if _, err := w.book(base, 60, w.Ravi.ID); err != nil {
		t.Errorf("another technician is free: %v", err)
	}
	busy := Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.BusyBetween(w.Asha.ID, base.Add(59*time.Minute), base.Add(2*time.Hour))
	})
	if len(busy) != 1 {
		t.Errorf("%d visits keep her busy", len(busy))
	}
	if busy := Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.BusyBetween(w.Asha.ID, base.Add(time.Hour), base.Add(2*time.Hour))
	}); len(busy) != 0 {
		t.Errorf("the end of a visit is free, but %d keep her busy", len(busy))
	}
}

func overlapMoves(t *testing.T, w *World) {
	db := w.DB
	day := Noon.Add(10 * 24 * time.Hour)
	base := day.Add(96 * time.Hour)
	a, err := w.book(base, 60, w.Asha.ID)
	noError(t, err)
	b, err := w.book(base.Add(3*time.Hour), 60, w.Asha.ID)
	noError(t, err)
	wantCode(t, w.change(&b, func() { b.PlannedStart = base.Add(30 * time.Minute) }), domain.CodeOverlap)
	wantCode(t, w.change(&a, func() { a.PlannedMinutes = 200 }), domain.CodeOverlap)
	noError(t, w.change(&a, func() { a.PlannedMinutes = 180 }))
	c, err := w.book(base, 60, w.Ravi.ID)
	noError(t, err)
	wantCode(t, w.change(&c, func() { c.Crew = domain.JSONList[domain.ID]{w.Ravi.ID, w.Asha.ID} }), domain.CodeOverlap)
	noError(t, w.change(&a, func() { a.Crew = nil }))                                                        // they are taken off
	noError(t, w.change(&c, func() { c.Crew = domain.JSONList[domain.ID]{w.Ravi.ID, w.Asha.ID} }))           // free now
	wantCode(t, w.change(&a, func() { a.Crew = domain.JSONList[domain.ID]{w.Asha.ID} }), domain.CodeOverlap) // and back: taken
	noError(t, w.change(&c, func() { c.Status = domain.VisitCompleted }))
	noError(t, w.change(&a, func() { a.Crew = domain.JSONList[domain.ID]{w.Asha.ID} }))
	wantCode(t, w.change(&c, func() { c.Status = domain.VisitScheduled }), domain.CodeOverlap) // overturned too late
	// Two who trade visits in one transaction: one goes first.
	d, err := w.book(base.Add(24*time.Hour), 60, w.Ravi.ID)
	noError(t, err)
	e, err := w.book(base.Add(24*time.Hour), 60, w.Asha.ID)
	noError(t, err)
	Do(t, db, func(tx domain.Tx) error {
		one, err := tx.Visit(d.ID)
		if err != nil {
			return err
		}
		two, err := tx.Visit(e.ID)
		if err != nil {
			return err
		}
		one.Crew = nil
		if err := tx.SaveVisit(one); err != nil {
			return err
		}
		two.Crew = domain.JSONList[domain.ID]{w.Ravi.ID}
		if err := tx.SaveVisit(two); err != nil {
			return err
		}
		one.Crew = domain.JSONList[domain.ID]{w.Asha.ID}
		return tx.SaveVisit(one)
	})
}

func successorsPlace(t *testing.T, w *World) {
	db := w.DB
	day := Noon.Add(10 * 24 * time.Hour)
	base := day.Add(240 * time.Hour)
	old, err := w.book(base, 60, w.Asha.ID)
	noError(t, err)
	next := w.NewVisit(&w.Job, base.Add(30*time.Minute), w.Asha.ID)
	next.PredecessorID = &old.ID
	Do(t, db, func(tx domain.Tx) error {
		_, v, err := tx.LockVisit(old.ID)
		if err != nil {
			return err
		}
		v.Status, v.SuccessorID = domain.VisitRescheduled, &next.ID // not there yet
		return all(tx.SaveVisit(v), tx.InsertVisit(&next))
	})
	if err := Try(db, func(tx domain.Tx) error {
		v, err := tx.Visit(next.ID)
		if err != nil {
			return err
		}
		v.SuccessorID = Ptr(ID()) // never comes
		return tx.SaveVisit(v)
	}); !domain.IsCode(err, domain.CodeUnprocessable) {
		t.Errorf("a successor that never came: %v", err)
	}
}

func moversIntoOne(t *testing.T, w *World) {
	day := Noon.Add(10 * 24 * time.Hour)
	base := day.Add(480 * time.Hour)
	visits := make([]domain.Visit, 20)
	for i := range visits {
		v, err := w.book(base.Add(time.Duration(i+1)*24*time.Hour), 60, w.Noor.ID)
		noError(t, err)
		visits[i] = v
	}
	began := time.Now()
	won, lost := tally(t, together(len(visits), func(i int) error {
		return w.change(&visits[i], func() { visits[i].PlannedStart = base })
	}), domain.CodeOverlap)
	if won != 1 || lost != len(visits)-1 || time.Since(began) > time.Second {
		t.Errorf("%d won and %d were refused in %v", won, lost, time.Since(began))
	}
}
