// Package pages holds what people see in a browser: templates, styles and
// words, embedded. It decides nothing and knows nothing of HTTP.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io/fs"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:generate go run ./bundle

//go:embed *.html *.css *.js text.*.json vendor/*.js vendor/*.css dist
var files embed.FS

// BundledCSP lets /app with its service worker, and the desk, run what is served here and nothing else; photos are shown from memory.
const BundledCSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; media-src 'self' blob:; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// BundledFile gives a file that the bundle made.
func BundledFile(name string) []byte { return []byte(mustRead("dist/" + name)) }

// Page is one template with its style in it, so that it needs no second
// request; CSP names the style's hash.
type Page struct {
	name string
	tmpl *template.Template
	CSP  string
}

// The pages.
var (
	Customer = load("customer", "form-action 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'")
	Board    = load("board", "form-action 'none'; script-src 'self'; connect-src 'self'", "vendor/event-calendar.min.css", "along.css")
	Import   = load("import", "form-action 'none'; script-src 'self'; connect-src 'self'", "along.css")
	Demo     = load("demo", "form-action 'none'; script-src 'self'; connect-src 'self'")
)

// load makes a page; styles stand before its own.
func load(name, more string, styles ...string) Page {
	text := mustRead("tokens.css") + mustRead("base.css")
	for _, s := range styles {
		text += mustRead(s)
	}
	css := template.CSS(text + mustRead(name+".css"))
	sum := sha256.Sum256([]byte(css))
	return Page{
		name: name,
		tmpl: template.Must(template.New("").Funcs(template.FuncMap{"style": func() template.CSS { return css }}).ParseFS(files, name+"*.html")),
		CSP: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; base-uri 'none'; frame-ancestors 'none'; " + more,
	}
}

func mustRead(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("pages: " + err.Error())
	}
	return string(b)
}

// Render gives a template of the page as bytes.
func (p Page) Render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := p.tmpl.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// Script gives a script of the pages as bytes.
func Script(name string) []byte { return []byte(mustRead(name)) }

// spoken are the languages of which there is a file, English first, for whoever wants none of them.
var (
	spoken = func() []language.Tag {
		out := []language.Tag{language.English}
		names, err := fs.Glob(files, "text.*.json")
		if err != nil {
			panic("pages: " + err.Error())
		}
		for _, name := range names {
			if tag := language.MustParse(strings.Split(name, ".")[1]); tag != language.English {
				out = append(out, tag)
			}
		}
		return out
	}()
	matcher = language.NewMatcher(spoken)
	bundle  = func() *i18n.Bundle {
		b := i18n.NewBundle(language.English)
		for _, tag := range spoken {
			if _, err := b.LoadMessageFileFS(files, "text."+tag.String()+".json"); err != nil {
				panic("pages: " + err.Error())
			}
		}
		return b
	}()
)

// Text is what the pages say in one language.
type Text struct {
	Lang string // of the html element
	loc  *i18n.Localizer
}

// In gives the words of a language that is spoken here, else nil.
func In(lang string) *Text {
	for _, t := range spoken {
		if t.String() == lang {
			return &Text{Lang: lang, loc: i18n.NewLocalizer(bundle, lang)}
		}
	}
	return nil
}

// Speak chooses the language: an Accept-Language header first, then the
// fallbacks in turn, then English.
func Speak(accept string, fallback ...string) *Text {
	for _, want := range append([]string{accept}, fallback...) {
		if len(want) > 500 {
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(want)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := matcher.Match(tags...); sure != language.No {
			return In(spoken[i].String())
		}
	}
	return In("en")
}

// Count gives a sentence about a number, by the language's plural rules.
func (t *Text) Count(id string, n int) string {
	s, err := t.loc.Localize(&i18n.LocalizeConfig{MessageID: id, PluralCount: n, TemplateData: map[string]int{"Count": n}})
	if err != nil && s == "" {
		return id
	}
	return s
}

// Say gives a sentence; pairs fill its places: name, value, name, value.
func (t *Text) Say(id string, pairs ...string) string {
	c := &i18n.LocalizeConfig{MessageID: id}
	if len(pairs) > 0 {
		data := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			data[pairs[i]] = pairs[i+1]
		}
		c.TemplateData = data
	}
	s, err := t.loc.Localize(c)
	if err != nil && s == "" {
		return id
	}
	return strings.TrimSpace(s)
}
