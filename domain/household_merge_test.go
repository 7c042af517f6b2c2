package domain_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"doorstep/domain"
)

// drawHousehold makes one of few numbers and places, so that two have some in common.
func drawHousehold(t *rapid.T, name string) domain.Customer {
	c := domain.Customer{Meta: domain.Meta{ID: uuid.New()}, Name: name, Contacts: []domain.Contact{}}
	for i := range rapid.IntRange(0, 3).Draw(t, name+" people") {
		p := domain.Contact{ID: uuid.New(), CustomerID: c.ID, Name: fmt.Sprint(name, i), VoiceOnly: rapid.Bool().Draw(t, "voice"),
			Phones: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3", "4"}), 0, 3, rapid.ID[string]).Draw(t, "phones")}
		for k := range c.Contacts { // a household has a number once
			p.Phones = slices.DeleteFunc(p.Phones, func(n string) bool { return domain.Has(c.Contacts[k].Phones, n) })
		}
		c.Contacts = append(c.Contacts, p)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, name+" sites") {
		s := domain.Site{ID: uuid.New(), CustomerID: c.ID, Zone: "UTC", PostalCode: "400050",
			Address: fmt.Sprint(rapid.IntRange(1, 2).Draw(t, "house")*4+i, rapid.SampledFrom([]string{" Hill Road", " HILL RD."}).Draw(t, "street"))}
		if rapid.Bool().Draw(t, "known place") {
			s.Lat, s.Lon = domain.Ptr(18.9), domain.Ptr(73.9)
		}
		c.Sites = append(c.Sites, s)
	}
	return c
}

func drawJob(t *rapid.T, c *domain.Customer) domain.Job {
	j := domain.Job{Meta: domain.Meta{ID: uuid.New()}, CustomerID: c.ID, SiteID: rapid.SampledFrom(c.Sites).Draw(t, "site").ID}
	if len(c.Contacts) > 0 && rapid.Bool().Draw(t, "has a contact") {
		j.ContactID = domain.Ptr(rapid.SampledFrom(c.Contacts).Draw(t, "contact").ID)
	}
	return j
}

func words(t *rapid.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Merging two households and taking them apart is nothing: contacts, sites and jobs are as they were.
// Meanwhile each number and address stands there once, and none is lost.
func TestMergedAndTakenApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		into, part := drawHousehold(t, "into"), drawHousehold(t, "part")
		var jobs []domain.Job
		for range rapid.IntRange(0, 4).Draw(t, "jobs") {
			jobs = append(jobs, drawJob(t, rapid.SampledFrom([]*domain.Customer{&into, &part}).Draw(t, "whose")))
		}
		before := words(t, []any{into, part, jobs})
		wasInto, wasPart := into, part
		moved := domain.JoinHouseholds(&into, &part)
		for i := range jobs {
			if jobs[i].CustomerID == part.ID {
				moved.Join(&jobs[i], into.ID)
			}
			if j := &jobs[i]; j.CustomerID != into.ID || into.Site(j.SiteID) == nil || j.ContactID != nil && into.Contact(*j.ContactID) == nil {
				t.Fatalf("a job of neither: %+v", j)
			}
		}
		seen := map[string]int{}
		for i := range into.Contacts {
			for _, p := range into.Contacts[i].Phones {
				seen[p]++
			}
		}
		for _, c := range append(slices.Clone(wasInto.Contacts), wasPart.Contacts...) {
			for _, p := range c.Phones {
				if seen[p] != 1 {
					t.Fatalf("the number %s stands there %d times", p, seen[p])
				}
			}
		}
		places := map[string]int{}
		for i := range into.Sites {
			places[domain.PlaceKey(into.Sites[i].Address, "400050")]++
		}
		for _, s := range append(slices.Clone(wasInto.Sites), wasPart.Sites...) {
			if n := places[domain.PlaceKey(s.Address, "400050")]; n != 1 {
				t.Fatalf("%s stands there %d times", s.Address, n)
			}
		}
		// What comes meanwhile goes where its place is; at a place of both it is of whom it is from.
		later := drawJob(t, &into)
		own := domain.Has(moved.Sites, later.SiteID)
		for of, twin := range moved.Twins {
			own = own || twin == later.SiteID && later.ContactID != nil && domain.Has(moved.Contacts, *later.ContactID) && of != later.SiteID
		}
		if moved.Part(&later, part.ID) != own || (later.CustomerID == part.ID) != own {
			t.Fatalf("what came later is of %v, its own: %v", later.CustomerID, own)
		}
		var kept domain.HouseholdMoved // as the storage gives it back
		if err := json.Unmarshal([]byte(words(t, moved)), &kept); err != nil {
			t.Fatal(err)
		}
		for i := range jobs {
			kept.Part(&jobs[i], part.ID)
		}
		domain.PartHouseholds(&into, &part, &kept)
		if after := words(t, []any{into, part, jobs}); after != before {
			t.Fatalf("before %s\nafter  %s", before, after)
		}
		if own && (part.Site(later.SiteID) == nil || later.ContactID != nil && part.Contact(*later.ContactID) == nil) {
			t.Fatalf("what came later names what is not there: %+v", later)
		}
	})
}
