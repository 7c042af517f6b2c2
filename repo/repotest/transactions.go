package repotest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

func transactions(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	t.Run("an error leaves nothing and comes back as it was", func(t *testing.T) { nothingStays(t, w) })
	t.Run("a panic leaves nothing and no lock", func(t *testing.T) { panicked(t, w) })
	t.Run("one key, twenty requests", func(t *testing.T) { oneKey(t, w) })
	t.Run("a failed write dooms the transaction", func(t *testing.T) { doomed(t, w) })
	t.Run("text that PostgreSQL cannot keep", func(t *testing.T) { badText(t, w) })
	t.Run("what the database refuses", func(t *testing.T) { refusedRows(t, w) })
	t.Run("times", func(t *testing.T) { timesKept(t, w) })
	t.Run("time runs out", func(t *testing.T) { timeRunsOut(t, w) })
	t.Run("locks in the wrong order are run again", func(t *testing.T) { wrongOrder(t, w) })
	t.Run("the database goes away", func(t *testing.T) { databaseGoes(t, w) })
}

func nothingStays(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	mine := errors.New("mine")
	j := w.NewJob(&w.Customer, &w.Mill, Noon)
	f := domain.Entry{ID: ID(), Kind: "k", ActorRole: domain.RoleSystem, OccurredAt: Noon, RecordedAt: Noon}
	d := domain.Deadline{ID: ID(), Kind: "k", SubjectID: ID(), DueAt: Noon}
	err := Try(db, func(tx domain.Tx) error {
		j.Append(&f)
		tx.Append(&f)
		tx.Enqueue(NewNotice(w.Ravi.ID, "k"))
		tx.Arm(d)
		tx.PutReplay(domain.Replay{ActorID: w.Ravi.ID, Key: "gone", CreatedAt: Noon, Body: []byte("{}")})
		if err := tx.InsertJob(&j); err != nil {
			return err
		}
		if _, err := tx.Job(j.ID); err != nil {
			return err // it sees its own rows
		}
		return mine
	})
	if err != mine { //nolint:errorlint // the very error
		t.Errorf("got %v", err)
	}
	_, err = r.Job(ctx, everything, j.ID)
	wantCode(t, err, domain.CodeNotFound)
	if facts, err := r.EntriesOf(ctx, j.ID); err != nil || len(facts) != 0 {
		t.Errorf("facts %v, %v", facts, err)
	}
	if at, err := r.NextDeadline(ctx); err != nil || at != nil {
		t.Errorf("deadline %v, %v", at, err)
	}
	if list, err := r.Inbox(ctx, w.Ravi.ID, false, domain.Page{}); err != nil || len(list) != 0 {
		t.Errorf("inbox %v, %v", list, err)
	}
	if jobs := queueJobs(t, db); len(jobs) != 0 {
		t.Errorf("queue %v", jobs)
	}
	if got := Get(t, db, func(tx domain.Tx) (*domain.Replay, error) { return tx.Replay(w.Ravi.ID, "gone") }); got != nil {
		t.Error("the replay row stayed")
	}
}

func panicked(t *testing.T, w *World) {
	db := w.DB
	func() {
		defer func() { _ = recover() }()
		_ = Try(db, func(tx domain.Tx) error {
			j, err := tx.LockJob(w.Job.ID)
			if err != nil {
				return err
			}
			j.Fault = "panicked"
			_ = tx.SaveJob(j)
			panic("in a use case")
		})
	}()
	Do(t, db, func(tx domain.Tx) error {
		j, err := tx.LockJob(w.Job.ID)
		if err == nil && j.Fault == "panicked" {
			t.Error("the write stayed")
		}
		return err
	})
}

func oneKey(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	won, lost := tally(t, together(20, func(i int) error {
		return Try(db, func(tx domain.Tx) error {
			if old, err := tx.Replay(w.Ravi.ID, "race"); err != nil || old != nil {
				if old != nil {
					return domain.Fail(domain.CodeIdemInFlight, "seen")
				}
				return err
			}
			tx.Enqueue(NewNotice(w.Noor.ID, "race"))
			tx.PutReplay(domain.Replay{ActorID: w.Ravi.ID, Key: "race", Hash: fmt.Sprint(i), Body: []byte("{}"), CreatedAt: Noon})
			return nil
		})
	}), domain.CodeIdemInFlight)
	if won != 1 || lost != 19 {
		t.Errorf("%d won, %d lost", won, lost)
	}
	if list, err := r.Inbox(ctx, w.Noor.ID, false, domain.Page{}); err != nil || len(list) != 1 {
		t.Errorf("%d effects, %v", len(list), err)
	}
}

func doomed(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	twin := w.Job
	j := w.NewJob(&w.Customer, &w.Mill, Noon)
	err := Try(db, func(tx domain.Tx) error {
		_ = tx.InsertJob(&twin) // its id is taken
		_, _ = tx.Job(w.Job.ID)
		_ = tx.InsertJob(&j)
		return nil
	})
	wantCode(t, err, domain.CodeDuplicate)
	_, err = r.Job(ctx, everything, j.ID)
	wantCode(t, err, domain.CodeNotFound)
}

func badText(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	for name, bad := range map[string]string{"NUL": "a\x00b", "no UTF-8": "a\xff"} {
		for what, fn := range map[string]func(tx domain.Tx) error{
			"column": func(tx domain.Tx) error { a := domain.Area{Meta: Meta(Noon), Name: bad}; return tx.InsertArea(&a) },
			"query":  func(tx domain.Tx) error { _, err := tx.UserByLogin(bad); return err },
			"key": func(tx domain.Tx) error {
				tx.PutReplay(domain.Replay{ActorID: w.Ravi.ID, Key: bad, Body: []byte("{}"), CreatedAt: Noon})
				return nil
			},
			"notice": func(tx domain.Tx) error { n := NewNotice(w.Ravi.ID, "x"); n.Body = bad; tx.Enqueue(n); return nil },
		} {
			if err := Try(db, fn); !domain.IsCode(err, domain.CodeMalformed) {
				t.Errorf("%s in a %s: %v", name, what, err)
			}
		}
		_, err := r.Customers(ctx, everything, domain.CustomerFilter{Query: bad}, domain.Page{})
		wantCode(t, err, domain.CodeMalformed)
	}
	list := w.Customer
	list.Contacts = slices.Clone(w.Customer.Contacts)
	list.Contacts[0].Phones = domain.JSONList[string]{"1\x002"}
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.SaveCustomer(&list) }), domain.CodeMalformed)
	fine := w.Ravi
	fine.Skills = domain.JSONList[string]{`c:\u0000`} // six plain characters
	Do(t, db, func(tx domain.Tx) error { return tx.SaveUser(&fine) })
	Same(t, "a backslash", fine, Get(t, db, func(tx domain.Tx) (*domain.User, error) { return tx.User(fine.ID) }))
}

func refusedRows(t *testing.T, w *World) {
	db := w.DB
	lost := w.NewVisit(&w.Job, Noon, ID())
	bad := w.NewVisit(&w.Job, Noon)
	bad.WindowEnd = bad.WindowStart
	zero := w.NewVisit(&w.Job, Noon)
	zero.PlannedMinutes = 0
	level := w.newFlag(w.Ravi, 5)
	homeless := domain.User{Meta: Meta(Noon), Login: "homeless", Role: domain.RoleTechnician}
	nowhere := w.NewJob(&w.Customer, &w.Mill, Noon)
	nowhere.SiteID = ID()
	for name, fn := range map[string]func(tx domain.Tx) error{
		"unknown technician": func(tx domain.Tx) error { return tx.InsertVisit(&lost) },
		"empty window":       func(tx domain.Tx) error { return tx.InsertVisit(&bad) },
		"no minutes":         func(tx domain.Tx) error { return tx.InsertVisit(&zero) },
		"level 5":            func(tx domain.Tx) error { return tx.InsertFlag(&level) },
		"no centre":          func(tx domain.Tx) error { return tx.InsertUser(&homeless) },
		"unknown site":       func(tx domain.Tx) error { return tx.InsertJob(&nowhere) },
	} {
		if err := Try(db, fn); !domain.IsCode(err, domain.CodeUnprocessable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func timesKept(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	kolkata := time.FixedZone("IST", 5*3600+1800)
	at := time.Date(2026, 3, 1, 5, 0, 0, 123456789, kolkata)
	v := w.NewVisit(&w.Job, at)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertVisit(&v) })
	got, err := r.Visit(ctx, everything, v.ID)
	noError(t, err)
	if want := at.UTC().Truncate(time.Microsecond); !got.WindowStart.Equal(want) || got.WindowStart.Location() != time.UTC {
		t.Errorf("wrote %v, read %v", want, got.WindowStart)
	}
	// Text comparison must agree with time, also without a fraction.
	for _, step := range []time.Duration{0, time.Microsecond, 10 * time.Microsecond, time.Second} {
		from := at.Truncate(time.Second).Add(step)
		x := w.NewVisit(&w.Job, from)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertVisit(&x) })
		list, err := r.Visits(ctx, everything, domain.VisitFilter{From: &from, To: Ptr(from.Add(time.Microsecond))}, domain.Page{})
		noError(t, err)
		if len(list) != 1 || list[0].ID != x.ID {
			t.Errorf("at %v: %d visits", from, len(list))
		}
	}
}

func timeRunsOut(t *testing.T, w *World) {
	db := w.DB
	short, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	err := db.InTx(short, func(tx domain.Tx) error {
		if _, err := tx.LockJob(w.Job.ID); err != nil {
			return err
		}
		<-short.Done()
		_, err := tx.LockJob(w.Job.ID)
		return err
	})
	unavailable(t, err)
	holding, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = Try(db, func(tx domain.Tx) error {
			err := locked(tx, w.Job.ID)
			close(holding)
			time.Sleep(400 * time.Millisecond)
			return err
		})
	}()
	<-holding
	short, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	unavailable(t, db.InTx(short, func(tx domain.Tx) error { return locked(tx, w.Job.ID) }))
	<-done
	Do(t, db, func(tx domain.Tx) error { return locked(tx, w.Job.ID) })
}

func wrongOrder(t *testing.T, w *World) {
	db := w.DB
	other := w.NewJob(&w.Customer, &w.Mill, Noon)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&other) })
	order := [][]domain.ID{{w.Job.ID, other.ID}, {other.ID, w.Job.ID}}
	var ran atomic.Int64
	tally(t, together(2, func(i int) error {
		return Try(db, func(tx domain.Tx) error {
			ran.Add(1)
			if _, err := tx.LockJob(order[i][0]); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
			j, err := tx.LockJob(order[i][1])
			if err != nil {
				return err
			}
			j.EndReason += "x"
			return tx.SaveJob(j)
		})
	}), domain.CodeStale)
	if db.Kind() == repo.Postgres && ran.Load() < 3 {
		t.Errorf("it ran %d times", ran.Load())
	}
}

func databaseGoes(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	if pool := db.Pool(); pool != nil {
		err := Try(db, func(tx domain.Tx) error {
			if _, err := tx.LockJob(w.Job.ID); err != nil {
				return err
			}
			if _, err := pool.Exec(ctx,
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
				return err
			}
			_, err := tx.LockJob(w.Job.ID)
			return err
		})
		unavailable(t, err)
		Do(t, db, func(tx domain.Tx) error { _, err := tx.LockJob(w.Job.ID); return err }) // and comes back
	}
	noError(t, db.Close())
	unavailable(t, Try(db, func(tx domain.Tx) error { _, err := tx.Job(w.Job.ID); return err }))
	_, err := r.Job(ctx, everything, w.Job.ID)
	unavailable(t, err)
	unavailable(t, db.Ping(ctx))
}

func unavailable(t testing.TB, err error) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != domain.CodeUnavailable || e.RetryAfter <= 0 || strings.Contains(e.Message, "sql") {
		t.Errorf("got %v, want unavailable with a time to retry", err)
	}
}

// locked locks a job and asks for more, which on SQLite takes the writer.
func locked(tx domain.Tx, id domain.ID) error {
	if _, err := tx.LockJob(id); err != nil {
		return err
	}
	_, err := tx.Job(id)
	return err
}
