package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

func (a *App) mountAftercare(s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/aftercare", func(c *fiber.Ctx) error {
		actor := actorOf(c)
		return listOf(c, func(p domain.Page) ([]domain.Aftercare, error) {
			return read.Aftercares(c.UserContext(), actor, c.Query("status"), p)
		}, func(v domain.Aftercare) (time.Time, domain.ID) { return v.DueAt, v.ID }, func(rows []domain.Aftercare) ([]domain.AftercareView,
			error) {
			out := make([]domain.AftercareView, len(rows))
			for i := range rows {
				out[i] = rows[i].View(actor)
			}
			return out, nil
		})
	})
	for _, action := range []string{"done", "stop"} {
		s.Handle("POST", "/v1/aftercare/{id}/"+action, byID("conversation", "", fiber.StatusOK,
			func(ctx context.Context, call *domain.Call, id domain.ID, in domain.AftercareInput) error {
				_, err := svc.MoveAftercare(ctx, call, id, action, in)
				return err
			}))
	}
	s.Handle("GET", "/v1/reports/aftercare", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		rows, err := svc.AftercareReport(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": domain.JSONList[domain.AftercareCount](rows),
			"definitions": domain.AftercareDefinitions})
	})
	s.Handle("GET", "/v1/reports/suppression", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		report, err := svc.Suppression(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		return c.JSON(report)
	})
	s.Handle("POST", "/v1/flags/{id}/cool-off", byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
		in domain.CoolOffInput) error {
		_, err := svc.AnswerCoolOff(ctx, call, id, in)
		return err
	}))
}
