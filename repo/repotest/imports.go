package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// madeHere: what a transaction made is read in it as it is stored, and whoever gets it may change it.
func madeHere(t *testing.T, w *World, db *repo.DB) {
	c := domain.Customer{Meta: Meta(Noon), Name: "Lata", Language: "en", RegisteredCentreID: &w.Mill.ID,
		Contacts: []domain.Contact{{ID: ID(), Name: "Lata", Phones: domain.JSONList[string]{"+919822000011"},
			InvalidPhones: domain.JSONList[string]{}}},
		Sites: []domain.Site{{ID: ID(), Address: "1 Lane", Zone: "UTC"}}}
	a := domain.Appliance{Meta: Meta(Noon), CustomerID: c.ID, SiteID: &c.Sites[0].ID, Serial: "S"}
	Do(t, db, func(tx domain.Tx) error {
		wantCode(t, second(tx.JobByTicket("MADE-1")), domain.CodeNotFound)
		wantCode(t, second(tx.JobByRef("MADE-1")), domain.CodeNotFound)
		if err := all(tx.InsertCustomer(&c), tx.InsertAppliance(&a)); err != nil {
			return err
		}
		got, err := tx.LockCustomer(c.ID)
		if err != nil {
			return err
		}
		got.Contacts[0].Phones[0], got.Sites[0].Address = "+919822000012", "2 Lane"
		if got, err = tx.Customer(c.ID); err != nil {
			return err
		}
		Same(t, "not as somebody changed their copy", &c, got)
		j := w.Job
		j.Meta, j.CustomerID, j.SiteID, j.ContactID, j.ApplianceID, j.ExternalRef = Meta(Noon), c.ID, c.Sites[0].ID, &c.Contacts[0].ID, &a.ID,
			Ptr("MADE-1")
		if err := tx.InsertJob(&j); err != nil {
			return err
		}
		made, err := tx.JobByRef("MADE-1")
		if err == nil {
			Same(t, "the job that was made since", j.ID, made.ID)
		}
		return err
	})
	for _, read := range []func(tx domain.Tx) (*domain.Customer, error){
		func(tx domain.Tx) (*domain.Customer, error) { return tx.Customer(c.ID) },
		func(tx domain.Tx) (*domain.Customer, error) { return tx.LockCustomer(c.ID) }} {
		Same(t, "as it is stored", &c, Get(t, db, read))
	}
	Do(t, db, func(tx domain.Tx) error {
		again := c
		again.Meta, again.Contacts, again.Sites = Meta(Noon), nil, nil
		if err := tx.InsertCustomer(&again); err != nil {
			return err
		}
		again.Name = "Lata Joshi"
		if err := tx.SaveCustomer(&again); err != nil {
			return err
		}
		got, err := tx.LockCustomer(again.ID)
		if err == nil {
			Same(t, "as it was saved since", "Lata Joshi", got.Name)
		}
		return err
	})
}

func second(_ *domain.Job, err error) error { return err }

// imports: what one changed is kept a day; whom it reached is told of its own jobs alone.
func imports(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	madeHere(t, w, db)
	i := domain.Import{Meta: Meta(Noon), CentreID: w.Mill.ID, AreaID: w.Mill.AreaID, ByID: w.Desk.ID, Digest: "d", Rows: 9, RowsDone: 8,
		Created: 1, Updated: 2, Unchanged: 3, Asks: 4, Rejected: 5, EndedAt: &later, UndoneAt: &later, UndoneBy: &w.Boss.ID}
	filled(t, "import", i)
	bare := domain.Import{Meta: Meta(Noon.Add(time.Hour)), CentreID: w.Harbour.ID, AreaID: w.Harbour.AreaID, ByID: w.Agent.ID}
	state := domain.ImportState{Fault: "f", ContactID: Ptr(ID()), Said: map[string]string{"fault": "x"},
		Contacts: []domain.Contact{{ID: ID(), Name: "n", Phones: domain.JSONList[string]{"+91"}, InvalidPhones: domain.JSONList[string]{}}},
		Sites:    []domain.Site{{ID: ID(), Address: "a"}}, VisitID: &w.Visit.ID, WindowStart: Noon, WindowEnd: later,
		Crew: []domain.ID{w.Ravi.ID}}
	change := func(line int, at time.Time) domain.ImportChange {
		return domain.ImportChange{ID: ID(), ImportID: i.ID, JobID: w.Job.ID, Line: line, At: at, Created: true,
			Was: domain.JSON[domain.ImportState]{V: domain.ImportState{Fault: "was"}}, Became: domain.JSON[domain.ImportState]{V: state}}
	}
	two, three := change(2, Noon), change(3, Noon)
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertImport(&i), tx.InsertImport(&bare), tx.InsertImportChange(&two), tx.InsertImportChange(&three))
	})
	Same(t, "import", &i, Get(t, db, func(tx domain.Tx) (*domain.Import, error) { return tx.LockImport(i.ID) }))
	i.RowsDone, i.UndoneAt, i.UndoneBy = 9, nil, nil
	Do(t, db, func(tx domain.Tx) error { return tx.SaveImport(&i) })
	Same(t, "saved import", &i, Get(t, db, func(tx domain.Tx) (*domain.Import, error) { return tx.LockImport(i.ID) }))
	for s, want := range map[*domain.Scope][]domain.Import{{CentreID: w.Mill.ID}: {i}, {AreaIDs: []domain.ID{w.Harbour.AreaID}}: {bare},
		{All: true}: {bare, i}} {
		got, err := db.Reader().Imports(t.Context(), *s, nil, domain.Page{})
		noError(t, err)
		Same(t, "imports of the reader", want, got)
	}
	mill, err := db.Reader().Imports(t.Context(), domain.Scope{All: true}, &w.Mill.ID, domain.Page{})
	noError(t, err)
	Same(t, "of a centre", []domain.Import{i}, mill)
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockImport(ID()); return err }), domain.CodeNotFound)

	changes := func(below int) []domain.ImportChange {
		return Get(t, db, func(tx domain.Tx) ([]domain.ImportChange, error) { return tx.ImportChanges(i.ID, below, 5) })
	}
	Same(t, "changes, the last first", []domain.ImportChange{three, two}, changes(9))
	Same(t, "below a line", []domain.ImportChange{two}, changes(3))

	notice := func(user, customer *domain.ID, visit *domain.ID, state string, at time.Time) domain.Notice {
		return domain.Notice{ID: ID(), Kind: "visit.assigned", UserID: user, CustomerID: customer, JobID: &w.Job.ID, VisitID: visit, Title: "T",
			Data: domain.JSON[map[string]string]{V: map[string]string{}}, State: state, CreatedAt: at, ExpiresAt: later}
	}
	got, home := notice(&w.Ravi.ID, nil, &w.Visit.ID, "done", Noon), notice(nil, &w.Customer.ID, nil, "done", Noon.Add(time.Second))
	waits := notice(&w.Ravi.ID, nil, &w.Visit.ID, "pending", Noon)
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(got, home, waits, notice(&w.Ravi.ID, nil, &w.Visit.ID, "no_device", Noon), notice(&w.Desk.ID, nil, &w.Visit.ID, "done", Noon),
			notice(&w.Ravi.ID, nil, &w.Visit.ID, "done", Noon.Add(-time.Second)))
		return nil
	})
	told := Get(t, db, func(tx domain.Tx) ([]domain.ImportTold, error) { return tx.ToldOfImport(&i, nil) })
	Same(t, "of one job", told, Get(t, db, func(tx domain.Tx) ([]domain.ImportTold, error) { return tx.ToldOfImport(&i, &w.Job.ID) }))
	if len(told) != 2 || told[0].UserID == nil || *told[0].UserID != w.Ravi.ID || told[1].UserID != nil || told[0].JobID != w.Job.ID ||
		!told[0].At.Equal(Noon) || told[0].Title != "T" {
		t.Errorf("told %+v", told)
	}
	Do(t, db, func(tx domain.Tx) error { return tx.DropPending(w.Job.ID, Noon) })
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.Notice(waits.ID); return err }), domain.CodeNotFound)
	Same(t, "who was told", "done", Get(t, db, func(tx domain.Tx) (*domain.Notice, error) { return tx.Notice(got.ID) }).State)
	Do(t, db, func(tx domain.Tx) error { return tx.MarkUndone(three.ID) })
	Same(t, "taken back", []domain.ImportChange{two}, changes(9))

	answer := func(about, say string, at time.Time) *domain.ImportAnswer {
		return &domain.ImportAnswer{CentreID: w.Mill.ID, About: about, Answer: say, ByID: w.Desk.ID, At: at}
	}
	one, other, again := answer("a", "x", Noon), answer("b", "y", Noon), answer("a", "z", later)
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.PutImportAnswer(one), tx.PutImportAnswer(other), tx.PutImportAnswer(again))
	})
	answers := func() []domain.ImportAnswer {
		return Get(t, db, func(tx domain.Tx) ([]domain.ImportAnswer, error) { return tx.ImportAnswers(w.Mill.ID) })
	}
	Same(t, "answers", []domain.ImportAnswer{*other, *again}, answers())
	Do(t, db, func(tx domain.Tx) error { return tx.DropImportAnswers(w.Mill.ID, "a") })
	Same(t, "without one", []domain.ImportAnswer{*other}, answers())
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.PutImportAnswer(answer("c", "+919822000072", Noon)), tx.PutImportAnswer(answer("d", "+919822000073", later)))
	})
	Do(t, db, func(tx domain.Tx) error { _, err := tx.Purge("import_answers", later, 9); return err })
	Same(t, "numbers go first", []domain.ImportAnswer{*other, *answer("d", "+919822000073", later)}, answers())
	Do(t, db, func(tx domain.Tx) error { return tx.DropImportAnswers(w.Mill.ID, "") })
	Same(t, "without all", 0, len(answers()))

	Do(t, db, func(tx domain.Tx) error { _, err := tx.Purge("import_changes", Noon.Add(time.Second), 9); return err })
	Same(t, "kept a day", 0, len(changes(9)))
	Do(t, db, func(tx domain.Tx) error { _, err := tx.Purge("imports", Noon.Add(time.Second), 9); return err })
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.LockImport(i.ID); return err }), domain.CodeNotFound)
}
