package api

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

type policyPut struct {
	Rules         reach.Policy `json:"rules"`
	EffectiveFrom string       `json:"effective_from"`
}

func mountPolicies(a *App, s *web.Server) {
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
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Accounts.PutPolicy(ctx, call, nil, in.Rules, in.EffectiveFrom)
			return err
		})
	})
	s.Handle("PUT", "/v1/centres/{id}/policy", byID("centre", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in policyPut) error {
		_, err := svc.Accounts.PutPolicy(ctx, call, &id, in.Rules, in.EffectiveFrom)
		return err
	}))
}
