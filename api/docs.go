package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
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

type problemPage struct {
	domain.CodeInfo
	Status int
	Sample string
}

func (s *Server) problemPages() {
	var all []problemPage
	byCode := map[string]problemPage{}
	for _, info := range domain.Codes() {
		p := problemPage{CodeInfo: info, Status: statusOf(info.Kind)}
		sample, _ := json.MarshalIndent(Problem{
			Type: s.baseURL + "/problems/" + string(info.Code), Title: info.Title, Status: p.Status,
			Detail: info.Example, Instance: "urn:request:4be0643f-1d98-573b-97cd-ca98a65347dd", Code: info.Code,
		}, "", "  ")
		p.Sample = string(sample)
		all = append(all, p)
		byCode[string(info.Code)] = p
	}
	s.internalRoute("/problems", func(c *fiber.Ctx) error {
		keep(c)
		if wantsJSON(c) {
			items := make([]fiber.Map, len(all))
			for i, p := range all {
				items[i] = p.members()
			}
			return List(c, items, "")
		}
		return sendPage(c, "problems", all)
	})
	s.internalRoute("/problems/{code}", func(c *fiber.Ctx) error {
		p, ok := byCode[c.Params("code")]
		if !ok {
			return domain.Fail(domain.CodeNotFound, "There is no such problem; see /problems.")
		}
		keep(c)
		if wantsJSON(c) {
			return c.JSON(p.members())
		}
		return sendPage(c, "problem", p)
	})
}

func (p problemPage) members() fiber.Map {
	return fiber.Map{"code": p.Code, "status": p.Status, "title": p.Title, "cause": p.Cause, "remedy": p.Remedy, "example": p.Example}
}

// keep lets browsers keep a page that changes only with a release.
func keep(c *fiber.Ctx) {
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	c.Vary(fiber.HeaderAccept)
}

func wantsJSON(c *fiber.Ctx) bool {
	return c.Accepts(fiber.MIMETextHTML, fiber.MIMEApplicationJSON) == fiber.MIMEApplicationJSON
}

// wantsHTML tells a browser that opened a page from a client of the API.
func wantsHTML(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), fiber.MIMETextHTML) && !strings.HasPrefix(c.Path(), "/v1/")
}

// docPages serves the contract and a reference made from it. The page is made
// once; it asks no other host and needs no script.
func (s *Server) docPages() {
	ct := s.cfg.Contract
	if ct == nil {
		return
	}
	// Made when somebody asks: the start need not wait for it.
	page := sync.OnceValues(func() ([]byte, error) { return ct.reference(s.baseURL) })
	sum := sha256.Sum256(ct.raw)
	tag := fmt.Sprintf(`"%x"`, sum[:8])
	s.internalRoute("/docs", func(c *fiber.Ctx) error {
		if fresh(c, tag) {
			return nil
		}
		html, err := page()
		if err != nil {
			return err
		}
		return sendHTML(c, html)
	})
	s.internalRoute("/openapi.yaml", func(c *fiber.Ctx) error {
		if fresh(c, tag) {
			return nil
		}
		c.Set(fiber.HeaderContentType, "application/yaml")
		return c.Send(ct.raw)
	})
}

// fresh answers 304 to a reader who has this very version.
func fresh(c *fiber.Ctx, tag string) bool {
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set(fiber.HeaderETag, tag)
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), tag) {
		c.Status(http.StatusNotModified)
		return true
	}
	return false
}

type docField struct {
	Name, Type, Text string
	Required         bool
}

type docOperation struct {
	*Operation
	ID, Roles, Curl             string
	Text                        []string
	Parameters, Fields, Answers []docField
}

type docGroup struct {
	ID, Name, Text string
	Operations     []docOperation
}

func (ct *Contract) reference(base string) ([]byte, error) {
	var groups []*docGroup
	byTag := map[string]*docGroup{}
	group := func(name, text string) *docGroup {
		if name == "" {
			name = "Other"
		}
		if byTag[name] == nil {
			byTag[name] = &docGroup{ID: anchor("tag " + name), Name: name, Text: text}
			groups = append(groups, byTag[name])
		}
		return byTag[name]
	}
	for _, t := range ct.doc.Tags {
		group(t.Name, t.Description)
	}
	for _, o := range ct.list {
		g := group(o.Tag, "")
		g.Operations = append(g.Operations, docOperation{
			Operation: o, ID: anchor(o.Method + " " + o.Path), Roles: strings.Join(o.Roles, ", "),
			Text: paragraphs(o.op.Description), Parameters: o.docParameters(), Fields: o.docBody(),
			Answers: o.docAnswers(), Curl: o.curl(base),
		})
	}
	groups = slices.DeleteFunc(groups, func(g *docGroup) bool { return len(g.Operations) == 0 })
	var b bytes.Buffer
	err := docPages.ExecuteTemplate(&b, "docs", map[string]any{
		"Title": ct.doc.Info.Title, "Version": ct.doc.Info.Version, "About": paragraphs(ct.doc.Info.Description), "Groups": groups,
	})
	return b.Bytes(), err
}

func paragraphs(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func anchor(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s)), "-")
}

func (o *Operation) parameters() []*openapi3.Parameter {
	var out []*openapi3.Parameter
	for _, ref := range slices.Concat(o.route.PathItem.Parameters, o.op.Parameters) {
		out = append(out, ref.Value)
	}
	return out
}

func (o *Operation) docParameters() []docField {
	var out []docField
	for _, p := range o.parameters() {
		f := docField{Name: p.Name, Type: p.In, Required: p.Required, Text: p.Description}
		if p.Schema != nil {
			f.Type = p.In + ", " + typeName(p.Schema)
			f.Text = strings.TrimSpace(f.Text + " " + limits(p.Schema.Value))
		}
		out = append(out, f)
	}
	return out
}

func (o *Operation) docBody() []docField {
	if o.op.RequestBody == nil {
		return nil
	}
	var out []docField
	for _, media := range mediaTypes(o.op.RequestBody.Value.Content) {
		schema := o.op.RequestBody.Value.Content[media].Schema
		if schema == nil || schema.Value == nil || len(objectFields(schema.Value)) == 0 {
			out = append(out, docField{Name: media, Type: typeName(schema)})
			continue
		}
		out = append(out, describeFields(schema.Value, "", 0)...)
	}
	return out
}

// objectFields gathers the properties of an object and of what it is made of.
func objectFields(s *openapi3.Schema) map[string]*openapi3.SchemaRef {
	out := map[string]*openapi3.SchemaRef{}
	for _, part := range s.AllOf {
		for name, p := range objectFields(part.Value) {
			out[name] = p
		}
	}
	for name, p := range s.Properties {
		out[name] = p
	}
	return out
}

func requiredFields(s *openapi3.Schema) []string {
	out := slices.Clone(s.Required)
	for _, part := range s.AllOf {
		out = append(out, requiredFields(part.Value)...)
	}
	return out
}

// describeFields goes two levels down, which is as deep as the bodies are.
func describeFields(s *openapi3.Schema, prefix string, depth int) []docField {
	fields, required := objectFields(s), requiredFields(s)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if ra, rb := slices.Contains(required, a), slices.Contains(required, b); ra != rb {
			if ra {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var out []docField
	for _, name := range names {
		ref := fields[name]
		out = append(out, docField{
			Name: prefix + name, Type: typeName(ref), Required: slices.Contains(required, name),
			Text: strings.TrimSpace(ref.Value.Description + " " + limits(ref.Value)),
		})
		inner, mark := ref.Value, "."
		if inner.Items != nil {
			inner, mark = inner.Items.Value, "[]."
		}
		if depth < 1 {
			out = append(out, describeFields(inner, prefix+name+mark, depth+1)...)
		}
	}
	return out
}

func typeName(ref *openapi3.SchemaRef) string {
	if ref == nil || ref.Value == nil {
		return "any"
	}
	s := ref.Value
	name := strings.Join(s.Type.Slice(), " or ")
	switch {
	case s.Items != nil:
		name = "array of " + typeName(s.Items)
	case s.Format != "":
		name = s.Format
	case name == "" && len(s.AllOf) > 0:
		name = typeName(s.AllOf[0])
	case name == "":
		name = "any"
	}
	if s.Nullable {
		name += " or null"
	}
	return name
}

func limits(s *openapi3.Schema) string {
	var out []string
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprint(v)
		}
		out = append(out, "One of "+strings.Join(values, ", ")+".")
	}
	if s.Min != nil {
		out = append(out, fmt.Sprintf("At least %g.", *s.Min))
	}
	if s.Max != nil {
		out = append(out, fmt.Sprintf("At most %g.", *s.Max))
	}
	if s.MaxLength != nil {
		out = append(out, fmt.Sprintf("At most %d characters.", *s.MaxLength))
	}
	if s.MaxItems != nil {
		out = append(out, fmt.Sprintf("At most %d items.", *s.MaxItems))
	}
	if s.Default != nil {
		out = append(out, fmt.Sprintf("Default %v.", s.Default))
	}
	return strings.Join(out, " ")
}

func (o *Operation) docAnswers() []docField {
	var out []docField
	for status, ref := range o.op.Responses.Map() {
		f := docField{Name: status}
		if r := ref.Value; r != nil {
			if r.Description != nil {
				f.Text = *r.Description
			}
			f.Type = strings.Join(mediaTypes(r.Content), ", ")
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b docField) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (o *Operation) curl(base string) string {
	if base == "" {
		base = "$DOORSTEP"
	}
	lines := []string{"curl"}
	if o.Method != http.MethodGet {
		lines[0] += " -X " + o.Method
	}
	if !o.Public {
		lines = append(lines, `-H "Authorization: Bearer $TOKEN"`)
	}
	var query []string
	for _, p := range o.parameters() {
		switch {
		case !p.Required:
		case p.Name == HeaderIdempotencyKey:
			lines = append(lines, `-H "Idempotency-Key: $(uuidgen)"`)
		case p.Name == fiber.HeaderIfMatch:
			lines = append(lines, `-H 'If-Match: "1"'`)
		case p.In == openapi3.ParameterInQuery:
			query = append(query, p.Name+"="+strings.ToUpper(p.Name))
		}
	}
	if o.op.RequestBody != nil {
		content := o.op.RequestBody.Value.Content
		switch types := mediaTypes(content); {
		case content[fiber.MIMEApplicationJSON] != nil:
			mt := content[fiber.MIMEApplicationJSON]
			value := mt.Example
			if value == nil && mt.Schema != nil {
				value = sample(mt.Schema.Value, 0)
			}
			body, err := json.Marshal(value)
			if err != nil {
				body = []byte("{}")
			}
			lines = append(lines, `-H "Content-Type: application/json"`, "-d '"+strings.ReplaceAll(string(body), "'", `'\''`)+"'")
		case content[fiber.MIMEApplicationForm] != nil:
			for _, f := range o.docBody() {
				if f.Required {
					lines = append(lines, "--data-urlencode "+f.Name+"=…")
				}
			}
		case len(types) > 0:
			lines = append(lines, `-H "Content-Type: `+types[0]+`"`, "--data-binary @file")
		}
	}
	address := base + o.Path
	if len(query) > 0 {
		address += "?" + strings.Join(query, "&")
	}
	return strings.Join(append(lines, `"`+address+`"`), " \\\n  ")
}

// sample makes a value that shows the shape: the contract's own examples where
// it has them, and only what is required.
func sample(s *openapi3.Schema, depth int) any {
	switch {
	case s == nil || depth > 5:
		return nil
	case s.Example != nil:
		return s.Example
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return sample(s.OneOf[0].Value, depth+1)
	case len(s.AnyOf) > 0:
		return sample(s.AnyOf[0].Value, depth+1)
	}
	if fields := objectFields(s); len(fields) > 0 || s.Type.Is("object") {
		out := map[string]any{}
		for _, name := range requiredFields(s) {
			if ref := fields[name]; ref != nil {
				out[name] = sample(ref.Value, depth+1)
			}
		}
		return out
	}
	if len(s.AllOf) > 0 {
		return sample(s.AllOf[0].Value, depth+1)
	}
	switch {
	case s.Items != nil:
		return []any{sample(s.Items.Value, depth+1)}
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1
	case s.Type.Includes("boolean"):
		return true
	}
	switch s.Format {
	case "uuid":
		return "018f4e5c-0000-7000-8000-000000000001"
	case "date":
		return "2026-11-23"
	case "date-time", "instant":
		return "2026-11-23T10:00:00+05:30"
	}
	return "…"
}
