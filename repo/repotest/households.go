package repotest

import (
	"fmt"
	"testing"

	"doorstep/domain"
	"doorstep/repo"
)

// households: what lies over one row of a household lies over the others, by number and by place;
// what may be the same is only named.
func households(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	lat, lon := 18.9, 73.9
	home := func(phone, address string, at float64) domain.Customer {
		c := domain.Customer{Meta: Meta(Noon), Name: "Household", Language: "en",
			Contacts: []domain.Contact{{ID: ID(), Name: "A", Phones: domain.JSONList[string]{phone}}},
			Sites:    []domain.Site{{ID: ID(), Address: address, PostalCode: "400 050", Zone: "UTC", Lat: domain.Ptr(lat + at), Lon: &lon}}}
		Do(t, db, func(tx domain.Tx) error { return tx.InsertCustomer(&c) })
		return c
	}
	first := home("+911111111111", "Flat 5, 12 Hill Road", 0)
	hold := domain.Hold{ID: ID(), Kind: domain.HoldSafety, CustomerID: &first.ID, Since: Noon, Reason: "area hold", By: "staff",
		Plan: domain.JSONList[string]{}, Decisions: domain.JSONList[domain.HoldDecision]{}}
	apart := domain.Exclusion{ID: ID(), UserID: w.Ravi.ID, CustomerID: first.ID, Since: Noon}
	flag := w.newFlag(w.Ravi, 2)
	apart.FlagID = flag.ID
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&flag), tx.InsertHold(&hold), tx.InsertExclusion(&apart))
	})
	held := func(c domain.Customer) int {
		j := domain.Job{Meta: domain.Meta{ID: ID()}, CustomerID: c.ID, SiteID: c.Sites[0].ID}
		over := Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&j, true) })
		read, _, err := db.Reader().HoldsOfJobs(t.Context(), []domain.Job{j})
		noError(t, err)
		excluded := Get(t, db, func(tx domain.Tx) ([]domain.Exclusion, error) { return tx.Exclusions(c.ID) })
		if len(over) != len(read[j.ID]) || len(over) != len(excluded) {
			t.Errorf("holds %v, as read %v, exclusions %v", over, read[j.ID], excluded)
		}
		return len(over)
	}
	like := func(c domain.Customer, open bool) []domain.ID {
		return Get(t, db, func(tx domain.Tx) ([]domain.ID, error) { return tx.LikeHouseholds(&c, open) })
	}
	for i, c := range []struct {
		name, phone, address string
		at                   float64
		held, like           int
	}{
		{"the same place in other words", "+912222222222", "12, HILL RD., apt. #5", 1, 1, 0},
		{"the same number elsewhere", "+911111111111", "7 Mill Road", 2, 1, 0},
		{"another unit", "+913333333333", "Flat 6, 12 Hill Road", 0.0001, 0, 1},
		{"somebody else", "+914444444444", "9 Far Road", 3, 0, 0},
		{"no number in the address", "+915555555555", "Hill Road", 4, 0, 0},
	} {
		x := home(c.phone, c.address, c.at)
		if got, may := held(x), len(like(x, false)); got != c.held || may != c.like {
			t.Errorf("%d %s: %d holds and %d that may be the same, want %d and %d", i, c.name, got, may, c.held, c.like)
		}
	}
	// By the words of an address as many are found as share most, however many share some; and not by those that it has no more.
	words := home("+917777777701", "Flat 5, 12 Hill Road, Kothrud, Pune", 4.1)
	if got := like(words, false); len(got) != 1 || got[0] != first.ID {
		t.Errorf("an address with a town behind it may be the same as %v", got)
	}
	for i := range 21 {
		x := home(fmt.Sprintf("+9177777778%02d", i), fmt.Sprintf("Flat 5, Lane %d, Kothrud", 100+i), 4.2+float64(i)/100)
		lies := hold
		lies.ID, lies.CustomerID = ID(), &x.ID
		Do(t, db, func(tx domain.Tx) error { return tx.InsertHold(&lies) })
	}
	if got := like(words, false); len(got) > 20 || !domain.Has(got, first.ID) {
		t.Errorf("among many with a number and a name of it: %v", got)
	}
	moved := words
	moved.Sites = []domain.Site{{ID: words.Sites[0].ID, Address: "9 Dale Street, Kothrud", PostalCode: "400 051", Zone: "UTC"}}
	Do(t, db, func(tx domain.Tx) error { return tx.SaveCustomer(&moved) })
	if got := like(moved, false); len(got) != 0 {
		t.Errorf("at another address it may be the same as %v", got)
	}
	// Of a number that too many use nobody is held: whoever was by it alone and free stays so.
	var guards []domain.Customer
	for i := range 4 {
		guards = append(guards, home("+916666666666", fmt.Sprintf("Flat %d, 1 Tower Road", i+1), 5+float64(i)))
	}
	over := domain.Hold{ID: ID(), Kind: domain.HoldSafety, CustomerID: &guards[0].ID, Since: Noon, Reason: "area hold", By: "staff",
		Plan: domain.JSONList[string]{}, Decisions: domain.JSONList[domain.HoldDecision]{}}
	Do(t, db, func(tx domain.Tx) error { return tx.InsertHold(&over) })
	for i, c := range guards[1:] {
		j := domain.Job{Meta: domain.Meta{ID: ID()}, CustomerID: c.ID, SiteID: c.Sites[0].ID}
		if over := Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&j, true) }); len(over) != 0 {
			t.Errorf("the guard's number holds the household %d: %v", i+1, over)
		}
		if may := like(c, false); len(may) != 1 || may[0] != guards[0].ID {
			t.Errorf("household %d may be the same as %v", i+1, may)
		}
	}
	// A question is found by who came in, and by who triages it.
	q := domain.HouseholdQuestion{Meta: Meta(Noon), CustomerID: guards[1].ID, OtherID: first.ID, AreaID: w.North.ID, FlagID: &flag.ID,
		Status: "asked", Critical: true, Climbed: true, Words: "not us", DueAt: later, DecidedAt: &later, DecidedBy: &w.Ravi.ID, Reasons: "r"}
	filled(t, "household question", q)
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertHouseholdQuestion(&q), tx.PairHouseholds(q.CustomerID, q.OtherID, "asked", "asked", false))
	})
	Same(t, "household questions", []domain.HouseholdQuestion{q},
		Get(t, db, func(tx domain.Tx) ([]domain.HouseholdQuestion, error) { return tx.HouseholdQuestionsOf(q.CustomerID) }))
	q.Climbed = false
	Do(t, db, func(tx domain.Tx) error { return tx.SaveHouseholdQuestion(&q) })
	Same(t, "household question", q, Get(t, db, func(tx domain.Tx) (*domain.HouseholdQuestion,
		error) {
		return tx.LockHouseholdQuestion(q.ID)
	}))
	for _, a := range []struct {
		actor domain.Actor
		want  int
	}{{domain.Actor{UserID: ID(), Role: domain.RoleAreaManager, AreaID: w.North.ID}, 1}, {domain.Actor{UserID: ID(), Role: domain.RoleAdmin},
		1},
		{domain.Actor{UserID: ID(), Role: domain.RoleAreaManager, AreaID: ID()}, 0},
		{domain.Actor{UserID: ID(), Role: domain.RoleProprietor, AreaID: w.North.ID}, 0}} {
		got, err := db.Reader().HouseholdQuestions(t.Context(), a.actor, "asked", domain.Page{Limit: 10})
		noError(t, err)
		if len(got) != a.want {
			t.Errorf("%+v reads %d questions, want %d", a.actor, len(got), a.want)
		}
	}
	if n := held(guards[1]); n != 0 {
		t.Errorf("a question holds: %d", n)
	}
	Do(t, db, func(tx domain.Tx) error { return tx.PairHouseholds(q.CustomerID, q.OtherID, "same", "decided", true) })
	if n := held(guards[1]); n != 1 {
		t.Errorf("what was decided to be the same has %d holds", n)
	}
}
