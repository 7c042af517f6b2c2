package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

func mountCompliments(a *App, s *web.Server) {
	s.Handle("GET", "/v1/thanks", func(c *fiber.Ctx) error {
		actor := actorOf(c)
		return listOf(c, func(p domain.Page) ([]domain.Thanks, error) {
			return a.Service.Customers.Thanks(c.UserContext(), actor, c.Query("status"), p)
		}, func(v domain.Thanks) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Thanks) ([]customers.ThanksView, error) {
			out := make([]customers.ThanksView, len(rows))
			for i := range rows {
				out[i] = customers.NewThanksView(actor, &rows[i])
			}
			return out, nil
		})
	})
	s.Handle("POST", "/v1/thanks/{id}/moderate", byID("thank-you", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.Moderation) error {
			_, err := a.Service.Customers.ModerateThanks(ctx, call, id, in)
			return err
		}))
}
