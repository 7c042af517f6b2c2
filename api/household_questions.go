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

func mountHouseholdQuestions(a *App, s *web.Server) {
	svc := a.Service
	s.Handle("GET", "/v1/household-questions", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.HouseholdQuestionView, error) {
			return svc.Safety.HouseholdQuestions(c.UserContext(), actorOf(c), c.Query("status"), p)
		}, func(q domain.HouseholdQuestionView) (time.Time, domain.ID) { return q.CreatedAt, q.ID }, asIs)
	})
	s.Handle("POST", "/v1/household-questions/{id}/decide", byID("household question", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.HouseholdDecision) error {
			_, err := svc.Safety.DecideHousehold(ctx, call, id, in)
			return err
		}))
}
