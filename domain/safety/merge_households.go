package safety

import (
	"context"
	"errors"
	"slices"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// MergeInput names the household of which another one is a part.
type MergeInput struct {
	Into   domain.ID `json:"into"`
	Reason string    `json:"reason"`
}

// PartInput takes a household out of the one of which it is a part.
type PartInput struct {
	Reason string `json:"reason"`
}

// mayMerge refuses who neither answers for a household's rows nor keeps them.
func mayMerge(a domain.Actor) error {
	if a.Is(domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
		return nil
	}
	return domain.Fail(domain.CodeForbidden, "As %s you may not merge households.", domain.RoleWords(a.Role))
}

// MergeHousehold makes a household a part of another one: what hangs on it goes over, and what lies
// over either lies over the whole. Coordinator, proprietor, area manager, admin who see both. The
// answer is what is left, alike whatever lies there. Errors: CodeNotFound, CodeForbidden, CodeState,
// CodeUnprocessable.
func (s *Service) MergeHousehold(ctx context.Context, call *casework.Call, id domain.ID, in MergeInput) (domain.Customer, error) {
	for _, x := range []domain.ID{id, in.Into} {
		if _, err := s.Read.Customer(ctx, call.Actor.Scope(), x); err != nil {
			return domain.Customer{}, err
		}
	}
	if err := mayMerge(call.Actor); err != nil {
		return domain.Customer{}, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Customer, error) {
		part, into, jobs, err := lockBoth(tx, id, in.Into)
		if errors.Is(err, errMerged) {
			return *into, nil
		} else if err != nil {
			return domain.Customer{}, err
		}
		if err := mayBeOne(tx, part, into); err != nil {
			return domain.Customer{}, err
		}
		m := domain.HouseholdMerge{ID: tx.NewID(), CustomerID: part.ID, IntoID: into.ID, MergedAt: tx.Now, MergedBy: call.Actor.UserID,
			Reason: strings.TrimSpace(in.Reason)}
		guard := numbersOfMerge(tx, part, into)
		moved := domain.JoinHouseholds(into, part)
		theirs := map[domain.ID]bool{}
		for _, j := range jobs {
			if j.CustomerID == part.ID {
				theirs[j.ID] = true
				moved.Join(j, into.ID)
			}
		}
		if err := tx.MoveHousehold(part.ID, into.ID, &moved); err != nil {
			return domain.Customer{}, err
		}
		part.MergedIntoID = &into.ID
		part.ChangedAt(tx.Now)
		into.ChangedAt(tx.Now)
		if err := tx.Tx.SaveCustomer(part); err != nil { // it has no visits any more
			return domain.Customer{}, err
		}
		if err := answeredByMerge(tx, call.Actor, part.ID, into.ID); err != nil {
			return domain.Customer{}, err
		}
		for i := range into.NumberChanges {
			into.NumberChanges[i].Moved(false, into, &moved)
		}
		for _, n := range part.NumberChanges {
			n.Moved(true, into, &moved)
			into.NumberChanges = append(into.NumberChanges, n)
		}
		if err := tx.Tx.SaveCustomer(into); err != nil {
			return domain.Customer{}, err
		}
		if err := guard(&moved, jobs); err != nil {
			return domain.Customer{}, err
		}
		if err := householdKept(tx, into); err != nil {
			return domain.Customer{}, err
		}
		if err := noteMerge(tx, call.Actor, jobs, "household.merged", part.ID, into.ID); err != nil {
			return domain.Customer{}, err
		}
		if moved.Heard, err = casework.ShareContact(tx, jobs, theirs); err != nil {
			return domain.Customer{}, err
		}
		if err := keptApartNow(tx, into.ID, jobs); err != nil {
			return domain.Customer{}, err
		}
		m.Moved.V = moved
		return *into, tx.InsertHouseholdMerge(&m)
	})
}

// numbersOfMerge guards the numbers that one of two households has and the other has not: they prove nothing for the
// other's jobs, as if staff had added them (docs/product.md section 10).
func numbersOfMerge(tx *casework.Work, part, into *domain.Customer) func(m *domain.HouseholdMoved, jobs []*domain.Job) error {
	ofPart, ofInto := part.NumbersApart(into, tx.Now), into.NumbersApart(part, tx.Now)
	return func(m *domain.HouseholdMoved, jobs []*domain.Job) error {
		latest := map[bool]*domain.Job{} // of the part, and of the other
		for _, j := range jobs {
			if old := latest[domain.Has(m.Jobs, j.ID)]; old == nil || j.OpenedAt.After(old.OpenedAt) {
				latest[domain.Has(m.Jobs, j.ID)] = j
			}
		}
		for i, added := range [][]string{ofPart, ofInto} {
			n, job := domain.NumberChange{At: tx.Now, Added: added}, latest[i == 1]
			if len(added) == 0 || job == nil { // who has no job has nothing to be proved
				continue
			}
			n.Moved(i == 1, into, m)
			if err := casework.GuardNumbers(tx, into, &n, job.ID, true); err != nil {
				return err
			}
			m.Asked[i] = n.RequestID
		}
		return tx.Tx.SaveCustomer(into)
	}
}

// errMerged says that a merge was made already.
var errMerged = errors.New("merged already")

// lockBoth locks the jobs of two households by id, then the two, and refuses what cannot be one.
func lockBoth(tx *casework.Work, id, other domain.ID) (part, into *domain.Customer, jobs []*domain.Job, err error) {
	if part, err = tx.Customer(id); err != nil {
		return nil, nil, nil, err
	}
	if into, err = tx.Customer(other); err != nil {
		return nil, nil, nil, err
	}
	whole := func(c *domain.Customer) domain.ID {
		if c.MergedIntoID != nil {
			return *c.MergedIntoID
		}
		return c.ID
	}
	switch {
	case id == other:
		return nil, nil, nil, domain.Fail(domain.CodeUnprocessable, "A household does not become a part of itself.").
			At("/into", "another household")
	case whole(into) == id:
		return nil, nil, nil, domain.Fail(domain.CodeUnprocessable, "That one is a part of this household already.").
			At("/into", "a household that is no part of this one")
	case part.MergedIntoID != nil && whole(part) == whole(into):
		into, err = tx.Customer(whole(into))
		return nil, into, nil, errors.Join(err, errMerged)
	case part.MergedIntoID != nil:
		return nil, nil, nil, domain.Fail(domain.CodeState, "This household is a part of another one already. Merge that one.")
	}
	other = whole(into)
	if _, err = lockJobsOf(tx, id, other); err != nil { // jobs before households
		return nil, nil, nil, err
	}
	locked := map[domain.ID]*domain.Customer{}
	for _, x := range inOrder(id, other) {
		if locked[x], err = tx.LockCustomer(x); err != nil {
			return nil, nil, nil, err
		}
	}
	if locked[id].MergedIntoID != nil || locked[other].MergedIntoID != nil {
		return nil, nil, nil, domain.Fail(domain.CodeState, "One of the two was merged meanwhile. Look again.")
	}
	jobs, err = lockJobsOf(tx, id, other) // with what was registered while we waited
	return locked[id], locked[other], jobs, err
}

func inOrder(ids ...domain.ID) []domain.ID {
	slices.SortFunc(ids, func(a, b domain.ID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

func lockJobsOf(tx *casework.Work, customers ...domain.ID) ([]*domain.Job, error) {
	ids, err := tx.JobsOfHouseholds(customers...)
	if err != nil {
		return nil, err
	}
	if len(ids) > domain.MergeJobsMost {
		return nil, domain.Fail(domain.CodeUnprocessable, "With more than %d jobs this is no household.", domain.MergeJobsMost)
	}
	jobs := make([]*domain.Job, 0, len(ids))
	for _, id := range inOrder(ids...) {
		j, err := tx.LockJob(id)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// mayBeOne refuses two of which somebody who may say so found that they are two, and notes that they
// are one.
func mayBeOne(tx *casework.Work, part, into *domain.Customer) error {
	state, decided, err := tx.HouseholdPair(part.ID, into.ID)
	switch {
	case err != nil:
		return err
	case state == domain.HouseholdDifferent:
		return domain.Fail(domain.CodeState, "These were found to be two households.")
	case state == domain.HouseholdSame && decided:
		return nil
	}
	return tx.PairHouseholds(part.ID, into.ID, domain.HouseholdSame, "merged", true)
}

// answeredByMerge is the answer to a question between the two by somebody who may give it. Else it
// stays open, and lies over the whole.
func answeredByMerge(tx *casework.Work, a domain.Actor, part, into domain.ID) error {
	for _, x := range [][2]domain.ID{{part, into}, {into, part}} {
		asked, err := tx.HouseholdQuestionsOf(x[0])
		if err != nil {
			return err
		}
		for i := range asked {
			q := &asked[i]
			var f *domain.Flag
			if q.OtherID != x[1] {
				continue
			}
			if q.FlagID != nil {
				if f, err = tx.Flag(*q.FlagID); err != nil {
					return err
				}
			}
			if !q.MayDecide(a, f) {
				continue
			}
			if err := tx.Apply(q, "decide", domain.HouseholdSame); err != nil {
				return err
			}
			q.DecidedAt, q.DecidedBy, q.Reasons = &tx.Now, &a.UserID, "They were merged."
			q.ChangedAt(tx.Now)
			tx.Disarm(domain.DueHousehold, q.ID)
			if err := tx.SaveHouseholdQuestion(q); err != nil {
				return err
			}
		}
	}
	return nil
}

// noteMerge writes down on each job, and in the security log, who did it.
func noteMerge(tx *casework.Work, a domain.Actor, jobs []*domain.Job, kind string, part, into domain.ID) error {
	for _, j := range jobs {
		tx.Entry(j, a, kind, nil, casework.At(tx.Now), map[string]any{"customer_id": into, "part_id": part})
	}
	return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityMerged, ActorID: &a.UserID,
		Detail: kind + " " + part.String() + " " + into.String()})
}

// keptApartNow takes out of crews whom the whole household and somebody of ours are kept apart; after
// a report of a household that waits for the release of its hold, as ever.
func keptApartNow(tx *casework.Work, customer domain.ID, jobs []*domain.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	c, err := casework.OpenCase(tx, jobs[0])
	if err != nil {
		return err
	}
	apart, err := tx.Exclusions(customer)
	if err != nil {
		return err
	}
	for i := range apart {
		f, err := tx.Flag(apart[i].FlagID)
		if err == nil && (f.Conduct() || f.OptOut() || c.Held == nil) {
			err = leaveCrews(c, &apart[i], f, tx.SaveExclusion)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PartHousehold takes a merged household apart again: each has its own back, what lies over them stays
// over both. As MergeHousehold, within domain.PartWithin. The answer is the part. Errors: CodeNotFound,
// CodeForbidden, CodeState.
func (s *Service) PartHousehold(ctx context.Context, call *casework.Call, id domain.ID, in PartInput) (domain.Customer, error) {
	sees, err := s.Read.Customers(ctx, call.Actor.Scope(), domain.CustomerFilter{Part: &id}, domain.Page{Limit: 1})
	if err == nil && len(sees) == 0 {
		err = domain.NotFound("customer")
	}
	if err != nil {
		return domain.Customer{}, err
	}
	if err := mayMerge(call.Actor); err != nil {
		return domain.Customer{}, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Customer, error) {
		m, err := tx.LockHouseholdMerge(id)
		switch {
		case casework.NotFound(err):
			c, err := tx.Tx.Customer(id)
			if err == nil && c.MergedIntoID == nil {
				err = domain.Fail(domain.CodeState, "This household is no part of another one.")
			} else if err == nil {
				err = tooLateToPart()
			}
			return domain.Customer{}, err
		case err != nil:
			return domain.Customer{}, err
		case tx.Now.After(m.MergedAt.Add(domain.PartWithin)):
			return domain.Customer{}, tooLateToPart()
		}
		part, err := partHousehold(tx, call.Actor, m)
		if err != nil {
			return domain.Customer{}, err
		}
		return *part, nil
	})
}

func tooLateToPart() error {
	return domain.Fail(domain.CodeState, "A merge is taken apart within 30 days.")
}

func partHousehold(tx *casework.Work, a domain.Actor, m *domain.HouseholdMerge) (*domain.Customer, error) {
	_, err := lockJobsOf(tx, m.IntoID)
	if err != nil {
		return nil, err
	}
	locked := map[domain.ID]*domain.Customer{}
	for _, x := range inOrder(m.CustomerID, m.IntoID) {
		if locked[x], err = tx.LockCustomer(x); err != nil {
			return nil, err
		}
	}
	part, into := locked[m.CustomerID], locked[m.IntoID]
	if into.MergedIntoID != nil {
		return nil, domain.Fail(domain.CodeState, "What it was merged into is a part of another household by now. Take that apart first.")
	}
	jobs, err := lockJobsOf(tx, m.IntoID)
	if err != nil {
		return nil, err
	}
	var back []domain.ID
	for _, j := range jobs {
		if m.Moved.V.Part(j, part.ID) {
			back = append(back, j.ID)
		}
	}
	domain.PartHouseholds(into, part, &m.Moved.V)
	if err := tx.PartHousehold(part.ID, into.ID, &m.Moved.V, back); err != nil {
		return nil, err
	}
	part.MergedIntoID = nil
	part.ChangedAt(tx.Now)
	into.ChangedAt(tx.Now)
	part.NumberChanges, into.NumberChanges = domain.PartNumberChanges(part.NumberChanges, into.NumberChanges, &m.Moved.V)
	for _, c := range []*domain.Customer{into, part} { // each has the numbers that it had
		if err := tx.Tx.SaveCustomer(c); err != nil {
			return nil, err
		}
		if err := householdKept(tx, c); err != nil {
			return nil, err
		}
	}
	if err := askParted(tx, part.ID, into.ID); err != nil {
		return nil, err
	}
	if err := noteMerge(tx, a, jobs, "household.parted", part.ID, into.ID); err != nil {
		return nil, err
	}
	if err := casework.UnshareContact(tx, m.Moved.V.Heard); err != nil {
		return nil, err
	}
	m.PartedAt, m.PartedBy = &tx.Now, &a.UserID
	return part, tx.SaveHouseholdMerge(m)
}

// askParted asks of two that were parted, and that share neither number nor place, whether what lies over one is over the other too:
// the merge was the only link, and nobody is held by that alone.
func askParted(tx *casework.Work, part, into domain.ID) error {
	state, _, err := tx.HouseholdPair(part, into)
	if err != nil || state != "" {
		return err
	}
	if err := ask(tx, part, into, "", false); err != nil {
		return err
	}
	return ask(tx, into, part, "", false)
}

// partedByAnswer takes two households apart that were merged while it was asked whether they are one.
func partedByAnswer(tx *casework.Work, a domain.Actor, q *domain.HouseholdQuestion) error {
	for _, x := range [][2]domain.ID{{q.CustomerID, q.OtherID}, {q.OtherID, q.CustomerID}} {
		m, err := tx.LockHouseholdMerge(x[0])
		if err == nil && m.IntoID == x[1] {
			_, err = partHousehold(tx, a, m)
		}
		if err != nil && !casework.NotFound(err) {
			return err
		}
	}
	return nil
}
