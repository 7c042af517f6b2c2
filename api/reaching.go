package api

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/reach"
)

type policyPut struct {
	Rules         reach.Policy `json:"rules"`
	EffectiveFrom string       `json:"effective_from"`
}

func (a *App) mountReaching(s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/policies", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Policy, error) {
			rows, err := read.Policies(c.UserContext(), actorOf(c).Scope(), p)
			if err == nil && p.AfterID == nil && !slices.ContainsFunc(rows, func(v domain.Policy) bool { return v.CentreID == nil }) {
				// Until the brand sets its own, the default is what judges.
				rows = append([]domain.Policy{{EffectiveFrom: time.Unix(0, 0).UTC(), CreatedAt: time.Unix(0, 0).UTC(),
					Rules: domain.JSON[reach.Policy]{V: reach.Default()}}}, rows...)
			}
			return rows, err
		}, func(v domain.Policy) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, asIs)
	})
	s.Handle("PUT", "/v1/policies/brand", func(c *fiber.Ctx) error {
		in, err := decode[policyPut](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error {
			_, err := svc.PutPolicy(ctx, call, nil, in.Rules, in.EffectiveFrom)
			return err
		})
	})
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
		}, func(v domain.Attempt) (time.Time, domain.ID) { return v.OccurredAt, v.ID }, asIs)
	})
	s.Handle("POST", "/v1/jobs/{id}/attempts", byID("job", "/v1/attempts", fiber.StatusCreated,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.AttemptInput) error {
			_, err := svc.RecordAttempt(ctx, call, &id, nil, in)
			return err
		}))
	s.Handle("POST", "/v1/visits/{id}/attempts", byID("visit", "/v1/attempts", fiber.StatusCreated,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.AttemptInput) error {
			_, err := svc.RecordAttempt(ctx, call, nil, &id, in)
			return err
		}))
	s.Handle("POST", "/v1/contacts", func(c *fiber.Ctx) error {
		in, err := decode[domain.ContactByPhone](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusAccepted, "", func(ctx context.Context, call *domain.Call) error {
			_, err := svc.LogContact(ctx, call, in)
			return err
		})
	})
}
