package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountCentres(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/centres", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Centre, error) {
			return read.Centres(c.UserContext(), actorOf(c).Scope(), p)
		},
			metaKey(func(v domain.Centre) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/centres", create("/v1/centres", func(ctx context.Context, call *casework.Call, in accounts.CentreInput) error {
		_, err := svc.Accounts.CreateCentre(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/centres/{id}", get("centre", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Centre, error) {
		return read.Centre(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/centres/{id}", patch("centre", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in accounts.CentreInput) error {
		_, err := svc.Accounts.PatchCentre(ctx, call, id, version, in)
		a.forgetAll() // its zone may be another one
		return err
	}))
	s.Handle("POST", "/v1/centres/{id}/disruption", byID("centre", "", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.DisruptionInput) error {
			_, err := svc.Disrupt(ctx, call, id, in)
			return err
		}))
}
