package api

import (
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain/accounts"
)

// packTime bounds the making of a pack for a reader who takes nothing.
const packTime = time.Minute

func mountPacks(a *App, s *web.Server) {
	s.Handle("GET", "/v1/jobs/{id}/evidence-pack", a.evidencePack)
	s.Handle("GET", "/v1/signing-keys", func(c *fiber.Ctx) error { return web.List(c, a.Service.Proof.SigningKeys(), "") })
}

// evidencePack makes the archive twice: once for nobody, so that a fault is an
// answer and no broken download, and once while it is sent. So it needs neither
// memory nor a folder for files of any number. What fails on the way all the same
// ends the connection before its last chunk.
func (a *App) evidencePack(c *fiber.Ctx) error {
	id, err := web.PathID(c, "id", "job")
	if err != nil {
		return err
	}
	actor := actorOf(c)
	if err := a.Service.Proof.EvidencePack(c.UserContext(), actor, id, io.Discard); err != nil {
		return err
	}
	if err := accounts.LogExport(c.UserContext(), a.Service.Accounts, actor, "evidence pack", &id); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/zip")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="evidence-`+id.String()+`.zip"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	archive, sent := io.Pipe()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), packTime)
	go func() {
		defer cancel()
		_ = sent.CloseWithError(a.Service.Proof.EvidencePack(ctx, actor, id, sent))
	}()
	return c.SendStream(archive)
}
