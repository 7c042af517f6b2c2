package repotest

import (
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// roundTrips writes each kind of object with every field set and with as few
// as possible, and reads it back through the transaction and the reader.
func roundTrips(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := db.Reader()
	ctx := t.Context()
	everything := domain.Scope{All: true}
	later := Noon.Add(90 * time.Minute)

	t.Run("area", func(t *testing.T) {
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
	})

	t.Run("centre", func(t *testing.T) {
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
	})

	t.Run("user", func(t *testing.T) {
		u := domain.User{Meta: Meta(Noon), Login: "full", Name: "Full Name", Role: domain.RoleTechnician, CentreID: &w.Mill.ID,
			AreaID: &w.North.ID, DeputyID: &w.Asha.ID,
			Phone: "+91", Language: "hi", Disabled: true, Skills: domain.JSONList[string]{"washer", "oven"},
			SkillLevels: domain.JSON[domain.Levels]{V: domain.Levels{"oven": 3}}, MaxVisitsPerDay: Ptr(6),
			Hours: domain.JSONList[domain.Shift]{{Weekday: 1, From: "09:00", To: "18:00"}},
			Exceptions: domain.JSONList[domain.DayHours]{{Date: "2027-03-08", Hours: domain.JSONList[domain.Stretch]{{From: "10:00", To: "12:00"}}},
				{Date: "2027-03-09", Hours: domain.JSONList[domain.Stretch]{}}},
			QuietFrom: "21:00", QuietTo: "07:00", RingsAlways: true, ColleagueID: &w.Asha.ID, CodeHash: "c", DuressHash: "d",
			HomeLat: Ptr(28.613912345678901), HomeLon: Ptr(-77.2090212345), PasswordHash: "argon", SignedInAt: &Noon, Epoch: 3}
		filled(t, "user", u)
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
	})

	t.Run("leave", func(t *testing.T) {
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
	})

	t.Run("session and invitation", func(t *testing.T) {
		next := domain.Session{ID: ID(), FamilyID: ID(), UserID: w.Ravi.ID, TokenHash: hash("next"), CreatedAt: Noon, ExpiresAt: later}
		s := domain.Session{ID: ID(), FamilyID: next.FamilyID, UserID: w.Ravi.ID, TokenHash: hash("s"), SuccessorID: &next.ID, Epoch: 2,
			CreatedAt: Noon, ExpiresAt: later, UsedAt: &later, RevokedAt: &later}
		filled(t, "session", s)
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertSession(&next), tx.InsertSession(&s)) })
		Same(t, "session", s, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.LockSession(s.TokenHash) }))
		Same(t, "bare session", next, Get(t, db, func(tx domain.Tx) (*domain.Session, error) { return tx.SessionByID(next.ID) }))
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
		device := func(user *domain.ID, link *domain.ID, session *domain.ID, token string) domain.Device {
			d := domain.Device{InstallationID: ID(), UserID: user, LinkID: link, SessionID: session, Token: token, Platform: "android",
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
		device(&w.Agent.ID, nil, &fresh.FamilyID, "p1")
		device(&w.Agent.ID, nil, nil, "p2")
		kept := device(&w.Agent.ID, nil, nil, "p3")
		device(&w.Noor.ID, nil, nil, "p3")
		Same(t, "devices of a user", []string{"p1", "p2", "p3"}, of(w.Agent.ID))
		Do(t, db, func(tx domain.Tx) error { return tx.DropToken("p3", kept.InstallationID, "another owner", later) })
		Same(t, "devices that lost their token", []string(nil), of(w.Noor.ID))
		Do(t, db, func(tx domain.Tx) error { return tx.DropDevicesOf(w.Agent.ID, &fresh.FamilyID, "signed out", later) })
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
	})

	t.Run("customer", func(t *testing.T) {
		c := domain.Customer{Meta: Meta(Noon), Name: "Ünal", Language: "hi", RegisteredCentreID: &w.Mill.ID,
			Contacts: []domain.Contact{
				{ID: ID(), Name: "A", Relation: "self", Phones: domain.JSONList[string]{"+911", "+912"}, Email: "a@b", Language: "hi", VoiceOnly: true,
					Struck: domain.JSONList[string]{"+913"}},
				{ID: ID(), Name: "B"}},
			Sites: []domain.Site{
				{ID: ID(), Label: "home", Address: "1 Lane", Landmark: "well", PostalCode: "110001", Zone: "Asia/Kolkata",
					Lat: Ptr(28.1234567890123456), Lon: Ptr(77.98765432109876), Occupant: "aunt"},
				{ID: ID(), Label: "shop", Zone: "UTC"}}}
		filled(t, "customer", c)
		filled(t, "contact", c.Contacts[0], "CustomerID", "Position")
		filled(t, "site", c.Sites[0], "CustomerID")
		Do(t, db, func(tx domain.Tx) error { return tx.InsertCustomer(&c) })
		Same(t, "customer", c, Get(t, db, func(tx domain.Tx) (*domain.Customer, error) { return tx.LockCustomer(c.ID) }))
		got, err := r.Customer(ctx, everything, c.ID)
		noError(t, err)
		Same(t, "customer of the reader", c, got)
		byPhone := func(n string) int {
			return len(Get(t, db, func(tx domain.Tx) ([]domain.ID, error) { return tx.CustomersByPhone(n) }))
		}
		if byPhone("+912") != 1 || byPhone("+913") != 0 {
			t.Error("a known number finds the household, a struck one does not")
		}
		// One contact goes, one comes, numbers change, one site is in use.
		j := w.NewJob(&c, &w.Mill, Noon)
		j.SiteID = c.Sites[1].ID
		j.ContactID = nil
		Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&j) })
		c.Contacts = []domain.Contact{{ID: ID(), Name: "C", Phones: domain.JSONList[string]{"+914"}}, c.Contacts[0]}
		c.Contacts[1].Phones, c.Contacts[1].Struck = domain.JSONList[string]{"+911"}, domain.JSONList[string]{"+912", "+913"}
		kept := c.Sites[1]
		c.Sites = c.Sites[:1]
		c.Name = "Unal"
		Do(t, db, func(tx domain.Tx) error { return tx.SaveCustomer(&c) })
		c.Sites = append(c.Sites, kept) // a job needs it
		Same(t, "saved customer", c, Get(t, db, func(tx domain.Tx) (*domain.Customer, error) { return tx.Customer(c.ID) }))
		if byPhone("+912") != 0 || byPhone("+914") != 1 || byPhone("+911") != 1 {
			t.Error("the index of numbers was not kept")
		}
		for query, n := range map[string]int{"unal": 1, "UN": 1, "nal": 0, "+914": 1, "+91": 0, "un%": 0, "Iyer": 1} {
			if got, err := r.Customers(ctx, everything, domain.CustomerFilter{Query: query}, domain.Page{}); err != nil || len(got) != n {
				t.Errorf("query %q: %d customers (%v), want %d", query, len(got), err, n)
			}
		}
		// The contact of another customer is not taken over.
		thief := NewCustomer("Thief", "+999")
		thief.Contacts[0].ID = w.Customer.Contacts[0].ID
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertCustomer(&thief) }), domain.CodeDuplicate)
	})

	t.Run("appliance", func(t *testing.T) {
		filled(t, "appliance", w.Washer)
		Same(t, "appliance", w.Washer, Get(t, db, func(tx domain.Tx) (*domain.Appliance, error) { return tx.Appliance(w.Washer.ID) }))
		w.Washer.SiteID, w.Washer.Model = nil, "W2"
		Do(t, db, func(tx domain.Tx) error { return tx.SaveAppliance(&w.Washer) })
		got, err := r.Appliances(ctx, everything, &w.Customer.ID, "SN-1", domain.Page{})
		noError(t, err)
		Same(t, "appliances", []domain.Appliance{w.Washer}, got)
	})

	t.Run("job", func(t *testing.T) {
		j := w.NewJob(&w.Customer, &w.Mill, Noon.Add(time.Hour))
		Same(t, "bare job", w.Job, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.Job(w.Job.ID) }))
		j.ExternalRef, j.ApplianceID, j.Serial, j.WhatMatters, j.SafetyCritical, j.RepeatOf = Ptr("REF-1"), &w.Washer.ID, "SN-1", "insulin", true,
			&w.Job.ID
		j.TriedSteps = domain.JSONList[domain.TriedStep]{{What: "reset", At: Noon, WatchedBy: "nobody", Result: "no"}}
		j.ReopenUntil, j.Imported.V = &later, map[string]string{"fault": "5f"}
		j.ReopenedAt, j.ResolvedAt, j.EndedAt, j.EndReason, j.LastContactAt, j.Status = &later, &later, &later, "done", &later, domain.JobClosed
		j.Replacement.V = &domain.Replacement{Since: later, Status: "declined", Steps: domain.JSONList[domain.ID]{ID()}, Reason: "new",
			DecidedAt: &later, DecidedBy: domain.RoleAgent}
		j.Seq, j.ChainHead, j.ValueMinor = 7, []byte{1, 2, 0, 3}, Ptr(int64(1_250_00))
		filled(t, "job", j)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&j) })
		Same(t, "job", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.LockJob(j.ID) }))
		Same(t, "job by ref", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.JobByRef("REF-1") }))
		Same(t, "latest job", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.LatestJobOf(w.Customer.ID) }))
		Same(t, "open jobs", []domain.Job{w.Job}, Get(t, db, func(tx domain.Tx) ([]domain.Job, error) { return tx.OpenJobsOf(w.Customer.ID) }))
		Same(t, "repeat", w.Job, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.LatestJobBySerial("SN-1", Noon, j.ID) }))
		wantCode(t, Try(db, func(tx domain.Tx) error {
			_, err := tx.LatestJobBySerial("SN-1", later, j.ID)
			return err
		}), domain.CodeNotFound)
		j.Status, j.EndedAt, j.ReopenedAt, j.LastContactAt, j.ExternalRef, j.RepeatOf, j.Replacement.V = domain.JobOpen, nil, nil, nil, nil, nil,
			nil
		Do(t, db, func(tx domain.Tx) error { return tx.SaveJob(&j) })
		got, err := r.Job(ctx, everything, j.ID)
		noError(t, err)
		Same(t, "saved job", j, got)
		a, b := w.NewJob(&w.Customer, &w.Mill, Noon), w.NewJob(&w.Customer, &w.Mill, Noon)
		a.ExternalRef, b.ExternalRef = Ptr("REF-2"), Ptr("REF-2")
		wantCode(t, Try(db, func(tx domain.Tx) error { return all(tx.InsertJob(&a), tx.InsertJob(&b)) }), domain.CodeDuplicate)
	})

	t.Run("tried step", func(t *testing.T) {
		first := domain.StepRecord{Meta: Meta(Noon), JobID: w.Job.ID, Step: "फ्रिज बंद किया", Result: "failed", WatchedBy: "nobody",
			ByRole: domain.RoleCustomer, OccurredAt: later, RecordedAt: later}
		again := domain.StepRecord{Meta: Meta(Noon), JobID: w.Job.ID, Step: "reset", Result: "unclear", WatchedBy: "professional", Note: "n",
			RepeatOf: &first.ID, RepeatReason: "new board",
			ByID: &w.Ravi.ID, ByRole: domain.RoleTechnician, OccurredAt: Noon, ClaimedAt: &later, RecordedAt: later}
		said := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Phone,
			Outcome: reach.Reached, Grade: reach.Declared,
			ByRole: domain.RoleAgent, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon}
		again.ViaID = &said.ID
		gone := again
		gone.Meta, gone.WithdrawnAt = Meta(Noon), &later
		filled(t, "tried step", gone)
		Do(t, db, func(tx domain.Tx) error {
			return all(tx.InsertAttempt(&said), tx.InsertStep(&first), tx.InsertStep(&again), tx.InsertStep(&gone))
		})
		Same(t, "withdrawn step", gone, Get(t, db, func(tx domain.Tx) (*domain.StepRecord, error) { return tx.Step(gone.ID) }))
		Same(t, "tried step", again, Get(t, db, func(tx domain.Tx) (*domain.StepRecord, error) { return tx.Step(again.ID) }))
		Same(t, "tried steps", []domain.StepRecord{again, first}, Get(t, db,
			func(tx domain.Tx) ([]domain.StepRecord, error) { return tx.StepsOf([]domain.ID{ID(), w.Job.ID}) }))
		first.Result, first.UpdatedAt = "worked", later
		Do(t, db, func(tx domain.Tx) error { return tx.SaveStep(&first) })
		got, err := r.Steps(ctx, everything, []domain.ID{w.Job.ID})
		noError(t, err)
		Same(t, "steps of the reader", []domain.StepRecord{again, first}, got)
		if got, err := r.Steps(ctx, domain.Scope{CentreID: w.Harbour.ID}, []domain.ID{w.Job.ID}); err != nil || len(got) != 0 {
			t.Errorf("another centre reads %d steps (%v)", len(got), err)
		}
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertStep(&first) }), domain.CodeDuplicate)
	})

	t.Run("thanks", func(t *testing.T) {
		j := w.NewJob(&w.Customer, &w.Mill, Noon)
		v := w.NewVisit(&j, Noon.Add(-48*time.Hour), w.Ravi.ID, w.Asha.ID)
		k := domain.Thanks{Meta: Meta(Noon), JobID: j.ID, VisitID: v.ID, CustomerID: w.Customer.ID, CentreID: w.Mill.ID, AreaID: w.North.ID,
			Text: "धन्यवाद", Status: "approved",
			Crew: v.Crew, ModeratedBy: &w.Desk.ID, ModeratedAt: &later, Reason: "r", DeliverBy: later}
		said := domain.Attempt{ID: ID(), JobID: j.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Push,
			Outcome: reach.Reached, Grade: reach.Proven,
			ByRole: domain.RoleCustomer, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon}
		k.ViaID = &said.ID
		filled(t, "thanks", k)
		v.Status, v.EndedAt = domain.VisitCompleted, &later
		Do(t, db, func(tx domain.Tx) error {
			return all(tx.InsertJob(&j), tx.InsertAttempt(&said), tx.InsertVisit(&v), tx.InsertThanks(&k))
		})
		Same(t, "thanks", k, Get(t, db, func(tx domain.Tx) (*domain.Thanks, error) { return tx.LockThanks(k.ID) }))
		if !Get(t, db, func(tx domain.Tx) (bool, error) { return tx.ThanksOfVisit(v.ID) }) ||
			Get(t, db, func(tx domain.Tx) (bool, error) { return tx.ThanksOfVisit(w.Visit.ID) }) {
			t.Error("which visit was thanked for is not known")
		}
		Same(t, "thanks of the job", []domain.Thanks{k}, Get(t, db, func(tx domain.Tx) ([]domain.Thanks, error) { return tx.ThanksOfJob(j.ID) }))
		again := k
		again.ID = ID()
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertThanks(&again) }), domain.CodeDuplicate)
		waits := func(id *domain.ID, users ...domain.ID) int {
			return len(Get(t, db, func(tx domain.Tx) ([]domain.ThanksFor, error) { return tx.UndeliveredThanks(id, users) }))
		}
		to := domain.ThanksFor{ThanksID: k.ID, UserID: w.Ravi.ID}
		if waits(&k.ID) != 2 || waits(nil, w.Ravi.ID, w.Noor.ID) != 1 || waits(nil) != 0 {
			t.Error("to whom it still goes is not known")
		}
		for _, fresh := range []bool{true, false} {
			if Get(t, db, func(tx domain.Tx) (bool, error) { return tx.DeliverThanks(to, later) }) != fresh {
				t.Errorf("delivered for the first time: not %v", fresh)
			}
		}
		if waits(&k.ID) != 1 || waits(nil, w.Ravi.ID) != 0 {
			t.Error("what was delivered still waits")
		}
		k.Status, k.ModeratedBy, k.ModeratedAt, k.UpdatedAt = "waiting", nil, nil, later
		Do(t, db, func(tx domain.Tx) error { return tx.SaveThanks(&k) })
		if waits(nil, w.Asha.ID) != 0 {
			t.Error("what nobody approved is on its way")
		}
		for _, c := range []struct {
			who  domain.User
			n    int
			name string
		}{{w.Ravi, 1, "who has it"}, {w.Asha, 0, "who has it not yet"}, {w.Noor, 0, "another's technician"}, {w.Desk, 1, "the desk"},
			{w.Boss, 1, "the proprietor"}, {w.Manager, 1, "the manager"}, {w.Deputy, 0, "another area"}} {
			got, err := r.Thanks(ctx, Actor(c.who), "", domain.Page{})
			noError(t, err)
			if len(got) != c.n {
				t.Errorf("%s reads %d", c.name, len(got))
			} else if c.n == 1 {
				Same(t, "thanks of the reader", k, got[0])
			}
		}
		if got, err := r.Thanks(ctx, Actor(w.Desk), "refused", domain.Page{}); err != nil || len(got) != 0 {
			t.Errorf("refused ones: %d (%v)", len(got), err)
		}
		if _, err := r.Thanks(ctx, domain.Actor{}, "", domain.Page{}); err == nil {
			t.Error("nobody reads thanks")
		}
	})

	t.Run("hold", func(t *testing.T) {
		f := w.newFlag(w.Ravi, 2)
		h := domain.Hold{ID: ID(), Kind: domain.HoldSafety, JobID: &w.Job.ID, CustomerID: &w.Customer.ID, SiteID: &w.Customer.Sites[0].ID,
			Since:  Noon,
			Reason: "area hold", ByID: &w.Ravi.ID,
			By: "staff", OwnerID: &w.Manager.ID, DueAt: &later, FlagID: &f.ID, Fixable: true, LiftedAt: &later, LiftedByID: &w.Manager.ID,
			LiftReason: "calm", Plan: domain.JSONList[string]{"two_people"}, Step: 1, StoppedVisitID: &w.Visit.ID}
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
	})

	t.Run("visit", func(t *testing.T) {
		Same(t, "bare visit", w.Visit, Get(t, db, func(tx domain.Tx) (*domain.Visit, error) { return tx.Visit(w.Visit.ID) }))
		v := w.NewVisit(&w.Job, Noon.Add(48*time.Hour), w.Ravi.ID, w.Asha.ID)
		v.Status, v.Confirmation, v.ConfirmedHow, v.PlanSeen = domain.VisitNoAccess, domain.ConfirmConfirmed, "link",
			domain.JSONList[domain.ID]{w.Ravi.ID}
		v.PredecessorID, v.SuccessorID = &w.Visit.ID, &w.Visit.ID
		v.EnRouteAt, v.ArrivedAt, v.StartedAt, v.EndedAt, v.ProvisionalTo = &later, &later, &later, &later, &later
		v.NotRecorded, v.EndReason, v.Findings, v.WorkDone = domain.JSONList[string]{"arrive"}, "nobody", "f", "w"
		v.Parts, v.Tested, v.Sequence = domain.JSONList[string]{"pump"}, "ok", 4
		agreed := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Phone,
			Outcome: reach.Reached, Grade: reach.Declared,
			ByRole: domain.RoleCustomer, OccurredAt: Noon.Add(-time.Hour), RecordedAt: Noon, CreatedAt: Noon, Discounted: "x"}
		Do(t, db, func(tx domain.Tx) error { return tx.InsertAttempt(&agreed) })
		v.AgreedID, v.ToldAt, v.Disputed, v.DoneConfirmedAt, v.DoneConfirmedHow, v.EndCodeTries = &agreed.ID, &later, true, &later, "code", 2
		filled(t, "visit", v)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertVisit(&v) })
		j, got := (*domain.Job)(nil), (*domain.Visit)(nil)
		Do(t, db, func(tx domain.Tx) (err error) { j, got, err = tx.LockVisit(v.ID); return err })
		Same(t, "visit", v, got)
		Same(t, "the visit's job", w.Job, j)
		v.PredecessorID, v.SuccessorID, v.EndedAt, v.Crew, v.Status = nil, nil, nil, nil, domain.VisitScheduled
		Do(t, db, func(tx domain.Tx) error { return tx.SaveVisit(&v) })
		read, err := r.Visit(ctx, everything, v.ID)
		noError(t, err)
		Same(t, "saved visit", v, read)
		Same(t, "visits of the job", []domain.Visit{w.Visit, v}, Get(t, db,
			func(tx domain.Tx) ([]domain.Visit, error) { return tx.VisitsOfJob(w.Job.ID) }))
		Same(t, "visits of the day", []domain.Visit{w.Visit}, Get(t, db, func(tx domain.Tx) ([]domain.Visit, error) {
			return tx.VisitsOfCentreDay(w.Mill.ID, w.Visit.WindowStart, v.WindowStart)
		}))
		v.Status = domain.VisitCancelled
		Do(t, db, func(tx domain.Tx) error { return tx.SaveVisit(&v) })
		Same(t, "unfinished", []domain.Visit{w.Visit}, Get(t, db, func(tx domain.Tx) ([]domain.Visit,
			error) {
			return tx.UnfinishedOfCustomer(w.Customer.ID)
		}))
		wantCode(t, Try(db, func(tx domain.Tx) error { _, _, err := tx.LockVisit(ID()); return err }), domain.CodeNotFound)
	})

	t.Run("dispute", func(t *testing.T) {
		a := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Outbound, Channel: reach.Phone,
			Outcome: reach.NoAnswer, Grade: reach.Declared,
			ByRole: domain.RoleTechnician, LinkID: &w.Link.ID, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon, Discounted: "x"}
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertAttempt(&a), tx.MarkNotified(w.Job.ID, nil, later)) })
		a.ToldAt = &later
		Same(t, "attempts by link", []domain.Attempt{a}, Get(t, db,
			func(tx domain.Tx) ([]domain.Attempt, error) { return tx.AttemptsByLink(w.Link.ID) }))
		Do(t, db, func(tx domain.Tx) error { return tx.MarkNotified(w.Job.ID, nil, later.Add(time.Hour)) })
		Same(t, "told once", a, Get(t, db, func(tx domain.Tx) (*domain.Attempt, error) { return tx.Attempt(a.ID) }))
		f := domain.Dispute{Meta: Meta(Noon), JobID: w.Job.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, CustomerID: w.Customer.ID,
			AttemptID: &a.ID,
			Subject:   "attempt", Claim: "other",
			Reason: "r", How: "voice", ByID: &w.Asha.ID, ViaID: &a.ID, OccurredAt: Noon, RecordedAt: later, DueAt: later, Fallback: "strike",
			Status:    domain.DisputeStruck,
			DecidedAt: &later, DecidedBy: &w.Manager.ID, ByDefault: true, Reasons: "why"}
		filled(t, "dispute", f, "VisitID")
		Do(t, db, func(tx domain.Tx) error { return tx.InsertDispute(&f) })
		Same(t, "dispute", f, Get(t, db, func(tx domain.Tx) (*domain.Dispute, error) { return tx.Dispute(f.ID) }))
		again := f
		again.ID = ID()
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertDispute(&again) }), domain.CodeDuplicate)
		Same(t, "dispute of the attempt", f, Get(t, db, func(tx domain.Tx) (*domain.Dispute, error) { return tx.DisputeOfAttempt(a.ID) }))
		f.Status, f.ByDefault = domain.DisputeWithdrawn, false
		Do(t, db, func(tx domain.Tx) error { return all(tx.SaveDispute(&f), tx.InsertDispute(&again)) })
		again.Meta.UpdatedAt = later
		list, err := r.Disputes(ctx, everything, domain.DisputeFilter{JobID: &w.Job.ID, Status: []domain.DisputeStatus{domain.DisputeWithdrawn}},
			domain.Page{})
		noError(t, err)
		Same(t, "disputes", []domain.Dispute{f}, list)
		c := domain.DoneCheck{Meta: Meta(Noon), JobID: w.Job.ID, VisitID: w.Visit.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, DueAt: later,
			Status: "not_done", ByID: &w.Agent.ID, DoneAt: &later, Note: "n"}
		filled(t, "check", c)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertDoneCheck(&c) })
		Same(t, "check", c, Get(t, db, func(tx domain.Tx) (*domain.DoneCheck, error) { return tx.DoneCheckOf(w.Visit.ID) }))
		c.Note = "m"
		Do(t, db, func(tx domain.Tx) error { return tx.SaveDoneCheck(&c) })
		checks, err := r.DoneChecks(ctx, everything, "not_done", domain.Page{})
		noError(t, err)
		Same(t, "checks", []domain.DoneCheck{c}, checks)
		p := domain.Promise{Meta: Meta(Noon), JobID: w.Job.ID, CustomerID: w.Customer.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, Kind: "part",
			Source: "case", What: "w", OwnerID: w.Desk.ID,
			MadeBy: &w.Asha.ID, ViaID: &a.ID, DueAt: later, Status: domain.PromiseBroken, Contacts: 3, Step: 2, BrokenAt: &later, KeptAt: &later,
			KeptID: &a.ID, Note: "n"}
		filled(t, "promise", p)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertPromise(&p) })
		Same(t, "promises due", []domain.Promise{p}, Get(t, db, func(tx domain.Tx) ([]domain.Promise,
			error) {
			return tx.PromisesDue(w.Customer.ID)
		}))
		Same(t, "last promise", p, Get(t, db, func(tx domain.Tx) (*domain.Promise, error) { return tx.LastPromiseOf(w.Customer.ID) }))
		if n := Get(t, db, func(tx domain.Tx) (int, error) { return tx.OpenPromises(w.Desk.ID) }); n != 1 {
			t.Errorf("%d promises to keep, want 1", n)
		}
		p.Status, p.KeptID, p.ViaID = domain.PromiseKept, nil, nil
		Do(t, db, func(tx domain.Tx) error { return tx.SavePromise(&p) })
		promises, err := r.Promises(ctx, domain.Actor{Role: domain.RoleAdmin}, domain.PromiseFilter{JobID: &w.Job.ID, OwnerID: &w.Desk.ID,
			Status: []domain.PromiseStatus{domain.PromiseKept}}, domain.Page{})
		noError(t, err)
		Same(t, "promises", []domain.Promise{p}, promises)
		// Out of the way of what follows, which counts attempts.
		_, err = db.SQL().ExecContext(ctx, "DELETE FROM disputes")
		noError(t, err)
		_, err = db.SQL().ExecContext(ctx,
			"DELETE FROM attempts WHERE discounted = 'x' AND id NOT IN (SELECT agreed_id FROM visits WHERE agreed_id IS NOT NULL)")
		noError(t, err)
	})

	t.Run("sos", func(t *testing.T) {
		x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, CentreID: &w.Mill.ID, AreaID: &w.North.ID, VisitID: &w.Visit.ID, JobID: &w.Job.ID,
			Country: "IN", Source: "tap", Note: "n",
			DeskPhone: "+911", Language: "hi", HeardBy: domain.JSONList[domain.ID]{w.Asha.ID}, UnheardAt: &later, Lat: Ptr(28.5), Lon: Ptr(77.25),
			Avoid: domain.JSONList[domain.ID]{w.Desk.ID}, OccurredAt: Noon, ClaimedAt: &later, RecordedAt: later, Status: "acknowledged", Tier: 2,
			Round: 3,
			Rung:  domain.JSONList[domain.ID]{w.Asha.ID}, OwnerID: &w.Manager.ID, OfferedTo: &w.Asha.ID, AcknowledgedAt: &later, ResolvedAt: &later,
			ResolvedBy: &w.Manager.ID, Outcome: "real", Words: "w"}
		filled(t, "sos", x)
		bare := domain.SOS{Meta: Meta(later), RaiserID: w.Ravi.ID, Source: "duress", HeardBy: domain.JSONList[domain.ID]{}, OccurredAt: Noon,
			RecordedAt: later, Status: "raised", Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{}}
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertSOS(&x), tx.InsertSOS(&bare)) })
		Same(t, "sos", x, Get(t, db, func(tx domain.Tx) (*domain.SOS, error) { return tx.LockSOS(x.ID) }))
		Same(t, "open ones", []domain.SOS{x, bare}, Get(t, db, func(tx domain.Tx) ([]domain.SOS, error) { return tx.OpenSOS(w.Ravi.ID) }))
		x.Words = "other"
		Do(t, db, func(tx domain.Tx) error { return tx.SaveSOS(&x) })
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
	})

	t.Run("who hears an SOS", func(t *testing.T) {
		x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, Source: "tap", OccurredAt: Noon, RecordedAt: Noon, Status: "raised",
			Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{},
			HeardBy: domain.JSONList[domain.ID]{}, UnheardAt: &later}
		Do(t, db, func(tx domain.Tx) error { return tx.InsertSOS(&x) })
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
	})

	t.Run("timer", func(t *testing.T) {
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
	})

	t.Run("attempt", func(t *testing.T) {
		a := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, VisitID: &w.Visit.ID, Direction: reach.Outbound,
			ContactID: &w.Customer.Contacts[0].ID, Address: "+91",
			Channel: reach.Phone, Outcome: reach.NoAnswer, RingSeconds: Ptr(25), Grade: reach.Recorded, EvidenceDigest: hash("e"), Note: "n",
			Lat: Ptr(28.000001), Lon: Ptr(77.1),
			DistanceM: Ptr(12.5), PlaceReason: "gate", LastNotice: true, ByID: &w.Ravi.ID, ByRole: domain.RoleTechnician, OccurredAt: Noon,
			ClaimedAt: &later, RecordedAt: later,
			Discounted: "disputed", ToldAt: &later, LinkID: &w.Link.ID, Request: "reopen", CreatedAt: later}
		filled(t, "attempt", a)
		bare := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Push,
			Outcome: reach.Reached, Grade: reach.Declared,
			ByRole: domain.RoleCustomer, OccurredAt: later, RecordedAt: later, CreatedAt: later}
		Do(t, db, func(tx domain.Tx) error { return all(tx.InsertAttempt(&bare), tx.InsertAttempt(&a)) })
		Same(t, "attempt", a, Get(t, db, func(tx domain.Tx) (*domain.Attempt, error) { return tx.Attempt(a.ID) }))
		a.Discounted = ""
		Do(t, db, func(tx domain.Tx) error { return tx.SaveAttempt(&a) })
		ofJob := func(list []domain.Attempt) []domain.Attempt { // without the one in which the visit was agreed
			return slices.DeleteFunc(list, func(o domain.Attempt) bool { return o.ID != a.ID && o.ID != bare.ID })
		}
		Same(t, "attempts", []domain.Attempt{a, bare},
			ofJob(Get(t, db, func(tx domain.Tx) ([]domain.Attempt, error) { return tx.AttemptsOf(w.Job.ID) })))
		got, err := r.Attempts(ctx, everything, w.Job.ID, domain.Page{})
		noError(t, err)
		Same(t, "attempts of the reader", []domain.Attempt{a, bare}, ofJob(got))
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertAttempt(&a) }), domain.CodeDuplicate)
		s := domain.UnmatchedContact{ID: ID(), AreaID: &w.North.ID, Phone: "+9", Direction: reach.Inbound, Channel: reach.Phone,
			Outcome: reach.Reached, Note: "n", ByID: w.Ravi.ID, OccurredAt: Noon, RecordedAt: later}
		filled(t, "stray", s)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertUnmatchedContact(&s) })
	})

	t.Run("policy", func(t *testing.T) {
		brand := domain.Policy{ID: ID(), Number: 1, EffectiveFrom: Noon, CreatedAt: Noon}
		brand.Rules.V = reach.Default()
		own := domain.Policy{ID: ID(), CentreID: &w.Mill.ID, Number: 1, EffectiveFrom: later, CreatedBy: &w.Admin.ID, CreatedAt: later}
		own.Rules.V = reach.Default()
		own.Rules.V.Version = "mill-1"
		filled(t, "policy", own)
		Do(t, db, func(tx domain.Tx) error { return all(tx.PutPolicy(&brand), tx.PutPolicy(&own)) })
		Same(t, "policies", []domain.Policy{own, brand}, Get(t, db,
			func(tx domain.Tx) ([]domain.Policy, error) { return tx.Policies(w.Mill.ID) }))
		Same(t, "policies elsewhere", []domain.Policy{brand}, Get(t, db,
			func(tx domain.Tx) ([]domain.Policy, error) { return tx.Policies(w.Harbour.ID) }))
		brand.ID = ID()
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.PutPolicy(&brand) }), domain.CodeDuplicate)
	})

	t.Run("flag", func(t *testing.T) {
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
		f.CameAt = &later
		f.Told, f.ToldAt, f.Statement, f.StatedAt = "t", &later, "s", &later
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
	})

	t.Run("keep-away", func(t *testing.T) {
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
	})

	t.Run("evidence", func(t *testing.T) {
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
	})

	t.Run("timeline", func(t *testing.T) {
		j := w.NewJob(&w.Customer, &w.Mill, Noon)
		v := w.NewVisit(&j, Noon.Add(72*time.Hour))
		facts := []domain.Entry{
			{ID: ID(), Kind: "job.registered", ActorRole: domain.RoleAgent, ActorID: &w.Agent.ID, OccurredAt: Noon, ClaimedAt: &later,
				RecordedAt: later, VisitID: &v.ID,
				Payload: domain.RawJSON(`{"z": 1,  "a":"ü <&>","a":2}`)},
			{ID: ID(), Kind: "visit.missed", ActorRole: domain.RoleSystem, OccurredAt: later, RecordedAt: later}}
		Do(t, db, func(tx domain.Tx) error {
			for i := range facts {
				j.Append(&facts[i])
				tx.Append(&facts[i]) // before the job itself is written
			}
			return all(tx.InsertJob(&j), tx.InsertVisit(&v))
		})
		filled(t, "fact", facts[0], "PrevHash")
		got, err := r.EntriesOf(ctx, j.ID)
		noError(t, err)
		Same(t, "facts", facts, got)
		stored, err := r.Job(ctx, everything, j.ID)
		noError(t, err)
		if fault := domain.VerifyChain(stored, got); fault != nil {
			t.Errorf("the chain broke in the database: %+v", fault)
		}
		page, err := r.Timeline(ctx, everything, j.ID, 1, 10)
		noError(t, err)
		Same(t, "timeline after 1", facts[1:], page)
		fork := domain.Entry{ID: ID(), JobID: j.ID, Seq: 2, Kind: "x", ActorRole: domain.RoleSystem, OccurredAt: Noon, RecordedAt: Noon,
			Payload: domain.RawJSON("{}"), Commitment: []byte{1}, Hash: []byte{1}}
		wantCode(t, Try(db, func(tx domain.Tx) error { tx.Append(&fork); return nil }), domain.CodeStale)
	})

	t.Run("notice, device, link", func(t *testing.T) {
		n := NewNotice(w.Ravi.ID, "visit.assigned")
		n.Waits = true
		n.JobID, n.VisitID, n.High, n.CollapseKey, n.DedupeKey, n.WithLink, n.SeenAt = &w.Job.ID, &w.Visit.ID, true, "visit-1", Ptr("key"), true,
			&later
		filled(t, "notice", n, "CustomerID")
		toHome := n
		toHome.ID, toHome.UserID, toHome.CustomerID, toHome.DedupeKey, toHome.SeenAt, toHome.VisitID = ID(), nil, &w.Customer.ID, nil, nil, nil
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(n, toHome); return nil })
		Same(t, "notice", n, Get(t, db, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(n.ID) }))
		Same(t, "notice to the household", toHome, Get(t, db, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(toHome.ID) }))
		Same(t, "crew notices", []domain.Notice{n}, Get(t, db, func(tx domain.Tx) ([]domain.Notice, error) { return tx.CrewNotices(w.Visit.ID) }))

		d := domain.Device{InstallationID: ID(), CustomerID: &w.Customer.ID, LinkID: &w.Link.ID, SessionID: Ptr(ID()), Token: "tok",
			Platform: "web",
			Language: "hi", CreatedAt: Noon, UpdatedAt: later, DroppedAt: &later, DropReason: "gone"}
		filled(t, "device", d, "UserID")
		Do(t, db, func(tx domain.Tx) error { return tx.PutDevice(&d) })
		Same(t, "device", d, Get(t, db, func(tx domain.Tx) (*domain.Device, error) { return tx.Device(d.InstallationID) }))
		d.CustomerID, d.LinkID, d.UserID, d.DroppedAt, d.DropReason, d.Token = nil, nil, &w.Ravi.ID, nil, "", "tok2"
		Do(t, db, func(tx domain.Tx) error { return tx.PutDevice(&d) })
		got, err := r.Devices(ctx, w.Ravi.ID)
		noError(t, err)
		Same(t, "device put again", []domain.Device{d}, got)
		Do(t, db, func(tx domain.Tx) error { return tx.DropDevice(d.InstallationID, "signed out", later) })
		if got, err := r.Devices(ctx, w.Ravi.ID); err != nil || len(got) != 0 {
			t.Errorf("a dropped device is still listed: %v, %v", got, err)
		}

		Same(t, "link", w.Link, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.LinkByHash(w.Link.TokenHash) }))
		w.Link.RevokedAt, w.Link.RevokedWhy = &later, "wrong person"
		filled(t, "link", w.Link)
		fresh := NewLink(w.Job.ID)
		Do(t, db, func(tx domain.Tx) error { return all(tx.SaveLink(&w.Link), tx.InsertLink(&fresh)) })
		Same(t, "live link", fresh, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.LinkOfJob(w.Job.ID) }))
		byHash, err := r.LinkByHash(ctx, w.Link.TokenHash)
		noError(t, err)
		Same(t, "revoked link", w.Link, byHash)
		for i, want := range []bool{true, false} {
			if got := Get(t, db, func(tx domain.Tx) (bool, error) { return tx.UseFormKey("k", fresh.ID, Noon) }); got != want {
				t.Errorf("use %d of a form key: %v", i+1, got)
			}
		}
		x := domain.Disruption{ID: ID(), CentreID: w.Mill.ID, Date: "2026-11-23", Reason: "flood", Note: "n", Moved: 3, Unplaced: 1,
			CreatedBy: w.Desk.ID, CreatedAt: Noon}
		filled(t, "disruption", x)
		Do(t, db, func(tx domain.Tx) error { return tx.InsertDisruption(&x) })
	})

	t.Run("replay", func(t *testing.T) {
		p := domain.Replay{ActorID: w.Ravi.ID, Key: "k", Hash: "h", Standing: "technician", Status: 201, Head: "id 1", Body: []byte(`{"a":  1}`),
			CreatedAt: Noon}
		filled(t, "replay", p)
		Do(t, db, func(tx domain.Tx) error { tx.PutReplay(p); return nil })
		Same(t, "replay", p, Get(t, db, func(tx domain.Tx) (*domain.Replay, error) { return tx.Replay(w.Ravi.ID, "k") }))
		if got := Get(t, db, func(tx domain.Tx) (*domain.Replay, error) { return tx.Replay(w.Asha.ID, "k") }); got != nil {
			t.Error("a key of somebody else was found")
		}
		wantCode(t, Try(db, func(tx domain.Tx) error { tx.PutReplay(p); return nil }), domain.CodeIdemInFlight)
		p.CreatedAt, p.Hash = Noon.Add(8*24*time.Hour), "other"
		Do(t, db, func(tx domain.Tx) error { tx.PutReplay(p); return nil })
		Same(t, "replay after a week", p, Get(t, db, func(tx domain.Tx) (*domain.Replay, error) { return tx.Replay(w.Ravi.ID, "k") }))
	})
}

// NewFlag makes a report on the world's visit.
func (w *World) newFlag(by domain.User, level int) domain.Flag {
	return domain.Flag{Meta: Meta(Noon), JobID: &w.Job.ID, VisitID: &w.Visit.ID, CustomerID: &w.Customer.ID, SiteID: &w.Customer.Sites[0].ID,
		CentreID: &w.Mill.ID, AreaID: &w.North.ID,
		Kind: "threat", Level: level, Status: domain.FlagReported, ReporterID: &by.ID, OccurredAt: Noon, RecordedAt: Noon,
		TriageDueAt: Noon.Add(time.Hour)}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code domain.Code) {
	t.Helper()
	if !domain.IsCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}
