package repo_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// member is a transaction that begins with the lock of a job.
type member struct {
	job domain.ID
	fn  func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error
}

// fleet has a world with open jobs, and a database with lanes.
type fleet struct {
	*repotest.World
	t    *testing.T
	jobs []domain.Job
}

func newFleet(t *testing.T, jobs int) *fleet {
	t.Helper()
	if !slices.Contains(repotest.Engines(t), repo.Postgres) {
		t.Skip("there is no PostgreSQL here")
	}
	f := &fleet{World: repotest.NewWorld(t, repotest.Fresh(t, repo.Postgres)), t: t}
	for i := range jobs {
		customer := repotest.NewCustomer(fmt.Sprint("home ", i), fmt.Sprint("+91981234567", i))
		j := f.NewJob(&customer, &f.Mill, repotest.Noon)
		repotest.Do(t, f.DB, func(tx domain.Tx) error { return errors.Join(tx.InsertCustomer(&customer), tx.InsertJob(&j)) })
		f.jobs = append(f.jobs, j)
	}
	return f
}

// convoy lets members wait behind transactions that hold all lanes, so that
// they go on together; it gives what each came to.
func (f *fleet) convoy(members ...member) []error {
	f.t.Helper()
	var all sync.WaitGroup
	release, opened := make(chan struct{}), make(chan struct{}, repo.MaxLanes)
	for i := range repo.MaxLanes {
		all.Go(func() {
			if err := f.DB.InTx(f.t.Context(), func(tx domain.Tx) error {
				_, err := tx.LockJob(f.jobs[len(f.jobs)-1-i].ID)
				opened <- struct{}{}
				<-release
				return err
			}); err != nil {
				f.t.Error(err)
			}
		})
	}
	for range repo.MaxLanes {
		<-opened
	}
	out := make([]error, len(members))
	for i, m := range members {
		ctx, cancel := context.WithCancel(f.t.Context())
		defer cancel()
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					out[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			out[i] = f.DB.InTx(ctx, func(tx domain.Tx) error {
				j, err := tx.LockJob(m.job)
				if err != nil {
					return err
				}
				return m.fn(ctx, cancel, tx, j)
			})
		})
		for f.DB.WaitingForLanes() <= i {
			runtime.Gosched()
		}
	}
	close(release)
	all.Wait()
	if n := f.DB.WaitingForLanes(); n != 0 {
		f.t.Errorf("%d still wait", n)
	}
	return out
}

func (f *fleet) fault(i int) string {
	f.t.Helper()
	return repotest.Get(f.t, f.DB, func(tx domain.Tx) (*domain.Job, error) { return tx.Job(f.jobs[i].ID) }).Fault
}

func says(word string) func(context.Context, func(), domain.Tx, *domain.Job) error {
	return func(_ context.Context, _ func(), tx domain.Tx, j *domain.Job) error {
		j.Fault = word
		return tx.SaveJob(j)
	}
}

// Members of a convoy share flights and a commit, and nothing else.
func TestMembersOfAConvoyFailAlone(t *testing.T) {
	f := newFleet(t, 12)
	wrong, runs := errors.New("refused"), [10]int{}
	counted := func(i int, fn func(context.Context, func(), domain.Tx, *domain.Job) error) member {
		return member{f.jobs[i].ID, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			runs[i]++
			return fn(ctx, cancel, tx, j)
		}}
	}
	adds := func(_ context.Context, _ func(), tx domain.Tx, j *domain.Job) error {
		j.Fault += "+"
		return tx.SaveJob(j)
	}
	got := f.convoy(
		counted(0, adds),
		counted(1, func(_ context.Context, _ func(), tx domain.Tx, j *domain.Job) error {
			j.Fault = "lost"
			return errors.Join(tx.SaveJob(j), wrong)
		}),
		counted(2, func(context.Context, func(), domain.Tx, *domain.Job) error { panic("a defect") }),
		counted(3, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			cancel()
			return says("lost")(ctx, cancel, tx, j)
		}),
		// Writes before it reads: it goes back and runs by itself.
		counted(4, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			if err := says("by itself")(ctx, cancel, tx, j); err != nil {
				return err
			}
			fresh, err := tx.Job(j.ID)
			if err == nil && fresh.Fault != "by itself" {
				err = fmt.Errorf("it reads %q", fresh.Fault)
			}
			return err
		}),
		// Reads on before it writes.
		counted(5, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			other, err := tx.Job(f.jobs[1].ID)
			if err == nil && other.Fault != f.jobs[1].Fault {
				err = fmt.Errorf("it sees what another has not written yet: %q", other.Fault)
			}
			return errors.Join(err, says("read on")(ctx, cancel, tx, j))
		}),
		counted(6, func(context.Context, func(), domain.Tx, *domain.Job) error { return nil }),
		// Asks and asks: the others do not wait for that.
		counted(7, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			for range 3 * repo.MaxFlights {
				if _, err := tx.Job(f.jobs[0].ID); err != nil {
					return err
				}
			}
			return says("asked on")(ctx, cancel, tx, j)
		}),
		member{repotest.ID(), says("nowhere")},
		member{f.jobs[0].ID, adds}, // after the first, or before it
	)
	for i, want := range []func(error) bool{nothing, func(err error) bool { return errors.Is(err, wrong) },
		func(err error) bool { return err != nil && err.Error() == "panic: a defect" },
		func(err error) bool { return err != nil }, nothing, nothing, nothing, nothing,
		func(err error) bool { return domain.IsCode(err, domain.CodeNotFound) }, nothing} {
		if !want(got[i]) {
			t.Errorf("member %d: %v", i, got[i])
		}
	}
	for i, want := range []string{f.jobs[0].Fault + "++", f.jobs[1].Fault, f.jobs[2].Fault, f.jobs[3].Fault, "by itself", "read on",
		f.jobs[6].Fault, "asked on"} {
		if got := f.fault(i); got != want {
			t.Errorf("job %d is %q, want %q", i, got, want)
		}
	}
	for i, least := range []int{1, 1, 1, 1, 2, 1, 1, 2} {
		if runs[i] < least || runs[i] > 2 { // on a slow machine the convoy may not have waited
			t.Errorf("member %d ran %d times, want %d", i, runs[i], least)
		}
	}
}

// Those who wait are written by one transaction.
func TestAConvoyIsOneTransaction(t *testing.T) {
	f := newFleet(t, 6)
	for range 10 { // a machine that is busy may break one up
		var members []member
		for i := range 4 {
			members = append(members, member{f.jobs[i].ID, says("together")})
		}
		if err := errors.Join(f.convoy(members...)...); err != nil {
			t.Fatal(err)
		}
		if n := f.DB.Transactions(t, f.jobs[0].ID, f.jobs[1].ID, f.jobs[2].ID, f.jobs[3].ID); n == 1 {
			return
		}
	}
	t.Error("four who waited never shared a transaction")
}

// A commit that the database refuses undoes all; then each tries alone, and
// only the one at fault fails.
func TestAConvoyThatIsRefusedIsTriedAlone(t *testing.T) {
	f := newFleet(t, 6)
	runs := 0
	got := f.convoy(
		member{f.jobs[0].ID, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			runs++
			return says("one")(ctx, cancel, tx, j)
		}},
		member{f.jobs[1].ID, func(_ context.Context, _ func(), tx domain.Tx, j *domain.Job) error {
			v := f.NewVisit(j, repotest.Noon)
			v.SuccessorID = repotest.Ptr(repotest.ID()) // of no visit
			return tx.InsertVisit(&v)
		}},
		member{f.jobs[2].ID, says("two")},
	)
	if got[0] != nil || got[1] == nil || got[2] != nil {
		t.Errorf("they came to %v", got)
	}
	if f.fault(0) != "one" || f.fault(2) != "two" || runs != 2 {
		t.Errorf("kept are %q and %q; the first ran %d times", f.fault(0), f.fault(2), runs)
	}
}

// Who takes long at their rules stops nobody.
func TestAConvoyDoesNotWaitForOne(t *testing.T) {
	f := newFleet(t, 6)
	long := make(chan struct{})
	ran := 0
	var once sync.Once
	got := f.convoy(
		member{f.jobs[0].ID, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			if ran++; ran == 1 {
				<-long
			}
			return says("late")(ctx, cancel, tx, j)
		}},
		member{f.jobs[1].ID, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			err := says("soon")(ctx, cancel, tx, j)
			if _, free := tx.Job(j.ID); free == nil { // only by itself
				once.Do(func() { close(long) })
			}
			return err
		}},
		member{f.jobs[2].ID, says("soon too")},
	)
	if err := errors.Join(got...); err != nil {
		t.Fatal(err)
	}
	if a, b, c := f.fault(0), f.fault(1), f.fault(2); a != "late" || b != "soon" || c != "soon too" {
		t.Errorf("they wrote %q, %q, %q", a, b, c)
	}
}

// One row that somebody holds for long costs the members little more than a
// moment, and the holder's job its own request alone.
func TestAConvoyDoesNotWaitForARow(t *testing.T) {
	f := newFleet(t, 6)
	held, release := make(chan struct{}), make(chan struct{})
	var holder sync.WaitGroup
	holder.Go(func() {
		if err := f.DB.InTx(t.Context(), func(tx domain.Tx) error { // not by a lane
			if _, err := tx.LockTechnicians([]domain.ID{f.Ravi.ID}); err != nil {
				return err
			}
			_, err := tx.LockJob(f.jobs[0].ID)
			close(held)
			<-release
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	var done sync.Once
	got := f.convoy(
		member{f.jobs[0].ID, says("after the holder")},
		member{f.jobs[1].ID, func(ctx context.Context, cancel func(), tx domain.Tx, j *domain.Job) error {
			done.Do(func() { close(release) }) // only who runs by himself comes here
			return says("meanwhile")(ctx, cancel, tx, j)
		}},
	)
	holder.Wait()
	if err := errors.Join(got...); err != nil || f.fault(0) != "after the holder" || f.fault(1) != "meanwhile" {
		t.Errorf("%v; they wrote %q and %q", err, f.fault(0), f.fault(1))
	}
}

// A transaction of many flights gives its lane to those who wait.
func TestALaneIsNotHeldForLong(t *testing.T) {
	f := newFleet(t, 6)
	got := make(chan error)
	var all sync.WaitGroup
	for i := range repo.MaxLanes {
		all.Go(func() {
			err := f.DB.InTx(t.Context(), func(tx domain.Tx) error {
				if _, err := tx.LockJob(f.jobs[i].ID); err != nil {
					return err
				}
				if i > 0 {
					return <-got
				}
				for f.DB.WaitingForLanes() == 0 {
					runtime.Gosched()
				}
				for range repo.MaxFlights {
					if _, err := tx.Job(f.jobs[i].ID); err != nil {
						return err
					}
				}
				return <-got
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	other := f.jobs[repo.MaxLanes]
	all.Go(func() {
		for !f.DB.LanesFull() {
			runtime.Gosched()
		}
		err := f.DB.InTx(t.Context(), func(tx domain.Tx) error {
			j, err := tx.LockJob(other.ID)
			if err != nil {
				return err
			}
			j.Fault = "meanwhile"
			return tx.SaveJob(j)
		})
		for range repo.MaxLanes {
			got <- err
		}
	})
	all.Wait()
	if got := f.fault(repo.MaxLanes); got != "meanwhile" {
		t.Errorf("it wrote %q", got)
	}
}

// Two in one convoy cannot have one technician at one time, and the diary of
// the second shows what the first has booked.
func TestAConvoyBooksATechnicianOnce(t *testing.T) {
	f := newFleet(t, 8)
	at := repotest.Noon.Add(48 * time.Hour)
	seen := make([]int, 5)
	var members []member
	for i := range seen {
		who := []domain.ID{f.Ravi.ID}
		if i == 3 {
			who[0] = f.Asha.ID
		}
		members = append(members, member{f.jobs[i].ID, func(_ context.Context, _ func(), tx domain.Tx, j *domain.Job) error {
			diary, err := tx.LockDiary(who, j.CustomerID, at.Add(-time.Hour), at.Add(3*time.Hour), at)
			if err != nil {
				return err
			}
			seen[i] = len(diary.Busy)
			v := f.NewVisit(j, at, who...)
			return tx.InsertVisit(&v)
		}})
	}
	won := 0
	for i, err := range f.convoy(members...) {
		switch {
		case err == nil:
			won++
			if seen[i] != 0 {
				t.Errorf("%d booked over %d others", i, seen[i])
			}
		case !domain.IsCode(err, domain.CodeOverlap):
			t.Errorf("%d: %v", i, err)
		case seen[i] != 1:
			t.Errorf("%d was refused with %d in the diary", i, seen[i])
		}
	}
	if won != 2 {
		t.Errorf("%d won, want one for each technician", won)
	}
}

// Who gives up waiting leaves the line.
func TestWaitingForALaneEndsWithItsCaller(t *testing.T) {
	f := newFleet(t, 6)
	ran := false
	got := f.convoy(member{f.jobs[0].ID, says("first")})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	release, opened := make(chan struct{}), make(chan struct{}, repo.MaxLanes)
	for i := range repo.MaxLanes {
		all.Go(func() {
			_ = f.DB.InTx(t.Context(), func(tx domain.Tx) error {
				_, err := tx.LockJob(f.jobs[1+i].ID)
				opened <- struct{}{}
				<-release
				return err
			})
		})
	}
	for range repo.MaxLanes {
		<-opened
	}
	all.Go(func() {
		for f.DB.WaitingForLanes() == 0 {
			runtime.Gosched()
		}
		cancel()
	})
	err := f.DB.InTx(ctx, func(tx domain.Tx) error {
		if _, err := tx.LockJob(f.jobs[0].ID); err != nil {
			return err
		}
		ran = true
		return nil
	})
	close(release)
	all.Wait()
	if got[0] != nil || err == nil || ran || f.DB.WaitingForLanes() != 0 {
		t.Errorf("%v, %v, ran: %v, %d waiting", got, err, ran, f.DB.WaitingForLanes())
	}
	if err := errors.Join(f.convoy(member{f.jobs[0].ID, says("later")})...); err != nil {
		t.Error(err)
	}
}

// Statements keep the order of each member; rows of a table come together.
func TestInsertsAreMerged(t *testing.T) {
	const a, b, c = `INSERT INTO "a" ("x","y") VALUES ($1,$2)`, `INSERT INTO b (x) VALUES ($1)`,
		`INSERT INTO c (x) VALUES ($1) ON CONFLICT (x) DO NOTHING`
	const set, odd = `UPDATE d SET x = $1`, `INSERT INTO b (x) SELECT $1`
	for _, x := range []struct {
		lists [][]string
		texts []string
		args  [][]any
	}{
		{[][]string{{a, b}, {a, b}}, []string{`INSERT INTO "a" ("x","y") VALUES ($1,$2),($3,$4)`, `INSERT INTO b (x) VALUES ($1),($2)`},
			[][]any{{1, 2, 4, 5}, {3, 6}}},
		{[][]string{{a, set, b}, {a, set, b}}, []string{`INSERT INTO "a" ("x","y") VALUES ($1,$2),($3,$4)`, set, set,
			`INSERT INTO b (x) VALUES ($1),($2)`}, [][]any{{1, 2, 5, 6}, {3}, {7}, {4, 8}}},
		{[][]string{{b}, {a, b}}, []string{`INSERT INTO b (x) VALUES ($1)`, a, b}, [][]any{{1}, {2, 3}, {4}}},
		{[][]string{{c}, {c}, {odd}, {odd}}, []string{`INSERT INTO c (x) VALUES ($1),($2) ON CONFLICT (x) DO NOTHING`, odd, odd},
			[][]any{{1, 2}, {3}, {4}}},
		{[][]string{{`INSERT INTO b (x) VALUES ($1),($2)`}, {b}}, []string{`INSERT INTO b (x) VALUES ($1)`, `INSERT INTO b (x) VALUES ($1)`},
			nil},
	} {
		texts, args := repo.Merged(x.lists...)
		if x.args == nil { // two rows and one
			if len(texts) != 1 || texts[0] != `INSERT INTO b (x) VALUES ($1),($2),($3)` || len(args[0]) != 3 {
				t.Errorf("%q of %v", texts, args)
			}
			continue
		}
		if !slices.Equal(texts, x.texts) || !reflect.DeepEqual(args, x.args) {
			t.Errorf("%q\nbecame %q of %v,\nwant   %q of %v", x.lists, texts, args, x.texts, x.args)
		}
	}
}
