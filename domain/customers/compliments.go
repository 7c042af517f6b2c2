package customers

import (
	"context"
	"regexp"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// ThanksView is a thank-you as answered.
type ThanksView struct {
	domain.Thanks
	Status  string                  `json:"status"` // to a technician always delivered
	Actions domain.JSONList[string] `json:"actions"`
}

var moderators = domain.Desk

// NewThanksView shows a thank-you. To a technician it is delivered and says
// nothing of how it was moderated.
func NewThanksView(a domain.Actor, t *domain.Thanks) ThanksView {
	v := ThanksView{Thanks: *t, Status: t.Status}
	if a.Role == domain.RoleTechnician {
		v.Status, v.ModeratedBy, v.ModeratedAt, v.Reason = "delivered", nil, nil, ""
	} else if a.Is(moderators...) {
		v.Actions = domain.ThanksMoves.Of(t.Status, "moderate")
	}
	return v
}

// thankable reports whether a household may give thanks for a visit: its
// completion is what the household confirmed.
func thankable(v *domain.Visit) bool {
	return v.Status == domain.VisitCompleted && v.DoneConfirmedAt != nil && !v.Disputed
}

// thanksVisit is the last visit for which thanks can be given and were not.
func thanksVisit(tx domain.ThanksTx, visits []domain.Visit) (*domain.Visit, error) {
	var last *domain.Visit
	for i := range visits {
		if v := &visits[i]; thankable(v) && (last == nil || v.WindowStart.After(last.WindowStart)) {
			last = v
		}
	}
	if last == nil {
		return nil, nil
	}
	given, err := tx.ThanksOfVisit(last.ID)
	if err != nil || given {
		return nil, err
	}
	return last, nil
}

// handleThanks keeps what the household said and asks the centre to read it. The
// timeline does not name it: the crew would see there what nobody has read
// yet.
func handleThanks(k *Request) error {
	tx, now := k.Tx, k.Now
	v, text, err := thanksOf(k)
	if err != nil {
		return err
	}
	t := &domain.Thanks{Meta: domain.NewMeta(k.Tx.NewID(), now), JobID: v.JobID, VisitID: v.ID, ViaID: k.via(), CustomerID: v.CustomerID,
		CentreID: v.CentreID,
		AreaID:   v.AreaID, Text: text,
		Crew: v.Crew, DeliverBy: now.Add(domain.ThanksWithin)}
	if err := tx.Apply(t, "thank"); err != nil {
		return err
	}
	if err := tx.InsertThanks(t); err != nil {
		return err
	}
	tx.SetDeadline(domain.DueThanks, t.ID, &t.JobID, t.DeliverBy)
	users, err := tx.UsersWith(domain.RoleCoordinator, &t.CentreID, nil)
	if err != nil {
		return err
	}
	c, err := tx.Centre(t.CentreID)
	if err != nil {
		return err
	}
	return casework.NotifyOnDuty(tx, users, c, func(u *domain.User) domain.Notice {
		return casework.NewNotice(k.Tx.Svc, "thanks.waiting", u.Language, now, t.DeliverBy, casework.ToUser(u.ID))
	})
}

// thanksOf gives the visit that is thanked for, and the words.
func thanksOf(k *Request) (*domain.Visit, string, error) {
	v, err := thanksVisit(k.Tx, k.Visits)
	if err != nil {
		return nil, "", err
	}
	if v == nil {
		return nil, "", domain.Fail(domain.CodeState, "There is no confirmed visit to give thanks for, or it was done already.")
	}
	text := strings.TrimSpace(strings.ReplaceAll(k.In.Text, "\r\n", "\n"))
	if n := len([]rune(text)); n == 0 || n > 500 {
		return nil, "", domain.Fail(domain.CodeUnprocessable, "Thanks are a few words.").At("/text", "1 to 500 characters")
	}
	return v, text, nil
}

// undoThanks stops what a stranger wrote, as long as nobody has it.
func undoThanks(tx *casework.Work, j *domain.Job, via map[domain.ID]bool) error {
	list, err := tx.ThanksOfJob(j.ID)
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		if t.ViaID == nil || !via[*t.ViaID] || !domain.ThanksMoves.Open("undo", t.Status) {
			continue
		}
		if err := tx.Apply(t, "undo"); err != nil {
			return err
		}
		t.Reason, t.ModeratedAt = "said by somebody else", &tx.Now
		tx.Disarm(domain.DueThanks, t.ID)
		t.ChangedAt(tx.Now)
		if err := tx.SaveThanks(t); err != nil {
			return err
		}
	}
	return nil
}

// Moderation passes a thank-you on, or not.
type Moderation struct {
	Decision string `json:"decision"` // approve, refuse
	Reason   string `json:"reason"`   // of refuse
}

// ModerateThanks decides about a thank-you that waits. Coordinator,
// proprietor, area manager. Errors: CodeNotFound, CodeState, CodeUnprocessable.
func (s *Service) ModerateThanks(ctx context.Context, call *casework.Call, id domain.ID, in Moderation) (ThanksView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (ThanksView, error) {
		t, err := tx.LockThanks(id)
		if err != nil {
			return ThanksView{}, err
		}
		if !call.Actor.Is(moderators...) || !call.Actor.Reaches(t.CentreID, t.AreaID) {
			return ThanksView{}, domain.NotFound("thank-you") // nobody else may read it
		}
		if err := domain.ThanksMoves.Check("moderate", t.Status); err != nil {
			return ThanksView{}, err
		}
		switch in.Decision {
		case "approve":
			err = tx.Apply(t, "moderate", "approved")
		case "refuse":
			if strings.TrimSpace(in.Reason) == "" {
				return ThanksView{}, domain.Fail(domain.CodeUnprocessable, "Say why it is not passed on.").At("/reason", "a few words")
			}
			err = tx.Apply(t, "moderate", "refused")
			tx.Disarm(domain.DueThanks, t.ID)
		default:
			return ThanksView{}, domain.Fail(domain.CodeUnprocessable, "It is approved or refused.").At("/decision", "approve or refuse")
		}
		if err != nil {
			return ThanksView{}, err
		}
		t.ModeratedBy, t.ModeratedAt, t.Reason = &call.Actor.UserID, &tx.Now, strings.TrimSpace(in.Reason)
		t.ChangedAt(tx.Now)
		err = tx.SaveThanks(t)
		return NewThanksView(call.Actor, t), err
	})
}

// Thanks lists what the actor may read: coordinator, proprietor and area
// manager those of their centres, a technician those delivered to them.
// Errors: CodeForbidden.
func (s *Service) Thanks(ctx context.Context, a domain.Actor, status string, p domain.Page) ([]domain.Thanks, error) {
	if !a.Is(moderators...) && a.Role != domain.RoleTechnician {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read thanks.", domain.RoleWords(a.Role))
	}
	return s.Read.Thanks(ctx, a, status, p)
}

// private finds what should not reach a crew unread: a number that can be
// dialled, a link, an e-mail address.
var private = regexp.MustCompile(`(?:[0-9०-९][\s().+-]*){5}|https?:|www\.|[^\s@]+@|[\pL\d-]\.[a-z]{2,}(?:/|\b)`)

// ThanksDue ends the time of a thank-you. What nobody read is passed on when
// nothing private stands in it, else refused; what was approved goes to those
// of the crew who do not have it yet.
func ThanksDue(tx *casework.Work, id domain.ID) error {
	t, err := tx.LockThanks(id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	if domain.ThanksMoves.Open("unread", t.Status) {
		to, why := "approved", "not read within 7 days; nothing private in it"
		if private.MatchString(strings.ToLower(t.Text)) {
			to, why = "refused", "not read within 7 days; it holds a number, a link or an address"
		}
		if err := tx.Apply(t, "unread", to); err != nil {
			return err
		}
		t.ModeratedAt, t.Reason = &tx.Now, why
	}
	if !domain.ThanksMoves.Open("deliver", t.Status) {
		t.ChangedAt(tx.Now)
		return tx.SaveThanks(t)
	}
	if err := tx.Apply(t, "deliver"); err != nil {
		return err
	}
	t.ChangedAt(tx.Now)
	list, err := tx.UndeliveredThanks(&t.ID, nil)
	if err != nil {
		return err
	}
	for _, to := range list {
		if err := deliverThanks(tx, to); err != nil {
			return err
		}
	}
	return tx.SaveThanks(t)
}

// deliverThanks tells one person, once. The text waits in the app.
func deliverThanks(tx *casework.Work, to domain.ThanksFor) error {
	fresh, err := tx.DeliverThanks(to, tx.Now)
	if err != nil || !fresh {
		return err
	}
	return casework.NotifyUser(tx, to.UserID, "kindness.thanks")
}

// ComplimentsAfter hands approved thanks to those of a crew for whom the visit that
// ended was hard. It never says why now: the row of the thank-you does not
// change, so that no desk can tell from it what happened.
func ComplimentsAfter(tx *casework.Work, v *domain.Visit) error {
	list, err := tx.UndeliveredThanks(nil, v.EverCrew)
	if err != nil || len(list) == 0 {
		return err
	}
	flags, err := tx.FlagsOfVisit(v.ID)
	if err != nil {
		return err
	}
	attempts, err := tx.AttemptsOf(v.JobID)
	if err != nil {
		return err
	}
	for _, to := range list {
		if hardFor(to.UserID, v, flags, attempts) {
			if err := deliverThanks(tx, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// hardFor reports whether a visit was hard for somebody of its crew: it ended
// without access or was stopped, somebody was hostile, or they reported more
// than a hard contact.
func hardFor(user domain.ID, v *domain.Visit, flags []domain.Flag, attempts []domain.Attempt) bool {
	there := domain.Has(v.Crew, user)
	if there && (v.Status == domain.VisitStopped || v.Status == domain.VisitNoAccess) {
		return true
	}
	for i := range flags {
		if flags[i].ReportedBy(user) && flags[i].Level >= 1 {
			return true
		}
	}
	began := v.WindowStart
	for _, at := range []*time.Time{v.EnRouteAt, v.ArrivedAt, v.StartedAt} {
		if at != nil && at.Before(began) {
			began = *at
		}
	}
	for i := range attempts {
		t := &attempts[i]
		if t.Outcome == "hostile" && (t.VisitID != nil && *t.VisitID == v.ID && there ||
			t.ByID != nil && *t.ByID == user && !t.OccurredAt.Before(began)) {
			return true
		}
	}
	return false
}
