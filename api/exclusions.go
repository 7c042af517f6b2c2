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

func mountExclusions(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/exclusions", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.ExclusionWithFlag, error) {
			return read.Exclusions(c.UserContext(), actorOf(c), p)
		}, func(v domain.ExclusionWithFlag) (time.Time, domain.ID) { return v.Since, v.ID },
			func(rows []domain.ExclusionWithFlag) ([]safety.ExclusionView,
				error) {
				out := make([]safety.ExclusionView, len(rows))
				for i := range rows {
					out[i] = safety.NewExclusionView(actorOf(c), &rows[i])
				}
				return out, nil
			})
	})
	for _, action := range safety.ExclusionMoves {
		s.Handle("POST", "/v1/exclusions/{id}/"+action, byID("exclusion", "", fiber.StatusOK,
			func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ReasonInput) error {
				_, err := svc.Safety.MoveExclusion(ctx, call, id, action, in)
				return err
			}))
	}
}
