package repo_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// riders lets transactions wait behind one that is open, so that they share
// what comes; it gives what each came to.
func riders(t *testing.T, db *repo.DB, each ...func(ctx context.Context, tx domain.Tx) error) []error {
	t.Helper()
	open, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	var opened sync.Once
	all.Go(func() {
		if err := db.InTx(t.Context(),
			func(tx domain.Tx) error { seated(tx); opened.Do(func() { close(open) }); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-open
	out := make([]error, len(each))
	for i, fn := range each {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					out[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			out[i] = db.InTx(ctx, func(tx domain.Tx) error { return fn(context.WithValue(ctx, cancelKey{}, cancel), tx) })
		})
		for db.WaitingWriters() <= i {
			runtime.Gosched()
		}
	}
	close(release)
	all.Wait()
	return out
}

type cancelKey struct{}

// seated takes the writer, which the first question does.
func seated(tx domain.Tx) { _, _ = tx.Area(repotest.ID()) }

// Writers that share a transaction do not share their failures.
func TestWritersShareATransaction(t *testing.T) {
	db := repotest.Fresh(t, repo.SQLite)
	var areas []domain.Area
	insert := func(tx domain.Tx, n int) error { return tx.InsertArea(&areas[n]) }
	for i := range 8 {
		areas = append(areas, domain.Area{Meta: repotest.Meta(repotest.Noon), Name: fmt.Sprint("area ", i)})
	}
	wrong, runs := errors.New("refused"), [8]int{}
	got := riders(t, db,
		func(_ context.Context, tx domain.Tx) error { runs[0]++; return insert(tx, 0) },
		func(_ context.Context, tx domain.Tx) error { return errors.Join(insert(tx, 1), wrong) },
		func(_ context.Context, tx domain.Tx) error { // sees who rode before, and not who was refused
			_, first := tx.Area(areas[0].ID)
			_, second := tx.Area(areas[1].ID)
			if first != nil || !domain.IsCode(second, domain.CodeNotFound) {
				return fmt.Errorf("the first: %w, the refused one: %w", first, second)
			}
			return insert(tx, 2)
		},
		func(_ context.Context, tx domain.Tx) error { _ = insert(tx, 3); panic("a defect") },
		func(_ context.Context, tx domain.Tx) error { return insert(tx, 0) }, // a duplicate of one not committed yet
		func(ctx context.Context, tx domain.Tx) error {
			_ = insert(tx, 4)
			ctx.Value(cancelKey{}).(context.CancelFunc)()
			return insert(tx, 5)
		},
		func(_ context.Context, tx domain.Tx) error { return insert(tx, 6) },
	)
	for i, want := range []func(error) bool{
		nothing, func(err error) bool { return errors.Is(err, wrong) }, nothing,
		func(err error) bool { return err != nil && err.Error() == "panic: a defect" },
		func(err error) bool { return domain.IsCode(err, domain.CodeDuplicate) },
		func(err error) bool { return err != nil }, nothing,
	} {
		if !want(got[i]) {
			t.Errorf("rider %d: %v", i, got[i])
		}
	}
	if runs[0] != 1 {
		t.Errorf("the first ran %d times", runs[0])
	}
	kept := stored(t, db, areas)
	if !slices.Equal(kept, []int{0, 2, 6}) {
		t.Errorf("kept are %v", kept)
	}
}

// A commit that fails, which is where a deferred reference is checked, undoes
// all; then each tries alone, and only the one at fault fails.
func TestASharedCommitThatFailsIsTriedAlone(t *testing.T) {
	db := repotest.Fresh(t, repo.SQLite)
	w := repotest.NewWorld(t, db)
	customer := repotest.NewCustomer("Iyer", "+919812345678")
	job := w.NewJob(&customer, &w.Mill, repotest.Noon)
	repotest.Do(t, db, func(tx domain.Tx) error { return errors.Join(tx.InsertCustomer(&customer), tx.InsertJob(&job)) })
	astray := w.NewVisit(&job, repotest.Noon)
	astray.SuccessorID = repotest.Ptr(repotest.ID()) // of no visit
	areas := []domain.Area{{Meta: repotest.Meta(repotest.Noon), Name: "one"}, {Meta: repotest.Meta(repotest.Noon), Name: "two"}}
	got := riders(t, db,
		func(_ context.Context, tx domain.Tx) error { a := areas[0]; return tx.InsertArea(&a) },
		func(_ context.Context, tx domain.Tx) error { v := astray; return tx.InsertVisit(&v) },
		func(_ context.Context, tx domain.Tx) error { a := areas[1]; return tx.InsertArea(&a) },
	)
	if got[0] != nil || got[1] == nil || got[2] != nil {
		t.Errorf("they came to %v", got)
	}
	if kept := stored(t, db, areas); len(kept) != 2 {
		t.Errorf("kept are %v", kept)
	}
	if err := repotest.Try(db, func(tx domain.Tx) error { _, err := tx.Visit(astray.ID); return err }); !domain.IsCode(err,
		domain.CodeNotFound) {
		t.Errorf("the visit without a successor: %v", err)
	}
}

// Who gives up waiting leaves the line, and the others are served.
func TestWaitingForTheWriterEndsWithItsCaller(t *testing.T) {
	db := repotest.Fresh(t, repo.SQLite)
	open, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = db.InTx(t.Context(), func(tx domain.Tx) error { seated(tx); close(open); <-release; return nil })
	})
	<-open
	ctx, cancel := context.WithCancel(t.Context())
	all.Go(func() {
		for db.WaitingWriters() == 0 {
			runtime.Gosched()
		}
		cancel()
	})
	if err := db.InTx(ctx, func(tx domain.Tx) error {
		err := tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: "nowhere"})
		if err == nil {
			t.Error("it wrote")
		}
		return err
	}); err == nil {
		t.Error("it waited for ever, and without an error")
	}
	close(release)
	all.Wait()
	if err := db.InTx(t.Context(), func(domain.Tx) error { return nil }); err != nil || db.WaitingWriters() != 0 {
		t.Errorf("the next: %v, %d waiting", err, db.WaitingWriters())
	}
}

func nothing(err error) bool { return err == nil }

// stored lists which of the areas are in the database.
func stored(t *testing.T, db *repo.DB, areas []domain.Area) []int {
	t.Helper()
	var out []int
	for i := range areas {
		if _, err := db.Reader().Area(t.Context(), domain.Scope{All: true}, areas[i].ID); err == nil {
			out = append(out, i)
		}
	}
	return out
}

// Writers that share a transaction share a job of the queue, without what was
// refused.
func TestWhoSharesATransactionSharesAJobOfTheQueue(t *testing.T) {
	db := repotest.Fresh(t, repo.SQLite)
	w := repotest.NewWorld(t, db)
	var ids []domain.ID
	var each []func(context.Context, domain.Tx) error
	wrong := errors.New("refused")
	for i := range 4 {
		n := repotest.NewNotice(w.Ravi.ID, "visit.assigned")
		ids = append(ids, n.ID)
		each = append(each, func(_ context.Context, tx domain.Tx) error {
			tx.Enqueue(n)
			if i == 2 {
				return errors.Join(tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: "West"}), wrong)
			}
			return tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: fmt.Sprint("area ", i)})
		})
	}
	for i, err := range riders(t, db, each...) {
		if (err == nil) == (i == 2) {
			t.Errorf("rider %d: %v", i, err)
		}
	}
	rows, err := db.SQL().QueryContext(t.Context(), "SELECT args FROM river_job")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var jobs []string
	for rows.Next() {
		var args string
		if err := rows.Scan(&args); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, args)
	}
	if err := rows.Err(); err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs (%v)", len(jobs), err)
	}
	for i, id := range ids {
		if strings.Contains(jobs[0], id.String()) == (i == 2) {
			t.Errorf("notice %d and the job %s", i, jobs[0])
		}
	}
}
