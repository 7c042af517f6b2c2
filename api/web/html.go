package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// docCSS is the whole look of the reference pages. It stands in the page, so
// that they need no second request, and the CSP names its hash.
const docCSS = `:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--soft:#56606b;--line:#d5dae0;--box:#f4f6f8;--link:#0b57b0}
@media (prefers-color-scheme:dark){:root{--fg:#e6e9ed;--bg:#14171b;--soft:#a3adb8;--line:#363d45;--box:#1e2328;--link:#8ab9ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;color:var(--fg);background:var(--bg);font:1rem/1.55 system-ui,sans-serif}
a{color:var(--link)}a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
h1{font-size:1.6rem;line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin:2rem 0 .25rem;font-size:1.05rem;overflow-wrap:anywhere}
h4{margin:1rem 0 .25rem;font-size:.95rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{padding:.75rem;overflow-x:auto;background:var(--box);border:1px solid var(--line);border-radius:.4rem}
dl{margin:.5rem 0}dt{font-weight:600;overflow-wrap:anywhere}dd{margin:0 0 .5rem 1rem}
small,.soft{color:var(--soft)}ul{padding-left:1.2rem}nav ul{columns:12rem;}
.m{display:inline-block;min-width:4rem;font-weight:700}`

var docCSP = func() string {
	sum := sha256.Sum256([]byte(docCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var docPages = template.Must(template.New("").Parse(`
{{define "head"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.}}</title><style>` + docCSS + `</style></head><body>{{end}}

{{define "problems"}}{{template "head" "Problems · Doorstep"}}
<main><h1>What can go wrong</h1>
<p>Every failure of the API is an <code>application/problem+json</code> document (RFC 9457) whose <code>type</code> is one of these pages.</p>
<ul>{{range .}}<li><a href="/problems/{{.Code}}"><code>{{.Code}}</code></a> <span class="soft">{{.Status}}</span> {{.Title}}</li>
{{end}}</ul></main></body></html>{{end}}

{{define "problem"}}{{template "head" .Title}}
<main><h1>{{.Title}}</h1>
<p class="soft"><code>{{.Code}}</code> · HTTP {{.Status}}</p>
<h2>What happened</h2><p>{{.Cause}}</p>
<h2>What to do</h2><p>{{.Remedy}}</p>
<h2>Example</h2><pre tabindex="0">{{.Sample}}</pre></main>
<nav aria-label="Elsewhere"><p><a href="/problems">All problems</a> · <a href="/docs">API</a></p></nav></body></html>{{end}}

{{define "failed"}}{{template "head" .Title}}
<main><h1>{{.Title}}</h1><p>{{.Detail}}</p>
<p class="soft"><small>HTTP {{.Status}} · {{.Instance}}</small></p></main></body></html>{{end}}

{{define "fields"}}<dl>{{range .}}<dt><code>{{.Name}}</code> <small>{{.Type}}{{if .Required}}, required{{end}}</small></dt><dd>{{.Text}}</dd>
{{end}}</dl>{{end}}

{{define "docs"}}{{template "head" .Title}}
<header><h1>{{.Title}} <small>{{.Version}}</small></h1>
{{range .About}}<p>{{.}}</p>{{end}}
<p><a href="/openapi.yaml">openapi.yaml</a> · <a href="/problems">Problems</a> · search with your browser’s find</p></header>
<nav aria-label="Sections"><ul>{{range .Groups}}<li><a href="#{{.ID}}">{{.Name}}</a></li>{{end}}</ul></nav>
<main>{{range .Groups}}<section aria-labelledby="{{.ID}}"><h2 id="{{.ID}}">{{.Name}}</h2>{{with .Text}}<p>{{.}}</p>{{end}}
{{range .Operations}}<article><h3 id="{{.ID}}"><span class="m">{{.Method}}</span> <code>{{.Path}}</code></h3>
<p>{{.Summary}}{{if .Roles}} <span class="soft">For: {{.Roles}}.</span>{{end}}{{if .Public}} <span class="soft">No sign-in.</span>{{end}}</p>
{{range .Text}}<p>{{.}}</p>{{end}}
{{with .Parameters}}<h4>Parameters</h4>{{template "fields" .}}{{end}}
{{with .Fields}}<h4>Body</h4>{{template "fields" .}}{{end}}
<h4>Answers</h4>{{template "fields" .Answers}}
<details><summary>Example</summary><pre tabindex="0">{{.Curl}}</pre></details></article>
{{end}}</section>{{end}}</main></body></html>{{end}}
`))

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

// WantsHTML tells a browser that opened a page from a client of the API.
func WantsHTML(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), fiber.MIMETextHTML) && !strings.HasPrefix(c.Path(), "/v1/")
}
