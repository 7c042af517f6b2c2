package domain

import (
	"slices"
	"strings"
	"time"
)

// NumberChanged is the action of a link request that asks a household whether a change of its numbers was
// its own.
const NumberChanged = "number"

// NumberChange is what staff changed of a household's numbers. What they added proves nothing (no link
// or code goes there, no call to it is recorded) until the household says that it is theirs, by a way
// that was there before, or the area manager vouches for it, or the household was told and did not
// protest in time. Meanwhile what was taken off goes on (docs/product.md section 10).
type NumberChange struct {
	RequestID ID        `json:"request_id"` // by which the household is asked
	Added     []string  `json:"added"`
	Removed   []string  `json:"removed"`
	At        time.Time `json:"at"`
	By        *ID       `json:"by"`
	// Waits: time alone does not do, for nobody could be told, or a report is about who changed it.
	Waits   bool `json:"waits"`
	Refused bool `json:"refused"` // the household, or the area manager, said that it is not theirs
	// Struck: what was taken off is the last number that proved something, as wrong_number; nothing is written to it meanwhile.
	Struck bool `json:"struck,omitempty"`
	// Protested: somebody said so by a link that staff had read; it waits for whoever decides.
	Protested bool `json:"protested,omitempty"`
	// Of a merge: the jobs for which the numbers prove all the same, or alone do not; and the places that were of one of
	// the two alone, by which it is found whose a job is that is made later.
	Except []ID `json:"except"`
	Only   []ID `json:"only"`
	Part   []ID `json:"part,omitempty"`
	Other  []ID `json:"other,omitempty"`
}

// Runs reports whether a change is open at an instant.
func (n *NumberChange) Runs(now time.Time) bool {
	return n.Refused || n.Waits || n.Protested || now.Before(n.At.Add(NumberProvesAfter))
}

// holds reports whether a number proves nothing for a job by a change.
func (n *NumberChange) holds(phone string, job ID, now time.Time) bool {
	return Has(n.Added, phone) && n.over(job, now)
}

// over reports whether a change is open over a job.
func (n *NumberChange) over(job ID, now time.Time) bool {
	return n.Runs(now) && !Has(n.Except, job) && (len(n.Only) == 0 || Has(n.Only, job))
}

// Strike takes a number that belongs to somebody else from the known ones; false: it is none of them.
func (c *Customer) Strike(number string) (hit bool) {
	for i := range c.Contacts {
		contact := &c.Contacts[i]
		if Has(contact.Phones, number) {
			contact.Phones, contact.InvalidPhones, hit = Without(contact.Phones, number), append(contact.InvalidPhones, number), true
		}
	}
	return hit
}

// GiveBack makes a number that was struck a known one again, with the proof that it had; false: it is not struck.
func (c *Customer) GiveBack(number string) (hit bool) {
	for i := range c.Contacts {
		contact := &c.Contacts[i]
		if Has(contact.InvalidPhones, number) {
			contact.InvalidPhones, hit = Without(contact.InvalidPhones, number), true
			if !Has(contact.Phones, number) {
				contact.Phones = append(contact.Phones, number)
			}
		}
	}
	return hit
}

// DeviceProves reports whether a device that came by a link of a household reaches the household of a job: while a merge is
// asked about, what was proven for one of the two is not for the other (docs/product.md section 10).
func (c *Customer) DeviceProves(d *Device, job ID, now time.Time) bool {
	for i := range c.NumberChanges {
		n := &c.NumberChanges[i]
		merged := len(n.Except) > 0 || len(n.Only) > 0
		if merged && d.JobID != nil && n.over(job, now) && !n.over(*d.JobID, now) {
			return false
		}
	}
	return true
}

// EmailProves reports whether what reaches an e-mail address reaches the household of a job: it is of somebody of the household, and not
// of a person whom a merge that is asked about lent to the job.
func (c *Customer) EmailProves(address string, job ID, now time.Time) bool {
	return address != "" && slices.ContainsFunc(c.Contacts, func(p Contact) bool {
		return strings.EqualFold(p.Email, address) && !slices.ContainsFunc(c.NumberChanges, func(n NumberChange) bool {
			merged := len(n.Except) > 0 || len(n.Only) > 0
			return merged && n.over(job, now) && !slices.ContainsFunc(p.Phones, func(phone string) bool { return !Has(n.Added, phone) })
		})
	})
}

// Whose has the changes of a household that come of a merge know whose a job is that was made since, or given another place
// (moved): where that is not of one of the two alone, or not of the one whose the job is, what proves for one of them does
// not for the job. It reports whether any of them changed.
func (c *Customer) Whose(j *Job, moved bool, now time.Time) (changed bool) {
	for k := range c.NumberChanges {
		n := &c.NumberChanges[k]
		if len(n.Part)+len(n.Other) == 0 || !n.Runs(now) {
			continue
		}
		if len(n.Only) > 0 && !Has(n.Only, j.ID) && !Has(n.Other, j.SiteID) {
			n.Only, changed = append(n.Only, j.ID), true
		} else if i := slices.Index(n.Except, j.ID); i >= 0 && Has(n.Other, j.SiteID) {
			n.Except, changed = slices.Delete(n.Except, i, i+1), true
		} else if len(n.Only) == 0 && i < 0 && !moved && Has(n.Part, j.SiteID) {
			n.Except, changed = append(n.Except, j.ID), true
		}
	}
	return changed
}

// Moved has a change of a household's numbers reach no further than before, now that it is the part of another one (part),
// or that another one is a part of it.
func (n *NumberChange) Moved(part bool, into *Customer, m *HouseholdMoved) {
	switch {
	case part && len(n.Except)+len(n.Only) == 0:
		n.Only = slices.Clone(m.Jobs)
	case !part && len(n.Only) == 0:
		n.Except = append(n.Except, m.Jobs...)
	default:
		return
	}
	both := []ID{}
	for _, twin := range m.Twins {
		both = append(both, twin)
	}
	for i := range into.Sites {
		if id := into.Sites[i].ID; Has(m.Sites, id) {
			n.Part = append(n.Part, id)
		} else if !Has(both, id) && !Has(n.Part, id) {
			n.Other = append(n.Other, id)
		}
	}
}

// NumbersApart are those that a household has, or had until a change that is open, and another one has not.
func (c *Customer) NumbersApart(other *Customer, now time.Time) (out []string) {
	for _, phone := range append(c.phones(), c.formerNumbers(now)...) {
		if !other.has(phone) && !Has(out, phone) {
			out = append(out, phone)
		}
	}
	return out
}

func (c *Customer) phones() (out []string) {
	for i := range c.Contacts {
		out = append(out, c.Contacts[i].Phones...)
	}
	return out
}

// Proves reports whether what reaches a number reaches the household of a job: what was there before
// does, also what was taken off a while ago; what was proved wrong does not.
func (c *Customer) Proves(phone string, job ID, now time.Time) bool {
	for i := range c.NumberChanges {
		if c.NumberChanges[i].holds(phone, job, now) {
			return false
		}
	}
	return c.has(phone) || Has(c.formerNumbers(now), phone)
}

// formerNumbers are those that were taken off by a change that is open.
func (c *Customer) formerNumbers(now time.Time) (out []string) {
	for i := range c.NumberChanges {
		n := &c.NumberChanges[i]
		for _, phone := range n.Removed {
			struck := slices.ContainsFunc(c.Contacts, func(x Contact) bool { return Has(x.InvalidPhones, phone) })
			if n.Runs(now) && !struck && !Has(out, phone) {
				out = append(out, phone)
			}
		}
	}
	return out
}

// ProvingNumbers are all that prove for a job, in the order in which they are written to: of the contact whom
// it wants reached first, what was taken off a while ago, of the others.
func (c *Customer) ProvingNumbers(first *ID, job ID, now time.Time) (out []string) {
	mine, others := []string{}, []string{}
	for i := range c.Contacts {
		x := &c.Contacts[i]
		for _, phone := range x.Phones {
			switch {
			case !c.Proves(phone, job, now):
			case first != nil && x.ID == *first || first == nil && i == 0:
				mine = append(mine, phone)
			default:
				others = append(others, phone)
			}
		}
	}
	former := slices.DeleteFunc(c.formerNumbers(now), func(phone string) bool { return !c.Proves(phone, job, now) })
	return slices.Concat(mine, former, others)
}

// TextTo is the number to which a household is written about a job, and whether that proves anything:
// where none does it is that of the contact, who gets neither link nor code. Empty for no number.
func (c *Customer) TextTo(first *ID, job ID, now time.Time) (phone string, proves bool) {
	if list := c.ProvingNumbers(first, job, now); len(list) > 0 {
		return list[0], true
	}
	for i := range c.Contacts {
		x := &c.Contacts[i]
		if len(x.Phones) > 0 && (phone == "" || first != nil && x.ID == *first) {
			phone = x.Phones[0]
		}
	}
	return phone, false
}

// NoLongerRefused takes numbers that proved to be a household's out of the changes that were refused.
func NoLongerRefused(changes []NumberChange, proved []string) []NumberChange {
	for i := range changes {
		if n := &changes[i]; n.Refused {
			n.Added = slices.DeleteFunc(slices.Clone(n.Added), func(phone string) bool { return Has(proved, phone) })
		}
	}
	return slices.DeleteFunc(changes, func(n NumberChange) bool { return n.Refused && len(n.Added) == 0 })
}

// NumbersChanged compares a household with how it was; nil: no number came that was not there, and
// none that proved something went. A number proved wrong is no number that went.
func NumbersChanged(was, c *Customer, now time.Time) *NumberChange {
	n := NumberChange{At: now, Added: []string{}, Removed: []string{}}
	before := was.ProvingNumbers(nil, ID{}, now)
	for i := range c.Contacts {
		for _, phone := range c.Contacts[i].Phones {
			if !was.has(phone) && !Has(before, phone) && !Has(n.Added, phone) {
				n.Added = append(n.Added, phone)
			}
		}
	}
	for _, phone := range before {
		struck := slices.ContainsFunc(c.Contacts, func(x Contact) bool { return Has(x.InvalidPhones, phone) })
		if !c.has(phone) && !struck {
			n.Removed = append(n.Removed, phone)
		}
	}
	if len(n.Added) == 0 && !slices.ContainsFunc(n.Removed, was.has) { // what went before went by another change
		return nil
	}
	return &n
}

// PartNumberChanges gives a part of a household its own changes back, as they are by now. What came of the merge ends with it.
func PartNumberChanges(part, into []NumberChange, m *HouseholdMoved) (theirs, rest []NumberChange) {
	for _, n := range into {
		i := slices.IndexFunc(part, func(x NumberChange) bool { return x.RequestID == n.RequestID })
		switch {
		case i >= 0:
			n.Except, n.Only, n.Part, n.Other = part[i].Except, part[i].Only, part[i].Part, part[i].Other
			theirs = append(theirs, n)
		case n.RequestID == m.Asked[0] || n.RequestID == m.Asked[1]:
		default:
			rest = append(rest, n)
		}
	}
	return theirs, rest
}
