package api

import (
	"bytes"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/api/web"
)

// The pages of staff are shells: they hold nothing of anybody, sign in by
// themselves and read the API.

// servePage serves such a page.
func servePage(s *web.Server, path string, p pages.Page, name string) {
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

// serveScript serves one script made of files; unchanged, it is 304.
func serveScript(s *web.Server, path string, files ...string) {
	var b bytes.Buffer
	for _, f := range files {
		b.Write(pages.Script(f))
	}
	tag := web.ContentTag(b.Bytes())
	s.Page("GET", path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if web.Unchanged(c, tag) {
			return c.SendStatus(fiber.StatusNotModified)
		}
		c.Set(fiber.HeaderContentType, "text/javascript; charset=utf-8")
		return c.Send(b.Bytes())
	})
}
