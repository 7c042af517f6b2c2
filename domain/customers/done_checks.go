package customers

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// handleDone is the household's own confirmation.
func handleDone(k *Request) error {
	if k.Visit == nil {
		return domain.Fail(domain.CodeState, "There is no visit to confirm now.")
	}
	if err := domain.CheckVisit(k.Actor, "confirm-done", k.Visit); err != nil {
		return err
	}
	if k.Visit.Disputed {
		return domain.Fail(domain.CodeState, "You said that it is not done; the area manager decides.")
	}
	if k.Visit.DoneConfirmedAt != nil {
		return nil
	}
	how := "link"
	if k.By != nil || k.verified == "desk" {
		how = "desk"
	}
	return casework.ConfirmCompletion(k.move(), k.Actor, how)
}

// CheckInput is what came of asking a household.
type CheckInput struct {
	Result     string                 `json:"result"` // confirmed, not_done, not_reached
	Claim      string                 `json:"claim"`  // of not_done; default nobody_came
	AttemptID  *domain.ID             `json:"attempt_id"`
	Contact    *casework.AttemptInput `json:"contact"`
	Note       string                 `json:"note"`
	OccurredAt string                 `json:"occurred_at"`
}

// AnswerCheck keeps what a household said of a completion. Agents only: the
// brand asks, not the centre. confirmed and not_done need the contact;
// not_done disputes the completion. Errors: CodeNotFound for the centre,
// CodeForbidden, CodeState, CodePreconditionMissing.
func (s *Service) AnswerCheck(ctx context.Context, call *casework.Call, id domain.ID, in CheckInput) (domain.DoneCheckView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.DoneCheckView, error) {
		switch call.Actor.Role {
		case domain.RoleAgent:
		case domain.RoleAdmin:
			return domain.DoneCheckView{}, domain.Fail(domain.CodeForbidden, "The brand's agents ask about completions.")
		default:
			return domain.DoneCheckView{}, domain.NotFound("check")
		}
		check, err := tx.DoneCheck(id)
		if err != nil {
			return domain.DoneCheckView{}, err
		}
		j, v, err := tx.LockVisit(check.VisitID)
		if err != nil {
			return domain.DoneCheckView{}, err
		}
		if check, err = tx.DoneCheck(id); err != nil { // as it stands under the job's lock
			return domain.DoneCheckView{}, err
		}
		if err := domain.CheckMoves.Check("answer", check.Status); err != nil {
			return domain.DoneCheckView{}, err
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return domain.DoneCheckView{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.DoneCheckView{}, err
		}
		if err := tx.Apply(check, "answer", in.Result); err != nil {
			return domain.DoneCheckView{}, domain.Fail(domain.CodeUnprocessable, "Say what came of it.").
				At("/result", "confirmed, not_done or not_reached")
		}
		check.ByID, check.DoneAt, check.Note = &call.Actor.UserID, domain.Ptr(c.Said.Occurred), in.Note
		check.ChangedAt(tx.Now)
		tx.Disarm(domain.DueCheck, check.ID)
		if err := tx.SaveDoneCheck(check); err != nil {
			return domain.DoneCheckView{}, err
		}
		m := c.On(v)
		switch in.Result {
		case "confirmed":
			if err := domain.CheckVisit(call.Actor, "confirm-done", v); err != nil {
				return domain.DoneCheckView{}, err
			}
			if err := casework.SaidToOthers(call, m, in.AttemptID, in.Contact, *v.EndedAt); err != nil {
				return domain.DoneCheckView{}, err
			}
			err = casework.ConfirmCompletion(m, call.Actor, "desk")
		case "not_done":
			if in.AttemptID == nil && in.Contact == nil {
				return domain.DoneCheckView{},
					domain.Fail(domain.CodePreconditionMissing,
						"Name the contact in which the household said so: attempt_id, or contact to record it now.").
						At("/attempt_id", "a contact on this job")
			}
			claim := in.Claim
			if claim == "" {
				claim = "nobody_came"
			}
			_, err = requestByVoice(tx, call, j.ID, LinkAction{Action: "dispute", VisitID: &v.ID, Claim: claim, Reason: in.Note},
				VoiceInput{AttemptID: in.AttemptID, Contact: in.Contact, OccurredAt: in.OccurredAt})
			return check.View(call.Actor), err // requestByVoice saved the job
		case "not_reached":
			if in.Contact != nil {
				_, err = casework.AddAttempt(call, c, nil, *in.Contact)
			}
		default:
			err = domain.Fail(domain.CodeUnprocessable, "Say what came of it.").At("/result", "confirmed, not_done or not_reached")
		}
		if err != nil {
			return domain.DoneCheckView{}, err
		}
		return check.View(call.Actor), nil
	})
}
