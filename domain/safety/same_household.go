package safety

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// householdKept follows each change of a household: what lies over another row of it lies over
// this one's visits from now on, and what may be the same is asked.
func householdKept(tx *casework.Work, c *domain.Customer) error {
	if c.Version > 1 { // a new one has no visits
		if err := underHolds(tx, c.ID); err != nil {
			return err
		}
	}
	return askAbout(tx, c, false)
}

// jobRegistered asks what was not asked yet; where a safety-critical job waits, sooner.
func jobRegistered(tx *casework.Work, c *domain.Customer, j *domain.Job) error {
	if err := askAbout(tx, c, j.SafetyCritical); err != nil || !j.SafetyCritical {
		return err
	}
	asked, err := tx.HouseholdQuestionsOf(c.ID)
	for i := range asked {
		q := &asked[i]
		if due := tx.Now.Add(domain.HouseholdDueSoon); err == nil && due.Before(q.DueAt) {
			q.Critical, q.DueAt = true, due
			q.ChangedAt(tx.Now)
			tx.SetDeadline(domain.DueHousehold, q.ID, nil, q.DueAt)
			err = tx.SaveHouseholdQuestion(q)
		}
	}
	return err
}

// askAbout asks whether a household is one of those over which something lies, next door or
// with a number that many share.
func askAbout(tx *casework.Work, c *domain.Customer, critical bool) error {
	like, err := tx.LikeHouseholds(c, false)
	if err != nil || len(like) == 0 {
		return err
	}
	for _, id := range like {
		other, err := tx.Customer(id)
		if err == nil && c.PerhapsSame(other) {
			err = ask(tx, c.ID, id, "", critical)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// askAround asks the same from the other side, when something comes to lie over a household.
func askAround(tx *casework.Work, c *domain.Customer) error {
	like, err := tx.LikeHouseholds(c, true)
	if err != nil {
		return err
	}
	for _, id := range like {
		other, err := tx.Customer(id)
		if err == nil && c.PerhapsSame(other) {
			err = ask(tx, id, c.ID, "", false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask asks whoever answers for what lies over the other household.
func ask(tx *casework.Work, customer, other domain.ID, words string, critical bool) error {
	f, area, err := over(tx, other)
	if err != nil || area == (domain.ID{}) {
		return err
	}
	q := &domain.HouseholdQuestion{Meta: domain.NewMeta(tx.NewID(), tx.Now), CustomerID: customer, OtherID: other, AreaID: area,
		Critical: critical, Words: words, DueAt: tx.Now.Add(domain.HouseholdDue)}
	if critical {
		q.DueAt = tx.Now.Add(domain.HouseholdDueSoon)
	}
	if f != nil {
		q.FlagID = &f.ID
	}
	if err := tx.Apply(q, "ask"); err != nil {
		return err
	}
	if words == "" { // who is held stays so until the answer
		if err := tx.PairHouseholds(customer, other, domain.HouseholdAsked, "asked", false); err != nil {
			return err
		}
	}
	if err := tx.InsertHouseholdQuestion(q); err != nil {
		return err
	}
	tx.SetDeadline(domain.DueHousehold, q.ID, nil, q.DueAt)
	if f != nil {
		return notifyHandlers(tx, f, "household.asked")
	}
	users, err := tx.UsersWith(domain.RoleAreaManager, nil, &area)
	if err != nil {
		return err
	}
	return tellOfHousehold(tx, users, "household.asked")
}

func tellOfHousehold(tx *casework.Work, users []domain.User, kind string) error {
	return casework.NotifyOnDuty(tx, users, nil, func(u *domain.User) domain.Notice {
		return casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID))
	})
}

// over is the report behind what lies over a household, if it came of one, and the area that
// answers; no area: nothing lies there.
func over(tx *casework.Work, customer domain.ID) (*domain.Flag, domain.ID, error) {
	holds, err := tx.HoldsOver(&domain.Job{CustomerID: customer}, true)
	if err != nil {
		return nil, domain.ID{}, err
	}
	var reports []*domain.ID
	for i := range holds {
		if h := &holds[i]; h.Kind == domain.HoldSafety && h.LiftedAt == nil {
			reports = append(reports, h.FlagID)
		}
	}
	if h := domain.PlanHold(holds); h != nil {
		reports = append(reports, h.FlagID)
	}
	apart, err := tx.Exclusions(customer)
	if err != nil {
		return nil, domain.ID{}, err
	}
	for i := range apart {
		reports = append(reports, &apart[i].FlagID)
	}
	for _, id := range reports {
		if id == nil {
			continue
		}
		f, err := tx.Flag(*id)
		if err != nil {
			return nil, domain.ID{}, err
		}
		if !f.OptOut() && f.AreaID != nil {
			return f, *f.AreaID, nil
		}
	}
	notes, err := tx.AdvisoriesOf(customer)
	if err != nil || len(notes) == 0 {
		return nil, domain.ID{}, err
	}
	return nil, notes[0].AreaID, nil
}

// HouseholdOverdue passes a question that nobody answered on to all area managers and admins.
func HouseholdOverdue(tx *casework.Work, id domain.ID) error {
	q, err := tx.LockHouseholdQuestion(id)
	if casework.NotFound(err) || err == nil && q.Status != domain.HouseholdAsked {
		return nil
	} else if err != nil {
		return err
	}
	q.Climbed = true
	q.ChangedAt(tx.Now)
	var f *domain.Flag
	if q.FlagID != nil {
		if f, err = tx.Flag(*q.FlagID); err != nil {
			return err
		}
	}
	var users []domain.User
	for _, role := range []domain.Role{domain.RoleAreaManager, domain.RoleAdmin} {
		found, err := tx.UsersWith(role, nil, nil)
		if err != nil {
			return err
		}
		users = append(users, slices.DeleteFunc(found, func(u domain.User) bool { return f != nil && f.Involves(u.ID) })...)
	}
	again := domain.HouseholdDue
	if q.Critical {
		again = domain.HouseholdDueSoon
	}
	tx.SetDeadline(domain.DueHousehold, q.ID, nil, tx.Now.Add(again))
	if err := tx.SaveHouseholdQuestion(q); err != nil {
		return err
	}
	if q.Whose() { // all that wait about that report are late with it, and ring once
		beside, err := whoseBeside(tx, q, f)
		if err != nil {
			return err
		}
		for i := range beside {
			o := &beside[i]
			o.Climbed = true
			o.ChangedAt(tx.Now)
			if err := tx.SaveHouseholdQuestion(o); err != nil {
				return err
			}
		}
	}
	return tellOfHousehold(tx, users, "household.asked")
}

// HouseholdDecision answers whether two rows are one household.
type HouseholdDecision struct {
	Decision string `json:"decision"` // same or different
	Reasons  string `json:"reasons"`
}

// DecideHousehold answers: the same is under what lies over the other from now on, a
// different one never by this again. Who answers for the report. Errors: CodeNotFound,
// CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) DecideHousehold(ctx context.Context, call *casework.Call, id domain.ID,
	in HouseholdDecision) (domain.HouseholdQuestionView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.HouseholdQuestionView, error) {
		var none domain.HouseholdQuestionView
		q, err := tx.LockHouseholdQuestion(id)
		if err != nil {
			return none, err
		}
		if err := triages(call.Actor); err != nil && (call.Actor.Role == domain.RoleAgent || call.Actor.AreaID == q.AreaID) {
			return none, err
		}
		var f *domain.Flag
		if q.FlagID != nil {
			if f, err = tx.Flag(*q.FlagID); err != nil {
				return none, err
			}
		}
		if !q.MayDecide(call.Actor, f) {
			return none, domain.NotFound("household question")
		}
		if strings.TrimSpace(in.Reasons) == "" {
			return none, domain.Fail(domain.CodeUnprocessable, "Say how you know.").At("/reasons", "a few words")
		}
		if in.Decision != domain.HouseholdSame && in.Decision != domain.HouseholdDifferent {
			return none, domain.Fail(domain.CodeUnprocessable, "Decide same or different.").At("/decision", "same or different")
		}
		if err := tx.Apply(q, "decide", in.Decision); err != nil {
			return none, err
		}
		q.DecidedAt, q.DecidedBy, q.Reasons = &tx.Now, &call.Actor.UserID, in.Reasons
		q.ChangedAt(tx.Now)
		tx.Disarm(domain.DueHousehold, q.ID)
		if err := tx.SaveHouseholdQuestion(q); err != nil {
			return none, err
		}
		if q.CustomerID != q.OtherID { // else it was the row itself that said so: its hold is released as any
			if err := tx.PairHouseholds(q.CustomerID, q.OtherID, in.Decision, "decided", true); err != nil {
				return none, err
			}
		}
		if q.Whose() {
			if err := whoseAnswered(tx, call, q, f); err != nil {
				return none, err
			}
		}
		if in.Decision == domain.HouseholdDifferent {
			if err := partedByAnswer(tx, call.Actor, q); err != nil {
				return none, err
			}
		}
		if in.Decision == domain.HouseholdSame {
			if err := underHolds(tx, q.CustomerID); err != nil {
				return none, err
			}
		}
		one, err := tx.Customer(q.CustomerID)
		if err != nil {
			return none, err
		}
		other, err := tx.Customer(q.OtherID)
		if err != nil {
			return none, err
		}
		return q.View(one, other), nil
	})
}

// handleNotUs is the word of a household that visits are paused for somebody else. It asks
// whoever answers for the report and lifts nothing; said again, it adds nothing.
func handleNotUs(k *customers.Request) error {
	if k.Held == nil || k.Held.CustomerID == nil {
		return domain.Fail(domain.CodeState, "Visits are not paused any more.")
	}
	asked, err := k.Tx.HouseholdQuestionsOf(k.Customer.ID)
	if err != nil || slices.ContainsFunc(asked, func(q domain.HouseholdQuestion) bool {
		return q.OtherID == *k.Held.CustomerID && !q.Whose()
	}) {
		return err
	}
	words := strings.TrimSpace(k.In.Note)
	if words == "" {
		words = "It is not us."
	}
	return ask(k.Tx, k.Customer.ID, *k.Held.CustomerID, words, k.Job.SafetyCritical)
}

// triages refuses those who never answer.
func triages(a domain.Actor) error {
	if a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return nil
	}
	return domain.Fail(domain.CodeForbidden, "As %s you are not asked whether two households are one.", domain.RoleWords(a.Role))
}

// HouseholdQuestions lists those that the actor answers. Area manager, admin.
func (s *Service) HouseholdQuestions(ctx context.Context, a domain.Actor, status string,
	p domain.Page) ([]domain.HouseholdQuestionView, error) {
	if err := triages(a); err != nil {
		return nil, err
	}
	rows, err := s.Read.HouseholdQuestions(ctx, a, status, p)
	if err != nil {
		return nil, err
	}
	var reports []domain.ID
	for i := range rows {
		if rows[i].FlagID != nil {
			reports = append(reports, *rows[i].FlagID)
		}
	}
	flags, err := s.Read.FlagsBehind(ctx, reports)
	if err != nil {
		return nil, err
	}
	out := make([]domain.HouseholdQuestionView, 0, len(rows))
	for i := range rows {
		q := &rows[i]
		var f *domain.Flag
		if q.FlagID != nil {
			of := flags[*q.FlagID]
			f = &of
		}
		if !q.MayDecide(a, f) {
			continue
		}
		one, err := s.Read.Customer(ctx, domain.Scope{All: true}, q.CustomerID) // the reader compares two whole households
		if err != nil {
			return nil, err
		}
		other, err := s.Read.Customer(ctx, domain.Scope{All: true}, q.OtherID)
		if err != nil {
			return nil, err
		}
		out = append(out, q.View(one, other))
	}
	return out, nil
}

// underHolds lets the visits of a household that turned out to be held keep their slot until
// their window, as those of the row that was reported.
func underHolds(tx *casework.Work, customer domain.ID) error {
	visits, err := tx.UnfinishedOfCustomer(customer)
	if err != nil || len(visits) == 0 {
		return err
	}
	holds, err := tx.HoldsOver(&domain.Job{CustomerID: customer}, false)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Kind != domain.HoldSafety {
			continue
		}
		for i := range visits {
			if v := &visits[i]; v.Status == domain.VisitScheduled {
				tx.SetDeadline(domain.DueHeldCancel, v.ID, &v.JobID, casework.Later(v.WindowStart, tx.Now))
			}
		}
		break
	}
	return nil
}
