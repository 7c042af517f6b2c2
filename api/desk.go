package api

import (
	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

// deskFiles are what the desk is made of, with their types (api/pages/bundle).
var deskFiles = map[string]string{
	"desk.js": "text/javascript; charset=utf-8", "desk.css": "text/css; charset=utf-8", "sw.js": "text/javascript; charset=utf-8",
	"along.js": "text/javascript; charset=utf-8", "text.hi.json": fiber.MIMEApplicationJSON,
}

// demoLogin is somebody whom the demo lets in with one tap.
type demoLogin struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Name     string `json:"name"`
}

// mountDesk serves /, the pages of staff: files alone. They sign in by themselves and read the API. Only the demo tells them logins.
func mountDesk(a *App, s *web.Server, demo *Demo) {
	s.Page("GET", "/", web.Compressed(func(c *fiber.Ctx) error {
		return sendPageFile(c, "desk/index.html", fiber.MIMETextHTMLCharsetUTF8, fiveMinutes)
	}))
	s.Page("GET", "/desk/config.json", web.Compressed(func(c *fiber.Ctx) error {
		logins := []demoLogin{}
		if demo != nil {
			for _, u := range demo.Users {
				logins = append(logins, demoLogin(u))
			}
		}
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(fiber.Map{"now": a.Service.Now().UTC(), "push_key": a.pushKey(), "demo": logins})
	}))
	s.Page("GET", "/desk/{file}", web.Compressed(func(c *fiber.Ctx) error {
		kind, ok := deskFiles[c.Params("file")]
		if !ok {
			return domain.Fail(domain.CodeNotFound, "The desk has no such file.")
		}
		kept := revalidated
		if c.Query("v") != "" { // the page names a version, and another version has another name
			kept = forGood
		}
		return sendPageFile(c, "desk/"+c.Params("file"), kind, kept)
	}))
}
