package repotest

import (
	"context"
	"slices"
	"testing"
	"time"

	"doorstep/domain"
)

func areaTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	filled(t, "area", w.North)
	Same(t, "area", w.North, Get(t, db, func(tx domain.Tx) (*domain.Area, error) { return tx.Area(w.North.ID) }))
	w.North.Name, w.North.UpdatedAt = "Far North", later
	Do(t, db, func(tx domain.Tx) error { return tx.SaveArea(&w.North) })
	got, err := r.Area(ctx, everything, w.North.ID)
	noError(t, err)
	Same(t, "saved area", w.North, got)
	if got.Version != 2 {
		t.Errorf("version %d after one save", got.Version)
	}
}

func centreTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	filled(t, "centre", w.Mill)
	Same(t, "centre", w.Mill, Get(t, db, func(tx domain.Tx) (*domain.Centre, error) { return tx.Centre(w.Mill.ID) }))
	w.Mill.Name, w.Mill.PostalCodes, w.Mill.Holidays = "Old Mill", domain.JSONList[string]{"110001", "110002"}, nil
	Do(t, db, func(tx domain.Tx) error {
		if err := tx.SaveCentre(&w.Mill); err != nil {
			return err
		}
		seen, err := tx.Centre(w.Mill.ID) // a transaction sees its own writes
		if err == nil && seen.Name != "Old Mill" {
			t.Errorf("the transaction still sees %q", seen.Name)
		}
		return err
	})
	got, err := r.Centre(ctx, everything, w.Mill.ID)
	noError(t, err)
	Same(t, "saved centre", w.Mill, got)
	Same(t, "centre serving", w.Mill, Get(t, db, func(tx domain.Tx) (*domain.Centre, error) { return tx.CentreServing("110002") }))
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.CentreServing("11000"); return err }), domain.CodeNotFound)
}

func userTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	u := domain.User{Meta: Meta(Noon), Login: "full", Name: "Full Name", Role: domain.RoleTechnician, CentreID: &w.Mill.ID,
		AreaID: &w.North.ID, DeputyID: &w.Asha.ID,
		Phone: "+91", Language: "hi", Disabled: true, Skills: domain.JSONList[string]{"washer", "oven"},
		SkillLevels: domain.JSON[domain.Levels]{V: domain.Levels{"oven": 3}}, MaxVisitsPerDay: Ptr(6),
		Hours: domain.JSONList[domain.Shift]{{Weekday: 1, From: "09:00", To: "18:00"}},
		Exceptions: domain.JSONList[domain.DayHours]{{Date: "2027-03-08", Hours: domain.JSONList[domain.Stretch]{{From: "10:00", To: "12:00"}}},
			{Date: "2027-03-09", Hours: domain.JSONList[domain.Stretch]{}}},
		QuietFrom: "21:00", QuietTo: "07:00", RingsAlways: true, ColleagueID: &w.Asha.ID, CodeHash: "c", DuressHash: "d",
		Feigned: true, FeignedHash: "e", FeignedDuressHash: "f",
		HomeLat: Ptr(28.613912345678901), HomeLon: Ptr(-77.2090212345), PasswordHash: "argon", SignedInAt: &Noon, Epoch: 3}
	filled(t, "user", u, "VisitsGivenBack", "VisitsUnderWay") // said beside it
	Do(t, db, func(tx domain.Tx) error { return tx.InsertUser(&u) })
	Same(t, "user", u, Get(t, db, func(tx domain.Tx) (*domain.User, error) { return tx.LockUser(u.ID) }))
	Same(t, "user by login", u, Get(t, db, func(tx domain.Tx) (*domain.User, error) { return tx.UserByLogin("full") }))
	bare := domain.User{Meta: Meta(Noon), Login: "bare", Role: domain.RoleAgent}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertUser(&bare) })
	Same(t, "bare user", bare, Get(t, db, func(tx domain.Tx) (*domain.User, error) { return tx.User(bare.ID) }))
	u.DeputyID, u.HomeLat, u.HomeLon, u.Disabled, u.Epoch, u.Skills, u.SkillLevels.V, u.MaxVisitsPerDay = nil, nil, nil, false, 4, nil, nil,
		nil
	Do(t, db, func(tx domain.Tx) error { return tx.SaveUser(&u) })
	got, err := r.Principal(ctx, u.ID)
	noError(t, err)
	Same(t, "saved user", u, got)
	again := bare
	again.ID = ID()
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertUser(&again) }), domain.CodeDuplicate)
}

func leaveTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	l := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Ravi.ID, StartsAt: Noon, EndsAt: later, Kind: "annual", Status: "approved",
		Note:       "wedding",
		RecordedBy: &w.Asha.ID, DecidedBy: &w.Noor.ID, DecidedAt: &later, Reason: "a quiet week"}
	filled(t, "leave", l)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertLeave(&l) })
	for name, c := range map[string]struct {
		from, to time.Time
		n        int
	}{"over it": {Noon, later, 1}, "inside": {Noon.Add(time.Minute), Noon.Add(2 * time.Minute), 1}, "before": {Noon.Add(-time.Hour), Noon, 0},
		"after": {later, later.Add(time.Hour), 0}} {
		got := Get(t, db, func(tx domain.Tx) ([]domain.Leave, error) { return tx.LeavesOf(w.Ravi.ID, c.from, c.to) })
		if len(got) != c.n {
			t.Errorf("leaves %s: %d, want %d", name, len(got), c.n)
		}
		if c.n == 1 && len(got) == 1 {
			Same(t, "leave", l, got[0])
		}
	}
	got, err := r.Leaves(ctx, everything, domain.LeaveFilter{UserID: &w.Ravi.ID}, domain.Page{})
	noError(t, err)
	Same(t, "leaves", []domain.Leave{l}, got)
	// What only waits takes no time away; a move of it is kept.
	asked := domain.Leave{Meta: Meta(Noon), TechnicianID: w.Noor.ID, StartsAt: Noon, EndsAt: later, Kind: "annual", Status: "requested"}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertLeave(&asked) })
	standing := func() (n [4]int) {
		Do(t, db, func(tx domain.Tx) error {
			of, err := tx.LeavesOf(w.Noor.ID, Noon, later)
			noError(t, err)
			at, err := tx.LeavesAt([]domain.ID{w.Noor.ID}, Noon)
			noError(t, err)
			locked, err := tx.LockDiary([]domain.ID{w.Noor.ID}, w.Customer.ID, Noon, later, later)
			noError(t, err)
			waiting, err := tx.LeaveRequestsOf(w.Noor.ID, Noon, later)
			n = [4]int{len(of), len(at), len(locked.Leaves), len(waiting)}
			return err
		})
		return n
	}
	if n := standing(); n != [4]int{0, 0, 0, 1} {
		t.Errorf("while it waits: %v", n)
	}
	Do(t, db, func(tx domain.Tx) error {
		x, err := tx.LockLeave(asked.ID)
		noError(t, err)
		x.Status, x.DecidedBy, x.DecidedAt, x.Reason = "approved", &w.Asha.ID, &later, "enjoy it"
		asked = *x
		return tx.SaveLeave(&asked)
	})
	Same(t, "moved leave", asked, Get(t, db, func(tx domain.Tx) (*domain.Leave, error) { return tx.Leave(asked.ID) }))
	if n := standing(); n != [4]int{1, 1, 1, 0} {
		t.Errorf("once it is approved: %v", n)
	}
	for name, f := range map[string]domain.LeaveFilter{"by state": {Status: "approved"},
		"of a centre": {CentreID: w.Noor.CentreID, Status: "approved"}} {
		got, err := r.Leaves(ctx, everything, f, domain.Page{})
		noError(t, err)
		if !slices.ContainsFunc(got, func(x domain.Leave) bool { return x.ID == asked.ID }) {
			t.Errorf("%s: %v", name, got)
		}
	}
	none, err := r.Leaves(ctx, everything, domain.LeaveFilter{Status: "declined"}, domain.Page{})
	noError(t, err)
	Same(t, "declined ones", []domain.Leave{}, none)
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockLeave(ID()); return err }), domain.CodeNotFound)
}

func sessionTrip(t *testing.T, w *World) {
	if got := Get(t, w.DB, func(tx domain.Tx) (*[]domain.User, error) {
		users, err := tx.UsersByPhone(w.Ravi.Phone)
		return &users, err
	}); !slices.ContainsFunc(*got, func(u domain.User) bool { return u.ID == w.Ravi.ID }) ||
		slices.ContainsFunc(*got, func(u domain.User) bool { return u.Phone != w.Ravi.Phone }) {
		t.Errorf("users by phone: %v", *got)
	}
	db := w.DB
	next := domain.Session{ID: ID(), FamilyID: ID(), UserID: w.Ravi.ID, TokenHash: hash("next"), CreatedAt: Noon, ExpiresAt: later}
	s := domain.Session{ID: ID(), FamilyID: next.FamilyID, UserID: w.Ravi.ID, TokenHash: hash("s"), SuccessorID: &next.ID, Epoch: 2,
		CreatedAt: Noon, ExpiresAt: later, UsedAt: &later, RevokedAt: &later}
	filled(t, "session", s)
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertSession(&next), tx.InsertSession(&s)) })
	Same(t, "session", s, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.LockSession(s.TokenHash) }))
	Same(t, "bare session", next, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.SessionByID(next.ID) }))
	goOn, err := db.Reader().Sessions(context.Background(), w.Ravi.ID, Noon)
	noError(t, err)
	Same(t, "sessions that go on", []domain.Session{next}, goOn)
	goOn, err = db.Reader().Sessions(context.Background(), w.Ravi.ID, later)
	noError(t, err)
	Same(t, "sessions that have ended", []domain.Session{}, goOn)
	s.UsedAt = nil
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveSession(&s), tx.RevokeFamily(s.FamilyID, Noon)) })
	Same(t, "saved session", s, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.SessionByID(s.ID) }))
	next.RevokedAt = &Noon
	Same(t, "revoked session", next, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.SessionByID(next.ID) }))
	other := domain.Session{ID: ID(), FamilyID: ID(), UserID: w.Asha.ID, TokenHash: hash("o"), CreatedAt: Noon, ExpiresAt: later}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertSession(&other), tx.RevokeSessionsOf(w.Asha.ID, later))
	})
	if got := Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.SessionByID(other.ID) }); got.RevokedAt == nil {
		t.Error("a user's sessions were not revoked")
	}
	i := domain.Invitation{ID: ID(), UserID: w.Ravi.ID, Purpose: "invite", TokenHash: hash("i"), CreatedAt: Noon, CreatedBy: &w.Admin.ID,
		ExpiresAt: later,
		SentBy:    domain.JSONList[string]{"message"}, Note: "n"}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertInvitation(&i) })
	Same(t, "invitation", i, Get(t, db, func(tx domain.Tx) (*domain.Invitation, error) { return tx.LockInvitation(i.TokenHash) }))
	i.UsedAt = &later
	filled(t, "invitation", i)
	Do(t, db, func(tx domain.Tx) error { return tx.SpendInvitations(i.UserID, later) })
	Same(t, "used invitation", i, Get(t, db, func(tx domain.Tx) (*domain.Invitation, error) { return tx.LockInvitation(i.TokenHash) }))
	second := domain.Invitation{ID: ID(), UserID: w.Ravi.ID, Purpose: "reset", TokenHash: hash("i2"), CreatedAt: later, ExpiresAt: later,
		SentBy: domain.JSONList[string]{}}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertInvitation(&second) })
	Same(t, "invitations, newest first", []domain.Invitation{second, i},
		Get(t, db, func(tx domain.Tx) ([]domain.Invitation, error) { return tx.InvitationsOf(w.Ravi.ID, Noon, 9) }))
	Same(t, "invitations since", []domain.Invitation{second}, Get(t, db,
		func(tx domain.Tx) ([]domain.Invitation, error) { return tx.InvitationsOf(w.Ravi.ID, later, 9) }))
	Same(t, "one invitation", []domain.Invitation{second}, Get(t, db,
		func(tx domain.Tx) ([]domain.Invitation, error) { return tx.InvitationsOf(w.Ravi.ID, Noon, 1) }))
	securityLog(t, w)
	for user, want := range map[domain.ID]bool{w.Asha.ID: false, w.Ravi.ID: false} {
		if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.HasSession(user, Noon) }); got != want {
			t.Errorf("has a session: %v", got)
		}
	}
	fresh := domain.Session{ID: ID(), FamilyID: ID(), UserID: w.Asha.ID, TokenHash: hash("f"), CreatedAt: Noon, ExpiresAt: later}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertSession(&fresh) })
	for at, want := range map[time.Time]bool{Noon: true, later: false} {
		if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.HasSession(w.Asha.ID, at) }); got != want {
			t.Errorf("has a session at %v: %v", at, got)
		}
	}
	for family, want := range map[domain.ID]bool{fresh.FamilyID: false, other.FamilyID: true, ID(): false} {
		if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.SessionRevoked(family) }); got != want {
			t.Errorf("session revoked: %v", got)
		}
	}
	devicesTrip(t, w, fresh.FamilyID)
}

// devicesTrip: who has which phones, in a session or not.
func devicesTrip(t *testing.T, w *World, session domain.ID) {
	db := w.DB
	device := func(user *domain.ID, link *domain.ID, of *domain.ID, token string) domain.Device {
		d := domain.Device{InstallationID: ID(), UserID: user, LinkID: link, SessionID: of, Token: token, Platform: "android",
			CreatedAt: Noon, UpdatedAt: Noon}
		if link != nil {
			d.CustomerID = &w.Customer.ID
		}
		Do(t, db, func(tx domain.Tx) error { return tx.PutDevice(&d) })
		return d
	}
	names := func(devices []domain.Device) (out []string) {
		for _, d := range devices {
			out = append(out, d.Token)
		}
		slices.Sort(out)
		return out
	}
	of := func(user domain.ID) []string {
		return names(Get(t, db, func(tx domain.Tx) ([]domain.Device, error) { return tx.DevicesOf(user) }))
	}
	device(&w.Agent.ID, nil, &session, "p1")
	device(&w.Agent.ID, nil, nil, "p2")
	kept := device(&w.Agent.ID, nil, nil, "p3")
	device(&w.Noor.ID, nil, nil, "p3")
	Same(t, "devices of a user", []string{"p1", "p2", "p3"}, of(w.Agent.ID))
	Do(t, db, func(tx domain.Tx) error { return tx.DropToken("p3", kept.InstallationID, "another owner", later) })
	Same(t, "devices that lost their token", []string(nil), of(w.Noor.ID))
	Do(t, db, func(tx domain.Tx) error { return tx.DropDevicesOf(w.Agent.ID, &session, "signed out", later) })
	Same(t, "devices after the end of a session", []string{"p2", "p3"}, of(w.Agent.ID))
	Do(t, db, func(tx domain.Tx) error { return tx.DropDevicesOf(w.Agent.ID, nil, "new password", later) })
	Same(t, "devices after the end of all sessions", []string(nil), of(w.Agent.ID))
	device(nil, &w.Link.ID, nil, "h1")
	staff := device(&w.Boss.ID, nil, nil, "s1")
	for token, want := range map[string]bool{"s1": true, "h1": false, "nobody's": false} {
		if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.HeldByUser(ID(), token) }); got != want {
			t.Errorf("%s is held by a user: %v", token, got)
		}
	}
	if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.HeldByUser(staff.InstallationID, "x") }); !got {
		t.Error("an installation of a user is held by none")
	}
	gone := device(nil, &w.Link.ID, nil, "h2")
	Do(t, db, func(tx domain.Tx) error { return tx.DropDevice(gone.InstallationID, "dead", later) })
	Do(t, db, func(tx domain.Tx) error {
		live, ever, err := tx.DevicesOfLink(w.Link.ID)
		if len(live) != 1 || ever != 2 {
			t.Errorf("devices of a link: %d live, %d ever", len(live), ever)
		}
		return err
	})
}

func securityLog(t *testing.T, w *World) {
	db := w.DB
	first := domain.SecurityEvent{ID: ID(), CreatedAt: Noon, Kind: domain.SecurityExport, ActorID: &w.Admin.ID, UserID: &w.Ravi.ID,
		JobID: &w.Job.ID, Detail: "pack"}
	filled(t, "security event", first)
	second := domain.SecurityEvent{ID: ID(), CreatedAt: later, Kind: domain.SecurityTokenReused, UserID: &w.Asha.ID}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertSecurityEvent(&first), tx.InsertSecurityEvent(&second)) })
	for _, c := range []struct {
		f    domain.SecurityFilter
		want []domain.SecurityEvent
	}{{domain.SecurityFilter{}, []domain.SecurityEvent{second, first}},
		{domain.SecurityFilter{UserID: &w.Ravi.ID}, []domain.SecurityEvent{first}},
		{domain.SecurityFilter{UserID: &w.Admin.ID}, []domain.SecurityEvent{first}},
		{domain.SecurityFilter{Kind: domain.SecurityTokenReused}, []domain.SecurityEvent{second}}} {
		got, err := db.Reader().SecurityLog(t.Context(), c.f, domain.Page{Limit: 5})
		noError(t, err)
		Same(t, "the security log", c.want, got)
	}
	got, err := db.Reader().SecurityLog(t.Context(), domain.SecurityFilter{}, domain.Page{Limit: 5, AfterAt: &second.CreatedAt,
		AfterID: &second.ID})
	noError(t, err)
	Same(t, "the next page of the security log", []domain.SecurityEvent{first}, got)
}
