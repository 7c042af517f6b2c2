package domain

import (
	"slices"
	"strings"
	"time"
)

// Replay is the stored answer to a request with an Idempotency-Key.
type Replay struct {
	ActorID   ID
	Key       string
	Hash      string
	Standing  string // of the actor when it was stored (Actor.Standing)
	Status    int
	Head      string // "id version" for Location and ETag
	Body      []byte
	CreatedAt time.Time
}

// Standing names what an actor may see by: role, place, and for whom they stand
// in. A stored answer is for that standing alone (docs/product.md, Time, retries,
// offline): who was given another role or centre since does not get it back.
func (a Actor) Standing() string {
	parts := []string{string(a.Role), a.CentreID.String(), a.AreaID.String()}
	areas := []string{}
	for _, id := range a.Deputises {
		areas = append(areas, id.String())
	}
	slices.Sort(areas)
	return strings.Join(append(parts, areas...), " ")
}
