package casework

import (
	"slices"

	"doorstep/domain"
	"doorstep/domain/reach"
)

// InvalidateNumber takes a number that belongs to somebody else from the known ones.
func InvalidateNumber(c *Case, number string) error {
	if !c.Customer.Strike(number) {
		return nil
	}
	c.Customer.ChangedAt(c.Now)
	return c.Tx.SaveCustomer(c.Customer)
}

// strikeNumber is InvalidateNumber at the word of whoever rang it. Where the household is left without a number that proves
// anything it is asked, or else whoever vouches for numbers, who is not who struck it (docs/product.md section 10).
func strikeNumber(c *Case, number string) error {
	proving := func() int { return len(c.Customer.ProvingNumbers(nil, c.Job.ID, c.Now)) }
	before := proving()
	if !c.Customer.Strike(number) {
		return nil
	}
	if before > 0 && proving() == 0 {
		change := domain.NumberChange{At: c.Now, Added: []string{}, Removed: []string{number}, Struck: true}
		if err := waits(c.Tx, c.Customer, &change, c.Job.ID, false); err != nil {
			return err
		}
		if err := askNumbers(c, c.Customer, &change); err != nil {
			return err
		}
	}
	c.Customer.ChangedAt(c.Now)
	return c.Tx.SaveCustomer(c.Customer)
}

// StrikeDenied has the number of an attempt follow what becomes of it: taken back, the number is the household's again with the
// proof that it had, unless somebody else found it wrong too; standing again, it is struck again.
func StrikeDenied(c *Case, a *domain.Attempt, takenBack bool) error {
	if a.Direction != reach.Outbound || a.Outcome != reach.WrongNumber || a.Address == "" {
		return nil
	}
	if !takenBack {
		return InvalidateNumber(c, a.Address)
	}
	strikes, err := strikesOf(c, a.Address)
	if err != nil || slices.ContainsFunc(strikes, func(s domain.Attempt) bool { return s.ID != a.ID }) {
		return err
	}
	return giveBack(c, a.Address, "the household's objection")
}

// FoundWrong reports whether a number is struck from the household because somebody of ours rang it, and not by its own word.
func FoundWrong(c *Case, number string) (bool, error) {
	strikes, err := strikesOf(c, number)
	return len(strikes) > 0, err
}

// strikesOf are the attempts that found a number of the household to be wrong and were not taken back.
func strikesOf(c *Case, number string) (out []domain.Attempt, err error) {
	jobs, err := c.Tx.JobsOfHouseholds(c.Customer.ID)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		list, err := c.Tx.AttemptsOf(j)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if a := &list[i]; a.Direction == reach.Outbound && a.Outcome == reach.WrongNumber && a.Address == number && a.Discounted == "" {
				out = append(out, *a)
			}
		}
	}
	return out, nil
}

// calledFromStruck gives a number back from which the household called: it lives. Only where somebody else than who struck it
// wrote that down, and not where the number itself said that it is somebody else's. What who struck it writes down is heard,
// and counts as nothing.
func calledFromStruck(call *Call, c *Case, a *domain.Attempt) error {
	if a.Direction != reach.Inbound || !a.Dialled() || a.Outcome == reach.WrongNumber || a.Address == "" || a.ByID == nil ||
		!slices.ContainsFunc(c.Customer.Contacts, func(p domain.Contact) bool { return domain.Has(p.InvalidPhones, a.Address) }) {
		return nil
	}
	strikes, err := strikesOf(c, a.Address)
	if err != nil || len(strikes) == 0 {
		return err
	}
	if slices.ContainsFunc(strikes, func(s domain.Attempt) bool { return s.ByID != nil && *s.ByID == call.Actor.UserID }) {
		a.Discounted = "told by who found its number to be wrong"
		return nil
	}
	for i := range strikes {
		s := &strikes[i]
		s.Discounted = "the number called us: it is the household's"
		if err := c.Tx.SaveAttempt(s); err != nil {
			return err
		}
	}
	return giveBack(c, a.Address, "it called us")
}

// giveBack makes a number known again and ends the question about it.
func giveBack(c *Case, number, because string) error {
	if !c.Customer.GiveBack(number) {
		return nil
	}
	for _, n := range c.Customer.NumberChanges {
		if !n.Struck || !domain.Has(n.Removed, number) {
			continue
		}
		r, err := c.Tx.LinkRequest(n.RequestID)
		if err != nil {
			return err
		}
		if r.Status == domain.LinkRequestPending {
			if err := c.Tx.Apply(r, "default", domain.LinkRequestLapsed); err != nil {
				return err
			}
			r.DecidedAt, r.Reasons = &c.Now, "The number was given back: "+because+"."
			r.ChangedAt(c.Now)
			c.Tx.Disarm(domain.DueLinkRequest, r.ID)
			if err := c.Tx.SaveLinkRequest(r); err != nil {
				return err
			}
		}
	}
	c.Customer.NumberChanges = slices.DeleteFunc(c.Customer.NumberChanges, func(n domain.NumberChange) bool {
		return n.Struck && domain.Has(n.Removed, number)
	})
	c.Entry(domain.System, "number.given_back", nil, map[string]any{"because": because})
	c.Customer.ChangedAt(c.Now)
	if err := c.Tx.Tx.SaveCustomer(c.Customer); err != nil { // no change by staff: it proves what it proved
		return err
	}
	return HouseholdKept(c.Tx, c.Customer)
}
