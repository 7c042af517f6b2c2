package repotest

import (
	"testing"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/repo"
)

// afterwards: advisories with their appeals and reads, aftercare and pauses
// come back as they were written, and go only to those who may know.
func afterwards(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	r, ctx := db.Reader(), t.Context()
	flag := w.newFlag(w.Ravi, 2)
	x := domain.Advisory{Meta: Meta(Noon), JobID: w.Job.ID, CustomerID: w.Customer.ID, SiteID: &w.Customer.Sites[0].ID, AreaID: w.North.ID,
		FlagID: &flag.ID, Subject: "site", Precautions: "p", Behaviour: "b",
		Zone: "Asia/Kolkata", ExpiresOn: "2027-03-01", ExpiresAt: later, Status: domain.AdvisoryApproved, ProposedBy: w.Manager.ID,
		DecidedBy: &w.Admin.ID, DecidedAt: &later, Reasons: "r",
		ToldAt: &later, NotToldReason: "n", RenewOn: "2027-06-01", RenewBy: &w.Deputy.ID, RenewReasons: "rr", Renewals: 1,
		Involved: domain.JSONList[domain.ID]{w.Manager.ID, w.Admin.ID},
		EndedAt:  &later, EndedBy: &w.Manager.ID, EndReason: "e"}
	p := domain.Appeal{Meta: Meta(Noon), AdvisoryID: x.ID, How: "voice", ByID: &w.Desk.ID, Words: "no", DueAt: later, EscalatedAt: &later,
		Outcome: "keep", Reasons: "r", DecidedBy: &w.Admin.ID, DecidedAt: &later}
	read := domain.AdvisoryRead{ID: ID(), CreatedAt: later, AdvisoryID: x.ID, UserID: w.Ravi.ID, Role: domain.RoleTechnician,
		VisitID: &w.Visit.ID}
	care := domain.Aftercare{Meta: Meta(Noon), FlagID: flag.ID, PersonID: w.Ravi.ID, AreaID: &w.North.ID, Step: 1, DueAt: later,
		OwnerID: w.Manager.ID, Status: "done", Rung: 2, LateAt: &later, DoneAt: &later,
		DoneBy: &w.Manager.ID, Note: "n"}
	ended := domain.Attempt{ID: ID(), JobID: w.Job.ID, CustomerID: w.Customer.ID, Direction: reach.Inbound, Channel: reach.Phone,
		Outcome: reach.Hostile, Grade: reach.Declared, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon}
	logged := domain.LoggedContact{ID: ID(), Phone: "+919800000077", Direction: reach.Inbound, Channel: reach.Phone, Outcome: reach.Hostile,
		ByID: w.Desk.ID, OccurredAt: Noon, RecordedAt: Noon}
	pause := domain.CoolOff{Meta: Meta(Noon), FlagID: &flag.ID, AttemptID: &ended.ID, ContactID: &logged.ID, UserID: w.Ravi.ID,
		Accepted: true, VisitID: &w.Visit.ID,
		Outcome: "offered"}
	for what, v := range map[string]any{"advisory": x, "appeal": p, "read": read, "aftercare": care, "pause": pause} {
		filled(t, what, v)
	}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&flag), tx.InsertAdvisory(&x), tx.InsertAppeal(&p), tx.InsertAdvisoryReads([]domain.AdvisoryRead{read}),
			tx.InsertAftercare(&care), tx.InsertAttempt(&ended), tx.InsertLoggedContact(&logged), tx.InsertCoolOff(&pause))
	})
	Same(t, "advisory", x, Get(t, db, func(tx domain.Tx) (*domain.Advisory, error) { return tx.LockAdvisory(x.ID) }))
	Same(t, "of the household", []domain.Advisory{x}, Get(t, db,
		func(tx domain.Tx) ([]domain.Advisory, error) { return tx.AdvisoriesOf(w.Customer.ID) }))
	Same(t, "appeal", p, Get(t, db, func(tx domain.Tx) (*domain.Appeal, error) { return tx.Appeal(p.ID) }))
	Same(t, "appeals", []domain.Appeal{p}, Get(t, db, func(tx domain.Tx) ([]domain.Appeal, error) { return tx.AppealsOf(x.ID) }))
	Same(t, "aftercare", []domain.Aftercare{care}, Get(t, db, func(tx domain.Tx) ([]domain.Aftercare,
		error) {
		return tx.AftercareOf(flag.ID)
	}))
	Same(t, "pause", pause, Get(t, db, func(tx domain.Tx) (*domain.CoolOff, error) { return tx.CoolOffOfVisit(w.Visit.ID) }))
	x.Status, p.Words, care.Note, pause.Outcome = domain.AdvisoryEnded, "yes", "other", "taken"
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.SaveAdvisory(&x), tx.SaveAppeal(&p), tx.SaveAftercare(&care), tx.SaveCoolOff(&pause))
	})
	Same(t, "saved advisory", x, Get(t, db, func(tx domain.Tx) (*domain.Advisory, error) { return tx.Advisory(x.ID) }))
	Same(t, "saved aftercare", care, Get(t, db, func(tx domain.Tx) (*domain.Aftercare, error) { return tx.LockAftercare(care.ID) }))
	Same(t, "pause of a call", pause, Get(t, db, func(tx domain.Tx) (*domain.CoolOff, error) { return tx.CoolOffOf(ended.ID) }))
	Same(t, "pause of a call by number", pause, Get(t, db, func(tx domain.Tx) (*domain.CoolOff, error) { return tx.CoolOffOf(logged.ID) }))
	Same(t, "saved pause", pause, Get(t, db, func(tx domain.Tx) (*domain.CoolOff, error) { return tx.CoolOffOf(flag.ID) }))
	// A second row for the same step, appeal or pause is refused.
	twice := care
	twice.Meta = Meta(Noon)
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertAftercare(&twice) }), domain.CodeDuplicate)
	again := pause
	again.Meta = Meta(Noon)
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertCoolOff(&again) }), domain.CodeDuplicate)
	// The database asks for two people, and for a word on the customer.
	for what, spoil := range map[string]func(*domain.Advisory){
		"approved by who proposed it": func(o *domain.Advisory) { o.DecidedBy = &o.ProposedBy },
		"not told, and no reason":     func(o *domain.Advisory) { o.ToldAt, o.NotToldReason = nil, "" },
	} {
		o := x
		o.Meta, o.Status = Meta(Noon), domain.AdvisoryApproved
		spoil(&o)
		if err := Try(db, func(tx domain.Tx) error { return tx.InsertAdvisory(&o) }); !domain.IsCode(err, domain.CodeUnprocessable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for who, want := range map[*domain.User]int{&w.Manager: 1, &w.Deputy: 1, &w.Admin: 1, &w.Boss: 0, &w.Desk: 0, &w.Ravi: 0, &w.Agent: 0} {
		a := Actor(*who)
		if who == &w.Deputy {
			a = Actor(*who, w.North.ID)
		}
		list, err := r.Advisories(ctx, a, "", Noon, domain.Page{Limit: 5})
		noError(t, err)
		reads, err := r.AdvisoryReads(ctx, a, x.ID, domain.Page{Limit: 5})
		if len(list) != want || (err == nil) != (want == 1) || len(reads) != want {
			t.Errorf("%s reads %d advisories and %d of the log (%v)", who.Login, len(list), len(reads), err)
		}
		owed, err := r.Aftercares(ctx, a, "", domain.Page{Limit: 5})
		noError(t, err)
		if who == &w.Ravi {
			want = 1
		}
		if len(owed) != want {
			t.Errorf("%s knows of %d conversations", who.Login, len(owed))
		}
	}
}
