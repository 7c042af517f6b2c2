package customers

import (
	"doorstep/domain"
	"doorstep/domain/casework"
)

// handleCallMe is the household's "call me" or "I could not reach you": a promise
// with an owner and a due time. While one stands, asking again adds to it.
func handleCallMe(k *Request) error {
	if err := casework.NoteFits(k.In.Note); err != nil {
		return err
	}
	if k.Job.Status.Ended() {
		return domain.Fail(domain.CodeState, "This job has ended; reopen it first.")
	}
	source := domain.FromCallMe
	if k.In.Action == "could-not-reach" {
		source = domain.FromCouldNotReach
		if err := casework.CentreNotReached(k.Case); err != nil {
			return err
		}
	}
	k.Entry(k.Actor, "contact."+source, nil, map[string]any{"note": k.In.Note})
	standing, err := k.Tx.PromisesDue(k.Customer.ID)
	if err != nil {
		return err
	}
	owner, on, err := casework.ChooseOwner(k.Case)
	if err != nil {
		return err
	}
	due := on.Add(k.Now, domain.PromiseDue)
	for i := range standing {
		p := &standing[i]
		if p.Kind != domain.PromiseCallBack || p.JobID != k.Job.ID && p.Source != domain.FromCase || p.DueAt.After(due) {
			continue // a call that comes later than asked for is another promise
		}
		if k.Grouped { // the contact itself was added to the case already
			return casework.AddWords(k.Case, p, k.In.Note)
		}
		return casework.AddTo(k.Case, p, k.In.Note)
	}
	p := &domain.Promise{Meta: domain.NewMeta(k.Tx.NewID(), k.Now), Kind: domain.PromiseCallBack, Source: source, What: k.In.Note, DueAt: due}
	if k.By != nil {
		p.MadeBy = &k.By.UserID
	}
	if k.contact != nil {
		p.ViaID = &k.contact.ID
	}
	return casework.MakePromise(k.Case, k.Actor, p, owner)
}

// ring tells the desk of what a household asks, unless its many contacts are
// one case by now: then its owner knows already.
func ring(k *Request, kind string) error {
	if k.Grouped {
		return nil
	}
	return casework.NotifyStaff(k.Case, k.Visit, kind, domain.RoleCoordinator)
}
