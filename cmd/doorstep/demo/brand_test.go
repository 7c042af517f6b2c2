package demo

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/domain/usecases"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// fillAt builds the demo's brand on an empty database at a time.
func fillAt(t testing.TB, engine string, now time.Time) (*Brand, *usecases.All, *repo.DB) {
	t.Helper()
	db := repotest.Open(t, engine)
	keys, err := domain.NewKeyRing("9e83d1a6c54f4027b7e6f20d81c3ba57")
	if err != nil {
		t.Fatal(err)
	}
	clock := new(Clock)
	clock.Set(now)
	svc := app.NewService(db, keys, clock.Now, "http://127.0.0.1:1")
	svc.NoPlanTimers = true // as in the demo
	began := time.Now()
	brand, err := Fill(t.Context(), svc, clock, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("built in %v", time.Since(began).Round(10*time.Millisecond))
	if !clock.Now().Equal(now) {
		t.Errorf("the clock was not given back: %v", clock.Now())
	}
	return brand, svc, db
}

// Whatever the hour, the day and the night of the year, the demo keeps its
// promises in every centre.
func TestTheDemosBrand(t *testing.T) {
	days := []string{
		"2026-10-25T00:30:00Z", // the clocks go back in London
		"2026-11-22T03:00:00Z", // Sunday morning in Pune, night in London
		"2027-01-01T18:29:00Z", // a minute before midnight in Pune, a holiday in London
		"2026-11-24T12:10:00Z", // a Tuesday at noon
	}
	if os.Getenv("DOORSTEP_TEST_LONG") == "" {
		days = days[:1]
	}
	for _, now := range days {
		t.Run(now, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, now)
			if err != nil {
				t.Fatal(err)
			}
			checkBrand(t, repo.SQLite, at)
		})
	}
}

func checkBrand(t *testing.T, engine string, now time.Time) {
	brand, svc, db := fillAt(t, engine, now)
	ctx := t.Context()
	next, err := svc.Read.NextDeadline(ctx)
	must(t, err)
	if next == nil || next.Before(now.Add(10*time.Minute)) {
		t.Errorf("falls due at %v", next)
	}
	alarms, err := svc.Read.SOSs(ctx, domain.Actor{UserID: uuid.New(), Role: domain.RoleAdmin}, false, domain.Page{})
	must(t, err)
	if len(alarms) > 0 {
		t.Errorf("%d alarms rang while the brand was built", len(alarms))
	}
	faults, err := svc.Proof.Verify(ctx, nil)
	must(t, err)
	if len(faults) > 0 {
		t.Errorf("broken chains: %+v", faults)
	}
	checkPeople(t, brand, svc)
	users, err := svc.Read.Users(ctx, domain.Scope{All: true}, domain.UserFilter{}, domain.Page{Limit: 200})
	must(t, err)
	for _, u := range users {
		if devices, err := svc.Read.Devices(ctx, u.ID); err != nil || len(devices) != 1 || devices[0].Token != "demo:"+u.Login {
			t.Errorf("phone of %s: %+v %v", u.Login, devices, err)
		}
	}
	checkCentres(t, svc, now)
	checkReports(t, svc, users)

	token := brand.CustomerLink[strings.LastIndexByte(brand.CustomerLink, '/')+1:]
	page, err := svc.Customers.OpenLink(ctx, token)
	must(t, err)
	if page.Visit == nil || page.Visit.ID != brand.SampleVisitID || page.Job.ID != brand.SampleJobID || !page.CanConfirm ||
		!page.CanAnotherTime || page.Visit.Confirmation != domain.ConfirmAwaiting ||
		!page.Visit.WindowStart.After(now.Add(2*time.Hour)) || len(page.CrewNames) != 1 {
		t.Errorf("the customer's page: %+v", page)
	}
	waiting, err := db.PendingNotices(ctx, now)
	must(t, err)
	t.Logf("%d notices to push", waiting)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkPeople: every role is there twice, in each of its places.
func checkPeople(t *testing.T, brand *Brand, svc *usecases.All) {
	roles, places, logins := map[string]int{}, map[string]map[string]bool{}, map[string]bool{}
	for _, u := range brand.Users {
		roles[u.Role]++
		if places[u.Role] == nil {
			places[u.Role] = map[string]bool{}
		}
		places[u.Role][u.Area+"/"+u.Centre] = true
		if logins[u.Login] || u.Password != Password || u.Name == "" {
			t.Errorf("user %+v", u)
		}
		logins[u.Login] = true
	}
	for _, r := range domain.Roles {
		if role := string(r); roles[role] < 2 || (r.OfCentre() && len(places[role]) != 4) ||
			(r == domain.RoleAreaManager && len(places[role]) != 2) {
			t.Errorf("%s: %d in %v", r, roles[role], places[role])
		}
	}
	if roles["technician"] != 24 {
		t.Errorf("%d technicians", roles["technician"])
	}
	if _, err := svc.Accounts.Login(t.Context(), brand.Users[0].Login, Password); err != nil {
		t.Error(err)
	}
}

// checkCentres: each has a day to look at, and all together every state of a visit.
func checkCentres(t *testing.T, svc *usecases.All, now time.Time) {
	ctx := t.Context()
	centres, err := svc.Read.Centres(ctx, domain.Scope{All: true}, domain.Page{Limit: 10})
	must(t, err)
	if len(centres) != 4 {
		t.Fatalf("%d centres", len(centres))
	}
	jobs, visits, statuses := 0, 0, map[domain.VisitStatus]int{}
	for _, c := range centres {
		scope := domain.Scope{CentreID: c.ID}
		list := everyJob(t, svc, scope)
		jobs += len(list)
		checkJobs(t, svc, c.Name, list)
		y, m, d := now.In(c.Location()).Date()
		from, to := time.Date(y, m, d, 0, 0, 0, 0, c.Location()), time.Date(y, m, d+1, 0, 0, 0, 0, c.Location())
		today, ahead := 0, 0
		for _, v := range everyVisit(t, svc, scope) {
			visits++
			statuses[v.Status]++
			if !v.WindowStart.Before(from) && v.WindowStart.Before(to) {
				today++
			}
			if v.Status == domain.VisitScheduled {
				ahead++
				if v.WindowEnd.Before(now.Add(25 * time.Minute)) {
					t.Errorf("%s: a scheduled visit ends at %v", c.Name, v.WindowEnd)
				}
			}
		}
		if today < 8 || ahead < 20 {
			t.Errorf("%s: %d visits today, %d ahead", c.Name, today, ahead)
		}
	}
	t.Logf("%d jobs, %d visits %v", jobs, visits, statuses)
	if jobs < 300 || visits < 300 {
		t.Errorf("%d jobs, %d visits", jobs, visits)
	}
	for _, s := range []domain.VisitStatus{domain.VisitScheduled, domain.VisitCompleted, domain.VisitPartial, domain.VisitNoAccess,
		domain.VisitStopped, domain.VisitMissed, domain.VisitRescheduled, domain.VisitCancelled} {
		if statuses[s] == 0 {
			t.Errorf("no visit is %s", s)
		}
	}
}

// checkJobs: a centre has jobs of every verdict, with holds and without.
func checkJobs(t *testing.T, svc *usecases.All, centre string, list []domain.Job) {
	holds, _, err := svc.Read.HoldsOfJobs(t.Context(), list)
	must(t, err)
	verdicts, safety, free := map[string]int{}, 0, 0
	for i := range list {
		j := &list[i]
		open := holds[j.ID]
		if !j.Status.Ended() {
			verdicts[j.Verdict]++
			if j.Status == domain.JobOpen && len(open) == 0 {
				free++
			}
		}
		unreachable := false
		for _, h := range open {
			if h.Kind == domain.HoldSafety {
				safety++
			}
			unreachable = unreachable || h.Kind == domain.HoldUnreachable
		}
		if unreachable != (j.Verdict == reach.Unreachable) {
			t.Errorf("%s: job is %s, hold %v", centre, j.Verdict, unreachable)
		}
	}
	for _, v := range []string{reach.Untried, reach.Trying, reach.LastNotice, reach.Unreachable, reach.Reached} {
		if verdicts[v] == 0 {
			t.Errorf("%s: nobody is %s: %v", centre, v, verdicts)
		}
	}
	if safety == 0 || free == 0 {
		t.Errorf("%s: %d safety holds, %d open jobs without a hold", centre, safety, free)
	}
}

// checkReports: each area manager has reports at every stage.
func checkReports(t *testing.T, svc *usecases.All, users []domain.User) {
	for _, u := range users {
		if u.Role != domain.RoleAreaManager || u.DeputyID == nil {
			continue
		}
		flags, err := svc.Read.Flags(t.Context(), domain.Actor{UserID: u.ID, Role: u.Role, AreaID: *u.AreaID}, domain.FlagFilter{},
			domain.Page{Limit: 100})
		must(t, err)
		stages := map[string]int{}
		for _, f := range flags {
			stage := string(f.Status)
			if f.Provisional {
				stage = "provisional"
			}
			stages[stage]++
		}
		for _, s := range []string{"reported", "provisional", "triaged", "under_review", "upheld", "not_upheld", "unclear", "withdrawn"} {
			if stages[s] == 0 {
				t.Errorf("%s sees no report that is %s: %v", u.Name, s, stages)
			}
		}
	}
}

func everyJob(t *testing.T, svc *usecases.All, scope domain.Scope) []domain.Job {
	t.Helper()
	var all []domain.Job
	page := domain.Page{Limit: 100}
	for {
		list, err := svc.Read.Jobs(t.Context(), scope, domain.JobFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, list...); len(list) < page.Limit {
			return all
		}
		last := list[len(list)-1]
		page.AfterAt, page.AfterID = &last.CreatedAt, &last.ID
	}
}

func everyVisit(t *testing.T, svc *usecases.All, scope domain.Scope) []domain.Visit {
	t.Helper()
	var all []domain.Visit
	page := domain.Page{Limit: 100}
	for {
		list, err := svc.Read.Visits(t.Context(), scope, domain.VisitFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, list...); len(list) < page.Limit {
			return all
		}
		last := list[len(list)-1]
		page.AfterAt, page.AfterID = &last.WindowStart, &last.ID
	}
}

// The same plan comes about on PostgreSQL, where identifiers, times and locks
// are others.
func TestTheDemosBrandOnPostgres(t *testing.T) {
	if slices.Contains(repotest.Engines(t), repo.Postgres) {
		checkBrand(t, repo.Postgres, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	}
}

func TestClock(t *testing.T) {
	c := new(Clock)
	if d := time.Until(c.Now()).Abs(); d > time.Second {
		t.Errorf("%v off the wall", d)
	}
	c.Advance(time.Hour)
	back := c.borrow()
	still := time.Date(2027, 3, 1, 3, 30, 0, 0, time.UTC)
	c.Set(still)
	c.Advance(time.Minute)
	if !c.Now().Equal(still.Add(time.Minute)) {
		t.Errorf("it stands at %v", c.Now())
	}
	back()
	if d := (time.Until(c.Now()) - time.Hour).Abs(); d > time.Second {
		t.Errorf("%v off after giving back", d)
	}
}
