package safety

import (
	"slices"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// whoseAtMost is about how many households of one number somebody is asked: those with the latest jobs. More are a dealer's, whom
// no list finds.
const whoseAtMost = 10

// sharedBy gives the households with a number that more than SharedNumber use, or nil. Rows that came after a hold over the
// number do not make it one that many share.
func sharedBy(tx *casework.Work, phone string) ([]domain.ID, error) {
	all, err := tx.CustomersByPhone(phone, true)
	if err != nil || len(all) <= domain.SharedNumber {
		return nil, err
	}
	var held *domain.Hold // the first that stands over one of them
	for _, id := range all {
		holds, err := tx.HoldsOver(&domain.Job{CustomerID: id}, true)
		if err != nil {
			return nil, err
		}
		for i := range holds {
			h := &holds[i]
			stands := h.Kind == domain.HoldSafety && (h.LiftedAt == nil || len(h.Plan) > 0)
			if stands && (held == nil || h.Since.Before(held.Since)) {
				held = h
			}
		}
	}
	users := map[string]bool{}
	for _, id := range all {
		c, err := tx.Customer(id)
		if err != nil {
			return nil, err
		}
		if held == nil || !held.Since.Before(c.CreatedAt) {
			users[c.HouseholdKey()] = true
		}
	}
	if len(users) <= domain.SharedNumber {
		return nil, nil
	}
	return all, nil
}

// askWhose asks whoever triages a report by a number that many use about which of them it is. Nothing is held before the answer
// (docs/product.md section 5); they were told of the report itself at once.
func askWhose(tx *casework.Work, f *domain.Flag, households []domain.ID) error {
	if len(households) == 0 || f.Level == 0 || !f.Status.Open() {
		return nil
	}
	var jobs []*domain.Job
	for _, id := range households {
		j, err := tx.LatestJobOf(id)
		if casework.NotFound(err) {
			continue
		} else if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	slices.SortStableFunc(jobs, func(a, b *domain.Job) int { return b.OpenedAt.Compare(a.OpenedAt) })
	for i, j := range jobs[:min(len(jobs), whoseAtMost)] {
		q := &domain.HouseholdQuestion{Meta: domain.NewMeta(tx.NewID(), tx.Now), CustomerID: j.CustomerID, OtherID: j.CustomerID,
			AreaID: j.AreaID, FlagID: &f.ID, Critical: f.Severe(), DueAt: tx.Now.Add(domain.HouseholdDue)}
		if f.AreaID != nil {
			q.AreaID = *f.AreaID
		}
		if q.Critical {
			q.DueAt = tx.Now.Add(domain.HouseholdDueSoon)
		}
		if err := tx.Apply(q, "ask"); err != nil {
			return err
		}
		if err := tx.InsertHouseholdQuestion(q); err != nil {
			return err
		}
		if i == 0 { // one of them is late for all
			tx.SetDeadline(domain.DueHousehold, q.ID, nil, q.DueAt)
		}
	}
	return nil
}

// whoseBeside are the other questions that wait about the same report.
func whoseBeside(tx *casework.Work, q *domain.HouseholdQuestion, f *domain.Flag) ([]domain.HouseholdQuestion, error) {
	households, err := tx.CustomersByPhone(f.Phone, true)
	if err != nil {
		return nil, err
	}
	var out []domain.HouseholdQuestion
	for _, id := range households {
		asked, err := tx.HouseholdQuestionsOf(id)
		if err != nil {
			return nil, err
		}
		for i := range asked {
			if o := &asked[i]; o.ID != q.ID && o.Whose() && *o.FlagID == f.ID {
				out = append(out, *o)
			}
		}
	}
	return out, nil
}

// whoseAnswered carries out an answer. Found, the report is that household's from now on, as if it had named it, and it is about none
// of the others.
func whoseAnswered(tx *casework.Work, call *casework.Call, q *domain.HouseholdQuestion, f *domain.Flag) error {
	beside, err := whoseBeside(tx, q, f)
	if err != nil {
		return err
	}
	if q.Status == domain.HouseholdDifferent {
		if len(beside) > 0 {
			tx.SetDeadline(domain.DueHousehold, beside[0].ID, nil, casework.Later(beside[0].DueAt, tx.Now))
		}
		return nil
	}
	for i := range beside {
		o := &beside[i]
		if err := tx.Apply(o, "decide", domain.HouseholdDifferent); err != nil {
			return err
		}
		o.DecidedAt, o.DecidedBy, o.Reasons = &tx.Now, q.DecidedBy, "It was another household."
		o.ChangedAt(tx.Now)
		tx.Disarm(domain.DueHousehold, o.ID)
		if err := tx.SaveHouseholdQuestion(o); err != nil {
			return err
		}
	}
	j, err := tx.LatestJobOf(q.CustomerID)
	if err != nil {
		return err
	}
	if j, err = tx.LockJob(j.ID); err != nil {
		return err
	}
	c, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	if f, err = tx.LockFlag(f.ID); err != nil {
		return err
	}
	area := f.AreaID
	belong(f, call.Actor, c)
	if by, err := tx.User(*f.ReporterID); err != nil {
		return err
	} else if err := wereThere(c, domain.Actor{UserID: by.ID, Role: by.Role}, f); err != nil {
		return err
	}
	f.ChangedAt(tx.Now)
	if !f.Status.Open() {
		return tx.SaveFlag(f)
	}
	if area == nil || *area != *f.AreaID { // those who answer for that household read it too
		f.Step = 0
		if err := passOn(tx, f, "flag.triage"); err != nil {
			return err
		}
	}
	if err := tx.SaveFlag(f); err != nil {
		return err
	}
	return consequences(c, nil, f)
}
