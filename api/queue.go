package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain/decisions"
)

// mountQueue serves the decision queue; unchanged, the answer is 304.
func mountQueue(a *App, s *web.Server) {
	s.Handle("GET", "/v1/queue", func(c *fiber.Ctx) error {
		q, err := a.Service.Decisions.Queue(c.UserContext(), actorOf(c))
		if err != nil {
			return err
		}
		for i := range q.Items {
			it := &q.Items[i]
			if it.ReadBy != nil {
				it.Read = s.PathOf(it.ReadBy.Name, it.ReadBy.ID)
			}
			addressMoves(s, it.Moves)
		}
		body, err := json.Marshal(q.Items)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		if web.Unchanged(c, "W/"+web.ContentTag(body)) {
			return c.SendStatus(fiber.StatusNotModified)
		}
		return c.JSON(q)
	})
	s.Page("GET", "/queue", func(c *fiber.Ctx) error { return c.Redirect("/#/decisions") })
}

// addressMoves says where the form of each move goes.
func addressMoves(s *web.Server, moves []decisions.QueueMove) {
	for i := range moves {
		moves[i].To = s.PathOf(moves[i].By.Name, moves[i].By.ID)
	}
}
