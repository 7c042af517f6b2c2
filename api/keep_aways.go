package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

func mountKeepAways(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/keep-aways", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.StandDownWithFlag, error) {
			return read.StandDowns(c.UserContext(), actorOf(c), p)
		}, func(v domain.StandDownWithFlag) (time.Time, domain.ID) { return v.Since, v.ID },
			func(rows []domain.StandDownWithFlag) ([]safety.StandDownView,
				error) {
				out := make([]safety.StandDownView, len(rows))
				for i := range rows {
					out[i] = safety.NewStandDownView(actorOf(c), &rows[i])
				}
				return out, nil
			})
	})
	s.Handle("POST", "/v1/keep-aways/{id}/lift", byID("keep-away", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ReasonInput) error {
			_, err := svc.Safety.LiftStandDown(ctx, call, id, in)
			return err
		}))
}
