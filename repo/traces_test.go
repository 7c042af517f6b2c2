package repo_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// What a transaction of SQLite reads of its job before it is its turn it reads
// again when somebody has written any of it by then, and not otherwise.
func TestWhatWasReadBeforeItsTurnIsTrueThen(t *testing.T) {
	url := repotest.URL(t, repo.SQLite)
	db := repotest.OpenURL(t, url)
	w := repotest.NewWorld(t, db)
	other := w.NewJob(&w.Customer, &w.Mill, repotest.Noon)
	stranger := repotest.NewCustomer("Rao", "+919800000007")
	stranger.Sites = append(stranger.Sites, domain.Site{ID: repotest.ID(), Label: "shop", Address: "2 Lane", PostalCode: "110001",
		Zone: "Asia/Kolkata"})
	far := w.NewJob(&stranger, &w.Mill, repotest.Noon)
	visit := w.NewVisit(&other, repotest.Noon.Add(300*time.Hour), w.Asha.ID)
	repotest.Do(t, db, func(tx domain.Tx) error {
		return errors.Join(tx.InsertJob(&other), tx.InsertCustomer(&stranger), tx.InsertJob(&far), tx.InsertVisit(&visit))
	})
	attempt := func(j *domain.Job, c *domain.Customer) *domain.Attempt {
		return &domain.Attempt{ID: repotest.ID(), JobID: j.ID, CustomerID: c.ID, Direction: "outbound", ContactID: &c.Contacts[0].ID,
			Channel: "phone", Outcome: "no_answer",
			Grade: "recorded", OccurredAt: repotest.Noon, RecordedAt: repotest.Noon, CreatedAt: repotest.Noon}
	}
	day := repotest.Noon.Add(300 * time.Hour)
	n := 0
	free := func() time.Time { n++; return day.Add(time.Duration(20+5*n) * time.Hour) }
	jobs := func(tx domain.Tx) error { _, err := tx.LockJob(w.Job.ID); return err }
	diary := func(tx domain.Tx) error {
		_, err := tx.LockDiary([]domain.ID{w.Ravi.ID}, w.Customer.ID, day, day.Add(time.Hour), repotest.Noon)
		return err
	}
	for _, c := range []struct {
		what  string
		write func(domain.Tx) error
		again func(read string) bool
	}{
		{"the job", func(tx domain.Tx) error { return changed(tx, w.Job.ID, func(j *domain.Job) { j.Fault += "!" }) }, of("job")},
		{"another job", func(tx domain.Tx) error { return changed(tx, other.ID, func(j *domain.Job) { j.Fault += "!" }) }, of()},
		{"an attempt on the job", func(tx domain.Tx) error { return tx.InsertAttempt(attempt(&w.Job, &w.Customer)) }, of("job")},
		{"an attempt on another job", func(tx domain.Tx) error { return tx.InsertAttempt(attempt(&far, &stranger)) }, of()},
		{"told of what was tried on the job", func(tx domain.Tx) error { return tx.MarkNotified(w.Job.ID, nil, day) }, of("job")},
		{"a visit of the job, of somebody else", func(tx domain.Tx) error {
			v := w.NewVisit(&w.Job, free(), w.Asha.ID)
			return tx.InsertVisit(&v)
		}, of("job")},
		{"a visit of another job, of the same technician", func(tx domain.Tx) error {
			v := w.NewVisit(&other, free(), w.Ravi.ID)
			return tx.InsertVisit(&v)
		}, of("diary")},
		{"a visit of another job handed to the technician", func(tx domain.Tx) error {
			_, v, err := tx.LockVisit(visit.ID)
			if err != nil {
				return err
			}
			if slices.Contains(v.Crew, w.Ravi.ID) {
				v.Crew = domain.JSONList[domain.ID]{w.Asha.ID}
			} else {
				v.Crew = domain.JSONList[domain.ID]{w.Ravi.ID}
			}
			return tx.SaveVisit(v)
		}, of("diary")},
		{"the place of another job", func(tx domain.Tx) error {
			return changed(tx, far.ID, func(j *domain.Job) { n++; j.SiteID = stranger.Sites[n%2].ID })
		}, of("job", "diary")},
		{"a hold", func(tx domain.Tx) error {
			return tx.InsertHold(&domain.Hold{ID: repotest.ID(), Kind: domain.HoldParts, JobID: &far.ID, Since: repotest.Noon, By: "desk"})
		}, of("job")},
		{"the household", func(tx domain.Tx) error { w.Customer.Name += "!"; return tx.SaveCustomer(&w.Customer) }, of("job", "diary")},
		{"the centre", func(tx domain.Tx) error { w.Mill.Name += "!"; return tx.SaveCentre(&w.Mill) }, of("job")},
		{"leave", func(tx domain.Tx) error {
			return tx.InsertLeave(&domain.Leave{Meta: repotest.Meta(repotest.Noon), TechnicianID: w.Ravi.ID, StartsAt: day,
				EndsAt: day.Add(time.Hour), Kind: "sick", Status: "approved"})
		}, of("diary")},
		{"nothing of it", func(tx domain.Tx) error {
			return tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: "West"})
		}, of()},
		{"refused in the end", func(tx domain.Tx) error {
			return errors.Join(changed(tx, far.ID, func(j *domain.Job) { j.Fault += "?" }), errors.New("refused"))
		}, of()},
	} {
		for read, look := range map[string]func(domain.Tx) error{"job": jobs, "diary": diary} {
			runs := 0
			repotest.Do(t, db, func(tx domain.Tx) error {
				runs++
				if err := look(tx); err != nil {
					return err
				}
				if runs == 1 {
					if err := repotest.Try(db, c.write); (err == nil) == (c.what == "refused in the end") {
						t.Errorf("%s: %v", c.what, err)
					}
				}
				return tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: fmt.Sprint(c.what, runs)})
			})
			want := 1
			if c.again(read) {
				want = 2
			}
			if runs != want {
				t.Errorf("%s, while somebody read of the %s: it ran %d times, want %d", c.what, read, runs, want)
			}
		}
	}
	readByWhoRefuses(t, db, w)
	readBesideAnotherProgram(t, db, w, url)
}

// changed locks a job, changes it and saves it.
func changed(tx domain.Tx, id domain.ID, change func(*domain.Job)) error {
	j, err := tx.LockJob(id)
	if err != nil {
		return err
	}
	change(j)
	return tx.SaveJob(j)
}

// readByWhoRefuses: who refuses, or writes nothing, does so by what is true as well.
func readByWhoRefuses(t *testing.T, db *repo.DB, w *repotest.World) {
	for _, refused := range []error{nil, errors.New("refused")} {
		runs, fault := 0, ""
		err := repotest.Try(db, func(tx domain.Tx) error {
			runs++
			j, err := tx.LockJob(w.Job.ID)
			if err != nil {
				return err
			}
			if fault = j.Fault; runs == 1 {
				repotest.Do(t, db, func(tx domain.Tx) error { return changed(tx, w.Job.ID, func(j *domain.Job) { j.Fault += "+" }) })
			}
			return refused
		})
		if !errors.Is(err, refused) || runs != 2 || !strings.HasSuffix(fault, "+") {
			t.Errorf("%v: it ran %d times and read %q", err, runs, fault)
		}
	}
}

// readBesideAnotherProgram: one that writes to the same file.
func readBesideAnotherProgram(t *testing.T, db *repo.DB, w *repotest.World, url string) {
	file, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var fault string
	runs := 0
	repotest.Do(t, db, func(tx domain.Tx) error {
		runs++
		j, err := tx.LockJob(w.Job.ID)
		if err != nil {
			return err
		}
		if fault = j.Fault; runs == 1 {
			if _, err := file.ExecContext(t.Context(), "UPDATE jobs SET fault = 'it burns' WHERE id = ?", w.Job.ID.String()); err != nil {
				t.Error(err)
			}
		}
		return tx.SaveJob(j)
	})
	if runs != 2 || fault != "it burns" {
		t.Errorf("after another program it ran %d times and read %q", runs, fault)
	}
}

func of(reads ...string) func(string) bool {
	return func(read string) bool { return slices.Contains(reads, read) }
}

// Whatever is written beside it, a rule that is judged by what was read holds:
// nothing is counted twice, and no two visits come closer than the rule says.
func TestRulesHoldForWhoReadsBeforeHisTurn(t *testing.T) {
	db := repotest.Fresh(t, repo.SQLite)
	w := repotest.NewWorld(t, db)
	jobs := []domain.Job{w.Job}
	for range 2 {
		jobs = append(jobs, w.NewJob(&w.Customer, &w.Mill, repotest.Noon))
		repotest.Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&jobs[len(jobs)-1]) })
	}
	for i := range jobs {
		repotest.Do(t, db, func(tx domain.Tx) error {
			j, err := tx.LockJob(jobs[i].ID)
			if err == nil {
				j.Fault = "0"
				err = tx.SaveJob(j)
			}
			return err
		})
	}
	const writers, each, apart = 12, 25, 2 * time.Hour
	first := repotest.Noon.Add(1000 * time.Hour)
	tooClose := errors.New("too close")
	var all sync.WaitGroup
	var mu sync.Mutex
	counted, booked := 0, 0
	for n := range writers {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 7))
			for range each {
				j, at := jobs[dice.IntN(len(jobs))].ID, first.Add(time.Duration(dice.IntN(96))*30*time.Minute)
				book := dice.IntN(2) == 0
				err := repotest.Try(db, func(tx domain.Tx) error {
					job, err := tx.LockJob(j)
					if err != nil {
						return err
					}
					if book {
						v := w.NewVisit(job, at, w.Ravi.ID)
						diary, err := tx.LockDiary(v.Crew, w.Customer.ID, v.PlannedStart, v.PlannedEnd(), repotest.Noon)
						if err != nil {
							return err
						}
						for _, b := range diary.Busy {
							if b.StartsAt.Before(v.PlannedEnd().Add(apart)) && v.PlannedStart.Before(b.EndsAt.Add(apart)) {
								return tooClose
							}
						}
						return tx.InsertVisit(&v)
					}
					n, err := strconv.Atoi(job.Fault)
					if err != nil {
						return err
					}
					job.Fault = strconv.Itoa(n + 1)
					return tx.SaveJob(job)
				})
				mu.Lock()
				switch {
				case err == nil && book:
					booked++
				case err == nil:
					counted++
				case !errors.Is(err, tooClose):
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	sum := 0
	var visits []domain.Visit
	for i := range jobs {
		repotest.Do(t, db, func(tx domain.Tx) error {
			j, err := tx.LockJob(jobs[i].ID)
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(j.Fault)
			sum += n
			of, err := tx.VisitsOfJob(j.ID)
			for _, v := range of {
				if v.PlannedStart.After(first.Add(-time.Hour)) {
					visits = append(visits, v)
				}
			}
			return err
		})
	}
	if sum != counted || counted == 0 {
		t.Errorf("%d were counted, %d stand", counted, sum)
	}
	slices.SortFunc(visits, func(a, b domain.Visit) int { return a.PlannedStart.Compare(b.PlannedStart) })
	for i := 1; i < len(visits); i++ {
		if visits[i].PlannedStart.Sub(visits[i-1].PlannedEnd()) < apart {
			t.Errorf("a visit at %v comes too close to one at %v", visits[i].PlannedStart, visits[i-1].PlannedStart)
		}
	}
	if len(visits) != booked || booked < 5 {
		t.Errorf("%d visits were booked, %d stand", booked, len(visits))
	}
}

// A row that was locked is saved by the columns that changed, whichever they
// are, also inside lists and more than once.
func TestWhatChangedIsSaved(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			db := repotest.Fresh(t, engine)
			w := repotest.NewWorld(t, db)
			read := func() (j *domain.Job) {
				repotest.Do(t, db, func(tx domain.Tx) (err error) { j, err = tx.Job(w.Job.ID); return err })
				return j
			}
			for i, change := range []func(*domain.Job){
				func(j *domain.Job) { j.Fault = "it hums" },
				func(j *domain.Job) {
					j.TriedSteps = append(j.TriedSteps, domain.TriedStep{What: "reset", At: repotest.Noon, WatchedBy: "nobody", Result: "worked"})
				},
				func(j *domain.Job) { j.TriedSteps[0].What = "dusted" }, // where it stands
				func(j *domain.Job) { j.ApplianceID, j.Serial = nil, "" },
				func(j *domain.Job) { j.ChainHead = []byte{1, 2} },
				func(j *domain.Job) { j.ChainHead[1]++ },
				func(j *domain.Job) {
					j.LastContactAt, j.ValueMinor = repotest.Ptr(repotest.Noon), repotest.Ptr(int64(5))
				},
				func(j *domain.Job) { *j.LastContactAt = repotest.Noon.Add(time.Microsecond) },
				func(j *domain.Job) { j.LastContactAt, j.ValueMinor = nil, nil },
				func(j *domain.Job) {
					j.Status, j.EndedAt, j.EndReason = domain.JobCancelled, repotest.Ptr(repotest.Noon), "moved away"
				},
				func(j *domain.Job) {},
			} {
				var want domain.Job
				repotest.Do(t, db, func(tx domain.Tx) error {
					j, err := tx.LockJob(w.Job.ID)
					if err != nil {
						return err
					}
					fault := j.Fault
					j.Fault += ", then not"
					if err := tx.SaveJob(j); err != nil {
						return err
					}
					j.Fault = fault
					change(j)
					if err := tx.SaveJob(j); err != nil {
						return err
					}
					want = *j
					return nil
				})
				repotest.Same(t, fmt.Sprint("change ", i), &want, read())
			}
		})
	}
}

// What many wrote comes from SQLite's log into its file while they go on, long
// before SQLite itself would move it.
func TestTheLogIsMoved(t *testing.T) {
	url := repotest.URL(t, repo.SQLite)
	db := repotest.OpenURL(t, url)
	path := strings.TrimPrefix(url, "sqlite:")
	inFile := func() (n int) { // as if there were no log
		copied := filepath.Join(t.TempDir(), "copy.db")
		all, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(copied, all, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		file, err := sql.Open("sqlite", copied)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := file.QueryRowContext(t.Context(), "SELECT count(*) FROM areas").Scan(&n); err != nil {
			return 0 // it is being written just now
		}
		return n
	}
	for written := 0; written%250 != 0 || inFile() < 3000; written++ {
		if written > 4000 {
			t.Fatalf("of %d rows %d are in the file", written, inFile())
		}
		repotest.Do(t, db, func(tx domain.Tx) error {
			return tx.InsertArea(&domain.Area{Meta: repotest.Meta(repotest.Noon), Name: strconv.Itoa(written)})
		})
	}
}
