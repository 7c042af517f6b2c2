package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/sheet"
	"doorstep/api/web"
	"doorstep/domain/intake"
)

// importDeadline is longer than that of other requests: an import commits row
// by row. When it runs out, what was done stands, and the same file with the
// same key goes on from there.
const importDeadline = 2 * time.Minute

func mountImports(a *App, s *web.Server) {
	s.Handle("POST", "/v1/imports/jobs", func(c *fiber.Ctx) error {
		if err := intake.MayImport(actorOf(c)); err != nil {
			return err
		}
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		file, err := sheet.Parse(c.UserContext(), c.Get(fiber.HeaderContentType), c.Request().Body())
		if err != nil {
			return err
		}
		call, err := callOf(c, fiber.StatusOK)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), importDeadline)
		defer cancel()
		in := intake.ImportInput{CentreID: centre, Preview: c.QueryBool("preview"), File: file}
		if _, err := a.Service.Intake.ImportJobs(ctx, call, in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
}
