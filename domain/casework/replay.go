package casework

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"doorstep/domain"
)

func answerWithheld() error {
	return domain.Fail(domain.CodeAnswerWithheld, "This was done when it was sent first. Its answer is not shown to you any more.")
}

// mayReadAgain refuses a stored answer about what its reader may not see any
// more although their standing is the same: a report in which they are involved
// by now, a job that went elsewhere, a visit in whose crew they never were.
// Whatever an answer names, at its top or one level below, is asked for as a read
// would; a technician gets the answer to what they did where they were in a crew.
func mayReadAgain(ctx context.Context, s *Service, a domain.Actor, of any, answer *domain.Replay) error {
	named := map[string]domain.ID{}
	var body map[string]any
	if json.Unmarshal(answer.Body, &body) == nil {
		namedIn(body, named)
		for key, v := range body {
			part, ok := v.(map[string]any)
			if !ok {
				continue
			}
			if own, ok := part["id"]; ok { // "job": {"id": …}
				part[key+"_id"] = own
			}
			namedIn(part, named)
		}
	}
	if head, _, _ := strings.Cut(answer.Head, " "); head != "" {
		if id, err := uuid.Parse(head); err == nil {
			switch of.(type) {
			case domain.FlagView, domain.FlagHearing, domain.Raised:
				named["flag_id"] = id
			case domain.Customer:
				named["customer_id"] = id
			case domain.JobView:
				named["job_id"] = id
			case domain.VisitView:
				named["visit_id"] = id
			case domain.User:
				named["user"] = id
			}
		}
	}
	for what, id := range named {
		err := mayRead(ctx, s, a, what, id)
		if NotFound(err) {
			return answerWithheld()
		} else if err != nil {
			return err
		}
	}
	return nil
}

// namedIn gathers what an answer says that it belongs to.
func namedIn(part map[string]any, named map[string]domain.ID) {
	for _, key := range []string{"flag_id", "customer_id", "job_id", "visit_id"} {
		if raw, ok := part[key].(string); ok {
			if id, err := uuid.Parse(raw); err == nil {
				named[key] = id
			}
		}
	}
}

// mayRead asks for one thing as a read would.
func mayRead(ctx context.Context, s *Service, a domain.Actor, what string, id domain.ID) (err error) {
	crew := a.Role == domain.RoleTechnician // whose scope is the present crew
	switch what {
	case "flag_id":
		_, err = s.Read.Flag(ctx, a, id)
	case "customer_id":
		if !crew {
			_, err = s.Read.Customer(ctx, a.Scope(), id)
		}
	case "job_id":
		if !crew {
			_, err = s.Read.Job(ctx, a.Scope(), id)
		}
	case "visit_id":
		if !crew {
			_, err = s.Read.Visit(ctx, a.Scope(), id)
			break
		}
		var v *domain.Visit
		if v, err = s.Read.Visit(ctx, domain.Scope{All: true}, id); err == nil && !domain.Has(v.EverCrew, a.UserID) {
			err = domain.NotFound("visit")
		}
	case "user":
		if id != a.UserID {
			_, err = s.Read.User(ctx, a.Scope(), id)
		}
	}
	return err
}

// DoneBefore reports whether a request with this key had its effect.
func DoneBefore(ctx context.Context, s *Service, a domain.Actor, key string) (done bool, err error) {
	err = s.Store.InTx(ctx, func(tx domain.Tx) error {
		old, err := tx.Replay(a.UserID, key)
		done = old != nil
		return err
	})
	return done, err
}

// Replay finds the answer of an earlier request with the same key. Use cases
// that commit in several transactions ask for it first.
func (s *Service) Replay(ctx context.Context, call *Call) (found bool, err error) {
	if call.DryRun {
		return false, domain.Fail(domain.CodeInternal, "This takes several transactions; it cannot be asked first.")
	}
	if call.Key == "" {
		return false, nil
	}
	err = s.Store.InTx(ctx, func(tx domain.Tx) error {
		old, err := tx.Replay(call.Actor.UserID, call.Key)
		if err != nil || old == nil || s.Instant().Sub(old.CreatedAt) >= domain.ReplayKept {
			return err
		}
		if old.Hash != call.Hash {
			return domain.Fail(domain.CodeIdemMismatch, "This Idempotency-Key belongs to another request.")
		}
		if old.Standing != call.Actor.Standing() {
			return answerWithheld()
		}
		found, call.Answer, call.Replayed = true, old, true
		return nil
	})
	return found, err
}
