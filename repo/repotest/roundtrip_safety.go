package repotest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
)

func holdTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	f := w.newFlag(w.Ravi, 2)
	h := domain.Hold{ID: ID(), Kind: domain.HoldSafety, JobID: &w.Job.ID, CustomerID: &w.Customer.ID, SiteID: &w.Customer.Sites[0].ID,
		Since:  Noon,
		Reason: "area hold", ByID: &w.Ravi.ID,
		By: "staff", OwnerID: &w.Manager.ID, DueAt: &later, FlagID: &f.ID, Fixable: true, LiftedAt: &later, LiftedByID: &w.Manager.ID,
		LiftReason: "calm", Plan: domain.JSONList[string]{"two_people"}, Step: 1, StoppedVisitID: &w.Visit.ID,
		TwoDecide: true, Declared: true, Confirmed: true, CountsTo: &later,
		Decisions: domain.JSONList[domain.HoldDecision]{{ByID: w.Manager.ID, At: later,
			Plan:   []string{"daylight"},
			Reason: "calm"}}, SettledWords: "the neighbour", SettledByID: &w.Ravi.ID, SettledAt: &later}
	filled(t, "hold", h, "Alternatives") // said, not kept
	bare := domain.Hold{ID: ID(), Kind: domain.HoldParts, JobID: &w.Job.ID, Since: later, By: "coordinator"}
	elsewhere := domain.Hold{ID: ID(), Kind: domain.HoldParts, JobID: &w.Job.ID, Since: later, By: "coordinator"}
	other := w.NewJob(&w.Customer, &w.Harbour, Noon)
	elsewhere.JobID = &other.ID
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&f), tx.InsertHold(&h), tx.InsertHold(&bare), tx.InsertJob(&other), tx.InsertHold(&elsewhere))
	})
	Same(t, "hold", h, Get(t, db, func(tx domain.Tx) (*domain.Hold, error) { return tx.Hold(h.ID) }))
	Same(t, "holds", []domain.Hold{h, bare}, Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&w.Job, true) }))
	Same(t, "open holds", []domain.Hold{bare}, Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&w.Job, false) }))
	open, plans, err := r.HoldsOfJobs(ctx, []domain.Job{w.Job, other})
	noError(t, err)
	Same(t, "open holds of the reader", []domain.Hold{bare}, open[w.Job.ID])
	Same(t, "plan of the job", []string{"two_people"}, plans[w.Job.ID])
	Same(t, "plan of the household's other job", []string{"two_people"}, plans[other.ID])
	over, _, err := r.HoldsOfVisits(ctx, []domain.Visit{w.Visit})
	noError(t, err)
	Same(t, "open holds over the visit", []domain.Hold{bare}, over[w.Visit.ID])
	h.LiftedAt, h.LiftedByID, h.Plan, h.Fixable = nil, nil, nil, false
	Do(t, db, func(tx domain.Tx) error { return tx.SaveHold(&h) })
	Same(t, "saved hold", h, Get(t, db, func(tx domain.Tx) (*domain.Hold, error) { return tx.Hold(h.ID) }))
	over, plans, err = r.HoldsOfVisits(ctx, []domain.Visit{w.Visit})
	noError(t, err)
	Same(t, "open holds over the visit, safety too", []domain.Hold{h, bare}, over[w.Visit.ID])
	if len(plans) != 0 {
		t.Errorf("plans %v", plans)
	}
	x := domain.Exclusion{ID: ID(), UserID: w.Ravi.ID, CustomerID: w.Customer.ID, FlagID: f.ID, Since: Noon,
		Visits: domain.JSONList[domain.ID]{w.Visit.ID}, TurnedBack: domain.JSONList[domain.ID]{w.Visit.ID}, ConsentedAt: &later,
		LiftedAt: &later, LiftedByID: &w.Manager.ID, LiftReason: "both agreed"}
	filled(t, "exclusion", x)
	x.LiftedAt, x.LiftedByID = nil, nil
	Do(t, db, func(tx domain.Tx) error { return tx.InsertExclusion(&x) })
	Same(t, "exclusions", []domain.Exclusion{x}, Get(t, db, func(tx domain.Tx) ([]domain.Exclusion,
		error) {
		return tx.Exclusions(w.Customer.ID)
	}))
	x.LiftedAt = &later
	Do(t, db, func(tx domain.Tx) error { return tx.SaveExclusion(&x) })
	if got := Get(t, db, func(tx domain.Tx) ([]domain.Exclusion, error) { return tx.Exclusions(w.Customer.ID) }); len(got) != 0 {
		t.Error("a lifted exclusion is still in force")
	}
}

// sosTrailTrip keeps a trail: what is there already stays, and is read by who knows of the alarm.
func sosTrailTrip(t *testing.T, w *World, x *domain.SOS) {
	point := *x.LastSeen.V
	point.SOSID = x.ID
	filled(t, "point", point)
	points := []domain.SOSPoint{point}
	for i := range 6 {
		points = append(points, domain.SOSPoint{SOSID: x.ID, At: Noon.Add(time.Duration(i+1) * time.Second), RecordedAt: later, Battery: Ptr(i)})
	}
	again := point
	again.Sound = "normal"
	Do(t, w.DB, func(tx domain.Tx) error { return tx.PutSOSPoints(points) })
	Do(t, w.DB, func(tx domain.Tx) error { return tx.PutSOSPoints([]domain.SOSPoint{again}) })
	if n := Get(t, w.DB, func(tx domain.Tx) (int, error) { return tx.SOSPoints(x.ID) }); n != len(points) {
		t.Errorf("%d points are kept, want %d", n, len(points))
	}
	manager := domain.Actor{UserID: w.Manager.ID, Role: domain.RoleAreaManager, AreaID: w.North.ID}
	var got []domain.SOSPoint
	page := domain.Page{Limit: 3}
	for {
		list, err := w.DB.Reader().SOSTrail(t.Context(), manager, x.ID, page)
		noError(t, err)
		got = append(got, list...)
		if len(list) < page.Limit {
			break
		}
		page.AfterAt, page.AfterID = &list[len(list)-1].At, &list[len(list)-1].SOSID
	}
	slices.Reverse(points)
	Same(t, "trail", points, got)
	if n, err := w.DB.Reader().SOSTrailLength(t.Context(), x.ID); err != nil || n != len(points) {
		t.Errorf("the trail has %d points, want %d: %v", n, len(points), err)
	}
	_, err := w.DB.Reader().SOSTrail(t.Context(), domain.Actor{UserID: w.Desk.ID, Role: domain.RoleProprietor, CentreID: w.Mill.ID}, x.ID,
		page)
	if !domain.IsCode(err, domain.CodeNotFound) {
		t.Errorf("whom it must not reach reads the trail: %v", err)
	}
}

func sosTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, CentreID: &w.Mill.ID, AreaID: &w.North.ID, VisitID: &w.Visit.ID, JobID: &w.Job.ID,
		Country: "IN", Source: "tap", Note: "n",
		DeskPhone: "+911", Language: "hi", HeardBy: domain.JSONList[domain.ID]{w.Asha.ID}, UnheardAt: &later, Lat: Ptr(28.5), Lon: Ptr(77.25),
		Avoid: domain.JSONList[domain.ID]{w.Desk.ID}, OccurredAt: Noon, ClaimedAt: &later, RecordedAt: later, Status: "acknowledged", Tier: 2,
		Round: 3,
		Rung:  domain.JSONList[domain.ID]{w.Asha.ID}, OwnerID: &w.Manager.ID, OfferedTo: &w.Asha.ID, AcknowledgedAt: &later, ResolvedAt: &later,
		ResolvedBy: &w.Manager.ID, Outcome: "real", Words: "w"}
	x.LastSeen.V = &domain.SOSPoint{At: Noon, RecordedAt: later, Lat: Ptr(28.5), Lon: Ptr(77.25), AccuracyM: Ptr(12), Battery: Ptr(40),
		Sound: "silent"}
	x.Rang.V, x.RingsAgain = map[domain.ID]time.Time{w.Asha.ID: Noon}, &later
	filled(t, "sos", x)
	bare := domain.SOS{Meta: Meta(later), RaiserID: w.Ravi.ID, Source: "duress", HeardBy: domain.JSONList[domain.ID]{}, OccurredAt: Noon,
		RecordedAt: later, Status: "raised", Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{}}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertSOS(&x), tx.InsertSOS(&bare)) })
	Same(t, "sos", x, Get(t, db, func(tx domain.Tx) (*domain.SOS, error) { return tx.LockSOS(x.ID) }))
	Same(t, "open ones", []domain.SOS{x, bare}, Get(t, db, func(tx domain.Tx) ([]domain.SOS, error) { return tx.OpenSOS(w.Ravi.ID) }))
	x.Words = "other"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveSOS(&x) })
	sosTrailTrip(t, w, &x)
	for _, c := range []struct {
		who  string
		a    domain.Actor
		want []domain.SOS
	}{
		{"the raiser", domain.Actor{UserID: w.Ravi.ID, Role: domain.RoleTechnician, CentreID: w.Mill.ID}, []domain.SOS{x}}, // not the silent one
		{"who was rung", domain.Actor{UserID: w.Asha.ID, Role: domain.RoleTechnician, CentreID: w.Mill.ID}, []domain.SOS{x}},
		{"whom it must not reach", domain.Actor{UserID: w.Desk.ID, Role: domain.RoleProprietor, CentreID: w.Mill.ID}, []domain.SOS{}},
		{"another manager", domain.Actor{UserID: w.Admin.ID, Role: domain.RoleAreaManager, AreaID: ID()}, []domain.SOS{}},
		{"the manager", domain.Actor{UserID: w.Manager.ID, Role: domain.RoleAreaManager, AreaID: w.North.ID}, []domain.SOS{x}},
		{"the brand", domain.Actor{UserID: w.Admin.ID, Role: domain.RoleAdmin}, []domain.SOS{bare, x}},
	} {
		list, err := r.SOSs(ctx, c.a, true, domain.Page{})
		noError(t, err)
		Same(t, "alarms of "+c.who, c.want, list)
		for _, o := range []domain.SOS{x, bare} {
			found := false
			for _, l := range list {
				found = found || l.ID == o.ID
			}
			if found != o.Sees(c.a) {
				t.Errorf("%s: the list and the rule differ about %s", c.who, o.Source)
			}
		}
	}
}

func unheardTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, Source: "tap", OccurredAt: Noon, RecordedAt: Noon, Status: "raised",
		Avoid: domain.JSONList[domain.ID]{w.Desk.ID}, Rung: domain.JSONList[domain.ID]{w.Asha.ID},
		HeardBy: domain.JSONList[domain.ID]{}, UnheardAt: &later, RingsAgain: &later}
	x.Rang.V = map[domain.ID]time.Time{w.Asha.ID: Noon}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertSOS(&x) })
	rings := func(tx domain.Tx) ([]domain.Ringing, error) {
		all, err := tx.RingingSOS()
		return slices.DeleteFunc(all, func(r domain.Ringing) bool { return r.ID != x.ID }), err
	}
	Same(t, "those that ring", []domain.Ringing{{ID: x.ID, RaiserID: w.Ravi.ID, Rung: x.Rung, Avoid: x.Avoid, Rang: x.Rang.V,
		RingsAgain: &later}},
		Get(t, db, rings))
	list, err := r.UnheardSOS(ctx)
	noError(t, err)
	Same(t, "unheard", []domain.SOS{x}, list)
	x.Status = "resolved"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveSOS(&x) })
	list, err = r.UnheardSOS(ctx)
	noError(t, err)
	Same(t, "unheard and over", []domain.SOS{}, list)
	own, lost := ID(), ID()
	for _, id := range []domain.ID{own, lost} {
		Do(t, db, func(tx domain.Tx) error {
			return tx.PutDevice(&domain.Device{InstallationID: id, UserID: &w.Asha.ID, Token: id.String(), Platform: "android", CreatedAt: Noon,
				UpdatedAt: Noon})
		})
	}
	for _, c := range []struct {
		drop domain.ID
		want bool
	}{{lost, true}, {own, false}} {
		Do(t, db, func(tx domain.Tx) error { return tx.DropDevice(c.drop, "unregistered", later) })
		got := Get(t, db, func(tx domain.Tx) (*bool, error) {
			found, err := tx.AnyDevice([]domain.ID{w.Asha.ID})
			return &found, err
		})
		Same(t, "any device", c.want, got)
	}
}

func timerTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	ping := NewNotice(w.Ravi.ID, "timer.ping")
	x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Asha.ID, Source: "timer", HeardBy: domain.JSONList[domain.ID]{}, OccurredAt: Noon,
		RecordedAt: Noon, Status: "resolved", Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{}}
	o := domain.Timer{Meta: Meta(Noon), VisitID: w.Visit.ID, UserID: w.Ravi.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, Status: "desk_asked",
		Provisional: true, BaseAt: Noon, Extended: 5,
		DueAt: later, PingedAt: &later, PingID: &ping.ID, Pings: 2, EndedAt: &later, EndedHow: "person", SOSID: &x.ID}
	filled(t, "timer", o)
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(ping); return tx.InsertSOS(&x) })
	Do(t, db, func(tx domain.Tx) error { return tx.InsertTimer(&o) })
	Same(t, "timer", o, Get(t, db, func(tx domain.Tx) (*domain.Timer, error) { return tx.LockTimer(o.ID) }))
	asking, err := r.AskingTimers(ctx, everything, w.Mill.ID, domain.Page{Limit: 5})
	noError(t, err)
	Same(t, "timers that ask for a call", []domain.Timer{o}, asking)
	d := domain.Drill{Meta: Meta(Noon), CentreID: w.Mill.ID, AreaID: w.North.ID, ByID: w.Asha.ID, Status: "rung", At: later,
		People: domain.JSONList[domain.DrillPerson]{{UserID: w.Ravi.ID, Result: "waiting"}}}
	filled(t, "drill", d)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertDrill(&d) })
	d.Status, d.People[0].Result = "ended", "heard"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveDrill(&d) })
	Same(t, "drill", d, Get(t, db, func(tx domain.Tx) (*domain.Drill, error) { return tx.LockDrill(d.ID) }))
	drills, err := r.Drills(ctx, w.Mill.ID, domain.Page{Limit: 5})
	noError(t, err)
	Same(t, "drills", []domain.Drill{d}, drills)
	h := domain.HomeSafe{Meta: Meta(Noon), UserID: w.Ravi.ID, Status: "pinged", ByAt: later, AskedAt: Noon, PingedAt: &later, EndedAt: &later}
	filled(t, "home safe", h)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertHomeSafe(&h) })
	called := func(want ...domain.HomeSafe) {
		t.Helper()
		got, err := r.AskingHomeSafes(ctx, everything, w.Mill.ID, domain.Page{Limit: 5})
		noError(t, err)
		Same(t, "whom the desk is to call", append([]domain.HomeSafe{}, want...), got)
	}
	called()
	h.Status = "desk_asked"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveHomeSafe(&h, &w.Mill.ID) })
	called(h)
	h.Status, h.PingedAt = "ended", nil
	Do(t, db, func(tx domain.Tx) error { return tx.SaveHomeSafe(&h, nil) })
	called()
	Same(t, "home safe", h, Get(t, db, func(tx domain.Tx) (*domain.HomeSafe, error) { return tx.HomeSafe(w.Ravi.ID) }))
	read, err := r.HomeSafe(ctx, w.Ravi.ID)
	noError(t, err)
	Same(t, "home safe of the reader", h, *read)
	o.Status, o.SOSID = "ended", nil
	Do(t, db, func(tx domain.Tx) error { return tx.SaveTimer(&o) })
	Same(t, "timer of a person", o, Get(t, db, func(tx domain.Tx) (*domain.Timer, error) { return tx.LockTimerOf(w.Visit.ID, w.Ravi.ID) }))
	Same(t, "timers", []domain.Timer{o}, Get(t, db, func(tx domain.Tx) ([]domain.Timer, error) { return tx.TimersOf(w.Visit.ID) }))
	asking, err = r.AskingTimers(ctx, everything, w.Mill.ID, domain.Page{Limit: 5})
	noError(t, err)
	Same(t, "ended ones", []domain.Timer{}, asking)
	list, err := r.Timers(ctx, everything, w.Visit.ID)
	noError(t, err)
	Same(t, "timers of the reader", []domain.Timer{o}, list)
}

func flagTrip(t *testing.T, w *World) {
	db := w.DB
	f := w.newFlag(w.Ravi, 3)
	bare := f
	bare.JobID, bare.VisitID, bare.CustomerID, bare.SiteID, bare.CentreID, bare.AreaID = nil, nil, nil, nil, nil, nil
	bare.ID, bare.CreatedAt, bare.ReporterID = ID(), later, nil
	f.Phone, f.Note, f.Provisional, f.SubjectID, f.EscalatedAt, f.TriagedAt, f.TriagedBy = "+91", "n", true, &w.Asha.ID, &later, &later,
		&w.Manager.ID
	f.DecidedAt, f.DecidedBy, f.Reasons, f.WithdrawnAt, f.Pressure = &later, &w.Manager.ID, "r", &later, Ptr(true)
	f.ByCustomer, f.RecordedBy, f.Involved, f.DueAt, f.Handlers, f.WithAdmins, f.Step = true, &w.Desk.ID,
		domain.JSONList[domain.ID]{w.Noor.ID}, &later, domain.JSONList[domain.ID]{w.Manager.ID, w.Admin.ID}, true, 3
	f.WithdrawnWords = "w"
	f.CameAt, f.LinkReadBy = &later, &w.Desk.ID
	f.Told, f.ToldAt, f.Statement, f.StatedAt = "t", &later, "s", &later
	f.NextPersonNote, f.NextPersonDueAt, f.NextPersonAt = "d", &later, &later
	filled(t, "flag", f)
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertFlag(&f), tx.InsertFlag(&bare)) })
	Same(t, "flag", f, Get(t, db, func(tx domain.Tx) (*domain.Flag, error) { return tx.LockFlag(f.ID) }))
	Same(t, "bare flag", bare, Get(t, db, func(tx domain.Tx) (*domain.Flag, error) { return tx.Flag(bare.ID) }))
	for _, u := range []domain.User{w.Ravi, w.Asha, w.Desk} {
		if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.PartyToReport(u.ID) }); got != (u.ID != w.Desk.ID) {
			t.Errorf("open flag about %s: %v", u.Login, got)
		}
	}
	f.Pressure, f.SubjectID, f.Status, f.EscalatedAt = Ptr(false), nil, domain.FlagUpheld, nil
	Do(t, db, func(tx domain.Tx) error { return tx.SaveFlag(&f) })
	Same(t, "saved flag", f, Get(t, db, func(tx domain.Tx) (*domain.Flag, error) { return tx.Flag(f.ID) }))
	ofVisit := Get(t, db, func(tx domain.Tx) ([]domain.Flag, error) { return tx.FlagsOfVisit(w.Visit.ID) })
	ofHome := Get(t, db, func(tx domain.Tx) ([]domain.Flag, error) { return tx.FlagsOfCustomer(w.Customer.ID) })
	if len(ofVisit) == 0 || len(ofHome) != len(ofVisit) {
		t.Errorf("%d flags of the visit, %d of the household", len(ofVisit), len(ofHome))
	}
}

func keepAwayTrip(t *testing.T, w *World) {
	db := w.DB
	f := w.newFlag(w.Ravi, 4)
	f.SubjectID = &w.Asha.ID
	k := domain.StandDown{ID: ID(), UserID: w.Asha.ID, FlagID: f.ID, Since: Noon, Visits: domain.JSONList[domain.ID]{w.Visit.ID},
		TurnedBack: domain.JSONList[domain.ID]{w.Visit.ID}, LiftedAt: &later, LiftedByID: &w.Manager.ID, LiftReason: "r"}
	filled(t, "keep-away", k)
	k.LiftedAt, k.LiftedByID, k.LiftReason = nil, nil, ""
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertFlag(&f), tx.InsertStandDown(&k)) })
	diary := func() []domain.StandDown {
		return Get(t, db, func(tx domain.Tx) (*domain.Diary, error) {
			return tx.LockDiary([]domain.ID{w.Ravi.ID, w.Asha.ID}, w.Customer.ID, Noon, later, later)
		}).KeptAway
	}
	Same(t, "kept away", []domain.StandDown{k}, diary())
	wantCode(t, Try(db, func(tx domain.Tx) error { again := k; again.ID = ID(); return tx.InsertStandDown(&again) }), domain.CodeDuplicate)
	for _, a := range []domain.Actor{Actor(w.Manager), Actor(w.Deputy, w.North.ID), Actor(w.Deputy), Actor(w.Admin), Actor(w.Asha),
		Actor(w.Ravi), Actor(w.Boss), Actor(w.Desk), Actor(w.Agent)} {
		list, err := db.Reader().StandDowns(t.Context(), a, domain.Page{Limit: 10})
		noError(t, err)
		if (len(list) == 1) != a.SeesStandDown(&f) {
			t.Errorf("%s is shown %d keep-aways", a.Name, len(list))
		}
	}
	k.LiftedAt, k.LiftedByID, k.LiftReason = &later, &w.Manager.ID, "r"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveStandDown(&k) })
	Same(t, "by its report", k, Get(t, db, func(tx domain.Tx) (*domain.StandDown, error) { return tx.StandDownOf(f.ID) }))
	Same(t, "locked", k, Get(t, db, func(tx domain.Tx) (*domain.StandDown, error) { return tx.LockStandDown(k.ID) }))
	if got := diary(); len(got) != 0 {
		t.Error("a lifted keep-away is still in force")
	}
	h := domain.Hold{ID: ID(), Kind: domain.HoldSafety, CustomerID: &w.Customer.ID, Since: Noon, FlagID: &f.ID}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertHold(&h), tx.HoldStep(h.ID, 2)) })
	h.Step = 2
	Same(t, "hold that climbed", h, Get(t, db, func(tx domain.Tx) (*domain.Hold, error) { return tx.Hold(h.ID) }))
	h.LiftedAt = &later
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveHold(&h), tx.HoldStep(h.ID, 3)) })
	Same(t, "lifted hold", h, Get(t, db, func(tx domain.Tx) (*domain.Hold, error) { return tx.Hold(h.ID) }))
}

func visitFileTrip(t *testing.T, w *World) {
	db := w.DB
	v := w.Visit
	name := func(c string) string { return strings.Repeat(c, 32) }
	f := domain.VisitFile{ID: ID(), VisitID: v.ID, UploadedBy: w.Ravi.ID, CreatedAt: Noon, Kind: "photo_after", TakenAt: Noon, Asked: true,
		Agreed: true, MediaType: "image/png", Size: 9, SHA256: "s", Received: 4, ExpiresAt: later}
	parts := []domain.VisitFilePart{{FileID: f.ID, FromByte: 0, Size: 3, File: name("1")},
		{FileID: f.ID, FromByte: 3, Size: 1, File: name("2")}}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertVisitFile(&f), tx.InsertVisitFilePart(&parts[1]), tx.InsertVisitFilePart(&parts[0]))
	})
	Same(t, "parts", parts, Get(t, db, func(tx domain.Tx) ([]domain.VisitFilePart, error) { return tx.VisitFileParts(f.ID) }))
	if Try(db, func(tx domain.Tx) error { return tx.InsertVisitFilePart(&parts[0]) }) == nil {
		t.Error("one chunk is there twice")
	}
	f.Received, f.KeptSize, f.Digest, f.File, f.KeptAt = 9, 8, "d", name("3"), &Noon
	home := func() []domain.VisitFile {
		return Get(t, db, func(tx domain.Tx) ([]domain.VisitFile, error) { return tx.FilesOfHome(v.JobID) })
	}
	signed := f
	signed.ID, signed.Kind, signed.CreatedAt, signed.File = ID(), "signature", later, name("4")
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveVisitFile(&f), tx.InsertVisitFile(&signed)) })
	Same(t, "files of the home", []domain.VisitFile{f}, home())
	gone := f
	gone.RemovedAt = &later
	filled(t, "file", gone)
	Do(t, db, func(tx domain.Tx) error { return tx.SaveVisitFile(&gone) })
	Same(t, "files of the home, removed", []domain.VisitFile{}, home())
	Same(t, "files", []domain.VisitFile{gone, signed}, Get(t, db,
		func(tx domain.Tx) ([]domain.VisitFile, error) { return tx.VisitFiles(v.ID) }))
	read, err := db.Reader().VisitFiles(t.Context(), v.ID)
	noError(t, err)
	Same(t, "files of the reader", []domain.VisitFile{gone, signed}, read)
	named := func() []string {
		kept, err := db.Reader().EvidenceFiles(t.Context(), []string{name("1"), name("2"), name("3"), name("4"), name("5")})
		noError(t, err)
		slices.Sort(kept)
		return kept
	}
	Same(t, "files with a row", []string{name("1"), name("2"), name("4")}, named())
	Do(t, db, func(tx domain.Tx) error { return tx.DropVisitFileParts(f.ID) })
	Same(t, "files with a row, without parts", []string{name("4")}, named())
	// A file goes with what has arrived of it.
	Do(t, db, func(tx domain.Tx) error { return tx.InsertVisitFilePart(&parts[0]) })
	if n := Get(t, db, func(tx domain.Tx) (int, error) { return tx.Purge("visit_files", later.Add(time.Second), 9) }); n != 2 ||
		len(named()) != 0 {
		t.Errorf("%d files ran out, %v are left", n, named())
	}
}

func evidenceTrip(t *testing.T, w *World) {
	db := w.DB
	f := w.newFlag(w.Ravi, 2)
	e := domain.Evidence{ID: ID(), FlagID: f.ID, UploadedBy: w.Ravi.ID, CreatedAt: Noon, MediaType: "image/png", Size: 7, Digest: "d",
		File: "f1"}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertFlag(&f), tx.InsertEvidence(&e)) })
	Same(t, "evidence", []domain.Evidence{e}, Get(t, db, func(tx domain.Tx) ([]domain.Evidence, error) { return tx.EvidenceOf(f.ID) }))
	read, err := db.Reader().Evidence(t.Context(), f.ID)
	noError(t, err)
	Same(t, "evidence of the reader", []domain.Evidence{e}, read)
	gone := domain.Evidence{ID: ID(), FlagID: f.ID, UploadedBy: w.Ravi.ID, CreatedAt: Noon.Add(time.Second), MediaType: "image/png", Size: 7,
		Digest: "e", File: "f2", RemovedAt: &later, RemovedBy: &w.Ravi.ID}
	filled(t, "evidence", gone)
	anew := gone
	anew.ID, anew.File, anew.RemovedAt, anew.RemovedBy, anew.CreatedAt = ID(), "f3", nil, nil, later
	// The same bytes may come again once they were removed, and not before.
	Do(t, db, func(tx domain.Tx) error {
		return tx.InsertEvidence(&domain.Evidence{ID: gone.ID, FlagID: f.ID, UploadedBy: w.Ravi.ID, CreatedAt: gone.CreatedAt,
			MediaType: "image/png", Size: 7, Digest: "e", File: "f2"})
	})
	if err := db.InTx(t.Context(), func(tx domain.Tx) error { return tx.InsertEvidence(&anew) }); err == nil {
		t.Error("one report keeps the same bytes twice")
	}
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveEvidence(&gone), tx.InsertEvidence(&anew)) })
	Same(t, "removed evidence", []domain.Evidence{e, gone, anew},
		Get(t, db, func(tx domain.Tx) ([]domain.Evidence, error) { return tx.EvidenceOf(f.ID) }))
	kept, err := db.Reader().EvidenceFiles(t.Context(), []string{"f0", "f1", "f2"})
	noError(t, err)
	Same(t, "files with a row", []string{"f1"}, kept)
	e.ID, e.File = ID(), "f2" // the same bytes
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertEvidence(&e) }), domain.CodeDuplicate)
}
