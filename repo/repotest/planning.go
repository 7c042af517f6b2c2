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
	t.Run("day plan", func(t *testing.T) { dayPlanTrip(t, w) })
	t.Run("maintenance", func(t *testing.T) { maintenanceTrip(t, w) })
	t.Run("calendar", func(t *testing.T) { calendarTrip(t, w) })
}

// reading is a scope, and whether it sees what is the mill's.
type reading struct {
	s    domain.Scope
	sees bool
}

func readings(w *World) map[string]reading {
	return map[string]reading{"the centre": {Actor(w.Desk).Scope(), true}, "another centre": {domain.Scope{CentreID: w.Harbour.ID}, false},
		"the area": {Actor(w.Manager).Scope(), true}, "another area": {Actor(w.Deputy).Scope(), false}}
}

func dayPlanTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
	for who, c := range readings(w) {
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
}

func maintenanceTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
	for who, c := range readings(w) {
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
}

func calendarTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
}

// days: what a day's plan and a centre's board read of visits, places and people.
func days(t *testing.T, db *repo.DB) {
	d := newDay(t, NewWorld(t, db))
	d.visitsAndPlaces(t)
	d.planned(t)
	d.leaves(t)
	d.briefs(t)
	d.loads(t)
	d.payable(t)
	d.diaries(t)
	d.underWay(t)
}

// millDay is a day of the mill, on which more happens than the world's visit.
type millDay struct {
	*World
	day              time.Time // when the world's visit begins
	home             domain.Customer
	otherJob         domain.Job
	early, done, off domain.Visit
	leave            domain.Leave
	held             domain.SlotHold
	apart            domain.Exclusion
	away             domain.StandDown
}

func newDay(t *testing.T, w *World) *millDay {
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
	Do(t, w.DB, func(tx domain.Tx) error {
		return all(tx.InsertCustomer(&home), tx.InsertJob(&j), tx.InsertVisit(&early), tx.InsertVisit(&done), tx.InsertVisit(&off),
			tx.InsertLeave(&leave), tx.InsertLeave(&asked), tx.InsertSlotHold(&held), tx.InsertFlag(&flag), tx.InsertExclusion(&apart),
			tx.InsertStandDown(&away))
	})
	return &millDay{w, day, home, j, early, done, off, leave, held, apart, away}
}

func (d *millDay) visitsAndPlaces(t *testing.T) {
	Same(t, "the day of a technician", []domain.Visit{d.early, d.Visit, d.off}, Get(t, d.DB, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.DayOf(d.Ravi.ID, d.day.Add(-12*time.Hour), d.day.Add(12*time.Hour))
	}))
	Same(t, "until the window begins", []domain.Visit{d.early}, Get(t, d.DB, func(tx domain.Tx) ([]domain.Visit, error) {
		return tx.DayOf(d.Ravi.ID, d.day.Add(-12*time.Hour), d.day)
	}))
	places := Get(t, d.DB, func(tx domain.Tx) (map[domain.ID]domain.Point, error) {
		return tx.PlacesOf([]domain.ID{d.otherJob.ID, d.Job.ID, ID()})
	})
	if p := places[d.otherJob.ID]; len(places) != 2 || p.Lat == nil || *p.Lat != 28.5 || p.Lon == nil || *p.Lon != 77.25 ||
		places[d.Job.ID].Lat != nil {
		t.Errorf("the places of jobs: %v", places)
	}
}

func (d *millDay) planned(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	around, err := r.DayAround(ctx, everything, []domain.Visit{d.early}, []domain.ID{d.Ravi.ID, d.Asha.ID, d.Noor.ID}, d.day,
		d.day.Add(2*time.Hour),
		Noon)
	noError(t, err)
	site := d.home.Sites[0]
	site.CustomerID = d.home.ID
	Same(t, "around a day", domain.DayAround{Jobs: []domain.Job{d.otherJob}, Sites: []domain.Site{site}, Leaves: []domain.Leave{d.leave},
		Busy:     []domain.Busy{{TechnicianID: d.Ravi.ID, VisitID: d.Visit.ID, StartsAt: d.day, EndsAt: d.day.Add(time.Hour)}},
		Reserved: []domain.SlotHold{d.held}, Excluded: []domain.Exclusion{d.apart}, KeptAway: []domain.StandDown{d.away},
		Known: []domain.FamiliarCrew{{CustomerID: d.home.ID, Crew: domain.JSONList[domain.ID]{d.Asha.ID}}}}, around)
	if elsewhere, err := r.DayAround(ctx, domain.Scope{CentreID: d.Harbour.ID}, []domain.Visit{d.early}, nil, d.day, d.day,
		Noon); err != nil ||
		len(elsewhere.Jobs) != 0 {
		t.Errorf("another centre reads %d jobs (%v)", len(elsewhere.Jobs), err)
	}
	if over, err := r.DayAround(ctx, everything, nil, []domain.ID{d.Asha.ID}, d.day, d.day.Add(time.Hour), d.held.ExpiresAt); err != nil ||
		len(over.Reserved) != 0 {
		t.Errorf("%d times are kept that have expired (%v)", len(over.Reserved), err)
	}
}

func (d *millDay) leaves(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	for _, c := range []struct {
		centre   domain.ID
		from, to time.Time
		want     []domain.Leave
	}{{d.Mill.ID, d.day, d.day.Add(time.Minute), []domain.Leave{d.leave}}, {d.Mill.ID, d.day.Add(time.Hour), d.day.Add(2 * time.Hour),
		[]domain.Leave{}},
		{d.Harbour.ID, d.day, d.day.Add(time.Minute), []domain.Leave{}}} {
		got, err := r.LeavesBetween(ctx, everything, c.centre, c.from, c.to)
		noError(t, err)
		Same(t, "leave in a centre", c.want, got)
	}
	if got, err := r.LeavesBetween(ctx, domain.Scope{CentreID: d.Harbour.ID}, d.Mill.ID, d.day, d.day.Add(time.Minute)); err != nil ||
		len(got) != 0 {
		t.Errorf("another centre reads %d leaves (%v)", len(got), err)
	}
}

func (d *millDay) briefs(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	briefs, err := r.JobBriefs(ctx, Actor(d.Desk).Scope(), []domain.ID{d.otherJob.ID, d.Job.ID, ID()})
	noError(t, err)
	if want := (domain.JobBrief{JobID: d.otherJob.ID, Ref: "REF-7", Customer: "Rao", Category: "washer", Priority: "normal",
		SafetyCritical: true, CustomerID: d.otherJob.CustomerID, SiteID: d.otherJob.SiteID, CentreID: d.otherJob.CentreID}); len(briefs) != 2 ||
		briefs[d.otherJob.ID] != want || briefs[d.Job.ID].Customer != "Iyer" {
		t.Errorf("briefs of jobs: %+v", briefs)
	}
	if briefs, err := r.JobBriefs(ctx, domain.Scope{CentreID: d.Harbour.ID}, []domain.ID{d.otherJob.ID}); err != nil || len(briefs) != 0 {
		t.Errorf("another centre reads %v (%v)", briefs, err)
	}
	home := d.otherJob.CustomerID
	homes, err := r.HomeHistories(ctx, Actor(d.Desk).Scope(), []domain.ID{home, ID()})
	noError(t, err)
	visits, err := r.Visits(ctx, everything, domain.VisitFilter{JobIDs: []domain.ID{d.otherJob.ID}}, domain.Page{Limit: 100})
	noError(t, err)
	want := domain.HomeHistory{}
	for i := range visits {
		switch visits[i].Status {
		case domain.VisitMissed:
			want.Missed++
		case domain.VisitNoAccess:
			want.Visits, want.NoAccess = want.Visits+1, want.NoAccess+1
		case domain.VisitCompleted, domain.VisitPartial, domain.VisitStopped:
			want.Visits++
		default: // nobody came yet
		}
	}
	if got := homes[home]; len(homes) != 1 || got.Customer.Name != "Rao" || got.Visits != want.Visits || got.NoAccess != want.NoAccess ||
		got.Missed != want.Missed {
		t.Errorf("histories of homes: %+v, want %+v", homes, want)
	}
	if homes, err := r.HomeHistories(ctx, domain.Scope{CentreID: d.Harbour.ID}, []domain.ID{home}); err != nil || len(homes) != 0 {
		t.Errorf("another centre reads %v (%v)", homes, err)
	}
}

func (d *millDay) loads(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	period := domain.ReportFilter{From: d.day.Add(-72 * time.Hour), To: d.day.Add(72 * time.Hour)}
	loads, err := r.Loads(ctx, everything, period)
	noError(t, err)
	Same(t, "loads", []domain.TechnicianLoad{{CentreID: d.Mill.ID, TechnicianID: d.Asha.ID, Technician: d.Asha.Name, Visits: 2, Minutes: 120},
		{CentreID: d.Mill.ID, TechnicianID: d.Ravi.ID, Technician: d.Ravi.Name, Visits: 2, Minutes: 120}}, loads)
	period.CentreID = &d.Harbour.ID
	if loads, err := r.Loads(ctx, everything, period); err != nil || len(loads) != 0 {
		t.Errorf("another centre has %v (%v)", loads, err)
	}
}

func (d *millDay) payable(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	payable := func(s domain.Scope, who domain.ID) (out []domain.ID) {
		rows, err := r.PayableVisits(ctx, s, who, domain.ReportFilter{From: d.day.Add(-72 * time.Hour), To: d.day.Add(72 * time.Hour)},
			domain.Page{})
		noError(t, err)
		for i := range rows {
			out = append(out, rows[i].ID)
			if ref := rows[i].ExternalRef; rows[i].JobID == d.otherJob.ID && (ref == nil || *ref != "REF-7") {
				t.Errorf("the reference of visit %d is %v", i, ref)
			}
			if rows[i].FlaggedSelf != (rows[i].ID == d.Visit.ID && who == d.Ravi.ID) || rows[i].AreaHold != (rows[i].ID == d.Visit.ID) ||
				rows[i].Pause || rows[i].Taken || rows[i].Proven {
				t.Errorf("visit %d: %+v", i, rows[i])
			}
		}
		return out
	}
	Same(t, "payable visits", []domain.ID{d.early.ID, d.Visit.ID, d.off.ID}, payable(everything, d.Ravi.ID))
	Same(t, "to themselves", []domain.ID{d.done.ID, d.early.ID}, payable(Actor(d.Asha).Scope(), d.Asha.ID))
	Same(t, "to another centre", []domain.ID{}, payable(domain.Scope{CentreID: d.Harbour.ID}, d.Ravi.ID))
	// One that was stopped stays theirs when somebody else stands in its crew now.
	was := d.early
	d.saveVisit(t, d.early.ID, func(v *domain.Visit) { v.Status, v.Crew = domain.VisitStopped, domain.JSONList[domain.ID]{d.Asha.ID} })
	Same(t, "a stopped one", []domain.ID{d.early.ID, d.Visit.ID, d.off.ID}, payable(everything, d.Ravi.ID))
	d.saveVisit(t, d.early.ID, func(v *domain.Visit) { v.Status = domain.VisitScheduled })
	Same(t, "one that goes on", []domain.ID{d.Visit.ID, d.off.ID}, payable(everything, d.Ravi.ID))
	d.saveVisit(t, d.early.ID, func(v *domain.Visit) { v.Status, v.Crew = was.Status, was.Crew })
}

func (d *millDay) saveVisit(t *testing.T, id domain.ID, change func(*domain.Visit)) {
	Do(t, d.DB, func(tx domain.Tx) error {
		_, v, err := tx.LockVisit(id)
		if err != nil {
			return err
		}
		change(v)
		return tx.SaveVisit(v)
	})
}

func (d *millDay) diaries(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	diaries, err := r.Diaries(ctx, []domain.ID{d.Ravi.ID, d.Asha.ID}, d.day.Add(-72*time.Hour), d.day.Add(72*time.Hour))
	noError(t, err)
	entry := func(who domain.ID, at time.Time) domain.DiaryEntry {
		return domain.DiaryEntry{TechnicianID: who, WindowStart: at, Cover: "warranty", Lat: Ptr(28.5), Lon: Ptr(77.25)}
	}
	slices.SortStableFunc(diaries, func(a, b domain.DiaryEntry) int { return slices.Compare(a.TechnicianID[:], b.TechnicianID[:]) })
	want := []domain.DiaryEntry{entry(d.Asha.ID, d.done.WindowStart), entry(d.Asha.ID, d.early.WindowStart),
		entry(d.Ravi.ID, d.early.WindowStart),
		{TechnicianID: d.Ravi.ID, WindowStart: d.day, Cover: "warranty"}}
	slices.SortStableFunc(want, func(a, b domain.DiaryEntry) int { return slices.Compare(a.TechnicianID[:], b.TechnicianID[:]) })
	Same(t, "diaries", want, diaries)
}

func (d *millDay) underWay(t *testing.T) {
	r, ctx := d.DB.Reader(), t.Context()
	under := Get(t, d.DB, func(tx domain.Tx) ([]domain.Visit, error) { return tx.UnderWayOf(d.Ravi.ID) })
	Same(t, "nothing is under way", []domain.Visit{}, under)
	Do(t, d.DB, func(tx domain.Tx) error {
		_, v, err := tx.LockVisit(d.early.ID)
		if err != nil {
			return err
		}
		v.Status, v.EnRouteAt = domain.VisitEnRoute, Ptr(d.day.Add(-3*time.Hour))
		d.early = *v
		return tx.SaveVisit(&d.early)
	})
	under = Get(t, d.DB, func(tx domain.Tx) ([]domain.Visit, error) { return tx.UnderWayOf(d.Ravi.ID) })
	Same(t, "under way", []domain.Visit{d.early}, under)
	crews, err := r.CrewsOfJobs(ctx, []domain.ID{d.Job.ID, ID()})
	noError(t, err)
	if len(crews) != 1 || !slices.Equal(crews[d.Job.ID], []domain.ID{d.Ravi.ID}) {
		t.Errorf("crews of jobs: %v", crews)
	}
}
