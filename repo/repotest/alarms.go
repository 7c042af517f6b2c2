package repotest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// alarms: silencing ends what has not rung yet and nothing else, and a silent alarm goes to those who may know.
func alarms(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	alarm := func(source, status string) domain.SOS {
		return domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, CentreID: &w.Mill.ID, AreaID: &w.North.ID, Source: source, OccurredAt: Noon,
			RecordedAt: Noon, Status: status, Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{},
			HeardBy: domain.JSONList[domain.ID]{}}
	}
	tap, silent, over := alarm("tap", "acknowledged"), alarm("duress", "raised"), alarm("duress", "resolved")
	tap.AcknowledgedAt = Ptr(Noon.Add(30 * time.Second))
	over.Outcome, over.ResolvedAt = "false_alarm", &later
	timer := domain.Timer{Meta: Meta(Noon), VisitID: w.Visit.ID, UserID: w.Ravi.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, Status: "pinged",
		BaseAt: Noon, DueAt: later, Pings: 2}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertSOS(&tap), tx.InsertSOS(&silent), tx.InsertSOS(&over), tx.InsertTimer(&timer))
	})

	Same(t, "an alarm", tap, Get(t, db, func(tx domain.Tx) (*domain.SOS, error) { return tx.SOS(tap.ID) }))
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.SOS(ID()); return err }), domain.CodeNotFound)
	for who, sees := range map[*domain.User]bool{&w.Manager: true, &w.Boss: true, &w.Admin: true, &w.Deputy: false, &w.Asha: false,
		&w.Ravi: false} {
		got, err := r.SOS(ctx, Actor(*who), silent.ID)
		if !sees {
			wantCode(t, err, domain.CodeNotFound)
			continue
		}
		noError(t, err)
		Same(t, "the silent alarm as read by "+who.Login, silent, got)
	}
	list, err := r.SilentSOSs(ctx, []domain.ID{w.Ravi.ID, w.Asha.ID})
	noError(t, err)
	Same(t, "open silent ones", []domain.SOS{silent}, list)
	list, err = r.SilentSOSs(ctx, []domain.ID{w.Asha.ID})
	noError(t, err)
	Same(t, "of somebody else", []domain.SOS{}, list)
	list, err = r.AlarmsByID(ctx, []domain.ID{over.ID, ID()})
	noError(t, err)
	Same(t, "by id", []domain.SOS{over}, list)

	counts, err := r.SafetyCounts(ctx, everything, domain.ReportFilter{From: Noon, To: later, CentreID: &w.Mill.ID})
	noError(t, err)
	Same(t, "figures of safety", []domain.SafetyRow{{CentreID: &w.Mill.ID, Centre: "Mill", Timers: 1, Pings: 2, Alarms: 3, Answered: 1,
		WithinMinute: 1, False: 1, Open: 2}}, counts)
	counts, err = r.SafetyCounts(ctx, Actor(w.Deputy).Scope(), domain.ReportFilter{From: Noon, To: later})
	noError(t, err)
	Same(t, "of another area", []domain.SafetyRow{{CentreID: &w.Harbour.ID, Centre: "Harbour"}}, counts)

	// Of two alarms and two reports one each is silenced.
	kept := []string{}
	ring := func(kind string, about domain.ID, state string, stays bool) domain.Notice {
		n := NewNotice(w.Asha.ID, kind)
		n.DedupeKey, n.State = Ptr(fmt.Sprintf("%s|%s|%s", kind, about, n.ID)), state
		if stays {
			kept = append(kept, n.ID.String())
		}
		return n
	}
	report, other := ID(), ID()
	list2 := []domain.Notice{ring("sos.raised", tap.ID, "pending", false), ring("sos.unheard", tap.ID, "pending", false),
		ring("sos.call_yourself", tap.ID, "pending", false), ring("sos.raised", tap.ID, "done", true),
		ring("sos.answered", tap.ID, "pending", true),
		ring("sos.raised", silent.ID, "pending", true), ring("flag.live", report, "pending", false),
		ring("flag.live_overdue", report, "pending", false),
		ring("flag.live", other, "pending", true)}
	Do(t, db, func(tx domain.Tx) error { tx.Enqueue(list2...); return nil })
	Do(t, db, func(tx domain.Tx) error { return all(tx.SilenceSOS(tap.ID), tx.HushReport(report)) })
	rung := Get(t, w.DB, func(tx domain.Tx) (*domain.Notice, error) { return tx.Ring(*list2[3].DedupeKey) })
	if rung.ID != list2[3].ID {
		t.Errorf("the ring is %v", rung)
	}
	for i, said := range []struct {
		result string
		fresh  bool
	}{{"voicemail", true}, {"voicemail", false}, {"acknowledged", true}, {"acknowledged", false}} {
		c := domain.SOSCall{Call: "sos_raised:1", Result: said.result, SOSID: tap.ID, UserID: w.Asha.ID, At: later}
		filled(t, "call", c)
		if fresh := Get(t, w.DB, func(tx domain.Tx) (bool, error) { return tx.KeepSOSCall(c) }); fresh != said.fresh {
			t.Errorf("word %d of a call is fresh: %v", i, fresh)
		}
	}
	inbox, err := r.Inbox(ctx, w.Asha.ID, false, domain.Page{})
	noError(t, err)
	left := []string{}
	for _, n := range inbox {
		left = append(left, n.ID.String())
	}
	slices.Sort(left)
	slices.Sort(kept)
	if !slices.Equal(left, kept) {
		t.Errorf("after silencing %d of %d notices stand, not the %d that it does not mean", len(left), len(list2), len(kept))
	}

	// When a technician moved last, as the server learned of it.
	move := domain.Entry{ID: ID(), Kind: "visit.arrived", ActorRole: domain.RoleTechnician, ActorID: &w.Ravi.ID, OccurredAt: Noon,
		RecordedAt: later}
	Do(t, db, func(tx domain.Tx) error {
		j, err := tx.LockJob(w.Job.ID)
		if err != nil {
			return err
		}
		j.Append(&move)
		tx.Append(&move)
		return tx.SaveJob(j)
	})
	last := func(who domain.ID, since time.Time) *time.Time {
		return Get(t, db, func(tx domain.Tx) (*time.Time, error) { return tx.LastMoveOf(who, since) })
	}
	if at := last(w.Ravi.ID, Noon); at == nil || !at.Equal(later) {
		t.Errorf("the last move was at %v", at)
	}
	if last(w.Asha.ID, Noon) != nil || last(w.Ravi.ID, w.Visit.WindowStart.Add(time.Minute)) != nil {
		t.Error("a move is told of somebody who made none, or of a visit before")
	}
}

// events: what a transaction changed is read once, in order, and only once it cannot be preceded any more.
func events(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	begin, err := r.LastChange(ctx)
	noError(t, err)
	if list, err := r.Changes(ctx, begin, 10); err != nil || len(list) != 0 {
		t.Fatalf("%d changes behind the last one (%v)", len(list), err)
	}
	p := domain.Promise{Meta: Meta(Noon), JobID: w.Job.ID, CustomerID: w.Customer.ID, CentreID: w.Harbour.ID, AreaID: w.South.ID, Kind: "part",
		Source: "case", OwnerID: w.Noor.ID, DueAt: Noon, Status: domain.PromiseOpen}
	x := domain.SOS{Meta: Meta(Noon), RaiserID: w.Ravi.ID, Source: "tap", OccurredAt: Noon, RecordedAt: Noon, Status: "raised",
		Avoid: domain.JSONList[domain.ID]{}, Rung: domain.JSONList[domain.ID]{}, HeardBy: domain.JSONList[domain.ID]{}}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertPromise(&p) })
	Do(t, db, func(tx domain.Tx) error { return tx.InsertSOS(&x) })
	_ = Try(db, func(tx domain.Tx) error { // leaves nothing
		other := x
		other.Meta = Meta(Noon)
		if err := tx.InsertSOS(&other); err != nil {
			return err
		}
		return domain.NotFound("job")
	})
	list, err := r.Changes(ctx, begin, 10)
	noError(t, err)
	if len(list) != 2 {
		t.Fatalf("%d changes of two transactions: %+v", len(list), list)
	}
	Same(t, "a promise", domain.JSONList[domain.ChangedItem]{{Kind: domain.ChangedPromise, ID: p.ID, Version: 1,
		People: domain.JSONList[domain.ID]{w.Noor.ID}, Of: w.Customer.ID}}, list[0].Items)
	Same(t, "its centre", &w.Harbour.ID, list[0].CentreID)
	Same(t, "an alarm of no centre", domain.JSONList[domain.ChangedItem]{{Kind: domain.ChangedAlarm, ID: x.ID, Version: 1}}, list[1].Items)
	if list[1].CentreID != nil || !list[0].After(begin) || !list[1].After(list[0].Mark) {
		t.Errorf("the changes stand at %v and %v, after %v", list[0].Mark, list[1].Mark, begin)
	}
	one, err := r.Changes(ctx, begin, 1)
	noError(t, err)
	Same(t, "one at a time", list[:1], one)
	rest, err := r.Changes(ctx, list[0].Mark, 10)
	noError(t, err)
	Same(t, "the rest", list[1:], rest)
	end, err := r.LastChange(ctx)
	noError(t, err)
	if end.After(list[1].Mark) && db.Kind() == repo.SQLite || list[1].After(end) {
		t.Errorf("the last change is %v, its mark %v", list[1].Mark, end)
	}
}
