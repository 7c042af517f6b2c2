package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

// Decode reads the JSON body into dst as DecodeJSON does, on top of what the
// contract has already judged. An empty body leaves dst as it is: whether one
// is required is the contract's to say.
func Decode(c *fiber.Ctx, dst any) error {
	body := c.Request().Body()
	if p, ok := c.Locals(localParsed).(parsedBody); ok {
		return decodeParsed(p.value, body, dst)
	}
	if len(body) == 0 {
		return nil
	}
	media, err := MediaType(c)
	if err == nil && media != fiber.MIMEApplicationJSON {
		err = domain.Fail(domain.CodeMedia, "Send application/json.")
	}
	if err != nil {
		return err
	}
	return DecodeJSON(body, dst)
}

// DecodeLenient takes of the body what can be understood and ignores the rest:
// another media type, broken JSON, unknown names, single fields of a wrong
// type. For stop and SOS, which nothing may refuse. dst is a pointer to a struct.
func DecodeLenient(c *fiber.Ctx, dst any) {
	members := readableMembers(c.Request().Body())
	v := reflect.ValueOf(dst).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		raw, ok := members[name]
		if !ok || !v.Type().Field(i).IsExported() {
			continue
		}
		field := reflect.New(v.Field(i).Type())
		if text, ok := field.Interface().(*string); ok { // cleaned rather than lost
			if json.Unmarshal(raw, text) == nil {
				v.Field(i).SetString(strings.ReplaceAll(strings.ToValidUTF8(*text, ""), "\x00", ""))
			}
			continue
		}
		if checkJSON(raw) != nil {
			continue
		}
		if decodeInto(raw, field.Interface()) == nil {
			v.Field(i).Set(field.Elem())
		}
	}
}

// readableMembers reads the members of a JSON object as far as it goes.
func readableMembers(body []byte) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return out
	}
	for dec.More() && len(out) < 100 {
		name, err := dec.Token()
		key, ok := name.(string)
		if err != nil || !ok {
			return out
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return out
		}
		out[key] = raw
	}
	return out
}

func decodeInto(raw json.RawMessage, dst any) (err error) {
	defer func() { // an UnmarshalJSON that panics must not cost somebody the stop
		if recover() != nil {
			err = errors.New("unreadable")
		}
	}()
	return json.Unmarshal(raw, dst)
}
