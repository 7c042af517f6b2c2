package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"
)

// docPages serves the contract and a reference made from it. The page is made
// once; it asks no other host and needs no script.
func (s *Server) docPages() {
	ct := s.cfg.Contract
	if ct == nil {
		return
	}
	// Made when somebody asks: the start need not wait for it.
	page := sync.OnceValues(func() ([]byte, error) { return ct.reference(s.baseURL) })
	tag := ContentTag(ct.raw)
	s.internalRoute("/docs", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if Unchanged(c, tag) {
			return c.SendStatus(http.StatusNotModified)
		}
		html, err := page()
		if err != nil {
			return err
		}
		return sendHTML(c, html)
	})
	s.internalRoute("/openapi.yaml", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if Unchanged(c, tag) {
			return c.SendStatus(http.StatusNotModified)
		}
		c.Set(fiber.HeaderContentType, "application/yaml")
		return c.Send(ct.raw)
	})
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
			Text: o.docText(), Parameters: o.docParameters(), Fields: o.docBody(),
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

// docText says first that an operation goes away.
func (o *Operation) docText() []string {
	text := paragraphs(o.op.Description)
	if d := o.deprecated; d != nil {
		text = slices.Concat([]string{"Deprecated since " + d.since.Format(time.DateOnly) + ", answered until " + d.sunset.Format(time.DateOnly) +
			"."}, text)
	}
	return text
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
