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

func mountAftercare(a *App, s *web.Server) {
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
			func(ctx context.Context, call *casework.Call, id domain.ID, in safety.AftercareInput) error {
				_, err := svc.Safety.MoveAftercare(ctx, call, id, action, in)
				return err
			}))
	}
	s.Handle("GET", "/v1/reports/aftercare", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		rows, err := svc.Reporting.AftercareReport(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": domain.JSONList[domain.AftercareCount](rows),
			"definitions": safety.AftercareDefinitions})
	})
	s.Handle("GET", "/v1/reports/suppression", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		report, err := svc.Reporting.Suppression(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		return c.JSON(report)
	})
	s.Handle("POST", "/v1/flags/{id}/cool-off", byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in safety.CoolOffInput) error {
		_, err := svc.Safety.AnswerCoolOff(ctx, call, id, in)
		return err
	}))
}
