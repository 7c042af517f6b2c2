package alarm

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// sosHeard reports whether anybody of those rung can hear it: who may answer, and
// has a device, or a number that the alarm webhook calls. Deaf are those whom
// neither reached just now.
func sosHeard(s *casework.Service, tx domain.Tx, x *domain.SOS, deaf []domain.ID) (bool, error) {
	var ids []domain.ID
	for _, id := range x.Rung {
		if id != x.RaiserID && !domain.Has(x.Avoid, id) && !domain.Has(deaf, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	users, err := tx.Users(ids)
	if err != nil {
		return false, err
	}
	ids = ids[:0]
	for i := range users {
		if u := &users[i]; !u.Disabled {
			if s.AlarmGateway && u.Phone != "" {
				return true, nil
			}
			ids = append(ids, u.ID)
		}
	}
	return tx.AnyDevice(ids)
}

// notifyUnheard tells the admins, and the raiser unless it was raised in silence,
// that nobody hears it; once, until somebody does.
func notifyUnheard(tx *casework.Work, x *domain.SOS) error {
	if x.UnheardAt != nil || x.Reached() {
		return nil
	}
	x.UnheardAt = &tx.Now
	admins, err := tx.UsersWith(domain.RoleAdmin, nil, nil)
	if err != nil {
		return err
	}
	for i := range admins {
		if u := &admins[i]; !u.Disabled && u.ID != x.RaiserID && !domain.Has(x.Avoid, u.ID) {
			enqueueSOS(tx, x, u, "sos.unheard", false)
		}
	}
	if x.Source == "duress" { // nothing on their phone differs
		return nil
	}
	raiser, err := tx.User(x.RaiserID)
	if err != nil {
		return err
	}
	enqueueSOS(tx, x, raiser, "sos.call_yourself", false)
	return nil
}

// RingsEnded is told by the delivery worker what came of the rings of an alarm:
// of whom a device or gateway took one, and who can be reached by neither. When
// nobody is left who hears it, the next tier is rung at once.
func (s *Service) RingsEnded(ctx context.Context, sos domain.ID, took, deaf []domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		x, err := tx.LockSOS(sos)
		if casework.NotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		return ringsEnded(tx, x, took, deaf)
	})
}

func ringsEnded(tx *casework.Work, x *domain.SOS, took, deaf []domain.ID) error {
	if !domain.SOSMoves.Open("ring", x.Status) {
		return nil
	}
	changed := false
	for _, id := range deaf {
		if domain.Has(x.HeardBy, id) && !domain.Has(took, id) {
			x.HeardBy, changed = domain.Without(x.HeardBy, id), true
		}
	}
	for _, id := range took {
		if !domain.Has(x.HeardBy, id) {
			x.HeardBy, changed = append(x.HeardBy, id), true
		}
	}
	if x.UnheardAt != nil && x.Reached() {
		x.UnheardAt, changed = nil, true
	}
	if len(deaf) > 0 {
		heard, err := sosHeard(tx.Svc, tx, x, deaf)
		if err != nil {
			return err
		}
		if !heard && !x.Reached() {
			tiers, err := ladderOf(tx, x.CentreID)
			if err != nil {
				return err
			}
			if x.Tier < len(tiers) {
				err, changed = ringSOS(tx, x, deaf...), true
			} else if x.UnheardAt == nil {
				err, changed = notifyUnheard(tx, x), true
			}
			if err != nil {
				return err
			}
		}
	}
	if !changed {
		return nil
	}
	x.ChangedAt(tx.Now)
	return tx.SaveSOS(x)
}
