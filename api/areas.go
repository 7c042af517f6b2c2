package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountAreas(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/areas", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Area, error) { return read.Areas(c.UserContext(), actorOf(c).Scope(), p) },
			metaKey(func(v domain.Area) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/areas", create("/v1/areas", func(ctx context.Context, call *casework.Call, in accounts.AreaInput) error {
		_, err := svc.Accounts.CreateArea(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/areas/{id}", get("area", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Area, error) {
		return read.Area(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/areas/{id}", patch("area", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in accounts.AreaInput) error {
		if _, err := read.Area(ctx, call.Actor.Scope(), id); err != nil {
			return err
		}
		_, err := svc.Accounts.PatchArea(ctx, call, id, version, in)
		return err
	}))
}
