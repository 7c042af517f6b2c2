package repotest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// rowsOf is what stands in tables about households, without what every write moves.
func rowsOf(t *testing.T, db *repo.DB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range []string{"contacts", "contact_phones", "sites", "appliances", "jobs", "visits", "holds", "flags", "exclusions",
		"advisories",
		"attempts", "promises", "disputes", "link_requests", "devices", "customer_centres", "household_pairs", "household_questions",
		"search_texts",
		"notices"} {
		rows, err := db.SQL().QueryContext(t.Context(), "SELECT * FROM "+table)
		noError(t, err)
		names, err := rows.Columns()
		noError(t, err)
		for rows.Next() {
			cells, to := make([]any, len(names)), make([]any, len(names))
			for i := range cells {
				to[i] = &cells[i]
			}
			noError(t, rows.Scan(to...))
			line := ""
			for i, c := range cells {
				if b, ok := c.([]byte); ok {
					c = string(b)
				}
				if !slices.Contains([]string{"version", "updated_at", "txid", "seq"}, names[i]) {
					line += fmt.Sprint(" ", names[i], "=", c)
				}
			}
			out[table] = append(out[table], line)
		}
		noError(t, rows.Err())
		rows.Close()
		slices.Sort(out[table])
	}
	return out
}

// householdMerges: all that names a household names the other one, what lies over either lies over both, and taken
// apart everything is where it was, but for what lies over them.
func householdMerges(t *testing.T, db *repo.DB) { mergeHouseholds(t, db, false) }

// heldHouseholdMerges is the same of a part over which something lies.
func heldHouseholdMerges(t *testing.T, db *repo.DB) { mergeHouseholds(t, db, true) }

func mergeHouseholds(t *testing.T, db *repo.DB, held bool) {
	w := NewWorld(t, db)
	into := w.Customer
	part := NewCustomer("Patil Ravi", "+919800000009")
	part.Contacts = append(part.Contacts, domain.Contact{ID: ID(), Name: "Again", Phones: domain.JSONList[string]{"+919800000001"},
		Language: "hi"},
		domain.Contact{ID: ID(), Name: "Some", Phones: domain.JSONList[string]{"+919800000001", "+919800000008"}})
	part.Sites = append(part.Sites, domain.Site{ID: ID(), Label: "shop", Address: "9 Mill Road", PostalCode: "110001", Zone: "UTC"})
	neighbour := NewCustomer("Next", "+919800000009") // by the number the same as the part
	neighbour.Sites[0].Address = "8 Far Road"
	asked := NewCustomer("Asked", "+919800000077")
	asked.Sites[0].Address = "7 Far Road"
	at := part.Sites[0].ID
	washer := domain.Appliance{Meta: Meta(Noon), CustomerID: part.ID, SiteID: &at, Category: "washer"}
	flag, opted := w.newFlag(w.Ravi, 2), w.newFlag(w.Asha, 0)
	flag.CustomerID, flag.SiteID, opted.CustomerID, opted.Kind = &part.ID, &at, &part.ID, domain.OptOutKind
	flag.JobID, flag.VisitID, opted.JobID, opted.VisitID, opted.SiteID = nil, nil, nil, nil, nil
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertCustomer(&part), tx.InsertCustomer(&neighbour), tx.InsertCustomer(&asked), tx.InsertAppliance(&washer),
			tx.PairHouseholds(part.ID, asked.ID, domain.HouseholdAsked, "asked", false))
	})
	job := w.NewJob(&part, &w.Harbour, Noon.Add(time.Hour))
	job.ContactID, job.ApplianceID, job.ExternalRef = &part.Contacts[1].ID, &washer.ID, domain.Ptr("MERGE-1")
	shop := w.NewJob(&part, &w.Mill, Noon.Add(2*time.Hour))
	shop.SiteID = part.Sites[1].ID
	visit := w.NewVisit(&job, Noon.Add(48*time.Hour), w.Noor.ID)
	link := NewLink(job.ID)
	attempt := domain.Attempt{ID: ID(), JobID: job.ID, CustomerID: part.ID, Direction: "outbound", Channel: "phone", Outcome: "no_answer",
		ContactID: &part.Contacts[1].ID, Grade: "declared", ByRole: domain.RoleTechnician, OccurredAt: Noon, RecordedAt: Noon, CreatedAt: Noon}
	device := domain.Device{InstallationID: ID(), CustomerID: &part.ID, LinkID: &link.ID, Token: "t", Platform: "web", Language: "en",
		CreatedAt: Noon, UpdatedAt: Noon}
	notice := NewNotice(w.Ravi.ID, "visit.assigned")
	notice.UserID, notice.CustomerID, notice.JobID = nil, &part.ID, &job.ID
	hold := domain.Hold{ID: ID(), Kind: domain.HoldSafety, CustomerID: &part.ID, SiteID: &at, Since: Noon, Reason: "area hold", By: "staff",
		Plan: domain.JSONList[string]{}, Decisions: domain.JSONList[domain.HoldDecision]{}}
	apart := domain.Exclusion{ID: ID(), UserID: w.Ravi.ID, CustomerID: part.ID, FlagID: flag.ID, Since: Noon}
	question := domain.HouseholdQuestion{Meta: Meta(Noon), CustomerID: part.ID, OtherID: asked.ID, AreaID: w.North.ID, Status: "asked",
		DueAt: later}
	between := domain.HouseholdQuestion{Meta: Meta(Noon), CustomerID: into.ID, OtherID: part.ID, AreaID: w.North.ID, Status: "asked",
		DueAt: later}
	self := domain.HouseholdQuestion{Meta: Meta(Noon), CustomerID: part.ID, OtherID: part.ID, AreaID: w.North.ID, Status: "asked",
		DueAt: later}
	Do(t, db, func(tx domain.Tx) error {
		tx.Enqueue(notice)
		errs := []error{tx.InsertFlag(&flag), tx.InsertFlag(&opted), tx.InsertJob(&job), tx.InsertJob(&shop), tx.InsertVisit(&visit),
			tx.InsertLink(&link),
			tx.InsertAttempt(&attempt), tx.PutDevice(&device), tx.InsertHouseholdQuestion(&question),
			tx.InsertHouseholdQuestion(&between), tx.InsertHouseholdQuestion(&self)}
		if held {
			errs = append(errs, tx.InsertHold(&hold), tx.InsertExclusion(&apart))
		}
		return all(errs...)
	})
	before := rowsOf(t, db)

	merge := domain.HouseholdMerge{ID: ID(), CustomerID: part.ID, IntoID: into.ID, MergedAt: Noon, MergedBy: w.Desk.ID, Reason: "twice"}
	Do(t, db, func(tx domain.Tx) error {
		jobs, err := tx.JobsOfHouseholds(part.ID, into.ID)
		if err != nil {
			return err
		}
		if len(jobs) != 3 {
			t.Errorf("%d jobs of both", len(jobs))
		}
		p, err := tx.LockCustomer(part.ID)
		if err != nil {
			return err
		}
		s, err := tx.LockCustomer(into.ID)
		if err != nil {
			return err
		}
		moved := domain.JoinHouseholds(s, p)
		for _, id := range jobs {
			j, err := tx.LockJob(id)
			if err == nil && j.CustomerID == part.ID {
				moved.Join(j, into.ID)
				err = tx.SaveJob(j)
			}
			if err != nil {
				return err
			}
		}
		if err := all(tx.PairHouseholds(part.ID, into.ID, domain.HouseholdSame, "merged", true),
			tx.MoveHousehold(part.ID, into.ID, &moved)); err != nil {
			return err
		}
		p.MergedIntoID = &into.ID
		merge.Moved.V = moved
		return all(tx.SaveCustomer(p), tx.SaveCustomer(s), tx.InsertHouseholdMerge(&merge))
	})
	for table, lines := range rowsOf(t, db) {
		if table == "household_pairs" || table == "search_texts" || table == "customer_centres" {
			continue
		}
		for _, line := range lines {
			names := false
			for _, id := range []domain.ID{part.ID, at, part.Contacts[1].ID} {
				names = names || strings.Contains(line, id.String()) && !strings.HasPrefix(line, " id="+id.String())
			}
			stays := strings.Contains(line, between.ID.String()) || strings.HasPrefix(line, " id="+at.String()) ||
				strings.HasPrefix(line, " id="+part.Contacts[1].ID.String())
			if names && !stays {
				t.Errorf("%s still names the part: %s", table, line)
			}
		}
	}
	desk := domain.Scope{CentreID: w.Mill.ID}
	for _, id := range []domain.ID{part.ID, into.ID} {
		got, err := db.Reader().Customer(t.Context(), desk, id)
		noError(t, err)
		if got.ID != into.ID || (got.MergedInto != nil) != (id == part.ID) || len(got.Contacts) != 3 || len(got.Sites) != 2 {
			t.Errorf("%v is answered %+v", id, got)
		}
	}
	for _, f := range []domain.CustomerFilter{{Query: "patil"}, {Query: "iyer"}, {Query: part.ID.String()},
		{QueryPhone: "+919800000008", Query: "9800000008"},
		{Phone: "+919800000001"}, {Query: "merge-1"}} {
		got, err := db.Reader().Customers(t.Context(), domain.Scope{All: true}, f, domain.Page{Limit: 10})
		noError(t, err)
		if len(got) != 1 || got[0].ID != into.ID {
			t.Errorf("%+v finds %d households", f, len(got))
		}
	}
	listed, err := db.Reader().Jobs(t.Context(), desk, domain.JobFilter{CustomerID: &part.ID}, domain.Page{Limit: 10})
	noError(t, err)
	if len(listed) != 2 {
		t.Errorf("%d jobs at the centre", len(listed))
	}
	over := func(c domain.ID) int {
		holds := Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&domain.Job{CustomerID: c}, true) })
		kept := Get(t, db, func(tx domain.Tx) ([]domain.Exclusion, error) { return tx.Exclusions(c) })
		return len(holds) + len(kept)
	}
	want := map[bool]int{true: 2}[held]
	if n := over(into.ID); n != want || over(neighbour.ID) != want {
		t.Errorf("%d lie over the whole, %d over whom the part was like", n, over(neighbour.ID))
	}
	state := func(one, other domain.ID) string {
		return Get(t, db, func(tx domain.Tx) (string, error) {
			state, _, err := tx.HouseholdPair(one, other)
			return state, err
		})
	}
	if state(into.ID, asked.ID) != domain.HouseholdAsked || state(asked.ID, into.ID) != domain.HouseholdAsked {
		t.Error("the question does not lie over the whole")
	}

	Do(t, db, func(tx domain.Tx) error {
		m, err := tx.LockHouseholdMerge(part.ID)
		if err != nil {
			return err
		}
		p, err := tx.LockCustomer(part.ID)
		if err != nil {
			return err
		}
		s, err := tx.LockCustomer(into.ID)
		if err != nil {
			return err
		}
		jobs, err := tx.JobsOfHouseholds(into.ID)
		if err != nil {
			return err
		}
		var back []domain.ID
		for _, id := range jobs {
			j, err := tx.LockJob(id)
			if err == nil && m.Moved.V.Part(j, part.ID) {
				back = append(back, id)
				err = tx.SaveJob(j)
			}
			if err != nil {
				return err
			}
		}
		domain.PartHouseholds(s, p, &m.Moved.V)
		p.MergedIntoID = nil
		if err := tx.PartHousehold(part.ID, into.ID, &m.Moved.V, back); err != nil {
			return err
		}
		m.PartedAt, m.PartedBy = &later, &w.Boss.ID
		return all(tx.SaveCustomer(s), tx.SaveCustomer(p), tx.SaveHouseholdMerge(m))
	})
	after := rowsOf(t, db)
	for table := range before {
		if table != "household_pairs" || !held {
			Same(t, table, before[table], after[table])
		}
	}
	if n := over(part.ID); n != want || over(into.ID) != want {
		t.Errorf("apart %d and %d lie over the two, want %d", n, over(into.ID), want)
	}
	if _, err := db.Reader().Customer(t.Context(), domain.Scope{CentreID: w.Harbour.ID}, into.ID); err == nil {
		t.Error("the part's centre still sees the other household")
	}
	if err := Try(db, func(tx domain.Tx) error { _, err := tx.LockHouseholdMerge(part.ID); return err }); !domain.IsCode(err,
		domain.CodeNotFound) {
		t.Errorf("the merge is still in force: %v", err)
	}
}
