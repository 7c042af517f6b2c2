package alarm

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// A call that is heard gives away whoever raised an alarm in silence, whatever
// else asks for the call. While one is open, nothing offers to call its raiser
// with one tap (docs/product.md section 5).

// NotOpenly stands where an alarm was raised in silence.
const NotOpenly = "An alarm was raised in silence: do not call them openly."

// silences are the raisers of silent alarms that are open, for an actor: to the
// raiser, and to whom it must not reach, nothing tells of one.
func silences(open []domain.SOS, a domain.Actor) map[domain.ID]bool {
	out := map[domain.ID]bool{}
	for i := range open {
		if x := &open[i]; x.Source == "duress" && a.UserID != x.RaiserID && !domain.Has(x.Avoid, a.UserID) {
			out[x.RaiserID] = true
		}
	}
	return out
}

// Silent are those of some people who are not to be called openly.
func Silent(ctx context.Context, s *casework.Service, a domain.Actor, people ...domain.ID) (map[domain.ID]bool, error) {
	if len(people) == 0 {
		return nil, nil
	}
	open, err := s.Read.SilentSOSs(ctx, people)
	return silences(open, a), err
}

// ViewSOSs shows alarms as an actor reads them.
func (s *Service) ViewSOSs(ctx context.Context, a domain.Actor, rows ...domain.SOS) ([]domain.SOSView, error) {
	ids := make([]domain.ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].RaiserID
	}
	silent, err := Silent(ctx, s.Service, a, ids...)
	out := make([]domain.SOSView, len(rows))
	for i := range rows {
		out[i] = rows[i].View(a)
		out[i].Silent = out[i].Silent || rows[i].Status != "resolved" && silent[rows[i].RaiserID]
	}
	return out, err
}

// CallOf says how to call somebody. A line that begins with Call is one tap.
func CallOf(u *domain.User, silent bool) string {
	switch {
	case u.Phone == "":
		return "No number is known."
	case silent:
		return "Number " + u.Phone + ": not to be called openly"
	}
	return "Call " + u.Phone
}
