package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/api/sheet"
	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/intake"
)

// importDeadline is longer than that of other requests: an import commits row
// by row. When it runs out, what was done stands, and the same file with the
// same key goes on from there.
const importDeadline = 2 * time.Minute

// landingGC is the percentage that Go itself begins with.
const landingGC = 100

func mountImports(a *App, s *web.Server) {
	svc := a.Service.Intake
	s.Handle("POST", "/v1/imports/jobs", func(c *fiber.Ctx) error {
		if err := intake.MayImport(actorOf(c)); err != nil {
			return err
		}
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		id, err := web.QueryID(c, "id")
		if err != nil {
			return err
		}
		defer sheet.Frugal(landingGC)()
		file, err := sheet.Parse(c.UserContext(), c.Get(fiber.HeaderContentType), c.Request().Body())
		if err != nil {
			return err
		}
		call, err := callOf(c, fiber.StatusOK)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(c.Request().Body())
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), importDeadline)
		defer cancel()
		in := intake.ImportInput{ID: id, CentreID: centre, Preview: c.QueryBool("preview"), Digest: hex.EncodeToString(sum[:]), File: file}
		if _, err := svc.ImportJobs(ctx, call, in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
	s.Handle("GET", "/v1/imports", func(c *fiber.Ctx) error {
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Import, error) {
			return svc.Imports(c.UserContext(), actorOf(c), centre, p)
		}, metaKey(func(i domain.Import) domain.Meta { return i.Meta }), func(rows []domain.Import) ([]domain.ImportView, error) {
			out, now := make([]domain.ImportView, len(rows)), svc.Instant()
			for i := range rows {
				out[i] = rows[i].View(now)
			}
			return out, nil
		})
	})
	s.Handle("GET", "/v1/imports/template", func(c *fiber.Ctx) error {
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		t, err := svc.Template(c.UserContext(), actorOf(c), centre)
		if err != nil {
			return err
		}
		media, name := sheet.MediaCSV, "jobs.csv"
		var body []byte
		if c.Query("format") == "xlsx" {
			media, name = sheet.MediaXLSX, "jobs.xlsx"
			body, err = sheet.TemplateXLSX(t)
		} else {
			body, err = sheet.CSV([][]string{t.Headings})
		}
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentType, media)
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
		return c.Send(body)
	})
	s.Handle("GET", "/v1/imports/answers", func(c *fiber.Ctx) error {
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		out, err := svc.Answers(c.UserContext(), actorOf(c), centre)
		if err != nil {
			return err
		}
		return c.JSON(out)
	})
	s.Handle("POST", "/v1/imports/answers", func(c *fiber.Ctx) error {
		in, err := decode[intake.AnswersInput](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.AnswerImport(ctx, call, in)
			return err
		})
	})
	s.Handle("DELETE", "/v1/imports/answers", func(c *fiber.Ctx) error {
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		if err := svc.ForgetAnswers(c.UserContext(), actorOf(c), centre, c.Query("about")); err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("GET", "/v1/imports/{id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "import")
		if err != nil {
			return err
		}
		out, err := svc.Import(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return c.JSON(out)
	})
	s.Handle("POST", "/v1/imports/{id}/undo", func(c *fiber.Ctx) error {
		defer sheet.Frugal(landingGC)()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), importDeadline)
		defer cancel()
		return byID("import", "", fiber.StatusOK, func(_ context.Context, call *casework.Call, id domain.ID, in intake.UndoInput) error {
			_, err := svc.UndoImport(ctx, call, id, in)
			return err
		})(c)
	})
	servePage(s, "/import", pages.Import, "import")
	serveScript(s, "/import/app.js", "session.js", "import.js")
}
