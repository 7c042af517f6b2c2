package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// docCSS is the whole look of the reference pages. It stands in the page, so
// that they need no second request, and the CSP names its hash.
//
//go:embed docs.css
var docCSS string

//go:embed docs.html
var docHTML string

var docCSP = func() string {
	sum := sha256.Sum256([]byte(docCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var docPages = template.Must(template.New("").
	Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(docCSS) }}).Parse(docHTML))

func sendPage(c *fiber.Ctx, name string, data any) error {
	var b bytes.Buffer
	if err := docPages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	return sendHTML(c, b.Bytes())
}

func sendHTML(c *fiber.Ctx, page []byte) error {
	c.Set(fiber.HeaderContentSecurityPolicy, docCSP)
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(page)
}

// keep lets browsers keep a page that changes only with a release.
func keep(c *fiber.Ctx) {
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	c.Vary(fiber.HeaderAccept)
}

func wantsJSON(c *fiber.Ctx) bool {
	return c.Accepts(fiber.MIMETextHTML, fiber.MIMEApplicationJSON) == fiber.MIMEApplicationJSON
}

// WantsHTML reports whether a browser opened a page, and not a client of the API.
func WantsHTML(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), fiber.MIMETextHTML) && !strings.HasPrefix(c.Path(), "/v1/")
}
