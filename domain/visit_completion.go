package domain

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
)

// Done is a claim until the household confirms it, by link, by any desk, or
// with the end code that its page shows after arrival; never compulsory
// (docs/product.md section 4).

// ConfirmDoneInput confirms that the work is done; staff name the contact that
// proves it, the crew the end code.
type ConfirmDoneInput struct {
	EndCode    string        `json:"end_code"`
	AttemptID  *ID           `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	OccurredAt string        `json:"occurred_at"`
}

// endCodeTries bounds guessing: six digits, five tries a visit.
const endCodeTries = 5

// endCode is what the household reads to its technician when the work is
// done: derived from the link's key, stored nowhere.
func (s *Service) endCode(l *Link, visit ID) string {
	mac, ok := s.Keys.mac(l.KeyID, "end", l.ID[:], visit[:])
	if !ok {
		return ""
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac)%1_000_000)
}

// ConfirmDone records the household's word that the work is done. Coordinator,
// proprietor, area manager and agent with the contact that proves it; the crew
// with the end code. Errors: CodeState, CodePreconditionMissing, CodeUnprocessable for a wrong
// code.
func (s *Service) ConfirmDone(ctx context.Context, call *Call, id ID, in ConfirmDoneInput) (VisitView, error) {
	wrong := false
	v, err := s.onVisit(ctx, call, id, "confirm-done", in.OccurredAt, func(m *VisitCase) error {
		wrong = false // the transaction may run again
		if m.visit.Disputed {
			return Fail(CodeState, "The household says that it is not done; the area manager decides.")
		}
		if m.visit.DoneConfirmedAt != nil {
			return nil
		}
		if call.Actor.Role == RoleTechnician {
			if in.EndCode == "" {
				return Fail(CodeUnprocessable, "The crew confirms with the end code; a contact is the desk's to name.").
					At("/end_code", "six digits from the household's page")
			}
			right, err := tryEndCode(m, in.EndCode)
			if wrong = err == nil && !right; wrong {
				err = Fail(CodeUnprocessable, "This is not the code that the household's page shows.").
					At("/end_code", "six digits, or leave the visit unconfirmed")
			}
			if err != nil {
				return err
			}
			return confirmDone(m, call.Actor, "code")
		}
		since := m.visit.CreatedAt
		if m.visit.EndedAt != nil {
			since = *m.visit.EndedAt
		}
		if _, err := proof(call, m.Case, in.AttemptID, in.Contact, since); err != nil {
			return err
		}
		return confirmDone(m, call.Actor, "desk")
	})
	if wrong { // the refusal is undone with its transaction, the count of tries must not be
		_, kept := s.onVisit(ctx, &Call{Actor: call.Actor}, id, "confirm-done", "",
			func(m *VisitCase) error { return wrongEndCode(m, call.Actor) })
		if kept != nil {
			err = kept
		}
	}
	return v, err
}

// tryEndCode compares a code in constant time, as long as tries are left.
func tryEndCode(m *VisitCase, code string) (bool, error) {
	if m.visit.EndCodeTries >= endCodeTries {
		return false, Fail(CodePreconditionMissing, "The code was wrong %d times; the household confirms by its page or by phone.", endCodeTries)
	}
	l, err := m.tx.LinkOfJob(m.job.ID)
	if err != nil {
		return false, meaningOf(err, "code")
	}
	want := m.tx.svc.endCode(l, m.visit.ID)
	return want != "" && hmac.Equal([]byte(want), []byte(code)), nil
}

func wrongEndCode(m *VisitCase, a Actor) error {
	m.visit.EndCodeTries++
	m.entry(a, "visit.end_code_wrong", &m.visit.ID, nil)
	m.visit.changedAt(m.now)
	return m.tx.SaveVisit(m.visit)
}

// confirmDone keeps the household's word. The visit's own end stays as it is.
func confirmDone(m *VisitCase, a Actor, how string) error {
	m.visit.DoneConfirmedAt, m.visit.DoneConfirmedHow = ptr(m.said.occurred), how
	m.entry(a, "visit.done_confirmed", &m.visit.ID, map[string]any{"how": how})
	m.tx.Disarm(DueSample, m.visit.ID)
	m.visit.changedAt(m.now)
	if err := m.tx.SaveVisit(m.visit); err != nil {
		return err
	}
	return settleCheck(m.tx, m.visit.ID)
}

// confirmDoneAct is the household's own confirmation.
func confirmDoneAct(k *request) error {
	if k.visit == nil {
		return Fail(CodeState, "There is no visit to confirm now.")
	}
	if err := CheckVisit(k.actor, "confirm-done", k.visit); err != nil {
		return err
	}
	if k.visit.Disputed {
		return Fail(CodeState, "You said that it is not done; the area manager decides.")
	}
	if k.visit.DoneConfirmedAt != nil {
		return nil
	}
	how := "link"
	if k.by != nil {
		how = "desk"
	}
	return confirmDone(k.move(), k.actor, how)
}

// completed follows a completion: an end code confirms it at once, a wrong
// one never stands in its way; without either it may be asked about.
func completed(m *VisitCase, a Actor, code string) error {
	if code != "" {
		right, err := tryEndCode(m, code)
		if err != nil {
			return err
		}
		if right {
			return confirmDone(m, a, "code")
		}
		if err := wrongEndCode(m, a); err != nil {
			return err
		}
	}
	m.tx.setDeadline(DueSample, m.visit.ID, &m.visit.JobID, m.now.Add(sampleAfter))
	return nil
}

// sampled reports whether an unconfirmed completion is asked about: one in
// sampleOneIn, chosen by a secret, so that no centre can foresee it; always
// where a wrong end code was given or nobody of the household can use a page.
func sampled(d *Case, v *Visit) bool {
	mac, _ := d.tx.svc.Keys.mac(d.tx.svc.Keys.Current(), "sample", v.ID[:])
	return v.EndCodeTries > 0 || d.customer.VoiceOnly() || len(mac) > 0 && binary.BigEndian.Uint64(mac)%sampleOneIn == 0
}

// sample puts an unconfirmed completion into the brand's queue, a day after
// its end.
func sample(m *VisitCase) error {
	v := m.visit
	if v.Status != VisitCompleted || v.DoneConfirmedAt != nil || v.Disputed || !sampled(m.Case, v) {
		return nil
	}
	c := &DoneCheck{Meta: newMeta(m.tx.NewID(), m.now), JobID: v.JobID, VisitID: v.ID, CentreID: v.CentreID, AreaID: v.AreaID,
		DueAt: m.now.Add(sampleDue)}
	if err := m.tx.apply(c, "ask"); err != nil {
		return err
	}
	if err := m.tx.InsertDoneCheck(c); err != nil {
		return err
	}
	m.entry(System, "visit.sampled", &v.ID, map[string]any{"check_id": c.ID})
	return nil
}

// settleCheck ends an open check whose answer came by another way.
func settleCheck(tx *Work, visit ID) error {
	c, err := tx.DoneCheckOf(visit)
	if notFound(err) || err == nil && !CheckMoves.open("settle", c.Status) {
		return nil
	} else if err != nil {
		return err
	}
	if err := tx.apply(c, "settle"); err != nil {
		return err
	}
	c.DoneAt = &tx.Now
	c.changedAt(tx.Now)
	return tx.SaveDoneCheck(c)
}

// CheckInput is what came of asking a household.
type CheckInput struct {
	Result     string        `json:"result"` // confirmed, not_done, not_reached
	Claim      string        `json:"claim"`  // of not_done; default nobody_came
	AttemptID  *ID           `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	Note       string        `json:"note"`
	OccurredAt string        `json:"occurred_at"`
}

// AnswerCheck keeps what a household said of a completion. Agents only: the
// brand asks, not the centre. confirmed and not_done need the contact;
// not_done disputes the completion. Errors: CodeNotFound for the centre,
// CodeForbidden, CodeState, CodePreconditionMissing.
func (s *Service) AnswerCheck(ctx context.Context, call *Call, id ID, in CheckInput) (DoneCheckView, error) {
	return run(ctx, s, call, func(tx *Work) (DoneCheckView, error) {
		switch call.Actor.Role {
		case RoleAgent:
		case RoleAdmin:
			return DoneCheckView{}, Fail(CodeForbidden, "The brand's agents ask about completions.")
		default:
			return DoneCheckView{}, NotFound("check")
		}
		c, err := tx.DoneCheck(id)
		if err != nil {
			return DoneCheckView{}, err
		}
		j, v, err := tx.LockVisit(c.VisitID)
		if err != nil {
			return DoneCheckView{}, err
		}
		if c, err = tx.DoneCheck(id); err != nil { // as it stands under the job's lock
			return DoneCheckView{}, err
		}
		if err := CheckMoves.check("answer", c.Status); err != nil {
			return DoneCheckView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return DoneCheckView{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return DoneCheckView{}, err
		}
		if err := tx.apply(c, "answer", in.Result); err != nil {
			return DoneCheckView{}, Fail(CodeUnprocessable, "Say what came of it.").At("/result", "confirmed, not_done or not_reached")
		}
		c.ByID, c.DoneAt, c.Note = &call.Actor.UserID, ptr(d.said.occurred), in.Note
		c.changedAt(tx.Now)
		if err := tx.SaveDoneCheck(c); err != nil {
			return DoneCheckView{}, err
		}
		m := d.on(v)
		switch in.Result {
		case "confirmed":
			if err := CheckVisit(call.Actor, "confirm-done", v); err != nil {
				return DoneCheckView{}, err
			}
			if _, err := proof(call, d, in.AttemptID, in.Contact, *v.EndedAt); err != nil {
				return DoneCheckView{}, err
			}
			err = confirmDone(m, call.Actor, "desk")
		case "not_done":
			if in.AttemptID == nil && in.Contact == nil {
				return DoneCheckView{},
					Fail(CodePreconditionMissing, "Name the contact in which the household said so: attempt_id, or contact to record it now.").
						At("/attempt_id", "a contact on this job")
			}
			claim := in.Claim
			if claim == "" {
				claim = "nobody_came"
			}
			_, err = requestByVoice(tx, call, j.ID, LinkAction{Action: "dispute", VisitID: &v.ID, Claim: claim, Reason: in.Note},
				VoiceInput{AttemptID: in.AttemptID, Contact: in.Contact, OccurredAt: in.OccurredAt})
			return c.View(call.Actor), err // requestByVoice saved the job
		case "not_reached":
			if in.Contact != nil {
				_, err = recordAttempt(call, d, nil, *in.Contact)
			}
		default:
			err = Fail(CodeUnprocessable, "Say what came of it.").At("/result", "confirmed, not_done or not_reached")
		}
		if err != nil {
			return DoneCheckView{}, err
		}
		return c.View(call.Actor), nil
	})
}
