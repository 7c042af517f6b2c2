package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/api/web"
	"doorstep/domain"
)

// appFiles are what /app is made of, with their types (api/pages/bundle).
var appFiles = map[string]string{
	"app.js": "text/javascript; charset=utf-8", "sw.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8",
	"manifest.webmanifest": "application/manifest+json", "icon-192.png": "image/png", "icon-512.png": "image/png",
	"text.hi.json": fiber.MIMEApplicationJSON, "text.mr.json": fiber.MIMEApplicationJSON,
}

// mountTechnicianApp serves /app, the technician's app: files alone. It signs in by itself and uses the API as any app does.
func mountTechnicianApp(a *App, s *web.Server) {
	s.Page("GET", "/app", web.Compressed(func(c *fiber.Ctx) error {
		return sendPageFile(c, "index.html", fiber.MIMETextHTMLCharsetUTF8, revalidated)
	}))
	s.Page("GET", "/app/config.json", func(c *fiber.Ctx) error {
		return c.JSON(fiber.Map{"push_key": a.pushKey()})
	})
	s.Page("GET", "/app/{file}", web.Compressed(func(c *fiber.Ctx) error {
		kind, ok := appFiles[c.Params("file")]
		if !ok {
			return domain.Fail(domain.CodeNotFound, "The app has no such file.")
		}
		c.Set("Service-Worker-Allowed", "/app") // its file lies below what it serves
		return sendPageFile(c, c.Params("file"), kind, revalidated)
	}))
}

// pushKey is what a browser subscribes with; empty where no browser is pushed to.
func (a *App) pushKey() string {
	if a.Browsers == nil {
		return ""
	}
	return a.Browsers.PublicKey()
}

// How long a browser may use a file without asking.
const (
	revalidated = "no-cache"
	forGood     = "public, max-age=31536000, immutable" // of an address that names the version
	fiveMinutes = "private, max-age=300"                // a page that holds nothing of anybody; a new version comes so much later
)

// sendPageFile sends a file of /app or of the desk; unchanged, it is 304.
func sendPageFile(c *fiber.Ctx, name, kind, kept string) error {
	body := pages.BundledFile(name)
	c.Set(fiber.HeaderContentSecurityPolicy, pages.BundledCSP)
	c.Set(fiber.HeaderCacheControl, kept)
	c.Set("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(self)")
	tag := web.ContentTag(body)
	if !strings.HasPrefix(kind, "image/") {
		tag = "W/" + tag // it may travel compressed
	}
	if web.Unchanged(c, tag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, kind)
	return c.Send(body)
}
