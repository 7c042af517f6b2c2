package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// ahead: what comes with the lock of a job is what a plain read gives, and
// the transaction's own writes are seen.
func ahead(t *testing.T, db *repo.DB) {
	h := newHousehold(t, NewWorld(t, db))
	readUnderLocks(t, h)
	diaries(t, h)
	kept := keptTimes(t, h)
	fullDay(t, h)
	daysTaken(t, h, kept)
	letGo(t, h, kept)
	teamDiaries(t, h)
}

// household is one more of the mill, with everything that comes with the lock
// of its job.
type household struct {
	*World
	home         domain.Customer
	job          domain.Job
	full, bare   domain.Visit
	flag         domain.Flag
	lifted, open domain.Hold
	brand, own   domain.Policy
}

func newHousehold(t *testing.T, w *World) *household {
	soon := Noon.Add(time.Hour)
	home := domain.Customer{Meta: Meta(Noon), Name: "Ünal <&> \"\\", Language: "hi", RegisteredCentreID: &w.Mill.ID,
		Contacts: domain.JSONList[domain.Contact]{
			{ID: ID(), Name: "A", Relation: "self", Phones: domain.JSONList[string]{"+911", "+912"}, Email: "a@b", Language: "hi", VoiceOnly: true,
				InvalidPhones: domain.JSONList[string]{"+913"}},
			{ID: ID(), Name: "2026-11-22", Email: "2026-11-22 10:00:00+00:00", Relation: "12"}},
		Sites: domain.JSONList[domain.Site]{
			{ID: ID(), Label: "home", Address: "1 Lane\n2", Landmark: "well", PostalCode: "110001", Zone: "Asia/Kolkata",
				Lat: Ptr(28.123456789012345), Lon: Ptr(-77.98765432109876), Occupant: "aunt"},
			{ID: ID(), Label: "shop", Zone: "UTC", Lat: Ptr(1e-7), Lon: Ptr(0.0)}}}
	j := w.NewJob(&home, &w.Mill, Noon)
	full := w.NewVisit(&j, Noon.Add(48*time.Hour), w.Asha.ID)
	full.PlanSeen, full.PredecessorID, full.ConfirmedHow = domain.JSONList[domain.ID]{w.Asha.ID}, &w.Visit.ID, "link"
	full.EnRouteAt, full.ArrivedAt, full.StartedAt, full.EndedAt, full.ProvisionalTo = &soon, &soon, &soon, &soon, &soon
	full.NotRecorded, full.EndReason, full.Findings, full.WorkDone = domain.JSONList[string]{"arrive"}, "nobody", "f", "w"
	full.Parts, full.Tested, full.Sequence, full.Status = domain.JSONList[string]{"pump"}, "ok", 4, domain.VisitNoAccess
	bare := w.NewVisit(&j, Noon.Add(72*time.Hour))
	flag := w.newFlag(w.Ravi, 2)
	lifted := domain.Hold{ID: ID(), Kind: domain.HoldSafety, CustomerID: &home.ID, Since: Noon, Reason: "area hold", ByID: &w.Ravi.ID,
		By: "staff", OwnerID: &w.Manager.ID, DueAt: &soon,
		FlagID: &flag.ID, Fixable: true, LiftedAt: &soon, LiftedByID: &w.Manager.ID, LiftReason: "calm",
		Plan: domain.JSONList[string]{"two_people"}}
	open := domain.Hold{ID: ID(), Kind: domain.HoldParts, JobID: &j.ID, Since: soon, By: "coordinator"}
	brand, own := domain.Policy{ID: ID(), Number: 1, EffectiveFrom: Noon, CreatedAt: Noon}, domain.Policy{ID: ID(), CentreID: &w.Mill.ID,
		Number: 1, EffectiveFrom: soon, CreatedBy: &w.Admin.ID, CreatedAt: soon}
	brand.Rules.V, own.Rules.V = reach.Default(), reach.Default()
	Do(t, w.DB, func(tx domain.Tx) error {
		return all(tx.InsertCustomer(&home), tx.InsertJob(&j), tx.InsertVisit(&full), tx.InsertVisit(&bare), tx.InsertFlag(&flag),
			tx.InsertHold(&lifted), tx.InsertHold(&open), tx.PutPolicy(&brand), tx.PutPolicy(&own))
	})
	return &household{w, home, j, full, bare, flag, lifted, open, brand, own}
}

// around is what the rules need to know of a job.
type around struct {
	home     *domain.Customer
	centre   *domain.Centre
	holds    []domain.Hold
	visits   []domain.Visit
	policies []domain.Policy
}

func (h *household) read(tx domain.Tx) (a around, err error) {
	if a.home, err = tx.Customer(h.home.ID); err != nil {
		return a, err
	}
	if a.centre, err = tx.Centre(h.Mill.ID); err != nil {
		return a, err
	}
	if a.holds, err = tx.HoldsOver(&h.job, true); err != nil {
		return a, err
	}
	if a.visits, err = tx.VisitsOfJob(h.job.ID); err != nil {
		return a, err
	}
	a.policies, err = tx.Policies(h.Mill.ID)
	return a, err
}

func (want around) compare(t *testing.T, what string, got around) {
	t.Helper()
	Same(t, what+": customer", want.home, got.home)
	Same(t, what+": centre", want.centre, got.centre)
	Same(t, what+": holds", want.holds, got.holds)
	Same(t, what+": visits", want.visits, got.visits)
	Same(t, what+": policies", want.policies, got.policies)
}

func (h *household) diary(t *testing.T, from, to time.Time) *domain.Diary {
	t.Helper()
	return Get(t, h.DB, func(tx domain.Tx) (*domain.Diary, error) {
		return tx.LockDiary([]domain.ID{h.Ravi.ID, ID(), h.Noor.ID}, h.home.ID, from, to, to)
	})
}

func readUnderLocks(t *testing.T, h *household) {
	soon := Noon.Add(time.Hour)
	want := around{&h.home, &h.Mill, []domain.Hold{h.lifted, h.open}, []domain.Visit{h.full, h.bare}, []domain.Policy{h.own, h.brand}}
	Do(t, h.DB, func(tx domain.Tx) error {
		got, err := h.read(tx)
		want.compare(t, "unlocked", got)
		return err
	})
	Do(t, h.DB, func(tx domain.Tx) error {
		if _, err := tx.LockJob(h.job.ID); err != nil {
			return err
		}
		for _, what := range []string{"after the job's lock", "again"} {
			got, err := h.read(tx)
			if err != nil {
				return err
			}
			want.compare(t, what, got)
			got.home.Contacts[0].Name, got.centre.Name, got.holds[0].Reason, got.visits[0].Findings = "changed", "changed", "changed",
				"changed" // and not saved
		}
		return nil
	})
	Do(t, h.DB, func(tx domain.Tx) error {
		if _, _, err := tx.LockVisit(h.full.ID); err != nil {
			return err
		}
		got, err := h.read(tx)
		want.compare(t, "after the visit's lock", got)
		return err
	})
	Do(t, h.DB, func(tx domain.Tx) error {
		locked, v, err := tx.LockVisit(h.bare.ID)
		if err != nil {
			return err
		}
		h.home.Name, h.home.Contacts[0].Phones = "Unal", domain.JSONList[string]{"+911"}
		h.Mill.Name = "New Mill"
		h.open.LiftedAt, h.open.LiftReason = &soon, "parts are here"
		v.Crew, v.EverCrew = domain.JSONList[domain.ID]{h.Ravi.ID}, domain.JSONList[domain.ID]{h.Ravi.ID}
		third := domain.Hold{ID: ID(), Kind: domain.HoldCustomerRequest, JobID: &h.job.ID, Since: soon.Add(time.Hour), By: "agent"}
		newer := domain.Policy{ID: ID(), CentreID: &h.Mill.ID, Number: 2, EffectiveFrom: soon, CreatedAt: soon.Add(time.Hour)}
		next := h.NewVisit(&h.job, Noon.Add(96*time.Hour))
		if err := all(tx.SaveCustomer(&h.home), tx.SaveCentre(&h.Mill), tx.SaveHold(&h.open), tx.SaveVisit(v), tx.InsertHold(&third),
			tx.PutPolicy(&newer), tx.InsertVisit(&next), tx.SaveJob(locked)); err != nil {
			return err
		}
		want.holds, want.visits, want.policies = []domain.Hold{h.lifted, h.open, third}, []domain.Visit{h.full, *v, next},
			[]domain.Policy{newer, h.own, h.brand}
		got, err := h.read(tx)
		want.compare(t, "after its own writes", got)
		return err
	})
	Do(t, h.DB, func(tx domain.Tx) error {
		if _, err := tx.LockJob(h.job.ID); err != nil {
			return err
		}
		got, err := h.read(tx)
		want.compare(t, "after the commit", got)
		if err == nil {
			_, err = tx.LockJob(ID())
			wantCode(t, err, domain.CodeNotFound)
			err = nil
		}
		return err
	})
}

// diaries: locked technicians, their leaves, their visits, and who is kept apart.
func diaries(t *testing.T, h *household) {
	soon := Noon.Add(time.Hour)
	leave := domain.Leave{Meta: Meta(Noon), TechnicianID: h.Ravi.ID, StartsAt: Noon, EndsAt: soon, Kind: "sick", Status: "approved"}
	apart := domain.Exclusion{ID: ID(), UserID: h.Ravi.ID, CustomerID: h.home.ID, FlagID: h.flag.ID, Since: Noon}
	Do(t, h.DB, func(tx domain.Tx) error { return all(tx.InsertLeave(&leave), tx.InsertExclusion(&apart)) })
	d := h.diary(t, Noon.Add(72*time.Hour), Noon.Add(73*time.Hour))
	Same(t, "busy", []domain.Busy{{TechnicianID: h.Ravi.ID, VisitID: h.bare.ID, StartsAt: h.bare.PlannedStart, EndsAt: h.bare.PlannedEnd(),
		Lat: h.home.Sites[0].Lat, Lon: h.home.Sites[0].Lon}}, d.Busy)
	Same(t, "excluded", []domain.Exclusion{apart}, d.Excluded)
	if len(d.Technicians) != 2 || len(d.Leaves) != 0 {
		t.Errorf("%d technicians, %d leaves", len(d.Technicians), len(d.Leaves))
	}
	if d := h.diary(t, Noon, Noon.Add(time.Minute)); len(d.Leaves) != 1 || len(d.Busy) != 0 {
		t.Errorf("%d leaves, %d busy", len(d.Leaves), len(d.Busy))
	}
}

// keptTimes: what a household keeps is in the diary until it expires.
func keptTimes(t *testing.T, h *household) domain.SlotHold {
	soon := Noon.Add(time.Hour)
	kept := domain.SlotHold{ID: ID(), JobID: h.job.ID, TechnicianID: h.Ravi.ID, WindowStart: Noon, WindowEnd: soon.Add(time.Hour),
		StartsAt: Noon,
		EndsAt:   soon, CreatedAt: Noon, ExpiresAt: Noon.Add(10 * time.Minute)}
	filled(t, "slot hold", kept)
	Do(t, h.DB, func(tx domain.Tx) error { return tx.InsertSlotHold(&kept) })
	wantCode(t, Try(h.DB, func(tx domain.Tx) error { again := kept; again.ID = ID(); return tx.InsertSlotHold(&again) }), domain.CodeDuplicate)
	held := func(from, to, now time.Time) (locked, read []domain.SlotHold) {
		Do(t, h.DB, func(tx domain.Tx) error {
			a, err := tx.LockDiary([]domain.ID{h.Ravi.ID}, h.home.ID, from, to, now)
			if err != nil {
				return err
			}
			b, err := tx.ReadDiary(h.Mill.ID, h.home.ID, from, to, now)
			if err == nil {
				locked, read = a.Reserved, b.Reserved
			}
			return err
		})
		return locked, read
	}
	far := soon.Add(domain.DiaryReach)
	for what, n := range map[[3]time.Time][2]int{{Noon, soon, Noon}: {1, 1}, {soon, soon.Add(time.Hour), Noon}: {1, 0},
		{far, far.Add(time.Hour), Noon}: {0, 0}, {Noon, soon, kept.ExpiresAt}: {0, 0}} {
		locked, read := held(what[0], what[1], what[2])
		if len(locked) != n[0] || len(read) != n[1] || n[0] == 1 && locked[0] != kept || n[1] == 1 && read[0] != kept {
			t.Errorf("%v: %d and %d slot holds, want %d", what, len(locked), len(read), n)
		}
	}
	return kept
}

// fullDay: of a full day only what is next to a visit, and nothing further off
// than its way can matter.
func fullDay(t *testing.T, h *household) {
	dawn := Noon.Add(480 * time.Hour)
	var hours []domain.Visit
	for i := range 16 {
		hours = append(hours, h.NewVisit(&h.job, dawn.Add(time.Duration(i)*time.Hour), h.Noor.ID))
	}
	Do(t, h.DB, func(tx domain.Tx) error {
		for i := range hours {
			if err := tx.InsertVisit(&hours[i]); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		from, to  time.Duration
		near, end int
	}{{5 * time.Hour, 6 * time.Hour, 3, 9}, {5*time.Hour + 30*time.Minute, 5*time.Hour + 40*time.Minute, 3, 9}, {0, time.Hour, 0, 4},
		{27 * time.Hour, 28 * time.Hour, 15, 16}, {28 * time.Hour, 29 * time.Hour, 0, 0}} {
		var got, want []domain.ID
		for _, b := range h.diary(t, dawn.Add(c.from), dawn.Add(c.to)).Busy {
			got = append(got, b.VisitID)
		}
		for _, v := range hours[c.near:c.end] {
			want = append(want, v.ID)
		}
		Same(t, "nearest to "+c.from.String(), want, got)
	}
}

// daysTaken: how full a centre's days are is what stands, also without a crew,
// and what is kept; nothing that fell through, but for the one that is named.
func daysTaken(t *testing.T, h *household, kept domain.SlotHold) {
	tray, gone := h.NewVisit(&h.job, Noon.Add(248*time.Hour)), h.NewVisit(&h.job, Noon.Add(249*time.Hour), h.Ravi.ID)
	gone.Status = domain.VisitRescheduled
	Do(t, h.DB, func(tx domain.Tx) error { return all(tx.InsertVisit(&tray), tx.InsertVisit(&gone)) })
	taken := func(also domain.ID, from, to time.Time) []domain.BookedCapacity {
		got := Get(t, h.DB, func(tx domain.Tx) ([]domain.BookedCapacity, error) { return tx.Taken(h.Mill.ID, also, from, to, Noon) })
		if also == (domain.ID{}) {
			read, err := h.DB.Reader().Taken(t.Context(), domain.Scope{CentreID: h.Mill.ID}, h.Mill.ID, from, to, Noon)
			noError(t, err)
			Same(t, "taken, read", got, read)
		}
		return got
	}
	day := [2]time.Time{Noon.Add(248 * time.Hour), Noon.Add(272 * time.Hour)}
	Same(t, "taken", []domain.BookedCapacity{{VisitID: tray.ID, PlannedStart: tray.PlannedStart}}, taken(domain.ID{}, day[0], day[1]))
	Same(t, "taken with what it follows", []domain.BookedCapacity{{VisitID: tray.ID, PlannedStart: tray.PlannedStart},
		{VisitID: gone.ID, TechnicianID: &h.Ravi.ID, PlannedStart: gone.PlannedStart}}, taken(gone.ID, day[0], day[1]))
	Same(t, "taken by a choice", []domain.BookedCapacity{{VisitID: h.job.ID, TechnicianID: &h.Ravi.ID, PlannedStart: kept.StartsAt}},
		taken(domain.ID{}, Noon, Noon.Add(time.Minute)))
	if c := Get(t, h.DB, func(tx domain.Tx) (*domain.Centre, error) { return tx.LockCentre(h.Mill.ID) }); c.ID != h.Mill.ID {
		t.Errorf("locked %v", c)
	}
}

// letGo: a time that is let go is kept no longer.
func letGo(t *testing.T, h *household, kept domain.SlotHold) {
	Same(t, "of the job", []domain.SlotHold{kept}, Get(t, h.DB,
		func(tx domain.Tx) ([]domain.SlotHold, error) { return tx.SlotHoldsOf(h.job.ID) }))
	Do(t, h.DB, func(tx domain.Tx) error { return tx.DropSlotHolds(h.job.ID) })
	if rows := Get(t, h.DB, func(tx domain.Tx) ([]domain.SlotHold, error) { return tx.SlotHoldsOf(h.job.ID) }); len(rows) != 0 {
		t.Error("what was let go is still kept")
	}
}

// teamDiaries: the diaries of a centre are those of its people, one by one.
func teamDiaries(t *testing.T, h *household) {
	there := h.NewVisit(&h.job, Noon.Add(120*time.Hour), h.Ravi.ID)
	there.Status = domain.VisitCompleted
	Do(t, h.DB, func(tx domain.Tx) error { return tx.InsertVisit(&there) })
	team := Get(t, h.DB, func(tx domain.Tx) (*domain.Diary, error) {
		return tx.ReadDiary(h.Mill.ID, h.home.ID, Noon.Add(-time.Hour), Noon.Add(200*time.Hour), Noon)
	})
	one := h.diary(t, Noon.Add(-time.Hour), Noon.Add(200*time.Hour))
	ravis := []domain.Busy{}
	for _, b := range team.Busy {
		if b.TechnicianID == h.Ravi.ID {
			ravis = append(ravis, b)
		}
	}
	Same(t, "busy of the team", one.Busy, ravis)
	Same(t, "excluded of the team", one.Excluded, team.Excluded)
	Same(t, "was there", []domain.ID{h.Ravi.ID}, team.Known)
	for _, u := range team.Technicians {
		if u.Role != domain.RoleTechnician || *u.CentreID != h.Mill.ID || u.Disabled {
			t.Errorf("%s is in the team", u.Login)
		}
	}
	if len(team.Technicians) == 0 || len(team.Leaves) == 0 {
		t.Errorf("a team of %d with %d leaves", len(team.Technicians), len(team.Leaves))
	}
}
