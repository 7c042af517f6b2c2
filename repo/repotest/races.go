package repotest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	book := func(at time.Time, minutes int, crew ...domain.ID) (domain.Visit, error) {
		v := w.NewVisit(&w.Job, at, crew...)
		v.PlannedMinutes = minutes
		return v, Try(db, func(tx domain.Tx) error { return tx.InsertVisit(&v) })
	}
	save := func(v *domain.Visit, change func()) error {
		before := *v
		change()
		err := Try(db, func(tx domain.Tx) error {
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
	t.Run("edges", func(t *testing.T) {
		base := day.Add(72 * time.Hour)
		_, err := book(base, 60, w.Asha.ID)
		noError(t, err)
		for name, c := range map[string]struct {
			from    time.Duration
			minutes int
			free    bool
		}{"touching before": {-30 * time.Minute, 30, true}, "touching after": {time.Hour, 30, true},
			"a microsecond in": {time.Hour - time.Microsecond, 30, false},
			"around it":        {-time.Hour, 240, false}, "inside it": {10 * time.Minute, 10, false}} {
			v, err := book(base.Add(c.from), c.minutes, w.Asha.ID)
			if c.free {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				noError(t, save(&v, func() { v.Status = domain.VisitCancelled }))
			} else {
				wantCode(t, err, domain.CodeOverlap)
			}
		}
		if _, err := book(base, 60, w.Ravi.ID); err != nil {
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
	})
	t.Run("moves", func(t *testing.T) {
		base := day.Add(96 * time.Hour)
		a, err := book(base, 60, w.Asha.ID)
		noError(t, err)
		b, err := book(base.Add(3*time.Hour), 60, w.Asha.ID)
		noError(t, err)
		wantCode(t, save(&b, func() { b.PlannedStart = base.Add(30 * time.Minute) }), domain.CodeOverlap)
		wantCode(t, save(&a, func() { a.PlannedMinutes = 200 }), domain.CodeOverlap)
		noError(t, save(&a, func() { a.PlannedMinutes = 180 }))
		c, err := book(base, 60, w.Ravi.ID)
		noError(t, err)
		wantCode(t, save(&c, func() { c.Crew = domain.JSONList[domain.ID]{w.Ravi.ID, w.Asha.ID} }), domain.CodeOverlap)
		noError(t, save(&a, func() { a.Crew = nil }))                                                        // they are taken off
		noError(t, save(&c, func() { c.Crew = domain.JSONList[domain.ID]{w.Ravi.ID, w.Asha.ID} }))           // free now
		wantCode(t, save(&a, func() { a.Crew = domain.JSONList[domain.ID]{w.Asha.ID} }), domain.CodeOverlap) // and back: taken
		noError(t, save(&c, func() { c.Status = domain.VisitCompleted }))
		noError(t, save(&a, func() { a.Crew = domain.JSONList[domain.ID]{w.Asha.ID} }))
		wantCode(t, save(&c, func() { c.Status = domain.VisitScheduled }), domain.CodeOverlap) // overturned too late
		// Two who trade visits in one transaction: one goes first.
		d, err := book(base.Add(24*time.Hour), 60, w.Ravi.ID)
		noError(t, err)
		e, err := book(base.Add(24*time.Hour), 60, w.Asha.ID)
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
	})
	t.Run("a successor takes the place of its predecessor", func(t *testing.T) {
		base := day.Add(240 * time.Hour)
		old, err := book(base, 60, w.Asha.ID)
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
	})
	t.Run("50 movers into one slot", func(t *testing.T) {
		base := day.Add(480 * time.Hour)
		visits := make([]domain.Visit, 20)
		for i := range visits {
			v, err := book(base.Add(time.Duration(i+1)*24*time.Hour), 60, w.Noor.ID)
			noError(t, err)
			visits[i] = v
		}
		began := time.Now()
		won, lost := tally(t, together(len(visits), func(i int) error {
			return save(&visits[i], func() { visits[i].PlannedStart = base })
		}), domain.CodeOverlap)
		if won != 1 || lost != len(visits)-1 || time.Since(began) > time.Second {
			t.Errorf("%d won and %d were refused in %v", won, lost, time.Since(began))
		}
	})
}

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
	arm := func(kind domain.DeadlineKind, subject domain.ID, at time.Time) domain.Deadline {
		d := domain.Deadline{ID: ID(), Kind: kind, SubjectID: subject, JobID: &w.Job.ID, DueAt: at}
		Do(t, db, func(tx domain.Tx) error { tx.Arm(d); return nil })
		return d
	}
	claim := func(now time.Time, n int) (out []domain.Deadline) {
		Do(t, db, func(tx domain.Tx) (err error) { out, err = tx.ClaimDue(now, n); return err })
		return out
	}
	arm("missed", subject, Noon.Add(time.Hour))
	arm("missed", subject, Noon.Add(2*time.Hour)) // replaces
	arm("triage", subject, Noon.Add(3*time.Hour)) // another kind
	if at := next(); at == nil || !at.Equal(Noon.Add(2*time.Hour)) {
		t.Errorf("next deadline %v", at)
	}
	if got := claim(Noon.Add(2*time.Hour-time.Microsecond), 10); len(got) != 0 {
		t.Errorf("claimed before it is due: %v", got)
	}
	got := claim(Noon.Add(4*time.Hour), 10)
	if len(got) != 2 || got[0].Kind != "missed" || got[1].Kind != "triage" || got[0].DoneAt == nil || *got[0].JobID != w.Job.ID {
		t.Errorf("claimed %+v", got)
	}
	if again := claim(Noon.Add(4*time.Hour), 10); len(again) != 0 {
		t.Errorf("claimed twice: %+v", again)
	}
	arm("missed", subject, Noon.Add(5*time.Hour)) // a done one does not stand in the way
	Do(t, db, func(tx domain.Tx) error {
		tx.Arm(domain.Deadline{ID: ID(), Kind: "a", SubjectID: subject, DueAt: Noon})
		tx.Disarm("a", subject)
		tx.Disarm("missed", subject)
		tx.Arm(domain.Deadline{ID: ID(), Kind: "missed", SubjectID: subject, DueAt: Noon.Add(6 * time.Hour)})
		return nil
	})
	if got := claim(Noon.Add(5*time.Hour), 10); len(got) != 0 {
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
	if got := claim(Noon.Add(7*time.Hour), 10); len(got) != 1 {
		t.Errorf("a failed handler lost its deadline: %+v", got)
	}

	t.Run("each is claimed by one of many", func(t *testing.T) {
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
		if rest := claim(Noon.Add(time.Hour), count); len(rest) > 0 {
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
	})

	t.Run("a ticker and a request do not wait for each other", func(t *testing.T) {
		for range 10 {
			arm("missed", w.Visit.ID, Noon)
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
	})
}

// queueJob is a row of the queue.
type queueJob struct {
	Kind, Queue, State string
	Priority           int
	Scheduled          time.Time
	Notices            []domain.ID
}

// queueJobs reads the queue, oldest first.
func queueJobs(t testing.TB, db *repo.DB) []queueJob {
	t.Helper()
	args := "json(args)"
	if db.Kind() == repo.Postgres {
		args = "CAST(args AS text)"
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, err := db.SQL().QueryContext(ctx, "SELECT kind, queue, state, priority, scheduled_at, "+args+" FROM river_job ORDER BY id")
	noError(t, err)
	defer rows.Close()
	var out []queueJob
	for rows.Next() {
		var j queueJob
		var raw string
		noError(t, rows.Scan(&j.Kind, &j.Queue, &j.State, &j.Priority, &j.Scheduled, &raw))
		var args struct { // as the workers read it
			NoticeIDs []domain.ID `json:"notice_ids"`
		}
		noError(t, json.Unmarshal([]byte(raw), &args))
		j.Notices = args.NoticeIDs
		out = append(out, j)
	}
	noError(t, rows.Err())
	return out
}

func telling(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	ctx := t.Context()
	inbox := func(u domain.User, unseen bool) []domain.ID {
		list, err := r.Inbox(ctx, u.ID, unseen, domain.Page{})
		noError(t, err)
		out := []domain.ID{}
		for _, n := range list {
			out = append(out, n.ID)
		}
		return out
	}

	a, b := NewNotice(w.Ravi.ID, "visit.assigned"), NewNotice(w.Asha.ID, "visit.confirmed")
	b.High = true
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(a)
		tx.Enqueue(b)
		if seen, err := db.Reader().Inbox(ctx, w.Ravi.ID, false, domain.Page{}); err != nil || len(seen) != 0 {
			t.Errorf("somebody else sees %v before the commit, %v", seen, err)
		}
		return nil
	})
	jobs := queueJobs(t, db)
	if len(jobs) != 1 || !slices.Equal(jobs[0].Notices, []domain.ID{a.ID, b.ID}) || jobs[0].Kind != "notify" ||
		jobs[0].Queue != "notify" || repo.AlarmQueue != "sos" || jobs[0].Priority != 1 || jobs[0].State != "available" {
		t.Errorf("one transaction is one job: %+v", jobs)
	}

	t.Run("nothing to tell is no job", func(t *testing.T) {
		Do(t, db, func(tx domain.Tx) error { _, err := tx.Job(w.Job.ID); return err })
		if got := queueJobs(t, db); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})

	t.Run("later", func(t *testing.T) {
		n := NewNotice(w.Ravi.ID, "late")
		n.NotBefore = n.CreatedAt.Add(time.Hour)
		now := NewNotice(w.Ravi.ID, "now")
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(n, now); return nil })
		got := queueJobs(t, db)[1:]
		if len(got) != 2 || got[0].State != "available" || got[1].State != "scheduled" || !slices.Equal(got[1].Notices, []domain.ID{n.ID}) {
			t.Fatalf("%+v", got)
		}
		if wait := time.Until(got[1].Scheduled); wait < 59*time.Minute || wait > 61*time.Minute {
			t.Errorf("it waits %v", wait)
		}
	})

	t.Run("very many", func(t *testing.T) {
		before := len(queueJobs(t, db))
		Do(t, db, func(tx domain.Tx) error {
			for range 250 {
				tx.Enqueue(NewNotice(w.Admin.ID, "many"))
			}
			return nil
		})
		got := queueJobs(t, db)[before:]
		n := 0
		for _, j := range got {
			n += len(j.Notices)
			if len(j.Notices) > 100 {
				t.Errorf("a job of %d notices", len(j.Notices))
			}
		}
		if len(got) != 3 || n != 250 {
			t.Errorf("%d jobs for %d notices", len(got), n)
		}
	})

	t.Run("a key makes the second invisible", func(t *testing.T) {
		before := len(queueJobs(t, db))
		once := func(key string) domain.Notice {
			n := NewNotice(w.Desk.ID, "once")
			n.DedupeKey = &key
			return n
		}
		one, two, three, four := once(`a "quoted", {odd} \ key`), once(`a "quoted", {odd} \ key`), once(`a "quoted", {odd} \ key`), once("b")
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(one, two); return nil })
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(three); return nil })
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(three, four); return nil })
		if got := inbox(w.Desk, false); len(got) != 2 || !slices.Contains(got, one.ID) || !slices.Contains(got, four.ID) {
			t.Errorf("the inbox has %v", got)
		}
		got := queueJobs(t, db)[before:]
		if len(got) != 2 || !slices.Equal(got[0].Notices, []domain.ID{one.ID}) || !slices.Equal(got[1].Notices, []domain.ID{four.ID}) {
			t.Errorf("the queue has %+v", got)
		}
		key := "race"
		tally(t, together(10, func(int) error {
			n := once(key)
			return Try(db, func(tx domain.Tx) error { tx.Enqueue(n); return nil })
		}), domain.CodeDuplicate)
		if got := inbox(w.Desk, false); len(got) != 3 {
			t.Errorf("ten at once left %d rows", len(got)-2)
		}
	})

	t.Run("withdrawn", func(t *testing.T) {
		old, other, fresh := NewNotice(w.Boss.ID, "visit.missed"), NewNotice(w.Boss.ID, "visit.other"), NewNotice(w.Boss.ID, "visit.missed")
		for _, n := range []*domain.Notice{&old, &other, &fresh} {
			n.VisitID = &w.Visit.ID
		}
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(old, other); return nil })
		Do(t, db, func(tx domain.Tx) error { return tx.SaveNoticeSeen(other.ID, Noon) })
		if got := inbox(w.Boss, true); !slices.Equal(got, []domain.ID{old.ID}) {
			t.Errorf("unseen: %v", got)
		}
		before := len(queueJobs(t, db))
		Do(t, db, func(tx domain.Tx) error {
			tx.Enqueue(fresh)
			return tx.WithdrawNotices(w.Visit.ID, "visit.missed", "visit.missed_desk")
		})
		if got := inbox(w.Boss, false); !slices.Equal(got, []domain.ID{other.ID}) {
			t.Errorf("inbox: %v", got)
		}
		if got := queueJobs(t, db); len(got) != before {
			t.Errorf("a withdrawn notice has a job")
		}
		wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.Notice(old.ID); return err }), domain.CodeNotFound)
		got, err := db.Deliveries(ctx, []domain.ID{old.ID, fresh.ID})
		noError(t, err)
		if len(got) != 0 {
			t.Errorf("withdrawn notices would be delivered: %v", got)
		}
	})

	t.Run("withdrawn of a job", func(t *testing.T) {
		of, about, fresh := NewNotice(w.Boss.ID, "job.unreachable"), NewNotice(w.Boss.ID, "job.unreachable"),
			NewNotice(w.Boss.ID, "job.unreachable")
		of.JobID, fresh.JobID, about.JobID, about.VisitID = &w.Job.ID, &w.Job.ID, &w.Job.ID, &w.Visit.ID
		kept := inbox(w.Boss, false)
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(of, about); return nil })
		Do(t, db, func(tx domain.Tx) error {
			tx.Enqueue(fresh)
			return tx.WithdrawJobNotices(w.Job.ID, "job.unreachable")
		})
		if got := inbox(w.Boss, false); len(got) != len(kept)+1 || !slices.Contains(got, about.ID) {
			t.Errorf("inbox: %v, before %v", got, kept)
		}
	})

	t.Run("deliveries", func(t *testing.T) {
		home := NewNotice(w.Ravi.ID, "visit.offered")
		home.UserID, home.CustomerID, home.JobID, home.WithLink = nil, &w.Customer.ID, &w.Job.ID, true
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(home); return nil })
		phone := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t1", Platform: "android", CreatedAt: Noon, UpdatedAt: Noon}
		tablet := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t2", Platform: "ios", CreatedAt: Noon.Add(time.Second),
			UpdatedAt: Noon}
		browser := domain.Device{InstallationID: ID(), CustomerID: &w.Customer.ID, LinkID: &w.Link.ID, Token: "t3", Platform: "web",
			CreatedAt: Noon,
			UpdatedAt: Noon}
		gone := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t4", Platform: "web", CreatedAt: Noon, UpdatedAt: Noon,
			DroppedAt: &Noon}
		Do(t, db, func(tx domain.Tx) error {
			return all(tx.PutDevice(&phone), tx.PutDevice(&tablet), tx.PutDevice(&browser), tx.PutDevice(&gone))
		})
		got, err := db.Deliveries(ctx, []domain.ID{a.ID, home.ID, ID()})
		noError(t, err)
		if len(got) != 2 {
			t.Fatalf("%d deliveries", len(got))
		}
		byID := map[domain.ID]domain.Delivery{got[0].Notice.ID: got[0], got[1].Notice.ID: got[1]}
		Same(t, "delivery to staff", domain.Delivery{Notice: a, Devices: []domain.Device{phone, tablet}}, byID[a.ID])
		Same(t, "delivery to a household", domain.Delivery{Notice: home, Devices: []domain.Device{browser}, Link: &w.Link,
			TextTo: "+919800000001"}, byID[home.ID])
		sent := domain.Dispatch{ID: ID(), NoticeID: a.ID, InstallationID: &phone.InstallationID, Channel: "fcm", Outcome: "accepted", Detail: "d",
			MessageID: "m", At: Noon}
		failed := domain.Dispatch{ID: ID(), NoticeID: a.ID, InstallationID: &tablet.InstallationID, Channel: "fcm", Outcome: "dropped", At: Noon}
		bare := domain.Dispatch{ID: ID(), NoticeID: home.ID, Channel: "webhook", Outcome: "retry", At: Noon}
		before, err := db.PendingNotices(ctx, Noon)
		noError(t, err)
		noError(t, db.Record(ctx, domain.DeliveryRecord{Dispatches: []domain.Dispatch{sent, failed, bare},
			Drop: map[domain.ID]string{tablet.InstallationID: "unregistered"}, At: Noon}))
		got, err = db.Deliveries(ctx, []domain.ID{a.ID})
		noError(t, err)
		Same(t, "second delivery", []domain.Delivery{{Notice: a, Devices: []domain.Device{phone}, Delivered: []domain.ID{phone.InstallationID}}},
			got)
		noError(t, db.Record(ctx, domain.DeliveryRecord{States: map[domain.ID]string{a.ID: "done"}, At: Noon}))
		if got, err := db.Deliveries(ctx, []domain.ID{a.ID}); err != nil || len(got) != 0 {
			t.Errorf("a done notice is delivered again: %v, %v", got, err)
		}
		after, err := db.PendingNotices(ctx, Noon)
		noError(t, err)
		if after != before-1 {
			t.Errorf("%d pending after %d", after, before)
		}
		if n, err := db.PendingNotices(ctx, Noon.Add(time.Hour)); err != nil || n != 0 {
			t.Errorf("%d expired notices are pending, %v", n, err)
		}
		noError(t, db.Record(ctx, domain.DeliveryRecord{States: map[domain.ID]string{a.ID: "failed"}, At: Noon}))
		if got := Get(t, db, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(a.ID) }); got.State != "done" {
			t.Errorf("a done notice became %s", got.State)
		}
	})
}

func transactions(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	ctx := t.Context()
	everything := domain.Scope{All: true}

	t.Run("an error leaves nothing and comes back as it was", func(t *testing.T) {
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
	})

	t.Run("a panic leaves nothing and no lock", func(t *testing.T) {
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
	})

	t.Run("one key, twenty requests", func(t *testing.T) {
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
	})

	t.Run("a failed write dooms the transaction", func(t *testing.T) {
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
	})

	t.Run("text that PostgreSQL cannot keep", func(t *testing.T) {
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
	})

	t.Run("what the database refuses", func(t *testing.T) {
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
	})

	t.Run("times", func(t *testing.T) {
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
	})

	t.Run("time runs out", func(t *testing.T) {
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
	})

	t.Run("locks in the wrong order are run again", func(t *testing.T) {
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
	})

	t.Run("the database goes away", func(t *testing.T) {
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
	})
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
