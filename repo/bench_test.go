package repo_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
	"doorstep/domain/usecases"
	"doorstep/repo/repotest"
)

// bench is a world with work for many: technicians and open jobs.
type bench struct {
	*repotest.World
	service *usecases.All
	crews   []domain.User
	jobs    []domain.Job
	next    atomic.Int64
}

func newBench(b *testing.B, engine string, technicians, jobs int) *bench {
	w := repotest.NewWorld(b, repotest.Fresh(b, engine))
	keys, err := domain.NewKeyRing("0123456789abcdef0123456789abcdef")
	if err != nil {
		b.Fatal(err)
	}
	x := &bench{World: w, service: usecases.New(&casework.Service{Store: w.DB, Read: w.DB.Reader(),
		Now:  func() time.Time { return repotest.Noon },
		Wall: time.Now, NewID: repotest.ID, Keys: keys,
		ParsePhone: func(raw, _ string) (string, error) { return raw, nil }})}
	repotest.Do(b, w.DB, func(tx domain.Tx) error {
		// Working every day; hours of its own spare the calendar.
		for i := range technicians {
			u := w.Ravi
			u.Meta, u.Login = repotest.Meta(repotest.Noon), fmt.Sprint("tech", i)
			x.crews = append(x.crews, u)
			if err := tx.InsertUser(&u); err != nil {
				return err
			}
		}
		w.Mill.WorkingDays = domain.JSONList[int]{0, 1, 2, 3, 4, 5, 6}
		return tx.SaveCentre(&w.Mill)
	})
	for len(x.jobs) < jobs {
		repotest.Do(b, w.DB, func(tx domain.Tx) error {
			for range 100 {
				customer := repotest.NewCustomer("bench", fmt.Sprint("+9198", len(x.jobs)))
				j := w.NewJob(&customer, &w.Mill, repotest.Noon)
				x.jobs = append(x.jobs, j)
				if err := tx.InsertCustomer(&customer); err != nil {
					return err
				}
				if err := tx.InsertJob(&j); err != nil {
					return err
				}
				link := repotest.NewLink(j.ID)
				if err := tx.InsertLink(&link); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return x
}

// job hands out jobs in turn.
func (x *bench) job() (int, domain.Job) {
	n := int(x.next.Add(1))
	return n, x.jobs[n%len(x.jobs)]
}

func (x *bench) call(u domain.User) *casework.Call {
	return &casework.Call{Actor: repotest.Actor(u), Key: repotest.ID().String(), Hash: "h", Status: 201}
}

func onEngines(b *testing.B, run func(b *testing.B, engine string)) {
	for _, engine := range repotest.Engines(b) {
		b.Run(engine, func(b *testing.B) { run(b, engine) })
	}
}

// parallel runs one operation by many callers and reports the processor time
// that this process spent on each.
func parallel(b *testing.B, one func() error) {
	b.SetParallelism(perCPU)
	before := processor()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := one(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(processor()-before)/float64(b.N)/1e6, "cpu-ms/op")
}

func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perCPU callers wait on the database at once.
const perCPU = 8

// BenchmarkSchedule books a visit with its crew: the write of docs/product.md
// section 3 that does most.
func BenchmarkSchedule(b *testing.B) {
	onEngines(b, func(b *testing.B, engine string) {
		x := newBench(b, engine, 400, 2000)
		parallel(b, func() error {
			n, j := x.job()
			start := repotest.Noon.Add(time.Duration(n/len(x.crews)+1) * time.Hour)
			_, err := x.service.Schedule(context.Background(), x.call(x.Desk), j.ID, casework.ScheduleInput{WindowStart: start.Format(time.RFC3339),
				WindowEnd:      start.Add(time.Hour).Format(time.RFC3339),
				PlannedMinutes: 30, Crew: &[]domain.ID{x.crews[n%len(x.crews)].ID}})
			return err
		})
	})
}

// BenchmarkAttempt records a try that does not reach anybody.
func BenchmarkAttempt(b *testing.B) {
	onEngines(b, func(b *testing.B, engine string) {
		x := newBench(b, engine, 1, 2000)
		parallel(b, func() error {
			_, j := x.job()
			ring := 25
			_, err := x.service.RecordAttempt(context.Background(), x.call(x.Desk), &j.ID, nil,
				casework.AttemptInput{Channel: reach.Phone, Outcome: reach.NoAnswer, RingSeconds: &ring})
			return err
		})
	})
}

// BenchmarkBareWrite is one visit with an entry and a notice: the unit in which
// the benchmarks compare.
func BenchmarkBareWrite(b *testing.B) {
	onEngines(b, func(b *testing.B, engine string) {
		x := newBench(b, engine, 1, 2000)
		parallel(b, func() error {
			_, j := x.job()
			err := x.DB.InTx(context.Background(), func(tx domain.Tx) error {
				job, err := tx.LockJob(j.ID)
				if err != nil {
					return err
				}
				v := x.NewVisit(job, repotest.Noon.Add(time.Hour))
				f := domain.Entry{ID: repotest.ID(), Kind: "visit.scheduled", VisitID: &v.ID, ActorRole: domain.RoleCoordinator, ActorID: &x.Desk.ID,
					OccurredAt: repotest.Noon, RecordedAt: repotest.Noon}
				job.Append(&f)
				tx.Append(&f)
				tx.Enqueue(repotest.NewNotice(x.Ravi.ID, "visit.assigned"))
				if err := tx.InsertVisit(&v); err != nil {
					return err
				}
				return tx.SaveJob(job)
			})
			return err
		})
	})
}

// BenchmarkVisits reads a technician's page of 50 visits.
func BenchmarkVisits(b *testing.B) {
	onEngines(b, func(b *testing.B, engine string) {
		x := newBench(b, engine, 1, 100)
		repotest.Do(b, x.DB, func(tx domain.Tx) error {
			for i := range 500 {
				v := x.NewVisit(&x.Job, repotest.Noon.Add(time.Duration(i+50)*time.Hour), x.crews[0].ID)
				if err := tx.InsertVisit(&v); err != nil {
					return err
				}
			}
			return nil
		})
		s := repotest.Actor(x.crews[0]).Scope()
		parallel(b, func() error {
			list, err := x.DB.Reader().Visits(context.Background(), s, domain.VisitFilter{}, domain.Page{Limit: 50})
			if len(list) != 50 {
				return fmt.Errorf("%d visits, %w", len(list), err)
			}
			return err
		})
	})
}
