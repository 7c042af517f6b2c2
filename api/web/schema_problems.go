package web

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"doorstep/domain"
)

// describe turns the filter's errors into pointers and short sentences that
// repeat neither the value nor the schema.
func describe(err error, at string, p *openapi3.Parameter, out []domain.FieldError) []domain.FieldError {
	if len(out) >= maxErrors {
		return out
	}
	add := func(detail string) []domain.FieldError {
		return append(out, domain.FieldError{Pointer: at, Detail: detail})
	}
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, one := range e {
			out = describe(one, at, p, out)
		}
		return out
	case *openapi3filter.RequestError:
		if errors.Is(e.Err, openapi3filter.ErrInvalidRequired) {
			return add("is required")
		}
		if errors.Is(e.Err, openapi3filter.ErrInvalidEmptyValue) {
			return add("must not be empty")
		}
		return describe(e.Err, at, p, out)
	case *openapi3filter.ParseError:
		if p != nil && p.Schema != nil {
			return add(typeDetail(p.Schema.Value))
		}
		return add("cannot be read")
	case *openapi3.SchemaError:
		if e.SchemaField == "allOf" && e.Origin != nil { // its parts say more
			var parts openapi3.MultiError
			if errors.As(e.Origin, &parts) && len(parts) > 0 {
				return describe(parts, at, p, out)
			}
		}
		for _, token := range e.JSONPointer() {
			at = pointerTo(at, token)
		}
		if e.SchemaField == "properties" {
			if name, ok := quoted(e.Reason); ok {
				at = pointerTo(at, name)
			}
		}
		return add(schemaDetail(e))
	}
	return add("is not valid")
}

// quoted gives the name in kin-openapi's `property "x" is unsupported`.
func quoted(reason string) (string, bool) {
	q, err := strconv.QuotedPrefix(strings.TrimPrefix(reason, "property "))
	if err != nil {
		return "", false
	}
	name, err := strconv.Unquote(q)
	return name, err == nil
}

func schemaDetail(e *openapi3.SchemaError) string {
	s := e.Schema
	if s == nil {
		return "is not valid"
	}
	switch e.SchemaField {
	case "required":
		return "is required"
	case "properties":
		return "is not known here"
	case "type":
		return typeDetail(s)
	case "nullable":
		return "must not be null"
	case "enum":
		if e.Value == nil {
			return "must not be null"
		}
		if len(s.Enum) > 12 {
			return "must be one of the values that the contract lists"
		}
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprint(v)
		}
		return "must be one of " + strings.Join(values, ", ")
	case "format":
		if f, ok := formats[s.Format]; ok {
			return f.Validate(".").Error() // which is none of them
		}
		if s.Format == "int32" || s.Format == "int64" {
			return "is out of range"
		}
		return "must have the format " + s.Format
	case "pattern":
		if hint, ok := s.Extensions["x-hint"].(string); ok {
			return hint
		}
		return "must match " + shorten(s.Pattern, 80)
	case "minLength":
		if s.MinLength == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "minItems":
		return fmt.Sprintf("must have at least %d items", s.MinItems)
	case "maxItems":
		return fmt.Sprintf("must have at most %d items", *s.MaxItems)
	case "uniqueItems":
		return "must not repeat an item"
	case "minProperties":
		return fmt.Sprintf("must have at least %d members", s.MinProps)
	case "maxProperties":
		return fmt.Sprintf("must have at most %d members", *s.MaxProps)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return strings.Replace(e.Reason, "number must", "must", 1)
	case "readOnly":
		return "is set by the server"
	case "oneOf", "anyOf":
		return "fits none of the forms that the contract lists"
	}
	return "is not valid"
}

func typeDetail(s *openapi3.Schema) string {
	if s == nil || s.Type == nil {
		return "has the wrong type"
	}
	names := map[string]string{
		"string": "a string", "integer": "a whole number", "number": "a number",
		"boolean": "true or false", "array": "an array", "object": "an object", "null": "null",
	}
	var out []string
	for _, t := range s.Type.Slice() {
		out = append(out, names[t])
	}
	return "must be " + strings.Join(out, " or ")
}
