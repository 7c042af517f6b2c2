package domain

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// standing names what an actor may see by: role, place, and for whom they stand
// in. A stored answer is for that standing alone (docs/product.md, Time, retries,
// offline): who was given another role or centre since does not get it back.
func (a Actor) standing() string {
	parts := []string{string(a.Role), a.CentreID.String(), a.AreaID.String()}
	areas := []string{}
	for _, id := range a.Deputises {
		areas = append(areas, id.String())
	}
	slices.Sort(areas)
	return strings.Join(append(parts, areas...), " ")
}

func answerWithheld() error {
	return Fail(CodeAnswerWithheld, "This was done when it was sent first. Its answer is not shown to you any more.")
}

// mayReadAgain refuses a stored answer about what its reader may not see any
// more although their standing is the same: a report in which they are involved
// by now, a household whose job went elsewhere, a visit in whose crew they never
// were. Whoever was in a crew gets the answer to what they did there.
func (s *Service) mayReadAgain(ctx context.Context, a Actor, of any, answer *Replay) error {
	head, _, _ := strings.Cut(answer.Head, " ")
	id, err := uuid.Parse(head)
	if err != nil { // it has no id of its own
		return nil
	}
	switch of.(type) {
	case FlagView, FlagHearing, Raised:
		_, err = s.Read.Flag(ctx, a, id)
	case Customer:
		_, err = s.Read.Customer(ctx, a.Scope(), id)
	case JobView:
		_, err = s.Read.Job(ctx, a.Scope(), id)
	case VisitView:
		if a.Role != RoleTechnician {
			_, err = s.Read.Visit(ctx, a.Scope(), id)
			break
		}
		var v *Visit
		if v, err = s.Read.Visit(ctx, Scope{All: true}, id); err == nil && !has(v.EverCrew, a.UserID) {
			err = NotFound("visit")
		}
	case User:
		if id != a.UserID {
			_, err = s.Read.User(ctx, a.Scope(), id)
		}
	}
	if notFound(err) {
		return answerWithheld()
	}
	return err
}
