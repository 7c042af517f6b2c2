package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

func (a *App) mountCompliments(s *web.Server) {
	s.Handle("GET", "/v1/thanks", func(c *fiber.Ctx) error {
		actor := actorOf(c)
		return listOf(c, func(p domain.Page) ([]domain.Thanks, error) {
			return a.Service.Thanks(c.UserContext(), actor, c.Query("status"), p)
		}, func(v domain.Thanks) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Thanks) ([]domain.ThanksView, error) {
			out := make([]domain.ThanksView, len(rows))
			for i := range rows {
				out[i] = domain.NewThanksView(actor, &rows[i])
			}
			return out, nil
		})
	})
	s.Handle("POST", "/v1/thanks/{id}/moderate", byID("thank-you", "", fiber.StatusOK,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.Moderation) error {
			_, err := a.Service.ModerateThanks(ctx, call, id, in)
			return err
		}))
}
