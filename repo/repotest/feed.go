package repotest

import (
	"maps"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// phonesBehind: each technician whose phone shows a change once, with the last one; who waits comes when their time has come.
func phonesBehind(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	round := func(now time.Time, every time.Duration) map[domain.ID]int {
		t.Helper()
		out := map[domain.ID]int{}
		Do(t, db, func(tx domain.Tx) error {
			behind, err := tx.PhonesBehind(now, every)
			for _, b := range behind {
				out[b.PersonID] += 1 + len(b.Items)
			}
			return err
		})
		return out
	}
	is := func(what string, got map[domain.ID]int, want map[domain.ID]int) {
		t.Helper()
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	round(Noon, 0)
	is("nothing", round(Noon, 0), nil)
	w.Visit.Crew = domain.JSONList[domain.ID]{w.Asha.ID}
	Do(t, db, func(tx domain.Tx) error { return tx.SaveVisit(&w.Visit) })
	Do(t, db, func(tx domain.Tx) error { return tx.SaveJob(&w.Job) })
	Do(t, db, func(tx domain.Tx) error { return tx.SyncLater(w.Asha.ID, later) })
	is("within the minute", round(Noon.Add(59*time.Second), time.Minute), nil)
	is("a crew, and then the job of who came", round(Noon.Add(time.Minute), time.Minute), map[domain.ID]int{w.Ravi.ID: 2, w.Asha.ID: 2})
	is("who changed waits no more", round(later, 0), nil)
	for _, at := range []time.Time{later, later.Add(time.Hour)} { // the later word holds
		Do(t, db, func(tx domain.Tx) error { return tx.SyncLater(w.Ravi.ID, at) })
	}
	is("not yet", round(later.Add(time.Minute), 0), nil)
	is("who waited", round(later.Add(time.Hour), 0), map[domain.ID]int{w.Ravi.ID: 1})
	is("once", round(later.Add(2*time.Hour), 0), nil)
}

// sealedRequests: what a lost device told once, and how much of it.
func sealedRequests(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r := domain.SealedRequest{ID: ID(), CreatedAt: Noon, UserID: w.Ravi.ID, DeviceID: ID(), Key: "k", Operation: "createLeave",
		Path: "/v1/leave"}
	r.Body.V = map[string]any{"kind": "annual"}
	again := r
	again.ID = ID()
	Do(t, db, func(tx domain.Tx) error { return tx.PutSealedRequest(&r) })
	Do(t, db, func(tx domain.Tx) error { return tx.PutSealedRequest(&again) })
	Same(t, "how many", 1, Get(t, db, func(tx domain.Tx) (int, error) { return tx.SealedRequestsOf(r.DeviceID) }))
	got, err := db.Reader().SealedRequests(t.Context(), w.Ravi.ID, domain.Page{Limit: 5})
	noError(t, err)
	Same(t, "what it told", []domain.SealedRequest{r}, got)
	n := Get(t, db, func(tx domain.Tx) (int, error) { return tx.Purge("sealed_requests", later, 5) })
	Same(t, "forgotten", 1, n)
}

// feed: each technician finds what their phone shows, who left a crew and who came alike; nobody else's.
func feed(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	begin, err := r.LastChange(ctx)
	noError(t, err)
	// reads gives who reads what a transaction writes, and what kinds.
	reads := func(what string, write func(domain.Tx) error, want ...domain.ID) map[string]domain.ID {
		t.Helper()
		Do(t, db, write)
		kinds := map[string]domain.ID{}
		for _, u := range []*domain.User{&w.Ravi, &w.Asha, &w.Noor, &w.Desk} {
			rows, err := r.ChangesOf(ctx, u.ID, begin, 10)
			noError(t, err)
			if n := len(rows); n > 1 || n == 1 != domain.Has(want, u.ID) {
				t.Errorf("%s: %s reads %d rows", what, u.Login, n)
			}
			for _, row := range rows {
				for _, it := range row.Items {
					kinds[it.Kind] = it.ID
				}
			}
		}
		begin, err = r.LastChange(ctx)
		noError(t, err)
		return kinds
	}
	both := []domain.ID{w.Ravi.ID, w.Asha.ID}

	w.Visit.Crew = domain.JSONList[domain.ID]{w.Asha.ID}
	kinds := reads("another crew", func(tx domain.Tx) error { return tx.SaveVisit(&w.Visit) }, both...)
	Same(t, "the visit", w.Visit.ID, kinds[domain.ChangedVisit])
	reads("a job", func(tx domain.Tx) error { return tx.SaveJob(&w.Job) }, w.Asha.ID)
	other := w.NewJob(&w.Customer, &w.Harbour, Noon)
	kinds = reads("another job of the household", func(tx domain.Tx) error { return tx.InsertJob(&other) }, w.Asha.ID)
	Same(t, "the other job", other.ID, kinds[domain.ChangedJob])
	long := w.Job
	long.UpdatedAt = w.Visit.WindowStart.AddDate(0, 0, 9)
	reads("a job whose visit is still ahead", func(tx domain.Tx) error { return tx.SaveJob(&long) }, w.Asha.ID)
	w.Visit.Status = domain.VisitCompleted
	reads("its end", func(tx domain.Tx) error { return tx.SaveVisit(&w.Visit) }, w.Asha.ID)
	reads("a job long after its visit", func(tx domain.Tx) error { return tx.SaveJob(&long) })
	w.Customer.Contacts[0].Name = "Iyer-Rao"
	kinds = reads("a contact", func(tx domain.Tx) error { return tx.SaveCustomer(&w.Customer) }, w.Asha.ID)
	Same(t, "the customer", w.Customer.ID, kinds[domain.ChangedCustomer])
	kinds = reads("an appliance", func(tx domain.Tx) error { return tx.SaveAppliance(&w.Washer) }, w.Asha.ID)
	Same(t, "whose it is", w.Customer.ID, kinds[domain.ChangedCustomer])

	timer := domain.Timer{Meta: Meta(Noon), VisitID: w.Visit.ID, UserID: w.Asha.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, Status: "armed",
		BaseAt: Noon, DueAt: later}
	kinds = reads("a timer", func(tx domain.Tx) error { return tx.InsertTimer(&timer) }, w.Asha.ID)
	Same(t, "its visit", w.Visit.ID, kinds[domain.ChangedVisitTimer])
	reads("a user", func(tx domain.Tx) error { return tx.SaveUser(&w.Noor) }, w.Noor.ID)
	reads("the desk's own row", func(tx domain.Tx) error { return tx.SaveUser(&w.Desk) })
	reads("a centre", func(tx domain.Tx) error { return tx.SaveCentre(&w.Mill) }, both...)
	rules := domain.Policy{ID: ID(), Number: 7, EffectiveFrom: Noon, CreatedAt: Noon}
	reads("the brand's rules", func(tx domain.Tx) error { return tx.PutPolicy(&rules) }, append(both, w.Noor.ID)...)

	notice := func(to domain.ID, visit *domain.ID) domain.Notice {
		return domain.Notice{ID: ID(), Kind: "visit.assigned", UserID: &to, VisitID: visit, Title: "x", Language: "en", ExpiresAt: later,
			CreatedAt: Noon}
	}
	mine, twice := notice(w.Ravi.ID, &w.Visit.ID), notice(w.Ravi.ID, nil)
	mine.DedupeKey = Ptr("once")
	twice.DedupeKey = mine.DedupeKey
	reads("a notice", func(tx domain.Tx) error { tx.Enqueue(mine, notice(w.Desk.ID, nil)); return nil }, w.Ravi.ID)
	reads("the same again", func(tx domain.Tx) error { tx.Enqueue(twice); return nil })
	mine.SeenAt = &later
	reads("seen", func(tx domain.Tx) error { return tx.SaveNoticeSeen(&mine) }, w.Ravi.ID)
	kinds = reads("withdrawn", func(tx domain.Tx) error { return tx.WithdrawNotices(w.Visit.ID, "visit.assigned") }, w.Ravi.ID)
	Same(t, "which", mine.ID, kinds[domain.ChangedNotice])
	reads("withdrawn again", func(tx domain.Tx) error { return tx.WithdrawNotices(w.Visit.ID, "visit.assigned") })
	waits := notice(w.Ravi.ID, nil)
	waits.Waits = true
	reads("one that waits", func(tx domain.Tx) error { tx.Enqueue(waits); return nil }, w.Ravi.ID)
	reads("is told otherwise", func(tx domain.Tx) error { return tx.EndWaiting(waits.ID, "withdrawn") }, w.Ravi.ID)

	Do(t, db, func(tx domain.Tx) error { _, err := tx.Purge("changes", time.Now().Add(time.Hour), 1000); return err })
	if rows, err := r.ChangesOf(ctx, w.Ravi.ID, domain.Mark{}, 10); err != nil || len(rows) != 0 {
		t.Errorf("%d rows of changes that are forgotten (%v)", len(rows), err)
	}
	late(t, w)
}

// late: what an open transaction wrote before may not come after what was read; so nothing behind it is read until it ends.
func late(t *testing.T, w *World) {
	if w.DB.Kind() == repo.SQLite { // one writer
		return
	}
	r, ctx := w.DB.Reader(), t.Context()
	begin, err := r.LastChange(ctx)
	noError(t, err)
	open, err := w.DB.Pool().Begin(ctx)
	noError(t, err)
	defer func() { _ = open.Rollback(ctx) }()
	for _, text := range []string{"INSERT INTO changes (at, items) VALUES (now(), '[]')",
		"INSERT INTO change_people (person_id, seq) SELECT '" + w.Ravi.ID.String() + "', currval(pg_get_serial_sequence('changes', 'seq'))"} {
		if _, err := open.Exec(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	Do(t, w.DB, func(tx domain.Tx) error { return tx.SaveUser(&w.Ravi) })
	read := func() []domain.FeedChange {
		rows, err := r.ChangesOf(ctx, w.Ravi.ID, begin, 10)
		noError(t, err)
		return rows
	}
	if rows := read(); len(rows) != 0 {
		t.Fatalf("%d rows are read before an earlier transaction has ended", len(rows))
	}
	noError(t, open.Commit(ctx))
	rows := read()
	if len(rows) != 2 || len(rows[0].Items) != 0 || len(rows[1].Items) != 1 || !rows[1].After(rows[0].Mark) {
		t.Fatalf("after both have ended: %+v", rows)
	}
	rest, err := r.ChangesOf(ctx, w.Ravi.ID, rows[0].Mark, 1)
	noError(t, err)
	Same(t, "behind the first", rows[1:], rest)
}
