package domain

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Thanks is what a household wrote by its link after a completed visit. The
// centre reads it first; it reaches each of the crew best after a hard visit,
// and by DeliverBy at the latest (docs/product.md section 5, "Afterwards"). Nobody
// counts or compares it.
type Thanks struct {
	Meta
	JobID       ID           `json:"job_id"`
	VisitID     ID           `json:"visit_id"`
	ViaID       *ID          `json:"-"` // the contact in which it was said
	CustomerID  ID           `json:"-"`
	CentreID    ID           `json:"-"`
	AreaID      ID           `json:"-"`
	Text        string       `json:"text"`
	Status      string       `json:"status"` // waiting, approved, refused, delivered (to the whole crew)
	Crew        JSONList[ID] `json:"crew"`   // of the visit
	ModeratedBy *ID          `json:"moderated_by"`
	ModeratedAt *time.Time   `json:"moderated_at"`
	Reason      string       `json:"reason"`
	DeliverBy   time.Time    `json:"deliver_by"`
}

// ThanksFor names one person to whom an approved thank-you still has to go.
type ThanksFor struct{ ThanksID, UserID ID }

// ThanksView is a thank-you as answered.
type ThanksView struct {
	Thanks
	Status  string           `json:"status"` // to a technician always delivered
	Actions JSONList[string] `json:"actions"`
}

var moderators = desk

// NewThanksView shows a thank-you. To a technician it is delivered and says
// nothing of how it was moderated.
func NewThanksView(a Actor, t *Thanks) ThanksView {
	v := ThanksView{Thanks: *t, Status: t.Status}
	if a.Role == RoleTechnician {
		v.Status, v.ModeratedBy, v.ModeratedAt, v.Reason = "delivered", nil, nil, ""
	} else if a.Is(moderators...) {
		v.Actions = ThanksMoves.of(t.Status, "moderate")
	}
	return v
}

// thankable reports whether a household may give thanks for a visit: its
// completion is what the household confirmed.
func thankable(v *Visit) bool {
	return v.Status == VisitCompleted && v.DoneConfirmedAt != nil && !v.Disputed
}

// thanksVisit is the last visit for which thanks can be given and were not.
func thanksVisit(tx ThanksTx, visits []Visit) (*Visit, error) {
	var last *Visit
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
func handleThanks(k *request) error {
	tx, now := k.tx, k.now
	v, err := thanksVisit(tx, k.visits)
	if err != nil {
		return err
	}
	if v == nil {
		return Fail(CodeState, "There is no confirmed visit to give thanks for, or it was done already.")
	}
	text := strings.TrimSpace(strings.ReplaceAll(k.in.Text, "\r\n", "\n"))
	if n := len([]rune(text)); n == 0 || n > 500 {
		return Fail(CodeUnprocessable, "Thanks are a few words.").At("/text", "1 to 500 characters")
	}
	t := &Thanks{Meta: newMeta(k.tx.NewID(), now), JobID: v.JobID, VisitID: v.ID, ViaID: k.via(), CustomerID: v.CustomerID,
		CentreID: v.CentreID,
		AreaID:   v.AreaID, Text: text,
		Crew: v.Crew, DeliverBy: now.Add(thanksWithin)}
	if err := tx.apply(t, "thank"); err != nil {
		return err
	}
	if err := tx.InsertThanks(t); err != nil {
		return err
	}
	tx.setDeadline(DueThanks, t.ID, &t.JobID, t.DeliverBy)
	users, err := tx.UsersWith(RoleCoordinator, &t.CentreID, nil)
	if err != nil {
		return err
	}
	c, err := tx.Centre(t.CentreID)
	if err != nil {
		return err
	}
	return notifyOnDuty(tx, users, c, func(u *User) Notice {
		return k.tx.svc.notice("thanks.waiting", u.Language, now, t.DeliverBy, toUser(u.ID))
	})
}

// undoThanks stops what a stranger wrote, as long as nobody has it.
func undoThanks(tx *Work, j *Job, via map[ID]bool) error {
	list, err := tx.ThanksOfJob(j.ID)
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		if t.ViaID == nil || !via[*t.ViaID] || !ThanksMoves.open("undo", t.Status) {
			continue
		}
		if err := tx.apply(t, "undo"); err != nil {
			return err
		}
		t.Reason, t.ModeratedAt = "said by somebody else", &tx.Now
		tx.Disarm(DueThanks, t.ID)
		t.changedAt(tx.Now)
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
func (s *Service) ModerateThanks(ctx context.Context, call *Call, id ID, in Moderation) (ThanksView, error) {
	return run(ctx, s, call, func(tx *Work) (ThanksView, error) {
		t, err := tx.LockThanks(id)
		if err != nil {
			return ThanksView{}, err
		}
		if !call.Actor.Is(moderators...) || !call.Actor.reaches(t.CentreID, t.AreaID) {
			return ThanksView{}, NotFound("thank-you") // nobody else may read it
		}
		if err := ThanksMoves.check("moderate", t.Status); err != nil {
			return ThanksView{}, err
		}
		switch in.Decision {
		case "approve":
			err = tx.apply(t, "moderate", "approved")
		case "refuse":
			if strings.TrimSpace(in.Reason) == "" {
				return ThanksView{}, Fail(CodeUnprocessable, "Say why it is not passed on.").At("/reason", "a few words")
			}
			err = tx.apply(t, "moderate", "refused")
			tx.Disarm(DueThanks, t.ID)
		default:
			return ThanksView{}, Fail(CodeUnprocessable, "It is approved or refused.").At("/decision", "approve or refuse")
		}
		if err != nil {
			return ThanksView{}, err
		}
		t.ModeratedBy, t.ModeratedAt, t.Reason = &call.Actor.UserID, &tx.Now, strings.TrimSpace(in.Reason)
		t.changedAt(tx.Now)
		err = tx.SaveThanks(t)
		return NewThanksView(call.Actor, t), err
	})
}

// Thanks lists what the actor may read: coordinator, proprietor and area
// manager those of their centres, a technician those delivered to them.
// Errors: CodeForbidden.
func (s *Service) Thanks(ctx context.Context, a Actor, status string, p Page) ([]Thanks, error) {
	if !a.Is(moderators...) && a.Role != RoleTechnician {
		return nil, Fail(CodeForbidden, "As %s you may not read thanks.", roleWords(a.Role))
	}
	return s.Read.Thanks(ctx, a, status, p)
}

// private finds what should not reach a crew unread: a number that can be
// dialled, a link, an e-mail address.
var private = regexp.MustCompile(`(?:[0-9०-९][\s().+-]*){5}|https?:|www\.|[^\s@]+@|[\pL\d-]\.[a-z]{2,}(?:/|\b)`)

// thanksDue ends the time of a thank-you. What nobody read is passed on when
// nothing private stands in it, else refused; what was approved goes to those
// of the crew who do not have it yet.
func thanksDue(tx *Work, id ID) error {
	t, err := tx.LockThanks(id)
	if notFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	if ThanksMoves.open("unread", t.Status) {
		to, why := "approved", "not read within 7 days; nothing private in it"
		if private.MatchString(strings.ToLower(t.Text)) {
			to, why = "refused", "not read within 7 days; it holds a number, a link or an address"
		}
		if err := tx.apply(t, "unread", to); err != nil {
			return err
		}
		t.ModeratedAt, t.Reason = &tx.Now, why
	}
	if !ThanksMoves.open("deliver", t.Status) {
		t.changedAt(tx.Now)
		return tx.SaveThanks(t)
	}
	if err := tx.apply(t, "deliver"); err != nil {
		return err
	}
	t.changedAt(tx.Now)
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
func deliverThanks(tx *Work, to ThanksFor) error {
	fresh, err := tx.DeliverThanks(to, tx.Now)
	if err != nil || !fresh {
		return err
	}
	return notifyUser(tx, to.UserID, "kindness.thanks")
}

// complimentsAfter hands approved thanks to those of a crew for whom the visit that
// ended was hard. It never says why now: the row of the thank-you does not
// change, so that no desk can tell from it what happened.
func init() {
	visitEnded = append(visitEnded, func(m *VisitCase) error { return complimentsAfter(m.tx, m.visit) })
}

// complimentsAfter delivers to the crew what is still theirs, best after a hard visit.
func complimentsAfter(tx *Work, v *Visit) error {
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
func hardFor(user ID, v *Visit, flags []Flag, attempts []Attempt) bool {
	there := has(v.Crew, user)
	if there && (v.Status == VisitStopped || v.Status == VisitNoAccess) {
		return true
	}
	for i := range flags {
		if flags[i].reportedBy(user) && flags[i].Level >= 1 {
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
