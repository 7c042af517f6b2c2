package api

import (
	"io"
	"os"

	"github.com/gofiber/fiber/v2"
)

func (a *App) mountPacks(s *Server) {
	s.Handle("GET", "/v1/jobs/{id}/evidence-pack", a.evidencePack)
	s.Handle("GET", "/v1/signing-keys", func(c *fiber.Ctx) error { return List(c, a.Service.SigningKeys(), "") })
}

// evidencePack makes the archive in a file of its own first: a fault on the
// way is an answer then, not a broken download.
func (a *App) evidencePack(c *fiber.Ctx) error {
	id, err := PathID(c, "id", "job")
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp("", "doorstep-pack-*")
	if err != nil {
		return err
	}
	_ = os.Remove(draft.Name()) // it goes with its last reader
	if err := a.Service.EvidencePack(c.UserContext(), actorOf(c), id, draft); err != nil {
		_ = draft.Close()
		return err
	}
	size, err := draft.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = draft.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = draft.Close()
		return err
	}
	c.Set(fiber.HeaderContentType, "application/zip")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="evidence-`+id.String()+`.zip"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendStream(draft, int(size))
}
