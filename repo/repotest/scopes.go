package repotest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// scopes walks every caller through every read (docs/product.md section 2).
func scopes(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	ctx := t.Context()
	names, jobs := scopedRows(t, w)
	reads, want := scopedReads(t, w, jobs), whatIsSeen()
	callers := map[string]domain.Scope{"deputy for manager": Actor(w.Deputy, w.North.ID).Scope(),
		"link": domain.Actor{Role: domain.RoleCustomer, JobID: w.Job.ID}.Scope()}
	for _, u := range []domain.User{w.Ravi, w.Asha, w.Noor, w.Desk, w.Boss, w.Manager, w.Deputy, w.Agent, w.Admin} {
		callers[u.Login] = Actor(u).Scope()
	}
	for caller, s := range callers {
		for _, rd := range reads {
			ids, err := rd.list(s)
			if err != nil {
				t.Errorf("%s reads %s: %v", caller, rd.name, err)
				continue
			}
			got := []string{}
			for _, id := range ids {
				got = append(got, names[id])
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want[caller][rd.name] {
				t.Errorf("%s reads %s\n  got  %s\n  want %s", caller, rd.name, strings.Join(got, " "), want[caller][rd.name])
			}
			if rd.one == nil {
				continue
			}
			every, err := rd.list(domain.Scope{All: true})
			noError(t, err)
			for _, id := range every {
				err := rd.one(s, id)
				if slices.Contains(ids, id) != (err == nil) || err != nil && !domain.IsCode(err, domain.CodeNotFound) {
					t.Errorf("%s reads %s %s: %v", caller, rd.name, names[id], err)
				}
			}
		}
	}
	for name, s := range map[string]domain.Scope{"none": {}, "an area manager without an area": {AreaIDs: []domain.ID{{}}},
		"an unknown role": domain.Actor{UserID: w.Ravi.ID, Role: "new"}.Scope()} {
		for _, rd := range reads {
			if ids, err := rd.list(s); err == nil {
				t.Errorf("scope of %s reads %d %s", name, len(ids), rd.name)
			}
		}
	}
	areas, err := r.DeputyFor(ctx, w.Deputy.ID)
	noError(t, err)
	Same(t, "areas of a deputy", []domain.ID{w.North.ID}, areas)
	areas, err = r.DeputyFor(ctx, w.Manager.ID)
	noError(t, err)
	Same(t, "areas of somebody else", []domain.ID{}, areas)
}

// scopedRows puts rows into both areas, and names them. jobs are those of all
// three households that have one.
func scopedRows(t *testing.T, w *World) (names map[domain.ID]string, jobs []domain.ID) {
	names = map[domain.ID]string{w.North.ID: "north", w.South.ID: "south", w.Mill.ID: "mill", w.Harbour.ID: "harbour", w.Customer.ID: "iyer",
		w.Washer.ID: "washer", w.Job.ID: "job", w.Visit.ID: "visit"}
	for _, u := range []domain.User{w.Ravi, w.Asha, w.Noor, w.Desk, w.Boss, w.Manager, w.Deputy, w.Agent, w.Admin} {
		names[u.ID] = u.Login
	}
	// A customer of the harbour; one whose job moved from the mill to the
	// harbour; one that the mill registered and that has no job; one of nobody.
	far, moved, fresh, lone := NewCustomer("far", "+1"), NewCustomer("moved", "+2"), NewCustomer("fresh", "+3"), NewCustomer("lone", "+4")
	fresh.RegisteredCentreID = &w.Mill.ID
	farJob, movedJob := w.NewJob(&far, &w.Harbour, Noon), w.NewJob(&moved, &w.Mill, Noon)
	farVisit, movedVisit := w.NewVisit(&farJob, Noon.Add(24*time.Hour), w.Noor.ID), w.NewVisit(&movedJob, Noon.Add(48*time.Hour), w.Asha.ID)
	oven := domain.Appliance{Meta: Meta(Noon), CustomerID: far.ID, Category: "oven"}
	leave := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Ravi.ID, StartsAt: Noon, EndsAt: Noon.Add(time.Hour), Kind: "sick",
		Status: "approved"}
	farLeave := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Noor.ID, StartsAt: Noon, EndsAt: Noon.Add(time.Hour), Kind: "sick",
		Status: "approved"}
	brand, mill := domain.Policy{ID: ID(), Number: 1, EffectiveFrom: Noon, CreatedAt: Noon}, domain.Policy{ID: ID(), CentreID: &w.Mill.ID,
		Number: 1, EffectiveFrom: Noon, CreatedAt: Noon}
	farLink := NewLink(farJob.ID)
	for id, name := range map[domain.ID]string{far.ID: "far", moved.ID: "moved", fresh.ID: "fresh", lone.ID: "lone", farJob.ID: "farjob",
		movedJob.ID: "movedjob", farVisit.ID: "farvisit",
		movedVisit.ID: "movedvisit", oven.ID: "oven", leave.ID: "leave", farLeave.ID: "farleave", brand.ID: "brand", mill.ID: "millpolicy",
		w.Link.ID: "link", farLink.ID: "farlink"} {
		names[id] = name
	}
	attempt := func(j *domain.Job, name string) *domain.Attempt {
		a := &domain.Attempt{ID: ID(), JobID: j.ID, CustomerID: j.CustomerID, Direction: reach.Inbound, Channel: reach.Phone,
			Outcome: reach.Reached, Grade: reach.Declared,
			ByRole: domain.RoleSystem, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon}
		names[a.ID] = name
		return a
	}
	Do(t, w.DB, func(tx domain.Tx) error {
		var errs []error
		for _, c := range []*domain.Customer{&far, &moved, &fresh, &lone} {
			errs = append(errs, tx.InsertCustomer(c))
		}
		errs = append(errs, tx.InsertAppliance(&oven), tx.InsertJob(&farJob), tx.InsertJob(&movedJob), tx.InsertVisit(&farVisit),
			tx.InsertVisit(&movedVisit), tx.InsertLeave(&leave), tx.InsertLeave(&farLeave),
			tx.PutPolicy(&brand), tx.PutPolicy(&mill), tx.InsertLink(&farLink), tx.InsertAttempt(attempt(&w.Job, "try")),
			tx.InsertAttempt(attempt(&farJob, "fartry")))
		for _, j := range []*domain.Job{&w.Job, &farJob} {
			f := &domain.Entry{ID: ID(), Kind: "k", ActorRole: domain.RoleSystem, OccurredAt: Noon, RecordedAt: Noon}
			names[f.ID] = "fact"
			if j == &farJob {
				names[f.ID] = "farfact"
			}
			j.Append(f)
			tx.Append(f)
			errs = append(errs, tx.SaveJob(j))
		}
		return all(errs...)
	})
	// The job moves on with its visit; Asha loses it. Ravi's own is over, and
	// Asha was in its crew for a while.
	Do(t, w.DB, func(tx domain.Tx) error {
		j, v, err := tx.LockVisit(movedVisit.ID)
		if err != nil {
			return err
		}
		j.CentreID, j.AreaID = w.Harbour.ID, w.South.ID
		v.CentreID, v.AreaID, v.Crew = w.Harbour.ID, w.South.ID, nil
		if err := all(tx.SaveJob(j), tx.SaveVisit(v)); err != nil {
			return err
		}
		_, own, err := tx.LockVisit(w.Visit.ID)
		if err != nil {
			return err
		}
		own.Crew = domain.JSONList[domain.ID]{w.Ravi.ID, w.Asha.ID}
		if err := tx.SaveVisit(own); err != nil {
			return err
		}
		own.Crew, own.Status = domain.JSONList[domain.ID]{w.Ravi.ID}, domain.VisitCompleted
		return tx.SaveVisit(own)
	})
	return names, []domain.ID{w.Job.ID, farJob.ID, movedJob.ID}
}

// read is a list of the reader and, where there is one, the read of a row of it.
type read struct {
	name string
	list func(s domain.Scope) ([]domain.ID, error)
	one  func(s domain.Scope, id domain.ID) error
}

func scopedReads(t *testing.T, w *World, jobs []domain.ID) []read {
	r, ctx := w.DB.Reader(), t.Context()
	jobsOf := func(list func(job domain.ID) ([]domain.ID, error)) ([]domain.ID, error) {
		var out []domain.ID
		for _, job := range jobs {
			ids, err := list(job)
			if err != nil {
				return nil, err
			}
			out = append(out, ids...)
		}
		return out, nil
	}
	page := domain.Page{Limit: 100}
	return []read{
		{"areas", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Areas(ctx, s, page))(func(a domain.Area) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Area(ctx, s, id); return err }},
		{"centres", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Centres(ctx, s, page))(func(a domain.Centre) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Centre(ctx, s, id); return err }},
		{"users", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Users(ctx, s, domain.UserFilter{}, page))(func(a domain.User) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.User(ctx, s, id); return err }},
		{"customers", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Customers(ctx, s, domain.CustomerFilter{}, page))(func(a domain.Customer) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Customer(ctx, s, id); return err }},
		{"appliances", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Appliances(ctx, s, nil, "", page))(func(a domain.Appliance) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Appliance(ctx, s, id); return err }},
		{"jobs", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Jobs(ctx, s, domain.JobFilter{}, page))(func(a domain.Job) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Job(ctx, s, id); return err }},
		{"visits", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Visits(ctx, s, domain.VisitFilter{}, page))(func(a domain.Visit) domain.ID { return a.ID })
		}, func(s domain.Scope, id domain.ID) error { _, err := r.Visit(ctx, s, id); return err }},
		{"attempts", func(s domain.Scope) ([]domain.ID, error) {
			return jobsOf(func(job domain.ID) ([]domain.ID, error) {
				return idsOf(r.Attempts(ctx, s, job, page))(func(a domain.Attempt) domain.ID { return a.ID })
			})
		}, nil},
		{"timeline", func(s domain.Scope) ([]domain.ID, error) {
			return jobsOf(func(job domain.ID) ([]domain.ID, error) {
				return idsOf(r.Timeline(ctx, s, job, 0, 100))(func(a domain.Entry) domain.ID { return a.ID })
			})
		}, nil},
		{"leaves", func(s domain.Scope) ([]domain.ID, error) {
			var out []domain.ID
			for _, u := range []domain.User{w.Ravi, w.Noor} {
				ids, err := idsOf(r.Leaves(ctx, s, domain.LeaveFilter{UserID: &u.ID}, page))(func(a domain.Leave) domain.ID { return a.ID })
				if err != nil {
					return nil, err
				}
				out = append(out, ids...)
			}
			return out, nil
		}, nil},
		{"policies", func(s domain.Scope) ([]domain.ID, error) {
			return idsOf(r.Policies(ctx, s, page))(func(a domain.Policy) domain.ID { return a.ID })
		}, nil},
	}
}

// whatIsSeen is, by caller and list, the names of what they see.
func whatIsSeen() map[string]map[string]string {
	const everybody = "admin agent asha boss deputy desk manager noor ravi"
	want := map[string]map[string]string{
		"ravi": {"areas": "north", "centres": "mill", "users": "ravi", "customers": "iyer", "appliances": "washer", "jobs": "job",
			"visits": "visit", "attempts": "try", "timeline": "fact", "link": "link",
			"leaves": "leave", "policies": "brand millpolicy"},
		"asha": {"areas": "north", "centres": "mill", "users": "asha", "policies": "brand millpolicy"},
		"desk": {"areas": "north", "centres": "mill", "users": "asha boss desk ravi", "customers": "fresh iyer moved", "appliances": "washer",
			"jobs": "job", "visits": "visit", "attempts": "try",
			"timeline": "fact", "link": "link", "leaves": "leave", "policies": "brand millpolicy"},
		"noor": {"areas": "south", "centres": "harbour", "users": "noor", "customers": "far", "appliances": "oven", "jobs": "farjob",
			"visits": "farvisit", "attempts": "fartry", "timeline": "farfact",
			"link": "farlink", "leaves": "farleave", "policies": "brand"},
		"manager": {"areas": "north", "centres": "mill", "users": "asha boss desk manager ravi", "customers": "fresh iyer moved",
			"appliances": "washer", "jobs": "job", "visits": "visit", "attempts": "try",
			"timeline": "fact", "link": "link", "leaves": "leave", "policies": "brand millpolicy"},
		"deputy": {"areas": "south", "centres": "harbour", "users": "deputy noor", "customers": "far moved", "appliances": "oven",
			"jobs": "farjob movedjob", "visits": "farvisit movedvisit",
			"attempts": "fartry", "timeline": "farfact", "link": "farlink", "leaves": "farleave", "policies": "brand"},
		"agent": {"areas": "north south", "centres": "harbour mill", "users": everybody, "customers": "far fresh iyer lone moved",
			"appliances": "oven washer", "jobs": "farjob job movedjob",
			"visits": "farvisit movedvisit visit", "attempts": "fartry try", "timeline": "fact farfact", "link": "farlink link",
			"leaves": "farleave leave", "policies": "brand millpolicy"},
		"link": {"customers": "iyer", "appliances": "washer", "jobs": "job", "visits": "visit", "attempts": "try", "timeline": "fact",
			"link": "link"},
	}
	want["boss"], want["admin"] = want["desk"], want["agent"]
	want["deputy for manager"] = map[string]string{}
	for k, v := range want["deputy"] {
		both := slices.Compact(slices.Sorted(slices.Values(strings.Fields(v + " " + want["manager"][k]))))
		want["deputy for manager"][k] = strings.Join(both, " ")
	}
	return want
}

func idsOf[T any](list []T, err error) func(func(T) domain.ID) ([]domain.ID, error) {
	return func(id func(T) domain.ID) ([]domain.ID, error) {
		out := make([]domain.ID, len(list))
		for i, v := range list {
			out[i] = id(v)
		}
		return out, err
	}
}

// flagScopes compares pages of flags with the domain's own rule.
func flagScopes(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	var flags []domain.Flag
	for level := range 5 {
		for _, by := range []domain.User{w.Ravi, w.Desk, w.Manager, w.Boss} {
			for _, subject := range []*domain.ID{nil, &w.Asha.ID, &w.Boss.ID, &w.Manager.ID} {
				for k, area := range []*domain.ID{&w.North.ID, &w.South.ID, nil} {
					f := w.newFlag(by, level)
					f.CreatedAt = Noon.Add(time.Duration(len(flags)/3) * time.Second)
					f.SubjectID, f.AreaID = subject, area
					if k > 0 {
						f.CentreID = nil
					}
					if len(flags)%2 == 0 {
						f.WithAdmins = true
					}
					if len(flags)%3 == 0 {
						f.Handlers = domain.JSONList[domain.ID]{w.Deputy.ID}
					}
					if len(flags)%7 == 0 {
						f.Involved = domain.JSONList[domain.ID]{w.Manager.ID, w.Boss.ID, w.Admin.ID}
					}
					if len(flags)%4 == 0 && subject != nil {
						f.ToldAt = &Noon
					}
					if len(flags)%11 == 0 {
						f.ByCustomer, f.ReporterID = true, nil
					}
					if len(flags)%5 == 0 {
						f.Status = domain.FlagUpheld
					}
					flags = append(flags, f)
				}
			}
		}
	}
	Do(t, db, func(tx domain.Tx) error {
		for i := range flags {
			if err := tx.InsertFlag(&flags[i]); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(flags, func(a, b domain.Flag) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return slices.Compare(b.ID[:], a.ID[:])
	})
	for _, a := range []domain.Actor{Actor(w.Ravi), Actor(w.Asha), Actor(w.Desk), Actor(w.Boss), Actor(w.Manager), Actor(w.Deputy),
		Actor(w.Deputy, w.North.ID), Actor(w.Agent), Actor(w.Admin)} {
		for _, status := range [][]domain.FlagStatus{nil, {domain.FlagReported}, {domain.FlagUpheld, domain.FlagTriaged}} {
			var want, got []domain.ID
			for i := range flags {
				f := &flags[i]
				whole, brief := a.SeesFlag(f)
				whole = whole || a.Hears(f)
				if (whole || brief) && (len(status) == 0 || slices.Contains(status, f.Status)) {
					want = append(want, f.ID)
				}
				if _, err := r.Flag(t.Context(), a, f.ID); (err == nil) != (whole || brief) {
					t.Fatalf("%s and flag %d: %v", a.Name, i, err)
				}
			}
			p := domain.Page{Limit: 3}
			for {
				list, err := r.Flags(t.Context(), a, domain.FlagFilter{Status: status, JobID: &w.Job.ID}, p)
				noError(t, err)
				for _, f := range list {
					got = append(got, f.ID)
				}
				if len(list) < p.Limit {
					break
				}
				last := list[len(list)-1]
				p.AfterAt, p.AfterID = &last.CreatedAt, &last.ID
			}
			if !slices.Equal(want, got) {
				t.Errorf("%s (%d areas) with status %v: %d flags, want %d", a.Name, len(a.Scope().AreaIDs), status, len(got), len(want))
			}
		}
	}
	for _, c := range []struct {
		homes []domain.ID
		want  bool
	}{{[]domain.ID{w.Job.CustomerID}, true}, {[]domain.ID{}, false}, {[]domain.ID{ID()}, false}} {
		list, err := r.Flags(t.Context(), Actor(w.Manager), domain.FlagFilter{CustomerIDs: c.homes}, domain.Page{Limit: 100})
		if err != nil || (len(list) > 0) != c.want {
			t.Errorf("reports of homes %v: %d (%v)", c.homes, len(list), err)
		}
	}
	if _, err := r.Flags(t.Context(), domain.Actor{}, domain.FlagFilter{}, domain.Page{}); err == nil {
		t.Error("nobody reads flags")
	}
}

func filters(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	ctx := t.Context()
	far := NewCustomer("Far", "+5")
	second, third := w.NewJob(&w.Customer, &w.Mill, Noon.Add(time.Hour)), w.NewJob(&far, &w.Harbour, Noon.Add(2*time.Hour))
	second.Status, second.ExternalRef, second.Verdict = domain.JobScheduled, Ptr("R2"), reach.Trying
	third.Serial = "SN-3"
	visit := w.NewVisit(&third, Noon.Add(30*time.Hour), w.Noor.ID, w.Asha.ID)
	Do(t, db, func(tx domain.Tx) error {
		hold := func(kind domain.HoldKind, job, customer, site *domain.ID, lifted *time.Time) *domain.Hold {
			return &domain.Hold{ID: ID(), Kind: kind, JobID: job, CustomerID: customer, SiteID: site, Since: Noon, LiftedAt: lifted}
		}
		return all(tx.InsertCustomer(&far), tx.InsertJob(&second), tx.InsertJob(&third), tx.InsertVisit(&visit),
			tx.InsertHold(hold(domain.HoldParts, &second.ID, nil, nil, nil)), tx.InsertHold(hold(domain.HoldParts, &third.ID, nil, nil, &Noon)),
			tx.InsertHold(hold(domain.HoldSafety, nil, &w.Customer.ID, nil, nil)),
			tx.InsertHold(hold(domain.HoldSafety, nil, nil, &far.Sites[0].ID, nil)))
	})
	one, two, three := w.Job.ID, second.ID, third.ID
	for name, c := range map[string]struct {
		f    domain.JobFilter
		want []domain.ID
	}{
		"all":          {domain.JobFilter{}, []domain.ID{one, two, three}},
		"status":       {domain.JobFilter{Status: []domain.JobStatus{domain.JobOpen, domain.JobClosed}}, []domain.ID{one, three}},
		"centre":       {domain.JobFilter{CentreID: &w.Mill.ID}, []domain.ID{one, two}},
		"customer":     {domain.JobFilter{CustomerID: &far.ID}, []domain.ID{three}},
		"phone":        {domain.JobFilter{Phone: "+919800000001"}, []domain.ID{one, two}},
		"no phone":     {domain.JobFilter{Phone: "+91980000000"}, []domain.ID{}},
		"ref":          {domain.JobFilter{ExternalRef: "R2"}, []domain.ID{two}},
		"serial":       {domain.JobFilter{Serial: "SN-3"}, []domain.ID{three}},
		"parts":        {domain.JobFilter{Hold: "parts"}, []domain.ID{two}},
		"safety":       {domain.JobFilter{Hold: "safety"}, []domain.ID{one, two, three}},
		"reachability": {domain.JobFilter{Reachability: reach.Trying}, []domain.ID{two}},
		"several":      {domain.JobFilter{Hold: "safety", CentreID: &w.Mill.ID, Status: []domain.JobStatus{domain.JobOpen}}, []domain.ID{one}},
	} {
		got, err := idsOf(r.Jobs(ctx, everything, c.f, domain.Page{}))(func(j domain.Job) domain.ID { return j.ID })
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("jobs by %s: %v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct {
		f    domain.VisitFilter
		want []domain.ID
	}{
		"all":        {domain.VisitFilter{}, []domain.ID{w.Visit.ID, visit.ID}},
		"technician": {domain.VisitFilter{TechnicianID: &w.Asha.ID}, []domain.ID{visit.ID}},
		"centre":     {domain.VisitFilter{CentreID: &w.Mill.ID}, []domain.ID{w.Visit.ID}},
		"job":        {domain.VisitFilter{JobID: &three}, []domain.ID{visit.ID}},
		"from":       {domain.VisitFilter{From: &visit.WindowStart}, []domain.ID{visit.ID}},
		"to":         {domain.VisitFilter{To: &visit.WindowStart}, []domain.ID{w.Visit.ID}},
		"status":     {domain.VisitFilter{Status: []domain.VisitStatus{domain.VisitMissed}}, []domain.ID{}},
		"any status": {domain.VisitFilter{Status: domain.VisitStatuses}, []domain.ID{w.Visit.ID, visit.ID}},
	} {
		got, err := idsOf(r.Visits(ctx, everything, c.f, domain.Page{}))(func(v domain.Visit) domain.ID { return v.ID })
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("visits by %s: %v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct {
		f domain.UserFilter
		n int
	}{"role": {domain.UserFilter{Role: domain.RoleTechnician}, 3}, "centre": {domain.UserFilter{CentreID: &w.Mill.ID}, 4},
		"area":  {domain.UserFilter{AreaID: &w.North.ID}, 5},
		"skill": {domain.UserFilter{Skill: "washer"}, 9}, "no skill": {domain.UserFilter{Skill: "wash"}, 0},
		"several": {domain.UserFilter{Role: domain.RoleTechnician, CentreID: &w.Mill.ID, Skill: "washer"}, 2}} {
		if got, err := r.Users(ctx, everything, c.f, domain.Page{}); err != nil || len(got) != c.n {
			t.Errorf("users by %s: %d, %v", name, len(got), err)
		}
	}
	disabled := w.Asha
	disabled.Disabled = true
	Do(t, db, func(tx domain.Tx) error { return tx.SaveUser(&disabled) })
	for name, c := range map[string]struct {
		role         domain.Role
		centre, area *domain.ID
		want         string
	}{"technicians": {domain.RoleTechnician, nil, nil, "ravi noor"}, "of the mill": {domain.RoleTechnician, &w.Mill.ID, nil, "ravi"},
		"of the south": {domain.RoleTechnician, nil, &w.South.ID, "noor"},
		"managers":     {domain.RoleAreaManager, nil, &w.North.ID, "manager"}, "none": {domain.RoleAreaManager, &w.Mill.ID, nil, ""}} {
		var got []string
		for _, u := range Get(t, db, func(tx domain.Tx) ([]domain.User, error) { return tx.UsersWith(c.role, c.centre, c.area) }) {
			got = append(got, u.Login)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	locked := Get(t, db, func(tx domain.Tx) ([]domain.User, error) {
		return tx.LockTechnicians([]domain.ID{w.Noor.ID, ID(), w.Ravi.ID})
	})
	if len(locked) != 2 || slices.Compare(locked[0].ID[:], locked[1].ID[:]) > 0 {
		t.Errorf("locked %d technicians", len(locked))
	}
}

// pages: every row that was there when paging began comes once, whatever is
// written meanwhile.
func pages(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	stop, stopped := make(chan struct{}), make(chan struct{})
	write := func(i int, back bool) error {
		// Three share an instant; new ones come in front, between and behind.
		at := Noon.Add(time.Duration(i/3) * time.Second)
		if back {
			at = Noon.Add(-time.Duration(i) * time.Second)
		}
		return Try(db, func(tx domain.Tx) error {
			home := NewCustomer(fmt.Sprint("home", i), fmt.Sprint("+", i))
			home.CreatedAt = at
			j := w.NewJob(&home, &w.Mill, at)
			v := w.NewVisit(&j, at)
			a := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Phone,
				Outcome: reach.Reached, Grade: reach.Declared,
				ByRole: domain.RoleSystem, OccurredAt: at, RecordedAt: at, CreatedAt: at}
			f := w.newFlag(w.Ravi, 2)
			f.CreatedAt = at
			n := NewNotice(w.Ravi.ID, "k")
			n.CreatedAt = at
			tx.Enqueue(n)
			u := domain.User{Meta: Meta(at), Login: fmt.Sprint("u", i, back), Role: domain.RoleAgent}
			return all(tx.InsertCustomer(&home), tx.InsertJob(&j), tx.InsertVisit(&v), tx.InsertAttempt(&a), tx.InsertFlag(&f), tx.InsertUser(&u))
		})
	}
	for i := range 40 {
		noError(t, write(i, false))
	}
	go func() {
		defer close(stopped)
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := write(1000+i, i%2 == 0); err != nil {
					t.Errorf("a write beside the reader: %v", err)
					return
				}
			}
		}
	}()
	for name, walk := range walks(t, w) {
		eachOnce(t, name, walk)
	}
	close(stop)
	<-stopped
	var after *domain.ID
	n := 0
	for {
		list, err := r.JobsToVerify(t.Context(), after, 10)
		noError(t, err)
		n += len(list)
		if len(list) < 10 {
			break
		}
		after = &list[len(list)-1].ID
	}
	if every, err := r.Jobs(context.Background(), everything, domain.JobFilter{}, domain.Page{}); err != nil || n != len(every) {
		t.Errorf("%d of %d jobs to verify, %v", n, len(every), err)
	}
}

// walk reads one page of a list: ids, and the times by which it pages.
type walk func(p domain.Page) ([]domain.ID, []time.Time, error)

func walks(t *testing.T, w *World) map[string]walk {
	r := w.DB.Reader()
	return map[string]walk{
		"customers": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Customers(t.Context(), everything, domain.CustomerFilter{}, p))(func(v domain.Customer) (domain.ID,
				time.Time) {
				return v.ID, v.CreatedAt
			})
		},
		"jobs": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Jobs(t.Context(), everything, domain.JobFilter{CentreID: &w.Mill.ID}, p))(func(v domain.Job) (domain.ID,
				time.Time) {
				return v.ID, v.OpenedAt
			})
		},
		"visits": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Visits(t.Context(), everything, domain.VisitFilter{}, p))(func(v domain.Visit) (domain.ID, time.Time) {
				return v.ID,
					v.WindowStart
			})
		},
		"users": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Users(t.Context(), everything, domain.UserFilter{}, p))(func(v domain.User) (domain.ID, time.Time) {
				return v.ID,
					v.CreatedAt
			})
		},
		"attempts": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Attempts(t.Context(), everything, w.Job.ID, p))(func(v domain.Attempt) (domain.ID, time.Time) {
				return v.ID,
					v.OccurredAt
			})
		},
		"flags": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Flags(t.Context(), Actor(w.Manager), domain.FlagFilter{}, p))(func(v domain.Flag) (domain.ID, time.Time) {
				return v.ID,
					v.CreatedAt
			})
		},
		"inbox": func(p domain.Page) ([]domain.ID, []time.Time, error) {
			return keys(r.Inbox(t.Context(), w.Ravi.ID, false, p))(func(v domain.Notice) (domain.ID, time.Time) { return v.ID, v.CreatedAt })
		},
	}
}

// eachOnce walks a list page by page: what was there before comes once.
func eachOnce(t *testing.T, name string, walk walk) {
	t.Helper()
	there, _, err := walk(domain.Page{Limit: 1000})
	noError(t, err)
	seen := map[domain.ID]int{}
	for p := (domain.Page{Limit: 7}); ; {
		list, ats, err := walk(p)
		noError(t, err)
		for _, id := range list {
			seen[id]++
		}
		if len(list) < p.Limit {
			break
		}
		p.AfterID, p.AfterAt = &list[len(list)-1], &ats[len(ats)-1]
	}
	for _, id := range there {
		if seen[id] != 1 {
			t.Errorf("%s: a row came %d times", name, seen[id])
		}
	}
	for _, n := range seen {
		if n > 1 {
			t.Errorf("%s: a row came twice", name)
		}
	}
	if len(there) < 40 {
		t.Errorf("%s: only %d rows", name, len(there))
	}
}

func keys[T any](list []T, err error) func(func(T) (domain.ID, time.Time)) ([]domain.ID, []time.Time, error) {
	return func(key func(T) (domain.ID, time.Time)) ([]domain.ID, []time.Time, error) {
		ids, ats := make([]domain.ID, len(list)), make([]time.Time, len(list))
		for i, v := range list {
			ids[i], ats[i] = key(v)
		}
		return ids, ats, err
	}
}
