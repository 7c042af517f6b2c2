package casework

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"time"

	"doorstep/domain"
)

// Done is a claim until the household confirms it, by link, by any desk, or
// with the end code that its page shows after arrival; never compulsory
// (docs/product.md section 4).

// ConfirmDoneInput confirms that the work is done; staff name the contact that
// proves it, the crew the end code.
type ConfirmDoneInput struct {
	EndCode    string        `json:"end_code"`
	AttemptID  *domain.ID    `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	OccurredAt string        `json:"occurred_at"`
}

// endCodeTries bounds guessing: six digits, five tries a visit.
const endCodeTries = 5

// EndCode is what the household reads to its technician when the work is
// done: derived from the link's key, stored nowhere.
func EndCode(s *Service, l *domain.Link, visit domain.ID) string {
	mac, ok := s.Keys.Mac(l.KeyID, "end", l.ID[:], visit[:])
	if !ok {
		return ""
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac)%1_000_000)
}

// ConfirmDone records the household's word that the work is done. Coordinator,
// proprietor, area manager and agent with the contact that proves it; the crew
// with the end code. Errors: CodeState, CodePreconditionMissing, CodeUnprocessable for a wrong
// code.
func (s *Service) ConfirmDone(ctx context.Context, call *Call, id domain.ID, in ConfirmDoneInput) (domain.VisitView, error) {
	wrong := false
	v, err := s.OnVisit(ctx, call, id, "confirm-done", in.OccurredAt, func(m *VisitCase) error {
		wrong = false // the transaction may run again
		if m.Visit.Disputed {
			return domain.Fail(domain.CodeState, "The household says that it is not done; the area manager decides.")
		}
		if m.Visit.DoneConfirmedAt != nil {
			return nil
		}
		if call.Actor.Role == domain.RoleTechnician {
			if in.EndCode == "" {
				return domain.Fail(domain.CodeUnprocessable, "The crew confirms with the end code; a contact is the desk's to name.").
					At("/end_code", "six digits from the household's page")
			}
			right, err := tryEndCode(m, in.EndCode)
			if wrong = err == nil && !right; wrong {
				err = domain.Fail(domain.CodeUnprocessable, "This is not the code that the household's page shows.").
					At("/end_code", "six digits, or leave the visit unconfirmed")
			}
			if err != nil {
				return err
			}
			return ConfirmCompletion(m, call.Actor, "code")
		}
		since := m.Visit.CreatedAt
		if m.Visit.EndedAt != nil {
			since = *m.Visit.EndedAt
		}
		if err := SaidToOthers(call, m, in.AttemptID, in.Contact, since); err != nil {
			return err
		}
		return ConfirmCompletion(m, call.Actor, "desk")
	})
	if wrong { // the refusal is undone with its transaction, the count of tries must not be
		_, kept := s.OnVisit(ctx, &Call{Actor: call.Actor}, id, "confirm-done", "",
			func(m *VisitCase) error { return wrongEndCode(m, call.Actor) })
		if kept != nil {
			err = kept
		}
	}
	return v, err
}

// SaidToOthers proves by a contact that the household said that the work is done, to
// somebody who did not do it.
func SaidToOthers(call *Call, m *VisitCase, attempt *domain.ID, contact *AttemptInput, since time.Time) error {
	if domain.Has(m.Visit.EverCrew, call.Actor.UserID) {
		return domain.Fail(domain.CodeForbidden, "This is about your own work; somebody else writes it down.")
	}
	said, err := ProveContact(call, m.Case, attempt, contact, since)
	if err == nil && said.ByID != nil && domain.Has(m.Visit.EverCrew, *said.ByID) {
		err = domain.Fail(domain.CodePreconditionMissing,
			"The crew itself wrote this contact down. Name one in which somebody else spoke with the household.").
			At("/attempt_id", "a contact that somebody else wrote down")
	}
	return err
}

// tryEndCode compares a code in constant time, as long as tries are left.
func tryEndCode(m *VisitCase, code string) (bool, error) {
	if m.Visit.EndCodeTries >= endCodeTries {
		return false, domain.Fail(domain.CodePreconditionMissing, "The code was wrong %d times; the household confirms by its page or by phone.",
			endCodeTries)
	}
	l, err := m.Tx.LinkOfJob(m.Job.ID)
	if NotFound(err) { // nothing was delivered yet, so no page has shown a code
		return false, nil
	} else if err != nil {
		return false, err
	}
	want := EndCode(m.Tx.Svc, l, m.Visit.ID)
	return want != "" && hmac.Equal([]byte(want), []byte(code)), nil
}

func wrongEndCode(m *VisitCase, a domain.Actor) error {
	m.Visit.EndCodeTries++
	m.Entry(a, "visit.end_code_wrong", &m.Visit.ID, nil)
	m.Visit.ChangedAt(m.Now)
	return m.Tx.SaveVisit(m.Visit)
}

// ConfirmCompletion keeps the household's word. The visit's own end stays as it is.
func ConfirmCompletion(m *VisitCase, a domain.Actor, how string) error {
	m.Visit.DoneConfirmedAt, m.Visit.DoneConfirmedHow = domain.Ptr(m.Said.Occurred), how
	m.Entry(a, "visit.done_confirmed", &m.Visit.ID, map[string]any{"how": how})
	m.Tx.Disarm(domain.DueSample, m.Visit.ID)
	m.Visit.ChangedAt(m.Now)
	if err := m.Tx.SaveVisit(m.Visit); err != nil {
		return err
	}
	return SettleCheck(m.Tx, m.Visit.ID)
}

// completed follows a completion: an end code confirms it at once, a wrong
// one never stands in its way; without either it may be asked about.
func completed(m *VisitCase, a domain.Actor, code string) error {
	if code != "" {
		right, err := tryEndCode(m, code)
		if err != nil {
			return err
		}
		if right {
			return ConfirmCompletion(m, a, "code")
		}
		if err := wrongEndCode(m, a); err != nil {
			return err
		}
	}
	m.Tx.SetDeadline(domain.DueSample, m.Visit.ID, &m.Visit.JobID, m.Now.Add(domain.SampleAfter))
	return nil
}

// sampled reports whether an unconfirmed completion is asked about: one in
// SampleOneIn, chosen by a secret, so that no centre can foresee it; always
// where a wrong end code was given, no arrival was recorded, or nobody of the
// household can use a page.
func sampled(c *Case, v *domain.Visit) bool {
	mac, _ := c.Tx.Svc.Keys.Mac(c.Tx.Svc.Keys.Current(), "sample", v.ID[:])
	return v.EndCodeTries > 0 || v.EndReason != "" || c.Customer.VoiceOnly() || len(mac) > 0 && binary.BigEndian.Uint64(mac)%domain.SampleOneIn == 0
}

// AskDoneCheck puts an unconfirmed completion into the brand's queue, a day after
// its end.
func AskDoneCheck(m *VisitCase) error {
	v := m.Visit
	if v.Status != domain.VisitCompleted || v.DoneConfirmedAt != nil || v.Disputed || !sampled(m.Case, v) {
		return nil
	}
	c := &domain.DoneCheck{Meta: domain.NewMeta(m.Tx.NewID(), m.Now), JobID: v.JobID, VisitID: v.ID, CentreID: v.CentreID, AreaID: v.AreaID,
		DueAt: m.Now.Add(domain.SampleDue)}
	if err := m.Tx.Apply(c, "ask"); err != nil {
		return err
	}
	if err := m.Tx.InsertDoneCheck(c); err != nil {
		return err
	}
	m.Tx.SetDeadline(domain.DueCheck, c.ID, &v.JobID, c.DueAt)
	m.Entry(domain.System, "visit.sampled", &v.ID, map[string]any{"check_id": c.ID})
	return nil
}

// CheckOverdue ends a check that nobody answered in time: the completion stays unconfirmed, and its job may close.
func CheckOverdue(tx *Work, id domain.ID) error {
	c, err := tx.DoneCheck(id)
	if NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	j, err := tx.LockJob(c.JobID)
	if err != nil {
		return err
	}
	if c, err = tx.DoneCheck(id); err != nil || !domain.CheckMoves.Open("expire", c.Status) {
		return err
	}
	if err := tx.Apply(c, "expire"); err != nil {
		return err
	}
	c.DoneAt = &tx.Now
	c.ChangedAt(tx.Now)
	tx.Entry(j, domain.System, "visit.not_answered", &c.VisitID, At(tx.Now), map[string]any{"check_id": c.ID})
	return tx.SaveDoneCheck(c)
}

// SettleCheck ends an open check whose answer came by another way.
func SettleCheck(tx *Work, visit domain.ID) error {
	c, err := tx.DoneCheckOf(visit)
	if NotFound(err) || err == nil && !domain.CheckMoves.Open("settle", c.Status) {
		return nil
	} else if err != nil {
		return err
	}
	if err := tx.Apply(c, "settle"); err != nil {
		return err
	}
	c.DoneAt = &tx.Now
	c.ChangedAt(tx.Now)
	tx.Disarm(domain.DueCheck, c.ID)
	return tx.SaveDoneCheck(c)
}
