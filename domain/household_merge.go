package domain

import (
	"slices"
	"strings"
	"time"

	"doorstep/domain/geo"
)

// How long a merge is taken apart, and what is too much to be a household.
const (
	PartWithin    = 30 * 24 * time.Hour // a merge is taken apart (docs/product.md section 2)
	MergeJobsMost = 200                 // of both households; who has more is a dealer
)

// HouseholdMerge is one household that became part of another one.
type HouseholdMerge struct {
	ID         ID
	CustomerID ID // the part
	IntoID     ID // what is left
	MergedAt   time.Time
	MergedBy   ID
	Reason     string
	Moved      JSON[HouseholdMoved]
	PartedAt   *time.Time
	PartedBy   *ID
}

// HouseholdMoved is what went over with a household: it goes back by this.
type HouseholdMoved struct {
	Jobs     []ID        `json:"jobs"`
	Contacts []ID        `json:"contacts"` // all of the part, in their order
	Sites    []ID        `json:"sites"`
	Twins    map[ID]ID   `json:"twins"`   // contact or site of the part that stayed behind → the same one of what is left
	Numbers  []Numbers   `json:"numbers"` // of contacts that went over without numbers that were there
	Placed   []ID        `json:"placed"`  // sites of what is left that took the coordinates of their twin
	Heard    []ID        `json:"heard"`   // contacts of one's jobs that count on the other's
	Rows     []MovedRows `json:"rows"`
	Asked    [2]ID       `json:"asked"` // the requests that ask about the numbers of the part, and of the other
}

// Numbers are those that a contact had.
type Numbers struct {
	ContactID ID       `json:"contact_id"`
	Phones    []string `json:"phones"`
}

// MovedRows are rows of the storage in which one id took the place of another.
type MovedRows struct {
	What string `json:"what"`
	From ID     `json:"from"`
	To   ID     `json:"to"`
	IDs  []ID   `json:"ids"`
}

// JoinHouseholds makes one household of two: contacts and sites go over, without doubles, and
// part keeps those that into has as well. It changes both.
func JoinHouseholds(into, part *Customer) HouseholdMoved {
	m := HouseholdMoved{Jobs: []ID{}, Twins: map[ID]ID{}}
	contacts, sites := part.Contacts, part.Sites
	part.Contacts, part.Sites = []Contact{}, []Site{}
	taken := map[ID]bool{}
	for _, c := range contacts {
		m.Contacts = append(m.Contacts, c.ID)
		if twin := twinContact(into, &c, taken); twin != nil {
			taken[twin.ID], m.Twins[c.ID] = true, twin.ID
			part.Contacts = append(part.Contacts, c)
			continue
		}
		phones := JSONList[string]{}
		for _, p := range c.Phones {
			if !into.has(p) {
				phones = append(phones, p)
			}
		}
		if len(phones) < len(c.Phones) {
			m.Numbers = append(m.Numbers, Numbers{c.ID, c.Phones})
			c.Phones = phones
		}
		into.Contacts = append(into.Contacts, c)
	}
	for _, s := range sites {
		m.Sites = append(m.Sites, s.ID)
		twin := twinSite(into, &s, taken)
		if twin == nil {
			into.Sites = append(into.Sites, s)
			continue
		}
		taken[twin.ID], m.Twins[s.ID] = true, twin.ID
		if twin.Lat == nil && s.Lat != nil {
			twin.Lat, twin.Lon = s.Lat, s.Lon
			m.Placed = append(m.Placed, twin.ID)
		}
		part.Sites = append(part.Sites, s)
	}
	for i := range into.Contacts {
		into.Contacts[i].CustomerID = into.ID
	}
	for i := range into.Sites {
		into.Sites[i].CustomerID = into.ID
	}
	return m
}

// twinContact is a person with all the numbers of another one, who reads and hears the same way.
func twinContact(into *Customer, c *Contact, taken map[ID]bool) *Contact {
	for i := range into.Contacts {
		k := &into.Contacts[i]
		if len(c.Phones) > 0 && !taken[k.ID] && k.VoiceOnly == c.VoiceOnly && (c.Email == "" || c.Email == k.Email) &&
			(c.Language == "" || c.Language == k.Language) &&
			!slices.ContainsFunc(c.Phones, func(p string) bool { return !Has(k.Phones, p) }) {
			return k
		}
	}
	return nil
}

// twinSite is the same address in other words, at the same place as far as both are known.
func twinSite(into *Customer, s *Site, taken map[ID]bool) *Site {
	key := PlaceKey(s.Address, s.PostalCode)
	for i := range into.Sites {
		k := &into.Sites[i]
		if !strings.HasPrefix(key, vague) && !taken[k.ID] && k.Zone == s.Zone && PlaceKey(k.Address, k.PostalCode) == key &&
			(k.Lat == nil || s.Lat == nil || geo.Metres(*k.Lat, *k.Lon, *s.Lat, *s.Lon) <= NextDoor) {
			return k
		}
	}
	return nil
}

func (c *Customer) has(phone string) bool {
	return slices.ContainsFunc(c.Contacts, func(x Contact) bool { return Has(x.Phones, phone) })
}

// PartHouseholds gives back what JoinHouseholds took over, as it is by now; what was removed
// meanwhile stays so.
func PartHouseholds(into, part *Customer, m *HouseholdMoved) {
	for i := range into.Contacts {
		c := &into.Contacts[i]
		for _, n := range m.Numbers {
			if n.ContactID == c.ID {
				back := JSONList[string]{}
				for _, p := range append(slices.Clone(n.Phones), c.Phones...) {
					if !Has(back, p) && !Has(c.InvalidPhones, p) {
						back = append(back, p)
					}
				}
				c.Phones = back
			}
		}
		if Has(m.Contacts, c.ID) {
			c.CustomerID = part.ID
			part.Contacts = append(part.Contacts, *c)
		}
	}
	into.Contacts = slices.DeleteFunc(into.Contacts, func(c Contact) bool { return Has(m.Contacts, c.ID) })
	slices.SortStableFunc(part.Contacts, func(a, b Contact) int { return slices.Index(m.Contacts, a.ID) - slices.Index(m.Contacts, b.ID) })
	for i := range into.Sites {
		s := &into.Sites[i]
		if of, _ := m.back(s.ID); Has(m.Placed, s.ID) {
			if twin := part.Site(of); twin != nil && twin.Lat != nil && s.Lat != nil && *twin.Lat == *s.Lat && *twin.Lon == *s.Lon {
				s.Lat, s.Lon = nil, nil
			}
		}
		if Has(m.Sites, s.ID) {
			s.CustomerID = part.ID
			part.Sites = append(part.Sites, *s)
		}
	}
	into.Sites = slices.DeleteFunc(into.Sites, func(s Site) bool { return Has(m.Sites, s.ID) })
	slices.SortStableFunc(part.Sites, func(a, b Site) int { return slices.Index(m.Sites, a.ID) - slices.Index(m.Sites, b.ID) })
}

// Join makes a job of the part one of the household that is left.
func (m *HouseholdMoved) Join(j *Job, into ID) {
	m.Jobs = append(m.Jobs, j.ID)
	j.CustomerID = into
	if twin, ok := m.Twins[j.SiteID]; ok {
		j.SiteID = twin
	}
	if j.ContactID != nil {
		if twin, ok := m.Twins[*j.ContactID]; ok {
			j.ContactID = &twin
		}
	}
}

// Part gives a job back to the part, and reports whether it goes: what was its own, and what
// came since at a place of its own, or at one that both have from a person of its own.
func (m *HouseholdMoved) Part(j *Job, part ID) bool {
	own := Has(m.Jobs, j.ID)
	theirs := j.ContactID != nil && Has(m.Contacts, *j.ContactID)
	site, both := m.back(j.SiteID)
	if !Has(m.Sites, j.SiteID) && (!both || !own && !theirs) {
		if theirs {
			j.ContactID = nil
		}
		return false
	}
	j.CustomerID, j.SiteID = part, site
	if j.ContactID != nil && !theirs {
		contact, ok := m.back(*j.ContactID)
		if j.ContactID = &contact; !ok {
			j.ContactID = nil
		}
	}
	return true
}

// back is what of the part an id stands for.
func (m *HouseholdMoved) back(id ID) (ID, bool) {
	for of, twin := range m.Twins {
		if twin == id {
			return of, true
		}
	}
	return id, false
}
