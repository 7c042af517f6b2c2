package web

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/domain"
)

// The headers of our own.
const (
	HeaderIdempotencyKey = "Idempotency-Key"
	HeaderReplayed       = "Idempotency-Replayed"
	headerSentAt         = "Doorstep-Sent-At"
	// HeaderDryRun set to true asks what a move would do: it runs whole and is rolled back.
	HeaderDryRun = "Doorstep-Dry-Run"
	// HeaderWouldTell says whom such a move would tell, as a list of RFC 9651: visit.cancelled;to=household;n=1.
	HeaderWouldTell = "Doorstep-Would-Tell"
)

// IdempotencyKey reads the key, bare or as a string of RFC 8941, 1 to 255
// visible characters. Both spellings give the same key. CodeIdempotencyKey
// when it is missing or malformed.
func IdempotencyKey(c *fiber.Ctx) (string, error) {
	raw := strings.TrimSpace(c.Get(HeaderIdempotencyKey))
	key, ok := raw, true
	if strings.HasPrefix(raw, `"`) {
		key, ok = unquote(raw)
	}
	if !ok || len(key) < 1 || len(key) > 255 || len(c.Request().Header.PeekAll(HeaderIdempotencyKey)) > 1 {
		return "", badKey()
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", badKey()
		}
	}
	return strings.Clone(key), nil
}

func badKey() error {
	return domain.Fail(domain.CodeIdempotencyKey, "Send Idempotency-Key (1 to 255 visible characters).").
		At("#/header/"+HeaderIdempotencyKey, "must be sent once, 1 to 255 visible characters")
}

// unquote reads an RFC 8941 string; parameters behind it are ignored.
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i == len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", false
			}
			b.WriteByte(s[i])
		case '"':
			rest := strings.TrimSpace(s[i+1:])
			return b.String(), rest == "" || rest[0] == ';'
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
}

// ifMatch reads the version that the caller changes. Absent, or "*" (which
// names no version): present is false, and a PATCH answers RequireIfMatch's
// 428. A tag that is no version of ours cannot match: version -1.
func ifMatch(c *fiber.Ctx) (version int64, present bool, err error) {
	raw := strings.TrimSpace(c.Get(fiber.HeaderIfMatch))
	if raw == "" || raw == "*" {
		return 0, false, nil
	}
	if strings.Contains(raw, ",") {
		return 0, true, Malformed("#/header/If-Match", "must be one ETag")
	}
	// A proxy that compresses weakens the tag; it still names the version.
	tag := strings.TrimPrefix(raw, "W/")
	if strings.HasPrefix(tag, `"`) != strings.HasSuffix(tag, `"`) || tag == `"` {
		return 0, true, Malformed("#/header/If-Match", "must be one ETag")
	}
	n, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || n < 0 {
		return -1, true, nil
	}
	return n, true, nil
}

// RequireIfMatch is ifMatch for PATCH: CodeIfMatch (428) when it is absent.
func RequireIfMatch(c *fiber.Ctx) (int64, error) {
	v, present, err := ifMatch(c)
	if err == nil && !present {
		err = domain.Fail(domain.CodeIfMatch, "Send If-Match with the ETag.")
	}
	return v, err
}

// ETag writes the version as a strong tag, as ifMatch reads it.
func ETag(c *fiber.Ctx, version int64) {
	c.Set(fiber.HeaderETag, `"`+strconv.FormatInt(version, 10)+`"`)
}

// SentAt reads the device's clock at sending. Absent: false.
func SentAt(c *fiber.Ctx) (time.Time, bool, error) {
	raw := strings.TrimSpace(c.Get(headerSentAt))
	if raw == "" {
		return time.Time{}, false, nil
	}
	const at = "#/header/" + headerSentAt
	if formatDateTime(raw) != nil {
		return time.Time{}, true, Malformed(at, "must be a date and time with an offset (RFC 3339)")
	}
	t, err := domain.ParseInstant(raw, time.UTC, at)
	return t, true, err
}

// PathID reads an id from the address. What is no UUID names nothing: 404.
// what is the word for people: "visit".
func PathID(c *fiber.Ctx, name, what string) (uuid.UUID, error) {
	id, ok := parseUUID(c.Params(name))
	if !ok {
		return uuid.Nil, domain.NotFound(what)
	}
	return id, nil
}

// QueryID reads an optional id from the query.
func QueryID(c *fiber.Ctx, name string) (*uuid.UUID, error) {
	raw := c.Query(name)
	if raw == "" {
		return nil, nil
	}
	id, ok := parseUUID(raw)
	if !ok {
		return nil, Malformed("#/query/"+name, "must be a UUID")
	}
	return &id, nil
}

// parseUUID takes the canonical form only; uuid.Parse would also take braces,
// urn: and bare hex, so that one thing had several names.
func parseUUID(s string) (uuid.UUID, bool) {
	if len(s) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}

// The sizes of a page of a list.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// Limit reads ?limit=, 1 to 200, else 50.
func Limit(c *fiber.Ctx) (int, error) {
	raw := c.Query("limit")
	if raw == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > maxLimit {
		return 0, Malformed("#/query/limit", "must be a whole number from 1 to 200")
	}
	return n, nil
}

// Cursor is the place in a list: the sort keys of the last row that was sent.
// It carries no rights; each page is read under the caller's scope.
type Cursor struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// EncodeCursor makes next_cursor. keys is a Cursor or, for lists sorted
// otherwise, any struct.
func EncodeCursor(keys any) string {
	b, err := json.Marshal(keys)
	if err != nil {
		panic("web: cursor keys cannot be written: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// DecodeCursor reads what EncodeCursor made into keys, a pointer.
// CodeMalformed when somebody changed it.
func DecodeCursor(s string, keys any) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(s) > 1024 || DecodeJSON(b, keys) != nil {
		return Malformed("#/query/cursor", "must be a next_cursor as it was sent")
	}
	return nil
}

// QueryCursor reads ?cursor= of a list in (time, id) order; nil at its start.
func QueryCursor(c *fiber.Ctx) (*Cursor, error) {
	raw := c.Query("cursor")
	if raw == "" {
		return nil, nil
	}
	var k Cursor
	if err := DecodeCursor(raw, &k); err != nil {
		return nil, err
	}
	if y := k.At.Year(); k.ID == uuid.Nil || y < 1970 || y > 2200 {
		return nil, Malformed("#/query/cursor", "must be a next_cursor as it was sent")
	}
	k.At = k.At.UTC()
	return &k, nil
}

// DeviceCredential gives the credential of a device, or "" when there is none; takes
// reports whether the operation is one for it.
func DeviceCredential(c *fiber.Ctx) (credential string, takes bool) {
	takes, _ = c.Locals(localDevice).(bool)
	scheme, credential, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Device") {
		return "", takes
	}
	return strings.TrimSpace(credential), takes
}

// BearerToken gives the access token, or "" when there is none.
func BearerToken(c *fiber.Ctx) string {
	scheme, token, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
