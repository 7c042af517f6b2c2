package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
)

// staffPage serves a page that signs in by itself: it holds nothing of anybody.
func (s *Server) staffPage(path string, p pages.Page, name string) {
	s.Page("GET", path, func(c *fiber.Ctx) error {
		body, err := p.Render(name, nil)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, p.CSP)
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		return c.Send(body)
	})
}

// script serves one script made of files; unchanged, it is 304.
func (s *Server) script(path string, files ...string) {
	var b bytes.Buffer
	for _, f := range files {
		b.Write(pages.Script(f))
	}
	tag := tagOf(b.Bytes())
	s.Page("GET", path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if unchanged(c, tag) {
			return c.SendStatus(fiber.StatusNotModified)
		}
		c.Set(fiber.HeaderContentType, "text/javascript; charset=utf-8")
		return c.Send(b.Bytes())
	})
}

// tagOf is an entity tag of content.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// unchanged sets the tag and reports whether the caller has it already.
func unchanged(c *fiber.Ctx, tag string) bool {
	c.Set(fiber.HeaderETag, tag)
	return c.Get(fiber.HeaderIfNoneMatch) == tag
}
