package safety

import (
	"cmp"
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// EndCallInput ends an abusive call; nothing of it is needed.
type EndCallInput struct {
	ID         *domain.ID `json:"id"`
	Direction  string     `json:"direction"` // default inbound
	Address    string     `json:"address"`
	Note       string     `json:"note"`
	OccurredAt string     `json:"occurred_at"`
}

// EndedCall says what became of it: who calls back, and until when whoever ended it
// can take a pause.
type EndedCall struct {
	ID         domain.ID `json:"id"` // of the contact
	OccurredAt time.Time `json:"occurred_at"`
	Promise    *WhoCalls `json:"promise"`
	PauseUntil time.Time `json:"pause_until"`
}

// WhoCalls is the promise of a call, as whoever ended one is shown it.
type WhoCalls struct {
	ID      domain.ID `json:"id"`
	OwnerID domain.ID `json:"owner_id"`
	Owner   string    `json:"owner"`
	DueAt   time.Time `json:"due_at"`
}

// Head gives id and version for Location and ETag.
func (e EndedCall) Head() (domain.ID, int64) { return e.ID, 1 }

// EndCall records that an abusive call was ended: contact, no agreement, and nothing that
// counts against whoever ended it. Somebody else calls back, the household is told so, and
// a pause is offered. Who may record an attempt on the job. Errors: CodeNotFound,
// CodeForbidden, CodeUnprocessable, CodeDuplicate.
func (s *Service) EndCall(ctx context.Context, call *casework.Call, job domain.ID, in EndCallInput) (EndedCall, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (EndedCall, error) {
		a := call.Actor
		j, err := casework.AuthorizeJob(tx, a, job)
		if err != nil {
			return EndedCall{}, err
		}
		if a.Role == domain.RoleAdmin {
			return EndedCall{}, domain.Fail(domain.CodeForbidden, "As admin you may not record attempts.")
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return EndedCall{}, err
		}
		made, err := casework.AddAttempt(call, c, nil, casework.AttemptInput{ID: in.ID, Direction: cmp.Or(in.Direction, reach.Inbound),
			Address: in.Address, Channel: reach.Phone, Outcome: reach.Hostile, Note: in.Note, OccurredAt: in.OccurredAt, Ended: true})
		if err != nil {
			return EndedCall{}, err
		}
		out := EndedCall{ID: made.ID, OccurredAt: made.OccurredAt, PauseUntil: made.RecordedAt.Add(domain.CoolOffWithin)}
		if made.RecordedAt.Equal(tx.Now) {
			person, err := tx.User(a.UserID)
			if err != nil {
				return EndedCall{}, err
			}
			offerBreak(tx, person, out.PauseUntil, map[string]string{"attempt_id": made.ID.String()})
		}
		owed, err := tx.PromisesDue(c.Customer.ID)
		if err != nil {
			return EndedCall{}, err
		}
		for i := range owed {
			p := &owed[i]
			if p.JobID != j.ID || p.Kind != domain.PromiseCallBack || p.Status != domain.PromiseOpen ||
				out.Promise != nil && !p.DueAt.Before(out.Promise.DueAt) {
				continue
			}
			owner, err := tx.User(p.OwnerID)
			if err != nil {
				return EndedCall{}, err
			}
			out.Promise = &WhoCalls{ID: p.ID, OwnerID: p.OwnerID, Owner: owner.FirstName(), DueAt: p.DueAt}
		}
		return out, nil
	})
}

// AnswerCallCoolOff takes the pause after an abusive call, or not. Whoever recorded it, on a job or by its number alone
// (LogContact), within three days. Errors: CodeNotFound, CodeState, CodeUnprocessable.
func (s *Service) AnswerCallCoolOff(ctx context.Context, call *casework.Call, attempt domain.ID, in CoolOffInput) (domain.CoolOff, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.CoolOff, error) {
		offered, outcome, recorded, err := endedCall(tx, call.Actor, attempt)
		if err != nil {
			return domain.CoolOff{}, err
		}
		if outcome != reach.Hostile || !tx.Now.Before(recorded.Add(domain.CoolOffWithin)) {
			return domain.CoolOff{}, domain.Fail(domain.CodeState, "No pause is offered for this contact now.")
		}
		if _, err := tx.LockUser(call.Actor.UserID); err != nil { // one answer at a time
			return domain.CoolOff{}, err
		}
		return answerPause(tx, call.Actor, offered, in)
	})
}

// endedCall finds a contact that somebody recorded. By its number alone it is found whether the number is known or not, so that the pause
// tells nothing of whose it is.
func endedCall(tx *casework.Work, a domain.Actor, id domain.ID) (offered domain.CoolOff, outcome string, recorded time.Time, err error) {
	made, err := tx.Attempt(id)
	switch {
	case err == nil && made.ByID != nil && *made.ByID == a.UserID:
		return domain.CoolOff{AttemptID: &made.ID}, made.Outcome, made.RecordedAt, nil
	case err != nil && !casework.NotFound(err):
		return offered, "", recorded, err
	}
	logged, err := tx.LoggedContact(id)
	if casework.NotFound(err) || err == nil && logged.ByID != a.UserID {
		err = domain.NotFound("attempt")
	}
	if err != nil {
		return offered, "", recorded, err
	}
	return domain.CoolOff{ContactID: &logged.ID}, logged.Outcome, logged.RecordedAt, nil
}
