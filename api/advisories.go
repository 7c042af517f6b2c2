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

func mountAdvisories(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("GET", "/v1/advisories", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Advisory, error) {
			return svc.Safety.Advisories(c.UserContext(), actorOf(c), c.Query("status"), p)
		}, func(v domain.Advisory) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Advisory) ([]domain.AdvisoryView,
			error) {
			return svc.Safety.ReadAdvisories(c.UserContext(), actorOf(c), rows)
		})
	})
	s.Handle("POST", "/v1/advisories", create("/v1/advisories", func(ctx context.Context, call *casework.Call, in safety.AdvisoryInput) error {
		_, err := svc.Safety.ProposeAdvisory(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/advisories/{id}", get("advisory", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.AdvisoryView, error) {
		return svc.Safety.AdvisoryByID(c.UserContext(), ac, id)
	}))
	s.Handle("GET", "/v1/advisories/{id}/reads", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "advisory")
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.AdvisoryRead, error) {
			return svc.Safety.AdvisoryReads(c.UserContext(), actorOf(c), id, p)
		}, func(v domain.AdvisoryRead) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, asIs)
	})
	for _, action := range []string{"approve", "refuse", "renew", "appeal", "decide-appeal", "end"} {
		s.Handle("POST", "/v1/advisories/{id}/"+action, byID("advisory", "", fiber.StatusOK,
			func(ctx context.Context, call *casework.Call, id domain.ID, in safety.AdvisoryDecision) error {
				_, err := svc.Safety.MoveAdvisory(ctx, call, id, action, in)
				return err
			}))
	}
	s.Handle("GET", "/v1/visits/{id}/advisories", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		rows, err := svc.Safety.VisitAdvisories(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return web.List(c, rows, "")
	})
}
