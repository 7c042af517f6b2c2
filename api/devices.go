package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountDevices(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("PUT", "/v1/devices/{installation_id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		in, err := decode[accounts.DeviceInput](c)
		if err != nil {
			return err
		}
		defer a.forgetSessions(actorOf(c).Session)
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Accounts.PutDevice(ctx, call, id, in)
			return err
		})
	})
	s.Handle("PUT", "/v1/devices/{installation_id}/health", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		in, err := decode[accounts.HealthInput](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := accounts.PutDeviceHealth(ctx, svc.Accounts, call, id, in)
			return err
		})
	})
	s.Handle("POST", "/v1/devices/{installation_id}/credential", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		credential, err := accounts.MakeCredential(c.UserContext(), svc.Accounts, actorOf(c), id)
		if err != nil {
			return err
		}
		return c.Status(fiber.StatusCreated).JSON(fiber.Map{"installation_id": id, "credential": credential})
	})
	s.Handle("GET", "/v1/users/{id}/sealed-requests", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "user")
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.SealedRequest, error) {
			return accounts.SealedRequests(c.UserContext(), svc.Accounts, actorOf(c), id, p)
		}, func(r domain.SealedRequest) (time.Time, domain.ID) { return r.CreatedAt, r.ID }, asIs)
	})
	s.Handle("GET", "/v1/me/devices", func(c *fiber.Ctx) error {
		out, err := accounts.MyDevices(c.UserContext(), svc.Accounts, actorOf(c))
		if err != nil {
			return err
		}
		return web.List(c, out, "")
	})
	lose := func(c *fiber.Ctx, user domain.ID) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		defer a.forgetSessions()
		defer a.forget(user)
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := accounts.LoseDevice(ctx, svc.Accounts, call, user, id)
			return err
		})
	}
	s.Handle("POST", "/v1/me/devices/{installation_id}/lost", func(c *fiber.Ctx) error { return lose(c, actorOf(c).UserID) })
	s.Handle("POST", "/v1/users/{id}/devices/{installation_id}/lost", func(c *fiber.Ctx) error {
		user, err := web.PathID(c, "id", "user")
		if err != nil {
			return err
		}
		return lose(c, user)
	})
	s.Handle("GET", "/v1/centres/{id}/phones", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "centre")
		if err != nil {
			return err
		}
		phones, err := accounts.Phones(c.UserContext(), svc.Accounts, actorOf(c), id)
		if err != nil {
			return err
		}
		return web.List(c, phones, "")
	})
	s.Handle("DELETE", "/v1/devices/{installation_id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "installation_id", "device")
		if err != nil {
			return err
		}
		call, err := callOf(c, fiber.StatusNoContent)
		if err == nil {
			err = svc.Accounts.DeleteDevice(c.UserContext(), call, id)
		}
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
}
