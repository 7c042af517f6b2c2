package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
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
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Accounts.PutDevice(ctx, call, id, in)
			return err
		})
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
