package web

import (
	"bytes"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

// pageGuard sets the page's CSP and refuses bodies that are no form.
func pageGuard(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, pageCSP)
	if !cleanText([]byte(c.Context().QueryArgs().String())) || bytes.Contains(c.Context().URI().QueryString(), []byte("%00")) {
		return Malformed("#/query", "must be valid UTF-8 without NUL")
	}
	if !hasUnreadBody(c) {
		return c.Next()
	}
	media, err := MediaType(c)
	if err == nil && media != fiber.MIMEApplicationForm {
		err = domain.Fail(domain.CodeMedia, "Send application/x-www-form-urlencoded.")
	}
	if err != nil {
		return err
	}
	return c.Next()
}

// Form reads the urlencoded form of a page. CodeMalformed for text that is not
// UTF-8, holds NUL, or for more than 100 fields.
func Form(c *fiber.Ctx) (url.Values, error) {
	out, n, clean := url.Values{}, 0, true
	c.Context().PostArgs().VisitAll(func(k, v []byte) {
		n++
		clean = clean && cleanText(k) && cleanText(v)
		if n <= 100 {
			out.Add(string(k), string(v))
		}
	})
	if !clean || n > 100 {
		return nil, Malformed("", "must be a form of clean UTF-8")
	}
	return out, nil
}
