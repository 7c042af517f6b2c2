package repotest

import (
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// planning: plans of a day, recurring maintenance and calendars come back as they were written, and go only to those whose they are.
func planning(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx, everything, later := db.Reader(), t.Context(), domain.Scope{All: true}, Noon.Add(90*time.Minute)
	inCentre := map[string]struct {
		s    domain.Scope
		sees bool
	}{"the centre": {Actor(w.Desk).Scope(), true}, "another centre": {domain.Scope{CentreID: w.Harbour.ID}, false},
		"the area": {Actor(w.Manager).Scope(), true}, "another area": {Actor(w.Deputy).Scope(), false}}

	t.Run("day plan", func(t *testing.T) {
		p := domain.DayPlan{Meta: Meta(Noon), CentreID: w.Mill.ID, AreaID: w.North.ID, Date: "2026-11-23", ExpiresAt: later,
			Visits: domain.JSONList[domain.PlannedVisit]{{VisitID: w.Visit.ID, JobID: w.Job.ID, TechnicianID: w.Ravi.ID,
				Crew: domain.JSONList[domain.ID]{w.Ravi.ID}, PlannedStart: later, PlannedMinutes: 60, Arrival: later, TravelMinutes: 7,
				TravelKnown: true, Continuity: true}},
			Unplaced: domain.JSONList[domain.UnplacedVisit]{{VisitID: ID(), JobID: ID(), Code: "no_time", Reason: "full",
				Refusals: domain.JSONList[domain.Refusal]{}}},
			Before:   domain.JSON[domain.PlanTotals]{V: domain.PlanTotals{Visits: 2, Unassigned: 1, TravelMinutes: 40, Technicians: 1}},
			After:    domain.JSON[domain.PlanTotals]{V: domain.PlanTotals{Visits: 2, TravelMinutes: 30, Technicians: 2}},
			Travel:   domain.JSON[domain.TravelBasis]{V: domain.TravelBasis{DetourFactor: 1.4, SpeedKmh: 25, UnknownMinutes: 20, RoadEngine: true}},
			Accepted: domain.JSONList[domain.ID]{w.Visit.ID}, CreatedBy: w.Desk.ID}
		filled(t, "plan", p)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertDayPlan(&p) })
		Same(t, "plan", p, Get(t, db, func(tx domain.Tx) (*domain.DayPlan, error) { return tx.LockDayPlan(p.ID) }))
		p.Accepted, p.Unplaced, p.UpdatedAt = nil, nil, later
		Do(t, db, func(tx domain.Tx) error { return tx.SaveDayPlan(&p) })
		for who, c := range inCentre {
			got, err := r.DayPlan(ctx, c.s, p.ID)
			if !c.sees {
				wantCode(t, err, domain.CodeNotFound)
				continue
			}
			noError(t, err)
			Same(t, "plan as read by "+who, p, got)
		}
		wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockDayPlan(ID()); return err }), domain.CodeNotFound)
		stale := p
		stale.Version = 1
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.SaveDayPlan(&stale) }), domain.CodeStale)
	})

	t.Run("maintenance", func(t *testing.T) {
		m := domain.Maintenance{Meta: Meta(Noon), CustomerID: w.Customer.ID, SiteID: w.Customer.Sites[0].ID, ApplianceID: &w.Washer.ID,
			CentreID: w.Mill.ID, AreaID: w.North.ID, RRule: "FREQ=MONTHLY", DTStart: "2026-12-01T10:00", Zone: "Asia/Kolkata", Fault: "clean it",
			Category: "washer", PlannedMinutes: 45, WindowMinutes: 120, Status: "active", EndReason: "moved", Through: "2027-01-01",
			Jobs: domain.JSONList[domain.Maintaining]{{At: later, JobID: w.Job.ID}}, CreatedBy: w.Desk.ID}
		filled(t, "maintenance", m)
		bare := m
		bare.Meta, bare.ApplianceID, bare.EndReason, bare.Jobs, bare.Status = Meta(later), nil, "", nil, "ended"
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertMaintenance(&m), tx.InsertMaintenance(&bare)) })
		Same(t, "maintenance", m, Get(t, db, func(tx domain.Tx) (*domain.Maintenance, error) { return tx.LockMaintenance(m.ID) }))
		Same(t, "of the household, latest first", []domain.Maintenance{bare, m},
			Get(t, db, func(tx domain.Tx) ([]domain.Maintenance, error) { return tx.MaintenanceOf(w.Customer.ID) }))
		Same(t, "of another household", []domain.Maintenance{},
			Get(t, db, func(tx domain.Tx) ([]domain.Maintenance, error) { return tx.MaintenanceOf(ID()) }))
		m.Fault, m.UpdatedAt = "clean and oil it", later
		Do(t, db, func(tx domain.Tx) error { return tx.SaveMaintenance(&m) })
		for who, c := range inCentre {
			got, err := r.Maintenance(ctx, c.s, m.ID)
			list, listErr := r.Maintenances(ctx, c.s, domain.MaintenanceFilter{}, domain.Page{})
			noError(t, listErr)
			if !c.sees {
				wantCode(t, err, domain.CodeNotFound)
				Same(t, "list of "+who, []domain.Maintenance{}, list)
				continue
			}
			noError(t, err)
			Same(t, "maintenance as read by "+who, m, got)
			Same(t, "list of "+who, []domain.Maintenance{m, bare}, list)
		}
		for what, f := range map[string]domain.MaintenanceFilter{"ended": {Status: "ended"},
			"ended ones of the household": {CustomerID: &w.Customer.ID, Status: "ended"}} {
			list, err := r.Maintenances(ctx, everything, f, domain.Page{})
			noError(t, err)
			Same(t, what, []domain.Maintenance{bare}, list)
		}
		none, err := r.Maintenances(ctx, everything, domain.MaintenanceFilter{CustomerID: Ptr(ID())}, domain.Page{})
		noError(t, err)
		Same(t, "of nobody", []domain.Maintenance{}, none)
		wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockMaintenance(ID()); return err }), domain.CodeNotFound)
	})

	t.Run("calendar", func(t *testing.T) {
		f := domain.Feed{Meta: Meta(Noon), UserID: w.Ravi.ID, KeyID: "k1", TokenHash: hash("feed")}
		other := domain.Feed{Meta: Meta(Noon), UserID: w.Asha.ID, KeyID: "k1", TokenHash: hash("another")}
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertFeed(&f), tx.InsertFeed(&other)) })
		of := func(user domain.ID) *domain.Feed {
			got, err := r.FeedOf(ctx, user)
			noError(t, err)
			return got
		}
		Same(t, "calendar", f, of(w.Ravi.ID))
		_, err := r.FeedByHash(ctx, hash("unknown"))
		wantCode(t, err, domain.CodeNotFound)
		Do(t, db, func(tx domain.Tx) error { return tx.RevokeFeeds(w.Ravi.ID, later) })
		f.RevokedAt, f.UpdatedAt, f.Version = &later, later, 2
		filled(t, "calendar", f)
		got, err := r.FeedByHash(ctx, f.TokenHash) // it still tells who comes with an old address
		noError(t, err)
		Same(t, "revoked calendar", f, got)
		_, err = r.FeedOf(ctx, w.Ravi.ID)
		wantCode(t, err, domain.CodeNotFound)
		Same(t, "calendar of somebody else", other, of(w.Asha.ID))

		lost := w.NewVisit(&w.Job, w.Visit.WindowStart.Add(4*time.Hour), w.Ravi.ID)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertVisit(&lost) })
		Do(t, db, func(tx domain.Tx) error {
			_, v, err := tx.LockVisit(lost.ID)
			if err != nil {
				return err
			}
			v.Crew = nil
			lost = *v
			return tx.SaveVisit(&lost)
		})
		from, to := w.Visit.WindowStart, lost.WindowStart.Add(time.Minute)
		visits := func(from, to time.Time) []domain.FeedVisit {
			list, err := r.FeedVisits(ctx, w.Ravi.ID, from, to, 5)
			noError(t, err)
			return list
		}
		saved, err := r.Visit(ctx, everything, lost.ID)
		noError(t, err)
		Same(t, "visits of a calendar", []domain.FeedVisit{{Visit: w.Visit, Current: true, Category: "washer", PostalCode: "110001"},
			{Visit: *saved, Category: "washer", PostalCode: "110001"}}, visits(from, to))
		if got := visits(to, to.Add(time.Hour)); len(got) != 0 {
			t.Errorf("%d visits of another time", len(got))
		}
	})
}

// days: what a day's plan and a centre's board read of visits, places and people.
func days(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx, everything := db.Reader(), t.Context(), domain.Scope{All: true}
	day := w.Visit.WindowStart
	home := NewCustomer("Rao", "+919800000002")
	home.Sites[0].Lat, home.Sites[0].Lon = Ptr(28.5), Ptr(77.25)
	j := w.NewJob(&home, &w.Mill, Noon)
	j.ExternalRef, j.SafetyCritical = Ptr("REF-7"), true
	early := w.NewVisit(&j, day.Add(-3*time.Hour), w.Ravi.ID, w.Asha.ID)
	done := w.NewVisit(&j, day.Add(-48*time.Hour), w.Asha.ID)
	done.Status, done.EndedAt = domain.VisitCompleted, Ptr(day.Add(-46*time.Hour))
	off := w.NewVisit(&j, day.Add(5*time.Hour), w.Ravi.ID)
	off.Status = domain.VisitCancelled
	leave := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Asha.ID, StartsAt: day, EndsAt: day.Add(time.Hour), Kind: "annual",
		Status: "approved"}
	asked := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Ravi.ID, StartsAt: day, EndsAt: day.Add(time.Hour), Kind: "annual",
		Status: "requested"}
	held := domain.SlotHold{ID: ID(), JobID: j.ID, TechnicianID: w.Asha.ID, WindowStart: day, WindowEnd: day.Add(2 * time.Hour), StartsAt: day,
		EndsAt: day.Add(time.Hour), CreatedAt: Noon, ExpiresAt: Noon.Add(time.Hour)}
	flag := w.newFlag(w.Ravi, 2)
	apart := domain.Exclusion{ID: ID(), UserID: w.Noor.ID, CustomerID: home.ID, FlagID: flag.ID, Since: Noon}
	away := domain.StandDown{ID: ID(), UserID: w.Noor.ID, FlagID: flag.ID, Since: Noon}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertCustomer(&home), tx.InsertJob(&j), tx.InsertVisit(&early), tx.InsertVisit(&done), tx.InsertVisit(&off),
			tx.InsertLeave(&leave), tx.InsertLeave(&asked), tx.InsertSlotHold(&held), tx.InsertFlag(&flag), tx.InsertExclusion(&apart),
			tx.InsertStandDown(&away))
	})

	Same(t, "the day of a technician", []domain.Visit{early, w.Visit, off}, Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.DayOf(w.Ravi.ID, day.Add(-12*time.Hour), day.Add(12*time.Hour))
	}))
	Same(t, "until the window begins", []domain.Visit{early}, Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.DayOf(w.Ravi.ID, day.Add(-12*time.Hour), day)
	}))
	places := Get(t, db, func(tx domain.Tx) (map[domain.ID]domain.Point, error) {
		return tx.PlacesOf([]domain.ID{j.ID, w.Job.ID, ID()})
	})
	if p := places[j.ID]; len(places) != 2 || p.Lat == nil || *p.Lat != 28.5 || p.Lon == nil || *p.Lon != 77.25 ||
		places[w.Job.ID].Lat != nil {
		t.Errorf("the places of jobs: %v", places)
	}

	around, err := r.DayAround(ctx, everything, []domain.Visit{early}, []domain.ID{w.Ravi.ID, w.Asha.ID, w.Noor.ID}, day, day.Add(2*time.Hour),
		Noon)
	noError(t, err)
	site := home.Sites[0]
	site.CustomerID = home.ID
	Same(t, "around a day", domain.DayAround{Jobs: []domain.Job{j}, Sites: []domain.Site{site}, Leaves: []domain.Leave{leave},
		Busy:     []domain.Busy{{TechnicianID: w.Ravi.ID, VisitID: w.Visit.ID, StartsAt: day, EndsAt: day.Add(time.Hour)}},
		Reserved: []domain.SlotHold{held}, Excluded: []domain.Exclusion{apart}, KeptAway: []domain.StandDown{away},
		Known: []domain.FamiliarCrew{{CustomerID: home.ID, Crew: domain.JSONList[domain.ID]{w.Asha.ID}}}}, around)
	if elsewhere, err := r.DayAround(ctx, domain.Scope{CentreID: w.Harbour.ID}, []domain.Visit{early}, nil, day, day, Noon); err != nil ||
		len(elsewhere.Jobs) != 0 {
		t.Errorf("another centre reads %d jobs (%v)", len(elsewhere.Jobs), err)
	}
	if over, err := r.DayAround(ctx, everything, nil, []domain.ID{w.Asha.ID}, day, day.Add(time.Hour), held.ExpiresAt); err != nil ||
		len(over.Reserved) != 0 {
		t.Errorf("%d times are kept that have expired (%v)", len(over.Reserved), err)
	}

	for _, c := range []struct {
		centre   domain.ID
		from, to time.Time
		want     []domain.Leave
	}{{w.Mill.ID, day, day.Add(time.Minute), []domain.Leave{leave}}, {w.Mill.ID, day.Add(time.Hour), day.Add(2 * time.Hour), []domain.Leave{}},
		{w.Harbour.ID, day, day.Add(time.Minute), []domain.Leave{}}} {
		got, err := r.LeavesBetween(ctx, everything, c.centre, c.from, c.to)
		noError(t, err)
		Same(t, "leave in a centre", c.want, got)
	}
	if got, err := r.LeavesBetween(ctx, domain.Scope{CentreID: w.Harbour.ID}, w.Mill.ID, day, day.Add(time.Minute)); err != nil ||
		len(got) != 0 {
		t.Errorf("another centre reads %d leaves (%v)", len(got), err)
	}

	briefs, err := r.JobBriefs(ctx, Actor(w.Desk).Scope(), []domain.ID{j.ID, w.Job.ID, ID()})
	noError(t, err)
	if want := (domain.JobBrief{JobID: j.ID, Ref: "REF-7", Customer: "Rao", Category: "washer", Priority: "normal",
		SafetyCritical: true}); len(briefs) != 2 ||
		briefs[j.ID] != want || briefs[w.Job.ID].Customer != "Iyer" {
		t.Errorf("briefs of jobs: %+v", briefs)
	}
	if briefs, err := r.JobBriefs(ctx, domain.Scope{CentreID: w.Harbour.ID}, []domain.ID{j.ID}); err != nil || len(briefs) != 0 {
		t.Errorf("another centre reads %v (%v)", briefs, err)
	}

	period := domain.ReportFilter{From: day.Add(-72 * time.Hour), To: day.Add(72 * time.Hour)}
	loads, err := r.Loads(ctx, everything, period)
	noError(t, err)
	Same(t, "loads", []domain.TechnicianLoad{{CentreID: w.Mill.ID, TechnicianID: w.Asha.ID, Technician: w.Asha.Name, Visits: 2, Minutes: 120},
		{CentreID: w.Mill.ID, TechnicianID: w.Ravi.ID, Technician: w.Ravi.Name, Visits: 2, Minutes: 120}}, loads)
	period.CentreID = &w.Harbour.ID
	if loads, err := r.Loads(ctx, everything, period); err != nil || len(loads) != 0 {
		t.Errorf("another centre has %v (%v)", loads, err)
	}

	payable := func(s domain.Scope, who domain.ID) (out []domain.ID) {
		rows, err := r.PayableVisits(ctx, s, who, domain.ReportFilter{From: day.Add(-72 * time.Hour), To: day.Add(72 * time.Hour)}, domain.Page{})
		noError(t, err)
		for i := range rows {
			out = append(out, rows[i].ID)
			if ref := rows[i].ExternalRef; rows[i].JobID == j.ID && (ref == nil || *ref != "REF-7") {
				t.Errorf("the reference of visit %d is %v", i, ref)
			}
			if rows[i].FlaggedSelf != (rows[i].ID == w.Visit.ID && who == w.Ravi.ID) || rows[i].AreaHold != (rows[i].ID == w.Visit.ID) ||
				rows[i].Pause || rows[i].Taken || rows[i].Proven {
				t.Errorf("visit %d: %+v", i, rows[i])
			}
		}
		return out
	}
	Same(t, "payable visits", []domain.ID{early.ID, w.Visit.ID, off.ID}, payable(everything, w.Ravi.ID))
	Same(t, "to themselves", []domain.ID{done.ID, early.ID}, payable(Actor(w.Asha).Scope(), w.Asha.ID))
	Same(t, "to another centre", []domain.ID{}, payable(domain.Scope{CentreID: w.Harbour.ID}, w.Ravi.ID))

	diaries, err := r.Diaries(ctx, []domain.ID{w.Ravi.ID, w.Asha.ID}, day.Add(-72*time.Hour), day.Add(72*time.Hour))
	noError(t, err)
	entry := func(who domain.ID, at time.Time) domain.DiaryEntry {
		return domain.DiaryEntry{TechnicianID: who, WindowStart: at, Cover: "warranty", Lat: Ptr(28.5), Lon: Ptr(77.25)}
	}
	slices.SortStableFunc(diaries, func(a, b domain.DiaryEntry) int { return slices.Compare(a.TechnicianID[:], b.TechnicianID[:]) })
	want := []domain.DiaryEntry{entry(w.Asha.ID, done.WindowStart), entry(w.Asha.ID, early.WindowStart), entry(w.Ravi.ID, early.WindowStart),
		{TechnicianID: w.Ravi.ID, WindowStart: day, Cover: "warranty"}}
	slices.SortStableFunc(want, func(a, b domain.DiaryEntry) int { return slices.Compare(a.TechnicianID[:], b.TechnicianID[:]) })
	Same(t, "diaries", want, diaries)

	under := Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) { return tx.UnderWayOf(w.Ravi.ID) })
	Same(t, "nothing is under way", []domain.Visit{}, under)
	Do(t, db, func(tx domain.Tx) error {
		_, v, err := tx.LockVisit(early.ID)
		if err != nil {
			return err
		}
		v.Status, v.EnRouteAt = domain.VisitEnRoute, Ptr(day.Add(-3*time.Hour))
		early = *v
		return tx.SaveVisit(&early)
	})
	under = Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) { return tx.UnderWayOf(w.Ravi.ID) })
	Same(t, "under way", []domain.Visit{early}, under)
	crews, err := r.CrewsOfJobs(ctx, []domain.ID{w.Job.ID, ID()})
	noError(t, err)
	if len(crews) != 1 || !slices.Equal(crews[w.Job.ID], []domain.ID{w.Ravi.ID}) {
		t.Errorf("crews of jobs: %v", crews)
	}
}
