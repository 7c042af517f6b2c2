package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

func (a *App) mountExclusions(s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/exclusions", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.ExcludedFor, error) {
			return read.Exclusions(c.UserContext(), actorOf(c), p)
		}, func(v domain.ExcludedFor) (time.Time, domain.ID) { return v.Since, v.ID }, func(rows []domain.ExcludedFor) ([]domain.ExclusionView,
			error) {
			out := make([]domain.ExclusionView, len(rows))
			for i := range rows {
				out[i] = domain.NewExclusionView(actorOf(c), &rows[i])
			}
			return out, nil
		})
	})
	for _, action := range domain.ExclusionMoves {
		s.Handle("POST", "/v1/exclusions/{id}/"+action, byID("exclusion", "", fiber.StatusOK,
			func(ctx context.Context, call *domain.Call, id domain.ID, in domain.ReasonInput) error {
				_, err := svc.MoveExclusion(ctx, call, id, action, in)
				return err
			}))
	}
}
