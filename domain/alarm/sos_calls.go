package alarm

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// CallInput is what the provider of the alarm webhook says came of one call.
type CallInput struct {
	Call   string `json:"call"`   // the webhook-id of the ring
	Result string `json:"result"` // answered, voicemail, no_answer, busy, failed
	Digit  string `json:"digit"`  // that was pressed
}

// CallReceipt says how the alarm stands after a call.
type CallReceipt struct {
	Outcome string `json:"outcome"` // acknowledged, taken, not_heard, ended
}

// CallEnded takes what came of a call. Whoever pressed the digit that the ring named
// acknowledges the alarm; a call that a machine or nobody took is not heard, and the
// alarm rings on. The same word again changes nothing. The caller has proven to be the
// provider. Errors: CodeNotFound for a ring that never was.
func (s *Service) CallEnded(ctx context.Context, call *casework.Call, in CallInput) (CallReceipt, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (CallReceipt, error) {
		key, id, ok := domain.RingOf(in.Call)
		if !ok {
			return CallReceipt{}, domain.NotFound("call")
		}
		ring, err := tx.Ring(key)
		if err != nil {
			return CallReceipt{}, casework.MeaningOf(err, "call")
		}
		x, err := tx.LockSOS(id)
		if err != nil {
			return CallReceipt{}, casework.MeaningOf(err, "call")
		}
		u, err := tx.User(*ring.UserID)
		if err != nil {
			return CallReceipt{}, casework.MeaningOf(err, "call")
		}
		result := in.Result
		human := result == "answered" && in.Digit == domain.RingDigit(in.Call) && !u.Disabled && u.ID != x.RaiserID && !domain.Has(x.Avoid, u.ID)
		if human {
			result = "acknowledged"
		}
		fresh, err := tx.KeepSOSCall(domain.SOSCall{Call: in.Call, Result: result, SOSID: x.ID, UserID: u.ID, At: tx.Now})
		if err != nil {
			return CallReceipt{}, err
		}
		actor := domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role}
		offered := x.IsOfferedTo(actor) && domain.SOSMoves.Open("take-over", x.Status)
		switch {
		case fresh && human && (offered || domain.SOSMoves.Open("acknowledge", x.Status)):
			if err := acknowledgeSOS(tx, x, &casework.Call{Actor: actor}, SOSAnswer{}); err != nil {
				return CallReceipt{}, err
			}
			x.ChangedAt(tx.Now)
			err = tx.SaveSOS(x)
		case fresh && !human:
			err = ringsEnded(tx, x, nil, []domain.ID{u.ID})
		}
		return CallReceipt{callOutcome(x, u.ID)}, err
	})
}

// callOutcome is how an alarm stands for somebody who was called.
func callOutcome(x *domain.SOS, user domain.ID) string {
	switch {
	case x.Status == "resolved":
		return "ended"
	case x.OwnerID == nil:
		return "not_heard"
	case *x.OwnerID == user:
		return "acknowledged"
	}
	return "taken"
}
