package domain

import (
	"slices"
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
	// Of a merge: the jobs for which the numbers prove all the same, or alone do not.
	Except []ID `json:"except"`
	Only   []ID `json:"only"`
}

// Runs reports whether a change is open at an instant.
func (n *NumberChange) Runs(now time.Time) bool {
	return n.Refused || n.Waits || now.Before(n.At.Add(NumberProvesAfter))
}

// holds reports whether a number proves nothing for a job by a change.
func (n *NumberChange) holds(phone string, job ID, now time.Time) bool {
	return n.Runs(now) && Has(n.Added, phone) && !Has(n.Except, job) && (len(n.Only) == 0 || Has(n.Only, job))
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
	return slices.Concat(mine, c.formerNumbers(now), others)
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

// PartNumberChanges gives a part of a household its own changes back, as they are by now.
func PartNumberChanges(part, into []NumberChange) (theirs, rest []NumberChange) {
	for _, n := range into {
		if slices.ContainsFunc(part, func(x NumberChange) bool { return x.RequestID == n.RequestID }) {
			theirs = append(theirs, n)
		} else {
			rest = append(rest, n)
		}
	}
	return theirs, rest
}
