package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

func (a *App) mountConduct(s *Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/flags/{id}/statement", byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID, in domain.StatementInput) error {
		_, err := svc.State(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/keep-aways", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.KeptAway, error) {
			return read.KeepAways(c.UserContext(), actorOf(c), p)
		}, func(v domain.KeptAway) (time.Time, domain.ID) { return v.Since, v.ID }, func(rows []domain.KeptAway) ([]domain.KeepAwayView, error) {
			out := make([]domain.KeepAwayView, len(rows))
			for i := range rows {
				out[i] = domain.NewKeepAwayView(actorOf(c), &rows[i])
			}
			return out, nil
		})
	})
	s.Handle("POST", "/v1/keep-aways/{id}/lift", byID("keep-away", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID, in domain.ReasonInput) error {
		_, err := svc.LiftKeepAway(ctx, call, id, in)
		return err
	}))
}
