package domain

import (
	"context"
	"encoding/json"
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
// by now, a job that went elsewhere, a visit in whose crew they never were.
// Whatever an answer names, at its top or one level below, is asked for as a read
// would; a technician gets the answer to what they did where they were in a crew.
func (s *Service) mayReadAgain(ctx context.Context, a Actor, of any, answer *Replay) error {
	named := map[string]ID{}
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
			case FlagView, FlagHearing, Raised:
				named["flag_id"] = id
			case Customer:
				named["customer_id"] = id
			case JobView:
				named["job_id"] = id
			case VisitView:
				named["visit_id"] = id
			case User:
				named["user"] = id
			}
		}
	}
	for what, id := range named {
		err := s.mayRead(ctx, a, what, id)
		if notFound(err) {
			return answerWithheld()
		} else if err != nil {
			return err
		}
	}
	return nil
}

// namedIn gathers what an answer says that it belongs to.
func namedIn(part map[string]any, named map[string]ID) {
	for _, key := range []string{"flag_id", "customer_id", "job_id", "visit_id"} {
		if raw, ok := part[key].(string); ok {
			if id, err := uuid.Parse(raw); err == nil {
				named[key] = id
			}
		}
	}
}

// mayRead asks for one thing as a read would.
func (s *Service) mayRead(ctx context.Context, a Actor, what string, id ID) (err error) {
	crew := a.Role == RoleTechnician // whose scope is the present crew
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
		var v *Visit
		if v, err = s.Read.Visit(ctx, Scope{All: true}, id); err == nil && !has(v.EverCrew, a.UserID) {
			err = NotFound("visit")
		}
	case "user":
		if id != a.UserID {
			_, err = s.Read.User(ctx, a.Scope(), id)
		}
	}
	return err
}
