package api

import (
	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain/casework"
)

func mountSlots(a *App, s *web.Server) {
	s.Handle("GET", "/v1/jobs/{id}/slots", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		q := casework.SlotQuery{From: c.Query("from"), To: c.Query("to"), Explain: c.QueryBool("explain"), Minutes: c.QueryInt("planned_minutes")}
		if q.VisitID, err = web.QueryID(c, "visit_id"); err != nil {
			return err
		}
		out, err := a.Service.Slots(c.UserContext(), actorOf(c), id, q)
		if err != nil {
			return err
		}
		return c.JSON(out)
	})
}
