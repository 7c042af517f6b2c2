package repotest

import (
	"slices"
	"testing"
	"time"

	"doorstep/domain"
)

func noticeTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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

	d := domain.Device{InstallationID: ID(), CustomerID: &w.Customer.ID, LinkID: &w.Link.ID, JobID: &w.Job.ID, SessionID: Ptr(ID()),
		Token:    "tok",
		Platform: "web",
		Language: "hi", CreatedAt: Noon, UpdatedAt: later, DroppedAt: &later, DropReason: "gone"}
	d.Unproven, d.HealthAt, d.CredentialHash, d.CredentialBefore = true, &later, "new", "old"
	d.LostAt, d.WipedAt, d.SyncedAt = &later, &later, &later
	d.Health.V = &domain.DeviceHealth{Battery: Ptr(40), Charging: true, Notifications: "allowed", Alarms: "blocked", Background: "free",
		Sound: "silent", QueueLength: 3, QueueOldest: &later, AppVersion: "1.2"}
	filled(t, "device", d, "UserID")
	Do(t, db, func(tx domain.Tx) error { return tx.PutDevice(&d) })
	Same(t, "device", d, Get(t, db, func(tx domain.Tx) (*domain.Device, error) { return tx.Device(d.InstallationID) }))
	d.CustomerID, d.LinkID, d.JobID, d.UserID, d.DroppedAt, d.DropReason, d.Token = nil, nil, nil, &w.Ravi.ID, nil, "", "tok2"
	d.Unproven, d.LostAt, d.WipedAt = false, nil, nil
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveDeviceLoss(&d), tx.PutDevice(&d)) })
	got, err := r.Devices(ctx, w.Ravi.ID)
	noError(t, err)
	Same(t, "device put again", []domain.Device{d}, got)
	d.Health.V, d.HealthAt = &domain.DeviceHealth{Sound: "normal"}, Ptr(Noon)
	Do(t, db, func(tx domain.Tx) error { return tx.SaveDeviceHealth(&d) })
	d.LostAt, d.WipedAt, d.SyncedAt = Ptr(Noon), Ptr(Noon), Ptr(Noon)
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveDeviceLoss(&d), tx.DeviceSynced(*d.SessionID, Noon)) })
	Same(t, "devices of a session", []domain.Device{d}, Get(t, db, func(tx domain.Tx) (*[]domain.Device, error) {
		list, err := tx.DevicesOfSession(*d.SessionID)
		return &list, err
	}))
	got, err = r.SessionDevices(ctx, *d.SessionID)
	noError(t, err)
	Same(t, "devices of a session, read", []domain.Device{d}, got)
	if got, err := r.Devices(ctx, w.Ravi.ID); err != nil || len(got) != 0 {
		t.Errorf("a wiped device is still listed: %v, %v", got, err)
	}
	d.LostAt, d.WipedAt = &later, nil
	Do(t, db, func(tx domain.Tx) error {
		open := d
		open.LostAt = nil
		return all(tx.SaveDeviceLoss(&open), tx.SealDevicesOf(w.Ravi.ID, later), tx.SealDevicesOf(w.Ravi.ID, Noon))
	})
	Same(t, "sealed once", &d, Get(t, db, func(tx domain.Tx) (*domain.Device, error) { return tx.Device(d.InstallationID) }))
	d.CredentialHash, d.CredentialBefore, d.LostAt, d.WipedAt = "newer", "new", nil, nil
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveDeviceCredential(&d), tx.SaveDeviceLoss(&d)) })
	one, err := r.Device(ctx, d.InstallationID)
	noError(t, err)
	Same(t, "device read", &d, one)
	other := func(o domain.Device) bool { return o.InstallationID != d.InstallationID }
	got, err = r.DevicesOfCentre(ctx, w.Mill.ID)
	noError(t, err)
	Same(t, "devices of a centre", []domain.Device{d}, slices.DeleteFunc(got, other))
	got, err = r.DevicesOfCentre(ctx, w.Harbour.ID)
	noError(t, err)
	Same(t, "devices of another", []domain.Device{}, slices.DeleteFunc(got, other))
	Do(t, db, func(tx domain.Tx) error { return tx.DropDevice(d.InstallationID, "signed out", later) })
	if got, err := r.Devices(ctx, w.Ravi.ID); err != nil || len(got) != 1 {
		t.Errorf("a dropped device that can call for help is not listed: %v, %v", got, err)
	}
	d.CredentialHash = ""
	Do(t, db, func(tx domain.Tx) error { return tx.SaveDeviceCredential(&d) })
	if got, err := r.Devices(ctx, w.Ravi.ID); err != nil || len(got) != 0 {
		t.Errorf("a dropped device is still listed: %v, %v", got, err)
	}

	Same(t, "link", w.Link, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.LinkByHash(w.Link.TokenHash) }))
	w.Link.RevokedAt, w.Link.RevokedWhy, w.Link.ReadAt, w.Link.ReadBy = &later, "wrong person", &later, &w.Desk.ID
	filled(t, "link", w.Link)
	fresh := NewLink(w.Job.ID)
	Do(t, db, func(tx domain.Tx) error { return all(tx.SaveLink(&w.Link), tx.InsertLink(&fresh)) })
	Same(t, "live link", fresh, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.LinkOfJob(w.Job.ID) }))
	read := NewLink(w.Job.ID)
	read.ReadAt, read.ReadBy = &later, &w.Desk.ID
	Do(t, db, func(tx domain.Tx) error { return tx.InsertLink(&read) })
	Same(t, "read link", read, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.ReadLinkOfJob(w.Job.ID) }))
	Same(t, "live link beside it", fresh, Get(t, db, func(tx domain.Tx) (*domain.Link, error) { return tx.LinkOfJob(w.Job.ID) }))
	for _, second := range []*domain.Link{domain.Ptr(NewLink(w.Job.ID)), domain.Ptr(NewLink(w.Job.ID))} {
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertLink(second) }), domain.CodeDuplicate)
		second.ReadAt = &later
		wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertLink(second) }), domain.CodeDuplicate)
	}
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
}

func replayTrip(t *testing.T, w *World) {
	db := w.DB
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
}
