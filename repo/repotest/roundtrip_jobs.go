package repotest

import (
	"slices"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
)

func customerTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	c := domain.Customer{Meta: Meta(Noon), Name: "Ünal", Language: "hi", RegisteredCentreID: &w.Mill.ID,
		NumberChanges: domain.JSONList[domain.NumberChange]{{RequestID: ID(), Added: []string{"+911"}, Removed: []string{"+915"}, At: Noon,
			By:    &w.Desk.ID,
			Waits: true, Refused: true, Except: []domain.ID{ID()}, Only: []domain.ID{ID()}}},
		Contacts: []domain.Contact{
			{ID: ID(), Name: "A", Relation: "self", Phones: domain.JSONList[string]{"+911", "+912"}, Email: "a@b", Language: "hi", VoiceOnly: true,
				InvalidPhones: domain.JSONList[string]{"+913"}},
			{ID: ID(), Name: "B"}},
		Sites: []domain.Site{
			{ID: ID(), Label: "home", Address: "1 Lane", Landmark: "well", PostalCode: "110001", Zone: "Asia/Kolkata",
				Lat: Ptr(28.1234567890123456), Lon: Ptr(77.98765432109876), Occupant: "aunt"},
			{ID: ID(), Label: "shop", Zone: "UTC"}}}
	filled(t, "customer", c, "MergedIntoID", "MergedInto") // see householdMerges
	filled(t, "contact", c.Contacts[0], "CustomerID", "Position")
	filled(t, "site", c.Sites[0], "CustomerID")
	Do(t, db, func(tx domain.Tx) error { return tx.InsertCustomer(&c) })
	Same(t, "customer", c, Get(t, db, func(tx domain.Tx) (*domain.Customer, error) { return tx.LockCustomer(c.ID) }))
	got, err := r.Customer(ctx, everything, c.ID)
	noError(t, err)
	Same(t, "customer of the reader", c, got)
	byPhone := func(n string, struck ...bool) int {
		return len(Get(t, db, func(tx domain.Tx) ([]domain.ID, error) { return tx.CustomersByPhone(n, len(struck) > 0) }))
	}
	if byPhone("+912") != 1 || byPhone("+913") != 0 || byPhone("+912", true) != 1 || byPhone("+913", true) != 1 {
		t.Error("a known number finds the household, a struck one does only where that is asked")
	}
	// One contact goes, one comes, numbers change, one site is in use.
	j := w.NewJob(&c, &w.Mill, Noon)
	j.SiteID = c.Sites[1].ID
	j.ContactID = nil
	Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&j) })
	c.Contacts = []domain.Contact{{ID: ID(), Name: "C", Phones: domain.JSONList[string]{"+914"}}, c.Contacts[0]}
	c.Contacts[1].Phones, c.Contacts[1].InvalidPhones = domain.JSONList[string]{"+911"}, domain.JSONList[string]{"+912", "+913"}
	kept := c.Sites[1]
	c.Sites = c.Sites[:1]
	c.Name = "Unal"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveCustomer(&c) })
	c.Sites = append(c.Sites, kept) // a job needs it
	Same(t, "saved customer", c, Get(t, db, func(tx domain.Tx) (*domain.Customer, error) { return tx.Customer(c.ID) }))
	if byPhone("+912") != 0 || byPhone("+912", true) != 1 || byPhone("+914") != 1 || byPhone("+911") != 1 {
		t.Error("the index of numbers was not kept")
	}
	for query, n := range map[string]int{"unal": 1, "UN": 1, "nal": 1, "al": 0, "+914": 1, "un%": 1, "u_al": 0, "%": 0, "Iyer": 1} {
		if got, err := r.Customers(ctx, everything, domain.CustomerFilter{Query: query}, domain.Page{}); err != nil || len(got) != n {
			t.Errorf("query %q: %d customers (%v), want %d", query, len(got), err, n)
		}
	}
	// The contact of another household is not taken over.
	thief := NewCustomer("Thief", "+999")
	thief.Contacts[0].ID = w.Customer.Contacts[0].ID
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertCustomer(&thief) }), domain.CodeDuplicate)
}

func applianceTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	filled(t, "appliance", w.Washer)
	Same(t, "appliance", w.Washer, Get(t, db, func(tx domain.Tx) (*domain.Appliance, error) { return tx.Appliance(w.Washer.ID) }))
	w.Washer.SiteID, w.Washer.Model = nil, "W2"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveAppliance(&w.Washer) })
	got, err := r.Appliances(ctx, everything, &w.Customer.ID, "SN-1", domain.Page{})
	noError(t, err)
	Same(t, "appliances", []domain.Appliance{w.Washer}, got)
}

func jobTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	j := w.NewJob(&w.Customer, &w.Mill, Noon.Add(time.Hour))
	Same(t, "bare job", w.Job, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.Job(w.Job.ID) }))
	j.ExternalRef, j.ApplianceID, j.Serial, j.WhatMatters, j.SafetyCritical, j.RepeatOf = Ptr("REF-1"), &w.Washer.ID, "SN-1", "insulin", true,
		&w.Job.ID
	j.Note = "the gate sticks"
	j.TriedSteps = domain.JSONList[domain.TriedStep]{{What: "reset", At: Noon, WatchedBy: "nobody", Result: "no"}}
	j.ReopenUntil, j.Imported.V = &later, map[string]string{"fault": "5f"}
	j.ReopenedAt, j.ResolvedAt, j.EndedAt, j.EndReason, j.LastContactAt, j.Status = &later, &later, &later, "done", &later, domain.JobClosed
	j.Replacement.V = &domain.Replacement{Since: later, Status: "declined", Steps: domain.JSONList[domain.ID]{ID()}, Reason: "new",
		DecidedAt: &later, DecidedBy: domain.RoleAgent}
	j.RepeatCentreID, j.RepeatAreaID = &w.Mill.ID, &w.North.ID
	j.SilentSince, j.SilenceStep = &later, 2
	j.Seq, j.ChainHead, j.ValueMinor = 7, []byte{1, 2, 0, 3}, Ptr(int64(1_250_00))
	filled(t, "job", j)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertJob(&j) })
	Same(t, "job", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.LockJob(j.ID) }))
	Same(t, "job by ref", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.JobByRef("REF-1") }))
	Same(t, "job by a ticket in small letters", j, Get(t, db, func(tx domain.Tx) (*domain.Job, error) { return tx.JobByTicket("ref-1") }))
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
}

func stepTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
}

func thanksTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
}

func visitTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
	v.AgreedStart, v.AgreedEnd, v.AgreedSaid = &later, &later, domain.SaidPhone
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
}

func disputeTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
		Reason: "r", How: "voice", ByID: &w.Asha.ID, ViaID: &a.ID, LinkRead: true, LinkReadBy: &w.Desk.ID,
		LinkReaders: domain.JSONList[domain.ID]{w.Desk.ID, w.Asha.ID},
		OccurredAt:  Noon, RecordedAt: later, DueAt: later, Fallback: "strike",
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
		MadeBy: &w.Asha.ID, ViaID: &a.ID, DueAt: later, ToldAt: &later, Status: domain.PromiseBroken, Contacts: 3, Step: 2,
		BrokenAt: &later, KeptAt: &later,
		KeptID: &a.ID, Note: "n"}
	filled(t, "promise", p)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertPromise(&p) })
	Same(t, "promises due", []domain.Promise{p}, Get(t, db, func(tx domain.Tx) ([]domain.Promise,
		error) {
		return tx.PromisesDue(w.Customer.ID)
	}))
	Same(t, "last promise", p, Get(t, db, func(tx domain.Tx) (*domain.Promise, error) { return tx.LastPromiseOf(w.Customer.ID) }))
	if n := len(Get(t, db, func(tx domain.Tx) ([]domain.Promise, error) { return tx.PromisesOf(w.Desk.ID) })); n != 1 {
		t.Errorf("%d promises to keep, want 1", n)
	}
	if n := len(Get(t, db, func(tx domain.Tx) ([]domain.Promise, error) { return tx.PromisesOfJob(w.Job.ID) })); n != 1 {
		t.Errorf("%d promises about the job, want 1", n)
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
}

func attemptTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
	a := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, VisitID: &w.Visit.ID, Direction: reach.Outbound,
		ContactID: &w.Customer.Contacts[0].ID, Address: "+91",
		Channel: reach.Phone, Outcome: reach.NoAnswer, RingSeconds: Ptr(25), Grade: reach.Recorded, EvidenceDigest: hash("e"), Note: "n",
		Lat: Ptr(28.000001), Lon: Ptr(77.1),
		DistanceM: Ptr(12.5), PlaceReason: "gate", LastNotice: true, ByID: &w.Ravi.ID, ByRole: domain.RoleTechnician, OccurredAt: Noon,
		ClaimedAt: &later, RecordedAt: later,
		Discounted: "disputed", ToldAt: &later, LinkID: &w.Link.ID, Request: "reopen", AgreedStart: &later, AgreedEnd: &later,
		Rules: 1, CapExempt: domain.CapAsked, CallSeconds: Ptr(31), AccuracyM: Ptr(8.5), Offline: true, GradeWhy: "late", Barred: "again",
		CreatedAt: later}
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
	capped := a
	capped.ID, capped.CapExempt = ID(), ""
	old := capped
	old.ID, old.Rules = ID(), 0
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertAttempt(&capped), tx.InsertAttempt(&old)) })
	for digest, want := range map[string]bool{a.EvidenceDigest: true, hash("another"): false, "": false} {
		Same(t, "digest used", want, Get(t, db, func(tx domain.Tx) (bool, error) { return tx.DigestUsed(digest) }))
	}
	for job, want := range map[domain.ID][]domain.Attempt{w.Job.ID: {}, ID(): {capped}} {
		Same(t, "calls elsewhere", want, Get(t, db, func(tx domain.Tx) ([]domain.Attempt, error) {
			return tx.CallsElsewhere(w.Customer.ID,
				job)
		}))
	}
	got, err := r.Attempts(ctx, everything, w.Job.ID, domain.Page{})
	noError(t, err)
	Same(t, "attempts of the reader", []domain.Attempt{a, bare}, ofJob(got))
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertAttempt(&a) }), domain.CodeDuplicate)
	s := domain.LoggedContact{ID: ID(), AreaID: &w.North.ID, Phone: "+9", Direction: reach.Inbound, Channel: reach.Phone,
		Outcome: reach.Reached, Note: "n", ByID: w.Ravi.ID, OccurredAt: Noon, RecordedAt: later, ClaimedAt: &later, Matched: true,
		Flag: domain.JSON[*domain.ContactFlag]{V: &domain.ContactFlag{Kind: "threat", Level: 2, Note: "n"}}}
	filled(t, "stray", s)
	Do(t, db, func(tx domain.Tx) error { return tx.InsertLoggedContact(&s) })
}

func policyTrip(t *testing.T, w *World) {
	db := w.DB
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
}

func timelineTrip(t *testing.T, w *World) {
	db := w.DB
	r := w.DB.Reader()
	ctx := t.Context()
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
}
