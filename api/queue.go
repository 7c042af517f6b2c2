package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/domain"
)

// mountQueue serves the decision queue and its page, which asks for changes
// every two seconds; unchanged, the answer is 304.
func (a *App) mountQueue(s *Server) {
	s.Handle("GET", "/v1/queue", func(c *fiber.Ctx) error {
		q, err := a.Service.Queue(c.UserContext(), actorOf(c))
		if err != nil {
			return err
		}
		for i := range q.Items {
			it := &q.Items[i]
			if it.ReadBy != nil {
				it.Read = s.address(*it.ReadBy)
			}
			s.addressMoves(it.Moves)
		}
		body, err := json.Marshal(q.Items)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		if unchanged(c, tagOf(body)) {
			return c.SendStatus(fiber.StatusNotModified)
		}
		return c.JSON(q)
	})
	s.staffPage("/queue", pages.Queue, "queue")
	s.script("/queue/app.js", "session.js", "moves.js", "queue.js")
}

// address is the path of an operation, for the object it is called for.
func (s *Server) address(of domain.Operation) string {
	return s.cfg.Contract.pathOf(of.Name, of.ID)
}

// addressMoves says where the form of each move goes.
func (s *Server) addressMoves(moves []domain.QueueMove) {
	for i := range moves {
		moves[i].To = s.address(moves[i].By)
	}
}
