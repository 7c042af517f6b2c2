package repotest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// queueJob is a row of the queue.
type queueJob struct {
	Kind, Queue, State string
	Priority           int
	Scheduled          time.Time
	Notices            []domain.ID
}

// queueJobs reads the queue, oldest first.
func queueJobs(t testing.TB, db *repo.DB) []queueJob {
	t.Helper()
	args := "json(args)"
	if db.Kind() == repo.Postgres {
		args = "CAST(args AS text)"
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, err := db.SQL().QueryContext(ctx, "SELECT kind, queue, state, priority, scheduled_at, "+args+" FROM river_job ORDER BY id")
	noError(t, err)
	defer rows.Close()
	var out []queueJob
	for rows.Next() {
		var j queueJob
		var raw string
		noError(t, rows.Scan(&j.Kind, &j.Queue, &j.State, &j.Priority, &j.Scheduled, &raw))
		var args struct { // as the workers read it
			NoticeIDs []domain.ID `json:"notice_ids"`
		}
		noError(t, json.Unmarshal([]byte(raw), &args))
		j.Notices = args.NoticeIDs
		out = append(out, j)
	}
	noError(t, rows.Err())
	return out
}

func telling(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	ctx := t.Context()
	a, b := NewNotice(w.Ravi.ID, "visit.assigned"), NewNotice(w.Asha.ID, "visit.confirmed")
	b.High = true
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(a)
		tx.Enqueue(b)
		if seen, err := db.Reader().Inbox(ctx, w.Ravi.ID, false, domain.Page{}); err != nil || len(seen) != 0 {
			t.Errorf("somebody else sees %v before the commit, %v", seen, err)
		}
		return nil
	})
	jobs := queueJobs(t, db)
	if len(jobs) != 1 || !slices.Equal(jobs[0].Notices, []domain.ID{a.ID, b.ID}) || jobs[0].Kind != "notify" ||
		jobs[0].Queue != "notify" || repo.AlarmQueue != "sos" || jobs[0].Priority != 1 || jobs[0].State != "available" {
		t.Errorf("one transaction is one job: %+v", jobs)
	}

	t.Run("nothing to tell is no job", func(t *testing.T) {
		Do(t, db, func(tx domain.Tx) error { _, err := tx.Job(w.Job.ID); return err })
		if got := queueJobs(t, db); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})

	t.Run("later", func(t *testing.T) {
		n := NewNotice(w.Ravi.ID, "late")
		n.NotBefore = n.CreatedAt.Add(time.Hour)
		now := NewNotice(w.Ravi.ID, "now")
		Do(t, db, func(tx domain.Tx) error { tx.Enqueue(n, now); return nil })
		got := queueJobs(t, db)[1:]
		if len(got) != 2 || got[0].State != "available" || got[1].State != "scheduled" || !slices.Equal(got[1].Notices, []domain.ID{n.ID}) {
			t.Fatalf("%+v", got)
		}
		if wait := time.Until(got[1].Scheduled); wait < 59*time.Minute || wait > 61*time.Minute {
			t.Errorf("it waits %v", wait)
		}
	})

	t.Run("very many", func(t *testing.T) { tellingMany(t, w) })
	t.Run("a key makes the second invisible", func(t *testing.T) { tellingOnce(t, w) })
	t.Run("withdrawn", func(t *testing.T) { tellingWithdrawn(t, w) })
	t.Run("withdrawn of a job", func(t *testing.T) { tellingWithdrawnOfJob(t, w) })
	t.Run("deliveries", func(t *testing.T) { deliveries(t, w, a) })
}

// inbox gives the ids of what somebody was told.
func (w *World) inbox(t testing.TB, u domain.User, unseen bool) []domain.ID {
	t.Helper()
	list, err := w.DB.Reader().Inbox(t.Context(), u.ID, unseen, domain.Page{})
	noError(t, err)
	out := []domain.ID{}
	for _, n := range list {
		out = append(out, n.ID)
	}
	return out
}

func tellingMany(t *testing.T, w *World) {
	db := w.DB
	before := len(queueJobs(t, db))
	Do(t, db, func(tx domain.Tx) error {
		for range 250 {
			tx.Enqueue(NewNotice(w.Admin.ID, "many"))
		}
		return nil
	})
	got := queueJobs(t, db)[before:]
	n := 0
	for _, j := range got {
		n += len(j.Notices)
		if len(j.Notices) > 100 {
			t.Errorf("a job of %d notices", len(j.Notices))
		}
	}
	if len(got) != 3 || n != 250 {
		t.Errorf("%d jobs for %d notices", len(got), n)
	}
}

func tellingOnce(t *testing.T, w *World) {
	db := w.DB
	before := len(queueJobs(t, db))
	once := func(key string) domain.Notice {
		n := NewNotice(w.Desk.ID, "once")
		n.DedupeKey = &key
		return n
	}
	one, two, three, four := once(`a "quoted", {odd} \ key`), once(`a "quoted", {odd} \ key`), once(`a "quoted", {odd} \ key`), once("b")
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(one, two); return nil })
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(three); return nil })
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(three, four); return nil })
	if got := w.inbox(t, w.Desk, false); len(got) != 2 || !slices.Contains(got, one.ID) || !slices.Contains(got, four.ID) {
		t.Errorf("the inbox has %v", got)
	}
	got := queueJobs(t, db)[before:]
	if len(got) != 2 || !slices.Equal(got[0].Notices, []domain.ID{one.ID}) || !slices.Equal(got[1].Notices, []domain.ID{four.ID}) {
		t.Errorf("the queue has %+v", got)
	}
	key := "race"
	tally(t, together(10, func(int) error {
		n := once(key)
		return Try(db, func(tx domain.Tx) error { tx.Enqueue(n); return nil })
	}), domain.CodeDuplicate)
	if got := w.inbox(t, w.Desk, false); len(got) != 3 {
		t.Errorf("ten at once left %d rows", len(got)-2)
	}
}

func tellingWithdrawn(t *testing.T, w *World) {
	db := w.DB
	ctx := t.Context()
	old, other, fresh := NewNotice(w.Boss.ID, "visit.missed"), NewNotice(w.Boss.ID, "visit.other"), NewNotice(w.Boss.ID, "visit.missed")
	for _, n := range []*domain.Notice{&old, &other, &fresh} {
		n.VisitID = &w.Visit.ID
	}
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(old, other); return nil })
	Do(t, db, func(tx domain.Tx) error { other.SeenAt = domain.Ptr(Noon); return tx.SaveNoticeSeen(&other) })
	if got := w.inbox(t, w.Boss, true); !slices.Equal(got, []domain.ID{old.ID}) {
		t.Errorf("unseen: %v", got)
	}
	before := len(queueJobs(t, db))
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(fresh)
		return tx.WithdrawNotices(w.Visit.ID, "visit.missed", "visit.missed_desk")
	})
	if got := w.inbox(t, w.Boss, false); !slices.Equal(got, []domain.ID{other.ID}) {
		t.Errorf("inbox: %v", got)
	}
	if got := queueJobs(t, db); len(got) != before {
		t.Errorf("a withdrawn notice has a job")
	}
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.Notice(old.ID); return err }), domain.CodeNotFound)
	got, err := db.Deliveries(ctx, []domain.ID{old.ID, fresh.ID})
	noError(t, err)
	if len(got) != 0 {
		t.Errorf("withdrawn notices would be delivered: %v", got)
	}
}

func tellingWithdrawnOfJob(t *testing.T, w *World) {
	db := w.DB
	of, about, fresh := NewNotice(w.Boss.ID, "job.unreachable"), NewNotice(w.Boss.ID, "job.unreachable"),
		NewNotice(w.Boss.ID, "job.unreachable")
	of.JobID, fresh.JobID, about.JobID, about.VisitID = &w.Job.ID, &w.Job.ID, &w.Job.ID, &w.Visit.ID
	kept := w.inbox(t, w.Boss, false)
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(of, about); return nil })
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(fresh)
		return tx.WithdrawJobNotices(w.Job.ID, "job.unreachable")
	})
	if got := w.inbox(t, w.Boss, false); len(got) != len(kept)+1 || !slices.Contains(got, about.ID) {
		t.Errorf("inbox: %v, before %v", got, kept)
	}
}

// deliveries: a comes with what its sender needs, until it is done.
func deliveries(t *testing.T, w *World, a domain.Notice) {
	db := w.DB
	ctx := t.Context()
	home := NewNotice(w.Ravi.ID, "visit.offered")
	home.UserID, home.CustomerID, home.JobID, home.WithLink = nil, &w.Customer.ID, &w.Job.ID, true
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(home); return nil })
	phone := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t1", Platform: "android", CreatedAt: Noon, UpdatedAt: Noon}
	tablet := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t2", Platform: "ios", CreatedAt: Noon.Add(time.Second),
		UpdatedAt: Noon}
	browser := domain.Device{InstallationID: ID(), CustomerID: &w.Customer.ID, LinkID: &w.Link.ID, Token: "t3", Platform: "web",
		CreatedAt: Noon,
		UpdatedAt: Noon}
	gone := domain.Device{InstallationID: ID(), UserID: &w.Ravi.ID, Token: "t4", Platform: "web", CreatedAt: Noon, UpdatedAt: Noon,
		DroppedAt: &Noon}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.PutDevice(&phone), tx.PutDevice(&tablet), tx.PutDevice(&browser), tx.PutDevice(&gone))
	})
	got, err := db.Deliveries(ctx, []domain.ID{a.ID, home.ID, ID()})
	noError(t, err)
	if len(got) != 2 {
		t.Fatalf("%d deliveries", len(got))
	}
	byID := map[domain.ID]domain.Delivery{got[0].Notice.ID: got[0], got[1].Notice.ID: got[1]}
	Same(t, "delivery to staff", domain.Delivery{Notice: a, Devices: []domain.Device{phone, tablet}}, byID[a.ID])
	written := byID[home.ID]
	if to, proves := written.Number(Noon); to != "+919800000001" || !proves || written.First == nil || *written.First != *w.Job.ContactID {
		t.Errorf("a household is written to %s (%v)", to, proves)
	}
	written.Household, written.First = nil, nil
	Same(t, "delivery to a household", domain.Delivery{Notice: home, Devices: []domain.Device{browser}, Link: &w.Link}, written)
	sent := domain.Dispatch{ID: ID(), NoticeID: a.ID, InstallationID: &phone.InstallationID, Channel: "fcm", Outcome: "accepted", Detail: "d",
		MessageID: "m", At: Noon}
	failed := domain.Dispatch{ID: ID(), NoticeID: a.ID, InstallationID: &tablet.InstallationID, Channel: "fcm", Outcome: "dropped", At: Noon}
	bare := domain.Dispatch{ID: ID(), NoticeID: home.ID, Channel: "webhook", Outcome: "retry", At: Noon}
	before, err := db.PendingNotices(ctx, Noon)
	noError(t, err)
	noError(t, db.Record(ctx, domain.DeliveryRecord{Dispatches: []domain.Dispatch{sent, failed, bare},
		Drop: map[domain.ID]string{tablet.InstallationID: "unregistered"}, At: Noon}))
	got, err = db.Deliveries(ctx, []domain.ID{a.ID})
	noError(t, err)
	Same(t, "second delivery", []domain.Delivery{{Notice: a, Devices: []domain.Device{phone}, Delivered: []domain.ID{phone.InstallationID}}},
		got)
	noError(t, db.Record(ctx, domain.DeliveryRecord{States: map[domain.ID]string{a.ID: "done"}, At: Noon}))
	if got, err := db.Deliveries(ctx, []domain.ID{a.ID}); err != nil || len(got) != 0 {
		t.Errorf("a done notice is delivered again: %v, %v", got, err)
	}
	after, err := db.PendingNotices(ctx, Noon)
	noError(t, err)
	if after != before-1 {
		t.Errorf("%d pending after %d", after, before)
	}
	if n, err := db.PendingNotices(ctx, Noon.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("%d expired notices are pending, %v", n, err)
	}
	noError(t, db.Record(ctx, domain.DeliveryRecord{States: map[domain.ID]string{a.ID: "failed"}, At: Noon}))
	if got := Get(t, db, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(a.ID) }); got.State != "done" {
		t.Errorf("a done notice became %s", got.State)
	}
}
