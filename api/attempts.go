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

func mountAttempts(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/jobs/{id}/reachability", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		v, err := svc.Reachability(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return c.JSON(v)
	})
	s.Handle("GET", "/v1/jobs/{id}/attempts", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		if _, err := read.Job(c.UserContext(), actorOf(c).Scope(), id); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Attempt, error) {
			return read.Attempts(c.UserContext(), actorOf(c).Scope(), id, p)
		}, func(v domain.Attempt) (time.Time, domain.ID) { return v.OccurredAt, v.ID }, func(rows []domain.Attempt) ([]domain.Attempt, error) {
			for i := range rows {
				rows[i].Discounted, _ = domain.InLanguage(rows[i].Discounted, actorOf(c).Language)
			}
			return rows, nil
		})
	})
	s.Handle("POST", "/v1/jobs/{id}/attempts", byID("job", "/v1/attempts", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.AttemptInput) error {
			_, err := svc.RecordAttempt(ctx, call, &id, nil, in)
			return err
		}))
	s.Handle("POST", "/v1/visits/{id}/attempts", byID("visit", "/v1/attempts", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.AttemptInput) error {
			_, err := svc.RecordAttempt(ctx, call, nil, &id, in)
			return err
		}))
	s.Handle("GET", "/v1/jobs/{id}/end-call", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		j, err := read.Job(c.UserContext(), actorOf(c).Scope(), id)
		if err != nil {
			return err
		}
		customer, err := read.Customer(c.UserContext(), actorOf(c).Scope(), j.CustomerID)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"language": customer.LanguageOf(j.ContactID), "warning": domain.EndCallWarning})
	})
	s.Handle("POST", "/v1/jobs/{id}/end-call", byID("job", "/v1/attempts", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.EndCallInput) error {
			_, err := svc.Safety.EndCall(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/attempts/{id}/cool-off", byID("attempt", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.CoolOffInput) error {
			_, err := svc.Safety.AnswerCallCoolOff(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/contacts", func(c *fiber.Ctx) error {
		in, err := decode[safety.ContactByPhone](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusAccepted, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Safety.LogContact(ctx, call, in)
			return err
		})
	})
}
