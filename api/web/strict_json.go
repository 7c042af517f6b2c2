package web

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"doorstep/domain"
)

// Limits of the strict parser. They bound the work and the stack before the
// contract is consulted; the contract's own limits are narrower.
const (
	maxDepth  = 32  // nesting of objects and arrays
	maxName   = 256 // bytes of a member's name
	maxNumber = 64  // characters of a number
	maxErrors = 20  // entries of errors[] in one problem
)

// checkJSON reports whether body is one JSON text that every reader understands
// alike (I-JSON, RFC 7493): valid UTF-8, no repeated names, no lone
// surrogates, no numbers beyond a double, no NUL (PostgreSQL refuses it) and
// nothing behind the value. It fails with CodeMalformed and a JSON pointer.
func checkJSON(body []byte) error {
	_, err := parseJSON(body)
	return err
}

// parseJSON is checkJSON that also gives the value, as encoding/json would
// give it into an any. One linear scan; the depth is bounded.
func parseJSON(body []byte) (any, error) {
	p := parser{b: body}
	if !utf8.Valid(body) {
		return nil, Malformed("", "must be valid UTF-8")
	}
	p.space()
	if p.i == len(p.b) {
		return nil, Malformed("", "must not be empty")
	}
	v, err := p.value(0)
	if err == nil {
		if p.space(); p.i < len(p.b) {
			err = &syntaxError{detail: "has something behind the JSON value"}
		}
	}
	if err != nil {
		return nil, Malformed(err.pointer(), err.detail)
	}
	return v, nil
}

// DecodeJSON reads body into dst, a pointer, and takes only what dst declares:
// unknown names, names in another case, wrong types and numbers that do not
// fit fail with CodeMalformed and a pointer for each (at most 20). null leaves
// a field as it is.
func DecodeJSON(body []byte, dst any) error {
	v, err := parseJSON(body)
	if err != nil {
		return err
	}
	return decodeParsed(v, body, dst)
}

// decodeParsed is the second half of DecodeJSON for a body that parseJSON has
// already accepted, so that the contract's pass is not repeated.
func decodeParsed(v any, body []byte, dst any) error {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer {
		panic("web: DecodeJSON needs a pointer")
	}
	var s shape
	s.check(v, t.Elem(), "")
	if len(s.fields) > 0 {
		slices.SortFunc(s.fields, func(a, b domain.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
		return malformedFields(s.fields)
	}
	err := json.Unmarshal(body, dst)
	if err == nil {
		return nil
	}
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) {
		detail := "has the wrong type"
		if number, ok := strings.CutPrefix(te.Value, "number "); ok {
			detail = "is out of range"
			if strings.ContainsAny(number, ".eE") {
				detail = "must be a whole number without fraction or exponent"
			}
		}
		pointer := ""
		if te.Field != "" {
			pointer = "/" + strings.ReplaceAll(te.Field, ".", "/")
		}
		return Malformed(pointer, detail)
	}
	var de *domain.Error
	if errors.As(err, &de) { // an UnmarshalJSON of ours that explains itself
		return err
	}
	return Malformed("", "holds a value that cannot be read")
}

// Malformed is one failure of shape at one place.
func Malformed(pointer, detail string) *domain.Error {
	return malformedFields([]domain.FieldError{{Pointer: pointer, Detail: detail}})
}

// malformedFields says the first failure in the sentence and all in errors[].
func malformedFields(fields []domain.FieldError) *domain.Error {
	if len(fields) > maxErrors {
		fields = fields[:maxErrors]
	}
	first := fields[0]
	name := first.Pointer
	if name == "" {
		name = "The body"
	}
	e := domain.Fail(domain.CodeMalformed, "%s %s.", name, first.Detail)
	e.Fields = fields
	return e
}

// pointerTo appends one reference token (RFC 6901) and keeps the whole short,
// because it is echoed.
func pointerTo(base, token string) string {
	if strings.ContainsAny(token, "~/") {
		token = strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
	}
	return shorten(base+"/"+token, maxName)
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// syntaxError carries its place from the inside out, so that a good body pays
// nothing for pointers.
type syntaxError struct {
	detail  string
	reverse []string
}

func (e *syntaxError) in(token string) *syntaxError {
	e.reverse = append(e.reverse, token)
	return e
}

func (e *syntaxError) pointer() string {
	p := ""
	for i := len(e.reverse) - 1; i >= 0; i-- {
		p = pointerTo(p, e.reverse[i])
	}
	return p
}

type parser struct {
	b []byte
	i int
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

const errNotJSON = "is not valid JSON"

func (p *parser) value(depth int) (any, *syntaxError) {
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		return p.text()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return true, p.literal("true")
	case c == 'f':
		return false, p.literal("false")
	case c == 'n':
		return nil, p.literal("null")
	}
	return nil, &syntaxError{detail: errNotJSON}
}

func (p *parser) literal(want string) *syntaxError {
	if !bytes.HasPrefix(p.b[p.i:], []byte(want)) {
		return &syntaxError{detail: errNotJSON}
	}
	p.i += len(want)
	return nil
}

func (p *parser) object(depth int) (any, *syntaxError) {
	if depth > maxDepth {
		return nil, &syntaxError{detail: "is nested too deeply"}
	}
	p.i++
	m := map[string]any{}
	p.space()
	if p.peek() == '}' {
		p.i++
		return m, nil
	}
	for {
		p.space()
		if p.peek() != '"' {
			return nil, &syntaxError{detail: errNotJSON}
		}
		start := p.i
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if p.i-start-2 > maxName {
			return nil, &syntaxError{detail: "has a member whose name is too long"}
		}
		if _, repeated := m[name]; repeated {
			return nil, (&syntaxError{detail: "is given twice"}).in(name)
		}
		p.space()
		if p.peek() != ':' {
			return nil, &syntaxError{detail: errNotJSON}
		}
		p.i++
		p.space()
		v, err := p.value(depth)
		if err != nil {
			return nil, err.in(name)
		}
		m[name] = v
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			return m, nil
		default:
			return nil, &syntaxError{detail: errNotJSON}
		}
	}
}

func (p *parser) array(depth int) (any, *syntaxError) {
	if depth > maxDepth {
		return nil, &syntaxError{detail: "is nested too deeply"}
	}
	p.i++
	list := []any{}
	p.space()
	if p.peek() == ']' {
		p.i++
		return list, nil
	}
	for {
		p.space()
		v, err := p.value(depth)
		if err != nil {
			return nil, err.in(strconv.Itoa(len(list)))
		}
		list = append(list, v)
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			p.i++
			return list, nil
		default:
			return nil, &syntaxError{detail: errNotJSON}
		}
	}
}

// text reads a string. The plain run is taken in one piece; escapes go through
// a buffer.
func (p *parser) text() (string, *syntaxError) {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			s := string(p.b[start:p.i])
			p.i++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c == 0:
			return "", &syntaxError{detail: "must not hold NUL"}
		case c < 0x20:
			return "", &syntaxError{detail: "has a control character that must be escaped"}
		}
		p.i++
	}
	return "", &syntaxError{detail: errNotJSON}
}

func (p *parser) escaped(start int) (string, *syntaxError) {
	buf := append(make([]byte, 0, 64), p.b[start:p.i]...)
	for p.i < len(p.b) {
		c := p.b[p.i]
		switch {
		case c == '"':
			p.i++
			return string(buf), nil
		case c == 0:
			return "", &syntaxError{detail: "must not hold NUL"}
		case c < 0x20:
			return "", &syntaxError{detail: "has a control character that must be escaped"}
		case c != '\\':
			buf = append(buf, c)
			p.i++
			continue
		}
		p.i++
		switch c := p.peek(); c {
		case '"', '\\', '/':
			buf = append(buf, c)
			p.i++
		case 'b', 'f', 'n', 'r', 't':
			buf = append(buf, "\b\f\n\r\t"[strings.IndexByte("bfnrt", c)])
			p.i++
		case 'u':
			r, ok := p.hex4()
			if !ok {
				return "", &syntaxError{detail: errNotJSON}
			}
			switch {
			case r == 0:
				return "", &syntaxError{detail: "must not hold NUL"}
			case r >= 0xDC00 && r <= 0xDFFF:
				return "", &syntaxError{detail: "has half a surrogate pair"}
			case r >= 0xD800 && r <= 0xDBFF:
				low := rune(0)
				if p.peek() == '\\' && p.i+1 < len(p.b) && p.b[p.i+1] == 'u' {
					p.i++
					low, _ = p.hex4()
				}
				if low < 0xDC00 || low > 0xDFFF {
					return "", &syntaxError{detail: "has half a surrogate pair"}
				}
				r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
			}
			buf = utf8.AppendRune(buf, r)
		default:
			return "", &syntaxError{detail: errNotJSON}
		}
	}
	return "", &syntaxError{detail: errNotJSON}
}

// hex4 reads uXXXX and leaves the cursor behind it.
func (p *parser) hex4() (rune, bool) {
	if p.i+5 > len(p.b) {
		return 0, false
	}
	var r rune
	for _, c := range p.b[p.i+1 : p.i+5] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 + rune(c)
	}
	p.i += 5
	return r, true
}

func (p *parser) digits() bool {
	start := p.i
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.i++
	}
	return p.i > start
}

func (p *parser) number() (any, *syntaxError) {
	start := p.i
	if p.peek() == '-' {
		p.i++
	}
	ok := true
	if p.peek() == '0' {
		p.i++
	} else {
		ok = p.digits()
	}
	if ok && p.peek() == '.' {
		p.i++
		ok = p.digits()
	}
	if c := p.peek(); ok && (c == 'e' || c == 'E') {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		ok = p.digits()
	}
	if !ok {
		return nil, &syntaxError{detail: errNotJSON}
	}
	if p.i-start > maxNumber {
		return nil, &syntaxError{detail: "has more digits than are taken"}
	}
	f, err := strconv.ParseFloat(string(p.b[start:p.i]), 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, &syntaxError{detail: "is a number out of range"}
	}
	return f, nil
}

// shape compares a parsed value with a Go type and collects what does not fit.
type shape struct{ fields []domain.FieldError }

func (s *shape) miss(pointer, detail string) {
	if len(s.fields) < maxErrors {
		s.fields = append(s.fields, domain.FieldError{Pointer: pointer, Detail: detail})
	}
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (s *shape) check(v any, t reflect.Type, at string) {
	if v == nil { // null leaves a field as it is
		if at == "" && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) {
			s.miss(at, "must be an object")
		}
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	// Types that read themselves (uuid.UUID, time.Time): asked here, so that the
	// failure has a pointer.
	if p := reflect.PointerTo(t); p.Implements(textUnmarshaler) {
		text, ok := v.(string)
		if !ok {
			s.miss(at, "must be a string")
		} else if reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
			s.miss(at, "does not have the expected form")
		}
		return
	} else if p.Implements(jsonUnmarshaler) {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			s.miss(at, "must be an object")
			return
		}
		known := fieldsOf(t)
		for name, member := range m {
			if ft, ok := known[name]; ok {
				s.check(member, ft, pointerTo(at, name))
			} else {
				s.miss(pointerTo(at, name), "is not known here")
			}
		}
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			s.miss(at, "must be an object")
			return
		}
		for name, member := range m {
			s.check(member, t.Elem(), pointerTo(at, name))
		}
	case reflect.Slice, reflect.Array:
		list, ok := v.([]any)
		if !ok {
			if _, text := v.(string); !text || t.Elem().Kind() != reflect.Uint8 {
				s.miss(at, "must be an array")
			}
			return
		}
		for i, item := range list {
			s.check(item, t.Elem(), pointerTo(at, strconv.Itoa(i)))
		}
	case reflect.String:
		if _, ok := v.(string); !ok {
			s.miss(at, "must be a string")
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			s.miss(at, "must be true or false")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		f, ok := v.(float64)
		switch {
		case !ok:
			s.miss(at, "must be a number")
		case f != math.Trunc(f):
			s.miss(at, "must be a whole number")
		case !fits(f, t):
			s.miss(at, "is out of range")
		}
	case reflect.Float32, reflect.Float64:
		if f, ok := v.(float64); !ok {
			s.miss(at, "must be a number")
		} else if reflect.Zero(t).OverflowFloat(f) {
			s.miss(at, "is out of range")
		}
	}
}

// fits is exact for every type of up to 32 bits. The largest 64-bit numbers
// round up to 2^63 and 2^64 as doubles: json.Unmarshal decides about those.
func fits(f float64, t reflect.Type) bool {
	bits, low := t.Bits(), 0.0
	if k := t.Kind(); k < reflect.Uint || k > reflect.Uint64 {
		bits--
		low = -math.Ldexp(1, bits)
	}
	high := math.Ldexp(1, bits)
	return f >= low && (f < high || bits >= 63 && f == high)
}

var structFields sync.Map // reflect.Type → map[string]reflect.Type

// fieldsOf lists the names encoding/json would write for a struct, and only
// these exact names.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := structFields.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			inner := f.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				for n, ft := range fieldsOf(inner) {
					if _, outer := out[n]; !outer {
						out[n] = ft
					}
				}
				continue
			}
		}
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out[name] = f.Type
	}
	structFields.Store(t, out)
	return out
}
