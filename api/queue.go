package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
)

// mountQueue serves the decision queue and its page, which asks for changes
// every two seconds; unchanged, the answer is 304.
func (a *App) mountQueue(s *Server) {
	s.Handle("GET", "/v1/queue", func(c *fiber.Ctx) error {
		q, err := a.Service.Queue(c.UserContext(), actorOf(c))
		if err != nil {
			return err
		}
		body, err := json.Marshal(q.Items)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		c.Set(fiber.HeaderETag, tag)
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		if c.Get(fiber.HeaderIfNoneMatch) == tag {
			return c.SendStatus(fiber.StatusNotModified)
		}
		return c.JSON(q)
	})
	s.Handle("GET", "/v1/jobs/{id}/evidence-pack", a.evidencePack)
	s.Handle("GET", "/v1/signing-keys", func(c *fiber.Ctx) error { return List(c, a.Service.SigningKeys(), "") })
	s.Page("GET", "/queue", func(c *fiber.Ctx) error {
		body, err := pages.Queue.Render("queue", nil)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, pages.Queue.CSP)
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		return c.Send(body)
	})
	script := pages.Script("queue.js")
	s.Page("GET", "/queue/app.js", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "text/javascript; charset=utf-8")
		return c.Send(script)
	})
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
